/* SPDX-License-Identifier: GPL-2.0-or-later */
/* N machines on a LAN that loses, delays and is cut, with fixed seeds: what matters is true however
 * it goes. A failure names its seed; VRRP_ELECTION_SEED=N plays that one alone and prints what
 * happened. */
#include "tests/vrrp/lan.h"

#include "lib/mono.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONLY  "VRRP_ELECTION_SEED"
#define SEEDS 400

static int64_t longest_interval(const struct lan *lan)
{
	int64_t longest_us = 0;

	for (unsigned i = 0; i < lan->node_count; i++)
		if (lan->nodes[i].fsm.params.advert_interval_us > longest_us)
			longest_us = lan->nodes[i].fsm.params.advert_interval_us;
	return longest_us;
}

static uint8_t some_priority(struct lan *lan)
{
	static const uint8_t priorities[] = {1, 50, 100, 100, 100, 101, 150, 200, 254, 255};

	return priorities[lan_random(lan, LT_ARRAY_SIZE(priorities))];
}

/* Nodes that all hear each other over one family at least. */
static void add_nodes(struct lan *lan, bool same_interval)
{
	static const int64_t intervals_ms[] = {10, 20, 50, 100, 100, 1000};
	unsigned count = 2 + lan_random(lan, 4);
	bool all_ipv4 = lan_random(lan, 2), all_ipv6 = !all_ipv4 || lan_random(lan, 2);
	int64_t interval_ms = intervals_ms[lan_random(lan, LT_ARRAY_SIZE(intervals_ms))];

	for (unsigned i = 0; i < count; i++) {
		char name[3] = {'n', (char)('0' + i), '\0'};
		struct vrrp_fsm_params params = {.priority = some_priority(lan),
		                                 .preempt = lan_random(lan, 2),
		                                 .virtual_mac = lan_random(lan, 2)};

		if (!same_interval && lan_random(lan, 3) == 0)
			interval_ms = intervals_ms[lan_random(lan, LT_ARRAY_SIZE(intervals_ms))];
		params.advert_interval_us = interval_ms * US_PER_MS;
		if (lan_random(lan, 3) == 0)
			params.preempt_delay_us = lan_random(lan, 10) * params.advert_interval_us;
		lan_add(lan, name, &params, all_ipv4 || lan_random(lan, 2),
		        all_ipv6 || lan_random(lan, 2));
	}
}

static void start(struct lan *lan, struct lan_node *node, bool holding)
{
	struct vrrp_effects effects = {.count = 0};

	if (node->fsm.state != MODEL_ROUTER_INITIALIZE)
		return;
	if (holding)
		node->owns_since_us = lan->now_us;
	vrrp_fsm_startup(&node->fsm, lan->now_us, holding, &effects);
	lan_carry_out(lan, node, &effects);
}

/* One thing that goes wrong, or that somebody does. */
static void disturb(struct lan *lan)
{
	struct lan_node *node = &lan->nodes[lan_random(lan, lan->node_count)];
	unsigned other = lan_random(lan, lan->node_count);
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm_params params = node->fsm.params;

	switch (lan_random(lan, 12)) {
	case 0:
	case 1:
	case 2:
		lan_cut(lan, (unsigned)(node - lan->nodes), other, lan_random(lan, 2));
		break;
	case 3:
		/* One way only. */
		lan->cut[node - lan->nodes][other] = true;
		break;
	case 4:
		lan_whole(lan);
		break;
	case 5:
		lan->loss_percent = lan_random(lan, 60);
		break;
	case 6:
		node->stalled_until_us =
			lan->now_us + lan_random(lan, 6) * params.advert_interval_us;
		break;
	case 7:
		vrrp_fsm_shutdown(&node->fsm, lan->now_us, MODEL_REASON_SHUTDOWN, &effects);
		break;
	case 8:
		vrrp_fsm_leave(&node->fsm, lan->now_us,
		               lan_random(lan, 2) ? VRRP_LEAVE_STOP : VRRP_LEAVE_FAILOVER,
		               &effects);
		break;
	case 9:
		vrrp_fsm_step_down(&node->fsm, lan->now_us, MODEL_REASON_SUSPENDED, &effects);
		break;
	case 10:
		params.priority = some_priority(lan);
		params.preempt = lan_random(lan, 2);
		vrrp_fsm_configure(&node->fsm, lan->now_us, &params, &effects);
		break;
	case 11:
		start(lan, node, lan_random(lan, 2));
		break;
	}
	lan_carry_out(lan, node, &effects);
}

