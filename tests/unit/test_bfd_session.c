// links: bgp_bfd
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One BFD session against a peer played by hand: the state machine of RFC 5880 6.8,
 * cell by cell, and the rules of reception and transmission.  Two machines that talk to
 * each other are in test_bfd_link.c.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/bfd.h"

enum { MS = 1000, SECOND = 1000 * MS, THEIRS = 0x7777 };

static struct bfd *bfd;
static struct bfd_session *session;
static uint64_t now;
static struct bfd_packet last; /* sent by us */
static unsigned n_sent;
static struct bfd_change change; /* the last one */
static unsigned n_changes;
static int user;

static struct addr
addr_of(const char *text)
{
	struct addr out;

	ck_assert(addr_parse(text, &out));
	return out;
}

static void
drain(void)
{
	uint8_t octets[BFD_PACKET_LEN];
	void *who;

	while (bfd_next_packet(bfd, now, &who, octets)) {
		ck_assert_ptr_eq(who, &user);
		ck_assert_int_eq(
		    bfd_packet_get(octets, sizeof(octets), &last), BFD_DROP_NOT);
		ck_assert(!(last.poll && last.final)); /* RFC 5880 6.5 */
		ck_assert_uint_eq(last.required_min_echo_rx_us, 0);
		ck_assert(!last.independent && !last.demand);
		if (last.state != BFD_UP) /* RFC 5880 6.8.3 */
			ck_assert_uint_ge(last.desired_min_tx_us, SECOND);
		n_sent++;
	}
	while (bfd_next_change(bfd, &change))
		n_changes++;
}

static void
open_with(uint32_t interval_us, uint8_t multiplier)
{
	struct bfd_params params = { .remote = addr_of("10.0.0.2"),
		.local = addr_of("10.0.0.1"),
		.interval_us = interval_us,
		.multiplier = multiplier };

	bfd = bfd_new(7);
	now = 1000 * SECOND;
	n_sent = n_changes = 0;
	session = bfd_session_open(bfd, now, &params, &user);
	drain();
}

static void
setup(void)
{
	open_with(300 * MS, 3);
}

static void
teardown(void)
{
	bfd_free(bfd);
}

static struct bfd_status
status(void)
{
	struct bfd_status out;

	bfd_session_status(session, &out);
	return out;
}

static struct bfd_packet
packet_of(uint8_t state)
{
	return (struct bfd_packet){ .state = state,
		.detect_mult = 3,
		.my_discriminator = THEIRS,
		.your_discriminator = status().local_discriminator,
		.desired_min_tx_us = 300 * MS,
		.required_min_rx_us = 300 * MS };
}

static enum bfd_drop
deliver_as(const struct bfd_packet *packet, const char *source, const char *destination,
    uint8_t ttl, bool multihop)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_datagram datagram = { .octets = octets,
		.len = sizeof(octets),
		.source = addr_of(source),
		.destination = addr_of(destination),
		.ttl = ttl,
		.multihop = multihop };
	enum bfd_drop drop;

	bfd_packet_put(packet, octets);
	drop = bfd_receive(bfd, now, &datagram);
	drain();
	return drop;
}

static enum bfd_drop
deliver(const struct bfd_packet *packet)
{
	return deliver_as(packet, "10.0.0.2", "10.0.0.1", 255, false);
}

static void
hear(uint8_t state)
{
	struct bfd_packet packet = packet_of(state);

	ck_assert_int_eq(deliver(&packet), BFD_DROP_NOT);
}

/* Time passes, and the timers run when they ask for it. */
static void
pass(uint64_t us)
{
	uint64_t end = now + us;

	while (bfd_deadline(bfd) <= end) {
		if (bfd_deadline(bfd) > now) /* else it is late */
			now = bfd_deadline(bfd);
		bfd_tick(bfd, now);
		drain();
	}
	now = end;
}

static void
answer_poll(void)
{
	struct bfd_packet packet = packet_of(status().state);

	packet.final = true;
	ck_assert_int_eq(deliver(&packet), BFD_DROP_NOT);
}

static void
bring_up(void)
{
	hear(BFD_DOWN);
	hear(BFD_INIT);
	answer_poll();
	if (status().polling) /* one for what changed before was not answered yet */
		answer_poll();
	ck_assert_uint_eq(status().state, BFD_UP);
	ck_assert(!status().polling);
}

