/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_rush.h"

#include "tests/unit.h"

#define BEGIN INT64_C(5000000)
#define MS    INT64_C(1000)

/* So many records, then a look; what changed. */
static bool look(struct replication_rush *rush, uint64_t count, int64_t after_us)
{
	rush->count += count;
	return replication_rush_weigh(rush, BEGIN + after_us);
}

static struct replication_rush begun(void)
{
	return (struct replication_rush){.since_us = BEGIN};
}

START_TEST(a_few_are_no_rush_however_long_they_come)
{
	struct replication_rush rush = begun();

	for (int64_t ms = 10; ms < 60000; ms += 10)
		ck_assert(!look(&rush, 10, ms * MS));
	ck_assert(!rush.on);
}
END_TEST

START_TEST(many_in_a_moment_are_one_at_once)
{
	struct replication_rush rush = begun();

	ck_assert(!look(&rush, 60, 5 * MS));
	ck_assert(look(&rush, 60, 10 * MS));
	ck_assert(rush.on);
}
END_TEST

START_TEST(as_many_after_a_long_rest_are_judged_by_that_rest)
{
	struct replication_rush rush = begun();

	ck_assert(!look(&rush, 300, 1000 * MS));
	ck_assert(!look(&rush, 60, 1050 * MS));
	ck_assert(look(&rush, 60, 1060 * MS));
}
END_TEST

START_TEST(it_lasts_while_they_are_more_than_half_as_many)
{
	struct replication_rush rush = begun();

	ck_assert(look(&rush, 200, 10 * MS));
	for (int64_t ms = 20; ms < 20000; ms += 10)
		ck_assert(!look(&rush, 6, ms * MS));
	ck_assert(rush.on);
	/* one second of silence is no end, three are */
	ck_assert(!look(&rush, 1200, 21000 * MS));
	ck_assert(look(&rush, 0, 24500 * MS));
	ck_assert(!rush.on);
}
END_TEST

START_TEST(when_it_is_over_it_may_begin_again_at_once)
{
	struct replication_rush rush = begun();

	ck_assert(look(&rush, 200, 10 * MS));
	ck_assert(look(&rush, 0, 2010 * MS));
	ck_assert(!rush.on);
	ck_assert_uint_eq(rush.times, 1);
	ck_assert(look(&rush, 101, 2020 * MS));
	ck_assert(rush.on);
	ck_assert_uint_eq(rush.times, 2);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/replication_rush", &tests);

	tcase_add_test(tests, a_few_are_no_rush_however_long_they_come);
	tcase_add_test(tests, many_in_a_moment_are_one_at_once);
	tcase_add_test(tests, as_many_after_a_long_rest_are_judged_by_that_rest);
	tcase_add_test(tests, it_lasts_while_they_are_more_than_half_as_many);
	tcase_add_test(tests, when_it_is_over_it_may_begin_again_at_once);
	return unit_run(suite);
}
