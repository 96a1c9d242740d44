// links: bgp_attr
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The canonical form of attribute sets octet for octet, with the merge of RFC 6793
 * 4.2.3, and the bounds of paths.
 */
#include "attr_blocks.h"

/* clang-format off */
static const struct {
	const char *what;
	bool as4;
	struct octets in, out;
} canonical[] = {
	{ "sorted: as it is", true,
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 7, 0x80, 4, 4, 0, 0, 0, 5),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 7, 0x80, 4, 4, 0, 0, 0, 5) },
	{ "sorted by type", true,
	  OCTETS(0x80, 4, 4, 0, 0, 0, 5, PATH_EMPTY, 0xc0, 8, 4, 1, 2, 3, 4, ORIGIN),
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 4, 0, 0, 0, 5, 0xc0, 8, 4, 1, 2, 3, 4) },
	{ "the first of two", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0x40, 1, 1, 2, 0xc0, 8, 4, 1, 2, 3, 4),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 1, 2, 3, 4) },
	{ "next hops stay out", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0x40, 3, 4, 1, 2, 3, 4, 0x80, 14, 2, 0, 0, 0x80,
	         15, 1, 0),
	  OCTETS(ORIGIN, PATH_EMPTY) },
	{ "extended length as received", true,
	  OCTETS(0x50, 1, 0, 1, 0, 0x50, 2, 0, 0),
	  OCTETS(0x50, 1, 0, 1, 0, 0x50, 2, 0, 0) },
	{ "flags as received", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 8, 4, 1, 2, 3, 4),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 8, 4, 1, 2, 3, 4) },
	/* RFC 4271 5 */
	{ "unknown transitive: Partial", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 99, 2, 1, 2, 0xd0, 100, 0, 1, 7),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 99, 2, 1, 2, 0xf0, 100, 0, 1, 7) },
	{ "unknown non-transitive: dropped", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 26, 2, 1, 2, 0x80, 255, 0),
	  OCTETS(ORIGIN, PATH_EMPTY) },
	{ "known non-transitive: kept", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 9, 4, 1, 2, 3, 4, 0x80, 10, 4, 5, 6, 7, 8),
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 9, 4, 1, 2, 3, 4, 0x80, 10, 4, 5, 6, 7, 8) },
	{ "AS4 attributes of a 4-octet speaker: RFC 6793 4.1", true,
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 7, 0xc0, 17, 6, 2, 1, WIDE(9),
	         0xc0, 18, 8, WIDE(9), 1, 1, 1, 1),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, 0, 7) },

	/* RFC 6793 4.2.3 */
	{ "widened", false,
	  OCTETS(ORIGIN, 0x40, 2, 10, 2, 2, 0, 7, 0xfd, 0xe8, 1, 1, 0, 9),
	  OCTETS(ORIGIN, 0x40, 2, 16, 2, 2, 0, 0, 0, 7, 0, 0, 0xfd, 0xe8, 1, 1, 0, 0,
	         0, 9) },
	{ "an empty path is empty", false,
	  OCTETS(ORIGIN, 0x50, 2, 0, 0), OCTETS(ORIGIN, PATH_EMPTY) },
	{ "widened AGGREGATOR", false,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 7, 6, 0xfd, 0xe8, 1, 2, 3, 4),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 7, 8, 0, 0, 0xfd, 0xe8, 1, 2, 3, 4) },
	{ "AS4_PATH for all of it", false,
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 2, T, 0, 7, 0xc0, 17, 10, 2, 2, WIDE(1), 0, 0,
	         0, 7),
	  OCTETS(ORIGIN, 0x40, 2, 10, 2, 2, WIDE(1), 0, 0, 0, 7) },
	{ "2-octet speakers prepended: one sequence again", false,
	  OCTETS(ORIGIN, 0x40, 2, 10, 2, 4, 0, 5, 0, 6, T, T,
	         0xc0, 17, 10, 2, 2, WIDE(1), WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 18, 2, 4, 0, 0, 0, 5, 0, 0, 0, 6, WIDE(1), WIDE(2)) },
	{ "a segment taken whole stays one", false,
	  OCTETS(ORIGIN, 0x40, 2, 8, 2, 1, 0, 5, 2, 1, T, 0xc0, 17, 6, 2, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 12, 2, 1, 0, 0, 0, 5, 2, 1, WIDE(1)) },
	{ "AS4_PATH longer: ignored", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T, 0xc0, 17, 10, 2, 2, WIDE(1), WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, T) },
	{ "a set counts one", false, /* {T T} 9 is 2 long, as is {1 2} T */
	  OCTETS(ORIGIN, 0x40, 2, 14, 2, 1, 0, 5, 1, 2, T, T, 2, 1, 0, 9,
	         0xc0, 17, 16, 1, 2, WIDE(1), WIDE(2), 2, 1, 0, 0, 0, 9),
	  OCTETS(ORIGIN, 0x40, 2, 22, 2, 1, 0, 0, 0, 5, 1, 2, WIDE(1), WIDE(2),
	         2, 1, 0, 0, 0, 9) },
	{ "a set in front is taken whole", false,
	  OCTETS(ORIGIN, 0x40, 2, 10, 1, 2, 0, 5, 0, 6, 2, 1, T,
	         0xc0, 17, 6, 2, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 16, 1, 2, 0, 0, 0, 5, 0, 0, 0, 6, 2, 1, WIDE(1)) },
	{ "cut before a set: no sequence to join", false,
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 2, 0, 5, T,
	         0xc0, 17, 6, 1, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 12, 2, 1, 0, 0, 0, 5, 1, 1, WIDE(1)) },
	{ "a set behind the cut, then a sequence", false,
	  OCTETS(ORIGIN, 0x40, 2, 8, 2, 3, 0, 5, T, T,
	         0xc0, 17, 12, 1, 1, WIDE(1), 2, 1, WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 18, 2, 1, 0, 0, 0, 5, 1, 1, WIDE(1), 2, 1, WIDE(2)) },
	{ "one sequence joins, the next does not", false,
	  OCTETS(ORIGIN, 0x40, 2, 8, 2, 3, 0, 5, T, T,
	         0xc0, 17, 12, 2, 1, WIDE(1), 2, 1, WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 16, 2, 2, 0, 0, 0, 5, WIDE(1), 2, 1, WIDE(2)) },
	{ "all of it, beginning with a set", false,
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 2, T, T, 0xc0, 17, 12, 1, 1, WIDE(1), 2, 1,
	         WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 12, 1, 1, WIDE(1), 2, 1, WIDE(2)) },
	{ "a leading confederation segment is kept", false,
	  OCTETS(ORIGIN, 0x40, 2, 8, 3, 1, 0xfc, 1, 2, 1, T, 0xc0, 17, 6, 2, 1,
	         WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 12, 3, 1, 0, 0, 0xfc, 1, 2, 1, WIDE(1)) },
	{ "so is one next to a segment taken", false,
	  OCTETS(ORIGIN, 0x40, 2, 12, 2, 1, 0, 5, 4, 1, 0xfc, 1, 2, 1, T,
	         0xc0, 17, 6, 2, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 18, 2, 1, 0, 0, 0, 5, 4, 1, 0, 0, 0xfc, 1, 2, 1,
	         WIDE(1)) },
	{ "but none behind what AS4_PATH tells", false,
	  OCTETS(ORIGIN, 0x40, 2, 14, 2, 2, 0, 5, T, 3, 1, 0xfc, 1, 2, 1, T,
	         0xc0, 17, 10, 2, 2, WIDE(1), WIDE(2)),
	  OCTETS(ORIGIN, 0x40, 2, 14, 2, 3, 0, 0, 0, 5, WIDE(1), WIDE(2)) },
	{ "confederation segments of AS4_PATH: RFC 6793 6", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T,
	         0xc0, 17, 12, 3, 1, WIDE(7), 2, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, WIDE(1)) },
	{ "AS4_PATH cut short: ignored", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T, 0xc0, 17, 5, 2, 1, 0, 1, 0),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, T) },
	{ "an empty AS4_PATH tells nothing", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T, 0xc0, 17, 0),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, T) },
	{ "AS_TRANS aggregator: AS4_AGGREGATOR is it", false,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 7, 6, T, 1, 1, 1, 1,
	         0xc0, 18, 8, WIDE(3), 2, 2, 2, 2),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 7, 8, WIDE(3), 2, 2, 2, 2) },
	{ "another aggregator: both AS4 attributes are stale", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T, 0xc0, 7, 6, 0, 5, 1, 1, 1, 1,
	         0xc0, 17, 6, 2, 1, WIDE(1), 0xc0, 18, 8, WIDE(3), 2, 2, 2, 2),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, 0, 0, T, 0xc0, 7, 8, 0, 0, 0, 5, 1, 1, 1,
	         1) },
	{ "another aggregator without AS4_AGGREGATOR: the path is not", false,
	  OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, T, 0xc0, 7, 6, 0, 5, 1, 1, 1, 1,
	         0xc0, 17, 6, 2, 1, WIDE(1)),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, WIDE(1), 0xc0, 7, 8, 0, 0, 0, 5, 1, 1, 1,
	         1) },
	{ "AS4_AGGREGATOR alone is the aggregator", false,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 8, 4, 1, 2, 3, 4,
	         0xe0, 18, 8, WIDE(3), 2, 2, 2, 2),
	  OCTETS(ORIGIN, PATH_EMPTY, 0xe0, 7, 8, WIDE(3), 2, 2, 2, 2,
	         0xc0, 8, 4, 1, 2, 3, 4) },
	{ "all of it out of order", false,
	  OCTETS(0xc0, 18, 8, WIDE(3), 2, 2, 2, 2, 0xc0, 17, 6, 2, 1, WIDE(1),
	         0xc0, 7, 6, T, 1, 1, 1, 1, 0x40, 2, 4, 2, 1, T, ORIGIN),
	  OCTETS(ORIGIN, 0x40, 2, 6, 2, 1, WIDE(1), 0xc0, 7, 8, WIDE(3), 2, 2, 2, 2) },
};

