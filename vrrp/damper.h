/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/damper.h - an input of a priority that comes and goes: worse counts at once, better when it
 * has lasted.
 *
 * Pure. A value is what the input adds to the priority; greater is better. What became better has
 * to stay so for a time before it counts: for 'hold_us' after it became worse once, twice as long
 * for each further time, never longer than 'max_us'. Becoming worse while it is waited counts, too,
 * and the wait begins anew. For each 'max_us' in which it did not become worse, one time that it
 * did is forgotten. Usage: vrrp_damper_feed() at each change, vrrp_damper_expire() at
 * vrrp_damper_deadline(). Time: now_us, microseconds on the monotonic clock. */

#ifndef LINTEL_VRRP_DAMPER_H
#define LINTEL_VRRP_DAMPER_H

#include <stdbool.h>
#include <stdint.h>

/* The value of an input that keeps the router out of the election: worse than any weight. */
#define VRRP_DAMPER_OUT INT32_MIN

struct vrrp_damper_params {
	int64_t hold_us; /* 0: nothing is damped */
	int64_t max_us;
};

/* Zero-initialised; read only outside vrrp/damper.c. */
struct vrrp_damper {
	bool known;       /* was fed */
	int32_t raw;      /* as fed last */
	int32_t value;    /* what counts; not above 'raw' */
	int32_t least;    /* while waiting: the worst that was fed meanwhile */
	int64_t due_us;   /* when 'least' counts; 0: it is not waited */
	unsigned changes; /* times that it became worse, and was not forgotten */
	int64_t worse_us; /* when 'changes' was reckoned last */
};

/* The first value counts at once, and so does each when 'params' says that nothing is damped. True
 * when 'value' changed. */
bool vrrp_damper_feed(struct vrrp_damper *damper, const struct vrrp_damper_params *params,
                      int32_t raw, int64_t now_us);
/* What was waited for may be over. True when 'value' changed. */
bool vrrp_damper_expire(struct vrrp_damper *damper, const struct vrrp_damper_params *params,
                        int64_t now_us);
/* TIME_NEVER: nothing is waited for. */
int64_t vrrp_damper_deadline(const struct vrrp_damper *damper);
/* What is to be waited for yet; 0: nothing. */
int64_t vrrp_damper_held_us(const struct vrrp_damper *damper, int64_t now_us);
/* How long it would be waited now. */
int64_t vrrp_damper_hold_us(const struct vrrp_damper *damper,
                            const struct vrrp_damper_params *params);

#endif
