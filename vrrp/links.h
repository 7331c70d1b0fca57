/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/links.h - what interfaces and addresses there are, kept in step with the kernel by its
 * events.
 *
 * I/O in vrrp_links_load() only; the rest is pure: a sorted copy of the kernel's tables and
 * questions about it. Interfaces are looked up by name at each use, so one that vanishes and comes
 * back under another index is found again. */

#ifndef LINTEL_VRRP_LINKS_H
#define LINTEL_VRRP_LINKS_H

#include "lib/rtnl.h"
#include "vrrp/config.h"

struct vrrp_links {
	struct rtnl_link *links; /* by index */
	size_t link_count, link_capacity;
	struct rtnl_address *addresses; /* by link index, address, prefix length */
	size_t address_count, address_capacity;
};

/* What an event means to virtual routers. */
enum vrrp_links_change {
	VRRP_LINKS_SAME,    /* nothing new (a renewed lifetime) */
	VRRP_LINKS_LINK,    /* an interface appeared, went, or changed its name, MAC or flags */
	VRRP_LINKS_ADDRESS, /* an address that isn't ours came or went: primary addresses may differ
	                     */
	VRRP_LINKS_OURS,    /* one with our mark came */
	VRRP_LINKS_OURS_GONE, /* one with our mark went */
};

void vrrp_links_done(struct vrrp_links *links);
/* Replaces everything by fresh dumps. On failure nothing changes. 0 or -errno. */
LT_MUST_USE int vrrp_links_load(struct vrrp_links *links, struct nl *nl);
enum vrrp_links_change vrrp_links_event(struct vrrp_links *links, const struct rtnl_event *event);

/* NULL when there is none. Valid until the next event. */
const struct rtnl_link *vrrp_links_by_name(const struct vrrp_links *links, const char *name);
const struct rtnl_link *vrrp_links_by_index(const struct vrrp_links *links, int index);
const struct rtnl_address *vrrp_links_address(const struct vrrp_links *links, int index,
                                              const struct addr_prefix *prefix);
/* Notes what a request of ours does, before the kernel's event says so. An added one is pending
 * until then (or until it is known to be there). */
void vrrp_links_note_added(struct vrrp_links *links, int index, const struct addr_prefix *prefix,
                           uint32_t valid_s);
void vrrp_links_note_in_use(struct vrrp_links *links, int index, const struct addr_prefix *prefix);
void vrrp_links_note_removed(struct vrrp_links *links, int index, const struct addr_prefix *prefix);
/* It was asked for, but the kernel doesn't answer for it yet. */
bool vrrp_links_is_pending(const struct vrrp_links *links, int index,
                           const struct addr_prefix *prefix);

/* The address that stands for the interface as source of advertisements (RFC 9568 6.1 primary
 * address), ADDR_NONE when there is none: never one with our mark; IPv4 rather not a secondary nor
 * a whole address (/32: somebody's floating one), then the lowest. 'like' says which IPv6 address:
 * link-local when it is NULL or link-local itself, else a global one, rather of a network that
 * holds 'like'. */
struct addr vrrp_links_primary(const struct vrrp_links *links, int index, enum addr_family family,
                               const struct addr *like);
/* Is the interface in the network of 'prefix' by an address that isn't ours? For a whole address,
 * which has none, any will do: with the last IPv4 address go the routes of the interface. */
bool vrrp_links_is_in(const struct vrrp_links *links, int index, const struct addr_prefix *prefix);
/* Does the interface have this address, whatever the prefix length? */
bool vrrp_links_has(const struct vrrp_links *links, int index, const struct addr *a);

#endif
