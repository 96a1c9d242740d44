/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of kernel_view.c, for kernel_judge.c, which draws the conclusions. Nobody
 * else includes this.
 */
#ifndef BGPD_KERNEL_VIEW_TYPES_H
#define BGPD_KERNEL_VIEW_TYPES_H

#include "kernel_view.h"

struct view_hop {
	struct view_hop *next, **prev; /* of the link's hops */
	struct view_route *route;
	struct kernel_link *link;
	struct addr gateway;
	uint8_t weight;
};

struct view_route {
	struct view_route
	    *next; /* of the prefix, in the kernel's order as far as known */
	struct view_node *node;
	struct nlmsghdr *message; /* see keep_message() */
	uint32_t table;
	uint32_t metric;
	uint8_t protocol;
	uint8_t type;
	uint8_t scope;
	bool gone : 1;    /* deleted while a dump runs */
	bool seen : 1;    /* by the dump under way */
	bool touched : 1; /* by an event while a dump runs */
	uint8_t n_hops;
	struct addr source;
	struct view_hop hops[];
};

enum {
	NODE_IGP = 1 << 0,       /* `igp` was reported */
	NODE_CONNECTED = 1 << 1, /* the subnet of an address, in the main table */
	NODE_LISTED = 1 << 2,    /* gathered by kernel_view_link() */
};

struct view_node {
	struct route_node node;
	struct view_route *routes;
	uint64_t imports; /* reported */
	struct {
		uint32_t metric;
		uint32_t ifindex;
		struct addr gateway;
		bool connected;
	} igp; /* reported */
};

/* Reports what changed for the prefix. */
void kernel_view_judge(struct kernel_view *view, struct view_node *node);

#endif
