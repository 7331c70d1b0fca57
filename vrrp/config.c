/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/config.h"

#include "lib/arena.h"
#include "lib/mem.h"
#include "lib/search.h"
#include "model/floating.h"
#include "vrrp/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What fits a packet of 1500 bytes behind an IP header, the eight bytes of VRRP and the trailer. */
#define ADVERTISED4_MAX VRRP_ADDRESSES_MAX
#define ADVERTISED6_MAX ((1500 - 40 - 8 - VRRP_AUTH_TRAILER_SIZE) / 16)

static int compare_owned(const void *a, const void *b)
{
	const struct vrrp_owned *x = a, *y = b;
	int order = strcmp(x->interface, y->interface);

	return order ? order : addr_prefix_compare(&x->prefix, &y->prefix);
}

static int compare_addr(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool owns(const struct vrrp_router_config *config, const struct addr *address)
{
	for (size_t i = 0; i < config->owned_count; i++)
		if (addr_equal(&config->owned[i].prefix.addr, address))
			return true;
	return false;
}

/* Where a virtual server is reached must be in the kernel before anybody is told; what only answers
 * come back to may follow (VRRP_ADDRESSES_DEFER_US). Without virtual servers, those of others in
 * its sync group included, a router has no such answers. */
static void note_floating(const struct model_snapshot *snapshot, const struct model_router *router,
                          struct vrrp_router_config *config, struct vrrp_owned *owned)
{
	bool serves = false;

	for (size_t i = 0; i < snapshot->vip_count && !serves; i++)
		serves = snapshot->vips[i].router == router ||
		         model_floating_together(snapshot->vips[i].router, router);
	for (size_t i = 0; i < config->owned_count; i++) {
		const struct addr *a = &owned[i].prefix.addr;

		owned[i].floats = serves && !addr_is_link_local(a) &&
		                  !model_snapshot_vip(snapshot, a);
	}
}

static void own(struct vrrp_router_config *config, struct vrrp_owned *owned,
                const struct addr_prefix *prefix, const char *interface)
{
	struct vrrp_owned *item = &owned[config->owned_count++];

	item->prefix = *prefix;
	snprintf(item->interface, sizeof(item->interface), "%s", interface);
}

/* fe80::200:5eff:fe00:2VV, the modified EUI-64 of 00-00-5E-00-02-VV. */
static struct addr_prefix derive_link_local(uint8_t virtual_router_id)
{
	const uint8_t bytes[16] = {0xfe,        0x80,        [8] = 0x02,  [10] = 0x5e,
	                           [11] = 0xff, [12] = 0xfe, [14] = 0x02, [15] = virtual_router_id};

	return (struct addr_prefix){.addr = addr_make(ADDR_IPV6, bytes), .length = 128};
}

static bool is_here(const struct vrrp_router_config *config, const struct vrrp_owned *owned)
{
	return strcmp(owned->interface, config->interface) == 0;
}

static size_t count_here(const struct vrrp_router_config *config, enum addr_family family,
                         bool link_local)
{
	size_t count = 0;

	for (size_t i = 0; i < config->owned_count; i++) {
		const struct addr *a = &config->owned[i].prefix.addr;

		count += is_here(config, &config->owned[i]) && a->family == family &&
		         addr_is_link_local(a) == link_local;
	}
	return count;
}

struct lingerers {
	const struct vrrp_lingering *items;
	size_t count;
};

static void own_lingering(struct vrrp_router_config *config, struct vrrp_owned *owned,
                          const struct lingerers *lingerers, const struct model_router *router)
{
	for (size_t i = 0; i < lingerers->count; i++) {
		const struct vrrp_lingering *l = &lingerers->items[i];
		struct addr_prefix whole = {.addr = l->address, .length = addr_bits(&l->address)};

		if (strcmp(l->router, router->name) == 0 && !owns(config, &l->address))
			own(config, owned, &whole, router->interface);
	}
}

/* The router's own addresses, wherever they are put, then those of its virtual servers unless
 * they are among them; last a link-local one where IPv6 wants it. */
static void build_owned(struct arena *arena, const struct model_snapshot *snapshot,
                        const struct lingerers *lingerers, const struct model_router *router,
                        struct vrrp_router_config *config)
{
	size_t vip_count = 0;

	for (size_t i = 0; i < snapshot->vip_count; i++)
		vip_count += snapshot->vips[i].router == router;
	struct vrrp_owned *owned = arena_array(
		arena, router->address_count + vip_count + lingerers->count + 1, sizeof(*owned));
	config->owned = owned;

	for (size_t i = 0; i < router->address_count; i++)
		own(config, owned, &router->addresses[i].prefix, router->addresses[i].interface);
	qsort(owned, config->owned_count, sizeof(*owned), compare_owned);
	size_t kept = 0;
	for (size_t i = 0; i < config->owned_count; i++)
		if (kept == 0 || strcmp(owned[i].interface, owned[kept - 1].interface) != 0 ||
		    !addr_equal(&owned[i].prefix.addr, &owned[kept - 1].prefix.addr))
			owned[kept++] = owned[i];
	config->owned_count = kept;
	note_floating(snapshot, router, config, owned);

	struct vrrp_router_config own_addresses = *config;
	for (size_t i = 0; i < snapshot->vip_count; i++)
		if (snapshot->vips[i].router == router &&
		    !owns(&own_addresses, &snapshot->vips[i].address))
			own(config, owned, &snapshot->vips[i].prefix, router->interface);
	own_lingering(config, owned, lingerers, router);
	if (count_here(config, ADDR_IPV6, false) > 0 && count_here(config, ADDR_IPV6, true) == 0) {
		struct addr_prefix link_local = derive_link_local(router->virtual_router_id);

		own(config, owned, &link_local, router->interface);
	}
	qsort(owned, config->owned_count, sizeof(*owned), compare_owned);
}

/* Is it one that the router was given itself, on its own interface? */
static bool is_given(const struct model_router *router, const struct addr *address)
{
	for (size_t i = 0; i < router->address_count; i++)
		if (addr_equal(&router->addresses[i].prefix.addr, address) &&
		    strcmp(router->addresses[i].interface, router->interface) == 0)
			return true;
	return false;
}

static void advertise(struct addr *list, size_t *count, size_t max, const struct addr *address)
{
	if (*count < max)
		list[(*count)++] = *address;
}

/* Few and steady ones: the list may be anything that tells this virtual router from another, and
 * peers are not to be disturbed whenever a virtual server comes or goes. 'owned' is sorted, so the
 * list is. */
static size_t build_advertised(const struct model_router *router,
                               const struct vrrp_router_config *config, enum addr_family family,
                               struct addr *list, size_t max)
{
	const struct vrrp_owned *lowest = NULL;
	size_t count = 0, link_locals = 0;

	for (size_t i = 0; i < config->owned_count; i++) {
		const struct vrrp_owned *owned = &config->owned[i];

		if (!is_here(config, owned) || owned->prefix.addr.family != family)
			continue;
		if (addr_is_link_local(&owned->prefix.addr)) {
			advertise(list, &count, max, &owned->prefix.addr);
			link_locals++;
		} else if (!lowest) {
			lowest = owned;
		}
	}
	for (size_t i = 0; i < config->owned_count; i++) {
		const struct addr *a = &config->owned[i].prefix.addr;

		if (is_here(config, &config->owned[i]) && a->family == family &&
		    !addr_is_link_local(a) && is_given(router, a))
			advertise(list, &count, max, a);
	}
	if (count == link_locals && lowest)
		advertise(list, &count, max, &lowest->prefix.addr);
	return count;
}

static struct addr *copy_list(struct arena *arena, const struct addr *list, size_t count)
{
	struct addr *copy = arena_array(arena, count, sizeof(*copy));

	if (count > 0)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

static void build_router(struct arena *arena, const struct model_snapshot *snapshot,
                         const struct lingerers *lingerers, const struct model_router *router,
                         struct vrrp_router_config *config)
{
	snprintf(config->name, sizeof(config->name), "%s", router->name);
	snprintf(config->interface, sizeof(config->interface), "%s", router->interface);
	if (router->sync_group)
		snprintf(config->sync_group, sizeof(config->sync_group), "%s", router->sync_group);
	config->virtual_router_id = router->virtual_router_id;
	config->priority = router->priority;
	config->advert_interval_us = router->advert_interval_us;
	config->preempt = router->preempt;
	config->preempt_delay_us = router->preempt_delay_us;
	config->accept = router->accept;
	config->virtual_mac = router->virtual_mac;
	config->checksum = router->checksum;
	config->address_lifetime_s = router->address_lifetime_s;
	config->announce_count = router->announce_count;
	config->announce_interval_us = router->announce_interval_us;
	config->announce_again_us = router->announce_again_us;
	config->announce_refresh_us = router->announce_refresh_us;

	struct addr *peers = arena_array(arena, router->peer_count, sizeof(*peers));
	if (router->peer_count > 0) {
		memcpy(peers, router->peers, router->peer_count * sizeof(*peers));
		qsort(peers, router->peer_count, sizeof(*peers), compare_addr);
	}
	config->peers = peers;
	config->peer_count = router->peer_count;

	config->track_interfaces = arena_array(arena, router->track_interface_count,
	                                       sizeof(*config->track_interfaces));
	config->track_interface_count = router->track_interface_count;
	for (size_t i = 0; i < router->track_interface_count; i++)
		snprintf(config->track_interfaces[i], IF_NAMESIZE, "%s",
		         router->track_interfaces[i]);

	build_owned(arena, snapshot, lingerers, router, config);
	struct addr list4[ADVERTISED4_MAX], list6[ADVERTISED6_MAX];
	config->advertised4_count =
		build_advertised(router, config, ADDR_IPV4, list4, ADVERTISED4_MAX);
	config->advertised6_count =
		build_advertised(router, config, ADDR_IPV6, list6, ADVERTISED6_MAX);
	if (config->advertised4_count + config->advertised6_count == 0 && config->owned_count > 0) {
		/* All it owns is elsewhere. */
		const struct addr *stand_in = &config->owned[0].prefix.addr;

		if (stand_in->family == ADDR_IPV4)
			advertise(list4, &config->advertised4_count, ADVERTISED4_MAX, stand_in);
		else
			advertise(list6, &config->advertised6_count, ADVERTISED6_MAX, stand_in);
	}
	config->advertised4 = copy_list(arena, list4, config->advertised4_count);
	config->advertised6 = copy_list(arena, list6, config->advertised6_count);
}

/* Renewing one of n IPv4 addresses of an interface takes the kernel a walk over all n. What n of
 * them cost a second is kept from growing with the square of their number by renewing all of the
 * machine's less often, by just as much. */
static void lengthen_lifetimes(struct vrrp_config *config)
{
	size_t total = 0;

	for (size_t i = 0; i < config->router_count; i++)
		total += config->routers[i].owned_count;
	for (size_t i = 0; i < config->router_count; i++) {
		uint64_t lifetime_s = config->routers[i].address_lifetime_s;

		lifetime_s *= 1 + (uint64_t)total * total / VRRP_CONFIG_LIFETIME_STEP /
		                          VRRP_CONFIG_LIFETIME_STEP;
		if (lifetime_s > VRRP_CONFIG_LIFETIME_MAX_S)
			lifetime_s = VRRP_CONFIG_LIFETIME_MAX_S;
		config->routers[i].address_lifetime_s = (uint32_t)lifetime_s;
	}
}

#define OWNER_PRIORITY 255

uint8_t vrrp_config_priority(const struct model_router *router,
                             const struct vrrp_restraint *restraints, size_t count)
{
	unsigned raise = 0, cut = 0, priority;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(restraints[i].router, router->name) != 0)
			continue;
		raise += restraints[i].priority_raise;
		cut += restraints[i].priority_cut;
	}
	if (router->priority == OWNER_PRIORITY || (raise == 0 && cut == 0))
		return router->priority;
	priority = router->priority + raise;
	priority = priority > cut ? priority - cut : 1;
	return (uint8_t)(priority < OWNER_PRIORITY ? priority : OWNER_PRIORITY - 1);
}

