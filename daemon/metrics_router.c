/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

#include "lib/mono.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct routers {
	const struct model_router_status *items;
	size_t count;
	const struct model_snapshot *snapshot;
	int64_t now_us;
	struct text *out;
	struct text labels; /* scratch */
};

/* "router="..."" and whatever is added behind it. */
static const char *label(struct routers *r, const struct model_router_status *router)
{
	text_clear(&r->labels);
	metrics_label(&r->labels, "", "router", router->name);
	return text_str(&r->labels);
}

static const char *label_more(struct routers *r, const char *name, const char *value)
{
	metrics_label(&r->labels, ",", name, value);
	return text_str(&r->labels);
}

/* --- who it is, and what it does --- */

static const enum model_router_state states[] = {MODEL_ROUTER_INITIALIZE, MODEL_ROUTER_BACKUP,
                                                 MODEL_ROUTER_ACTIVE};

static void write_identity(struct routers *r)
{
	char id[8];

	metrics_family(r->out, "lintel_vrrp_info", "gauge",
	               "1, with the interface and the virtual router ID.");
	for (size_t i = 0; i < r->count; i++) {
		snprintf(id, sizeof(id), "%u", r->items[i].virtual_router_id);
		(void)label(r, &r->items[i]);
		(void)label_more(r, "interface", r->items[i].interface);
		metrics_count(r->out, "lintel_vrrp_info", label_more(r, "virtual_router_id", id),
		              1);
	}
	metrics_family(r->out, "lintel_vrrp_sync_group", "gauge",
	               "1, with the sync group that the virtual router is in.");
	for (size_t i = 0; i < r->count; i++) {
		if (!r->items[i].sync_group[0])
			continue;
		(void)label(r, &r->items[i]);
		metrics_count(r->out, "lintel_vrrp_sync_group",
		              label_more(r, "group", r->items[i].sync_group), 1);
	}
	metrics_family(r->out, "lintel_vrrp_state", "gauge",
	               "1 for the state the virtual router is in.");
	for (size_t i = 0; i < r->count; i++) {
		for (size_t j = 0; j < LT_ARRAY_SIZE(states); j++) {
			(void)label(r, &r->items[i]);
			metrics_count(r->out, "lintel_vrrp_state",
			              label_more(r, "state", model_router_state_name(states[j])),
			              r->items[i].state == states[j]);
		}
	}
}

/* One number of each router that is no member of its status. */
static void write_each(struct routers *r, const char *name, const char *help,
                       double (*value)(const struct routers *r,
                                       const struct model_router_status *router))
{
	metrics_family(r->out, name, "gauge", help);
	for (size_t i = 0; i < r->count; i++)
		metrics_value(r->out, name, label(r, &r->items[i]), value(r, &r->items[i]));
}

static double priority(const struct routers *r, const struct model_router_status *router)
{
	return router->priority;
}

static double configured_priority(const struct routers *r, const struct model_router_status *router)
{
	const struct model_router *wanted =
		r->snapshot ? model_snapshot_router(r->snapshot, router->name) : NULL;

	return wanted ? wanted->priority : router->priority;
}

static double state_age(const struct routers *r, const struct model_router_status *router)
{
	return mono_seconds(r->now_us - router->since_us);
}

static double interval(const struct routers *r, const struct model_router_status *router)
{
	return mono_seconds(router->active_interval_us);
}

static double addresses_present(const struct routers *r, const struct model_router_status *router)
{
	return router->addresses_present;
}

static double addresses_owned(const struct routers *r, const struct model_router_status *router)
{
	return router->address_count;
}

static double has_problem(const struct routers *r, const struct model_router_status *router)
{
	return router->problem[0] != '\0';
}

static double is_leaving(const struct routers *r, const struct model_router_status *router)
{
	return router->leaving;
}

static double suspended(const struct routers *r, const struct model_router_status *router)
{
	return router->suspended_preemption;
}

static double is_realtime(const struct routers *r, const struct model_router_status *router)
{
	return router->realtime;
}

