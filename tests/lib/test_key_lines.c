/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/key_lines.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define HEX32     "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define BASE64_32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

struct taken {
	struct key_line lines[8];
	size_t count;
	bool refuses;
};

static int take(void *ctx, const struct key_line *line, struct text *problem)
{
	struct taken *taken = ctx;

	if (taken->refuses) {
		text_add(problem, "not wanted");
		return -EINVAL;
	}
	ck_assert_uint_lt(taken->count, LT_ARRAY_SIZE(taken->lines));
	taken->lines[taken->count++] = *line;
	return 0;
}

START_TEST(a_key_is_the_same_in_either_form)
{
	struct taken taken = {.count = 0};
	struct text problem = {0};

	ck_assert_int_eq(key_lines_parse("# keys\n\n1 hex:" HEX32 " # first\n\tnew  " BASE64_32
	                                 "\r\n" BASE64_32,
	                                 take, &taken, &problem),
	                 0);
	ck_assert_uint_eq(taken.count, 3);
	ck_assert_str_eq(taken.lines[0].name, "1");
	ck_assert_str_eq(taken.lines[1].name, "new");
	ck_assert_str_eq(taken.lines[2].name, "");
	for (size_t i = 0; i < taken.count; i++) {
		ck_assert_uint_eq(taken.lines[i].size, 32);
		for (uint8_t j = 0; j < 32; j++)
			ck_assert_uint_eq(taken.lines[i].bytes[j], j);
	}
	text_done(&problem);
}
END_TEST

static const struct {
	const char *text, *problem;
} wrong[] = {
	{"", "there is no key in it"},
	{"# nothing\n", "there is no key in it"},
	{"1 hex:0001", "line 1: the key has 2 bytes; allowed are 32 to 64"},
	{"1 hex:" HEX32 HEX32 "00", "line 1: the key has 65 bytes; allowed are 32 to 64"},
	{"\n1 hex:" HEX32 "0", "line 2: the key is no row of pairs of hexadecimal digits"},
	{"1 hex:x" HEX32 "0", "line 1: the key is no row of pairs of hexadecimal digits"},
	{"1 hex:", "line 1: the key has 0 bytes; allowed are 32 to 64"},
	{"1 " HEX32 "!", "line 1: the key is no base64"},
	{"a b " BASE64_32, "line 1: a line is \"NAME KEY\" or \"KEY\""},
	{"a/b " BASE64_32,
         "line 1: the key's name may have 1 to 63 letters, digits, '.', '_', '-'"},
};

START_TEST(what_is_wrong_is_said_without_the_key)
{
	struct taken taken = {.count = 0};
	struct text problem = {0};

	ck_assert_int_eq(key_lines_parse(wrong[_i].text, take, &taken, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), wrong[_i].problem);
	text_done(&problem);
}
END_TEST

START_TEST(who_takes_may_refuse)
{
	struct taken taken = {.refuses = true};
	struct text problem = {0};

	ck_assert_int_eq(key_lines_parse("\n1 hex:" HEX32, take, &taken, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), "line 2: not wanted");
	text_done(&problem);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("lib_key_lines", &tests);

	tcase_add_test(tests, a_key_is_the_same_in_either_form);
	tcase_add_loop_test(tests, what_is_wrong_is_said_without_the_key, 0, LT_ARRAY_SIZE(wrong));
	tcase_add_test(tests, who_takes_may_refuse);
	return unit_run(suite);
}
