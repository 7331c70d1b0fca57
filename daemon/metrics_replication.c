/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

#include "ipvs/sync_wire.h"
#include "lib/compiler.h"
#include "peer/book.h"
#include "peer/session.h"

#include <string.h>

static const char *string_of(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value ? value : "";
}

/* Booleans are 0 and 1. */
static double number_of(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_true(value) ? 1 : json_number_value(value);
}

static bool is_told(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return value && !json_is_null(value);
}

struct row {
	const char *name, *type, *help;
	const char *member; /* of the object; null has no sample */
};

/* --- virtual routers --- */

static const struct row router_rows[] = {
	{"lintel_replication_in_step", "gauge",
         "1 when it knows all connections of the Active, or is Active itself.", "inStep"},
	{"lintel_replication_preemption_held", "gauge",
         "1 while it waits with preempting until it is in step.", "preemptionHeld"},
	{"lintel_replication_connections", "gauge", "Connections known.", "connections"},
	{"lintel_replication_memory_bytes", "gauge", "Memory of the connections known.",
         "memoryBytes"},
	{"lintel_replication_lag_records", "gauge",
         "Records that are known to be missing here, as a Backup.", "lagRecords"},
	{"lintel_replication_lag_seconds", "gauge",
         "How long ago it last knew all, as a Backup that is behind.", "lagSeconds"},
	{"lintel_replication_full_sync_age_seconds", "gauge",
         "How long ago the last full sync ended here.", "lastFullSyncSecondsAgo"},
	{"lintel_replication_full_syncs_total", "counter", "Full syncs completed here.",
         "fullSyncs"},
	{"lintel_replication_full_syncs_served_total", "counter", "Full syncs given to others.",
         "fullSyncsServed"},
	{"lintel_replication_records_sent_total", "counter",
         "Records told, once however many hear them.", "recordsSent"},
	{"lintel_replication_records_received_total", "counter", "Records taken.",
         "recordsReceived"},
	{"lintel_replication_records_late_total", "counter",
         "Records of the one before us that came after we had taken over.", "recordsLate"},
	{"lintel_replication_records_refused_total", "counter",
         "Records refused: not of the Active, or of a former one.", "recordsRefused"},
	{"lintel_replication_gaps_total", "counter",
         "Times that records were missing; each cost a full sync.", "gaps"},
	{"lintel_replication_dropped_total", "counter",
         "Times that a peer was too slow for what it was told.", "dropped"},
};

static void write_rows(const struct row *rows, size_t count, const json_t *list, const char *member,
                       const char *label, struct text *out)
{
	struct text labels = {0};
	const json_t *object;
	size_t i;

	for (size_t r = 0; r < count; r++) {
		metrics_family(out, rows[r].name, rows[r].type, rows[r].help);
		json_array_foreach((json_t *)list, i, object)
		{
			if (!is_told(object, rows[r].member))
				continue;
			text_clear(&labels);
			metrics_label(&labels, "", label, string_of(object, member));
			metrics_value(out, rows[r].name, text_str(&labels),
			              number_of(object, rows[r].member));
		}
	}
	text_done(&labels);
}

static void write_steps(const json_t *routers, struct text *out)
{
	static const char name[] = "lintel_replication_step";
	struct text labels = {0};
	const json_t *router;
	size_t i;

	metrics_family(out, name, "gauge", "1 for how far the virtual router is in step.");
	json_array_foreach((json_t *)routers, i, router)
	{
		for (enum peer_step step = 0; step < PEER_STEP_COUNT; step++) {
			const char *step_name = peer_step_name(step);
			text_clear(&labels);
			metrics_label(&labels, "", "router", string_of(router, "router"));
			metrics_label(&labels, ",", "step", step_name);
			metrics_count(out, name, text_str(&labels),
			              strcmp(step_name, string_of(router, "step")) == 0);
		}
	}
	text_done(&labels);
}

static const struct row follower_rows[] = {
	{"lintel_replication_peer_in_step", "gauge",
         "1 for a node that says it knows all connections of the virtual router.", "inStep"},
	{"lintel_replication_peer_told", "gauge", "1 for a node that gets every change from us.",
         "told"},
	{"lintel_replication_peer_lag_records", "gauge",
         "Records that the node has not confirmed, while we are Active.", "lagRecords"},
	{"lintel_replication_peer_lag_seconds", "gauge",
         "How old the oldest of them is, while we are Active.", "lagSeconds"},
	{"lintel_replication_peer_not_carried", "gauge",
         "Connections that the node says it could not take over.", "notCarried"},
};

