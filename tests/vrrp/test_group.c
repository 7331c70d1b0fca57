/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sync groups: N machines on several LANs at once, each of which loses, delays and is cut by
 * itself, with fixed seeds. A failure names its seed; VRRP_GROUP_SEED=N plays that one alone and
 * prints what happened. */
#include "tests/vrrp/lan.h"

#include "lib/mono.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONLY        "VRRP_GROUP_SEED"
#define SEEDS       400
#define INTERVAL_US (100 * US_PER_MS)

static void prepare(struct lan *lan, unsigned seed, unsigned links)
{
	static struct text transcript;

	lan_init(lan, seed);
	lan->link_count = links;
	if (getenv(ONLY))
		lan->transcript = &transcript;
}

static const char *tail(const struct text *transcript)
{
	if (!transcript)
		return "";
	return text_str(transcript) + (transcript->len > 3000 ? transcript->len - 3000 : 0);
}

#define CHECK_SEED(seed, lan, condition)                                             \
	ck_assert_msg(condition, "seed %u at %lld us: not " #condition "\n%s", seed, \
	              (long long)(lan)->now_us, tail((lan)->transcript))

static unsigned add(struct lan *lan, uint8_t priority, bool preempt, bool ipv4, bool ipv6)
{
	char name[3] = {'n', (char)('0' + lan->node_count), '\0'};
	struct vrrp_fsm_params params = {
		.priority = priority, .preempt = preempt, .advert_interval_us = INTERVAL_US};

	return lan_add(lan, name, &params, ipv4, ipv6);
}

static void start(struct lan *lan, struct lan_node *node)
{
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_startup(&node->fsm, lan->now_us, false, &effects);
	lan_carry_out(lan, node, &effects);
}

static void start_all(struct lan *lan)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		start(lan, &lan->nodes[i]);
}

/* A cable is cut: what the interface of one member does to the node. */
static void lose_interface(struct lan *lan, struct lan_node *node)
{
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_shutdown(&node->fsm, lan->now_us, MODEL_REASON_INTERFACE_DOWN, &effects);
	lan_carry_out(lan, node, &effects);
}

static void cut_link(struct lan *lan, unsigned link, unsigned a, unsigned b, bool cut)
{
	lan->cut_link[link][a][b] = lan->cut_link[link][b][a] = cut;
}

static struct lan_node *active_of(struct lan *lan)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		if (lan->nodes[i].fsm.state == MODEL_ROUTER_ACTIVE)
			return &lan->nodes[i];
	return NULL;
}

static uint8_t some_priority(struct lan *lan)
{
	static const uint8_t priorities[] = {1, 50, 100, 100, 100, 101, 200, 254};

	return priorities[lan_random(lan, LT_ARRAY_SIZE(priorities))];
}

static void disturb(struct lan *lan)
{
	struct lan_node *node = &lan->nodes[lan_random(lan, lan->node_count)];
	unsigned self = (unsigned)(node - lan->nodes);
	unsigned other = lan_random(lan, lan->node_count);
	unsigned link = lan_random(lan, lan->link_count);
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm_params params = node->fsm.params;

	switch (lan_random(lan, 10)) {
	case 0:
	case 1:
	case 2:
		cut_link(lan, link, self, other, lan_random(lan, 3));
		break;
	case 3:
		lan->cut_link[link][self][other] = true; /* one way only */
		break;
	case 4:
		lan_cut(lan, self, other, lan_random(lan, 2));
		break;
	case 5:
		lan->loss_percent = lan_random(lan, 60);
		break;
	case 6:
		lose_interface(lan, node);
		return;
	case 7:
		vrrp_fsm_leave(&node->fsm, lan->now_us, VRRP_LEAVE_FAILOVER, &effects);
		break;
	case 8:
		params.priority = some_priority(lan);
		params.preempt = lan_random(lan, 2);
		vrrp_fsm_configure(&node->fsm, lan->now_us, &params, &effects);
		break;
	case 9:
		start(lan, node);
		return;
	}
	lan_carry_out(lan, node, &effects);
}

static void check_one_active(struct lan *lan, void *ctx)
{
	unsigned seed = *(unsigned *)ctx;

	if (lan->packet_count == 0)
		CHECK_SEED(seed, lan, lan_count_active(lan) == 1);
}

/* After chaos on all links, they are whole again; or one is left through which nodes hear each
 * other, and all others stay cut. */
