// links: bgp_rib
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The change list against a naive twin: an array of the version of each destination's
 * last change.
 */
#include "bgp/rib.h"
#include "spec.h"

#include <check.h>
#include <stdlib.h>

enum { DESTS = 300 };

struct world {
	uint32_t random;
	struct attr_table *attrs;
	struct rib *rib;
	struct attrs *sets[4];
	bool held[DESTS];
	int set[DESTS];
	uint64_t version, trimmed;
	uint64_t last[DESTS]; /* version of its entry; 0: none */
};

static uint32_t
rnd(struct world *w, uint32_t n)
{
	w->random = w->random * 1664525u + 1013904223u;
	return (w->random >> 8) % n;
}

static struct prefix
nth(uint32_t i)
{
	struct addr a = addr_ipv4(0x0a000000 + (i << 8));

	return prefix_of(&a, 24);
}

static uint32_t
index_of(const struct dest *dest)
{
	struct prefix p = dest_prefix(dest, FAMILY_IPV4);

	return get_u32(p.bytes) >> 8 & 0xffff;
}

static void
world_init(struct world *w, uint32_t seed)
{
	*w = (struct world){ .random = seed };
	w->attrs = attr_table_new();
	w->rib = rib_new(w->attrs);
	for (uint32_t i = 0; i < 4; i++) {
		struct spec s = { .next_hop = addr_none(), .has_med = true, .med = i };

		w->sets[i] = spec_attrs(w->attrs, &s);
	}
}

static void
world_free(struct world *w)
{
	for (int i = 0; i < 4; i++)
		attrs_unref(w->attrs, w->sets[i]);
	rib_free(w->rib);
	attr_table_free(w->attrs);
}

static void
announce(struct world *w, uint32_t i, int set)
{
	struct prefix p = nth(i);

	rib_announce(w->rib, RIB_LOCAL_PEER, &p, 0, w->sets[set], PATH_NETWORK, 1);
	if (!w->held[i] || w->set[i] != set)
		w->last[i] = ++w->version;
	w->held[i] = true;
	w->set[i] = set;
}

static void
withdraw(struct world *w, uint32_t i)
{
	struct prefix p = nth(i);

	MODEL_CHECK(rib_withdraw_own(w->rib, &p, PATH_NETWORK) == w->held[i],
	    "%u was there, or was not", i);
	if (w->held[i])
		w->last[i] = ++w->version;
	w->held[i] = false;
}

static void
trim(struct world *w, uint64_t version)
{
	rib_trim(w->rib, FAMILY_IPV4, version);
	for (int i = 0; i < DESTS; i++)
		if (w->last[i] <= version)
			w->last[i] = 0;
	w->trimmed = version;
}

/* What a consumer that stands at `after` sees. */
static void
check_from(const struct world *w, uint64_t after)
{
	uint32_t at = rib_change_first(w->rib, FAMILY_IPV4, after);
	uint32_t end = rib_change_end(w->rib, FAMILY_IPV4);
	uint32_t seen = 0, due = 0;
	uint64_t version, before = after;

	for (int i = 0; i < DESTS; i++)
		due += w->last[i] > after;
	for (; at < end; at++) {
		const struct dest *dest =
		    rib_change_at(w->rib, FAMILY_IPV4, at, &version);
		uint32_t i;

		MODEL_CHECK(version > before, "versions do not rise");
		before = version;
		if (dest == NULL)
			continue;
		i = index_of(dest);
		seen++;
		MODEL_CHECK(w->last[i] == version, "%u: version %llu", i,
		    (unsigned long long)version);
		MODEL_CHECK((dest_best(dest) != NULL) == w->held[i], "%u: best", i);
		MODEL_CHECK(rib_dest_version(w->rib, FAMILY_IPV4, dest) == version,
		    "%u: its own version", i);
	}
	MODEL_CHECK(seen == due, "%u changes of %u", seen, due);
}

