// links: bgp_rib
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision process: each step by itself with both orders of arrival, and sets of
 * paths in every order of arrival.
 */
#include "bgp/rib.h"
#include "spec.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* One path, as far as a case needs it; zeros are ordinary values. */
struct candidate {
	bool ebgp;
	uint8_t flags;       /* PATH_NETWORK, PATH_KERNEL: ours */
	uint32_t local_pref; /* 0: none */
	uint32_t as_path[4]; /* 0 ends it */
	uint8_t origin;
	int med;         /* -1: none */
	uint32_t metric; /* of the next hop */
	uint32_t router_id;
	uint32_t originator; /* 0: none */
	uint8_t clusters;
	uint8_t address; /* 10.0.0.address */
	bool unusable;
};

enum { PATHS_MAX = 4, MODEL_PEERS = 20 };

struct table {
	struct attr_table *attrs;
	struct rib *rib;
	struct prefix prefix;
};

static struct addr
hop_address(unsigned peer)
{
	return addr_ipv4(0x0a010000 + peer);
}

static void
table_make(struct table *t, const struct candidate *paths, unsigned n)
{
	t->attrs = attr_table_new();
	t->rib = rib_new(t->attrs);
	ck_assert_int_eq(prefix_parse("192.0.2.0/24", &t->prefix), PREFIX_PARSE_OK);
	rib_peer(t->rib, n);
	for (unsigned i = 0; i < n; i++) {
		struct addr hop = hop_address(i);
		struct igp_route route = { .prefix = prefix_of(&hop, 32),
			.metric = paths[i].metric,
			.gateway = addr_none(),
			.ifindex = 1 };
		struct rib_peer *peer;

		rib_igp_set(t->rib, &route);
		if (paths[i].flags != 0)
			continue;
		peer = rib_peer(t->rib, i + 1);
		peer->used = true;
		peer->ebgp = paths[i].ebgp;
		peer->router_id = paths[i].router_id;
		peer->address = addr_ipv4(0x0a000000 + paths[i].address);
	}
	rib_resolve(t->rib);
}

static uint32_t
peer_of(const struct candidate *paths, unsigned i)
{
	return paths[i].flags != 0 ? RIB_LOCAL_PEER : i + 1;
}

static void
table_announce(struct table *t, const struct candidate *paths, unsigned i)
{
	const struct candidate *c = &paths[i];
	struct spec s = { .origin = c->origin,
		.has_med = c->med >= 0,
		.med = (uint32_t)c->med,
		.has_local_pref = c->local_pref != 0,
		.local_pref = c->local_pref,
		.has_originator = c->originator != 0,
		.originator = c->originator,
		.n_clusters = c->clusters,
		.next_hop = c->flags != 0 ? addr_none() : hop_address(i) };
	struct attrs *attrs;

	while (s.n_as < 4 && c->as_path[s.n_as] != 0) {
		s.as_path[s.n_as] = c->as_path[s.n_as];
		s.n_as++;
	}
	attrs = spec_attrs(t->attrs, &s);
	rib_announce(t->rib, peer_of(paths, i), &t->prefix, 0, attrs,
	    c->unusable ? PATH_FILTERED : c->flags, 1);
	attrs_unref(t->attrs, attrs);
}

static void
table_free(struct table *t)
{
	rib_free(t->rib);
	attr_table_free(t->attrs);
}

/* Is path `i` the best? */
static bool
is_best(const struct table *t, const struct candidate *paths, unsigned i)
{
	const struct dest *dest = rib_find(t->rib, &t->prefix);
	const struct path *best = dest == NULL ? NULL : dest_best(dest);

	return best != NULL && best->peer == peer_of(paths, i) &&
	       (best->flags & (PATH_NETWORK | PATH_KERNEL)) == paths[i].flags;
}

static const char *
reason_of_second(const struct table *t)
{
	const struct dest *dest = rib_find(t->rib, &t->prefix);

	return rib_lose_reason(t->rib, dest->paths->next, dest_best(dest));
}

