/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/pace.h - when to try again, and what a web server's answer means for a line.
 *
 * Pure. */

#ifndef LINTEL_NEWS_PACE_H
#define LINTEL_NEWS_PACE_H

#include <stdint.h>

/* Doubling from 'first_us' up to 'most_us', less up to half of it as 'random' (any number) says:
 * many nodes that lost the same server do not come back together. 'failures': in a row, from 1. */
int64_t news_pace_us(unsigned failures, int64_t first_us, int64_t most_us, uint64_t random);

enum news_answer {
	NEWS_ANSWER_TAKEN,   /* 2xx */
	NEWS_ANSWER_LATER,   /* 408, 425, 429, 5xx: may go better */
	NEWS_ANSWER_REFUSED, /* anything else: the same request would get the same answer */
};
enum news_answer news_answer_of(long status);

#endif
