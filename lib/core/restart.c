/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This speaker restarting (RFC 4724 4.1).  Own routes are announced at once.  Routes
 * learned from others, and End-of-RIB, go to a graceful-restart peer only when every
 * such peer that came up, and is not itself restarting, has sent its End-of-RIB.  Peers
 * that are not up are given the time of one connection retry to come, no more.
 *
 * Convergence is another matter: adopted kernel routes are swept when all configured
 * peers have sent End-of-RIB.  Both end with restart-time at the latest.
 */
#include "core_internal.h"

static bool
has_sent_end_of_rib(const struct peer *peer)
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
	return !peer->remote_open.graceful_restart || has_sent_end_of_rib(peer);
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

static bool
all_complete(const struct speaker *sp)
{
	if (has_ranges(sp->conf))
		return false;
	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (is_expected(peer) && !is_complete(peer))
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
		    (peer->established == NULL || !has_sent_end_of_rib(peer)))
			return false;
	return true;
}

/* A peer that is restarting itself waits for us, too: neither must wait for it. */
static bool
one_is_awaited(const struct speaker *sp)
{
	for (const struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (is_expected(peer) && peer->established != NULL &&
		    !peer->remote_open.restarting && !is_complete(peer))
			return true;
	return false;
}

static uint64_t
settle_ms(const struct speaker *sp)
{
	uint64_t settle = (sp->conf->router.connect_retry_s + 1) * UINT64_C(1000);
	uint64_t limit = sp->conf->router.restart_time_s * UINT64_C(1000);

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
	sp->deferring = false;
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (peer->established != NULL)
			peer_rekey(sp, peer);
}

void
restart_begin(struct speaker *sp)
{
	const struct conf *conf = sp->conf;

	sp->deferring = sp->is_restart && conf->router.graceful_restart;
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
