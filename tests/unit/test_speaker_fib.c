// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a speaker wants in the FIB: through the tunnel or straight, by one next hop or
 * several.  Node 0 is the one that is looked at.
 */
#include <stdlib.h>

#include "reload.h"

enum { ROUTED = 7 }; /* the link by which another subnet is reached */

/* Node 0 with peers 1 to n; each of them announces 10.9.0.0/16 and fd09::/64. */
static struct conf *
watched(const struct net *net, unsigned n, uint32_t as, uint8_t mode)
{
	struct conf *conf = conf_new(net);

	for (unsigned i = 1; i <= n; i++) {
		struct conf_peer *peer = net_conf_peer(net, conf, i, as);

		peer->options.import = peer->options.export = 1;
	}
	if (mode != CONF_TUNNEL_NEVER)
		snprintf(conf->kernel.tunnel.device, CONF_NAME_LEN, "tunl0");
	conf->kernel.tunnel.mode = mode;
	return conf;
}

static void
start_announcer(struct net *net, unsigned i, uint32_t as)
{
	struct conf *conf = net_conf(net, i, as);
	struct conf_peer *peer = net_conf_peer(net, conf, 0, AS);

	conf_filter_add(conf, "all", true);
	peer->options.import = peer->options.export = 0;
	conf_network_add(conf, "10.9.0.0/16");
	conf_network_add(conf, "fd09::/64");
	net_start(net, i, conf);
}

static struct net *
net_of(struct conf *(*make)(const struct net *, unsigned, uint32_t, uint8_t),
    unsigned n, uint32_t as, uint8_t mode)
{
	struct net *net = net_new(n + 1);

	net_start(net, 0, make(net, n, as, mode));
	for (unsigned i = 1; i <= n; i++)
		start_announcer(net, i, as);
	net_run(net, 2000);
	return net;
}

/* The others are behind a router: the subnet is not ours any more. */
static void
move_subnet_away(struct net *net)
{
	const struct igp_route route = { .prefix = net->shared,
		.gateway = addr_of("172.16.0.1"),
		.ifindex = ROUTED };

	speaker_igp_set(net->nodes[0].sp, &route);
	net_settle(net);
}

static const struct fib_change_hop *
only_hop(const struct net *net, const char *prefix)
{
	const struct fib_change *change = node_fib(&net->nodes[0], prefix);

	ck_assert_ptr_nonnull(change);
	ck_assert_uint_eq(change->kind, FIB_KIND_UNICAST);
	ck_assert_uint_eq(change->n_hops, 1);
	return &change->hops[0];
}

static void
expect_hop(const struct net *net, const char *prefix, const char *via, uint32_t ifindex)
{
	const struct fib_change_hop *hop = only_hop(net, prefix);
	struct addr gateway = addr_of(via);

	ck_assert_uint_eq(hop->ifindex, ifindex);
	ck_assert(addr_equal(&hop->gateway, &gateway));
}

static const struct {
	uint8_t mode;
	uint32_t peer_as;
	bool near, far; /* by the tunnel on the same subnet, behind a router */
} modes[] = {
	{ CONF_TUNNEL_NEVER, AS, false, false },
	{ CONF_TUNNEL_CROSS_SUBNET, AS, false, true },
	{ CONF_TUNNEL_ALWAYS, AS, true, true },
	{ CONF_TUNNEL_ALWAYS, OTHER_AS, false, false }, /* iBGP routes alone */
};

START_TEST(tunnel_mode)
{
	struct net *net = net_of(watched, 1, modes[_i].peer_as, modes[_i].mode);

	expect_hop(net, "10.9.0.0/16", "10.0.0.2", modes[_i].near ? 0 : 1);
	move_subnet_away(net);
	if (modes[_i].far)
		expect_hop(net, "10.9.0.0/16", "10.0.0.2", 0);
	else
		expect_hop(net, "10.9.0.0/16", "172.16.0.1", ROUTED);
	/* IPv6 next hops have no business in it. */
	expect_hop(net, "fd09::/64", "fd00::2", 1);
	net_free(net);
}
END_TEST

