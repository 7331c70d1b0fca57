/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/names.h - what goes by a name, found at once however many there are.
 *
 * Pure. Private to import/. Zero-initialised; entries live in an arena. */

#ifndef LINTEL_IMPORT_NAMES_H
#define LINTEL_IMPORT_NAMES_H

#include "lib/arena.h"

#include <stddef.h>

struct import_name;

struct import_names {
	struct import_name *head; /* the hash table; import_names_done() frees what is not arena */
};

/* What goes by a name. Both begin as 0 and are the caller's to use. */
struct import_named {
	void *what;
	size_t number;
};

/* The entry of this name, made if it isn't there. Stays where it is. */
struct import_named *import_names_get(struct import_names *names, struct arena *arena,
                                      const char *name);
/* NULL when it isn't there. */
struct import_named *import_names_find(const struct import_names *names, const char *name);
void import_names_done(struct import_names *names);

#endif
