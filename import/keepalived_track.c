/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp_sync_group to syncGroup; track_interface and track_file to trackInterfaces and track. */
#include "import/keepalived.h"

#include <string.h>

#define SCRIPT          "Lintel runs no programs; lintel run --notify tells yours what happens"
#define GROUP_NAME_SIZE 64 /* a label, and its end */

/* --- tracking --- */

/* What follows "weight". False: it was told what is wrong. */
static bool read_weight(struct import_router *router, struct import_statement *s, size_t at,
                        int64_t *ret_weight, bool *ret_reverse)
{
	if (at >= s->word_count)
		return true;
	if (strcmp(s->words[at], "weight") == 0 &&
	    !import_number(import_word(s, at + 1), -254, 254, ret_weight)) {
		import_note(router->import, s, IMPORT_FAILED, "no weight of -254 to 254");
		return false;
	}
	if (strcmp(s->words[at], "weight") != 0) {
		import_note(router->import, s, IMPORT_FAILED, "'%.40s' is not known here",
		            s->words[at]);
		return false;
	}
	if (at + 2 < s->word_count && strcmp(s->words[at + 2], "reverse") == 0) {
		*ret_reverse = !*ret_reverse;
		at++;
	}
	if (at + 2 < s->word_count) {
		import_note(router->import, s, IMPORT_FAILED, "'%.40s' is not known here",
		            s->words[at + 2]);
		return false;
	}
	return true;
}

static struct tree *add_track(struct import_router *router, struct import_statement *s,
                              const char *field, const char *what, int64_t weight)
{
	struct tree *list = import_put_list(router->import, router->spec, "track", s);
	struct tree *entry = import_append_map(router->import, list, s);

	import_put_text(router->import, entry, field, s, what);
	if (weight != 0)
		import_put_int(router->import, entry, "weight", s, weight);
	return entry;
}

/* Named by the router itself, or by its group, whose other members name it, too. */
static bool is_tracked(const struct import_router *router, const char *list, const char *field,
                       const char *what)
{
	const struct tree *items = tree_get(router->spec, list);

	for (const struct tree *i = items ? items->child : NULL; i; i = i->sibling) {
		const struct tree *text = field ? tree_get(i, field) : i;

		if (text && text->kind == TREE_TEXT && strcmp(text->text, what) == 0)
			return true;
	}
	return false;
}

static void track_one_interface(struct import_router *router, struct import_statement *s)
{
	int64_t weight = 0;
	bool reverse = false;

	if (!read_weight(router, s, 1, &weight, &reverse))
		return;
	if (reverse) {
		import_note(router->import, s, IMPORT_FAILED,
		            "an interface that is down can't be what is good");
		return;
	}
	if (weight == 0 && !is_tracked(router, "trackInterfaces", NULL, s->words[0])) {
		struct tree *list =
			import_put_list(router->import, router->spec, "trackInterfaces", s->parent);
		import_append_text(router->import, list, s, s->words[0]);
	} else if (weight != 0 && !is_tracked(router, "track", "interface", s->words[0])) {
		add_track(router, s, "interface", s->words[0], weight);
	}
	if (!s->notes)
		import_note(router->import, s, IMPORT_TAKEN, "%s", weight ? "track" : "");
}

static struct import_statement *find_file(struct import *import, const char *name)
{
	static const char *const words[] = {"vrrp_track_file", "track_file"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(words); i++) {
		import_each(import, s, words[i])
		{
			if (strcmp(import_word(s, 1), name) == 0)
				return s;
		}
	}
	return NULL;
}

static void track_one_file(struct import_router *router, struct import_statement *s)
{
	struct import_statement *block = find_file(router->import, s->words[0]);
	struct import_statement *path = block ? import_find(block, "file") : NULL;
	struct import_statement *own = block ? import_find(block, "weight") : NULL;
	struct import_statement *said = s->word_count > 1 ? s : own;
	int64_t weight = 1;
	bool reverse = false;

	if (!path) {
		import_note(router->import, s, IMPORT_FAILED, "no track_file of this name%s",
		            block ? " has a file" : "");
		return;
	}
	if (said && !read_weight(router, said, said == s ? 1 : 0, &weight, &reverse)) {
		if (said != s)
			import_note(router->import, s, IMPORT_FAILED, "its weight is not read");
		return;
	}
	if (weight == 0) {
		import_note(router->import, s, IMPORT_FAILED,
		            "with weight 0 any number but 0 takes the node out: say so by a weight "
		            "of -254, or by a file that is there or not (expect: absent)");
		return;
	}
	if (!is_tracked(router, "track", "file", import_word(path, 1)))
		add_track(router, s, "file", import_word(path, 1), reverse ? -weight : weight);
	if (!s->notes)
		import_note(router->import, s, IMPORT_TAKEN, "track");
	if (!block->notes)
		import_note(router->import, block, IMPORT_TAKEN, "track, where it is named");
	if (!path->notes)
		import_note(router->import, path, IMPORT_TAKEN, "%s", "");
	if (own && !own->notes)
		import_note(router->import, own, IMPORT_TAKEN, "%s", "");
}

static void take_each(struct import_router *router, struct import_statement *block,
                      void (*one)(struct import_router *router, struct import_statement *s))
{
	if (!block->notes)
		import_note(router->import, block, IMPORT_TAKEN, "%s", "");
	for (struct import_statement *s = block->child; s; s = s->sibling)
		if (!s->aside)
			one(router, s);
}

