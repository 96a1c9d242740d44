// links: bgp_wire
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * UPDATE: what only the whole message shows.  What one attribute costs is in
 * test_attribute.c.
 */
#include "bgp/update.h"
#include "hex.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NONE = ACTION_NONE,
	DISC = ACTION_DISCARD,
	WDRAW = ACTION_WITHDRAW,
	RESET = ACTION_RESET
};

/* An eBGP peer 65000 with 4-octet numbers and both families. */
static const struct update_context both = {
	.ebgp = true,
	.as4 = true,
	.families = { true, true },
	.enforce_first_as = 65000,
};

#define ORIGIN "4001[00]"
#define PATH "4002[0201 0000fde8]"
#define NEXT_HOP "4003[c0000201]"
#define GOOD ORIGIN PATH NEXT_HOP
#define GOOD_MP ORIGIN PATH
#define NLRI "18c63364"
#define GLOBAL "20010db8 00*11 01"
#define LOCAL "fe80 00*13 01"
#define NLRI6 "40 20010db800000001"
#define REACH6 "800e[000201 [" GLOBAL "] 00" NLRI6 "]"
#define UNREACH6 "800f[000201" NLRI6 "]"
/* MP_REACH for IPv6 with another next hop, and the attributes that go with it */
#define WITH_NEXT_HOP(nh) "{} {800e[000201" nh "00" NLRI6 "]" GOOD_MP "}"

/*
 * Whole bodies.  `subcode` is that of the NOTIFICATION for RESET, `type` that of the
 * fault; the last four are the lengths of the slices that come out.
 */
