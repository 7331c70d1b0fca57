/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Golden texts: what a person sees for an answer of the daemon. LINTEL_GOLDEN_WRITE=1 writes them
 * anew; read the difference before committing it. */
#include "daemon/render.h"
#include "lib/fileio.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void status(const json_t *json, const struct table_style *style, struct text *out)
{
	render_status(json, style, out);
}

static void servers(const json_t *json, const struct table_style *style, struct text *out)
{
	render_list(json, RENDER_LIST_SERVERS, style, out);
}

static void stats(const json_t *json, const struct table_style *style, struct text *out)
{
	render_list(json, RENDER_LIST_STATS, style, out);
}

static void rate(const json_t *json, const struct table_style *style, struct text *out)
{
	render_list(json, RENDER_LIST_RATE, style, out);
}

static void connections(const json_t *json, const struct table_style *style, struct text *out)
{
	render_list(json, RENDER_LIST_CONNECTIONS, style, out);
}

static void explain(const json_t *json, const struct table_style *style, struct text *out)
{
	render_explain(json, style, out);
}

static const struct row {
	void (*render)(const json_t *json, const struct table_style *style, struct text *out);
	const char *json;   /* tests/daemon/golden/NAME.json */
	const char *golden; /* tests/daemon/golden/NAME.txt */
	unsigned width;
	bool colour;
} rows[] = {
	{status, "status-active", "status-active", 80, false},
	{status, "status-active", "status-active-colour", 80, true},
	{status, "status-replicating", "status-replicating", 80, false},
	{status, "status-alone", "status-alone", 80, false},
	{status, "status-troubled", "status-troubled", 80, false},
	{status, "status-troubled", "status-troubled-60", 60, false},
	{status, "status-leaving", "status-leaving", 80, false},
	{status, "empty", "status-empty", 80, false},
	{servers, "list", "list", 80, false},
	{servers, "list", "list-colour", 80, true},
	{servers, "list-checked", "list-checked", 80, false},
	{servers, "list-checked", "list-checked-colour", 80, true},
	{status, "status-checked", "status-checked", 80, false},
	{status, "status-tracking", "status-tracking", 80, false},
	{servers, "list-ipv6", "list-ipv6", 80, false},
	{servers, "list-ipv6", "list-ipv6-132", 132, false},
	{servers, "empty", "list-empty", 80, false},
	{stats, "list", "list-stats", 80, false},
	{stats, "list-ipv6", "list-ipv6-stats", 80, false},
	{rate, "list", "list-rate", 80, false},
	{connections, "connections", "connections", 80, false},
	{connections, "connections-ipv6", "connections-ipv6", 80, false},
	{connections, "connections-ipv6", "connections-ipv6-132", 132, false},
	{connections, "empty", "connections-empty", 80, false},
	{explain, "explain-answers", "explain-answers", 80, false},
	{explain, "explain-silent", "explain-silent", 80, false},
	{explain, "explain-checked", "explain-checked", 80, false},
	{explain, "explain-backup", "explain-backup", 80, false},
	{explain, "explain-backup", "explain-backup-colour", 80, true},
	{explain, "empty", "explain-empty", 80, false},
};

static void path_of(const char *name, const char *end, char path[static 512])
{
	snprintf(path, 512, "%s/%s.%s", GOLDEN_DIR, name, end);
}

static struct text render(const struct row *row)
{
	const struct table_style style = {.width = row->width, .colour = row->colour};
	struct text out = {0};
	json_error_t error;
	char path[512];

	path_of(row->json, "json", path);
	json_t *json = json_load_file(path, 0, &error);
	ck_assert_msg(json, "%s: %s", path, error.text);
	row->render(json, &style, &out);
	json_decref(json);
	return out;
}

