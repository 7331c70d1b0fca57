/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/csum.h"

#include "lib/wire.h"
#include "tests/unit.h"

#include <string.h>

static const struct {
	const char *data;
	size_t size;
	uint16_t checksum;
} rows[] = {
	{"", 0, 0xffff},
	{"\x00\x00", 2, 0xffff},
	{"\xff\xff", 2, 0x0000},
	{"\x01", 1, 0xfeff}, /* an odd last byte is the upper half of a word */
	{"\x00\x01\x02", 3, 0xfdfe},
	/* The example of RFC 1071 section 3: its sum is ddf2. */
	{"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8, 0x220d},
	/* An IPv4 header of which the checksum is left out. */
	{"\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\x00\x00\xc0\xa8\x00\x01\xc0\xa8\x00\xc7", 20,
         0xb861},
	/* The same with it: right data give 0. */
	{"\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\xb8\x61\xc0\xa8\x00\x01\xc0\xa8\x00\xc7", 20,
         0x0000},
};

START_TEST(known_data_have_known_checksums)
{
	ck_assert_uint_eq(csum_fold(csum_add(0, rows[_i].data, rows[_i].size)), rows[_i].checksum);
}
END_TEST

START_TEST(pieces_of_even_size_sum_up_to_the_whole)
{
	const char *data = rows[6].data;

	for (size_t cut = 0; cut <= 20; cut += 2) {
		uint32_t sum = csum_add(0, data, cut);

		ck_assert_uint_eq(csum_fold(csum_add(sum, data + cut, 20 - cut)), 0xb861);
	}
}
END_TEST

START_TEST(no_amount_of_data_loses_a_carry)
{
	static uint8_t ones[65536];
	uint32_t sum = 0;

	memset(ones, 0xff, sizeof(ones));
	/* 32768 words a time: without keeping carries 32 bits are full after two. */
	for (int i = 0; i < 10; i++)
		sum = csum_add(sum, ones, sizeof(ones));
	ck_assert_uint_eq(csum_fold(sum), 0);
	ck_assert_uint_eq(csum_fold(csum_add(sum, "\x00\x01", 2)), 0xfffe);
}
END_TEST

static const struct {
	const char *src, *dst;
	uint8_t protocol;
	uint32_t length;
	const char *pseudo; /* the header as the standard draws it */
	size_t size;
} pseudo_rows[] = {
	/* RFC 768: addresses, zero, protocol, length. */
	{"192.0.2.1", "224.0.0.18", 112, 12, "\xc0\x00\x02\x01\xe0\x00\x00\x12\x00\x70\x00\x0c",
         12},
	/* RFC 8200 8.1: addresses, length in 32 bits, zeroes, next header. */
	{"fe80::1", "ff02::12", 112, 70000,
         "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x12"
         "\x00\x01\x11\x70\x00\x00\x00\x70",
         40},
};

START_TEST(pseudo_headers_are_summed_as_the_standards_draw_them)
{
	struct addr src, dst;
	uint32_t sum = csum_add(0, "\x12\x34", 2);

	ck_assert_int_eq(addr_parse(pseudo_rows[_i].src, &src), 0);
	ck_assert_int_eq(addr_parse(pseudo_rows[_i].dst, &dst), 0);
	ck_assert_uint_eq(csum_fold(csum_add_pseudo(sum, &src, &dst, pseudo_rows[_i].protocol,
	                                            pseudo_rows[_i].length)),
	                  csum_fold(csum_add(sum, pseudo_rows[_i].pseudo, pseudo_rows[_i].size)));
}
END_TEST

START_TEST(a_checksum_written_big_endian_verifies)
{
	uint8_t data[8] = {0x31, 0x33, 0x64, 0x01, 0x00, 0x0a, 0, 0};
	struct wire_writer w = wire_writer_make(data, sizeof(data));

	wire_put_bytes(&w, "\x31\x33\x64\x01\x00\x0a\x00\x00", 8);
	wire_patch_u16(&w, 6, csum_fold(csum_add(0, data, sizeof(data))));
	ck_assert_uint_eq(csum_fold(csum_add(0, data, sizeof(data))), 0);
	data[2] ^= 1;
	ck_assert_uint_ne(csum_fold(csum_add(0, data, sizeof(data))), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("csum", &tests);

	tcase_add_loop_test(tests, known_data_have_known_checksums, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, pieces_of_even_size_sum_up_to_the_whole);
	tcase_add_test(tests, no_amount_of_data_loses_a_carry);
	tcase_add_loop_test(tests, pseudo_headers_are_summed_as_the_standards_draw_them, 0,
	                    LT_ARRAY_SIZE(pseudo_rows));
	tcase_add_test(tests, a_checksum_written_big_endian_verifies);
	return unit_run(suite);
}
