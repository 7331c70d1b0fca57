/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/spec.h - checks as values: equal ones kept once, by a key of their bytes.
 *
 * Pure. For health/table.c. */

#ifndef LINTEL_HEALTH_SPEC_H
#define LINTEL_HEALTH_SPEC_H

#include "lib/arena.h"
#include "lib/hash.h"
#include "lib/text.h"
#include "model/object.h"

#include <stddef.h>

struct health_spec {
	struct model_health_check check; /* a copy; 'start', 'failure' and 'port' mean nothing */
	char *key;                       /* owned */
	size_t key_size;
	size_t probe_size; /* of the key: the part that says what is tried, before the timing */
	size_t holders;
	struct arena arena;
	UT_hash_handle hh;
};

/* Appends the key of 'check', and returns how much of it says what is tried. Keys are equal when
 * all is, but for port, start and failure. */
size_t health_spec_key(const struct model_health_check *check, struct text *key);

/* The one in '*specs' that equals 'check', made when there is none; held once more. */
struct health_spec *health_spec_hold(struct health_spec **specs,
                                     const struct model_health_check *check);
/* NULL when there is none. Not held. */
struct health_spec *health_spec_find(struct health_spec *specs,
                                     const struct model_health_check *check);
void health_spec_release(struct health_spec **specs, struct health_spec *spec);

#endif
