/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The objects: by id and by key in two chained hash tables, and who refers to them.
 */
#include "fib_nexthop.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "bgp/memory.h"
#include "fib_internal.h"

enum {
	BUCKETS_FIRST = 64,
	ID_TRIES = 64, /* ids that are tried for an object */
};

/* ---- the tables ---- */

static struct fib_nexthop **
id_bucket(const struct fib_nexthops *all, uint32_t id)
{
	return &all->by_id[id & (all->n_buckets - 1)];
}

static struct fib_nexthop **
key_bucket(const struct fib_nexthops *all, uint32_t hash)
{
	return &all->by_key[hash & (all->n_buckets - 1)];
}

struct fib_nexthop *
fib_nexthop_first(const struct fib_nexthops *all, uint32_t hash)
{
	return *key_bucket(all, hash);
}

static void
link_id(struct fib_nexthops *all, struct fib_nexthop *n)
{
	struct fib_nexthop **at = id_bucket(all, n->id);

	n->next_id = *at;
	*at = n;
}

static void
link_key(struct fib_nexthops *all, struct fib_nexthop *n)
{
	struct fib_nexthop **at = key_bucket(all, n->hash);

	n->next_key = *at;
	*at = n;
}

static void
tables_new(struct fib_nexthops *all, uint32_t n_buckets)
{
	all->n_buckets = n_buckets;
	all->by_id = mem_zero(n_buckets, sizeof(struct fib_nexthop *));
	all->by_key = mem_zero(n_buckets, sizeof(struct fib_nexthop *));
}

static void
grow(struct fib_nexthops *all)
{
	struct fib_nexthops old = *all;

	tables_new(all, 2 * old.n_buckets);
	for (uint32_t i = 0; i < old.n_buckets; i++) {
		struct fib_nexthop *n, *next;

		for (n = old.by_id[i]; n != NULL; n = next) {
			next = n->next_id;
			link_id(all, n);
		}
		for (n = old.by_key[i]; n != NULL; n = next) {
			next = n->next_key;
			link_key(all, n);
		}
	}
	free(old.by_id);
	free(old.by_key);
}

struct fib_nexthop *
fib_nexthop_find(const struct fib *fib, uint32_t id)
{
	struct fib_nexthop *n = *id_bucket(&fib->nexthops, id);

	while (n != NULL && n->id != id)
		n = n->next_id;
	return n;
}

static void
unlink_key(struct fib_nexthops *all, struct fib_nexthop *n)
{
	struct fib_nexthop **at = key_bucket(all, n->hash);

	if ((n->flags & NEXTHOP_CLAIMED) == 0)
		return;
	while (*at != n)
		at = &(*at)->next_key;
	*at = n->next_key;
	n->flags &= (uint16_t)~NEXTHOP_CLAIMED;
}

void
fib_nexthop_claim(struct fib *fib, struct fib_nexthop *n, uint32_t hash)
{
	n->flags |= NEXTHOP_CLAIMED;
	n->hash = hash;
	link_key(&fib->nexthops, n);
}

void
fib_nexthop_drop_id(struct fib *fib, struct fib_nexthop *n)
{
	struct fib_nexthop **at = id_bucket(&fib->nexthops, n->id);

	if (n->id == 0)
		return;
	while (*at != n)
		at = &(*at)->next_id;
	*at = n->next_id;
	n->id = 0;
}

uint32_t
fib_nexthop_nth_id(const struct fib_nexthops *all, uint32_t hash, unsigned i)
{
	return all->range | ((hash + i) & (NHMSG_RANGE_IDS - 1));
}

bool
fib_nexthop_choose_id(struct fib *fib, struct fib_nexthop *n)
{
	for (; n->id == 0 && n->tries < ID_TRIES; n->tries++) {
		uint32_t id = fib_nexthop_nth_id(&fib->nexthops, n->hash, n->tries);

		if (fib_nexthop_find(fib, id) != NULL)
			continue;
		n->id = id;
		link_id(&fib->nexthops, n);
		return true;
	}
	if (n->id == 0)
		n->tries = 0; /* another time they may be free */
	return n->id != 0;
}

struct fib_nexthop *
fib_nexthop_new(struct fib *fib, unsigned flags)
{
	struct fib_nexthops *all = &fib->nexthops;
	struct fib_nexthop *n = mem_zero(1, sizeof(*n));

	if (all->n >= all->n_buckets)
		grow(all);
	all->n++;
	n->flags = (uint16_t)flags;
	return n;
}

struct fib_nexthop *
fib_nexthop_adopt(struct fib *fib, uint32_t id, bool group)
{
	struct fib_nexthop *n = fib_nexthop_new(fib, group ? NEXTHOP_GROUP : 0);

	n->id = id;
	link_id(&fib->nexthops, n);
	fib->nexthops.groups_changed = true; /* one may have had it before */
	return n;
}

/* Everything that may change which groups of the kernel have which members. */
void
fib_nexthop_set_present(struct fib *fib, struct fib_nexthop *n, bool present)
{
	bool was = (n->flags & NEXTHOP_PRESENT) != 0;

	if (present)
		n->flags |= NEXTHOP_PRESENT;
	else
		n->flags &= (uint16_t)~NEXTHOP_PRESENT;
	if (present != was && fib->nexthops.doubted)
		fib_nexthop_answer_doubt(fib);
	if ((n->flags & NEXTHOP_GROUP) != 0)
		fib->nexthops.groups_changed = true;
}

void
fib_nexthop_set_now_members(
    struct fib_nexthop *group, const struct nhmsg_member *members, uint8_t n)
{
	free(group->now_members);
	group->now_members = mem_alloc((n + 1u) * sizeof(*members));
	memcpy(group->now_members, members, n * sizeof(*members));
	group->n_now = n;
}

