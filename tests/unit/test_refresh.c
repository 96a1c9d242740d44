// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Route refresh (RFC 2918) and enhanced route refresh (RFC 7313), both ways.
 *
 * Node 0 is a reflector; puppet 1 is the peer in question, 2 sees what is passed on.
 */
#include "restart.h"

#include <string.h>

struct lab {
	struct net *net;
	struct node *node;
	struct end *end, *watcher;
};

/* End-of-RIB of a pure reflector would wait: this one is none. */
static struct lab
lab_with(const struct open *open)
{
	struct lab lab = { .net = net_new(3) };
	struct conf *conf = reflector_conf(lab.net, 2);
	struct open plain = open_of(lab.net, 2);

	conf_network_add(conf, "10.8.0.0/16");
	conf_network_add(conf, "10.9.0.0/16");
	lab.node = net_start(lab.net, 0, conf);
	lab.end = come_up(lab.net, 1, open);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(lab.end, "10.2.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(lab.net, lab.end);
	lab.watcher = come_up(lab.net, 2, &plain);
	puppet_end_of_ribs(lab.net, lab.watcher);
	ck_assert_uint_eq(puppet_read(lab.watcher).prefixes, 4);
	puppet_read(lab.end);
	node_forget_events(lab.node);
	return lab;
}

static struct open
open_enhanced(const struct net *net, unsigned i)
{
	struct open open = open_of(net, i);

	open.enhanced_refresh = true;
	return open;
}

static struct lab
lab_new(void)
{
	struct net *addresses = net_new(2);
	struct open open = open_enhanced(addresses, 1);

	net_free(addresses);
	return lab_with(&open);
}

static bool
is_there(struct lab *lab, const char *prefix)
{
	return path_of(lab->net, prefix) != NULL;
}

static void
send(struct lab *lab, uint8_t subtype)
{
	puppet_send_refresh_of(lab->end, FAMILY_IPV4, subtype);
	net_settle(lab->net);
}

/* ---- the peer asks ---- */

START_TEST(our_open)
{
	struct net *net = net_new(2);
	struct open open;

	net_start(net, 0, reflector_conf(net, 1));
	open = ask_open(net, 1);
	ck_assert(open.route_refresh && open.enhanced_refresh);
	net_free(net);
}
END_TEST

/* RFC 7313 3, 4: BoRR, all that there is, EoRR; of the family that was asked for. */
START_TEST(answer_is_enclosed)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	send(&lab, REFRESH_REQUEST);
	got = puppet_read(lab.end);
	ck_assert_uint_eq(got.begins, 1);
	ck_assert_uint_eq(got.ends, 1);
	ck_assert_uint_eq(got.prefixes_between, 2);
	ck_assert_uint_eq(got.prefixes, 2);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 0);
	ck_assert_uint_eq(
	    node_peer(lab.node, 1)->counters.out[MESSAGE_ROUTE_REFRESH], 2);
	/* Nobody else hears of it. */
	ck_assert_uint_eq(lab.watcher->len, 0);
	/* An empty table has both, too. */
	puppet_send_refresh(lab.end, FAMILY_IPV6);
	net_settle(lab.net);
	got = puppet_read(lab.end);
	ck_assert(got.begins == 1 && got.ends == 1 && got.prefixes == 0);
	net_free(lab.net);
}
END_TEST

/* To a peer without RFC 7313's capability there is neither: RFC 2918. */
START_TEST(answer_is_plain)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	puppet_send_refresh(lab.watcher, FAMILY_IPV4);
	net_settle(lab.net);
	got = puppet_read(lab.watcher);
	ck_assert_uint_eq(got.prefixes, 4);
	ck_assert(got.begins == 0 && got.ends == 0);
	net_free(lab.net);
}
END_TEST

/* RFC 7313 4: no BoRR before End-of-RIB, which a pure reflector keeps back. */
START_TEST(answer_waits_for_end_of_rib)
{
	struct net *net = net_new(3);
	struct conf *conf = reflector_conf(net, 2);
	struct open open = open_gr(net, 1, false, true);
	struct puppet_got got;
	struct end *end;

	conf->kernel.install = false;
	conf_network_add(conf, "10.9.0.0/16");
	net_start(net, 0, conf);
	open.enhanced_refresh = true;
	end = come_up(net, 1, &open);
	puppet_end_of_ribs(net, end);
	puppet_send_refresh(end, FAMILY_IPV4);
	puppet_send_refresh(end, FAMILY_IPV4);
	net_run(net, 20 * 1000);
	got = puppet_read(end);
	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert(got.begins == 0 && got.end_of_rib[FAMILY_IPV4] == 0);
	net_run(net, 20 * 1000);
	got = puppet_read(end);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	ck_assert(got.begins == 1 && got.ends == 1 && got.prefixes_between == 1);
	net_free(net);
}
END_TEST

