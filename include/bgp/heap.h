/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A heap of deadlines.  An item is embedded in what it times, and moves in O(log n).
 */
#ifndef BGP_HEAP_H
#define BGP_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_item {
	uint64_t key; /* a time, in the unit of who owns the heap */
	uint32_t pos; /* 1-based; 0: not in the heap */
};

struct heap {
	struct heap_item **items;
	uint32_t n;
	uint32_t room;
};

void heap_destroy(struct heap *heap);
/* Inserts, or moves, `item` to `key`. */
void heap_set(struct heap *heap, struct heap_item *item, uint64_t key);
void heap_remove(struct heap *heap, struct heap_item *item);

/* The least key's item; NULL when empty. */
static inline struct heap_item *
heap_min(const struct heap *heap)
{
	return heap->n == 0 ? NULL : heap->items[0];
}

#endif
