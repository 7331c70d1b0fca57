/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/include.h - reads the files that a configuration includes.
 *
 * I/O: glob(3), files. The only acting file of the folder. */

#ifndef LINTEL_IMPORT_INCLUDE_H
#define LINTEL_IMPORT_INCLUDE_H

#include "import/convert.h"

/* Reads from the file system; relative patterns are seen from the directory of the file they stand
 * in. Braces ("{a,b}") are understood. */
struct import_reader import_include_reader(void);
/* "-" is standard input. '*ret_text' is the caller's to free(). -EFBIG beyond IMPORT_SIZE_MAX. */
LT_MUST_USE int import_include_read(const char *path, char **ret_text, size_t *ret_size);

#endif
