/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics.h"

#include "lib/mono.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void family(struct text *out, const char *name, const char *type, const char *help)
{
	text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped. */
static void label(struct text *out, const char *separator, const char *name, const char *value)
{
	text_printf(out, "%s%s=\"", separator, name);
	for (; *value; value++) {
		if (*value == '\n')
			text_add(out, "\\n");
		else if (*value == '"' || *value == '\\')
			text_printf(out, "\\%c", *value);
		else
			text_add_len(out, value, 1);
	}
	text_add(out, "\"");
}

static void count(struct text *out, uint64_t value)
{
	text_printf(out, "} %" PRIu64 "\n", value);
}

/* --- virtual routers --- */

static void router_labels(struct text *out, const char *name,
                          const struct model_router_status *router)
{
	text_printf(out, "%s{", name);
	label(out, "", "router", router->name);
}

static void write_lateness(const struct app *app, struct text *out)
{
	static const char name[] = "lintel_vrrp_advertisement_lateness_seconds";

	family(out, name, "histogram", "How late advertisements were sent.");
	for (size_t i = 0; i < app->router_count; i++) {
		const struct model_router_counters *c = &app->routers[i].counters;
		uint64_t sent = 0;
		for (int j = 0; j < MODEL_LATENESS_BUCKETS; j++) {
			int64_t bound_us = model_lateness_bounds_us[j];
			char bound[32] = "+Inf";
			if (bound_us != INT64_MAX)
				snprintf(bound, sizeof(bound), "%g",
				         (double)bound_us / (double)US_PER_S);
			sent += c->lateness[j];
			text_printf(out, "%s_bucket{", name);
			label(out, "", "router", app->routers[i].name);
			label(out, ",", "le", bound);
			count(out, sent);
		}
		text_printf(out, "%s_sum{", name);
		label(out, "", "router", app->routers[i].name);
		text_printf(out, "} %.6f\n", (double)c->lateness_sum_us / (double)US_PER_S);
		text_printf(out, "%s_count{", name);
		label(out, "", "router", app->routers[i].name);
		count(out, sent);
	}
}

static void write_router_states(const struct app *app, struct text *out)
{
	static const enum model_router_state states[] = {MODEL_ROUTER_INITIALIZE,
	                                                 MODEL_ROUTER_BACKUP, MODEL_ROUTER_ACTIVE};

	family(out, "lintel_vrrp_state", "gauge", "1 for the state the virtual router is in.");
	for (size_t i = 0; i < app->router_count; i++) {
		for (size_t j = 0; j < LT_ARRAY_SIZE(states); j++) {
			router_labels(out, "lintel_vrrp_state", &app->routers[i]);
			label(out, ",", "state", model_router_state_name(states[j]));
			count(out, app->routers[i].state == states[j]);
		}
	}
	family(out, "lintel_vrrp_drops_total", "counter",
	       "Received packets that were dropped, by reason.");
	for (size_t i = 0; i < app->router_count; i++) {
		for (int drop = 0; drop < MODEL_DROP_COUNT; drop++) {
			router_labels(out, "lintel_vrrp_drops_total", &app->routers[i]);
			label(out, ",", "reason", model_vrrp_drop_name((enum model_vrrp_drop)drop));
			count(out, app->routers[i].counters.drops[drop]);
		}
	}
	write_lateness(app, out);
	family(out, "lintel_vrrp_advertisement_lateness_max_seconds", "gauge",
	       "How late an advertisement was sent at worst, since start.");
	for (size_t i = 0; i < app->router_count; i++) {
		router_labels(out, "lintel_vrrp_advertisement_lateness_max_seconds",
		              &app->routers[i]);
		text_printf(out, "} %.6f\n",
		            (double)app->routers[i].counters.lateness_max_us / (double)US_PER_S);
	}
}

static void write_router_numbers(const struct app *app, struct text *out)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} rows[] = {
#define COUNTER(name, member, help)                     \
	{"lintel_vrrp_" name "_total", "counter", help, \
	 offsetof(struct model_router_status, counters.member)}
		COUNTER("advertisements_sent", adverts_sent, "Advertisements sent."),
		COUNTER("advertisements_received", adverts_received,
	                "Valid advertisements received."),
		COUNTER("became_active", became_active, "Times the virtual router became Active."),
		COUNTER("send_errors", send_errors, "Advertisements that could not be sent."),
		COUNTER("collisions", collisions,
	                "Advertisements of a stranger that uses our virtual router ID."),
		COUNTER("addresses_restored", addresses_restored,
	                "Addresses put back after somebody removed them."),
		COUNTER("address_conflicts", address_conflicts,
	                "Times somebody else answered for an address we own."),
		COUNTER("announcements_sent", announcements_sent,
	                "Gratuitous ARP and unsolicited neighbour advertisements sent."),
		COUNTER("late_step_downs", late_step_downs,
	                "Times it stepped down because this process was stalled."),
#undef COUNTER
	};

	for (size_t r = 0; r < LT_ARRAY_SIZE(rows); r++) {
		family(out, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < app->router_count; i++) {
			uint64_t value;
			memcpy(&value, (const char *)&app->routers[i] + rows[r].offset,
			       sizeof(value));
			router_labels(out, rows[r].name, &app->routers[i]);
			count(out, value);
		}
	}
	family(out, "lintel_vrrp_addresses", "gauge",
	       "Addresses of the virtual router that are on interfaces now.");
	for (size_t i = 0; i < app->router_count; i++) {
		router_labels(out, "lintel_vrrp_addresses", &app->routers[i]);
		count(out, app->routers[i].addresses_present);
	}
}

