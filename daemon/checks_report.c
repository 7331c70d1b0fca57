/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/checks.h"
#include "daemon/report_time.h"

#include "lib/endpoint.h"
#include "lib/mono.h"

#include <stdio.h>
#include <string.h>

#define PROBLEMS_SHOWN 20

void checks_explain(const struct verdicts_server *server, struct text *out)
{
	const struct health_machine *machine = server->entry ? health_entry_machine(server->entry)
	                                                     : NULL;
	const char *type;

	if (!server->check || (server->judged.up && (!machine || machine->state == HEALTH_UP)))
		return;
	type = model_health_type_name(server->check->type);
	if (!machine || machine->state == HEALTH_UNKNOWN)
		text_printf(out, "%s: no verdict yet", type);
	else if (machine->good)
		text_printf(out, "%s: answers again, for %u checks", type, machine->streak);
	else
		text_printf(out, "%s: %s%s", type,
		            machine->why[0] ? machine->why : health_result_name(machine->result),
		            machine->last_us == TIME_NEVER ? ", known from before the restart"
		                                           : "");
}

static const char *quorum_effect(const struct checks_virtual *v)
{
	switch (v->vs->quorum->loss) {
	case MODEL_QUORUM_NONE:
		return "nothing follows";
	case MODEL_QUORUM_LOWER:
		return v->router->priority == 255 ? "the address owner's priority is not lowered"
		                                  : "the priority of its virtual router is lowered";
	case MODEL_QUORUM_WITHDRAW:
		return "its virtual router is withdrawn on this node";
	}
	return "";
}

void checks_explain_virtual(const struct checks_virtual *v, struct text *out)
{
	char title[MODEL_OBJECT_TEXT_SIZE];
	bool lost = !v->met && v->vs->quorum && v->router;

	if (!lost && v->serving == CHECKS_SERVERS)
		return;
	text_printf(out, "%s: ", model_virtual_server_title(v->vs, title));
	switch (v->serving) {
	case CHECKS_SERVERS:
		break;
	case CHECKS_ANYWAY:
		text_add(out, "all its servers are down and are used all the same");
		break;
	case CHECKS_SORRY:
		text_add(out, "no server can serve, the sorry server answers");
		break;
	case CHECKS_NOBODY:
		text_add(out, "no server can serve");
		break;
	}
	if (lost)
		text_printf(out, "%squorum lost, weight %llu is up of at least %u: %s",
		            v->serving == CHECKS_SERVERS ? "" : "; ",
		            (unsigned long long)v->up_weight, v->vs->quorum->minimum,
		            quorum_effect(v));
}

static bool is_problem(const struct checks_virtual *v)
{
	return v->router && (!v->met || v->serving != CHECKS_SERVERS);
}

size_t checks_problem_count(const struct checks *checks)
{
	size_t count = 0;

	for (size_t i = 0; i < checks->virtual_count; i++)
		count += is_problem(&checks->virtuals[i]);
	return count;
}

json_t *checks_report_server(const struct verdicts_server *server, int64_t now_us)
{
	char target[ENDPOINT_TEXT_SIZE];

	if (!server->entry)
		return json_null();
	const struct health_machine *machine = health_entry_machine(server->entry);
	const struct health_target *own = health_entry_target(server->entry);
	bool ended = machine->last_us != TIME_NEVER;
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:I}", "type",
		model_health_type_name(own->check->type), "target",
		endpoint_format(&own->address, own->port, target), "state",
		health_state_name(machine->state), "result",
		ended ? health_result_name(machine->result) : "", "why", machine->why,
		"sinceSeconds", report_seconds(now_us - machine->since_us), "lastSecondsAgo",
		ended ? report_seconds(now_us - machine->last_us) : json_null(), "latencySeconds",
		ended ? report_seconds(machine->latency_us) : json_null(), "checks",
		(json_int_t)machine->check_count, "failures", (json_int_t)machine->failure_count,
		"transitions", (json_int_t)machine->change_count);
}

static json_t *quorum_object(const struct checks_virtual *v, int64_t now_us)
{
	const struct model_quorum *quorum = v->vs->quorum;

	if (!quorum)
		return json_null();
	return json_pack("{s:i,s:i,s:s,s:b,s:o,s:i,s:o}", "minimum", (int)quorum->minimum,
	                 "hysteresis", (int)quorum->hysteresis, "onLoss",
	                 model_quorum_loss_name(quorum->loss), "met", v->met, "sinceSeconds",
	                 report_seconds(now_us - v->met_since_us), "countedFlaps",
	                 (int)v->damper.changes, "heldSeconds",
	                 report_seconds(vrrp_damper_held_us(&v->damper, now_us)));
}

