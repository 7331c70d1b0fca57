/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each request is kept with what it has. An address leads to those who have it, a share key to
 * those who name it. Which address it may be is in pool_choose.c, what is on record in
 * pool_record.c. Reason: the life of a claim. */
#include "k8s/pool.h"

#include "k8s/pool_private.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- who has what --- */

struct holding *k8s_pool_find_holding(const struct k8s_pool *pool, const struct addr *address)
{
	struct holding *holding;

	HASH_FIND(hh, pool->holdings, address, sizeof(*address), holding);
	return holding;
}

static void add_share(struct holding *holding, struct claim *claim,
                      const struct k8s_pool_port *port)
{
	if (holding->count == holding->room) {
		holding->room = holding->room > 0 ? 2 * holding->room : 1;
		holding->shares =
			xreallocarray(holding->shares, holding->room, sizeof(*holding->shares));
	}
	holding->shares[holding->count++] = (struct share){
		.claim = claim,
		.sharers = claim->sharers,
		.first = port->first,
		.last = port->last,
		.protocol = (uint8_t)port->protocol,
		.outright = *claim->request.router,
	};
}

static void hold(struct k8s_pool *pool, struct claim *claim, const struct addr *address)
{
	static const struct k8s_pool_port no_port = {.first = 1};
	const struct k8s_pool_request *request = &claim->request;
	struct holding *holding = k8s_pool_find_holding(pool, address);
	struct pool_row *row = k8s_pool_table_holding(&pool->table, address);

	if (!holding) {
		holding = xcalloc(1, sizeof(*holding));
		holding->address = *address;
		HASH_ADD(hh, pool->holdings, address, sizeof(holding->address), holding);
		if (row && address->family == ADDR_IPV4)
			row->used4++;
		else if (row)
			row->used6++;
	}
	if (request->port_count == 0)
		add_share(holding, claim, &no_port);
	for (size_t i = 0; i < request->port_count; i++)
		add_share(holding, claim, &request->ports[i]);
}

static void let_go(struct k8s_pool *pool, struct claim *claim, const struct addr *address)
{
	struct holding *holding = k8s_pool_find_holding(pool, address);
	struct pool_row *row = k8s_pool_table_holding(&pool->table, address);

	for (size_t i = holding->count; i-- > 0;) {
		if (holding->shares[i].claim == claim)
			holding->shares[i] = holding->shares[--holding->count];
	}
	if (holding->count > 0)
		return;
	if (row && address->family == ADDR_IPV4)
		row->used4--;
	else if (row)
		row->used6--;
	HASH_DEL(pool->holdings, holding);
	free(holding->shares);
	free(holding);
	k8s_pool_table_freed(&pool->table, address);
}

void k8s_pool_hold(struct k8s_pool *pool, struct claim *claim)
{
	for (size_t i = 0; i < claim->address_count; i++)
		hold(pool, claim, &claim->addresses[i]);
}

void k8s_pool_let_go(struct k8s_pool *pool, struct claim *claim)
{
	for (size_t i = 0; i < claim->address_count; i++)
		let_go(pool, claim, &claim->addresses[i]);
}

/* --- deciding --- */

static const char *pool_of(const struct k8s_pool *pool, const struct choice *choice)
{
	const struct pool_row *row =
		choice->count > 0 ? k8s_pool_table_holding(&pool->table, &choice->addresses[0])
				  : NULL;

	return row ? row->pool->name : "";
}

void k8s_pool_keep(struct claim *claim, enum k8s_reason reason, const struct choice *choice,
                   const char *message, const char *pool)
{
	const char *router = choice->count > 0 ? choice->router : "";
	size_t size = choice->count * sizeof(*choice->addresses);
	char *text;

	claim->addresses = xmalloc(size + strlen(message) + strlen(pool) + strlen(router) + 3);
	claim->address_count = choice->count;
	if (size > 0)
		memcpy(claim->addresses, choice->addresses, size);
	text = (char *)claim->addresses + size;
	claim->message = strcpy(text, message);
	text += strlen(text) + 1;
	claim->pool = strcpy(text, pool);
	text += strlen(text) + 1;
	claim->router = strcpy(text, router);
	claim->reason = reason;
	claim->dirty = false;
	claim->decided = true;
}

