/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer as JSON: the row of `show peers`, and the record of `show peer`, which is the
 * row with what was negotiated, the timers, the counters and the faults.
 */
#include "show.h"

#include "text.h"

static uint32_t
peer_as(const struct peer *peer)
{
	if (peer->established != NULL || peer->conf.options.remote_as == 0)
		return peer->remote_open.as; /* 0 until a session was up */
	return peer->conf.options.remote_as;
}

static json_t *
families(const struct control_ops *ops, const struct peer *peer)
{
	const struct rib *rib = speaker_rib(ops->speaker);
	json_t *o = json_object(), *counts;
	int f;

	for (f = 0; f < FAMILY_COUNT; f++) {
		const struct rib_peer *rp;
		bool shown = peer->established != NULL ? peer->params.families[f]
						       : peer->conf.options.families[f];

		if (!shown)
			continue;
		counts = json_object();
		rp = peer->number < rib_peer_count(rib)
			 ? rib_peer_info(rib, peer->number)
			 : NULL;
		show_put(counts, "received",
		    json_integer(rp == NULL ? 0 : rp->family[f].received));
		show_put(counts, "accepted",
		    json_integer(rp == NULL ? 0 : rp->family[f].accepted));
		show_put(
		    counts, "best", json_integer(rp == NULL ? 0 : rp->family[f].best));
		show_put(counts, "sent",
		    json_integer(peer->established == NULL
				     ? 0
				     : peer_sent_count(peer, (enum family)f)));
		show_put(o, family_name((enum family)f), counts);
	}
	return o;
}

json_t *
show_peer(const struct control_ops *ops, const struct peer *peer)
{
	json_t *o = json_object();
	bool up = peer->established != NULL;
	uint32_t as = peer_as(peer);

	show_put(o, "name", text_json(peer->conf.name));
	show_put(o, "address", show_addr_on(&peer->address, peer->conf.interface));
	show_put(o, "interface", text_json_or_null(peer->conf.interface));
	show_put(o, "as", as == 0 ? json_null() : json_integer(as));
	show_put(o, "local_as", json_integer(peer->conf.options.local_as));
	show_put(o, "type", json_string(peer->ebgp ? "ebgp" : "ibgp"));
	show_put(o, "client", json_boolean(peer->conf.options.client));
	show_put(o, "dynamic", json_boolean(peer->dynamic));
	show_put(o, "leaving", json_boolean(peer->handover_until_ms != 0));
	show_put(o, "description", text_json_or_null(peer->conf.description));
	show_put(o, "state", json_string(fsm_state_name(peer_state(peer))));
	show_put(o, "disabled", json_boolean(peer->disabled));
	show_put(o, "disabled_reason", text_json_or_null(peer->disabled_reason));
	show_put(o, "uptime_s", up ? show_age(ops, peer->up_since_ms) : json_null());
	show_put(o, "down_s", up ? json_null() : show_age(ops, peer->down_since_ms));
	show_put(o, "router_id", show_router_id(peer->remote_open.bgp_id));
	show_put(
	    o, "hold_time", up ? json_integer(peer->params.hold_time_s) : json_null());
	show_put(o, "families", families(ops, peer));
	show_put(o, "messages",
	    json_pack("{s:I, s:I}", "in", (json_int_t)peer->counters.in[0], "out",
		(json_int_t)peer->counters.out[0]));
	show_put(o, "last_error", text_json_or_null(peer->last_error));
	show_put(o, "last_error_age_s", show_age(ops, peer->last_error_ms));
	show_put(o, "stale",
	    json_boolean(peer->stale[FAMILY_IPV4] || peer->stale[FAMILY_IPV6]));
	show_put(o, "long_lived_stale",
	    json_boolean(peer->long_lived_until_ms[FAMILY_IPV4] != 0 ||
			 peer->long_lived_until_ms[FAMILY_IPV6] != 0));
	return o;
}

static json_t *
family_list(const bool *set)
{
	json_t *list = json_array();
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		if (set[f])
			json_array_append_new(
			    list, json_string(family_name((enum family)f)));
	return list;
}

static json_t *
graceful_restart(const struct open *theirs)
{
	json_t *o;

	if (!theirs->graceful_restart)
		return json_null();
	o = json_object();
	show_put(o, "restarting", json_boolean(theirs->restarting));
	show_put(o, "notification", json_boolean(theirs->notification_gr));
	show_put(o, "restart_time", json_integer(theirs->restart_time_s));
	show_put(o, "families", family_list(theirs->gr_families));
	show_put(o, "forwarding", family_list(theirs->forwarding));
	return o;
}

