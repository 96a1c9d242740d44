/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From the queue to the kernel: batches and their size.  A thread writes
 * (netlink_thread.h) while the next batch is decided; answers are fib_answer.c's.
 *
 * While something is on its way events are not read: what is known then comes of
 * answers, and the events behind them are newer.  When events wait, nothing more is
 * sent on its way until they were read.  A batch takes about a millisecond, so they do
 * not wait for long.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "bgp/memory.h"
#include "clock.h"
#include "fib_internal.h"

enum {
	BATCH_MIN = 16,
	BATCH_FIRST = 64,
	BATCH_SLOW_US = 1500,
	BATCH_QUICK_US = 500,
	TURN_US = 2000,
	DRAIN_DATAGRAMS = 512,
	BUSY_DELAY_MS = 10,
};

void
fib_flush_within(struct fib *fib, unsigned delay_ms)
{
	struct timeval tv = { delay_ms / 1000, (suseconds_t)(delay_ms % 1000) * 1000 };

	/* A timer, not event_active(): sockets get their turn between two flushes. */
	if (fib->flush_soon ||
	    (delay_ms > 0 && event_pending(fib->flush_timer, EV_TIMEOUT, NULL)))
		return;
	fib->flush_soon = delay_ms == 0;
	event_add(fib->flush_timer, &tv);
}

/* ---- batches ---- */

void
fib_note_sequence(struct fib *fib, bool of_nexthop)
{
	unsigned at = fib->writer.seq % FIB_SEQUENCES;
	uint8_t bit = (uint8_t)(1u << at % 8);

	fib->of_nexthop[at / 8] &= (uint8_t)~bit;
	if (of_nexthop)
		fib->of_nexthop[at / 8] |= bit;
}

bool
fib_came_of_nexthop(const struct fib *fib, uint32_t sequence)
{
	unsigned at = sequence % FIB_SEQUENCES;

	return (fib->of_nexthop[at / 8] >> at % 8 & 1) != 0;
}

/* What the kernel is to have, bare hops or a reference to the object; a reference. */
static struct fib_shape *
shape_to_write(struct fib *fib, const struct fib_entry *e, enum fib_form form)
{
	struct rtmsg_shape is = e->want->is;
	struct fib_shape *shape;

	if (form == FORM_OBJECT)
		is.nexthop = e->want->nexthop->id;
	shape = fib_shape_have(&fib->shapes, &is);
	fib_nexthop_resolve(fib, shape);
	return shape;
}

static struct nl_msg *
message_for(struct fib *fib, const struct fib_entry *e, enum fib_op op,
    const struct fib_shape *shape)
{
	const struct fib_identity *id = kernel_identity(fib->k);
	const struct prefix *prefix = &e->node.prefix;

	switch (op) {
	case FIB_OP_ADD:
		return rtmsg_route_put(
		    id, prefix, &shape->is, NLM_F_CREATE | NLM_F_EXCL);
	case FIB_OP_REPLACE:
		/* Without CREATE: if ours has just gone, nothing is made blindly. */
		return rtmsg_route_put(id, prefix, &shape->is, NLM_F_REPLACE);
	case FIB_OP_DELETE:
		return rtmsg_route_delete(
		    id, prefix, e->have != NULL ? &e->have->is : NULL);
	case FIB_OP_NONE:
	case FIB_OP_COUNT: break;
	}
	return NULL;
}

static void
add_message(struct fib *fib, struct fib_entry *e, enum fib_op op, enum fib_form form)
{
	struct fib_shape *shape =
	    op == FIB_OP_DELETE ? NULL : shape_to_write(fib, e, form);
	struct nl_msg *msg = message_for(fib, e, op, shape);
	unsigned slot;

	if (msg == NULL) {
		fib_shape_unref(&fib->shapes, shape);
		fib_refused(fib, e, op, ENOMEM, "");
		return;
	}
	slot = netlink_writer_slot(&fib->writer);
	fib->sent[slot] = (struct fib_sent){ .shape = shape, .op = op };
	e->node.flags |= ENTRY_FLYING;
	netlink_writer_add(&fib->writer, msg, e, slot);
	fib_note_sequence(fib, false);
}

