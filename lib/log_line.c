/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log_line.h"

#include "lib/text.h"

#include "lib/compiler.h"

#include <inttypes.h>
#include <string.h>

const char *log_line_level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "?";
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* How much of the message is kept: cut between characters. */
static size_t kept_len(const char *message)
{
	size_t len = strnlen(message, LOG_LINE_MESSAGE_MAX + 1);

	if (len <= LOG_LINE_MESSAGE_MAX)
		return len;
	for (len = LOG_LINE_MESSAGE_MAX; len > 0 && (message[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

static void add_message(struct text *out, const char *message)
{
	size_t len = kept_len(message);

	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_len(message + i, len - i);

		if (n == 0 || is_control(message[i])) {
			text_printf(out, "\\x%02x", (unsigned char)message[i]);
			i++;
		} else {
			text_add_len(out, message + i, n);
			i += n;
		}
	}
	if (message[len])
		text_add(out, "...");
}

void log_line_journal(struct text *out, enum log_level level, const char *component,
                      const char *message)
{
	text_printf(out, "<%d>%s: ", (int)level, component);
	add_message(out, message);
}

/* Days since 1970 to a date of the Gregorian calendar: counted in eras of 400 years, each beginning
 * on 1 March, so that the leap day comes last. */
void log_line_time(struct text *out, int64_t wall_us)
{
	int64_t ms = wall_us / 1000;
	int64_t day = ms / 86400000 + 719468; /* since 0000-03-01 */
	int64_t of_day = ms % 86400000;
	int64_t era = day / 146097;
	int64_t of_era = day % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t march_month = (5 * of_year + 2) / 153;
	int64_t date = of_year - (153 * march_month + 2) / 5 + 1;
	int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;

	year += era * 400 + (month <= 2);
	text_printf(out,
	            "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
	            ":%02" PRId64 ".%03" PRId64 "Z",
	            year, month, date, of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60,
	            of_day % 1000);
}

void log_line_text(struct text *out, int64_t wall_us, enum log_level level, const char *component,
                   const char *message)
{
	log_line_time(out, wall_us);
	text_printf(out, " %s %s: ", log_line_level_name(level), component);
	add_message(out, message);
}

/* --- JSON (RFC 8259) --- */

static void add_json_characters(struct text *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = text_utf8_len(s + i, len - i);

		if (n == 0) {
			text_add(out, "\\ufffd");
			n = 1;
		} else if (is_control(s[i])) {
			text_printf(out, "\\u%04x", (unsigned)s[i]);
		} else {
			if (s[i] == '"' || s[i] == '\\')
				text_add(out, "\\");
			text_add_len(out, s + i, n);
		}
		i += n;
	}
}

static void add_json_text(struct text *out, const char *s, size_t len)
{
	text_add(out, "\"");
	add_json_characters(out, s, len);
	text_add(out, "\"");
}

/* Integers that every reader of JSON keeps exact (below 2^53) and that JSON writes so. */
static bool is_plain_integer(const char *s, size_t len)
{
	size_t i = len > 0 && s[0] == '-';

	if (i == len || len - i > 15 || (s[i] == '0' && len - i > 1))
		return false;
	for (; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
	}
	return true;
}

/* A piece of a message: a word, or key=value. */
struct piece {
	const char *at;
	size_t len;
	size_t key_len; /* 0 for a word */
	const char *value;
	size_t value_len;
	bool quoted;
};

static size_t read_key(const char *s, size_t left)
{
	size_t n = 0;

	while (n < left && ((s[n] >= 'a' && s[n] <= 'z') || (n > 0 && s[n] >= '0' && s[n] <= '9') ||
	                    (n > 0 && (s[n] == '_' || s[n] == '-'))))
		n++;
	return n < left && s[n] == '=' ? n : 0;
}

static struct piece read_piece(const char *s, size_t left)
{
	struct piece p = {.at = s, .key_len = read_key(s, left)};
	size_t i = p.key_len > 0 ? p.key_len + 1 : 0;

	p.value = s + i;
	if (p.key_len > 0 && i < left && s[i] == '"') {
		const char *end = memchr(s + i + 1, '"', left - i - 1);

		if (end && (end + 1 == s + left || end[1] == ' ')) {
			p.quoted = true;
			p.value++;
			p.value_len = (size_t)(end - p.value);
			p.len = (size_t)(end + 1 - s);
			return p;
		}
	}
	while (i < left && s[i] != ' ')
		i++;
	p.value_len = (size_t)(s + i - p.value);
	p.len = i;
	return p;
}

/* The words, or the pairs as members, of a message. */
static void add_json_pieces(struct text *out, const char *message, size_t len, bool pairs)
{
	static const char *const reserved[] = {"time", "level", "component", "message"};
	bool first = true;

	for (size_t i = 0; i < len;) {
		struct piece p = read_piece(message + i, len - i);

		if (p.len > 0 && p.key_len > 0 && pairs) {
			text_add(out, ",\"");
			text_add_len(out, p.at, p.key_len);
			for (size_t r = 0; r < LT_ARRAY_SIZE(reserved); r++) {
				if (strlen(reserved[r]) == p.key_len &&
				    memcmp(reserved[r], p.at, p.key_len) == 0)
					text_add(out, "_");
			}
			text_add(out, "\":");
			if (!p.quoted && is_plain_integer(p.value, p.value_len))
				text_add_len(out, p.value, p.value_len);
			else
				add_json_text(out, p.value, p.value_len);
		} else if (p.len > 0 && p.key_len == 0 && !pairs) {
			if (!first)
				text_add(out, " ");
			add_json_characters(out, p.at, p.len);
			first = false;
		}
		i += p.len + 1; /* and the blank */
	}
}

void log_line_json(struct text *out, int64_t wall_us, enum log_level level, const char *component,
                   const char *message)
{
	size_t len = kept_len(message);

	text_add(out, "{\"time\":\"");
	log_line_time(out, wall_us);
	text_printf(out, "\",\"level\":\"%s\",\"component\":", log_line_level_name(level));
	add_json_text(out, component, strlen(component));
	text_add(out, ",\"message\":\"");
	add_json_pieces(out, message, len, false);
	text_add(out, message[len] ? "...\"" : "\"");
	add_json_pieces(out, message, len, true);
	text_add(out, "}");
}
