// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This speaker as the helper of one that restarts (RFC 4724 4.2): which routes of a
 * lost session stay, and until when.
 */
#include "restart.h"

/* A second puppet that sees what is passed on. */
struct helper {
	struct net *net;
	struct end *end, *watcher;
};

static struct helper
helper_with(struct conf *conf, struct net *net, const struct open *open)
{
	struct helper h = { .net = net };
	struct open plain = open_of(net, 2);

	net_start(net, 0, conf);
	h.end = come_up(net, 1, open);
	puppet_announce(h.end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(h.end, "10.2.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(net, h.end);
	h.watcher = come_up(net, 2, &plain);
	puppet_end_of_ribs(net, h.watcher);
	ck_assert_uint_eq(puppet_read(h.watcher).prefixes, 2);
	node_forget_events(&net->nodes[0]);
	return h;
}

static struct helper
helper_new(void)
{
	struct net *net = net_new(3);
	struct open open = open_gr(net, 1, false, true);

	return helper_with(reflector_conf(net, 2), net, &open);
}

static void
helper_lose(struct helper *h)
{
	puppet_close(h->net, h->end);
	h->end = NULL;
	ck_assert_int_ne(node_state(&h->net->nodes[0], 1), FSM_ESTABLISHED);
}

/* Both routes are there, stale, in use, and nobody was told anything. */
static void
assert_kept(struct helper *h)
{
	struct node *node = &h->net->nodes[0];
	struct puppet_got got = puppet_read(h->watcher);

	ck_assert(node_peer(node, 1)->stale[FAMILY_IPV4]);
	ck_assert(is_stale(h->net, "10.1.0.0/16"));
	ck_assert(is_stale(h->net, "10.2.0.0/16"));
	ck_assert_ptr_nonnull(node_fib(node, "10.1.0.0/16"));
	ck_assert_uint_eq(got.updates, 0);
}

/* Both are gone, and withdrawn. */
static void
assert_dropped(struct helper *h)
{
	struct node *node = &h->net->nodes[0];
	struct puppet_got got = puppet_read(h->watcher);

	ck_assert(!node_peer(node, 1)->stale[FAMILY_IPV4]);
	ck_assert_ptr_null(path_of(h->net, "10.1.0.0/16"));
	ck_assert_ptr_null(path_of(h->net, "10.2.0.0/16"));
	ck_assert_ptr_null(node_fib(node, "10.1.0.0/16"));
	ck_assert_uint_eq(got.withdrawn, 2);
	ck_assert_uint_eq(got.prefixes, 0);
}

/* ---- as the helper ---- */

START_TEST(lost_tcp_keeps_the_routes)
{
	struct helper h = helper_new();
	struct node *node = &h.net->nodes[0];

	ck_assert(!is_stale(h.net, "10.1.0.0/16"));
	helper_lose(&h);
	assert_kept(&h);
	/* IPv6 had none: there is nothing to be kept. */
	ck_assert(!node_peer(node, 1)->stale[FAMILY_IPV6]);
	ck_assert_uint_eq(node->counts[EVENT_STALE_KEPT], 1);
	ck_assert_uint_eq(node_event(node, EVENT_STALE_KEPT)->count, 2);
	ck_assert_uint_eq(node_event(node, EVENT_STALE_KEPT)->family, FAMILY_IPV4);
	net_free(h.net);
}
END_TEST

START_TEST(end_of_rib_sweeps)
{
	struct helper h = helper_new();
	struct node *node = &h.net->nodes[0];
	struct puppet_got got;

	helper_lose(&h);
	h.end = come_back(h.net, 1);
	assert_kept(&h);
	puppet_announce(h.end, "10.1.0.0/16", "10.0.0.2");
	net_settle(h.net);
	ck_assert(!is_stale(h.net, "10.1.0.0/16"));
	ck_assert(is_stale(h.net, "10.2.0.0/16"));
	/* That of another family is not meant. */
	puppet_end_of_rib(h.end, FAMILY_IPV6);
	net_settle(h.net);
	ck_assert(is_stale(h.net, "10.2.0.0/16"));
	ck_assert_uint_eq(node->counts[EVENT_STALE_SWEPT], 0);
	puppet_end_of_rib(h.end, FAMILY_IPV4);
	net_settle(h.net);
	ck_assert(!is_stale(h.net, "10.1.0.0/16"));
	ck_assert_ptr_null(path_of(h.net, "10.2.0.0/16"));
	ck_assert_ptr_null(node_fib(node, "10.2.0.0/16"));
	ck_assert(!node_peer(node, 1)->stale[FAMILY_IPV4]);
	ck_assert_uint_eq(node->counts[EVENT_STALE_SWEPT], 1);
	/* The route that came again unchanged is no news to anybody. */
	got = puppet_read(h.watcher);
	ck_assert_uint_eq(got.prefixes, 0);
	ck_assert_uint_eq(got.withdrawn, 1);
	/* No timer is left that could take the rest. */
	net_run(h.net, 500 * 1000);
	ck_assert_ptr_nonnull(path_of(h.net, "10.1.0.0/16"));
	net_free(h.net);
}
END_TEST

/* RFC 4724 4.2: what the new OPEN must say for the routes to stay. */
static const struct {
	const char *what;
	bool capability, restarting, forwarding, in_capability, negotiated;
	bool kept;
} returns[] = {
	{ "R and F", true, true, true, true, true, true },
	{ "F alone", true, false, true, true, true, true },
	{ "R alone", true, true, false, true, true, false },
	{ "family not in the capability", true, true, true, false, true, false },
	{ "family not negotiated", true, true, true, true, false, false },
	{ "no capability", false, false, false, false, true, false },
};

START_TEST(return_with)
{
	struct helper h = helper_new();
	struct open open =
	    open_gr(h.net, 1, returns[_i].restarting, returns[_i].forwarding);

	open.graceful_restart = returns[_i].capability;
	open.gr_families[FAMILY_IPV4] = returns[_i].in_capability;
	open.families[FAMILY_IPV4] = returns[_i].negotiated;
	helper_lose(&h);
	h.end = come_up(h.net, 1, &open);
	if (returns[_i].kept)
		assert_kept(&h);
	else
		assert_dropped(&h);
	net_free(h.net);
}
END_TEST

START_TEST(restart_time_passes)
{
	struct helper h = helper_new();
	struct node *node = &h.net->nodes[0];

	helper_lose(&h);
	net_run(h.net, 60 * 1000 - EARLY_MS);
	assert_kept(&h);
	net_run(h.net, 2 * EARLY_MS);
	assert_dropped(&h);
	ck_assert_uint_eq(node->counts[EVENT_STALE_SWEPT], 1);
	ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], 0);
	net_free(h.net);
}
END_TEST