static void play_partitions(unsigned seed)
{
	static struct lan lan;

	prepare(&lan, seed, 2);
	lan.link_count = 2 + lan_random(&lan, LAN_LINKS_MAX - 1);
	unsigned count = 2 + lan_random(&lan, 4), families = 1 + lan_random(&lan, 3);
	for (unsigned i = 0; i < count; i++)
		add(&lan, some_priority(&lan), lan_random(&lan, 2), families & 1, families & 2);
	lan.delay_min_us = 50;
	lan.delay_max_us = 50 + lan_random(&lan, INTERVAL_US / 2);
	start_all(&lan);
	for (unsigned i = 0; i < 60; i++) {
		lan_run(&lan, lan.now_us + lan_random(&lan, INTERVAL_US * 2));
		disturb(&lan);
	}

	lan_whole(&lan);
	lan.delay_max_us = 50 + lan_random(&lan, 450);
	if (seed % 3 == 0) {
		unsigned left = lan_random(&lan, lan.link_count);

		for (unsigned link = 0; link < lan.link_count; link++)
			for (unsigned i = 0; link != left && i < count * count; i++)
				lan.cut_link[link][i / count][i % count] = true;
	}
	lan_run(&lan, lan.now_us + 5 * INTERVAL_US + 250 * US_PER_MS);
	start_all(&lan);
	/* A tie that only a later link can settle takes three advertisements. */
	lan_run(&lan, lan.now_us + 7 * INTERVAL_US + 2 * lan.delay_max_us);
	lan.check = check_one_active;
	lan.check_ctx = &seed;
	check_one_active(&lan, &seed);
	lan_run(&lan, lan.now_us + 30 * INTERVAL_US);
	CHECK_SEED(seed, &lan, lan_count_owners(&lan) == 1);
	for (unsigned i = 0; i < count; i++)
		CHECK_SEED(seed, &lan,
		           lan.nodes[i].fsm.state != MODEL_ROUTER_INITIALIZE &&
		                   lan_count_active(&lan) == 1);
}

START_TEST(one_node_is_active_for_all_members_after_partitions_heal)
{
	lan_play(ONLY, _i, play_partitions);
}
END_TEST

/* Two nodes of equal priority; the one with the higher address on the first link has the lower one
 * on the second. */
static void tie(struct lan *lan, unsigned seed)
{
	prepare(lan, seed, 2);
	add(lan, 100, false, true, false);
	add(lan, 100, false, true, false);
	lan_isolate(lan, 0, true);
	start_all(lan);
	lan_run(lan, US_PER_S);
	ck_assert_uint_eq(lan_count_active(lan), 2);
}

START_TEST(first_member_settles_a_tie)
{
	static struct lan lan;

	tie(&lan, 1);
	lan_whole(&lan);
	lan_run(&lan, lan.now_us + 2 * INTERVAL_US);
	ck_assert_uint_eq(lan_count_active(&lan), 1);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[1]);
}
END_TEST

START_TEST(second_member_settles_a_tie_when_the_first_hears_nobody)
{
	static struct lan lan;

	tie(&lan, 2);
	lan_whole(&lan);
	cut_link(&lan, 0, 0, 1, true);
	lan_run(&lan, lan.now_us + 5 * INTERVAL_US);
	ck_assert_uint_eq(lan_count_active(&lan), 1);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[0]);
	/* And it stays so when the first is back. */
	lan_whole(&lan);
	lan_run(&lan, lan.now_us + 10 * INTERVAL_US);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[0]);
}
END_TEST

START_TEST(silence_on_one_link_moves_nothing)
{
	static struct lan lan;
	unsigned link = (unsigned)_i;

	prepare(&lan, 3, 2);
	add(&lan, 100, true, true, true);
	add(&lan, 90, true, true, true);
	start_all(&lan);
	lan_run(&lan, US_PER_S);
	cut_link(&lan, link, 0, 1, true);
	lan_run(&lan, lan.now_us + 10 * INTERVAL_US);
	ck_assert_uint_eq(lan_count_active(&lan), 1);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[0]);
	/* The Backup knows which member has nobody that it hears. */
	ck_assert(vrrp_fsm_lacks_member(&lan.nodes[1].fsm, lan.now_us, link));
	ck_assert(!vrrp_fsm_lacks_member(&lan.nodes[1].fsm, lan.now_us, 1 - link));
}
END_TEST

