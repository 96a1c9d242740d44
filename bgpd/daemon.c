/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The daemon's start, its turn, and its end.
 *
 * Start: the sockets are opened, the kernel is dumped, and only then, when it is known
 * whether routes of ours were there, the speaker gets its configuration and peers are
 * let in.  That takes milliseconds; nothing waits for a peer.
 */
#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "bfd.h"
#include "bgp/memory.h"
#include "bgp/peer.h"
#include "connection.h"
#include "fib.h"
#include "guard.h"
#include "listener.h"
#include "log.h"
#include "tunnel.h"
#include "unnumbered.h"

enum {
	WORK_BUDGET = 4096, /* destinations or changes a slice */
	TURN_MS = 5,        /* RIB work a turn, and writing a turn */
	FIB_BUDGET = 1024,  /* FIB changes a turn */
	FIB_AHEAD = 8,      /* FIB changes, prefetched */
	/* So long sockets may keep a turn waiting, and turns may keep the sockets (half
	 * the least hold time); … */
	STARVED_MS = 50,
	LOOK_MS = 1500,
	/* … where a thread has routes to write meanwhile, and the kernel has news. */
	STARVED_FIB_MS = 5,
	LOOK_FIB_MS = 50,
	LOG_FLUSH_S = 10,
};

uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
daemon_set_now(struct daemon *d)
{
	speaker_set_now(d->speaker, now_ms());
}

void
daemon_wake(struct daemon *d)
{
	event_active(d->work, EV_TIMEOUT, 0);
}

/* ---- the turn ---- */

/* Where the tunnel device is not there, its hops wait, unless others are to be had. */
static void
hops_from(
    const struct daemon *d, const struct fib_change *change, struct fib_route *route)
{
	uint32_t tunnel = tunnel_ifindex(d->tunnel);

	route->n_hops = 0;
	for (unsigned i = 0; i < change->n_hops; i++) {
		const struct fib_change_hop *hop = &change->hops[i];
		bool by_tunnel = hop->ifindex == 0;

		if (by_tunnel && tunnel == 0 &&
		    (route->n_hops > 0 || i + 1u < change->n_hops))
			continue;
		route->hops[route->n_hops++] =
		    (struct fib_hop){ .gateway = hop->gateway,
			    .ifindex = by_tunnel ? tunnel : hop->ifindex,
			    .onlink = by_tunnel,
			    .weight = 1,
			    .next_hop = hop->next_hop };
	}
}

static void
fib_change_apply(struct daemon *d, const struct fib_change *change)
{
	struct fib_route route;

	route.prefix = change->prefix;
	switch ((enum fib_kind)change->kind) {
	case FIB_KIND_NONE: fib_clear(d->fib, &change->prefix); return;
	case FIB_KIND_BLACKHOLE:
		route.type = FIB_BLACKHOLE;
		route.n_hops = 0;
		break;
	case FIB_KIND_UNICAST:
		route.type = FIB_UNICAST;
		hops_from(d, change, &route);
		break;
	}
	fib_set(d->fib, &route);
}

/* Each entry of the FIB is a cache miss or two: they are fetched while others are set.
 */
static void
prefetch_fib(const struct daemon *d)
{
	struct prefix prefix;

	if (speaker_fib_ahead(d->speaker, 2 * FIB_AHEAD, &prefix))
		fib_prefetch(d->fib, &prefix);
	if (speaker_fib_ahead(d->speaker, FIB_AHEAD, &prefix))
		fib_prefetch_entry(d->fib, &prefix);
}

/* True: there is more. */
static bool
feed_fib(struct daemon *d)
{
	struct fib_change change;
	bool blackholes = false, more = true;

	if (d->fib == NULL)
		return false;
	for (int i = 0; i < FIB_BUDGET; i++) {
		prefetch_fib(d);
		more = speaker_fib_next(d->speaker, &change);
		if (!more)
			break;
		blackholes = blackholes || change.kind == FIB_KIND_BLACKHOLE;
		fib_change_apply(d, &change);
	}
	if (blackholes)
		fib_push_through(d->fib);
	else if (more)
		fib_push(d->fib);
	return more;
}

