/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/arena.h"

#include "tests/unit.h"

#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static volatile size_t absurd = SIZE_MAX / 2;

static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 1024, 5000, 300000, 3};

static bool is_filled_with(const unsigned char *bytes, size_t size, size_t value)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}

START_TEST(pieces_of_any_size_are_zeroed_aligned_and_apart)
{
	struct arena arena;
	unsigned char *pieces[50][LT_ARRAY_SIZE(sizes)];

	arena_init(&arena);
	for (size_t round = 0; round < 50; round++) {
		for (size_t i = 0; i < LT_ARRAY_SIZE(sizes); i++) {
			unsigned char *p = arena_alloc(&arena, sizes[i]);

			pieces[round][i] = p;
			ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
			ck_assert(is_filled_with(p, sizes[i], 0));
			memset(p, (int)(round + i + 1), sizes[i]);
		}
	}
	for (size_t round = 0; round < 50; round++) {
		for (size_t i = 0; i < LT_ARRAY_SIZE(sizes); i++)
			ck_assert(is_filled_with(pieces[round][i], sizes[i], round + i + 1));
	}
	arena_done(&arena);
}
END_TEST

START_TEST(room_is_aligned_and_apart_and_what_comes_after_a_round_is_zeroed)
{
	struct arena arena;
	unsigned char *room, *piece;

	arena_init(&arena);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < LT_ARRAY_SIZE(sizes); i++) {
			room = arena_room(&arena, sizes[i]);
			memset(room, 0xa5, sizes[i]);
			ck_assert_uint_eq((uintptr_t)room % alignof(max_align_t), 0);
			piece = arena_alloc(&arena, 100);
			ck_assert(is_filled_with(piece, 100, 0));
			memset(piece, 0x5a, 100);
			ck_assert(is_filled_with(room, sizes[i], 0xa5));
		}
		ck_assert_uint_ge(arena.used_size, 306000);
		arena_clear(&arena);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(it_counts_what_it_handed_out)
{
	struct arena arena;

	arena_init(&arena);
	ck_assert_uint_eq(arena.used_size, 0);
	arena_alloc(&arena, 100);
	ck_assert_uint_ge(arena.used_size, 100);
	ck_assert_uint_lt(arena.used_size, 100 + alignof(max_align_t));
	arena_done(&arena);
	ck_assert_uint_eq(arena.used_size, 0);
	ck_assert_ptr_null(arena.head);
}
END_TEST

START_TEST(it_serves_again_after_it_was_emptied)
{
	struct arena arena;

	arena_init(&arena);
	arena_strdup(&arena, "before");
	arena_done(&arena);
	ck_assert_str_eq(arena_strdup(&arena, "after"), "after");
	arena_done(&arena);
}
END_TEST

START_TEST(copies_are_equal)
{
	struct arena arena;
	const int numbers[3] = {1, 2, 3};

	arena_init(&arena);
	ck_assert_str_eq(arena_strdup(&arena, ""), "");
	ck_assert_mem_eq(arena_memdup(&arena, numbers, sizeof(numbers)), numbers, sizeof(numbers));
	ck_assert_ptr_nonnull(arena_memdup(&arena, NULL, 0));
	arena_done(&arena);
}
END_TEST

START_TEST(an_array_is_zeroed_and_holds_all_its_elements)
{
	struct arena arena;
	unsigned char *array;

	arena_init(&arena);
	array = arena_array(&arena, 100, 30);
	ck_assert(is_filled_with(array, 3000, 0));
	ck_assert_uint_ge(arena.used_size, 3000);
	ck_assert_ptr_nonnull(arena_array(&arena, 0, 30));
	ck_assert_ptr_nonnull(arena_array(&arena, 30, 0));
	arena_done(&arena);
}
END_TEST

/* How many pieces each of the two holds before one adopts the other. */
static const struct {
	size_t to, from;
} adoptions[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {200, 300}};

static size_t intact_count(const char *const *texts, size_t count, const char *expected)
{
	size_t intact = 0;

	for (size_t i = 0; i < count; i++)
		intact += strcmp(texts[i], expected) == 0;
	return intact;
}

START_TEST(an_adopted_arena_lives_and_dies_with_its_new_owner)
{
	const char text[] = "forty characters that fill blocks rather";
	const char *texts[500];
	struct arena to, from;
	size_t count = 0, sum;

	arena_init(&to);
	arena_init(&from);
	for (size_t i = 0; i < adoptions[_i].to; i++)
		texts[count++] = arena_strdup(&to, text);
	for (size_t i = 0; i < adoptions[_i].from; i++)
		texts[count++] = arena_strdup(&from, text);
	sum = to.used_size + from.used_size;
	arena_adopt(&to, &from);
	ck_assert_uint_eq(to.used_size, sum);
	ck_assert_uint_eq(from.used_size, 0);
	ck_assert_ptr_null(from.head);
	arena_done(&from); /* must not take the adopted ones along */
	ck_assert_uint_eq(intact_count(texts, count, text), count);
	arena_strdup(&to, text);
	arena_done(&to);
}
END_TEST

START_TEST(an_array_too_large_aborts)
{
	struct arena arena;

	arena_init(&arena);
	arena_array(&arena, absurd, 3);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("arena", &tests);

	tcase_add_test(tests, pieces_of_any_size_are_zeroed_aligned_and_apart);
	tcase_add_test(tests, room_is_aligned_and_apart_and_what_comes_after_a_round_is_zeroed);
	tcase_add_test(tests, it_counts_what_it_handed_out);
	tcase_add_test(tests, it_serves_again_after_it_was_emptied);
	tcase_add_test(tests, copies_are_equal);
	tcase_add_test(tests, an_array_is_zeroed_and_holds_all_its_elements);
	tcase_add_loop_test(tests, an_adopted_arena_lives_and_dies_with_its_new_owner, 0,
	                    LT_ARRAY_SIZE(adoptions));
	tcase_add_test_raise_signal(tests, an_array_too_large_aborts, SIGABRT);
	return unit_run(suite);
}
