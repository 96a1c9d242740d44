// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Right files, field by field: defaults, every option, groups under peers, includes,
 * and how texts are written.
 */
#include "conf_text.h"

#define ROUTER "router { as = 64512 id = \"192.0.2.1\" }\n"

static void
addr_expect(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT_LEN];

	ck_assert_str_eq(addr_format(a, text), want);
}

static void
prefix_expect(const struct prefix *p, const char *want)
{
	char text[PREFIX_TEXT_LEN];

	ck_assert_str_eq(prefix_format(p, text), want);
}

START_TEST(defaults_of_sections)
{
	struct conf *conf =
	    conf_text_read("router { as = 64512 }", "10.0.0.9 192.0.2.1");
	const struct conf_router *router = &conf->router;
	const struct conf_kernel *kernel = &conf->kernel;

	ck_assert_uint_eq(router->as, 64512);
	ck_assert_uint_eq(router->id, 0xc0000201);
	ck_assert_uint_eq(router->cluster_id, 0xc0000201);
	ck_assert_str_eq(router->node, "");
	ck_assert_uint_eq(router->n_listen, 2);
	addr_expect(&router->listen[0], "0.0.0.0");
	addr_expect(&router->listen[1], "::");
	ck_assert_uint_eq(router->port, 179);
	ck_assert_uint_eq(router->hold_time_s, 90);
	ck_assert_uint_eq(router->send_hold_time_s, 0);
	ck_assert_uint_eq(router->connect_retry_s, 5);
	ck_assert_uint_eq(router->connect_retry_max_s, 30);
	ck_assert(router->graceful_restart);
	ck_assert_uint_eq(router->restart_time_s, 120);
	ck_assert_uint_eq(router->stale_time_s, 360);
	ck_assert(router->resolve_next_hops);
	ck_assert(router->hostname);

	ck_assert(kernel->install);
	ck_assert_uint_eq(kernel->table, 254);
	ck_assert_uint_eq(kernel->protocol, 186);
	ck_assert_uint_eq(kernel->metric, 32);
	ck_assert(!kernel->default_route);
	ck_assert_int_eq(kernel->filter, -1);
	ck_assert_uint_eq(kernel->nexthop_objects, CONF_NEXTHOPS_AUTO);
	ck_assert_uint_eq(kernel->prefer_source.family, FAMILY_NONE);
	ck_assert(kernel->resolve_via_default);
	ck_assert_uint_eq(kernel->n_imports, 0);

	ck_assert_uint_eq(conf->log.level, LOG_LEVEL_INFO);
	ck_assert(!conf->log.json);
	ck_assert_str_eq(conf->log.target, "stderr");
	ck_assert_str_eq(conf->control.socket, "/run/bgpd/bgpd.sock");
	ck_assert_uint_eq(conf->control.mode, 0660);
	ck_assert_str_eq(conf->control.group, "");
	ck_assert_str_eq(conf->control.pid_file, "/run/bgpd/bgpd.pid");
	ck_assert_uint_eq(conf->n_peers + conf->n_groups + conf->n_filters, 0);
	ck_assert(!conf->cluster.present);
	conf_free(conf);
}
END_TEST

