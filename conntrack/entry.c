/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/entry.h, the reading half. Writing: conntrack/entry_put.c. */

#include "conntrack/entry.h"

#include "lib/wire.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE(subsystem, message) ((uint16_t)((subsystem) << 8 | (message)))

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
	case CONNTRACK_LOGGED:
		return "logged";
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

/* -EBADMSG: of no kind that tells of an entry. */
static int read_event(const struct nlmsghdr *message, enum conntrack_event *ret_event)
{
	switch (message->nlmsg_type) {
	case TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE):
		*ret_event = CONNTRACK_DESTROY;
		return 0;
	case TYPE(NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET):
		*ret_event = CONNTRACK_LOGGED;
		return 0;
	case TYPE(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW):
		break;
	default:
		return -EBADMSG;
	}
	if (message->nlmsg_flags & NLM_F_MULTI)
		*ret_event = CONNTRACK_DUMPED;
	else
		*ret_event = message->nlmsg_flags & NLM_F_CREATE ? CONNTRACK_NEW : CONNTRACK_UPDATE;
	return 0;
}

int conntrack_entry_decode(const struct nlmsghdr *message, struct conntrack_entry *ret_entry,
                           enum conntrack_event *ret_event)
{
	const char *end = (const char *)message + message->nlmsg_len;
	struct conntrack_entry entry = {0};
	const struct nfgenmsg *header;
	const struct nlattr *attr;
	uint8_t family;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return -EBADMSG;
	header = NLMSG_DATA(message);
	family = header->nfgen_family;
	if ((family != ADDR_IPV4 && family != ADDR_IPV6) || read_event(message, ret_event) < 0)
		return -EBADMSG;
	attr = (const struct nlattr *)(header + 1);
	if (*ret_event == CONNTRACK_LOGGED) {
		struct nest flow = nest_of(search(attr, end, NFULA_CT, 0));

		attr = flow.first;
		end = flow.end;
	}
	for (; is_attribute(attr, end); attr = behind(attr))
		read_attribute(attr, family, &entry);
	if (!is_whole(&entry.original, family, entry.original.protocol) ||
	    !is_whole(&entry.reply, family, entry.original.protocol))
		return -EBADMSG;
	if (entry.source.family == ADDR_NONE)
		entry.source_port = 0;
	*ret_entry = entry;
	return 0;
}
