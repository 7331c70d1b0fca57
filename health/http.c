/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP, HTTPS and TLS by libcurl. A check ends as soon as it is clear what it says: with the head
 * of the answer when no content is expected. Connections are never used again, nor TLS sessions:
 * both are what is checked. They are reset at the end, as in health/socket.c.
 *
 * libcurl keeps the authorities that it read for a while (CURLOPT_CA_CACHE_TIMEOUT): to read the
 * system's with each check would cost more than the handshake. */

#include "health/http_request.h"
#include "health/probe.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/multi.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BODY_MAX         ((size_t)64 * 1024)
#define CONNECTIONS_KEPT 1L   /* none is worth keeping; 0 would mean libcurl's default */
#define CA_CACHE_S       300L /* authorities that were changed are believed by then */
#define READ_SIZE        (16 * 1024L)
#define TLS_FILE_MAX     (4 * 1024 * 1024) /* the system's authorities are a quarter of a MiB */
#define CONNECT_SPARE_MS 1000L             /* the limit of time is not libcurl's */

struct http_probe {
	struct health_probe probe;
	struct health_https *https;
	struct http_probe *next_over;
	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct text body;
	curl_socket_t fd; /* libcurl's; -1: none yet */
	bool decided;     /* by what came, whatever libcurl makes of our not reading on */
	struct health_outcome outcome;
	char error[CURL_ERROR_SIZE];
};

struct health_https {
	struct health_sink sink;
	struct multi multi;
	struct http_probe *over; /* to be told when libcurl has returned */
};

static const struct model_health_check *check_of(const struct http_probe *probe)
{
	return health_entry_target(probe->probe.entry)->check;
}

static void free_probe(struct http_probe *probe)
{
	multi_remove(&probe->https->multi, probe->easy);
	curl_easy_cleanup(probe->easy);
	curl_slist_free_all(probe->headers);
	curl_slist_free_all(probe->connect_to);
	text_done(&probe->body);
	free(probe);
}

/* --- what came --- */

static void decide(struct http_probe *probe, enum health_result result, const char *why)
{
	if (probe->decided)
		return;
	probe->decided = true;
	(void)health_probe_over(&probe->outcome, result, why);
}

/* The head is there. */
static void judge_head(struct http_probe *probe, unsigned status)
{
	const struct model_health_check *check = check_of(probe);
	char why[HEALTH_WHY_SIZE];
	long version = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_HTTP_VERSION, &version);
	if (check->http.version == MODEL_HTTP_2 && version != CURL_HTTP_VERSION_2_0) {
		decide(probe, HEALTH_ANSWER, "the answer is not HTTP/2");
	} else if (!health_http_request_expects(check, status)) {
		snprintf(why, sizeof(why), "HTTP status %u", status);
		decide(probe, HEALTH_STATUS, why);
	} else if (check->http.body[0] == '\0') {
		decide(probe, HEALTH_OK, "");
	}
}

/* libcurl gives header lines one by one; an empty one is the last. */
static size_t header_came(char *line, size_t size, size_t count, void *ctx)
{
	struct http_probe *probe = ctx;
	long status = 0;

	if (size * count == 2 && memcmp(line, "\r\n", 2) == 0) {
		curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status >= 200)
			judge_head(probe, (unsigned)status);
	}
	return probe->decided ? 0 : size * count;
}

static bool contains(const struct http_probe *probe, size_t from)
{
	const char *expect = check_of(probe)->http.body;

	return memmem(text_str(&probe->body) + from, probe->body.len - from, expect,
	              strlen(expect)) != NULL;
}

static size_t body_came(char *data, size_t size, size_t count, void *ctx)
{
	struct http_probe *probe = ctx;
	size_t expected_size = strlen(check_of(probe)->http.body);
	size_t before = probe->body.len, taken = size * count, from;

	if (taken > BODY_MAX - before)
		taken = BODY_MAX - before;
	text_add_len(&probe->body, data, taken);
	/* It may have begun in what came before. */
	from = before > expected_size ? before - expected_size : 0;
	if (contains(probe, from))
		decide(probe, HEALTH_OK, "");
	else if (probe->body.len >= BODY_MAX)
		decide(probe, HEALTH_CONTENT,
		       "the first 64 kB of the answer do not contain what is expected");
	return probe->decided ? 0 : size * count;
}

