/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Takes connections in, a bounded number a turn, from a backlog deep enough for a whole
 * cluster that dials in the same instant.  Out of descriptors it refuses: one
 * descriptor is kept in reserve to take a connection and close it.  Where not even that
 * can be done, for want of memory, it looks away for a moment: a socket that stays
 * readable would keep the loop from all work of a lower priority.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp/memory.h"
#include "connection.h"
#include "log.h"
#include "md5_keys.h"
#include "socket.h"

enum { BACKLOG = 4096, ACCEPT_MAX = 128, PAUSE_MS = 200, COMPLAINT_MS = 10 * 1000 };

struct listening {
	struct addr address;
	int fd;
	struct event *event;
	struct md5_keys keys;
};

struct listener {
	struct daemon *daemon;
	struct listening *sockets;
	struct event *again; /* after a pause */
	size_t n;
	int reserve;
	uint64_t complained_ms;
};

static void
complain(struct listener *l, int error)
{
	if (l->complained_ms != 0 && now_ms() - l->complained_ms < COMPLAINT_MS)
		return;
	log_error("connections cannot be taken: %s", strerror(error));
	l->complained_ms = now_ms();
}

static void
look_again_soon(struct listener *l)
{
	const struct timeval pause = { 0, PAUSE_MS * 1000 };

	event_add(l->again, &pause);
}

static void
look_away(struct listener *l)
{
	for (size_t i = 0; i < l->n; i++)
		event_del(l->sockets[i].event);
	look_again_soon(l);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	listener_open(arg);
}

/* False: that cannot be done, either. */
static bool
refuse_one(struct listener *l, int fd)
{
	int refused;

	if (l->reserve >= 0)
		close(l->reserve);
	refused = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (refused >= 0)
		close(refused);
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return refused >= 0;
}

static void
not_accepted(struct listener *l, int fd, int error)
{
	bool refuses = error == EMFILE || error == ENFILE;

	if (!refuses && error != ENOMEM && error != ENOBUFS)
		return;
	complain(l, error);
	if (!refuses || !refuse_one(l, fd))
		look_away(l);
}

/* -1 with errno: there is none. */
static int
accept_one(int fd, struct addr *remote)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	int conn =
	    accept4(fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	*remote = sockaddr_to(&ss);
	return conn;
}

static void
accept_some(struct listener *l, int fd)
{
	struct addr remote;

	for (int i = 0; i < ACCEPT_MAX; i++) {
		int conn = accept_one(fd, &remote);

		if (conn < 0) {
			not_accepted(l, fd, errno);
			return;
		}
		connection_accept(l->daemon, conn, &remote);
	}
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	daemon_set_now(l->daemon);
	accept_some(l, fd);
	daemon_wake_fairly(l->daemon);
}

/*
 * Keys were set: a connection that waits to be accepted may have come before that.  It
 * is closed where its address has a key now; the peer dials again.
 */
static void
drop_unchecked(struct listener *l, const struct listening *s)
{
	struct addr remote;
	int conn;

	daemon_set_now(l->daemon);
	for (int i = 0; i < BACKLOG && (conn = accept_one(s->fd, &remote)) >= 0; i++) {
		if (md5_keys_cover(&s->keys, &remote))
			close(conn);
		else
			connection_accept(l->daemon, conn, &remote);
	}
}

static bool
wants_ttl(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_peers; i++)
		if (conf->peers[i].options.ttl_security != 0)
			return true;
	for (size_t i = 0; i < conf->n_groups; i++)
		if (conf->groups[i].options.ttl_security != 0)
			return true;
	return false;
}

/*
 * RFC 5082 3: all that we send to a peer that checks TTL has 255, and what answers its
 * SYN comes from the listening socket.  The minimum is a peer's own: it is set on the
 * accepted socket (connection.c), which also looks at the SYN that was let in.
 */
static void
set_ttl(const struct listening *s, const struct conf *conf)
{
	bool wanted = wants_ttl(conf);
	int error = socket_save_syn(s->fd, wanted);

	socket_set_ttl(s->fd, (enum family)s->address.family, wanted ? 255 : -1);
	if (wanted && error != 0)
		log_warning("ttl-security: the TTL of a connection's first segment "
			    "cannot be checked: %s",
		    strerror(error));
}

