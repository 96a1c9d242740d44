/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Groups and peers: options of the group under those of the peer, and what must hold
 * between several options of one session.
 */
#include <stdio.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

struct conf_peer *
peer_add(struct builder *b, const struct conf_node *node)
{
	struct conf *conf = b->conf;
	size_t n = conf->n_peers;
	struct conf_peer *peer;

	if ((n & (n - 1)) == 0) { /* room doubles at every power of two */
		size_t room = n == 0 ? 1 : n * 2;

		conf->peers = mem_resize(conf->peers, room, sizeof *conf->peers);
		b->peer_nodes = mem_resize(b->peer_nodes, room, sizeof(void *));
	}
	peer = &conf->peers[n];
	memset(peer, 0, sizeof *peer);
	(void)snprintf(peer->name, sizeof peer->name, "%s", section_title(node));
	peer->address = addr_none();
	peer->local_address6 = b->own_address6;
	b->peer_nodes[n] = node;
	conf->n_peers++;
	return peer;
}

bool
addr_is_host(const struct addr *a)
{
	static const uint8_t zero[16];

	if (a->family == FAMILY_IPV4)
		return a->bytes[0] != 0 && a->bytes[0] < 224;
	if (a->family != FAMILY_IPV6)
		return false;
	/* Not "::", multicast, or an IPv4-mapped address. */
	return memcmp(a->bytes, zero, 16) != 0 && a->bytes[0] != 0xff &&
	       !(memcmp(a->bytes, zero, 10) == 0 && a->bytes[10] == 0xff &&
		   a->bytes[11] == 0xff);
}

const struct conf_node *
group_find(const struct builder *b, const char *title)
{
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_SECTION && strcmp(at->name, "group") == 0 &&
		    strcmp(section_title(at), title) == 0)
			return at;
	}
	return NULL;
}

const struct conf_node *
group_resolve(struct builder *b, const struct conf_node *option)
{
	const char *title = option_text(option);
	const struct conf_node *group;

	if (title[0] == '\0')
		return NULL;
	group = group_find(b, title);
	if (group == NULL && !b->is_partial)
		build_error(b, option, option->values[0].line,
		    "group is %s, which does not exist; allowed: the title of a group",
		    quote(title).text);
	return group;
}

void
session_defaults(
    struct builder *b, const struct conf_node *group, struct conf_peer_options *out)
{
	memset(out, 0, sizeof *out);
	values_default(b, CONF_SECTION_SESSION, out);
	out->hold_time_s = b->conf->router.hold_time_s;
	out->long_lived_stale_time_s = b->conf->router.long_lived_stale_time_s;
	if (group == NULL)
		return;
	b->is_quiet = true; /* the group's values are judged once, as a group */
	values_read(b, CONF_SECTION_SESSION, group, out);
	b->is_quiet = false;
}

void
graceful_restart_settle(const struct builder *b, struct conf_peer_options *options)
{
	options->graceful_restart &= b->conf->router.graceful_restart;
	if (!options->graceful_restart)
		options->long_lived_stale_time_s = 0;
}

/* Where the session's own section or its group sets the key; NULL: nowhere. */
static const struct conf_node *
option_effective(
    const struct conf_node *section, const struct conf_node *group, const char *key)
{
	const struct conf_node *own = option_node(section, key);

	return own != NULL ? own : option_node(group, key);
}

static bool
is_set_above_zero(const struct conf_node *option)
{
	const char *text = option_text(option);

	return text[0] != '\0' && strcmp(text, "0") != 0;
}

/*
 * remote_as and local_as as the session will use them.  False when they are not known,
 * which was or is reported here.
 */
static bool
session_as(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, struct conf_peer_options *options)
{
	const struct conf_node *as = option_effective(section, group, "as");
	const char *text = option_text(as);

	if (options->local_as == 0)
		options->local_as = b->conf->router.as;
	if (as == NULL) {
		if (!b->is_partial)
			build_error(b, section, section->line,
			    "'as' is missing in %s%s; allowed: %s",
			    section_describe(section).text,
			    group != NULL && group != section ? " and in its group"
							      : "",
			    conf_option_find(CONF_SECTION_SESSION, "as")->allowed);
		return false;
	}
	if (strcmp(text, "internal") == 0)
		options->remote_as = options->local_as;
	return options->local_as != 0 &&
	       (options->remote_as != 0 || strcmp(text, "external") == 0);
}

