/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What we want in the kernel and what it has, entry by entry, and the decision what to
 * do about the difference.  Everything that may change it (fib_set(), an event, a dump,
 * an answer) queues the entry; it is decided once, later in the turn.
 */
#include "fib.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <netlink/msg.h>

#include "bgp/memory.h"
#include "fib_internal.h"

static_assert(sizeof(struct fib_entry) == 64, "a million of them");

/* ---- entries ---- */

struct fib_entry *
fib_entry_find(const struct fib *fib, const struct prefix *prefix)
{
	return (struct fib_entry *)route_table_find(&fib->entries, prefix);
}

static struct fib_entry *
entry_get(struct fib *fib, const struct prefix *prefix)
{
	struct fib_entry *e = fib_entry_find(fib, prefix);

	if (e != NULL)
		return e;
	e = mem_zero(1, sizeof(*e));
	e->node.prefix = *prefix;
	route_table_insert(&fib->entries, &e->node);
	fib->counters.states[prefix->family][FIB_STATE_NONE]++;
	return e;
}

void
fib_entry_queue(struct fib *fib, struct fib_entry *e)
{
	if ((e->node.flags & ENTRY_QUEUED) == 0) {
		e->node.flags |= ENTRY_QUEUED;
		e->next = NULL;
		if (fib->queue_tail != NULL)
			fib->queue_tail->next = e;
		else
			fib->queue_head = e;
		fib->queue_tail = e;
		fib->n_queued++;
	}
	fib_flush_within(fib, 0);
}

struct fib_entry *
fib_entry_dequeue(struct fib *fib)
{
	struct fib_entry *e = fib->queue_head;

	if (e == NULL)
		return NULL;
	fib->queue_head = e->next;
	if (e->next == NULL)
		fib->queue_tail = NULL;
	e->next = NULL;
	e->node.flags &= (uint16_t)~ENTRY_QUEUED;
	fib->n_queued--;
	return e;
}

void
fib_entry_put_back(struct fib *fib, struct fib_entry *e)
{
	e->node.flags |= ENTRY_QUEUED;
	e->next = fib->queue_head;
	fib->queue_head = e;
	if (fib->queue_tail == NULL)
		fib->queue_tail = e;
	fib->n_queued++;
}

static void
entry_free(struct fib *fib, struct fib_entry *e)
{
	fib_entry_set_state(fib, e, FIB_STATE_NONE);
	fib->counters.states[e->node.prefix.family][FIB_STATE_NONE]--;
	fib_trouble_free(fib, e);
	fib_shape_unref(&fib->shapes, e->want);
	fib_shape_unref(&fib->shapes, e->have);
	route_table_remove(&fib->entries, &e->node);
	free(e);
}

void
fib_entry_reap(struct fib *fib, struct fib_entry *e)
{
	if (e->want == NULL && e->have == NULL &&
	    (e->node.flags & (ENTRY_QUEUED | ENTRY_FLYING)) == 0)
		entry_free(fib, e);
}

void
fib_forget_entries(struct fib *fib)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	fib->queue_head = fib->queue_tail = NULL;
	fib->n_queued = 0;
	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL)
		entry_free(fib, (struct fib_entry *)node);
}

/* Takes the reference over. */
static void
set_want(struct fib *fib, struct fib_entry *e, struct fib_shape *want)
{
	fib_shape_unref(&fib->shapes, e->want);
	e->want = want;
}

void
fib_entry_set_have(struct fib *fib, struct fib_entry *e, struct fib_shape *have)
{
	fib_shape_unref(&fib->shapes, e->have);
	e->have = have;
}

void
fib_entry_set_state(struct fib *fib, struct fib_entry *e, enum fib_state state)
{
	uint32_t *states = fib->counters.states[e->node.prefix.family];

	states[fib_entry_state(e)]--;
	states[state]++;
	e->node.flags = (uint16_t)((e->node.flags & ~ENTRY_STATE) | (int)state);
}

