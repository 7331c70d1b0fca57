/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/key.h"

#include <net/if.h>
#include <string.h>

struct nft_key nft_key_at(uint8_t *bytes)
{
	return (struct nft_key){.bytes = bytes, .at = 0};
}

static void put_bytes(struct nft_key *key, const void *bytes, size_t size)
{
	memcpy(key->bytes + key->at, bytes, size);
	key->at += (size + 3) / 4 * 4;
}

void nft_key_address(struct nft_key *key, const struct addr *address)
{
	put_bytes(key, address->bytes, addr_size(address));
}

void nft_key_port(struct nft_key *key, uint16_t port)
{
	const uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};

	put_bytes(key, bytes, sizeof(bytes));
}

void nft_key_protocol(struct nft_key *key, enum model_protocol protocol)
{
	const uint8_t byte = (uint8_t)protocol;

	put_bytes(key, &byte, 1);
}

void nft_key_mark(struct nft_key *key, uint32_t mark)
{
	put_bytes(key, &mark, sizeof(mark));
}

void nft_key_interface(struct nft_key *key, const char *name)
{
	char bytes[IF_NAMESIZE] = {0};

	strncpy(bytes, name, sizeof(bytes) - 1);
	put_bytes(key, bytes, sizeof(bytes));
}
