/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains and rules, each there only when the sets it looks into are.
 *
 * Reason: longer than other files because what a packet meets on its way is read here from the
 * beginning to the end, in one piece. */

#include "nft/ruleset.h"

#include "nft/code.h"
#include "nft/encode.h"
#include "nft/op.h"
#include "nft/ruleset_sets.h"

#include <netinet/icmp6.h>
#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <libnftnl/rule.h>
#include <linux/netfilter.h>

/* Before connection tracking (-200), which is to see shifted ports; after reassembly (-400). */
#define PRIORITY_RAW     (-300)
#define PRIORITY_FILTER  0
/* Before others' source NAT (100): the first to choose wins. */
#define PRIORITY_NAT     95
/* After source NAT (100) and, in input, after IPVS (98). */
#define PRIORITY_ANSWERS 110

/* What differs between IPv4 and IPv6. */
static const struct family {
	uint32_t number;
	enum nft_field saddr, daddr, original;
	const char *arriving, *ranges, *shift, *unserved, *unaccepted, *source_nat, *unshift;
} families[NFT_FAMILY_COUNT] = {
	[NFT_FAMILY_4] = {NFPROTO_IPV4, NFT_FIELD_IP_SADDR, NFT_FIELD_IP_DADDR,
                          NFT_FIELD_CT_IP_DADDR, "arriving4", "ranges4", "shift4", "unserved4",
                          "unaccepted4", "source_nat4", "unshift4"},
	[NFT_FAMILY_6] = {NFPROTO_IPV6, NFT_FIELD_IP6_SADDR, NFT_FIELD_IP6_DADDR,
                          NFT_FIELD_CT_IP6_DADDR, "arriving6", "ranges6", "shift6", "unserved6",
                          "unaccepted6", "source_nat6", "unshift6"},
};

static const struct protocol {
	uint32_t number;
	enum nft_field sport, dport;
} protocols[NFT_PROTO_COUNT] = {
	[NFT_PROTO_TCP] = {IPPROTO_TCP, NFT_FIELD_TCP_SPORT, NFT_FIELD_TCP_DPORT},
	[NFT_PROTO_UDP] = {IPPROTO_UDP, NFT_FIELD_UDP_SPORT, NFT_FIELD_UDP_DPORT},
	[NFT_PROTO_SCTP] = {IPPROTO_SCTP, NFT_FIELD_SCTP_SPORT, NFT_FIELD_SCTP_DPORT},
};

/* --- operations --- */

/* Address, protocol and port of where the packet goes. */
static struct nft_op look_endpoint(enum nft_op_kind kind, const char *set, const struct family *f)
{
	return (struct nft_op){
		.kind = kind,
		.name = set,
		.fields = {f->daddr, NFT_FIELD_L4PROTO, NFT_FIELD_TH_DPORT},
		.field_count = 3,
	};
}

static struct nft_op rewrite(const char *map, enum nft_field address, enum nft_field port)
{
	struct nft_op op = nft_op_look2(NFT_OP_PORT_BY_MAP, map, address, port);

	op.target = port;
	return op;
}

static void add_rule(struct nft_ruleset_sets *b, size_t chain, enum nft_counter counter,
                     const struct nft_op *ops, size_t count)
{
	struct nft_draft *draft = &b->draft;
	struct nft_rule *rule = nft_draft_rule(draft, chain);

	rule->counter = counter;
	rule->ops = arena_memdup(&draft->table->arena, ops, count * sizeof(*ops));
	rule->op_count = count;
}

#define RULE_COUNTED(b, chain, counter, ...)                              \
	add_rule(b, chain, counter, (const struct nft_op[]){__VA_ARGS__}, \
	         LT_ARRAY_SIZE(((const struct nft_op[]){__VA_ARGS__})))
#define RULE(b, chain, ...) RULE_COUNTED(b, chain, NFT_COUNTER_NONE, __VA_ARGS__)

static const char *set_name(const struct nft_ruleset_sets *b, enum nft_ruleset_set which,
                            unsigned family, unsigned protocol)
{
	return nft_ruleset_sets_name(b, which, family, protocol);
}

/* Is there such a set for the family? Protocol does not matter. */
static bool has(const struct nft_ruleset_sets *b, enum nft_ruleset_set which, unsigned family)
{
	for (unsigned p = 0; p < NFT_PROTO_COUNT; p++) {
		if (set_name(b, which, family, p))
			return true;
	}
	return false;
}

