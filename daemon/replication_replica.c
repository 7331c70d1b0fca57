/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that is told: connections of a peer, put into this node's kernel.
 *
 * Each is an IPVS connection, and where its source is translated an entry of connection tracking.
 * As a peer tells of ends, but not of each packet, the kernel would let them expire: what is in the
 * table is given to it again before that. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mono.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* The shortest time-out that the kernel has for what lives: 300 s for UDP in IPVS. */
#define RENEW_S  120
/* Slots that are looked at in a tick: all of a table within RENEW_S, and at least so many. */
#define WALK_MIN 4096
/* So many flows go to IPVS at once; it looks how much room there is for each time. */
#define FEW      16
/* What came late waits so long for IPVS, at most. */
#define LATE_US  (5 * US_PER_MS)

/* Flows of one call, sorted by what is to be done with them. */
struct work {
	struct conntrack_entry put[REPLICATION_BATCH]; /* new ones */
	struct conntrack_entry touch[REPLICATION_BATCH];
	struct conntrack_tuple remove[REPLICATION_BATCH];
	struct model_flow flows[REPLICATION_BATCH]; /* all, for IPVS */
	size_t put_count, touch_count, remove_count, flow_count;
};

static void work_add(struct work *work, const struct model_flow *flow, bool new)
{
	bool tracked = conntrack_flow_needs_entry(flow);

	work->flows[work->flow_count++] = *flow;
	/* A UDP flow that rests (replication_observe.c) has an entry no more. */
	if ((tracked && flow->state == MODEL_FLOW_GONE) ||
	    (flow->protocol == IPPROTO_UDP && flow->forwarding == MODEL_FORWARD_NAT &&
	     !flow->template && flow->state == MODEL_FLOW_CLOSING))
		conntrack_flow_original(flow, &work->remove[work->remove_count++]);
	else if (tracked && new)
		conntrack_flow_to_entry(flow, &work->put[work->put_count++]);
	else if (tracked)
		conntrack_flow_to_entry(flow, &work->touch[work->touch_count++]);
}

static size_t count_failed(const int *results, size_t count)
{
	size_t failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += results[i] != 0;
	return failed;
}

/* How many of them the kernel refused. */
static size_t work_track(struct replication *replication, struct work *work)
{
	int results[REPLICATION_BATCH] = {0};
	size_t failed = 0;
	int rc = 0;

	if (!replication->conntrack)
		return work->put_count + work->touch_count;
	if (work->remove_count)
		rc = conntrack_kernel_remove(replication->conntrack, work->remove,
		                             work->remove_count);
	if (rc == 0 && work->put_count) {
		rc = conntrack_kernel_put(replication->conntrack, work->put, work->put_count,
		                          results);
		failed += count_failed(results, work->put_count);
	}
	memset(results, 0, sizeof(results));
	if (rc == 0 && work->touch_count) {
		rc = conntrack_kernel_touch(replication->conntrack, work->touch, work->touch_count,
		                            results);
		failed += count_failed(results, work->touch_count);
	}
	if (rc) {
		log_warn("peer", "connection tracking can't be written: %s", strerror(-rc));
		replication->behind = true;
	}
	return failed;
}

/* Carries out and empties it. What IPVS has no room for yet is given again by the walk. */
static void work_do(struct replication *replication, struct replication_router *router,
                    struct work *work)
{
	size_t taken = work->flow_count, failed;

	/* An answer whose destination is translated, but not its source, gets to the client from a
	 * stranger; one that is not translated at all goes to the Active. So IPVS comes first. */
	if (replication->sync)
		taken = ipvs_sync_put(replication->sync, work->flows, work->flow_count);
	if (replication->sync && work->flow_count <= FEW)
		ipvs_sync_send(replication->sync);
	failed = work_track(replication, work);
	for (size_t i = taken; i < work->flow_count; i++) {
		struct model_flow_entry *entry =
			model_flow_table_find(&router->flows, &work->flows[i]);
		if (entry)
			entry->put_s = 0;
		replication->behind = true;
	}
	replication->put_failed += failed;
	if (failed)
		peer_book_not_carried(replication->book, router->name, failed);
	work->put_count = work->touch_count = work->remove_count = work->flow_count = 0;
}

/* --- what the book orders --- */

static void apply(void *ctx, const char *name, uint32_t generation, const struct model_flow *flows,
                  size_t count)
{
	struct replication *replication = ctx;
	struct replication_router *router = replication_router_find(replication, name);
	uint32_t now_s = replication_now_s();
	static struct work work;

	for (size_t i = 0; router && i < count; i++) {
		const struct model_flow *flow = &flows[i];
		struct model_flow_entry *entry = model_flow_table_find(&router->flows, flow);
		bool other = !entry || !addr_equal(&entry->flow.server, &flow->server) ||
		             !addr_equal(&entry->flow.source, &flow->source) ||
		             entry->flow.source_port != flow->source_port;

		if (flow->state == MODEL_FLOW_GONE) {
			model_flow_table_remove(&router->flows, flow);
		} else {
			entry = model_flow_table_put(&router->flows, flow, NULL);
			if (!entry) {
				replication->table_full++;
				peer_book_not_carried(replication->book, name, 1);
				continue;
			}
			entry->generation = generation;
			entry->put_s = now_s;
			entry->until_s = 0;
		}
		work_add(&work, flow, other);
		if (work.flow_count == REPLICATION_BATCH)
			work_do(replication, router, &work);
	}
	if (router)
		work_do(replication, router, &work);
}

/* The entry, if it needs one. EEXIST may be an answer of the server that came before: this machine
 * passed it on to the one before us, and took it for a flow of its own. Such a flow goes. It may be
 * the client's next packet as well, that has got a server here: then it is not carried over. */
