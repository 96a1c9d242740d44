/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One deadline a peer in the heap: the earliest of its retry, hold, keepalive, stale,
 * refresh and limit timers.  A received message stores a time and moves nothing; a hold
 * timer that is found not due when its deadline comes is put later again.
 */
#include "core_internal.h"

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

static uint64_t
hold_at(const struct session *s)
{
	return s->hold_ms == 0 ? 0 : s->last_in_ms + s->hold_ms;
}

/* RFC 9687 5: the greater of 8 minutes and twice the hold time.
 *
 * Deviates: RFC 9687 3 wants more than the hold time; what is set is taken as it is. */
static uint64_t
send_hold_at(const struct session *s)
{
	uint64_t limit = s->sp->conf->router.send_hold_time_s * UINT64_C(1000);

	if (s->state != FSM_ESTABLISHED || s->params.hold_time_s == 0 || !s->blocked)
		return 0;
	if (limit == 0) {
		limit = s->params.hold_time_s * UINT64_C(2000);
		if (limit < 480 * 1000)
			limit = 480 * 1000;
	}
	return s->last_out_ms + limit;
}

/* A dynamic peer without a connection that is kept for what it has done. */
static bool
is_remembered(const struct peer *peer)
{
	return peer->dynamic && !peer->leaving && !peer->disabled &&
	       peer->connections[0] == NULL && peer->connections[1] == NULL;
}

void
peer_arm(struct speaker *sp, struct peer *peer)
{
	uint64_t at = UINT64_MAX;

	at = earlier(at, peer->retry_at_ms);
	at = earlier(at, stale_deadline(peer));
	at = earlier(at, refresh_deadline(peer));
	at = earlier(at, peer->room_at_ms);
	at = earlier(at, peer->handover_until_ms);
	at = earlier(at, peer->client_until_ms);
	if (is_remembered(peer))
		at = earlier(at, damp_memory_end_ms(peer));
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		const struct session *s = peer->connections[i];

		if (s == NULL)
			continue;
		at = earlier(at, hold_at(s));
		at = earlier(at, s->keepalive_at_ms);
		at = earlier(at, send_hold_at(s));
	}
	if (at == UINT64_MAX)
		heap_remove(&sp->timers, &peer->timer);
	else if (peer->timer.pos == 0 || peer->timer.key != at)
		heap_set(&sp->timers, &peer->timer, at);
}

void
speaker_arm(struct speaker *sp)
{
	uint64_t at = restart_deadline(sp);

	if (at == UINT64_MAX)
		heap_remove(&sp->timers, &sp->own_timer);
	else
		heap_set(&sp->timers, &sp->own_timer, at);
}

/* True: the session's timers were due, and it may be gone. */
static bool
session_timers(struct session *s)
{
	uint64_t now = s->sp->now_ms;

	if (hold_at(s) != 0 && now >= hold_at(s)) {
		s->down_reason = "hold timer expired";
		session_event(s, FSM_EV_HOLD_EXPIRED);
		return true;
	}
	if (send_hold_at(s) != 0 && now >= send_hold_at(s)) {
		s->down_reason = "the peer takes no data";
		session_event(s, FSM_EV_SEND_HOLD_EXPIRED);
		return true;
	}
	if (s->keepalive_at_ms != 0 && now >= s->keepalive_at_ms)
		session_event(s, FSM_EV_KEEPALIVE_EXPIRED);
	return false;
}

static void
retry_expired(struct speaker *sp, struct peer *peer)
{
	peer->retry_at_ms = 0;
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *s = peer->connections[i];

		if (s != NULL && s->state == FSM_CONNECT) {
			peer->failures++;
			session_event(s, FSM_EV_RETRY_EXPIRED);
			return;
		}
		/* One that came in is being set up: give it its time. */
		if (s != NULL)
			return;
	}
	peer_dial(sp, peer);
}

static void
peer_timers(struct speaker *sp, struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] != NULL)
			session_timers(peer->connections[i]);
	if (peer->retry_at_ms != 0 && sp->now_ms >= peer->retry_at_ms)
		retry_expired(sp, peer);
	if (is_remembered(peer) && damp_memory_end_ms(peer) != 0 &&
	    !damp_remembers(sp, peer) && !peer_has_stale(peer))
		peer_leave(sp, peer);
	stale_timers(sp, peer);
	refresh_timers(sp, peer);
	limit_timer(sp, peer);
	handover_timer(sp, peer);
	peer_arm(sp, peer);
}

void
speaker_tick(struct speaker *sp)
{
	struct heap_item *item;

	while ((item = heap_min(&sp->timers)) != NULL && item->key <= sp->now_ms) {
		if (item == &sp->own_timer) {
			heap_remove(&sp->timers, item);
			restart_check(sp);
			speaker_arm(sp);
			continue;
		}
		peer_timers(sp, (struct peer *)(void *)((uint8_t *)item -
							offsetof(struct peer, timer)));
	}
}

uint64_t
speaker_deadline(const struct speaker *sp)
{
	const struct heap_item *item = heap_min(&sp->timers);
	uint64_t at = item == NULL ? UINT64_MAX : item->key;
	uint64_t out = out_deadline(sp->out);

	return out < at ? out : at;
}
