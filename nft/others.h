/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/others.h - is there a table or a chain of somebody else's?
 *
 * I/O, one small request each, over a channel of NETLINK_NETFILTER. Families are NFPROTO_*. Source:
 * Linux net/netfilter/nf_tables_api.c. */

#ifndef LINTEL_NFT_OTHERS_H
#define LINTEL_NFT_OTHERS_H

#include "lib/nl.h"

/* 0, also when there is none; -errno when the kernel can't be asked. */
LT_MUST_USE int nft_others_has_table(struct nl *nl, uint8_t family, const char *table,
                                     bool *ret_found);
LT_MUST_USE int nft_others_has_chain(struct nl *nl, uint8_t family, const char *table,
                                     const char *chain, bool *ret_found);

#endif
