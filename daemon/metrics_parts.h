/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/metrics_parts.h - what daemon/metrics.h is made of, family by family.
 *
 * Pure but for what they are given. Private to the metrics. */

#ifndef LINTEL_DAEMON_METRICS_PARTS_H
#define LINTEL_DAEMON_METRICS_PARTS_H

#include "daemon/metrics.h"
#include "daemon/metrics_text.h"

#include <jansson.h>

/* metrics_daemon.c: the daemon itself, its turns, what stands in the way. */
void metrics_daemon_write(const struct app *app, int64_t now_us, struct text *out);
/* metrics_process.c: the process; 'started_wall_us' is the time of day it began. */
void metrics_process_write(int64_t started_wall_us, struct text *out);
/* metrics_router.c: virtual routers; 'snapshot' (may be NULL) tells their addresses. */
void metrics_router_write(const struct model_router_status *routers, size_t count,
                          const struct model_snapshot *snapshot, int64_t now_us, struct text *out);
/* metrics_track.c: what virtual routers track. */
void metrics_track_write(const struct track_table *table, int64_t now_us, struct text *out);
/* metrics_health.c: checks of servers, and what they say. */
void metrics_health_write(const struct checks *checks, struct text *out);
/* metrics_server.c: virtual and real servers, of a dump. */
void metrics_server_write(const struct app *app, const struct ipvs_table *found, struct text *out);

/* These three say what the status says (docs/json.md), of which they are given the part. */
/* metrics_events.c: "notifications". */
void metrics_events_write(const json_t *notifications, struct text *out);
/* metrics_replication.c: "replication". */
void metrics_replication_write(const json_t *replication, struct text *out);
/* metrics_kubernetes.c: the entry of "sources" for the cluster. */
void metrics_kubernetes_write(const json_t *kubernetes, struct text *out);

#endif
