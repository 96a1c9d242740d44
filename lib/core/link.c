/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Peers that are on one link: those with a link-local address, and those that are
 * whoever the router on the link is (unnumbered).  The shell knows the interfaces and
 * hears the routers; here is what follows for sessions.
 */
#include <string.h>

#include "core_internal.h"

static bool
has_connection(const struct peer *peer)
{
	return peer->connections[0] != NULL || peer->connections[1] != NULL;
}

/* What it waits for is there. */
static void
dial_now(struct speaker *sp, struct peer *peer)
{
	peer->failures = 0;
	if (!has_connection(peer) && peer->retry_at_ms != 0)
		peer_schedule_retry(sp, peer, 0);
}

/* Another interface may have the name by now, or this one another name. */
static void
lose_link(struct peer *peer, uint32_t ifindex)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *s = peer->connections[i];

		if (s != NULL && s->connected && s->net.link == ifindex)
			session_lost(s, "the interface is down or gone");
	}
}

void
speaker_link(
    struct speaker *sp, uint32_t ifindex, const char *name, bool up, bool usable)
{
	rib_link(sp->rib, ifindex, up && usable);
	if (sp->n_on_links == 0) /* containers come and go by the thousand */
		return;
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next) {
		if (peer->conf.interface[0] == '\0')
			continue;
		if (!up || strcmp(peer->conf.interface, name) != 0)
			lose_link(peer, ifindex);
		else if (usable)
			dial_now(sp, peer);
	}
}

/* Attempts to reach a router that is no longer the one. */
static void
drop_attempts(struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		struct session *s = peer->connections[i];

		if (s != NULL && s->outgoing && !s->connected)
			session_lost(s, "another router is on the link now");
	}
}

void
speaker_neighbor(struct speaker *sp, const char *interface, const struct addr *address)
{
	struct addr none = addr_none();
	bool was_known;
	struct peer *peer = peers_find(sp, &none, interface);

	/* A session that runs is proof enough of who the peer is. */
	if (peer == NULL || peer->established != NULL ||
	    addr_equal(&peer->address, address))
		return;
	/* One in place of another is dialled when the retry timer says so: there may be
	 * two that do not answer. */
	was_known = peer->address.family != FAMILY_NONE;
	peer->address = *address;
	peer_tell_rib(sp, peer);
	drop_attempts(peer);
	if (!was_known)
		dial_now(sp, peer);
}
