/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the control socket asks of the daemon.
 */
#include <stdio.h>
#include <string.h>

#include "bgp/peer.h"
#include "daemon.h"
#include "fib.h"
#include "log.h"

enum {
	PEER_WAIT_MS = 30000,  /* End-of-RIB of a peer that came up */
	START_WAIT_MS = 60000, /* one peer Established */
};

static void
before(void *arg)
{
	daemon_set_now(arg);
}

static void
after_change(void *arg)
{
	daemon_wake(arg);
}

static bool
has_sent_all(const struct peer *peer, uint64_t now)
{
	if (now - peer->up_since_ms >= PEER_WAIT_MS)
		return true;
	for (int f = 0; f < FAMILY_COUNT; f++)
		if (peer->params.families[f] && !peer->end_of_rib[f])
			return false;
	return true;
}

static bool
peers_are_ready(struct daemon *d)
{
	uint64_t now = speaker_now(d->speaker);
	struct speaker_totals totals;
	struct peer *peer = speaker_first_peer(d->speaker);

	for (; peer != NULL; peer = speaker_next_peer(d->speaker, peer))
		if (peer->established != NULL && !has_sent_all(peer, now))
			return false;
	speaker_totals(d->speaker, &totals);
	return totals.established > 0 || totals.configured == 0 ||
	    now - totals.start_ms >= START_WAIT_MS;
}

static bool
fib_is_in_step(const struct daemon *d)
{
	struct fib_counters counters;

	if (d->fib == NULL)
		return true;
	fib_counters(d->fib, &counters);
	return counters.pending == 0 && !rib_fib_pending(speaker_rib(d->speaker));
}

/* It never waits for a peer that cannot be reached, and once true it stays so. */
bool
daemon_is_ready(struct daemon *d)
{
	if (!d->ready && d->started)
		d->ready = fib_is_in_step(d) && peers_are_ready(d);
	return d->ready;
}

static bool
ready(void *arg)
{
	return daemon_is_ready(arg);
}

static int
reload(void *arg, char *error, size_t len)
{
	return daemon_reload(arg, error, len);
}

static void
shutdown_now(void *arg, const char *reason)
{
	log_notice("shutdown by the operator%s%s",
	    reason != NULL && reason[0] != '\0' ? ": " : "", reason == NULL ? "" : reason);
	daemon_stop(arg, false, reason);
}