static const struct {
	const char *what;
	bool as4;
	struct octets in;
} refused[] = {
	{ "block overrun", true, OCTETS(ORIGIN, 0x40, 2, 9, 0) },
	{ "header cut", true, OCTETS(ORIGIN, 0x50, 2, 0) },
	{ "2-octet path overrun", false, OCTETS(ORIGIN, 0x40, 2, 4, 2, 2, 0, 1) },
	{ "4-octet path overrun", true, OCTETS(ORIGIN, 0x40, 2, 4, 2, 1, 0, 1) },
	{ "long AGGREGATOR from a 2-octet speaker", false,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 7, 8, WIDE(3), 2, 2, 2, 2) },
	{ "short AS4_AGGREGATOR", false,
	  OCTETS(ORIGIN, PATH_EMPTY, 0xc0, 7, 6, T, 1, 1, 1, 1, 0xc0, 18, 3, 0, 0, 0) },
	{ "ORIGIN of two octets", true, OCTETS(0x40, 1, 2, 0, 0, PATH_EMPTY) },
	{ "MED of three octets", true, OCTETS(ORIGIN, PATH_EMPTY, 0x80, 4, 3, 0, 0,
	         0) },
	{ "CLUSTER_LIST of five", true,
	  OCTETS(ORIGIN, PATH_EMPTY, 0x80, 10, 5, 0, 0, 0, 0, 0) },
};
/* clang-format on */

