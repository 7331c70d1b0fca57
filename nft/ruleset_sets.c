/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot's services, one after the other, become elements. Services on one address and
 * protocol stand side by side (the snapshot is sorted), which is all that port shifting must know
 * of others. */

#include "nft/ruleset_sets.h"

#include "nft/key.h"
#include "nft/ruleset_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the sets there can be --- */

struct kind {
	const char *name;
	bool by_family;
	bool by_protocol;
	bool interval;
	enum nft_type parts[NFT_KEY_PARTS_MAX]; /* IPV4_ADDR stands for the set's family */
	enum nft_type data;
};

#define ADDRESS NFT_TYPE_IPV4_ADDR

static const struct kind kinds[NFT_SET_KIND_COUNT] = {
	[NFT_SET_VIPS] = {"vips", true, .parts = {ADDRESS}},
	[NFT_SET_SERVED] = {"served", true,
                            .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE}},
	[NFT_SET_RESTRICTED] = {"restricted", true,
                                .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
                                .data = NFT_TYPE_VERDICT},
	[NFT_SET_RANGES] = {"ranges", true, .interval = true,
                            .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
                            .data = NFT_TYPE_MARK},
	[NFT_SET_RANGE_MARKS] = {"range_marks", .parts = {NFT_TYPE_MARK}},
	[NFT_SET_RESTRICTED_MARKS] = {"restricted_marks", .parts = {NFT_TYPE_MARK},
                                      .data = NFT_TYPE_VERDICT},
	[NFT_SET_SHIFTED_MARKS] = {"shifted_marks", .parts = {NFT_TYPE_MARK}},
	[NFT_SET_SHIFTED_VIPS] = {"shifted_vips", true, .parts = {ADDRESS}},
	[NFT_SET_SHIFT] = {"shift_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                           .data = NFT_TYPE_INET_SERVICE},
	[NFT_SET_UNSHIFT] = {"unshift_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                             .data = NFT_TYPE_INET_SERVICE},
	[NFT_SET_NAT] = {"source_nat_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                         .data = NFT_TYPE_VERDICT},
	[NFT_SET_NAT_MARKS] = {"source_nat_marks", .parts = {NFT_TYPE_MARK},
                               .data = NFT_TYPE_VERDICT},
	[NFT_SET_FLOATING] = {"floating", true, .parts = {ADDRESS, NFT_TYPE_IFNAME},
                              .data = ADDRESS},
	[NFT_SET_FIXED] = {"fixed_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                           .data = ADDRESS},
	[NFT_SET_FIXED_MARKS] = {"fixed_marks", true, .parts = {NFT_TYPE_MARK}, .data = ADDRESS},
	[NFT_SET_HAIRPINS] = {"hairpins", .parts = {NFT_TYPE_IFNAME, NFT_TYPE_IFNAME}},
	[NFT_SET_UNACCEPTED] = {"unaccepted", true, .parts = {ADDRESS}},
};

static enum nft_type for_family(enum nft_type type, unsigned family)
{
	return type == ADDRESS && family == NFT_FAMILY_6 ? NFT_TYPE_IPV6_ADDR : type;
}

size_t nft_ruleset_sets_need(struct nft_ruleset_sets *sets, enum nft_ruleset_set which,
                             unsigned family, unsigned protocol)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	const struct kind *kind = &kinds[which];
	enum nft_type parts[NFT_KEY_PARTS_MAX];
	char name[32];
	size_t index;

	family = kind->by_family ? family : 0;
	protocol = kind->by_protocol ? protocol : 0;
	if (sets->names[which][family][protocol])
		return sets->indices[which][family][protocol];
	for (unsigned i = 0; i < NFT_KEY_PARTS_MAX; i++)
		parts[i] = for_family(kind->parts[i], family);
	snprintf(name, sizeof(name), "%s%s%s", kind->name,
	         kind->by_protocol ? protocols[protocol] : "",
	         !kind->by_family         ? ""
	         : family == NFT_FAMILY_4 ? "4"
	                                  : "6");
	index = nft_draft_set(&sets->draft, name, parts, for_family(kind->data, family));
	sets->draft.table->sets[index].interval = kind->interval;
	sets->indices[which][family][protocol] = index;
	/* The name lives in the table's arena; the array of sets may still move. */
	sets->names[which][family][protocol] = sets->draft.table->sets[index].name;
	return index;
}

const char *nft_ruleset_sets_name(const struct nft_ruleset_sets *sets, enum nft_ruleset_set which,
                                  unsigned family, unsigned protocol)
{
	return sets->names[which][kinds[which].by_family ? family : 0]
	                  [kinds[which].by_protocol ? protocol : 0];
}

const char *nft_ruleset_sets_chain(size_t list, char buf[static NFT_SOURCES_NAME_SIZE])
{
	snprintf(buf, NFT_SOURCES_NAME_SIZE, "sources_%zu", list + 1);
	return buf;
}

const char *nft_ruleset_sets_ranges(size_t list, unsigned family,
                                    char buf[static NFT_SOURCES_NAME_SIZE])
{
	snprintf(buf, NFT_SOURCES_NAME_SIZE, "sources_%zu_%s", list + 1,
	         family == NFT_FAMILY_4 ? "ipv4" : "ipv6");
	return buf;
}

static void add_services(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot)
{
	const struct model_service *end = snapshot->services + snapshot->service_count;
	const struct model_router *router = NULL;

	for (const struct model_service *it = snapshot->services; it < end; it++) {
		nft_ruleset_service_add(sets, it);
		if (it->router != router) {
			router = it->router;
			nft_ruleset_service_add_hairpins(sets, it);
		}
	}
}

/* --- routers --- */

static bool is_vip(const struct model_snapshot *snapshot, const struct addr *address)
{
	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (addr_equal(&snapshot->vips[i].address, address))
			return true;
	}
	return false;
}

/* RFC 9568 6.1: Accept_Mode says whether the Active accepts packets to addresses it doesn't own;
 * the owner (priority 255) always does. */
static void refuse_addresses(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot,
                             const struct model_router *router)
{
	if (router->accept || router->priority == 255)
		return;
	for (size_t i = 0; i < router->address_count; i++) {
		const struct addr *address = &router->addresses[i].prefix.addr;
		unsigned family = address->family == ADDR_IPV6 ? NFT_FAMILY_6 : NFT_FAMILY_4;
		struct nft_key key;

		if (is_vip(snapshot, address))
			continue;
		key = nft_key_at(nft_draft_element(
					 &sets->draft,
					 nft_ruleset_sets_need(sets, NFT_SET_UNACCEPTED, family, 0))
		                         ->key);
		nft_key_address(&key, address);
	}
}

/* --- sets of source ranges --- */

static void add_ranges(struct nft_ruleset_sets *sets, size_t list, unsigned family)
{
	const struct nft_source_list *l = &sets->sources.lists[list];
	const enum nft_type type = family == NFT_FAMILY_6 ? NFT_TYPE_IPV6_ADDR : NFT_TYPE_IPV4_ADDR;
	const enum nft_type parts[NFT_KEY_PARTS_MAX] = {type};
	enum addr_family af = family == NFT_FAMILY_6 ? ADDR_IPV6 : ADDR_IPV4;
	char name[NFT_SOURCES_NAME_SIZE];
	size_t set, first, count = nft_sources_of_family(l, af, &first);

	if (count == 0 || nft_sources_is_everybody(l, af))
		return;
	set = nft_draft_set(&sets->draft, nft_ruleset_sets_ranges(list, family, name), parts,
	                    NFT_TYPE_NONE);
	sets->draft.table->sets[set].interval = true;
	for (size_t i = first; i < first + count; i++) {
		struct nft_element *element = nft_draft_element(&sets->draft, set);

		memcpy(element->key, l->ranges[i].first.bytes, nft_type_size(type));
		memcpy(element->key_end, l->ranges[i].last.bytes, nft_type_size(type));
	}
}

void nft_ruleset_sets_fill(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot)
{
	*sets = (struct nft_ruleset_sets){.snapshot = snapshot};
	nft_draft_init(&sets->draft);
	add_services(sets, snapshot);
	for (size_t i = 0; i < snapshot->router_count; i++)
		refuse_addresses(sets, snapshot, snapshot->routers[i]);
	for (size_t i = 0; i < sets->sources.count; i++) {
		add_ranges(sets, i, NFT_FAMILY_4);
		add_ranges(sets, i, NFT_FAMILY_6);
	}
}

void nft_ruleset_sets_done(struct nft_ruleset_sets *sets)
{
	nft_sources_done(&sets->sources);
}
