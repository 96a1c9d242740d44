/* SPDX-License-Identifier: BSD-2-Clause
 *
 * max-prefixes: what a peer announces is counted a family, before the filter (RFC 4271
 * 6.7), and above the limit it is warned of, blocked, or the session ends.
 *
 * "block" does not take what is one prefix too many.  Nothing of it is kept, so how
 * many there are is an account: announcements that were not taken, less withdrawals of
 * what we do not hold.  When there is room again the peer is asked for all its routes:
 * not at once, since one withdrawal seldom comes alone, and ever more seldom while that
 * does not help, since an answer is a whole table.
 */
#include <stdio.h>

#include "core_internal.h"

enum {
	ROOM_SETTLE_MS = 1000, /* from the first room to the question */
	ROOM_LOOK_MS = 10000,  /* room that comes of itself: a sweep of stale routes */
	ASK_WAIT_MIN_S = 60,   /* from one question to the next … */
	ASK_WAIT_MAX_S = 3600, /* … doubled each time up to this */
};

static bool
blocks(const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;

	return options->max_prefixes > 0 &&
	       options->max_prefixes_action == CONF_LIMIT_BLOCK;
}

static uint32_t
received(const struct speaker *sp, const struct peer *peer, enum family family)
{
	return rib_peer_info(sp->rib, peer->number)->family[family].received;
}

/* ---- an UPDATE ---- */

struct limit
limit_begin(const struct peer *peer)
{
	return (
	    struct limit){ .max = blocks(peer) ? peer->conf.options.max_prefixes : 0 };
}

bool
limit_is_full(const struct speaker *sp, const struct peer *peer,
    const struct limit *limit, enum family family)
{
	return received(sp, peer, family) >= limit->max;
}

static struct speaker_event *
note_limit(struct peer *peer, struct session *s, enum family family, uint64_t count)
{
	struct speaker_event *event = note_event(s->sp, EVENT_MAX_PREFIXES, peer);

	peer->over_limit_warned[family] = true;
	event->family = (uint8_t)family;
	event->count = count;
	return event;
}

static void
look_for_room(struct speaker *sp, struct peer *peer, uint64_t at_ms)
{
	peer->room_at_ms = at_ms;
	peer_arm(sp, peer);
}

void
limit_note_blocked(struct peer *peer, struct session *s, enum family family, uint32_t n)
{
	peer->blocked[family] += n;
	if (!peer->over_limit_warned[family])
		note_text(note_limit(peer, s, family,
			      received(s->sp, peer, family) + peer->blocked[family]),
		    "block");
	if (peer->room_at_ms == 0)
		look_for_room(s->sp, peer, s->sp->now_ms + ROOM_LOOK_MS);
}

static void
limit_reached(struct peer *peer, struct session *s, enum family family, uint32_t count)
{
	const struct conf_peer_options *options = &peer->conf.options;
	struct speaker_event *event;

	if (peer->over_limit_warned[family])
		return;
	event = note_limit(peer, s, family, count);
	switch ((enum conf_limit_action)options->max_prefixes_action) {
	case CONF_LIMIT_WARN: note_text(event, "warn"); return;
	/* The limit was lowered: what was taken stays. */
	case CONF_LIMIT_BLOCK: note_text(event, "block"); return;
	case CONF_LIMIT_SHUTDOWN:
		note_text(event, "shutdown");
		peer->disabled = true;
		snprintf(peer->disabled_reason, sizeof(peer->disabled_reason),
		    "more than %u prefixes", options->max_prefixes);
		break;
	case CONF_LIMIT_RESTART: note_text(event, "restart"); break;
	}
	session_fail(s, NOTIFY_CEASE, CEASE_MAX_PREFIXES, "too many prefixes");
}

static bool
is_blocked(const struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->blocked[f] > 0)
			return true;
	return false;
}

static bool
has_room(const struct speaker *sp, const struct peer *peer, enum family family)
{
	return peer->blocked[family] > 0 &&
	       (!blocks(peer) ||
		   received(sp, peer, family) < peer->conf.options.max_prefixes);
}