START_TEST(canonical_case)
{
	struct update update = update_of(slice_of(&canonical[_i].in));
	struct attrs *a =
	    attrs_from_update(table, &update, next_hop, canonical[_i].as4);
	struct attrs *again;

	ck_assert_msg(a != NULL, "%s: refused", canonical[_i].what);
	ck_assert_msg(
	    a->block_len == canonical[_i].out.len &&
		memcmp(attrs_block(a).at, canonical[_i].out.at, a->block_len) == 0,
	    "%s: wrong octets", canonical[_i].what);
	ck_assert_uint_eq(attrs_next_hop(a).len, 4);
	ck_assert_mem_eq(attrs_next_hop(a).at, next_hop_octets, 4);
	/* The canonical block is the set's own name. */
	again = attrs_from_block(table, slice_of(&canonical[_i].out), next_hop);
	ck_assert_ptr_eq(a, again);
	ck_assert_uint_eq(a->refs, 2);
	ck_assert(!attrs_unref(table, a));
	ck_assert(attrs_unref(table, a));
}
END_TEST

START_TEST(refused_case)
{
	struct update update = update_of(slice_of(&refused[_i].in));

	ck_assert_msg(
	    attrs_from_update(table, &update, next_hop, refused[_i].as4) == NULL,
	    "%s: accepted", refused[_i].what);
	ck_assert_uint_eq(attr_table_count(table), 0);
}
END_TEST

