/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One family's destinations: objects numbered by a pool, found through an
 * open-addressed index of their numbers (linear probing, no tombstones: removal shifts
 * back).  An IPv4 destination takes 32 octets and about 6 of index.
 *
 * The bits of a slot that no number needs hold a part of the prefix's hash: so a
 * look-up reads no destination but the one it is after, and each is a cache miss.
 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "rib_internal.h"

static_assert(
    offsetof(struct dest, bytes) + 4 <= 32, "an IPv4 destination is 32 octets");

void
table_init(struct table *t, enum family family)
{
	size_t size = offsetof(struct dest, bytes) + family_addr_len(family);

	*t = (struct table){ .family = family };
	pool_init(&t->dests, (uint32_t)((size + 7) / 8 * 8));
}

void
table_destroy(struct table *t)
{
	pool_destroy(&t->dests);
	changes_destroy(&t->changes);
	free(t->slots);
	free(t->fib_queue);
}

struct prefix
dest_prefix(const struct dest *dest, enum family family)
{
	struct prefix p = { .family = (uint8_t)family, .bits = dest->bits };

	memcpy(p.bytes, dest->bytes, family_addr_len(family));
	return p;
}

static uint32_t
dest_hash(const struct table *t, const struct dest *dest)
{
	struct prefix p = dest_prefix(dest, t->family);

	return prefix_hash(&p);
}

static uint32_t
slot_id(const struct table *t, uint32_t slot)
{
	return slot & t->id_mask;
}

static uint32_t
slot_of(const struct table *t, uint32_t id, uint32_t hash)
{
	return (hash & ~t->id_mask) | id;
}

static bool
dest_is(const struct table *t, const struct dest *dest, const struct prefix *prefix)
{
	return dest->bits == prefix->bits &&
	       memcmp(dest->bytes, prefix->bytes, family_addr_len(t->family)) == 0;
}

struct dest *
table_find(const struct table *t, const struct prefix *prefix)
{
	uint32_t hash, i;

	if (t->slots == NULL)
		return NULL;
	hash = prefix_hash(prefix);
	for (i = hash & t->mask; t->slots[i] != 0; i = (i + 1) & t->mask) {
		struct dest *dest;

		if (((t->slots[i] ^ hash) & ~t->id_mask) != 0)
			continue;
		dest = table_at(t, slot_id(t, t->slots[i]));
		if (dest_is(t, dest, prefix))
			return dest;
	}
	return NULL;
}

static void
table_index(struct table *t, uint32_t id, uint32_t hash)
{
	uint32_t i = hash & t->mask;

	while (t->slots[i] != 0)
		i = (i + 1) & t->mask;
	t->slots[i] = slot_of(t, id, hash);
}

/* A mask for the numbers that there can be before the next rehash. */
static uint32_t
numbers_mask(const struct table *t, uint32_t n_slots)
{
	uint32_t most = n_slots / 4 * 3 + 1, mask = 1;

	if (t->dests.top > most)
		most = t->dests.top;
	while (mask < most)
		mask = mask << 1 | 1;
	return mask;
}

static void
table_rehash(struct table *t, uint32_t n_slots)
{
	uint32_t *old = t->slots, old_id_mask = t->id_mask;
	uint32_t n_old = old == NULL ? 0 : t->mask + 1;

	t->slots = mem_zero(n_slots, sizeof(*t->slots));
	t->mask = n_slots - 1;
	t->id_mask = numbers_mask(t, n_slots);
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i] != 0) {
			uint32_t id = old[i] & old_id_mask;

			table_index(t, id, dest_hash(t, table_at(t, id)));
		}
	free(old);
}

struct dest *
table_add(struct table *t, const struct prefix *prefix)
{
	struct dest *dest;
	uint32_t id;

	/* At most three quarters full. */
	if (t->slots == NULL)
		table_rehash(t, 64);
	else if (t->dests.used >= (t->mask + 1) / 4 * 3)
		table_rehash(t, (t->mask + 1) * 2);
	dest = pool_alloc(&t->dests, &id);
	dest->id = id;
	dest->bits = prefix->bits;
	memcpy(dest->bytes, prefix->bytes, family_addr_len(t->family));
	t->by_bits[dest->bits]++;
	table_index(t, id, prefix_hash(prefix));
	return dest;
}

void
table_free_dest(struct table *t, struct dest *dest)
{
	uint32_t hole, i;

	assert(dest->paths == NULL && dest->change == 0);
	for (hole = dest_hash(t, dest) & t->mask;
	     slot_id(t, t->slots[hole]) != dest->id; hole = (hole + 1) & t->mask)
		assert(t->slots[hole] != 0);
	/* Shift back what probing had pushed past the hole. */
	for (i = (hole + 1) & t->mask; t->slots[i] != 0; i = (i + 1) & t->mask) {
		uint32_t id = slot_id(t, t->slots[i]);
		uint32_t home = dest_hash(t, table_at(t, id)) & t->mask;

		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = 0;
	t->by_bits[dest->bits]--;
	pool_free(&t->dests, dest, dest->id);
	if (t->mask >= 1024 && t->dests.used < (t->mask + 1) / 8)
		table_rehash(t, (t->mask + 1) / 2);
}

struct dest *
rib_find(const struct rib *rib, const struct prefix *prefix)
{
	return table_find(&rib->tables[prefix->family], prefix);
}

struct dest *
rib_longest_match(const struct rib *rib, const struct addr *addr)
{
	const struct table *t;

	if (addr->family >= FAMILY_COUNT)
		return NULL;
	t = &rib->tables[addr->family];
	for (int bits = (int)family_max_bits(t->family); bits >= 0; bits--) {
		struct prefix prefix;
		struct dest *dest;

		if (t->by_bits[bits] == 0)
			continue;
		prefix = prefix_of(addr, (unsigned)bits);
		dest = table_find(t, &prefix);
		if (dest != NULL && dest_best(dest) != NULL)
			return dest;
	}
	return NULL;
}

uint32_t
rib_dest_top(const struct rib *rib, enum family family)
{
	return rib->tables[family].dests.top;
}

struct dest *
rib_dest_at(const struct rib *rib, enum family family, uint32_t id)
{
	const struct table *t = &rib->tables[family];
	struct dest *dest;

	if (id == 0 || id > t->dests.top)
		return NULL;
	dest = table_at(t, id);
	/* A freed object has the complement of its number there: pool.c. */
	return dest->id == id ? dest : NULL;
}
