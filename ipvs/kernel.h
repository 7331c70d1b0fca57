/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/kernel.h - IPVS of the network namespace we are in, over generic netlink.
 *
 * I/O, blocking: a dump of the dests of n services costs 2 n system calls, a change a thousandth of
 * one. Needs CAP_NET_ADMIN in the initial user namespace. Used by one thread. Never flushes. */

#ifndef LINTEL_IPVS_KERNEL_H
#define LINTEL_IPVS_KERNEL_H

#include "ipvs/plan.h"
#include "ipvs/scope.h"
#include "ipvs/table.h"
#include "lib/compiler.h"
#include "lib/nl.h"

struct ipvs_kernel;

/* Opening loads the module ip_vs if the kernel can. -ENOENT: there is no IPVS. */
LT_MUST_USE int ipvs_kernel_open(struct ipvs_kernel **ret_kernel);
void ipvs_kernel_close(struct ipvs_kernel *kernel); /* NULL accepted */
/* What a failure to open means and what to do about it; for -errno of ipvs_kernel_open. */
const char *ipvs_kernel_open_text(int err);
const struct nl_counters *ipvs_kernel_counters(const struct ipvs_kernel *kernel);

struct ipvs_kernel_info {
	uint32_t version;          /* 0x010201 is 1.2.1 */
	uint32_t connection_slots; /* size of the connection table */
};
LT_MUST_USE int ipvs_kernel_info(struct ipvs_kernel *kernel, struct ipvs_kernel_info *ret_info);

/* Seconds an idle connection lives; 0 leaves a value as it is when set. */
struct ipvs_timeouts {
	uint32_t tcp_s;
	uint32_t tcp_fin_s;
	uint32_t udp_s;
};
LT_MUST_USE int ipvs_kernel_timeouts(struct ipvs_kernel *kernel, struct ipvs_timeouts *ret);
LT_MUST_USE int ipvs_kernel_set_timeouts(struct ipvs_kernel *kernel,
                                         const struct ipvs_timeouts *timeouts);

struct ipvs_dump {
	/* Which services' real servers to ask for; NULL: all. */
	bool (*wants_dests)(const void *ctx, const struct ipvs_key *key);
	const void *ctx;
	bool stats; /* keep counters and rates, too */
};
/* All services, in order. Services of others are in it as well, without dests unless asked for. An
 * entry that can't be understood is left out and counted in '*ret_unknown' (NULL accepted).
 * 'ret_table' is initialised here. */
LT_MUST_USE int ipvs_kernel_dump(struct ipvs_kernel *kernel, const struct ipvs_dump *dump,
                                 struct ipvs_table *ret_table, size_t *ret_unknown);

/* The services of a scope that are there, with their real servers, without counters: some system
 * calls for each, however many there are besides. */
LT_MUST_USE int ipvs_kernel_look(struct ipvs_kernel *kernel, const struct ipvs_scope *scope,
                                 struct ipvs_table *ret_table, size_t *ret_unknown);

/* Carries out a plan, in order. 'results' has plan->count places: 0 or positive errno each;
 * ECANCELED for a real server whose service was refused. What is already gone counts as removed.
 * After a scheduler turned out to be missing it is not asked for again within the call. 0 when
 * every operation has its result, -errno when the channel failed (then dump again). */
LT_MUST_USE int ipvs_kernel_apply(struct ipvs_kernel *kernel, const struct ipvs_plan *plan,
                                  int *results);

#endif
