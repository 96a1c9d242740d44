// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The sessions that a node derives from the cluster section: each row of its table, who
 * dials late, over which family, with which options, and the ids of the node.
 */
#include "conf_text.h"

#define ROUTER "router { as = 64512 }\n"

/* n1 and n2 are nodes, r1 and r2 reflectors; addresses grow in this order. */
#define NODES(extra)                                                                 \
	"cluster { " extra "\n"                                                      \
	"node \"n1\" { address = 10.0.0.1 }\nnode \"n2\" { address = 10.0.0.2 }\n"   \
	"node \"r1\" { address = 10.0.0.3 reflector = true cluster-id = 9.9.9.9 }\n" \
	"node \"r2\" { address = 10.0.0.4 reflector = true }\n}\n"

/* What one node makes of the file; a session is "NAME", "+NAME" for a client. */
static const struct {
	const char *what;
	const char *text;
	const char *local;
	const char *sessions;
} rows[] = {
	{ "any and any, mesh by default",
	    ROUTER "cluster { node n1 { address = 10.0.0.1 } node n2 { address = "
		   "10.0.0.2 } node n3 { address = 10.0.0.3 } }",
	    "10.0.0.2", "n1 n3" },
	{ "any and any, mesh off",
	    ROUTER "cluster { mesh = false node n1 { address = 10.0.0.1 } node n2 { "
		   "address = 10.0.0.2 } }",
	    "10.0.0.2", "" },
	{ "not a reflector, reflectors", ROUTER NODES(""), "10.0.0.1", "r1 r2" },
	{ "reflector, the others", ROUTER NODES(""), "10.0.0.3", "+n1 +n2 r2" },
	{ "the other reflector", ROUTER NODES(""), "10.0.0.4", "+n1 +n2 r1" },
	{ "node in a mesh with reflectors", ROUTER NODES("mesh = true"), "10.0.0.1",
	    "n2 r1 r2" },
	{ "reflector in a mesh", ROUTER NODES("mesh = true"), "10.0.0.3",
	    "+n1 +n2 r2" },
	{ "named by router.node", "router { as = 64512 node = n2 }\n" NODES(""),
	    "192.0.2.77", "r1 r2" },
	{ "named, and local as another", "router { as = 64512 node = n2 }\n" NODES(""),
	    "10.0.0.3", "r1 r2" },
};

START_TEST(session_table)
{
	struct conf *conf = conf_text_read(rows[_i].text, rows[_i].local);
	char got[256] = "";

	for (size_t i = 0; i < conf->n_peers; i++) {
		const struct conf_peer *peer = &conf->peers[i];
		size_t len = strlen(got);

		ck_assert(peer->from_cluster && peer->enabled);
		ck_assert_uint_eq(peer->options.remote_as, 64512);
		ck_assert_uint_eq(peer->options.local_as, 64512);
		(void)snprintf(got + len, sizeof got - len, "%s%s%s", i > 0 ? " " : "",
		    peer->options.client ? "+" : "", peer->name);
	}
	ck_assert_msg(
	    strcmp(got, rows[_i].sessions) == 0, "%s: '%s'", rows[_i].what, got);
	conf_free(conf);
}
END_TEST

/* Of each pair, exactly the node with the lesser address waits; numbers, not text. */
START_TEST(one_end_dials_late)
{
	static const char text[] = ROUTER
	    "cluster { node a { address = 10.0.0.9 } node b { address = 10.0.0.10 } }";
	struct conf *low = conf_text_read(text, "10.0.0.9");
	struct conf *high = conf_text_read(text, "10.0.0.10");

	ck_assert(low->peers[0].dial_late);
	ck_assert(!high->peers[0].dial_late);
	conf_free(low);
	conf_free(high);
}
END_TEST

START_TEST(family_of_a_pair)
{
	static const char text[] =
	    ROUTER "cluster {\n"
		   "node both  { address = 10.0.0.1 address6 = \"2001:db8::1\" }\n"
		   "node both2 { address = 10.0.0.2 address6 = \"2001:db8::2\" }\n"
		   "node six   { address6 = \"2001:db8::6\" } }";
	struct conf *conf = conf_text_read(text, "10.0.0.1");
	const struct conf_peer *peers = conf->peers;
	char text_of[ADDR_TEXT_LEN];

	ck_assert_str_eq(addr_format(&peers[0].address, text_of), "10.0.0.2");
	ck_assert_str_eq(
	    addr_format(&peers[0].options.local_address, text_of), "10.0.0.1");
	ck_assert_str_eq(addr_format(&peers[0].local_address6, text_of), "2001:db8::1");
	ck_assert_str_eq(addr_format(&peers[1].address, text_of), "2001:db8::6");
	ck_assert_str_eq(
	    addr_format(&peers[1].options.local_address, text_of), "2001:db8::1");
	conf_free(conf);

	/* Found by its only address; without any IPv4 the id must be written. */
	conf = conf_text_read("router { as = 64512 id = 1.2.3.4 } cluster {\n"
			      "node six { address6 = \"2001:db8::6\" }\n"
			      "node two { address6 = \"2001:db8::5\" } }",
	    "2001:db8::6");
	ck_assert_str_eq(conf->router.node, "six");
	ck_assert_uint_eq(conf->router.id, 0x01020304);
	ck_assert(!conf->peers[0].dial_late);
	conf_free(conf);
}
END_TEST

