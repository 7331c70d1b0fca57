/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/descriptors.h - what becomes of a loop when there are no descriptors left. */

#ifndef LINTEL_TESTS_DESCRIPTORS_H
#define LINTEL_TESTS_DESCRIPTORS_H

#include "lib/loop.h"
#include "lib/mono.h"

#include <check.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Lets the process have no more than it has; false: as many as before. */
static inline void descriptors_deny(bool deny)
{
	static rlim_t before;
	struct rlimit limit;
	int next = dup(0);

	if (next >= 0)
		close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (deny)
		before = limit.rlim_cur;
	limit.rlim_cur = deny ? (rlim_t)next : before;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static inline void descriptors_time_is_over(struct loop_deadline *over)
{
	loop_stop(over->fd.loop);
}

/* Runs the loop for that time while there are none left. True: all of it was work. */
static inline bool descriptors_spin_without(struct loop *loop, int64_t for_us)
{
	struct loop_deadline over = {.expired = descriptors_time_is_over};
	struct timespec worked;

	ck_assert_int_eq(loop_deadline_init(loop, &over), 0);
	descriptors_deny(true);
	ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked), 0);
	int64_t before_us = worked.tv_sec * US_PER_S + worked.tv_nsec / 1000;
	loop_deadline_arm(&over, mono_now_us() + for_us);
	loop_run(loop);
	ck_assert_int_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked), 0);
	descriptors_deny(false);
	loop_deadline_done(&over);
	/* On a busy machine it gets a part of the time, but not so little. */
	return worked.tv_sec * US_PER_S + worked.tv_nsec / 1000 - before_us > for_us / 10;
}

#endif
