// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ADD-PATH between speakers (RFC 7911): who gets several paths of an anycast prefix,
 * that they are reflected as well, and what a reload of the options does.
 */
#include "hex.h"
#include "puppet.h"
#include "reload.h"
#include "route_checks.h"

#include <check.h>

#define ANYCAST "10.99.0.0/24"

enum { CLIENTS = 5 };

static unsigned
path_count(const struct node *node)
{
	struct prefix prefix = prefix_from(ANYCAST);
	const struct dest *dest = rib_find(speaker_rib(node->sp), &prefix);
	unsigned n = 0;

	for (const struct path *p = dest == NULL ? NULL : dest->paths; p != NULL;
	     p = p->next)
		n += rib_path_is_usable(p);
	return n;
}

static struct conf *
reflector_conf(const struct net *net, uint8_t add_path, uint8_t max)
{
	struct conf *conf = conf_new(net);

	for (unsigned i = 1; i <= CLIENTS; i++) {
		struct conf_peer *peer = add(net, conf, i, AS);

		peer->options.client = true;
		peer->options.add_path = add_path;
		peer->options.add_path_max = max;
	}
	return conf;
}

static void
start_client(struct net *net, unsigned i, uint8_t add_path, bool announces)
{
	struct conf *conf = net_conf(net, i, AS);
	struct conf_peer *peer = net_conf_peer(net, conf, 0, AS);

	peer->options.add_path = add_path;
	peer->options.add_path_max = 8;
	if (announces)
		conf_network_add(conf, ANYCAST);
	net_start(net, i, conf);
}

/* Node 0 reflects; 1 to 3 announce the same prefix; 4 takes several paths, 5 does not.
 */
static struct net *
star_new(uint8_t add_path, uint8_t max)
{
	struct net *net = net_new(CLIENTS + 1);

	net_start(net, 0, reflector_conf(net, add_path, max));
	for (unsigned i = 1; i <= 3; i++)
		start_client(net, i, 0, true);
	start_client(net, 4, ADD_PATH_RECEIVE, false);
	start_client(net, 5, 0, false);
	net_run(net, 10000);
	for (unsigned i = 1; i <= CLIENTS; i++)
		net_assert_up(net, 0, i);
	return net;
}

START_TEST(several_paths)
{
	struct net *net = star_new(ADD_PATH_SEND, 8);
	struct prefix prefix = prefix_from(ANYCAST);
	uint32_t ids[3];
	unsigned n = 0;

	ck_assert_uint_eq(path_count(&net->nodes[4]), 3);
	ck_assert_uint_eq(path_count(&net->nodes[5]), 1);
	/* Its own best path is its own; without add-path it hears of no other. */
	ck_assert_uint_eq(path_count(&net->nodes[1]), 1);
	ck_assert_uint_eq(
	    peer_sent_count(node_peer(&net->nodes[0], 4), FAMILY_IPV4), 3);
	for (const struct path *p =
		 rib_find(speaker_rib(net->nodes[4].sp), &prefix)->paths;
	     p != NULL; p = p->next) {
		for (unsigned k = 0; k < n; k++)
			ck_assert_uint_ne(ids[k], p->path_id);
		ids[n++] = p->path_id;
		assert_attribute(p, ATTRIBUTE_CLUSTER_LIST, "0a000001");
	}
	/* One announcer goes: its path does, and no other. */
	node_crash(&net->nodes[2], false);
	net_run(net, 130000);
	ck_assert_uint_eq(path_count(&net->nodes[4]), 2);
	ck_assert_uint_eq(path_count(&net->nodes[5]), 1);
	net_free(net);
}
END_TEST

/* add-path-max is a bound; a reload that changes it resets nothing. */
START_TEST(max_is_changed_alive)
{
	struct net *net = star_new(ADD_PATH_SEND, 2);
	static const uint8_t maxima[] = { 3, 1, 255, 2 };
	static const unsigned counts[] = { 3, 1, 3, 2 };

	ck_assert_uint_eq(path_count(&net->nodes[4]), 2);
	for (unsigned i = 0; i < 4; i++) {
		reload(net, reflector_conf(net, ADD_PATH_SEND, maxima[i]));
		net_run(net, 1000);
		ck_assert_uint_eq(path_count(&net->nodes[4]), counts[i]);
		ck_assert_uint_eq(path_count(&net->nodes[5]), 1);
	}
	ck_assert_uint_eq(net->nodes[0].counts[EVENT_PEER_DOWN], 0);
	/* The option itself is said in OPEN: that takes a new session. */
	reload(net, reflector_conf(net, 0, 2));
	net_run(net, 20000);
	ck_assert_uint_gt(net->nodes[0].counts[EVENT_PEER_DOWN], 0);
	ck_assert_uint_eq(path_count(&net->nodes[4]), 1);
	net_free(net);
}
END_TEST

