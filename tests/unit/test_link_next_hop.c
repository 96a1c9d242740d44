// links: bgp_out
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Next hops that are on a link (RFC 2545 3) and IPv6 next hops of IPv4 routes (RFC
 * 8950): how they resolve, and what of them is sent to whom.
 */
#include "exporter.h"

#include <check.h>
#include <stdlib.h>

enum { LINK = 7, OTHER_LINK = 8 };

#define GLOBAL "2001:db8::9"
#define LOCAL "fe80::9"
#define SELF "2001:db8::1"
#define SELF_LOCAL "fe80::1"

/* A next hop's octets as the speaker interns them; "" is none, link 0 unknown. */
static struct slice
hop_octets(const char *global, const char *local, uint32_t link, uint8_t buf[36])
{
	size_t len = 0;
	struct addr a;

	if (global[0] != '\0') {
		a = addr_of(global);
		len = family_addr_len((enum family)a.family);
		memcpy(buf, a.bytes, len);
	}
	if (local[0] != '\0') {
		a = addr_of(local);
		memcpy(buf + len, a.bytes, 16);
		len += 16;
	}
	if (link != 0) {
		put_u32(buf + len, link);
		len += NEXT_HOP_LINK_LEN;
	}
	return (struct slice){ buf, len };
}

static void
announce(struct exporter *e, const char *prefix, const char *global, const char *local,
    uint32_t link)
{
	static const uint8_t block[] = { 0x40, 1, 1, 0, 0x40, 2, 0 };
	struct prefix p = prefix_from(prefix);
	uint8_t buf[36];
	struct attrs *attrs =
	    attrs_from_block(e->attrs, (struct slice){ block, sizeof(block) },
		hop_octets(global, local, link, buf));

	ck_assert_ptr_nonnull(attrs);
	rib_announce(e->rib, 1, &p, 0, attrs, 0, 1);
	attrs_unref(e->attrs, attrs);
}

/* ---- resolution ---- */

static const struct {
	const char *what;
	const char *global, *local;
	uint32_t link;
	const char *route, *route_gateway; /* on LINK, or OTHER_LINK with a gateway */
	bool usable;                       /* the link */
	bool reachable;
	const char *gateway;
	uint32_t ifindex;
} resolved[] = {
	{ "link-local, on its link", "", LOCAL, LINK, NULL, NULL, true, true, LOCAL,
	    LINK },
	{ "its link is down", "", LOCAL, LINK, NULL, NULL, false, false, "-", 0 },
	{ "of no link that is known", LOCAL, "", 0, "::/0", "fd00::1", true, false, "-",
	    0 },
	{ "no route leads to a link-local address", "", LOCAL, LINK, "::/0", "fd00::1",
	    false, false, "-", 0 },
	{ "a global one on the same link", GLOBAL, LOCAL, LINK, "2001:db8::/64", "",
	    true, true, GLOBAL, LINK },
	{ "a global one on a subnet we lack", GLOBAL, LOCAL, LINK, NULL, NULL, true,
	    true, LOCAL, LINK },
	{ "a global one behind another router", GLOBAL, LOCAL, LINK, "2001:db8::/64",
	    "fd00::1", true, true, LOCAL, LINK },
	{ "… and the link is down", GLOBAL, LOCAL, LINK, "2001:db8::/64", "fd00::1",
	    false, false, "-", 0 },
	{ "a global one alone", GLOBAL, "", 0, "2001:db8::/64", "fd00::1", true, true,
	    "fd00::1", OTHER_LINK },
};

