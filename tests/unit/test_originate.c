// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own routes: network sections, workloads imported from the kernel, what of them is
 * announced, and what of them is in the FIB.
 *
 * Node 0 is the speaker, node 1 an iBGP puppet that sees what is announced.
 */
#include "puppet.h"

#include <check.h>

enum { AS = 64512 };

struct fixture {
	struct net *net;
	struct node *node;
	struct end *end;
};

/* Node 0's configuration with its one peer; imports and networks are the test's. */
static struct conf *
fixture_conf(struct net *net)
{
	struct conf *conf = net_conf(net, 0, AS);

	net_conf_peer(net, conf, 1, AS)->options.passive = true;
	return conf;
}

static struct fixture
fixture_new(struct net *net, struct conf *conf)
{
	struct fixture o = { .net = net, .node = &net->nodes[0] };
	struct open open = puppet_open(AS, addr_to_ipv4(&net->nodes[1].addr4));

	net_start(net, 0, conf);
	o.end = puppet_dial(net, 1, 0);
	net_settle(net);
	open.hold_time_s = 0;
	puppet_greet(net, o.end, &open);
	ck_assert_int_eq(node_state(o.node, 1), FSM_ESTABLISHED);
	return o;
}

static void
workload(struct fixture *o, unsigned import, const char *text, bool present)
{
	struct prefix prefix = prefix_from(text);

	speaker_workload(o->node->sp, import, &prefix, present);
	net_settle(o->net);
}

static bool
is_announced(const struct fixture *o, const char *text)
{
	struct prefix prefix = prefix_from(text);
	const struct dest *dest = rib_find(speaker_rib(o->node->sp), &prefix);
	struct path path;
	uint32_t path_id;

	return dest != NULL &&
	       peer_route(node_peer(o->node, 1), (enum family)prefix.family, dest, 0,
		   &path, &path_id);
}

/* How many paths of ours the RIB holds for it, whatever comes of them. */
static unsigned
n_own_paths(const struct fixture *o, const char *text)
{
	struct prefix prefix = prefix_from(text);
	const struct dest *dest = rib_find(speaker_rib(o->node->sp), &prefix);
	unsigned n = 0;

	for (const struct path *p = dest == NULL ? NULL : dest->paths; p != NULL;
	     p = p->next)
		n += p->peer == RIB_LOCAL_PEER;
	return n;
}

/* The flags of the imported path; 0: there is none. */
static uint8_t
import_flags(const struct fixture *o, const char *text)
{
	struct prefix prefix = prefix_from(text);
	const struct dest *dest = rib_find(speaker_rib(o->node->sp), &prefix);

	for (const struct path *p = dest == NULL ? NULL : dest->paths; p != NULL;
	     p = p->next)
		if (p->flags & PATH_KERNEL)
			return p->flags;
	return 0;
}

static uint8_t
origin_of(const struct fixture *o, const char *text)
{
	const struct path *path = node_best(o->node, text);

	ck_assert_ptr_nonnull(path);
	return path->attrs->origin;
}

static uint8_t
fib_kind_of(const struct fixture *o, const char *text)
{
	const struct fib_change *change = node_fib(o->node, text);

	return change == NULL ? FIB_KIND_NONE : change->kind;
}

/* ---- presence ---- */

/* Two imports match one route: it is there as long as one of them says so. */
START_TEST(two_imports)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;
	struct puppet_got got;

	conf_import_add(conf, "a");
	conf_import_add(conf, "b");
	o = fixture_new(net, conf);
	puppet_read(o.end);
	workload(&o, 0, "10.1.0.1/32", true);
	workload(&o, 1, "10.1.0.1/32", true);
	got = puppet_read(o.end);
	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.1/32"), 1);
	workload(&o, _i == 0 ? 0 : 1, "10.1.0.1/32", false);
	ck_assert(is_announced(&o, "10.1.0.1/32"));
	/* The same again is no news. */
	workload(&o, _i == 0 ? 0 : 1, "10.1.0.1/32", false);
	ck_assert(is_announced(&o, "10.1.0.1/32"));
	ck_assert_uint_eq(puppet_read(o.end).updates, 0);
	workload(&o, _i == 0 ? 1 : 0, "10.1.0.1/32", false);
	ck_assert(!is_announced(&o, "10.1.0.1/32"));
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.1/32"), 0);
	ck_assert_uint_eq(puppet_read(o.end).withdrawn, 1);
	/* What was never there leaves nothing behind. */
	workload(&o, 0, "10.1.0.9/32", false);
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.9/32"), 0);
	net_free(net);
}
END_TEST

