/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/guard.h - the takeover guard: the table that makes connections which are not known yet stall
 * and recover instead of being reset.
 *
 * Pure: builds the table inet lintel-guard; nft/kernel.h, opened with NFT_GUARD_TABLE_NAME, makes
 * it so, compares it and removes it, apart from the main table.
 *
 * It stands on a node for the virtual routers that it does not own, so that it is there before the
 * first packet after a takeover is; when a router becomes Active its elements get a time-out, so
 * that the kernel itself ends it, whatever becomes of us; and they are left out as soon as the node
 * is in step. New connections are never held back. Packets of flows that connection tracking does
 * not know:
 * - of clients to services with source NAT, in midstream: dropped, since the kernel would choose a
 *   new source port for them, or answer with a reset;
 * - answers of servers to addresses of source NAT that are here (without source NAT: to anywhere):
 *   dropped, since this machine would reset them, and take them for flows that stand in the way of
 *   the right entry;
 * - resets and ICMP errors that this machine makes in the name of these addresses: dropped. That is
 *   all there is for direct and tunnel services, whose flows connection tracking does not know. */

#ifndef LINTEL_NFT_GUARD_H
#define LINTEL_NFT_GUARD_H

#include "model/snapshot.h"
#include "nft/table.h"

/* Long enough for a channel to deliver what was under way, short enough for whoever waits in vain.
 */
#define NFT_GUARD_EXPIRY_US (5 * INT64_C(1000000))

/* What is to be guarded; routers that are not named are not. */
struct nft_guard_router {
	const struct model_router *router; /* of the snapshot */
	int64_t until_us;                  /* when it ends; TIME_NEVER (lib/mono.h): it stands */
};

/* An interface of our own on which only packets of ours may go to a UDP port: those with the mark.
 * What is said there is believed, and any program of this machine could say it. */
struct nft_guard_private {
	const char *interface;
	uint16_t port;
	uint32_t mark;
	/* The kernel has no hook where packets come in by an interface (Linux before 5.10, or
	 * without CONFIG_NETFILTER_INGRESS): every packet that leaves the machine is looked at. */
	bool no_ingress;
};

/* The table for these routers' services at 'now_us' (any clock that 'until_us' is of): what has
 * ended by then is not in it; not 'present' when nothing is left. 'private' may be NULL. The caller
 * frees it. */
struct nft_table *nft_guard_build(const struct model_snapshot *snapshot,
                                  const struct nft_guard_router *routers, size_t count,
                                  const struct nft_guard_private *private, int64_t now_us);

#endif