static json_t *
long_lived_restart(const struct open *theirs)
{
	json_t *o, *times;
	int f;

	if (!theirs->long_lived_restart)
		return json_null();
	o = json_object();
	times = json_object();
	for (f = 0; f < FAMILY_COUNT; f++)
		if (theirs->ll_families[f])
			show_put(times, family_name((enum family)f),
			    json_integer(theirs->ll_stale_time_s[f]));
	show_put(o, "stale_time", times);
	show_put(o, "forwarding", family_list(theirs->ll_forwarding));
	return o;
}

static json_t *
add_path(const struct session_params *params)
{
	static const char *const words[] = { "off", "receive", "send", "both" };
	json_t *o = json_object();

	for (int f = 0; f < FAMILY_COUNT; f++)
		show_put(o, family_name((enum family)f),
		    json_string(words[params->add_path[f]]));
	return o;
}

/* What holds on the session: both sides announced it, or, for graceful restart, they.
 */
static json_t *
negotiated(const struct peer *peer)
{
	const struct session_params *params = &peer->params;
	json_t *o;

	if (peer->established == NULL)
		return json_null();
	o = json_object();
	show_put(o, "families", family_list(params->families));
	show_put(o, "as4", json_boolean(params->as4));
	show_put(o, "route_refresh", json_boolean(params->route_refresh));
	show_put(o, "enhanced_refresh", json_boolean(params->enhanced_refresh));
	show_put(o, "extended_message", json_boolean(params->extended_message));
	show_put(o, "extended_next_hop", json_boolean(params->extended_next_hop));
	show_put(o, "add_path", add_path(params));
	show_put(o, "graceful_restart", graceful_restart(&peer->remote_open));
	show_put(o, "long_lived_restart", long_lived_restart(&peer->remote_open));
	show_put(o, "end_of_rib", family_list(peer->end_of_rib));
	return o;
}

static json_t *
seconds_until(const struct control_ops *ops, uint64_t then_ms)
{
	uint64_t now = speaker_now(ops->speaker);

	if (then_ms == 0)
		return json_null();
	return json_integer(
	    then_ms < now ? 0 : (json_int_t)((then_ms - now + 999) / 1000));
}

/* A family each, of those that are long-lived stale. */
static json_t *
long_lived_until(const struct control_ops *ops, const struct peer *peer)
{
	json_t *o = json_object();
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		if (peer->long_lived_until_ms[f] != 0)
			show_put(o, family_name((enum family)f),
			    seconds_until(ops, peer->long_lived_until_ms[f]));
	return o;
}

static json_t *
timers(const struct control_ops *ops, const struct peer *peer)
{
	json_t *o = json_object();
	bool up = peer->established != NULL;

	show_put(
	    o, "hold_time_configured", json_integer(peer->conf.options.hold_time_s));
	show_put(
	    o, "hold_time", up ? json_integer(peer->params.hold_time_s) : json_null());
	show_put(
	    o, "keepalive", up ? json_integer(peer->params.keepalive_s) : json_null());
	show_put(o, "connect_retry_in_s",
	    up ? json_null() : seconds_until(ops, peer->retry_at_ms));
	show_put(o, "stale_expires_in_s", seconds_until(ops, peer->stale_until_ms));
	show_put(o, "long_lived_expires_in_s", long_lived_until(ops, peer));
	return o;
}

static json_t *
messages_by_type(const uint64_t *counts)
{
	static const char *const names[MESSAGE_TYPE_COUNT] = {
		[MESSAGE_OPEN] = "open",
		[MESSAGE_UPDATE] = "update",
		[MESSAGE_NOTIFICATION] = "notification",
		[MESSAGE_KEEPALIVE] = "keepalive",
		[MESSAGE_ROUTE_REFRESH] = "route_refresh",
	};
	json_t *o = json_object();
	size_t i;

	for (i = 1; i < MESSAGE_TYPE_COUNT; i++)
		show_put(o, names[i], json_integer((json_int_t)counts[i]));
	return o;
}

static json_t *
filter_name(const struct control_ops *ops, int index)
{
	const struct conf *conf = speaker_conf(ops->speaker);

	if (index < 0 || (size_t)index >= conf->n_filters)
		return json_null();
	return text_json(conf->filters[index].name);
}

