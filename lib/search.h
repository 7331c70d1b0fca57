/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/search.h - where something is, or belongs, among items that stand in order.
 *
 * Pure. 'compare' is given an item and the key: below 0 when the item comes before what is sought,
 * 0 when it is it. Unlike bsearch(3) the place is known where nothing is found, and of several that
 * are equal it is the first. */

#ifndef LINTEL_LIB_SEARCH_H
#define LINTEL_LIB_SEARCH_H

#include <stddef.h>

/* The index of the first of 'count' items of 'size' bytes that does not come before 'key'; 'count'
 * when all do. */
size_t search_place(const void *items, size_t count, size_t size, const void *key,
                    int (*compare)(const void *item, const void *key));
/* The item, NULL when there is none. */
void *search_find(const void *items, size_t count, size_t size, const void *key,
                  int (*compare)(const void *item, const void *key));

#endif
