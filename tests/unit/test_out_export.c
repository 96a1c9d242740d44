// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What becomes of an attribute set on its way to a peer, octet by octet.
 */
#include "exporter.h"

#include <check.h>
#include <stdlib.h>

#define ORIGIN "40010100"
#define PATH_300 "40020602010000012c"
#define PATH_1_300 "40020a0202000000010000012c" /* ours, AS 1, in front */
#define NO_PATH "400200"
#define NEXT_HOP "400304c0000201" /* 192.0.2.1 */
#define SELF "4003040a000064"     /* 10.0.0.100 */
#define MED "80040400000005"
#define LOCAL_PREF "400504000000c8"
#define LOCAL_PREF_100 "40050400000064"
#define ORIGINATOR "8009040a000009"
#define CLUSTERS "800a0400000007"

enum source { OWN, EBGP, IBGP, CLIENT };

/* The key is made by: */
enum tweak {
	TO_EBGP = 1 << 0,
	TO_CLIENT = 1 << 1,
	AS2 = 1 << 2, /* 2-octet AS numbers */
	HOP_SELF = 1 << 3,
	HOP_UNCHANGED = 1 << 4,
	NO_SELF = 1 << 5, /* no address to be the next hop */
	SHARED = 1 << 6,  /* 192.0.2.0/24 */
	OWN_ONLY = 1 << 7,
	BLOCKED = 1 << 8, /* RFC 8212 */
	NO_PRIVATE = 1 << 9,
	BIG_AS = 1 << 10, /* local AS 65546 */
};