static void write_gauges(struct routers *r)
{
	write_each(r, "lintel_vrrp_priority", "Priority of the virtual router here, now.",
	           priority);
	write_each(r, "lintel_vrrp_configured_priority",
	           "Priority that its configuration gives it, before tracks and checks.",
	           configured_priority);
	write_each(r, "lintel_vrrp_state_age_seconds", "How long it has been in its state.",
	           state_age);
	write_each(r, "lintel_vrrp_advertisement_interval_seconds",
	           "Interval of advertisements that is in force: the Active's.", interval);
	write_each(r, "lintel_vrrp_addresses",
	           "Addresses of the virtual router that are on interfaces now.",
	           addresses_present);
	write_each(r, "lintel_vrrp_addresses_owned",
	           "Addresses that the virtual router puts on interfaces when it is Active.",
	           addresses_owned);
	write_each(r, "lintel_vrrp_problem", "1 while something is wrong that lintel status names.",
	           has_problem);
	write_each(r, "lintel_vrrp_leaving", "1 while it waits for a successor.", is_leaving);
	write_each(r, "lintel_vrrp_preemption_suspended",
	           "1 after it was handed over by hand, until it was Active again.", suspended);
	write_each(r, "lintel_vrrp_realtime", "1 when its thread has real-time priority.",
	           is_realtime);
}

/* --- where each address is --- */

static void write_address(struct routers *r, const struct model_router_status *router,
                          const struct addr *address)
{
	char buf[ADDR_TEXT_SIZE];

	(void)label(r, router);
	metrics_count(r->out, "lintel_virtual_address_active",
	              label_more(r, "address", addr_format(address, buf)),
	              router->state == MODEL_ROUTER_ACTIVE);
}

static bool is_routers_own(const struct model_router *router, const struct addr *address)
{
	for (size_t i = 0; i < router->address_count; i++) {
		if (addr_equal(&router->addresses[i].prefix.addr, address))
			return true;
	}
	return false;
}

static const struct model_router_status *find(const struct routers *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->items[i].name, name) == 0)
			return &r->items[i];
	}
	return NULL;
}

static void write_addresses(struct routers *r)
{
	metrics_family(r->out, "lintel_virtual_address_active", "gauge",
	               "1 for a virtual address that this node is the Active of.");
	for (size_t i = 0; r->snapshot && i < r->count; i++) {
		const struct model_router *router =
			model_snapshot_router(r->snapshot, r->items[i].name);
		for (size_t j = 0; router && j < router->address_count; j++)
			write_address(r, &r->items[i], &router->addresses[j].prefix.addr);
	}
	for (size_t i = 0; r->snapshot && i < r->snapshot->vip_count; i++) {
		const struct model_vip *vip = &r->snapshot->vips[i];
		const struct model_router_status *router = vip->router ? find(r, vip->router->name)
		                                                       : NULL;
		if (router && !is_routers_own(vip->router, &vip->address))
			write_address(r, router, &vip->address);
	}
}

/* --- peers --- */

static void write_peers(struct routers *r)
{
	static const char priority_name[] = "lintel_vrrp_peer_priority";
	static const char silence_name[] = "lintel_vrrp_peer_silence_seconds";
	char buf[ADDR_TEXT_SIZE];

	for (int silence = 0; silence < 2; silence++) {
		const char *name = silence ? silence_name : priority_name;
		metrics_family(r->out, name, "gauge",
		               silence ? "How long ago the peer's last advertisement was heard."
		                       : "Priority that the peer last advertised.");
		for (size_t i = 0; i < r->count; i++) {
			const struct model_router_status *router = &r->items[i];
			for (size_t j = 0; j < router->peer_count && j < MODEL_PEERS_SHOWN; j++) {
				const struct model_peer_status *peer = &router->peers[j];
				if (peer->heard_us <= 0)
					continue;
				(void)label(r, router);
				(void)label_more(r, "peer", addr_format(&peer->address, buf));
				metrics_value(r->out, name, text_str(&r->labels),
				              silence ? mono_seconds(r->now_us - peer->heard_us)
				                      : peer->priority);
			}
		}
	}
}

/* --- counters --- */

static void write_transitions(struct routers *r)
{
	static const char name[] = "lintel_vrrp_transitions_total";

	metrics_family(r->out, name, "counter", "Changes of state, by what it became and why.");
	for (size_t i = 0; i < r->count; i++) {
		for (size_t to = 0; to < LT_ARRAY_SIZE(states); to++) {
			for (int reason = 0; reason < MODEL_REASON_COUNT; reason++) {
				(void)label(r, &r->items[i]);
				(void)label_more(r, "to", model_router_state_name(states[to]));
				(void)label_more(
					r, "reason",
					model_router_reason_name((enum model_router_reason)reason));
				metrics_count(r->out, name, text_str(&r->labels),
				              r->items[i].counters.transitions[states[to]][reason]);
			}
		}
	}
}