static void restrain(const struct vrrp_circumstances *circumstances,
                     const struct model_router *wanted, struct vrrp_router_config *router)
{
	for (size_t i = 0; i < circumstances->restraint_count; i++) {
		const struct vrrp_restraint *restraint = &circumstances->restraints[i];

		if (strcmp(restraint->router, router->name) != 0)
			continue;
		router->preempt_held |= restraint->preempt_held;
		if (restraint->withdrawn && !router->withdrawn)
			memcpy(router->withdrawn_why, restraint->why,
			       sizeof(router->withdrawn_why));
		router->withdrawn |= restraint->withdrawn;
	}
	router->priority = vrrp_config_priority(wanted, circumstances->restraints,
	                                        circumstances->restraint_count);
}

/* What 'from' allows or suffers holds for 'to', which moves with it. */
static void share(const struct vrrp_router_config *from, struct vrrp_router_config *to)
{
	if (from->priority < to->priority)
		to->priority = from->priority;
	if (from->advert_interval_us < to->advert_interval_us)
		to->advert_interval_us = from->advert_interval_us;
	if (from->preempt_delay_us > to->preempt_delay_us)
		to->preempt_delay_us = from->preempt_delay_us;
	to->preempt &= from->preempt;
	to->preempt_held |= from->preempt_held;
	to->relieves |= from->relieves;
	if (from->withdrawn && !to->withdrawn)
		memcpy(to->withdrawn_why, from->withdrawn_why, sizeof(to->withdrawn_why));
	to->withdrawn |= from->withdrawn;
}

