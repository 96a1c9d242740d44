/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Collects, sorts and merges.  The kernel takes the longest prefix that an address lies
 * in, so two keys that are one bit apart may become one that is a bit shorter, as long
 * as no range would then be the longer one.
 */
#include "keyring.h"

#include <stdlib.h>

#include "bgp/memory.h"

static int
key_sort(const void *a, const void *b)
{
	const struct keyring_key *x = a;
	const struct keyring_key *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

static void
ring_sort(struct keyring *ring)
{
	if (ring->n > 1)
		qsort(ring->list, ring->n, sizeof(*ring->list), key_sort);
}

void
keyring_add(struct keyring *ring, const struct prefix *prefix, uint32_t secret)
{
	size_t n = ring->n;

	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0)) /* room doubles */
		ring->list =
		    mem_resize(ring->list, n < 16 ? 16 : n * 2, sizeof(*ring->list));
	ring->list[ring->n++] = (struct keyring_key){ *prefix, secret };
}

static bool
ring_has(const struct keyring *ring, const struct prefix *prefix)
{
	struct keyring_key key = { *prefix, 0 };

	return ring->n > 0 && bsearch(&key, ring->list, ring->n, sizeof(*ring->list),
				  key_sort) != NULL;
}

static bool
range_lies_in(const struct keyring *ranges, const struct prefix *prefix)
{
	for (size_t i = 0; i < ranges->n; i++) {
		if (prefix_covers(prefix, &ranges->list[i].prefix))
			return true;
	}
	return false;
}

/* The prefix that holds these two and nothing else. */
static bool
parent_of(const struct keyring_key *a, const struct keyring_key *b, struct prefix *out)
{
	struct addr low = prefix_addr(&a->prefix);
	struct addr high = prefix_addr(&b->prefix);
	struct prefix other;

	if (a->secret != b->secret || a->prefix.family != b->prefix.family ||
	    a->prefix.bits != b->prefix.bits || a->prefix.bits == 0)
		return false;
	*out = prefix_of(&low, a->prefix.bits - 1u);
	other = prefix_of(&high, b->prefix.bits - 1u);
	return prefix_equal(out, &other);
}

/* They are sorted: what can be merged is always on top of what is done. */
static void
ring_merge(struct keyring *ring, const struct keyring *ranges)
{
	struct prefix parent;
	size_t done = 0;

	for (size_t i = 0; i < ring->n; i++) {
		ring->list[done++] = ring->list[i];
		while (
		    done > 1 &&
		    parent_of(&ring->list[done - 2], &ring->list[done - 1], &parent) &&
		    !range_lies_in(ranges, &parent))
			ring->list[--done - 1].prefix = parent;
	}
	ring->n = done;
}

/* Two peers with one link-local address, on two links, have one key: the configuration
 * is refused where theirs differ. */
static void
ring_unite(struct keyring *ring)
{
	size_t done = 0;

	for (size_t i = 0; i < ring->n; i++)
		if (done == 0 ||
		    !prefix_equal(&ring->list[done - 1].prefix, &ring->list[i].prefix))
			ring->list[done++] = ring->list[i];
	ring->n = done;
}

static struct keyring
hosts_of(const struct conf *conf, const struct keyring *learned)
{
	struct keyring ring = { NULL, 0 };

	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct conf_peer *peer = &conf->peers[i];
		enum family family = (enum family)peer->address.family;
		struct prefix prefix;

		if (peer->options.password == 0 || family == FAMILY_NONE)
			continue;
		prefix = prefix_of(&peer->address, family_max_bits(family));
		keyring_add(&ring, &prefix, peer->options.password);
	}
	for (size_t i = 0; learned != NULL && i < learned->n; i++)
		keyring_add(&ring, &learned->list[i].prefix, learned->list[i].secret);
	ring_sort(&ring);
	ring_unite(&ring);
	return ring;
}

static struct keyring
ranges_of(const struct conf *conf)
{
	struct keyring ring = { NULL, 0 };

	for (size_t g = 0; g < conf->n_groups; g++) {
		const struct conf_group *group = &conf->groups[g];

		for (size_t i = 0; group->options.password != 0 && i < group->n_ranges;
		     i++)
			keyring_add(&ring, &group->ranges[i], group->options.password);
	}
	return ring;
}

struct keyring
keyring_of(const struct conf *conf, const struct keyring *learned)
{
	struct keyring ring = hosts_of(conf, learned);
	struct keyring ranges = ranges_of(conf);
	struct keyring added = { NULL, 0 };

	if (ring.n > KEYRING_MERGE_FROM)
		ring_merge(&ring, &ranges);
	/* A range of one address yields to the peer that has it. */
	for (size_t i = 0; i < ranges.n; i++) {
		if (!ring_has(&ring, &ranges.list[i].prefix))
			keyring_add(
			    &added, &ranges.list[i].prefix, ranges.list[i].secret);
	}
	for (size_t i = 0; i < added.n; i++)
		keyring_add(&ring, &added.list[i].prefix, added.list[i].secret);
	ring_sort(&ring);
	keyring_free(&added);
	keyring_free(&ranges);
	return ring;
}

void
keyring_free(struct keyring *ring)
{
	free(ring->list);
	ring->list = NULL;
	ring->n = 0;
}