static const struct {
	const char *what;
	const char *in;
	int verdict;
	uint8_t subcode, type;
	size_t withdrawn, nlri, mp_withdrawn, mp_nlri;
} cases[] = {
	{ "plain", "{} {" GOOD "}" NLRI, NONE, 0, 0, 0, 4, 0, 0 },
	{ "withdraw alone", "{" NLRI "} {}", NONE, 0, 0, 4, 0, 0, 0 },
	{ "both", "{" NLRI "} {" GOOD "}" NLRI NLRI, NONE, 0, 0, 4, 8, 0, 0 },
	{ "host bits in NLRI", "{} {" GOOD "} 0c0aff", NONE, 0, 0, 0, 3, 0, 0 },
	{ "IPv6", "{} {" REACH6 GOOD_MP "}", NONE, 0, 0, 0, 0, 0, 9 },
	{ "IPv6 withdrawn", "{} {" UNREACH6 "}", NONE, 0, 0, 0, 0, 9, 0 },
	{ "all four", "{" NLRI "} {" UNREACH6 REACH6 GOOD "}" NLRI, NONE, 0, 0, 4, 4, 9,
	    9 },
	{ "MP at the end", "{} {" GOOD_MP REACH6 UNREACH6 "}", NONE, 0, 0, 0, 0, 9, 9 },
	{ "any order", "{} {" NEXT_HOP PATH ORIGIN "}" NLRI, NONE, 0, 0, 0, 4, 0, 0 },
	{ "attributes and no NLRI", "{} {" GOOD "}", NONE, 0, 0, 0, 0, 0, 0 },

	/* lengths: RFC 4271 6.3, RFC 7606 4 */
	{ "empty body", "", RESET, 1, 0, 0, 0, 0, 0 },
	{ "no attribute length", "0000 00", RESET, 1, 0, 0, 0, 0, 0 },
	{ "withdrawn length too large", "0005 18c63364 0000", RESET, 1, 0, 0, 0, 0, 0 },
	{ "withdrawn length of ones", "ffff 18c63364 0000", RESET, 1, 0, 0, 0, 0, 0 },
	{ "attribute length too large", "0000 0005" ORIGIN, RESET, 1, 0, 0, 0, 0, 0 },
	{ "both lengths share octets", "0002 0000", RESET, 1, 0, 0, 0, 0, 0 },
	/* RFC 7606 5.3: as 3/10, RFC 4271 6.3 */
	{ "withdrawn prefix overruns", "{18c633} {}", RESET, 10, 0, 3, 0, 0, 0 },
	{ "withdrawn /33", "{21c633640102} {}", RESET, 10, 0, 6, 0, 0, 0 },
	{ "NLRI overruns", "{} {" GOOD "} 18c633", RESET, 10, 0, 0, 3, 0, 0 },
	{ "NLRI /33", "{} {" GOOD "} 21c633640102", RESET, 10, 0, 0, 6, 0, 0 },
	{ "bad NLRI behind good", "{} {" GOOD "}" NLRI "ff", RESET, 10, 0, 0, 5, 0, 0 },
	/* RFC 7606 4: the NLRI is still where the total length says */
	{ "attribute overruns", "{} {" GOOD_MP "400305 c0000201}" NLRI, WDRAW, 0, 0, 0,
	    4, 0, 0 },
	{ "extended length overruns", "{} {" GOOD "5008ffff}" NLRI, WDRAW, 0, 0, 0, 4,
	    0, 0 },
	{ "an octet left over", "{} {" GOOD "40}" NLRI, WDRAW, 0, 0, 0, 4, 0, 0 },
	{ "left over, IPv6 seen", "{} {" REACH6 GOOD_MP "40}", WDRAW, 0, 0, 0, 0, 0,
	    9 },

	/* RFC 7606 5.2: nothing says which prefixes it was about */
	{ "overrun, no NLRI", "{} {" GOOD "40}", RESET, 1, 0, 0, 0, 0, 0 },
	{ "overrun, withdrawals only", "{" NLRI "} {40}", RESET, 1, 0, 4, 0, 0, 0 },
	{ "ORIGIN, no NLRI", "{} {4001[09]}", RESET, 6, 1, 0, 0, 0, 0 },
	{ "ORIGIN, IPv6 withdrawn", "{} {" UNREACH6 "4001[09]}", RESET, 6, 1, 0, 0, 9,
	    0 },
	{ "AS_PATH, no NLRI", "{} {4002[0200]}", RESET, 11, 2, 0, 0, 0, 0 },
	{ "MED, no NLRI", "{} {8004[]}", RESET, 5, 4, 0, 0, 0, 0 },
	{ "flags, no NLRI", "{} {0001[00]}", RESET, 4, 1, 0, 0, 0, 0 },
	{ "communities, no NLRI", "{} {c008[00]}", RESET, 5, 8, 0, 0, 0, 0 },
	{ "discard, no NLRI", "{} {4005[00000064]}", DISC, 0, 5, 0, 0, 0, 0 },
	{ "lone MP_UNREACH, flags", "{} {400f[000201" NLRI6 "]}", WDRAW, 0, 15, 0, 0, 9,
	    0 },
	{ "empty MP_REACH NLRI", "{} {800e[000201 [" GLOBAL "] 00] 4001[09]}", RESET, 6,
	    1, 0, 0, 0, 0 },

	/* what must be there: RFC 7606 3 d */
	{ "no attributes", "{} {}" NLRI, WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "no ORIGIN", "{} {" PATH NEXT_HOP "}" NLRI, WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "no AS_PATH", "{} {" ORIGIN NEXT_HOP "}" NLRI, WDRAW, 0, 2, 0, 4, 0, 0 },
	{ "no NEXT_HOP", "{} {" GOOD_MP "}" NLRI, WDRAW, 0, 3, 0, 4, 0, 0 },
	{ "no NEXT_HOP, IPv6 too", "{} {" REACH6 GOOD_MP "}" NLRI, WDRAW, 0, 3, 0, 4, 0,
	    9 },
	{ "no ORIGIN for IPv6", "{} {" REACH6 PATH "}", WDRAW, 0, 1, 0, 0, 0, 9 },
	{ "no AS_PATH for IPv6", "{} {" REACH6 ORIGIN "}", WDRAW, 0, 2, 0, 0, 0, 9 },
	{ "attribute 31 alone", "{} {ff1f{00*16}}" NLRI, WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "attribute 255 alone", "{} {c0ff[]}" NLRI, WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "withdrawn beside NLRI", "{} {" UNREACH6 "}" NLRI, WDRAW, 0, 1, 0, 4, 9, 0 },

	/* duplicates: RFC 7606 3 g */
	{ "two ORIGINs", "{} {" GOOD "4001[09]}" NLRI, DISC, 0, 1, 0, 4, 0, 0 },
	{ "two NEXT_HOPs", "{} {" GOOD "4003[]}" NLRI, DISC, 0, 3, 0, 4, 0, 0 },
	{ "two unknown", "{} {" GOOD "c063[] c063[]}" NLRI, DISC, 0, 99, 0, 4, 0, 0 },
	{ "two MP_REACH", "{} {" REACH6 REACH6 GOOD_MP "}", RESET, 1, 14, 0, 0, 0, 9 },
	{ "two MP_UNREACH", "{} {" UNREACH6 UNREACH6 "}", RESET, 1, 15, 0, 0, 9, 0 },

	/* NEXT_HOP counts where there is NLRI for it: RFC 4760 3 */
	{ "NEXT_HOP 0.0.0.0, IPv6 only", "{} {" REACH6 GOOD_MP "4003[00000000]}", NONE,
	    0, 0, 0, 0, 0, 9 },
	{ "NEXT_HOP of 3, IPv6 only", "{} {" REACH6 GOOD_MP "4003[000000]}", NONE, 0, 0,
	    0, 0, 0, 9 },

	/* MP_REACH: RFC 7606 7.11, 5.3 */
	{ "of 0", "{} {800e[]" GOOD_MP "}", RESET, 9, 14, 0, 0, 0, 0 },
	{ "of 2", "{} {800e[0002]" GOOD_MP "}", RESET, 9, 14, 0, 0, 0, 0 },
	{ "no next hop length", "{} {800e[000201]" GOOD_MP "}", RESET, 9, 14, 0, 0, 0,
	    0 },
	{ "next hop of 0", WITH_NEXT_HOP("[]"), RESET, 9, 14, 0, 0, 0, 0 },
	{ "next hop of 4", WITH_NEXT_HOP("[c0000201]"), RESET, 9, 14, 0, 0, 0, 0 },
	{ "next hop of 9", WITH_NEXT_HOP("[20*9]"), RESET, 9, 14, 0, 0, 0, 0 },
	{ "next hop of 24", WITH_NEXT_HOP("[00*8 " GLOBAL "]"), RESET, 9, 14, 0, 0, 0,
	    0 },
	{ "next hop of 64", WITH_NEXT_HOP("[20*64]"), RESET, 9, 14, 0, 0, 0, 0 },
	{ "next hop of 16, 3 there", "{} {800e[000201 10 200100]" GOOD_MP "}", RESET, 9,
	    14, 0, 0, 0, 0 },
	{ "next hop of 32, 17 there", "{} {800e[000201 20" GLOBAL "00]" GOOD_MP "}",
	    RESET, 9, 14, 0, 0, 0, 0 },
	{ "no reserved octet", "{} {800e[000201 [" GLOBAL "]]" GOOD_MP "}", RESET, 9,
	    14, 0, 0, 0, 0 },
	{ "no NLRI", "{} {800e[000201 [" GLOBAL "] 00]" GOOD_MP "}", NONE, 0, 0, 0, 0,
	    0, 0 },
	{ "next hop of 32", WITH_NEXT_HOP("[" GLOBAL LOCAL "]"), NONE, 0, 0, 0, 0, 0,
	    9 },
	{ "next hop ::", WITH_NEXT_HOP("[00*16]"), WDRAW, 0, 14, 0, 0, 0, 9 },
	{ "next hop ::1", WITH_NEXT_HOP("[00*15 01]"), WDRAW, 0, 14, 0, 0, 0, 9 },
	{ "next hop ff02::", WITH_NEXT_HOP("[ff02 00*14]"), WDRAW, 0, 14, 0, 0, 0, 9 },
	{ "next hop of 32 zeros", WITH_NEXT_HOP("[00*32]"), WDRAW, 0, 14, 0, 0, 0, 9 },
	{ "next hop link-local", WITH_NEXT_HOP("[" LOCAL "]"), NONE, 0, 0, 0, 0, 0, 9 },
	{ "NLRI /129", "{} {800e[000201 [" GLOBAL "] 00 81 20*17]" GOOD_MP "}", RESET,
	    9, 14, 0, 0, 0, 0 },
	{ "NLRI overruns", "{} {800e[000201 [" GLOBAL "] 00 40 2001]" GOOD_MP "}",
	    RESET, 9, 14, 0, 0, 0, 0 },
	{ "IPv4", "{} {800e[000101 [c0000201] 00" NLRI "]" GOOD_MP "}", NONE, 0, 0, 0,
	    0, 0, 4 },
	{ "IPv4 by IPv6", "{} {800e[000101 [" GLOBAL "] 00" NLRI "]" GOOD_MP "}", RESET,
	    9, 14, 0, 0, 0, 0 },
	{ "bad flags", "{} {c00e[000201 [" GLOBAL "] 00" NLRI6 "]" GOOD_MP "}", WDRAW,
	    0, 14, 0, 0, 0, 9 },

	/* MP_UNREACH: RFC 7606 7.12 */
	{ "withdrawn overruns", "{} {800f[000201 40 20010db8]}", RESET, 9, 15, 0, 0, 0,
	    0 },
	{ "withdrawn /129", "{} {800f[000201 81 20*17]}", RESET, 9, 15, 0, 0, 0, 0 },
	{ "MP_UNREACH of 2", "{} {800f[0002]}", RESET, 9, 15, 0, 0, 0, 0 },

	/* RFC 4760 7: families that were not negotiated, whatever they hold */
	{ "flowspec of length 0", "{} {800e[000185 00 00 00]" GOOD_MP "}", NONE, 0, 0,
	    0, 0, 0, 0 },
	{ "VPNv4 labels cut", "{} {800e[000180 ff 00ff00 ff]" GOOD_MP "}", NONE, 0, 0,
	    0, 0, 0, 0 },
	{ "family alone", "{} {800e[001946]}", NONE, 0, 0, 0, 0, 0, 0 },
	{ "EVPN withdrawn", "{} {800f[001946 ffff]}", NONE, 0, 0, 0, 0, 0, 0 },
	{ "bad ORIGIN beside it", "{} {800e[001946 00 00] 4001[09]" PATH "}", WDRAW, 0,
	    1, 0, 0, 0, 0 },
	{ "overrun beside it, and NLRI", "{} {800e[001946 00]" GOOD "40}" NLRI, WDRAW,
	    0, 0, 0, 4, 0, 0 },

	/* the worst of several counts: RFC 7606 2, 3 h */
	{ "discard, then withdraw", "{} {4005[00] 4001[09]" PATH NEXT_HOP "}" NLRI,
	    WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "withdraw, then discard", "{} {4001[09] 4005[00]" PATH NEXT_HOP "}" NLRI,
	    WDRAW, 0, 1, 0, 4, 0, 0 },
	{ "withdraw, then reset", "{} {4001[09] 4063[]" PATH NEXT_HOP "}" NLRI, RESET,
	    2, 99, 0, 4, 0, 0 },
	{ "reset, then withdraw", "{} {4063[] 4001[09]" PATH NEXT_HOP "}" NLRI, RESET,
	    2, 99, 0, 4, 0, 0 },
	{ "the first of two", "{} {4001[09] 4002[0200]" NEXT_HOP "}" NLRI, WDRAW, 0, 1,
	    0, 4, 0, 0 },
};

