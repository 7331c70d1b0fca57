/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/explain.h"
#include "daemon/report.h"

#include "lib/mono.h"
#include "model/floating.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LISTED 5 /* servers by name, of what may be thousands */

enum verdict { VERDICT_OK, VERDICT_ATTENTION, VERDICT_FAIL };

/* The way of one packet, as far as it has been followed. */
struct way {
	struct app *app;
	const struct explain_question *question;
	int64_t now_us;
	const struct model_service *service;      /* NULL: no virtual server has this port */
	const struct model_router *router;        /* NULL: the address is nobody's */
	const struct model_router_status *status; /* NULL: not reported yet */
	json_t *steps;
	bool fails;          /* a step said so */
	bool elsewhere;      /* another node answers */
	struct text summary; /* of the first step that failed */
};

static void step(struct way *way, const char *subject, enum verdict verdict, const char *fmt, ...)
	LT_PRINTF(4, 5);

static void step(struct way *way, const char *subject, enum verdict verdict, const char *fmt, ...)
{
	static const char *const names[] = {"ok", "attention", "fail"};
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(way->steps, json_pack("{s:s,s:s,s:s}", "subject", subject, "verdict",
	                                            names[verdict], "text", text));
	if (verdict == VERDICT_FAIL && !way->fails) {
		way->fails = true;
		text_printf(&way->summary, "%s", text);
	}
}

/* --- what the configuration says --- */

static void find_service(struct way *way)
{
	const struct model_snapshot *snapshot = way->app->sources.snapshot;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *s = &snapshot->services[i];
		if (addr_equal(&s->address, &way->question->address) &&
		    s->port->protocol == way->question->protocol &&
		    way->question->port >= s->port->first && way->question->port <= s->port->last)
			way->service = s;
	}
}

static void find_router(struct way *way)
{
	const struct model_snapshot *snapshot = way->app->sources.snapshot;

	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (addr_equal(&snapshot->vips[i].address, &way->question->address))
			way->router = snapshot->vips[i].router;
	}
	for (size_t i = 0; !way->router && i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];
		for (size_t j = 0; j < router->address_count; j++) {
			if (addr_equal(&router->addresses[j].prefix.addr, &way->question->address))
				way->router = router;
		}
	}
	for (size_t i = 0; way->router && i < way->app->router_count; i++) {
		if (strcmp(way->app->routers[i].name, way->router->name) == 0)
			way->status = &way->app->routers[i];
	}
}

static void explain_address(struct way *way)
{
	const struct model_snapshot *snapshot = way->app->sources.snapshot;
	char address[ADDR_TEXT_SIZE];

	addr_format(&way->question->address, address);
	if (way->router) {
		step(way, "address", VERDICT_OK, "%s belongs to virtual router %s.", address,
		     way->router->name);
		return;
	}
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		for (size_t j = 0; j < snapshot->pools[i]->range_count; j++) {
			if (addr_range_holds(&snapshot->pools[i]->ranges[j],
			                     &way->question->address)) {
				step(way, "address", VERDICT_FAIL,
				     "%s is in pool %s, but no virtual server has been given it.",
				     address, snapshot->pools[i]->name);
				return;
			}
		}
	}
	step(way, "address", VERDICT_FAIL,
	     "%s is no address of ours: neither a virtual router nor a virtual server has it.",
	     address);
}

/* --- who owns it --- */

static void explain_router(struct way *way)
{
	const struct model_router_status *s = way->status;
	char since[TEXT_DURATION_SIZE], active[ADDR_TEXT_SIZE];

	if (!way->router)
		return;
	if (!s) {
		step(way, "virtual router", VERDICT_FAIL, "Virtual router %s has not started yet.",
		     way->router->name);
		return;
	}
	text_format_duration((way->now_us - s->since_us) / US_PER_S * US_PER_S, since);
	switch (s->state) {
	case MODEL_ROUTER_ACTIVE:
		step(way, "virtual router",
		     s->addresses_present < s->address_count ? VERDICT_ATTENTION : VERDICT_OK,
		     "%s is Active here for %s (%s); %u of its %u addresses are on the "
		     "interfaces.",
		     s->name, since, model_router_reason_name(s->reason), s->addresses_present,
		     s->address_count);
		break;
	case MODEL_ROUTER_BACKUP:
		way->elsewhere = true;
		if (s->active.family == ADDR_NONE)
			step(way, "virtual router", VERDICT_FAIL,
			     "%s is Backup here for %s and hears no Active yet.", s->name, since);
		else
			step(way, "virtual router", VERDICT_ATTENTION,
			     "%s is Backup here for %s; %s (priority %u) is Active and gets the "
			     "packets: ask there for what follows.",
			     s->name, since, addr_format(&s->active, active), s->active_priority);
		break;
	case MODEL_ROUTER_INITIALIZE:
		step(way, "virtual router", VERDICT_FAIL, "%s has taken no part for %s: %s.",
		     s->name, since,
		     s->problem[0] ? s->problem : model_router_reason_name(s->reason));
		break;
	}
	if (s->problem[0] && s->state != MODEL_ROUTER_INITIALIZE)
		step(way, "virtual router", VERDICT_ATTENTION, "%s.", s->problem);
	if (s->sync_group[0])
		step(way, "virtual router", VERDICT_OK,
		     "It moves together with the others of sync group %s.", s->sync_group);
}

