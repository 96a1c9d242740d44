/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads at most one buffer a turn and peer, so that no peer delays another; a message
 * cut at the end of it is kept until the rest is there.  An idle connection holds no
 * buffer.
 */
#include "connection.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp/memory.h"
#include "bgp/peer.h"
#include "guard.h"
#include "listener.h"
#include "log.h"
#include "socket.h"
#include "unnumbered.h"

enum {
	READ_MAX = 64 * 1024,
	WRITE_MAX = 256 * 1024, /* a call of connection_write() */
	IOV_LEN = 64,
	DUMP_MAX = 1024, /* octets a line of a wire dump */
};

static_assert(READ_BUFFER_LEN >= READ_MAX + MESSAGE_MAX_EXTENDED_LEN,
    "a cut message and a whole read fit the buffer");

struct connection {
	struct daemon *daemon;
	struct session *session;
	int fd;
	struct event *readable;
	struct event *writable;
	uint8_t *cut; /* the beginning of a message */
	size_t cut_len;
	struct guard guard; /* what the socket has */
};

static const char unreachable[] =
    "the address is on no connected subnet, and neither multihop nor "
    "ttl-security of 2 or more is set";

static void
connection_lost(struct connection *c, const char *what, int error)
{
	char reason[256];

	if (error == 0)
		snprintf(reason, sizeof(reason), "%s", what);
	else
		snprintf(reason, sizeof(reason), "%s: %s", what, strerror(error));
	if (error == ECONNREFUSED)
		session_refused(c->session, reason);
	else
		session_lost(c->session, reason);
	daemon_wake(c->daemon);
}

/* -v -v: the octets of a read or a write, in hexadecimal, a line each. */
static void
dump_wire(const struct connection *c, char direction, const uint8_t *at, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * DUMP_MAX + 1];
	size_t n = len < DUMP_MAX ? len : DUMP_MAX;

	if (c->daemon->verbose < 2)
		return;
	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[at[i] >> 4];
		text[2 * i + 1] = digits[at[i] & 15];
	}
	text[2 * n] = '\0';
	log_write(LOG_LEVEL_DEBUG, session_peer(c->session)->conf.name,
	    "%c %zu octets: %s%s", direction, len, text, n < len ? "..." : "");
}

static void
dump_written(const struct connection *c, const struct iovec *iov, size_t len)
{
	for (; c->daemon->verbose >= 2 && len > 0; iov++) {
		size_t n = iov->iov_len < len ? iov->iov_len : len;

		dump_wire(c, '>', iov->iov_base, n);
		len -= n;
	}
}

static void
keep_cut(struct connection *c, const uint8_t *at, size_t len)
{
	if (len == 0) {
		free(c->cut);
		c->cut = NULL;
	} else {
		c->cut = mem_resize(c->cut, len, 1);
		memcpy(c->cut, at, len);
	}
	c->cut_len = len;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	uint8_t *buffer = c->daemon->read_buffer;
	size_t len, used;
	ssize_t n;

	(void)what;
	daemon_set_now(c->daemon);
	if (c->cut_len > 0)
		memcpy(buffer, c->cut, c->cut_len);
	n = recv(fd, buffer + c->cut_len, READ_MAX, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		event_del(c->readable);
		connection_lost(c, n == 0 ? "the peer closed the connection" : "read",
		    n < 0 ? errno : 0);
		return;
	}
	dump_wire(c, '<', buffer + c->cut_len, (size_t)n);
	len = c->cut_len + (size_t)n;
	/* Bounded by the buffer; a flood of tiny messages has its own bound. */
	used = session_receive(c->session, buffer, len, READ_MAX);
	keep_cut(c, buffer + used, len - used);
	daemon_wake_fairly(c->daemon);
}

/* ---- writing ---- */

/* False: the socket takes no more, or is broken. */
static bool
write_some(struct connection *c, size_t max_len, size_t *wrote)
{
	struct iovec iov[IOV_LEN];
	struct msghdr msg = { .msg_iov = iov };
	int n = session_gather(c->session, iov, IOV_LEN, max_len);
	size_t want = 0;
	ssize_t sent;

	if (n == 0)
		return false;
	msg.msg_iovlen = (size_t)n;
	for (int i = 0; i < n; i++)
		want += iov[i].iov_len;
	do {
		sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		if (errno == EAGAIN) {
			session_blocked(c->session);
			event_add(c->writable, NULL);
		}
		/* Else reading will tell, with the reason. */
		return false;
	}
	dump_written(c, iov, (size_t)sent);
	session_wrote(c->session, (size_t)sent);
	*wrote += (size_t)sent;
	return (size_t)sent == want;
}

