// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Peers whose sessions end with malformed messages again and again (lib/core/damp.c;
 * RFC 4271 8.1.1, DampPeerOscillations).
 */
#include "puppet.h"

#include <check.h>
#include <stdlib.h>

enum { AS = 64512, US = 0, THEM = 1, MEMORY_MS = 10 * 60 * 1000 };

static struct net *
start(bool passive, bool range)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, US, AS);

	if (range)
		conf_range_add(conf, "range", "10.0.0.0/24", AS);
	else
		net_conf_peer(net, conf, THEM, AS)->options.passive = passive;
	net_start(net, US, conf);
	net_settle(net);
	return net;
}

/* An Established session; NULL: the connection was not taken. */
static struct end *
greeted(struct net *net)
{
	struct end *end = puppet_dial(net, THEM, US);
	struct open open = puppet_open(AS, 0x0a000002);

	if (end->fin)
		return NULL;
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(&net->nodes[US], THEM), FSM_ESTABLISHED);
	return end;
}

/* Withdrawn routes that are longer than the message: RFC 4271 6.3, 3/1. */
static void
say_nonsense(struct net *net, struct end *end)
{
	static const uint8_t body[] = { 0, 8, 0, 0 };
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct puppet_got got;

	message_begin(&out, MESSAGE_UPDATE);
	wcur_bytes(&out, body, sizeof(body));
	message_end(&out, 0);
	puppet_send(end, &out);
	net_settle(net);
	got = puppet_read(end);
	ck_assert_uint_eq(got.notification.code, NOTIFY_UPDATE);
	puppet_close(net, end);
}

/* Milliseconds until it is let in again. */
static uint64_t
wait_ms(struct net *net, struct end **end)
{
	uint64_t began = net->now_ms;

	while ((*end = greeted(net)) == NULL) {
		ck_assert_uint_lt(net->now_ms - began, 200 * 1000);
		net_settle(net);
		net_run(net, 100);
	}
	return net->now_ms - began;
}

/* Both for a configured peer and for one of a range, which has no record but this. */
START_TEST(each_time_longer)
{
	static const uint64_t waits[] = { 0, 500, 1000, 2000, 4000, 8000, 16000, 32000,
		64000, 120000, 120000 };
	struct net *net = start(true, _i == 1);
	struct end *end;

	ck_assert_uint_eq(wait_ms(net, &end), 0);
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		say_nonsense(net, end);
		ck_assert_uint_eq(wait_ms(net, &end), waits[i]);
	}
	ck_assert_uint_eq(net->nodes[US].counts[EVENT_DAMPED], 10);
	net_free(net);
}
END_TEST

/* A session that ends otherwise is none of them. */
START_TEST(others_do_not_count)
{
	struct net *net = start(true, false);
	struct end *end;

	for (int i = 0; i < 5; i++) {
		ck_assert_uint_eq(wait_ms(net, &end), 0);
		if (i % 2 == 0)
			puppet_send_notification(end, NOTIFY_CEASE, CEASE_ADMIN_RESET);
		net_settle(net);
		puppet_close(net, end);
	}
	ck_assert_uint_eq(net->nodes[US].counts[EVENT_DAMPED], 0);
	net_free(net);
}
END_TEST

/* Ten minutes without forgive; a record made for it leaves then. */
START_TEST(it_is_forgotten)
{
	struct net *net = start(true, _i == 1);
	struct end *end;

	for (int i = 0; i < 4; i++) {
		wait_ms(net, &end);
		say_nonsense(net, end);
	}
	net_run(net, MEMORY_MS - 1);
	ck_assert_ptr_nonnull(node_peer(&net->nodes[US], THEM));
	net_run(net, 1);
	while (speaker_work(net->nodes[US].sp, 1000))
		continue;
	ck_assert(_i == 0 || node_peer(&net->nodes[US], THEM) == NULL);
	ck_assert_uint_eq(wait_ms(net, &end), 0);
	say_nonsense(net, end);
	ck_assert_uint_eq(wait_ms(net, &end), 0);
	net_free(net);
}
END_TEST

START_TEST(the_operator_forgives)
{
	struct net *net = start(true, false);
	struct peer *peer = node_peer(&net->nodes[US], THEM);
	struct end *end;

	for (int i = 0; i < 6; i++) {
		wait_ms(net, &end);
		say_nonsense(net, end);
	}
	ck_assert_ptr_null(greeted(net));
	net_settle(net);
	if (_i == 0)
		peer_restart(net->nodes[US].sp, peer, NULL);
	else
		peer_enable(net->nodes[US].sp, peer);
	ck_assert_uint_eq(wait_ms(net, &end), 0);
	net_free(net);
}
END_TEST

/* We do not dial it either. */
START_TEST(nor_is_it_dialled)
{
	struct net *net = start(false, false);
	struct end *end = NULL;
	unsigned dials;

	for (int i = 0; i < 6; i++) {
		wait_ms(net, &end);
		say_nonsense(net, end);
	}
	dials = net->nodes[US].counts[EVENT_DIAL];
	net_run(net, 7900);
	ck_assert_uint_eq(net->nodes[US].counts[EVENT_DIAL], dials);
	net_run(net, 60 * 1000);
	ck_assert_uint_gt(net->nodes[US].counts[EVENT_DIAL], dials);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("damp");
	TCase *t = tcase_create("damp");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, each_time_longer, 0, 2);
	tcase_add_test(t, others_do_not_count);
	tcase_add_loop_test(t, it_is_forgotten, 0, 2);
	tcase_add_loop_test(t, the_operator_forgives, 0, 2);
	tcase_add_test(t, nor_is_it_dialled);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
