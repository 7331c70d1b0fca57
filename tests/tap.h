/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/tap.h - what programs that test on a real kernel have in common: they say in TAP what
 * holds.
 *
 * Linked once into each of them (tests/tap.c). For one thread. */

#ifndef LINTEL_TESTS_TAP_H
#define LINTEL_TESTS_TAP_H

#include "lib/compiler.h"

#include <stdbool.h>

/* One line: whether it holds, and what. */
void tap_check(bool ok, const char *fmt, ...) LT_PRINTF(2, 3);
/* What must not fail for the rest to mean anything: ends the program. */
_Noreturn void tap_bail(const char *what, const char *why);
_Noreturn void tap_bail_errno(const char *what, int err); /* errno or -errno */
/* ... unless err, 0 or -errno, is good. */
void tap_must(const char *what, int err);
/* The plan; returns the exit code. */
int tap_end(void);

#endif
