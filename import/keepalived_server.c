/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtual_server, with its group and real servers, to VirtualServers. */
#include "import/keepalived.h"
#include "import/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT              "Lintel runs no programs; lintel run --notify tells yours what happens"
#define MAIL                "Lintel sends no mail; alert from /metrics"
#define PERSISTENCE_DEFAULT 360 /* seconds, keepalived's */

static const struct import_keyword words[] = {
	{"lb_algo", IMPORT_TAKEN, NULL},
	{"lvs_sched", IMPORT_TAKEN, NULL},
	{"lb_kind", IMPORT_TAKEN, ""},
	{"lvs_method", IMPORT_TAKEN, ""},
	{"protocol", IMPORT_TAKEN, NULL},
	{"persistence_timeout", IMPORT_TAKEN, NULL},
	{"persistence_granularity", IMPORT_TAKEN, NULL},
	{"ops", IMPORT_TAKEN, NULL},
	{"quorum", IMPORT_TAKEN, NULL},
	{"hysteresis", IMPORT_TAKEN, NULL},
	{"sorry_server", IMPORT_TAKEN, ""},
	{"delay_loop", IMPORT_TAKEN, NULL},
	{"retry", IMPORT_TAKEN, NULL},
	{"delay_before_retry", IMPORT_TAKEN, NULL},
	{"connect_timeout", IMPORT_TAKEN, NULL},
	{"alpha", IMPORT_TAKEN, NULL},
	{"inhibit_on_failure", IMPORT_TAKEN, NULL},
	{"virtualhost", IMPORT_TAKEN, NULL},
	{"real_server", IMPORT_TAKEN, ""},
	{"flag-3", IMPORT_FAILED, "no scheduler has a third flag"},
	{"persistence_engine", IMPORT_FAILED, "there is persistence by the client's address only"},
	{"ha_suspend", IMPORT_DIFFERS, "every node checks, so that it knows at a takeover"},
	{"omega", IMPORT_DIFFERS, "it is about programs that are run at the end; none are"},
	{"quorum_up", IMPORT_FAILED, SCRIPT "; spec.quorum.onLoss can withdraw the address"},
	{"quorum_down", IMPORT_FAILED, SCRIPT "; spec.quorum.onLoss can withdraw the address"},
	{"smtp_alert", IMPORT_FAILED, MAIL},
	{"snmp_name", IMPORT_DIFFERS, "there is no SNMP; metadata.name is the name"},
	{"ip_family", IMPORT_DIFFERS, "the addresses say which family it is"},
	{"sorry_server_inhibit", IMPORT_DIFFERS, "a sorry server is there while it is needed"},
	{"sorry_server_lvs_method", IMPORT_FAILED, "a sorry server is reached as the servers are"},
	{"warmup", IMPORT_DIFFERS, "checks of many servers spread by themselves"},
	{.word = NULL},
};

static const struct import_keyword server_words[] = {
	{"weight", IMPORT_TAKEN, NULL},
	{"uthreshold", IMPORT_TAKEN, NULL},
	{"lthreshold", IMPORT_TAKEN, NULL},
	{"lb_kind", IMPORT_TAKEN, ""},
	{"lvs_method", IMPORT_TAKEN, ""},
	{"delay_loop", IMPORT_TAKEN, NULL},
	{"retry", IMPORT_TAKEN, NULL},
	{"delay_before_retry", IMPORT_TAKEN, NULL},
	{"connect_timeout", IMPORT_TAKEN, NULL},
	{"alpha", IMPORT_TAKEN, NULL},
	{"inhibit_on_failure", IMPORT_TAKEN, NULL},
	{"virtualhost", IMPORT_TAKEN, NULL},
	{"notify_up", IMPORT_FAILED, SCRIPT},
	{"notify_down", IMPORT_FAILED, SCRIPT},
	{"smtp_alert", IMPORT_FAILED, MAIL},
	{"snmp_name", IMPORT_DIFFERS, "there is no SNMP; the address is the name"},
	{"warmup", IMPORT_DIFFERS, "checks of many servers spread by themselves"},
	{.word = NULL},
};

struct server {
	struct import_keepalived *k;
	struct import *import;
	struct import_statement *block;
	struct import_service service;
	struct import_checking checking;
};

static void taken(struct server *server, struct import_statement *s)
{
	if (!s->notes)
		import_note(server->import, s, IMPORT_TAKEN, "%s", "");
}

/* Either spelling. */
static struct import_statement *find_either(const struct import_statement *block, const char *a,
                                            const char *b)
{
	struct import_statement *s = import_find(block, a);

	return s ? s : import_find(block, b);
}

