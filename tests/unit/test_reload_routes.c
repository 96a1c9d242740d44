// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routes over a reload: own ones, filters in both directions, who is a client, the
 * cluster.  No session is lost, and no more is said than what differs.
 */
#include "reload.h"

/* ---- networks and workloads ---- */

START_TEST(networks)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct prefix inside = prefix_from("10.5.0.1/32");
	struct prefix same = prefix_from("10.6.0.0/16");
	struct puppet_got got;
	struct end *end = NULL;
	struct {
		const char *networks[3];
		bool summary_only; /* of the first */
		unsigned prefixes, withdrawn;
	} steps[] = {
		/* workloads: 10.5.0.1/32, 10.6.0.0/16 */
		{ { "10.5.0.0/16" }, false, 3, 0 },
		{ { "10.5.0.0/16" }, true, 0, 1 },
		{ { "10.5.0.0/16" }, false, 1, 0 },
		{ { "10.5.0.0/16", "10.7.0.0/16" }, false, 1, 0 },
		{ { "10.5.0.0/16", "10.7.0.0/16" }, false, 0, 0 },
		{ { "10.7.0.0/16" }, true, 0, 1 },
		/* ORIGIN changes, then changes back. */
		{ { "10.7.0.0/16", "10.6.0.0/16" }, true, 1, 0 },
		{ { "10.7.0.0/16" }, true, 1, 0 },
		{ { "10.0.0.0/8" }, true, 1, 3 },
		{ { NULL }, false, 2, 1 },
	};

	for (unsigned i = 0; i < COUNT(steps); i++) {
		struct conf *conf = conf_new(net);

		add(net, conf, 1, AS);
		conf_import_add(conf, "a");
		for (unsigned k = 0; k < 3 && steps[i].networks[k] != NULL; k++)
			conf_network_add(conf, steps[i].networks[k])->summary_only =
			    k == 0 && steps[i].summary_only;
		if (i == 0) {
			net_start(net, 0, conf);
			speaker_workload(node->sp, 0, &inside, true);
			speaker_workload(node->sp, 0, &same, true);
			end = puppet_up(net, 1);
		} else {
			reload(net, conf);
		}
		got = puppet_read(end);
		ck_assert_msg(got.prefixes == steps[i].prefixes &&
				  got.withdrawn == steps[i].withdrawn,
		    "step %u: %u announced, %u withdrawn", i, got.prefixes,
		    got.withdrawn);
	}
	net_free(net);
}
END_TEST

/* The filter of a network and of an import. */
START_TEST(filters_of_own_routes)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct prefix workload = prefix_from("10.5.0.1/32");
	const int filters[] = { -1, 0, 1, 0, -1 };
	struct end *end = NULL;

	for (unsigned i = 0; i < COUNT(filters); i++) {
		struct conf *conf = conf_new(net);
		struct puppet_got got;

		add(net, conf, 1, AS);
		conf_import_add(conf, "a")->filter = filters[i];
		conf_network_add(conf, "10.7.0.0/16")->filter = filters[i];
		if (i == 0) {
			net_start(net, 0, conf);
			speaker_workload(node->sp, 0, &workload, true);
			end = puppet_up(net, 1);
		} else {
			reload(net, conf);
		}
		got = puppet_read(end);
		ck_assert_uint_eq(got.prefixes, filters[i] == 0 ? 0 : 2);
		ck_assert_uint_eq(got.withdrawn, filters[i] == 0 ? 2 : 0);
	}
	net_free(net);
}
END_TEST

/* kernel { filter }: the FIB follows, and no peer hears of it. */
START_TEST(kernel_filter)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	const int filters[] = { -1, 0, 1, 0, -1 };
	struct end *end = NULL;

	for (unsigned i = 0; i < COUNT(filters); i++) {
		struct conf *conf = conf_new(net);

		add(net, conf, 1, AS);
		conf->kernel.filter = filters[i];
		if (i == 0) {
			net_start(net, 0, conf);
			end = puppet_up(net, 1);
			puppet_read(end);
			puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
			net_settle(net);
		} else {
			reload(net, conf);
		}
		ck_assert((node_fib(node, "10.1.0.0/16") != NULL) == (filters[i] != 0));
		ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
		assert_untouched(end);
	}
	net_free(net);
}
END_TEST

/* ---- import and export filters ---- */

