/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report_router.h"

#include "daemon/checks.h"
#include "daemon/report_time.h"
#include "daemon/track_table.h"
#include "lib/mono.h"
#include "vrrp/config.h"

#include <string.h>

static json_t *address_text(const struct addr *address)
{
	char buf[ADDR_TEXT_SIZE];

	return address->family == ADDR_NONE ? json_null() : json_string(addr_format(address, buf));
}

static json_t *prefix_text(const struct addr_prefix *prefix)
{
	char buf[ADDR_PREFIX_TEXT_SIZE];

	return json_string(addr_prefix_format(prefix, buf));
}

static json_t *duration_text(int64_t us)
{
	char buf[TEXT_DURATION_SIZE];

	return json_string(text_format_duration(us, buf));
}

static bool owns_already(const struct model_router *router, const struct addr *address)
{
	for (size_t i = 0; i < router->address_count; i++) {
		if (addr_equal(&router->addresses[i].prefix.addr, address))
			return true;
	}
	return false;
}

/* The router's own addresses, then those of its virtual servers. */
json_t *report_router_addresses(const struct model_snapshot *snapshot, const char *name)
{
	json_t *list = json_array();
	const struct model_router *router = snapshot ? model_snapshot_router(snapshot, name) : NULL;

	if (!router)
		return list;
	for (size_t i = 0; i < router->address_count; i++)
		json_array_append_new(list, prefix_text(&router->addresses[i].prefix));
	for (size_t i = 0; i < snapshot->vip_count; i++) {
		const struct model_vip *vip = &snapshot->vips[i];
		if (vip->router == router && !owns_already(router, &vip->address))
			json_array_append_new(list, prefix_text(&vip->prefix));
	}
	return list;
}

/* What a peer signs with; null for each when nobody looks, or it was not heard. */
static void report_signature(const struct model_router_status *router,
                             const struct model_peer_status *peer, json_t *object)
{
	bool known = router->authenticated && peer->heard_us > 0;
	bool is_signed = known && peer->key_id > 0;

	json_object_set_new(object, "signed", known ? json_boolean(is_signed) : json_null());
	json_object_set_new(object, "keyId", is_signed ? json_integer(peer->key_id) : json_null());
	json_object_set_new(object, "clockSkewSeconds",
	                    is_signed ? json_integer(peer->skew_s) : json_null());
}

/* Keys are told of by their numbers, never by what they are. */
static json_t *authentication(const struct model_router_status *router)
{
	json_t *ids = json_array();
	bool has_key = router->key_count > 0;

	for (uint32_t i = 0; i < router->key_count && i < MODEL_KEYS_SHOWN; i++)
		json_array_append_new(ids, json_integer(router->key_ids[i]));
	if (!router->authenticated) {
		json_decref(ids);
		return json_null();
	}
	return json_pack("{s:s,s:o,s:o}", "mode", model_auth_mode_name(router->auth_mode),
	                 "signsWith",
	                 has_key && router->auth_mode != MODEL_AUTH_RECEIVE_ONLY
	                         ? json_integer(router->key_ids[0])
	                         : json_null(),
	                 "keyIds", ids);
}

static json_t *peers(const struct model_router_status *router, int64_t now_us)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < router->peer_count && i < MODEL_PEERS_SHOWN; i++) {
		const struct model_peer_status *peer = &router->peers[i];
		bool heard = peer->heard_us > 0;
		enum model_checksum checksum = peer->pseudo_header ? MODEL_CHECKSUM_PSEUDO_HEADER
		                                                   : MODEL_CHECKSUM_RFC9568;
		json_t *form = heard ? json_string(model_checksum_name(checksum)) : json_null();
		json_t *object = json_pack("{s:o,s:i,s:o,s:o}", "address",
		                           address_text(&peer->address), "priority", peer->priority,
		                           "heardSecondsAgo", report_age(now_us, peer->heard_us),
		                           "checksum", form);
		report_signature(router, peer, object);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *transitions(const struct model_router_status *router, int64_t now_us)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < router->transition_count && i < MODEL_TRANSITIONS_KEPT; i++) {
		const struct model_transition *t = &router->transitions[i];
		json_array_append_new(list, json_pack("{s:o,s:s,s:s,s:s,s:o}", "secondsAgo",
		                                      report_age(now_us, t->at_us), "from",
		                                      model_router_state_name(t->from), "to",
		                                      model_router_state_name(t->to), "reason",
		                                      model_router_reason_name(t->reason), "peer",
		                                      address_text(&t->peer)));
	}
	return list;
}

/* Like Prometheus' histograms: "le" is the bound in seconds, counts are cumulative. */
static json_t *lateness(const struct model_router_counters *c)
{
	json_t *list = json_array();
	json_int_t count = 0;

	for (int i = 0; i < MODEL_LATENESS_BUCKETS; i++) {
		int64_t bound_us = model_lateness_bounds_us[i];
		count += (json_int_t)c->lateness[i];
		json_array_append_new(
			list,
			json_pack("{s:o,s:I}", "le",
		                  bound_us == INT64_MAX ? json_null() : report_seconds(bound_us),
		                  "count", count));
	}
	return list;
}