void
connection_write(struct session *session)
{
	struct connection *c = session_user(session);
	size_t wrote = 0;

	while (wrote < WRITE_MAX && write_some(c, WRITE_MAX - wrote, &wrote))
		continue;
}

/* The link that both ends are on; 0: there is a router between them. */
static uint32_t
shared_link(const struct kernel *k, const struct session_net *net, uint32_t local_link)
{
	uint32_t link;

	if (!kernel_is_connected(k, &net->remote, &link, NULL) || link != local_link)
		return 0;
	return link;
}

static void
session_net_of(struct connection *c, struct session_net *net)
{
	const struct kernel *k = c->daemon->kernel;
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	uint32_t link, scope;

	*net = (struct session_net){ .local = socket_local(c->fd),
		.remote = addr_none(),
		.local4 = addr_none(),
		.local6 = addr_none(),
		.link_local = addr_none() };
	net->shared.bits = 255;
	if (getpeername(c->fd, (struct sockaddr *)&ss, &len) == 0)
		net->remote = sockaddr_to(&ss);
	scope = sockaddr_link(&ss);
	link = scope != 0 ? scope : kernel_address_link(k, &net->local);
	if (link != 0) {
		net->local4 = kernel_link_address(k, link, FAMILY_IPV4);
		net->local6 = kernel_link_address(k, link, FAMILY_IPV6);
		net->link_local = kernel_link_local_address(k, link);
		net->link = scope != 0 ? scope : shared_link(k, net, link);
	}
	if (scope != 0)
		snprintf(net->interface, sizeof(net->interface), "%s",
		    kernel_link_name(k, scope));
	if (net->local.family == FAMILY_IPV4)
		net->local4 = net->local;
	else if (addr_is_link_local(&net->local))
		net->link_local = net->local;
	else
		net->local6 = net->local;
	if (!kernel_is_connected(k, &net->remote, NULL, &net->shared))
		net->shared.bits = 255;
}

/* The attempt of connection_dial() came to an end. */
static void
finish_dial(struct connection *c)
{
	int error = 0;
	socklen_t len = sizeof(error);
	struct session_net net;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		connection_lost(c, "connect", error);
		return;
	}
	session_net_of(c, &net);
	event_add(c->readable, NULL);
	session_connected(c->session, &net);
	daemon_wake(c->daemon);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	daemon_set_now(c->daemon);
	if (!event_pending(c->readable, EV_READ, NULL)) {
		finish_dial(c);
		return;
	}
	session_writable(c->session);
	daemon_wake(c->daemon);
}

/* ---- life ---- */