static void write_followers(const json_t *routers, struct text *out)
{
	struct text labels = {0};
	const json_t *router, *peer;
	size_t i, j;

	for (size_t r = 0; r < LT_ARRAY_SIZE(follower_rows); r++) {
		metrics_family(out, follower_rows[r].name, follower_rows[r].type,
		               follower_rows[r].help);
		json_array_foreach((json_t *)routers, i, router)
		{
			json_array_foreach(json_object_get(router, "peers"), j, peer)
			{
				text_clear(&labels);
				metrics_label(&labels, "", "router", string_of(router, "router"));
				metrics_label(&labels, ",", "node", string_of(peer, "node"));
				metrics_value(out, follower_rows[r].name, text_str(&labels),
				              number_of(peer, follower_rows[r].member));
			}
		}
	}
	text_done(&labels);
}

/* --- channels --- */

static const struct row channel_rows[] = {
	{"lintel_replication_channel_round_trip_seconds", "gauge",
         "Round trip of the last question over the channel.", "roundTripSeconds"},
	{"lintel_replication_channel_up_seconds", "gauge", "How long the channel has been up.",
         "upSeconds"},
	{"lintel_replication_channel_queued_bytes", "gauge", "Bytes that wait to be sent.",
         "queuedBytes"},
	{"lintel_replication_channel_sessions_total", "counter", "Times the channel came up.",
         "sessions"},
};

static void write_channels(const json_t *peers, struct text *out)
{
	static const char up[] = "lintel_replication_channel_up";
	static const char failures[] = "lintel_replication_channel_failures_total";
	const char *established = peer_session_state_name(PEER_SESSION_ESTABLISHED);
	struct text labels = {0};
	const json_t *peer;
	size_t i;

	metrics_family(out, up, "gauge", "1 while the channel to the peer is established.");
	json_array_foreach((json_t *)peers, i, peer)
	{
		text_clear(&labels);
		metrics_label(&labels, "", "peer", string_of(peer, "address"));
		metrics_count(out, up, text_str(&labels),
		              strcmp(string_of(peer, "state"), established) == 0);
	}
	metrics_family(out, failures, "counter",
	               "Channels that ended or did not come to be, by reason.");
	json_array_foreach((json_t *)peers, i, peer)
	{
		for (int reason = 0; reason < PEER_REASON_COUNT; reason++) {
			const char *name = peer_reason_name((enum peer_reason)reason);
			text_clear(&labels);
			metrics_label(&labels, "", "peer", string_of(peer, "address"));
			metrics_label(&labels, ",", "reason", name);
			metrics_value(out, failures, text_str(&labels),
			              number_of(json_object_get(peer, "failures"), name));
		}
	}
	text_done(&labels);
	write_rows(channel_rows, LT_ARRAY_SIZE(channel_rows), peers, "address", "peer", out);
}

/* --- what could not be carried over --- */

static void write_not_carried(const json_t *not_carried, struct text *out)
{
	static const char name[] = "lintel_replication_not_carried_total";
	static const char *const more[] = {"table-full", "refused-by-connection-tracking"};
	struct text labels = {0};

	metrics_family(out, name, "counter", "Connections that can't be carried over, by reason.");
	for (int i = 0; i < IPVS_SYNC_FIT_COUNT + (int)LT_ARRAY_SIZE(more); i++) {
		const char *reason = i < IPVS_SYNC_FIT_COUNT
		                             ? ipvs_sync_fit_name((enum ipvs_sync_fit)i)
		                             : more[i - IPVS_SYNC_FIT_COUNT];
		if (i == IPVS_SYNC_FITS)
			continue;
		text_clear(&labels);
		metrics_label(&labels, "", "reason", reason);
		metrics_value(out, name, text_str(&labels), number_of(not_carried, reason));
	}
	text_done(&labels);
}

void metrics_replication_write(const json_t *replication, struct text *out)
{
	const json_t *routers = json_object_get(replication, "routers");
	const json_t *rush = json_object_get(replication, "rush");

	metrics_single(out, "lintel_replication_on", "gauge",
	               "1 when running connections are told to the other nodes.",
	               number_of(replication, "on"));
	metrics_single(out, "lintel_replication_problems", "gauge",
	               "Problems of replication that lintel status shows.",
	               (double)json_array_size(json_object_get(replication, "problems")));
	metrics_single(out, "lintel_replication_rush", "gauge",
	               "1 while so many connections begin that IPVS alone tells of those through "
	               "NAT.",
	               number_of(rush, "on"));
	metrics_single(out, "lintel_replication_rushes_total", "counter",
	               "Times that so many connections began.", number_of(rush, "times"));
	metrics_single(out, "lintel_replication_rush_connections_total", "counter",
	               "Connections that IPVS alone told of meanwhile.",
	               number_of(rush, "connections"));
	metrics_single(out, "lintel_replication_rush_surprises_total", "counter",
	               "Times that source NAT then did something else than was foreseen.",
	               number_of(rush, "surprises"));
	write_steps(routers, out);
	write_rows(router_rows, LT_ARRAY_SIZE(router_rows), routers, "router", "router", out);
	write_followers(routers, out);
	write_channels(json_object_get(replication, "peers"), out);
	write_not_carried(json_object_get(replication, "notCarried"), out);
}
