/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Foreign routes: adding, removing, dumps; what follows from them is judged in
 * kernel_judge.c.
 *
 * The kernel names a route by different things.  IPv4: prefix, TOS, metric; several may
 * share that key and are told apart by everything else, and NLM_F_REPLACE replaces the
 * first.  IPv6: prefix and metric; routes with a gateway that share it are hops of one
 * route.
 */
#include "kernel_view.h"

#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "bgp/memory.h"
#include "kernel_view_types.h"

void
kernel_view_init(struct kernel_view *view)
{
	route_table_init(&view->nodes);
}

/* ---- routes ---- */

static void
link_hop(struct kernel_view *view, struct view_route *route, struct view_hop *hop,
    const struct fib_hop *from)
{
	struct kernel_link *link = kernel_links_get(view->links, from->ifindex);

	*hop = (struct view_hop){
		.next = link->hops,
		.prev = &link->hops,
		.route = route,
		.link = link,
		.gateway = from->gateway,
		.weight = from->weight,
	};
	if (hop->next != NULL)
		hop->next->prev = &hop->next;
	link->hops = hop;
}

static bool
is_in_our_place(const struct kernel_view *view, const struct view_route *route)
{
	return route->table == view->id.table &&
	       route->metric ==
		   fib_identity_metric(&view->id, route->node->node.prefix.family);
}

/* The message is kept where our write could hit the route by mistake. */
static void
keep_message(const struct kernel_view *view, struct view_route *route,
    const struct nlmsghdr *header)
{
	if (route->message != NULL || header == NULL || !is_in_our_place(view, route))
		return;
	route->message = mem_alloc(header->nlmsg_len);
	memcpy(route->message, header, header->nlmsg_len);
}

static bool
same_key(const struct view_route *a, const struct kroute *b)
{
	return a->table == b->table && a->metric == b->metric;
}

/* In front of those with its key (where `ip route prepend` puts it), or at the end. */
static struct view_route **
place_of(struct view_node *node, const struct kroute *from, bool in_front)
{
	struct view_route **at = &node->routes;

	while (*at != NULL && !(in_front && same_key(*at, from)))
		at = &(*at)->next;
	return at;
}

static struct view_route *
insert_route(struct kernel_view *view, struct view_node *node,
    const struct kroute *from, const struct nlmsghdr *header, bool in_front)
{
	struct view_route *route =
	    mem_zero(1, sizeof(*route) + (size_t)from->n_hops * sizeof(*route->hops));
	struct view_route **at = place_of(node, from, in_front);

	route->node = node;
	route->table = from->table;
	route->metric = from->metric;
	route->protocol = from->protocol;
	route->type = from->type;
	route->scope = from->scope;
	route->source = from->source;
	route->n_hops = from->n_hops;
	for (unsigned i = 0; i < from->n_hops; i++)
		link_hop(view, route, &route->hops[i], &from->hops[i]);
	route->next = *at;
	*at = route;
	keep_message(view, route, header);
	if (is_in_our_place(view, route))
		view->changed(view->owner, &node->node.prefix);
	return route;
}

/* Rows come in the kernel's order: those seen end up in it. */
static void
move_to_end(struct view_route *route)
{
	struct view_route **at = &route->node->routes;

	if (route->next == NULL)
		return;
	while (*at != route)
		at = &(*at)->next;
	*at = route->next;
	while (*at != NULL)
		at = &(*at)->next;
	*at = route;
	route->next = NULL;
}

static void
free_route(struct kernel_view *view, struct view_route *route)
{
	for (unsigned i = 0; i < route->n_hops; i++) {
		struct view_hop *hop = &route->hops[i];

		*hop->prev = hop->next;
		if (hop->next != NULL)
			hop->next->prev = hop->prev;
		kernel_links_release(view->links, hop->link);
	}
	free(route->message);
	free(route);
}

