/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/floating.h - addresses that source NAT of mode auto takes: they go where the virtual router
 * goes.
 *
 * Pure. Those of the other members of its sync group do, too: they are Active on one node together
 * or not at all. What serves on a group's outside so has the address of its inside. */

#ifndef LINTEL_MODEL_FLOATING_H
#define LINTEL_MODEL_FLOATING_H

#include "model/snapshot.h"

/* What services of a virtual router have on one interface, in one family. Never link-local. */
struct model_floating {
	const struct model_router *router; /* whose services */
	const struct model_router *owner;  /* itself, or another of its sync group */
	const struct model_router_address *address;
};

/* Are both in the same sync group? No one is in one with itself. */
bool model_floating_together(const struct model_router *a, const struct model_router *b);
/* Fills 'floating' of a snapshot whose routers are there. The router's own addresses come before
 * others', those before the ones of whoever comes later by name. */
void model_floating_collect(struct model_snapshot *snapshot);
/* All of one router of the snapshot, each interface once a family. */
const struct model_floating *model_floating_of(const struct model_snapshot *snapshot,
                                               const struct model_router *router,
                                               size_t *ret_count);

#endif
