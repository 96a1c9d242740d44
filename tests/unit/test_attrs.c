// links: bgp_attr
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interned attribute sets: summaries, identity and lifetime, and a naive list as a
 * model.  The canonical form itself is test_canonical.c's.
 */
#include "attr_blocks.h"

/* clang-format off */
static const struct {
	const char *what;
	struct octets block;
	uint32_t local_pref, med, neighbor_as, originator_id;
	unsigned path_len, cluster_len, flags, origin;
} summaries[] = {
	{ "nothing but the mandatory", OCTETS(ORIGIN, PATH_EMPTY),
	  100, 0, 0, 0, 0, 0, 0, ORIGIN_IGP },
	{ "INCOMPLETE", OCTETS(0x40, 1, 1, 2, PATH_EMPTY),
	  100, 0, 0, 0, 0, 0, 0, ORIGIN_INCOMPLETE },
	{ "two sequences",
	  OCTETS(ORIGIN, 0x40, 2, 16, 2, 2, WIDE(1), 0, 0, 0, 2, 2, 1, 0, 0, 0, 3),
	  100, 0, 65537, 0, 3, 0, 0, ORIGIN_IGP },
	/* RFC 4271 9.1.2.2 a */
	{ "a set counts one",
	  OCTETS(ORIGIN, 0x40, 2, 16, 2, 1, 0, 0, 0, 9, 1, 2, 0, 0, 0, 2, 0, 0, 0, 3),
	  100, 0, 9, 0, 2, 0, ATTRS_HAS_AS_SET, ORIGIN_IGP },
	/* RFC 4271 9.1.2.2 c: no neighbouring AS */
	{ "begins with a set: made in our AS",
	  OCTETS(ORIGIN, 0x40, 2, 12, 1, 1, 0, 0, 0, 9, 2, 1, 0, 0, 0, 3),
	  100, 0, 0, 0, 2, 0, ATTRS_HAS_AS_SET, ORIGIN_IGP },
	/* RFC 5065 5.3 */
	{ "confederation segments do not count",
	  OCTETS(ORIGIN, 0x40, 2, 18, 3, 1, 0, 0, 0xfc, 1, 4, 1, 0, 0, 0xfc, 2, 2, 1,
	         0, 0, 0, 3),
	  100, 0, 3, 0, 1, 0, ATTRS_HAS_AS_SET, ORIGIN_IGP },
	{ "confederation alone", OCTETS(ORIGIN, 0x40, 2, 6, 3, 1, 0, 0, 0xfc, 1),
	  100, 0, 0, 0, 0, 0, 0, ORIGIN_IGP },
	{ "MED 0 is one", OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 0),
	  100, 0, 0, 0, 0, 0, ATTRS_HAS_MED, ORIGIN_IGP },
	{ "MED and LOCAL_PREF",
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 1, 0, 0x40, 5, 4, 0xff, 0, 0, 1),
	  0xff000001, 256, 0, 0, 0, 0, ATTRS_HAS_MED | ATTRS_HAS_LOCAL_PREF,
	  ORIGIN_IGP },
	{ "reflected",
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 9, 4, 10, 0, 0, 1, 0x80, 10, 8, 1, 1, 1, 1,
	         2, 2, 2, 2),
	  100, 0, 0, 0x0a000001, 0, 2, ATTRS_HAS_ORIGINATOR, ORIGIN_IGP },
	/* RFC 1997, RFC 8326, RFC 9494 3.2, 3.3 */
	{ "well-known communities",
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 28, 0xff, 0xff, 0xff, 1,
	         0xff, 0xff, 0xff, 2, 0xff, 0xff, 0xff, 3, 0xff, 0xff, 0, 0,
	         0xff, 0xff, 0, 6, 0xff, 0xff, 0, 7, 0, 1, 0, 1),
	  100, 0, 0, 0, 0, 0,
	  ATTRS_NO_EXPORT | ATTRS_NO_ADVERTISE | ATTRS_NO_EXPORT_SUBCONFED |
	  ATTRS_GRACEFUL_SHUTDOWN | ATTRS_LLGR_STALE | ATTRS_NO_LLGR, ORIGIN_IGP },
	{ "NO_EXPORT alone",
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0xff, 1),
	  100, 0, 0, 0, 0, 0, ATTRS_NO_EXPORT, ORIGIN_IGP },
	{ "GRACEFUL_SHUTDOWN alone",
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0, 0),
	  100, 0, 0, 0, 0, 0, ATTRS_GRACEFUL_SHUTDOWN, ORIGIN_IGP },
	{ "neighbours of well-known ones",
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 16, 0xff, 0xff, 0xff, 0,
	         0xff, 0xff, 0xff, 4, 0xff, 0xff, 0, 1, 0xff, 0xff, 0, 8),
	  100, 0, 0, 0, 0, 0, 0, ORIGIN_IGP },
};
/* clang-format on */

