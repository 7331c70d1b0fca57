/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every way in (packets, kernel events, orders, the timer) ends with settle(): what was appended to
 * the batch is committed, who is done is freed, news go out, and the timer is set. */
#include "vrrp/node.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_US         (500 * US_PER_MS)
#define REPORT_COUNTED_US (2 * US_PER_S)
#define SUSPENDED_US      (100 * US_PER_MS)
#define ORPHANS_STEP      512

/* --- time --- */

/* Now; and should the machine have slept, others own what we think we own. */
static int64_t read_clock(struct vrrp_node *node)
{
	int64_t now_us = mono_now_us();
	int64_t suspended_us = mono_suspended_us();
	bool slept = suspended_us - node->suspended_us > SUSPENDED_US;

	node->suspended_us = suspended_us;
	for (size_t i = 0; slept && i < node->count; i++) {
		vrrp_instance_step_down(node->instances[i], now_us, MODEL_REASON_SUSPENDED);
		node->deadlines[i] = vrrp_instance_deadline(node->instances[i]);
	}
	return now_us;
}

static void report(struct vrrp_node *node, int64_t now_us)
{
	struct vrrp_shared *shared = &node->shared;
	struct model_router_status *routers = xcalloc(node->count + 1, sizeof(*routers));
	size_t count = 0;

	for (size_t i = 0; i < node->count; i++) {
		if (node->instances[i]->retiring)
			continue;
		vrrp_instance_observe(node->instances[i]);
		routers[count++] = node->instances[i]->status;
	}
	node->reported_us = now_us;
	shared->report_now = shared->report_soon = shared->counted = false;
	node->handlers.status(node->handlers.ctx, routers, count);
}