/* ---- states ---- */

/* RFC 5880 6.2, 6.8.6, all twelve cells. */
static const struct {
	uint8_t state, heard, next;
} cells[] = {
	{ BFD_DOWN, BFD_ADMIN_DOWN, BFD_DOWN },
	{ BFD_DOWN, BFD_DOWN, BFD_INIT },
	{ BFD_DOWN, BFD_INIT, BFD_UP },
	{ BFD_DOWN, BFD_UP, BFD_DOWN },
	{ BFD_INIT, BFD_ADMIN_DOWN, BFD_DOWN },
	{ BFD_INIT, BFD_DOWN, BFD_INIT },
	{ BFD_INIT, BFD_INIT, BFD_UP },
	{ BFD_INIT, BFD_UP, BFD_UP },
	{ BFD_UP, BFD_ADMIN_DOWN, BFD_DOWN },
	{ BFD_UP, BFD_DOWN, BFD_DOWN },
	{ BFD_UP, BFD_INIT, BFD_UP },
	{ BFD_UP, BFD_UP, BFD_UP },
};

START_TEST(state_cell)
{
	uint8_t state = cells[_i].state, next = cells[_i].next;
	unsigned before;

	if (state >= BFD_INIT)
		hear(BFD_DOWN);
	if (state == BFD_UP)
		hear(BFD_INIT);
	ck_assert_uint_eq(status().state, state);
	before = n_changes;
	hear(cells[_i].heard);
	ck_assert_uint_eq(status().state, next);
	ck_assert_uint_eq(n_changes, before + (state != next));
	if (state == next)
		return;
	ck_assert_uint_eq(change.before, state);
	ck_assert_uint_eq(change.after, next);
	ck_assert_uint_eq(last.state, next); /* 6.8.7: told at once */
	if (next == BFD_DOWN) {
		ck_assert_uint_eq(change.diag, BFD_DIAG_NEIGHBOR_DOWN);
		ck_assert_uint_eq(last.diag, BFD_DIAG_NEIGHBOR_DOWN);
		ck_assert(change.remote_admin == (cells[_i].heard == BFD_ADMIN_DOWN));
	}
}
END_TEST

/* RFC 5880 6.8.4: the peer's Detect Mult times the slower of the two intervals. */
START_TEST(detection_time)
{
	struct bfd_packet packet;

	bring_up();
	ck_assert_uint_eq(status().detection_us, 900 * MS);
	packet = packet_of(BFD_UP);
	packet.detect_mult = 5;
	packet.desired_min_tx_us = 400 * MS;
	deliver(&packet);
	ck_assert_uint_eq(status().detection_us, 2000 * MS);
	packet.desired_min_tx_us = 1;
	packet.detect_mult = 1;
	deliver(&packet);
	ck_assert_uint_eq(status().detection_us, 300 * MS);
	pass(300 * MS - 1);
	ck_assert_uint_eq(status().state, BFD_UP);
	pass(1);
	ck_assert_uint_eq(status().state, BFD_DOWN);
	ck_assert_uint_eq(change.diag, BFD_DIAG_DETECTION_EXPIRED);
	ck_assert(!change.remote_admin);
	ck_assert_uint_eq(last.diag, BFD_DIAG_DETECTION_EXPIRED);
	ck_assert_uint_eq(last.your_discriminator, 0);
	ck_assert_uint_eq(status().last_down_diag, BFD_DIAG_DETECTION_EXPIRED);
	ck_assert_uint_eq(status().last_down_us, now);
}
END_TEST

START_TEST(detection_in_init)
{
	hear(BFD_DOWN);
	ck_assert_uint_eq(status().state, BFD_INIT);
	pass(900 * MS);
	ck_assert_uint_eq(status().state, BFD_DOWN);
	ck_assert_uint_eq(change.diag, BFD_DIAG_DETECTION_EXPIRED);
}
END_TEST

