/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The RIB: destinations and their paths (Adj-RIB-In and Loc-RIB in one, RFC 4271 3.2),
 * the decision process (9.1, RFC 4456 9), next hops, and the change list from which
 * update groups follow.
 *
 * A peer is a small number here: 0 is this speaker, others are given by core.  The RIB
 * knows no wire format, no policy and no group.
 *
 *   destination -> path (best first) -> interned attributes -> next hop -> IGP route
 */
#ifndef BGP_RIB_H
#define BGP_RIB_H

#include "bgp/attrs.h"
#include "bgp/heap.h"
#include "bgp/igp.h"
#include "bgp/pool.h"

#define RIB_LOCAL_PEER 0u

enum path_flag {
	/* Own routes: how they came to be. */
	PATH_NETWORK = 1 << 0, /* network {} */
	PATH_KERNEL = 1 << 1,  /* kernel { import } */
	/* Why a path is not valid. */
	PATH_FILTERED = 1 << 2,        /* the import policy rejects it */
	PATH_AS_LOOP = 1 << 3,         /* RFC 4271 9.1.2 */
	PATH_ORIGINATOR_LOOP = 1 << 4, /* RFC 4456 8 */
	PATH_CLUSTER_LOOP = 1 << 5,    /* RFC 4456 8 */
	PATH_SUPPRESSED = 1 << 6,      /* inside a summary-only network */
};
#define PATH_INVALID                                                               \
	(PATH_FILTERED | PATH_AS_LOOP | PATH_ORIGINATOR_LOOP | PATH_CLUSTER_LOOP | \
	    PATH_SUPPRESSED)

struct path {
	struct path
	    *next; /* of the same destination; the first valid one is the best */
	struct attrs *attrs;
	uint32_t peer;
	uint32_t path_id; /* as received (RFC 7911); 0 without add-path */
	uint32_t since_s;
	uint8_t flags; /* enum path_flag */
	uint8_t epoch; /* the peer's session it came from; another one: it is stale */
};

struct dest {
	struct path *paths; /* the best first, when there is one */
	uint32_t id;
	uint32_t change;     /* 1 + index into the change list; 0: not on it */
	uint32_t out_source; /* 1 + peer whose path the groups saw last; 0: none */
	uint8_t flags;       /* enum dest_flag */
	uint8_t bits;
	uint16_t peers;  /* a bit for each number modulo 16 that a path may be of */
	uint8_t bytes[]; /* 4 or 16 octets */
};

enum dest_flag {
	DEST_HAS_BEST = 1 << 0, /* the first path is the best */
	DEST_FIB_QUEUED = 1 << 1,
	DEST_BEST_CHANGED = 1 << 2, /* since the groups saw it */
	DEST_TOUCHED = 1 << 3,      /* the same paths are to be sent otherwise */
	DEST_MED_DIFFERS = 1 << 4,  /* between usable paths: see decision_wins() */
};

enum nexthop_state { NEXTHOP_UNREACHABLE, NEXTHOP_REACHABLE };

/* One next hop, shared by all attribute sets that name it. */
struct nexthop {
	struct nexthop *chain;
	struct nexthop *all_next, *all_prev;
	struct addr addr;       /* link-local where there is no global one */
	struct addr link_local; /* its address on `link`; FAMILY_NONE: none */
	uint32_t link;          /* number of the interface; 0: no link is known */
	uint32_t hash;
	uint32_t refs;       /* attribute sets */
	uint8_t state;       /* enum nexthop_state */
	bool own;            /* an address of ours */
	uint8_t dirty;       /* paths using it must be judged again; see walk.c */
	uint32_t metric;     /* IGP cost: the kernel's metric */
	struct addr gateway; /* where packets go; FAMILY_NONE: not resolved */
	uint32_t ifindex;
	bool connected; /* on a subnet of ours */
};

/* What the decision and the counters need to know of a peer. */
struct rib_peer {
	bool used;
	bool ebgp;
	bool client;        /* route reflector client */
	bool yields;        /* its paths lose to those of any other peer */
	bool long_lived;    /* RFC 9494 is used with it */
	uint8_t yield_walk; /* its destinations are to be decided again: see walk.c */
	uint32_t router_id; /* host order */
	struct addr address;
	struct {
		uint8_t epoch;
		uint8_t purge_wanted; /* remove paths this many sessions old, 0: none */
		uint8_t purge_active;
		uint8_t lower_wanted; /* the same: LLGR_STALE is due on those */
		uint8_t lower_active;
		uint8_t oldest;    /* no path is from more sessions ago than this */
		uint32_t received; /* paths in the Adj-RIB-In */
		uint32_t accepted; /* valid ones: not filtered, no loop */
		uint32_t best;
	} family[FAMILY_COUNT];
};

