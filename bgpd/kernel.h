/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel has beside our own routes: links, addresses, foreign routes, and
 * which of those are workloads.  Facts come out through callbacks, from the event loop.
 *
 *   events ──┐                       ┌── kernel_link.c  links, addresses
 *            ├─ kernel.c (sockets, ──┼── kernel_view.c  foreign routes ── workload.c
 *   dumps ───┘  audits, loss)        └── struct kernel_hook: our own routes (fib.c)
 *
 * A route is ours when protocol, metric and table match.  Nothing here writes.
 */
#ifndef BGPD_KERNEL_H
#define BGPD_KERNEL_H

#include "bgp/conf.h"
#include "bgp/igp.h"
#include "nhmsg.h"
#include "rtmsg.h"

struct event_base;
struct kernel;

/*
 * Facts out, `arg` first; a callback may be NULL.  They come from the event loop, never
 * from inside a kernel_ or fib_ call of the callee, except kernel_reconfigure().  They
 * may ask (kernel_is_..., fib_set()), but must not free or reconfigure.
 */
struct kernel_events {
	/*
	 * The best route of a prefix that is not ours, unicast, over a link that is up
	 * and has its carrier; from the main table and kernel.table.  Set or changed,
	 * gone.
	 */
	void (*igp)(void *arg, const struct igp_route *route);
	void (*igp_gone)(void *arg, const struct prefix *prefix);
	/*
	 * An address of ours on a link that is up (`bits` its subnet's length).  One on
	 * two links is told of twice: kernel_is_local_address() already gives the new
	 * state.
	 */
	void (*address)(void *arg, const struct addr *a, unsigned bits,
	    uint32_t ifindex, bool present);
	/* The first route of a prefix that import `import_index` takes came, the last
	 * one left. */
	void (*workload)(void *arg, unsigned import_index, const struct prefix *prefix,
	    bool present);
	/* A link came or left, went up or down. */
	void (*links)(void *arg);
	/* … which one, and how it is now: `up`, and with its carrier `usable`.  One
	 * that was deleted has no name and is neither. */
	void (*link)(
	    void *arg, uint32_t ifindex, const char *name, bool up, bool usable);
	/* Once: all that was there at the start has been told. */
	void (*synced)(void *arg);
	/* `level` is an enum conf_log_level. */
	void (*log)(void *arg, int level, const char *text);
};

/*
 * Opens the sockets and asks for the first dump; everything else happens in the event
 * loop.  `conf` is copied, `events` must outlive it.  NULL: the reason is in `err`.
 */
struct kernel *kernel_new(struct event_base *base, const struct conf_kernel *conf,
    const struct kernel_events *events, void *arg, char *err, size_t errlen);
/* The FIB (fib.h) must have been freed. */
void kernel_free(struct kernel *k);

/*
 * A reload.  Import i of the new configuration is compared with import i of the old
 * one: workload() is called for what it takes now and did not, and the other way round.
 * A new protocol, metric or table moves our routes to it.  False: nothing was changed,
 * the reason is in `err`.
 */
bool kernel_reconfigure(
    struct kernel *k, const struct conf_kernel *conf, char *err, size_t errlen);

/* ---- questions ---- */
bool kernel_is_synced(const struct kernel *k);
bool kernel_is_local_address(const struct kernel *k, const struct addr *a);
/* The longest subnet of ours that holds `a`; `ifindex` and `subnet` may be NULL. */
bool kernel_is_connected(const struct kernel *k, const struct addr *a,
    uint32_t *ifindex, struct prefix *subnet);
/* The link that has this address; 0: none. */
uint32_t kernel_address_link(const struct kernel *k, const struct addr *a);
/* A global address on that link (no link-local one); FAMILY_NONE: it has none. */
struct addr
kernel_link_address(const struct kernel *k, uint32_t ifindex, enum family family);
/* The link-local address on that link; FAMILY_NONE: it has none that is ready. */
struct addr kernel_link_local_address(const struct kernel *k, uint32_t ifindex);
/* "?" for an unknown link. */
const char *kernel_link_name(const struct kernel *k, uint32_t ifindex);
/* 0: there is no link of that name. */
uint32_t kernel_link_index(const struct kernel *k, const char *name);
/* Up, and with its carrier. */
bool kernel_link_is_up(const struct kernel *k, uint32_t ifindex);

