/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/source.h"

#include "tests/model/judge.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct files_source source;
static char source_path[SCRATCH_PATH_SIZE];
static char *source_paths[] = {source_path};
static struct model_problems problems;

static void setup(void)
{
	scratch_dir_make();
	model_problems_init(&problems);
}

static void teardown(void)
{
	files_source_done(&source);
	model_problems_done(&problems);
	scratch_dir_remove();
}

static void write_file(const char *name, const char *text)
{
	char path[SCRATCH_PATH_SIZE];
	FILE *file = fopen(scratch_dir_path(name, path), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* A file with one virtual router. */
static void write_router(const char *file, const char *name)
{
	struct text text = {0};

	text_printf(&text,
	            "{\"apiVersion\": \"lintel.io/v1alpha1\", \"kind\": \"VirtualRouter\", "
	            "\"metadata\": {\"name\": \"%s\"}, \"spec\": {\"virtualRouterId\": 1, "
	            "\"interface\": \"eth0\"}}\n",
	            name);
	write_file(file, text_str(&text));
	text_done(&text);
}

static void make_dir(const char *name)
{
	char path[SCRATCH_PATH_SIZE];

	ck_assert_int_eq(mkdir(scratch_dir_path(name, path), 0755), 0);
}

/* Loads 'name' in the scratch directory ("" is that itself). */
static void load(const char *name)
{
	scratch_dir_path(name, source_path);
	files_source_done(&source);
	files_source_init(&source, source_paths, 1);
	files_source_read(&source, &problems);
}

static void read_again(void)
{
	model_problems_done(&problems);
	model_problems_init(&problems);
	files_source_read(&source, &problems);
}

/* The names of the routers, "a b c". */
static const char *router_names(void)
{
	static char names[256];

	names[0] = '\0';
	for (size_t i = 0; i < source.object_count; i++) {
		for (size_t j = 0; j < source.objects[i]->router_count; j++) {
			strcat(names, names[0] ? " " : "");
			strcat(names, source.objects[i]->routers[j]->name);
		}
	}
	return names;
}

/* The problems without the scratch directory's name. */
static char *problem_lines(void)
{
	char *lines = judge_lines(&problems);
	size_t len = strlen(scratch_dir);

	for (char *at = lines; (at = strstr(at, scratch_dir));)
		memmove(at, at + len, strlen(at + len) + 1);
	return lines;
}

START_TEST(a_file_is_read_whatever_its_name)
{
	write_router("lintel.conf", "a");
	load("lintel.conf");
	ck_assert_str_eq(router_names(), "a");
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_ptr_nonnull(strstr(source.objects[0]->routers[0]->origin.source, "/lintel.conf"));
}
END_TEST

START_TEST(a_directory_is_read_in_the_order_of_names_and_only_what_is_meant)
{
	write_router("b.yml", "b");
	write_router("a.yaml", "a");
	write_router("c.json", "c");
	write_router(".hidden.yaml", "no");
	write_router("a.yaml.bak", "no");
	write_router("notes.txt", "no");
	write_router("yaml", "no");
	make_dir("sub.yaml");
	write_router("sub.yaml/d.yaml", "no");
	load("");
	ck_assert_str_eq(router_names(), "a b c");
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(a_directory_with_a_slash_gives_paths_without_two)
{
	write_router("a.yaml", "a");
	load("");
	ck_assert_ptr_null(strstr(source.objects[0]->routers[0]->origin.source, "//"));
}
END_TEST

START_TEST(a_config_map_volume_is_read_once)
{
	char path[SCRATCH_PATH_SIZE], link[SCRATCH_PATH_SIZE];

	make_dir("..2026_01");
	write_router("..2026_01/a.yaml", "a");
	scratch_dir_path("..data", path);
	ck_assert_int_eq(symlink("..2026_01", path), 0);
	scratch_dir_path("a.yaml", link);
	ck_assert_int_eq(symlink("..data/a.yaml", link), 0);
	load("");
	ck_assert_str_eq(router_names(), "a");
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(what_can_not_be_read_is_a_problem)
{
	char path[SCRATCH_PATH_SIZE];
	char *lines;

	load("absent.yaml");
	make_dir("empty");
	load("empty");
	make_dir("dir");
	scratch_dir_path("dir/dangling.yaml", path);
	ck_assert_int_eq(symlink("nowhere", path), 0);
	scratch_dir_path("dir/pipe.yaml", path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	load("dir");
	load("dir/pipe.yaml");
	lines = problem_lines();
	ck_assert_str_eq(
		lines, "/absent.yaml: can't be read: No such file or directory\n"
		       "/dir/dangling.yaml: can't be read: No such file or directory\n"
		       "/dir/pipe.yaml: is no regular file\n"
		       "/dir/pipe.yaml: is no regular file\n"
		       "/empty: warning: there is no *.yaml, *.yml or *.json in this directory\n");
	ck_assert_uint_eq(problems.error_count, 4);
	free(lines);
}
END_TEST

START_TEST(a_file_that_is_too_large_is_refused)
{
	char path[SCRATCH_PATH_SIZE];
	char *lines;

	write_file("large.yaml", "a: 1\n");
	scratch_dir_path("large.yaml", path);
	ck_assert_int_eq(truncate(path, 32L * 1024 * 1024 + 1), 0);
	load("large.yaml");
	lines = problem_lines();
	ck_assert_str_eq(lines, "/large.yaml: too large; allowed: at most 32 MiB\n");
	free(lines);
}
END_TEST

START_TEST(a_directory_has_a_limit_of_files)
{
	char name[32], first[SCRATCH_PATH_SIZE], path[SCRATCH_PATH_SIZE];
	char *lines;

	write_file("0.yaml", "");
	scratch_dir_path("0.yaml", first);
	for (unsigned i = 1; i <= FILES_SOURCE_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u.yaml", i);
		ck_assert_int_eq(link(first, scratch_dir_path(name, path)), 0);
	}
	load("");
	lines = problem_lines();
	ck_assert_str_eq(lines, "/: too many files; allowed: at most 10000\n");
	free(lines);
}
END_TEST

START_TEST(problems_name_file_and_line_and_the_rest_is_read)
{
	char *lines;

	write_router("a.yaml", "a");
	write_file("b.yaml", "# comment\nkind: Nonsense\n");
	write_file("c.yaml", "a: [\n");
	write_router("d.yaml", "d");
	load("");
	ck_assert_str_eq(router_names(), "a d");
	lines = problem_lines();
	ck_assert_str_eq(lines,
	                 "/b.yaml:2: Nonsense: kind: 'Nonsense' is not known; allowed: "
	                 "VirtualRouter, VirtualServer, AddressPool, List\n"
	                 "/c.yaml:2: no YAML: did not find expected node content while parsing a "
	                 "flow node that begins on line 2\n");
	free(lines);
}
END_TEST

START_TEST(several_paths_add_up_and_one_given_twice_counts_once)
{
	char first[SCRATCH_PATH_SIZE], second[SCRATCH_PATH_SIZE];
	char *paths[] = {first, second, first};

	write_router("b.yaml", "b");
	make_dir("dir");
	write_router("dir/a.yaml", "a");
	scratch_dir_path("b.yaml", first);
	scratch_dir_path("dir", second);
	files_source_init(&source, paths, 3);
	files_source_read(&source, &problems);
	ck_assert_str_eq(router_names(), "b a");
	ck_assert_uint_eq(problems.count, 0);
	ck_assert(text_starts_with(source.objects[0]->routers[0]->origin.source, "/tmp/"));
}
END_TEST

/* As if the file had not been touched for long. */
static void settle(const char *name)
{
	char path[SCRATCH_PATH_SIZE];
	struct timespec deadline;

	/* The change time can't be set; wait until it is older than the grain of time stamps. */
	scratch_dir_path(name, path);
	for (;;) {
		struct stat st;

		ck_assert_int_eq(stat(path, &st), 0);
		clock_gettime(CLOCK_REALTIME, &deadline);
		int64_t age_ms = (deadline.tv_sec - st.st_ctim.tv_sec) * 1000 +
		                 (deadline.tv_nsec - st.st_ctim.tv_nsec) / 1000000;
		if (age_ms > 30)
			return;
	}
}

START_TEST(what_has_not_changed_is_not_read_again)
{
	const struct model_router *a;

	write_router("a.yaml", "a");
	write_router("b.yaml", "b");
	settle("b.yaml");
	load("");
	a = source.objects[0]->routers[0];
	write_router("b.yaml", "changed");
	files_source_read(&source, &problems);
	ck_assert_str_eq(router_names(), "a changed");
	ck_assert_ptr_eq(source.objects[0]->routers[0], a);
}
END_TEST

START_TEST(a_change_right_after_reading_is_seen_even_when_time_stamps_are_equal)
{
	write_router("a.yaml", "a");
	load("");
	write_router("a.yaml", "b"); /* the same size, and maybe within one tick of the clock */
	files_source_read(&source, &problems);
	ck_assert_str_eq(router_names(), "b");
}
END_TEST

START_TEST(a_directory_that_lost_all_its_files_is_an_error_until_there_is_one_again)
{
	char path[SCRATCH_PATH_SIZE];
	char *lines;

	make_dir("dir");
	write_router("dir/a.yaml", "a");
	write_router("dir.yaml", "b"); /* elsewhere */
	load("dir");
	ck_assert_int_eq(unlink(scratch_dir_path("dir/a.yaml", path)), 0);
	for (unsigned look = 0; look < 2; look++) {
		read_again();
		lines = problem_lines();
		ck_assert_str_eq(lines, "/dir: there is no *.yaml, *.yml or *.json in this "
		                        "directory any more; to let go of all that they said, "
		                        "leave an empty one\n");
		free(lines);
		ck_assert_str_eq(router_names(), "a");
	}
	write_file("dir/b.yaml", "");
	read_again();
	ck_assert_uint_eq(problems.error_count, 0);
	ck_assert_str_eq(router_names(), "");
}
END_TEST

START_TEST(a_file_that_went_is_forgotten_and_its_problems_with_it)
{
	char path[SCRATCH_PATH_SIZE];

	write_router("a.yaml", "a");
	write_file("b.yaml", "kind: Nonsense\n");
	load("");
	ck_assert_uint_gt(problems.error_count, 0);
	settle("b.yaml");
	read_again();
	ck_assert_uint_gt(problems.error_count, 0); /* told again though not read again */
	ck_assert_int_eq(unlink(scratch_dir_path("b.yaml", path)), 0);
	read_again();
	ck_assert_uint_eq(problems.error_count, 0);
	ck_assert_str_eq(router_names(), "a");
}
END_TEST

/* What files_source_look_at() says of 'name'. */
static bool look_at(const char *name)
{
	char path[SCRATCH_PATH_SIZE];
	char *files[] = {path};

	scratch_dir_path(name, path);
	return files_source_look_at(&source, files, 1);
}

START_TEST(only_what_is_said_to_have_changed_is_looked_at)
{
	write_router("a.yaml", "a");
	write_router("b.yaml", "b");
	load("");
	write_router("a.yaml", "c");
	write_router("b.yaml", "d");
	ck_assert(look_at("b.yaml"));
	ck_assert_str_eq(router_names(), "a d");
	write_router("b.yaml", "e"); /* within the grain of time stamps, and as long */
	ck_assert(look_at("b.yaml"));
	ck_assert_str_eq(router_names(), "a e");
	ck_assert(files_source_look(&source));
	ck_assert_str_eq(router_names(), "c e");
	ck_assert_uint_eq(source.problems.count, 0);
}
END_TEST

START_TEST(what_was_looked_at_is_not_read_again_with_all)
{
	write_router("a.yaml", "a");
	settle("a.yaml");
	load("");
	write_router("a.yaml", "b");
	ck_assert(look_at("a.yaml"));
	ck_assert(!files_source_look(&source));
	ck_assert_str_eq(router_names(), "b");
}
END_TEST

START_TEST(links_are_looked_at_always_since_nobody_tells_of_them)
{
	char target[SCRATCH_PATH_SIZE], link_path[SCRATCH_PATH_SIZE];

	make_dir("dir");
	write_router("elsewhere.yaml", "a");
	write_router("other.yaml", "b");
	ck_assert_int_eq(symlink("../elsewhere.yaml", scratch_dir_path("dir/a.yaml", link_path)),
	                 0);
	ck_assert_int_eq(link(scratch_dir_path("other.yaml", target),
	                      scratch_dir_path("dir/b.yaml", link_path)),
	                 0);
	load("dir");
	write_router("elsewhere.yaml", "changed");
	write_router("other.yaml", "changed-too");
	ck_assert(files_source_look_at(&source, NULL, 0));
	ck_assert_str_eq(router_names(), "changed changed-too");
}
END_TEST

START_TEST(what_is_not_as_simple_is_left_to_a_look_at_all)
{
	char path[SCRATCH_PATH_SIZE];

	write_router("a.yaml", "a");
	load("");
	write_router("new.yaml", "new");
	ck_assert(!look_at("new.yaml"));
	ck_assert_int_eq(remove(scratch_dir_path("a.yaml", path)), 0);
	ck_assert(!look_at("a.yaml"));
	ck_assert(files_source_look(&source));
	ck_assert_str_eq(router_names(), "new");
	make_dir("a.yaml");
	ck_assert(!look_at("a.yaml"));
	ck_assert_int_eq(remove(scratch_dir_path("new.yaml", path)), 0);
	load("nothing-there");
	ck_assert(!files_source_look_at(&source, NULL, 0));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("files_source", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_file_is_read_whatever_its_name);
	tcase_add_test(tests, a_directory_is_read_in_the_order_of_names_and_only_what_is_meant);
	tcase_add_test(tests, a_directory_with_a_slash_gives_paths_without_two);
	tcase_add_test(tests, a_config_map_volume_is_read_once);
	tcase_add_test(tests, what_can_not_be_read_is_a_problem);
	tcase_add_test(tests, a_file_that_is_too_large_is_refused);
	tcase_add_test(tests, a_directory_has_a_limit_of_files);
	tcase_add_test(tests, problems_name_file_and_line_and_the_rest_is_read);
	tcase_add_test(tests, several_paths_add_up_and_one_given_twice_counts_once);
	tcase_add_test(tests, what_has_not_changed_is_not_read_again);
	tcase_add_test(tests, a_change_right_after_reading_is_seen_even_when_time_stamps_are_equal);
	tcase_add_test(tests,
	               a_directory_that_lost_all_its_files_is_an_error_until_there_is_one_again);
	tcase_add_test(tests, a_file_that_went_is_forgotten_and_its_problems_with_it);
	tcase_add_test(tests, only_what_is_said_to_have_changed_is_looked_at);
	tcase_add_test(tests, what_was_looked_at_is_not_read_again_with_all);
	tcase_add_test(tests, links_are_looked_at_always_since_nobody_tells_of_them);
	tcase_add_test(tests, what_is_not_as_simple_is_left_to_a_look_at_all);
	return unit_run(suite);
}
