// links: bgp_rib
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which paths carry traffic beside the best one, and that the FIB hears of each change
 * of them.
 */
#include "bgp/rib.h"
#include "conf_make.h"
#include "spec.h"

#include <check.h>
#include <stdlib.h>

enum { NEIGHBOR = 65001 };

/* The second of two paths; zeros are what the first one has. */
static const struct second {
	const char *what;
	bool used;
	uint32_t local_pref, as, longer, med, metric;
	uint8_t origin;
	bool ebgp_differs, same_next_hop, filtered;
	uint32_t clusters;
} seconds[] = {
	{ "alike", .used = true },
	{ "a higher BGP identifier and a longer CLUSTER_LIST alone", .used = true,
	    .clusters = 2 },
	{ "lower LOCAL_PREF", .local_pref = 50 },
	{ "longer AS_PATH", .longer = 1 },
	{ "worse ORIGIN", .origin = 1 },
	{ "higher MED", .med = 9 },
	{ "another neighbouring AS", .as = 65002 },
	{ "eBGP beside iBGP", .ebgp_differs = true },
	{ "higher IGP cost", .metric = 5 },
	{ "the same next hop", .same_next_hop = true },
	{ "rejected", .filtered = true },
};

struct world {
	struct attr_table *attrs;
	struct rib *rib;
	struct prefix prefix;
};

static struct world
world_new(unsigned multipath)
{
	struct world w = { .attrs = attr_table_new(),
		.prefix = prefix_from("192.0.2.0/24") };

	w.rib = rib_new(w.attrs);
	rib_set_multipath(w.rib, multipath);
	rib_fib_enable(w.rib, true);
	return w;
}

static void
world_free(struct world *w)
{
	rib_free(w->rib);
	attr_table_free(w->attrs);
}

static struct addr
hop_of(unsigned peer)
{
	return addr_ipv4(0x0a000100 + peer);
}

static void
peer_make(struct world *w, unsigned peer, bool ebgp, uint32_t metric)
{
	struct addr hop = hop_of(peer);
	const struct igp_route route = { .prefix = prefix_of(&hop, 32),
		.metric = metric,
		.gateway = addr_none(),
		.ifindex = 1 };
	struct rib_peer *info = rib_peer(w->rib, peer);

	info->used = true;
	info->ebgp = ebgp;
	info->router_id = peer;
	info->address = hop;
	rib_igp_set(w->rib, &route);
	rib_resolve(w->rib);
}

static void
announce(struct world *w, unsigned peer, const struct second *s)
{
	struct spec spec = { .origin = s->origin,
		.n_as = (uint8_t)(1 + s->longer),
		.as_path = { s->as != 0 ? s->as : NEIGHBOR, NEIGHBOR },
		.has_local_pref = true,
		.local_pref = s->local_pref != 0 ? s->local_pref : 100,
		.has_med = s->med != 0,
		.med = s->med,
		.n_clusters = (uint8_t)s->clusters,
		.clusters = { 1, 2 },
		.next_hop = hop_of(s->same_next_hop ? 1 : peer) };
	struct attrs *attrs = spec_attrs(w->attrs, &spec);

	rib_announce(
	    w->rib, peer, &w->prefix, 0, attrs, s->filtered ? PATH_FILTERED : 0, 1);
	attrs_unref(w->attrs, attrs);
}

static unsigned
used(const struct world *w)
{
	const struct path *paths[RIB_MULTIPATH_MAX];

	return rib_multipath(w->rib, rib_find(w->rib, &w->prefix), paths);
}

START_TEST(second_of_two)
{
	const struct second *s = &seconds[_i];
	static const struct second plain = { .what = "" };
	struct world w = world_new(4);

	peer_make(&w, 1, false, 0);
	peer_make(&w, 2, s->ebgp_differs, s->metric);
	announce(&w, 1, &plain);
	announce(&w, 2, s);
	ck_assert_msg(used(&w) == (s->used ? 2 : 1), "%s: %u used", s->what, used(&w));
	world_free(&w);
}
END_TEST

/* The most preferred ones, the best in front, in whatever order they came. */
START_TEST(as_many_as_are_allowed)
{
	static const struct second plain = { .what = "" };
	struct world w = world_new(3);
	const struct path *paths[RIB_MULTIPATH_MAX];

	for (unsigned peer = 6; peer > 0; peer--) {
		peer_make(&w, peer, true, 0);
		announce(&w, peer, &plain);
	}
	ck_assert_uint_eq(rib_multipath(w.rib, rib_find(w.rib, &w.prefix), paths), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(paths[i]->peer, i + 1);
	world_free(&w);
}
END_TEST

static bool
fib_hears(struct world *w)
{
	bool heard = false;

	while (rib_fib_next(w->rib, FAMILY_IPV4) != NULL)
		heard = true;
	return heard;
}

/* A path that is not the best comes, changes, becomes unreachable, leaves. */
START_TEST(fib_hears_of_each_change)
{
	static const struct second plain = { .what = "" },
				   worse = { .what = "", .med = 5 };
	struct world w = world_new(2);
	struct addr hop = hop_of(2);
	struct prefix route = prefix_of(&hop, 32);
	uint64_t version;

	peer_make(&w, 1, true, 0);
	peer_make(&w, 2, true, 0);
	announce(&w, 1, &plain);
	ck_assert(fib_hears(&w));
	version = rib_version(w.rib, FAMILY_IPV4);
	announce(&w, 2, &plain);
	ck_assert(fib_hears(&w));
	ck_assert_uint_eq(used(&w), 2);
	announce(&w, 2, &worse);
	ck_assert(fib_hears(&w));
	ck_assert_uint_eq(used(&w), 1);
	announce(&w, 2, &plain);
	ck_assert(fib_hears(&w));
	rib_igp_clear(w.rib, &route);
	rib_resolve(w.rib);
	while (rib_work(w.rib, 100))
		continue;
	ck_assert(fib_hears(&w));
	ck_assert_uint_eq(used(&w), 1);
	ck_assert(rib_withdraw(w.rib, 2, &w.prefix, 0));
	ck_assert(fib_hears(&w));
	/* Nobody else is told of any of it. */
	ck_assert_uint_eq(rib_version(w.rib, FAMILY_IPV4), version);
	world_free(&w);
}
END_TEST

/* With one path alone the others are nobody's business. */
START_TEST(one_is_one)
{
	static const struct second plain = { .what = "" };
	struct world w = world_new(1);

	peer_make(&w, 1, true, 0);
	peer_make(&w, 2, true, 0);
	announce(&w, 1, &plain);
	ck_assert(fib_hears(&w));
	announce(&w, 2, &plain);
	ck_assert(!fib_hears(&w));
	ck_assert_uint_eq(used(&w), 1);
	world_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("multipath");
	TCase *t = tcase_create("multipath");
	SRunner *r;
	int failed;

	tcase_add_loop_test(
	    t, second_of_two, 0, (int)(sizeof(seconds) / sizeof(seconds[0])));
	tcase_add_test(t, as_many_as_are_allowed);
	tcase_add_test(t, fib_hears_of_each_change);
	tcase_add_test(t, one_is_one);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