static bool has_any(const struct nft_ruleset_sets *b, enum nft_ruleset_set which)
{
	return has(b, which, NFT_FAMILY_4) || has(b, which, NFT_FAMILY_6);
}

static size_t add_chain(struct nft_ruleset_sets *b, const char *name)
{
	return nft_draft_chain(&b->draft, name);
}

static size_t add_base_chain(struct nft_ruleset_sets *b, const char *name, const char *type,
                             uint32_t hook, int32_t priority)
{
	size_t chain = add_chain(b, name);

	nft_draft_chain_hook(&b->draft, chain, type, hook, priority);
	return chain;
}

/* --- arriving: source ranges, marks, shifted ports --- */

static void add_sources_chain(struct nft_ruleset_sets *b, size_t list)
{
	const struct nft_source_list *l = &b->sources.lists[list];
	char name[NFT_SOURCES_NAME_SIZE];
	size_t chain = add_chain(b, nft_ruleset_sets_chain(list, name));

	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		enum addr_family af = f == NFT_FAMILY_6 ? ADDR_IPV6 : ADDR_IPV4;
		size_t first, count = nft_sources_of_family(l, af, &first);
		const char *set;

		if (nft_sources_is_everybody(l, af))
			continue;
		if (count == 0) {
			RULE_COUNTED(b, chain, NFT_COUNTER_SOURCE_DROPPED,
			             nft_op_valued(NFT_OP_FAMILY, families[f].number),
			             nft_op_plain(NFT_OP_DROP));
			continue;
		}
		set = arena_strdup(&b->draft.table->arena, nft_ruleset_sets_ranges(list, f, name));
		RULE_COUNTED(b, chain, NFT_COUNTER_SOURCE_DROPPED,
		             nft_op_look1(NFT_OP_NOT_IN_SET, set, families[f].saddr),
		             nft_op_plain(NFT_OP_DROP));
	}
}

static bool is_restricted(const struct nft_ruleset_sets *b, unsigned f)
{
	return has(b, NFT_SET_RESTRICTED, f) ||
	       (has(b, NFT_SET_RANGES, f) && has(b, NFT_SET_RESTRICTED_MARKS, f));
}

/* A UDP packet without a checksum stays without one; it must not be shifted twice. */
static void add_rewrites(struct nft_ruleset_sets *b, size_t chain, unsigned f,
                         enum nft_ruleset_set which, enum nft_field address)
{
	for (unsigned p = 0; p < NFT_PROTO_COUNT; p++) {
		const char *map = set_name(b, which, f, p);
		enum nft_field port = which == NFT_SET_SHIFT ? protocols[p].dport
		                                             : protocols[p].sport;

		if (!map)
			continue;
		if (p == NFT_PROTO_UDP)
			RULE(b, chain, nft_op_plain(NFT_OP_UDP_UNCHECKED),
			     rewrite(map, address, port), nft_op_plain(NFT_OP_UDP_UNCHECK),
			     nft_op_plain(NFT_OP_RETURN));
		RULE(b, chain, rewrite(map, address, port));
	}
}

static void add_ranges_chains(struct nft_ruleset_sets *b, unsigned f)
{
	const struct family *family = &families[f];
	size_t chain;

	if (!has(b, NFT_SET_RANGES, f))
		return;
	chain = add_chain(b, family->ranges);
	RULE(b, chain,
	     look_endpoint(NFT_OP_MARK_BY_MAP, set_name(b, NFT_SET_RANGES, f, 0), family));
	if (!has(b, NFT_SET_SHIFT, f))
		return;
	/* Only who delivers the packet shifts it: another node must see what the client sent. */
	RULE(b, chain,
	     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_SHIFTED_MARKS, 0, 0), NFT_FIELD_MARK),
	     nft_op_plain(NFT_OP_LOCAL_DESTINATION), nft_op_go(NFT_OP_JUMP, family->shift));
	chain = add_chain(b, family->shift);
	add_rewrites(b, chain, f, NFT_SET_SHIFT, family->daddr);
}

