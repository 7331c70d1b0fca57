/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/scratch_dir.h - a directory of a test's own, gone with everything in it when it ends. */

#ifndef LINTEL_TESTS_SCRATCH_DIR_H
#define LINTEL_TESTS_SCRATCH_DIR_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_dir[64];

static inline void scratch_dir_make(void)
{
	snprintf(scratch_dir, sizeof(scratch_dir), "/tmp/lintel-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
}

static inline int scratch_dir_remove_one(const char *path, const struct stat *st, int type,
                                         struct FTW *ftw)
{
	return remove(path);
}

static inline void scratch_dir_remove(void)
{
	ck_assert_int_eq(nftw(scratch_dir, scratch_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#define SCRATCH_PATH_SIZE 256

/* The path of 'name' in it; returns buf. */
static inline const char *scratch_dir_path(const char *name, char buf[static SCRATCH_PATH_SIZE])
{
	snprintf(buf, SCRATCH_PATH_SIZE, "%s/%s", scratch_dir, name);
	return buf;
}

#endif
