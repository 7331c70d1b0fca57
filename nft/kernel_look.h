/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/kernel_look.h - reads a table of ours from the kernel. For nft/kernel.c alone.
 *
 * I/O, over the channel of requests. Source: Linux net/netfilter/nf_tables_api.c. */

#ifndef LINTEL_NFT_KERNEL_LOOK_H
#define LINTEL_NFT_KERNEL_LOOK_H

#include "lib/nl.h"
#include "nft/table.h"

/* The number of the ruleset's generation: each transaction of anybody adds one. -errno. */
LT_MUST_USE int nft_kernel_generation(struct nl *nl, uint32_t *ret_generation);
/* The table as it is, of one generation; not 'present' when there is none. The caller frees it.
 * -EAGAIN or -EINTR: others change nftables all the time. */
LT_MUST_USE int nft_kernel_look(struct nl *nl, const char *table, struct nft_table **ret_table,
                                uint32_t *ret_generation);

#endif