static void
check(struct world *w)
{
	uint32_t tombstones = 0, held = 0;

	for (uint32_t i = 0; i < DESTS; i++) {
		struct prefix p = nth(i);

		tombstones += !w->held[i] && w->last[i] != 0;
		held += w->held[i];
		/* Neither route nor entry: it is freed. */
		MODEL_CHECK(
		    (rib_find(w->rib, &p) != NULL) == (w->held[i] || w->last[i] != 0),
		    "%u: is it there?", i);
	}
	ck_assert_uint_eq(rib_version(w->rib, FAMILY_IPV4), w->version);
	ck_assert_uint_eq(rib_tombstones(w->rib, FAMILY_IPV4), tombstones);
	ck_assert_uint_eq(rib_dest_count(w->rib, FAMILY_IPV4), held);
	check_from(w, w->trimmed);
	check_from(w, w->version);
	check_from(w, w->trimmed + rnd(w, (uint32_t)(w->version - w->trimmed) + 1));
}

START_TEST(twin)
{
	struct world w;

	world_init(&w, (uint32_t)_i + 1);
	for (unsigned round = 0; round < 200; round++) {
		uint32_t span = 1 + rnd(&w, DESTS);

		for (uint32_t n = rnd(&w, 100); n > 0; n--)
			if (rnd(&w, 3) > 0)
				announce(&w, rnd(&w, span), (int)rnd(&w, 4));
			else
				withdraw(&w, rnd(&w, span));
		check(&w);
		if (rnd(&w, 3) == 0)
			trim(&w,
			    w.trimmed + rnd(&w, (uint32_t)(w.version - w.trimmed) + 1));
		else if (rnd(&w, 10) == 0)
			trim(&w, w.version);
		check(&w);
	}
	trim(&w, w.version);
	check(&w);
	ck_assert_uint_eq(rib_change_first(w.rib, FAMILY_IPV4, 0),
	    rib_change_end(w.rib, FAMILY_IPV4));
	world_free(&w);
}
END_TEST

/* A consumer that stands still while one destination flaps costs next to nothing. */
START_TEST(holes_are_compacted)
{
	struct world w;
	size_t bytes = 0;

	world_init(&w, 7);
	for (uint32_t i = 0; i < DESTS; i++)
		announce(&w, i, 0);
	for (unsigned i = 0; i < 1000000; i++) {
		announce(&w, i % 3, (int)(i / 3 & 3));
		if (i == 2000)
			bytes = rib_bytes(w.rib);
	}
	ck_assert_uint_ge(rib_version(w.rib, FAMILY_IPV4), 1000000);
	ck_assert_uint_eq(rib_bytes(w.rib), bytes);
	ck_assert_uint_le(rib_change_end(w.rib, FAMILY_IPV4), 2048);
	check(&w);
	world_free(&w);
}
END_TEST

/* A change of a path that is not the best is none. */
START_TEST(only_the_best_counts)
{
	struct spec spec = { .next_hop = addr_ipv4(0x0a010101) };
	struct attr_table *attrs = attr_table_new();
	struct rib *rib = rib_new(attrs);
	struct prefix p = nth(1);
	struct attrs *learned = spec_attrs(attrs, &spec), *other;
	uint64_t version;

	rib_set_resolution(rib, false, true);
	rib_resolve(rib);
	rib_peer(rib, 1)->used = true;
	rib_peer(rib, 2)->used = true;
	rib_peer(rib, 2)->router_id = 2;
	rib_announce(rib, 1, &p, 0, learned, 0, 1);
	version = rib_version(rib, FAMILY_IPV4);
	ck_assert_uint_eq(version, 1);
	rib_announce(rib, 2, &p, 0, learned, 0, 1);
	rib_announce(rib, 1, &p, 0, learned, 0, 1); /* the same again */
	rib_withdraw(rib, 2, &p, 0);
	ck_assert_uint_eq(rib_version(rib, FAMILY_IPV4), version);
	spec.has_med = true;
	other = spec_attrs(attrs, &spec);
	rib_announce(rib, 1, &p, 0, other, 0, 1);
	ck_assert_uint_eq(rib_version(rib, FAMILY_IPV4), version + 1);
	attrs_unref(attrs, other);
	attrs_unref(attrs, learned);
	rib_free(rib);
	attr_table_free(attrs);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("changes");
	TCase *t = tcase_create("changes");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, twin, 0, 20);
	tcase_add_test(t, holes_are_compacted);
	tcase_add_test(t, only_the_best_counts);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
