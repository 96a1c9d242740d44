// links: bgp_bfd
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two BFD machines over a simulated link that delays, loses, reorders and breaks.  What
 * has to hold whatever the dice say: without loss no session that is Up goes down,
 * whatever the operator does to its intervals; a break is found out within the
 * Detection Time, on both sides; and once the link is whole both sides are Up and
 * agree.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/bfd.h"

enum { MS = 1000, SECOND = 1000 * MS, FLIGHT = 256, SIDES = 2 };

struct side {
	struct bfd *bfd;
	struct bfd_session *session;
	struct addr addr;
	bool cut;       /* what it sends is lost */
	unsigned downs; /* from Up */
	uint64_t up_at, down_at;
	uint8_t diag;
	bool remote_admin, closed;
};

struct flight {
	uint64_t at; /* 0: a free place */
	unsigned to;
	uint8_t octets[BFD_PACKET_LEN];
};

struct link {
	uint64_t now;
	uint64_t random;
	unsigned loss_percent;
	uint32_t delay_us, spread_us;
	struct side sides[SIDES];
	struct flight flights[FLIGHT];
};

static uint32_t
dice(struct link *link, uint32_t n)
{
	link->random ^= link->random >> 12;
	link->random ^= link->random << 25;
	link->random ^= link->random >> 27;
	return (uint32_t)((link->random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % n);
}

static void
side_open(struct link *link, unsigned i, uint32_t interval_us, uint8_t multiplier)
{
	struct side *side = &link->sides[i];
	struct bfd_params params = { .remote = link->sides[1 - i].addr,
		.local = side->addr,
		.interval_us = interval_us,
		.multiplier = multiplier };

	side->closed = false;
	side->session = bfd_session_open(side->bfd, link->now, &params, side);
}

static struct link *
link_new(int seed)
{
	struct link *link = calloc(1, sizeof(*link));

	ck_assert_ptr_nonnull(link);
	link->random = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	link->now = 77 * SECOND;
	link->delay_us = 1 * MS;
	link->spread_us = 1;
	for (unsigned i = 0; i < SIDES; i++) {
		link->sides[i].bfd = bfd_new(dice(link, UINT32_MAX));
		link->sides[i].addr = addr_ipv4(0x0a000001 + i);
	}
	return link;
}

static void
link_free(struct link *link)
{
	for (unsigned i = 0; i < SIDES; i++)
		bfd_free(link->sides[i].bfd);
	free(link);
}

static void
launch(struct link *link, unsigned from, const uint8_t *octets)
{
	if (link->sides[from].cut || dice(link, 100) < link->loss_percent)
		return;
	for (int i = 0; i < FLIGHT; i++) {
		struct flight *f = &link->flights[i];

		if (f->at != 0)
			continue;
		f->at = link->now + link->delay_us + dice(link, link->spread_us);
		f->to = 1 - from;
		memcpy(f->octets, octets, BFD_PACKET_LEN);
		return;
	}
	ck_abort_msg("too many packets on the link");
}

static void
note(struct link *link, struct side *side, const struct bfd_change *change)
{
	if (change->kind == BFD_CHANGE_CLOSED) {
		side->closed = true;
		return;
	}
	if (change->after == BFD_UP)
		side->up_at = link->now;
	if (change->before == BFD_UP) {
		side->downs++;
		side->down_at = link->now;
		side->diag = change->diag;
		side->remote_admin = change->remote_admin;
	}
}

static void
drain(struct link *link)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_change change;
	void *user;

	for (unsigned i = 0; i < SIDES; i++) {
		struct bfd *bfd = link->sides[i].bfd;

		while (bfd_next_packet(bfd, link->now, &user, octets))
			launch(link, i, octets);
		while (bfd_next_change(bfd, &change))
			note(link, &link->sides[i], &change);
	}
}

static uint64_t
next_event(const struct link *link)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < SIDES; i++)
		if (bfd_deadline(link->sides[i].bfd) < at)
			at = bfd_deadline(link->sides[i].bfd);
	for (int i = 0; i < FLIGHT; i++)
		if (link->flights[i].at != 0 && link->flights[i].at < at)
			at = link->flights[i].at;
	return at;
}