START_TEST(summary_case)
{
	struct attrs *a =
	    attrs_from_block(table, slice_of(&summaries[_i].block), next_hop);

	ck_assert_msg(a != NULL, "%s", summaries[_i].what);
	ck_assert_ptr_null(a->nexthop);
	ck_assert_uint_eq(a->local_pref, summaries[_i].local_pref);
	ck_assert_uint_eq(a->med, summaries[_i].med);
	ck_assert_msg(a->neighbor_as == summaries[_i].neighbor_as, "%s: neighbour %u",
	    summaries[_i].what, a->neighbor_as);
	ck_assert_uint_eq(a->originator_id, summaries[_i].originator_id);
	ck_assert_msg(a->path_len == summaries[_i].path_len, "%s: length %u",
	    summaries[_i].what, a->path_len);
	ck_assert_uint_eq(a->cluster_len, summaries[_i].cluster_len);
	ck_assert_msg(a->flags == summaries[_i].flags, "%s: flags %#x",
	    summaries[_i].what, a->flags);
	ck_assert_uint_eq(a->origin, summaries[_i].origin);
	ck_assert(attrs_unref(table, a));
}
END_TEST

static struct attrs *
from(const struct octets *block, struct slice hop)
{
	struct update update = update_of(slice_of(block));

	return attrs_from_update(table, &update, hop, true);
}

START_TEST(order_does_not_matter)
{
	static const struct octets sorted =
	    OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 5, 0xc0, 8, 4, 1, 2, 3, 4);
	static const struct octets mixed =
	    OCTETS(0xc0, 8, 4, 1, 2, 3, 4, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 5, ORIGIN);
	static const struct octets other =
	    OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 6, 0xc0, 8, 4, 1, 2, 3, 4);
	struct attrs *a = from(&sorted, next_hop), *b = from(&mixed, next_hop);
	struct attrs *c = from(&other, next_hop);

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_uint_eq(attr_table_count(table), 2);
	ck_assert(!attrs_unref(table, a));
	/* A set outlives one of its users. */
	ck_assert_ptr_eq(from(&sorted, next_hop), b);
	ck_assert(!attrs_unref(table, b));
	ck_assert(attrs_unref(table, b));
	ck_assert(attrs_unref(table, c));
}
END_TEST

START_TEST(next_hop_is_part)
{
	static const struct octets block = OCTETS(ORIGIN, PATH_EMPTY);
	static const uint8_t octets[37] = { 0x20, 1, 0xd,
		0xb8, [15] = 1, [16] = 0xfe, [17] = 0x80, [31] = 1, [35] = 7 };
	static const struct {
		size_t len;
		const char *text;
	} hops[] = { { 0, "-" }, { 4, "32.1.13.184" }, { 16, "2001:db8::1" },
		{ 32, "2001:db8::1" }, { 36, "2001:db8::1" } };
	struct attrs *sets[COUNT(hops)];
	struct addr link_local;
	char text[ADDR_TEXT_LEN];

	for (int i = 0; i < COUNT(hops); i++) {
		struct addr addr;

		sets[i] = from(&block, (struct slice){ octets, hops[i].len });
		ck_assert_ptr_nonnull(sets[i]);
		ck_assert_uint_eq(sets[i]->next_hop_len, hops[i].len);
		addr = attrs_next_hop_addr(sets[i]);
		ck_assert_str_eq(addr_format(&addr, text), hops[i].text);
		for (int j = 0; j < i; j++)
			ck_assert_ptr_ne(sets[i], sets[j]);
	}
	/* RFC 2545 3: with the link that the link-local address is on */
	for (int i = 0; i < COUNT(hops) - 1; i++) {
		ck_assert_uint_eq(attrs_next_hop_link(sets[i], &link_local), 0);
		ck_assert_str_eq(addr_format(&link_local, text), "-");
	}
	ck_assert_uint_eq(attrs_next_hop_link(sets[COUNT(hops) - 1], &link_local), 7);
	ck_assert_str_eq(addr_format(&link_local, text), "fe80::1");
	ck_assert_ptr_null(from(&block, (struct slice){ octets, 37 }));
	for (int i = 0; i < COUNT(hops); i++)
		ck_assert(attrs_unref(table, sets[i]));
}
END_TEST

