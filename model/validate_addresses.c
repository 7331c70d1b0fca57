/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns which address, and what is on it. */
#include "lib/mem.h"
#include "model/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ports --- */

/* Of two ports of the same virtual server the decoder has told, if it saw them. */
static bool is_told(const struct model_problems *problems, const struct model_service *a,
                    const struct model_service *b)
{
	char name[MODEL_OBJECT_TEXT_SIZE];

	if (a->virtual_server != b->virtual_server)
		return false;
	snprintf(name, sizeof(name), "%s/%s", a->virtual_server->namespace,
	         a->virtual_server->name);
	return model_validate_is_reported(problems, "VirtualServer", name);
}

static void report_clash(struct model_problems *problems, const struct model_service *earlier,
                         const struct model_service *later)
{
	const struct model_virtual_server *vs = later->virtual_server;
	char title[MODEL_OBJECT_TEXT_SIZE], other[MODEL_OBJECT_TEXT_SIZE];
	char place[MODEL_PLACE_SIZE], address[ADDR_TEXT_SIZE];
	char field[64];
	uint16_t port = later->port->first > earlier->port->first ? later->port->first
	                                                          : earlier->port->first;

	snprintf(field, sizeof(field), "spec.ports[%zu]", (size_t)(later->port - vs->ports));
	model_problem_add(problems, MODEL_ERROR, vs->origin, model_virtual_server_title(vs, title),
	                  field, "%s port %u on %s is taken by %s (%s)",
	                  model_protocol_name(later->port->protocol), port,
	                  addr_format(&later->address, address),
	                  model_virtual_server_title(earlier->virtual_server, other),
	                  model_validate_place(&earlier->virtual_server->origin, place));
}

/* Services are sorted by address, protocol and first port: what overlaps anything overlaps the one
 * that reaches furthest so far. */
static void check_clashes(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	const struct model_service *furthest = snapshot->services;

	for (size_t i = 1; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];

		if (furthest->port->protocol != service->port->protocol ||
		    !addr_equal(&furthest->address, &service->address)) {
			furthest = service;
			continue;
		}
		if (service->address.family != ADDR_NONE && service->port->first > 0 &&
		    service->port->first <= furthest->port->last &&
		    !is_told(problems, service, furthest)) {
			if (model_validate_is_later(&furthest->virtual_server->origin,
			                            &service->virtual_server->origin))
				report_clash(problems, service, furthest);
			else
				report_clash(problems, furthest, service);
		}
		if (service->port->last > furthest->port->last)
			furthest = service;
	}
}

/* --- owners --- */

static const struct model_origin *claim_origin(const struct model_claim *claim)
{
	return claim->virtual_server ? &claim->virtual_server->origin : &claim->router->origin;
}

static const char *claim_title(const struct model_claim *claim,
                               char buf[static MODEL_OBJECT_TEXT_SIZE])
{
	if (claim->virtual_server)
		return model_virtual_server_title(claim->virtual_server, buf);
	snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "VirtualRouter %s", claim->router->name);
	return buf;
}

/* The same address is often on several networks of one router; on two routers it is on two nodes
 * at once. */
static void check_owners(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	const struct model_claim *first = snapshot->claims;

	for (size_t i = 1; i < snapshot->claim_count; i++) {
		const struct model_claim *claim = &snapshot->claims[i];
		char title[MODEL_OBJECT_TEXT_SIZE], other[MODEL_OBJECT_TEXT_SIZE];
		char address[ADDR_TEXT_SIZE], place[MODEL_PLACE_SIZE], field[64];

		if (!addr_equal(&first->address, &claim->address)) {
			first = claim;
			continue;
		}
		/* Link-local addresses are the same on many networks, and rightly so. */
		if (claim->router == first->router || claim->address.family == ADDR_NONE ||
		    (addr_is_link_local(&claim->address) && !claim->virtual_server &&
		     strcmp(claim->router->addresses[claim->index].interface,
		            first->router->addresses[first->index].interface) != 0))
			continue;
		snprintf(field, sizeof(field), "spec.addresses[%zu]", claim->index);
		model_problem_add(problems, MODEL_ERROR, *claim_origin(claim),
		                  claim_title(claim, title), field,
		                  "%s belongs to VirtualRouter %s already (%s%s%s); allowed: one "
		                  "virtual router for an address",
		                  addr_format(&claim->address, address), first->router->name,
		                  first->virtual_server ? claim_title(first, other) : "",
		                  first->virtual_server ? ", " : "",
		                  model_validate_place(claim_origin(first), place));
	}
}

