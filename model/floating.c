/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/floating.h"

#include "lib/mem.h"
#include "lib/search.h"

#include <stdlib.h>
#include <string.h>

bool model_floating_together(const struct model_router *a, const struct model_router *b)
{
	return a != b && a->sync_group && b->sync_group && a->sync_group[0] &&
	       strcmp(a->sync_group, b->sync_group) == 0;
}

struct collection {
	struct model_floating *items;
	size_t count;
	size_t capacity;
	size_t first; /* of the router whose turn it is */
};

static bool is_taken(const struct collection *c, const struct model_router_address *address)
{
	for (size_t i = c->first; i < c->count; i++) {
		const struct model_router_address *taken = c->items[i].address;

		if (taken->prefix.addr.family == address->prefix.addr.family &&
		    strcmp(taken->interface, address->interface) == 0)
			return true;
	}
	return false;
}

static void take(struct collection *c, const struct model_router *router,
                 const struct model_router *owner)
{
	for (size_t i = 0; i < owner->address_count; i++) {
		const struct model_router_address *address = &owner->addresses[i];

		if (addr_is_link_local(&address->prefix.addr) || is_taken(c, address))
			continue;
		if (c->count == c->capacity) {
			c->capacity = 2 * c->capacity + 16;
			c->items = xreallocarray(c->items, c->capacity, sizeof(*c->items));
		}
		c->items[c->count++] = (struct model_floating){router, owner, address};
	}
}

void model_floating_collect(struct model_snapshot *snapshot)
{
	const struct model_router *const *routers = snapshot->routers;
	struct collection c = {.items = NULL};

	for (size_t i = 0; i < snapshot->router_count; i++) {
		c.first = c.count;
		take(&c, routers[i], routers[i]);
		for (size_t j = 0; j < snapshot->router_count; j++) {
			if (model_floating_together(routers[i], routers[j]))
				take(&c, routers[i], routers[j]);
		}
	}
	snapshot->floating = arena_array(&snapshot->arena, c.count, sizeof(*c.items));
	if (c.count > 0)
		memcpy(snapshot->floating, c.items, c.count * sizeof(*c.items));
	snapshot->floating_count = c.count;
	free(c.items);
}

static int compare_name(const void *item, const void *name)
{
	return strcmp(((const struct model_floating *)item)->router->name, name);
}

const struct model_floating *model_floating_of(const struct model_snapshot *snapshot,
                                               const struct model_router *router, size_t *ret_count)
{
	const struct model_floating *first =
		search_find(snapshot->floating, snapshot->floating_count,
	                    sizeof(*snapshot->floating), router->name, compare_name);
	size_t at = first ? (size_t)(first - snapshot->floating) : snapshot->floating_count;
	size_t end = at;

	while (end < snapshot->floating_count && snapshot->floating[end].router == router)
		end++;
	*ret_count = end - at;
	return first;
}