/* True when the grant is another one. */
static bool decide(struct k8s_pool *pool, struct claim *claim)
{
	const struct k8s_pool_request *request = &claim->request;
	struct addr *former = claim->addresses;
	size_t former_count = claim->address_count, from_count;
	struct addr *from = k8s_pool_had(pool, claim, &from_count);
	struct choice choice = {
		.addresses = xcalloc(request->wanted_count + from_count + 2, sizeof(struct addr)),
	};
	enum k8s_reason reason;
	const char *message, *from_pool;
	bool changed;

	k8s_pool_let_go(pool, claim);
	claim->address_count = 0;
	reason = k8s_pool_choose(pool, claim, from, from_count, &choice);
	message = reason == K8S_REASON_SERVED ? "" : choice.refusal.message;
	from_pool = pool_of(pool, &choice);
	changed = !claim->decided || reason != claim->reason ||
	          strcmp(message, claim->message) != 0 ||
	          !addr_list_equal(former, former_count, choice.addresses, choice.count) ||
	          strcmp(from_pool, claim->pool) != 0 ||
	          strcmp(choice.count > 0 ? choice.router : "", claim->router) != 0;
	/* Others may wait for what it had, and those with its key for what it has. */
	if ((former_count > 0 || *request->share_key) &&
	    !addr_list_equal(former, former_count, choice.addresses, choice.count))
		pool->freed = true;
	k8s_pool_keep(claim, reason, &choice, message, from_pool);
	k8s_pool_hold(pool, claim);
	free(choice.addresses);
	free(former);
	free(from);
	return changed;
}

static unsigned turn_of(const struct claim *claim)
{
	if (claim->address_count > 0 || claim->request.recorded_count > 0)
		return 0;
	return claim->request.wanted_count > 0 ? 1 : 2;
}

static int compare_turns(const void *left, const void *right)
{
	const struct claim *a = *(const struct claim *const *)left;
	const struct claim *b = *(const struct claim *const *)right;
	int order;

	if (turn_of(a) != turn_of(b))
		return turn_of(a) < turn_of(b) ? -1 : 1;
	if (a->request.created_s != b->request.created_s)
		return a->request.created_s < b->request.created_s ? -1 : 1;
	order = strcmp(a->request.uid, b->request.uid);
	return order != 0 ? order : strcmp(a->request.key, b->request.key);
}

/* Those that are new or changed; with 'waiting' also those who lack something. */
static size_t collect(const struct k8s_pool *pool, bool waiting, struct claim ***ret_claims)
{
	size_t count = 0;

	*ret_claims = xcalloc(HASH_COUNT(pool->claims) + 1, sizeof(struct claim *));
	for (struct claim *claim = pool->claims; claim; claim = claim->hh.next) {
		if (claim->dirty || (waiting && claim->reason != K8S_REASON_SERVED))
			(*ret_claims)[count++] = claim;
	}
	if (count > 1)
		qsort(*ret_claims, count, sizeof(struct claim *), compare_turns);
	return count;
}

#define ROUNDS_MAX 4

/* What was given and never recorded was not given, as far as the next one who gives knows; what we
 * remember alone says nothing to others. */
static void change_lead(struct k8s_pool *pool, bool may_give)
{
	pool->may_give = may_give;
	pool->freed = true;
	for (struct claim *claim = pool->claims; claim; claim = claim->hh.next) {
		if (claim->recalled)
			claim->request.recorded_count = 0;
		claim->recalled = false;
		claim->dirty |= k8s_pool_differs(pool, claim);
	}
}

void k8s_pool_settle(struct k8s_pool *pool, bool may_give,
                     void (*changed)(void *ctx, const char *key), void *ctx)
{
	if (pool->may_give != may_give)
		change_lead(pool, may_give);
	/* What one gives up another may wait for. */
	for (unsigned round = 0; round < ROUNDS_MAX && (pool->undecided || pool->freed); round++) {
		bool waiting = pool->freed;
		struct claim **claims;
		size_t count;

		pool->freed = pool->undecided = false;
		k8s_pool_doubt_intruders(pool);
		count = collect(pool, waiting, &claims);
		k8s_pool_hold_records(pool, claims, count);
		for (size_t i = 0; i < count; i++) {
			if (decide(pool, claims[i]))
				changed(ctx, claims[i]->request.key);
		}
		free(claims);
	}
}

/* --- requests come and go --- */

static void join(struct k8s_pool *pool, struct claim *claim)
{
	const char *key = claim->request.share_key, *group = claim->request.share_group;
	size_t key_size = strlen(key) + 1, size = key_size + strlen(group) + 1;
	struct sharers *sharers;
	char *both;

	claim->sharers = NULL;
	if (!*key)
		return;
	both = arena_alloc(&pool->scratch, size);
	strcpy(both, key);
	strcpy(both + key_size, group);
	HASH_FIND(hh, pool->sharers, both, size, sharers);
	if (!sharers) {
		sharers = xcalloc(1, sizeof(*sharers) + size);
		memcpy(sharers->key, both, size);
		HASH_ADD(hh, pool->sharers, key, size, sharers);
	}
	claim->sharers = sharers;
	claim->next_sharer = sharers->first;
	sharers->first = claim;
}