START_TEST(stale_time_passes)
{
	struct net *net = net_new(3);
	struct conf *conf = reflector_conf(net, 2);
	struct open open = open_gr(net, 1, false, true);
	struct helper h;

	conf->router.stale_time_s = 100;
	h = helper_with(conf, net, &open);
	helper_lose(&h);
	net_run(net, 50 * 1000);
	h.end = come_back(net, 1);
	/* The restart-time of the lost session is over, and the session is up. */
	net_run(net, 100 * 1000 - EARLY_MS);
	assert_kept(&h);
	net_run(net, 2 * EARLY_MS);
	assert_dropped(&h);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	net_free(net);
}
END_TEST

START_TEST(second_restart_inside_the_first)
{
	struct helper h = helper_new();

	helper_lose(&h);
	h.end = come_back(h.net, 1);
	puppet_announce(h.end, "10.1.0.0/16", "10.0.0.2");
	net_settle(h.net);
	helper_lose(&h);
	/* RFC 4724 4.2: stale before the session that is lost now. */
	ck_assert_ptr_null(path_of(h.net, "10.2.0.0/16"));
	ck_assert(is_stale(h.net, "10.1.0.0/16"));
	h.end = come_back(h.net, 1);
	ck_assert(is_stale(h.net, "10.1.0.0/16"));
	puppet_end_of_rib(h.end, FAMILY_IPV4);
	net_settle(h.net);
	ck_assert_ptr_null(path_of(h.net, "10.1.0.0/16"));
	net_free(h.net);
}
END_TEST