static bool owns(const struct model_snapshot *snapshot, const struct model_router *router,
                 const struct addr *address)
{
	const struct model_claim *claim = model_snapshot_claim(snapshot, address);

	return claim && claim->router == router;
}

static void check_snat(const struct model_virtual_server *vs, const struct model_router *router,
                       const struct model_snapshot *snapshot, struct model_problems *problems)
{
	char title[MODEL_OBJECT_TEXT_SIZE], address[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < vs->snat_address_count; i++) {
		if (vs->snat_addresses[i].family == ADDR_NONE ||
		    owns(snapshot, router, &vs->snat_addresses[i]))
			continue;
		model_problem_add(problems, MODEL_WARNING, vs->origin,
		                  model_virtual_server_title(vs, title), "spec.sourceNat.address",
		                  "%s does not belong to VirtualRouter %s: connections do not "
		                  "survive a failover",
		                  addr_format(&vs->snat_addresses[i], address), router->name);
	}
}

/* --- networks --- */

enum network {
	NETWORK_UNKNOWN, /* the router has no address with a prefix length in that family */
	NETWORK_INSIDE,
	NETWORK_OUTSIDE,
	NETWORK_BROADCAST,
	NETWORK_ITSELF,
};

/* Of two addresses or one there is no network address and no broadcast (RFC 3021, 6164). */
static bool has_special(const struct addr_prefix *prefix)
{
	return prefix->length + 1U < addr_bits(&prefix->addr) && !addr_is_link_local(&prefix->addr);
}

/* Is 'address' one of the two that no node should own? */
static enum network judge_special(const struct addr_prefix *prefix, const struct addr *address)
{
	struct addr first = addr_prefix_first(prefix), last = addr_prefix_last(prefix);

	if (!has_special(prefix))
		return NETWORK_INSIDE;
	if (prefix->addr.family == ADDR_IPV4 && addr_equal(&last, address))
		return NETWORK_BROADCAST;
	return addr_equal(&first, address) ? NETWORK_ITSELF : NETWORK_INSIDE;
}

static enum network place_in_networks(const struct model_router *router, const struct addr *address)
{
	enum network result = NETWORK_UNKNOWN;

	for (size_t i = 0; i < router->address_count; i++) {
		const struct addr_prefix *prefix = &router->addresses[i].prefix;

		if (prefix->addr.family != address->family ||
		    prefix->length == addr_bits(&prefix->addr) || addr_is_link_local(&prefix->addr))
			continue;
		if (!addr_prefix_holds(prefix, address)) {
			if (result == NETWORK_UNKNOWN)
				result = NETWORK_OUTSIDE;
			continue;
		}
		result = judge_special(prefix, address);
		if (result != NETWORK_INSIDE)
			return result;
	}
	return result;
}

/* Who names the address; its title is made when there is something to tell. */
struct naming {
	const struct model_origin *origin;
	const struct model_virtual_server *virtual_server; /* NULL: */
	const struct model_pool *pool;
	size_t index; /* in the object's addresses */
};

/* RFC 919; RFC 4291 2.6.1. */
static const char *trouble_with(const struct addr *network)
{
	return network->family == ADDR_IPV4
	               ? "some of its neighbours take it for a broadcast address"
	               : "every router of that network answers to it";
}

