/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Links by index, addresses by value.  An address counts while its link is up and it is
 * not tentative.  Some hosts have ten thousand addresses on one link (service addresses
 * of a cluster), so nothing here walks a link's addresses but the link's own changes.
 */
#include "kernel_link.h"

#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "bgp/memory.h"

enum { LINK_BUCKETS_FIRST = 32 };

struct kernel_address {
	struct kernel_address *next_same;    /* of the same address, on other links */
	struct kernel_address *next, **prev; /* on the link */
	struct kernel_address *next_subnet, **prev_subnet;
	struct kernel_link *link;
	struct addr local;
	struct prefix subnet;
	bool assigned; /* not tentative */
	bool reported;
	bool seen;
};

/* All instances of one address. */
struct local_node {
	struct route_node node;
	struct kernel_address *first;
};

void
kernel_links_init(
    struct kernel_links *links, const struct kernel_events *events, void *arg)
{
	*links = (struct kernel_links){
		.n_buckets = LINK_BUCKETS_FIRST, .events = events, .arg = arg
	};
	links->buckets = mem_zero(LINK_BUCKETS_FIRST, sizeof(*links->buckets));
	route_table_init(&links->locals);
}

void
kernel_links_destroy(struct kernel_links *links)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	while ((node = route_table_walk(&links->locals, &cursor)) != NULL) {
		struct local_node *local = (struct local_node *)node;

		while (local->first != NULL) {
			struct kernel_address *a = local->first;

			local->first = a->next_same;
			free(a);
		}
		free(local);
	}
	route_table_destroy(&links->locals);
	for (uint32_t i = 0; i < links->n_buckets; i++)
		while (links->buckets[i] != NULL) {
			struct kernel_link *link = links->buckets[i];

			links->buckets[i] = link->next;
			free(link);
		}
	free(links->buckets);
}

/* ---- links by index ---- */

struct kernel_link *
kernel_links_find(const struct kernel_links *links, uint32_t ifindex)
{
	struct kernel_link *link = links->buckets[ifindex & (links->n_buckets - 1)];

	while (link != NULL && link->ifindex != ifindex)
		link = link->next;
	return link;
}

struct kernel_link *
kernel_links_by_name(const struct kernel_links *links, const char *name)
{
	for (uint32_t i = 0; i < links->n_buckets; i++)
		for (struct kernel_link *link = links->buckets[i]; link != NULL;
		     link = link->next)
			if (link->known && strcmp(link->name, name) == 0)
				return link;
	return NULL;
}

static void
insert_link(struct kernel_links *links, struct kernel_link *link)
{
	struct kernel_link **to =
	    &links->buckets[link->ifindex & (links->n_buckets - 1)];

	link->next = *to;
	*to = link;
}

static void
grow(struct kernel_links *links)
{
	struct kernel_link **old = links->buckets;
	uint32_t n = links->n_buckets;

	links->n_buckets = 2 * n;
	links->buckets = mem_zero(links->n_buckets, sizeof(*links->buckets));
	for (uint32_t i = 0; i < n; i++)
		while (old[i] != NULL) {
			struct kernel_link *link = old[i];

			old[i] = link->next;
			insert_link(links, link);
		}
	free(old);
}

struct kernel_link *
kernel_links_get(struct kernel_links *links, uint32_t ifindex)
{
	struct kernel_link *link = kernel_links_find(links, ifindex);

	if (link != NULL)
		return link;
	if (links->n >= links->n_buckets)
		grow(links);
	link = mem_zero(1, sizeof(*link));
	link->ifindex = ifindex;
	insert_link(links, link);
	links->n++;
	return link;
}

void
kernel_links_release(struct kernel_links *links, struct kernel_link *link)
{
	struct kernel_link **at =
	    &links->buckets[link->ifindex & (links->n_buckets - 1)];

	if (link->known || link->hops != NULL || link->addresses != NULL)
		return;
	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	links->n--;
	free(link);
}