/* Judges a heap copy of just the length, so that a sanitizer sees a read past it. */
static uint8_t *
judge(const char *text, const struct update_context *context, struct update *u)
{
	uint8_t in[1024];
	size_t len = hex_bytes(text, in, sizeof(in));
	uint8_t *exact = malloc(len > 0 ? len : 1);

	memcpy(exact, in, len);
	update_get((struct slice){ exact, len }, context, u);
	return exact;
}

START_TEST(update_case)
{
	struct update u;
	uint8_t *octets = judge(cases[_i].in, &both, &u);

	ck_assert_msg((int)u.verdict == cases[_i].verdict, "%s: verdict %d, %s",
	    cases[_i].what, (int)u.verdict, u.fault.what);
	ck_assert_int_eq(u.fault.action, cases[_i].verdict);
	ck_assert_msg(u.fault.type == cases[_i].type, "%s: type %u", cases[_i].what,
	    u.fault.type);
	ck_assert((u.fault.what != NULL) == (cases[_i].verdict != NONE));
	ck_assert_uint_eq(u.error.code, cases[_i].verdict == RESET ? NOTIFY_UPDATE : 0);
	ck_assert_msg(u.error.subcode == cases[_i].subcode, "%s: subcode %u",
	    cases[_i].what, u.error.subcode);
	ck_assert_msg(u.withdrawn.len == cases[_i].withdrawn, "%s", cases[_i].what);
	ck_assert_msg(u.nlri.len == cases[_i].nlri, "%s", cases[_i].what);
	ck_assert_msg(
	    u.mp_withdrawn.len == cases[_i].mp_withdrawn, "%s", cases[_i].what);
	ck_assert_msg(u.mp_nlri.len == cases[_i].mp_nlri, "%s", cases[_i].what);
	ck_assert_msg(!u.end_of_rib, "%s", cases[_i].what);
	free(octets);
}
END_TEST

