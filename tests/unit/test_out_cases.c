// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Turns of the update groups that chance brings about too seldom: each by itself,
 * judged by the same model as the random ones.
 */
#include "model_plain.h"

#include <check.h>

/* End-of-RIB stands ready when the member is made to start again: it comes once. */
START_TEST(end_of_rib_is_given_up)
{
	static struct world w;
	struct neighbour *n = &w.peers[1];
	struct iovec iov[8];
	int count;

	world_init(&w, 1, 10, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < 5; i++)
		announce(&w, 0, i);
	join_plainly(&w, 1);
	out_work(w.out, 100);
	note_ready(&w);
	while (n->receiver.n_held < 5)
		serve(&w, 1, true);
	count = member_gather(w.out, &n->member, iov, 8, 1 << 16, false);
	ck_assert_int_eq(count, 1);
	ck_assert_uint_eq(iov[0].iov_len, 23);
	ck_assert_uint_eq(n->receiver.end_of_rib, 0);
	if (_i == 1) { /* a part of it went out: the rest follows */
		receiver_take(&n->receiver, iov[0].iov_base, 20);
		member_wrote(w.out, &n->member, 20);
	}
	if (_i < 2) {
		out_refresh(w.out, &n->member);
	} else {
		n->key.next_hop = OUT_NEXT_HOP_SELF;
		out_move(w.out, &n->member, &n->key);
	}
	finish(&w);
}
END_TEST

/* A route goes while its holder walks after a move; the walk's last segment, which says
 * so, is given up by a second move.  The route must not be forgotten by then. */
START_TEST(moved_twice)
{
	static struct world w;
	struct neighbour *n = &w.peers[1];
	struct iovec iov[8];

	world_init(&w, 1, 10, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < 5; i++)
		announce(&w, 0, i);
	join_plainly(&w, 1);
	settle(&w);
	ck_assert_uint_eq(n->receiver.n_held, 5);
	n->key.next_hop = OUT_NEXT_HOP_SELF;
	out_move(w.out, &n->member, &n->key);
	withdraw(&w, 0, 3);
	while (out_work(w.out, 100))
		continue;
	ck_assert_int_gt(member_gather(w.out, &n->member, iov, 8, 1 << 16, false), 0);
	while (out_work(w.out, 100))
		continue;
	if (_i == 0) {
		n->key.next_hop = OUT_NEXT_HOP_AUTO;
		out_move(w.out, &n->member, &n->key);
	} else {
		out_refresh(w.out, &n->member);
	}
	note_ready(&w);
	finish(&w);
}
END_TEST

/*
 * RFC 7313 4: routes that flap during the walk of a refresh are passed over by it. They
 * come before EoRR, or the member would drop them for a moment.
 */
START_TEST(refresh_sends_what_flaps)
{
	static struct world w;
	struct neighbour *n = &w.peers[1];

	world_init(&w, 2, 100, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < 100; i++)
		announce(&w, 0, i);
	join_plainly(&w, 1);
	settle(&w);
	ck_assert_uint_eq(n->receiver.n_held, 100);
	out_refresh_enhanced(w.out, &n->member);
	/* Not yet exported when the walk comes to them. */
	for (uint32_t i = 0; i < 100; i += 2) {
		withdraw(&w, 0, i);
		announce(&w, 0, i);
	}
	note_ready(&w);
	while (n->queued)
		serve(&w, 1, true);
	ck_assert_uint_eq(n->receiver.refreshes, 1);
	while (out_work(w.out, 3)) {
		note_ready(&w);
		while (n->queued)
			serve(&w, 1, true);
		ck_assert_uint_eq(n->receiver.n_held, 100);
	}
	settle(&w);
	ck_assert_uint_eq(n->receiver.refreshes, 2);
	ck_assert_uint_eq(n->receiver.n_held, 100);
	finish(&w);
}
END_TEST

/* Asked for before End-of-RIB, and over and over: one behind it, and one more. */
START_TEST(refreshes_one_at_a_time)
{
	static struct world w;
	struct neighbour *n = &w.peers[1];

	world_init(&w, 2, 9000, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < (_i == 0 ? 9000 : 0); i++)
		announce(&w, 0, i);
	while (out_work(w.out, 5000))
		continue;
	join_plainly(&w, 1);
	for (unsigned k = 0; k < 5; k++)
		out_refresh_enhanced(w.out, &n->member);
	settle(&w);
	ck_assert_uint_eq(n->receiver.end_of_rib, 1);
	ck_assert_uint_eq(n->receiver.refreshes, 2);
	ck_assert_uint_eq(n->member.refreshes_sent, 2);
	for (unsigned k = 0; k < 5; k++)
		out_refresh_enhanced(w.out, &n->member);
	settle(&w);
	ck_assert_uint_eq(n->receiver.refreshes, 6);
	finish(&w);
}
END_TEST

/* BoRR or EoRR stands ready, or was cut, when the member starts again. */
START_TEST(refresh_is_given_up)
{
	static struct world w;
	struct neighbour *n = &w.peers[1];
	unsigned markers = (unsigned)_i / 2;
	struct iovec iov[8];
	int count;

	world_init(&w, 2, 10, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < 5; i++)
		announce(&w, 0, i);
	join_plainly(&w, 1);
	settle(&w);
	out_refresh_enhanced(w.out, &n->member);
	note_ready(&w);
	for (;;) {
		count = member_gather(w.out, &n->member, iov, 8, 1 << 16, false);
		ck_assert_int_gt(count, 0);
		if (iov[0].iov_len == 23 && markers-- == 0)
			break;
		for (int k = 0; k < count; k++) {
			receiver_take(&n->receiver, iov[k].iov_base, iov[k].iov_len);
			member_wrote(w.out, &n->member, iov[k].iov_len);
		}
	}
	if (_i % 2 == 1) {
		receiver_take(&n->receiver, iov[0].iov_base, 20);
		member_wrote(w.out, &n->member, 20);
	}
	n->key.next_hop = OUT_NEXT_HOP_SELF;
	out_move(w.out, &n->member, &n->key);
	note_ready(&w);
	settle(&w);
	ck_assert_uint_eq(n->receiver.refreshes, 2);
	finish(&w);
}
END_TEST

