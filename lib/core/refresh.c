/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routes once more, both ways: route refresh (RFC 2918) and its enhanced form, where
 * the answer stands between BoRR and EoRR (RFC 7313).
 *
 * A peer that says BoRR has all its routes of the family in question from then on, and
 * those that did not come again by EoRR are gone.  That is what an epoch is for: BoRR
 * begins a new one, EoRR purges what is of an older one.  No EoRR within stale-time,
 * and they are purged, too.
 *
 * What we send again is lib/out's affair.
 */
#include "core_internal.h"

enum {
	/* So deep may BoRRs be nested: the epoch is one octet (rib.h). */
	BEGINS_MAX = RIB_EPOCHS_MAX / 2,
	/* An answer is a whole table: it has this long whatever stale-time says. */
	ANSWER_MIN_S = 60,
};

static void
note(struct session *s, enum family family, const char *text)
{
	struct speaker_event *event = note_event(s->sp, EVENT_REFRESH, s->peer);

	event->family = (uint8_t)family;
	note_text(event, "%s", text);
}

void
refresh_forget(struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		peer->refreshing[f] = false;
		peer->refresh_until_ms[f] = 0;
	}
}

/* ---- the peer's messages ---- */

static void
answer(struct session *s, enum family family)
{
	struct member *member = &s->peer->members[family];

	if (s->params.enhanced_refresh)
		out_refresh_enhanced(s->sp->out, member);
	else
		out_refresh(s->sp->out, member);
	note(s, family, "the peer asks for our routes");
	writer_queue(s);
}

/* RFC 7313 4: "a locally configurable upper bound". */
static uint64_t
answer_ms(const struct speaker *sp)
{
	uint32_t s = sp->conf->router.stale_time_s;

	return (s < ANSWER_MIN_S ? ANSWER_MIN_S : s) * UINT64_C(1000);
}

/* RFC 7313 4: of a peer with graceful restart not before its End-of-RIB. */
static void
begin(struct session *s, enum family family)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;

	if (s->theirs.graceful_restart && !peer->end_of_rib[family]) {
		note(s, family, "BoRR before End-of-RIB is ignored");
		return;
	}
	/* Once more inside another: what came since is in question again. */
	if (!peer->refreshing[family] ||
	    rib_peer_info(sp->rib, peer->number)->family[family].oldest < BEGINS_MAX)
		rib_peer_new_epoch(sp->rib, peer->number, family);
	peer->refreshing[family] = true;
	peer->refresh_until_ms[family] = sp->now_ms + answer_ms(sp);
	peer->blocked[family] = 0;
	note(s, family, "the peer sends its routes again");
	peer_arm(sp, peer);
}

static void
end(struct session *s, enum family family, const char *text)
{
	struct peer *peer = s->peer;

	peer->refreshing[family] = false;
	peer->refresh_until_ms[family] = 0;
	rib_purge(s->sp->rib, peer->number, family, 1);
	note(s, family, text);
}

void
refresh_receive(struct session *s, const struct refresh *refresh)
{
	enum family family = family_from_afi(refresh->afi, refresh->safi);

	/* RFC 2918 4: of a family that was not negotiated it is ignored. */
	if (family == FAMILY_NONE || !s->params.families[family])
		return;
	switch ((enum refresh_subtype)refresh->subtype) {
	case REFRESH_REQUEST: answer(s, family); return;
	case REFRESH_BEGIN:
		if (s->params.enhanced_refresh)
			begin(s, family);
		return;
	case REFRESH_END:
		/* One without a beginning says nothing. */
		if (s->peer->refreshing[family])
			end(s, family, "the peer has sent its routes again");
		return;
	}
	/* RFC 7313 5 */
	note(s, family, "a ROUTE-REFRESH of an unknown subtype is ignored");
}

/* ---- time ---- */

uint64_t
refresh_deadline(const struct peer *peer)
{
	uint64_t at = 0;

	for (int f = 0; f < FAMILY_COUNT; f++) {
		uint64_t until = peer->refresh_until_ms[f];

		if (until != 0 && (at == 0 || until < at))
			at = until;
	}
	return at;
}

void
refresh_timers(struct speaker *sp, struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->refresh_until_ms[f] != 0 &&
		    sp->now_ms >= peer->refresh_until_ms[f])
			end(peer->established, (enum family)f,
			    "no EoRR came: routes that did not come again are removed");
}

/* ---- ours ---- */

void
refresh_ask(struct session *s, enum family family)
{
	const struct refresh refresh = { .afi = family_afi(family),
		.subtype = REFRESH_REQUEST,
		.safi = SAFI_UNICAST };

	session_put_refresh(s, &refresh);
	/* The answer says anew what there is too much of. */
	s->peer->blocked[family] = 0;
}

bool
peer_refresh_in(struct speaker *sp, struct peer *peer)
{
	(void)sp;
	if (peer->established == NULL || !peer->params.route_refresh)
		return false;
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->params.families[f])
			refresh_ask(peer->established, (enum family)f);
	return true;
}

bool
peer_refresh_out(struct speaker *sp, struct peer *peer)
{
	if (peer->established == NULL)
		return false;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (!peer->params.families[f])
			continue;
		if (peer->params.enhanced_refresh)
			out_refresh_enhanced(sp->out, &peer->members[f]);
		else
			out_refresh(sp->out, &peer->members[f]);
	}
	writer_queue(peer->established);
	return true;
}
