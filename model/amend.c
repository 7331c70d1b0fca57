/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/amend.h"

#include "lib/mem.h"
#include "model/range.h"

#include <stdlib.h>
#include <string.h>

/* --- virtual servers by name, and whose source says them --- */

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text; text++) /* FNV-1a */
		hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619);
	return hash;
}

/* Where the one of that name is or belongs. */
static struct model_place *find_place(const struct model_snapshot *snapshot,
                                      const struct model_virtual_server *vs)
{
	size_t mask = snapshot->index_size - 1;
	size_t slot = hash_text(hash_text(UINT32_C(2166136261), vs->namespace), vs->name) & mask;

	while (snapshot->index[slot].virtual_server > 0 &&
	       model_virtual_server_compare(
		       snapshot->virtual_servers[snapshot->index[slot].virtual_server - 1], vs) !=
	               0)
		slot = (slot + 1) & mask;
	return &snapshot->index[slot];
}

void model_amendment_prepare(struct model_snapshot *snapshot)
{
	size_t size = 16;

	if (snapshot->index)
		return;
	while (size < snapshot->virtual_server_count * 2)
		size *= 2;
	snapshot->index = arena_array(&snapshot->arena, size, sizeof(*snapshot->index));
	snapshot->index_size = size;
	for (size_t i = 0; i < snapshot->virtual_server_count; i++)
		find_place(snapshot, snapshot->virtual_servers[i])->virtual_server =
			(uint32_t)i + 1;
	for (size_t i = 0; i < snapshot->source_count; i++) {
		const struct model_objects *source = &snapshot->sources[i];

		for (size_t j = 0; j < source->virtual_server_count; j++)
			find_place(snapshot, source->virtual_servers[j])->source = (uint32_t)i;
	}
}

/* NULL: none says one of that name. */
static struct model_objects *find_source(const struct model_snapshot *snapshot,
                                         const struct model_virtual_server *vs)
{
	const struct model_place *place = find_place(snapshot, vs);

	return place->virtual_server > 0 ? &snapshot->sources[place->source] : NULL;
}

/* --- what differs --- */

static bool same_texts(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Where a range leads to on the servers is known to nftables, too. */
static bool same_target(const struct model_virtual_server *a, const struct model_port *a_port,
                        const struct model_virtual_server *b, const struct model_port *b_port)
{
	const struct model_service a_service = {.virtual_server = a, .port = a_port};
	const struct model_service b_service = {.virtual_server = b, .port = b_port};
	uint16_t a_target, b_target;

	if (a_port->first == a_port->last)
		return true;
	return model_range_target(&a_service, &a_target) &&
	       model_range_target(&b_service, &b_target) && a_target == b_target;
}

static bool same_port(const struct model_port *a, const struct model_port *b)
{
	return a->own_servers == b->own_servers && same_texts(a->name, b->name) &&
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

/* Who is judged is known to more than IPVS. */
static bool same_but_for_servers(const struct model_virtual_server *a,
                                 const struct model_virtual_server *b)
{
	if (model_virtual_server_is_judged(a) || model_virtual_server_is_judged(b) ||
	    model_virtual_server_compare(a, b) != 0 || !same_texts(a->router, b->router) ||
	    !same_texts(a->pool, b->pool) || !same_texts(a->service, b->service) ||
	    a->forwarding != b->forwarding || a->snat_mode != b->snat_mode ||
	    a->drain_timeout_us != b->drain_timeout_us ||
	    a->persistence_timeout_us != b->persistence_timeout_us ||
	    a->persistence_prefix4 != b->persistence_prefix4 ||
	    a->persistence_prefix6 != b->persistence_prefix6 || a->all_down != b->all_down ||
	    a->port_count != b->port_count || !same_ranges(a, b) ||
	    !addr_list_equal(a->addresses, a->address_count, b->addresses, b->address_count) ||
	    !addr_list_equal(a->snat_addresses, a->snat_address_count, b->snat_addresses,
	                     b->snat_address_count))
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (!same_port(&a->ports[i], &b->ports[i]) ||
		    !same_target(a, &a->ports[i], b, &b->ports[i]))
			return false;
	}
	return true;
}

static bool same_items(const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

bool model_objects_differ_in_servers_only(const struct model_objects *a,
                                          const struct model_objects *b)
{
	if (a->incomplete || b->incomplete || a->virtual_server_count != b->virtual_server_count ||
	    !same_items(a->routers, a->router_count, b->routers, b->router_count,
	                sizeof(struct model_router *)) ||
	    !same_items(a->pools, a->pool_count, b->pools, b->pool_count,
	                sizeof(struct model_pool *)))
		return false;
	for (size_t i = 0; i < a->virtual_server_count; i++) {
		if (a->virtual_servers[i] != b->virtual_servers[i] &&
		    !same_but_for_servers(a->virtual_servers[i], b->virtual_servers[i]))
			return false;
	}
	return true;
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
		item->virtual_server_count > 0 ? find_source(snapshot, item->virtual_servers[0])
					       : NULL;

	return source && model_objects_differ_in_servers_only(source, item);
}

static void note_changes(const struct model_objects *source, const struct model_objects *item,
                         struct model_amendment *amendment)
{
	for (size_t i = 0; i < item->virtual_server_count; i++) {
		if (item->virtual_servers[i] == source->virtual_servers[i])
			continue;
		amendment->changed = xreallocarray(amendment->changed, amendment->changed_count + 1,
		                                   sizeof(*amendment->changed));
		amendment->changed[amendment->changed_count++] = item->virtual_servers[i];
	}
}

bool model_amendment_find(struct model_snapshot *snapshot, const struct model_objects *const *items,
                          size_t count, struct model_amendment *ret_amendment)
{
	struct model_amendment amendment = {.items = xmemdup(items, count * sizeof(*items)),
	                                    .item_count = count};

	model_amendment_prepare(snapshot);
	for (size_t i = 0; i < count; i++) {
		if (!can_be_amended(snapshot, items[i])) {
			model_amendment_done(&amendment);
			return false;
		}
		note_changes(find_source(snapshot, items[i]->virtual_servers[0]), items[i],
		             &amendment);
	}
	*ret_amendment = amendment;
	return true;
}

void model_amendment_done(struct model_amendment *amendment)
{
	free(amendment->items);
	free(amendment->changed);
	*amendment = (struct model_amendment){0};
}

static void replace(struct model_snapshot *snapshot, const struct model_virtual_server *vs)
{
	const struct model_place *place = find_place(snapshot, vs);
	const struct model_virtual_server **listed =
		&snapshot->virtual_servers[place->virtual_server - 1];

	for (size_t i = 0; i < vs->address_count; i++) {
		amend_claims(snapshot, *listed, vs, &vs->addresses[i]);
		for (size_t j = 0; j < vs->port_count; j++) {
			struct model_service *service =
				model_snapshot_service(snapshot, &vs->addresses[i],
			                               vs->ports[j].protocol, vs->ports[j].first);

			if (!service) /* its router is not there */
				continue;
			service->virtual_server = vs;
			service->port = &vs->ports[j];
		}
	}
	*listed = vs;
}

void model_snapshot_amend(struct model_snapshot *snapshot, const struct model_amendment *amendment)
{
	for (size_t i = 0; i < amendment->changed_count; i++)
		replace(snapshot, amendment->changed[i]);
	for (size_t i = 0; i < amendment->item_count; i++) {
		const struct model_objects *item = amendment->items[i];
		struct model_objects *source = find_source(snapshot, item->virtual_servers[0]);

		model_objects_done(source);
		*source = model_objects_share(item);
	}
}
