/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

void metrics_write(const struct app *app, const struct ipvs_table *found, int64_t now_us,
                   struct text *out)
{
	metrics_daemon_write(app, now_us, out);
	metrics_process_write(app->started_wall_us, out);
	metrics_router_write(app->routers, app->router_count, app->sources.snapshot, now_us, out);
	metrics_track_write(&app->tracks.table, now_us, out);
	if (found)
		metrics_server_write(app, found, out);
	metrics_health_write(&app->checks, out);
	if (app->events.news) {
		json_t *notifications = events_report(&app->events, now_us);
		metrics_events_write(notifications, out);
		json_decref(notifications);
	}
	if (app->replication) {
		json_t *replication = replication_report(app->replication, now_us);
		metrics_replication_write(replication, out);
		json_decref(replication);
	}
	if (app->kubernetes) {
		json_t *kubernetes = kubernetes_report(app->kubernetes, &app->sources, now_us);
		metrics_kubernetes_write(kubernetes, out);
		json_decref(kubernetes);
	}
}
