/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/loop.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

static struct loop *loop;
/* What happened, one letter each. */
static char events[100];

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

static void note_deadline_and_stop(struct loop_deadline *deadline)
{
	note('d');
	loop_stop(loop);
}

static void note_signal_and_stop(struct loop_signal *sig)
{
	note('s');
	loop_stop(loop);
}

START_TEST(a_signal_is_an_event)
{
	struct loop_signal sig = {.signum = SIGHUP, .raised = note_signal_and_stop};

	loop_signal_start(loop, &sig);
	raise(SIGHUP);
	ck_assert_str_eq(events, ""); /* not yet: only from within the loop */
	loop_run(loop);
	ck_assert_str_eq(events, "s");
	loop_signal_stop(loop, &sig);
	loop_signal_stop(loop, &sig);
	ck_assert_ptr_null(sig.watcher);
}
END_TEST

static void note_wake(struct loop_wake *wake)
{
	note('k');
}

START_TEST(several_wakes_count_as_one)
{
	struct loop_wake wake = {.woken = note_wake};
	struct loop_deadline end = {.expired = note_deadline_and_stop};

	ck_assert_int_eq(loop_deadline_init(loop, &end), 0);
	loop_deadline_arm(&end, mono_now_us() + 2 * US_PER_MS);
	loop_wake_start(loop, &wake);
	for (int i = 0; i < 5; i++)
		loop_wake_send(&wake);
	loop_run(loop);
	ck_assert_str_eq(events, "kd");
	loop_wake_stop(&wake);
	loop_wake_stop(&wake);
	loop_deadline_done(&end);
}
END_TEST

static void note_wake_and_stop(struct loop_wake *wake)
{
	note('k');
	loop_stop(loop);
}

static void *wake_it(void *arg)
{
	loop_wake_send(arg);
	return NULL;
}

START_TEST(another_thread_wakes_a_loop_that_waits)
{
	struct loop_wake wake = {.woken = note_wake_and_stop};
	pthread_t thread;

	loop_wake_start(loop, &wake);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake_it, &wake), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
	ck_assert_str_eq(events, "k");
	loop_wake_stop(&wake);
}
END_TEST

static struct loop *other_loop;

static void stop_other_loop(struct loop_deadline *deadline)
{
	loop_stop(other_loop);
}

static void *run_other_loop(void *arg)
{
	struct loop_deadline end = {.expired = stop_other_loop};
	int err = loop_deadline_init(other_loop, &end);

	if (err == 0) {
		loop_deadline_arm(&end, 1);
		loop_run(other_loop);
		loop_deadline_done(&end);
		loop_wake_send(arg);
	}
	return NULL;
}

START_TEST(each_thread_has_a_loop_of_its_own)
{
	struct loop_wake wake = {.woken = note_wake_and_stop};
	pthread_t thread;

	ck_assert_int_eq(loop_new(&other_loop), 0);
	loop_wake_start(loop, &wake);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_other_loop, &wake), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
	ck_assert_str_eq(events, "k");
	loop_wake_stop(&wake);
	loop_free(other_loop);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("loop_wake", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_signal_is_an_event);
	tcase_add_test(tests, several_wakes_count_as_one);
	tcase_add_test(tests, another_thread_wakes_a_loop_that_waits);
	tcase_add_test(tests, each_thread_has_a_loop_of_its_own);
	return unit_run(suite);
}
