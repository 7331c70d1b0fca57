/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report.h"
#include "daemon/report_router.h"
#include "daemon/report_time.h"

#include "lib/mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *problem_list(const struct problems *problems)
{
	json_t *list = json_array();

	for (size_t i = 0; i < problems->count; i++)
		json_array_append_new(list, json_string(problems->items[i]));
	if (problems->more)
		json_array_append_new(list, json_sprintf("and %zu more", problems->more));
	return list;
}

static json_t *source_list(const struct app *app, int64_t now_us)
{
	const struct sources *sources = &app->sources;
	json_t *list = json_array();

	for (size_t i = 0; i < sources->files.path_count; i++) {
		json_t *problems = json_array();
		bool in_step = sources_in_step(sources, i, problems);
		json_array_append_new(list, json_pack("{s:s,s:b,s:o,s:o}", "path",
		                                      sources->files.paths[i], "inStep", in_step,
		                                      "loadedSecondsAgo",
		                                      report_age(now_us, sources->loaded_us),
		                                      "problems", problems));
	}
	if (app->kubernetes)
		json_array_append_new(list, kubernetes_report(app->kubernetes, sources, now_us));
	return list;
}

static json_t *ipvs_object(const struct balance *balance)
{
	char version[32];

	snprintf(version, sizeof(version), "%u.%u.%u", balance->version >> 16 & 0xff,
	         balance->version >> 8 & 0xff, balance->version & 0xff);
	return json_pack(
		"{s:b,s:s,s:I,s:I,s:I,s:I,s:o}", "available", balance->kernel != NULL, "version",
		balance->kernel ? version : "", "services", (json_int_t)balance->service_count,
		"servers", (json_int_t)balance_server_count(balance), "draining",
		(json_int_t)balance->drain.count, "foreignServices",
		(json_int_t)balance->foreign_count, "problems", problem_list(&balance->problems));
}

/* null: not known. */
static json_t *figure(int64_t value)
{
	return value == CAPACITY_UNKNOWN ? json_null() : json_integer((json_int_t)value);
}

static json_t *capacity_object(const struct capacity *capacity)
{
	return json_pack("{s:o,s:o,s:o,s:I,s:I,s:o}", "trackedConnections",
	                 figure(capacity->tracked), "trackedConnectionsMax",
	                 figure(capacity->tracked_max), "trackedBuckets",
	                 figure(capacity->tracked_buckets), "ipvsConnections",
	                 (json_int_t)capacity->balanced, "ipvsBuckets",
	                 (json_int_t)capacity->balanced_buckets, "problems",
	                 problem_list(&capacity->problems));
}

static json_t *reconcile_object(const struct reconcile *r, int64_t now_us)
{
	const struct nl_counters *counters =
		r->balance.kernel ? ipvs_kernel_counters(r->balance.kernel) : NULL;

	return json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I}", "secondsAgo",
		report_age(now_us, r->turned_us), "durationSeconds",
		report_seconds(r->turn_took_us), "resyncSeconds",
		report_seconds(r->resync_paced_us), "resyncWantedSeconds",
		report_seconds(r->resync_us), "ipvsReadSeconds", report_seconds(r->balance.read_us),
		"ipvsPlanSeconds", report_seconds(r->balance.plan_us), "ipvsApplySeconds",
		report_seconds(r->balance.apply_us), "turns", (json_int_t)r->turn_count,
		"operations", (json_int_t)r->balance.operation_count, "messages",
		(json_int_t)(counters ? counters->messages : 0), "writes",
		(json_int_t)(r->balance.write_count + r->nft_write_count + r->sysctl_write_count),
		"driftRepaired", (json_int_t)(r->balance.drift_count + r->nft_drift_count));
}

static json_t *sysctl_list(const struct sysctls *sysctls)
{
	json_t *list = json_array();
	struct text sentence = {0};
	char name[SYSCTLS_NAME_SIZE];

	for (size_t i = 0; sysctls && i < sysctls->count; i++) {
		const struct sysctls_item *item = &sysctls->items[i];
		bool in_force = item->state == SYSCTLS_FINE || item->state == SYSCTLS_OURS;
		text_clear(&sentence);
		if (!sysctls_format_problem(item, &sentence))
			text_clear(&sentence);
		json_array_append_new(list,
		                      json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:s}", "name",
		                                sysctls_display(item->name, name), "value",
		                                item->current, "wanted", item->value, "before",
		                                item->original, "inForce", in_force, "why",
		                                item->why, "problem", text_str(&sentence)));
	}
	text_done(&sentence);
	return list;
}

static json_t *router_list(const struct app *app, int64_t now_us)
{
	struct report_router_more more = {.snapshot = app->sources.snapshot,
	                                  .tracks = &app->tracks.table,
	                                  .checks = &app->checks};
	struct vrrp_restraint *restraints = app_restraints(app, &more.restraint_count);
	json_t *list;

	more.restraints = restraints;
	list = report_routers(app->routers, app->router_count, &more, now_us);
	free(restraints);
	return list;
}

json_t *report_status(const struct app *app, int64_t now_us)
{
	json_t *status = json_pack("{s:s,s:s,s:i,s:o}", "version", LINTEL_VERSION, "node",
	                           app->options->node, "pid", (int)getpid(), "uptimeSeconds",
	                           report_seconds(now_us - app->started_us));

	json_object_set_new(status, "realtime",
	                    json_boolean(app->router_count && app->routers[0].realtime));
	json_object_set_new(status, "confined", json_boolean(app->confined));
	json_object_set_new(status, "routers", router_list(app, now_us));
	json_object_set_new(status, "sources", source_list(app, now_us));
	json_object_set_new(status, "ipvs", ipvs_object(&app->reconcile.balance));
	json_object_set_new(status, "health", checks_report(&app->checks, now_us));
	json_object_set_new(status, "nft",
	                    json_pack("{s:b,s:o}", "inStep", app->reconcile.nft_in_step, "problems",
	                              problem_list(&app->reconcile.nft_problems)));
	json_object_set_new(status, "kubeProxy",
	                    json_pack("{s:s,s:o}", "mode",
	                              kube_proxy_mode_name(app->reconcile.proxy_mode), "problems",
	                              problem_list(&app->reconcile.proxy_problems)));
	json_object_set_new(status, "stateDirectory",
	                    json_pack("{s:s,s:o}", "path", app->options->state_dir, "problems",
	                              problem_list(&app->reconcile.state_problems)));
	json_object_set_new(status, "capacity", capacity_object(&app->reconcile.capacity));
	json_object_set_new(status, "replication", replication_report(app->replication, now_us));
	json_object_set_new(status, "notifications", events_report(&app->events, now_us));
	json_object_set_new(status, "reconcile", reconcile_object(&app->reconcile, now_us));
	json_object_set_new(status, "sysctls", sysctl_list(app->reconcile.sysctls));
	return status;
}
