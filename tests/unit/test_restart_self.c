// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * This speaker restarting (RFC 4724 4.1): what the OPEN says, what waits for whom, and
 * when the restart is over.
 */
#include "restart.h"

/* ---- our OPEN ---- */

START_TEST(open_of_a_start)
{
	struct net *net = net_new(3);
	struct conf *conf = reflector_conf(net, 2);
	struct open open, theirs;
	struct end *end;

	/* Off the data path there is no forwarding state to be lost, nor to tell a
	 * start from a restart. */
	conf->kernel.install = _i == 0;
	net_start(net, 0, conf);
	open = ask_open(net, 1);
	ck_assert(open.graceful_restart);
	ck_assert(open.restarting == (_i != 0));
	ck_assert_uint_eq(open.restart_time_s, 120);
	ck_assert(!open.notification_gr);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		ck_assert(open.gr_families[f]);
		ck_assert(open.forwarding[f] == (_i != 0));
	}
	/* Whoever has seen us up since the start has lost nothing. */
	theirs = open_gr(net, 1, false, true);
	end = come_up(net, 1, &theirs);
	puppet_close(net, end);
	ck_assert(ask_open(net, 1).forwarding[FAMILY_IPV4]);
	ck_assert(ask_open(net, 2).forwarding[FAMILY_IPV4] == (_i != 0));
	/* Nor has anybody once the start is over. */
	net_run(net, 120 * 1000);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_CONVERGED], 1);
	open = ask_open(net, 2);
	ck_assert(open.forwarding[FAMILY_IPV4] && open.forwarding[FAMILY_IPV6]);
	ck_assert(!open.restarting);
	net_free(net);
}
END_TEST

START_TEST(open_of_a_restart)
{
	struct net *net = net_new(4);
	struct conf *conf = reflector_conf(net, 3);
	struct open open;

	conf->peers[1].options.families[FAMILY_IPV6] = false;
	conf->peers[2].options.graceful_restart = false;
	net_start_as(net, 0, conf, true);
	open = ask_open(net, 1);
	ck_assert(open.restarting);
	for (int f = 0; f < FAMILY_COUNT; f++)
		ck_assert(open.gr_families[f] && open.forwarding[f]);
	open = ask_open(net, 2);
	ck_assert(open.gr_families[FAMILY_IPV4]);
	ck_assert(!open.gr_families[FAMILY_IPV6]);
	ck_assert(!ask_open(net, 3).graceful_restart);
	/* Over: nobody is up, so nobody is waited for beyond the settle time. */
	net_run(net, 6 * 1000 + EARLY_MS);
	open = ask_open(net, 1);
	ck_assert(!open.restarting);
	ck_assert(open.forwarding[FAMILY_IPV4]);
	net_free(net);
}
END_TEST

static bool
is_deferring(const struct net *net)
{
	struct speaker_totals totals;

	speaker_totals(net->nodes[0].sp, &totals);
	return totals.restarting;
}

/* router { graceful-restart = false }: a restart is a start. */
START_TEST(restart_without_graceful_restart)
{
	struct net *net = net_new(2);
	struct conf *conf = reflector_conf(net, 1);
	struct open theirs = open_of(net, 1);
	struct end *end;

	conf->router.graceful_restart = false;
	conf->peers[0].options.graceful_restart = false;
	conf_network_add(conf, "10.9.0.0/16");
	net_start_as(net, 0, conf, true);
	ck_assert(!is_deferring(net));
	end = come_up(net, 1, &theirs);
	ck_assert_uint_eq(puppet_read(end).end_of_rib[FAMILY_IPV4], 1);
	net_free(net);
}
END_TEST

/* ---- deferral ---- */

/* Four clients of a reflector that restarts: two with graceful restart, 3 without; 4 is
 * there when the test says so. */
struct deferral {
	struct net *net;
	struct end *ends[5];
};

static struct deferral
deferral_new(unsigned n_peers, bool n2_restarts)
{
	struct deferral d = { .net = net_new(5) };
	struct conf *conf = reflector_conf(d.net, n_peers);
	struct open open;

	conf_network_add(conf, "10.9.0.0/16");
	net_start_as(d.net, 0, conf, true);
	open = open_gr(d.net, 1, false, true);
	d.ends[1] = come_up(d.net, 1, &open);
	open = open_gr(d.net, 2, n2_restarts, true);
	d.ends[2] = come_up(d.net, 2, &open);
	if (n_peers >= 3) {
		open = open_of(d.net, 3);
		d.ends[3] = come_up(d.net, 3, &open);
	}
	puppet_announce(d.ends[1], "10.1.0.0/16", "10.0.0.2");
	net_settle(d.net);
	return d;
}

