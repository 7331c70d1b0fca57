/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mem.h"

#include "tests/unit.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

/* The compiler would warn of sizes that it can see to be absurd. */
static volatile size_t absurd = SIZE_MAX / 2;

START_TEST(nothing_can_be_allocated_and_freed)
{
	void *pieces[] = {xmalloc(0),
	                  xcalloc(0, 4),
	                  xcalloc(4, 0),
	                  xrealloc(NULL, 0),
	                  xreallocarray(NULL, 0, 8),
	                  xmemdup("", 0)};

	for (size_t i = 0; i < LT_ARRAY_SIZE(pieces); i++) {
		ck_assert_ptr_nonnull(pieces[i]);
		free(pieces[i]);
	}
}
END_TEST

START_TEST(cleared_memory_is_zero)
{
	static const char zeroes[300];
	char *p = xcalloc(100, 3);

	ck_assert_mem_eq(p, zeroes, sizeof(zeroes));
	free(p);
}
END_TEST

START_TEST(growing_keeps_what_was_there)
{
	char *p = xstrdup("abc");

	p = xreallocarray(p, 1000, 10);
	ck_assert_str_eq(p, "abc");
	p = xrealloc(p, 4);
	ck_assert_str_eq(p, "abc");
	free(p);
}
END_TEST

START_TEST(copies_are_equal_and_apart)
{
	const char bytes[4] = {1, 0, 2, 0};
	char *copy = xmemdup(bytes, sizeof(bytes));

	ck_assert_ptr_ne(copy, bytes);
	ck_assert_mem_eq(copy, bytes, sizeof(bytes));
	free(copy);
}
END_TEST

START_TEST(a_product_that_overflows_aborts)
{
	free(xreallocarray(NULL, absurd, 3));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("mem", &tests);

	tcase_add_test(tests, nothing_can_be_allocated_and_freed);
	tcase_add_test(tests, cleared_memory_is_zero);
	tcase_add_test(tests, growing_keeps_what_was_there);
	tcase_add_test(tests, copies_are_equal_and_apart);
	tcase_add_test_raise_signal(tests, a_product_that_overflows_aborts, SIGABRT);
	return unit_run(suite);
}