/* What it tracks, as far as that does something. */
static void explain_tracks(struct way *way)
{
	const struct track_table *table = &way->app->tracks.table;
	struct text what = {0}, why = {0};
	char held[TEXT_DURATION_SIZE];

	for (size_t i = 0; way->router && i < table->count; i++) {
		const struct track_item *item = &table->items[i];
		int64_t held_us = vrrp_damper_held_us(&item->damper, way->now_us);
		bool out = item->damper.value == VRRP_DAMPER_OUT;

		if (strcmp(item->router, way->router->name) != 0 ||
		    (item->damper.value == 0 && held_us == 0 && !item->seen.odd))
			continue;
		text_clear(&what);
		text_clear(&why);
		vrrp_track_explain(&item->track, &item->seen, &why);
		if (out)
			text_add(&what, "keeps it out");
		else if (item->damper.value == 0)
			text_add(&what, "does not change its priority");
		else
			text_printf(&what, "changes its priority by %+d", item->damper.value);
		if (held_us > 0)
			text_printf(&what, ", for %s more, since it became bad %u time%s",
			            text_format_duration(held_us / US_PER_S * US_PER_S + US_PER_S,
			                                 held),
			            item->damper.changes, item->damper.changes == 1 ? "" : "s");
		step(way, "virtual router",
		     item->damper.value < 0 || item->seen.odd ? VERDICT_ATTENTION : VERDICT_OK,
		     "%s: %s.", text_str(&why), text_str(&what));
	}
	text_done(&what);
	text_done(&why);
}

static void explain_kube_proxy(struct way *way)
{
	const struct reconcile *r = &way->app->reconcile;
	struct text sentence = {0};

	if (!way->router || r->proxy_mode == KUBE_PROXY_NONE)
		return;
	if (reconcile_holds(r, way->router->name)) {
		kube_proxy_explain(&r->proxy_excludes, way->app->sources.snapshot, way->router,
		                   &sentence);
		step(way, "kube-proxy", VERDICT_FAIL, "%s.", text_str(&sentence));
	} else {
		step(way, "kube-proxy", VERDICT_OK,
		     "kube-proxy is on this node in its mode %s, and leaves this address alone%s.",
		     kube_proxy_mode_name(r->proxy_mode),
		     r->proxy_mode == KUBE_PROXY_IPVS ? " (--kube-proxy-excludes)"
		                                      : " if it knows ipMode (Kubernetes 1.29)");
	}
	text_done(&sentence);
}

/* --- what the kernel has --- */

static void explain_virtual_server(struct way *way)
{
	const struct model_service *s = way->service;
	char title[MODEL_OBJECT_TEXT_SIZE];

	if (!way->router)
		return;
	if (!s) {
		step(way, "virtual server", VERDICT_FAIL,
		     "No virtual server serves %s port %u on this address; new connections to it "
		     "are rejected.",
		     model_protocol_name(way->question->protocol), way->question->port);
		return;
	}
	model_virtual_server_title(s->virtual_server, title);
	if (s->mark)
		step(way, "virtual server", VERDICT_OK,
		     "%s serves ports %u-%u by one IPVS entry (mark 0x%x), scheduler %s, "
		     "forwarding %s.",
		     title, s->port->first, s->port->last, s->mark, s->port->scheduler,
		     model_forwarding_name(s->virtual_server->forwarding));
	else
		step(way, "virtual server", VERDICT_OK,
		     "%s serves it, scheduler %s, forwarding %s.", title, s->port->scheduler,
		     model_forwarding_name(s->virtual_server->forwarding));
}

