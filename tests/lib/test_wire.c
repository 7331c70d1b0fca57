/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/wire.h"

#include "tests/unit.h"

#include <signal.h>
#include <string.h>

START_TEST(numbers_are_big_endian)
{
	static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	                               0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff};
	struct wire_reader r = wire_reader_make(data, sizeof(data));

	ck_assert_uint_eq(wire_u8(&r), 0x01);
	ck_assert_uint_eq(wire_u16(&r), 0x0203);
	ck_assert_uint_eq(wire_u32(&r), 0x04050607);
	wire_skip(&r, 1);
	ck_assert_uint_eq(wire_left(&r), 8);
	ck_assert_uint_eq(wire_u64(&r), UINT64_C(0x80000000000000ff));
	ck_assert_uint_eq(wire_left(&r), 0);
	ck_assert(!r.failed);
}
END_TEST

START_TEST(a_read_beyond_the_end_fails_for_good)
{
	static const uint8_t data[] = {1, 2, 3};
	struct wire_reader r = wire_reader_make(data, sizeof(data));
	uint8_t bytes[2] = {9, 9};

	ck_assert_uint_eq(wire_u32(&r), 0);
	ck_assert(r.failed);
	/* These would have fitted. */
	ck_assert_uint_eq(wire_u8(&r), 0);
	ck_assert_uint_eq(wire_u16(&r), 0);
	ck_assert_ptr_null(wire_view(&r, 1));
	ck_assert_ptr_null(wire_view(&r, 0));
	wire_bytes(&r, bytes, sizeof(bytes));
	ck_assert_uint_eq(bytes[0] | bytes[1], 0);
	ck_assert_uint_eq(wire_left(&r), 0);
	ck_assert(r.failed);
}
END_TEST

/* Sizes at which a sum with the position would overflow. */
static const size_t large[] = {4, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2};

START_TEST(a_size_that_overflows_is_beyond_the_end)
{
	static const uint8_t data[] = {1, 2, 3};
	struct wire_reader r = wire_reader_make(data, sizeof(data));
	uint8_t room[3];
	struct wire_writer w = wire_writer_make(room, sizeof(room));

	wire_u8(&r);
	wire_skip(&r, large[_i]);
	ck_assert(r.failed);
	wire_put_u8(&w, 1);
	wire_put_zeroes(&w, large[_i]);
	ck_assert(w.failed);
}
END_TEST

START_TEST(bytes_are_copied_or_seen_in_place)
{
	static const uint8_t data[] = {1, 2, 3, 4};
	struct wire_reader r = wire_reader_make(data, sizeof(data));
	uint8_t bytes[2];

	wire_bytes(&r, bytes, sizeof(bytes));
	ck_assert_mem_eq(bytes, data, 2);
	ck_assert_ptr_eq(wire_view(&r, 2), data + 2);
	ck_assert(!r.failed);
}
END_TEST

START_TEST(nothing_can_be_read_from_nothing)
{
	struct wire_reader r = wire_reader_make(NULL, 0);

	ck_assert_ptr_nonnull(wire_view(&r, 0));
	wire_skip(&r, 0);
	wire_bytes(&r, NULL, 0);
	ck_assert(!r.failed);
	wire_u8(&r);
	ck_assert(r.failed);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	uint8_t room[22];
	struct wire_writer w = wire_writer_make(room, sizeof(room));
	struct wire_reader r;

	memset(room, 0xaa, sizeof(room));
	wire_put_u8(&w, 0xfe);
	wire_put_u16(&w, 0xfedc);
	wire_put_u32(&w, 0xfedcba98);
	wire_put_u64(&w, UINT64_C(0xfedcba9876543210));
	wire_put_bytes(&w, "abc", 3);
	wire_put_zeroes(&w, 4);
	wire_put_bytes(&w, NULL, 0);
	ck_assert(!w.failed);
	ck_assert_uint_eq(w.pos, sizeof(room));

	r = wire_reader_make(room, w.pos);
	ck_assert_uint_eq(wire_u8(&r), 0xfe);
	ck_assert_uint_eq(wire_u16(&r), 0xfedc);
	ck_assert_uint_eq(wire_u32(&r), 0xfedcba98);
	ck_assert_uint_eq(wire_u64(&r), UINT64_C(0xfedcba9876543210));
	ck_assert_mem_eq(wire_view(&r, 3), "abc", 3);
	ck_assert_uint_eq(wire_u32(&r), 0);
	ck_assert(!r.failed);
}
END_TEST

START_TEST(what_does_not_fit_is_not_begun_and_nothing_follows)
{
	uint8_t room[4] = {0xaa, 0xaa, 0xaa, 0xaa};
	struct wire_writer w = wire_writer_make(room, 3);

	wire_put_u16(&w, 0x0102);
	wire_put_u16(&w, 0x0304);
	ck_assert(w.failed);
	wire_put_u8(&w, 5);
	wire_put_bytes(&w, "x", 1);
	wire_put_zeroes(&w, 1);
	wire_patch_u16(&w, 0, 0);
	ck_assert_uint_eq(w.pos, 2);
	ck_assert_mem_eq(room, "\x01\x02\xaa\xaa", 4);
}
END_TEST

START_TEST(a_number_written_before_can_be_corrected)
{
	uint8_t room[6];
	struct wire_writer w = wire_writer_make(room, sizeof(room));

	wire_put_u32(&w, 0);
	wire_patch_u16(&w, 1, 0xbeef);
	wire_patch_u16(&w, 2, 0xcafe);
	ck_assert_mem_eq(room, "\x00\xbe\xca\xfe", 4);
	ck_assert_uint_eq(w.pos, 4);
}
END_TEST

START_TEST(correcting_what_was_not_written_is_our_bug)
{
	uint8_t room[6] = {0};
	struct wire_writer w = wire_writer_make(room, sizeof(room));

	wire_put_u16(&w, 0);
	wire_patch_u16(&w, 1, 1);
}
END_TEST

START_TEST(single_values_lie_in_memory_as_on_the_wire)
{
	uint16_t small = wire_be16(0x0102);
	uint32_t big = wire_be32(0x01020304);

	ck_assert_mem_eq(&small, "\x01\x02", 2);
	ck_assert_mem_eq(&big, "\x01\x02\x03\x04", 4);
	ck_assert_uint_eq(wire_be16(wire_be16(0xfffe)), 0xfffe);
	ck_assert_uint_eq(wire_be32(wire_be32(0xfffefdfc)), 0xfffefdfc);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("wire", &tests);

	tcase_add_test(tests, numbers_are_big_endian);
	tcase_add_test(tests, a_read_beyond_the_end_fails_for_good);
	tcase_add_loop_test(tests, a_size_that_overflows_is_beyond_the_end, 0,
	                    LT_ARRAY_SIZE(large));
	tcase_add_test(tests, bytes_are_copied_or_seen_in_place);
	tcase_add_test(tests, nothing_can_be_read_from_nothing);
	tcase_add_test(tests, what_is_written_is_read_again);
	tcase_add_test(tests, what_does_not_fit_is_not_begun_and_nothing_follows);
	tcase_add_test(tests, a_number_written_before_can_be_corrected);
	tcase_add_test_raise_signal(tests, correcting_what_was_not_written_is_our_bug, SIGABRT);
	tcase_add_test(tests, single_values_lie_in_memory_as_on_the_wire);
	return unit_run(suite);
}