/* The first path of a pair wins. */
static const struct {
	const char *reason; /* what is said of the second */
	struct candidate paths[2];
} steps[] = {
	{ "learned, and we originate the prefix ourselves",
	    { { .flags = PATH_KERNEL, .med = -1, .origin = ORIGIN_INCOMPLETE },
		{ .local_pref = 900, .med = -1 } } },
	{ "imported, and a network section names the prefix",
	    { { .flags = PATH_NETWORK, .med = -1 },
		{ .flags = PATH_KERNEL, .med = -1 } } },
	/* RFC 4271 9.1.1 */
	{ "lower LOCAL_PREF",
	    { { .local_pref = 101, .as_path = { 1, 2, 3 }, .med = -1 },
		{ .as_path = { 1 }, .med = -1 } } }, /* none counts as 100 */
	{ "lower LOCAL_PREF",
	    { { .med = -1, .as_path = { 1 } }, { .local_pref = 99, .med = -1 } } },
	/* RFC 4271 9.1.2.2 a */
	{ "longer AS_PATH", { { .as_path = { 1, 2 }, .origin = 2, .med = -1 },
				{ .as_path = { 1, 2, 2 }, .origin = 0, .med = -1 } } },
	/* RFC 4271 9.1.2.2 b */
	{ "higher ORIGIN", { { .origin = ORIGIN_IGP, .as_path = { 1 }, .med = 9 },
			       { .origin = ORIGIN_EGP, .as_path = { 1 }, .med = 1 } } },
	{ "higher ORIGIN",
	    { { .origin = ORIGIN_EGP, .as_path = { 1 }, .med = 9 },
		{ .origin = ORIGIN_INCOMPLETE, .as_path = { 1 }, .med = 1 } } },
	/* RFC 4271 9.1.2.2 c: inside one neighbouring AS */
	{ "higher MULTI_EXIT_DISC",
	    { { .as_path = { 1 }, .med = 1 },
		{ .as_path = { 1 }, .med = 2, .ebgp = true } } },
	/* RFC 4271 9.1.2.2 c: none is the lowest. */
	{ "higher MULTI_EXIT_DISC",
	    { { .as_path = { 1 }, .med = -1, .router_id = 9 },
		{ .as_path = { 1 }, .med = 1, .router_id = 1 } } },
	/* RFC 4271 9.1.2.2 d */
	{ "iBGP, the best is eBGP",
	    { { .as_path = { 1 }, .med = 3, .ebgp = true, .metric = 9 },
		{ .as_path = { 2 }, .med = 1 } } },
	/* RFC 4271 9.1.2.2 e */
	{ "higher IGP cost of the next hop",
	    { { .metric = 10, .router_id = 9, .med = -1 },
		{ .metric = 20, .router_id = 1, .med = -1 } } },
	/* RFC 4271 9.1.2.2 f */
	{ "higher BGP identifier", { { .router_id = 1, .clusters = 3, .med = -1 },
				       { .router_id = 0xc0000000, .med = -1 } } },
	/* RFC 4456 9: the originator counts in place of the peer's identifier. */
	{ "higher BGP identifier",
	    { { .router_id = 9, .originator = 1, .clusters = 3, .med = -1 },
		{ .router_id = 2, .originator = 3, .med = -1 } } },
	/* RFC 4456 9: between f and g */
	{ "longer CLUSTER_LIST",
	    { { .originator = 1, .clusters = 1, .address = 9, .med = -1 },
		{ .originator = 1, .clusters = 2, .address = 1, .med = -1 } } },
	/* RFC 4271 9.1.2.2 g */
	{ "higher peer address",
	    { { .address = 1, .med = -1 }, { .address = 2, .med = -1 } } },
};

START_TEST(step)
{
	const struct candidate *paths = steps[_i / 2].paths;
	struct table t;

	table_make(&t, paths, 2);
	for (unsigned k = 0; k < 2; k++)
		table_announce(&t, paths, _i % 2 == 0 ? k : 1 - k);
	ck_assert_msg(is_best(&t, paths, 0), "%s: the wrong one", steps[_i / 2].reason);
	ck_assert_str_eq(reason_of_second(&t), steps[_i / 2].reason);
	ck_assert_str_eq(rib_lose_reason(t.rib, dest_best(rib_find(t.rib, &t.prefix)),
			     dest_best(rib_find(t.rib, &t.prefix))),
	    "");
	/* The loser alone is the best, and is no more when the winner is back. */
	if (paths[0].flags != 0)
		rib_withdraw_own(t.rib, &t.prefix, paths[0].flags);
	else
		rib_withdraw(t.rib, peer_of(paths, 0), &t.prefix, 0);
	ck_assert(is_best(&t, paths, 1));
	table_announce(&t, paths, 0);
	ck_assert(is_best(&t, paths, 0));
	table_free(&t);
}
END_TEST

