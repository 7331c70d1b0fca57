/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/fileio.h"

#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char path[SCRATCH_PATH_SIZE];

static void set_up(void)
{
	scratch_dir_make();
	scratch_dir_path("file", path);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

static bool is_there(const char *name)
{
	return access(name, F_OK) == 0;
}

/* Sizes around the pieces in which it is read. */
static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 8191, 8192, 100000};

START_TEST(what_was_written_is_read)
{
	size_t size = sizes[_i], got_size = 1;
	char *written = malloc(size + 1), *got;

	memset(written, 'x', size);
	ck_assert_int_eq(fileio_replace(path, written, size, 0600), 0);
	ck_assert_int_eq(fileio_read(path, size, &got, &got_size), 0);
	ck_assert_uint_eq(got_size, size);
	ck_assert_int_eq(memcmp(got, written, size), 0);
	ck_assert_int_eq(got[size], '\0');
	free(got);
	free(written);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_at_once)
{
	char *got = NULL;
	size_t size = 7;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(fileio_read(path, 100, &got, &size), -EMEDIUMTYPE);
	ck_assert_int_eq(fileio_read("/dev/zero", 100, &got, &size), -EMEDIUMTYPE);
	ck_assert_int_eq(fileio_read(scratch_dir, 100, &got, &size), -EISDIR);
	ck_assert_ptr_null(got);
	ck_assert_uint_eq(size, 7);
}
END_TEST

START_TEST(a_stream_is_read_to_its_end)
{
	char *got, name[32];
	size_t size;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "12345", 5), 5);
	ck_assert_int_eq(close(ends[1]), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	ck_assert_int_eq(fileio_read_stream(name, 100, &got, &size), 0);
	ck_assert_str_eq(got, "12345");
	free(got);
}
END_TEST

START_TEST(a_file_beyond_the_limit_is_refused)
{
	char *got = NULL;
	size_t size = 7;

	ck_assert_int_eq(fileio_replace(path, "12345", 5, 0600), 0);
	ck_assert_int_eq(fileio_read(path, 4, &got, &size), -EFBIG);
	ck_assert_ptr_null(got);
	ck_assert_uint_eq(size, 7);
}
END_TEST

START_TEST(what_can_not_be_read_says_why)
{
	char *got;
	size_t size;

	ck_assert_int_eq(fileio_read(path, 10, &got, &size), -ENOENT);
	ck_assert_int_eq(fileio_read(scratch_dir, 10, &got, &size), -EISDIR);
	/* A file without an end is stopped by the limit. */
	ck_assert_int_eq(fileio_read_stream("/dev/zero", 10000, &got, &size), -EFBIG);
}
END_TEST

START_TEST(a_file_is_replaced_with_the_mode_asked_for)
{
	char *got;
	size_t size;

	umask(077);
	ck_assert_int_eq(fileio_replace(path, "old and longer", 14, 0600), 0);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(fileio_replace(path, "new", 3, 0644), 0);
	ck_assert_uint_eq(mode_of(path), 0644);
	ck_assert_int_eq(fileio_read(path, 100, &got, &size), 0);
	ck_assert_str_eq(got, "new");
	free(got);
}
END_TEST

START_TEST(who_has_the_old_file_open_goes_on_reading_it)
{
	char old[4] = "";
	int fd;

	ck_assert_int_eq(fileio_replace(path, "old", 3, 0600), 0);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(fileio_replace(path, "new", 3, 0600), 0);
	ck_assert_int_eq(read(fd, old, 3), 3);
	ck_assert_str_eq(old, "old");
	close(fd);
}
END_TEST

