// links: bgp_wire
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Path attributes: the reader, the writer, and the table's verdict on each attribute,
 * put into an UPDATE that is otherwise good.
 */
#include "bgp/update.h"
#include "hex.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 4271 4.3: flags, type, a length of one or two octets, value. */
START_TEST(attribute_walk)
{
	uint8_t in[64];
	size_t len = hex_bytes(
	    "40 01 01 00  50 02 0006 0201 0000fc00  c0 63 00", in, sizeof(in));
	struct rcur c = rcur_of(in, len);
	struct attribute a;

	ck_assert(attribute_next(&c, &a));
	ck_assert(a.type == 1 && a.flags == 0x40 && a.value.len == 1);
	ck_assert_uint_eq(a.whole.len, 4);
	ck_assert(attribute_next(&c, &a));
	ck_assert(a.type == 2 && a.flags == 0x50 && a.value.len == 6);
	ck_assert_ptr_eq(a.value.at, in + 8);
	ck_assert_ptr_eq(a.whole.at, in + 4);
	ck_assert_uint_eq(a.whole.len, 10);
	ck_assert(attribute_next(&c, &a));
	ck_assert(a.type == 99 && a.value.len == 0);
	ck_assert(!attribute_next(&c, &a));
	ck_assert(!c.failed);
	ck_assert(attribute_find((struct slice){ in, len }, 2, &a));
	ck_assert_uint_eq(a.value.len, 6);
	ck_assert(!attribute_find((struct slice){ in, len }, 3, &a));
	ck_assert(!attribute_find((struct slice){ NULL, 0 }, 3, &a));
}
END_TEST

static const char *const overruns[] = {
	"40",
	"40 01",
	"40 01 01",
	"40 01 ff 00",
	"50 01 00",
	"50 02 ffff 00",
	"50 02 0002 00",
};

START_TEST(attribute_overrun)
{
	uint8_t in[64];
	size_t len = hex_bytes(overruns[_i], in, sizeof(in));
	struct rcur c = rcur_of(in, len);
	struct attribute a = { .type = 77 };

	ck_assert(!attribute_next(&c, &a));
	ck_assert(c.failed);
	ck_assert_uint_eq(a.type, 77);
	ck_assert(!attribute_next(&c, &a));
	ck_assert(!attribute_find((struct slice){ in, len }, 1, &a));
}
END_TEST

START_TEST(attribute_write)
{
	static uint8_t value[70000], buf[70000];
	static const size_t lens[] = { 0, 1, 255, 256, 65535 };
	size_t i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct wcur w = wcur_of(buf, sizeof(buf));
		struct rcur r;
		struct attribute a;
		/* the caller's idea of the length bit does not count */
		uint8_t flags = i % 2 ? 0xc0 : 0xd0;

		attribute_put(&w, flags, 8, value, lens[i]);
		ck_assert(!w.failed);
		ck_assert_uint_eq(wcur_len(&w), lens[i] + (lens[i] > 255 ? 4 : 3));
		r = rcur_of(buf, wcur_len(&w));
		ck_assert(attribute_next(&r, &a));
		ck_assert_uint_eq(a.value.len, lens[i]);
		ck_assert_uint_eq(a.flags, lens[i] > 255 ? 0xd0 : 0xc0);
		ck_assert_uint_eq(rcur_left(&r), 0);
	}
	{
		struct wcur w = wcur_of(buf, sizeof(buf));

		attribute_put(&w, 0xc0, 8, value, 65536);
		ck_assert(w.failed);
	}
}
END_TEST

START_TEST(attribute_names)
{
	char buf[16];
	unsigned type;

	ck_assert_str_eq(attribute_name(ATTRIBUTE_AS_PATH, buf), "AS_PATH");
	ck_assert_str_eq(
	    attribute_name(ATTRIBUTE_LARGE_COMMUNITIES, buf), "LARGE_COMMUNITIES");
	ck_assert_str_eq(attribute_name(99, buf), "attribute 99");
	ck_assert_str_eq(attribute_name(0, buf), "attribute 0");
	ck_assert_str_eq(attribute_name(255, buf), "attribute 255");
	for (type = 0; type < 256; type++)
		ck_assert_uint_gt(strlen(attribute_name((uint8_t)type, buf)), 2);
}
END_TEST