START_TEST(resolution)
{
	/* RFC 8950: the destination's family does not matter */
	const char *prefixes[] = { "fd09::/64", "192.0.2.0/24" };

	for (int f = 0; f < 2; f++) {
		struct exporter *e = exporter_new();
		char text[ADDR_TEXT_LEN];
		const struct nexthop *nh;
		struct prefix p = prefix_from(prefixes[f]);

		rib_set_resolution(e->rib, true, true);
		if (resolved[_i].route != NULL) {
			struct igp_route r = { .prefix =
						   prefix_from(resolved[_i].route),
				.gateway = addr_none(),
				.metric = 5,
				.ifindex = LINK };

			if (resolved[_i].route_gateway[0] != '\0') {
				r.gateway = addr_of(resolved[_i].route_gateway);
				r.ifindex = OTHER_LINK;
			}
			rib_igp_set(e->rib, &r);
		}
		announce(e, prefixes[f], resolved[_i].global, resolved[_i].local,
		    resolved[_i].link);
		/* The other link says nothing of this one. */
		rib_link(e->rib, OTHER_LINK, true);
		rib_link(e->rib, LINK, true);
		rib_link(e->rib, LINK + 2, true);
		if (!resolved[_i].usable)
			rib_link(e->rib, LINK, false);
		rib_resolve(e->rib);
		while (rib_work(e->rib, 10))
			continue;
		nh = rib_first_nexthop(e->rib);
		ck_assert_msg(
		    (nh->state == NEXTHOP_REACHABLE) == resolved[_i].reachable, "%s",
		    resolved[_i].what);
		ck_assert_str_eq(addr_format(&nh->gateway, text), resolved[_i].gateway);
		ck_assert_uint_eq(nh->ifindex, resolved[_i].ifindex);
		ck_assert((dest_best(rib_find(e->rib, &p)) != NULL) ==
			  resolved[_i].reachable);
		exporter_free(e);
	}
}
END_TEST

/* The same address on two links is two next hops; ours on a third is none of them. */
START_TEST(two_links)
{
	struct exporter *e = exporter_new();
	struct addr local = addr_of(LOCAL);
	unsigned n = 0, own = 0;

	rib_set_resolution(e->rib, true, true);
	rib_link(e->rib, LINK, true);
	rib_link(e->rib, OTHER_LINK, true);
	rib_own_address(e->rib, &local, 3, true);
	announce(e, "fd01::/64", "", LOCAL, LINK);
	announce(e, "fd02::/64", "", LOCAL, OTHER_LINK);
	rib_resolve(e->rib);
	for (const struct nexthop *nh = rib_first_nexthop(e->rib); nh != NULL;
	     nh = nh->all_next) {
		n++;
		own += nh->own;
		ck_assert_uint_eq(nh->state, NEXTHOP_REACHABLE);
		ck_assert_uint_eq(nh->ifindex, nh->link);
	}
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(own, 0);
	/* RFC 4271 5.1.3: our own address there is no next hop.  Others have several
	 * addresses, and all container links the same one. */
	for (uint32_t link = 100; link > 0; link--)
		if (link != OTHER_LINK) {
			struct addr other = addr_of("fe80::77");

			rib_own_address(e->rib, &other, link, true);
			rib_own_address(e->rib, &local, link, true);
			rib_own_address(e->rib, &local, link, true);
			if (link != LINK)
				rib_own_address(e->rib, &local, link, false);
			rib_own_address(e->rib, &other, link, link % 2 == 0);
		}
	rib_resolve(e->rib);
	for (const struct nexthop *nh = rib_first_nexthop(e->rib); nh != NULL;
	     nh = nh->all_next)
		ck_assert(nh->own == (nh->link == LINK));
	rib_own_address(e->rib, &local, LINK, false);
	rib_resolve(e->rib);
	for (const struct nexthop *nh = rib_first_nexthop(e->rib); nh != NULL;
	     nh = nh->all_next)
		ck_assert(!nh->own);
	exporter_free(e);
}
END_TEST

/* ---- export ---- */

enum tweak {
	EBGP = 1 << 0,
	HOP_SELF = 1 << 1,
	UNCHANGED = 1 << 2,
	ON_LINK = 1 << 3,   /* the member is on LINK */
	ON_OTHER = 1 << 4,  /* … on OTHER_LINK */
	NO_GLOBAL = 1 << 5, /* self is link-local alone */
	NO_SELF = 1 << 6,   /* IPv4 without an address */
	EXTENDED = 1 << 7,  /* RFC 8950; self is IPv6 */
	SHARED = 1 << 8,    /* 2001:db8::/64 is on the link */
	WITH_LOCAL_SELF = 1 << 9,
};

