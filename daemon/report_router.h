/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/report_router.h - virtual routers as the JSON of `lintel status`.
 *
 * Pure. Instants become ages relative to now_us. */

#ifndef LINTEL_DAEMON_REPORT_ROUTER_H
#define LINTEL_DAEMON_REPORT_ROUTER_H

#include "model/snapshot.h"
#include "model/status.h"

#include <jansson.h>

struct checks;
struct track_table;
struct vrrp_restraint;

/* What there is to say of virtual routers beside what VRRP says. */
struct report_router_more {
	const struct model_snapshot *snapshot; /* NULL: nothing is wanted */
	const struct track_table *tracks;
	const struct checks *checks;
	const struct vrrp_restraint *restraints;
	size_t restraint_count;
};

/* An array with one object for each of 'routers'. New reference. */
json_t *report_routers(const struct model_router_status *routers, size_t count,
                       const struct report_router_more *more, int64_t now_us);

/* What a router owns when Active: "10.77.0.100/24", its own and those of its virtual servers. New
 * reference. */
json_t *report_router_addresses(const struct model_snapshot *snapshot, const char *name);

#endif