/* Nothing but our own network, and no End-of-RIB. */
static void
assert_own_alone(struct end *end)
{
	struct puppet_got got = puppet_read(end);
	struct prefix own = prefix_from("10.9.0.0/16");

	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert(prefix_equal(&got.last, &own));
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 0);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV6], 0);
}

static void
assert_nothing(struct end *end)
{
	struct puppet_got got = puppet_read(end);

	ck_assert_uint_eq(got.updates, 0);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 0);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV6], 0);
}

/* The learned route, and End-of-RIB behind all; nothing is withdrawn. */
static void
assert_released(struct deferral *d, unsigned i)
{
	struct puppet_got got = puppet_read(d->ends[i]);
	const struct peer *peer = node_peer(&d->net->nodes[0], i);

	ck_assert(!is_deferring(d->net));
	ck_assert_uint_ge(got.prefixes, 1);
	ck_assert_uint_eq(got.withdrawn, 0);
	ck_assert_uint_eq(got.prefixes_before_end, got.prefixes);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV6], 1);
	ck_assert_uint_eq(peer_sent_count(peer, FAMILY_IPV4), 2);
}

START_TEST(deferral_ends_with_the_last_end_of_rib)
{
	struct deferral d = deferral_new(3, false);
	struct puppet_got got;

	ck_assert(is_deferring(d.net));
	assert_own_alone(d.ends[2]);
	/* Nobody defers for one that would not know what for. */
	got = puppet_read(d.ends[3]);
	ck_assert_uint_eq(got.prefixes, 2);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	puppet_end_of_ribs(d.net, d.ends[1]);
	assert_nothing(d.ends[2]);
	puppet_end_of_rib(d.ends[2], FAMILY_IPV4);
	net_settle(d.net);
	assert_nothing(d.ends[2]);
	puppet_end_of_rib(d.ends[2], FAMILY_IPV6);
	net_settle(d.net);
	assert_released(&d, 2);
	assert_nothing(d.ends[3]);
	/* The one who announced it does not get it back. */
	got = puppet_read(d.ends[1]);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	ck_assert_uint_eq(
	    peer_sent_count(node_peer(&d.net->nodes[0], 1), FAMILY_IPV4), 1);
	net_free(d.net);
}
END_TEST

/* A pure reflector may have restarted for all it knows: what it learns it passes on,
 * but not that this is all.  Node 3 is configured, and comes late or not at all. */
START_TEST(pure_reflector_keeps_back_end_of_rib)
{
	static const struct {
		bool comes;
		uint64_t ms;
	} cases[] = { { true, 100 }, { false, 31 * 1000 } };
	struct net *net = net_new(4);
	struct conf *conf = reflector_conf(net, 3);
	struct end *ends[4];
	struct puppet_got got;

	conf->kernel.install = false;
	net_start(net, 0, conf);
	for (unsigned i = 1; i <= 2; i++) {
		struct open open = open_gr(net, i, false, true);

		ends[i] = come_up(net, i, &open);
	}
	puppet_announce(ends[1], "10.1.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(net, ends[1]);
	puppet_end_of_ribs(net, ends[2]);
	net_settle(net);
	got = puppet_read(ends[2]);
	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 0);
	net_run(net, cases[_i].ms - EARLY_MS);
	assert_nothing(ends[2]);
	if (cases[_i].comes) {
		struct open open = open_gr(net, 3, false, true);

		ends[3] = come_up(net, 3, &open);
		puppet_announce(ends[3], "10.3.0.0/16", "10.0.0.4");
		puppet_end_of_ribs(net, ends[3]);
		net_settle(net);
	} else {
		net_run(net, 2 * EARLY_MS);
	}
	got = puppet_read(ends[2]);
	ck_assert_uint_eq(got.prefixes, cases[_i].comes ? 1 : 0);
	ck_assert_uint_eq(got.prefixes_before_end, got.prefixes);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV6], 1);
	net_free(net);
}
END_TEST

/* Two that start at once do not wait for each other. */
START_TEST(pure_reflectors_do_not_wait_for_each_other)
{
	struct net *net = net_new(2);
	struct conf *conf = reflector_conf(net, 1);
	struct open open = open_gr(net, 1, true, true);
	struct puppet_got got;
	struct end *end;

	conf->kernel.install = false;
	net_start(net, 0, conf);
	end = come_up(net, 1, &open);
	got = puppet_read(end);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV4], 1);
	ck_assert_uint_eq(got.end_of_rib[FAMILY_IPV6], 1);
	net_free(net);
}
END_TEST

