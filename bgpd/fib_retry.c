/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Back-off: routes the kernel refuses, and routes somebody takes out again and again.
 * Each failure in a row doubles the delay, from one second to sixty.  A delay has its
 * own list, so the first of a list is due first and nothing is searched.
 *
 * A refusal may end when a link or an address comes: then all refused are tried at
 * once. A fight only ends by the other side's leaving.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "bgp/memory.h"
#include "fib_internal.h"

static const unsigned delays_ms[FIB_DELAYS] = { 200, 1000, 2000, 4000, 8000, 16000,
	32000, 60000 };

enum {
	/*
	 * `ip route flush` looks again once it is through, and takes out what was put
	 * back meanwhile: that is the same accident, and over after the least delay.
	 */
	ACCIDENT_MS = 500,
	/* A route left alone for so long beyond its delay is not fought over. */
	FIGHT_MEMORY_MS = 10 * 1000,
	TROUBLE_MEMORY_MS = 5 * 60 * 1000,
	COMPLAINT_WINDOW_MS = 10 * 1000,
	NETWORK_DELAY_MS = 50,
};

/* ---- log lines ---- */

bool
fib_may_complain(struct fib_complaint *complaint, uint32_t *left_out)
{
	uint64_t now = kernel_now_ms();

	*left_out = 0;
	if (now - complaint->window_ms >= COMPLAINT_WINDOW_MS ||
	    complaint->window_ms == 0) {
		*left_out = complaint->left_out;
		*complaint = (struct fib_complaint){ .window_ms = now };
	}
	if (complaint->lines >= FIB_COMPLAINTS_A_WINDOW) {
		complaint->left_out++;
		return false;
	}
	complaint->lines++;
	return true;
}

static const char *
more_text(uint32_t left_out, char *buf, size_t len)
{
	buf[0] = '\0';
	if (left_out > 0)
		snprintf(buf, len, " (%u such lines were left out)", left_out);
	return buf;
}

/* ---- troubles ---- */

static struct fib_trouble *
trouble_get(struct fib_entry *e)
{
	if (e->trouble == NULL) {
		e->trouble = mem_zero(1, sizeof(*e->trouble));
		e->trouble->entry = e;
	}
	return e->trouble;
}

static void
unhold(struct fib *fib, struct fib_trouble *t)
{
	if (!t->held)
		return;
	TAILQ_REMOVE(&fib->held[t->delay], t, list);
	t->held = false;
}

void
fib_trouble_free(struct fib *fib, struct fib_entry *e)
{
	if (e->trouble == NULL)
		return;
	unhold(fib, e->trouble);
	free(e->trouble);
	e->trouble = NULL;
}

void
fib_trouble_expire(struct fib *fib, struct fib_entry *e)
{
	struct fib_trouble *t = e->trouble;

	if (t != NULL && !t->held && t->error == 0 &&
	    kernel_now_ms() - t->last_fight_ms > TROUBLE_MEMORY_MS)
		fib_trouble_free(fib, e);
}

static void
arm_retry(struct fib *fib)
{
	uint64_t now = kernel_now_ms(), due = UINT64_MAX, wait;
	struct timeval tv;

	for (unsigned i = 0; i < FIB_DELAYS; i++) {
		const struct fib_trouble *t = TAILQ_FIRST(&fib->held[i]);

		if (t != NULL && t->due_ms < due)
			due = t->due_ms;
	}
	if (due == UINT64_MAX) {
		event_del(fib->retry_timer);
		return;
	}
	wait = due > now ? due - now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000) * 1000;
	event_add(fib->retry_timer, &tv);
}

static unsigned
delay_of(unsigned times)
{
	return times < FIB_DELAYS ? times : FIB_DELAYS - 1;
}

unsigned
fib_delay_ms(unsigned times)
{
	return delays_ms[delay_of(times)];
}

void
fib_hold(struct fib *fib, struct fib_entry *e, unsigned times)
{
	struct fib_trouble *t = trouble_get(e);
	unsigned delay = delay_of(times);

	unhold(fib, t);
	t->held = true;
	t->delay = (uint8_t)delay;
	t->due_ms = kernel_now_ms() + delays_ms[delay];
	TAILQ_INSERT_TAIL(&fib->held[delay], t, list);
	/* An armed timer is due earlier, or this is the first of its list. */
	if (TAILQ_FIRST(&fib->held[delay]) == t)
		arm_retry(fib);
}

