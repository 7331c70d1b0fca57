/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/heap.h"

#include "lib/mem.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_FIRST 16

void health_heap_done(struct health_heap *heap)
{
	free(heap->nodes);
	*heap = (struct health_heap){0};
}

static void put(struct health_heap *heap, size_t place, struct health_heap_node *node)
{
	heap->nodes[place] = node;
	node->place = place;
}

static void rise(struct health_heap *heap, struct health_heap_node *node)
{
	size_t place = node->place;

	while (place > 0) {
		size_t parent = (place - 1) / 2;

		if (heap->nodes[parent]->at_us <= node->at_us)
			break;
		put(heap, place, heap->nodes[parent]);
		place = parent;
	}
	put(heap, place, node);
}

static void sink(struct health_heap *heap, struct health_heap_node *node)
{
	size_t place = node->place;

	for (;;) {
		size_t child = 2 * place + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    heap->nodes[child + 1]->at_us < heap->nodes[child]->at_us)
			child++;
		if (heap->nodes[child]->at_us >= node->at_us)
			break;
		put(heap, place, heap->nodes[child]);
		place = child;
	}
	put(heap, place, node);
}

void health_heap_add(struct health_heap *heap, struct health_heap_node *node)
{
	if (heap->count == heap->capacity) {
		heap->capacity = heap->capacity ? 2 * heap->capacity : CAPACITY_FIRST;
		heap->nodes = xreallocarray(heap->nodes, heap->capacity, sizeof(*heap->nodes));
	}
	put(heap, heap->count++, node);
	rise(heap, node);
}

void health_heap_remove(struct health_heap *heap, struct health_heap_node *node)
{
	struct health_heap_node *last = heap->nodes[heap->count - 1];

	assert(heap->nodes[node->place] == node);
	heap->count--;
	if (last == node)
		return;
	put(heap, node->place, last);
	rise(heap, last);
	sink(heap, last);
}

struct health_heap_node *health_heap_first(const struct health_heap *heap)
{
	return heap->count > 0 ? heap->nodes[0] : NULL;
}
