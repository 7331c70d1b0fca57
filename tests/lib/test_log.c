/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char lines[1000];
static int line_count;

static void keep_line(void *ctx, const char *line)
{
	ck_assert_ptr_eq(ctx, lines);
	snprintf(lines, sizeof(lines), "%s", line);
	line_count++;
}

static void set_up(void)
{
	line_count = 0;
	unsetenv("JOURNAL_STREAM");
	log_set_sink(keep_line, lines);
}

static void tear_down(void)
{
	log_set_sink(NULL, NULL);
}

START_TEST(what_is_above_the_level_is_not_said)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
	log_error("a", "x");
	log_warn("a", "x");
	ck_assert_int_eq(line_count, 2);
	log_notice("a", "x");
	log_info("a", "x");
	log_debug("a", "x");
	ck_assert_int_eq(line_count, 2);
}
END_TEST

START_TEST(a_line_of_text_has_time_level_and_component)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	log_notice("vrrp", "state vrid=%d", 51);
	ck_assert_uint_eq(strlen(lines), 24 + strlen(" notice vrrp: state vrid=51"));
	ck_assert_str_eq(lines + 24, " notice vrrp: state vrid=51");
}
END_TEST

START_TEST(a_line_of_json_is_an_object)
{
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
	log_debug("vrrp", "state vrid=%d", 51);
	ck_assert_int_eq(strncmp(lines, "{\"time\":\"2", 10), 0);
	ck_assert_str_eq(lines + strlen("{\"time\":\"") + 24,
	                 "\",\"level\":\"debug\",\"component\":\"vrrp\",\"message\":\"state\","
	                 "\"vrid\":51}");
}
END_TEST

START_TEST(it_leaves_errno_alone)
{
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	errno = ENOBUFS;
	log_error("a", "x");
	ck_assert_int_eq(errno, ENOBUFS);
}
END_TEST

/* Puts a pipe in the place of standard error, logs, and gives what was written. */
static void log_through_pipe(const char *stream_format, char *ret_text, size_t size)
{
	int ends[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	struct stat st;
	char stream[64];
	ssize_t n;

	ck_assert_int_ge(saved, 0);
	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%" PRIu64 ":%s%" PRIu64, (uint64_t)st.st_dev,
	         stream_format, (uint64_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_set_sink(NULL, NULL);
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_warn("main", "degraded n=%d", 1);
	n = read(ends[0], ret_text, size - 1);
	dup2(saved, STDERR_FILENO);
	ck_assert_int_gt(n, 0);
	ret_text[n] = '\0';
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

START_TEST(the_journal_gets_priorities_instead_of_times)
{
	char text[200];

	log_through_pipe("", text, sizeof(text));
	ck_assert_str_eq(text, "<4>main: degraded n=1\n");
}
END_TEST

START_TEST(a_journal_that_is_somebody_elses_is_none)
{
	char text[200];

	log_through_pipe("1", text, sizeof(text));
	ck_assert_str_eq(text + 24, " warn main: degraded n=1\n");
}
END_TEST

static const struct {
	const char *name;
	int level; /* 0: none */
} level_rows[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"notice", LOG_LEVEL_NOTICE},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{"", 0},
	{"Error", 0},
	{"debug ", 0},
	{"7", 0},
};

START_TEST(levels_have_names)
{
	enum log_level level = (enum log_level)0;

	ck_assert_int_eq(log_level_parse(level_rows[_i].name, &level), level_rows[_i].level != 0);
	ck_assert_int_eq((int)level, level_rows[_i].level);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("log", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_is_above_the_level_is_not_said);
	tcase_add_test(tests, a_line_of_text_has_time_level_and_component);
	tcase_add_test(tests, a_line_of_json_is_an_object);
	tcase_add_test(tests, it_leaves_errno_alone);
	tcase_add_test(tests, the_journal_gets_priorities_instead_of_times);
	tcase_add_test(tests, a_journal_that_is_somebody_elses_is_none);
	tcase_add_loop_test(tests, levels_have_names, 0, LT_ARRAY_SIZE(level_rows));
	return unit_run(suite);
}
