/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/multi.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

static void note_ended(struct multi *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi->curl, &left))) {
		void *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		multi->ended(multi, transfer, message->data.result);
	}
}

static void act(struct multi *multi, curl_socket_t fd, int events)
{
	int running;

	multi->in_curl = true;
	curl_multi_socket_action(multi->curl, fd, events, &running);
	note_ended(multi);
	multi->in_curl = false;
	multi->turned(multi);
}

struct watched {
	struct loop_fd fd;
	struct multi *multi;
};

static void socket_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct watched *watched = lt_container_of(fd, struct watched, fd);

	/* It may be freed in there. */
	act(watched->multi, fd->fd,
	    (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct multi *multi = ctx;
	struct watched *watched = socket_ctx;

	if (what == CURL_POLL_REMOVE) {
		if (watched) {
			loop_fd_stop(&watched->fd);
			free(watched);
			curl_multi_assign(multi->curl, fd, NULL);
		}
		return 0;
	}
	if (!watched) {
		watched = xcalloc(1, sizeof(*watched));
		watched->multi = multi;
		watched->fd = (struct loop_fd){.fd = fd, .ready = socket_ready};
		loop_fd_start(multi->loop, &watched->fd, false, false);
		curl_multi_assign(multi->curl, fd, watched);
	}
	loop_fd_want(&watched->fd, what & CURL_POLL_IN, what & CURL_POLL_OUT);
	return 0;
}

static int timer_wanted(CURLM *curl, long timeout_ms, void *ctx)
{
	struct multi *multi = ctx;

	/* 0 is at once: any time that has come will do. */
	if (timeout_ms <= 0)
		loop_deadline_arm(&multi->timer,
		                  timeout_ms < 0 ? TIME_NEVER : loop_now_us(multi->loop));
	else
		loop_deadline_arm(&multi->timer, mono_now_us() + timeout_ms * US_PER_MS);
	return 0;
}

static void timer_expired(struct loop_deadline *deadline)
{
	act(lt_container_of(deadline, struct multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

int multi_open(struct multi *multi, struct loop *loop, long kept)
{
	int rc;

	multi->loop = loop;
	multi->timer.expired = timer_expired;
	rc = loop_deadline_init(loop, &multi->timer);
	if (rc < 0)
		return rc;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	multi->global = true;
	/* What libcurl's TLS library writes to a closed connection must not end us; libcurl would
	 * see to it by changing that back and forth for the whole process with each call. */
	(void)signal(SIGPIPE, SIG_IGN);
	multi->curl = curl_multi_init();
	if (!multi->curl)
		return -ENOMEM;
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, timer_wanted);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
	curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, kept);
	return 0;
}

void multi_close(struct multi *multi)
{
	if (multi->curl)
		curl_multi_cleanup(multi->curl); /* closes connections, tells of their sockets */
	if (multi->global)
		curl_global_cleanup();
	loop_deadline_done(&multi->timer);
	multi->curl = NULL;
	multi->global = false;
}

void multi_add(struct multi *multi, CURL *easy)
{
	CURLMcode code = curl_multi_add_handle(multi->curl, easy);

	/* Anything else would be a mistake in how it was set up. */
	if (code == CURLM_OUT_OF_MEMORY)
		abort();
	assert(code == CURLM_OK);
}

void multi_remove(struct multi *multi, CURL *easy)
{
	curl_multi_remove_handle(multi->curl, easy);
}
