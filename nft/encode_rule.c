/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/encode_rule.c - the rules' half of nft/encode.h: from operations to the kernel's
 * instructions.
 *
 * What is looked up is laid side by side in the registers from the first on, each part at a
 * multiple of four bytes; the lookup takes its key from there and puts what it finds at the
 * beginning. The order and the choice of registers are those of the nft program, so that it can
 * read our rules.
 *
 * Reason: a little longer than other files, and put_op() than other functions, because every
 * operation has its few lines here; each does one thing. */

#include "nft/encode.h"

#include "lib/wire.h"

#include <netinet/icmp6.h>
#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Where a field is found. Anything in a header needs to know that header is there. */
struct field {
	enum nft_type type;
	enum { FROM_PAYLOAD, FROM_META, FROM_CT } from;
	uint32_t base;   /* payload: enum nft_payload_bases */
	uint32_t offset; /* payload */
	uint32_t key;    /* meta and ct */
	uint8_t family;  /* NFPROTO_ it needs, 0: any */
	uint8_t protocol;
};

#define NETWORK(t, o, f)                                                                      \
	{                                                                                     \
		.type = (t), .base = NFT_PAYLOAD_NETWORK_HEADER, .offset = (o), .family = (f) \
	}
#define PORT(o, p)                                                                   \
	{                                                                            \
		.type = NFT_TYPE_INET_SERVICE, .base = NFT_PAYLOAD_TRANSPORT_HEADER, \
		.offset = (o), .protocol = (p)                                       \
	}
#define META(t, k)                                         \
	{                                                  \
		.type = (t), .from = FROM_META, .key = (k) \
	}
#define CT(t, k)                                         \
	{                                                \
		.type = (t), .from = FROM_CT, .key = (k) \
	}

static const struct field fields[NFT_FIELD_COUNT] = {
	[NFT_FIELD_IP_SADDR] = NETWORK(NFT_TYPE_IPV4_ADDR, 12, NFPROTO_IPV4),
	[NFT_FIELD_IP_DADDR] = NETWORK(NFT_TYPE_IPV4_ADDR, 16, NFPROTO_IPV4),
	[NFT_FIELD_IP6_SADDR] = NETWORK(NFT_TYPE_IPV6_ADDR, 8, NFPROTO_IPV6),
	[NFT_FIELD_IP6_DADDR] = NETWORK(NFT_TYPE_IPV6_ADDR, 24, NFPROTO_IPV6),
	[NFT_FIELD_L4PROTO] = META(NFT_TYPE_INET_PROTO, NFT_META_L4PROTO),
	[NFT_FIELD_TH_SPORT] = PORT(0, 0),
	[NFT_FIELD_TH_DPORT] = PORT(2, 0),
	[NFT_FIELD_TCP_SPORT] = PORT(0, IPPROTO_TCP),
	[NFT_FIELD_TCP_DPORT] = PORT(2, IPPROTO_TCP),
	[NFT_FIELD_UDP_SPORT] = PORT(0, IPPROTO_UDP),
	[NFT_FIELD_UDP_DPORT] = PORT(2, IPPROTO_UDP),
	[NFT_FIELD_SCTP_SPORT] = PORT(0, IPPROTO_SCTP),
	[NFT_FIELD_SCTP_DPORT] = PORT(2, IPPROTO_SCTP),
	[NFT_FIELD_MARK] = META(NFT_TYPE_MARK, NFT_META_MARK),
	[NFT_FIELD_IIFNAME] = META(NFT_TYPE_IFNAME, NFT_META_IIFNAME),
	[NFT_FIELD_OIFNAME] = META(NFT_TYPE_IFNAME, NFT_META_OIFNAME),
	[NFT_FIELD_CT_IP_DADDR] = CT(NFT_TYPE_IPV4_ADDR, NFT_CT_DST_IP),
	[NFT_FIELD_CT_IP6_DADDR] = CT(NFT_TYPE_IPV6_ADDR, NFT_CT_DST_IP6),
	[NFT_FIELD_CT_DPORT] = CT(NFT_TYPE_INET_SERVICE, NFT_CT_PROTO_DST),
};

