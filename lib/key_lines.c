/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/key_lines.h"

#include "lib/base64.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"
#define HEX    "hex:"

struct reader {
	int (*take)(void *ctx, const struct key_line *line, struct text *problem);
	void *ctx;
	size_t count;
};

static bool name_valid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
		            name[i]))
			return false;
	return len > 0 && len <= KEY_LINES_NAME_MAX;
}

/* A copy of the word, which is wiped by free_secret(). */
static char *take_word(const char *word, size_t len)
{
	char *copy = xcalloc(1, len + 1);

	memcpy(copy, word, len);
	return copy;
}

static void free_secret(char *secret, size_t size)
{
	explicit_bzero(secret, size);
	free(secret);
}

static int check_size(size_t size, struct text *problem)
{
	if (size >= KEY_LINES_MIN && size <= KEY_LINES_MAX)
		return 0;
	text_printf(problem, "the key has %zu bytes; allowed are %d to %d", size, KEY_LINES_MIN,
	            KEY_LINES_MAX);
	return -EINVAL;
}

static int decode_hex(const char *word, size_t len, struct key_line *key, struct text *problem)
{
	bool digits = len % 2 == 0;
	int rc;

	for (size_t i = 0; i < len; i++)
		digits &= text_hex_digit(word[i]) >= 0;
	if (!digits) {
		text_add(problem, "the key is no row of pairs of hexadecimal digits");
		return -EINVAL;
	}
	rc = check_size(len / 2, problem);
	if (rc)
		return rc;
	key->size = len / 2;
	for (size_t i = 0; i < key->size; i++)
		key->bytes[i] = (uint8_t)(text_hex_digit(word[2 * i]) << 4 |
		                          text_hex_digit(word[2 * i + 1]));
	return 0;
}

static int decode_base64(const char *word, size_t len, struct key_line *key, struct text *problem)
{
	char *copy = take_word(word, len), *bytes = NULL;
	size_t size = 0;
	int rc = base64_decode(copy, &bytes, &size);

	free_secret(copy, len);
	if (rc) {
		text_add(problem, "the key is no base64");
		return rc;
	}
	rc = check_size(size, problem);
	if (rc == 0) {
		memcpy(key->bytes, bytes, size);
		key->size = size;
	}
	free_secret(bytes, size);
	return rc;
}

static int decode_key(const char *word, size_t len, struct key_line *key, struct text *problem)
{
	const size_t skip = strlen(HEX);

	if (len >= skip && memcmp(word, HEX, skip) == 0)
		return decode_hex(word + skip, len - skip, key, problem);
	return decode_base64(word, len, key, problem);
}

/* One line without its end and its comment. */
static int parse_line(const char *line, size_t len, struct reader *reader, struct text *problem)
{
	const char *words[2] = {NULL};
	size_t lens[2] = {0}, count = 0, at = 0;
	struct key_line key = {.name = ""};
	int rc;

	while (at < len) {
		size_t start;

		while (at < len && strchr(BLANKS, line[at]))
			at++;
		start = at;
		while (at < len && !strchr(BLANKS, line[at]))
			at++;
		if (at == start)
			break;
		if (count == 2) {
			text_add(problem, "a line is \"NAME KEY\" or \"KEY\"");
			return -EINVAL;
		}
		words[count] = line + start;
		lens[count++] = at - start;
	}
	if (count == 0)
		return 0;
	if (count == 2) {
		if (!name_valid(words[0], lens[0])) {
			text_printf(
				problem,
				"the key's name may have 1 to %d letters, digits, '.', '_', '-'",
				KEY_LINES_NAME_MAX);
			return -EINVAL;
		}
		memcpy(key.name, words[0], lens[0]);
	}
	rc = decode_key(words[count - 1], lens[count - 1], &key, problem);
	if (rc == 0)
		rc = reader->take(reader->ctx, &key, problem);
	reader->count++;
	explicit_bzero(&key, sizeof(key));
	return rc;
}

int key_lines_parse(const char *text,
                    int (*take)(void *ctx, const struct key_line *line, struct text *problem),
                    void *ctx, struct text *problem)
{
	struct reader reader = {.take = take, .ctx = ctx};
	struct text wrong = {0};
	unsigned number = 0;
	int rc = 0;

	while (*text && rc == 0) {
		size_t len = strcspn(text, "\n");
		const char *comment = memchr(text, '#', len);

		number++;
		rc = parse_line(text, comment ? (size_t)(comment - text) : len, &reader, &wrong);
		text += len + (text[len] == '\n');
	}
	if (rc)
		text_printf(problem, "line %u: %s", number, text_str(&wrong));
	if (rc == 0 && reader.count == 0) {
		text_add(problem, "there is no key in it");
		rc = -EINVAL;
	}
	text_done(&wrong);
	return rc ? -EINVAL : 0;
}