/* ---- the decision ---- */

static bool
is_denied(const struct fib *fib, const struct fib_entry *e)
{
	return e->node.prefix.bits == 0 && !kernel_conf(fib->k)->default_route;
}

/* Refused for good, as far as one can tell: then what it should replace is wrong. */
static bool
is_refused(const struct fib_entry *e)
{
	switch (e->trouble->error) {
	case 0:
	case ENOMEM:
	case ENOBUFS:
	case EAGAIN:
	case EEXIST: return false;
	default: return true;
	}
}

/* Ours must leave, whatever is wanted. */
static enum fib_op
decide_out(const struct fib_entry *e)
{
	return e->have != NULL && !fib_is_held(e) ? FIB_OP_DELETE : FIB_OP_NONE;
}

/* Only the preferred source is another. */
static bool
leads_alike(const struct fib_shape *want, const struct fib_shape *have)
{
	if (have->is.nexthop != 0)
		return have->nexthop != NULL && have->nexthop == want->nexthop &&
		       fib_nexthop_serves(have->nexthop, want);
	return fib_shape_leads_alike(want, have);
}

static enum fib_op
decide_write(const struct fib *fib, const struct fib_entry *e, enum fib_state *state)
{
	if (e->have != NULL && fib_fits(fib, e->want, e->have)) {
		*state = FIB_STATE_INSTALLED;
		return FIB_OP_NONE;
	}
	*state = FIB_STATE_PENDING;
	if (!fib_is_held(e))
		return e->have == NULL ? FIB_OP_ADD : FIB_OP_REPLACE;
	if (e->trouble->error != 0)
		*state = FIB_STATE_FAILED;
	/* Traffic must not follow a route that BGP has left. */
	return e->have != NULL && is_refused(e) && !leads_alike(e->want, e->have)
		   ? FIB_OP_DELETE
		   : FIB_OP_NONE;
}

enum fib_op
fib_decide(const struct fib *fib, const struct fib_entry *e, enum fib_state *state)
{
	if (e->want == NULL) {
		if ((e->node.flags & ENTRY_STALE) != 0) {
			*state = FIB_STATE_STALE;
			return FIB_OP_NONE;
		}
		*state = e->have != NULL ? FIB_STATE_PENDING : FIB_STATE_NONE;
		return decide_out(e);
	}
	if (is_denied(fib, e)) {
		*state = FIB_STATE_DENIED;
		return decide_out(e);
	}
	if (e->want->waits) {
		*state = FIB_STATE_WAITING;
		return decide_out(e);
	}
	*state = FIB_STATE_CONFLICT;
	if (kernel_prefix_is_connected(fib->k, &e->node.prefix))
		return decide_out(e);
	if (kernel_foreign_at(fib->k, &e->node.prefix, NULL)) {
		/* Somebody appended to ours.  It stays as long as it is right; a
		 * change in place could hit the other one. */
		if (e->have != NULL && fib_fits(fib, e->want, e->have))
			return FIB_OP_NONE;
		return decide_out(e);
	}
	return decide_write(fib, e, state);
}

void
fib_note_conflict(struct fib *fib, struct fib_entry *e)
{
	bool is = fib_entry_state(e) == FIB_STATE_CONFLICT;
	bool was = (e->node.flags & ENTRY_CONFLICTS) != 0;
	char prefix[PREFIX_TEXT_LEN], name[PROTOCOL_TEXT_LEN];
	uint8_t protocol;
	uint32_t left_out;

	if (is == was)
		return;
	e->node.flags ^= ENTRY_CONFLICTS;
	if (!fib_may_complain(&fib->conflicts, &left_out))
		return;
	prefix_format(&e->node.prefix, prefix);
	if (!is)
		kernel_log(fib->k, LOG_LEVEL_NOTICE,
		    "kernel: %s is free for our route again", prefix);
	else if (kernel_foreign_at(fib->k, &e->node.prefix, &protocol))
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: conflict: a route of protocol %s has %s with our table "
		    "and "
		    "metric; ours waits",
		    rtmsg_protocol_name(protocol, name), prefix);
	else
		kernel_log(fib->k, LOG_LEVEL_NOTICE,
		    "kernel: %s is connected here: not installed", prefix);
}