bool
kernel_link_usable(const struct kernel_link *link)
{
	/* As the kernel judges RTNH_F_LINKDOWN. */
	return kernel_link_up(link) &&
	       (link->flags & (IFF_RUNNING | IFF_LOWER_UP)) != 0;
}

/* ---- addresses ---- */

static void
report(struct kernel_links *links, struct kernel_address *a)
{
	bool present = a->assigned && kernel_link_up(a->link);

	if (present == a->reported)
		return;
	a->reported = present;
	if (links->events->address != NULL)
		links->events->address(
		    links->arg, &a->local, a->subnet.bits, a->link->ifindex, present);
}

static struct local_node *
find_local(const struct kernel_links *links, const struct addr *a)
{
	struct prefix host = prefix_of(a, family_max_bits(a->family));

	return (struct local_node *)route_table_find(&links->locals, &host);
}

static struct kernel_address *
find_address(const struct kernel_links *links, const struct kernel_link *link,
    const struct addr *local, const struct prefix *subnet)
{
	struct local_node *node = find_local(links, local);
	struct kernel_address *a = node != NULL ? node->first : NULL;

	while (a != NULL && (a->link != link || !prefix_equal(&a->subnet, subnet)))
		a = a->next_same;
	return a;
}

static struct kernel_address *
add_address(struct kernel_links *links, struct kernel_link *link,
    const struct addr *local, const struct prefix *subnet)
{
	struct local_node *node = find_local(links, local);
	struct kernel_address *a = mem_zero(1, sizeof(*a));

	if (node == NULL) {
		node = mem_zero(1, sizeof(*node));
		node->node.prefix = prefix_of(local, family_max_bits(local->family));
		route_table_insert(&links->locals, &node->node);
	}
	a->link = link;
	a->local = *local;
	a->subnet = *subnet;
	a->next_same = node->first;
	node->first = a;
	a->next = link->addresses;
	a->prev = &link->addresses;
	if (a->next != NULL)
		a->next->prev = &a->next;
	link->addresses = a;
	if (!prefix_equal(&node->node.prefix, subnet)) {
		a->next_subnet = links->subnets;
		a->prev_subnet = &links->subnets;
		if (a->next_subnet != NULL)
			a->next_subnet->prev_subnet = &a->next_subnet;
		links->subnets = a;
	}
	links->n_addresses++;
	return a;
}

static void
remove_address(struct kernel_links *links, struct kernel_address *a)
{
	struct local_node *node = find_local(links, &a->local);
	struct kernel_address **at = &node->first;

	while (*at != a)
		at = &(*at)->next_same;
	*at = a->next_same;
	*a->prev = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	if (a->prev_subnet != NULL) {
		*a->prev_subnet = a->next_subnet;
		if (a->next_subnet != NULL)
			a->next_subnet->prev_subnet = a->prev_subnet;
	}
	if (node->first == NULL) {
		route_table_remove(&links->locals, &node->node);
		free(node);
	}
	links->n_addresses--;
	a->assigned = false;
	report(links, a);
	free(a);
}

/* IFA_LOCAL is ours, IFA_ADDRESS the other end of a point-to-point link or ours too. */
static bool
parse_address(const struct nlmsghdr *header, struct addr *local, struct prefix *subnet,
    bool *usable)
{
	struct nlattr *tb[IFA_MAX + 1];
	const struct ifaddrmsg *ifa;
	const struct nlattr *own, *far;
	enum family family;
	uint32_t flags;
	struct addr a;

	if (!nlmsg_valid_hdr(header, sizeof(*ifa)))
		return false;
	ifa = nlmsg_data(header);
	if ((ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)header, sizeof(*ifa), tb, IFA_MAX,
		NULL) < 0)
		return false;
	family = ifa->ifa_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	own = tb[IFA_LOCAL] != NULL ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	far = tb[IFA_ADDRESS] != NULL ? tb[IFA_ADDRESS] : own;
	if (own == NULL || (size_t)nla_len(own) != family_addr_len(family) ||
	    (size_t)nla_len(far) != family_addr_len(family) ||
	    ifa->ifa_prefixlen > family_max_bits(family))
		return false;
	*local = addr_from_bytes(family, nla_data(own));
	a = addr_from_bytes(family, nla_data(far));
	*subnet = prefix_of(&a, ifa->ifa_prefixlen);
	flags = tb[IFA_FLAGS] != NULL && nla_len(tb[IFA_FLAGS]) >= (int)sizeof(flags)
		    ? nla_get_u32(tb[IFA_FLAGS])
		    : ifa->ifa_flags;
	*usable = (flags & IFA_F_DADFAILED) == 0 &&
		  ((flags & IFA_F_TENTATIVE) == 0 || (flags & IFA_F_OPTIMISTIC) != 0);
	return true;
}

