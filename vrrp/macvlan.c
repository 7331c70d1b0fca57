/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/macvlan.h"

#include "lib/sysctl.h"
#include "vrrp/frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- settings --- */

/* Settings that can't be made (a read-only /proc/sys) are no reason to do without the interface:
 * they may be right already. 'conf' is "net/ipv4/conf". */
static void set(const char *conf, const char *interface, const char *setting, int64_t value)
{
	char name[128];
	int64_t present;

	snprintf(name, sizeof(name), "%s/%s/%s", conf, interface, setting);
	if (sysctl_read_int(SYSCTL_ROOT, name, &present) == 0 && present == value)
		return;
	if (sysctl_write_int(SYSCTL_ROOT, name, value) < 0)
		return;
}

static void set_macvlan(const struct vrrp_macvlan *macvlan)
{
	if (macvlan->family == ADDR_IPV4) {
		/* Answers for the addresses on it and no others. */
		set("net/ipv4/conf", macvlan->name, "arp_ignore", 1);
		/* The way back leads through the parent; 'loose' (2) wins over a strict 'all'. */
		set("net/ipv4/conf", macvlan->name, "rp_filter", 2);
		set("net/ipv4/conf", macvlan->name, "accept_local", 1);
		set("net/ipv4/conf", macvlan->name, "promote_secondaries", 1);
		set("net/ipv6/conf", macvlan->name, "disable_ipv6", 1);
		return;
	}
	/* No link-local address from the virtual MAC by itself: it is the virtual router's, and is
	 * owned like the others when it is wanted. */
	set("net/ipv6/conf", macvlan->name, "disable_ipv6", 0);
	set("net/ipv4/conf", macvlan->name, "arp_ignore", 8); /* never: that is the other one's */
	set("net/ipv6/conf", macvlan->name, "addr_gen_mode", 1);
	set("net/ipv6/conf", macvlan->name, "accept_ra", 0);
	set("net/ipv6/conf", macvlan->name, "dad_transmits", 0);
}

/* --- the interface --- */

bool vrrp_macvlan_is_ours(const struct rtnl_link *link)
{
	static const uint8_t virtual_mac[4] = {0x00, 0x00, 0x5e, 0x00};

	return strcmp(link->kind, "macvlan") == 0 &&
	       (strncmp(link->name, "lt4.", 4) == 0 || strncmp(link->name, "lt6.", 4) == 0) &&
	       memcmp(link->mac.bytes, virtual_mac, sizeof(virtual_mac)) == 0;
}

static int create(struct vrrp_macvlan *macvlan, struct nl *nl)
{
	struct nl_batch batch = {0};
	int r;

	rtnl_macvlan_add(&batch, macvlan->name, macvlan->parent_index, &macvlan->mac);
	r = nl_request(nl, &batch, NULL, NULL);
	nl_batch_done(&batch);
	if (r < 0)
		return r;
	macvlan->index = (int)if_nametoindex(macvlan->name);
	return macvlan->index ? 0 : -errno;
}

int vrrp_macvlan_open(struct vrrp_macvlan *macvlan, struct nl *nl, struct vrrp_mutes *parents,
                      const struct vrrp_links *links, const struct rtnl_link *parent,
                      enum addr_family family, uint8_t virtual_router_id)
{
	struct vrrp_macvlan fresh = {
		.parent_index = parent->index,
		.family = family,
		.mac = vrrp_frame_virtual_mac(family, virtual_router_id),
	};
	const struct rtnl_link *present;
	int r;

	snprintf(fresh.name, sizeof(fresh.name), "lt%c.%u.%d", family == ADDR_IPV4 ? '4' : '6',
	         virtual_router_id, parent->index);
	present = vrrp_links_by_name(links, fresh.name);
	if (present) {
		if (strcmp(present->kind, "macvlan") != 0 ||
		    present->parent_index != parent->index ||
		    memcmp(&present->mac, &fresh.mac, sizeof(fresh.mac)) != 0)
			return -EEXIST;
		fresh.index = present->index;
		fresh.up = present->flags & IFF_UP;
	} else {
		r = create(&fresh, nl);
		if (r < 0)
			return r;
	}
	set_macvlan(&fresh);
	vrrp_mute_begin(parents, parent);
	*macvlan = fresh;
	return 0;
}

int vrrp_macvlan_set_up(struct vrrp_macvlan *macvlan, struct nl *nl, bool up)
{
	struct nl_batch batch = {0};
	int r;

	if (macvlan->index == 0 || macvlan->up == up)
		return 0;
	rtnl_link_set_up(&batch, macvlan->index, up);
	r = nl_request(nl, &batch, NULL, NULL);
	nl_batch_done(&batch);
	if (r == 0)
		macvlan->up = up;
	return r;
}

void vrrp_macvlan_close(struct vrrp_macvlan *macvlan, struct nl *nl, struct vrrp_mutes *parents,
                        bool keep)
{
	struct nl_batch batch = {0};

	if (macvlan->index == 0)
		return;
	if (!keep) {
		rtnl_link_del(&batch, macvlan->index);
		/* Gone with its parent already: that is what was wanted. */
		if (nl_request(nl, &batch, NULL, NULL) < 0)
			macvlan->up = false;
		nl_batch_done(&batch);
		vrrp_mute_end(parents, macvlan->parent_index);
	}
	memset(macvlan, 0, sizeof(*macvlan));
}
