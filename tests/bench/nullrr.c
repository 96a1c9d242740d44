/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nullrr: the floor under every route reflector.
 *
 * Accepts BGP sessions, answers OPEN and KEEPALIVE, and floods every UPDATE it gets to
 * all other sessions with ORIGINATOR_ID and CLUSTER_LIST added.  There is no table, no
 * decision and no policy: one log of octets that grows, and one cursor a session.  What
 * the generator measures against it is the cost of TCP, of the kernel and of itself.
 *
 * -a offers ADD-PATH and -i sets the identifier of a reflector with an IPv6 address.
 * The fifth argument damages one UPDATE, to show that the generator notices.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RX (256u << 10)

struct peer {
	int fd;
	bool up, blocked;
	uint32_t id;
	uint8_t rest[4096];
	size_t nrest;
	size_t entry, off; /* next log entry, bytes of it already sent */
};
struct entry {
	size_t off;
	uint32_t len;
	uint32_t owner;
};

static struct peer *P[20000];
static unsigned np;
static uint8_t *lg;
static size_t nlog, caplog;
static struct entry *E;
static size_t ne, cape;
static uint32_t my_as = 64512, my_id;
static uint8_t my_afi = 1;
static bool add_path;
static const char *corrupt = "";
static unsigned long nupd, corrupt_at = 3;
static int ep;

static void *
grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		exit(3);
	return p;
}

static bool
lies(const char *kind)
{
	return strcmp(corrupt, kind) == 0;
}

/* The one damage that was asked for, in a message of `*out` octets with attributes of
 * `al`. */
static void
damage(uint8_t *d, size_t *out, unsigned wl, unsigned al)
{
	if (lies("missing")) /* cut the last prefix (all are /26: 5 octets) */
		*out -= 5;
	if (lies("extra")) {
		memcpy(d + *out, "\x18\xcb\x00\x71", 4);
		*out += 4;
	}
	if (lies("wrongprefix"))
		d[*out - 1] ^= 0x40;
	for (uint8_t *q = d + 23 + wl; q < d + 23 + wl + al;) {
		unsigned n = q[0] & 0x10 ? (unsigned)q[2] << 8 | q[3] : q[2],
			 h = q[0] & 0x10 ? 4 : 3;
		if (lies("nexthop") && q[1] == 3)
			q[6] ^= 1;
		if (lies("aspath") && q[1] == 2 && n > 0)
			q[h + n - 1] ^= 1;
		if (lies("localpref") && q[1] == 5)
			q[6] ^= 1;
		if (lies("origin") && q[1] == 1)
			q[3] ^= 1;
		if (lies("originator") && q[1] == 9)
			q[6] ^= 1;
		q += h + n;
	}
}

/* Copies a message with ORIGINATOR_ID and CLUSTER_LIST spliced in; returns its length.
 */
static size_t
reflect(uint8_t *d, const struct peer *from, const uint8_t *m, size_t len)
{
	unsigned wl = (unsigned)m[19] << 8 | m[20],
		 al = (unsigned)m[21 + wl] << 8 | m[22 + wl];
	uint8_t added[14] = { 0x80, 9, 4, 0, 0, 0, 0, 0x80, 10, 4, 0, 0, 0, 0 };
	size_t end = 23 + wl + al, out = len;
	uint32_t id = htonl(from->id), cluster = htonl(my_id);

	memcpy(d, m, len);
	if (al == 0)
		return len;
	memcpy(added + 3, &id, 4);
	memcpy(added + 10, &cluster, 4);
	memcpy(d + end, added, 14);
	memcpy(d + end + 14, m + end, len - end);
	al += 14;
	out += 14;
	d[21 + wl] = (uint8_t)(al >> 8);
	d[22 + wl] = (uint8_t)al;
	if (++nupd == corrupt_at)
		damage(d, &out, wl, al);
	d[16] = (uint8_t)(out >> 8);
	d[17] = (uint8_t)out;
	return out;
}

static void
log_add(unsigned owner, const uint8_t *m, size_t len)
{
	if (nlog + len + 64 > caplog)
		lg = grow(lg, caplog = caplog * 2 + (1u << 20));
	if (ne == cape)
		E = grow(E, (cape = cape * 2 + 1024) * sizeof *E);
	E[ne] = (struct entry){ nlog, (uint32_t)reflect(lg + nlog, P[owner], m, len),
		owner };
	nlog += E[ne++].len;
}

static void
raw(struct peer *p, const void *m, size_t n)
{
	if (write(p->fd, m, n) != (ssize_t)n)
		p->blocked = true;
}

static void
hello(struct peer *p)
{
	/* Multiprotocol, 4-octet AS, route refresh, and last ADD-PATH in both
	 * directions. */
	uint8_t capabilities[22] = { 1, 4, 0, my_afi, 0, 1, 65, 4, 0, 0, 0, 0, 2, 0, 69,
		4, 0, my_afi, 1, 3 };
	uint8_t n = add_path ? 20 : 14, len = (uint8_t)(29 + 2 + n);
	uint8_t m[29 + 2 + sizeof capabilities + 19];
	uint8_t o[15] = { 0, len, 1, 4, 0, 0, 0, 240, 0, 0, 0, 0, (uint8_t)(n + 2), 2,
		n };
	uint32_t v = htonl(my_id);

	memset(m, 0xff, sizeof m);
	o[4] = (uint8_t)(my_as > 65535 ? 23456 >> 8 : my_as >> 8);
	o[5] = (uint8_t)(my_as > 65535 ? 23456 : my_as);
	memcpy(o + 8, &v, 4);
	v = htonl(my_as);
	memcpy(capabilities + 8, &v, 4);
	memcpy(m + 16, o, sizeof o);
	memcpy(m + 16 + sizeof o, capabilities, n);
	m[len + 16] = 0;
	m[len + 17] = 19;
	m[len + 18] = 4;
	raw(p, m, len + 19u);
}