/* Node 4 is configured and does not come. */
START_TEST(absent_peer_is_given_the_settle_time)
{
	struct deferral d = deferral_new(4, false);

	assert_own_alone(d.ends[2]);
	puppet_end_of_ribs(d.net, d.ends[1]);
	puppet_end_of_ribs(d.net, d.ends[2]);
	net_run(d.net, 6 * 1000 - EARLY_MS);
	ck_assert(is_deferring(d.net));
	assert_nothing(d.ends[2]);
	net_run(d.net, 2 * EARLY_MS);
	assert_released(&d, 2);
	net_free(d.net);
}
END_TEST

/* … and when it comes inside that time, it is one of those waited for. */
START_TEST(late_peer_is_waited_for)
{
	struct deferral d = deferral_new(4, false);
	struct open open = open_gr(d.net, 4, false, true);

	assert_own_alone(d.ends[2]);
	puppet_end_of_ribs(d.net, d.ends[1]);
	puppet_end_of_ribs(d.net, d.ends[2]);
	net_run(d.net, 5000);
	d.ends[4] = come_up(d.net, 4, &open);
	net_run(d.net, 60 * 1000);
	assert_nothing(d.ends[2]);
	if (_i == 0)
		puppet_end_of_ribs(d.net, d.ends[4]);
	else
		puppet_close(d.net, d.ends[4]); /* or it goes again */
	assert_released(&d, 2);
	net_free(d.net);
}
END_TEST

/* A peer that is up and never sends End-of-RIB is waited for until restart-time. */
START_TEST(restart_time_ends_the_deferral)
{
	struct deferral d = deferral_new(3, false);

	assert_own_alone(d.ends[2]);
	puppet_end_of_ribs(d.net, d.ends[1]);
	net_run(d.net, 120 * 1000 - EARLY_MS);
	assert_nothing(d.ends[2]);
	net_run(d.net, 2 * EARLY_MS);
	assert_released(&d, 2);
	ck_assert_int_eq(node_state(&d.net->nodes[0], 2), FSM_ESTABLISHED);
	net_free(d.net);
}
END_TEST

/* RFC 4724 4.1: a peer with the R bit waits for us. */
START_TEST(restarting_peer_is_not_waited_for)
{
	struct deferral d = deferral_new(3, true);

	assert_own_alone(d.ends[2]);
	puppet_end_of_ribs(d.net, d.ends[1]);
	net_run(d.net, 6 * 1000 + EARLY_MS);
	assert_released(&d, 2);
	net_free(d.net);
}
END_TEST

START_TEST(both_restart_at_once)
{
	struct net *net = net_new(2);

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2; i++) {
			struct conf *conf = net_conf(net, i, AS);

			net_conf_peer(net, conf, 1 - i, AS);
			conf_network_add(conf, i == 0 ? "10.1.0.0/16" : "10.2.0.0/16");
			net_start_as(net, i, conf, round > 0);
		}
		net_run(net, 10 * 1000);
		net_assert_up(net, 0, 1);
		for (unsigned i = 0; i < 2; i++) {
			struct node *node = &net->nodes[i];
			const struct peer *peer = node_peer(node, 1 - i);

			ck_assert(peer->remote_open.restarting == (round > 0));
			ck_assert(peer->end_of_rib[FAMILY_IPV4]);
			ck_assert(peer->end_of_rib[FAMILY_IPV6]);
			ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 1);
			ck_assert_ptr_nonnull(
			    node_best(node, i == 0 ? "10.2.0.0/16" : "10.1.0.0/16"));
		}
		for (unsigned i = 0; i < 2; i++) {
			node_crash(&net->nodes[i], false);
			node_forget_events(&net->nodes[i]);
		}
	}
	net_free(net);
}
END_TEST

/* ---- the end of the start ---- */

static const struct {
	const char *what;
	bool restart;  /* ours */
	bool gr;       /* peer 2 has graceful restart */
	bool restarts; /* peer 2 says the R bit */
} convergences[] = {
	{ "start", false, true, false },
	{ "restart", true, true, false },
	{ "a peer without graceful restart", true, false, false },
	{ "a peer that restarts", true, true, true },
};

START_TEST(converged_with_the_last_end_of_rib)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct end *ends[3];
	struct open open;

	net_start_as(net, 0, reflector_conf(net, 2), convergences[_i].restart);
	open = open_gr(net, 1, false, true);
	ends[1] = come_up(net, 1, &open);
	puppet_end_of_ribs(net, ends[1]);
	net_run(net, 30 * 1000);
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 0);
	open = convergences[_i].gr ? open_gr(net, 2, convergences[_i].restarts, true)
				   : open_of(net, 2);
	ends[2] = come_up(net, 2, &open);
	puppet_end_of_rib(ends[2], FAMILY_IPV4);
	net_run(net, 30 * 1000);
	ck_assert_msg(
	    node->counts[EVENT_CONVERGED] == 0, "%s: too early", convergences[_i].what);
	puppet_end_of_rib(ends[2], FAMILY_IPV6);
	net_settle(net);
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 1);
	/* Once in a life. */
	puppet_close(net, ends[2]);
	net_run(net, 300 * 1000);
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 1);
	net_free(net);
}
END_TEST

