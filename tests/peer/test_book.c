/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/peer/world.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 60

enum { A, B, C };
enum { FRONT, BACK };

static struct world *world;

static void pass(int64_t ms)
{
	world_run(world, world->now_us + ms * US_PER_MS);
}

static bool in_step(unsigned node, unsigned router)
{
	return peer_book_in_step(world->nodes[node].book, world_routers[router]);
}

static enum peer_step step_of(unsigned node, unsigned router)
{
	return peer_book_step(world->nodes[node].book, world_routers[router]);
}

/* A is Active for "front" and has flows; everybody is connected and knows them. */
static void begin(unsigned nodes)
{
	world = world_new(7, nodes);
	world_set_active(world, A, FRONT, true);
	world_traffic(world, A, FRONT, 1500);
	world_connect_all(world);
	pass(500);
	for (unsigned i = B; i < nodes; i++) {
		ck_assert_int_eq(step_of(i, FRONT), PEER_STEP_IN_STEP);
		world_check_same(world, FRONT, A, i);
	}
	ck_assert_uint_gt(world_count(world, A, FRONT), 500);
}

START_TEST(a_backup_comes_into_step_and_stays_there)
{
	begin(2);
	for (int i = 0; i < 50; i++) {
		world_traffic(world, A, FRONT, 40);
		pass(20);
		ck_assert(in_step(B, FRONT));
		world_check_same(world, FRONT, A, B);
	}
	pass(2000);
	struct peer_book_status a = world_status(world, A, FRONT),
				b = world_status(world, B, FRONT);
	ck_assert_int_eq(a.step, PEER_STEP_ACTIVE);
	ck_assert_uint_eq(a.epoch, 1);
	ck_assert_uint_eq(a.syncs_served, 1);
	ck_assert_uint_eq(a.peer_count, 1);
	ck_assert_str_eq(a.peers[0].node, "b");
	ck_assert(a.peers[0].told && a.peers[0].in_step && !a.peers[0].active);
	ck_assert_uint_eq(a.peers[0].lag_records, 0);
	ck_assert_int_eq(a.peers[0].lag_us, 0);
	ck_assert_uint_eq(b.syncs, 1);
	ck_assert_uint_eq(b.gaps, 0);
	ck_assert_uint_eq(b.refused, 0);
	ck_assert_str_eq(b.source, "a");
	ck_assert_uint_eq(b.lag_records, 0);
	ck_assert_int_eq(b.lag_us, 0);
	ck_assert_int_ne(b.synced_us, TIME_NEVER);
	world_free(world);
}
END_TEST

START_TEST(what_dies_with_the_active_is_known_to_who_takes_over)
{
	unsigned before;

	begin(3);
	before = world_count(world, A, FRONT);
	world_restart(world, A); /* empty, and not connected */
	ck_assert_int_eq(step_of(B, FRONT), PEER_STEP_ALONE);
	ck_assert(!in_step(B, FRONT)); /* who knows; but VRRP makes it take over at once */
	world_set_active(world, B, FRONT, true);
	pass(500);
	ck_assert_uint_eq(world_count(world, B, FRONT), before);
	ck_assert_uint_eq(world_status(world, B, FRONT).epoch, 2);
	ck_assert_int_eq(step_of(C, FRONT), PEER_STEP_IN_STEP);
	world_check_same(world, FRONT, B, C);
	/* A comes back, empty: it may not preempt before it knows. */
	world_connect_all(world);
	pass(1);
	ck_assert(!in_step(A, FRONT));
	pass(500);
	ck_assert(in_step(A, FRONT));
	world_check_same(world, FRONT, B, A);
	/* And back again. */
	world_traffic(world, B, FRONT, 100);
	pass(100);
	world_set_active(world, A, FRONT, true);
	world_set_active(world, B, FRONT, false);
	pass(500);
	ck_assert_uint_eq(world_status(world, A, FRONT).epoch, 3);
	ck_assert(in_step(B, FRONT) && in_step(C, FRONT));
	world_check_same(world, FRONT, A, B);
	world_check_same(world, FRONT, A, C);
	world_free(world);
}
END_TEST

START_TEST(nobody_is_waited_for_without_end)
{
	begin(2);
	world_restart(world, A);
	pass(PEER_BOOK_ALONE_US / US_PER_MS - 1);
	ck_assert_int_eq(step_of(B, FRONT), PEER_STEP_ALONE);
	ck_assert(!in_step(B, FRONT));
	ck_assert(!in_step(A, FRONT));
	pass(2);
	ck_assert(in_step(B, FRONT));
	ck_assert(in_step(A, FRONT));
	world_free(world);
}
END_TEST

