/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/queue.h"

#include "lib/mono.h"
#include "lib/text.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define MAX     4
#define KEEP_US (60 * US_PER_S)

static struct news_queue queue;

static void set_up(void)
{
	queue = (struct news_queue){.max = MAX, .keep_us = KEEP_US};
}

static void tear_down(void)
{
	news_queue_done(&queue);
}

static void add(const char *lines, int64_t now_us)
{
	for (const char *c = lines; *c; c++) {
		const char line[2] = {*c, '\0'};

		news_queue_add(&queue, line, now_us);
	}
}

/* All that lies in it, a letter each. */
static const char *content(void)
{
	static char letters[64];
	size_t count = 0;

	for (const struct news_line *line = queue.first; line; line = line->next) {
		ck_assert_uint_eq(strlen(line->text), line->length);
		letters[count++] = line->text[0];
	}
	ck_assert_uint_eq(count, queue.count);
	letters[count] = '\0';
	return letters;
}

START_TEST(lines_keep_their_order_and_are_counted_when_they_arrive)
{
	add("abc", 0);
	for (const char *c = "abc"; *c; c++) {
		const struct news_line *line = news_queue_take(&queue);

		ck_assert_int_eq(line->text[0], *c);
		news_queue_delivered(&queue);
	}
	ck_assert_ptr_null(news_queue_take(&queue));
	ck_assert(!queue.taken);
	ck_assert_uint_eq(queue.delivered, 3);
	ck_assert_uint_eq(queue.dropped, 0);
	ck_assert(!news_queue_wants_current(&queue));
}
END_TEST

START_TEST(of_too_many_the_oldest_go_and_what_is_so_is_due_after_the_rest)
{
	add("abcdef", 0);
	ck_assert_str_eq(content(), "cdef");
	ck_assert_uint_eq(queue.dropped, 2);
	ck_assert(queue.current_due);
	ck_assert(!news_queue_wants_current(&queue));
	for (int i = 0; i < MAX; i++) {
		ck_assert_ptr_nonnull(news_queue_take(&queue));
		news_queue_delivered(&queue);
	}
	ck_assert(news_queue_wants_current(&queue));
	news_queue_add_current(&queue, "X1\nY2\n", 5);
	ck_assert_str_eq(content(), "XY");
	ck_assert(!news_queue_wants_current(&queue));
	ck_assert_uint_eq(queue.events, 0);
}
END_TEST

START_TEST(the_line_being_given_away_stays_whatever_comes)
{
	const struct news_line *line;

	add("a", 0);
	line = news_queue_take(&queue);
	add("bcdefg", 0);
	ck_assert_str_eq(content(), "aefg");
	ck_assert_ptr_eq(queue.first, line);
	news_queue_expire(&queue, 2 * KEEP_US);
	ck_assert_str_eq(content(), "a");
	ck_assert_int_eq(news_queue_expires_us(&queue), TIME_NEVER);
	news_queue_again(&queue);
	ck_assert_int_eq(news_queue_expires_us(&queue), KEEP_US);
	news_queue_expire(&queue, 2 * KEEP_US);
	ck_assert_str_eq(content(), "");
	ck_assert_uint_eq(queue.dropped, 7);
}
END_TEST

START_TEST(what_is_too_old_goes)
{
	add("a", 0);
	add("b", 10);
	ck_assert_int_eq(news_queue_expires_us(&queue), KEEP_US);
	news_queue_expire(&queue, KEEP_US - 1);
	ck_assert_str_eq(content(), "ab");
	news_queue_expire(&queue, KEEP_US);
	ck_assert_str_eq(content(), "b");
	ck_assert(queue.current_due);
	news_queue_expire(&queue, KEEP_US + 10);
	ck_assert_str_eq(content(), "");
	ck_assert_int_eq(news_queue_expires_us(&queue), TIME_NEVER);
	ck_assert(news_queue_wants_current(&queue));
}
END_TEST

