/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Carries out what the state table says: one function an action, in the order of their
 * bits.  Dialling, redialling and collisions between a peer's two connections are here.
 */
#include <assert.h>
#include <stdio.h>

#include "core_internal.h"

static bool
may_connect(const struct speaker *sp, const struct peer *peer)
{
	return !sp->stopping && !peer->disabled && !peer->leaving &&
	       peer->handover_until_ms == 0;
}

static bool
has_connection(const struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] != NULL)
			return true;
	return false;
}

static bool
has_room(const struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] == NULL)
			return true;
	return false;
}

void
peer_schedule_retry(struct speaker *sp, struct peer *peer, uint64_t delay_ms)
{
	if (!may_connect(sp, peer) || peer->conf.options.passive || peer->dynamic)
		return;
	peer->retry_at_ms = sp->now_ms + delay_ms;
	peer_arm(sp, peer);
}

static uint32_t
retry_delay_ms(struct speaker *sp, unsigned failures)
{
	return timer_retry_ms(sp->conf->router.connect_retry_s,
	    sp->conf->router.connect_retry_max_s, failures, speaker_random(sp));
}

void
peer_dial(struct speaker *sp, struct peer *peer)
{
	struct session *s;

	if (!may_connect(sp, peer) || !has_room(peer))
		return;
	s = session_new(sp, peer, true);
	session_event(s, FSM_EV_START);
}

void
peer_start(struct speaker *sp, struct peer *peer)
{
	if (!may_connect(sp, peer) || has_connection(peer))
		return;
	if (peer->conf.options.passive || peer->dynamic)
		return;
	if (peer->conf.dial_late)
		peer_schedule_retry(sp, peer, sp->conf->router.connect_retry_s * 1000u);
	else
		peer_dial(sp, peer);
}

/* ---- actions ---- */

/* RFC 8538 4: a NOTIFICATION, too, leaves the routes where both said so. */
static bool
notification_is_graceful(const struct session *s)
{
	return s->ours.notification_gr && s->theirs.notification_gr;
}

/*
 * RFC 8538 5.1: with these the session is not to come back, or not with what it had.
 * The other side would keep our routes where it is not told so.
 */
static bool
ends_hard(const struct session *s, enum fsm_state state)
{
	if (state != FSM_ESTABLISHED || !notification_is_graceful(s) ||
	    s->error.code != NOTIFY_CEASE)
		return false;
	switch (s->error.subcode) {
	case CEASE_MAX_PREFIXES:
	case CEASE_ADMIN_SHUTDOWN:
	case CEASE_DECONFIGURED:
	case CEASE_ADMIN_RESET:
	case CEASE_BFD_DOWN: return true;
	default: return false;
	}
}

static void
put_notification(struct session *s, enum fsm_state state)
{
	struct bgp_error error = s->error;
	uint8_t octets[2 + 256]; /* RFC 9003: the longest text and its length */

	session_save_cut(s);
	s->hard_reset = ends_hard(s, state);
	if (s->hard_reset)
		s->error = notification_hard_reset(&error, octets, sizeof(octets));
	session_put_notification(s);
	s->error = error;
}

static void
do_send_notification(struct session *s, enum fsm_state state, enum fsm_event ev)
{
	struct peer *peer = s->peer;
	struct speaker_event *event;
	char name[80];

	if (s->error.code == 0)
		s->error = fsm_error(state, ev);
	if (s->error.code == 0)
		s->error = (struct bgp_error){ NOTIFY_CEASE, CEASE_ADMIN_RESET, { 0 } };
	put_notification(s, state);
	notification_format(s->error.code, s->error.subcode, name, sizeof(name));
	/* A collision is no error of the peer's. */
	if (ev != FSM_EV_COLLISION_LOST) {
		snprintf(peer->last_error, sizeof(peer->last_error), "sent %s%s%s",
		    name, s->down_reason != NULL ? ": " : "",
		    s->down_reason != NULL ? s->down_reason : "");
		peer->last_error_ms = s->sp->now_ms;
	}
	event = note_event(s->sp, EVENT_NOTIFICATION_SENT, peer);
	event->code = s->error.code;
	event->subcode = s->error.subcode;
	event->hard_reset = s->hard_reset;
	note_text(event, "%s", s->down_reason != NULL ? s->down_reason : "");
}

/* The peer forgets the connection; the shell writes what is left, closes, releases. */
static void
do_close(struct session *s)
{
	struct peer *peer = s->peer;

	if (s->closing)
		return;
	s->closing = true;
	s->orphan = true;
	peer->orphans++;
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] == s)
			peer->connections[i] = NULL;
	note_event(s->sp, EVENT_CLOSE, peer)->session = s;
}

