/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Why a route is, or is not, where one looks for it; see show_explain.h.
 */
#include "show_explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bgp/memory.h"
#include "show_routes.h"
#include "text.h"

enum { WHY_LEN = 256 };

static const struct dest *
find(const struct control_ops *ops, const struct prefix *prefix)
{
	return rib_find(speaker_rib(ops->speaker), prefix);
}

void
explain_find(const struct control_ops *ops, struct prefix *prefix)
{
	struct addr addr = prefix_addr(prefix);
	const struct dest *dest = rib_longest_match(speaker_rib(ops->speaker), &addr);

	if (dest != NULL)
		*prefix = dest_prefix(dest, (enum family)prefix->family);
}

static const char *
source_name(const struct control_ops *ops, const struct path *path)
{
	const struct peer *peer;

	if (path->peer == RIB_LOCAL_PEER)
		return path->flags & PATH_NETWORK ? "network" : "kernel";
	peer = speaker_peer(ops->speaker, path->peer);
	return peer == NULL ? "a former peer" : peer->conf.name;
}

/* ---- the paths ---- */

static void
append(void *arg, json_t *row)
{
	json_array_append_new(arg, row);
}

/* What the decision looked at beside the attributes. */
static void
put_decided_by(json_t *row, const struct rib *rib, const struct path *path)
{
	const struct nexthop *nh = path->attrs->nexthop;
	json_t *via = json_null(), *cost = json_null();

	if (nh != NULL && nh->state == NEXTHOP_REACHABLE) {
		via = show_addr(&nh->gateway);
		cost = json_integer(nh->metric);
	}
	show_put(row, "next_hop_via", via);
	show_put(row, "igp_cost", cost);
	show_put(row, "bgp_id",
	    show_router_id(path->peer == RIB_LOCAL_PEER
			       ? 0
			       : rib_peer_info(rib, path->peer)->router_id));
}

static json_t *
paths_of(const struct control_ops *ops, enum family family, const struct dest *dest)
{
	json_t *rows = json_array();
	const struct path *path;
	size_t i = 0;

	if (dest == NULL)
		return rows;
	show_paths(ops, family, dest, append, rows);
	for (path = dest->paths; path != NULL; path = path->next)
		put_decided_by(
		    json_array_get(rows, i++), speaker_rib(ops->speaker), path);
	return rows;
}

/* ---- the choice ---- */

/* The one that would be the best without the best; NULL: there is none. */
static const struct path *
runner_up(const struct rib *rib, const struct dest *dest)
{
	const struct path **usable, *second;
	unsigned n = 0, ranked;

	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		n += rib_path_is_usable(p);
	if (n < 2)
		return NULL;
	usable = mem_alloc(n * sizeof(*usable));
	n = 0;
	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		if (rib_path_is_usable(p))
			usable[n++] = p;
	ranked = rib_rank(rib, usable, n, 2);
	second = ranked > 1 ? usable[1] : NULL;
	free(usable);
	return second;
}

/* Nobody announces it: perhaps something wider does. */
static const char *
why_absent(
    const struct control_ops *ops, const struct prefix *prefix, char *buf, size_t len)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	struct addr addr = prefix_addr(prefix);
	const struct dest *cover = rib_longest_match(rib, &addr);
	char text[PREFIX_TEXT_LEN];
	struct prefix wider;

	if (cover == NULL)
		return "no peer announces it, and it is not ours";
	wider = dest_prefix(cover, (enum family)prefix->family);
	snprintf(buf, len,
	    "no peer announces it, and it is not ours; packets to it follow %s",
	    prefix_format(&wider, text));
	return buf;
}

static const char *
why_best(const struct control_ops *ops, const struct dest *dest, char *buf, size_t len)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	const struct path *best = dest_best(dest), *second;

	if (best == NULL)
		return "no path is usable";
	second = runner_up(rib, dest);
	if (second == NULL)
		return dest->paths->next == NULL ? "it is the only path"
						 : "it is the only usable path";
	snprintf(buf, len, "the next best, from %s, has lost by: %s",
	    source_name(ops, second), rib_lose_reason(rib, second, best));
	return buf;
}

/* ---- the kernel ---- */

static void
keep_route(void *arg, const struct control_fib_route *route)
{
	json_t **kept = arg;

	*kept = show_kernel_route(route);
}

