/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbered objects in blocks.  A freed object holds the address of the next free one,
 * and the complement of its own number: an object that keeps its number there is seen
 * to be free.
 */
#include "bgp/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"

void
pool_init(struct pool *pool, uint32_t item_size)
{
	assert(item_size >= POOL_ITEM_MIN);
	*pool = (struct pool){ .item_size = item_size };
}

void
pool_destroy(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->n_blocks; i++)
		free(pool->blocks[i]);
	free(pool->blocks);
	*pool = (struct pool){ .item_size = pool->item_size };
}

static void
pool_grow(struct pool *pool)
{
	/* The array of blocks grows by sixteens: it is small beside the blocks. */
	if (pool->n_blocks % 16 == 0)
		pool->blocks = mem_resize(
		    pool->blocks, pool->n_blocks + 16u, sizeof(*pool->blocks));
	pool->blocks[pool->n_blocks++] =
	    mem_alloc((size_t)POOL_BLOCK_LEN * pool->item_size);
}

void *
pool_alloc(struct pool *pool, uint32_t *number)
{
	uint8_t *item;

	if (pool->free_head != NULL) {
		item = pool->free_head;
		memcpy(&pool->free_head, item, sizeof(pool->free_head));
		memcpy(number, item + sizeof(pool->free_head), sizeof(*number));
		*number = ~*number;
	} else {
		if (pool->top == pool->n_blocks * (uint32_t)POOL_BLOCK_LEN)
			pool_grow(pool);
		*number = ++pool->top;
		item = pool_at(pool, *number);
	}
	pool->used++;
	memset(item, 0, pool->item_size);
	return item;
}

void
pool_free(struct pool *pool, void *item, uint32_t number)
{
	uint8_t *octets = item;
	uint32_t stored = ~number;

	assert(pool->used > 0);
	/* What a stale pointer would read is garbage that a test sees. */
	memset(octets, 0xdd, pool->item_size);
	memcpy(octets, &pool->free_head, sizeof(pool->free_head));
	memcpy(octets + sizeof(pool->free_head), &stored, sizeof(stored));
	pool->free_head = item;
	pool->used--;
}

size_t
pool_bytes(const struct pool *pool)
{
	return (size_t)pool->n_blocks * POOL_BLOCK_LEN * pool->item_size +
	       ((size_t)pool->n_blocks + 15) / 16 * 16 * sizeof(*pool->blocks);
}
