/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/trial.h - a table that uses everything we ever use.
 *
 * Pure. For nft_kernel_warm_up(): the kernel checks it, which loads the modules, and throws it
 * away. Each rule holds one kind of instruction that may be missing, so that a refusal tells which.
 */

#ifndef LINTEL_NFT_TRIAL_H
#define LINTEL_NFT_TRIAL_H

#include "nft/table.h"

/* The caller frees it with nft_table_free(). */
struct nft_table *nft_trial_build(void);

#endif