struct kernel_counters {
	uint64_t events;
	uint64_t losses; /* the event buffer overran */
	uint64_t dumps;
	uint32_t last_dump_ms;
	uint32_t links, addresses, foreign_prefixes;
};
void kernel_counters(const struct kernel *k, struct kernel_counters *out);

/* The event socket's receive buffer: for tests of what happens when it is too small. */
void kernel_set_event_buffer(struct kernel *k, int octets);

/* ---- for the FIB (fib.c) ---- */

enum kernel_source { KERNEL_DUMP, KERNEL_EVENT };

/* What the owner of our routes is told. */
struct kernel_hook {
	void *arg;
	/*
	 * A route of ours is there, or left.  `port` is who did it (0: the kernel
	 * itself), of an event.
	 */
	void (*own)(void *arg, const struct kroute *route, enum kernel_source source,
	    uint32_t port, bool present);
	/* kernel_prefix_is_connected() or kernel_foreign_at() may have changed. */
	void (*changed)(void *arg, const struct prefix *prefix);
	/* A foreign route was put in the place of ours. */
	void (*taken)(void *arg, const struct prefix *prefix, uint8_t protocol);
	/* A write of ours, the one with that number, was put in the place of this
	 * foreign route. */
	void (*overran)(void *arg, const struct prefix *prefix,
	    const struct nlmsghdr *foreign, uint32_t sequence);
	/*
	 * Any nexthop object, ours or not, is there, or left; in a dump they come
	 * before the routes.
	 */
	void (*nexthop)(void *arg, const struct nhmsg_object *object,
	    enum kernel_source source, uint32_t port, bool present);
	/* A route that is not ours, in any table, refers to this nexthop object. */
	void (*borrowed)(void *arg, uint32_t nexthop);
	/*
	 * Between the objects and the routes of a dump: must it show the routes of all
	 * tables, so that none that refers to an object is overlooked?
	 */
	bool (*all_tables)(void *arg);
	/* A dump of all routes begins, has ended.  Not `complete`: what was not seen
	 * may be there. */
	void (*dump_begin)(void *arg);
	void (*dump_end)(void *arg, bool complete);
	/* A link or an address came or left: what failed before may work now. */
	void (*network_changed)(void *arg);
	/* After a reload; the identity may be another one. */
	void (*reconfigured)(void *arg, const struct fib_identity *old);
};
/* `port` is that of the socket that writes.  NULL: nobody owns routes any longer.  A
 * new owner gets a dump. */
void kernel_set_hook(struct kernel *k, const struct kernel_hook *hook, uint32_t port);
struct event_base *kernel_event_base(const struct kernel *k);
const struct fib_identity *kernel_identity(const struct kernel *k);
/* Scalars alone; its lists are NULL. */
const struct conf_kernel *kernel_conf(const struct kernel *k);
/* A buffer of NETLINK_BUFFER_LEN for one netlink_read() at a time. */
void *kernel_buffer(struct kernel *k);
/* Reads the events that are there, at most `max` datagrams.  False: there are more. */
bool kernel_drain(struct kernel *k, unsigned max);
/* Events wait to be read. */
bool kernel_events_wait(const struct kernel *k);
/* From now on the event loop reads none, or those that have come meanwhile, too. */
void kernel_pause_events(struct kernel *k, bool paused);
/* Something is not as believed: dump and compare, soon. */
void kernel_resync_soon(struct kernel *k);
/* A subnet or an address of this host is exactly this prefix. */
bool kernel_prefix_is_connected(const struct kernel *k, const struct prefix *prefix);
/* Does this kernel have nexthop objects?  Known when it is synced. */
bool kernel_has_nexthops(const struct kernel *k);
/* A foreign route has our table and metric for this prefix. */
bool kernel_foreign_at(
    const struct kernel *k, const struct prefix *prefix, uint8_t *protocol);
void kernel_log(const struct kernel *k, enum conf_log_level level, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Milliseconds of a monotonic clock. */
uint64_t kernel_now_ms(void);

#endif
