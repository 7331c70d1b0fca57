/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/key.h - the keys that nodes share: who has none of them is not one of us.
 *
 * Pure. A file holds one key a line, as lib/key_lines.h reads it, with a name or without (then its
 * name is made from its digest, peer/tls.h). The first key is offered, all are accepted. So a key
 * is changed without a break: add the new one at the end everywhere; move it to the front
 * everywhere; remove the old one everywhere. A key is 32 to 64 random bytes: `openssl rand -base64
 * 32`. Keys are wiped when they are dropped, and stand in no message. */

#ifndef LINTEL_PEER_KEY_H
#define LINTEL_PEER_KEY_H

#include "lib/compiler.h"
#include "lib/key_lines.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_KEYS_MAX     8
#define PEER_KEY_MIN      KEY_LINES_MIN
#define PEER_KEY_MAX      KEY_LINES_MAX
#define PEER_KEY_NAME_MAX KEY_LINES_NAME_MAX
#define PEER_KEY_FILE_MAX KEY_LINES_FILE_MAX

struct peer_key {
	char name[PEER_KEY_NAME_MAX + 1]; /* goes over the wire as it is; "": none yet */
	uint8_t bytes[PEER_KEY_MAX];
	size_t size;
};

/* Zero-initialised: none. */
struct peer_keys {
	struct peer_key items[PEER_KEYS_MAX]; /* the first is offered */
	size_t count;
};

/* 'text' is NUL-terminated. -EINVAL: 'problem' says what is wrong, with the line and without the
 * key, and '*ret_keys' is untouched. At least one key must be there. */
LT_MUST_USE int peer_keys_parse(const char *text, struct peer_keys *ret_keys, struct text *problem);
/* NULL when there is none of this name. */
const struct peer_key *peer_keys_find(const struct peer_keys *keys, const void *name, size_t size);
/* Is 'key' one of them, by name and bytes? */
bool peer_keys_hold(const struct peer_keys *keys, const struct peer_key *key);
/* Overwrites and empties. */
void peer_keys_wipe(struct peer_keys *keys);

#endif
