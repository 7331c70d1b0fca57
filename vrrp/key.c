/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 255

static bool parse_id(const char *name, uint8_t *ret_id)
{
	char *end;
	unsigned long id;

	if (*name < '1' || *name > '9')
		return false;
	id = strtoul(name, &end, 10);
	if (*end || id > ID_MAX)
		return false;
	*ret_id = (uint8_t)id;
	return true;
}

static bool same_bytes(const struct vrrp_key *a, const struct vrrp_key *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static int take_line(void *ctx, const struct key_line *line, struct text *problem)
{
	struct vrrp_keys *keys = ctx;
	struct vrrp_key *key = &keys->items[keys->count];

	if (keys->count == VRRP_KEYS_MAX) {
		text_printf(problem, "there are more than %d keys", VRRP_KEYS_MAX);
		return -EINVAL;
	}
	if (!parse_id(line->name, &key->id)) {
		text_printf(problem, "a line begins with the key's number, 1 to %d", ID_MAX);
		return -EINVAL;
	}
	key->size = line->size;
	memcpy(key->bytes, line->bytes, line->size);
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->items[i].id == key->id) {
			text_printf(problem, "there is another key %d", key->id);
			return -EINVAL;
		}
		if (same_bytes(&keys->items[i], key)) {
			text_printf(problem, "this is the key %d once more", keys->items[i].id);
			return -EINVAL;
		}
	}
	keys->count++;
	return 0;
}

int vrrp_keys_parse(const char *text, struct vrrp_keys *ret_keys, struct text *problem)
{
	struct vrrp_keys keys = {.count = 0};
	int rc = key_lines_parse(text, take_line, &keys, problem);

	if (rc == 0)
		*ret_keys = keys;
	vrrp_keys_wipe(&keys);
	return rc;
}

bool vrrp_keys_equal(const struct vrrp_keys *a, const struct vrrp_keys *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].id != b->items[i].id || !same_bytes(&a->items[i], &b->items[i]))
			return false;
	return true;
}

void vrrp_keys_wipe(struct vrrp_keys *keys)
{
	explicit_bzero(keys, sizeof(*keys));
}
