/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every way in (packets, kernel events, orders, the timer) ends with vrrp_node_settle(): what was
 * appended to the batch is committed, who is done is freed, news go out, and the timer is set. */
#include "vrrp/node.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "vrrp/timers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_US (500 * US_PER_MS)

/* --- time --- */

/* Now; and should the machine have slept, others own what we think we own. */
int64_t vrrp_node_clock(struct vrrp_node *node)
{
	int64_t suspended_us, now_us = mono_now_and_suspended_us(&suspended_us);
	bool slept = vrrp_timers_slept(&node->suspended_us, suspended_us);

	node->clock_us = now_us;
	for (size_t i = 0; slept && i < node->count; i++) {
		vrrp_instance_step_down(node->instances[i], now_us, MODEL_REASON_SUSPENDED);
		node->deadlines[i] = vrrp_instance_deadline(node->instances[i]);
	}
	return now_us;
}

static void report(struct vrrp_node *node, int64_t now_us)
{
	struct vrrp_shared *shared = &node->shared;
	struct model_router_status *routers = node->count ? xcalloc(node->count, sizeof(*routers))
	                                                  : NULL;
	size_t count = 0;

	for (size_t i = 0; i < node->count; i++) {
		if (node->instances[i]->retiring)
			continue;
		vrrp_instance_observe(node->instances[i]);
		routers[count++] = node->instances[i]->status;
	}
	node->reported_us = now_us;
	shared->report_now = shared->report_soon = false;
	node->handlers.status(node->handlers.ctx, routers, count);
}

void vrrp_node_report(struct vrrp_node *node)
{
	report(node, mono_now_us());
}

static int64_t report_due(const struct vrrp_node *node)
{
	const struct vrrp_shared *shared = &node->shared;

	if (shared->report_now)
		return INT64_MIN;
	if (shared->report_soon)
		return node->reported_us + REPORT_US;
	return TIME_NEVER;
}

static void arm(struct vrrp_node *node)
{
	int64_t due_us = report_due(node);

	if (node->orphans_left)
		due_us = 1;
	for (size_t i = 0; i < node->count; i++)
		if (node->deadlines[i] < due_us)
			due_us = node->deadlines[i];
	/* In the past is at once. */
	loop_deadline_arm(&node->timer, due_us < 1 ? 1 : due_us);
}

/* --- routers --- */

void vrrp_node_release_source(struct vrrp_node_source *source)
{
	if (--source->users > 0)
		return;
	vrrp_config_free(source->config);
	free(source);
}

void vrrp_node_drop(struct vrrp_node *node, size_t at, bool keep)
{
	vrrp_instance_free(node->instances[at], keep);
	vrrp_node_release_source(node->sources[at]);
	node->count--;
	node->instances[at] = node->instances[node->count];
	node->deadlines[at] = node->deadlines[node->count];
	node->sources[at] = node->sources[node->count];
	if (at < node->count)
		node->instances[at]->slot = at;
}

static bool claimed_by_another(void *ctx, const struct vrrp_addresses *self, int link_index,
                               const struct addr_prefix *prefix)
{
	const struct vrrp_node *node = ctx;

	for (size_t i = 0; i < node->count; i++) {
		const struct vrrp_addresses *other = &node->instances[i]->addresses;

		if (other != self && vrrp_addresses_are_wanted(other) &&
		    vrrp_addresses_owns(other, link_index, prefix))
			return true;
	}
	return false;
}

void vrrp_node_update_deadlines(struct vrrp_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node->deadlines[i] = vrrp_instance_deadline(node->instances[i]);
}

/* What the machine of a group does concerns all of its members. */
static void update_deadlines_of(struct vrrp_node *node, const struct vrrp_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		node->deadlines[group->members[i]->slot] =
			vrrp_instance_deadline(group->members[i]);
}

