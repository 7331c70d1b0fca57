/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/csum.h - the Internet checksum (RFC 1071), with pseudo-headers of IPv4 and IPv6 (RFC
 * 8200 8.1).
 *
 * Pure. Sums are accumulated in a uint32_t started at 0 and folded at the end. */

#ifndef LINTEL_LIB_CSUM_H
#define LINTEL_LIB_CSUM_H

#include "lib/addr.h"

#include <stddef.h>
#include <stdint.h>

/* Adds 'size' bytes; every piece but the last has an even size. */
uint32_t csum_add(uint32_t sum, const void *data, size_t size);
/* Adds the pseudo-header of the addresses' family. */
uint32_t csum_add_pseudo(uint32_t sum, const struct addr *src, const struct addr *dst,
                         uint8_t protocol, uint32_t length);
/* The checksum as a number to be written big-endian; over data that holds a right one it gives 0.
 */
uint16_t csum_fold(uint32_t sum);

#endif
