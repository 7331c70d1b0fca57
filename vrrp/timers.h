/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/timers.h - the durations of RFC 9568 6.1, in microseconds.
 *
 * Pure. Nothing is rounded to centiseconds: Skew_Time is what keeps neighbours in priority apart,
 * and at short intervals a centisecond is more than all of it. */

#ifndef LINTEL_VRRP_TIMERS_H
#define LINTEL_VRRP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* Skew_Time = (256 - priority) * interval / 256. At least 1 us. */
int64_t vrrp_timers_skew_us(uint8_t priority, int64_t interval_us);
/* Active_Down_Interval = 3 * interval + Skew_Time; 'interval_us' is Active_Adver_Interval. */
int64_t vrrp_timers_active_down_us(uint8_t priority, int64_t interval_us);

/* Asleep for longer than this: others have taken over, or soon will. */
#define VRRP_TIMERS_SUSPENDED_US INT64_C(100000)
/* Has the machine slept since the last call? 'suspended_us' is mono_suspended_us() now: the time
 * asleep since boot, which never shrinks, but may have been read too small by as long as the reader
 * was held up. '*seen_us' is the most that was seen. */
bool vrrp_timers_slept(int64_t *seen_us, int64_t suspended_us);

#endif