START_TEST(defaults_of_a_peer)
{
	struct conf *conf =
	    conf_text_read(ROUTER "peer \"10.0.0.1\" { as = 65000 }", "");
	const struct conf_peer *peer = &conf->peers[0];
	const struct conf_peer_options *options = &peer->options;

	ck_assert_uint_eq(conf->n_peers, 1);
	ck_assert_str_eq(peer->name, "10.0.0.1");
	ck_assert_str_eq(peer->description, "");
	addr_expect(&peer->address, "10.0.0.1");
	ck_assert(peer->enabled);
	ck_assert(!peer->from_cluster);
	ck_assert(!peer->dial_late);
	ck_assert_uint_eq(peer->local_address6.family, FAMILY_NONE);
	ck_assert_uint_eq(options->remote_as, 65000);
	ck_assert_uint_eq(options->local_as, 64512);
	ck_assert(!options->passive);
	ck_assert_uint_eq(options->port, 179);
	ck_assert_uint_eq(options->local_address.family, FAMILY_NONE);
	ck_assert_uint_eq(options->hold_time_s, 90);
	ck_assert(!options->bfd);
	ck_assert_uint_eq(options->bfd_interval_ms, 300);
	ck_assert_uint_eq(options->bfd_multiplier, 3);
	ck_assert_uint_eq(options->multihop, 0);
	ck_assert_uint_eq(options->ttl_security, 0);
	ck_assert(options->families[FAMILY_IPV4] && options->families[FAMILY_IPV6]);
	ck_assert(!options->client);
	ck_assert_uint_eq(options->next_hop, CONF_NEXT_HOP_AUTO);
	ck_assert_int_eq(options->import, -1);
	ck_assert_int_eq(options->export, -1);
	ck_assert_uint_eq(options->max_prefixes, 0);
	ck_assert_uint_eq(options->max_prefixes_action, CONF_LIMIT_RESTART);
	ck_assert_uint_eq(options->allow_own_as, 0);
	ck_assert(options->enforce_first_as);
	ck_assert(!options->remove_private_as);
	ck_assert(!options->accept_as_set);
	ck_assert(options->graceful_restart);
	conf_free(conf);
}
END_TEST

/* Of the router, unless the group or the peer says otherwise; with RFC 4724's alone. */
START_TEST(long_lived_stale_time)
{
	struct conf *conf = conf_text_read(
	    "router { as = 64512 id = 10.0.0.1 long-lived-stale-time = 100 }\n"
	    "group g { as = 1 long-lived-stale-time = 16777215 }\n"
	    "group plain { as = 1 graceful-restart = false }\n"
	    "peer a { address = 10.0.0.2 as = 1 }\n"
	    "peer b { address = 10.0.0.3 group = g }\n"
	    "peer c { address = 10.0.0.4 group = g long-lived-stale-time = 0 }\n"
	    "peer d { address = 10.0.0.5 group = plain }",
	    "");
	static const uint32_t want[] = { 100, 16777215, 0, 0 };

	ck_assert_uint_eq(conf->router.long_lived_stale_time_s, 100);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(
		    conf->peers[i].options.long_lived_stale_time_s, want[i]);
	conf_free(conf);
}
END_TEST

START_TEST(every_option_of_router)
{
	struct conf *conf = conf_text_read(
	    "router { as = 4294967295 id = 10.0.0.1 listen = {\"127.0.0.1\", ::1}\n"
	    "port = 1790 cluster-id = 10.0.0.2 hold-time = 3 send-hold-time = 10\n"
	    "connect-retry = 60 graceful-restart = no restart-time = 4095\n"
	    "stale-time = 0 resolve-next-hops = off hostname = FALSE node = \"\"\n"
	    "watch = false multipath = 1 long-lived-stale-time = 0 }",
	    "");
	const struct conf_router *router = &conf->router;

	ck_assert_uint_eq(router->as, 4294967295);
	ck_assert_uint_eq(router->id, 0x0a000001);
	ck_assert_uint_eq(router->n_listen, 2);
	addr_expect(&router->listen[1], "::1");
	ck_assert_uint_eq(router->port, 1790);
	ck_assert_uint_eq(router->cluster_id, 0x0a000002);
	ck_assert_uint_eq(router->hold_time_s, 3);
	ck_assert_uint_eq(router->send_hold_time_s, 10);
	ck_assert_uint_eq(router->connect_retry_s, 60);
	ck_assert_uint_eq(router->connect_retry_max_s, 60); /* not below it */
	ck_assert(!router->graceful_restart);
	ck_assert_uint_eq(router->restart_time_s, 4095);
	ck_assert_uint_eq(router->stale_time_s, 0);
	ck_assert(!router->resolve_next_hops);
	ck_assert(!router->hostname);
	conf_free(conf);

	conf = conf_text_read("router { as = 1 id = 1.1.1.1 listen = {} }", "");
	ck_assert_uint_eq(conf->router.n_listen, 0);
	conf_free(conf);
}
END_TEST

