/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/aside.h - files of the state directory that can't be used: cut off, edited, unreadable.
 *
 * I/O. None of them is worth an outage: the daemon starts without it. The file is renamed, so that
 * nothing of it is lost, and a problem is told until somebody has looked and removed it. */

#ifndef LINTEL_DAEMON_ASIDE_H
#define LINTEL_DAEMON_ASIDE_H

#include "daemon/problems.h"

#define ASIDE_SUFFIX ".aside" /* one of before is replaced */

/* 'path' is put aside; 'why' ("is damaged") is logged. */
void aside_put(const char *path, const char *why);
/* Adds a problem for each that lies there. */
void aside_look(const char *state_dir, struct problems *problems);

#endif
