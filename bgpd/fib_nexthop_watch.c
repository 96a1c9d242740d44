/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel tells of nexthop objects.  They are adopted at the start like routes;
 * who deletes or changes one of ours is outdone with the routes' back-off; and what a
 * link took along in silence a dump shows.
 */
#include <stdio.h>
#include <string.h>

#include "fib_internal.h"

enum { FIGHT_MEMORY_MS = 10 * 1000 };

/* ---- the routes behind an object ---- */

static void
mark(struct fib *fib, struct fib_nexthop *n, unsigned flag)
{
	if (n->refs == 0)
		return;
	n->flags |= (uint16_t)flag;
	fib->nexthops.marked = true;
	fib_flush_within(fib, 0);
}

void
fib_nexthop_lost(struct fib *fib, struct fib_nexthop *n, uint32_t port)
{
	fib_nexthop_set_present(fib, n, false);
	n->lost_port = port;
	mark(fib, n, NEXTHOP_LOST);
	if (n->refs == 0)
		fib_nexthop_queue(fib, n);
}

void
fib_nexthop_recheck(struct fib *fib, struct fib_nexthop *n)
{
	mark(fib, n, NEXTHOP_RECHECK);
}

static void
route_lost(struct fib *fib, struct fib_entry *e, const struct fib_nexthop *n)
{
	uint32_t port = n->lost_port;
	char what[80];

	if (port != 0 && port != fib->writer.nl.port && e->want != NULL) {
		snprintf(what, sizeof(what),
		    "taken along with nexthop %u by another process (netlink port %u)",
		    n->id, port);
		fib_fight(fib, e, what);
	}
	fib_entry_set_have(fib, e, NULL);
	e->node.flags &= (uint16_t)~ENTRY_STALE;
	if (fib->dumping)
		e->node.flags |= ENTRY_SEEN;
	fib_entry_queue(fib, e);
}

static bool
is_to_be_judged(const struct fib_nexthop *n)
{
	if ((n->flags & NEXTHOP_RECHECK) != 0)
		return true;
	for (unsigned i = 0; i < n->n_members; i++)
		if ((n->members[i].nexthop->flags & NEXTHOP_RECHECK) != 0)
			return true;
	return false;
}

static void
judge_routes(struct fib *fib)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL) {
		struct fib_entry *e = (struct fib_entry *)node;

		if (e->have == NULL || e->have->nexthop == NULL)
			continue;
		if ((e->have->nexthop->flags & NEXTHOP_LOST) != 0)
			route_lost(fib, e, e->have->nexthop);
		else if (is_to_be_judged(e->have->nexthop))
			fib_entry_queue(fib, e);
	}
}

static void
unmark(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	(void)fib;
	(void)arg;
	n->flags &= (uint16_t) ~(NEXTHOP_LOST | NEXTHOP_RECHECK);
}

void
fib_nexthops_find_routes(struct fib *fib)
{
	if (!fib->nexthops.marked)
		return;
	fib->nexthops.marked = false;
	judge_routes(fib);
	fib_nexthop_each(fib, unmark, NULL);
}

static bool
has_strays(const struct fib *fib)
{
	for (uint32_t i = 0; i < fib->shapes.n_buckets; i++)
		for (const struct fib_shape *shape = fib->shapes.buckets[i];
		     shape != NULL; shape = shape->next)
			if (shape->wanted != FAMILY_NONE && shape->nexthop != NULL &&
			    !fib_nexthop_serves(shape->nexthop, shape))
				return true;
	return false;
}

void
fib_nexthops_recheck_strays(struct fib *fib)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	if (!has_strays(fib))
		return;
	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL) {
		struct fib_entry *e = (struct fib_entry *)node;

		if (e->want == NULL || e->have == NULL || e->have->nexthop == NULL ||
		    fib_fits(fib, e->want, e->have))
			continue;
		/* Not later than what moved the object: see ensure_hop(). */
		if (e->want->nexthop != NULL &&
		    (e->want->nexthop->flags & NEXTHOP_GROUP) == 0)
			e->node.stamp = e->want->nexthop->stamp;
		fib_entry_queue(fib, e);
	}
}

