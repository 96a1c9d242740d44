/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The listening sockets of `router { listen, port }`.
 */
#ifndef BGPD_LISTENER_H
#define BGPD_LISTENER_H

#include "daemon.h"

/* NULL: an address could not be bound, `error` says which and who has it. */
struct listener *listener_new(
    struct daemon *d, const struct conf_router *router, char *error, size_t len);
/* Connections are taken from now on; until then the kernel queues them. */
void listener_open(struct listener *l);
void listener_free(struct listener *l);

#endif