static const struct {
	const char *what;
	const char *prefix;
	const char *global,
	    *local; /* as received, on LINK where there is a local one */
	unsigned key;
	const char *want, *want_local; /* NULL: not sent */
} exported[] = {
	/* RFC 2545 3: both to a peer on the subnet, else the global one alone */
	{ "self, on the link", "fd01::/64", GLOBAL, "",
	    EBGP | ON_LINK | WITH_LOCAL_SELF, SELF, SELF_LOCAL },
	{ "self, elsewhere", "fd01::/64", GLOBAL, "", EBGP, SELF, "" },
	{ "self, a link without a global address", "fd01::/64", GLOBAL, "",
	    EBGP | ON_LINK | NO_GLOBAL, SELF_LOCAL, "" },
	{ "a third party's, on its link", "fd01::/64", GLOBAL, LOCAL, ON_LINK, GLOBAL,
	    LOCAL },
	{ "… to eBGP on the shared subnet", "fd01::/64", GLOBAL, LOCAL,
	    EBGP | ON_LINK | SHARED, GLOBAL, LOCAL },
	{ "… to another link", "fd01::/64", GLOBAL, LOCAL, ON_OTHER, GLOBAL, "" },
	{ "… to no link", "fd01::/64", GLOBAL, LOCAL, 0, GLOBAL, "" },
	{ "… unchanged to eBGP elsewhere", "fd01::/64", GLOBAL, LOCAL,
	    EBGP | ON_OTHER | UNCHANGED, GLOBAL, "" },

	/* A link-local one alone never leaves its link. */
	{ "link-local, on its link", "fd01::/64", "", LOCAL, ON_LINK, LOCAL, "" },
	{ "link-local to another link: self", "fd01::/64", "", LOCAL, ON_OTHER, SELF,
	    "" },
	{ "link-local to no link: self", "fd01::/64", "", LOCAL, 0, SELF, "" },
	{ "link-local to eBGP: self", "fd01::/64", "", LOCAL, EBGP | ON_LINK, SELF,
	    "" },
	{ "link-local unchanged, on its link", "fd01::/64", "", LOCAL,
	    EBGP | ON_LINK | UNCHANGED, LOCAL, "" },
	{ "link-local unchanged to another link", "fd01::/64", "", LOCAL,
	    ON_OTHER | UNCHANGED, NULL, "" },
	{ "link-local unchanged to no link", "fd01::/64", "", LOCAL, UNCHANGED, NULL,
	    "" },
	{ "link-local, self", "fd01::/64", "", LOCAL, ON_OTHER | HOP_SELF, SELF, "" },

	/* RFC 8950 3, 4 */
	{ "IPv4 by IPv6, not agreed on", "192.0.2.0/24", GLOBAL, "", 0, NULL, "" },
	{ "IPv4 by IPv6", "192.0.2.0/24", GLOBAL, "", EXTENDED, GLOBAL, "" },
	{ "IPv4 by IPv6, self", "192.0.2.0/24", "10.0.0.9", "", EBGP | EXTENDED, SELF,
	    "" },
	{ "… with both addresses", "192.0.2.0/24", "10.0.0.9", "",
	    EBGP | EXTENDED | ON_LINK | WITH_LOCAL_SELF, SELF, SELF_LOCAL },
	{ "… link-local alone", "192.0.2.0/24", "10.0.0.9", "",
	    EBGP | EXTENDED | ON_LINK | NO_GLOBAL, SELF_LOCAL, "" },
	{ "IPv4 by IPv4 to one that takes both", "192.0.2.0/24", "10.0.0.9", "",
	    EXTENDED, "10.0.0.9", "" },
	{ "IPv4 by link-local to IPv4: self", "192.0.2.0/24", "", LOCAL, 0,
	    "10.0.0.100", "" },
	{ "… no address of ours", "192.0.2.0/24", "", LOCAL, NO_SELF, NULL, "" },
	{ "… on its link", "192.0.2.0/24", "", LOCAL, EXTENDED | ON_LINK, LOCAL, "" },
	{ "… to another link", "192.0.2.0/24", "", LOCAL, EXTENDED | ON_OTHER, SELF,
	    "" },
	{ "IPv6 by nothing of ours", "fd01::/64", "10.0.0.9", "", EXTENDED, NULL, "" },
};

