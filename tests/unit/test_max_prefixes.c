// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * max-prefixes (RFC 4271 6.7, RFC 4486): what counts, and what each action does.
 */
#include "reload.h"

/* ---- max-prefixes ---- */

static struct end *
limit_new(struct net *net, enum conf_limit_action action)
{
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, 1, AS);
	struct end *end;

	peer->options.max_prefixes = 2;
	peer->options.max_prefixes_action = (uint8_t)action;
	net_start(net, 0, conf);
	end = puppet_up(net, 1);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(end, "10.2.0.0/16", "10.0.0.2");
	/* The same again is no further prefix. */
	puppet_announce(end, "10.2.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_read(end);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_MAX_PREFIXES], 0);
	return end;
}

START_TEST(limit_warns)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_WARN);

	puppet_announce(end, "10.3.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	ck_assert_uint_eq(node_event(node, EVENT_MAX_PREFIXES)->count, 3);
	ck_assert_str_eq(node_event(node, EVENT_MAX_PREFIXES)->text, "warn");
	/* Once, until it was below. */
	puppet_announce(end, "10.4.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	ck_assert_ptr_nonnull(best(net, 0, "10.4.0.0/16"));
	for (unsigned i = 2; i < 5; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		puppet_withdraw(end, text);
	}
	puppet_announce(end, "10.2.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	puppet_announce(end, "10.3.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 2);
	assert_untouched(end);
	net_free(net);
}
END_TEST

START_TEST(limit_restarts)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_RESTART);

	puppet_announce(end, "10.3.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	ck_assert_str_eq(node_event(node, EVENT_MAX_PREFIXES)->text, "restart");
	assert_notified(end, CEASE_MAX_PREFIXES);
	puppet_close(net, end);
	for (unsigned i = 1; i < 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		ck_assert_ptr_null(best(net, 0, text));
	}
	ck_assert(!node_peer(node, 1)->disabled);
	end = puppet_up(net, 1);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

START_TEST(limit_shuts_down)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_SHUTDOWN);
	struct conf *conf = conf_new(net);
	struct conf_peer *peer;

	puppet_announce(end, "10.3.0.0/16", "10.0.0.2");
	net_settle(net);
	assert_notified(end, CEASE_MAX_PREFIXES);
	puppet_close(net, end);
	ck_assert_str_eq(node_event(node, EVENT_MAX_PREFIXES)->text, "shutdown");
	ck_assert(node_peer(node, 1)->disabled);
	ck_assert_str_eq(node_peer(node, 1)->disabled_reason, "more than 2 prefixes");
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	ck_assert(end->fin);
	puppet_close(net, end);
	/* It is for the operator to say when: a reload alone does not. */
	peer = add(net, conf, 1, AS);
	peer->options.max_prefixes = 5;
	peer->options.max_prefixes_action = CONF_LIMIT_SHUTDOWN;
	reload(net, conf);
	ck_assert(node_peer(node, 1)->disabled);
	peer_enable(node->sp, node_peer(node, 1));
	end = puppet_up(net, 1);
	for (unsigned i = 1; i < 6; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		puppet_announce(end, text, "10.0.0.2");
	}
	net_settle(net);
	ck_assert_int_eq(node_state(node, 1), FSM_ESTABLISHED);
	net_free(net);
}
END_TEST

/* ---- block ---- */

static void
announce_many(struct end *end, unsigned from, unsigned to)
{
	char text[32];

	for (unsigned i = from; i < to; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		puppet_announce(end, text, "10.0.0.2");
	}
}

START_TEST(limit_blocks)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_BLOCK);
	struct peer *peer = node_peer(node, 1);

	announce_many(end, 3, 6);
	net_settle(net);
	/* Not taken, counted, and said once. */
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	ck_assert_uint_eq(node_event(node, EVENT_MAX_PREFIXES)->count, 3);
	ck_assert_str_eq(node_event(node, EVENT_MAX_PREFIXES)->text, "block");
	ck_assert_uint_eq(peer->blocked[FAMILY_IPV4], 3);
	ck_assert_uint_eq(rib_path_count(speaker_rib(node->sp), FAMILY_IPV4), 2);
	for (unsigned i = 3; i < 6; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		ck_assert_ptr_null(best(net, 0, text));
	}
	/* What is held goes on being heard of. */
	puppet_announce(end, "10.1.0.0/16", "10.0.0.7");
	net_settle(net);
	ck_assert_uint_eq(
	    attrs_next_hop_addr(best(net, 0, "10.1.0.0/16")->attrs).bytes[3], 7);
	ck_assert_uint_eq(peer->blocked[FAMILY_IPV4], 3);
	/* A withdrawal of what was not taken makes no room. */
	puppet_withdraw(end, "10.5.0.0/16");
	net_run(net, 100 * 1000);
	ck_assert_uint_eq(peer->blocked[FAMILY_IPV4], 2);
	assert_untouched(end);
	net_free(net);
}
END_TEST

