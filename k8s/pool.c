/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each request is kept with what it has. An address leads to those who have it, a share key to
 * those who name it. Reason: one subject, the rules of which are read together. */
#include "k8s/pool.h"

#include "k8s/pool_table.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct claim {
	struct k8s_pool_request request; /* all it points to is in 'arena' */
	struct arena arena;
	/* what it has */
	enum k8s_reason reason;
	char *message;
	struct addr *addresses;
	size_t address_count;
	char *pool;
	char *router;
	bool dirty;
	bool decided; /* at least once */
	struct claim *next_sharer;
	UT_hash_handle hh;
};

/* Who has an address. */
struct holding {
	struct addr address;
	struct claim **claims;
	size_t count;
	UT_hash_handle hh;
};

struct reserved {
	struct addr address;
	char *owner;
	UT_hash_handle hh;
};

struct sharers {
	struct claim *first;
	UT_hash_handle hh;
	char key[];
};

/* What somebody who is gone had. */
struct memory {
	struct addr *addresses;
	size_t count;
	UT_hash_handle hh;
	char key[];
};

struct k8s_pool {
	struct pool_table table;
	struct claim *claims;
	struct holding *holdings;
	struct reserved *reserved;
	struct sharers *sharers;
	struct memory *memories; /* the oldest first */
	bool may_give;
	bool freed;     /* something that others may wait for */
	bool undecided; /* some claim is dirty */
};

static char *text_copy(const char *text)
{
	return xstrdup(text ? text : "");
}

/* --- who has what --- */

static struct holding *find_holding(const struct k8s_pool *pool, const struct addr *address)
{
	struct holding *holding;

	HASH_FIND(hh, pool->holdings, address, sizeof(*address), holding);
	return holding;
}

static void hold(struct k8s_pool *pool, struct claim *claim, const struct addr *address)
{
	struct holding *holding = find_holding(pool, address);
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
	holding->claims =
		xreallocarray(holding->claims, holding->count + 1, sizeof(*holding->claims));
	holding->claims[holding->count++] = claim;
}

static void let_go(struct k8s_pool *pool, struct claim *claim, const struct addr *address)
{
	struct holding *holding = find_holding(pool, address);
	struct pool_row *row = k8s_pool_table_holding(&pool->table, address);
	size_t i = 0;

	while (holding->claims[i] != claim)
		i++;
	holding->claims[i] = holding->claims[--holding->count];
	if (holding->count > 0)
		return;
	if (row && address->family == ADDR_IPV4)
		row->used4--;
	else if (row)
		row->used6--;
	HASH_DEL(pool->holdings, holding);
	free(holding->claims);
	free(holding);
	k8s_pool_table_freed(&pool->table, address);
}

static bool is_taken(const void *ctx, const struct addr *address)
{
	const struct k8s_pool *pool = ctx;
	struct reserved *reserved;

	if (find_holding(pool, address))
		return true;
	HASH_FIND(hh, pool->reserved, address, sizeof(*address), reserved);
	return reserved;
}

/* --- may it have this address? --- */

static bool ports_meet(const struct claim *a, const struct claim *b)
{
	for (size_t i = 0; i < a->request.port_count; i++) {
		const struct k8s_pool_port *p = &a->request.ports[i];

		for (size_t j = 0; j < b->request.port_count; j++) {
			const struct k8s_pool_port *q = &b->request.ports[j];

			if (p->protocol == q->protocol && p->first <= q->last &&
			    q->first <= p->last)
				return true;
		}
	}
	return false;
}

/* NULL, or why the two can't have one address. */
static const char *why_not_shared(const struct claim *a, const struct claim *b)
{
	const struct k8s_pool_request *p = &a->request, *q = &b->request;

	/* Those who name their address outright share it as in files. */
	if (!(*p->router && *q->router)) {
		if (!*p->share_key || strcmp(p->share_key, q->share_key) != 0)
			return "and they do not share a key";
		if (strcmp(p->share_group, q->share_group) != 0)
			return "and with externalTrafficPolicy Local both need it, and the same "
			       "selector";
	}
	return ports_meet(a, b) ? "on the same port" : NULL;
}

