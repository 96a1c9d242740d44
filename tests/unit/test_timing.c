// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is wrong at a bad moment: connections to peers that want none, sockets that fail
 * early, ends that come at a limit.  docs/robustness.md, rows 55 and 57.
 */
#include "reload.h"

enum { US, THEM, THIRD };

/* How far a connection has come. */
enum stage { TCP, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED, STAGES };

static void
advance(struct net *net, struct end *end, enum stage stage)
{
	struct open open = puppet_open_gr(AS, 0x0a000002, false, true);

	if (stage == TCP)
		return; /* nothing of it was even written */
	net_settle(net);
	if (stage >= OPEN_CONFIRM)
		puppet_send_open(end, &open);
	if (stage >= ESTABLISHED)
		puppet_send_keepalive(end);
	net_settle(net);
}

static void
assert_comes_up(struct net *net)
{
	advance(net, puppet_dial(net, THEM, US), ESTABLISHED);
	ck_assert_int_eq(node_state(&net->nodes[US], THEM), FSM_ESTABLISHED);
}

/* Nobody is heard of whom the operator has disabled, or the file. */
static void
assert_refused(struct net *net)
{
	for (int i = 0; i < 20; i++) {
		struct end *end = puppet_dial(net, THEM, US);

		advance(net, end, (enum stage)(i % STAGES));
		ck_assert(end->fin);
		ck_assert_uint_eq(end->len, 0);
		puppet_close(net, end);
		ck_assert_int_eq(node_state(&net->nodes[US], THEM), FSM_IDLE);
		net_run(net, 1000);
	}
}

/* Disabled with a connection at each stage, then dialled. */
START_TEST(disabled_peer_dials)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct node *node;
	struct end *end;

	add(net, conf, THEM, AS);
	node = net_start(net, US, conf);
	net_settle(net);
	end = puppet_dial(net, THEM, US);
	advance(net, end, (enum stage)_i);
	peer_disable(node->sp, node_peer(node, THEM), "maintenance");
	net_settle(net);
	ck_assert(end->fin);
	puppet_close(net, end);
	assert_refused(net);
	peer_enable(node->sp, node_peer(node, THEM));
	net_settle(net);
	assert_comes_up(net);
	net_free(net);
}
END_TEST

START_TEST(disabled_by_the_file_dials)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);

	add(net, conf, THEM, AS)->enabled = false;
	net_start(net, US, conf);
	net_settle(net);
	assert_refused(net);
	conf = conf_new(net);
	add(net, conf, THEM, AS);
	reload(net, conf);
	assert_comes_up(net);
	net_free(net);
}
END_TEST

/* Theirs or ours: the socket is gone at each stage, several times, for good or not. */
START_TEST(socket_fails_early)
{
	enum stage stage = (enum stage)(_i % STAGES);
	bool ours = _i >= STAGES;
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct node *node;

	add(net, conf, THEM, AS)->options.passive = !ours;
	net->nodes[THEM].listening = ours;
	node = net_start(net, US, conf);
	for (int i = 0; i < 5; i++) {
		struct end *end;

		net_run(net, ours ? 40 * 1000 : 10);
		end =
		    ours ? puppet_accepted(net, THEM, US) : puppet_dial(net, THEM, US);
		ck_assert_ptr_nonnull(end);
		advance(net, end, stage);
		conn_break(end->conn);
		if (i % 2 == 0) /* or with what follows still to be noticed */
			net_settle(net);
		ck_assert_int_ne(node_state(node, THEM), FSM_ESTABLISHED);
	}
	net->nodes[THEM].listening = false;
	net_run(net, 300 * 1000);
	ck_assert_uint_eq(node->counts[EVENT_PEER_UP], stage == ESTABLISHED ? 5 : 0);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], node->counts[EVENT_PEER_UP]);
	assert_comes_up(net);
	net_free(net);
}
END_TEST

/* We shut down while a peer of a range is connecting. */
START_TEST(shutdown_meets_dynamic_peer)
{
	bool graceful = _i >= STAGES;
	struct net *net = net_new(3);
	struct conf *conf = conf_new(net);
	struct end *end, *late;
	struct node *node;

	conf_range_add(conf, "range", "10.0.0.0/24", AS);
	node = net_start(net, US, conf);
	net_settle(net);
	end = puppet_dial(net, THEM, US);
	advance(net, end, (enum stage)(_i % STAGES));
	speaker_stop(node->sp, graceful, "the end");
	late = puppet_dial(net, THIRD, US);
	net_settle(net);
	ck_assert(end->fin);
	ck_assert(late->fin);
	ck_assert_uint_eq(late->len, 0);
	ck_assert_ptr_null(node_peer(node, THIRD));
	if (_i % STAGES == ESTABLISHED)
		ck_assert_uint_eq(
		    puppet_read(end).notification.code, graceful ? 0 : NOTIFY_CEASE);
	net_run(net, 10 * 1000);
	ck_assert_ptr_null(net_conn(net, US, THEM));
	ck_assert_ptr_null(net_conn(net, US, THIRD));
	net_free(net);
}
END_TEST

