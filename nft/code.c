/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a rule back: the instructions are followed as the kernel would, but with names of fields
 * in the registers instead of values. Tests that a field implies ("ip daddr" can only be IPv4) are
 * not said, as nft doesn't say them either.
 *
 * Reason: a little longer than other files because every instruction we write is read here. */

#include "nft/code.h"

#include "nft/op.h"

#include <netinet/icmp6.h>
#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */
#include <stdio.h>      /* before libnftnl, which takes it for granted */

#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define EXPR_TEXT_SIZE 512
#define REGISTERS      16 /* of four bytes */
#define NAME_SIZE      192
#define STATE_NEW      NF_CT_STATE_BIT(IP_CT_NEW)
#define STATE_UNKNOWN  (NF_CT_STATE_BIT(IP_CT_NEW) | NF_CT_STATE_INVALID_BIT)

/* --- code --- */

static int format_expr(struct nftnl_expr *expr, void *ctx)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	char buf[EXPR_TEXT_SIZE] = "";
	struct text *out = ctx;

	text_add(out, out->len > 0 && out->data[out->len - 1] == ']' ? " " : "");
	if (strcmp(name, "counter") == 0) {
		text_add(out, "[ counter ]");
		return 0;
	}
	nftnl_expr_snprintf(buf, sizeof(buf), expr, NFTNL_OUTPUT_DEFAULT, 0);
	buf[sizeof(buf) - 1] = '\0';
	text_printf(out, "[ %s %s]", name, buf);
	return 0;
}

void nft_code_format(const struct nftnl_rule *rule, struct text *out)
{
	/* the library takes no const but changes nothing */
	nftnl_expr_foreach((struct nftnl_rule *)rule, format_expr, out);
}

struct counts {
	bool found;
	uint64_t packets, bytes;
};

static int find_counter(struct nftnl_expr *expr, void *ctx)
{
	struct counts *counts = ctx;

	if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") != 0)
		return 0;
	counts->found = true;
	counts->packets = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
	counts->bytes = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_BYTES);
	return 0;
}

bool nft_code_counts(const struct nftnl_rule *rule, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	struct counts counts = {.found = false};

	nftnl_expr_foreach((struct nftnl_rule *)rule, find_counter, &counts);
	if (!counts.found)
		return false;
	*ret_packets = counts.packets;
	*ret_bytes = counts.bytes;
	return true;
}

/* --- text --- */

struct reading {
	const struct nft_table *table;
	struct text text;
	char registers[REGISTERS][NAME_SIZE]; /* what is there, "" nothing known */
	uint32_t family;                      /* tested for, 0: not yet */
	uint32_t protocol;
	bool family_unsaid; /* tested for, but not in the text: the next field may imply it */
	bool protocol_unsaid;
	uint32_t mask; /* register 1 holds only these bits of what it says; 0: all */
	bool lost;     /* met something we never write */
};

static const char *protocol_name(uint32_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	case NFT_IPPROTO_VRRP:
		return "vrrp";
	default:
		return NULL;
	}
}

static void add_word(struct reading *r, const char *word)
{
	text_printf(&r->text, "%s%s", r->text.len > 0 ? " " : "", word);
}

/* Begins a statement: what was tested and not implied by its fields is said first. */
static void say_tests(struct reading *r)
{
	if (r->family_unsaid)
		add_word(r, r->family == NFPROTO_IPV6 ? "meta nfproto ipv6" : "meta nfproto ipv4");
	if (r->protocol_unsaid) {
		add_word(r, "meta l4proto");
		add_word(r, protocol_name(r->protocol));
	}
	r->family_unsaid = false;
	r->protocol_unsaid = false;
}

static void say(struct reading *r, const char *statement)
{
	say_tests(r);
	add_word(r, statement);
}

/* Index of the quarter at which a register begins; what is no register is the last quarter. */
static unsigned quarter(uint32_t reg)
{
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (reg - NFT_REG_1) * 4;
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return reg - NFT_REG32_00;
	return REGISTERS - 1;
}

static void load(struct reading *r, uint32_t reg, const char *name)
{
	snprintf(r->registers[quarter(reg)], NAME_SIZE, "%s", name);
	r->mask = 0;
}

static bool holds(const struct reading *r, const char *name)
{
	return strcmp(r->registers[0], name) == 0;
}

struct field_name {
	uint32_t base, offset, size; /* of payload; of meta and ct the key is in 'base' */
	const char *name;
	uint32_t family, protocol; /* what it implies */
};

