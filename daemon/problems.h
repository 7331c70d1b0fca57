/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/problems.h - what is wrong right now, in sentences; told in the log once.
 *
 * A turn begins, adds what it finds, and ends: what was not there after the turn before is logged,
 * and so is that nothing is wrong any more. */

#ifndef LINTEL_DAEMON_PROBLEMS_H
#define LINTEL_DAEMON_PROBLEMS_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBLEMS_MAX 20 /* more are counted, not kept */

struct problems {
	const char *component; /* for the log, not owned */
	char *items[PROBLEMS_MAX];
	size_t count;
	size_t more; /* beyond PROBLEMS_MAX */
	char *before[PROBLEMS_MAX];
	size_t before_count;
};

void problems_init(struct problems *problems, const char *component);
void problems_done(struct problems *problems);
void problems_begin(struct problems *problems);
/* The same sentence twice counts once. */
void problems_add(struct problems *problems, const char *fmt, ...) LT_PRINTF(2, 3);
void problems_end(struct problems *problems);

#endif
