/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which object serves which shape: keys of hops, groups of members, and whether what
 * the kernel has is what is wanted.
 */
#include "fib_nexthop.h"

#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "fib_internal.h"

enum {
	CLAIM_TRIES = 8, /* ids where an adopted one may be found */
	HASH_SEED = 0x6e68,
};

/* ---- keys ---- */

/*
 * Two hops of one route may come from one BGP next hop (it resolves to both): then each
 * is its own key.
 */
static bool
is_alone(const struct fib_shape *want, unsigned i)
{
	for (unsigned j = 0; j < want->is.n_hops; j++)
		if (j != i &&
		    addr_equal(&want->hops[j].next_hop, &want->hops[i].next_hop))
			return false;
	return true;
}

static struct nexthop_key
key_of(const struct fib_shape *want, unsigned i)
{
	const struct fib_hop *hop = &want->hops[i];
	struct nexthop_key key;

	memset(&key, 0, sizeof(key));
	key.family =
	    hop->gateway.family != FAMILY_NONE ? hop->gateway.family : want->wanted;
	key.onlink = hop->onlink;
	if (fib_hop_has_next_hop(hop) && is_alone(want, i)) {
		key.next_hop = hop->next_hop;
		if (addr_is_link_local(&hop->next_hop))
			key.ifindex = hop->ifindex;
	} else {
		key.next_hop = hop->gateway;
		key.ifindex = hop->ifindex;
	}
	return key;
}

static uint32_t
hash_of_key(const struct nexthop_key *key)
{
	uint32_t hash = fib_hash_mix(HASH_SEED, key->family * 2u + key->onlink);

	if (key->next_hop.family != FAMILY_NONE)
		hash = fib_hash_mix(hash, addr_hash(&key->next_hop));
	hash = fib_hash_mix(hash, key->ifindex);
	return hash ^ hash >> 16;
}

static struct fib_nexthop *
find_key(const struct fib *fib, const struct nexthop_key *key, uint32_t hash)
{
	struct fib_nexthop *n = fib_nexthop_first(&fib->nexthops, hash);

	while (n != NULL && ((n->flags & NEXTHOP_GROUP) != 0 ||
				memcmp(&n->key, key, sizeof(*key)) != 0))
		n = n->next_key;
	return n;
}

/* An adopted one at an id of this hash, and a kernel that still has it. */
static struct fib_nexthop *
adopted_at(const struct fib *fib, uint32_t hash, unsigned i, unsigned group)
{
	struct fib_nexthop *n =
	    fib_nexthop_find(fib, fib_nexthop_nth_id(&fib->nexthops, hash, i));
	unsigned flags = n != NULL ? n->flags : 0;

	flags &= NEXTHOP_PRESENT | NEXTHOP_CLAIMED | NEXTHOP_FOREIGN | NEXTHOP_GROUP;
	return flags == (NEXTHOP_PRESENT | group) ? n : NULL;
}

static struct fib_nexthop *
claim_hop(struct fib *fib, const struct nexthop_key *key, uint32_t hash,
    const struct fib_hop *hop)
{
	for (unsigned i = 0; i < CLAIM_TRIES; i++) {
		struct fib_nexthop *n = adopted_at(fib, hash, i, 0);

		if (n == NULL || n->key.family != key->family ||
		    !fib_hop_is_same(&n->now, hop))
			continue;
		n->key = *key;
		n->goal = n->now;
		n->stamp = (uint32_t)kernel_now_ms() - 1; /* who comes now is later */
		fib_nexthop_claim(fib, n, hash);
		return n;
	}
	return NULL;
}

static struct fib_nexthop *
get_hop(struct fib *fib, const struct fib_shape *want, unsigned i, bool create)
{
	struct nexthop_key key = key_of(want, i);
	uint32_t hash = hash_of_key(&key);
	struct fib_nexthop *n = find_key(fib, &key, hash);

	if (n == NULL)
		n = claim_hop(fib, &key, hash, &want->hops[i]);
	if (n != NULL || !create)
		return n;
	n = fib_nexthop_new(fib, 0);
	n->key = key;
	n->goal = want->hops[i];
	fib_nexthop_claim(fib, n, hash);
	return n;
}

