/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Next hops: one object an address, shared by all attribute sets, resolved against the
 * IGP routes (RFC 4271 9.1.2.1).  A change marks the object dirty; one walk over the
 * table then judges again the paths of all that are dirty (walk.c).
 *
 * Routes of our own are not in the IGP table, so a next hop never resolves through
 * itself or its cover.  A next hop with a link-local address is on the link of the
 * session it came from, and goes nowhere else.
 */
#include <assert.h>
#include <stdlib.h>

#include "rib_internal.h"

static uint32_t
own_index(const struct rib *rib, const struct addr *addr)
{
	uint32_t i = 0;

	while (i < rib->n_own && !addr_equal(&rib->own[i], addr))
		i++;
	return i;
}

/* The same link-local address may be ours on one link and a neighbour's on another. */
static bool
is_own(const struct rib *rib, const struct nexthop *nh)
{
	return addr_is_link_local(&nh->addr) ? link_has_own(rib, nh->link, &nh->addr)
					     : own_index(rib, &nh->addr) < rib->n_own;
}

/*
 * RFC 2545 3 has the link-local address for forwarding.  A global one on a subnet that
 * we have on that link leads there as well, and is what an operator wants to see.
 */
static bool
goes_by_link_local(const struct nexthop *nh, const struct igp_route *route)
{
	return nh->link != 0 && (route == NULL || route->ifindex != nh->link ||
				    route->gateway.family != FAMILY_NONE);
}

/* False: there is no way.  RFC 4271 9.1.2.1; a link-local address has no route. */
static bool
find_way(const struct rib *rib, struct nexthop *nh)
{
	const struct igp_route *route =
	    addr_is_link_local(&nh->addr)
		? NULL
		: igp_longest(&rib->igp, &nh->addr, rib->via_default);

	if (goes_by_link_local(nh, route)) {
		nh->gateway = nh->link_local;
		nh->ifindex = nh->link;
		return link_is_usable(rib, nh->link);
	}
	if (route == NULL)
		return false;
	nh->gateway = route->gateway.family == FAMILY_NONE ? nh->addr : route->gateway;
	nh->ifindex = route->ifindex;
	/* resolve-next-hops = false: the node's routes say nothing of the cost. */
	nh->metric = rib->resolve ? route->metric : 0;
	return true;
}

/* What the IGP says now.  False: nothing changed. */
static bool
nexthop_judge(const struct rib *rib, struct nexthop *nh)
{
	struct nexthop was = *nh;
	bool found;

	nh->own = is_own(rib, nh);
	nh->gateway = addr_none();
	nh->ifindex = 0;
	nh->metric = 0;
	nh->connected = igp_is_connected(&rib->igp, &nh->addr);
	found = !nh->own && find_way(rib, nh);
	if (!found) {
		nh->gateway = addr_none();
		nh->ifindex = 0;
	}
	/* A next hop of ours would loop: RFC 4271 5.1.3. */
	nh->state = !nh->own && (found || !rib->resolve) ? NEXTHOP_REACHABLE
							 : NEXTHOP_UNREACHABLE;
	return was.state != nh->state || was.metric != nh->metric ||
	       was.ifindex != nh->ifindex || was.connected != nh->connected ||
	       !addr_equal(&was.gateway, &nh->gateway);
}

static void
nexthops_resize(struct rib *rib, uint32_t room)
{
	struct nexthop **slots = mem_zero(room, sizeof(struct nexthop *));

	for (struct nexthop *nh = rib->nexthop_first; nh != NULL; nh = nh->all_next) {
		nh->chain = slots[nh->hash & (room - 1)];
		slots[nh->hash & (room - 1)] = nh;
	}
	free(rib->nexthops);
	rib->nexthops = slots;
	rib->nexthop_mask = room - 1;
}

