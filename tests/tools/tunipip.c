/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunipip DEVICE LOCAL: what Linux's IP-in-IP device does, in user space, for kernels
 * that lack it.  A TUN device; a packet that leaves by it goes as IP protocol 4 to the
 * gateway of its route, and what arrives as protocol 4 comes out of it.
 *
 * A TUN device is not told the gateway, so the kernel is asked for each packet's route:
 * the route under test is what decides.  Ends with its device.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	struct in_addr destination;
};

struct tunnel {
	int tun, raw, netlink;
	int ifindex;
};

/* The gateway, where the route leaves by our device; 0: it does not. */
static struct in_addr
gateway_in(const struct tunnel *t, const struct nlmsghdr *header)
{
	const char *at =
	    (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct rtmsg));
	size_t left = RTM_PAYLOAD(header);
	struct in_addr gateway = { 0 };
	int out = 0;

	while (left >= sizeof(struct rtattr)) {
		struct rtattr a;

		memcpy(&a, at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > left)
			break;
		if (a.rta_type == RTA_GATEWAY)
			memcpy(&gateway, at + sizeof(a), sizeof(gateway));
		if (a.rta_type == RTA_OIF)
			memcpy(&out, at + sizeof(a), sizeof(out));
		if (RTA_ALIGN(a.rta_len) >= left)
			break;
		at += RTA_ALIGN(a.rta_len);
		left -= RTA_ALIGN(a.rta_len);
	}
	return out == t->ifindex ? gateway : (struct in_addr){ 0 };
}

static struct in_addr
gateway_to(const struct tunnel *t, uint32_t destination)
{
	const struct question q = {
		.header = { .nlmsg_len = sizeof(q),
		    .nlmsg_type = RTM_GETROUTE,
		    .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.attribute = { RTA_LENGTH(sizeof(q.destination)), RTA_DST },
		.destination = { destination },
	};
	union {
		struct nlmsghdr header;
		char octets[4096];
	} answer;
	ssize_t len;

	if (send(t->netlink, &q, sizeof(q), 0) < 0)
		return (struct in_addr){ 0 };
	len = recv(t->netlink, &answer, sizeof(answer), 0);
	if (len < (ssize_t)sizeof(answer.header) ||
	    answer.header.nlmsg_type != RTM_NEWROUTE)
		return (struct in_addr){ 0 };
	return gateway_in(t, &answer.header);
}

static void
wrap(const struct tunnel *t)
{
	union {
		struct iphdr ip;
		char octets[65536];
	} packet;
	struct sockaddr_in to = { .sin_family = AF_INET };
	ssize_t len = read(t->tun, &packet, sizeof(packet));

	if (len < (ssize_t)sizeof(packet.ip) || packet.ip.version != 4)
		return;
	to.sin_addr = gateway_to(t, packet.ip.daddr);
	/* What does not go out is lost, as packets are. */
	if (to.sin_addr.s_addr != 0)
		(void)!sendto(t->raw, &packet, (size_t)len, 0,
		    (const struct sockaddr *)&to, sizeof(to));
}

static void
unwrap(const struct tunnel *t)
{
	union {
		struct iphdr ip;
		char octets[65536];
	} packet;
	ssize_t len = recv(t->raw, &packet, sizeof(packet), 0);
	ssize_t outer = packet.ip.ihl * 4;

	if (len > outer + (ssize_t)sizeof(packet.ip))
		(void)!write(t->tun, packet.octets + outer, (size_t)(len - outer));
}

static int
open_all(struct tunnel *t, const char *device, const char *local)
{
	struct sockaddr_in me = { .sin_family = AF_INET };
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };

	snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
	if (inet_pton(AF_INET, local, &me.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	t->netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	t->raw = socket(AF_INET, SOCK_RAW, IPPROTO_IPIP);
	t->tun = open("/dev/net/tun", O_RDWR);
	if (t->netlink < 0 || t->raw < 0 || t->tun < 0 ||
	    bind(t->raw, (const struct sockaddr *)&me, sizeof(me)) < 0 ||
	    ioctl(t->tun, TUNSETIFF, &request) < 0)
		return -1;
	t->ifindex = (int)if_nametoindex(device);
	return 0;
}

int
main(int argc, char **argv)
{
	struct tunnel t;

	if (argc != 3) {
		fputs("usage: tunipip DEVICE LOCAL-ADDRESS\n", stderr);
		return 2;
	}
	if (open_all(&t, argv[1], argv[2]) < 0) {
		perror("tunipip");
		return 1;
	}
	for (;;) {
		struct pollfd fds[2] = { { t.tun, POLLIN, 0 }, { t.raw, POLLIN, 0 } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
		if (fds[0].revents & POLLIN)
			wrap(&t);
		if (fds[1].revents & POLLIN)
			unwrap(&t);
	}
}
