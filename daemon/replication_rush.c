/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_rush.h"

bool replication_rush_weigh(struct replication_rush *rush, int64_t now_us)
{
	int64_t past_us = now_us - rush->since_us;
	uint64_t usual = REPLICATION_RUSH_RECORDS;
	bool on;

	if (rush->on && past_us < REPLICATION_RUSH_OVER_US)
		return false;
	if (past_us > REPLICATION_RUSH_US)
		usual = usual * (uint64_t)past_us / REPLICATION_RUSH_US;
	on = rush->count > (rush->on ? usual / 2 : usual);
	if (!on && past_us < REPLICATION_RUSH_US)
		return false; /* the time is not over yet */
	rush->since_us = now_us;
	rush->count = 0;
	if (on == rush->on)
		return false;
	rush->on = on;
	rush->times += on;
	return true;
}