/* "; drained by hand: 10.78.0.22:8080": those that nobody's check took out. */
static void list_out(const struct way *way, const struct ipvs_service *service, const char *state,
                     const char *words, struct text *list)
{
	char text[IPVS_TEXT_SIZE];
	size_t count = 0;

	for (size_t i = 0; service && i < service->dest_count; i++) {
		const struct ipvs_dest *dest = &service->dests[i];

		if (dest->weight > 0 ||
		    strcmp(report_server_state(way->app, service, dest), state) != 0 ||
		    count++ >= LISTED)
			continue;
		text_printf(list, "%s %s", count == 1 ? words : ",", ipvs_dest_format(dest, text));
	}
	if (count > LISTED)
		text_printf(list, " and %zu more", count - LISTED);
}

static void explain_servers(struct way *way)
{
	struct ipvs_table found;
	struct text out = {0};

	if (!way->service)
		return;
	int rc = balance_read(&way->app->reconcile.balance, &found);
	if (rc) {
		step(way, "real servers", VERDICT_FAIL, "IPVS can't be read: %s.",
		     ipvs_kernel_open_text(rc));
		return;
	}
	struct ipvs_key key = ipvs_key_of(way->service);
	const struct ipvs_service *service = ipvs_table_find(&found, &key);
	size_t ready = 0;
	unsigned long active = 0;
	for (size_t i = 0; service && i < service->dest_count; i++) {
		ready += service->dests[i].weight > 0;
		active += service->dests[i].active;
	}
	list_out(way, service, "drained", "; drained by hand:", &out);
	list_out(way, service, "draining", "; taking leave:", &out);
	if (!service)
		step(way, "real servers", VERDICT_FAIL,
		     "The kernel has no virtual service for it: see the problems in lintel "
		     "status.");
	else if (ready == 0)
		step(way, "real servers", VERDICT_FAIL,
		     "None of its %zu real servers takes new connections (weight 0)%s.",
		     service->dest_count, text_str(&out));
	else
		step(way, "real servers",
		     ready < service->dest_count ? VERDICT_ATTENTION : VERDICT_OK,
		     "%zu of its %zu real servers take new connections; %lu connections are "
		     "active%s.",
		     ready, service->dest_count, active, text_str(&out));
	text_done(&out);
	ipvs_table_done(&found);
}

/* The servers that checks found to be down: "10.78.0.22:8080 (tcp: refused, for 42s)". */
static size_t list_down(const struct way *way, const struct ipvs_service *service,
                        const struct verdicts_service *judged, struct text *list)
{
	char text[IPVS_TEXT_SIZE], since[TEXT_DURATION_SIZE];
	size_t count = 0;

	for (size_t i = 0; i < judged->count; i++) {
		const struct verdicts_server *server = &judged->servers[i];
		if (server->judged.up || count++ >= LISTED)
			continue;
		text_printf(list, "%s%s (", list->len ? ", " : "",
		            ipvs_dest_format(&service->dests[i], text));
		checks_explain(server, list);
		if (server->entry) {
			int64_t for_us =
				way->now_us - health_entry_machine(server->entry)->since_us;
			text_printf(list, ", for %s",
			            text_format_duration(for_us / US_PER_S * US_PER_S, since));
		}
		text_add(list, ")");
	}
	if (count > LISTED)
		text_printf(list, " and %zu more", count - LISTED);
	return count;
}

/* What health checks make of it. */
static void explain_checks(struct way *way)
{
	const struct checks *checks = &way->app->checks;
	const struct checks_virtual *v;
	struct ipvs_table table;
	struct text down = {0}, virtual = {0};

	v = way->service ? checks_find(checks, way->service->virtual_server) : NULL;
	if (!v || !v->router)
		return;
	checks_build(checks, &table);
	struct ipvs_key key = ipvs_key_of(way->service);
	const struct ipvs_service *service = ipvs_table_find(&table, &key);
	if (service) {
		struct verdicts_service judged =
			verdicts_judge(&checks->verdicts, &table.arena, service);
		size_t count = list_down(way, service, &judged, &down);
		if (count > 0)
			step(way, "health checks", VERDICT_ATTENTION,
			     "%zu of its %zu real servers %s down: %s.", count, judged.count,
			     count == 1 ? "is" : "are", text_str(&down));
		else
			step(way, "health checks", VERDICT_OK, "All its real servers count as up.");
	}
	checks_explain_virtual(v, &virtual);
	if (virtual.len)
		step(way, "health checks",
		     v->serving == CHECKS_NOBODY ? VERDICT_FAIL : VERDICT_ATTENTION, "%s.",
		     text_str(&virtual));
	ipvs_table_done(&table);
	text_done(&down);
	text_done(&virtual);
}

