// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a reload costs each peer, and which options need a new daemon.
 */
#include "bgp/conf_plan.h"
#include "conf_text.h"

#define ROUTER "router { as = 64512 id = 192.0.2.1 }\n"
#define FILTERS "filter a { default = accept } filter b { default = reject }\n"
#define PEER(options) "peer p { address = 10.0.0.1 as = 65000 " options " }\n"

/* One peer before and after. */
static const struct {
	const char *what;
	const char *before;
	const char *after;
	enum conf_plan_action want;
} cases[] = {
	{ "the same text", ROUTER PEER(""), ROUTER PEER(""), CONF_PLAN_SAME },
	{ "a default written out", ROUTER PEER(""), ROUTER PEER("passive = no"),
	    CONF_PLAN_SAME },
	{ "address in other words", ROUTER "peer p { address = \"fd00::1\" as = 1 }",
	    ROUTER "peer p { address = \"FD00:0::1\" as = 1 }", CONF_PLAN_SAME },
	{ "name", ROUTER PEER(""), ROUTER "peer q { address = 10.0.0.1 as = 65000 }",
	    CONF_PLAN_APPLY },
	{ "description", ROUTER PEER(""), ROUTER PEER("description = x"),
	    CONF_PLAN_APPLY },
	{ "enabled", ROUTER PEER(""), ROUTER PEER("enabled = false"), CONF_PLAN_APPLY },
	{ "passive", ROUTER PEER(""), ROUTER PEER("passive = true"), CONF_PLAN_APPLY },
	{ "port", ROUTER PEER(""), ROUTER PEER("port = 1790"), CONF_PLAN_APPLY },
	{ "next-hop", ROUTER PEER(""), ROUTER PEER("next-hop = self"),
	    CONF_PLAN_APPLY },
	{ "import", FILTERS ROUTER PEER(""), FILTERS ROUTER PEER("import = a"),
	    CONF_PLAN_APPLY },
	{ "another filter", FILTERS ROUTER PEER("import = a"),
	    FILTERS ROUTER PEER("import = b"), CONF_PLAN_APPLY },
	{ "the filter's content",
	    "filter a { default = accept }" ROUTER PEER("export = a"),
	    "filter a { default = reject }" ROUTER PEER("export = a"),
	    CONF_PLAN_APPLY },
	{ "a filter of nobody", "filter a { } filter b { }" ROUTER PEER("export = a"),
	    "filter a { } filter b { default = accept }" ROUTER PEER("export = a"),
	    CONF_PLAN_SAME },
	{ "max-prefixes", ROUTER PEER(""), ROUTER PEER("max-prefixes = 1"),
	    CONF_PLAN_APPLY },
	{ "allow-own-as", ROUTER PEER(""), ROUTER PEER("allow-own-as = 1"),
	    CONF_PLAN_APPLY },
	{ "AS", ROUTER PEER(""), ROUTER "peer p { address = 10.0.0.1 as = 65001 }",
	    CONF_PLAN_RESET },
	{ "local-as", ROUTER PEER(""), ROUTER PEER("local-as = 1"), CONF_PLAN_RESET },
	{ "local-address", ROUTER PEER(""), ROUTER PEER("local-address = 10.0.0.9"),
	    CONF_PLAN_RESET },
	{ "hold-time", ROUTER PEER(""), ROUTER PEER("hold-time = 9"), CONF_PLAN_RESET },
	{ "router's hold-time", ROUTER PEER(""),
	    "router { as = 64512 id = 192.0.2.1 hold-time = 9 }" PEER(""),
	    CONF_PLAN_RESET },
	{ "hold-time through a group", ROUTER "group g { }" PEER("group = g"),
	    ROUTER "group g { hold-time = 9 }" PEER("group = g"), CONF_PLAN_RESET },
	{ "families", ROUTER PEER(""), ROUTER PEER("families = {ipv4}"),
	    CONF_PLAN_RESET },
	{ "multihop", ROUTER PEER(""), ROUTER PEER("multihop = 2"), CONF_PLAN_RESET },
	{ "graceful-restart", ROUTER PEER(""), ROUTER PEER("graceful-restart = no"),
	    CONF_PLAN_RESET },
	{ "live and reset", ROUTER PEER(""), ROUTER PEER("passive = yes hold-time = 9"),
	    CONF_PLAN_RESET },
};

