/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/memory.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

#define NOW_US  (5000 * US_PER_S)
#define WALL_US (INT64_C(1763726899) * US_PER_S)

static struct health_table *table;
static struct model_health_check tcp, http, other_http;
static struct health_target targets[4];

static struct addr address(uint8_t last)
{
	const uint8_t bytes[4] = {10, 78, 0, last};

	return addr_make(ADDR_IPV4, bytes);
}

static void find_out(size_t target, enum health_result result, const char *why, int64_t now_us)
{
	struct health_entry *entry;

	do { /* each was due */
		entry = health_table_begin(table, now_us);
		ck_assert_ptr_nonnull(entry);
		(void)health_table_end(
			table, entry,
			entry == health_table_find(table, &targets[target]) ? result : HEALTH_LOCAL,
			why, now_us);
	} while (entry != health_table_find(table, &targets[target]));
}

/* 10.78.0.1: tcp down; 10.78.0.2: http up, another http down; 10.78.0.3: not tried. */
static void set_up(void)
{
	const size_t rooms[HEALTH_CLASS_COUNT] = {8, 8};
	const struct model_health_check check = {
		.interval_us = US_PER_S, .timeout_us = US_PER_S / 2, .rise = 1, .fall = 1};
	struct addr a = address(1), b = address(2), c = address(3);

	tcp = http = check;
	tcp.type = MODEL_HEALTH_TCP;
	http.type = MODEL_HEALTH_HTTP;
	http.http.path = "/ready";
	other_http = http;
	other_http.http.path = "/other";
	targets[0] = health_target_make(&a, 80, &tcp);
	targets[1] = health_target_make(&b, 8080, &http);
	targets[2] = health_target_make(&b, 8080, &other_http);
	targets[3] = health_target_make(&c, 80, &tcp);
	table = health_table_new(rooms, 7);
	health_table_want(table, targets, 4, NOW_US - 100 * US_PER_S, NULL, NULL);
	find_out(0, HEALTH_REFUSED, "connection\nrefused", NOW_US - 60 * US_PER_S);
	find_out(1, HEALTH_OK, NULL, NOW_US - 50 * US_PER_S);
	find_out(2, HEALTH_STATUS, "HTTP status 503", NOW_US - 40 * US_PER_S);
}

static void tear_down(void)
{
	health_table_free(table);
}

static struct health_memory memory_of(const struct health_table *known)
{
	struct health_memory memory = {0};
	const struct health_entry *entry = NULL;

	while ((entry = health_table_each(known, entry)))
		health_memory_add(&memory, entry);
	health_memory_sort(&memory);
	return memory;
}

/* As it was written at NOW_US. */
static struct text written(void)
{
	struct health_memory memory = memory_of(table);
	struct text text = {0};

	health_memory_encode(&memory, NOW_US, WALL_US, &text);
	health_memory_done(&memory);
	return text;
}

START_TEST(a_person_can_read_it)
{
	struct text text = written();

	ck_assert_str_eq(text_str(&text),
	                 "lintel-health 1 1763726899\n"
	                 "tcp 10.78.0.1:80 a988dff7 down refused 60 connection refused\n"
	                 "http 10.78.0.2:8080 778a8748 down status 40 HTTP status 503\n"
	                 "http 10.78.0.2:8080 ab0d090d up ok 50 \n"
	                 "end 3 crc32 8bb4ba34\n");
	text_done(&text);
}
END_TEST

START_TEST(what_was_known_is_known_again_and_since_when)
{
	const size_t rooms[HEALTH_CLASS_COUNT] = {8, 8};
	struct text text = written();
	struct health_memory memory;
	/* ten seconds later, on a machine that has just started */
	int64_t now_us = 3 * US_PER_S, wall_us = WALL_US + 10 * US_PER_S;

	ck_assert_int_eq(health_memory_decode(text_str(&text), text.len, now_us, wall_us, &memory),
	                 HEALTH_MEMORY_OK);
	health_table_free(table);
	table = health_table_new(rooms, 7);
	health_table_want(table, targets, 4, now_us, NULL, NULL);
	ck_assert_uint_eq(health_table_recall(table, health_memory_recall, &memory), 3);
	const struct health_machine *down =
		health_entry_machine(health_table_find(table, &targets[0]));
	ck_assert_int_eq(down->state, HEALTH_DOWN);
	ck_assert_int_eq(down->result, HEALTH_REFUSED);
	ck_assert_str_eq(down->why, "connection refused");
	ck_assert_int_eq(down->since_us, now_us - 70 * US_PER_S);
	ck_assert_int_eq(down->last_us, TIME_NEVER);
	ck_assert(!health_machine_undecided(down));
	const struct health_machine *up =
		health_entry_machine(health_table_find(table, &targets[1]));
	ck_assert_int_eq(up->state, HEALTH_UP);
	ck_assert(!health_machine_undecided(up));
	ck_assert_int_eq(health_entry_machine(health_table_find(table, &targets[2]))->state,
	                 HEALTH_DOWN);
	ck_assert_int_eq(health_entry_machine(health_table_find(table, &targets[3]))->state,
	                 HEALTH_UNKNOWN);
	health_memory_done(&memory);
	text_done(&text);
}
END_TEST