struct rib;

/* ---- life ---- */
struct rib *rib_new(struct attr_table *attrs);
void rib_free(struct rib *rib);

/* The peer of that number, made when it is new; pointers move when one is added. */
struct rib_peer *rib_peer(struct rib *rib, uint32_t peer);
/* The same to read; `peer` must exist. */
const struct rib_peer *rib_peer_info(const struct rib *rib, uint32_t peer);
/* How many peer numbers there are (one more than the greatest). */
uint32_t rib_peer_count(const struct rib *rib);

/* ---- paths ---- */
/*
 * The peer's path to `prefix` with that path identifier, new or replaced.  Takes one
 * reference of `attrs` for itself (the caller keeps its own).  `now_s` is monotonic
 * seconds.  False: the peer has RIB_PATHS_PER_PEER of them already, it was not taken.
 */
enum { RIB_PATHS_PER_PEER = 64 };
bool rib_announce(struct rib *rib, uint32_t peer, const struct prefix *prefix,
    uint32_t path_id, struct attrs *attrs, uint8_t flags, uint32_t now_s);
/* Has the peer a path to `prefix` with that identifier? */
bool rib_has_path(const struct rib *rib, uint32_t peer, const struct prefix *prefix,
    uint32_t path_id);
/* False: there was none. */
bool rib_withdraw(
    struct rib *rib, uint32_t peer, const struct prefix *prefix, uint32_t path_id);
/* The own path of one of PATH_NETWORK, PATH_KERNEL: both may exist for a prefix. */
bool
rib_withdraw_own(struct rib *rib, const struct prefix *prefix, uint8_t origin_flag);

/* Gives a path other flags (the policy changed). */
void rib_reflag(
    struct rib *rib, const struct prefix *prefix, struct path *path, uint8_t flags);

/* The path is the same, but what is sent of it is not: it counts as a change. */
void rib_touch(
    struct rib *rib, enum family family, struct dest *dest, const struct path *path);

/*
 * The session ended, or says all anew: its paths are stale from now on, but stay. Their
 * age, in epochs, is known modulo 256; what is older than RIB_EPOCHS_MAX is removed.
 */
enum { RIB_EPOCHS_MAX = 200 };
void rib_peer_new_epoch(struct rib *rib, uint32_t peer, enum family family);
/* Remove, in slices of rib_work(), the paths that are `age` or more epochs old: 0 is
 * all of them, 1 all that are stale, 2 those stale since before the last epoch. */
void rib_purge(struct rib *rib, uint32_t peer, enum family family, unsigned age);
/* Those become long-lived stale (RFC 9494 4.2), in the same slices: they get the
 * community LLGR_STALE, and those with NO_LLGR are removed. */
void rib_lower(struct rib *rib, uint32_t peer, enum family family, unsigned age);
/* Its paths lose to any other, or no more: decided in slices of rib_work(). */
void rib_yield(struct rib *rib, uint32_t peer, bool on);
/* That has been done for all of them. */
bool rib_has_yielded(const struct rib *rib, uint32_t peer);
/* No purge of the peer is under way or wanted. */
bool rib_peer_is_clean(const struct rib *rib, uint32_t peer);
/* Walks on with purges and changed next hops, over at most `budget` destinations.
 * True: there is more to do. */
bool rib_work(struct rib *rib, unsigned budget);
bool rib_has_work(const struct rib *rib);

/* ---- next hops ---- */
void rib_igp_set(struct rib *rib, const struct igp_route *route);
void rib_igp_clear(struct rib *rib, const struct prefix *prefix);
/* `link`: of a link-local address its interface, else 0. */
void
rib_own_address(struct rib *rib, const struct addr *addr, uint32_t link, bool present);
/* An interface can carry packets, or no more: link-local next hops depend on it. */
void rib_link(struct rib *rib, uint32_t ifindex, bool usable);
/* resolve-next-hops, resolve-via-default; all next hops are judged again. */
void rib_set_resolution(struct rib *rib, bool resolve, bool via_default);
/* At most so many equal paths of a destination are used, 1 to RIB_MULTIPATH_MAX. */
enum { RIB_MULTIPATH_MAX = 64 };
void rib_set_multipath(struct rib *rib, unsigned max);
/* Resolves again what IGP changes since the last call touched.  Once a turn. */
void rib_resolve(struct rib *rib);
struct nexthop *rib_first_nexthop(const struct rib *rib); /* then ->all_next */
/* The longest IGP route to an address. */
bool
rib_igp_lookup(const struct rib *rib, const struct addr *addr, struct igp_route *out);
/* Is it the gateway of a route that next hops may resolve through?  Looks at all. */
bool rib_igp_has_gateway(const struct rib *rib, const struct addr *gateway);

