/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One walk along what is wanted and what was found makes both the effective table and the new list
 * of what drains; the old list is only asked since when. So nothing is ever forgotten to be taken
 * off it: what the walk doesn't meet is gone. */

#include "ipvs/drain.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

/* The first look comes soon, for the many servers that nobody is connected to. */
#define LOOK_FIRST_US US_PER_S
#define LOOK_LAST_US  (10 * US_PER_S)

void ipvs_drain_init(struct ipvs_drain *drain)
{
	*drain = (struct ipvs_drain){.look_us = TIME_NEVER};
}

void ipvs_drain_done(struct ipvs_drain *drain)
{
	free(drain->entries);
	ipvs_drain_init(drain);
}

static int compare_entries(const void *a, const void *b)
{
	const struct ipvs_drain_entry *left = a, *right = b;
	int order = ipvs_key_compare(&left->key, &right->key);

	if (order == 0)
		order = (int)left->whole - (int)right->whole;
	if (order == 0)
		order = addr_compare(&left->addr, &right->addr);
	return order != 0 ? order : (int)left->port - (int)right->port;
}

struct walk {
	struct ipvs_drain *drain; /* the old list */
	int64_t now_us;
	struct ipvs_drain_entry *entries; /* the new one */
	size_t count;
	size_t capacity;
	const struct ipvs_table *wanted;
	size_t found_count;
	struct ipvs_table *table; /* the effective one */
	bool differs;             /* it has services of its own: room for all */
};

/* As long as the effective table is what is wanted, it borrows the services. */
static struct ipvs_service *put_service(struct walk *w)
{
	size_t count = w->table->service_count++;

	if (!w->differs) {
		w->table->services =
			arena_room(&w->table->arena, (w->wanted->service_count + w->found_count) *
		                                             sizeof(*w->table->services));
		if (count > 0)
			memcpy(w->table->services, w->wanted->services,
			       count * sizeof(*w->table->services));
		w->differs = true;
	}
	return &w->table->services[count];
}

static void put_wanted(struct walk *w, const struct ipvs_service *want)
{
	if (w->differs)
		*put_service(w) = *want;
	else
		w->table->service_count++;
}

static void keep_entry(struct walk *w, struct ipvs_drain_entry entry)
{
	if (w->count == w->capacity) {
		w->capacity = w->capacity * 2 + 16;
		w->entries = xreallocarray(w->entries, w->capacity, sizeof(*w->entries));
	}
	w->entries[w->count++] = entry;
}

static uint32_t connections_of(const struct ipvs_dest *dest)
{
	return dest->active + dest->inactive;
}

/* Goes on with a drain or begins it. Returns whether it is over: time is up, or no new connection
 * could come (weight 0 when found) and the last has ended. One that lost its weight at this very
 * instant is not: a connection may be in the making that was given to it a moment before. */
static bool take_leave(struct walk *w, struct ipvs_drain_entry entry, int64_t timeout_us,
                       bool is_quiet)
{
	const struct ipvs_drain_entry *old = NULL;

	if (w->drain->count > 0)
		old = bsearch(&entry, w->drain->entries, w->drain->count, sizeof(entry),
		              compare_entries);
	entry.since_us = old ? old->since_us : w->now_us;
	entry.deadline_us = old ? old->deadline_us : w->now_us + timeout_us;
	entry.was_quiet = old ? old->was_quiet : is_quiet;
	bool too_soon = old && old->since_us == w->now_us && !old->was_quiet;

	if (w->now_us >= entry.deadline_us || (is_quiet && entry.connections == 0 && !too_soon))
		return true;
	keep_entry(w, entry);
	return false;
}

static bool is_udp(const struct ipvs_service *service)
{
	return (service->key.mark != 0 ? service->identity.protocol : service->key.protocol) ==
	       MODEL_UDP;
}

static int compare_dests(const void *a, const void *b)
{
	return ipvs_dest_compare(a, b);
}

static bool is_dropped(const struct ipvs_service *want, const struct ipvs_dest *dest)
{
	return want->dropped_count > 0 && bsearch(dest, want->dropped, want->dropped_count,
	                                          sizeof(*dest), compare_dests) != NULL;
}

/* What of 'have' is not in 'want' stays with weight 0 until it has taken leave. */
static size_t merge_dests(struct walk *w, const struct ipvs_service *want,
                          const struct ipvs_service *have, struct ipvs_dest *dests)
{
	size_t i = 0, j = 0, count = 0;

	while (i < want->dest_count || j < have->dest_count) {
		int order = i == want->dest_count ? 1 : -1;
		struct ipvs_dest dest;

		if (i < want->dest_count && j < have->dest_count)
			order = ipvs_dest_compare(&want->dests[i], &have->dests[j]);
		if (order <= 0) {
			dests[count++] = want->dests[i++];
			j += order == 0;
			continue;
		}
		dest = have->dests[j++];
		if (is_udp(want) || is_dropped(want, &dest) ||
		    take_leave(w,
		               (struct ipvs_drain_entry){.key = want->key,
		                                         .addr = dest.addr,
		                                         .port = dest.port,
		                                         .vip = want->identity.vip,
		                                         .connections = connections_of(&dest)},
		               want->identity.drain_timeout_us, dest.weight == 0))
			continue;
		dest.weight = 0;
		dests[count++] = dest;
	}
	return count;
}