enum session { I, E, I2, E2 }; /* iBGP, eBGP; 2: with 2-octet AS numbers */
enum {
	NONE = ACTION_NONE,
	DISC = ACTION_DISCARD,
	WDRAW = ACTION_WITHDRAW,
	RESET = ACTION_RESET
};

/* One attribute in an UPDATE whose others are good and whose NLRI is there. */
static const struct {
	const char *what;
	enum session session;
	const char *attribute;
	int want;
} cases[] = {
	/* RFC 7606 7.1; flags: RFC 7606 3 c, RFC 4271 4.3 */
	{ "ORIGIN IGP", E, "40 01 01 00", NONE },
	{ "ORIGIN INCOMPLETE", E, "40 01 01 02", NONE },
	{ "ORIGIN 3", E, "40 01 01 03", WDRAW },
	{ "ORIGIN 255 on iBGP", I, "40 01 01 ff", WDRAW },
	{ "ORIGIN of 0", E, "40 01 00", WDRAW },
	{ "ORIGIN of 2", E, "40 01 02 0000", WDRAW },
	{ "ORIGIN not transitive", E, "00 01 01 00", WDRAW },
	{ "ORIGIN optional", E, "c0 01 01 00", WDRAW },
	{ "ORIGIN partial", E, "60 01 01 00", NONE },
	{ "ORIGIN with reserved flags", E, "4f 01 01 00", NONE },
	{ "ORIGIN of extended length", E, "50 01 0001 00", NONE },

	/* RFC 7606 7.2 */
	{ "path of one", E, "40 02 06 0201 0000fde8", NONE },
	{ "empty path, iBGP", I, "40 02 00", NONE },
	{ "empty path, eBGP", E, "40 02 00", WDRAW },
	{ "empty segment", E, "40 02 08 0200 0201 0000fde8", WDRAW },
	{ "empty segment alone", I, "40 02 02 0200", WDRAW },
	{ "segment of type 0", E, "40 02 06 0001 0000fde8", WDRAW },
	{ "segment of type 5", E, "40 02 06 0501 0000fde8", WDRAW },
	{ "segment runs over", E, "40 02 06 02ff 0000fde8", WDRAW },
	{ "segment one number short", E, "40 02 06 0202 0000fde8", WDRAW },
	{ "an octet behind the segment", E, "40 02 07 0201 0000fde8 02", WDRAW },
	{ "2-octet path from a 4-octet peer", E, "40 02 04 0201 fde8", WDRAW },
	/* RFC 7607 2 */
	{ "AS 0", E, "40 02 0a 0202 0000fde8 00000000", WDRAW },
	{ "AS 0, iBGP", I, "40 02 06 0201 00000000", WDRAW },
	{ "AS 0, 2 octets", E2, "40 02 06 0202 fde8 0000", WDRAW },
	{ "path of 2-octet numbers", E2, "40 02 06 0202 fde8 0001", NONE },
	{ "path of 2-octet numbers, odd", E2, "40 02 05 0202 fde8 00", WDRAW },
	/* RFC 9774 3 */
	{ "AS_SET", E, "40 02 0c 0201 0000fde8 0101 00000001", WDRAW },
	{ "AS_SET, iBGP", I, "40 02 06 0101 00000001", WDRAW },
	/* RFC 5065 5 */
	{ "confederation sequence, eBGP", E, "40 02 0c 0301 00000001 0201 0000fde8",
	    WDRAW },
	{ "confederation set, eBGP", E, "40 02 0c 0201 0000fde8 0401 00000001", WDRAW },
	{ "confederation sequence, iBGP", I, "40 02 06 0301 00000001", NONE },
	{ "path optional", E, "c0 02 06 0201 0000fde8", WDRAW },

	/* RFC 7606 7.3; RFC 4271 6.3: a host's address */
	{ "next hop of 3", E, "40 03 03 c00002", WDRAW },
	{ "next hop of 0", E, "40 03 00", WDRAW },
	{ "next hop of 5", E, "40 03 05 c000020100", WDRAW },
	{ "next hop 0.0.0.0", E, "40 03 04 00000000", WDRAW },
	{ "next hop 127.0.0.1", E, "40 03 04 7f000001", WDRAW },
	{ "next hop 224.0.0.1", I, "40 03 04 e0000001", WDRAW },
	{ "next hop 255.255.255.255", I, "40 03 04 ffffffff", WDRAW },
	{ "next hop optional", E, "80 03 04 c0000201", WDRAW },

	/* RFC 7606 7.4 */
	{ "MED", E, "80 04 04 00000001", NONE },
	{ "MED of 3", E, "80 04 03 000001", WDRAW },
	{ "MED of 0", I, "80 04 00", WDRAW },
	{ "MED transitive", E, "c0 04 04 00000001", WDRAW },

	/* RFC 7606 7.5; RFC 4271 5.1.5: not by eBGP */
	{ "LOCAL_PREF", I, "40 05 04 00000064", NONE },
	{ "LOCAL_PREF of 3", I, "40 05 03 000064", WDRAW },
	{ "LOCAL_PREF, eBGP", E, "40 05 04 00000064", DISC },
	{ "LOCAL_PREF of 3, eBGP", E, "40 05 03 000064", DISC },
	{ "LOCAL_PREF of bad flags, eBGP", E, "80 05 04 00000064", DISC },

	/* RFC 7606 7.6 */
	{ "ATOMIC_AGGREGATE", E, "40 06 00", NONE },
	{ "ATOMIC_AGGREGATE of 1", E, "40 06 01 00", DISC },
	{ "ATOMIC_AGGREGATE optional", E, "c0 06 00", WDRAW },

	/* RFC 7606 7.7 */
	{ "AGGREGATOR", E, "c0 07 08 0000fde8 0a000001", NONE },
	{ "AGGREGATOR of 6 from a 4-octet peer", E, "c0 07 06 fde8 0a000001", DISC },
	{ "AGGREGATOR of 6", E2, "c0 07 06 fde8 0a000001", NONE },
	{ "AGGREGATOR of 8 from a 2-octet peer", E2, "c0 07 08 0000fde8 0a000001",
	    DISC },
	{ "AGGREGATOR of 5", E, "c0 07 05 0000fde800", DISC },
	{ "AGGREGATOR of 7", I, "c0 07 07 0000fde8000000", DISC },
	{ "AGGREGATOR of 9", I, "c0 07 09 0000fde80a00000100", DISC },
	{ "AGGREGATOR of 0", E, "c0 07 00", DISC },
	/* RFC 7607 2 */
	{ "AGGREGATOR of AS 0", E, "c0 07 08 00000000 0a000001", DISC },
	{ "AGGREGATOR of AS 0, 2 octets", E2, "c0 07 06 0000 0a000001", DISC },

	/* RFC 7606 7.8 */
	{ "communities", E, "c0 08 08 fde80001 ffffff01", NONE },
	{ "communities of 0", E, "c0 08 00", WDRAW },
	{ "communities of 3", E, "c0 08 03 fde800", WDRAW },
	{ "communities of 5", I, "c0 08 05 fde8000100", WDRAW },
	{ "communities not transitive", I, "80 08 04 fde80001", WDRAW },

	/* RFC 7606 7.9 */
	{ "ORIGINATOR_ID", I, "80 09 04 0a000001", NONE },
	{ "ORIGINATOR_ID of 3", I, "80 09 03 0a0000", WDRAW },
	{ "ORIGINATOR_ID, eBGP", E, "80 09 04 0a000001", DISC },
	{ "ORIGINATOR_ID of 3, eBGP", E, "80 09 03 0a0000", DISC },

	/* RFC 7606 7.10 */
	{ "CLUSTER_LIST", I, "80 0a 08 0a000001 0a000002", NONE },
	{ "CLUSTER_LIST of 0", I, "80 0a 00", WDRAW },
	{ "CLUSTER_LIST of 6", I, "80 0a 06 0a0000010a00", WDRAW },
	{ "CLUSTER_LIST, eBGP", E, "80 0a 04 0a000001", DISC },
	{ "CLUSTER_LIST of 0, eBGP", E, "80 0a 00", DISC },

	/* RFC 7606 7.14 */
	{ "extended communities", E, "c0 10 08 0002fde800000001", NONE },
	{ "extended communities of 0", E, "c0 10 00", WDRAW },
	{ "extended communities of 7", E, "c0 10 07 0002fde8000000", WDRAW },
	{ "extended communities of 12", I, "c0 10 0c 4004fde8000000014004fde8", WDRAW },

	/* RFC 6793 6; a set in it: RFC 9774 3 */
	{ "AS4_PATH from a 4-octet peer", E, "c0 11 06 0201 00010000", DISC },
	{ "AS4_PATH", E2, "c0 11 06 0201 00010000", NONE },
	{ "AS4_PATH of 0", E2, "c0 11 00", DISC },
	{ "AS4_PATH runs over", E2, "c0 11 06 0202 00010000", DISC },
	{ "AS4_PATH with an empty segment", E2, "c0 11 08 0201 00010000 0200", DISC },
	{ "AS4_PATH of AS 0", I2, "c0 11 06 0201 00000000", DISC },
	{ "AS4_PATH with AS_SET", E2, "c0 11 06 0101 00010000", WDRAW },
	{ "AS4_PATH with AS_SET from a 4-octet peer", E, "c0 11 06 0101 00010000",
	    DISC },

	/* RFC 6793 6, RFC 7607 2 */
	{ "AS4_AGGREGATOR", E2, "c0 12 08 00010000 0a000001", NONE },
	{ "AS4_AGGREGATOR of 6", E2, "c0 12 06 0001 0a000001", DISC },
	{ "AS4_AGGREGATOR of AS 0", E2, "c0 12 08 00000000 0a000001", DISC },
	{ "AS4_AGGREGATOR from a 4-octet peer", I, "c0 12 08 00010000 0a000001", DISC },

	/* RFC 8092 5 */
	{ "large communities", E, "c0 20 0c 000000010000000200000003", NONE },
	{ "large communities of 0", E, "c0 20 00", WDRAW },
	{ "large communities of 8", E, "c0 20 08 0000000100000002", WDRAW },

	/* RFC 9234 5 */
	{ "OTC", E, "c0 23 04 0000fde8", NONE },
	{ "OTC of 3", E, "c0 23 03 00fde8", WDRAW },
	{ "OTC of 5", I, "c0 23 05 0000fde800", WDRAW },
	{ "OTC 0", E, "c0 23 04 00000000", WDRAW },

	/* RFC 8669 3, 5, 6 */
	{ "PREFIX_SID", I, "c0 28 0a 01 0007 00000000000007", NONE },
	{ "PREFIX_SID of TLVs unknown here", I, "c0 28 04 63 0001 00", NONE },
	{ "PREFIX_SID, eBGP", E, "c0 28 0a 01 0007 00000000000007", DISC },
	{ "PREFIX_SID of zeros", I, "c0 28 08 0000000000000000", DISC },
	{ "PREFIX_SID runs over", I, "c0 28 04 01 0007 00", DISC },
	{ "PREFIX_SID label index of 6", I, "c0 28 09 01 0006 000000000000", DISC },
	{ "PREFIX_SID of 2", I, "c0 28 02 0100", DISC },

	/* RFC 4271 9: what we do not use stays opaque, however odd; 6.3: well-known
	   ones. */
	{ "tunnel encapsulation, TLV runs over", E, "c0 17 05 0008 ffff 00", NONE },
	{ "tunnel encapsulation, sub-TLV of 0", E, "c0 17 06 0008 0002 0100", NONE },
	{ "AIGP cut", I, "80 1a 02 0100", NONE },
	{ "entropy label", E, "c0 1c 01 ff", NONE },
	{ "next hop capability, TLV just below", I, "c0 27 05 0001 0004 00", NONE },
	{ "attribute 255 of 0", E, "c0 ff 00", NONE },
	{ "attribute 31 of all flags", E, "ff 1f 0010 00*16", NONE },
	{ "attribute 99 optional, not transitive", E, "80 63 01 00", NONE },
	{ "attribute 99 well-known", E, "40 63 01 00", RESET },
	{ "attribute 0 well-known", I, "00 00 00", RESET },
	{ "attribute 0 optional", I, "80 00 00", NONE },
};

