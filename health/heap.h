/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/heap.h - what is due first: a binary heap whose members know their place, so that any can
 * be taken out.
 *
 * Pure. Members are not owned; each is in at most one heap. */

#ifndef LINTEL_HEALTH_HEAP_H
#define LINTEL_HEALTH_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct health_heap_node {
	int64_t at_us; /* not to be changed while it is in a heap */
	size_t place;  /* private */
};

struct health_heap {
	struct health_heap_node **nodes;
	size_t count;
	size_t capacity;
};

void health_heap_done(struct health_heap *heap);
void health_heap_add(struct health_heap *heap, struct health_heap_node *node);
void health_heap_remove(struct health_heap *heap, struct health_heap_node *node);
/* The earliest; NULL when empty. */
struct health_heap_node *health_heap_first(const struct health_heap *heap);

#endif
