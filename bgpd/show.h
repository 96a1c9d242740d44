/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One renderer an object: what the daemon knows, as JSON.  bgpctl makes its tables from
 * the same objects.  The names are those of the interface description: a field that is
 * not known is null.  Whatever text a peer had a hand in is cleaned (text.h).
 *
 * Renderers read; they change nothing and know nothing of sockets.
 */
#ifndef BGPD_SHOW_H
#define BGPD_SHOW_H

#include <jansson.h>

#include "bgp/peer.h"
#include "control.h"

/* The router, its totals, and the first peers that are not Established. */
json_t *show_router(const struct control_ops *ops);
json_t *show_memory(const struct control_ops *ops);
json_t *show_version(const struct control_ops *ops);

/* A row of `show peers`. */
json_t *show_peer(const struct control_ops *ops, const struct peer *peer);
/* Null without a BFD session. */
json_t *show_bfd(const struct control_ops *ops, const struct peer *peer);
/* All of one peer: the row and more. */
json_t *show_peer_record(const struct control_ops *ops, const struct peer *peer);

json_t *show_group(const struct out_group *group);
json_t *show_kernel_route(const struct control_fib_route *route);

/*
 * Adds origin, as_path, local_pref, med, communities, originator_id and cluster_list of
 * a block of attributes to `row`; null or empty where absent.  `as4`: AS_PATH has
 * 4-octet numbers.
 */
void show_attributes(json_t *row, struct slice block, bool as4);

/* ---- shared by the renderers ---- */
json_t *show_addr(const struct addr *addr); /* null for FAMILY_NONE */
/* With the zone of a link-local one: "fe80::1%eth0"; `interface` "" is none. */
json_t *show_addr_on(const struct addr *addr, const char *interface);
json_t *show_router_id(uint32_t host_order); /* null for 0 */
/* Whole seconds from `then_ms` to now; null where `then_ms` is 0. */
json_t *show_age(const struct control_ops *ops, uint64_t then_ms);

static inline void
show_put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new_nocheck(object, key, value);
}

#endif
