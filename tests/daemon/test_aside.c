/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/aside.h"

#include "lib/fileio.h"
#include "lib/log.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char lines[1000];
static char state[SCRATCH_PATH_SIZE], beside[SCRATCH_PATH_SIZE];
static struct problems problems;

static void note(void *ctx, const char *line)
{
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", line);
}

static void setup(void)
{
	scratch_dir_make();
	scratch_dir_path("drained", state);
	scratch_dir_path("drained" ASIDE_SUFFIX, beside);
	log_set_sink(note, NULL);
	problems_init(&problems, "state");
}

static void teardown(void)
{
	problems_done(&problems);
	log_set_sink(NULL, NULL);
	scratch_dir_remove();
}

static size_t look(void)
{
	problems_begin(&problems);
	aside_look(scratch_dir, &problems);
	problems_end(&problems);
	return problems.count;
}

START_TEST(what_is_put_aside_is_a_problem_until_it_is_removed)
{
	char *data;
	size_t size;

	ck_assert_uint_eq(look(), 0);
	ck_assert_int_eq(fileio_replace(state, "precious", 8, 0600), 0);
	aside_put(state, "is damaged");
	ck_assert_ptr_nonnull(strstr(lines, "which is damaged; put aside as"));
	ck_assert_int_eq(access(state, F_OK), -1);
	ck_assert_uint_eq(look(), 1);
	ck_assert_ptr_nonnull(strstr(problems.items[0], "servers that were drained"));
	ck_assert_int_eq(fileio_read(beside, 100, &data, &size), 0);
	ck_assert_str_eq(data, "precious");
	free(data);
	ck_assert_int_eq(unlink(beside), 0);
	ck_assert_uint_eq(look(), 0);
}
END_TEST

START_TEST(the_last_one_is_kept)
{
	char *data;
	size_t size;

	for (const char *text = "01"; *text; text++) {
		ck_assert_int_eq(fileio_replace(state, text, 1, 0600), 0);
		aside_put(state, "is damaged");
	}
	ck_assert_int_eq(fileio_read(beside, 100, &data, &size), 0);
	ck_assert_str_eq(data, "1");
	free(data);
}
END_TEST

START_TEST(what_cannot_be_put_aside_is_told)
{
	ck_assert_int_eq(mkdir(beside, 0700), 0);
	ck_assert_int_eq(fileio_replace(state, "", 0, 0600), 0);
	aside_put(state, "is damaged");
	ck_assert_ptr_nonnull(strstr(lines, "it can't be put aside"));
	ck_assert_int_eq(access(state, F_OK), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/aside", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_is_put_aside_is_a_problem_until_it_is_removed);
	tcase_add_test(tests, the_last_one_is_kept);
	tcase_add_test(tests, what_cannot_be_put_aside_is_told);
	return unit_run(suite);
}