static void prepare(struct lan *lan, unsigned seed)
{
	static struct text transcript;

	lan_init(lan, seed);
	if (getenv(ONLY))
		lan->transcript = &transcript;
}

/* What check can carry to the parent. */
static const char *tail(const struct text *transcript)
{
	if (!transcript)
		return "";
	return text_str(transcript) + (transcript->len > 3000 ? transcript->len - 3000 : 0);
}

#define CHECK_SEED(seed, lan, condition)                                             \
	ck_assert_msg(condition, "seed %u at %lld us: not " #condition "\n%s", seed, \
	              (long long)(lan)->now_us, tail((lan)->transcript))

static bool all_speak_ipv4(const struct lan *lan)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		if (!lan->nodes[i].ipv4)
			return false;
	return true;
}

/* Nothing is under way: everybody has heard everything. */
static void check_one_active(struct lan *lan, void *ctx)
{
	unsigned seed = *(unsigned *)ctx;

	if (lan->packet_count == 0)
		CHECK_SEED(seed, lan, lan_count_active(lan) == 1);
}

static const struct lan_node *active_of(const struct lan *lan)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		if (lan->nodes[i].fsm.state == MODEL_ROUTER_ACTIVE)
			return &lan->nodes[i];
	return NULL;
}

static void play_chaos(unsigned seed)
{
	static struct lan lan;
	bool same_interval;

	prepare(&lan, seed);
	same_interval = lan_random(&lan, 2);
	add_nodes(&lan, same_interval);
	int64_t longest_us = longest_interval(&lan);
	lan.delay_min_us = 50;
	lan.delay_max_us = 50 + lan_random(&lan, (unsigned)longest_us / 2);
	for (unsigned i = 0; i < lan.node_count; i++)
		start(&lan, &lan.nodes[i], false);

	/* Chaos. */
	for (unsigned i = 0; i < 60; i++) {
		lan_run(&lan, lan.now_us + lan_random(&lan, (unsigned)longest_us * 2));
		disturb(&lan);
	}

	/* Then peace: what was under way arrives or is gone, who was told to leave is given the
	 * time to, all are there. */
	lan_whole(&lan);
	lan.delay_max_us = 50 + lan_random(&lan, 450);
	for (unsigned i = 0; i < lan.node_count; i++)
		lan.nodes[i].stalled_until_us = INT64_MIN;
	lan_run(&lan, lan.now_us + 5 * longest_us + 250 * US_PER_MS);
	for (unsigned i = 0; i < lan.node_count; i++)
		start(&lan, &lan.nodes[i], false);
	/* Where not all speak IPv4, a tie may need three advertisements. */
	lan_run(&lan,
	        lan.now_us + (all_speak_ipv4(&lan) ? 4 : 7) * longest_us + 2 * lan.delay_max_us);

	/* From here on there is always exactly one, even while a better one preempts. */
	lan.check = check_one_active;
	lan.check_ctx = &seed;
	check_one_active(&lan, &seed);
	lan_run(&lan, lan.now_us + 30 * longest_us);

	/* Nobody is left who might preempt. */
	const struct lan_node *active = active_of(&lan);
	CHECK_SEED(seed, &lan, active != NULL);
	for (unsigned i = 0; i < lan.node_count; i++) {
		const struct vrrp_fsm *fsm = &lan.nodes[i].fsm;

		if (fsm == &active->fsm)
			continue;
		CHECK_SEED(seed, &lan, fsm->state == MODEL_ROUTER_BACKUP);
		CHECK_SEED(seed, &lan,
		           fsm->params.priority <= active->fsm.params.priority ||
		                   !fsm->params.preempt || fsm->preemption_suspended);
		CHECK_SEED(seed, &lan, fsm->active_priority == active->fsm.params.priority);
		CHECK_SEED(seed, &lan,
		           fsm->active_interval_us == active->fsm.params.advert_interval_us);
	}
	/* And nobody speaks or owns but the Active. */
	CHECK_SEED(seed, &lan, lan_count_owners(&lan) == 1);
}

START_TEST(whole_network_has_one_active)
{
	lan_play(ONLY, _i, play_chaos);
}
END_TEST

static void check_owned(struct lan *lan, void *ctx)
{
	unsigned seed = *(unsigned *)ctx;

	CHECK_SEED(seed, lan, lan_count_owners(lan) >= 1);
}

/* However the priorities are, and with a packet lost here and there: at a planned handover there is
 * never a moment without an owner. */