bool
kernel_links_address_message(struct kernel_links *links, const struct nlmsghdr *header)
{
	const struct ifaddrmsg *ifa = nlmsg_data(header);
	struct kernel_address *a;
	struct kernel_link *link;
	struct prefix subnet;
	struct addr local;
	bool usable, was;

	if (!parse_address(header, &local, &subnet, &usable))
		return false;
	link = kernel_links_get(links, ifa->ifa_index);
	a = find_address(links, link, &local, &subnet);
	if (header->nlmsg_type == RTM_DELADDR) {
		if (a != NULL)
			remove_address(links, a);
		kernel_links_release(links, link);
		return a != NULL;
	}
	if (a == NULL)
		a = add_address(links, link, &local, &subnet);
	was = a->reported;
	a->seen = true;
	a->assigned = usable;
	report(links, a);
	return a->reported != was;
}

/* ---- link messages ---- */

static unsigned
update_link(struct kernel_links *links, struct kernel_link *link, uint32_t flags,
    const char *name)
{
	bool up = kernel_link_up(link), usable = kernel_link_usable(link);
	unsigned change = 0;

	link->flags = flags;
	if (up != kernel_link_up(link))
		change |= up ? LINK_WENT_DOWN : LINK_CAME_UP;
	if (usable != kernel_link_usable(link))
		change |= LINK_CARRIER;
	if (strncmp(link->name, name, sizeof(link->name)) != 0) {
		memset(link->name, 0, sizeof(link->name));
		memcpy(link->name, name, strnlen(name, sizeof(link->name) - 1));
		change |= LINK_RENAMED;
	}
	if ((change & (LINK_WENT_DOWN | LINK_CAME_UP)) != 0)
		for (struct kernel_address *a = link->addresses, *next; a != NULL;
		     a = next) {
			next = a->next;
			report(links, a);
		}
	return change;
}

static unsigned
forget_link(struct kernel_links *links, struct kernel_link *link)
{
	unsigned change = update_link(links, link, 0, "");

	link->known = false;
	for (struct kernel_address *a = link->addresses, *next; a != NULL; a = next) {
		next = a->next;
		remove_address(links, a);
	}
	/* Whatever went through it is gone, even if it was down before. */
	return change | LINK_WENT_DOWN;
}

unsigned
kernel_links_message(
    struct kernel_links *links, const struct nlmsghdr *header, struct kernel_link **out)
{
	struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *ifi;
	struct kernel_link *link;
	char name[IFNAMSIZ] = "";

	if (!nlmsg_valid_hdr(header, sizeof(*ifi)))
		return 0;
	ifi = nlmsg_data(header);
	/* Bridges tell of their ports under AF_BRIDGE: leaving one deletes no link. */
	if (ifi->ifi_family != AF_UNSPEC || ifi->ifi_index <= 0)
		return 0;
	if (header->nlmsg_type == RTM_DELLINK) {
		link = kernel_links_find(links, (uint32_t)ifi->ifi_index);
		*out = link;
		return link != NULL && link->known ? forget_link(links, link) : 0;
	}
	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)header, sizeof(*ifi), tb,
		IFLA_MAX, NULL) < 0)
		return 0;
	if (tb[IFLA_IFNAME] != NULL)
		nla_strlcpy(name, tb[IFLA_IFNAME], sizeof(name));
	link = kernel_links_get(links, (uint32_t)ifi->ifi_index);
	link->known = true;
	link->seen = true;
	*out = link;
	return update_link(links, link, ifi->ifi_flags, name);
}

