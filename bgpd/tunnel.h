/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tunnel device of kernel { tunnel }: made where the kernel can (IP in IP), used
 * where it is there, waited for and reported where not.  Knows no route; the daemon
 * asks for the device's index and is told when it changes.
 *
 * A device of another kind that has the name (a TUN device of a program, VXLAN) is used
 * as it is and never changed.
 */
#ifndef BGPD_TUNNEL_H
#define BGPD_TUNNEL_H

#include "kernel.h"

struct tunnel;

enum { TUNNEL_TEXT_LEN = 256 };

struct tunnel_events {
	/* Another answer of tunnel_ifindex() or tunnel_trouble(). */
	void (*changed)(void *arg);
};

/* NULL: out of events.  `events` must outlive it, and `k`. */
struct tunnel *
tunnel_new(struct kernel *k, const struct tunnel_events *events, void *arg);
/* Leaves the device where it is: routes that stay go through it. */
void tunnel_free(struct tunnel *t);

/* Links have changed, or are known for the first time. */
void tunnel_check(struct tunnel *t);
/* The configuration of kernel_conf() may be another. */
void tunnel_reconfigured(struct tunnel *t);

/* 0: no tunnel is asked for, or the device cannot be used (yet). */
uint32_t tunnel_ifindex(const struct tunnel *t);
/* Why not; "" when it can, or none is asked for. */
const char *tunnel_trouble(const struct tunnel *t);

#endif
