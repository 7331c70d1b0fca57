/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/validate.h"

#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *model_validate_place(const struct model_origin *origin,
                                 char buf[static MODEL_PLACE_SIZE])
{
	if (origin->line > 0)
		snprintf(buf, MODEL_PLACE_SIZE, "%s:%u", origin->source, origin->line);
	else
		snprintf(buf, MODEL_PLACE_SIZE, "%s", origin->source);
	return buf;
}

bool model_validate_is_later(const struct model_origin *a, const struct model_origin *b)
{
	int order = strcmp(a->source, b->source);

	return order != 0 ? order > 0 : a->line > b->line;
}

static const char *router_title(const struct model_router *router,
                                char buf[static MODEL_OBJECT_TEXT_SIZE])
{
	snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "VirtualRouter %s", router->name);
	return buf;
}

static const char *pool_title(const struct model_pool *pool,
                              char buf[static MODEL_OBJECT_TEXT_SIZE])
{
	snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "AddressPool %s", pool->name);
	return buf;
}

/* --- names --- */

static void report_taken(struct model_problems *problems, const struct model_origin *origin,
                         const char *title, const struct model_origin *first)
{
	char place[MODEL_PLACE_SIZE];

	model_problem_add(problems, MODEL_ERROR, *origin, title, "metadata.name",
	                  "the name is taken by %s", model_validate_place(first, place));
}

static void check_names_twice(const struct model_snapshot *snapshot,
                              struct model_problems *problems)
{
	char title[MODEL_OBJECT_TEXT_SIZE];

	for (size_t i = 1; i < snapshot->router_count; i++) {
		const struct model_router *a = snapshot->routers[i - 1];
		const struct model_router *b = snapshot->routers[i];

		if (strcmp(a->name, b->name) == 0)
			report_taken(problems, &b->origin, router_title(b, title), &a->origin);
	}
	for (size_t i = 1; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *a = snapshot->virtual_servers[i - 1];
		const struct model_virtual_server *b = snapshot->virtual_servers[i];

		if (strcmp(a->name, b->name) == 0 && strcmp(a->namespace, b->namespace) == 0)
			report_taken(problems, &b->origin, model_virtual_server_title(b, title),
			             &a->origin);
	}
	for (size_t i = 1; i < snapshot->pool_count; i++) {
		const struct model_pool *a = snapshot->pools[i - 1], *b = snapshot->pools[i];

		if (strcmp(a->name, b->name) == 0)
			report_taken(problems, &b->origin, pool_title(b, title), &a->origin);
	}
}

bool model_validate_is_reported(const struct model_problems *problems, const char *kind,
                                const char *name)
{
	char title[MODEL_OBJECT_TEXT_SIZE];

	if (problems->error_count == 0) /* whatever number of warnings there is */
		return false;
	snprintf(title, sizeof(title), "%s %s", kind, name);
	for (size_t i = 0; i < problems->count; i++) {
		if (problems->items[i].severity == MODEL_ERROR &&
		    strcmp(problems->items[i].object, title) == 0)
			return true;
	}
	return false;
}

static void report_unknown(struct model_problems *problems, const struct model_origin *origin,
                           const char *title, const char *field, const char *kind, const char *name,
                           const char *const *names, size_t count)
{
	const char *nearest = text_nearest(name, names, count);

	if (nearest)
		model_problem_add(problems, MODEL_ERROR, *origin, title, field,
		                  "there is no %s '%s'; did you mean '%s'?", kind, name, nearest);
	else
		model_problem_add(problems, MODEL_ERROR, *origin, title, field,
		                  "there is no %s '%s'", kind, name);
}

static const struct model_pool *find_pool(const struct model_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		if (strcmp(snapshot->pools[i]->name, name) == 0)
			return snapshot->pools[i];
	}
	return NULL;
}

static void check_references(const struct model_snapshot *snapshot, const char *const *router_names,
                             const char *const *pool_names, struct model_problems *problems)
{
	char title[MODEL_OBJECT_TEXT_SIZE];

	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];
		const struct model_pool *pool = *vs->pool ? find_pool(snapshot, vs->pool) : NULL;

		if (*vs->router && !model_snapshot_router(snapshot, vs->router))
			report_unknown(problems, &vs->origin, model_virtual_server_title(vs, title),
			               "spec.virtualRouter", "VirtualRouter", vs->router,
			               router_names, snapshot->router_count);
		if (*vs->pool && !pool)
			report_unknown(problems, &vs->origin, model_virtual_server_title(vs, title),
			               "spec.addressPool", "AddressPool", vs->pool, pool_names,
			               snapshot->pool_count);
		if (pool && *vs->router && strcmp(pool->router, vs->router) != 0)
			model_problem_add(
				problems, MODEL_ERROR, vs->origin,
				model_virtual_server_title(vs, title), "spec.virtualRouter",
				"'%s' is not that of AddressPool %s; allowed: '%s', or none",
				vs->router, pool->name, pool->router);
	}
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		const struct model_pool *pool = snapshot->pools[i];

		if (!model_snapshot_router(snapshot, pool->router))
			report_unknown(problems, &pool->origin, pool_title(pool, title),
			               "spec.virtualRouter", "VirtualRouter", pool->router,
			               router_names, snapshot->router_count);
	}
}

