/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/rtnl.h - links and addresses over rtnetlink: decode, dump, and requests into a batch.
 *
 * rtnl_*_decode is pure; the rest is I/O. Sources: Linux net/ipv4/devinet.c, net/ipv6/addrconf.c,
 * net/core/rtnetlink.c. */

#ifndef LINTEL_LIB_RTNL_H
#define LINTEL_LIB_RTNL_H

#include "lib/addr.h"
#include "lib/nl.h"

#include <net/if.h>

/* Our mark on addresses (IFA_PROTO, Linux 5.18 and later): 'L'. */
#define RTNL_ADDRESS_PROTOCOL 0x4c
#define RTNL_LIFETIME_FOREVER UINT32_MAX
/* The index of lo in every network namespace (LOOPBACK_IFINDEX, Linux include/net/flow.h). */
#define RTNL_LOOPBACK         1

struct rtnl_link {
	int index;
	char name[IF_NAMESIZE];
	struct addr_mac mac;
	uint32_t mtu;
	uint32_t flags;   /* IFF_* */
	bool running;     /* administratively up and with carrier (IFF_UP and IFF_LOWER_UP) */
	int parent_index; /* IFLA_LINK of a macvlan, else 0 */
	char kind[16];    /* "macvlan", "veth", ... or "" */
};

struct rtnl_address {
	int link_index;
	struct addr_prefix prefix; /* the local address and its prefix length */
	uint8_t protocol;          /* IFA_PROTO, 0 when the kernel gives none */
	uint32_t flags;            /* IFA_F_* */
	uint32_t valid_s;          /* seconds left, RTNL_LIFETIME_FOREVER */
	uint32_t preferred_s;
};

enum rtnl_event_kind {
	RTNL_LINK_NEW,
	RTNL_LINK_GONE,
	RTNL_ADDRESS_NEW,
	RTNL_ADDRESS_GONE,
	RTNL_OTHER,
};
struct rtnl_event {
	enum rtnl_event_kind kind;
	union {
		struct rtnl_link link;
		struct rtnl_address address;
	};
};
/* Decodes one message of a dump or an event. RTNL_OTHER when it is none of these. */
enum rtnl_event_kind rtnl_decode(const struct nlmsghdr *message, struct rtnl_event *ret_event);

/* Dumps; '*ret_links' is the caller's to free(). */
LT_MUST_USE int rtnl_links(struct nl *nl, struct rtnl_link **ret_links, size_t *ret_count);
LT_MUST_USE int rtnl_addresses(struct nl *nl, struct rtnl_address **ret_addresses,
                               size_t *ret_count);
/* Is there an interface of that name? 0, also when there is none. */
LT_MUST_USE int rtnl_link_exists(struct nl *nl, const char *name, bool *ret_found);
/* Joins the multicast groups of links and of both families' addresses. */
LT_MUST_USE int rtnl_subscribe(struct nl *nl);
/* ... of links only. */
LT_MUST_USE int rtnl_subscribe_links(struct nl *nl);

/* Requests appended to a batch. Add: our IFA_PROTO; IPv6 with NODAD, NOPREFIXROUTE and preferred
 * lifetime 0 when the prefix is a whole address; 'replace' renews the lifetime of one that is
 * there. */
void rtnl_address_add(struct nl_batch *batch, int link_index, const struct addr_prefix *prefix,
                      uint32_t valid_s, bool replace);
void rtnl_address_del(struct nl_batch *batch, int link_index, const struct addr_prefix *prefix);
/* The neighbour is looked for, unless it is known. */
void rtnl_neighbour_use(struct nl_batch *batch, int link_index, const struct addr *address);
/* A bridge-mode macvlan with the given link-layer address on 'parent_index', created down. (In
 * private mode the parent never sees frames that come from the same address on another machine.) */
void rtnl_macvlan_add(struct nl_batch *batch, const char *name, int parent_index,
                      const struct addr_mac *mac);
/* An interface that sends to nowhere, created down. */
void rtnl_dummy_add(struct nl_batch *batch, const char *name, uint32_t mtu);
void rtnl_link_set_up(struct nl_batch *batch, int link_index, bool up);
void rtnl_link_del(struct nl_batch *batch, int link_index);

#endif