static void
land(struct link *link, struct flight *f)
{
	struct side *side = &link->sides[f->to];
	struct bfd_datagram datagram = { .octets = f->octets,
		.len = BFD_PACKET_LEN,
		.source = link->sides[1 - f->to].addr,
		.destination = side->addr,
		.ttl = BFD_TTL };

	f->at = 0;
	bfd_receive(side->bfd, link->now, &datagram);
}

static void
run(struct link *link, uint64_t us)
{
	uint64_t end = link->now + us;

	drain(link);
	for (uint64_t at; (at = next_event(link)) <= end; drain(link)) {
		if (at > link->now)
			link->now = at;
		for (int i = 0; i < FLIGHT; i++)
			if (link->flights[i].at != 0 &&
			    link->flights[i].at <= link->now)
				land(link, &link->flights[i]);
		for (unsigned i = 0; i < SIDES; i++)
			bfd_tick(link->sides[i].bfd, link->now);
	}
	link->now = end;
}

static struct bfd_status
status_of(const struct link *link, unsigned i)
{
	struct bfd_status out;

	bfd_session_status(link->sides[i].session, &out);
	return out;
}

static bool
both_up(const struct link *link)
{
	return status_of(link, 0).state == BFD_UP && status_of(link, 1).state == BFD_UP;
}

static void
open_both(struct link *link, uint32_t interval_us, uint8_t multiplier)
{
	side_open(link, 0, interval_us, multiplier);
	run(link, dice(link, 3 * SECOND));
	side_open(link, 1, interval_us, multiplier);
}

static unsigned
downs(const struct link *link)
{
	return link->sides[0].downs + link->sides[1].downs;
}

/* ---- tests ---- */

START_TEST(comes_up)
{
	struct link *link = link_new(_i + 1);
	struct bfd_status a, b;

	open_both(link, 300 * MS, 3);
	run(link, 2 * SECOND);
	ck_assert(both_up(link));
	a = status_of(link, 0);
	b = status_of(link, 1);
	ck_assert_uint_eq(a.local_discriminator, b.remote_discriminator);
	ck_assert_uint_eq(b.local_discriminator, a.remote_discriminator);
	ck_assert(!a.polling && !b.polling);
	ck_assert_uint_eq(a.detection_us, 900 * MS);
	ck_assert_uint_eq(a.transmit_us, 300 * MS);
	link_free(link);
}
END_TEST

/* RFC 5880 6.8.2: each direction goes at the slower of what one sends and one takes. */
START_TEST(different_timers)
{
	struct link *link = link_new(_i + 1);
	struct bfd_status a, b;

	side_open(link, 0, 300 * MS, 3);
	side_open(link, 1, 1500 * MS, 5);
	run(link, 10 * SECOND);
	a = status_of(link, 0);
	b = status_of(link, 1);
	ck_assert(both_up(link));
	ck_assert_uint_eq(a.transmit_us, 1500 * MS);
	ck_assert_uint_eq(b.transmit_us, 1500 * MS);
	ck_assert_uint_eq(a.detection_us, 5 * 1500 * MS);
	ck_assert_uint_eq(b.detection_us, 3 * 1500 * MS);
	run(link, 100 * SECOND);
	ck_assert_uint_eq(downs(link), 0);
	link_free(link);
}
END_TEST

/* Both directions break: both find out by themselves, in time and not before. */
START_TEST(break_is_found)
{
	struct link *link = link_new(_i + 1);
	uint64_t cut_at;

	open_both(link, 300 * MS, 3);
	run(link, 5 * SECOND + dice(link, SECOND));
	ck_assert(both_up(link));
	link->sides[0].cut = link->sides[1].cut = true;
	cut_at = link->now;
	run(link, 5 * SECOND);
	for (unsigned i = 0; i < SIDES; i++) {
		ck_assert_uint_eq(link->sides[i].downs, 1);
		ck_assert_uint_eq(link->sides[i].diag, BFD_DIAG_DETECTION_EXPIRED);
		ck_assert_uint_le(link->sides[i].down_at, cut_at + 902 * MS);
		ck_assert_uint_ge(link->sides[i].down_at, cut_at + 600 * MS - 2 * MS);
	}
	link->sides[0].cut = link->sides[1].cut = false;
	run(link, 5 * SECOND);
	ck_assert(both_up(link));
	link_free(link);
}
END_TEST

