/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "peer/tls.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US  US_PER_S
/* Without a key there is only the key file to be looked at. */
#define IDLE_US  (5 * US_PER_S)
/* Replicas are given to the kernel again so long after servers have come: many may come in a row.
 */
#define RENEW_US (5 * US_PER_S)

struct replication_router *replication_router_find(const struct replication *replication,
                                                   const char *name)
{
	for (size_t i = 0; i < replication->router_count; i++) {
		if (strcmp(replication->routers[i].name, name) == 0)
			return &replication->routers[i];
	}
	return NULL;
}

uint32_t replication_now_s(void)
{
	return (uint32_t)(mono_now_us() / US_PER_S);
}

void replication_book_arm(struct replication *replication)
{
	if (replication->book)
		loop_deadline_arm(&replication->book_tick, peer_book_deadline(replication->book));
}

/* --- who may preempt --- */

static bool is_held(const struct replication *replication, const struct replication_router *router)
{
	return replication->book && router->state != MODEL_ROUTER_ACTIVE &&
	       !peer_book_in_step(replication->book, router->name);
}

static void tell_step(const struct replication *replication, struct replication_router *router)
{
	const char *before = router->step;

	router->step = replication->book && router->known
	                       ? peer_step_name(peer_book_step(replication->book, router->name))
	                       : NULL;
	if (router->step != before && replication->handler.stepped)
		replication->handler.stepped(replication->handler.ctx, router->name,
		                             before ? before : "off",
		                             router->step ? router->step : "off");
}

static void update_restraints(struct replication *replication)
{
	bool changed = false;

	replication->restraint_count = 0;
	for (size_t i = 0; i < replication->router_count; i++) {
		struct replication_router *router = &replication->routers[i];
		bool held = is_held(replication, router);

		tell_step(replication, router);
		changed |= held != router->held;
		if (held != router->held && router->known && router->rival)
			log_notice("peer", "router=%s %s", router->name,
			           held ? "does not preempt: not in step"
			                : "may preempt: in step, or nobody to be in step with");
		router->held = held;
		if (!held)
			continue;
		struct vrrp_restraint *restraint =
			&replication->restraints[replication->restraint_count++];
		memcpy(restraint->router, router->name, sizeof(restraint->router));
		restraint->preempt_held = true;
	}
	if (changed)
		replication->handler.changed(replication->handler.ctx);
}

static void book_due(struct loop_deadline *deadline)
{
	struct replication *replication = lt_container_of(deadline, struct replication, book_tick);

	if (!replication->book)
		return;
	peer_book_tick(replication->book, mono_now_us());
	replication_book_arm(replication);
}

/* --- on and off --- */

bool replication_needs_ipvs(const struct replication *replication,
                            const struct replication_place *place)
{
	return place->persistence_s || !replication_is_tracked(replication, place);
}

static void open_all(struct replication *replication)
{
	problems_begin(&replication->problems);
	if (!replication->channel && replication_channel_open(replication) == 0)
		log_notice("peer", "replicating connections port=%u keys=%zu",
		           peer_channel_port(replication->channel), replication->keys.count);
	if (replication->snapshot && replication->index.count) {
		if (!replication->conntrack && replication_observe_open(replication) == 0)
			replication_observe_watch(replication);
		replication_ipvs_open(replication);
	}
	problems_end(&replication->problems);
}

static void forget_router(struct replication_router *router)
{
	model_flow_table_done(&router->flows);
	model_flow_claims_done(&router->claims);
}

static void close_all(struct replication *replication)
{
	replication_foreseen_close(replication);
	ipvs_sync_close(replication->sync);
	replication->sync = NULL;
	replication_observe_close(replication);
	peer_channel_close(replication->channel);
	replication->channel = NULL;
	peer_book_free(replication->book);
	replication->book = NULL;
	for (size_t i = 0; i < replication->router_count; i++)
		forget_router(&replication->routers[i]);
}

