/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/pace.h"

int64_t news_pace_us(unsigned failures, int64_t first_us, int64_t most_us, uint64_t random)
{
	int64_t delay_us = first_us;

	for (unsigned i = 1; i < failures && delay_us < most_us; i++)
		delay_us *= 2;
	if (delay_us > most_us)
		delay_us = most_us;
	return delay_us - (int64_t)(random % (uint64_t)(delay_us / 2 + 1));
}

enum news_answer news_answer_of(long status)
{
	if (status >= 200 && status <= 299)
		return NEWS_ANSWER_TAKEN;
	if (status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599))
		return NEWS_ANSWER_LATER;
	return NEWS_ANSWER_REFUSED;
}
