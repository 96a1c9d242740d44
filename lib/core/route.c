/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a judged UPDATE into the RIB: what RFC 7606 leaves of it, the import policy, and
 * loops (RFC 4271 9.1.2, RFC 4456 8).
 */
#include <stdio.h>

#include "bgp/nlri.h"
#include "core_internal.h"

/* RFC 8212: an eBGP session without an import filter takes nothing. */
static bool
import_passes(const struct conf *conf, const struct peer *peer)
{
	int filter = peer->conf.options.import;

	if (filter < 0)
		return !peer->ebgp;
	return conf->filters[filter].accept;
}

static uint8_t
path_flags(const struct speaker *sp, const struct peer *peer, const struct attrs *attrs)
{
	const struct conf_router *router = &sp->conf->router;
	const struct conf_peer_options *options = &peer->conf.options;
	uint8_t flags = import_passes(sp->conf, peer) ? 0 : PATH_FILTERED;

	if (attrs_has_as(attrs, options->local_as, options->allow_own_as) ||
	    (router->as != options->local_as &&
		attrs_has_as(attrs, router->as, options->allow_own_as)))
		flags |= PATH_AS_LOOP;
	if (peer->ebgp)
		return flags;
	if ((attrs->flags & ATTRS_HAS_ORIGINATOR) && attrs->originator_id == router->id)
		flags |= PATH_ORIGINATOR_LOOP;
	if (attrs_has_cluster(attrs, router->cluster_id))
		flags |= PATH_CLUSTER_LOOP;
	return flags;
}

static void
withdraw_field(struct speaker *sp, struct peer *peer, const struct session *s,
    struct slice field, enum family family)
{
	bool add_path = field.len > 0 && s->update.add_path[family];
	struct rcur in = rcur_of_slice(field);
	struct nlri nlri;

	while (nlri_get(&in, family, add_path, &nlri))
		if (!rib_withdraw(sp->rib, peer->number, &nlri.prefix, nlri.path_id) &&
		    peer->blocked[family] > 0)
			peer->blocked[family]--; /* max-prefixes did not take it */
}

/* Drops the caller's reference, and the next hop's user with the last one. */
static void
attrs_drop(struct speaker *sp, struct attrs *attrs)
{
	/* Paths hold their own; a set without any never got a next hop object. */
	attrs_unref(sp->attrs, attrs);
}

/* What a peer may make us hold is bounded: paths of one prefix, too. */
static void
note_refused(struct speaker *sp, struct peer *peer, uint32_t count)
{
	struct speaker_event *event = note_event(sp, EVENT_UPDATE_FAULT, peer);

	event->action = ACTION_DISCARD;
	note_text(event, "more than %d paths of one prefix: %u not taken",
	    RIB_PATHS_PER_PEER, count);
	snprintf(peer->last_error, sizeof(peer->last_error),
	    "UPDATE: more than %d paths of one prefix", RIB_PATHS_PER_PEER);
	peer->last_error_ms = sp->now_ms;
	peer->counters.faults_discard++;
}

/*
 * A link-local address is one of the session's link, and kept with that.  From a peer
 * that is on no link of ours it means nothing: alone it is a next hop that cannot be
 * reached, and beside a global one it is left out.
 */
static struct slice
next_hop_on_link(
    const struct session *s, struct slice in, uint8_t buf[NEXT_HOP_MAX_LEN])
{
	struct addr last;

	if (in.len < 16)
		return in;
	last = addr_from_bytes(FAMILY_IPV6, in.at + in.len - 16);
	if (!addr_is_link_local(&last))
		return in;
	if (s->net.link == 0)
		return (struct slice){ in.at, 16 };
	memcpy(buf, in.at, in.len);
	put_u32(buf + in.len, s->net.link);
	return (struct slice){ buf, in.len + NEXT_HOP_LINK_LEN };
}

static void
announce_field(struct peer *peer, struct session *s, const struct update *u,
    struct slice field, enum family family, struct slice next_hop)
{
	struct speaker *sp = s->sp;
	struct rcur in = rcur_of_slice(field);
	uint8_t hop[NEXT_HOP_MAX_LEN];
	struct attrs *attrs;
	struct nlri nlri;
	uint8_t flags;
	uint32_t refused = 0;
	struct limit limit = limit_begin(peer);

