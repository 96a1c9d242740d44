/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What begins and ends with a session, membership in the update groups first.  Routes
 * that stay behind are stale.c's.
 */
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
	key->long_lived = peer->remote_open.long_lived_restart;
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
	stale_review(sp, peer);
	note_event(sp, EVENT_PEER_UP, peer);
	peer_join_groups(sp, peer);
	restart_check(sp);
}

void
peer_down(struct session *s)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;

	for (int f = 0; f < FAMILY_COUNT; f++)
		out_leave(sp->out, &peer->members[f]);
	peer->established = NULL;
	peer->up_since_ms = 0;
	peer->down_since_ms = sp->now_ms;
	peer->counters.flaps++;
	refresh_forget(peer);
	limit_forget(peer);
	stale_begin(sp, peer, s->graceful);
	note_text(note_event(sp, EVENT_PEER_DOWN, peer), "%s",
	    s->down_reason != NULL ? s->down_reason : "");
	restart_check(sp);
}

void
speaker_bfd_down(struct speaker *sp, struct peer *peer, bool independent)
{
	/* It is a hard reset: see ends_hard(). */
	if (peer->established != NULL)
		session_fail(peer->established, NOTIFY_CEASE, CEASE_BFD_DOWN,
		    "the BFD session is down");
	else if (independent && peer_has_stale(peer))
		stale_drop(sp, peer);
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
	stale_forget(peer);
	for (int f = 0; f < FAMILY_COUNT; f++)
		rib_purge(sp->rib, peer->number, (enum family)f, 0);
	peer_arm(sp, peer);
}

void
peer_end_of_rib(struct speaker *sp, struct peer *peer, enum family family)
{
	struct speaker_event *event = note_event(sp, EVENT_END_OF_RIB, peer);

	event->family = (uint8_t)family;
	peer->end_of_rib[family] = true;
	stale_end_of_rib(sp, peer, family);
	restart_check(sp);
}
