/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink sockets in three roles: listening to events, dumping, and writing in
 * batches.  Each role has a socket of its own, so that a burst in one never costs the
 * other its answers.  All are non-blocking and know no event loop: kernel.c and fib.c
 * watch the descriptors, fib_flush.c waits with poll().
 *
 * Knows framing, sequence numbers, acknowledgements and loss; no route.
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

/* ---- writes ---- */

enum {
	WRITER_BATCH_MAX = 256,   /* messages a sendmsg() */
	WRITER_FLYING_MAX = 1024, /* sent and not answered */
};

enum writer_result {
	WRITER_OK,
	WRITER_REFUSED, /* by the kernel: `error`, and `reason` ("" where it gives none)
			 */
	WRITER_UNKNOWN, /* the answer was lost: ask the kernel what it has */
};

/*
 * Told about each message once, in the order of writing, from netlink_writer_read()
 * and netlink_writer_abandon() alone.
 */
typedef void (*writer_done)(void *arg, void *what, unsigned detail,
    enum writer_result result, int error, const char *reason);

struct netlink_writer {
	struct netlink nl;
	writer_done done;
	void *arg;
	uint32_t seq; /* of the message added last */
	struct nl_msg *batch[WRITER_BATCH_MAX];
	unsigned n_batch;
	struct {
		void *what;
		unsigned detail;
		uint32_t seq;
	} flying[WRITER_FLYING_MAX]; /* a ring */
	unsigned head;
	unsigned n_flying; /* sent, not answered */
	unsigned n_added;  /* in the batch, in the ring behind those flying */
};

bool netlink_writer_open(struct netlink_writer *writer, writer_done done, void *arg,
    char *err, size_t errlen);
void netlink_writer_close(struct netlink_writer *writer);
/* Messages that may be added now. */
unsigned netlink_writer_room(const struct netlink_writer *writer);
/* The message is consumed; netlink_writer_room() must not be 0. */
void netlink_writer_add(
    struct netlink_writer *writer, struct nl_msg *msg, void *what, unsigned detail);
/*
 * Writes the batch with one sendmsg(); only the last message asks for an ACK, an error
 * comes without asking.  False, with errno: nothing was written, the batch is kept.
 */
bool netlink_writer_send(struct netlink_writer *writer);
/* Reads all answers there are.  False: an answer was lost, all flying were given up. */
bool netlink_writer_read(struct netlink_writer *writer, void *buffer);
/* Reports all flying messages as WRITER_UNKNOWN, and those of the batch, unsent. */
void netlink_writer_abandon(struct netlink_writer *writer);

#endif
