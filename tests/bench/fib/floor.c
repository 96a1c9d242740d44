/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fibfloor: the floor under every daemon that fills the kernel's table.
 *
 *   fibfloor [-o] [-l LIE] DEVICE ROUTES
 *
 * The messages that add the routes, and those that delete them, are made in advance;
 * what is measured is the kernel.  64 KiB a sendmsg(), no acknowledgement asked for:
 * the kernel carries them out inside the call, and answers only for what failed.  -o:
 * the gateways are nexthop objects.
 *
 * It says "ready", then adds the routes at the first line of standard input and deletes
 * them at the second, a line of JSON each, and ends with its input.  -l gets one route
 * wrong (missing, gateway, extra), to show that fibwatch finds out.
 */
#include "fib.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 64 * 1024,
	MESSAGE_MAX = 128,
	METRIC = 32,
	PROTOCOL = 186, /* rtnetlink's number of BGP */
	SOCKET_BUFFER = 8 << 20,
};

/* Messages in the order in which they are sent; none lies across the end of a burst. */
struct script {
	char *octets;
	size_t len, room;
	size_t *ends; /* of the bursts but the last */
	size_t n_ends;
};

static uint32_t device;

/* ---- nexthop objects: the distinct gateways, sorted; the identifier is the place ----
 */

static uint32_t *gateways;
static size_t n_gateways;

static int
compare_gateways(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static void
make_gateways(const struct routes *routes)
{
	size_t n = 0;

	gateways = calloc(routes->n + 1, sizeof(*gateways));
	if (gateways == NULL)
		die("fibfloor");
	for (size_t i = 0; i < routes->n; i++)
		gateways[i] = routes->list[i].gateway;
	qsort(gateways, routes->n, sizeof(*gateways), compare_gateways);
	for (size_t i = 0; i < routes->n; i++)
		if (n == 0 || gateways[n - 1] != gateways[i])
			gateways[n++] = gateways[i];
	n_gateways = n;
}

static uint32_t
id_of(uint32_t gateway)
{
	const uint32_t *at = bsearch(
	    &gateway, gateways, n_gateways, sizeof(*gateways), compare_gateways);

	return (uint32_t)(at - gateways) + 1;
}

/* ---- messages ---- */

static struct nlmsghdr *
message_begin(struct script *s, int type, int flags, const void *body, size_t len)
{
	size_t begun = s->n_ends > 0 ? s->ends[s->n_ends - 1] : 0;
	struct nlmsghdr *header;

	if (s->room - s->len < MESSAGE_MAX) {
		s->room = s->room * 2 + BURST;
		s->octets = realloc(s->octets, s->room);
		s->ends = realloc(s->ends, s->room / BURST * 2 * sizeof(*s->ends));
		if (s->octets == NULL || s->ends == NULL)
			die("fibfloor");
	}
	if (s->len - begun > BURST - MESSAGE_MAX)
		s->ends[s->n_ends++] = s->len;
	header = (void *)(s->octets + s->len);
	memset(header, 0, MESSAGE_MAX);
	header->nlmsg_type = (uint16_t)type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(header), body, len);
	return header;
}