static json_t *
group_name(const struct control_ops *ops, const struct peer *peer)
{
	const struct conf *conf = speaker_conf(ops->speaker);

	if (peer->group < 0 || (size_t)peer->group >= conf->n_groups)
		return json_null();
	return text_json(conf->groups[peer->group].name);
}

/* After malformed messages (RFC 4271 8.1.1, DampPeerOscillations). */
static json_t *
held_down(const struct control_ops *ops, const struct peer *peer)
{
	uint64_t now = speaker_now(ops->speaker);

	return peer->damped_until_ms > now
		   ? json_integer(
			 (json_int_t)((peer->damped_until_ms - now + 999) / 1000))
		   : json_null();
}

static const char *const limit_actions[] = {
	[CONF_LIMIT_WARN] = "warn",
	[CONF_LIMIT_BLOCK] = "block",
	[CONF_LIMIT_RESTART] = "restart",
	[CONF_LIMIT_SHUTDOWN] = "shutdown",
};

/* What max-prefixes did not let in; see lib/core/limit.c. */
static json_t *
blocked(const struct peer *peer)
{
	json_t *o = json_object();
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		show_put(o, family_name((enum family)f),
		    json_integer((json_int_t)peer->blocked[f]));
	return o;
}

/* More than one means that the link is not what unnumbered peers are for. */
static json_t *
routers_heard(const struct control_ops *ops, const struct peer *peer)
{
	enum { SHOWN_MAX = 8 };
	struct addr routers[SHOWN_MAX];
	json_t *list = json_array();
	unsigned n;

	if (!conf_peer_is_unnumbered(&peer->conf))
		return list;
	n = ops->routers(ops->arg, peer->conf.interface, routers, SHOWN_MAX);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(
		    list, show_addr_on(&routers[i], peer->conf.interface));
	return list;
}

static json_t *
key_trouble(const struct control_ops *ops, const struct peer *peer)
{
	char text[512];

	if (ops->key_trouble == NULL ||
	    !ops->key_trouble(ops->arg, peer, text, sizeof(text)))
		return json_null();
	return text_json(text);
}

json_t *
show_peer_record(const struct control_ops *ops, const struct peer *peer)
{
	json_t *o = show_peer(ops, peer);
	bool up = peer->established != NULL;
	bool seen = up || peer->came_up;

	show_put(o, "group", group_name(ops, peer));
	show_put(o, "from_cluster", json_boolean(peer->conf.from_cluster));
	show_put(o, "unnumbered", json_boolean(conf_peer_is_unnumbered(&peer->conf)));
	show_put(o, "routers", routers_heard(ops, peer));
	show_put(o, "passive", json_boolean(peer->conf.options.passive));
	show_put(o, "authentication",
	    json_string(peer->conf.options.password != 0 ? "md5" : "none"));
	show_put(o, "authentication_trouble", key_trouble(ops, peer));
	show_put(o, "ttl_security",
	    peer->conf.options.ttl_security == 0
		? json_null()
		: json_integer(peer->conf.options.ttl_security));
	show_put(o, "local_address",
	    up ? show_addr_on(&peer->net.local, peer->net.interface) : json_null());
	show_put(o, "hostname",
	    seen ? text_json_or_null(peer->remote_open.hostname) : json_null());
	show_put(o, "import", filter_name(ops, peer->conf.options.import));
	show_put(o, "export", filter_name(ops, peer->conf.options.export));
	show_put(o, "max_prefixes",
	    peer->conf.options.max_prefixes == 0
		? json_null()
		: json_integer(peer->conf.options.max_prefixes));
	show_put(o, "max_prefixes_action",
	    json_string(limit_actions[peer->conf.options.max_prefixes_action]));
	show_put(o, "blocked", blocked(peer));
	show_put(o, "negotiated", negotiated(peer));
	show_put(o, "timers", timers(ops, peer));
	show_put(o, "messages_in", messages_by_type(peer->counters.in));
	show_put(o, "messages_out", messages_by_type(peer->counters.out));
	show_put(o, "flaps", json_integer((json_int_t)peer->counters.flaps));
	show_put(o, "update_faults",
	    json_pack("{s:I, s:I, s:I}", "withdraw",
		(json_int_t)peer->counters.faults_withdraw, "discard",
		(json_int_t)peer->counters.faults_discard, "reset",
		(json_int_t)peer->counters.faults_reset));
	show_put(o, "stale_families", family_list(peer->stale));
	show_put(o, "held_down_s", held_down(ops, peer));
	show_put(o, "bfd", show_bfd(ops, peer));
	return o;
}
