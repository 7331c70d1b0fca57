/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/endpoint.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static const struct {
	const char *text;
	int rc;
	const char *formatted;
} rows[] = {
	{"10.0.0.1:80", 0, "10.0.0.1:80"},
	{"10.0.0.1", 0, "10.0.0.1"},
	{"[2001:db8::1]:65535", 0, "[2001:db8::1]:65535"},
	{"[2001:db8::1]", 0, "2001:db8::1"},
	{"2001:db8::1", 0, "2001:db8::1"},
	{"10.0.0.1:0", -EINVAL, NULL},
	{"10.0.0.1:65536", -EINVAL, NULL},
	{"10.0.0.1:080", -EINVAL, NULL},
	{"10.0.0.1:", -EINVAL, NULL},
	{"[10.0.0.1]:80", -EINVAL, NULL},
	{"[2001:db8::1]80", -EINVAL, NULL},
	{"[2001:db8::1", -EINVAL, NULL},
	{"", -EINVAL, NULL},
	{"web:80", -EINVAL, NULL},
};

START_TEST(endpoints_parse_and_format_as_people_write_them)
{
	struct endpoint e = {0};
	char buf[ENDPOINT_TEXT_SIZE];

	ck_assert_int_eq(endpoint_parse(rows[_i].text, &e), rows[_i].rc);
	if (rows[_i].rc == 0)
		ck_assert_str_eq(endpoint_format(&e.address, e.port, buf), rows[_i].formatted);
	else
		ck_assert_int_eq(e.address.family, ADDR_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *tcase = tcase_create("endpoint");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, endpoints_parse_and_format_as_people_write_them, 0,
	                    LT_ARRAY_SIZE(rows));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
