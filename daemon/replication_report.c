/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_private.h"
#include "daemon/report_time.h"

#include "lib/endpoint.h"
#include "lib/mono.h"

static json_t *peer_object(const struct peer_channel_status *peer, int64_t now_us)
{
	char address[ENDPOINT_TEXT_SIZE];
	json_t *failures = json_object();

	for (int reason = 0; reason < PEER_REASON_COUNT; reason++) {
		if (peer->counts[reason])
			json_object_set_new(failures, peer_reason_name((enum peer_reason)reason),
			                    json_integer((json_int_t)peer->counts[reason]));
	}
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:o}", "address",
		endpoint_format(&peer->address.address,
	                        peer->address.port ? peer->address.port : PEER_CHANNEL_PORT,
	                        address),
		"node", peer->node, "state", peer_session_state_name(peer->state), "reason",
		peer->reason == PEER_REASON_COUNT ? "" : peer_reason_text(peer->reason), "key",
		peer->key, "upSeconds",
		peer->up_since_us == TIME_NEVER ? json_null()
						: report_age(now_us, peer->up_since_us),
		"roundTripSeconds", peer->rtt_us < 0 ? json_null() : report_seconds(peer->rtt_us),
		"queuedBytes", (json_int_t)peer->queued, "sessions", (json_int_t)peer->ups,
		"failures", failures);
}

static json_t *peer_list(const struct replication *replication, int64_t now_us)
{
	json_t *list = json_array();
	size_t count = replication->channel ? peer_channel_peer_count(replication->channel) : 0;

	for (size_t i = 0; i < count; i++) {
		struct peer_channel_status peer;

		peer_channel_status(replication->channel, i, &peer);
		json_array_append_new(list, peer_object(&peer, now_us));
	}
	return list;
}

static json_t *follower_list(const struct peer_book_status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->peer_count; i++) {
		const struct peer_book_peer_status *peer = &status->peers[i];

		json_array_append_new(list, json_pack("{s:s,s:b,s:b,s:b,s:I,s:o,s:I}", "node",
		                                      peer->node, "active", peer->active, "inStep",
		                                      peer->in_step, "told", peer->told,
		                                      "lagRecords", (json_int_t)peer->lag_records,
		                                      "lagSeconds", report_seconds(peer->lag_us),
		                                      "notCarried", (json_int_t)peer->not_carried));
	}
	return list;
}

static json_t *router_object(const struct replication *replication,
                             const struct replication_router *router, int64_t now_us)
{
	struct peer_book_status status = {.step = PEER_STEP_ALONE, .synced_us = TIME_NEVER};

	if (replication->book)
		peer_book_status(replication->book, router->name, now_us, &status);
	json_t *object = json_pack(
		"{s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:o,s:o}", "router", router->name, "step",
		peer_step_name(status.step), "inStep",
		status.step == PEER_STEP_ACTIVE || status.step == PEER_STEP_IN_STEP,
		"preemptionHeld", router->held && router->rival, "source", status.source, "epoch",
		(json_int_t)status.epoch, "connections", (json_int_t)router->flows.count,
		"lagRecords", (json_int_t)status.lag_records, "lagSeconds",
		report_seconds(status.lag_us), "lastFullSyncSecondsAgo",
		report_age(now_us, status.synced_us));
	json_object_update_new(
		object,
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "memoryBytes",
	                  (json_int_t)(model_flow_table_memory(&router->flows) +
	                               router->claims.size * sizeof(*router->claims.slots)),
	                  "fullSyncs", (json_int_t)status.syncs, "fullSyncsServed",
	                  (json_int_t)status.syncs_served, "recordsSent", (json_int_t)status.sent,
	                  "recordsReceived", (json_int_t)status.received, "recordsLate",
	                  (json_int_t)status.late, "recordsRefused", (json_int_t)status.refused,
	                  "gaps", (json_int_t)status.gaps, "dropped", (json_int_t)status.dropped,
	                  "notCarried", (json_int_t)status.not_carried, "peers",
	                  follower_list(&status)));
	return object;
}

static json_t *rush_object(const struct replication_rush *rush)
{
	return json_pack("{s:b,s:I,s:I,s:I}", "on", rush->on, "times", (json_int_t)rush->times,
	                 "connections", (json_int_t)rush->flows, "surprises",
	                 (json_int_t)rush->surprises);
}

/* What could not be carried over, and why: only what there was. */
static json_t *not_carried(const struct replication *replication)
{
	json_t *object = json_object();

	if (replication->table_full)
		json_object_set_new(object, "table-full",
		                    json_integer((json_int_t)replication->table_full));
	if (replication->put_failed)
		json_object_set_new(object, "refused-by-connection-tracking",
		                    json_integer((json_int_t)replication->put_failed));
	if (!replication->sync)
		return object;
	const struct ipvs_sync_status sync = ipvs_sync_status(replication->sync);
	for (int fit = 0; fit < IPVS_SYNC_FIT_COUNT; fit++) {
		uint64_t count = sync.in.refused[fit] + sync.out.unfit[fit];
		if (count && fit != IPVS_SYNC_FITS)
			json_object_set_new(object, ipvs_sync_fit_name((enum ipvs_sync_fit)fit),
			                    json_integer((json_int_t)count));
	}
	return object;
}

json_t *replication_report(const struct replication *replication, int64_t now_us)
{
	json_t *routers = json_array(), *problems = json_array();

	for (size_t i = 0; replication->on && i < replication->router_count; i++)
		json_array_append_new(routers,
		                      router_object(replication, &replication->routers[i], now_us));
	for (size_t i = 0; i < replication->problems.count; i++)
		json_array_append_new(problems, json_string(replication->problems.items[i]));
	return json_pack("{s:b,s:s,s:o,s:o,s:o,s:o,s:o}", "on", replication->on, "why",
	                 replication->key_state, "peers", peer_list(replication, now_us), "routers",
	                 routers, "rush", rush_object(&replication->rush), "notCarried",
	                 not_carried(replication), "problems", problems);
}