static void write_drops(struct routers *r)
{
	static const char name[] = "lintel_vrrp_drops_total";

	metrics_family(r->out, name, "counter", "Received packets that were dropped, by reason.");
	for (size_t i = 0; i < r->count; i++) {
		for (int drop = 0; drop < MODEL_DROP_COUNT; drop++) {
			(void)label(r, &r->items[i]);
			metrics_count(r->out, name,
			              label_more(r, "reason",
			                         model_vrrp_drop_name((enum model_vrrp_drop)drop)),
			              r->items[i].counters.drops[drop]);
		}
	}
}

static void write_lateness(struct routers *r)
{
	static const char name[] = "lintel_vrrp_advertisement_lateness_seconds";
	static const char worst[] = "lintel_vrrp_advertisement_lateness_max_seconds";

	metrics_family(r->out, name, "histogram", "How late advertisements were sent.");
	for (size_t i = 0; i < r->count; i++) {
		const struct model_router_counters *c = &r->items[i].counters;
		metrics_histogram(r->out, name, label(r, &r->items[i]), model_lateness_bounds_us,
		                  c->lateness, MODEL_LATENESS_BUCKETS, c->lateness_sum_us);
	}
	metrics_family(r->out, worst, "gauge",
	               "How late an advertisement was sent at worst, since start.");
	for (size_t i = 0; i < r->count; i++)
		metrics_seconds(r->out, worst, label(r, &r->items[i]),
		                r->items[i].counters.lateness_max_us);
}

static const struct {
	const char *name, *help;
	size_t offset; /* in struct model_router_status */
} counter_rows[] = {
#define COUNTER(name, member, help)                                           \
	{                                                                     \
		"lintel_vrrp_" name "_total", help,                           \
			offsetof(struct model_router_status, counters.member) \
	}
	COUNTER("advertisements_sent", adverts_sent, "Advertisements sent."),
	COUNTER("advertisements_received", adverts_received, "Valid advertisements received."),
	COUNTER("advertisements_unsigned", adverts_unsigned,
                "Of those received: taken without a signature, in a mode that allows it."),
	COUNTER("priority_zero_sent", priority_zero_sent,
                "Advertisements of priority 0 sent: times it resigned."),
	COUNTER("priority_zero_received", priority_zero_received,
                "Advertisements of priority 0 received: times an Active resigned."),
	COUNTER("became_active", became_active, "Times the virtual router became Active."),
	COUNTER("send_errors", send_errors, "Advertisements that could not be sent."),
	COUNTER("collisions", collisions,
                "Advertisements of a stranger that uses our virtual router ID."),
	COUNTER("address_mismatches", address_mismatches,
                "Advertisements with another list of addresses than ours."),
	COUNTER("interval_mismatches", interval_mismatches,
                "Advertisements with another interval than ours."),
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

static void write_counters(struct routers *r)
{
	for (size_t row = 0; row < LT_ARRAY_SIZE(counter_rows); row++) {
		const char *name = counter_rows[row].name;
		metrics_family(r->out, name, "counter", counter_rows[row].help);
		for (size_t i = 0; i < r->count; i++) {
			uint64_t value;
			memcpy(&value, (const char *)&r->items[i] + counter_rows[row].offset,
			       sizeof(value));
			metrics_count(r->out, name, label(r, &r->items[i]), value);
		}
	}
}

void metrics_router_write(const struct model_router_status *routers, size_t count,
                          const struct model_snapshot *snapshot, int64_t now_us, struct text *out)
{
	struct routers r = {.items = routers,
	                    .count = count,
	                    .snapshot = snapshot,
	                    .now_us = now_us,
	                    .out = out};

	write_identity(&r);
	write_gauges(&r);
	write_addresses(&r);
	write_peers(&r);
	write_transitions(&r);
	write_drops(&r);
	write_lateness(&r);
	write_counters(&r);
	text_done(&r.labels);
}
