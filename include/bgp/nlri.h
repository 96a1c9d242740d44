/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NLRI fields (RFC 4271 4.3, RFC 4760 5, with path identifiers RFC 7911 3).
 */
#ifndef BGP_NLRI_H
#define BGP_NLRI_H

#include "bgp/cursor.h"
#include "bgp/prefix.h"

enum { NLRI_MAX_LEN = 4 + 1 + 16 };

struct nlri {
	struct prefix prefix;
	uint32_t path_id; /* 0 without add-path */
};

/*
 * One NLRI; trailing bits of the last octet are cleared.  False, with in->failed set,
 * when the length octet exceeds the family or the octets run out; `out` is then
 * untouched.  False without in->failed: the field is at its end.
 */
bool nlri_get(struct rcur *in, enum family family, bool add_path, struct nlri *out);
/* Is the whole field well formed? */
bool nlri_check(struct slice field, enum family family, bool add_path);
void nlri_put(
    struct wcur *out, const struct prefix *prefix, bool add_path, uint32_t path_id);
/* Octets that nlri_put() will write. */
size_t nlri_len(const struct prefix *prefix, bool add_path);

#endif