/* RFC 4724 2: empty, or an empty MP_UNREACH alone. */
static const struct {
	const char *what;
	const char *in;
	uint8_t family; /* FAMILY_NONE: no End-of-RIB */
} ends[] = {
	{ "IPv4", "{} {}", FAMILY_IPV4 },
	{ "IPv6", "{} {800f[000201]}", FAMILY_IPV6 },
	{ "IPv6, extended length", "{} {900f{000201}}", FAMILY_IPV6 },
	{ "IPv4 by MP_UNREACH", "{} {800f[000101]}", FAMILY_IPV4 },
	{ "a family of others", "{} {800f[001946]}", FAMILY_NONE },
	{ "not empty", "{} {" UNREACH6 "}", FAMILY_NONE },
	{ "not alone", "{} {800f[000201]" ORIGIN "}", FAMILY_NONE },
	{ "IPv4 withdrawn beside it", "{" NLRI "} {800f[000201]}", FAMILY_NONE },
	{ "IPv4 withdrawn", "{" NLRI "} {}", FAMILY_NONE },
	{ "an unknown attribute alone", "{} {c0ff[]}", FAMILY_NONE },
	{ "flags at fault", "{} {400f[000201]}", FAMILY_NONE },
	{ "an MP_REACH without NLRI", "{} {800e[000201 [" GLOBAL "] 00]}",
	    FAMILY_NONE },
};

