/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/pace.h - so many a second, some more at once after a rest: a bucket of tokens.
 *
 * Pure. Time: now_us, microseconds on the monotonic clock. Kept as one instant (generic cell rate
 * algorithm, ITU-T I.371): nothing has to run for it to fill. */

#ifndef LINTEL_K8S_PACE_H
#define LINTEL_K8S_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct k8s_pace {
	int64_t every_us; /* one each */
	int64_t ahead_us; /* how far those at once may run ahead of that */
	int64_t next_us;  /* when the next is due at an even pace */
};

/* 'rate' a second, 'burst' at once, both at least 1. Full at first. */
void k8s_pace_init(struct k8s_pace *pace, unsigned rate, unsigned burst);
/* When one may be taken: 'now_us' or later. */
int64_t k8s_pace_ready(const struct k8s_pace *pace, int64_t now_us);
/* Takes one; false when none may be. */
bool k8s_pace_take(struct k8s_pace *pace, int64_t now_us);

#endif
