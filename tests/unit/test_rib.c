// links: bgp_rib
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Destinations and paths against a naive twin, the counters, purges, and the FIB's
 * queue.
 */
#include "bgp/rib.h"
#include "conf_make.h"
#include "spec.h"

#include <check.h>
#include <stdlib.h>

enum { PEERS = 4, PREFIXES = 3000 };

struct world {
	uint32_t random;
	enum family family;
	struct attr_table *attrs;
	struct rib *rib;
	struct attrs *sets[3];
	struct prefix prefixes[PREFIXES];
	struct twin {
		bool there, filtered;
		uint8_t set;
		uint8_t age; /* sessions ago */
	} twins[PREFIXES][PEERS + 1];
};

static uint32_t
rnd(struct world *w, uint32_t n)
{
	w->random = w->random * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(w->random >> 4) * n >> 28);
}

/* Nested ones, too, so that lengths and the longest match matter. */
static void
make_prefixes(struct world *w)
{
	for (uint32_t i = 0; i < PREFIXES; i++) {
		struct addr a = { .family = (uint8_t)w->family };
		uint32_t k = i / 3, bits = 20 + 4 * (i % 3) + (i % 3 == 2 ? 4 : 0);

		a.bytes[0] = w->family == FAMILY_IPV4 ? 10 : 0xfd;
		a.bytes[1] = (uint8_t)(k >> 4);
		a.bytes[2] = (uint8_t)(k << 4);
		a.bytes[3] = (uint8_t)(k * 7);
		w->prefixes[i] = prefix_of(&a, bits);
	}
}

static void
world_init(struct world *w, uint32_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = seed;
	w->family = seed % 2 == 0 ? FAMILY_IPV4 : FAMILY_IPV6;
	w->attrs = attr_table_new();
	w->rib = rib_new(w->attrs);
	rib_set_resolution(w->rib, false, true);
	rib_resolve(w->rib);
	make_prefixes(w);
	for (uint32_t i = 0; i < 3; i++) {
		struct spec s = {
			.next_hop = addr_of("192.0.2.1"), .has_med = true, .med = i
		};

		w->sets[i] = spec_attrs(w->attrs, &s);
	}
	for (uint32_t p = 1; p <= PEERS; p++) {
		rib_peer(w->rib, p)->used = true;
		rib_peer(w->rib, p)->router_id = p;
	}
}

static void
world_free(struct world *w)
{
	for (int i = 0; i < 3; i++)
		attrs_unref(w->attrs, w->sets[i]);
	rib_free(w->rib);
	ck_assert_uint_eq(attr_table_count(w->attrs), 0);
	attr_table_free(w->attrs);
}

static struct prefix
many_prefix(const struct world *w, uint32_t i)
{
	struct addr a = { .family = (uint8_t)w->family };

	a.bytes[0] = w->family == FAMILY_IPV4 ? 20 : 0xfd;
	a.bytes[1] = (uint8_t)(i >> 8);
	a.bytes[2] = (uint8_t)i;
	return prefix_of(&a, 24);
}

/* ---- the twin ---- */

/* The naive decision: all sets differ by MED alone, of one neighbour; then the id. */
static uint32_t
twin_best(const struct world *w, uint32_t i)
{
	uint32_t best = 0;

	for (uint32_t p = 1; p <= PEERS; p++) {
		const struct twin *t = &w->twins[i][p];

		if (t->there && !t->filtered &&
		    (best == 0 || t->set < w->twins[i][best].set))
			best = p;
	}
	return best;
}

static void
check_prefix(const struct world *w, uint32_t i)
{
	const struct dest *dest = rib_find(w->rib, &w->prefixes[i]);
	uint32_t n = 0, found = 0, best = twin_best(w, i);

	for (uint32_t p = 1; p <= PEERS; p++)
		n += w->twins[i][p].there;
	MODEL_CHECK(dest != NULL || n == 0, "%u is missing", i);
	if (dest == NULL)
		return;
	for (const struct path *p = dest->paths; p != NULL; p = p->next) {
		const struct twin *t = &w->twins[i][p->peer];

		found++;
		MODEL_CHECK(t->there, "%u: a path of %u too many", i, p->peer);
		MODEL_CHECK(p->attrs == w->sets[t->set], "%u: another set", i);
		MODEL_CHECK(rib_path_is_stale(w->rib, p, w->family) == (t->age > 0),
		    "%u: stale or not", i);
	}
	MODEL_CHECK(found == n, "%u: %u paths of %u", i, found, n);
	MODEL_CHECK((dest_best(dest) == NULL ? 0 : dest_best(dest)->peer) == best,
	    "%u: best is not %u", i, best);
}

