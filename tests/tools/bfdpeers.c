/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many BFD peers of one daemon in one process, for measuring whether it keeps its
 * sessions while it has other work: each has an address of its own, the first one and
 * those that follow it, and speaks BFD by our own library.
 *
 *   bfdpeers DAEMON FIRST COUNT INTERVAL-MS MULTIPLIER
 *
 * A line on standard input: a line of JSON on standard output, what happened since the
 * last one.  `gap_ms` is the longest time between two packets of the daemon in one
 * session, `late_ms` how late this process itself was at most.  Ends with its input.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bfd_socket.h"
#include "bgp/bfd.h"
#include "bgp/memory.h"
#include "socket.h"

struct player {
	struct addr addr;
	uint64_t heard_us;
};

static struct bfd *bfd;
static struct player *players;
static uint32_t first, count;
static struct addr target;
static int receiver, sender;
static uint64_t packets, gap_us, late_us, downs, ups, remote_downs;
static unsigned n_up;

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
take(void *arg, const struct bfd_datagram *datagram)
{
	uint64_t now = now_us();
	uint32_t i = addr_to_ipv4(&datagram->destination) - first;

	(void)arg;
	if (bfd_receive(bfd, now, datagram) != BFD_DROP_NOT || i >= count)
		return;
	packets++;
	if (players[i].heard_us != 0 && now - players[i].heard_us > gap_us)
		gap_us = now - players[i].heard_us;
	players[i].heard_us = now;
}

/* From the player's own address. */
static void
send_from(const struct player *player, uint8_t *octets)
{
	union {
		struct cmsghdr header;
		uint8_t octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
	struct sockaddr_storage ss;
	struct iovec iov = { octets, BFD_PACKET_LEN };
	struct msghdr msg = { .msg_name = &ss,
		.msg_namelen = sockaddr_from(&ss, &target, BFD_PORT_SINGLE_HOP, 0),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct in_pktinfo info = { 0 };

	memcpy(&info.ipi_spec_dst, player->addr.bytes, 4);
	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = IPPROTO_IP;
	control.header.cmsg_type = IP_PKTINFO;
	control.header.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
	(void)sendmsg(sender, &msg, MSG_DONTWAIT);
}

static void
note(const struct bfd_change *change)
{
	if (change->after == BFD_UP) {
		ups++;
		n_up++;
	}
	if (change->before != BFD_UP)
		return;
	n_up--;
	if (change->diag == BFD_DIAG_NEIGHBOR_DOWN)
		remote_downs++;
	else
		downs++;
}

static void
turn(void)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_change change;
	uint64_t due = bfd_deadline(bfd), now = now_us();
	void *user;

	if (due < now && now - due > late_us)
		late_us = now - due;
	bfd_socket_read(receiver, false, 4096, take, NULL);
	bfd_tick(bfd, now_us());
	while (bfd_next_packet(bfd, now_us(), &user, octets))
		send_from(user, octets);
	while (bfd_next_change(bfd, &change))
		note(&change);
}

static void
report(void)
{
	printf("{\"sessions\":%u,\"up\":%u,\"ups\":%llu,\"detected_downs\":%llu,"
	       "\"signaled_downs\":%llu,\"packets\":%llu,\"gap_ms\":%.1f,"
	       "\"late_ms\":%.1f}\n",
	    count, n_up, (unsigned long long)ups, (unsigned long long)downs,
	    (unsigned long long)remote_downs, (unsigned long long)packets,
	    (double)gap_us / 1000, (double)late_us / 1000);
	fflush(stdout);
	ups = downs = remote_downs = packets = gap_us = late_us = 0;
}

static void
open_all(uint32_t interval_us, uint8_t multiplier)
{
	players = mem_zero(count, sizeof(*players));
	for (uint32_t i = 0; i < count; i++) {
		struct bfd_params params = { .remote = target,
			.local = addr_ipv4(first + i),
			.interval_us = interval_us,
			.multiplier = multiplier };

		players[i].addr = params.local;
		bfd_session_open(bfd, now_us(), &params, &players[i]);
	}
}

static void
loop(void)
{
	struct pollfd fds[] = { { receiver, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };

	for (;;) {
		uint64_t due, now;
		char line[64];
		ssize_t n;

		turn();
		due = bfd_deadline(bfd);
		now = now_us();
		poll(fds, 2, due <= now ? 0 : (int)((due - now + 999) / 1000));
		if (!(fds[1].revents & (POLLIN | POLLHUP)))
			continue;
		n = read(STDIN_FILENO, line, sizeof(line));
		if (n <= 0)
			return;
		report();
	}
}

int
main(int argc, char **argv)
{
	struct addr any = addr_none(), start;

	if (argc != 6 || !addr_parse(argv[1], &target) ||
	    !addr_parse(argv[2], &start)) {
		fprintf(stderr, "usage: bfdpeers DAEMON FIRST COUNT INTERVAL-MS "
				"MULTIPLIER\n");
		return 2;
	}
	first = addr_to_ipv4(&start);
	count = (uint32_t)atoi(argv[3]);
	bfd = bfd_new(now_us());
	receiver = bfd_socket_receiver(FAMILY_IPV4, false);
	sender = bfd_socket_sender(FAMILY_IPV4, &any, 0, BFD_SOURCE_PORT_MIN);
	if (receiver < 0 || sender < 0) {
		perror("bfdpeers: socket");
		return 1;
	}
	open_all((uint32_t)atoi(argv[4]) * 1000, (uint8_t)atoi(argv[5]));
	loop();
	return 0;
}