START_TEST(every_option_of_kernel)
{
	struct conf *conf = conf_text_read(ROUTER
	    "filter \"some\" { default = accept } filter \"none\" { }\n"
	    "kernel { install = false table = main protocol = bird metric = 0\n"
	    "default-route = true filter = none nexthop-objects = on\n"
	    "prefer-source = \"2001:db8::1\" resolve-via-default = false\n"
	    "tunnel \"tunl0\" { mode = always }\n"
	    "import \"w\" { interface = {\"cali*\", \"eth0\"}\n"
	    "  protocol = {\"boot\", \"static\", kernel, 80}\n"
	    "  prefix = {\"10.0.0.0/8\", \"::/0\"} filter = some\n"
	    "  type = {unicast, blackhole, unreachable, prohibit, local} }\n"
	    "import \"any\" { } }\n"
	    "network \"10.1.0.0/26\" { summary-only = true blackhole = yes filter = "
	    "some "
	    "}\n"
	    "network \"2001:db8::/32\" { }",
	    "");
	const struct conf_kernel *kernel = &conf->kernel;
	const struct conf_import *import = &kernel->imports[0];
	static const uint8_t protocols[] = { 3, 4, 2, 80 };
	static const uint8_t route_types[] = { 1, 6, 7, 8, 2 };

	ck_assert(!kernel->install);
	ck_assert_uint_eq(kernel->table, 254);
	ck_assert_uint_eq(kernel->protocol, 12);
	ck_assert_uint_eq(kernel->metric, 0);
	ck_assert(kernel->default_route);
	ck_assert_int_eq(kernel->filter, 1);
	ck_assert_uint_eq(kernel->nexthop_objects, CONF_NEXTHOPS_ON);
	addr_expect(&kernel->prefer_source, "2001:db8::1");
	ck_assert(!kernel->resolve_via_default);
	ck_assert_str_eq(kernel->tunnel.device, "tunl0");
	ck_assert_uint_eq(kernel->tunnel.mode, CONF_TUNNEL_ALWAYS);
	ck_assert_uint_eq(conf->n_filters, 2);
	ck_assert_str_eq(conf->filters[0].name, "some");
	ck_assert(conf->filters[0].accept);
	ck_assert(!conf->filters[1].accept);

	ck_assert_uint_eq(kernel->n_imports, 2);
	ck_assert_str_eq(import->title, "w");
	ck_assert_uint_eq(import->n_interfaces, 2);
	ck_assert_str_eq(import->interfaces[0], "cali*");
	ck_assert_str_eq(import->interfaces[1], "eth0");
	ck_assert_uint_eq(import->n_protocols, 4);
	ck_assert_mem_eq(import->protocols, protocols, 4);
	ck_assert_uint_eq(import->n_prefixes, 2);
	prefix_expect(&import->prefixes[0], "10.0.0.0/8");
	prefix_expect(&import->prefixes[1], "::/0");
	ck_assert_uint_eq(import->n_types, 5);
	ck_assert_mem_eq(import->types, route_types, 5);
	ck_assert_int_eq(import->filter, 0);
	ck_assert_uint_eq(kernel->imports[1].n_interfaces, 0);
	ck_assert_uint_eq(kernel->imports[1].n_protocols, 0);
	ck_assert_uint_eq(kernel->imports[1].n_types, 1);
	ck_assert_uint_eq(kernel->imports[1].types[0], 1);
	ck_assert_int_eq(kernel->imports[1].filter, -1);

	ck_assert_uint_eq(conf->n_networks, 2);
	prefix_expect(&conf->networks[0].prefix, "10.1.0.0/26");
	ck_assert(conf->networks[0].summary_only && conf->networks[0].blackhole);
	ck_assert_int_eq(conf->networks[0].filter, 0);
	prefix_expect(&conf->networks[1].prefix, "2001:db8::/32");
	ck_assert(!conf->networks[1].summary_only && !conf->networks[1].blackhole);
	ck_assert_int_eq(conf->networks[1].filter, -1);
	conf_free(conf);
}
END_TEST

