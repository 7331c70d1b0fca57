/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/pace.h"

#include "tests/unit.h"

#define SECOND INT64_C(1000000)

START_TEST(waits_double_up_to_the_most_and_never_go_beyond)
{
	static const struct {
		unsigned failures;
		int64_t most_us;
	} rows[] = {{0, SECOND},      {1, SECOND},      {2, 2 * SECOND},   {3, 4 * SECOND},
	            {6, 32 * SECOND}, {7, 60 * SECOND}, {100, 60 * SECOND}};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		int64_t most_us = rows[i].most_us;

		ck_assert_int_eq(news_pace_us(rows[i].failures, SECOND, 60 * SECOND, 0), most_us);
		for (uint64_t random = 1; random != 0 && random < UINT64_MAX / 3; random *= 3) {
			int64_t delay_us =
				news_pace_us(rows[i].failures, SECOND, 60 * SECOND, random);

			ck_assert_int_le(delay_us, most_us);
			ck_assert_int_ge(delay_us, most_us / 2);
		}
	}
}
END_TEST

START_TEST(what_an_answer_means)
{
	static const struct {
		long status;
		enum news_answer answer;
	} rows[] = {
		{200, NEWS_ANSWER_TAKEN},   {204, NEWS_ANSWER_TAKEN},   {299, NEWS_ANSWER_TAKEN},
		{301, NEWS_ANSWER_REFUSED}, {302, NEWS_ANSWER_REFUSED}, {307, NEWS_ANSWER_REFUSED},
		{400, NEWS_ANSWER_REFUSED}, {401, NEWS_ANSWER_REFUSED}, {404, NEWS_ANSWER_REFUSED},
		{408, NEWS_ANSWER_LATER},   {425, NEWS_ANSWER_LATER},   {429, NEWS_ANSWER_LATER},
		{500, NEWS_ANSWER_LATER},   {503, NEWS_ANSWER_LATER},   {599, NEWS_ANSWER_LATER},
		{600, NEWS_ANSWER_REFUSED}, {0, NEWS_ANSWER_REFUSED},   {199, NEWS_ANSWER_REFUSED},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		ck_assert_msg(news_answer_of(rows[i].status) == rows[i].answer, "%ld",
		              rows[i].status);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("news_pace", &tests);

	tcase_add_test(tests, waits_double_up_to_the_most_and_never_go_beyond);
	tcase_add_test(tests, what_an_answer_means);
	return unit_run(suite);
}
