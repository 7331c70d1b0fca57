/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/alone.h - one daemon in a network namespace: two would take each other's addresses and
 * nftables table for leftovers.
 *
 * I/O. An abstract UNIX socket is a name within a network namespace, and goes with its process. */

#ifndef LINTEL_DAEMON_ALONE_H
#define LINTEL_DAEMON_ALONE_H

#include "lib/compiler.h"

/* 0 with a descriptor to keep open; -EADDRINUSE: there is another one; other -errno. Logs why not.
 */
LT_MUST_USE int alone_open(int *ret_fd);

#endif