struct refusal {
	enum k8s_reason reason;
	char message[400];
};

static bool check_reserved(const struct k8s_pool *pool, const struct addr *address,
                           struct refusal *refusal)
{
	struct reserved *reserved;
	char text[ADDR_TEXT_SIZE];

	HASH_FIND(hh, pool->reserved, address, sizeof(*address), reserved);
	if (!reserved || text_starts_with(reserved->owner, "VirtualRouter"))
		return true;
	refusal->reason = K8S_REASON_RESERVED;
	snprintf(refusal->message, sizeof(refusal->message), "%s is the address of %.200s",
	         addr_format(address, text), reserved->owner);
	return false;
}

static bool check_holders(const struct k8s_pool *pool, const struct claim *claim,
                          const struct addr *address, struct refusal *refusal)
{
	const struct holding *holding = find_holding(pool, address);
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; holding && i < holding->count; i++) {
		const char *why = why_not_shared(claim, holding->claims[i]);

		if (!why)
			continue;
		refusal->reason = K8S_REASON_IN_USE;
		snprintf(refusal->message, sizeof(refusal->message), "%s is used by %.250s, %s",
		         addr_format(address, text), holding->claims[i]->request.key, why);
		return false;
	}
	return true;
}

/* 'router' is that of its other addresses, NULL while there are none; it is set. */
static bool may_have(const struct k8s_pool *pool, const struct claim *claim,
                     const struct addr *address, const char **router, struct refusal *refusal)
{
	const struct k8s_pool_request *request = &claim->request;
	const struct pool_row *row = k8s_pool_table_holding(&pool->table, address);
	const char *owner = row ? row->pool->router : request->router;
	char text[ADDR_TEXT_SIZE];

	addr_format(address, text);
	if (!row && !*request->router) {
		refusal->reason = K8S_REASON_NOT_IN_POOL;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in no AddressPool that is in force", text);
		return false;
	}
	if (!*request->router && *request->pool && strcmp(request->pool, row->pool->name) != 0) {
		refusal->reason = K8S_REASON_NOT_IN_POOL;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in AddressPool %.100s, not in %.100s", text, row->pool->name,
		         request->pool);
		return false;
	}
	if (row && !k8s_pool_table_admits(row, request->namespace, request->namespace_labels,
	                                  request->labels)) {
		refusal->reason = K8S_REASON_POOL_REFUSED;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in AddressPool %.100s, which is not for it: its namespaces or "
		         "selectors say so",
		         text, row->pool->name);
		return false;
	}
	if ((*request->router && strcmp(owner, request->router) != 0) ||
	    (*router && strcmp(owner, *router) != 0)) {
		refusal->reason = K8S_REASON_ROUTERS;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s belongs to VirtualRouter %.100s, not to %.100s", text, owner,
		         *router ? *router : request->router);
		return false;
	}
	if (!check_reserved(pool, address, refusal) ||
	    !check_holders(pool, claim, address, refusal))
		return false;
	*router = owner;
	return true;
}

/* --- choosing --- */

/* What is being put together for a claim. */
struct choice {
	struct addr *addresses;
	size_t count;
	const char *router; /* NULL while there are no addresses */
	struct refusal refusal;
};

static bool has_family(const struct choice *choice, uint8_t family)
{
	for (size_t i = 0; i < choice->count; i++) {
		if (choice->addresses[i].family == family)
			return true;
	}
	return false;
}

static bool wants_family(const struct k8s_pool_request *request, uint8_t family)
{
	if (request->family_count == 0)
		return true;
	for (size_t i = 0; i < request->family_count; i++) {
		if (request->families[i] == family)
			return true;
	}
	return false;
}

