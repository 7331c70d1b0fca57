/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of who was given what, against what is held here: on who gives after a start, on the
 * others always. */
#include "k8s/pool_private.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static void append(struct addr *list, size_t *count, const struct addr *more, size_t more_count)
{
	if (more_count > 0)
		memcpy(list + *count, more, more_count * sizeof(*more));
	*count += more_count;
}

struct addr *k8s_pool_had(const struct k8s_pool *pool, const struct claim *claim, size_t *ret_count)
{
	const struct k8s_pool_request *request = &claim->request;
	struct addr *list =
		xcalloc(claim->address_count + request->recorded_count + 1, sizeof(*list));

	*ret_count = 0;
	if (pool->may_give || (request->recorded_count == 0 && !request->denied))
		append(list, ret_count, claim->addresses, claim->address_count);
	/* Who names them outright had all of these together, or all of those. */
	if (*request->router && *ret_count > 0)
		return list;
	append(list, ret_count, request->recorded, request->recorded_count);
	return list;
}

/* What a claim had is in the order in which it should have it again. */
struct former {
	struct claim *claim;
	struct addr *list;
	size_t count;
};

bool k8s_pool_differs(const struct k8s_pool *pool, const struct claim *claim)
{
	const struct k8s_pool_request *request = &claim->request;

	if (pool->may_give)
		return claim->address_count == 0 && request->recorded_count > 0;
	return !addr_list_equal(claim->addresses, claim->address_count, request->recorded,
	                        request->recorded_count);
}

/* It has these instead of what it had. */
static void replace(struct k8s_pool *pool, struct claim *claim, const struct choice *choice)
{
	struct addr *before = claim->addresses;
	bool decided = claim->decided;

	k8s_pool_let_go(pool, claim);
	pool->freed |= claim->address_count > 0 || *claim->request.share_key;
	/* Whatever is decided about it is news. */
	decided = decided &&
	          addr_list_equal(before, claim->address_count, choice->addresses, choice->count);
	k8s_pool_keep(claim, claim->reason, choice, claim->message, claim->pool);
	k8s_pool_hold(pool, claim);
	claim->decided = decided;
	claim->dirty = true;
	free(before);
}

static bool has_record_of(const struct claim *claim, const struct addr *address)
{
	for (size_t i = 0; i < claim->request.recorded_count; i++) {
		if (addr_equal(&claim->request.recorded[i], address))
			return true;
	}
	return false;
}

/* True when there are any. */
static bool doubt_holders(const struct k8s_pool *pool, const struct addr *address)
{
	struct holding *holding = k8s_pool_find_holding(pool, address);
	bool found = false;

	for (size_t i = 0; holding && i < holding->count; i++) {
		struct claim *holder = holding->shares[i].claim;

		if (has_record_of(holder, address))
			continue;
		holder->dirty = found = true;
	}
	return found;
}

void k8s_pool_doubt_intruders(struct k8s_pool *pool)
{
	for (struct claim *claim = pool->may_give ? NULL : pool->claims; claim;
	     claim = claim->hh.next) {
		/* It may be long ago that it was told to wait. */
		if (!claim->dirty && !k8s_pool_differs(pool, claim))
			continue;
		for (size_t i = 0; i < claim->request.recorded_count; i++)
			claim->dirty |= doubt_holders(pool, &claim->request.recorded[i]);
	}
}

static void hold_again(struct k8s_pool *pool, struct former *formers, size_t count, bool recorded)
{
	for (size_t i = 0; i < count; i++) {
		struct former *former = &formers[i];
		struct choice choice = {0};

		if ((former->claim->request.recorded_count > 0) != recorded)
			continue;
		choice.addresses = xcalloc(former->count + 1, sizeof(struct addr));
		(void)k8s_pool_keep_former(pool, former->claim, former->list, former->count,
		                           &choice);
		replace(pool, former->claim, &choice);
		free(choice.addresses);
		free(former->list);
	}
}

void k8s_pool_hold_records(struct k8s_pool *pool, struct claim *const *claims, size_t count)
{
	struct former *formers = xcalloc(count + 1, sizeof(*formers));
	const struct choice nothing = {0};
	size_t lacking = 0;

	for (size_t i = 0; i < count; i++) {
		struct former *former = &formers[lacking];

		if (!claims[i]->dirty || !k8s_pool_differs(pool, claims[i]))
			continue;
		former->claim = claims[i];
		former->list = k8s_pool_had(pool, claims[i], &former->count);
		lacking++;
	}
	for (size_t i = 0; i < lacking; i++)
		replace(pool, formers[i].claim, &nothing);
	hold_again(pool, formers, lacking, true);
	hold_again(pool, formers, lacking, false);
	free(formers);
}
