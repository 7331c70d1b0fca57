/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a snapshot consists of is kept in order, so that what stays need not be put in order again:
 * the virtual servers of sources that are gone are taken out, those of new ones are put in. Without
 * a snapshot before, all is new. */

#include "model/snapshot_join.h"

#include "lib/search.h"

#include <assert.h>
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
	int order = model_virtual_server_compare(a, b);

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

static const struct model_origin *claim_origin(const struct model_claim *claim)
{
	return claim->virtual_server ? &claim->virtual_server->origin : &claim->router->origin;
}

/* Routers' own before those of virtual servers, then in order of appearance. What comes from a
 * cluster appears nowhere: by name. */
static int compare_claims(const void *left, const void *right)
{
	const struct model_claim *a = left, *b = right;
	int order = addr_compare(&a->address, &b->address);

	if (order == 0)
		order = (a->virtual_server != NULL) - (b->virtual_server != NULL);
	if (order == 0)
		order = compare_origins(claim_origin(a), claim_origin(b));
	if (order == 0 && a->virtual_server)
		order = compare_virtual_servers(&a->virtual_server, &b->virtual_server);
	if (order == 0)
		order = strcmp(a->router->name, b->router->name);
	return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static bool are_in_order(const char *items, size_t count, size_t size,
                         int (*compare)(const void *left, const void *right))
{
	for (size_t i = 1; i < count; i++) {
		if (compare(items + (i - 1) * size, items + i * size) > 0)
			return false;
	}
	return true;
}

/* A cluster's objects mostly come in order, and looking at ten thousand takes six times as long
 * when they are sorted. */
static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *left, const void *right))
{
	if (!are_in_order(items, count, size, compare))
		qsort(items, count, size, compare);
}

/* --- what the sources say, and what of it is new --- */

static void count_objects(const struct model_objects *objects, size_t *routers,
                          size_t *virtual_servers, size_t *pools)
{
	*routers += objects->router_count;
	*virtual_servers += objects->virtual_server_count;
	*pools += objects->pool_count;
}

static void take_objects(struct model_snapshot *snapshot, const struct model_objects *from)
{
	for (size_t i = 0; i < from->router_count; i++)
		snapshot->routers[snapshot->router_count++] = from->routers[i];
	for (size_t i = 0; i < from->pool_count; i++)
		snapshot->pools[snapshot->pool_count++] = from->pools[i];
}

/* Some virtual servers, and what follows from them; in order. */
struct part {
	const struct model_virtual_server **virtual_servers;
	struct model_service *services;
	struct model_claim *claims;
	size_t virtual_server_count;
	size_t service_count;
	size_t claim_count;
};

/* A snapshot under construction. Sources from 'first' on that neither it nor the one before has at
 * its end are the difference between the two. With 'incomplete' there are errors already, nothing
 * will come of this, and what is wrong between objects is told all the same. */
struct joining {
	struct model_snapshot *snapshot;
	const struct model_snapshot *before; /* NULL: all is new */
	const struct model_objects *const *sources;
	size_t source_count;
	size_t first;
	size_t end;        /* of the new sources */
	size_t before_end; /* of those that are gone */
	bool incomplete;
	struct arena scratch;
};

static bool has_routers(const struct model_objects *source)
{
	return source->router_count > 0;
}

/* Everything refers to routers: when one may have changed, nothing is taken over. */
static void find_difference(struct joining *j)
{
	const struct model_snapshot *before = j->incomplete ? NULL : j->before;
	size_t old = before ? before->source_count : 0;
	bool routers = false;

	j->end = j->source_count;
	j->before_end = old;
	while (j->first < j->end && j->first < old &&
	       model_objects_same(j->sources[j->first], &before->sources[j->first]))
		j->first++;
	while (j->end > j->first && j->before_end > j->first &&
	       model_objects_same(j->sources[j->end - 1], &before->sources[j->before_end - 1])) {
		j->end--;
		j->before_end--;
	}
	for (size_t i = j->first; i < j->end; i++)
		routers |= has_routers(j->sources[i]);
	for (size_t i = j->first; i < j->before_end; i++)
		routers |= has_routers(&before->sources[i]);
	j->before = before;
	if (routers || !before) {
		j->before = NULL;
		j->first = j->before_end = 0;
		j->end = j->source_count;
	}
}

static void take_virtual_servers(struct part *part, const struct model_objects *from)
{
	for (size_t i = 0; i < from->virtual_server_count; i++)
		part->virtual_servers[part->virtual_server_count++] = from->virtual_servers[i];
}

