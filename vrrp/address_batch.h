/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/address_batch.h - addresses that the kernel is to put, renew or remove, in one request.
 *
 * I/O (netlink) in vrrp_address_batch_execute() only. */

#ifndef LINTEL_VRRP_ADDRESS_BATCH_H
#define LINTEL_VRRP_ADDRESS_BATCH_H

#include "lib/rtnl.h"
#include "vrrp/links.h"

struct vrrp_addresses;

/* Addresses put, renewed or removed for one router in one system call, between two looks at its
 * advertisements: a few milliseconds of the kernel's time, which grows with the addresses of the
 * interface (one of 8,000 took a millisecond). */
#define VRRP_ADDRESS_BATCH_STEP 16

/* One message of a batch. */
struct vrrp_address_job {
	uint64_t owner; /* id; 0: nobody's */
	int link_index;
	struct addr_prefix prefix;
	uint32_t valid_s;
	bool removes;
	bool asks; /* is about a neighbour */
	int error; /* the kernel's refusal, positive errno */
};

/* What is to be done, for several routers in one go. Zero-initialised. Filled and noted on the
 * VRRP thread, executed there or elsewhere, concluded on the VRRP thread. */
struct vrrp_address_batch {
	struct nl_batch messages;
	bool presses; /* not all of it is renewing what is there: somebody waits for the outcome */
	struct vrrp_address_job *jobs; /* one for each message */
	size_t job_capacity;
	size_t noted; /* so many of them are in the links as if they were done */
	/* Is the address that 'self' wants to remove another's, who keeps it? */
	bool (*claimed)(void *ctx, const struct vrrp_addresses *self, int link_index,
	                const struct addr_prefix *prefix);
	/* The kernel refused an address of the router with that id (which may be gone by now). */
	void (*refused)(void *ctx, uint64_t id, int error);
	void *ctx;
};

/* 'replace': the address is there, and renewed. */
void vrrp_address_batch_append(struct vrrp_address_batch *batch, const struct vrrp_address_job *job,
                               bool replace);
/* An address that no router owns any more. */
void vrrp_address_batch_remove(struct vrrp_address_batch *batch, int link_index,
                               const struct addr_prefix *prefix);
/* Who has the address is to be found out. */
void vrrp_address_batch_ask(struct vrrp_address_batch *batch, int link_index,
                            const struct addr *address);
/* Notes in 'links' what is about to be done, as if it were done; what was noted is not noted again.
 */
void vrrp_address_batch_note(struct vrrp_address_batch *batch, struct vrrp_links *links);
/* Has the kernel do it. Touches nothing but the batch. 0 or -errno of the channel. */
LT_MUST_USE int vrrp_address_batch_execute(struct vrrp_address_batch *batch, struct nl *nl);
/* So much that it should be handed over before more is appended. */
bool vrrp_address_batch_is_full(const struct vrrp_address_batch *batch);
/* Somebody waits for its end: it is full, so more comes after it, or it does more than renew. */
bool vrrp_address_batch_is_awaited(const struct vrrp_address_batch *batch);
/* Did the kernel refuse anything? After executing. */
bool vrrp_address_batch_has_refusals(const struct vrrp_address_batch *batch);
/* While executing: the kernel refused message 'index' of the batch 'ctx' with a positive errno. */
void vrrp_address_batch_refused(void *ctx, size_t index, int error);
/* Takes back the notes of what the kernel refused, tells 'refused', empties the batch. */
void vrrp_address_batch_conclude(struct vrrp_address_batch *batch, struct vrrp_links *links);
/* 'from' is empty afterwards. */
void vrrp_address_batch_move(struct vrrp_address_batch *to, struct vrrp_address_batch *from);
void vrrp_address_batch_done(struct vrrp_address_batch *batch);

#endif
