/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/track_table.h - what virtual routers track, what was seen of it, and what follows.
 *
 * Pure: who looks (daemon/tracks.c) tells what was seen, and when. What is seen goes through
 * vrrp/track.h and vrrp/damper.h and becomes restraints of virtual routers. Time: now_us,
 * microseconds on the monotonic clock. */

#ifndef LINTEL_DAEMON_TRACK_TABLE_H
#define LINTEL_DAEMON_TRACK_TABLE_H

#include "model/snapshot.h"
#include "vrrp/config.h"
#include "vrrp/damper.h"
#include "vrrp/track.h"

#include <jansson.h>

/* One entry of 'track' of one virtual router. */
struct track_item {
	char router[254];
	struct model_track track; /* its strings are owned */
	struct vrrp_damper_params damping;
	struct vrrp_track_seen seen;
	int64_t since_us;      /* when 'seen' began */
	uint64_t change_count; /* of 'seen', the first one excepted; since start */
	struct vrrp_damper damper;
};

/* Zero-initialised. */
struct track_table {
	struct track_item *items; /* owned; by router in the snapshot's order */
	size_t count;
	struct vrrp_restraint *restraints; /* owned */
	size_t restraint_count;
};

void track_table_done(struct track_table *table);
/* What the snapshot wants tracked; what was seen of things that stay is kept. */
void track_table_want(struct track_table *table, const struct model_snapshot *snapshot,
                      int64_t now_us);
/* True when what counts of this item is another now. */
bool track_table_see(struct track_table *table, size_t item, const struct vrrp_track_seen *seen,
                     int64_t now_us);
/* Calls 'changed' (may be NULL) for each item of which something else counts, as what was waited
 * for is over. */
void track_table_expire(struct track_table *table, int64_t now_us,
                        void (*changed)(void *ctx, const struct track_item *item), void *ctx);
/* When track_table_expire() wants to be called; TIME_NEVER: never. */
int64_t track_table_deadline(const struct track_table *table);
/* Puts the restraints together anew. True when they are others. */
bool track_table_restrain(struct track_table *table);
/* What one router tracks, as JSON (docs/json.md). New reference. */
json_t *track_table_report(const struct track_table *table, const char *router, int64_t now_us);

#endif
