/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/http.h - requests to the API server, by libcurl.
 *
 * I/O: libcurl's multi interface on the loop's descriptors and deadlines. Certificates are checked
 * unless the identity says otherwise; proxies, redirects, cookies and .netrc are off. A stream (an
 * answer of any length, given in pieces) is HTTP/1.1, so that a watch has a connection to itself
 * and one that is silently dead holds up nobody else; a plain request is HTTP/2 over TLS where
 * both sides know it. A peer that is gone is noticed by TCP (keep-alive, and 30 s without an
 * acknowledgement); limits of time are the caller's for streams.
 *
 * In one turn of the loop a stream gives no more than K8S_HTTP_TURN_SIZE bytes, then others have
 * their turn: what its data costs to handle is bounded. Answers come from the loop, never from
 * within k8s_http_start(). */

#ifndef LINTEL_K8S_HTTP_H
#define LINTEL_K8S_HTTP_H

#include "k8s/auth.h"
#include "lib/compiler.h"
#include "lib/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define K8S_HTTP_TURN_SIZE  (256 * 1024)      /* bytes of a stream in one turn, about */
#define K8S_HTTP_CONNECT_US INT64_C(10000000) /* for TCP and TLS to be established */

struct k8s_http;
struct k8s_http_call;

enum k8s_http_method {
	K8S_HTTP_GET,
	K8S_HTTP_POST,
	K8S_HTTP_PUT,
	K8S_HTTP_PATCH,
	K8S_HTTP_DELETE,
	K8S_HTTP_METHOD_COUNT,
};

/* Why there was no (whole) answer. */
enum k8s_http_failure {
	K8S_HTTP_OK,        /* there was one, whatever its status */
	K8S_HTTP_ADDRESS,   /* the name of the server does not resolve */
	K8S_HTTP_CONNECT,   /* refused, or unreachable */
	K8S_HTTP_TLS,       /* no trust, or no TLS */
	K8S_HTTP_TIMEOUT,   /* too late */
	K8S_HTTP_CUT,       /* the connection ended before the answer did */
	K8S_HTTP_TOO_LARGE, /* the answer is longer than its limit */
	K8S_HTTP_OTHER,     /* see the message */
	K8S_HTTP_FAILURE_COUNT,
};
/* "connect", "tls", ... */
const char *k8s_http_failure_name(enum k8s_http_failure failure);

/* The beginning of an answer. */
struct k8s_http_head {
	unsigned status;       /* 200 */
	int64_t retry_after_s; /* of Retry-After, -1: there was none */
};

struct k8s_http_result {
	enum k8s_http_failure failure;
	const char *why;           /* for people; "" when nothing failed */
	struct k8s_http_head head; /* status 0: nothing came */
	const char *body;          /* NUL-terminated; "" for streams */
	size_t body_size;
};

/* Everything is copied. */
struct k8s_http_request {
	enum k8s_http_method method;
	const char *path; /* "/api/v1/services?limit=500", encoded (k8s/path.h) */
	const char *content_type;
	const char *body; /* NULL: none */
	size_t body_size;
	size_t answer_max;  /* bytes of the answer; not for streams */
	int64_t timeout_us; /* for all of it; 0: no limit */
	bool compressed;    /* the answer may be: worth it for lists */
	/* A stream only: the head came, then a piece of its body. NULL: plain. Both may cancel. */
	void (*began)(void *ctx, const struct k8s_http_head *head);
	void (*data)(void *ctx, const char *data, size_t size);
	/* The call is over, and is freed when this returns; not told when it was cancelled. */
	void (*ended)(void *ctx, const struct k8s_http_result *result);
	void *ctx;
};

/* 'auth' is borrowed: it is asked at each start, and told of each 401. -ENOMEM, or what the loop's
 * deadline says. */
LT_MUST_USE int k8s_http_new(struct loop *loop, struct k8s_auth *auth, struct k8s_http **ret_http);
/* Cancels what is under way. NULL accepted. Not from within a handler. */
void k8s_http_free(struct k8s_http *http);

/* Cannot fail here: whatever is wrong is told by ended(). The call is its own until then. */
struct k8s_http_call *k8s_http_start(struct k8s_http *http, const struct k8s_http_request *request);
/* Nothing more is told. From anywhere but ended() of this call. */
void k8s_http_cancel(struct k8s_http_call *call);

/* "libcurl/7.88.1 OpenSSL/3.0.11", and whether it knows HTTP/2. */
const char *k8s_http_library_version(void);
bool k8s_http_has_http2(void);

#endif