/* Equal octets from sessions that differ in what they make of them. */
START_TEST(last_seen_knows_the_session)
{
	static const struct octets block = OCTETS(
	    ORIGIN, 0x40, 2, 8, 2, 3, 0, 1, 0, 2, 0, 3, 0x40, 5, 4, 0, 0, 0, 200);
	static const struct octets both =
	    OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 1, 2, 0, 0x40, 5, 4, 0, 0, 0, 200);
	struct update update = update_of(slice_of(&block));
	struct attrs *internal, *external, *again, *wide, *narrow;

	internal = attrs_from_update(table, &update, next_hop, false);
	update.keep[0] &= (uint8_t) ~(1u << ATTRIBUTE_LOCAL_PREF);
	external = attrs_from_update(table, &update, next_hop, false);
	again = attrs_from_update(table, &update, next_hop, false);
	ck_assert_ptr_ne(internal, external);
	ck_assert_ptr_eq(external, again);
	ck_assert_uint_eq(internal->local_pref, 200);
	ck_assert_uint_eq(external->local_pref, 100);

	/* a path that is well formed with both widths */
	update = update_of(slice_of(&both));
	wide = attrs_from_update(table, &update, next_hop, true);
	narrow = attrs_from_update(table, &update, next_hop, false);
	ck_assert_ptr_ne(wide, narrow);
	ck_assert_uint_eq(wide->neighbor_as, 0x00010200);
	ck_assert_uint_eq(narrow->neighbor_as, 1);

	attrs_unref(table, internal);
	attrs_unref(table, external);
	attrs_unref(table, again);
	attrs_unref(table, wide);
	attrs_unref(table, narrow);
}
END_TEST

START_TEST(last_seen_dies_with_its_set)
{
	static const struct octets block = OCTETS(ORIGIN, PATH_EMPTY);
	size_t bytes = attr_table_bytes(table);
	struct attrs *a = from(&block, next_hop);

	ck_assert_uint_gt(attr_table_bytes(table), bytes);
	ck_assert(attrs_unref(table, a));
	ck_assert_uint_eq(attr_table_count(table), 0);
	ck_assert_uint_eq(attr_table_bytes(table), bytes);
	a = from(&block, next_hop);
	ck_assert_uint_eq(a->refs, 1);
	ck_assert_uint_eq(attr_table_count(table), 1);
	ck_assert(attrs_unref(table, a));
}
END_TEST

START_TEST(block_must_be_canonical)
{
	static const struct octets unsorted = OCTETS(PATH_EMPTY, ORIGIN);
	static const struct octets twice = OCTETS(ORIGIN, ORIGIN, PATH_EMPTY);
	static uint8_t huge[65536 + 8];
	struct slice block = { huge, 0 };
	struct attrs *a;

	ck_assert_ptr_null(attrs_from_block(table, slice_of(&unsorted), next_hop));
	ck_assert_ptr_null(attrs_from_block(table, slice_of(&twice), next_hop));

	/* one attribute that fills the block to its last octet, and one octet more */
	memcpy(huge, (uint8_t[]){ 0xf0, 99, 0xff, 0xfb }, 4);
	block.len = 65535;
	a = attrs_from_block(table, block, next_hop);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->block_len, 65535);
	ck_assert(attrs_unref(table, a));
	huge[3]++;
	block.len++;
	ck_assert_ptr_null(attrs_from_block(table, block, next_hop));

	a = attrs_from_block(
	    table, (struct slice){ NULL, 0 }, (struct slice){ NULL, 0 });
	ck_assert_ptr_nonnull(a);
	ck_assert(attrs_unref(table, a));
}
END_TEST

