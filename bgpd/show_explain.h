/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `explain`: all that is known of one prefix, and why.  One object: its paths, what
 * chose the best, what became of it in the kernel, and a row a peer: who was sent it,
 * who was not, and why not.
 *
 * It is made in steps, since there may be thousands of peers: explain_begin(), then
 * explain_peer() each.
 */
#ifndef BGPD_SHOW_EXPLAIN_H
#define BGPD_SHOW_EXPLAIN_H

#include "show.h"

/* `prefix`, an address of full length, becomes the prefix that its packets follow, if
 * there is one. */
void explain_find(const struct control_ops *ops, struct prefix *prefix);
/* A new reference. */
json_t *explain_begin(const struct control_ops *ops, const struct prefix *prefix);
void explain_peer(json_t *answer, const struct control_ops *ops,
    const struct prefix *prefix, const struct peer *peer);

#endif
