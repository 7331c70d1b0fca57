/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/entry.h, the writing half. */

#include "conntrack/entry.h"

#include "lib/wire.h"

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Of CTA_FILTER_ORIG_FLAGS: compare the destination address. The kernel has these numbers in
 * nf_conntrack_netlink.c only. */
#define FILTER_DESTINATION 0x2

static struct nlmsghdr *begin(struct nl_batch *batch, uint8_t message_type, uint16_t flags,
                              uint8_t family)
{
	struct nlmsghdr *message =
		nl_batch_begin(batch, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message_type), flags);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	header->res_id = 0;
	return message;
}

static void put_be16(struct nlmsghdr *message, uint16_t type, uint16_t value)
{
	mnl_attr_put_u16(message, type, wire_be16(value));
}

static void put_be32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(message, type, wire_be32(value));
}

static void put_address(struct nlmsghdr *message, uint16_t type4, uint16_t type6,
                        const struct addr *addr)
{
	mnl_attr_put(message, addr->family == ADDR_IPV6 ? type6 : type4, addr_size(addr),
	             addr->bytes);
}

static void put_tuple(struct nlmsghdr *message, uint16_t type, const struct conntrack_tuple *tuple)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type), *inner;

	inner = mnl_attr_nest_start(message, CTA_TUPLE_IP);
	put_address(message, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &tuple->source);
	put_address(message, CTA_IP_V4_DST, CTA_IP_V6_DST, &tuple->destination);
	mnl_attr_nest_end(message, inner);
	inner = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, tuple->protocol);
	put_be16(message, CTA_PROTO_SRC_PORT, tuple->source_port);
	put_be16(message, CTA_PROTO_DST_PORT, tuple->destination_port);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
}

/* The kernel takes no state of SCTP without the tags. */
static void put_sctp(struct nlmsghdr *message, const struct conntrack_entry *entry)
{
	struct nlattr *nest, *inner;

	nest = mnl_attr_nest_start(message, CTA_PROTOINFO);
	inner = mnl_attr_nest_start(message, CTA_PROTOINFO_SCTP);
	mnl_attr_put_u8(message, CTA_PROTOINFO_SCTP_STATE, entry->state);
	put_be32(message, CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, entry->tags[0]);
	put_be32(message, CTA_PROTOINFO_SCTP_VTAG_REPLY, entry->tags[1]);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
}

static void put_tcp(struct nlmsghdr *message, const struct conntrack_entry *entry)
{
	const struct nf_ct_tcp_flags flags = {
		.flags = entry->liberal ? IP_CT_TCP_FLAG_BE_LIBERAL : 0,
		.mask = IP_CT_TCP_FLAG_BE_LIBERAL,
	};
	struct nlattr *nest, *inner;

	nest = mnl_attr_nest_start(message, CTA_PROTOINFO);
	inner = mnl_attr_nest_start(message, CTA_PROTOINFO_TCP);
	mnl_attr_put_u8(message, CTA_PROTOINFO_TCP_STATE, entry->state);
	mnl_attr_put(message, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, sizeof(flags), &flags);
	mnl_attr_put(message, CTA_PROTOINFO_TCP_FLAGS_REPLY, sizeof(flags), &flags);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
}

static void put_state(struct nlmsghdr *message, const struct conntrack_entry *entry)
{
	if (entry->has_state && entry->original.protocol == IPPROTO_TCP)
		put_tcp(message, entry);
	else if (entry->has_state && entry->original.protocol == IPPROTO_SCTP)
		put_sctp(message, entry);
}

static void put_nat(struct nlmsghdr *message, const struct conntrack_entry *entry)
{
	struct nlattr *nest, *inner;

	if (entry->source.family == ADDR_NONE)
		return;
	nest = mnl_attr_nest_start(message, CTA_NAT_SRC);
	put_address(message, CTA_NAT_V4_MINIP, CTA_NAT_V6_MINIP, &entry->source);
	put_address(message, CTA_NAT_V4_MAXIP, CTA_NAT_V6_MAXIP, &entry->source);
	inner = mnl_attr_nest_start(message, CTA_NAT_PROTO);
	put_be16(message, CTA_PROTONAT_PORT_MIN, entry->source_port);
	put_be16(message, CTA_PROTONAT_PORT_MAX, entry->source_port);
	mnl_attr_nest_end(message, inner);
	mnl_attr_nest_end(message, nest);
}

/* Other bits are the kernel's own, and refused or worse, taken. */
static uint32_t settable(uint32_t status)
{
	return (status & (CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED)) | CONNTRACK_CONFIRMED;
}

static void put_life(struct nlmsghdr *message, const struct conntrack_entry *entry)
{
	put_be32(message, CTA_STATUS, settable(entry->status));
	if (entry->timeout_s != 0)
		put_be32(message, CTA_TIMEOUT, entry->timeout_s);
	if (entry->mark != 0)
		put_be32(message, CTA_MARK, entry->mark);
	put_state(message, entry);
}

void conntrack_entry_put_create(struct nl_batch *batch, const struct conntrack_entry *entry)
{
	struct nlmsghdr *message = begin(batch, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL,
	                                 entry->original.source.family);

	put_tuple(message, CTA_TUPLE_ORIG, &entry->original);
	put_tuple(message, CTA_TUPLE_REPLY, &entry->reply);
	put_life(message, entry);
	put_nat(message, entry);
	nl_batch_end(batch, message);
}

void conntrack_entry_put_update(struct nl_batch *batch, const struct conntrack_entry *entry)
{
	struct nlmsghdr *message =
		begin(batch, IPCTNL_MSG_CT_NEW, 0, entry->original.source.family);

	put_tuple(message, CTA_TUPLE_ORIG, &entry->original);
	put_life(message, entry);
	nl_batch_end(batch, message);
}

void conntrack_entry_put_delete(struct nl_batch *batch, const struct conntrack_tuple *tuple,
                                uint32_t id)
{
	struct nlmsghdr *message = begin(batch, IPCTNL_MSG_CT_DELETE, 0, tuple->source.family);

	put_tuple(message, CTA_TUPLE_ORIG, tuple);
	if (id != 0)
		put_be32(message, CTA_ID, id);
	nl_batch_end(batch, message);
}

void conntrack_entry_put_dump(struct nl_batch *one, enum addr_family family,
                              const struct addr *destination)
{
	struct nlmsghdr *message = begin(one, IPCTNL_MSG_CT_GET, NLM_F_DUMP, (uint8_t)family);
	struct nlattr *nest, *inner;

	if (destination && destination->family == ADDR_IPV4) {
		nest = mnl_attr_nest_start(message, CTA_TUPLE_ORIG);
		inner = mnl_attr_nest_start(message, CTA_TUPLE_IP);
		put_address(message, CTA_IP_V4_DST, CTA_IP_V6_DST, destination);
		mnl_attr_nest_end(message, inner);
		mnl_attr_nest_end(message, nest);
		nest = mnl_attr_nest_start(message, CTA_FILTER);
		/* in the kernel's own order of bytes, unlike everything else */
		mnl_attr_put_u32(message, CTA_FILTER_ORIG_FLAGS, FILTER_DESTINATION);
		mnl_attr_put_u32(message, CTA_FILTER_REPLY_FLAGS, 0);
		mnl_attr_nest_end(message, nest);
	}
	nl_batch_end(one, message);
}
