/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cluster section, the same text on every node: find out which node this is, and
 * derive its sessions.  Also what is taken from the node by default: the router id and
 * the cluster id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

/* Both ends of a session between two nodes; `local` is FAMILY_NONE without any. */
struct ends {
	struct addr local;
	struct addr remote;
};

static void
node_address_check(struct builder *b, const struct conf_node *node, const char *key,
    enum family family, struct addr *a)
{
	const struct conf_node *option = option_node(node, key);

	if (a->family == FAMILY_NONE || option == NULL)
		return;
	if (a->family == family && addr_is_host(a) && !addr_is_link_local(a))
		return;
	value_refuse(
	    b, conf_option_find(CONF_SECTION_NODE, key), option, &option->values[0]);
	*a = addr_none();
}

static void
node_read(struct builder *b, const struct conf_node *node, struct cluster_node *out)
{
	values_default(b, CONF_SECTION_NODE, out);
	values_read(b, CONF_SECTION_NODE, node, out);
	out->node = node;
	out->name = section_title(node);
	node_address_check(b, node, "address", FAMILY_IPV4, &out->address);
	node_address_check(b, node, "address6", FAMILY_IPV6, &out->address6);
	if (option_node(node, "address") == NULL &&
	    option_node(node, "address6") == NULL && !b->is_partial)
		build_error(b, node, node->line,
		    "'address' is missing in %s; allowed: address = an IPv4 address, "
		    "address6 = an IPv6 address",
		    section_describe(node).text);
}

static void
nodes_read(struct builder *b, const struct conf_node *cluster)
{
	size_t room = 0;

	for (const struct conf_node *at = cluster->first; at != NULL; at = at->next)
		room += at->kind == CONF_NODE_SECTION;
	b->nodes = mem_zero(room, sizeof *b->nodes);
	for (const struct conf_node *at = cluster->first; at != NULL; at = at->next) {
		struct cluster_node *node = &b->nodes[b->n_nodes];

		if (at->kind != CONF_NODE_SECTION || strcmp(at->name, "node") != 0)
			continue;
		node_read(b, at, node);
		b->conf->cluster.n_reflectors += node->reflector;
		b->n_nodes++;
	}
	b->conf->cluster.n_nodes = b->n_nodes;
}

/* `mesh` never turns itself on by a reload; a start has nothing to compare with. */
static void
mesh_decide(struct builder *b, const struct conf_node *cluster)
{
	const struct conf *running = b->local->running;
	struct conf_cluster *out = &b->conf->cluster;

	out->mesh_written = option_node(cluster, "mesh") != NULL;
	if (out->mesh_written)
		return;
	out->mesh = out->n_reflectors == 0;
	if (out->mesh && running != NULL && running->cluster.n_reflectors > 0 &&
	    !b->is_partial)
		build_error(b, cluster, cluster->line,
		    "'mesh' is missing in 'cluster', whose last reflector is gone; "
		    "allowed: true, false");
}

static bool
addr_is_local(const struct builder *b, const struct addr *a)
{
	if (a->family == FAMILY_NONE)
		return false;
	for (size_t i = 0; i < b->local->n_addrs + b->local->n_down; i++) {
		if (addr_equal(&b->local->addrs[i], a))
			return true;
	}
	return false;
}

static const struct cluster_node *
own_by_name(struct builder *b, const struct conf_node *option)
{
	const char *name = option_text(option);

	for (size_t i = 0; i < b->n_nodes; i++) {
		if (strcmp(b->nodes[i].name, name) == 0)
			return &b->nodes[i];
	}
	if (!b->is_partial)
		build_error(b, option, option->values[0].line,
		    "node is %s, which is not in 'cluster'; allowed: %s",
		    quote(name).text,
		    conf_option_find(CONF_SECTION_ROUTER, "node")->allowed);
	return NULL;
}

static const struct cluster_node *
own_by_address(struct builder *b, const struct conf_node *cluster)
{
	const struct cluster_node *own = NULL;

	for (size_t i = 0; i < b->n_nodes; i++) {
		const struct cluster_node *node = &b->nodes[i];

		if (!addr_is_local(b, &node->address) &&
		    !addr_is_local(b, &node->address6))
			continue;
		if (own != NULL) {
			build_error(b, cluster, cluster->line,
			    "the addresses of nodes %s and %s are both local; allowed: "
			    "node = the title of one of them, in 'router'",
			    quote(own->name).text, quote(node->name).text);
			return NULL;
		}
		own = node;
	}
	if (own == NULL && !b->is_partial)
		build_error(b, cluster, cluster->line,
		    "no node in 'cluster' has an address of this host; allowed: a node "
		    "with a local address, or node = a title, in 'router'");
	return own;
}

static const struct cluster_node *
own_find(struct builder *b, const struct conf_node *cluster)
{
	const struct conf_node *option = option_node(section_find(b, "router"), "node");

	if (option_text(option)[0] != '\0')
		return own_by_name(b, option);
	return own_by_address(b, cluster);
}

static uint32_t
highest_local_ipv4(const struct builder *b)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < b->local->n_addrs; i++) {
		uint32_t a = addr_to_ipv4(&b->local->addrs[i]);

		if (a > highest)
			highest = a;
	}
	return highest;
}

