/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rtnl.h"

#include "lib/mem.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

#ifndef IFF_LOWER_UP /* of linux/if.h, which does not go together with net/if.h */
#define IFF_LOWER_UP 0x10000
#endif

#define ATTRIBUTES_MAX 80 /* more than any kernel has for links or addresses */

/* More of either than this is not a machine of ours; the kernel is trusted, its number is not. */
#define ENTRIES_MAX    (1U << 20)

/* --- decode --- */

struct attributes {
	const struct nlattr *at[ATTRIBUTES_MAX];
};

static int collect(const struct nlattr *attr, void *data)
{
	struct attributes *attrs = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < ATTRIBUTES_MAX)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

/* The attribute of that number when it holds at least 'size' bytes. */
static const void *payload(const struct attributes *attrs, unsigned type, size_t size)
{
	const struct nlattr *attr = type < ATTRIBUTES_MAX ? attrs->at[type] : NULL;

	if (!attr || mnl_attr_get_payload_len(attr) < size)
		return NULL;
	return mnl_attr_get_payload(attr);
}

static uint32_t payload_u32(const struct attributes *attrs, unsigned type, uint32_t otherwise)
{
	const void *data = payload(attrs, type, sizeof(uint32_t));

	if (data)
		memcpy(&otherwise, data, sizeof(otherwise));
	return otherwise;
}

/* Copies text that need not end with a NUL; longer text is cut. */
static void copy_text(const struct nlattr *attr, char *to, size_t size)
{
	size_t len;

	to[0] = '\0';
	if (!attr)
		return;
	len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (len >= size)
		len = size - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

static bool decode_link(const struct nlmsghdr *message, struct rtnl_link *link)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct attributes attrs = {0};
	const void *mac;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_index <= 0)
		return false;
	/* A bridge tells about its ports with the same message, without most attributes. */
	if (info->ifi_family != AF_UNSPEC)
		return false;
	if (mnl_attr_parse(message, sizeof(*info), collect, &attrs) < MNL_CB_STOP)
		return false;
	if (!attrs.at[IFLA_IFNAME])
		return false;
	memset(link, 0, sizeof(*link));
	link->index = info->ifi_index;
	copy_text(attrs.at[IFLA_IFNAME], link->name, sizeof(link->name));
	mac = payload(&attrs, IFLA_ADDRESS, sizeof(link->mac.bytes));
	if (mac)
		memcpy(link->mac.bytes, mac, sizeof(link->mac.bytes));
	link->mtu = payload_u32(&attrs, IFLA_MTU, 0);
	link->flags = info->ifi_flags;
	link->running = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_LOWER_UP);
	if (attrs.at[IFLA_LINKINFO]) {
		struct attributes nested = {0};

		if (mnl_attr_parse_nested(attrs.at[IFLA_LINKINFO], collect, &nested) >= MNL_CB_STOP)
			copy_text(nested.at[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	}
	/* A veth has IFLA_LINK too: its other end, which is nobody's parent. */
	if (!strcmp(link->kind, "macvlan"))
		link->parent_index = (int)payload_u32(&attrs, IFLA_LINK, 0);
	return true;
}

static bool decode_address(const struct nlmsghdr *message, struct rtnl_address *address)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct attributes attrs = {0};
	struct ifa_cacheinfo cache;
	const void *local, *data;
	size_t size;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifa_index == 0 ||
	    info->ifa_index > INT32_MAX)
		return false;
	if (info->ifa_family != ADDR_IPV4 && info->ifa_family != ADDR_IPV6)
		return false;
	size = info->ifa_family == ADDR_IPV4 ? 4 : 16;
	if (info->ifa_prefixlen > 8 * size)
		return false;
	if (mnl_attr_parse(message, sizeof(*info), collect, &attrs) < MNL_CB_STOP)
		return false;
	/* On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL is always ours. */
	local = payload(&attrs, IFA_LOCAL, size);
	if (!local)
		local = payload(&attrs, IFA_ADDRESS, size);
	if (!local)
		return false;
	memset(address, 0, sizeof(*address));
	address->link_index = (int)info->ifa_index;
	address->prefix.addr = addr_make(info->ifa_family, local);
	address->prefix.length = info->ifa_prefixlen;
	address->flags = payload_u32(&attrs, IFA_FLAGS, info->ifa_flags);
	address->valid_s = RTNL_LIFETIME_FOREVER;
	address->preferred_s = RTNL_LIFETIME_FOREVER;
	data = payload(&attrs, IFA_CACHEINFO, sizeof(cache));
	if (data) {
		memcpy(&cache, data, sizeof(cache));
		address->valid_s = cache.ifa_valid;
		address->preferred_s = cache.ifa_prefered;
	}
	data = payload(&attrs, IFA_PROTO, 1);
	if (data)
		address->protocol = *(const uint8_t *)data;
	return true;
}

