/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Watches a laboratory from outside while something is done to it: pings between all
 * containers, dumps of all nodes' FIBs and the kernel's own events, so that a route
 * missed for a moment is seen.
 *
 *   watchnet PINGS_A_SECOND < LIST
 *
 * LIST, ended by an empty line:
 *   container NETNS ADDRESS          of every two, one asks and the other answers
 *   node NETNS PREFIX [PREFIX...]    what its main table has to hold, every 10 ms;
 *                                    IPv4 and IPv6, thousands of them
 *
 * Says "ready", goes on until a line comes or its input ends, waits for the last
 * answers, and prints one line of JSON.  What a slow machine did not let it send or
 * dump is "skipped", and is neither lost nor missing.  A ping is lost when no answer
 * has come after LOST_S.
 *
 * The kernel goes on with a dump of IPv6 routes by counting when the table changed in
 * between, and may leave some out: a prefix is missing when AGAIN dumps in a row lack
 * it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX = 64,      /* containers, nodes */
	WINDOW = 1024, /* pings of a pair that may be unanswered */
	DUMP_MS = 10,
	LOST_S = 2,
	LATE_MS = 200, /* behind by more: the machine is too slow, skip */
	AGAIN = 4,     /* dumps of IPv6 routes that have to agree */
	TEXTS = 8,     /* findings told in words */
};

struct container {
	int fd;
	struct in_addr addr;
};

struct watched {
	struct watched *chain; /* of its hash */
	uint8_t addr[16];
	uint8_t bits;
	bool ipv6;
	bool seen;
	bool missing; /* in the last dump */
	char text[48];
};

struct node {
	int fd, events;
	char name[64];
	struct watched *prefixes;
	struct watched **hashes; /* as many as there are prefixes */
	size_t n;
	bool families[2]; /* IPv4, IPv6: which are to be dumped */
};

struct pair {
	int from, to;
	uint32_t sent, answered;
	bool open[WINDOW]; /* sent and not answered, by sequence number */
	uint64_t at_us[WINDOW];
	uint64_t next_us;
};

static struct container containers[MAX];
static struct node nodes[MAX];
static struct pair pairs[MAX * MAX / 2];
static int n_containers, n_nodes, n_pairs;
static uint64_t sent, answered, lost, skipped, dumps, dumps_skipped, dumps_again,
    missing, deleted, failed;
static char texts[TEXTS][160];
static int n_texts;
static uint64_t start_us;

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static void
tell(uint64_t when_us, const char *what, const char *of)
{
	if (n_texts < TEXTS)
		snprintf(texts[n_texts++], sizeof(texts[0]), "%.3f s: %.60s %.60s",
		    (double)(when_us - start_us) / 1e6, what, of);
}

/* ---- sockets inside of namespaces ---- */

static int
socket_in(const char *netns, int family, int type, int protocol)
{
	char path[128];
	int ns, fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die(path);
	close(ns);
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		die("socket");
	return fd;
}

