/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/timers.h"

int64_t vrrp_timers_skew_us(uint8_t priority, int64_t interval_us)
{
	int64_t skew_us = (256 - priority) * interval_us / 256;

	return skew_us > 0 ? skew_us : 1;
}

int64_t vrrp_timers_active_down_us(uint8_t priority, int64_t interval_us)
{
	return 3 * interval_us + vrrp_timers_skew_us(priority, interval_us);
}
