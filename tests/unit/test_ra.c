// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Router advertisements: what RFC 4861 6.1 drops, and the octets of ours.
 */
#include "ra.h"

#include "hex.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RA "86 00 1234 40 00 "
#define TIMES " 00000000 00000000 "
#define MAC_OPTION "01 01 020000000001"

static const struct {
	const char *what;
	const char *in;
	int advertisement; /* its lifetime; -1: dropped */
	bool solicitation;
} cases[] = {
	/* RFC 4861 4.2 */
	{ "plain", RA "001e" TIMES, 30, false },
	{ "no default router", RA "0000" TIMES, 0, false },
	{ "the longest lifetime", RA "ffff" TIMES, 65535, false },
	{ "with its address", RA "001e" TIMES MAC_OPTION, 30, false },
	{ "with options that are unknown", RA "001e" TIMES MAC_OPTION "fe02 00*14", 30,
	    false },
	/* RFC 4861 6.1.2 */
	{ "nothing", "", -1, false },
	{ "type alone", "86", -1, false },
	{ "code 1", "86 01 1234 40 00 001e" TIMES, -1, false },
	{ "15 octets", RA "001e 00000000 000000", -1, false },
	{ "an option of length 0", RA "001e" TIMES "0100", -1, false },
	{ "… behind a good one", RA "001e" TIMES MAC_OPTION "0500 00*6", -1, false },
	{ "an option past the end", RA "001e" TIMES "0102 00*6", -1, false },
	{ "half an option", RA "001e" TIMES "01", -1, false },
	{ "a neighbour advertisement", "88 00 1234 00000000 fe80 00*13 01", -1, false },
	/* RFC 4861 4.1, 6.1.1 */
	{ "a solicitation", "85 00 1234 00000000", -1, true },
	{ "… with its address", "85 00 1234 00000000" MAC_OPTION, -1, true },
	{ "… with code 1", "85 01 1234 00000000", -1, false },
	{ "… of 7 octets", "85 00 1234 000000", -1, false },
	{ "… with an option of length 0", "85 00 1234 00000000 0100", -1, false },
};

START_TEST(judged)
{
	uint8_t in[128];
	size_t len = hex_bytes(cases[_i].in, in, sizeof(in));
	/* Of just the length: reading past it is seen by the sanitizer. */
	uint8_t *exact = malloc(len == 0 ? 1 : len);
	struct ra ra = { .lifetime_s = 4711 };

	memcpy(exact, in, len);
	ck_assert_msg(ra_get(exact, len, &ra) == (cases[_i].advertisement >= 0), "%s",
	    cases[_i].what);
	ck_assert_uint_eq(ra.lifetime_s,
	    cases[_i].advertisement >= 0 ? (unsigned)cases[_i].advertisement : 4711u);
	ck_assert_msg(
	    rs_get(exact, len) == cases[_i].solicitation, "%s", cases[_i].what);
	free(exact);
}
END_TEST

START_TEST(ours)
{
	static const uint8_t mac[RA_MAC_LEN] = { 2, 0, 0, 0, 0, 1 };
	uint8_t got[RA_MAX_LEN], want[RA_MAX_LEN];
	struct ra ra;
	size_t len;

	/* RFC 4861 4.2, RFC 4191 2.2: preference low; the checksum is the kernel's */
	len = hex_bytes("86 00 0000 40 18 001e" TIMES MAC_OPTION, want, sizeof(want));
	ck_assert_uint_eq(ra_put(got, 30, mac), len);
	ck_assert_mem_eq(got, want, len);
	ck_assert(ra_get(got, len, &ra) && ra.lifetime_s == 30);
	/* RFC 4861 6.2.5: the last one; without a lifetime no preference */
	len = hex_bytes("86 00 0000 40 00 0000" TIMES, want, sizeof(want));
	ck_assert_uint_eq(ra_put(got, 0, NULL), len);
	ck_assert_mem_eq(got, want, len);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ra");
	TCase *tc = tcase_create("ra");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, judged, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, ours);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
