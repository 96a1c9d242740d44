/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a route is beside its prefix (type, preferred source, hops or nexthop object),
 * kept once for all routes that share it: a million routes have some thousand shapes.
 * For the FIB alone.
 *
 * A shape is either one that is wanted, which has hops with the BGP next hops they came
 * from, or one that the kernel has, which refers to an object or has bare hops.
 */
#ifndef BGPD_FIB_SHAPE_H
#define BGPD_FIB_SHAPE_H

#include "rtmsg.h"

struct fib_nexthop;

struct fib_shape {
	struct fib_shape *next;
	uint32_t refs;
	uint32_t hash;
	bool waits;     /* a hop lacks its device: it cannot be written */
	uint8_t wanted; /* enum family of its routes; FAMILY_NONE: the kernel has it */
	/* What it refers to, or may refer to, of ours: fib_nexthop.c's. */
	struct fib_nexthop *nexthop;
	struct rtmsg_shape is; /* its hops are those below, in order */
	struct fib_hop hops[];
};

struct fib_shapes {
	struct fib_shape **buckets;
	uint32_t n_buckets; /* a power of two */
	uint32_t n;
	uint32_t n_unicast; /* wanted ones of that type */
	/* Called for a shape with a nexthop that is about to be freed. */
	void (*released)(void *arg, struct fib_shape *shape);
	void *arg;
};

void fib_shapes_init(struct fib_shapes *shapes,
    void (*released)(void *arg, struct fib_shape *shape), void *arg);
void fib_shapes_destroy(struct fib_shapes *shapes);
/* With one reference more: one wanted, of routes of that family ... */
struct fib_shape *fib_shape_want(
    struct fib_shapes *shapes, enum family family, const struct rtmsg_shape *from);
/* ... one that the kernel has. */
struct fib_shape *
fib_shape_have(struct fib_shapes *shapes, const struct rtmsg_shape *from);
struct fib_shape *fib_shape_of(struct fib_shapes *shapes, const struct kroute *route);
struct fib_shape *fib_shape_ref(struct fib_shape *shape);
/* NULL is fine. */
void fib_shape_unref(struct fib_shapes *shapes, struct fib_shape *shape);
/*
 * Is `have`, in the kernel and without an object, what `want` asks for?  A link not
 * asked for may be any.
 */
bool fib_shape_fits(const struct fib_shape *want, const struct fib_shape *have);
/* The same but for the preferred source: packets go the same way. */
bool fib_shape_leads_alike(const struct fib_shape *want, const struct fib_shape *have);
/* The same way to go, whatever its weight and wherever it came from. */
bool fib_hop_is_same(const struct fib_hop *a, const struct fib_hop *b);
/* The BGP next hop is known. */
bool fib_hop_has_next_hop(const struct fib_hop *hop);
uint32_t fib_hash_mix(uint32_t hash, uint32_t value);

#endif