static void leave(struct k8s_pool *pool, struct claim *claim)
{
	struct sharers *sharers = claim->sharers;
	struct claim **at;

	if (!sharers)
		return;
	for (at = &sharers->first; *at != claim; at = &(*at)->next_sharer)
		;
	*at = claim->next_sharer;
	if (!sharers->first) {
		HASH_DEL(pool->sharers, sharers);
		free(sharers);
	}
}

static struct k8s_pairs *copy_pairs(struct arena *arena, const struct k8s_pairs *from)
{
	struct k8s_pairs *copy = arena_alloc(arena, sizeof(*copy));
	struct k8s_pair *items;

	if (!from || from->count == 0)
		return copy;
	items = arena_array(arena, from->count, sizeof(*items));
	for (size_t i = 0; i < from->count; i++)
		items[i] = (struct k8s_pair){arena_strdup(arena, from->items[i].key),
		                             arena_strdup(arena, from->items[i].value)};
	copy->items = items;
	copy->count = from->count;
	return copy;
}

static void copy_request(struct arena *arena, const struct k8s_pool_request *from,
                         struct k8s_pool_request *to)
{
	*to = *from;
	to->key = arena_strdup(arena, from->key);
	to->namespace = arena_strdup(arena, from->namespace);
	to->uid = arena_strdup(arena, from->uid);
	to->pool = arena_strdup(arena, from->pool);
	to->router = arena_strdup(arena, from->router);
	to->fault = from->fault ? arena_strdup(arena, from->fault) : NULL;
	to->share_key = arena_strdup(arena, from->share_key);
	to->share_group = arena_strdup(arena, from->share_group);
	to->wanted = arena_memdup(arena, from->wanted, from->wanted_count * sizeof(*from->wanted));
	to->recorded =
		arena_memdup(arena, from->recorded, from->recorded_count * sizeof(*from->recorded));
	to->ports = arena_memdup(arena, from->ports, from->port_count * sizeof(*from->ports));
	to->labels = copy_pairs(arena, from->labels);
	to->namespace_labels = copy_pairs(arena, from->namespace_labels);
}

/* The first copy is made to see how much memory the one that stays has to have. */
static void take_request(struct k8s_pool *pool, const struct k8s_pool_request *from,
                         struct claim *claim)
{
	arena_clear(&pool->scratch);
	copy_request(&pool->scratch, from, &claim->request);
	arena_init(&claim->arena);
	arena_reserve(&claim->arena, pool->scratch.used_size);
	copy_request(&claim->arena, from, &claim->request);
}

static void recall(struct k8s_pool *pool, struct claim *claim)
{
	struct memory *memory;

	HASH_FIND_STR(pool->memories, claim->request.key, memory);
	if (!memory)
		return;
	/* Who does not give waits for what is given. */
	if (pool->may_give && claim->request.recorded_count == 0) {
		claim->request.recorded = arena_memdup(&claim->arena, memory->addresses,
		                                       memory->count * sizeof(struct addr));
		claim->request.recorded_count = memory->count;
		claim->recalled = true;
	}
	HASH_DEL(pool->memories, memory);
	free(memory->addresses);
	free(memory);
}

static void remember(struct k8s_pool *pool, const struct claim *claim)
{
	const char *key = claim->request.key;
	struct memory *memory;

	if (claim->address_count == 0)
		return;
	if (HASH_COUNT(pool->memories) >= K8S_POOL_REMEMBERED_MAX) {
		memory = pool->memories;
		HASH_DEL(pool->memories, memory);
		free(memory->addresses);
		free(memory);
	}
	memory = xcalloc(1, sizeof(*memory) + strlen(key) + 1);
	strcpy(memory->key, key);
	memory->addresses =
		xmemdup(claim->addresses, claim->address_count * sizeof(*claim->addresses));
	memory->count = claim->address_count;
	HASH_ADD_STR(pool->memories, key, memory);
}

/* With whom it shares, and what it leaves to them. */
static bool shares_alike(const struct k8s_pool_request *a, const struct k8s_pool_request *b)
{
	if (strcmp(a->share_key, b->share_key) != 0 ||
	    strcmp(a->share_group, b->share_group) != 0 || strcmp(a->router, b->router) != 0 ||
	    a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		if (a->ports[i].protocol != b->ports[i].protocol ||
		    a->ports[i].first != b->ports[i].first || a->ports[i].last != b->ports[i].last)
			return false;
	}
	return true;
}

void k8s_pool_put(struct k8s_pool *pool, const struct k8s_pool_request *request)
{
	struct claim *claim;

	HASH_FIND_STR(pool->claims, request->key, claim);
	if (claim) {
		struct arena before = claim->arena;

		/* Others may have waited for just that. */
		pool->freed |= claim->address_count > 0 && !shares_alike(&claim->request, request);
		k8s_pool_let_go(pool, claim);
		leave(pool, claim);
		HASH_DEL(pool->claims, claim);
		take_request(pool, request, claim);
		claim->recalled = false;
		arena_done(&before);
	} else {
		claim = xcalloc(1, sizeof(*claim));
		claim->message = claim->pool = claim->router = "";
		claim->reason = K8S_REASON_PENDING;
		take_request(pool, request, claim);
		recall(pool, claim);
	}
	HASH_ADD_KEYPTR(hh, pool->claims, claim->request.key, strlen(claim->request.key), claim);
	join(pool, claim);
	k8s_pool_hold(pool, claim);
	claim->dirty = true;
	pool->undecided = true;
}

