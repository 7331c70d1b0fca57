/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual router and its interfaces: where it listens, from where it speaks, whether it can. */
#include "vrrp/instance.h"

#include "lib/log.h"

#include <stdio.h>
#include <string.h>

void vrrp_instance_leave_receivers(struct vrrp_instance *instance)
{
	struct vrrp_receiver **receivers[] = {&instance->receiver4, &instance->receiver6};

	for (size_t i = 0; i < LT_ARRAY_SIZE(receivers); i++) {
		struct vrrp_receiver *receiver = *receivers[i];

		if (!receiver)
			continue;
		if (receiver->routers[instance->config->virtual_router_id] == instance)
			receiver->routers[instance->config->virtual_router_id] = NULL;
		vrrp_sockets_leave(&instance->shared->sockets, receiver);
		*receivers[i] = NULL;
	}
}

static int join(struct vrrp_instance *instance, enum addr_family family, bool serves,
                struct vrrp_receiver **receiver)
{
	int r;

	if (!serves || *receiver)
		return 0;
	r = vrrp_sockets_join(&instance->shared->sockets, instance->config->interface,
	                      instance->link_index, family, receiver);
	if (r == 0)
		(*receiver)->routers[instance->config->virtual_router_id] = instance;
	return r;
}

/* The kernel's event will say the same, but somebody may look it up before. */
static void note_macvlan(struct vrrp_links *links, const struct vrrp_macvlan *macvlan)
{
	struct rtnl_event event = {
		.kind = RTNL_LINK_NEW,
		.link =
			{
				.index = macvlan->index,
				.mac = macvlan->mac,
				.parent_index = macvlan->parent_index,
				.kind = "macvlan",
			},
	};

	memcpy(event.link.name, macvlan->name, sizeof(event.link.name));
	vrrp_links_event(links, &event);
}

static int open_macvlan(struct vrrp_instance *instance, enum addr_family family, bool serves,
                        const struct rtnl_link *parent, struct vrrp_macvlan *macvlan)
{
	struct vrrp_shared *shared = instance->shared;
	const struct rtnl_link copy = *parent;
	int r;

	if (macvlan->index && (!serves || macvlan->parent_index != parent->index ||
	                       !vrrp_links_by_index(&shared->links, macvlan->index)))
		vrrp_macvlan_close(macvlan, shared->nl, &shared->mutes, false);
	if (!serves || !instance->config->virtual_mac || macvlan->index)
		return 0;
	r = vrrp_macvlan_open(macvlan, shared->nl, &shared->mutes, &shared->links, &copy, family,
	                      instance->config->virtual_router_id);
	if (r == 0 && !vrrp_links_by_index(&shared->links, macvlan->index))
		note_macvlan(&shared->links, macvlan);
	/* Made anew under an Active that goes on. */
	if (r == 0 && instance->group->fsm.state == MODEL_ROUTER_ACTIVE)
		r = vrrp_macvlan_set_up(macvlan, shared->nl, true);
	return r;
}

static const struct addr *first_peer(const struct vrrp_router_config *config,
                                     enum addr_family family)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].family == family)
			return &config->peers[i];
	return NULL;
}

static bool serves(const struct vrrp_router_config *config, enum addr_family family, size_t count)
{
	return count > 0 && (config->peer_count == 0 || first_peer(config, family));
}

/* Sockets, macvlans and sources on the interface as it is now. False: it can't be used, and
 * 'problem' says why. */
static bool settle_interface(struct vrrp_instance *instance, const struct rtnl_link *link)
{
	const struct vrrp_router_config *config = instance->config;
	const struct vrrp_links *links = &instance->shared->links;
	const char *name = config->interface;
	bool running;
	int r;

	if (!link) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "interface %s does not exist", name);
		return false;
	}
	running = link->running; /* 'link' is not to be used after a macvlan was noted */
	r = join(instance, ADDR_IPV4, instance->serves4, &instance->receiver4);
	if (r == 0)
		r = join(instance, ADDR_IPV6, instance->serves6, &instance->receiver6);
	if (r < 0) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "cannot receive on %s: %s", name, strerrordesc_np(-r));
		return false;
	}
	r = open_macvlan(instance, ADDR_IPV4, instance->serves4, link, &instance->macvlan4);
	link = vrrp_links_by_index(links, instance->link_index);
	if (r == 0 && link)
		r = open_macvlan(instance, ADDR_IPV6, instance->serves6, link, &instance->macvlan6);
	if (r < 0) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "no virtual MAC on %s: %s", name, strerrordesc_np(-r));
		return false;
	}
	instance->local4 = instance->local6 = (struct addr){.family = ADDR_NONE};
	if (instance->serves4)
		instance->local4 = vrrp_links_primary(links, instance->link_index, ADDR_IPV4, NULL);
	if (instance->serves6)
		instance->local6 = vrrp_links_primary(links, instance->link_index, ADDR_IPV6,
		                                      first_peer(config, ADDR_IPV6));
	if (!running) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "interface %s is down", name);
		return false;
	}
	if ((instance->serves4 && instance->local4.family == ADDR_NONE) ||
	    (instance->serves6 && instance->local6.family == ADDR_NONE)) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "interface %s has no %s address to send from", name,
		         instance->serves4 && instance->local4.family == ADDR_NONE ? "IPv4"
		                                                                   : "IPv6");
		return false;
	}
	return true;
}