/* ---- what is wanted ---- */

static struct fib_shape *
wanted_shape(struct fib *fib, uint8_t family, const struct rtmsg_shape *from)
{
	const struct addr *source = &kernel_conf(fib->k)->prefer_source;
	struct rtmsg_shape shape = *from;

	shape.source = addr_none();
	if (shape.type == FIB_UNICAST && source->family == family)
		shape.source = *source;
	return fib_shape_want(&fib->shapes, (enum family)family, &shape);
}

void
fib_set(struct fib *fib, const struct fib_route *route)
{
	const struct rtmsg_shape from = {
		.type = route->type,
		.n_hops = route->n_hops < FIB_HOPS_MAX ? route->n_hops : FIB_HOPS_MAX,
		.hops = route->hops,
	};
	struct fib_entry *e = entry_get(fib, &route->prefix);
	struct fib_shape *want = wanted_shape(fib, route->prefix.family, &from);

	e->node.flags &= (uint16_t)~ENTRY_STALE;
	if (want == e->want) {
		fib_shape_unref(&fib->shapes, want);
		return;
	}
	set_want(fib, e, want);
	e->node.stamp = (uint32_t)kernel_now_ms();
	fib_entry_set_state(fib, e, FIB_STATE_PENDING);
	if (fib_is_held(e) && (e->trouble->error != 0 || e->trouble->fights == 0))
		fib_release(fib, e); /* another route may well be taken */
	/* A block is announced when its blackhole is there: it waits for no others. */
	if (route->type == FIB_BLACKHOLE && (e->node.flags & ENTRY_QUEUED) == 0)
		fib_entry_put_back(fib, e);
	fib_entry_queue(fib, e);
}

void
fib_prefetch(const struct fib *fib, const struct prefix *prefix)
{
	route_table_prefetch(&fib->entries, prefix);
}

void
fib_prefetch_entry(const struct fib *fib, const struct prefix *prefix)
{
	route_table_prefetch_node(&fib->entries, prefix);
}

void
fib_clear(struct fib *fib, const struct prefix *prefix)
{
	struct fib_entry *e = fib_entry_find(fib, prefix);

	if (e == NULL)
		return;
	e->node.flags &= (uint16_t)~ENTRY_STALE;
	set_want(fib, e, NULL);
	fib_entry_queue(fib, e);
}

void
fib_set_waiting(struct fib *fib, const char *why)
{
	snprintf(fib->waiting, sizeof(fib->waiting), "%s", why);
}

/* ---- what is there ---- */

/* A route of ours is in the kernel. */
static void
own_present(
    struct fib *fib, const struct kroute *route, enum kernel_source source, bool by_us)
{
	struct fib_entry *e = entry_get(fib, &route->prefix);
	struct fib_shape *row;
	bool news;

	if (source == KERNEL_DUMP && (e->node.flags & ENTRY_SEEN) != 0)
		return; /* what we know is newer */
	if (fib->dumping)
		e->node.flags |= ENTRY_SEEN;
	row = fib_nexthop_row(fib, route);
	news = e->have != row;
	if (news && source == KERNEL_EVENT && !by_us && e->have != NULL &&
	    e->want != NULL && !fib_fits(fib, e->want, row))
		fib_fight(fib, e, "changed by another process");
	fib_entry_set_have(fib, e, row);
	if (e->want == NULL && !fib->swept && news) {
		e->node.flags |= ENTRY_STALE;
		fib->adopted += !fib->synced;
	}
	if (news)
		fib_entry_queue(fib, e);
}