/* Every address of every virtual server whose router is known, and every port on it; with room for
 * so many claims of others. */
static void expand(struct joining *j, struct arena *arena, size_t others, struct part *part)
{
	size_t services = 0, claims = others;

	for (size_t i = 0; i < part->virtual_server_count; i++) {
		const struct model_virtual_server *vs = part->virtual_servers[i];

		claims += vs->address_count;
		services += vs->address_count * vs->port_count;
	}
	part->services = arena_array(arena, services, sizeof(*part->services));
	part->claims = arena_array(arena, claims, sizeof(*part->claims));
	for (size_t i = 0; i < part->virtual_server_count; i++) {
		const struct model_virtual_server *vs = part->virtual_servers[i];
		const struct model_router *router = model_snapshot_router(j->snapshot, vs->router);

		for (size_t a = 0; router && a < vs->address_count; a++) {
			part->claims[part->claim_count++] =
				(struct model_claim){vs->addresses[a], router, vs, a};
			for (size_t p = 0; p < vs->port_count; p++)
				part->services[part->service_count++] = (struct model_service){
					.virtual_server = vs,
					.port = &vs->ports[p],
					.router = router,
					.address = vs->addresses[a],
				};
		}
	}
}

static void sort_part(struct part *part)
{
	sort(part->virtual_servers, part->virtual_server_count, sizeof(*part->virtual_servers),
	     compare_virtual_servers);
	sort(part->services, part->service_count, sizeof(*part->services), compare_services);
	sort(part->claims, part->claim_count, sizeof(*part->claims), compare_claims);
}

static void add_own_claims(const struct model_router *router, struct part *part)
{
	for (size_t i = 0; i < router->address_count; i++)
		part->claims[part->claim_count++] =
			(struct model_claim){router->addresses[i].prefix.addr, router, NULL, i};
}

/* When all is new it stays where it is, and the routers' own addresses are new, too. */
static struct part added_part(struct joining *j)
{
	struct arena *arena = j->before ? &j->scratch : &j->snapshot->arena;
	size_t router_count = j->before ? 0 : j->snapshot->router_count;
	size_t others = 0, count = 0, own = 0;
	struct part part = {0};

	for (size_t i = j->first; i < j->end; i++) {
		count_objects(j->sources[i], &others, &count, &others);
		if (j->incomplete && j->sources[i]->incomplete)
			count_objects(j->sources[i]->incomplete, &others, &count, &others);
	}
	part.virtual_servers = arena_array(arena, count, sizeof(*part.virtual_servers));
	for (size_t i = j->first; i < j->end; i++) {
		take_virtual_servers(&part, j->sources[i]);
		if (j->incomplete && j->sources[i]->incomplete)
			take_virtual_servers(&part, j->sources[i]->incomplete);
	}
	for (size_t i = 0; i < router_count; i++)
		own += j->snapshot->routers[i]->address_count;
	expand(j, arena, own, &part);
	for (size_t i = 0; i < router_count; i++)
		add_own_claims(j->snapshot->routers[i], &part);
	return part;
}

static struct part gone_part(struct joining *j)
{
	struct part part = {0};
	size_t count = 0;

	for (size_t i = j->first; i < j->before_end; i++)
		count += j->before->sources[i].virtual_server_count;
	part.virtual_servers = arena_array(&j->scratch, count, sizeof(*part.virtual_servers));
	for (size_t i = j->first; i < j->before_end; i++)
		take_virtual_servers(&part, &j->before->sources[i]);
	expand(j, &j->scratch, 0, &part);
	return part;
}

/* --- joining --- */

struct list {
	const void *items;
	size_t count;
};

static const void *item_at(const struct list *list, size_t index, size_t size)
{
	return (const char *)list->items + index * size;
}

/* The first from 'low' on that does not come before 'item'. */
static size_t place_of(const struct list *list, size_t low, size_t size, const void *item,
                       int (*compare)(const void *left, const void *right))
{
	if (low == list->count)
		return low;
	return low + search_place(item_at(list, low, size), list->count - low, size, item, compare);
}

/* What was there, without what is gone, with what is added: all in order, and what is gone was
 * there. Costs little more than to copy what stays. */