START_TEST(nothing_is_left_behind)
{
	char temporary[SCRATCH_PATH_SIZE], directory[SCRATCH_PATH_SIZE];

	scratch_dir_path("file.tmp", temporary);
	/* Not even what a crash once left there, or what somebody made it point to. */
	ck_assert_int_eq(symlink("victim", temporary), 0);
	ck_assert_int_eq(fileio_replace(path, "new", 3, 0600), 0);
	ck_assert(!is_there(temporary));
	ck_assert(!is_there(scratch_dir_path("victim", directory)));

	/* A file can't take a directory's place. */
	ck_assert_int_eq(fileio_mkdirs(scratch_dir_path("dir/x", directory), 0700), 0);
	scratch_dir_path("dir", directory);
	ck_assert_int_eq(fileio_replace(directory, "new", 3, 0600), -EISDIR);
	ck_assert(!is_there(scratch_dir_path("dir.tmp", temporary)));
	ck_assert_int_eq(fileio_replace(scratch_dir_path("none/file", temporary), "new", 3, 0600),
	                 -ENOENT);
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_old_file_and_nothing_else)
{
	const struct rlimit small = {.rlim_cur = 10, .rlim_max = 10};
	char temporary[SCRATCH_PATH_SIZE];
	char *got;
	size_t size;

	ck_assert_int_eq(fileio_replace(path, "old", 3, 0600), 0);
	/* In place of a full disk: no file may grow beyond 10 bytes. */
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(fileio_replace(path, "new and too long", 16, 0600), -EFBIG);
	ck_assert(!is_there(scratch_dir_path("file.tmp", temporary)));
	ck_assert_int_eq(fileio_read(path, 100, &got, &size), 0);
	ck_assert_str_eq(got, "old");
	free(got);
	/* Poking is one write: half of it is a failure, too. */
	ck_assert_int_eq(fileio_poke(path, "0123456789abcdef"), -EIO);
}
END_TEST

START_TEST(a_bare_name_is_in_the_working_directory)
{
	ck_assert_int_eq(chdir(scratch_dir), 0);
	ck_assert_int_eq(fileio_replace("file", "x", 1, 0600), 0);
	ck_assert(is_there(path));
}
END_TEST

START_TEST(poking_writes_what_is_there_and_makes_nothing)
{
	char *got;
	size_t size;

	ck_assert_int_eq(fileio_poke(path, "1"), -ENOENT);
	ck_assert(!is_there(path));
	ck_assert_int_eq(fileio_replace(path, "0\n", 2, 0640), 0);
	ck_assert_int_eq(fileio_poke(path, "1"), 0);
	ck_assert_int_eq(fileio_read(path, 100, &got, &size), 0);
	ck_assert_str_eq(got, "1\n"); /* not truncated: a sysctl has no size */
	free(got);
	ck_assert_int_eq(fileio_poke("/dev/full", "1"), -ENOSPC);
}
END_TEST

START_TEST(directories_are_made_on_the_way)
{
	char deep[SCRATCH_PATH_SIZE], part[SCRATCH_PATH_SIZE];

	umask(022);
	scratch_dir_path("a/b//c/", deep);
	ck_assert_int_eq(fileio_mkdirs(deep, 0750), 0);
	ck_assert_uint_eq(mode_of(scratch_dir_path("a", part)), 0750);
	ck_assert_uint_eq(mode_of(scratch_dir_path("a/b/c", part)), 0750);
	ck_assert_int_eq(fileio_mkdirs(deep, 0700), 0); /* again: it is there */
	ck_assert_uint_eq(mode_of(part), 0750);
	ck_assert_int_eq(fileio_mkdirs("/", 0700), 0);
	ck_assert_int_eq(fileio_mkdirs("", 0700), -ENOENT);
}
END_TEST

START_TEST(a_file_in_the_way_is_no_directory)
{
	char deep[SCRATCH_PATH_SIZE];

	ck_assert_int_eq(fileio_replace(path, "", 0, 0600), 0);
	ck_assert_int_eq(fileio_mkdirs(path, 0700), -ENOTDIR);
	ck_assert_int_eq(fileio_mkdirs(scratch_dir_path("file/x", deep), 0700), -ENOTDIR);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("fileio", &tests);

	tcase_add_checked_fixture(tests, set_up, scratch_dir_remove);
	tcase_add_loop_test(tests, what_was_written_is_read, 0, LT_ARRAY_SIZE(sizes));
	tcase_add_test(tests, what_is_no_regular_file_is_refused_at_once);
	tcase_add_test(tests, a_stream_is_read_to_its_end);
	tcase_add_test(tests, a_file_beyond_the_limit_is_refused);
	tcase_add_test(tests, what_can_not_be_read_says_why);
	tcase_add_test(tests, a_file_is_replaced_with_the_mode_asked_for);
	tcase_add_test(tests, who_has_the_old_file_open_goes_on_reading_it);
	tcase_add_test(tests, nothing_is_left_behind);
	tcase_add_test(tests, a_write_that_fails_leaves_the_old_file_and_nothing_else);
	tcase_add_test(tests, a_bare_name_is_in_the_working_directory);
	tcase_add_test(tests, poking_writes_what_is_there_and_makes_nothing);
	tcase_add_test(tests, directories_are_made_on_the_way);
	tcase_add_test(tests, a_file_in_the_way_is_no_directory);
	return unit_run(suite);
}