START_TEST(who_takes_over_in_the_middle_of_a_full_sync_keeps_what_it_has)
{
	world = world_new(7, 2);
	world_set_active(world, A, FRONT, true);
	world_traffic(world, A, FRONT, 1500);
	world_connect(world, A, B);
	while (step_of(B, FRONT) != PEER_STEP_SYNCING || world->nodes[B].applied < 300)
		world_run(world, world->now_us + 100);
	ck_assert(!in_step(B, FRONT));
	unsigned known = world_count(world, B, FRONT);
	world_cut(world, A, B);
	world_set_active(world, B, FRONT, true);
	pass(5000);
	ck_assert_uint_ge(known, 300);
	ck_assert_uint_eq(world_count(world, B, FRONT), known);
	ck_assert_uint_eq(world->nodes[B].sweeps, 0);
	world_free(world);
}
END_TEST

START_TEST(a_former_active_is_not_believed)
{
	unsigned before;

	begin(3);
	before = world_count(world, A, FRONT);
	/* A hangs: others no longer hear it, B takes over, then A's removals arrive. */
	world_set_active(world, B, FRONT, true);
	for (int i = 0; i < 20; i++) {
		world_traffic(world, A, FRONT, 100);
		pass(100);
	}
	ck_assert_uint_eq(world_count(world, B, FRONT), before);
	world_check_same(world, FRONT, B, C);
	ck_assert(in_step(C, FRONT));
	ck_assert_uint_eq(world_status(world, C, FRONT).epoch, 2);
	pass(5000);
	ck_assert_uint_eq(world_status(world, B, FRONT).refused, 0);
	world_traffic(world, A, FRONT, 100);
	pass(100);
	ck_assert_uint_gt(world_status(world, B, FRONT).refused, 0);
	ck_assert_uint_eq(world_count(world, B, FRONT), before);
	/* It gives way, and learns what is so. */
	world_set_active(world, A, FRONT, false);
	pass(500);
	world_check_same(world, FRONT, B, A);
	world_free(world);
}
END_TEST

START_TEST(what_the_one_before_still_had_under_way_is_offered_for_a_while)
{
	begin(3);
	world_set_active(world, B, FRONT, true);
	world_traffic(world, A, FRONT, 100);
	pass(100);
	ck_assert_uint_gt(world->nodes[B].late, 0);
	ck_assert_uint_eq(world_status(world, B, FRONT).late, world->nodes[B].late);
	ck_assert_uint_eq(world->nodes[C].late, 0);
	pass(5000);
	unsigned before = world->nodes[B].late;
	world_traffic(world, A, FRONT, 100);
	pass(100);
	ck_assert_uint_eq(world->nodes[B].late, before);
	world_free(world);
}
END_TEST

START_TEST(nobody_is_listened_to_after_a_takeover_but_the_one_that_was_followed)
{
	unsigned before_cut;

	begin(3);
	world_set_active(world, B, FRONT, true);
	world_set_active(world, A, FRONT, false);
	pass(100);
	world_set_active(world, C, FRONT, true);
	/* C followed B; A, Active again, has an epoch of its own. */
	world_set_active(world, A, FRONT, true);
	world_traffic(world, A, FRONT, 100);
	pass(100);
	ck_assert_uint_eq(world->nodes[C].late, 0);
	world_traffic(world, B, FRONT, 100);
	pass(100);
	ck_assert_uint_gt(world->nodes[C].late, 0);
	/* A connection that was lost loses what it carried. */
	before_cut = world->nodes[C].late;
	world_cut(world, B, C);
	world_connect(world, B, C);
	world_traffic(world, B, FRONT, 100);
	pass(100);
	ck_assert_uint_eq(world->nodes[C].late, before_cut);
	world_free(world);
}
END_TEST

START_TEST(the_one_that_stays_active_outbids_what_was_while_it_was_away)
{
	begin(3);
	/* A is cut off; B is Active for a while, and gives way to A when it is back. */
	world_cut(world, A, B);
	world_cut(world, A, C);
	world_set_active(world, B, FRONT, true);
	pass(3000);
	world_traffic(world, B, FRONT, 300);
	world_traffic(world, A, FRONT, 300);
	world_connect_all(world);
	pass(3000);
	ck_assert_uint_eq(world_status(world, A, FRONT).epoch, 1); /* not while B is Active, too */
	world_set_active(world, B, FRONT, false);
	pass(3000);
	ck_assert_uint_eq(world_status(world, A, FRONT).epoch, 3);
	ck_assert(in_step(B, FRONT) && in_step(C, FRONT));
	world_check_same(world, FRONT, A, B);
	world_check_same(world, FRONT, A, C);
	world_free(world);
}
END_TEST

