/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/track_table.h"

#include "lib/mono.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define T (1000 * US_PER_S)

static struct model_track tracks[2];
static struct model_router router;
static const struct model_router *routers[] = {&router};
static struct model_snapshot snapshot;
static struct track_table table;

static const struct vrrp_track_seen good = {.verdict = VRRP_TRACK_GOOD};
static const struct vrrp_track_seen bad = {.verdict = VRRP_TRACK_BAD};

static void set_up(void)
{
	tracks[0] = (struct model_track){.file = "", .interface = "eth1", .weight = -20};
	tracks[1] = (struct model_track){.file = "", .interface = ""};
	ck_assert_int_eq(addr_parse("10.0.0.1", &tracks[1].address), 0);
	router = (struct model_router){.name = "front",
	                               .tracks = tracks,
	                               .track_count = 2,
	                               .damping_hold_us = US_PER_S,
	                               .damping_max_us = 60 * US_PER_S};
	snapshot = (struct model_snapshot){.routers = routers, .router_count = 1};
	table = (struct track_table){0};
	track_table_want(&table, &snapshot, T);
}

static void tear_down(void)
{
	track_table_done(&table);
}

static const struct vrrp_restraint *restraint(size_t i)
{
	ck_assert_uint_lt(i, table.restraint_count);
	return &table.restraints[i];
}

START_TEST(what_is_not_known_preempts_nobody)
{
	ck_assert(track_table_restrain(&table));
	ck_assert_uint_eq(table.restraint_count, 2);
	ck_assert(restraint(0)->preempt_held && !restraint(0)->withdrawn);
	ck_assert_uint_eq(restraint(0)->priority_cut, 0);
	(void)track_table_see(&table, 0, &good, T);
	(void)track_table_see(&table, 1, &good, T);
	ck_assert(track_table_restrain(&table));
	ck_assert_uint_eq(table.restraint_count, 0);
}
END_TEST

START_TEST(weights_and_their_absence_become_restraints)
{
	(void)track_table_see(&table, 0, &bad, T);
	(void)track_table_see(&table, 1, &bad, T);
	ck_assert(track_table_restrain(&table));
	ck_assert_uint_eq(restraint(0)->priority_cut, 20);
	ck_assert(!restraint(0)->withdrawn);
	ck_assert(restraint(1)->withdrawn);
	ck_assert_str_eq(restraint(1)->why, "10.0.0.1 does not answer");
	ck_assert(!track_table_restrain(&table));
	/* Good again, and held: it says so. */
	(void)track_table_see(&table, 1, &good, T + 1);
	ck_assert(track_table_restrain(&table));
	ck_assert(restraint(1)->withdrawn);
	ck_assert_str_eq(restraint(1)->why,
	                 "address 10.0.0.1 was bad, and has to stay good for a while");
	ck_assert_int_eq(track_table_deadline(&table), T + 1 + US_PER_S);
	track_table_expire(&table, T + 1 + US_PER_S, NULL, NULL);
	ck_assert(track_table_restrain(&table));
	ck_assert_uint_eq(table.restraint_count, 1);
}
END_TEST

/* A minute of flapping ten times a second: it counts once as bad, and then never as good. */
START_TEST(what_flaps_changes_the_restraints_once)
{
	unsigned changes = 0;

	(void)track_table_see(&table, 0, &good, T);
	(void)track_table_see(&table, 1, &good, T);
	(void)track_table_restrain(&table);
	for (int i = 1; i <= 600; i++) {
		int64_t now_us = T + i * 100 * US_PER_MS;

		track_table_expire(&table, now_us, NULL, NULL);
		(void)track_table_see(&table, 0, i % 2 ? &bad : &good, now_us);
		changes += track_table_restrain(&table);
	}
	ck_assert_uint_eq(changes, 1);
	ck_assert_uint_eq(restraint(0)->priority_cut, 20);
}
END_TEST

START_TEST(what_was_seen_outlives_a_reload)
{
	(void)track_table_see(&table, 0, &bad, T);
	(void)track_table_see(&table, 1, &good, T);
	/* Another weight, and another order. */
	struct model_track first = tracks[0];
	tracks[0] = tracks[1];
	tracks[1] = first;
	tracks[1].weight = -70;
	track_table_want(&table, &snapshot, T + 1);
	ck_assert_int_eq(table.items[0].seen.verdict, VRRP_TRACK_GOOD);
	ck_assert_int_eq(table.items[1].seen.verdict, VRRP_TRACK_BAD);
	(void)track_table_restrain(&table);
	ck_assert_uint_eq(table.restraint_count, 1);
	ck_assert_uint_eq(restraint(0)->priority_cut, 70);
	router.track_count = 0;
	track_table_want(&table, &snapshot, T + 2);
	ck_assert(track_table_restrain(&table));
	ck_assert_uint_eq(table.restraint_count, 0);
}
END_TEST

START_TEST(report_says_for_how_long_it_is_held_and_why)
{
	(void)track_table_see(&table, 0, &good, T);
	for (int i = 0; i < 3; i++) {
		(void)track_table_see(&table, 0, &bad, T + 2 * i + 1);
		(void)track_table_see(&table, 0, &good, T + 2 * i + 2);
	}
	json_t *list = track_table_report(&table, "front", T + 6);
	const json_t *first = json_array_get(list, 0);

	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(json_string_value(json_object_get(first, "what")), "interface eth1");
	ck_assert_str_eq(json_string_value(json_object_get(first, "state")), "good");
	ck_assert_int_eq(json_integer_value(json_object_get(first, "priorityChange")), -20);
	ck_assert_int_eq(json_integer_value(json_object_get(first, "countedFlaps")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(first, "changes")), 6);
	ck_assert_double_eq_tol(json_number_value(json_object_get(first, "heldSeconds")), 4, 0.01);
	ck_assert(json_is_null(json_object_get(json_array_get(list, 1), "sinceSeconds")));
	json_decref(list);
	list = track_table_report(&table, "back", T);
	ck_assert_uint_eq(json_array_size(list), 0);
	json_decref(list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon_track_table");
	TCase *tcase = tcase_create("tracks");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_is_not_known_preempts_nobody);
	tcase_add_test(tcase, weights_and_their_absence_become_restraints);
	tcase_add_test(tcase, what_flaps_changes_the_restraints_once);
	tcase_add_test(tcase, what_was_seen_outlives_a_reload);
	tcase_add_test(tcase, report_says_for_how_long_it_is_held_and_why);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
