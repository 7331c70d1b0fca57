/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/http.h - the HTTP door: the status page, /metrics, /livez, /readyz, /api/v1.
 *
 * I/O, on the main loop through libmicrohttpd's epoll descriptor; no thread of its own. Reads only:
 * nothing can be changed over HTTP. Connections, their number and their time are bounded. */

#ifndef LINTEL_DAEMON_HTTP_H
#define LINTEL_DAEMON_HTTP_H

#include "lib/endpoint.h"
#include "lib/loop.h"
#include "lib/text.h"

#define HTTP_CONNECTIONS_MAX 64
#define HTTP_IDLE_S          30

struct http;

/* The version of libmicrohttpd that we run with: "0.9.75". */
const char *http_library_version(void);

/* One page: a path, its type, and who writes it. A status other than 200 says that all is not well.
 */
#define HTTP_ANY_PATH "*"
struct http_page {
	const char *path;
	const char *content_type;
	unsigned (*write)(void *ctx, struct text *out);
	const char *policy; /* Content-Security-Policy; NULL: it needs nothing */
};

/* 'pages' ends with a NULL path and outlives the server, as does 'ctx'. 0 or -errno. */
LT_MUST_USE int http_open(struct loop *loop, const struct endpoint *listen,
                          const struct http_page *pages, void *ctx, struct http **ret_http);
void http_close(struct http *http); /* NULL accepted */

#endif