struct fib_nexthop *
fib_nexthop_of_hop(struct fib *fib, const struct fib_shape *want, unsigned i)
{
	return get_hop(fib, want, i, true);
}

/* ---- groups ---- */

static int
member_compare(const void *a, const void *b)
{
	const struct nexthop_member *x = a, *y = b;

	if (x->nexthop->hash != y->nexthop->hash)
		return x->nexthop->hash < y->nexthop->hash ? -1 : 1;
	return memcmp(&x->nexthop->key, &y->nexthop->key, sizeof(x->nexthop->key));
}

static uint32_t
hash_of_members(const struct nexthop_member *members, unsigned n)
{
	uint32_t hash = fib_hash_mix(HASH_SEED, n);

	for (unsigned i = 0; i < n; i++) {
		hash = fib_hash_mix(hash, members[i].nexthop->hash);
		hash = fib_hash_mix(hash, members[i].weight);
	}
	return hash ^ hash >> 16;
}

static struct fib_nexthop *
find_group(const struct fib *fib, const struct nexthop_member *members, unsigned count,
    uint32_t hash)
{
	struct fib_nexthop *n = fib_nexthop_first(&fib->nexthops, hash);

	for (; n != NULL; n = n->next_key) {
		unsigned i = 0;

		if ((n->flags & NEXTHOP_GROUP) == 0 || n->n_members != count)
			continue;
		while (i < count && n->members[i].nexthop == members[i].nexthop &&
		       n->members[i].weight == members[i].weight)
			i++;
		if (i == count)
			return n;
	}
	return NULL;
}

