/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/text.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(an_empty_text_is_an_empty_string)
{
	struct text t = {0};
	char *taken;

	ck_assert_str_eq(text_str(&t), "");
	text_clear(&t);
	taken = text_take(&t);
	ck_assert_str_eq(taken, "");
	free(taken);
	text_done(&t);
}
END_TEST

START_TEST(it_grows_as_needed)
{
	struct text t = {0};
	char expected[2001];

	for (int i = 0; i < 1000; i++)
		text_add(&t, "ab");
	for (size_t i = 0; i < 2000; i++)
		expected[i] = i % 2 ? 'b' : 'a';
	expected[2000] = '\0';
	ck_assert_uint_eq(t.len, 2000);
	ck_assert_str_eq(text_str(&t), expected);
	text_printf(&t, "-%s-%d", expected, 7);
	ck_assert_uint_eq(t.len, 4003);
	ck_assert_str_eq(text_str(&t) + 4000, "b-7");
	text_done(&t);
	ck_assert_uint_eq(t.len, 0);
}
END_TEST

START_TEST(part_of_a_string_can_be_added)
{
	struct text t = {0};

	text_add_len(&t, "abcdef", 3);
	text_add_len(&t, NULL, 0);
	text_add(&t, "");
	text_printf(&t, "%s", "");
	ck_assert_str_eq(text_str(&t), "abc");
	text_done(&t);
}
END_TEST

START_TEST(cleared_it_is_empty_and_usable)
{
	struct text t = {0};

	text_add(&t, "before");
	text_clear(&t);
	ck_assert_str_eq(text_str(&t), "");
	text_add(&t, "x");
	ck_assert_str_eq(text_str(&t), "x");
	text_done(&t);
}
END_TEST

START_TEST(taken_it_belongs_to_the_taker)
{
	struct text t = {0};
	char *taken;

	text_add(&t, "mine");
	taken = text_take(&t);
	ck_assert_ptr_null(t.data);
	text_add(&t, "new");
	ck_assert_str_eq(taken, "mine");
	free(taken);
	text_done(&t);
}
END_TEST

static const char *const names[] = {"priority",  "preempt",   "preemptDelay", "peers",
                                    "interface", "addresses", "rr",           "x"};

static const struct {
	const char *word;
	const char *nearest;
} nearest_rows[] = {
	{"priority", "priority"},
	{"prioritty", "priority"}, /* inserted */
	{"priorty", "priority"},   /* left out */
	{"prioriti", "priority"},  /* replaced */
	{"priroity", "priority"},  /* swapped: one mistake */
	{"pirorityx", "priority"}, /* two mistakes */
	{"prempt", "preempt"},
	{"preemptdelay", "preemptDelay"},
	{"pers", "peers"},
	{"address", "addresses"},
	{"adresse", "addresses"},
	{"rx", "rr"},
	{"wrr", "rr"},
	{"weight", NULL},
	{"port", NULL},
	{"y", NULL}, /* nothing in common with "x" */
	{"", NULL},
	{"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiinterface",
         NULL},
};

START_TEST(a_mistyped_name_is_recognised)
{
	const char *nearest = text_nearest(nearest_rows[_i].word, names, LT_ARRAY_SIZE(names));

	if (nearest_rows[_i].nearest)
		ck_assert_pstr_eq(nearest, nearest_rows[_i].nearest);
	else
		ck_assert_ptr_null(nearest);
}
END_TEST

static const struct {
	const char *word, *name;
	bool near;
} distance_rows[] = {
	/* Nine letters, three mistakes allowed. */
	{"abcdefghi", "bacdfeghi", true},
	{"abcdefghi", "badcfeghi", true},
	{"abcdefghi", "badcfehgi", false},
	/* No part is edited twice: "ca" to "abc" is 3 here, not the 2 of Damerau's own measure;
         * with a common head of seven letters 3 of 10 is the limit, with five letters 2 of 8. */
	{"hhhhhhhca", "hhhhhhhabc", true},
	{"hhhhhca", "hhhhhabc", false},
};