static void play_handover(unsigned seed)
{
	static struct lan lan;
	struct vrrp_effects effects = {.count = 0};

	prepare(&lan, seed);
	add_nodes(&lan, true);
	int64_t longest_us = longest_interval(&lan);
	lan.delay_min_us = 50;
	lan.delay_max_us = 50 + lan_random(&lan, (unsigned)longest_us / 10);
	lan.take_us = lan_random(&lan, 40000);
	for (unsigned i = 0; i < lan.node_count; i++)
		start(&lan, &lan.nodes[i], false);
	lan_run(&lan, 40 * longest_us + lan_random(&lan, (unsigned)longest_us));
	const struct lan_node *active = active_of(&lan);
	CHECK_SEED(seed, &lan, active != NULL && lan_count_active(&lan) == 1);

	bool stops = lan_random(&lan, 2);
	struct lan_node *leaver = &lan.nodes[active - lan.nodes];
	lan.loss_percent = seed % 2 ? 20 : 0;
	lan.check = check_owned;
	lan.check_ctx = &seed;
	vrrp_fsm_leave(&leaver->fsm, lan.now_us, stops ? VRRP_LEAVE_STOP : VRRP_LEAVE_FAILOVER,
	               &effects);
	lan_carry_out(&lan, leaver, &effects);
	while (leaver->fsm.leaving != VRRP_LEAVE_NONE)
		lan_run(&lan, lan.now_us + US_PER_MS);
	/* With packets lost a failover may find nobody, or the leaver hear nobody afterwards. */
	if (stops || lan.loss_percent == 0)
		CHECK_SEED(seed, &lan,
		           leaver->fsm.state ==
		                   (stops ? MODEL_ROUTER_INITIALIZE : MODEL_ROUTER_BACKUP));

	/* Nor at whatever follows: a better one that preempts the successor, say. */
	lan.loss_percent = 0;
	lan_run(&lan, lan.now_us + 4 * longest_us);
	check_one_active(&lan, &seed);
	lan_run(&lan, lan.now_us + 20 * longest_us);
	check_one_active(&lan, &seed);
	if (seed % 2 == 0)
		CHECK_SEED(seed, &lan, leaver->fsm.state != MODEL_ROUTER_ACTIVE);
}

START_TEST(planned_handover_is_never_without_an_owner)
{
	lan_play(ONLY, _i, play_handover);
}
END_TEST

/* The Active dies: how long is nobody there, at most? */
static void play_takeover(unsigned seed)
{
	static struct lan lan;

	prepare(&lan, seed);
	add_nodes(&lan, true);
	int64_t longest_us = longest_interval(&lan);
	lan.delay_min_us = lan.delay_max_us = 100;
	for (unsigned i = 0; i < lan.node_count; i++)
		start(&lan, &lan.nodes[i], false);
	lan_run(&lan, 40 * longest_us + lan_random(&lan, (unsigned)longest_us));
	const struct lan_node *active = active_of(&lan);
	CHECK_SEED(seed, &lan, active != NULL);

	int64_t last_us = active->said_us;
	uint8_t best = 0;
	for (unsigned i = 0; i < lan.node_count; i++)
		if (&lan.nodes[i] != active && lan.nodes[i].fsm.params.priority > best)
			best = lan.nodes[i].fsm.params.priority;
	lan_isolate(&lan, (unsigned)(active - lan.nodes), true);
	lan_run(&lan, last_us + 100 + 4 * longest_us);
	const struct lan_node *successor = NULL;
	for (unsigned i = 0; i < lan.node_count; i++)
		if (&lan.nodes[i] != active && lan.nodes[i].fsm.state == MODEL_ROUTER_ACTIVE)
			successor = &lan.nodes[i];
	CHECK_SEED(seed, &lan, successor != NULL);
	CHECK_SEED(seed, &lan, successor->fsm.params.priority == best);
	CHECK_SEED(seed, &lan,
	           successor->fsm.since_us <=
	                   last_us + 100 + 3 * longest_us + (256 - best) * longest_us / 256);
}

START_TEST(takeover_takes_no_longer_than_active_down_interval)
{
	lan_play(ONLY, _i, play_takeover);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_election");
	TCase *chaos = tcase_create("chaos"), *handover = tcase_create("handover"),
	      *takeover = tcase_create("takeover");
	int tests = lan_tests(ONLY, SEEDS);

	tcase_add_loop_test(chaos, whole_network_has_one_active, 0, tests);
	tcase_add_loop_test(handover, planned_handover_is_never_without_an_owner, 0, tests);
	tcase_add_loop_test(takeover, takeover_takes_no_longer_than_active_down_interval, 0, tests);
	suite_add_tcase(suite, chaos);
	suite_add_tcase(suite, handover);
	suite_add_tcase(suite, takeover);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
