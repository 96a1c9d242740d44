/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The router, its memory and its version as JSON; see show.h.
 */
#include "show.h"

#include <stdio.h>
#include <unistd.h>

#include "text.h"

/* `show` is one screen; `show peers` lists them all. */
enum { SHOWN_NOT_ESTABLISHED = 32 };

json_t *
show_addr(const struct addr *addr)
{
	char text[ADDR_TEXT_LEN];

	if (addr->family >= FAMILY_NONE)
		return json_null();
	return json_string(addr_format(addr, text));
}

json_t *
show_addr_on(const struct addr *addr, const char *interface)
{
	char text[ADDR_TEXT_LEN], zoned[ADDR_TEXT_LEN + CONF_INTERFACE_LEN + 1];

	if (!addr_is_link_local(addr) || interface[0] == '\0')
		return show_addr(addr);
	snprintf(zoned, sizeof(zoned), "%s%%%s", addr_format(addr, text), interface);
	return text_json(zoned);
}

json_t *
show_router_id(uint32_t host_order)
{
	struct addr addr = addr_ipv4(host_order);

	return host_order == 0 ? json_null() : show_addr(&addr);
}

json_t *
show_age(const struct control_ops *ops, uint64_t then_ms)
{
	uint64_t now = speaker_now(ops->speaker);

	if (then_ms == 0)
		return json_null();
	return json_integer(then_ms > now ? 0 : (json_int_t)((now - then_ms) / 1000));
}

static json_t *
not_established(const struct control_ops *ops)
{
	json_t *list = json_array(), *row;
	struct peer *peer = speaker_first_peer(ops->speaker);

	for (; peer != NULL && json_array_size(list) < SHOWN_NOT_ESTABLISHED;
	     peer = speaker_next_peer(ops->speaker, peer)) {
		if (peer->established != NULL)
			continue;
		row = json_object();
		show_put(row, "name", text_json(peer->conf.name));
		show_put(
		    row, "address", show_addr_on(&peer->address, peer->conf.interface));
		show_put(row, "state", json_string(fsm_state_name(peer_state(peer))));
		show_put(row, "disabled", json_boolean(peer->disabled));
		show_put(row, "down_s", show_age(ops, peer->down_since_ms));
		show_put(row, "last_error", text_json_or_null(peer->last_error));
		show_put(row, "last_error_age_s", show_age(ops, peer->last_error_ms));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *
route_totals(const struct control_ops *ops, enum family family,
    const struct control_fib_counts *fib)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	json_t *o = json_object();

	show_put(o, "prefixes", json_integer(rib_dest_count(rib, family)));
	show_put(o, "paths", json_integer(rib_path_count(rib, family)));
	show_put(o, "installed", json_integer(fib->installed[family]));
	return o;
}

json_t *
show_router(const struct control_ops *ops)
{
	const struct conf *conf = speaker_conf(ops->speaker);
	struct control_fib_counts fib = { .pending = 0 };
	json_t *o = json_object(), *routes = json_object();
	struct speaker_totals totals;

	speaker_totals(ops->speaker, &totals);
	if (ops->fib_counts != NULL)
		ops->fib_counts(ops->arg, &fib);
	show_put(o, "version", json_string(ops->version));
	show_put(o, "as", json_integer(conf->router.as));
	show_put(o, "router_id", show_router_id(conf->router.id));
	show_put(o, "node", text_json_or_null(conf->router.node));
	show_put(o, "uptime_s",
	    json_integer(
		(json_int_t)((speaker_now(ops->speaker) - totals.start_ms) / 1000)));
	show_put(o, "ready", json_boolean(ops->ready != NULL && ops->ready(ops->arg)));
	show_put(o, "restarting", json_boolean(totals.restarting));
	show_put(o, "peers",
	    json_pack("{s:I, s:I, s:I}", "configured", (json_int_t)totals.configured,
		"dynamic", (json_int_t)totals.dynamic, "established",
		(json_int_t)totals.established));
	show_put(routes, "ipv4", route_totals(ops, FAMILY_IPV4, &fib));
	show_put(routes, "ipv6", route_totals(ops, FAMILY_IPV6, &fib));
	show_put(o, "routes", routes);
	show_put(o, "fib",
	    json_pack("{s:I, s:I, s:I, s:I}", "pending", (json_int_t)fib.pending,
		"conflicts", (json_int_t)fib.conflicts, "failed",
		(json_int_t)fib.failed, "waiting", (json_int_t)fib.waiting));
	show_put(o, "not_established", not_established(ops));
	return o;
}

/* /proc/self/statm is two system calls; malloc's own walk would stop the loop. */
static void
process_memory(json_t *o)
{
	unsigned long size = 0, resident = 0;
	json_int_t page = (json_int_t)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	bool known;

	known = f != NULL && fscanf(f, "%lu %lu", &size, &resident) == 2;
	if (f != NULL)
		fclose(f);
	show_put(o, "virtual_bytes",
	    known ? json_integer((json_int_t)size * page) : json_null());
	show_put(o, "resident_bytes",
	    known ? json_integer((json_int_t)resident * page) : json_null());
}

json_t *
show_memory(const struct control_ops *ops)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	json_t *o = json_object();
	struct speaker_totals totals;

	speaker_totals(ops->speaker, &totals);
	process_memory(o);
	show_put(o, "prefixes",
	    json_integer((json_int_t)rib_dest_count(rib, FAMILY_IPV4) +
			 rib_dest_count(rib, FAMILY_IPV6)));
	show_put(o, "paths",
	    json_integer((json_int_t)rib_path_count(rib, FAMILY_IPV4) +
			 rib_path_count(rib, FAMILY_IPV6)));
	show_put(o, "rib_bytes", json_integer((json_int_t)totals.rib_bytes));
	show_put(o, "attribute_sets", json_integer((json_int_t)totals.attr_sets));
	show_put(o, "attribute_bytes", json_integer((json_int_t)totals.attr_bytes));
	show_put(o, "update_groups", json_integer(totals.update_groups));
	show_put(o, "out_bytes", json_integer((json_int_t)totals.out_bytes));
	show_put(
	    o, "peers", json_integer((json_int_t)totals.configured + totals.dynamic));
	show_put(o, "peer_bytes", json_integer((json_int_t)totals.peer_bytes));
	show_put(o, "too_long", json_integer(totals.too_long));
	return o;
}

json_t *
show_version(const struct control_ops *ops)
{
	return json_pack("{s:s}", "version", ops->version);
}

json_t *
show_kernel_route(const struct control_fib_route *route)
{
	char text[PREFIX_TEXT_LEN];
	json_t *o = json_object(), *hops = json_array();

	for (unsigned i = 0; i < route->n_hops; i++) {
		json_t *hop = json_object();

		show_put(hop, "via", text_json_or_null(route->hops[i].via));
		show_put(hop, "device", text_json_or_null(route->hops[i].device));
		json_array_append_new(hops, hop);
	}

	show_put(o, "prefix", json_string(prefix_format(&route->prefix, text)));
	show_put(o, "state", text_json_or_null(route->state));
	show_put(o, "via", text_json_or_null(route->via));
	show_put(o, "device", text_json_or_null(route->device));
	show_put(o, "next_hops", hops);
	show_put(o, "nexthop_id",
	    route->nexthop_id != 0 ? json_integer(route->nexthop_id) : json_null());
	show_put(o, "owner", text_json_or_null(route->owner));
	show_put(o, "detail", text_json_or_null(route->detail));
	return o;
}
