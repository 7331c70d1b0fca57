/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Order within a turn is by libev's priorities: descriptors first, wakes and signals next, then
 * deadlines, what is for the turn's end last. That alone would not keep the promise when more
 * descriptors are ready than one epoll_wait gives: libev asks for 64 at first and for twice as many
 * after each full answer. So after an answer that may have been full, deadlines wait for the next
 * turn; their timerfds stay readable. */

#include "lib/loop.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define PRIORITY_FD       EV_MAXPRI
#define PRIORITY_DEADLINE (EV_MINPRI + 1)
#define PRIORITY_END      EV_MINPRI

/* libev's first answer holds 64; a few may be for itself or for nobody any more. */
#define BATCH_FIRST       62

struct loop {
	struct ev_loop *ev;
	unsigned batch_max; /* so many events may have been a full answer */
	bool more;          /* this turn's answer may have been full */
	int64_t now_us;     /* of this turn, 0: nobody asked yet */
};

/* libev calls this whenever it has gathered events. */
static void handle_events(struct ev_loop *ev)
{
	struct loop *loop = ev_userdata(ev);

	loop->more = ev_pending_count(ev) >= loop->batch_max;
	if (loop->more && loop->batch_max < UINT32_MAX / 2)
		loop->batch_max *= 2;
	loop->now_us = 0;
	ev_invoke_pending(ev);
	loop->now_us = 0;
}

const char *loop_library_version(char buf[static LOOP_LIBRARY_VERSION_SIZE])
{
	snprintf(buf, LOOP_LIBRARY_VERSION_SIZE, "%d.%02d", ev_version_major(), ev_version_minor());
	return buf;
}

int loop_new(struct loop **ret_loop)
{
	struct ev_loop *ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	struct loop *loop;

	if (!ev)
		return errno ? -errno : -ENOSYS;
	loop = xcalloc(1, sizeof(*loop));
	loop->ev = ev;
	loop->batch_max = BATCH_FIRST;
	ev_set_userdata(ev, loop);
	ev_set_invoke_pending_cb(ev, handle_events);
	ev_ref(ev); /* it ends when told, not for want of something to wait for */
	*ret_loop = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_loop_destroy(loop->ev);
	free(loop);
}

void loop_run(struct loop *loop)
{
	ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
	ev_break(loop->ev, EVBREAK_ALL);
}

int64_t loop_now_us(struct loop *loop)
{
	if (loop->now_us == 0)
		loop->now_us = mono_now_us();
	return loop->now_us;
}

/* --- descriptors --- */

static void fd_ready(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct loop_fd *fd = watcher->data;

	fd->ready(fd, events & EV_READ, events & EV_WRITE);
}

static void fd_want(struct loop_fd *fd, bool read, bool write)
{
	ev_io *watcher = fd->watcher;

	ev_io_stop(fd->loop->ev, watcher);
	ev_io_set(watcher, fd->fd, (read ? EV_READ : 0) | (write ? EV_WRITE : 0));
	if (read || write)
		ev_io_start(fd->loop->ev, watcher);
}

static void fd_start(struct loop *loop, struct loop_fd *fd, int priority)
{
	ev_io *watcher = xcalloc(1, sizeof(*watcher));

	assert(!fd->watcher);
	ev_init(watcher, fd_ready);
	ev_set_priority(watcher, priority);
	watcher->data = fd;
	fd->loop = loop;
	fd->watcher = watcher;
}

void loop_fd_start(struct loop *loop, struct loop_fd *fd, bool read, bool write)
{
	fd_start(loop, fd, PRIORITY_FD);
	fd_want(fd, read, write);
}

void loop_fd_want(struct loop_fd *fd, bool read, bool write)
{
	assert(fd->watcher);
	fd_want(fd, read, write);
}

void loop_fd_stop(struct loop_fd *fd)
{
	if (!fd->watcher)
		return;
	ev_io_stop(fd->loop->ev, fd->watcher);
	free(fd->watcher);
	fd->watcher = NULL;
}

/* --- deadlines --- */

