/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/addresses.h"

#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/search.h"

#include <stdlib.h>
#include <string.h>

static int compare_key(const struct vrrp_address *item, int link_index,
                       const struct addr_prefix *prefix)
{
	int by_address;

	if (item->link_index != link_index)
		return item->link_index < link_index ? -1 : 1;
	by_address = addr_compare(&item->prefix.addr, &prefix->addr);
	return by_address ? by_address : (int)item->prefix.length - (int)prefix->length;
}

static int compare_items(const void *a, const void *b)
{
	const struct vrrp_address *second = b;

	return compare_key(a, second->link_index, &second->prefix);
}

/* The first item that is not before the key. */
static size_t position(const struct vrrp_addresses *a, int link_index,
                       const struct addr_prefix *prefix)
{
	const struct vrrp_address key = {.link_index = link_index, .prefix = *prefix};

	return search_place(a->items, a->count, sizeof(*a->items), &key, compare_items);
}

static struct vrrp_address *lookup(const struct vrrp_addresses *a, int link_index,
                                   const struct addr_prefix *prefix)
{
	size_t at = position(a, link_index, prefix);

	if (at == a->count || compare_key(&a->items[at], link_index, prefix) != 0)
		return NULL;
	return &a->items[at];
}

static uint32_t valid_s(const struct vrrp_addresses *a)
{
	return a->lease.lifetime_s ? a->lease.lifetime_s : RTNL_LIFETIME_FOREVER;
}

static bool is_hidden(const struct vrrp_addresses *a)
{
	return a->place == VRRP_ADDRESSES_HIDDEN;
}

static bool wants_copies(const struct vrrp_addresses *a)
{
	return a->place == VRRP_ADDRESSES_COPIED || is_hidden(a);
}

/* Not wanted, and nothing is left to be removed: what is there of ours is a leftover of an earlier
 * run, and not ours to touch yet. */
static bool is_at_rest(const struct vrrp_addresses *a)
{
	return !vrrp_addresses_are_wanted(a) && a->swept == a->count;
}

void vrrp_addresses_set(struct vrrp_addresses *a, const struct vrrp_owned *owned, size_t count,
                        uint32_t lifetime_s)
{
	struct vrrp_address *items = count ? xcalloc(count, sizeof(*items)) : NULL;
	int64_t renewed_us = a->lease.renewed_us;
	bool at_rest = is_at_rest(a);

	for (size_t i = 0; i < count; i++) {
		items[i].prefix = owned[i].prefix;
		memcpy(items[i].interface, owned[i].interface, sizeof(items[i].interface));
		items[i].floats = owned[i].floats;
		items[i].restore_due_us = TIME_NEVER;
	}
	free(a->items);
	a->items = items;
	a->count = count;
	a->swept = at_rest ? count : 0;
	a->error = 0;
	a->restore_due_us = TIME_NEVER;
	vrrp_lease_init(&a->lease, lifetime_s);
	if (vrrp_addresses_are_wanted(a))
		vrrp_lease_renewed(&a->lease, renewed_us);
}

void vrrp_addresses_done(struct vrrp_addresses *a)
{
	free(a->items);
	memset(a, 0, sizeof(*a));
}

bool vrrp_addresses_resolve(struct vrrp_addresses *a, const struct vrrp_links *links,
                            const char *own_interface, int own4, int own6)
{
	const struct rtnl_link *link = NULL;
	bool changed = false;

	for (size_t i = 0; i < a->count; i++) {
		struct vrrp_address *item = &a->items[i];
		int own = item->prefix.addr.family == ADDR_IPV4 ? own4 : own6;
		int index;

		if (own && !strcmp(item->interface, own_interface)) {
			index = own;
		} else {
			/* Most are on the interface of the one before. */
			if (!link || strcmp(link->name, item->interface) != 0)
				link = vrrp_links_by_name(links, item->interface);
			index = link ? link->index : 0;
		}
		changed |= index != item->link_index;
		item->link_index = index;
	}
	if (changed) {
		qsort(a->items, a->count, sizeof(*a->items), compare_items);
		if (!is_at_rest(a))
			a->swept = 0;
	}
	return changed;
}

/* --- taking, renewing, letting go --- */

