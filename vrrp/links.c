/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/links.h"

#include "lib/mem.h"
#include "lib/search.h"

#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

static int compare_addresses(const struct rtnl_address *a, const struct rtnl_address *b)
{
	int by_address;

	if (a->link_index != b->link_index)
		return a->link_index < b->link_index ? -1 : 1;
	by_address = addr_compare(&a->prefix.addr, &b->prefix.addr);
	if (by_address)
		return by_address;
	return (int)a->prefix.length - (int)b->prefix.length;
}

static int compare_links_void(const void *a, const void *b)
{
	return ((const struct rtnl_link *)a)->index - ((const struct rtnl_link *)b)->index;
}

static int compare_addresses_void(const void *a, const void *b)
{
	return compare_addresses(a, b);
}

/* Where the link is, or would be put. */
static size_t link_position(const struct vrrp_links *links, int index)
{
	const struct rtnl_link key = {.index = index};

	return search_place(links->links, links->link_count, sizeof(key), &key, compare_links_void);
}

static size_t address_position(const struct vrrp_links *links, const struct rtnl_address *key)
{
	return search_place(links->addresses, links->address_count, sizeof(*key), key,
	                    compare_addresses_void);
}

static bool link_at(const struct vrrp_links *links, size_t at, int index)
{
	return at < links->link_count && links->links[at].index == index;
}

static bool address_at(const struct vrrp_links *links, size_t at, const struct rtnl_address *key)
{
	return at < links->address_count && !compare_addresses(&links->addresses[at], key);
}

void vrrp_links_done(struct vrrp_links *links)
{
	free(links->links);
	free(links->addresses);
	memset(links, 0, sizeof(*links));
}

int vrrp_links_load(struct vrrp_links *links, struct nl *nl)
{
	struct vrrp_links fresh = {0};
	int r = rtnl_links(nl, &fresh.links, &fresh.link_count);

	if (r < 0)
		return r;
	r = rtnl_addresses(nl, &fresh.addresses, &fresh.address_count);
	if (r < 0) {
		free(fresh.links);
		return r;
	}
	fresh.link_capacity = fresh.link_count;
	fresh.address_capacity = fresh.address_count;
	if (fresh.link_count)
		qsort(fresh.links, fresh.link_count, sizeof(*fresh.links), compare_links_void);
	if (fresh.address_count)
		qsort(fresh.addresses, fresh.address_count, sizeof(*fresh.addresses),
		      compare_addresses_void);
	vrrp_links_done(links);
	*links = fresh;
	return 0;
}

/* --- events --- */

static enum vrrp_links_change put_link(struct vrrp_links *links, const struct rtnl_link *link)
{
	size_t at = link_position(links, link->index);

	if (link_at(links, at, link->index)) {
		struct rtnl_link *old = &links->links[at];
		bool same = !strcmp(old->name, link->name) && old->flags == link->flags &&
		            old->mtu == link->mtu &&
		            !memcmp(&old->mac, &link->mac, sizeof(old->mac));

		*old = *link;
		return same ? VRRP_LINKS_SAME : VRRP_LINKS_LINK;
	}
	if (links->link_count == links->link_capacity) {
		links->link_capacity = links->link_capacity ? 2 * links->link_capacity : 16;
		links->links =
			xreallocarray(links->links, links->link_capacity, sizeof(*links->links));
	}
	memmove(&links->links[at + 1], &links->links[at],
	        (links->link_count - at) * sizeof(*links->links));
	links->links[at] = *link;
	links->link_count++;
	return VRRP_LINKS_LINK;
}

/* The addresses of a link that is gone go without events of their own in some orders. */
static void drop_addresses_of(struct vrrp_links *links, int index)
{
	size_t kept = 0;

	for (size_t i = 0; i < links->address_count; i++)
		if (links->addresses[i].link_index != index)
			links->addresses[kept++] = links->addresses[i];
	links->address_count = kept;
}

static enum vrrp_links_change drop_link(struct vrrp_links *links, int index)
{
	size_t at = link_position(links, index);