static void
own_gone(struct fib *fib, const struct kroute *route, uint32_t port)
{
	struct fib_entry *e = fib_entry_find(fib, &route->prefix);
	struct fib_shape *row;
	bool whole;

	if (e == NULL)
		return;
	if (fib->dumping)
		e->node.flags |= ENTRY_SEEN;
	if (e->have == NULL)
		return;
	row = fib_shape_of(&fib->shapes, route);
	whole = e->have->is.n_hops == row->is.n_hops &&
		e->have->is.nexthop == row->is.nexthop;
	fib_shape_unref(&fib->shapes, row);
	if (!whole) {
		kernel_resync_soon(fib->k); /* IPv6: one hop of several */
		return;
	}
	if (port != 0 && port != fib->writer.nl.port && e->want != NULL &&
	    fib_fits(fib, e->want, e->have)) {
		char what[64];

		snprintf(what, sizeof(what),
		    "deleted by another process (netlink port %u)", port);
		fib_fight(fib, e, what);
	}
	fib_entry_set_have(fib, e, NULL);
	fib_entry_queue(fib, e);
}

static void
on_own(void *arg, const struct kroute *route, enum kernel_source source, uint32_t port,
    bool present)
{
	struct fib *fib = arg;

	if (present)
		own_present(fib, route, source, port == fib->writer.nl.port);
	else
		own_gone(fib, route, port);
}

static void
on_changed(void *arg, const struct prefix *prefix)
{
	struct fib_entry *e = fib_entry_find(arg, prefix);

	if (e != NULL)
		fib_entry_queue(arg, e);
}

static void
on_taken(void *arg, const struct prefix *prefix, uint8_t protocol)
{
	struct fib *fib = arg;
	struct fib_entry *e = fib_entry_find(fib, prefix);
	char what[64], name[PROTOCOL_TEXT_LEN];

	if (e == NULL || e->have == NULL)
		return;
	if (fib->dumping)
		e->node.flags |= ENTRY_SEEN;
	fib_entry_set_have(fib, e, NULL);
	snprintf(what, sizeof(what), "replaced by a route of protocol %s",
	    rtmsg_protocol_name(protocol, name));
	fib_fight(fib, e, what);
	fib_entry_queue(fib, e);
}

static void
on_overran(void *arg, const struct prefix *prefix, const struct nlmsghdr *foreign,
    uint32_t sequence)
{
	struct fib *fib = arg;
	struct fib_entry *e = fib_entry_find(fib, prefix);
	char text[PREFIX_TEXT_LEN];

	if (fib_came_of_nexthop(fib, sequence))
		return; /* ours stands beside it, and was moved by its object */
	kernel_log(fib->k, LOG_LEVEL_WARNING,
	    "kernel: %s was put in the place of ours while we changed it: restoring it",
	    prefix_format(prefix, text));
	fib->counters.restored++;
	fib_restore(fib, foreign);
	if (e == NULL)
		return;
	fib_entry_set_have(fib, e, NULL);
	fib_entry_queue(fib, e);
}

/* ---- dumps ---- */

static void
on_dump_begin(void *arg)
{
	struct fib *fib = arg;

	fib->dumping = true;
}

/* True: the kernel lost the entry's route without a word. */
static bool
end_entry(struct fib *fib, struct fib_entry *e, bool complete)
{
	bool seen = (e->node.flags & ENTRY_SEEN) != 0, lost;

	e->node.flags &= (uint16_t)~ENTRY_SEEN;
	lost =
	    complete && !seen && e->have != NULL && (e->node.flags & ENTRY_FLYING) == 0;
	if (lost) {
		fib_entry_set_have(fib, e, NULL);
		e->node.flags &= (uint16_t)~ENTRY_STALE;
		fib_entry_queue(fib, e);
	}
	fib_trouble_expire(fib, e);
	return lost;
}

