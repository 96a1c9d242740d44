/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the control socket asks of the daemon.
 */
#include <stdio.h>
#include <string.h>

#include "bfd.h"
#include "bfd_thread.h"
#include "bgp/peer.h"
#include "daemon.h"
#include "fib.h"
#include "guard.h"
#include "log.h"
#include "unnumbered.h"

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
	struct daemon *d = arg;

	d->bfd_due = true; /* a peer may be disabled, or enabled */
	daemon_wake(d);
}

static bool
has_sent_all(const struct peer *peer, uint64_t now)
{
	return now - peer->up_since_ms >= PEER_WAIT_MS || peer_has_announced_all(peer);
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
	return d->fib == NULL ||
	       (fib_is_settled(d->fib) && !rib_fib_pending(speaker_rib(d->speaker)));
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
	    reason != NULL && reason[0] != '\0' ? ": " : "",
	    reason == NULL ? "" : reason);
	daemon_stop(arg, false, reason);
}

static bool
bfd(void *arg, const struct peer *peer, struct bfd_status *out, char *trouble,
    size_t len, uint64_t *now_us)
{
	const struct daemon *d = arg;

	*now_us = bfd_now_us();
	return bfd_shell_status(d->bfd, peer, out, trouble, len);
}

/* ---- the FIB ---- */

static bool
route_installed(void *arg, const struct prefix *prefix)
{
	const struct daemon *d = arg;

	return d->fib != NULL && fib_is_installed(d->fib, prefix);
}

static void
fib_counts(void *arg, struct control_fib_counts *out)
{
	const struct daemon *d = arg;
	struct fib_counters counters;

	*out = (struct control_fib_counts){ 0 };
	if (d->fib == NULL)
		return;
	fib_counters(d->fib, &counters);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		const uint32_t *states = counters.states[f];

		out->installed[f] = states[FIB_STATE_INSTALLED];
		out->pending += states[FIB_STATE_PENDING];
		out->conflicts += states[FIB_STATE_CONFLICT];
		out->failed += states[FIB_STATE_FAILED];
		out->waiting += states[FIB_STATE_WAITING];
	}
}

struct walk_context {
	const struct daemon *daemon;
	control_fib_emit *emit;
	void *emit_arg;
};

static void
emit_one(void *arg, const struct fib_status *status)
{
	const struct walk_context *walk = arg;
	const struct fib_route *route = &status->route;
	char via[FIB_HOPS_MAX][ADDR_TEXT_LEN], owner[16] = "";
	struct control_fib_hop hops[FIB_HOPS_MAX];
	struct control_fib_route out = { .prefix = route->prefix,
		.state = fib_state_name(status->state),
		.via = route->type == FIB_BLACKHOLE ? "blackhole" : "",
		.hops = hops,
		.n_hops = route->n_hops,
		.nexthop_id = status->nexthop,
		.owner = owner,
		.detail = status->detail };

	if (status->state == FIB_STATE_CONFLICT && status->owner != 0)
		snprintf(owner, sizeof(owner), "protocol %u", status->owner);
	for (unsigned i = 0; i < route->n_hops; i++) {
		const struct fib_hop *hop = &route->hops[i];

		hops[i].via = addr_format(&hop->gateway, via[i]);
		hops[i].device =
		    status->state == FIB_STATE_WAITING
			? kernel_conf(walk->daemon->kernel)->tunnel.device
			: kernel_link_name(walk->daemon->kernel, hop->ifindex);
	}
	if (route->n_hops > 0) {
		out.via = hops[0].via;
		out.device = hops[0].device;
	}
	walk->emit(walk->emit_arg, &out);
}

static void
fib_route(
    void *arg, const struct prefix *prefix, control_fib_emit *emit, void *emit_arg)
{
	struct walk_context walk = { arg, emit, emit_arg };
	struct fib_status status;

	if (walk.daemon->fib != NULL &&
	    fib_state(walk.daemon->fib, prefix, &status) != FIB_STATE_NONE)
		emit_one(&walk, &status);
}

static bool
walk_fib(void *arg, uint32_t *position, control_fib_emit *emit, void *emit_arg)
{
	struct walk_context walk = { arg, emit, emit_arg };

	return walk.daemon->fib != NULL &&
	       fib_walk(walk.daemon->fib, position, emit_one, &walk);
}

static bool
key_trouble(void *arg, const struct peer *peer, char *text, size_t len)
{
	return guard_links_conflict(arg, peer, text, len);
}

static unsigned
routers(void *arg, const char *interface, struct addr *out, unsigned max)
{
	const struct daemon *d = arg;

	return unnumbered_routers(d->unnumbered, interface, out, max);
}

static const char *
link_name(void *arg, uint32_t ifindex)
{
	const struct daemon *d = arg;

	return kernel_link_name(d->kernel, ifindex);
}

void
daemon_fill_control_ops(struct daemon *d)
{
	d->control_ops = (struct control_ops){ .arg = d,
		.speaker = d->speaker,
		.version = BGPD_VERSION,
		.before = before,
		.after_change = after_change,
		.ready = ready,
		.bfd = bfd,
		.key_trouble = key_trouble,
		.route_installed = route_installed,
		.fib_route = fib_route,
		.fib_counts = fib_counts,
		.fib_walk = walk_fib,
		.routers = routers,
		.link_name = link_name,
		.reload = reload,
		.shutdown = shutdown_now };
}
