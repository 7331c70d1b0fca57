/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/options.h"

#include "lib/mem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char *const colours[] = {"red", "green", NULL};
static const struct options_option options[] = {
	{.name = "config", .letter = 'c', .value = "PATH", .repeatable = true, .help = "where"},
	{.name = "colour", .value = "COLOUR", .choices = colours, .help = "which"},
	{.name = "stats", .letter = 's', .help = "totals"},
	{.name = "a-name-that-is-too-long-for-its-column", .value = "X", .help = "what"},
};
static const struct options_usage usage = {
	.name = "paint",
	.summary = "paints",
	.description =
		"Paints what it is given.\nA second paragraph that is long enough to be broken "
		"at the eightieth column, as paragraphs are.",
	.operands = "WALL...",
	.operand_min = 1,
	.operand_max = 2,
	.options = options,
	.option_count = LT_ARRAY_SIZE(options),
};

#define ARGS_MAX 12
struct parsed {
	char *argv[ARGS_MAX + 1]; /* copies: getopt_long permutes */
	char *copies[ARGS_MAX];
	int argc;
	enum options_outcome outcome;
	struct options_given given;
	struct text error;
};

/* 'line' is split at blanks. */
static struct parsed *parse(const char *line)
{
	struct parsed *p = xcalloc(1, sizeof(*p));
	char *copy = xstrdup(line);

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		ck_assert_int_lt(p->argc, ARGS_MAX);
		p->copies[p->argc] = xstrdup(word);
		p->argv[p->argc] = p->copies[p->argc];
		p->argc++;
	}
	free(copy);
	p->outcome = options_parse(&usage, p->argc, p->argv, &p->given, &p->error);
	return p;
}

static void parsed_free(struct parsed *p)
{
	options_given_done(&p->given);
	text_done(&p->error);
	for (int i = 0; i < p->argc; i++)
		free(p->copies[i]);
	free(p);
}

static const struct {
	const char *line, *error;
} wrong[] = {
	{"paint", "WALL... is missing"},
	{"paint --stast wall", "unknown option '--stast'; did you mean '--stats'?"},
	{"paint --stast=3 wall", "unknown option '--stast'; did you mean '--stats'?"},
	{"paint --zebra wall", "unknown option '--zebra'"},
	{"paint --hlep wall", "unknown option '--hlep'; did you mean '--help'?"},
	{"paint --c wall", "unknown option '--c'"}, /* config or colour? */
	{"paint -x wall", "unknown option '-x'"},
	{"paint -sx wall", "unknown option '-x'"},
	{"paint --stats=yes wall", "option '--stats' takes no value"},
	{"paint --help=me", "option '--help' takes no value"},
	{"paint wall --config", "option '--config' wants a value: --config PATH"},
	{"paint wall -c", "option '--config' wants a value: --config PATH"},
	{"paint --colour=gren wall",
         "option '--colour': COLOUR: 'gren' is none of red, green; did you mean 'green'?"},
	{"paint --colour=blue wall", "option '--colour': COLOUR: 'blue' is none of red, green"},
	{"paint a b c", "'c' is one too many: paint takes WALL..."},
};

START_TEST(wrong_usage_is_said_with_what_was_meant)
{
	struct parsed *p = parse(wrong[_i].line);

	ck_assert_int_eq(p->outcome, OPTIONS_WRONG);
	ck_assert_str_eq(text_str(&p->error), wrong[_i].error);
	parsed_free(p);
}
END_TEST

START_TEST(values_and_operands_may_stand_in_any_order)
{
	struct parsed *p = parse("paint -c one wall --colour=green --config two other -s");
	size_t count;

	ck_assert_int_eq(p->outcome, OPTIONS_RUN);
	ck_assert_uint_eq(p->given.operand_count, 2);
	ck_assert_str_eq(p->given.operands[0], "wall");
	ck_assert_str_eq(p->given.operands[1], "other");
	char **values = options_values(&p->given, "config", "three", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(values[0], "one");
	ck_assert_str_eq(values[1], "two");
	free(values);
	ck_assert_str_eq(options_value(&p->given, "config", "three"), "two");
	ck_assert_uint_eq(options_choice(&p->given, "colour", "red"), 1);
	ck_assert(options_has(&p->given, "stats"));
	parsed_free(p);
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
	struct parsed *p = parse("paint wall");
	size_t count;

	ck_assert_int_eq(p->outcome, OPTIONS_RUN);
	char **values = options_values(&p->given, "config", "three", &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(values[0], "three");
	free(values);
	ck_assert_uint_eq(options_choice(&p->given, "colour", "green"), 1);
	ck_assert_ptr_null(options_value(&p->given, "colour", NULL));
	ck_assert(!options_has(&p->given, "stats"));
	parsed_free(p);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	struct parsed *p = parse("paint -- --stats");

	ck_assert_int_eq(p->outcome, OPTIONS_RUN);
	ck_assert_str_eq(p->given.operands[0], "--stats");
	ck_assert(!options_has(&p->given, "stats"));
	parsed_free(p);
}
END_TEST

START_TEST(an_abbreviation_that_means_one_option_is_understood)
{
	struct parsed *p = parse("paint --col red wall");

	ck_assert_int_eq(p->outcome, OPTIONS_RUN);
	ck_assert_str_eq(options_value(&p->given, "colour", ""), "red");
	parsed_free(p);
}
END_TEST

START_TEST(help_is_given_even_when_operands_are_missing)
{
	struct parsed *p = parse(_i ? "paint -h" : "paint --help");

	ck_assert_int_eq(p->outcome, OPTIONS_HELP);
	parsed_free(p);
}
END_TEST

START_TEST(parsing_begins_anew_each_time)
{
	parsed_free(parse("paint -sx wall")); /* stops in the middle of a word */
	struct parsed *p = parse("paint -s wall");
	ck_assert_int_eq(p->outcome, OPTIONS_RUN);
	ck_assert(options_has(&p->given, "stats"));
	parsed_free(p);
}
END_TEST

START_TEST(help_shows_every_option_in_columns)
{
	struct text out = {0};

	options_help(&usage, 80, &out);
	ck_assert_str_eq(
		text_str(&out),
		"Usage: lintel paint [OPTION]... WALL...\n"
		"\n"
		"Paints what it is given.\n"
		"A second paragraph that is long enough to be broken at the eightieth column, "
		"as\n"
		"paragraphs are.\n"
		"\n"
		"Options:\n"
		"  -c, --config PATH       where\n"
		"      --colour red|green  which\n"
		"  -s, --stats             totals\n"
		"      --a-name-that-is-too-long-for-its-column X\n"
		"                          what\n"
		"  -h, --help              show this help\n"
		"\n"
		"Exit code:\n"
		"  0: done; 1: failed; 2: wrong usage.\n");
	text_done(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/options");
	TCase *tcase = tcase_create("options");

	tcase_add_loop_test(tcase, wrong_usage_is_said_with_what_was_meant, 0,
	                    LT_ARRAY_SIZE(wrong));
	tcase_add_test(tcase, values_and_operands_may_stand_in_any_order);
	tcase_add_test(tcase, what_is_not_given_has_its_default);
	tcase_add_test(tcase, two_dashes_end_the_options);
	tcase_add_test(tcase, an_abbreviation_that_means_one_option_is_understood);
	tcase_add_loop_test(tcase, help_is_given_even_when_operands_are_missing, 0, 2);
	tcase_add_test(tcase, parsing_begins_anew_each_time);
	tcase_add_test(tcase, help_shows_every_option_in_columns);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