START_TEST(questions)
{
	static const struct octets block =
	    OCTETS(ORIGIN, 0x40, 2, 28, 2, 3, WIDE(1), 0, 0, 0, 7, WIDE(1), 1, 2, 0, 0,
		0, 7, 0, 0, 0, 8, 3, 0, 3, 0, 0x80, 10, 8, 1, 1, 1, 1, 2, 2, 2, 2);
	static const struct octets plain = OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 7);
	struct attrs *a, *b;

	a = attrs_from_block(table, slice_of(&block), next_hop);
	b = attrs_from_block(table, slice_of(&plain), next_hop);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert(attrs_has_as(a, 65537, 0));
	ck_assert(attrs_has_as(a, 65537, 1));
	ck_assert(!attrs_has_as(a, 65537, 2));
	ck_assert(attrs_has_as(a, 7, 1)); /* sequence and set together */
	ck_assert(attrs_has_as(a, 8, 0));
	ck_assert(!attrs_has_as(a, 1, 0));
	ck_assert(!attrs_has_as(b, 8, 0));
	ck_assert(attrs_has_cluster(a, 0x01010101));
	ck_assert(attrs_has_cluster(a, 0x02020202));
	ck_assert(!attrs_has_cluster(a, 0x01010202)); /* not across a border */
	ck_assert(!attrs_has_cluster(b, 0x01010101));
	attrs_unref(table, a);
	attrs_unref(table, b);
}
END_TEST

static uint32_t
random_below(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % n;
}

/*
 * A random block of a small universe, its attributes in random order, with repetitions
 * and with types that are not carried on.  Every attribute is well formed by itself.
 */
static size_t
random_block(uint32_t *seed, uint8_t *buf, size_t len)
{
	static const struct octets pieces[] = {
		OCTETS(0x40, 1, 1, 0),
		OCTETS(0x40, 1, 1, 2),
		OCTETS(0x40, 2, 6, 2, 1, 0, 0, 0, 7),
		OCTETS(0x50, 2, 0, 6, 2, 1, 0, 0, 0, 8),
		OCTETS(0x40, 3, 4, 1, 2, 3, 4),
		OCTETS(0x80, 4, 4, 0, 0, 0, 1),
		OCTETS(0x80, 4, 4, 0, 0, 0, 2),
		OCTETS(0x40, 5, 4, 0, 0, 0, 100),
		OCTETS(0x40, 6, 0),
		OCTETS(0xc0, 7, 8, 0, 0, 0, 7, 1, 1, 1, 1),
		OCTETS(0xc0, 8, 4, 0, 1, 0, 1),
		OCTETS(0xe0, 8, 4, 0, 1, 0, 1),
		OCTETS(0x80, 14, 3, 0, 2, 1),
		OCTETS(0xc0, 17, 6, 2, 1, 0, 0, 0, 9),
		OCTETS(0xc0, 32, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3),
		OCTETS(0xc0, 77, 1, 1),
		OCTETS(0xe0, 77, 1, 1),
		OCTETS(0x80, 78, 1, 1),
	};
	size_t used = 0;
	unsigned n = random_below(seed, 7);

	for (unsigned i = 0; i < n; i++) {
		const struct octets *piece = &pieces[random_below(seed, COUNT(pieces))];

		DEMAND(used + piece->len <= len);
		memcpy(buf + used, piece->at, piece->len);
		used += piece->len;
	}
	return used;
}

/* The canonical form the slow and obvious way, for well-formed 4-octet blocks. */
static size_t
naive_canonical(struct slice block, uint8_t *out)
{
	size_t used = 0;

	for (unsigned type = 1; type < 256; type++) {
		struct attribute a;
		bool known = type <= 10 || type == 16 || type == 32;

		if (type == 3 || type == 14 || type == 15 || type == 17 || type == 18 ||
		    !attribute_find(block, (uint8_t)type, &a))
			continue;
		if (!known && (a.flags & ATTRIBUTE_TRANSITIVE) == 0)
			continue;
		memcpy(out + used, a.whole.at, a.whole.len);
		if (!known)
			out[used] |= ATTRIBUTE_PARTIAL;
		used += a.whole.len;
	}
	return used;
}

enum { MODEL_SETS = 400, MODEL_BLOCK = 128 };

struct model_set {
	uint8_t octets[MODEL_BLOCK];
	size_t len;
	unsigned refs;
	struct attrs *set;
};

