/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Octets into messages, messages into events of the state machine (RFC 4271 6, 8.2.2).
 */
#include <stdio.h>

#include "core_internal.h"

static void
receive_bad(struct session *s, const struct bgp_error *error, const char *reason)
{
	s->error = *error;
	s->down_reason = reason;
	session_event(s, FSM_EV_RX_BAD);
}

/* RFC 4271 6.8: is this the connection that is kept of two? */
static bool
collision_keeps(const struct session *s, const struct open *theirs)
{
	return s->outgoing == collision_keeps_ours(s->sp->conf->router.id,
				  s->peer->conf.options.local_as, theirs->bgp_id,
				  theirs->as);
}

bool
collision_is_better(const struct session *other, const struct open *theirs)
{
	return other->state == FSM_OPEN_SENT && collision_keeps(other, theirs) &&
	       other->sp->now_ms - other->connected_ms < COLLISION_MS;
}

/* Against one that is Established.  RFC 4724 4.2: a peer that restarted opens anew, and
 * the old connection is the dead one; but not where both were made at once. */
static bool
replaces_established(const struct session *s, const struct session *other)
{
	return s->connected_ms > other->up_ms &&
	       s->peer->remote_open.graceful_restart &&
	       s->peer->conf.options.graceful_restart;
}

/*
 * RFC 4271 6.8: another connection of the peer is in OpenConfirm, or Established, or
 * (now that its identifier is known) in OpenSent.  True: this one goes on.
 */
static bool
collision_passes(struct session *s, const struct open *theirs)
{
	struct peer *peer = s->peer;

	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *other = peer->connections[i];

		if (other == NULL || other == s)
			continue;
		if (other->state == FSM_ESTABLISHED && replaces_established(s, other)) {
			other->down_reason = "the peer opened a new connection";
			session_event(other, FSM_EV_TCP_DOWN);
		} else if (other->state == FSM_ESTABLISHED ||
			   collision_is_better(other, theirs) ||
			   (other->state == FSM_OPEN_CONFIRM &&
			       !collision_keeps(s, theirs))) {
			session_event(s, FSM_EV_COLLISION_LOST);
			return false;
		} else if (other->state == FSM_OPEN_CONFIRM) {
			session_event(other, FSM_EV_COLLISION_LOST);
		}
	}
	return true;
}

static void
fill_update_context(struct session *s)
{
	const struct peer *peer = s->peer;
	const struct conf_peer_options *options = &peer->conf.options;

	s->update = (struct update_context){ .ebgp = peer->ebgp,
		.as4 = s->params.as4,
		.extended_next_hop = s->params.extended_next_hop,
		.accept_as_set = options->accept_as_set,
		/* Deviates: RFC 7607 2, for recorded feeds, which hold both; inside the
		 * AS alone, where the border has judged them. */
		.accept_as_zero = options->accept_as_set && !peer->ebgp,
		.enforce_first_as =
		    peer->ebgp && options->enforce_first_as ? s->theirs.as : 0 };
	for (int f = 0; f < FAMILY_COUNT; f++) {
		s->update.families[f] = s->params.families[f];
		s->update.add_path[f] = (s->params.add_path[f] & ADD_PATH_RECEIVE) != 0;
	}
}

static void
receive_open(struct session *s, const struct message *msg)
{
	const struct conf_peer_options *options = &s->peer->conf.options;
	struct open_policy policy = { .local_as = options->local_as,
		.remote_as = options->remote_as,
		.local_id = s->sp->conf->router.id };
	struct bgp_error error;

	if (s->state != FSM_OPEN_SENT) {
		session_event(s, FSM_EV_RX_OPEN); /* 5/x by the table */
		return;
	}
	if (!open_get(msg->body, &s->theirs, &error) ||
	    !open_accept(&policy, &s->theirs, &error)) {
		receive_bad(s, &error, "the peer's OPEN is not acceptable");
		return;
	}
	s->params = open_negotiate(&s->ours, &s->theirs);
	fill_update_context(s);
	if (collision_passes(s, &s->theirs))
		session_event(s, FSM_EV_RX_OPEN);
}

