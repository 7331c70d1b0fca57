/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/amend.h"

#include "lib/search.h"

#include <string.h>

/* --- places --- */

struct service_key {
	const struct addr *address;
	const struct model_port *port;
};

static int compare_service(const void *item, const void *key)
{
	const struct model_service *service = item;
	const struct service_key *wanted = key;
	int order = addr_compare(&service->address, wanted->address);

	if (order == 0)
		order = (int)service->port->protocol - (int)wanted->port->protocol;
	return order != 0 ? order : (int)service->port->first - (int)wanted->port->first;
}

static struct model_service *find_service(const struct model_snapshot *snapshot,
                                          const struct addr *address, const struct model_port *port)
{
	const struct service_key key = {.address = address, .port = port};

	return search_find(snapshot->services, snapshot->service_count, sizeof(*snapshot->services),
	                   &key, compare_service);
}

const struct model_service *model_snapshot_service(const struct model_snapshot *snapshot,
                                                   const struct addr *address,
                                                   const struct model_port *port)
{
	return find_service(snapshot, address, port);
}

/* --- sources by the name of their only virtual server --- */

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++) /* FNV-1a */
		hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619);
	return hash;
}

static bool has_one(const struct model_objects *source)
{
	return source->virtual_server_count == 1 && source->router_count == 0 &&
	       source->pool_count == 0 && !source->incomplete;
}

/* Where the one of that name is or belongs. */
static struct model_place *find_place(const struct model_snapshot *snapshot,
                                      const struct model_virtual_server *vs)
{
	size_t mask = snapshot->index_size - 1;
	size_t slot = hash_text(hash_text(UINT32_C(2166136261), vs->namespace), vs->name) & mask;

	while (snapshot->index[slot].source > 0 &&
	       model_virtual_server_compare(
		       &snapshot->sources[snapshot->index[slot].source - 1].virtual_servers[0],
		       vs) != 0)
		slot = (slot + 1) & mask;
	return &snapshot->index[slot];
}

static void make_index(struct model_snapshot *snapshot)
{
	size_t size = 16;

	while (size < snapshot->source_count * 2)
		size *= 2;
	snapshot->index = arena_array(&snapshot->arena, size, sizeof(*snapshot->index));
	snapshot->index_size = size;
	for (size_t i = 0; i < snapshot->source_count; i++) {
		if (has_one(&snapshot->sources[i]))
			find_place(snapshot, &snapshot->sources[i].virtual_servers[0])->source =
				(uint32_t)i + 1;
	}
	for (size_t i = 0; i < snapshot->virtual_server_count; i++)
		find_place(snapshot, snapshot->virtual_servers[i])->virtual_server = (uint32_t)i;
}

/* NULL: no source has it alone. */
static struct model_objects *find_source(const struct model_snapshot *snapshot,
                                         const struct model_virtual_server *vs)
{
	uint32_t source = find_place(snapshot, vs)->source;

	return source > 0 ? &snapshot->sources[source - 1] : NULL;
}

/* --- what differs --- */

