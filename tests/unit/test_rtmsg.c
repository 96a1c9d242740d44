// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/rtmsg.c: what is written is what is read back, for every kind of route, and a
 * message that is cut or damaged anywhere is read within its bounds.
 */
#include "rtmsg.h"

#include <check.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

static const struct {
	const char *what;
	const char *prefix;
	uint8_t type;
	const char *source;
	uint8_t n_hops;
	struct {
		const char *gateway;
		uint32_t ifindex;
		bool onlink;
		uint8_t weight;
	} hops[3];
} cases[] = {
	{ "gateway", "10.1.0.0/16", RTN_UNICAST, "", 1,
	    { { "192.0.2.1", 3, false, 1 } } },
	{ "on link", "10.1.2.3/32", RTN_UNICAST, "", 1, { { "", 7, false, 1 } } },
	{ "default", "0.0.0.0/0", RTN_UNICAST, "", 1,
	    { { "192.0.2.1", 3, false, 1 } } },
	{ "tunnel", "10.2.0.0/26", RTN_UNICAST, "", 1,
	    { { "192.0.2.1", 3, true, 1 } } },
	{ "source", "10.1.0.0/16", RTN_UNICAST, "192.0.2.9", 1,
	    { { "192.0.2.1", 3, false, 1 } } },
	{ "blackhole", "10.2.0.0/26", RTN_BLACKHOLE, "", 0, { { NULL, 0, false, 0 } } },
	{ "multipath", "10.1.0.0/16", RTN_UNICAST, "", 3,
	    { { "192.0.2.1", 3, false, 1 }, { "192.0.2.2", 4, true, 255 },
		{ "", 5, false, 2 } } },
	{ "IPv6", "fd00::/8", RTN_UNICAST, "", 1, { { "fd00::1", 3, false, 1 } } },
	{ "IPv6 multipath", "fd00:1::/64", RTN_UNICAST, "fd00::9", 2,
	    { { "fd00::1", 3, false, 1 }, { "fe80::1", 4, false, 3 } } },
	{ "RFC 8950", "10.1.0.0/16", RTN_UNICAST, "", 1,
	    { { "fd00::1", 3, false, 1 } } },
	{ "RFC 8950 multipath", "10.1.0.0/16", RTN_UNICAST, "", 2,
	    { { "fd00::1", 3, false, 1 }, { "192.0.2.1", 4, false, 1 } } },
};

static struct addr
addr_from(const char *text)
{
	struct addr a = addr_none();

	if (text != NULL && text[0] != '\0')
		ck_assert(addr_parse(text, &a));
	return a;
}

static struct nl_msg *
message_of(
    int i, const struct fib_identity *id, struct prefix *prefix, struct fib_hop hops[3])
{
	const struct rtmsg_shape shape = {
		.type = cases[i].type,
		.source = addr_from(cases[i].source),
		.n_hops = cases[i].n_hops,
		.hops = hops,
	};

	ck_assert_int_eq(prefix_parse(cases[i].prefix, prefix), PREFIX_PARSE_OK);
	for (int h = 0; h < cases[i].n_hops; h++)
		hops[h] = (struct fib_hop){
			.gateway = addr_from(cases[i].hops[h].gateway),
			.ifindex = cases[i].hops[h].ifindex,
			.onlink = cases[i].hops[h].onlink,
			.weight = cases[i].hops[h].weight,
		};
	return rtmsg_route_put(id, prefix, &shape, NLM_F_CREATE);
}

START_TEST(round_trip)
{
	static const struct fib_identity id = { 1000, 32, 186 };
	struct fib_hop hops[3];
	struct kroute got;
	struct prefix prefix;
	struct nl_msg *msg = message_of(_i, &id, &prefix, hops);
	struct addr source = addr_from(cases[_i].source);

	ck_assert_ptr_nonnull(msg);
	ck_assert_msg(rtmsg_route_get(nlmsg_hdr(msg), &got), "%s", cases[_i].what);
	ck_assert(prefix_equal(&got.prefix, &prefix));
	ck_assert(fib_identity_owns(&id, &got));
	ck_assert_uint_eq(got.type, cases[_i].type);
	ck_assert(addr_equal(&got.source, &source));
	ck_assert_uint_eq(got.n_hops, cases[_i].n_hops);
	for (int h = 0; h < got.n_hops; h++) {
		ck_assert(addr_equal(&got.hops[h].gateway, &hops[h].gateway));
		ck_assert_uint_eq(got.hops[h].ifindex, hops[h].ifindex);
		ck_assert_uint_eq(got.hops[h].onlink, hops[h].onlink);
		ck_assert_uint_eq(got.hops[h].weight, hops[h].weight);
	}
	nlmsg_free(msg);
}
END_TEST

