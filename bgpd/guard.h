/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What protects one connection of a peer from others: TCP MD5 (RFC 2385), TTL security
 * (RFC 5082), and the TTL of what we send.  All of it can be set before connect(), on
 * an accepted socket, and anew while the session runs.
 */
#ifndef BGPD_GUARD_H
#define BGPD_GUARD_H

#include "daemon.h"

enum { GUARD_TEXT_LEN = 200, GUARD_CONFLICT_LEN = 512 };

/* What a socket has.  Starts zeroed, but for the other end's address. */
struct guard {
	struct addr remote;
	bool is_set;
	uint32_t secret;
	uint8_t ttl_security;
};

/* Gives the socket what the peer's options ask for.  False: `why`; it must not be used.
 */
bool
guard_set(struct guard *guard, int fd, const struct peer *peer, char *why, size_t len);
/*
 * A connection that the listening socket let in: were its first segments signed, and
 * from near enough?  False: `why`.
 */
bool guard_admits(const struct guard *guard, int fd, const struct listener *listener,
    const struct peer *peer, char *why, size_t len);

/* Once a new configuration is the speaker's: keys and TTL of all that listens and of
 * all that is connected. */
void guard_reconfigure(struct daemon *d);
/* Routers on links came or left: their keys on what listens; and all keys that it has.
 */
void guard_links(struct daemon *d);
void guard_links_reload(struct daemon *d);
/* Has another peer, on another link, the address that this one has, and another key?
 * True: `text` says so. */
bool guard_links_conflict(
    const struct daemon *d, const struct peer *peer, char *text, size_t len);
/* Wipes the keys that neither a configuration nor a session needs. */
void guard_forget(struct daemon *d);
/* Now and then: tells of segments that the kernel dropped for their signature. */
void guard_watch(struct daemon *d);

#endif
