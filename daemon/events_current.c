/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of events, and of what is so now for a program that has just come or missed something. */
#include "daemon/app.h"
#include "daemon/event.h"
#include "daemon/events.h"
#include "daemon/report_router.h"
#include "lib/mono.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Servers that are down are told of one by one, more as a number: for each all services are looked
 * through. */
#define SERVERS_MAX 64
#define TRACKS_MAX  64
#define NAME_SIZE   512

void events_add(const struct events *events, struct text *out, const char *event, bool current,
                int64_t at_us, json_t *members)
{
	const struct event_stamp stamp = {
		.wall_us = mono_wall_us() - (mono_now_us() - at_us),
		.node = events->app->options->node,
		.sequence = events->sequence,
		.current = current,
	};

	event_line(out, event, &stamp, members);
}

/* --- servers --- */

static bool has(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static void add_virtual(json_t *list, const struct model_virtual_server *vs)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/%s", vs->namespace, vs->name);
	if (!has(list, name))
		json_array_append_new(list, json_string(name));
}

/* A virtual server each whose service has this server, with this check. */
static json_t *virtuals_of(const struct checks *checks, const struct health_entry *entry)
{
	const struct model_snapshot *snapshot = checks->snapshot;
	const struct health_target *target = health_entry_target(entry);
	json_t *list = json_array();

	for (size_t i = 0; snapshot && i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		const struct model_real_server *servers;
		size_t count;

		if (!model_virtual_server_is_judged(service->virtual_server))
			continue;
		servers = model_port_servers(service->virtual_server, service->port, &count);
		for (size_t j = 0; j < count; j++) {
			const struct model_health_check *check;
			struct health_target own;

			if (!addr_equal(&servers[j].address, &target->address))
				continue;
			check = verdicts_check(service->virtual_server, &servers[j]);
			if (!check)
				continue;
			own = verdicts_target(service, &servers[j], check);
			if (health_find(checks->health, &own) == entry)
				add_virtual(list, service->virtual_server);
		}
		if (json_array_size(list) >= EVENT_LIST_MAX)
			break;
	}
	return list;
}

void events_add_server(const struct events *events, struct text *out,
                       const struct health_entry *entry, bool current)
{
	const struct health_machine *machine = health_entry_machine(entry);
	const struct health_target *target = health_entry_target(entry);
	char server[ENDPOINT_TEXT_SIZE];

	events_add(events, out, "server", current, machine->since_us,
	           event_server(endpoint_format(&target->address, target->port, server),
	                        model_health_type_name(target->check->type),
	                        virtuals_of(&events->app->checks, entry),
	                        current ? NULL : health_state_name(machine->before),
	                        health_state_name(machine->state),
	                        health_result_name(machine->result), machine->why));
}

static void add_servers(const struct events *events, struct text *out)
{
	const struct health *health = events->app->checks.health;
	const struct health_entry *entry = NULL;
	size_t count = 0;

	while ((entry = health_each(health, entry))) {
		if (health_entry_machine(entry)->state == HEALTH_DOWN && count++ < SERVERS_MAX)
			events_add_server(events, out, entry, true);
	}
	if (count > SERVERS_MAX)
		events_add(events, out, "servers", true, mono_now_us(),
		           event_servers(count - SERVERS_MAX));
}

/* --- virtual servers --- */

void events_add_answering(const struct events *events, struct text *out,
                          const struct checks_virtual *v, const enum checks_serving *before,
                          bool current)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s/%s", v->vs->namespace, v->vs->name);
	events_add(events, out, "answering", current, v->serving_since_us,
	           event_answering(name, v->router ? v->router->name : "",
	                           before && !current ? checks_serving_name(*before) : NULL,
	                           checks_serving_name(v->serving), v->up_count, v->down_count));
}

void events_add_quorum(const struct events *events, struct text *out,
                       const struct checks_virtual *v, bool current)
{
	const struct model_quorum *quorum = v->vs->quorum;
	char name[NAME_SIZE];
	const char *from = v->met ? "lost" : "met";

	snprintf(name, sizeof(name), "%s/%s", v->vs->namespace, v->vs->name);
	events_add(events, out, "quorum", current, v->met_since_us,
	           event_quorum(name, v->router ? v->router->name : "",
	                        current || !v->known ? NULL : from, v->met ? "met" : "lost",
	                        v->up_weight, quorum->minimum,
	                        model_quorum_loss_name(quorum->loss)));
}

