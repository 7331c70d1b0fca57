/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of `ipvsadm -Sn` to VirtualServers: "-A" is a virtual service, "-a" a server of it. */
#include "import/convert.h"

#include "import/parser.h"
#include "import/service.h"
#include "lib/endpoint.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERSISTENCE_DEFAULT 300 /* seconds, ipvsadm's */

enum option {
	SERVICE_TCP,
	SERVICE_UDP,
	SERVICE_SCTP,
	SERVICE_MARK,
	SCHEDULER,
	PERSISTENT,
	NETMASK,
	ENGINE,
	FLAGS,
	ONE_PACKET,
	SIX,
	SERVER,
	DIRECT,
	TUNNEL,
	MASQUERADE,
	WEIGHT,
	UPPER,
	LOWER,
	TUN_TYPE,
	TUN_PORT,
	TUN_NOCSUM,
	TUN_CSUM,
	TUN_REMCSUM,
	OPTION_COUNT,
};

static const struct {
	const char *letter, *name;
	unsigned values; /* 2: one that may be absent */
} options[OPTION_COUNT] = {
	[SERVICE_TCP] = {"-t", "--tcp-service", 1},
	[SERVICE_UDP] = {"-u", "--udp-service", 1},
	[SERVICE_SCTP] = {"--sctp-service", "--sctp-service", 1},
	[SERVICE_MARK] = {"-f", "--fwmark-service", 1},
	[SCHEDULER] = {"-s", "--scheduler", 1},
	[PERSISTENT] = {"-p", "--persistent", 2},
	[NETMASK] = {"-M", "--netmask", 1},
	[ENGINE] = {"--pe", "--pe", 1},
	[FLAGS] = {"-b", "--sched-flags", 1},
	[ONE_PACKET] = {"-o", "--ops", 0},
	[SIX] = {"-6", "--ipv6", 0},
	[SERVER] = {"-r", "--real-server", 1},
	[DIRECT] = {"-g", "--gatewaying", 0},
	[TUNNEL] = {"-i", "--ipip", 0},
	[MASQUERADE] = {"-m", "--masquerading", 0},
	[WEIGHT] = {"-w", "--weight", 1},
	[UPPER] = {"-x", "--u-threshold", 1},
	[LOWER] = {"-y", "--l-threshold", 1},
	[TUN_TYPE] = {"--tun-type", "--tun-type", 1},
	[TUN_PORT] = {"--tun-port", "--tun-port", 1},
	[TUN_NOCSUM] = {"--tun-nocsum", "--tun-nocsum", 0},
	[TUN_CSUM] = {"--tun-csum", "--tun-csum", 0},
	[TUN_REMCSUM] = {"--tun-remcsum", "--tun-remcsum", 0},
};

/* A line, taken apart. */
struct line {
	struct import_statement *statement;
	bool has[OPTION_COUNT];
	const char *values[OPTION_COUNT]; /* "" without one */
};

struct service {
	struct import_service service;
	const char *key; /* "TCP 10.77.0.100:80" */
	const char *scheduler_word;
	bool has_method;
	struct line line;
};

struct reading {
	struct import *import;
	struct import_owners owners;
	struct service *services; /* owned */
	size_t count, capacity;
	struct import_names keys; /* of services: their index */
};

static bool parse_option(struct line *line, size_t *at)
{
	struct import_statement *s = line->statement;
	const char *word = s->words[*at];
	size_t name_len = strcspn(word, "=");

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		bool long_form = word[0] == '-' && word[1] == '-' &&
		                 strlen(options[i].name) == name_len &&
		                 strncmp(options[i].name, word, name_len) == 0;

		if (!long_form && strcmp(word, options[i].letter) != 0)
			continue;
		line->has[i] = true;
		line->values[i] = "";
		if (options[i].values && long_form && word[name_len]) {
			line->values[i] = word + name_len + 1;
		} else if (options[i].values == 1 ||
		           (options[i].values == 2 && *import_word(s, *at + 1) &&
		            *import_word(s, *at + 1) != '-')) {
			if (*at + 1 >= s->word_count)
				return false;
			line->values[i] = s->words[++*at];
		}
		return true;
	}
	return false;
}

/* From word 'first' on; tells what is not known. */
static bool parse_line(struct import *import, struct line *line, size_t first)
{
	for (size_t i = first; i < line->statement->word_count; i++) {
		const char *word = line->statement->words[i];

		if (!parse_option(line, &i)) {
			import_note(import, line->statement, IMPORT_FAILED,
			            "'%.40s' is not known here, or lacks its value", word);
			return false;
		}
	}
	return true;
}

/* As endpoint_parse(), and port 0 is one. */
static bool read_endpoint(const char *text, struct endpoint *ret_endpoint)
{
	size_t len = strlen(text);
	char without[ENDPOINT_TEXT_SIZE];

	if (len > 2 && len < sizeof(without) && strcmp(text + len - 2, ":0") == 0 &&
	    (text[len - 3] == ']' || !memchr(text, ':', len - 2))) {
		bool brackets = text[0] == '[';

		snprintf(without, sizeof(without), "%.*s", (int)(len - 2 - 2 * brackets),
		         text + brackets);
		return endpoint_parse(without, ret_endpoint) == 0;
	}
	return endpoint_parse(text, ret_endpoint) == 0;
}