START_TEST(every_option_of_a_peer)
{
	struct conf *conf = conf_text_read(ROUTER
	    "filter \"in\" { default = accept } filter \"out\" { default = reject }\n"
	    "peer \"tor\" { address = \"2001:db8::1\" as = external description = 'a "
	    "b'\n"
	    "enabled = false passive = true port = 1179 hold-time = 0\n"
	    "local-address = \"2001:db8::2\" local-as = 65001 multihop = 255\n"
	    "families = {ipv6} next-hop = unchanged import = in export = out\n"
	    "max-prefixes = 4294967295 max-prefixes-action = shutdown\n"
	    "allow-own-as = 3 enforce-first-as = false remove-private-as = true\n"
	    "accept-as-set = true graceful-restart = false\n"
	    "bfd = on bfd-interval = 50 bfd-multiplier = 255 role = \"\"\n"
	    "ttl-security = 0 password = \"a b\" interface = ''\n"
	    "add-path = off add-path-max = 8 extended-next-hop = no\n"
	    "route-server-client = False long-lived-stale-time = 0 group = '' }",
	    "");
	const struct conf_peer *peer = &conf->peers[0];
	const struct conf_peer_options *options = &peer->options;

	ck_assert(options->bfd);
	ck_assert_uint_eq(options->bfd_interval_ms, 50);
	ck_assert_uint_eq(options->bfd_multiplier, 255);
	ck_assert_str_eq(peer->name, "tor");
	ck_assert_str_eq(peer->description, "a b");
	addr_expect(&peer->address, "2001:db8::1");
	ck_assert(!peer->enabled);
	ck_assert_uint_eq(options->remote_as, 0);
	ck_assert_uint_eq(options->local_as, 65001);
	ck_assert(options->passive);
	ck_assert_uint_eq(options->port, 1179);
	ck_assert_uint_eq(options->hold_time_s, 0);
	addr_expect(&options->local_address, "2001:db8::2");
	ck_assert_uint_eq(options->multihop, 255);
	ck_assert_uint_eq(options->ttl_security, 0);
	ck_assert_uint_ne(options->password, 0);
	ck_assert(!options->families[FAMILY_IPV4] && options->families[FAMILY_IPV6]);
	ck_assert_uint_eq(options->next_hop, CONF_NEXT_HOP_UNCHANGED);
	ck_assert_int_eq(options->import, 0);
	ck_assert_int_eq(options->export, 1);
	ck_assert_uint_eq(options->max_prefixes, 4294967295);
	ck_assert_uint_eq(options->max_prefixes_action, CONF_LIMIT_SHUTDOWN);
	ck_assert_uint_eq(options->allow_own_as, 3);
	ck_assert(!options->enforce_first_as);
	ck_assert(options->remove_private_as);
	ck_assert(options->accept_as_set);
	ck_assert(!options->graceful_restart);
	conf_free(conf);
}
END_TEST

START_TEST(log_and_control)
{
	struct conf *conf = conf_text_read(ROUTER
	    "log { level = error target = /var/log/bgpd.log format = json }\n"
	    "control { socket = bgpd.sock mode = 600 group = adm pid-file = /x }",
	    "");

	ck_assert_uint_eq(conf->log.level, LOG_LEVEL_ERROR);
	ck_assert_str_eq(conf->log.target, "/var/log/bgpd.log");
	ck_assert(conf->log.json);
	ck_assert_str_eq(conf->control.socket, "bgpd.sock");
	ck_assert_uint_eq(conf->control.mode, 0600);
	ck_assert_str_eq(conf->control.group, "adm");
	ck_assert_str_eq(conf->control.pid_file, "/x");
	conf_free(conf);
}
END_TEST