static void
do_dial(struct session *s)
{
	struct speaker *sp = s->sp;

	if (s->closing) {
		/* RETRY_EXPIRED in Connect: a new attempt in place of the old one. */
		peer_dial(sp, s->peer);
		return;
	}
	note_event(sp, EVENT_DIAL, s->peer)->session = s;
}

static void
offer_graceful_restart(const struct session *s, struct open *open)
{
	const struct conf_peer_options *options = &s->peer->conf.options;
	/* Or else: we did not restart since the peer's last session. */
	bool forwarding = s->sp->forwarding || s->peer->came_up;

	open->restarting = s->sp->deferring;
	open->restart_time_s = s->sp->conf->router.restart_time_s;
	open->long_lived_restart = options->long_lived_stale_time_s > 0;
	/* RFC 8538 2.  Only with the above: a neighbour whose host died is found out by
	 * the hold timer, and then its routes are of use to him alone who wants even
	 * old ones rather than none. */
	open->notification_gr = open->long_lived_restart;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		open->gr_families[f] = options->families[f];
		open->forwarding[f] = options->families[f] && forwarding;
		if (!open->long_lived_restart || !options->families[f])
			continue;
		open->ll_families[f] = true;
		open->ll_forwarding[f] = forwarding;
		open->ll_stale_time_s[f] = options->long_lived_stale_time_s;
	}
}

static void
do_send_open(struct session *s)
{
	const struct conf_router *router = &s->sp->conf->router;
	const struct conf_peer_options *options = &s->peer->conf.options;
	struct open *open = &s->ours;

	*open = (struct open){ .as = options->local_as,
		.hold_time_s = options->hold_time_s,
		.bgp_id = router->id,
		.as4 = true,
		.route_refresh = true,
		.enhanced_refresh = true,
		.extended_message = true,
		.extended_next_hop =
		    options->extended_next_hop && options->families[FAMILY_IPV4] };
	for (int f = 0; f < FAMILY_COUNT; f++) {
		open->families[f] = options->families[f];
		open->add_path[f] = options->families[f] ? options->add_path : 0;
	}
	open->graceful_restart = options->graceful_restart;
	if (open->graceful_restart)
		offer_graceful_restart(s, open);
	if (router->hostname) {
		snprintf(open->hostname, sizeof(open->hostname), "%s", s->sp->hostname);
		snprintf(open->domain, sizeof(open->domain), "%s", s->sp->domain);
	}
	session_put_open(s);
}

/*
 * Another connection of the peer lost against this one, or lost its point.  But one
 * that the peer may prefer in this moment is left until its OPEN comes: if each side
 * closed what the other keeps, none would be left.
 */
static void
close_others(struct session *s)
{
	struct peer *peer = s->peer;

	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *other = peer->connections[i];

		if (other == NULL || other == s ||
		    collision_is_better(other, &s->theirs))
			continue;
		session_event(other, FSM_EV_COLLISION_LOST);
	}
}

static void
do_peer_up(struct session *s)
{
	close_others(s);
	s->peer->retry_at_ms = 0;
	s->peer->refusals = 0;
	s->up_ms = s->sp->now_ms;
	peer_up(s);
}

/* On whole seconds where that is a small part of the interval: thousands of sessions
 * then wake the process once a second, not each by itself. */
static void
do_arm_keepalive(struct session *s)
{
	uint64_t at = s->sp->now_ms + timer_jitter_ms(s->params.keepalive_s * 1000u,
					  speaker_random(s->sp));

	if (s->params.keepalive_s == 0)
		return;
	if (s->params.keepalive_s >= 10)
		at -= at % 1000;
	s->keepalive_at_ms = at;
}

/* What becomes of the peer when a connection of its is gone. */
static void
plan_redial(struct session *s, bool was_established)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;
	uint32_t delay;

	if (has_connection(peer) || !may_connect(sp, peer))
		return;
	if (conf_peer_is_unnumbered(&peer->conf))
		note_event(sp, EVENT_NEIGHBOR_FAILED, peer);
	if (peer->dynamic) {
		/* It is remembered for a while, or it could begin anew each time. */
		if (!peer_has_stale(peer) && !damp_remembers(sp, peer))
			peer_leave(sp, peer);
		return;
	}
	if (was_established && sp->now_ms - s->up_ms >= STABLE_MS)
		peer->failures = 0;
	if (s->refused && peer->refusals < QUICK_TRIES && damp_left_ms(sp, peer) == 0) {
		/* The host is there and its daemon is not: it may be about to start. */
		peer_schedule_retry(sp, peer, (uint64_t)QUICK_MS << peer->refusals++);
		return;
	}
	if (was_established && peer->failures == 0)
		delay = timer_jitter_ms(REDIAL_MS, speaker_random(sp));
	else
		delay = retry_delay_ms(sp, peer->failures);
	peer->failures++;
	/* The greater address dials; the lesser gives it time (INTERFACE.md). */
	if (peer->conf.dial_late && delay < sp->conf->router.connect_retry_s * 1000u)
		delay = sp->conf->router.connect_retry_s * 1000u;
	if (delay < damp_left_ms(sp, peer))
		delay = (uint32_t)damp_left_ms(sp, peer);
	peer_schedule_retry(sp, peer, delay);
}