static bool add_late(struct replication *replication, const struct model_flow *flow)
{
	struct conntrack_entry entry;
	struct conntrack_tuple answers;
	int result = 0;

	if (!conntrack_flow_needs_entry(flow))
		return true;
	if (!replication->conntrack)
		return false;
	conntrack_flow_to_entry(flow, &entry);
	if (conntrack_kernel_add(replication->conntrack, &entry, 1, &result))
		return false;
	if (result != EEXIST)
		return result == 0;
	conntrack_flow_reply(flow, &answers);
	return conntrack_kernel_remove(replication->conntrack, &answers, 1) == 0 &&
	       conntrack_kernel_add(replication->conntrack, &entry, 1, &result) == 0 && result == 0;
}

static bool is_news(const struct replication_router *router, const struct model_flow *flow)
{
	return flow->state != MODEL_FLOW_GONE && !model_flow_table_find(&router->flows, flow);
}

/* What the one before us still knew when we took over: connections that we have neither by its word
 * nor by our kernel's, as of now. IPVS comes first here, too: see work_do(). */
static void late(void *ctx, const char *name, const struct model_flow *flows, size_t count)
{
	struct replication *replication = ctx;
	struct replication_router *router = replication_router_find(replication, name);
	size_t taken = 0, news = 0;

	if (!router)
		return;
	replication_observe_catch_up(replication);
	for (size_t i = 0; replication->sync && i < count; i++) {
		if (is_news(router, &flows[i]))
			news += ipvs_sync_put(replication->sync, &flows[i], 1);
	}
	if (news)
		(void)ipvs_sync_flush(replication->sync, LATE_US);
	for (size_t i = 0; i < count; i++) {
		if (!is_news(router, &flows[i]) || !add_late(replication, &flows[i]))
			continue;
		replication_observe_late(replication, router, &flows[i]);
		taken++;
	}
	if (taken)
		log_debug("peer", "router=%s took connections that came late count=%zu", name,
		          taken);
}

static void sweep(void *ctx, const char *name, uint32_t generation)
{
	struct replication *replication = ctx;
	struct replication_router *router = replication_router_find(replication, name);
	static struct work work;
	struct model_flow_entry *entry;
	size_t slot = 0;

	if (!router)
		return;
	for (; (entry = model_flow_table_from(&router->flows, slot, &slot)); slot++) {
		struct model_flow gone = entry->flow;

		if (entry->generation == generation)
			continue;
		gone.state = MODEL_FLOW_GONE;
		model_flow_table_remove(&router->flows, &gone);
		work_add(&work, &gone, false);
		if (work.flow_count == REPLICATION_BATCH)
			work_do(replication, router, &work);
	}
	work_do(replication, router, &work);
}

static size_t dump(void *ctx, const char *name, uint64_t *cursor, struct model_flow *ret_flows,
                   size_t max)
{
	struct replication *replication = ctx;
	const struct replication_router *router = replication_router_find(replication, name);
	const struct model_flow_entry *entry;
	size_t slot = (size_t)*cursor, count = 0;

	while (router && count < max &&
	       (entry = model_flow_table_from(&router->flows, slot, &slot))) {
		ret_flows[count++] = entry->flow;
		slot++;
	}
	*cursor = slot;
	return count;
}

const struct peer_book_ops replication_replica_ops = {
	.apply = apply, .late = late, .sweep = sweep, .dump = dump};

/* --- the walk --- */

void replication_replica_renew(struct replication *replication)
{
	for (size_t i = 0; i < replication->router_count; i++) {
		struct replication_router *router = &replication->routers[i];
		struct model_flow_entry *entry;
		size_t slot = 0;

		for (; (entry = model_flow_table_from(&router->flows, slot, &slot)); slot++)
			entry->put_s = 0;
	}
	replication->behind = true;
}

void replication_replica_restore(struct replication *replication, struct replication_router *router,
                                 const struct model_flow *flow)
{
	struct model_flow_entry *entry = model_flow_table_find(&router->flows, flow);
	static struct work work;

	if (!entry)
		return;
	entry->put_s = replication_now_s();
	work_add(&work, &entry->flow, true);
	work_do(replication, router, &work);
}

/* A part of the table, or 'all' of it: what is another's is given to the kernel again in time, what
 * is ours and has passed its time is forgotten. */
static void walk(struct replication *replication, struct replication_router *router, bool all)
{
	size_t steps = router->flows.slot_count / (RENEW_S / 2) + WALK_MIN;
	bool active = router->state == MODEL_ROUTER_ACTIVE;
	uint32_t now_s = replication_now_s();
	static struct work work;
	struct model_flow_entry *entry;
	size_t slot = all ? 0 : router->walked, end = all ? SIZE_MAX : slot + steps;

	for (; (entry = model_flow_table_from(&router->flows, slot, &slot)) && slot < end; slot++) {
		if (active) {
			if (entry->until_s && entry->until_s < now_s)
				replication_observe_expire(replication, router, entry);
			continue;
		}
		if (now_s - entry->put_s < RENEW_S)
			continue;
		entry->put_s = now_s;
		work_add(&work, &entry->flow, false);
		if (work.flow_count < REPLICATION_BATCH)
			continue;
		work_do(replication, router, &work);
		if (replication->behind) /* no room: all over again when there is */
			break;
	}
	router->walked = entry ? slot : 0;
	work_do(replication, router, &work);
}

void replication_replica_tick(struct replication *replication)
{
	bool all = replication->behind;

	replication->behind = false;
	for (size_t i = 0; i < replication->router_count; i++)
		walk(replication, &replication->routers[i], all);
	replication_observe_flush(replication);
}