enum rtnl_event_kind rtnl_decode(const struct nlmsghdr *message, struct rtnl_event *ret_event)
{
	struct rtnl_event event = {.kind = RTNL_OTHER};
	bool complete = false;

	/* The kernel pads what it sends; libmnl takes the padding for granted and would read it. */
	if (message->nlmsg_len % MNL_ALIGNTO)
		return RTNL_OTHER;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		event.kind = message->nlmsg_type == RTM_NEWLINK ? RTNL_LINK_NEW : RTNL_LINK_GONE;
		complete = decode_link(message, &event.link);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		event.kind = message->nlmsg_type == RTM_NEWADDR ? RTNL_ADDRESS_NEW
		                                                : RTNL_ADDRESS_GONE;
		complete = decode_address(message, &event.address);
		break;
	}
	if (!complete)
		return RTNL_OTHER;
	*ret_event = event;
	return event.kind;
}

/* --- dumps --- */

struct collection {
	enum rtnl_event_kind kind;
	char *entries;
	size_t entry_size;
	size_t count, capacity;
};

static void collection_restart(void *ctx)
{
	struct collection *c = ctx;

	c->count = 0;
}

static int collection_entry(void *ctx, const struct nlmsghdr *message)
{
	struct collection *c = ctx;
	struct rtnl_event event;

	if (rtnl_decode(message, &event) != c->kind)
		return 0;
	if (c->count == ENTRIES_MAX)
		return -E2BIG;
	if (c->count == c->capacity) {
		c->capacity = c->capacity ? 2 * c->capacity : 32;
		c->entries = xreallocarray(c->entries, c->capacity, c->entry_size);
	}
	memcpy(c->entries + c->count * c->entry_size,
	       c->kind == RTNL_LINK_NEW ? (const void *)&event.link : (const void *)&event.address,
	       c->entry_size);
	c->count++;
	return 0;
}

static int dump(struct nl *nl, uint16_t type, struct collection *c)
{
	struct nl_batch batch = {0};
	struct nl_dump dump = {
		.restart = collection_restart,
		.entry = collection_entry,
		.ctx = c,
	};
	struct nlmsghdr *message = nl_batch_begin(&batch, type, NLM_F_DUMP);
	int r;

	if (type == RTM_GETLINK)
		mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	else
		mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	nl_batch_end(&batch, message);
	r = nl_dump(nl, &batch, &dump);
	nl_batch_done(&batch);
	if (r < 0)
		free(c->entries);
	return r;
}

int rtnl_links(struct nl *nl, struct rtnl_link **ret_links, size_t *ret_count)
{
	struct collection c = {.kind = RTNL_LINK_NEW, .entry_size = sizeof(struct rtnl_link)};
	int r = dump(nl, RTM_GETLINK, &c);

	if (r < 0)
		return r;
	*ret_links = (void *)c.entries;
	*ret_count = c.count;
	return 0;
}

static int note_answer(void *ctx, const struct nlmsghdr *message)
{
	*(bool *)ctx = true;
	return 0;
}

int rtnl_link_exists(struct nl *nl, const char *name, bool *ret_found)
{
	struct nl_batch one = {0};
	struct nlmsghdr *message = nl_batch_begin(&one, RTM_GETLINK, 0);
	bool found = false;
	int rc;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	nl_batch_end(&one, message);
	rc = nl_request(nl, &one, note_answer, &found);
	nl_batch_done(&one);
	if (rc && rc != -ENODEV)
		return rc;
	*ret_found = found && rc == 0;
	return 0;
}

int rtnl_addresses(struct nl *nl, struct rtnl_address **ret_addresses, size_t *ret_count)
{
	struct collection c = {.kind = RTNL_ADDRESS_NEW, .entry_size = sizeof(struct rtnl_address)};
	int r = dump(nl, RTM_GETADDR, &c);

	if (r < 0)
		return r;
	*ret_addresses = (void *)c.entries;
	*ret_count = c.count;
	return 0;
}