void vrrp_addresses_want(struct vrrp_addresses *a, bool wanted, int64_t now_us)
{
	a->place = wanted ? VRRP_ADDRESSES_ON_LINKS : VRRP_ADDRESSES_NOWHERE;
	a->copying = a->renewing = false;
	a->swept = 0;
	a->error = 0;
	a->restore_due_us = TIME_NEVER;
	for (size_t i = 0; i < a->count; i++) {
		a->items[i].restore_due_us = TIME_NEVER;
		a->items[i].deferred = false;
	}
	if (wanted)
		vrrp_lease_renewed(&a->lease, now_us);
	else
		vrrp_lease_released(&a->lease);
}

static size_t floating_count(const struct vrrp_addresses *a)
{
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++)
		count += a->items[i].floats;
	return count;
}

void vrrp_addresses_defer(struct vrrp_addresses *a, int64_t now_us)
{
	size_t count = floating_count(a);

	if (!vrrp_addresses_are_wanted(a) || count == 0 || count > VRRP_ADDRESSES_DEFER_MAX)
		return;
	for (size_t i = 0; i < a->count; i++) {
		if (!a->items[i].floats)
			continue;
		a->items[i].deferred = true;
		a->items[i].restore_due_us = now_us + VRRP_ADDRESSES_DEFER_US;
	}
	a->restore_due_us = now_us + VRRP_ADDRESSES_DEFER_US;
}

bool vrrp_addresses_copy(struct vrrp_addresses *a)
{
	if (!vrrp_addresses_are_wanted(a) || a->count > VRRP_ADDRESSES_COPY_MAX)
		return false;
	if (!is_hidden(a))
		a->place = VRRP_ADDRESSES_COPIED;
	a->copied = a->copying = true;
	a->swept = 0;
	return true;
}

bool vrrp_addresses_hide(struct vrrp_addresses *a)
{
	if (!vrrp_addresses_copy(a))
		return false;
	a->place = VRRP_ADDRESSES_HIDDEN;
	a->restore_due_us = TIME_NEVER;
	for (size_t i = 0; i < a->count; i++) {
		a->items[i].restore_due_us = TIME_NEVER;
		a->items[i].deferred = false;
	}
	return true;
}

void vrrp_addresses_seek(const struct vrrp_addresses *a, const struct vrrp_links *links,
                         struct vrrp_address_batch *batch)
{
	if (vrrp_addresses_are_wanted(a) || floating_count(a) > VRRP_ADDRESSES_DEFER_MAX)
		return;
	for (size_t i = 0; i < a->count; i++) {
		const struct vrrp_address *item = &a->items[i];

		if (!item->floats || item->link_index == 0 ||
		    vrrp_links_address(links, item->link_index, &item->prefix))
			continue;
		vrrp_address_batch_ask(batch, item->link_index, &item->prefix.addr);
	}
}

static bool is_ours(const struct rtnl_address *present)
{
	return present && present->protocol == RTNL_ADDRESS_PROTOCOL;
}

/* Another router here wants it to be there. */
static bool is_claimed(const struct vrrp_addresses *a, int link_index,
                       const struct addr_prefix *prefix, const struct vrrp_address_batch *batch)
{
	return batch->claimed && batch->claimed(batch->ctx, a, link_index, prefix);
}

static struct addr_prefix whole(const struct vrrp_address *item)
{
	return (struct addr_prefix){.addr = item->prefix.addr,
	                            .length = (uint8_t)addr_bits(&item->prefix.addr)};
}

/* Of one on the loopback interface, or of the link only, there is none. */
static bool has_copy(const struct vrrp_address *item)
{
	return !item->floats && item->link_index != RTNL_LOOPBACK &&
	       !addr_is_link_local(&item->prefix.addr);
}

static bool wants_copying(const struct vrrp_addresses *a, const struct vrrp_address *item,
                          const struct vrrp_links *links, const struct rtnl_address *copy)
{
	if (copy)
		return is_ours(copy) && a->renewing && a->lease.lifetime_s > 0;
	return a->copying && is_ours(vrrp_links_address(links, item->link_index, &item->prefix));
}

/* One that we have gets its copy, or loses it. */
static bool sweep_copy(const struct vrrp_addresses *a, const struct vrrp_address *item,
                       const struct vrrp_links *links, struct vrrp_address_batch *batch)
{
	const struct vrrp_address_job job = {
		.link_index = RTNL_LOOPBACK,
		.prefix = whole(item),
		.valid_s = valid_s(a),
		.removes = !wants_copies(a),
	};
	const struct rtnl_address *copy;

	if (!a->copied || !has_copy(item))
		return false;
	copy = vrrp_links_address(links, RTNL_LOOPBACK, &job.prefix);
	if (wants_copies(a) ? !wants_copying(a, item, links, copy)
	                    : !is_ours(copy) || is_claimed(a, RTNL_LOOPBACK, &job.prefix, batch))
		return false;
	vrrp_address_batch_append(batch, &job, wants_copies(a) && copy);
	return true;
}

