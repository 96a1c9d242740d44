/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The speaker's life, its turn of work, and the facts that come from the kernel.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core_internal.h"

struct speaker *
speaker_new(uint64_t now_ms, uint32_t random_seed)
{
	struct speaker *sp = mem_zero(1, sizeof(*sp));

	sp->now_ms = now_ms;
	sp->start_ms = now_ms;
	sp->random = random_seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sp->writers_last = &sp->writers;
	sp->attrs = attr_table_new();
	sp->rib = rib_new(sp->attrs);
	sp->out = out_new(sp->rib);
	out_set_now(sp->out, now_ms);
	return sp;
}

void
speaker_free(struct speaker *sp)
{
	while (sp->first_peer != NULL) {
		struct peer *peer = sp->first_peer;

		for (int f = 0; f < FAMILY_COUNT; f++)
			out_leave(sp->out, &peer->members[f]);
		peers_remove(sp, peer);
	}
	originate_free(sp);
	out_free(sp->out);
	rib_free(sp->rib);
	attr_table_free(sp->attrs);
	heap_destroy(&sp->timers);
	if (sp->conf != NULL)
		conf_free(sp->conf);
	free(sp->events);
	free(sp->peers);
	free(sp->by_address);
	free(sp);
}

void
speaker_set_now(struct speaker *sp, uint64_t now_ms)
{
	sp->now_ms = now_ms;
	out_set_now(sp->out, now_ms);
}

uint64_t
speaker_now(const struct speaker *sp)
{
	return sp->now_ms;
}

void
speaker_set_hostname(struct speaker *sp, const char *host, const char *domain)
{
	snprintf(sp->hostname, sizeof(sp->hostname), "%s", host);
	snprintf(sp->domain, sizeof(sp->domain), "%s", domain);
}

const struct conf *
speaker_conf(const struct speaker *sp)
{
	return sp->conf;
}

const struct rib *
speaker_rib(const struct speaker *sp)
{
	return sp->rib;
}

const struct out *
speaker_out(const struct speaker *sp)
{
	return sp->out;
}

