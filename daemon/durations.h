/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/durations.h - how long something took, counted in buckets.
 *
 * Pure. Microseconds. Zero-initialise. */

#ifndef LINTEL_DAEMON_DURATIONS_H
#define LINTEL_DAEMON_DURATIONS_H

#include <stdint.h>

#define DURATIONS_BUCKETS 15
extern const int64_t durations_bounds_us[DURATIONS_BUCKETS]; /* the last one is INT64_MAX */

struct durations {
	uint64_t counts[DURATIONS_BUCKETS]; /* not cumulative */
	int64_t sum_us;
};

/* Comparing all with the kernel is to take no more than a hundredth of a core's time ... */
#define DURATIONS_RESYNC_SHARE  100
/* ... but what others changed is found within this time. */
#define DURATIONS_RESYNC_MAX_US INT64_C(300000000)
/* How long to wait before comparing all again, when 'wanted_us' is asked for and the last time took
 * 'cpu_us' of the processor. Never less than what is asked for. */
int64_t durations_resync_us(int64_t wanted_us, int64_t cpu_us);

/* It took so long; less than nothing counts as nothing. */
void durations_note(struct durations *durations, int64_t took_us);

#endif