/* It goes from where neighbours ask for it, but not before the copy is in use. One that is all that
 * the machine has of its network stays: nothing could be sent there without. */
static bool hide_one(const struct vrrp_addresses *a, const struct vrrp_address *item,
                     const struct vrrp_links *links, struct vrrp_address_batch *batch)
{
	const struct addr_prefix copy = whole(item);
	const struct vrrp_address_job job = {
		.link_index = item->link_index,
		.prefix = item->prefix,
		.removes = true,
	};

	if (!is_ours(vrrp_links_address(links, item->link_index, &item->prefix)) ||
	    !vrrp_links_is_in(links, item->link_index, &item->prefix) ||
	    is_claimed(a, item->link_index, &item->prefix, batch))
		return false;
	if (!item->floats && (!has_copy(item) || !vrrp_links_address(links, RTNL_LOOPBACK, &copy) ||
	                      vrrp_links_is_pending(links, RTNL_LOOPBACK, &copy)))
		return false;
	vrrp_address_batch_append(batch, &job, false);
	return true;
}

/* One address as it is wanted. True when a message was appended. */
static bool sweep_one(struct vrrp_addresses *a, struct vrrp_address *item,
                      const struct vrrp_links *links, struct vrrp_address_batch *batch)
{
	const struct vrrp_address_job job = {
		.owner = a->id,
		.link_index = item->link_index,
		.prefix = item->prefix,
		.valid_s = valid_s(a),
		.removes = !vrrp_addresses_are_wanted(a),
	};
	const struct rtnl_address *present;

	if (item->link_index == 0)
		return false;
	if (is_hidden(a) && hide_one(a, item, links, batch))
		return true;
	present = vrrp_links_address(links, item->link_index, &item->prefix);
	if (present && present->protocol != RTNL_ADDRESS_PROTOCOL)
		return false;
	if (is_hidden(a) && !(present && a->renewing))
		return false;
	if (vrrp_addresses_are_wanted(a)) {
		/* Somebody fights for it, or still has it: not before its time. */
		if (!present && item->restore_due_us != TIME_NEVER)
			return false;
		if (present && a->lease.lifetime_s == 0 &&
		    present->valid_s == RTNL_LIFETIME_FOREVER)
			return false;
		vrrp_address_batch_append(batch, &job, present != NULL);
		return true;
	}
	if (!present || is_claimed(a, item->link_index, &item->prefix, batch))
		return false;
	vrrp_address_batch_append(batch, &job, false);
	return true;
}

static unsigned put_back(struct vrrp_addresses *a, int64_t now_us, struct vrrp_address_batch *batch)
{
	unsigned count = 0;

	a->restore_due_us = TIME_NEVER;
	for (size_t i = 0; i < a->count; i++) {
		struct vrrp_address *item = &a->items[i];

		if (item->restore_due_us <= now_us) {
			const struct vrrp_address_job job = {
				.owner = a->id,
				.link_index = item->link_index,
				.prefix = item->prefix,
				.valid_s = valid_s(a),
			};

			item->restore_due_us = TIME_NEVER;
			if (item->link_index) {
				vrrp_address_batch_append(batch, &job, false);
				count += !item->deferred;
			}
			item->deferred = false;
		} else if (item->restore_due_us < a->restore_due_us) {
			a->restore_due_us = item->restore_due_us;
		}
	}
	return count;
}

unsigned vrrp_addresses_sweep(struct vrrp_addresses *a, const struct vrrp_links *links,
                              int64_t now_us, struct vrrp_address_batch *batch)
{
	unsigned steps = 0, restored = 0;

	if (vrrp_addresses_are_wanted(a) && a->swept == a->count &&
	    (vrrp_lease_deadline(&a->lease) <= now_us || vrrp_addresses_is_nearly_due(a, now_us))) {
		vrrp_lease_renewed(&a->lease, now_us);
		a->swept = 0;
		a->renewing = true;
		a->copying = wants_copies(a);
	}
	for (; a->swept < a->count && steps < VRRP_ADDRESS_BATCH_STEP; a->swept++) {
		struct vrrp_address *item = &a->items[a->swept];

		/* The kernel is to have it all the time. */
		if (wants_copies(a))
			steps += sweep_copy(a, item, links, batch);
		steps += sweep_one(a, item, links, batch);
		if (!wants_copies(a))
			steps += sweep_copy(a, item, links, batch);
	}
	if (a->swept == a->count) {
		a->copied = wants_copies(a);
		a->copying = a->renewing = false;
	}
	if (vrrp_addresses_are_wanted(a) && a->restore_due_us <= now_us)
		restored = put_back(a, now_us, batch);
	return restored;
}

