/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/announce.h"

#include "lib/csum.h"
#include "tests/vrrp/frames.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct addr parse(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

/* ---- frames */

/* What others send from the same MAC for the same address. keepalived's host did not forward, so
 * it did not call itself a router: its flags, and so its checksum, are others. */
static const struct known {
	const char *file, *name, *address;
	bool router_flag;
} known[] = {
	{"keepalived-2.2.7.txt", "arp-10.9.0.100", "10.9.0.100", true},
	{"frr-8.4.4.txt", "arp-10.9.0.100", "10.9.0.100", true},
	{"frr-8.4.4.txt", "na-2001:db8:9::100", "2001:db8:9::100", true},
	{"keepalived-2.2.7.txt", "na-2001:db8:9::100", "2001:db8:9::100", false},
};

START_TEST(frame_is_the_one_that_keepalived_and_frr_send)
{
	const struct known *k = &known[_i];
	struct frame wanted = frames_read(k->file, k->name);
	struct addr address = parse(k->address);
	uint8_t frame[VRRP_ANNOUNCE_FRAME_MAX];
	struct addr_mac mac;

	memcpy(mac.bytes, wanted.bytes + 6, sizeof(mac.bytes));
	if (!k->router_flag) {
		wanted.bytes[58] |= 0x80;
		uint16_t sum = (uint16_t)((wanted.bytes[56] << 8 | wanted.bytes[57]) - 0x8000);
		wanted.bytes[56] = (uint8_t)(sum >> 8);
		wanted.bytes[57] = (uint8_t)sum;
	}
	size_t size = vrrp_announce_frame(&address, &mac, frame);
	ck_assert_uint_eq(size, wanted.size);
	ck_assert_mem_eq(frame, wanted.bytes, size);
}
END_TEST

START_TEST(checksum_of_the_advertisement_holds)
{
	struct addr address = parse("2001:db8::1:ffff"), all_nodes = parse("ff02::1");
	const struct addr_mac mac = {{0x02, 0xff, 0xff, 0xff, 0xff, 0xfe}};
	uint8_t frame[VRRP_ANNOUNCE_FRAME_MAX];

	ck_assert_uint_eq(vrrp_announce_frame(&address, &mac, frame), VRRP_ANNOUNCE_NA_SIZE);
	uint32_t sum = csum_add_pseudo(0, &address, &all_nodes, 58, 32);
	ck_assert_uint_eq(csum_fold(csum_add(sum, frame + 54, 32)), 0);
}
END_TEST

/* ---- schedule */

#define T (5 * US_PER_S)

struct sent {
	int64_t at_us;
	size_t index;
};

static struct vrrp_announce_pace pace;
static int64_t frame_cost_us; /* what sending one takes */

static void begin(void)
{
	pace = (struct vrrp_announce_pace){.count = 0};
	frame_cost_us = 0;
}

static int64_t deadline(const struct vrrp_announcer *announcer)
{
	int64_t due_us = vrrp_announcer_deadline(announcer);
	int64_t paced_us = vrrp_announce_pace_deadline(&pace);

	return due_us < paced_us ? paced_us : due_us;
}

/* Lets time pass as a caller does; returns how many frames went out. */
static size_t run(struct vrrp_announcer *announcer, int64_t until_us, struct sent *sent, size_t max)
{
	size_t count = 0, index;
	int64_t now_us = INT64_MIN;

	while (deadline(announcer) <= until_us) {
		unsigned room, used = 0;

		if (now_us < deadline(announcer))
			now_us = deadline(announcer);
		room = vrrp_announce_pace_room(&pace, now_us);
		ck_assert_uint_gt(room, 0);
		while (used < room && vrrp_announcer_next(announcer, now_us, &index)) {
			ck_assert_uint_lt(count, max);
			sent[count++] = (struct sent){now_us, index};
			used++;
		}
		ck_assert_uint_gt(used, 0);
		vrrp_announce_pace_spend(&pace, used, now_us, now_us + used * frame_cost_us);
		ck_assert_int_gt(deadline(announcer), now_us);
	}
	return count;
}

static struct vrrp_announcer_params params(size_t address_count)
{
	return (struct vrrp_announcer_params){.address_count = address_count,
	                                      .count = 3,
	                                      .interval_us = 20 * US_PER_MS,
	                                      .again_us = US_PER_S,
	                                      .refresh_us = 60 * US_PER_S};
}