/* The session is lost again while the sweep of what was stale walks the table. */
START_TEST(restart_inside_a_sweep)
{
	struct helper h = helper_new();
	char text[32];

	for (unsigned k = 0; k < 100; k++) {
		snprintf(text, sizeof(text), "10.50.%u.0/24", k);
		puppet_announce(h.end, text, "10.0.0.2");
	}
	net_settle(h.net);
	helper_lose(&h);
	h.end = come_back(h.net, 1);
	for (unsigned k = 50; k < 100; k++) {
		snprintf(text, sizeof(text), "10.50.%u.0/24", k);
		puppet_announce(h.end, text, "10.0.0.2");
	}
	net_settle(h.net);
	h.net->budget = 1;
	puppet_end_of_rib(h.end, FAMILY_IPV4);
	for (unsigned k = 0; k < 10; k++)
		node_turn(&h.net->nodes[0]);
	helper_lose(&h);
	ck_assert_ptr_null(path_of(h.net, "10.50.49.0/24"));
	ck_assert(is_stale(h.net, "10.50.50.0/24"));
	ck_assert(is_stale(h.net, "10.50.99.0/24"));
	net_free(h.net);
}
END_TEST

/* ---- what ends the grace ---- */

static void
end_by_notification_received(struct helper *h)
{
	puppet_send_notification(h->end, NOTIFY_CEASE, CEASE_ADMIN_RESET);
}

static void
end_by_notification_sent(struct helper *h)
{
	uint8_t octets[MESSAGE_HEADER_LEN] = { 0 }; /* no marker */
	struct wcur out = wcur_of(octets, sizeof(octets));

	wcur_bytes(&out, octets, sizeof(octets));
	puppet_send(h->end, &out);
}

static void
end_by_hold_timer(struct helper *h)
{
	net_run(h->net, 91 * 1000);
}

static void
end_by_disable(struct helper *h)
{
	peer_disable(h->net->nodes[0].sp, node_peer(&h->net->nodes[0], 1), "x");
}

static void
end_by_restart(struct helper *h)
{
	peer_restart(h->net->nodes[0].sp, node_peer(&h->net->nodes[0], 1), "x");
}

static const struct {
	const char *what;
	void (*end)(struct helper *h);
	uint8_t sent; /* code of our NOTIFICATION, 0: none */
} hard_ends[] = {
	{ "NOTIFICATION received", end_by_notification_received, 0 },
	{ "NOTIFICATION sent", end_by_notification_sent, NOTIFY_HEADER },
	{ "hold timer", end_by_hold_timer, NOTIFY_HOLD_EXPIRED },
	{ "disabled", end_by_disable, NOTIFY_CEASE },
	{ "restarted", end_by_restart, NOTIFY_CEASE },
};

START_TEST(hard_end)
{
	struct net *net = net_new(3);
	struct open open = open_gr(net, 1, false, true);
	struct helper h;

	open.hold_time_s = 90;
	h = helper_with(reflector_conf(net, 2), net, &open);
	hard_ends[_i].end(&h);
	net_settle(net);
	ck_assert_int_ne(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	assert_dropped(&h);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_STALE_KEPT], 0);
	ck_assert_uint_eq(puppet_read(h.end).notification.code, hard_ends[_i].sent);
	net_free(net);
}
END_TEST

/* Disabled while the routes are stale: nobody is to come back. */
START_TEST(disable_drops_stale_routes)
{
	struct helper h = helper_new();

	helper_lose(&h);
	assert_kept(&h);
	end_by_disable(&h);
	net_settle(h.net);
	assert_dropped(&h);
	net_free(h.net);
}
END_TEST

/* Graceful restart is of both sides: without it at one of them nothing is kept. */
START_TEST(not_agreed)
{
	struct net *net = net_new(3);
	struct conf *conf = reflector_conf(net, 2);
	struct open open = _i == 0 ? open_of(net, 1) : open_gr(net, 1, false, true);
	struct helper h;

	if (_i == 1)
		conf->peers[0].options.graceful_restart = false;
	if (_i == 2)
		open.gr_families[FAMILY_IPV4] = false;
	h = helper_with(conf, net, &open);
	helper_lose(&h);
	assert_dropped(&h);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_STALE_KEPT], 0);
	net_free(net);
}
END_TEST

/* A peer from a range stays as long as its routes do, and is the same when it returns.
 */
