/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of interned attribute sets: one malloc a set, found by a hash over next hop
 * and canonical block.  Callers are the speaker's receive path and whoever edits a set;
 * what canonical means is canonical.c's, what a set says is summary.c's.
 *
 * The hash is linear hashing: buckets are split one at a time as sets are added, so
 * that no single UPDATE pays for a table that doubles.
 *
 *     buckets   0 ... split-1 | split ... level-1 | level ... level+split-1
 *               already split | not yet           | the new halves
 */
#include "bgp/attrs.h"

#include <assert.h>
#include <stdlib.h>

#include "canonical.h"
#include "summary.h"

enum {
	FIRST_BUCKETS = 1024, /* a power of two, as every level */
	BLOCK_MAX_LEN = UINT16_MAX,
};

static_assert(offsetof(struct attrs, data) <= 64, "a set's header is one cache line");

/* What the last set was made from; `set` is NULL once it was freed. */
struct last_seen {
	struct attrs *set;
	size_t len;
	bool as4;
	uint8_t next_hop_len;
	uint8_t next_hop[NEXT_HOP_MAX_LEN];
	uint8_t keep[sizeof(((struct update *)0)->keep)];
	uint8_t block[BLOCK_MAX_LEN];
};

struct attr_table {
	struct attrs **buckets;
	size_t level; /* buckets when the round of splits began */
	size_t split; /* the next one to split, below level */
	size_t room;  /* buckets that fit the array */
	size_t count;
	size_t bytes;
	uint64_t seed;
	struct last_seen last;
	uint8_t scratch[NEXT_HOP_MAX_LEN + BLOCK_MAX_LEN]; /* as struct attrs data[] */
};

static inline uint64_t
mix(uint64_t h)
{
	h *= 0x9e3779b97f4a7c15u;
	h = h << 32 | h >> 32;
	return h * 0xd1342543de82ef95u;
}

static uint32_t
octets_hash(uint64_t seed, const uint8_t *at, size_t len)
{
	uint64_t h = seed + len;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = mix(h ^ word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, at, len);
		h = mix(h ^ word);
	}
	h = mix(h ^ h >> 32);
	return (uint32_t)(h >> 32);
}

static size_t
set_size(const struct attrs *a)
{
	size_t size = offsetof(struct attrs, data) + a->next_hop_len + a->block_len;

	return size < sizeof(*a) ? sizeof(*a) : size;
}

static struct attrs **
bucket_of(const struct attr_table *table, uint32_t hash)
{
	size_t i = hash & (table->level - 1);

	if (i < table->split)
		i = hash & (2 * table->level - 1);
	return &table->buckets[i];
}