/* ---- the peer answers, or begins by itself ---- */

START_TEST(what_does_not_come_again_goes)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	send(&lab, REFRESH_BEGIN);
	ck_assert(is_stale(lab.net, "10.1.0.0/16") && is_stale(lab.net, "10.2.0.0/16"));
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	net_settle(lab.net);
	ck_assert(!is_stale(lab.net, "10.1.0.0/16"));
	ck_assert(is_there(&lab, "10.2.0.0/16"));
	/* Of another family it is another matter. */
	puppet_send_refresh_of(lab.end, FAMILY_IPV6, REFRESH_END);
	net_settle(lab.net);
	ck_assert(is_there(&lab, "10.2.0.0/16"));
	send(&lab, REFRESH_END);
	ck_assert(is_there(&lab, "10.1.0.0/16") && !is_there(&lab, "10.2.0.0/16"));
	got = puppet_read(lab.watcher);
	ck_assert_uint_eq(got.withdrawn, 1);
	ck_assert_uint_eq(got.prefixes, 0);
	/* No timer is left. */
	net_run(lab.net, 1000 * 1000);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	net_free(lab.net);
}
END_TEST

START_TEST(end_without_a_beginning)
{
	struct lab lab = lab_new();

	send(&lab, REFRESH_END);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	send(&lab, REFRESH_BEGIN);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(lab.end, "10.2.0.0/16", "10.0.0.2");
	send(&lab, REFRESH_END);
	send(&lab, REFRESH_END);
	ck_assert(is_there(&lab, "10.1.0.0/16") && is_there(&lab, "10.2.0.0/16"));
	net_free(lab.net);
}
END_TEST

/* One inside another: what came since the first is in question again. */
START_TEST(begins_anew)
{
	struct lab lab = lab_new();
	unsigned times = _i == 0 ? 1 : 1000;

	send(&lab, REFRESH_BEGIN);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	net_settle(lab.net);
	for (unsigned k = 0; k < times; k++)
		puppet_send_refresh_of(lab.end, FAMILY_IPV4, REFRESH_BEGIN);
	net_settle(lab.net);
	ck_assert(is_stale(lab.net, "10.1.0.0/16") && is_stale(lab.net, "10.2.0.0/16"));
	puppet_announce(lab.end, "10.2.0.0/16", "10.0.0.2");
	send(&lab, REFRESH_END);
	ck_assert(!is_there(&lab, "10.1.0.0/16") && is_there(&lab, "10.2.0.0/16"));
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	net_free(lab.net);
}
END_TEST

/* BoRR and EoRR by the thousand: each is a whole one. */
START_TEST(many_refreshes)
{
	struct lab lab = lab_new();

	lab.net->budget = 1;
	for (unsigned k = 0; k < 1000; k++) {
		puppet_send_refresh_of(lab.end, FAMILY_IPV4, REFRESH_BEGIN);
		puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
		puppet_send_refresh_of(lab.end, FAMILY_IPV4, REFRESH_END);
	}
	net_settle(lab.net);
	ck_assert(is_there(&lab, "10.1.0.0/16") && !is_there(&lab, "10.2.0.0/16"));
	ck_assert(!is_stale(lab.net, "10.1.0.0/16"));
	net_free(lab.net);
}
END_TEST

/* RFC 7313 4: "a locally configurable upper bound", which is stale-time. */
START_TEST(no_end_comes)
{
	struct lab lab = lab_new();

	send(&lab, REFRESH_BEGIN);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	net_run(lab.net, 360 * 1000 - EARLY_MS);
	ck_assert(is_there(&lab, "10.2.0.0/16"));
	net_run(lab.net, 2 * EARLY_MS);
	ck_assert(is_there(&lab, "10.1.0.0/16") && !is_there(&lab, "10.2.0.0/16"));
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	/* … and when it comes after all, it ends nothing. */
	send(&lab, REFRESH_END);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	net_free(lab.net);
}
END_TEST

