/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtual_ipaddress to addresses of a VirtualRouter. */
#include "import/keepalived.h"

#include <string.h>

/* What follows the address: how many words an option has besides its name; -1: none of them. */
static int option_words(const char *word)
{
	static const struct {
		const char *word;
		int words;
	} options[] = {
		{"dev", 1},      {"brd", 1},      {"broadcast", 1},     {"scope", 1},
		{"label", 1},    {"peer", 1},     {"preferred_lft", 1}, {"track_group", 1},
		{"home", 0},     {"-nodad", 0},   {"mngtmpaddr", 0},    {"noprefixroute", 0},
		{"autojoin", 0}, {"no_track", 0}, {"use_vmac", 0},      {"nodad", 0},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(options); i++) {
		if (strcmp(word, options[i].word) == 0)
			return options[i].words;
	}
	return -1;
}

/* Tells of options that say nothing here; the interface that 'dev' names, NULL: none. False when
 * there is one that is not known. */
static bool take_options(struct import_router *router, struct import_statement *s,
                         const char **ret_interface, struct text *passed)
{
	for (size_t i = 1; i < s->word_count; i++) {
		int more = option_words(s->words[i]);

		if (more < 0 || i + (size_t)more >= s->word_count) {
			import_note(router->import, s, IMPORT_FAILED, "'%.40s' is not known here",
			            s->words[i]);
			return false;
		}
		if (strcmp(s->words[i], "dev") == 0)
			*ret_interface = s->words[i + 1];
		else
			text_printf(passed, "%s%s", passed->len ? ", " : "", s->words[i]);
		i += (size_t)more;
	}
	return true;
}

static bool is_listed(const struct tree *list, const char *address)
{
	for (const struct tree *entry = list->child; entry; entry = entry->sibling) {
		const char *text = entry->kind == TREE_MAP ? tree_get_text(entry, "address")
		                                           : entry->text;
		if (strcmp(text, address) == 0)
			return true;
	}
	return false;
}

static void add_address(struct import_router *router, struct import_statement *s,
                        const char *address, const char *interface)
{
	struct tree *list = import_put_list(router->import, router->spec, "addresses", s), *map;
	const char *own = tree_get_text(router->spec, "interface");

	if (!interface || (own && strcmp(interface, own) == 0)) {
		import_append_text(router->import, list, s, address);
		return;
	}
	map = import_append_map(router->import, list, s);
	import_put_text(router->import, map, "address", s, address);
	import_put_text(router->import, map, "interface", s, interface);
}

static void take_address(struct import_router *router, struct import_statement *s)
{
	char text[ADDR_PREFIX_TEXT_SIZE];
	const char *interface = NULL;
	struct text passed = {0};
	struct addr_prefix prefix;
	const struct tree *list;

	if (addr_prefix_parse(s->words[0], &prefix) < 0) {
		import_note(router->import, s, IMPORT_FAILED, "no address");
		return;
	}
	if (!take_options(router, s, &interface, &passed)) {
		text_done(&passed);
		return;
	}
	addr_prefix_format(&prefix, text);
	list = tree_get(router->spec, "addresses");
	router->four |= prefix.addr.family == ADDR_IPV4;
	if (list && is_listed(list, text)) {
		import_note(router->import, s, IMPORT_DIFFERS, "it is there already");
	} else {
		add_address(router, s, text, interface);
		import_owners_add(&router->k->owners, &prefix.addr, router->name);
		if (passed.len)
			import_note(router->import, s, IMPORT_DIFFERS,
			            "spec.addresses: %s; "
			            "an address has no such setting"
			            ": %s",
			            text, text_str(&passed));
		else
			import_note(router->import, s, IMPORT_TAKEN, "%s", text);
	}
	text_done(&passed);
}

void import_router_addresses(struct import_router *router, struct import_statement *block)
{
	import_note(router->import, block, IMPORT_TAKEN, "%s", "");
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		if (!s->aside)
			take_address(router, s);
	}
}
