// links: bgp_rib
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Next hops: how they resolve, and what becomes of paths when that changes.
 */
#include "bgp/rib.h"
#include "conf_make.h"
#include "spec.h"

#include <check.h>
#include <stdlib.h>

/* What the kernel holds, as "PREFIX via GATEWAY metric"; "" for on link. */
struct route {
	const char *prefix, *gateway;
	uint32_t metric;
};

static const struct {
	const char *what;
	struct route routes[4];
	const char *own; /* an address of ours */
	bool no_resolve, no_default;
	const char *next_hop;
	bool reachable;
	const char *gateway; /* "-": none */
	uint32_t ifindex, metric;
} cases[] = {
	/* RFC 4271 9.1.2.1: the longest route to it, and its cost */
	{ "connected", { { "10.0.0.0/24", "", 0 } }, NULL, false, false, "10.0.0.9",
	    true, "10.0.0.9", 1, 0 },
	{ "through a gateway",
	    { { "10.0.0.0/24", "", 0 }, { "10.1.0.0/16", "10.0.0.1", 7 } }, NULL, false,
	    false, "10.1.2.3", true, "10.0.0.1", 2, 7 },
	{ "the longest counts",
	    { { "10.0.0.0/8", "10.9.9.9", 3 }, { "10.1.0.0/16", "10.0.0.1", 7 },
		{ "10.1.2.0/24", "10.0.0.2", 1 } },
	    NULL, false, false, "10.1.2.3", true, "10.0.0.2", 3, 1 },
	{ "by the default", { { "0.0.0.0/0", "10.0.0.1", 100 } }, NULL, false, false,
	    "198.51.100.1", true, "10.0.0.1", 1, 100 },
	{ "the default may not", { { "0.0.0.0/0", "10.0.0.1", 100 } }, NULL, false,
	    true, "198.51.100.1", false, "-", 0, 0 },
	{ "nothing leads there", { { "10.0.0.0/24", "", 0 } }, NULL, false, false,
	    "10.0.1.1", false, "-", 0, 0 },
	/* RFC 4271 5.1.3: a next hop of ours would loop */
	{ "an address of ours", { { "10.0.0.0/24", "", 0 } }, "10.0.0.9", false, false,
	    "10.0.0.9", false, "-", 0, 0 },
	{ "ours, by decree either", { { "10.0.0.0/24", "", 0 } }, "10.0.0.9", true,
	    false, "10.0.0.9", false, "-", 0, 0 },
	{ "by decree", { { NULL, NULL, 0 } }, NULL, true, false, "198.51.100.1", true,
	    "-", 0, 0 },
	/* A reflector off the data path: its own routes say nothing of the cost. */
	{ "by decree, the cost is none", { { "198.51.100.0/24", "10.0.0.1", 9 } }, NULL,
	    true, false, "198.51.100.1", true, "10.0.0.1", 1, 0 },
	{ "IPv6", { { "fd00::/64", "", 0 }, { "::/0", "fd00::1", 5 } }, NULL, false,
	    false, "2001:db8::1", true, "fd00::1", 2, 5 },
	{ "families are apart", { { "0.0.0.0/0", "10.0.0.1", 0 } }, NULL, false, false,
	    "2001:db8::1", false, "-", 0, 0 },
};

struct world {
	struct attr_table *attrs;
	struct rib *rib;
};

static struct world
world_new(void)
{
	struct world w = { .attrs = attr_table_new() };

	w.rib = rib_new(w.attrs);
	for (uint32_t p = 1; p <= 2; p++) {
		rib_peer(w.rib, p)->used = true;
		rib_peer(w.rib, p)->router_id = p;
	}
	return w;
}

static void
world_free(struct world *w)
{
	rib_free(w->rib);
	attr_table_free(w->attrs);
}

static void
set_route(struct world *w, const struct route *route, uint32_t ifindex)
{
	struct igp_route r = { .prefix = prefix_from(route->prefix),
		.gateway =
		    route->gateway[0] == '\0' ? addr_none() : addr_of(route->gateway),
		.metric = route->metric,
		.ifindex = ifindex };

	rib_igp_set(w->rib, &r);
}

static void
announce(struct world *w, uint32_t peer, const char *prefix, const char *next_hop)
{
	struct spec s = { .next_hop = addr_of(next_hop) };
	struct attrs *attrs = spec_attrs(w->attrs, &s);
	struct prefix p = prefix_from(prefix);

	rib_announce(w->rib, peer, &p, 0, attrs, 0, 1);
	attrs_unref(w->attrs, attrs);
}

static const struct path *
best(const struct world *w, const char *prefix)
{
	struct prefix p = prefix_from(prefix);
	const struct dest *dest = rib_find(w->rib, &p);

	return dest == NULL ? NULL : dest_best(dest);
}

static void
settle(struct world *w)
{
	rib_resolve(w->rib);
	while (rib_work(w->rib, 1))
		continue;
}