/* A warning only where it works among new neighbours (Linux 5.14). */
static void check_network(const struct naming *by, const struct model_router *router,
                          const struct addr *address, struct model_problems *problems)
{
	enum network network = place_in_networks(router, address);
	char title[MODEL_OBJECT_TEXT_SIZE], text[ADDR_TEXT_SIZE], field[64];

	if (network == NETWORK_UNKNOWN || network == NETWORK_INSIDE ||
	    !model_problem_is_kept(problems,
	                           network == NETWORK_BROADCAST ? MODEL_ERROR : MODEL_WARNING))
		return;
	if (network == NETWORK_ITSELF && by->pool) /* as any other of its range: see there */
		return;
	if (by->virtual_server)
		model_virtual_server_title(by->virtual_server, title);
	else
		snprintf(title, sizeof(title), "AddressPool %s", by->pool->name);
	snprintf(field, sizeof(field), "spec.addresses[%zu]", by->index);
	addr_format(address, text);
	if (network == NETWORK_BROADCAST)
		model_problem_add(problems, MODEL_ERROR, *by->origin, title, field,
		                  "%s is the broadcast address of a network of VirtualRouter %s; "
		                  "allowed: an address that one node can own",
		                  text, router->name);
	else if (network == NETWORK_ITSELF)
		model_problem_add(problems, MODEL_WARNING, *by->origin, title, field,
		                  "%s is the address of a network of VirtualRouter %s itself: %s",
		                  text, router->name, trouble_with(address));
	else if (!model_validate_is_reported(problems, "VirtualRouter", router->name))
		model_problem_add(problems, MODEL_WARNING, *by->origin, title, field,
		                  "%s is in no network of VirtualRouter %s: others find it only by "
		                  "a route",
		                  text, router->name);
}

static void check_virtual_servers(const struct model_snapshot *snapshot,
                                  struct model_problems *problems)
{
	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];
		const struct model_router *router = model_snapshot_router(snapshot, vs->router);

		if (!router)
			continue;
		for (size_t j = 0; j < vs->address_count; j++)
			check_network(
				&(struct naming){&vs->origin, .virtual_server = vs, .index = j},
				router, &vs->addresses[j], problems);
		check_snat(vs, router, snapshot, problems);
	}
}

/* --- pools --- */

struct pool_range {
	const struct addr_range *range;
	const struct model_pool *pool;
};

static int compare_pool_ranges(const void *left, const void *right)
{
	const struct pool_range *a = left, *b = right;
	int order = addr_compare(&a->range->first, &b->range->first);

	if (order == 0)
		order = model_validate_is_later(&a->pool->origin, &b->pool->origin) -
		        model_validate_is_later(&b->pool->origin, &a->pool->origin);
	return order;
}

static void report_overlap(struct model_problems *problems, const struct pool_range *a,
                           const struct pool_range *b)
{
	const struct pool_range *later =
		model_validate_is_later(&a->pool->origin, &b->pool->origin) ? a : b;
	const struct pool_range *earlier = later == a ? b : a;
	char title[MODEL_OBJECT_TEXT_SIZE], place[MODEL_PLACE_SIZE], field[64];

	snprintf(title, sizeof(title), "AddressPool %s", later->pool->name);
	snprintf(field, sizeof(field), "spec.addresses[%zu]",
	         (size_t)(later->range - later->pool->ranges));
	model_problem_add(problems, MODEL_ERROR, later->pool->origin, title, field,
	                  "overlaps addresses[%zu] of AddressPool %s (%s)",
	                  (size_t)(earlier->range - earlier->pool->ranges), earlier->pool->name,
	                  model_validate_place(&earlier->pool->origin, place));
}

static void check_overlaps(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	struct pool_range *sorted, *furthest;
	size_t count = 0, total = 0;

	for (size_t i = 0; i < snapshot->pool_count; i++)
		total += snapshot->pools[i]->range_count;
	if (total < 2)
		return;
	sorted = xcalloc(total, sizeof(*sorted));
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		const struct model_pool *pool = snapshot->pools[i];

		for (size_t j = 0; j < pool->range_count; j++)
			sorted[count++] = (struct pool_range){&pool->ranges[j], pool};
	}
	qsort(sorted, count, sizeof(*sorted), compare_pool_ranges);
	furthest = &sorted[0];
	for (size_t i = 1; i < count; i++) {
		if (furthest->pool != sorted[i].pool &&
		    sorted[i].range->first.family != ADDR_NONE &&
		    addr_range_overlaps(furthest->range, sorted[i].range))
			report_overlap(problems, furthest, &sorted[i]);
		if (addr_compare(&sorted[i].range->last, &furthest->range->last) > 0)
			furthest = &sorted[i];
	}
	free(sorted);
}

