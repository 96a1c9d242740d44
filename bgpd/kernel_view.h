/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The foreign routes of the kernel, by prefix, and what follows from them: the best one
 * for the resolution of next hops, the imports that take it, whether the prefix is
 * connected, whether our place (table and metric) is taken.  Part of kernel.c's view
 * and called from there alone.
 *
 * While a dump runs, events go on being applied: what an event touched is newer than
 * any row of the dump, and what it removed stays as a "gone" entry until the dump ends,
 * so that a row read later does not bring it back.
 */
#ifndef BGPD_KERNEL_VIEW_H
#define BGPD_KERNEL_VIEW_H

#include "kernel.h"
#include "kernel_link.h"
#include "workload.h"

struct kernel_view {
	struct route_table nodes;
	struct kernel_links *links;
	struct workload_rules *rules; /* owned */
	struct fib_identity id;
	bool dumping;
	const struct kernel_events *events;
	void *arg;
	/* The place of our route, or connectedness, changed. */
	void (*changed)(void *owner, const struct prefix *prefix);
	void *owner;
};

/* The other members are set by the caller before. */
void kernel_view_init(struct kernel_view *view);
void kernel_view_destroy(struct kernel_view *view);

/* Is it a route the view wants to know?  (Ours never is.) */
bool kernel_view_wants(const struct kernel_view *view, const struct kroute *route);

/* False: what was known does not fit to it, a dump has to tell. */
bool kernel_view_add(struct kernel_view *view, const struct kroute *route,
    const struct nlmsghdr *header, enum kernel_source source);
bool kernel_view_remove(struct kernel_view *view, const struct kroute *route);

/*
 * A link changed (enum link_change).  IPv4 routes through a link that went down are
 * gone without a word from the kernel.
 */
void
kernel_view_link(struct kernel_view *view, struct kernel_link *link, unsigned change);

void kernel_view_dump_begin(struct kernel_view *view);
/* `complete`: what no row showed is gone. */
void kernel_view_dump_end(struct kernel_view *view, bool complete);

/* Takes new rules over, and a new identity: all prefixes are judged anew. */
void kernel_view_reload(struct kernel_view *view, struct workload_rules *rules,
    const struct fib_identity *id);

bool
kernel_view_is_connected(const struct kernel_view *view, const struct prefix *prefix);
/*
 * Has a foreign route our table and metric for this prefix?  `protocol` and `message`,
 * the route as the kernel told it, may be NULL.
 */
bool kernel_view_foreign_at(const struct kernel_view *view, const struct prefix *prefix,
    uint8_t *protocol, const struct nlmsghdr **message);

#endif
