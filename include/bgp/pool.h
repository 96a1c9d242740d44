/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fixed-size objects in blocks, addressed by a dense number: what the RIB keeps
 * millions of.  Numbers start at 1; 0 is "none".  A freed number is used again.
 * Addresses are stable; who needs no number frees by address alone.
 */
#ifndef BGP_POOL_H
#define BGP_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
	POOL_BLOCK_SHIFT = 10,
	POOL_BLOCK_LEN = 1 << POOL_BLOCK_SHIFT,
	POOL_ITEM_MIN = 12
};

struct pool {
	uint8_t **blocks;
	uint32_t n_blocks;
	uint32_t item_size; /* at least POOL_ITEM_MIN */
	uint32_t top;       /* numbers 1..top were handed out at some time */
	void *free_head;    /* chain of freed objects, through their first octets */
	uint32_t used;
};

void pool_init(struct pool *pool, uint32_t item_size);
void pool_destroy(struct pool *pool);
/* Zeroed.  Aborts when memory is out, as every allocation of the library does. */
void *pool_alloc(struct pool *pool, uint32_t *number) __attribute__((returns_nonnull));
/* `number` comes back with the next pool_alloc(); 0 where nobody needs it. */
void pool_free(struct pool *pool, void *item, uint32_t number);
size_t pool_bytes(const struct pool *pool);

/* `number` must be one that is in use. */
static inline void *
pool_at(const struct pool *pool, uint32_t number)
{
	uint32_t i = number - 1;

	return pool->blocks[i >> POOL_BLOCK_SHIFT] +
	       (size_t)(i & (POOL_BLOCK_LEN - 1)) * pool->item_size;
}

#endif
