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

struct vrrp_links;

#define VRRP_MUTE_SETTINGS  2
#define VRRP_MUTE_NAME_SIZE 128

/* Interfaces whose settings we changed. Zero-initialised. */
struct vrrp_mutes {
	const char *root; /* where the settings are; given only by tests, NULL: SYSCTL_ROOT */
	struct vrrp_mute *items;
	size_t count;
};

/* What was found before we came, for a later run, which can't know when this one is killed. */
struct vrrp_mutes_found {
	struct vrrp_mute_found {
		char interface[IF_NAMESIZE];
		int64_t before[VRRP_MUTE_SETTINGS]; /* -1: not ours to put back */
	} * items;
	size_t count;
};

/* Writes the name (below /proc/sys) of one of an interface's settings; returns what it is raised
 * to, at least. */
int64_t vrrp_mute_setting(size_t setting, const char *interface,
                          char ret_name[static VRRP_MUTE_NAME_SIZE]);

void vrrp_mutes_done(struct vrrp_mutes *mutes);
/* An earlier run was killed, or kept everything: interfaces that it left mute, as macvlans of ours
 * or addresses on the loopback interface bear witness to, are so still, and nobody's yet. What is
 * as we'd set it elsewhere is the operator's. */
void vrrp_mutes_inherit(struct vrrp_mutes *mutes, const struct vrrp_links *links,
                        const struct vrrp_mutes_found *found);
/* It is mute until vrrp_mute_end() was called as often as this. */
void vrrp_mute_begin(struct vrrp_mutes *mutes, const struct rtnl_link *link);
/* With the last one the settings are put back as they were, unless somebody has changed them. */
void vrrp_mute_end(struct vrrp_mutes *mutes, int link_index);
/* Those that were inherited, and that nobody needs, are put back. */
void vrrp_mutes_settle(struct vrrp_mutes *mutes);

#endif