static void add_arriving_chain(struct nft_ruleset_sets *b, unsigned f)
{
	const struct family *family = &families[f];
	size_t chain;

	if (!is_restricted(b, f) && !has(b, NFT_SET_RANGES, f))
		return;
	chain = add_chain(b, family->arriving);
	if (has(b, NFT_SET_RESTRICTED, f))
		RULE(b, chain,
		     look_endpoint(NFT_OP_VERDICT_BY_MAP, set_name(b, NFT_SET_RESTRICTED, f, 0),
		                   family));
	if (!has(b, NFT_SET_RANGES, f))
		return;
	RULE(b, chain, nft_op_go(NFT_OP_JUMP, family->ranges));
	if (has_any(b, NFT_SET_RESTRICTED_MARKS))
		RULE(b, chain,
		     nft_op_look1(NFT_OP_VERDICT_BY_MAP,
		                  set_name(b, NFT_SET_RESTRICTED_MARKS, 0, 0), NFT_FIELD_MARK));
}

/* When connection tracking is full it drops what would be a new flow of it. Advertisements are none
 * of its business. */
static void add_untracked(struct nft_ruleset_sets *b, size_t chain)
{
	RULE(b, chain, nft_op_valued(NFT_OP_PROTOCOL, NFT_IPPROTO_VRRP),
	     nft_op_plain(NFT_OP_NOTRACK));
}

/* Packets to our addresses go to one of the chains above. This machine's own are not asked where
 * they come from. */
static void add_entrances(struct nft_ruleset_sets *b)
{
	size_t chain;

	chain = add_base_chain(b, "prerouting", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW);
	add_untracked(b, chain);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (is_restricted(b, f) || has(b, NFT_SET_RANGES, f))
			RULE(b, chain,
			     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_VIPS, f, 0),
			                  families[f].daddr),
			     nft_op_go(NFT_OP_JUMP, families[f].arriving));
	}
	chain = add_base_chain(b, "output", "filter", NF_INET_LOCAL_OUT, PRIORITY_RAW);
	add_untracked(b, chain);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (has(b, NFT_SET_RANGES, f))
			RULE(b, chain,
			     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_VIPS, f, 0),
			                  families[f].daddr),
			     nft_op_go(NFT_OP_JUMP, families[f].ranges));
	}
}

static void add_arriving(struct nft_ruleset_sets *b)
{
	if (has_any(b, NFT_SET_VIPS))
		add_entrances(b);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++)
		add_arriving_chain(b, f);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++)
		add_ranges_chains(b, f);
	for (size_t i = 0; i < b->sources.count; i++)
		add_sources_chain(b, i);
}

/* --- unserved ports, addresses that are not to be talked to --- */

/* Only what asks for something new is rejected: an answer that lost its way must not reset the flow
 * that waits for it. */
static void add_unserved_chain(struct nft_ruleset_sets *b, unsigned f)
{
	const struct family *family = &families[f];
	const char *marks = set_name(b, NFT_SET_RANGE_MARKS, 0, 0);
	size_t chain = add_chain(b, family->unserved);

	if (has(b, NFT_SET_SERVED, f))
		RULE(b, chain,
		     look_endpoint(NFT_OP_IN_SET, set_name(b, NFT_SET_SERVED, f, 0), family),
		     nft_op_plain(NFT_OP_RETURN));
	if (has(b, NFT_SET_RANGES, f))
		RULE(b, chain, nft_op_look1(NFT_OP_IN_SET, marks, NFT_FIELD_MARK),
		     nft_op_plain(NFT_OP_RETURN));
	/* A reset from a port that others are shifted to would be shifted back; ICMP is not. */
	if (has(b, NFT_SET_SHIFTED_VIPS, f))
		RULE(b, chain, nft_op_plain(NFT_OP_TCP_SYN),
		     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_SHIFTED_VIPS, f, 0),
		                  family->daddr),
		     nft_op_go(NFT_OP_GOTO, "unserved_icmp"));
	RULE_COUNTED(b, chain, NFT_COUNTER_UNSERVED_REJECTED, nft_op_plain(NFT_OP_TCP_SYN),
	             nft_op_plain(NFT_OP_REJECT_RESET));
	RULE_COUNTED(b, chain, NFT_COUNTER_UNSERVED_REJECTED,
	             nft_op_valued(NFT_OP_PROTOCOL, IPPROTO_UDP), nft_op_plain(NFT_OP_REJECT_PORT));
	RULE_COUNTED(b, chain, NFT_COUNTER_UNSERVED_REJECTED,
	             nft_op_valued(NFT_OP_PROTOCOL, IPPROTO_SCTP),
	             nft_op_plain(NFT_OP_REJECT_PORT));
}