START_TEST(two_bursts_then_a_slow_refresh)
{
	static const int64_t wanted_ms[] = {0, 20, 40, 1000, 1020, 1040, 61040, 121040};
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(1);
	struct sent sent[16];

	ck_assert_int_eq(vrrp_announcer_deadline(&announcer), TIME_NEVER);
	vrrp_announcer_start(&announcer, T, &p);
	size_t count = run(&announcer, T + 180 * US_PER_S, sent, LT_ARRAY_SIZE(sent));
	ck_assert_uint_eq(count, LT_ARRAY_SIZE(wanted_ms));
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(sent[i].at_us, T + wanted_ms[i] * US_PER_MS);
}
END_TEST

START_TEST(second_burst_and_refresh_can_be_left_out)
{
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(2);
	struct sent sent[64];

	p.again_us = 0;
	p.refresh_us = 0;
	vrrp_announcer_start(&announcer, T, &p);
	ck_assert_uint_eq(run(&announcer, T + 1000 * US_PER_S, sent, 64), 6);
	ck_assert_int_eq(vrrp_announcer_deadline(&announcer), TIME_NEVER);
	p.refresh_us = US_PER_S;
	vrrp_announcer_start(&announcer, T, &p);
	ck_assert_uint_eq(run(&announcer, T + 2041 * US_PER_MS, sent, 64), 6 + 2 * 2);
	vrrp_announcer_stop(&announcer);
	ck_assert_int_eq(vrrp_announcer_deadline(&announcer), TIME_NEVER);
}
END_TEST

START_TEST(nothing_is_announced_for_no_addresses)
{
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(0);
	size_t index;

	vrrp_announcer_start(&announcer, T, &p);
	ck_assert_int_eq(vrrp_announcer_deadline(&announcer), TIME_NEVER);
	ck_assert(!vrrp_announcer_next(&announcer, T, &index));
}
END_TEST

#define MANY 5000

START_TEST(many_addresses_are_paced_and_each_goes_out_before_any_again)
{
	static struct sent sent[8 * MANY];
	static size_t seen[MANY];
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(MANY);
	size_t lowest = 0;

	vrrp_announcer_start(&announcer, T, &p);
	size_t count = run(&announcer, T + 10 * US_PER_S, sent, 8 * MANY);
	ck_assert_uint_eq(count, 6 * MANY);
	for (size_t i = 0; i < count; i++) {
		/* In any millisecond at most so many. */
		if (i >= VRRP_ANNOUNCE_PACE_COUNT)
			ck_assert_int_ge(sent[i].at_us - sent[i - VRRP_ANNOUNCE_PACE_COUNT].at_us,
			                 VRRP_ANNOUNCE_PACE_US);
		ck_assert_uint_eq(seen[sent[i].index], lowest);
		seen[sent[i].index]++;
		if ((i + 1) % MANY == 0)
			lowest++;
	}
	/* The first round takes as long as pacing makes it, and no longer. */
	ck_assert_int_eq(sent[MANY - 1].at_us,
	                 T + (MANY - 1) / VRRP_ANNOUNCE_PACE_COUNT * VRRP_ANNOUNCE_PACE_US);
}
END_TEST

START_TEST(restarting_again_and_again_starves_no_address)
{
	static struct sent sent[MANY * 4];
	static bool seen[MANY];
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(MANY);
	size_t count = 0, different = 0;

	/* A rival every 10 ms, while a round takes 79. */
	for (int i = 0; i < 10; i++) {
		vrrp_announcer_start(&announcer, T + i * 10 * US_PER_MS, &p);
		count += run(&announcer, T + (i + 1) * 10 * US_PER_MS - 1, sent + count,
		             MANY * 4 - count);
	}
	for (size_t i = 0; i < count; i++) {
		different += !seen[sent[i].index];
		seen[sent[i].index] = true;
	}
	ck_assert_uint_eq(different, MANY);
}
END_TEST

START_TEST(start_with_fewer_addresses_stays_within_them)
{
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(100);
	struct sent sent[256];
	size_t index;

	vrrp_announcer_start(&announcer, T, &p);
	for (int i = 0; i < 50; i++)
		ck_assert(vrrp_announcer_next(&announcer, T, &index));
	p = params(7);
	vrrp_announcer_start(&announcer, T, &p);
	size_t count = run(&announcer, T + US_PER_MS, sent, LT_ARRAY_SIZE(sent));
	ck_assert_uint_eq(count, 7);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_lt(sent[i].index, 7);
}
END_TEST