static const struct field_name payload_names[] = {
	{NFT_PAYLOAD_NETWORK_HEADER, 12, 4, "ip saddr", NFPROTO_IPV4, 0},
	{NFT_PAYLOAD_NETWORK_HEADER, 16, 4, "ip daddr", NFPROTO_IPV4, 0},
	{NFT_PAYLOAD_NETWORK_HEADER, 8, 16, "ip6 saddr", NFPROTO_IPV6, 0},
	{NFT_PAYLOAD_NETWORK_HEADER, 24, 16, "ip6 daddr", NFPROTO_IPV6, 0},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, "sport", 0, 0},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, "dport", 0, 0},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, "tcp flags", 0, IPPROTO_TCP},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 6, 2, "udp checksum", 0, IPPROTO_UDP},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, "icmpv6 type", NFPROTO_IPV6, IPPROTO_ICMPV6},
	{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, "icmp type", NFPROTO_IPV4, IPPROTO_ICMP},
};

static const struct field_name meta_names[] = {
	{NFT_META_NFPROTO, 0, 0, "nfproto", 0, 0}, {NFT_META_L4PROTO, 0, 0, "meta l4proto", 0, 0},
	{NFT_META_MARK, 0, 0, "meta mark", 0, 0},  {NFT_META_IIF, 0, 0, "iif", 0, 0},
	{NFT_META_IIFNAME, 0, 0, "iifname", 0, 0}, {NFT_META_OIFNAME, 0, 0, "oifname", 0, 0},
};

static const struct field_name ct_names[] = {
	{NFT_CT_STATE, 0, 0, "ct state", 0, 0},
	{NFT_CT_DST_IP, 0, 0, "ct original ip daddr", 0, 0},
	{NFT_CT_DST_IP6, 0, 0, "ct original ip6 daddr", 0, 0},
	{NFT_CT_PROTO_DST, 0, 0, "ct original proto-dst", 0, 0},
};

static const struct field_name *find_name(const struct field_name *names, size_t count,
                                          uint32_t key)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i].base == key)
			return &names[i];
	}
	return NULL;
}

/* The field of a packet like this one; NULL: there is none. */
static const struct field_name *find_payload_name(const struct reading *r,
                                                  const struct nftnl_expr *expr)
{
	for (size_t i = 0; i < LT_ARRAY_SIZE(payload_names); i++) {
		const struct field_name *name = &payload_names[i];

		if (name->base == nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_BASE) &&
		    name->offset == nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET) &&
		    name->size == nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_LEN) &&
		    (name->family == 0 || name->family == r->family) &&
		    (name->protocol == 0 || name->protocol == r->protocol))
			return name;
	}
	return NULL;
}

/* The name of a field in a header, as nft says it once it knows what packet it is. False: it has
 * none here, or the packet hasn't been tested for it. */
static bool name_payload(struct reading *r, const struct nftnl_expr *expr,
                         char name[static NAME_SIZE])
{
	const struct field_name *found = find_payload_name(r, expr);

	if (!found)
		return false;
	if (found->family != 0)
		r->family_unsaid = false;
	if (found->base == NFT_PAYLOAD_TRANSPORT_HEADER && r->protocol != 0)
		r->protocol_unsaid = false;
	if (found->base == NFT_PAYLOAD_TRANSPORT_HEADER && found->size == 2 && found->offset < 4)
		snprintf(name, NAME_SIZE, "%s %s",
		         r->protocol != 0 ? protocol_name(r->protocol) : "th", found->name);
	else
		snprintf(name, NAME_SIZE, "%s", found->name);
	return true;
}

static void read_payload(struct reading *r, const struct nftnl_expr *expr)
{
	char name[NAME_SIZE], statement[3 * NAME_SIZE];

	if (!name_payload(r, expr, name)) {
		r->lost = true;
	} else if (nftnl_expr_is_set(expr, NFTNL_EXPR_PAYLOAD_SREG)) {
		snprintf(statement, sizeof(statement), "%s set %s", name, r->registers[0]);
		say(r, statement);
	} else {
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_DREG), name);
	}
}

static void read_meta(struct reading *r, const struct nftnl_expr *expr)
{
	const struct field_name *found = find_name(meta_names, LT_ARRAY_SIZE(meta_names),
	                                           nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY));
	char statement[2 * NAME_SIZE];

	if (!found) {
		r->lost = true;
	} else if (nftnl_expr_is_set(expr, NFTNL_EXPR_META_SREG)) {
		snprintf(statement, sizeof(statement), "%s set %s", found->name, r->registers[0]);
		say(r, statement);
	} else {
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_META_DREG), found->name);
	}
}

static void read_ct(struct reading *r, const struct nftnl_expr *expr)
{
	const struct field_name *found = find_name(ct_names, LT_ARRAY_SIZE(ct_names),
	                                           nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_KEY));

	if (!found || nftnl_expr_is_set(expr, NFTNL_EXPR_CT_SREG) ||
	    nftnl_expr_get_u8(expr, NFTNL_EXPR_CT_DIR) != IP_CT_DIR_ORIGINAL)
		r->lost = true;
	else
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_CT_DREG), found->name);
}

