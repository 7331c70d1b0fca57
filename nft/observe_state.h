/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/observe_state.h - what the two halves of nft/observe.h share; not for others.
 *
 * Pure. */

#ifndef LINTEL_NFT_OBSERVE_STATE_H
#define LINTEL_NFT_OBSERVE_STATE_H

#include "nft/draft.h"
#include "nft/observe.h"

/* A point of a set of plain ranges: where one begins, or where it is over. */
struct point {
	struct nft_element element;
	bool over;
};

struct nft_observe {
	struct nft_draft draft;
	struct point *points; /* of the set whose elements are being given, when it is of ranges */
	size_t point_count;
	size_t point_capacity;
	size_t point_set; /* which that is */
};

/* Is it an answer of type NFT_MSG_'type', large enough? */
bool nft_observe_is_answer(const struct nlmsghdr *message, uint16_t type);
bool nft_observe_is_ours(const struct nft_observe *observe, uint32_t family, const char *table);
/* The text of userdata of this type, NULL when there is none. */
const char *nft_observe_userdata_text(const void *data, uint32_t size, uint8_t type);

/* Index of the set; the number of sets when there is none of that name. */
size_t nft_observe_find_set(const struct nft_observe *observe, const char *name);
/* The points gathered so far become ranges of their set. */
void nft_observe_close_ranges(struct nft_observe *observe);

#endif