	if (!link_at(links, at, index))
		return VRRP_LINKS_SAME;
	links->link_count--;
	memmove(&links->links[at], &links->links[at + 1],
	        (links->link_count - at) * sizeof(*links->links));
	drop_addresses_of(links, index);
	return VRRP_LINKS_LINK;
}

static enum vrrp_links_change put_address(struct vrrp_links *links,
                                          const struct rtnl_address *address)
{
	size_t at = address_position(links, address);

	if (address_at(links, at, address)) {
		struct rtnl_address *old = &links->addresses[at];
		/* Tentative addresses can't be sources: their end is news. */
		bool same = old->protocol == address->protocol &&
		            !((old->flags ^ address->flags) & (IFA_F_TENTATIVE | IFA_F_DADFAILED));

		*old = *address;
		if (same)
			return VRRP_LINKS_SAME;
	} else {
		if (links->address_count == links->address_capacity) {
			links->address_capacity =
				links->address_capacity ? 2 * links->address_capacity : 64;
			links->addresses = xreallocarray(links->addresses, links->address_capacity,
			                                 sizeof(*links->addresses));
		}
		memmove(&links->addresses[at + 1], &links->addresses[at],
		        (links->address_count - at) * sizeof(*links->addresses));
		links->addresses[at] = *address;
		links->address_count++;
	}
	return address->protocol == RTNL_ADDRESS_PROTOCOL ? VRRP_LINKS_OURS : VRRP_LINKS_ADDRESS;
}

static enum vrrp_links_change drop_address(struct vrrp_links *links,
                                           const struct rtnl_address *address, bool event)
{
	size_t at = address_position(links, address);
	bool ours;

	if (!address_at(links, at, address))
		return VRRP_LINKS_SAME;
	ours = links->addresses[at].protocol == RTNL_ADDRESS_PROTOCOL;
	/* Asked for and not confirmed yet: this is about an earlier one. */
	if (ours && event && (links->addresses[at].flags & IFA_F_TENTATIVE))
		return VRRP_LINKS_SAME;
	links->address_count--;
	memmove(&links->addresses[at], &links->addresses[at + 1],
	        (links->address_count - at) * sizeof(*links->addresses));
	return ours ? VRRP_LINKS_OURS_GONE : VRRP_LINKS_ADDRESS;
}

enum vrrp_links_change vrrp_links_event(struct vrrp_links *links, const struct rtnl_event *event)
{
	switch (event->kind) {
	case RTNL_LINK_NEW:
		return put_link(links, &event->link);
	case RTNL_LINK_GONE:
		return drop_link(links, event->link.index);
	case RTNL_ADDRESS_NEW:
		return put_address(links, &event->address);
	case RTNL_ADDRESS_GONE:
		return drop_address(links, &event->address, true);
	case RTNL_OTHER:
		break;
	}
	return VRRP_LINKS_SAME;
}

void vrrp_links_note_added(struct vrrp_links *links, int index, const struct addr_prefix *prefix,
                           uint32_t valid_s)
{
	struct rtnl_address address = {
		.link_index = index,
		.prefix = *prefix,
		.protocol = RTNL_ADDRESS_PROTOCOL,
		.valid_s = valid_s,
	};
	size_t at = address_position(links, &address);

	/* Until the kernel says that it is in use. (IPv6: some milliseconds after the request.) */
	address.flags = address_at(links, at, &address) ? links->addresses[at].flags
	                                                : IFA_F_TENTATIVE;
	put_address(links, &address);
}

void vrrp_links_note_in_use(struct vrrp_links *links, int index, const struct addr_prefix *prefix)
{
	const struct rtnl_address key = {.link_index = index, .prefix = *prefix};
	size_t at = address_position(links, &key);

	if (address_at(links, at, &key))
		links->addresses[at].flags &= ~(uint32_t)IFA_F_TENTATIVE;
}

void vrrp_links_note_removed(struct vrrp_links *links, int index, const struct addr_prefix *prefix)
{
	const struct rtnl_address key = {.link_index = index, .prefix = *prefix};

	drop_address(links, &key, false);
}