START_TEST(end_of_rib)
{
	struct update u;
	uint8_t *octets = judge(ends[_i].in, &both, &u);

	ck_assert_msg(
	    u.end_of_rib == (ends[_i].family != FAMILY_NONE), "%s", ends[_i].what);
	ck_assert_msg(u.end_of_rib_family == ends[_i].family, "%s", ends[_i].what);
	ck_assert_int_lt((int)u.verdict, RESET);
	free(octets);
}
END_TEST

START_TEST(keep_bits)
{
	struct update u;
	uint8_t *octets =
	    judge("{} {" REACH6 GOOD "8004[00000001] 4005[00000064] c063[01]"
		  "8064[] c063[02] c007[00] 4006[]}" NLRI,
		&both, &u);
	unsigned type;

	ck_assert_int_eq((int)u.verdict, DISC);
	for (type = 0; type < 256; type++) {
		bool want = type == ATTRIBUTE_ORIGIN || type == ATTRIBUTE_AS_PATH ||
			    type == ATTRIBUTE_MED ||
			    type == ATTRIBUTE_ATOMIC_AGGREGATE || type == 99 ||
			    type == 100;

		ck_assert_msg(update_keeps(&u, (uint8_t)type) == want, "%u", type);
	}
	ck_assert_uint_eq(u.n_discarded, 3);
	ck_assert_uint_eq(u.discarded[0], ATTRIBUTE_LOCAL_PREF);
	ck_assert_uint_eq(u.discarded[1], 99);
	ck_assert_uint_eq(u.discarded[2], ATTRIBUTE_AGGREGATOR);
	ck_assert_uint_eq(u.fault.type, ATTRIBUTE_LOCAL_PREF);
	free(octets);
}
END_TEST

START_TEST(discarded_are_bounded)
{
	struct update u;
	uint8_t *octets =
	    judge("{} {" GOOD "4001[00] 4001[00] 4001[00] 4001[00] 4001[00]"
		  "4001[00] 4001[00] 4001[00] 4001[00] 4001[00]}" NLRI,
		&both, &u);

	ck_assert_int_eq((int)u.verdict, DISC);
	ck_assert_uint_eq(u.n_discarded, UPDATE_MAX_DISCARDED);
	ck_assert(update_keeps(&u, ATTRIBUTE_ORIGIN));
	free(octets);
}
END_TEST

START_TEST(slices)
{
	struct update u;
	uint8_t *octets = judge("{" NLRI "} {" GOOD "}" NLRI, &both, &u);

	ck_assert_ptr_eq(u.withdrawn.at, octets + 2);
	ck_assert_ptr_eq(u.attributes.at, octets + 8);
	ck_assert_uint_eq(u.attributes.len, 20);
	ck_assert_ptr_eq(u.nlri.at, octets + 28);
	ck_assert_ptr_eq(u.next_hop.at, octets + 24);
	ck_assert_uint_eq(u.next_hop.len, 4);
	ck_assert_uint_eq(u.mp_family, FAMILY_NONE);
	ck_assert_uint_eq(u.mp_withdrawn_family, FAMILY_NONE);
	free(octets);

	octets = judge("{} {" REACH6 UNREACH6 GOOD_MP "}", &both, &u);
	ck_assert_ptr_eq(u.mp_next_hop.at, octets + 4 + 3 + 4);
	ck_assert_uint_eq(u.mp_next_hop.len, 16);
	ck_assert_ptr_eq(u.mp_nlri.at, octets + 4 + 3 + 21);
	ck_assert_uint_eq(u.mp_family, FAMILY_IPV6);
	ck_assert_ptr_eq(u.mp_withdrawn.at, octets + 4 + 33 + 6);
	ck_assert_uint_eq(u.mp_withdrawn_family, FAMILY_IPV6);
	ck_assert_uint_eq(u.next_hop.len, 0);
	free(octets);
}
END_TEST

/*
 * RFC 2545 3 has a global address alone, or with a link-local one behind it.  Of the
 * forms for a link-local one alone (BIRD's, FRR's, draft-ietf-idr-linklocal-capability)
 * one comes out; a second address that is none is left out.
 */