/* eBGP: from the stored routes, and the one they came from is not even asked. */
START_TEST(import_filter)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	const int filters[] = { -1, 1, 0, 1, -1, 1 };
	struct end *end = NULL, *watcher = NULL;

	for (unsigned i = 0; i < COUNT(filters); i++) {
		struct conf *conf = conf_new(net);
		struct puppet_got got;
		const struct rib_peer *info;
		bool accepted = filters[i] == 1;

		add(net, conf, 1, OTHER_AS)->options.import = filters[i];
		add(net, conf, 2, AS);
		if (i == 0) {
			net_start(net, 0, conf);
			end = puppet_up_as(net, 1, OTHER_AS);
			watcher = puppet_up(net, 2);
			announce_ebgp(net, end, "10.1.0.0/16", OTHER_AS);
			announce_ebgp(net, end, "10.2.0.0/16", OTHER_AS);
			puppet_read(end);
		} else {
			reload(net, conf);
		}
		assert_untouched(end);
		got = puppet_read(watcher);
		ck_assert_uint_eq(got.prefixes, accepted ? 2 : 0);
		ck_assert_uint_eq(
		    got.withdrawn, i > 0 && !accepted && filters[i - 1] == 1 ? 2 : 0);
		ck_assert((best(net, 0, "10.1.0.0/16") != NULL) == accepted);
		ck_assert((node_fib(node, "10.1.0.0/16") != NULL) == accepted);
		info = rib_peer_info(speaker_rib(node->sp), node_peer(node, 1)->number);
		ck_assert_uint_eq(info->family[FAMILY_IPV4].received, 2);
		ck_assert_uint_eq(info->family[FAMILY_IPV4].accepted, accepted ? 2 : 0);
	}
	net_free(net);
}
END_TEST

START_TEST(export_filter)
{
	struct net *net = net_new(3);
	const int filters[] = { -1, 1, 0, 1, -1, 1 };
	uint32_t as = _i == 0 ? AS : OTHER_AS;
	struct end *end = NULL, *other = NULL;
	bool had = false;

	for (unsigned i = 0; i < COUNT(filters); i++) {
		struct conf *conf = conf_new(net);
		struct puppet_got got;
		bool passes = filters[i] == 1 || (filters[i] == -1 && as == AS);

		add(net, conf, 1, as)->options.export = filters[i];
		/* A member of the group that the first one leaves. */
		add(net, conf, 2, as)->options.export = 1;
		conf_network_add(conf, "10.9.0.0/16");
		conf_network_add(conf, "fd09::/64");
		if (i == 0) {
			net_start(net, 0, conf);
			end = puppet_up_as(net, 1, as);
			other = puppet_up_as(net, 2, as);
			ck_assert_uint_eq(puppet_read(other).prefixes, 2);
		} else {
			reload(net, conf);
			assert_untouched(other);
		}
		got = puppet_read(end);
		ck_assert(!end->fin);
		ck_assert_uint_eq(got.prefixes, passes && !had ? 2 : 0);
		ck_assert_uint_eq(got.withdrawn, !passes && had ? 2 : 0);
		had = passes;
	}
	net_free(net);
}
END_TEST

/* The same filters at other places of the file are the same filters. */
START_TEST(filters_change_places)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct end *end = NULL, *dynamic = NULL;

	for (unsigned round = 0; round < 4; round++) {
		struct conf *conf = net_conf(net, 0, AS);
		struct conf_peer *peer;
		struct conf_group *group;
		int all;

		/* One more in front each time; the last is another "all". */
		for (unsigned k = 0; k < round; k++) {
			char name[16];

			snprintf(name, sizeof(name), "none%u", k);
			conf_filter_add(conf, name, false);
		}
		all = conf_filter_add(conf, "all", round < 3);
		peer = add(net, conf, 1, OTHER_AS);
		peer->options.import = peer->options.export = all;
		group = conf_range_add(conf, "g", "10.0.0.3/32", OTHER_AS + 1);
		group->options.import = group->options.export = all;
		conf_network_add(conf, "10.9.0.0/16");
		if (round == 0) {
			net_start(net, 0, conf);
			end = puppet_up_as(net, 1, OTHER_AS);
			dynamic = puppet_up_as(net, 2, OTHER_AS + 1);
			ck_assert_uint_eq(puppet_read(end).prefixes, 1);
			ck_assert_uint_eq(puppet_read(dynamic).prefixes, 1);
			continue;
		}
		reload(net, conf);
		if (round < 3) {
			char text[32];

			assert_untouched(end);
			assert_untouched(dynamic);
			/* … for what comes now, too. */
			snprintf(text, sizeof(text), "10.%u.0.0/16", round);
			announce_ebgp(net, dynamic, text, OTHER_AS + 1);
			ck_assert_ptr_nonnull(best(net, 0, text));
			ck_assert_uint_eq(puppet_read(end).prefixes, 1);
		} else {
			struct puppet_got got = puppet_read(dynamic);
			bool has = true;

			ck_assert_uint_eq(puppet_read(end).withdrawn, 3);
			follow(&got, "10.9.0.0/16", &has);
			ck_assert(!has);
			ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
		}
	}
	ck_assert_int_eq(node_state(node, 1), FSM_ESTABLISHED);
	ck_assert_int_eq(node_state(node, 2), FSM_ESTABLISHED);
	net_free(net);
}
END_TEST

