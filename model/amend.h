/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/amend.h - a snapshot whose virtual servers get other real servers.
 *
 * Pure. Endpoints of a cluster come and go all the time, and nothing but who serves follows from
 * them: addresses, ports, marks and what is checked between objects stay as they are. So this is
 * the one change that a snapshot takes in where it stands, at a cost that does not grow with it;
 * all others make a new one. */

#ifndef LINTEL_MODEL_AMEND_H
#define LINTEL_MODEL_AMEND_H

#include "model/snapshot.h"

/* Takes in new versions of virtual servers, one in each of 'items', which are shared from then on.
 * False, and nothing is done: one of them is not in the snapshot, or differs in more than the
 * servers of its ports' own (own_servers). */
bool model_snapshot_amend(struct model_snapshot *snapshot, const struct model_objects *const *items,
                          size_t count);
/* Is one virtual server all that each is, and the same but for the servers of its ports' own? Then
 * a check against other objects finds the same in both. */
bool model_objects_differ_in_servers_only(const struct model_objects *a,
                                          const struct model_objects *b);
/* What a port of a virtual server has become on one of its addresses; NULL: it is not in the
 * snapshot. */
const struct model_service *model_snapshot_service(const struct model_snapshot *snapshot,
                                                   const struct addr *address,
                                                   const struct model_port *port);

#endif