void replication_reload(struct replication *replication)
{
	bool was_on = replication->on;

	replication_channel_read_keys(replication);
	if (was_on && !replication->on) {
		log_notice("peer", "connections are replicated no more: %s",
		           replication->key_state);
		close_all(replication);
		replication_guard_close(replication, true);
	}
	if (was_on != replication->on)
		replication->handler.changed(replication->handler.ctx);
	update_restraints(replication);
}

/* --- the snapshot and VRRP --- */

static void collect_virtuals(struct replication *replication)
{
	const struct replication_index *index = &replication->index;

	replication->virtuals =
		xreallocarray(replication->virtuals, index->count + 1, sizeof(struct addr));
	replication->virtual_count = 0;
	for (size_t i = 0; i < index->count; i++) {
		if (i == 0 || !addr_equal(&index->places[i].address, &index->places[i - 1].address))
			replication->virtuals[replication->virtual_count++] =
				index->places[i].address;
	}
}

/* The routers in the snapshot's order, those that stay with all that is known of them. */
static void want_routers(struct replication *replication, const struct model_snapshot *snapshot)
{
	struct replication_router *before = replication->routers;
	size_t before_count = replication->router_count;
	int64_t now_us = mono_now_us();

	replication_observe_flush(replication);
	replication->routers = xcalloc(snapshot->router_count + 1, sizeof(*replication->routers));
	replication->router_count = snapshot->router_count;
	for (size_t i = 0; i < snapshot->router_count; i++) {
		struct replication_router *router = &replication->routers[i];
		bool stays = false;

		for (size_t j = 0; j < before_count && !stays; j++) {
			stays = strcmp(before[j].name, snapshot->routers[i]->name) == 0 &&
			        before[j].virtual_router_id ==
			                snapshot->routers[i]->virtual_router_id;
			if (stays) {
				*router = before[j];
				before[j].wanted = true;
			}
		}
		if (stays)
			continue;
		snprintf(router->name, sizeof(router->name), "%s", snapshot->routers[i]->name);
		router->virtual_router_id = snapshot->routers[i]->virtual_router_id;
		router->flows.seed = replication->seed;
		if (replication->book)
			replication_channel_add_router(replication, router, now_us);
	}
	for (size_t j = 0; j < before_count; j++) {
		if (before[j].wanted)
			continue;
		if (replication->book && !replication_router_find(replication, before[j].name))
			peer_book_remove_router(replication->book, before[j].name, now_us);
		forget_router(&before[j]);
	}
	for (size_t i = 0; i < replication->router_count; i++)
		replication->routers[i].wanted = false;
	free(before);
	free(replication->restraints);
	replication->restraints =
		xcalloc(snapshot->router_count + 1, sizeof(*replication->restraints));
	replication->batch_router = NULL;
}

void replication_want(struct replication *replication, const struct model_snapshot *snapshot)
{
	replication->snapshot = snapshot;
	want_routers(replication, snapshot);
	replication->guard_due = true;
	replication_index_build(&replication->index, snapshot);
	collect_virtuals(replication);
	if (replication->on) {
		open_all(replication);
		replication_ipvs_expect(replication);
		replication_channel_update_peers(replication);
		replication_observe_watch(replication);
		/* A replica counts for a server that is there when it is put. */
		if (replication->renew_at_us == TIME_NEVER)
			replication->renew_at_us = mono_now_us() + RENEW_US;
		replication_guard_update(replication, mono_now_us());
		replication_book_arm(replication);
	}
	update_restraints(replication);
}

static void note_heard(struct replication *replication, struct replication_router *router,
                       const struct model_router_status *status)
{
	router->heard_count = 0;
	for (uint32_t i = 0; i < status->peer_count; i++) {
		const struct model_peer_status *peer = &status->peers[i];

		if (peer->heard_us == 0)
			continue;
		router->heard[router->heard_count++] = (struct peer_address){
			.address = peer->address,
			.port = replication->options->peer_port,
			.scope = replication_channel_scope(&peer->address, status->interface),
		};
	}
}

static void state_changed(struct replication *replication, struct replication_router *router,
                          enum model_router_state state, int64_t since_us)
{
	bool was_active = router->state == MODEL_ROUTER_ACTIVE;
	int64_t now_us = mono_now_us();

