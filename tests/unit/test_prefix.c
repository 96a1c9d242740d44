// links: bgp_base
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses and prefixes: text, order, masks, cover, and which address may be a next
 * hop.
 */
#include "bgp/prefix.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct addr
addr_of(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text, &a), "%s", text);
	return a;
}

static struct prefix
prefix_from(const char *text)
{
	struct prefix p;

	ck_assert_msg(prefix_parse(text, &p) == PREFIX_PARSE_OK, "%s", text);
	return p;
}

static const struct {
	const char *in;
	const char *out; /* NULL: not an address */
	bool usable;
} addrs[] = {
	/* RFC 4291 2.2: the forms that are read; RFC 4271 6.3: a host's address or not
	 */
	{ "192.0.2.1", "192.0.2.1", true },
	{ "1.0.0.0", "1.0.0.0", true },
	{ "0.0.0.0", "0.0.0.0", false },
	{ "0.255.255.255", "0.255.255.255", false },
	{ "126.255.255.255", "126.255.255.255", true },
	{ "127.0.0.1", "127.0.0.1", false },
	{ "128.0.0.1", "128.0.0.1", true },
	{ "223.255.255.255", "223.255.255.255", true },
	{ "224.0.0.1", "224.0.0.1", false },
	{ "255.255.255.255", "255.255.255.255", false },
	{ "::", "::", false },
	{ "::1", "::1", false },
	{ "::2", "::2", true },
	{ "::1.2.3.4", "::102:304", true },
	{ "::102:304", "::102:304", true },
	{ "0:0:0:0:0:0:0:1", "::1", false },
	/* RFC 5952 4.2: the first longest run is shortened, a single group is not */
	{ "FD00:0:0:0:1::", "fd00::1:0:0:0", true },
	{ "2001:db8::1:0:0:1", "2001:db8::1:0:0:1", true },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", true },
	{ "fe80::1", "fe80::1", true },
	{ "ff02::1", "ff02::1", false },
	{ "feff::1", "feff::1", true },
	/* RFC 5952 5 */
	{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", false },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false },
	{ "", NULL, false },
	{ "1.2.3", NULL, false },
	{ "1.2.3.4.5", NULL, false },
	{ "1.2.3.256", NULL, false },
	{ "01.2.3.4", NULL, false },
	{ " 1.2.3.4", NULL, false },
	{ "fe80::1%eth0", NULL, false },
	{ "1::2::3", NULL, false },
};

START_TEST(addr_text)
{
	struct addr got = addr_ipv4(0x01020304), before = got;
	char buf[ADDR_TEXT_LEN];
	bool ok = addr_parse(addrs[_i].in, &got);

	ck_assert_msg(ok == (addrs[_i].out != NULL), "%s", addrs[_i].in);
	if (!ok) {
		ck_assert(addr_equal(&got, &before));
		return;
	}
	ck_assert_str_eq(addr_format(&got, buf), addrs[_i].out);
	ck_assert_msg(addr_is_usable_next_hop(&got) == addrs[_i].usable, "usable: %s",
	    addrs[_i].in);
}
END_TEST

/* Text built of likely pieces: accepted and read just as libc does. */
START_TEST(addr_text_model)
{
	static const char *const pieces[] = { ":", "::", ":", "0", "1", "ffff", "abc",
		"12345", "1.2.3.4", "255", ".", "0", ":0:", "1:2:3:4:", "::1", "F", "g",
		" ", "256", "00" };
	unsigned seed = 1;
	int i, n_good = 0;

	for (i = 0; i < 60000; i++) {
		char text[64] = "", ours[ADDR_TEXT_LEN], theirs[INET6_ADDRSTRLEN];
		unsigned n = 1 + (unsigned)i % 9;
		uint8_t want[16];
		struct addr got;
		int family;

		while (n-- > 0) {
			seed = seed * 1103515245u + 12345u;
			strcat(text,
			    pieces[(seed >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
		}
		family = inet_pton(AF_INET, text, want) == 1 ? AF_INET : AF_INET6;
		if (family == AF_INET6 && inet_pton(AF_INET6, text, want) != 1) {
			ck_assert_msg(!addr_parse(text, &got), "%s", text);
			continue;
		}
		n_good++;
		ck_assert_msg(addr_parse(text, &got), "%s", text);
		ck_assert_int_eq(
		    got.family, family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6);
		ck_assert_mem_eq(got.bytes, want, family == AF_INET ? 4 : 16);
		inet_ntop(family, want, theirs, sizeof(theirs));
		/* libc still writes the long obsolete ::a.b.c.d */
		if (strncmp(theirs, "::", 2) != 0 || strchr(theirs, '.') == NULL ||
		    strncmp(theirs, "::ffff:", 7) == 0)
			ck_assert_str_eq(addr_format(&got, ours), theirs);
	}
	ck_assert_int_gt(n_good, 1000);
}
END_TEST

/* Every pattern of zero groups is written as libc writes it and read back. */
START_TEST(addr_text_gaps)
{
	unsigned pattern, i;

	for (pattern = 0; pattern < 256; pattern++) {
		char ours[ADDR_TEXT_LEN], theirs[INET6_ADDRSTRLEN];
		struct addr a = { .family = FAMILY_IPV6 }, again;

		for (i = 0; i < 8; i++)
			a.bytes[2 * i] = (pattern >> i & 1) != 0 ? (uint8_t)(i + 1) : 0;
		addr_format(&a, ours);
		inet_ntop(AF_INET6, a.bytes, theirs, sizeof(theirs));
		if (strchr(theirs, '.') == NULL)
			ck_assert_str_eq(ours, theirs);
		ck_assert_msg(addr_parse(ours, &again), "%s", ours);
		ck_assert(addr_equal(&a, &again));
	}
}
END_TEST

START_TEST(addr_values)
{
	struct addr none = addr_none(), a = addr_ipv4(0xc0000201), b;
	static const uint8_t bytes[4] = { 192, 0, 2, 1 };
	char buf[ADDR_TEXT_LEN];

	ck_assert_str_eq(addr_format(&none, buf), "-");
	ck_assert(!addr_is_usable_next_hop(&none));
	ck_assert_str_eq(addr_format(&a, buf), "192.0.2.1");
	ck_assert_uint_eq(addr_to_ipv4(&a), 0xc0000201);
	b = addr_from_bytes(FAMILY_IPV4, bytes);
	ck_assert(addr_equal(&a, &b));
	ck_assert_uint_eq(addr_hash(&a), addr_hash(&b));
	b = addr_of("c000:201::");
	ck_assert(!addr_equal(&a, &b));
	ck_assert_int_lt(addr_compare(&a, &b), 0);
	ck_assert_int_lt(addr_compare(&b, &none), 0);
	ck_assert_uint_eq(addr_to_ipv4(&b), 0);
	b = addr_of("192.0.3.0");
	ck_assert_int_lt(addr_compare(&a, &b), 0);
	ck_assert_int_gt(addr_compare(&b, &a), 0);
	b = addr_of("fe80::1");
	ck_assert(addr_is_link_local(&b));
	b = addr_of("febf::1");
	ck_assert(addr_is_link_local(&b));
	b = addr_of("fec0::1");
	ck_assert(!addr_is_link_local(&b));
	b = addr_of("254.128.0.1");
	ck_assert(!addr_is_link_local(&b));
	ck_assert_str_eq(family_name(FAMILY_IPV4), "ipv4");
	ck_assert_str_eq(family_name(FAMILY_IPV6), "ipv6");
}
END_TEST

static const struct {
	const char *in;
	enum prefix_parse_status want;
	const char *out;
} prefixes[] = {
	{ "10.0.0.0/8", PREFIX_PARSE_OK, "10.0.0.0/8" },
	{ "0.0.0.0/0", PREFIX_PARSE_OK, "0.0.0.0/0" },
	{ "192.0.2.1/32", PREFIX_PARSE_OK, "192.0.2.1/32" },
	{ "10.255.0.0/9", PREFIX_PARSE_HOST_BITS, "10.128.0.0/9" },
	{ "10.0.0.1/31", PREFIX_PARSE_HOST_BITS, "10.0.0.0/31" },
	{ "1.2.3.4/0", PREFIX_PARSE_HOST_BITS, "0.0.0.0/0" },
	{ "::/0", PREFIX_PARSE_OK, "::/0" },
	{ "fd00::/64", PREFIX_PARSE_OK, "fd00::/64" },
	{ "fd00::1/128", PREFIX_PARSE_OK, "fd00::1/128" },
	{ "fd00::1/127", PREFIX_PARSE_HOST_BITS, "fd00::/127" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", PREFIX_PARSE_OK,
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128" },
	{ "10.0.0.0", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/33", PREFIX_PARSE_BAD, NULL },
	{ "fd00::/129", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/4294967304", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/-8", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/+8", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/08", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/8 ", PREFIX_PARSE_BAD, NULL },
	{ "10.0.0.0/8/8", PREFIX_PARSE_BAD, NULL },
	{ "/8", PREFIX_PARSE_BAD, NULL },
	{ "10/8", PREFIX_PARSE_BAD, NULL },
	{ "0000000000000000000000000000000000000000000000000000::/8", PREFIX_PARSE_BAD,
	    NULL },
};

START_TEST(prefix_text)
{
	struct prefix got;
	char buf[PREFIX_TEXT_LEN];

	ck_assert_msg(prefix_parse(prefixes[_i].in, &got) == prefixes[_i].want, "%s",
	    prefixes[_i].in);
	if (prefixes[_i].out != NULL)
		ck_assert_str_eq(prefix_format(&got, buf), prefixes[_i].out);
}
END_TEST

START_TEST(prefix_order)
{
	/* in the order of `show` */
	static const char *const sorted[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16",
		"10.0.1.0/24", "11.0.0.0/8", "::/0", "::/1", "fd00::/8", "fd00::/64" };
	size_t i, j, n = sizeof(sorted) / sizeof(sorted[0]);

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			struct prefix a = prefix_from(sorted[i]),
				      b = prefix_from(sorted[j]);
			int order = prefix_compare(&a, &b);

			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
			ck_assert_int_eq(prefix_equal(&a, &b), i == j);
			if (i != j)
				ck_assert_uint_ne(prefix_hash(&a), prefix_hash(&b));
		}
	}
}
END_TEST

static const struct {
	const char *outer, *inner;
	bool want;
} covers[] = {
	{ "0.0.0.0/0", "10.0.0.0/8", true },
	{ "0.0.0.0/0", "::/0", false },
	{ "10.0.0.0/8", "10.0.0.0/8", true },
	{ "10.0.0.0/9", "10.0.0.0/8", false },
	{ "10.0.0.0/9", "10.128.0.0/10", false },
	{ "10.0.0.0/9", "10.64.0.0/10", true },
	{ "10.0.0.0/15", "10.1.2.3/32", true },
	{ "10.0.0.0/16", "10.1.2.3/32", false },
	{ "192.0.2.1/32", "192.0.2.1/32", true },
	{ "fd00::/8", "fc00::1/128", false },
	{ "fc00::/7", "fd00::1/128", true },
	{ "fd00::1/128", "fd00::1/128", true },
	{ "::/0", "10.0.0.0/8", false },
};

START_TEST(prefix_cover)
{
	struct prefix outer, inner = prefix_from(covers[_i].inner);
	struct addr a = prefix_addr(&inner);

	prefix_parse(covers[_i].outer, &outer);
	ck_assert_msg(prefix_covers(&outer, &inner) == covers[_i].want, "%s %s",
	    covers[_i].outer, covers[_i].inner);
	if (outer.bits <= inner.bits)
		ck_assert(prefix_covers_addr(&outer, &a) == covers[_i].want);
}
END_TEST

START_TEST(prefix_masks)
{
	struct addr ones = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	unsigned bits, i;

	for (bits = 0; bits <= 128; bits++) {
		struct prefix p = prefix_of(&ones, bits);

		for (i = 0; i < 128; i++)
			ck_assert_int_eq(p.bytes[i / 8] >> (7 - i % 8) & 1, i < bits);
	}
}
END_TEST

/* A table takes the low bits of the hash: regular prefixes must fill it evenly. */
START_TEST(prefix_hash_spreads)
{
	static unsigned slots[4096];
	unsigned i, worst = 0;

	memset(slots, 0, sizeof(slots));
	for (i = 0; i < 65536; i++) {
		struct addr a = addr_ipv4(0x0a000000 + (i << 8));
		struct prefix p = prefix_of(&a, 24);
		unsigned n = ++slots[prefix_hash(&p) % 4096];

		worst = n > worst ? n : worst;
	}
	ck_assert_uint_lt(worst, 48); /* 16 on average */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prefix");
	TCase *t = tcase_create("prefix");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, addr_text, 0, sizeof(addrs) / sizeof(addrs[0]));
	tcase_add_test(t, addr_text_model);
	tcase_add_test(t, addr_text_gaps);
	tcase_add_test(t, addr_values);
	tcase_add_loop_test(t, prefix_text, 0, sizeof(prefixes) / sizeof(prefixes[0]));
	tcase_add_test(t, prefix_order);
	tcase_add_loop_test(t, prefix_cover, 0, sizeof(covers) / sizeof(covers[0]));
	tcase_add_test(t, prefix_masks);
	tcase_add_test(t, prefix_hash_spreads);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
