// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The invariant of the update groups: whatever happens and in whatever order, at rest
 * every member holds exactly what export() makes of the Loc-RIB.
 *
 * lib/rib and lib/out are driven directly by random operations, many seeds; what should
 * be held is computed anew from nothing by model.h.
 */
#include "model_world.h"

#include <check.h>
#include <stdio.h>

/* Our own routes flap, while some members read and some do not. */
static void
burst(struct world *w)
{
	for (uint32_t k = 0; k < w->burst; k++) {
		announce(w, 0, rnd(w, w->n_prefixes));
		if (!chance(w, 10))
			continue;
		out_work(w->out, 1 + rnd(w, 16));
		note_ready(w);
		for (uint32_t p = 1; p <= PEERS; p++)
			if (!w->peers[p].stalled && chance(w, 70))
				serve(w, p, false);
		w->now_ms += rnd(w, 10);
		out_set_now(w->out, w->now_ms);
		/* Whoever waits does so for 50 ms at most. */
		MODEL_CHECK(out_deadline(w->out) == UINT64_MAX ||
				out_deadline(w->out) <= w->now_ms + 50,
		    "a late deadline");
	}
}

static void
happen(struct world *w)
{
	uint32_t peer = 1 + rnd(w, PEERS), what = rnd(w, 1000);
	struct neighbour *n = &w->peers[peer];
	uint32_t base = rnd(w, w->n_prefixes);

	if (what < 400) {
		uint32_t source = rnd(w, PEERS + 1);

		for (uint32_t k = rnd(w, 8); k < 8; k++)
			if (chance(w, 60))
				announce(w, source, (base + k) % w->n_prefixes);
			else
				withdraw(w, source, (base + k) % w->n_prefixes);
	} else if (what < 600) {
		work_rib(w, rnd(w, 2) == 0 ? 50 : 100000);
		out_work(w->out, 1 + rnd(w, 1u << rnd(w, 8)));
		note_ready(w);
	} else if (what < 900) {
		note_ready(w);
		for (uint32_t p = 1; p <= PEERS; p++)
			if (!w->peers[p].stalled && chance(w, 70))
				serve(w, p, false);
	} else if (what < 905) {
		burst(w);
	} else if (what < 920) {
		w->now_ms += rnd(w, 40);
		out_set_now(w->out, w->now_ms);
	} else if (what < 940) {
		unsigned hop = rnd(w, HOPS);

		set_hop(w, hop, !w->hop_is_up[hop]);
		rib_resolve(w->rib);
		forget_all_due(w);
	} else if (!n->joined) {
		join(w, peer);
	} else if (what < 970) {
		n->stalled = !n->stalled;
	} else if (what < 980) {
		move(w, peer);
	} else if (what < 985) {
		if (rnd(w, 3) == 0)
			out_refresh(w->out, &n->member);
		else
			out_refresh_enhanced(w->out, &n->member);
	} else if (what < 988) {
		leave(w, peer);
	} else if (what < 991 && n->held_back) {
		out_release_end_of_rib(w->out, &n->member);
		n->held_back = false;
	}
}

static void
play(uint64_t seed, uint32_t n_prefixes, uint32_t communities, uint32_t burst_len,
    unsigned rounds, unsigned length)
{
	static struct world w;

	world_init(&w, seed, n_prefixes, communities);
	w.burst = burst_len;
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < length; i++)
			happen(&w);
		settle(&w);
		world_check(&w);
	}
	world_free(&w);
}

/* Few prefixes that flap all the time. */
START_TEST(flapping)
{
	play(1000 + (uint64_t)_i, 40, 4, 10, 12, 400);
}
END_TEST

/* Long attributes: members that stall are left behind their group's chunks. */
START_TEST(backlog)
{
	play(2000 + (uint64_t)_i, 300, 1000, 1500, 3, 600);
}
END_TEST

/* A walk of several segments, with changes in front of it and behind it. */
START_TEST(long_walk)
{
	static struct world w;

	world_init(&w, 3000 + (uint64_t)_i, 14000, 4);
	for (uint32_t i = 0; i < w.n_prefixes; i++)
		announce(&w, rnd(&w, PEERS + 1), i);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 800; i++)
			happen(&w);
		settle(&w);
		world_check(&w);
	}
	world_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_model");
	TCase *t = tcase_create("model");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, flapping, 0, 150);
	tcase_add_loop_test(t, backlog, 0, 20);
	tcase_add_loop_test(t, long_walk, 0, 12);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