/* RFC 9568 6.1, Accept_Mode: neighbour discovery must go on. */
static void add_unaccepted(struct nft_ruleset_sets *b, size_t input)
{
	size_t chain;

	if (has(b, NFT_SET_UNACCEPTED, NFT_FAMILY_4))
		RULE_COUNTED(b, input, NFT_COUNTER_NOT_ACCEPTED, nft_op_plain(NFT_OP_NOT_LOOPBACK),
		             nft_op_look1(NFT_OP_IN_SET,
		                          set_name(b, NFT_SET_UNACCEPTED, NFT_FAMILY_4, 0),
		                          NFT_FIELD_IP_DADDR),
		             nft_op_plain(NFT_OP_DROP));
	if (!has(b, NFT_SET_UNACCEPTED, NFT_FAMILY_6))
		return;
	RULE(b, input, nft_op_plain(NFT_OP_NOT_LOOPBACK),
	     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_UNACCEPTED, NFT_FAMILY_6, 0),
	                  NFT_FIELD_IP6_DADDR),
	     nft_op_go(NFT_OP_GOTO, families[NFT_FAMILY_6].unaccepted));
	chain = add_chain(b, families[NFT_FAMILY_6].unaccepted);
	RULE(b, chain, nft_op_valued(NFT_OP_ICMPV6_TYPE, ND_NEIGHBOR_SOLICIT),
	     nft_op_plain(NFT_OP_RETURN));
	RULE(b, chain, nft_op_valued(NFT_OP_ICMPV6_TYPE, ND_NEIGHBOR_ADVERT),
	     nft_op_plain(NFT_OP_RETURN));
	RULE_COUNTED(b, chain, NFT_COUNTER_NOT_ACCEPTED, nft_op_plain(NFT_OP_DROP));
}

static void add_input(struct nft_ruleset_sets *b)
{
	size_t chain = add_base_chain(b, "input", "filter", NF_INET_LOCAL_IN, PRIORITY_FILTER);

	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (has(b, NFT_SET_VIPS, f))
			RULE(b, chain, nft_op_plain(NFT_OP_NEW_FLOW),
			     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_VIPS, f, 0),
			                  families[f].daddr),
			     nft_op_go(NFT_OP_JUMP, families[f].unserved));
	}
	add_unaccepted(b, chain);
}

/* A node that does not have the address would send the packet on; where that is back to where it
 * came from, a node that is wrong about its neighbour, too, would return it. */
static void add_forward(struct nft_ruleset_sets *b)
{
	size_t chain = add_base_chain(b, "forward", "filter", NF_INET_FORWARD, PRIORITY_FILTER);

	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (has(b, NFT_SET_VIPS, f))
			RULE(b, chain, nft_op_plain(NFT_OP_NEW_FLOW),
			     nft_op_look1(NFT_OP_IN_SET, set_name(b, NFT_SET_VIPS, f, 0),
			                  families[f].daddr),
			     nft_op_look2(NFT_OP_IN_SET, set_name(b, NFT_SET_HAIRPINS, 0, 0),
			                  NFT_FIELD_IIFNAME, NFT_FIELD_OIFNAME),
			     nft_op_go(NFT_OP_JUMP, families[f].unserved));
	}
}

static void add_filters(struct nft_ruleset_sets *b)
{
	bool vips = has_any(b, NFT_SET_VIPS);

	if (vips || has_any(b, NFT_SET_UNACCEPTED))
		add_input(b);
	if (vips)
		add_forward(b);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (has(b, NFT_SET_VIPS, f))
			add_unserved_chain(b, f);
	}
	if (has_any(b, NFT_SET_SHIFTED_VIPS))
		RULE_COUNTED(b, add_chain(b, "unserved_icmp"), NFT_COUNTER_UNSERVED_REJECTED,
		             nft_op_plain(NFT_OP_REJECT_PORT));
}

/* --- source NAT --- */

static struct nft_op snat_by(const char *map, unsigned f, enum nft_field a, enum nft_field b)
{
	struct nft_op op = nft_op_look2(NFT_OP_SNAT_BY_MAP, map, a, b);