/* ---- events and rows ---- */

/* Outside a dump there is nothing that the next one could show too early. */
static void
note_seen(const struct fib *fib, struct fib_nexthop *n)
{
	if (fib->dumping)
		n->flags |= NEXTHOP_SEEN;
}

static void
fight(struct fib *fib, struct fib_nexthop *n, const char *what)
{
	uint64_t now = kernel_now_ms();
	uint64_t memory = FIGHT_MEMORY_MS;
	char when[48] = "putting it back";
	uint32_t left_out;

	if (n->fights > 1)
		memory += 2 * (uint64_t)fib_delay_ms(n->fights - 1u);
	if (now - n->last_fight_ms > memory)
		n->fights = 0;
	n->last_fight_ms = now;
	n->fights = n->fights < UINT8_MAX ? (uint8_t)(n->fights + 1) : UINT8_MAX;
	if (n->fights > 1) {
		unsigned delay = fib_delay_ms(n->fights - 1u);

		n->due_ms = now + delay;
		snprintf(when, sizeof(when), "for the %uth time, back in %u s",
		    n->fights, delay / 1000);
	}
	if (fib_may_complain(&fib->fights, &left_out))
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: our nexthop %u was %s by another process; %s", n->id, what,
		    when);
}

static void
take_content(struct fib *fib, struct fib_nexthop *n, const struct nhmsg_object *object)
{
	fib_nexthop_set_present(fib, n, true);
	if ((n->flags & NEXTHOP_GROUP) != 0) {
		fib_nexthop_set_now_members(n, object->members, object->n_members);
		return;
	}
	n->now = object->hop;
	n->now.next_hop = addr_none();
	/* Something that is no hop of ours is like no hop of ours. */
	if (object->other)
		n->now.ifindex = 0;
	if ((n->flags & NEXTHOP_CLAIMED) == 0)
		n->key.family = (uint8_t)object->family;
}

static bool
is_as_wanted(const struct fib_nexthop *n)
{
	if ((n->flags & NEXTHOP_GROUP) != 0)
		return fib_nexthop_is_whole(n);
	return fib_hop_is_same(&n->now, &n->goal);
}

/* One that is not in the tables yet. */
static void
met(struct fib *fib, const struct nhmsg_object *object, bool ours)
{
	struct fib_nexthop *n =
	    fib_nexthop_adopt(fib, object->id, object->n_members > 0);

	note_seen(fib, n);
	take_content(fib, n, object);
	if (!ours)
		n->flags |= NEXTHOP_FOREIGN;
	else if (fib->swept)
		fib_nexthop_queue(fib, n);
}

/* Gone, and another may have its id. */
static void
left(struct fib *fib, struct fib_nexthop *n, uint32_t port)
{
	bool by_others = port != 0 && port != fib->writer.nl.port;

	if (by_others && n->refs > 0 && (n->flags & NEXTHOP_PRESENT) != 0)
		fight(fib, n, "deleted");
	fib_nexthop_lost(fib, n, port);
	if ((n->flags & NEXTHOP_GROUP) != 0)
		fib_nexthops_queue_all(fib); /* it needs its members no longer */
	if ((n->flags & NEXTHOP_CLAIMED) == 0)
		fib_nexthop_retire(fib, n);
}

static void
shown(struct fib *fib, struct fib_nexthop *n, const struct nhmsg_object *object,
    enum kernel_source source)
{
	bool was = (n->flags & NEXTHOP_PRESENT) != 0;

	note_seen(fib, n);
	if ((n->flags & NEXTHOP_FLYING) != 0)
		return; /* its answer is newer */
	take_content(fib, n, object);
	if ((n->flags & NEXTHOP_CLAIMED) == 0 || is_as_wanted(n))
		return;
	if (was && source == KERNEL_EVENT)
		fight(fib, n, "changed");
	fib_nexthop_recheck(fib, n);
	fib_nexthop_queue(fib, n);
}

