/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which key of TCP MD5 (RFC 2385) a link-local address has, where the neighbours of
 * unnumbered peers are only known by what was heard.
 *
 * The kernel keeps a key by address: tcpm_ifindex of TCP_MD5SIG_EXT names a VRF device
 * (an L3 master; EINVAL for any other).  So one address behind two interfaces has one
 * key.  It is that of who was there first, since anybody on a link can take any
 * link-local address, and must not take a key away from a neighbour on another link.
 *
 * No key for all of fe80::/10, though it would need nobody to be heard: peers without
 * a password, and with another, may be on other links.
 */
#ifndef BGPD_LINK_KEYS_H
#define BGPD_LINK_KEYS_H

#include "keyring.h"

/* Where a peer is, or may be: one that is configured, a router that is heard. */
struct link_end {
	struct addr address;
	char interface[CONF_INTERFACE_LEN];
	char peer[CONF_NAME_LEN];
	uint32_t secret; /* 0: the peer has none */
	bool configured;
	bool refused; /* the address has another end's key, or has none for its sake */
	size_t holder; /* … that one's place in the list; its own where it is the one */
};

/* Starts zeroed. */
struct link_ends {
	struct link_end *list;
	size_t n;
};

void link_ends_add(
    struct link_ends *ends, const struct conf_peer *peer, const struct addr *address);
/*
 * Judges a list that was just made: where ends differ over an address, it is the
 * configured one's, else his who had it in the list `before`, else the first one's.
 * Sorts the list.
 */
void link_ends_settle(struct link_ends *ends, const struct link_ends *before);
/* The end of that address and interface; NULL. */
const struct link_end *link_ends_find(
    const struct link_ends *ends, const struct addr *address, const char *interface);
/* The keys of those that no configuration names. */
struct keyring link_ends_keys(const struct link_ends *ends);
void link_ends_free(struct link_ends *ends);

#endif