START_TEST(current_lines_neither_count_as_events_nor_grow_old)
{
	queue.current_due = true;
	news_queue_add_current(&queue, "V\nW\nX\nY\nZ\n\n", 0);
	add("abcd", 1);
	ck_assert_str_eq(content(), "VWXYZabcd");
	ck_assert_uint_eq(queue.events, 4);
	news_queue_expire(&queue, KEEP_US);
	ck_assert_str_eq(content(), "VWXYZabcd");
	ck_assert_int_eq(news_queue_expires_us(&queue), KEEP_US + 1);
}
END_TEST

START_TEST(current_lines_that_wait_are_of_no_use_once_something_is_missed)
{
	queue.current_due = true;
	news_queue_add_current(&queue, "X\nY\nZ\n", 0);
	ck_assert_ptr_nonnull(news_queue_take(&queue));
	add("abcde", 1);
	ck_assert_str_eq(content(), "Xbcde");
	ck_assert(queue.current_due);
}
END_TEST

START_TEST(a_reader_that_leaves_takes_current_lines_along_and_no_event)
{
	queue.current_due = true;
	news_queue_add_current(&queue, "X\nY\n", 0);
	add("ab", 1);
	ck_assert_ptr_nonnull(news_queue_take(&queue));
	news_queue_again(&queue);
	news_queue_reader_left(&queue);
	ck_assert_str_eq(content(), "ab");
	ck_assert(queue.current_due);
	ck_assert_uint_eq(queue.dropped, 0);
	ck_assert_uint_eq(queue.events, 2);
	add("c", 1);
	ck_assert_str_eq(content(), "abc");
}
END_TEST

START_TEST(a_refusal_costs_the_line_and_is_no_reason_to_tell_all_again)
{
	add("ab", 0);
	ck_assert_ptr_nonnull(news_queue_take(&queue));
	news_queue_refused(&queue);
	ck_assert_str_eq(content(), "b");
	ck_assert_uint_eq(queue.dropped, 1);
	ck_assert(!queue.current_due);
}
END_TEST

START_TEST(whatever_is_done_counts_agree_and_limits_hold)
{
	uint64_t random = 4711;
	int64_t now_us = 0;

	for (int step = 0; step < 100000; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		now_us += (int64_t)(random >> 60) * US_PER_S;
		switch ((random >> 33) % 7) {
		case 0:
		case 1:
			add("a", now_us);
			break;
		case 2:
			news_queue_expire(&queue, now_us);
			break;
		case 3:
			if (!queue.taken)
				(void)news_queue_take(&queue);
			break;
		case 4:
			if (queue.taken)
				news_queue_delivered(&queue);
			break;
		case 5:
			if (queue.taken)
				news_queue_again(&queue);
			break;
		default:
			if (news_queue_wants_current(&queue))
				news_queue_add_current(&queue, "X\nY\n", now_us);
			else if (!queue.taken)
				news_queue_reader_left(&queue);
		}
		(void)content();
		ck_assert_uint_le(queue.events, MAX + 1);
		ck_assert_uint_le(queue.count - queue.events, 3);
		ck_assert(!queue.taken || queue.first);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("news_queue", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, lines_keep_their_order_and_are_counted_when_they_arrive);
	tcase_add_test(tests, of_too_many_the_oldest_go_and_what_is_so_is_due_after_the_rest);
	tcase_add_test(tests, the_line_being_given_away_stays_whatever_comes);
	tcase_add_test(tests, what_is_too_old_goes);
	tcase_add_test(tests, current_lines_neither_count_as_events_nor_grow_old);
	tcase_add_test(tests, current_lines_that_wait_are_of_no_use_once_something_is_missed);
	tcase_add_test(tests, a_reader_that_leaves_takes_current_lines_along_and_no_event);
	tcase_add_test(tests, a_refusal_costs_the_line_and_is_no_reason_to_tell_all_again);
	tcase_add_test(tests, whatever_is_done_counts_agree_and_limits_hold);
	return unit_run(suite);
}
