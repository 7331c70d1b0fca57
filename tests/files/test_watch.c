/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each change is made, then the loop runs until it is told; a change that nobody must tell is
 * followed by one that is told, and it is told once. */
#include "files/watch.h"

#include "lib/mono.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <string.h>
#include <sys/stat.h>

#define QUIET_US 2000

static struct loop *loop;
static struct files_watch *watch;
static unsigned told;
static struct loop_deadline patience;

static void changed(void *ctx)
{
	ck_assert_ptr_eq(ctx, &told);
	told++;
	loop_stop(loop);
}

static void patience_ends(struct loop_deadline *deadline)
{
	loop_stop(loop);
}

static void setup(void)
{
	scratch_dir_make();
	ck_assert_int_eq(loop_new(&loop), 0);
	patience.expired = patience_ends;
	ck_assert_int_eq(loop_deadline_init(loop, &patience), 0);
	watch = NULL;
	told = 0;
}

static void teardown(void)
{
	files_watch_close(watch);
	loop_deadline_done(&patience);
	loop_free(loop);
	scratch_dir_remove();
}

static char *path_of(const char *name)
{
	static char path[SCRATCH_PATH_SIZE];

	scratch_dir_path(name, path);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void make_dir(const char *name)
{
	ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
}

static void make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, path_of(name)), 0);
}

static void rename_file(const char *from, const char *to)
{
	char path[SCRATCH_PATH_SIZE];

	ck_assert_int_eq(rename(scratch_dir_path(from, path), path_of(to)), 0);
}

static void remove_file(const char *name)
{
	ck_assert_int_eq(remove(path_of(name)), 0);
}

static void open_watch(const char *name)
{
	char *paths[] = {path_of(name)};

	ck_assert_int_eq(files_watch_open_quiet(loop, paths, 1, QUIET_US, changed, &told, &watch),
	                 0);
}

/* Runs until something is told, and checks that it was once. 5 s: nothing will come. */
static void expect_told(void)
{
	told = 0;
	loop_deadline_arm(&patience, mono_now_us() + 5 * US_PER_S);
	loop_run(loop);
	loop_deadline_arm(&patience, TIME_NEVER);
	ck_assert_uint_eq(told, 1);
}

/* Runs for some times the quiet; nothing must be told. */
static void expect_silence(void)
{
	told = 0;
	loop_deadline_arm(&patience, mono_now_us() + 10 * QUIET_US);
	loop_run(loop);
	loop_deadline_arm(&patience, TIME_NEVER);
	ck_assert_uint_eq(told, 0);
}

START_TEST(a_file_written_in_place_is_told)
{
	write_file("a.yaml", "1");
	open_watch("a.yaml");
	write_file("a.yaml", "2");
	expect_told();
	write_file("a.yaml", "3");
	expect_told();
}
END_TEST

START_TEST(a_file_replaced_by_renaming_is_told_each_time)
{
	write_file("a.yaml", "1");
	open_watch("a.yaml");
	for (int i = 0; i < 3; i++) {
		write_file(".a.yaml.tmp", "2");
		rename_file(".a.yaml.tmp", "a.yaml");
		expect_told();
	}
}
END_TEST

START_TEST(a_file_that_goes_and_comes_is_told)
{
	write_file("a.yaml", "1");
	open_watch("a.yaml");
	remove_file("a.yaml");
	expect_told();
	write_file("a.yaml", "2");
	expect_told();
}
END_TEST

START_TEST(neighbours_of_a_file_are_not_told)
{
	write_file("a.yaml", "1");
	open_watch("a.yaml");
	write_file("b.yaml", "1");
	expect_silence();
}
END_TEST

START_TEST(in_a_directory_what_would_be_read_is_told)
{
	make_dir("conf");
	open_watch("conf");
	write_file("conf/a.yaml", "1");
	expect_told();
	rename_file("conf/a.yaml", "conf/b.json");
	expect_told();
	remove_file("conf/b.json");
	expect_told();
	write_file("conf/.a.yaml.swp", "1");
	write_file("conf/notes.txt", "1");
	expect_silence();
}
END_TEST

START_TEST(several_changes_at_once_are_told_once)
{
	make_dir("conf");
	open_watch("conf/");
	write_file("conf/a.yaml", "1");
	write_file("conf/b.yaml", "1");
	write_file("conf/c.yaml", "1");
	expect_told();
	expect_silence();
}
END_TEST

START_TEST(a_config_map_volume_is_followed_through_its_swaps)
{
	make_dir("conf");
	make_dir("conf/..1");
	write_file("conf/..1/a.yaml", "1");
	make_link("..1", "conf/..data");
	make_link("..data/a.yaml", "conf/a.yaml");
	open_watch(_i ? "conf/a.yaml" : "conf");
	/* As the kubelet does it: new directory, new link, rename over the old link, remove. */
	for (int version = 2; version < 5; version++) {
		char dir[32], file[64], old[32];

		snprintf(dir, sizeof(dir), "conf/..%d", version);
		snprintf(file, sizeof(file), "conf/..%d/a.yaml", version);
		make_dir(dir);
		write_file(file, "2");
		make_link(dir + strlen("conf/"), "conf/..data_tmp");
		rename_file("conf/..data_tmp", "conf/..data");
		snprintf(old, sizeof(old), "conf/..%d/a.yaml", version - 1);
		remove_file(old);
		old[strlen(old) - strlen("/a.yaml")] = '\0';
		remove_file(old);
		expect_told();
	}
}
END_TEST

