/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/table.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

#define BEGIN_US   (1000 * US_PER_S)
#define TARGET_MAX 10000

static struct health_target targets[TARGET_MAX];
static struct health_table *table;
static int64_t now_us;
static size_t dropped_count;

static struct model_health_check make_check(enum model_health_type type)
{
	return (struct model_health_check){.type = type,
	                                   .interval_us = 2 * US_PER_S,
	                                   .timeout_us = US_PER_S,
	                                   .rise = 1,
	                                   .fall = 1};
}

static struct addr address(size_t number)
{
	uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return addr_make(ADDR_IPV4, bytes);
}

static struct health_target target(size_t number, const struct model_health_check *check)
{
	struct addr at = address(number);

	return health_target_make(&at, 80, check);
}

static void open_table(size_t light, size_t heavy)
{
	const size_t rooms[HEALTH_CLASS_COUNT] = {[HEALTH_LIGHT] = light, [HEALTH_HEAVY] = heavy};

	table = health_table_new(rooms, 42);
	now_us = BEGIN_US;
	dropped_count = 0;
}

static void dropped(void *ctx, struct health_entry *entry)
{
	ck_assert_ptr_eq(ctx, table);
	ck_assert_ptr_nonnull(health_entry_target(entry));
	dropped_count++;
}

static void want(size_t count)
{
	health_table_want(table, targets, count, now_us, dropped, table);
}

static size_t target_count(void)
{
	struct health_totals totals;

	health_table_totals(table, now_us, &totals);
	return totals.target_count;
}

static size_t running(enum health_class class)
{
	struct health_totals totals;

	health_table_totals(table, now_us, &totals);
	return totals.running[class];
}

/* The next check, with the result that it has. */
static const struct health_entry *check_next(enum health_result result)
{
	struct health_entry *entry;

	now_us = health_table_next_us(table);
	ck_assert_int_ne(now_us, TIME_NEVER);
	entry = health_table_begin(table, now_us);
	ck_assert_ptr_nonnull(entry);
	(void)health_table_end(table, entry, result, "so", now_us);
	return entry;
}

START_TEST(what_is_the_same_is_checked_once)
{
	struct model_health_check a = make_check(MODEL_HEALTH_HTTP), b, c, none;

	a.http.path = "/a";
	b = a;
	b.start = MODEL_HEALTH_START_DOWN;
	b.failure = MODEL_HEALTH_REMOVE;
	b.port = 80;
	b.http.path = (char[]){'/', 'a', '\0'}; /* another pointer */
	c = a;
	c.http.path = "/b";
	none = make_check(MODEL_HEALTH_NONE);
	open_table(8, 8);
	targets[0] = target(1, &a);
	targets[1] = target(1, &b);
	targets[2] = target(1, &c);
	targets[3] = target(2, &a);
	targets[4] = target(2, &none);
	targets[5] = target(1, &a);
	want(6);
	ck_assert_uint_eq(target_count(), 3);
	ck_assert_ptr_nonnull(health_table_find(table, &targets[0]));
	ck_assert_ptr_eq(health_table_find(table, &targets[0]),
	                 health_table_find(table, &targets[1]));
	ck_assert_ptr_ne(health_table_find(table, &targets[0]),
	                 health_table_find(table, &targets[2]));
	ck_assert_ptr_null(health_table_find(table, &targets[4]));
	health_table_free(table);
}
END_TEST

