/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This speaker as the helper of a peer whose session ended: which routes stay, how they
 * are kept, and until when (RFC 4724 4.2, RFC 8538 4, RFC 9494 4.2).
 *
 *   Established --lost--> stale --restart time--> long-lived stale --its time--> gone
 *        ^                  |                           |
 *        '--- End-of-RIB ---+------- a new session -----'    what did not come again
 * goes
 *
 * The first step is skipped where the restart time is 0 or the family is not in the
 * capability of RFC 4724, the second one where RFC 9494 was not agreed.
 */
#include "core_internal.h"

bool
peer_has_stale(const struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->stale[f])
			return true;
	return false;
}

/* How long its stale routes may be kept beyond the restart time; 0: not at all. */
static uint64_t
long_lived_ms(const struct peer *peer, enum family family)
{
	const struct open *open = &peer->remote_open;

	if (peer->conf.options.long_lived_stale_time_s == 0 ||
	    !open->long_lived_restart || !open->ll_families[family])
		return 0;
	return open->ll_stale_time_s[family] * UINT64_C(1000);
}

static bool
is_long_lived(const struct peer *peer, enum family family)
{
	return peer->long_lived_until_ms[family] != 0;
}

/* Is, or may become that. */
static bool
goes_on_long_lived(const struct peer *peer, enum family family)
{
	return is_long_lived(peer, family) || long_lived_ms(peer, family) > 0;
}

static void
family_forget(struct peer *peer, enum family family)
{
	peer->stale[family] = false;
	peer->long_lived_until_ms[family] = 0;
}

void
stale_forget(struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		family_forget(peer, (enum family)f);
	peer->stale_until_ms = 0;
}

static void
sweep(struct speaker *sp, struct peer *peer, enum family family)
{
	if (!peer->stale[family])
		return;
	family_forget(peer, family);
	note_event(sp, EVENT_STALE_SWEPT, peer)->family = (uint8_t)family;
	rib_purge(sp->rib, peer->number, family, 1);
}

static void
sweep_all(struct speaker *sp, struct peer *peer)
{
	peer->stale_until_ms = 0;
	for (int f = 0; f < FAMILY_COUNT; f++)
		sweep(sp, peer, (enum family)f);
}

/* ---- the session ends ---- */

static bool
keeps_routes(const struct speaker *sp, const struct peer *peer, enum family family,
    bool graceful)
{
	const struct open *open = &peer->remote_open;

	if (!graceful || sp->stopping || peer->leaving || peer->disabled ||
	    !peer->conf.options.graceful_restart || !open->graceful_restart ||
	    !peer->params.families[family])
		return false;
	/* RFC 9494 4.2: their time ran out before the peer had said all anew. */
	if (peer->long_lived_over[family])
		return false;
	return open->gr_families[family] || long_lived_ms(peer, family) > 0;
}

/*
 * RFC 9494 4.2, for what is stale since `age` sessions.  A timer that runs is not set
 * anew, not even by another restart, until the peer has said all anew.
 */
static void
begin_long_lived(
    struct speaker *sp, struct peer *peer, enum family family, unsigned age)
{
	uint32_t n = rib_peer_info(sp->rib, peer->number)->family[family].received;
	uint64_t ms = long_lived_ms(peer, family);
	struct speaker_event *event;

	rib_lower(sp->rib, peer->number, family, age);
	if (is_long_lived(peer, family))
		return;
	peer->long_lived_until_ms[family] = sp->now_ms + ms;
	event = note_event(sp, EVENT_LONG_LIVED, peer);
	event->family = (uint8_t)family;
	event->count = n;
	note_text(event, "%u s", (unsigned)(ms / 1000));
}

/* What the peer asked for, within what we grant anybody. */
static uint64_t
restart_grace_ms(const struct speaker *sp, const struct peer *peer)
{
	uint32_t grace_s = peer->remote_open.restart_time_s;

	if (grace_s > sp->conf->router.stale_time_s)
		grace_s = sp->conf->router.stale_time_s;
	return grace_s * UINT64_C(1000);
}

