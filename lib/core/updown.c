/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What begins and ends with a session: membership in the update groups, and the routes
 * that stay behind as stale (RFC 4724 4.2, this speaker as the helper).
 */
#include <stdio.h>

#include "core_internal.h"

static bool
export_passes(const struct conf *conf, const struct peer *peer)
{
	int filter = peer->conf.options.export;

	if (filter < 0)
		return !peer->ebgp;
	return conf->filters[filter].accept;
}

/* Deferring concerns peers that would take our End-of-RIB for the whole: RFC 4724. */
static bool
is_deferred(const struct speaker *sp, const struct peer *peer)
{
	return sp->deferring && peer->remote_open.graceful_restart &&
	       peer->conf.options.graceful_restart;
}

/* … and so do the routes that were learned. */
static bool
is_sent_own_only(const struct speaker *sp, const struct peer *peer)
{
	return sp->own_only && is_deferred(sp, peer);
}

/*
 * Next hop self.  RFC 2545 3: the link-local address goes along to a peer on the link
 * of the global one; where that link has no global address it goes alone.  RFC 8950:
 * the address of the session itself is one that the peer can reach.
 */
static void
fill_self(const struct peer *peer, struct group_key *key)
{
	const struct session_net *net = &peer->net;
	bool over_ipv6 = net->remote.family == FAMILY_IPV6;
	bool on_link = over_ipv6 && net->link != 0;

	if (key->family == FAMILY_IPV4 && !(key->extended_next_hop && over_ipv6)) {
		key->self = net->local4;
		return;
	}
	key->self = net->local6;
	if (key->family == FAMILY_IPV6 &&
	    peer->conf.local_address6.family == FAMILY_IPV6)
		key->self = peer->conf.local_address6;
	if (on_link && key->self.family == FAMILY_NONE)
		key->self = net->link_local;
	else if (on_link && addr_equal(&key->self, &net->local6))
		key->self_link_local = net->link_local;
}

static void
fill_key(const struct speaker *sp, const struct peer *peer, enum family family,
    struct group_key *key)
{
	const struct conf_peer_options *options = &peer->conf.options;

	group_key_init(key, family);
	key->ebgp = peer->ebgp;
	key->client = options->client;
	key->as4 = peer->params.as4;
	key->next_hop = options->next_hop;
	key->remove_private = options->remove_private_as;
	key->passes = export_passes(sp->conf, peer);
	key->own_only = is_sent_own_only(sp, peer);
	key->message_size =
	    peer->params.extended_message ? MESSAGE_MAX_EXTENDED_LEN : MESSAGE_MAX_LEN;
	if (peer->params.add_path[family] & ADD_PATH_SEND)
		key->add_path = options->add_path_max;
	key->local_as = options->local_as;
	key->remote_as = peer->ebgp ? peer->remote_open.as : 0;
	key->cluster_id = sp->conf->router.cluster_id;
	key->extended_next_hop =
	    family == FAMILY_IPV4 && peer->params.extended_next_hop;
	if (family == FAMILY_IPV6 || key->extended_next_hop)
		key->link = peer->net.link;
	fill_self(peer, key);
	if (peer->ebgp && peer->net.shared.bits != 255 &&
	    peer->net.shared.family == family)
		key->shared = peer->net.shared;
}

void
peer_join_groups(struct speaker *sp, struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct group_key key;

		if (!peer->params.families[f])
			continue;
		fill_key(sp, peer, (enum family)f, &key);
		out_join(sp->out, &peer->members[f], peer->number, &key);
		if (is_deferred(sp, peer))
			out_hold_end_of_rib(&peer->members[f]);
	}
}

/* Something that the key holds changed while the session runs. */
void
peer_rekey(struct speaker *sp, struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct member *member = &peer->members[f];
		struct group_key key;

		if (member->group == NULL)
			continue;
		fill_key(sp, peer, (enum family)f, &key);
		out_move(sp->out, member, &key);
		if (is_deferred(sp, peer))
			out_hold_end_of_rib(member);
		else
			out_release_end_of_rib(sp->out, member);
	}
}

static void
sweep_stale(struct speaker *sp, struct peer *peer, enum family family)
{
	struct speaker_event *event;

	if (!peer->stale[family])
		return;
	peer->stale[family] = false;
	event = note_event(sp, EVENT_STALE_SWEPT, peer);
	event->family = (uint8_t)family;
	rib_purge(sp->rib, peer->number, family, 1);
}

bool
peer_has_stale(const struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->stale[f])
			return true;
	return false;
}