/* RFC 7313 4: of a peer with graceful restart none counts before its End-of-RIB. */
START_TEST(begin_before_end_of_rib)
{
	struct net *net = net_new(3);
	bool graceful = _i == 1;
	struct open open = graceful ? open_gr(net, 1, false, true) : open_of(net, 1);
	struct lab lab = { .net = net };

	open.enhanced_refresh = true;
	lab.node = net_start(net, 0, reflector_conf(net, 2));
	lab.end = come_up(net, 1, &open);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	send(&lab, REFRESH_BEGIN);
	ck_assert(is_stale(net, "10.1.0.0/16") == !graceful);
	puppet_end_of_ribs(net, lab.end);
	send(&lab, REFRESH_END);
	ck_assert(is_there(&lab, "10.1.0.0/16") == graceful);
	net_free(net);
}
END_TEST

/* The session is lost in the midst of it: to RFC 4724 all of its routes are alike. */
START_TEST(lost_in_the_midst)
{
	struct net *addresses = net_new(2);
	struct open open = open_gr(addresses, 1, false, true);
	struct lab lab;

	net_free(addresses);
	open.enhanced_refresh = true;
	lab = lab_with(&open);
	send(&lab, REFRESH_BEGIN);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	net_settle(lab.net);
	puppet_close(lab.net, lab.end);
	ck_assert(is_stale(lab.net, "10.1.0.0/16") && is_stale(lab.net, "10.2.0.0/16"));
	/* The timer of the refresh went with the session. */
	ck_assert_uint_eq(node_peer(lab.node, 1)->refresh_until_ms[FAMILY_IPV4], 0);
	lab.end = come_back(lab.net, 1);
	puppet_announce(lab.end, "10.2.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(lab.net, lab.end);
	ck_assert(!is_there(&lab, "10.1.0.0/16") && is_there(&lab, "10.2.0.0/16"));
	net_free(lab.net);
}
END_TEST

/* What the session has not agreed on. */
/* 0: BoRR and EoRR of one that did not announce RFC 7313.  1: RFC 2918 4, of a family
 * that was not negotiated. */
START_TEST(not_agreed)
{
	struct net *addresses = net_new(2);
	struct open open = open_of(addresses, 1);
	struct lab lab;

	net_free(addresses);
	open.enhanced_refresh = _i == 1;
	open.families[FAMILY_IPV4] = true;
	open.families[FAMILY_IPV6] = false;
	lab = lab_with(&open);
	if (_i == 0) {
		send(&lab, REFRESH_BEGIN);
		send(&lab, REFRESH_END);
	} else {
		puppet_send_refresh(lab.end, FAMILY_IPV6);
		puppet_send_refresh_of(lab.end, FAMILY_IPV6, REFRESH_BEGIN);
		puppet_send_refresh_of(lab.end, FAMILY_IPV6, REFRESH_END);
		net_settle(lab.net);
	}
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	ck_assert(!is_stale(lab.net, "10.1.0.0/16"));
	ck_assert_uint_eq(lab.node->counts[EVENT_REFRESH], 0);
	ck_assert_uint_eq(lab.end->len, 0);
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	net_free(lab.net);
}
END_TEST

/* ---- faults (RFC 7313 5) ---- */

/* RFC 7313 5: ignored, and noted. */
START_TEST(unknown_subtype)
{
	struct lab lab = lab_new();

	send(&lab, _i == 0 ? 3 : 255);
	ck_assert_uint_eq(lab.end->len, 0);
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	ck_assert_uint_eq(lab.node->counts[EVENT_REFRESH], 1);
	ck_assert_ptr_nonnull(
	    strstr(node_event(lab.node, EVENT_REFRESH)->text, "unknown subtype"));
	net_free(lab.net);
}
END_TEST

static const size_t bad_lengths[] = { 0, 3, 5, 20 };

/* RFC 7313 5 */
START_TEST(bad_length)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	uint8_t body[32] = { 0, AFI_IPV4, REFRESH_BEGIN, SAFI_UNICAST };
	struct lab lab = lab_new();
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct message message = { 0 };
	struct bgp_error error;
	size_t len;

	message_begin(&out, MESSAGE_ROUTE_REFRESH);
	wcur_bytes(&out, body, bad_lengths[_i]);
	message_end(&out, 0);
	len = wcur_len(&out);
	puppet_send(lab.end, &out);
	net_settle(lab.net);
	ck_assert(puppet_take(lab.end, octets, &message));
	ck_assert_uint_eq(message.type, MESSAGE_NOTIFICATION);
	error = notification_get(message.body);
	ck_assert_uint_eq(error.code, NOTIFY_REFRESH);
	ck_assert_uint_eq(error.subcode, 1);
	/* "The Data field … MUST contain the complete ROUTE-REFRESH message." */
	ck_assert_uint_eq(error.data.len, len);
	ck_assert_uint_eq(error.data.at[MESSAGE_HEADER_LEN - 1], MESSAGE_ROUTE_REFRESH);
	net_free(lab.net);
}
END_TEST

