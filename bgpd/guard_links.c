/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys of TCP MD5 for neighbours that are found on a link.  Every router that is heard
 * there has the peer's key on what listens: which of them is the peer, the key tells,
 * and a passive peer has no other way to find out.  Until one is heard the kernel drops
 * its signed segments; TCP sends them again.
 *
 * A peer without a password takes part, for an address of its own that has a key by
 * another link.
 */
#include <stdio.h>
#include <string.h>

#include "bgp/peer.h"
#include "guard.h"
#include "link_keys.h"
#include "listener.h"
#include "log.h"
#include "unnumbered.h"

enum { HEARD_MAX = 16 };

static void
add_peer(struct daemon *d, struct link_ends *ends, const struct peer *peer)
{
	struct addr heard[HEARD_MAX];
	unsigned n;

	if (peer->conf.interface[0] == '\0' || peer->dynamic)
		return;
	if (peer->address.family != FAMILY_NONE)
		link_ends_add(ends, &peer->conf, &peer->address);
	if (!conf_peer_is_unnumbered(&peer->conf))
		return;
	n = unnumbered_routers(d->unnumbered, peer->conf.interface, heard, HEARD_MAX);
	for (unsigned i = 0; i < n; i++)
		link_ends_add(ends, &peer->conf, &heard[i]);
}

static struct link_ends
ends_now(struct daemon *d)
{
	struct link_ends ends = { NULL, 0 };

	for (struct peer *peer = speaker_first_peer(d->speaker); peer != NULL;
	     peer = speaker_next_peer(d->speaker, peer))
		add_peer(d, &ends, peer);
	return ends;
}

static void
conflict_text(
    const struct link_end *end, const struct link_end *holder, char *text, size_t len)
{
	char address[ADDR_TEXT_LEN];

	snprintf(text, len,
	    "%s%%%s is also the address of %s on %s, which has %s: the kernel tells "
	    "TCP "
	    "MD5 keys apart by address alone, so connections from there are refused, "
	    "and only ours to it can be made",
	    addr_format(&end->address, address), end->interface, holder->peer,
	    holder->interface,
	    holder->secret == 0 ? "no password"
	    : end->secret == 0  ? "a password"
				: "another password");
}

/* Once, not with each router that comes. */
static void
tell_conflicts(const struct link_ends *ends, const struct link_ends *before)
{
	for (size_t i = 0; i < ends->n; i++) {
		const struct link_end *end = &ends->list[i], *then;
		char text[GUARD_CONFLICT_LEN];

		if (!end->refused)
			continue;
		then = link_ends_find(before, &end->address, end->interface);
		if (then != NULL && then->refused)
			continue;
		conflict_text(end, &ends->list[end->holder], text, sizeof(text));
		log_write(LOG_LEVEL_ERROR, end->peer, "%s", text);
	}
}

static bool
rings_equal(const struct keyring *a, const struct keyring *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!prefix_equal(&a->list[i].prefix, &b->list[i].prefix) ||
		    a->list[i].secret != b->list[i].secret)
			return false;
	return true;
}

static void
follow(struct daemon *d, bool is_reload)
{
	struct link_ends ends = ends_now(d);
	struct keyring had = link_ends_keys(&d->link_ends), has;

	link_ends_settle(&ends, &d->link_ends);
	tell_conflicts(&ends, &d->link_ends);
	has = link_ends_keys(&ends);
	if (is_reload || !rings_equal(&had, &has))
		listener_set_keys(d->listener, speaker_conf(d->speaker), &has);
	keyring_free(&had);
	keyring_free(&has);
	link_ends_free(&d->link_ends);
	d->link_ends = ends;
}

void
guard_links(struct daemon *d)
{
	follow(d, false);
}

void
guard_links_reload(struct daemon *d)
{
	follow(d, true);
}

bool
guard_links_conflict(
    const struct daemon *d, const struct peer *peer, char *text, size_t len)
{
	const struct link_ends *ends = &d->link_ends;

	for (size_t i = 0; i < ends->n; i++) {
		const struct link_end *end = &ends->list[i];

		if (!end->refused ||
		    strcmp(end->interface, peer->conf.interface) != 0 ||
		    !addr_equal(&end->address, &peer->address))
			continue;
		conflict_text(end, &ends->list[end->holder], text, len);
		return true;
	}
	return false;
}