/* RFC 2918: there is room, and the peer is asked for its routes again. */
START_TEST(room_is_asked_for)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_BLOCK);
	struct puppet_got got;

	announce_many(end, 3, 5);
	net_run(net, 60 * 1000);
	ck_assert_uint_eq(puppet_read(end).refreshes, 0);
	puppet_withdraw(end, "10.1.0.0/16");
	puppet_withdraw(end, "10.2.0.0/16");
	net_run(net, 500);
	ck_assert_uint_eq(puppet_read(end).refreshes, 0);
	net_run(net, 1000);
	got = puppet_read(end);
	ck_assert_uint_eq(got.refreshes, 1); /* of IPv4 alone */
	ck_assert_uint_eq(node->counts[EVENT_UNBLOCK], 1);
	ck_assert_uint_eq(node_event(node, EVENT_UNBLOCK)->count, 2);
	announce_many(end, 3, 5);
	net_settle(net);
	ck_assert_ptr_nonnull(best(net, 0, "10.4.0.0/16"));
	ck_assert_uint_eq(node_peer(node, 1)->blocked[FAMILY_IPV4], 0);
	/* Nothing is missing: nobody is asked any more. */
	puppet_withdraw(end, "10.3.0.0/16");
	net_run(net, 600 * 1000);
	ck_assert_uint_eq(puppet_read(end).refreshes, 0);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	net_free(net);
}
END_TEST

/* A peer that always has more, and flaps: a question is a whole table, so they come
 * ever more seldom, and the warning is not repeated with each. */
START_TEST(questions_become_seldom)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_BLOCK);
	unsigned questions = 0;

	announce_many(end, 3, 8);
	net_settle(net);
	for (unsigned s = 0; s < 7200; s += 5) {
		char text[32];

		/* It takes one back of those that we hold, and has more for it. */
		snprintf(text, sizeof(text), "10.%u.0.0/16", 1 + s / 5 % 8);
		puppet_withdraw(end, text);
		net_run(net, 5000);
		if (puppet_read(end).refreshes > 0)
			questions++;
		announce_many(end, 1, 9);
		net_settle(net);
		puppet_read(end);
	}
	/* 60, 120, 240 … 3600 seconds apart */
	ck_assert_uint_ge(questions, 3);
	ck_assert_uint_le(questions, 8);
	ck_assert_uint_le(node->counts[EVENT_MAX_PREFIXES], 8);
	ck_assert_uint_le(rib_path_count(speaker_rib(node->sp), FAMILY_IPV4), 2);
	net_free(net);
}
END_TEST

/* Without the capability of RFC 2918 the operator is told what would help. */
START_TEST(room_without_refresh)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, 1, AS);
	struct open open;
	struct end *end;

	peer->options.max_prefixes = 1;
	peer->options.max_prefixes_action = CONF_LIMIT_BLOCK;
	net_start(net, 0, conf);
	open = puppet_open(AS, addr_to_ipv4(&net->nodes[1].addr4));
	open.route_refresh = false;
	open.hold_time_s = 0;
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	announce_many(end, 1, 3);
	puppet_withdraw(end, "10.1.0.0/16");
	net_run(net, 300 * 1000);
	ck_assert_uint_eq(puppet_read(end).refreshes, 0);
	ck_assert_uint_eq(node->counts[EVENT_UNBLOCK], 1);
	ck_assert_ptr_nonnull(
	    strstr(node_event(node, EVENT_UNBLOCK)->text, "no route refresh"));
	net_free(net);
}
END_TEST

static const struct {
	const char *what;
	uint32_t limit;
	enum conf_limit_action action;
	bool asked;
} reloads[] = {
	{ "raised", 5, CONF_LIMIT_BLOCK, true },
	{ "none", 0, CONF_LIMIT_BLOCK, true },
	{ "another action", 2, CONF_LIMIT_WARN, true },
	{ "as it was", 2, CONF_LIMIT_BLOCK, false },
	{ "lowered", 1, CONF_LIMIT_BLOCK, false },
};