static void
add_container(char *rest)
{
	struct container *c = &containers[n_containers++];
	char *netns = strtok(rest, " \n"), *addr = strtok(NULL, " \n");
	int size = 4 << 20;

	if (addr == NULL || n_containers == MAX || inet_aton(addr, &c->addr) == 0)
		die("container");
	c->fd = socket_in(netns, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

static struct watched **
chain_of(const struct node *node, const uint8_t *addr, bool ipv6, uint8_t bits)
{
	uint32_t hash = bits;

	for (unsigned i = 0; i < (ipv6 ? 16 : 4); i++)
		hash = (hash ^ addr[i]) * 16777619u;
	return &node->hashes[hash % node->n];
}

static void
read_prefix(char *text, struct watched *to)
{
	char *slash = strchr(text, '/');

	*to = (struct watched){ .ipv6 = strchr(text, ':') != NULL };
	snprintf(to->text, sizeof(to->text), "%s", text);
	if (slash != NULL)
		*slash = '\0';
	to->bits = slash != NULL ? (uint8_t)atoi(slash + 1) : to->ipv6 ? 128 : 32;
	if (inet_pton(to->ipv6 ? AF_INET6 : AF_INET, text, to->addr) != 1)
		die(to->text);
}

static int
event_socket(const char *netns)
{
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
	int fd = socket_in(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int size = 32 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&groups, sizeof(groups)) < 0)
		die("bind");
	return fd;
}

static void
add_node(char *rest)
{
	struct node *node = &nodes[n_nodes++];
	char *netns = strtok(rest, " \n"), *prefix;
	size_t room = 0;

	if (netns == NULL || n_nodes == MAX)
		die("node");
	snprintf(node->name, sizeof(node->name), "%s", netns);
	node->fd = socket_in(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	node->events = event_socket(netns);
	while ((prefix = strtok(NULL, " \n")) != NULL) {
		if (node->n == room) {
			room = room == 0 ? MAX : 2 * room;
			node->prefixes =
			    realloc(node->prefixes, room * sizeof(*node->prefixes));
			if (node->prefixes == NULL)
				die("prefixes");
		}
		read_prefix(prefix, &node->prefixes[node->n]);
		node->families[node->prefixes[node->n++].ipv6] = true;
	}
	node->hashes = calloc(node->n + 1, sizeof(struct watched *));
	if (node->hashes == NULL)
		die("prefixes");
	for (size_t i = 0; i < node->n; i++) {
		struct watched *w = &node->prefixes[i],
			       **chain = chain_of(node, w->addr, w->ipv6, w->bits);

		w->chain = *chain;
		*chain = w;
	}
}

static void
read_list(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0 && line[0] != '\n')
		if (strncmp(line, "container ", 10) == 0)
			add_container(line + 10);
		else if (strncmp(line, "node ", 5) == 0)
			add_node(line + 5);
	free(line);
	for (int i = 0; i < n_containers; i++)
		for (int k = i + 1; k < n_containers; k++)
			pairs[n_pairs++] = (struct pair){ .from = i, .to = k };
}

/* ---- pings ---- */

static uint16_t
checksum(const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
expire(struct pair *p, uint32_t slot)
{
	char text[96];
	struct in_addr a = containers[p->from].addr, b = containers[p->to].addr;

	p->open[slot] = false;
	lost++;
	snprintf(text, sizeof(text), "%s", inet_ntoa(a));
	snprintf(
	    text + strlen(text), sizeof(text) - strlen(text), " -> %s", inet_ntoa(b));
	tell(p->at_us[slot], "lost", text);
}

/* The identifier is the pair, the sequence number its count. */
static void
ping(struct pair *p, int index)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr = containers[p->to].addr };
	struct icmphdr echo = { .type = ICMP_ECHO };
	uint32_t slot = p->sent % WINDOW;

	if (p->open[slot])
		expire(p, slot);
	echo.un.echo.id = htons((uint16_t)(index + 1));
	echo.un.echo.sequence = htons((uint16_t)p->sent);
	echo.checksum = checksum(&echo, sizeof(echo));
	if (sendto(containers[p->from].fd, &echo, sizeof(echo), 0,
		(struct sockaddr *)&to, sizeof(to)) < 0) {
		/* No route: the packet is lost.  A full queue is the machine's. */
		if (errno == ENOBUFS || errno == EAGAIN) {
			skipped++;
			return;
		}
		failed++;
		tell(now_us(), "send", strerror(errno));
	}
	p->open[slot] = true;
	p->at_us[slot] = now_us();
	p->sent++;
	sent++;
}

static void
take_answers(struct container *c, int which)
{
	uint8_t packet[256];
	ssize_t n;

	while ((n = recv(c->fd, packet, sizeof(packet), 0)) > 0) {
		const struct iphdr *ip = (const void *)packet;
		const struct icmphdr *icmp = (const void *)(packet + ip->ihl * 4u);
		struct pair *p;
		uint32_t index, slot;

		if ((size_t)n < ip->ihl * 4u + sizeof(*icmp) ||
		    icmp->type != ICMP_ECHOREPLY)
			continue;
		index = ntohs(icmp->un.echo.id) - 1u;
		if (index >= (uint32_t)n_pairs || pairs[index].from != which)
			continue;
		p = &pairs[index];
		slot = ntohs(icmp->un.echo.sequence) % WINDOW;
		if (!p->open[slot])
			continue;
		p->open[slot] = false;
		p->answered++;
		answered++;
	}
}

