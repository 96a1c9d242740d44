// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/workload.c: one row a condition of an import section.
 */
#include "workload.h"

#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

static char cali[] = "cali*", veth[] = "veth*";
static char *interfaces[] = { cali, veth };
static uint8_t protocols[] = { RTPROT_BOOT, RTPROT_KERNEL };
static uint8_t types[] = { RTN_BLACKHOLE, RTN_LOCAL };
static struct prefix prefixes[2]; /* 10.233.0.0/16, fd00:233::/32 */

/* Import 0: anything; 1: devices; 2: protocols; 3: prefixes; 4: types; 5: all but types
 */
static struct conf_import imports[] = {
	{ .filter = -1 },
	{ .interfaces = interfaces, .n_interfaces = 2 },
	{ .protocols = protocols, .n_protocols = 2 },
	{ .prefixes = prefixes, .n_prefixes = 2 },
	{ .types = types, .n_types = 2 },
	{ .interfaces = interfaces,
	    .n_interfaces = 2,
	    .protocols = protocols,
	    .n_protocols = 2,
	    .prefixes = prefixes,
	    .n_prefixes = 2 },
};

static const char *const on_cali[] = { "cali1", "cali2" };
static const char *const on_eth[] = { "eth0" };
static const char *const on_both[] = { "cali1", "eth0" };

enum { OWN = 186 };

static const struct {
	const char *what;
	const char *prefix;
	uint8_t protocol;
	uint8_t type;
	unsigned n_devices;
	const char *const *devices;
	uint64_t want;
} cases[] = {
	{ "a workload", "10.233.1.3/32", RTPROT_BOOT, RTN_UNICAST, 1, on_cali, 0x2f },
	{ "IPv6", "fd00:233::3/128", RTPROT_BOOT, RTN_UNICAST, 1, on_cali, 0x2f },
	{ "two hops", "10.233.1.3/32", RTPROT_BOOT, RTN_UNICAST, 2, on_cali, 0x2f },
	{ "one hop elsewhere", "10.233.1.3/32", RTPROT_BOOT, RTN_UNICAST, 2, on_both,
	    0x0d },
	{ "another device", "10.233.1.3/32", RTPROT_BOOT, RTN_UNICAST, 1, on_eth,
	    0x0d },
	{ "another prefix", "10.232.0.0/16", RTPROT_BOOT, RTN_UNICAST, 1, on_cali,
	    0x07 },
	{ "the prefix itself", "10.233.0.0/16", 80, RTN_UNICAST, 1, on_cali, 0x0b },
	{ "it covers the prefix", "10.0.0.0/8", 80, RTN_UNICAST, 1, on_cali, 0x03 },
	{ "kernel, where listed", "10.233.1.3/32", RTPROT_KERNEL, RTN_UNICAST, 1,
	    on_cali, 0x24 },
	{ "our protocol", "10.233.1.3/32", OWN, RTN_UNICAST, 1, on_cali, 0 },
	{ "blackhole", "10.233.1.0/26", RTPROT_BOOT, RTN_BLACKHOLE, 0, NULL, 0x10 },
	{ "blackhole of the kernel", "10.233.1.0/26", RTPROT_KERNEL, RTN_BLACKHOLE, 0,
	    NULL, 0 },
	{ "unreachable", "10.233.1.0/26", RTPROT_BOOT, RTN_UNREACHABLE, 0, NULL, 0 },
};

static struct prefix
prefix_from(const char *text)
{
	struct prefix p;

	ck_assert_int_eq(prefix_parse(text, &p), PREFIX_PARSE_OK);
	return p;
}

static struct conf_kernel
configuration(void)
{
	prefixes[0] = prefix_from("10.233.0.0/16");
	prefixes[1] = prefix_from("fd00:233::/32");
	return (struct conf_kernel){ .protocol = OWN,
		.imports = imports,
		.n_imports = sizeof(imports) / sizeof(*imports) };
}

START_TEST(match_case)
{
	const struct conf_kernel conf = configuration();
	struct workload_rules *rules = workload_rules_new(&conf, NULL, 0);
	const struct workload_route route = {
		.prefix = prefix_from(cases[_i].prefix),
		.protocol = cases[_i].protocol,
		.type = cases[_i].type,
		.n_devices = cases[_i].n_devices,
		.devices = cases[_i].devices,
	};
	uint64_t got = workload_match(rules, &route);

	ck_assert_msg(got == cases[_i].want, "%s: imports %llx, wanted %llx",
	    cases[_i].what, (unsigned long long)got,
	    (unsigned long long)cases[_i].want);
	workload_rules_free(rules);
}
END_TEST

START_TEST(wants_type)
{
	struct conf_kernel conf = configuration();
	struct workload_rules *rules = workload_rules_new(&conf, NULL, 0);

	ck_assert(workload_wants_type(rules, RTN_LOCAL));
	ck_assert(workload_wants_type(rules, RTN_UNICAST));
	ck_assert(!workload_wants_type(rules, RTN_PROHIBIT));
	workload_rules_free(rules);
	conf.n_imports = 0;
	rules = workload_rules_new(&conf, NULL, 0);
	ck_assert(!workload_wants_type(rules, RTN_UNICAST));
	workload_rules_free(rules);
}
END_TEST

START_TEST(too_many)
{
	static struct conf_import many[WORKLOAD_RULES_MAX + 1];
	struct conf_kernel conf = { .imports = many,
		.n_imports = WORKLOAD_RULES_MAX + 1 };
	char err[128] = "";

	ck_assert_ptr_null(workload_rules_new(&conf, err, sizeof(err)));
	ck_assert_str_eq(err, "kernel: 65 import sections, at most 64 are served");
	conf.n_imports--;
	workload_rules_free(workload_rules_new(&conf, err, sizeof(err)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("workload");
	TCase *tc = tcase_create("workload");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, match_case, 0, (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(tc, wants_type);
	tcase_add_test(tc, too_many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
