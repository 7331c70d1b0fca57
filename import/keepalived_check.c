/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of real servers to healthCheck.
 *
 * keepalived checks every delay_loop; after a failure it tries 'retry' times more,
 * delay_before_retry apart; one success brings a server back. That is fall = retry + 1,
 * fastInterval and rise = 1. A check whose meaning would change (another address, a program) is
 * left out whole: the server then counts as up, as it would without a check, and the report says
 * so. */
#include "import/keepalived.h"

#include <stdio.h>
#include <string.h>

#define SECOND   INT64_C(1000000)
#define HOUR     (3600 * SECOND)

#define NO_CHECK "; the check is left out"

enum kind { NONE, HTTP, HTTPS, TCP, UDP, PING, DNS };

static const struct check {
	const char *word;
	enum kind kind;
	const char *type;        /* of healthCheck */
	const char *reason;      /* why there is none */
	unsigned retry, delay_s; /* defaults; delay 0: delay_loop */
} checks[] = {
	{"HTTP_GET", HTTP, "http", NULL, 1, 3},
	{"SSL_GET", HTTPS, "https", NULL, 1, 3},
	{"TCP_CHECK", TCP, "tcp", NULL, 1, 1},
	{"UDP_CHECK", UDP, "udp", NULL, 1, 1},
	{"PING_CHECK", PING, "icmp", NULL, 1, 1},
	{"DNS_CHECK", DNS, "dns", NULL, 3, 0},
	{"SMTP_CHECK", NONE, "", "SMTP is not spoken (type tcp tries the port)" NO_CHECK, 0, 0},
	{"MISC_CHECK", NONE, "", "Lintel runs no programs" NO_CHECK, 0, 0},
	{"BFD_CHECK", NONE, "", "Lintel does not speak BFD (type icmp)" NO_CHECK, 0, 0},
	{"FILE_CHECK", NONE, "", "files are not tracked" NO_CHECK, 0, 0},
	{.word = NULL},
};

static const struct import_keyword words[] = {
	{"delay_loop", IMPORT_TAKEN, NULL},
	{"retry", IMPORT_TAKEN, NULL},
	{"nb_get_retry", IMPORT_TAKEN, NULL},
	{"delay_before_retry", IMPORT_TAKEN, NULL},
	{"connect_timeout", IMPORT_TAKEN, NULL},
	{"connect_ip", IMPORT_TAKEN, NULL},
	{"connect_port", IMPORT_TAKEN, NULL},
	{"alpha", IMPORT_TAKEN, NULL},
	{"virtualhost", IMPORT_TAKEN, NULL},
	{"enable_sni", IMPORT_TAKEN, NULL},
	{"http_protocol", IMPORT_TAKEN, NULL},
	{"type", IMPORT_TAKEN, NULL},
	{"name", IMPORT_TAKEN, NULL},
	{"url", IMPORT_FAILED, "one request is made: that of the first url"},
	{"warmup", IMPORT_DIFFERS, "checks of many servers spread by themselves"},
	{"fast_recovery", IMPORT_DIFFERS, "one request is made"},
	{"log_all_failures", IMPORT_DIFFERS, "the log has what changes"},
	{"bindto", IMPORT_FAILED, "the kernel chooses the source address of a check"},
	{"bind_to", IMPORT_FAILED, "the kernel chooses the source address of a check"},
	{"bind_port", IMPORT_FAILED, "the kernel chooses the source port of a check"},
	{"bind_if", IMPORT_FAILED, "routes choose the interface of a check"},
	{"fwmark", IMPORT_FAILED, "packets of checks have no mark"},
	{"payload", IMPORT_TAKEN, ""},
	{"require_reply", IMPORT_TAKEN, ""},
	{"min_reply_length", IMPORT_FAILED, "the length of an answer is not looked at"},
	{"max_reply_length", IMPORT_FAILED, "the length of an answer is not looked at"},
	{"tls_compliant", IMPORT_DIFFERS, "the way a server closes is not looked at"},
	{.word = NULL},
};