static void
send_due(uint64_t interval_us)
{
	uint64_t now = now_us();

	for (int i = 0; i < n_pairs; i++) {
		struct pair *p = &pairs[i];

		while (p->next_us + LATE_MS * 1000 < now) {
			p->next_us += interval_us;
			skipped++;
		}
		for (; p->next_us <= now; p->next_us += interval_us)
			ping(p, i);
	}
}

/* ---- FIBs ---- */

/* NULL: nobody asked for the route of this message. */
static struct watched *
route_of(const struct node *node, const struct nlmsghdr *h)
{
	const struct rtmsg *rt = NLMSG_DATA(h);
	size_t at = NLMSG_LENGTH(sizeof(*rt));
	bool ipv6 = rt->rtm_family == AF_INET6;

	if (rt->rtm_table != RT_TABLE_MAIN || node->n == 0)
		return NULL;
	while (at + sizeof(struct rtattr) + 4 <= h->nlmsg_len) {
		const struct rtattr *a = (const void *)((const uint8_t *)h + at);
		const uint8_t *addr = RTA_DATA(a);
		struct watched *w = NULL;

		if (a->rta_type == RTA_DST && RTA_PAYLOAD(a) == (ipv6 ? 16 : 4))
			w = *chain_of(node, addr, ipv6, rt->rtm_dst_len);
		for (; w != NULL; w = w->chain)
			if (w->ipv6 == ipv6 && w->bits == rt->rtm_dst_len &&
			    memcmp(w->addr, addr, ipv6 ? 16 : 4) == 0)
				return w;
		at += RTA_ALIGN(a->rta_len);
	}
	return NULL;
}

/* True: the dump is at its end. */
static bool
read_part(struct node *node, const uint8_t *buffer, size_t len)
{
	ssize_t n = recv(node->fd, (void *)(uintptr_t)buffer, len, 0);
	size_t at = 0;

	while (n > 0 && at + sizeof(struct nlmsghdr) <= (size_t)n) {
		const struct nlmsghdr *h = (const void *)(buffer + at);
		struct watched *watched;

		if (h->nlmsg_type == NLMSG_DONE)
			return true;
		if (h->nlmsg_type == NLMSG_ERROR)
			die("netlink");
		watched = route_of(node, h);
		if (watched != NULL)
			watched->seen = true;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return n <= 0;
}

static void
dump_family(struct node *node, uint8_t family)
{
	static uint8_t buffer[1 << 16] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr h;
		struct rtmsg rt;
	} request = { { .nlmsg_len = sizeof(request),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .rtm_family = family } };

	if (send(node->fd, &request, sizeof(request), 0) < 0)
		die("netlink");
	while (!read_part(node, buffer, sizeof(buffer)))
		continue;
}

static bool
lacks_ipv6(const struct node *node)
{
	for (size_t i = 0; i < node->n; i++)
		if (node->prefixes[i].ipv6 && !node->prefixes[i].seen)
			return true;
	return false;
}

static void
dump(struct node *node)
{
	for (size_t i = 0; i < node->n; i++)
		node->prefixes[i].seen = false;
	if (node->families[0])
		dump_family(node, AF_INET);
	if (node->families[1])
		dump_family(node, AF_INET6);
	for (int i = 1; i < AGAIN && node->families[1] && lacks_ipv6(node); i++) {
		dump_family(node, AF_INET6);
		dumps_again++;
	}
	dumps++;
	for (size_t i = 0; i < node->n; i++) {
		if (!node->prefixes[i].seen) {
			missing++;
			if (!node->prefixes[i].missing)
				tell(now_us(), node->name, node->prefixes[i].text);
		}
		node->prefixes[i].missing = !node->prefixes[i].seen;
	}
}

