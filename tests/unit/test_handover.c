// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Moving between mesh and reflectors: whatever the order in which the nodes take the
 * new file, no route leaves any FIB; and what is simply removed goes at once.
 */
#include "puppet.h"

#include <check.h>
#include <stdlib.h>

enum { NODES = 6, AS = 64512 };
#define RESTART_S 60

/* Who is in the file, and who reflects; bits by node. */
struct plan {
	unsigned members, reflectors;
	bool mesh;
};

static bool
has(unsigned set, unsigned i)
{
	return (set >> i & 1) != 0;
}

static struct conf *
conf_of(const struct net *net, unsigned i, struct plan plan)
{
	struct conf *conf = net_conf(net, i, AS);
	char text[32];

	conf->router.restart_time_s = RESTART_S;
	conf->cluster.present = true;
	conf->cluster.mesh = plan.mesh;
	conf->cluster.addresses = calloc(NODES, sizeof(struct addr));
	ck_assert_ptr_nonnull(conf->cluster.addresses);
	snprintf(text, sizeof(text), "10.%u.0.0/16", i + 1);
	conf_network_add(conf, text);
	for (unsigned k = 0; k < NODES; k++) {
		struct conf_peer *peer;

		if (!has(plan.members, k))
			continue;
		conf->cluster.addresses[conf->cluster.n_addresses++] =
		    net->nodes[k].addr4;
		if (k == i ||
		    !(plan.mesh || has(plan.reflectors, i) || has(plan.reflectors, k)))
			continue;
		peer = net_conf_peer(net, conf, k, AS);
		peer->from_cluster = true;
		peer->dial_late = i < k;
		peer->reflector = has(plan.reflectors, k) && !has(plan.reflectors, i);
		peer->options.client =
		    has(plan.reflectors, i) && !has(plan.reflectors, k);
	}
	return conf;
}

static void
reload_node(struct net *net, unsigned i, struct plan plan)
{
	speaker_set_now(net->nodes[i].sp, net->now_ms);
	speaker_configure(net->nodes[i].sp, conf_of(net, i, plan));
	net_settle(net);
}

/* Set once all is there: from then on nothing may be missed. */
static bool watching;
static unsigned lost;

static void
on_fib(struct node *node, const struct fib_change *change)
{
	char text[32];
	struct prefix own;

	snprintf(text, sizeof(text), "10.%u.0.0/16",
	    (unsigned)(node - node->net->nodes) + 1);
	own = prefix_from(text);
	if (watching && change->kind == FIB_KIND_NONE &&
	    !prefix_equal(&own, &change->prefix))
		lost++;
}

static void
assert_complete(struct net *net, unsigned members, unsigned alive)
{
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned k = 0; has(members & alive, i) && k < NODES; k++) {
			char text[32];

			if (k == i || !has(members, k))
				continue;
			snprintf(text, sizeof(text), "10.%u.0.0/16", k + 1);
			ck_assert_msg(node_fib(&net->nodes[i], text) != NULL,
			    "node %u lacks %s", i, text);
		}
}

static unsigned
session_count(struct net *net, unsigned i)
{
	unsigned n = 0;

	for (struct peer *p = speaker_first_peer(net->nodes[i].sp); p != NULL;
	     p = speaker_next_peer(net->nodes[i].sp, p))
		n += p->established != NULL;
	return n;
}

static struct net *
start(struct plan plan)
{
	struct net *net = net_new(NODES);

	watching = false;
	lost = 0;
	net->on_fib = on_fib;
	for (unsigned i = 0; i < NODES; i++)
		if (has(plan.members, i))
			net_start(net, i, conf_of(net, i, plan));
	net_run(net, 30000);
	assert_complete(net, plan.members, plan.members);
	watching = true;
	return net;
}

/* Every member takes the new file, in an order and with pauses that the seed gives. */
static void
reload_all(struct net *net, struct plan plan, unsigned seed, unsigned members)
{
	unsigned left = members;

	srand(seed);
	while (left != 0) {
		unsigned i = (unsigned)rand() % NODES;

		if (!has(left, i))
			continue;
		left &= ~(1u << i);
		reload_node(net, i, plan);
		net_run(net, (uint64_t)(rand() % 4 == 0 ? 9000 : rand() % 700));
		assert_complete(net, members, members);
	}
}

static const struct plan mesh = { 0x3f, 0, true };
static const struct plan both = { 0x3f, 0x03, true };
static const struct plan reflected = { 0x3f, 0x03, false };

/* Mesh, two reflectors, and back: in one edit each way, or with both in between. */
START_TEST(there_and_back)
{
	bool in_one = _i % 2 == 0;
	struct net *net = start(mesh);

	if (!in_one)
		reload_all(net, both, 100 + (unsigned)_i, 0x3f);
	reload_all(net, reflected, 200 + (unsigned)_i, 0x3f);
	net_run(net, 30000);
	for (unsigned i = 0; i < NODES; i++)
		ck_assert_uint_eq(session_count(net, i), i < 2 ? NODES - 1 : 2);
	net_run(net, 400000);
	assert_complete(net, 0x3f, 0x3f);
	if (!in_one) {
		reload_all(net, both, 300 + (unsigned)_i, 0x3f);
		net_run(net, 30000);
	}
	reload_all(net, mesh, 400 + (unsigned)_i, 0x3f);
	net_run(net, 400000);
	assert_complete(net, 0x3f, 0x3f);
	for (unsigned i = 0; i < NODES; i++)
		ck_assert_uint_eq(session_count(net, i), NODES - 1);
	ck_assert_uint_eq(lost, 0);
	/* Who stays a peer stays one session; reflectors were peers all the time. */
	for (unsigned i = 1; i < NODES; i++)
		ck_assert_uint_eq(node_peer(&net->nodes[0], i)->counters.flaps, 0);
	/* Nobody reflects any more: what is not heard directly is not heard. */
	for (unsigned i = 2; i < NODES; i++)
		ck_assert_uint_eq(
		    rib_path_count(speaker_rib(net->nodes[i].sp), FAMILY_IPV4), NODES);
	net_free(net);
}
END_TEST

