/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/fileio.h - whole small files: read, written so that a reader sees the old or the new one,
 * never half.
 *
 * I/O. */

#ifndef LINTEL_LIB_FILEIO_H
#define LINTEL_LIB_FILEIO_H

#include "lib/compiler.h"

#include <stddef.h>
#include <sys/types.h>

/* Reads a regular file of at most 'limit' bytes; '*ret_data' is NUL-terminated and the caller's to
 * free(). -EFBIG beyond; -EMEDIUMTYPE for what is no regular file, at once: a FIFO may have nobody
 * who writes, a device no end. */
LT_MUST_USE int fileio_read(const char *path, size_t limit, char **ret_data, size_t *ret_size);
/* The same of whatever can be read, for who asked for it and waits: standard input, say. */
LT_MUST_USE int fileio_read_stream(const char *path, size_t limit, char **ret_data,
                                   size_t *ret_size);
/* Writes a temporary file beside it, fsyncs, renames, fsyncs the directory. */
LT_MUST_USE int fileio_replace(const char *path, const void *data, size_t size, mode_t mode);
/* Writes to a file that is there (a sysctl): one write(2), no fsync. */
LT_MUST_USE int fileio_poke(const char *path, const char *text);
/* mkdir -p with 'mode' for what it makes. */
LT_MUST_USE int fileio_mkdirs(const char *path, mode_t mode);

#endif
