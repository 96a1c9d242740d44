/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unnumbered peers: the router on a link is found by its router advertisements, and
 * ours let it find us, as FRR does it (RFC 4861 gives the messages, no RFC the use).
 * The speaker is told the address as a fact: speaker_neighbor().
 *
 * The first router that is heard is the peer.  It stays so until it is silent or its
 * session fails; then another one is tried, where there is one.
 */
#ifndef BGPD_UNNUMBERED_H
#define BGPD_UNNUMBERED_H

#include "daemon.h"

struct unnumbered;

struct unnumbered *unnumbered_new(struct daemon *d);
/* Not `graceful`: neighbours are told that we leave. */
void unnumbered_free(struct unnumbered *u, bool graceful);
/* After the speaker took a configuration: its unnumbered peers. */
void unnumbered_configure(struct unnumbered *u);
/* A link came or went, or can be sent on now. */
void unnumbered_link(struct unnumbered *u);
/* A session of the peer (NULL: it is gone) came up; none of its is left, or could be
 * made. */
void unnumbered_peer_up(struct unnumbered *u, const struct peer *peer);
void unnumbered_peer_failed(struct unnumbered *u, const struct peer *peer);
/* Why nothing can be heard; "": it can. */
const char *unnumbered_trouble(const struct unnumbered *u);
/* The routers heard on a link, at most `max`; returns how many. */
unsigned unnumbered_routers(const struct unnumbered *u, const char *interface,
    struct addr *routers, unsigned max);

#endif
