/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD for the peers: which of them have a session, by which address and port, and what
 * a change of its state does to BGP.
 *
 *   peers ── bfd_shell_sync() ──> struct bfd_peer ──> bfd_thread.c: machines, sockets
 *   speaker <── went_down() <── on_news() <── changes ──┘
 */
#include "bfd.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bfd_thread.h"
#include "bgp/memory.h"
#include "bgp/peer.h"
#include "log.h"

enum {
	SLOTS = 1024,      /* of the hash by address */
	KINDS = 2,         /* single hop, multihop */
	BIND_AGAIN_S = 10, /* a port that was taken is tried again */
};

struct bfd_peer {
	struct bfd_line line; /* first: the session's `user` is both */
	struct bfd_shell *shell;
	struct bfd_peer *next, *chain;
	char name[CONF_NAME_LEN];
	uint32_t number; /* of the peer */
	uint32_t interval_ms;
	uint8_t multiplier;
	bool closing;   /* AdminDown, until the session says CLOSED */
	int told_error; /* line.error, as the log has it */
	uint32_t round; /* of the last sync that wanted it */
};

static_assert(offsetof(struct bfd_peer, line) == 0, "a line is its peer");

struct bfd_shell {
	struct daemon *daemon;
	struct bfd_thread *thread;
	struct event *news, *again;
	int troubles[FAMILY_COUNT][KINDS]; /* errno of what cannot receive; 0 */
	struct bfd_peer *first;
	struct bfd_peer *slots[SLOTS];
	uint32_t round;
};

/* ---- receivers ---- */

static void
trouble_text(enum family family, bool multihop, int error, char *text, size_t len)
{
	snprintf(text, len, "cannot receive BFD on %s UDP port %d: %s",
	    family_name(family), multihop ? BFD_PORT_MULTIHOP : BFD_PORT_SINGLE_HOP,
	    strerror(error));
}

/* Once, not with each try. */
static void
tell_trouble(struct bfd_shell *b, enum family family, bool multihop, int error)
{
	int *told = &b->troubles[family][multihop];
	char text[128];

	if (error != 0 && error != *told) {
		trouble_text(family, multihop, error, text, sizeof(text));
		log_error("%s", text);
	}
	*told = error;
}

static void
try_again_later(struct bfd_shell *b)
{
	static const struct timeval later = { .tv_sec = BIND_AGAIN_S };

	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			if (b->troubles[f][kind] != 0)
				event_add(b->again, &later);
}

/* Those that some session needs, and no others. */
static void
receivers_update(struct bfd_shell *b)
{
	bool needed[FAMILY_COUNT][KINDS] = { { false } };
	int errors[FAMILY_COUNT][KINDS] = { { 0 } };

	for (const struct bfd_peer *p = b->first; p != NULL; p = p->next)
		needed[p->line.remote.family][p->line.multihop] = true;
	bfd_thread_lock(b->thread);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			if (!bfd_thread_receive(
				b->thread, (enum family)f, kind == 1, needed[f][kind]))
				errors[f][kind] = errno;
	bfd_thread_unlock(b->thread);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			tell_trouble(b, (enum family)f, kind == 1, errors[f][kind]);
	try_again_later(b);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	receivers_update(arg);
}

/* ---- changes ---- */

/* The number of the interface that the peer's address is on; 0: it is on none. */
static uint32_t
link_of(const struct bfd_shell *b, const struct peer *peer)
{
	return peer->conf.interface[0] == '\0'
		   ? 0
		   : kernel_link_index(b->daemon->kernel, peer->conf.interface);
}

/* The peer that the session was opened for, where it is there still. */
static struct peer *
peer_of(const struct bfd_peer *p)
{
	struct peer *peer = speaker_peer(p->shell->daemon->speaker, p->number);

	return peer != NULL && addr_equal(&peer->address, &p->line.remote) &&
		       link_of(p->shell, peer) == p->line.link
		   ? peer
		   : NULL;
}

static void
tell(const struct bfd_peer *p, enum conf_log_level level, const char *event,
    const struct bfd_change *change, const char *text)
{
	json_t *fields = NULL;

	if (!log_is_on(level))
		return;
	if (log_is_json())
		fields = json_pack("{s:s, s:s, s:s}", "event", event, "diagnostic",
		    bfd_diag_name(change->diag), "remote_diagnostic",
		    bfd_diag_name(change->remote_diag));
	log_line(level, p->name, fields, text);
}

