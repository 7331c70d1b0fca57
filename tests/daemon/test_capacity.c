/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/capacity.h"

#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FULL    "connection tracking is nearly full: it may have 1000 connections, "
#define TRACKED "connection tracking has only 256 buckets for its connections, "
#define IPVS    "IPVS has only 4096 buckets for its connections, "

static struct capacity capacity;

static void set_up(void)
{
	capacity_init(&capacity);
}

static void tear_down(void)
{
	capacity_done(&capacity);
}

static size_t judged(void)
{
	capacity_judge(&capacity);
	return capacity.problems.count;
}

static void expect_only(const char *beginning, const char *remedy)
{
	ck_assert_uint_eq(judged(), 1);
	ck_assert_msg(strncmp(capacity.problems.items[0], beginning, strlen(beginning)) == 0, "%s",
	              capacity.problems.items[0]);
	ck_assert_ptr_nonnull(strstr(capacity.problems.items[0], remedy));
}

START_TEST(where_nothing_is_known_nothing_is_wrong)
{
	ck_assert_uint_eq(judged(), 0);
	capacity.balanced = UINT64_MAX; /* counted, but the kernel has said no size */
	ck_assert_uint_eq(judged(), 0);
	capacity.tracked = INT64_MAX;
	ck_assert_uint_eq(judged(), 0);
}
END_TEST

static const struct {
	int64_t tracked;
	bool is_told;
} fill[] = {
	{0, false},  {899, false}, {900, true},  {1000, true},
	{801, true}, {799, false}, {899, false}, {900, true},
};

START_TEST(a_table_that_is_nearly_full_is_told_until_there_is_room_again)
{
	capacity.tracked_max = 1000;
	capacity.tracked_buckets = 1000;
	for (size_t i = 0; i < LT_ARRAY_SIZE(fill); i++) {
		capacity.tracked = fill[i].tracked;
		if (fill[i].is_told)
			expect_only(FULL, "raise net.netfilter.nf_conntrack_max");
		else
			ck_assert_uint_eq(judged(), 0);
	}
}
END_TEST

START_TEST(each_tracked_connection_stands_in_two_buckets)
{
	capacity.tracked_max = 100000;
	capacity.tracked_buckets = 256;
	capacity.tracked = 1023;
	ck_assert_uint_eq(judged(), 0);
	capacity.tracked = 1024;
	expect_only(TRACKED, "raise net.netfilter.nf_conntrack_buckets");
	capacity.tracked = 768;
	expect_only(TRACKED, "raise net.netfilter.nf_conntrack_buckets");
	capacity.tracked = 767;
	ck_assert_uint_eq(judged(), 0);
}
END_TEST

static const struct {
	uint64_t balanced;
	const char *remedy;
} sizes[] = {
	{32768, "conn_tab_bits=15\""},
	{32769, "conn_tab_bits=16\""},
	{1000000, "conn_tab_bits=20\""},
	{UINT64_MAX, "conn_tab_bits=20\""}, /* older kernels take no more */
};

START_TEST(the_size_of_the_table_of_ipvs_that_would_do_is_said)
{
	capacity.balanced_buckets = 4096;
	capacity.balanced = 32767;
	ck_assert_uint_eq(judged(), 0);
	for (size_t i = 0; i < LT_ARRAY_SIZE(sizes); i++) {
		capacity.balanced = sizes[i].balanced;
		expect_only(IPVS, sizes[i].remedy);
	}
}
END_TEST

START_TEST(a_sentence_stays_the_same_while_figures_grow)
{
	char before[300];

	capacity.tracked_max = 1000;
	capacity.tracked = 950;
	ck_assert_uint_eq(judged(), 1);
	snprintf(before, sizeof(before), "%s", capacity.problems.items[0]);
	capacity.tracked = 990;
	ck_assert_uint_eq(judged(), 1);
	ck_assert_str_eq(capacity.problems.items[0], before);
}
END_TEST

static void write_file(const char *name, const char *value)
{
	char path[SCRATCH_PATH_SIZE];
	FILE *file = fopen(scratch_dir_path(name, path), "w");

	ck_assert_ptr_nonnull(file);
	fputs(value, file);
	fclose(file);
}

START_TEST(figures_are_the_kernels_and_unknown_without_connection_tracking)
{
	char path[SCRATCH_PATH_SIZE];

	scratch_dir_make();
	capacity.tracked = capacity.tracked_max = capacity.tracked_buckets = 7;
	capacity_look(&capacity, scratch_dir);
	ck_assert_int_eq(capacity.tracked, CAPACITY_UNKNOWN);
	ck_assert_int_eq(capacity.tracked_max, CAPACITY_UNKNOWN);
	ck_assert_int_eq(capacity.tracked_buckets, CAPACITY_UNKNOWN);
	ck_assert_int_eq(mkdir(scratch_dir_path("net", path), 0700), 0);
	ck_assert_int_eq(mkdir(scratch_dir_path("net/netfilter", path), 0700), 0);
	write_file("net/netfilter/nf_conntrack_count", "12\n");
	write_file("net/netfilter/nf_conntrack_max", "262144\n");
	write_file("net/netfilter/nf_conntrack_buckets", "nonsense\n");
	capacity_look(&capacity, scratch_dir);
	ck_assert_int_eq(capacity.tracked, 12);
	ck_assert_int_eq(capacity.tracked_max, 262144);
	ck_assert_int_eq(capacity.tracked_buckets, CAPACITY_UNKNOWN);
	scratch_dir_remove();
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/capacity", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, where_nothing_is_known_nothing_is_wrong);
	tcase_add_test(tests, a_table_that_is_nearly_full_is_told_until_there_is_room_again);
	tcase_add_test(tests, each_tracked_connection_stands_in_two_buckets);
	tcase_add_test(tests, the_size_of_the_table_of_ipvs_that_would_do_is_said);
	tcase_add_test(tests, a_sentence_stays_the_same_while_figures_grow);
	tcase_add_test(tests, figures_are_the_kernels_and_unknown_without_connection_tracking);
	return unit_run(suite);
}
