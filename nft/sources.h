/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/sources.h - lists of source ranges, each different one once.
 *
 * Pure. Many services have the same few lists, so the table has one set and one chain for each
 * different list, however many services use it. Ranges are sorted and joined where they touch. */

#ifndef LINTEL_NFT_SOURCES_H
#define LINTEL_NFT_SOURCES_H

#include "lib/addr.h"
#include "model/object.h"

struct nft_source_list {
	struct addr_range *ranges; /* IPv4 before IPv6, ascending, disjoint */
	size_t count;
};

struct nft_sources {
	struct nft_source_list *lists;
	size_t count;
	size_t capacity;
};

void nft_sources_done(struct nft_sources *sources);

/* The index of the list that these prefixes make; appended when it is a new one. */
size_t nft_sources_add(struct nft_sources *sources, const struct addr_prefix *prefixes,
                       size_t count);

/* Ranges of one family: '*ret_first' is an index into 'ranges'; returns how many. */
size_t nft_sources_of_family(const struct nft_source_list *list, enum addr_family family,
                             size_t *ret_first);
/* Is every address of the family in the list? */
bool nft_sources_is_everybody(const struct nft_source_list *list, enum addr_family family);

#endif