static void
tell_up(const struct bfd_peer *p, const struct bfd_change *change)
{
	struct bfd_status status;
	char text[160];

	bfd_thread_lock(p->shell->thread);
	bfd_session_status(p->line.session, &status);
	bfd_thread_unlock(p->shell->thread);
	snprintf(text, sizeof(text),
	    "BFD session up, %s, detection time %" PRIu64 " ms",
	    p->line.multihop ? "multihop" : "single hop", status.detection_us / 1000);
	tell(p, LOG_LEVEL_INFO, "bfd-up", change, text);
}

static void
tell_down(const struct bfd_peer *p, const struct bfd_change *change)
{
	bool signaled = change->diag == BFD_DIAG_NEIGHBOR_DOWN;
	char text[200];

	if (change->after == BFD_ADMIN_DOWN) {
		tell(p, LOG_LEVEL_INFO, "bfd-down", change,
		    "BFD session down: Administratively Down");
		return;
	}
	snprintf(text, sizeof(text), "BFD session down: %s%s%s%s",
	    bfd_diag_name(change->diag), signaled ? " (" : "",
	    !signaled              ? ""
	    : change->remote_admin ? "Administratively Down"
				   : bfd_diag_name(change->remote_diag),
	    signaled ? ")" : "");
	tell(p, change->remote_admin ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING, "bfd-down",
	    change, text);
}

/*
 * RFC 5882 3.2: what went down by an operator's will, here or there, says nothing of
 * the path, and BGP stays as it is.
 */
static void
went_down(struct bfd_peer *p, const struct bfd_change *change)
{
	struct daemon *d = p->shell->daemon;
	struct peer *peer = peer_of(p);

	tell_down(p, change);
	if (change->remote_admin || change->after == BFD_ADMIN_DOWN || peer == NULL)
		return;
	daemon_set_now(d);
	speaker_bfd_down(d->speaker, peer, change->independent);
	daemon_wake(d);
}

/* Under the lock. */
static void
peer_free(struct bfd_shell *b, struct bfd *bfd, struct bfd_peer *p)
{
	struct bfd_peer **at = &b->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	at = &b->slots[addr_hash(&p->line.remote) % SLOTS];
	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	bfd_session_free(bfd, p->line.session);
	bfd_line_close(b->thread, &p->line, true);
	free(p);
}

/* False: none is left.  The peer of a session that was CLOSED is no more, unless it was
 * wanted again in the meantime. */
static bool
draw_change(struct bfd_shell *b, struct bfd_change *change)
{
	struct bfd *bfd = bfd_thread_lock(b->thread);
	bool drawn = bfd_next_change(bfd, change);

	if (drawn && change->kind == BFD_CHANGE_CLOSED &&
	    ((struct bfd_peer *)change->user)->closing)
		peer_free(b, bfd, change->user);
	bfd_thread_unlock(b->thread);
	return drawn;
}

static void
handle_change(const struct bfd_change *change)
{
	struct bfd_peer *p = change->user;

	if (change->after == BFD_UP)
		tell_up(p, change);
	else if (change->before == BFD_UP)
		went_down(p, change);
	else if (log_is_on(LOG_LEVEL_DEBUG))
		log_write(LOG_LEVEL_DEBUG, p->name, "BFD session %s: %s",
		    bfd_state_name(change->after), bfd_diag_name(change->diag));
}

/* The first packet that cannot be sent is told, and the first one that can again. */
static void
tell_errors(struct bfd_shell *b)
{
	for (struct bfd_peer *p = b->first; p != NULL; p = p->next) {
		int error;

		bfd_thread_lock(b->thread);
		error = p->line.error;
		bfd_thread_unlock(b->thread);
		if (error != 0 && p->told_error == 0)
			log_write(LOG_LEVEL_WARNING, p->name,
			    "cannot send BFD packets: %s", strerror(error));
		p->told_error = error;
	}
}

static void
on_news(evutil_socket_t fd, short what, void *arg)
{
	struct bfd_shell *b = arg;
	struct bfd_change change;
	bool closed = false;

	(void)fd;
	(void)what;
	bfd_thread_news_read(b->thread);
	while (draw_change(b, &change)) {
		if (change.kind == BFD_CHANGE_CLOSED)
			closed = true;
		else
			handle_change(&change);
	}
	if (closed)
		receivers_update(b);
	tell_errors(b);
}