void
session_check(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, const struct conf_peer_options *options)
{
	const struct conf_node *ttl = option_effective(section, group, "ttl-security");
	const struct conf_node *multihop = option_effective(section, group, "multihop");
	const struct conf_node *long_lived =
	    option_effective(section, group, "long-lived-stale-time");

	if (is_set_above_zero(ttl) && is_set_above_zero(multihop))
		build_error(b, ttl, ttl->line,
		    "'ttl-security' and 'multihop' are both set for %s; allowed: one",
		    section_describe(section).text);
	/* RFC 9494 4.1: the capability goes with that of RFC 4724. */
	if (is_set_above_zero(long_lived) && !options->graceful_restart)
		build_error(b, long_lived, long_lived->line,
		    "long-lived-stale-time is set for %s, where graceful-restart is "
		    "false; allowed: 0, or graceful-restart = true",
		    section_describe(section).text);
}

static void
client_check(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, const struct conf_peer_options *options)
{
	const struct conf_node *client = option_effective(section, group, "client");

	if (options->client && options->remote_as != options->local_as &&
	    client != NULL)
		build_error(b, client, client->line,
		    "client is true for %s, which is eBGP; allowed: false, or an "
		    "iBGP peer",
		    section_describe(section).text);
}

static void
group_build(struct builder *b, const struct conf_node *node, struct conf_group *group)
{
	values_default(b, CONF_SECTION_GROUP, group);
	values_read(b, CONF_SECTION_GROUP, node, group);
	(void)snprintf(group->name, sizeof group->name, "%s", section_title(node));
	session_defaults(b, NULL, &group->options);
	secret_check(b, node);
	values_read(b, CONF_SECTION_SESSION, node, &group->options);
	graceful_restart_settle(b, &group->options);

	/* Without a range it is a template, complete only with its peers. */
	if (group->n_ranges == 0)
		return;
	session_check(b, node, NULL, &group->options);
	if (session_as(b, node, NULL, &group->options))
		client_check(b, node, NULL, &group->options);
}

void
groups_build(struct builder *b)
{
	struct conf *conf = b->conf;
	size_t n = 0;

	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next)
		n += at->kind == CONF_NODE_SECTION && strcmp(at->name, "group") == 0;
	conf->groups = mem_zero(n, sizeof *conf->groups);
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_SECTION && strcmp(at->name, "group") == 0)
			group_build(b, at, &conf->groups[conf->n_groups++]);
	}
}

/* As the kernel takes them. */
static bool
is_interface_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= CONF_INTERFACE_LEN || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0)
		return false;
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("/:%", *at))
			return false;
	return true;
}

/* "fe80::1%eth0", and any other address without a zone.  False: neither. */
static bool
address_parse(const char *text, struct addr *out, const char **interface)
{
	const char *zone = strchr(text, '%');
	char buf[ADDR_TEXT_LEN];
	size_t len = zone == NULL ? strlen(text) : (size_t)(zone - text);
	struct addr a;

	if (len >= sizeof buf)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (!addr_parse(buf, &a) || !addr_is_host(&a) ||
	    addr_is_link_local(&a) != (zone != NULL) ||
	    (zone != NULL && !is_interface_name(zone + 1)))
		return false;
	*out = a;
	*interface = zone == NULL ? "" : zone + 1;
	return true;
}

/* The address of a peer, or its title when that is one. */
static void
peer_address(struct builder *b, const struct conf_node *node, struct conf_peer *peer)
{
	const struct conf_option *row = conf_option_find(CONF_SECTION_PEER, "address");
	const struct conf_node *option = option_node(node, "address");
	const char *text = option != NULL ? option_text(option) : section_title(node);
	const char *interface;
	struct addr a;

	if (option != NULL && (option->is_list || option->n_values != 1))
		return; /* reported by structure.c */
	if (address_parse(text, &peer->address, &interface)) {
		(void)snprintf(
		    peer->interface, sizeof peer->interface, "%s", interface);
	} else if (option != NULL) {
		value_refuse(b, row, option, &option->values[0]);
	} else if (addr_parse(text, &a) || strchr(text, '%') != NULL) {
		build_error(b, node, node->line, "address is %s; allowed: %s",
		    quote(text).text, row->allowed);
	} else if (!b->is_partial) {
		build_error(b, node, node->line,
		    "'address' is missing in %s; allowed: %s",
		    section_describe(node).text, row->allowed);
	}
}