START_TEST(resolution)
{
	struct world w = world_new();
	char text[ADDR_TEXT_LEN];
	const struct nexthop *nh;

	rib_set_resolution(w.rib, !cases[_i].no_resolve, !cases[_i].no_default);
	for (uint32_t i = 0; i < 4 && cases[_i].routes[i].prefix != NULL; i++)
		set_route(&w, &cases[_i].routes[i], i + 1);
	if (cases[_i].own != NULL) {
		struct addr own = addr_of(cases[_i].own);

		rib_own_address(w.rib, &own, 0, true);
	}
	announce(&w, 1,
	    strchr(cases[_i].next_hop, ':') != NULL ? "fd09::/64" : "192.0.2.0/24",
	    cases[_i].next_hop);
	settle(&w);
	nh = rib_first_nexthop(w.rib);
	ck_assert_ptr_nonnull(nh);
	ck_assert_ptr_null(nh->all_next);
	ck_assert_msg((nh->state == NEXTHOP_REACHABLE) == cases[_i].reachable, "%s",
	    cases[_i].what);
	ck_assert_str_eq(addr_format(&nh->gateway, text), cases[_i].gateway);
	ck_assert_uint_eq(nh->ifindex, cases[_i].ifindex);
	ck_assert_uint_eq(nh->metric, cases[_i].metric);
	ck_assert_uint_eq(nh->own, cases[_i].own != NULL);
	world_free(&w);
}
END_TEST

/* The same, when the routes come after the path. */
START_TEST(resolution_changes)
{
	struct world w = world_new();
	const char *prefix =
	    strchr(cases[_i].next_hop, ':') != NULL ? "fd09::/64" : "192.0.2.0/24";

	rib_set_resolution(w.rib, !cases[_i].no_resolve, !cases[_i].no_default);
	announce(&w, 1, prefix, cases[_i].next_hop);
	settle(&w);
	ck_assert((best(&w, prefix) != NULL) == cases[_i].no_resolve);
	for (uint32_t i = 0; i < 4 && cases[_i].routes[i].prefix != NULL; i++)
		set_route(&w, &cases[_i].routes[i], i + 1);
	if (cases[_i].own != NULL) {
		struct addr own = addr_of(cases[_i].own);

		rib_own_address(w.rib, &own, 0, true);
	}
	settle(&w);
	ck_assert_msg(
	    (best(&w, prefix) != NULL) == cases[_i].reachable, "%s", cases[_i].what);
	ck_assert_uint_eq(rib_first_nexthop(w.rib)->metric, cases[_i].metric);
	for (uint32_t i = 0; i < 4 && cases[_i].routes[i].prefix != NULL; i++) {
		struct prefix p = prefix_from(cases[_i].routes[i].prefix);

		rib_igp_clear(w.rib, &p);
		rib_igp_clear(w.rib, &p); /* twice does no harm */
	}
	settle(&w);
	ck_assert((best(&w, prefix) != NULL) ==
		  (cases[_i].no_resolve && cases[_i].own == NULL));
	world_free(&w);
}
END_TEST

/* A next hop that moves concerns the FIB; one whose cost changes, the decision. */
START_TEST(what_a_change_causes)
{
	struct world w = world_new();
	struct route to1 = { "10.1.0.0/16", "10.0.0.1", 10 };
	struct route to2 = { "10.2.0.0/16", "10.0.0.2", 20 };
	uint64_t version;
	struct dest *dest;

	rib_fib_enable(w.rib, true);
	set_route(&w, &to1, 1);
	set_route(&w, &to2, 1);
	announce(&w, 1, "192.0.2.0/24", "10.1.0.1");
	announce(&w, 2, "192.0.2.0/24", "10.2.0.1");
	settle(&w);
	ck_assert_uint_eq(best(&w, "192.0.2.0/24")->peer, 1);
	while (rib_fib_next(w.rib, FAMILY_IPV4) != NULL)
		continue;
	version = rib_version(w.rib, FAMILY_IPV4);

	/* The gateway moves: the FIB alone. */
	to1.gateway = "10.0.0.3";
	set_route(&w, &to1, 1);
	settle(&w);
	ck_assert_uint_eq(rib_version(w.rib, FAMILY_IPV4), version);
	dest = rib_fib_next(w.rib, FAMILY_IPV4);
	ck_assert_ptr_nonnull(dest);
	ck_assert(dest->bits == 24);
	ck_assert_ptr_null(rib_fib_next(w.rib, FAMILY_IPV4));

	/* That of a path which is not the best: nothing at all. */
	to2.gateway = "10.0.0.4";
	set_route(&w, &to2, 1);
	settle(&w);
	ck_assert_uint_eq(rib_version(w.rib, FAMILY_IPV4), version);
	ck_assert(!rib_fib_pending(w.rib));

	/* The same route once more: no work. */
	set_route(&w, &to2, 1);
	rib_resolve(w.rib);
	ck_assert(!rib_has_work(w.rib));

	/* The cost changes the best. */
	to2.metric = 5;
	set_route(&w, &to2, 1);
	settle(&w);
	ck_assert_uint_eq(best(&w, "192.0.2.0/24")->peer, 2);
	ck_assert_uint_eq(rib_version(w.rib, FAMILY_IPV4), version + 1);
	world_free(&w);
}
END_TEST

