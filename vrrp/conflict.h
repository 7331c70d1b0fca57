/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/conflict.h - hears others claim addresses of ours: ARP whose sender is one of them,
 * neighbour advertisements for one of them.
 *
 * I/O but for vrrp_conflict_ranges() and vrrp_conflict_filter(), which are pure. The kernel itself
 * says nothing about IPv4 conflicts (Linux net/ipv4/arp.c goes on answering). ARP is filtered in
 * the kernel, so the ARP of others costs nothing here; neighbour advertisements come from an ICMPv6
 * socket, because a packet socket would look at every IPv6 packet of a load balancer. */

#ifndef LINTEL_VRRP_CONFLICT_H
#define LINTEL_VRRP_CONFLICT_H

#include "lib/addr.h"
#include "lib/loop.h"

#include <linux/filter.h>

#define VRRP_CONFLICT_RANGES_MAX 32
#define VRRP_CONFLICT_FILTER_MAX (7 + 3 * VRRP_CONFLICT_RANGES_MAX)

struct vrrp_conflict {
	struct loop_fd arp, na;                              /* descriptor -1: none */
	struct addr_range watched[VRRP_CONFLICT_RANGES_MAX]; /* as the filter has it */
	size_t watched_count;
	/* Somebody with 'mac' claims an IPv4 address within the watched ranges, or any IPv6 one.
	 * All zeroes: an advertisement without a MAC. */
	void (*claimed)(void *ctx, int link_index, const struct addr *address,
	                const struct addr_mac *mac);
	void *ctx;
};

/* At most VRRP_CONFLICT_RANGES_MAX ranges that hold all of the sorted IPv4 addresses, and as little
 * else as can be. Returns how many. */
size_t vrrp_conflict_ranges(const struct addr *sorted, size_t count,
                            struct addr_range ret_ranges[static VRRP_CONFLICT_RANGES_MAX]);
/* Classic BPF for Ethernet frames: ARP that came in and whose sender is within a range. Returns its
 * length. */
size_t vrrp_conflict_filter(const struct addr_range *ranges, size_t count,
                            struct sock_filter ret_filter[static VRRP_CONFLICT_FILTER_MAX]);

/* 0 or -errno. Watches nothing yet. 'claimed' and 'ctx' are the caller's to set. */
LT_MUST_USE int vrrp_conflict_open(struct vrrp_conflict *conflict, struct loop *loop);
void vrrp_conflict_close(struct vrrp_conflict *conflict);
/* Watches these IPv4 addresses (sorted) from now on, on all interfaces. 0 or -errno. Does nothing
 * when they are in the same ranges as before: to change a filter takes the kernel long. */
LT_MUST_USE int vrrp_conflict_watch(struct vrrp_conflict *conflict, const struct addr *sorted,
                                    size_t count);

#endif
