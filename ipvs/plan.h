/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/plan.h - what to tell the kernel so that it holds what is wanted.
 *
 * Pure. One walk along two sorted tables. Order of operations: first everything that adds or
 * changes, services before their real servers; then real servers that go; then services that go.
 * Nothing is ever removed to be added again: a removed real server lies in the kernel's trash for
 * one to three minutes, and every addition walks that list. */

#ifndef LINTEL_IPVS_PLAN_H
#define LINTEL_IPVS_PLAN_H

#include "ipvs/journal.h"
#include "ipvs/table.h"
#include "lib/text.h"

enum ipvs_op_kind {
	IPVS_OP_ADD_SERVICE,
	IPVS_OP_SET_SERVICE,
	IPVS_OP_ADD_DEST,
	IPVS_OP_SET_DEST,
	IPVS_OP_DEL_DEST,
	IPVS_OP_DEL_SERVICE, /* with all its real servers */
};
#define IPVS_OP_KINDS 6
const char *ipvs_op_kind_name(enum ipvs_op_kind kind); /* "add-service" */

struct ipvs_op {
	enum ipvs_op_kind kind;
	/* The service as wanted; of DEL_SERVICE and of dests in a service that is not wanted, as
	 * found. In one of the two tables, as everything here. */
	const struct ipvs_service *service;
	const struct ipvs_dest *dest;           /* ADD, SET: as wanted; DEL: as found; else NULL */
	const struct ipvs_service *service_was; /* SET_SERVICE */
	const struct ipvs_dest *dest_was;       /* SET_DEST */
};

struct ipvs_plan {
	struct ipvs_op *ops; /* owned, but for a part's */
	size_t count;
	size_t counts[IPVS_OP_KINDS];
};

/* 'owned' are the keys we made; wanted ones are ours, too. Services of 'observed' that are neither
 * are not touched. Both tables must outlive the plan. */
void ipvs_plan_make(const struct ipvs_table *desired, const struct ipvs_table *observed,
                    const struct ipvs_journal *owned, struct ipvs_plan *ret_plan);
void ipvs_plan_done(struct ipvs_plan *plan);

/* The same plan in parts, for who carries each out before there is the next: of many operations
 * only few are held at a time. */
struct ipvs_op_list {
	struct ipvs_op *ops;
	size_t count;
	size_t capacity;
};
struct ipvs_planner {
	const struct ipvs_table *desired, *observed;
	const struct ipvs_journal *owned;
	size_t desired_at, observed_at; /* how far they are compared */
	struct ipvs_op_list changes;    /* additions and changes of the part */
	struct ipvs_op_list gone_dests; /* of all parts: these come last */
	struct ipvs_op_list gone_services;
};

void ipvs_planner_init(struct ipvs_planner *planner, const struct ipvs_table *desired,
                       const struct ipvs_table *observed, const struct ipvs_journal *owned);
void ipvs_planner_done(struct ipvs_planner *planner);
/* The next part: all of a service with the one with which there are at least 'enough' operations.
 * False: there are no more. The part is the planner's, until the next one. */
bool ipvs_planner_next(struct ipvs_planner *planner, size_t enough, struct ipvs_plan *ret_part);

/* One readable line without '\n':
 * "+ virtual service TCP 10.77.0.100:80 scheduler rr",
 * "~ real server 10.78.0.21:8080 of TCP 10.77.0.100:80 weight 1 -> 0". */
void ipvs_op_format(const struct ipvs_op *op, struct text *out);
/* Why the kernel refused an operation and what to do about it; 'error' is a positive errno. */
void ipvs_op_explain(const struct ipvs_op *op, int error, struct text *out);

#endif
