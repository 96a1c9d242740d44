/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state shared by kernel.c (sockets, events, questions) and kernel_dump.c (when to
 * dump, and what a dump is).  Nobody else includes it.
 */
#ifndef BGPD_KERNEL_INTERNAL_H
#define BGPD_KERNEL_INTERNAL_H

#include "kernel.h"
#include "kernel_link.h"
#include "kernel_view.h"
#include "netlink.h"

struct event;

enum { STEPS_MAX = 10 };

/* One request of a dump. */
struct dump_step {
	int type; /* RTM_GETLINK ... */
	enum family family;
	uint32_t table; /* of RTM_GETROUTE */
};

struct kernel {
	struct event_base *base;
	struct conf_kernel conf; /* scalars alone */
	struct fib_identity id;
	const struct kernel_events *events;
	void *arg;
	struct kernel_events inner; /* what links and view call: ours first */
	struct kernel_hook hook;
	uint32_t writer_port;

	struct kernel_links links;
	struct kernel_view view;

	struct netlink event_socket;
	struct netlink dump_socket;
	struct event *event_ready;
	bool paused, muted; /* events are not to be read; and event_ready is removed */
	struct event *dump_ready;
	struct event *timer; /* the next dump */
	void *buffer;

	struct netlink_dump dump;
	struct dump_step steps[STEPS_MAX];
	unsigned n_steps, step;
	bool dumping;
	bool routes_planned; /* the steps of the dump under way include the routes */
	bool no_nexthops;    /* this kernel has no nexthop objects */
	bool with_links;     /* the dump under way includes links and addresses */
	bool incomplete;     /* something of it failed or was interrupted */
	bool full;           /* the next one must include links and addresses */
	bool again;          /* another one is wanted */
	bool synced;
	unsigned failures; /* incomplete dumps in a row */
	uint64_t dump_start_ms, dump_end_ms, due_ms;
	struct kernel_counters counters;
};

/* ---- kernel.c ---- */
void kernel_handle(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source);
/* Follows a change of a link (enum link_change) up. */
void kernel_link_changed(struct kernel *k, struct kernel_link *link, unsigned change);

/* ---- kernel_dump.c ---- */
/* Watches the dump socket, and asks for the first dump. */
bool kernel_dump_open(struct kernel *k);
void kernel_dump_close(struct kernel *k);
/* Like kernel_resync_soon(), links and addresses included. */
void kernel_resync_all(struct kernel *k);

#endif