int rtnl_subscribe(struct nl *nl)
{
	static const unsigned groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};

	for (size_t i = 0; i < LT_ARRAY_SIZE(groups); i++) {
		int r = nl_subscribe(nl, groups[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int rtnl_subscribe_links(struct nl *nl)
{
	return nl_subscribe(nl, RTNLGRP_LINK);
}

/* --- requests --- */

static struct nlmsghdr *begin_address(struct nl_batch *batch, uint16_t type, uint16_t flags,
                                      int link_index, const struct addr_prefix *prefix)
{
	struct nlmsghdr *message = nl_batch_begin_short(batch, type, flags);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	size_t size = addr_size(&prefix->addr);

	info->ifa_family = prefix->addr.family;
	info->ifa_prefixlen = prefix->length;
	info->ifa_index = (uint32_t)link_index;
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	if (prefix->addr.family == ADDR_IPV6 && addr_is_link_local(&prefix->addr))
		info->ifa_scope = RT_SCOPE_LINK;
	mnl_attr_put(message, IFA_LOCAL, size, prefix->addr.bytes);
	mnl_attr_put(message, IFA_ADDRESS, size, prefix->addr.bytes);
	return message;
}

void rtnl_address_add(struct nl_batch *batch, int link_index, const struct addr_prefix *prefix,
                      uint32_t valid_s, bool replace)
{
	uint16_t flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
	struct nlmsghdr *message = begin_address(batch, RTM_NEWADDR, flags, link_index, prefix);
	bool whole = prefix->length == addr_bits(&prefix->addr);
	struct ifa_cacheinfo cache = {.ifa_prefered = valid_s, .ifa_valid = valid_s};

	if (prefix->addr.family == ADDR_IPV6) {
		/* Not to be chosen as a source by itself, no route of its own beside the local one.
		 */
		if (whole)
			cache.ifa_prefered = 0;
		mnl_attr_put_u32(message, IFA_FLAGS,
		                 IFA_F_NODAD | (whole ? IFA_F_NOPREFIXROUTE : 0));
	} else if (prefix->length < 31) {
		struct addr broadcast = addr_prefix_last(prefix);

		mnl_attr_put(message, IFA_BROADCAST, 4, broadcast.bytes);
	}
	mnl_attr_put(message, IFA_CACHEINFO, sizeof(cache), &cache);
	mnl_attr_put_u8(message, IFA_PROTO, RTNL_ADDRESS_PROTOCOL);
	nl_batch_end(batch, message);
}

void rtnl_address_del(struct nl_batch *batch, int link_index, const struct addr_prefix *prefix)
{
	nl_batch_end(batch, begin_address(batch, RTM_DELADDR, 0, link_index, prefix));
}

void rtnl_neighbour_use(struct nl_batch *batch, int link_index, const struct addr *address)
{
	struct nlmsghdr *message = nl_batch_begin(batch, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ndm_family = address->family;
	info->ndm_ifindex = link_index;
	info->ndm_flags = NTF_USE;
	mnl_attr_put(message, NDA_DST, addr_size(address), address->bytes);
	nl_batch_end(batch, message);
}

void rtnl_macvlan_add(struct nl_batch *batch, const char *name, int parent_index,
                      const struct addr_mac *mac)
{
	struct nlmsghdr *message = nl_batch_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info, *data;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_LINK, (uint32_t)parent_index);
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(mac->bytes), mac->bytes);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u32(message, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	nl_batch_end(batch, message);
}

void rtnl_dummy_add(struct nl_batch *batch, const char *name, uint32_t mtu)
{
	struct nlmsghdr *message = nl_batch_begin(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(message, info);
	nl_batch_end(batch, message);
}

static struct nlmsghdr *begin_link(struct nl_batch *batch, uint16_t type, int link_index,
                                   uint32_t flags, uint32_t change)
{
	struct nlmsghdr *message = nl_batch_begin(batch, type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = link_index;
	info->ifi_flags = flags;
	info->ifi_change = change;
	return message;
}

void rtnl_link_set_up(struct nl_batch *batch, int link_index, bool up)
{
	nl_batch_end(batch, begin_link(batch, RTM_NEWLINK, link_index, up ? IFF_UP : 0, IFF_UP));
}

void rtnl_link_del(struct nl_batch *batch, int link_index)
{
	nl_batch_end(batch, begin_link(batch, RTM_DELLINK, link_index, 0, 0));
}
