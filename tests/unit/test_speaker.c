// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Speakers that peer in memory: sessions, their timers and what goes over them.  Which
 * routes are passed on is test_speaker_routes.c's.
 */
#include "puppet.h"
#include "route_checks.h"

#include <check.h>

/* Two nodes of AS 64512 that dial each other, node 0 with two networks. */
static struct net *
pair_new(void)
{
	struct net *net = net_new(2);

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		net_conf_peer(net, conf, 1 - i, 64512);
		if (i == 0) {
			conf_network_add(conf, "10.1.0.0/16");
			conf_network_add(conf, "fd01::/64");
		}
		net_start(net, i, conf);
	}
	return net;
}

START_TEST(two_speakers)
{
	struct net *net = pair_new();
	const struct fib_change *fib;

	net_run(net, 2000);
	net_assert_up(net, 0, 1);
	assert_next_hop(node_best(&net->nodes[1], "10.1.0.0/16"), "10.0.0.1");
	assert_next_hop(node_best(&net->nodes[1], "fd01::/64"), "fd00::1");
	assert_attribute(
	    node_best(&net->nodes[1], "10.1.0.0/16"), ATTRIBUTE_AS_PATH, "");
	assert_attribute(
	    node_best(&net->nodes[1], "10.1.0.0/16"), ATTRIBUTE_LOCAL_PREF, "00000064");
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_END_OF_RIB], 2);
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_PEER_UP], 1);
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_PEER_DOWN], 0);
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_CONVERGED], 1);
		for (int f = 0; f < FAMILY_COUNT; f++)
			ck_assert(node_peer(&net->nodes[i], 1 - i)->end_of_rib[f]);
	}
	ck_assert_uint_eq(
	    peer_sent_count(node_peer(&net->nodes[0], 1), FAMILY_IPV4), 1);
	ck_assert_uint_eq(
	    peer_sent_count(node_peer(&net->nodes[1], 0), FAMILY_IPV4), 0);
	fib = node_fib(&net->nodes[1], "10.1.0.0/16");
	ck_assert_ptr_nonnull(fib);
	ck_assert_uint_eq(fib->kind, FIB_KIND_UNICAST);
	ck_assert_uint_eq(fib->n_hops, 1);
	ck_assert_uint_eq(fib->hops[0].ifindex, 1);
	ck_assert(addr_equal(&fib->hops[0].gateway, &net->nodes[0].addr4));
	ck_assert_ptr_nonnull(node_fib(&net->nodes[1], "fd01::/64"));
	/* Our own network has no FIB route without `blackhole`. */
	ck_assert_ptr_null(node_fib(&net->nodes[0], "10.1.0.0/16"));
	net_free(net);
}
END_TEST

START_TEST(withdraw)
{
	struct net *net = net_new(2);
	struct prefix workload = prefix_from("10.9.0.5/32");

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		net_conf_peer(net, conf, 1 - i, 64512);
		conf_import_add(conf, "workloads");
		net_start(net, i, conf);
	}
	net_run(net, 2000);
	speaker_workload(net->nodes[0].sp, 0, &workload, true);
	net_settle(net);
	ck_assert_ptr_nonnull(node_best(&net->nodes[1], "10.9.0.5/32"));
	assert_attribute(
	    node_best(&net->nodes[1], "10.9.0.5/32"), ATTRIBUTE_ORIGIN, "02");
	ck_assert_ptr_nonnull(node_fib(&net->nodes[1], "10.9.0.5/32"));
	speaker_workload(net->nodes[0].sp, 0, &workload, false);
	net_settle(net);
	ck_assert_ptr_null(node_best(&net->nodes[1], "10.9.0.5/32"));
	ck_assert_ptr_null(node_fib(&net->nodes[1], "10.9.0.5/32"));
	ck_assert_uint_eq(received_from(&net->nodes[1], 0, FAMILY_IPV4), 0);
	net_free(net);
}
END_TEST