void import_track_interfaces(struct import_router *router, struct import_statement *block)
{
	take_each(router, block, track_one_interface);
}

void import_track_files(struct import_router *router, struct import_statement *block)
{
	take_each(router, block, track_one_file);
}

void import_note_track_files(struct import_keepalived *k)
{
	static const struct import_keyword words[] = {
		{"file", IMPORT_TAKEN, NULL},
		{"weight", IMPORT_TAKEN, ""},
		{"init_file", IMPORT_FAILED, "a tracked file is never written"},
		{.word = NULL},
	};
	static const char *const kinds[] = {"vrrp_track_file", "track_file"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(kinds); i++) {
		import_each(k->import, s, kinds[i])
		{
			if (!s->notes)
				import_note_all(k->import, s, IMPORT_DIFFERS,
				                "no vrrp_instance tracks it");
			else
				import_keywords(k->import, s, words);
		}
	}
}

/* --- sync groups --- */

static const struct import_keyword group_words[] = {
	{"group", IMPORT_TAKEN, ""},
	{"track_interface", IMPORT_TAKEN, ""},
	{"track_file", IMPORT_TAKEN, ""},
	{"track_script", IMPORT_FAILED, "Lintel runs no programs; see track"},
	{"track_process", IMPORT_FAILED, "processes are not tracked"},
	{"track_bfd", IMPORT_FAILED, "Lintel does not speak BFD"},
	{"global_tracking", IMPORT_DIFFERS, "what one member tracks concerns all"},
	{"sync_group_tracking_weight", IMPORT_DIFFERS, "what one member tracks concerns all"},
	{"notify", IMPORT_FAILED, SCRIPT},
	{"notify_master", IMPORT_FAILED, SCRIPT},
	{"notify_backup", IMPORT_FAILED, SCRIPT},
	{"notify_fault", IMPORT_FAILED, SCRIPT},
	{"notify_stop", IMPORT_FAILED, SCRIPT},
	{"notify_priority_changes", IMPORT_FAILED, SCRIPT},
	{"smtp_alert", IMPORT_FAILED, "Lintel sends no mail; alert from /metrics"},
	{.word = NULL},
};

/* As a label has it. */
static void label_of(const char *name, char label[static GROUP_NAME_SIZE])
{
	size_t len = 0;

	for (; *name && len + 1 < GROUP_NAME_SIZE; name++) {
		char c = *name;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			c = '-';
		if (c != '-' || len > 0)
			label[len++] = c;
	}
	while (len > 0 && label[len - 1] == '-')
		len--;
	if (len == 0)
		memcpy(label, "group", len = strlen("group"));
	label[len] = '\0';
}

/* Where the group names the instance; NULL: it does not. */
static struct import_statement *find_member(const struct import_statement *group,
                                            const char *instance)
{
	for (struct import_statement *block = group->child; block; block = block->sibling) {
		if (strcmp(block->words[0], "group") != 0)
			continue;
		for (struct import_statement *s = block->child; s; s = s->sibling)
			for (size_t i = 0; i < s->word_count; i++)
				if (strcmp(s->words[i], instance) == 0)
					return s;
	}
	return NULL;
}

/* Of two groups with one label the first one counts. */
static bool is_first(struct import *import, const struct import_statement *group, const char *label)
{
	char other[GROUP_NAME_SIZE];

	import_each(import, s, "vrrp_sync_group")
	{
		if (s == group)
			return true;
		label_of(import_word(s, 1), other);
		if (strcmp(other, label) == 0)
			return false;
	}
	return true;
}

void import_router_group(struct import_router *router, const char *instance)
{
	char label[GROUP_NAME_SIZE];

	import_each(router->import, group, "vrrp_sync_group")
	{
		struct import_statement *member = find_member(group, instance);

		label_of(import_word(group, 1), label);
		if (!member || !is_first(router->import, group, label))
			continue;
		import_put_text(router->import, router->spec, "syncGroup", member, label);
		if (!group->notes)
			import_note(router->import, group, IMPORT_DIFFERS,
			            "syncGroup %s: its members are elected together, with the "
			            "lowest priority among them",
			            label);
		if (!member->notes)
			import_note(router->import, member, IMPORT_TAKEN, "%s", "");
		for (struct import_statement *s = group->child; s; s = s->sibling) {
			if (strcmp(s->words[0], "group") == 0 && !s->notes)
				import_note(router->import, s, IMPORT_TAKEN, "%s", "");
			if (strcmp(s->words[0], "track_interface") == 0)
				import_track_interfaces(router, s);
			if (strcmp(s->words[0], "track_file") == 0)
				import_track_files(router, s);
		}
		return;
	}
}

void import_note_sync_groups(struct import_keepalived *k)
{
	import_each(k->import, group, "vrrp_sync_group")
	{
		if (!group->notes) {
			import_note_all(k->import, group, IMPORT_FAILED,
			                "no vrrp_instance that was converted is in it, or there is "
			                "one of this name already");
			continue;
		}
		for (struct import_statement *block = group->child; block; block = block->sibling) {
			if (strcmp(block->words[0], "group") != 0)
				continue;
			for (struct import_statement *s = block->child; s; s = s->sibling)
				if (!s->notes && !s->aside)
					import_note(k->import, s, IMPORT_FAILED,
					            "no vrrp_instance of this name was converted");
		}
		import_keywords(k->import, group, group_words);
	}
}