json_t *checks_report_virtual(const struct checks *checks, const struct model_virtual_server *vs,
                              int64_t now_us)
{
	const struct checks_virtual *v = checks_find(checks, vs);

	if (!v || !v->router)
		return json_null();
	return json_pack("{s:s,s:o,s:I,s:I,s:I,s:o}", "answering", checks_serving_name(v->serving),
	                 "sinceSeconds", report_seconds(now_us - v->serving_since_us), "up",
	                 (json_int_t)v->up_count, "down", (json_int_t)v->down_count, "upWeight",
	                 (json_int_t)v->up_weight, "quorum", quorum_object(v, now_us));
}

/* In the words of what is tracked (docs/json.md). */
static json_t *quorum_effect_object(const struct checks_virtual *v, int64_t now_us)
{
	bool out = v->damper.value == VRRP_DAMPER_OUT;
	json_t *why = json_sprintf(v->met ? "enough servers of %s/%s are up"
	                                  : "too few servers of %s/%s are up",
	                           v->vs->namespace, v->vs->name);

	return json_pack("{s:s++,s:b,s:o,s:o,s:b,s:o,s:i,s:o}", "virtualServer", v->vs->namespace,
	                 "/", v->vs->name, "met", v->met, "why", why, "priorityChange",
	                 out ? json_null() : json_integer(v->damper.value), "withdraws", out,
	                 "sinceSeconds", report_seconds(now_us - v->met_since_us), "countedFlaps",
	                 (int)v->damper.changes, "heldSeconds",
	                 report_seconds(vrrp_damper_held_us(&v->damper, now_us)));
}

json_t *checks_report_router(const struct checks *checks, const char *router, int64_t now_us,
                             size_t *ret_count)
{
	json_t *list = json_array();

	*ret_count = 0;
	for (size_t i = 0; i < checks->virtual_count; i++) {
		const struct checks_virtual *v = &checks->virtuals[i];

		if (!v->router || !v->vs->quorum || v->damper.value == 0 ||
		    strcmp(v->router->name, router) != 0)
			continue;
		if ((*ret_count)++ < CHECKS_QUORUMS_SHOWN)
			json_array_append_new(list, quorum_effect_object(v, now_us));
	}
	return list;
}

static json_t *problem_list(const struct checks *checks)
{
	json_t *list = json_array();
	struct text sentence = {0};
	size_t count = 0;

	for (size_t i = 0; i < checks->virtual_count; i++) {
		if (!is_problem(&checks->virtuals[i]) || count++ >= PROBLEMS_SHOWN)
			continue;
		text_clear(&sentence);
		checks_explain_virtual(&checks->virtuals[i], &sentence);
		json_array_append_new(list, json_string(text_str(&sentence)));
	}
	if (count > PROBLEMS_SHOWN)
		json_array_append_new(list, json_sprintf("and %zu more", count - PROBLEMS_SHOWN));
	text_done(&sentence);
	return list;
}

json_t *checks_report(const struct checks *checks, int64_t now_us)
{
	struct health_totals totals;
	json_t *results = json_object();
	size_t running = 0, running_max = 0, room = 0, waiting = 0;

	health_totals(checks->health, &totals);
	for (int i = 0; i < HEALTH_CLASS_COUNT; i++) {
		running += totals.running[i];
		running_max += totals.running_max[i];
		room += totals.rooms[i];
		waiting += totals.waiting[i];
	}
	for (int i = 0; i < HEALTH_RESULT_COUNT; i++)
		json_object_set_new(results, health_result_name((enum health_result)i),
		                    json_integer((json_int_t)totals.results[i]));
	return json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:I,s:I,s:o,s:o,s:I,s:o}", "targets",
		(json_int_t)totals.target_count, "up", (json_int_t)totals.states[HEALTH_UP], "down",
		(json_int_t)totals.states[HEALTH_DOWN], "unknown",
		(json_int_t)totals.states[HEALTH_UNKNOWN], "running", (json_int_t)running,
		"runningMax", (json_int_t)running_max, "runningLimit", (json_int_t)room, "waiting",
		(json_int_t)waiting, "results", results, "transitions",
		(json_int_t)totals.change_count, "lateChecks", (json_int_t)totals.late_count,
		"lateSeconds", report_seconds(totals.late_us), "lateSecondsMax",
		report_seconds(totals.late_max_us), "quorumLosses",
		(json_int_t)checks->quorum_loss_count, "problems", problem_list(checks));
}