static struct group_key
key_of(unsigned tweaks, enum family family)
{
	struct group_key key;

	group_key_init(&key, family);
	key.ebgp = (tweaks & EBGP) != 0;
	key.as4 = key.passes = 1;
	key.local_as = 1;
	key.next_hop = tweaks & HOP_SELF    ? OUT_NEXT_HOP_SELF
		       : tweaks & UNCHANGED ? OUT_NEXT_HOP_UNCHANGED
					    : OUT_NEXT_HOP_AUTO;
	key.extended_next_hop = family == FAMILY_IPV4 && (tweaks & EXTENDED) != 0;
	key.link = tweaks & ON_LINK ? LINK : tweaks & ON_OTHER ? OTHER_LINK : 0;
	if (family == FAMILY_IPV4 && !key.extended_next_hop)
		key.self = tweaks & NO_SELF ? addr_none() : addr_of("10.0.0.100");
	else
		key.self = addr_of(tweaks & NO_GLOBAL ? SELF_LOCAL : SELF);
	if (tweaks & WITH_LOCAL_SELF)
		key.self_link_local = addr_of(SELF_LOCAL);
	if (tweaks & SHARED)
		key.shared = prefix_from("2001:db8::/64");
	return key;
}

/* MP_REACH stands first: RFC 7606 5.1.  Its next hop, as on the wire. */
static struct slice
wire_next_hop(const struct exporter *e, const struct prefix *prefix)
{
	const uint8_t *at = e->octets + MESSAGE_HEADER_LEN + 4;
	struct attribute a;

	if (at[1] != ATTRIBUTE_MP_REACH) {
		ck_assert(attribute_find(
		    (struct slice){ at, get_u16(at - 2) }, ATTRIBUTE_NEXT_HOP, &a));
		return a.value;
	}
	ck_assert_uint_eq(get_u16(at + 4), family_afi((enum family)prefix->family));
	ck_assert_uint_eq(at[6], SAFI_UNICAST);
	/* what lies behind it is reserved, and the prefix */
	ck_assert_uint_eq(at[8 + at[7]], 0);
	ck_assert_uint_eq(at[9 + at[7]], prefix->bits);
	/* no NEXT_HOP beside it: RFC 4760 3 */
	ck_assert(!attribute_find(
	    (struct slice){ at, get_u16(at - 2) }, ATTRIBUTE_NEXT_HOP, &a));
	return (struct slice){ at + 8, at[7] };
}

START_TEST(export)
{
	struct exporter *e = exporter_new();
	struct prefix prefix = prefix_from(exported[_i].prefix);
	struct group_key key = key_of(exported[_i].key, (enum family)prefix.family);
	uint8_t want[36];
	struct slice hop, wire;

	rib_link(e->rib, LINK, true);
	rib_peer(e->rib, 1)->ebgp = true;
	announce(e, exported[_i].prefix, exported[_i].global, exported[_i].local,
	    exported[_i].local[0] != '\0' ? LINK : 0);
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	exporter_drain(e);
	ck_assert_msg(
	    member_sent_count(&e->member) == (exported[_i].want != NULL ? 1 : 0), "%s",
	    exported[_i].what);
	if (exported[_i].want != NULL) {
		hop = hop_octets(exported[_i].want, exported[_i].want_local, 0, want);
		wire = wire_next_hop(e, &prefix);
		ck_assert_msg(
		    wire.len == hop.len && memcmp(wire.at, hop.at, hop.len) == 0,
		    "%s: %zu octets", exported[_i].what, wire.len);
	}
	exporter_free(e);
}
END_TEST

/* RFC 4760 5, RFC 8950 3: an IPv4 route is withdrawn in the field of RFC 4271 4.3,
 * whatever its next hop was.
 */
START_TEST(withdrawal)
{
	struct exporter *e = exporter_new();
	struct prefix prefix = prefix_from("192.0.2.0/24");
	struct group_key key = key_of(EBGP | EXTENDED, FAMILY_IPV4);
	uint8_t want[64];
	size_t len = hex_bytes("ff*16 001b 02 0004 18c00002 0000", want, sizeof(want));

	announce(e, "192.0.2.0/24", "10.0.0.9", "", 0);
	out_join(e->out, &e->member, EXPORTER_MEMBER, &key);
	exporter_drain(e);
	e->len = 0;
	ck_assert(rib_withdraw(e->rib, 1, &prefix, 0));
	exporter_drain(e);
	ck_assert_uint_eq(e->len, len);
	ck_assert_mem_eq(e->octets, want, len);
	exporter_free(e);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("link_next_hop");
	TCase *tc = tcase_create("link_next_hop");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, resolution, 0, (int)(sizeof(resolved) / sizeof(resolved[0])));
	tcase_add_test(tc, two_links);
	tcase_add_loop_test(
	    tc, export, 0, (int)(sizeof(exported) / sizeof(exported[0])));
	tcase_add_test(tc, withdrawal);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
