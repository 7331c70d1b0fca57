/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/durations.h"

#include <check.h>
#include <stdlib.h>

static const struct row {
	const char *name;
	int64_t wanted_us, cpu_us, expected_us;
} rows[] = {
	{"little to compare: as asked for", 10000000, 3000, 10000000},
	{"a hundredth of a core at most", 10000000, 200000, 20000000},
	{"just as much", 10000000, 100000, 10000000},
	{"not rarer than every five minutes", 10000000, 4000000, 300000000},
	{"unless it is asked for", 3600000000, 4000000, 3600000000},
	{"a clock without sense", 10000000, INT64_MAX, 300000000},
	{"no time at all", 1000000, 0, 1000000},
};

START_TEST(comparing_all_takes_a_small_share_of_the_processor)
{
	const struct row *row = &rows[_i];

	ck_assert_msg(durations_resync_us(row->wanted_us, row->cpu_us) == row->expected_us, "%s",
	              row->name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/durations");
	TCase *tc = tcase_create("durations");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, comparing_all_takes_a_small_share_of_the_processor, 0,
	                    sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