	op.value = families[f].number;
	return op;
}

/* The floating address where the packet goes out, else the address that the client called. */
static void add_nat_auto(struct nft_ruleset_sets *b)
{
	size_t chain = add_chain(b, NFT_CHAIN_NAT_AUTO);

	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (b->auto_nat[f] && has(b, NFT_SET_FLOATING, f))
			RULE_COUNTED(b, chain, NFT_COUNTER_SOURCE_NAT,
			             snat_by(set_name(b, NFT_SET_FLOATING, f, 0), f,
			                     families[f].original, NFT_FIELD_OIFNAME));
	}
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		struct nft_op op = nft_op_look1(NFT_OP_SNAT_TO_FIELD, NULL, families[f].original);

		op.value = families[f].number;
		if (b->auto_nat[f])
			RULE_COUNTED(b, chain, NFT_COUNTER_SOURCE_NAT_VIP, op);
	}
}

static void add_nat_fixed(struct nft_ruleset_sets *b)
{
	size_t chain = add_chain(b, NFT_CHAIN_NAT_FIXED);

	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		for (unsigned p = 0; p < NFT_PROTO_COUNT; p++) {
			const char *map = set_name(b, NFT_SET_FIXED, f, p);

			if (map)
				RULE_COUNTED(
					b, chain, NFT_COUNTER_SOURCE_NAT_FIXED,
					nft_op_valued(NFT_OP_PROTOCOL, protocols[p].number),
					snat_by(map, f, families[f].original, NFT_FIELD_CT_DPORT));
		}
		if (has(b, NFT_SET_FIXED_MARKS, f)) {
			struct nft_op op = nft_op_look1(NFT_OP_SNAT_BY_MAP,
			                                set_name(b, NFT_SET_FIXED_MARKS, f, 0),
			                                NFT_FIELD_MARK);

			op.value = families[f].number;
			RULE_COUNTED(b, chain, NFT_COUNTER_SOURCE_NAT_FIXED, op);
		}
	}
}

static void add_nat_family(struct nft_ruleset_sets *b, unsigned f)
{
	size_t chain = add_chain(b, families[f].source_nat);

	if (has(b, NFT_SET_NAT_MARKS, f) && has(b, NFT_SET_RANGES, f))
		RULE(b, chain,
		     nft_op_look1(NFT_OP_VERDICT_BY_MAP, set_name(b, NFT_SET_NAT_MARKS, 0, 0),
		                  NFT_FIELD_MARK));
	for (unsigned p = 0; p < NFT_PROTO_COUNT; p++) {
		const char *map = set_name(b, NFT_SET_NAT, f, p);

		if (map)
			RULE(b, chain, nft_op_valued(NFT_OP_PROTOCOL, protocols[p].number),
			     nft_op_look2(NFT_OP_VERDICT_BY_MAP, map, families[f].original,
			                  NFT_FIELD_CT_DPORT));
	}
}

static bool needs_nat(const struct nft_ruleset_sets *b, unsigned f)
{
	return has(b, NFT_SET_NAT, f) ||
	       (has(b, NFT_SET_RANGES, f) && has(b, NFT_SET_NAT_MARKS, f));
}

/* The chain stands as soon as a service is forwarded by NAT, with nothing in it if need be: without
 * one the kernel has no NAT at all, and flows taken over from another node would not be rewritten.
 *
 * A packet that still goes to a VIP was not given to a real server: it is on its way to the node
 * that has the address. */
static void add_nat(struct nft_ruleset_sets *b, bool track)
{
	size_t chain;

	if (!b->nat)
		return;
	chain = add_base_chain(b, "source_nat", "nat", NF_INET_POST_ROUTING, PRIORITY_NAT);
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		const char *vips = set_name(b, NFT_SET_VIPS, f, 0);

		if (!needs_nat(b, f))
			continue;
		RULE(b, chain, nft_op_look1(NFT_OP_IN_SET, vips, families[f].original),
		     nft_op_look1(NFT_OP_NOT_IN_SET, vips, families[f].daddr),
		     nft_op_go(NFT_OP_JUMP, families[f].source_nat));
		add_nat_family(b, f);
	}
	/* The kernel tracks connections as long as a rule asks for their state. */
	if (track && b->draft.table->chains[chain].rule_count == 0)
		RULE(b, chain, nft_op_plain(NFT_OP_NEW_FLOW), nft_op_plain(NFT_OP_RETURN));
	if (b->auto_nat[NFT_FAMILY_4] || b->auto_nat[NFT_FAMILY_6])
		add_nat_auto(b);
	if (b->masquerade) {
		chain = add_chain(b, NFT_CHAIN_NAT_MASQUERADE);
		RULE_COUNTED(b, chain, NFT_COUNTER_MASQUERADED, nft_op_plain(NFT_OP_MASQUERADE));
	}
	if (has_any(b, NFT_SET_FIXED) || has_any(b, NFT_SET_FIXED_MARKS))
		add_nat_fixed(b);
}

