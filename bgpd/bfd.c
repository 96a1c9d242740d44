/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD for the peers: which of them have a session, by which address and port, and what
 * a change of its state does to BGP.
 *
 *   peers ── bfd_shell_sync() ──> struct bfd_peer ── lib/bfd: struct bfd_session
 *                                      │ one socket to send from
 *   receivers[family][kind] ──> run() ─┴─> packets out, changes ──> the speaker
 *
 * What is received is always read before timers are run: a packet that waits in the
 * socket because we were busy is not taken for missing.
 */
#include "bfd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "bfd_socket.h"
#include "bgp/memory.h"
#include "bgp/peer.h"
#include "log.h"

enum {
	SLOTS = 1024,    /* of the hash by address */
	KINDS = 2,       /* single hop, multihop */
	READ_MAX = 4096, /* datagrams a turn and socket: it is full with less */
	READ_EVERY_US = 20 * 1000, /* in the middle of other work */
	BIND_AGAIN_US = 10 * 1000 * 1000,
	PORT_TRIES = 64,
	PORTS = BFD_SOURCE_PORT_MAX - BFD_SOURCE_PORT_MIN + 1,
};

struct bfd_peer {
	struct bfd_shell *shell;
	struct bfd_session *session;
	struct bfd_peer *next, *chain;
	char name[CONF_NAME_LEN];
	struct addr remote, local;
	uint32_t number; /* of the peer */
	uint32_t interval_ms;
	uint8_t multiplier;
	bool multihop;
	bool closing; /* AdminDown, until the session says CLOSED */
	bool complained;
	uint16_t port;  /* the source's, for the session's life; 0: none yet */
	int fd;         /* -1: not open */
	uint32_t round; /* of the last sync that wanted it */
};

struct receiver {
	int fd; /* -1: not open */
	struct event *readable;
	char trouble[128];
};

struct bfd_shell {
	struct daemon *daemon;
	struct bfd *bfd;
	struct event *timer;
	struct receiver receivers[FAMILY_COUNT][KINDS];
	struct bfd_peer *first;
	struct bfd_peer *slots[SLOTS];
	uint32_t round;
	uint64_t read_us; /* when it was read last */
	uint64_t bind_us; /* when a receiver is to be tried again; 0: all are bound */
	bool running;     /* run() is on the stack */
	uint16_t next_port;
	uint8_t ports_used[PORTS / 8];
};

static void run(struct bfd_shell *b);

uint64_t
bfd_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- receivers ---- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run(arg);
}

static void
receiver_failed(struct receiver *r, enum family family, bool multihop)
{
	char text[sizeof(r->trouble)];

	snprintf(text, sizeof(text), "cannot receive BFD on %s UDP port %d: %s",
	    family_name(family), multihop ? BFD_PORT_MULTIHOP : BFD_PORT_SINGLE_HOP,
	    strerror(errno));
	/* Once, not with each try. */
	if (strcmp(text, r->trouble) != 0)
		log_error("%s", text);
	memcpy(r->trouble, text, sizeof(text));
}

static void
receiver_open(struct bfd_shell *b, enum family family, bool multihop)
{
	struct receiver *r = &b->receivers[family][multihop];

	if (r->fd >= 0)
		return;
	r->fd = bfd_socket_receiver(family, multihop);
	if (r->fd < 0) {
		receiver_failed(r, family, multihop);
		b->bind_us = bfd_now_us() + BIND_AGAIN_US;
		return;
	}
	r->trouble[0] = '\0';
	r->readable =
	    event_new(b->daemon->base, r->fd, EV_READ | EV_PERSIST, on_readable, b);
	event_priority_set(r->readable, PRIORITY_TIMER);
	event_add(r->readable, NULL);
}

static void
receiver_close(struct receiver *r)
{
	if (r->fd >= 0) {
		event_free(r->readable);
		close(r->fd);
	}
	*r = (struct receiver){ .fd = -1 };
}

