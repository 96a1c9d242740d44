/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of lib/rib share, and nobody else sees.
 */
#ifndef RIB_INTERNAL_H
#define RIB_INTERNAL_H

#include "bgp/memory.h"
#include "bgp/rib.h"

/* An entry of the change list: a destination's last change. */
struct change {
	uint32_t dest;    /* 0: a hole, the destination changed again */
	uint32_t version; /* low half */
};

struct change_list {
	struct change *entries;
	uint32_t head; /* first entry that is not trimmed */
	uint32_t n;    /* end */
	uint32_t room;
	uint32_t holes;
	uint32_t tombstones;
	uint64_t version; /* of the last entry */
};

/* One family's destinations: numbered objects and an open-addressed index. */
struct table {
	enum family family;
	bool lists_all; /* every change of a path, not only of the best */
	struct pool dests;
	uint32_t *slots;       /* destination numbers and bits of hashes; 0 is empty */
	uint32_t mask;         /* slots - 1; 0 before the first */
	uint32_t id_mask;      /* of a slot: the number; the rest is of the hash */
	uint32_t by_bits[129]; /* destinations of each length, for the longest match */
	uint32_t with_best;
	uint32_t n_paths;
	struct change_list changes;
	uint32_t *fib_queue; /* ring */
	uint32_t fib_head, fib_n, fib_room;
	uint32_t fib_drawn; /* handed out last; freed by the next call when empty */
};

struct igp_table {
	struct igp_route *slots; /* open-addressed; family FAMILY_NONE is empty */
	uint32_t n, mask;
	uint32_t by_bits[FAMILY_COUNT][129];
};

/* A link-local address of ours. */
struct own_address {
	uint32_t link;
	struct addr addr;
};

/* See walk.c. */
struct walk {
	bool active;
	bool wanted;
	enum family family;
	uint32_t next;
};

struct rib {
	struct attr_table *attrs;
	struct table tables[FAMILY_COUNT];
	struct pool paths;
	struct rib_peer *peers;
	uint32_t n_peers, peers_room;
	bool fib_on;
	unsigned multipath;

	struct nexthop **nexthops; /* hash */
	uint32_t nexthop_mask, n_nexthops;
	struct nexthop *nexthop_first;
	uint32_t n_on_links; /* next hops with a link */
	struct igp_table igp;
	struct addr *own; /* but for link-local ones: */
	uint32_t n_own;
	struct own_address *own_on_links; /* in the order of links */
	uint32_t n_own_on_links, own_on_links_room;
	uint32_t *links; /* usable ones, in order */
	uint32_t n_links, links_room;
	bool resolve, via_default;
	bool igp_changed;
	struct walk walk;
};

/* table.c */
void table_init(struct table *t, enum family family);
void table_destroy(struct table *t);
struct dest *table_find(const struct table *t, const struct prefix *prefix);
struct dest *table_add(struct table *t, const struct prefix *prefix);
void table_free_dest(struct table *t, struct dest *dest);

static inline struct dest *
table_at(const struct table *t, uint32_t id)
{
	return pool_at(&t->dests, id);
}

/* changes.c */
void changes_destroy(struct change_list *list);
void changes_append(struct table *t, struct dest *dest);
/* The destination has no path left, or has one again, while it is on the list. */
void changes_note_tombstone(struct table *t, bool now);

/* rib.c */
/* Frees a destination that nothing refers to. */
void dest_release(struct table *t, struct dest *dest);
/* Chooses the best path again; tells the change list and the FIB when it differs, or
 * the FIB alone with `forwarding` set.  `removed_best`: the old best was unlinked. */
void dest_decide(
    struct rib *rib, struct table *t, struct dest *dest, bool content, bool forwarding);
void
dest_remove_path(struct rib *rib, struct table *t, struct dest *dest, struct path **at);
/* Takes a reference of `attrs`. */
void dest_replace_path(struct rib *rib, struct table *t, struct dest *dest,
    struct path *path, struct attrs *attrs, uint8_t flags, uint32_t now_s);

/* decision.c */
/* Moves the best usable path to the front; NULL when there is none. */
struct path *decision_select(const struct rib *rib, struct dest *dest);
/* The best path is known; is this one, just added, better?  *sure is false where only
 * decision_select() can tell. */
bool decision_wins(
    const struct rib *rib, struct dest *dest, const struct path *path, bool *sure);

/* fib_queue.c */
void fib_enqueue(struct rib *rib, struct table *t, struct dest *dest);

/* nexthop.c */
struct nexthop *nexthop_get(struct rib *rib, const struct attrs *attrs);
void nexthop_drop(struct rib *rib, struct nexthop *nh);
void nexthop_destroy_all(struct rib *rib);
void nexthop_judge_all(struct rib *rib);

/* link.c */
bool link_is_usable(const struct rib *rib, uint32_t ifindex);
bool link_has_own(const struct rib *rib, uint32_t link, const struct addr *addr);
/* False: nothing changed. */
bool
link_set_own(struct rib *rib, uint32_t link, const struct addr *addr, bool present);

/* igp.c */
void igp_destroy(struct igp_table *igp);
bool igp_set(struct igp_table *igp, const struct igp_route *route);
bool igp_clear(struct igp_table *igp, const struct prefix *prefix);
/* Is it on a subnet of ours, whatever longer routes say? */
bool igp_is_connected(const struct igp_table *igp, const struct addr *addr);
const struct igp_route *
igp_longest(const struct igp_table *igp, const struct addr *addr, bool with_default);
bool igp_has_gateway(
    const struct igp_table *igp, const struct addr *gateway, bool with_default);

/* stale.c, for the walk */
void stale_walk_begin(struct rib_peer *peer);
void stale_walk_end(struct rib_peer *peer);
/* Removes or lowers one path of the destination that is due, which may go with it.
 * False: none is. */
bool stale_visit(struct rib *rib, struct table *t, struct dest *dest);

/* walk.c */
enum { DIRTY_CLEAN = 0, DIRTY_WANTED = 1, DIRTY_ACTIVE = 2 };
void walk_want(struct rib *rib);

#endif