static int64_t report_due(const struct vrrp_node *node)
{
	const struct vrrp_shared *shared = &node->shared;

	if (shared->report_now)
		return INT64_MIN;
	if (shared->report_soon)
		return node->reported_us + REPORT_US;
	if (shared->counted)
		return node->reported_us + REPORT_COUNTED_US;
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

static void release_source(struct vrrp_node_source *source)
{
	if (--source->users > 0)
		return;
	vrrp_config_free(source->config);
	free(source);
}

static void drop_instance(struct vrrp_node *node, size_t at, bool keep)
{
	vrrp_instance_free(node->instances[at], keep);
	release_source(node->sources[at]);
	node->count--;
	node->instances[at] = node->instances[node->count];
	node->deadlines[at] = node->deadlines[node->count];
	node->sources[at] = node->sources[node->count];
	if (at < node->count)
		node->instances[at]->slot = at;
}

static void add_instance(struct vrrp_node *node, struct vrrp_node_source *source,
                         const struct vrrp_router_config *config)
{
	size_t at = node->count++;

	node->instances = xreallocarray(node->instances, node->count, sizeof(*node->instances));
	node->deadlines = xreallocarray(node->deadlines, node->count, sizeof(*node->deadlines));
	node->sources = xreallocarray(node->sources, node->count, sizeof(*node->sources));
	node->instances[at] = vrrp_instance_new(&node->shared, config);
	node->instances[at]->slot = at;
	node->deadlines[at] = TIME_NEVER;
	node->sources[at] = source;
	source->users++;
}

static bool claimed_by_another(void *ctx, const struct vrrp_addresses *self, int link_index,
                               const struct addr_prefix *prefix)
{
	const struct vrrp_node *node = ctx;

	for (size_t i = 0; i < node->count; i++) {
		const struct vrrp_addresses *other = &node->instances[i]->addresses;

		if (other != self && other->wanted &&
		    vrrp_addresses_owns(other, link_index, prefix))
			return true;
	}
	return false;
}

static bool owned_by_any(const struct vrrp_node *node, int link_index,
                         const struct addr_prefix *prefix)
{
	for (size_t i = 0; i < node->count; i++)
		if (vrrp_addresses_owns(&node->instances[i]->addresses, link_index, prefix))
			return true;
	return false;
}

/* Addresses with our mark that no router has (any more): of an earlier run, or taken out of the
 * configuration. Some at a time. */
static void remove_orphans(struct vrrp_node *node)
{
	const struct vrrp_links *links = &node->shared.links;
	size_t removed = 0;

	node->orphans_left = false;
	for (size_t i = 0; i < links->address_count; i++) {
		const struct rtnl_address *address = &links->addresses[i];

		if (address->protocol != RTNL_ADDRESS_PROTOCOL ||
		    owned_by_any(node, address->link_index, &address->prefix))
			continue;
		if (removed++ == ORPHANS_STEP) {
			node->orphans_left = true;
			return;
		}
		vrrp_addresses_remove(&node->shared.batch, address->link_index, &address->prefix);
	}
}

/* Macvlans of an earlier run that no router took over. */
static void remove_orphan_macvlans(struct vrrp_node *node)
{
	const struct vrrp_links *links = &node->shared.links;
	static const uint8_t virtual_mac[4] = {0x00, 0x00, 0x5e, 0x00};

	for (size_t i = 0; i < links->link_count; i++) {
		struct vrrp_macvlan orphan = {.index = links->links[i].index};
		bool used = false;

		if (strcmp(links->links[i].kind, "macvlan") != 0 ||
		    (strncmp(links->links[i].name, "lt4.", 4) != 0 &&
		     strncmp(links->links[i].name, "lt6.", 4) != 0) ||
		    memcmp(links->links[i].mac.bytes, virtual_mac, sizeof(virtual_mac)) != 0)
			continue;
		for (size_t j = 0; j < node->count; j++)
			used |= node->instances[j]->macvlan4.index == orphan.index ||
			        node->instances[j]->macvlan6.index == orphan.index;
		if (!used)
			vrrp_macvlan_close(&orphan, node->shared.nl, &node->shared.parents, false);
	}
}

static void update_deadlines(struct vrrp_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node->deadlines[i] = vrrp_instance_deadline(node->instances[i]);
}

/* What there is was lost sight of: everything is looked at afresh. */
static void reload(struct vrrp_node *node, int64_t now_us)
{
	node->shared.lost = false;
	if (vrrp_links_load(&node->shared.links, node->shared.nl) < 0)
		node->handlers.event(
			node->handlers.ctx, LOG_LEVEL_ERROR,
			"cannot read interfaces and addresses, going on with old ones");
	for (size_t i = 0; i < node->count; i++) {
		vrrp_addresses_recheck(&node->instances[i]->addresses);
		vrrp_instance_refresh(node->instances[i], now_us);
	}
	update_deadlines(node);
}

static void finish_stop(struct vrrp_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		if (!vrrp_instance_is_idle(node->instances[i]))
			return;
	node->stopped = true;
	node->handlers.stopped(node->handlers.ctx);
}

static void settle(struct vrrp_node *node, int64_t now_us)
{
	if (vrrp_shared_commit(&node->shared) < 0 || node->shared.lost)
		reload(node, now_us);
	for (size_t i = 0; i < node->count;) {
		if (node->instances[i]->retiring && vrrp_instance_is_idle(node->instances[i]))
			drop_instance(node, i, false);
		else
			i++;
	}
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

	vrrp_instance_packet(instance, read_clock(node), envelope, data, size);
	node->deadlines[instance->slot] = vrrp_instance_deadline(instance);
}

static void packets_settled(void *ctx)
{
	settle(ctx, mono_now_us());
}

static void expire(struct vrrp_node *node, struct vrrp_instance *instance, int64_t now_us)
{
	if (vrrp_instance_judges(instance, now_us)) {
		vrrp_receiver_drain(instance->receiver4, node->turn);
		vrrp_receiver_drain(instance->receiver6, node->turn);
	}
	vrrp_instance_expired(instance, now_us);
	/* It was let go by hand or for a change that was taken back, and may start again. */
	if (instance->fsm.state == MODEL_ROUTER_INITIALIZE && !instance->retiring &&
	    !node->shared.stopping)
		vrrp_instance_refresh(instance, now_us);
}

static void timer_expired(struct loop_deadline *deadline)
{
	struct vrrp_node *node = lt_container_of(deadline, struct vrrp_node, timer);
	int64_t now_us = read_clock(node);
	bool renews = false;

	node->turn++;
	for (size_t i = 0; i < node->count; i++) {
		struct vrrp_instance *instance = node->instances[i];

		if (node->deadlines[i] > now_us)
			continue;
		renews |= vrrp_addresses_is_nearly_due(&instance->addresses, now_us);
		expire(node, instance, now_us);
		node->deadlines[i] = vrrp_instance_deadline(instance);
	}
	/* Renewing lifetimes costs a system call: let others come along. */
	for (size_t i = 0; renews && i < node->count; i++) {
		struct vrrp_instance *instance = node->instances[i];

		if (!vrrp_addresses_is_nearly_due(&instance->addresses, now_us))
			continue;
		instance->status.counters.addresses_restored +=
			vrrp_addresses_sweep(&instance->addresses, &node->shared.links, now_us,
		                             vrrp_instance_batch(instance));
		node->deadlines[i] = vrrp_instance_deadline(instance);
	}
	if (node->orphans_left)
		remove_orphans(node);
	settle(node, mono_now_us());
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
	now_us = read_clock(node);
	if (node->refresh_due) {
		node->refresh_due = false;
		for (size_t i = 0; i < node->count; i++)
			vrrp_instance_refresh(node->instances[i], now_us);
	}
	update_deadlines(node);
	settle(node, now_us);
}

/* The worker has carried out a batch. */
static void batch_done(void *ctx, struct vrrp_address_batch *batch, int result)
{
	struct vrrp_node *node = ctx;

	vrrp_address_batch_conclude(batch, &node->shared.links);
	if (result < 0)
		node->shared.lost = true;
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_in_use(node->instances[i]);
	update_deadlines(node);
	settle(node, read_clock(node));
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

/* --- orders --- */

static int compare_addr(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* Claims on any IPv4 address that a router may own are listened for. */
static void watch_conflicts(struct vrrp_node *node)
{
	struct addr *watched;
	size_t most = 0, count = 0;

	for (size_t i = 0; i < node->count; i++)
		most += node->instances[i]->addresses.count;
	watched = xcalloc(most + 1, sizeof(*watched));
	for (size_t i = 0; i < node->count; i++) {
		const struct vrrp_addresses *a = &node->instances[i]->addresses;

		for (size_t j = 0; j < a->count; j++)
			if (a->items[j].prefix.addr.family == ADDR_IPV4)
				watched[count++] = a->items[j].prefix.addr;
	}
	qsort(watched, count, sizeof(*watched), compare_addr);
	if (vrrp_conflict_watch(&node->conflict, watched, count) < 0)
		node->handlers.event(node->handlers.ctx, LOG_LEVEL_WARN,
		                     "cannot watch for address conflicts, going on without");
	free(watched);
}

static const struct vrrp_router_config *find_same(const struct vrrp_config *config,
                                                  const struct vrrp_router_config *router)
{
	for (size_t i = 0; i < config->router_count; i++)
		if (config->routers[i].virtual_router_id == router->virtual_router_id &&
		    !strcmp(config->routers[i].interface, router->interface))
			return &config->routers[i];
	return NULL;
}

static void configure_present(struct vrrp_node *node, struct vrrp_node_source *source,
                              int64_t now_us)
{
	for (size_t i = 0; i < node->count;) {
		struct vrrp_instance *instance = node->instances[i];
		const struct vrrp_router_config *config =
			find_same(source->config, instance->config);

		if (!config) {
			if (!instance->retiring)
				vrrp_instance_leave(instance, now_us, VRRP_LEAVE_STOP);
			instance->retiring = true;
			i++;
		} else if (config->virtual_mac != instance->config->virtual_mac) {
			vrrp_instance_shutdown(instance, now_us, MODEL_REASON_RECONFIGURED);
			drop_instance(node, i, false); /* and is made anew below */
		} else {
			vrrp_instance_configure(instance, now_us, config);
			release_source(node->sources[i]);
			node->sources[i] = source;
			source->users++;
			i++;
		}
	}
}

void vrrp_node_configure(struct vrrp_node *node, struct vrrp_config *config)
{
	struct vrrp_node_source *source = xcalloc(1, sizeof(*source));
	int64_t now_us = read_clock(node);
	size_t old_count;

	source->config = config;
	source->users = 1;
	if (node->shared.stopping) {
		release_source(source);
		return;
	}
	configure_present(node, source, now_us);
	old_count = node->count;
	for (size_t i = 0; i < config->router_count; i++) {
		bool present = false;

		for (size_t j = 0; j < old_count && !present; j++)
			present = node->instances[j]->config == &config->routers[i];
		if (!present)
			add_instance(node, source, &config->routers[i]);
	}
	for (size_t i = old_count; i < node->count; i++)
		vrrp_instance_refresh(node->instances[i], now_us);
	release_source(source);
	if (!node->configured)
		remove_orphan_macvlans(node);
	node->configured = true;
	remove_orphans(node);
	watch_conflicts(node);
	node->shared.report_soon = true;
	update_deadlines(node);
	settle(node, now_us);
}

void vrrp_node_failover(struct vrrp_node *node, const char *router)
{
	struct vrrp_instance *instance = NULL;
	int64_t now_us = read_clock(node);
	int result = 0;

	for (size_t i = 0; i < node->count && !instance; i++)
		if (!node->instances[i]->retiring &&
		    !strcmp(node->instances[i]->config->name, router))
			instance = node->instances[i];
	if (!instance)
		result = -ENOENT;
	else if (instance->fsm.state != MODEL_ROUTER_ACTIVE)
		result = -EALREADY;
	else if (instance->fsm.leaving != VRRP_LEAVE_NONE)
		result = -EBUSY;
	if (result < 0) {
		node->handlers.failover_done(node->handlers.ctx, router, result);
		return;
	}
	vrrp_instance_leave(instance, now_us, VRRP_LEAVE_FAILOVER);
	instance->failover_asked = true;
	node->shared.report_soon = true;
	node->deadlines[instance->slot] = vrrp_instance_deadline(instance);
	settle(node, now_us);
}

void vrrp_node_stop(struct vrrp_node *node, bool keep)
{
	int64_t now_us = read_clock(node);

	if (node->shared.stopping && !keep)
		return;
	node->shared.stopping = true;
	if (keep) {
		for (size_t i = 0; i < node->count; i++)
			vrrp_addresses_keep(&node->instances[i]->addresses, &node->shared.links,
			                    vrrp_instance_batch(node->instances[i]));
		if (vrrp_shared_commit(&node->shared) < 0)
			node->shared.lost = true;
		if (!node->stopped) {
			node->stopped = true;
			node->handlers.stopped(node->handlers.ctx);
		}
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_leave(node->instances[i], now_us, VRRP_LEAVE_STOP);
	update_deadlines(node);
	settle(node, now_us);
}

/* --- opening and closing --- */

int vrrp_node_open(struct vrrp_node *node, struct loop *loop,
                   const struct vrrp_node_handlers *handlers)
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
	r = vrrp_worker_start(loop, batch_done, node, &shared->worker);
	if (r < 0)
		goto close_timer;
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
		drop_instance(node, node->count - 1, keep);
	vrrp_worker_stop(node->shared.worker);
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
	vrrp_macvlan_parents_done(&node->shared.parents);
	vrrp_address_batch_done(&node->shared.batch);
	vrrp_address_batch_done(&node->shared.batch_inline);
}