START_TEST(any_difference_in_what_is_tried_makes_another_target)
{
	struct model_int_range statuses[] = {{200, 299}};
	struct model_health_check checks[24];
	size_t count = 0;

	checks[count++] = make_check(MODEL_HEALTH_TCP);
	checks[count++] = make_check(MODEL_HEALTH_ICMP);
	checks[count++] = make_check(MODEL_HEALTH_HTTP);
	checks[count++] = make_check(MODEL_HEALTH_TLS);
	checks[count++] = make_check(MODEL_HEALTH_UDP);
	checks[count++] = make_check(MODEL_HEALTH_UDP);
	checks[count - 1].udp.send = "x";
	checks[count++] = make_check(MODEL_HEALTH_UDP);
	checks[count - 1].udp.expect = "x";
	checks[count++] = make_check(MODEL_HEALTH_DNS);
	checks[count++] = make_check(MODEL_HEALTH_DNS);
	checks[count - 1].dns.type = MODEL_DNS_SOA;
	checks[count++] = make_check(MODEL_HEALTH_DNS);
	checks[count - 1].dns.name = "a";
	for (int i = 0; i < 11; i++)
		checks[count + (size_t)i] = make_check(MODEL_HEALTH_HTTPS);
	checks[count + 1].http.method = "HEAD";
	checks[count + 2].http.path = "HEAD"; /* in another place */
	checks[count + 3].http.host = "a";
	checks[count + 4].http.version = MODEL_HTTP_2;
	checks[count + 5].http.statuses = statuses;
	checks[count + 5].http.status_count = 1;
	checks[count + 6].http.body = "a";
	checks[count + 7].tls.server_name = "a";
	checks[count + 8].tls.verify = true;
	checks[count + 9].tls.ca_file = "a";
	checks[count + 10].tls.certificate_file = "a";
	count += 11;
	checks[count] = make_check(MODEL_HEALTH_HTTPS);
	checks[count++].tls.key_file = "a";
	checks[count] = make_check(MODEL_HEALTH_TCP);
	checks[count++].interval_us++;
	checks[count] = make_check(MODEL_HEALTH_TCP);
	checks[count++].rise++;
	ck_assert_uint_le(count, LT_ARRAY_SIZE(checks));
	open_table(8, 8);
	for (size_t i = 0; i < count; i++)
		targets[i] = target(1, &checks[i]);
	want(count);
	ck_assert_uint_eq(target_count(), count);
	/* ... and another address or port. */
	struct addr at = address(1);
	targets[count] = health_target_make(&at, 81, &checks[0]);
	targets[count + 1] = target(2, &checks[0]);
	want(count + 2);
	ck_assert_uint_eq(target_count(), count + 2);
	health_table_free(table);
}
END_TEST

START_TEST(ports_are_the_checks_own_or_the_servers)
{
	struct model_health_check tcp = make_check(MODEL_HEALTH_TCP), own = tcp,
				  icmp = make_check(MODEL_HEALTH_ICMP);
	char text[HEALTH_TARGET_TEXT_SIZE];
	struct addr at = address(1);
	struct health_target one = health_target_make(&at, 80, &tcp);

	own.port = 9000;
	ck_assert_str_eq(health_target_format(&one, text), "tcp 10.0.0.1:80");
	one = health_target_make(&at, 80, &own);
	ck_assert_uint_eq(one.port, 9000);
	one = health_target_make(&at, 80, &icmp);
	ck_assert_uint_eq(one.port, 0);
	ck_assert_str_eq(health_target_format(&one, text), "icmp 10.0.0.1");
}
END_TEST

START_TEST(what_stays_keeps_its_state)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP), copy;
	const struct health_entry *entry;

	open_table(8, 8);
	targets[0] = target(1, &check);
	targets[1] = target(2, &check);
	want(2);
	entry = check_next(HEALTH_REFUSED);
	ck_assert_ptr_eq(entry, health_table_find(table, &targets[0]));
	int64_t since_us = health_entry_machine(entry)->since_us;
	/* The snapshot goes, another one with the same comes. */
	copy = check;
	memset(&check, 0xee, sizeof(check));
	now_us += US_PER_S;
	targets[0] = target(3, &copy);
	targets[1] = target(1, &copy);
	want(2);
	ck_assert_ptr_eq(entry, health_table_find(table, &targets[1]));
	ck_assert_int_eq(health_entry_machine(entry)->state, HEALTH_DOWN);
	ck_assert_int_eq(health_entry_machine(entry)->since_us, since_us);
	ck_assert_str_eq(health_entry_machine(entry)->why, "so");
	ck_assert_int_eq(health_entry_machine(health_table_find(table, &targets[0]))->state,
	                 HEALTH_UNKNOWN);
	health_table_free(table);
}
END_TEST