/* ---- which peers ---- */

static struct bfd_peer *
find(const struct bfd_shell *b, const struct addr *remote, uint32_t link)
{
	struct bfd_peer *p = b->slots[addr_hash(remote) % SLOTS];

	while (
	    p != NULL && (p->line.link != link || !addr_equal(&p->line.remote, remote)))
		p = p->chain;
	return p;
}

/* Anybody on a link can advertise itself; the session's end is the peer. */
static bool
has_met_neighbor(const struct peer *peer)
{
	return peer->address.family != FAMILY_NONE && peer->came_up &&
	       addr_equal(&peer->address, &peer->net.remote);
}

static bool
wants(const struct bfd_shell *b, const struct peer *peer)
{
	if (!peer->conf.options.bfd || peer->disabled)
		return false;
	if (peer->conf.interface[0] != '\0' && link_of(b, peer) == 0)
		return false;
	if (conf_peer_is_unnumbered(&peer->conf))
		return has_met_neighbor(peer);
	return !peer->dynamic || peer->established != NULL;
}

/*
 * The end of the BGP session, once there was one: the peer knows us by it.  A
 * link-local one may be another by now, where its interface was made anew.
 */
static struct addr
local_of(const struct bfd_shell *b, const struct peer *peer)
{
	if (peer->conf.options.local_address.family != FAMILY_NONE)
		return peer->conf.options.local_address;
	if (!peer->came_up ||
	    (addr_is_link_local(&peer->net.local) &&
		!kernel_is_local_address(b->daemon->kernel, &peer->net.local)))
		return addr_none();
	return peer->net.local;
}

static bool
is_multihop(const struct bfd_shell *b, const struct addr *remote, uint32_t link)
{
	return link == 0 && !kernel_is_connected(b->daemon->kernel, remote, NULL, NULL);
}

static void
session_open(struct bfd *bfd, struct bfd_peer *p)
{
	struct bfd_params params = { .remote = p->line.remote,
		.local = p->line.local,
		.link = p->line.link,
		.multihop = p->line.multihop,
		.interval_us = p->interval_ms * 1000,
		.multiplier = p->multiplier };

	p->line.session = bfd_session_open(bfd, bfd_now_us(), &params, &p->line);
}

static struct bfd_peer *
peer_new(struct bfd_shell *b, struct bfd *bfd, const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;
	struct bfd_peer *p = mem_zero(1, sizeof(*p));
	struct bfd_peer **slot = &b->slots[addr_hash(&peer->address) % SLOTS];

	p->shell = b;
	bfd_line_init(&p->line);
	p->line.remote = peer->address;
	p->line.link = link_of(b, peer);
	p->line.local = local_of(b, peer);
	p->line.multihop = is_multihop(b, &p->line.remote, p->line.link);
	p->interval_ms = options->bfd_interval_ms;
	p->multiplier = options->bfd_multiplier;
	p->chain = *slot;
	*slot = p;
	p->next = b->first;
	b->first = p;
	session_open(bfd, p);
	return p;
}

/* Where the session runs is looked at while it does not: one that is Up is right. */
static void
move(struct bfd_shell *b, struct bfd *bfd, struct bfd_peer *p, const struct peer *peer)
{
	struct addr local = local_of(b, peer);
	bool multihop = is_multihop(b, &p->line.remote, p->line.link);
	struct bfd_status status;

	bfd_session_status(p->line.session, &status);
	if (status.state == BFD_UP)
		return;
	if (!addr_equal(&local, &p->line.local)) {
		p->line.local = local;
		bfd_line_close(b->thread, &p->line, false);
		bfd_session_set_local(p->line.session, &local);
	}
	if (multihop != p->line.multihop) {
		p->line.multihop = multihop;
		bfd_session_free(bfd, p->line.session);
		session_open(bfd, p);
	}
}

