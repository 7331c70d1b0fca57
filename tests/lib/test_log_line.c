/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log_line.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
	int64_t wall_us;
	const char *time;
} time_rows[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{INT64_C(951782399999999), "2000-02-28T23:59:59.999Z"},
	{INT64_C(951782400000000), "2000-02-29T00:00:00.000Z"},
	{INT64_C(1709251199000000), "2024-02-29T23:59:59.000Z"},
	{INT64_C(1709251200000000), "2024-03-01T00:00:00.000Z"},
	{INT64_C(1767225599500000), "2025-12-31T23:59:59.500Z"},
	{INT64_C(1767225600001000), "2026-01-01T00:00:00.001Z"},
	{INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z"},
};

START_TEST(a_line_begins_with_the_time_in_utc)
{
	struct text line = {0};

	log_line_text(&line, time_rows[_i].wall_us, LOG_LEVEL_INFO, "main", "x");
	ck_assert_uint_eq(strlen(time_rows[_i].time), 24);
	ck_assert_int_eq(strncmp(text_str(&line), time_rows[_i].time, 24), 0);
	ck_assert_str_eq(text_str(&line) + 24, " info main: x");
	text_done(&line);
}
END_TEST

/* A message, and what becomes of it as text and as the JSON after the component. */
static const struct {
	const char *message, *text, *json;
} message_rows[] = {
	{"started", "started", "\"message\":\"started\"}"},
	{"", "", "\"message\":\"\"}"},
	{"state vrid=51 if=eth0", "state vrid=51 if=eth0",
         "\"message\":\"state\",\"vrid\":51,\"if\":\"eth0\"}"},
	{"can't read it, retrying error=\"no such file\" path=/x",
         "can't read it, retrying error=\"no such file\" path=/x",
         "\"message\":\"can't read it, retrying\",\"error\":\"no such file\",\"path\":\"/x\"}"},
	{"a=1", "a=1", "\"message\":\"\",\"a\":1}"},
	{"a= b", "a= b", "\"message\":\"b\",\"a\":\"\"}"},
	{"a=\"\"", "a=\"\"", "\"message\":\"\",\"a\":\"\"}"},
	{"a=1 then b=2 more", "a=1 then b=2 more", "\"message\":\"then more\",\"a\":1,\"b\":2}"},
	{"n=-5 n2=007 n3=1.5 n4=12345678901234567890 n5=0 n6=-",
         "n=-5 n2=007 n3=1.5 n4=12345678901234567890 n5=0 n6=-",
         "\"message\":\"\",\"n\":-5,\"n2\":\"007\",\"n3\":\"1.5\","
         "\"n4\":\"12345678901234567890\",\"n5\":0,\"n6\":\"-\"}"},
	/* A quoted number is text. */
	{"x a=\"5\"", "x a=\"5\"", "\"message\":\"x\",\"a\":\"5\"}"},
	{"x time=1 level=2 message=3 component=4", "x time=1 level=2 message=3 component=4",
         "\"message\":\"x\",\"time_\":1,\"level_\":2,\"message_\":3,\"component_\":4}"},
	/* No pairs: no key, or none that can be one. */
	{"=1 A=2 3=4", "=1 A=2 3=4", "\"message\":\"=1 A=2 3=4\"}"},
	/* A quote that does not close properly is a character. */
	{"a=\"b c", "a=\"b c", "\"message\":\"c\",\"a\":\"\\\"b\"}"},
	{"a=\"b\"c d", "a=\"b\"c d", "\"message\":\"d\",\"a\":\"\\\"b\\\"c\"}"},
	{"say \"hi\" \\", "say \"hi\" \\", "\"message\":\"say \\\"hi\\\" \\\\\"}"},
	{"two  blanks ", "two  blanks ", "\"message\":\"two blanks\"}"},
	/* Nobody forges a line or paints on the terminal. */
	{"x\n<3>forged", "x\\x0a<3>forged", "\"message\":\"x\\u000a<3>forged\"}"},
	{"x name=a\x1b[31m\t\x7f", "x name=a\\x1b[31m\\x09\\x7f",
         "\"message\":\"x\",\"name\":\"a\\u001b[31m\\u0009\\u007f\"}"},
	{"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80",
         "\"message\":\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80\"}"},
	/* Not UTF-8: a lone tail, overlong, a surrogate, too high, cut off. */
	{"\x80", "\\x80", "\"message\":\"\\ufffd\"}"},
	{"\xc0\xaf", "\\xc0\\xaf", "\"message\":\"\\ufffd\\ufffd\"}"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\"message\":\"\\ufffd\\ufffd\\ufffd\"}"},
	{"\xe0\x80\x80", "\\xe0\\x80\\x80", "\"message\":\"\\ufffd\\ufffd\\ufffd\"}"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
         "\"message\":\"\\ufffd\\ufffd\\ufffd\\ufffd\"}"},
	{"\xe2\x82", "\\xe2\\x82", "\"message\":\"\\ufffd\\ufffd\"}"},
};

START_TEST(a_message_is_shown_as_text_and_as_members)
{
	struct text line = {0};
	const char *head = "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warn\","
			   "\"component\":\"vrrp\",";

	log_line_journal(&line, LOG_LEVEL_WARN, "vrrp", message_rows[_i].message);
	ck_assert(text_starts_with(text_str(&line), "<4>vrrp: "));
	ck_assert_str_eq(text_str(&line) + 9, message_rows[_i].text);
	text_clear(&line);
	log_line_json(&line, 0, LOG_LEVEL_WARN, "vrrp", message_rows[_i].message);
	ck_assert(text_starts_with(text_str(&line), head));
	ck_assert_str_eq(text_str(&line) + strlen(head), message_rows[_i].json);
	text_done(&line);
}
END_TEST

/* Where the cut falls into a character of two bytes and where it doesn't. */
static const size_t leads[] = {0, 1};

START_TEST(a_message_too_long_is_cut_between_characters)
{
	char message[LOG_LINE_MESSAGE_MAX * 2];
	struct text line = {0};

	memset(message, 'a', leads[_i]);
	for (size_t i = leads[_i]; i + 2 < sizeof(message); i += 2)
		memcpy(message + i, "\xc3\xaf", 3);
	log_line_journal(&line, LOG_LEVEL_INFO, "x", message);
	ck_assert_uint_eq(line.len, strlen("<6>x: ") + LOG_LINE_MESSAGE_MAX - leads[_i] + 3);
	ck_assert_str_eq(text_str(&line) + line.len - 5, "\xc3\xaf...");
	text_clear(&line);
	log_line_json(&line, 0, LOG_LEVEL_INFO, "x", message);
	ck_assert_str_eq(text_str(&line) + line.len - 7, "\xc3\xaf...\"}");
	text_done(&line);
}
END_TEST

START_TEST(a_message_just_short_enough_is_whole)
{
	char message[LOG_LINE_MESSAGE_MAX + 1];
	struct text line = {0};

	memset(message, 'a', LOG_LINE_MESSAGE_MAX);
	message[LOG_LINE_MESSAGE_MAX] = '\0';
	log_line_journal(&line, LOG_LEVEL_INFO, "x", message);
	ck_assert_uint_eq(line.len, 6 + LOG_LINE_MESSAGE_MAX);
	text_done(&line);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("log_line", &tests);

	tcase_add_loop_test(tests, a_line_begins_with_the_time_in_utc, 0, LT_ARRAY_SIZE(time_rows));
	tcase_add_loop_test(tests, a_message_is_shown_as_text_and_as_members, 0,
	                    LT_ARRAY_SIZE(message_rows));
	tcase_add_loop_test(tests, a_message_too_long_is_cut_between_characters, 0,
	                    LT_ARRAY_SIZE(leads));
	tcase_add_test(tests, a_message_just_short_enough_is_whole);
	return unit_run(suite);
}