static bool tracked_are_running(struct vrrp_instance *instance)
{
	const struct vrrp_router_config *config = instance->config;

	for (size_t i = 0; i < config->track_interface_count; i++) {
		const struct rtnl_link *link =
			vrrp_links_by_name(&instance->shared->links, config->track_interfaces[i]);

		if (link && link->running)
			continue;
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "tracked interface %s %s", config->track_interfaces[i],
		         link ? "is down" : "does not exist");
		return false;
	}
	return true;
}

/* How many interfaces of our addresses run. */
static unsigned count_running(const struct vrrp_instance *instance)
{
	unsigned running = 0;
	int last = 0;

	for (size_t i = 0; i < instance->addresses.count; i++) {
		int index = instance->addresses.items[i].link_index;
		const struct rtnl_link *link;

		if (index == last)
			continue;
		last = index;
		link = vrrp_links_by_index(&instance->shared->links, index);
		if (link && link->running)
			running++;
	}
	return running;
}

struct vrrp_fsm_params vrrp_instance_params(const struct vrrp_instance *instance)
{
	const struct vrrp_router_config *config = instance->config;

	return (struct vrrp_fsm_params){
		.priority = config->priority,
		.advert_interval_us = config->advert_interval_us,
		.preempt = config->preempt,
		.preempt_held = config->preempt_held,
		.relieves = config->relieves,
		.withdrawn = config->withdrawn,
		.preempt_delay_us = config->preempt_delay_us,
		.virtual_mac = config->virtual_mac,
	};
}

/* Some of our addresses are in place, left by an earlier run. */
static bool holds_leftovers(const struct vrrp_instance *instance)
{
	for (size_t i = 0; i < instance->addresses.count; i++) {
		const struct vrrp_address *item = &instance->addresses.items[i];
		const struct rtnl_address *present = vrrp_links_address(
			&instance->shared->links, item->link_index, &item->prefix);

		if (present && present->protocol == RTNL_ADDRESS_PROTOCOL)
			return true;
	}
	return false;
}

void vrrp_instance_look(struct vrrp_instance *instance, int64_t now_us)
{
	struct vrrp_shared *shared = instance->shared;
	const struct vrrp_router_config *config = instance->config;
	const struct rtnl_link *link = vrrp_links_by_name(&shared->links, config->interface);
	unsigned running;
	bool usable;

	instance->own_problem[0] = '\0';
	if ((link ? link->index : 0) != instance->link_index) {
		vrrp_instance_leave_receivers(instance);
		instance->link_index = link ? link->index : 0;
	}
	instance->serves4 = serves(config, ADDR_IPV4, config->advertised4_count);
	instance->serves6 = serves(config, ADDR_IPV6, config->advertised6_count);
	usable = settle_interface(instance, link) && tracked_are_running(instance);
	if (usable && !instance->serves4 && !instance->serves6) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "no address to advertise%s",
		         config->peer_count ? " in the family of its peers" : "");
		usable = false;
	}
	if (usable && config->withdrawn)
		snprintf(instance->own_problem, sizeof(instance->own_problem), "withdrawn: %s",
		         config->withdrawn_why);
	if (usable && config->auth.wanted && config->auth.key_count == 0) {
		snprintf(instance->own_problem, sizeof(instance->own_problem),
		         "there is no key to authenticate advertisements with");
		usable = false;
	}
	if (vrrp_addresses_resolve(&instance->addresses, &shared->links, config->interface,
	                           instance->macvlan4.index, instance->macvlan6.index))
		shared->report_soon = true;
	instance->usable = usable;
	instance->leftovers = holds_leftovers(instance);
	running = count_running(instance);
	if (running > instance->running && instance->announcer.running)
		vrrp_instance_announce_anew(instance, now_us);
	instance->running = running;
}

void vrrp_instance_refresh(struct vrrp_instance *instance, int64_t now_us)
{
	vrrp_instance_look(instance, now_us);
	vrrp_group_settle(instance->group, now_us);
}