static void read_fib(struct reading *r, const struct nftnl_expr *expr)
{
	uint32_t flags = nftnl_expr_get_u32(expr, NFTNL_EXPR_FIB_FLAGS);

	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_FIB_RESULT) != NFT_FIB_RESULT_ADDRTYPE ||
	    (flags != NFTA_FIB_F_SADDR && flags != NFTA_FIB_F_DADDR))
		r->lost = true;
	else
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_FIB_DREG),
		     flags == NFTA_FIB_F_SADDR ? "fib saddr type" : "fib daddr type");
}

/* Up to four bytes in host order of the register; more, or none, is not for us: UINT32_MAX. */
static uint32_t compared_value(const struct nftnl_expr *expr)
{
	uint32_t size = 0, value = 0;
	const void *data = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &size);

	if (!data || size == 0 || size > sizeof(value))
		return UINT32_MAX;
	memcpy(&value, data, size);
	return value;
}

/* Every comparison that we write, and no other. */
static void read_cmp(struct reading *r, const struct nftnl_expr *expr)
{
	bool equal = nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_OP) == NFT_CMP_EQ;
	uint32_t value = compared_value(expr);

	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_CMP_SREG) != NFT_REG_1) {
		r->lost = true;
	} else if (equal && holds(r, "nfproto") &&
	           (value == NFPROTO_IPV4 || value == NFPROTO_IPV6)) {
		r->family = value;
		r->family_unsaid = true;
	} else if (equal && holds(r, "meta l4proto") && protocol_name(value)) {
		r->protocol = value;
		r->protocol_unsaid = true;
	} else if (!equal && holds(r, "ct state") && r->mask == STATE_NEW && value == 0) {
		say(r, "ct state new");
	} else if (!equal && holds(r, "ct state") && r->mask == STATE_UNKNOWN && value == 0) {
		say(r, "ct state invalid,new");
	} else if (holds(r, "tcp flags") && r->mask == 0x12 && value == 0x02) {
		say(r, equal ? "tcp flags & (syn | ack) == syn" : "tcp flags & (syn | ack) != syn");
	} else if (equal && holds(r, "tcp flags") && r->mask == 0x14 && value == 0x04) {
		say(r, "tcp flags & (rst | ack) == rst");
	} else if (equal && holds(r, "icmp type") && value == ICMP_DEST_UNREACH) {
		say(r, "icmp type destination-unreachable");
	} else if (equal && holds(r, "icmpv6 type") && value == ICMP6_DST_UNREACH) {
		say(r, "icmpv6 type destination-unreachable");
	} else if (!equal && holds(r, "iif") && value == 1) {
		say(r, "iif != \"lo\"");
	} else if (equal && holds(r, "fib saddr type") && value == RTN_LOCAL) {
		say(r, "fib saddr type local");
	} else if (equal && holds(r, "fib daddr type") && value == RTN_LOCAL) {
		say(r, "fib daddr type local");
	} else if (equal && holds(r, "udp checksum") && value == 0) {
		say(r, "udp checksum 0");
	} else if (equal && holds(r, "icmpv6 type") && value == ND_NEIGHBOR_SOLICIT) {
		say(r, "icmpv6 type nd-neighbor-solicit");
	} else if (equal && holds(r, "icmpv6 type") && value == ND_NEIGHBOR_ADVERT) {
		say(r, "icmpv6 type nd-neighbor-advert");
	} else {
		r->lost = true;
	}
}

/* Only of flow states and of TCP flags, and only the bits we look at. */
static void read_bitwise(struct reading *r, const struct nftnl_expr *expr)
{
	uint32_t size = 0, mask = 0;
	const void *data = nftnl_expr_get(expr, NFTNL_EXPR_BITWISE_MASK, &size);

	if (data && size <= sizeof(mask))
		memcpy(&mask, data, size);
	if ((holds(r, "ct state") && (mask == STATE_NEW || mask == STATE_UNKNOWN)) ||
	    (holds(r, "tcp flags") && (mask == 0x12 || mask == 0x14)))
		r->mask = mask;
	else
		r->lost = true;
}

/* "ip daddr . meta l4proto . th dport": what lies side by side, as many as the set's keys have. */
static bool join_key(const struct reading *r, const struct nft_set *set, struct text *out)
{
	size_t at = 0;

	for (unsigned i = 0; i < set->part_count; i++) {
		if (at >= REGISTERS || !r->registers[at][0])
			return false;
		text_printf(out, "%s%s", i > 0 ? " . " : "", r->registers[at]);
		at += (nft_type_size(set->parts[i]) + 3) / 4;
	}
	return set->part_count > 0;
}

