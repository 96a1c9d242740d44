/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Moving between mesh and reflectors without losing a route.
 *
 * The nodes of a cluster take a changed file one after the other.  A session that the
 * new file has no more is not dropped where its routes are to come another way: by the
 * reflectors, when the mesh is given up, or by the mesh, when a reflector goes.  It is
 * handed over: it stays up, but its paths yield to any other (rib_yield()), and it ends
 * when none of them is a best path any more, or after restart-time.
 *
 * The other side may not have its new file yet.  So the session ends as one does that
 * is to come back, without a NOTIFICATION (RFC 4724 4): our routes stay there as stale
 * until they are heard of in another way.
 *
 * And a speaker that ceases to be a reflector goes on reflecting for restart-time.
 */
#include "core_internal.h"

static bool
is_node(const struct conf *conf, const struct addr *address)
{
	for (size_t i = 0; i < conf->cluster.n_addresses; i++)
		if (addr_equal(&conf->cluster.addresses[i], address))
			return true;
	return false;
}

static uint64_t
limit_ms(const struct speaker *sp)
{
	return sp->now_ms + sp->conf->router.restart_time_s * UINT64_C(1000);
}

static uint32_t
best_count(const struct speaker *sp, const struct peer *peer)
{
	const struct rib_peer *info = rib_peer_info(sp->rib, peer->number);
	uint32_t n = 0;

	for (int f = 0; f < FAMILY_COUNT; f++)
		n += info->family[f].best;
	return n;
}

/* Filters are named by index: the same one in another configuration. */
static int
filter_in(const struct conf *old, const struct conf *now, int filter)
{
	for (size_t i = 0; filter >= 0 && i < now->n_filters; i++)
		if (strcmp(now->filters[i].name, old->filters[filter].name) == 0)
			return (int)i;
	return -1;
}

bool
handover_begin(struct speaker *sp, struct peer *peer, const struct conf *old)
{
	bool comes_another_way =
	    peer->conf.from_cluster && sp->conf->cluster.present &&
	    (peer->conf.reflector || is_node(sp->conf, &peer->conf.address));

	if (!comes_another_way || sp->stopping || peer->disabled ||
	    (peer->established == NULL && !peer_has_stale(peer)))
		return false;
	peer->handover_until_ms = limit_ms(sp);
	sp->n_handovers++;
	handover_reload(sp, peer, old);
	rib_yield(sp->rib, peer->number, true);
	note_event(sp, EVENT_HANDOVER, peer)->count = best_count(sp, peer);
	/* An attempt under way has no point; what is up stays. */
	peer->retry_at_ms = 0;
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] != NULL &&
		    peer->connections[i] != peer->established)
			session_fail(peer->connections[i], NOTIFY_CEASE,
			    CEASE_DECONFIGURED, "removed from the configuration");
	peer_arm(sp, peer);
	return true;
}

void
handover_reload(struct speaker *sp, struct peer *peer, const struct conf *old)
{
	struct conf_peer_options *options = &peer->conf.options;

	options->import = filter_in(old, sp->conf, options->import);
	options->export = filter_in(old, sp->conf, options->export);
}

static void
end(struct speaker *sp, struct peer *peer, const char *why)
{
	struct speaker_event *event = note_event(sp, EVENT_HANDED_OVER, peer);
	bool comes_back =
	    peer->conf.options.graceful_restart && peer->remote_open.graceful_restart;

	event->count = best_count(sp, peer);
	note_text(event, "%s", why);
	peer->handover_until_ms = 0;
	sp->n_handovers--;
	/* Before it is stopped: no route of it is kept for a return. */
	peer_leave(sp, peer);
	if (!comes_back) {
		peer_stop(sp, peer, CEASE_DECONFIGURED, NULL,
		    "removed from the configuration");
		return;
	}
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] != NULL)
			session_lost(peer->connections[i], "handed over");
}

void
handover_revive(struct speaker *sp, struct peer *peer)
{
	peer->handover_until_ms = 0;
	sp->n_handovers--;
	rib_yield(sp->rib, peer->number, false);
}

void
handover_timer(struct speaker *sp, struct peer *peer)
{
	if (peer->handover_until_ms != 0 && sp->now_ms >= peer->handover_until_ms)
		end(sp, peer, "time is over");
	if (peer->client_until_ms != 0 && sp->now_ms >= peer->client_until_ms) {
		peer->client_until_ms = 0;
		peer_set_client(sp, peer, false);
	}
}

void
handover_check(struct speaker *sp)
{
	if (sp->n_handovers == 0)
		return;
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (peer->handover_until_ms != 0 &&
		    rib_has_yielded(sp->rib, peer->number) && best_count(sp, peer) == 0)
			end(sp, peer, "its routes come another way");
}

void
handover_keep_client(struct speaker *sp, struct peer *peer, bool was_client)
{
	if (peer->conf.options.client || !peer->conf.from_cluster) {
		peer->client_until_ms = 0;
		return;
	}
	if (peer->client_until_ms == 0 && was_client && peer->established != NULL)
		peer->client_until_ms = limit_ms(sp);
	peer->conf.options.client = peer->client_until_ms != 0;
}