/* All or nothing. */
static bool take_wanted(const struct k8s_pool *pool, const struct claim *claim,
                        struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < request->wanted_count; i++) {
		const struct addr *address = &request->wanted[i];

		if (!*request->router && (!wants_family(request, address->family) ||
		                          has_family(choice, address->family))) {
			choice->refusal.reason = K8S_REASON_FAMILY;
			snprintf(choice->refusal.message, sizeof(choice->refusal.message),
			         "%s: one address of each of its ipFamilies can be asked for",
			         addr_format(address, text));
			return false;
		}
		if (!may_have(pool, claim, address, &choice->router, &choice->refusal))
			return false;
		choice->addresses[choice->count++] = *address;
	}
	return true;
}

/* As many as there may be of those it had. */
static void take_former(const struct k8s_pool *pool, const struct claim *claim,
                        const struct addr *former, size_t count, struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	for (size_t i = 0; i < count; i++) {
		bool one_is_enough = request->family_count == 0 && choice->count > 0;

		if (one_is_enough || !wants_family(request, former[i].family) ||
		    has_family(choice, former[i].family))
			continue;
		if (may_have(pool, claim, &former[i], &choice->router, &choice->refusal))
			choice->addresses[choice->count++] = former[i];
	}
}

/* The lowest address that others with its key have. */
static bool join_sharers(const struct k8s_pool *pool, const struct claim *claim, uint8_t family,
                         struct choice *choice)
{
	const struct addr *lowest = NULL;
	struct sharers *sharers = NULL;
	struct refusal ignored;

	if (*claim->request.share_key)
		HASH_FIND_STR(pool->sharers, claim->request.share_key, sharers);
	for (const struct claim *other = sharers ? sharers->first : NULL; other;
	     other = other->next_sharer) {
		for (size_t i = 0; other != claim && i < other->address_count; i++) {
			const struct addr *address = &other->addresses[i];
			const char *router = choice->router;

			if (address->family == family &&
			    (!lowest || addr_compare(address, lowest) < 0) &&
			    may_have(pool, claim, address, &router, &ignored))
				lowest = address;
		}
	}
	if (!lowest)
		return false;
	choice->addresses[choice->count++] = *lowest;
	return may_have(pool, claim, lowest, &choice->router, &ignored);
}

/* May it be given something from this pool? */
static bool is_eligible(const struct claim *claim, const struct pool_row *row,
                        const struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	if (*request->pool ? strcmp(request->pool, row->pool->name) != 0 : !row->pool->auto_assign)
		return false;
	if (choice->router && strcmp(choice->router, row->pool->router) != 0)
		return false;
	return k8s_pool_table_admits(row, request->namespace, request->namespace_labels,
	                             request->labels);
}

static bool take_free(const struct k8s_pool *pool, const struct pool_row *row, uint8_t family,
                      struct choice *choice)
{
	struct addr address;

	if (!k8s_pool_table_lowest(&pool->table, row, family, is_taken, pool, &address))
		return false;
	choice->addresses[choice->count++] = address;
	choice->router = row->pool->router;
	return true;
}