static void
on_dump_end(void *arg, bool complete)
{
	struct fib *fib = arg;
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;
	uint32_t lost = 0;

	if (!fib->dumping)
		return; /* it began before we were there */
	fib->dumping = false;
	fib_nexthops_dump_end(fib, complete);
	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL)
		lost += end_entry(fib, (struct fib_entry *)node, complete);
	fib->counters.lost += lost;
	if (lost > 0)
		kernel_log(fib->k, LOG_LEVEL_INFO,
		    "kernel: %u of our routes had vanished, putting back what is "
		    "wanted",
		    lost);
	fib_release_refused(fib, EEXIST);
	if (!fib->synced && (complete || kernel_is_synced(fib->k))) {
		fib->synced = true;
		fib_nexthops_configure(fib);
	}
	fib_flush_within(fib, 0);
}

static void
on_network_changed(void *arg)
{
	fib_network_changed(arg);
}

/* ---- reload ---- */

static void
on_reconfigured(void *arg, const struct fib_identity *old)
{
	struct fib *fib = arg;
	const struct fib_identity *id = kernel_identity(fib->k);
	bool same_place = id->table == old->table && id->metric == old->metric;
	bool moves = !same_place || id->protocol != old->protocol;
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;
	char err[128];

	fib_settle(fib);
	/*
	 * Elsewhere the new routes go in before the old ones leave.  At the same place
	 * under another protocol only one fits: the old ones leave first.
	 */
	if (moves && (same_place || fib->moved) &&
	    !fib_purge(fib->moved ? &fib->old : old, NULL, err, sizeof(err)))
		kernel_log(fib->k, LOG_LEVEL_ERROR, "%s", err);
	if (moves) {
		fib->moved = !same_place;
		fib->old = *old;
		fib_nexthops_retire(fib);
	}
	fib_nexthops_configure(fib);
	while ((node = route_table_walk(&fib->entries, &cursor)) != NULL) {
		struct fib_entry *e = (struct fib_entry *)node;

		if (e->want != NULL)
			set_want(fib, e,
			    wanted_shape(fib, node->prefix.family, &e->want->is));
		if (moves) {
			fib_entry_set_have(fib, e, NULL);
			node->flags &= (uint16_t) ~(ENTRY_STALE | ENTRY_SEEN);
		}
		fib_entry_queue(fib, e);
	}
}

/* ---- life ---- */

struct fib *
fib_new(struct kernel *k, char *err, size_t errlen)
{
	struct fib *fib = mem_zero(1, sizeof(*fib));
	const struct kernel_hook hook = {
		.arg = fib,
		.own = on_own,
		.changed = on_changed,
		.taken = on_taken,
		.overran = on_overran,
		.nexthop = fib_nexthop_told,
		.borrowed = fib_nexthop_borrowed,
		.all_tables = fib_nexthops_all_tables,
		.dump_begin = on_dump_begin,
		.dump_end = on_dump_end,
		.network_changed = on_network_changed,
		.reconfigured = on_reconfigured,
	};

	fib->k = k;
	route_table_init(&fib->entries);
	fib_shapes_init(&fib->shapes, fib_nexthop_released, fib);
	if (!fib_nexthops_open(fib) || !fib_retry_open(fib) ||
	    !fib_writer_open(fib, err, errlen)) {
		fib_free(fib);
		return NULL;
	}
	kernel_set_hook(k, &hook, fib->writer.nl.port);
	return fib;
}

void
fib_free(struct fib *fib)
{
	if (fib == NULL)
		return;
	if (fib->lost_timer != NULL)
		fib_settle(fib);
	kernel_set_hook(fib->k, NULL, 0);
	fib_forget_entries(fib);
	fib_nexthops_close(fib);
	fib_writer_close(fib);
	fib_retry_close(fib);
	route_table_destroy(&fib->entries);
	fib_shapes_destroy(&fib->shapes);
	free(fib);
}
