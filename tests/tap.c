/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned cases, failures;

void tap_check(bool ok, const char *fmt, ...)
{
	va_list args;

	cases++;
	failures += !ok;
	printf("%sok %u - ", ok ? "" : "not ", cases);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

void tap_bail(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(1);
}

void tap_bail_errno(const char *what, int err)
{
	tap_bail(what, strerror(err < 0 ? -err : err));
}

void tap_must(const char *what, int err)
{
	if (err < 0)
		tap_bail_errno(what, err);
}

int tap_end(void)
{
	printf("1..%u\n", cases);
	return failures > 0;
}