static const struct {
	const char *what;
	enum source source;
	unsigned key;
	const char *in, *want; /* "!...": not exported, with these words for it */
} cases[] = {
	/* RFC 4271 9.1.3, 9.2, 5.1.2, 5.1.3, 5.1.4, 5.1.5 */
	{ "eBGP to eBGP", EBGP, TO_EBGP, ORIGIN PATH_300 MED, ORIGIN PATH_1_300 SELF },
	{ "iBGP to eBGP", IBGP, TO_EBGP, ORIGIN PATH_300 MED LOCAL_PREF,
	    ORIGIN PATH_1_300 SELF },
	{ "own to eBGP keeps our MED", OWN, TO_EBGP, ORIGIN NO_PATH MED,
	    ORIGIN "400206020100000001" SELF MED },
	{ "own to iBGP", OWN, 0, ORIGIN NO_PATH, ORIGIN NO_PATH SELF LOCAL_PREF_100 },
	{ "eBGP to iBGP", EBGP, 0, ORIGIN PATH_300 MED,
	    ORIGIN PATH_300 NEXT_HOP MED LOCAL_PREF_100 },
	{ "an AS_SET in front", EBGP, TO_EBGP, ORIGIN "40020601010000012c",
	    ORIGIN "40020c02010000000101010000012c" SELF },

	/* RFC 4456 6, 8 */
	{ "non-client to non-client", IBGP, 0, ORIGIN PATH_300 LOCAL_PREF,
	    "!RFC 4456 6" },
	{ "non-client to client", IBGP, TO_CLIENT, ORIGIN PATH_300 LOCAL_PREF,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF "8009040a000001"
						"800a04000000fe" },
	{ "client to non-client", CLIENT, 0, ORIGIN PATH_300 LOCAL_PREF,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF "8009040a000001"
						"800a04000000fe" },
	{ "client to client", CLIENT, TO_CLIENT, ORIGIN PATH_300 LOCAL_PREF,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF "8009040a000001"
						"800a04000000fe" },
	{ "reflected once more", CLIENT, TO_CLIENT,
	    ORIGIN PATH_300 LOCAL_PREF ORIGINATOR CLUSTERS,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF ORIGINATOR "800a08000000fe00000007" },
	{ "with LOCAL_PREF where there was none", CLIENT, TO_CLIENT, ORIGIN PATH_300,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100 "8009040a000001"
						    "800a04000000fe" },
	{ "a long CLUSTER_LIST", CLIENT, TO_CLIENT,
	    ORIGIN PATH_300 LOCAL_PREF ORIGINATOR "800afc 07*252",
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF ORIGINATOR "900a0100 000000fe 07*252" },
	{ "own and eBGP routes are not reflected", EBGP, TO_CLIENT, ORIGIN PATH_300,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100 },
	{ "reflection's marks stay inside", IBGP, TO_EBGP,
	    ORIGIN PATH_300 LOCAL_PREF ORIGINATOR CLUSTERS, ORIGIN PATH_1_300 SELF },

	/* RFC 4271 5.1.3 2: a third party on the subnet we share */
	{ "a third party on the shared subnet", EBGP, TO_EBGP | SHARED, ORIGIN PATH_300,
	    ORIGIN PATH_1_300 NEXT_HOP },
	{ "ours is no third party", OWN, TO_EBGP | SHARED, ORIGIN NO_PATH,
	    ORIGIN "400206020100000001" SELF },
	{ "self, though shared", EBGP, TO_EBGP | SHARED | HOP_SELF, ORIGIN PATH_300,
	    ORIGIN PATH_1_300 SELF },
	{ "unchanged to eBGP", EBGP, TO_EBGP | HOP_UNCHANGED, ORIGIN PATH_300,
	    ORIGIN PATH_1_300 NEXT_HOP },
	{ "self to iBGP", EBGP, HOP_SELF, ORIGIN PATH_300,
	    ORIGIN PATH_300 SELF LOCAL_PREF_100 },
	{ "self on a reflector", CLIENT, TO_CLIENT | HOP_SELF, ORIGIN PATH_300,
	    ORIGIN PATH_300 SELF LOCAL_PREF_100 "8009040a000001"
						"800a04000000fe" },
	{ "no address of ours", OWN, NO_SELF, ORIGIN NO_PATH, "!next hop" },
	{ "none needed", EBGP, NO_SELF, ORIGIN PATH_300,
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100 },

	/* policy */
	{ "nothing passes", OWN, TO_EBGP | BLOCKED, ORIGIN NO_PATH, "!RFC 8212" },
	{ "deferring: learned", EBGP, OWN_ONLY, ORIGIN PATH_300, "!RFC 4724 4.1" },
	{ "deferring: own", OWN, OWN_ONLY, ORIGIN NO_PATH,
	    ORIGIN NO_PATH SELF LOCAL_PREF_100 },
	/* RFC 1997 */
	{ "no-export to eBGP", EBGP, TO_EBGP, ORIGIN PATH_300 "c00804ffffff01",
	    "!NO_EXPORT," },
	{ "no-export to iBGP", EBGP, 0, ORIGIN PATH_300 "c00804ffffff01",
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100 "c00804ffffff01" },
	{ "no-advertise", EBGP, 0, ORIGIN PATH_300 "c00804ffffff02", "!NO_ADVERTISE" },
	{ "no-export-subconfed to eBGP", EBGP, TO_EBGP,
	    ORIGIN PATH_300 "c00804ffffff03", "!NO_EXPORT_SUBCONFED" },
	{ "no-export-subconfed to iBGP", EBGP, 0, ORIGIN PATH_300 "c00804ffffff03",
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100 "c00804ffffff03" },
	{ "other communities travel", EBGP, TO_EBGP,
	    ORIGIN PATH_300 "c008080001000200030004",
	    ORIGIN PATH_1_300 SELF "c008080001000200030004" },

	/* RFC 6793 4.2.2: a peer with 2-octet numbers */
	{ "small numbers", EBGP, TO_EBGP | AS2, ORIGIN PATH_300,
	    ORIGIN "40020602020001012c" SELF },
	{ "a big number", EBGP, TO_EBGP | AS2, ORIGIN "40020602010001000a",
	    ORIGIN "400206020200015ba0" SELF "c0110a0202000000010001000a" },
	{ "ours is big", EBGP, TO_EBGP | AS2 | BIG_AS, ORIGIN PATH_300,
	    ORIGIN "40020602025ba0012c" SELF "c0110a02020001000a0000012c" },
	{ "a big number over iBGP", EBGP, AS2, ORIGIN "40020602010001000a",
	    ORIGIN "40020402015ba0" NEXT_HOP LOCAL_PREF_100 "c0110602010001000a" },
	{ "AGGREGATOR, small", EBGP, TO_EBGP | AS2,
	    ORIGIN PATH_300 "c007080000012cc0000209",
	    ORIGIN "40020602020001012c" SELF "c00706012cc0000209" },
	{ "AGGREGATOR, big", EBGP, TO_EBGP | AS2,
	    ORIGIN PATH_300 "c007080001000ac0000209",
	    ORIGIN "40020602020001012c" SELF "c007065ba0c0000209"
		   "c012080001000ac0000209" },
	{ "AGGREGATOR with 4 octets", EBGP, TO_EBGP,
	    ORIGIN PATH_300 "400600c007080001000ac0000209",
	    ORIGIN PATH_1_300 SELF "400600c007080001000ac0000209" },

	/* RFC 4360 6 */
	{ "extended communities to iBGP", EBGP, 0,
	    ORIGIN PATH_300 "c010100002fc00000000014002fc0000000002",
	    ORIGIN PATH_300 NEXT_HOP LOCAL_PREF_100
	    "c010100002fc00000000014002fc0000000002" },
	{ "non-transitive ones stay inside", EBGP, TO_EBGP,
	    ORIGIN PATH_300 "c010100002fc00000000014002fc0000000002",
	    ORIGIN PATH_1_300 SELF "c010080002fc0000000001" },
	{ "none is left", EBGP, TO_EBGP, ORIGIN PATH_300 "c010084002fc0000000002",
	    ORIGIN PATH_1_300 SELF },

	/* RFC 5065 5: of a confederation, through an iBGP peer */
	{ "confederation segments leave", IBGP, TO_EBGP,
	    ORIGIN "40020c0301000039e802010000012c", ORIGIN PATH_1_300 SELF },
	{ "confederation segments behind others leave", IBGP, TO_EBGP | NO_PRIVATE,
	    ORIGIN "40021a02020000fe0c0000012c0401000039e80302000039e9000039ea",
	    ORIGIN PATH_1_300 SELF },
	{ "confederation segments stay inside", IBGP, TO_CLIENT,
	    ORIGIN "40020c0301000039e802010000012c" LOCAL_PREF,
	    ORIGIN "40020c0301000039e802010000012c" NEXT_HOP LOCAL_PREF "8009040a000001"
		   "800a04000000fe" },
	/* RFC 6996 */
	{ "private numbers leave", EBGP, TO_EBGP | NO_PRIVATE,
	    ORIGIN "40020e02030000fe0c0000012c0000fc00", ORIGIN PATH_1_300 SELF },
	/* RFC 4271 5 */
	{ "what is unknown is carried", EBGP, TO_EBGP,
	    ORIGIN PATH_300 "c0200c000000010000000200000003 e0630155",
	    ORIGIN PATH_1_300 SELF "c0200c000000010000000200000003 e0630155" },
	/* 63 numbers and ours: 258 octets */
	{ "AS_PATH above 255 octets", EBGP, TO_EBGP, ORIGIN "4002fe023f11*252",
	    ORIGIN "5002010202400000000111*252 " SELF },
};