/* One direction breaks: who hears nothing finds out, and tells the other. */
START_TEST(one_way_break)
{
	struct link *link = link_new(_i + 1);
	unsigned deaf = dice(link, 2);

	open_both(link, 300 * MS, 3);
	run(link, 5 * SECOND);
	ck_assert(both_up(link));
	link->sides[1 - deaf].cut = true;
	run(link, SECOND);
	ck_assert_uint_eq(link->sides[deaf].diag, BFD_DIAG_DETECTION_EXPIRED);
	ck_assert_uint_eq(link->sides[1 - deaf].diag, BFD_DIAG_NEIGHBOR_DOWN);
	ck_assert(!link->sides[1 - deaf].remote_admin);
	ck_assert_uint_le(
	    link->sides[1 - deaf].down_at - link->sides[deaf].down_at, 2 * MS);
	link_free(link);
}
END_TEST

/* RFC 5880 6.8.16 */
START_TEST(admin_down_and_back)
{
	struct link *link = link_new(_i + 1);

	open_both(link, 300 * MS, 3);
	run(link, 5 * SECOND);
	bfd_session_disable(link->sides[0].bfd, link->sides[0].session, link->now);
	run(link, 10 * SECOND);
	ck_assert_uint_eq(link->sides[1].downs, 1);
	ck_assert(link->sides[1].remote_admin);
	ck_assert_uint_eq(link->sides[1].diag, BFD_DIAG_NEIGHBOR_DOWN);
	ck_assert(link->sides[0].closed);
	bfd_session_enable(link->sides[0].bfd, link->sides[0].session, link->now);
	run(link, 5 * SECOND);
	ck_assert(both_up(link));
	link_free(link);
}
END_TEST

/* One side starts anew, with another discriminator, before the other has noticed. */
START_TEST(restart)
{
	struct link *link = link_new(_i + 1);

	open_both(link, 300 * MS, 3);
	run(link, 5 * SECOND);
	bfd_session_free(link->sides[0].bfd, link->sides[0].session);
	run(link, dice(link, 500 * MS));
	side_open(link, 0, 300 * MS, 3);
	run(link, 5 * SECOND);
	ck_assert_uint_eq(link->sides[1].downs, 1);
	ck_assert(!link->sides[1].remote_admin);
	ck_assert(both_up(link));
	link_free(link);
}
END_TEST

/* RFC 5880 6.8.3: that is what Poll Sequences are for. */
START_TEST(changes_of_timing_lose_nothing)
{
	static const uint32_t intervals[] = { 10 * MS, 50 * MS, 300 * MS, 1000 * MS,
		3000 * MS };
	struct link *link = link_new(_i + 1);

	link->delay_us = 1 + dice(link, 30 * MS);
	link->spread_us = 1 + dice(link, 5 * MS);
	open_both(link, intervals[dice(link, 5)], 3);
	run(link, 15 * SECOND);
	ck_assert(both_up(link));
	for (int i = 0; i < 200; i++) {
		struct side *side = &link->sides[dice(link, 2)];
		struct bfd_status status;

		/* The least multiplier stands the spread of the delay. */
		bfd_session_set_timing(side->bfd, side->session, link->now,
		    intervals[dice(link, 5)], (uint8_t)(3 + dice(link, 5)));
		bfd_session_status(side->session, &status);
		run(link, dice(link, 4 * SECOND));
		ck_assert_msg(downs(link) == 0, "after %d changes", i + 1);
	}
	run(link, 30 * SECOND);
	ck_assert(both_up(link));
	ck_assert(!status_of(link, 0).polling && !status_of(link, 1).polling);
	for (unsigned i = 0; i < SIDES; i++) {
		struct bfd_status us = status_of(link, i),
				  them = status_of(link, 1 - i);
		uint32_t slower = us.interval_us > them.interval_us ? us.interval_us
								    : them.interval_us;

		ck_assert_uint_eq(us.transmit_us, slower);
		ck_assert_uint_eq(us.detection_us, (uint64_t)them.multiplier * slower);
	}
	link_free(link);
}
END_TEST

