/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ICMPv6 by hand: the kernel checks and makes checksums, and filters all types but two.
 */
#include "ra_socket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket.h"

enum {
	NO_HOP_LIMIT = -1,
	HOP_LIMIT = 255, /* RFC 4861 6.1.2: no router has passed it on */
};

static bool
set_options(int fd)
{
	const int on = 1, off = 0, hops = HOP_LIMIT;
	struct icmp6_filter filter;

	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) ==
		   0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) ==
		   0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off)) ==
		   0;
}

int
ra_socket_open(void)
{
	int error, fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       IPPROTO_ICMPV6);

	if (fd < 0 || set_options(fd))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void
ra_socket_join(int fd, uint32_t ifindex)
{
	struct ipv6_mreq request = { .ipv6mr_interface = ifindex };

	if (fd < 0)
		return;
	memcpy(&request.ipv6mr_multiaddr,
	    &(const struct in6_addr){ .s6_addr = { 0xff, 2, [15] = 2 } },
	    sizeof(request.ipv6mr_multiaddr));
	/* Without it neighbours wait for the next interval. */
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request));
}

bool
ra_socket_mac(int fd, const char *interface, uint8_t mac[RA_MAC_LEN])
{
	enum { ETHERNET = 1 };
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0 ||
	    request.ifr_hwaddr.sa_family != ETHERNET)
		return false;
	memcpy(mac, request.ifr_hwaddr.sa_data, RA_MAC_LEN);
	return true;
}

bool
ra_socket_send(
    int fd, uint32_t ifindex, const struct addr *from, void *octets, size_t len)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_addr = { .s6_addr = { 0xff, 2, [15] = 1 } },
		.sin6_scope_id = ifindex };
	struct in6_pktinfo info = { .ipi6_ifindex = ifindex };
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	struct iovec iov = { octets, len };
	struct msghdr msg = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = IPPROTO_IPV6;
	head->cmsg_type = IPV6_PKTINFO;
	head->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(&info.ipi6_addr, from->bytes, sizeof(info.ipi6_addr));
	memcpy(CMSG_DATA(head), &info, sizeof(info));
	return sendmsg(fd, &msg, MSG_DONTWAIT) >= 0;
}

/* Where it came in, and the hop limit that was left. */
static void
read_control(struct msghdr *msg, uint32_t *ifindex, int *hop_limit)
{
	*ifindex = 0;
	*hop_limit = NO_HOP_LIMIT;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		struct in6_pktinfo info;

		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_PKTINFO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(info))) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ifindex = (uint32_t)info.ipi6_ifindex;
		} else if (c->cmsg_type == IPV6_HOPLIMIT &&
			   c->cmsg_len >= CMSG_LEN(sizeof(*hop_limit))) {
			memcpy(hop_limit, CMSG_DATA(c), sizeof(*hop_limit));
		}
	}
}

bool
ra_socket_receive(int fd, uint8_t octets[RA_MESSAGE_MAX], size_t *len,
    struct addr *from, uint32_t *ifindex)
{
	struct sockaddr_storage ss = { 0 };
	union {
		struct cmsghdr align;
		uint8_t octets[256];
	} control;
	struct iovec iov = { octets, RA_MESSAGE_MAX };
	struct msghdr msg = { .msg_name = &ss,
		.msg_namelen = sizeof(ss),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets) };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	int hop_limit;

	*len = 0;
	if (n < 0)
		return errno == EINTR;
	read_control(&msg, ifindex, &hop_limit);
	*from = sockaddr_to(&ss);
	if (hop_limit == HOP_LIMIT && (msg.msg_flags & MSG_TRUNC) == 0)
		*len = (size_t)n;
	return true;
}