static struct group_key
key_of(unsigned tweaks)
{
	struct group_key key;

	group_key_init(&key, FAMILY_IPV4);
	key.ebgp = (tweaks & TO_EBGP) != 0;
	key.client = (tweaks & TO_CLIENT) != 0;
	key.as4 = (tweaks & AS2) == 0;
	key.next_hop = tweaks & HOP_SELF        ? OUT_NEXT_HOP_SELF
		       : tweaks & HOP_UNCHANGED ? OUT_NEXT_HOP_UNCHANGED
						: OUT_NEXT_HOP_AUTO;
	key.remove_private = (tweaks & NO_PRIVATE) != 0;
	key.passes = (tweaks & BLOCKED) == 0;
	key.own_only = (tweaks & OWN_ONLY) != 0;
	key.local_as = tweaks & BIG_AS ? 65546 : 1;
	key.cluster_id = 0xfe;
	if ((tweaks & NO_SELF) == 0)
		key.self = addr_of("10.0.0.100");
	if (tweaks & SHARED)
		key.shared = prefix_from("192.0.2.0/24");
	return key;
}

static void
set_source(struct exporter *e, enum source source)
{
	rib_peer(e->rib, 1)->ebgp = source == EBGP;
	rib_peer(e->rib, 1)->client = source == CLIENT;
}

