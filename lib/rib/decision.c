/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision process: RFC 4271 9.1.1, 9.1.2.2, with RFC 4456 9 and RFC 9494 4.4.
 *
 * MED is compared only between paths through the same neighbouring AS, which is no
 * total order: so the best of each neighbouring AS is found first, then the best of
 * those without MED.  The outcome does not depend on the order of arrival.
 */
#include "rib_internal.h"

enum step {
	STEP_EQUAL,
	STEP_OWN,
	STEP_OWN_NETWORK,
	STEP_LONG_LIVED,
	STEP_YIELDS,
	STEP_LOCAL_PREF,
	STEP_AS_PATH,
	STEP_ORIGIN,
	STEP_MED,
	STEP_EBGP,
	STEP_IGP,
	STEP_BGP_ID,
	STEP_CLUSTERS,
	STEP_ADDRESS,
};

static const char *const step_texts[] = {
	[STEP_EQUAL] = "",
	[STEP_OWN] = "learned, and we originate the prefix ourselves",
	[STEP_OWN_NETWORK] = "imported, and a network section names the prefix",
	[STEP_LONG_LIVED] = "long-lived stale, the best is not",
	[STEP_YIELDS] = "its session is being handed over",
	[STEP_LOCAL_PREF] = "lower LOCAL_PREF",
	[STEP_AS_PATH] = "longer AS_PATH",
	[STEP_ORIGIN] = "higher ORIGIN",
	[STEP_MED] = "higher MULTI_EXIT_DISC",
	[STEP_EBGP] = "iBGP, the best is eBGP",
	[STEP_IGP] = "higher IGP cost of the next hop",
	[STEP_BGP_ID] = "higher BGP identifier",
	[STEP_CLUSTERS] = "longer CLUSTER_LIST",
	[STEP_ADDRESS] = "higher peer address",
};

bool
rib_path_is_usable(const struct path *path)
{
	const struct nexthop *nh = path->attrs->nexthop;

	if (path->flags & PATH_INVALID)
		return false;
	return nh == NULL || nh->state == NEXTHOP_REACHABLE;
}