/* An unnumbered peer: its link in place of an address. */
static void
peer_interface(struct builder *b, const struct conf_node *node, struct conf_peer *peer)
{
	const struct conf_option *row =
	    conf_option_find(CONF_SECTION_PEER, "interface");
	const struct conf_node *option = option_node(node, "interface");
	const struct conf_node *address = option_node(node, "address");
	const char *zone;
	struct addr a;

	if (option->is_list || option->n_values != 1)
		return; /* reported by structure.c */
	if (address != NULL || address_parse(section_title(node), &a, &zone)) {
		build_error(b, option, option->line,
		    "'address' and 'interface' are both set for %s; allowed: one",
		    section_describe(node).text);
		return;
	}
	if (!is_interface_name(option_text(option))) {
		value_refuse(b, row, option, &option->values[0]);
		return;
	}
	(void)snprintf(
	    peer->interface, sizeof peer->interface, "%s", option_text(option));
}

/* "" is none, as it is where the environment fills it in. */
static bool
is_interface_set(const struct conf_node *node)
{
	const struct conf_node *option = option_node(node, "interface");

	return option != NULL && (option->is_list || option_text(option)[0] != '\0');
}

/* What makes no sense for a peer on the link. */
static void
link_check(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, const struct conf_peer *peer)
{
	const struct conf_node *multihop = option_effective(section, group, "multihop");
	const struct conf_node *local =
	    option_effective(section, group, "local-address");

	if (peer->interface[0] == '\0')
		return;
	if (is_set_above_zero(multihop))
		build_error(b, multihop, multihop->line,
		    "multihop is %s; allowed for %s, which is on the link: 0",
		    quote(option_text(multihop)).text, section_describe(section).text);
	if (conf_peer_is_unnumbered(peer) && local != NULL &&
	    option_text(local)[0] != '\0')
		build_error(b, local, local->line,
		    "'local-address' is set for %s, which is unnumbered; allowed: "
		    "none, the link has one",
		    section_describe(section).text);
}

static void
local_address_check(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, const struct conf_peer *peer)
{
	const struct conf_node *option =
	    option_effective(section, group, "local-address");
	const struct addr *local = &peer->options.local_address;

	if (local->family == FAMILY_NONE || peer->address.family == FAMILY_NONE ||
	    option == NULL)
		return;
	if (local->family != peer->address.family || !addr_is_host(local) ||
	    (addr_is_link_local(local) && peer->interface[0] == '\0'))
		build_error(b, option, option->values[0].line,
		    "local-address is %s; allowed for %s: an %s address",
		    quote(option_text(option)).text, section_describe(section).text,
		    peer->address.family == FAMILY_IPV4 ? "IPv4" : "IPv6");
}

static void
peer_build(struct builder *b, const struct conf_node *node)
{
	const struct conf_node *group = group_resolve(b, option_node(node, "group"));
	struct conf_peer *peer = peer_add(b, node);

	values_default(b, CONF_SECTION_PEER, peer);
	values_read(b, CONF_SECTION_PEER, node, peer);
	if (is_interface_set(node))
		peer_interface(b, node, peer);
	else
		peer_address(b, node, peer);
	session_defaults(b, group, &peer->options);
	secret_check(b, node);
	values_read(b, CONF_SECTION_SESSION, node, &peer->options);
	/* Its link may have no IPv4 at all: as FRR has it, unless it is told. */
	if (conf_peer_is_unnumbered(peer) &&
	    option_effective(node, group, "extended-next-hop") == NULL)
		peer->options.extended_next_hop = true;
	graceful_restart_settle(b, &peer->options);

	session_check(b, node, group, &peer->options);
	local_address_check(b, node, group, peer);
	link_check(b, node, group, peer);
	if (session_as(b, node, group, &peer->options))
		client_check(b, node, group, &peer->options);
}

void
peers_build(struct builder *b)
{
	for (const struct conf_node *at = b->root->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_SECTION && strcmp(at->name, "peer") == 0)
			peer_build(b, at);
	}
}
