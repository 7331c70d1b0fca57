/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/mute.h - interfaces that do not speak for addresses that are on others.
 *
 * I/O (/proc/sys). A kernel left to itself answers ARP on any interface for all of its IPv4
 * addresses, and asks in the name of any; for IPv6 it doesn't. Settings that can't be made (a
 * read-only /proc/sys) are left: they may be right already. Source: Linux
 * Documentation/networking/ip-sysctl.rst, arp_ignore and arp_announce. */

#ifndef LINTEL_VRRP_MUTE_H
#define LINTEL_VRRP_MUTE_H

#include "lib/rtnl.h"

/* Interfaces whose settings we changed. Zero-initialised. */
struct vrrp_mutes {
	struct vrrp_mute *items;
	size_t count;
};

void vrrp_mutes_done(struct vrrp_mutes *mutes);
/* It is mute until vrrp_mute_end() was called as often as this. */
void vrrp_mute_begin(struct vrrp_mutes *mutes, const struct rtnl_link *link);
/* With the last one the settings are put back as they were. */
void vrrp_mute_end(struct vrrp_mutes *mutes, int link_index);

#endif