void
fib_restore(struct fib *fib, const struct nlmsghdr *message)
{
	struct fib_victim *victim = mem_zero(1, sizeof(*victim));
	struct nlmsghdr *header;
	struct rtmsg *rtm;

	victim->msg = nlmsg_convert((struct nlmsghdr *)(uintptr_t)message);
	if (victim->msg == NULL) {
		free(victim);
		return;
	}
	header = nlmsg_hdr(victim->msg);
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_REPLACE;
	header->nlmsg_pid = 0;
	rtm = nlmsg_data(header);
	rtm->rtm_flags &=
	    RTNH_F_ONLINK | RTNH_F_PERVASIVE; /* the rest is the kernel's */
	STAILQ_INSERT_TAIL(&fib->victims, victim, list);
	fib_flush_within(fib, 0);
}

static void
add_victims(struct fib *fib)
{
	struct fib_victim *victim;

	while ((victim = STAILQ_FIRST(&fib->victims)) != NULL &&
	       netlink_writer_room(&fib->writer) > 0) {
		STAILQ_REMOVE_HEAD(&fib->victims, list);
		netlink_writer_add(&fib->writer, victim->msg, NULL, 0);
		fib_note_sequence(fib, false);
		free(victim);
	}
}

/*
 * The object cannot be made now.  A group that only lacks a member stays in use: the
 * other members carry on, and it is repaired when it can be.
 */
static void
object_held(struct fib *fib, struct fib_entry *e, enum fib_op op)
{
	const struct fib_nexthop *n = e->want->nexthop;
	bool lacks =
	    (n->flags & NEXTHOP_GROUP) != 0 && e->have != NULL && e->have->nexthop == n;
	enum fib_state state;

	if (n->error == 0 || lacks) {
		fib_hold(fib, e, 1);
		return;
	}
	fib_refused(fib, e, op, n->error, fib_reason_text(fib, n->reason));
	if (fib_decide(fib, e, &state) != FIB_OP_NONE)
		fib_entry_queue(fib, e);
	fib_entry_set_state(fib, e, state);
}

/* False: the batch is full, and the entry waits for the next. */
static bool
write_entry(struct fib *fib, struct fib_entry *e, enum fib_op op)
{
	enum fib_form form = FORM_CLASSIC;

	if (op != FIB_OP_DELETE)
		form = fib_nexthop_prepare(fib, e);
	if (form == FORM_LATER) {
		fib_entry_put_back(fib, e);
		return false;
	}
	if (form == FORM_HELD) {
		object_held(fib, e, op);
	} else if (form == FORM_OBJECT && e->have != NULL &&
		   fib_fits(fib, e->want, e->have)) {
		fib_entry_set_state(fib, e, FIB_STATE_INSTALLED); /* it moved along */
		fib_forgive(fib, e);
	} else {
		add_message(fib, e, op, form);
	}
	return true;
}

static void
fill_batch(struct fib *fib)
{
	unsigned limit = fib->blocked_error != 0 ? 1 : fib->batch;

	add_victims(fib);
	fib_nexthops_work(fib);
	while (fib->writer.n_batch < limit && netlink_writer_room(&fib->writer) > 0) {
		struct fib_entry *e = fib_entry_dequeue(fib);
		enum fib_state state;
		enum fib_op op;

		if (e == NULL)
			return;
		if ((e->node.flags & ENTRY_FLYING) != 0)
			continue; /* its answer decides again */
		if (e->want != NULL && e->have != NULL && e->have->is.nexthop != 0 &&
		    kernel_conf(fib->k)->nexthop_objects != CONF_NEXTHOPS_OFF)
			fib_nexthop_attach(fib, e->want, false);
		op = fib_decide(fib, e, &state);
		fib_entry_set_state(fib, e, state);
		fib_note_conflict(fib, e);
		if (op == FIB_OP_NONE)
			fib_entry_reap(fib, e);
		else if (!write_entry(fib, e, op))
			return;
	}
}