/* An address owner's priority is the one that can't be lowered (RFC 9568 6.1: it has to be 255). */
static void check_quorums(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	char title[MODEL_OBJECT_TEXT_SIZE];

	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];
		const struct model_pool *pool = *vs->pool ? find_pool(snapshot, vs->pool) : NULL;
		const struct model_router *router;

		if (!vs->quorum || vs->quorum->loss != MODEL_QUORUM_LOWER)
			continue;
		router = model_snapshot_router(snapshot,
		                               *vs->router || !pool ? vs->router : pool->router);
		if (router && router->priority == 255)
			model_problem_add(
				problems, MODEL_WARNING, vs->origin,
				model_virtual_server_title(vs, title), "spec.quorum.onLoss",
				"lowerPriority has no effect: VirtualRouter %s is the address "
				"owner (priority 255); allowed: withdraw, or a lower priority",
				router->name);
	}
}

static int compare_vrids(const void *left, const void *right)
{
	const struct model_router *a = *(const struct model_router *const *)left;
	const struct model_router *b = *(const struct model_router *const *)right;
	int order = strcmp(a->interface, b->interface);

	if (order == 0)
		order = (int)a->virtual_router_id - (int)b->virtual_router_id;
	if (order == 0)
		order = model_validate_is_later(&a->origin, &b->origin) -
		        model_validate_is_later(&b->origin, &a->origin);
	return order != 0 ? order : strcmp(a->name, b->name);
}

static void check_vrids(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	const struct model_router **sorted;
	char title[MODEL_OBJECT_TEXT_SIZE], place[MODEL_PLACE_SIZE];

	if (snapshot->router_count < 2)
		return;
	sorted = xmemdup(snapshot->routers, snapshot->router_count * sizeof(*sorted));
	qsort(sorted, snapshot->router_count, sizeof(*sorted), compare_vrids);
	for (size_t i = 1; i < snapshot->router_count; i++) {
		const struct model_router *a = sorted[i - 1], *b = sorted[i];

		/* 0: was wrong */
		if (b->virtual_router_id == 0 || !*b->interface ||
		    a->virtual_router_id != b->virtual_router_id ||
		    strcmp(a->interface, b->interface) != 0)
			continue;
		model_problem_add(problems, MODEL_ERROR, b->origin, router_title(b, title),
		                  "spec.virtualRouterId",
		                  "%u is taken on interface %s by VirtualRouter %s (%s); allowed: "
		                  "another one",
		                  b->virtual_router_id, b->interface, a->name,
		                  model_validate_place(&a->origin, place));
	}
	free(sorted);
}

/* The later ones of a group that has too many. */
static void check_sync_groups(const struct model_snapshot *snapshot,
                              struct model_problems *problems)
{
	char title[MODEL_OBJECT_TEXT_SIZE];

	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];
		size_t before = 0, others = 0;

		if (!router->sync_group || !*router->sync_group)
			continue;
		for (size_t j = 0; j < snapshot->router_count; j++) {
			const struct model_router *other = snapshot->routers[j];

			if (j == i || !other->sync_group ||
			    strcmp(other->sync_group, router->sync_group) != 0)
				continue;
			others++;
			before += model_validate_is_later(&router->origin, &other->origin);
		}
		if (before >= MODEL_SYNC_GROUP_MAX)
			model_problem_add(
				problems, MODEL_ERROR, router->origin, router_title(router, title),
				"spec.syncGroup", "%s has %d members already; allowed: at most %d",
				router->sync_group, MODEL_SYNC_GROUP_MAX, MODEL_SYNC_GROUP_MAX);
		if (others == 0)
			model_problem_add(problems, MODEL_WARNING, router->origin,
			                  router_title(router, title), "spec.syncGroup",
			                  "%s has no other member: it moves by itself",
			                  router->sync_group);
	}
}

void model_validate_names(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	const char **router_names = xcalloc(snapshot->router_count + 1, sizeof(*router_names));
	const char **pool_names = xcalloc(snapshot->pool_count + 1, sizeof(*pool_names));

	for (size_t i = 0; i < snapshot->router_count; i++)
		router_names[i] = snapshot->routers[i]->name;
	for (size_t i = 0; i < snapshot->pool_count; i++)
		pool_names[i] = snapshot->pools[i]->name;
	check_names_twice(snapshot, problems);
	check_references(snapshot, router_names, pool_names, problems);
	check_quorums(snapshot, problems);
	check_vrids(snapshot, problems);
	check_sync_groups(snapshot, problems);
	free(router_names);
	free(pool_names);
}