/* The virtual service that a line is about; NULL and a note when it is none that can be taken. */
static const char *service_key(struct import *import, const struct line *line,
                               struct endpoint *ret_endpoint, const char **ret_protocol)
{
	static const struct {
		enum option option;
		const char *protocol;
	} kinds[] = {{SERVICE_TCP, "TCP"}, {SERVICE_UDP, "UDP"}, {SERVICE_SCTP, "SCTP"}};
	char key[ENDPOINT_TEXT_SIZE + 8], text[ENDPOINT_TEXT_SIZE];

	if (line->has[SERVICE_MARK]) {
		import_note(
			import, line->statement, IMPORT_FAILED,
			"Lintel gives firewall marks itself; what is marked has to be written as "
			"addresses and ports (portRange)");
		return NULL;
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(kinds); i++) {
		if (!line->has[kinds[i].option])
			continue;
		if (!read_endpoint(line->values[kinds[i].option], ret_endpoint)) {
			import_note(
				import, line->statement, IMPORT_FAILED,
				"'%.60s' is no address with a port; 'ipvsadm -Sn' writes numbers",
				line->values[kinds[i].option]);
			return NULL;
		}
		*ret_protocol = kinds[i].protocol;
		snprintf(key, sizeof(key), "%s %s", kinds[i].protocol,
		         endpoint_format(&ret_endpoint->address, ret_endpoint->port, text));
		return arena_strdup(&import->arena, key);
	}
	import_note(import, line->statement, IMPORT_FAILED, "no virtual service is named");
	return NULL;
}

static struct service *find(struct reading *reading, const char *key)
{
	const struct import_named *named = import_names_find(&reading->keys, key);

	return named ? &reading->services[named->number] : NULL;
}

static void take_flags(struct import *import, struct service *service)
{
	struct import_statement *from = service->line.statement;
	char *flags = xstrdup(service->line.values[FLAGS]), *state = NULL;

	for (char *flag = strtok_r(flags, ",", &state); flag; flag = strtok_r(NULL, ",", &state)) {
		if (!import_service_flag(&service->service, from, flag))
			import_note(import, from, IMPORT_FAILED, "-b %.40s is not known here",
			            flag);
	}
	free(flags);
}

static void take_persistence(struct import *import, struct service *service)
{
	const struct line *line = &service->line;
	int64_t seconds = PERSISTENCE_DEFAULT;

	if (!line->has[PERSISTENT])
		return;
	if (*line->values[PERSISTENT] &&
	    !import_number(line->values[PERSISTENT], 1, 31536000, &seconds)) {
		import_note(import, line->statement, IMPORT_FAILED,
		            "'%.40s' is no number of seconds", line->values[PERSISTENT]);
		return;
	}
	import_service_persist(&service->service, line->statement, seconds, line->statement,
	                       line->has[NETMASK] ? line->values[NETMASK] : NULL);
}

static void take_service(struct reading *reading, struct line *line)
{
	struct import *import = reading->import;
	const char *protocol, *key;
	struct endpoint endpoint;
	struct service *service;

	key = service_key(import, line, &endpoint, &protocol);
	if (!key)
		return;
	if (find(reading, key)) {
		import_note(import, line->statement, IMPORT_FAILED, "it is there already");
		return;
	}
	if (reading->count == IMPORT_DOCUMENTS_MAX) {
		import_note(import, line->statement, IMPORT_FAILED, "more than %d services",
		            IMPORT_DOCUMENTS_MAX);
		return;
	}
	if (reading->count == reading->capacity) {
		reading->capacity = reading->capacity ? 2 * reading->capacity : 16;
		reading->services = xreallocarray(reading->services, reading->capacity,
		                                  sizeof(*reading->services));
	}
	import_names_get(&reading->keys, &import->arena, key)->number = reading->count;
	service = &reading->services[reading->count++];
	*service = (struct service){.key = key, .line = *line};
	import_service_init(&service->service, import, &reading->owners, line->statement);
	service->service.protocol = protocol;
	import_service_add(&service->service, &endpoint.address, endpoint.port, line->statement);
	import_put_text(import, service->service.port, "scheduler", line->statement,
	                line->has[SCHEDULER] ? line->values[SCHEDULER] : "wlc");
	if (line->has[ONE_PACKET])
		import_put_bool(import, service->service.port, "onePacket", line->statement, true);
	if (line->has[FLAGS])
		take_flags(import, service);
	if (line->has[ENGINE])
		import_note(import, line->statement, IMPORT_FAILED,
		            "--pe %.40s: there is persistence by the client's address only",
		            line->values[ENGINE]);
	if (endpoint.port == 0)
		import_note(import, line->statement, IMPORT_DIFFERS,
		            "without a port: portRange 1-65535");
}

