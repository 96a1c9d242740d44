/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel answered to the FIB's writes, and answers that do not come.
 */
#include <errno.h>
#include <string.h>

#include <event2/event.h>

#include "fib_internal.h"

enum { ANSWER_TIMEOUT_S = 2 };

const uint32_t fib_latency_bounds_us[FIB_LATENCY_BUCKETS - 1] = { 1000, 2500, 5000,
	10000, 25000, 50000, 100000, 500000, 2500000 };

static void
count_latency(struct fib *fib, const struct fib_entry *e)
{
	uint32_t waited_ms = (uint32_t)kernel_now_ms() - e->node.stamp;
	uint64_t us = (uint64_t)waited_ms * 1000;
	unsigned i = 0;

	while (i < FIB_LATENCY_BUCKETS - 1 && us > fib_latency_bounds_us[i])
		i++;
	fib->counters.latency[i]++;
	fib->counters.latency_count++;
	fib->counters.latency_sum_us += us;
}

static void
succeeded(struct fib *fib, struct fib_entry *e, const struct fib_sent *sent)
{
	fib->counters.succeeded[sent->op]++;
	fib_unblock(fib);
	fib_entry_set_have(
	    fib, e, sent->op == FIB_OP_DELETE ? NULL : fib_shape_ref(sent->shape));
	if (sent->op == FIB_OP_DELETE)
		return;
	if (e->want != NULL && fib_fits(fib, e->want, e->have))
		count_latency(fib, e);
	fib_forgive(fib, e);
}

void
fib_answer(void *arg, void *what, unsigned detail, enum writer_result result, int error,
    const char *reason)
{
	struct fib *fib = arg;
	struct fib_sent sent = fib->sent[detail];
	struct fib_entry *e = what;
	enum fib_state state;

	if (e == NULL)
		return; /* a victim: the next dump tells */
	if (sent.nexthop != NULL) {
		fib_nexthop_answer(fib, sent.nexthop, sent.op, result, error, reason);
		return;
	}
	e->node.flags &= (uint16_t)~ENTRY_FLYING;
	if (fib->dumping)
		e->node.flags |= ENTRY_SEEN;
	switch (result) {
	case WRITER_OK: succeeded(fib, e, &sent); break;
	case WRITER_REFUSED:
		fib->counters.refused[sent.op]++;
		if (sent.shape == NULL || sent.shape->nexthop == NULL ||
		    fib_nexthop_blame(fib, sent.shape->nexthop, &error, &reason))
			fib_refused(fib, e, sent.op, error, reason);
		break;
	case WRITER_UNKNOWN:
		/* What the dump shows is right, even if the entry was just touched. */
		fib->counters.unknown++;
		e->node.flags &= (uint16_t)~ENTRY_SEEN;
		kernel_resync_soon(fib->k);
		fib_hold(fib, e, 1);
		break;
	}
	fib_shape_unref(&fib->shapes, sent.shape);
	if (fib_decide(fib, e, &state) != FIB_OP_NONE)
		fib_entry_queue(fib, e);
	fib_entry_set_state(fib, e, state);
	fib_entry_reap(fib, e);
}

void
fib_watch_answers(struct fib *fib)
{
	const struct timeval tv = { ANSWER_TIMEOUT_S, 0 };

	kernel_pause_events(fib->k, fib->writer.n_flying > 0);
	if (fib->writer.n_flying == 0)
		event_del(fib->lost_timer);
	else if (!event_pending(fib->lost_timer, EV_TIMEOUT, NULL))
		event_add(fib->lost_timer, &tv);
	if (fib->writer.n_flying == 0 && fib->moved)
		fib_flush_within(fib, 0); /* the old place may be left now */
}

void
fib_read_answers(struct fib *fib)
{
	unsigned before = fib->writer.n_flying;

	if (!netlink_writer_read(&fib->writer, kernel_buffer(fib->k)))
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: answers were lost, comparing with what is there");
	if (fib->writer.n_flying < before)
		event_del(fib->lost_timer);
	fib_watch_answers(fib);
	if (fib->n_queued > 0 || !STAILQ_EMPTY(&fib->nexthops.work))
		fib_flush_within(fib, 0);
}

void
fib_settle(struct fib *fib)
{
	netlink_writer_settle(&fib->writer);
	fib_read_answers(fib);
	netlink_writer_abandon(&fib->writer);
	fib_watch_answers(fib);
}

static void
on_answer_ready(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fib_read_answers(arg);
}

/* The kernel is slow, or has no memory for the message itself; or an answer is lost. */
static void
on_lost(int fd, short what, void *arg)
{
	struct fib *fib = arg;
	int error;

	(void)fd;
	(void)what;
	if (netlink_writer_is_busy(&fib->writer, &error)) {
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: routes have not been taken for %d s%s%s", ANSWER_TIMEOUT_S,
		    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
	} else {
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: no answer for %d s, comparing with what is there",
		    ANSWER_TIMEOUT_S);
		netlink_writer_abandon(&fib->writer);
	}
	fib_watch_answers(fib);
}

bool
fib_answers_open(struct fib *fib)
{
	struct event_base *base = kernel_event_base(fib->k);

	fib->answer_ready = event_new(
	    base, fib->writer.nl.fd, EV_READ | EV_PERSIST, on_answer_ready, fib);
	fib->lost_timer = event_new(base, -1, 0, on_lost, fib);
	return fib->answer_ready != NULL && fib->lost_timer != NULL &&
	       event_add(fib->answer_ready, NULL) == 0;
}

void
fib_answers_close(struct fib *fib)
{
	if (fib->answer_ready != NULL)
		event_free(fib->answer_ready);
	if (fib->lost_timer != NULL)
		event_free(fib->lost_timer);
}
