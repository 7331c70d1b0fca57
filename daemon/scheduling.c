/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/scheduling.h"

#include <sched.h>
#include <stdbool.h>

/* By us: an operator may have chosen the same. */
static bool gives_way;

/* Between these policies anybody may choose; where a sandbox forbids it, nothing is lost. */
static bool change(int from, int to)
{
	const struct sched_param param = {0};

	return sched_getscheduler(0) == from && sched_setscheduler(0, to, &param) == 0;
}

void scheduling_give_way(void)
{
	if (!gives_way)
		gives_way = change(SCHED_OTHER, SCHED_BATCH);
}

void scheduling_be_prompt(void)
{
	if (gives_way)
		(void)change(SCHED_BATCH, SCHED_OTHER);
	gives_way = false;
}
