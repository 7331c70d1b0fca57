/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/addresses.h - the addresses that one virtual router owns while Active, in the kernel.
 *
 * I/O (netlink), in batches: several routers append what they want, one commit does it. Only
 * addresses with our mark (IFA_PROTO) are ever renewed or removed; one that is there without it (an
 * address owner's own) is left alone and counts as present. A limited lifetime is renewed in time,
 * so that the kernel itself takes the addresses away when we hang or die (vrrp/lease.h).
 * Time: now_us, microseconds on the monotonic clock. */

#ifndef LINTEL_VRRP_ADDRESSES_H
#define LINTEL_VRRP_ADDRESSES_H

#include "vrrp/address_batch.h"
#include "vrrp/config.h"
#include "vrrp/lease.h"
#include "vrrp/links.h"

/* What remains of the lifetime of addresses that are left to the next start. */
#define VRRP_ADDRESSES_KEEP_S    60
/* Of the threads here, when allowed: low among real-time priorities, above everything ordinary. */
#define VRRP_REALTIME_PRIORITY   2

/* So long after the first word as Active a floating address comes, when it was taken from one who
 * lives and lets go later than that. At most so many of them wait. */
#define VRRP_ADDRESSES_DEFER_US  (40 * US_PER_MS)
#define VRRP_ADDRESSES_DEFER_MAX VRRP_ADDRESS_BATCH_STEP
/* Of a router that has more there are no copies: all would be over before they were made. */
#define VRRP_ADDRESSES_COPY_MAX  128

struct vrrp_address {
	struct addr_prefix prefix;
	char interface[IF_NAMESIZE];
	bool floats;    /* struct vrrp_owned */
	bool deferred;  /* comes at restore_due_us, for the first time */
	int link_index; /* 0: there is no such interface now */
	struct vrrp_restore restore;
	int64_t restore_due_us; /* put it back then; TIME_NEVER */
};

/* Where they shall be, each more than the one before but for the last. */
enum vrrp_addresses_place {
	VRRP_ADDRESSES_NOWHERE,
	VRRP_ADDRESSES_ON_LINKS,
	VRRP_ADDRESSES_COPIED, /* ... and on the loopback interface */
	VRRP_ADDRESSES_HIDDEN, /* on that alone */
};

/* Zero-initialised: no addresses. Read only outside vrrp/addresses.c. */
struct vrrp_addresses {
	uint64_t id; /* given by the owner: tells it from others, past ones included */
	struct vrrp_address *items; /* by link index, address, prefix length */
	size_t count;
	enum vrrp_addresses_place place;
	bool copied;  /* there may be copies */
	bool copying; /* in this sweep those are made that aren't there: one refused is no reason */
	bool renewing; /* in this sweep lifetimes are renewed, where nothing else makes it so */
	size_t swept;  /* so many were looked at since something changed; all: nothing to do */
	struct vrrp_lease lease;
	int64_t restore_due_us; /* the least of all items */
	int error;              /* the kernel's last refusal, positive errno; 0 */
};

/* They shall be there, in whatever place. */
static inline bool vrrp_addresses_are_wanted(const struct vrrp_addresses *a)
{
	return a->place != VRRP_ADDRESSES_NOWHERE;
}

/* Replaces the list (copied). Addresses that are no longer
 * in it are the caller's to remove (vrrp_address_batch_remove()). */
void vrrp_addresses_set(struct vrrp_addresses *a, const struct vrrp_owned *owned, size_t count,
                        uint32_t lifetime_s);
void vrrp_addresses_done(struct vrrp_addresses *a);
/* Looks the interfaces up. Addresses on 'own_interface' go to 'own4' and 'own6' instead (a macvlan
 * of ours), unless these are 0. True when an interface is another one than before. */
bool vrrp_addresses_resolve(struct vrrp_addresses *a, const struct vrrp_links *links,
                            const char *own_interface, int own4, int own6);
/* Takes or lets go: what is to be done then comes out of vrrp_addresses_sweep(). */
void vrrp_addresses_want(struct vrrp_addresses *a, bool wanted, int64_t now_us);
/* After vrrp_addresses_want(): they are taken over from one who still has them, and answers to what
 * it has sent on may arrive here soon. To the kernel, to whom they are nobody's yet, those are
 * packets to be forwarded: to who has the address. Once we have it they would be lost. Floating
 * addresses (but not too many) are put in place VRRP_ADDRESSES_DEFER_US from now, therefore. */
void vrrp_addresses_defer(struct vrrp_addresses *a, int64_t now_us);
/* While they are wanted, before somebody may take them over: copies of them come to the loopback
 * interface, for which no neighbour is answered (IPv6; ARP: vrrp/mute.h). Floating ones and those
 * of the link have none. Until vrrp_addresses_want(). False: there are too many. */
bool vrrp_addresses_copy(struct vrrp_addresses *a);
/* The same, and then: somebody announces them. Neighbours that ask are his to answer, or they would
 * go on sending to us when we serve no more. What they have sent already is served: all that have a
 * copy in use go. Floating ones go: for flows that it knows the kernel needs none, and others'
 * packets are for him, to be forwarded. One stays by which alone we are in its network. Some copies
 * are in use only after a while: vrrp_addresses_recheck() then. */
bool vrrp_addresses_hide(struct vrrp_addresses *a);
/* Appends: neighbours are asked where the floating addresses are reached that we don't have (unless
 * these are too many). The answer is good for as long as vrrp_addresses_defer() needs it. */
void vrrp_addresses_seek(const struct vrrp_addresses *a, const struct vrrp_links *links,
                         struct vrrp_address_batch *batch);
/* Appends the next steps: additions, renewals or removals, at most VRRP_ADDRESS_BATCH_STEP
 * messages, and puts back what was removed by others and is due. Returns how many were put back. */
unsigned vrrp_addresses_sweep(struct vrrp_addresses *a, const struct vrrp_links *links,
                              int64_t now_us, struct vrrp_address_batch *batch);
/* What is there may have changed without our hearing of it: sweeps once more. */
void vrrp_addresses_recheck(struct vrrp_addresses *a);
/* When vrrp_addresses_sweep() has something to do; INT64_MIN: at once, TIME_NEVER: nothing. */
int64_t vrrp_addresses_deadline(const struct vrrp_addresses *a);
/* The lifetimes are to be renewed within the first quarter of the time between renewals from now:
 * worth doing along with another router's that are due. */
bool vrrp_addresses_is_nearly_due(const struct vrrp_addresses *a, int64_t now_us);
/* An address with our mark went from an interface. False when it isn't of this router, isn't
 * wanted, or its lifetime was over. '*ret_fight': it goes again and again, restoring it waits now
 * (tell a person). */
bool vrrp_addresses_gone(struct vrrp_addresses *a, int link_index, const struct addr_prefix *prefix,
                         int64_t now_us, bool *ret_fight);
/* Is it one of this router's, or a copy of one? */
bool vrrp_addresses_owns(const struct vrrp_addresses *a, int link_index,
                         const struct addr_prefix *prefix);
/* Is 'address' one of ours on that interface? */
const struct vrrp_address *vrrp_addresses_find(const struct vrrp_addresses *a, int link_index,
                                               const struct addr *address);
/* How many this machine has; a hidden one by its copy. */
uint32_t vrrp_addresses_present(const struct vrrp_addresses *a, const struct vrrp_links *links);
/* Appends: all that are there stay for VRRP_ADDRESSES_KEEP_S seconds (addresses without a limited
 * lifetime stay as they are), to be adopted by the next start. */
void vrrp_addresses_keep(const struct vrrp_addresses *a, const struct vrrp_links *links,
                         struct vrrp_address_batch *batch);

#endif