static void unite_groups(struct vrrp_config *config)
{
	for (size_t i = 0; i < config->router_count; i++) {
		struct vrrp_router_config *router = &config->routers[i];

		for (size_t j = 0; router->sync_group[0] && j < config->router_count; j++)
			if (j != i &&
			    strcmp(config->routers[j].sync_group, router->sync_group) == 0)
				share(&config->routers[j], router);
	}
}

static void note_quorums(const struct model_snapshot *snapshot, struct vrrp_config *config)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		const struct model_quorum *quorum = service->virtual_server->quorum;

		for (size_t j = 0;
		     quorum && quorum->loss == MODEL_QUORUM_LOWER && j < config->router_count; j++)
			config->routers[j].relieves |= snapshot->routers[j] == service->router;
	}
}

static void note_tracks(const struct model_snapshot *snapshot, struct vrrp_config *config)
{
	for (size_t i = 0; i < config->router_count; i++)
		for (size_t j = 0; j < snapshot->routers[i]->track_count; j++)
			config->routers[i].relieves |= snapshot->routers[i]->tracks[j].weight != 0;
}

static const struct vrrp_keys *find_keys(const struct vrrp_circumstances *circumstances,
                                         const char *router)
{
	for (size_t i = 0; i < circumstances->key_count; i++)
		if (strcmp(circumstances->keys[i].router, router) == 0)
			return &circumstances->keys[i].keys;
	return NULL;
}