START_TEST(next_hop_forms)
{
	static const struct {
		const char *what, *in;
		size_t at, len;
		int verdict;
	} forms[] = {
		{ "global", WITH_NEXT_HOP("[" GLOBAL "]"), 0, 16, NONE },
		{ "global and link-local", WITH_NEXT_HOP("[" GLOBAL LOCAL "]"), 0, 32,
		    NONE },
		{ "link-local", WITH_NEXT_HOP("[" LOCAL "]"), 0, 16, NONE },
		{ ":: and link-local", WITH_NEXT_HOP("[00*16" LOCAL "]"), 16, 16,
		    NONE },
		{ "link-local twice", WITH_NEXT_HOP("[" LOCAL LOCAL "]"), 0, 16, NONE },
		{ "link-local and ::", WITH_NEXT_HOP("[" LOCAL "00*16]"), 0, 16, NONE },
		{ "global and ::", WITH_NEXT_HOP("[" GLOBAL "00*16]"), 0, 16, NONE },
		{ "global twice", WITH_NEXT_HOP("[" GLOBAL GLOBAL "]"), 0, 16, NONE },
		{ "nothing at all", WITH_NEXT_HOP("[00*32]"), 0, 16, WDRAW },
		{ ":: and global", WITH_NEXT_HOP("[00*16 " GLOBAL "]"), 0, 16, WDRAW },
		{ "multicast", WITH_NEXT_HOP("[ff02 00*13 01]"), 0, 16, WDRAW },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct update u;
		uint8_t *octets = judge(forms[i].in, &both, &u);

		ck_assert_msg((int)u.verdict == forms[i].verdict, "%s", forms[i].what);
		ck_assert_msg(u.mp_next_hop.len == forms[i].len, "%s", forms[i].what);
		ck_assert_msg(u.mp_next_hop.at == octets + 4 + 3 + 4 + forms[i].at,
		    "%s", forms[i].what);
		free(octets);
	}
}
END_TEST

/* RFC 8950 4: IPv6 next hops of IPv4 NLRI, where they were agreed on alone. */
START_TEST(ipv4_next_hops)
{
	static const struct {
		const char *what, *next_hop;
		bool extended, plain; /* taken */
	} hops[] = {
		{ "IPv4", "[c0000201]", true, true }, /* RFC 4760 3 */
		{ "IPv6", "[" GLOBAL "]", true, false },
		{ "IPv6 and link-local", "[" GLOBAL LOCAL "]", true, false },
		{ "link-local", "[" LOCAL "]", true, false },
		{ "a VPN's 24", "[00*8 " GLOBAL "]", false, false },
		{ "12", "[00*8 c0000201]", false, false },
		{ "15", "[20010db8 00*11]", false, false },
		{ "none", "[]", false, false },
	};

	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++)
		for (int extended = 0; extended <= 1; extended++) {
			struct update_context c = both;
			struct update u;
			char text[256];
			uint8_t *octets;
			bool taken = extended ? hops[i].extended : hops[i].plain;

			c.extended_next_hop = extended;
			snprintf(text, sizeof(text),
			    "{} {800e[000101 %s 00" NLRI "]" GOOD_MP "}",
			    hops[i].next_hop);
			octets = judge(text, &c, &u);
			/* RFC 7606 7.11: another length is not to be parsed */
			ck_assert_msg(u.verdict == (taken ? ACTION_NONE : ACTION_RESET),
			    "%s, %d", hops[i].what, extended);
			ck_assert(!taken ||
				  (u.mp_family == FAMILY_IPV4 && u.mp_nlri.len == 4));
			free(octets);
		}
}
END_TEST

/* Some speakers put "::" before a lone link-local next hop. */
START_TEST(next_hop_without_global_part)
{
	struct update u;
	uint8_t *octets = judge(WITH_NEXT_HOP("[00*16" LOCAL "]"), &both, &u);

	ck_assert_int_eq((int)u.verdict, NONE);
	ck_assert_uint_eq(u.mp_next_hop.len, 16);
	ck_assert_ptr_eq(u.mp_next_hop.at, octets + 4 + 3 + 4 + 16);
	free(octets);
	octets = judge(WITH_NEXT_HOP("[" GLOBAL LOCAL "]"), &both, &u);
	ck_assert_uint_eq(u.mp_next_hop.len, 32);
	free(octets);
}
END_TEST

/* RFC 4271 6.3: the attribute at fault goes along, but for 3/1, 3/10 and 3/11. */
START_TEST(error_data)
{
	struct update u;
	uint8_t *octets = judge("{} {" GOOD "4063[aabb]}" NLRI, &both, &u);

	ck_assert_ptr_eq(u.error.data.at, octets + 24);
	ck_assert_uint_eq(u.error.data.len, 5);
	free(octets);
	octets = judge("{} {800e[000201 [] 00]" GOOD_MP "}", &both, &u);
	ck_assert_ptr_eq(u.error.data.at, octets + 4);
	ck_assert_uint_eq(u.error.data.len, 8);
	free(octets);
	octets = judge("{} {4002[0200]}", &both, &u); /* 3/11 and 3/1 carry none */
	ck_assert_uint_eq(u.error.data.len, 0);
	free(octets);
	octets = judge("{} {" UNREACH6 UNREACH6 "}", &both, &u);
	ck_assert_uint_eq(u.error.data.len, 0);
	free(octets);
}
END_TEST