/* In a buffer of just its length, so that a sanitizer sees any octet read too much. */
static void
read_copy(const uint8_t *octets, size_t len)
{
	uint8_t *copy = malloc(len);
	struct nlmsghdr header;
	struct kroute got;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, octets, len);
	memcpy(&header, copy, sizeof(header));
	header.nlmsg_len = (uint32_t)len;
	memcpy(copy, &header, sizeof(header));
	if (rtmsg_route_get((struct nlmsghdr *)copy, &got)) {
		ck_assert_uint_le(got.n_hops, KROUTE_HOPS_MAX);
		ck_assert_uint_le(got.prefix.bits, family_max_bits(got.prefix.family));
	}
	free(copy);
}

START_TEST(damaged)
{
	static const struct fib_identity id = { 254, 32, 186 };
	struct fib_hop hops[3];
	struct prefix prefix;
	struct nl_msg *msg = message_of(_i, &id, &prefix, hops);
	size_t len = nlmsg_hdr(msg)->nlmsg_len;
	uint8_t octets[512];

	ck_assert_uint_le(len, sizeof(octets));
	memcpy(octets, nlmsg_hdr(msg), len);
	for (size_t cut = sizeof(struct nlmsghdr); cut <= len; cut++)
		read_copy(octets, cut);
	for (size_t at = sizeof(struct nlmsghdr); at < len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			octets[at] ^= (uint8_t)(1u << bit);
			read_copy(octets, len);
			octets[at] ^= (uint8_t)(1u << bit);
		}
	nlmsg_free(msg);
}
END_TEST

START_TEST(identity)
{
	static const struct fib_identity id = { 254, 32, 186 }, zero = { 254, 0, 186 };
	struct kroute route = { .table = 254, .metric = 32, .protocol = 186 };

	ck_assert(fib_identity_owns(&id, &route));
	route.metric = 33;
	ck_assert(!fib_identity_owns(&id, &route));
	route.metric = 32;
	route.table = 253;
	ck_assert(!fib_identity_owns(&id, &route));
	route.table = 254;
	route.protocol = 12;
	ck_assert(!fib_identity_owns(&id, &route));
	route.protocol = 186;
	route.tos = 8;
	ck_assert(!fib_identity_owns(&id, &route));
	ck_assert_uint_eq(fib_identity_metric(&zero, FAMILY_IPV4), 0);
	ck_assert_uint_eq(fib_identity_metric(&zero, FAMILY_IPV6), 1024);
}
END_TEST

/* A deletion always names the protocol; with metric 0, IPv4, the hop too. */
START_TEST(deletion)
{
	static const struct fib_identity id = { 254, 0, 186 };
	struct fib_hop hops[3];
	struct prefix prefix;
	struct kroute got;
	const struct rtmsg_shape shape = { .n_hops = 1, .hops = hops };
	struct nl_msg *msg = message_of(0, &id, &prefix, hops);

	nlmsg_free(msg);
	msg = rtmsg_route_delete(&id, &prefix, &shape);
	ck_assert(rtmsg_route_get(nlmsg_hdr(msg), &got));
	ck_assert_uint_eq(got.protocol, 186);
	ck_assert_uint_eq(
	    ((struct rtmsg *)nlmsg_data(nlmsg_hdr(msg)))->rtm_scope, RT_SCOPE_NOWHERE);
	ck_assert_ptr_nonnull(
	    nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct rtmsg), RTA_GATEWAY));
	nlmsg_free(msg);
}
END_TEST

START_TEST(by_object)
{
	static const struct fib_identity id = { 254, 0, 186 };
	const struct rtmsg_shape shape = {
		.type = RTN_UNICAST, .source = addr_none(), .nexthop = 0x40000007
	};
	struct prefix prefix;
	struct kroute got;
	struct nl_msg *msg;

	ck_assert_int_eq(prefix_parse("10.1.0.0/16", &prefix), PREFIX_PARSE_OK);
	msg = rtmsg_route_put(&id, &prefix, &shape, NLM_F_CREATE);
	ck_assert(rtmsg_route_get(nlmsg_hdr(msg), &got));
	ck_assert_uint_eq(got.nexthop, 0x40000007);
	ck_assert_uint_eq(got.n_hops, 0);
	nlmsg_free(msg);
	msg = rtmsg_route_delete(&id, &prefix, &shape);
	ck_assert(rtmsg_route_get(nlmsg_hdr(msg), &got));
	ck_assert_uint_eq(got.nexthop, 0x40000007);
	nlmsg_free(msg);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rtmsg");
	TCase *tc = tcase_create("rtmsg");
	SRunner *runner;
	int failed, n = (int)(sizeof(cases) / sizeof(*cases));

	tcase_add_loop_test(tc, round_trip, 0, n);
	tcase_add_loop_test(tc, damaged, 0, n);
	tcase_add_test(tc, identity);
	tcase_add_test(tc, deletion);
	tcase_add_test(tc, by_object);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
