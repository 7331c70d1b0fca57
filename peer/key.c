/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/key.h"

#include <errno.h>
#include <string.h>

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

static int take_line(void *ctx, const struct key_line *line, struct text *problem)
{
	struct peer_key key = {.size = line->size};
	int rc;

	memcpy(key.name, line->name, sizeof(key.name));
	memcpy(key.bytes, line->bytes, line->size);
	rc = add_key(ctx, &key, problem);
	explicit_bzero(&key, sizeof(key));
	return rc;
}

int peer_keys_parse(const char *text, struct peer_keys *ret_keys, struct text *problem)
{
	struct peer_keys keys = {.count = 0};
	int rc = key_lines_parse(text, take_line, &keys, problem);

	if (rc == 0)
		*ret_keys = keys;
	peer_keys_wipe(&keys);
	return rc;
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