START_TEST(one_that_was_active_before_it_heard_of_anybody_outbids_them)
{
	begin(3);
	for (int i = 0; i < 5; i++) { /* epochs go up */
		world_set_active(world, A, FRONT, false);
		world_set_active(world, A, FRONT, true);
	}
	pass(500);
	world_restart(world, A);
	world_set_active(world, A, FRONT, true);
	world_traffic(world, A, FRONT, 200);
	ck_assert_uint_eq(world_status(world, A, FRONT).epoch, 1);
	world_connect_all(world);
	pass(500);
	ck_assert_uint_eq(world_status(world, A, FRONT).epoch, 7);
	world_check_same(world, FRONT, A, B);
	world_check_same(world, FRONT, A, C);
	world_free(world);
}
END_TEST

START_TEST(two_actives_that_share_a_backup_do_not_outbid_each_other_without_end)
{
	begin(3);
	world_cut(world, A, B);
	world_set_active(world, B, FRONT, true);
	pass(60000);
	ck_assert_uint_le(world_status(world, C, FRONT).highest_epoch, 2 + 2 * 60 / 10 + 2);
	world_free(world);
}
END_TEST

START_TEST(a_slow_peer_loses_step_and_finds_it_again)
{
	begin(2);
	world->buffer = 20000;
	world->delay_min_us = world->delay_max_us = 300 * US_PER_MS;
	for (int i = 0; i < 10; i++)
		world_traffic(world, A, FRONT, 600);
	ck_assert_uint_gt(world_status(world, A, FRONT).dropped, 0);
	ck_assert_uint_gt(world_status(world, A, FRONT).peers[0].lag_records, 0);
	pass(2500);
	ck_assert(!in_step(B, FRONT));
	ck_assert_uint_gt(world_status(world, A, FRONT).peers[0].lag_us, US_PER_S);
	world->buffer = 300000;
	pass(20000);
	ck_assert(in_step(B, FRONT));
	ck_assert_int_eq(world_status(world, A, FRONT).peers[0].lag_us, 0);
	ck_assert_uint_ge(world_status(world, B, FRONT).gaps, 1);
	world_check_same(world, FRONT, A, B);
	world_free(world);
}
END_TEST

START_TEST(what_the_kernel_lost_is_asked_for_anew)
{
	begin(3);
	/* Changes that nobody told of. */
	for (unsigned i = 0; i < WORLD_FLOWS; i += 3)
		world->nodes[A].flows[FRONT][i].there ^= true;
	peer_book_lost(world->nodes[A].book, "front", world->now_us);
	pass(1);
	ck_assert(!in_step(B, FRONT));
	pass(500);
	ck_assert(in_step(B, FRONT) && in_step(C, FRONT));
	world_check_same(world, FRONT, A, B);
	world_check_same(world, FRONT, A, C);
	world_free(world);
}
END_TEST

START_TEST(each_node_may_be_active_for_one_router_and_backup_for_another)
{
	begin(3);
	world_set_active(world, B, BACK, true);
	for (int i = 0; i < 20; i++) {
		world_traffic(world, A, FRONT, 50);
		world_traffic(world, B, BACK, 50);
		pass(30);
	}
	pass(500);
	ck_assert(in_step(B, FRONT) && in_step(C, FRONT) && in_step(A, BACK) && in_step(C, BACK));
	world_check_same(world, FRONT, A, B);
	world_check_same(world, FRONT, A, C);
	world_check_same(world, BACK, B, A);
	world_check_same(world, BACK, B, C);
	ck_assert_uint_gt(world_count(world, C, BACK), 100);
	world_free(world);
}
END_TEST

START_TEST(only_the_router_of_the_same_id_is_the_same)
{
	struct peer_book *book;

	begin(2);
	book = world->nodes[B].book;
	ck_assert_int_eq(peer_book_add_router(book, "front", 99, world->now_us), 0);
	pass(1500);
	ck_assert_int_eq(step_of(B, FRONT), PEER_STEP_ALONE);
	ck_assert_uint_gt(world_status(world, B, FRONT).mismatches, 0);
	ck_assert_int_eq(peer_book_add_router(book, "a b", 1, 0), -EINVAL);
	/* A router that is gone is nobody's any more. */
	peer_book_remove_router(world->nodes[A].book, "front", world->now_us);
	ck_assert(!peer_book_publish(world->nodes[A].book, "front", NULL, 0, world->now_us));
	ck_assert_int_eq(peer_book_add_router(book, "front", 51, world->now_us), 0);
	pass(1500);
	ck_assert_int_eq(step_of(B, FRONT), PEER_STEP_ALONE);
	world_free(world);
}
END_TEST