#define TCP_FLAGS_OFFSET     13
#define TCP_FLAG_SYN         0x02
#define TCP_FLAG_RST         0x04
#define TCP_FLAG_ACK         0x10
#define TCP_CHECKSUM_OFFSET  16
#define UDP_CHECKSUM_OFFSET  6
#define SCTP_CHECKSUM_OFFSET 8
#define LOOPBACK_INDEX       1 /* of lo, in every network namespace */

struct coder {
	struct nftnl_rule *rule;
	uint32_t family;          /* what is known of the packet by now: NFPROTO_, 0: nothing */
	uint32_t protocol;        /* IPPROTO_, 0: nothing */
	enum nft_counter counter; /* still to be put before the action */
};

/* The kernel calls the registers of 16 bytes 1 to 4 and their quarters 8 to 23; a quarter that
 * begins a whole one is spoken of as the whole. */
static uint32_t register_at(size_t offset)
{
	return offset % NFT_REG_SIZE == 0 ? NFT_REG_1 + (uint32_t)(offset / NFT_REG_SIZE)
	                                  : NFT_REG32_00 + (uint32_t)(offset / NFT_REG32_SIZE);
}

static struct nftnl_expr *add(struct coder *c, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(c->rule, expr);
	return expr;
}

static void load_payload(struct coder *c, uint32_t base, uint32_t offset, uint32_t size,
                         uint32_t reg)
{
	struct nftnl_expr *expr = add(c, "payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, size);
}

static void load_meta(struct coder *c, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = add(c, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

static void load_ct(struct coder *c, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = add(c, "ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, reg);
	if (key != NFT_CT_STATE)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, IP_CT_DIR_ORIGINAL);
}

static void compare(struct coder *c, uint32_t op, const void *data, uint32_t size)
{
	struct nftnl_expr *expr = add(c, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, size);
}

static void compare_u8(struct coder *c, uint8_t value)
{
	compare(c, NFT_CMP_EQ, &value, sizeof(value));
}

static void compare_u32(struct coder *c, uint32_t op, uint32_t value)
{
	compare(c, op, &value, sizeof(value));
}

/* Register 1 becomes (register 1 & mask). */
static void mask(struct coder *c, const void *bits, uint32_t size)
{
	static const uint8_t nothing[4];
	struct nftnl_expr *expr = add(c, "bitwise");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, size);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, bits, size);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, nothing, size);
}

static void need_family(struct coder *c, uint32_t family)
{
	if (family == 0 || c->family == family)
		return;
	load_meta(c, NFT_META_NFPROTO, NFT_REG_1);
	compare_u8(c, (uint8_t)family);
	c->family = family;
}

static void need_protocol(struct coder *c, uint32_t protocol)
{
	if (protocol == 0 || c->protocol == protocol)
		return;
	load_meta(c, NFT_META_L4PROTO, NFT_REG_1);
	compare_u8(c, (uint8_t)protocol);
	c->protocol = protocol;
}

static void load_field(struct coder *c, const struct field *field, uint32_t reg)
{
	switch (field->from) {
	case FROM_PAYLOAD:
		load_payload(c, field->base, field->offset, (uint32_t)nft_type_size(field->type),
		             reg);
		break;
	case FROM_META:
		load_meta(c, field->key, reg);
		break;
	case FROM_CT:
		load_ct(c, field->key, reg);
		break;
	}
}

static void load_key(struct coder *c, const struct nft_op *op)
{
	size_t offset = 0;

	for (unsigned i = 0; i < op->field_count; i++) {
		need_family(c, fields[op->fields[i]].family);
		need_protocol(c, fields[op->fields[i]].protocol);
	}
	for (unsigned i = 0; i < op->field_count; i++) {
		const struct field *field = &fields[op->fields[i]];

		load_field(c, field, register_at(offset));
		offset += (nft_type_size(field->type) + 3) / 4 * 4;
	}
}

enum lookup { LOOKUP_IN, LOOKUP_NOT_IN, LOOKUP_DATA, LOOKUP_VERDICT };

static void look_up(struct coder *c, const struct nft_op *op, enum lookup how)
{
	struct nftnl_expr *expr;

	load_key(c, op);
	expr = add(c, "lookup");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, op->name);
	/* What the kernel would say anyway is said, so that its answer is the same. */
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS,
	                   how == LOOKUP_NOT_IN ? NFT_LOOKUP_F_INV : 0);
	switch (how) {
	case LOOKUP_IN:
	case LOOKUP_NOT_IN:
		break;
	case LOOKUP_DATA:
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
		break;
	case LOOKUP_VERDICT:
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
		break;
	}
}

