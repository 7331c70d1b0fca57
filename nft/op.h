/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/op.h - what a rule of ours is made of, above the level of kernel instructions.
 *
 * Pure data. nft/encode.h makes instructions of it; what a field needs (an "ip daddr" needs an IPv4
 * packet) is seen to there. */

#ifndef LINTEL_NFT_OP_H
#define LINTEL_NFT_OP_H

#include "nft/table.h"

#define NFT_IPPROTO_VRRP 112 /* IANA */

/* What is looked at in a packet or its flow. */
enum nft_field {
	NFT_FIELD_IP_SADDR,
	NFT_FIELD_IP_DADDR,
	NFT_FIELD_IP6_SADDR,
	NFT_FIELD_IP6_DADDR,
	NFT_FIELD_L4PROTO,
	NFT_FIELD_TH_SPORT, /* of whatever protocol */
	NFT_FIELD_TH_DPORT,
	NFT_FIELD_TCP_SPORT,
	NFT_FIELD_TCP_DPORT,
	NFT_FIELD_UDP_SPORT,
	NFT_FIELD_UDP_DPORT,
	NFT_FIELD_SCTP_SPORT,
	NFT_FIELD_SCTP_DPORT,
	NFT_FIELD_MARK,
	NFT_FIELD_IIFNAME,
	NFT_FIELD_OIFNAME,
	NFT_FIELD_CT_IP_DADDR,  /* where the flow's first packet went, before anybody rewrote it */
	NFT_FIELD_CT_IP6_DADDR, /* the same, IPv6 */
	NFT_FIELD_CT_DPORT,     /* its port */
	NFT_FIELD_COUNT,
};

/* Tests end the rule when they fail; a map that has no such element ends it, too. */
enum nft_op_kind {
	NFT_OP_FAMILY,       /* test: value is NFPROTO_IPV4 or NFPROTO_IPV6 */
	NFT_OP_PROTOCOL,     /* test: value is IPPROTO_... */
	NFT_OP_IN_SET,       /* test: the fields are in set 'name' */
	NFT_OP_NOT_IN_SET,   /* test */
	NFT_OP_NEW_FLOW,     /* test: ct state new */
	NFT_OP_UNKNOWN_FLOW, /* test: ct state new or invalid: of no flow that is known */
	NFT_OP_NOT_LOOPBACK, /* test: came from outside this machine */
	NFT_OP_LOCAL_SOURCE, /* test: the source is an address of this machine */
	NFT_OP_LOCAL_DESTINATION,
	NFT_OP_TCP_SYN,        /* test: SYN without ACK */
	NFT_OP_TCP_MIDSTREAM,  /* test: any other TCP packet */
	NFT_OP_TCP_RESET,      /* test: a reset that answers a packet in midstream (RST, no ACK) */
	NFT_OP_UNREACHABLE,    /* test: an ICMP destination unreachable; value is NFPROTO_ */
	NFT_OP_UDP_UNCHECKED,  /* test: a UDP packet without checksum */
	NFT_OP_ICMPV6_TYPE,    /* test: value */
	NFT_OP_VERDICT_BY_MAP, /* goes where verdict map 'name' says */
	NFT_OP_MARK_BY_MAP,    /* packet mark from map 'name' */
	NFT_OP_PORT_BY_MAP,    /* 'target' field of the packet from map 'name' */
	NFT_OP_NOTRACK,        /* connection tracking passes it over */
	NFT_OP_UDP_UNCHECK,    /* takes the UDP checksum away */
	NFT_OP_SNAT_BY_MAP,    /* source NAT to the address in map 'name', NFPROTO_ in value */
	NFT_OP_SNAT_TO_FIELD,  /* source NAT to the address in fields[0], NFPROTO_ in value */
	NFT_OP_MASQUERADE,
	NFT_OP_REJECT_RESET, /* TCP reset */
	NFT_OP_REJECT_PORT,  /* ICMP or ICMPv6 port unreachable */
	NFT_OP_DROP,
	NFT_OP_RETURN,
	NFT_OP_JUMP, /* to chain 'name' */
	NFT_OP_GOTO,
};

struct nft_op {
	enum nft_op_kind kind;
	enum nft_field fields[NFT_KEY_PARTS_MAX]; /* looked up together */
	unsigned field_count;
	enum nft_field target; /* PORT_BY_MAP */
	uint32_t value;
	const char *name; /* of a set, map or chain */
};

/* Operations by what they need: nothing, a value, a chain, a set and what is looked up in it. Names
 * are not copied. */
struct nft_op nft_op_plain(enum nft_op_kind kind);
struct nft_op nft_op_valued(enum nft_op_kind kind, uint32_t value);
struct nft_op nft_op_go(enum nft_op_kind kind, const char *chain);
struct nft_op nft_op_look1(enum nft_op_kind kind, const char *set, enum nft_field a);
struct nft_op nft_op_look2(enum nft_op_kind kind, const char *set, enum nft_field a,
                           enum nft_field b);

#endif
