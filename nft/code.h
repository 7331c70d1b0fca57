/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/code.h - the kernel's instructions of a rule, in words.
 *
 * Pure. Two words for one rule: its code, every instruction with its operands, by which rules are
 * compared; and its text, as the nft program would list it, for people. What is none of ours has
 * its code for text. */

#ifndef LINTEL_NFT_CODE_H
#define LINTEL_NFT_CODE_H

#include "lib/text.h"
#include "nft/table.h"

struct nftnl_rule;

/* Instructions in the form of libnftnl, "[ meta load mark => reg 1 ] ...", without counts. */
void nft_code_format(const struct nftnl_rule *rule, struct text *out);
/* As nft lists it: "ip daddr @vips4 jump arriving4". 'table' tells how many parts the keys of a set
 * have; sets it doesn't know, and instructions we never write, make it the code instead. */
void nft_code_explain(const struct nftnl_rule *rule, const struct nft_table *table,
                      struct text *out);
/* What the rule's counter instruction has counted; false: it has none. */
bool nft_code_counts(const struct nftnl_rule *rule, uint64_t *ret_packets, uint64_t *ret_bytes);

#endif