static struct model_set *
model_find(struct model_set *model, size_t *n, const uint8_t *octets, size_t len)
{
	struct model_set *free_one = NULL;

	for (size_t i = 0; i < *n; i++) {
		if (model[i].refs == 0)
			free_one = &model[i];
		else if (model[i].len == len &&
			 memcmp(model[i].octets, octets, len) == 0)
			return &model[i];
	}
	if (free_one == NULL) {
		DEMAND(*n < MODEL_SETS);
		free_one = &model[(*n)++];
		free_one->refs = 0;
	}
	memcpy(free_one->octets, octets, len);
	free_one->len = len;
	return free_one;
}

/* Interning against a list of (octets, references), on random blocks and releases. */
START_TEST(model)
{
	static struct model_set sets[MODEL_SETS];
	uint32_t seed = 0xa77a0001u + (uint32_t)_i;
	size_t n = 0, live = 0, bytes = attr_table_bytes(table);

	for (unsigned step = 0; step < 20000; step++) {
		struct model_set *m;

		if (live > 250 || random_below(&seed, 2) == 0) {
			if (n == 0)
				continue;
			m = &sets[random_below(&seed, (uint32_t)n)];
			if (m->refs == 0)
				continue;
			m->refs--;
			live -= m->refs == 0;
			DEMAND(attrs_unref(table, m->set) == (m->refs == 0));
		} else {
			uint8_t block[MODEL_BLOCK], want[MODEL_BLOCK];
			size_t len = random_block(&seed, block, sizeof(block));
			struct update update = update_of((struct slice){ block, len });
			struct attrs *a =
			    attrs_from_update(table, &update, next_hop, true);

			len = naive_canonical(update.attributes, want);
			DEMAND(a != NULL);
			DEMAND(a->block_len == len);
			DEMAND(memcmp(attrs_block(a).at, want, len) == 0);
			m = model_find(sets, &n, want, len);
			if (m->refs == 0) {
				m->set = a;
				live++;
			}
			DEMAND(m->set == a);
			m->refs++;
			DEMAND(a->refs == m->refs);
		}
		DEMAND(attr_table_count(table) == live);
	}
	for (size_t i = 0; i < n; i++) {
		for (; sets[i].refs > 0; sets[i].refs--)
			attrs_unref(table, sets[i].set);
	}
	DEMAND(attr_table_bytes(table) == bytes);
}
END_TEST

/* Many sets: found again while the table grows, and all of them freed. */
START_TEST(growth)
{
	enum { SETS = 50000 };
	static struct attrs *sets[SETS];
	uint8_t octets[] = { ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 0 };
	struct slice block = { octets, sizeof(octets) };
	size_t hash_bytes = attr_table_bytes(table);
	size_t sum = 0;

	for (uint32_t i = 0; i < SETS; i++) {
		put_u32(octets + sizeof(octets) - 4, i);
		sets[i] = attrs_from_block(table, block, next_hop);
		DEMAND(sets[i]->med == i);
		put_u32(octets + sizeof(octets) - 4, i / 2);
		DEMAND(attrs_from_block(table, block, next_hop) == sets[i / 2]);
		attrs_unref(table, sets[i / 2]);
		sum += offsetof(struct attrs, data) + 4 + sizeof(octets);
	}
	DEMAND(attr_table_count(table) == SETS);
	hash_bytes = attr_table_bytes(table) - sum;
	DEMAND(hash_bytes >= SETS * sizeof(void *));
	DEMAND(hash_bytes <= 4 * SETS * sizeof(void *));
	for (uint32_t i = 0; i < SETS; i++)
		DEMAND(attrs_unref(table, sets[i]));
	DEMAND(attr_table_count(table) == 0);
	DEMAND(attr_table_bytes(table) == hash_bytes);
}
END_TEST

/* Octets at random and damaged blocks: whatever comes, the octets stay in bounds. */
START_TEST(damage)
{
	uint32_t seed = 0xda3a6e01u;
	unsigned accepted = 0;

	for (unsigned n = 0; n < 100000; n++) {
		uint8_t octets[MODEL_BLOCK];
		size_t len = random_block(&seed, octets, sizeof(octets));
		unsigned hits = random_below(&seed, 4);
		/* its own allocation, so that a read behind the end is seen */
		uint8_t *block = malloc(len + 1);
		struct update update = update_of((struct slice){ block, len });
		struct attrs *a;

		for (; hits > 0 && len > 0; hits--) {
			octets[random_below(&seed, (uint32_t)len)] =
			    (uint8_t)random_below(&seed, 256);
		}
		block = realloc(block, len > 0 ? len : 1);
		memcpy(block, octets, len);
		update.attributes.at = block;
		a = attrs_from_update(table, &update, next_hop, n % 2 == 0);
		if (a != NULL) {
			accepted++;
			attrs_has_as(a, 7, 0);
			attrs_has_cluster(a, 7);
			attrs_unref(table, a);
		}
		a = attrs_from_block(table, update.attributes, next_hop);
		if (a != NULL)
			attrs_unref(table, a);
		free(block);
	}
	DEMAND(accepted > 1000);
	DEMAND(attr_table_count(table) == 0);
}
END_TEST