/* Why the FIB has not been asked for it. */
static const char *
why_not_installed(const struct control_ops *ops, const struct path *best)
{
	const struct conf *conf = speaker_conf(ops->speaker);
	const struct conf_kernel *kernel = &conf->kernel;

	if (ops->fib_route == NULL || !kernel->install)
		return "kernel { install } is false";
	if (best == NULL)
		return "no path is usable";
	if (best->peer == RIB_LOCAL_PEER)
		return "it is our own";
	if (kernel->filter >= 0 && !conf->filters[kernel->filter].accept)
		return "the kernel's filter rejects it";
	return best->attrs->nexthop != NULL &&
		       best->attrs->nexthop->gateway.family == FAMILY_NONE
		   ? "no way to its next hop is known"
		   : "it is on its way there";
}

static json_t *
kernel_of(
    const struct control_ops *ops, const struct prefix *prefix, const struct path *best)
{
	json_t *route = NULL;

	if (ops->fib_route != NULL)
		ops->fib_route(ops->arg, prefix, keep_route, &route);
	if (route == NULL) {
		route = json_object();
		show_put(route, "state", json_string("none"));
		show_put(route, "detail", json_string(why_not_installed(ops, best)));
	}
	return route;
}

json_t *
explain_begin(const struct control_ops *ops, const struct prefix *prefix)
{
	const struct dest *dest = find(ops, prefix);
	const struct path *best;
	char text[PREFIX_TEXT_LEN], why[WHY_LEN];
	json_t *o = json_object();

	if (dest != NULL && dest->paths == NULL)
		dest = NULL; /* its withdrawal is under way */
	best = dest == NULL ? NULL : dest_best(dest);
	show_put(o, "prefix", json_string(prefix_format(prefix, text)));
	show_put(
	    o, "best", best == NULL ? json_null() : text_json(source_name(ops, best)));
	show_put(o, "why",
	    text_json(dest == NULL ? why_absent(ops, prefix, why, sizeof(why))
				   : why_best(ops, dest, why, sizeof(why))));
	show_put(o, "kernel", kernel_of(ops, prefix, best));
	show_put(o, "paths", paths_of(ops, (enum family)prefix->family, dest));
	show_put(o, "peers", json_array());
	return o;
}

/* ---- the peers ---- */

/* What was sent: as many routes as the session takes, mostly one. */
static bool
put_sent(json_t *row, const struct control_ops *ops, const struct peer *peer,
    enum family family, const struct dest *dest)
{
	json_t *sent = json_array();
	struct path path;
	uint32_t path_id;
	bool any;

	for (unsigned i = 0;
	     dest != NULL && peer_route(peer, family, dest, i, &path, &path_id); i++) {
		json_t *o = json_object();

		show_put(o, "from", text_json(source_name(ops, &path)));
		show_put(
		    o, "path_id", path_id == 0 ? json_null() : json_integer(path_id));
		json_array_append_new(sent, o);
	}
	any = json_array_size(sent) > 0;
	show_put(row, "sent", json_boolean(any));
	show_put(row, "routes", sent);
	return any;
}

static const char *
why_not_sent(const struct control_ops *ops, const struct peer *peer, enum family family,
    const struct dest *dest, char *buf, size_t len)
{
	const struct out *out = speaker_out(ops->speaker);
	const struct path *best = dest == NULL ? NULL : dest_best(dest);
	const char *refusal;

	if (peer->established == NULL) {
		snprintf(
		    buf, len, "no session, it is %s", fsm_state_name(peer_state(peer)));
		return buf;
	}
	if (!peer->params.families[family]) {
		snprintf(
		    buf, len, "the session does not carry %s", family_name(family));
		return buf;
	}
	if (best == NULL)
		return "there is no best path";
	refusal = member_refusal(out, &peer->members[family], best);
	return refusal != NULL ? refusal
			       : "it is on its way, or too long for a message";
}

static bool
is_behind(const struct peer *peer, enum family family)
{
	return peer->established != NULL &&
	       peer->members[family].state != MEMBER_IN_STEP &&
	       peer->members[family].state != MEMBER_OFF;
}

void
explain_peer(json_t *answer, const struct control_ops *ops, const struct prefix *prefix,
    const struct peer *peer)
{
	enum family family = (enum family)prefix->family;
	const struct dest *dest = find(ops, prefix);
	json_t *row = json_object();
	char why[WHY_LEN];
	bool sent;

	show_put(row, "name", text_json(peer->conf.name));
	show_put(row, "address", show_addr_on(&peer->address, peer->conf.interface));
	show_put(row, "state", json_string(fsm_state_name(peer_state(peer))));
	sent = put_sent(row, ops, peer, family, dest);
	show_put(row, "behind", json_boolean(is_behind(peer, family)));
	show_put(row, "reason",
	    sent ? json_null()
		 : text_json(why_not_sent(ops, peer, family, dest, why, sizeof(why))));
	json_array_append_new(json_object_get(answer, "peers"), row);
}
