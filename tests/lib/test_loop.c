/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/loop.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct loop *loop;
/* What happened, one letter each. */
static char events[1000];

static void set_up(void)
{
	ck_assert_int_eq(loop_new(&loop), 0);
	events[0] = '\0';
}

static void tear_down(void)
{
	loop_free(loop);
}

static void note(char event)
{
	size_t len = strlen(events);

	ck_assert_uint_lt(len + 1, sizeof(events));
	events[len] = event;
	events[len + 1] = '\0';
}

static int eventfd_new(unsigned value)
{
	int fd = eventfd(value, EFD_NONBLOCK | EFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void drain(int fd)
{
	uint64_t value;

	ck_assert_int_eq(read(fd, &value, sizeof(value)), sizeof(value));
}

/* --- descriptors --- */

static void note_read_and_stop(struct loop_fd *fd, bool readable, bool writable)
{
	note(readable ? 'r' : '-');
	note(writable ? 'w' : '-');
	loop_stop(loop);
}

/* Which way is wanted of an eventfd that holds 'value': it is readable above 0, writable below its
 * maximum. */
static const struct {
	unsigned value;
	bool read, write;
	const char *events;
} fd_rows[] = {
	{1, true, false, "r-"}, {0, false, true, "-w"}, {1, true, true, "rw"},
	{0, true, true, "-w"},  {1, false, true, "-w"},
};

START_TEST(a_descriptor_tells_what_it_is_ready_for)
{
	struct loop_fd fd = {.fd = eventfd_new(fd_rows[_i].value), .ready = note_read_and_stop};

	loop_fd_start(loop, &fd, fd_rows[_i].read, fd_rows[_i].write);
	loop_run(loop);
	ck_assert_str_eq(events, fd_rows[_i].events);
	loop_fd_stop(&fd);
	ck_assert_ptr_null(fd.watcher);
	loop_fd_stop(&fd);
	close(fd.fd);
}
END_TEST

static void want_writing_instead(struct loop_fd *fd, bool readable, bool writable)
{
	note(readable ? 'r' : 'w');
	loop_fd_want(fd, false, true);
	if (writable)
		loop_stop(loop);
}

START_TEST(a_descriptor_can_change_what_it_waits_for)
{
	struct loop_fd fd = {.fd = eventfd_new(1), .ready = want_writing_instead};

	loop_fd_start(loop, &fd, true, false);
	loop_run(loop);
	ck_assert_str_eq(events, "rw");
	loop_fd_stop(&fd);
	close(fd.fd);
}
END_TEST

static void note_fd(struct loop_fd *fd, bool readable, bool writable)
{
	note('f');
	drain(fd->fd);
}

static void note_deadline_and_stop(struct loop_deadline *deadline)
{
	note('d');
	loop_stop(loop);
}

START_TEST(a_descriptor_that_waits_for_nothing_is_silent)
{
	struct loop_fd fd = {.fd = eventfd_new(1), .ready = note_fd};
	struct loop_deadline end = {.expired = note_deadline_and_stop};

	loop_fd_start(loop, &fd, true, false);
	loop_fd_want(&fd, false, false);
	ck_assert_int_eq(loop_deadline_init(loop, &end), 0);
	loop_deadline_arm(&end, mono_now_us() + 2 * US_PER_MS);
	loop_run(loop);
	ck_assert_str_eq(events, "d");

	loop_fd_want(&fd, true, false);
	loop_deadline_arm(&end, 0);
	loop_run(loop);
	ck_assert_str_eq(events, "dfd");
	loop_deadline_done(&end);
	loop_fd_stop(&fd);
	close(fd.fd);
}
END_TEST

static struct loop_fd pair[2];

static void stop_both(struct loop_fd *fd, bool readable, bool writable)
{
	note('f');
	loop_fd_stop(&pair[0]);
	loop_fd_stop(&pair[1]);
	loop_stop(loop);
}

START_TEST(what_is_stopped_is_not_called_even_if_it_was_ready)
{
	for (int i = 0; i < 2; i++) {
		pair[i] = (struct loop_fd){.fd = eventfd_new(1), .ready = stop_both};
		loop_fd_start(loop, &pair[i], true, false);
	}
	loop_run(loop);
	ck_assert_str_eq(events, "f");
	close(pair[0].fd);
	close(pair[1].fd);
}
END_TEST

START_TEST(an_end_of_file_is_readable)
{
	struct loop_fd fd = {.ready = note_read_and_stop};
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	close(ends[1]);
	fd.fd = ends[0];
	loop_fd_start(loop, &fd, true, false);
	loop_run(loop);
	ck_assert_str_eq(events, "r-");
	loop_fd_stop(&fd);
	close(ends[0]);
}
END_TEST

/* --- deadlines --- */

/* Instants before now, from the very first on. */
static const int64_t past[] = {INT64_MIN, -1, 0, 1, 1000000};

START_TEST(a_deadline_that_is_past_expires_at_once)
{
	struct loop_deadline d = {.expired = note_deadline_and_stop};

	ck_assert_int_eq(loop_deadline_init(loop, &d), 0);
	ck_assert_int_eq(d.at_us, TIME_NEVER);
	loop_deadline_arm(&d, past[_i]);
	ck_assert_int_eq(d.at_us, past[_i]);
	loop_run(loop);
	ck_assert_str_eq(events, "d");
	ck_assert_int_eq(d.at_us, TIME_NEVER);
	loop_deadline_done(&d);
	loop_deadline_done(&d);
}
END_TEST

START_TEST(a_deadline_is_never_early)
{
	struct loop_deadline d = {.expired = note_deadline_and_stop};

	ck_assert_int_eq(loop_deadline_init(loop, &d), 0);
	for (int64_t wait_us = 1; wait_us < 3000; wait_us += 487) {
		int64_t at_us = mono_now_us() + wait_us;

		loop_deadline_arm(&d, at_us);
		loop_run(loop);
		ck_assert_int_ge(mono_now_us(), at_us);
	}
	ck_assert_str_eq(events, "ddddddd");
	loop_deadline_done(&d);
}
END_TEST

static void note_later_deadline(struct loop_deadline *deadline)
{
	note('L');
	loop_stop(loop);
}

START_TEST(what_is_disarmed_or_put_off_does_not_expire)
{
	struct loop_deadline disarmed = {.expired = note_deadline_and_stop};
	struct loop_deadline put_off = {.expired = note_deadline_and_stop};
	struct loop_deadline end = {.expired = note_later_deadline};

	ck_assert_int_eq(loop_deadline_init(loop, &disarmed), 0);
	ck_assert_int_eq(loop_deadline_init(loop, &put_off), 0);
	ck_assert_int_eq(loop_deadline_init(loop, &end), 0);
	loop_deadline_arm(&disarmed, 1);
	loop_deadline_arm(&disarmed, TIME_NEVER);
	loop_deadline_arm(&put_off, 1);
	loop_deadline_arm(&put_off, TIME_NEVER - 1);
	loop_deadline_arm(&end, mono_now_us() + 2 * US_PER_MS);
	loop_run(loop);
	ck_assert_str_eq(events, "L");
	loop_deadline_done(&disarmed);
	loop_deadline_done(&put_off);
	loop_deadline_done(&end);
}
END_TEST

static void arm_again(struct loop_deadline *deadline)
{
	note('d');
	if (strlen(events) < 3)
		loop_deadline_arm(deadline, 1);
	else
		loop_stop(loop);
}

START_TEST(a_deadline_fires_once_for_each_arming)
{
	struct loop_deadline d = {.expired = arm_again};

	ck_assert_int_eq(loop_deadline_init(loop, &d), 0);
	loop_deadline_arm(&d, 1);
	loop_run(loop);
	ck_assert_str_eq(events, "ddd");
	loop_deadline_done(&d);
}
END_TEST

/* --- order --- */

static struct loop_deadline dead_timer;

static void note_fd_and_put_off(struct loop_fd *fd, bool readable, bool writable)
{
	note_fd(fd, readable, writable);
	loop_deadline_arm(&dead_timer, TIME_NEVER - 1);
}

START_TEST(what_was_received_can_put_off_a_deadline_already_past)
{
	struct loop_fd fd = {.fd = eventfd_new(1), .ready = note_fd_and_put_off};
	struct loop_deadline end = {.expired = note_later_deadline};

	dead_timer = (struct loop_deadline){.expired = note_deadline_and_stop};
	ck_assert_int_eq(loop_deadline_init(loop, &dead_timer), 0);
	ck_assert_int_eq(loop_deadline_init(loop, &end), 0);
	loop_deadline_arm(&dead_timer, 1);
	loop_deadline_arm(&end, 1);
	loop_fd_start(loop, &fd, true, false);
	loop_run(loop);
	ck_assert_str_eq(events, "fL");
	loop_fd_stop(&fd);
	loop_deadline_done(&dead_timer);
	loop_deadline_done(&end);
	close(fd.fd);
}
END_TEST

/* So many descriptors, and deadlines that stop nothing before them. One wait of libev's first size
 * gives 64 events. */
static const struct {
	int descriptors, deadlines;
} crowds[] = {{1, 1}, {40, 1}, {63, 1}, {64, 1}, {65, 1}, {200, 1}, {40, 30}, {100, 40}, {300, 70}};

static int deadlines_left;

static void note_deadline_of_crowd(struct loop_deadline *deadline)
{
	note('d');
	if (--deadlines_left == 0)
		loop_stop(loop);
}

START_TEST(all_that_was_received_is_handled_before_any_deadline)
{
	static struct loop_fd fds[300];
	static struct loop_deadline deadlines[70];
	int fd_count = crowds[_i].descriptors, deadline_count = crowds[_i].deadlines;

	/* The deadlines are past before the descriptors become ready: epoll reports them first. */
	deadlines_left = deadline_count;
	for (int i = 0; i < deadline_count; i++) {
		deadlines[i] = (struct loop_deadline){.expired = note_deadline_of_crowd};
		ck_assert_int_eq(loop_deadline_init(loop, &deadlines[i]), 0);
		loop_deadline_arm(&deadlines[i], 1);
	}
	for (int i = 0; i < fd_count; i++) {
		fds[i] = (struct loop_fd){.fd = eventfd_new(1), .ready = note_fd};
		loop_fd_start(loop, &fds[i], true, false);
	}
	loop_run(loop);
	ck_assert_uint_eq(strspn(events, "f"), fd_count);
	ck_assert_uint_eq(strlen(events), fd_count + deadline_count);
	for (int i = 0; i < fd_count; i++) {
		loop_fd_stop(&fds[i]);
		close(fds[i].fd);
	}
	for (int i = 0; i < deadline_count; i++)
		loop_deadline_done(&deadlines[i]);
}
END_TEST

static int busy_fds;

static void stay_ready(struct loop_fd *fd, bool readable, bool writable)
{
	busy_fds++;
}

START_TEST(descriptors_that_are_always_ready_do_not_starve_deadlines)
{
	struct loop_fd fds[100];
	struct loop_deadline end = {.expired = note_deadline_and_stop};

	busy_fds = 0;
	ck_assert_int_eq(loop_deadline_init(loop, &end), 0);
	loop_deadline_arm(&end, 1);
	for (int i = 0; i < 100; i++) {
		fds[i] = (struct loop_fd){.fd = eventfd_new(1), .ready = stay_ready};
		loop_fd_start(loop, &fds[i], true, false);
	}
	loop_run(loop);
	ck_assert_str_eq(events, "d");
	ck_assert_int_lt(busy_fds, 1000);
	for (int i = 0; i < 100; i++) {
		loop_fd_stop(&fds[i]);
		close(fds[i].fd);
	}
	loop_deadline_done(&end);
}
END_TEST

/* --- the end of a turn --- */

static struct loop_end end_of_turn;

static void note_fd_and_ask(struct loop_fd *fd, bool readable, bool writable)
{
	note_fd(fd, readable, writable);
	loop_end_ask(&end_of_turn);
	loop_end_ask(&end_of_turn);
}

static void note_deadline_and_ask(struct loop_deadline *deadline)
{
	note('d');
	loop_end_ask(&end_of_turn);
}

static void note_deadline(struct loop_deadline *deadline)
{
	note('d');
}

/* Asks for one more; then comes what had to wait for that. */
static void note_end(struct loop_end *end)
{
	static struct loop_deadline past_by_then;

	note('e');
	if (strcmp(events, "fde") == 0) {
		past_by_then = (struct loop_deadline){.expired = note_deadline};
		ck_assert_int_eq(loop_deadline_init(loop, &past_by_then), 0);
		loop_deadline_arm(&past_by_then, 1);
		loop_end_ask(end);
		return;
	}
	loop_deadline_done(&past_by_then);
	loop_stop(loop);
}

START_TEST(what_is_asked_for_at_the_end_of_a_turn_comes_once_after_all_of_it)
{
	struct loop_fd fd = {.fd = eventfd_new(1), .ready = note_fd_and_ask};
	struct loop_deadline d = {.expired = note_deadline_and_ask};

	end_of_turn = (struct loop_end){.ended = note_end};
	loop_end_start(loop, &end_of_turn);
	loop_fd_start(loop, &fd, true, false);
	ck_assert_int_eq(loop_deadline_init(loop, &d), 0);
	loop_deadline_arm(&d, 1);
	loop_run(loop);
	ck_assert_str_eq(events, "fdede"); /* the second one of another turn */
	loop_fd_stop(&fd);
	close(fd.fd);
	loop_deadline_done(&d);
	loop_end_stop(&end_of_turn);
	loop_end_stop(&end_of_turn);
}
END_TEST

START_TEST(what_was_asked_for_before_it_runs_is_done_and_what_is_stopped_is_not)
{
	struct loop_end stopped = {.ended = note_end};
	struct loop_deadline d = {.expired = note_later_deadline};

	end_of_turn = (struct loop_end){.ended = note_end};
	loop_end_start(loop, &end_of_turn);
	loop_end_start(loop, &stopped);
	loop_end_ask(&stopped);
	loop_end_stop(&stopped);
	loop_end_ask(&end_of_turn);
	ck_assert_int_eq(loop_deadline_init(loop, &d), 0);
	loop_deadline_arm(&d, mono_now_us() + US_PER_MS);
	loop_run(loop);
	ck_assert_str_eq(events, "e");
	loop_deadline_done(&d);
	loop_end_stop(&end_of_turn);
}
END_TEST

START_TEST(no_loop_can_be_freed)
{
	loop_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("loop", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_descriptor_tells_what_it_is_ready_for, 0,
	                    LT_ARRAY_SIZE(fd_rows));
	tcase_add_test(tests, a_descriptor_can_change_what_it_waits_for);
	tcase_add_test(tests, a_descriptor_that_waits_for_nothing_is_silent);
	tcase_add_test(tests, what_is_stopped_is_not_called_even_if_it_was_ready);
	tcase_add_test(tests, an_end_of_file_is_readable);
	tcase_add_loop_test(tests, a_deadline_that_is_past_expires_at_once, 0, LT_ARRAY_SIZE(past));
	tcase_add_test(tests, a_deadline_is_never_early);
	tcase_add_test(tests, what_is_disarmed_or_put_off_does_not_expire);
	tcase_add_test(tests, a_deadline_fires_once_for_each_arming);
	tcase_add_test(tests, what_was_received_can_put_off_a_deadline_already_past);
	tcase_add_loop_test(tests, all_that_was_received_is_handled_before_any_deadline, 0,
	                    LT_ARRAY_SIZE(crowds));
	tcase_add_test(tests, descriptors_that_are_always_ready_do_not_starve_deadlines);
	tcase_add_test(tests, what_is_asked_for_at_the_end_of_a_turn_comes_once_after_all_of_it);
	tcase_add_test(tests, what_was_asked_for_before_it_runs_is_done_and_what_is_stopped_is_not);
	tcase_add_test(tests, no_loop_can_be_freed);
	return unit_run(suite);
}