void
fib_release(struct fib *fib, struct fib_entry *e)
{
	unhold(fib, e->trouble);
	fib_entry_queue(fib, e);
}

static void
on_retry(int fd, short what, void *arg)
{
	struct fib *fib = arg;
	uint64_t now = kernel_now_ms();

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < FIB_DELAYS; i++) {
		struct fib_trouble *t;

		while ((t = TAILQ_FIRST(&fib->held[i])) != NULL && t->due_ms <= now)
			fib_release(fib, t->entry);
	}
	arm_retry(fib);
}

void
fib_release_refused(struct fib *fib, int error)
{
	for (unsigned i = 0; i < FIB_DELAYS; i++) {
		struct fib_trouble *t = TAILQ_FIRST(&fib->held[i]), *next;

		for (; t != NULL; t = next) {
			next = TAILQ_NEXT(t, list);
			if (t->error != 0 && (error == 0 || t->error == error))
				fib_release(fib, t->entry);
		}
	}
}

/* ---- refusals ---- */

uint8_t
fib_reason_index(struct fib *fib, const char *reason)
{
	if (reason[0] == '\0')
		return 0;
	for (uint8_t i = 1; i < FIB_REASONS_MAX; i++) {
		if (fib->reasons[i] == NULL) {
			fib->reasons[i] = mem_alloc(strlen(reason) + 1);
			memcpy(fib->reasons[i], reason, strlen(reason) + 1);
		}
		if (strcmp(fib->reasons[i], reason) == 0)
			return i;
	}
	return 0;
}

const char *
fib_reason_text(const struct fib *fib, uint8_t index)
{
	return fib->reasons[index] != NULL ? fib->reasons[index] : "";
}

static void
log_refusal(
    struct fib *fib, const struct fib_entry *e, enum fib_op op, const char *reason)
{
	const struct fib_trouble *t = e->trouble;
	char prefix[PREFIX_TEXT_LEN], more[48];
	uint32_t left_out;

	if (t->refusals > 1 || !fib_may_complain(&fib->refusals, &left_out))
		return;
	kernel_log(fib->k, LOG_LEVEL_WARNING, "kernel: cannot %s %s: %s%s%s%s",
	    fib_op_name(op), prefix_format(&e->node.prefix, prefix), strerror(t->error),
	    reason[0] != '\0' ? ": " : "", reason,
	    more_text(left_out, more, sizeof(more)));
}

/*
 * Somebody is at our place whom we do not know of.  Events are read before the next
 * try; if it fails again, a dump has to tell.
 */
static void
place_is_taken(struct fib *fib, struct fib_entry *e)
{
	struct fib_trouble *t = trouble_get(e);

	t->error = EEXIST;
	if (t->refusals++ == 0) {
		fib_entry_queue(fib, e);
		return;
	}
	kernel_resync_soon(fib->k);
	fib_hold(fib, e, t->refusals);
}

void
fib_refused(
    struct fib *fib, struct fib_entry *e, enum fib_op op, int error, const char *reason)
{
	struct fib_trouble *t;

	if (error == EPERM) {
		fib_block(fib, error);
		fib_entry_queue(fib, e);
		return;
	}
	if ((error == ENOENT && op == FIB_OP_REPLACE) ||
	    (error == ESRCH && op != FIB_OP_ADD)) {
		fib_entry_set_have(fib, e, NULL); /* it is gone already */
		return;
	}
	if (error == EEXIST && op == FIB_OP_ADD) {
		place_is_taken(fib, e);
		return;
	}
	t = trouble_get(e);
	t->error = error;
	t->reason = fib_reason_index(fib, reason);
	t->refusals = t->refusals < UINT8_MAX ? (uint8_t)(t->refusals + 1) : UINT8_MAX;
	fib_hold(fib, e, t->refusals);
	log_refusal(fib, e, op, reason);
}

