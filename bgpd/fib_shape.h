/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a route is beside its prefix (type, preferred source, hops), kept once for all
 * routes that share it: a million routes have some thousand shapes.  For fib.c alone.
 */
#ifndef BGPD_FIB_SHAPE_H
#define BGPD_FIB_SHAPE_H

#include "rtmsg.h"

struct fib_shape {
	struct fib_shape *next;
	uint32_t refs;
	uint32_t hash;
	bool waits;            /* a hop lacks its device: it cannot be written */
	struct rtmsg_shape is; /* its hops are those below, in order */
	struct fib_hop hops[];
};

struct fib_shapes {
	struct fib_shape **buckets;
	uint32_t n_buckets; /* a power of two */
	uint32_t n;
};

void fib_shapes_init(struct fib_shapes *shapes);
void fib_shapes_destroy(struct fib_shapes *shapes);
/* With one reference more. */
struct fib_shape *
fib_shape_get(struct fib_shapes *shapes, const struct rtmsg_shape *from);
struct fib_shape *fib_shape_of(struct fib_shapes *shapes, const struct kroute *route);
struct fib_shape *fib_shape_ref(struct fib_shape *shape);
/* NULL is fine. */
void fib_shape_unref(struct fib_shapes *shapes, struct fib_shape *shape);
/* Is `have`, in the kernel, what `want` asks for?  A link not asked for may be any. */
bool fib_shape_fits(const struct fib_shape *want, const struct fib_shape *have);
/* The same but for the preferred source: packets go the same way. */
bool fib_shape_leads_alike(const struct fib_shape *want, const struct fib_shape *have);

#endif