START_TEST(options_of_the_sessions)
{
	struct conf *conf = conf_text_read(
	    "router { as = 64512 port = 1179 hold-time = 60 }\n"
	    "cluster { as = 65001 group = g node a { address = 10.0.0.1 }\n"
	    "node b { address = 10.0.0.2 } }\n"
	    "group g { hold-time = 9 families = {ipv4} max-prefixes = 5 }",
	    "10.0.0.1");
	const struct conf_peer_options *options = &conf->peers[0].options;

	ck_assert_uint_eq(options->remote_as, 65001);
	ck_assert_uint_eq(options->local_as, 65001);
	ck_assert_uint_eq(options->hold_time_s, 9);
	ck_assert(!options->families[FAMILY_IPV6]);
	ck_assert_uint_eq(options->max_prefixes, 5);
	ck_assert_uint_eq(options->port, 1179); /* nodes listen alike */
	ck_assert(options->graceful_restart);
	ck_assert_uint_eq(conf->cluster.as, 65001);
	ck_assert_uint_eq(conf->cluster.n_nodes, 2);
	ck_assert(conf->cluster.mesh && !conf->cluster.mesh_written);
	conf_free(conf);

	conf = conf_text_read("router { as = 64512 port = 1179 }\n"
			      "cluster { group = g node a { address = 10.0.0.1 }\n"
			      "node b { address = 10.0.0.2 } } group g { port = 2179 }",
	    "10.0.0.1");
	ck_assert_uint_eq(conf->peers[0].options.port, 2179);
	ck_assert_uint_eq(conf->peers[0].options.hold_time_s, 90);
	conf_free(conf);
}
END_TEST

/* Router id and cluster id, from the most to the least written. */
static const struct {
	const char *what;
	const char *router;
	const char *local;
	uint32_t id;
	uint32_t cluster_id;
} ids[] = {
	{ "a plain node", "", "10.0.0.1 192.0.2.200", 0x0a000001, 0x0a000001 },
	{ "a reflector with an id", "", "10.0.0.3", 0x0a000003, 0x09090909 },
	{ "router's cluster id", "cluster-id = 8.8.8.8", "10.0.0.3", 0x0a000003,
	    0x08080808 },
	{ "router's id", "id = 7.7.7.7", "10.0.0.4", 0x07070707, 0x07070707 },
};

START_TEST(ids_of_the_node)
{
	char text[1024];
	struct conf *conf;

	(void)snprintf(text, sizeof text, "router { as = 64512 %s }\n%s",
	    ids[_i].router, NODES(""));
	conf = conf_text_read(text, ids[_i].local);
	ck_assert_msg(conf->router.id == ids[_i].id, "%s", ids[_i].what);
	ck_assert_msg(
	    conf->router.cluster_id == ids[_i].cluster_id, "%s", ids[_i].what);
	conf_free(conf);
}
END_TEST

/* A reload: only where the last reflector goes must `mesh` be written. */
START_TEST(mesh_over_a_reload)
{
	static const char written[] =
	    ROUTER "cluster { mesh = true node a { address = 10.0.0.1 } }";
	static const char silent[] = ROUTER "cluster { node a { address = 10.0.0.1 } }";
	struct conf before = { .cluster = { .present = true, .n_reflectors = 1 } };
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf_text_local host;
	struct conf *conf;

	conf_text_local_set(&host, "10.0.0.1");
	host.local.running = &before;
	ck_assert_ptr_null(
	    config_read_text("text", silent, sizeof silent - 1, &host.local, &errors));
	ck_assert_uint_eq(errors.n, 1);
	conf_errors_free(&errors);
	conf =
	    config_read_text("text", written, sizeof written - 1, &host.local, &errors);
	ck_assert_ptr_nonnull(conf);
	conf_free(conf);

	before.cluster.n_reflectors = 0;
	conf =
	    config_read_text("text", silent, sizeof silent - 1, &host.local, &errors);
	ck_assert_ptr_nonnull(conf);
	conf_free(conf);
}
END_TEST

/* A daemon starts with such a file a hundred at a time on two processors. */
START_TEST(large_cluster)
{
	enum { NODES_MANY = 800 };
	char *text = malloc(NODES_MANY * 80 + 200);
	struct conf *conf;
	size_t len = 0;

	ck_assert_ptr_nonnull(text);
	len += (size_t)sprintf(text, ROUTER "cluster {\n");
	for (unsigned i = 0; i < NODES_MANY; i++)
		len += (size_t)sprintf(text + len,
		    "node \"node-%u\" { address = \"10.1.%u.%u\" }\n", i, i / 200,
		    i % 200 + 1);
	(void)sprintf(text + len, "}\n");
	conf = conf_text_read(text, "10.1.2.8");
	ck_assert_uint_eq(conf->n_peers, NODES_MANY - 1);
	ck_assert_str_eq(conf->router.node, "node-407");
	ck_assert_str_eq(conf->peers[798].name, "node-799");
	conf_free(conf);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_cluster");
	TCase *tcase = tcase_create("cluster");
	SRunner *runner;
	int n_failed;

	tcase_add_loop_test(
	    tcase, session_table, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_test(tcase, one_end_dials_late);
	tcase_add_test(tcase, family_of_a_pair);
	tcase_add_test(tcase, options_of_the_sessions);
	tcase_add_loop_test(
	    tcase, ids_of_the_node, 0, (int)(sizeof ids / sizeof ids[0]));
	tcase_add_test(tcase, mesh_over_a_reload);
	tcase_add_test(tcase, large_cluster);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