void
fib_forgive(struct fib *fib, struct fib_entry *e)
{
	struct fib_trouble *t = e->trouble;

	if (t == NULL)
		return;
	if (t->error != 0 && !t->held) {
		t->error = 0;
		t->reason = t->refusals = 0;
	}
	if (t->fights == 0 && !t->held)
		fib_trouble_free(fib, e);
}

void
fib_block(struct fib *fib, int error)
{
	unsigned delay;

	if (fib->blocked_error == 0)
		kernel_log(fib->k, LOG_LEVEL_ERROR,
		    "kernel: routes cannot be written: %s%s", strerror(error),
		    error == EPERM ? ", no CAP_NET_ADMIN" : "");
	if (fib->blocked_error == 0 || kernel_now_ms() >= fib->blocked_until_ms)
		fib->blocked_times++;
	fib->blocked_error = error;
	fib->proven = false;
	delay = delay_of(fib->blocked_times);
	fib->blocked_until_ms = kernel_now_ms() + delays_ms[delay];
}

void
fib_unblock(struct fib *fib)
{
	fib->proven = true;
	if (fib->blocked_error == 0)
		return;
	kernel_log(fib->k, LOG_LEVEL_NOTICE, "kernel: routes can be written again");
	fib->blocked_error = 0;
	fib->blocked_times = 0;
}

/* ---- fights ---- */

static uint64_t
fight_memory_ms(const struct fib_trouble *t)
{
	uint64_t delay_ms = t->fights > 1 ? delays_ms[delay_of(t->fights - 1u)] : 0;

	return FIGHT_MEMORY_MS + 2 * delay_ms;
}

void
fib_fight(struct fib *fib, struct fib_entry *e, const char *what)
{
	struct fib_trouble *t = trouble_get(e);
	uint64_t now = kernel_now_ms();
	char prefix[PREFIX_TEXT_LEN], when[48] = "putting it back", more[48];
	uint32_t left_out;

	if (t->fights == 1 && now - t->last_fight_ms < ACCIDENT_MS) {
		fib->counters.taken++;
		fib_hold(fib, e, 0);
		return;
	}
	if (now - t->last_fight_ms > fight_memory_ms(t))
		t->fights = 0;
	t->last_fight_ms = now;
	t->fights = t->fights < UINT8_MAX ? (uint8_t)(t->fights + 1) : UINT8_MAX;
	fib->counters.taken++;
	/* Once is an accident: it is put back at once. */
	if (t->fights > 1) {
		fib_hold(fib, e, t->fights - 1u);
		snprintf(when, sizeof(when), "for the %uth time, back in %u s",
		    t->fights, delays_ms[t->delay] / 1000);
	}
	if (fib_may_complain(&fib->fights, &left_out))
		kernel_log(fib->k, LOG_LEVEL_WARNING,
		    "kernel: our route %s was %s; %s%s",
		    prefix_format(&e->node.prefix, prefix), what, when,
		    more_text(left_out, more, sizeof(more)));
}

/* ---- the network ---- */

void
fib_network_changed(struct fib *fib)
{
	struct timeval tv = { 0, NETWORK_DELAY_MS * 1000 };

	if (!event_pending(fib->network_timer, EV_TIMEOUT, NULL))
		event_add(fib->network_timer, &tv);
}

static void
on_network(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fib_nexthops_release(arg);
	fib_release_refused(arg, 0);
}

bool
fib_retry_open(struct fib *fib)
{
	struct event_base *base = kernel_event_base(fib->k);

	for (unsigned i = 0; i < FIB_DELAYS; i++)
		TAILQ_INIT(&fib->held[i]);
	fib->retry_timer = event_new(base, -1, 0, on_retry, fib);
	fib->network_timer = event_new(base, -1, 0, on_network, fib);
	return fib->retry_timer != NULL && fib->network_timer != NULL;
}

void
fib_retry_close(struct fib *fib)
{
	if (fib->retry_timer != NULL)
		event_free(fib->retry_timer);
	if (fib->network_timer != NULL)
		event_free(fib->network_timer);
	for (unsigned i = 0; i < FIB_REASONS_MAX; i++)
		free(fib->reasons[i]);
}
