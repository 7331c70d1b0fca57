/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of servers: all together, what they say of each server, and what follows for virtual
 * servers. */
#include "daemon/metrics_parts.h"

#include <stdio.h>

static void write_totals(const struct checks *checks, struct text *out)
{
	static const char *const classes[HEALTH_CLASS_COUNT] = {"light", "heavy"};
	struct health_totals totals;
	struct text labels = {0};

	health_totals(checks->health, &totals);
	metrics_family(out, "lintel_health_targets", "gauge",
	               "Servers that are checked, by what was found.");
	for (int i = 0; i < HEALTH_STATE_COUNT; i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "state", health_state_name((enum health_state)i));
		metrics_count(out, "lintel_health_targets", text_str(&labels), totals.states[i]);
	}
	metrics_family(out, "lintel_health_checks_total", "counter",
	               "Checks that ended, by result.");
	for (int i = 0; i < HEALTH_RESULT_COUNT; i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "result", health_result_name((enum health_result)i));
		metrics_count(out, "lintel_health_checks_total", text_str(&labels),
		              totals.results[i]);
	}
	metrics_family(out, "lintel_health_running", "gauge",
	               "Checks under way: light ones need a socket, heavy ones HTTP or TLS.");
	for (int i = 0; i < HEALTH_CLASS_COUNT; i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "class", classes[i]);
		metrics_count(out, "lintel_health_running", text_str(&labels), totals.running[i]);
	}
	metrics_family(out, "lintel_health_running_limit", "gauge",
	               "Checks that may be under way at once.");
	for (int i = 0; i < HEALTH_CLASS_COUNT; i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "class", classes[i]);
		metrics_count(out, "lintel_health_running_limit", text_str(&labels),
		              totals.rooms[i]);
	}
	metrics_family(out, "lintel_health_waiting", "gauge",
	               "Checks that are due and not under way yet.");
	for (int i = 0; i < HEALTH_CLASS_COUNT; i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "class", classes[i]);
		metrics_count(out, "lintel_health_waiting", text_str(&labels), totals.waiting[i]);
	}
	metrics_family(out, "lintel_health_check_duration_seconds", "histogram",
	               "How long checks took.");
	metrics_histogram(out, "lintel_health_check_duration_seconds", "",
	                  health_duration_bounds_us, totals.durations, HEALTH_DURATION_BUCKETS,
	                  totals.duration_sum_us);
	metrics_family(out, "lintel_health_late_seconds", "gauge",
	               "How long the last check waited for its turn.");
	metrics_seconds(out, "lintel_health_late_seconds", "", totals.late_us);
	metrics_family(out, "lintel_health_late_max_seconds", "gauge",
	               "How long a check waited for its turn at worst, since start.");
	metrics_seconds(out, "lintel_health_late_max_seconds", "", totals.late_max_us);
	metrics_single(out, "lintel_health_late_checks_total", "counter",
	               "Checks that began later than a tenth of their interval after their time.",
	               (double)totals.late_count);
	metrics_single(out, "lintel_health_transitions_total", "counter",
	               "Changes of what was found of servers.", (double)totals.change_count);
	metrics_single(out, "lintel_health_quorum_losses_total", "counter",
	               "Times the quorum of a virtual server was lost.",
	               (double)checks->quorum_loss_count);
	text_done(&labels);
}

static void name_virtual(const struct model_virtual_server *vs, struct text *labels)
{
	text_clear(labels);
	metrics_label(labels, "", "namespace", vs->namespace);
	metrics_label(labels, ",", "virtual_server", vs->name);
}

static void write_virtuals(const struct checks *checks, struct text *out)
{
	struct text labels = {0};

	metrics_family(out, "lintel_virtual_server_up_weight", "gauge",
	               "Weight of the servers that are up, of the port that does worst.");
	for (size_t i = 0; i < checks->virtual_count; i++) {
		name_virtual(checks->virtuals[i].vs, &labels);
		metrics_count(out, "lintel_virtual_server_up_weight", text_str(&labels),
		              checks->virtuals[i].up_weight);
	}
	metrics_family(out, "lintel_virtual_server_quorum_met", "gauge",
	               "0 while the quorum of a virtual server is lost.");
	for (size_t i = 0; i < checks->virtual_count; i++) {
		if (!checks->virtuals[i].vs->quorum)
			continue;
		name_virtual(checks->virtuals[i].vs, &labels);
		metrics_count(out, "lintel_virtual_server_quorum_met", text_str(&labels),
		              checks->virtuals[i].met);
	}
	text_done(&labels);
}

static void write_server(const struct ipvs_service *service, const struct ipvs_dest *dest,
                         bool is_up, struct text *labels, struct text *out)
{
	const struct model_service *wanted = service->wanted;
	char address[ADDR_TEXT_SIZE], port[8], server[IPVS_TEXT_SIZE];

	name_virtual(wanted->virtual_server, labels);
	snprintf(port, sizeof(port), "%u", wanted->port->first);
	metrics_label(labels, ",", "address", addr_format(&wanted->address, address));
	metrics_label(labels, ",", "port", port);
	metrics_label(labels, ",", "protocol", model_protocol_name(wanted->port->protocol));
	metrics_label(labels, ",", "server", ipvs_dest_format(dest, server));
	metrics_count(out, "lintel_real_server_up", text_str(labels), is_up);
}

static void write_servers(const struct checks *checks, struct text *out)
{
	struct text labels = {0};
	struct ipvs_table table;

	metrics_family(
		out, "lintel_real_server_up", "gauge",
		"1 for a server that counts as up by its check; only servers that have one.");
	checks_build(checks, &table);
	for (size_t i = 0; i < table.service_count; i++) {
		const struct ipvs_service *service = &table.services[i];
		struct verdicts_service judged =
			verdicts_judge(&checks->verdicts, &table.arena, service);
		for (size_t j = 0; j < judged.count; j++) {
			if (judged.servers[j].check)
				write_server(service, &service->dests[j],
				             judged.servers[j].judged.up, &labels, out);
		}
	}
	ipvs_table_done(&table);
	text_done(&labels);
}

void metrics_health_write(const struct checks *checks, struct text *out)
{
	write_totals(checks, out);
	write_virtuals(checks, out);
	write_servers(checks, out);
}
