// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which routes speakers pass on, and with which attributes: iBGP, the reflector (RFC
 * 4456), eBGP and its policies (RFC 8212).
 */
#include "hex.h"
#include "puppet.h"
#include "route_checks.h"

#include <check.h>

/* ---- iBGP ---- */

/* A line: 0 - 1 - 2, node 1 with clients as told. */
static struct net *
line_new(bool client0, bool client2)
{
	struct net *net = net_new(3);

	for (unsigned i = 0; i < 3; i++) {
		struct conf *conf = net_conf(net, i, 64512);
		char text[32];

		snprintf(text, sizeof(text), "10.%u.0.0/16", i + 1);
		conf_network_add(conf, text);
		if (i == 1) {
			net_conf_peer(net, conf, 0, 64512)->options.client = client0;
			net_conf_peer(net, conf, 2, 64512)->options.client = client2;
		} else {
			net_conf_peer(net, conf, 1, 64512);
		}
		net_start(net, i, conf);
	}
	net_run(net, 5000);
	net_assert_up(net, 0, 1);
	net_assert_up(net, 1, 2);
	return net;
}

START_TEST(ibgp_is_not_passed_on)
{
	struct net *net = line_new(false, false);

	ck_assert_ptr_nonnull(node_best(&net->nodes[0], "10.2.0.0/16"));
	ck_assert_ptr_nonnull(node_best(&net->nodes[1], "10.1.0.0/16"));
	ck_assert_ptr_null(node_best(&net->nodes[2], "10.1.0.0/16"));
	ck_assert_ptr_null(node_best(&net->nodes[0], "10.3.0.0/16"));
	net_free(net);
}
END_TEST

START_TEST(reflector)
{
	bool client0 = _i & 1, client2 = _i & 2;
	struct net *net = line_new(client0, client2);
	const struct path *path = node_best(&net->nodes[2], "10.1.0.0/16");

	ck_assert_ptr_nonnull(path);
	assert_next_hop(path, "10.0.0.1");
	assert_attribute(path, ATTRIBUTE_ORIGINATOR_ID, "0a000001");
	assert_attribute(path, ATTRIBUTE_CLUSTER_LIST, "0a000002");
	ck_assert_ptr_nonnull(node_best(&net->nodes[0], "10.3.0.0/16"));
	/* Its own route is not reflected, and nothing goes back. */
	assert_attribute(
	    node_best(&net->nodes[2], "10.2.0.0/16"), ATTRIBUTE_ORIGINATOR_ID, NULL);
	ck_assert_uint_eq(received_from(&net->nodes[0], 1, FAMILY_IPV4), 2);
	ck_assert_uint_eq(
	    peer_sent_count(node_peer(&net->nodes[1], 0), FAMILY_IPV4), 2);
	ck_assert_ptr_nonnull(node_fib(&net->nodes[2], "10.1.0.0/16"));
	net_free(net);
}
END_TEST

/* Two reflectors of one cluster and of two: clusters end the circle, ORIGINATOR_ID too.
 */
