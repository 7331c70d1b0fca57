/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/track.h"

#include "vrrp/damper.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *data;
	int result;
	int32_t number;
} numbers[] = {
	{"0", 0, 0},
	{"5\n", 0, 5},
	{"-50\n", 0, -50},
	{" +7 \r\n", 0, 7},
	{"2147483647", 0, 2147483647},
	{"-2147483647", 0, -2147483647},
	{"2147483648", -EINVAL, 0},
	{"99999999999999999999999999", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"\n", -EINVAL, 0},
	{"-", -EINVAL, 0},
	{"- 5", -EINVAL, 0},
	{"5 6", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
	{"1.5", -EINVAL, 0},
	{"five", -EINVAL, 0},
};

START_TEST(a_number_is_an_integer_and_nothing_else)
{
	int32_t number = 0;

	ck_assert_int_eq(
		vrrp_track_parse_number(numbers[_i].data, strlen(numbers[_i].data), &number),
		numbers[_i].result);
	ck_assert_int_eq(number, numbers[_i].number);
}
END_TEST

START_TEST(a_number_ends_where_the_data_ends)
{
	int32_t number = 0;

	ck_assert_int_eq(vrrp_track_parse_number("1234", 2, &number), 0);
	ck_assert_int_eq(number, 12);
	ck_assert_int_eq(vrrp_track_parse_number("1\0002", 3, &number), -EINVAL);
}
END_TEST

static const struct {
	int weight;
	enum vrrp_track_verdict verdict;
	int32_t number;
	int32_t value;
} values[] = {
	{-30, VRRP_TRACK_UNKNOWN, 0, 0},
	{-30, VRRP_TRACK_GOOD, 0, 0},
	{-30, VRRP_TRACK_BAD, 0, -30},
	{30, VRRP_TRACK_GOOD, 0, 30},
	{30, VRRP_TRACK_BAD, 0, 0},
	{0, VRRP_TRACK_GOOD, 0, 0},
	{0, VRRP_TRACK_BAD, 0, VRRP_DAMPER_OUT},
	{0, VRRP_TRACK_UNKNOWN, 0, 0},
	{1, VRRP_TRACK_NUMBER, -50, -50},
	{-50, VRRP_TRACK_NUMBER, 1, -50},
	{-50, VRRP_TRACK_NUMBER, 0, 0},
	{-2, VRRP_TRACK_NUMBER, -10, 20},
	{1, VRRP_TRACK_NUMBER, -253, -253},
	{1, VRRP_TRACK_NUMBER, -254, VRRP_DAMPER_OUT},
	{254, VRRP_TRACK_NUMBER, -2147483647, VRRP_DAMPER_OUT},
	{254, VRRP_TRACK_NUMBER, 2147483647, 254},
};

START_TEST(what_is_seen_changes_the_priority_by_its_weight)
{
	const struct model_track track = {
		.file = "/run/x", .interface = "", .weight = values[_i].weight};
	const struct vrrp_track_seen seen = {.verdict = values[_i].verdict,
	                                     .number = values[_i].number};

	ck_assert_int_eq(vrrp_track_value(&track, &seen), values[_i].value);
}
END_TEST

static const struct {
	const char *file, *interface, *address;
	enum model_track_expect expect;
	struct vrrp_track_seen seen;
	const char *title, *text;
} texts[] = {
	{"/a", "", NULL, MODEL_TRACK_NUMBER, {VRRP_TRACK_NUMBER, 3, false}, "file /a", "/a says 3"},
	{"/a",
         "",
         NULL,
         MODEL_TRACK_NUMBER,
         {VRRP_TRACK_NUMBER, 0, true},
         "file /a",
         "/a has no integer in it, or can't be read: counts as 0"},
	{"/a",
         "",
         NULL,
         MODEL_TRACK_PRESENT,
         {VRRP_TRACK_BAD, 0, false},
         "file /a",
         "/a is not there"},
	{"/a", "", NULL, MODEL_TRACK_ABSENT, {VRRP_TRACK_BAD, 0, false}, "file /a", "/a is there"},
	{"",
         "eth1",
         NULL,
         MODEL_TRACK_NUMBER,
         {VRRP_TRACK_BAD, 0, false},
         "interface eth1",
         "eth1 is down"},
	{"",
         "",
         "10.0.0.1",
         MODEL_TRACK_NUMBER,
         {VRRP_TRACK_GOOD, 0, false},
         "address 10.0.0.1",
         "10.0.0.1 answers"},
	{"",
         "",
         "2001:db8::1",
         MODEL_TRACK_NUMBER,
         {VRRP_TRACK_UNKNOWN, 0, false},
         "address 2001:db8::1",
         "2001:db8::1 was not looked at yet"},
};

START_TEST(what_is_seen_is_told_in_words)
{
	struct model_track track = {.file = texts[_i].file,
	                            .interface = texts[_i].interface,
	                            .expect = texts[_i].expect};
	struct text text = {0};

	if (texts[_i].address)
		ck_assert_int_eq(addr_parse(texts[_i].address, &track.address), 0);
	vrrp_track_title(&track, &text);
	ck_assert_str_eq(text_str(&text), texts[_i].title);
	text_clear(&text);
	vrrp_track_explain(&track, &texts[_i].seen, &text);
	ck_assert_str_eq(text_str(&text), texts[_i].text);
	text_done(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_track");
	TCase *tcase = tcase_create("track");

	tcase_add_loop_test(tcase, a_number_is_an_integer_and_nothing_else, 0,
	                    LT_ARRAY_SIZE(numbers));
	tcase_add_test(tcase, a_number_ends_where_the_data_ends);
	tcase_add_loop_test(tcase, what_is_seen_changes_the_priority_by_its_weight, 0,
	                    LT_ARRAY_SIZE(values));
	tcase_add_loop_test(tcase, what_is_seen_is_told_in_words, 0, LT_ARRAY_SIZE(texts));
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