/* An address that is spoken for by another router can't be given from here. */
static void check_pool_owners(const struct model_pool *pool, const char *title,
                              const struct model_router *router,
                              const struct model_snapshot *snapshot,
                              struct model_problems *problems)
{
	for (size_t i = 0; i < pool->range_count; i++) {
		char address[ADDR_TEXT_SIZE], field[64];

		for (size_t j = 0; j < snapshot->claim_count; j++) {
			const struct model_claim *claim = &snapshot->claims[j];

			if (claim->router == router || claim->address.family == ADDR_NONE ||
			    !addr_range_holds(&pool->ranges[i], &claim->address))
				continue;
			snprintf(field, sizeof(field), "spec.addresses[%zu]", i);
			model_problem_add(
				problems, MODEL_WARNING, pool->origin, title, field,
				"%s in it belongs to VirtualRouter %s, and can't be given",
				addr_format(&claim->address, address), claim->router->name);
			break; /* one of a range is enough to look */
		}
	}
}

/* What is given to somebody like any other, and should be nobody's. */
static void check_pool_networks(const struct model_pool *pool, const char *title, size_t index,
                                const struct model_router *router, struct model_problems *problems)
{
	const struct addr_range *range = &pool->ranges[index];
	char address[ADDR_TEXT_SIZE], field[64];

	snprintf(field, sizeof(field), "spec.addresses[%zu]", index);
	for (size_t i = 0; i < 2 * router->address_count; i++) {
		const struct addr_prefix *prefix = &router->addresses[i / 2].prefix;
		struct addr special = i % 2 ? addr_prefix_last(prefix) : addr_prefix_first(prefix);
		enum network network = judge_special(prefix, &special);
		bool avoidable = special.family == ADDR_IPV4 &&
		                 (special.bytes[3] == 0 || special.bytes[3] == 255);

		if (network == NETWORK_INSIDE || !addr_range_holds(range, &special) ||
		    (avoidable && pool->avoid_buggy) ||
		    (network == NETWORK_BROADCAST && addr_equal(&range->first, &special)))
			continue;
		model_problem_add(
			problems, MODEL_WARNING, pool->origin, title, field,
			"%s in it is the %s of a network of VirtualRouter %s, and is given "
			"like any other: leave it out%s",
			addr_format(&special, address),
			network == NETWORK_BROADCAST ? "broadcast address" : "address",
			router->name, avoidable ? ", as avoidBuggyIPs: true does" : "");
		return; /* one of a range is enough to look */
	}
}

static void check_pools(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	check_overlaps(snapshot, problems);
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		const struct model_pool *pool = snapshot->pools[i];
		const struct model_router *router = model_snapshot_router(snapshot, pool->router);
		char title[MODEL_OBJECT_TEXT_SIZE];

		if (!router)
			continue;
		snprintf(title, sizeof(title), "AddressPool %s", pool->name);
		for (size_t j = 0; j < pool->range_count; j++) {
			check_network(&(struct naming){&pool->origin, .pool = pool, .index = j},
			              router, &pool->ranges[j].first, problems);
			check_pool_networks(pool, title, j, router, problems);
		}
		check_pool_owners(pool, title, router, snapshot, problems);
	}
}

/* --- routers --- */

static bool is_used(const struct model_snapshot *snapshot, const struct model_router *router)
{
	if (router->address_count > 0)
		return true;
	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (snapshot->vips[i].router == router)
			return true;
	}
	for (size_t i = 0; i < snapshot->pool_count; i++) {
		if (strcmp(snapshot->pools[i]->router, router->name) == 0)
			return true;
	}
	return false;
}

static void check_routers(const struct model_snapshot *snapshot, struct model_problems *problems)
{
	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];
		bool grouped = router->sync_group && *router->sync_group;
		char title[MODEL_OBJECT_TEXT_SIZE];

		/* Somebody whose reference is wrong may have meant it. */
		if (problems->error_count > 0 || is_used(snapshot, router))
			continue;
		snprintf(title, sizeof(title), "VirtualRouter %s", router->name);
		model_problem_add(
			problems, MODEL_WARNING, router->origin, title, "spec.addresses",
			"there are none, and no virtual server or pool names this virtual "
			"router: it has nothing to own%s",
			grouped ? ", and keeps the others of its sync group from being active"
				: "");
	}
}

void model_validate_addresses(const struct model_snapshot *snapshot,
                              struct model_problems *problems)
{
	check_routers(snapshot, problems);
	check_clashes(snapshot, problems);
	check_owners(snapshot, problems);
	check_virtual_servers(snapshot, problems);
	check_pools(snapshot, problems);
}