static void free_claim(struct claim *claim)
{
	free(claim->addresses);
	arena_done(&claim->arena);
	free(claim);
}

void k8s_pool_remove(struct k8s_pool *pool, const char *key)
{
	struct claim *claim;

	HASH_FIND_STR(pool->claims, key, claim);
	if (!claim)
		return;
	remember(pool, claim);
	k8s_pool_let_go(pool, claim);
	if (claim->address_count > 0)
		pool->freed = true;
	leave(pool, claim);
	HASH_DEL(pool->claims, claim);
	free_claim(claim);
}

/* --- the frame --- */

struct k8s_pool *k8s_pool_new(void)
{
	struct k8s_pool *pool = xcalloc(1, sizeof(*pool));

	arena_init(&pool->scratch);
	return pool;
}

static void forget_reserved(struct k8s_pool *pool)
{
	struct reserved *reserved, *next;

	HASH_ITER (hh, pool->reserved, reserved, next) {
		HASH_DEL(pool->reserved, reserved);
		free(reserved->owner);
		free(reserved);
	}
}

void k8s_pool_free(struct k8s_pool *pool)
{
	struct memory *memory, *next_memory;
	struct claim *claim, *next;

	if (!pool)
		return;
	HASH_ITER (hh, pool->claims, claim, next)
		k8s_pool_remove(pool, claim->request.key);
	HASH_ITER (hh, pool->memories, memory, next_memory) {
		HASH_DEL(pool->memories, memory);
		free(memory->addresses);
		free(memory);
	}
	forget_reserved(pool);
	k8s_pool_table_done(&pool->table);
	arena_done(&pool->scratch);
	free(pool);
}

static void doubt_all(struct k8s_pool *pool)
{
	for (struct claim *claim = pool->claims; claim; claim = claim->hh.next)
		claim->dirty = true;
	pool->undecided = pool->freed = true;
}

void k8s_pool_set(struct k8s_pool *pool, const struct model_pool *const *pools, size_t count)
{
	k8s_pool_table_set(&pool->table, pools, count);
	for (struct holding *holding = pool->holdings; holding; holding = holding->hh.next) {
		struct pool_row *row = k8s_pool_table_holding(&pool->table, &holding->address);

		if (row && holding->address.family == ADDR_IPV4)
			row->used4++;
		else if (row)
			row->used6++;
	}
	doubt_all(pool);
}

void k8s_pool_reserve(struct k8s_pool *pool, const struct k8s_pool_reserved *reserved, size_t count)
{
	/* Those that are reserved no longer are free. */
	for (struct reserved *old = pool->reserved; old; old = old->hh.next)
		k8s_pool_table_freed(&pool->table, &old->address);
	forget_reserved(pool);
	for (size_t i = 0; i < count; i++) {
		struct reserved *entry;

		HASH_FIND(hh, pool->reserved, &reserved[i].address, sizeof(struct addr), entry);
		if (entry)
			continue;
		entry = xcalloc(1, sizeof(*entry));
		entry->address = reserved[i].address;
		entry->owner = xstrdup(reserved[i].owner ? reserved[i].owner : "");
		HASH_ADD(hh, pool->reserved, address, sizeof(entry->address), entry);
	}
	doubt_all(pool);
}

bool k8s_pool_grant(const struct k8s_pool *pool, const char *key, struct k8s_pool_grant *ret_grant)
{
	const struct claim *claim;

	HASH_FIND_STR(pool->claims, key, claim);
	if (!claim)
		return false;
	*ret_grant = (struct k8s_pool_grant){
		.reason = claim->reason,
		.message = claim->message,
		.addresses = claim->addresses,
		.address_count = claim->address_count,
		.pool = claim->pool,
		.router = claim->router,
	};
	return true;
}

bool k8s_pool_usage(const struct k8s_pool *pool, const char *name, struct k8s_pool_usage *ret_usage)
{
	const struct pool_row *row = k8s_pool_table_find(&pool->table, name);

	if (!row)
		return false;
	*ret_usage = (struct k8s_pool_usage){
		.total4 = k8s_pool_table_total(&pool->table, row, ADDR_IPV4),
		.total6 = k8s_pool_table_total(&pool->table, row, ADDR_IPV6),
		.used4 = row->used4,
		.used6 = row->used6,
	};
	return true;
}
