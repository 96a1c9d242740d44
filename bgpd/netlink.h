/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink sockets in three roles: listening to events, dumping, and writing in
 * batches (netlink_writer.h).  Each role has a socket of its own, so that a burst in
 * one never costs the other its answers.  All are non-blocking and know no event loop:
 * kernel.c and fib.c watch the descriptors, fib_flush.c waits with poll().
 *
 * Knows framing, sequence numbers and loss; no route.
 */
#ifndef BGPD_NETLINK_H
#define BGPD_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nl_sock;
struct nlmsghdr;

struct netlink {
	struct nl_sock *sock;
	int fd;
	uint32_t port; /* what the kernel calls us in the events we cause */
	bool strict;   /* dumps are filtered by the kernel */
};

/*
 * Opens a socket with a receive buffer of so many octets (beyond rmem_max where the
 * process may).  False: the reason is in `err`.
 */
bool netlink_open(struct netlink *nl, int receive_buffer, char *err, size_t errlen);
void netlink_close(struct netlink *nl);
/* False: this kernel does not have the group. */
bool netlink_join(struct netlink *nl, int group);

/*
 * Events of what the socket with this port writes stay in the kernel: its answers say
 * the same, and a million of them cost more than the rest of the work.  Of a route that
 * it replaces is told still, for what stood there may have been another's.  0: all
 * events.
 */
void netlink_skip_writes_of(struct netlink *nl, uint32_t port);

/* One buffer serves all sockets of a thread: what is read is handled at once. */
enum { NETLINK_BUFFER_LEN = 64 * 1024 };

enum netlink_read {
	NETLINK_READ_SOME,  /* one datagram was handled */
	NETLINK_READ_EMPTY, /* nothing there */
	NETLINK_READ_LOST, /* messages were lost: the buffer overran, or one is too long
			    */
	NETLINK_READ_ERROR, /* errno */
};

typedef void (*netlink_each)(void *arg, const struct nlmsghdr *header);
/* Reads one datagram and hands its messages out. */
enum netlink_read
netlink_read(struct netlink *nl, void *buffer, netlink_each each, void *arg);

/* The errno of an NLMSG_ERROR or NLMSG_DONE, 0 for success. */
int netlink_error(const struct nlmsghdr *header);

/* ---- dumps: one at a time on a socket ---- */

enum dump_status {
	DUMP_ACTIVE,
	DUMP_DONE,
	DUMP_INTERRUPTED, /* done, but the kernel's tables changed meanwhile */
	DUMP_FAILED,      /* `error` */
};

struct netlink_dump {
	struct netlink *nl;
	netlink_each row;
	void *arg;
	enum dump_status status;
	uint32_t seq;
	int error; /* errno, of DUMP_FAILED */
	bool interrupted;
};

/* Sends the request, which is consumed; status tells whether it went out. */
void netlink_dump_start(struct netlink_dump *dump, struct nl_msg *request);
/* Reads one datagram of it. */
enum dump_status netlink_dump_read(struct netlink_dump *dump, void *buffer);

#endif