/* --- the end --- */

/* What libcurl's verdict says; it has a hundred codes, and a message for each. */
static enum health_result result_of(CURLcode code)
{
	if (code == CURLE_COULDNT_CONNECT)
		return HEALTH_UNREACHABLE;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return HEALTH_TIMEOUT;
	if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CIPHER)
		return HEALTH_TLS;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
		return HEALTH_CERTIFICATE;
	if (code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_URL_MALFORMAT || code == CURLE_OUT_OF_MEMORY ||
	    code == CURLE_FAILED_INIT || code == CURLE_NOT_BUILT_IN)
		return HEALTH_LOCAL;
	if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
	    code == CURLE_GOT_NOTHING)
		return HEALTH_CUT;
	return HEALTH_ANSWER;
}

static void transfer_ended(struct multi *multi, void *transfer, CURLcode code)
{
	struct http_probe *probe = transfer;
	struct health_https *https = probe->https;
	long error = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && error)
		decide(probe, health_probe_errno((int)error), strerror((int)error));
	else if (code != CURLE_OK)
		decide(probe, result_of(code),
		       probe->error[0] ? probe->error : curl_easy_strerror(code));
	else if (check_of(probe)->type == MODEL_HEALTH_TLS)
		decide(probe, HEALTH_OK, "");
	else
		decide(probe, HEALTH_CONTENT, "the answer does not contain what is expected");
	probe->next_over = https->over;
	https->over = probe;
}

static void turned(struct multi *multi)
{
	struct health_https *https = lt_container_of(multi, struct health_https, multi);

	while (https->over) {
		struct http_probe *probe = https->over;
		struct health_entry *entry = probe->probe.entry;
		struct health_outcome outcome = probe->outcome;

		https->over = probe->next_over;
		free_probe(probe);
		https->sink.ended(https->sink.ctx, entry, outcome.result, outcome.why);
	}
}

static enum health_result give_up(struct health_probe *base, char why[static HEALTH_WHY_SIZE])
{
	struct http_probe *probe = lt_container_of(base, struct http_probe, probe);
	enum model_health_type type = check_of(probe)->type;
	struct sockaddr_storage peer;
	socklen_t peer_size = sizeof(peer);
	curl_off_t secured_us = 0;
	const char *what = "no answer to the request";

	curl_easy_getinfo(probe->easy, CURLINFO_APPCONNECT_TIME_T, &secured_us);
	/* libcurl's own CONNECT_TIME comes with the end of the handshake. */
	if (probe->fd < 0 || getpeername(probe->fd, (struct sockaddr *)&peer, &peer_size) < 0)
		what = "no answer to the connection attempt";
	else if (type != MODEL_HEALTH_HTTP && secured_us == 0)
		what = "no end of the TLS handshake";
	else if (probe->body.len > 0)
		what = "no end of the answer, nor what is expected in it";
	snprintf(why, HEALTH_WHY_SIZE, "%s", what);
	free_probe(probe);
	return HEALTH_TIMEOUT;
}

/* --- the request --- */

static int socket_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct http_probe *probe = ctx;

	probe->fd = fd;
	/* Without it there is a TIME_WAIT more: no reason not to ask. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return CURL_SOCKOPT_OK;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *line)
{
	list = curl_slist_append(list, line);
	if (!list)
		abort();
	return list;
}

static void set_connection(struct http_probe *probe)
{
	const struct model_health_check *check = check_of(probe);
	CURL *easy = probe->easy;
	struct text text = {0};

	health_http_request_connect_to(health_entry_target(probe->probe.entry), &text);
	probe->connect_to = add_line(NULL, text_str(&text));
	text_done(&text);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, probe->connect_to);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Addresses are "resolved" as well: ten thousand would be kept, and searched one by one. */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	                 (long)(check->timeout_us / US_PER_MS) + CONNECT_SPARE_MS);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, probe);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_SIZE);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, probe->error);
}

static void set_tls(struct http_probe *probe)
{
	const struct model_health_check *check = check_of(probe);
	bool verify = check->tls.verify;
	CURL *easy = probe->easy;

	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
	/* Without authorities to read where none is asked for, with one source where one is: a
	 * directory besides would keep libcurl from keeping them. */
	if (!verify || check->tls.ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, verify ? check->tls.ca_file : NULL);
	if (!verify || check->tls.ca_file[0] != '\0' || curl_version_info(CURLVERSION_NOW)->cainfo)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (check->tls.certificate_file[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, check->tls.certificate_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, check->tls.key_file);
	}
}

