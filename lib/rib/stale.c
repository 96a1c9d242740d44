/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Paths of sessions that are gone.  A path carries the number of the session it came
 * from, its epoch; so making all paths of a peer stale is one increment, and "age"
 * below is how many increments ago that was.
 *
 *   age 0   of this session          1   stale          2 ...   of sessions before
 *
 * What is done about the stale ones, the one walk does (walk.c): a purge removes those
 * of an age and above, and lowering makes them long-lived stale (RFC 9494 4.2).  Core
 * says when.
 */
#include "rib_internal.h"

/* An age that is wanted, plus one; 0 is none.  The new epoch makes them all older. */
static void
grow_older(uint8_t *wanted)
{
	if (*wanted != 0 && *wanted < UINT8_MAX)
		++*wanted;
}

void
rib_peer_new_epoch(struct rib *rib, uint32_t peer, enum family family)
{
	struct rib_peer *p = &rib->peers[peer];

	p->family[family].epoch++;
	grow_older(&p->family[family].purge_wanted);
	grow_older(&p->family[family].purge_active);
	grow_older(&p->family[family].lower_wanted);
	grow_older(&p->family[family].lower_active);
	if (p->family[family].received == 0) {
		p->family[family].oldest = 0;
		return;
	}
	if (p->family[family].oldest < UINT8_MAX)
		p->family[family].oldest++;
	/* One more round of the counter and they would seem fresh. */
	if (p->family[family].oldest >= RIB_EPOCHS_MAX)
		rib_purge(rib, peer, family, RIB_EPOCHS_MAX);
}

/* Of two wishes the one that takes more: age + 1, the least of both but 0. */
static uint8_t
stricter(uint8_t a, uint8_t b)
{
	if (a == 0 || b == 0)
		return a == 0 ? b : a;
	return a < b ? a : b;
}

void
rib_purge(struct rib *rib, uint32_t peer, enum family family, unsigned age)
{
	uint8_t *wanted = &rib->peers[peer].family[family].purge_wanted;

	if (rib->peers[peer].family[family].received == 0)
		return;
	*wanted = stricter(*wanted, (uint8_t)(age + 1));
	walk_want(rib);
}

void
rib_lower(struct rib *rib, uint32_t peer, enum family family, unsigned age)
{
	uint8_t *wanted = &rib->peers[peer].family[family].lower_wanted;

	if (rib->peers[peer].family[family].received == 0)
		return;
	*wanted = stricter(*wanted, (uint8_t)(age + 1));
	walk_want(rib);
}

/* ---- in the walk ---- */

void
stale_walk_begin(struct rib_peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		peer->family[f].purge_active = peer->family[f].purge_wanted;
		peer->family[f].lower_active = peer->family[f].lower_wanted;
		peer->family[f].purge_wanted = peer->family[f].lower_wanted = 0;
	}
}

void
stale_walk_end(struct rib_peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		uint8_t limit = peer->family[f].purge_active;

		if (limit != 0 && peer->family[f].oldest + 2 > limit)
			peer->family[f].oldest = (uint8_t)(limit < 2 ? 0 : limit - 2);
		peer->family[f].purge_active = peer->family[f].lower_active = 0;
	}
}

static bool
is_due(uint8_t age, uint8_t active)
{
	return active != 0 && age >= active - 1;
}

/* RFC 9494 4.2: the community is attached; NO_LLGR forbids to keep the route. */
static void
lower(struct rib *rib, struct table *t, struct dest *dest, struct path **at)
{
	struct path *path = *at;
	struct attrs *lowered;

	lowered =
	    path->attrs->flags & ATTRS_NO_LLGR
		? NULL
		: attrs_with_community(rib->attrs, path->attrs, COMMUNITY_LLGR_STALE);
	if (lowered == NULL) {
		dest_remove_path(rib, t, dest, at);
		return;
	}
	if (lowered->nexthop == NULL && lowered->next_hop_len > 0)
		lowered->nexthop = nexthop_get(rib, lowered);
	dest_replace_path(rib, t, dest, path, lowered, path->flags, path->since_s);
	rib_attrs_unref(rib, lowered);
}

bool
stale_visit(struct rib *rib, struct table *t, struct dest *dest)
{
	for (struct path **at = &dest->paths; *at != NULL; at = &(*at)->next) {
		const struct rib_peer *peer = &rib->peers[(*at)->peer];
		uint8_t age = (uint8_t)(peer->family[t->family].epoch - (*at)->epoch);

		if (age == 0 && peer->family[t->family].purge_active != 1)
			continue;
		if (is_due(age, peer->family[t->family].purge_active)) {
			dest_remove_path(rib, t, dest, at);
			return true;
		}
		if (is_due(age, peer->family[t->family].lower_active) &&
		    ((*at)->attrs->flags & ATTRS_NO_LLGR ||
			((*at)->attrs->flags & ATTRS_LLGR_STALE) == 0)) {
			lower(rib, t, dest, at);
			return true;
		}
	}
	return false;
}