START_TEST(what_was_not_carried_is_told_to_the_active)
{
	begin(2);
	peer_book_not_carried(world->nodes[B].book, "front", 3);
	pass(500);
	ck_assert_uint_eq(world_status(world, A, FRONT).peers[0].not_carried, 3);
	ck_assert_uint_eq(world_status(world, B, FRONT).not_carried, 3);
	world_free(world);
}
END_TEST

static void disturb(void)
{
	unsigned node = world_random(world, world->node_count);
	unsigned other = world_random(world, world->node_count);
	unsigned router = world_random(world, WORLD_ROUTERS);

	switch (world_random(world, 10)) {
	case 0:
	case 1:
		world_cut(world, node, other);
		break;
	case 2:
	case 3:
		world_connect(world, node, other);
		break;
	case 4:
		world_restart(world, node);
		break;
	case 5:
		world_set_active(world, node, router, true); /* maybe one of several */
		break;
	case 6:
		world_set_active(world, node, router, false);
		break;
	default:
		if (world->nodes[node].active[router])
			world_traffic(world, node, router, world_random(world, 400));
		break;
	}
}

/* Whatever happened: once there is one Active and everybody hears everybody, all know what it
 * knows. That an Active is never told is checked at each call. */
START_TEST(whatever_happens_all_are_in_step_in_the_end)
{
	world = world_new((uint64_t)_i + 1, 2 + (unsigned)_i % 3);
	world->delay_max_us = 1 + _i % 7 * 10 * US_PER_MS;
	world->buffer = _i % 3 ? 4 * 1024 * 1024 : 40000;
	for (int i = 0; i < 150; i++) {
		disturb();
		pass(world_random(world, 300));
	}
	for (unsigned router = 0; router < WORLD_ROUTERS; router++) {
		unsigned winner = world_random(world, world->node_count);

		for (unsigned node = 0; node < world->node_count; node++)
			world_set_active(world, node, router, node == winner);
	}
	world_connect_all(world);
	pass(30000);
	for (unsigned router = 0; router < WORLD_ROUTERS; router++) {
		unsigned winner = 0;

		while (!world->nodes[winner].active[router])
			winner++;
		for (unsigned node = 0; node < world->node_count; node++) {
			ck_assert_msg(in_step(node, router) &&
			                      step_of(node, router) != PEER_STEP_ALONE,
			              "seed %d: node %u of router %u is %s", _i, node, router,
			              peer_step_name(step_of(node, router)));
			world_check_same(world, router, winner, node);
		}
	}
	world_free(world);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/book", &tests);

	tcase_add_test(tests, a_backup_comes_into_step_and_stays_there);
	tcase_add_test(tests, what_dies_with_the_active_is_known_to_who_takes_over);
	tcase_add_test(tests, nobody_is_waited_for_without_end);
	tcase_add_test(tests, who_takes_over_in_the_middle_of_a_full_sync_keeps_what_it_has);
	tcase_add_test(tests, a_former_active_is_not_believed);
	tcase_add_test(tests, what_the_one_before_still_had_under_way_is_offered_for_a_while);
	tcase_add_test(tests, nobody_is_listened_to_after_a_takeover_but_the_one_that_was_followed);
	tcase_add_test(tests, the_one_that_stays_active_outbids_what_was_while_it_was_away);
	tcase_add_test(tests, one_that_was_active_before_it_heard_of_anybody_outbids_them);
	tcase_add_test(tests, two_actives_that_share_a_backup_do_not_outbid_each_other_without_end);
	tcase_add_test(tests, a_slow_peer_loses_step_and_finds_it_again);
	tcase_add_test(tests, what_the_kernel_lost_is_asked_for_anew);
	tcase_add_test(tests, each_node_may_be_active_for_one_router_and_backup_for_another);
	tcase_add_test(tests, only_the_router_of_the_same_id_is_the_same);
	tcase_add_test(tests, what_was_not_carried_is_told_to_the_active);
	tcase_add_loop_test(tests, whatever_happens_all_are_in_step_in_the_end, 0, SEEDS);
	return unit_run(suite);
}
