/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

#include "lib/mem.h"
#include "model/validate.h"

#include <stdlib.h>
#include <string.h>

static int compare_origins(const struct model_origin *a, const struct model_origin *b)
{
	int order = strcmp(a->source, b->source);

	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static int compare_routers(const void *left, const void *right)
{
	const struct model_router *a = *(const struct model_router *const *)left;
	const struct model_router *b = *(const struct model_router *const *)right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : compare_origins(&a->origin, &b->origin);
}

static int compare_virtual_servers(const void *left, const void *right)
{
	const struct model_virtual_server *a = *(const struct model_virtual_server *const *)left;
	const struct model_virtual_server *b = *(const struct model_virtual_server *const *)right;
	int order = strcmp(a->namespace, b->namespace);

	if (order == 0)
		order = strcmp(a->name, b->name);
	return order != 0 ? order : compare_origins(&a->origin, &b->origin);
}

static int compare_pools(const void *left, const void *right)
{
	const struct model_pool *a = *(const struct model_pool *const *)left;
	const struct model_pool *b = *(const struct model_pool *const *)right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : compare_origins(&a->origin, &b->origin);
}

static int compare_services(const void *left, const void *right)
{
	const struct model_service *a = left, *b = right;
	int order = addr_compare(&a->address, &b->address);

	if (order == 0)
		order = (int)a->port->protocol - (int)b->port->protocol;
	if (order == 0)
		order = (int)a->port->first - (int)b->port->first;
	if (order == 0)
		order = compare_origins(&a->virtual_server->origin, &b->virtual_server->origin);
	return order;
}

static int compare_vips(const void *left, const void *right)
{
	const struct model_vip *a = left, *b = right;

	return addr_compare(&a->address, &b->address);
}

/* qsort() wants an array even when there is nothing in it. */
static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *left, const void *right))
{
	if (count > 1)
		qsort(items, count, size, compare);
}

static void take_objects(struct model_snapshot *snapshot, const struct model_objects *from)
{
	for (size_t i = 0; i < from->router_count; i++)
		snapshot->routers[snapshot->router_count++] = &from->routers[i];
	for (size_t i = 0; i < from->virtual_server_count; i++)
		snapshot->virtual_servers[snapshot->virtual_server_count++] =
			&from->virtual_servers[i];
	for (size_t i = 0; i < from->pool_count; i++)
		snapshot->pools[snapshot->pool_count++] = &from->pools[i];
}

static void count_objects(const struct model_objects *objects, size_t *routers,
                          size_t *virtual_servers, size_t *pools)
{
	*routers += objects->router_count;
	*virtual_servers += objects->virtual_server_count;
	*pools += objects->pool_count;
}

/* With 'incomplete' there are errors already, nothing will come of this, and what is wrong between
 * objects is told all the same. */
static void join(struct model_snapshot *snapshot, const struct model_objects *const *sources,
                 size_t source_count, bool incomplete)
{
	struct arena *arena = &snapshot->arena;
	size_t routers = 0, virtual_servers = 0, pools = 0;

	for (size_t i = 0; i < source_count; i++) {
		count_objects(sources[i], &routers, &virtual_servers, &pools);
		if (incomplete && sources[i]->incomplete)
			count_objects(sources[i]->incomplete, &routers, &virtual_servers, &pools);
	}
	snapshot->sources = arena_array(arena, source_count, sizeof(*snapshot->sources));
	snapshot->source_count = source_count;
	for (size_t i = 0; i < source_count; i++)
		snapshot->sources[i] = model_objects_share(sources[i]);
	snapshot->routers = arena_array(arena, routers, sizeof(*snapshot->routers));
	snapshot->virtual_servers =
		arena_array(arena, virtual_servers, sizeof(*snapshot->virtual_servers));
	snapshot->pools = arena_array(arena, pools, sizeof(*snapshot->pools));
	for (size_t i = 0; i < source_count; i++) {
		take_objects(snapshot, sources[i]);
		if (incomplete && sources[i]->incomplete)
			take_objects(snapshot, sources[i]->incomplete);
	}
	sort(snapshot->routers, snapshot->router_count, sizeof(*snapshot->routers),
	     compare_routers);
	sort(snapshot->virtual_servers, snapshot->virtual_server_count,
	     sizeof(*snapshot->virtual_servers), compare_virtual_servers);
	sort(snapshot->pools, snapshot->pool_count, sizeof(*snapshot->pools), compare_pools);
}

