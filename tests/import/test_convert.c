/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole configurations: golden/NAME.conf becomes golden/NAME.yaml and golden/NAME.report.
 * LINTEL_GOLDEN_WRITE=1 writes them anew; read the difference before committing it. */
#include "import/include.h"
#include "tests/import/run.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#define SAMPLES "/usr/share/doc/keepalived/samples/keepalived.conf.*"

static const struct {
	const char *name;
	bool ipvsadm;
	struct import_options options;
} goldens[] = {
	{"full", false, {.id = "lb1"}},
	{"auth", false, {.id = "lb1"}},
	{"odd", false, {.id = "lb1", .router = "spare", .interface = "eth7", .vrid = 77}},
	{"ipvsadm", true, {.router = "front", .interface = "eth0", .vrid = 51}},
	{"ipvsadm-odd", true, {0}},
};

static void equals_golden(const char *name, const char *ending, const char *got)
{
	char path[400], *wanted;
	size_t size;

	snprintf(path, sizeof(path), "%s.%s", name, ending);
	if (getenv("LINTEL_GOLDEN_WRITE")) {
		FILE *file = fopen(path, "w");

		ck_assert_ptr_nonnull(file);
		fputs(got, file);
		ck_assert_int_eq(fclose(file), 0);
	}
	ck_assert_int_eq(import_include_read(path, &wanted, &size), 0);
	ck_assert_str_eq(got, wanted);
	free(wanted);
}

START_TEST(a_configuration_becomes_the_golden_yaml_and_report)
{
	struct import_reader reader = import_include_reader();
	struct text yaml = {0}, report = {0};
	char path[100], *text;
	struct import import;
	size_t size;

	ck_assert_int_eq(chdir(GOLDEN_DIR), 0);
	snprintf(path, sizeof(path), "%s.conf", goldens[_i].name);
	ck_assert_int_eq(import_include_read(path, &text, &size), 0);
	import_init(&import);
	if (goldens[_i].ipvsadm)
		import_ipvsadm(&import, path, text, size, &goldens[_i].options);
	else
		import_keepalived(&import, path, text, size, &goldens[_i].options, &reader);
	import_write(&import, &yaml);
	import_report(&import, IMPORT_TAKEN, &report);
	run_round_trip(&import, text_str(&yaml));
	equals_golden(goldens[_i].name, "yaml", text_str(&yaml));
	equals_golden(goldens[_i].name, "report", text_str(&report));
	text_done(&yaml);
	text_done(&report);
	import_done(&import);
	free(text);
}
END_TEST

/* Every outermost block that is no comment is spoken of. */
static void converts_sample(const char *path)
{
	struct import_reader reader = import_include_reader();
	struct import_options options = {.id = "high"};
	struct text yaml = {0}, report = {0};
	struct import import;
	size_t size, counts[3];
	char *text;

	ck_assert_int_eq(import_include_read(path, &text, &size), 0);
	import_init(&import);
	import_keepalived(&import, path, text, size, &options, &reader);
	import_write(&import, &yaml);
	import_report(&import, IMPORT_TAKEN, &report);
	run_round_trip(&import, text_str(&yaml));
	import_count(&import, counts);
	ck_assert_uint_gt(counts[IMPORT_TAKEN] + counts[IMPORT_FAILED], 0);
	/* All that they say is known, taken or not. */
	ck_assert_msg(!strstr(text_str(&report), "not known here"), "%s", text_str(&report));
	text_done(&yaml);
	text_done(&report);
	import_done(&import);
	free(text);
}

START_TEST(the_samples_of_the_keepalived_package_are_understood)
{
	glob_t paths = {0};

	if (glob(SAMPLES, 0, NULL, &paths) != 0) {
		printf("# SKIPPED: the samples of Debian's package keepalived are not installed\n");
		fflush(stdout);
		globfree(&paths);
		return;
	}
	ck_assert_uint_gt(paths.gl_pathc, 10);
	for (size_t i = 0; i < paths.gl_pathc; i++)
		converts_sample(paths.gl_pathv[i]);
	globfree(&paths);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("import_convert", &tests);

	tcase_add_loop_test(tests, a_configuration_becomes_the_golden_yaml_and_report, 0,
	                    LT_ARRAY_SIZE(goldens));
	tcase_add_test(tests, the_samples_of_the_keepalived_package_are_understood);
	return unit_run(suite);
}
