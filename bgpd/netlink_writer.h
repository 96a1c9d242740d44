/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes to rtnetlink in batches, and matches the answers.
 *
 *   add() ... add() ─> send() ─> [thread] ─> kernel ─> read() ─> done() for each
 *
 * With a thread send() does not wait for the kernel, and up to NETLINK_THREAD_MAX
 * batches are on their way while the next is filled.  Without one it writes by itself:
 * the answers can be read when it returns.
 */
#ifndef BGPD_NETLINK_WRITER_H
#define BGPD_NETLINK_WRITER_H

#include "netlink.h"
#include "netlink_thread.h"

enum {
	WRITER_BATCH_MAX = 256,   /* messages of a batch */
	WRITER_FLYING_MAX = 4096, /* sent and not answered */
	WRITER_BATCHES = NETLINK_THREAD_MAX + 1,
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

struct writer_batch {
	uint8_t *octets;
	size_t len, room;
	size_t last; /* where its last message begins */
};

struct netlink_writer {
	struct netlink nl;
	writer_done done;
	void *arg;
	bool threaded;
	struct netlink_thread *thread; /* from the first batch on */
	uint32_t seq;                  /* of the message added last */
	struct writer_batch batches[WRITER_BATCHES];
	unsigned filled;  /* counts on; the index is modulo WRITER_BATCHES */
	unsigned n_batch; /* messages of the one that is being filled */
	uint32_t sync_us; /* of the last batch that was written without a thread, + 1 */
	struct {
		void *what;
		unsigned detail;
		uint32_t seq;
	} flying[WRITER_FLYING_MAX]; /* a ring */
	unsigned head;
	unsigned n_flying; /* sent, not answered */
	unsigned n_added;  /* in the batch, in the ring behind those flying */
};

/* With `threaded` a thread writes, where one can be had. */
bool netlink_writer_open(struct netlink_writer *writer, bool threaded, writer_done done,
    void *arg, char *err, size_t errlen);
void netlink_writer_close(struct netlink_writer *writer);
/* Messages that may be added now. */
unsigned netlink_writer_room(const struct netlink_writer *writer);
/* The place of the next message among those without an answer, below WRITER_FLYING_MAX.
 */
unsigned netlink_writer_slot(const struct netlink_writer *writer);
/* The message is consumed; netlink_writer_room() must not be 0. */
void netlink_writer_add(
    struct netlink_writer *writer, struct nl_msg *msg, void *what, unsigned detail);
/*
 * Sends the batch on its way; only the last message asks for an ACK, an error comes
 * without asking.  False, with errno: nothing was written, the batch is kept.
 */
bool netlink_writer_send(struct netlink_writer *writer);
/*
 * One more batch was written: how long that took, in microseconds.  It is to be asked
 * until it says no; that makes room.
 */
bool netlink_writer_wrote(struct netlink_writer *writer, uint32_t *us);
/* Batches are on their way that the kernel has not taken yet; `error`: why, or 0. */
bool netlink_writer_is_busy(struct netlink_writer *writer, int *error);
/* Reads all answers there are.  False: an answer was lost, all flying were given up. */
bool netlink_writer_read(struct netlink_writer *writer, void *buffer);
/* Waits until the kernel has taken what is on its way; the answers can be read then. */
void netlink_writer_settle(struct netlink_writer *writer);
/* Settles, and reports all flying messages as WRITER_UNKNOWN, and those of the batch,
 * unsent. */
void netlink_writer_abandon(struct netlink_writer *writer);

#endif
