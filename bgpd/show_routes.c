/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routes as JSON: the paths of the RIB with what became of each, and what a peer is
 * sent; see show_routes.h.
 */
#include "show_routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bgp/memory.h"
#include "text.h"

enum { REASON_LEN = 128 };

/* What one row is made from. */
struct row_context {
	const struct control_ops *ops;
	const struct rib *rib;
	enum family family;
	const struct dest *dest;
	const struct path *best;
	bool installed; /* of the destination */
	const struct path
	    *used[RIB_MULTIPATH_MAX]; /* carry its traffic, the best first */
	unsigned n_used;
};

static bool
is_used(const struct row_context *row, const struct path *path)
{
	for (unsigned i = 0; i < row->n_used; i++)
		if (row->used[i] == path)
			return true;
	return false;
}

static const char *
next_hop_reason(const struct path *path, char *buf)
{
	struct addr addr = attrs_next_hop_addr(path->attrs);
	const struct nexthop *nh = path->attrs->nexthop;
	char text[ADDR_TEXT_LEN];

	if (addr_is_link_local(&addr) && (nh == NULL || nh->link == 0)) {
		snprintf(buf, REASON_LEN,
		    "next hop %s is link-local, and its peer is on no link of ours",
		    addr_format(&addr, text));
		return buf;
	}
	snprintf(buf, REASON_LEN, "next hop %s is %s", addr_format(&addr, text),
	    nh != NULL && nh->own ? "an address of ours" : "unreachable");
	return buf;
}

static bool
lacks_import_filter(const struct peer *peer)
{
	return peer != NULL && peer->ebgp && peer->conf.options.import < 0;
}

/* Why a path takes no part in the decision. */
static const char *
invalid_reason(const struct row_context *row, const struct path *path, char *buf)
{
	const struct conf_router *router = &speaker_conf(row->ops->speaker)->router;
	const struct peer *peer = path->peer == RIB_LOCAL_PEER
				      ? NULL
				      : speaker_peer(row->ops->speaker, path->peer);

	if (path->flags & PATH_AS_LOOP) {
		snprintf(buf, REASON_LEN, "our AS %" PRIu32 " is in AS_PATH",
		    peer == NULL ? router->as : peer->conf.options.local_as);
		return buf;
	}
	if (path->flags & PATH_ORIGINATOR_LOOP)
		return "we are its originator";
	if (path->flags & PATH_CLUSTER_LOOP)
		return "our cluster id is in CLUSTER_LIST";
	if (path->flags & PATH_FILTERED)
		return lacks_import_filter(peer)
			   ? "no import filter on an eBGP session (RFC 8212)"
			   : "rejected by the import filter";
	if (path->flags & PATH_SUPPRESSED)
		return "inside the summary-only network";
	return next_hop_reason(path, buf);
}

static json_t *
reason(const struct row_context *row, const struct path *path)
{
	char buf[REASON_LEN];
	const char *text;

	if (path == row->best)
		return json_null();
	if (!rib_path_is_usable(path))
		text = invalid_reason(row, path, buf);
	else if (row->best == NULL)
		return json_null();
	else
		text = rib_lose_reason(row->rib, path, row->best);
	return text_json_or_null(text);
}

static void
put_source(json_t *o, const struct row_context *row, const struct path *path)
{
	const struct peer *peer;

	if (path->peer == RIB_LOCAL_PEER) {
		show_put(o, "peer", json_null());
		show_put(o, "source",
		    json_string(path->flags & PATH_NETWORK ? "network" : "kernel"));
		return;
	}
	peer = speaker_peer(row->ops->speaker, path->peer);
	show_put(o, "peer", peer == NULL ? json_null() : text_json(peer->conf.name));
	show_put(o, "source", json_string("peer"));
}

static json_t *
row_begin(const struct row_context *row, const struct path *path)
{
	struct prefix prefix = dest_prefix(row->dest, row->family);
	char text[PREFIX_TEXT_LEN];
	json_t *o = json_object();

	show_put(o, "prefix", json_string(prefix_format(&prefix, text)));
	show_put(o, "best", json_boolean(path == row->best));
	show_put(o, "valid", json_boolean(rib_path_is_usable(path)));
	put_source(o, row, path);
	return o;
}

static void
row_end(
    json_t *o, const struct row_context *row, const struct path *path, uint32_t path_id)
{
	uint64_t now_s = speaker_now(row->ops->speaker) / 1000;

	show_put(o, "path_id",
	    path_id == 0 ? json_null() : json_integer((json_int_t)path_id));
	show_put(
	    o, "stale", json_boolean(rib_path_is_stale(row->rib, path, row->family)));
	show_put(o, "long_lived_stale",
	    json_boolean(rib_path_is_stale(row->rib, path, row->family) &&
			 (path->attrs->flags & ATTRS_LLGR_STALE) != 0));
	show_put(o, "installed", json_boolean(row->installed && is_used(row, path)));
	show_put(o, "age_s",
	    json_integer(
		now_s < path->since_s ? 0 : (json_int_t)(now_s - path->since_s)));
	show_put(o, "multipath", json_boolean(is_used(row, path) && path != row->best));
	show_put(o, "reason", reason(row, path));
}

static json_t *
path_row(const struct row_context *row, const struct path *path)
{
	struct addr next_hop = attrs_next_hop_addr(path->attrs), link_local;
	uint32_t link = attrs_next_hop_link(path->attrs, &link_local);
	json_t *o = row_begin(row, path);

	show_put(o, "next_hop",
	    show_addr_on(
		&next_hop, link == 0 ? "" : row->ops->link_name(row->ops->arg, link)));
	show_attributes(o, attrs_block(path->attrs), true);
	show_put(o, "local_pref", json_integer(path->attrs->local_pref));
	row_end(o, row, path, path->path_id);
	return o;
}

