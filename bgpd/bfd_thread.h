/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread that runs the machines of BFD and their sockets: the only one beside the
 * event loop's, and it knows nothing of BGP.
 *
 * Why a thread: one call of the kernel's that writes routes was measured to take half a
 * second, since it shares a lock with whoever else on the host changes links or routes.
 * A session of 300 ms x 3 must not depend on that.
 *
 *   event loop                     lock                      thread
 *   opens, changes, closes ──> machines, sockets <── poll(), packets, timers
 *   draws the changes <── news ──────┘
 *
 * What the header says of a function holds for the event loop's thread: the other one
 * calls none of them.
 */
#ifndef BGPD_BFD_THREAD_H
#define BGPD_BFD_THREAD_H

#include "bgp/bfd.h"

struct bfd_thread;

/* A session and the way its packets go; its address is the session's `user`. */
struct bfd_line {
	struct bfd_session *session;
	struct addr remote, local; /* local: FAMILY_NONE: the kernel chooses */
	uint32_t link;             /* of a link-local remote: its interface; else 0 */
	bool multihop;
	uint16_t port; /* the source's, for the session's life; 0: none yet */
	int fd;        /* -1: not open */
	int error;     /* errno of the last packet, where it could not be sent */
};

/* The thread itself begins with the first bfd_thread_lock(). */
struct bfd_thread *bfd_thread_new(void);
void bfd_thread_free(struct bfd_thread *t);

/* The machines, and all lines: for a few microseconds. */
struct bfd *bfd_thread_lock(struct bfd_thread *t);
/* What was changed is looked at, at once. */
void bfd_thread_unlock(struct bfd_thread *t);

/* Readable when there are changes to be drawn, or an error came or went. */
int bfd_thread_news(const struct bfd_thread *t);
void bfd_thread_news_read(struct bfd_thread *t);

/* ---- under the lock ---- */

/* Opens, or closes, what receives for that kind.  False: errno says why it cannot. */
bool bfd_thread_receive(
    struct bfd_thread *t, enum family family, bool multihop, bool needed);
void bfd_line_init(struct bfd_line *line);
/* Another local address from now on, or none: the next packet opens a socket anew. */
void bfd_line_close(struct bfd_thread *t, struct bfd_line *line, bool for_good);
/* Sends all that waits, from this thread. */
void bfd_thread_flush(struct bfd_thread *t);

/* Microseconds of the clock that all this goes by. */
uint64_t bfd_now_us(void);

#endif
