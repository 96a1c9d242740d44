/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Shapes in a chained hash table.  Hops are sorted, since the kernel tells those of an
 * IPv6 route in any order.
 */
#include "fib_shape.h"

#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"

enum { SHAPE_BUCKETS_FIRST = 64 };

void
fib_shapes_init(struct fib_shapes *shapes)
{
	*shapes = (struct fib_shapes){ .n_buckets = SHAPE_BUCKETS_FIRST };
	shapes->buckets = mem_zero(SHAPE_BUCKETS_FIRST, sizeof(struct fib_shape *));
}

void
fib_shapes_destroy(struct fib_shapes *shapes)
{
	for (uint32_t i = 0; i < shapes->n_buckets; i++)
		while (shapes->buckets[i] != NULL) {
			struct fib_shape *shape = shapes->buckets[i];

			shapes->buckets[i] = shape->next;
			free(shape);
		}
	free(shapes->buckets);
}

static int
hop_compare(const struct fib_hop *a, const struct fib_hop *b)
{
	int by_gateway = addr_compare(&a->gateway, &b->gateway);

	if (by_gateway != 0)
		return by_gateway;
	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

static bool
hop_equal(const struct fib_hop *a, const struct fib_hop *b)
{
	return hop_compare(a, b) == 0 && a->onlink == b->onlink &&
	       a->weight == b->weight;
}

static void
sort_hops(struct fib_hop *hops, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct fib_hop hop = hops[i];
		unsigned j = i;

		for (; j > 0 && hop_compare(&hop, &hops[j - 1]) < 0; j--)
			hops[j] = hops[j - 1];
		hops[j] = hop;
	}
}

static uint32_t
mix(uint32_t hash, uint32_t value)
{
	return ((hash << 5 | hash >> 27) ^ value) * UINT32_C(0x9e3779b1);
}

static uint32_t
hash_of(const struct rtmsg_shape *shape)
{
	uint32_t hash = mix(shape->type, shape->n_hops);

	if (shape->source.family != FAMILY_NONE)
		hash = mix(hash, addr_hash(&shape->source));
	for (unsigned i = 0; i < shape->n_hops; i++) {
		const struct fib_hop *hop = &shape->hops[i];

		if (hop->gateway.family != FAMILY_NONE)
			hash = mix(hash, addr_hash(&hop->gateway));
		hash = mix(hash, hop->ifindex);
		hash = mix(hash, (uint32_t)hop->weight << 1 | hop->onlink);
	}
	return hash ^ hash >> 16;
}

static bool
shape_equal(const struct rtmsg_shape *a, const struct rtmsg_shape *b)
{
	if (a->type != b->type || a->n_hops != b->n_hops ||
	    !addr_equal(&a->source, &b->source))
		return false;
	for (unsigned i = 0; i < a->n_hops; i++)
		if (!hop_equal(&a->hops[i], &b->hops[i]))
			return false;
	return true;
}

static void
grow(struct fib_shapes *shapes)
{
	struct fib_shape **old = shapes->buckets;
	uint32_t n = shapes->n_buckets;

	shapes->n_buckets = 2 * n;
	shapes->buckets = mem_zero(shapes->n_buckets, sizeof(struct fib_shape *));
	for (uint32_t i = 0; i < n; i++)
		while (old[i] != NULL) {
			struct fib_shape *shape = old[i];
			struct fib_shape **to =
			    &shapes->buckets[shape->hash & (shapes->n_buckets - 1)];

			old[i] = shape->next;
			shape->next = *to;
			*to = shape;
		}
	free(old);
}

static struct fib_shape *
insert(struct fib_shapes *shapes, const struct rtmsg_shape *from, uint32_t hash)
{
	size_t len = (size_t)from->n_hops * sizeof(struct fib_hop);
	struct fib_shape *shape = mem_zero(1, sizeof(*shape) + len);
	struct fib_shape **to;

	if (shapes->n >= shapes->n_buckets)
		grow(shapes);
	to = &shapes->buckets[hash & (shapes->n_buckets - 1)];
	shape->refs = 1;
	shape->hash = hash;
	for (unsigned i = 0; i < from->n_hops; i++)
		shape->waits |= from->hops[i].onlink && from->hops[i].ifindex == 0;
	shape->is = *from;
	memcpy(shape->hops, from->hops, len);
	shape->is.hops = shape->hops;
	shape->next = *to;
	*to = shape;
	shapes->n++;
	return shape;
}

struct fib_shape *
fib_shape_get(struct fib_shapes *shapes, const struct rtmsg_shape *from)
{
	struct fib_hop hops[KROUTE_HOPS_MAX];
	struct rtmsg_shape sorted = *from;
	struct fib_shape *shape;
	uint32_t hash;

	for (unsigned i = 0; i < from->n_hops; i++) {
		hops[i] = from->hops[i];
		if (hops[i].weight == 0 || from->n_hops == 1)
			hops[i].weight = 1; /* a single hop has no weight */
	}
	sort_hops(hops, from->n_hops);
	sorted.hops = hops;
	hash = hash_of(&sorted);
	shape = shapes->buckets[hash & (shapes->n_buckets - 1)];
	while (
	    shape != NULL && (shape->hash != hash || !shape_equal(&shape->is, &sorted)))
		shape = shape->next;
	return shape != NULL ? fib_shape_ref(shape) : insert(shapes, &sorted, hash);
}

struct fib_shape *
fib_shape_of(struct fib_shapes *shapes, const struct kroute *route)
{
	const struct rtmsg_shape from = {
		.type = route->type,
		.source = route->source,
		.n_hops = route->n_hops,
		.hops = route->hops,
	};

	return fib_shape_get(shapes, &from);
}

struct fib_shape *
fib_shape_ref(struct fib_shape *shape)
{
	shape->refs++;
	return shape;
}

void
fib_shape_unref(struct fib_shapes *shapes, struct fib_shape *shape)
{
	struct fib_shape **at;

	if (shape == NULL || --shape->refs > 0)
		return;
	at = &shapes->buckets[shape->hash & (shapes->n_buckets - 1)];
	while (*at != shape)
		at = &(*at)->next;
	*at = shape->next;
	shapes->n--;
	free(shape);
}

bool
fib_shape_fits(const struct fib_shape *want, const struct fib_shape *have)
{
	return want == have || (addr_equal(&want->is.source, &have->is.source) &&
				   fib_shape_leads_alike(want, have));
}

bool
fib_shape_leads_alike(const struct fib_shape *want, const struct fib_shape *have)
{
	if (want->is.type != have->is.type || want->is.n_hops != have->is.n_hops)
		return false;
	for (unsigned i = 0; i < want->is.n_hops; i++) {
		struct fib_hop hop = want->hops[i];

		if (hop.ifindex == 0)
			hop.ifindex = have->hops[i].ifindex;
		if (!hop_equal(&hop, &have->hops[i]))
			return false;
	}
	return true;
}
