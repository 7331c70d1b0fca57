/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/http.h"

#include "lib/listener.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct http {
	struct MHD_Daemon *daemon;
	const struct http_page *pages;
	void *ctx;
	struct listener listener;
	struct endpoint at;           /* where that is */
	struct loop_fd fd;            /* libmicrohttpd's epoll descriptor */
	struct loop_deadline timeout; /* when it wants to be run without an event */
};

static const struct http_page *find_page(const struct http *http, const char *url)
{
	for (const struct http_page *page = http->pages; page->path; page++) {
		if (strcmp(page->path, url) == 0 || strcmp(page->path, HTTP_ANY_PATH) == 0)
			return page;
	}
	return NULL;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              const char *content_type, const char *policy, struct text *body)
{
	size_t len = body->len;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, text_take(body), MHD_RESPMEM_MUST_FREE);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "Content-Security-Policy",
	                        policy ? policy : "default-src 'none'; frame-ancestors 'none'");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Called once with the headers; a body is never read. */
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
	const struct http *http = ctx;
	const struct http_page *page = find_page(http, url);
	struct text body = {0};

	if (!page) {
		text_printf(&body, "there is:\n");
		for (page = http->pages; page->path; page++)
			text_printf(&body, "  %s\n", page->path);
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8", NULL,
		              &body);
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		text_printf(&body, "only GET and HEAD\n");
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8",
		              NULL, &body);
	}
	unsigned status = page->write(http->ctx, &body);
	return answer(connection, status, page->content_type, page->policy, &body);
}

static void run(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(http->daemon);
	loop_deadline_arm(&http->timeout, MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES
	                                          ? mono_now_us() + (int64_t)wait_ms * US_PER_MS
	                                          : TIME_NEVER);
}

static void fd_ready(struct loop_fd *fd, bool readable, bool writable)
{
	run(lt_container_of(fd, struct http, fd));
}

static void timed_out(struct loop_deadline *deadline)
{
	run(lt_container_of(deadline, struct http, timeout));
}

/* libmicrohttpd would take a whole processor when it has no descriptor for somebody who comes. */
static void client_came(struct listener *listener, int fd, const struct sockaddr_storage *from,
                        socklen_t size)
{
	struct http *http = lt_container_of(listener, struct http, listener);

	/* Refused, it is closed, too. */
	(void)MHD_add_connection(http->daemon, fd, (const struct sockaddr *)from, size);
	run(http);
}

static bool has_room(struct listener *listener)
{
	const struct http *http = lt_container_of(listener, struct http, listener);

	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	               ->num_connections < HTTP_CONNECTIONS_MAX;
}

static void nobody_can_come(struct listener *listener, int error)
{
	const struct http *http = lt_container_of(listener, struct http, listener);
	char at[ENDPOINT_TEXT_SIZE];

	log_warn("http", "cannot accept connections, retrying listen=%s error=\"%s\"",
	         endpoint_format(&http->at.address, http->at.port, at), strerrordesc_np(error));
}

static socklen_t socket_address(const struct endpoint *listen, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (listen->address.family == ADDR_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		in->sin_family = AF_INET;
		in->sin_port = htons(listen->port);
		memcpy(&in->sin_addr, listen->address.bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(listen->port);
	memcpy(&in6->sin6_addr, listen->address.bytes, 16);
	return sizeof(*in6);
}

static int bind_socket(const struct endpoint *listen_at, int *ret_fd)
{
	struct sockaddr_storage address;
	socklen_t size = socket_address(listen_at, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&address, size) || listen(fd, HTTP_CONNECTIONS_MAX)) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/* 0, or -errno with nothing left behind. */
static int start(struct loop *loop, struct http *http, int fd)
{
	int rc = loop_deadline_init(loop, &http->timeout);

	if (rc)
		return rc;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle, http,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S, MHD_OPTION_END);
	rc = http->daemon ? listener_open(loop, &http->listener, fd) : -EIO;
	if (rc == 0)
		return 0;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	loop_deadline_done(&http->timeout);
	return rc;
}

const char *http_library_version(void)
{
	return MHD_get_version();
}

int http_open(struct loop *loop, const struct endpoint *listen, const struct http_page *pages,
              void *ctx, struct http **ret_http)
{
	int fd = -1;
	int rc = bind_socket(listen, &fd);

	if (rc)
		return rc;
	struct http *http = xcalloc(1, sizeof(*http));
	http->pages = pages;
	http->ctx = ctx;
	http->at = *listen;
	http->listener.came = client_came;
	http->listener.has_room = has_room;
	http->listener.failed = nobody_can_come;
	rc = start(loop, http, fd);
	if (rc) {
		close(fd);
		free(http);
		return rc;
	}
	http->timeout.expired = timed_out;
	http->fd.ready = fd_ready;
	http->fd.fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	loop_fd_start(loop, &http->fd, true, false);
	*ret_http = http;
	return 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	listener_close(&http->listener);
	loop_fd_stop(&http->fd);
	loop_deadline_done(&http->timeout);
	MHD_stop_daemon(http->daemon);
	free(http);
}
