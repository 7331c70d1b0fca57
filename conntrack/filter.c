/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads of the machine give numbers in network order; jumps within reach of a byte are counted from
 * the next instruction. */

#include "conntrack/filter.h"

#include "conntrack/entry.h"
#include "lib/wire.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

#define ATTRIBUTES (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
#define NEST       0 /* scratch cell: where CTA_TUPLE_ORIG begins */
#define IP_NEST    1 /* ... CTA_TUPLE_IP in it */
#define PROTOCOL   2 /* ... its CTA_PROTO_NUM */
#define ACCEPT     0xffffffff
#define REJECT     0

static void add(struct conntrack_filter *f, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	f->code[f->size++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void finish(struct conntrack_filter *f, uint32_t verdict)
{
	add(f, BPF_RET | BPF_K, 0, 0, verdict);
}

/* A becomes the place of attribute 'type' in what A says ('how': the attributes from there on, or
 * those of the nest there); on an event without it that is the verdict. */
static void find_or(struct conntrack_filter *f, uint32_t how, uint32_t type, uint32_t verdict)
{
	add(f, BPF_LDX | BPF_IMM, 0, 0, type);
	add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)SKF_AD_OFF + how);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	finish(f, verdict);
}

static void find(struct conntrack_filter *f, uint32_t how, uint32_t type)
{
	find_or(f, how, type, ACCEPT);
}

static void refuse_own(struct conntrack_filter *f, uint32_t own)
{
	add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct nlmsghdr, nlmsg_pid));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, wire_be32(own));
	finish(f, REJECT);
}

static void find_tuple(struct conntrack_filter *f)
{
	add(f, BPF_LD | BPF_IMM, 0, 0, ATTRIBUTES);
	find(f, SKF_AD_NLATTR, CTA_TUPLE_ORIG);
	add(f, BPF_ST, 0, 0, NEST);
}

/* Goes on behind what follows, whatever that is; give the result to land(). */
static size_t leap(struct conntrack_filter *f)
{
	add(f, BPF_JMP | BPF_JA, 0, 0, 0);
	return f->size - 1;
}

static void land(struct conntrack_filter *f, size_t from)
{
	f->code[from].k = (uint32_t)(f->size - from - 1);
}

/* Of the eight events of a TCP connection those that a peer would want to know: established, the
 * first FIN, a reset, the end. */
static void want_tcp_news(struct conntrack_filter *f)
{
	static const uint8_t states[] = {CONNTRACK_TCP_ESTABLISHED, CONNTRACK_TCP_FIN_WAIT,
	                                 CONNTRACK_TCP_CLOSE};

	add(f, BPF_LD | BPF_IMM, 0, 0, ATTRIBUTES);
	find_or(f, SKF_AD_NLATTR, CTA_PROTOINFO, REJECT);
	find_or(f, SKF_AD_NLATTR_NEST, CTA_PROTOINFO_TCP, REJECT);
	find_or(f, SKF_AD_NLATTR_NEST, CTA_PROTOINFO_TCP_STATE, REJECT);
	add(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	add(f, BPF_LD | BPF_B | BPF_IND, 0, 0, NLA_HDRLEN);
	for (size_t i = 0; i < LT_ARRAY_SIZE(states); i++)
		add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(LT_ARRAY_SIZE(states) - i), 0,
		    states[i]);
	finish(f, REJECT);
}

/* Of UDP the first packet and the end: who has an answer is known by comparing. */
static void want_udp_news(struct conntrack_filter *f)
{
	add(f, BPF_LD | BPF_H | BPF_ABS, 0, 0, offsetof(struct nlmsghdr, nlmsg_flags));
	add(f, BPF_JMP | BPF_JSET | BPF_K, 1, 0, wire_be16(NLM_F_CREATE));
	finish(f, REJECT);
}

/* A connection that came to nothing was not told of: of a flood of SYNs nothing is heard. Assured
 * it is from when it is established. */