/* 8,000 addresses on a slow machine: a frame takes 50 us. */
START_TEST(announcing_leaves_three_quarters_of_the_time_to_others)
{
	static struct sent sent[8 * MANY];
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(MANY);
	int64_t turn_us = VRRP_ANNOUNCE_PACE_COUNT * 50;

	frame_cost_us = 50;
	vrrp_announcer_start(&announcer, T, &p);
	size_t count = run(&announcer, T + 20 * US_PER_S, sent, 8 * MANY);
	ck_assert_uint_eq(count, 6 * MANY);
	for (size_t i = VRRP_ANNOUNCE_PACE_COUNT; i < count; i++)
		ck_assert_int_ge(sent[i].at_us - sent[i - VRRP_ANNOUNCE_PACE_COUNT].at_us,
		                 (1 + VRRP_ANNOUNCE_REST_FACTOR) * turn_us);
	/* And yet a round has its end: 79 turns of 12.8 ms. */
	ck_assert_int_eq(sent[MANY - 1].at_us, T + (MANY - 1) / VRRP_ANNOUNCE_PACE_COUNT *
	                                                       (1 + VRRP_ANNOUNCE_REST_FACTOR) *
	                                                       turn_us);
}
END_TEST

START_TEST(the_pace_is_one_for_all_virtual_routers)
{
	ck_assert_uint_eq(vrrp_announce_pace_room(&pace, T), VRRP_ANNOUNCE_PACE_COUNT);
	vrrp_announce_pace_spend(&pace, 60, T, T + 10);
	ck_assert_uint_eq(vrrp_announce_pace_room(&pace, T + 10), VRRP_ANNOUNCE_PACE_COUNT - 60);
	vrrp_announce_pace_spend(&pace, VRRP_ANNOUNCE_PACE_COUNT - 60, T + 10, T + 20);
	ck_assert_uint_eq(vrrp_announce_pace_room(&pace, T + 20), 0);
	ck_assert_int_eq(vrrp_announce_pace_deadline(&pace), T + VRRP_ANNOUNCE_PACE_US);
	ck_assert_uint_eq(vrrp_announce_pace_room(&pace, T + VRRP_ANNOUNCE_PACE_US),
	                  VRRP_ANNOUNCE_PACE_COUNT);
	/* What was left over of one stretch is not added to another. */
	vrrp_announce_pace_spend(&pace, 1, T + VRRP_ANNOUNCE_PACE_US, T + VRRP_ANNOUNCE_PACE_US);
	ck_assert_uint_eq(vrrp_announce_pace_room(&pace, T + US_PER_S), VRRP_ANNOUNCE_PACE_COUNT);
}
END_TEST

START_TEST(late_caller_gets_no_flood)
{
	struct vrrp_announcer announcer = {.running = false};
	struct vrrp_announcer_params p = params(2);
	struct sent sent[64];
	size_t index;

	vrrp_announcer_start(&announcer, T, &p);
	/* Nobody asked for five minutes: one round now, the next at its distance from it. */
	int64_t now_us = T + 300 * US_PER_S;
	ck_assert(vrrp_announcer_next(&announcer, now_us, &index));
	ck_assert(vrrp_announcer_next(&announcer, now_us, &index));
	ck_assert(!vrrp_announcer_next(&announcer, now_us, &index));
	ck_assert_int_eq(vrrp_announcer_deadline(&announcer), now_us + 20 * US_PER_MS);
	ck_assert_uint_eq(run(&announcer, now_us + 50 * US_PER_MS, sent, 64), 2 * 2 + 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_announce");
	TCase *tc = tcase_create("announce");

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_loop_test(tc, frame_is_the_one_that_keepalived_and_frr_send, 0,
	                    LT_ARRAY_SIZE(known));
	tcase_add_test(tc, checksum_of_the_advertisement_holds);
	tcase_add_test(tc, two_bursts_then_a_slow_refresh);
	tcase_add_test(tc, second_burst_and_refresh_can_be_left_out);
	tcase_add_test(tc, nothing_is_announced_for_no_addresses);
	tcase_add_test(tc, many_addresses_are_paced_and_each_goes_out_before_any_again);
	tcase_add_test(tc, restarting_again_and_again_starves_no_address);
	tcase_add_test(tc, start_with_fewer_addresses_stays_within_them);
	tcase_add_test(tc, announcing_leaves_three_quarters_of_the_time_to_others);
	tcase_add_test(tc, the_pace_is_one_for_all_virtual_routers);
	tcase_add_test(tc, late_caller_gets_no_flood);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