/* RFC 9687 with a hold time of 0: nobody knows how long is too long. */
START_TEST(send_hold_without_hold_time)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct open open = puppet_open(AS, 0x0a000002);
	struct node *node;
	struct end *end;

	open.hold_time_s = 0;
	conf->router.send_hold_time_s = _i == 0 ? 0 : 200;
	add(net, conf, THEM, AS);
	node = net_start(net, US, conf);
	end = puppet_dial(net, THEM, US);
	net_settle(net);
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(node, THEM), FSM_ESTABLISHED);
	end->limit = end->len;
	puppet_send_refresh(end, FAMILY_IPV4); /* its answer has no room */
	net_settle(net);
	ck_assert(end_other(end)->blocked);
	net_run(net, 100 * 3600 * 1000);
	ck_assert_int_eq(node_state(node, THEM), FSM_ESTABLISHED);
	end->limit = NET_QUEUE;
	end_pop(end, end->len);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_ptr_nonnull(node_best(node, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

/* ---- a NOTIFICATION at a limit ---- */

/* What is over max-prefixes and a NOTIFICATION, in one segment or in two. */
START_TEST(notification_at_max_prefixes)
{
	static const enum conf_limit_action actions[] = { CONF_LIMIT_WARN,
		CONF_LIMIT_BLOCK, CONF_LIMIT_RESTART, CONF_LIMIT_SHUTDOWN };
	enum conf_limit_action action = actions[_i % 4];
	bool at_once = _i >= 4;
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, THEM, AS);
	struct node *node;
	struct end *end;

	peer->options.max_prefixes = 1;
	peer->options.max_prefixes_action = (uint8_t)action;
	node = net_start(net, US, conf);
	end = puppet_up(net, THEM);
	puppet_read(end);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(end, "10.2.0.0/16", "10.0.0.2");
	if (!at_once)
		net_settle(net);
	puppet_send_notification(end, NOTIFY_CEASE, CEASE_ADMIN_RESET);
	net_settle(net);
	ck_assert(end->fin);
	/* Ours is about the limit, or there is none: one is not answered. */
	ck_assert_uint_eq(puppet_read(end).notification.subcode,
	    action >= CONF_LIMIT_RESTART ? CEASE_MAX_PREFIXES : 0);
	puppet_close(net, end);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 1);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	ck_assert_uint_eq(rib_path_count(speaker_rib(node->sp), FAMILY_IPV4), 0);
	ck_assert_uint_eq(node_peer(node, THEM)->blocked[FAMILY_IPV4], 0);
	net_free(net);
}
END_TEST

/* A peer that takes nothing, with messages waiting for it, says that it goes. */
START_TEST(notification_while_blocked)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct node *node;
	struct end *end;

	add(net, conf, THEM, AS);
	conf_network_add(conf, "10.3.0.0/16");
	node = net_start(net, US, conf);
	end = puppet_up(net, THEM);
	puppet_read(end);
	end->limit = (size_t)_i; /* cut at each octet of what follows */
	puppet_send_refresh(end, FAMILY_IPV4);
	net_settle(net);
	ck_assert(end_other(end)->blocked);
	puppet_send_notification(end, NOTIFY_CEASE, CEASE_ADMIN_RESET);
	net_settle(net);
	ck_assert(end->fin);
	ck_assert_uint_eq(end->len, (size_t)_i);
	ck_assert_uint_eq(node->counts[EVENT_NOTIFICATION_SENT], 0);
	puppet_close(net, end);
	assert_comes_up(net);
	net_free(net);
}
END_TEST

/* A range that is full: who is refused says it anyway, who is in makes room with it. */
START_TEST(notification_at_max_sessions)
{
	struct net *net = net_new(3);
	struct conf *conf = conf_new(net);
	struct open open = puppet_open(AS, 0x0a000002);
	struct end *in, *out;
	struct node *node;

	conf_range_add(conf, "range", "10.0.0.0/24", AS)->max_sessions = 1;
	node = net_start(net, US, conf);
	net_settle(net);
	for (int i = 0; i < 50; i++) {
		in = puppet_dial(net, THEM, US);
		net_settle(net);
		open.bgp_id = 0x0a000002;
		puppet_greet(net, in, &open);
		ck_assert_int_eq(node_state(node, THEM), FSM_ESTABLISHED);
		out = puppet_dial(net, THIRD, US);
		puppet_send_notification(out, NOTIFY_CEASE, CEASE_ADMIN_RESET);
		net_settle(net);
		ck_assert(out->fin);
		ck_assert_ptr_null(node_peer(node, THIRD));
		puppet_close(net, out);
		puppet_send_notification(in, NOTIFY_CEASE, CEASE_ADMIN_RESET);
		net_settle(net);
		ck_assert(in->fin);
		puppet_close(net, in);
		net_run(net, 100);
		ck_assert_ptr_null(node_peer(node, THEM));
	}
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("timing");
	TCase *t = tcase_create("timing");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, disabled_peer_dials, 0, STAGES);
	tcase_add_test(t, disabled_by_the_file_dials);
	tcase_add_loop_test(t, socket_fails_early, 0, 2 * STAGES);
	tcase_add_loop_test(t, shutdown_meets_dynamic_peer, 0, 2 * STAGES);
	tcase_add_loop_test(t, send_hold_without_hold_time, 0, 2);
	tcase_add_loop_test(t, notification_at_max_prefixes, 0, 8);
	tcase_add_loop_test(t, notification_while_blocked, 0, 40);
	tcase_add_test(t, notification_at_max_sessions);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