static const struct import_keyword url_words[] = {
	{"path", IMPORT_TAKEN, NULL},
	{"status_code", IMPORT_TAKEN, ""},
	{"virtualhost", IMPORT_TAKEN, NULL},
	{"digest", IMPORT_FAILED,
         "there is no digest of the page; http.expectBody looks for a text"},
	{"regex", IMPORT_FAILED, "http.expectBody looks for a text, not for a pattern"},
	{"regex_no_match", IMPORT_FAILED, "http.expectBody has to be there"},
	{"regex_options", IMPORT_FAILED, "http.expectBody looks for a text, not for a pattern"},
	{"regex_stack", IMPORT_DIFFERS, "there are no patterns"},
	{"regex_min_offset", IMPORT_FAILED, "http.expectBody may be anywhere"},
	{"regex_max_offset", IMPORT_FAILED, "http.expectBody may be anywhere"},
	{"tls_compliant", IMPORT_DIFFERS, "the way a server closes is not looked at"},
	{.word = NULL},
};

static const struct check *find_check(const char *word)
{
	for (const struct check *check = checks; check->word; check++) {
		if (strcmp(check->word, word) == 0)
			return check;
	}
	return NULL;
}

bool import_is_check(const struct import_statement *statement)
{
	return find_check(statement->words[0]) != NULL;
}

static void taken(struct import *import, struct import_statement *s)
{
	if (!s->notes)
		import_note(import, s, IMPORT_TAKEN, "%s", "");
}

void import_checking_take(struct import *import, struct import_checking *checking,
                          struct import_statement *block)
{
	struct {
		const char *word, *field;
		struct import_statement **member;
	} settings[] = {
		{"delay_loop", "healthCheck.interval", &checking->delay_loop},
		{"retry", "healthCheck.fall, one more", &checking->retry},
		{"nb_get_retry", "healthCheck.fall, one more", &checking->retry},
		{"delay_before_retry", "healthCheck.fastInterval", &checking->delay_before_retry},
		{"connect_timeout", "healthCheck.timeout", &checking->connect_timeout},
		{"alpha", "healthCheck.start", &checking->alpha},
		{"inhibit_on_failure", "healthCheck.onFailure", &checking->inhibit},
		{"virtualhost", "healthCheck.http.host", &checking->virtualhost},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(settings); i++) {
		struct import_statement *s = import_find(block, settings[i].word);

		if (!s)
			continue;
		*settings[i].member = s;
		if (!s->notes)
			import_note(import, s, IMPORT_TAKEN, "%s", settings[i].field);
	}
}

/* --- times --- */

/* What the statement says, at least 'min' and at most an hour; tells when that is something else.
 */
static int64_t seconds(struct import *import, struct import_statement *s, int64_t otherwise_us,
                       int64_t min_us)
{
	char text[TEXT_DURATION_SIZE];
	int64_t us = otherwise_us, fits;

	if (s && !import_seconds(import_word(s, 1), &us)) {
		import_revoke(import, s, "no number of seconds");
		us = otherwise_us;
	}
	fits = us < min_us ? min_us : us > HOUR ? HOUR : us;
	if (s && fits != us)
		import_note(import, s, IMPORT_DIFFERS, "written as %s",
		            text_format_duration(fits, text));
	return fits;
}

static void put_times(struct import *import, const struct import_checking *c,
                      const struct check *check, struct import_statement *block, struct tree *map)
{
	int64_t interval = seconds(import, c->delay_loop, 60 * SECOND, SECOND / 10);
	int64_t delay = seconds(import, c->delay_before_retry,
	                        check->delay_s ? check->delay_s * SECOND : interval, SECOND / 10);
	int64_t timeout = seconds(import, c->connect_timeout, 5 * SECOND, SECOND / 100);
	int64_t retry = check->retry;

	if (c->retry && !import_number(import_word(c->retry, 1), 0, 99, &retry))
		import_revoke(import, c->retry, "no number from 0 to 99");
	if (timeout > interval) {
		import_note(import, block, IMPORT_DIFFERS,
		            "interval is as long as timeout: a check ends before the next one");
		interval = timeout;
	}
	if (delay > interval && c->delay_before_retry)
		import_note(import, c->delay_before_retry, IMPORT_DIFFERS,
		            "a check is repeated after the interval at the latest");
	import_put_duration(import, map, "interval", c->delay_loop ? c->delay_loop : block,
	                    interval);
	if (delay < interval && retry > 0)
		import_put_duration(import, map, "fastInterval",
		                    c->delay_before_retry ? c->delay_before_retry : block, delay);
	import_put_duration(import, map, "timeout", c->connect_timeout ? c->connect_timeout : block,
	                    timeout);
	import_put_int(import, map, "rise", block, 1);
	import_put_int(import, map, "fall", c->retry ? c->retry : block, retry + 1);
}

