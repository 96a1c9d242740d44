/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show routes`: a question about the RIB, answered in slices.
 *
 * A walk keeps numbers only, of a destination and of peers, and looks everything up
 * again in each slice: the table may change as it likes in between.  A route that stays
 * is shown once; order is the client's business.
 */
#ifndef BGPD_SHOW_ROUTES_H
#define BGPD_SHOW_ROUTES_H

#include "show.h"

enum route_match {
	ROUTE_MATCH_ALL,
	ROUTE_MATCH_EXACT,   /* prefix */
	ROUTE_MATCH_LONGEST, /* address: the route that packets to it take */
	ROUTE_MATCH_LONGER,  /* prefix and all inside it */
};

struct route_query {
	enum route_match match;
	struct prefix prefix; /* an address is a prefix of full length */
	bool families[FAMILY_COUNT];
	bool best_only;
	bool from_given, sent_given;
	uint32_t from; /* peer numbers */
	uint32_t sent;
};

struct route_walk {
	struct route_query query;
	enum family family;
	uint32_t next; /* destination number */
};

typedef void show_emit(void *arg, json_t *row); /* takes the reference */

void route_walk_begin(struct route_walk *walk, const struct route_query *query);
/*
 * Goes over at most `budget` destinations and emits their rows.  False: that was the
 * end, or the peer asked for is gone.
 */
bool route_walk_slice(struct route_walk *walk, const struct control_ops *ops,
    unsigned budget, show_emit *emit, void *arg);

/* The rows of all paths of one destination, in the order of its list. */
void show_paths(const struct control_ops *ops, enum family family,
    const struct dest *dest, show_emit *emit, void *arg);

#endif
