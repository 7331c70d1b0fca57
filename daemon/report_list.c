/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report.h"
#include "daemon/report_time.h"

#include "lib/mono.h"

#include <string.h>

static json_t *numbers(uint64_t connections, uint64_t in_packets, uint64_t out_packets,
                       uint64_t in_bytes, uint64_t out_bytes)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "connections", (json_int_t)connections,
	                 "packetsIn", (json_int_t)in_packets, "packetsOut", (json_int_t)out_packets,
	                 "bytesIn", (json_int_t)in_bytes, "bytesOut", (json_int_t)out_bytes);
}

static void add_stats(json_t *object, const struct ipvs_stats *stats)
{
	static const struct ipvs_stats none;
	const struct ipvs_stats *s = stats ? stats : &none;

	json_object_set_new(
		object, "stats",
		numbers(s->connections, s->in_packets, s->out_packets, s->in_bytes, s->out_bytes));
	json_object_set_new(object, "rates",
	                    numbers(s->connections_per_s, s->in_packets_per_s, s->out_packets_per_s,
	                            s->in_bytes_per_s, s->out_bytes_per_s));
}

static json_t *flag_list(const struct ipvs_service *service)
{
	bool maglev = strcmp(service->scheduler, "mh") == 0;
	json_t *list = json_array();

	if (service->flags & IPVS_FLAG_ONE_PACKET)
		json_array_append_new(list, json_string("ops"));
	if (service->flags & IPVS_FLAG_FALLBACK)
		json_array_append_new(list, json_string(maglev ? "mh-fallback" : "sh-fallback"));
	if (service->flags & IPVS_FLAG_PORT)
		json_array_append_new(list, json_string(maglev ? "mh-port" : "sh-port"));
	return list;
}

static const struct ipvs_drain_entry *
leaving(const struct app *app, const struct ipvs_service *service, const struct ipvs_dest *dest)
{
	const struct ipvs_drain *drain = &app->reconcile.balance.drain;

	for (size_t i = 0; i < drain->count; i++) {
		const struct ipvs_drain_entry *e = &drain->entries[i];
		if (ipvs_key_compare(&e->key, &service->key) == 0 &&
		    (e->whole ||
		     (dest && addr_equal(&e->addr, &dest->addr) && e->port == dest->port)))
			return e;
	}
	return NULL;
}

/* The port by which an operator names a server of a range: the first one it serves. */
static bool is_drained_by_hand(const struct app *app, const struct ipvs_service *service,
                               const struct ipvs_dest *dest)
{
	uint16_t port = dest->port;

	if (port == 0 && service->wanted)
		port = service->wanted->port->target ? service->wanted->port->target
		                                     : service->wanted->port->first;
	return drains_hold(&app->reconcile.drains, &dest->addr, port);
}

const char *report_server_state(const struct app *app, const struct ipvs_service *service,
                                const struct ipvs_dest *dest)
{
	if (leaving(app, service, dest))
		return "draining";
	return is_drained_by_hand(app, service, dest) ? "drained" : "ready";
}

static void add_reason(struct text *reason, const char *fmt, const char *words)
{
	text_add(reason, reason->len ? "; " : "");
	text_printf(reason, fmt, words);
}

/* What its check says. */
static void judge(struct report_server *server, const struct verdicts_server *known)
{
	struct text words = {0};

	if (known->entry)
		server->since_us = health_entry_machine(known->entry)->since_us;
	if (!known->judged.up)
		server->state = "down";
	checks_explain(known, &words);
	if (words.len)
		add_reason(&server->reason, "%s", text_str(&words));
	if (known->judged.use == HEALTH_USE_ANYWAY)
		add_reason(&server->reason, "%s", "used all the same, as all are down");
	text_done(&words);
}

struct report_server report_server_standing(const struct app *app,
                                            const struct ipvs_service *service,
                                            const struct ipvs_dest *dest,
                                            const struct verdicts_server *known)
{
	const struct ipvs_drain_entry *entry = leaving(app, service, dest);
	struct report_server server = {.state = "ready", .since_us = TIME_NEVER};

	if (service->wanted && verdicts_is_sorry(service->wanted, dest))
		server.state = "sorry";
	if (known)
		judge(&server, known);
	if (is_drained_by_hand(app, service, dest)) {
		server.state = "drained";
		server.since_us = TIME_NEVER;
		add_reason(&server.reason, "%s", "by hand");
	}
	if (entry) {
		server.state = "draining";
		server.since_us = entry->since_us;
		if (server.reason.len == 0)
			add_reason(&server.reason, "%s", "wanted no more");
	}
	return server;
}