/* The attribute replaces the good one of its type, or stands before the others. */
static size_t
body_put(uint8_t *out, size_t size, enum session session, const uint8_t *attribute,
    size_t len)
{
	static const char *const good[] = { "40 01 01 00", "40 02 06 0201 0000fde8",
		"40 03 04 c0000201" };
	size_t at = 4, i;

	memcpy(out + at, attribute, len);
	at += len;
	for (i = 0; i < 3; i++) {
		if (attribute[1] == i + 1)
			continue;
		at +=
		    hex_bytes(i == 1 && session >= I2 ? "40 02 04 0201 fde8" : good[i],
			out + at, size - at);
	}
	put_u16(out, 0);
	put_u16(out + 2, (uint16_t)(at - 4));
	at += hex_bytes("18 c63364", out + at, size - at);
	return at;
}

START_TEST(attribute_case)
{
	const struct update_context context = {
		.ebgp = cases[_i].session == E || cases[_i].session == E2,
		.as4 = cases[_i].session == I || cases[_i].session == E,
		.families = { true, true },
		.enforce_first_as = 65000,
	};
	uint8_t attribute[64], buf[256], *exact;
	size_t a_len = hex_bytes(cases[_i].attribute, attribute, sizeof(attribute));
	size_t len = body_put(buf, sizeof(buf), cases[_i].session, attribute, a_len);
	struct update u;

	exact = malloc(len);
	memcpy(exact, buf, len);
	update_get((struct slice){ exact, len }, &context, &u);
	ck_assert_msg((int)u.verdict == cases[_i].want, "%s: verdict %d, %s",
	    cases[_i].what, (int)u.verdict, u.fault.what);
	ck_assert_int_eq(u.fault.action, cases[_i].want);
	ck_assert_uint_eq(u.nlri.len, 4);
	ck_assert(!u.end_of_rib);
	if (attribute[1] != ATTRIBUTE_NEXT_HOP)
		ck_assert(update_keeps(&u, attribute[1]) == (cases[_i].want == NONE));
	if (cases[_i].want == NONE) {
		ck_assert_ptr_null(u.fault.what);
	} else {
		ck_assert_uint_eq(u.fault.type, attribute[1]);
		ck_assert_ptr_nonnull(u.fault.what);
		ck_assert_uint_eq(u.fault.at.len, a_len);
	}
	ck_assert_uint_eq(u.n_discarded, cases[_i].want == DISC);
	if (cases[_i].want == DISC)
		ck_assert_uint_eq(u.discarded[0], attribute[1]);
	if (cases[_i].want == RESET) {
		ck_assert_uint_eq(u.error.code, NOTIFY_UPDATE);
		ck_assert_uint_eq(u.error.subcode, UPDATE_UNKNOWN_WELL_KNOWN);
		ck_assert_ptr_eq(u.error.data.at, exact + 4);
		ck_assert_uint_eq(u.error.data.len, a_len);
	} else {
		ck_assert_uint_eq(u.error.code, 0);
	}
	free(exact);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("attribute");
	TCase *t = tcase_create("attribute");
	SRunner *r;
	int failed;

	tcase_add_test(t, attribute_walk);
	tcase_add_loop_test(
	    t, attribute_overrun, 0, sizeof(overruns) / sizeof(overruns[0]));
	tcase_add_test(t, attribute_write);
	tcase_add_test(t, attribute_names);
	tcase_add_loop_test(t, attribute_case, 0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