/* One side alone wants it: nothing is sent with identifiers. */
START_TEST(one_side_alone)
{
	struct net *net = star_new(_i == 0 ? 0 : ADD_PATH_RECEIVE, 8);

	ck_assert_uint_eq(path_count(&net->nodes[4]), 1);
	net_free(net);
}
END_TEST

/* Several paths are reflected as well, through a second reflector; and no circle. */
START_TEST(reflected_as_well)
{
	struct net *net = net_new(6);

	/* 2, 3, 4 announce to 0; 0 - 1 are reflectors; 5 is 1's client. */
	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, AS);
		struct conf_peer *peer = net_conf_peer(net, conf, 1 - i, AS);

		peer->options.client = true;
		peer->options.add_path = ADD_PATH_RECEIVE | ADD_PATH_SEND;
		peer->options.add_path_max = 8;
		for (unsigned k = 2; k < 6; k++) {
			if ((k == 5) != (i == 1))
				continue;
			peer = net_conf_peer(net, conf, k, AS);
			peer->options.client = true;
			peer->options.add_path = ADD_PATH_SEND;
			peer->options.add_path_max = 2;
		}
		net_start(net, i, conf);
	}
	for (unsigned k = 2; k < 6; k++) {
		struct conf *conf = net_conf(net, k, AS);

		net_conf_peer(net, conf, k == 5, AS)->options.add_path =
		    ADD_PATH_RECEIVE;
		if (k < 5)
			conf_network_add(conf, ANYCAST);
		net_start(net, k, conf);
	}
	net_run(net, 20000);
	ck_assert_uint_eq(path_count(&net->nodes[0]), 3);
	ck_assert_uint_eq(path_count(&net->nodes[1]), 3);
	ck_assert_uint_eq(path_count(&net->nodes[5]), 2); /* add-path-max = 2 */
	ck_assert_uint_eq(received_from(&net->nodes[0], 1, FAMILY_IPV4), 0);
	/* Who announces it is sent the others' paths beside its own. */
	ck_assert_uint_ge(path_count(&net->nodes[2]), 2);
	net_free(net);
}
END_TEST

/* Withdrawals and malformed announcements name paths by identifier. */
START_TEST(received_by_identifier)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	struct open open;
	struct end *end;
	static const struct {
		const char *hex;
		unsigned paths;
	} steps[] = {
		{ "ff*16 003c 02 0000 0015 400101 00 400200 400304 0a000002 400504 "
		  "00000064"
		  "00000005 18 0a6300 00000006 18 0a6300",
		    2 },
		/* the same identifier again is the same path */
		{ "ff*16 0034 02 0000 0015 400101 00 400200 400304 0a000002 400504 "
		  "000000c8"
		  "00000006 18 0a6300",
		    2 },
		/* ORIGIN 3 is treat-as-withdraw (RFC 7606 7.1): path 5 alone goes */
		{ "ff*16 0034 02 0000 0015 400101 03 400200 400304 0a000002 400504 "
		  "000000c8"
		  "00000005 18 0a6300",
		    1 },
		/* path 7 was never there; path 6 is withdrawn */
		{ "ff*16 0027 02 0010 00000007 18 0a6300 00000006 18 0a6300 0000", 0 },
	};

	add(net, conf, 1, AS)->options.add_path = ADD_PATH_RECEIVE;
	net_start(net, 0, conf);
	net_run(net, 10);
	end = puppet_dial(net, 1, 0);
	open = puppet_open(AS, 0x0a000002);
	open.add_path[FAMILY_IPV4] = ADD_PATH_SEND;
	puppet_greet(net, end, &open);
	for (unsigned i = 0; i < 4; i++) {
		uint8_t octets[128];
		struct wcur out = wcur_of(octets, sizeof(octets));
		size_t len = hex_bytes(steps[i].hex, octets, sizeof(octets));

		ck_assert_uint_eq(get_u16(octets + 16), len);
		out.at += len;
		puppet_send(end, &out);
		net_settle(net);
		ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_ESTABLISHED);
		ck_assert_msg(path_count(&net->nodes[0]) == steps[i].paths,
		    "step %u: %u paths", i, path_count(&net->nodes[0]));
	}
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("add_path");
	TCase *t = tcase_create("add_path");
	SRunner *r;
	int failed;

	tcase_add_test(t, several_paths);
	tcase_add_test(t, max_is_changed_alive);
	tcase_add_loop_test(t, one_side_alone, 0, 2);
	tcase_add_test(t, reflected_as_well);
	tcase_add_test(t, received_by_identifier);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
