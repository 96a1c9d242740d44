// links: bgp_wire
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NLRI: one prefix, whole fields, and back.
 */
#include "bgp/nlri.h"
#include "hex.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *what;
	enum family family;
	bool add_path;
	const char *in;
	const char *want; /* NULL: malformed */
	uint32_t path_id;
} cases[] = {
	/* RFC 4271 4.3: trailing bits are irrelevant; RFC 4760 5: the same for IPv6 */
	{ "default route", FAMILY_IPV4, false, "00", "0.0.0.0/0", 0 },
	{ "a /24", FAMILY_IPV4, false, "18 c00002", "192.0.2.0/24", 0 },
	{ "a /32", FAMILY_IPV4, false, "20 c0000201", "192.0.2.1/32", 0 },
	{ "host bits cleared", FAMILY_IPV4, false, "0c 0aff", "10.240.0.0/12", 0 },
	{ "one host bit cleared", FAMILY_IPV4, false, "1f c0000203", "192.0.2.2/31",
	    0 },
	{ "a v6 /64", FAMILY_IPV6, false, "40 20010db800000001", "2001:db8:0:1::/64",
	    0 },
	{ "a v6 /128", FAMILY_IPV6, false, "80 fd*16",
	    "fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd/128", 0 },
	{ "v6 host bits cleared", FAMILY_IPV6, false, "07 ff", "fe00::/7", 0 },
	/* RFC 7911 3 */
	{ "add-path", FAMILY_IPV4, true, "00000007 08 0a", "10.0.0.0/8", 7 },
	{ "add-path default", FAMILY_IPV4, true, "ffffffff 00", "0.0.0.0/0",
	    0xffffffff },
	{ "add-path v6", FAMILY_IPV6, true, "01020304 08 fd", "fd00::/8", 0x01020304 },
	/* RFC 7606 5.3 */
	{ "/33 in IPv4", FAMILY_IPV4, false, "21 0102030405", NULL, 0 },
	{ "/129 in IPv6", FAMILY_IPV6, false, "81 01*17", NULL, 0 },
	{ "/255", FAMILY_IPV6, false, "ff 01*32", NULL, 0 },
	{ "one octet short", FAMILY_IPV4, false, "18 0a00", NULL, 0 },
	{ "one octet short in IPv6", FAMILY_IPV6, false, "40 20010db8", NULL, 0 },
	{ "nothing but a length", FAMILY_IPV4, false, "08", NULL, 0 },
	{ "path id cut short", FAMILY_IPV4, true, "0000", NULL, 0 },
	{ "path id and no length", FAMILY_IPV4, true, "00000001", NULL, 0 },
	{ "/33 behind a path id", FAMILY_IPV4, true, "00000001 21 0102030405", NULL,
	    0 },
};

START_TEST(nlri_case)
{
	struct nlri got = { .path_id = 99 }, again;
	uint8_t octets[64], out[64];
	char text[PREFIX_TEXT_LEN];
	size_t len = hex_bytes(cases[_i].in, octets, sizeof(octets));
	struct rcur in = rcur_of(octets, len);
	struct wcur w = wcur_of(out, sizeof(out));
	bool ok = nlri_get(&in, cases[_i].family, cases[_i].add_path, &got);

	ck_assert_msg(ok == (cases[_i].want != NULL), "%s", cases[_i].what);
	ck_assert(in.failed == !ok);
	ck_assert(nlri_check((struct slice){ octets, len }, cases[_i].family,
		      cases[_i].add_path) == ok);
	if (!ok) {
		ck_assert_uint_eq(got.path_id, 99); /* out untouched */
		return;
	}
	ck_assert_str_eq(prefix_format(&got.prefix, text), cases[_i].want);
	ck_assert_uint_eq(got.path_id, cases[_i].path_id);
	ck_assert_uint_eq(rcur_left(&in), 0);

	nlri_put(&w, &got.prefix, cases[_i].add_path, got.path_id);
	ck_assert(!w.failed);
	ck_assert_uint_eq(wcur_len(&w), len);
	ck_assert_uint_eq(nlri_len(&got.prefix, cases[_i].add_path), len);
	in = rcur_of(out, wcur_len(&w));
	ck_assert(nlri_get(&in, cases[_i].family, cases[_i].add_path, &again));
	ck_assert(prefix_equal(&got.prefix, &again.prefix));
	ck_assert_uint_eq(got.path_id, again.path_id);
}
END_TEST

START_TEST(nlri_field)
{
	uint8_t octets[64];
	size_t len =
	    hex_bytes("08 0a 18 c00002 00 20 01020304", octets, sizeof(octets));
	struct rcur in = rcur_of(octets, len);
	struct nlri n;
	unsigned count = 0;

	while (nlri_get(&in, FAMILY_IPV4, false, &n))
		count++;
	ck_assert_uint_eq(count, 4);
	ck_assert(!in.failed); /* the end is no error */
	ck_assert(!nlri_get(&in, FAMILY_IPV4, false, &n));
	ck_assert(!in.failed);
	ck_assert(nlri_check((struct slice){ octets, len }, FAMILY_IPV4, false));
	ck_assert(!nlri_check((struct slice){ octets, len - 1 }, FAMILY_IPV4, false));
	ck_assert(nlri_check((struct slice){ NULL, 0 }, FAMILY_IPV4, true));
}
END_TEST

START_TEST(nlri_no_room)
{
	struct prefix p = { FAMILY_IPV4, 24, { 10, 0, 1 } };
	uint8_t out[8] = { 0 };
	struct wcur w = wcur_of(out, 3);

	nlri_put(&w, &p, false, 0);
	ck_assert(w.failed);
	ck_assert_uint_eq(out[3], 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nlri");
	TCase *t = tcase_create("nlri");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, nlri_case, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, nlri_field);
	tcase_add_test(t, nlri_no_room);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
