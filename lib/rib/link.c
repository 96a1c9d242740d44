/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The interfaces that can carry packets, by number, in order, and our link-local
 * addresses on them: what next hops with such an address depend on.  A node may have
 * thousands, of containers, and most come and go without any next hop behind them.
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

/* ---- our addresses on them ---- */

/* The first of the link, or where it would go. */
static uint32_t
own_first(const struct rib *rib, uint32_t link)
{
	uint32_t low = 0, high = rib->n_own_on_links;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rib->own_on_links[middle].link < link)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* False: it is not there; *index is the place behind the link's others. */
static bool
own_find(const struct rib *rib, uint32_t link, const struct addr *addr, uint32_t *index)
{
	uint32_t i = own_first(rib, link);

	while (i < rib->n_own_on_links && rib->own_on_links[i].link == link &&
	       !addr_equal(&rib->own_on_links[i].addr, addr))
		i++;
	*index = i;
	return i < rib->n_own_on_links && rib->own_on_links[i].link == link;
}

bool
link_has_own(const struct rib *rib, uint32_t link, const struct addr *addr)
{
	uint32_t i;

	return own_find(rib, link, addr, &i);
}

bool
link_set_own(struct rib *rib, uint32_t link, const struct addr *addr, bool present)
{
	struct own_address *at;
	uint32_t i, behind;

	if (own_find(rib, link, addr, &i) == present)
		return false;
	if (present && rib->n_own_on_links == rib->own_on_links_room) {
		rib->own_on_links_room =
		    rib->n_own_on_links == 0 ? 16 : rib->n_own_on_links * 2;
		rib->own_on_links = mem_resize(rib->own_on_links,
		    rib->own_on_links_room, sizeof(*rib->own_on_links));
	}
	at = &rib->own_on_links[i];
	behind = rib->n_own_on_links - i;
	if (present) {
		memmove(at + 1, at, behind * sizeof(*at));
		*at = (struct own_address){ link, *addr };
		rib->n_own_on_links++;
	} else {
		memmove(at, at + 1, (behind - 1) * sizeof(*at));
		rib->n_own_on_links--;
	}
	return true;
}
