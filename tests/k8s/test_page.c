/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/page.h"

#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct k8s_page page;

static void setup(void)
{
	page = (struct k8s_page){0};
}

static void teardown(void)
{
	k8s_page_done(&page);
}

/* Feeds 'text' cut at 'cut'; what comes out, as "M{...} I{...} ... over|more|malformed|...". */
static void read_cut(const char *text, size_t cut, struct text *out)
{
	size_t sizes[] = {cut, strlen(text) - cut};

	k8s_page_clear(&page);
	text_clear(out);
	for (size_t i = 0; i < 2; i++) {
		const char *part;
		size_t size;

		k8s_page_add(&page, i == 0 ? text : text + cut, sizes[i]);
		for (;;) {
			enum k8s_page_next next = k8s_page_next(&page, &part, &size);

			if (next == K8S_PAGE_MORE)
				break;
			if (next == K8S_PAGE_MALFORMED || next == K8S_PAGE_TOO_LARGE) {
				text_add(out,
				         next == K8S_PAGE_MALFORMED ? "malformed" : "too large");
				return;
			}
			text_add(out, next == K8S_PAGE_ITEM ? "I" : "M");
			text_add_len(out, part, size);
			text_add(out, " ");
		}
	}
	text_add(out, page.over ? "over" : "more");
}

static const struct {
	const char *text, *out;
} rows[] = {
	{"", "more"},
	{"{}", "over"},
	{" { } \n", "over"},
	{"{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}",
         "M{\"resourceVersion\":\"7\"} over"},
	{"{\"metadata\":{\"a\":{}},\"items\":[{\"b\":1},{\"c\":[{}]} , {}]}",
         "M{\"a\":{}} I{\"b\":1} I{\"c\":[{}]} I{} over"},
	{"{\"items\":[{\"b\":1}],\"metadata\":{}}", "I{\"b\":1} M{} over"},
	{"{\"items\":null,\"metadata\":{}}", "M{} over"},
	/* Names in other places, braces in strings, quotes after backslashes. */
	{"{\"x\":{\"items\":[{}],\"metadata\":{}},\"metadata\":{\"m\":\"}{\\\"}\\\\\"},\"items\":[{"
         "\"]"
         "\":\"[\"}]}",
         "M{\"m\":\"}{\\\"}\\\\\"} I{\"]\":\"[\"} over"},
	{"{\"items\":[{\"a\":\"\\\\\\\\\\\"}]\",\"b\":\"\\\\\\\\\"}]}",
         "I{\"a\":\"\\\\\\\\\\\"}]\",\"b\":\"\\\\\\\\\"} over"},
	{"{\"metadata\":{\"a\":\"\"}:{}}", "M{\"a\":\"\"} over"},
	{"{\"x\":\"items\",\"y\":[[1],2],\"items \":[{}],\"itemsitemsitems\":[{}]}", "over"},
	{"{\"metadata\":\"none\",\"items\":{\"a\":{}}}", "over"},
	/* Cut off. */
	{"{\"metadata\":{},\"items\":[{\"a\":1},{\"b\":", "M{} I{\"a\":1} more"},
	{"{\"metadata\":{", "more"},
	{"{\"items\":[{}]", "I{} more"},
	/* No lists. */
	{"<html>", "malformed"},
	{"[{}]", "malformed"},
	{"\"items\"", "malformed"},
	{"7", "malformed"},
	{"{}{}", "malformed"},
	{"{}]", "malformed"},
	{"{\"items\":[1]}", "malformed"},
	{"{\"items\":[null]}", "malformed"},
	{"{\"items\":[[]]}", "malformed"},
	{"{\"items\":[\"a\"]}", "malformed"},
};

START_TEST(parts_are_found_wherever_the_text_was_cut)
{
	struct text out = {0};

	for (size_t cut = 0; cut <= strlen(rows[_i].text); cut++) {
		read_cut(rows[_i].text, cut, &out);
		ck_assert_str_eq(text_str(&out), rows[_i].out);
	}
	text_done(&out);
}
END_TEST

START_TEST(only_the_part_that_comes_in_is_held)
{
	struct text item = {0};
	const char *part;
	size_t size, count = 0;

	text_add(&item, "{\"metadata\":{},\"items\":[");
	k8s_page_add(&page, item.data, item.len);
	text_clear(&item);
	text_add(&item, "{\"a\":\"");
	for (int i = 0; i < 1000; i++)
		text_add(&item, "0123456789");
	text_add(&item, "\"},");
	for (int i = 0; i < 1000; i++) {
		k8s_page_add(&page, item.data, item.len);
		while (k8s_page_next(&page, &part, &size) != K8S_PAGE_MORE)
			count++;
		ck_assert_uint_lt(page.bytes.capacity, 64 * 1024);
	}
	ck_assert_uint_eq(count, 1001);
	text_done(&item);
}
END_TEST

START_TEST(an_item_beyond_the_limit_is_refused)
{
	static const char begin[] = "{\"items\":[{\"a\":\"";
	size_t size = K8S_STREAM_PART_MAX;
	char *text = xmalloc(size);
	const char *part;
	size_t got;

	memset(text, 'x', size);
	k8s_page_add(&page, begin, strlen(begin));
	ck_assert_int_eq(k8s_page_next(&page, &part, &got), K8S_PAGE_MORE);
	k8s_page_add(&page, text, size);
	ck_assert_int_eq(k8s_page_next(&page, &part, &got), K8S_PAGE_TOO_LARGE);
	free(text);
}
END_TEST

START_TEST(depth_has_a_limit)
{
	char *text = xmalloc(100000);
	const char *part;
	size_t got;

	memset(text, '[', 100000);
	k8s_page_add(&page, "{\"x\":", 5);
	k8s_page_add(&page, text, 100000);
	ck_assert_int_eq(k8s_page_next(&page, &part, &got), K8S_PAGE_MALFORMED);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_page", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, parts_are_found_wherever_the_text_was_cut, 0,
	                    LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, only_the_part_that_comes_in_is_held);
	tcase_add_test(tests, an_item_beyond_the_limit_is_refused);
	tcase_add_test(tests, depth_has_a_limit);
	return unit_run(suite);
}