START_TEST(edit)
{
	struct exporter *e = exporter_new();
	struct group_key key = key_of(cases[_i].key);
	struct prefix prefix = prefix_from("198.51.100.0/24");
	uint8_t in[2048], want[2048], got[4096];
	size_t len = hex_bytes(cases[_i].in, in, sizeof(in)), want_len = 0;
	struct addr next_hop;
	const char *why;

	set_source(e, cases[_i].source);
	exporter_announce(e, cases[_i].source == OWN ? RIB_LOCAL_PEER : 1,
	    "198.51.100.0/24", (struct slice){ in, len },
	    cases[_i].source == OWN ? "" : "192.0.2.1");
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	len = member_export(e->out, &e->member, dest_best(rib_find(e->rib, &prefix)),
	    &next_hop, got, sizeof(got));
	if (cases[_i].want[0] != '!')
		want_len = hex_bytes(cases[_i].want, want, sizeof(want));
	ck_assert_msg(len == want_len && memcmp(got, want, len) == 0, "%s: %zu octets",
	    cases[_i].what, len);
	/* Who asks why not is told the rule. */
	why = member_refusal(e->out, &e->member, dest_best(rib_find(e->rib, &prefix)));
	ck_assert_msg(cases[_i].want[0] == '!'
			  ? why != NULL && strstr(why, cases[_i].want + 1) != NULL
			  : why == NULL,
	    "%s: %s", cases[_i].what, why == NULL ? "no refusal" : why);
	/* A buffer one octet short is said to be too short. */
	if (len > 0)
		ck_assert_uint_eq(
		    member_export(e->out, &e->member,
			dest_best(rib_find(e->rib, &prefix)), &next_hop, got, len - 1),
		    0);
	/* The wire says the same. */
	exporter_drain(e);
	ck_assert_uint_eq(member_sent_count(&e->member), len > 0);
	if (len > 0)
		ck_assert(memcmp(e->octets + MESSAGE_HEADER_LEN + 4, want, len) == 0);
	exporter_free(e);
}
END_TEST

/* IPv6: no NEXT_HOP; of two next hops the global one. */
START_TEST(ipv6)
{
	struct exporter *e = exporter_new();
	struct prefix prefix = prefix_from("2001:db8::/32");
	uint8_t in[64], want[64], got[4096], hops[32];
	size_t len = hex_bytes(ORIGIN PATH_300, in, sizeof(in));
	struct addr next_hop, global = addr_of("2001:db8::9"),
			      local = addr_of("fe80::9");
	struct group_key key;
	struct attrs *attrs;

	memcpy(hops, global.bytes, 16);
	memcpy(hops + 16, local.bytes, 16);
	attrs = attrs_from_block(
	    e->attrs, (struct slice){ in, len }, (struct slice){ hops, 32 });
	set_source(e, EBGP);
	rib_announce(e->rib, 1, &prefix, 0, attrs, 0, 1);
	attrs_unref(e->attrs, attrs);
	group_key_init(&key, FAMILY_IPV6);
	key.as4 = key.passes = 1;
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	len = member_export(e->out, &e->member, dest_best(rib_find(e->rib, &prefix)),
	    &next_hop, got, sizeof(got));
	ck_assert_uint_eq(
	    len, hex_bytes(ORIGIN PATH_300 LOCAL_PREF_100, want, sizeof(want)));
	ck_assert(memcmp(got, want, len) == 0);
	ck_assert(addr_equal(&next_hop, &global));
	exporter_free(e);
}
END_TEST