static void explain_none(const struct k8s_pool *pool, const struct claim *claim, uint8_t family,
                         struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;
	const struct pool_row *named =
		*request->pool ? k8s_pool_table_find(&pool->table, request->pool) : NULL;
	const char *name = family == ADDR_IPV6 ? "IPv6" : "IPv4";
	struct refusal *refusal = &choice->refusal;
	size_t eligible = 0, of_family = 0;
	const char *last = "";

	for (size_t i = 0; i < pool->table.count; i++) {
		const struct pool_row *row = &pool->table.rows[i];

		if (!is_eligible(claim, row, choice))
			continue;
		eligible++;
		if (k8s_pool_table_has_family(&pool->table, row, family)) {
			of_family++;
			last = row->pool->name;
		}
	}
	if (*request->pool && !named) {
		refusal->reason = K8S_REASON_POOL_UNKNOWN;
		snprintf(refusal->message, sizeof(refusal->message),
		         "there is no AddressPool %.250s in force", request->pool);
	} else if (*request->pool && eligible == 0) {
		refusal->reason = choice->router ? K8S_REASON_ROUTERS : K8S_REASON_POOL_REFUSED;
		snprintf(refusal->message, sizeof(refusal->message),
		         "AddressPool %.250s is not for it: its %s say so", request->pool,
		         choice->router ? "virtual router" : "namespaces or selectors");
	} else if (eligible == 0) {
		refusal->reason = K8S_REASON_NO_POOL;
		snprintf(refusal->message, sizeof(refusal->message),
		         "no AddressPool with autoAssign is for it");
	} else if (of_family == 0) {
		refusal->reason = K8S_REASON_FAMILY;
		snprintf(refusal->message, sizeof(refusal->message),
		         "no AddressPool that is for it has %s addresses", name);
	} else {
		refusal->reason = K8S_REASON_EXHAUSTED;
		snprintf(refusal->message, sizeof(refusal->message),
		         of_family == 1 ? "AddressPool %.250s has no free %s address"
		                        : "none of its AddressPools (%.250s and others) has a free "
		                          "%s address",
		         last, name);
	}
}

/* One of a family, from anywhere. */
static bool give(const struct k8s_pool *pool, const struct claim *claim, uint8_t family,
                 struct choice *choice)
{
	if (join_sharers(pool, claim, family, choice))
		return true;
	for (size_t i = 0; i < pool->table.count; i++) {
		const struct pool_row *row = &pool->table.rows[i];

		if (is_eligible(claim, row, choice) && take_free(pool, row, family, choice))
			return true;
	}
	explain_none(pool, claim, family, choice);
	return false;
}

/* Several families at once should come from one pool: the first that has them all. */
static bool give_all_of_one(const struct k8s_pool *pool, const struct claim *claim,
                            struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	if (choice->count > 0 || request->family_count < 2 || *request->share_key)
		return false;
	for (size_t i = 0; i < pool->table.count; i++) {
		const struct pool_row *row = &pool->table.rows[i];

		if (!is_eligible(claim, row, choice))
			continue;
		if (take_free(pool, row, request->families[0], choice) &&
		    take_free(pool, row, request->families[1], choice))
			return true;
		choice->count = 0;
		choice->router = NULL;
	}
	return false;
}

static void give_missing(const struct k8s_pool *pool, const struct claim *claim,
                         struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	if (request->family_count == 0) {
		if (choice->count == 0 && !give(pool, claim, ADDR_IPV4, choice))
			(void)give(pool, claim, ADDR_IPV6, choice);
		return;
	}
	if (give_all_of_one(pool, claim, choice))
		return;
	for (size_t i = 0; i < request->family_count; i++) {
		if (!has_family(choice, request->families[i]))
			(void)give(pool, claim, request->families[i], choice);
	}
}

static bool is_complete(const struct k8s_pool_request *request, const struct choice *choice)
{
	if (*request->router || request->family_count == 0)
		return choice->count > 0;
	for (size_t i = 0; i < request->family_count; i++) {
		if (!has_family(choice, request->families[i]))
			return false;
	}
	return true;
}

static void order_families(const struct k8s_pool_request *request, struct choice *choice)
{
	struct addr first;

	if (*request->router || choice->count != 2 || request->family_count == 0 ||
	    choice->addresses[0].family == request->families[0])
		return;
	first = choice->addresses[0];
	choice->addresses[0] = choice->addresses[1];
	choice->addresses[1] = first;
}

