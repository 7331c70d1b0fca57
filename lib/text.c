/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/text.h"

#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_done(struct text *t)
{
	free(t->data);
	*t = (struct text){0};
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->data)
		t->data[0] = '\0';
}

/* Room for 'more' characters and the NUL. */
static void reserve(struct text *t, size_t more)
{
	size_t needed = t->len + more + 1;
	size_t capacity = t->capacity ? t->capacity : 64;

	if (more > SIZE_MAX / 4)
		abort();
	if (needed <= t->capacity)
		return;
	while (capacity < needed)
		capacity *= 2;
	t->data = xrealloc(t->data, capacity);
	t->capacity = capacity;
}

void text_add(struct text *t, const char *s)
{
	text_add_len(t, s, strlen(s));
}

void text_add_len(struct text *t, const char *s, size_t len)
{
	reserve(t, len);
	if (len > 0)
		memcpy(t->data + t->len, s, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		abort(); /* the format is ours, and memory is there or we are not */
	reserve(t, (size_t)len);
	va_start(args, fmt);
	vsnprintf(t->data + t->len, (size_t)len + 1, fmt, args);
	va_end(args);
	t->len += (size_t)len;
}

const char *text_str(const struct text *t)
{
	return t->data ? t->data : "";
}

char *text_take(struct text *t)
{
	char *data = t->data ? t->data : xstrdup("");

	*t = (struct text){0};
	return data;
}

/* Longer words are nobody's typing error. */
#define NEAREST_LEN_MAX 63

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, none of
 * them edited twice. Three rows of the table are enough. Both at most NEAREST_LEN_MAX long. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NEAREST_LEN_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

			best = smaller(best, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = smaller(best, before[j - 2] + 1);
			row[j] = best;
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

const char *text_nearest(const char *word, const char *const *names, size_t count)
{
	size_t word_len = strlen(word);
	size_t nearest_distance = SIZE_MAX;
	const char *nearest = NULL;

	if (word_len == 0 || word_len > NEAREST_LEN_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names[i]);
		size_t longer = len > word_len ? len : word_len;
		size_t limit = longer / 3 > 1 ? longer / 3 : 1;
		size_t d;

		if (len > NEAREST_LEN_MAX)
			continue;
		d = distance(word, word_len, names[i], len);
		/* d == longer: not a character in common, which a third of 1 would let pass. */
		if (d <= limit && d < longer && d < nearest_distance) {
			nearest = names[i];
			nearest_distance = d;
		}
	}
	return nearest;
}

const char *text_join(char *buf, size_t size, const char *const *parts, size_t count)
{
	size_t end = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = strnlen(parts[i], size - 1 - end);

		memcpy(buf + end, parts[i], len);
		end += len;
	}
	buf[end] = '\0';
	return buf;
}

size_t text_utf8_len(const char *s, size_t left)
{
	unsigned char lead = (unsigned char)s[0];
	unsigned char second = left > 1 ? (unsigned char)s[1] : 0;
	size_t len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	if (len == 1)
		return 1;
	if (lead < 0xc2 || lead > 0xf4 || left < len)
		return 0;
	if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
	    (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

bool text_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Largest first: the order in which they may stand. */
static const struct unit {
	const char *name;
	int64_t us;
} units[] = {
	{"h", INT64_C(3600000000)}, {"m", 60000000}, {"s", 1000000}, {"ms", 1000}, {"us", 1},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t unit_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < LT_ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
			break;
	}
	return i;
}

/* A number before its unit is known: "1" or "1.5". */
struct quantity {
	int64_t whole;
	int64_t fraction; /* numerator */
	int64_t scale;    /* denominator, a power of ten */
	bool too_large;
};

/* Times an hour of microseconds this stays within 64 bits. */
#define FRACTION_DIGITS_MAX 9

static int read_quantity(const char **s, struct quantity *q)
{
	const char *at = *s;
	unsigned digits = 0;

	*q = (struct quantity){.scale = 1};
	if (!is_digit(*at))
		return -EINVAL;
	for (; is_digit(*at); at++) {
		if (__builtin_mul_overflow(q->whole, 10, &q->whole) ||
		    __builtin_add_overflow(q->whole, *at - '0', &q->whole))
			q->too_large = true;
	}
	if (*at == '.') {
		for (at++; is_digit(*at); at++) {
			if (++digits > FRACTION_DIGITS_MAX)
				return -EINVAL;
			q->fraction = q->fraction * 10 + (*at - '0');
			q->scale *= 10;
		}
		if (digits == 0)
			return -EINVAL;
	}
	*s = at;
	return 0;
}

/* Adds a quantity of 'unit_us' to '*total'. */
static int add_quantity(int64_t *total, const struct quantity *q, int64_t unit_us)
{
	int64_t part = q->fraction * unit_us;
	int64_t whole;

	if (part % q->scale != 0)
		return -EINVAL; /* finer than a microsecond */
	if (q->too_large || __builtin_mul_overflow(q->whole, unit_us, &whole) ||
	    __builtin_add_overflow(whole, part / q->scale, &whole) ||
	    __builtin_add_overflow(*total, whole, total))
		return -ERANGE;
	return 0;
}

int text_parse_duration(const char *s, int64_t *ret_us)
{
	size_t next_unit = 0; /* smallest index that may still come */
	int64_t total = 0;
	int result = 0;

	if (!*s)
		return -EINVAL;
	while (*s) {
		struct quantity q;
		size_t len, unit;
		int added;

		if (read_quantity(&s, &q) < 0)
			return -EINVAL;
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz");
		unit = unit_find(s, len);
		if (unit >= LT_ARRAY_SIZE(units) || unit < next_unit)
			return -EINVAL;
		added = add_quantity(&total, &q, units[unit].us);
		if (added == -EINVAL)
			return added;
		if (added < 0)
			result = added; /* go on: a wrong form is the better answer */
		next_unit = unit + 1;
		s += len;
	}
	if (result == 0)
		*ret_us = total;
	return result;
}

/* Less than a minute: one number, of the largest unit in which it is at least 1. */
static void format_short(char *buf, size_t size, uint64_t us)
{
	uint64_t unit = us >= 1000000 ? 1000000 : us >= 1000 ? 1000 : 1;
	const char *name = unit == 1000000 ? "s" : unit == 1000 ? "ms" : "us";
	uint64_t fraction = us % unit;
	int digits = unit == 1000000 ? 6 : 3;

	if (fraction == 0) {
		snprintf(buf, size, "%" PRIu64 "%s", us / unit, name);
		return;
	}
	for (; fraction % 10 == 0; fraction /= 10)
		digits--;
	snprintf(buf, size, "%" PRIu64 ".%0*" PRIu64 "%s", us / unit, digits, fraction, name);
}

const char *text_format_duration(int64_t us, char buf[static TEXT_DURATION_SIZE])
{
	/* Unsigned, because the smallest number has no positive. */
	uint64_t left = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
	uint64_t hours = left / 3600000000u;
	uint64_t minutes = left / 60000000u % 60;
	uint64_t rest = left % 60000000u;
	char *at = buf;
	char *end = buf + TEXT_DURATION_SIZE;

	if (left == 0) {
		snprintf(buf, TEXT_DURATION_SIZE, "0s");
		return buf;
	}
	if (us < 0)
		*at++ = '-';
	if (hours > 0)
		at += snprintf(at, (size_t)(end - at), "%" PRIu64 "h", hours);
	if (minutes > 0)
		at += snprintf(at, (size_t)(end - at), "%" PRIu64 "m", minutes);
	if (rest > 0)
		format_short(at, (size_t)(end - at), rest);
	return buf;
}
