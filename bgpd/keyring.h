/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which keys of TCP MD5 (RFC 2385) a configuration wants on a listening socket: one an
 * address, one a range, and few for many addresses with one key, since the room of a
 * socket for keys is small.
 */
#ifndef BGPD_KEYRING_H
#define BGPD_KEYRING_H

#include "bgp/conf.h"

/* Up to so many addresses each has a key of its own, which all kernels have. */
enum { KEYRING_MERGE_FROM = 64 };

struct keyring_key {
	struct prefix prefix;
	uint32_t secret;
};

/* In the order of prefix_compare(), each prefix once. */
struct keyring {
	struct keyring_key *list;
	size_t n;
};

/* `learned`: keys of addresses that no configuration names; NULL: none. */
struct keyring keyring_of(const struct conf *conf, const struct keyring *learned);
/* At the end, in whatever order. */
void keyring_add(struct keyring *ring, const struct prefix *prefix, uint32_t secret);
void keyring_free(struct keyring *ring);

#endif
