/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/secret_file.h - reads a file that holds a secret, and leaves no copy of it in memory.
 *
 * I/O. The file may be one of a mounted Secret: links are followed. */

#ifndef LINTEL_LIB_SECRET_FILE_H
#define LINTEL_LIB_SECRET_FILE_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stddef.h>

/* The text of the file, NUL-terminated, less than 'size' bytes; the caller wipes it. On failure
 * 'ret_data' is wiped and 'problem' says what is wrong: "/etc/lintel/peer.key: is no text". -EPERM:
 * others than owner and group may read or write it, or the group may write it. */
LT_MUST_USE int secret_file_read(const char *path, char *ret_data, size_t size,
                                 struct text *problem);

#endif
