/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gives way is prompt again afterwards, and an operator's choice stays. */
#include "daemon/scheduling.h"

#include "tests/unit.h"

#include <sched.h>

START_TEST(who_gave_way_is_prompt_again)
{
	for (int i = 0; i < 2; i++) {
		scheduling_give_way();
		ck_assert_int_eq(sched_getscheduler(0), SCHED_BATCH);
		scheduling_be_prompt();
		ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
	}
}
END_TEST

START_TEST(who_did_not_give_way_stays_as_it_is)
{
	scheduling_be_prompt();
	ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
}
END_TEST

START_TEST(what_an_operator_chose_stays)
{
	const int chosen = _i == 0 ? SCHED_BATCH : SCHED_IDLE;
	const struct sched_param param = {0};

	ck_assert_int_eq(sched_setscheduler(0, chosen, &param), 0);
	scheduling_give_way();
	ck_assert_int_eq(sched_getscheduler(0), chosen);
	scheduling_be_prompt();
	ck_assert_int_eq(sched_getscheduler(0), chosen);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_scheduling", &tests);

	tcase_add_test(tests, who_gave_way_is_prompt_again);
	tcase_add_test(tests, who_did_not_give_way_stays_as_it_is);
	tcase_add_loop_test(tests, what_an_operator_chose_stays, 0, 2);
	return unit_run(suite);
}
