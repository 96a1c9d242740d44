/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The UDP sockets of BFD: one a family and kind to receive on, shared by all sessions,
 * and one a session to send from, since its source port should be its own (RFC 5881 4).
 */
#ifndef BGPD_BFD_SOCKET_H
#define BGPD_BFD_SOCKET_H

#include "bgp/bfd.h"

/* Bound to the port of that kind, on all addresses.  -1: errno says why. */
int bfd_socket_receiver(enum family family, bool multihop);
/*
 * Bound to `local`, FAMILY_NONE: any, and to that port.  `link` is the interface of a
 * link-local address, here as below.  -1: errno.
 */
int bfd_socket_sender(
    enum family family, const struct addr *local, uint32_t link, uint16_t port);

typedef void bfd_socket_taker(void *arg, const struct bfd_datagram *datagram);
/* Hands on what waits on a receiver, at most `max` datagrams. */
void
bfd_socket_read(int fd, bool multihop, unsigned max, bfd_socket_taker *take, void *arg);
/* False: errno says why. */
bool bfd_socket_send(int fd, const struct addr *remote, uint32_t link, bool multihop,
    const uint8_t *octets);

#endif