/* RFC 5880 6.8.1, bfd.RemoteDiscr: forgotten after a Detection Time in any state. */
START_TEST(discriminator_is_forgotten)
{
	hear(BFD_UP);
	ck_assert_uint_eq(status().state, BFD_DOWN);
	ck_assert_uint_eq(status().remote_discriminator, THEIRS);
	pass(900 * MS);
	ck_assert_uint_eq(status().remote_discriminator, 0);
}
END_TEST

/* The C bit goes with the change: RFC 5882 4.3. */
START_TEST(independence_is_told)
{
	struct bfd_packet packet;

	bring_up();
	packet = packet_of(BFD_UP);
	packet.independent = true;
	deliver(&packet);
	pass(SECOND);
	ck_assert_uint_eq(change.after, BFD_DOWN);
	ck_assert(change.independent);
}
END_TEST

/* ---- transmission ---- */

/* RFC 5880 6.8.7: 75 to 100 %, and 75 to 90 % with a Detect Mult of 1. */
START_TEST(jitter)
{
	unsigned multiplier = _i == 0 ? 3 : 1;
	uint64_t most = _i == 0 ? 300 * MS : 270 * MS;
	uint64_t least = UINT64_MAX, greatest = 0, before;

	teardown();
	open_with(300 * MS, (uint8_t)multiplier);
	bring_up();
	for (int i = 0; i < 2000; i++) {
		uint64_t gap, due = now;

		hear(BFD_UP);
		before = now;
		n_sent = 0;
		while (n_sent == 0) {
			due = bfd_deadline(bfd);
			now = due + (uint64_t)(rand() % 3000); /* late, as all are */
			bfd_tick(bfd, now);
			drain();
		}
		gap = due - before;
		if (i == 0) /* it counts from the packet before */
			continue;
		least = gap < least ? gap : least;
		greatest = gap > greatest ? gap : greatest;
	}
	ck_assert_uint_ge(least, 225 * MS);
	ck_assert_uint_le(greatest, most);
	ck_assert_uint_le(least, 235 * MS);
	ck_assert_uint_ge(greatest, most - 10 * MS);
}
END_TEST

START_TEST(slow_while_not_up)
{
	n_sent = 0;
	pass(100 * SECOND);
	ck_assert_uint_ge(n_sent, 100);
	ck_assert_uint_le(n_sent, 134);
}
END_TEST

/* RFC 5880 6.8.7: Required Min RX 0 forbids periodic packets, not answers. */
START_TEST(remote_min_rx_zero)
{
	struct bfd_packet packet;

	bring_up();
	packet = packet_of(BFD_UP);
	packet.required_min_rx_us = 0;
	deliver(&packet);
	ck_assert_uint_eq(status().transmit_us, 0);
	n_sent = 0;
	for (int i = 0; i < 20; i++) {
		pass(300 * MS);
		deliver(&packet);
	}
	ck_assert_uint_eq(n_sent, 0);
	packet.poll = true;
	deliver(&packet);
	ck_assert_uint_eq(n_sent, 1);
	ck_assert(last.final);
	packet.poll = false;
	packet.required_min_rx_us = 300 * MS;
	deliver(&packet);
	pass(1);
	ck_assert_uint_eq(n_sent, 2); /* it is long due */
}
END_TEST

/* RFC 5880 6.6: the peer asks for Demand mode, and has it while both are Up. */
START_TEST(demand_mode_of_the_peer)
{
	struct bfd_packet packet;

	bring_up();
	packet = packet_of(BFD_UP);
	packet.demand = true;
	deliver(&packet);
	n_sent = 0;
	for (int i = 0; i < 10; i++) {
		pass(300 * MS);
		deliver(&packet);
	}
	ck_assert_uint_eq(n_sent, 0);
	ck_assert_uint_eq(status().state, BFD_UP);
	packet.poll = true;
	deliver(&packet);
	ck_assert(n_sent == 1 && last.final);
	packet.poll = false;
	/* A Poll Sequence of ours is sent nevertheless, until it is answered. */
	bfd_session_set_timing(bfd, session, now, 200 * MS, 3);
	drain();
	ck_assert(n_sent == 2 && last.poll);
	pass(300 * MS);
	ck_assert(n_sent >= 3 && last.poll);
	packet.final = true;
	deliver(&packet);
	n_sent = 0;
	packet.final = false;
	for (int i = 0; i < 10; i++) {
		pass(200 * MS);
		deliver(&packet);
	}
	ck_assert_uint_eq(n_sent, 0);
	/* Its silence is found out all the same. */
	pass(SECOND);
	ck_assert_uint_eq(status().state, BFD_DOWN);
	ck_assert_uint_gt(n_sent, 0);
}
END_TEST