/* ---- reading ---- */
uint32_t rib_dest_count(const struct rib *rib, enum family family); /* with a best */
uint32_t rib_path_count(const struct rib *rib, enum family family);
size_t rib_bytes(const struct rib *rib);
struct dest *rib_find(const struct rib *rib, const struct prefix *prefix);
struct dest *rib_longest_match(const struct rib *rib, const struct addr *addr);
/* Destinations by number, 1..rib_dest_top(); NULL where a number is not in use. */
uint32_t rib_dest_top(const struct rib *rib, enum family family);
struct dest *rib_dest_at(const struct rib *rib, enum family family, uint32_t id);
struct prefix dest_prefix(const struct dest *dest, enum family family);

static inline struct path *
dest_best(const struct dest *dest)
{
	return dest->flags & DEST_HAS_BEST ? dest->paths : NULL;
}

/*
 * The paths that carry the traffic to a destination: the best one first, then those
 * that tie with it down to the IGP cost, with the same AS_PATH length and neighbouring
 * AS, and a next hop of their own.  `paths` has room for RIB_MULTIPATH_MAX; returns how
 * many.
 */
unsigned rib_multipath(
    const struct rib *rib, const struct dest *dest, const struct path **paths);

bool
rib_path_is_stale(const struct rib *rib, const struct path *path, enum family family);
/* Valid and its next hop reachable: takes part in the decision. */
bool rib_path_is_usable(const struct path *path);

/*
 * Brings the `max` most preferred of `n` usable paths of one destination to the front,
 * the best first; returns how many those are.
 */
unsigned
rib_rank(const struct rib *rib, const struct path **paths, unsigned n, unsigned max);
/* Drops a reference that somebody but a path held. */
void rib_attrs_unref(struct rib *rib, struct attrs *attrs);

/* Why `path` loses against `best`, as text for `show`; "" when it does not. */
const char *rib_lose_reason(
    const struct rib *rib, const struct path *path, const struct path *best);

/* ---- the change list ---- */
/*
 * Versions count changes of a family's best paths, from 1, or of any of its paths
 * (rib_list_all_paths()).  A destination is on the list once, at its last change.  The
 * consumer (out) reads stretches and trims.
 */
/* Somebody is sent more than the best path: changes of the others are listed, too. */
void rib_list_all_paths(struct rib *rib, enum family family, bool on);
uint64_t rib_version(const struct rib *rib, enum family family);
/* Index of the first entry with a version above `after`; see rib_change_at(). */
uint32_t rib_change_first(const struct rib *rib, enum family family, uint64_t after);
uint32_t rib_change_end(const struct rib *rib, enum family family);
/* NULL for a hole.  *version is always set. */
struct dest *rib_change_at(
    const struct rib *rib, enum family family, uint32_t index, uint64_t *version);
/* The version of a destination's entry, 0 when it has none. */
uint64_t
rib_dest_version(const struct rib *rib, enum family family, const struct dest *dest);
/* Forget entries up to and with `version`; destinations without paths are freed. */
void rib_trim(struct rib *rib, enum family family, uint64_t version);
/* Entries on the list without a path: tombstones. */
uint32_t rib_tombstones(const struct rib *rib, enum family family);

/* ---- the FIB's queue ---- */
void rib_fib_enable(struct rib *rib, bool on);
/* The next destination whose forwarding may have changed; NULL: none.  It may be freed
 * by the next call of this or any other function: read it at once. */
struct dest *rib_fib_next(struct rib *rib, enum family family);
/* A hint for prefetching: the destination that is `n` places further on; NULL: none. */
const struct dest *rib_fib_ahead(const struct rib *rib, enum family family, uint32_t n);
bool rib_fib_pending(const struct rib *rib);
/* Queue all again (the FIB lost its memory). */
void rib_fib_requeue(struct rib *rib);

#endif