/* Attribute header and `count` AS numbers of `width` octets in sequences of `each`. */
static struct slice
long_path(uint8_t *buf, size_t len, unsigned count, unsigned each, unsigned width)
{
	struct wcur out = wcur_of(buf, len);
	uint8_t value[8192] = { 0 };
	struct wcur path = wcur_of(value, sizeof(value));

	for (unsigned i = 0; i < count; i++) {
		if (i % each == 0) {
			wcur_u8(&path, SEGMENT_SEQUENCE);
			wcur_u8(&path, (uint8_t)(count - i < each ? count - i : each));
		}
		if (width == 4)
			wcur_u16(&path, 0);
		wcur_u16(&path, (uint16_t)(i + 1));
	}
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, value, wcur_len(&path));
	ck_assert(!out.failed && !path.failed);
	return (struct slice){ buf, wcur_len(&out) };
}

START_TEST(long_paths)
{
	static const struct {
		unsigned count, each;
		bool ok;
	} cases[] = { { 62, 255, true }, { 63, 255, true }, { 126, 255, true },
		{ 255, 255, true }, { 256, 255, true }, { 700, 255, true },
		{ 1024, 255, true }, { 1024, 1, true }, { 1025, 255, false },
		{ 1025, 1, false }, { 2000, 255, false } };
	uint8_t narrow[8200] = { 0 }, wide[8200] = { 0 };

	for (int i = 0; i < COUNT(cases); i++) {
		struct slice in2 =
		    long_path(narrow, sizeof(narrow), cases[i].count, cases[i].each, 2);
		struct slice in4 =
		    long_path(wide, sizeof(wide), cases[i].count, cases[i].each, 4);
		struct update update = update_of(in2);
		struct attrs *a = attrs_from_update(table, &update, next_hop, false),
			     *b;

		update = update_of(in4);
		b = attrs_from_update(table, &update, next_hop, true);
		ck_assert_ptr_eq(a, b);
		ck_assert_int_eq(a != NULL, cases[i].ok);
		if (a == NULL)
			continue;
		ck_assert_uint_eq(a->path_len, cases[i].count);
		ck_assert_uint_eq(a->block_len, in4.len);
		attrs_unref(table, a);
		attrs_unref(table, b);
	}
}
END_TEST