/* Counts what gets as far as the action, so not what a map did not know. */
static void count(struct coder *c)
{
	if (c->counter == NFT_COUNTER_NONE)
		return;
	add(c, "counter");
	c->counter = NFT_COUNTER_NONE;
}

/* --- tests --- */

static void test_state(struct coder *c, uint32_t bits)
{
	load_ct(c, NFT_CT_STATE, NFT_REG_1);
	mask(c, &bits, sizeof(bits));
	compare_u32(c, NFT_CMP_NEQ, 0);
}

static void test_not_loopback(struct coder *c)
{
	load_meta(c, NFT_META_IIF, NFT_REG_1);
	compare_u32(c, NFT_CMP_NEQ, LOOPBACK_INDEX);
}

static void test_local(struct coder *c, uint32_t which)
{
	struct nftnl_expr *expr = add(c, "fib");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, which);
	compare_u32(c, NFT_CMP_EQ, RTN_LOCAL);
}

/* Of 'flag' and ACK: 'flag' alone, or not so. */
static void test_tcp_flag(struct coder *c, uint32_t op, uint8_t flag)
{
	const uint8_t bits = flag | TCP_FLAG_ACK;

	need_protocol(c, IPPROTO_TCP);
	load_payload(c, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1, NFT_REG_1);
	mask(c, &bits, sizeof(bits));
	compare(c, op, &flag, sizeof(flag));
}

static void test_udp_unchecked(struct coder *c)
{
	static const uint8_t none[2];

	need_protocol(c, IPPROTO_UDP);
	load_payload(c, NFT_PAYLOAD_TRANSPORT_HEADER, UDP_CHECKSUM_OFFSET, 2, NFT_REG_1);
	compare(c, NFT_CMP_EQ, none, sizeof(none));
}

static void test_icmpv6_type(struct coder *c, uint8_t type)
{
	need_family(c, NFPROTO_IPV6);
	need_protocol(c, IPPROTO_ICMPV6);
	load_payload(c, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	compare_u8(c, type);
}

static void test_unreachable(struct coder *c, uint32_t family)
{
	need_family(c, family);
	need_protocol(c, family == NFPROTO_IPV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	load_payload(c, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	compare_u8(c, family == NFPROTO_IPV6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH);
}

/* --- actions --- */

static void set_mark(struct coder *c)
{
	struct nftnl_expr *expr = add(c, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

/* Writes two bytes of a transport header, checksum mended. */
static void write_transport(struct coder *c, uint32_t offset)
{
	struct nftnl_expr *expr = add(c, "payload");
	uint32_t type = NFT_PAYLOAD_CSUM_INET, where = TCP_CHECKSUM_OFFSET;

	if (c->protocol == IPPROTO_UDP)
		where = UDP_CHECKSUM_OFFSET;
	if (c->protocol == IPPROTO_SCTP) {
		type = NFT_PAYLOAD_CSUM_SCTP;
		where = SCTP_CHECKSUM_OFFSET;
	}
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, 2);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, type);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, where);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_FLAGS, 0);
}

/* A packet that came without a checksum got one by halves when its port was written. */
static void uncheck_udp(struct coder *c)
{
	static const uint8_t none[2];
	struct nftnl_expr *expr = add(c, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, none, sizeof(none));
	write_transport(c, UDP_CHECKSUM_OFFSET);
}

static void source_nat(struct coder *c, uint32_t family)
{
	struct nftnl_expr *expr;

	count(c);
	expr = add(c, "nat");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS);
}

