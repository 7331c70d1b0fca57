/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/scheduling.h"

#include <sched.h>

/* Between these policies anybody may choose; where a sandbox forbids it, nothing is lost. */
static void change(int from, int to)
{
	const struct sched_param param = {0};

	if (sched_getscheduler(0) == from)
		(void)sched_setscheduler(0, to, &param);
}

void scheduling_give_way(void)
{
	change(SCHED_OTHER, SCHED_BATCH);
}

void scheduling_be_prompt(void)
{
	change(SCHED_BATCH, SCHED_OTHER);
}