/* Another owner has its id now, or it is another kind.  Its routes are still there. */
static void
taken_over(struct fib *fib, struct fib_nexthop *n)
{
	bool claimed = (n->flags & NEXTHOP_CLAIMED) != 0;

	if (n->refs > 0 && (n->flags & NEXTHOP_PRESENT) != 0)
		fight(fib, n, "taken over");
	fib_nexthop_set_present(fib, n, false);
	fib_nexthop_drop_id(fib, n);
	fib_nexthop_recheck(fib, n);
	if (!claimed)
		fib_nexthop_retire(fib, n);
}

/* Somebody's group with a member that is, or may be, ours: it must not lose it. */
static bool
borrows(const struct fib *fib, const struct nhmsg_object *object)
{
	for (unsigned i = 0; i < object->n_members; i++)
		if (nhmsg_in_range(object->members[i].id, fib->nexthops.range))
			return true;
	return false;
}

void
fib_nexthop_told(void *arg, const struct nhmsg_object *object,
    enum kernel_source source, uint32_t port, bool present)
{
	struct fib *fib = arg;
	bool in_range = nhmsg_in_range(object->id, fib->nexthops.range);
	bool ours = in_range && object->protocol == kernel_identity(fib->k)->protocol;
	struct fib_nexthop *n = fib_nexthop_find(fib, object->id);
	bool group = object->n_members > 0;

	/* Of what we did the answer tells. */
	if (source == KERNEL_EVENT && port == fib->writer.nl.port)
		return;
	if ((n == NULL && !in_range && !borrows(fib, object)) ||
	    (n != NULL && source == KERNEL_DUMP && (n->flags & NEXTHOP_SEEN) != 0))
		return;
	if (n != NULL && !present) {
		left(fib, n, port);
		return;
	}
	if (n != NULL && (ours != ((n->flags & NEXTHOP_FOREIGN) == 0) ||
			     group != ((n->flags & NEXTHOP_GROUP) != 0))) {
		taken_over(fib, n);
		n = NULL;
	}
	if (present && n != NULL)
		shown(fib, n, object, source);
	else if (present)
		met(fib, object, ours);
}

void
fib_nexthop_borrowed(void *arg, uint32_t id)
{
	struct fib_nexthop *n = fib_nexthop_find(arg, id);

	if (n != NULL)
		n->flags |= NEXTHOP_BORROWED;
}

/* ---- dumps ---- */

static void
note_ours(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	bool *found = arg;

	(void)fib;
	*found = *found || (n->flags & NEXTHOP_FOREIGN) == 0;
}

/* At the start alone: later the events of all tables tell who borrows. */
bool
fib_nexthops_all_tables(void *arg)
{
	struct fib *fib = arg;
	bool found = false;

	if (!fib->synced)
		fib_nexthop_each(fib, note_ours, &found);
	return found;
}

/* Their routes are not looked for: the dump has shown those that are there. */
static void
end_one(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	const bool *complete = arg;
	bool seen = (n->flags & NEXTHOP_SEEN) != 0;

	n->flags &= (uint16_t)~NEXTHOP_SEEN;
	if (*complete && !seen &&
	    (n->flags & (NEXTHOP_PRESENT | NEXTHOP_FLYING)) == NEXTHOP_PRESENT) {
		fib_nexthop_set_present(fib, n, false);
		if ((n->flags & (NEXTHOP_CLAIMED | NEXTHOP_FOREIGN)) != NEXTHOP_CLAIMED)
			fib_nexthop_retire(fib, n);
		return;
	}
	fib_nexthop_queue(fib, n);
}

void
fib_nexthops_dump_end(struct fib *fib, bool complete)
{
	fib_nexthop_each(fib, end_one, &complete);
}
