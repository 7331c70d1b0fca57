/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/key.h - keys and values of elements, part by part.
 *
 * Pure. Each part begins at a multiple of four bytes, in the kernel's byte order: the network's for
 * addresses and ports, the host's for marks. */

#ifndef LINTEL_NFT_KEY_H
#define LINTEL_NFT_KEY_H

#include "lib/addr.h"
#include "model/object.h"

struct nft_key {
	uint8_t *bytes; /* not owned, zeroed, large enough for all parts */
	size_t at;      /* where the next part goes */
};

struct nft_key nft_key_at(uint8_t *bytes);
void nft_key_address(struct nft_key *key, const struct addr *address);
void nft_key_port(struct nft_key *key, uint16_t port);
void nft_key_protocol(struct nft_key *key, enum model_protocol protocol);
void nft_key_mark(struct nft_key *key, uint32_t mark);
/* Cut at the kernel's length. */
void nft_key_interface(struct nft_key *key, const char *name);

#endif
