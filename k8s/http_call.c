/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/http_call.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_SIZE         (128 * 1024L) /* from a socket at once */
#define KEEPALIVE_IDLE_S  30L
#define KEEPALIVE_EVERY_S 10L
#define UNACKED_MS        30000

static const char *const method_names[K8S_HTTP_METHOD_COUNT] = {
	[K8S_HTTP_GET] = "GET",     [K8S_HTTP_POST] = "POST",     [K8S_HTTP_PUT] = "PUT",
	[K8S_HTTP_PATCH] = "PATCH", [K8S_HTTP_DELETE] = "DELETE",
};

/* TCP_USER_TIMEOUT: what we sent (keep-alive probes as well) must be acknowledged in time. */
static int socket_made(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	int ms = UNACKED_MS;

	/* Without it the peer's death is noticed later: no reason not to ask. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static void add_header(struct k8s_http_call *call, const char *name, const char *value)
{
	struct text line = {0};
	struct curl_slist *headers;

	text_printf(&line, "%s: %s", name, value);
	headers = curl_slist_append(call->headers, text_str(&line));
	if (!headers)
		abort();
	call->headers = headers;
	text_done(&line);
}

static void set_blob(CURL *easy, CURLoption option, const char *data, size_t size)
{
	struct curl_blob blob = {
		.data = (void *)(uintptr_t)data, .len = size, .flags = CURL_BLOB_COPY};

	curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const struct k8s_identity *identity)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, identity->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, identity->insecure ? 0L : 2L);
	if (identity->ca) {
		/* Nobody else's word counts then: the system's directory is on by default. */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		set_blob(easy, CURLOPT_CAINFO_BLOB, identity->ca, identity->ca_size);
	}
	if (identity->certificate) {
		set_blob(easy, CURLOPT_SSLCERT_BLOB, identity->certificate,
		         identity->certificate_size);
		set_blob(easy, CURLOPT_SSLKEY_BLOB, identity->key, identity->key_size);
	}
}

/* The part of 's' that libcurl's URL reader calls 'part'; NULL: none. The caller curl_free()s. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* TLS takes the name to expect from the URL: so that is what the URL says, and the connection is
 * made to the real one, which stays in the Host header. */
static bool set_server_name(struct k8s_http_call *call, CURLU *url, const char *name)
{
	char *host = part_of(url, CURLUPART_HOST, 0);
	char *port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	struct text text = {0};
	bool good = host && port && curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK;

	if (good) {
		text_printf(&text, "%s:%s:%s:%s", name, port, host, port);
		call->connect_to = curl_slist_append(NULL, text_str(&text));
		text_clear(&text);
		text_printf(&text, "%s:%s", host, port);
		add_header(call, "Host", text_str(&text));
		curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
	}
	text_done(&text);
	curl_free(host);
	curl_free(port);
	return good;
}

static bool set_url(struct k8s_http_call *call, const struct k8s_identity *identity,
                    const char *path)
{
	struct text text = {0};
	CURLU *url = curl_url();
	char *whole = NULL;
	bool good;

	text_printf(&text, "%s%s", identity->server, path);
	good = url && curl_url_set(url, CURLUPART_URL, text_str(&text), 0) == CURLUE_OK;
	if (good && identity->server_name)
		good = set_server_name(call, url, identity->server_name);
	if (good)
		whole = part_of(url, CURLUPART_URL, 0);
	if (whole)
		curl_easy_setopt(call->easy, CURLOPT_URL, whole);
	curl_free(whole);
	curl_url_cleanup(url);
	text_done(&text);
	return good;
}

static void set_connection(CURL *easy, bool stream)
{
	long version = CURL_HTTP_VERSION_1_1;

	if (!stream && k8s_http_has_http2())
		version = CURL_HTTP_VERSION_2TLS;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, stream ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(K8S_HTTP_CONNECT_US / US_PER_MS));
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_made);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_SIZE);
}

static void set_request(struct k8s_http_call *call, const struct k8s_http_request *request)
{
	CURL *easy = call->easy;

	add_header(call, "Accept", "application/json");
	add_header(call, "Expect", ""); /* no question before a body */
	if (request->body) {
		call->body = xmemdup(request->body, request->body_size);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
		add_header(call, "Content-Type", request->content_type);
	}
	/* After POSTFIELDS, which would make it a POST. */
	if (request->method != K8S_HTTP_GET)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_names[request->method]);
	if (request->compressed)
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (request->timeout_us > 0)
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->timeout_us / US_PER_MS));
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "lintel/" LINTEL_VERSION);
}

bool k8s_http_call_prepare(struct k8s_http_call *call, const struct k8s_identity *identity,
                           const struct k8s_http_request *request)
{
	call->easy = curl_easy_init();
	if (!call->easy)
		abort();
	set_connection(call->easy, call->stream);
	set_tls(call->easy, identity);
	set_request(call, request);
	if (identity->authorization)
		add_header(call, "Authorization", identity->authorization);
	if (!set_url(call, identity, request->path))
		return false;
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	return true;
}