void vrrp_node_refresh(struct vrrp_node *node, int64_t now_us)
{
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_look(node->instances[i], now_us);
	for (size_t i = 0; i < node->count; i++)
		if (node->instances[i]->member == 0)
			vrrp_group_settle(node->instances[i]->group, now_us);
}

/* What there is was lost sight of: everything is looked at afresh. */
static void reload(struct vrrp_node *node, int64_t now_us)
{
	node->shared.lost = false;
	if (vrrp_links_load(&node->shared.links, node->shared.nl) < 0)
		node->handlers.event(
			node->handlers.ctx, LOG_LEVEL_ERROR,
			"cannot read interfaces and addresses, going on with old ones");
	for (size_t i = 0; i < node->count; i++)
		vrrp_addresses_recheck(&node->instances[i]->addresses);
	vrrp_node_refresh(node, now_us);
	vrrp_node_update_deadlines(node);
}

static void finish_stop(struct vrrp_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!vrrp_instance_is_idle(node->instances[i]))
			return;
	node->stopped = true;
	node->handlers.stopped(node->handlers.ctx);
}

/* What all have to announce, as far as the pace lets them; advertisements have gone out before. Who
 * came last begins the next time. */
static void announce(struct vrrp_node *node, int64_t now_us)
{
	struct vrrp_announce_pace *pace = &node->shared.pace;
	unsigned room = 0, sent = 0;
	int64_t began_us = 0;
	bool any = false;

	for (size_t i = 0; i < node->count && !any; i++)
		any = vrrp_instance_announces(node->instances[i], now_us);
	if (!any)
		return;
	room = vrrp_announce_pace_room(pace, now_us);
	if (room > 0)
		began_us = mono_now_us();
	for (size_t i = 0; i < node->count && sent < room; i++) {
		size_t at = (node->announce_next + i) % node->count;

		if (vrrp_instance_announces(node->instances[at], now_us))
			sent += vrrp_instance_announce(node->instances[at], now_us, room - sent);
		if (sent == room)
			node->announce_next = at + 1;
	}
	if (sent > 0)
		vrrp_announce_pace_spend(pace, sent, began_us, mono_now_us());
	vrrp_node_update_deadlines(node);
}

/* Of an earlier run: macvlans and addresses that nobody took over. */
static bool are_leftovers_gone(const struct vrrp_node *node)
{
	return node->configured && !node->orphans_left && node->shared.under_way == 0 &&
	       node->shared.batch.messages.count == 0;
}

void vrrp_node_settle(struct vrrp_node *node, int64_t now_us)
{
	if (vrrp_shared_commit(&node->shared) < 0 || node->shared.lost)
		reload(node, now_us);
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_settled(node->instances[i]);
	for (size_t i = 0; i < node->count;) {
		if (node->instances[i]->retiring && vrrp_instance_is_idle(node->instances[i]))
			vrrp_node_drop(node, i, false);
		else
			i++;
	}
	if (are_leftovers_gone(node))
		vrrp_mutes_settle(&node->shared.mutes);
	announce(node, now_us);
	if (report_due(node) <= now_us)
		report(node, now_us);
	if (node->shared.stopping && !node->stopped)
		finish_stop(node);
	arm(node);
}

/* --- the ways in --- */

static void packet_received(void *ctx, void *router, const struct vrrp_envelope *envelope,
                            const void *data, size_t size)
{
	struct vrrp_node *node = ctx;
	struct vrrp_instance *instance = router;

	vrrp_instance_packet(instance, vrrp_node_clock(node), envelope, data, size);
	update_deadlines_of(node, instance->group);
}

static void packets_settled(void *ctx)
{
	struct vrrp_node *node = ctx;

	vrrp_node_settle(node, node->clock_us);
}

