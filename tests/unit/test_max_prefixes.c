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
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