/* It does not go back: to its source, its originator, the owner of its next hop. */
static const struct {
	const char *what;
	uint32_t source;
	const char *in, *next_hop;
	const char *why_not;
} owners[] = {
	{ "another's", 1, ORIGIN PATH_300, "192.0.2.1", NULL },
	{ "its own", EXPORTER_MEMBER, ORIGIN PATH_300, "192.0.2.1", "learned from" },
	{ "it is the originator", 1, ORIGIN PATH_300 "8009040a000003", "192.0.2.1",
	    "originator" },
	{ "another is the originator", 1, ORIGIN PATH_300 "8009040a000004", "192.0.2.1",
	    NULL },
	{ "its address is the next hop", 1, ORIGIN PATH_300, "10.0.0.3", "next hop" },
};

START_TEST(owner)
{
	struct exporter *e = exporter_new();
	struct group_key key = key_of(TO_CLIENT);
	struct prefix prefix = prefix_from("198.51.100.0/24");
	uint8_t in[256];
	struct path path;
	const char *why;
	uint32_t path_id;
	size_t len = hex_bytes(owners[_i].in, in, sizeof(in));

	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	exporter_drain(e);
	e->len = 0; /* End-of-RIB */
	exporter_announce(e, owners[_i].source, "198.51.100.0/24",
	    (struct slice){ in, len }, owners[_i].next_hop);
	exporter_drain(e);
	ck_assert_msg(
	    (e->len > 0) == (owners[_i].why_not == NULL), "%s", owners[_i].what);
	ck_assert(member_route(&e->member, rib_find(e->rib, &prefix), 0, &path,
		      &path_id) == (owners[_i].why_not == NULL));
	why = member_refusal(e->out, &e->member, dest_best(rib_find(e->rib, &prefix)));
	ck_assert(owners[_i].why_not == NULL ? why == NULL
					     : strstr(why, owners[_i].why_not) != NULL);
	exporter_free(e);
}
END_TEST

/* Where it held another's route before, it alone gets a withdrawal. */
START_TEST(owner_withdrawal)
{
	static const char withdrawal[] = "ff*16 001b 02 0004 18c63364 0000";
	struct exporter *e = exporter_new();
	struct group_key key = key_of(TO_CLIENT);
	uint8_t in[256], want[64];
	size_t len = hex_bytes(ORIGIN PATH_300 MED, in, sizeof(in));

	exporter_announce(
	    e, 2, "198.51.100.0/24", (struct slice){ in, len }, "192.0.2.1");
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	exporter_drain(e);
	ck_assert_uint_eq(member_sent_count(&e->member), 1);
	e->len = 0;
	/* A better one: shorter by its path. */
	len = hex_bytes(owners[_i].in, in, sizeof(in));
	exporter_announce(e, owners[_i].source, "198.51.100.0/24",
	    (struct slice){ in, len }, owners[_i].next_hop);
	exporter_drain(e);
	if (owners[_i].why_not == NULL) {
		ck_assert_uint_gt(e->len, 30);
	} else {
		ck_assert_uint_eq(e->len, hex_bytes(withdrawal, want, sizeof(want)));
		ck_assert(memcmp(e->octets, want, e->len) == 0);
	}
	exporter_free(e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("out_export");
	TCase *t = tcase_create("export");
	int n_owners = (int)(sizeof(owners) / sizeof(owners[0]));
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, edit, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, ipv6);
	tcase_add_loop_test(t, owner, 0, n_owners);
	tcase_add_loop_test(t, owner_withdrawal, 0, n_owners);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