static bool read_method(struct import *import, const struct line *line,
                        struct import_method *ret_method)
{
	const char *words[8] = {line->has[MASQUERADE] ? "NAT" : line->has[TUNNEL] ? "TUN" : "DR"};
	size_t count = 1;

	if (line->has[TUN_TYPE])
		words[count++] = line->values[TUN_TYPE];
	if (line->has[TUN_PORT]) {
		words[count++] = "port";
		words[count++] = line->values[TUN_PORT];
	}
	if (line->has[TUN_CSUM])
		words[count++] = "csum";
	if (line->has[TUN_REMCSUM])
		words[count++] = "remcsum";
	if (import_method_read(words, count, ret_method))
		return true;
	import_note(import, line->statement, IMPORT_FAILED, "this tunnel is not known here");
	return false;
}

static void put_number(struct import *import, const struct line *line, enum option option,
                       struct tree *map, const char *field)
{
	if (line->has[option])
		import_put_word(import, map, field, line->statement, line->values[option]);
}

static void take_server(struct reading *reading, struct line *line)
{
	struct import *import = reading->import;
	struct endpoint virtual, real;
	struct import_method method;
	const char *protocol, *key = service_key(import, line, &virtual, &protocol);
	struct service *service = key ? find(reading, key) : NULL;
	struct tree *map;

	if (!key)
		return;
	if (!service) {
		import_note(import, line->statement, IMPORT_FAILED,
		            "there is no such virtual service");
		return;
	}
	if (!line->has[SERVER] || !read_endpoint(line->values[SERVER], &real)) {
		import_note(import, line->statement, IMPORT_FAILED,
		            "no server with an address; 'ipvsadm -Sn' writes numbers");
		return;
	}
	if (!read_method(import, line, &method))
		return;
	if (!service->has_method) {
		service->has_method = true;
		service->service.method = method;
		import_service_forward(&service->service, line->statement);
	}
	map = import_service_server(&service->service, line->statement, &real.address, real.port,
	                            &method);
	if (!map)
		return;
	put_number(import, line, WEIGHT, map, "weight");
	/* 0 is how ipvsadm writes that there is none, and ours as well. */
	if (line->has[UPPER] && strcmp(line->values[UPPER], "0") != 0)
		put_number(import, line, UPPER, map, "upperThreshold");
	if (line->has[LOWER] && strcmp(line->values[LOWER], "0") != 0)
		put_number(import, line, LOWER, map, "lowerThreshold");
	import_note(import, line->statement, IMPORT_TAKEN, "%s", "");
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static void take_statement(struct reading *reading, struct import_statement *s)
{
	struct line *line = xcalloc(1, sizeof(*line));
	size_t first = strcmp(s->words[0], "ipvsadm") == 0;
	const char *command = import_word(s, first);

	line->statement = s;
	if (is_one_of(command, "-A", "--add-service")) {
		if (parse_line(reading->import, line, first + 1))
			take_service(reading, line);
	} else if (is_one_of(command, "-a", "--add-server")) {
		if (parse_line(reading->import, line, first + 1))
			take_server(reading, line);
	} else if (strcmp(command, "--start-daemon") == 0) {
		import_note(reading->import, s, IMPORT_DIFFERS,
		            "connections go to the peers by a channel of Lintel's own ('lintel run "
		            "--peer-key')");
	} else if (strcmp(command, "--set") == 0) {
		import_note(reading->import, s, IMPORT_FAILED,
		            "IPVS's timeouts are left as they are on the machine");
	} else {
		import_note(reading->import, s, IMPORT_FAILED,
		            "neither -A nor -a, as 'ipvsadm -Sn' writes them");
	}
	free(line);
}

/* Lines have no blocks, so a brace is a word; it is said to be wrong like any other. */
static void read_lines(struct import *import, const char *path, const char *text, size_t size)
{
	struct import_parser parser = {.import = import};
	const char *file = arena_strdup(&import->arena, path), *end = text + size;

	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((newline ? newline : end) - text);
		char *line = xmalloc(len + 1);

		for (size_t i = 0; i < len; i++)
			line[i] = text[i] && !strchr("{}\"'\\", text[i]) ? text[i] : ' ';
		line[len] = '\0';
		if (line[strspn(line, " \t")] != '#')
			import_parser_line(&parser, file, number, line);
		free(line);
		text = newline ? newline + 1 : end;
	}
	import_parser_end(&parser);
}

void import_ipvsadm(struct import *import, const char *path, const char *text, size_t size,
                    const struct import_options *import_options)
{
	struct reading reading = {
		.import = import,
		.owners = {.import = import, .options = import_options},
	};

	read_lines(import, path, text, size);
	for (struct import_statement *s = import->first; s; s = s->sibling) {
		if (!s->notes)
			take_statement(&reading, s);
	}
	for (size_t i = 0; i < reading.count; i++) {
		struct service *service = &reading.services[i];

		if (!service->has_method)
			import_service_forward(&service->service, service->line.statement);
		take_persistence(import, service);
		import_service_write(&service->service);
		import_service_done(&service->service);
	}
	free(reading.services);
	import_owners_done(&reading.owners);
	import_names_done(&reading.keys);
	import_settle(import);
}
