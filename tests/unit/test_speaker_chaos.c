// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A mesh of speakers to which everything happens that may: connections break and stall,
 * nodes crash and restart, peers are disabled, workloads move.  When it is over and
 * time has passed, every node holds what every other announces, and nothing else.
 */
#include "net.h"

#include <check.h>

enum { NODES = 4, WORKLOADS = 12 };

struct chaos {
	struct net *net;
	uint32_t random;
	bool has[NODES][WORKLOADS]; /* which node announces which workload */
};

static uint32_t
rnd(struct chaos *c, uint32_t n)
{
	c->random = c->random * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(c->random >> 4) * n >> 28);
}

static struct prefix
workload(unsigned node, unsigned i)
{
	struct addr a = addr_ipv4(0x0a800000 + (node << 8) + i);

	return prefix_of(&a, 32);
}

static void
start(struct chaos *c, unsigned i, bool is_restart)
{
	struct conf *conf = net_conf(c->net, i, 64512);

	conf_import_add(conf, "workloads");
	for (unsigned k = 0; k < NODES; k++)
		if (k != i)
			net_conf_peer(c->net, conf, k, 64512)->dial_late =
			    c->random % 2 == 0 && k > i;
	net_start_as(c->net, i, conf, is_restart);
	/* The kernel still has them. */
	for (unsigned k = 0; k < WORKLOADS; k++) {
		struct prefix p = workload(i, k);

		if (c->has[i][k])
			speaker_workload(c->net->nodes[i].sp, 0, &p, true);
	}
}

static struct conn *
random_conn(struct chaos *c)
{
	uint32_t n = 0, k;

	for (struct conn *conn = c->net->conns; conn != NULL; conn = conn->next)
		n += conn->up;
	if (n == 0)
		return NULL;
	k = rnd(c, n);
	for (struct conn *conn = c->net->conns; conn != NULL; conn = conn->next)
		if (conn->up && k-- == 0)
			return conn;
	return NULL;
}

static void
happen_to_node(struct chaos *c, unsigned i)
{
	struct node *node = &c->net->nodes[i];
	struct peer *peer;

	if (node->sp == NULL) {
		start(c, i, rnd(c, 4) > 0);
		return;
	}
	peer = node_peer(node, (i + 1 + rnd(c, NODES - 1)) % NODES);
	switch (rnd(c, 8)) {
	case 0: node_crash(node, rnd(c, 2) == 0); break;
	case 1: node_stop(node, rnd(c, 2) == 0, "chaos"); break;
	case 2: peer_disable(node->sp, peer, "chaos"); break;
	case 3: peer_enable(node->sp, peer); break;
	case 4: peer_restart(node->sp, peer, "chaos"); break;
	default: {
		unsigned k = rnd(c, WORKLOADS);
		struct prefix p = workload(i, k);

		c->has[i][k] = !c->has[i][k];
		speaker_workload(node->sp, 0, &p, c->has[i][k]);
	}
	}
}

static void
happen(struct chaos *c)
{
	struct conn *conn = random_conn(c);

	switch (rnd(c, 4)) {
	case 0:
		if (conn != NULL && rnd(c, 2) == 0)
			conn_break(conn);
		break;
	case 1:
		if (conn != NULL) {
			struct end *end = &conn->ends[rnd(c, 2)];

			end->stalled = !end->stalled;
			end->limit = end->stalled ? 1 + rnd(c, 200) : NET_QUEUE;
		}
		break;
	default: happen_to_node(c, rnd(c, NODES)); break;
	}
	c->net->latency_ms = rnd(c, 30);
	c->net->max_messages = 1 + rnd(c, 16);
	c->net->write_max = rnd(c, 2) == 0 ? NET_QUEUE : 1 + rnd(c, 50);
	net_run(c->net, rnd(c, 3) == 0 ? rnd(c, 20000) : rnd(c, 300));
}

static void
calm_down(struct chaos *c)
{
	for (struct conn *conn = c->net->conns; conn != NULL; conn = conn->next)
		for (int e = 0; e < 2; e++) {
			conn->ends[e].stalled = false;
			conn->ends[e].limit = NET_QUEUE;
		}
	for (unsigned i = 0; i < NODES; i++) {
		if (c->net->nodes[i].sp == NULL)
			start(c, i, false);
		for (unsigned k = 0; k < NODES; k++)
			if (k != i)
				peer_enable(c->net->nodes[i].sp,
				    node_peer(&c->net->nodes[i], k));
	}
	net_run(c->net, 600 * 1000);
}

static void
check_node(struct chaos *c, unsigned i)
{
	struct node *node = &c->net->nodes[i];
	unsigned due = 0;

	for (unsigned k = 0; k < NODES; k++) {
		const struct rib_peer *info;
		unsigned n = 0;

		if (k == i)
			continue;
		net_assert_up(c->net, i, k);
		for (unsigned w = 0; w < WORKLOADS; w++) {
			struct prefix p = workload(k, w);
			char text[PREFIX_TEXT_LEN];

			prefix_format(&p, text);
			ck_assert((node_best(node, text) != NULL) == c->has[k][w]);
			ck_assert((node_fib(node, text) != NULL) == c->has[k][w]);
			n += c->has[k][w];
		}
		due += n;
		info = rib_peer_info(speaker_rib(node->sp), node_peer(node, k)->number);
		ck_assert_uint_eq(info->family[FAMILY_IPV4].received, n);
		ck_assert_uint_eq(
		    peer_sent_count(node_peer(&c->net->nodes[k], i), FAMILY_IPV4), n);
		ck_assert_uint_eq(node_peer(node, k)->orphans, 0);
	}
	ck_assert_uint_eq(node->n_fib, due);
	ck_assert_uint_eq(rib_tombstones(speaker_rib(node->sp), FAMILY_IPV4), 0);
}

START_TEST(chaos)
{
	struct chaos c = { .net = net_new(NODES), .random = (uint32_t)_i * 7919 + 1 };

	for (unsigned i = 0; i < NODES; i++)
		start(&c, i, false);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned k = 0; k < 60; k++)
			happen(&c);
		calm_down(&c);
		for (unsigned i = 0; i < NODES; i++)
			check_node(&c, i);
	}
	net_free(c.net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("speaker_chaos");
	TCase *t = tcase_create("chaos");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, chaos, 0, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
