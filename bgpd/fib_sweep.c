/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was adopted at the start and never asked for is removed: all of it once BGP has
 * converged, or what goes to one gateway before.
 */
#include "fib.h"

#include "fib_internal.h"

static bool
goes_to(
    const struct fib *fib, const struct fib_shape *shape, const struct addr *gateway)
{
	struct fib_hop of_object[KROUTE_HOPS_MAX];
	const struct fib_hop *hops;
	unsigned n;

	if (shape == NULL)
		return false;
	hops = shape->hops;
	n = shape->is.n_hops;
	if (shape->nexthop != NULL) {
		hops = of_object;
		n = fib_nexthop_hops(fib, shape->nexthop, of_object);
	}
	for (unsigned i = 0; i < n; i++)
		if (!addr_equal(&hops[i].gateway, gateway))
			return false;
	return n > 0;
}

void
fib_sweep_gateway(struct fib *fib, const struct addr *gateway)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL) {
		struct fib_entry *e = (struct fib_entry *)node;

		if ((node->flags & ENTRY_STALE) == 0 || !goes_to(fib, e->have, gateway))
			continue;
		node->flags &= (uint16_t)~ENTRY_STALE;
		fib_entry_queue(fib, e);
	}
}

void
fib_sweep(struct fib *fib)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	fib->swept = true;
	fib_nexthops_queue_all(fib);
	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL)
		if ((node->flags & ENTRY_STALE) != 0) {
			node->flags &= (uint16_t)~ENTRY_STALE;
			fib_entry_queue(fib, (struct fib_entry *)node);
		}
}
