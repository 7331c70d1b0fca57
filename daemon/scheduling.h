/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/scheduling.h - how the main thread gets the processor.
 *
 * I/O: the kernel. Main thread; threads that it makes meanwhile take after it. A policy that an
 * operator chose (chrt(1), systemd) stays. Source: sched(7). */

#ifndef LINTEL_DAEMON_SCHEDULING_H
#define LINTEL_DAEMON_SCHEDULING_H

/* What comes wakes the thread, but nobody is pushed aside for it (SCHED_BATCH). For reading lists:
 * an API server on the same machine would be, each time it has written a few kilobytes, and both
 * would take longer. */
void scheduling_give_way(void);
/* What comes is seen to at once, as usual. */
void scheduling_be_prompt(void);

#endif
