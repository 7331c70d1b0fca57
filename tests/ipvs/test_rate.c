/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/rate.h"

#include "tests/ipvs/tables.h"

#include <check.h>
#include <stdlib.h>

struct rate_row {
	uint64_t before, now;
	int64_t elapsed_us;
	uint64_t expected;
};

static const struct rate_row rows[] = {
	{0, 0, 1000000, 0},
	{100, 150, 1000000, 50},
	{100, 150, 500000, 100},
	{100, 101, 3000000, 0},
	{100, 102, 3000000, 1},
	/* zeroed or made anew in between */
	{1000, 30, 1000000, 30},
	/* no time, no rate */
	{0, 30, 0, 0},
	{0, 30, -5, 0},
	/* a counter as large as they come */
	{0, UINT64_MAX, 1000000, UINT64_MAX / 1000000 * 1000000},
};

/* Every counter has this value, and no rate is known. */
static struct ipvs_stats all(uint64_t value)
{
	return (struct ipvs_stats){.connections = value,
	                           .in_packets = value,
	                           .out_packets = value,
	                           .in_bytes = value,
	                           .out_bytes = value};
}

START_TEST(a_rate_is_growth_by_time)
{
	const struct rate_row *row = &rows[_i];
	const struct ipvs_stats before = all(row->before);
	struct ipvs_stats now = all(row->now);

	ipvs_rate_fill(&now, &before, row->elapsed_us);
	ck_assert_uint_eq(now.connections_per_s, row->expected);
	ck_assert_uint_eq(now.in_packets_per_s, row->expected);
	ck_assert_uint_eq(now.out_packets_per_s, row->expected);
	ck_assert_uint_eq(now.in_bytes_per_s, row->expected);
	ck_assert_uint_eq(now.out_bytes_per_s, row->expected);
}
END_TEST

START_TEST(the_kernels_own_rates_are_kept)
{
	const struct ipvs_stats before = {.in_packets = 5};
	struct ipvs_stats now = {.in_packets = 1000, .in_bytes_per_s = 3};

	ipvs_rate_fill(&now, &before, 1000000);
	ck_assert_uint_eq(now.in_packets_per_s, 0);
	ck_assert_uint_eq(now.in_bytes_per_s, 3);
}
END_TEST

START_TEST(tables_are_joined_by_key)
{
	const struct ipvs_stats old = {.connections = 10}, new = {.connections = 30};
	struct ipvs_table before, now;
	struct ipvs_service *service;

	tables_init(&before);
	tables_init(&now);
	service = tables_add(&before, MODEL_TCP, "10.77.0.1", 80);
	service->stats = &old;
	tables_add_dest(service, "10.78.0.1", 80, 1)->stats = &old;
	service = tables_add(&now, MODEL_TCP, "10.77.0.1", 80);
	service->stats = &new;
	tables_add_dest(service, "10.78.0.1", 80, 1)->stats = &new;
	tables_add_dest(service, "10.78.0.2", 80, 1)->stats = &new;
	tables_add(&now, MODEL_TCP, "10.77.0.2", 80)->stats = &new;
	ipvs_rate_fill_table(&now, &before, 2000000);
	ck_assert_uint_eq(now.services[0].stats->connections_per_s, 10);
	ck_assert_uint_eq(now.services[0].dests[0].stats->connections_per_s, 10);
	/* what was not there before has no rate yet */
	ck_assert_uint_eq(now.services[0].dests[1].stats->connections_per_s, 0);
	ck_assert_uint_eq(now.services[1].stats->connections_per_s, 0);
	ck_assert_uint_eq(new.connections_per_s, 0);
	ipvs_table_done(&before);
	ipvs_table_done(&now);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/rate");
	TCase *tcase = tcase_create("rate");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_rate_is_growth_by_time, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tcase, the_kernels_own_rates_are_kept);
	tcase_add_test(tcase, tables_are_joined_by_key);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
