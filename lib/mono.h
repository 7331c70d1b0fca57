/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/mono.h - the only reader of clocks.
 *
 * I/O. Time everywhere else is an argument 'now_us': microseconds of CLOCK_MONOTONIC. */

#ifndef LINTEL_LIB_MONO_H
#define LINTEL_LIB_MONO_H

#include <stdint.h>

#define TIME_NEVER INT64_MAX
#define US_PER_MS  INT64_C(1000)
#define US_PER_S   INT64_C(1000000)

/* For those who show it. */
static inline double mono_seconds(int64_t us)
{
	return (double)us / (double)US_PER_S;
}

int64_t mono_now_us(void);
/* Time spent suspended: CLOCK_BOOTTIME less CLOCK_MONOTONIC. Grows when the machine slept. */
int64_t mono_suspended_us(void);
/* Both in one: now, and '*ret_suspended_us'. */
int64_t mono_now_and_suspended_us(int64_t *ret_suspended_us);
/* Processor time that the calling thread has used. */
int64_t mono_thread_cpu_us(void);
/* Microseconds since 1970: for people, and for what other machines compare with their clocks. It
 * may be set. */
int64_t mono_wall_us(void);

#endif
