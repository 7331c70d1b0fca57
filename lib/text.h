/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/text.h - text that grows, and small questions about names.
 *
 * Pure. A struct text is zero-initialised, its data always NUL-terminated once something was added.
 */

#ifndef LINTEL_LIB_TEXT_H
#define LINTEL_LIB_TEXT_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data; /* owned; NULL while empty */
	size_t len; /* characters, without the NUL */
	size_t capacity;
};

void text_done(struct text *t);
void text_clear(struct text *t);
void text_add(struct text *t, const char *s);
void text_add_len(struct text *t, const char *s, size_t len);
void text_printf(struct text *t, const char *fmt, ...) LT_PRINTF(2, 3);
/* The text, "" when empty. Owned by 't'. */
const char *text_str(const struct text *t);
/* Gives the text away (the caller frees); 't' is empty afterwards. Never NULL. */
char *text_take(struct text *t);

/* One text after the other in 'buf' of 'size' (at least 1), cut where there is no more room;
 * returns buf. For what is made for each event: printf would be several times the rest of it, the
 * first time after a pause. */
const char *text_join(char *buf, size_t size, const char *const *parts, size_t count);

/* The name most like 'word' among 'count' names, NULL when none is near enough to be meant
 * (optimal string alignment distance of at most a third of the longer one, at least 1). */
const char *text_nearest(const char *word, const char *const *names, size_t count);

/* The length of the UTF-8 character at 's', of which 'left' bytes (at least 1) are there; 0 when it
 * is none (RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF). */
size_t text_utf8_len(const char *s, size_t left);
bool text_starts_with(const char *s, const char *prefix);
/* The value of a hexadecimal digit in either case; -1: it is none. */
int text_hex_digit(char c);

/* Durations as Kubernetes writes them: "100ms", "3s", "1m30s", "1.5s", "0s"; units h m s ms us, in
 * this order, each at most once; a number without a unit or with a sign is none.
 * -EINVAL for anything else, -ERANGE beyond int64_t microseconds. */
LT_MUST_USE int text_parse_duration(const char *s, int64_t *ret_us);
#define TEXT_DURATION_SIZE 32
/* The shortest such form: "1m30s", "100ms", "1.5s"; "-" before negative ones; returns buf. */
const char *text_format_duration(int64_t us, char buf[static TEXT_DURATION_SIZE]);

#endif