static int
compare_u32(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static uint32_t
path_igp_cost(const struct path *p)
{
	return p->attrs->nexthop == NULL ? 0 : p->attrs->nexthop->metric;
}

static uint32_t
path_bgp_id(const struct rib *rib, const struct path *p)
{
	return p->attrs->flags & ATTRS_HAS_ORIGINATOR ? p->attrs->originator_id
						      : rib->peers[p->peer].router_id;
}

/* RFC 9494 4.3: marked by us or by whoever it came from, where the peer is one that we
 * use this with. */
static bool
is_least_preferred(const struct rib *rib, const struct path *p)
{
	return (p->attrs->flags & ATTRS_LLGR_STALE) != 0 &&
	       rib->peers[p->peer].long_lived;
}

/* Below zero: `a` is preferred.  *step is the rule that decided. */
static int
path_compare(const struct rib *rib, const struct path *a, const struct path *b,
    bool use_med, enum step *step)
{
	const struct attrs *x = a->attrs, *y = b->attrs;
	int r;

	*step = STEP_OWN;
	if ((r = (a->peer != RIB_LOCAL_PEER) - (b->peer != RIB_LOCAL_PEER)) != 0)
		return r;
	*step = STEP_OWN_NETWORK;
	if ((r = (b->flags & PATH_NETWORK) - (a->flags & PATH_NETWORK)) != 0)
		return r;
	*step = STEP_LONG_LIVED; /* RFC 9494 4.4: ahead of all that a route says */
	if (((x->flags | y->flags) & ATTRS_LLGR_STALE) != 0 &&
	    (r = is_least_preferred(rib, a) - is_least_preferred(rib, b)) != 0)
		return r;
	*step = STEP_YIELDS;
	if ((r = rib->peers[a->peer].yields - rib->peers[b->peer].yields) != 0)
		return r;
	*step = STEP_LOCAL_PREF; /* RFC 4271 9.1.1 */
	if ((r = compare_u32(y->local_pref, x->local_pref)) != 0)
		return r;
	*step = STEP_AS_PATH; /* RFC 4271 9.1.2.2 a */
	if ((r = compare_u32(x->path_len, y->path_len)) != 0)
		return r;
	*step = STEP_ORIGIN; /* RFC 4271 9.1.2.2 b */
	if ((r = compare_u32(x->origin, y->origin)) != 0)
		return r;
	*step = STEP_MED; /* RFC 4271 9.1.2.2 c */
	if (use_med && x->neighbor_as == y->neighbor_as &&
	    (r = compare_u32(x->med, y->med)) != 0)
		return r;
	*step = STEP_EBGP; /* RFC 4271 9.1.2.2 d */
	if ((r = rib->peers[b->peer].ebgp - rib->peers[a->peer].ebgp) != 0)
		return r;
	*step = STEP_IGP; /* RFC 4271 9.1.2.2 e */
	if ((r = compare_u32(path_igp_cost(a), path_igp_cost(b))) != 0)
		return r;
	*step = STEP_BGP_ID; /* RFC 4271 9.1.2.2 f, with RFC 4456 9 */
	if ((r = compare_u32(path_bgp_id(rib, a), path_bgp_id(rib, b))) != 0)
		return r;
	*step = STEP_CLUSTERS; /* RFC 4456 9 */
	if ((r = compare_u32(x->cluster_len, y->cluster_len)) != 0)
		return r;
	*step = STEP_ADDRESS; /* RFC 4271 9.1.2.2 g */
	r = addr_compare(&rib->peers[a->peer].address, &rib->peers[b->peer].address);
	if (r == 0) /* one link-local address on two links: any order will do */
		r = compare_u32(a->peer, b->peer);
	if (r == 0)
		*step = STEP_EQUAL;
	return r;
}

static bool
is_preferred(
    const struct rib *rib, const struct path *a, const struct path *b, bool use_med)
{
	enum step step;

	return path_compare(rib, a, b, use_med, &step) < 0;
}

/* Do two usable paths differ in MED at all?  Nearly always not. */
static bool
med_matters(const struct dest *dest)
{
	const struct path *first = NULL;

	for (const struct path *p = dest->paths; p != NULL; p = p->next) {
		if (!rib_path_is_usable(p))
			continue;
		if (first == NULL)
			first = p;
		else if (p->attrs->med != first->attrs->med)
			return true;
	}
	return false;
}

static struct path *
best_of_all(const struct rib *rib, struct dest *dest)
{
	struct path *best = NULL;

	for (struct path *p = dest->paths; p != NULL; p = p->next)
		if (rib_path_is_usable(p) &&
		    (best == NULL || is_preferred(rib, p, best, false)))
			best = p;
	return best;
}

/* The best through `neighbor_as`, or NULL when a path before `first` is through it. */
static struct path *
best_of_neighbor(const struct rib *rib, struct dest *dest, struct path *first)
{
	struct path *best = first;

	for (struct path *p = dest->paths; p != first; p = p->next)
		if (rib_path_is_usable(p) &&
		    p->attrs->neighbor_as == first->attrs->neighbor_as)
			return NULL;
	for (struct path *p = first->next; p != NULL; p = p->next)
		if (rib_path_is_usable(p) &&
		    p->attrs->neighbor_as == first->attrs->neighbor_as &&
		    is_preferred(rib, p, best, true))
			best = p;
	return best;
}

static struct path *
best_by_neighbor(const struct rib *rib, struct dest *dest)
{
	struct path *best = NULL;

	for (struct path *p = dest->paths; p != NULL; p = p->next) {
		struct path *candidate;

		if (!rib_path_is_usable(p))
			continue;
		candidate = best_of_neighbor(rib, dest, p);
		if (candidate != NULL &&
		    (best == NULL || is_preferred(rib, candidate, best, false)))
			best = candidate;
	}
	return best;
}

struct path *
decision_select(const struct rib *rib, struct dest *dest)
{
	struct path *best;

	dest->flags &= (uint8_t)~DEST_MED_DIFFERS;
	if (dest->paths == NULL)
		return NULL;
	if (dest->paths->next == NULL)
		return rib_path_is_usable(dest->paths) ? dest->paths : NULL;
	if (med_matters(dest))
		dest->flags |= DEST_MED_DIFFERS;
	best = dest->flags & DEST_MED_DIFFERS ? best_by_neighbor(rib, dest)
					      : best_of_all(rib, dest);
	if (best != NULL && best != dest->paths) {
		struct path **at = &dest->paths;

		while (*at != best)
			at = &(*at)->next;
		*at = best->next;
		best->next = dest->paths;
		dest->paths = best;
	}
	return best;
}

/*
 * Most paths that come are beside a better one, and the others of the destination lie
 * all over memory: a comparison with the best alone will do where it settles the
 * matter. It does while all usable paths have the same MED, for then the order is a
 * total one. A next hop that has changed meanwhile is the walk's business: walk.c.
 */
bool
decision_wins(
    const struct rib *rib, struct dest *dest, const struct path *path, bool *sure)
{
	const struct path *best = dest_best(dest);

	*sure = best != NULL && rib_path_is_usable(best) &&
		(dest->flags & DEST_MED_DIFFERS) == 0;
	if (!*sure || !rib_path_is_usable(path))
		return false;
	*sure = path->attrs->med == best->attrs->med;
	return *sure && is_preferred(rib, path, best, false);
}

/* ---- multipath ---- */

/* As good as the best down to the IGP cost, and through the same neighbouring AS. */
static bool
ties_with(const struct rib *rib, const struct path *path, const struct path *best)
{
	enum step step;

	if (path->attrs->neighbor_as != best->attrs->neighbor_as)
		return false;
	return path_compare(rib, path, best, true, &step) == 0 || step > STEP_IGP;
}

static bool
has_next_hop_of(const struct path *path, const struct path *const *paths, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (paths[i]->attrs->nexthop == path->attrs->nexthop)
			return true;
	return false;
}

/* The most preferred of those that are not in `paths` and may be. */
static const struct path *
next_of_ties(const struct rib *rib, const struct dest *dest,
    const struct path *const *paths, unsigned n)
{
	const struct path *next = NULL;

	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		if (rib_path_is_usable(p) && p->peer != RIB_LOCAL_PEER &&
		    (next == NULL || is_preferred(rib, p, next, false)) &&
		    ties_with(rib, p, paths[0]) && !has_next_hop_of(p, paths, n))
			next = p;
	return next;
}

unsigned
rib_multipath(const struct rib *rib, const struct dest *dest, const struct path **paths)
{
	const struct path *next = dest_best(dest);
	unsigned n = 0;

	while (next != NULL) {
		paths[n++] = next;
		if (n == rib->multipath || next->peer == RIB_LOCAL_PEER)
			break;
		next = next_of_ties(rib, dest, paths, n);
	}
	return n;
}

/* ---- the best few (RFC 7911) ---- */

static bool
med_differs(const struct path *const *paths, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (paths[i]->attrs->med != paths[0]->attrs->med)
			return true;
	return false;
}

/* The best through its neighbouring AS. */
static bool
leads_its_neighbor(
    const struct rib *rib, const struct path *const *paths, unsigned n, unsigned i)
{
	for (unsigned k = 0; k < n; k++)
		if (k != i &&
		    paths[k]->attrs->neighbor_as == paths[i]->attrs->neighbor_as &&
		    is_preferred(rib, paths[k], paths[i], true))
			return false;
	return true;
}

static unsigned
best_index(
    const struct rib *rib, const struct path *const *paths, unsigned n, bool use_med)
{
	unsigned best = n;

	for (unsigned i = 0; i < n; i++)
		if ((best == n || is_preferred(rib, paths[i], paths[best], false)) &&
		    (!use_med || leads_its_neighbor(rib, paths, n, i)))
			best = i;
	return best;
}

unsigned
rib_rank(const struct rib *rib, const struct path **paths, unsigned n, unsigned max)
{
	bool use_med = med_differs(paths, n);
	unsigned k;

	for (k = 0; k < max && k < n; k++) {
		unsigned best = k + best_index(rib, paths + k, n - k, use_med);
		const struct path *path = paths[best];

		paths[best] = paths[k];
		paths[k] = path;
	}
	return k;
}

const char *
rib_lose_reason(const struct rib *rib, const struct path *path, const struct path *best)
{
	enum step step;

	if (path == best || best == NULL)
		return "";
	if (path_compare(rib, path, best, true, &step) >= 0)
		return step_texts[step];
	/* Only MED inside another neighbouring AS can put a path behind one that it
	 * would beat alone. */
	return step_texts[STEP_MED];
}
