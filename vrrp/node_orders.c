/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner of the node tells it: which routers there are, who is to hand over, when to stop.
 */
#include "vrrp/node.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Leftovers removed in one turn. */
#define ORPHANS_STEP 512

/* --- leftovers --- */

static bool owned_by_any(const struct vrrp_node *node, int link_index,
                         const struct addr_prefix *prefix)
{
	for (size_t i = 0; i < node->count; i++)
		if (vrrp_addresses_owns(&node->instances[i]->addresses, link_index, prefix))
			return true;
	return false;
}

void vrrp_node_remove_orphans(struct vrrp_node *node)
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
		vrrp_address_batch_remove(&node->shared.batch, address->link_index,
		                          &address->prefix);
	}
}

/* Macvlans of an earlier run that no router took over. */
static void remove_orphan_macvlans(struct vrrp_node *node)
{
	const struct vrrp_links *links = &node->shared.links;

	for (size_t i = 0; i < links->link_count; i++) {
		struct vrrp_macvlan orphan = {.index = links->links[i].index};
		bool used = false;

		if (!vrrp_macvlan_is_ours(&links->links[i]))
			continue;
		for (size_t j = 0; j < node->count; j++)
			used |= node->instances[j]->macvlan4.index == orphan.index ||
			        node->instances[j]->macvlan6.index == orphan.index;
		if (!used)
			vrrp_macvlan_close(&orphan, node->shared.nl, &node->shared.mutes, false);
	}
}

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

/* --- configuration --- */

static void add_instance(struct vrrp_node *node, struct vrrp_node_source *source,
                         const struct vrrp_router_config *config, int64_t now_us)
{
	size_t at = node->count++;

	node->instances = xreallocarray(node->instances, node->count, sizeof(*node->instances));
	node->deadlines = xreallocarray(node->deadlines, node->count, sizeof(*node->deadlines));
	node->sources = xreallocarray(node->sources, node->count, sizeof(*node->sources));
	node->instances[at] = vrrp_instance_new(&node->shared, config, now_us);
	node->instances[at]->slot = at;
	node->deadlines[at] = TIME_NEVER;
	node->sources[at] = source;
	source->users++;
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
			vrrp_group_part(instance);
			if (!instance->retiring)
				vrrp_instance_leave(instance, now_us, VRRP_LEAVE_STOP);
			instance->retiring = true;
			i++;
		} else if (config->virtual_mac != instance->config->virtual_mac) {
			vrrp_group_part(instance);
			vrrp_instance_shutdown(instance, now_us, MODEL_REASON_RECONFIGURED);
			vrrp_node_drop(node, i, false); /* and is made anew below */
		} else {
			vrrp_instance_configure(instance, config);
			vrrp_node_release_source(node->sources[i]);
			node->sources[i] = source;
			source->users++;
			i++;
		}
	}
}

/* Which routers move together. */
static void unite_groups(struct vrrp_node *node, int64_t now_us)
{
	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->instances[i]->config->sync_group;
		struct vrrp_instance *members[VRRP_MEMBERS_MAX];
		size_t count = 0;

		if (node->instances[i]->retiring)
			continue;
		if (name[0] == '\0') {
			vrrp_group_part(node->instances[i]);
			continue;
		}
		for (size_t j = 0; j < node->count && count < VRRP_MEMBERS_MAX; j++) {
			struct vrrp_instance *other = node->instances[j];
			size_t at = count;

			if (other->retiring || strcmp(other->config->sync_group, name) != 0)
				continue;
			for (;
			     at > 0 && vrrp_group_order(other->config, members[at - 1]->config) < 0;
			     at--)
				members[at] = members[at - 1];
			members[at] = other;
			count++;
		}
		vrrp_group_unite(name, members, count, now_us);
	}
}

void vrrp_node_configure(struct vrrp_node *node, struct vrrp_config *config)
{
	struct vrrp_node_source *source = xcalloc(1, sizeof(*source));
	int64_t now_us = vrrp_node_clock(node);
	size_t old_count;

	source->config = config;
	source->users = 1;
	if (node->shared.stopping) {
		vrrp_node_release_source(source);
		return;
	}
	configure_present(node, source, now_us);
	old_count = node->count;
	for (size_t i = 0; i < config->router_count; i++) {
		bool present = false;

		for (size_t j = 0; j < old_count && !present; j++)
			present = node->instances[j]->config == &config->routers[i];
		if (!present)
			add_instance(node, source, &config->routers[i], now_us);
	}
	unite_groups(node, now_us);
	vrrp_node_refresh(node, now_us);
	for (size_t i = 0; i < node->count; i++)
		vrrp_instance_own(node->instances[i], now_us);
	vrrp_node_release_source(source);
	if (!node->configured)
		remove_orphan_macvlans(node);
	node->configured = true;
	vrrp_node_remove_orphans(node);
	watch_conflicts(node);
	node->shared.report_soon = true;
	vrrp_node_update_deadlines(node);
	vrrp_node_settle(node, now_us);
}

void vrrp_node_failover(struct vrrp_node *node, const char *router)
{
	struct vrrp_instance *instance = NULL;
	int64_t now_us = vrrp_node_clock(node);
	int result = 0;

	for (size_t i = 0; i < node->count && !instance; i++)
		if (!node->instances[i]->retiring &&
		    !strcmp(node->instances[i]->config->name, router))
			instance = node->instances[i];
	if (!instance)
		result = -ENOENT;
	else if (instance->group->fsm.state != MODEL_ROUTER_ACTIVE)
		result = -EALREADY;
	else if (instance->group->fsm.leaving != VRRP_LEAVE_NONE)
		result = -EBUSY;
	if (result < 0) {
		node->handlers.failover_done(node->handlers.ctx, router, result);
		return;
	}
	vrrp_instance_leave(instance, now_us, VRRP_LEAVE_FAILOVER);
	instance->failover_asked = true;
	node->shared.report_soon = true;
	vrrp_node_update_deadlines(node);
	vrrp_node_settle(node, now_us);
}

void vrrp_node_stop(struct vrrp_node *node, bool keep)
{
	int64_t now_us = vrrp_node_clock(node);

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
	vrrp_node_update_deadlines(node);
	vrrp_node_settle(node, now_us);
}
