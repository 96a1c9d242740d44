/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Shapes in a chained hash table.  Hops are sorted, since the kernel tells those of an
 * IPv6 route in any order.
 */
#include "fib_shape.h"

#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "bgp/memory.h"

enum { SHAPE_BUCKETS_FIRST = 64 };

void
fib_shapes_init(struct fib_shapes *shapes,
    void (*released)(void *arg, struct fib_shape *shape), void *arg)
{
	*shapes = (struct fib_shapes){
		.n_buckets = SHAPE_BUCKETS_FIRST, .released = released, .arg = arg
	};
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

bool
fib_hop_is_same(const struct fib_hop *a, const struct fib_hop *b)
{
	return hop_compare(a, b) == 0 && a->onlink == b->onlink;
}

bool
fib_hop_has_next_hop(const struct fib_hop *hop)
{
	static const uint8_t zero[16];

	return hop->next_hop.family == FAMILY_IPV6 ||
	       (hop->next_hop.family == FAMILY_IPV4 &&
		   memcmp(hop->next_hop.bytes, zero, sizeof(zero)) != 0);
}

static bool
hop_equal(const struct fib_hop *a, const struct fib_hop *b)
{
	return fib_hop_is_same(a, b) && a->weight == b->weight;
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

uint32_t
fib_hash_mix(uint32_t hash, uint32_t value)
{
	return ((hash << 5 | hash >> 27) ^ value) * UINT32_C(0x9e3779b1);
}

static uint32_t
hash_of(const struct rtmsg_shape *shape, uint8_t wanted)
{
	uint32_t hash = fib_hash_mix(shape->type, shape->n_hops);

	hash = fib_hash_mix(hash, wanted);
	hash = fib_hash_mix(hash, shape->nexthop);
	if (shape->source.family != FAMILY_NONE)
		hash = fib_hash_mix(hash, addr_hash(&shape->source));
	for (unsigned i = 0; i < shape->n_hops; i++) {
		const struct fib_hop *hop = &shape->hops[i];

		if (hop->gateway.family != FAMILY_NONE)
			hash = fib_hash_mix(hash, addr_hash(&hop->gateway));
		if (hop->next_hop.family != FAMILY_NONE)
			hash = fib_hash_mix(hash, addr_hash(&hop->next_hop));
		hash = fib_hash_mix(hash, hop->ifindex);
		hash = fib_hash_mix(hash, (uint32_t)hop->weight << 1 | hop->onlink);
	}
	return hash ^ hash >> 16;
}

static bool
shape_equal(const struct rtmsg_shape *a, const struct rtmsg_shape *b)
{
	if (a->type != b->type || a->n_hops != b->n_hops || a->nexthop != b->nexthop ||
	    !addr_equal(&a->source, &b->source))
		return false;
	for (unsigned i = 0; i < a->n_hops; i++)
		if (!hop_equal(&a->hops[i], &b->hops[i]) ||
		    !addr_equal(&a->hops[i].next_hop, &b->hops[i].next_hop))
			return false;
	return true;
}

static bool
is_wanted_unicast(const struct fib_shape *shape)
{
	return shape->wanted != FAMILY_NONE && shape->is.type == RTN_UNICAST;
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
insert(struct fib_shapes *shapes, const struct rtmsg_shape *from, uint8_t wanted,
    uint32_t hash)
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
	shape->wanted = wanted;
	shape->is = *from;
	memcpy(shape->hops, from->hops, len);
	shape->is.hops = shape->hops;
	shape->next = *to;
	*to = shape;
	shapes->n++;
	shapes->n_unicast += is_wanted_unicast(shape);
	return shape;
}

static struct fib_shape *
get(struct fib_shapes *shapes, const struct rtmsg_shape *from, uint8_t wanted)
{
	struct fib_hop hops[KROUTE_HOPS_MAX];
	struct rtmsg_shape sorted = *from;
	struct fib_shape *shape;
	uint32_t hash;

	if (from->nexthop != 0)
		sorted.n_hops = 0; /* the object has them */
	for (unsigned i = 0; i < sorted.n_hops; i++) {
		hops[i] = from->hops[i];
		if (hops[i].weight == 0 || from->n_hops == 1)
			hops[i].weight = 1; /* a single hop has no weight */
		if (wanted == FAMILY_NONE || !fib_hop_has_next_hop(&hops[i]))
			hops[i].next_hop = addr_none();
	}
	sort_hops(hops, sorted.n_hops);
	sorted.hops = hops;
	hash = hash_of(&sorted, wanted);
	shape = shapes->buckets[hash & (shapes->n_buckets - 1)];
	while (shape != NULL && (shape->hash != hash || shape->wanted != wanted ||
				    !shape_equal(&shape->is, &sorted)))
		shape = shape->next;
	return shape != NULL ? fib_shape_ref(shape)
			     : insert(shapes, &sorted, wanted, hash);
}

struct fib_shape *
fib_shape_want(
    struct fib_shapes *shapes, enum family family, const struct rtmsg_shape *from)
{
	return get(shapes, from, (uint8_t)family);
}

struct fib_shape *
fib_shape_have(struct fib_shapes *shapes, const struct rtmsg_shape *from)
{
	return get(shapes, from, FAMILY_NONE);
}

struct fib_shape *
fib_shape_of(struct fib_shapes *shapes, const struct kroute *route)
{
	const struct rtmsg_shape from = {
		.type = route->type,
		.source = route->source,
		.nexthop = route->nexthop,
		.n_hops = route->n_hops,
		.hops = route->hops,
	};

	return fib_shape_have(shapes, &from);
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
	if (shape->nexthop != NULL)
		shapes->released(shapes->arg, shape);
	at = &shapes->buckets[shape->hash & (shapes->n_buckets - 1)];
	while (*at != shape)
		at = &(*at)->next;
	*at = shape->next;
	shapes->n--;
	shapes->n_unicast -= is_wanted_unicast(shape);
	free(shape);
}

bool
fib_shape_fits(const struct fib_shape *want, const struct fib_shape *have)
{
	return addr_equal(&want->is.source, &have->is.source) &&
	       fib_shape_leads_alike(want, have);
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
