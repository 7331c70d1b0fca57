/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/rush.h"

#include "nft/draft.h"
#include "nft/key.h"
#include "nft/ruleset.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>

/* Before IPVS (98). */
#define PRIORITY_IN  90
/* After source NAT of everybody (100), before the flow is confirmed, which tells of it. */
#define PRIORITY_OUT 110
#define LOW          "low_bytes"
#define HIGH         "high_bytes"

static const struct family {
	enum addr_family family;
	enum nft_type type;
	enum nft_field daddr, saddr;
	enum nft_field virtual; /* once the packet goes to a server */
	const char *virtuals, *sources;
} families[] = {
	{ADDR_IPV4, NFT_TYPE_IPV4_ADDR, NFT_FIELD_IP_DADDR, NFT_FIELD_IP_SADDR,
         NFT_FIELD_CT_IP_DADDR, "virtuals4", "sources4"},
	{ADDR_IPV6, NFT_TYPE_IPV6_ADDR, NFT_FIELD_IP6_DADDR, NFT_FIELD_IP6_SADDR,
         NFT_FIELD_CT_IP6_DADDR, "virtuals6", "sources6"},
};

static void add_same_bytes(struct nft_draft *draft, const char *name, unsigned shift)
{
	static const enum nft_type ports[NFT_KEY_PARTS_MAX] = {NFT_TYPE_INET_SERVICE,
	                                                       NFT_TYPE_INET_SERVICE};
	size_t set = nft_draft_set(draft, name, ports, NFT_TYPE_NONE);

	for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
		struct nft_key key = nft_key_at(nft_draft_element(draft, set)->key);

		nft_key_port(&key, (uint16_t)(byte << shift));
		nft_key_port(&key, (uint16_t)(byte << shift));
	}
}

static struct nft_key add_element(struct nft_draft *draft, size_t *set, const char *name,
                                  const enum nft_type parts[static NFT_KEY_PARTS_MAX])
{
	if (*set == SIZE_MAX)
		*set = nft_draft_set(draft, name, parts, NFT_TYPE_NONE);
	return nft_key_at(nft_draft_element(draft, *set)->key);
}

/* Which of the family's sets have elements. */
struct filled {
	size_t virtuals, sources; /* SIZE_MAX: no */
};

static struct filled add_sources(struct nft_draft *draft, const struct family *family,
                                 const struct nft_rush_source *sources, size_t count)
{
	const enum nft_type served[NFT_KEY_PARTS_MAX] = {family->type, NFT_TYPE_INET_PROTO};
	const enum nft_type translated[NFT_KEY_PARTS_MAX] = {family->type, family->type,
	                                                     NFT_TYPE_INET_PROTO};
	struct filled sets = {SIZE_MAX, SIZE_MAX};
	struct nft_key key;

	for (size_t i = 0; i < count; i++) {
		if (sources[i].virtual.family != family->family)
			continue;
		key = add_element(draft, &sets.virtuals, family->virtuals, served);
		nft_key_address(&key, &sources[i].virtual);
		nft_key_protocol(&key, sources[i].protocol);
		if (!sources[i].silent)
			continue;
		key = add_element(draft, &sets.sources, family->sources, translated);
		nft_key_address(&key, &sources[i].virtual);
		nft_key_address(&key, &sources[i].source);
		nft_key_protocol(&key, sources[i].protocol);
	}
	return sets;
}

static void add_rule(struct nft_draft *draft, size_t chain, const struct nft_op *ops, size_t count)
{
	struct nft_rule *rule = nft_draft_rule(draft, chain);

	rule->ops = arena_memdup(&draft->table->arena, ops, count * sizeof(*ops));
	rule->op_count = count;
}

static void drop_strays(struct nft_draft *draft, size_t chain, const struct family *family)
{
	const struct nft_op ops[] = {
		nft_op_plain(NFT_OP_NO_FLOW),
		nft_op_look2(NFT_OP_IN_SET, family->virtuals, family->daddr, NFT_FIELD_L4PROTO),
		nft_op_plain(NFT_OP_DROP),
	};

	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
}

static void mute(struct nft_draft *draft, size_t chain, const struct family *family)
{
	const struct nft_op ops[] = {
		nft_op_plain(NFT_OP_NEW_FLOW),
		{
			.kind = NFT_OP_IN_SET,
			.name = family->sources,
			.fields = {family->virtual, family->saddr, NFT_FIELD_L4PROTO},
			.field_count = 3,
		},
		nft_op_look2(NFT_OP_LOW_IN_SET, LOW, NFT_FIELD_CT_SPORT, NFT_FIELD_TH_SPORT),
		nft_op_look2(NFT_OP_HIGH_IN_SET, HIGH, NFT_FIELD_CT_SPORT, NFT_FIELD_TH_SPORT),
		nft_op_plain(NFT_OP_MUTE),
	};

	add_rule(draft, chain, ops, LT_ARRAY_SIZE(ops));
}

static void add_all(struct nft_draft *draft, const struct nft_rush_source *sources, size_t count)
{
	size_t strays = nft_draft_chain(draft, "strays"), chain = SIZE_MAX;

	nft_draft_chain_hook(draft, strays, "filter", NF_INET_LOCAL_IN, PRIORITY_IN);
	for (size_t i = 0; i < LT_ARRAY_SIZE(families); i++) {
		struct filled sets = add_sources(draft, &families[i], sources, count);

		if (sets.virtuals != SIZE_MAX)
			drop_strays(draft, strays, &families[i]);
		if (sets.sources == SIZE_MAX)
			continue;
		if (chain == SIZE_MAX) {
			add_same_bytes(draft, LOW, 0);
			add_same_bytes(draft, HIGH, 8);
			chain = nft_draft_chain(draft, "mute");
			nft_draft_chain_hook(draft, chain, "filter", NF_INET_POST_ROUTING,
			                     PRIORITY_OUT);
		}
		mute(draft, chain, &families[i]);
	}
}

struct nft_table *nft_rush_build(const struct nft_rush_source *sources, size_t count)
{
	struct nft_draft draft;
	struct nft_table *table;

	nft_draft_init(&draft);
	draft.table->name = NFT_RUSH_TABLE_NAME;
	draft.table->bound = true;
	if (count > 0)
		add_all(&draft, sources, count);
	table = nft_draft_finish(&draft);
	table->present = table->chain_count > 0;
	nft_ruleset_word(table);
	return table;
}
