/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/flow_hash.h - where flows are found: what model/flow_table.h and model/flow_claims.h have
 * in common.
 *
 * Pure. Begin with the table's seed; nobody outside can foretell what meets. */

#ifndef LINTEL_MODEL_FLOW_HASH_H
#define LINTEL_MODEL_FLOW_HASH_H

#include <stdint.h>
#include <string.h>

/* Eight bytes in one multiplication by an odd number without a pattern; the upper half, where all
 * bits of the product meet, comes down before the next. */
static inline uint64_t model_flow_hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
	return hash ^ hash >> 32;
}

/* Eight bytes of an address, which need not be aligned. */
static inline uint64_t model_flow_hash_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

#endif
