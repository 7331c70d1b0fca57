/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which address an object may have, and which it should have. */
#include "k8s/pool_private.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

static bool is_taken(const void *ctx, const struct addr *address)
{
	const struct k8s_pool *pool = ctx;
	struct reserved *reserved;

	if (k8s_pool_find_holding(pool, address))
		return true;
	HASH_FIND(hh, pool->reserved, address, sizeof(*address), reserved);
	return reserved;
}

/* --- may it have this address? --- */

static bool may_share(const struct share *share, const struct claim *claim, bool outright)
{
	/* Those who name their address outright share it as in files. */
	if (share->outright && outright)
		return strcmp(share->claim->request.router, claim->request.router) == 0;
	return claim->sharers && share->sharers == claim->sharers;
}

static bool ports_meet(const struct share *share, const struct k8s_pool_request *request)
{
	for (size_t i = 0; i < request->port_count; i++) {
		const struct k8s_pool_port *port = &request->ports[i];

		if (share->protocol == port->protocol && share->first <= port->last &&
		    port->first <= share->last)
			return true;
	}
	return false;
}

static const char *why_not_shared(const struct share *share, const struct claim *claim)
{
	const struct k8s_pool_request *p = &claim->request, *q = &share->claim->request;

	if (may_share(share, claim, *p->router))
		return "on the same port";
	if (share->outright && *p->router)
		return "with another virtual router";
	if (!*p->share_key || strcmp(p->share_key, q->share_key) != 0)
		return "and they do not share a key";
	return "and with externalTrafficPolicy Local both need it, and the same selector";
}

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
	const struct holding *holding = k8s_pool_find_holding(pool, address);
	const bool outright = *claim->request.router;
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; holding && i < holding->count; i++) {
		const struct share *share = &holding->shares[i];

		if (may_share(share, claim, outright) && !ports_meet(share, &claim->request))
			continue;
		refusal->reason = K8S_REASON_IN_USE;
		snprintf(refusal->message, sizeof(refusal->message), "%s is used by %.250s, %s",
		         addr_format(address, text), share->claim->request.key,
		         why_not_shared(share, claim));
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

	if (!row && !*request->router) {
		refusal->reason = K8S_REASON_NOT_IN_POOL;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in no AddressPool that is in force", addr_format(address, text));
		return false;
	}
	if (!*request->router && *request->pool && strcmp(request->pool, row->pool->name) != 0) {
		refusal->reason = K8S_REASON_NOT_IN_POOL;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in AddressPool %.100s, not in %.100s", addr_format(address, text),
		         row->pool->name, request->pool);
		return false;
	}
	if (row && !k8s_pool_table_admits(row, request->namespace, request->namespace_labels,
	                                  request->labels)) {
		refusal->reason = K8S_REASON_POOL_REFUSED;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s is in AddressPool %.100s, which is not for it: its namespaces or "
		         "selectors say so",
		         addr_format(address, text), row->pool->name);
		return false;
	}
	if ((*request->router && strcmp(owner, request->router) != 0) ||
	    (*router && strcmp(owner, *router) != 0)) {
		refusal->reason = K8S_REASON_ROUTERS;
		snprintf(refusal->message, sizeof(refusal->message),
		         "%s belongs to VirtualRouter %.100s, not to %.100s",
		         addr_format(address, text), owner, *router ? *router : request->router);
		return false;
	}
	if (!check_reserved(pool, address, refusal) ||
	    !check_holders(pool, claim, address, refusal))
		return false;
	*router = owner;
	return true;
}

/* --- choosing --- */

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

/* Has it enough already without another one of that family? Who names addresses outright may name
 * many. */
static bool is_served(const struct k8s_pool_request *request, const struct choice *choice,
                      uint8_t family)
{
	if (*request->router)
		return false;
	return request->family_count == 0 ? choice->count > 0 : has_family(choice, family);
}

/* As many as there may be of those it had. */
static void take_former(const struct k8s_pool *pool, const struct claim *claim,
                        const struct addr *former, size_t count, struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	for (size_t i = 0; i < count; i++) {
		if (!wants_family(request, former[i].family) ||
		    is_served(request, choice, former[i].family))
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
	struct refusal ignored;

	for (const struct claim *other = claim->sharers ? claim->sharers->first : NULL; other;
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
	struct choice none = {.router = choice->router};

	if (join_sharers(pool, claim, family, choice))
		return true;
	for (size_t i = 0; i < pool->table.count; i++) {
		const struct pool_row *row = &pool->table.rows[i];

		if (is_eligible(claim, row, choice) && take_free(pool, row, family, choice))
			return true;
	}
	explain_none(pool, claim, family, &none);
	/* That a family ran out is news; that there never was one of the other is not. */
	if (none.refusal.reason != K8S_REASON_FAMILY ||
	    choice->refusal.reason != K8S_REASON_EXHAUSTED)
		choice->refusal = none.refusal;
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

bool k8s_pool_keep_former(const struct k8s_pool *pool, const struct claim *claim,
                          const struct addr *former, size_t former_count, struct choice *choice)
{
	struct refusal why = choice->refusal;
	struct claim any = *claim;

	any.request.pool = "";
	choice->count = 0;
	choice->router = NULL;
	take_former(pool, &any, former, former_count, choice);
	choice->refusal = why;
	order_families(&claim->request, choice);
	return choice->count > 0;
}

/* What it should have now; nothing is held by it. */
enum k8s_reason k8s_pool_choose(const struct k8s_pool *pool, const struct claim *claim,
                                const struct addr *former, size_t former_count,
                                struct choice *choice)
{
	const struct k8s_pool_request *request = &claim->request;

	if (request->fault) {
		choice->refusal.reason = K8S_REASON_INVALID;
		snprintf(choice->refusal.message, sizeof(choice->refusal.message), "%s",
		         request->fault);
	}
	if (request->fault || (request->wanted_count > 0 && !take_wanted(pool, claim, choice)))
		return k8s_pool_keep_former(pool, claim, former, former_count, choice)
		               ? K8S_REASON_KEPT
		               : choice->refusal.reason;
	if (!*request->router)
		take_former(pool, claim, former, former_count, choice);
	if (!is_complete(request, choice) && pool->may_give && !*request->router)
		give_missing(pool, claim, choice);
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
	if (k8s_pool_keep_former(pool, claim, former, former_count, choice))
		return K8S_REASON_KEPT;
	return pool->may_give ? choice->refusal.reason : K8S_REASON_PENDING;
}