/* The same octets under other agreements. */
START_TEST(contexts)
{
	struct update_context c = both;
	struct update u;
	uint8_t *octets;

	/* IPv6 was not negotiated */
	c.families[FAMILY_IPV6] = false;
	octets = judge("{} {" REACH6 UNREACH6 GOOD "}" NLRI, &c, &u);
	ck_assert(u.verdict == ACTION_NONE && u.mp_nlri.len == 0 && u.nlri.len == 4);
	ck_assert_uint_eq(u.mp_family, FAMILY_NONE);
	free(octets);
	octets = judge("{} {800e[000201 ff]" GOOD "}" NLRI, &c, &u);
	ck_assert(u.verdict == ACTION_NONE);
	free(octets);
	octets = judge("{} {800f[000201]}", &c, &u);
	ck_assert(!u.end_of_rib && u.verdict == ACTION_NONE);
	free(octets);

	/* IPv4 was not: its fields are ignored like any other family */
	c = both;
	c.families[FAMILY_IPV4] = false;
	octets = judge("{ffff} {" REACH6 GOOD_MP "} ff", &c, &u);
	ck_assert(u.verdict == ACTION_NONE && u.mp_nlri.len == 9);
	ck_assert(u.nlri.len == 0 && u.withdrawn.len == 0);
	free(octets);
	octets = judge("{} {}", &c, &u);
	ck_assert(!u.end_of_rib);
	free(octets);
	octets = judge("{} {4001[09]}" NLRI, &c, &u);
	ck_assert(u.verdict == ACTION_WITHDRAW); /* there was NLRI, if not for us */
	free(octets);

	/* RFC 7911 3: add-path, by family */
	c = both;
	c.add_path[FAMILY_IPV4] = true;
	octets = judge("{00000001" NLRI "} {" REACH6 GOOD "} 00000002" NLRI, &c, &u);
	ck_assert(u.verdict == ACTION_NONE && u.nlri.len == 8 && u.mp_nlri.len == 9);
	free(octets);
	octets = judge("{} {" GOOD "} 0000000218c633", &c, &u);
	ck_assert(u.verdict == ACTION_RESET && u.error.subcode == UPDATE_BAD_NETWORK);
	free(octets);
	c.add_path[FAMILY_IPV6] = true;
	octets = judge("{} {" UNREACH6 "}", &c, &u);
	ck_assert(u.verdict == ACTION_RESET && u.error.subcode == UPDATE_BAD_OPTIONAL);
	free(octets);
	octets = judge("{} {800f[000201 00000009" NLRI6 "]}", &c, &u);
	ck_assert(u.verdict == ACTION_NONE && u.mp_withdrawn.len == 13);
	free(octets);

	/* An attribute 255 of length 0, once taken for End-of-RIB, then three prefixes
	 * with path identifiers; without add-path the third octet is a length of 235.
	 */
	octets = judge("0000 0003 c0ff00 010100eb00ac100b0b001ad908ac100b0b", &c, &u);
	ck_assert(u.verdict == ACTION_WITHDRAW && u.nlri.len == 17 && !u.end_of_rib);
	free(octets);
	octets =
	    judge("0000 0003 c0ff00 010100eb00ac100b0b001ad908ac100b0b", &both, &u);
	ck_assert(u.verdict == ACTION_RESET && u.error.subcode == UPDATE_BAD_NETWORK);
	free(octets);

	/* RFC 8950 4 */
	c = both;
	c.extended_next_hop = true;
	octets = judge("{} {800e[000101 [" GLOBAL "] 00" NLRI "]" GOOD_MP "}", &c, &u);
	ck_assert(u.verdict == ACTION_NONE && u.mp_family == FAMILY_IPV4);
	ck_assert(u.mp_next_hop.len == 16 && u.mp_nlri.len == 4);
	free(octets);
	octets = judge("{} {800e[000201 [c0000201] 00" NLRI6 "]" GOOD_MP "}", &c, &u);
	ck_assert(u.verdict == ACTION_RESET);
	free(octets);
}
END_TEST