static json_t *counters(const struct model_router_counters *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"advertsSent", c->adverts_sent},
		{"advertsReceived", c->adverts_received},
		{"advertsUnsigned", c->adverts_unsigned},
		{"priorityZeroSent", c->priority_zero_sent},
		{"priorityZeroReceived", c->priority_zero_received},
		{"sendErrors", c->send_errors},
		{"becameActive", c->became_active},
		{"addressMismatches", c->address_mismatches},
		{"intervalMismatches", c->interval_mismatches},
		{"collisions", c->collisions},
		{"addressesRestored", c->addresses_restored},
		{"addressConflicts", c->address_conflicts},
		{"announcementsSent", c->announcements_sent},
		{"lateStepDowns", c->late_step_downs},
	};
	json_t *object = json_object(), *drops = json_object();

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].value));
	json_object_set_new(object, "lateness", lateness(c));
	json_object_set_new(object, "latenessMaxSeconds", report_seconds(c->lateness_max_us));
	for (int i = 0; i < MODEL_DROP_COUNT; i++)
		json_object_set_new(drops, model_vrrp_drop_name((enum model_vrrp_drop)i),
		                    json_integer((json_int_t)c->drops[i]));
	json_object_set_new(object, "drops", drops);
	return object;
}

static json_t *followed(const struct model_router_status *router)
{
	if (router->state != MODEL_ROUTER_BACKUP || router->active.family == ADDR_NONE)
		return json_null();
	return json_pack("{s:o,s:i}", "address", address_text(&router->active), "priority",
	                 router->active_priority);
}

/* Its own, whatever its sync group makes of it. */
static unsigned own_priority(const struct report_router_more *more,
                             const struct model_router_status *router)
{
	const struct model_router *wanted =
		more->snapshot ? model_snapshot_router(more->snapshot, router->name) : NULL;

	return wanted ? vrrp_config_priority(wanted, more->restraints, more->restraint_count)
	              : router->priority;
}

/* The one of its sync group whose priority it has taken; null: it has its own. */
static json_t *priority_from(const struct model_router_status *routers, size_t count, size_t at,
                             const struct report_router_more *more)
{
	const struct model_router_status *router = &routers[at];

	if (!router->sync_group[0] || own_priority(more, router) <= router->priority)
		return json_null();
	for (size_t i = 0; i < count; i++) {
		if (i != at && strcmp(routers[i].sync_group, router->sync_group) == 0 &&
		    own_priority(more, &routers[i]) == router->priority)
			return json_string(routers[i].name);
	}
	return json_null();
}

/* What its priority is made of. */
static void report_priority(const struct model_router_status *routers, size_t count, size_t at,
                            const struct report_router_more *more, int64_t now_us, json_t *object)
{
	const struct model_router_status *router = &routers[at];
	const struct model_router *wanted =
		more->snapshot ? model_snapshot_router(more->snapshot, router->name) : NULL;
	size_t quorums;

	json_object_set_new(object, "configuredPriority",
	                    json_integer(wanted ? wanted->priority : router->priority));
	json_object_set_new(object, "tracks",
	                    track_table_report(more->tracks, router->name, now_us));
	json_object_set_new(object, "quorums",
	                    checks_report_router(more->checks, router->name, now_us, &quorums));
	json_object_set_new(object, "quorumCount", json_integer((json_int_t)quorums));
	json_object_set_new(object, "syncGroup",
	                    router->sync_group[0] ? json_string(router->sync_group) : json_null());
	json_object_set_new(object, "priorityFrom", priority_from(routers, count, at, more));
}

json_t *report_routers(const struct model_router_status *routers, size_t count,
                       const struct report_router_more *more, int64_t now_us)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct model_router_status *r = &routers[i];
		json_t *object = json_pack(
			"{s:s,s:i,s:s,s:s,s:s,s:b,s:b,s:o,s:i}", "name", r->name, "virtualRouterId",
			r->virtual_router_id, "interface", r->interface, "state",
			model_router_state_name(r->state), "reason",
			model_router_reason_name(r->reason), "leaving", r->leaving,
			"preemptionSuspended", r->suspended_preemption, "sinceSeconds",
			report_age(now_us, r->since_us), "priority", r->priority);
		json_object_set_new(object, "advertisementInterval",
		                    duration_text(r->advert_interval_us));
		json_object_set_new(object, "activeInterval", duration_text(r->active_interval_us));
		json_object_set_new(object, "active", followed(r));
		json_object_set_new(object, "authentication", authentication(r));
		json_object_set_new(object, "addresses",
		                    report_router_addresses(more->snapshot, r->name));
		json_object_set_new(object, "addressesOwned", json_integer(r->address_count));
		json_object_set_new(object, "addressesPresent", json_integer(r->addresses_present));
		json_object_set_new(object, "peers", peers(r, now_us));
		json_object_set_new(object, "transitions", transitions(r, now_us));
		json_object_set_new(object, "counters", counters(&r->counters));
		report_priority(routers, count, i, more, now_us, object);
		json_object_set_new(object, "problem", json_string(r->problem));
		json_array_append_new(list, object);
	}
	return list;
}