/* Those that some session needs, and no others. */
static void
receivers_update(struct bfd_shell *b)
{
	bool needed[FAMILY_COUNT][KINDS] = { { false } };

	b->bind_us = 0;
	for (const struct bfd_peer *p = b->first; p != NULL; p = p->next)
		needed[p->remote.family][p->multihop] = true;
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			if (needed[f][kind])
				receiver_open(b, (enum family)f, kind == 1);
			else
				receiver_close(&b->receivers[f][kind]);
}

static void
take(void *arg, const struct bfd_datagram *datagram)
{
	struct bfd_shell *b = arg;

	bfd_receive(b->bfd, b->read_us, datagram);
}

static void
read_all(struct bfd_shell *b)
{
	b->read_us = bfd_now_us();
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++) {
			struct receiver *r = &b->receivers[f][kind];

			if (r->fd >= 0)
				bfd_socket_read(r->fd, kind == 1, READ_MAX, take, b);
		}
}

/* ---- sending ---- */

static bool
port_is_used(const struct bfd_shell *b, uint16_t port)
{
	unsigned i = port - BFD_SOURCE_PORT_MIN;

	return (b->ports_used[i / 8] >> i % 8 & 1) != 0;
}

static void
port_mark(struct bfd_shell *b, uint16_t port, bool used)
{
	unsigned i = port - BFD_SOURCE_PORT_MIN;
	uint8_t bit = (uint8_t)(1u << i % 8);

	if (used)
		b->ports_used[i / 8] |= bit;
	else
		b->ports_used[i / 8] &= (uint8_t)~bit;
}

static uint16_t
port_next(struct bfd_shell *b)
{
	uint16_t port = b->next_port;

	b->next_port =
	    port == BFD_SOURCE_PORT_MAX ? BFD_SOURCE_PORT_MIN : (uint16_t)(port + 1);
	return port;
}

/* RFC 5881 4: one of its own for each session; shared above 16,384 of them, which this
 * does not reach: then the last tries fail, and so does the session. */
static void
sender_open(struct bfd_shell *b, struct bfd_peer *p)
{
	enum family family = (enum family)p->remote.family;

	errno = EADDRINUSE;
	if (p->port != 0) {
		p->fd = bfd_socket_sender(family, &p->local, p->port);
		return;
	}
	for (int tries = 0; tries < PORT_TRIES && errno == EADDRINUSE; tries++) {
		uint16_t port = port_next(b);

		if (port_is_used(b, port))
			continue;
		p->fd = bfd_socket_sender(family, &p->local, port);
		if (p->fd >= 0) {
			p->port = port;
			port_mark(b, port, true);
			return;
		}
	}
}