START_TEST(dynamic_peer)
{
	struct net *net = net_new(3);
	struct conf *conf = net_conf(net, 0, AS);
	struct open open = open_gr(net, 1, false, true);
	struct node *node = &net->nodes[0];
	struct peer *peer;
	struct helper h;

	conf_range_add(conf, "nodes", "10.0.0.0/24", AS)->options.client = true;
	h = helper_with(conf, net, &open);
	peer = node_peer(node, 1);
	helper_lose(&h);
	ck_assert_ptr_eq(node_peer(node, 1), peer);
	assert_kept(&h);
	h.end = come_back(net, 1);
	ck_assert_ptr_eq(node_peer(node, 1), peer);
	assert_kept(&h);
	helper_lose(&h);
	net_run(net, 60 * 1000 + EARLY_MS);
	ck_assert_ptr_null(node_peer(node, 1));
	ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], 1);
	ck_assert_ptr_null(path_of(net, "10.1.0.0/16"));
	ck_assert_uint_eq(puppet_read(h.watcher).withdrawn, 2);
	net_free(net);
}
END_TEST

/* ---- a second connection while Established ---- */

START_TEST(second_connection_with_graceful_restart)
{
	struct helper h = helper_new();
	struct node *node = &h.net->nodes[0];
	struct end *first = h.end;

	net_run(h.net, 5000);
	puppet_read(first);
	h.end = come_back(h.net, 1);
	/* RFC 4724 4.2: the first is closed without a word, and the routes stay. */
	ck_assert(first->fin);
	ck_assert_uint_eq(puppet_read(first).notification.code, 0);
	assert_kept(&h);
	ck_assert_uint_eq(node->counts[EVENT_PEER_UP], 1);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 1);
	puppet_announce(h.end, "10.1.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(h.net, h.end);
	ck_assert(!is_stale(h.net, "10.1.0.0/16"));
	ck_assert_ptr_null(path_of(h.net, "10.2.0.0/16"));
	net_free(h.net);
}
END_TEST

/* Until its OPEN came the second may be anybody: the first goes on. */
START_TEST(second_connection_says_nothing)
{
	struct helper h = helper_new();
	struct node *node = &h.net->nodes[0];
	struct end *second;

	net_run(h.net, 5000);
	second = puppet_dial(h.net, 1, 0);
	net_settle(h.net);
	ck_assert_uint_eq(puppet_read(second).open.as, AS);
	puppet_announce(h.end, "10.3.0.0/16", "10.0.0.2");
	net_settle(h.net);
	ck_assert_ptr_nonnull(path_of(h.net, "10.3.0.0/16"));
	puppet_close(h.net, second);
	ck_assert_int_eq(node_state(node, 1), FSM_ESTABLISHED);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 0);
	ck_assert(!is_stale(h.net, "10.1.0.0/16"));
	net_free(h.net);
}
END_TEST

/* RFC 4271 6.8: the one that is Established stays. */
START_TEST(second_connection_without_graceful_restart)
{
	struct net *net = net_new(3);
	struct conf *conf = reflector_conf(net, 2);
	struct open open = _i == 0 ? open_of(net, 1) : open_gr(net, 1, false, true);
	struct end *second;
	struct puppet_got got;
	struct helper h;

	if (_i == 1)
		conf->peers[0].options.graceful_restart = false;
	h = helper_with(conf, net, &open);
	net_run(net, 5000);
	second = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, second, &open);
	got = puppet_read(second);
	ck_assert_uint_eq(got.notification.code, NOTIFY_CEASE);
	ck_assert_uint_eq(got.notification.subcode, CEASE_COLLISION);
	ck_assert(second->fin);
	ck_assert(!h.end->fin);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_DOWN], 0);
	ck_assert(!is_stale(net, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

static TCase *
helper_case(void)
{
	TCase *t = tcase_create("helper");

	tcase_add_test(t, lost_tcp_keeps_the_routes);
	tcase_add_test(t, end_of_rib_sweeps);
	tcase_add_loop_test(t, return_with, 0, COUNT(returns));
	tcase_add_test(t, restart_time_passes);
	tcase_add_test(t, stale_time_passes);
	tcase_add_test(t, second_restart_inside_the_first);
	tcase_add_test(t, restart_inside_a_sweep);
	tcase_add_loop_test(t, hard_end, 0, COUNT(hard_ends));
	tcase_add_test(t, disable_drops_stale_routes);
	tcase_add_loop_test(t, not_agreed, 0, 3);
	tcase_add_test(t, dynamic_peer);
	tcase_add_test(t, second_connection_with_graceful_restart);
	tcase_add_test(t, second_connection_says_nothing);
	tcase_add_loop_test(t, second_connection_without_graceful_restart, 0, 2);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("restart");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, helper_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