/* --- HTTP --- */

/* Statuses "200", "200-299": what is no such thing the decoder refuses. */
static void put_statuses(struct import *import, struct import_statement *block,
                         struct import_statement *s, struct tree *http)
{
	struct tree *list = import_put_list(import, http, "expectStatus", s ? s : block);
	int64_t status;

	if (!s) {
		import_append_text(import, list, block, "200-299"); /* keepalived's default */
		return;
	}
	for (size_t i = 1; i < s->word_count; i++) {
		if (import_number(s->words[i], 0, 999, &status))
			import_append_int(import, list, s, status);
		else
			import_append_text(import, list, s, s->words[i]);
	}
	taken(import, s);
}

/* A pattern that means itself is a text. */
static bool is_literal(const char *pattern)
{
	return *pattern && !strpbrk(pattern, ".[]()*+?{}|^$\\") && import_text_allowed(pattern);
}

static void take_body(struct import *import, struct import_statement *url, struct tree *http)
{
	struct import_statement *regex = import_find(url, "regex");

	if (!regex || import_find(url, "regex_no_match") || import_find(url, "regex_options") ||
	    import_find(url, "regex_min_offset") || import_find(url, "regex_max_offset") ||
	    !is_literal(import_word(regex, 1)))
		return;
	import_put_text(import, http, "expectBody", regex, import_word(regex, 1));
	import_note(import, regex, IMPORT_TAKEN, "expectBody");
}

static struct import_statement *take_url(struct import *import, struct import_statement *block,
                                         struct tree *http)
{
	struct import_statement *url = NULL, *path, *host = NULL;

	for (struct import_statement *s = block->child; s && !url; s = s->sibling)
		url = strcmp(s->words[0], "url") == 0 ? s : NULL;
	if (!url) {
		put_statuses(import, block, NULL, http);
		return NULL;
	}
	taken(import, url);
	path = import_find(url, "path");
	if (path) {
		import_put_text(import, http, "path", path, import_word(path, 1));
		taken(import, path);
	}
	put_statuses(import, url, import_find(url, "status_code"), http);
	take_body(import, url, http);
	host = import_find(url, "virtualhost");
	if (host)
		taken(import, host);
	import_keywords(import, url, url_words);
	return host;
}

static void put_http(struct import *import, const struct import_checking *c,
                     struct import_statement *block, bool secure, struct tree *map)
{
	struct tree *http = import_put_map(import, map, "http", block);
	struct import_statement *host = take_url(import, block, http);
	struct import_statement *protocol = import_find(block, "http_protocol");
	struct import_statement *sni = import_find(block, "enable_sni");

	if (!host)
		host = c->virtualhost;
	if (host)
		import_put_text(import, http, "host", host, import_word(host, 1));
	if (secure) /* no HTTP/2, as keepalived */
		import_put_text(import, http, "version", block, "1.1");
	if (protocol && strcmp(import_word(protocol, 1), "1.1") == 0)
		taken(import, protocol);
	else if (protocol)
		import_note(import, protocol, IMPORT_DIFFERS, "the request is one of HTTP/1.1");
	if (sni)
		taken(import, sni);
}

/* --- UDP, DNS --- */

/* "48 65 6c6c 6f": what it says, when that is text. One digit alone is a byte, too. */
static bool read_hex(const struct import_statement *s, struct text *out)
{
	for (size_t i = 1; i < s->word_count; i++) {
		for (const char *c = s->words[i]; *c;) {
			static const char digits[] = "0123456789abcdef0123456789ABCDEF";
			const char *high = strchr(digits, c[0]);
			const char *low = c[1] ? strchr(digits, c[1]) : NULL;
			unsigned value;
			char byte;

			if (!high || (c[1] && !low))
				return false;
			value = (unsigned)(high - digits) % 16;
			if (low)
				value = value * 16 + (unsigned)(low - digits) % 16;
			if (value < 0x20 || value > 0x7e)
				return false;
			byte = (char)value;
			text_add_len(out, &byte, 1);
			c += low ? 2 : 1;
		}
	}
	return out->len > 0;
}

