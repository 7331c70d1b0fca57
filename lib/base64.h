/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/base64.h - bytes as text and back (RFC 4648 section 4).
 *
 * Pure. None of our libraries offers it to others. */

#ifndef LINTEL_LIB_BASE64_H
#define LINTEL_LIB_BASE64_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stddef.h>

/* Strict: padded, the unused bits zero; blanks and line ends are skipped. '*ret_data' is
 * NUL-terminated beyond its size and the caller's to free(). -EINVAL for anything else. */
LT_MUST_USE int base64_decode(const char *text, char **ret_data, size_t *ret_size);
/* Appends the text of 'size' bytes, padded, in one line. */
void base64_add(struct text *text, const void *data, size_t size);

#endif
