/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Linear hashing: with every insertion beyond one node a bucket, one bucket is split in
 * two.  Buckets [0, split) and [base, base + split) were split in this round and take
 * one bit more of the hash.
 */
#include "route_table.h"

#include <assert.h>
#include <stdlib.h>

#include "bgp/memory.h"

enum { ROUTE_TABLE_FIRST = 16, SPLIT_AHEAD = 4 };

static_assert(sizeof(struct route_node) <= 32, "the padding is used");

static uint32_t
bucket_of(const struct route_table *table, const struct prefix *prefix)
{
	uint32_t hash = prefix_hash(prefix);
	uint32_t i = hash & (2 * table->base - 1);

	return i < table->base + table->split ? i : hash & (table->base - 1);
}

void
route_table_init(struct route_table *table)
{
	*table = (struct route_table){ .base = ROUTE_TABLE_FIRST };
	table->buckets =
	    mem_zero((size_t)2 * ROUTE_TABLE_FIRST, sizeof(*table->buckets));
}

void
route_table_destroy(struct route_table *table)
{
	free(table->buckets);
	*table = (struct route_table){ 0 };
}

struct route_node *
route_table_find(const struct route_table *table, const struct prefix *prefix)
{
	struct route_node *node = table->buckets[bucket_of(table, prefix)];

	while (node != NULL && !prefix_equal(&node->prefix, prefix))
		node = node->next;
	return node;
}

void
route_table_prefetch(const struct route_table *table, const struct prefix *prefix)
{
	__builtin_prefetch(&table->buckets[bucket_of(table, prefix)], 1);
}

void
route_table_prefetch_node(const struct route_table *table, const struct prefix *prefix)
{
	__builtin_prefetch(table->buckets[bucket_of(table, prefix)]);
}

/* The array has room for 2 * base buckets; a full round doubles it. */
static void
begin_round(struct route_table *table)
{
	size_t n = (size_t)table->base * 4;

	table->base *= 2;
	table->split = 0;
	table->buckets = mem_resize(table->buckets, n, sizeof(*table->buckets));
	for (size_t i = n / 2; i < n; i++)
		table->buckets[i] = NULL;
}

static void
split_bucket(struct route_table *table)
{
	uint32_t from = table->split++;
	struct route_node *node = table->buckets[from], *next;

	/* The next ones to be split are known: their nodes are asked for in time. */
	if (table->split + SPLIT_AHEAD < table->base)
		__builtin_prefetch(table->buckets[table->split + SPLIT_AHEAD], 1);
	table->buckets[from] = NULL;
	for (; node != NULL; node = next) {
		struct route_node **to =
		    &table->buckets[bucket_of(table, &node->prefix)];

		next = node->next;
		node->next = *to;
		*to = node;
	}
	if (table->split == table->base)
		begin_round(table);
}

void
route_table_insert(struct route_table *table, struct route_node *node)
{
	struct route_node **to;

	if (table->n >= table->base + table->split && table->base < UINT32_MAX / 8)
		split_bucket(table);
	to = &table->buckets[bucket_of(table, &node->prefix)];
	node->next = *to;
	*to = node;
	table->n++;
}

void
route_table_remove(struct route_table *table, struct route_node *node)
{
	struct route_node **at = &table->buckets[bucket_of(table, &node->prefix)];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	table->n--;
}

struct route_node *
route_table_walk(const struct route_table *table, struct route_cursor *cursor)
{
	struct route_node *node = cursor->next;

	while (node == NULL) {
		if (cursor->bucket >= table->base + table->split)
			return NULL;
		node = table->buckets[cursor->bucket++];
	}
	cursor->next = node->next;
	return node;
}