START_TEST(keepalives_hold_the_session)
{
	struct net *net = pair_new();
	const struct peer *peer;

	net_run(net, 3600 * 1000);
	net_assert_up(net, 0, 1);
	peer = node_peer(&net->nodes[0], 1);
	ck_assert_uint_eq(peer->counters.flaps, 0);
	/* RFC 4271 4.4, 10: every 30 s, less up to a quarter; not more often. */
	ck_assert_uint_ge(peer->counters.out[MESSAGE_KEEPALIVE], 120);
	ck_assert_uint_le(peer->counters.out[MESSAGE_KEEPALIVE], 162);
	net_free(net);
}
END_TEST

/* RFC 4271 6.5 */
START_TEST(hold_timer)
{
	struct net *net = pair_new();
	struct conn *conn;
	const struct speaker_event *event;

	net_run(net, 2000);
	conn = net_conn(net, 0, 1);
	conn->ends[0].stalled = conn->ends[1].stalled = true;
	net_run(net, 60 * 1000);
	ck_assert_int_eq(node_state(&net->nodes[1], 0), FSM_ESTABLISHED);
	/* The queues were read last 2 s after the start. */
	net_run(net, 29 * 1000);
	ck_assert_int_eq(node_state(&net->nodes[1], 0), FSM_ESTABLISHED);
	net_run(net, 1100);
	for (unsigned i = 0; i < 2; i++) {
		event = node_event(&net->nodes[i], EVENT_NOTIFICATION_SENT);
		ck_assert_uint_eq(event->code, NOTIFY_HOLD_EXPIRED);
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_PEER_DOWN], 1);
		/* RFC 4724 4: a NOTIFICATION ends the grace. */
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_STALE_KEPT], 0);
	}
	/* They find each other again. */
	net_run(net, 10 * 1000);
	net_assert_up(net, 0, 1);
	ck_assert_ptr_nonnull(node_best(&net->nodes[1], "10.1.0.0/16"));
	net_free(net);
}
END_TEST

/* RFC 9687 3, 5: a peer that sends and does not read is let go, after 200 s as set, or
 * after 8 minutes, which are more than twice the hold time. */
START_TEST(send_hold_timer)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct open open = puppet_open(64512, addr_to_ipv4(&net->nodes[1].addr4));
	struct node *a;
	struct end *end;

	conf->router.send_hold_time_s = _i == 0 ? 200 : 0;
	net_conf_peer(net, conf, 1, 64512)->options.passive = true;
	a = net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(a, 1), FSM_ESTABLISHED);
	end->limit = end->len; /* from now on it takes nothing */
	for (unsigned s = 0; s < (_i == 0 ? 190 : 470); s += 10) {
		net_run(net, 10 * 1000);
		puppet_send_keepalive(end);
	}
	ck_assert_int_eq(node_state(a, 1), FSM_ESTABLISHED);
	/* The first KEEPALIVE that did not fit was due within half a minute. */
	for (unsigned s = 0; s < 50; s += 10) {
		net_run(net, 10 * 1000);
		puppet_send_keepalive(end);
	}
	ck_assert_int_ne(node_state(a, 1), FSM_ESTABLISHED);
	ck_assert_uint_eq(
	    node_event(a, EVENT_NOTIFICATION_SENT)->code, NOTIFY_SEND_HOLD_EXPIRED);
	net_free(net);
}
END_TEST

/* RFC 4271 8.2.1.2: both dial in the same moment, whatever the order in which that
 * becomes known. */