/* --- addresses --- */

/* A port; 0 when there is none. False: it is no port. */
static bool read_port(const char *word, uint16_t *ret_port)
{
	int64_t port = 0;

	if (*word && !import_number(word, 0, 65535, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* "10.0.0.1-9": the last number again; "ae00::2-9": the last group. */
static bool short_range(const char *text, struct addr_range *ret_range)
{
	const char *dash = strchr(text, '-'), *end;
	char full[2 * ADDR_TEXT_SIZE];
	size_t head;

	if (!dash || dash - text >= ADDR_TEXT_SIZE || strlen(dash) > 5)
		return false;
	end = dash;
	while (end > text && end[-1] != '.' && end[-1] != ':')
		end--;
	head = (size_t)(end - text);
	snprintf(full, sizeof(full), "%.*s-%.*s%s", (int)(dash - text), text, (int)head, text,
	         dash + 1);
	return addr_range_parse(full, ret_range) == 0;
}

static bool add_range(struct server *server, struct import_statement *s,
                      const struct addr_range *range, uint16_t port)
{
	struct addr address = range->first;

	while (import_service_add(&server->service, &address, port, s)) {
		if (addr_equal(&address, &range->last))
			return true;
		address = addr_next(&address);
	}
	return false;
}

static void add_entry(struct server *server, struct import_statement *s)
{
	struct import *import = server->import;
	size_t before = server->service.entry_count;
	struct addr_range range;
	uint16_t port;

	if (strcmp(s->words[0], "fwmark") == 0) {
		if (!s->notes)
			import_note(import, s, IMPORT_FAILED,
			            "Lintel gives firewall marks itself; what is marked has to be "
			            "written as addresses and ports (portRange)");
		return;
	}
	if ((addr_range_parse(s->words[0], &range) < 0 && !short_range(s->words[0], &range)) ||
	    s->word_count > 2 || !read_port(import_word(s, 1), &port)) {
		import_note(import, s, IMPORT_FAILED, "no address, range or prefix, and a port");
	} else if (!add_range(server, s, &range, port)) {
		server->service.entry_count = before;
		import_note(import, s, IMPORT_FAILED, "more than %d addresses", IMPORT_ENTRIES_MAX);
	} else {
		taken(server, s);
	}
}

static bool take_group(struct server *server, const char *name)
{
	const struct import_named *named = import_names_find(&server->k->groups, name);
	struct import_statement *group = named ? named->what : NULL;

	server->service.name = name;
	if (!group)
		return false;
	taken(server, group);
	for (struct import_statement *s = group->child; s; s = s->sibling) {
		if (!s->aside)
			add_entry(server, s);
	}
	return true;
}

/* Which addresses and ports; false when there are none. */
static bool take_where(struct server *server)
{
	struct import_statement *block = server->block;
	struct import *import = server->import;
	const char *what = import_word(block, 1);
	struct addr address;
	uint16_t port;

	if (strcmp(what, "fwmark") == 0) {
		import_note_all(import, block, IMPORT_FAILED,
		                "Lintel gives firewall marks itself; what is marked has to be "
		                "written as addresses and ports (portRange)");
	} else if (strcmp(what, "group") == 0) {
		if (!take_group(server, import_word(block, 2)))
			import_note_all(import, block, IMPORT_FAILED,
			                "there is no such virtual_server_group");
		else if (server->service.entry_count == 0)
			import_note_all(import, block, IMPORT_FAILED,
			                "no address of the group could be taken");
	} else if (addr_parse(what, &address) < 0 || block->word_count > 3 ||
	           !read_port(import_word(block, 2), &port)) {
		import_note_all(import, block, IMPORT_FAILED, "no address and port");
	} else {
		import_service_add(&server->service, &address, port, block);
	}
	return server->service.entry_count > 0;
}

/* --- how it balances --- */

static void take_protocol(struct server *server)
{
	struct import_statement *s = import_find(server->block, "protocol");
	static const char *const names[] = {"TCP", "UDP", "SCTP"};

	if (!s) {
		server->service.protocol = "UDP";
		import_note(server->import, server->block, IMPORT_TAKEN,
		            "protocol: UDP, keepalived's default");
		return;
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++) {
		if (strcasecmp(import_word(s, 1), names[i]) == 0) {
			server->service.protocol = names[i];
			taken(server, s);
			return;
		}
	}
	server->service.protocol = "UDP";
	import_note(server->import, s, IMPORT_FAILED,
	            "no protocol of TCP, UDP, SCTP; keepalived takes UDP, and so it is written");
}

static void take_scheduler(struct server *server)
{
	static const char *const flags[] = {"flag-1",  "flag-2",      "sh-port",
	                                    "mh-port", "sh-fallback", "mh-fallback"};
	struct import_statement *s = find_either(server->block, "lvs_sched", "lb_algo");
	struct import_statement *ops = import_find(server->block, "ops");

	import_put_text(server->import, server->service.port, "scheduler", s ? s : server->block,
	                s ? import_word(s, 1) : "wlc"); /* keepalived's default */
	if (s)
		taken(server, s);
	for (size_t i = 0; i < LT_ARRAY_SIZE(flags); i++) {
		struct import_statement *flag = import_find(server->block, flags[i]);

		if (flag && import_service_flag(&server->service, flag, flags[i]))
			taken(server, flag);
	}
	if (ops && strcmp(server->service.protocol, "UDP") == 0) {
		import_put_bool(server->import, server->service.port, "onePacket", ops, true);
		taken(server, ops);
	} else if (ops) {
		import_note(server->import, ops, IMPORT_DIFFERS,
		            "keepalived does not heed it with other protocols than UDP");
	}
}

/* The method that a statement says; false: none that is known. */
static bool read_method(const struct import_statement *s, struct import_method *ret_method)
{
	return import_method_read(s->words + 1, s->word_count - 1, ret_method);
}

/* Where the first real server says its method, when all do; else NULL: NAT. */
static struct import_statement *common_method(const struct import_statement *block)
{
	struct import_statement *first = NULL;

	for (struct import_statement *rs = block->child; rs; rs = rs->sibling) {
		struct import_statement *method;

		if (strcmp(rs->words[0], "real_server") != 0)
			continue;
		method = find_either(rs, "lvs_method", "lb_kind");
		if (!method)
			return NULL;
		if (!first)
			first = method;
	}
	return first;
}

/* False when it can't be told how packets reach the servers. */
static bool take_method(struct server *server)
{
	struct import_statement *s = find_either(server->block, "lvs_method", "lb_kind");

	if (!s)
		s = common_method(server->block);
	if (s && !read_method(s, &server->service.method)) {
		import_note_all(server->import, server->block, IMPORT_FAILED,
		                "the method on line %u is not known here", s->line);
		return false;
	}
	import_service_forward(&server->service, s ? s : server->block);
	if (s && server->service.method.forwarding == MODEL_FORWARD_NAT)
		import_note(
			server->import, s, IMPORT_TAKEN,
			"forwarding: nat, sourceNat.mode: none: servers see clients, and answer "
			"through the balancer");
	else if (s)
		taken(server, s);
	return true;
}

static void take_persistence(struct server *server)
{
	struct import_statement *s = import_find(server->block, "persistence_timeout");
	struct import_statement *mask = import_find(server->block, "persistence_granularity");
	bool all = import_service_has_all_ports(&server->service);
	int64_t seconds = PERSISTENCE_DEFAULT;

	if (s && s->word_count > 1 && !import_number(s->words[1], 0, 31536000, &seconds)) {
		import_note(server->import, s, IMPORT_FAILED, "no number of seconds");
		s = NULL;
	}
	if (s)
		taken(server, s);
	if (mask)
		taken(server, mask);
	if (all)
		import_note(server->import, server->block, IMPORT_DIFFERS,
		            "without a port: portRange 1-65535%s",
		            s ? "" : ", with keepalived's persistence of 6m");
	if (seconds > 0 && (s || mask || all))
		import_service_persist(&server->service,
		                       s      ? s
		                       : mask ? mask
		                              : server->block,
		                       seconds, mask, mask ? import_word(mask, 1) : NULL);
}

/* --- servers --- */

static void take_number(struct server *server, struct import_statement *rs, struct tree *map,
                        const char *word, const char *field)
{
	struct import_statement *s = import_find(rs, word);

	if (!s)
		return;
	import_put_word(server->import, map, field, s, import_word(s, 1));
	taken(server, s);
}

/* keepalived checks the server's own port, which without NAT is not written. */
static void put_check_port(struct server *server, struct import_statement *rs, struct tree *check,
                           uint16_t port)
{
	if (server->service.method.forwarding != MODEL_FORWARD_NAT && port > 0 &&
	    port != server->service.entries[0].port && !tree_get(check, "port") &&
	    strcmp(tree_get_text(check, "type"), "icmp") != 0)
		import_put_int(server->import, check, "port", rs, port);
}

static void take_server(struct server *server, struct import_statement *rs)
{
	struct import_statement *method_at = find_either(rs, "lvs_method", "lb_kind");
	struct import_method method = server->service.method;
	struct import_checking checking = server->checking;
	struct tree *map, *check;
	struct addr address;
	uint16_t port;

	if (addr_parse(import_word(rs, 1), &address) < 0 || !read_port(import_word(rs, 2), &port)) {
		import_note_all(server->import, rs, IMPORT_FAILED, "no address and port");
		return;
	}
	if (method_at && !read_method(method_at, &method)) {
		import_note_all(server->import, rs, IMPORT_FAILED,
		                "the method on line %u is not known here", method_at->line);
		return;
	}
	map = import_service_server(&server->service, rs, &address, port, &method);
	if (!map)
		return;
	taken(server, rs);
	if (method_at)
		taken(server, method_at);
	take_number(server, rs, map, "weight", "weight");
	take_number(server, rs, map, "uthreshold", "upperThreshold");
	take_number(server, rs, map, "lthreshold", "lowerThreshold");
	import_checking_take(server->import, &checking, rs);
	check = import_health_check(server->import, &checking, rs);
	if (check) {
		put_check_port(server, rs, check, port);
		import_put_copy(server->import, map, "healthCheck", check);
	}
	import_keywords(server->import, rs, server_words);
}

static void take_quorum(struct server *server)
{
	struct import_statement *quorum = import_find(server->block, "quorum");
	struct import_statement *hysteresis = import_find(server->block, "hysteresis");
	struct import *import = server->import;
	int64_t minimum = 1, less = 0;
	struct tree *map;

	if (!quorum && !hysteresis)
		return;
	if ((quorum && !import_number(import_word(quorum, 1), 1, 65535, &minimum)) ||
	    (hysteresis && !import_number(import_word(hysteresis, 1), 0, 65534, &less))) {
		import_note(
			import, quorum ? quorum : hysteresis, IMPORT_FAILED,
			"no number; allowed: quorum from 1 to 65535, hysteresis from 0 to 65534");
		if (quorum && hysteresis)
			import_note(import, hysteresis, IMPORT_FAILED, "see quorum");
		return;
	}
	map = import_put_map(import, server->service.spec, "quorum", quorum ? quorum : hysteresis);
	if (quorum) {
		import_put_int(import, map, "minimum", quorum, minimum);
		taken(server, quorum);
	}
	if (hysteresis && less >= minimum)
		import_note(import, hysteresis, IMPORT_DIFFERS,
		            "below the quorum, as keepalived takes it: %lld",
		            (long long)minimum - 1);
	else if (hysteresis)
		taken(server, hysteresis);
	if (hysteresis)
		import_put_int(import, map, "hysteresis", hysteresis,
		               less >= minimum ? minimum - 1 : less);
}

static void take_sorry(struct server *server)
{
	struct import_statement *s = import_find(server->block, "sorry_server");
	struct import_statement *quorum = import_find(server->block, "quorum");
	struct import *import = server->import;
	char text[ADDR_TEXT_SIZE];
	struct addr address;
	struct tree *map;
	uint16_t port;

	if (!s)
		return;
	if (addr_parse(import_word(s, 1), &address) < 0 || !read_port(import_word(s, 2), &port)) {
		import_note(import, s, IMPORT_FAILED, "no address and port");
		return;
	}
	map = import_append_map(
		import, import_put_list(import, server->service.spec, "sorryServers", s), s);
	import_put_text(import, map, "address", s, addr_format(&address, text));
	if (port && server->service.method.forwarding == MODEL_FORWARD_NAT)
		import_put_int(import, map, "port", s, port);
	if (quorum && strcmp(import_word(quorum, 1), "1") != 0)
		import_note(import, s, IMPORT_DIFFERS,
		            "it serves when no server can, not as soon as the quorum is lost");
	else
		taken(server, s);
}

void import_virtual_server(struct import_keepalived *k, struct import_statement *block)
{
	struct server server = {.k = k, .import = k->import, .block = block};

	import_service_init(&server.service, k->import, &k->owners, block);
	if (take_where(&server) && take_method(&server)) {
		take_protocol(&server);
		take_scheduler(&server);
		take_persistence(&server);
		import_checking_take(k->import, &server.checking, block);
		for (struct import_statement *s = block->child; s; s = s->sibling) {
			if (strcmp(s->words[0], "real_server") == 0)
				take_server(&server, s);
		}
		import_service_join_checks(&server.service);
		take_quorum(&server);
		take_sorry(&server);
		import_service_write(&server.service);
		import_keywords(k->import, block, words);
	}
	import_service_done(&server.service);
}
