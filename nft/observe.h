/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/observe.h - the kernel's answers about our table, decoded.
 *
 * Pure. Fed with messages in this order: table, sets, elements of each set, chains, rules. Each
 * call takes one answer; what is malformed is -EBADMSG, what belongs to other tables is passed
 * over. What somebody else put into our table is kept as far as it can be shown. */

#ifndef LINTEL_NFT_OBSERVE_H
#define LINTEL_NFT_OBSERVE_H

#include "lib/nl.h"
#include "nft/table.h"

struct nft_observe;

struct nft_observe *nft_observe_new(void);                 /* of the main table */
struct nft_observe *nft_observe_new_of(const char *table); /* name not copied */
void nft_observe_free(struct nft_observe *observe);        /* NULL accepted */

/* The id of the ruleset's generation (NFT_MSG_NEWGEN). */
LT_MUST_USE int nft_observe_generation(const struct nlmsghdr *message, uint32_t *ret_id);

LT_MUST_USE int nft_observe_table(struct nft_observe *observe, const struct nlmsghdr *message);
LT_MUST_USE int nft_observe_set(struct nft_observe *observe, const struct nlmsghdr *message);
LT_MUST_USE int nft_observe_elements(struct nft_observe *observe, const struct nlmsghdr *message);
LT_MUST_USE int nft_observe_chain(struct nft_observe *observe, const struct nlmsghdr *message);
LT_MUST_USE int nft_observe_rule(struct nft_observe *observe, const struct nlmsghdr *message);

/* Forgets what was given of a kind, because its dump begins again. */
void nft_observe_restart_sets(struct nft_observe *observe);
void nft_observe_restart_elements(struct nft_observe *observe, const char *set);
void nft_observe_restart_chains(struct nft_observe *observe);
void nft_observe_restart_rules(struct nft_observe *observe);

/* Names of the sets given so far. */
size_t nft_observe_set_count(const struct nft_observe *observe);
const char *nft_observe_set_name(const struct nft_observe *observe, size_t index);

/* All that was given, in order. Frees 'observe'; the caller frees the table. */
struct nft_table *nft_observe_finish(struct nft_observe *observe);

/* Does this event say that somebody other than netlink port 'own' touched the table? */
bool nft_observe_is_foreign_change(const struct nlmsghdr *message, const char *table, uint32_t own);

#endif
