/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hmac.h"

#include "tests/unit.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What libcrypto allocates. */
static size_t allocations;

static void *count_malloc(size_t size, const char *file, int line)
{
	allocations++;
	return malloc(size);
}

static void *count_realloc(void *ptr, size_t size, const char *file, int line)
{
	allocations++;
	return realloc(ptr, size);
}

static void count_free(void *ptr, const char *file, int line)
{
	free(ptr);
}

/* RFC 4231 4.2, 4.3, 4.4, 4.5: what fits a key of a block. */
static const struct {
	const char *key, *data;
	size_t key_size, data_size;
	uint8_t sum[HMAC_SIZE];
} vectors[] = {
	{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
         "Hi There",
         20,
         8,
         {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
          0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83,
          0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7}},
	{"Jefe", "what do ya want for nothing?", 4, 28, {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75,
                                                         0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
                                                         0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d,
                                                         0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
                                                         0x64, 0xec, 0x38, 0x43}},
};

START_TEST(vectors_of_rfc_4231_hold_however_the_message_is_cut)
{
	struct hmac *hmac = hmac_new(vectors[_i].key, vectors[_i].key_size);
	uint8_t sum[HMAC_SIZE];

	for (size_t cut = 0; cut <= vectors[_i].data_size; cut++) {
		const struct hmac_part parts[] = {
			{vectors[_i].data, cut},
			{vectors[_i].data + cut, vectors[_i].data_size - cut},
		};

		memset(sum, 0, sizeof(sum));
		ck_assert_int_eq(hmac_sum(hmac, parts, 2, sum), 0);
		ck_assert_mem_eq(sum, vectors[_i].sum, sizeof(sum));
	}
	hmac_free(hmac);
}
END_TEST

START_TEST(a_sum_allocates_nothing)
{
	struct hmac *hmac = hmac_new("0123456789", 10);
	const struct hmac_part part = {"message", 7};
	uint8_t sum[HMAC_SIZE];
	size_t before;

	OPENSSL_free(OPENSSL_malloc(1));
	before = allocations;
	ck_assert_uint_gt(before, 0); /* they are counted at all */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(hmac_sum(hmac, &part, 1, sum), 0);
	ck_assert_uint_eq(allocations, before);
	hmac_free(hmac);
}
END_TEST

START_TEST(keys_are_compared_whole)
{
	struct hmac *a = hmac_new("secret-1", 8), *b = hmac_new("secret-2", 8),
		    *c = hmac_new("secret-1", 8);

	ck_assert(hmac_key_equal(a, c));
	ck_assert(!hmac_key_equal(a, b));
	ck_assert(hmac_equal("same", "same", 4));
	ck_assert(!hmac_equal("same", "sane", 4));
	hmac_free(a);
	hmac_free(b);
	hmac_free(c);
	hmac_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("lib_hmac", &tests);

	/* Before libcrypto does anything. */
	if (!CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free))
		return EXIT_FAILURE;
	tcase_add_loop_test(tests, vectors_of_rfc_4231_hold_however_the_message_is_cut, 0,
	                    LT_ARRAY_SIZE(vectors));
	tcase_add_test(tests, a_sum_allocates_nothing);
	tcase_add_test(tests, keys_are_compared_whole);
	return unit_run(suite);
}