/* The table of workloads is sorted: any order of coming and going. */
START_TEST(workloads_come_and_go)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;
	char text[32];

	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	for (unsigned k = 0; k < 200; k++) {
		snprintf(text, sizeof(text), "10.1.%u.0/24", k * 77 % 200);
		workload(&o, 0, text, true);
	}
	workload(&o, 0, "fd01::5/128", true);
	for (unsigned k = 0; k < 200; k += 2) {
		snprintf(text, sizeof(text), "10.1.%u.0/24", k * 31 % 200);
		workload(&o, 0, text, false);
	}
	for (unsigned k = 0; k < 200; k++) {
		snprintf(text, sizeof(text), "10.1.%u.0/24", k);
		/* 31 * k is even for each even k, and each even number is met. */
		ck_assert_msg(is_announced(&o, text) == (k % 2 == 1), "%s", text);
	}
	ck_assert(is_announced(&o, "fd01::5/128"));
	ck_assert_uint_eq(peer_sent_count(node_peer(o.node, 1), FAMILY_IPV4), 100);
	net_free(net);
}
END_TEST

/* The shell may know the kernel's routes before it knows the configuration. */
START_TEST(workloads_before_the_configuration)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct node *node = &net->nodes[0];
	struct prefix stays = prefix_from("10.1.0.1/32");
	struct prefix goes = prefix_from("10.1.0.2/32");
	struct prefix inside = prefix_from("10.2.0.2/32");
	struct prefix rejected = prefix_from("10.3.0.0/24");

	conf_import_add(conf, "a");
	conf_import_add(conf, "b")->filter = conf_filter_add(conf, "none", false);
	conf_network_add(conf, "10.2.0.0/24")->summary_only = true;
	node->sp = speaker_new(net->now_ms, 1);
	node->listening = true;
	node_learns_subnet(node);
	speaker_workload(node->sp, 0, &stays, true);
	speaker_workload(node->sp, 0, &goes, true);
	speaker_workload(node->sp, 0, &inside, true);
	speaker_workload(node->sp, 1, &rejected, true);
	speaker_workload(node->sp, 0, &goes, false);
	ck_assert_ptr_null(rib_find(speaker_rib(node->sp), &stays));
	speaker_configure(node->sp, conf);
	net_settle(net);
	ck_assert_ptr_nonnull(node_best(node, "10.1.0.1/32"));
	ck_assert_ptr_null(node_best(node, "10.1.0.2/32"));
	ck_assert_ptr_null(node_best(node, "10.2.0.2/32"));
	ck_assert_ptr_nonnull(node_best(node, "10.2.0.0/24"));
	ck_assert_ptr_null(node_best(node, "10.3.0.0/24"));
	net_free(net);
}
END_TEST

/* ---- network and import of one prefix ---- */

START_TEST(network_wins_over_import)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, "10.1.0.0/16");
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	puppet_read(o.end);
	workload(&o, 0, "10.1.0.0/16", true);
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.0/16"), 2);
	ck_assert_uint_eq(origin_of(&o, "10.1.0.0/16"), ORIGIN_IGP);
	ck_assert_uint_eq(puppet_read(o.end).updates, 0);
	/* Without the network the import is announced, and back. */
	conf = fixture_conf(net);
	conf_import_add(conf, "a");
	speaker_configure(o.node->sp, conf);
	net_settle(net);
	ck_assert_uint_eq(origin_of(&o, "10.1.0.0/16"), ORIGIN_INCOMPLETE);
	ck_assert(is_announced(&o, "10.1.0.0/16"));
	ck_assert_uint_eq(puppet_read(o.end).withdrawn, 0);
	conf = fixture_conf(net);
	conf_network_add(conf, "10.1.0.0/16");
	conf_import_add(conf, "a");
	speaker_configure(o.node->sp, conf);
	net_settle(net);
	ck_assert_uint_eq(origin_of(&o, "10.1.0.0/16"), ORIGIN_IGP);
	workload(&o, 0, "10.1.0.0/16", false);
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.0/16"), 1);
	ck_assert_uint_eq(origin_of(&o, "10.1.0.0/16"), ORIGIN_IGP);
	net_free(net);
}
END_TEST

