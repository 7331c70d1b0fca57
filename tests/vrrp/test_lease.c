/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/lease.h"

#include "lib/compiler.h"
#include "lib/mono.h"

#include <check.h>
#include <stdlib.h>

#define T (7 * US_PER_S)

START_TEST(lifetimes_are_renewed_every_third_of_them)
{
	static const struct {
		uint32_t lifetime_s;
		int64_t renew_us, expired_us;
	} rows[] = {{2, 666666, 1750000},
	            {3, 1000000, 2750000},
	            {60, 20000000, 59750000},
	            {3600, 1200000000, 3599750000}};
	struct vrrp_lease lease;

	vrrp_lease_init(&lease, rows[_i].lifetime_s);
	ck_assert_int_eq(vrrp_lease_deadline(&lease), TIME_NEVER);
	ck_assert(!vrrp_lease_is_expired(&lease, T + 10000 * US_PER_S));
	vrrp_lease_renewed(&lease, T);
	ck_assert_int_eq(vrrp_lease_deadline(&lease), T + rows[_i].renew_us);
	ck_assert(!vrrp_lease_is_expired(&lease, T + rows[_i].expired_us - 1));
	ck_assert(vrrp_lease_is_expired(&lease, T + rows[_i].expired_us));
	vrrp_lease_released(&lease);
	ck_assert_int_eq(vrrp_lease_deadline(&lease), TIME_NEVER);
	ck_assert(!vrrp_lease_is_expired(&lease, T + rows[_i].expired_us));
}
END_TEST

START_TEST(addresses_for_ever_need_no_renewal)
{
	struct vrrp_lease lease;

	vrrp_lease_init(&lease, 0);
	vrrp_lease_renewed(&lease, T);
	ck_assert_int_eq(vrrp_lease_deadline(&lease), TIME_NEVER);
	ck_assert(!vrrp_lease_is_expired(&lease, T + 100000 * US_PER_S));
}
END_TEST

START_TEST(removed_address_comes_back_at_once_but_a_fight_is_slowed_down)
{
	static const int64_t delays_s[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30};
	struct vrrp_restore restore = {.count = 0};
	int64_t now_us = T;
	bool fight;

	for (size_t i = 0; i < LT_ARRAY_SIZE(delays_s); i++) {
		int64_t at_us = vrrp_restore_removed(&restore, now_us, &fight);

		ck_assert_int_eq(at_us - now_us, delays_s[i] * US_PER_S);
		/* Told once. */
		ck_assert_int_eq(fight, i == 5);
		now_us = at_us + 1000;
	}
}
END_TEST

START_TEST(quiet_minute_ends_a_fight)
{
	struct vrrp_restore restore = {.count = 0};
	bool fight;

	for (int i = 0; i < 8; i++)
		vrrp_restore_removed(&restore, T, &fight);
	ck_assert_int_gt(vrrp_restore_removed(&restore, T + VRRP_RESTORE_FORGET_US - 1, &fight),
	                 T + VRRP_RESTORE_FORGET_US - 1);
	int64_t later_us = T + 2 * VRRP_RESTORE_FORGET_US;
	ck_assert_int_eq(vrrp_restore_removed(&restore, later_us, &fight), later_us);
	ck_assert(!fight);
	for (int i = 0; i < 5; i++)
		vrrp_restore_removed(&restore, later_us, &fight);
	ck_assert(fight);
}
END_TEST

START_TEST(removals_without_end_do_not_overflow)
{
	struct vrrp_restore restore = {.count = 1000000, .removed_us = T};
	bool fight;

	ck_assert_int_eq(vrrp_restore_removed(&restore, T, &fight), T + VRRP_RESTORE_DELAY_MAX_US);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_lease");
	TCase *tc = tcase_create("lease");

	tcase_add_loop_test(tc, lifetimes_are_renewed_every_third_of_them, 0, 4);
	tcase_add_test(tc, addresses_for_ever_need_no_renewal);
	tcase_add_test(tc, removed_address_comes_back_at_once_but_a_fight_is_slowed_down);
	tcase_add_test(tc, quiet_minute_ends_a_fight);
	tcase_add_test(tc, removals_without_end_do_not_overflow);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