START_TEST(what_a_link_leads_to_is_watched)
{
	make_dir("real");
	write_file("real/a.yaml", "1");
	make_link("real/a.yaml", "link.yaml");
	open_watch("link.yaml");
	write_file("real/a.yaml", "2");
	expect_told();
}
END_TEST

START_TEST(a_path_that_does_not_exist_is_awaited)
{
	open_watch("one/two/a.yaml");
	make_dir("one");
	expect_told();
	make_dir("one/two");
	expect_told();
	write_file("one/two/a.yaml", "1");
	expect_told();
}
END_TEST

START_TEST(a_directory_made_anew_is_watched_again)
{
	make_dir("conf");
	open_watch("conf");
	remove_file("conf");
	expect_told();
	make_dir("conf");
	expect_told();
	write_file("conf/a.yaml", "1");
	expect_told();
}
END_TEST

START_TEST(changes_are_told_after_a_tenth_of_a_second_of_quiet)
{
	char *paths[] = {path_of("a.yaml")};
	int64_t before_us;

	ck_assert_int_eq(files_watch_open(loop, paths, 1, changed, &told, &watch), 0);
	before_us = mono_now_us();
	write_file("a.yaml", "1");
	expect_told();
	ck_assert_int_ge(mono_now_us() - before_us, FILES_WATCH_QUIET_US);
}
END_TEST

/* What files_watch_take() names, "a.yaml b.yaml"; "all". */
static const char *taken(void)
{
	static char names[4096];
	struct files_watch_told news;

	names[0] = '\0';
	files_watch_take(watch, &news);
	for (size_t i = 0; i < news.count; i++) {
		ck_assert_ptr_eq(strstr(news.files[i], scratch_dir), news.files[i]);
		strcat(names, names[0] ? " " : "");
		strcat(names, strrchr(news.files[i], '/') + 1);
	}
	if (news.all)
		strcpy(names, "all");
	files_watch_told_done(&news);
	return names;
}

START_TEST(who_asks_hears_which_files_changed_and_is_told_no_more)
{
	make_dir("dir");
	write_file("dir/a.yaml", "1");
	open_watch("dir");
	ck_assert_str_eq(taken(), "");
	write_file("dir/a.yaml", "2");
	write_file("dir/notes.txt", "2");
	write_file("dir/b.yaml", "2");
	write_file("dir/a.yaml", "3");
	ck_assert_str_eq(taken(), "a.yaml b.yaml");
	expect_silence();
	write_file("dir/.b.yaml.new", "3");
	rename_file("dir/.b.yaml.new", "dir/b.yaml");
	expect_told();
	remove_file("dir/a.yaml");
	ck_assert_str_eq(taken(), "b.yaml a.yaml");
	ck_assert_str_eq(taken(), "");
}
END_TEST

START_TEST(what_is_no_change_of_one_file_may_be_a_change_of_all)
{
	make_dir("dir");
	write_file("dir/a.yaml", "1");
	open_watch("dir");
	make_link("somewhere", "dir/..data");
	ck_assert_str_eq(taken(), "all");
	ck_assert_str_eq(taken(), "");
	for (int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "dir/%d.yaml", i);
		write_file(name, "1");
	}
	ck_assert_str_eq(taken(), "all");
	rename_file("dir", "other");
	ck_assert_str_eq(taken(), "all");
	make_dir("dir");
	ck_assert_str_eq(taken(), "all");
	write_file("dir/a.yaml", "2");
	ck_assert_str_eq(taken(), "a.yaml");
}
END_TEST

START_TEST(nothing_is_closed_without_harm)
{
	files_watch_close(NULL);
	open_watch("a.yaml");
	write_file("a.yaml", "1");
	files_watch_close(watch); /* with an event waiting */
	watch = NULL;
	expect_silence();
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("files_watch", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_file_written_in_place_is_told);
	tcase_add_test(tests, a_file_replaced_by_renaming_is_told_each_time);
	tcase_add_test(tests, a_file_that_goes_and_comes_is_told);
	tcase_add_test(tests, neighbours_of_a_file_are_not_told);
	tcase_add_test(tests, in_a_directory_what_would_be_read_is_told);
	tcase_add_test(tests, several_changes_at_once_are_told_once);
	tcase_add_loop_test(tests, a_config_map_volume_is_followed_through_its_swaps, 0, 2);
	tcase_add_test(tests, what_a_link_leads_to_is_watched);
	tcase_add_test(tests, a_path_that_does_not_exist_is_awaited);
	tcase_add_test(tests, a_directory_made_anew_is_watched_again);
	tcase_add_test(tests, changes_are_told_after_a_tenth_of_a_second_of_quiet);
	tcase_add_test(tests, nothing_is_closed_without_harm);
	tcase_add_test(tests, who_asks_hears_which_files_changed_and_is_told_no_more);
	tcase_add_test(tests, what_is_no_change_of_one_file_may_be_a_change_of_all);
	return unit_run(suite);
}