/* xorshift64*: timers need jitter, not secrets. */
uint32_t
speaker_random(struct speaker *sp)
{
	sp->random ^= sp->random >> 12;
	sp->random ^= sp->random << 25;
	sp->random ^= sp->random >> 27;
	return (uint32_t)(sp->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

void
speaker_is_restart(struct speaker *sp)
{
	sp->is_restart = true;
}

void
speaker_stop(struct speaker *sp, bool graceful, const char *reason)
{
	sp->stopping = true;
	if (graceful) /* what leaves the RIB from now on stays in the FIB */
		rib_fib_enable(sp->rib, false);
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next) {
		if (!graceful) {
			peer_stop(sp, peer, CEASE_ADMIN_SHUTDOWN, reason, "shutdown");
			continue;
		}
		/* No NOTIFICATION, so that helpers keep our routes (RFC 4724 4). */
		for (int i = 0; i < PEER_CONNECTIONS; i++)
			if (peer->connections[i] != NULL)
				session_lost(peer->connections[i], "restart");
	}
}

/* ---- work ---- */

/* Peers that left for good, once nothing of theirs is left in the RIB. */
static void
reap_peers(struct speaker *sp)
{
	struct peer *next;

	for (struct peer *peer = sp->first_peer; peer != NULL; peer = next) {
		next = peer->next;
		if (peer->leaving && peer->orphans == 0 && peer->established == NULL &&
		    peer->connections[0] == NULL && peer->connections[1] == NULL &&
		    rib_peer_is_clean(sp->rib, peer->number)) {
			note_event(sp, EVENT_PEER_REMOVED, peer);
			peers_remove(sp, peer);
			sp->n_leaving--;
		}
	}
}

static void
drop_overdue(struct speaker *sp)
{
	struct member *member = out_overdue_member(sp->out);
	struct peer *peer = member == NULL ? NULL : sp->peers[member->peer];

	if (peer != NULL && peer->established != NULL)
		session_fail(peer->established, NOTIFY_CEASE, CEASE_OUT_OF_RESOURCES,
		    "the peer is too far behind");
}

static void
note_too_long(struct speaker *sp)
{
	uint32_t n = out_too_long_count(sp->out);
	struct speaker_event *event;

	if (n == sp->too_long_seen)
		return;
	event = note_event(sp, EVENT_TOO_LONG, NULL);
	event->count = n - sp->too_long_seen;
	event->prefix = out_too_long_last(sp->out);
	sp->too_long_seen = n;
}

bool
speaker_work(struct speaker *sp, unsigned budget)
{
	bool more;

	rib_resolve(sp->rib);
	more = rib_work(sp->rib, budget);
	more = out_work(sp->out, budget) || more;
	note_too_long(sp);
	drop_overdue(sp);
	handover_check(sp);
	if (sp->n_leaving > 0)
		reap_peers(sp);
	return more;
}

/* ---- facts ---- */

void
speaker_igp_set(struct speaker *sp, const struct igp_route *route)
{
	rib_igp_set(sp->rib, route);
}

void
speaker_igp_clear(struct speaker *sp, const struct prefix *prefix)
{
	rib_igp_clear(sp->rib, prefix);
}

void
speaker_own_address(
    struct speaker *sp, const struct addr *addr, uint32_t link, bool present)
{
	rib_own_address(sp->rib, addr, link, present);
}

/* ---- FIB ---- */

static const struct conf_network *
network_of(const struct conf *conf, const struct prefix *prefix)
{
	for (size_t i = 0; i < conf->n_networks; i++)
		if (prefix_equal(&conf->networks[i].prefix, prefix))
			return &conf->networks[i];
	return NULL;
}

static bool
kernel_filter_passes(const struct conf *conf)
{
	return conf->kernel.filter < 0 || conf->filters[conf->kernel.filter].accept;
}

static void
fib_of_own(const struct conf *conf, const struct path *best, struct fib_change *out)
{
	const struct conf_network *network = network_of(conf, &out->prefix);

	/* A single address is either in use or not there: it hides nothing. */
	if ((best->flags & PATH_NETWORK) && network != NULL && network->blackhole &&
	    out->prefix.bits < family_max_bits((enum family)out->prefix.family))
		out->kind = FIB_KIND_BLACKHOLE;
}

/*
 * Does the path's traffic go through the tunnel?  The next hop decides, not the peer:
 * so it holds behind a reflector, too.
 */
static bool
goes_by_tunnel(const struct speaker *sp, const struct path *path)
{
	const struct nexthop *nh = path->attrs->nexthop;

	if (sp->conf->kernel.tunnel.device[0] == '\0' ||
	    nh->addr.family != FAMILY_IPV4 || rib_peer_info(sp->rib, path->peer)->ebgp)
		return false;
	switch ((enum conf_tunnel_mode)sp->conf->kernel.tunnel.mode) {
	case CONF_TUNNEL_ALWAYS: return true;
	case CONF_TUNNEL_CROSS_SUBNET: return !nh->connected;
	case CONF_TUNNEL_NEVER: break;
	}
	return false;
}

static void
add_hop(struct fib_change *out, const struct fib_change_hop *hop)
{
	for (unsigned i = 0; i < out->n_hops; i++)
		if (out->hops[i].ifindex == hop->ifindex &&
		    addr_equal(&out->hops[i].gateway, &hop->gateway))
			return; /* two next hops behind one gateway */
	out->hops[out->n_hops++] = *hop;
}

static void
fib_of_learned(
    const struct speaker *sp, const struct dest *dest, struct fib_change *out)
{
	const struct path *paths[RIB_MULTIPATH_MAX];
	unsigned n = rib_multipath(sp->rib, dest, paths);

	for (unsigned i = 0; i < n; i++) {
		const struct nexthop *nh = paths[i]->attrs->nexthop;
		struct fib_change_hop hop;

		if (nh == NULL || nh->gateway.family == FAMILY_NONE)
			continue; /* reachable by decree (resolve-next-hops), but no way
				   * is known */
		if (goes_by_tunnel(sp, paths[i]))
			hop = (struct fib_change_hop){ nh->addr, 0, nh->addr };
		else
			hop = (struct fib_change_hop){ nh->gateway, nh->ifindex,
				addr_is_link_local(&nh->gateway) && nh->link != 0
				    ? nh->gateway
				    : nh->addr };
		add_hop(out, &hop);
	}
	if (out->n_hops > 0)
		out->kind = FIB_KIND_UNICAST;
}

bool
speaker_fib_next(struct speaker *sp, struct fib_change *out)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct dest *dest = rib_fib_next(sp->rib, (enum family)f);
		const struct path *best;

		if (dest == NULL)
			continue;
		best = dest_best(dest);
		out->prefix = dest_prefix(dest, (enum family)f);
		out->kind = FIB_KIND_NONE;
		out->n_hops = 0;
		if (best != NULL && best->peer == RIB_LOCAL_PEER)
			fib_of_own(sp->conf, best, out);
		else if (best != NULL && kernel_filter_passes(sp->conf))
			fib_of_learned(sp, dest, out);
		return true;
	}
	return false;
}