static void
check_counters(const struct world *w)
{
	uint32_t received[PEERS + 1] = { 0 }, accepted[PEERS + 1] = { 0 };
	uint32_t best[PEERS + 1] = { 0 }, paths = 0, dests = 0;

	for (uint32_t i = 0; i < PREFIXES; i++) {
		uint32_t b = twin_best(w, i);

		for (uint32_t p = 1; p <= PEERS; p++) {
			received[p] += w->twins[i][p].there;
			accepted[p] += w->twins[i][p].there && !w->twins[i][p].filtered;
		}
		best[b] += b != 0;
		dests += b != 0;
	}
	for (uint32_t p = 1; p <= PEERS; p++) {
		const struct rib_peer *peer = rib_peer_info(w->rib, p);

		paths += received[p];
		ck_assert_uint_eq(peer->family[w->family].received, received[p]);
		ck_assert_uint_eq(peer->family[w->family].accepted, accepted[p]);
		ck_assert_uint_eq(peer->family[w->family].best, best[p]);
	}
	ck_assert_uint_eq(rib_path_count(w->rib, w->family), paths);
	ck_assert_uint_eq(rib_dest_count(w->rib, w->family), dests);
}

static void
check_longest(const struct world *w, uint32_t i)
{
	struct addr a = prefix_addr(&w->prefixes[i]);
	const struct dest *dest;
	uint32_t want = PREFIXES;

	a.bytes[3] ^= 1;
	dest = rib_longest_match(w->rib, &a);
	for (uint32_t k = 0; k < PREFIXES; k++)
		if (twin_best(w, k) != 0 && prefix_covers_addr(&w->prefixes[k], &a) &&
		    (want == PREFIXES || w->prefixes[k].bits > w->prefixes[want].bits))
			want = k;
	MODEL_CHECK((dest == NULL) == (want == PREFIXES), "a match or none");
	if (dest != NULL) {
		struct prefix p = dest_prefix(dest, w->family);

		MODEL_CHECK(prefix_equal(&p, &w->prefixes[want]), "another match");
	}
}

static void
check_all(struct world *w)
{
	uint32_t listed = 0, n = 0;

	for (uint32_t i = 0; i < PREFIXES; i++)
		check_prefix(w, i);
	for (int k = 0; k < 50; k++)
		check_longest(w, rnd(w, PREFIXES));
	check_counters(w);
	for (uint32_t id = 1; id <= rib_dest_top(w->rib, w->family); id++) {
		const struct dest *dest = rib_dest_at(w->rib, w->family, id);

		listed += dest != NULL && dest->paths != NULL;
	}
	for (uint32_t i = 0; i < PREFIXES; i++)
		n += rib_find(w->rib, &w->prefixes[i]) != NULL &&
		     rib_find(w->rib, &w->prefixes[i])->paths != NULL;
	ck_assert_uint_eq(listed, n);
}

/* ---- what happens ---- */

static void
announce(struct world *w, uint32_t i, uint32_t peer)
{
	struct twin t = {
		.there = true, .filtered = rnd(w, 10) == 0, .set = (uint8_t)rnd(w, 3)
	};

	rib_announce(w->rib, peer, &w->prefixes[i], 0, w->sets[t.set],
	    t.filtered ? PATH_FILTERED : 0, 1);
	w->twins[i][peer] = t;
}

static void
withdraw(struct world *w, uint32_t i, uint32_t peer)
{
	MODEL_CHECK(
	    rib_withdraw(w->rib, peer, &w->prefixes[i], 0) == w->twins[i][peer].there,
	    "%u was there or not", i);
	w->twins[i][peer].there = false;
}

static void
reflag(struct world *w, uint32_t i, uint32_t peer)
{
	struct dest *dest = rib_find(w->rib, &w->prefixes[i]);
	struct twin *t = &w->twins[i][peer];

	if (!t->there)
		return;
	for (struct path *p = dest->paths; p != NULL; p = p->next)
		if (p->peer == peer) {
			t->filtered = !t->filtered;
			rib_reflag(w->rib, &w->prefixes[i], p,
			    t->filtered ? PATH_FILTERED : 0);
			return;
		}
}

