/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/entry.h - one entry of the kernel's connection tracking, to and from ctnetlink
 * messages.
 *
 * Pure. Ports and numbers in host order. The decoder takes whatever comes: an attribute of the
 * wrong size is as if it were absent. Sources: Linux include/uapi/linux/netfilter/
 * nfnetlink_conntrack.h, nf_conntrack_common.h; net/netfilter/nf_conntrack_netlink.c. */

#ifndef LINTEL_CONNTRACK_ENTRY_H
#define LINTEL_CONNTRACK_ENTRY_H

#include "lib/addr.h"
#include "lib/compiler.h"
#include "lib/nl.h"

/* One direction of a flow. */
struct conntrack_tuple {
	uint8_t protocol;   /* IPPROTO_ */
	struct addr source; /* both of one family */
	struct addr destination;
	uint16_t source_port; /* 0 for protocols without ports */
	uint16_t destination_port;
};
/* Same in everything? */
bool conntrack_tuple_equal(const struct conntrack_tuple *a, const struct conntrack_tuple *b);

/* Bits of the status (IPS_) that we look at or may set. */
#define CONNTRACK_SEEN_REPLY         0x2
#define CONNTRACK_ASSURED            0x4
#define CONNTRACK_CONFIRMED          0x8
#define CONNTRACK_SOURCE_NAT         0x10 /* only read */

/* States of TCP (enum tcp_conntrack) and SCTP (enum sctp_conntrack); not those of IPVS. */
#define CONNTRACK_TCP_SYN_RECV       2
#define CONNTRACK_TCP_ESTABLISHED    3
#define CONNTRACK_TCP_FIN_WAIT       4
#define CONNTRACK_TCP_CLOSE          8
#define CONNTRACK_SCTP_ESTABLISHED   4
#define CONNTRACK_SCTP_SHUTDOWN      5 /* and the two above it */
#define CONNTRACK_SCTP_SHUTDOWN_LAST 7

struct conntrack_entry {
	struct conntrack_tuple original; /* as the first packet came */
	struct conntrack_tuple reply;    /* as answers come; to create one with source NAT: as they
	                                    would come without (the kernel rewrites it) */
	uint32_t status;                 /* CONNTRACK_ bits */
	uint32_t timeout_s;              /* that it still lives; 0: not said */
	uint32_t mark;
	uint32_t id;        /* 0: not said */
	uint16_t zone;      /* 0: the default */
	uint8_t state;      /* of TCP or SCTP, valid with has_state */
	bool has_state;     /* events say it only when it changed */
	bool liberal;       /* TCP: windows are not checked, both ways */
	uint32_t tags[2];   /* SCTP: verification tags, original and reply; valid with has_state */
	struct addr source; /* to create: source NAT to this address, ADDR_NONE: none */
	uint16_t source_port;
};

/* What a message tells. */
enum conntrack_event {
	CONNTRACK_NEW,
	CONNTRACK_UPDATE,
	CONNTRACK_DESTROY,
	CONNTRACK_DUMPED, /* part of a dump: it is there */
};
const char *conntrack_event_name(enum conntrack_event event); /* "new" */

/* -EBADMSG: no message about an entry, or one without both tuples. */
LT_MUST_USE int conntrack_entry_decode(const struct nlmsghdr *message,
                                       struct conntrack_entry *ret_entry,
                                       enum conntrack_event *ret_event);

/* Appends a message that creates the entry, and is refused with EEXIST when there is one for either
 * tuple. Needs a timeout. */
void conntrack_entry_put_create(struct nl_batch *batch, const struct conntrack_entry *entry);
/* Appends one that changes timeout, status, state and mark of an existing entry; ENOENT when there
 * is none. What the kernel does not allow to change (NAT) is left out. */
void conntrack_entry_put_update(struct nl_batch *batch, const struct conntrack_entry *entry);
/* Appends one that deletes the entry to which packets of this tuple, of either direction, belong;
 * with an 'id' other than 0 only the one of that id. ENOENT when there is none. */
void conntrack_entry_put_delete(struct nl_batch *batch, const struct conntrack_tuple *tuple,
                                uint32_t id);
/* Appends a request for the entry to which packets of this tuple belong; ENOENT when there is none.
 */
void conntrack_entry_put_get(struct nl_batch *one, const struct conntrack_tuple *tuple);
/* Appends a request for all entries of a family (ADDR_NONE: of both); with an IPv4 'destination'
 * (may be NULL) only those whose original tuple goes there (kernels from 5.8 on; older ones give
 * all). There is none for IPv6: kernels (6.1, 6.18) give all entries but the wanted ones then
 * (ctnetlink_filter_match_tuple). */
void conntrack_entry_put_dump(struct nl_batch *one, enum addr_family family,
                              const struct addr *destination);

#endif