/* Ours wins over what a peer says, and the peer's is used once ours is gone. */
START_TEST(own_wins_over_learned)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	puppet_announce(o.end, "10.1.0.1/32", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.1/32"), FIB_KIND_UNICAST);
	workload(&o, 0, "10.1.0.1/32", true);
	ck_assert_uint_eq(node_best(o.node, "10.1.0.1/32")->peer, RIB_LOCAL_PEER);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.1/32"), FIB_KIND_NONE);
	ck_assert(is_announced(&o, "10.1.0.1/32"));
	workload(&o, 0, "10.1.0.1/32", false);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.1/32"), FIB_KIND_UNICAST);
	ck_assert(!is_announced(&o, "10.1.0.1/32"));
	net_free(net);
}
END_TEST

/* ---- attributes ---- */

/* RFC 4271 5.1.1, 5.1.2, 5.1.3: ORIGIN, an empty AS_PATH, ourselves as next hop. */
START_TEST(attributes_of_own_routes)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;
	const char *const prefixes[] = { "10.1.0.0/16", "10.2.0.1/32", "fd01::/64",
		"fd02::1/128" };

	conf_network_add(conf, "10.1.0.0/16");
	conf_network_add(conf, "fd01::/64");
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	workload(&o, 0, "10.2.0.1/32", true);
	workload(&o, 0, "fd02::1/128", true);
	for (unsigned i = 0; i < 4; i++) {
		struct prefix prefix = prefix_from(prefixes[i]);
		const struct dest *dest = rib_find(speaker_rib(o.node->sp), &prefix);
		const struct addr *self = i < 2 ? &o.node->addr4 : &o.node->addr6;
		uint8_t block[512];
		struct attribute a;
		struct addr next_hop;
		size_t len;

		ck_assert_ptr_nonnull(dest);
		len = peer_export(o.node->sp, node_peer(o.node, 1),
		    (enum family)prefix.family, dest_best(dest), &next_hop, block,
		    sizeof(block));
		ck_assert_uint_gt(len, 0);
		ck_assert(addr_equal(&next_hop, self));
		ck_assert(
		    attribute_find((struct slice){ block, len }, ATTRIBUTE_ORIGIN, &a));
		ck_assert_uint_eq(
		    a.value.at[0], i % 2 == 0 ? ORIGIN_IGP : ORIGIN_INCOMPLETE);
		ck_assert(attribute_find(
		    (struct slice){ block, len }, ATTRIBUTE_AS_PATH, &a));
		ck_assert_uint_eq(a.value.len, 0);
	}
	net_free(net);
}
END_TEST

/* ---- summary-only ---- */

static const struct {
	const char *network, *workload;
	bool summary_only, suppressed;
} summaries[] = {
	{ "10.1.0.0/24", "10.1.0.5/32", true, true },
	{ "10.1.0.0/24", "10.1.0.5/32", false, false },
	{ "10.1.0.0/24", "10.1.0.128/25", true, true },
	/* strictly inside */
	{ "10.1.0.0/24", "10.1.0.0/24", true, false },
	{ "10.1.0.0/24", "10.1.0.0/23", true, false },
	{ "10.1.0.0/24", "10.1.1.5/32", true, false },
	{ "0.0.0.0/0", "10.1.0.5/32", true, true },
	{ "0.0.0.0/0", "fd01::5/128", true, false },
	{ "fd01::/64", "fd01::5/128", true, true },
	{ "fd01::/64", "fd01:0:0:1::5/128", true, false },
};

START_TEST(summary)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, summaries[_i].network)->summary_only =
	    summaries[_i].summary_only;
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	workload(&o, 0, summaries[_i].workload, true);
	ck_assert_msg(
	    is_announced(&o, summaries[_i].workload) == !summaries[_i].suppressed,
	    "%s in %s", summaries[_i].workload, summaries[_i].network);
	ck_assert(is_announced(&o, summaries[_i].network));
	/* It is kept, with the reason, for `show`. */
	ck_assert_uint_eq(import_flags(&o, summaries[_i].workload),
	    PATH_KERNEL | (summaries[_i].suppressed ? PATH_SUPPRESSED : 0));
	net_free(net);
}
END_TEST