static void
ids_derive(struct builder *b, const struct cluster_node *own)
{
	struct conf_router *router = &b->conf->router;
	const struct conf_node *section = section_find(b, "router");

	if (router->id == 0 && own != NULL)
		router->id = addr_to_ipv4(&own->address);
	if (router->id == 0)
		router->id = highest_local_ipv4(b);
	if (router->id == 0 && section != NULL && option_node(section, "id") == NULL &&
	    !b->is_partial)
		build_error(b, section, section->line,
		    "'id' is missing in 'router', and this host has no IPv4 address to "
		    "take it from; allowed: an IPv4 address");
	if (router->cluster_id == 0 && own != NULL)
		router->cluster_id = own->cluster_id;
	if (router->cluster_id == 0)
		router->cluster_id = router->id;
}

/* What the cluster section itself decides cannot come from the group as well. */
static void
cluster_group_check(struct builder *b, const struct conf_node *group)
{
	static const char *const keys[] = { "as", "local-as", "local-address",
		"client" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct conf_node *option = option_node(group, keys[i]);

		if (option != NULL)
			build_error(b, option, option->line,
			    "'%s' is set in %s, which 'cluster' uses; allowed: in "
			    "groups of peers alone, 'cluster' decides it",
			    keys[i], section_describe(group).text);
	}
}

/* Which of two keys would be meant? */
static void
cluster_secret_check(
    struct builder *b, const struct conf_node *cluster, const struct conf_node *group)
{
	const struct conf_node *file = option_node(cluster, "password-file");

	if (file != NULL && secret_is_written(group))
		build_error(b, file, file->line,
		    "'password-file' is set in 'cluster', whose %s has a password, "
		    "too; allowed: one of both",
		    section_describe(group).text);
}

static struct ends
session_ends(const struct cluster_node *own, const struct cluster_node *other)
{
	if (own->address.family != FAMILY_NONE && other->address.family != FAMILY_NONE)
		return (struct ends){ own->address, other->address };
	if (own->address6.family != FAMILY_NONE &&
	    other->address6.family != FAMILY_NONE)
		return (struct ends){ own->address6, other->address6 };
	return (struct ends){ addr_none(), addr_none() };
}

static bool
has_any_address(const struct cluster_node *node)
{
	return node->address.family != FAMILY_NONE ||
	       node->address6.family != FAMILY_NONE;
}

static void
session_build(struct builder *b, const struct cluster_node *own,
    const struct cluster_node *other, const struct conf_peer_options *options)
{
	struct ends ends = session_ends(own, other);
	struct conf_peer *peer;

	if (ends.local.family == FAMILY_NONE) {
		if (has_any_address(own) && has_any_address(other))
			build_error(b, other->node, other->node->line,
			    "node %s has no address of a family that our own node %s "
			    "has; allowed: address or address6 on both",
			    quote(other->name).text, quote(own->name).text);
		return;
	}
	peer = peer_add(b, other->node);
	peer->enabled = true;
	peer->from_cluster = true;
	peer->reflector = other->reflector && !own->reflector;
	peer->address = ends.remote;
	peer->dial_late = addr_compare(&ends.local, &ends.remote) < 0;
	peer->options = *options;
	peer->options.local_address = ends.local;
	peer->options.client = own->reflector && !other->reflector;
}

static void
sessions_build(
    struct builder *b, const struct conf_node *cluster, const struct cluster_node *own)
{
	const struct conf_node *group = group_resolve(b, option_node(cluster, "group"));
	struct conf_peer_options options;

	session_defaults(b, group, &options);
	if (b->conf->cluster.password != 0)
		options.password = b->conf->cluster.password;
	options.local_as = b->conf->cluster.as;
	options.remote_as = b->conf->cluster.as;
	graceful_restart_settle(b, &options);
	/* The nodes listen where this one does: they read the same file. */
	if (option_node(group, "port") == NULL)
		options.port = b->conf->router.port;
	if (group != NULL) {
		cluster_group_check(b, group);
		cluster_secret_check(b, cluster, group);
		session_check(b, group, NULL, &options);
	}
	for (size_t i = 0; own != NULL && i < b->n_nodes; i++) {
		const struct cluster_node *other = &b->nodes[i];

		if (other != own &&
		    (b->conf->cluster.mesh || own->reflector || other->reflector))
			session_build(b, own, other, &options);
	}
}

/* Who is in the cluster at all, with a session or without. */
static void
addresses_note(struct builder *b)
{
	struct conf_cluster *cluster = &b->conf->cluster;

	cluster->addresses = mem_zero(2 * b->n_nodes, sizeof(*cluster->addresses));
	for (size_t i = 0; i < b->n_nodes; i++) {
		const struct addr *both[] = { &b->nodes[i].address,
			&b->nodes[i].address6 };

		for (int k = 0; k < 2; k++)
			if (both[k]->family != FAMILY_NONE)
				cluster->addresses[cluster->n_addresses++] = *both[k];
	}
}

void
cluster_build(struct builder *b)
{
	const struct conf_node *node = section_find(b, "cluster");
	struct conf_cluster *cluster = &b->conf->cluster;
	const struct cluster_node *own;

	b->own_address6 = addr_none();
	if (node == NULL) {
		ids_derive(b, NULL);
		return;
	}
	cluster->present = true;
	values_read(b, CONF_SECTION_CLUSTER, node, cluster);
	if (cluster->as == 0)
		cluster->as = b->conf->router.as;
	nodes_read(b, node);
	addresses_note(b);
	mesh_decide(b, node);
	own = own_find(b, node);
	if (own != NULL) {
		b->own_address6 = own->address6;
		(void)snprintf(
		    b->conf->router.node, sizeof b->conf->router.node, "%s", own->name);
	}
	ids_derive(b, own);
	sessions_build(b, node, own);
}
