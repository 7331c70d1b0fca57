/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/rush.c - while many connections begin each packet passes here, so what most of them meet is
 * kept short: the state is asked before anything else, and what is looked up is taken from the
 * flow, which knows its family by itself. */

#include "nft/rush.h"

#include "nft/draft.h"
#include "nft/key.h"
#include "nft/ruleset.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>

/* Before IPVS (98). */
#define PRIORITY_IN  90
/* After source NAT of everybody (100), before the flow is confirmed. */
#define PRIORITY_OUT 110
#define SAME_BYTES   "same_bytes"

static const struct family {
	enum addr_family family;
	enum nft_type type;
	enum nft_field daddr;
	enum nft_field virtual, source; /* once the packet goes to a server */
	const char *virtuals, *sources;
} families[] = {
	{ADDR_IPV4, NFT_TYPE_IPV4_ADDR, NFT_FIELD_IP_DADDR, NFT_FIELD_CT_IP_DADDR,
         NFT_FIELD_CT_IP_REPLY, "virtuals4", "sources4"},
	{ADDR_IPV6, NFT_TYPE_IPV6_ADDR, NFT_FIELD_IP6_DADDR, NFT_FIELD_CT_IP6_DADDR,
         NFT_FIELD_CT_IP6_REPLY, "virtuals6", "sources6"},
};

/* The low bytes have 0 where high ones are, so those that are looked up never meet those of the
 * others. */
static void add_same_bytes(struct nft_draft *draft)
{
	static const enum nft_type ports[NFT_KEY_PARTS_MAX] = {NFT_TYPE_INET_SERVICE,
	                                                       NFT_TYPE_INET_SERVICE};
	size_t set = nft_draft_set(draft, SAME_BYTES, ports, NFT_TYPE_NONE);

	for (unsigned shift = 0; shift <= 8; shift += 8) {
		for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
			struct nft_key key = nft_key_at(nft_draft_element(draft, set)->key);

			nft_key_port(&key, (uint16_t)(byte << shift));
			nft_key_port(&key, (uint16_t)(byte << shift));
		}
	}
}

static void add_virtual(struct nft_draft *draft, size_t set, const struct nft_rush_source *source)
{
	struct nft_key key = nft_key_at(nft_draft_element(draft, set)->key);

	nft_key_address(&key, &source->virtual);
	nft_key_protocol(&key, source->protocol);
}

static void add_source(struct nft_draft *draft, size_t set, const struct nft_rush_source *source)
{
	struct nft_key key = nft_key_at(nft_draft_element(draft, set)->key);

	nft_key_address(&key, &source->virtual);
	nft_key_address(&key, &source->source);
	nft_key_protocol(&key, source->protocol);
}

static bool has_family(const struct nft_rush_source *sources, size_t count, enum addr_family family)
{
	for (size_t i = 0; i < count; i++) {
		if (sources[i].virtual.family == family)
			return true;
	}
	return false;
}

/* Both are there from the beginning: what is known later is exchanged in them. */
static void add_sets(struct nft_draft *draft, const struct family *family,
                     const struct nft_rush_source *sources, size_t count)
{
	const enum nft_type served[NFT_KEY_PARTS_MAX] = {family->type, NFT_TYPE_INET_PROTO};
	const enum nft_type expected[NFT_KEY_PARTS_MAX] = {family->type, family->type,
	                                                   NFT_TYPE_INET_PROTO};
	size_t virtuals = nft_draft_set(draft, family->virtuals, served, NFT_TYPE_NONE);
	size_t known = nft_draft_set(draft, family->sources, expected, NFT_TYPE_NONE);

	for (size_t i = 0; i < count; i++) {
		if (sources[i].virtual.family != family->family)
			continue;
		add_virtual(draft, virtuals, &sources[i]);
		if (sources[i].source.family == family->family)
			add_source(draft, known, &sources[i]);
	}
}

static void add_rule(struct nft_draft *draft, size_t chain, const struct nft_op *ops, size_t count)
{
	struct nft_rule *rule = nft_draft_rule(draft, chain);

	rule->ops = arena_memdup(&draft->table->arena, ops, count * sizeof(*ops));
	rule->op_count = count;
}

/* A chain for packets of one state, behind the one that all packets meet. */
static size_t add_chains(struct nft_draft *draft, const char *name, uint32_t hook, int32_t priority,
                         uint32_t state, const char *behind)
{
	const struct nft_op ops[] = {
		nft_op_valued(NFT_OP_STATE, state),
		nft_op_go(NFT_OP_GOTO, behind),
	};
	size_t chain = nft_draft_chain(draft, name);

	nft_draft_chain_hook(draft, chain, "filter", hook, priority);
	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
	return nft_draft_chain(draft, behind);
}

static void drop_strays(struct nft_draft *draft, size_t chain, const struct family *family)
{
	const struct nft_op ops[] = {
		nft_op_look2(NFT_OP_IN_SET, family->virtuals, family->daddr, NFT_FIELD_L4PROTO),
		nft_op_plain(NFT_OP_DROP),
	};

	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
}

static void pass_expected(struct nft_draft *draft, size_t chain, const struct family *family)
{
	const struct nft_op ops[] = {
		{
			.kind = NFT_OP_IN_SET,
			.name = family->sources,
			.fields = {family->virtual, family->source, NFT_FIELD_L4PROTO},
			.field_count = 3,
		},
		nft_op_look2(NFT_OP_SAME_PORT, SAME_BYTES, NFT_FIELD_CT_SPORT, NFT_FIELD_TH_SPORT),
		nft_op_plain(NFT_OP_RETURN),
	};

	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
}

static void tell_others(struct nft_draft *draft, size_t chain, const struct family *family,
                        uint16_t group)
{
	const struct nft_op ops[] = {
		nft_op_look2(NFT_OP_IN_SET, family->virtuals, family->virtual, NFT_FIELD_L4PROTO),
		nft_op_valued(NFT_OP_LOG, group),
	};

	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
}

static void add_all(struct nft_draft *draft, const struct nft_rush_source *sources, size_t count,
                    uint16_t group)
{
	size_t strays, first;

	strays = add_chains(draft, "strays", NF_INET_LOCAL_IN, PRIORITY_IN, NF_CT_STATE_INVALID_BIT,
	                    "no_flow");
	first = add_chains(draft, "translated", NF_INET_POST_ROUTING, PRIORITY_OUT,
	                   NF_CT_STATE_BIT(IP_CT_NEW), "new_flow");
	add_same_bytes(draft);
	for (size_t i = 0; i < LT_ARRAY_SIZE(families); i++) {
		if (!has_family(sources, count, families[i].family))
			continue;
		add_sets(draft, &families[i], sources, count);
		drop_strays(draft, strays, &families[i]);
		pass_expected(draft, first, &families[i]);
		tell_others(draft, first, &families[i], group);
	}
}

struct nft_table *nft_rush_build(const struct nft_rush_source *sources, size_t count,
                                 uint16_t group)
{
	struct nft_draft draft;
	struct nft_table *table;

	nft_draft_init(&draft);
	draft.table->name = NFT_RUSH_TABLE_NAME;
	draft.table->bound = true;
	if (count > 0)
		add_all(&draft, sources, count, group);
	table = nft_draft_finish(&draft);
	table->present = table->chain_count > 0;
	nft_ruleset_word(table);
	return table;
}
