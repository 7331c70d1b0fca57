/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/search.h"

#include "tests/unit.h"

#include <stdbool.h>

static int compare(const void *item, const void *key)
{
	const int *a = item, *b = key;

	return (*a > *b) - (*a < *b);
}

/* The slow way. */
static size_t count_before(const int *items, size_t count, int key)
{
	size_t before = 0;

	while (before < count && items[before] < key)
		before++;
	return before;
}

START_TEST(the_first_that_does_not_come_before_is_found_at_every_length)
{
	int items[40];

	for (size_t i = 0; i < LT_ARRAY_SIZE(items); i++)
		items[i] = 2 * (int)(i / 3); /* each three times, odd ones not at all */
	for (size_t count = 0; count <= LT_ARRAY_SIZE(items); count++) {
		for (int key = -1; key < 30; key++) {
			size_t place = count_before(items, count, key);
			bool there = place < count && items[place] == key;

			ck_assert_uint_eq(search_place(items, count, sizeof(*items), &key, compare),
			                  place);
			ck_assert_ptr_eq(search_find(items, count, sizeof(*items), &key, compare),
			                 there ? &items[place] : NULL);
		}
	}
}
END_TEST

START_TEST(nothing_has_no_place_but_the_first)
{
	int key = 7;

	ck_assert_uint_eq(search_place(NULL, 0, sizeof(key), &key, compare), 0);
	ck_assert_ptr_null(search_find(NULL, 0, sizeof(key), &key, compare));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("lib_search", &tests);

	tcase_add_test(tests, the_first_that_does_not_come_before_is_found_at_every_length);
	tcase_add_test(tests, nothing_has_no_place_but_the_first);
	return unit_run(suite);
}