/* --- virtual and real servers --- */

static void service_labels(const struct app *app, struct text *out, const char *name,
                           const struct ipvs_service *service)
{
	const struct model_service *wanted =
		balance_service(&app->reconcile.balance, &service->key);
	const struct model_virtual_server *vs = wanted ? wanted->virtual_server : NULL;
	const struct ipvs_identity *id = &service->identity;
	char address[ADDR_TEXT_SIZE], port[8];
	uint8_t protocol = service->key.mark ? id->protocol : service->key.protocol;

	addr_format(service->key.mark ? &id->vip : &service->key.addr, address);
	snprintf(port, sizeof(port), "%u", service->key.mark ? id->first_port : service->key.port);
	text_printf(out, "%s{", name);
	label(out, "", "namespace", vs ? vs->namespace : "");
	label(out, ",", "virtual_server", vs ? vs->name : "");
	label(out, ",", "address", address);
	label(out, ",", "port", port);
	label(out, ",", "protocol", model_protocol_name((enum model_protocol)protocol));
}

static const struct {
	const char *name, *help;
	size_t offset;
} service_rows[] = {
	{"lintel_virtual_server_connections_total", "Connections (flows) balanced.",
         offsetof(struct ipvs_stats, connections)},
	{"lintel_virtual_server_received_packets_total", "Packets from clients.",
         offsetof(struct ipvs_stats, in_packets)},
	{"lintel_virtual_server_sent_packets_total", "Packets to clients.",
         offsetof(struct ipvs_stats, out_packets)},
	{"lintel_virtual_server_received_bytes_total", "Bytes from clients.",
         offsetof(struct ipvs_stats, in_bytes)},
	{"lintel_virtual_server_sent_bytes_total", "Bytes to clients.",
         offsetof(struct ipvs_stats, out_bytes)},
};

static void write_services(const struct app *app, const struct ipvs_table *found, struct text *out)
{
	for (size_t r = 0; r < LT_ARRAY_SIZE(service_rows); r++) {
		family(out, service_rows[r].name, "counter", service_rows[r].help);
		for (size_t i = 0; i < found->service_count; i++) {
			const struct ipvs_service *service = &found->services[i];
			uint64_t value = 0;
			if (!balance_owns(&app->reconcile.balance, &service->key))
				continue;
			if (service->stats)
				memcpy(&value,
				       (const char *)service->stats + service_rows[r].offset,
				       sizeof(value));
			service_labels(app, out, service_rows[r].name, service);
			count(out, value);
		}
	}
}