START_TEST(lost_interface_of_one_member_moves_all)
{
	static struct lan lan;

	prepare(&lan, 4, 3);
	add(&lan, 100, false, true, false);
	add(&lan, 90, false, true, false);
	start_all(&lan);
	lan_run(&lan, US_PER_S);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[0]);
	/* Its word of leaving is heard through the others. */
	lan_cut(&lan, 0, 1, false);
	cut_link(&lan, 1, 0, 1, true);
	int64_t cut_us = lan.now_us;
	lose_interface(&lan, &lan.nodes[0]);
	lan_run(&lan, cut_us + INTERVAL_US);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[1]);
	ck_assert_uint_eq(lan_count_owners(&lan), 1);
	ck_assert_int_eq(lan.nodes[1].fsm.reason, MODEL_REASON_RESIGNED);
}
END_TEST

static void check_owned(struct lan *lan, void *ctx)
{
	unsigned seed = *(unsigned *)ctx;

	CHECK_SEED(seed, lan, lan_count_owners(lan) >= 1);
}

static void play_failover(unsigned seed)
{
	static struct lan lan;
	struct vrrp_effects effects = {.count = 0};

	prepare(&lan, seed, 1 + seed % LAN_LINKS_MAX);
	unsigned count = 2 + lan_random(&lan, 3);
	for (unsigned i = 0; i < count; i++)
		add(&lan, some_priority(&lan), lan_random(&lan, 2), true, seed % 2);
	start_all(&lan);
	lan_run(&lan, 4 * US_PER_S);
	struct lan_node *leaver = active_of(&lan);
	CHECK_SEED(seed, &lan, leaver != NULL);
	lan.loss_percent = seed % 2 ? 20 : 0;
	lan.check = check_owned;
	lan.check_ctx = &seed;
	vrrp_fsm_leave(&leaver->fsm, lan.now_us, VRRP_LEAVE_FAILOVER, &effects);
	lan_carry_out(&lan, leaver, &effects);
	while (leaver->fsm.leaving != VRRP_LEAVE_NONE)
		lan_run(&lan, lan.now_us + US_PER_MS);
	lan.loss_percent = 0;
	lan_run(&lan, lan.now_us + 10 * INTERVAL_US);
	check_one_active(&lan, &seed);
}

START_TEST(planned_failover_moves_the_group_without_a_gap)
{
	lan_play(ONLY, _i, play_failover);
}
END_TEST

/* A peer without the group: it is Active for one member only. All or nothing: the group stays away
 * from the other. */
START_TEST(group_follows_who_is_active_for_one_member)
{
	static struct lan lan;

	prepare(&lan, 5, 2);
	add(&lan, 100, false, true, false);
	add(&lan, 90, false, true, false);
	memset(&lan.nodes[1].fsm.params.sources[1], 0, sizeof(struct vrrp_sources));
	/* It speaks on the first link only. */
	for (unsigned i = 0; i < 2; i++)
		lan.cut_link[1][1][i] = true;
	start(&lan, &lan.nodes[1]);
	lan_run(&lan, US_PER_S);
	start(&lan, &lan.nodes[0]);
	lan_run(&lan, 3 * US_PER_S);
	ck_assert_uint_eq(lan_count_active(&lan), 1);
	ck_assert_ptr_eq(active_of(&lan), &lan.nodes[1]);
	ck_assert(vrrp_fsm_lacks_member(&lan.nodes[0].fsm, lan.now_us, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_group");
	TCase *chaos = tcase_create("chaos"), *rows = tcase_create("rows");
	int tests = lan_tests(ONLY, SEEDS);

	tcase_add_loop_test(chaos, one_node_is_active_for_all_members_after_partitions_heal, 0,
	                    tests);
	tcase_add_loop_test(chaos, planned_failover_moves_the_group_without_a_gap, 0, tests);
	tcase_add_test(rows, first_member_settles_a_tie);
	tcase_add_test(rows, second_member_settles_a_tie_when_the_first_hears_nobody);
	tcase_add_loop_test(rows, silence_on_one_link_moves_nothing, 0, 2);
	tcase_add_test(rows, lost_interface_of_one_member_moves_all);
	tcase_add_test(rows, group_follows_who_is_active_for_one_member);
	suite_add_tcase(suite, chaos);
	suite_add_tcase(suite, rows);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