/* ---- references ---- */

void
fib_nexthop_reap(struct fib_nexthop *n)
{
	if (n->refs > 0 || (n->flags & NEXTHOP_RETIRED) == 0 ||
	    (n->flags & (NEXTHOP_FLYING | NEXTHOP_QUEUED)) != 0)
		return;
	free(n->members);
	free(n->now_members);
	free(n);
}

static void
unref(struct fib *fib, struct fib_nexthop *n)
{
	if (--n->refs > 0)
		return;
	if ((n->flags & NEXTHOP_RETIRED) != 0)
		fib_nexthop_reap(n);
	else
		fib_nexthop_queue(fib, n);
}

void
fib_nexthop_retire(struct fib *fib, struct fib_nexthop *n)
{
	unlink_key(&fib->nexthops, n);
	fib_nexthop_drop_id(fib, n);
	fib->nexthops.n--;
	n->flags |= NEXTHOP_RETIRED;
	for (unsigned i = 0; i < n->n_members; i++)
		unref(fib, n->members[i].nexthop);
	n->n_members = 0;
	fib_nexthop_reap(n);
}

void
fib_nexthop_refer(struct fib *fib, struct fib_shape *shape, struct fib_nexthop *n)
{
	struct fib_nexthop *old = shape->nexthop;

	if (n != NULL)
		n->refs++;
	shape->nexthop = n;
	if (old != NULL)
		unref(fib, old);
}

void
fib_nexthop_released(void *arg, struct fib_shape *shape)
{
	fib_nexthop_refer(arg, shape, NULL);
}

void
fib_nexthop_resolve(struct fib *fib, struct fib_shape *have)
{
	struct fib_nexthop *n;

	if (have->is.nexthop == 0 ||
	    (have->nexthop != NULL && have->nexthop->id == have->is.nexthop))
		return;
	n = fib_nexthop_find(fib, have->is.nexthop);
	if (n != NULL && (n->flags & NEXTHOP_FOREIGN) == 0)
		fib_nexthop_refer(fib, have, n);
}

struct fib_shape *
fib_nexthop_row(struct fib *fib, const struct kroute *route)
{
	struct fib_shape *row = fib_shape_of(&fib->shapes, route);

	fib_nexthop_resolve(fib, row);
	return row;
}

/* ---- life ---- */

void
fib_nexthop_each(struct fib *fib,
    void (*each)(struct fib *fib, struct fib_nexthop *n, void *arg), void *arg)
{
	struct fib_nexthops *all = &fib->nexthops;
	struct fib_nexthop *next;

	/* Not all have an id, and adopted ones have no key. */
	for (uint32_t i = 0; i < all->n_buckets; i++) {
		for (struct fib_nexthop *n = all->by_key[i]; n != NULL; n = next) {
			next = n->next_key;
			each(fib, n, arg);
		}
		for (struct fib_nexthop *n = all->by_id[i]; n != NULL; n = next) {
			next = n->next_id;
			if ((n->flags & NEXTHOP_CLAIMED) == 0)
				each(fib, n, arg);
		}
	}
}

uint32_t
fib_nexthops_present(const struct fib *fib)
{
	const struct fib_nexthops *all = &fib->nexthops;
	uint32_t count = 0;

	for (uint32_t i = 0; i < all->n_buckets; i++)
		for (const struct fib_nexthop *n = all->by_id[i]; n != NULL;
		     n = n->next_id)
			count += (n->flags & (NEXTHOP_PRESENT | NEXTHOP_FOREIGN)) ==
				 NEXTHOP_PRESENT;
	return count;
}

static void
detach_wanted(struct fib *fib)
{
	for (uint32_t i = 0; i < fib->shapes.n_buckets; i++)
		for (struct fib_shape *shape = fib->shapes.buckets[i]; shape != NULL;
		     shape = shape->next)
			if (shape->wanted != FAMILY_NONE)
				fib_nexthop_refer(fib, shape, NULL);
}

void
fib_nexthops_configure(struct fib *fib)
{
	const struct conf_kernel *conf = kernel_conf(fib->k);

	fib->nexthops.range = nhmsg_range(kernel_identity(fib->k));
	if (conf->nexthop_objects == CONF_NEXTHOPS_OFF)
		detach_wanted(fib);
	if (conf->nexthop_objects == CONF_NEXTHOPS_ON && fib->synced &&
	    !kernel_has_nexthops(fib->k) && !fib->nexthops.told) {
		fib->nexthops.told = true;
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: nexthop-objects is 'on', but this kernel has none: routes "
		    "carry their next hops themselves");
	}
}

static void
retire_one(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	(void)arg;
	fib_nexthop_retire(fib, n);
}

void
fib_nexthops_retire(struct fib *fib)
{
	detach_wanted(fib);
	fib_nexthop_each(fib, retire_one, NULL);
	/* Retiring a group has queued its members, which are retired as well. */
	fib_nexthops_work(fib);
}

bool
fib_nexthops_open(struct fib *fib)
{
	struct fib_nexthops *all = &fib->nexthops;

	tables_new(all, BUCKETS_FIRST);
	STAILQ_INIT(&all->work);
	all->range = nhmsg_range(kernel_identity(fib->k));
	all->timer =
	    event_new(kernel_event_base(fib->k), -1, 0, fib_nexthops_on_timer, fib);
	return all->timer != NULL;
}

void
fib_nexthops_close(struct fib *fib)
{
	struct fib_nexthops *all = &fib->nexthops;

	if (all->by_id == NULL)
		return;
	fib_nexthops_retire(fib);
	if (all->timer != NULL)
		event_free(all->timer);
	free(all->by_id);
	free(all->by_key);
}