static void
new_session(struct world *w, uint32_t peer, unsigned age)
{
	rib_peer_new_epoch(w->rib, peer, w->family);
	for (uint32_t i = 0; i < PREFIXES; i++)
		w->twins[i][peer].age++;
	rib_purge(w->rib, peer, w->family, age);
	for (uint32_t i = 0; i < PREFIXES; i++)
		if (w->twins[i][peer].age >= age)
			w->twins[i][peer].there = false;
}

static void
finish(struct world *w)
{
	while (rib_work(w->rib, 1 + rnd(w, 500)))
		continue;
}

START_TEST(twin)
{
	static struct world w;

	world_init(&w, (uint32_t)_i + 1);
	for (unsigned round = 0; round < 12; round++) {
		/* Growing and shrinking, so that the table does both. */
		uint32_t gain = round % 4 < 2 ? 80 : 10;

		for (unsigned k = 0; k < 5000; k++) {
			uint32_t i = rnd(&w, PREFIXES), peer = 1 + rnd(&w, PEERS);

			if (rnd(&w, 100) < gain)
				announce(&w, i, peer);
			else if (rnd(&w, 10) == 0)
				reflag(&w, i, peer);
			else
				withdraw(&w, i, peer);
		}
		if (rnd(&w, 2) == 0)
			rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
		if (rnd(&w, 2) == 0)
			new_session(&w, 1 + rnd(&w, PEERS), rnd(&w, 3));
		finish(&w);
		check_all(&w);
	}
	/* Everything goes. */
	for (uint32_t p = 1; p <= PEERS; p++)
		new_session(&w, p, 0);
	finish(&w);
	rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
	check_all(&w);
	for (uint32_t i = 0; i < PREFIXES; i++)
		MODEL_CHECK(rib_find(w.rib, &w.prefixes[i]) == NULL, "%u stayed", i);
	world_free(&w);
}
END_TEST

/* ---- purges ---- */

static uint32_t
received(const struct world *w, uint32_t peer)
{
	return rib_peer_info(w->rib, peer)->family[w->family].received;
}

/* RFC 4724 4.2: what was stale before the last session goes, what that one brought
 * stays stale, and what the new one brings is fresh. */
START_TEST(purge_by_age)
{
	static struct world w;

	world_init(&w, 2);
	for (uint32_t i = 0; i < 30; i++)
		announce(&w, i, 1);
	rib_peer_new_epoch(w.rib, 1, w.family);
	for (uint32_t i = 10; i < 30; i++)
		announce(&w, i, 1);
	rib_peer_new_epoch(w.rib, 1, w.family);
	for (uint32_t i = 20; i < 30; i++)
		announce(&w, i, 1);
	announce(&w, 5, 2);
	rib_purge(w.rib, 1, w.family, (unsigned)_i);
	ck_assert(!rib_peer_is_clean(w.rib, 1));
	ck_assert(rib_peer_is_clean(w.rib, 2));
	finish(&w);
	ck_assert(rib_peer_is_clean(w.rib, 1));
	/* 0: all, 1: all that are stale, 2: of the session before the last. */
	ck_assert_uint_eq(received(&w, 1), _i == 0 ? 0 : _i == 1 ? 10 : 20);
	ck_assert_uint_eq(received(&w, 2), 1);
	world_free(&w);
}
END_TEST

/* Two wishes: the one that removes more counts. */
START_TEST(purge_the_stricter)
{
	static struct world w;

	world_init(&w, 2);
	for (uint32_t i = 0; i < 30; i++)
		announce(&w, i, 1);
	rib_peer_new_epoch(w.rib, 1, w.family);
	announce(&w, 0, 1);
	rib_purge(w.rib, 1, w.family, _i == 0 ? 2 : 0);
	rib_purge(w.rib, 1, w.family, 1);
	finish(&w);
	ck_assert_uint_eq(received(&w, 1), _i == 0 ? 1 : 0);
	world_free(&w);
}
END_TEST