/* Somebody does not come, or nobody knows who may (a range). */
START_TEST(converged_with_restart_time)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = reflector_conf(net, _i == 0 ? 2 : 1);
	struct open open = open_gr(net, 1, false, true);

	conf->router.restart_time_s = 50;
	if (_i == 1)
		conf_range_add(conf, "nodes", "10.0.0.0/24", AS);
	net_start_as(net, 0, conf, true);
	puppet_end_of_ribs(net, come_up(net, 1, &open));
	net_run(net, 50 * 1000 - EARLY_MS);
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 0);
	net_run(net, 2 * EARLY_MS);
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 1);
	net_free(net);
}
END_TEST

/* Who is disabled, removed or not there is not waited for. */
START_TEST(converged_without_the_absent)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = reflector_conf(net, _i == 0 ? 0 : 1);

	if (_i == 1)
		conf->peers[0].enabled = false;
	net_start_as(net, 0, conf, true);
	net_settle(net);
	if (_i == 2) {
		ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 0);
		peer_disable(node->sp, node_peer(node, 1), "");
		net_settle(net);
	} else if (_i == 3) {
		ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 0);
		speaker_configure(node->sp, reflector_conf(net, 0));
		net_settle(net);
	}
	ck_assert_uint_eq(node->counts[EVENT_CONVERGED], 1);
	net_free(net);
}
END_TEST

/* A graceful stop and a start: the neighbour's routes and ours never leave. */
START_TEST(whole_restart)
{
	struct net *net = net_new(2);
	struct node *b = &net->nodes[1];

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, AS);

		net_conf_peer(net, conf, 1 - i, AS);
		conf_network_add(conf, i == 0 ? "10.1.0.0/16" : "10.2.0.0/16");
		if (i == 0)
			conf_network_add(conf, "10.3.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 3000);
	net_assert_up(net, 0, 1);
	node_stop(&net->nodes[0], true, "");
	ck_assert(node_peer(b, 0)->stale[FAMILY_IPV4]);
	/* RFC 4724 4: it would have ended the grace. */
	ck_assert_uint_eq(b->counts[EVENT_NOTIFICATION_RECEIVED], 0);
	net_run(net, 5000);
	ck_assert_ptr_nonnull(node_fib(b, "10.1.0.0/16"));
	{
		struct conf *conf = net_conf(net, 0, AS);

		net_conf_peer(net, conf, 1, AS);
		conf_network_add(conf, "10.1.0.0/16");
		net_start_as(net, 0, conf, true);
	}
	net_run(net, 30 * 1000);
	net_assert_up(net, 0, 1);
	/* 10.3.0.0/16 left the configuration meanwhile. */
	ck_assert_ptr_nonnull(node_fib(b, "10.1.0.0/16"));
	ck_assert_ptr_null(node_best(b, "10.3.0.0/16"));
	ck_assert(!node_peer(b, 0)->stale[FAMILY_IPV4]);
	ck_assert_ptr_nonnull(node_best(&net->nodes[0], "10.2.0.0/16"));
	net_free(net);
}
END_TEST

static TCase *
restarting_case(void)
{
	TCase *t = tcase_create("restarting");

	tcase_add_loop_test(t, open_of_a_start, 0, 2);
	tcase_add_test(t, open_of_a_restart);
	tcase_add_test(t, restart_without_graceful_restart);
	tcase_add_test(t, deferral_ends_with_the_last_end_of_rib);
	tcase_add_loop_test(t, pure_reflector_keeps_back_end_of_rib, 0, 2);
	tcase_add_test(t, pure_reflectors_do_not_wait_for_each_other);
	tcase_add_test(t, absent_peer_is_given_the_settle_time);
	tcase_add_loop_test(t, late_peer_is_waited_for, 0, 2);
	tcase_add_test(t, restart_time_ends_the_deferral);
	tcase_add_test(t, restarting_peer_is_not_waited_for);
	tcase_add_test(t, both_restart_at_once);
	tcase_add_loop_test(
	    t, converged_with_the_last_end_of_rib, 0, COUNT(convergences));
	tcase_add_loop_test(t, converged_with_restart_time, 0, 2);
	tcase_add_loop_test(t, converged_without_the_absent, 0, 4);
	tcase_add_test(t, whole_restart);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("restart_self");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, restarting_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
