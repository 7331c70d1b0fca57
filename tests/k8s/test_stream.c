/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/stream.h"

#include "lib/mem.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct k8s_stream stream;

static void setup(void)
{
	stream = (struct k8s_stream){0};
}

static void teardown(void)
{
	k8s_stream_done(&stream);
}

static void add(const char *text)
{
	k8s_stream_add(&stream, text, strlen(text));
}

static void expect_line(const char *text)
{
	const char *line;
	size_t size;

	ck_assert_int_eq(k8s_stream_next(&stream, &line, &size), K8S_STREAM_LINE);
	ck_assert_uint_eq(size, strlen(text));
	ck_assert_mem_eq(line, text, size);
}

static void expect_more(void)
{
	const char *line = NULL;
	size_t size = 77;

	ck_assert_int_eq(k8s_stream_next(&stream, &line, &size), K8S_STREAM_MORE);
	ck_assert_ptr_null(line);
	ck_assert_uint_eq(size, 77);
}

START_TEST(lines_come_out_as_they_went_in_wherever_they_were_cut)
{
	static const char text[] = "one\n\ntwo\r\n\xe2\x82\xac three\n\r\nrest";

	for (size_t first = 0; first < sizeof(text); first++) {
		for (size_t second = first; second < sizeof(text); second++) {
			static const char *const lines[] = {"one", "two", "\xe2\x82\xac three"};
			size_t ends[] = {first, second, sizeof(text) - 1};
			const char *line;
			size_t size, at = 0, count = 0;

			for (size_t i = 0; i < LT_ARRAY_SIZE(ends); i++) {
				k8s_stream_add(&stream, text + at, ends[i] > at ? ends[i] - at : 0);
				at = ends[i] > at ? ends[i] : at;
				while (k8s_stream_next(&stream, &line, &size) == K8S_STREAM_LINE) {
					ck_assert_uint_lt(count, LT_ARRAY_SIZE(lines));
					ck_assert_uint_eq(size, strlen(lines[count]));
					ck_assert_mem_eq(line, lines[count], size);
					count++;
				}
			}
			ck_assert_uint_eq(count, LT_ARRAY_SIZE(lines));
			ck_assert_uint_eq(k8s_stream_rest(&stream), strlen("rest"));
			k8s_stream_clear(&stream);
		}
	}
}
END_TEST

START_TEST(nothing_is_left_after_whole_lines)
{
	expect_more();
	add("a\nb\n");
	expect_line("a");
	ck_assert_uint_eq(k8s_stream_rest(&stream), 2);
	expect_line("b");
	expect_more();
	ck_assert_uint_eq(k8s_stream_rest(&stream), 0);
}
END_TEST

START_TEST(what_was_cleared_does_not_come_back)
{
	add("half of a li");
	expect_more();
	k8s_stream_clear(&stream);
	add("whole\n");
	expect_line("whole");
	expect_more();
}
END_TEST

/* With and without the end of the line; at the limit and a byte beyond. */
START_TEST(a_line_may_have_the_limit_but_no_more)
{
	size_t size = K8S_STREAM_PART_MAX + (_i & 1 ? 1 : 0);
	char *text = xmalloc(size + 1);
	const char *line;
	size_t got;

	memset(text, 'x', size);
	text[size] = '\n';
	k8s_stream_add(&stream, text, _i & 2 ? size : size + 1);
	switch (_i) {
	case 0:
		ck_assert_int_eq(k8s_stream_next(&stream, &line, &got), K8S_STREAM_LINE);
		ck_assert_uint_eq(got, K8S_STREAM_PART_MAX);
		break;
	case 2:
		expect_more();
		break;
	default:
		ck_assert_int_eq(k8s_stream_next(&stream, &line, &got), K8S_STREAM_TOO_LARGE);
		break;
	}
	free(text);
}
END_TEST

START_TEST(memory_for_one_large_line_is_given_back)
{
	size_t size = 4 * 1024 * 1024;
	char *text = xmalloc(size);
	const char *line;
	size_t got;

	memset(text, 'x', size);
	text[size - 1] = '\n';
	k8s_stream_add(&stream, text, size);
	ck_assert_int_eq(k8s_stream_next(&stream, &line, &got), K8S_STREAM_LINE);
	add("small\n");
	expect_line("small");
	ck_assert_uint_lt(stream.capacity, 1024 * 1024);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_stream", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, lines_come_out_as_they_went_in_wherever_they_were_cut);
	tcase_add_test(tests, nothing_is_left_after_whole_lines);
	tcase_add_test(tests, what_was_cleared_does_not_come_back);
	tcase_add_loop_test(tests, a_line_may_have_the_limit_but_no_more, 0, 4);
	tcase_add_test(tests, memory_for_one_large_line_is_given_back);
	return unit_run(suite);
}
