/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our own checks refuse is left out: an entry of a list where an object can do without it,
 * else the object. Leaving out can make others wrong (a virtual server without its router), so it
 * is looked again until nothing is. Each round leaves out something, so it ends. */
#include "import/build.h"

#include "lib/mem.h"
#include "model/decode.h"
#include "model/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name of the source in places that messages tell of: "statement:12". */
#define SOURCE "statement"

static void decode_all(const struct import *import, struct model_problems *problems)
{
	const struct model_objects *sources[1];
	struct model_objects objects;

	model_objects_init(&objects);
	for (const struct tree *d = import->documents->child; d; d = d->sibling)
		model_decode(d, SOURCE, &objects, problems);
	sources[0] = &objects;
	model_snapshot_free(model_snapshot_build(sources, 1, problems));
	model_objects_done(&objects);
}

/* "VirtualRouter front" or "VirtualServer default/web"; NULL: it is none of ours. */
static struct tree *document_of(struct import *import, const char *title)
{
	const char *name = strstr(title, " default/");
	const struct import_named *named;
	struct text plain = {0};

	text_add_len(&plain, title, name ? (size_t)(name - title) + 1 : strlen(title));
	if (name)
		text_add(&plain, name + strlen(" default/"));
	named = import_names_find(&import->titles, text_str(&plain));
	text_done(&plain);
	return named ? named->what : NULL;
}

/* The list entry that "spec.servers[3].port" is in, and its list; NULL: the object can't do without
 * what is wrong. */
static struct tree *entry_of(struct tree *document, const char *field, struct tree **ret_list)
{
	static const char *const lists[] = {"addresses", "ports", "servers", "sorryServers"};
	const struct tree *spec = tree_get(document, "spec");

	for (size_t i = 0; i < LT_ARRAY_SIZE(lists); i++) {
		char prefix[40];
		int len = snprintf(prefix, sizeof(prefix), "spec.%s[", lists[i]);
		struct tree *list = (struct tree *)tree_get(spec, lists[i]), *entry;
		unsigned long index;

		if (strncmp(field, prefix, (size_t)len) != 0 || !list || list->kind != TREE_LIST)
			continue;
		index = strtoul(field + len, NULL, 10);
		for (entry = list->child; entry && index > 0; index--)
			entry = entry->sibling;
		*ret_list = list;
		return entry;
	}
	return NULL;
}

static struct import_statement *statement_of(const struct import *import, unsigned number,
                                             const struct tree *document)
{
	if (number == 0 || number > import->count)
		number = document ? document->line : 0;
	return number ? import->statements[number - 1] : NULL;
}

/* Places in the message are numbers of statements: says their file and line instead. */
static void explain(const struct import *import, const char *message, struct text *out)
{
	const char *place;

	while ((place = strstr(message, SOURCE ":"))) {
		char *end;
		unsigned long number = strtoul(place + strlen(SOURCE ":"), &end, 10);

		text_add_len(out, message, (size_t)(place - message));
		if (number > 0 && number <= import->count)
			text_printf(out, "%s:%u", import->statements[number - 1]->file,
			            import->statements[number - 1]->line);
		message = end;
	}
	text_add(out, message);
}

static bool is_virtual_server(const struct tree *document)
{
	return strcmp(tree_get_text(document, "kind"), "VirtualServer") == 0;
}

/* --- what was said of an object that is left out after all --- */

static void forget_block(struct import_statement *block)
{
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		import_untake(s);
		s->covered = true;
		forget_block(s);
	}
}

/* Statements elsewhere that the object was made of are told so. */
static void forget_node(struct import *import, const struct tree *node, const char *title,
                        const struct import_statement *from)
{
	struct import_statement *s = node->line > 0 ? import->statements[node->line - 1] : NULL;

	if (s && s != from && !s->covered && !import_has_failed(s))
		import_revoke(import, s, "left out with %s", title);
	for (const struct tree *child = node->child; child; child = child->sibling)
		forget_node(import, child, title, from);
}