/* Keeps a batch near a millisecond: thousands of next hops make a route dear. */
static void
adapt_batch(struct fib *fib)
{
	uint32_t us;

	while (netlink_writer_wrote(&fib->writer, &us))
		if (us > BATCH_SLOW_US && fib->batch > BATCH_MIN)
			fib->batch /= 2;
		else if (us < BATCH_QUICK_US && fib->batch < WRITER_BATCH_MAX)
			fib->batch *= 2;
}

/* False: not now; the timer is armed. */
static bool
send_batch(struct fib *fib)
{
	if (netlink_writer_send(&fib->writer)) {
		/* All would be refused for want of a right: one batch finds out. */
		if (!fib->proven)
			fib_settle(fib);
		fib_watch_answers(fib);
		return true;
	}
	if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM && errno != EINTR)
		kernel_log(fib->k, LOG_LEVEL_ERROR, "kernel: writing routes: %s",
		    strerror(errno));
	fib_flush_within(fib, BUSY_DELAY_MS);
	return false;
}

/* After a reload to another table or metric: all is in the new place. */
static void
finish_move(struct fib *fib)
{
	char err[128];

	fib->moved = false;
	if (!fib_purge(&fib->old, NULL, err, sizeof(err)))
		kernel_log(fib->k, LOG_LEVEL_ERROR, "%s", err);
}

static bool
may_write(struct fib *fib)
{
	uint64_t now = kernel_now_ms();

	if (!fib->synced)
		return false;
	if (fib->blocked_error != 0 && now < fib->blocked_until_ms) {
		if (fib->n_queued > 0)
			fib_flush_within(fib, (unsigned)(fib->blocked_until_ms - now));
		return false;
	}
	return true;
}

/*
 * What is decided rests on all that is known.  False: events are to be read first, in
 * the next turn or behind the answers.
 */
static bool
knows_all(struct fib *fib)
{
	if (fib->writer.n_flying > 0)
		return !kernel_events_wait(fib->k);
	if (kernel_drain(fib->k, DRAIN_DATAGRAMS))
		return true;
	fib_flush_within(fib, 0);
	return false;
}

static void
flush(struct fib *fib)
{
	uint64_t start = clock_us();

	fib_nexthops_find_routes(fib); /* even if nothing can be written now */
	while (may_write(fib) && knows_all(fib)) {
		adapt_batch(fib);
		fill_batch(fib);
		if (fib->writer.n_batch == 0 || !send_batch(fib))
			break;
		if (clock_us() - start > TURN_US) {
			fib_flush_within(fib, 0);
			break;
		}
	}
	if (fib->moved && fib->n_queued == 0 && fib->writer.n_flying == 0)
		finish_move(fib);
}

static void
on_flush(int fd, short what, void *arg)
{
	struct fib *fib = arg;

	(void)fd;
	(void)what;
	fib->flush_soon = false;
	flush(fib);
}

void
fib_push(struct fib *fib)
{
	if (fib->writer.n_flying > 0)
		fib_read_answers(fib);
	if (fib->n_queued > 0)
		flush(fib);
}

void
fib_push_through(struct fib *fib)
{
	fib_push(fib);
	fib_settle(fib);
}

/* ---- life ---- */

bool
fib_writer_open(struct fib *fib, char *err, size_t errlen)
{
	fib->batch = BATCH_FIRST;
	STAILQ_INIT(&fib->victims);
	if (!netlink_writer_open(&fib->writer, true, fib_answer, fib, err, errlen))
		return false;
	fib->flush_timer = event_new(kernel_event_base(fib->k), -1, 0, on_flush, fib);
	if (fib->flush_timer == NULL || !fib_answers_open(fib)) {
		snprintf(err, errlen, "the netlink socket cannot be watched");
		return false;
	}
	return true;
}

void
fib_writer_close(struct fib *fib)
{
	struct fib_victim *victim;

	fib_answers_close(fib);
	if (fib->flush_timer != NULL)
		event_free(fib->flush_timer);
	while ((victim = STAILQ_FIRST(&fib->victims)) != NULL) {
		STAILQ_REMOVE_HEAD(&fib->victims, list);
		nlmsg_free(victim->msg);
		free(victim);
	}
	netlink_writer_close(&fib->writer);
}