START_TEST(one_peer)
{
	struct conf *before = conf_text_read(cases[_i].before, "");
	struct conf *after = conf_text_read(cases[_i].after, "");
	struct conf_plan plan = conf_plan_make(before, after);

	ck_assert_uint_eq(plan.n_steps, 1);
	ck_assert_msg(plan.steps[0].action == cases[_i].want, "%s: %d", cases[_i].what,
	    (int)plan.steps[0].action);
	ck_assert_ptr_eq(plan.steps[0].before, &before->peers[0]);
	ck_assert_ptr_eq(plan.steps[0].after, &after->peers[0]);
	conf_plan_free(&plan);
	conf_free(before);
	conf_free(after);
}
END_TEST

START_TEST(peers_come_and_go)
{
	struct conf *before =
	    conf_text_read(ROUTER "peer 10.0.0.9 { as = 1 } peer 10.0.0.1 { as = 1 } "
				  "peer 10.0.0.5 { as = 1 }",
		"");
	struct conf *after =
	    conf_text_read(ROUTER "peer 10.0.0.5 { as = 1 } peer 10.0.0.7 { as = 1 } "
				  "peer 10.0.0.1 { as = 2 }",
		"");
	struct conf_plan plan = conf_plan_make(before, after);

	ck_assert_uint_eq(plan.n_steps, 4);
	ck_assert_int_eq(plan.steps[0].action, CONF_PLAN_SAME);
	ck_assert_int_eq(plan.steps[1].action, CONF_PLAN_ADDED);
	ck_assert_str_eq(plan.steps[1].after->name, "10.0.0.7");
	ck_assert_ptr_null(plan.steps[1].before);
	ck_assert_int_eq(plan.steps[2].action, CONF_PLAN_RESET);
	ck_assert_int_eq(plan.steps[3].action, CONF_PLAN_REMOVED);
	ck_assert_str_eq(plan.steps[3].before->name, "10.0.0.9");
	ck_assert_ptr_null(plan.steps[3].after);
	conf_plan_free(&plan);
	conf_free(before);
	conf_free(after);
}
END_TEST

/* A peer on a link is known by its address and interface together. */
START_TEST(peers_on_links)
{
	struct conf *before =
	    conf_text_read(ROUTER "peer a { address = \"fe80::1%eth0\" as = 1 }"
				  "peer b { address = \"fe80::1%eth1\" as = 1 }"
				  "peer u { interface = eth2 as = external }",
		"");
	struct conf *after = conf_text_read(ROUTER
	    "peer b { address = \"fe80::1%eth1\" as = 1 }"
	    "peer c { address = \"fe80::1%eth3\" as = 1 }"
	    "peer u { interface = eth2 as = external extended-next-hop = false }"
	    "peer v { interface = eth0 as = external }",
	    "");
	struct conf_plan plan = conf_plan_make(before, after);

	ck_assert(conf_peer_is_unnumbered(&before->peers[2]));
	/* as FRR has it: on by default there, and there alone */
	ck_assert(before->peers[2].options.extended_next_hop);
	ck_assert(!before->peers[0].options.extended_next_hop);
	ck_assert(!after->peers[2].options.extended_next_hop);
	ck_assert_uint_eq(plan.n_steps, 5);
	ck_assert_int_eq(plan.steps[0].action, CONF_PLAN_SAME);
	ck_assert_ptr_eq(plan.steps[0].before, &before->peers[1]);
	ck_assert_int_eq(plan.steps[1].action, CONF_PLAN_ADDED);
	ck_assert_int_eq(plan.steps[2].action, CONF_PLAN_RESET);
	ck_assert_int_eq(plan.steps[3].action, CONF_PLAN_ADDED);
	ck_assert_int_eq(plan.steps[4].action, CONF_PLAN_REMOVED);
	ck_assert_ptr_eq(plan.steps[4].before, &before->peers[0]);
	conf_plan_free(&plan);
	conf_free(before);
	conf_free(after);
}
END_TEST

#define CLUSTER(reflector, more)                                    \
	"router { as = 64512 } cluster { mesh = true\n"             \
	"node a { address = 10.0.0.1 reflector = " reflector " }\n" \
	"node b { address = 10.0.0.2 } node c { address = 10.0.0.3 }\n" more "}"