static bool same_texts(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_port(const struct model_port *a, const struct model_port *b)
{
	return a->own_servers && b->own_servers && same_texts(a->name, b->name) &&
	       a->protocol == b->protocol && a->first == b->first && a->last == b->last &&
	       a->target == b->target && same_texts(a->target_name, b->target_name) &&
	       same_texts(a->scheduler, b->scheduler) && a->sh_fallback == b->sh_fallback &&
	       a->sh_port == b->sh_port && a->one_packet == b->one_packet;
}

static bool same_ranges(const struct model_virtual_server *a, const struct model_virtual_server *b)
{
	if (a->source_range_count != b->source_range_count)
		return false;
	for (size_t i = 0; i < a->source_range_count; i++) {
		if (addr_prefix_compare(&a->source_ranges[i], &b->source_ranges[i]) != 0)
			return false;
	}
	return true;
}

static bool same_addresses(const struct addr *a, size_t a_count, const struct addr *b,
                           size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		if (!addr_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

/* Of those that have neither servers of their own nor checks of health: a Service's. */
static bool same_but_for_servers(const struct model_virtual_server *a,
                                 const struct model_virtual_server *b)
{
	if (a->server_count > 0 || b->server_count > 0 || a->health || b->health || a->quorum ||
	    b->quorum || a->sorry_server_count > 0 || b->sorry_server_count > 0)
		return false;
	if (!same_texts(a->router, b->router) || !same_texts(a->pool, b->pool) ||
	    !same_texts(a->service, b->service) || a->forwarding != b->forwarding ||
	    a->snat_mode != b->snat_mode || a->drain_timeout_us != b->drain_timeout_us ||
	    a->persistence_timeout_us != b->persistence_timeout_us ||
	    a->persistence_prefix4 != b->persistence_prefix4 ||
	    a->persistence_prefix6 != b->persistence_prefix6 || a->all_down != b->all_down ||
	    a->port_count != b->port_count || !same_ranges(a, b) ||
	    !same_addresses(a->addresses, a->address_count, b->addresses, b->address_count) ||
	    !same_addresses(a->snat_addresses, a->snat_address_count, b->snat_addresses,
	                    b->snat_address_count))
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (!same_port(&a->ports[i], &b->ports[i]))
			return false;
	}
	return true;
}

bool model_objects_differ_in_servers_only(const struct model_objects *a,
                                          const struct model_objects *b)
{
	return has_one(a) && has_one(b) &&
	       model_virtual_server_compare(&a->virtual_servers[0], &b->virtual_servers[0]) == 0 &&
	       same_but_for_servers(&a->virtual_servers[0], &b->virtual_servers[0]);
}

/* --- amending --- */

/* Who shares an address stands together: there may be many, and none is looked into. */
static void amend_claims(struct model_snapshot *snapshot, const struct model_virtual_server *before,
                         const struct model_virtual_server *vs, const struct addr *address)
{
	const struct model_claim *end = snapshot->claims + snapshot->claim_count;
	struct model_claim *claim = model_snapshot_claim(snapshot, address);

	for (; claim && claim < end && addr_equal(&claim->address, address); claim++) {
		if (claim->virtual_server == before)
			claim->virtual_server = vs;
	}
}

static bool can_be_amended(const struct model_snapshot *snapshot, const struct model_objects *item)
{
	const struct model_objects *source =
		has_one(item) ? find_source(snapshot, &item->virtual_servers[0]) : NULL;

	return source &&
	       same_but_for_servers(&source->virtual_servers[0], &item->virtual_servers[0]);
}

static void amend(struct model_snapshot *snapshot, const struct model_objects *item)
{
	const struct model_virtual_server *vs = &item->virtual_servers[0];
	const struct model_place *place = find_place(snapshot, vs);
	struct model_objects *source = &snapshot->sources[place->source - 1];
	const struct model_virtual_server **listed =
		&snapshot->virtual_servers[place->virtual_server];

	for (size_t i = 0; i < vs->address_count; i++) {
		amend_claims(snapshot, *listed, vs, &vs->addresses[i]);
		for (size_t j = 0; j < vs->port_count; j++) {
			struct model_service *service =
				find_service(snapshot, &vs->addresses[i], &vs->ports[j]);

			if (!service) /* its router is not there */
				continue;
			service->virtual_server = vs;
			service->port = &vs->ports[j];
		}
	}
	*listed = vs;
	model_objects_done(source);
	*source = model_objects_share(item);
}

bool model_snapshot_amend(struct model_snapshot *snapshot, const struct model_objects *const *items,
                          size_t count)
{
	if (!snapshot->index)
		make_index(snapshot);
	for (size_t i = 0; i < count; i++) {
		if (!can_be_amended(snapshot, items[i]))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		amend(snapshot, items[i]);
	return true;
}
