/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth_hmac of a vrrp_instance (keepalived 2.4 and later; vrrp_auth_hmac.c, vrrp_parser.c): our
 * spec.authentication. Keys are no part of our configuration, so they are not written: each is told
 * which line of the file of keys it becomes. */
#include "import/keepalived.h"

#include <string.h>

#define KEY_FILE "/etc/lintel/vrrp-%s.key"

static const struct import_keyword words[] = {
	{"key", IMPORT_TAKEN, ""},           {"active_key", IMPORT_TAKEN, NULL},
	{"mode", IMPORT_TAKEN, NULL},        {"anti_replay", IMPORT_TAKEN, NULL},
	{"time_window", IMPORT_TAKEN, NULL}, {.word = NULL},
};

static bool key_id(const struct import_statement *s, int64_t *ret_id)
{
	return import_number(import_word(s, 1), 1, 255, ret_id);
}

static struct import_statement *find_key(const struct import_statement *block, int64_t id)
{
	int64_t own;

	for (struct import_statement *s = block->child; s; s = s->sibling) {
		if (!s->aside && strcmp(s->words[0], "key") == 0 && s->word_count > 2 &&
		    key_id(s, &own) && own == id)
			return s;
	}
	return NULL;
}

static void note_key(struct import *import, const struct import_statement *block,
                     struct import_statement *s, int64_t active)
{
	const char *value = import_word(s, 2), *how;
	int64_t id;

	if (!key_id(s, &id) || s->word_count < 3) {
		import_note(import, s, IMPORT_FAILED, "a key has an ID from 1 to 255 and a value");
		return;
	}
	if (find_key(block, id) != s) {
		import_note(import, s, IMPORT_FAILED, "there is a key %d already", (int)id);
		return;
	}
	if (text_starts_with(value, "file:"))
		how = "followed by what that file holds (as base64 unless it begins with hex:)";
	else if (text_starts_with(value, "hex:"))
		how = "followed by this value, hex: included";
	else
		how = "followed by this value as base64 (printf %s VALUE | base64 -w 0)";
	import_note(import, s, IMPORT_DIFFERS,
	            "not copied: put it into keyFile as a line that begins with %d, %s%s", (int)id,
	            how, id == active ? "; it is the first line, which signs" : "");
}

static void take_choice(struct import_router *router, struct import_statement *block,
                        struct tree *ours, const char *word, const char *field,
                        const char *const pairs[][2], size_t count)
{
	struct import_statement *s = import_find(block, word);

	if (!s)
		return;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(import_word(s, 1), pairs[i][0]) == 0) {
			import_put_text(router->import, ours, field, s, pairs[i][1]);
			import_note(router->import, s, IMPORT_TAKEN, "%s: %s", field, pairs[i][1]);
			return;
		}
	}
	import_note(router->import, s, IMPORT_FAILED, "'%.40s' is not known here",
	            import_word(s, 1));
}

static void take_window(struct import_router *router, struct import_statement *block,
                        struct tree *ours)
{
	struct import_statement *s = import_find(block, "time_window");
	struct import_statement *replay = import_find(block, "anti_replay");
	int64_t seconds;

	if (!s)
		return;
	if (!import_number(import_word(s, 1), 1, 300, &seconds)) {
		import_note(router->import, s, IMPORT_FAILED, "no number of seconds from 1 to 300");
	} else if (replay && strcmp(import_word(replay, 1), "monotonic") == 0) {
		import_note(router->import, s, IMPORT_DIFFERS,
		            "it has no effect with anti_replay monotonic");
	} else {
		import_put_duration(router->import, ours, "window", s, seconds * 1000000);
		import_note(router->import, s, IMPORT_TAKEN, "window");
	}
}

void import_router_auth_hmac(struct import_router *router, struct import_statement *block)
{
	static const char *const modes[][2] = {{"enforce", "enforce"},
	                                       {"permissive", "permissive"},
	                                       {"receive-only", "receiveOnly"}};
	static const char *const replays[][2] = {{"time", "time"}, {"monotonic", "monotonic"}};
	struct import_statement *active = import_find(block, "active_key");
	struct text path = {0};
	struct tree *ours;
	int64_t id = 0;

	if (!active || !key_id(active, &id) || !find_key(block, id)) {
		import_note_all(router->import, block, IMPORT_FAILED,
		                "active_key names no key, so that keepalived signs and looks at "
		                "nothing, either");
		return;
	}
	text_printf(&path, KEY_FILE, router->name);
	ours = import_put_map(router->import, router->spec, "authentication", block);
	import_put_text(router->import, ours, "keyFile", block, text_str(&path));
	import_note(router->import, block, IMPORT_DIFFERS,
	            "authentication, by the keys that have to be put into %s (mode 0600); until "
	            "they are there, the node takes no part",
	            text_str(&path));
	import_note(router->import, active, IMPORT_TAKEN, "the first line of keyFile signs");
	take_choice(router, block, ours, "mode", "mode", modes, LT_ARRAY_SIZE(modes));
	take_choice(router, block, ours, "anti_replay", "replay", replays, LT_ARRAY_SIZE(replays));
	take_window(router, block, ours);
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		if (!s->aside && strcmp(s->words[0], "key") == 0)
			note_key(router->import, block, s, id);
	}
	import_keywords(router->import, block, words);
	text_done(&path);
}
