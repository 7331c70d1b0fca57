/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/notify.h - tells the service manager how we are: sd_notify(3)'s protocol.
 *
 * I/O. Datagrams of "KEY=value" lines to the socket that NOTIFY_SOCKET names. Without one (no
 * service manager) every call does nothing and succeeds. Status and watchdog messages never wait
 * for the manager; the others do, as sd_notify does. Source: systemd sd_notify(3),
 * sd_watchdog_enabled(3). */

#ifndef LINTEL_LIB_NOTIFY_H
#define LINTEL_LIB_NOTIFY_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody to tell */
	struct sockaddr_un manager;
	socklen_t manager_size;
	int64_t watchdog_us; /* the manager expects notify_watchdog() this often; ping at half of
	                        it. 0: it doesn't */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment.
 * -EINVAL when the address is of a kind that we don't know; 'notify' is then as without one. */
LT_MUST_USE int notify_open(struct notify *notify);
void notify_close(struct notify *notify);

LT_MUST_USE int notify_ready(const struct notify *notify);
/* 'now_us' is of the monotonic clock: the manager matches the end (notify_ready) to it. */
LT_MUST_USE int notify_reloading(const struct notify *notify, int64_t now_us);
LT_MUST_USE int notify_stopping(const struct notify *notify);
/* One line for people (systemctl status); line breaks in it become blanks. */
LT_MUST_USE int notify_status(const struct notify *notify, const char *status);
LT_MUST_USE int notify_watchdog(const struct notify *notify);

#endif
