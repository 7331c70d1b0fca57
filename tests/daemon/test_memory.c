/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a large answer took is given back, though something small lies above it. */
#include "daemon/memory.h"

#include "lib/mem.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECES     40000
#define PIECE_SIZE 400

static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t all, pages;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%zu %zu", &all, &pages), 2);
	ck_assert_int_eq(fclose(file), 0);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

START_TEST(what_was_needed_only_once_is_given_back)
{
	static char *pieces[PIECES];
	const size_t whole = (size_t)PIECES * PIECE_SIZE;
	size_t before, full;
	char *above;

	memory_set_up();
	before = resident();
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = xcalloc(1, PIECE_SIZE);
	above = xcalloc(1, 32);
	for (size_t i = 0; i < PIECES; i++)
		free(pieces[i]);
	full = resident();
	ck_assert_uint_ge(full, before + whole / 4 * 3); /* it is kept ... */
	memory_give_back();
	ck_assert_uint_le(resident(), full - whole / 2); /* ... until then */
	free(above);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_memory", &tests);

	tcase_add_test(tests, what_was_needed_only_once_is_given_back);
	return unit_run(suite);
}