static json_t *server_object(const struct app *app, const struct ipvs_service *service,
                             const struct ipvs_dest *dest, const struct verdicts_server *known,
                             int64_t now_us)
{
	const struct ipvs_drain_entry *entry = leaving(app, service, dest);
	struct report_server server = report_server_standing(app, service, dest, known);
	char address[ADDR_TEXT_SIZE];
	json_t *object =
		json_pack("{s:s,s:i,s:I,s:s,s:I,s:I,s:I,s:s,s:o}", "address",
	                  addr_format(&dest->addr, address), "port", dest->port, "weight",
	                  (json_int_t)dest->weight, "forwarding",
	                  ipvs_forwarding_name((enum ipvs_forwarding)dest->forwarding),
	                  "activeConnections", (json_int_t)dest->active, "inactiveConnections",
	                  (json_int_t)dest->inactive, "persistentConnections",
	                  (json_int_t)dest->persistent, "state", server.state, "drainSecondsLeft",
	                  entry ? report_seconds(entry->deadline_us - now_us) : json_null());

	json_object_set_new(object, "stateSeconds",
	                    server.since_us == TIME_NEVER
	                            ? json_null()
	                            : report_seconds(now_us - server.since_us));
	json_object_set_new(object, "reason", json_string(text_str(&server.reason)));
	json_object_set_new(object, "check",
	                    known ? checks_report_server(known, now_us) : json_null());
	text_done(&server.reason);
	add_stats(object, dest->stats);
	return object;
}

/* What the objects say of it; a service that is wanted no more has only its journal entry. */
static void add_origin(json_t *object, const struct ipvs_service *service)
{
	const struct model_service *wanted = service->wanted;
	const struct model_virtual_server *vs = wanted ? wanted->virtual_server : NULL;

	json_object_set_new(object, "namespace", json_string(vs ? vs->namespace : ""));
	json_object_set_new(object, "name", json_string(vs ? vs->name : ""));
	json_object_set_new(object, "router", json_string(wanted ? wanted->router->name : ""));
	json_object_set_new(object, "forwarding",
	                    json_string(vs ? model_forwarding_name(vs->forwarding) : ""));
	json_object_set_new(object, "sourceNat",
	                    json_string(vs ? model_snat_mode_name(vs->snat_mode) : ""));
}

/* The servers the kernel has, with what is known of their checks, and those that checks have taken
 * out of it. 'concerned': see checks_build(). */
static json_t *server_list(const struct app *app, const struct ipvs_service *service,
                           struct ipvs_table *concerned, int64_t now_us)
{
	const struct ipvs_service *judgeable = ipvs_table_find(concerned, &service->key);
	struct verdicts_service judged = {0};
	json_t *servers = json_array();

	if (judgeable)
		judged = verdicts_judge(&app->checks.verdicts, &concerned->arena, judgeable);
	for (size_t i = 0; i < service->dest_count; i++) {
		const struct ipvs_dest *dest = &service->dests[i], *own = NULL;
		if (judgeable)
			own = ipvs_service_find(judgeable, &dest->addr, dest->port);
		json_array_append_new(
			servers, server_object(app, service, dest,
		                               own ? &judged.servers[own - judgeable->dests] : NULL,
		                               now_us));
	}
	for (size_t i = 0; i < judged.count; i++) {
		struct ipvs_dest gone = judgeable->dests[i];
		if (ipvs_service_find(service, &gone.addr, gone.port))
			continue;
		gone.weight = 0;
		json_array_append_new(
			servers, server_object(app, service, &gone, &judged.servers[i], now_us));
	}
	return servers;
}

static json_t *service_object(const struct app *app, const struct ipvs_service *found,
                              struct ipvs_table *concerned, int64_t now_us)
{
	struct ipvs_service service = *found;
	char address[ADDR_TEXT_SIZE];
	json_t *object = json_object();

	service.wanted = balance_service(&app->reconcile.balance, &found->key);
	add_origin(object, &service);
	json_object_set_new(
		object, "address",
		json_string(addr_format(service.identity.vip.family ? &service.identity.vip
	                                                            : &service.key.addr,
	                                address)));
	uint8_t protocol = service.key.mark ? service.identity.protocol : service.key.protocol;
	json_object_set_new(
		object, "port",
		json_integer(service.key.mark ? service.identity.first_port : service.key.port));
	json_object_set_new(
		object, "portEnd",
		json_integer(service.key.mark ? service.identity.last_port : service.key.port));
	json_object_set_new(object, "mark", json_integer(service.key.mark));
	json_object_set_new(object, "protocol",
	                    json_string(model_protocol_name((enum model_protocol)protocol)));
	json_object_set_new(object, "scheduler", json_string(service.scheduler));
	json_object_set_new(object, "flags", flag_list(&service));
	json_object_set_new(object, "persistenceSeconds", json_integer(service.timeout_s));
	json_object_set_new(object, "draining", json_boolean(!service.wanted));
	add_stats(object, service.stats);
	json_object_set_new(object, "health",
	                    service.wanted
	                            ? checks_report_virtual(&app->checks,
	                                                    service.wanted->virtual_server, now_us)
	                            : json_null());
	json_object_set_new(object, "servers", server_list(app, &service, concerned, now_us));
	return object;
}

json_t *report_list(const struct app *app, const struct ipvs_table *found, int64_t now_us)
{
	json_t *list = json_array();
	json_int_t foreign = 0;
	struct ipvs_table concerned;

	checks_build(&app->checks, &concerned);
	for (size_t i = 0; i < found->service_count; i++) {
		if (balance_owns(&app->reconcile.balance, &found->services[i].key))
			json_array_append_new(
				list, service_object(app, &found->services[i], &concerned, now_us));
		else
			foreign++;
	}
	ipvs_table_done(&concerned);
	return json_pack("{s:o,s:I}", "virtualServers", list, "foreignServices", foreign);
}