struct attr_table *
attr_table_new(void)
{
	struct attr_table *table = malloc(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->buckets = calloc(FIRST_BUCKETS, sizeof(struct attrs *));
	if (table->buckets == NULL) {
		free(table);
		return NULL;
	}
	table->level = FIRST_BUCKETS;
	table->split = 0;
	table->room = FIRST_BUCKETS;
	table->count = 0;
	table->bytes = FIRST_BUCKETS * sizeof(struct attrs *);
	/* Where the loader put us is all the secret there is to keep a peer from
	 * choosing attributes that fall into one bucket. */
	table->seed = mix((uint64_t)(uintptr_t)table);
	table->last.set = NULL;
	return table;
}

void
attr_table_free(struct attr_table *table)
{
	if (table == NULL)
		return;
	assert(table->count == 0);
	free(table->buckets);
	free(table);
}

size_t
attr_table_count(const struct attr_table *table)
{
	return table->count;
}

size_t
attr_table_bytes(const struct attr_table *table)
{
	return table->bytes;
}

/* Makes room for one more bucket.  Without memory the chains grow instead. */
static bool
buckets_grow(struct attr_table *table)
{
	struct attrs **bigger;

	if (table->level + table->split < table->room)
		return true;
	bigger = realloc(table->buckets, 2 * table->room * sizeof(struct attrs *));
	if (bigger == NULL)
		return false;
	table->bytes += table->room * sizeof(struct attrs *);
	table->buckets = bigger;
	table->room *= 2;
	return true;
}

/* Shares the sets of one bucket out over it and a new one, `level` behind it. */
static void
bucket_split(struct attr_table *table)
{
	struct attrs **low, **high, *a, *next;

	if (!buckets_grow(table))
		return;
	low = &table->buckets[table->split];
	high = &table->buckets[table->split + table->level];
	a = *low;
	*low = NULL;
	*high = NULL;
	for (; a != NULL; a = next) {
		struct attrs **to = (a->hash & table->level) != 0 ? high : low;

		next = a->chain;
		a->chain = *to;
		*to = a;
	}
	if (++table->split == table->level) {
		table->level *= 2;
		table->split = 0;
	}
}

/* The set of the octets in table->scratch, new or shared, with one reference more. */
static struct attrs *
intern(struct attr_table *table, size_t next_hop_len, size_t block_len)
{
	size_t len = next_hop_len + block_len;
	uint32_t hash = octets_hash(table->seed, table->scratch, len);
	struct attrs **bucket = bucket_of(table, hash);
	struct attrs *a;

	for (a = *bucket; a != NULL; a = a->chain) {
		if (a->hash == hash && a->next_hop_len == next_hop_len &&
		    a->block_len == block_len &&
		    memcmp(a->data, table->scratch, len) == 0)
			return attrs_ref(a);
	}

	a = malloc(offsetof(struct attrs, data) + len < sizeof(*a)
		       ? sizeof(*a)
		       : offsetof(struct attrs, data) + len);
	if (a == NULL)
		return NULL;
	a->nexthop = NULL;
	a->hash = hash;
	a->refs = 1;
	a->next_hop_len = (uint8_t)next_hop_len;
	a->block_len = (uint16_t)block_len;
	memcpy(a->data, table->scratch, len);
	if (!attrs_summarise(a)) {
		free(a);
		return NULL;
	}
	a->chain = *bucket;
	*bucket = a;
	table->count++;
	table->bytes += set_size(a);
	if (table->count > table->level + table->split)
		bucket_split(table);
	return a;
}

static bool
last_matches(const struct last_seen *last, const struct update *update,
    struct slice next_hop, bool as4)
{
	/* keep[]: sessions differ in what they discard of one and the same block */
	return last->set != NULL && last->len == update->attributes.len &&
	       last->as4 == as4 && last->next_hop_len == next_hop.len &&
	       (next_hop.len == 0 ||
		   memcmp(last->next_hop, next_hop.at, next_hop.len) == 0) &&
	       memcmp(last->keep, update->keep, sizeof(last->keep)) == 0 &&
	       (last->len == 0 ||
		   memcmp(last->block, update->attributes.at, last->len) == 0);
}

static void
last_remember(
    struct last_seen *last, struct attrs *set, const struct update *update, bool as4)
{
	if (update->attributes.len > sizeof(last->block)) {
		last->set = NULL;
		return;
	}
	last->set = set;
	last->len = update->attributes.len;
	last->as4 = as4;
	last->next_hop_len = set->next_hop_len;
	memcpy(last->next_hop, set->data, set->next_hop_len);
	memcpy(last->keep, update->keep, sizeof(last->keep));
	if (last->len > 0)
		memcpy(last->block, update->attributes.at, last->len);
}

/* A cursor behind the next hop in the scratch buffer, for the block. */
static struct wcur
scratch_begin(struct attr_table *table, struct slice next_hop)
{
	if (next_hop.len > 0)
		memcpy(table->scratch, next_hop.at, next_hop.len);
	return wcur_of(table->scratch + next_hop.len, BLOCK_MAX_LEN);
}

struct attrs *
attrs_from_update(struct attr_table *table, const struct update *update,
    struct slice next_hop, bool as4)
{
	struct attrs *a;
	struct wcur out;

	if (last_matches(&table->last, update, next_hop, as4))
		return attrs_ref(table->last.set);
	if (next_hop.len > NEXT_HOP_MAX_LEN)
		return NULL;
	out = scratch_begin(table, next_hop);
	if (!canonical_put(&out, update, as4))
		return NULL;
	a = intern(table, next_hop.len, wcur_len(&out));
	if (a != NULL)
		last_remember(&table->last, a, update, as4);
	return a;
}

struct attrs *
attrs_from_block(struct attr_table *table, struct slice block, struct slice next_hop)
{
	struct wcur out;

	if (next_hop.len > NEXT_HOP_MAX_LEN)
		return NULL;
	out = scratch_begin(table, next_hop);
	wcur_bytes(&out, block.at, block.len);
	return out.failed ? NULL : intern(table, next_hop.len, block.len);
}

static bool
has_community(const struct attrs *a, uint32_t community)
{
	struct attribute communities;

	if (!attribute_find(attrs_block(a), ATTRIBUTE_COMMUNITIES, &communities))
		return false;
	for (size_t at = 0; at + 4 <= communities.value.len; at += 4)
		if (get_u32(communities.value.at + at) == community)
			return true;
	return false;
}

struct attrs *
attrs_with_community(struct attr_table *table, struct attrs *a, uint32_t community)
{
	struct wcur out;

	if (has_community(a, community))
		return attrs_ref(a);
	out = scratch_begin(table, attrs_next_hop(a));
	if (!canonical_add_community(&out, attrs_block(a), community))
		return NULL;
	return intern(table, a->next_hop_len, wcur_len(&out));
}

bool
attrs_unref(struct attr_table *table, struct attrs *a)
{
	struct attrs **at;

	assert(a->refs > 0);
	if (--a->refs > 0)
		return false;
	for (at = bucket_of(table, a->hash); *at != a; at = &(*at)->chain)
		assert(*at != NULL);
	*at = a->chain;
	if (table->last.set == a)
		table->last.set = NULL;
	table->count--;
	table->bytes -= set_size(a);
	free(a);
	return true;
}
