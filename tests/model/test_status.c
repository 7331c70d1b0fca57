/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/status.h"

#include "tests/unit.h"

#include <ctype.h>
#include <string.h>

START_TEST(states_have_the_names_of_the_standard)
{
	ck_assert_str_eq(model_router_state_name(MODEL_ROUTER_INITIALIZE), "Initialize");
	ck_assert_str_eq(model_router_state_name(MODEL_ROUTER_BACKUP), "Backup");
	ck_assert_str_eq(model_router_state_name(MODEL_ROUTER_ACTIVE), "Active");
}
END_TEST

START_TEST(each_reason_has_a_name_of_its_own_that_reads_after_because)
{
	for (int a = 0; a < MODEL_REASON_COUNT; a++) {
		const char *name = model_router_reason_name((enum model_router_reason)a);

		/* A clause: several words, no capital, no full stop. */
		ck_assert_msg(strchr(name, ' ') && islower((unsigned char)name[0]) &&
		                      name[strlen(name) - 1] != '.',
		              "%s", name);
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(name,
			                 model_router_reason_name((enum model_router_reason)b));
	}
}
END_TEST

START_TEST(each_drop_has_a_name_of_its_own_that_fits_a_metric_label)
{
	for (int a = 0; a < MODEL_DROP_COUNT; a++) {
		const char *name = model_vrrp_drop_name((enum model_vrrp_drop)a);

		ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		ck_assert_uint_gt(strlen(name), 1);
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(name, model_vrrp_drop_name((enum model_vrrp_drop)b));
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_status", &tests);

	tcase_add_test(tests, states_have_the_names_of_the_standard);
	tcase_add_test(tests, each_reason_has_a_name_of_its_own_that_reads_after_because);
	tcase_add_test(tests, each_drop_has_a_name_of_its_own_that_fits_a_metric_label);
	return unit_run(suite);
}
