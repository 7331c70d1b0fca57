/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time; the kernel is a table in memory. A turn is what the daemon does: it writes what
 * follows from what was wanted before, then looks, and puts right what was otherwise. */

#include "ipvs/expect.h"

#include "ipvs/plan.h"
#include "lib/mono.h"
#include "tests/ipvs/tables.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#define SEED   UINT64_C(0x657870656374)
#define ROUNDS 300

static struct ipvs_drain drain;
static struct ipvs_table kernel;
static struct ipvs_journal owned;
static int64_t now_us;

static void set_up(void)
{
	ipvs_drain_init(&drain);
	tables_init(&kernel);
	now_us = 1000 * US_PER_S;
}

static void tear_down(void)
{
	ipvs_drain_done(&drain);
	ipvs_table_done(&kernel);
	ipvs_journal_done(&owned);
}

/* One step by what was found, or is thought to be there. Returns how many operations there were
 * that do not let go of a server; '*ret_refused': how many of all the kernel did not take. */
static size_t step(const struct ipvs_table *wanted, const struct ipvs_table *found,
                   size_t *ret_refused)
{
	struct ipvs_table effective, next;
	struct ipvs_plan plan;
	size_t count = 0;

	ipvs_drain_step(&drain, now_us, wanted, found, &owned, NULL, &effective);
	ipvs_plan_make(&effective, found, &owned, &plan);
	tables_copy(&kernel, &next);
	*ret_refused = 0;
	for (size_t i = 0; i < plan.count; i++) {
		*ret_refused += tables_apply(&next, &plan.ops[i]) != 0;
		count += plan.ops[i].kind != IPVS_OP_DEL_DEST;
	}
	ipvs_plan_done(&plan);
	ipvs_table_done(&effective);
	ipvs_table_done(&kernel);
	kernel = next;
	return count;
}

/* A copy as the daemon makes it of a snapshot: with identities, and no connection. */
static void copy_wanted(const struct ipvs_table *from, struct ipvs_table *ret_to)
{
	tables_copy(from, ret_to);
	for (size_t i = 0; i < from->service_count; i++)
		ret_to->services[i].identity = from->services[i].identity;
}

/* Returns how many operations followed the look, but for letting go; '*ret_refused' is of those
 * ahead of it. */
static size_t turn(const struct ipvs_table *before, const struct ipvs_table *wanted,
                   size_t *ret_refused)
{
	struct ipvs_table expected, found;
	size_t count, refused;

	ipvs_journal_extend(&owned, wanted);
	copy_wanted(before, &expected);
	ipvs_expect(&expected, &drain);
	(void)step(wanted, &expected, ret_refused);
	ipvs_table_done(&expected);
	tables_copy(&kernel, &found);
	count = step(wanted, &found, &refused);
	ck_assert_uint_eq(refused, 0);
	ipvs_table_done(&found);
	return count;
}

/* The service in the kernel that has everything but what takes leave: the same as wanted? */
static void serves(const struct ipvs_table *wanted)
{
	for (size_t i = 0; i < wanted->service_count; i++) {
		const struct ipvs_service *want = &wanted->services[i];
		const struct ipvs_service *have = ipvs_table_find(&kernel, &want->key);
		size_t with_weight = 0;

		ck_assert_ptr_nonnull(have);
		ck_assert(ipvs_service_same(want, have));
		for (size_t j = 0; j < want->dest_count; j++) {
			const struct ipvs_dest *dest =
				ipvs_service_find(have, &want->dests[j].addr, want->dests[j].port);

			ck_assert_ptr_nonnull(dest);
			ck_assert(ipvs_dest_same(dest, &want->dests[j]));
			with_weight += dest->weight > 0;
		}
		for (size_t j = 0; j < have->dest_count; j++)
			with_weight -= have->dests[j].weight > 0;
		ck_assert_uint_eq(with_weight, 0);
	}
}

/* Two tables, the second with a changed copy of each service of the first. */
static void random_change(const struct ipvs_table *before, uint64_t *seed,
                          struct ipvs_table *ret_after)
{
	copy_wanted(before, ret_after);
	for (size_t i = 0; i < ret_after->service_count; i++) {
		struct ipvs_service *service = &ret_after->services[i];

		for (size_t j = 0; j < service->dest_count; j++) {
			if (tables_next(seed) % 3 == 0)
				service->dests[j].weight = (uint32_t)(tables_next(seed) % 3);
			if (tables_next(seed) % 5 == 0)
				service->dests[j] = service->dests[--service->dest_count];
		}
		ipvs_service_sort(service);
	}
}

START_TEST(what_follows_from_before_leaves_nothing_to_put_right)
{
	uint64_t seed = SEED;

	for (int round = 0; round < ROUNDS; round++) {
		struct ipvs_table before, after, nothing;
		size_t refused;

		tables_random(&before, &seed, 6);
		random_change(&before, &seed, &after);
		tables_init(&nothing);
		turn(&nothing, &before, &refused);
		ck_assert_uint_eq(refused, 0);
		serves(&before);
		ck_assert_uint_eq(turn(&before, &after, &refused), 0);
		ck_assert_uint_eq(refused, 0);
		serves(&after);
		ipvs_table_done(&before);
		ipvs_table_done(&after);
		ipvs_table_done(&nothing);
		tear_down();
		set_up();
	}
}
END_TEST

