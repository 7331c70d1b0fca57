/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/listener.h - a listening socket on the loop.
 *
 * I/O. Whoever can't be accepted waits in the kernel's queue. The socket stays readable then, so
 * that trying on at once would take a whole processor: nobody is accepted for LISTENER_PAUSE_US. */

#ifndef LINTEL_LIB_LISTENER_H
#define LINTEL_LIB_LISTENER_H

#include "lib/loop.h"

#include <sys/socket.h>

#define LISTENER_PAUSE_US (100 * INT64_C(1000))
/* So often at most 'failed' is called. */
#define LISTENER_TELL_US  (60 * INT64_C(1000000))

/* Zero but for the handlers before it is opened. */
struct listener {
	/* Somebody came; 'fd', close-on-exec and not blocking, is the handler's. */
	void (*came)(struct listener *listener, int fd, const struct sockaddr_storage *from,
	             socklen_t size);
	/* May anybody come now? NULL: always. Asked again after a pause. */
	bool (*has_room)(struct listener *listener);
	/* Nobody can be accepted for this reason (a positive errno: no descriptors left, say),
	 * which will be tried again. */
	void (*failed)(struct listener *listener, int error);
	struct loop *loop; /* private from here on; NULL: not open */
	struct loop_fd fd;
	struct loop_deadline again;
	int64_t tell_us; /* not before */
};

/* 'fd' listens, does not block, and is the listener's from then on. 0 or -errno, and it is still
 * the caller's. */
LT_MUST_USE int listener_open(struct loop *loop, struct listener *listener, int fd);
/* Not open: nothing. Not from within its handlers. */
void listener_close(struct listener *listener);

#endif
