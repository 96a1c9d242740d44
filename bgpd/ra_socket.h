/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The raw socket of unnumbered.c: router advertisements and solicitations in and out,
 * on any link.  Knows no peer, and of the messages nothing but their hop limit.
 */
#ifndef BGPD_RA_SOCKET_H
#define BGPD_RA_SOCKET_H

#include "bgp/prefix.h"
#include "ra.h"

enum { RA_MESSAGE_MAX = 1500 };

/* Needs CAP_NET_RAW.  -1: errno says why. */
int ra_socket_open(void);
/* Solicitations come to the group of all routers; advertisements come to all nodes. */
void ra_socket_join(int fd, uint32_t ifindex);
/* False: the link has none, as a tunnel. */
bool ra_socket_mac(int fd, const char *interface, uint8_t mac[RA_MAC_LEN]);
/* To all nodes on that link.  False: errno says why. */
bool ra_socket_send(
    int fd, uint32_t ifindex, const struct addr *from, void *octets, size_t len);
/*
 * One message.  False: there is none.  *len is 0 for one that RFC 4861 6.1 drops by its
 * hop limit, and for one that is cut.
 */
bool ra_socket_receive(int fd, uint8_t octets[RA_MESSAGE_MAX], size_t *len,
    struct addr *from, uint32_t *ifindex);

#endif
