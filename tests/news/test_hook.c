/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/hook.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(a_url_and_headers)
{
	struct news_hook hook;
	struct text problem = {0};

	ck_assert_int_eq(news_hook_parse("# whom we page\n\n  \nhttps://example.com/x \r\n"
	                                 "Authorization: Bearer abc\n# X: y\nX-Team:net\r\n",
	                                 &hook, &problem),
	                 0);
	ck_assert_str_eq(hook.url, "https://example.com/x");
	ck_assert_uint_eq(hook.header_count, 2);
	ck_assert_str_eq(hook.headers[0], "Authorization: Bearer abc");
	ck_assert_str_eq(hook.headers[1], "X-Team:net");
	news_hook_done(&hook);
	ck_assert_int_eq(news_hook_parse("http://h", &hook, &problem), 0);
	ck_assert_uint_eq(hook.header_count, 0);
	news_hook_done(&hook);
	text_done(&problem);
}
END_TEST

START_TEST(what_is_wrong_is_told_by_line_and_shows_nothing)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{"", "first line has to be a URL"},
		{"# secret\n\n", "first line has to be a URL"},
		{"secret\n", "line 1: a URL begins with"},
		{"Authorization: secret\nhttps://h/\n", "line 1: a URL begins with"},
		{"https://\n", "line 1: the URL names no host"},
		{"https://h/\n\nsecret\n", "line 3 is no header"},
		{"https://h/\n: secret\n", "line 2 is no header"},
		{"https://h/\nA secret: x\n", "line 2 is no header"},
		{"https://h/\nSecret-X:\n", "line 2 is a header without a value"},
		{"https://h/\nA: secret\x01\n", "line 2 has a control character"},
		{"https://h/\nA: sec\rret\n", "line 2 has a control character"},
		{"https://h/\ncontent-length: 5\n", "line 2 is a header that is not for you"},
		{"https://h/\nTransfer-Encoding: secret\n", "line 2 is a header that is not"},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct news_hook hook = {.url = NULL};
		struct text problem = {0};

		ck_assert_int_eq(news_hook_parse(rows[i].text, &hook, &problem), -EINVAL);
		ck_assert_msg(strstr(text_str(&problem), rows[i].reason) != NULL, "row %zu: %s", i,
		              text_str(&problem));
		ck_assert_ptr_null(strcasestr(text_str(&problem), "secret"));
		ck_assert_ptr_null(hook.url);
		text_done(&problem);
	}
}
END_TEST

START_TEST(headers_have_a_limit)
{
	struct text text = {0}, problem = {0};
	struct news_hook hook;

	text_add(&text, "https://h/\n");
	for (int i = 0; i < NEWS_HEADERS_MAX; i++)
		text_printf(&text, "X-%d: y\n", i);
	ck_assert_int_eq(news_hook_parse(text_str(&text), &hook, &problem), 0);
	ck_assert_uint_eq(hook.header_count, NEWS_HEADERS_MAX);
	news_hook_done(&hook);
	text_add(&text, "X: y\n");
	ck_assert_int_eq(news_hook_parse(text_str(&text), &hook, &problem), -EINVAL);
	text_done(&text);
	text_done(&problem);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("news_hook", &tests);

	tcase_add_test(tests, a_url_and_headers);
	tcase_add_test(tests, what_is_wrong_is_told_by_line_and_shows_nothing);
	tcase_add_test(tests, headers_have_a_limit);
	return unit_run(suite);
}
