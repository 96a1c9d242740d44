/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD for the peers that have it: sockets and timers around include/bgp/bfd.h, and what
 * it means for BGP (RFC 5882).
 *
 * A configured peer has a BFD session as long as it is enabled, a peer of a range while
 * it is Established; an unnumbered one with the neighbour that a BGP session was
 * Established with, until that neighbour is another one.  One with a link-local address
 * has it on its interface alone, and none while there is no such interface.
 *
 * BGP does not wait for BFD.  When BFD goes from Up to Down, but by
 * the other operator's will, the speaker is told.
 */
#ifndef BGPD_BFD_H
#define BGPD_BFD_H

#include "bgp/bfd.h"
#include "daemon.h"

struct bfd_shell;

struct bfd_shell *bfd_shell_new(struct daemon *d);
void bfd_shell_free(struct bfd_shell *b);

/* The peers, their options or their states, or our addresses may have changed. */
void bfd_shell_sync(struct bfd_shell *b);
/* The end: all peers are told AdminDown, once. */
void bfd_shell_stop(struct bfd_shell *b);

/* False: the peer has no session.  `trouble`: "", or why it cannot work. */
bool bfd_shell_status(const struct bfd_shell *b, const struct peer *peer,
    struct bfd_status *out, char *trouble, size_t len);

#endif
