/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/table.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = {
	{.title = "NAME", .shrinks = true},
	{.title = "COUNT", .align = TABLE_RIGHT},
	{.title = "WHY", .shrinks = true},
};

static struct table *sample(void)
{
	struct table *table = table_new(columns, LT_ARRAY_SIZE(columns));

	table_cell(table, TABLE_STRONG, "front");
	table_cell(table, TABLE_PLAIN, "%d", 7);
	table_cell(table, TABLE_BAD, "nobody was heard");
	table_cell(table, TABLE_STRONG, "b");
	table_cell(table, TABLE_PLAIN, "%d", 12345);
	table_end_row(table);
	return table;
}

static void expect(struct table *table, unsigned indent, struct table_style style,
                   const char *wanted)
{
	struct text out = {0};

	table_print(table, indent, &style, &out);
	ck_assert_str_eq(text_str(&out), wanted);
	text_done(&out);
	table_free(table);
}

START_TEST(columns_are_aligned_and_lines_end_without_blanks)
{
	expect(sample(), 0, (struct table_style){.width = 80},
	       "NAME   COUNT  WHY\n"
	       "front      7  nobody was heard\n"
	       "b      12345\n");
}
END_TEST

START_TEST(a_table_is_indented)
{
	expect(sample(), 3, (struct table_style){.width = 80},
	       "   NAME   COUNT  WHY\n"
	       "   front      7  nobody was heard\n"
	       "   b      12345\n");
}
END_TEST

START_TEST(the_widest_column_that_may_shrink_is_cut_first)
{
	expect(sample(), 0, (struct table_style){.width = 22},
	       "NAME   COUNT  WHY\n"
	       "front      7  nobod...\n"
	       "b      12345\n");
}
END_TEST

START_TEST(columns_that_may_not_shrink_are_never_cut)
{
	static const struct table_column rigid[] = {{.title = ""}};
	struct table *table = table_new(rigid, 1);

	table_cell(table, TABLE_PLAIN, "0123456789");
	expect(table, 0, (struct table_style){.width = 5}, "0123456789\n");
}
END_TEST

START_TEST(colours_surround_the_text_alone)
{
	expect(sample(), 0, (struct table_style){.width = 80, .colour = true},
	       "\033[1mNAME\033[0m   \033[1mCOUNT\033[0m  \033[1mWHY\033[0m\n"
	       "\033[1mfront\033[0m      7  \033[1;31mnobody was heard\033[0m\n"
	       "\033[1mb\033[0m      12345\n");
}
END_TEST

START_TEST(a_table_without_rows_is_nothing)
{
	expect(table_new(columns, LT_ARRAY_SIZE(columns)), 2, (struct table_style){.width = 80},
	       "");
}
END_TEST

START_TEST(an_unfinished_row_only_is_filled_up)
{
	struct table *table = table_new(columns, LT_ARRAY_SIZE(columns));

	table_end_row(table);
	table_cell(table, TABLE_PLAIN, "x");
	table_end_row(table);
	table_end_row(table);
	expect(table, 0, (struct table_style){.width = 80}, "NAME  COUNT  WHY\nx\n");
}
END_TEST

START_TEST(the_natural_width_counts_gaps_and_titles)
{
	struct table *table = sample();

	ck_assert_uint_eq(table_natural_width(table), 5 + 2 + 5 + 2 + 16);
	table_free(table);
}
END_TEST

static const struct {
	const char *in, *out;
	size_t width;
} cleaned[] = {
	{"plain", "plain", 5},
	{"\033[31mred", "?[31mred", 8},
	{"a\nb\tc\rd", "a?b?c?d", 7},
	{"\x7f", "?", 1},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 4},
	{"\xc2\x9b"
         "31m",
         "?31m", 4},                         /* C1 control: CSI in one character */
	{"\xff\xc3", "??", 2},               /* no UTF-8 */
	{"\xe2\x82\xac", "\xe2\x82\xac", 1}, /* three bytes */
	{"\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82", 1},
};

START_TEST(nobodys_text_steers_the_terminal)
{
	struct text out = {0};

	table_tone(&out, TABLE_BAD, false, cleaned[_i].in);
	ck_assert_str_eq(text_str(&out), cleaned[_i].out);
	ck_assert_uint_eq(table_width(cleaned[_i].in), cleaned[_i].width);
	text_done(&out);
}
END_TEST

static const struct {
	const char *in;
	unsigned column, indent, width;
	const char *out;
} paragraphs[] = {
	{"", 0, 0, 20, "\n"},
	{"one two three", 0, 0, 20, "one two three\n"},
	{"one two three", 0, 0, 9, "one two\nthree\n"},
	{"one two three", 0, 2, 12, "  one two\n  three\n"},
	{"one two three", 5, 2, 12, "one two\n  three\n"},
	{"one\ntwo", 0, 2, 20, "  one\n  two\n"},
	{"abcdefghijklmnop", 0, 0, 12, "abcdefghijkl\nmnop\n"},
	{"abcdefghij", 8, 2, 14, "\n  abcdefghij\n"}, /* better whole in the next line */
	{"a\033b", 0, 0, 20, "a?b\n"},
	{"  blanks   are one ", 0, 0, 20, "blanks are one\n"},
};

START_TEST(a_paragraph_is_broken_at_blanks)
{
	struct text out = {0};

	table_paragraph(&out, paragraphs[_i].in, paragraphs[_i].column, paragraphs[_i].indent,
	                paragraphs[_i].width);
	ck_assert_str_eq(text_str(&out), paragraphs[_i].out);
	text_done(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/table");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, columns_are_aligned_and_lines_end_without_blanks);
	tcase_add_test(tcase, a_table_is_indented);
	tcase_add_test(tcase, the_widest_column_that_may_shrink_is_cut_first);
	tcase_add_test(tcase, columns_that_may_not_shrink_are_never_cut);
	tcase_add_test(tcase, colours_surround_the_text_alone);
	tcase_add_test(tcase, a_table_without_rows_is_nothing);
	tcase_add_test(tcase, an_unfinished_row_only_is_filled_up);
	tcase_add_test(tcase, the_natural_width_counts_gaps_and_titles);
	tcase_add_loop_test(tcase, nobodys_text_steers_the_terminal, 0, LT_ARRAY_SIZE(cleaned));
	tcase_add_loop_test(tcase, a_paragraph_is_broken_at_blanks, 0, LT_ARRAY_SIZE(paragraphs));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
