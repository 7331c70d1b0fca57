/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/key_lines.h - a file of keys: one a line, "NAME KEY" or only "KEY"; '#' begins a comment.
 *
 * Pure. KEY is base64, or hexadecimal digits behind "hex:". Keys are wiped when they are dropped,
 * and stand in no message. */

#ifndef LINTEL_LIB_KEY_LINES_H
#define LINTEL_LIB_KEY_LINES_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stddef.h>
#include <stdint.h>

#define KEY_LINES_MIN      32 /* bytes of a key */
#define KEY_LINES_MAX      64
#define KEY_LINES_NAME_MAX 63
#define KEY_LINES_FILE_MAX 16384 /* bytes of a file of keys */

struct key_line {
	char name[KEY_LINES_NAME_MAX + 1]; /* letters, digits, '.', '_', '-'; "": none was given */
	uint8_t bytes[KEY_LINES_MAX];
	size_t size;
};

/* Calls 'take' for each key; what it returns but 0 ends it, and it then says in 'problem' why.
 * 'text' is NUL-terminated. -EINVAL: 'problem' says what is wrong, with the line and without the
 * key. At least one key must be there. */
LT_MUST_USE int key_lines_parse(const char *text,
                                int (*take)(void *ctx, const struct key_line *line,
                                            struct text *problem),
                                void *ctx, struct text *problem);

#endif