static void *splice(struct arena *arena, struct list was, struct list gone, struct list added,
                    size_t size, int (*compare)(const void *left, const void *right),
                    size_t *ret_count)
{
	size_t count = was.count - gone.count + added.count;
	char *items = arena_array(arena, count, size), *end = items;
	size_t from = 0, g = 0, a = 0;

	while (g < gone.count || a < added.count) {
		const void *leaves = g < gone.count ? item_at(&gone, g, size) : NULL;
		const void *comes = a < added.count ? item_at(&added, a, size) : NULL;
		bool leaving = leaves && (!comes || compare(leaves, comes) <= 0);
		size_t to = place_of(&was, from, size, leaving ? leaves : comes, compare);

		if (to > from)
			end = (char *)memcpy(end, item_at(&was, from, size), (to - from) * size) +
			      (to - from) * size;
		from = to;
		if (leaving) {
			assert(to < was.count && compare(item_at(&was, to, size), leaves) == 0);
			from++;
			g++;
		} else {
			end = (char *)memcpy(end, comes, size) + size;
			a++;
		}
	}
	if (from < was.count)
		memcpy(end, item_at(&was, from, size), (was.count - from) * size);
	*ret_count = count;
	return items;
}

static void take_all(struct model_snapshot *snapshot, const struct part *all)
{
	snapshot->virtual_servers = all->virtual_servers;
	snapshot->virtual_server_count = all->virtual_server_count;
	snapshot->services = all->services;
	snapshot->service_count = all->service_count;
	snapshot->claims = all->claims;
	snapshot->claim_count = all->claim_count;
}

static void splice_all(struct joining *j, const struct part *gone, const struct part *added)
{
	struct model_snapshot *snapshot = j->snapshot;
	const struct model_snapshot *before = j->before;

	snapshot->virtual_servers =
		splice(&snapshot->arena,
	               (struct list){before->virtual_servers, before->virtual_server_count},
	               (struct list){gone->virtual_servers, gone->virtual_server_count},
	               (struct list){added->virtual_servers, added->virtual_server_count},
	               sizeof(*snapshot->virtual_servers), compare_virtual_servers,
	               &snapshot->virtual_server_count);
	snapshot->services =
		splice(&snapshot->arena, (struct list){before->services, before->service_count},
	               (struct list){gone->services, gone->service_count},
	               (struct list){added->services, added->service_count},
	               sizeof(*snapshot->services), compare_services, &snapshot->service_count);
	snapshot->claims =
		splice(&snapshot->arena, (struct list){before->claims, before->claim_count},
	               (struct list){gone->claims, gone->claim_count},
	               (struct list){added->claims, added->claim_count}, sizeof(*snapshot->claims),
	               compare_claims, &snapshot->claim_count);
}

/* Routers and pools are few: they are put in order each time. */
static void join_infrastructure(struct joining *j)
{
	struct model_snapshot *snapshot = j->snapshot;
	size_t routers = 0, others = 0, pools = 0;

	for (size_t i = 0; i < j->source_count; i++) {
		count_objects(j->sources[i], &routers, &others, &pools);
		if (j->incomplete && j->sources[i]->incomplete)
			count_objects(j->sources[i]->incomplete, &routers, &others, &pools);
	}
	snapshot->routers = arena_array(&snapshot->arena, routers, sizeof(*snapshot->routers));
	snapshot->pools = arena_array(&snapshot->arena, pools, sizeof(*snapshot->pools));
	for (size_t i = 0; i < j->source_count; i++) {
		take_objects(snapshot, j->sources[i]);
		if (j->incomplete && j->sources[i]->incomplete)
			take_objects(snapshot, j->sources[i]->incomplete);
	}
	sort(snapshot->routers, snapshot->router_count, sizeof(*snapshot->routers),
	     compare_routers);
	sort(snapshot->pools, snapshot->pool_count, sizeof(*snapshot->pools), compare_pools);
}

static void join(struct joining *j)
{
	struct model_snapshot *snapshot = j->snapshot;
	struct part gone, added;

	snapshot->sources =
		arena_array(&snapshot->arena, j->source_count, sizeof(*snapshot->sources));
	snapshot->source_count = j->source_count;
	for (size_t i = 0; i < j->source_count; i++)
		snapshot->sources[i] = model_objects_share(j->sources[i]);
	find_difference(j);
	join_infrastructure(j);
	gone = gone_part(j);
	added = added_part(j);
	sort_part(&gone);
	sort_part(&added);
	if (j->before)
		splice_all(j, &gone, &added);
	else
		take_all(snapshot, &added);
}

void model_snapshot_join(struct model_snapshot *snapshot, const struct model_snapshot *before,
                         const struct model_objects *const *sources, size_t source_count,
                         bool incomplete)
{
	struct joining joining = {
		.snapshot = snapshot,
		.before = before,
		.sources = sources,
		.source_count = source_count,
		.incomplete = incomplete,
	};

	arena_init(&joining.scratch);
	join(&joining);
	arena_done(&joining.scratch);
}