/* A longer route to the node itself does not make its subnet another one. */
START_TEST(host_route_inside_our_subnet)
{
	struct net *net = net_of(watched, 1, AS, CONF_TUNNEL_CROSS_SUBNET);
	const struct igp_route route = { .prefix = prefix_from("10.0.0.2/32"),
		.gateway = addr_of("10.0.0.77"),
		.ifindex = 1 };

	speaker_igp_set(net->nodes[0].sp, &route);
	net_settle(net);
	expect_hop(net, "10.9.0.0/16", "10.0.0.77", 1);
	net_free(net);
}
END_TEST

START_TEST(mode_is_changed_alive)
{
	struct net *net = net_of(watched, 1, AS, CONF_TUNNEL_NEVER);

	expect_hop(net, "10.9.0.0/16", "10.0.0.2", 1);
	reload(net, watched(net, 1, AS, CONF_TUNNEL_ALWAYS));
	expect_hop(net, "10.9.0.0/16", "10.0.0.2", 0);
	reload(net, watched(net, 1, AS, CONF_TUNNEL_NEVER));
	expect_hop(net, "10.9.0.0/16", "10.0.0.2", 1);
	net_assert_up(net, 0, 1);
	net_free(net);
}
END_TEST

/* Another device: everything comes again. */
START_TEST(asked_for_again)
{
	struct net *net = net_of(watched, 1, AS, CONF_TUNNEL_ALWAYS);
	struct node *node = &net->nodes[0];

	node->n_fib = 0;
	speaker_fib_again(node->sp);
	net_settle(net);
	expect_hop(net, "10.9.0.0/16", "10.0.0.2", 0);
	expect_hop(net, "fd09::/64", "fd00::2", 1);
	net_free(net);
}
END_TEST

static struct conf *
multipath(const struct net *net, unsigned n, uint32_t as, uint8_t max)
{
	struct conf *conf = watched(net, n, as, CONF_TUNNEL_NEVER);

	conf->router.multipath = max;
	return conf;
}

static unsigned
n_hops(const struct net *net, const char *prefix)
{
	const struct fib_change *change = node_fib(&net->nodes[0], prefix);

	return change == NULL ? 0 : change->n_hops;
}

START_TEST(several_next_hops)
{
	struct net *net = net_of(multipath, 3, AS, 2);

	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 2);
	ck_assert_uint_eq(n_hops(net, "fd09::/64"), 2);
	reload(net, multipath(net, 3, AS, 8));
	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 3);
	/* One that is not the best leaves. */
	peer_disable(net->nodes[0].sp, node_peer(&net->nodes[0], 3), "");
	net_run(net, 100);
	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 2);
	reload(net, multipath(net, 3, AS, 1));
	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 1);
	net_free(net);
}
END_TEST

/* Two next hops behind one gateway are one way. */
START_TEST(one_gateway_is_one_hop)
{
	struct net *net = net_of(multipath, 2, AS, 4);

	move_subnet_away(net);
	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 1);
	expect_hop(net, "10.9.0.0/16", "172.16.0.1", ROUTED);
	net_free(net);
}
END_TEST

START_TEST(several_through_the_tunnel)
{
	struct net *net = net_of(multipath, 2, AS, 4);
	struct conf *conf = watched(net, 2, AS, CONF_TUNNEL_CROSS_SUBNET);

	move_subnet_away(net);
	conf->router.multipath = 4;
	reload(net, conf);
	ck_assert_uint_eq(n_hops(net, "10.9.0.0/16"), 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_eq(
		    node_fib(&net->nodes[0], "10.9.0.0/16")->hops[i].ifindex, 0);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("speaker_fib");
	TCase *t = tcase_create("speaker_fib");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, tunnel_mode, 0, COUNT(modes));
	tcase_add_test(t, host_route_inside_our_subnet);
	tcase_add_test(t, mode_is_changed_alive);
	tcase_add_test(t, asked_for_again);
	tcase_add_test(t, several_next_hops);
	tcase_add_test(t, one_gateway_is_one_hop);
	tcase_add_test(t, several_through_the_tunnel);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
