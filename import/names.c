/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/names.h"

#include "lib/hash.h"

#include <string.h>

struct import_name {
	const char *name;
	struct import_named named;
	UT_hash_handle hh;
};

struct import_named *import_names_find(const struct import_names *names, const char *name)
{
	struct import_name *found;

	HASH_FIND(hh, names->head, name, strlen(name), found);
	return found ? &found->named : NULL;
}

struct import_named *import_names_get(struct import_names *names, struct arena *arena,
                                      const char *name)
{
	struct import_named *named = import_names_find(names, name);
	struct import_name *entry;

	if (named)
		return named;
	entry = arena_alloc(arena, sizeof(*entry));
	entry->name = arena_strdup(arena, name);
	HASH_ADD_KEYPTR(hh, names->head, entry->name, strlen(entry->name), entry);
	return &entry->named;
}

void import_names_done(struct import_names *names)
{
	HASH_CLEAR(hh, names->head);
}
