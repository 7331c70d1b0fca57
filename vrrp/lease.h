/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/lease.h - when to renew the limited lifetimes of owned addresses, and when to put back one
 * that somebody removed.
 *
 * Pure. Time: now_us, microseconds on the monotonic clock. The kernel removes an address whose
 * lifetime (whole seconds, looked at about once a second) was not renewed: should this process hang
 * or die, its addresses go by themselves. */

#ifndef LINTEL_VRRP_LEASE_H
#define LINTEL_VRRP_LEASE_H

#include <stdbool.h>
#include <stdint.h>

/* One for all addresses of a virtual router: they are renewed together. */
struct vrrp_lease {
	uint32_t lifetime_s; /* 0: addresses are for ever */
	int64_t renewed_us;  /* TIME_NEVER: no address is held */
};

/* Holds nothing. */
void vrrp_lease_init(struct vrrp_lease *lease, uint32_t lifetime_s);
/* All addresses were added or renewed at 'now_us' (the instant before the request was sent). */
void vrrp_lease_renewed(struct vrrp_lease *lease, int64_t now_us);
/* The addresses were released. */
void vrrp_lease_released(struct vrrp_lease *lease);
/* When to renew: a third of the lifetime after the last time; TIME_NEVER: not at all. */
int64_t vrrp_lease_deadline(const struct vrrp_lease *lease);
/* The kernel may have removed them by now. */
bool vrrp_lease_is_expired(const struct vrrp_lease *lease, int64_t now_us);

/* One for each address. Zero-initialised: never removed. */
struct vrrp_restore {
	int64_t removed_us; /* last removal by somebody else */
	unsigned count;     /* removals, none of them a minute apart */
};

#define VRRP_RESTORE_AT_ONCE      5                 /* so many are answered at once */
#define VRRP_RESTORE_FORGET_US    INT64_C(60000000) /* quiet that ends the count */
#define VRRP_RESTORE_DELAY_MAX_US INT64_C(30000000)

/* Somebody removed an address that we own. Returns the instant at which to put it back: at once,
 * but after five times later and later (1 s, 2 s, ... 30 s). '*ret_fight' is true when the
 * delays begin: once, to be told to a person. */
int64_t vrrp_restore_removed(struct vrrp_restore *restore, int64_t now_us, bool *ret_fight);

#endif
