/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mono.h"

#include "tests/unit.h"

START_TEST(time_does_not_run_backwards)
{
	int64_t before_us = mono_now_us();

	ck_assert_int_gt(before_us, 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now_us = mono_now_us();

		ck_assert(now_us >= before_us);
		before_us = now_us;
	}
	ck_assert_int_lt(before_us, TIME_NEVER);
}
END_TEST

START_TEST(two_readings_in_a_row_are_no_sleep)
{
	int64_t first_us = mono_suspended_us();

	ck_assert_int_ge(first_us, 0);
	/* Both clocks run on while they are read, but not for a second. */
	ck_assert_int_lt(mono_suspended_us() - first_us, US_PER_S);
}
END_TEST

START_TEST(the_wall_clock_is_of_this_century)
{
	ck_assert_int_gt(mono_wall_us(), INT64_C(1600000000) * US_PER_S);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("mono", &tests);

	tcase_add_test(tests, time_does_not_run_backwards);
	tcase_add_test(tests, two_readings_in_a_row_are_no_sleep);
	tcase_add_test(tests, the_wall_clock_is_of_this_century);
	return unit_run(suite);
}