static bool has_gone(const struct ipvs_service *want, const struct ipvs_service *have)
{
	for (size_t j = 0; j < have->dest_count; j++) {
		if (!ipvs_service_find(want, &have->dests[j].addr, have->dests[j].port))
			return true;
	}
	return false;
}

static void keep_service(struct walk *w, const struct ipvs_service *want,
                         const struct ipvs_service *have)
{
	struct ipvs_service *service;
	struct ipvs_dest *dests;

	if (!has_gone(want, have)) {
		put_wanted(w, want);
		return;
	}
	service = put_service(w);
	*service = *want;
	dests = arena_array(&w->table->arena, want->dest_count + have->dest_count, sizeof(*dests));
	service->dest_count = merge_dests(w, want, have, dests);
	service->dests = dests;
}

/* A service of ours that is wanted no more. */
static void leave_service(struct walk *w, const struct ipvs_journal_entry *owned,
                          const struct ipvs_service *have)
{
	struct ipvs_service service = *have;
	struct ipvs_drain_entry entry = {.key = have->key, .whole = true};
	bool is_quiet = true;

	service.identity = owned->identity;
	entry.vip = owned->identity.vip;
	for (size_t i = 0; i < have->dest_count; i++) {
		entry.connections += connections_of(&have->dests[i]);
		is_quiet &= have->dests[i].weight == 0;
	}
	if (is_udp(&service) || take_leave(w, entry, owned->identity.drain_timeout_us, is_quiet))
		return;
	service.dests = arena_memdup(&w->table->arena, have->dests,
	                             have->dest_count * sizeof(*have->dests));
	for (size_t i = 0; i < service.dest_count; i++)
		service.dests[i].weight = 0;
	*put_service(w) = service;
}

/* A drain that has lasted long is looked at less often. */
static int64_t next_look(const struct walk *w)
{
	int64_t look_us = TIME_NEVER;

	for (size_t i = 0; i < w->count; i++) {
		int64_t wait_us = (w->now_us - w->entries[i].since_us) / 4;

		if (wait_us < LOOK_FIRST_US)
			wait_us = LOOK_FIRST_US;
		if (wait_us > LOOK_LAST_US)
			wait_us = LOOK_LAST_US;
		if (w->now_us + wait_us < look_us)
			look_us = w->now_us + wait_us;
		if (w->entries[i].deadline_us < look_us)
			look_us = w->entries[i].deadline_us;
	}
	return look_us;
}

void ipvs_drain_step(struct ipvs_drain *drain, int64_t now_us, const struct ipvs_table *wanted,
                     const struct ipvs_table *found, const struct ipvs_journal *owned,
                     const struct ipvs_scope *scope, struct ipvs_table *ret_effective)
{
	struct walk w = {.drain = drain,
	                 .now_us = now_us,
	                 .wanted = wanted,
	                 .found_count = found->service_count,
	                 .table = ret_effective};
	size_t i = 0, j = 0;

	ipvs_table_init(ret_effective);
	ret_effective->services = wanted->services;
	while (i < wanted->service_count || j < found->service_count) {
		const struct ipvs_service *want = ipvs_table_at(wanted, i);
		const struct ipvs_service *have = ipvs_table_at(found, j);
		const struct ipvs_journal_entry *entry;
		int order = want ? -1 : 1;

		if (want && have)
			order = ipvs_key_compare(&want->key, &have->key);
		if (order < 0)
			put_wanted(&w, want);
		else if (order == 0)
			keep_service(&w, want, have);
		else if ((entry = ipvs_journal_find(owned, &have->key)))
			leave_service(&w, entry, have);
		i += order <= 0;
		j += order >= 0;
	}
	int64_t look_us = TIME_NEVER; /* at those that this is not about */
	for (i = 0; i < drain->count; i++) {
		if (ipvs_scope_holds(scope, &drain->entries[i].key))
			continue;
		keep_entry(&w, drain->entries[i]);
		look_us = drain->look_us;
	}
	free(drain->entries);
	drain->entries = w.entries;
	drain->count = w.count;
	if (drain->count > 1)
		qsort(drain->entries, drain->count, sizeof(*drain->entries), compare_entries);
	drain->look_us = next_look(&w);
	if (look_us < drain->look_us)
		drain->look_us = look_us;
}

void ipvs_drain_scope(const struct ipvs_drain *drain, struct ipvs_scope *scope)
{
	for (size_t i = 0; i < drain->count; i++)
		ipvs_scope_add(scope, &drain->entries[i].key);
}

int64_t ipvs_drain_deadline(const struct ipvs_drain *drain)
{
	return drain->look_us;
}

bool ipvs_drain_needs_vip(const struct ipvs_drain *drain, const struct addr *vip)
{
	for (size_t i = 0; i < drain->count; i++) {
		if (drain->entries[i].whole && addr_equal(&drain->entries[i].vip, vip))
			return true;
	}
	return false;
}
