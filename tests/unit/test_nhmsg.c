// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/nhmsg.c: an object that is written is what is read back, one that is cut or
 * damaged is read within its bounds, and ids of two tables stay apart.
 */
#include "nhmsg.h"

#include <check.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

static struct nhmsg_object
object_of(int i)
{
	struct nhmsg_object object = {
		.id = 0x40000000u + (uint32_t)i,
		.protocol = 186,
		.family = i == 1 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hop = { .gateway = addr_none(), .ifindex = 7, .onlink = i == 2 },
	};

	if (i != 3)
		ck_assert(
		    addr_parse(i == 1 ? "fd00::1" : "192.0.2.1", &object.hop.gateway));
	if (i < 4)
		return object;
	object.n_members = i == 4 ? 2 : KROUTE_HOPS_MAX;
	for (unsigned m = 0; m < object.n_members; m++)
		object.members[m] = (struct nhmsg_member){ m + 1,
			m == 1 ? UINT8_MAX : (uint8_t)(m + 1) };
	return object;
}

enum { OBJECTS = 6 };

START_TEST(round_trip)
{
	struct nhmsg_object is = object_of(_i), got;
	struct nl_msg *msg = nhmsg_put(&is, NLM_F_CREATE);

	ck_assert_ptr_nonnull(msg);
	ck_assert(nhmsg_get(nlmsg_hdr(msg), &got));
	ck_assert_uint_eq(got.id, is.id);
	ck_assert_uint_eq(got.protocol, 186);
	ck_assert(!got.other);
	ck_assert_uint_eq(got.n_members, is.n_members);
	for (unsigned m = 0; m < is.n_members; m++) {
		ck_assert_uint_eq(got.members[m].id, is.members[m].id);
		ck_assert_uint_eq(got.members[m].weight, is.members[m].weight);
	}
	if (is.n_members == 0) {
		ck_assert_int_eq(got.family, is.family);
		ck_assert(addr_equal(&got.hop.gateway, &is.hop.gateway));
		ck_assert_uint_eq(got.hop.ifindex, 7);
		ck_assert_uint_eq(got.hop.onlink, is.hop.onlink);
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
	struct nhmsg_object got;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, octets, len);
	memcpy(&header, copy, sizeof(header));
	header.nlmsg_len = (uint32_t)len;
	memcpy(copy, &header, sizeof(header));
	if (nhmsg_get((struct nlmsghdr *)copy, &got))
		ck_assert_uint_le(got.n_members, KROUTE_HOPS_MAX);
	free(copy);
}

START_TEST(damaged)
{
	struct nhmsg_object is = object_of(_i);
	struct nl_msg *msg = nhmsg_put(&is, 0);
	size_t len = nlmsg_hdr(msg)->nlmsg_len;
	uint8_t *octets = (uint8_t *)nlmsg_hdr(msg);

	for (size_t cut = NLMSG_HDRLEN; cut <= len; cut++)
		read_copy(octets, cut);
	for (size_t at = NLMSG_HDRLEN; at < len; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			octets[at] ^= (uint8_t)(1u << bit);
			read_copy(octets, len);
			octets[at] ^= (uint8_t)(1u << bit);
		}
	nlmsg_free(msg);
}
END_TEST

START_TEST(what_is_not_ours)
{
	struct nhmsg_object is = object_of(0), got;
	struct nl_msg *msg = nhmsg_put(&is, 0);

	ck_assert_int_eq(nla_put_flag(msg, NHA_BLACKHOLE), 0);
	ck_assert(nhmsg_get(nlmsg_hdr(msg), &got));
	ck_assert(got.other);
	nlmsg_free(msg);
	msg = nhmsg_delete(5);
	ck_assert(nhmsg_get(nlmsg_hdr(msg), &got));
	ck_assert_uint_eq(got.id, 5);
	ck_assert(got.other); /* it names no device */
	nlmsg_free(msg);
	msg = nhmsg_dump();
	ck_assert(!nhmsg_get(nlmsg_hdr(msg), &got));
	nlmsg_free(msg);
}
END_TEST

START_TEST(ranges)
{
	const struct fib_identity main_table = { 254, 32, 186 };
	unsigned met = 0;
	uint32_t own = nhmsg_range(&main_table);

	ck_assert_uint_eq(own % NHMSG_RANGE_IDS, 0);
	ck_assert(nhmsg_in_range(own + 5, own));
	ck_assert(!nhmsg_in_range(own + NHMSG_RANGE_IDS, own));
	for (uint32_t i = 0; i < 1000; i++) {
		const struct fib_identity other = { 1000 + i % 100, 32 + i / 100, 186 };
		uint32_t range = nhmsg_range(&other);

		ck_assert_uint_ge(range, 0x40000000);
		ck_assert_uint_lt(range, 0x80000000);
		met += range == own;
	}
	ck_assert_uint_lt(met, 8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nhmsg");
	TCase *tc = tcase_create("nhmsg");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, round_trip, 0, OBJECTS);
	tcase_add_loop_test(tc, damaged, 0, OBJECTS);
	tcase_add_test(tc, what_is_not_ours);
	tcase_add_test(tc, ranges);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