START_TEST(collision)
{
	struct net *net = net_new(2);

	net->latency_ms = (unsigned)_i % 4 * 5;
	net->max_messages = _i & 4 ? 1 : 16;
	for (unsigned k = 0; k < 2; k++) {
		unsigned i = _i & 8 ? 1 - k : k;
		struct conf *conf = net_conf(net, i, 64512);
		struct conf_peer *peer = net_conf_peer(net, conf, 1 - i, 64512);

		peer->options.graceful_restart = (_i & 16) == 0;
		conf_network_add(conf, i == 0 ? "10.1.0.0/16" : "10.2.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 30 * 1000);
	net_assert_up(net, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct peer *peer = node_peer(&net->nodes[i], 1 - i);

		ck_assert_uint_eq(net->nodes[i].counts[EVENT_PEER_UP], 1);
		ck_assert_uint_eq(peer->orphans, 0);
		ck_assert_str_eq(peer->last_error, "");
		ck_assert(
		    (peer->connections[0] == NULL) != (peer->connections[1] == NULL));
	}
	ck_assert_ptr_nonnull(node_best(&net->nodes[0], "10.2.0.0/16"));
	ck_assert_ptr_nonnull(node_best(&net->nodes[1], "10.1.0.0/16"));
	/* RFC 4271 6.8: the connection of the greater identifier stays. */
	ck_assert_ptr_eq(net_conn(net, 0, 1)->ends[0].node, &net->nodes[1]);
	net_free(net);
}
END_TEST

START_TEST(stop_says_so)
{
	struct net *net = pair_new();
	const struct speaker_event *event;

	net_run(net, 2000);
	speaker_stop(net->nodes[0].sp, false, "going home");
	net_settle(net);
	event = node_event(&net->nodes[1], EVENT_NOTIFICATION_RECEIVED);
	ck_assert_uint_eq(event->code, NOTIFY_CEASE);
	ck_assert_uint_eq(event->subcode, CEASE_ADMIN_SHUTDOWN);
	ck_assert_str_eq(event->text, "going home");
	ck_assert_ptr_null(node_best(&net->nodes[1], "10.1.0.0/16"));
	ck_assert_ptr_null(node_fib(&net->nodes[1], "10.1.0.0/16"));
	ck_assert_ptr_null(net_conn(net, 0, 1));
	/* It is not dialled nor does it dial any more. */
	node_forget_events(&net->nodes[0]);
	net_run(net, 120 * 1000);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_DIAL], 0);
	ck_assert_int_ne(node_state(&net->nodes[1], 0), FSM_ESTABLISHED);
	net_free(net);
}
END_TEST

