/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees as YAML that people like to read: what is short stands on one line. */
#include "import/build.h"
#include "import/convert.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 96

/* Does the text mean itself without quotes, in a list or map on one line, too? */
static bool is_plain(const char *text)
{
	struct arena arena;
	bool plain;
	size_t len = strlen(text);

	if (len == 0 || strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "0123456789._/:+-") != len)
		return false;
	if (strchr(":-+", text[0]) || text[len - 1] == ':')
		return false;
	arena_init(&arena);
	plain = tree_scalar(&arena, text, 0)->kind == TREE_TEXT;
	arena_done(&arena);
	return plain;
}

/* Texts were checked by import_text_allowed(). */
static void write_text(const char *text, struct text *out)
{
	if (is_plain(text)) {
		text_add(out, text);
		return;
	}
	text_add(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			text_add(out, "\\");
		text_add_len(out, text, 1);
	}
	text_add(out, "\"");
}

static void write_flow(const struct tree *node, struct text *out)
{
	const char *separator = "";

	switch (node->kind) {
	case TREE_NULL:
		text_add(out, "null");
		break;
	case TREE_BOOL:
	case TREE_INT:
	case TREE_REAL:
		text_add(out, node->text);
		break;
	case TREE_TEXT:
		write_text(node->text, out);
		break;
	case TREE_LIST:
	case TREE_MAP:
		text_add(out, node->kind == TREE_LIST ? "[" : "{");
		for (const struct tree *child = node->child; child; child = child->sibling) {
			text_add(out, separator);
			if (node->kind == TREE_MAP)
				text_printf(out, "%s: ", child->key);
			write_flow(child, out);
			separator = ", ";
		}
		text_add(out, node->kind == TREE_LIST ? "]" : "}");
		break;
	}
}

static bool holds_more(const struct tree *node)
{
	return (node->kind == TREE_MAP || node->kind == TREE_LIST) && node->child;
}

static void write_block(const struct tree *node, unsigned indent, bool begun, struct text *out);

/* What stands behind "key:" or "-". */
static void write_value(const struct tree *node, unsigned indent, bool in_list, struct text *out)
{
	bool spec = node->key && strcmp(node->key, "spec") == 0;
	struct text flow = {0};
	size_t room;

	write_flow(node, &flow);
	room = WIDTH - indent - (node->key ? strlen(node->key) : 0);
	if (!holds_more(node) || (!spec && flow.len + 3 <= room)) {
		text_printf(out, " %s\n", text_str(&flow));
	} else if (in_list) {
		text_add(out, " ");
		write_block(node, indent + 2, true, out);
	} else {
		text_add(out, "\n");
		write_block(node, node->kind == TREE_LIST ? indent : indent + 2, false, out);
	}
	text_done(&flow);
}

/* 'begun': the first line has its indentation already. */
static void write_block(const struct tree *node, unsigned indent, bool begun, struct text *out)
{
	for (const struct tree *child = node->child; child; child = child->sibling) {
		text_printf(out, "%*s", begun ? 0 : (int)indent, "");
		begun = false;
		if (node->kind == TREE_MAP)
			text_printf(out, "%s:", child->key);
		else
			text_add(out, "-");
		write_value(child, indent, node->kind == TREE_LIST, out);
	}
}

/* Where an object comes from. */
static void write_comment(const struct import *import, const struct tree *document,
                          struct text *out)
{
	const struct import_statement *from = import->statements[document->line - 1];
	const char *interface = tree_get_text(tree_get(document, "spec"), "interface");

	text_add(out, "# ");
	for (const char *c = from->file; *c; c++) {
		bool plain = (unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f;

		text_add_len(out, plain ? c : "?", 1);
	}
	text_printf(out, ":%u\n", from->line);
	if (interface && strcmp(interface, IMPORT_INTERFACE_UNKNOWN) == 0)
		text_add(out, "# Nothing there says who owns the addresses: set interface, and a "
		              "virtualRouterId\n# that nobody else on that network has; see "
		              "addresses, priority and peers as well.\n");
}

void import_write(const struct import *import, struct text *out)
{
	const char *separator = "";

	for (const struct tree *d = import->documents->child; d; d = d->sibling) {
		text_add(out, separator);
		write_comment(import, d, out);
		write_block(d, 0, false, out);
		separator = "---\n";
	}
}
