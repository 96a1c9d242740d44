/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This speaker restarting (RFC 4724 4.1).  Own routes are announced at once.  Routes
 * learned from others, and End-of-RIB, go to a graceful-restart peer only when every
 * such peer that came up, and is not itself restarting, has sent its End-of-RIB.  Peers
 * that are not up are given the time of one connection retry to come, no more.
 *
 * A pure reflector has nothing in the kernel to tell a restart from a start.  So each
 * of its starts may be a restart, to which clients hold stale routes: it passes on what
 * it learns at once, and keeps back End-of-RIB alone, until each client that lives has
 * had the time to try again.
 *
 * Convergence is another matter: adopted kernel routes are swept when all configured
 * peers have sent End-of-RIB.  Both end with restart-time at the latest.
 */
#include "core_internal.h"

bool
peer_has_announced_all(const struct peer *peer)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->params.families[f] && !peer->end_of_rib[f])
			return false;
	return true;
}

/* Up, and not one whose End-of-RIB is still to come. */
static bool
is_complete(const struct peer *peer)
{
	if (peer->established == NULL)
		return false;
	return !peer->remote_open.graceful_restart || peer_has_announced_all(peer);
}

static bool
has_ranges(const struct conf *conf)
{
	for (size_t g = 0; g < conf->n_groups; g++)
		if (conf->groups[g].n_ranges > 0)
			return true;
	return false;
}

static bool
is_expected(const struct peer *peer)
{
	return !peer->disabled && !peer->leaving && peer->handover_until_ms == 0;
}

/* A peer that is restarting itself waits for us, too: neither must wait for it. */
static bool
is_restarting(const struct peer *peer)
{
	return peer->established != NULL && peer->remote_open.restarting;
}

static bool
all_complete(const struct speaker *sp)
{
	if (has_ranges(sp->conf))
		return false;
	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (is_expected(peer) && !is_restarting(peer) && !is_complete(peer))
			return false;
	return true;
}

/* Of a peer without graceful restart, too, the routes are still to come when it comes
 * up: only its End-of-RIB, or time, can tell that what the kernel holds is of no use.
 */
static bool
all_announced(const struct speaker *sp)
{
	if (has_ranges(sp->conf))
		return false;
	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (is_expected(peer) &&
		    (peer->established == NULL || !peer_has_announced_all(peer)))
			return false;
	return true;
}

static bool
one_is_awaited(const struct speaker *sp)
{
	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (is_expected(peer) && peer->established != NULL &&
		    !is_restarting(peer) && !is_complete(peer))
			return true;
	return false;
}

static uint64_t
settle_ms(const struct speaker *sp)
{
	const struct conf_router *router = &sp->conf->router;
	uint32_t retry_s =
	    sp->own_only ? router->connect_retry_s : router->connect_retry_max_s;
	uint64_t settle = (retry_s + 1) * UINT64_C(1000);
	uint64_t limit = router->restart_time_s * UINT64_C(1000);

	return settle < limit ? settle : limit;
}

static uint64_t
limit_at(const struct speaker *sp)
{
	return sp->start_ms + sp->conf->router.restart_time_s * UINT64_C(1000);
}

static void
end_deferral(struct speaker *sp)
{
	sp->deferring = sp->own_only = false;
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (peer->established != NULL)
			peer_rekey(sp, peer);
}

void
restart_begin(struct speaker *sp)
{
	const struct conf *conf = sp->conf;

	sp->own_only = sp->is_restart && conf->router.graceful_restart;
	sp->deferring =
	    sp->own_only || (!conf->kernel.install && conf->router.graceful_restart);
	/*
	 * F bit: our forwarding outlived us when routes of ours were in the kernel; a
	 * pure reflector is not in the path of any packet.  A start on an empty kernel
	 * has lost whatever helpers may still hold of us.
	 */
	sp->forwarding = sp->is_restart || !conf->kernel.install;
}

void
restart_check(struct speaker *sp)
{
	bool late;

	if (sp->conf == NULL || (sp->converged && !sp->deferring))
		return;
	late = sp->now_ms >= limit_at(sp);
	if (sp->deferring &&
	    (late || all_complete(sp) ||
		(sp->now_ms >= sp->start_ms + settle_ms(sp) && !one_is_awaited(sp))))
		end_deferral(sp);
	if (!sp->converged && (late || all_announced(sp))) {
		sp->converged = true;
		/* From now on a lost session leaves our forwarding as it is. */
		sp->forwarding = true;
		note_event(sp, EVENT_CONVERGED, NULL);
	}
}

uint64_t
restart_deadline(const struct speaker *sp)
{
	if (sp->conf == NULL || (sp->converged && !sp->deferring))
		return UINT64_MAX;
	if (sp->deferring && sp->now_ms < sp->start_ms + settle_ms(sp))
		return sp->start_ms + settle_ms(sp);
	return limit_at(sp);
}