static struct connection *
connection_new(struct daemon *d, int fd)
{
	struct connection *c = mem_zero(1, sizeof(*c));

	c->daemon = d;
	c->fd = fd;
	c->readable = event_new(d->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(d->base, fd, EV_WRITE, on_writable, c);
	event_priority_set(c->readable, PRIORITY_SOCKET);
	event_priority_set(c->writable, PRIORITY_SOCKET);
	return c;
}

static void
connection_free(struct connection *c)
{
	event_free(c->readable);
	event_free(c->writable);
	if (c->fd >= 0)
		close(c->fd);
	free(c->cut);
	free(c);
}

/* A peer that TTL security lets be two hops away need not be on a connected subnet. */
static bool
is_within_reach(const struct daemon *d, const struct peer *peer)
{
	return !peer->ebgp || peer->conf.options.multihop != 0 ||
	       peer->conf.options.ttl_security > 1 || peer->conf.interface[0] != '\0' ||
	       kernel_is_connected(d->kernel, &peer->address, NULL, NULL);
}

static void
say_unheard(const struct daemon *d, const char *name, char *why, size_t len)
{
	const char *trouble = unnumbered_trouble(d->unnumbered);

	if (trouble[0] != '\0')
		snprintf(why, len, "%s", trouble);
	else
		snprintf(why, len, "no router is heard on %s", name);
}

/*
 * The link of a peer that is on one, in *link; 0 for any other.  False: it is not
 * ready, and `why` says so.  The dial is tried again when it is: see speaker_link().
 */
static bool
find_link(const struct daemon *d, const struct peer *peer, uint32_t *link, char *why,
    size_t len)
{
	const char *name = peer->conf.interface;

	*link = 0;
	why[0] = '\0';
	if (name[0] == '\0')
		return true;
	*link = kernel_link_index(d->kernel, name);
	if (*link == 0)
		snprintf(why, len, "there is no interface %s", name);
	else if (!kernel_link_is_up(d->kernel, *link))
		snprintf(why, len, "the interface %s is down or has no carrier", name);
	else if (kernel_link_local_address(d->kernel, *link).family == FAMILY_NONE)
		snprintf(why, len, "%s has no link-local address that is ready", name);
	else if (peer->address.family == FAMILY_NONE)
		say_unheard(d, name, why, len);
	return why[0] == '\0';
}

/* -1: *what says at which step. */
static int
open_and_bind(const struct peer *peer, uint32_t link, const char **what)
{
	enum family family = (enum family)peer->address.family;
	const struct addr *local = &peer->conf.options.local_address;
	struct sockaddr_storage ss;
	int on = 1;
	int fd = socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*what = "socket";
	if (fd < 0)
		return -1;
	socket_prepare(fd, family);
	if (local->family == FAMILY_NONE)
		return fd;
	*what = "bind to local-address";
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, sockaddr_from(&ss, local, 0, link)) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* False: it is not, and so it is lost. */
static bool
is_guarded(struct connection *c, const struct peer *peer)
{
	char why[GUARD_TEXT_LEN];

	if (guard_set(&c->guard, c->fd, peer, why, sizeof(why)))
		return true;
	connection_lost(c, why, 0);
	return false;
}

void
connection_dial(struct daemon *d, struct session *session)
{
	const struct peer *peer = session_peer(session);
	struct connection *c = connection_new(d, -1);
	const char *what;
	char why[96];
	struct sockaddr_storage ss;
	uint32_t link;

	c->session = session;
	c->guard.remote = peer->address;
	session_set_user(session, c);
	if (!find_link(d, peer, &link, why, sizeof(why))) {
		connection_lost(c, why, 0);
		return;
	}
	if (!is_within_reach(d, peer)) {
		connection_lost(c, unreachable, 0);
		return;
	}
	c->fd = open_and_bind(peer, link, &what);
	if (c->fd < 0) {
		connection_lost(c, what, errno);
		return;
	}
	if (!is_guarded(c, peer))
		return;
	event_assign(c->readable, d->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(c->writable, d->base, c->fd, EV_WRITE, on_writable, c);
	event_priority_set(c->readable, PRIORITY_SOCKET);
	event_priority_set(c->writable, PRIORITY_SOCKET);
	if (connect(c->fd, (struct sockaddr *)&ss,
		sockaddr_from(&ss, &peer->address, peer->conf.options.port, link)) ==
	    0) {
		finish_dial(c);
		return;
	}
	if (errno == EINPROGRESS)
		event_add(c->writable, NULL);
	else
		connection_lost(c, "connect", errno);
}

/* What the listening socket could not judge. */
static bool
is_welcome(struct connection *c, const struct peer *peer)
{
	char why[GUARD_TEXT_LEN];

	if (!is_within_reach(c->daemon, peer)) {
		connection_lost(c, unreachable, 0);
		return false;
	}
	if (guard_admits(&c->guard, c->fd, c->daemon->listener, peer, why, sizeof(why)))
		return true;
	log_write(LOG_LEVEL_INFO, peer->conf.name, "connection refused: %s", why);
	connection_lost(c, why, 0);
	return false;
}

void
connection_accept(struct daemon *d, int fd, const struct addr *remote)
{
	struct connection *c = connection_new(d, fd);
	struct session_net net;
	enum accept_verdict verdict;
	char text[ADDR_TEXT_LEN];

	session_net_of(c, &net);
	net.remote = *remote;
	c->guard.remote = *remote;
	verdict = speaker_accept(d->speaker, &net, &c->session);
	if (verdict == ACCEPT_OK) {
		const struct peer *peer = session_peer(c->session);

		socket_prepare(fd, (enum family)remote->family);
		session_set_user(c->session, c);
		daemon_wake(d);
		if (is_welcome(c, peer) && is_guarded(c, peer))
			event_add(c->readable, NULL);
		return;
	}
	log_info("connection from %s refused: %s", addr_format(remote, text),
	    accept_verdict_text(verdict));
	connection_free(c);
}

void
connection_reconfigure(struct session *session)
{
	struct connection *c = session_user(session);

	/* One that was lost already has nothing to protect. */
	if (c != NULL && c->fd >= 0)
		(void)is_guarded(c, session_peer(session));
}

void
connection_close(struct session *session)
{
	struct connection *c = session_user(session);

	if (c != NULL) {
		session_writable(session);
		if (c->fd >= 0) {
			connection_write(session);
			/* Unread octets would make close() a reset, and the
			 * NOTIFICATION that we just wrote be lost at the peer. */
			(void)recv(c->fd, c->daemon->read_buffer, READ_BUFFER_LEN,
			    MSG_DONTWAIT);
		}
		connection_free(c);
	}
	session_release(session);
}