bool
speaker_fib_ahead(const struct speaker *sp, uint32_t n, struct prefix *out)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		const struct dest *dest = rib_fib_ahead(sp->rib, (enum family)f, n);

		if (dest == NULL && rib_fib_ahead(sp->rib, (enum family)f, 0) == NULL)
			continue;
		if (dest != NULL)
			*out = dest_prefix(dest, (enum family)f);
		return dest != NULL;
	}
	return false;
}

void
speaker_fib_again(struct speaker *sp)
{
	rib_fib_requeue(sp->rib);
}

/* ---- operator ---- */

void
peer_disable(struct speaker *sp, struct peer *peer, const char *reason)
{
	peer->disabled = true;
	snprintf(peer->disabled_reason, sizeof(peer->disabled_reason), "%s",
	    reason == NULL || reason[0] == '\0' ? "by the operator" : reason);
	peer_stop(sp, peer, CEASE_ADMIN_SHUTDOWN, reason, "disabled by the operator");
	stale_drop(sp, peer);
	restart_check(sp);
}

void
peer_enable(struct speaker *sp, struct peer *peer)
{
	peer->disabled = false;
	peer->disabled_reason[0] = '\0';
	damp_forget(peer);
	peer->failures = 0;
	if (peer->dynamic && peer->connections[0] == NULL &&
	    peer->connections[1] == NULL)
		peer_leave(sp, peer); /* it is made anew when it comes */
	else if (peer->retry_at_ms == 0)
		peer_start(sp, peer);
}

void
peer_restart(struct speaker *sp, struct peer *peer, const char *reason)
{
	peer_stop(sp, peer, CEASE_ADMIN_RESET, reason, "restarted by the operator");
	damp_forget(peer);
	stale_drop(sp, peer);
	peer->failures = 0;
	if (!peer->disabled)
		peer_schedule_retry(sp, peer, REDIAL_MS);
}

bool
peer_route(const struct peer *peer, enum family family, const struct dest *dest,
    unsigned index, struct path *path, uint32_t *path_id)
{
	return member_route(&peer->members[family], dest, index, path, path_id);
}

size_t
peer_export(const struct speaker *sp, const struct peer *peer, enum family family,
    const struct path *path, struct addr *next_hop, uint8_t *block, size_t len)
{
	return member_export(
	    sp->out, &peer->members[family], path, next_hop, block, len);
}

uint32_t
peer_sent_count(const struct peer *peer, enum family family)
{
	return member_sent_count(&peer->members[family]);
}

void
speaker_totals(const struct speaker *sp, struct speaker_totals *out)
{
	*out =
	    (struct speaker_totals){ .attr_sets = (uint32_t)attr_table_count(sp->attrs),
		    .attr_bytes = attr_table_bytes(sp->attrs),
		    .rib_bytes = rib_bytes(sp->rib),
		    .out_bytes = out_bytes(sp->out),
		    .update_groups = out_group_count(sp->out),
		    .too_long = out_too_long_count(sp->out),
		    .restarting = sp->deferring,
		    .start_ms = sp->start_ms };
	for (const struct peer *peer = sp->first_peer; peer != NULL;
	     peer = peer->next) {
		out->peer_bytes += sizeof(*peer);
		if (peer->leaving || peer->handover_until_ms != 0)
			continue;
		if (peer->dynamic)
			out->dynamic++;
		else
			out->configured++;
		out->established += peer->established != NULL;
	}
}