/* What it should have now; nothing is held by it. */
static enum k8s_reason choose(const struct k8s_pool *pool, const struct claim *claim,
                              const struct addr *former, size_t former_count, struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;
	bool refused = false;

	if (request->wanted_count > 0) {
		refused = !take_wanted(pool, claim, choice);
		if (refused) {
			struct refusal why = choice->refusal;
			struct claim any = *claim;

			/* Better what it has than nothing. */
			any.request.pool = "";
			choice->count = 0;
			choice->router = NULL;
			take_former(pool, &any, former, former_count, choice);
			choice->refusal = why;
			return choice->count > 0 ? K8S_REASON_KEPT : why.reason;
		}
	}
	take_former(pool, claim, former, former_count, choice);
	if (!is_complete(request, choice) && pool->may_give && !*request->router)
		give_missing(pool, claim, choice);
	if (choice->count == 0 && former_count > 0 && *request->pool) {
		struct refusal why = choice->refusal;
		struct claim any = *claim;

		any.request.pool = "";
		take_former(pool, &any, former, former_count, choice);
		choice->refusal = why;
		if (choice->count > 0)
			return K8S_REASON_KEPT;
	}
	order_families(request, choice);
	if (is_complete(request, choice))
		return K8S_REASON_SERVED;
	if (!pool->may_give && choice->refusal.message[0] == '\0') {
		snprintf(choice->refusal.message, sizeof(choice->refusal.message),
		         "no address has been given to it yet");
		choice->refusal.reason = K8S_REASON_PENDING;
	}
	if (choice->count > 0 && !request->all_families)
		return K8S_REASON_PARTLY;
	choice->count = 0;
	return pool->may_give ? choice->refusal.reason : K8S_REASON_PENDING;
}

/* --- deciding --- */

