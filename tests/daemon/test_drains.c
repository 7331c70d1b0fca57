/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/drains.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/lintel-drains-XXXXXX";
static char path[sizeof(directory) + 16];

static void setup(void)
{
	strcpy(directory, "/tmp/lintel-drains-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/drained", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
}

static struct endpoint at(const char *text)
{
	struct endpoint e;

	ck_assert_int_eq(endpoint_parse(text, &e), 0);
	return e;
}

static bool holds(const struct drains *drains, const char *text)
{
	struct endpoint e = at(text);

	return drains_hold(drains, &e.address, e.port);
}

START_TEST(a_drained_server_stays_drained_over_a_restart)
{
	struct drains drains;
	struct endpoint web = at("10.78.0.21:8080"), six = at("[2001:db8::5]:443");

	ck_assert_int_eq(drains_open(&drains, directory), 0);
	ck_assert_uint_eq(drains.count, 0);
	ck_assert_int_eq(drains_add(&drains, &web), 0);
	ck_assert_int_eq(drains_add(&drains, &six), 0);
	ck_assert_int_eq(drains_add(&drains, &web), -EEXIST);
	drains_done(&drains);

	ck_assert_int_eq(drains_open(&drains, directory), 0);
	ck_assert_uint_eq(drains.count, 2);
	ck_assert(holds(&drains, "10.78.0.21:8080"));
	ck_assert(holds(&drains, "[2001:db8::5]:443"));
	ck_assert(!holds(&drains, "10.78.0.21:8081"));
	ck_assert_int_eq(drains_remove(&drains, &web), 0);
	ck_assert_int_eq(drains_remove(&drains, &web), -ENOENT);
	ck_assert(!holds(&drains, "10.78.0.21:8080"));
	drains_done(&drains);
}
END_TEST

START_TEST(an_address_without_port_means_all_its_ports)
{
	struct drains drains;
	struct endpoint all = at("10.78.0.21");

	ck_assert_int_eq(drains_open(&drains, directory), 0);
	ck_assert_int_eq(drains_add(&drains, &all), 0);
	ck_assert(holds(&drains, "10.78.0.21:1"));
	ck_assert(holds(&drains, "10.78.0.21:65535"));
	ck_assert(!holds(&drains, "10.78.0.22:1"));
	drains_done(&drains);
}
END_TEST

static const char *related(const struct drains *drains, const char *text)
{
	static char shown[ENDPOINT_TEXT_SIZE];
	const struct endpoint server = at(text), *other = drains_related(drains, &server);

	return other ? endpoint_format(&other->address, other->port, shown) : "";
}

START_TEST(what_else_holds_a_server_is_found)
{
	static const char *const given[] = {"10.78.0.21", "10.78.0.20:1", "10.78.0.22:8081",
	                                    "10.78.0.22:8080", "10.78.0.23:80"};
	static const char *const rows[][2] = {
		{"10.78.0.21:8080", "10.78.0.21"}, /* its address */
		{"10.78.0.21", ""},                /* itself only */
		{"10.78.0.22", "10.78.0.22:8080"}, /* the first of its ports */
		{"10.78.0.22:8080", ""},           /* another port says nothing */
		{"10.78.0.22:9", ""},              /* neither here */
		{"10.78.0.24", ""},                /* beyond the last */
		{"10.78.0.19:80", ""},             /* before the first */
	};
	struct drains drains;

	ck_assert_int_eq(drains_open(&drains, directory), 0);
	for (size_t i = 0; i < LT_ARRAY_SIZE(given); i++) {
		struct endpoint server = at(given[i]);

		ck_assert_int_eq(drains_add(&drains, &server), 0);
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(related(&drains, rows[i][0]), rows[i][1]);
	struct endpoint both = at("10.78.0.21:8080");
	ck_assert_int_eq(drains_add(&drains, &both), 0);
	ck_assert_str_eq(related(&drains, "10.78.0.21"), "10.78.0.21:8080");
	ck_assert_str_eq(related(&drains, "10.78.0.21:8080"), "10.78.0.21");
	drains_done(&drains);
}
END_TEST

static const struct {
	const char *data;
	size_t size;
} damaged[] = {
#define DAMAGED(text)                  \
	{                              \
		text, sizeof(text) - 1 \
	}
	DAMAGED("10.78.0.21:8080\nnonsense\n10.78.0.22:80\n"),
	DAMAGED("\x7f\n10.78.0.22:80\n\n10.78.0.21:8080"),
	DAMAGED("10.78.0.22:80\n10.78.0.21:8080\n10.7\0\0\0\0\0\0\0"), /* a page that was lost */
	DAMAGED("10.78.0.21:8080\n10.78.0.22:80\n\0\0\0\0"),
};

START_TEST(of_a_damaged_file_what_makes_sense_stays_drained)
{
	struct drains drains;
	FILE *file = fopen(path, "w");

	fwrite(damaged[_i].data, 1, damaged[_i].size, file);
	fclose(file);
	ck_assert_int_eq(drains_open(&drains, directory), -EINVAL);
	ck_assert_uint_eq(drains.count, 2);
	ck_assert(holds(&drains, "10.78.0.21:8080"));
	ck_assert(holds(&drains, "10.78.0.22:80"));
	ck_assert_int_eq(drains_save(&drains), 0);
	drains_done(&drains);
	ck_assert_int_eq(drains_open(&drains, directory), 0);
	ck_assert_uint_eq(drains.count, 2);
	drains_done(&drains);
}
END_TEST

/* Nothing but zeros is not the same as nothing. */
START_TEST(a_lost_file_is_no_empty_list)
{
	struct drains drains;
	FILE *file = fopen(path, "w");

	fwrite("\0\0\0\0", 1, 4, file);
	fclose(file);
	ck_assert_int_eq(drains_open(&drains, directory), -EINVAL);
	drains_done(&drains);
}
END_TEST

START_TEST(nothing_changes_when_saving_fails)
{
	struct drains drains;
	struct endpoint web = at("10.78.0.21:8080");

	ck_assert_int_eq(drains_open(&drains, "/nonexistent/lintel"), 0);
	ck_assert_int_lt(drains_add(&drains, &web), 0);
	ck_assert_uint_eq(drains.count, 0);
	drains_done(&drains);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drains");
	TCase *tcase = tcase_create("drains");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_drained_server_stays_drained_over_a_restart);
	tcase_add_test(tcase, an_address_without_port_means_all_its_ports);
	tcase_add_test(tcase, what_else_holds_a_server_is_found);
	tcase_add_loop_test(tcase, of_a_damaged_file_what_makes_sense_stays_drained, 0,
	                    LT_ARRAY_SIZE(damaged));
	tcase_add_test(tcase, a_lost_file_is_no_empty_list);
	tcase_add_test(tcase, nothing_changes_when_saving_fails);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