static long version_of(const struct model_health_check *check)
{
	bool tls = check->type == MODEL_HEALTH_HTTPS;

	switch (check->http.version) {
	case MODEL_HTTP_AUTO:
		return tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
	case MODEL_HTTP_2:
		return tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	case MODEL_HTTP_1_1:
		break;
	}
	return CURL_HTTP_VERSION_1_1;
}

static void set_request(struct http_probe *probe)
{
	const struct health_target *target = health_entry_target(probe->probe.entry);
	const char *method = target->check->http.method;
	struct text text = {0};
	CURL *easy = probe->easy;

	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_of(target->check));
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "lintel-health/" LINTEL_VERSION);
	if (health_http_request_host(target, &text))
		probe->headers = add_line(probe->headers, text_str(&text));
	text_done(&text);
	if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	    strcmp(method, "PATCH") == 0)
		probe->headers = add_line(probe->headers, "Content-Length: 0");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->headers);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "GET") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
}

/* libcurl reads a file here and now: from a pipe or a device it would never come back. One that
 * can't be looked at is libcurl's to tell of. */
static bool has_end(const char *path)
{
	struct stat st;

	return path[0] == '\0' || stat(path, &st) < 0 ||
	       (S_ISREG(st.st_mode) && st.st_size <= TLS_FILE_MAX);
}

/* What stands against the check before it begins; NULL: nothing. */
static const char *obstacle(const struct health_target *target)
{
	const struct model_health_check *check = target->check;

	if (addr_is_link_local(&target->address))
		return "a link-local address can't be checked: it lacks an interface";
	if (check->type != MODEL_HEALTH_TLS && check->http.version == MODEL_HTTP_2 &&
	    !(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2))
		return "this libcurl was built without HTTP/2";
	if (check->type != MODEL_HEALTH_HTTP && check->tls.verify && !has_end(check->tls.ca_file))
		return "caFile is no regular file of at most 4 MiB";
	if (check->type != MODEL_HEALTH_HTTP &&
	    (!has_end(check->tls.certificate_file) || !has_end(check->tls.key_file)))
		return "certificateFile or keyFile is no regular file of at most 4 MiB";
	return NULL;
}

struct health_probe *health_http_start(struct health_https *https, struct health_entry *entry,
                                       struct health_outcome *ret_outcome)
{
	const struct health_target *target = health_entry_target(entry);
	const char *why = obstacle(target);
	struct http_probe *probe;
	struct text url = {0};

	if (why)
		return health_probe_over(ret_outcome, HEALTH_LOCAL, why);
	probe = xcalloc(1, sizeof(*probe));
	probe->https = https;
	probe->fd = -1;
	probe->probe.entry = entry;
	probe->probe.give_up = give_up;
	probe->easy = curl_easy_init();
	if (!probe->easy)
		abort();
	set_connection(probe);
	if (target->check->type != MODEL_HEALTH_HTTP)
		set_tls(probe);
	if (target->check->type == MODEL_HEALTH_TLS) {
		curl_easy_setopt(probe->easy, CURLOPT_CONNECT_ONLY, 1L);
		curl_easy_setopt(probe->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	} else {
		set_request(probe);
	}
	health_http_request_url(target, &url);
	curl_easy_setopt(probe->easy, CURLOPT_URL, text_str(&url));
	text_done(&url);
	/* It begins from the loop: nothing ends in here. */
	multi_add(&https->multi, probe->easy);
	return &probe->probe;
}

/* --- life --- */

int health_https_new(struct loop *loop, const struct health_sink *sink,
                     struct health_https **ret_https)
{
	struct health_https *https = xcalloc(1, sizeof(*https));
	int rc;

	https->sink = *sink;
	https->multi.ended = transfer_ended;
	https->multi.turned = turned;
	rc = multi_open(&https->multi, loop, CONNECTIONS_KEPT);
	if (rc < 0) {
		health_https_free(https);
		return rc;
	}
	*ret_https = https;
	return 0;
}

void health_https_free(struct health_https *https)
{
	if (!https)
		return;
	multi_close(&https->multi);
	free(https);
}