/* --- what nftables and the settings do to it --- */

static void explain_source_ranges(struct way *way)
{
	struct text list = {0};
	char buf[ADDR_PREFIX_TEXT_SIZE];

	if (!way->service || way->service->virtual_server->source_range_count == 0)
		return;
	const struct model_virtual_server *vs = way->service->virtual_server;
	for (size_t i = 0; i < vs->source_range_count; i++)
		text_printf(&list, "%s%s", i ? ", " : "",
		            addr_prefix_format(&vs->source_ranges[i], buf));
	step(way, "source ranges", VERDICT_ATTENTION,
	     "Only clients in %s are let in; packets of others are dropped.", text_str(&list));
	text_done(&list);
}

/* Of mode auto: where it leads to which address. */
static void explain_floating(struct way *way)
{
	size_t count, told = 0;
	const struct model_floating *floating =
		model_floating_of(way->app->sources.snapshot, way->service->router, &count);
	struct text list = {0};
	char address[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		const struct model_router_address *a = floating[i].address;

		if (a->prefix.addr.family != way->service->address.family || told++ >= LISTED)
			continue;
		text_printf(&list, "%s%s on %s", told > 1 ? ", " : "",
		            addr_format(&a->prefix.addr, address), a->interface);
		if (floating[i].owner != way->service->router)
			text_printf(&list, " (of %s)", floating[i].owner->name);
	}
	if (told > LISTED)
		text_printf(&list, " and so on");
	if (told == 0)
		step(way, "source NAT", VERDICT_OK,
		     "Servers see the virtual address: there is no other that moves with it.");
	else
		step(way, "source NAT", VERDICT_OK,
		     "Servers see the address of the interface that leads to them: %s; elsewhere "
		     "the virtual address.",
		     text_str(&list));
	text_done(&list);
}

static void explain_source_nat(struct way *way)
{
	const struct model_virtual_server *vs;

	if (!way->service || way->service->virtual_server->forwarding != MODEL_FORWARD_NAT)
		return;
	vs = way->service->virtual_server;
	switch (vs->snat_mode) {
	case MODEL_SNAT_AUTO:
		explain_floating(way);
		break;
	case MODEL_SNAT_NONE:
		step(way, "source NAT", VERDICT_ATTENTION,
		     "Servers see the client's address: their answers must be routed back through "
		     "this node.");
		break;
	case MODEL_SNAT_MASQUERADE:
		step(way, "source NAT", VERDICT_ATTENTION,
		     "Servers see this node's own address: connections break when it fails over.");
		break;
	case MODEL_SNAT_ADDRESS:
		step(way, "source NAT", VERDICT_OK, "Servers see the address the object names.");
		break;
	}
	if (!way->app->reconcile.nft_in_step)
		step(way, "source NAT", VERDICT_FAIL,
		     "The nftables table is not as wanted: see the problems in lintel status.");
}

static void explain_sysctls(struct way *way)
{
	const struct sysctls *sysctls = way->app->reconcile.sysctls;
	struct text sentence = {0};

	for (size_t i = 0; way->service && sysctls && i < sysctls->count; i++) {
		text_clear(&sentence);
		if (sysctls_format_problem(&sysctls->items[i], &sentence))
			step(way, "sysctls", VERDICT_ATTENTION, "%s", text_str(&sentence));
	}
	text_done(&sentence);
}

json_t *explain(struct app *app, const struct explain_question *question, int64_t now_us)
{
	struct way way = {
		.app = app, .question = question, .now_us = now_us, .steps = json_array()};
	char address[ADDR_TEXT_SIZE], active[ADDR_TEXT_SIZE];

	find_service(&way);
	find_router(&way);
	explain_address(&way);
	explain_kube_proxy(&way);
	explain_router(&way);
	explain_tracks(&way);
	explain_virtual_server(&way);
	explain_source_ranges(&way);
	explain_checks(&way);
	explain_servers(&way);
	explain_source_nat(&way);
	explain_sysctls(&way);

	bool answers = !way.fails && !way.elsewhere;
	if (answers)
		text_printf(&way.summary, "This node answers.");
	else if (!way.fails)
		text_printf(&way.summary, "Another node answers: %s.",
		            addr_format(&way.status->active, active));
	json_t *result = json_pack("{s:s,s:i,s:s,s:b,s:s,s:o}", "address",
	                           addr_format(&question->address, address), "port", question->port,
	                           "protocol", model_protocol_name(question->protocol), "answers",
	                           answers, "summary", text_str(&way.summary), "steps", way.steps);
	text_done(&way.summary);
	return result;
}