static void
do_disarm(struct session *s)
{
	s->hold_ms = 0;
	s->keepalive_at_ms = 0;
}

/*
 * TCP is silent about a segment with a wrong signature or from too far away (RFC 2385
 * 2.0, RFC 5082 3), so that the attempt just ends with its time.
 */
static void
note_silence(struct session *s)
{
	struct peer *peer = s->peer;
	const char *hint = "";

	if (peer->conf.options.password != 0)
		hint = " (TCP MD5 is set: does the peer have the same password?)";
	else if (peer->conf.options.ttl_security != 0)
		hint = " (ttl-security is set: does the peer send with TTL 255, and "
		       "is it near enough?)";
	snprintf(
	    peer->last_error, sizeof(peer->last_error), "connect: no answer%s", hint);
	peer->last_error_ms = s->sp->now_ms;
}

void
session_event(struct session *s, enum fsm_event ev)
{
	enum fsm_state old = s->state;
	struct fsm_step step = fsm_next(old, ev);
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;
	unsigned todo = step.actions;

	if (old == FSM_CONNECT && ev == FSM_EV_RETRY_EXPIRED)
		note_silence(s);
	if (todo & FSM_DO_SEND_NOTIFICATION) {
		do_send_notification(s, old, ev);
		damp_note(s);
	}
	s->state = step.next;
	s->graceful =
	    ev == FSM_EV_TCP_DOWN || (notification_is_graceful(s) && !s->hard_reset);
	if (todo & FSM_DO_DISARM)
		do_disarm(s);
	if (todo & FSM_DO_CLOSE)
		do_close(s);
	if (todo & FSM_DO_PEER_DOWN)
		peer_down(s);
	if (todo & FSM_DO_DIAL)
		do_dial(s);
	if (todo & FSM_DO_SEND_OPEN)
		do_send_open(s);
	if (todo & FSM_DO_SEND_KEEPALIVE)
		session_put_keepalive(s);
	if ((todo & FSM_DO_ARM_RETRY) && (todo & FSM_DO_CLOSE) == 0)
		peer->retry_at_ms = sp->now_ms + retry_delay_ms(sp, peer->failures);
	if (todo & FSM_DO_ARM_LARGE_HOLD)
		s->hold_ms = LARGE_HOLD_MS;
	if (todo & FSM_DO_ARM_HOLD)
		s->hold_ms = s->params.hold_time_s * 1000u;
	if (todo & FSM_DO_ARM_KEEPALIVE)
		do_arm_keepalive(s);
	if (todo & FSM_DO_PEER_UP)
		do_peer_up(s);
	/* A new attempt or the winner has taken its place, or the connection is gone.
	 */
	if ((todo & FSM_DO_CLOSE) && (todo & FSM_DO_DIAL) == 0 &&
	    ev != FSM_EV_COLLISION_LOST)
		plan_redial(s, old == FSM_ESTABLISHED);
	if (todo & ~(unsigned)FSM_DO_DELIVER)
		if (todo != FSM_DO_ARM_HOLD &&
		    todo != (FSM_DO_ARM_HOLD | FSM_DO_DELIVER))
			peer_arm(sp, peer);
	s->error = (struct bgp_error){ 0 };
	s->down_reason = NULL;
}

void
session_fail(struct session *s, uint8_t code, uint8_t subcode, const char *reason)
{
	s->error = (struct bgp_error){ code, subcode, { NULL, 0 } };
	s->down_reason = reason;
	session_event(s, FSM_EV_RX_BAD);
}

void
peer_stop(struct speaker *sp, struct peer *peer, uint8_t subcode,
    const char *shutdown_text, const char *reason)
{
	uint8_t octets[256];
	struct slice text = { NULL, 0 };

	/* RFC 9003: with 6/2 and 6/4 alone. */
	if (shutdown_text != NULL && shutdown_text[0] != '\0' &&
	    (subcode == CEASE_ADMIN_SHUTDOWN || subcode == CEASE_ADMIN_RESET))
		text = notification_shutdown_data(shutdown_text, octets);
	peer->retry_at_ms = 0;
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *s = peer->connections[i];

		if (s == NULL)
			continue;
		s->error = (struct bgp_error){ NOTIFY_CEASE, subcode, text };
		s->down_reason = reason;
		session_event(s, FSM_EV_STOP);
	}
	peer_arm(sp, peer);
}