static void
sender_close(struct bfd_peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* What cannot be sent is lost, as on any path; the first time it is told. */
static void
send_packet(struct bfd_shell *b, struct bfd_peer *p, const uint8_t *octets)
{
	if (p->fd < 0)
		sender_open(b, p);
	if (p->fd >= 0 && bfd_socket_send(p->fd, &p->remote, p->multihop, octets)) {
		p->complained = false;
		return;
	}
	if (!p->complained)
		log_write(LOG_LEVEL_WARNING, p->name, "cannot send BFD packets: %s",
		    strerror(errno));
	p->complained = true;
}

/* ---- changes ---- */

/* The peer that the session was opened for, where it is there still. */
static struct peer *
peer_of(const struct bfd_peer *p)
{
	struct peer *peer = speaker_peer(p->shell->daemon->speaker, p->number);

	return peer != NULL && addr_equal(&peer->conf.address, &p->remote) ? peer
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

	bfd_session_status(p->session, &status);
	snprintf(text, sizeof(text),
	    "BFD session up, %s, detection time %" PRIu64 " ms",
	    p->multihop ? "multihop" : "single hop", status.detection_us / 1000);
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

static void
peer_free(struct bfd_shell *b, struct bfd_peer *p)
{
	struct bfd_peer **at = &b->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	at = &b->slots[addr_hash(&p->remote) % SLOTS];
	while (*at != p)
		at = &(*at)->chain;
	*at = p->chain;
	bfd_session_free(b->bfd, p->session);
	sender_close(p);
	if (p->port != 0)
		port_mark(b, p->port, false);
	free(p);
}

static void
handle_change(struct bfd_shell *b, const struct bfd_change *change)
{
	struct bfd_peer *p = change->user;

	if (change->kind == BFD_CHANGE_CLOSED) {
		peer_free(b, p);
		receivers_update(b);
	} else if (change->after == BFD_UP) {
		tell_up(p, change);
	} else if (change->before == BFD_UP) {
		went_down(p, change);
	} else if (log_is_on(LOG_LEVEL_DEBUG)) {
		log_write(LOG_LEVEL_DEBUG, p->name, "BFD session %s: %s",
		    bfd_state_name(change->after), bfd_diag_name(change->diag));
	}
}

/* ---- the turn ---- */

static void
arm_timer(struct bfd_shell *b)
{
	uint64_t at = bfd_deadline(b->bfd), now = bfd_now_us();
	uint64_t delay = at <= now ? 0 : at - now;
	struct timeval tv = { .tv_sec = (time_t)(delay / 1000000),
		.tv_usec = (suseconds_t)(delay % 1000000) };

	if (at == UINT64_MAX)
		event_del(b->timer);
	else
		event_add(b->timer, &tv);
}

static void
send_all(struct bfd_shell *b)
{
	uint8_t octets[BFD_PACKET_LEN];
	void *user;

	while (bfd_next_packet(b->bfd, bfd_now_us(), &user, octets))
		send_packet(b, user, octets);
}

static void
run(struct bfd_shell *b)
{
	struct bfd_change change;

	if (b->running)
		return;
	b->running = true;
	read_all(b);
	bfd_tick(b->bfd, bfd_now_us());
	send_all(b);
	while (bfd_next_change(b->bfd, &change))
		handle_change(b, &change);
	arm_timer(b);
	b->running = false;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct bfd_shell *b = arg;

	(void)fd;
	(void)what;
	if (b->bind_us != 0 && bfd_now_us() >= b->bind_us)
		receivers_update(b);
	run(b);
}

void
bfd_shell_poll(struct bfd_shell *b)
{
	uint64_t now;

	if (b->first == NULL)
		return;
	now = bfd_now_us();
	if (now >= bfd_deadline(b->bfd) || now >= b->read_us + READ_EVERY_US)
		run(b);
}

/* ---- which peers ---- */

static struct bfd_peer *
find(const struct bfd_shell *b, const struct addr *remote)
{
	struct bfd_peer *p = b->slots[addr_hash(remote) % SLOTS];

	while (p != NULL && !addr_equal(&p->remote, remote))
		p = p->chain;
	return p;
}

static bool
wants(const struct peer *peer)
{
	return peer->conf.options.bfd && !peer->disabled &&
	       (!peer->dynamic || peer->established != NULL);
}

/* The end of the BGP session, once there was one: the peer knows us by it. */
static struct addr
local_of(const struct peer *peer)
{
	if (peer->conf.options.local_address.family != FAMILY_NONE)
		return peer->conf.options.local_address;
	return peer->came_up ? peer->net.local : addr_none();
}

static bool
is_multihop(const struct bfd_shell *b, const struct addr *remote)
{
	return !kernel_is_connected(b->daemon->kernel, remote, NULL, NULL);
}

static void
session_open(struct bfd_shell *b, struct bfd_peer *p)
{
	struct bfd_params params = { .remote = p->remote,
		.local = p->local,
		.multihop = p->multihop,
		.interval_us = p->interval_ms * 1000,
		.multiplier = p->multiplier };

	p->session = bfd_session_open(b->bfd, bfd_now_us(), &params, p);
}

static struct bfd_peer *
peer_new(struct bfd_shell *b, const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;
	struct bfd_peer *p = mem_zero(1, sizeof(*p));
	struct bfd_peer **slot = &b->slots[addr_hash(&peer->conf.address) % SLOTS];

	p->shell = b;
	p->fd = -1;
	p->remote = peer->conf.address;
	p->local = local_of(peer);
	p->multihop = is_multihop(b, &p->remote);
	p->interval_ms = options->bfd_interval_ms;
	p->multiplier = options->bfd_multiplier;
	p->chain = *slot;
	*slot = p;
	p->next = b->first;
	b->first = p;
	session_open(b, p);
	return p;
}

/* Where the session runs is looked at while it does not: one that is Up is right. */
static void
move(struct bfd_shell *b, struct bfd_peer *p, const struct peer *peer)
{
	struct addr local = local_of(peer);
	bool multihop = is_multihop(b, &p->remote);
	struct bfd_status status;

	bfd_session_status(p->session, &status);
	if (status.state == BFD_UP)
		return;
	if (!addr_equal(&local, &p->local)) {
		p->local = local;
		sender_close(p);
		bfd_session_set_local(p->session, &local);
	}
	if (multihop != p->multihop) {
		p->multihop = multihop;
		bfd_session_free(b->bfd, p->session);
		session_open(b, p);
	}
}

static void
update(struct bfd_shell *b, struct bfd_peer *p, const struct peer *peer)
{
	const struct conf_peer_options *options = &peer->conf.options;

	if (p->closing) {
		p->closing = false;
		bfd_session_enable(b->bfd, p->session, bfd_now_us());
	}
	if (options->bfd_interval_ms != p->interval_ms ||
	    options->bfd_multiplier != p->multiplier) {
		p->interval_ms = options->bfd_interval_ms;
		p->multiplier = options->bfd_multiplier;
		bfd_session_set_timing(b->bfd, p->session, bfd_now_us(),
		    p->interval_ms * 1000, p->multiplier);
	}
	move(b, p, peer);
}

static void
want(struct bfd_shell *b, const struct peer *peer)
{
	struct bfd_peer *p = find(b, &peer->conf.address);

	if (p == NULL)
		p = peer_new(b, peer);
	else
		update(b, p, peer);
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

void
bfd_shell_sync(struct bfd_shell *b)
{
	struct speaker *sp = b->daemon->speaker;

	if (b->first == NULL && !is_configured(speaker_conf(sp)))
		return;
	b->round++;
	for (struct peer *peer = speaker_first_peer(sp); peer != NULL;
	     peer = speaker_next_peer(sp, peer))
		if (wants(peer))
			want(b, peer);
	if (b->first == NULL)
		return;
	for (struct bfd_peer *p = b->first; p != NULL; p = p->next)
		if (p->round != b->round && !p->closing) {
			p->closing = true;
			bfd_session_disable(b->bfd, p->session, bfd_now_us());
		}
	receivers_update(b);
	run(b);
}

/* ---- life ---- */

struct bfd_shell *
bfd_shell_new(struct daemon *d)
{
	struct bfd_shell *b = mem_zero(1, sizeof(*b));
	uint64_t seed = bfd_now_us();
	uint16_t port = 0;

	(void)getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
	(void)getrandom(&port, sizeof(port), GRND_NONBLOCK);
	b->daemon = d;
	b->bfd = bfd_new(seed);
	b->next_port = (uint16_t)(BFD_SOURCE_PORT_MIN + port % PORTS);
	b->timer = evtimer_new(d->base, on_timer, b);
	event_priority_set(b->timer, PRIORITY_TIMER);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			b->receivers[f][kind].fd = -1;
	return b;
}

void
bfd_shell_stop(struct bfd_shell *b)
{
	for (struct bfd_peer *p = b->first; p != NULL; p = p->next)
		bfd_session_disable(b->bfd, p->session, bfd_now_us());
	send_all(b);
}

void
bfd_shell_free(struct bfd_shell *b)
{
	while (b->first != NULL)
		peer_free(b, b->first);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int kind = 0; kind < KINDS; kind++)
			receiver_close(&b->receivers[f][kind]);
	event_free(b->timer);
	bfd_free(b->bfd);
	free(b);
}

bool
bfd_shell_status(const struct bfd_shell *b, const struct peer *peer,
    struct bfd_status *out, const char **trouble)
{
	const struct bfd_peer *p = find(b, &peer->conf.address);

	if (p == NULL || p->closing)
		return false;
	bfd_session_status(p->session, out);
	*trouble = b->receivers[p->remote.family][p->multihop].trouble;
	return true;
}
