/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The interfaces that can carry packets, by number, in order: what next hops with a
 * link-local address depend on.  A node may have thousands, of containers, and most
 * come and go without any next hop behind them.
 */
#include "rib_internal.h"

/* Where it is, or would go. */
static uint32_t
link_index(const struct rib *rib, uint32_t ifindex)
{
	uint32_t low = 0, high = rib->n_links;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rib->links[middle] < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
link_is_usable(const struct rib *rib, uint32_t ifindex)
{
	uint32_t i = link_index(rib, ifindex);

	return i < rib->n_links && rib->links[i] == ifindex;
}

static void
insert(struct rib *rib, uint32_t i, uint32_t ifindex)
{
	if (rib->n_links == rib->links_room) {
		rib->links_room = rib->n_links == 0 ? 16 : rib->n_links * 2;
		rib->links =
		    mem_resize(rib->links, rib->links_room, sizeof(*rib->links));
	}
	memmove(&rib->links[i + 1], &rib->links[i],
	    (rib->n_links - i) * sizeof(*rib->links));
	rib->links[i] = ifindex;
	rib->n_links++;
}

void
rib_link(struct rib *rib, uint32_t ifindex, bool usable)
{
	uint32_t i = link_index(rib, ifindex);

	if (usable == link_is_usable(rib, ifindex))
		return;
	if (usable) {
		insert(rib, i, ifindex);
	} else {
		rib->n_links--;
		memmove(&rib->links[i], &rib->links[i + 1],
		    (rib->n_links - i) * sizeof(*rib->links));
	}
	if (rib->n_on_links > 0)
		rib->igp_changed = true;
}
