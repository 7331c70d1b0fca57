/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outermost blocks of keepalived.conf. */
#include "import/keepalived.h"

#include "import/lines.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT "Lintel runs no programs"

/* What is not converted as a whole. */
static const struct import_keyword blocks[] = {
	{"static_ipaddress", IMPORT_FAILED,
         "addresses that are always there belong into the system's network configuration"},
	{"static_routes", IMPORT_FAILED, "routes belong into the system's network configuration"},
	{"static_rules", IMPORT_FAILED, "rules belong into the system's network configuration"},
	{"static_track_group", IMPORT_FAILED,
         "Lintel does not track addresses, routes and rules that are not its own"},
	{"vrrp_script", IMPORT_FAILED, SCRIPT ": what it finds out does not change a priority"},
	{"vrrp_track_process", IMPORT_FAILED, "processes are not tracked"},
	{"track_process", IMPORT_FAILED, "processes are not tracked"},
	{"bfd_instance", IMPORT_FAILED,
         "Lintel does not speak BFD; an advertisementInterval of "
         "10ms notices a dead node in 40ms"},
	{"linkbeat_interfaces", IMPORT_DIFFERS,
         "the state of links comes from the kernel, as it changes"},
	{"interface_up_down_delays", IMPORT_FAILED,
         "a change of an interface's state counts at once"},
	{"garp_group", IMPORT_FAILED,
         "the pace of announcements is set for a virtual router: spec.announce.interval"},
	{"SSL", IMPORT_FAILED,
         "a certificate for checks is set with them: spec.healthCheck.tls.certificateFile, "
         "keyFile, caFile"},
	{"net_namespace", IMPORT_DIFFERS,
         "start lintel in that network namespace (systemd: NetworkNamespacePath=)"},
	{"net_namespace_ipvs", IMPORT_FAILED, "IPVS and addresses are in one network namespace"},
	{"namespace_with_ipsets", IMPORT_DIFFERS, "no ipsets are used"},
	{"instance", IMPORT_DIFFERS, "a second daemon has its own --socket and --state-dir"},
	{"use_pid_dir", IMPORT_DIFFERS, "there is no PID file"},
	{"linkbeat_use_polling", IMPORT_DIFFERS,
         "the state of links comes from the kernel, as it changes"},
	{"child_wait_time", IMPORT_DIFFERS, "there is one process"},
	{.word = NULL},
};

static const struct import_keyword *look_up(const struct import_keyword *table, const char *word)
{
	for (; table->word; table++) {
		if (strcmp(table->word, word) == 0)
			return table;
	}
	return NULL;
}

/* "not known here; did you mean 'interface'?" */
static void note_unknown(struct import *import, struct import_statement *statement,
                         const struct import_keyword *table)
{
	const char *names[256], *nearest;
	size_t count = 0;

	for (; table->word && count < LT_ARRAY_SIZE(names); table++)
		names[count++] = table->word;
	nearest = text_nearest(statement->words[0], names, count);
	if (nearest)
		import_note_all(import, statement, IMPORT_FAILED, "not known here; is '%s' meant?",
		                nearest);
	else
		import_note_all(import, statement, IMPORT_FAILED, "not known here");
}

void import_keywords(struct import *import, struct import_statement *block,
                     const struct import_keyword *table)
{
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		const struct import_keyword *keyword;

		if (s->covered || s->aside)
			continue;
		keyword = look_up(table, s->words[0]);
		if (s->notes && keyword && !keyword->text && s->word_count > 2)
			import_note(import, s, IMPORT_FAILED,
			            "'%.40s' and what follows it is not read", s->words[2]);
		if (s->notes)
			continue;
		if (!keyword)
			note_unknown(import, s, table);
		else if (keyword->text && *keyword->text)
			import_note_all(import, s, keyword->verdict, "%s", keyword->text);
		else
			import_note_all(import, s, IMPORT_DIFFERS,
			                "it is said again below, and that counts");
	}
}

bool import_is_on(const struct import_statement *statement)
{
	const char *word;

	if (!statement)
		return false;
	word = import_word(statement, 1);
	return strcmp(word, "off") != 0 && strcmp(word, "false") != 0 && strcmp(word, "no") != 0;
}

static const char *const converted[] = {"global_defs",         "vrrp_instance", "vrrp_sync_group",
                                        "vrrp_track_file",     "track_file",    "virtual_server",
                                        "virtual_server_group"};

static bool is_converted(const char *word)
{
	for (size_t i = 0; i < LT_ARRAY_SIZE(converted); i++) {
		if (strcmp(word, converted[i]) == 0)
			return true;
	}
	return false;
}

/* Of several with one name the first one counts. */
static void find_groups(struct import_keepalived *k)
{
	import_each(k->import, s, "virtual_server_group")
	{
		struct import_named *named =
			import_names_get(&k->groups, &k->import->arena, import_word(s, 1));

		if (named->what)
			import_note_all(k->import, s, IMPORT_FAILED,
			                "there is one of this name already");
		else
			named->what = s;
	}
}

/* Groups are converted by the virtual servers that name them. */
static void note_groups(struct import *import)
{
	import_each(import, s, "virtual_server_group")
	{
		if (!s->notes)
			import_note_all(import, s, IMPORT_DIFFERS, "no virtual_server names it");
		for (struct import_statement *entry = s->child; entry; entry = entry->sibling) {
			if (!entry->notes && !entry->covered && !entry->aside)
				import_note_all(import, entry, IMPORT_FAILED,
				                "no virtual_server was made of it");
		}
	}
}

static void note_rest(struct import *import)
{
	for (struct import_statement *s = import->first; s; s = s->sibling) {
		const struct import_keyword *keyword = look_up(blocks, s->words[0]);

		if (s->notes || s->covered || s->aside || is_converted(s->words[0]))
			continue;
		if (keyword)
			import_note_all(import, s, keyword->verdict, "%s", keyword->text);
		else
			note_unknown(import, s, blocks);
	}
}

/* Secrets are not for a report that people pass on. */
static void hide_secrets(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		struct import_statement *s = import->statements[i];

		s->secret = strcmp(s->words[0], "auth_pass") == 0 ||
		            strcmp(s->words[0], "password") == 0 ||
		            (strcmp(s->words[0], "key") == 0 && s->parent &&
		             strcmp(s->parent->words[0], "auth_hmac") == 0);
	}
}

void import_keepalived(struct import *import, const char *path, const char *text, size_t size,
                       const struct import_options *options, const struct import_reader *reader)
{
	struct import_keepalived k = {
		.import = import,
		.owners = {.import = import, .options = options},
	};

	import_lines_read(import, path, text, size, options, reader);
	hide_secrets(import);
	import_each(import, s, "global_defs") import_global_defs(&k, s);
	import_each(import, s, "vrrp_instance") import_vrrp_instance(&k, s);
	import_note_sync_groups(&k);
	import_note_track_files(&k);
	find_groups(&k);
	import_each(import, s, "virtual_server") import_virtual_server(&k, s);
	note_groups(import);
	note_rest(import);
	import_owners_done(&k.owners);
	import_names_done(&k.groups);
	import_settle(import);
}