/* Deletions of what has to be there, as the kernel tells of them. */
static void
read_events(const struct node *node)
{
	static uint8_t buffer[1 << 16] __attribute__((aligned(8)));
	char text[64];
	ssize_t n;

	while ((n = recv(node->events, buffer, sizeof(buffer), 0)) > 0 ||
	       (n < 0 && errno != EAGAIN)) {
		if (n < 0)
			die("events");
		for (size_t at = 0; at + sizeof(struct nlmsghdr) <= (size_t)n;) {
			const struct nlmsghdr *h = (const void *)(buffer + at);
			const struct watched *w = NULL;

			if (h->nlmsg_type == RTM_DELROUTE)
				w = route_of(node, h);
			if (w != NULL) {
				deleted++;
				snprintf(text, sizeof(text), "deleted %s", w->text);
				tell(now_us(), node->name, text);
			}
			at += NLMSG_ALIGN(h->nlmsg_len);
		}
	}
}

static void
dump_due(uint64_t *next_us)
{
	uint64_t now = now_us();

	for (int i = 0; i < n_nodes; i++)
		read_events(&nodes[i]);
	if (now < *next_us)
		return;
	for (int i = 0; i < n_nodes; i++)
		dump(&nodes[i]);
	*next_us += DUMP_MS * 1000;
	while (*next_us < now) {
		*next_us += DUMP_MS * 1000;
		dumps_skipped++;
	}
}

/* ---- the run ---- */

static void
listen_for(int ms, bool *ended)
{
	struct pollfd fds[MAX + 1];
	char octets[256];

	for (int i = 0; i < n_containers; i++)
		fds[i] = (struct pollfd){ .fd = containers[i].fd, .events = POLLIN };
	fds[n_containers] =
	    (struct pollfd){ .fd = *ended ? -1 : STDIN_FILENO, .events = POLLIN };
	if (poll(fds, (nfds_t)n_containers + 1, ms) <= 0)
		return;
	for (int i = 0; i < n_containers; i++)
		if (fds[i].revents != 0)
			take_answers(&containers[i], i);
	if (fds[n_containers].revents != 0 &&
	    read(STDIN_FILENO, octets, sizeof(octets)) >= 0)
		*ended = true;
}

static void
report(void)
{
	printf("{\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"skipped\":%lu,"
	       "\"failed\":%lu,\"dumps\":%lu,\"dumps_skipped\":%lu,"
	       "\"dumps_again\":%lu,\"missing\":%lu,\"deleted\":%lu,\"seconds\":%.1f,"
	       "\"found\":[",
	    sent, answered, lost, skipped, failed, dumps, dumps_skipped, dumps_again,
	    missing, deleted, (double)(now_us() - start_us) / 1e6);
	for (int i = 0; i < n_texts; i++)
		printf("%s\"%s\"", i > 0 ? "," : "", texts[i]);
	printf("]}\n");
}

int
main(int argc, char **argv)
{
	uint64_t interval_us, next_dump, end_us;
	bool ended = false;

	if (argc != 2 || atoi(argv[1]) < 0)
		die("usage: watchnet PINGS_A_SECOND");
	read_list();
	interval_us =
	    atoi(argv[1]) == 0 ? UINT64_MAX / 2 : 1000000u / (unsigned)atoi(argv[1]);
	start_us = next_dump = now_us();
	for (int i = 0; i < n_pairs; i++) /* spread over the interval */
		pairs[i].next_us =
		    atoi(argv[1]) == 0
			? UINT64_MAX / 2
			: start_us + interval_us * (uint64_t)i / (uint64_t)n_pairs;
	printf("ready\n");
	fflush(stdout);
	while (!ended) {
		send_due(interval_us);
		dump_due(&next_dump);
		listen_for(1, &ended);
	}
	for (end_us = now_us() + LOST_S * 1000000u;
	     sent > answered + lost && now_us() < end_us;)
		listen_for(10, &ended);
	for (int i = 0; i < n_pairs; i++)
		for (uint32_t k = 0; k < WINDOW; k++)
			if (pairs[i].open[k])
				expire(&pairs[i], k);
	report();
	return 0;
}
