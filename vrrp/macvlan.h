/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/macvlan.h - the virtual MAC: a macvlan of ours that carries the addresses of one family.
 *
 * I/O (netlink, /proc/sys). It is up only while the router is Active: a Backup must not accept
 * frames for the virtual MAC (RFC 9568 6.4.2). Interfaces get settings so that only the one with
 * the address answers for it; the parent is mute (vrrp/mute.h) as long as there is one. Named
 * "lt4.VRID.PARENT" and "lt6.VRID.PARENT", PARENT being the parent's index. */

#ifndef LINTEL_VRRP_MACVLAN_H
#define LINTEL_VRRP_MACVLAN_H

#include "vrrp/links.h"
#include "vrrp/mute.h"

/* Zero-initialised: there is none. Read only outside vrrp/macvlan.c. */
struct vrrp_macvlan {
	int index; /* 0: none */
	int parent_index;
	char name[IF_NAMESIZE];
	enum addr_family family;
	struct addr_mac mac;
	bool up;
};

/* Was this interface made here, in this run or another? */
bool vrrp_macvlan_is_ours(const struct rtnl_link *link);
/* Creates it, or takes over the one that an earlier run left; down unless that was up. 0 or -errno
 * (-EOPNOTSUPP: this kernel has no macvlan; -EEXIST: another's interface has the name). */
LT_MUST_USE int vrrp_macvlan_open(struct vrrp_macvlan *macvlan, struct nl *nl,
                                  struct vrrp_mutes *parents, const struct vrrp_links *links,
                                  const struct rtnl_link *parent, enum addr_family family,
                                  uint8_t virtual_router_id);
/* Nothing when there is none or it is so already. 0 or -errno. */
LT_MUST_USE int vrrp_macvlan_set_up(struct vrrp_macvlan *macvlan, struct nl *nl, bool up);
/* Removes it ('keep': leaves it for the next start). */
void vrrp_macvlan_close(struct vrrp_macvlan *macvlan, struct nl *nl, struct vrrp_mutes *parents,
                        bool keep);

#endif
