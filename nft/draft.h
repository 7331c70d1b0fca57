/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/draft.h - a table under construction: grows, then becomes an immutable struct nft_table.
 *
 * Pure. Sets, chains and rules are spoken of by index while they grow. Texts given to it are
 * copied. */

#ifndef LINTEL_NFT_DRAFT_H
#define LINTEL_NFT_DRAFT_H

#include "nft/op.h"
#include "nft/table.h"

struct nft_draft {
	struct nft_table *table;
	size_t set_capacity;
	size_t chain_capacity;
	size_t note_capacity;
	size_t *element_capacities; /* of each set */
	size_t *rule_capacities;    /* of each chain */
};

void nft_draft_init(struct nft_draft *draft);
/* Throws away what nft_draft_finish() has not taken. */
void nft_draft_done(struct nft_draft *draft);

/* Appends a set of keys of these parts (ended by NFT_TYPE_NONE unless all are used). */
size_t nft_draft_set(struct nft_draft *draft, const char *name,
                     const enum nft_type parts[static NFT_KEY_PARTS_MAX], enum nft_type data);
/* Appends an element of zeroes; valid until the next is appended to that set. */
struct nft_element *nft_draft_element(struct nft_draft *draft, size_t set);
/* Appends a chain that is jumped to; make a base chain of it with nft_draft_chain_hook(). */
size_t nft_draft_chain(struct nft_draft *draft, const char *name);
void nft_draft_chain_hook(struct nft_draft *draft, size_t chain, const char *type, uint32_t hook,
                          int32_t priority);
/* The same, before anything else sees what comes in by one device. */
void nft_draft_chain_ingress(struct nft_draft *draft, size_t chain, const char *device,
                             int32_t priority);
/* Appends a rule of zeroes; valid until the next is appended to that chain. */
struct nft_rule *nft_draft_rule(struct nft_draft *draft, size_t chain);
void nft_draft_note(struct nft_draft *draft, const char *text);

/* Throws away all elements of a set, all sets, all rules, all chains. */
void nft_draft_clear_elements(struct nft_draft *draft, size_t set);
void nft_draft_clear_sets(struct nft_draft *draft);
void nft_draft_clear_rules(struct nft_draft *draft);
void nft_draft_clear_chains(struct nft_draft *draft);

/* The table, elements sorted by key and each key once (the first of equal ones stays); the caller
 * frees it. The draft is done. */
struct nft_table *nft_draft_finish(struct nft_draft *draft);

#endif
