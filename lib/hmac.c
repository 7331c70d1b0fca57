/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two passes of RFC 2104 are made here, of libcrypto's SHA-256 itself: both EVP_MAC and
 * EVP_DigestInit_ex() of OpenSSL 3.0 allocate for every message, and the VRRP thread does not. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/hmac.h"

#include "lib/mem.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static_assert(HMAC_SIZE == SHA256_DIGEST_LENGTH, "a sum is a digest");
static_assert(HMAC_KEY_MAX <= SHA256_CBLOCK, "a key is at most a block");

struct hmac {
	SHA256_CTX inner, outer; /* after the block that the key makes */
	uint8_t key[SHA256_CBLOCK];
};

static bool begin(SHA256_CTX *digest, const uint8_t key[static SHA256_CBLOCK], uint8_t mask)
{
	uint8_t block[SHA256_CBLOCK];
	bool ok;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ mask;
	ok = SHA256_Init(digest) == 1 && SHA256_Update(digest, block, sizeof(block)) == 1;
	explicit_bzero(block, sizeof(block));
	return ok;
}

struct hmac *hmac_new(const void *key, size_t size)
{
	struct hmac *hmac = xcalloc(1, sizeof(*hmac));

	assert(size > 0 && size <= HMAC_KEY_MAX);
	memcpy(hmac->key, key, size);
	if (!begin(&hmac->inner, hmac->key, 0x36) || !begin(&hmac->outer, hmac->key, 0x5c))
		abort();
	return hmac;
}

void hmac_free(struct hmac *hmac)
{
	if (!hmac)
		return;
	explicit_bzero(hmac, sizeof(*hmac));
	free(hmac);
}

int hmac_sum(const struct hmac *hmac, const struct hmac_part *parts, size_t count,
             uint8_t ret_sum[static HMAC_SIZE])
{
	SHA256_CTX inner = hmac->inner, outer = hmac->outer;
	uint8_t digest[HMAC_SIZE];
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++)
		ok = SHA256_Update(&inner, parts[i].data, parts[i].size) == 1;
	ok = ok && SHA256_Final(digest, &inner) == 1 &&
	     SHA256_Update(&outer, digest, sizeof(digest)) == 1 &&
	     SHA256_Final(ret_sum, &outer) == 1;
	explicit_bzero(&inner, sizeof(inner));
	explicit_bzero(&outer, sizeof(outer));
	return ok ? 0 : -EIO;
}

bool hmac_key_equal(const struct hmac *a, const struct hmac *b)
{
	return hmac_equal(a->key, b->key, sizeof(a->key));
}

bool hmac_equal(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}