START_TEST(a_server_that_comes_again_is_asked_anew)
{
	struct text text = written();
	struct health_memory memory;
	struct health_machine machine = {0};

	ck_assert_int_eq(health_memory_decode(text_str(&text), text.len, NOW_US, WALL_US, &memory),
	                 HEALTH_MEMORY_OK);
	ck_assert(health_memory_recall(&memory, &targets[0], &machine));
	ck_assert(!health_memory_recall(&memory, &targets[0], &machine));
	health_memory_done(&memory);
	text_done(&text);
}
END_TEST

START_TEST(one_server_under_two_timings_is_written_once)
{
	struct model_health_check slower = tcp;
	struct health_memory memory;

	slower.interval_us *= 2;
	targets[3] = health_target_make(&targets[0].address, 80, &slower);
	health_table_want(table, targets, 4, NOW_US, NULL, NULL);
	find_out(3, HEALTH_REFUSED, NULL, NOW_US + US_PER_S);
	memory = memory_of(table);
	ck_assert_uint_eq(memory.count, 3);
	health_memory_done(&memory);
}
END_TEST

static enum health_state state_of(const struct health_target *target)
{
	return health_entry_machine(health_table_find(table, target))->state;
}

/* For health_table_expect(): until the next health_table_want() both are there. */
START_TEST(another_timing_inherits_before_the_former_one_goes)
{
	struct model_health_check slower = tcp;
	struct health_target before = targets[0];

	slower.interval_us *= 2;
	targets[0] = health_target_make(&before.address, 80, &slower);
	health_table_expect(table, targets, 4, NOW_US);
	ck_assert_int_eq(state_of(&before), HEALTH_DOWN);
	ck_assert_int_eq(state_of(&targets[0]), HEALTH_DOWN);
	health_table_want(table, targets, 4, NOW_US, NULL, NULL);
	ck_assert_ptr_null(health_table_find(table, &before));
	ck_assert_int_eq(state_of(&targets[0]), HEALTH_DOWN);
}
END_TEST

static bool say_down(void *ctx, const struct health_target *target, struct health_machine *machine)
{
	++*(unsigned *)ctx;
	machine->state = HEALTH_DOWN;
	return true;
}

START_TEST(only_of_what_was_not_tried_is_asked_what_was_known)
{
	unsigned asked = 0;

	ck_assert_uint_eq(health_table_recall(table, say_down, &asked), 1);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(state_of(&targets[3]), HEALTH_DOWN);
	ck_assert_int_eq(state_of(&targets[1]), HEALTH_UP);
	ck_assert_uint_eq(health_table_recall(table, say_down, &asked), 0);
}
END_TEST

static const struct {
	int64_t later_us;
	enum health_memory_verdict verdict;
} ages[] = {
	{0, HEALTH_MEMORY_OK},
	{HEALTH_MEMORY_MAX_AGE_US, HEALTH_MEMORY_OK},
	{HEALTH_MEMORY_MAX_AGE_US + US_PER_S, HEALTH_MEMORY_OLD},
	{-US_PER_S, HEALTH_MEMORY_OLD},
};

START_TEST(only_what_is_young_says_something)
{
	struct text text = written();
	struct health_memory memory = {0};

	ck_assert_int_eq(health_memory_decode(text_str(&text), text.len, NOW_US,
	                                      WALL_US + ages[_i].later_us, &memory),
	                 ages[_i].verdict);
	ck_assert((memory.count == 3) == (ages[_i].verdict == HEALTH_MEMORY_OK));
	health_memory_done(&memory);
	text_done(&text);
}
END_TEST

START_TEST(whatever_is_cut_off_or_changed_is_refused)
{
	struct text text = written();
	struct health_memory memory = {0};

	for (size_t size = 0; size < text.len; size++)
		ck_assert_int_ne(
			health_memory_decode(text_str(&text), size, NOW_US, WALL_US, &memory),
			HEALTH_MEMORY_OK);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		ck_assert_int_ne(
			health_memory_decode(text_str(&text), text.len, NOW_US, WALL_US, &memory),
			HEALTH_MEMORY_OK);
		text.data[i] ^= 1;
	}
	ck_assert_int_eq(health_memory_decode("lintel-health 2 5\n", 18, NOW_US, WALL_US, &memory),
	                 HEALTH_MEMORY_VERSION);
	ck_assert_ptr_null(memory.entries);
	text_done(&text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/memory", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_person_can_read_it);
	tcase_add_test(tests, what_was_known_is_known_again_and_since_when);
	tcase_add_test(tests, a_server_that_comes_again_is_asked_anew);
	tcase_add_test(tests, another_timing_inherits_before_the_former_one_goes);
	tcase_add_test(tests, only_of_what_was_not_tried_is_asked_what_was_known);
	tcase_add_test(tests, one_server_under_two_timings_is_written_once);
	tcase_add_loop_test(tests, only_what_is_young_says_something, 0,
	                    sizeof(ages) / sizeof(ages[0]));
	tcase_add_test(tests, whatever_is_cut_off_or_changed_is_refused);
	return unit_run(suite);
}