static bool
shows_members(
    const struct fib_nexthop *n, const struct nexthop_member *members, unsigned count)
{
	if (n->n_now != count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (n->now_members[i].id != members[i].nexthop->id ||
		    n->now_members[i].weight != members[i].weight)
			return false;
	return true;
}

bool
fib_nexthop_is_whole(const struct fib_nexthop *group)
{
	return (group->flags & NEXTHOP_FLYING) != 0 ||
	       ((group->flags & NEXTHOP_PRESENT) != 0 &&
		   shows_members(group, group->members, group->n_members));
}

static struct fib_nexthop *
get_group(struct fib *fib, struct nexthop_member *members, unsigned count, bool create)
{
	uint32_t hash = hash_of_members(members, count);
	struct fib_nexthop *n = find_group(fib, members, count, hash);

	if (n != NULL)
		return n;
	for (unsigned i = 0; i < CLAIM_TRIES && n == NULL; i++) {
		n = adopted_at(fib, hash, i, NEXTHOP_GROUP);
		if (n != NULL && !shows_members(n, members, count))
			n = NULL;
	}
	if (n == NULL && !create)
		return NULL;
	if (n == NULL)
		n = fib_nexthop_new(fib, NEXTHOP_GROUP);
	n->n_members = (uint8_t)count;
	n->members = mem_alloc(count * sizeof(*members));
	memcpy(n->members, members, count * sizeof(*members));
	for (unsigned i = 0; i < count; i++)
		members[i].nexthop->refs++;
	fib_nexthop_claim(fib, n, hash);
	return n;
}

/* Members that were made in vain go again. */
static void
drop_members(struct fib *fib, const struct nexthop_member *members, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (members[i].nexthop->refs == 0)
			fib_nexthop_queue(fib, members[i].nexthop);
}

static struct fib_nexthop *
get_members(struct fib *fib, const struct fib_shape *want, bool create)
{
	struct nexthop_member members[KROUTE_HOPS_MAX];
	unsigned n = want->is.n_hops;
	struct fib_nexthop *group;

	for (unsigned i = 0; i < n; i++) {
		members[i].nexthop = get_hop(fib, want, i, create);
		members[i].weight = want->hops[i].weight;
		if (members[i].nexthop == NULL)
			return NULL;
	}
	qsort(members, n, sizeof(*members), member_compare);
	for (unsigned i = 1; i < n; i++)
		if (members[i].nexthop == members[i - 1].nexthop) {
			drop_members(fib, members, n);
			return NULL; /* the kernel refuses such a group */
		}
	group = get_group(fib, members, n, create);
	return group;
}

/* ---- shapes ---- */

bool
fib_nexthop_may_serve(const struct fib_shape *want)
{
	if (want->is.type != FIB_UNICAST || want->is.n_hops == 0)
		return false;
	for (unsigned i = 0; i < want->is.n_hops; i++) {
		if (want->hops[i].ifindex == 0)
			return false; /* an object needs its device */
		for (unsigned j = 0; j < i; j++)
			if (fib_hop_is_same(&want->hops[i], &want->hops[j]))
				return false;
	}
	return true;
}

bool
fib_nexthop_attach(struct fib *fib, struct fib_shape *want, bool create)
{
	struct fib_nexthop *n;

	if (want->nexthop != NULL)
		return true;
	if (!fib_nexthop_may_serve(want))
		return false;
	n = want->is.n_hops == 1 ? get_hop(fib, want, 0, create)
				 : get_members(fib, want, create);
	if (n != NULL)
		fib_nexthop_refer(fib, want, n);
	return n != NULL;
}

static bool
hop_serves(const struct fib_nexthop *n, const struct fib_hop *hop)
{
	if ((n->flags & NEXTHOP_FLYING) != 0)
		return fib_hop_is_same(&n->goal, hop);
	return (n->flags & NEXTHOP_PRESENT) != 0 && fib_hop_is_same(&n->now, hop);
}

static bool
group_has(const struct fib_nexthop *group, const struct fib_hop *hop)
{
	for (unsigned i = 0; i < group->n_members; i++)
		if (group->members[i].weight == hop->weight &&
		    hop_serves(group->members[i].nexthop, hop))
			return true;
	return false;
}

bool
fib_nexthop_serves(const struct fib_nexthop *n, const struct fib_shape *want)
{
	if ((n->flags & NEXTHOP_GROUP) == 0)
		return want->is.n_hops == 1 && hop_serves(n, &want->hops[0]);
	if (n->n_members != want->is.n_hops || !fib_nexthop_is_whole(n))
		return false;
	for (unsigned i = 0; i < want->is.n_hops; i++)
		if (!group_has(n, &want->hops[i]))
			return false;
	return true;
}

/* There is no object for it, or the one there is goes another way. */
static bool
must_be_classic(const struct fib *fib, const struct fib_shape *want)
{
	return !kernel_has_nexthops(fib->k) || !fib_nexthop_may_serve(want) ||
	       (want->nexthop != NULL && !fib_nexthop_serves(want->nexthop, want));
}

bool
fib_fits(
    const struct fib *fib, const struct fib_shape *want, const struct fib_shape *have)
{
	const struct fib_nexthop *n = have->nexthop;
	enum conf_nexthop_objects mode = kernel_conf(fib->k)->nexthop_objects;

	if (have->is.nexthop == 0)
		return fib_shape_fits(want, have) &&
		       (mode != CONF_NEXTHOPS_ON || must_be_classic(fib, want));
	return mode != CONF_NEXTHOPS_OFF && n != NULL && n == want->nexthop &&
	       n->id == have->is.nexthop && want->is.type == have->is.type &&
	       addr_equal(&want->is.source, &have->is.source) &&
	       fib_nexthop_serves(n, want);
}

uint8_t
fib_nexthop_hops(
    const struct fib *fib, const struct fib_nexthop *n, struct fib_hop *hops)
{
	uint8_t count = 0;

	if ((n->flags & NEXTHOP_GROUP) == 0) {
		hops[0] = n->now;
		return 1;
	}
	for (unsigned i = 0; i < n->n_now; i++) {
		const struct fib_nexthop *member =
		    fib_nexthop_find(fib, n->now_members[i].id);

		if (member == NULL || (member->flags & NEXTHOP_GROUP) != 0)
			continue;
		hops[count] = member->now;
		hops[count++].weight = n->now_members[i].weight;
	}
	return count;
}
