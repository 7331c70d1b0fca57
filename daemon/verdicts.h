/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/verdicts.h - from verdicts of health checks to what IPVS is to hold.
 *
 * Pure. Starts from what the objects and operators want (ipvs/table.h: a server drained by hand has
 * the weight 0) and takes from that what checks say is down; when no server is able, everything or
 * a sorry server serves, see health/quorum.h. */

#ifndef LINTEL_DAEMON_VERDICTS_H
#define LINTEL_DAEMON_VERDICTS_H

#include "health/quorum.h"
#include "health/table.h"
#include "ipvs/table.h"

/* Where verdicts come from. */
struct verdicts {
	/* NULL: that target is not checked (yet). */
	const struct health_entry *(*find)(const void *ctx, const struct health_target *target);
	const void *ctx;
	bool unsettled; /* some changed since IPVS had a turn for them */
};

/* What is known of one dest of a service. */
struct verdicts_server {
	const struct model_health_check *check; /* NULL: unchecked */
	const struct health_entry *entry;       /* NULL: unchecked, or its first check is to come */
	struct health_server judged;
};

/* One virtual service: its servers in the order of its dests, and what results. */
struct verdicts_service {
	struct verdicts_server *servers;
	size_t count;
	struct health_service result;
	uint64_t whole_weight;
};

/* The check that a server has: its own or its virtual server's; NULL: none. */
const struct model_health_check *verdicts_check(const struct model_virtual_server *vs,
                                                const struct model_real_server *server);
/* What that check looks at. */
struct health_target verdicts_target(const struct model_service *service,
                                     const struct model_real_server *server,
                                     const struct model_health_check *check);
/* Appends the targets of all services of a snapshot; the array is the caller's to free. They point
 * into the snapshot. Targets may be given several times. */
struct health_target *verdicts_targets(const struct model_snapshot *snapshot, size_t *ret_count);

/* 'service' is as ipvs_table_build() made it. The result lies in 'arena'. */
struct verdicts_service verdicts_judge(const struct verdicts *verdicts, struct arena *arena,
                                       const struct ipvs_service *service);
/* Takes what is down out of all services of a table that ipvs_table_build() made. */
void verdicts_apply(const struct verdicts *verdicts, struct ipvs_table *table);

/* The same for one who does not know the verdicts: what the kernel has tells. A checked server that
 * has the weight 0 there, or is to be removed and isn't there, is taken to be down; the sorry
 * server to be needed if it is there. True: something was. */
bool verdicts_foresee(struct ipvs_table *table, const struct ipvs_table *found);

/* Is this dest the sorry server of the service, and no server besides? */
bool verdicts_is_sorry(const struct model_service *service, const struct ipvs_dest *dest);

#endif