/* ---- Poll Sequences ---- */

/* RFC 5880 6.8.6: answered at once, whatever our state. */
START_TEST(poll_is_answered)
{
	for (uint8_t heard = BFD_ADMIN_DOWN; heard <= BFD_UP; heard++) {
		struct bfd_packet packet = packet_of(heard);
		unsigned before = n_sent;
		bool answered = false;

		packet.poll = true;
		deliver(&packet);
		ck_assert_uint_gt(n_sent, before);
		answered = last.final || n_sent > before + 1;
		ck_assert(answered);
	}
}
END_TEST

/* RFC 5880 6.8.3: Up changes Desired Min TX from slow to fast, which needs a Poll. */
START_TEST(poll_after_up)
{
	hear(BFD_DOWN);
	hear(BFD_INIT);
	ck_assert(status().polling && last.poll);
	ck_assert_uint_eq(last.desired_min_tx_us, 300 * MS);
	ck_assert_uint_eq(status().transmit_us, 300 * MS); /* shorter: at once */
	answer_poll();
	ck_assert(!status().polling);
	pass(300 * MS);
	ck_assert(!last.poll);
}
END_TEST

/* RFC 5880 6.8.3: a longer interval of ours, and a shorter one of the peer's, hold once
 * the Poll Sequence is over. */
START_TEST(changes_wait_for_the_poll)
{
	bring_up();
	bfd_session_set_timing(bfd, session, now, 2 * SECOND, 3);
	drain();
	ck_assert(last.poll);
	ck_assert_uint_eq(last.desired_min_tx_us, 2 * SECOND);
	ck_assert_uint_eq(last.required_min_rx_us, 2 * SECOND);
	ck_assert_uint_eq(status().transmit_us, 300 * MS);
	ck_assert_uint_eq(status().detection_us, 6 * SECOND); /* longer: at once */
	answer_poll();
	ck_assert_uint_eq(status().transmit_us, 2 * SECOND);

	bfd_session_set_timing(bfd, session, now, 100 * MS, 4);
	drain();
	ck_assert(last.poll && last.detect_mult == 4);
	ck_assert_uint_eq(status().transmit_us, 300 * MS); /* the peer's bound */
	ck_assert_uint_eq(status().detection_us, 6 * SECOND);
	answer_poll();
	ck_assert_uint_eq(status().detection_us, 900 * MS);
}
END_TEST

/* RFC 5880 6.5: a change during a Poll Sequence needs one of its own. */
START_TEST(change_during_a_poll)
{
	bring_up();
	bfd_session_set_timing(bfd, session, now, 2 * SECOND, 3);
	bfd_session_set_timing(bfd, session, now, 3 * SECOND, 3);
	drain();
	answer_poll();
	ck_assert(status().polling);
	ck_assert_uint_eq(status().transmit_us, 300 * MS);
	answer_poll();
	ck_assert(!status().polling);
	ck_assert_uint_eq(status().transmit_us, 3 * SECOND);
}
END_TEST

/* RFC 5880 6.8.12 */
START_TEST(multiplier_needs_no_poll)
{
	bring_up();
	bfd_session_set_timing(bfd, session, now, 300 * MS, 9);
	drain();
	ck_assert(!status().polling);
	pass(300 * MS);
	ck_assert_uint_eq(last.detect_mult, 9);
}
END_TEST

/* RFC 5880 6.8.3: a shorter interval counts from the last packet. */
START_TEST(shorter_interval_at_once)
{
	struct bfd_packet packet = packet_of(BFD_UP);

	bring_up();
	packet.required_min_rx_us = 10 * SECOND;
	packet.desired_min_tx_us = 10 * SECOND;
	deliver(&packet);
	pass(9 * SECOND);
	ck_assert_uint_eq(status().transmit_us, 10 * SECOND);
	packet.required_min_rx_us = 300 * MS;
	pass(2 * SECOND);
	n_sent = 0;
	pass(400 * MS);
	ck_assert_uint_eq(n_sent, 0);
	deliver(&packet);
	pass(1);
	ck_assert_uint_eq(n_sent, 1);
}
END_TEST

