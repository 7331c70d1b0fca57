/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/kernel.h - a table of ours in the kernel: read, written, removed, watched.
 *
 * I/O, over two nfnetlink channels (requests, events). Touches no table but its own. A change is
 * one transaction: packets see the old table or the new one, live flows are not disturbed. Only
 * what concerns more than some hundreds of keys comes in several, a key in one of them: the kernel
 * leaves the processor to nobody while it carries one out. Needs CAP_NET_ADMIN. Not thread-safe.
 * Source: Linux net/netfilter/nf_tables_api.c.
 *
 * 'why', where there is one, gets a sentence for the operator when the call fails: what was
 * refused, and which kernel option gives it. */

#ifndef LINTEL_NFT_KERNEL_H
#define LINTEL_NFT_KERNEL_H

#include "nft/table.h"

struct nft_kernel;

/* -EPERM: no CAP_NET_ADMIN; -EPROTONOSUPPORT: the kernel has no nfnetlink. */
LT_MUST_USE int nft_kernel_open(struct nft_kernel **ret_kernel, struct text *why);
/* The same for another table of ours than the main one: NFT_GUARD_TABLE_NAME. Not copied. */
LT_MUST_USE int nft_kernel_open_table(const char *table, struct nft_kernel **ret_kernel,
                                      struct text *why);
void nft_kernel_close(struct nft_kernel *kernel); /* NULL accepted; the table stays */

/* Lets the kernel check, but not carry out, a table that uses everything we ever use: loads the
 * modules (which may take a second, so before VRRP starts) and tells what is missing, all of it in
 * one sentence. 0, or -EOPNOTSUPP when something is missing. */
LT_MUST_USE int nft_kernel_warm_up(struct nft_kernel *kernel, struct text *why);

/* Reads the table as it is, of one moment. The caller frees '*ret_table'; it is not 'present' when
 * there is no such table. */
LT_MUST_USE int nft_kernel_observe(struct nft_kernel *kernel, struct nft_table **ret_table,
                                   struct text *why);

/* Makes the table as wanted in one transaction, whatever was there. Removes it when 'wanted' is not
 * present. */
LT_MUST_USE int nft_kernel_apply(struct nft_kernel *kernel, const struct nft_table *wanted,
                                 struct text *why);
/* Removes the table; 0 also when there is none. */
LT_MUST_USE int nft_kernel_remove(struct nft_kernel *kernel, struct text *why);

enum nft_sync {
	NFT_SYNC_UNTOUCHED, /* nobody touched it since it was as wanted */
	NFT_SYNC_SAME,      /* looked: it is as wanted */
	NFT_SYNC_WRITTEN,   /* it was not, and now is */
};
const char *nft_sync_name(enum nft_sync outcome);

/* The reconcile step: writes what differs from the wanted table, which is kept (a share of it) as
 * what is known of the kernel's until events tell otherwise. So it is cheap when nothing happened
 * (one small request), and when services came or went: their elements are exchanged, and nothing is
 * read. When the frame differs, or a set is full, the table is made anew, and its counters start
 * again; elements that were not there before may come after it, and what is cut off meanwhile is
 * made good by the next process. Meanwhile events are not heard: whether others changed anything is
 * known by the generation. 'changes' (may be NULL) gets the lines of nft_table_diff() of what was
 * written. A kernel that shows a rule otherwise than it was given does not make it write again and
 * again: what it showed right after our write is then taken as ours. */
LT_MUST_USE int nft_kernel_sync(struct nft_kernel *kernel, struct nft_table *wanted,
                                enum nft_sync *ret_outcome, struct text *changes, struct text *why);

/* Why the kernel did not exchange elements in the last nft_kernel_sync(), which therefore made the
 * table anew: a set was full, or somebody changed it meanwhile. NULL: it did, or there was nothing
 * to exchange. The kernel's until the next call. */
const char *nft_kernel_refusal(const struct nft_kernel *kernel);

/* Readable when somebody changed nftables: then call nft_kernel_changed(). */
int nft_kernel_event_fd(const struct nft_kernel *kernel);
/* Reads the events. True: somebody else changed or removed our table, or events were lost: call
 * nft_kernel_sync(). Our own changes and those of other tables are no reason. */
bool nft_kernel_changed(struct nft_kernel *kernel);

#endif
