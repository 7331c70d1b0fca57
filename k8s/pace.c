/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/pace.h"

#include "lib/mono.h"

void k8s_pace_init(struct k8s_pace *pace, unsigned rate, unsigned burst)
{
	pace->every_us = US_PER_S / rate;
	pace->ahead_us = pace->every_us * (burst - 1);
	pace->next_us = INT64_MIN / 2;
}

int64_t k8s_pace_ready(const struct k8s_pace *pace, int64_t now_us)
{
	int64_t ready_us = pace->next_us - pace->ahead_us;

	return ready_us > now_us ? ready_us : now_us;
}

bool k8s_pace_take(struct k8s_pace *pace, int64_t now_us)
{
	if (k8s_pace_ready(pace, now_us) > now_us)
		return false;
	pace->next_us = (pace->next_us > now_us ? pace->next_us : now_us) + pace->every_us;
	return true;
}