static void
unlink_route(struct kernel_view *view, struct view_route *route)
{
	struct view_route **at = &route->node->routes;

	while (*at != route)
		at = &(*at)->next;
	*at = route->next;
	free_route(view, route);
}

/* It left the kernel; the caller judges the node afterwards. */
static void
drop_route(struct kernel_view *view, struct view_route *route)
{
	struct prefix prefix = route->node->node.prefix;
	bool ours = is_in_our_place(view, route) && !route->gone;

	if (view->dumping)
		route->gone = route->touched = true;
	else
		unlink_route(view, route);
	if (ours)
		view->changed(view->owner, &prefix);
}

void
kernel_view_destroy(struct kernel_view *view)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *at;

	while ((at = route_table_walk(&view->nodes, &cursor)) != NULL) {
		struct view_node *node = (struct view_node *)at;

		while (node->routes != NULL)
			unlink_route(view, node->routes);
		free(node);
	}
	route_table_destroy(&view->nodes);
	workload_rules_free(view->rules);
}

/* ---- nodes ---- */

static struct view_node *
node_find(const struct kernel_view *view, const struct prefix *prefix)
{
	return (struct view_node *)route_table_find(&view->nodes, prefix);
}

static struct view_node *
node_get(struct kernel_view *view, const struct prefix *prefix)
{
	struct view_node *node = node_find(view, prefix);

	if (node == NULL) {
		node = mem_zero(1, sizeof(*node));
		node->node.prefix = *prefix;
		route_table_insert(&view->nodes, &node->node);
	}
	return node;
}

/* Judges a node after a change; one without routes is freed. */
static void
settle(struct kernel_view *view, struct view_node *node)
{
	kernel_view_judge(view, node);
	if (node->routes == NULL) {
		route_table_remove(&view->nodes, &node->node);
		free(node);
	}
}

/* ---- what a message is about ---- */

static bool
same_hop(const struct view_hop *a, const struct fib_hop *b)
{
	return a->link->ifindex == b->ifindex && addr_equal(&a->gateway, &b->gateway);
}

static bool
has_hop(const struct kroute *route, const struct view_hop *hop)
{
	for (unsigned i = 0; i < route->n_hops; i++)
		if (same_hop(hop, &route->hops[i]))
			return true;
	return false;
}

/* All of the hops, in any order: IPv6 may begin with another one each time. */
static bool
same_hops(const struct view_route *a, const struct kroute *b)
{
	if (a->n_hops != b->n_hops)
		return false;
	for (unsigned i = 0; i < a->n_hops; i++)
		if (!same_hop(&a->hops[i], &b->hops[i]) && !has_hop(b, &a->hops[i]))
			return false;
	return true;
}

static struct view_route *
find_exact(struct view_node *node, const struct kroute *route)
{
	struct view_route *i = node->routes;

	while (i != NULL &&
	       !(same_key(i, route) && i->protocol == route->protocol &&
		   i->type == route->type && i->scope == route->scope &&
		   addr_equal(&i->source, &route->source) && same_hops(i, route)))
		i = i->next;
	return i;
}

static bool
has_gateway(const struct kroute *route)
{
	return route->n_hops > 0 && route->hops[0].gateway.family != FAMILY_NONE;
}

/* The routes that this event says are no more, other than `exact`.  False: doubt. */
static bool
drop_replaced(struct kernel_view *view, struct view_node *node,
    const struct kroute *route, const struct view_route *exact, bool replace)
{
	bool merge = route->prefix.family == FAMILY_IPV6 && has_gateway(route);
	unsigned n = 0;

	if (!replace && !merge)
		return true;
	for (struct view_route *i = node->routes, *next; i != NULL; i = next) {
		next = i->next;
		if (i == exact || i->gone || !same_key(i, route))
			continue;
		if (!replace &&
		    (i->n_hops == 0 || i->hops[0].gateway.family == FAMILY_NONE))
			continue;
		if (n++ == 0)
			drop_route(view, i);
	}
	return n <= 1;
}

