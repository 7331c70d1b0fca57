/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/key.h"

#include "lib/base64.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"

static bool name_valid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
		            name[i]))
			return false;
	return len > 0 && len <= PEER_KEY_NAME_MAX;
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

static int decode_key(const char *word, size_t len, struct peer_key *key, struct text *problem)
{
	char *copy = take_word(word, len), *bytes = NULL;
	size_t size = 0;
	int rc = base64_decode(copy, &bytes, &size);

	free_secret(copy, len);
	if (rc) {
		text_add(problem, "the key is no base64");
		return rc;
	}
	if (size < PEER_KEY_MIN || size > PEER_KEY_MAX) {
		text_printf(problem, "the key has %zu bytes; allowed are %d to %d", size,
		            PEER_KEY_MIN, PEER_KEY_MAX);
		rc = -EINVAL;
	} else {
		memcpy(key->bytes, bytes, size);
		key->size = size;
	}
	free_secret(bytes, size);
	return rc;
}

static bool same_bytes(const struct peer_key *a, const struct peer_key *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int add_key(struct peer_keys *keys, const struct peer_key *key, struct text *problem)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (key->name[0] && strcmp(keys->items[i].name, key->name) == 0) {
			text_printf(problem, "there is another key named %s", key->name);
			return -EINVAL;
		}
		if (same_bytes(&keys->items[i], key)) {
			text_add(problem, "this key is there already");
			return -EINVAL;
		}
	}
	if (keys->count == PEER_KEYS_MAX) {
		text_printf(problem, "there are more than %d keys", PEER_KEYS_MAX);
		return -EINVAL;
	}
	keys->items[keys->count++] = *key;
	return 0;
}

/* One line without its end and its comment. */
static int parse_line(const char *line, size_t len, struct peer_keys *keys, struct text *problem)
{
	const char *words[2] = {NULL};
	size_t lens[2] = {0}, count = 0, at = 0;
	struct peer_key key = {.name = ""};
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
			text_add(problem, "a line is \"NAME BASE64\" or \"BASE64\"");
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
				PEER_KEY_NAME_MAX);
			return -EINVAL;
		}
		memcpy(key.name, words[0], lens[0]);
	}
	rc = decode_key(words[count - 1], lens[count - 1], &key, problem);
	if (rc == 0)
		rc = add_key(keys, &key, problem);
	explicit_bzero(&key, sizeof(key));
	return rc;
}

int peer_keys_parse(const char *text, struct peer_keys *ret_keys, struct text *problem)
{
	struct peer_keys keys = {.count = 0};
	struct text wrong = {0};
	unsigned number = 0;
	int rc = 0;

	while (*text && rc == 0) {
		size_t len = strcspn(text, "\n");
		const char *comment = memchr(text, '#', len);

		number++;
		rc = parse_line(text, comment ? (size_t)(comment - text) : len, &keys, &wrong);
		text += len + (text[len] == '\n');
	}
	if (rc)
		text_printf(problem, "line %u: %s", number, text_str(&wrong));
	if (rc == 0 && keys.count == 0) {
		text_add(problem, "there is no key in it");
		rc = -EINVAL;
	}
	if (rc == 0)
		*ret_keys = keys;
	text_done(&wrong);
	peer_keys_wipe(&keys);
	return rc ? -EINVAL : 0;
}

const struct peer_key *peer_keys_find(const struct peer_keys *keys, const void *name, size_t size)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct peer_key *key = &keys->items[i];

		if (strlen(key->name) == size && memcmp(key->name, name, size) == 0)
			return key;
	}
	return NULL;
}

bool peer_keys_hold(const struct peer_keys *keys, const struct peer_key *key)
{
	const struct peer_key *found = peer_keys_find(keys, key->name, strlen(key->name));

	return found && same_bytes(found, key);
}

void peer_keys_wipe(struct peer_keys *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}