struct vrrp_config *vrrp_config_build(const struct model_snapshot *snapshot,
                                      const struct vrrp_circumstances *circumstances)
{
	static const struct vrrp_circumstances none;
	const struct vrrp_circumstances *now = circumstances ? circumstances : &none;
	const struct lingerers lingerers = {.items = now->lingering, .count = now->lingering_count};
	struct vrrp_config *config = xcalloc(1, sizeof(*config));

	arena_init(&config->arena);
	config->router_count = snapshot->router_count;
	config->routers =
		arena_array(&config->arena, snapshot->router_count, sizeof(*config->routers));
	for (size_t i = 0; i < snapshot->router_count; i++) {
		build_router(&config->arena, snapshot, &lingerers, snapshot->routers[i],
		             &config->routers[i]);
		restrain(now, snapshot->routers[i], &config->routers[i]);
		config->routers[i].auth = vrrp_auth_config_make(
			snapshot->routers[i], find_keys(now, snapshot->routers[i]->name));
	}
	note_quorums(snapshot, config);
	note_tracks(snapshot, config);
	unite_groups(config);
	lengthen_lifetimes(config);
	return config;
}

void vrrp_config_free(struct vrrp_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->router_count; i++)
		vrrp_auth_config_done(&config->routers[i].auth);
	arena_done(&config->arena);
	free(config);
}

static int compare_name(const void *item, const void *name)
{
	return strcmp(((const struct vrrp_router_config *)item)->name, name);
}

const struct vrrp_router_config *vrrp_config_find(const struct vrrp_config *config,
                                                  const char *name)
{
	return search_find(config->routers, config->router_count, sizeof(*config->routers), name,
	                   compare_name);
}

static bool owned_equal(const struct vrrp_router_config *a, const struct vrrp_router_config *b)
{
	if (a->owned_count != b->owned_count)
		return false;
	for (size_t i = 0; i < a->owned_count; i++)
		if (compare_owned(&a->owned[i], &b->owned[i]) != 0 ||
		    a->owned[i].floats != b->owned[i].floats)
			return false;
	return true;
}

static bool tracks_equal(const struct vrrp_router_config *a, const struct vrrp_router_config *b)
{
	if (a->track_interface_count != b->track_interface_count)
		return false;
	for (size_t i = 0; i < a->track_interface_count; i++)
		if (strcmp(a->track_interfaces[i], b->track_interfaces[i]) != 0)
			return false;
	return true;
}

bool vrrp_config_router_equal(const struct vrrp_router_config *a,
                              const struct vrrp_router_config *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->interface, b->interface) == 0 &&
	       strcmp(a->sync_group, b->sync_group) == 0 &&
	       strcmp(a->withdrawn_why, b->withdrawn_why) == 0 &&
	       a->virtual_router_id == b->virtual_router_id && a->priority == b->priority &&
	       a->advert_interval_us == b->advert_interval_us && a->preempt == b->preempt &&
	       a->preempt_held == b->preempt_held && a->withdrawn == b->withdrawn &&
	       a->relieves == b->relieves && a->preempt_delay_us == b->preempt_delay_us &&
	       a->accept == b->accept && a->virtual_mac == b->virtual_mac &&
	       a->checksum == b->checksum && a->address_lifetime_s == b->address_lifetime_s &&
	       a->announce_count == b->announce_count &&
	       a->announce_interval_us == b->announce_interval_us &&
	       a->announce_again_us == b->announce_again_us &&
	       a->announce_refresh_us == b->announce_refresh_us &&
	       addr_list_equal(a->peers, a->peer_count, b->peers, b->peer_count) &&
	       vrrp_auth_config_equal(&a->auth, &b->auth) && tracks_equal(a, b) &&
	       owned_equal(a, b) &&
	       addr_list_equal(a->advertised4, a->advertised4_count, b->advertised4,
	                       b->advertised4_count) &&
	       addr_list_equal(a->advertised6, a->advertised6_count, b->advertised6,
	                       b->advertised6_count);
}
