/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/encode.h - a table of ours as nfnetlink messages.
 *
 * Pure: writes into memory (lib/nl.h batches) and sends nothing. Doors to libnftnl are this file,
 * nft/code.h and nft/observe.h. Source: Linux include/uapi/linux/netfilter/nf_tables.h. */

#ifndef LINTEL_NFT_ENCODE_H
#define LINTEL_NFT_ENCODE_H

#include "lib/nl.h"
#include "nft/op.h"
#include "nft/table.h"

struct nftnl_rule;

/* The kernel's instructions for a rule; the caller frees with nftnl_rule_free(). 'chain' may be
 * NULL when only the instructions matter. The table is the main one; set another in the result. */
struct nftnl_rule *nft_encode_rule(const char *chain, const struct nft_rule *rule);

/* One transaction that makes the table 'wanted' whatever there is now: created if it isn't there,
 * deleted with all it holds, created again unless it isn't 'present'. The batch must be empty. */
void nft_encode_replace(const struct nft_table *wanted, struct nl_batch *batch);
/* The same, but plain sets begin with those elements only that 'from' has as well (by key): so much
 * must be there at once, all else can be exchanged later. Their room is made for all. */
void nft_encode_replace_kept(const struct nft_table *from, const struct nft_table *wanted,
                             struct nl_batch *batch);
/* Transactions that one after the other exchange the elements of plain sets so that the table
 * 'from' becomes 'wanted', which has the same frame and other elements. What comes or changes is
 * first, the last set before the others; what goes follows, the first set before the others: so an
 * address is among those of services only while all is there that is said of it. Other members:
 * zero at first. */
struct nft_exchange {
	const struct nft_table *from, *wanted;
	bool removing;         /* what goes is next */
	size_t set;            /* how many are done */
	size_t from_at, to_at; /* in the one that is next */
};
/* The next one, of up to 'limit' keys; what concerns a key is in one of them. False: all is done,
 * and the batch, which must be empty, stays so. */
bool nft_encode_exchange(struct nft_exchange *exchange, size_t limit, struct nl_batch *batch);
/* As nft_encode_replace() without the end of the transaction: the kernel checks all of it and then
 * forgets it. */
void nft_encode_trial(const struct nft_table *wanted, struct nl_batch *batch);

/* Requests for what there is. */
void nft_encode_get_generation(struct nl_batch *one);
void nft_encode_get_table(const char *table, struct nl_batch *one);
void nft_encode_get_sets(const char *table, struct nl_batch *one);
void nft_encode_get_elements(const char *table, const char *set, struct nl_batch *one);
void nft_encode_get_chains(const char *table, struct nl_batch *one);
void nft_encode_get_rules(const char *table, struct nl_batch *one);

/* What a message of ours was to do, for the report that it was refused: "chain source_nat (type nat
 * hook postrouting priority 95)". */
void nft_encode_describe(const struct nlmsghdr *message, struct text *out);
/* The kernel options that such a message needs, comma separated; appends nothing when it needs none
 * of its own. */
void nft_encode_needs(const struct nlmsghdr *message, struct text *out);

#endif