/* The path as the RIB holds it; NULL: it is gone, and its withdrawal is under way. */
static const struct path *
path_in_rib(const struct dest *dest, const struct path *sent)
{
	const struct path *p = dest->paths;

	while (p != NULL && (p->peer != sent->peer || p->path_id != sent->path_id))
		p = p->next;
	return p;
}

/* The row of a path with the next hop, the attributes and the path identifier as the
 * peer gets them. */
static json_t *
sent_row(const struct row_context *row, const struct peer *to, const struct path *path,
    uint32_t path_id)
{
	uint8_t *block = mem_alloc(MESSAGE_MAX_EXTENDED_LEN);
	struct addr next_hop = addr_none();
	json_t *o = NULL;
	size_t len;

	len = peer_export(row->ops->speaker, to, row->family, path, &next_hop, block,
	    MESSAGE_MAX_EXTENDED_LEN);
	if (len > 0) {
		o = row_begin(row, path);
		show_put(o, "next_hop", show_addr(&next_hop));
		show_attributes(o, (struct slice){ block, len }, to->params.as4);
		row_end(o, row, path, path_id);
	}
	free(block);
	return o;
}

static void
emit_sent(const struct route_walk *walk, const struct row_context *row, show_emit *emit,
    void *arg)
{
	const struct peer *to = speaker_peer(row->ops->speaker, walk->query.sent);
	struct path sent;
	uint32_t path_id;

	for (unsigned i = 0;
	     to != NULL && peer_route(to, row->family, row->dest, i, &sent, &path_id);
	     i++) {
		const struct path *path = path_in_rib(row->dest, &sent);
		json_t *o = NULL;

		if (path != NULL &&
		    (!walk->query.from_given || path->peer == walk->query.from))
			o = sent_row(row, to, path, path_id);
		if (o != NULL)
			emit(arg, o);
	}
}

static void
emit_dest(const struct route_walk *walk, const struct control_ops *ops,
    enum family family, const struct dest *dest, show_emit *emit, void *arg)
{
	struct row_context row;
	struct prefix prefix = dest_prefix(dest, family);
	const struct path *path;

	row.ops = ops;
	row.rib = speaker_rib(ops->speaker);
	row.family = family;
	row.dest = dest;
	row.best = dest_best(dest);
	row.n_used = rib_multipath(row.rib, dest, row.used);
	row.installed = row.best != NULL && ops->route_installed != NULL &&
			ops->route_installed(ops->arg, &prefix);
	if (walk->query.sent_given) {
		emit_sent(walk, &row, emit, arg);
		return;
	}
	for (path = dest->paths; path != NULL; path = path->next) {
		if (walk->query.best_only && path != row.best)
			continue;
		if (walk->query.from_given && path->peer != walk->query.from)
			continue;
		emit(arg, path_row(&row, path));
	}
}

void
show_paths(const struct control_ops *ops, enum family family, const struct dest *dest,
    show_emit *emit, void *arg)
{
	const struct route_walk all = { .query = { .match = ROUTE_MATCH_ALL } };

	emit_dest(&all, ops, family, dest, emit, arg);
}

void
route_walk_begin(struct route_walk *walk, const struct route_query *query)
{
	walk->query = *query;
	walk->family = FAMILY_IPV4;
	walk->next = 1;
}

/* The questions that one look-up answers. */
static void
look_up(const struct route_walk *walk, const struct control_ops *ops, show_emit *emit,
    void *arg)
{
	const struct route_query *query = &walk->query;
	enum family family = (enum family)query->prefix.family;
	struct addr addr = prefix_addr(&query->prefix);
	const struct dest *dest;

	if (!query->families[family])
		return;
	dest = query->match == ROUTE_MATCH_EXACT
		   ? rib_find(speaker_rib(ops->speaker), &query->prefix)
		   : rib_longest_match(speaker_rib(ops->speaker), &addr);
	if (dest != NULL)
		emit_dest(walk, ops, family, dest, emit, arg);
}

static bool
is_wanted(const struct route_walk *walk, const struct dest *dest)
{
	struct prefix prefix;

	if (dest->paths == NULL)
		return false;
	if (walk->query.match != ROUTE_MATCH_LONGER)
		return true;
	prefix = dest_prefix(dest, walk->family);
	return prefix_covers(&walk->query.prefix, &prefix);
}

bool
route_walk_slice(struct route_walk *walk, const struct control_ops *ops,
    unsigned budget, show_emit *emit, void *arg)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	const struct route_query *query = &walk->query;

	if (query->match == ROUTE_MATCH_EXACT || query->match == ROUTE_MATCH_LONGEST) {
		look_up(walk, ops, emit, arg);
		return false;
	}
	for (; walk->family < FAMILY_COUNT; walk->family++, walk->next = 1) {
		if (!query->families[walk->family] ||
		    (query->match == ROUTE_MATCH_LONGER &&
			query->prefix.family != walk->family))
			continue;
		for (; walk->next <= rib_dest_top(rib, walk->family); walk->next++) {
			const struct dest *dest;

			if (budget-- == 0)
				return true;
			dest = rib_dest_at(rib, walk->family, walk->next);
			if (dest != NULL && is_wanted(walk, dest))
				emit_dest(walk, ops, walk->family, dest, emit, arg);
		}
	}
	return false;
}