START_TEST(disable_and_enable)
{
	struct net *net = pair_new();
	struct node *a = &net->nodes[0], *b = &net->nodes[1];

	net_run(net, 2000);
	peer_disable(a->sp, node_peer(a, 1), "maintenance");
	net_settle(net);
	ck_assert_uint_eq(
	    node_event(b, EVENT_NOTIFICATION_RECEIVED)->subcode, CEASE_ADMIN_SHUTDOWN);
	ck_assert_str_eq(
	    node_event(b, EVENT_NOTIFICATION_RECEIVED)->text, "maintenance");
	ck_assert_ptr_null(node_best(b, "10.1.0.0/16"));
	ck_assert_int_eq(node_state(a, 1), FSM_IDLE);
	ck_assert_str_eq(node_peer(a, 1)->disabled_reason, "maintenance");
	net_run(net, 300 * 1000);
	ck_assert_int_eq(node_state(a, 1), FSM_IDLE);
	peer_enable(a->sp, node_peer(a, 1));
	net_run(net, 1000);
	net_assert_up(net, 0, 1);
	ck_assert_ptr_nonnull(node_best(b, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

START_TEST(restart_by_the_operator)
{
	struct net *net = pair_new();
	struct node *a = &net->nodes[0], *b = &net->nodes[1];

	net_run(net, 2000);
	peer_restart(a->sp, node_peer(a, 1), "try again");
	net_settle(net);
	ck_assert_uint_eq(
	    node_event(b, EVENT_NOTIFICATION_RECEIVED)->subcode, CEASE_ADMIN_RESET);
	ck_assert_str_eq(node_event(b, EVENT_NOTIFICATION_RECEIVED)->text, "try again");
	net_run(net, 5000);
	net_assert_up(net, 0, 1);
	ck_assert_uint_eq(a->counts[EVENT_PEER_UP], 2);
	ck_assert_ptr_nonnull(node_best(b, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

/* A peer that refuses is tried again, ever more slowly, and no faster. */
START_TEST(backoff)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct node *a;

	net_conf_peer(net, conf, 1, 64512);
	a = net_start(net, 0, conf);
	net_run(net, 60 * 1000);
	/* At once, then after about 5, 10, 20, 30 … s, less a quarter each. */
	ck_assert_uint_ge(a->counts[EVENT_DIAL], 4);
	ck_assert_uint_le(a->counts[EVENT_DIAL], 6);
	net_run(net, 600 * 1000);
	ck_assert_uint_ge(a->counts[EVENT_DIAL], 24);
	ck_assert_uint_le(a->counts[EVENT_DIAL], 33);
	ck_assert_uint_eq(speaker_deadline(a->sp) > net->now_ms, 1);
	net_free(net);
}
END_TEST

/* A dial that nobody answers is given up after a while, and tried anew. */
/* RFC 2385 2.0 and RFC 5082 3: TCP tells nothing, so that we must say what may be. */
START_TEST(unanswered_dial)
{
	static const char *const errors[] = { "connect: no answer",
		"connect: no answer (TCP MD5 is set: does the peer have the same "
		"password?)",
		"connect: no answer (ttl-security is set: does the peer send with TTL "
		"255, and is it near enough?)" };
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct conf_peer *peer = net_conf_peer(net, conf, 1, 64512);
	struct node *a;
	unsigned open = 0;

	peer->options.password = _i == 1 ? 17 : 0;
	peer->options.ttl_security = _i == 2 ? 1 : 0;
	net->latency_ms = 1000 * 1000 * 1000;
	a = net_start(net, 0, conf);
	net_run(net, 200 * 1000);
	ck_assert_int_eq(node_state(a, 1), FSM_CONNECT);
	ck_assert_uint_ge(a->counts[EVENT_DIAL], 5);
	for (struct conn *c = net->conns; c != NULL; c = c->next)
		open += !c->ends[0].closed;
	ck_assert_uint_eq(open, 1);
	ck_assert_str_eq(speaker_find_peer(a->sp, "n1")->last_error, errors[_i]);
	net_free(net);
}
END_TEST

START_TEST(passive_waits)
{
	struct net *net = net_new(2);

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		net_conf_peer(net, conf, 1 - i, 64512)->options.passive = i == 0;
		net_start(net, i, conf);
	}
	net_run(net, 1000);
	net_assert_up(net, 0, 1);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_DIAL], 0);
	conn_break(net_conn(net, 0, 1));
	net_run(net, 10 * 1000);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_DIAL], 0);
	net_assert_up(net, 0, 1);
	net_free(net);
}
END_TEST

START_TEST(late_dialler)
{
	struct net *net = net_new(2);

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		net_conf_peer(net, conf, 1 - i, 64512)->dial_late = i == 0;
		/* Node 1 cannot dial: node 0 does it after connect-retry. */
		net_start(net, i, conf);
		net->nodes[i].listening = _i == 0 || i == 1;
	}
	net_run(net, 4900);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_DIAL], 0);
	if (_i == 0)
		net_assert_up(net, 0, 1);
	net_run(net, 200);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_DIAL], _i == 0 ? 0 : 1);
	net_assert_up(net, 0, 1);
	net_free(net);
}
END_TEST

START_TEST(wrong_as)
{
	struct net *net = net_new(2);
	const struct speaker_event *event;

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 65001 + i);

		net_conf_peer(net, conf, 1 - i, i == 0 ? 65003 : 65001);
		net_start(net, i, conf);
	}
	net_run(net, 2000);
	event = node_event(&net->nodes[1], EVENT_NOTIFICATION_RECEIVED);
	ck_assert_uint_eq(event->code, NOTIFY_OPEN);
	ck_assert_uint_eq(event->subcode, OPEN_BAD_PEER_AS);
	net_run(net, 120 * 1000);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_UP], 0);
	/* No storm: each side dials no more often than its backoff allows. */
	ck_assert_uint_le(net->nodes[0].counts[EVENT_DIAL], 15);
	ck_assert_uint_le(net->nodes[1].counts[EVENT_DIAL], 15);
	net_free(net);
}
END_TEST