/* One reflector takes the place of another, which leaves the file. */
START_TEST(reflector_replaced)
{
	const struct plan before = { 0x1f, 0x01, false }, after = { 0x3e, 0x20, false };
	struct net *net = start(before);

	/* The new one comes first, as it must, and reflects what it is told. */
	net_start(net, 5, conf_of(net, 5, after));
	reload_all(net, after, 500 + (unsigned)_i, 0x1e);
	net_run(net, 20000);
	assert_complete(net, 0x3e, 0x1e);
	ck_assert_uint_eq(lost, 0);
	/* The old reflector's own block comes no other way: it goes in the end. */
	net_run(net, RESTART_S * 1000);
	assert_complete(net, 0x3e, 0x1e);
	for (unsigned i = 1; i < 5; i++)
		ck_assert_uint_eq(session_count(net, i), 1);
	ck_assert_uint_eq(lost, 4);
	net_free(net);
}
END_TEST

/* A plain node that leaves the file has its session closed at once, and its routes. */
START_TEST(plain_removal)
{
	const struct plan after = { 0x1f, 0, true };
	struct net *net = start(mesh);

	for (unsigned i = 0; i < 5; i++) {
		reload_node(net, i, after);
		ck_assert_uint_eq(session_count(net, i), 4);
		ck_assert_ptr_null(node_fib(&net->nodes[i], "10.6.0.0/16"));
	}
	net_free(net);
}
END_TEST

/* No reflector ever reflects (its file is not changed): after restart-time the session
 * goes with its routes. */
START_TEST(time_is_over)
{
	struct net *net = start(mesh);

	reload_node(net, 2, reflected);
	ck_assert_uint_eq(session_count(net, 2), NODES - 1);
	ck_assert_uint_eq(net->nodes[2].counts[EVENT_HANDOVER], 3);
	net_run(net, (RESTART_S - 1) * 1000);
	ck_assert_uint_eq(session_count(net, 2), NODES - 1);
	ck_assert_uint_eq(lost, 0);
	net_run(net, 2000);
	ck_assert_uint_eq(session_count(net, 2), 2);
	ck_assert_uint_eq(net->nodes[2].counts[EVENT_HANDED_OVER], 3);
	ck_assert_ptr_null(node_fib(&net->nodes[2], "10.4.0.0/16"));
	/* The others keep its routes as stale: they have it in their files. */
	ck_assert_ptr_nonnull(node_fib(&net->nodes[3], "10.3.0.0/16"));
	net_free(net);
}
END_TEST

/* The file comes back before the time is over: same session, nothing lost. */
START_TEST(revived)
{
	struct net *net = start(mesh);

	reload_node(net, 2, reflected);
	net_run(net, 5000);
	reload_node(net, 2, mesh);
	net_run(net, 300000);
	ck_assert_uint_eq(session_count(net, 2), NODES - 1);
	for (unsigned i = 0; i < NODES; i++)
		if (i != 2)
			ck_assert_uint_eq(
			    node_peer(&net->nodes[2], i)->counters.flaps, 0);
	ck_assert_uint_eq(lost, 0);
	net_free(net);
}
END_TEST

/* Without graceful restart it is said that the peer is gone: RFC 4486, 6/3. */
START_TEST(without_graceful_restart)
{
	struct net *net = start(mesh);
	struct conf *conf = conf_of(net, 2, reflected);

	node_peer(&net->nodes[2], 3)->conf.options.graceful_restart = false;
	speaker_set_now(net->nodes[2].sp, net->now_ms);
	speaker_configure(net->nodes[2].sp, conf);
	net_settle(net);
	net_run(net, (RESTART_S + 1) * 1000);
	ck_assert_uint_eq(net->nodes[3].counts[EVENT_NOTIFICATION_RECEIVED], 1);
	ck_assert_uint_eq(net->nodes[4].counts[EVENT_NOTIFICATION_RECEIVED], 0);
	net_free(net);
}
END_TEST

/* A node that dies while it is handed over goes as any other does. */
START_TEST(dies_meanwhile)
{
	struct net *net = start(mesh);

	reload_node(net, 2, reflected);
	node_crash(&net->nodes[3], false);
	net_run(net, 5000);
	ck_assert_ptr_nonnull(node_fib(&net->nodes[2], "10.4.0.0/16"));
	net_run(net, 200000);
	ck_assert_ptr_null(node_fib(&net->nodes[2], "10.4.0.0/16"));
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("handover");
	TCase *t = tcase_create("handover");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, there_and_back, 0, 20);
	tcase_add_loop_test(t, reflector_replaced, 0, 8);
	tcase_add_test(t, plain_removal);
	tcase_add_test(t, time_is_over);
	tcase_add_test(t, revived);
	tcase_add_test(t, without_graceful_restart);
	tcase_add_test(t, dies_meanwhile);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