struct nexthop *
nexthop_get(struct rib *rib, const struct attrs *attrs)
{
	struct addr addr = attrs_next_hop_addr(attrs), link_local;
	uint32_t link = attrs_next_hop_link(attrs, &link_local);
	uint32_t hash = addr_hash(&addr) ^ link * UINT32_C(0x9e3779b1);
	struct nexthop *nh;

	if (rib->nexthops == NULL)
		nexthops_resize(rib, 16);
	for (nh = rib->nexthops[hash & rib->nexthop_mask]; nh != NULL; nh = nh->chain)
		if (nh->hash == hash && addr_equal(&nh->addr, &addr) &&
		    nh->link == link && addr_equal(&nh->link_local, &link_local)) {
			nh->refs++;
			return nh;
		}
	if (rib->n_nexthops > rib->nexthop_mask)
		nexthops_resize(rib, (rib->nexthop_mask + 1) * 2);
	nh = mem_zero(1, sizeof(*nh));
	*nh = (struct nexthop){ .addr = addr,
		.link_local = link_local,
		.link = link,
		.hash = hash,
		.refs = 1,
		.chain = rib->nexthops[hash & rib->nexthop_mask],
		.all_next = rib->nexthop_first };
	rib->nexthops[hash & rib->nexthop_mask] = nh;
	if (nh->all_next != NULL)
		nh->all_next->all_prev = nh;
	rib->nexthop_first = nh;
	rib->n_nexthops++;
	rib->n_on_links += link != 0;
	nexthop_judge(rib, nh);
	return nh;
}

static void
nexthop_free(struct rib *rib, struct nexthop *nh)
{
	struct nexthop **at = &rib->nexthops[nh->hash & rib->nexthop_mask];

	while (*at != nh)
		at = &(*at)->chain;
	*at = nh->chain;
	if (nh->all_prev != NULL)
		nh->all_prev->all_next = nh->all_next;
	else
		rib->nexthop_first = nh->all_next;
	if (nh->all_next != NULL)
		nh->all_next->all_prev = nh->all_prev;
	rib->n_nexthops--;
	rib->n_on_links -= nh->link != 0;
	free(nh);
}

void
nexthop_drop(struct rib *rib, struct nexthop *nh)
{
	assert(nh->refs > 0);
	if (--nh->refs == 0)
		nexthop_free(rib, nh);
}

void
nexthop_destroy_all(struct rib *rib)
{
	struct nexthop *next;

	for (struct nexthop *nh = rib->nexthop_first; nh != NULL; nh = next) {
		next = nh->all_next;
		free(nh);
	}
	free(rib->nexthops);
}

void
nexthop_judge_all(struct rib *rib)
{
	bool changed = false;

	for (struct nexthop *nh = rib->nexthop_first; nh != NULL; nh = nh->all_next)
		if (nexthop_judge(rib, nh)) {
			nh->dirty |= DIRTY_WANTED;
			changed = true;
		}
	if (changed)
		walk_want(rib);
}

void
rib_igp_set(struct rib *rib, const struct igp_route *route)
{
	if (igp_set(&rib->igp, route))
		rib->igp_changed = true;
}

void
rib_igp_clear(struct rib *rib, const struct prefix *prefix)
{
	if (igp_clear(&rib->igp, prefix))
		rib->igp_changed = true;
}

void
rib_own_address(struct rib *rib, const struct addr *addr, uint32_t link, bool present)
{
	uint32_t i;

	if (link != 0) {
		if (link_set_own(rib, link, addr, present) && rib->n_on_links > 0)
			rib->igp_changed = true;
		return;
	}
	i = own_index(rib, addr);
	if (present == (i < rib->n_own))
		return;
	if (present) {
		rib->own = mem_resize(rib->own, rib->n_own + 1, sizeof(*rib->own));
		rib->own[rib->n_own++] = *addr;
	} else {
		rib->own[i] = rib->own[--rib->n_own];
	}
	rib->igp_changed = true;
}

void
rib_set_resolution(struct rib *rib, bool resolve, bool via_default)
{
	rib->resolve = resolve;
	rib->via_default = via_default;
	rib->igp_changed = true;
}

void
rib_set_multipath(struct rib *rib, unsigned max)
{
	assert(max >= 1 && max <= RIB_MULTIPATH_MAX);
	rib->multipath = max;
}

void
rib_resolve(struct rib *rib)
{
	if (!rib->igp_changed)
		return;
	rib->igp_changed = false;
	nexthop_judge_all(rib);
}

struct nexthop *
rib_first_nexthop(const struct rib *rib)
{
	return rib->nexthop_first;
}

bool
rib_igp_lookup(const struct rib *rib, const struct addr *addr, struct igp_route *out)
{
	const struct igp_route *route = igp_longest(&rib->igp, addr, rib->via_default);

	if (route == NULL)
		return false;
	*out = *route;
	return true;
}

bool
rib_igp_has_gateway(const struct rib *rib, const struct addr *gateway)
{
	return igp_has_gateway(&rib->igp, gateway, rib->via_default);
}
