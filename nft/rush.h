/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/rush.h - the table of a rush: of flows whose new source is foreseen connection tracking makes
 * no events.
 *
 * Pure: builds the table inet lintel-rush; nft/kernel.h, opened with NFT_RUSH_TABLE_NAME, writes
 * it. The kernel removes it when that is closed, so it never outlives its process.
 *
 * A chain behind all source NAT looks at the first packet of a flow. Where its virtual address is
 * known to get the source that it got, and it has kept its port, all is known of the flow that IPVS
 * does not tell. Two ports can't be compared with each other, so each of their bytes is looked up
 * in a set of all pairs of same ones. Flows with another source, or another port because theirs was
 * taken, keep their events. Source: Linux net/netfilter/nft_ct.c (NFT_CT_EVENTMASK),
 * nf_conntrack_ecache.c.
 *
 * Before IPVS packets are dropped of which connection tracking makes no flow, such as those with a
 * wrong checksum, or an ACK where nobody answered the SYN: IPVS would tell of them as of a flow.
 * The source of nothing is translated that is no flow, so they lead nowhere. All ports of these
 * virtual addresses must have source NAT: of flows of direct and tunnel services connection
 * tracking sees half. */

#ifndef LINTEL_NFT_RUSH_H
#define LINTEL_NFT_RUSH_H

#include "lib/addr.h"
#include "model/object.h"
#include "nft/table.h"

/* One for each virtual address and protocol: who finds a flow muted knows its source by that. */
struct nft_rush_source {
	struct addr virtual;
	struct addr source; /* of the same family */
	enum model_protocol protocol;
	bool silent; /* false: its packets are only looked at */
};

/* The table for these; not 'present' when there are none. The caller frees it. */
struct nft_table *nft_rush_build(const struct nft_rush_source *sources, size_t count);

#endif
