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
#include "socket.h"

enum { BACKLOG = 4096, ACCEPT_MAX = 128, PAUSE_MS = 200, COMPLAINT_MS = 10 * 1000 };

struct listener {
	struct daemon *daemon;
	struct event **events;
	struct event *again; /* after a pause */
	int *fds;
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
		event_del(l->events[i]);
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

static void
accept_some(struct listener *l, int fd)
{
	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t len = sizeof(ss);
		struct addr remote;
		int conn = accept4(
		    fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn < 0) {
			not_accepted(l, fd, errno);
			return;
		}
		remote = sockaddr_to(&ss);
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

static int
listen_on(const struct addr *addr, uint16_t port)
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
	if (bind(fd, (struct sockaddr *)&ss, sockaddr_from(&ss, addr, port)) < 0 ||
	    listen(fd, BACKLOG) < 0) {
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

struct listener *
listener_new(
    struct daemon *d, const struct conf_router *router, char *error, size_t len)
{
	struct listener *l = mem_zero(1, sizeof(*l));

	l->daemon = d;
	l->again = evtimer_new(d->base, on_again, l);
	l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->events = mem_zero(router->n_listen, sizeof(struct event *));
	l->fds = mem_zero(router->n_listen, sizeof(int));
	for (size_t i = 0; i < router->n_listen; i++) {
		int fd = listen_on(&router->listen[i], router->port);

		if (fd < 0 && may_be_missing(&router->listen[i], errno)) {
			log_notice("no IPv6 on this host: not listening on ::");
			continue;
		}
		if (fd < 0) {
			explain(&router->listen[i], router->port, errno, error, len);
			listener_free(l);
			return NULL;
		}
		l->fds[l->n] = fd;
		l->events[l->n] =
		    event_new(d->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
		event_priority_set(l->events[l->n], PRIORITY_SOCKET);
		l->n++;
	}
	return l;
}

void
listener_open(struct listener *l)
{
	/* Watching a socket takes memory of the kernel's, too. */
	for (size_t i = 0; i < l->n; i++)
		if (event_add(l->events[i], NULL) != 0)
			look_again_soon(l);
}

void
listener_free(struct listener *l)
{
	for (size_t i = 0; i < l->n; i++) {
		event_free(l->events[i]);
		close(l->fds[i]);
	}
	event_free(l->again);
	if (l->reserve >= 0)
		close(l->reserve);
	free(l->events);
	free(l->fds);
	free(l);
}