static void reject(struct coder *c, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr;

	count(c);
	expr = add(c, "reject");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

static void verdict(struct coder *c, int code, const char *chain)
{
	struct nftnl_expr *expr;

	count(c);
	expr = add(c, "immediate");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

/* Long, but only because there are many kinds: each does one thing. */
static void put_op(struct coder *c, const struct nft_op *op)
{
	switch (op->kind) {
	case NFT_OP_FAMILY:
		need_family(c, op->value);
		break;
	case NFT_OP_PROTOCOL:
		need_protocol(c, op->value);
		break;
	case NFT_OP_IN_SET:
		look_up(c, op, LOOKUP_IN);
		break;
	case NFT_OP_NOT_IN_SET:
		look_up(c, op, LOOKUP_NOT_IN);
		break;
	case NFT_OP_NEW_FLOW:
		test_state(c, NF_CT_STATE_BIT(IP_CT_NEW));
		break;
	case NFT_OP_UNKNOWN_FLOW:
		test_state(c, NF_CT_STATE_BIT(IP_CT_NEW) | NF_CT_STATE_INVALID_BIT);
		break;
	case NFT_OP_NOT_LOOPBACK:
		test_not_loopback(c);
		break;
	case NFT_OP_LOCAL_SOURCE:
		test_local(c, NFTA_FIB_F_SADDR);
		break;
	case NFT_OP_LOCAL_DESTINATION:
		test_local(c, NFTA_FIB_F_DADDR);
		break;
	case NFT_OP_TCP_SYN:
		test_tcp_flag(c, NFT_CMP_EQ, TCP_FLAG_SYN);
		break;
	case NFT_OP_TCP_MIDSTREAM:
		test_tcp_flag(c, NFT_CMP_NEQ, TCP_FLAG_SYN);
		break;
	case NFT_OP_TCP_RESET:
		test_tcp_flag(c, NFT_CMP_EQ, TCP_FLAG_RST);
		break;
	case NFT_OP_UNREACHABLE:
		test_unreachable(c, op->value);
		break;
	case NFT_OP_UDP_UNCHECKED:
		test_udp_unchecked(c);
		break;
	case NFT_OP_ICMPV6_TYPE:
		test_icmpv6_type(c, (uint8_t)op->value);
		break;
	case NFT_OP_VERDICT_BY_MAP:
		look_up(c, op, LOOKUP_VERDICT);
		break;
	case NFT_OP_MARK_BY_MAP:
		look_up(c, op, LOOKUP_DATA);
		set_mark(c);
		break;
	case NFT_OP_PORT_BY_MAP:
		look_up(c, op, LOOKUP_DATA);
		write_transport(c, fields[op->target].offset);
		break;
	case NFT_OP_NOTRACK:
		count(c);
		add(c, "notrack");
		break;
	case NFT_OP_UDP_UNCHECK:
		uncheck_udp(c);
		break;
	case NFT_OP_SNAT_BY_MAP:
		look_up(c, op, LOOKUP_DATA);
		source_nat(c, op->value);
		break;
	case NFT_OP_SNAT_TO_FIELD:
		load_key(c, op);
		source_nat(c, op->value);
		break;
	case NFT_OP_MASQUERADE:
		count(c);
		add(c, "masq");
		break;
	case NFT_OP_REJECT_RESET:
		reject(c, NFT_REJECT_TCP_RST, 0);
		break;
	case NFT_OP_REJECT_PORT:
		reject(c, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
		break;
	case NFT_OP_DROP:
		verdict(c, NF_DROP, NULL);
		break;
	case NFT_OP_RETURN:
		verdict(c, NFT_RETURN, NULL);
		break;
	case NFT_OP_JUMP:
	case NFT_OP_GOTO:
		verdict(c, op->kind == NFT_OP_JUMP ? NFT_JUMP : NFT_GOTO, op->name);
		break;
	}
}

static void put_comment(struct nftnl_rule *rule, const char *comment)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	nftnl_udata_put_strz(buf, NFTNL_UDATA_RULE_COMMENT, comment);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(buf),
	                    nftnl_udata_buf_len(buf));
	nftnl_udata_buf_free(buf);
}

struct nftnl_rule *nft_encode_rule(const char *chain, const struct nft_rule *rule)
{
	struct coder c = {.rule = nftnl_rule_alloc(), .counter = rule->counter};

	nftnl_rule_set_u32(c.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(c.rule, NFTNL_RULE_TABLE, NFT_TABLE_NAME);
	if (chain)
		nftnl_rule_set_str(c.rule, NFTNL_RULE_CHAIN, chain);
	for (size_t i = 0; i < rule->op_count; i++)
		put_op(&c, &rule->ops[i]);
	if (rule->counter != NFT_COUNTER_NONE)
		put_comment(c.rule, nft_counter_name(rule->counter));
	return c.rule;
}