START_TEST(an_answer_reads_as_the_golden_text)
{
	const struct row *row = &rows[_i];
	struct text out = render(row);
	char path[512];
	char *golden;
	size_t size;

	path_of(row->golden, "txt", path);
	if (getenv("LINTEL_GOLDEN_WRITE"))
		ck_assert_int_eq(fileio_replace(path, text_str(&out), out.len, 0644), 0);
	ck_assert_int_eq(fileio_read(path, 1 << 20, &golden, &size), 0);
	ck_assert_msg(strcmp(golden, text_str(&out)) == 0, "%s differs; it is now:\n%s", path,
	              text_str(&out));
	free(golden);
	text_done(&out);
}
END_TEST

START_TEST(no_line_is_wider_than_the_terminal_nor_ends_in_blanks)
{
	const struct row *row = &rows[_i];
	struct text out;

	if (row->colour) /* the same text, with escape sequences */
		return;
	out = render(row);
	for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert_msg(table_width(line) <= row->width, "%s: %zu columns: %s", row->golden,
		              table_width(line), line);
		ck_assert_msg(line[strlen(line) - 1] != ' ', "%s: blanks after: %s", row->golden,
		              line);
	}
	text_done(&out);
}
END_TEST

START_TEST(colours_change_nothing_but_the_colours)
{
	struct row plain = rows[_i], coloured = rows[_i];

	plain.colour = false;
	coloured.colour = true;
	struct text without = render(&plain), with = render(&coloured);
	struct text stripped = {0};
	for (const char *s = text_str(&with); *s; s++) {
		if (*s == '\033')
			s = strchr(s, 'm');
		else
			text_add_len(&stripped, s, 1);
	}
	ck_assert_str_eq(text_str(&stripped), text_str(&without));
	text_done(&stripped);
	text_done(&with);
	text_done(&without);
}
END_TEST

static const struct {
	double seconds;
	const char *text;
} spans[] = {
	{-1, "0ms"},      {0, "0ms"},         {0.0404, "40ms"},    {0.9994, "999ms"},
	{0.9999, "1s"},   {1, "1s"},          {1.5, "1.5s"},       {9.94, "9.9s"},
	{9.96, "9s"},     {59.9994, "59s"},   {59.9999, "1m"},     {60, "1m"},
	{61, "1m 1s"},    {3600, "1h"},       {11522.8, "3h 12m"}, {86400, "1d"},
	{90000, "1d 1h"}, {172799, "1d 23h"}, {8640000, "100d"},
};

START_TEST(a_span_has_two_units)
{
	char buf[RENDER_BUF_SIZE];

	ck_assert_str_eq(render_span(spans[_i].seconds, buf), spans[_i].text);
}
END_TEST

static const struct {
	double value;
	const char *text;
} counts[] = {
	{0, "0"},
	{-3, "0"},
	{1.4, "1"},
	{99999999, "99999999"},
	{100000000, "100000K"},
	{9999999000.0, "9999999K"},
	{10000000000.0, "10000M"},
	{18446744073709551615.0, "18447P"},
};

START_TEST(a_count_has_eight_characters_at_most)
{
	char buf[RENDER_BUF_SIZE];

	ck_assert_str_eq(render_count(counts[_i].value, buf), counts[_i].text);
	ck_assert_uint_le(strlen(buf), 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/render");
	TCase *tcase = tcase_create("render");
	int rows_count = LT_ARRAY_SIZE(rows);

	tcase_add_loop_test(tcase, an_answer_reads_as_the_golden_text, 0, rows_count);
	tcase_add_loop_test(tcase, no_line_is_wider_than_the_terminal_nor_ends_in_blanks, 0,
	                    rows_count);
	tcase_add_loop_test(tcase, colours_change_nothing_but_the_colours, 0, rows_count);
	tcase_add_loop_test(tcase, a_span_has_two_units, 0, LT_ARRAY_SIZE(spans));
	tcase_add_loop_test(tcase, a_count_has_eight_characters_at_most, 0, LT_ARRAY_SIZE(counts));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