static bool
has_any_room(const struct speaker *sp, const struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (has_room(sp, peer, (enum family)f))
			return true;
	return false;
}

/* When the peer may be asked again; until then, what comes is the answer. */
static uint64_t
ask_next_ms(const struct peer *peer)
{
	return peer->asked_at_ms == 0
		   ? 0
		   : peer->asked_at_ms + peer->ask_wait_s * UINT64_C(1000);
}

static void
check_room(struct speaker *sp, struct peer *peer)
{
	uint64_t at = sp->now_ms + ROOM_SETTLE_MS;

	if (peer->room_at_ms == 0 || !has_any_room(sp, peer))
		return;
	if (at < ask_next_ms(peer))
		at = ask_next_ms(peer);
	if (at < peer->room_at_ms)
		look_for_room(sp, peer, at);
}

void
limit_check(struct peer *peer, struct session *s)
{
	uint32_t limit = peer->conf.options.max_prefixes;

	for (int f = 0; limit > 0 && f < FAMILY_COUNT && !s->closing; f++) {
		uint32_t n = received(s->sp, peer, (enum family)f);

		if (n > limit)
			limit_reached(peer, s, (enum family)f, n);
		else if (peer->blocked[f] == 0 && s->sp->now_ms >= ask_next_ms(peer))
			peer->over_limit_warned[f] = false;
	}
	check_room(s->sp, peer);
}

/* ---- room again ---- */

void
limit_forget(struct peer *peer)
{
	memset(peer->blocked, 0, sizeof(peer->blocked));
	peer->room_at_ms = 0;
}

void
limit_changed(struct speaker *sp, struct peer *peer)
{
	check_room(sp, peer);
}

static void
tell_unblock(
    struct speaker *sp, struct peer *peer, enum family family, const char *text)
{
	struct speaker_event *event = note_event(sp, EVENT_UNBLOCK, peer);

	event->family = (uint8_t)family;
	event->count = peer->blocked[family];
	note_text(event, "%s", text);
}

/* The longer the last answer is ago, the less the next one disturbs. */
static void
choose_wait(struct speaker *sp, struct peer *peer)
{
	uint64_t wait_ms = peer->ask_wait_s * UINT64_C(1000);

	if (peer->asked_at_ms == 0 || sp->now_ms - peer->asked_at_ms > 2 * wait_ms)
		peer->ask_wait_s = ASK_WAIT_MIN_S;
	else if (peer->ask_wait_s < ASK_WAIT_MAX_S / 2)
		peer->ask_wait_s *= 2;
	else
		peer->ask_wait_s = ASK_WAIT_MAX_S;
	peer->asked_at_ms = sp->now_ms;
}

static void
ask(struct speaker *sp, struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (!has_room(sp, peer, (enum family)f))
			continue;
		if (!peer->params.route_refresh) {
			tell_unblock(sp, peer, (enum family)f,
			    "the peer has no route refresh: they come with a restart "
			    "of the session alone");
			continue;
		}
		tell_unblock(sp, peer, (enum family)f, "the peer is asked for them");
		refresh_ask(peer->established, (enum family)f);
	}
	choose_wait(sp, peer);
}

void
limit_timer(struct speaker *sp, struct peer *peer)
{
	if (peer->room_at_ms == 0 || sp->now_ms < peer->room_at_ms)
		return;
	peer->room_at_ms = 0;
	if (!is_blocked(peer) || peer->established == NULL)
		return;
	if (!has_any_room(sp, peer) || sp->now_ms < ask_next_ms(peer)) {
		peer->room_at_ms = sp->now_ms + ROOM_LOOK_MS;
		check_room(sp, peer);
		return;
	}
	ask(sp, peer);
	/* Without the capability it has been said, and that is all. */
	if (is_blocked(peer) && peer->params.route_refresh)
		peer->room_at_ms = sp->now_ms + ROOM_LOOK_MS;
}