START_TEST(up_to_a_third_of_the_longer_word_may_be_wrong)
{
	const char *nearest = text_nearest(distance_rows[_i].word, &distance_rows[_i].name, 1);

	ck_assert_int_eq(nearest != NULL, distance_rows[_i].near);
}
END_TEST

START_TEST(the_first_of_equally_near_names_wins)
{
	static const char *const equal[] = {"worst", "xort", "porx", "sort", "port"};

	ck_assert_pstr_eq(text_nearest("pory", equal, 3), "porx");
	ck_assert_pstr_eq(text_nearest("fort", equal, LT_ARRAY_SIZE(equal)), "xort");
	ck_assert_pstr_eq(text_nearest("port", equal, LT_ARRAY_SIZE(equal)), "port");
	ck_assert_ptr_null(text_nearest("port", NULL, 0));
}
END_TEST

START_TEST(texts_are_joined_as_far_as_there_is_room)
{
	static const char *const parts[] = {"ab", "", "cde", "f"};
	char buf[8];

	ck_assert_ptr_eq(text_join(buf, sizeof(buf), parts, 4), buf);
	ck_assert_str_eq(buf, "abcdef");
	ck_assert_str_eq(text_join(buf, 7, parts, 4), "abcdef");
	ck_assert_str_eq(text_join(buf, 6, parts, 4), "abcde");
	ck_assert_str_eq(text_join(buf, 4, parts, 4), "abc");
	ck_assert_str_eq(text_join(buf, 1, parts, 4), "");
	ck_assert_str_eq(text_join(buf, sizeof(buf), parts, 0), "");
}
END_TEST

START_TEST(a_prefix_is_told_from_the_rest)
{
	ck_assert(text_starts_with("abc", "ab"));
	ck_assert(text_starts_with("abc", ""));
	ck_assert(text_starts_with("abc", "abc"));
	ck_assert(!text_starts_with("ab", "abc"));
	ck_assert(!text_starts_with("xabc", "abc"));
}
END_TEST

#define NONE (-1)

static const struct {
	const char *text;
	int err;
	int64_t us;
} duration_rows[] = {
	{"0s", 0, 0},
	{"100ms", 0, 100000},
	{"3s", 0, 3000000},
	{"1m30s", 0, 90000000},
	{"2h", 0, INT64_C(7200000000)},
	{"1h0m0s", 0, INT64_C(3600000000)},
	{"1h2m3s4ms5us", 0, INT64_C(3723004005)},
	{"15us", 0, 15},
	{"007ms", 0, 7000},
	{"1.5s", 0, 1500000},
	{"1m0.5s", 0, 60500000},
	{"0.000001s", 0, 1},
	{"0.25h", 0, 900000000},
	{"1.500000000h", 0, INT64_C(5400000000)},
	{"9223372036854775807us", 0, INT64_MAX},
	{"2562047788h54.775807s", 0, INT64_MAX},
	{"9223372036854775808us", -ERANGE, NONE},
	{"2562047788h54.775808s", -ERANGE, NONE},
	{"2562047789h", -ERANGE, NONE},
	{"99999999999999999999999999h", -ERANGE, NONE},
	{"99999999999999999999999999hm", -EINVAL, NONE},
	{"", -EINVAL, NONE},
	{"0", -EINVAL, NONE},
	{"5", -EINVAL, NONE},
	{"s", -EINVAL, NONE},
	{"-1s", -EINVAL, NONE},
	{"+1s", -EINVAL, NONE},
	{" 1s", -EINVAL, NONE},
	{"1s ", -EINVAL, NONE},
	{"1 s", -EINVAL, NONE},
	{"1S", -EINVAL, NONE},
	{"1d", -EINVAL, NONE},
	{"1ns", -EINVAL, NONE},
	{"1sec", -EINVAL, NONE},
	{"1s1m", -EINVAL, NONE},
	{"1s2s", -EINVAL, NONE},
	{"1m30", -EINVAL, NONE},
	{".5s", -EINVAL, NONE},
	{"1.s", -EINVAL, NONE},
	{"1.5.5s", -EINVAL, NONE},
	{"1.5us", -EINVAL, NONE},
	{"0.0000001s", -EINVAL, NONE},
	{"1.0000000000s", -EINVAL, NONE},
	{"1e3s", -EINVAL, NONE},
	{"0x10s", -EINVAL, NONE},
};

