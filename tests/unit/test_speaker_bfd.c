// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD says that the path to a peer is broken: what becomes of its session and of its
 * routes (RFC 5882, RFC 9384).  The peer has agreed on graceful restart.
 */
#include "restart.h"

static struct net *net;
static struct node *node;
static struct end *end;

static void
setup(void)
{
	struct open open;

	net = net_new(3);
	node = &net->nodes[0];
	open = open_gr(net, 1, false, true);
	net_start(net, 0, reflector_conf(net, 2));
	end = come_up(net, 1, &open);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(net, end);
	node_forget_events(node);
	(void)puppet_read(end);
	ck_assert_ptr_nonnull(node_fib(node, "10.1.0.0/16"));
}

static void
teardown(void)
{
	net_free(net);
}

static void
bfd_down(bool independent)
{
	speaker_bfd_down(node->sp, node_peer(node, 1), independent);
	net_settle(net);
}

static void
assert_gone(void)
{
	ck_assert(!node_peer(node, 1)->stale[FAMILY_IPV4]);
	ck_assert_ptr_null(path_of(net, "10.1.0.0/16"));
	ck_assert_ptr_null(node_fib(node, "10.1.0.0/16"));
}

/* RFC 9384: Cease, subcode 10; nothing is kept as stale, whatever the C bit says. */
START_TEST(established)
{
	const struct speaker_event *sent;

	bfd_down(_i == 1);
	ck_assert_int_ne(node_state(node, 1), FSM_ESTABLISHED);
	sent = node_event(node, EVENT_NOTIFICATION_SENT);
	ck_assert_ptr_nonnull(sent);
	ck_assert_uint_eq(sent->code, NOTIFY_CEASE);
	ck_assert_uint_eq(sent->subcode, CEASE_BFD_DOWN);
	ck_assert_uint_eq(node->counts[EVENT_STALE_KEPT], 0);
	ck_assert_str_eq(
	    node_event(node, EVENT_PEER_DOWN)->text, "the BFD session is down");
	assert_gone();
}
END_TEST

/* RFC 5882 4.3.1: BFD does not end with the peer's control plane: its path is broken.
 */
START_TEST(restarting_and_independent)
{
	puppet_close(net, end);
	ck_assert(is_stale(net, "10.1.0.0/16"));
	bfd_down(true);
	assert_gone();
	ck_assert_uint_eq(node_peer(node, 1)->stale_until_ms, 0);
}
END_TEST

/* RFC 5882 4.3.2: it ends with it, and says nothing about the path. */
START_TEST(restarting_and_dependent)
{
	puppet_close(net, end);
	bfd_down(false);
	ck_assert(is_stale(net, "10.1.0.0/16"));
	ck_assert_ptr_nonnull(node_fib(node, "10.1.0.0/16"));
	net_run(net, 130 * 1000);
	assert_gone();
}
END_TEST

/* The peer is back, its End-of-RIB is not there: what is stale goes with the rest. */
START_TEST(established_with_stale_routes)
{
	puppet_close(net, end);
	end = come_back(net, 1);
	ck_assert(is_stale(net, "10.1.0.0/16"));
	bfd_down(false);
	assert_gone();
}
END_TEST

/* Never up: nothing to be done, and the peer may come. */
START_TEST(not_established)
{
	struct open open = open_of(net, 2);

	speaker_bfd_down(node->sp, node_peer(node, 2), true);
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 0);
	come_up(net, 2, &open);
}
END_TEST

START_TEST(comes_back)
{
	struct open open = open_gr(net, 1, false, true);

	bfd_down(false);
	end = come_up(net, 1, &open);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert(!is_stale(net, "10.1.0.0/16"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("speaker_bfd");
	TCase *tc = tcase_create("bfd");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, established, 0, 2);
	tcase_add_test(tc, restarting_and_independent);
	tcase_add_test(tc, restarting_and_dependent);
	tcase_add_test(tc, established_with_stale_routes);
	tcase_add_test(tc, not_established);
	tcase_add_test(tc, comes_back);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