static void
update(
    struct bfd_shell *b, struct bfd *bfd, struct bfd_peer *p, const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;

	if (p->closing) {
		p->closing = false;
		bfd_session_enable(bfd, p->line.session, bfd_now_us());
	}
	if (options->bfd_interval_ms != p->interval_ms ||
	    options->bfd_multiplier != p->multiplier) {
		p->interval_ms = options->bfd_interval_ms;
		p->multiplier = options->bfd_multiplier;
		bfd_session_set_timing(bfd, p->line.session, bfd_now_us(),
		    p->interval_ms * 1000, p->multiplier);
	}
	move(b, bfd, p, peer);
}

static void
want(struct bfd_shell *b, struct bfd *bfd, const struct peer *peer)
{
	struct bfd_peer *p = find(b, &peer->address, link_of(b, peer));

	/* An unnumbered peer, and one with the address of who is there. */
	if (p != NULL && p->round == b->round)
		return;
	if (p == NULL)
		p = peer_new(b, bfd, peer);
	else
		update(b, bfd, p, peer);
	p->number = peer->number;
	memcpy(p->name, peer->conf.name, sizeof(p->name));
	p->round = b->round;
}

static bool
is_configured(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_peers; i++)
		if (conf->peers[i].options.bfd)
			return true;
	for (size_t i = 0; i < conf->n_groups; i++)
		if (conf->groups[i].options.bfd)
			return true;
	return false;
}

static void
follow_peers(struct bfd_shell *b, struct bfd *bfd)
{
	struct speaker *sp = b->daemon->speaker;

	b->round++;
	for (struct peer *peer = speaker_first_peer(sp); peer != NULL;
	     peer = speaker_next_peer(sp, peer))
		if (wants(b, peer))
			want(b, bfd, peer);
	for (struct bfd_peer *p = b->first; p != NULL; p = p->next)
		if (p->round != b->round && !p->closing) {
			p->closing = true;
			bfd_session_disable(bfd, p->line.session, bfd_now_us());
		}
}

void
bfd_shell_sync(struct bfd_shell *b)
{
	if (b->first == NULL && !is_configured(speaker_conf(b->daemon->speaker)))
		return;
	follow_peers(b, bfd_thread_lock(b->thread));
	bfd_thread_unlock(b->thread);
	receivers_update(b);
}

/* ---- life ---- */

struct bfd_shell *
bfd_shell_new(struct daemon *d)
{
	struct bfd_shell *b = mem_zero(1, sizeof(*b));

	b->daemon = d;
	b->thread = bfd_thread_new();
	b->news = event_new(
	    d->base, bfd_thread_news(b->thread), EV_READ | EV_PERSIST, on_news, b);
	b->again = evtimer_new(d->base, on_again, b);
	event_priority_set(b->news, PRIORITY_TIMER);
	event_priority_set(b->again, PRIORITY_TIMER);
	event_add(b->news, NULL);
	return b;
}

void
bfd_shell_stop(struct bfd_shell *b)
{
	struct bfd *bfd;

	if (b->first == NULL)
		return;
	bfd = bfd_thread_lock(b->thread);
	for (struct bfd_peer *p = b->first; p != NULL; p = p->next)
		bfd_session_disable(bfd, p->line.session, bfd_now_us());
	bfd_thread_flush(b->thread);
	bfd_thread_unlock(b->thread);
}

void
bfd_shell_free(struct bfd_shell *b)
{
	if (b->first != NULL) {
		struct bfd *bfd = bfd_thread_lock(b->thread);

		while (b->first != NULL)
			peer_free(b, bfd, b->first);
		bfd_thread_unlock(b->thread);
	}
	bfd_thread_free(b->thread);
	event_free(b->news);
	event_free(b->again);
	free(b);
}

bool
bfd_shell_status(const struct bfd_shell *b, const struct peer *peer,
    struct bfd_status *out, char *trouble, size_t len)
{
	const struct bfd_peer *p = find(b, &peer->address, link_of(b, peer));
	int receive, send;

	if (p == NULL || p->closing)
		return false;
	bfd_thread_lock(b->thread);
	bfd_session_status(p->line.session, out);
	send = p->line.error;
	bfd_thread_unlock(b->thread);
	receive = b->troubles[p->line.remote.family][p->line.multihop];
	trouble[0] = '\0';
	if (receive != 0)
		trouble_text((enum family)p->line.remote.family, p->line.multihop,
		    receive, trouble, len);
	else if (send != 0)
		snprintf(trouble, len, "cannot send: %s", strerror(send));
	return true;
}
