/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The canonical form of a judged UPDATE's attributes (see bgp/attrs.h), for attrs.c.
 */
#ifndef LIB_ATTR_CANONICAL_H
#define LIB_ATTR_CANONICAL_H

#include "bgp/update.h"

/*
 * Writes the canonical block of `update` behind what `out` holds.  False: it does not
 * fit, has more than AS_PATH_MAX_AS AS numbers, or was not well formed after all.
 */
bool canonical_put(struct wcur *out, const struct update *update, bool as4);

/* A canonical block with one 4-octet community more, at the end of COMMUNITIES.  False:
 * it does not fit. */
bool canonical_add_community(struct wcur *out, struct slice block, uint32_t community);

#endif
