/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/timers.h"

int64_t vrrp_timers_skew_us(uint8_t priority, int64_t interval_us)
{
	int64_t skew_us = (256 - priority) * interval_us / 256;

	return skew_us > 0 ? skew_us : 1;
}

bool vrrp_timers_slept(int64_t *seen_us, int64_t suspended_us)
{
	bool slept = suspended_us - *seen_us > VRRP_TIMERS_SUSPENDED_US;

	/* To go by a reading that was too small would take the next good one for a sleep. */
	if (suspended_us > *seen_us)
		*seen_us = suspended_us;
	return slept;
}

int64_t vrrp_timers_active_down_us(uint8_t priority, int64_t interval_us)
{
	return 3 * interval_us + vrrp_timers_skew_us(priority, interval_us);
}
