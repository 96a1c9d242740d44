/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The UDP sockets of BFD.  TTL and destination of what comes are needed for RFC 5881 5
 * and for telling sessions apart, and come as control messages.
 */
#include "bfd_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "socket.h"

enum {
	BATCH = 32,        /* datagrams a system call */
	DATAGRAM_LEN = 64, /* more than any control packet, with authentication */
	RECEIVE_BUFFER =
	    1 << 20, /* a second of some hundred sessions, while we are late */
	CONTROL_LEN = CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

static int
socket_of(enum family family)
{
	return socket(family == FAMILY_IPV4 ? AF_INET : AF_INET6,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
}

/* Closes it; errno stays that of what failed. */
static int
give_up(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static bool
switch_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

static uint16_t
port_of(bool multihop)
{
	return multihop ? BFD_PORT_MULTIHOP : BFD_PORT_SINGLE_HOP;
}

int
bfd_socket_receiver(enum family family, bool multihop)
{
	struct addr any = { .family = (uint8_t)family };
	struct sockaddr_storage ss;
	int room = RECEIVE_BUFFER;
	int fd = socket_of(family);
	bool ok;

	if (fd < 0)
		return -1;
	if (family == FAMILY_IPV4)
		ok = switch_on(fd, IPPROTO_IP, IP_RECVTTL) &&
		     switch_on(fd, IPPROTO_IP, IP_PKTINFO);
	else
		ok = switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) &&
		     switch_on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT) &&
		     switch_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	if (!ok)
		return give_up(fd);
	/* Without the privilege the system's limit holds. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&ss,
		sockaddr_from(&ss, &any, port_of(multihop), 0)) < 0)
		return give_up(fd);
	return fd;
}

int
bfd_socket_sender(
    enum family family, const struct addr *local, uint32_t link, uint16_t port)
{
	struct addr any = { .family = (uint8_t)family };
	struct sockaddr_storage ss;
	int precedence = IPTOS_CLASS_CS6, room = 1;
	int fd = socket_of(family);

	if (fd < 0)
		return -1;
	socket_set_ttl(fd, family, BFD_TTL);
	/* What fails here costs speed alone. */
	if (family == FAMILY_IPV4)
		(void)setsockopt(
		    fd, IPPROTO_IP, IP_TOS, &precedence, sizeof(precedence));
	else
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_TCLASS, &precedence, sizeof(precedence));
	/* Nobody reads from it: the least that the system allows. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&ss,
		sockaddr_from(
		    &ss, local->family == FAMILY_NONE ? &any : local, port, link)) < 0)
		return give_up(fd);
	return fd;
}

/* ---- receiving ---- */

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage sources[BATCH];
	uint8_t octets[BATCH][DATAGRAM_LEN];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_LEN];
};

static void
batch_prepare(struct batch *b)
{
	for (int i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->octets[i], DATAGRAM_LEN };
		b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->sources[i],
			.msg_namelen = sizeof(b->sources[i]),
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i],
			.msg_controllen = CONTROL_LEN };
	}
}

static void
read_control(const struct cmsghdr *c, struct bfd_datagram *out)
{
	struct in_pktinfo info;
	struct in6_pktinfo info6;
	int hops;

	if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
	    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
		memcpy(&hops, CMSG_DATA(c), sizeof(hops));
		out->ttl = (uint8_t)hops;
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		out->destination =
		    addr_from_bytes(FAMILY_IPV4, (const uint8_t *)&info.ipi_addr);
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info6, CMSG_DATA(c), sizeof(info6));
		out->destination =
		    addr_from_bytes(FAMILY_IPV6, (const uint8_t *)&info6.ipi6_addr);
	}
}

static struct bfd_datagram
datagram_of(struct batch *b, int i, bool multihop)
{
	struct msghdr *header = &b->messages[i].msg_hdr;
	struct bfd_datagram out = { .octets = b->octets[i],
		.len = b->messages[i].msg_len,
		.source = sockaddr_to(&b->sources[i]),
		.destination = addr_none(),
		.link = sockaddr_link(&b->sources[i]),
		.multihop = multihop };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL;
	     c = CMSG_NXTHDR(header, c))
		read_control(c, &out);
	return out;
}

void
bfd_socket_read(int fd, bool multihop, unsigned max, bfd_socket_taker *take, void *arg)
{
	struct batch b;

	for (unsigned read = 0; read < max; read += BATCH) {
		int n;

		batch_prepare(&b);
		n = recvmmsg(fd, b.messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			struct bfd_datagram datagram = datagram_of(&b, i, multihop);

			take(arg, &datagram);
		}
		if (n < BATCH)
			return;
	}
}

bool
bfd_socket_send(int fd, const struct addr *remote, uint32_t link, bool multihop,
    const uint8_t *octets)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_from(&ss, remote, port_of(multihop), link);

	return sendto(fd, octets, BFD_PACKET_LEN, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&ss, len) == BFD_PACKET_LEN;
}
