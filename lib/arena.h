/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/arena.h - memory that is freed all at once.
 *
 * Pure. A snapshot lives and dies with its arena; nothing inside is freed alone.
 * All memory is aligned for any type, but for texts, and zeroed where nothing else is said. Failure
 * to allocate aborts. */

#ifndef LINTEL_LIB_ARENA_H
#define LINTEL_LIB_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* newest block, NULL when empty */
	size_t used_size;         /* bytes handed out, for limits and for status */
};

void arena_init(struct arena *arena);
/* Frees everything; the arena may be used again afterwards. */
void arena_done(struct arena *arena);
/* Forgets everything, for another round: one block of memory stays, unless it is large. */
void arena_clear(struct arena *arena);

/* What comes next is taken from a block of so many bytes, where as much as fits lies together: for
 * many small arenas whose sizes are about known. Else the first block has 960. */
void arena_reserve(struct arena *arena, size_t size);
/* Bytes of all blocks, used or not. */
size_t arena_held(const struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
/* Not zeroed: for who fills all of it. */
void *arena_room(struct arena *arena, size_t size);
/* 'count' zeroed elements of 'size' bytes, overflow checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *s);
void *arena_memdup(struct arena *arena, const void *src, size_t size);
/* Moves what 'from' holds into 'to'; 'from' is empty afterwards. */
void arena_adopt(struct arena *to, struct arena *from);

#endif