/* ---- the operator ---- */

START_TEST(refresh_in)
{
	struct lab lab = lab_new();
	struct peer *peer = node_peer(lab.node, 1);

	ck_assert(peer_refresh_in(lab.node->sp, peer));
	net_settle(lab.net);
	ck_assert_uint_eq(puppet_read(lab.end).refreshes, 2); /* a family each */
	ck_assert_uint_eq(peer->counters.out[MESSAGE_ROUTE_REFRESH], 2);
	/* A question alone puts nothing in question. */
	ck_assert(!is_stale(lab.net, "10.1.0.0/16"));
	puppet_close(lab.net, lab.end);
	ck_assert(!peer_refresh_in(lab.node->sp, peer));
	ck_assert(!peer_refresh_out(lab.node->sp, peer));
	net_free(lab.net);
}
END_TEST

START_TEST(refresh_in_is_not_known)
{
	struct net *addresses = net_new(2);
	struct open open = open_of(addresses, 1);
	struct lab lab;

	net_free(addresses);
	open.route_refresh = false;
	lab = lab_with(&open);
	ck_assert(!peer_refresh_in(lab.node->sp, node_peer(lab.node, 1)));
	net_settle(lab.net);
	ck_assert_uint_eq(lab.end->len, 0);
	net_free(lab.net);
}
END_TEST

START_TEST(refresh_out)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	ck_assert(peer_refresh_out(lab.node->sp, node_peer(lab.node, 1)));
	ck_assert(peer_refresh_out(lab.node->sp, node_peer(lab.node, 2)));
	net_settle(lab.net);
	got = puppet_read(lab.end);
	ck_assert(got.begins == 2 && got.ends == 2 && got.prefixes == 2);
	got = puppet_read(lab.watcher);
	ck_assert(got.begins == 0 && got.ends == 0 && got.prefixes == 4);
	net_free(lab.net);
}
END_TEST

static void
forwarding_lasts(struct node *node, const struct fib_change *change)
{
	(void)node;
	ck_assert(change->kind != FIB_KIND_NONE);
}

/* Two of our own, both ways at once: no route leaves the FIB for an instant. */
START_TEST(two_speakers)
{
	struct net *net = net_new(2);
	char text[32];

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, AS);

		net_conf_peer(net, conf, 1 - i, AS);
		for (unsigned k = 0; k < 30; k++) {
			snprintf(text, sizeof(text), "10.%u.%u.0/24", i + 1, k);
			conf_network_add(conf, text);
		}
		net_start(net, i, conf);
	}
	net_run(net, 20 * 1000);
	net_assert_up(net, 0, 1);
	net->on_fib = forwarding_lasts;
	net->write_max = 50;
	net->budget = 3;
	for (unsigned k = 0; k < 20; k++) {
		struct node *node = &net->nodes[k % 2];

		ck_assert(peer_refresh_in(node->sp, node_peer(node, 1 - k % 2)));
		ck_assert(peer_refresh_out(node->sp, node_peer(node, 1 - k % 2)));
		net_run(net, k % 3 * 100);
	}
	net_run(net, 20 * 1000);
	ck_assert_uint_eq(
	    rib_dest_count(speaker_rib(net->nodes[0].sp), FAMILY_IPV4), 60);
	ck_assert(!is_stale(net, "10.2.0.0/24"));
	net->on_fib = NULL;
	net_free(net);
}
END_TEST

static TCase *
refresh_case(void)
{
	TCase *t = tcase_create("refresh");

	tcase_add_test(t, our_open);
	tcase_add_test(t, answer_is_enclosed);
	tcase_add_test(t, answer_is_plain);
	tcase_add_test(t, answer_waits_for_end_of_rib);
	tcase_add_test(t, what_does_not_come_again_goes);
	tcase_add_test(t, end_without_a_beginning);
	tcase_add_loop_test(t, begins_anew, 0, 2);
	tcase_add_test(t, many_refreshes);
	tcase_add_test(t, no_end_comes);
	tcase_add_loop_test(t, begin_before_end_of_rib, 0, 2);
	tcase_add_test(t, lost_in_the_midst);
	tcase_add_loop_test(t, not_agreed, 0, 2);
	tcase_add_loop_test(t, unknown_subtype, 0, 2);
	tcase_add_loop_test(t, bad_length, 0, COUNT(bad_lengths));
	tcase_add_test(t, refresh_in);
	tcase_add_test(t, refresh_in_is_not_known);
	tcase_add_test(t, refresh_out);
	tcase_add_test(t, two_speakers);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("refresh");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, refresh_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