/* The session ends while a purge is under way: what it had brought is not meant. */
START_TEST(new_session_during_a_purge)
{
	static struct world w;

	world_init(&w, 2);
	for (uint32_t i = 0; i < 1000; i++)
		announce(&w, i, 1);
	rib_peer_new_epoch(w.rib, 1, w.family);
	for (uint32_t i = 0; i < 1000; i += 2)
		announce(&w, i, 1);
	rib_purge(w.rib, 1, w.family, 1);
	if (_i == 1)
		ck_assert(rib_work(w.rib, 300));
	rib_peer_new_epoch(w.rib, 1, w.family);
	finish(&w);
	ck_assert_uint_eq(received(&w, 1), 500);
	world_free(&w);
}
END_TEST

/* A route announced again while the purge is under way is fresh, and stays. */
START_TEST(purge_spares_the_fresh)
{
	static struct world w;

	world_init(&w, 2);
	for (uint32_t i = 0; i < 1000; i++)
		announce(&w, i, 1);
	rib_peer_new_epoch(w.rib, 1, w.family);
	rib_purge(w.rib, 1, w.family, 1);
	ck_assert(rib_work(w.rib, 300));
	for (uint32_t i = 0; i < 1000; i += 2)
		announce(&w, i, 1);
	finish(&w);
	ck_assert_uint_eq(received(&w, 1), 500);
	world_free(&w);
}
END_TEST

/* The epoch is one octet: 256 sessions are no session. */
START_TEST(many_sessions)
{
	static struct world w;

	world_init(&w, 2);
	for (unsigned k = 0; k < 600; k++) {
		announce(&w, k % 7, 1);
		rib_peer_new_epoch(w.rib, 1, w.family);
		rib_purge(w.rib, 1, w.family, 1);
		finish(&w);
		ck_assert_uint_eq(received(&w, 1), 0);
	}
	world_free(&w);
}
END_TEST

/* … not even where nothing is purged in between (RFC 9494 4.2): what is so old that it
 * would seem fresh is removed first. */
START_TEST(many_sessions_kept)
{
	static struct world w;
	const struct dest *dest;

	world_init(&w, 2);
	announce(&w, 0, 1);
	for (unsigned k = 0; k < 600; k++) {
		announce(&w, 1, 1);
		rib_peer_new_epoch(w.rib, 1, w.family);
		rib_lower(w.rib, 1, w.family, 1);
		finish(&w);
		dest = rib_find(w.rib, &w.prefixes[0]);
		ck_assert(
		    (dest != NULL && dest->paths != NULL) == (k + 1 < RIB_EPOCHS_MAX));
		dest = rib_find(w.rib, &w.prefixes[1]);
		ck_assert(rib_path_is_stale(w.rib, dest->paths, w.family));
		ck_assert(dest->paths->attrs->flags & ATTRS_LLGR_STALE);
	}
	world_free(&w);
}
END_TEST

/* ---- own routes ---- */

START_TEST(network_and_import)
{
	static struct world w;
	struct spec s = { .next_hop = addr_none() };
	struct attrs *attrs;
	struct prefix *p = &w.prefixes[0];

	world_init(&w, 2);
	attrs = spec_attrs(w.attrs, &s);
	rib_announce(w.rib, RIB_LOCAL_PEER, p, 0, attrs, PATH_KERNEL, 1);
	rib_announce(w.rib, RIB_LOCAL_PEER, p, 0, attrs, PATH_NETWORK, 1);
	rib_announce(w.rib, RIB_LOCAL_PEER, p, 0, attrs, PATH_KERNEL, 1);
	ck_assert_uint_eq(rib_path_count(w.rib, w.family), 2);
	ck_assert(dest_best(rib_find(w.rib, p))->flags & PATH_NETWORK);
	ck_assert(rib_withdraw_own(w.rib, p, PATH_NETWORK));
	ck_assert(!rib_withdraw_own(w.rib, p, PATH_NETWORK));
	ck_assert(dest_best(rib_find(w.rib, p))->flags & PATH_KERNEL);
	/* Suppressed and back: the same path. */
	rib_announce(
	    w.rib, RIB_LOCAL_PEER, p, 0, attrs, PATH_KERNEL | PATH_SUPPRESSED, 1);
	ck_assert_ptr_null(dest_best(rib_find(w.rib, p)));
	ck_assert_uint_eq(rib_path_count(w.rib, w.family), 1);
	ck_assert(rib_withdraw_own(w.rib, p, PATH_KERNEL));
	ck_assert_uint_eq(rib_path_count(w.rib, w.family), 0);
	attrs_unref(w.attrs, attrs);
	world_free(&w);
}
END_TEST

