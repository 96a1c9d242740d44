/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of TCP MD5 (RFC 2385) that one listening socket carries, and those that it
 * should carry but the kernel would not take.
 */
#ifndef BGPD_MD5_KEYS_H
#define BGPD_MD5_KEYS_H

#include "keyring.h"

struct md5_key {
	struct keyring_key key;
	int error; /* 0: the kernel has it */
};

/* Starts zeroed. */
struct md5_keys {
	struct md5_key *list; /* as the keyring is ordered */
	size_t n;
};

/* Makes the socket carry the ring's keys of its family.  True: a key was set. */
bool md5_keys_apply(
    struct md5_keys *keys, int fd, enum family family, const struct keyring *ring);
/* Is what comes from `a` signed with this secret?  0, or an errno: why not. */
int md5_keys_check(const struct md5_keys *keys, const struct addr *a, uint32_t secret);
/* Has `a` a key, whichever? */
bool md5_keys_cover(const struct md5_keys *keys, const struct addr *a);
/* Says which peers have no key, and why. */
void md5_keys_report(
    const struct md5_keys *keys, const struct conf *conf, const struct addr *listening);
void md5_keys_free(struct md5_keys *keys);

/* What to tell people of an errno of these options. */
const char *md5_error_text(int error);

#endif
