/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A binary heap of pointers; each item knows its place.
 */
#include "bgp/heap.h"

#include <stdlib.h>

#include "bgp/memory.h"

void
heap_destroy(struct heap *heap)
{
	free(heap->items);
	*heap = (struct heap){ 0 };
}

static void
heap_place(struct heap *heap, uint32_t i, struct heap_item *item)
{
	heap->items[i] = item;
	item->pos = i + 1;
}

static void
heap_up(struct heap *heap, uint32_t i, struct heap_item *item)
{
	while (i > 0 && heap->items[(i - 1) / 2]->key > item->key) {
		heap_place(heap, i, heap->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_place(heap, i, item);
}

static void
heap_down(struct heap *heap, uint32_t i, struct heap_item *item)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n &&
		    heap->items[child + 1]->key < heap->items[child]->key)
			child++;
		if (heap->items[child]->key >= item->key)
			break;
		heap_place(heap, i, heap->items[child]);
		i = child;
	}
	heap_place(heap, i, item);
}

static void
heap_settle(struct heap *heap, uint32_t i, struct heap_item *item)
{
	if (i > 0 && heap->items[(i - 1) / 2]->key > item->key)
		heap_up(heap, i, item);
	else
		heap_down(heap, i, item);
}

void
heap_set(struct heap *heap, struct heap_item *item, uint64_t key)
{
	item->key = key;
	if (item->pos == 0) {
		if (heap->n == heap->room) {
			heap->room = heap->room == 0 ? 16 : heap->room * 2;
			heap->items = mem_resize(
			    heap->items, heap->room, sizeof(struct heap_item *));
		}
		heap->n++;
		heap_up(heap, heap->n - 1, item);
		return;
	}
	heap_settle(heap, item->pos - 1, item);
}

void
heap_remove(struct heap *heap, struct heap_item *item)
{
	uint32_t i = item->pos;
	struct heap_item *last;

	if (i == 0)
		return;
	item->pos = 0;
	last = heap->items[--heap->n];
	if (last != item)
		heap_settle(heap, i - 1, last);
}