/* In the order of types, whatever stands around it. */
/* clang-format off */
static const struct {
	const char *what;
	struct octets before, after;
} with_community[] = {
	{ "no communities", OCTETS(ORIGIN, PATH_EMPTY),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0, 6) },
	{ "attributes behind", OCTETS(ORIGIN, PATH_EMPTY, 0x80, 9, 4, 1, 2, 3, 4),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0, 6,
	         0x80, 9, 4, 1, 2, 3, 4) },
	{ "one is there", OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 8, 4, 0, 1, 0, 1),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 8, 8, 0, 1, 0, 1, 0xff, 0xff, 0, 6) },
	{ "it is there", OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0, 6),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 0xff, 0xff, 0, 6) },
};
/* clang-format on */

START_TEST(one_community_more)
{
	struct attrs *a =
	    attrs_from_block(table, slice_of(&with_community[_i].before), next_hop);
	struct attrs *want =
	    attrs_from_block(table, slice_of(&with_community[_i].after), next_hop);
	struct attrs *got = attrs_with_community(table, a, COMMUNITY_LLGR_STALE);

	ck_assert_msg(got == want, "%s", with_community[_i].what);
	ck_assert(got->flags & ATTRS_LLGR_STALE);
	ck_assert_uint_eq(got->refs, got == a ? 3 : 2);
	attrs_unref(table, got);
	attrs_unref(table, want);
	attrs_unref(table, a);
	ck_assert_uint_eq(attr_table_count(table), 0);
}
END_TEST

/* The length grows to two octets, and then past what they hold. */
START_TEST(many_communities)
{
	static const struct octets head = OCTETS(ORIGIN, PATH_EMPTY);
	static const struct {
		unsigned before;
		bool fits;
	} cases[] = { { 62, true }, { 63, true }, { 64, true }, { 16381, false } };
	unsigned n = cases[_i].before;
	uint8_t *octets = calloc(1, 70000);
	struct wcur out = wcur_of(octets, 70000);
	struct attribute communities;
	struct attrs *a, *got;
	uint8_t *value = calloc(n, 4);

	wcur_bytes(&out, head.at, head.len);
	attribute_put(&out, 0xc0, ATTRIBUTE_COMMUNITIES, value, n * 4);
	a = attrs_from_block(table, (struct slice){ octets, wcur_len(&out) }, next_hop);
	ck_assert_ptr_nonnull(a);
	got = attrs_with_community(table, a, COMMUNITY_LLGR_STALE);
	ck_assert((got != NULL) == cases[_i].fits);
	if (got != NULL) {
		ck_assert(attribute_find(
		    attrs_block(got), ATTRIBUTE_COMMUNITIES, &communities));
		ck_assert_uint_eq(communities.value.len, n * 4 + 4);
		attrs_unref(table, got);
	}
	attrs_unref(table, a);
	free(value);
	free(octets);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attrs");
	SRunner *runner;
	int failed;

	add_cases(suite, "summary", summary_case, COUNT(summaries));
	add_cases(suite, "order", order_does_not_matter, 1);
	add_cases(suite, "next_hop", next_hop_is_part, 1);
	add_cases(suite, "last_session", last_seen_knows_the_session, 1);
	add_cases(suite, "last_freed", last_seen_dies_with_its_set, 1);
	add_cases(suite, "block", block_must_be_canonical, 1);
	add_cases(suite, "questions", questions, 1);
	add_cases(suite, "one_more", one_community_more, COUNT(with_community));
	add_cases(suite, "many", many_communities, 4);
	add_cases(suite, "model", model, 4);
	add_cases(suite, "growth", growth, 1);
	add_cases(suite, "damage", damage, 1);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
