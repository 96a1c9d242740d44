/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that writes batches into one rtnetlink socket.  rtnetlink works inside
 * send(), under a lock that the whole host shares: who makes and removes containers may
 * have it for half a second, and the event loop does not wait for that
 * (docs/adr/0012-routes-are-written-by-a-thread.md).
 *
 * It knows octets alone.  All calls are the event loop's.
 */
#ifndef BGPD_NETLINK_THREAD_H
#define BGPD_NETLINK_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink_thread;

enum { NETLINK_THREAD_MAX = 15 }; /* batches given and not taken back */

/* NULL, with errno: no thread can be had. */
struct netlink_thread *netlink_thread_new(int fd);
/* Writes what was given, where the kernel takes it, and ends.  NULL is allowed. */
void netlink_thread_free(struct netlink_thread *thread);

/* A batch; it is not to be touched before it was taken back. */
void netlink_thread_put(struct netlink_thread *thread, const void *octets, size_t len);
/*
 * Takes the oldest back, when it was written: how long that took, in microseconds.
 * False: none was.
 */
bool netlink_thread_take(struct netlink_thread *thread, uint32_t *us);
/* Given and not taken back. */
unsigned netlink_thread_load(const struct netlink_thread *thread);
/* Something is still to be written. */
bool netlink_thread_is_busy(struct netlink_thread *thread);
/*
 * Why the oldest cannot be written: the errno of an attempt that is repeated all 10 ms,
 * 0 for none.
 */
int netlink_thread_error(struct netlink_thread *thread);
/*
 * Waits until all is written.  What cannot be written now is thrown away; false says
 * so.
 */
bool netlink_thread_settle(struct netlink_thread *thread);

#endif