/* ---- dynamic peers ---- */

START_TEST(dynamic_peers)
{
	struct net *net = net_new(6);
	struct conf *conf = net_conf(net, 0, 64512);
	struct speaker_totals totals;

	conf_range_add(conf, "nodes", "10.0.0.0/24", 64512)->max_sessions = 4;
	conf->groups[0].options.client = true;
	conf->groups[0].options.graceful_restart = _i == 1;
	net_start(net, 0, conf);
	for (unsigned i = 1; i < 6; i++) {
		conf = net_conf(net, i, 64512);
		net_conf_peer(net, conf, 0, 64512);
		if (i == 1)
			conf_network_add(conf, "10.1.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 5000);
	speaker_totals(net->nodes[0].sp, &totals);
	ck_assert_uint_eq(totals.dynamic, 4);
	ck_assert_uint_eq(totals.established, 4);
	ck_assert_ptr_nonnull(node_best(&net->nodes[2], "10.1.0.0/16"));
	ck_assert_int_ne(node_state(&net->nodes[5], 0), FSM_ESTABLISHED);
	/* One goes: its number and its room are free again. */
	node_stop(&net->nodes[1], false, "");
	net_run(net, 60 * 1000);
	ck_assert_ptr_null(node_peer(&net->nodes[0], 1));
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_REMOVED], 1);
	ck_assert_ptr_null(node_best(&net->nodes[2], "10.1.0.0/16"));
	net_assert_up(net, 0, 5);
	net_free(net);
}
END_TEST

/* Its first connection hangs: the second one takes its place. */
START_TEST(dynamic_peer_connects_twice)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct open open = puppet_open(64512, addr_to_ipv4(&net->nodes[1].addr4));
	struct end *first, *second;

	conf_range_add(conf, "nodes", "10.0.0.0/24", 64512);
	net_start(net, 0, conf);
	first = puppet_dial(net, 1, 0);
	net_settle(net);
	second = puppet_dial(net, 1, 0);
	net_settle(net);
	ck_assert(first->fin);
	puppet_greet(net, second, &open);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	ck_assert(!node_peer(&net->nodes[0], 1)->leaving);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_REMOVED], 0);
	net_free(net);
}
END_TEST

/* A hundred come and go. */
START_TEST(dynamic_peers_come_and_go)
{
	struct net *net = net_new(3);
	struct conf *conf = net_conf(net, 0, 64512);
	struct speaker_totals totals;

	conf_range_add(conf, "nodes", "10.0.0.0/24", 64512);
	net_start(net, 0, conf);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 1; i < 3; i++) {
			conf = net_conf(net, i, 64512);
			net_conf_peer(net, conf, 0, 64512);
			net_start(net, i, conf);
		}
		net_run(net, 1000);
		net_assert_up(net, 0, 1);
		net_assert_up(net, 0, 2);
		for (unsigned i = 1; i < 3; i++)
			node_stop(&net->nodes[i], false, "");
		net_run(net, 1000);
	}
	speaker_totals(net->nodes[0].sp, &totals);
	ck_assert_uint_eq(totals.dynamic, 0);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_REMOVED], 200);
	net_free(net);
}
END_TEST

/* ---- octets in small pieces ---- */

/* Few octets a write, so that messages are cut anywhere, KEEPALIVEs due meanwhile. */
START_TEST(narrow_pipe)
{
	struct net *net = net_new(2);

	net->write_max = 1 + (size_t)_i * 7;
	net->budget = 3;
	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		net_conf_peer(net, conf, 1 - i, 64512);
		for (unsigned k = 0; k < 40; k++) {
			char text[32];

			snprintf(text, sizeof(text), "10.%u.%u.0/24", 10 + i, k);
			conf_network_add(conf, text);
			snprintf(text, sizeof(text), "fd%02x:%x::/64", 10 + i, k);
			if (k < 20)
				conf_network_add(conf, text);
		}
		net_start(net, i, conf);
	}
	net_run(net, 3000);
	net_assert_up(net, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(
		    received_from(&net->nodes[i], 1 - i, FAMILY_IPV4), 40);
		ck_assert_uint_eq(
		    received_from(&net->nodes[i], 1 - i, FAMILY_IPV6), 20);
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_PEER_UP], 1);
	}
	net_free(net);
}
END_TEST