static void
put(struct nlmsghdr *header, unsigned short type, uint32_t value)
{
	struct rtattr *attr = (void *)((char *)header + NLMSG_ALIGN(header->nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(sizeof(value));
	memcpy(RTA_DATA(attr), &value, sizeof(value));
	header->nlmsg_len = NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static void
message_end(struct script *s, const struct nlmsghdr *header)
{
	s->len += NLMSG_ALIGN(header->nlmsg_len);
}

static void
script_nexthop(struct script *s, bool add, uint32_t gateway)
{
	const struct nhmsg body = {
		.nh_family = add ? AF_INET : AF_UNSPEC,
		.nh_protocol = add ? PROTOCOL : 0,
	};
	struct nlmsghdr *header =
	    message_begin(s, add ? RTM_NEWNEXTHOP : RTM_DELNEXTHOP,
		add ? NLM_F_CREATE | NLM_F_EXCL : 0, &body, sizeof(body));

	put(header, NHA_ID, id_of(gateway));
	if (add) {
		put(header, NHA_GATEWAY, gateway);
		put(header, NHA_OIF, device);
	}
	message_end(s, header);
}

static void
script_route(struct script *s, bool add, const struct route *route)
{
	const struct rtmsg body = {
		.rtm_family = AF_INET,
		.rtm_dst_len = route->len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = PROTOCOL,
		.rtm_scope = add ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE,
		.rtm_type = add ? RTN_UNICAST : RTN_UNSPEC,
	};
	struct nlmsghdr *header = message_begin(s, add ? RTM_NEWROUTE : RTM_DELROUTE,
	    add ? NLM_F_CREATE | NLM_F_EXCL : 0, &body, sizeof(body));

	put(header, RTA_DST, htonl(route->addr));
	put(header, RTA_PRIORITY, METRIC);
	if (add && gateways != NULL) {
		put(header, RTA_NH_ID, id_of(route->gateway));
	} else if (add) {
		put(header, RTA_GATEWAY, route->gateway);
		put(header, RTA_OIF, device);
	}
	message_end(s, header);
}

static void
make_script(struct script *s, bool add, const struct routes *routes)
{
	for (size_t i = 0; add && i < n_gateways; i++)
		script_nexthop(s, true, gateways[i]);
	for (size_t i = 0; i < routes->n; i++)
		script_route(s, add, &routes->list[i]);
	for (size_t i = 0; !add && i < n_gateways; i++)
		script_nexthop(s, false, gateways[i]);
}

/* ---- sending ---- */

static size_t
count_errors(int fd)
{
	static _Alignas(struct nlmsghdr) char buffer[BURST];
	size_t errors = 0;
	ssize_t len;

	while ((len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *header = (const void *)buffer;
		size_t left = (size_t)len;

		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left))
			errors += header->nlmsg_type == NLMSG_ERROR;
	}
	if (len < 0 && errno != EAGAIN)
		die("answers");
	return errors;
}

static void
send_script(int fd, const struct script *s)
{
	double begin = now_s();
	size_t from = 0, errors = 0;

	for (size_t i = 0; i <= s->n_ends; i++) {
		size_t end = i < s->n_ends ? s->ends[i] : s->len;

		if (end > from && send(fd, s->octets + from, end - from, 0) < 0)
			die("sendmsg");
		errors += count_errors(fd);
		from = end;
	}
	printf("{\"begin_mono_s\":%.6f,\"end_mono_s\":%.6f,\"sends\":%zu,"
	       "\"errors\":%zu}\n",
	    begin, now_s(), s->n_ends + 1, errors);
	fflush(stdout);
}

static bool
wait_for_line(void)
{
	int c;

	do
		c = getchar();
	while (c != EOF && c != '\n');
	return c != EOF;
}

/* ---- start ---- */

static bool
tell_lie(struct routes *routes, const char *lie)
{
	struct route *last = &routes->list[routes->n - 1];

	if (strcmp(lie, "missing") == 0) {
		routes->n--;
	} else if (strcmp(lie, "gateway") == 0) {
		last->gateway ^= htonl(1);
	} else if (strcmp(lie, "extra") == 0) {
		last[1] = *last;
		last[1].addr = UINT32_C(0xcb007100); /* 203.0.113.0/24 */
		last[1].len = 24;
		routes->n++;
	} else {
		return lie[0] == '\0';
	}
	return true;
}

static _Noreturn void
usage(void)
{
	fputs(
	    "usage: fibfloor [-o] [-l missing|gateway|extra] DEVICE ROUTES\n", stderr);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct script add = { 0 }, delete = { 0 };
	struct routes routes;
	bool objects = false;
	const char *lie = "";
	int fd;

	for (int c; (c = getopt(argc, argv, "ol:")) != -1;)
		switch (c) {
		case 'o': objects = true; break;
		case 'l': lie = optarg; break;
		default: usage();
		}
	if (argc - optind != 2)
		usage();
	alarm(LIFETIME_S);
	device = if_nametoindex(argv[optind]);
	if (device == 0)
		die(argv[optind]);
	routes_read(&routes, argv[optind + 1]);
	if (routes.n == 0 || !tell_lie(&routes, lie))
		usage();
	if (objects)
		make_gateways(&routes);
	make_script(&add, true, &routes);
	make_script(&delete, false, &routes);
	fd = netlink_socket(0, SOCKET_BUFFER);
	puts("ready");
	fflush(stdout);
	if (wait_for_line())
		send_script(fd, &add);
	if (wait_for_line())
		send_script(fd, &delete);
	while (wait_for_line())
		;
	return 0;
}