static void add_addresses(struct model_snapshot *snapshot, const struct model_virtual_server *vs,
                          const struct model_router *router)
{
	for (size_t i = 0; i < vs->address_count; i++) {
		struct addr address = vs->addresses[i];

		snapshot->vips[snapshot->vip_count++] = (struct model_vip){
			address, router, {address, (uint8_t)addr_bits(&address)}};
		for (size_t j = 0; j < vs->port_count; j++)
			snapshot->services[snapshot->service_count++] = (struct model_service){
				.virtual_server = vs,
				.port = &vs->ports[j],
				.router = router,
				.address = address,
			};
	}
}

/* Every address of every virtual server whose router is known, and every port on it. */
static void expand(struct model_snapshot *snapshot)
{
	size_t vips = 0, services = 0;

	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];

		vips += vs->address_count;
		services += vs->address_count * vs->port_count;
	}
	snapshot->vips = arena_array(&snapshot->arena, vips, sizeof(*snapshot->vips));
	snapshot->services = arena_array(&snapshot->arena, services, sizeof(*snapshot->services));
	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];
		const struct model_router *router = model_snapshot_router(snapshot, vs->router);

		if (router)
			add_addresses(snapshot, vs, router);
	}
	sort(snapshot->services, snapshot->service_count, sizeof(*snapshot->services),
	     compare_services);
	sort(snapshot->vips, snapshot->vip_count, sizeof(*snapshot->vips), compare_vips);
}

/* Several virtual servers may share an address; it is owned once. */
static void drop_repeated_vips(struct model_snapshot *snapshot)
{
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (kept == 0 ||
		    !addr_equal(&snapshot->vips[kept - 1].address, &snapshot->vips[i].address))
			snapshot->vips[kept++] = snapshot->vips[i];
	}
	snapshot->vip_count = kept;
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
	bool used[MODEL_MARK_COUNT] = {false};
	size_t count = 0;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		struct model_service *service = &snapshot->services[i];
		char title[MODEL_OBJECT_TEXT_SIZE];
		uint32_t slot;

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
		slot = hash_service(service) % MODEL_MARK_COUNT;
		while (used[slot])
			slot = (slot + 1) % MODEL_MARK_COUNT;
		used[slot] = true;
		count++;
		service->mark = MODEL_MARK_FIRST + slot;
	}
}

struct model_snapshot *model_snapshot_build(const struct model_objects *const *sources,
                                            size_t source_count, struct model_problems *problems)
{
	struct model_snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

	arena_init(&snapshot->arena);
	join(snapshot, sources, source_count, problems->error_count > 0);
	model_validate_names(snapshot, problems);
	expand(snapshot);
	model_validate_addresses(snapshot, problems);
	drop_repeated_vips(snapshot);
	assign_marks(snapshot, problems);
	if (problems->error_count > 0) {
		model_snapshot_free(snapshot);
		return NULL;
	}
	return snapshot;
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

const struct model_router *model_snapshot_router(const struct model_snapshot *snapshot,
                                                 const char *name)
{
	size_t low = 0, high = snapshot->router_count;

	/* The first of those of that name: until duplicates are refused there may be several. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(snapshot->routers[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == snapshot->router_count || strcmp(snapshot->routers[low]->name, name) != 0)
		return NULL;
	return snapshot->routers[low];
}

const struct model_router_address *model_router_floating(const struct model_router *router,
                                                         const char *interface,
                                                         enum addr_family family)
{
	for (size_t i = 0; i < router->address_count; i++) {
		const struct model_router_address *address = &router->addresses[i];

		if (address->prefix.addr.family == family &&
		    strcmp(address->interface, interface) == 0 &&
		    !addr_is_link_local(&address->prefix.addr))
			return address;
	}
	return NULL;
}
