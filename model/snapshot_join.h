/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/snapshot_join.h - what the sources say, in order: the first half of model/snapshot.h, not
 * for others.
 *
 * Pure. */

#ifndef LINTEL_MODEL_SNAPSHOT_JOIN_H
#define LINTEL_MODEL_SNAPSHOT_JOIN_H

#include "model/snapshot.h"

/* Fills sources, routers, virtual servers, pools, services (without marks) and claims of a snapshot
 * that is empty but for its arena. Of 'before' (may be NULL) the order of what stays is taken over.
 * 'incomplete': there are errors already and nothing will come of this, so objects that have them
 * are taken as well, and nothing of 'before'. */
void model_snapshot_join(struct model_snapshot *snapshot, const struct model_snapshot *before,
                         const struct model_objects *const *sources, size_t source_count,
                         bool incomplete);

#endif
