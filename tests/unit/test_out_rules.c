// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules that make update groups right, each by itself.  The random test of them all
 * is test_out_model.c; exclusions are in test_out_export.c, identifiers of paths in
 * test_out_paths.c, moves by difference and the bound of tombstones in
 * test_out_cases.c.
 */
#include "model_plain.h"

#include <check.h>

/* A world with prefixes 0 to 4 announced by ourselves. */
static void
five_routes(struct world *w)
{
	world_init(w, 1, 10, 1);
	plain_specs(w, 1);
	for (uint32_t i = 0; i < 5; i++)
		announce(w, 0, i);
}

static void
work(struct world *w)
{
	while (out_work(w->out, 1000))
		continue;
	note_ready(w);
}

static bool
holds(const struct world *w, uint32_t peer, uint32_t prefix)
{
	return w->peers[peer].receiver.held[prefix * MODEL_PATHS] != 0;
}

/* The member has got the table, and not stepped in. */
static void
take_first_part(struct world *w, uint32_t peer)
{
	note_ready(w);
	serve(w, peer, true);
	ck_assert(holds(w, peer, 3));
	ck_assert_int_ne(w->peers[peer].member.state, MEMBER_IN_STEP);
}

/* ---- the group key ---- */

static void
vary(struct group_key *key, int field)
{
	struct addr a = addr_ipv4(0xc0000209);

	switch (field) {
	case 0: key->family = FAMILY_IPV6; break;
	case 1: key->ebgp = 1; break;
	case 2: key->client = 0; break;
	case 3: key->as4 = 0; break;
	case 4: key->next_hop = OUT_NEXT_HOP_SELF; break;
	case 5: key->remove_private = 1; break;
	case 6: key->passes = 0; break;
	case 7: key->own_only = 1; break;
	case 8: key->extended_next_hop = 1; break;
	case 9: key->add_path = 2; break;
	case 10: key->message_size = MESSAGE_MAX_LEN; break;
	case 11: key->local_as = 64999; break;
	case 12: key->remote_as = 64999; break;
	case 13: key->cluster_id = 99; break;
	case 14: key->self = a; break;
	case 15: key->shared = prefix_of(&a, 24); break;
	default: ck_abort_msg("no such field");
	}
}

/* Whatever can change an octet makes a group of its own; who is alike shares one. */
START_TEST(a_group_per_key)
{
	static struct world w;
	struct member other = { 0 };
	struct group_key key;

	five_routes(&w);
	join_plainly(&w, 1);
	join_plainly(&w, 2);
	ck_assert_uint_eq(out_group_count(w.out), 1);
	memcpy(&key, &w.peers[1].key, sizeof(key));
	vary(&key, _i);
	out_join(w.out, &other, 3, &key);
	ck_assert_uint_eq(out_group_count(w.out), 2);
	out_leave(w.out, &other);
	ck_assert_uint_eq(out_group_count(w.out), 1);
	finish(&w);
}
END_TEST

/* ---- withdrawals ---- */

/* The head has withdrawn a route, and knows of it no more; a member that was given it
 * by its walk and stands behind still gets the withdrawal. */
START_TEST(who_is_behind_is_withdrawn_from)
{
	static struct world w;

	five_routes(&w);
	join_plainly(&w, 1);
	settle(&w);
	join_plainly(&w, 2);
	take_first_part(&w, 2);
	withdraw(&w, 0, 3);
	work(&w);
	serve(&w, 1, true);
	ck_assert(!holds(&w, 1, 3));
	ck_assert(holds(&w, 2, 3));
	settle(&w);
	ck_assert(!holds(&w, 2, 3));
	finish(&w);
}
END_TEST

/* What we have in place of RFC 4271 9.2.1.1: a hundred flaps while a member reads
 * nothing reach it as one change. */
START_TEST(flaps_are_one_change)
{
	static struct world w;
	uint32_t before;

	five_routes(&w);
	join_plainly(&w, 1);
	settle(&w);
	join_plainly(&w, 2);
	take_first_part(&w, 2);
	before = w.peers[2].receiver.n_announced;
	for (int i = 0; i < 100; i++) {
		withdraw(&w, 0, 3);
		work(&w);
		announce(&w, 0, 3);
		work(&w);
	}
	settle(&w);
	ck_assert_uint_eq(w.peers[2].receiver.n_announced, before + 1);
	finish(&w);
}
END_TEST

/* ---- tombstones and the trim floor ---- */

/* A withdrawn destination is kept while somebody is behind it, and then forgotten. */
START_TEST(tombstones_wait_for_the_slowest)
{
	static struct world w;

	five_routes(&w);
	join_plainly(&w, 1);
	settle(&w);
	join_plainly(&w, 2);
	take_first_part(&w, 2);
	withdraw(&w, 0, 3);
	work(&w);
	serve(&w, 1, true);
	work(&w);
	ck_assert_uint_eq(rib_tombstones(w.rib, w.family), 1);
	settle(&w);
	work(&w);
	ck_assert_uint_eq(rib_tombstones(w.rib, w.family), 0);
	finish(&w);
}
END_TEST

/* What was encoded before the list was trimmed is not sent to who joins after: it would
 * bring back what nothing withdraws any more. */
START_TEST(no_route_rises_from_the_dead)
{
	static struct world w;

	five_routes(&w);
	join_plainly(&w, 1); /* its walk leaves the encoded segment in the cache */
	settle(&w);
	withdraw(&w, 0, 3);
	settle(&w);
	work(&w);
	ck_assert_uint_eq(rib_tombstones(w.rib, w.family), 0);
	join_plainly(&w, 2);
	settle(&w);
	ck_assert(!holds(&w, 2, 3));
	ck_assert_uint_eq(w.peers[2].receiver.n_held, 4);
	finish(&w);
}
END_TEST

/* ---- refresh ---- */

/* ROUTE-REFRESH of one (RFC 2918): it alone gets the table again, no list is touched.
 */
START_TEST(refresh_is_nobody_elses)
{
	static struct world w;
	uint32_t ones, others;
	uint64_t version;

	five_routes(&w);
	join_plainly(&w, 1);
	join_plainly(&w, 2);
	settle(&w);
	version = rib_version(w.rib, w.family);
	ones = w.peers[1].receiver.n_announced;
	others = w.peers[2].receiver.n_announced;
	out_refresh(w.out, &w.peers[1].member);
	settle(&w);
	ck_assert_uint_eq(rib_version(w.rib, w.family), version);
	ck_assert_uint_eq(w.peers[1].receiver.n_announced, ones + 5);
	ck_assert_uint_eq(w.peers[2].receiver.n_announced, others);
	finish(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_rules");
	TCase *t = tcase_create("rules");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_group_per_key, 0, 16);
	tcase_add_test(t, who_is_behind_is_withdrawn_from);
	tcase_add_test(t, flaps_are_one_change);
	tcase_add_test(t, tombstones_wait_for_the_slowest);
	tcase_add_test(t, no_route_rises_from_the_dead);
	tcase_add_test(t, refresh_is_nobody_elses);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