/* Paths of which the order of preference is known: each beats all behind it, once those
 * in front of it are gone. */
static const struct {
	const char *what;
	unsigned n;
	struct candidate paths[PATHS_MAX];
} orders[] = {
	{ "plain", 4,
	    { { .local_pref = 200, .med = -1 }, { .as_path = { 7 }, .med = -1 },
		{ .as_path = { 7, 8 }, .med = -1, .router_id = 1 },
		{ .as_path = { 7, 8 }, .med = -1, .router_id = 2 } } },
	/* RFC 4451 and RFC 3345: A beats B by identifier, B beats C by identifier and C
	 * beats A by MED. */
	{ "the circle of MED", 3,
	    { { .as_path = { 2 }, .med = 0, .router_id = 2 },
		{ .as_path = { 1 }, .med = 1, .router_id = 3 },
		{ .as_path = { 1 }, .med = 2, .router_id = 1 } } },
	{ "MED hides the path that would win", 4,
	    { { .as_path = { 2, 9 }, .med = 50, .metric = 5, .router_id = 1 },
		{ .as_path = { 1, 9 }, .med = 10, .metric = 10, .router_id = 3 },
		{ .as_path = { 1, 8 }, .med = 20, .metric = 1, .router_id = 2 },
		{ .as_path = { 1, 7 }, .med = 30, .metric = 0, .router_id = 0 } } },
	{ "MED inside two neighbours", 4,
	    { { .as_path = { 1 }, .med = 5, .metric = 3, .router_id = 1 },
		{ .as_path = { 2 }, .med = 1, .metric = 4, .router_id = 2 },
		{ .as_path = { 2 }, .med = 2, .metric = 1, .router_id = 3 },
		{ .as_path = { 1 }, .med = 6, .metric = 2, .router_id = 4 } } },
	{ "an unusable one counts for nothing", 3,
	    { { .as_path = { 1 }, .med = 2, .router_id = 1 },
		{ .as_path = { 2 }, .med = 9, .router_id = 2 },
		{ .as_path = { 1 }, .med = 1, .router_id = 3, .unusable = true } } },
};

static const uint8_t permutations[24][4] = { { 0, 1, 2, 3 }, { 0, 1, 3, 2 },
	{ 0, 2, 1, 3 }, { 0, 2, 3, 1 }, { 0, 3, 1, 2 }, { 0, 3, 2, 1 }, { 1, 0, 2, 3 },
	{ 1, 0, 3, 2 }, { 1, 2, 0, 3 }, { 1, 2, 3, 0 }, { 1, 3, 0, 2 }, { 1, 3, 2, 0 },
	{ 2, 0, 1, 3 }, { 2, 0, 3, 1 }, { 2, 1, 0, 3 }, { 2, 1, 3, 0 }, { 2, 3, 0, 1 },
	{ 2, 3, 1, 0 }, { 3, 0, 1, 2 }, { 3, 0, 2, 1 }, { 3, 1, 0, 2 }, { 3, 1, 2, 0 },
	{ 3, 2, 0, 1 }, { 3, 2, 1, 0 } };

