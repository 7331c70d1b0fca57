/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/entry.h"

#include "lib/wire.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Of CTA_FILTER_ORIG_FLAGS: compare the destination address. The kernel has these numbers in
 * nf_conntrack_netlink.c only. */
#define FILTER_DESTINATION 0x2
#define TYPE(message)      ((uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | (message)))

const char *conntrack_event_name(enum conntrack_event event)
{
	switch (event) {
	case CONNTRACK_NEW:
		return "new";
	case CONNTRACK_UPDATE:
		return "update";
	case CONNTRACK_DESTROY:
		return "destroy";
	case CONNTRACK_DUMPED:
		return "dumped";
	}
	return "unknown";
}

bool conntrack_tuple_equal(const struct conntrack_tuple *a, const struct conntrack_tuple *b)
{
	return a->protocol == b->protocol && a->source_port == b->source_port &&
	       a->destination_port == b->destination_port && addr_equal(&a->source, &b->source) &&
	       addr_equal(&a->destination, &b->destination);
}

/* --- reading --- */

/* An event has forty attributes. With libmnl each costs half a dozen calls of functions, and what
 * is told of each connection has to be cheap. */
static bool is_attribute(const struct nlattr *attr, const void *end)
{
	ptrdiff_t left = (const char *)end - (const char *)attr;

	return left >= (ptrdiff_t)sizeof(*attr) && attr->nla_len >= sizeof(*attr) &&
	       attr->nla_len <= left;
}

static const struct nlattr *behind(const struct nlattr *attr)
{
	return (const struct nlattr *)((const char *)attr + NLA_ALIGN(attr->nla_len));
}