static void read_lookup(struct reading *r, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_LOOKUP_SET);
	const struct nft_set *set = name ? nft_table_set(r->table, name) : NULL;
	struct text key = {0};

	if (!set || set->foreign || nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_SREG) != NFT_REG_1 ||
	    !join_key(r, set, &key)) {
		r->lost = true;
	} else if (!nftnl_expr_is_set(expr, NFTNL_EXPR_LOOKUP_DREG)) {
		bool inverted = nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS) != 0;

		text_printf(&key, " %s@%s", inverted ? "!= " : "", name);
		say(r, text_str(&key));
	} else if (set->data == NFT_TYPE_VERDICT) {
		text_printf(&key, " vmap @%s", name);
		say(r, text_str(&key));
	} else {
		text_printf(&key, " map @%s", name);
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_LOOKUP_DREG), text_str(&key));
	}
	text_done(&key);
}

static void read_immediate(struct reading *r, const struct nftnl_expr *expr)
{
	const char *chain = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
	char statement[NAME_SIZE];

	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT) {
		load(r, nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_DREG), "0");
		return;
	}
	switch ((int)nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT)) {
	case NF_DROP:
		say(r, "drop");
		break;
	case NF_ACCEPT:
		say(r, "accept");
		break;
	case NFT_RETURN:
		say(r, "return");
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		snprintf(statement, sizeof(statement), "%s %s",
		         (int)nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT) == NFT_JUMP ? "jump"
		                                                                           : "goto",
		         chain ? chain : "nowhere");
		say(r, statement);
		break;
	default:
		r->lost = true;
	}
}

static void read_nat(struct reading *r, const struct nftnl_expr *expr)
{
	uint32_t family = nftnl_expr_get_u32(expr, NFTNL_EXPR_NAT_FAMILY);
	char statement[2 * NAME_SIZE];

	if (nftnl_expr_get_u32(expr, NFTNL_EXPR_NAT_TYPE) != NFT_NAT_SNAT ||
	    nftnl_expr_get_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN) != NFT_REG_1 ||
	    nftnl_expr_is_set(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN)) {
		r->lost = true;
		return;
	}
	snprintf(statement, sizeof(statement), "snat %s to %s",
	         family == NFPROTO_IPV6 ? "ip6" : "ip", r->registers[0]);
	say(r, statement);
}

static void read_reject(struct reading *r, const struct nftnl_expr *expr)
{
	uint32_t type = nftnl_expr_get_u32(expr, NFTNL_EXPR_REJECT_TYPE);

	if (type == NFT_REJECT_TCP_RST)
		say(r, "reject with tcp reset");
	else if (type == NFT_REJECT_ICMPX_UNREACH &&
	         nftnl_expr_get_u8(expr, NFTNL_EXPR_REJECT_CODE) == NFT_REJECT_ICMPX_PORT_UNREACH)
		say(r, "reject");
	else
		r->lost = true;
}

static void read_masq(struct reading *r, const struct nftnl_expr *expr)
{
	say(r, "masquerade");
}

static void read_notrack(struct reading *r, const struct nftnl_expr *expr)
{
	say(r, "notrack");
}

static void read_counter(struct reading *r, const struct nftnl_expr *expr)
{
	say(r, "counter");
}

static const struct {
	const char *name;
	void (*read)(struct reading *r, const struct nftnl_expr *expr);
} readers[] = {
	{"bitwise", read_bitwise}, {"cmp", read_cmp},         {"counter", read_counter},
	{"ct", read_ct},           {"fib", read_fib},         {"immediate", read_immediate},
	{"lookup", read_lookup},   {"masq", read_masq},       {"meta", read_meta},
	{"nat", read_nat},         {"notrack", read_notrack}, {"payload", read_payload},
	{"reject", read_reject},
};

static int read_expr(struct nftnl_expr *expr, void *ctx)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct reading *r = ctx;

	for (size_t i = 0; i < LT_ARRAY_SIZE(readers); i++) {
		if (strcmp(readers[i].name, name) == 0) {
			readers[i].read(r, expr);
			return 0;
		}
	}
	r->lost = true;
	return 0;
}

void nft_code_explain(const struct nftnl_rule *rule, const struct nft_table *table,
                      struct text *out)
{
	struct reading r = {.table = table};

	/* the library takes no const but changes nothing */
	nftnl_expr_foreach((struct nftnl_rule *)rule, read_expr, &r);
	if (r.lost) {
		nft_code_format(rule, out);
	} else {
		say_tests(&r);
		text_add(out, text_str(&r.text));
	}
	text_done(&r.text);
}