/* From mesh peer to client, and one node more: no session is lost. */
START_TEST(mesh_to_reflector)
{
	struct conf *before = conf_text_read(CLUSTER("false", ""), "10.0.0.1");
	struct conf *after = conf_text_read(
	    CLUSTER("true", "node d { address = 10.0.0.4 }"), "10.0.0.1");
	struct conf_plan plan = conf_plan_make(before, after);

	ck_assert_uint_eq(plan.n_steps, 3);
	ck_assert_int_eq(plan.steps[0].action, CONF_PLAN_APPLY);
	ck_assert_int_eq(plan.steps[1].action, CONF_PLAN_APPLY);
	ck_assert_int_eq(plan.steps[2].action, CONF_PLAN_ADDED);
	conf_plan_free(&plan);
	conf_free(before);

	/* Another node notices the new node alone. */
	conf_free(after);
	before = conf_text_read(CLUSTER("false", ""), "10.0.0.2");
	after = conf_text_read(
	    CLUSTER("true", "node d { address = 10.0.0.4 }"), "10.0.0.2");
	plan = conf_plan_make(before, after);
	ck_assert_uint_eq(plan.n_steps, 3);
	ck_assert_int_eq(plan.steps[0].action, CONF_PLAN_SAME);
	ck_assert_int_eq(plan.steps[1].action, CONF_PLAN_SAME);
	ck_assert_int_eq(plan.steps[2].action, CONF_PLAN_ADDED);
	conf_plan_free(&plan);
	conf_free(before);
	conf_free(after);
}
END_TEST

/* NULL: nothing that needs a new daemon. */
static const struct {
	const char *before;
	const char *after;
	const char *key;
} restarts[] = {
	{ ROUTER, ROUTER, NULL },
	{ ROUTER, "router { as = 64512 id = 192.0.2.1 hostname = no stale-time = 1 }",
	    NULL },
	{ ROUTER, ROUTER "kernel { default-route = true } log { level = debug }",
	    NULL },
	{ ROUTER, "router { as = 64513 id = 192.0.2.1 }", "router.as" },
	{ ROUTER, "router { as = 64512 id = 192.0.2.2 }", "router.id" },
	{ ROUTER, "router { as = 64512 id = 192.0.2.1 port = 1790 }", "router.port" },
	{ ROUTER, "router { as = 64512 id = 192.0.2.1 listen = {} }", "router.listen" },
	{ ROUTER,
	    "router { as = 64512 id = 192.0.2.1 listen = {\"0.0.0.0\", \"::1\"} }",
	    "router.listen" },
	{ ROUTER, ROUTER "kernel { table = 100 }", "kernel.table" },
	{ ROUTER, ROUTER "control { socket = \"/tmp/x\" }", "control.socket" },
};

START_TEST(restart_needed)
{
	struct conf *before = conf_text_read(restarts[_i].before, "");
	struct conf *after = conf_text_read(restarts[_i].after, "");
	const char *section;
	const char *key;
	char got[128] = "";

	if (conf_restart_needed(before, after, &section, &key))
		(void)snprintf(got, sizeof got, "%s.%s", section, key);
	ck_assert_str_eq(got, restarts[_i].key != NULL ? restarts[_i].key : "");
	conf_free(before);
	conf_free(after);
}
END_TEST

START_TEST(options_of_a_dynamic_session)
{
	struct conf *before =
	    conf_text_read(ROUTER "group g { as = 1 range = {10.0.0.0/8} }", "");
	struct conf *after = conf_text_read(
	    ROUTER "group g { as = 1 range = {10.0.0.0/8} next-hop = self }", "");
	const struct conf_peer_options *old = &before->groups[0].options;
	const struct conf_peer_options *new = &after->groups[0].options;

	ck_assert_int_eq(
	    conf_peer_options_change(before, old, after, new), CONF_CHANGE_APPLY);
	ck_assert_int_eq(
	    conf_peer_options_change(before, old, before, old), CONF_CHANGE_NOTHING);
	conf_free(before);
	conf_free(after);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_plan");
	TCase *tcase = tcase_create("plan");
	SRunner *runner;
	int n_failed;

	tcase_add_loop_test(tcase, one_peer, 0, (int)(sizeof cases / sizeof cases[0]));
	tcase_add_test(tcase, peers_come_and_go);
	tcase_add_test(tcase, peers_on_links);
	tcase_add_test(tcase, mesh_to_reflector);
	tcase_add_loop_test(
	    tcase, restart_needed, 0, (int)(sizeof restarts / sizeof restarts[0]));
	tcase_add_test(tcase, options_of_a_dynamic_session);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