/* The table grows behind the walk while that is under way. */
START_TEST(table_grows_during_a_walk)
{
	static struct world w;

	world_init(&w, 2, 9000, 1);
	plain_specs(&w, 1);
	for (uint32_t i = 0; i < 4096; i++)
		announce(&w, 0, i);
	while (out_work(w.out, 5000))
		continue;
	join_plainly(&w, 1);
	for (uint32_t i = 4096; i < 9000; i++)
		announce(&w, 0, i);
	while (out_work(w.out, 5000))
		continue;
	ck_assert_uint_eq(w.peers[1].receiver.n_held, 0);
	finish(&w);
}
END_TEST

/*
 * A member that reads nothing: the groups wait for it, and then leave it behind; what
 * it has missed it gets later, once, from the list.  One that reads in time ends the
 * wait.
 */
START_TEST(left_behind)
{
	static struct world w;
	bool in_time = _i == 1;
	uint32_t i = 0;

	world_init(&w, 2, 3000, 1);
	plain_specs(&w, 1000);
	join_plainly(&w, 1);
	join_plainly(&w, 2);
	settle(&w);
	/* Each prefix changes once: nothing comes by itself again. */
	while (out_deadline(w.out) == UINT64_MAX) {
		ck_assert_uint_lt(i, 3000);
		announce(&w, 0, i++);
		out_work(w.out, 1);
		note_ready(&w);
		while (w.peers[1].queued)
			serve(&w, 1, true);
	}
	ck_assert_uint_gt(i, 400);
	ck_assert_uint_eq(out_deadline(w.out), w.now_ms + 50);
	announce(&w, 0, i++);
	ck_assert(!out_work(w.out, 100));
	ck_assert_uint_eq(w.peers[1].receiver.n_held, i - 2);
	if (in_time) {
		while (w.peers[2].queued)
			serve(&w, 2, true);
		/* Nothing is waited for any more, and there is work. */
		ck_assert_uint_le(out_deadline(w.out), w.now_ms);
	} else {
		w.now_ms += 50;
		out_set_now(w.out, w.now_ms);
	}
	out_work(w.out, 100);
	note_ready(&w);
	while (w.peers[1].queued)
		serve(&w, 1, true);
	ck_assert_uint_eq(w.peers[1].receiver.n_held, i);
	ck_assert_uint_eq(w.peers[2].receiver.n_held, in_time ? i - 2 : 0);
	finish(&w);
}
END_TEST

/* Above a quarter of the table and 64k tombstones the slowest member must go. */
START_TEST(tombstones_are_bounded)
{
	static struct world w;
	uint32_t i;

	world_init(&w, 4000, 70000, 4);
	for (i = 0; i < w.n_prefixes; i++)
		announce(&w, 0, i);
	for (uint32_t p = 1; p <= 3; p++)
		join(&w, p);
	settle(&w);
	w.peers[2].stalled = true;
	for (i = 0; i < 65536 + 4464 / 4; i++) {
		withdraw(&w, 0, i);
		if (i % 1000 == 0)
			while (out_work(w.out, 5000))
				continue;
		note_ready(&w);
		serve(&w, 1, true);
		serve(&w, 3, true);
		MODEL_CHECK(i % 1000 != 0 || out_overdue_member(w.out) == NULL,
		    "overdue at %u", i);
	}
	while (i < w.n_prefixes)
		withdraw(&w, 0, i++);
	while (out_work(w.out, 5000))
		continue;
	note_ready(&w);
	for (i = 0; i < 100; i++) {
		serve(&w, 1, true);
		serve(&w, 3, true);
	}
	out_work(w.out, 5000);
	/* It has a while to read on. */
	ck_assert_ptr_null(out_overdue_member(w.out));
	ck_assert_uint_ne(out_deadline(w.out), UINT64_MAX);
	w.now_ms += 10000 - 1;
	out_set_now(w.out, w.now_ms);
	ck_assert_ptr_null(out_overdue_member(w.out));
	w.now_ms++;
	out_set_now(w.out, w.now_ms);
	ck_assert_ptr_eq(out_overdue_member(w.out), &w.peers[2].member);
	ck_assert_uint_gt(rib_tombstones(w.rib, w.family), 65536);
	out_leave(w.out, &w.peers[2].member);
	w.peers[2].joined = false;
	ck_assert_ptr_null(out_overdue_member(w.out));
	settle(&w);
	world_check(&w);
	world_free(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_cases");
	TCase *t = tcase_create("cases");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, end_of_rib_is_given_up, 0, 3);
	tcase_add_loop_test(t, moved_twice, 0, 2);
	tcase_add_test(t, refresh_sends_what_flaps);
	tcase_add_loop_test(t, refreshes_one_at_a_time, 0, 2);
	tcase_add_loop_test(t, refresh_is_given_up, 0, 4);
	tcase_add_test(t, table_grows_during_a_walk);
	tcase_add_loop_test(t, left_behind, 0, 2);
	tcase_add_test(t, tombstones_are_bounded);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
