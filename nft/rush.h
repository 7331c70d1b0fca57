/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/rush.h - the table of a rush: tells of new flows of which source NAT made something else than
 * is expected.
 *
 * Pure: builds the table inet lintel-rush; nft/kernel.h, opened with NFT_RUSH_TABLE_NAME, writes
 * it. The kernel removes it when that is closed, so it never outlives its process.
 *
 * IPVS tells of new flows, but not of what source NAT gave them. A chain behind all source NAT
 * looks at packets of flows that have no answer yet. Where the source is the expected one, and the
 * client's port was kept, all is known, and nothing is told; of all other packets to the virtual
 * addresses NFLOG tells, with the entry of connection tracking if the group's listener asks for it.
 * It tells again when a client asks again before it has an answer, and it tells nobody while
 * nobody listens.
 *
 * Two ports can't be compared with each other, so their low bytes and then their high bytes are
 * looked up in a set of all pairs of same ones. (A set of all ports would need but one look, and
 * some megabytes in which to look; registers are compared with each other from Linux 6.13 on.)
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

/* One for each virtual address and protocol. */
struct nft_rush_source {
	struct addr virtual;
	struct addr source; /* of the same family: what source NAT is expected to give; ADDR_NONE:
	                       not known, all its new flows are told */
	enum model_protocol protocol;
};

/* The table for these, which tells NFLOG's group; not 'present' when there are none. The caller
 * frees it. */
struct nft_table *nft_rush_build(const struct nft_rush_source *sources, size_t count,
                                 uint16_t group);

#endif
