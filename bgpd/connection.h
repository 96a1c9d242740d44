/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One TCP connection of a peer: octets in and out of the speaker's session.
 */
#ifndef BGPD_CONNECTION_H
#define BGPD_CONNECTION_H

#include "daemon.h"

/* EVENT_DIAL: connects; what becomes of it is told to the session. */
void connection_dial(struct daemon *d, struct session *session);
/* A connection that was accepted, and what the speaker says to it.  Closes `fd` when it
 * is refused. */
void connection_accept(struct daemon *d, int fd, const struct addr *remote);
/* After a reload: the key and the TTL of a connection that lives. */
void connection_reconfigure(struct session *session);
/* EVENT_CLOSE: writes what is left, closes, releases the session. */
void connection_close(struct session *session);
/* Writes what the session has, a bounded amount. */
void connection_write(struct session *session);

#endif