static const struct {
	const char *what;
	bool ebgp, as4, accept_as_set;
	uint32_t first_as;
	const char *path;
	int want;
} paths[] = {
	{ "the peer's AS first", true, true, false, 65000,
	    "4002[0202 0000fde8 00000001]", NONE },
	{ "another AS first", true, true, false, 65000, "4002[0202 00000001 0000fde8]",
	    WDRAW },
	{ "empty, eBGP", true, true, false, 0, "4002[]", WDRAW },
	{ "empty, iBGP", false, true, false, 65000, "4002[]", NONE },
	{ "not enforced", true, true, false, 0, "4002[0201 00000001]", NONE },
	{ "not on iBGP", false, true, false, 65000, "4002[0201 00000001]", NONE },
	{ "2 octets", true, false, false, 65000, "4002[0201 fde8]", NONE },
	{ "2 octets, another", true, false, false, 65000, "4002[0201 fde9]", WDRAW },
	{ "2 octets, AS_TRANS for a large AS", true, false, false, 65536,
	    "4002[0201 5ba0]", NONE },
	{ "2 octets, low half of a large AS", true, false, false, 65537,
	    "4002[0201 0001]", WDRAW },
	{ "AS_SET accepted", true, true, true, 65000,
	    "4002[0201 0000fde8 0102 00000001 00000002]", NONE },
	{ "AS_SET is no first AS", true, true, true, 65000, "4002[0101 0000fde8]",
	    WDRAW },
	{ "AS_CONFED_SET refused", false, true, false, 0, "4002[0401 00000001]",
	    WDRAW },
	{ "AS_CONFED_SET accepted, iBGP", false, true, true, 0, "4002[0401 00000001]",
	    NONE },
	{ "AS_CONFED_SET accepted, eBGP", true, true, true, 0, "4002[0401 00000001]",
	    WDRAW },
	{ "1020 numbers", false, true, false, 0,
	    "5002{02ff 01*1020 02ff 01*1020 02ff 01*1020 02ff 01*1020}", NONE },
	{ "1024 numbers", false, true, false, 0,
	    "5002{02ff 01*1020 02ff 01*1020 02ff 01*1020 02ff 01*1020 0204 01*16}",
	    NONE },
	{ "1025 numbers", false, true, false, 0,
	    "5002{02ff 01*1020 02ff 01*1020 02ff 01*1020 02ff 01*1020 0205 01*20}",
	    WDRAW },
	{ "2049 numbers of 2 octets", false, false, false, 0,
	    "5002{02ff 01*510 02ff 01*510 02ff 01*510 02ff 01*510 02ff 01*510 02ff "
	    "01*510"
	    " 02ff 01*510 02ff 01*510 0209 01*18}",
	    WDRAW },
};

START_TEST(path_case)
{
	static uint8_t in[8192];
	struct update_context c = { .ebgp = paths[_i].ebgp,
		.as4 = paths[_i].as4,
		.families = { true, true },
		.accept_as_set = paths[_i].accept_as_set,
		.enforce_first_as = paths[_i].first_as };
	char text[512];
	struct update u;
	size_t len;

	snprintf(
	    text, sizeof(text), "{} {" ORIGIN "%s" NEXT_HOP "}" NLRI, paths[_i].path);
	len = hex_bytes(text, in, sizeof(in));
	update_get((struct slice){ in, len }, &c, &u);
	ck_assert_msg((int)u.verdict == paths[_i].want, "%s: %d, %s", paths[_i].what,
	    (int)u.verdict, u.fault.what);
	if (paths[_i].want != NONE)
		ck_assert_uint_eq(u.fault.type, ATTRIBUTE_AS_PATH);
}
END_TEST

START_TEST(as_set_is_named)
{
	struct update u;
	uint8_t *octets =
	    judge("{} {" ORIGIN "4002[0201 0000fde8 0101 00000001]" NEXT_HOP "}" NLRI,
		&both, &u);

	ck_assert_ptr_nonnull(strstr(u.fault.what, "AS_SET"));
	free(octets);
}
END_TEST

/* Every type there is, once, is more than is taken; one fewer is not. */
START_TEST(many_attributes)
{
	static uint8_t in[2048];
	unsigned extra, i;

	for (extra = 0; extra < 2; extra++) {
		struct wcur w = wcur_of(in, sizeof(in));
		struct update u;

		w.at += 4;
		w.at += hex_bytes(GOOD, w.at, 64);
		for (i = 3; i < ATTRIBUTES_MAX_COUNT + extra; i++)
			attribute_put(&w, 0xc0, (uint8_t)(i < 100 ? 100 : i), NULL, 0);
		put_u16(in, 0);
		put_u16(in + 2, (uint16_t)(wcur_len(&w) - 4));
		w.at += hex_bytes(NLRI, w.at, 64);
		update_get((struct slice){ in, wcur_len(&w) }, &both, &u);
		ck_assert_int_eq((int)u.verdict, extra == 0 ? DISC : WDRAW);
		ck_assert_uint_eq(u.nlri.len, 4);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("update");
	TCase *t = tcase_create("update");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, update_case, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(t, end_of_rib, 0, sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(t, keep_bits);
	tcase_add_test(t, discarded_are_bounded);
	tcase_add_test(t, slices);
	tcase_add_test(t, next_hop_forms);
	tcase_add_test(t, ipv4_next_hops);
	tcase_add_test(t, next_hop_without_global_part);
	tcase_add_test(t, error_data);
	tcase_add_test(t, contexts);
	tcase_add_loop_test(t, path_case, 0, sizeof(paths) / sizeof(paths[0]));
	tcase_add_test(t, as_set_is_named);
	tcase_add_test(t, many_attributes);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
