/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/mute.h"

#include "lib/mem.h"
#include "lib/sysctl.h"
#include "vrrp/macvlan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not to answer for addresses on other interfaces, and not to ask in the name of one of them, which
 * would teach others where it is not. */
static const struct {
	const char *name;
	int64_t value;
} settings[VRRP_MUTE_SETTINGS] = {
	{"arp_ignore", 1},
	{"arp_announce", 2},
};

struct vrrp_mute {
	int index;
	char name[IF_NAMESIZE];
	unsigned users;                     /* 0: inherited */
	int64_t before[VRRP_MUTE_SETTINGS]; /* -1: we changed nothing */
};

int64_t vrrp_mute_setting(size_t setting, const char *interface,
                          char ret_name[static VRRP_MUTE_NAME_SIZE])
{
	snprintf(ret_name, VRRP_MUTE_NAME_SIZE, "net/ipv4/conf/%s/%s", interface,
	         settings[setting].name);
	return settings[setting].value;
}

static const char *root_of(const struct vrrp_mutes *mutes)
{
	return mutes->root ? mutes->root : SYSCTL_ROOT;
}

static struct vrrp_mute *find(struct vrrp_mutes *mutes, int index)
{
	for (size_t i = 0; i < mutes->count; i++)
		if (mutes->items[i].index == index)
			return &mutes->items[i];
	return NULL;
}

static struct vrrp_mute *append(struct vrrp_mutes *mutes, const struct rtnl_link *link)
{
	struct vrrp_mute *mute;

	mutes->items = xreallocarray(mutes->items, mutes->count + 1, sizeof(*mutes->items));
	mute = &mutes->items[mutes->count++];
	*mute = (struct vrrp_mute){.index = link->index};
	memcpy(mute->name, link->name, sizeof(mute->name));
	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++)
		mute->before[i] = -1;
	return mute;
}

/* --- settings --- */

static void raise_setting(const struct vrrp_mutes *mutes, struct vrrp_mute *mute, size_t setting)
{
	char name[VRRP_MUTE_NAME_SIZE];
	int64_t value = vrrp_mute_setting(setting, mute->name, name), present;

	if (sysctl_read_int(root_of(mutes), name, &present) == 0 && present < value &&
	    sysctl_write_int(root_of(mutes), name, value) == 0)
		mute->before[setting] = present;
}

/* Somebody may have changed it since, or it is gone with its interface. */
static bool is_as_we_set_it(const struct vrrp_mutes *mutes, const char *interface, size_t setting)
{
	char name[VRRP_MUTE_NAME_SIZE];
	int64_t value = vrrp_mute_setting(setting, interface, name), present;

	return sysctl_read_int(root_of(mutes), name, &present) == 0 && present == value;
}

/* Takes it out; the last one is in its place then. */
static void put_back(struct vrrp_mutes *mutes, struct vrrp_mute *mute)
{
	char name[VRRP_MUTE_NAME_SIZE];

	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++) {
		if (mute->before[i] < 0 || !is_as_we_set_it(mutes, mute->name, i))
			continue;
		vrrp_mute_setting(i, mute->name, name);
		if (sysctl_write_int(root_of(mutes), name, mute->before[i]) < 0)
			break;
	}
	*mute = mutes->items[--mutes->count];
}

/* --- interfaces --- */

/* Was it mute when the earlier run ended? Its macvlans stand, and hidden addresses do, until their
 * lifetime is over. */
static bool was_mute(const struct vrrp_links *links, const struct rtnl_link *link)
{
	for (size_t i = 0; i < links->link_count; i++)
		if (links->links[i].parent_index == link->index &&
		    vrrp_macvlan_is_ours(&links->links[i]))
			return true;
	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].link_index == RTNL_LOOPBACK &&
		    links->addresses[i].protocol == RTNL_ADDRESS_PROTOCOL &&
		    links->addresses[i].prefix.addr.family == ADDR_IPV4)
			return true;
	return false;
}

void vrrp_mutes_inherit(struct vrrp_mutes *mutes, const struct vrrp_links *links,
                        const struct vrrp_mutes_found *found)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct vrrp_mute_found *item = &found->items[i];
		const struct rtnl_link *link = vrrp_links_by_name(links, item->interface);
		struct vrrp_mute *mute;

		if (!link || find(mutes, link->index) || !was_mute(links, link))
			continue;
		mute = append(mutes, link);
		for (size_t j = 0; j < VRRP_MUTE_SETTINGS; j++)
			if (is_as_we_set_it(mutes, link->name, j))
				mute->before[j] = item->before[j];
	}
}

void vrrp_mute_begin(struct vrrp_mutes *mutes, const struct rtnl_link *link)
{
	struct vrrp_mute *mute = find(mutes, link->index);

	if (!mute)
		mute = append(mutes, link);
	if (mute->users++ > 0)
		return;
	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++)
		if (mute->before[i] < 0)
			raise_setting(mutes, mute, i);
}

void vrrp_mute_end(struct vrrp_mutes *mutes, int link_index)
{
	struct vrrp_mute *mute = find(mutes, link_index);

	if (mute && mute->users > 0 && --mute->users == 0)
		put_back(mutes, mute);
}

void vrrp_mutes_settle(struct vrrp_mutes *mutes)
{
	for (size_t i = 0; i < mutes->count;) {
		if (mutes->items[i].users == 0)
			put_back(mutes, &mutes->items[i]);
		else
			i++;
	}
}

void vrrp_mutes_done(struct vrrp_mutes *mutes)
{
	free(mutes->items);
	memset(mutes, 0, sizeof(*mutes));
}