/* ---- who it is for ---- */

START_TEST(demultiplexing)
{
	struct bfd_packet packet = packet_of(BFD_DOWN);

	/* RFC 5880 6.3: our discriminator alone decides. */
	ck_assert_int_eq(
	    deliver_as(&packet, "10.9.9.9", "10.0.0.9", 255, false), BFD_DROP_NOT);
	packet.your_discriminator++;
	ck_assert_int_eq(deliver(&packet), BFD_DROP_NO_SESSION);
	/* RFC 5881 3, RFC 5883 3: without it, source and destination. */
	packet.your_discriminator = 0;
	ck_assert_int_eq(deliver(&packet), BFD_DROP_NOT);
	ck_assert_int_eq(deliver_as(&packet, "10.0.0.3", "10.0.0.1", 255, false),
	    BFD_DROP_NO_SESSION);
	ck_assert_int_eq(deliver_as(&packet, "10.0.0.2", "10.0.0.9", 255, false),
	    BFD_DROP_NO_SESSION);
	ck_assert_int_eq(deliver_as(&packet, "10.0.0.2", "10.0.0.1", 255, true),
	    BFD_DROP_NO_SESSION);
	/* A multihop packet has no TTL to show: it is not for this session. */
	packet = packet_of(BFD_DOWN);
	ck_assert_int_eq(deliver_as(&packet, "10.0.0.2", "10.0.0.1", 255, true),
	    BFD_DROP_OTHER_PATH);
	ck_assert_uint_eq(bfd_drop_counts(bfd)[BFD_DROP_NO_SESSION], 4);
}
END_TEST

static enum bfd_drop
deliver_on(uint32_t link, const struct bfd_packet *packet)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_datagram datagram = { .octets = octets,
		.len = sizeof(octets),
		.source = addr_of("fe80::2"),
		.destination = addr_of("fe80::1"),
		.link = link,
		.ttl = 255 };

	bfd_packet_put(packet, octets);
	return bfd_receive(bfd, now, &datagram);
}

static uint64_t
heard_of(const struct bfd_session *s)
{
	struct bfd_status out;

	bfd_session_status(s, &out);
	return out.in;
}

/* RFC 5881 3: the same address on two links is two sessions. */
START_TEST(demultiplexing_by_link)
{
	struct bfd_params params = { .remote = addr_of("fe80::2"),
		.local = addr_none(),
		.link = 4,
		.interval_us = 300 * MS,
		.multiplier = 3 };
	struct bfd_session *four = bfd_session_open(bfd, now, &params, &user), *five;
	struct bfd_packet packet = packet_of(BFD_DOWN);
	struct bfd_status out;

	params.link = 5;
	five = bfd_session_open(bfd, now, &params, &user);
	packet.your_discriminator = 0;
	ck_assert_int_eq(deliver_on(4, &packet), BFD_DROP_NOT);
	ck_assert_uint_eq(heard_of(four), 1);
	ck_assert_uint_eq(heard_of(five), 0);
	ck_assert_int_eq(deliver_on(5, &packet), BFD_DROP_NOT);
	ck_assert_uint_eq(heard_of(five), 1);
	ck_assert_int_eq(deliver_on(6, &packet), BFD_DROP_NO_SESSION);
	ck_assert_int_eq(deliver_on(0, &packet), BFD_DROP_NO_SESSION);
	/* … and stays on its own. */
	bfd_session_status(five, &out);
	packet.your_discriminator = out.local_discriminator;
	ck_assert_int_eq(deliver_on(4, &packet), BFD_DROP_OTHER_PATH);
	ck_assert_int_eq(deliver_on(5, &packet), BFD_DROP_NOT);
	ck_assert_uint_eq(heard_of(five), 2);
	ck_assert_uint_eq(heard_of(four), 1);
}
END_TEST