/* Once a peer and start: a sweep looks at the whole FIB, and a peer may send End-of-RIB
 * as often as it likes. */
static void
sweep_later(struct daemon *d, const struct peer *peer)
{
	if (d->fib == NULL || d->converged || peer == NULL ||
	    !peer_has_announced_all(peer))
		return;
	/* The same link-local address may be another peer's, on another link: its
	 * routes wait for the sweep of all. */
	if (addr_is_link_local(&peer->address))
		return;
	for (size_t i = 0; i < d->n_swept_peers; i++)
		if (addr_equal(&d->swept_peers[i], &peer->address))
			return;
	d->swept_peers =
	    mem_resize(d->swept_peers, d->n_swept_peers + 1, sizeof(*d->swept_peers));
	d->swept_peers[d->n_swept_peers++] = peer->address;
}

/*
 * What goes to a peer's address is the peer's, unless it is a router to the next hops
 * of others, too: then it may be theirs, who may still have to come.
 */
static void
sweep_peer(struct daemon *d, const struct addr *address)
{
	if (!rib_igp_has_gateway(speaker_rib(d->speaker), address))
		fib_sweep_gateway(d->fib, address);
}

/*
 * Not when End-of-RIB comes: routes that came just before it may still be on their way
 * to the FIB, and what is adopted must not leave before they confirm it.
 */
static void
sweep(struct daemon *d)
{
	for (; d->n_sweeps_done < d->n_swept_peers && d->fib != NULL;
	     d->n_sweeps_done++)
		sweep_peer(d, &d->swept_peers[d->n_sweeps_done]);
	if (d->sweep_due && d->fib != NULL)
		fib_sweep(d->fib);
	d->sweep_due = false;
}

static void
handle_events(struct daemon *d)
{
	struct speaker_event event;

	while (speaker_next_event(d->speaker, &event)) {
		log_event(&event);
		switch (event.kind) {
		case EVENT_DIAL: connection_dial(d, event.session); break;
		case EVENT_CLOSE: connection_close(event.session); break;
		case EVENT_END_OF_RIB: sweep_later(d, event.peer); break;
		case EVENT_NEIGHBOR_FAILED:
			unnumbered_peer_failed(d->unnumbered, event.peer);
			break;
		case EVENT_CONVERGED: d->converged = d->sweep_due = true; break;
		case EVENT_PEER_UP:
			unnumbered_peer_up(d->unnumbered, event.peer);
			d->bfd_due = d->links_due = true;
			break;
		case EVENT_PEER_DOWN:
		case EVENT_PEER_ADDED:
		case EVENT_PEER_REMOVED: d->bfd_due = d->links_due = true; break;
		default: break;
		}
	}
	if (d->links_due && !d->stopping)
		guard_links(d);
	d->links_due = false;
	if (d->bfd_due && !d->stopping)
		bfd_shell_sync(d->bfd);
	d->bfd_due = false;
}

/* True: there is more. */
static bool
write_out(struct daemon *d, uint64_t until_ms)
{
	struct session *session;

	while ((session = speaker_next_writer(d->speaker)) != NULL) {
		connection_write(session);
		if (now_ms() > until_ms)
			return true;
	}
	return false;
}

static void
arm_timer(struct daemon *d)
{
	uint64_t at = speaker_deadline(d->speaker), now = now_ms();
	uint64_t delay = at <= now ? 0 : at - now;
	struct timeval tv;

	if (at == UINT64_MAX) {
		event_del(d->timer);
		return;
	}
	tv.tv_sec = (time_t)(delay / 1000);
	tv.tv_usec = (suseconds_t)(delay % 1000 * 1000);
	event_add(d->timer, &tv);
}