/* Everything at once; then peace, in which both must come up and stay. */
START_TEST(chaos)
{
	struct link *link = link_new(_i + 1);
	unsigned before;

	link->loss_percent = dice(link, 60);
	link->delay_us = 1 + dice(link, 100 * MS);
	link->spread_us = 1 + dice(link, 100 * MS);
	open_both(link, 100 * MS, 3);
	for (int step = 0; step < 150; step++) {
		unsigned i = dice(link, 2);
		struct side *side = &link->sides[i];

		switch (dice(link, 8)) {
		case 0: side->cut = !side->cut; break;
		case 1:
			bfd_session_set_timing(side->bfd, side->session, link->now,
			    (1 + dice(link, 20)) * 50 * MS,
			    (uint8_t)(1 + dice(link, 5)));
			break;
		case 2: bfd_session_disable(side->bfd, side->session, link->now); break;
		case 3: bfd_session_enable(side->bfd, side->session, link->now); break;
		case 4:
			bfd_session_free(side->bfd, side->session);
			side_open(link, i, 100 * MS, 3);
			break;
		default: break;
		}
		run(link, dice(link, 2 * SECOND));
	}
	link->loss_percent = 0;
	link->spread_us = 1;
	for (unsigned i = 0; i < SIDES; i++) {
		struct side *side = &link->sides[i];

		side->cut = false;
		bfd_session_enable(side->bfd, side->session, link->now);
		bfd_session_set_timing(
		    side->bfd, side->session, link->now, 300 * MS, 3);
	}
	run(link, 30 * SECOND);
	ck_assert(both_up(link));
	before = downs(link);
	run(link, 60 * SECOND);
	ck_assert_uint_eq(downs(link), before);
	ck_assert_uint_eq(status_of(link, 0).detection_us, 900 * MS);
	ck_assert(!status_of(link, 0).polling && !status_of(link, 1).polling);
	link_free(link);
}
END_TEST

/* 500 sessions of one speaker: deadlines that are close to each other coincide, so that
 * they wake it some hundred times a second, and each takes its packets. */
START_TEST(many_wake_seldom)
{
	enum { MANY = 500 };
	struct bfd *bfd = bfd_new(1);
	struct bfd_session *sessions[MANY];
	uint64_t now = SECOND, end = 11 * SECOND;
	unsigned wakes = 0, packets = 0;
	uint8_t octets[BFD_PACKET_LEN];
	void *user;

	for (uint32_t i = 0; i < MANY; i++) {
		struct bfd_params params = { .remote = addr_ipv4(0x0a000000 + i),
			.interval_us = 1000 * MS,
			.multiplier = 3 };

		sessions[i] = bfd_session_open(bfd, now, &params, &sessions[i]);
		while (bfd_next_packet(bfd, now, &user, octets))
			continue;
	}
	while ((now = bfd_deadline(bfd)) < end) {
		wakes++;
		bfd_tick(bfd, now);
		while (bfd_next_packet(bfd, now, &user, octets))
			packets++;
	}
	ck_assert_uint_ge(packets, MANY * 10);
	ck_assert_uint_le(packets, MANY * 14);
	ck_assert_uint_le(wakes, 10 * 40);
	bfd_free(bfd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bfd_link");
	TCase *tc = tcase_create("link");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, comes_up, 0, 50);
	tcase_add_loop_test(tc, different_timers, 0, 20);
	tcase_add_loop_test(tc, break_is_found, 0, 100);
	tcase_add_loop_test(tc, one_way_break, 0, 50);
	tcase_add_loop_test(tc, admin_down_and_back, 0, 50);
	tcase_add_loop_test(tc, restart, 0, 50);
	tcase_add_loop_test(tc, changes_of_timing_lose_nothing, 0, 40);
	tcase_add_loop_test(tc, chaos, 0, 100);
	tcase_add_test(tc, many_wake_seldom);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