void vrrp_addresses_recheck(struct vrrp_addresses *a)
{
	if (vrrp_addresses_are_wanted(a))
		a->swept = 0;
}

int64_t vrrp_addresses_deadline(const struct vrrp_addresses *a)
{
	int64_t renew_us = vrrp_lease_deadline(&a->lease);

	if (a->swept < a->count)
		return INT64_MIN;
	if (!vrrp_addresses_are_wanted(a) || a->count == 0)
		return TIME_NEVER;
	return renew_us < a->restore_due_us ? renew_us : a->restore_due_us;
}

bool vrrp_addresses_is_nearly_due(const struct vrrp_addresses *a, int64_t now_us)
{
	int64_t due_us = vrrp_lease_deadline(&a->lease);

	return vrrp_addresses_are_wanted(a) && a->count > 0 && due_us != TIME_NEVER &&
	       due_us - now_us <= a->lease.lifetime_s * US_PER_S / 12;
}

bool vrrp_addresses_gone(struct vrrp_addresses *a, int link_index, const struct addr_prefix *prefix,
                         int64_t now_us, bool *ret_fight)
{
	struct vrrp_address *item = vrrp_addresses_are_wanted(a) && !is_hidden(a)
	                                    ? lookup(a, link_index, prefix)
	                                    : NULL;

	if (!item)
		return false;
	/* We were stalled and the kernel did as it was told: first the machine decides whether we
	 * still own it. */
	if (vrrp_lease_is_expired(&a->lease, now_us)) {
		vrrp_addresses_recheck(a);
		return false;
	}
	item->restore_due_us = vrrp_restore_removed(&item->restore, now_us, ret_fight);
	if (item->restore_due_us < a->restore_due_us)
		a->restore_due_us = item->restore_due_us;
	return true;
}

void vrrp_addresses_keep(const struct vrrp_addresses *a, const struct vrrp_links *links,
                         struct vrrp_address_batch *batch)
{
	if (a->lease.lifetime_s == 0 || a->lease.lifetime_s >= VRRP_ADDRESSES_KEEP_S)
		return;
	for (size_t i = 0; vrrp_addresses_are_wanted(a) && i < a->count; i++) {
		const struct vrrp_address_job job = {
			.link_index = a->items[i].link_index,
			.prefix = a->items[i].prefix,
			.valid_s = VRRP_ADDRESSES_KEEP_S,
		};
		const struct rtnl_address *present =
			vrrp_links_address(links, job.link_index, &job.prefix);

		if (present && present->protocol == RTNL_ADDRESS_PROTOCOL)
			vrrp_address_batch_append(batch, &job, true);
	}
}

/* --- questions --- */

static bool owns_copy(const struct vrrp_addresses *a, int link_index,
                      const struct addr_prefix *prefix)
{
	if (!a->copied || link_index != RTNL_LOOPBACK)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct addr_prefix copy = whole(&a->items[i]);

		if (has_copy(&a->items[i]) && addr_prefix_compare(&copy, prefix) == 0)
			return true;
	}
	return false;
}

bool vrrp_addresses_owns(const struct vrrp_addresses *a, int link_index,
                         const struct addr_prefix *prefix)
{
	return lookup(a, link_index, prefix) || owns_copy(a, link_index, prefix);
}

const struct vrrp_address *vrrp_addresses_find(const struct vrrp_addresses *a, int link_index,
                                               const struct addr *address)
{
	const struct addr_prefix key = {.addr = *address};
	size_t at = position(a, link_index, &key);

	if (at == a->count || a->items[at].link_index != link_index ||
	    !addr_equal(&a->items[at].prefix.addr, address))
		return NULL;
	return &a->items[at];
}

uint32_t vrrp_addresses_present(const struct vrrp_addresses *a, const struct vrrp_links *links)
{
	uint32_t present = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct addr_prefix copy = whole(&a->items[i]);

		present += vrrp_links_address(links, a->items[i].link_index, &a->items[i].prefix) ||
		           (is_hidden(a) && has_copy(&a->items[i]) &&
		            vrrp_links_address(links, RTNL_LOOPBACK, &copy));
	}
	return present;
}
