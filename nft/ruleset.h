/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/ruleset.h - from the snapshot to our nftables table.
 *
 * Pure. What the table does, hook by hook (a packet's way is that of net/netfilter/ipvs/
 * ip_vs_core.c, IPVS standing in LOCAL_IN at 99, LOCAL_OUT at -98 and FORWARD at 100):
 *
 * - prerouting and output, raw (-300): advertisements of VRRP go past connection tracking, which
 *   our rules below make the kernel do; packets from outside the source ranges of a service are
 *   dropped; packets to a port range get its mark, by which IPVS knows it; where the servers' ports
 *   differ, the destination port is shifted;
 * - input and forward, filter (0): new flows to ports of a VIP that nobody serves are rejected,
 *   packets to router addresses with accept: false are dropped;
 * - postrouting, srcnat - 5 (95): source NAT by the original destination;
 * - postrouting and input, after that (110): answers of shifted ranges get their port back.
 *
 * The cost per packet does not depend on the number of services: exact things are looked up in hash
 * sets, only port ranges and source ranges are interval sets. Nothing is in the table that the
 * snapshot doesn't need. The digest is the same for the same state. */

#ifndef LINTEL_NFT_RULESET_H
#define LINTEL_NFT_RULESET_H

#include "model/snapshot.h"
#include "nft/table.h"

/* The caller frees it with nft_table_free(). A snapshot that needs nothing gives a table that is
 * not present. Reads 'snapshot' only during the call. */
struct nft_table *nft_ruleset_build(const struct model_snapshot *snapshot);
/* The same with NAT in it in any case: while flows of services that are gone come to their end.
 * Without a chain of that type the kernel would stop rewriting them midway. */
struct nft_table *nft_ruleset_build_with_nat(const struct model_snapshot *snapshot);
/* Do both snapshots give the same table? Quick where they share their objects, and careful: it may
 * say no of some that do, never yes of some that don't. */
bool nft_ruleset_same(const struct model_snapshot *a, const struct model_snapshot *b);
/* Does the kernel do NAT because of it? */
bool nft_ruleset_has_nat(const struct nft_table *table);

/* Gives the rules of a table that was just built their code and text, and the table its digests. */
void nft_ruleset_word(struct nft_table *table);

#endif
