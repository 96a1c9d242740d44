/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the foreign routes of one prefix mean: which of them resolves next hops, which
 * imports take the prefix, whether it is connected here.  Judged from scratch after
 * each change (a prefix has one or two routes), told where the answer differs from the
 * last.
 */
#include "kernel_view_types.h"

#include <sys/socket.h>

#include <linux/rtnetlink.h>

bool
kernel_view_wants(const struct kernel_view *view, const struct kroute *route)
{
	struct addr a = prefix_addr(&route->prefix);

	if (route->tos != 0 || route->cloned || route->from_source)
		return false;
	switch (route->type) {
	case RTN_UNICAST:
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		if (route->table != view->id.table && route->table != RT_TABLE_MAIN)
			return false;
		break;
	case RTN_LOCAL:
		if (!workload_wants_type(view->rules, RTN_LOCAL))
			return false;
		break;
	default: return false;
	}
	if (route->prefix.bits == 0)
		return true;
	if (a.family == FAMILY_IPV6)
		return !addr_is_link_local(&a) && a.bytes[0] != 0xff;
	return (a.bytes[0] & 0xf0) != 0xe0;
}

/* ---- next hop resolution ---- */

/*
 * The hop that stands for the route, of those whose link works: the lowest gateway,
 * since the order of the hops of an IPv6 route depends on how one asks.
 */
static const struct view_hop *
usable_hop(const struct view_route *route)
{
	const struct view_hop *best = NULL;

	for (unsigned i = 0; i < route->n_hops; i++) {
		const struct view_hop *hop = &route->hops[i];

		if (kernel_link_usable(hop->link) &&
		    (best == NULL || addr_compare(&hop->gateway, &best->gateway) < 0))
			best = hop;
	}
	return best;
}

static bool
is_subnet(const struct view_route *route)
{
	return route->type == RTN_UNICAST &&
	       (route->protocol == RTPROT_KERNEL || route->protocol == RTPROT_RA) &&
	       route->n_hops == 1 && route->hops[0].gateway.family == FAMILY_NONE;
}

/* Our table first, then the main one, then the order of the kernel. */
static bool
is_better(const struct kernel_view *view, const struct view_route *a,
    const struct view_route *b)
{
	if (b == NULL || a->metric != b->metric)
		return b == NULL || a->metric < b->metric;
	return a->table == view->id.table && b->table != view->id.table;
}

static const struct view_route *
best_route(const struct kernel_view *view, const struct view_node *node)
{
	const struct view_route *best = NULL;

	for (const struct view_route *i = node->routes; i != NULL; i = i->next)
		if (!i->gone && i->type == RTN_UNICAST && usable_hop(i) != NULL &&
		    is_better(view, i, best))
			best = i;
	return best;
}

static void
judge_igp(struct kernel_view *view, struct view_node *node)
{
	const struct view_route *best = best_route(view, node);
	const struct view_hop *hop = best != NULL ? usable_hop(best) : NULL;
	struct igp_route route = { .prefix = node->node.prefix };
	bool reported = (node->node.flags & NODE_IGP) != 0;

	if (hop == NULL) {
		node->node.flags &= (uint16_t)~NODE_IGP;
		if (reported && view->events->igp_gone != NULL)
			view->events->igp_gone(view->arg, &route.prefix);
		return;
	}
	route.metric = best->metric;
	route.gateway = hop->gateway;
	route.ifindex = hop->link->ifindex;
	route.connected = is_subnet(best);
	if (reported && node->igp.metric == route.metric &&
	    node->igp.ifindex == route.ifindex &&
	    node->igp.connected == route.connected &&
	    addr_equal(&node->igp.gateway, &route.gateway))
		return;
	node->node.flags |= NODE_IGP;
	node->igp.metric = route.metric;
	node->igp.ifindex = route.ifindex;
	node->igp.gateway = route.gateway;
	node->igp.connected = route.connected;
	if (view->events->igp != NULL)
		view->events->igp(view->arg, &route);
}

/* ---- workloads ---- */

static uint64_t
imports_of(const struct kernel_view *view, const struct view_route *route)
{
	const char *devices[KROUTE_HOPS_MAX];
	const struct workload_route facts = {
		.prefix = route->node->node.prefix,
		.protocol = route->protocol,
		.type = route->type,
		.n_devices = route->n_hops,
		.devices = devices,
	};

	for (unsigned i = 0; i < route->n_hops; i++)
		devices[i] = route->hops[i].link->name;
	return workload_match(view->rules, &facts);
}

/* 169.254/16 is a subnet like others to next hops, but nothing to be announced. */
static bool
is_link_local_ipv4(const struct prefix *p)
{
	return p->family == FAMILY_IPV4 && p->bytes[0] == 169 && p->bytes[1] == 254;
}

static void
judge_imports(struct kernel_view *view, struct view_node *node)
{
	uint64_t now = 0, changed;

	for (const struct view_route *i = node->routes; i != NULL; i = i->next)
		if (!i->gone && !is_link_local_ipv4(&node->node.prefix))
			now |= imports_of(view, i);
	changed = now ^ node->imports;
	node->imports = now;
	if (changed == 0 || view->events->workload == NULL)
		return;
	for (unsigned i = 0; i < WORKLOAD_RULES_MAX; i++)
		if ((changed >> i & 1) != 0)
			view->events->workload(
			    view->arg, i, &node->node.prefix, (now >> i & 1) != 0);
}

/* ---- connected ---- */

static void
judge_connected(struct kernel_view *view, struct view_node *node)
{
	bool was = (node->node.flags & NODE_CONNECTED) != 0, is = false;

	for (const struct view_route *i = node->routes; i != NULL && !is; i = i->next)
		is = !i->gone && i->table == RT_TABLE_MAIN && is_subnet(i) &&
		     kernel_link_up(i->hops[0].link);
	if (is == was)
		return;
	node->node.flags ^= NODE_CONNECTED;
	view->changed(view->owner, &node->node.prefix);
}

void
kernel_view_judge(struct kernel_view *view, struct view_node *node)
{
	judge_connected(view, node);
	judge_igp(view, node);
	judge_imports(view, node);
}