/* RFC 4724 4.2: which of the stale routes survive the new session's OPEN? */
static void
review_stale(struct speaker *sp, struct peer *peer)
{
	const struct open *open = &peer->remote_open;

	for (int f = 0; f < FAMILY_COUNT; f++)
		if (!open->graceful_restart || !peer->params.families[f] ||
		    !open->gr_families[f] || !open->forwarding[f])
			sweep_stale(sp, peer, (enum family)f);
	peer->stale_until_ms =
	    peer_has_stale(peer)
		? sp->now_ms + sp->conf->router.stale_time_s * UINT64_C(1000)
		: 0;
}

void
peer_up(struct session *s)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;

	peer->established = s;
	peer->remote_open = s->theirs;
	peer->params = s->params;
	peer->net = s->net;
	if (conf_peer_is_unnumbered(&peer->conf))
		peer->address = s->net.remote;
	peer->up_since_ms = sp->now_ms;
	peer->came_up = true;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		peer->end_of_rib[f] = false;
		peer->over_limit_warned[f] = false;
	}
	peer_tell_rib(sp, peer);
	review_stale(sp, peer);
	note_event(sp, EVENT_PEER_UP, peer);
	peer_join_groups(sp, peer);
	restart_check(sp);
}

/* RFC 4724 4.2: are the routes of this family kept? */
static bool
keeps_routes(const struct speaker *sp, const struct peer *peer, enum family family,
    bool tcp_lost)
{
	const struct open *open = &peer->remote_open;

	return tcp_lost && !sp->stopping && !peer->leaving && !peer->disabled &&
	       peer->conf.options.graceful_restart && open->graceful_restart &&
	       peer->params.families[family] && open->gr_families[family];
}

static void
leave_routes(struct speaker *sp, struct peer *peer, enum family family, bool keep)
{
	uint32_t n = rib_peer_info(sp->rib, peer->number)->family[family].received;
	bool were_stale = peer->stale[family];
	struct speaker_event *event;

	rib_peer_new_epoch(sp->rib, peer->number, family);
	if (!keep || n == 0) {
		peer->stale[family] = false;
		rib_purge(sp->rib, peer->number, family, 1);
		return;
	}
	/* RFC 4724 4.2: what was stale before the last session is deleted. */
	if (were_stale)
		rib_purge(sp->rib, peer->number, family, 2);
	peer->stale[family] = true;
	event = note_event(sp, EVENT_STALE_KEPT, peer);
	event->family = (uint8_t)family;
	event->count = n;
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

void
peer_down(struct session *s)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;
	/* Set by a NOTIFICATION sent or received: both end the grace (RFC 4724 4). */
	bool tcp_lost = s->tcp_lost;

	for (int f = 0; f < FAMILY_COUNT; f++)
		out_leave(sp->out, &peer->members[f]);
	peer->established = NULL;
	peer->up_since_ms = 0;
	peer->down_since_ms = sp->now_ms;
	peer->counters.flaps++;
	for (int f = 0; f < FAMILY_COUNT; f++)
		leave_routes(sp, peer, (enum family)f,
		    keeps_routes(sp, peer, (enum family)f, tcp_lost));
	peer->stale_until_ms =
	    peer_has_stale(peer) ? sp->now_ms + restart_grace_ms(sp, peer) : 0;
	note_text(note_event(sp, EVENT_PEER_DOWN, peer), "%s",
	    s->down_reason != NULL ? s->down_reason : "");
	restart_check(sp);
}

void
peer_stale_expired(struct speaker *sp, struct peer *peer)
{
	peer->stale_until_ms = 0;
	for (int f = 0; f < FAMILY_COUNT; f++)
		sweep_stale(sp, peer, (enum family)f);
	/* A disabled one stays, so that it stays disabled. */
	if (peer->dynamic && !peer->disabled && peer->connections[0] == NULL &&
	    peer->connections[1] == NULL)
		peer_leave(sp, peer);
}

/* Nobody waits for the peer: its routes go, then it itself (speaker_work). */
void
peer_leave(struct speaker *sp, struct peer *peer)
{
	if (peer->leaving)
		return;
	peer->leaving = true;
	sp->n_leaving++;
	peer->retry_at_ms = 0;
	peer->stale_until_ms = 0;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		peer->stale[f] = false;
		rib_purge(sp->rib, peer->number, (enum family)f, 0);
	}
	peer_arm(sp, peer);
}

void
peer_end_of_rib(struct speaker *sp, struct peer *peer, enum family family)
{
	struct speaker_event *event = note_event(sp, EVENT_END_OF_RIB, peer);

	event->family = (uint8_t)family;
	peer->end_of_rib[family] = true;
	sweep_stale(sp, peer, family);
	if (!peer_has_stale(peer)) {
		peer->stale_until_ms = 0;
		peer_arm(sp, peer);
	}
	restart_check(sp);
}