static const char *pool_of(const struct k8s_pool *pool, const struct choice *choice)
{
	const struct pool_row *row =
		choice->count > 0 ? k8s_pool_table_holding(&pool->table, &choice->addresses[0])
				  : NULL;

	return row ? row->pool->name : "";
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

/* True when the grant is another one. */
static bool decide(struct k8s_pool *pool, struct claim *claim)
{
	const struct k8s_pool_request *request = &claim->request;
	struct addr *former = claim->addresses;
	size_t former_count = claim->address_count;
	const struct addr *from = former_count > 0 ? former : request->recorded;
	size_t from_count = former_count > 0 ? former_count : request->recorded_count;
	struct choice choice = {
		.addresses = xcalloc(request->wanted_count + 2, sizeof(struct addr)),
	};
	enum k8s_reason reason;
	const char *message;
	bool changed;

	for (size_t i = 0; i < former_count; i++)
		let_go(pool, claim, &former[i]);
	claim->address_count = 0;
	reason = choose(pool, claim, from, from_count, &choice);
	message = reason == K8S_REASON_SERVED ? "" : choice.refusal.message;
	changed = !claim->decided || reason != claim->reason ||
	          strcmp(message, claim->message) != 0 ||
	          !same_addresses(former, former_count, choice.addresses, choice.count) ||
	          strcmp(pool_of(pool, &choice), claim->pool) != 0 ||
	          strcmp(choice.count > 0 ? choice.router : "", claim->router) != 0;
	if (former_count > 0 &&
	    !same_addresses(former, former_count, choice.addresses, choice.count))
		pool->freed = true;
	for (size_t i = 0; i < choice.count; i++)
		hold(pool, claim, &choice.addresses[i]);
	free(former);
	claim->addresses = choice.addresses;
	claim->address_count = choice.count;
	free(claim->message);
	free(claim->pool);
	free(claim->router);
	claim->message = text_copy(message);
	claim->pool = text_copy(pool_of(pool, &choice));
	claim->router = text_copy(choice.count > 0 ? choice.router : "");
	claim->reason = reason;
	claim->dirty = false;
	claim->decided = true;
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

void k8s_pool_settle(struct k8s_pool *pool, bool may_give,
                     void (*changed)(void *ctx, const char *key), void *ctx)
{
	if (pool->may_give != may_give)
		pool->freed = true;
	pool->may_give = may_give;
	/* What one gives up another may wait for. */
	for (unsigned round = 0; round < ROUNDS_MAX && (pool->undecided || pool->freed); round++) {
		bool waiting = pool->freed;
		struct claim **claims;
		size_t count;

		pool->freed = pool->undecided = false;
		count = collect(pool, waiting, &claims);
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
	const char *key = claim->request.share_key;
	struct sharers *sharers;

	if (!*key)
		return;
	HASH_FIND_STR(pool->sharers, key, sharers);
	if (!sharers) {
		sharers = xcalloc(1, sizeof(*sharers) + strlen(key) + 1);
		strcpy(sharers->key, key);
		HASH_ADD_STR(pool->sharers, key, sharers);
	}
	claim->next_sharer = sharers->first;
	sharers->first = claim;
}

static void leave(struct k8s_pool *pool, struct claim *claim)
{
	struct sharers *sharers;
	struct claim **at;

	if (!*claim->request.share_key)
		return;
	HASH_FIND_STR(pool->sharers, claim->request.share_key, sharers);
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

static void copy_request(struct claim *claim, const struct k8s_pool_request *from)
{
	struct k8s_pool_request *to = &claim->request;
	struct arena *arena = &claim->arena;

	*to = *from;
	to->key = arena_strdup(arena, from->key);
	to->namespace = arena_strdup(arena, from->namespace);
	to->uid = arena_strdup(arena, from->uid);
	to->pool = arena_strdup(arena, from->pool);
	to->router = arena_strdup(arena, from->router);
	to->share_key = arena_strdup(arena, from->share_key);
	to->share_group = arena_strdup(arena, from->share_group);
	to->wanted = arena_memdup(arena, from->wanted, from->wanted_count * sizeof(*from->wanted));
	to->recorded =
		arena_memdup(arena, from->recorded, from->recorded_count * sizeof(*from->recorded));
	to->ports = arena_memdup(arena, from->ports, from->port_count * sizeof(*from->ports));
	to->labels = copy_pairs(arena, from->labels);
	to->namespace_labels = copy_pairs(arena, from->namespace_labels);
}

static void recall(struct k8s_pool *pool, struct claim *claim)
{
	struct memory *memory;

	HASH_FIND_STR(pool->memories, claim->request.key, memory);
	if (!memory)
		return;
	if (claim->request.recorded_count == 0) {
		claim->request.recorded = arena_memdup(&claim->arena, memory->addresses,
		                                       memory->count * sizeof(struct addr));
		claim->request.recorded_count = memory->count;
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

void k8s_pool_put(struct k8s_pool *pool, const struct k8s_pool_request *request)
{
	struct claim *claim;

	HASH_FIND_STR(pool->claims, request->key, claim);
	if (claim) {
		struct arena before = claim->arena;

		leave(pool, claim);
		HASH_DEL(pool->claims, claim);
		arena_init(&claim->arena);
		copy_request(claim, request);
		arena_done(&before);
	} else {
		claim = xcalloc(1, sizeof(*claim));
		claim->message = text_copy("");
		claim->pool = text_copy("");
		claim->router = text_copy("");
		claim->reason = K8S_REASON_PENDING;
		arena_init(&claim->arena);
		copy_request(claim, request);
		recall(pool, claim);
	}
	HASH_ADD_KEYPTR(hh, pool->claims, claim->request.key, strlen(claim->request.key), claim);
	join(pool, claim);
	claim->dirty = true;
	pool->undecided = true;
}

static void free_claim(struct claim *claim)
{
	free(claim->message);
	free(claim->addresses);
	free(claim->pool);
	free(claim->router);
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
	for (size_t i = 0; i < claim->address_count; i++)
		let_go(pool, claim, &claim->addresses[i]);
	if (claim->address_count > 0)
		pool->freed = true;
	leave(pool, claim);
	HASH_DEL(pool->claims, claim);
	free_claim(claim);
}

/* --- the frame --- */

struct k8s_pool *k8s_pool_new(void)
{
	return xcalloc(1, sizeof(struct k8s_pool));
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
		entry->owner = text_copy(reserved[i].owner);
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
