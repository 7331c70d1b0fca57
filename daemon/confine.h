/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/confine.h - after its start the daemon asks the kernel to refuse it whatever it has no use
 * for: seccomp(2), by libseccomp.
 *
 * I/O. What is allowed, and why, stands in daemon/confine_calls.h alone. Everything else fails with
 * EPERM, so that a library that tries something new goes on without; what only an intruder would
 * call ends the process at once (SIGSYS): other nodes take over, and the kernel takes the
 * addresses. There is no way back, and threads and their successors are bound, too. */

#ifndef LINTEL_DAEMON_CONFINE_H
#define LINTEL_DAEMON_CONFINE_H

#include "lib/compiler.h"

#include <stdbool.h>

/* For all threads of the process, now and later. 0, or -errno when the kernel or this build can't:
 * -EOPNOTSUPP. */
LT_MUST_USE int confine_threads(void);
/* The same for the daemon, at the end of its start, told in the log. Does not fail: true when it is
 * confined now. */
bool confine_start(bool wanted);
/* At the beginning of the start, before there are threads: gives up the privileges that are not
 * needed (lib/privs.h). That they can't be given up is told, and no failure. */
void confine_drop(void);

#endif