static const struct {
	const char *name, *help;
	size_t offset;
} server_rows[] = {
	{"lintel_real_server_weight", "Weight; 0 takes no new connections.",
         offsetof(struct ipvs_dest, weight)},
	{"lintel_real_server_active_connections", "Connections that are established.",
         offsetof(struct ipvs_dest, active)},
	{"lintel_real_server_inactive_connections", "Connections that are being opened or closed.",
         offsetof(struct ipvs_dest, inactive)},
};

static void write_servers(const struct app *app, const struct ipvs_table *found, struct text *out)
{
	char server[IPVS_TEXT_SIZE];

	for (size_t r = 0; r < LT_ARRAY_SIZE(server_rows); r++) {
		family(out, server_rows[r].name, "gauge", server_rows[r].help);
		for (size_t i = 0; i < found->service_count; i++) {
			const struct ipvs_service *service = &found->services[i];
			bool ours = balance_owns(&app->reconcile.balance, &service->key);
			for (size_t j = 0; ours && j < service->dest_count; j++) {
				uint32_t value;
				memcpy(&value,
				       (const char *)&service->dests[j] + server_rows[r].offset,
				       sizeof(value));
				service_labels(app, out, server_rows[r].name, service);
				label(out, ",", "server",
				      ipvs_dest_format(&service->dests[j], server));
				count(out, value);
			}
		}
	}
}

/* --- the daemon itself --- */

static void single(struct text *out, const char *name, const char *type, const char *help,
                   double value)
{
	family(out, name, type, help);
	text_printf(out, "%s %.17g\n", name, value);
}

static void write_daemon(const struct app *app, int64_t now_us, struct text *out)
{
	const struct reconcile *r = &app->reconcile;

	family(out, "lintel_build_info", "gauge", "1, with what runs.");
	text_add(out, "lintel_build_info{");
	label(out, "", "version", LINTEL_VERSION);
	label(out, ",", "node", app->options->node);
	count(out, 1);
	single(out, "lintel_uptime_seconds", "gauge", "Since the daemon started.",
	       (double)(now_us - app->started_us) / (double)US_PER_S);
	single(out, "lintel_sources_in_step", "gauge",
	       "0 when the configuration on disk was refused and the one before is in force.",
	       app->sources.problems.error_count == 0);
	single(out, "lintel_problems", "gauge", "Problems that lintel status shows.",
	       (double)(r->balance.problems.count + r->nft_problems.count +
	                r->sysctl_problems.count + r->proxy_problems.count));
	family(out, "lintel_kube_proxy", "gauge",
	       "1 for the mode of the kube-proxy that was found on this node.");
	for (enum kube_proxy_mode mode = 0; mode < KUBE_PROXY_MODE_COUNT; mode++) {
		text_add(out, "lintel_kube_proxy{");
		label(out, "", "mode", kube_proxy_mode_name(mode));
		count(out, mode == r->proxy_mode);
	}
	single(out, "lintel_held_routers", "gauge",
	       "Virtual routers that take no part on this node, beside its kube-proxy.",
	       (double)r->held_count);
	single(out, "lintel_reconcile_turns_total", "counter",
	       "Comparisons of the kernel with what is wanted.", (double)r->turn_count);
	single(out, "lintel_reconcile_last_duration_seconds", "gauge",
	       "How long the last one took.", (double)r->turn_took_us / (double)US_PER_S);
	single(out, "lintel_kernel_writes_total", "counter",
	       "Changes made to IPVS, nftables and kernel settings.",
	       (double)(r->balance.write_count + r->nft_write_count + r->sysctl_write_count));
	single(out, "lintel_drift_repaired_total", "counter",
	       "Changes that undid what others did to what is ours.",
	       (double)(r->balance.drift_count + r->nft_drift_count));
	single(out, "lintel_foreign_services", "gauge",
	       "IPVS virtual services of others, never touched.", (double)r->balance.foreign_count);
	single(out, "lintel_draining", "gauge", "Real and virtual servers that are taking leave.",
	       (double)r->balance.drain.count);
}

void metrics_write(const struct app *app, const struct ipvs_table *found, int64_t now_us,
                   struct text *out)
{
	write_daemon(app, now_us, out);
	write_router_states(app, out);
	write_router_numbers(app, out);
	if (found) {
		write_services(app, found, out);
		write_servers(app, found, out);
	}
}