	if (field.len == 0)
		return;
	next_hop = next_hop_on_link(s, next_hop, hop);
	attrs = u->verdict >= ACTION_WITHDRAW
		    ? NULL
		    : attrs_from_update(sp->attrs, u, next_hop, s->update.as4);
	if (attrs == NULL) {
		withdraw_field(sp, peer, s, field, family);
		return;
	}
	flags = path_flags(sp, peer, attrs);
	while (nlri_get(&in, family, s->update.add_path[family], &nlri)) {
		if (limit.max != 0 && limit_is_full(sp, peer, &limit, family) &&
		    !rib_has_path(sp->rib, peer->number, &nlri.prefix, nlri.path_id)) {
			limit.blocked++;
			continue;
		}
		refused += !rib_announce(sp->rib, peer->number, &nlri.prefix,
		    nlri.path_id, attrs, flags, speaker_now_s(sp));
	}
	attrs_drop(sp, attrs);
	if (limit.blocked > 0)
		limit_note_blocked(peer, s, family, limit.blocked);
	if (refused > 0)
		note_refused(sp, peer, refused);
}

static void
note_fault(struct peer *peer, struct session *s, const struct update *u)
{
	struct speaker_event *event = note_event(s->sp, EVENT_UPDATE_FAULT, peer);
	char name[16];
	size_t n =
	    u->fault.at.len < EVENT_OCTETS_MAX ? u->fault.at.len : EVENT_OCTETS_MAX;

	event->action = u->fault.action;
	event->attribute = u->fault.type;
	event->n_octets = (uint8_t)n;
	if (n > 0)
		memcpy(event->octets, u->fault.at.at, n);
	note_text(event, "%s", u->fault.what);
	snprintf(peer->last_error, sizeof(peer->last_error), "UPDATE: %s: %s",
	    u->fault.type == 0 ? "message" : attribute_name(u->fault.type, name),
	    u->fault.what);
	peer->last_error_ms = s->sp->now_ms;
	switch ((enum attribute_action)u->verdict) {
	case ACTION_NONE: break;
	case ACTION_DISCARD: peer->counters.faults_discard++; break;
	case ACTION_WITHDRAW: peer->counters.faults_withdraw++; break;
	case ACTION_RESET: peer->counters.faults_reset++; break;
	}
}

void
peer_apply_update(struct peer *peer, struct session *s, struct slice body)
{
	struct speaker *sp = s->sp;
	struct update u;

	update_get(body, &s->update, &u);
	if (u.fault.action != ACTION_NONE)
		note_fault(peer, s, &u);
	if (u.verdict == ACTION_RESET) {
		s->error = u.error;
		s->down_reason = u.fault.what;
		session_event(s, FSM_EV_RX_BAD);
		return;
	}
	if (u.end_of_rib) {
		peer_end_of_rib(sp, peer, (enum family)u.end_of_rib_family);
		return;
	}
	/* RFC 4271 4.3: a prefix that is in both is announced. */
	withdraw_field(sp, peer, s, u.withdrawn, FAMILY_IPV4);
	withdraw_field(sp, peer, s, u.mp_withdrawn, (enum family)u.mp_withdrawn_family);
	announce_field(peer, s, &u, u.nlri, FAMILY_IPV4, u.next_hop);
	announce_field(peer, s, &u, u.mp_nlri, (enum family)u.mp_family, u.mp_next_hop);
	limit_check(peer, s);
}

/* A path whose flags change moves in the list, so the search begins anew. */
static void
refilter_dest(struct speaker *sp, struct peer *peer, enum family family,
    struct dest *dest, bool touch)
{
	struct prefix prefix = dest_prefix(dest, family);
	struct path *path = dest->paths;

	while (path != NULL) {
		uint8_t flags = path->peer != peer->number
				    ? path->flags
				    : path_flags(sp, peer, path->attrs);

		if (flags == path->flags) {
			path = path->next;
			continue;
		}
		rib_reflag(sp->rib, &prefix, path, flags);
		path = dest->paths;
	}
	for (path = dest->paths; touch && path != NULL; path = path->next)
		if (path->peer == peer->number)
			rib_touch(sp->rib, family, dest, path);
}

/*
 * The import policy changed: the Adj-RIB-In holds what was rejected, too.  With `touch`
 * what is sent of the peer's routes changed as well.
 */
void
peer_refilter(struct speaker *sp, struct peer *peer, bool touch)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (uint32_t id = 1; id <= rib_dest_top(sp->rib, (enum family)f);
		     id++) {
			struct dest *dest = rib_dest_at(sp->rib, (enum family)f, id);

			if (dest != NULL)
				refilter_dest(sp, peer, (enum family)f, dest, touch);
		}
}
