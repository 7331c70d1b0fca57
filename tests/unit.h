/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit.h - what the unit tests' programs have in common. */

#ifndef LINTEL_TESTS_UNIT_H
#define LINTEL_TESTS_UNIT_H

#include "lib/compiler.h"

#include <check.h>
#include <stdlib.h>

/* Runs the suite; the result is for main() to return. */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A suite of one group of tests. */
static inline Suite *unit_suite(const char *name, TCase **ret_tests)
{
	Suite *suite = suite_create(name);

	*ret_tests = tcase_create(name);
	suite_add_tcase(suite, *ret_tests);
	return suite;
}

#endif
