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
/* TTL of what we send; -1: the host's own. */
void socket_set_ttl(int fd, enum family family, int ttl);
/*
 * RFC 5082: what comes with less is dropped by the kernel, from now on; 0: nothing is.
 * Returns 0 or an errno, as all below.
 */
int socket_set_min_ttl(int fd, enum family family, int ttl);
/* A listening socket is to remember the first segment of what it accepts ... */
int socket_save_syn(int fd, bool on);
/* ... and its TTL; -1: not known (the kernel was under a flood, and kept nothing). */
int socket_syn_ttl(int fd, enum family family);

/*
 * RFC 2385: what comes from and goes to these addresses is signed with this key, also
 * when the connection is there already.  An empty key takes the key of just that prefix
 * away.
 */
int
socket_set_md5(int fd, const struct prefix *prefix, const char *key, size_t key_len);

/* Who listens on this TCP port: "bird (pid 17)"; "" where that cannot be known. */
const char *port_owner(uint16_t port, char *buf, size_t len);

#endif
