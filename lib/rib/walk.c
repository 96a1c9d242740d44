/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The one walk over all destinations, in slices: it removes or lowers the paths of
 * sessions that are gone (stale.c), and judges again the paths whose next hop changed.
 * What is wanted while a walk is under way waits for the next one, so each walk is
 * whole.
 */
#include "rib_internal.h"

void
walk_want(struct rib *rib)
{
	rib->walk.wanted = true;
}

void
rib_yield(struct rib *rib, uint32_t peer, bool on)
{
	struct rib_peer *info = &rib->peers[peer];

	if (info->yields == on)
		return;
	info->yields = on;
	info->yield_walk |= DIRTY_WANTED;
	walk_want(rib);
}

bool
rib_has_yielded(const struct rib *rib, uint32_t peer)
{
	return rib->peers[peer].yields && rib->peers[peer].yield_walk == 0;
}

bool
rib_peer_is_clean(const struct rib *rib, uint32_t peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (rib->peers[peer].family[f].purge_active != 0 ||
		    rib->peers[peer].family[f].purge_wanted != 0)
			return false;
	return true;
}

/* What was wanted is being done. */
static uint8_t
begun(uint8_t dirty)
{
	return dirty & DIRTY_WANTED ? DIRTY_ACTIVE : DIRTY_CLEAN;
}

static void
walk_begin(struct rib *rib)
{
	rib->walk = (struct walk){ .active = true, .family = FAMILY_IPV4, .next = 1 };
	for (uint32_t i = 0; i < rib->n_peers; i++) {
		stale_walk_begin(&rib->peers[i]);
		rib->peers[i].yield_walk = begun(rib->peers[i].yield_walk);
	}
	for (struct nexthop *nh = rib->nexthop_first; nh != NULL; nh = nh->all_next)
		nh->dirty = begun(nh->dirty);
}

static void
walk_end(struct rib *rib)
{
	rib->walk.active = false;
	for (uint32_t i = 0; i < rib->n_peers; i++) {
		stale_walk_end(&rib->peers[i]);
		rib->peers[i].yield_walk &= DIRTY_WANTED;
	}
	for (struct nexthop *nh = rib->nexthop_first; nh != NULL; nh = nh->all_next)
		nh->dirty &= DIRTY_WANTED;
}

static void
judge_again(struct rib *rib, struct table *t, struct dest *dest)
{
	const struct path *best = dest_best(dest);
	bool any = false, forwarding = false;

	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		if (p->attrs->nexthop != NULL &&
		    p->attrs->nexthop->dirty & DIRTY_ACTIVE) {
			any = true;
			forwarding = forwarding || p == best;
		} else if (rib->peers[p->peer].yield_walk & DIRTY_ACTIVE) {
			any = true;
		}
	if (any)
		dest_decide(rib, t, dest, false, forwarding);
}

static void
walk_dest(struct rib *rib, struct table *t, uint32_t id)
{
	struct dest *dest;

	do {
		dest = rib_dest_at(rib, t->family, id);
	} while (dest != NULL && stale_visit(rib, t, dest));
	if (dest != NULL)
		judge_again(rib, t, dest);
}

bool
rib_has_work(const struct rib *rib)
{
	return rib->walk.active || rib->walk.wanted;
}

bool
rib_work(struct rib *rib, unsigned budget)
{
	struct walk *walk = &rib->walk;

	if (!walk->active) {
		if (!walk->wanted)
			return false;
		walk_begin(rib);
	}
	while (budget > 0) {
		struct table *t = &rib->tables[walk->family];

		if (walk->next > t->dests.top) {
			if (walk->family + 1 == FAMILY_COUNT) {
				walk_end(rib);
				break;
			}
			walk->family++;
			walk->next = 1;
			continue;
		}
		walk_dest(rib, t, walk->next++);
		budget--;
	}
	return rib_has_work(rib);
}
