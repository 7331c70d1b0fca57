/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/hmac.h - HMAC-SHA-256 with a key that is used again and again.
 *
 * Pure but for memory, which only hmac_new() takes: hmac_sum() allocates nothing. The one door to
 * libcrypto beside peer/tls.c. Standard: RFC 2104, FIPS 180-4. */

#ifndef LINTEL_LIB_HMAC_H
#define LINTEL_LIB_HMAC_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_SIZE    32 /* bytes of a sum */
#define HMAC_KEY_MAX 64 /* bytes; RFC 2104 would hash longer ones first */

struct hmac;

/* A piece of the message. */
struct hmac_part {
	const void *data; /* not owned */
	size_t size;
};

/* 'key' of 1..HMAC_KEY_MAX bytes is copied. Freed with hmac_free(), which overwrites it. */
struct hmac *hmac_new(const void *key, size_t size);
/* NULL accepted. */
void hmac_free(struct hmac *hmac);
/* The sum over all parts, one after the other. -EIO when libcrypto refuses. */
LT_MUST_USE int hmac_sum(const struct hmac *hmac, const struct hmac_part *parts, size_t count,
                         uint8_t ret_sum[static HMAC_SIZE]);
/* Do both have the same key? In constant time. */
bool hmac_key_equal(const struct hmac *a, const struct hmac *b);
/* Are the bytes equal? In constant time: for sums of others. */
bool hmac_equal(const void *a, const void *b, size_t size);

#endif
