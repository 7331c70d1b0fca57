/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/damper.h"

#include "lib/compiler.h"
#include "lib/mono.h"

#include <check.h>
#include <stdlib.h>

#define T (1000 * US_PER_S)

static const struct vrrp_damper_params usual = {.hold_us = US_PER_S, .max_us = 60 * US_PER_S};
static const struct vrrp_damper_params none = {.hold_us = 0, .max_us = 60 * US_PER_S};

START_TEST(first_value_counts_at_once)
{
	struct vrrp_damper damper = {0};

	ck_assert(vrrp_damper_feed(&damper, &usual, -50, T));
	ck_assert_int_eq(damper.value, -50);
	ck_assert_uint_eq(damper.changes, 0);
	ck_assert_int_eq(vrrp_damper_deadline(&damper), TIME_NEVER);
}
END_TEST

START_TEST(worse_counts_at_once_and_better_when_it_lasted)
{
	struct vrrp_damper damper = {0};

	(void)vrrp_damper_feed(&damper, &usual, 0, T);
	ck_assert(vrrp_damper_feed(&damper, &usual, -50, T + 1));
	ck_assert_int_eq(damper.value, -50);
	ck_assert(!vrrp_damper_feed(&damper, &usual, 0, T + 2));
	ck_assert_int_eq(damper.value, -50);
	ck_assert_int_eq(vrrp_damper_deadline(&damper), T + 2 + US_PER_S);
	ck_assert_int_eq(vrrp_damper_held_us(&damper, T + 2), US_PER_S);
	ck_assert(!vrrp_damper_expire(&damper, &usual, T + 1 + US_PER_S));
	ck_assert(vrrp_damper_expire(&damper, &usual, T + 2 + US_PER_S));
	ck_assert_int_eq(damper.value, 0);
	ck_assert_int_eq(vrrp_damper_deadline(&damper), TIME_NEVER);
}
END_TEST

/* What flaps counts as bad all along; how long it is waited doubles, up to the maximum. */
START_TEST(hold_grows_with_each_flap_and_is_bounded)
{
	static const int64_t seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct vrrp_damper damper = {0};
	int64_t now_us = T;

	(void)vrrp_damper_feed(&damper, &usual, 0, now_us);
	for (size_t i = 0; i < LT_ARRAY_SIZE(seconds); i++) {
		now_us += 100 * US_PER_MS;
		ck_assert(vrrp_damper_feed(&damper, &usual, -50, now_us) == (i == 0));
		now_us += 100 * US_PER_MS;
		ck_assert(!vrrp_damper_feed(&damper, &usual, 0, now_us));
		ck_assert_int_eq(damper.value, -50);
		ck_assert_uint_eq(damper.changes, i + 1);
		ck_assert_int_eq(vrrp_damper_held_us(&damper, now_us), seconds[i] * US_PER_S);
	}
}
END_TEST

START_TEST(changes_are_forgotten_one_by_one)
{
	struct vrrp_damper damper = {0};

	(void)vrrp_damper_feed(&damper, &usual, 0, T);
	for (int i = 1; i <= 3; i++) {
		(void)vrrp_damper_feed(&damper, &usual, -50, T + 2 * i);
		(void)vrrp_damper_feed(&damper, &usual, 0, T + 2 * i + 1);
	}
	ck_assert_uint_eq(damper.changes, 3);
	(void)vrrp_damper_expire(&damper, &usual, T + 6 + 59 * US_PER_S);
	ck_assert_uint_eq(damper.changes, 3);
	(void)vrrp_damper_expire(&damper, &usual, T + 6 + 60 * US_PER_S);
	ck_assert_uint_eq(damper.changes, 2);
	(void)vrrp_damper_feed(&damper, &usual, -50, T + 6 + 180 * US_PER_S);
	ck_assert_uint_eq(damper.changes, 1);
}
END_TEST

/* Of several better values the worst seen meanwhile counts first, and then the next is waited for.
 */
