/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A hash table of objects keyed by a prefix.  The objects are the owner's: each begins
 * with a struct route_node.  It grows bucket by bucket (linear hashing), so no single
 * insertion of a million stops the event loop for a rehash.
 *
 * Used by the view of the kernel (kernel_view.c), the addresses (kernel_link.c) and the
 * FIB (fib.c).  Knows nothing of routes.
 */
#ifndef BGPD_ROUTE_TABLE_H
#define BGPD_ROUTE_TABLE_H

#include "bgp/prefix.h"

/* Exactly 32 octets: `flags` and `stamp` are the owner's, they would be padding else.
 */
struct route_node {
	struct route_node *next;
	struct prefix prefix;
	uint16_t flags;
	uint32_t stamp;
};

struct route_table {
	struct route_node **buckets;
	uint32_t base;  /* a power of two; buckets in use: base + split */
	uint32_t split; /* the next bucket to be split, < base */
	uint32_t n;     /* nodes */
};

void route_table_init(struct route_table *table);
/* Frees the buckets; the nodes are the owner's. */
void route_table_destroy(struct route_table *table);
struct route_node *
route_table_find(const struct route_table *table, const struct prefix *prefix);
/*
 * In a table that the cache does not hold a look-up waits for memory twice, for the
 * bucket and for its nodes.  Both can be asked for before: the bucket, and some
 * look-ups later, when it is there, the first node.
 */
void route_table_prefetch(const struct route_table *table, const struct prefix *prefix);
void
route_table_prefetch_node(const struct route_table *table, const struct prefix *prefix);
/* `node->prefix` must not be in the table. */
void route_table_insert(struct route_table *table, struct route_node *node);
/* `node` must be in the table. */
void route_table_remove(struct route_table *table, struct route_node *node);

/*
 * A walk over all nodes, in no order.  The node returned last may be removed, others
 * must not be, and nothing may be inserted until the walk ends.
 */
struct route_cursor {
	uint32_t bucket;
	struct route_node *next;
};
#define ROUTE_CURSOR_INIT \
	{                 \
		0, NULL   \
	}
struct route_node *
route_table_walk(const struct route_table *table, struct route_cursor *cursor);

#endif
