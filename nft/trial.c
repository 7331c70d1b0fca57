/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/trial.h"

#include "nft/draft.h"
#include "nft/op.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>

static void add_rule(struct nft_draft *draft, size_t chain, enum nft_counter counter,
                     struct nft_op op)
{
	struct nft_rule *rule = nft_draft_rule(draft, chain);

	rule->counter = counter;
	rule->ops = arena_memdup(&draft->table->arena, &op, sizeof(op));
	rule->op_count = 1;
}

/* Of each kind of set that the kernel keeps in a way of its own. */
static void add_sets(struct nft_draft *draft)
{
	static const enum nft_type address[NFT_KEY_PARTS_MAX] = {NFT_TYPE_IPV4_ADDR};
	static const enum nft_type endpoint[NFT_KEY_PARTS_MAX] = {
		NFT_TYPE_IPV4_ADDR, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE};
	size_t set;

	(void)nft_draft_set(draft, "addresses", address, NFT_TYPE_NONE);
	set = nft_draft_set(draft, "address_ranges", address, NFT_TYPE_NONE);
	draft->table->sets[set].interval = true;
	(void)nft_draft_set(draft, "verdicts", endpoint, NFT_TYPE_VERDICT);
	set = nft_draft_set(draft, "marks", endpoint, NFT_TYPE_MARK);
	draft->table->sets[set].interval = true;
}

struct nft_table *nft_trial_build(void)
{
	const struct nft_op in_set =
		nft_op_look1(NFT_OP_IN_SET, "addresses", NFT_FIELD_CT_IP_DADDR);
	struct nft_op snat = nft_op_look1(NFT_OP_SNAT_TO_FIELD, NULL, NFT_FIELD_IP_DADDR);
	struct nft_draft draft;
	size_t chain;

	snat.value = NFPROTO_IPV4;
	nft_draft_init(&draft);
	add_sets(&draft);
	chain = nft_draft_chain(&draft, "trial_filter");
	nft_draft_chain_hook(&draft, chain, "filter", NF_INET_LOCAL_IN, 0);
	add_rule(&draft, chain, NFT_COUNTER_NOT_ACCEPTED, nft_op_plain(NFT_OP_DROP));
	add_rule(&draft, chain, NFT_COUNTER_NONE, nft_op_plain(NFT_OP_LOCAL_DESTINATION));
	add_rule(&draft, chain, NFT_COUNTER_NONE, nft_op_plain(NFT_OP_REJECT_PORT));
	add_rule(&draft, chain, NFT_COUNTER_NONE, nft_op_plain(NFT_OP_UDP_UNCHECK));
	add_rule(&draft, chain, NFT_COUNTER_NONE, in_set);
	chain = nft_draft_chain(&draft, "trial_nat");
	nft_draft_chain_hook(&draft, chain, "nat", NF_INET_POST_ROUTING, 95);
	add_rule(&draft, chain, NFT_COUNTER_NONE, snat);
	add_rule(&draft, chain, NFT_COUNTER_NONE, nft_op_plain(NFT_OP_MASQUERADE));
	return nft_draft_finish(&draft);
}