static bool
work_a_slice(struct daemon *d, uint64_t until_ms)
{
	/* The thread that writes routes is not to wait for more of them. */
	if (d->fib != NULL && !fib_is_settled(d->fib))
		return speaker_work(d->speaker, FIB_BUDGET);
	while (speaker_work(d->speaker, WORK_BUDGET))
		if (now_ms() >= until_ms)
			return true;
	return false;
}

/*
 * libevent looks at the sockets when no work is active, and there is some as long as a
 * turn asks for another: now and then it has to be told.  A look after each turn would
 * take feeds of the same routes out of step, and each of them through the decision.
 */
static void
go_on(struct daemon *d)
{
	uint64_t patience = d->fib != NULL ? LOOK_FIB_MS : LOOK_MS;

	daemon_wake(d);
	if (d->turn_ms - d->looked_ms < patience)
		return;
	d->looked_ms = d->turn_ms;
	event_base_loopcontinue(d->base);
}

static void
daemon_turn(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	bool more;

	(void)fd;
	(void)what;
	if (!d->started)
		return;
	daemon_set_now(d);
	speaker_tick(d->speaker);
	handle_events(d);
	more = work_a_slice(d, now_ms() + TURN_MS);
	/* The kernel first: a blackhole is there before its block is announced. */
	more = feed_fib(d) || more;
	if (!more && !rib_has_work(speaker_rib(d->speaker)))
		sweep(d);
	more = write_out(d, now_ms() + TURN_MS) || more;
	handle_events(d);
	arm_timer(d);
	d->turn_ms = now_ms();
	if (more)
		go_on(d);
}

void
daemon_wake_fairly(struct daemon *d)
{
	uint64_t patience = d->fib != NULL ? STARVED_FIB_MS : STARVED_MS;

	if (speaker_now(d->speaker) < d->turn_ms + patience)
		daemon_wake(d);
	else
		daemon_turn(-1, 0, d);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	/* Here, ahead of all bulk work: keepalives are never late. */
	daemon_set_now(d);
	speaker_tick(d->speaker);
	handle_events(d);
	write_out(d, now_ms() + TURN_MS);
	daemon_wake(d);
}

/* ---- facts from the kernel ---- */

static void
on_igp(void *arg, const struct igp_route *route)
{
	struct daemon *d = arg;

	speaker_igp_set(d->speaker, route);
	daemon_wake(d);
}

static void
on_igp_gone(void *arg, const struct prefix *prefix)
{
	struct daemon *d = arg;

	speaker_igp_clear(d->speaker, prefix);
	daemon_wake(d);
}

static void
on_address(
    void *arg, const struct addr *a, unsigned bits, uint32_t ifindex, bool present)
{
	struct daemon *d = arg;

	(void)bits;
	daemon_set_now(d);
	if (addr_is_link_local(a)) {
		speaker_own_address(d->speaker, a, ifindex, present);
		if (present) /* peers on that link can be dialled now */
			speaker_link(d->speaker, ifindex,
			    kernel_link_name(d->kernel, ifindex), true,
			    kernel_link_is_up(d->kernel, ifindex));
		if (present)
			unnumbered_link(d->unnumbered);
	} else {
		/* Told once a link; another one may still have the address. */
		speaker_own_address(
		    d->speaker, a, 0, kernel_is_local_address(d->kernel, a));
	}
	d->bfd_due = true; /* what is connected may be so no longer */
	daemon_wake(d);
}

static void
on_link(void *arg, uint32_t ifindex, const char *name, bool up, bool usable)
{
	struct daemon *d = arg;

	daemon_set_now(d);
	speaker_link(d->speaker, ifindex, name, up, usable);
	unnumbered_link(d->unnumbered);
	d->bfd_due = true; /* a peer's interface may be another one */
	daemon_wake(d);
}

