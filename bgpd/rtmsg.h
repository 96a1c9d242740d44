/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink's route messages as plain structs, both ways.  Called by kernel.c, fib.c
 * and fib_flush.c; knows libnl's message builders and no socket.
 */
#ifndef BGPD_RTMSG_H
#define BGPD_RTMSG_H

#include "bgp/prefix.h"

struct nl_msg;
struct nlmsghdr;

struct fib_hop {
	struct addr
	    gateway;      /* FAMILY_NONE: on link; IPv6 for an IPv4 prefix: RFC 8950 */
	uint32_t ifindex; /* 0: the kernel finds it by the gateway */
	bool onlink;      /* the gateway is reachable whatever the subnets say */
	uint8_t weight;   /* 1..255; 0 is taken as 1 */
	/*
	 * The BGP next hop that was resolved to it; FAMILY_NONE or 0.0.0.0: not known.
	 * Only what is wanted has one, the kernel knows none.
	 */
	struct addr next_hop;
};

enum { KROUTE_HOPS_MAX = 64 };

/* A route as the kernel has it. */
struct kroute {
	struct prefix prefix;
	uint32_t table;
	uint32_t metric;
	uint8_t protocol;
	uint8_t type;  /* RTN_UNICAST ... */
	uint8_t scope; /* RT_SCOPE_UNIVERSE ..., IPv4 alone */
	uint8_t tos;
	bool cloned;        /* an exception the kernel made for itself */
	bool from_source;   /* for packets of some sources only */
	bool cut;           /* it has more than KROUTE_HOPS_MAX hops */
	struct addr source; /* preferred source; FAMILY_NONE: none */
	uint32_t nexthop;   /* id of the nexthop object it refers to; 0: none */
	uint8_t n_hops;     /* 0 for all types without a device; with an object the
			       kernel may leave them out (nexthop_compat_mode 0) */
	struct fib_hop hops[KROUTE_HOPS_MAX];
};

/*
 * Reads an RTM_NEWROUTE or RTM_DELROUTE.  False: another family (multicast routing), or
 * malformed; then `out` is undefined.
 */
bool rtmsg_route_get(const struct nlmsghdr *header, struct kroute *out);

/* Who a route of ours belongs to: a route is ours when all three match. */
struct fib_identity {
	uint32_t table;
	uint32_t metric;
	uint8_t protocol;
};

/* IPv6 has no metric 0: the kernel takes 1024 for it. */
uint32_t fib_identity_metric(const struct fib_identity *id, enum family family);
bool fib_identity_owns(const struct fib_identity *id, const struct kroute *route);

/* What an installed route is, beside its prefix and its owner. */
struct rtmsg_shape {
	uint8_t type;
	struct addr source; /* FAMILY_NONE: none */
	uint32_t nexthop;   /* id of a nexthop object in place of hops; 0: none */
	uint8_t n_hops;
	const struct fib_hop *hops;
};

/*
 * RTM_NEWROUTE with the flags given (NLM_F_CREATE ...), RTM_DELROUTE.  The message is
 * the caller's (nlmsg_free()); NULL when memory is out.  A deletion names the protocol,
 * so it can never hit somebody else's route; for IPv4 with metric 0, which is the
 * kernel's wildcard, it names the hop or the object of `shape` as well (may be NULL).
 */
struct nl_msg *rtmsg_route_put(const struct fib_identity *id,
    const struct prefix *prefix, const struct rtmsg_shape *shape, int flags);
struct nl_msg *rtmsg_route_delete(const struct fib_identity *id,
    const struct prefix *prefix, const struct rtmsg_shape *shape);
/* RTM_GETROUTE for a dump of one table; protocol 0: of all. */
struct nl_msg *rtmsg_route_dump(enum family family, uint32_t table, uint8_t protocol);

/* "kernel", "boot", "static", "bird" ..., or the number, written into `buf`. */
enum { PROTOCOL_TEXT_LEN = 12 };
const char *rtmsg_protocol_name(uint8_t protocol, char *buf);
/* "unicast", "blackhole" ..., "?" */
const char *rtmsg_type_name(uint8_t type);

#endif
