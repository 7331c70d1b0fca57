/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/machine.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

#define BEGIN_US (1000 * US_PER_S)

static const struct health_timing timing = {
	.interval_us = 2 * US_PER_S,
	.fast_interval_us = 200 * US_PER_MS,
	.timeout_us = US_PER_S,
	.rise = 2,
	.fall = 3,
};

/* '+' a success, '-' a failure, '!' one of ours; after each the state: 'u'p, 'd'own, '?'. */
static void play(const char *results, const char *states)
{
	struct health_machine machine;
	enum health_state before;

	health_machine_init(&machine, BEGIN_US);
	ck_assert_uint_eq(strlen(results), strlen(states));
	for (size_t i = 0; results[i]; i++) {
		int64_t now_us = BEGIN_US + (int64_t)(i + 1) * US_PER_S;
		enum health_result result = results[i] == '+'   ? HEALTH_OK
		                            : results[i] == '-' ? HEALTH_REFUSED
		                                                : HEALTH_LOCAL;

		before = machine.state;
		bool changed = health_machine_result(&machine, &timing, result, NULL, 1, now_us);
		ck_assert_msg(machine.state == (states[i] == 'u'   ? HEALTH_UP
		                                : states[i] == 'd' ? HEALTH_DOWN
		                                                   : HEALTH_UNKNOWN),
		              "%s: %s after result %zu", results, health_state_name(machine.state),
		              i + 1);
		ck_assert_int_eq(changed, machine.state != before);
		if (changed)
			ck_assert_int_eq(machine.since_us, now_us);
		ck_assert_int_eq(machine.last_us, now_us);
	}
}

START_TEST(it_takes_so_many_results_in_a_row)
{
	static const char *const rows[][2] = {
		{"++", "?u"},
		{"---", "??d"},
		{"-+-+--+-", "????????"},
		{"++--+--+---", "?uuuuuuuuud"},
		{"---+-++-", "??dddduu"},
		{"---++---", "??dduuud"},
		/* What failed on our side interrupts no streak and makes none. */
		{"!!!!!", "?????"},
		{"++-!-!!-", "?uuuuuud"},
		{"+!+", "??u"},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		play(rows[i][0], rows[i][1]);
}
END_TEST

START_TEST(everything_is_counted_and_the_last_reason_kept)
{
	struct health_machine machine;

	health_machine_init(&machine, BEGIN_US);
	ck_assert_int_eq(machine.last_us, TIME_NEVER);
	ck_assert_int_eq(machine.since_us, BEGIN_US);
	ck_assert(!health_machine_result(&machine, &timing, HEALTH_STATUS, "HTTP status 503", 1500,
	                                 BEGIN_US + 7));
	ck_assert_str_eq(machine.why, "HTTP status 503");
	ck_assert_int_eq(machine.result, HEALTH_STATUS);
	ck_assert_int_eq(machine.latency_us, 1500);
	ck_assert(!health_machine_result(&machine, &timing, HEALTH_LOCAL, "no", 0, BEGIN_US + 8));
	ck_assert_str_eq(machine.why, "no");
	ck_assert(!health_machine_result(&machine, &timing, HEALTH_OK, NULL, 3, BEGIN_US + 9));
	ck_assert_str_eq(machine.why, "");
	ck_assert(health_machine_result(&machine, &timing, HEALTH_OK, NULL, 3, BEGIN_US + 10));
	ck_assert_uint_eq(machine.check_count, 4);
	ck_assert_uint_eq(machine.failure_count, 1);
	ck_assert_uint_eq(machine.local_count, 1);
	ck_assert_uint_eq(machine.change_count, 1);
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
	struct health_machine machine;
	char why[2 * HEALTH_WHY_SIZE];

	memset(why, 'x', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	health_machine_init(&machine, BEGIN_US);
	ck_assert(!health_machine_result(&machine, &timing, HEALTH_CUT, why, 0, BEGIN_US));
	ck_assert_uint_eq(strlen(machine.why), HEALTH_WHY_SIZE - 1);
}
END_TEST

/* The interval that is in force after these results. */
static int64_t interval_after(const char *results, const struct health_timing *with,
                              uint64_t random)
{
	struct health_machine machine;

	health_machine_init(&machine, BEGIN_US);
	for (size_t i = 0; results[i]; i++)
		(void)health_machine_result(&machine, with,
		                            results[i] == '+' ? HEALTH_OK : HEALTH_TIMEOUT, NULL, 0,
		                            BEGIN_US);
	return health_machine_next_us(&machine, with, BEGIN_US, random) - BEGIN_US;
}

START_TEST(it_is_asked_faster_while_undecided)
{
	static const struct {
		const char *results;
		bool fast;
	} rows[] = {
		{"", true},      {"+", true},      {"-", true},    {"++", false},  {"++-", true},
		{"++-+", false}, {"++---", false}, {"---", false}, {"---+", true}, {"---+-", false},
	};
	struct health_timing slow = timing;

	slow.fast_interval_us = 0;
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(interval_after(rows[i].results, &timing, 0),
		                 rows[i].fast ? timing.fast_interval_us : timing.interval_us);
		ck_assert_int_eq(interval_after(rows[i].results, &slow, 0), timing.interval_us);
	}
}
END_TEST

START_TEST(checks_are_up_to_a_tenth_early)
{
	int64_t least_us = INT64_MAX, most_us = 0;

	for (uint64_t random = 0; random < 400000; random += 17) {
		int64_t us = interval_after("++", &timing, random);

		least_us = us < least_us ? us : least_us;
		most_us = us > most_us ? us : most_us;
	}
	ck_assert_int_le(most_us, timing.interval_us);
	ck_assert_int_ge(least_us, timing.interval_us * 9 / 10);
	ck_assert_int_gt(most_us - least_us, timing.interval_us * 9 / 100);
	ck_assert_int_ge(interval_after("++", &timing, UINT64_MAX), timing.interval_us * 9 / 10);
}
END_TEST

START_TEST(before_a_verdict_start_decides)
{
	ck_assert(health_counts_as_up(HEALTH_UNKNOWN, MODEL_HEALTH_START_UP));
	ck_assert(!health_counts_as_up(HEALTH_UNKNOWN, MODEL_HEALTH_START_DOWN));
	ck_assert(health_counts_as_up(HEALTH_UP, MODEL_HEALTH_START_DOWN));
	ck_assert(!health_counts_as_up(HEALTH_DOWN, MODEL_HEALTH_START_UP));
}
END_TEST

START_TEST(every_state_and_result_has_a_name)
{
	for (int i = 0; i < HEALTH_STATE_COUNT; i++)
		ck_assert_ptr_nonnull(health_state_name((enum health_state)i));
	for (int i = 0; i < HEALTH_RESULT_COUNT; i++)
		ck_assert_ptr_nonnull(health_result_name((enum health_result)i));
	ck_assert_str_eq(health_state_name(HEALTH_DOWN), "down");
	ck_assert_str_eq(health_result_name(HEALTH_LOCAL), "local");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/machine", &tests);

	tcase_add_test(tests, it_takes_so_many_results_in_a_row);
	tcase_add_test(tests, everything_is_counted_and_the_last_reason_kept);
	tcase_add_test(tests, a_long_reason_is_cut);
	tcase_add_test(tests, it_is_asked_faster_while_undecided);
	tcase_add_test(tests, checks_are_up_to_a_tenth_early);
	tcase_add_test(tests, before_a_verdict_start_decides);
	tcase_add_test(tests, every_state_and_result_has_a_name);
	return unit_run(suite);
}