/* Another object of the same statement may still have them. */
static void forget_document(struct import *import, const struct tree *document)
{
	struct import_statement *from = import->statements[document->line - 1];
	const char *name = tree_get_text(tree_get(document, "metadata"), "name");
	char title[MODEL_OBJECT_TEXT_SIZE];

	for (const struct tree *d = import->documents->child; d; d = d->sibling) {
		if (d != document && d->line == document->line)
			return;
	}
	snprintf(title, sizeof(title), "%s %s", tree_get_text(document, "kind"), name);
	forget_block(from);
	forget_node(import, document, title, from);
}

struct removal {
	struct tree *parent, *node;
};

/* What to leave out because of one problem. */
static struct removal judge(struct import *import, const struct model_problem *problem)
{
	struct tree *document = document_of(import, problem->object), *list = NULL, *entry;
	struct import_statement *statement;
	struct text message = {0};

	if (!document)
		return (struct removal){0};
	statement = statement_of(import, problem->origin.line, document);
	entry = entry_of(document, problem->field, &list);
	/* Without an address or a port it would be none. */
	if (entry && list->count == 1 && is_virtual_server(document) &&
	    strcmp(list->key, "servers") != 0 && strcmp(list->key, "sorryServers") != 0)
		entry = NULL;
	explain(import, problem->message, &message);
	if (entry)
		import_revoke(import, statement, "left out of %s: %s %s", problem->object,
		              problem->field, text_str(&message));
	else
		import_revoke(import, statement, "%s is left out: %s %s", problem->object,
		              problem->field, text_str(&message));
	text_done(&message);
	if (entry)
		return (struct removal){.parent = list, .node = entry};
	if (statement != import->statements[document->line - 1])
		import_revoke(import, import->statements[document->line - 1],
		              "%s is left out, see line %u", problem->object, statement->line);
	return (struct removal){.parent = import->documents, .node = document};
}

/* False when nothing was wrong. */
static bool leave_out(struct import *import, const struct model_problems *problems)
{
	struct removal *removals;
	size_t count = 0;

	if (problems->error_count == 0)
		return false;
	removals = xcalloc(problems->count, sizeof(*removals));
	for (size_t i = 0; i < problems->count; i++) {
		struct removal removal;

		if (problems->items[i].severity != MODEL_ERROR)
			continue;
		removal = judge(import, &problems->items[i]);
		if (removal.node)
			removals[count++] = removal;
	}
	for (size_t i = 0; i < count; i++) {
		if (removals[i].parent == import->documents)
			forget_document(import, removals[i].node);
		import_remove(removals[i].parent, removals[i].node);
	}
	free(removals);
	if (count == 0) /* of no object of ours: can't be, but nothing wrong may go out */
		import->documents = tree_new(&import->arena, TREE_LIST, 0);
	return true;
}

/* The first text in the tree that can't be written. */
static const struct tree *unwritable(const struct tree *node)
{
	const struct tree *found = NULL;

	if (node->kind != TREE_LIST && node->kind != TREE_MAP)
		return node->text && !import_text_allowed(node->text) ? node : NULL;
	for (const struct tree *child = node->child; child && !found; child = child->sibling)
		found = unwritable(child);
	return found;
}

static void leave_out_unwritable(struct import *import)
{
	struct tree *next;

	for (struct tree *d = import->documents->child; d; d = next) {
		const struct tree *wrong = unwritable(d);

		next = d->sibling;
		if (!wrong)
			continue;
		import_revoke(import, statement_of(import, wrong->line, d),
		              "%s %s is left out: a text has control characters or is no UTF-8",
		              tree_get_text(d, "kind"),
		              tree_get_text(tree_get(d, "metadata"), "name"));
		import_remove(import->documents, d);
	}
}

void import_settle(struct import *import)
{
	bool again = true;

	leave_out_unwritable(import);
	while (again) {
		struct model_problems problems;

		model_problems_init(&problems);
		decode_all(import, &problems);
		again = leave_out(import, &problems);
		model_problems_done(&problems);
	}
}
