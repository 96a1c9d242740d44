/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The listening sockets of `router { listen, port }`.
 */
#ifndef BGPD_LISTENER_H
#define BGPD_LISTENER_H

#include "daemon.h"
#include "keyring.h"

/*
 * NULL: an address could not be bound, `error` says which and who has it.  The sockets
 * have their keys before they listen.
 */
struct listener *
listener_new(struct daemon *d, const struct conf *conf, char *error, size_t len);
/* TTL after a reload. */
void listener_set_ttl(struct listener *l, const struct conf *conf);
/* Keys after a reload, or when a neighbour came or left (keyring_of()). */
void listener_set_keys(
    struct listener *l, const struct conf *conf, const struct keyring *learned);
/*
 * May a connection from `remote` be taken for that of a peer with this secret?  0, or
 * an errno: its first segments were not checked.
 */
int listener_check_md5(
    const struct listener *l, const struct addr *remote, uint32_t secret);
/* Connections are taken from now on; until then the kernel queues them. */
void listener_open(struct listener *l);
void listener_free(struct listener *l);

#endif
