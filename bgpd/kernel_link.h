/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links and addresses as rtnetlink tells of them.  Part of kernel.c's view; its callers
 * are kernel.c and kernel_view.c.
 *
 * A link's record exists as soon as a route or an address names it, so that the order
 * in which the kernel tells of them does not matter.
 */
#ifndef BGPD_KERNEL_LINK_H
#define BGPD_KERNEL_LINK_H

#include <linux/if.h>

#include "kernel.h"
#include "route_table.h"

struct view_hop;
struct kernel_address;

struct kernel_link {
	struct kernel_link *next; /* of the hash bucket */
	uint32_t ifindex;
	uint32_t flags; /* IFF_UP ... */
	bool known;     /* the kernel told of it */
	bool seen;      /* in the dump under way, or since it began */
	char name[IFNAMSIZ];
	struct view_hop *hops; /* of the foreign routes through it */
	struct kernel_address *addresses;
};

struct kernel_links {
	struct kernel_link **buckets;
	uint32_t n_buckets; /* a power of two */
	uint32_t n;
	struct route_table locals; /* by address */
	struct kernel_address *subnets;
	uint32_t n_addresses;
	const struct kernel_events *events;
	void *arg;
};

void kernel_links_init(
    struct kernel_links *links, const struct kernel_events *events, void *arg);
void kernel_links_destroy(struct kernel_links *links);

struct kernel_link *
kernel_links_find(const struct kernel_links *links, uint32_t ifindex);
/* NULL: no link has this name. */
struct kernel_link *
kernel_links_by_name(const struct kernel_links *links, const char *name);
/* Made when it is not there. */
struct kernel_link *kernel_links_get(struct kernel_links *links, uint32_t ifindex);
/* Frees the record where nobody needs it: it is unknown, without routes and addresses.
 */
void kernel_links_release(struct kernel_links *links, struct kernel_link *link);

static inline bool
kernel_link_up(const struct kernel_link *link)
{
	return link->known && (link->flags & IFF_UP) != 0;
}

enum link_change {
	LINK_WENT_DOWN = 1 << 0,
	LINK_CAME_UP = 1 << 1,
	LINK_CARRIER = 1 << 2, /* came or went */
	LINK_RENAMED = 1 << 3,
};

/* Can packets go out? */
bool kernel_link_usable(const struct kernel_link *link);

/*
 * RTM_NEWLINK, RTM_DELLINK: what changed (enum link_change); `out` is the link.  Its
 * addresses have been reported then.
 */
unsigned kernel_links_message(struct kernel_links *links, const struct nlmsghdr *header,
    struct kernel_link **out);
/* RTM_NEWADDR, RTM_DELADDR.  True: something changed. */
bool
kernel_links_address_message(struct kernel_links *links, const struct nlmsghdr *header);

/* A dump of links and addresses begins; it ended, and what it did not show is gone. */
void kernel_links_mark(struct kernel_links *links);
void kernel_links_sweep_addresses(struct kernel_links *links);
/* One link that was not seen, as if deleted: changes are reported as above; NULL: none
 * is left.  `cursor` begins as 0. */
struct kernel_link *
kernel_links_sweep(struct kernel_links *links, uint32_t *cursor, unsigned *change);

bool kernel_links_is_local(const struct kernel_links *links, const struct addr *a);
/* The address itself is the prefix. */
bool kernel_links_is_local_prefix(
    const struct kernel_links *links, const struct prefix *prefix);
bool kernel_links_connected(const struct kernel_links *links, const struct addr *a,
    uint32_t *ifindex, struct prefix *subnet);
uint32_t
kernel_links_of_address(const struct kernel_links *links, const struct addr *a);
struct addr kernel_links_address(
    const struct kernel_links *links, uint32_t ifindex, enum family family);
struct addr kernel_links_link_local(const struct kernel_links *links, uint32_t ifindex);

#endif