/* ---- adding ---- */

static bool
add_row(struct kernel_view *view, struct view_node *node, const struct kroute *route,
    const struct nlmsghdr *header, struct view_route *exact)
{
	if (exact != NULL) {
		exact->seen = true;
		move_to_end(exact);
		keep_message(view, exact, header);
		return true;
	}
	for (struct view_route *i = node->routes; i != NULL; i = i->next)
		if (i->touched && same_key(i, route))
			return false; /* an event was faster; which is newer? */
	insert_route(view, node, route, header, false)->seen = true;
	return true;
}

static bool
add_event(struct kernel_view *view, struct view_node *node, const struct kroute *route,
    const struct nlmsghdr *header, struct view_route *exact)
{
	bool replace = (header->nlmsg_flags & NLM_F_REPLACE) != 0;
	bool append = (header->nlmsg_flags & NLM_F_APPEND) != 0;
	bool sure = drop_replaced(view, node, route, exact, replace);

	if (exact == NULL) {
		exact = insert_route(view, node, route, header, !append);
	} else if (exact->gone) {
		exact->gone = false;
		if (is_in_our_place(view, exact))
			view->changed(view->owner, &node->node.prefix);
	}
	exact->touched = view->dumping;
	return sure;
}

bool
kernel_view_add(struct kernel_view *view, const struct kroute *route,
    const struct nlmsghdr *header, enum kernel_source source)
{
	struct view_node *node = node_get(view, &route->prefix);
	struct view_route *exact = find_exact(node, route);
	bool sure = source == KERNEL_DUMP ? add_row(view, node, route, header, exact)
					  : add_event(view, node, route, header, exact);

	settle(view, node);
	return sure;
}

/* ---- removing ---- */

/* IPv6 deletes single hops of a route. */
static bool
remove_hops(
    struct kernel_view *view, struct view_node *node, const struct kroute *route)
{
	struct view_route *from = node->routes;
	struct kroute rest = *route;

	while (from != NULL &&
	       (from->gone || !same_key(from, route) || from->n_hops <= route->n_hops))
		from = from->next;
	if (from == NULL)
		return false;
	rest.protocol = from->protocol;
	rest.n_hops = 0;
	for (unsigned i = 0; i < from->n_hops; i++) {
		const struct view_hop *hop = &from->hops[i];

		if (!has_hop(route, hop))
			rest.hops[rest.n_hops++] = (struct fib_hop){
				.gateway = hop->gateway,
				.ifindex = hop->link->ifindex,
				.weight = hop->weight,
			};
	}
	drop_route(view, from);
	insert_route(view, node, &rest, NULL, true)->touched = view->dumping;
	return true;
}

bool
kernel_view_remove(struct kernel_view *view, const struct kroute *route)
{
	struct view_node *node = view->dumping ? node_get(view, &route->prefix)
					       : node_find(view, &route->prefix);
	struct view_route *exact;
	bool sure = true;

	if (node == NULL)
		return true; /* known already: the link went down before */
	exact = find_exact(node, route);
	if (exact != NULL && !exact->gone) {
		drop_route(view, exact);
	} else if (exact == NULL && route->prefix.family == FAMILY_IPV6 &&
		   route->n_hops > 0 && remove_hops(view, node, route)) {
		/* the rest of it stays */
	} else if (exact == NULL && view->dumping) {
		exact = insert_route(view, node, route, NULL, false);
		exact->touched = exact->gone = true;
	} else if (exact == NULL) {
		/* A link that went down took it, or something was missed. */
		sure = node->routes == NULL;
	}
	settle(view, node);
	return sure;
}

/* ---- links ---- */

/*
 * What the kernel has flushed.  IPv4 routes of host scope (local ones, and the ones the
 * CNI plugin ptp makes for its containers) stay while their link is down, until it is
 * removed.
 */
