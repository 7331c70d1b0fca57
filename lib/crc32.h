/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/crc32.h - the CRC-32 of IEEE 802.3, as zlib's crc32() computes it.
 *
 * Pure. */

#ifndef LINTEL_LIB_CRC32_H
#define LINTEL_LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from the value for what came before; 0 at the beginning. */
uint32_t crc32_add(uint32_t crc, const void *data, size_t size);

#endif
