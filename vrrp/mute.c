/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/mute.h"

#include "lib/mem.h"
#include "lib/sysctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not to answer for addresses on other interfaces, and not to ask in the name of one of them, which
 * would teach others where it is not. */
static const struct {
	const char *name;
	int64_t value;
} settings[] = {
	{"arp_ignore", 1},
	{"arp_announce", 2},
};
#define SETTINGS  2

#define NAME_SIZE 128

struct vrrp_mute {
	int index;
	char name[IF_NAMESIZE];
	unsigned users;
	int64_t before[SETTINGS]; /* -1: we changed nothing */
};

static struct vrrp_mute *find(struct vrrp_mutes *mutes, int index)
{
	for (size_t i = 0; i < mutes->count; i++)
		if (mutes->items[i].index == index)
			return &mutes->items[i];
	return NULL;
}

static const char *name_of(const char *interface, const char *setting, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "net/ipv4/conf/%s/%s", interface, setting);
	return name;
}

/* Makes a setting at least 'value'; returns what it was when it was changed, else -1. */
static int64_t raise_setting(const char *interface, const char *setting, int64_t value)
{
	char name[NAME_SIZE];
	int64_t present;

	name_of(interface, setting, name);
	if (sysctl_read_int(SYSCTL_ROOT, name, &present) < 0 || present >= value ||
	    sysctl_write_int(SYSCTL_ROOT, name, value) < 0)
		return -1;
	return present;
}

void vrrp_mute_begin(struct vrrp_mutes *mutes, const struct rtnl_link *link)
{
	struct vrrp_mute *mute = find(mutes, link->index);

	if (mute) {
		mute->users++;
		return;
	}
	mutes->items = xreallocarray(mutes->items, mutes->count + 1, sizeof(*mutes->items));
	mute = &mutes->items[mutes->count++];
	*mute = (struct vrrp_mute){.index = link->index, .users = 1};
	memcpy(mute->name, link->name, sizeof(mute->name));
	for (size_t i = 0; i < SETTINGS; i++)
		mute->before[i] = raise_setting(link->name, settings[i].name, settings[i].value);
}

void vrrp_mute_end(struct vrrp_mutes *mutes, int link_index)
{
	struct vrrp_mute *mute = find(mutes, link_index);
	char name[NAME_SIZE];

	if (!mute || --mute->users > 0)
		return;
	for (size_t i = 0; i < SETTINGS; i++) {
		if (mute->before[i] < 0)
			continue;
		/* It is gone, then. */
		if (sysctl_write_int(SYSCTL_ROOT, name_of(mute->name, settings[i].name, name),
		                     mute->before[i]) < 0)
			break;
	}
	*mute = mutes->items[--mutes->count];
}

void vrrp_mutes_done(struct vrrp_mutes *mutes)
{
	free(mutes->items);
	memset(mutes, 0, sizeof(*mutes));
}
