/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/health.h - checks of servers, carried out: what the daemon knows of this folder, with
 * health/quorum.h for what follows from the verdicts.
 *
 * I/O on the loop, which is never blocked: sockets, and libcurl for HTTP and TLS. Nothing is
 * logged: 'changed' is told. Checks go to the server's own address from whatever source the routes
 * say; with direct routing and tunnels that does not try the virtual address on the server.
 * Certificate files are read anew by each check. */

#ifndef LINTEL_HEALTH_HEALTH_H
#define LINTEL_HEALTH_HEALTH_H

#include "health/machine.h"
#include "health/memory.h"
#include "health/table.h"
#include "lib/compiler.h"
#include "lib/loop.h"

#include <stddef.h>
#include <stdint.h>

struct health;

struct health_handlers {
	/* A server's state changed (health_entry_machine). From the loop, never from within
	 * health_want(); may do anything but health_want() and health_close(). */
	void (*changed)(void *ctx, const struct health_entry *entry);
	void *ctx;
};

/* Checks at once, at most; no more than half of the descriptors we may have (RLIMIT_NOFILE). */
#define HEALTH_LIGHT_MAX 2048
#define HEALTH_HEAVY_MAX 256
struct health_limits {
	size_t light_max; /* 0: HEALTH_LIGHT_MAX */
	size_t heavy_max; /* 0: HEALTH_HEAVY_MAX */
};

/* 'limits' may be NULL. -ENOMEM, -EMFILE. */
LT_MUST_USE int health_open(struct loop *loop, const struct health_handlers *handlers,
                            const struct health_limits *limits, struct health **ret_health);
/* Gives up what is under way. NULL accepted. */
void health_close(struct health *health);

/* From now on these are checked and no others; see health_table_want(). Everything is copied. */
void health_want(struct health *health, const struct health_target *targets, size_t count);
/* These are checked as well; see health_table_expect(). Verdicts of before the start are taken over
 * from 'memory' (may be NULL); returns how many. */
size_t health_expect(struct health *health, const struct health_target *targets, size_t count,
                     struct health_memory *memory);
/* NULL: not wanted. The entry is valid until a health_want() without it. */
const struct health_entry *health_find(const struct health *health,
                                       const struct health_target *target);
/* All, in no order: NULL gives the first. */
const struct health_entry *health_each(const struct health *health,
                                       const struct health_entry *after);
void health_totals(const struct health *health, struct health_totals *ret_totals);

#endif