static void expire(struct vrrp_node *node, struct vrrp_instance *instance, int64_t now_us)
{
	const struct vrrp_group *group = instance->group;

	for (size_t i = 0; i < group->count && vrrp_instance_judges(instance, now_us); i++) {
		vrrp_receiver_drain(group->members[i]->receiver4, node->turn);
		vrrp_receiver_drain(group->members[i]->receiver6, node->turn);
	}
	vrrp_instance_expired(instance, now_us);
	/* It was let go by hand or for a change that was taken back, and may start again. */
	if (group->fsm.state == MODEL_ROUTER_INITIALIZE && !instance->retiring &&
	    !node->shared.stopping)
		vrrp_instance_refresh(instance, now_us);
}

static void timer_expired(struct loop_deadline *deadline)
{
	struct vrrp_node *node = lt_container_of(deadline, struct vrrp_node, timer);
	int64_t now_us = vrrp_node_clock(node);
	bool renews = false;

	node->turn++;
	for (size_t i = 0; i < node->count; i++) {
		struct vrrp_instance *instance = node->instances[i];

		if (node->deadlines[i] > now_us)
			continue;
		renews |= vrrp_addresses_is_nearly_due(&instance->addresses, now_us);
		expire(node, instance, now_us);
		update_deadlines_of(node, instance->group);
	}
	/* Renewing lifetimes costs a system call: let others come along. */
	for (size_t i = 0; renews && i < node->count; i++) {
		struct vrrp_instance *instance = node->instances[i];

		if (!vrrp_addresses_is_nearly_due(&instance->addresses, now_us))
			continue;
		instance->status.counters.addresses_restored +=
			vrrp_addresses_sweep(&instance->addresses, &node->shared.links, now_us,
		                             vrrp_instance_batch(instance));
		vrrp_shared_relieve(&node->shared);
		node->deadlines[i] = vrrp_instance_deadline(instance);
	}
	if (node->orphans_left)
		vrrp_node_remove_orphans(node);
	vrrp_thread_worker_collect(node->shared.worker);
	vrrp_node_settle(node, now_us);
}

static void event_received(void *ctx, const struct nlmsghdr *message)
{
	struct vrrp_node *node = ctx;
	struct rtnl_event event;

	if (rtnl_decode(message, &event) == RTNL_OTHER)
		return;
	switch (vrrp_links_event(&node->shared.links, &event)) {
	case VRRP_LINKS_SAME:
		break;
	case VRRP_LINKS_LINK:
	case VRRP_LINKS_ADDRESS:
		node->refresh_due = true;
		break;
	case VRRP_LINKS_OURS:
		node->shared.report_soon = true;
		for (size_t i = 0; i < node->count; i++)
			vrrp_instance_in_use(node->instances[i]);
		break;
	case VRRP_LINKS_OURS_GONE:
		node->shared.report_soon = true;
		for (size_t i = 0; i < node->count; i++)
			vrrp_instance_gone(node->instances[i], mono_now_us(),
			                   event.address.link_index, &event.address.prefix);
		break;
	}
}

static void events_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct vrrp_node *node = lt_container_of(fd, struct vrrp_node, events_fd);
	int64_t now_us;

	if (nl_receive(node->events, event_received, node) < 0)
		node->shared.lost = true;
	now_us = vrrp_node_clock(node);
	if (node->refresh_due) {
		node->refresh_due = false;
		vrrp_node_refresh(node, now_us);
	}
	vrrp_node_update_deadlines(node);
	vrrp_node_settle(node, now_us);
}

/* The worker has carried out a batch. */
static void batch_done(void *ctx, struct vrrp_address_batch *batch, int result)
{
	struct vrrp_node *node = ctx;

	node->shared.under_way -= vrrp_address_batch_is_awaited(batch);
	vrrp_address_batch_conclude(batch, &node->shared.links);
	if (result < 0)
		node->shared.lost = true;
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_in_use(node->instances[i]);
	vrrp_node_update_deadlines(node);
	vrrp_node_settle(node, vrrp_node_clock(node));
}

