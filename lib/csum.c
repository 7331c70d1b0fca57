/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/csum.h"

/* Brings a wide sum back into 32 bits; end-around carries keep it the same number (RFC 1071 2 A).
 */
static uint32_t narrow(uint64_t sum)
{
	while (sum > UINT32_MAX)
		sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)sum;
}

uint32_t csum_add(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t wide = sum;
	size_t i;

	for (i = 0; i + 1 < size; i += 2)
		wide += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (i < size)
		wide += (uint32_t)bytes[i] << 8;
	return narrow(wide);
}

uint32_t csum_add_pseudo(uint32_t sum, const struct addr *src, const struct addr *dst,
                         uint8_t protocol, uint32_t length)
{
	/* Both pseudo-headers hold the same numbers; only their zeroes differ. */
	sum = csum_add(sum, src->bytes, addr_size(src));
	sum = csum_add(sum, dst->bytes, addr_size(dst));
	return narrow((uint64_t)sum + protocol + (length >> 16) + (length & 0xffff));
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