/* False when the check can't be made. */
static bool put_udp(struct import *import, struct import_statement *block, struct tree *map)
{
	struct import_statement *payload = import_find(block, "payload");
	struct import_statement *reply = import_find(block, "require_reply");
	struct text send = {0}, expect = {0};
	bool good = (!payload || read_hex(payload, &send)) && (!reply || read_hex(reply, &expect));
	struct tree *udp;

	if (!good) {
		import_note_all(import, block, IMPORT_FAILED,
		                "what is sent and expected has to be a text" NO_CHECK);
	} else {
		if (payload || reply) {
			udp = import_put_map(import, map, "udp", payload ? payload : reply);
			if (payload)
				import_put_text(import, udp, "send", payload, text_str(&send));
			if (reply)
				import_put_text(import, udp, "expect", reply, text_str(&expect));
		}
		if (payload)
			taken(import, payload);
		else
			import_note(import, block, IMPORT_DIFFERS,
			            "the datagram is empty; keepalived's has random bytes");
		if (reply)
			taken(import, reply);
	}
	text_done(&send);
	text_done(&expect);
	return good;
}

static void put_dns(struct import *import, struct import_statement *block, struct tree *map)
{
	struct tree *dns = import_put_map(import, map, "dns", block);
	struct import_statement *type = import_find(block, "type"),
				*name = import_find(block, "name");
	char text[254];
	size_t len;

	import_put_text(import, dns, "recordType", type ? type : block,
	                type ? import_word(type, 1) : "SOA"); /* keepalived's default */
	if (type)
		taken(import, type);
	if (!name)
		return;
	len = strnlen(import_word(name, 1), sizeof(text));
	snprintf(text, sizeof(text), "%.253s", import_word(name, 1));
	if (len > 0 && len < sizeof(text) && text[len - 1] == '.')
		text[len - 1] = '\0'; /* "." is the root, which is our default */
	if (*text)
		import_put_text(import, dns, "name", name, text);
	taken(import, name);
}

/* --- a check --- */

/* keepalived may check something else than the server; we don't. */
static bool is_elsewhere(struct import *import, struct import_statement *block,
                         const struct import_statement *server)
{
	struct import_statement *ip = import_find(block, "connect_ip");

	if (!ip)
		return false;
	if (strcmp(import_word(ip, 1), import_word(server, 1)) != 0) {
		import_note_all(import, block, IMPORT_FAILED,
		                "connect_ip is another address than the server's" NO_CHECK);
		return true;
	}
	taken(import, ip);
	return false;
}

static struct tree *make_check(struct import *import, const struct import_checking *outer,
                               const struct check *check, struct import_statement *block,
                               const struct import_statement *server)
{
	struct tree *map = tree_new(&import->arena, TREE_MAP, block->number);
	struct import_statement *port = import_find(block, "connect_port");
	struct import_checking c = *outer;

	if (is_elsewhere(import, block, server))
		return NULL;
	import_put_text(import, map, "type", block, check->type);
	if (check->kind == UDP && !put_udp(import, block, map))
		return NULL;
	import_checking_take(import, &c, block);
	if (port && check->kind != PING) {
		import_put_word(import, map, "port", port, import_word(port, 1));
		taken(import, port);
	}
	put_times(import, &c, check, block, map);
	if (import_is_on(c.alpha))
		import_put_text(import, map, "start", c.alpha, "down");
	if (!import_is_on(c.inhibit))
		import_put_text(import, map, "onFailure", block, "remove");
	if (check->kind == HTTP || check->kind == HTTPS)
		put_http(import, &c, block, check->kind == HTTPS, map);
	if (check->kind == DNS)
		put_dns(import, block, map);
	import_note(import, block, IMPORT_TAKEN, "healthCheck of type %s", check->type);
	import_keywords(import, block, words);
	return map;
}

struct tree *import_health_check(struct import *import, const struct import_checking *checking,
                                 struct import_statement *server)
{
	struct tree *made = NULL;

	for (struct import_statement *s = server->child; s; s = s->sibling) {
		const struct check *check = find_check(s->words[0]);

		if (!check || s->aside)
			continue;
		if (check->kind == NONE)
			import_note_all(import, s, IMPORT_FAILED, "%s", check->reason);
		else if (made)
			import_note_all(import, s, IMPORT_FAILED,
			                "a server has one check, and has it already");
		else
			made = make_check(import, checking, check, s, server);
	}
	return made;
}