/* RFC 5881 5 */
START_TEST(ttl_is_checked)
{
	struct bfd_packet packet = packet_of(BFD_DOWN);

	for (int ttl = 0; ttl < 255; ttl++)
		ck_assert_int_eq(
		    deliver_as(&packet, "10.0.0.2", "10.0.0.1", (uint8_t)ttl, false),
		    BFD_DROP_TTL);
	ck_assert_uint_eq(status().dropped, 255);
	ck_assert_uint_eq(status().in, 0);
	ck_assert_uint_eq(status().state, BFD_DOWN);
	hear(BFD_DOWN);
	ck_assert_uint_eq(status().state, BFD_INIT);
}
END_TEST

/* ---- the operator ---- */

/* RFC 5880 6.8.16: told for a Detection Time; nothing that is heard matters. */
START_TEST(admin_down)
{
	struct bfd_packet packet;
	uint64_t began;

	bring_up();
	bfd_session_disable(bfd, session, now);
	drain();
	ck_assert_uint_eq(last.state, BFD_ADMIN_DOWN);
	ck_assert_uint_eq(last.diag, BFD_DIAG_ADMIN_DOWN);
	ck_assert_uint_eq(change.after, BFD_ADMIN_DOWN);
	packet = packet_of(BFD_UP);
	packet.poll = true;
	n_sent = 0;
	ck_assert_int_eq(deliver(&packet), BFD_DROP_ADMIN_DOWN);
	ck_assert_uint_eq(n_sent, 0);
	began = now;
	while (change.kind != BFD_CHANGE_CLOSED && now < began + 60 * SECOND)
		pass(100 * MS);
	ck_assert_int_eq(change.kind, BFD_CHANGE_CLOSED);
	ck_assert_uint_ge(now - began, 3 * SECOND);
	ck_assert_uint_le(now - began, 3 * SECOND + 100 * MS);
	ck_assert_uint_ge(n_sent, 2);
}
END_TEST

START_TEST(enabled_again)
{
	bring_up();
	bfd_session_disable(bfd, session, now);
	drain();
	pass(SECOND);
	bfd_session_enable(bfd, session, now);
	drain();
	ck_assert_uint_eq(last.state, BFD_DOWN);
	n_changes = 0;
	pass(60 * SECOND);
	ck_assert_uint_eq(n_changes, 0); /* nor is it CLOSED later */
	bring_up();
}
END_TEST

START_TEST(freed_with_something_to_say)
{
	struct bfd_packet packet = packet_of(BFD_DOWN);
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_datagram datagram = { .octets = octets,
		.len = sizeof(octets),
		.source = addr_of("10.0.0.2"),
		.destination = addr_of("10.0.0.1"),
		.ttl = 255 };
	void *who;

	packet.poll = true;
	bfd_packet_put(&packet, octets);
	ck_assert_int_eq(bfd_receive(bfd, now, &datagram), BFD_DROP_NOT);
	bfd_session_free(bfd, session);
	ck_assert(!bfd_next_packet(bfd, now, &who, octets));
	ck_assert(!bfd_next_change(bfd, &change));
	ck_assert_uint_eq(bfd_deadline(bfd), UINT64_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bfd_session");
	TCase *tc = tcase_create("session");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, state_cell, 0, (int)(sizeof(cells) / sizeof(cells[0])));
	tcase_add_test(tc, detection_time);
	tcase_add_test(tc, detection_in_init);
	tcase_add_test(tc, discriminator_is_forgotten);
	tcase_add_test(tc, independence_is_told);
	tcase_add_loop_test(tc, jitter, 0, 2);
	tcase_add_test(tc, slow_while_not_up);
	tcase_add_test(tc, remote_min_rx_zero);
	tcase_add_test(tc, demand_mode_of_the_peer);
	tcase_add_test(tc, poll_is_answered);
	tcase_add_test(tc, poll_after_up);
	tcase_add_test(tc, changes_wait_for_the_poll);
	tcase_add_test(tc, change_during_a_poll);
	tcase_add_test(tc, multiplier_needs_no_poll);
	tcase_add_test(tc, shorter_interval_at_once);
	tcase_add_test(tc, demultiplexing);
	tcase_add_test(tc, demultiplexing_by_link);
	tcase_add_test(tc, ttl_is_checked);
	tcase_add_test(tc, admin_down);
	tcase_add_test(tc, enabled_again);
	tcase_add_test(tc, freed_with_something_to_say);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