static void deadline_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct loop_deadline *deadline = lt_container_of(fd, struct loop_deadline, fd);
	uint64_t expirations;

	if (fd->loop->more)
		return; /* there may be more descriptors to hear first */
	/* Somebody may have armed it anew since epoll reported it: then there is nothing to read.
	 */
	if (read(fd->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	deadline->at_us = TIME_NEVER;
	deadline->expired(deadline);
}

int loop_deadline_init(struct loop *loop, struct loop_deadline *deadline)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	deadline->fd = (struct loop_fd){.fd = fd, .ready = deadline_ready};
	deadline->at_us = TIME_NEVER;
	fd_start(loop, &deadline->fd, PRIORITY_DEADLINE);
	fd_want(&deadline->fd, true, false);
	return 0;
}

void loop_deadline_arm(struct loop_deadline *deadline, int64_t at_us)
{
	struct itimerspec at = {0}; /* all zeroes disarms */
	int failed;

	if (at_us == deadline->at_us)
		return;
	if (at_us != TIME_NEVER) {
		/* 0 would disarm; whatever is past fires at once. */
		int64_t us = at_us > 0 ? at_us : 1;

		at.it_value.tv_sec = us / US_PER_S;
		at.it_value.tv_nsec = us % US_PER_S * 1000;
	}
	failed = timerfd_settime(deadline->fd.fd, TFD_TIMER_ABSTIME, &at, NULL);
	assert(!failed);
	(void)failed;
	deadline->at_us = at_us;
}

void loop_deadline_done(struct loop_deadline *deadline)
{
	if (!deadline->fd.watcher)
		return;
	loop_fd_stop(&deadline->fd);
	close(deadline->fd.fd);
	deadline->fd.fd = -1;
	deadline->at_us = TIME_NEVER;
}

/* --- the end of a turn --- */

static void end_reached(struct ev_loop *ev, ev_async *watcher, int events)
{
	struct loop_end *end = watcher->data;

	end->ending = true;
	end->ended(end);
	end->ending = false;
}

void loop_end_start(struct loop *loop, struct loop_end *end)
{
	ev_async *watcher = xcalloc(1, sizeof(*watcher));

	assert(!end->watcher);
	ev_async_init(watcher, end_reached);
	ev_set_priority(watcher, PRIORITY_END);
	watcher->data = end;
	end->loop = loop;
	end->watcher = watcher;
	ev_async_start(loop->ev, watcher);
}

void loop_end_ask(struct loop_end *end)
{
	if (end->ending) /* others want their turn */
		ev_async_send(end->loop->ev, end->watcher);
	else
		ev_feed_event(end->loop->ev, end->watcher, EV_CUSTOM);
}

void loop_end_stop(struct loop_end *end)
{
	if (!end->watcher)
		return;
	ev_async_stop(end->loop->ev, end->watcher);
	free(end->watcher);
	end->watcher = NULL;
	end->ending = false;
}

/* --- signals --- */

static void signal_raised(struct ev_loop *ev, ev_signal *watcher, int events)
{
	struct loop_signal *sig = watcher->data;

	sig->raised(sig);
}

void loop_signal_start(struct loop *loop, struct loop_signal *sig)
{
	ev_signal *watcher = xcalloc(1, sizeof(*watcher));

	assert(!sig->watcher);
	ev_signal_init(watcher, signal_raised, sig->signum);
	watcher->data = sig;
	sig->watcher = watcher;
	ev_signal_start(loop->ev, watcher);
}

void loop_signal_stop(struct loop *loop, struct loop_signal *sig)
{
	if (!sig->watcher)
		return;
	ev_signal_stop(loop->ev, sig->watcher);
	free(sig->watcher);
	sig->watcher = NULL;
}

/* --- wakes --- */

static void wake_woken(struct ev_loop *ev, ev_async *watcher, int events)
{
	struct loop_wake *wake = watcher->data;

	wake->woken(wake);
}

void loop_wake_start(struct loop *loop, struct loop_wake *wake)
{
	ev_async *watcher = xcalloc(1, sizeof(*watcher));

	assert(!wake->watcher);
	ev_async_init(watcher, wake_woken);
	watcher->data = wake;
	wake->loop = loop;
	wake->watcher = watcher;
	ev_async_start(loop->ev, watcher);
}

void loop_wake_send(struct loop_wake *wake)
{
	ev_async_send(wake->loop->ev, wake->watcher);
}

void loop_wake_stop(struct loop_wake *wake)
{
	if (!wake->watcher)
		return;
	ev_async_stop(wake->loop->ev, wake->watcher);
	free(wake->watcher);
	wake->watcher = NULL;
}
