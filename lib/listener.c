/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/listener.h"

#include "lib/mono.h"

#include <errno.h>
#include <unistd.h>

/* Others on the loop have their turn after so many. */
#define ACCEPTS_A_TURN 16

static void pause_for_now(struct listener *listener, int64_t now_us)
{
	loop_fd_want(&listener->fd, false, false);
	loop_deadline_arm(&listener->again, now_us + LISTENER_PAUSE_US);
}

static void fail(struct listener *listener, int error)
{
	int64_t now_us = mono_now_us();

	pause_for_now(listener, now_us);
	if (now_us < listener->tell_us)
		return;
	listener->tell_us = now_us + LISTENER_TELL_US;
	listener->failed(listener, error);
}

/* False: nobody more for now. */
static bool accept_one(struct listener *listener)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	int fd;

	if (listener->has_room && !listener->has_room(listener)) {
		pause_for_now(listener, mono_now_us());
		return false;
	}
	fd = accept4(listener->fd.fd, (struct sockaddr *)&from, &size,
	             SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		listener->came(listener, fd, &from, size);
		return true;
	}
	if (errno == EINTR || errno == ECONNABORTED)
		return true;
	if (errno != EAGAIN)
		fail(listener, errno);
	return false;
}

static void ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct listener *listener = lt_container_of(fd, struct listener, fd);

	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++)
		if (!accept_one(listener))
			return;
}

static void pause_is_over(struct loop_deadline *deadline)
{
	struct listener *listener = lt_container_of(deadline, struct listener, again);

	loop_fd_want(&listener->fd, true, false);
}

int listener_open(struct loop *loop, struct listener *listener, int fd)
{
	int rc = loop_deadline_init(loop, &listener->again);

	if (rc)
		return rc;
	listener->again.expired = pause_is_over;
	listener->fd.fd = fd;
	listener->fd.ready = ready;
	listener->loop = loop;
	loop_fd_start(loop, &listener->fd, true, false);
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener->loop)
		return;
	loop_fd_stop(&listener->fd);
	loop_deadline_done(&listener->again);
	close(listener->fd.fd);
	listener->loop = NULL;
}