/* ---- dumps ---- */

void
kernel_links_mark(struct kernel_links *links)
{
	for (uint32_t i = 0; i < links->n_buckets; i++)
		for (struct kernel_link *link = links->buckets[i]; link != NULL;
		     link = link->next) {
			link->seen = false;
			for (struct kernel_address *a = link->addresses; a != NULL;
			     a = a->next)
				a->seen = false;
		}
}

void
kernel_links_sweep_addresses(struct kernel_links *links)
{
	for (uint32_t i = 0; i < links->n_buckets; i++)
		for (struct kernel_link *link = links->buckets[i]; link != NULL;
		     link = link->next)
			for (struct kernel_address *a = link->addresses, *next;
			     a != NULL; a = next) {
				next = a->next;
				if (!a->seen)
					remove_address(links, a);
			}
}

struct kernel_link *
kernel_links_sweep(struct kernel_links *links, uint32_t *cursor, unsigned *change)
{
	for (; *cursor < links->n_buckets; ++*cursor)
		for (struct kernel_link *link = links->buckets[*cursor], *next;
		     link != NULL; link = next) {
			next = link->next;
			if (link->known && !link->seen) {
				*change = forget_link(links, link);
				return link;
			}
			kernel_links_release(links, link);
		}
	return NULL;
}

/* ---- questions ---- */

bool
kernel_links_is_local(const struct kernel_links *links, const struct addr *a)
{
	const struct local_node *node;

	if (a->family == FAMILY_NONE)
		return false;
	node = find_local(links, a);
	for (struct kernel_address *i = node != NULL ? node->first : NULL; i != NULL;
	     i = i->next_same)
		if (i->reported)
			return true;
	return false;
}

bool
kernel_links_is_local_prefix(
    const struct kernel_links *links, const struct prefix *prefix)
{
	struct addr a = prefix_addr(prefix);

	return prefix->bits == family_max_bits(prefix->family) &&
	       kernel_links_is_local(links, &a);
}

bool
kernel_links_connected(const struct kernel_links *links, const struct addr *a,
    uint32_t *ifindex, struct prefix *subnet)
{
	const struct kernel_address *best = NULL;

	if (a->family == FAMILY_NONE)
		return false;
	for (const struct kernel_address *i = links->subnets; i != NULL;
	     i = i->next_subnet)
		if (i->reported && prefix_covers_addr(&i->subnet, a) &&
		    (best == NULL || i->subnet.bits > best->subnet.bits))
			best = i;
	if (best == NULL)
		return false;
	if (ifindex != NULL)
		*ifindex = best->link->ifindex;
	if (subnet != NULL)
		*subnet = best->subnet;
	return true;
}

uint32_t
kernel_links_of_address(const struct kernel_links *links, const struct addr *a)
{
	const struct local_node *node =
	    a->family == FAMILY_NONE ? NULL : find_local(links, a);

	for (struct kernel_address *i = node != NULL ? node->first : NULL; i != NULL;
	     i = i->next_same)
		if (i->reported)
			return i->link->ifindex;
	return 0;
}

/* New ones are put in front: the oldest, the primary, is the last. */
static struct addr
find_oldest(const struct kernel_links *links, uint32_t ifindex, enum family family,
    bool link_local)
{
	const struct kernel_link *link = kernel_links_find(links, ifindex);
	struct addr found = addr_none();

	for (struct kernel_address *a = link != NULL ? link->addresses : NULL;
	     a != NULL; a = a->next)
		if (a->local.family == family && a->reported &&
		    addr_is_link_local(&a->local) == link_local)
			found = a->local;
	return found;
}

struct addr
kernel_links_address(
    const struct kernel_links *links, uint32_t ifindex, enum family family)
{
	return find_oldest(links, ifindex, family, false);
}

struct addr
kernel_links_link_local(const struct kernel_links *links, uint32_t ifindex)
{
	return find_oldest(links, ifindex, FAMILY_IPV6, true);
}