static void want_tcp_end(struct conntrack_filter *f)
{
	add(f, BPF_LD | BPF_IMM, 0, 0, ATTRIBUTES);
	find_or(f, SKF_AD_NLATTR, CTA_STATUS, REJECT);
	add(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	add(f, BPF_LD | BPF_W | BPF_IND, 0, 0, NLA_HDRLEN);
	add(f, BPF_JMP | BPF_JSET | BPF_K, 1, 0, CONNTRACK_ASSURED);
	finish(f, REJECT);
}

/* What is worth telling goes on behind. */
static void want_news(struct conntrack_filter *f)
{
	const uint16_t end = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	size_t lives, ended, udp, told;

	add(f, BPF_LD | BPF_H | BPF_ABS, 0, 0, offsetof(struct nlmsghdr, nlmsg_type));
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, wire_be16(end));
	lives = leap(f);
	add(f, BPF_LD | BPF_MEM, 0, 0, PROTOCOL);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, IPPROTO_TCP);
	ended = leap(f);
	want_tcp_end(f);
	size_t assured = leap(f);
	land(f, lives);
	add(f, BPF_LD | BPF_MEM, 0, 0, PROTOCOL);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, IPPROTO_UDP);
	udp = leap(f);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, IPPROTO_TCP);
	told = leap(f); /* SCTP: all */
	want_tcp_news(f);
	size_t tcp = leap(f);
	land(f, udp);
	want_udp_news(f);
	land(f, ended);
	land(f, assured);
	land(f, told);
	land(f, tcp);
}

/* Leaves the protocol in its cell. */
static void want_protocols(struct conntrack_filter *f)
{
	add(f, BPF_LD | BPF_MEM, 0, 0, NEST);
	find(f, SKF_AD_NLATTR_NEST, CTA_TUPLE_PROTO);
	find(f, SKF_AD_NLATTR_NEST, CTA_PROTO_NUM);
	add(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	add(f, BPF_LD | BPF_B | BPF_IND, 0, 0, NLA_HDRLEN);
	add(f, BPF_ST, 0, 0, PROTOCOL);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, IPPROTO_TCP);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, IPPROTO_UDP);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, IPPROTO_SCTP);
	finish(f, REJECT);
}

static uint32_t word_of(const struct addr *addr, size_t index)
{
	uint32_t word;

	memcpy(&word, addr->bytes + 4 * index, sizeof(word));
	return wire_be32(word);
}

/* X is where the destination's attribute is. All words equal: accept. */
static void want_address(struct conntrack_filter *f, const struct addr *addr)
{
	size_t words = addr_size(addr) / 4;

	for (size_t i = 0; i < words; i++) {
		uint8_t rest = (uint8_t)(2 * (words - i) - 1); /* to behind the verdict */

		add(f, BPF_LD | BPF_W | BPF_IND, 0, 0, (uint32_t)(NLA_HDRLEN + 4 * i));
		add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, rest, word_of(addr, i));
	}
	finish(f, ACCEPT);
}

/* When the flow is of this family its destination decides; else goes on behind. */
static void want_family(struct conntrack_filter *f, enum addr_family family,
                        const struct addr *virtuals, size_t count)
{
	size_t jump;

	add(f, BPF_LD | BPF_MEM, 0, 0, IP_NEST);
	add(f, BPF_LDX | BPF_IMM, 0, 0, family == ADDR_IPV6 ? CTA_IP_V6_DST : CTA_IP_V4_DST);
	add(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)SKF_AD_OFF + SKF_AD_NLATTR_NEST);
	add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	jump = leap(f);
	add(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	for (size_t i = 0; i < count; i++) {
		if (virtuals[i].family == family)
			want_address(f, &virtuals[i]);
	}
	finish(f, REJECT);
	land(f, jump);
}

void conntrack_filter_make(const struct addr *virtuals, size_t count, uint32_t own,
                           struct conntrack_filter *ret_filter)
{
	struct conntrack_filter *f = ret_filter;

	f->size = 0;
	refuse_own(f, own);
	find_tuple(f);
	want_protocols(f);
	want_news(f);
	if (count <= CONNTRACK_FILTER_ADDRESSES_MAX) {
		add(f, BPF_LD | BPF_MEM, 0, 0, NEST);
		find(f, SKF_AD_NLATTR_NEST, CTA_TUPLE_IP);
		add(f, BPF_ST, 0, 0, IP_NEST);
		want_family(f, ADDR_IPV4, virtuals, count);
		want_family(f, ADDR_IPV6, virtuals, count);
	}
	finish(f, ACCEPT);
}