START_TEST(another_timing_is_no_reason_to_forget)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP), slower = check,
				  other = make_check(MODEL_HEALTH_DNS);
	const struct health_entry *entry;

	slower.interval_us *= 2;
	slower.fall = 5;
	open_table(8, 8);
	targets[0] = target(1, &check);
	want(1);
	(void)check_next(HEALTH_REFUSED);
	targets[0] = target(1, &slower);
	targets[1] = target(1, &other);
	targets[2] = target(2, &slower);
	want(3);
	entry = health_table_find(table, &targets[0]);
	ck_assert_int_eq(health_entry_machine(entry)->state, HEALTH_DOWN);
	for (size_t i = 1; i < 3; i++) {
		entry = health_table_find(table, &targets[i]);
		ck_assert_int_eq(health_entry_machine(entry)->state, HEALTH_UNKNOWN);
	}
	health_table_free(table);
}
END_TEST

START_TEST(one_that_goes_while_it_is_checked_is_told_of)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	struct health_entry *entry;

	open_table(8, 8);
	targets[0] = target(1, &check);
	targets[1] = target(2, &check);
	want(2);
	now_us += US_PER_S;
	entry = health_table_begin(table, now_us);
	ck_assert_ptr_nonnull(entry);
	ck_assert_ptr_null(health_entry_hung(entry));
	health_entry_hang(entry, &check);
	ck_assert_ptr_eq(health_entry_hung(entry), &check);
	want(0);
	ck_assert_uint_eq(dropped_count, 1);
	ck_assert_uint_eq(target_count(), 0);
	ck_assert_uint_eq(running(HEALTH_LIGHT), 0);
	ck_assert_int_eq(health_table_next_us(table), TIME_NEVER);
	ck_assert_ptr_null(health_table_each(table, NULL));
	health_table_free(table);
}
END_TEST

START_TEST(one_alone_is_checked_at_once_and_then_each_interval)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	int64_t before_us;

	open_table(8, 8);
	targets[0] = target(1, &check);
	want(1);
	ck_assert_int_eq(health_table_next_us(table), BEGIN_US);
	before_us = BEGIN_US - check.interval_us;
	for (int i = 0; i < 1000; i++) {
		(void)check_next(HEALTH_OK);
		ck_assert_int_le(now_us - before_us, check.interval_us);
		ck_assert_int_ge(now_us - before_us, check.interval_us * 9 / 10);
		before_us = now_us;
	}
	health_table_free(table);
}
END_TEST

START_TEST(how_long_checks_take_is_counted)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	struct health_totals totals;
	int64_t sum_us = 0;

	open_table(8, 8);
	targets[0] = target(1, &check);
	want(1);
	for (int i = 0; i < HEALTH_DURATION_BUCKETS; i++) {
		int64_t took_us = i ? health_duration_bounds_us[i - 1] + 1 : 0;

		now_us = health_table_next_us(table);
		struct health_entry *entry = health_table_begin(table, now_us);
		(void)health_table_end(table, entry, HEALTH_OK, NULL, now_us + took_us);
		sum_us += took_us;
	}
	health_table_totals(table, now_us, &totals);
	for (int i = 0; i < HEALTH_DURATION_BUCKETS; i++)
		ck_assert_uint_eq(totals.durations[i], 1);
	ck_assert_int_eq(totals.duration_sum_us, sum_us);
	health_table_free(table);
}
END_TEST