/* ---- what the shell reports ---- */

static const char *const verdict_texts[] = {
	[ACCEPT_OK] = "accepted",
	[ACCEPT_UNKNOWN] = "no peer has this address",
	[ACCEPT_DISABLED] = "the peer is disabled",
	[ACCEPT_BUSY] = "another connection of the peer is being set up",
	[ACCEPT_FULL] = "the group has its greatest number of sessions",
	[ACCEPT_DAMPED] = "the peer is held down after malformed messages",
	[ACCEPT_OTHER] = "the session of this interface is with another router",
};

const char *
accept_verdict_text(enum accept_verdict verdict)
{
	return verdict_texts[verdict];
}

static uint32_t
group_sessions(const struct speaker *sp, int group)
{
	uint32_t n = 0;

	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		n += peer->dynamic && peer->group == group && !peer->leaving;
	return n;
}

static struct peer *
make_dynamic(
    struct speaker *sp, const struct session_net *net, enum accept_verdict *why)
{
	const struct addr *address = &net->remote;
	int group = sp->conf == NULL ? -1 : peers_group_of(sp->conf, address);
	struct conf_peer conf = { .address = *address, .enabled = true };
	char text[ADDR_TEXT_LEN];
	struct peer *peer;

	*why = ACCEPT_UNKNOWN;
	if (group < 0)
		return NULL;
	*why = ACCEPT_FULL;
	if (group_sessions(sp, group) >= sp->conf->groups[group].max_sessions)
		return NULL;
	conf.options = sp->conf->groups[group].options;
	conf.options.passive = true;
	/* Of one address on two links two peers. */
	memcpy(conf.interface, net->interface, sizeof(conf.interface));
	snprintf(conf.name, sizeof(conf.name), "%s%s%s", addr_format(address, text),
	    conf.interface[0] == '\0' ? "" : "%", conf.interface);
	peer = peers_add(sp, &conf);
	peer->dynamic = true;
	peer->group = group;
	note_event(sp, EVENT_PEER_ADDED, peer);
	*why = ACCEPT_OK;
	return peer;
}

enum accept_verdict
speaker_accept(
    struct speaker *sp, const struct session_net *net, struct session **session)
{
	struct peer *peer = peers_find_by_net(sp, net);
	enum accept_verdict why = ACCEPT_OK;
	struct session *s;

	if (peer == NULL && sp->stopping)
		return ACCEPT_DISABLED;
	if (peer == NULL)
		peer = make_dynamic(sp, net, &why);
	if (peer == NULL)
		return why;
	if (peer->handover_until_ms != 0)
		return ACCEPT_UNKNOWN;
	if (!may_connect(sp, peer))
		return ACCEPT_DISABLED;
	if (damp_left_ms(sp, peer) > 0)
		return ACCEPT_DAMPED;
	if (peer->established != NULL &&
	    !addr_equal(&peer->established->net.remote, &net->remote))
		return ACCEPT_OTHER;
	/* The peer started anew: its older attempt is dead, whatever TCP says yet. */
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *old = peer->connections[i];

		if (old != NULL && !old->outgoing && old->state < FSM_ESTABLISHED)
			session_event(old, FSM_EV_COLLISION_LOST);
	}
	if (!has_room(peer))
		return ACCEPT_BUSY;
	s = session_new(sp, peer, false);
	s->net = *net;
	s->connected = true;
	s->connected_ms = s->last_in_ms = sp->now_ms;
	session_event(s, FSM_EV_TCP_UP);
	*session = s;
	return ACCEPT_OK;
}

void
session_connected(struct session *s, const struct session_net *net)
{
	if (s->closing)
		return;
	s->net = *net;
	s->connected = true;
	s->connected_ms = s->last_in_ms = s->sp->now_ms;
	s->peer->retry_at_ms = 0;
	session_event(s, FSM_EV_TCP_UP);
}

void
session_refused(struct session *s, const char *reason)
{
	s->refused = true;
	session_lost(s, reason);
}

void
session_lost(struct session *s, const char *reason)
{
	struct peer *peer = s->peer;

	if (s->closing)
		return;
	s->down_reason = reason;
	if (s->state == FSM_ESTABLISHED || s->state == FSM_CONNECT || s->connected) {
		snprintf(peer->last_error, sizeof(peer->last_error), "%s", reason);
		peer->last_error_ms = s->sp->now_ms;
	}
	session_event(s, FSM_EV_TCP_DOWN);
}
