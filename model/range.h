/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/range.h - port ranges whose ports are others on the servers: can they be served?
 *
 * Pure. With forwarding nat a range may lead to other ports, all at the same distance. The answers
 * find their way back by the address and the servers' port alone, so that port may be nobody
 * else's on the address. One judge for everybody: what is refused here is in neither IPVS nor
 * nftables. */

#ifndef LINTEL_MODEL_RANGE_H
#define LINTEL_MODEL_RANGE_H

#include "model/snapshot.h"

/* The servers' port for the first one of the service's; true when all servers agree on it. */
bool model_range_target(const struct model_service *service, uint16_t *ret_target);
/* Judges all port ranges, which have their marks already: sets model_service.refusal and adds a
 * warning for each that can't be served. */
void model_range_judge(struct model_snapshot *snapshot, struct model_problems *problems);

#endif