/* Neither another network inside it nor what a peer announces is meant. */
START_TEST(summary_suppresses_imports_alone)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, "10.1.0.0/16")->summary_only = true;
	conf_network_add(conf, "10.1.7.0/24");
	o = fixture_new(net, conf);
	ck_assert(is_announced(&o, "10.1.7.0/24"));
	puppet_announce(o.end, "10.1.8.0/24", "10.0.0.2");
	net_settle(net);
	ck_assert_ptr_nonnull(node_best(o.node, "10.1.8.0/24"));
	net_free(net);
}
END_TEST

/* ---- filters ---- */

/* -1: none; else what the filter does */
static const struct {
	int network, first, second;
	bool network_passes, workload_passes;
} filters[] = {
	{ -1, -1, -1, true, true },
	{ 1, 1, 1, true, true },
	{ 0, 0, 0, false, false },
	/* One of two imports is enough. */
	{ -1, 0, 1, true, true },
	{ -1, 1, 0, true, true },
	{ 0, 0, -1, false, true },
};

START_TEST(filter)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_filter_add(conf, "none", false);
	conf_filter_add(conf, "all", true);
	conf_network_add(conf, "10.1.0.0/16")->filter = filters[_i].network;
	conf_import_add(conf, "a")->filter = filters[_i].first;
	conf_import_add(conf, "b")->filter = filters[_i].second;
	o = fixture_new(net, conf);
	workload(&o, 0, "10.2.0.1/32", true);
	workload(&o, 1, "10.2.0.1/32", true);
	ck_assert(is_announced(&o, "10.1.0.0/16") == filters[_i].network_passes);
	ck_assert(is_announced(&o, "10.2.0.1/32") == filters[_i].workload_passes);
	ck_assert_uint_eq(n_own_paths(&o, "10.1.0.0/16"), 1);
	ck_assert_uint_eq(n_own_paths(&o, "10.2.0.1/32"), 1);
	net_free(net);
}
END_TEST

/* The import that let it through goes, the one that rejects stays. */
START_TEST(filter_of_the_import_that_stays)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_import_add(conf, "a");
	conf_import_add(conf, "b")->filter = conf_filter_add(conf, "none", false);
	o = fixture_new(net, conf);
	workload(&o, 1, "10.2.0.1/32", true);
	ck_assert(!is_announced(&o, "10.2.0.1/32"));
	workload(&o, 0, "10.2.0.1/32", true);
	ck_assert(is_announced(&o, "10.2.0.1/32"));
	workload(&o, 0, "10.2.0.1/32", false);
	ck_assert(!is_announced(&o, "10.2.0.1/32"));
	net_free(net);
}
END_TEST

/* RFC 8212: own routes, too, need an export filter towards another AS. */
START_TEST(ebgp_needs_an_export_filter)
{
	struct net *net = net_new(2);
	struct conf *conf = net_conf(net, 0, AS);
	struct conf_peer *peer = net_conf_peer(net, conf, 1, 65001);
	struct open open = puppet_open(65001, addr_to_ipv4(&net->nodes[1].addr4));
	struct end *end;

	peer->options.passive = true;
	peer->options.export = _i - 1;
	conf_filter_add(conf, "none", false);
	conf_filter_add(conf, "all", true);
	conf_network_add(conf, "10.1.0.0/16");
	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	ck_assert_uint_eq(puppet_read(end).prefixes, _i == 2 ? 1 : 0);
	net_free(net);
}
END_TEST

/* ---- blackhole ---- */

static const struct {
	const char *prefix;
	bool blackhole;
	uint8_t kind;
} blackholes[] = {
	{ "10.1.0.0/26", true, FIB_KIND_BLACKHOLE },
	{ "10.1.0.0/26", false, FIB_KIND_NONE },
	{ "10.1.0.4/31", true, FIB_KIND_BLACKHOLE },
	{ "10.1.0.4/32", true, FIB_KIND_NONE },
	{ "fd01::/64", true, FIB_KIND_BLACKHOLE },
	{ "fd01::/64", false, FIB_KIND_NONE },
	{ "fd01::4/127", true, FIB_KIND_BLACKHOLE },
	{ "fd01::4/128", true, FIB_KIND_NONE },
	/* 32 is no single address in IPv6. */
	{ "fd01::/32", true, FIB_KIND_BLACKHOLE },
};

