/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's routes of others, by prefix: what next hops resolve through.  Open
 * addressing, the routes themselves in the slots: a node has tens of them, a router
 * with a full table of another daemon has many.
 */
#include <stdlib.h>

#include "rib_internal.h"

void
igp_destroy(struct igp_table *igp)
{
	free(igp->slots);
	*igp = (struct igp_table){ 0 };
}

static bool
slot_is_empty(const struct igp_route *slot)
{
	return slot->prefix.family == FAMILY_NONE;
}

/* The slot that holds `prefix`, or the empty one where it would go. */
static uint32_t
igp_slot(const struct igp_table *igp, const struct prefix *prefix)
{
	uint32_t i = prefix_hash(prefix) & igp->mask;

	while (!slot_is_empty(&igp->slots[i]) &&
	       !prefix_equal(&igp->slots[i].prefix, prefix))
		i = (i + 1) & igp->mask;
	return i;
}

static void
igp_resize(struct igp_table *igp, uint32_t room)
{
	struct igp_route *old = igp->slots;
	uint32_t n_old = old == NULL ? 0 : igp->mask + 1;

	igp->slots = mem_alloc(room * sizeof(*igp->slots));
	igp->mask = room - 1;
	for (uint32_t i = 0; i < room; i++)
		igp->slots[i].prefix.family = FAMILY_NONE;
	for (uint32_t i = 0; i < n_old; i++)
		if (!slot_is_empty(&old[i]))
			igp->slots[igp_slot(igp, &old[i].prefix)] = old[i];
	free(old);
}

static bool
route_equal(const struct igp_route *a, const struct igp_route *b)
{
	return a->metric == b->metric && a->ifindex == b->ifindex &&
	       a->connected == b->connected && addr_equal(&a->gateway, &b->gateway);
}

/* False: nothing changed. */
bool
igp_set(struct igp_table *igp, const struct igp_route *route)
{
	struct igp_route *slot;

	if (igp->slots == NULL)
		igp_resize(igp, 16);
	else if (igp->n >= (igp->mask + 1) / 2)
		igp_resize(igp, (igp->mask + 1) * 2);
	slot = &igp->slots[igp_slot(igp, &route->prefix)];
	if (slot_is_empty(slot)) {
		igp->n++;
		igp->by_bits[route->prefix.family][route->prefix.bits]++;
	} else if (route_equal(slot, route)) {
		return false;
	}
	*slot = *route;
	return true;
}

/* False: there was none. */
bool
igp_clear(struct igp_table *igp, const struct prefix *prefix)
{
	uint32_t hole, i;

	if (igp->slots == NULL)
		return false;
	hole = igp_slot(igp, prefix);
	if (slot_is_empty(&igp->slots[hole]))
		return false;
	for (i = (hole + 1) & igp->mask; !slot_is_empty(&igp->slots[i]);
	     i = (i + 1) & igp->mask) {
		uint32_t home = prefix_hash(&igp->slots[i].prefix) & igp->mask;

		if (((i - home) & igp->mask) >= ((i - hole) & igp->mask)) {
			igp->slots[hole] = igp->slots[i];
			hole = i;
		}
	}
	igp->slots[hole].prefix.family = FAMILY_NONE;
	igp->n--;
	igp->by_bits[prefix->family][prefix->bits]--;
	return true;
}

bool
igp_is_connected(const struct igp_table *igp, const struct addr *addr)
{
	if (igp->slots == NULL || addr->family >= FAMILY_COUNT)
		return false;
	for (unsigned bits = family_max_bits((enum family)addr->family); bits > 0;
	     bits--) {
		struct prefix prefix;
		const struct igp_route *slot;

		if (igp->by_bits[addr->family][bits] == 0)
			continue;
		prefix = prefix_of(addr, bits);
		slot = &igp->slots[igp_slot(igp, &prefix)];
		if (!slot_is_empty(slot) && slot->connected)
			return true;
	}
	return false;
}

const struct igp_route *
igp_longest(const struct igp_table *igp, const struct addr *addr, bool with_default)
{
	if (igp->slots == NULL || addr->family >= FAMILY_COUNT)
		return NULL;
	for (int bits = (int)family_max_bits((enum family)addr->family);
	     bits >= (with_default ? 0 : 1); bits--) {
		struct prefix prefix;
		const struct igp_route *slot;

		if (igp->by_bits[addr->family][bits] == 0)
			continue;
		prefix = prefix_of(addr, (unsigned)bits);
		slot = &igp->slots[igp_slot(igp, &prefix)];
		if (!slot_is_empty(slot))
			return slot;
	}
	return NULL;
}

bool
igp_has_gateway(
    const struct igp_table *igp, const struct addr *gateway, bool with_default)
{
	for (uint32_t i = 0; igp->slots != NULL && i <= igp->mask; i++) {
		const struct igp_route *slot = &igp->slots[i];

		if (!slot_is_empty(slot) && (with_default || slot->prefix.bits > 0) &&
		    addr_equal(&slot->gateway, gateway))
			return true;
	}
	return false;
}