START_TEST(group_under_its_peers)
{
	struct conf *conf = conf_text_read(
	    "peer \"a\" { address = 10.0.0.1 group = tor }\n"
	    "peer \"b\" { address = 10.0.0.2 group = tor as = internal hold-time = 9\n"
	    "           families = {ipv6} passive = false client = true }\n"
	    "peer \"c\" { address = 10.0.0.3 group = tor local-as = 65000 as = "
	    "internal }\n"
	    "group \"tor\" { as = 65000 hold-time = 30 passive = true families = "
	    "{ipv4}\n"
	    "  range = {\"10.1.0.0/16\", \"fd00::/8\"} max-sessions = 7\n"
	    "  local-address = 10.9.9.9 }\n"
	    "router { as = 64512 id = 192.0.2.1 hold-time = 60 graceful-restart = no "
	    "}\n"
	    "group \"plain\" { }",
	    "");
	const struct conf_peer *peers = conf->peers;
	const struct conf_group *group = &conf->groups[0];

	ck_assert_uint_eq(conf->n_peers, 3);
	ck_assert_uint_eq(peers[0].options.remote_as, 65000);
	ck_assert_uint_eq(peers[0].options.hold_time_s, 30);
	ck_assert(peers[0].options.passive);
	ck_assert(!peers[0].options.families[FAMILY_IPV6]);
	ck_assert(!peers[0].options.graceful_restart); /* router's comes first */
	addr_expect(&peers[0].options.local_address, "10.9.9.9");
	ck_assert_uint_eq(peers[1].options.remote_as, 64512);
	ck_assert_uint_eq(peers[1].options.hold_time_s, 9);
	ck_assert(!peers[1].options.passive);
	ck_assert(peers[1].options.client);
	ck_assert(!peers[1].options.families[FAMILY_IPV4]);
	ck_assert_uint_eq(peers[2].options.remote_as, 65000);
	ck_assert_uint_eq(peers[2].options.local_as, 65000);

	ck_assert_uint_eq(conf->n_groups, 2);
	ck_assert_str_eq(group->name, "tor");
	ck_assert_uint_eq(group->n_ranges, 2);
	prefix_expect(&group->ranges[1], "fd00::/8");
	ck_assert_uint_eq(group->max_sessions, 7);
	ck_assert_uint_eq(group->options.remote_as, 65000);
	ck_assert_uint_eq(group->options.local_as, 64512);
	ck_assert_uint_eq(group->options.hold_time_s, 30);
	ck_assert_uint_eq(conf->groups[1].n_ranges, 0);
	ck_assert_uint_eq(conf->groups[1].max_sessions, 5000);
	ck_assert_uint_eq(conf->groups[1].options.hold_time_s, 60);
	conf_free(conf);
}
END_TEST

static bool
host_lookup(void *arg, enum conf_lookup what, const char *name, uint32_t *out)
{
	*out = what == CONF_LOOKUP_TABLE ? 1000 : 99;
	return strcmp(name, arg) == 0;
}

START_TEST(names_of_the_host)
{
	static const char text[] = ROUTER "kernel { table = pods protocol = pods\n"
					  "import w { protocol = {pods, bird} } }";
	static char name[] = "pods";
	struct conf_local local = { .lookup = host_lookup, .arg = name };
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf *conf =
	    config_read_text("text", text, sizeof text - 1, &local, &errors);

	ck_assert_ptr_nonnull(conf);
	ck_assert_uint_eq(conf->kernel.table, 1000);
	ck_assert_uint_eq(conf->kernel.protocol, 99);
	ck_assert_uint_eq(conf->kernel.imports[0].protocols[0], 99);
	ck_assert_uint_eq(conf->kernel.imports[0].protocols[1], 12);
	conf_free(conf);
}
END_TEST

