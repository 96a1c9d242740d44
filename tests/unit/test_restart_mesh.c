// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Graceful restart between speakers, not puppets: one node of a mesh restarts, all do
 * at once, one dies in silence.  Nobody loses a route for an instant.
 */
#include "net.h"

#include <check.h>

/* Node i of a mesh; of two the later one dials. */
static struct conf *
mesh_conf(const struct net *net, unsigned i)
{
	struct conf *conf = net_conf(net, i, 64512);
	char text[32];

	for (unsigned k = 0; k < net->n_nodes; k++)
		if (k != i)
			net_conf_peer(net, conf, k, 64512)->dial_late = k > i;
	snprintf(text, sizeof(text), "10.%u.0.0/16", i + 1);
	conf_network_add(conf, text);
	return conf;
}

static void
assert_mesh(struct net *net, unsigned seconds)
{
	net_run(net, (uint64_t)seconds * 1000);
	for (unsigned i = 0; i < net->n_nodes; i++)
		for (unsigned k = 0; k < net->n_nodes; k++) {
			char text[32];

			if (i == k)
				continue;
			snprintf(text, sizeof(text), "10.%u.0.0/16", k + 1);
			ck_assert_ptr_nonnull(node_fib(&net->nodes[i], text));
			ck_assert(
			    node_peer(&net->nodes[i], k)->end_of_rib[FAMILY_IPV4]);
		}
}

START_TEST(a_node_restarts)
{
	struct net *net = net_new(3);

	for (unsigned i = 0; i < 3; i++)
		net_start(net, i, mesh_conf(net, i));
	assert_mesh(net, 10);
	if (_i == 0)
		node_crash(&net->nodes[1], false);
	else
		node_stop(&net->nodes[1], true, "");
	for (unsigned ms = 0; ms < 20000; ms += 50) {
		net_run(net, 50);
		if (ms == 2000)
			net_start_as(net, 1, mesh_conf(net, 1), true);
		ck_assert_ptr_nonnull(node_fib(&net->nodes[0], "10.2.0.0/16"));
		ck_assert_ptr_nonnull(node_fib(&net->nodes[2], "10.2.0.0/16"));
		ck_assert_ptr_nonnull(node_fib(&net->nodes[1], "10.1.0.0/16"));
	}
	assert_mesh(net, 1);
	ck_assert_uint_eq(net->nodes[1].counts[EVENT_CONVERGED], 2);
	net_free(net);
}
END_TEST

/* Nobody waits for the others' End-of-RIB. */
START_TEST(all_restart)
{
	struct net *net = net_new(3);

	for (unsigned i = 0; i < 3; i++)
		net_start(net, i, mesh_conf(net, i));
	assert_mesh(net, 10);
	for (unsigned i = 0; i < 3; i++)
		node_crash(&net->nodes[i], false);
	for (unsigned i = 0; i < 3; i++)
		net_start_as(net, i, mesh_conf(net, i), true);
	assert_mesh(net, 15);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(net->nodes[i].counts[EVENT_CONVERGED], 2);
	net_free(net);
}
END_TEST

/* No FIN came: the peer is still Established when the node opens a new connection. */
START_TEST(silent_death)
{
	struct net *net = net_new(2);

	for (unsigned i = 0; i < 2; i++)
		net_start(net, i, mesh_conf(net, i));
	assert_mesh(net, 10);
	node_crash(&net->nodes[1], true);
	net_run(net, 20 * 1000);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	net_start_as(net, 1, mesh_conf(net, 1), true);
	assert_mesh(net, 15);
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_UP], 2);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restart_mesh");
	TCase *t = tcase_create("mesh");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_node_restarts, 0, 2);
	tcase_add_test(t, all_restart);
	tcase_add_test(t, silent_death);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
