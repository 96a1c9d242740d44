/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink's nexthop objects (Linux 5.3) as plain structs, both ways.  libnl-route 3.7
 * knows none, so the messages are built here.  Called by kernel.c, kernel_dump.c,
 * fib_nexthop.c and fib_flush.c; knows no socket.
 */
#ifndef BGPD_NHMSG_H
#define BGPD_NHMSG_H

#include "rtmsg.h"

struct nhmsg_member {
	uint32_t id;
	uint8_t weight; /* 1..255 */
};

/* A hop, or a group of objects that are hops. */
struct nhmsg_object {
	uint32_t id;
	uint8_t protocol;
	enum family family; /* of a hop */
	bool other;         /* a blackhole, an encapsulation ...: nothing we make */
	struct fib_hop hop;
	uint8_t n_members; /* 0: a hop */
	struct nhmsg_member members[KROUTE_HOPS_MAX];
};

/* Reads an RTM_NEWNEXTHOP or RTM_DELNEXTHOP.  False: malformed. */
bool nhmsg_get(const struct nlmsghdr *header, struct nhmsg_object *out);

/* As with rtmsg_route_put(): the message is the caller's, NULL when memory is out. */
struct nl_msg *nhmsg_put(const struct nhmsg_object *object, int flags);
struct nl_msg *nhmsg_delete(uint32_t id);
/* RTM_GETNEXTHOP for a dump of all. */
struct nl_msg *nhmsg_dump(void);

/*
 * The ids that daemons of ours take: the upper bits say that, and which routes (table
 * and metric) the objects are for.  So two daemons on one host rarely meet, and know
 * their own after a crash.
 */
enum { NHMSG_RANGE_IDS = 1 << 20 };
uint32_t nhmsg_range(const struct fib_identity *id);
static inline bool
nhmsg_in_range(uint32_t id, uint32_t range)
{
	return (id & ~(uint32_t)(NHMSG_RANGE_IDS - 1)) == range;
}

#endif