static bool
all_hops_down(const struct view_route *route)
{
	bool stays = route->node->node.prefix.family == FAMILY_IPV4 &&
		     route->scope == RT_SCOPE_HOST;

	for (unsigned i = 0; i < route->n_hops; i++) {
		const struct kernel_link *link = route->hops[i].link;

		if (stays ? link->known : kernel_link_up(link))
			return false;
	}
	return route->n_hops > 0;
}

static void
drop_dead_routes(struct kernel_view *view, struct view_node *node)
{
	for (struct view_route *i = node->routes, *next; i != NULL; i = next) {
		next = i->next;
		if (!i->gone && all_hops_down(i))
			drop_route(view, i);
	}
}

void
kernel_view_link(struct kernel_view *view, struct kernel_link *link, unsigned change)
{
	struct view_node **nodes = NULL;
	size_t n = 0, room = 0;

	if (change == 0)
		return;
	/* Settling frees routes and thereby hops: the nodes are gathered first. */
	for (struct view_hop *hop = link->hops; hop != NULL; hop = hop->next) {
		struct view_node *node = hop->route->node;

		if ((node->node.flags & NODE_LISTED) != 0)
			continue;
		node->node.flags |= NODE_LISTED;
		if (n == room) {
			room = room == 0 ? 16 : 2 * room;
			nodes = mem_resize(nodes, room, sizeof(struct view_node *));
		}
		nodes[n++] = node;
	}
	for (size_t i = 0; i < n; i++) {
		nodes[i]->node.flags &= (uint16_t)~NODE_LISTED;
		if ((change & LINK_WENT_DOWN) != 0)
			drop_dead_routes(view, nodes[i]);
		settle(view, nodes[i]);
	}
	free(nodes);
}

/* ---- dumps ---- */

void
kernel_view_dump_begin(struct kernel_view *view)
{
	view->dumping = true;
}

static bool
sweep_node(struct kernel_view *view, struct view_node *node, bool complete)
{
	bool changed = false;

	for (struct view_route *i = node->routes, *next; i != NULL; i = next) {
		next = i->next;
		if (i->gone) {
			unlink_route(view, i);
			changed = true;
		} else if (complete && !i->seen && !i->touched) {
			drop_route(view, i);
			changed = true;
		} else {
			i->seen = i->touched = false;
		}
	}
	return changed;
}

void
kernel_view_dump_end(struct kernel_view *view, bool complete)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	view->dumping = false;
	while ((node = route_table_walk(&view->nodes, &cursor)) != NULL)
		if (sweep_node(view, (struct view_node *)node, complete))
			settle(view, (struct view_node *)node);
}

void
kernel_view_reload(struct kernel_view *view, struct workload_rules *rules,
    const struct fib_identity *id)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	workload_rules_free(view->rules);
	view->rules = rules;
	view->id = *id;
	while ((node = route_table_walk(&view->nodes, &cursor)) != NULL)
		kernel_view_judge(view, (struct view_node *)node);
}

/* ---- questions ---- */

bool
kernel_view_is_connected(const struct kernel_view *view, const struct prefix *prefix)
{
	const struct view_node *node = node_find(view, prefix);

	return node != NULL && (node->node.flags & NODE_CONNECTED) != 0;
}

bool
kernel_view_foreign_at(const struct kernel_view *view, const struct prefix *prefix,
    uint8_t *protocol, const struct nlmsghdr **message)
{
	const struct view_node *node = node_find(view, prefix);

	for (const struct view_route *i = node != NULL ? node->routes : NULL; i != NULL;
	     i = i->next) {
		if (i->gone || !is_in_our_place(view, i) ||
		    i->protocol == view->id.protocol || i->table == RT_TABLE_LOCAL)
			continue;
		if (protocol != NULL)
			*protocol = i->protocol;
		if (message != NULL)
			*message = i->message;
		return true;
	}
	return false;
}