/* Whatever the order of arrival, and of departure, path 0 is the best in the end. */
START_TEST(every_order)
{
	const struct candidate *paths = orders[_i / 24].paths;
	const uint8_t *order = permutations[_i % 24];
	unsigned n = orders[_i / 24].n;
	struct table t;

	table_make(&t, paths, n);
	for (unsigned k = 0; k < 4; k++)
		if (order[k] < n)
			table_announce(&t, paths, order[k]);
	ck_assert_msg(is_best(&t, paths, 0), "%s: not the first", orders[_i / 24].what);
	/* Each goes and comes back: the outcome is the same. */
	for (unsigned k = 0; k < 4; k++)
		if (order[k] < n) {
			rib_withdraw(t.rib, peer_of(paths, order[k]), &t.prefix, 0);
			table_announce(&t, paths, order[k]);
			ck_assert_msg(is_best(&t, paths, 0), "%s: after a flap of %u",
			    orders[_i / 24].what, order[k]);
		}
	for (const struct path *p = rib_find(t.rib, &t.prefix)->paths->next; p != NULL;
	     p = p->next)
		if (rib_path_is_usable(p))
			ck_assert_str_ne(rib_lose_reason(t.rib, p,
					     dest_best(rib_find(t.rib, &t.prefix))),
			    "");
	table_free(&t);
}
END_TEST

/* The best of all usable paths, found by rib_rank(), which compares them all anew. */
static const struct path *
best_anew(const struct table *t, const struct dest *dest)
{
	const struct path *usable[2 * MODEL_PEERS];
	unsigned n = 0;

	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		if (rib_path_is_usable(p))
			usable[n++] = p;
	return rib_rank(t->rib, usable, n, 1) == 0 ? NULL : usable[0];
}

static void
random_candidate(unsigned *seed, struct candidate *c)
{
	c->local_pref = 100 + (uint32_t)(rand_r(seed) % 8 == 0);
	c->as_path[0] = 1 + (uint32_t)rand_r(seed) % 3;
	c->as_path[1] = rand_r(seed) % 3 == 0 ? 7 : 0;
	c->med = rand_r(seed) % 2 == 0 ? -1 : rand_r(seed) % 3;
	c->unusable = rand_r(seed) % 6 == 0;
}

/*
 * One that comes is compared with the best alone where that suffices: after any changes
 * the best must be what a comparison of all would choose.
 */
START_TEST(random_changes)
{
	struct candidate paths[MODEL_PEERS] = { { .ebgp = false } };
	unsigned seed = (unsigned)_i + 1;
	struct table t;

	for (unsigned i = 0; i < MODEL_PEERS; i++)
		paths[i] = (struct candidate){ .ebgp = i % 2 == 0,
			.router_id = i + 1,
			.address = (uint8_t)(i + 1),
			.metric = i % 3 };
	table_make(&t, paths, MODEL_PEERS);
	for (unsigned k = 0; k < 2000; k++) {
		unsigned i = (unsigned)rand_r(&seed) % MODEL_PEERS;
		const struct dest *dest;

		if (rand_r(&seed) % 3 == 0) {
			rib_withdraw(t.rib, peer_of(paths, i), &t.prefix, 0);
		} else {
			random_candidate(&seed, &paths[i]);
			table_announce(&t, paths, i);
		}
		dest = rib_find(t.rib, &t.prefix);
		MODEL_CHECK(dest == NULL || dest_best(dest) == best_anew(&t, dest),
		    "seed %d, step %u: another best", _i + 1, k);
	}
	table_free(&t);
}
END_TEST

/* Only the front of the list is the best; what is usable is found behind the rest. */
START_TEST(none_is_usable)
{
	const struct candidate paths[] = { { .unusable = true, .med = -1 },
		{ .unusable = true, .med = -1 } };
	struct table t;

	table_make(&t, paths, 2);
	table_announce(&t, paths, 0);
	table_announce(&t, paths, 1);
	ck_assert_ptr_null(dest_best(rib_find(t.rib, &t.prefix)));
	ck_assert_uint_eq(rib_dest_count(t.rib, FAMILY_IPV4), 0);
	ck_assert_uint_eq(rib_path_count(t.rib, FAMILY_IPV4), 2);
	table_free(&t);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("decision");
	TCase *t = tcase_create("decision");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, step, 0, 2 * (int)(sizeof(steps) / sizeof(steps[0])));
	tcase_add_loop_test(
	    t, every_order, 0, 24 * (int)(sizeof(orders) / sizeof(orders[0])));
	tcase_add_loop_test(t, random_changes, 0, 20);
	tcase_add_test(t, none_is_usable);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
