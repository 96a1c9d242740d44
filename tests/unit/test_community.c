// links: bgp_attr
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Communities as text.
 */
#include <check.h>
#include <stdlib.h>

#include "bgp/attrs.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	uint32_t community;
	const char *text;
} standard[] = {
	{ 0, "0:0" },
	{ 65000u << 16 | 1, "65000:1" },
	{ 1u << 16 | 65535, "1:65535" },
	{ 0xfffeffff, "65534:65535" },
	{ 0xffff0000, "graceful-shutdown" }, /* RFC 8326 */
	{ 0xffff0001, "accept-own" },        /* RFC 7611 */
	{ 0xffff0002, "65535:2" },
	{ 0xffff0006, "llgr-stale" }, /* RFC 9494 3.2 */
	{ 0xffff0007, "no-llgr" },    /* RFC 9494 3.3 */
	{ 0xffff029a, "blackhole" },  /* RFC 7999 */
	{ 0xffffff01, "no-export" },  /* RFC 1997 */
	{ 0xffffff02, "no-advertise" },
	{ 0xffffff03, "no-export-subconfed" },
	{ 0xffffff04, "no-peer" }, /* RFC 3765 */
	{ 0xffffffff, "65535:65535" },
};

START_TEST(standard_case)
{
	char buf[32];
	size_t len = community_format(standard[_i].community, buf, sizeof(buf));

	ck_assert_str_eq(buf, standard[_i].text);
	ck_assert_uint_eq(len, strlen(buf));
}
END_TEST

static const struct {
	uint8_t octets[8];
	const char *text;
} extended[] = {
	/* RFC 4360, RFC 7153: types and sub-types; RFC 5668: with an AS of 4 octets */
	{ { 0, 2, 0xfd, 0xe8, 0, 0, 0, 1 }, "rt:65000:1" },
	{ { 0, 2, 0xfd, 0xe8, 0xff, 0xff, 0xff, 0xff }, "rt:65000:4294967295" },
	{ { 0, 3, 0, 7, 0, 1, 0, 0 }, "soo:7:65536" },
	{ { 1, 2, 192, 0, 2, 1, 1, 0 }, "rt:192.0.2.1:256" },
	{ { 2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, "rt:4294967295:65535" },
	{ { 2, 3, 0, 1, 0, 0, 0, 9 }, "soo:65536:9" },
	{ { 0, 4, 0xfd, 0xe8, 0, 0, 0, 1 }, "0x0004fde800000001" },
	{ { 0x40, 2, 0xfd, 0xe8, 0, 0, 0, 1 }, "0x4002fde800000001" },
	{ { 3, 2, 0xab, 0xcd, 0xef, 0, 0, 1 }, "0x0302abcdef000001" },
	{ { 0x80, 6, 0, 0, 0, 0, 0, 0 }, "0x8006000000000000" },
};

START_TEST(extended_case)
{
	char buf[32];
	size_t len = ext_community_format(extended[_i].octets, buf, sizeof(buf));

	ck_assert_str_eq(buf, extended[_i].text);
	ck_assert_uint_eq(len, strlen(buf));
}
END_TEST

static const struct {
	uint8_t octets[12];
	const char *text;
} large[] = {
	/* RFC 8092 */
	{ { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3 }, "large:1:2:3" },
	{ { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 0 },
	    "large:4294967295:0:65536" },
};

START_TEST(large_case)
{
	char buf[48];
	size_t len = large_community_format(large[_i].octets, buf, sizeof(buf));

	ck_assert_str_eq(buf, large[_i].text);
	ck_assert_uint_eq(len, strlen(buf));
}
END_TEST

START_TEST(cut_as_snprintf_does)
{
	char buf[8] = "#######";

	ck_assert_uint_eq(community_format(0xffffff01, buf, 4), 9);
	ck_assert_str_eq(buf, "no-");
	ck_assert_int_eq(buf[4], '#');
	ck_assert_uint_eq(ext_community_format(extended[0].octets, buf, 1), 10);
	ck_assert_str_eq(buf, "");
	ck_assert_uint_eq(large_community_format(large[0].octets, NULL, 0), 11);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("community");
	TCase *tcase = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, standard_case, 0, COUNT(standard));
	tcase_add_loop_test(tcase, extended_case, 0, COUNT(extended));
	tcase_add_loop_test(tcase, large_case, 0, COUNT(large));
	tcase_add_test(tcase, cut_as_snprintf_does);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
