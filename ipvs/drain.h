/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/drain.h - real servers and virtual services take leave: weight 0 first, gone when their
 * connections have ended or their time is up.
 *
 * Pure; time is an argument. UDP is removed at once: its flows stick to a server of weight 0 for as
 * long as the client speaks. So is what doesn't answer any more
 * (ipvs_service.dropped). Not kept over a restart: then a drain begins anew. A service that is
 * wanted no more is kept whole until its last connection has ended. Connections that IPVS can't see
 * (replicated NAT flows) are not counted.
 *
 * The whole of a reconcile turn is:
 *   dump -> ipvs_drain_step(wanted, found) -> ipvs_plan_make(effective, found) -> apply
 * and before that, where it is known what was wanted before, the same with what that lets expect
 * in place of a dump (ipvs/expect.h): two steps at one instant. */

#ifndef LINTEL_IPVS_DRAIN_H
#define LINTEL_IPVS_DRAIN_H

#include "ipvs/journal.h"
#include "ipvs/scope.h"
#include "ipvs/table.h"

#define IPVS_DRAIN_TIMEOUT_US (300 * INT64_C(1000000)) /* when nobody said */

struct ipvs_drain_entry {
	struct ipvs_key key;
	bool whole; /* the service itself; else one real server of it: */
	struct addr addr;
	uint16_t port;
	struct addr vip; /* of the service; family ADDR_NONE: unknown */
	int64_t since_us;
	int64_t deadline_us;
	uint32_t connections; /* left when last seen */
	bool was_quiet;       /* had no weight before */
};

struct ipvs_drain {
	struct ipvs_drain_entry *entries; /* owned; sorted */
	size_t count;
	int64_t look_us; /* when to look again whether connections have ended */
};

void ipvs_drain_init(struct ipvs_drain *drain);
void ipvs_drain_done(struct ipvs_drain *drain);

/* Works out the table to plan against: what is wanted, and what is taking leave. 'found' is a fresh
 * dump with the dests of all owned services. With a scope both are views of it, and what drains
 * outside goes on as it is; NULL: everything. 'ret_effective' borrows from 'wanted' and 'found' and
 * must go before them. */
void ipvs_drain_step(struct ipvs_drain *drain, int64_t now_us, const struct ipvs_table *wanted,
                     const struct ipvs_table *found, const struct ipvs_journal *owned,
                     const struct ipvs_scope *scope, struct ipvs_table *ret_effective);
/* Adds the services in which something drains: those to look at when the deadline comes. */
void ipvs_drain_scope(const struct ipvs_drain *drain, struct ipvs_scope *scope);
/* When ipvs_drain_step wants to be called next, after a fresh dump; TIME_NEVER: nothing drains. */
int64_t ipvs_drain_deadline(const struct ipvs_drain *drain);
/* Is this address that of a service that is taking leave? Then it must stay on its interface. */
bool ipvs_drain_needs_vip(const struct ipvs_drain *drain, const struct addr *vip);

#endif
