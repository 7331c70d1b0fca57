/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report.h"
#include "daemon/report_router.h"

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

static json_t *server_object(const struct app *app, const struct ipvs_service *service,
                             const struct ipvs_dest *dest, int64_t now_us)
{
	const struct ipvs_drain_entry *entry = leaving(app, service, dest);
	char address[ADDR_TEXT_SIZE];
	json_t *object = json_pack(
		"{s:s,s:i,s:I,s:s,s:I,s:I,s:I,s:s,s:o}", "address",
		addr_format(&dest->addr, address), "port", dest->port, "weight",
		(json_int_t)dest->weight, "forwarding",
		ipvs_forwarding_name((enum ipvs_forwarding)dest->forwarding), "activeConnections",
		(json_int_t)dest->active, "inactiveConnections", (json_int_t)dest->inactive,
		"persistentConnections", (json_int_t)dest->persistent, "state",
		report_server_state(app, service, dest), "drainSecondsLeft",
		entry ? report_seconds(entry->deadline_us - now_us) : json_null());

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

static json_t *service_object(const struct app *app, const struct ipvs_service *found,
                              int64_t now_us)
{
	struct ipvs_service service = *found;
	char address[ADDR_TEXT_SIZE];
	json_t *object = json_object(), *servers = json_array();

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
	for (size_t i = 0; i < service.dest_count; i++)
		json_array_append_new(servers,
		                      server_object(app, &service, &service.dests[i], now_us));
	json_object_set_new(object, "servers", servers);
	return object;
}

json_t *report_list(const struct app *app, const struct ipvs_table *found, int64_t now_us)
{
	json_t *list = json_array();
	json_int_t foreign = 0;

	for (size_t i = 0; i < found->service_count; i++) {
		if (balance_owns(&app->reconcile.balance, &found->services[i].key))
			json_array_append_new(list,
			                      service_object(app, &found->services[i], now_us));
		else
			foreign++;
	}
	return json_pack("{s:o,s:I}", "virtualServers", list, "foreignServices", foreign);
}
