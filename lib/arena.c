/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of blocks, newest first. Small requests are cut from the newest block; a request that
 * does not fit opens a block, twice as large as the last up to a limit, so that both a tree of ten
 * nodes and one of a million need few calls of malloc. */

#include "lib/arena.h"

#include "lib/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With what comes before it, so much that glibc gives to the next who asks what the last one gave
 * back: many arenas are small and live shortly, and so stand on the same spot. */
#define BLOCK_SIZE_FIRST 960
#define BLOCK_SIZE_MAX   ((size_t)256 * 1024)
#define KEEP_SIZE_MAX    ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *older;
	size_t size; /* bytes of 'data' */
	size_t used; /* of these handed out */
	alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena)
{
	arena->head = NULL;
	arena->used_size = 0;
}

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->head;

	while (block) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
	arena_init(arena);
}

void arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->head;

	/* The newest is the largest, or was made for something large. */
	if (!block || block->size > KEEP_SIZE_MAX) {
		arena_done(arena);
		return;
	}
	arena->head = block->older;
	arena_done(arena);
	block->used = 0;
	block->older = NULL;
	arena->head = block;
}

static size_t next_block_size(const struct arena *arena)
{
	if (!arena->head)
		return BLOCK_SIZE_FIRST;
	if (arena->head->size >= BLOCK_SIZE_MAX / 2)
		return BLOCK_SIZE_MAX;
	return arena->head->size * 2;
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
	struct arena_block *block = xmalloc(sizeof(*block) + size);

	block->size = size;
	block->used = 0;
	block->older = arena->head;
	arena->head = block;
	return block;
}

void arena_reserve(struct arena *arena, size_t size)
{
	(void)block_add(arena, size);
}

size_t arena_held(const struct arena *arena)
{
	size_t size = 0;

	for (const struct arena_block *block = arena->head; block; block = block->older)
		size += block->size;
	return size;
}

static void *take_from_new(struct arena *arena, size_t size)
{
	size_t next = next_block_size(arena);
	struct arena_block *block;

	if (size > SIZE_MAX / 2)
		abort();
	block = block_add(arena, next > size ? next : size);
	arena->used_size += size;
	block->used = size;
	return block->data;
}

/* Short, as a list has millions of these: mostly it fits. */
static inline void *take(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_block *block = arena->head;
	size_t start;

	if (!block)
		return take_from_new(arena, size);
	start = (block->used + alignment - 1) & ~(alignment - 1);
	if (start > block->size || block->size - start < size)
		return take_from_new(arena, size);
	arena->used_size += start + size - block->used;
	block->used = start + size;
	return block->data + start;
}

void *arena_room(struct arena *arena, size_t size)
{
	return take(arena, size, alignof(max_align_t));
}

/* Zeroed here and not with its block: what is never asked for is never touched. */
void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(arena_room(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		abort();
	return arena_alloc(arena, count * size);
}

char *arena_strdup(struct arena *arena, const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(take(arena, size, 1), s, size);
}

void *arena_memdup(struct arena *arena, const void *src, size_t size)
{
	void *copy = arena_room(arena, size);

	if (size > 0)
		memcpy(copy, src, size);
	return copy;
}

void arena_adopt(struct arena *to, struct arena *from)
{
	struct arena_block *oldest = from->head;

	if (!oldest)
		return;
	while (oldest->older)
		oldest = oldest->older;
	/* The adopted blocks go below, so 'to' goes on filling the block it was filling. */
	if (to->head) {
		oldest->older = to->head->older;
		to->head->older = from->head;
	} else {
		to->head = from->head;
	}
	to->used_size += from->used_size;
	arena_init(from);
}