/* --- answers of shifted ranges --- */

static void add_answers(struct nft_ruleset_sets *b)
{
	static const struct {
		const char *name;
		uint32_t hook;
	} exits[] = {
		{"answers", NF_INET_POST_ROUTING},
		{"answers_local", NF_INET_LOCAL_IN}, /* to clients on this machine */
	};

	if (!has_any(b, NFT_SET_SHIFT))
		return;
	for (size_t i = 0; i < LT_ARRAY_SIZE(exits); i++) {
		size_t chain =
			add_base_chain(b, exits[i].name, "filter", exits[i].hook, PRIORITY_ANSWERS);

		for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
			if (has(b, NFT_SET_SHIFT, f))
				RULE(b, chain,
				     nft_op_look1(NFT_OP_IN_SET,
				                  set_name(b, NFT_SET_SHIFTED_VIPS, f, 0),
				                  families[f].saddr),
				     nft_op_plain(NFT_OP_LOCAL_SOURCE),
				     nft_op_go(NFT_OP_JUMP, families[f].unshift));
		}
	}
	for (unsigned f = 0; f < NFT_FAMILY_COUNT; f++) {
		if (has(b, NFT_SET_UNSHIFT, f))
			add_rewrites(b, add_chain(b, families[f].unshift), f, NFT_SET_UNSHIFT,
			             families[f].saddr);
	}
}

/* --- the whole --- */

/* Gives a rule its code and its text, by which it is compared and shown. */
static void word_rule(struct nft_table *table, struct nft_rule *rule)
{
	struct nftnl_rule *encoded = nft_encode_rule(NULL, rule);
	struct text text = {0};

	nft_code_format(encoded, &text);
	rule->code = arena_strdup(&table->arena, text_str(&text));
	text_clear(&text);
	nft_code_explain(encoded, table, &text);
	if (rule->counter != NFT_COUNTER_NONE)
		text_printf(&text, " comment \"%s\"", nft_counter_name(rule->counter));
	rule->text = arena_strdup(&table->arena, text_str(&text));
	text_done(&text);
	nftnl_rule_free(encoded);
}

void nft_ruleset_word(struct nft_table *table)
{
	for (size_t i = 0; i < table->chain_count; i++) {
		for (size_t j = 0; j < table->chains[i].rule_count; j++)
			word_rule(table, &table->chains[i].rules[j]);
	}
	table->digest = nft_table_digest(table);
	table->frame = nft_table_frame(table);
}

static struct nft_table *build(const struct model_snapshot *snapshot, bool with_nat)
{
	struct nft_table *table;
	struct nft_ruleset_sets b;

	nft_ruleset_sets_fill(&b, snapshot);
	b.nat = b.nat || with_nat;
	add_arriving(&b);
	add_filters(&b);
	add_nat(&b, with_nat);
	add_answers(&b);
	table = nft_draft_finish(&b.draft);
	nft_ruleset_sets_done(&b);
	table->present = table->chain_count > 0;
	nft_ruleset_word(table);
	return table;
}

struct nft_table *nft_ruleset_build(const struct model_snapshot *snapshot)
{
	return build(snapshot, false);
}

struct nft_table *nft_ruleset_build_with_nat(const struct model_snapshot *snapshot)
{
	return build(snapshot, true);
}

bool nft_ruleset_has_nat(const struct nft_table *table)
{
	for (size_t i = 0; i < table->chain_count; i++) {
		if (table->chains[i].type && strcmp(table->chains[i].type, "nat") == 0)
			return true;
	}
	return false;
}