/* Changes while the walk is under way are not lost. */
START_TEST(change_during_the_walk)
{
	struct world w = world_new();
	struct route route = { "10.1.0.0/16", "10.0.0.1", 1 };
	struct prefix p = prefix_from("10.1.0.0/16");

	set_route(&w, &route, 1);
	for (unsigned i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.200.%u.0/24", i);
		announce(&w, 1, text, "10.1.0.1");
	}
	settle(&w);
	ck_assert_uint_eq(rib_dest_count(w.rib, FAMILY_IPV4), 100);
	for (unsigned flap = 0; flap < 100; flap++) {
		if (flap % 2 == 0)
			rib_igp_clear(w.rib, &p);
		else
			set_route(&w, &route, 1);
		rib_resolve(w.rib);
		rib_work(w.rib, flap % 13);
	}
	settle(&w);
	ck_assert_uint_eq(rib_dest_count(w.rib, FAMILY_IPV4), 100);
	rib_igp_clear(w.rib, &p);
	settle(&w);
	ck_assert_uint_eq(rib_dest_count(w.rib, FAMILY_IPV4), 0);
	ck_assert_uint_eq(rib_path_count(w.rib, FAMILY_IPV4), 100);
	world_free(&w);
}
END_TEST

/* One object an address, gone with the last set that names it. */
START_TEST(objects_are_shared)
{
	struct world w = world_new();
	struct prefix p = prefix_from("192.0.2.0/24");
	struct spec s = { .next_hop = addr_of("10.0.0.1"), .has_med = true };
	struct attrs *sets[20];

	for (uint32_t i = 0; i < 20; i++) {
		struct prefix q = prefix_from("198.51.100.0/24");

		s.med = i;
		sets[i] = spec_attrs(w.attrs, &s);
		q.bytes[2] = (uint8_t)i;
		rib_announce(w.rib, 1, &q, 0, sets[i], 0, 1);
		attrs_unref(w.attrs, sets[i]);
	}
	ck_assert_uint_eq(rib_first_nexthop(w.rib)->refs, 20);
	ck_assert_ptr_null(rib_first_nexthop(w.rib)->all_next);
	for (unsigned i = 0; i < 100; i++) {
		char text[ADDR_TEXT_LEN];

		snprintf(text, sizeof(text), "10.0.1.%u", i);
		announce(&w, 2, "192.0.2.0/24", text);
	}
	ck_assert_ptr_nonnull(rib_first_nexthop(w.rib)->all_next);
	ck_assert_ptr_null(rib_first_nexthop(w.rib)->all_next->all_next);
	rib_withdraw(w.rib, 2, &p, 0);
	for (uint32_t i = 0; i < 20; i++) {
		struct prefix q = prefix_from("198.51.100.0/24");

		q.bytes[2] = (uint8_t)i;
		ck_assert(rib_withdraw(w.rib, 1, &q, 0));
	}
	ck_assert_ptr_null(rib_first_nexthop(w.rib));
	ck_assert_uint_eq(attr_table_count(w.attrs), 0);
	world_free(&w);
}
END_TEST

/* The kernel's routes against a linear search. */
START_TEST(igp_table)
{
	static struct igp_route routes[2000];
	struct world w = world_new();
	uint32_t random = (uint32_t)_i + 1, n = 0;

	for (unsigned step = 0; step < 6000; step++) {
		struct addr a;
		unsigned bits;
		uint32_t i = 0, found = n;
		struct igp_route route, got;

		random = random * 1664525u + 1013904223u;
		a = addr_ipv4(0x0a000000 | (random >> 8 & 0x3ffff));
		bits = 8 + (random >> 28) + (random >> 27 & 8);
		route = (struct igp_route){ .prefix = prefix_of(&a, bits),
			.metric = step,
			.gateway = addr_none() };
		while (i < n && !prefix_equal(&routes[i].prefix, &route.prefix))
			i++;
		if ((random >> 5) % 5 < 3 && n < 2000) {
			rib_igp_set(w.rib, &route);
			routes[i] = route;
			n += i == n;
		} else {
			rib_igp_clear(w.rib, &route.prefix);
			if (i < n)
				routes[i] = routes[--n];
		}
		found = n;
		for (i = 0; i < n; i++)
			if (prefix_covers_addr(&routes[i].prefix, &a) &&
			    (found == n ||
				routes[i].prefix.bits > routes[found].prefix.bits))
				found = i;
		MODEL_CHECK(rib_igp_lookup(w.rib, &a, &got) == (found < n), "found?");
		if (found < n)
			MODEL_CHECK(prefix_equal(&got.prefix, &routes[found].prefix) &&
					got.metric == routes[found].metric,
			    "another route");
	}
	world_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nexthop");
	TCase *t = tcase_create("nexthop");
	int n = (int)(sizeof(cases) / sizeof(cases[0]));
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, resolution, 0, n);
	tcase_add_loop_test(t, resolution_changes, 0, n);
	tcase_add_test(t, what_a_change_causes);
	tcase_add_test(t, change_during_the_walk);
	tcase_add_test(t, objects_are_shared);
	tcase_add_loop_test(t, igp_table, 0, 3);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
