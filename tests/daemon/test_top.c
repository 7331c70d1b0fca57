/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures are golden texts, as in test_render.c. */
#include "daemon/top.h"
#include "lib/fileio.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static json_t *load(const char *name)
{
	char path[512];
	json_error_t error;

	snprintf(path, sizeof(path), "%s/%s.json", GOLDEN_DIR, name);
	json_t *json = json_load_file(path, 0, &error);
	ck_assert_msg(json, "%s: %s", path, error.text);
	return json;
}

static void take_with(struct top *top, double rate, const char *status)
{
	json_t *list = load("list");
	json_t *first = json_array_get(json_object_get(list, "virtualServers"), 0);

	json_object_set_new(json_object_get(first, "rates"), "connections", json_real(rate));
	top_take(top, list, load(status));
}

static void take(struct top *top, double rate)
{
	take_with(top, rate, "status-active");
}

static const struct row {
	const char *golden;
	const char *keys;
	unsigned width, height;
	bool ascii, colour;
	const char *status; /* NULL: status-active */
} rows[] = {
	{"top", "", 80, 24, false, false, NULL},
	{"top-ascii", "", 80, 24, true, false, NULL},
	{"top-servers", "s", 80, 24, false, false, NULL},
	{"top-name-reversed", "nr", 100, 0, false, false, NULL},
	{"top-colour", "s", 100, 24, false, true, NULL},
	{"top-narrow", "", 60, 5, false, false, NULL},
	{"top-restrained", "", 80, 8, false, false, "status-tracking"},
	{"top-routers", "v", 80, 0, false, false, "status-tracking"},
	{"top-routers-below", "vjj", 80, 8, false, false, "status-tracking"},
	{"top-routers-colour", "v", 80, 24, false, true, "status-tracking"},
};

static struct text render(const struct row *row)
{
	const struct table_style style = {.width = row->width, .colour = row->colour};
	struct top top = {.ascii = row->ascii};
	struct text out = {0};

	for (unsigned i = 0; i < 25; i++)
		take_with(&top, i % 8, row->status ? row->status : "status-active");
	for (const char *key = row->keys; *key; key++)
		ck_assert_int_eq(top_key(&top, *key, 10), TOP_KEY_CHANGED);
	top_render(&top, &style, row->height, &out);
	top_done(&top);
	return out;
}

START_TEST(picture_is_the_golden_text_and_fits_the_terminal)
{
	const struct row *row = &rows[_i];
	struct text out = render(row);
	char path[512];
	char *golden;
	size_t size, lines = 0;

	snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN_DIR, row->golden);
	if (getenv("LINTEL_GOLDEN_WRITE"))
		ck_assert_int_eq(fileio_replace(path, text_str(&out), out.len, 0644), 0);
	ck_assert_int_eq(fileio_read(path, 1 << 20, &golden, &size), 0);
	ck_assert_msg(strcmp(golden, text_str(&out)) == 0, "%s differs; it is now:\n%s", path,
	              text_str(&out));
	for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"), lines++)
		ck_assert_msg(row->colour || table_width(line) <= row->width, "%s", line);
	ck_assert(row->height == 0 || lines <= row->height);
	free(golden);
	text_done(&out);
}
END_TEST

START_TEST(busiest_comes_first_and_the_same_key_again_turns_it_round)
{
	const struct table_style style = {.width = 100};
	struct text out = {0};
	struct top top = {0};

	take(&top, 7);
	top_render(&top, &style, 0, &out);
	ck_assert(strstr(text_str(&out), "10.77.0.100:80") <
	          strstr(text_str(&out), "10.77.0.101:16384"));
	text_clear(&out);
	ck_assert_int_eq(top_key(&top, 'c', 10), TOP_KEY_CHANGED);
	top_render(&top, &style, 0, &out);
	ck_assert(strstr(text_str(&out), "10.77.0.100:80") >
	          strstr(text_str(&out), "10.77.0.101:16384"));
	text_done(&out);
	top_done(&top);
}
END_TEST

START_TEST(what_is_gone_is_forgotten_and_scrolling_stays_within)
{
	const struct table_style style = {.width = 100};
	struct text out = {0};
	struct top top = {0};

	take(&top, 7);
	ck_assert_int_eq(top_key(&top, TOP_KEY_PAGE_DOWN, 1000), TOP_KEY_CHANGED);
	top_render(&top, &style, 0, &out);
	ck_assert_uint_lt(top.scroll, top.row_count);
	ck_assert_int_eq(top_key(&top, TOP_KEY_PAGE_UP, 1000), TOP_KEY_CHANGED);
	ck_assert_uint_eq(top.scroll, 0);
	top_take(&top, load("empty"), load("empty"));
	text_clear(&out);
	top_render(&top, &style, 24, &out);
	ck_assert_uint_eq(top.row_count, 0);
	ck_assert_ptr_null(strstr(text_str(&out), "10.77.0.100"));
	ck_assert_int_eq(top_key(&top, 'x', 10), TOP_KEY_UNKNOWN);
	ck_assert_int_eq(top_key(&top, 'q', 10), TOP_KEY_QUIT);
	text_done(&out);
	top_done(&top);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/top", &tests);

	tcase_add_loop_test(tests, picture_is_the_golden_text_and_fits_the_terminal, 0,
	                    (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, busiest_comes_first_and_the_same_key_again_turns_it_round);
	tcase_add_test(tests, what_is_gone_is_forgotten_and_scrolling_stays_within);
	return unit_run(suite);
}