static void
on_workload(void *arg, unsigned import_index, const struct prefix *prefix, bool present)
{
	struct daemon *d = arg;

	daemon_set_now(d);
	speaker_workload(d->speaker, import_index, prefix, present);
	daemon_wake(d);
}

static void
on_links(void *arg)
{
	struct daemon *d = arg;

	tunnel_check(d->tunnel);
}

static void
on_tunnel(void *arg)
{
	struct daemon *d = arg;

	if (d->fib == NULL)
		return;
	fib_set_waiting(d->fib, tunnel_trouble(d->tunnel));
	if (!d->started)
		return;
	speaker_fib_again(d->speaker);
	daemon_wake(d);
}

static const struct tunnel_events tunnel_events = { .changed = on_tunnel };

static void
on_kernel_log(void *arg, int level, const char *text)
{
	(void)arg;
	log_write((enum conf_log_level)level, NULL, "%s", text);
}

static void
on_synced(void *arg)
{
	struct daemon *d = arg;
	uint32_t adopted = d->fib == NULL ? 0 : fib_adopted_count(d->fib);

	daemon_set_now(d);
	tunnel_check(d->tunnel);
	if (adopted > 0) {
		log_notice("%u routes of ours are in the kernel: adopted", adopted);
		speaker_is_restart(d->speaker);
	}
	speaker_configure(d->speaker, d->first_conf);
	d->first_conf = NULL;
	d->bfd_due = true;
	d->started = true;
	guard_forget(d);
	guard_watch(d);
	unnumbered_configure(d->unnumbered);
	listener_open(d->listener);
	if (d->reload_asked)
		raise(SIGHUP); /* not from inside of the kernel's callback */
	daemon_wake(d);
}

static const struct kernel_events kernel_events = { .igp = on_igp,
	.igp_gone = on_igp_gone,
	.address = on_address,
	.workload = on_workload,
	.links = on_links,
	.link = on_link,
	.synced = on_synced,
	.log = on_kernel_log };

/* ---- signals ---- */

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *d = arg;
	char error[4096];

	(void)what;
	daemon_set_now(d);
	switch (number) {
	case SIGHUP:
		d->reload_asked = !d->started;
		if (!d->started)
			break;
		if (daemon_reload(d, error, sizeof(error)) < 0)
			log_error("reload failed, nothing was changed: %s", error);
		break;
	case SIGUSR1: log_reopen(); break;
	default:
		log_notice("%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
		daemon_stop(d,
		    d->started && speaker_conf(d->speaker)->router.graceful_restart,
		    "shutdown");
		break;
	}
}

static void
on_log_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_event_flush();
	if (((struct daemon *)arg)->started)
		guard_watch(arg);
}

void
daemon_hold_signals(bool hold)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void
watch_signals(struct daemon *d)
{
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1 };
	const struct timeval every = { .tv_sec = LOG_FLUSH_S };

	for (size_t i = 0; i < 4; i++) {
		d->signals[i] = evsignal_new(d->base, numbers[i], on_signal, d);
		event_priority_set(d->signals[i], PRIORITY_TIMER);
		event_add(d->signals[i], NULL);
	}
	d->signals[4] = event_new(d->base, -1, EV_PERSIST, on_log_flush, d);
	event_priority_set(d->signals[4], PRIORITY_TIMER);
	event_add(d->signals[4], &every);
	signal(SIGPIPE, SIG_IGN);
	daemon_hold_signals(false);
}

/* ---- life ---- */

static void
set_hostname(struct daemon *d)
{
	char host[256] = "";
	char *dot;

	if (gethostname(host, sizeof(host) - 1) < 0)
		return;
	dot = strchr(host, '.');
	if (dot != NULL)
		*dot++ = '\0';
	speaker_set_hostname(d->speaker, host, dot == NULL ? "" : dot);
}

