/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/durations.h"

const int64_t durations_bounds_us[DURATIONS_BUCKETS] = {
	500,    1000,   2500,    5000,    10000,   25000,    50000,     100000,
	250000, 500000, 1000000, 2500000, 5000000, 10000000, INT64_MAX,
};

void durations_note(struct durations *durations, int64_t took_us)
{
	int bucket = 0;

	if (took_us < 0)
		took_us = 0;
	while (took_us > durations_bounds_us[bucket])
		bucket++;
	durations->counts[bucket]++;
	durations->sum_us += took_us;
}

int64_t durations_resync_us(int64_t wanted_us, int64_t cpu_us)
{
	int64_t paced_us = cpu_us < DURATIONS_RESYNC_MAX_US / DURATIONS_RESYNC_SHARE
	                           ? cpu_us * DURATIONS_RESYNC_SHARE
	                           : DURATIONS_RESYNC_MAX_US;

	return wanted_us > paced_us ? wanted_us : paced_us;
}