static void
leave_routes(struct speaker *sp, struct peer *peer, enum family family, bool keep)
{
	uint32_t n = rib_peer_info(sp->rib, peer->number)->family[family].received;
	bool were_stale = peer->stale[family];
	struct speaker_event *event;

	peer->long_lived_over[family] = false;
	rib_peer_new_epoch(sp->rib, peer->number, family);
	if (!keep || n == 0) {
		family_forget(peer, family);
		rib_purge(sp->rib, peer->number, family, 1);
		return;
	}
	/* RFC 4724 4.2: what was stale before the last session is deleted.  With RFC
	 * 9494 (4.2) it is not; but its time begins, or a peer that comes and goes
	 * would have its old routes preferred like fresh ones for ever. */
	if (were_stale && goes_on_long_lived(peer, family))
		begin_long_lived(sp, peer, family, 2);
	else if (were_stale)
		rib_purge(sp->rib, peer->number, family, 2);
	peer->stale[family] = true;
	event = note_event(sp, EVENT_STALE_KEPT, peer);
	event->family = (uint8_t)family;
	event->count = n;
	if (!peer->remote_open.gr_families[family])
		begin_long_lived(sp, peer, family, 1);
}

/* The restart time is over, and the peer is not there. */
static void
restart_time_over(struct speaker *sp, struct peer *peer)
{
	peer->stale_until_ms = 0;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		enum family family = (enum family)f;

		if (!peer->stale[f])
			continue;
		if (goes_on_long_lived(peer, family))
			begin_long_lived(sp, peer, family, 1);
		else
			sweep(sp, peer, family);
	}
}

void
stale_begin(struct speaker *sp, struct peer *peer, bool graceful)
{
	uint64_t grace_ms = restart_grace_ms(sp, peer);

	for (int f = 0; f < FAMILY_COUNT; f++)
		leave_routes(sp, peer, (enum family)f,
		    keeps_routes(sp, peer, (enum family)f, graceful));
	peer->stale_until_ms = 0;
	if (!peer_has_stale(peer))
		return;
	if (grace_ms == 0)
		restart_time_over(sp, peer);
	else
		peer->stale_until_ms = sp->now_ms + grace_ms;
}

/* ---- a session is there again ---- */

/* RFC 4724 4.2, and RFC 9494 4.2 once its time has begun: the new OPEN must name the
 * family, and say that its forwarding state was kept. */
static bool
survives(const struct peer *peer, enum family family)
{
	const struct open *open = &peer->remote_open;

	if (!open->graceful_restart || !peer->params.families[family])
		return false;
	if (is_long_lived(peer, family))
		return open->ll_families[family] && open->ll_forwarding[family];
	return open->gr_families[family] && open->forwarding[family];
}

void
stale_review(struct speaker *sp, struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (!survives(peer, (enum family)f))
			sweep(sp, peer, (enum family)f);
	peer->stale_until_ms =
	    peer_has_stale(peer)
		? sp->now_ms + sp->conf->router.stale_time_s * UINT64_C(1000)
		: 0;
}

void
stale_end_of_rib(struct speaker *sp, struct peer *peer, enum family family)
{
	sweep(sp, peer, family);
	peer->long_lived_over[family] = false;
	if (!peer_has_stale(peer))
		peer->stale_until_ms = 0;
	peer_arm(sp, peer);
}

/* ---- time, and the operator ---- */

/* A peer from a range lasts as long as its routes.  A disabled one stays, so that it
 * stays disabled. */
static void
leave_if_gone(struct speaker *sp, struct peer *peer)
{
	if (peer->dynamic && !peer->disabled && !peer_has_stale(peer) &&
	    peer->connections[0] == NULL && peer->connections[1] == NULL &&
	    !damp_remembers(sp, peer))
		peer_leave(sp, peer);
}

static void
long_lived_time_over(struct speaker *sp, struct peer *peer, enum family family)
{
	sweep(sp, peer, family);
	if (!peer_has_stale(peer))
		peer->stale_until_ms = 0;
	peer->long_lived_over[family] = peer->established != NULL;
}

void
stale_timers(struct speaker *sp, struct peer *peer)
{
	if (stale_deadline(peer) == 0 || sp->now_ms < stale_deadline(peer))
		return;
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (is_long_lived(peer, (enum family)f) &&
		    sp->now_ms >= peer->long_lived_until_ms[f])
			long_lived_time_over(sp, peer, (enum family)f);
	if (peer->stale_until_ms != 0 && sp->now_ms >= peer->stale_until_ms) {
		/* RFC 4724 4.2: it is there, and does not come to its end. */
		if (peer->established != NULL)
			sweep_all(sp, peer);
		else
			restart_time_over(sp, peer);
	}
	leave_if_gone(sp, peer);
}

uint64_t
stale_deadline(const struct peer *peer)
{
	uint64_t at = peer->stale_until_ms;

	for (int f = 0; f < FAMILY_COUNT; f++) {
		uint64_t until = peer->long_lived_until_ms[f];

		if (until != 0 && (at == 0 || until < at))
			at = until;
	}
	return at;
}

void
stale_drop(struct speaker *sp, struct peer *peer)
{
	sweep_all(sp, peer);
	leave_if_gone(sp, peer);
}