static bool
open_base(struct daemon *d)
{
	uint32_t seed = (uint32_t)now_ms();

	d->base = event_base_new();
	if (d->base == NULL || event_base_priority_init(d->base, PRIORITY_COUNT) < 0)
		return false;
	d->timer = evtimer_new(d->base, on_timer, d);
	d->work = event_new(d->base, -1, 0, daemon_turn, d);
	event_priority_set(d->timer, PRIORITY_TIMER);
	event_priority_set(d->work, PRIORITY_WORK);
	(void)getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	d->speaker = speaker_new(now_ms(), seed);
	d->bfd = bfd_shell_new(d);
	d->unnumbered = unnumbered_new(d);
	d->read_buffer = mem_alloc(READ_BUFFER_LEN);
	set_hostname(d);
	watch_signals(d);
	return true;
}

/* Each failure says what it was. */
static bool
open_all(struct daemon *d, const struct conf *conf)
{
	char error[512] = "";

	daemon_fill_control_ops(d);
	d->control =
	    control_new(d->base, &conf->control, &d->control_ops, error, sizeof(error));
	if (d->control != NULL)
		d->listener = listener_new(d, conf, error, sizeof(error));
	if (d->listener != NULL)
		d->kernel = kernel_new(
		    d->base, &conf->kernel, &kernel_events, d, error, sizeof(error));
	if (d->kernel != NULL)
		d->tunnel = tunnel_new(d->kernel, &tunnel_events, d);
	if (d->kernel != NULL && conf->kernel.install)
		d->fib = fib_new(d->kernel, error, sizeof(error));
	if (error[0] != '\0')
		log_error("%s", error);
	return d->kernel != NULL && d->tunnel != NULL &&
	       (d->fib != NULL || !conf->kernel.install);
}

int
daemon_start(struct daemon *d, struct conf *conf)
{
	d->first_conf = conf;
	if (!open_base(d)) {
		log_error("no event loop can be made");
		return 1;
	}
	if (!open_all(d, conf))
		return 1;
	log_notice("bgpd %s: AS %u, router id %u.%u.%u.%u", BGPD_VERSION,
	    conf->router.as, conf->router.id >> 24, conf->router.id >> 16 & 255,
	    conf->router.id >> 8 & 255, conf->router.id & 255);
	return 0;
}

void
daemon_run(struct daemon *d)
{
	event_base_dispatch(d->base);
}

void
daemon_stop(struct daemon *d, bool graceful, const char *reason)
{
	if (d->stopping)
		return;
	d->stopping = true;
	d->keep_routes = graceful;
	if (d->started) {
		speaker_stop(d->speaker, graceful, reason);
		handle_events(d);
		/* Also before a restart: it is no failure that ends the session. */
		bfd_shell_stop(d->bfd);
	}
	event_base_loopbreak(d->base);
}

static void
release_fib(struct daemon *d)
{
	if (d->fib == NULL)
		return;
	/* A start that failed leaves the kernel as it found it. */
	if (d->stopping && !d->keep_routes)
		fib_flush_all(d->fib);
	fib_free(d->fib);
}

void
daemon_free(struct daemon *d)
{
	release_fib(d);
	if (d->control != NULL)
		control_free(d->control);
	if (d->listener != NULL)
		listener_free(d->listener);
	tunnel_free(d->tunnel);
	if (d->bfd != NULL)
		bfd_shell_free(d->bfd);
	unnumbered_free(d->unnumbered, d->keep_routes);
	link_ends_free(&d->link_ends);
	if (d->kernel != NULL)
		kernel_free(d->kernel);
	if (d->speaker != NULL)
		speaker_free(d->speaker);
	if (d->first_conf != NULL)
		conf_free(d->first_conf);
	for (size_t i = 0; i < 5; i++)
		if (d->signals[i] != NULL)
			event_free(d->signals[i]);
	if (d->timer != NULL)
		event_free(d->timer);
	if (d->work != NULL)
		event_free(d->work);
	if (d->base != NULL)
		event_base_free(d->base);
	free(d->read_buffer);
	free(d->swept_peers);
}
