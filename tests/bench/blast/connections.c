/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections: dialled or accepted, closed, and what a receiver forgets with them.
 */
#include "blast.h"

void
forget_routes(struct sess *s)
{
	memset(s->have, 0, (npfx / 64 + 1) * 8);
	memset(s->bad, 0, (npfx / 64 + 1) * 8);
	if (s->from)
		memset(s->from, 0, npfx);
	s->nhave = s->nbad = 0;
}

void
sess_close(struct sess *s, bool lost)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->st == UP) {
		n_up--;
		/* Who does not read may be dropped; it comes back. */
		C.drops += lost && !s->stalled;
	} else {
		C.retries += lost && s->st != IDLE;
	}
	if (s->in_flight) {
		s->in_flight = false;
		in_flight--;
	}
	/* A session lost after it was up stays down. */
	s->st = lost && s->t_up > 0 && !s->stalled ? DEAD : IDLE;
	if (s->stalled)
		forget_routes(s);
	s->t_retry = now_ns() + 100 * MS;
	s->nctl = s->nrest = s->bulk_len = s->bulk_off = 0;
	s->bulk = NULL;
	s->want_out = false;
}

static void
sock_setup(struct sess *s)
{
	int one = 1, small = 4096;

	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* One that is going to stall fills up soon.  From the start: a buffer made
	 * smaller than the window that was promised drops what comes, and the sender's
	 * next try may then be a minute away. */
	if (opt.stall > 0 && s->idx >= nsess - opt.stall)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
}

void
local_addr(struct sockaddr_storage *sa, uint32_t i)
{
	*sa = opt.local;
	if (sa->ss_family == AF_INET) {
		struct sockaddr_in *a = (void *)sa;
		a->sin_addr.s_addr = htonl(ntohl(a->sin_addr.s_addr) + i);
	} else {
		struct sockaddr_in6 *a = (void *)sa;
		p32(a->sin6_addr.s6_addr + 12, g32(a->sin6_addr.s6_addr + 12) + i);
	}
}

void
local_octets(uint8_t *out, uint32_t i)
{
	struct sockaddr_storage sa;

	local_addr(&sa, i);
	if (opt.family == 4)
		memcpy(out, &((struct sockaddr_in *)(void *)&sa)->sin_addr, 4);
	else
		memcpy(out, &((struct sockaddr_in6 *)(void *)&sa)->sin6_addr, 16);
}

void
sess_connect(struct sess *s)
{
	struct sockaddr_storage la;
	int one = 1;
	local_addr(&la, s->idx);
	s->fd =
	    socket(opt.dut.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(s->fd, (void *)&la, opt.salen))
		die("bind session %u: %s", s->idx, strerror(errno));
	sock_setup(s);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT,
		.data.u64 = (uint64_t)s->idx * 2 };
	s->want_out = true;
	epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &e);
	s->st = CONNECTING;
	s->in_flight = true;
	in_flight++;
	if (connect(s->fd, (void *)&opt.dut, opt.salen) && errno != EINPROGRESS)
		sess_close(s, true);
}

void
sess_listen(struct sess *s, unsigned port)
{
	struct sockaddr_storage la;
	int one = 1;
	local_addr(&la, s->idx);
	((struct sockaddr_in *)(void *)&la)->sin_port = htons((uint16_t)port);
	s->lfd = socket(la.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(s->lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (s->lfd < 0 || bind(s->lfd, (void *)&la, opt.salen) || listen(s->lfd, 4))
		die("listen session %u: %s", s->idx, strerror(errno));
	struct epoll_event e = { .events = EPOLLIN,
		.data.u64 = (uint64_t)s->idx * 2 + 1 };
	epoll_ctl(ep, EPOLL_CTL_ADD, s->lfd, &e);
}

void
sess_accept(struct sess *s)
{
	int fd = accept4(s->lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (s->fd >= 0 || s->st != IDLE) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->in_flight = true;
	in_flight++;
	sock_setup(s);
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)s->idx * 2 };
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	s->st = OPENSENT;
	send_open(s);
}

void
sess_stall(struct sess *s, bool on)
{
	int plenty = 1 << 20;
	struct epoll_event e = { .events =
				     (on ? 0 : EPOLLIN) | (s->want_out ? EPOLLOUT : 0),
		.data.u64 = (uint64_t)s->idx * 2 };

	s->stalled = on;
	if (s->fd < 0)
		return;
	if (!on)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &plenty, sizeof(plenty));
	epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &e);
}