START_TEST(a_duration_is_read_as_kubernetes_writes_it)
{
	int64_t us = NONE;

	ck_assert_int_eq(text_parse_duration(duration_rows[_i].text, &us), duration_rows[_i].err);
	ck_assert_int_eq(us, duration_rows[_i].us);
}
END_TEST

static const struct {
	int64_t us;
	const char *text;
} format_rows[] = {
	{0, "0s"},
	{1, "1us"},
	{999, "999us"},
	{1000, "1ms"},
	{1500, "1.5ms"},
	{1001, "1.001ms"},
	{100 * US_PER_MS, "100ms"},
	{1500 * US_PER_MS, "1.5s"},
	{40950 * US_PER_MS, "40.95s"},
	{1000001, "1.000001s"},
	{59999999, "59.999999s"},
	{60 * US_PER_S, "1m"},
	{90 * US_PER_S, "1m30s"},
	{60 * US_PER_S + 1, "1m1us"},
	{300 * US_PER_S, "5m"},
	{3600 * US_PER_S, "1h"},
	{3601 * US_PER_S, "1h1s"},
	{90000 * US_PER_S, "25h"},
	{-1500, "-1.5ms"},
	{INT64_MAX, "2562047788h54.775807s"},
	{INT64_MIN, "-2562047788h54.775808s"},
};

START_TEST(a_duration_is_written_short_and_read_again)
{
	char buf[TEXT_DURATION_SIZE];
	int64_t us;

	ck_assert_str_eq(text_format_duration(format_rows[_i].us, buf), format_rows[_i].text);
	if (format_rows[_i].us >= 0) {
		ck_assert_int_eq(text_parse_duration(buf, &us), 0);
		ck_assert_int_eq(us, format_rows[_i].us);
	}
}
END_TEST

START_TEST(hexadecimal_digits_have_their_values_and_nothing_else_has)
{
	static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";
	int count = 0;

	for (int i = 0; i < 16; i++) {
		ck_assert_int_eq(text_hex_digit(digits[i]), i);
		ck_assert_int_eq(text_hex_digit(capitals[i]), i);
	}
	for (int c = 0; c < 256; c++)
		count += text_hex_digit((char)c) >= 0;
	ck_assert_int_eq(count, 22);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("text", &tests);

	tcase_add_test(tests, an_empty_text_is_an_empty_string);
	tcase_add_test(tests, it_grows_as_needed);
	tcase_add_test(tests, part_of_a_string_can_be_added);
	tcase_add_test(tests, cleared_it_is_empty_and_usable);
	tcase_add_test(tests, taken_it_belongs_to_the_taker);
	tcase_add_loop_test(tests, a_mistyped_name_is_recognised, 0, LT_ARRAY_SIZE(nearest_rows));
	tcase_add_loop_test(tests, up_to_a_third_of_the_longer_word_may_be_wrong, 0,
	                    LT_ARRAY_SIZE(distance_rows));
	tcase_add_test(tests, the_first_of_equally_near_names_wins);
	tcase_add_test(tests, texts_are_joined_as_far_as_there_is_room);
	tcase_add_test(tests, a_prefix_is_told_from_the_rest);
	tcase_add_test(tests, hexadecimal_digits_have_their_values_and_nothing_else_has);
	tcase_add_loop_test(tests, a_duration_is_read_as_kubernetes_writes_it, 0,
	                    LT_ARRAY_SIZE(duration_rows));
	tcase_add_loop_test(tests, a_duration_is_written_short_and_read_again, 0,
	                    LT_ARRAY_SIZE(format_rows));
	return unit_run(suite);
}
