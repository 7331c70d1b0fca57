/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/search.h"

static const char *item_at(const void *items, size_t index, size_t size)
{
	return (const char *)items + index * size;
}

size_t search_place(const void *items, size_t count, size_t size, const void *key,
                    int (*compare)(const void *item, const void *key))
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(item_at(items, middle, size), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *search_find(const void *items, size_t count, size_t size, const void *key,
                  int (*compare)(const void *item, const void *key))
{
	size_t place = search_place(items, count, size, key, compare);

	if (place == count || compare(item_at(items, place, size), key) != 0)
		return NULL;
	return (void *)item_at(items, place, size);
}