START_TEST(blackhole)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, blackholes[_i].prefix)->blackhole =
	    blackholes[_i].blackhole;
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	ck_assert_msg(fib_kind_of(&o, blackholes[_i].prefix) == blackholes[_i].kind,
	    "%s", blackholes[_i].prefix);
	ck_assert(is_announced(&o, blackholes[_i].prefix));
	/* A workload inside it has its own route in the kernel. */
	workload(&o, 0, "10.1.0.5/32", true);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.5/32"), FIB_KIND_NONE);
	net_free(net);
}
END_TEST

/* The option alone changes; then the section goes, and an import takes its place. */
START_TEST(blackhole_over_reloads)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, "10.1.0.0/26");
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	workload(&o, 0, "10.1.0.0/26", true);
	puppet_read(o.end);
	for (int round = 0; round < 3; round++) {
		bool on = round != 1;

		conf = fixture_conf(net);
		conf_network_add(conf, "10.1.0.0/26")->blackhole = on;
		conf_import_add(conf, "a");
		speaker_configure(o.node->sp, conf);
		net_settle(net);
		ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"),
		    on ? FIB_KIND_BLACKHOLE : FIB_KIND_NONE);
		ck_assert_uint_eq(puppet_read(o.end).updates, 0);
	}
	conf = fixture_conf(net);
	conf_import_add(conf, "a");
	speaker_configure(o.node->sp, conf);
	net_settle(net);
	ck_assert(is_announced(&o, "10.1.0.0/26"));
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"), FIB_KIND_NONE);
	net_free(net);
}
END_TEST

/* A network that its filter rejects is not ours, and holds back no packet. */
START_TEST(no_blackhole_for_a_rejected_network)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct conf_network *network = conf_network_add(conf, "10.1.0.0/26");
	struct fixture o;

	network->blackhole = true;
	network->filter = conf_filter_add(conf, "none", false);
	conf_import_add(conf, "a");
	o = fixture_new(net, conf);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"), FIB_KIND_NONE);
	/* The workload of that prefix has its own route in the kernel. */
	workload(&o, 0, "10.1.0.0/26", true);
	ck_assert(is_announced(&o, "10.1.0.0/26"));
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"), FIB_KIND_NONE);
	net_free(net);
}
END_TEST

/* A learned route of the same prefix never takes the place of the blackhole. */
START_TEST(blackhole_and_a_learned_route)
{
	struct net *net = net_new(2);
	struct conf *conf = fixture_conf(net);
	struct fixture o;

	conf_network_add(conf, "10.1.0.0/26")->blackhole = true;
	o = fixture_new(net, conf);
	puppet_announce(o.end, "10.1.0.0/26", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"), FIB_KIND_BLACKHOLE);
	speaker_configure(o.node->sp, fixture_conf(net));
	net_settle(net);
	ck_assert_uint_eq(fib_kind_of(&o, "10.1.0.0/26"), FIB_KIND_UNICAST);
	net_free(net);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
originate_suite(void)
{
	Suite *s = suite_create("originate");
	TCase *t = tcase_create("routes");

	tcase_add_loop_test(t, two_imports, 0, 2);
	tcase_add_test(t, workloads_come_and_go);
	tcase_add_test(t, workloads_before_the_configuration);
	tcase_add_test(t, network_wins_over_import);
	tcase_add_test(t, own_wins_over_learned);
	tcase_add_test(t, attributes_of_own_routes);
	suite_add_tcase(s, t);
	t = tcase_create("policy");
	tcase_add_loop_test(t, summary, 0, COUNT(summaries));
	tcase_add_test(t, summary_suppresses_imports_alone);
	tcase_add_loop_test(t, filter, 0, COUNT(filters));
	tcase_add_test(t, filter_of_the_import_that_stays);
	tcase_add_loop_test(t, ebgp_needs_an_export_filter, 0, 3);
	suite_add_tcase(s, t);
	t = tcase_create("blackhole");
	tcase_add_loop_test(t, blackhole, 0, COUNT(blackholes));
	tcase_add_test(t, blackhole_over_reloads);
	tcase_add_test(t, no_blackhole_for_a_rejected_network);
	tcase_add_test(t, blackhole_and_a_learned_route);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(originate_suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
