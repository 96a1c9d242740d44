/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Our routes in the kernel: what we want installed, what is, and the writes that make
 * one the other.  Fed by the daemon from the speaker's FIB changes; knows no BGP.
 *
 * The rules:
 * - Ours is what carries our protocol, metric and table together; nothing else is ever
 *   changed or deleted.
 * - A new route goes in with NLM_F_CREATE|NLM_F_EXCL, a change replaces our own in one
 *   message, a deletion names our protocol.  Pending events are read before.
 * - Where another owner has a route at our place (table, prefix, metric) ours waits: a
 *   conflict.  It goes in when the other leaves.  A connected prefix never goes in.
 * - What somebody takes out is put back; when that goes on, ever later (a minute at
 *   most).  What the kernel refuses is tried again, likewise.
 * - Routes share nexthop objects of the kernel where kernel { nexthop-objects } says
 * so: see fib_nexthop.h.
 * - What is found at the start is adopted: fib_set() of the same route costs nothing,
 * of another one replaces it, and fib_sweep() removes what nobody asked for.
 *
 * Writing happens in the event loop, in batches, after the turn that asked for it.
 */
#ifndef BGPD_FIB_H
#define BGPD_FIB_H

#include "kernel.h"
#include "rtmsg.h"

struct fib;

/* The kernel's RTN_ numbers. */
enum fib_type {
	FIB_UNICAST = 1,
	FIB_BLACKHOLE = 6,
	FIB_UNREACHABLE = 7,
	FIB_PROHIBIT = 8,
};

enum { FIB_HOPS_MAX = KROUTE_HOPS_MAX };

/* A hop that is on link by decree through no device waits for the tunnel's: see
 * fib_set_waiting(). */
struct fib_route {
	struct prefix prefix;
	uint8_t type;   /* enum fib_type */
	uint8_t n_hops; /* 0 for all but unicast */
	struct fib_hop hops[FIB_HOPS_MAX];
};

/* Before the event loop runs, or later: what is there is adopted with the next dump.
 * NULL: the reason is in `err`.  One a kernel. */
struct fib *fib_new(struct kernel *k, char *err, size_t errlen);
/* Leaves the routes where they are. */
void fib_free(struct fib *fib);

/*
 * What should be in the kernel from now on; O(1), the write comes later.  Hops with the
 * same `next_hop` share a nexthop object: when it moves, the first route to say so
 * moves all, and the others are expected to say so too within a second.
 */
void fib_set(struct fib *fib, const struct fib_route *route);
void fib_clear(struct fib *fib, const struct prefix *prefix);
/* Hints that fib_set() or fib_clear() will be called soon, and sooner: see
 * route_table.h. */
void fib_prefetch(const struct fib *fib, const struct prefix *prefix);
void fib_prefetch_entry(const struct fib *fib, const struct prefix *prefix);
/* Why routes wait for the tunnel device, for those who ask; copied. */
void fib_set_waiting(struct fib *fib, const char *why);
/* Removes what was adopted, goes to this gateway and was never confirmed. */
void fib_sweep_gateway(struct fib *fib, const struct addr *gateway);
/* Removes what was adopted and never confirmed by fib_set(). */
void fib_sweep(struct fib *fib);
/*
 * Removes all our routes now, and forgets what is wanted; waits for the kernel.  False:
 * some could not be removed (logged).
 */
bool fib_flush_all(struct fib *fib);
/* The same without a daemon, for `--flush`: what carries the marks of `conf`. */
bool fib_remove_all(
    const struct conf_kernel *conf, uint32_t *removed, char *err, size_t errlen);

/* Routes of ours that were there at the start; valid from kernel_events.synced on. */
uint32_t fib_adopted_count(const struct fib *fib);
/*
 * Takes answers and sends on its way what fits: for a caller that keeps the event loop
 * busy, so that the thread that writes is never without work.
 */
void fib_push(struct fib *fib);
/*
 * … and waits until the kernel has taken it: for what must be there before a peer hears
 * of it.
 */
void fib_push_through(struct fib *fib);
/* Nothing waits to be written: what could be installed is. */
bool fib_is_settled(const struct fib *fib);

enum fib_state {
	FIB_STATE_NONE,      /* not asked for */
	FIB_STATE_PENDING,   /* about to be written, or put back later */
	FIB_STATE_INSTALLED, /* the kernel has what we want */
	FIB_STATE_STALE,     /* adopted, not confirmed */
	FIB_STATE_CONFLICT,  /* another owner has the place, or the prefix is connected
			      */
	FIB_STATE_FAILED,    /* the kernel refused it; tried again later */
	FIB_STATE_DENIED,    /* a default route without kernel { default-route } */
	FIB_STATE_WAITING,   /* the tunnel device is not there: fib_set_waiting() */
	FIB_STATE_COUNT,
};

/* "installed", "pending" ... */
const char *fib_state_name(enum fib_state state);

enum { FIB_DETAIL_LEN = 128 };

/* One route as `show kernel` tells it. */
struct fib_status {
	enum fib_state state;
	struct fib_route route; /* what is wanted; of a stale one, what is there */
	bool missing;           /* wanted, and not in the kernel */
	bool differs;           /* the kernel has another one of ours */
	uint32_t nexthop; /* id of the object that the kernel's route refers to; 0 */
	uint8_t owner;    /* protocol of the route in the way, of a conflict */
	int error;        /* errno, of a failure */
	char detail[FIB_DETAIL_LEN]; /* a sentence, "" without */
};

/* `out` may be NULL. */
enum fib_state
fib_state(const struct fib *fib, const struct prefix *prefix, struct fib_status *out);
bool fib_is_installed(const struct fib *fib, const struct prefix *prefix);

typedef void (*fib_each)(void *arg, const struct fib_status *status);
/*
 * The next page of all routes, from *position on, which begins at 0.  False: that was
 * the end.  Between pages the FIB may change: a route may then come twice, none that
 * stays is left out.
 */
bool fib_walk(const struct fib *fib, uint32_t *position, fib_each each, void *arg);

enum fib_op { FIB_OP_NONE, FIB_OP_ADD, FIB_OP_REPLACE, FIB_OP_DELETE, FIB_OP_COUNT };
const char *fib_op_name(enum fib_op op);

/* Upper bounds in microseconds; the last bucket has none. */
enum { FIB_LATENCY_BUCKETS = 10 };
extern const uint32_t fib_latency_bounds_us[FIB_LATENCY_BUCKETS - 1];

struct fib_counters {
	uint32_t states[FAMILY_COUNT][FIB_STATE_COUNT];
	uint64_t succeeded[FIB_OP_COUNT];
	uint64_t refused[FIB_OP_COUNT];
	uint64_t unknown;  /* answers lost */
	uint64_t taken;    /* routes of ours others deleted or replaced */
	uint64_t lost;     /* routes of ours that vanished in silence */
	uint64_t restored; /* foreign routes hit by mistake and put back */
	/* From fib_set() to the kernel's answer. */
	uint64_t latency[FIB_LATENCY_BUCKETS];
	uint64_t latency_count;
	uint64_t latency_sum_us;
	uint32_t nexthops;           /* objects of ours in the kernel */
	uint64_t nexthops_succeeded; /* writes of objects */
	uint64_t nexthops_refused;
	uint32_t batch; /* messages a sendmsg() now */
	size_t bytes;   /* memory of the entries */
};
void fib_counters(const struct fib *fib, struct fib_counters *out);

#endif
