/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mono.h"

#include <assert.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
	struct timespec ts;
	int failed = clock_gettime(clock, &ts);

	assert(!failed); /* these clocks exist on every Linux */
	(void)failed;
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t mono_now_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t mono_now_and_suspended_us(int64_t *ret_suspended_us)
{
	/* In this order the time between the two readings can only make the result smaller, never
	 * negative by more than itself: it must not look like a sleep. */
	int64_t boot_us = read_us(CLOCK_BOOTTIME);
	int64_t now_us = read_us(CLOCK_MONOTONIC);

	*ret_suspended_us = boot_us > now_us ? boot_us - now_us : 0;
	return now_us;
}

int64_t mono_suspended_us(void)
{
	int64_t suspended_us;

	(void)mono_now_and_suspended_us(&suspended_us);
	return suspended_us;
}

int64_t mono_thread_cpu_us(void)
{
	return read_us(CLOCK_THREAD_CPUTIME_ID);
}

int64_t mono_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}