/* ---- the FIB's queue ---- */

START_TEST(fib_queue)
{
	static struct world w;
	static bool in_fib[PREFIXES];
	unsigned drawn = 0;

	world_init(&w, 2 + (uint32_t)_i);
	memset(in_fib, 0, sizeof(in_fib));
	announce(&w, 0, 1);
	ck_assert(!rib_fib_pending(w.rib)); /* off */
	rib_fib_enable(w.rib, true);
	for (unsigned k = 0; k < 30000; k++) {
		uint32_t i = rnd(&w, 200), peer = 1 + rnd(&w, PEERS);
		struct dest *dest;

		if (rnd(&w, 2) == 0)
			announce(&w, i, peer);
		else
			withdraw(&w, i, peer);
		if (rnd(&w, 10) == 0)
			rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
		for (uint32_t n = rnd(&w, 5); n > 0; n--) {
			struct prefix p;

			dest = rib_fib_next(w.rib, w.family);
			if (dest == NULL)
				break;
			drawn++;
			p = dest_prefix(dest, w.family);
			for (i = 0; !prefix_equal(&w.prefixes[i], &p);)
				i++;
			in_fib[i] = dest_best(dest) != NULL;
		}
	}
	for (struct dest *dest; (dest = rib_fib_next(w.rib, w.family)) != NULL;) {
		struct prefix p = dest_prefix(dest, w.family);
		uint32_t i = 0;

		while (!prefix_equal(&w.prefixes[i], &p))
			i++;
		in_fib[i] = dest_best(dest) != NULL;
	}
	ck_assert(!rib_fib_pending(w.rib));
	ck_assert_uint_gt(drawn, 1000);
	for (uint32_t i = 0; i < 200; i++)
		ck_assert(in_fib[i] == (twin_best(&w, i) != 0));
	/* What was drawn last, and is empty, is freed too. */
	rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
	for (uint32_t i = 0; i < 200; i++)
		if (rib_find(w.rib, &w.prefixes[i]) != NULL)
			ck_assert_ptr_nonnull(rib_find(w.rib, &w.prefixes[i])->paths);
	rib_fib_requeue(w.rib);
	ck_assert(rib_fib_pending(w.rib) == (rib_path_count(w.rib, w.family) > 0));
	world_free(&w);
}
END_TEST

/* The index shares its slots between numbers and hashes; both bounds move as it grows
 * and shrinks, and numbers that were given away stay high. */
START_TEST(index_grows_and_shrinks)
{
	enum { MANY = 40000 };
	struct world w;

	world_init(&w, (uint32_t)_i);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < MANY; i++) {
			struct prefix prefix = many_prefix(&w, i);

			rib_announce(w.rib, 1, &prefix, 0, w.sets[0], 0, 1);
		}
		MODEL_CHECK(
		    rib_dest_count(w.rib, w.family) == MANY, "not all are there");
		for (uint32_t i = 0; i < MANY; i++) {
			struct prefix prefix = many_prefix(&w, i);

			if (i % 1000 != round)
				rib_withdraw(w.rib, 1, &prefix, 0);
			if (i % 5000 == 0)
				rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
		}
		rib_trim(w.rib, w.family, rib_version(w.rib, w.family));
		for (uint32_t i = 0; i < MANY; i++) {
			struct prefix prefix = many_prefix(&w, i);

			MODEL_CHECK(
			    (rib_find(w.rib, &prefix) != NULL) == (i % 1000 == round),
			    "%u in round %u", i, round);
		}
	}
	world_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rib");
	TCase *t = tcase_create("rib");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, twin, 0, 10);
	tcase_add_loop_test(t, purge_by_age, 0, 3);
	tcase_add_loop_test(t, purge_the_stricter, 0, 2);
	tcase_add_loop_test(t, new_session_during_a_purge, 0, 2);
	tcase_add_test(t, purge_spares_the_fresh);
	tcase_add_test(t, many_sessions);
	tcase_add_test(t, many_sessions_kept);
	tcase_add_test(t, network_and_import);
	tcase_add_loop_test(t, fib_queue, 0, 6);
	tcase_add_loop_test(t, index_grows_and_shrinks, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