START_TEST(what_was_worst_while_waiting_counts)
{
	struct vrrp_damper damper = {0};

	(void)vrrp_damper_feed(&damper, &usual, -100, T);
	ck_assert(!vrrp_damper_feed(&damper, &usual, -20, T + 1));
	ck_assert(!vrrp_damper_feed(&damper, &usual, 0, T + 2));
	ck_assert(vrrp_damper_expire(&damper, &usual, T + 1 + US_PER_S));
	ck_assert_int_eq(damper.value, -20);
	ck_assert_int_eq(vrrp_damper_deadline(&damper), T + 1 + 2 * US_PER_S);
	ck_assert(vrrp_damper_expire(&damper, &usual, T + 1 + 2 * US_PER_S));
	ck_assert_int_eq(damper.value, 0);
}
END_TEST

START_TEST(worse_while_waiting_begins_the_wait_anew)
{
	struct vrrp_damper damper = {0};

	(void)vrrp_damper_feed(&damper, &usual, -100, T);
	(void)vrrp_damper_feed(&damper, &usual, 0, T);
	ck_assert(!vrrp_damper_feed(&damper, &usual, -20, T + US_PER_S / 2));
	ck_assert_int_eq(damper.value, -100);
	ck_assert_int_eq(vrrp_damper_deadline(&damper), T + US_PER_S / 2 + US_PER_S);
	ck_assert(vrrp_damper_expire(&damper, &usual, T + US_PER_S / 2 + US_PER_S));
	ck_assert_int_eq(damper.value, -20);
}
END_TEST

START_TEST(nothing_is_damped_without_a_hold)
{
	struct vrrp_damper damper = {0};

	(void)vrrp_damper_feed(&damper, &none, 0, T);
	for (int i = 0; i < 5; i++) {
		ck_assert(vrrp_damper_feed(&damper, &none, VRRP_DAMPER_OUT, T + 2 * i));
		ck_assert_int_eq(damper.value, VRRP_DAMPER_OUT);
		ck_assert(vrrp_damper_feed(&damper, &none, 20, T + 2 * i + 1));
		ck_assert_int_eq(damper.value, 20);
	}
	ck_assert_int_eq(vrrp_damper_deadline(&damper), TIME_NEVER);
}
END_TEST

/* Whatever comes: never better than what was fed last, never waiting for more than the maximum. */
START_TEST(any_sequence_stays_within_its_bounds)
{
	struct vrrp_damper damper = {0};
	uint64_t random = (uint64_t)_i * UINT64_C(0x9e3779b97f4a7c15) + 1;
	int64_t now_us = T;

	for (int i = 0; i < 500; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		now_us += (int64_t)(random >> 20 & 0x3fffff);
		if (random & 1)
			(void)vrrp_damper_feed(&damper, &usual, -(int32_t)(random >> 8 & 7) * 10,
			                       now_us);
		else
			(void)vrrp_damper_expire(&damper, &usual, now_us);
		ck_assert_int_le(damper.value, damper.raw);
		ck_assert_int_le(vrrp_damper_held_us(&damper, now_us), usual.max_us);
		ck_assert(damper.value == damper.raw ||
		          vrrp_damper_deadline(&damper) != TIME_NEVER);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_damper");
	TCase *tcase = tcase_create("damper");

	tcase_add_test(tcase, first_value_counts_at_once);
	tcase_add_test(tcase, worse_counts_at_once_and_better_when_it_lasted);
	tcase_add_test(tcase, hold_grows_with_each_flap_and_is_bounded);
	tcase_add_test(tcase, changes_are_forgotten_one_by_one);
	tcase_add_test(tcase, what_was_worst_while_waiting_counts);
	tcase_add_test(tcase, worse_while_waiting_begins_the_wait_anew);
	tcase_add_test(tcase, nothing_is_damped_without_a_hold);
	tcase_add_loop_test(tcase, any_sequence_stays_within_its_bounds, 0, 50);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