static const void *payload(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static size_t payload_size(const struct nlattr *attr)
{
	return attr->nla_len - (size_t)NLA_HDRLEN;
}

static uint16_t type_of(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

/* 0 of one that is absent or too short. */
static uint8_t read_u8(const struct nlattr *attr)
{
	return attr && payload_size(attr) >= 1 ? *(const uint8_t *)payload(attr) : 0;
}

static uint16_t read_be16(const struct nlattr *attr)
{
	uint16_t value = 0;

	if (attr && payload_size(attr) >= sizeof(value))
		memcpy(&value, payload(attr), sizeof(value));
	return wire_be16(value);
}

static uint32_t read_be32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (attr && payload_size(attr) >= sizeof(value))
		memcpy(&value, payload(attr), sizeof(value));
	return wire_be32(value);
}

/* The attributes of a nest. */
struct nest {
	const struct nlattr *first, *next; /* next: behind the one that was found last */
	const char *end;
};

/* Of no nest none. */
static inline struct nest nest_of(const struct nlattr *attr)
{
	static const struct nlattr nothing;
	const struct nlattr *first = attr ? payload(attr) : &nothing;

	return (struct nest){
		.first = first,
		.next = first,
		.end = attr ? (const char *)attr + attr->nla_len : (const char *)&nothing,
	};
}

static const struct nlattr *search(const struct nlattr *attr, const char *end, uint16_t type,
                                   size_t size)
{
	for (; is_attribute(attr, end); attr = behind(attr)) {
		if (type_of(attr) == type && payload_size(attr) >= size)
			return attr;
	}
	return NULL;
}

/* The attribute of that type and size, or longer; NULL: there is none. The kernel writes them in
 * the order in which they are asked for here: mostly it is the next one, exactly as it should be,
 * which one comparison shows. */
static inline const struct nlattr *find(struct nest *nest, uint16_t type, uint16_t size)
{
	const struct nlattr *attr = nest->next;

	if (nest->end - (const char *)attr < NLA_HDRLEN + size ||
	    attr->nla_len != NLA_HDRLEN + size || attr->nla_type != type)
		attr = search(nest->first, nest->end, type, size);
	if (attr)
		nest->next = behind(attr);
	return attr;
}

static inline struct nest find_nest(struct nest *nest, uint16_t type)
{
	const struct nlattr *attr = nest->next;

	if (!is_attribute(attr, nest->end) || type_of(attr) != type)
		attr = search(nest->first, nest->end, type, 0);
	if (attr)
		nest->next = behind(attr);
	return nest_of(attr);
}

/* In place: an address that is made first and copied then takes twice as long. */
static void read_address(const struct nlattr *attr, enum addr_family family, struct addr *addr)
{
	if (!attr)
		return;
	addr->family = (uint8_t)family;
	memcpy(addr->bytes, payload(attr), family == ADDR_IPV6 ? 16 : 4);
}

/* Into one that is all zeroes. */
static void read_tuple(const struct nlattr *attr, uint8_t family, struct conntrack_tuple *tuple)
{
	struct nest parts = nest_of(attr), addresses = find_nest(&parts, CTA_TUPLE_IP);
	struct nest ports = find_nest(&parts, CTA_TUPLE_PROTO);

	if (family == ADDR_IPV6) {
		read_address(find(&addresses, CTA_IP_V6_SRC, 16), ADDR_IPV6, &tuple->source);
		read_address(find(&addresses, CTA_IP_V6_DST, 16), ADDR_IPV6, &tuple->destination);
	} else {
		read_address(find(&addresses, CTA_IP_V4_SRC, 4), ADDR_IPV4, &tuple->source);
		read_address(find(&addresses, CTA_IP_V4_DST, 4), ADDR_IPV4, &tuple->destination);
	}
	tuple->protocol = read_u8(find(&ports, CTA_PROTO_NUM, 1));
	tuple->source_port = read_be16(find(&ports, CTA_PROTO_SRC_PORT, 2));
	tuple->destination_port = read_be16(find(&ports, CTA_PROTO_DST_PORT, 2));
}

static bool is_liberal(const struct nlattr *attr)
{
	struct nf_ct_tcp_flags flags;

	if (!attr)
		return false;
	memcpy(&flags, payload(attr), sizeof(flags));
	return flags.flags & IP_CT_TCP_FLAG_BE_LIBERAL;
}

static void read_state(const struct nlattr *attr, struct conntrack_entry *entry)
{
	if (!attr)
		return;
	entry->state = read_u8(attr);
	entry->has_state = true;
}

static void read_protocol(const struct nlattr *attr, struct conntrack_entry *entry)
{
	const uint16_t flags = sizeof(struct nf_ct_tcp_flags);
	struct nest parts = nest_of(attr), tcp = find_nest(&parts, CTA_PROTOINFO_TCP);
	struct nest sctp = find_nest(&parts, CTA_PROTOINFO_SCTP);

	read_state(find(&tcp, CTA_PROTOINFO_TCP_STATE, 1), entry);
	entry->liberal = is_liberal(find(&tcp, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, flags)) &&
	                 is_liberal(find(&tcp, CTA_PROTOINFO_TCP_FLAGS_REPLY, flags));
	read_state(find(&sctp, CTA_PROTOINFO_SCTP_STATE, 1), entry);
	entry->tags[0] = read_be32(find(&sctp, CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, 4));
	entry->tags[1] = read_be32(find(&sctp, CTA_PROTOINFO_SCTP_VTAG_REPLY, 4));
}

static void read_nat(const struct nlattr *attr, uint8_t family, struct conntrack_entry *entry)
{
	struct nest parts = nest_of(attr), ports;

	if (family == ADDR_IPV6)
		read_address(find(&parts, CTA_NAT_V6_MINIP, 16), ADDR_IPV6, &entry->source);
	else
		read_address(find(&parts, CTA_NAT_V4_MINIP, 4), ADDR_IPV4, &entry->source);
	ports = find_nest(&parts, CTA_NAT_PROTO);
	entry->source_port = read_be16(find(&ports, CTA_PROTONAT_PORT_MIN, 2));
}

static void read_attribute(const struct nlattr *attr, uint8_t family, struct conntrack_entry *entry)
{
	switch (type_of(attr)) {
	case CTA_TUPLE_ORIG:
		read_tuple(attr, family, &entry->original);
		break;
	case CTA_TUPLE_REPLY:
		read_tuple(attr, family, &entry->reply);
		break;
	case CTA_STATUS:
		entry->status = read_be32(attr);
		break;
	case CTA_PROTOINFO:
		read_protocol(attr, entry);
		break;
	case CTA_TIMEOUT:
		entry->timeout_s = read_be32(attr);
		break;
	case CTA_MARK:
		entry->mark = read_be32(attr);
		break;
	case CTA_NAT_SRC:
		read_nat(attr, family, entry);
		break;
	case CTA_ID:
		entry->id = read_be32(attr);
		break;
	case CTA_ZONE:
		entry->zone = read_be16(attr);
		break;
	default:
		break;
	}
}

static bool is_whole(const struct conntrack_tuple *tuple, uint8_t family, uint8_t protocol)
{
	return tuple->protocol == protocol && tuple->source.family == family &&
	       tuple->destination.family == family;
}

int conntrack_entry_decode(const struct nlmsghdr *message, struct conntrack_entry *ret_entry,
                           enum conntrack_event *ret_event)
{
	const void *end = (const char *)message + message->nlmsg_len;
	struct conntrack_entry entry = {0};
	const struct nfgenmsg *header;
	const struct nlattr *attr;
	enum conntrack_event event;
	uint8_t family;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return -EBADMSG;
	header = NLMSG_DATA(message);
	family = header->nfgen_family;
	if (family != ADDR_IPV4 && family != ADDR_IPV6)
		return -EBADMSG;
	if (message->nlmsg_type == TYPE(IPCTNL_MSG_CT_DELETE))
		event = CONNTRACK_DESTROY;
	else if (message->nlmsg_type != TYPE(IPCTNL_MSG_CT_NEW))
		return -EBADMSG;
	else if (message->nlmsg_flags & NLM_F_MULTI)
		event = CONNTRACK_DUMPED;
	else
		event = message->nlmsg_flags & NLM_F_CREATE ? CONNTRACK_NEW : CONNTRACK_UPDATE;
	for (attr = (const struct nlattr *)(header + 1); is_attribute(attr, end);
	     attr = behind(attr))
		read_attribute(attr, family, &entry);
	if (!is_whole(&entry.original, family, entry.original.protocol) ||
	    !is_whole(&entry.reply, family, entry.original.protocol))
		return -EBADMSG;
	if (entry.source.family == ADDR_NONE)
		entry.source_port = 0;
	*ret_entry = entry;
	*ret_event = event;
	return 0;
}

/* --- writing --- */

static struct nlmsghdr *begin(struct nl_batch *batch, uint8_t message_type, uint16_t flags,
                              uint8_t family)
{
	struct nlmsghdr *message = nl_batch_begin(batch, TYPE(message_type), flags);
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

void conntrack_entry_put_get(struct nl_batch *one, const struct conntrack_tuple *tuple)
{
	struct nlmsghdr *message = begin(one, IPCTNL_MSG_CT_GET, 0, tuple->source.family);

	put_tuple(message, CTA_TUPLE_ORIG, tuple);
	nl_batch_end(one, message);
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