START_TEST(time_is_up_after_the_timeout)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	struct health_entry *entry;

	check.fast_interval_us = 100 * US_PER_MS;
	open_table(8, 8);
	targets[0] = target(1, &check);
	want(1);
	entry = health_table_begin(table, now_us);
	ck_assert_ptr_null(health_table_begin(table, now_us));
	ck_assert_int_eq(health_table_next_us(table), now_us + check.timeout_us);
	ck_assert_ptr_null(health_table_overdue(table, now_us + check.timeout_us - 1));
	now_us += check.timeout_us;
	ck_assert_ptr_eq(health_table_overdue(table, now_us), entry);
	ck_assert(health_table_end(table, entry, HEALTH_TIMEOUT, "", now_us));
	ck_assert_int_eq(health_entry_machine(entry)->latency_us, check.timeout_us);
	(void)health_table_end(table, health_table_begin(table, health_table_next_us(table)),
	                       HEALTH_OK, NULL, now_us + check.interval_us);
	/* Up again with the first success: decided, so at the usual pace, and never in the past. */
	ck_assert_int_ge(health_table_next_us(table), now_us + check.interval_us);
	health_table_free(table);
}
END_TEST

START_TEST(classes_have_rooms_of_their_own)
{
	struct model_health_check tcp = make_check(MODEL_HEALTH_TCP),
				  tls = make_check(MODEL_HEALTH_TLS);
	struct health_entry *entry, *first = NULL;
	size_t count = 0;

	open_table(3, 2);
	for (size_t i = 0; i < 10; i++) {
		targets[i] = target(i, &tls);
		targets[10 + i] = target(i, &tcp);
	}
	want(20);
	now_us += US_PER_S;
	while ((entry = health_table_begin(table, now_us))) {
		if (!first)
			first = entry;
		count++;
	}
	ck_assert_uint_eq(count, 5);
	ck_assert_uint_eq(running(HEALTH_LIGHT), 3);
	ck_assert_uint_eq(running(HEALTH_HEAVY), 2);
	/* No room: nothing to do until one ends, or its time is up. */
	ck_assert_int_eq(health_table_next_us(table), now_us + tcp.timeout_us);
	(void)health_table_end(table, first, HEALTH_OK, NULL, now_us);
	ck_assert_int_le(health_table_next_us(table), now_us);
	entry = health_table_begin(table, now_us);
	ck_assert_ptr_nonnull(entry);
	ck_assert_int_eq(health_entry_target(entry)->check->type,
	                 health_entry_target(first)->check->type);
	ck_assert_ptr_null(health_table_begin(table, now_us));
	health_table_free(table);
}
END_TEST

/* Checks that each take 'takes_us' until 'until_us', in virtual time; results as the address says:
 * every third is dead and takes the whole timeout. */
static void simulate(int64_t until_us, int64_t takes_us)
{
	struct ending {
		struct health_entry *entry;
		int64_t at_us;
	};
	static struct ending endings[TARGET_MAX];
	size_t head = 0, tail = 0; /* they end in the order in which they begin */
	struct health_entry *entry;

	for (;;) {
		int64_t next_us = health_table_next_us(table);

		if (head != tail && endings[tail % TARGET_MAX].at_us < next_us)
			next_us = endings[tail % TARGET_MAX].at_us;
		if (next_us > until_us)
			break;
		now_us = next_us > now_us ? next_us : now_us;
		while (head != tail && endings[tail % TARGET_MAX].at_us <= now_us) {
			(void)health_table_end(table, endings[tail % TARGET_MAX].entry, HEALTH_OK,
			                       NULL, now_us);
			tail++;
		}
		while ((entry = health_table_overdue(table, now_us)))
			(void)health_table_end(table, entry, HEALTH_TIMEOUT, "late", now_us);
		while ((entry = health_table_begin(table, now_us))) {
			if (health_entry_target(entry)->address.bytes[3] % 3 == 0)
				continue;
			endings[head++ % TARGET_MAX] = (struct ending){entry, now_us + takes_us};
		}
	}
	while (head != tail)
		(void)health_table_end(table, endings[tail++ % TARGET_MAX].entry, HEALTH_OK, NULL,
		                       now_us);
}