START_TEST(two_reflectors)
{
	struct net *net = net_new(3);

	/* 0 and 1 reflect; 2 is a client of both; 0 - 1 are clients of each other. */
	for (unsigned i = 0; i < 3; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		if (_i == 1 && i < 2)
			conf->router.cluster_id = 77;
		for (unsigned k = 0; k < 3; k++)
			if (k != i)
				net_conf_peer(net, conf, k, 64512)->options.client =
				    i < 2;
		if (i == 2)
			conf_network_add(conf, "10.3.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 10000);
	/* The client is not given its own route back. */
	ck_assert_uint_eq(received_from(&net->nodes[2], 0, FAMILY_IPV4), 0);
	ck_assert_uint_eq(received_from(&net->nodes[2], 1, FAMILY_IPV4), 0);
	for (unsigned i = 0; i < 2; i++) {
		const struct path *best = node_best(&net->nodes[i], "10.3.0.0/16");

		ck_assert_ptr_nonnull(best);
		assert_attribute(best, ATTRIBUTE_CLUSTER_LIST, NULL);
		ck_assert_uint_eq(received_from(&net->nodes[i], 1 - i, FAMILY_IPV4), 1);
		ck_assert_ptr_nonnull(best->next);
		ck_assert_uint_eq(
		    (best->next->flags & PATH_CLUSTER_LOOP) != 0, _i == 1);
	}
	net_free(net);
}
END_TEST

START_TEST(next_hop_self_on_a_reflector)
{
	struct net *net = net_new(3);

	for (unsigned i = 0; i < 3; i++) {
		struct conf *conf = net_conf(net, i, 64512);

		if (i == 1) {
			net_conf_peer(net, conf, 0, 64512)->options.client = true;
			net_conf_peer(net, conf, 2, 64512)->options.next_hop =
			    CONF_NEXT_HOP_SELF;
		} else {
			net_conf_peer(net, conf, 1, 64512);
		}
		if (i == 0)
			conf_network_add(conf, "10.1.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 5000);
	assert_next_hop(node_best(&net->nodes[2], "10.1.0.0/16"), "10.0.0.2");
	net_free(net);
}
END_TEST

/* ---- eBGP ---- */

static const struct {
	const char *what;
	int export, import; /* -1: none; else what the filter does */
	bool passes;
} ebgp_cases[] = {
	{ "no filters", -1, -1, false },
	{ "export alone", 1, -1, false },
	{ "import alone", -1, 1, false },
	{ "both accept", 1, 1, true },
	{ "export rejects", 0, 1, false },
	{ "import rejects", 1, 0, false },
};

/* RFC 8212 */
START_TEST(ebgp_policy)
{
	struct net *net = net_new(2);
	const struct path *path;

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, 65001 + i);
		struct conf_peer *peer = net_conf_peer(net, conf, 1 - i, 65002 - i);

		conf_filter_add(conf, "none", false);
		conf_filter_add(conf, "all", true);
		if (i == 0) {
			conf_network_add(conf, "10.1.0.0/16");
			peer->options.export = ebgp_cases[_i].export;
		} else {
			peer->options.import = ebgp_cases[_i].import;
		}
		net_start(net, i, conf);
	}
	net_run(net, 2000);
	net_assert_up(net, 0, 1);
	path = node_best(&net->nodes[1], "10.1.0.0/16");
	ck_assert_msg(
	    (path != NULL) == ebgp_cases[_i].passes, "%s", ebgp_cases[_i].what);
	/* What the export filter holds back was never sent; the import filter keeps it.
	 */
	ck_assert_uint_eq(
	    received_from(&net->nodes[1], 0, FAMILY_IPV4), ebgp_cases[_i].export == 1);
	if (path != NULL) {
		assert_attribute(path, ATTRIBUTE_AS_PATH, "02010000fde9");
		assert_attribute(path, ATTRIBUTE_LOCAL_PREF, NULL);
		assert_next_hop(path, "10.0.0.1");
	}
	net_free(net);
}
END_TEST

/* 0 (AS 65001) - 1, 2 (AS 65002, iBGP) - 3 (AS 65003).  _i 1: next hop self; 2: without
 * the private AS numbers (RFC 6996) from 2 to 3. */
START_TEST(ebgp_through_an_as)
{
	static const uint32_t as[] = { 65001, 65002, 65002, 65003 };
	struct net *net = net_new(4);
	const struct path *path;

	for (unsigned i = 0; i < 4; i++) {
		struct conf *conf = net_conf(net, i, as[i]);
		int all = conf_filter_add(conf, "all", true);

		for (unsigned k = 0; k < 4; k++) {
			struct conf_peer *peer;

			if (k + 1 != i && k != i + 1)
				continue;
			peer = net_conf_peer(net, conf, k, as[k]);
			peer->options.import = peer->options.export = all;
			if (i == 1 && k == 2)
				peer->options.next_hop =
				    _i != 1 ? CONF_NEXT_HOP_AUTO : CONF_NEXT_HOP_SELF;
			if (i == 2 && k == 3) {
				peer->options.next_hop =
				    _i != 1 ? CONF_NEXT_HOP_AUTO : CONF_NEXT_HOP_SELF;
				peer->options.remove_private_as = _i == 2;
			}
		}
		if (i == 0)
			conf_network_add(conf, "10.1.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 10000);
	path = node_best(&net->nodes[2], "10.1.0.0/16");
	assert_attribute(path, ATTRIBUTE_AS_PATH, "02010000fde9");
	assert_attribute(path, ATTRIBUTE_LOCAL_PREF, "00000064");
	assert_next_hop(path, _i != 1 ? "10.0.0.1" : "10.0.0.2");
	path = node_best(&net->nodes[3], "10.1.0.0/16");
	assert_attribute(
	    path, ATTRIBUTE_AS_PATH, _i == 2 ? "02010000fdea" : "02020000fdea0000fde9");
	assert_attribute(path, ATTRIBUTE_LOCAL_PREF, NULL);
	/* auto: all nodes share one subnet, so the third party's address stays. */
	assert_next_hop(path, _i != 1 ? "10.0.0.1" : "10.0.0.3");
	/* Nothing comes back: the AS loop would be seen. */
	ck_assert_uint_eq(received_from(&net->nodes[0], 1, FAMILY_IPV4), 0);
	net_free(net);
}
END_TEST

/* ---- what a peer may announce ---- */

static struct end *
puppet_start(struct net *net, uint32_t as, struct conf *conf)
{
	struct open open = puppet_open(as, addr_to_ipv4(&net->nodes[1].addr4));
	struct end *end;

	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
	return end;
}

/* RFC 4271 9.1.2, RFC 4456 8: what was here already is kept aside. */
static const struct {
	const char *what;
	uint32_t path[4];
	const char *more;
	uint8_t allow_own_as;
	uint8_t flags;
} loop_cases[] = {
	{ "none", { 65001, 65002 }, "", 0, 0 },
	{ "our AS", { 65001, 64512 }, "", 0, PATH_AS_LOOP },
	{ "once is allowed", { 65001, 64512 }, "", 1, 0 },
	{ "twice is not", { 64512, 64512 }, "", 1, PATH_AS_LOOP },
	{ "we are the originator", { 65001 }, "8009040a000001", 0,
	    PATH_ORIGINATOR_LOOP },
	{ "our cluster", { 65001 }, "8009040a000009 800a080b0000010a000001", 0,
	    PATH_CLUSTER_LOOP },
};

START_TEST(loops)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	struct conf_peer *peer = net_conf_peer(net, conf, 1, 64512);
	struct prefix prefix = prefix_from("10.1.0.0/16");
	const struct path *path;
	uint8_t more[64];
	size_t len = hex_bytes("40050400000064", more, sizeof(more));
	struct end *end;

	peer->options.passive = true;
	peer->options.allow_own_as = loop_cases[_i].allow_own_as;
	end = puppet_start(net, 64512, conf);
	len += hex_bytes(loop_cases[_i].more, more + len, sizeof(more) - len);
	puppet_announce_with(
	    end, "10.1.0.0/16", "10.0.0.2", loop_cases[_i].path, more, len);
	net_settle(net);
	path = rib_find(speaker_rib(net->nodes[0].sp), &prefix)->paths;
	ck_assert_msg(path->flags == loop_cases[_i].flags, "%s", loop_cases[_i].what);
	ck_assert(
	    (node_best(&net->nodes[0], "10.1.0.0/16") != NULL) == (path->flags == 0));
	net_free(net);
}
END_TEST

/* RFC 7606: a malformed attribute costs the route, a malformed message the session. */
START_TEST(malformed)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, 64512);
	/* LOCAL_PREF of three octets, or NLRI that is cut short */
	static const uint8_t short_pref[] = { 0x40, 5, 3, 0, 0, 100 };
	struct node *node = &net->nodes[0];
	struct puppet_got got;
	struct end *end;

	net_conf_peer(net, conf, 1, 64512)->options.passive = true;
	end = puppet_start(net, 64512, conf);
	puppet_read(end);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_announce_with(
	    end, "10.1.0.0/16", "10.0.0.2", NULL, short_pref, sizeof(short_pref));
	if (_i == 1) /* the prefix's length says more than there is */
		end_other(end)->queue[end_other(end)->len - 3] = 32;
	net_settle(net);
	got = puppet_read(end);
	ck_assert_ptr_null(node_best(node, "10.1.0.0/16"));
	ck_assert_uint_eq(node->counts[EVENT_UPDATE_FAULT], 1);
	ck_assert_uint_eq(got.notification.code, _i == 0 ? 0 : NOTIFY_UPDATE);
	ck_assert_uint_eq(
	    node_peer(node, 1)->counters.faults_withdraw, _i == 0 ? 1 : 0);
	ck_assert_int_eq(node_state(node, 1) == FSM_ESTABLISHED, _i == 0);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("speaker_routes");
	TCase *t;
	SRunner *r;
	int failed;

	t = tcase_create("ibgp");
	tcase_add_test(t, ibgp_is_not_passed_on);
	tcase_add_loop_test(t, reflector, 1, 4);
	tcase_add_loop_test(t, two_reflectors, 0, 2);
	tcase_add_test(t, next_hop_self_on_a_reflector);
	suite_add_tcase(s, t);
	t = tcase_create("received");
	tcase_add_loop_test(t, loops, 0, sizeof(loop_cases) / sizeof(loop_cases[0]));
	tcase_add_loop_test(t, malformed, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("ebgp");
	tcase_add_loop_test(
	    t, ebgp_policy, 0, sizeof(ebgp_cases) / sizeof(ebgp_cases[0]));
	tcase_add_loop_test(t, ebgp_through_an_as, 0, 3);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