/* The same configuration in many spellings. */
static const struct {
	const char *what;
	const char *text;
} spellings[] = {
	{ "one line", "router{as=64512 id=\"192.0.2.1\"}log{target=\"/a#b\"}" },
	{ "windows", "router {\r\n\tas = 64512\r\n\tid = 192.0.2.1\r\n}\r\n"
		     "log { target = '/a#b' } # end\r\n" },
	{ "comments",
	    "# \"{\n// '\n/* } */ router { /* \" */ as = 64512 # }\n"
	    "id /**/ = /* x\n y */ 192.0.2.1 }\nlog { target = \"/a#b\" } ##" },
	{ "environment",
	    "router { as = ${BGPD_NO_SUCH:-64512} id = \"${BGPD_TEST_ID}\" }"
	    "log { target = \"/${BGPD_NO_SUCH}a${BGPD_NO_SUCH:-#}b\" }" },
	{ "quotes", "router { as = \"64512\" id = '192.0.2.1' }"
		    "log { target = \"\\/a\\#b\" }" },
};

START_TEST(spelling)
{
	struct conf *conf;

	ck_assert_int_eq(setenv("BGPD_TEST_ID", "192.0.2.1", 1), 0);
	conf = conf_text_read(spellings[_i].text, "");
	ck_assert_uint_eq(conf->router.as, 64512);
	ck_assert_uint_eq(conf->router.id, 0xc0000201);
	ck_assert_str_eq(conf->log.target, "/a#b");
	conf_free(conf);
}
END_TEST

START_TEST(includes_in_place)
{
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf_text_local host;
	struct conf *conf;

	conf_text_local_set(&host, "192.0.2.1");
	conf = config_read("right/include.conf", &host.local, &errors);
	conf_errors_print(&errors, stdout);
	ck_assert_ptr_nonnull(conf);
	ck_assert_uint_eq(conf->router.as, 64512);
	ck_assert_uint_eq(conf->router.hold_time_s, 30);
	ck_assert_uint_eq(conf->n_peers, 2);
	ck_assert_str_eq(conf->peers[0].name, "n2");
	ck_assert_str_eq(conf->peers[1].name, "a");
	ck_assert_uint_eq(conf->peers[1].options.remote_as, 65000);
	conf_free(conf);
}
END_TEST

/* Every example that is shipped is right, on the node that it is written for. */
START_TEST(shipped_example)
{
	static const char *const files[] = { "bgpd.conf", "examples/mesh.conf",
		"examples/reflector.conf", "examples/tor.conf" };
	struct conf_errors errors = { NULL, 0, 0 };
	struct conf_text_local host;
	char path[256];
	struct conf *conf;

	(void)snprintf(path, sizeof path, "../../../etc/%s", files[_i]);
	conf_text_local_set(&host, "192.0.2.1");
	conf = config_read(path, &host.local, &errors);
	conf_errors_print(&errors, stdout);
	ck_assert_msg(conf != NULL, "%s", path);
	conf_free(conf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_right");
	TCase *tcase = tcase_create("right");
	SRunner *runner;
	int n_failed;

	conf_text_enter(__FILE__, "conf");
	tcase_add_test(tcase, defaults_of_sections);
	tcase_add_test(tcase, defaults_of_a_peer);
	tcase_add_test(tcase, long_lived_stale_time);
	tcase_add_test(tcase, every_option_of_router);
	tcase_add_test(tcase, every_option_of_kernel);
	tcase_add_test(tcase, every_option_of_a_peer);
	tcase_add_test(tcase, log_and_control);
	tcase_add_test(tcase, group_under_its_peers);
	tcase_add_loop_test(
	    tcase, spelling, 0, (int)(sizeof spellings / sizeof spellings[0]));
	tcase_add_test(tcase, names_of_the_host);
	tcase_add_test(tcase, includes_in_place);
	tcase_add_loop_test(tcase, shipped_example, 0, 4);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