static bool
set_keys(struct listening *s, const struct conf *conf, const struct keyring *ring)
{
	bool is_set =
	    md5_keys_apply(&s->keys, s->fd, (enum family)s->address.family, ring);

	md5_keys_report(&s->keys, conf, &s->address);
	return is_set;
}

/* Bound, not listening yet. */
static int
open_on(const struct addr *addr, uint16_t port)
{
	int on = 1;
	struct sockaddr_storage ss;
	int fd = socket(addr->family == FAMILY_IPV4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr->family == FAMILY_IPV6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, sockaddr_from(&ss, addr, port, 0)) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static void
explain(const struct addr *addr, uint16_t port, int error, char *text, size_t len)
{
	char where[ADDR_TEXT_LEN], owner[128] = "";

	if (error == EADDRINUSE)
		port_owner(port, owner, sizeof(owner));
	snprintf(text, len, "cannot listen on %s port %u: %s%s%s",
	    addr_format(addr, where), port, strerror(error),
	    owner[0] != '\0' ? ", by " : "", owner);
}

/* A host without IPv6 has no "::" to listen on; that is no error. */
static bool
may_be_missing(const struct addr *addr, int error)
{
	struct addr any6 = { .family = FAMILY_IPV6 };

	return addr_equal(addr, &any6) &&
	       (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
}

/* False: the error was said. */
static bool
socket_add(struct listener *l, const struct addr *address, const struct conf *conf,
    const struct keyring *ring, char *error, size_t len)
{
	struct listening *s = &l->sockets[l->n];
	int fd = open_on(address, conf->router.port);

	if (fd < 0 && may_be_missing(address, errno)) {
		log_notice("no IPv6 on this host: not listening on ::");
		return true;
	}
	if (fd < 0) {
		explain(address, conf->router.port, errno, error, len);
		return false;
	}
	s->fd = fd;
	s->address = *address;
	s->event =
	    event_new(l->daemon->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
	event_priority_set(s->event, PRIORITY_SOCKET);
	l->n++;
	(void)set_keys(s, conf, ring);
	set_ttl(s, conf);
	if (listen(fd, BACKLOG) == 0)
		return true;
	explain(address, conf->router.port, errno, error, len);
	return false;
}

struct listener *
listener_new(struct daemon *d, const struct conf *conf, char *error, size_t len)
{
	struct listener *l = mem_zero(1, sizeof(*l));
	struct keyring ring = keyring_of(conf, NULL);
	bool is_good = true;

	l->daemon = d;
	l->again = evtimer_new(d->base, on_again, l);
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->sockets = mem_zero(conf->router.n_listen, sizeof(*l->sockets));
	for (size_t i = 0; i < conf->router.n_listen && is_good; i++)
		is_good =
		    socket_add(l, &conf->router.listen[i], conf, &ring, error, len);
	keyring_free(&ring);
	if (is_good)
		return l;
	listener_free(l);
	return NULL;
}

void
listener_set_ttl(struct listener *l, const struct conf *conf)
{
	for (size_t i = 0; i < l->n; i++)
		set_ttl(&l->sockets[i], conf);
}

void
listener_set_keys(
    struct listener *l, const struct conf *conf, const struct keyring *learned)
{
	struct keyring ring = keyring_of(conf, learned);

	for (size_t i = 0; i < l->n; i++)
		if (set_keys(&l->sockets[i], conf, &ring))
			drop_unchecked(l, &l->sockets[i]);
	keyring_free(&ring);
}

int
listener_check_md5(const struct listener *l, const struct addr *remote, uint32_t secret)
{
	int error = ENOKEY;

	/* Any of them may have let it in: all that could must have the key. */
	for (size_t i = 0; i < l->n; i++) {
		const struct listening *s = &l->sockets[i];

		if (s->address.family != remote->family)
			continue;
		error = md5_keys_check(&s->keys, remote, secret);
		if (error != 0)
			break;
	}
	return error;
}

void
listener_open(struct listener *l)
{
	/* Watching a socket takes memory of the kernel's, too. */
	for (size_t i = 0; i < l->n; i++)
		if (event_add(l->sockets[i].event, NULL) != 0)
			look_again_soon(l);
}

void
listener_free(struct listener *l)
{
	for (size_t i = 0; i < l->n; i++) {
		event_free(l->sockets[i].event);
		close(l->sockets[i].fd);
		md5_keys_free(&l->sockets[i].keys);
	}
	event_free(l->again);
	if (l->reserve >= 0)
		close(l->reserve);
	free(l->sockets);
	free(l);
}