static void
receive_notification(struct session *s, const struct message *msg)
{
	struct peer *peer = s->peer;
	struct bgp_error got = notification_get(msg->body), inner;
	struct speaker_event *event =
	    note_event(s->sp, EVENT_NOTIFICATION_RECEIVED, peer);
	char name[80], text[EVENT_TEXT_MAX];

	/* RFC 8538 3: what it is about stands inside, where it says so. */
	s->hard_reset = notification_is_hard_reset(&got, &inner);
	if (s->hard_reset && inner.code != 0)
		got = inner;
	event->hard_reset = s->hard_reset;
	notification_format(got.code, got.subcode, name, sizeof(name));
	notification_shutdown_text(&got, text, sizeof(text));
	event->code = got.code;
	event->subcode = got.subcode;
	note_text(event, "%s", text);
	if (got.code != NOTIFY_CEASE || got.subcode != CEASE_COLLISION) {
		snprintf(peer->last_error, sizeof(peer->last_error), "received %s%s%s",
		    name, text[0] != '\0' ? ": " : "", text);
		peer->last_error_ms = s->sp->now_ms;
	}
	s->down_reason = "the peer sent a NOTIFICATION";
	session_event(s, FSM_EV_RX_NOTIFICATION);
}

static void
receive_refresh(struct session *s, const struct message *msg)
{
	struct refresh refresh;
	struct bgp_error error;

	if (!refresh_get(msg, &refresh, &error)) {
		receive_bad(s, &error, "malformed ROUTE-REFRESH");
		return;
	}
	session_event(s, FSM_EV_RX_REFRESH);
	if (s->state == FSM_ESTABLISHED)
		refresh_receive(s, &refresh);
}

static void
receive_update(struct session *s, const struct message *msg)
{
	enum fsm_state was = s->state;

	session_event(s, FSM_EV_RX_UPDATE);
	if (was == FSM_ESTABLISHED)
		peer_apply_update(s->peer, s, msg->body);
}

static void
receive_message(struct session *s, const struct message *msg)
{
	struct peer *peer = s->peer;

	peer->counters.in[msg->type]++;
	peer->counters.in[0]++;
	s->last_in_ms = s->sp->now_ms;
	switch ((enum message_type)msg->type) {
	case MESSAGE_OPEN: receive_open(s, msg); break;
	case MESSAGE_UPDATE: receive_update(s, msg); break;
	case MESSAGE_NOTIFICATION: receive_notification(s, msg); break;
	case MESSAGE_KEEPALIVE: session_event(s, FSM_EV_RX_KEEPALIVE); break;
	case MESSAGE_ROUTE_REFRESH: receive_refresh(s, msg); break;
	}
}

/* Deviates: RFC 8654 4 lets a peer that has seen our capability send long messages
 * without one of its own. */
static size_t
message_limit(const struct session *s)
{
	return s->params.extended_message && s->state >= FSM_OPEN_CONFIRM
		   ? MESSAGE_MAX_EXTENDED_LEN
		   : MESSAGE_MAX_LEN;
}

size_t
session_receive(
    struct session *s, const uint8_t *octets, size_t len, unsigned max_messages)
{
	size_t used = 0;

	while (!s->closing && max_messages-- > 0) {
		struct message msg;
		struct bgp_error error;

		switch (message_frame(
		    octets + used, len - used, message_limit(s), &msg, &error)) {
		case FRAME_MORE: return used;
		case FRAME_BAD:
			receive_bad(s, &error, "malformed message header");
			return len;
		case FRAME_OK:
			used += msg.whole.len;
			receive_message(s, &msg);
			break;
		}
	}
	return s->closing ? len : used;
}