START_TEST(what_others_did_meanwhile_is_put_right_in_the_same_turn)
{
	uint64_t seed = SEED + 1;

	for (int round = 0; round < ROUNDS; round++) {
		struct ipvs_table before, after, others;
		size_t refused;

		tables_random(&before, &seed, 6);
		random_change(&before, &seed, &after);
		tables_random(&others, &seed, 6);
		ipvs_journal_extend(&owned, &before);
		ipvs_table_done(&kernel);
		tables_copy(&others, &kernel);
		turn(&before, &after, &refused);
		serves(&after);
		ipvs_table_done(&before);
		ipvs_table_done(&after);
		ipvs_table_done(&others);
		tear_down();
		set_up();
	}
}
END_TEST

static struct ipvs_service *one(struct ipvs_table *table, uint32_t weight)
{
	struct ipvs_service *service;

	tables_init(table);
	service = tables_add(table, MODEL_TCP, "10.77.0.100", 80);
	tables_add_dest(service, "10.78.0.21", 80, 1);
	tables_add_dest(service, "10.78.0.22", 80, weight);
	return service;
}

static struct ipvs_dest *second(void)
{
	const struct addr addr = tables_addr("10.78.0.22");

	return ipvs_service_find(&kernel.services[0], &addr, 80);
}

/* Of 'before' the second server is gone. */
static void drop_second(const struct ipvs_table *before)
{
	struct ipvs_table after;
	size_t refused;

	copy_wanted(before, &after);
	after.services[0].dest_count = 1;
	turn(before, &after, &refused);
	ck_assert_uint_eq(refused, 0);
	ipvs_table_done(&after);
}

START_TEST(nobody_is_let_go_unseen)
{
	struct ipvs_table before, nothing;
	size_t refused;

	one(&before, 0);
	tables_init(&nothing);
	turn(&nothing, &before, &refused);
	second()->active = 1;
	drop_second(&before);
	ck_assert_ptr_nonnull(second());
	ck_assert_uint_eq(drain.entries[0].connections, 1);
	ipvs_table_done(&before);
	ipvs_table_done(&nothing);
}
END_TEST

START_TEST(who_had_no_weight_and_has_no_connections_goes_in_the_turn)
{
	struct ipvs_table before, nothing;
	size_t refused;

	one(&before, 0);
	tables_init(&nothing);
	turn(&nothing, &before, &refused);
	drop_second(&before);
	ck_assert_ptr_null(second());
	ck_assert_uint_eq(drain.count, 0);
	ipvs_table_done(&before);
	ipvs_table_done(&nothing);
}
END_TEST

START_TEST(who_lost_its_weight_just_now_stays_until_the_next_look)
{
	struct ipvs_table before, nothing, after;
	size_t refused;

	one(&before, 1);
	tables_init(&nothing);
	turn(&nothing, &before, &refused);
	drop_second(&before);
	ck_assert_ptr_nonnull(second());
	ck_assert_uint_eq(second()->weight, 0);
	now_us = ipvs_drain_deadline(&drain);
	ck_assert_int_ne(now_us, TIME_NEVER);
	copy_wanted(&before, &after);
	after.services[0].dest_count = 1;
	turn(&after, &after, &refused);
	ck_assert_ptr_null(second());
	ipvs_table_done(&before);
	ipvs_table_done(&nothing);
	ipvs_table_done(&after);
}
END_TEST

START_TEST(who_comes_back_while_it_takes_leave_gets_its_weight_ahead_of_the_look)
{
	struct ipvs_table before, nothing, after;
	size_t refused;

	one(&before, 1);
	tables_init(&nothing);
	turn(&nothing, &before, &refused);
	second()->active = 3;
	drop_second(&before);
	copy_wanted(&before, &after);
	after.services[0].dest_count = 1;
	ck_assert_uint_eq(turn(&after, &before, &refused), 0);
	ck_assert_uint_eq(refused, 0);
	ck_assert_uint_eq(second()->weight, 1);
	ck_assert_uint_eq(drain.count, 0);
	ipvs_table_done(&before);
	ipvs_table_done(&nothing);
	ipvs_table_done(&after);
}
END_TEST

START_TEST(a_drain_goes_on_with_the_time_that_it_has)
{
	struct ipvs_table before, nothing, after;
	size_t refused;

	one(&before, 1);
	tables_init(&nothing);
	turn(&nothing, &before, &refused);
	second()->active = 3;
	drop_second(&before);
	int64_t deadline_us = drain.entries[0].deadline_us;
	copy_wanted(&before, &after);
	after.services[0].dest_count = 1;
	now_us += 5 * US_PER_S;
	turn(&after, &after, &refused);
	ck_assert_uint_eq(drain.count, 1);
	ck_assert_int_eq(drain.entries[0].deadline_us, deadline_us);
	ck_assert_uint_eq(drain.entries[0].connections, 3);
	ipvs_table_done(&before);
	ipvs_table_done(&nothing);
	ipvs_table_done(&after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/expect");
	TCase *tests = tcase_create("expect");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_follows_from_before_leaves_nothing_to_put_right);
	tcase_add_test(tests, what_others_did_meanwhile_is_put_right_in_the_same_turn);
	tcase_add_test(tests, nobody_is_let_go_unseen);
	tcase_add_test(tests, who_had_no_weight_and_has_no_connections_goes_in_the_turn);
	tcase_add_test(tests, who_lost_its_weight_just_now_stays_until_the_next_look);
	tcase_add_test(tests,
	               who_comes_back_while_it_takes_leave_gets_its_weight_ahead_of_the_look);
	tcase_add_test(tests, a_drain_goes_on_with_the_time_that_it_has);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
