/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/problem.h"

#include "tests/unit.h"

#include <string.h>

static struct model_problems problems;

static void setup(void)
{
	model_problems_init(&problems);
}

static void teardown(void)
{
	model_problems_done(&problems);
}

static void add(const char *source, unsigned line, const char *message)
{
	struct model_origin origin = {.source = source, .line = line};

	model_problem_add(&problems, MODEL_ERROR, origin, "", "", "%s", message);
}

START_TEST(a_problem_is_one_line_with_what_is_known_of_its_place)
{
	static const struct {
		struct model_problem problem;
		const char *line;
	} rows[] = {
		{{MODEL_ERROR,
	          {.source = "a.yaml", .line = 3},
	          "VirtualRouter r",
	          "spec.x",
	          "is wrong"},
	         "a.yaml:3: VirtualRouter r: spec.x: is wrong\n"},
		{{MODEL_WARNING,
	          {.source = "a.yaml", .line = 3},
	          "VirtualRouter r",
	          "spec.x",
	          "looks odd"},
	         "a.yaml:3: VirtualRouter r: spec.x: warning: looks odd\n"},
		{{MODEL_ERROR,
	          {.source = "kubernetes", .line = 0},
	          "AddressPool p",
	          "",
	          "is wrong"},
	         "kubernetes: AddressPool p: is wrong\n"},
		{{MODEL_ERROR, {.source = "a.yaml", .line = 0}, "", "", "can't be read"},
	         "a.yaml: can't be read\n"},
	};
	struct text out = {0};

	model_problem_format(&rows[_i].problem, &out);
	ck_assert_str_eq(text_str(&out), rows[_i].line);
	text_done(&out);
}
END_TEST

START_TEST(texts_are_copied_and_control_characters_do_not_get_through)
{
	char source[] = "a\n.yaml", object[] = "o\tb", field[] = "f\x7f", word[] = "m\x1b[0m";
	struct model_origin origin = {.source = source, .line = 1};
	struct text out = {0};

	model_problem_add(&problems, MODEL_ERROR, origin, object, field, "is %s", word);
	source[0] = object[0] = field[0] = word[0] = 'x';
	model_problem_format(&problems.items[0], &out);
	ck_assert_str_eq(text_str(&out), "a?.yaml:1: o?b: f?: is m?[0m\n");
	text_done(&out);
}
END_TEST

START_TEST(they_are_sorted_by_source_and_line_and_then_by_finding)
{
	char order[16] = "";

	add("b.yaml", 1, "5");
	add("a.yaml", 9, "4");
	add("a.yaml", 2, "2");
	add("a.yaml", 2, "3");
	add("a.yaml", 0, "1");
	model_problems_sort(&problems);
	for (size_t i = 0; i < problems.count; i++)
		strcat(order, problems.items[i].message);
	ck_assert_str_eq(order, "12345");
}
END_TEST

START_TEST(beyond_the_limit_they_are_counted_and_not_kept)
{
	for (unsigned i = 0; i < MODEL_PROBLEMS_MAX + 7; i++)
		add("a.yaml", i, "again");
	ck_assert_uint_eq(problems.count, MODEL_PROBLEMS_MAX);
	ck_assert_uint_eq(problems.dropped_count, 7);
	ck_assert_uint_eq(problems.error_count, MODEL_PROBLEMS_MAX + 7);
}
END_TEST

START_TEST(warnings_that_nobody_has_a_use_for_are_neither_kept_nor_counted)
{
	const struct model_origin origin = {.source = "a.yaml"};

	problems.errors_only = true;
	ck_assert(!model_problem_is_kept(&problems, MODEL_WARNING));
	model_problem_add(&problems, MODEL_WARNING, origin, "", "", "odd");
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(problems.dropped_count, 0);
	ck_assert(model_problem_is_kept(&problems, MODEL_ERROR));
	add("a.yaml", 1, "wrong");
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_uint_eq(problems.error_count, 1);
}
END_TEST

START_TEST(warnings_are_no_errors)
{
	struct model_origin origin = {.source = "a.yaml", .line = 1};

	model_problem_add(&problems, MODEL_WARNING, origin, "", "", "hm");
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_uint_eq(problems.error_count, 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_problem", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_problem_is_one_line_with_what_is_known_of_its_place, 0, 4);
	tcase_add_test(tests, texts_are_copied_and_control_characters_do_not_get_through);
	tcase_add_test(tests, they_are_sorted_by_source_and_line_and_then_by_finding);
	tcase_add_test(tests, beyond_the_limit_they_are_counted_and_not_kept);
	tcase_add_test(tests, warnings_that_nobody_has_a_use_for_are_neither_kept_nor_counted);
	tcase_add_test(tests, warnings_are_no_errors);
	return unit_run(suite);
}