static void add_virtuals(const struct events *events, struct text *out)
{
	const struct checks *checks = &events->app->checks;
	size_t count = 0;

	for (size_t i = 0; i < checks->virtual_count && count < SERVERS_MAX; i++) {
		const struct checks_virtual *v = &checks->virtuals[i];

		if (!v->known)
			continue;
		if (v->serving != CHECKS_SERVERS)
			events_add_answering(events, out, v, NULL, true);
		if (v->vs->quorum && !v->met)
			events_add_quorum(events, out, v, true);
		count += v->serving != CHECKS_SERVERS || !v->met;
	}
}

/* --- the rest --- */

static json_t *problem_texts(const struct model_problems *problems)
{
	json_t *list = json_array();
	struct text line = {0};

	for (size_t i = 0; i < problems->count && i < EVENT_LIST_MAX; i++) {
		json_t *text;

		text_clear(&line);
		model_problem_format(&problems->items[i], &line);
		text = json_stringn(line.data, line.len - 1);
		json_array_append_new(list, text ? text : json_string("(not UTF-8)"));
	}
	text_done(&line);
	return list;
}

void events_add_configuration(const struct events *events, struct text *out, const char *from,
                              bool current)
{
	const struct sources *sources = &events->app->sources;
	const struct model_problems *problems = &sources->problems;
	size_t errors = problems->error_count;
	size_t all = problems->count + problems->dropped_count;

	events_add(
		events, out, "configuration", current, events->configuration_us,
		event_configuration(current ? NULL : from, events->configuration, errors,
	                            all > errors ? all - errors : 0,
	                            sources->snapshot ? sources->snapshot->router_count : 0,
	                            sources->snapshot ? sources->snapshot->virtual_server_count : 0,
	                            problem_texts(problems)));
}

static void add_router(const struct events *events, struct text *out,
                       const struct model_router_status *router)
{
	const struct model_transition now = {
		.to = router->state,
		.reason = router->reason,
		.peer = router->transition_count ? router->transitions[0].peer
	                                         : (struct addr){.family = ADDR_NONE},
	};

	events_add(
		events, out, "router", true, router->since_us,
		event_router(router, &now, true,
	                     report_router_addresses(events->app->sources.snapshot, router->name)));
	if (router->problem[0])
		events_add(events, out, "router-problem", true, mono_now_us(),
		           event_router_problem(router));
}

/* What is not as it should be, or counts. */
static void add_tracks(const struct events *events, struct text *out)
{
	const struct track_table *table = &events->app->tracks.table;
	size_t count = 0;

	for (size_t i = 0; i < table->count && count < TRACKS_MAX; i++) {
		const struct track_item *item = &table->items[i];

		if (item->seen.verdict != VRRP_TRACK_BAD &&
		    (!item->damper.known || item->damper.value == 0))
			continue;
		events_add(events, out, "track", true, item->since_us, event_track(item, NULL));
		count++;
	}
}

static void add_replication(const struct events *events, struct text *out)
{
	json_t *report = replication_report(events->app->replication, mono_now_us());
	json_t *router;
	size_t i;

	json_array_foreach(json_object_get(report, "routers"), i, router) events_add(
		events, out, "replication", true, mono_now_us(),
		event_replication(json_string_value(json_object_get(router, "router")), NULL,
	                          json_string_value(json_object_get(router, "step"))));
	json_decref(report);
}

void events_current(const struct events *events, struct text *out)
{
	const struct app *app = events->app;

	events_add(events, out, "daemon", true, app->started_us,
	           event_daemon(NULL, events->running ? "running" : "stopping", LINTEL_VERSION,
	                        (int)getpid()));
	if (events->configuration)
		events_add_configuration(events, out, NULL, true);
	for (size_t i = 0; i < app->router_count; i++)
		add_router(events, out, &app->routers[i]);
	add_tracks(events, out);
	if (app->replication)
		add_replication(events, out);
	add_virtuals(events, out);
	add_servers(events, out);
}