/* A NOTIFICATION to a peer that stands in the middle of a message follows its end. */
START_TEST(notification_behind_a_cut_message)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct open open = puppet_open(64512, addr_to_ipv4(&net->nodes[1].addr4));
	struct puppet_got got;
	struct end *end;

	for (unsigned k = 0; k < 50; k++) {
		char text[32];

		snprintf(text, sizeof(text), "10.10.%u.0/24", k);
		conf_network_add(conf, text);
	}
	net_conf_peer(net, conf, 1, 64512)->options.passive = true;
	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	puppet_read(end);
	/* The table comes again, cut after `_i` octets. */
	end->limit = (size_t)_i;
	puppet_send_refresh(end, FAMILY_IPV4);
	net_settle(net);
	ck_assert_uint_eq(end->len, (size_t)_i);
	peer_disable(net->nodes[0].sp, node_peer(&net->nodes[0], 1), "x");
	end->limit = NET_QUEUE;
	net_settle(net);
	got = puppet_read(end);
	ck_assert_uint_eq(got.notification.code, NOTIFY_CEASE);
	ck_assert_uint_eq(end->len, 0);
	ck_assert_uint_eq(got.prefixes, _i == 0 ? 0 : 50);
	net_free(net);
}
END_TEST

START_TEST(refresh_sends_the_table_again)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct open open = puppet_open(64512, addr_to_ipv4(&net->nodes[1].addr4));
	struct puppet_got got;
	struct end *end;

	conf_network_add(conf, "10.1.0.0/16");
	conf_network_add(conf, "10.2.0.0/16");
	conf_network_add(conf, "fd01::/64");
	net_conf_peer(net, conf, 1, 64512)->options.passive = true;
	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	got = puppet_read(end);
	ck_assert_uint_eq(got.prefixes, 3);
	for (unsigned i = 0; i < 3; i++) {
		puppet_send_refresh(end, FAMILY_IPV4);
		net_settle(net);
		got = puppet_read(end);
		ck_assert_uint_eq(got.prefixes, 2);
		/* RFC 4724 2: End-of-RIB marks the initial update alone. */
		ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 0);
	}
	net_free(net);
}
END_TEST

static Suite *
speaker_suite(void)
{
	Suite *s = suite_create("speaker");
	TCase *t = tcase_create("sessions");

	tcase_add_test(t, two_speakers);
	tcase_add_test(t, withdraw);
	tcase_add_test(t, keepalives_hold_the_session);
	tcase_add_test(t, hold_timer);
	tcase_add_loop_test(t, send_hold_timer, 0, 2);
	tcase_add_loop_test(t, collision, 0, 32);
	tcase_add_test(t, stop_says_so);
	tcase_add_test(t, disable_and_enable);
	tcase_add_test(t, restart_by_the_operator);
	tcase_add_test(t, backoff);
	tcase_add_loop_test(t, unanswered_dial, 0, 3);
	tcase_add_test(t, passive_waits);
	tcase_add_loop_test(t, late_dialler, 0, 2);
	tcase_add_loop_test(t, narrow_pipe, 0, 8);
	tcase_add_loop_test(t, notification_behind_a_cut_message, 0, 60);
	tcase_add_test(t, refresh_sends_the_table_again);
	tcase_add_test(t, wrong_as);
	suite_add_tcase(s, t);
	t = tcase_create("dynamic");
	tcase_add_loop_test(t, dynamic_peers, 0, 2);
	tcase_add_test(t, dynamic_peer_connects_twice);
	tcase_add_test(t, dynamic_peers_come_and_go);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(speaker_suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