/* --- questions --- */

const struct rtnl_link *vrrp_links_by_name(const struct vrrp_links *links, const char *name)
{
	for (size_t i = 0; i < links->link_count; i++)
		if (!strcmp(links->links[i].name, name))
			return &links->links[i];
	return NULL;
}

const struct rtnl_link *vrrp_links_by_index(const struct vrrp_links *links, int index)
{
	size_t at = link_position(links, index);

	return link_at(links, at, index) ? &links->links[at] : NULL;
}

const struct rtnl_address *vrrp_links_address(const struct vrrp_links *links, int index,
                                              const struct addr_prefix *prefix)
{
	const struct rtnl_address key = {.link_index = index, .prefix = *prefix};
	size_t at = address_position(links, &key);

	return address_at(links, at, &key) ? &links->addresses[at] : NULL;
}

/* The first address of the link that is not below 'a'. */
static size_t first_address(const struct vrrp_links *links, int index, const struct addr *a)
{
	const struct rtnl_address key = {.link_index = index, .prefix = {.addr = *a}};

	return address_position(links, &key);
}

bool vrrp_links_is_pending(const struct vrrp_links *links, int index,
                           const struct addr_prefix *prefix)
{
	const struct rtnl_address *address = vrrp_links_address(links, index, prefix);

	return address && (address->flags & IFA_F_TENTATIVE);
}

bool vrrp_links_has(const struct vrrp_links *links, int index, const struct addr *a)
{
	size_t at = first_address(links, index, a);

	return at < links->address_count && links->addresses[at].link_index == index &&
	       addr_equal(&links->addresses[at].prefix.addr, a);
}

bool vrrp_links_is_in(const struct vrrp_links *links, int index, const struct addr_prefix *prefix)
{
	const struct addr lowest = {.family = ADDR_NONE};
	bool networks = prefix->length < addr_bits(&prefix->addr);

	for (size_t i = first_address(links, index, &lowest);
	     i < links->address_count && links->addresses[i].link_index == index; i++) {
		const struct rtnl_address *address = &links->addresses[i];

		if (address->protocol == RTNL_ADDRESS_PROTOCOL ||
		    address->prefix.addr.family != prefix->addr.family)
			continue;
		if (!networks || (address->prefix.length <= prefix->length &&
		                  addr_prefix_holds(&address->prefix, &prefix->addr)))
			return true;
	}
	return false;
}

/* How little an address is suited as primary; negative: not at all. */
static int unsuitability(const struct rtnl_address *address, enum addr_family family,
                         const struct addr *like)
{
	bool link_local = addr_is_link_local(&address->prefix.addr);

	if (address->prefix.addr.family != family || address->protocol == RTNL_ADDRESS_PROTOCOL)
		return -1;
	if (family == ADDR_IPV4)
		return ((address->flags & IFA_F_SECONDARY) ? 2 : 0) +
		       (address->prefix.length == 32 ? 1 : 0);
	if (address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return -1;
	if (!like || addr_is_link_local(like))
		return link_local ? 0 : -1;
	if (link_local)
		return -1;
	return (addr_prefix_holds(&address->prefix, like) ? 0 : 4) +
	       ((address->flags & IFA_F_TEMPORARY) ? 2 : 0) +
	       ((address->flags & IFA_F_DEPRECATED) ? 1 : 0);
}

struct addr vrrp_links_primary(const struct vrrp_links *links, int index, enum addr_family family,
                               const struct addr *like)
{
	const struct addr lowest = {.family = ADDR_NONE};
	struct addr best = {.family = ADDR_NONE};
	int best_rank = 0;

	for (size_t i = first_address(links, index, &lowest);
	     i < links->address_count && links->addresses[i].link_index == index; i++) {
		int rank = unsuitability(&links->addresses[i], family, like);

		if (rank < 0 || (best.family != ADDR_NONE && rank >= best_rank))
			continue;
		best = links->addresses[i].prefix.addr;
		best_rank = rank;
	}
	return best;
}