START_TEST(reload_makes_room)
{
	struct net *net = net_new(2);
	struct end *end = limit_new(net, CONF_LIMIT_BLOCK);
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, 1, AS);

	announce_many(end, 3, 5);
	net_settle(net);
	peer->options.max_prefixes = reloads[_i].limit;
	peer->options.max_prefixes_action = (uint8_t)reloads[_i].action;
	reload(net, conf);
	net_run(net, 2000);
	ck_assert_msg((puppet_read(end).refreshes == 1) == reloads[_i].asked, "%s",
	    reloads[_i].what);
	/* What was taken stays, whatever the limit is now. */
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	ck_assert_ptr_nonnull(best(net, 0, "10.2.0.0/16"));
	if (reloads[_i].asked) {
		announce_many(end, 1, 5);
		net_settle(net);
		ck_assert_ptr_nonnull(best(net, 0, "10.4.0.0/16"));
	}
	net_free(net);
}
END_TEST

/* Whatever it sends, and however long: no more is held than the limit. */
START_TEST(memory_is_bounded)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct end *end = limit_new(net, CONF_LIMIT_BLOCK);
	struct speaker_totals before, after;

	speaker_totals(node->sp, &before);
	for (unsigned i = 0; i < 20000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "11.%u.%u.0/24", i >> 8, i & 255);
		puppet_announce(end, text, "10.0.0.2");
		if (i % 1000 == 0)
			net_settle(net);
	}
	net_settle(net);
	speaker_totals(node->sp, &after);
	ck_assert_uint_eq(node_peer(node, 1)->blocked[FAMILY_IPV4], 20000);
	ck_assert_uint_eq(after.rib_bytes, before.rib_bytes);
	ck_assert_uint_eq(after.attr_bytes, before.attr_bytes);
	ck_assert_uint_eq(node->counts[EVENT_MAX_PREFIXES], 1);
	net_free(net);
}
END_TEST

/* Stale routes count: room comes when they are swept, without an UPDATE. */
START_TEST(room_by_a_sweep)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, 1, AS);
	struct open open = puppet_open_gr(AS, 0x0a000002, false, true);
	struct end *end;

	peer->options.max_prefixes = 2;
	peer->options.max_prefixes_action = CONF_LIMIT_BLOCK;
	net_start(net, 0, conf);
	open.hold_time_s = 0;
	for (int k = 0; k < 2; k++) {
		end = puppet_dial(net, 1, 0);
		net_settle(net);
		puppet_greet(net, end, &open);
		announce_many(end, 1 + 2 * (unsigned)k, 3 + 2 * (unsigned)k);
		net_settle(net);
		if (k == 0)
			puppet_close(net, end);
	}
	ck_assert_uint_eq(node_peer(&net->nodes[0], 1)->blocked[FAMILY_IPV4], 2);
	puppet_read(end);
	puppet_end_of_ribs(net, end);
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	net_run(net, 11 * 1000);
	ck_assert_uint_eq(puppet_read(end).refreshes, 1);
	announce_many(end, 3, 5);
	net_settle(net);
	ck_assert_ptr_nonnull(best(net, 0, "10.4.0.0/16"));
	net_free(net);
}
END_TEST

/* Before the filter: rejected prefixes count. */
START_TEST(limit_counts_rejected_prefixes)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct conf_peer *peer = add(net, conf, 1, OTHER_AS);
	struct end *end;

	peer->options.max_prefixes = 2;
	net_start(net, 0, conf);
	end = puppet_up_as(net, 1, OTHER_AS);
	for (unsigned i = 1; i < 4; i++) {
		char text[32];

		ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		announce_ebgp(net, end, text, OTHER_AS);
	}
	assert_notified(end, CEASE_MAX_PREFIXES);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("max_prefixes");
	TCase *t = tcase_create("max_prefixes");
	SRunner *r;
	int failed;

	tcase_add_test(t, limit_warns);
	tcase_add_test(t, limit_restarts);
	tcase_add_test(t, limit_shuts_down);
	tcase_add_test(t, limit_counts_rejected_prefixes);
	tcase_add_test(t, limit_blocks);
	tcase_add_test(t, room_is_asked_for);
	tcase_add_test(t, questions_become_seldom);
	tcase_add_test(t, room_without_refresh);
	tcase_add_loop_test(
	    t, reload_makes_room, 0, sizeof(reloads) / sizeof(reloads[0]));
	tcase_add_test(t, memory_is_bounded);
	tcase_add_test(t, room_by_a_sweep);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
