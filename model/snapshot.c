/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

#include "lib/mem.h"
#include "lib/search.h"
#include "model/floating.h"
#include "model/range.h"
#include "model/snapshot_join.h"
#include "model/validate.h"

#include <stdlib.h>
#include <string.h>

/* Several virtual servers may share an address; it is owned once. */
static void collect_vips(struct model_snapshot *snapshot)
{
	size_t count = 0;

	for (int pass = 0; pass < 2; pass++) {
		const struct addr *last = NULL;

		count = 0;
		for (size_t i = 0; i < snapshot->claim_count; i++) {
			const struct model_claim *claim = &snapshot->claims[i];

			if (!claim->virtual_server || (last && addr_equal(last, &claim->address)))
				continue;
			last = &claim->address;
			if (pass == 1)
				snapshot->vips[count] = (struct model_vip){
					*last, claim->router, {*last, (uint8_t)addr_bits(last)}};
			count++;
		}
		if (pass == 0)
			snapshot->vips =
				arena_array(&snapshot->arena, count, sizeof(*snapshot->vips));
	}
	snapshot->vip_count = count;
}

static bool is_range(const struct model_service *service)
{
	return service->port->last != service->port->first;
}

static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t size)
{
	/* FNV-1a: short keys, and the same on every machine. */
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT32_C(16777619);
	return hash;
}

static uint32_t hash_service(const struct model_service *service)
{
	uint8_t key[] = {
		service->address.family,
		(uint8_t)service->port->protocol,
		(uint8_t)(service->port->first >> 8),
		(uint8_t)service->port->first,
	};
	uint32_t hash = hash_bytes(UINT32_C(2166136261), key, sizeof(key));

	return hash_bytes(hash, service->address.bytes, sizeof(service->address.bytes));
}

/* A range keeps its mark while others come and go (unless their hashes meet), so that its
 * connections stay with their virtual service. */
static void assign_marks(struct model_snapshot *snapshot, struct model_problems *problems)
{
	bool *used = NULL;
	size_t count = 0;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		struct model_service *service = &snapshot->services[i];
		char title[MODEL_OBJECT_TEXT_SIZE];
		uint32_t slot;

		service->mark = 0;
		if (!is_range(service))
			continue;
		if (count == MODEL_MARK_COUNT) {
			model_problem_add(
				problems, MODEL_ERROR, service->virtual_server->origin,
				model_virtual_server_title(service->virtual_server, title),
				"spec.ports",
				"there are too many port ranges in all; allowed: %d, "
				"counting each on each address",
				MODEL_MARK_COUNT);
			return;
		}
		if (!used) /* most have none */
			used = arena_array(&snapshot->arena, MODEL_MARK_COUNT, sizeof(*used));
		slot = hash_service(service) % MODEL_MARK_COUNT;
		while (used[slot])
			slot = (slot + 1) % MODEL_MARK_COUNT;
		used[slot] = true;
		count++;
		service->mark = MODEL_MARK_FIRST + slot;
	}
}

struct model_snapshot *model_snapshot_rebuild(const struct model_snapshot *before,
                                              const struct model_objects *const *sources,
                                              size_t source_count, struct model_problems *problems)
{
	struct model_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

	arena_init(&snapshot->arena);
	model_snapshot_join(snapshot, before, sources, source_count, problems->error_count > 0);
	collect_vips(snapshot);
	model_validate_names(snapshot, problems);
	model_validate_addresses(snapshot, problems);
	assign_marks(snapshot, problems);
	model_range_judge(snapshot, problems);
	if (problems->error_count > 0) {
		model_snapshot_free(snapshot);
		return NULL;
	}
	model_floating_collect(snapshot);
	return snapshot;
}

struct model_snapshot *model_snapshot_build(const struct model_objects *const *sources,
                                            size_t source_count, struct model_problems *problems)
{
	return model_snapshot_rebuild(NULL, sources, source_count, problems);
}

void model_snapshot_free(struct model_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->source_count; i++)
		model_objects_done(&snapshot->sources[i]);
	arena_done(&snapshot->arena);
	free(snapshot);
}

static int compare_router_name(const void *item, const void *key)
{
	return strcmp((*(const struct model_router *const *)item)->name, key);
}

const struct model_router *model_snapshot_router(const struct model_snapshot *snapshot,
                                                 const char *name)
{
	/* The first of those of that name: until duplicates are refused there may be several. */
	const struct model_router **router = search_find(snapshot->routers, snapshot->router_count,
	                                                 sizeof(*router), name,
	                                                 compare_router_name);

	return router ? *router : NULL;
}

static int compare_vip_address(const void *item, const void *key)
{
	return addr_compare(&((const struct model_vip *)item)->address, key);
}

const struct model_vip *model_snapshot_vip(const struct model_snapshot *snapshot,
                                           const struct addr *address)
{
	return search_find(snapshot->vips, snapshot->vip_count, sizeof(*snapshot->vips), address,
	                   compare_vip_address);
}

struct service_key {
	const struct addr *address;
	enum model_protocol protocol;
	uint16_t first_port;
};

static int compare_service(const void *item, const void *key)
{
	const struct model_service *service = item;
	const struct service_key *wanted = key;
	int order = addr_compare(&service->address, wanted->address);

	if (order == 0)
		order = (int)service->port->protocol - (int)wanted->protocol;
	return order != 0 ? order : (int)service->port->first - (int)wanted->first_port;
}

struct model_service *model_snapshot_service(const struct model_snapshot *snapshot,
                                             const struct addr *address,
                                             enum model_protocol protocol, uint16_t first_port)
{
	const struct service_key key = {address, protocol, first_port};

	return search_find(snapshot->services, snapshot->service_count, sizeof(*snapshot->services),
	                   &key, compare_service);
}

static int compare_claim_address(const void *item, const void *key)
{
	return addr_compare(&((const struct model_claim *)item)->address, key);
}

struct model_claim *model_snapshot_claim(const struct model_snapshot *snapshot,
                                         const struct addr *address)
{
	return search_find(snapshot->claims, snapshot->claim_count, sizeof(*snapshot->claims),
	                   address, compare_claim_address);
}