	router->state = state;
	if (was_active == (state == MODEL_ROUTER_ACTIVE))
		return;
	router->active_us = since_us;
	replication->guard_due = true;
	replication_observe_hear(replication);
	if (replication->book)
		peer_book_set_active(replication->book, router->name, !was_active, now_us);
	if (!was_active)
		replication_observe_takeover(replication, router);
	else
		model_flow_claims_done(&router->claims);
}

void replication_observe(struct replication *replication, const struct model_router_status *routers,
                         size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct replication_router *router =
			replication_router_find(replication, routers[i].name);

		if (!router)
			continue;
		router->known = true;
		router->rival = routers[i].active.family != ADDR_NONE;
		note_heard(replication, router, &routers[i]);
		if (router->state != routers[i].state)
			state_changed(replication, router, routers[i].state, routers[i].since_us);
	}
	if (!replication->on)
		return;
	replication_guard_update(replication, mono_now_us());
	replication_channel_update_peers(replication);
	update_restraints(replication);
	replication_book_arm(replication);
}

const struct vrrp_restraint *replication_restraints(const struct replication *replication,
                                                    size_t *ret_count)
{
	*ret_count = replication->restraint_count;
	return replication->restraints;
}

bool replication_is_on(const struct replication *replication)
{
	return replication->on;
}

/* --- life --- */

static void tick(struct loop_deadline *deadline)
{
	struct replication *replication = lt_container_of(deadline, struct replication, tick);
	int64_t now_us = mono_now_us();

	loop_deadline_arm(deadline, now_us + (replication->on ? TICK_US : IDLE_US));
	replication_reload(replication);
	if (!replication->on)
		return;
	open_all(replication);
	replication_observe_tick(replication, now_us);
	replication_foreseen_tick(replication);
	replication_adopt_tick(replication);
	if (now_us >= replication->renew_at_us) {
		replication->renew_at_us = TIME_NEVER;
		replication_replica_renew(replication);
	}
	replication_replica_tick(replication);
	replication_guard_update(replication, now_us);
	replication_book_arm(replication);
}

int replication_open(struct loop *loop, const struct daemon_run_options *options,
                     const struct replication_handler *handler,
                     struct replication **ret_replication)
{
	struct replication *replication = xcalloc(1, sizeof(*replication));
	int rc;

	replication->loop = loop;
	replication->options = options;
	replication->handler = *handler;
	replication->compare_at_us = TIME_NEVER;
	replication->guard_at_us = TIME_NEVER;
	replication->renew_at_us = TIME_NEVER;
	problems_init(&replication->problems, "peer");
	rc = peer_tls_random(&replication->seed, sizeof(replication->seed));
	if (rc == 0)
		rc = loop_deadline_init(loop, &replication->tick);
	if (rc == 0)
		rc = loop_deadline_init(loop, &replication->book_tick);
	if (rc == 0)
		rc = replication_observe_init(replication);
	if (rc == 0)
		rc = replication_foreseen_init(replication);
	if (rc == 0)
		rc = replication_adopt_open(replication);
	if (rc) {
		replication_foreseen_done(replication);
		replication_observe_done(replication);
		loop_deadline_done(&replication->tick);
		loop_deadline_done(&replication->book_tick);
		problems_done(&replication->problems);
		free(replication);
		return rc;
	}
	replication->tick.expired = tick;
	replication->book_tick.expired = book_due;
	replication_channel_read_keys(replication);
	loop_deadline_arm(&replication->tick, mono_now_us() + TICK_US);
	*ret_replication = replication;
	return 0;
}

void replication_close(struct replication *replication, bool clean)
{
	if (!replication)
		return;
	close_all(replication);
	replication_guard_close(replication, clean);
	replication_adopt_close(replication);
	replication_foreseen_done(replication);
	replication_observe_done(replication);
	loop_deadline_done(&replication->tick);
	loop_deadline_done(&replication->book_tick);
	peer_keys_wipe(&replication->keys);
	problems_done(&replication->problems);
	replication_index_done(&replication->index);
	free(replication->virtuals);
	free(replication->routers);
	free(replication->restraints);
	free(replication);
}
