/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Socket addresses and options, in the speaker's terms.
 */
#ifndef BGPD_SOCKET_H
#define BGPD_SOCKET_H

#include <sys/socket.h>

#include "bgp/conf.h"

/* Returns the length for bind() and connect().  `link` counts with a link-local address
 * alone: the number of its interface. */
socklen_t sockaddr_from(struct sockaddr_storage *out, const struct addr *addr,
    uint16_t port, uint32_t link);
/* An IPv4-mapped IPv6 address becomes IPv4. */
struct addr sockaddr_to(const struct sockaddr_storage *from);
/* The interface of a link-local address; 0: it is none. */
uint32_t sockaddr_link(const struct sockaddr_storage *from);
struct addr socket_local(int fd);

/* What every BGP connection has: no delay, precedence (RFC 4271 appendix E). */
void socket_prepare(int fd, enum family family);
/* TTL of what we send: 1 to a connected eBGP peer, `multihop` to others. */
void socket_set_ttl(int fd, enum family family, int ttl);

/* Who listens on this TCP port: "bird (pid 17)"; "" where that cannot be known. */
const char *port_owner(uint16_t port, char *buf, size_t len);

#endif