/* A path in segments as prepending makes them comes back in the same ones. */
START_TEST(merge_respects_255)
{
	static const unsigned heads[] = { 55, 56, 200 };

	for (int i = 0; i < COUNT(heads); i++) {
		uint8_t block[4096] = { 0 }, as4[1024] = { 0 };
		unsigned tail = 200, head = heads[i], first = 255 - tail;
		struct wcur out = wcur_of(block, sizeof(block));
		struct wcur path = wcur_of(as4, sizeof(as4));
		uint8_t value[1024] = { 0 };
		struct wcur narrow = wcur_of(value, sizeof(value));
		struct update update;
		struct attribute found;
		struct attrs *a;

		/* the path: full segments of 255 from the right, as prepending makes
		 * them */
		if (head > first) {
			wcur_u8(&narrow, SEGMENT_SEQUENCE);
			wcur_u8(&narrow, (uint8_t)(head - first));
			for (unsigned n = 0; n < head - first; n++)
				wcur_u16(&narrow, 5);
		}
		wcur_u8(&narrow, SEGMENT_SEQUENCE);
		wcur_u8(&narrow, 255);
		for (unsigned n = 0; n < 255; n++)
			wcur_u16(&narrow, n < first ? 6 : 23456);
		wcur_u8(&path, SEGMENT_SEQUENCE);
		wcur_u8(&path, (uint8_t)tail);
		for (unsigned n = 0; n < tail; n++)
			wcur_u32(&path, 100000 + n);
		attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, value, wcur_len(&narrow));
		attribute_put(&out, 0xc0, ATTRIBUTE_AS4_PATH, as4, wcur_len(&path));
		update = update_of((struct slice){ block, wcur_len(&out) });
		a = attrs_from_update(table, &update, next_hop, false);
		ck_assert_ptr_nonnull(a);
		ck_assert_uint_eq(a->path_len, head + tail);
		ck_assert(attribute_find(attrs_block(a), ATTRIBUTE_AS_PATH, &found));
		ck_assert_uint_eq(
		    found.value.len, 4 * (head + tail) + (head > first ? 4 : 2));
		ck_assert(attrs_unref(table, a));
	}
}
END_TEST

/* A tail of AS4_PATH that is longer than what the cut segment has room for. */
START_TEST(merge_starts_a_segment_where_full)
{
	uint8_t block[4096] = { 0 }, value[1100] = { 0 }, as4[1100] = { 0 };
	struct wcur out = wcur_of(block, sizeof(block));
	struct wcur narrow = wcur_of(value, sizeof(value));
	struct wcur wide = wcur_of(as4, sizeof(as4));
	struct attribute found;
	struct update update;
	struct attrs *a;

	/* 200 + 60 against a sequence of 250: 10 of the first segment's 200 lead */
	wcur_u8(&narrow, SEGMENT_SEQUENCE);
	wcur_u8(&narrow, 200);
	for (unsigned n = 0; n < 200; n++)
		wcur_u16(&narrow, 7);
	wcur_u8(&narrow, SEGMENT_SEQUENCE);
	wcur_u8(&narrow, 60);
	for (unsigned n = 0; n < 60; n++)
		wcur_u16(&narrow, 8);
	wcur_u8(&wide, SEGMENT_SEQUENCE);
	wcur_u8(&wide, 250);
	for (unsigned n = 0; n < 250; n++)
		wcur_u32(&wide, 100000);
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, value, wcur_len(&narrow));
	attribute_put(&out, 0xc0, ATTRIBUTE_AS4_PATH, as4, wcur_len(&wide));
	update = update_of((struct slice){ block, wcur_len(&out) });
	a = attrs_from_update(table, &update, next_hop, false);
	ck_assert_ptr_nonnull(a);
	ck_assert_uint_eq(a->path_len, 260);
	ck_assert_uint_eq(a->neighbor_as, 7);
	ck_assert(attribute_find(attrs_block(a), ATTRIBUTE_AS_PATH, &found));
	ck_assert_uint_eq(found.value.len, 2 + 10 * 4 + 2 + 250 * 4);
	ck_assert_uint_eq(found.value.at[1], 10);
	ck_assert_uint_eq(found.value.at[42 + 1], 250);
	ck_assert(attrs_unref(table, a));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("canonical");
	SRunner *runner;
	int failed;

	add_cases(suite, "canonical", canonical_case, COUNT(canonical));
	add_cases(suite, "refused", refused_case, COUNT(refused));
	add_cases(suite, "long_paths", long_paths, 1);
	add_cases(suite, "merge_255", merge_respects_255, 1);
	add_cases(suite, "merge_full", merge_starts_a_segment_where_full, 1);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