/* Least and most checks of any entry. */
static void range_of_checks(uint64_t *ret_least, uint64_t *ret_most)
{
	*ret_least = UINT64_MAX;
	*ret_most = 0;
	for (const struct health_entry *entry = health_table_each(table, NULL); entry;
	     entry = health_table_each(table, entry)) {
		uint64_t count = health_entry_machine(entry)->check_count;

		*ret_least = count < *ret_least ? count : *ret_least;
		*ret_most = count > *ret_most ? count : *ret_most;
	}
}

START_TEST(ten_thousand_are_spread_and_bounded)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	struct health_totals totals;
	uint64_t least, most;

	open_table(2048, 8);
	for (size_t i = 0; i < TARGET_MAX; i++)
		targets[i] = target(i, &check);
	want(TARGET_MAX);
	simulate(BEGIN_US + 100 * US_PER_S, 500);
	health_table_totals(table, now_us, &totals);
	/* A third of them is under way for a second of two: 1,667 at once, and some more as the
	 * jitter falls. */
	ck_assert_uint_le(totals.running_max[HEALTH_LIGHT], 2048);
	ck_assert_uint_ge(totals.running_max[HEALTH_LIGHT], 1667);
	ck_assert_uint_eq((uint64_t)totals.late_max_us + totals.waiting[HEALTH_LIGHT], 0);
	range_of_checks(&least, &most);
	ck_assert_uint_ge(least, 49);
	ck_assert_uint_le(most, 56);
	ck_assert_uint_eq(totals.states[HEALTH_DOWN] + totals.states[HEALTH_UP], TARGET_MAX);
	health_table_free(table);
}
END_TEST

START_TEST(with_too_little_room_all_are_late_alike)
{
	struct model_health_check check = make_check(MODEL_HEALTH_TCP);
	struct health_totals totals;
	uint64_t least, most;

	open_table(100, 8);
	for (size_t i = 0; i < TARGET_MAX; i++)
		targets[i] = target(i, &check);
	want(TARGET_MAX);
	simulate(BEGIN_US + 400 * US_PER_S, 500);
	health_table_totals(table, now_us, &totals);
	ck_assert_uint_eq(totals.running_max[HEALTH_LIGHT], 100);
	ck_assert_int_gt(totals.late_max_us, 10 * US_PER_S);
	ck_assert_uint_gt(totals.late_count, TARGET_MAX * 8);
	ck_assert_uint_gt(totals.waiting[HEALTH_LIGHT], TARGET_MAX * 9 / 10 - 1000);
	/* 100 at once, a third of them for a second: 300 a second, a round each 33 s or so. */
	range_of_checks(&least, &most);
	ck_assert_uint_ge(least, 9);
	ck_assert_uint_le(most - least, 2);
	health_table_free(table);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/table", &tests);

	tcase_add_test(tests, what_is_the_same_is_checked_once);
	tcase_add_test(tests, any_difference_in_what_is_tried_makes_another_target);
	tcase_add_test(tests, ports_are_the_checks_own_or_the_servers);
	tcase_add_test(tests, what_stays_keeps_its_state);
	tcase_add_test(tests, another_timing_is_no_reason_to_forget);
	tcase_add_test(tests, one_that_goes_while_it_is_checked_is_told_of);
	tcase_add_test(tests, one_alone_is_checked_at_once_and_then_each_interval);
	tcase_add_test(tests, how_long_checks_take_is_counted);
	tcase_add_test(tests, time_is_up_after_the_timeout);
	tcase_add_test(tests, classes_have_rooms_of_their_own);
	tcase_add_test(tests, ten_thousand_are_spread_and_bounded);
	tcase_add_test(tests, with_too_little_room_all_are_late_alike);
	return unit_run(suite);
}
