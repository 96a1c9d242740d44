/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Are exactly the right routes there?  A dump of the main table tells.
 *
 * A route with a nexthop object shows its gateway as well (nexthop_compat_mode, which
 * is on in a new namespace), so both forms are compared alike.
 */
#include "fib.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DUMP_BUFFER = 1 << 20 };

static void
ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg rtm;
		struct rtattr attr;
		uint32_t table;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = RTM_GETROUTE,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.rtm = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN },
		.attr = { .rta_len = RTA_LENGTH(sizeof(uint32_t)),
		    .rta_type = RTA_TABLE },
		.table = RT_TABLE_MAIN,
	};

	if (send(fd, &request, sizeof(request), 0) < 0)
		die("dump");
}

/* 0 where there is none. */
static uint32_t
attribute(const struct nlmsghdr *header, unsigned short type)
{
	const struct rtmsg *rtm = NLMSG_DATA(header);
	const struct rtattr *attr = RTM_RTA(rtm);
	unsigned left = (unsigned)RTM_PAYLOAD(header);
	uint32_t value = 0;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (attr->rta_type == type && RTA_PAYLOAD(attr) == sizeof(value))
			memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static void
check_row(struct check *check, struct routes *routes, const struct nlmsghdr *header)
{
	const struct rtmsg *rtm = NLMSG_DATA(header);
	struct route *route;

	if (header->nlmsg_type != RTM_NEWROUTE || rtm->rtm_table != RT_TABLE_MAIN ||
	    rtm->rtm_protocol == RTPROT_KERNEL)
		return;
	route =
	    routes_find(routes, ntohl(attribute(header, RTA_DST)), rtm->rtm_dst_len);
	if (route == NULL || route->seen) {
		check->extra++;
		return;
	}
	route->seen = true;
	/* By several hops it has no gateway of its own: wrong as well. */
	if (rtm->rtm_type == RTN_UNICAST &&
	    attribute(header, RTA_GATEWAY) == route->gateway)
		check->held++;
	else
		check->wrong++;
}

/* False: it was the last. */
static bool
check_datagram(
    struct check *check, struct routes *routes, const void *buffer, size_t len)
{
	const struct nlmsghdr *header = buffer;

	for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			check->torn = true;
		if (header->nlmsg_type == NLMSG_DONE)
			return false;
		if (header->nlmsg_type == NLMSG_ERROR) {
			check->torn = true;
			return false;
		}
		check_row(check, routes, header);
	}
	return true;
}

struct check
check_table(struct routes *routes)
{
	static _Alignas(struct nlmsghdr) char buffer[DUMP_BUFFER];
	int fd = netlink_socket(0, DUMP_BUFFER);
	struct check check = { 0 };
	ssize_t len;

	for (size_t i = 0; i < routes->n; i++)
		routes->list[i].seen = false;
	ask(fd);
	do {
		len = recv(fd, buffer, sizeof(buffer), 0);
		if (len <= 0)
			die("dump");
	} while (check_datagram(&check, routes, buffer, (size_t)len));
	close(fd);
	check.missing = routes->n - check.held - check.wrong;
	return check;
}
