/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/key.h - the keys of a virtual router, as they stand in a file.
 *
 * Pure. A line is "ID KEY" (lib/key_lines.h), with an ID of 1 to 255 that goes over the wire. The
 * first key signs, all are accepted. So a key is changed without a break: add the new one at the
 * end everywhere; move it to the front everywhere; remove the old one everywhere. */

#ifndef LINTEL_VRRP_KEY_H
#define LINTEL_VRRP_KEY_H

#include "lib/key_lines.h"

#include <stdbool.h>

#define VRRP_KEYS_MAX 8

struct vrrp_key {
	uint8_t id; /* 1..255 */
	uint8_t bytes[KEY_LINES_MAX];
	size_t size;
};

/* Zero-initialised: none. */
struct vrrp_keys {
	struct vrrp_key items[VRRP_KEYS_MAX];
	size_t count;
};

/* 'text' is NUL-terminated. -EINVAL: 'problem' says what is wrong, with the line and without the
 * key, and '*ret_keys' is untouched. */
LT_MUST_USE int vrrp_keys_parse(const char *text, struct vrrp_keys *ret_keys, struct text *problem);
bool vrrp_keys_equal(const struct vrrp_keys *a, const struct vrrp_keys *b);
/* Overwrites and empties. */
void vrrp_keys_wipe(struct vrrp_keys *keys);

#endif
