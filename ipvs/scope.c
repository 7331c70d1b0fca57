/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/scope.h"

#include "lib/mem.h"
#include "lib/search.h"

#include <stdlib.h>
#include <string.h>

void ipvs_scope_done(struct ipvs_scope *scope)
{
	free(scope->keys);
	*scope = (struct ipvs_scope){0};
}

static int compare_keys(const void *item, const void *key)
{
	return ipvs_key_compare(item, key);
}

/* Where the key is or belongs. */
static size_t find_place(const struct ipvs_scope *scope, const struct ipvs_key *key)
{
	return search_place(scope->keys, scope->count, sizeof(*scope->keys), key, compare_keys);
}

static bool is_at(const struct ipvs_scope *scope, size_t place, const struct ipvs_key *key)
{
	return place < scope->count && ipvs_key_compare(&scope->keys[place], key) == 0;
}

void ipvs_scope_add(struct ipvs_scope *scope, const struct ipvs_key *key)
{
	size_t place = find_place(scope, key);

	if (is_at(scope, place, key))
		return;
	if (scope->count == scope->capacity) {
		scope->capacity = scope->capacity * 2 + 16;
		scope->keys = xreallocarray(scope->keys, scope->capacity, sizeof(*scope->keys));
	}
	/* mostly they come in order, and nothing moves */
	memmove(&scope->keys[place + 1], &scope->keys[place],
	        (scope->count - place) * sizeof(*scope->keys));
	scope->keys[place] = *key;
	scope->count++;
}

static void add_service(struct ipvs_scope *scope, const struct model_service *service)
{
	struct ipvs_key key = ipvs_key_of(service);

	ipvs_scope_add(scope, &key);
}

static int compare_places(const struct model_service *a, const struct model_service *b)
{
	int order = addr_compare(&a->address, &b->address);

	if (order == 0)
		order = (int)a->port->protocol - (int)b->port->protocol;
	return order != 0 ? order : (int)a->port->first - (int)b->port->first;
}

void ipvs_scope_replaced(struct ipvs_scope *scope, const struct model_snapshot *before,
                         const struct model_snapshot *after)
{
	size_t i = 0, j = 0;

	while (i < before->service_count || j < after->service_count) {
		const struct model_service *old = &before->services[i], *new = &after->services[j];
		int order = i < before->service_count ? -1 : 1;

		if (i < before->service_count && j < after->service_count) {
			if (old->port == new->port && old->mark == new->mark &&
			    !old->refusal ==
			            !new->refusal &&addr_equal(&old->address, &new->address)) {
				i++;
				j++;
				continue;
			}
			order = compare_places(old, new);
		}
		if (order <= 0)
			add_service(scope, old);
		if (order >= 0) /* its mark may be another */
			add_service(scope, new);
		i += order <= 0;
		j += order >= 0;
	}
}

void ipvs_scope_served(struct ipvs_scope *scope, const struct model_snapshot *snapshot,
                       const struct addr *server)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		size_t count;
		const struct model_real_server *servers =
			model_port_servers(service->virtual_server, service->port, &count);

		for (size_t j = 0; j < count; j++) {
			if (addr_equal(&servers[j].address, server)) {
				add_service(scope, service);
				break;
			}
		}
	}
}

/* What the journal keeps of it. */
static bool same_identity(const struct ipvs_identity *a, const struct ipvs_identity *b)
{
	return addr_equal(&a->vip, &b->vip) && a->protocol == b->protocol &&
	       a->first_port == b->first_port && a->last_port == b->last_port &&
	       a->drain_timeout_us == b->drain_timeout_us;
}

static bool same(const struct ipvs_service *a, const struct ipvs_service *b)
{
	if (!ipvs_service_same(a, b) || !same_identity(&a->identity, &b->identity) ||
	    a->dest_count != b->dest_count)
		return false;
	for (size_t i = 0; i < a->dest_count; i++) {
		if (ipvs_dest_compare(&a->dests[i], &b->dests[i]) != 0 ||
		    !ipvs_dest_same(&a->dests[i], &b->dests[i]))
			return false;
	}
	return true;
}

void ipvs_scope_changed(struct ipvs_scope *scope, const struct ipvs_table *before,
                        const struct ipvs_table *after)
{
	size_t i = 0, j = 0;

	while (i < before->service_count || j < after->service_count) {
		const struct ipvs_service *old = ipvs_table_at(before, i);
		const struct ipvs_service *new = ipvs_table_at(after, j);
		int order = old ? -1 : 1;

		if (old && new)
			order = ipvs_key_compare(&old->key, &new->key);
		if (order != 0 || !same(old, new))
			ipvs_scope_add(scope, order <= 0 ? &old->key : &new->key);
		i += order <= 0;
		j += order >= 0;
	}
}

bool ipvs_scope_holds(const void *scope, const struct ipvs_key *key)
{
	return !scope || is_at(scope, find_place(scope, key), key);
}

void ipvs_scope_view(const struct ipvs_scope *scope, const struct ipvs_table *table,
                     struct ipvs_table *ret_view)
{
	struct ipvs_table view;

	ipvs_table_init(&view);
	view.services = arena_array(&view.arena, scope->count, sizeof(*view.services));
	for (size_t i = 0; i < scope->count; i++) {
		const struct ipvs_service *service = ipvs_table_find(table, &scope->keys[i]);

		if (service)
			view.services[view.service_count++] = *service;
	}
	*ret_view = view;
}