static void
drop(unsigned i)
{
	close(P[i]->fd);
	P[i]->fd = -1;
	P[i]->up = false;
}

static void
on_read(unsigned i)
{
	static uint8_t b[RX + 4096];
	struct peer *p = P[i];
	memcpy(b, p->rest, p->nrest);
	ssize_t n = read(p->fd, b + p->nrest, RX);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(i);
		return;
	}
	uint8_t *q = b, *e = b + p->nrest + n;
	while (e - q >= 19) {
		size_t len = (size_t)q[16] << 8 | q[17];
		if (len < 19 || len > 4096) {
			drop(i);
			return;
		}
		if ((size_t)(e - q) < len)
			break;
		if (q[18] == 1) {
			memcpy(&p->id, q + 24, 4);
			p->id = ntohl(p->id);
			hello(p);
		} else if (q[18] == 4)
			p->up = true;
		else if (q[18] == 2 && len > 23)
			log_add(i, q, len);
		q += len;
	}
	p->nrest = (size_t)(e - q);
	memcpy(p->rest, q, p->nrest);
}

static void
on_write(unsigned i)
{
	struct peer *p = P[i];
	while (p->up && !p->blocked && p->entry < ne) {
		if (E[p->entry].owner == i) {
			p->entry++;
			continue;
		}
		size_t k = p->entry, from = E[k].off + p->off, to = from;
		while (k < ne && E[k].owner != i && to - from < (4u << 20))
			to = E[k].off + E[k].len, k++;
		ssize_t n = write(p->fd, lg + from, to - from);
		if (n < 0) {
			if (errno == EAGAIN)
				p->blocked = true;
			else
				drop(i);
			return;
		}
		size_t end = from + (size_t)n;
		while (p->entry < k && E[p->entry].off + E[p->entry].len <= end)
			p->entry++;
		p->off =
		    p->entry < ne && end > E[p->entry].off ? end - E[p->entry].off : 0;
	}
}

static void
accept_all(int l)
{
	int fd, one = 1;
	while (np < 20000 && (fd = accept4(l, 0, 0, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
			.data.u32 = np };
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		P[np] = grow(NULL, sizeof **P);
		memset(P[np], 0, sizeof **P);
		P[np++]->fd = fd;
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	}
}

static void
on_event(const struct epoll_event *e)
{
	unsigned i = e->data.u32;
	uint8_t probe;
	if (P[i]->fd < 0)
		return;
	if (e->events & EPOLLOUT)
		P[i]->blocked = false;
	if (e->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		do
			on_read(i);
		while (P[i]->fd >= 0 &&
		       recv(P[i]->fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
}

static int
listen_on(const char *addr, const char *port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = a.sin6_port };
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = UINT32_MAX };
	bool v4 = inet_pton(AF_INET, addr, &a4.sin_addr) == 1;
	int one = 1,
	    l = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (v4 && my_id == 0)
		my_id = ntohl(a4.sin_addr.s_addr);
	if (!v4) {
		my_afi = 2;
		inet_pton(AF_INET6, addr, &a.sin6_addr);
	}
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(l, v4 ? (void *)&a4 : (void *)&a, v4 ? sizeof a4 : sizeof a) != 0 ||
	    listen(l, 4096) != 0) {
		perror("nullrr");
		exit(2);
	}
	epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
	return l;
}

static bool
options(int argc, char **argv)
{
	struct in_addr id;

	for (int c; (c = getopt(argc, argv, "+ai:")) != -1;)
		if (c == 'a')
			add_path = true;
		else if (c == 'i' && inet_pton(AF_INET, optarg, &id) == 1)
			my_id = ntohl(id.s_addr);
		else
			return false;
	return argc - optind >= 2;
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[1024];
	int l;

	if (!options(argc, argv)) {
		fputs("usage: nullrr [-a] [-i ID] ADDR PORT [AS [MAX_SECONDS "
		      "[CORRUPT_KIND]]]\n",
		    stderr);
		return 2;
	}
	argc -= optind;
	argv += optind;
	if (argc > 2)
		my_as = (uint32_t)strtoul(argv[2], 0, 0);
	alarm(argc > 3 ? (unsigned)atoi(argv[3]) : 600); /* always ends by itself */
	if (argc > 4)
		corrupt = argv[4];
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(0);
	l = listen_on(argv[0], argv[1]);
	for (;;) {
		int k = epoll_wait(ep, ev, 1024, -1);
		for (int j = 0; j < k; j++)
			if (ev[j].data.u32 == UINT32_MAX)
				accept_all(l);
			else
				on_event(&ev[j]);
		for (unsigned i = 0; i < np; i++)
			if (P[i]->fd >= 0 && P[i]->up && !P[i]->blocked &&
			    P[i]->entry < ne)
				on_write(i);
	}
}