static void address_refused(void *ctx, uint64_t id, int error)
{
	struct vrrp_node *node = ctx;

	for (size_t i = 0; i < node->count; i++)
		if (node->instances[i]->addresses.id == id)
			vrrp_instance_refused(node->instances[i], error);
}

static void address_claimed(void *ctx, int link_index, const struct addr *address,
                            const struct addr_mac *mac)
{
	struct vrrp_node *node = ctx;
	int64_t now_us = mono_now_us();

	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_conflict(node->instances[i], now_us, link_index, address, mac);
}

/* --- opening and closing --- */

int vrrp_node_open(struct vrrp_node *node, struct loop *loop,
                   const struct vrrp_node_handlers *handlers, const struct vrrp_mutes_found *found)
{
	struct vrrp_shared *shared = &node->shared;
	int r;

	memset(node, 0, sizeof(*node));
	node->loop = loop;
	node->handlers = *handlers;
	node->suspended_us = mono_suspended_us();
	shared->event = handlers->event;
	shared->failover_done = handlers->failover_done;
	shared->ctx = handlers->ctx;
	shared->batch.claimed = claimed_by_another;
	shared->batch.refused = address_refused;
	shared->batch.ctx = node;
	shared->batch_inline = shared->batch;
	r = vrrp_sockets_open(&shared->sockets, loop);
	if (r < 0)
		return r;
	shared->sockets.received = packet_received;
	shared->sockets.settled = packets_settled;
	shared->sockets.ctx = node;
	r = vrrp_conflict_open(&node->conflict, loop);
	if (r < 0)
		goto close_sockets;
	node->conflict.claimed = address_claimed;
	node->conflict.ctx = node;
	r = nl_open(NETLINK_ROUTE, &shared->nl);
	if (r < 0)
		goto close_conflict;
	r = nl_open(NETLINK_ROUTE, &node->events);
	if (r < 0)
		goto close_nl;
	/* First the events, then the dump: what changes in between is heard. */
	r = rtnl_subscribe(node->events);
	if (r == 0)
		r = vrrp_links_load(&shared->links, shared->nl);
	if (r == 0)
		r = loop_deadline_init(loop, &node->timer);
	if (r < 0)
		goto close_events;
	r = vrrp_thread_worker_start(loop, node->events, batch_done, node, &shared->worker);
	if (r < 0)
		goto close_timer;
	if (found)
		vrrp_mutes_inherit(&shared->mutes, &shared->links, found);
	node->timer.expired = timer_expired;
	node->events_fd = (struct loop_fd){.fd = nl_fd(node->events), .ready = events_ready};
	loop_fd_start(loop, &node->events_fd, true, false);
	return 0;
close_timer:
	loop_deadline_done(&node->timer);
close_events:
	vrrp_links_done(&shared->links);
	nl_close(node->events);
close_nl:
	nl_close(shared->nl);
close_conflict:
	vrrp_conflict_close(&node->conflict);
close_sockets:
	vrrp_sockets_close(&shared->sockets);
	return r;
}

void vrrp_node_close(struct vrrp_node *node, bool keep)
{
	while (node->count > 0)
		vrrp_node_drop(node, node->count - 1, keep);
	vrrp_thread_worker_stop(node->shared.worker);
	if (!keep && node->configured)
		vrrp_mutes_settle(&node->shared.mutes);
	free(node->instances);
	free(node->deadlines);
	free(node->sources);
	loop_deadline_done(&node->timer);
	loop_fd_stop(&node->events_fd);
	nl_close(node->events);
	nl_close(node->shared.nl);
	vrrp_conflict_close(&node->conflict);
	vrrp_sockets_close(&node->shared.sockets);
	vrrp_links_done(&node->shared.links);
	vrrp_mutes_done(&node->shared.mutes);
	vrrp_address_batch_done(&node->shared.batch);
	vrrp_address_batch_done(&node->shared.batch_inline);
}