/* ---- reflection ---- */

/* 1 and 2 are peers of the same AS; bit 0: node 1 is a client, bit 1: node 2 is. */
START_TEST(client_flag)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	const unsigned clients[] = { 0, 1, 0, 2, 3, 1, 3, 0 };
	const char *const routes[] = { NULL, "10.1.0.0/16", "10.2.0.0/16" };
	struct end *ends[3] = { NULL };
	bool has[3] = { false };

	for (unsigned k = 0; k < COUNT(clients); k++) {
		struct conf *conf = conf_new(net);
		bool passes = clients[k] != 0;

		for (unsigned i = 1; i < 3; i++)
			add(net, conf, i, AS)->options.client =
			    clients[k] >> (i - 1) & 1;
		if (k == 0) {
			net_start(net, 0, conf);
			for (unsigned i = 1; i < 3; i++)
				ends[i] = puppet_up(net, i);
			for (unsigned i = 1; i < 3; i++)
				puppet_announce(ends[i], routes[i], "10.0.0.9");
			net_settle(net);
		} else {
			reload(net, conf);
		}
		for (unsigned i = 1; i < 3; i++) {
			struct puppet_got got = puppet_read(ends[i]);
			bool own = false;

			ck_assert(!ends[i]->fin);
			follow(&got, routes[3 - i], &has[i]);
			ck_assert_msg(
			    has[i] == passes, "step %u, node %u: %d", k, i, has[i]);
			follow(&got, routes[i], &own);
			ck_assert(!own);
			ck_assert_uint_eq(
			    peer_sent_count(node_peer(node, i), FAMILY_IPV4), passes);
		}
	}
	ck_assert_uint_eq(node->counts[EVENT_PEER_UP], 2);
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 0);
	net_free(net);
}
END_TEST

/* Two reflectors of one cluster; node 0 leaves it, and comes back. */
START_TEST(cluster_id)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	const uint32_t ids[] = { 77, 78, 77 };
	static const uint8_t reflected[] = { 0x40, 5, 4, 0, 0, 0, 100, 0x80,
		ATTRIBUTE_ORIGINATOR_ID, 4, 10, 0, 0, 9, 0x80, ATTRIBUTE_CLUSTER_LIST,
		4, 0, 0, 0, 77 };
	struct end *end = NULL, *client = NULL;

	for (unsigned k = 0; k < COUNT(ids); k++) {
		struct conf *conf = conf_new(net);
		struct prefix loop = prefix_from("10.5.0.0/16");
		struct prefix plain = prefix_from("10.1.0.0/16");
		const struct dest *dest;
		struct addr next_hop;
		uint8_t block[512];
		struct attribute a;
		size_t len;

		conf->router.cluster_id = ids[k];
		add(net, conf, 1, AS);
		add(net, conf, 2, AS)->options.client = true;
		if (k == 0) {
			net_start(net, 0, conf);
			end = puppet_up(net, 1);
			client = puppet_up(net, 2);
			puppet_read(end);
			puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
			puppet_announce_with(end, "10.5.0.0/16", "10.0.0.2", NULL,
			    reflected, sizeof(reflected));
			net_settle(net);
			ck_assert_uint_eq(puppet_read(client).prefixes, 1);
		} else {
			struct puppet_got got;

			reload(net, conf);
			got = puppet_read(client);
			/* RFC 4456 8: the stored route is a loop no more, or again. */
			ck_assert_uint_eq(got.withdrawn, k == 2);
			ck_assert_uint_eq(got.prefixes, k == 1 ? 2u : 1u);
			assert_untouched(end);
		}
		dest = rib_find(speaker_rib(node->sp), &loop);
		ck_assert_ptr_nonnull(dest);
		ck_assert_uint_eq(
		    dest->paths->flags, ids[k] == 77 ? PATH_CLUSTER_LOOP : 0);
		dest = rib_find(speaker_rib(node->sp), &plain);
		len = peer_export(node->sp, node_peer(node, 2), FAMILY_IPV4,
		    dest_best(dest), &next_hop, block, sizeof(block));
		ck_assert(attribute_find(
		    (struct slice){ block, len }, ATTRIBUTE_CLUSTER_LIST, &a));
		ck_assert_uint_eq(a.value.len, 4);
		ck_assert_uint_eq(a.value.at[3], ids[k]);
	}
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 0);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reload_routes");
	TCase *t = tcase_create("reload_routes");
	SRunner *r;
	int failed;

	tcase_add_test(t, networks);
	tcase_add_test(t, filters_of_own_routes);
	tcase_add_test(t, kernel_filter);
	tcase_add_test(t, import_filter);
	tcase_add_loop_test(t, export_filter, 0, 2);
	tcase_add_test(t, filters_change_places);
	tcase_add_test(t, client_flag);
	tcase_add_test(t, cluster_id);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
