/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/loop.h - the event loop: the only door to libev.
 *
 * I/O. One loop a thread. Deadlines are absolute instants of mono_now_us() on a timerfd, so they
 * neither drift nor follow the wall clock, and are good to microseconds (libev's own timers round
 * to milliseconds). In one turn descriptors that became readable are handled before deadlines:
 * after a stall, what was received is known before anybody is declared dead. Handlers are embedded
 * in their owner's structures; the owner stops them before freeing. */

#ifndef LINTEL_LIB_LOOP_H
#define LINTEL_LIB_LOOP_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

#define LOOP_LIBRARY_VERSION_SIZE 24
/* The version of libev that we run with: "4.33"; returns buf. */
const char *loop_library_version(char buf[static LOOP_LIBRARY_VERSION_SIZE]);

LT_MUST_USE int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop); /* NULL accepted; everything in it was stopped */
/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
/* From within a handler of this loop. */
void loop_stop(struct loop *loop);
/* The time of this turn: read when it is first asked for, and the same until the turn ends. For
 * those who are called often and want nothing better; a turn may be long. */
int64_t loop_now_us(struct loop *loop);

/* A descriptor to be told about; zero but for 'fd' and 'ready' before its start. Not owned: the
 * caller closes it after loop_fd_stop(). Stopping and freeing within its own handler is fine. */
struct loop_fd {
	struct loop *loop;
	void (*ready)(struct loop_fd *fd, bool readable, bool writable);
	void *watcher; /* private; NULL while stopped */
	int fd;
};
void loop_fd_start(struct loop *loop, struct loop_fd *fd, bool read, bool write);
/* Changes what it waits for; must be started. */
void loop_fd_want(struct loop_fd *fd, bool read, bool write);
void loop_fd_stop(struct loop_fd *fd); /* stopped already: nothing */

/* One deadline. Init once; arm as often as wanted; TIME_NEVER disarms. Fires once for each arming.
 */
struct loop_deadline {
	struct loop_fd fd; /* private */
	void (*expired)(struct loop_deadline *deadline);
	int64_t at_us; /* what is armed, TIME_NEVER when not */
};
LT_MUST_USE int loop_deadline_init(struct loop *loop, struct loop_deadline *deadline);
void loop_deadline_arm(struct loop_deadline *deadline, int64_t at_us);
void loop_deadline_done(struct loop_deadline *deadline);

/* What is done once at the end of a turn in which it was asked for, after all else of it, which
 * takes no system call. Zero but for 'ended' before its start. */
struct loop_end {
	struct loop *loop;
	void (*ended)(struct loop_end *end);
	void *watcher; /* private; NULL while stopped */
	bool ending;   /* private */
};
void loop_end_start(struct loop *loop, struct loop_end *end);
/* From the loop's own thread; asked already: nothing. From within 'ended': of the next turn. It is
 * not stopped there. */
void loop_end_ask(struct loop_end *end);
void loop_end_stop(struct loop_end *end);

/* A signal delivered as an event (signalfd is not used: libev's own pipe). Main loop only. Zero but
 * for 'raised' and 'signum' before its start. */
struct loop_signal {
	void (*raised)(struct loop_signal *sig);
	void *watcher;
	int signum;
};
void loop_signal_start(struct loop *loop, struct loop_signal *sig);
void loop_signal_stop(struct loop *loop, struct loop_signal *sig);

/* Wakes a loop from any thread; several wakes before it runs count as one. Zero but for 'woken'
 * before its start. */
struct loop_wake {
	struct loop *loop;
	void (*woken)(struct loop_wake *wake);
	void *watcher;
};
void loop_wake_start(struct loop *loop, struct loop_wake *wake);
void loop_wake_send(struct loop_wake *wake); /* any thread, async-signal-safe */
void loop_wake_stop(struct loop_wake *wake);

#endif
