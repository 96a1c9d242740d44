// links: bgp_wire
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * OPEN: what is refused and how, what is ignored, round trips, negotiation.
 */
#include "bgp/open.h"
#include "hex.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* version, AS 64512, hold 90, id 192.168.2.1 */
#define HEAD "04 fc00 005a c0a80201 "
#define NO_ERROR 255

/* Bodies, behind the header. */
static const struct {
	const char *what;
	const char *in;
	uint8_t subcode;
	const char *data;
} judged[] = {
	/* RFC 4271 4.2, 6.2 */
	{ "no parameters", HEAD "00", NO_ERROR, "" },
	{ "version 3", "03 fc00 005a c0a80201 00", OPEN_BAD_VERSION, "0004" },
	{ "version 5", "05 fc00 005a c0a80201 00", OPEN_BAD_VERSION, "0004" },
	{ "version before all else", "03 0000 0001 00000000 ff", OPEN_BAD_VERSION,
	    "0004" },
	/* RFC 7607 2; RFC 6793 4.2.1: nor in the capability */
	{ "AS 0", "04 0000 005a c0a80201 00", OPEN_BAD_PEER_AS, "" },
	{ "AS 0 in the header alone", "04 0000 005a c0a80201 08 02 06 41 04 0000fc00",
	    OPEN_BAD_PEER_AS, "" },
	{ "AS 0 in AS4", HEAD "08 02 06 41 04 00000000", OPEN_BAD_PEER_AS, "" },
	/* RFC 4271 4.2: 0, or 3 at least */
	{ "hold time 0", "04 fc00 0000 c0a80201 00", NO_ERROR, "" },
	{ "hold time 1", "04 fc00 0001 c0a80201 00", OPEN_BAD_HOLD_TIME, "" },
	{ "hold time 2", "04 fc00 0002 c0a80201 00", OPEN_BAD_HOLD_TIME, "" },
	{ "hold time 3", "04 fc00 0003 c0a80201 00", NO_ERROR, "" },
	{ "identifier 0", "04 fc00 005a 00000000 00", OPEN_BAD_BGP_ID, "" },
	/* RFC 6286 2.1: it is a number, not an address */
	{ "identifier 1", "04 fc00 005a 00000001 00", NO_ERROR, "" },
	{ "identifier of ones", "04 fc00 005a ffffffff 00", NO_ERROR, "" },

	{ "parameters past the end", HEAD "05 02 02 02 00", OPEN_UNSPECIFIC, "" },
	{ "octets behind the parameters", HEAD "04 02 02 02 00 00", OPEN_UNSPECIFIC,
	    "" },
	{ "octets behind no parameters", HEAD "00 00", OPEN_UNSPECIFIC, "" },
	{ "length 255 and nothing", "04 dead 00de adbeef6b ff", OPEN_UNSPECIFIC, "" },
	{ "parameter without length", HEAD "01 02", OPEN_UNSPECIFIC, "" },
	{ "parameter past the end", HEAD "04 02 03 02 00", OPEN_UNSPECIFIC, "" },
	{ "empty parameter", HEAD "02 02 00", NO_ERROR, "" },
	{ "two parameters", HEAD "08 02 02 02 00 02 02 46 00", NO_ERROR, "" },
	/* RFC 4271 6.2: 2/4 */
	{ "authentication parameter", HEAD "03 01 01 00", OPEN_BAD_PARAMETER, "" },
	{ "unknown parameter", HEAD "04 63 02 02 00", OPEN_BAD_PARAMETER, "" },
	{ "255 not in front", HEAD "06 02 00 ff 02 00 00", OPEN_BAD_PARAMETER, "" },

	/* RFC 9072 2 */
	{ "extended, no room for a parameter", "04 dead 0005 c0a83901 ff ff 0002 0001",
	    OPEN_UNSPECIFIC, "" },
	{ "extended, empty", HEAD "ff ff 0000", NO_ERROR, "" },
	{ "extended, one capability", HEAD "ff ff 0005 02 0002 02 00", NO_ERROR, "" },
	{ "extended, length before it is free", HEAD "01 ff 0005 02 0002 02 00",
	    NO_ERROR, "" },
	{ "extended behind length 0", HEAD "00 ff 0005 02 0002 02 00", OPEN_UNSPECIFIC,
	    "" },
	{ "extended, cut length", HEAD "ff ff 00", OPEN_UNSPECIFIC, "" },
	{ "extended, length too large", HEAD "ff ff 0006 02 0002 02 00",
	    OPEN_UNSPECIFIC, "" },
	{ "extended, length too small", HEAD "ff ff 0004 02 0002 02 00",
	    OPEN_UNSPECIFIC, "" },
	{ "extended, short parameter header", HEAD "ff ff 0004 02 02 02 00",
	    OPEN_UNSPECIFIC, "" },
	{ "extended, parameter past the end", HEAD "ff ff 0005 02 0003 02 00",
	    OPEN_UNSPECIFIC, "" },

	/* RFC 5492 4 */
	{ "capability without length", HEAD "03 02 01 02", OPEN_UNSPECIFIC, "" },
	{ "capability past its parameter", HEAD "06 02 04 41 06 0000", OPEN_UNSPECIFIC,
	    "" },
	{ "capability reaching into the next parameter",
	    HEAD "0a 02 02 41 04 02 04 0000fc00", OPEN_UNSPECIFIC, "" },
	{ "AS4 of 4", HEAD "08 02 06 41 04 00010000", NO_ERROR, "" },
	{ "AS4 of 0", HEAD "08 02 06 41 00 02 00 46 00", OPEN_UNSPECIFIC, "" },
	{ "AS4 of 3", HEAD "07 02 05 41 03 000001", OPEN_UNSPECIFIC, "" },
	{ "AS4 of 5", HEAD "09 02 07 41 05 0000000001", OPEN_UNSPECIFIC, "" },
	{ "multiprotocol of 3", HEAD "07 02 05 01 03 000100", OPEN_UNSPECIFIC, "" },
	{ "multiprotocol of 0", HEAD "04 02 02 01 00", OPEN_UNSPECIFIC, "" },
	{ "multiprotocol of 5", HEAD "09 02 07 01 05 0001000100", OPEN_UNSPECIFIC, "" },
	/* RFC 5492 3: what is unknown is ignored */
	{ "unknown capabilities", HEAD "0c 02 0a fe 00 fe 00 00 00 82 02 ffff",
	    NO_ERROR, "" },
	{ "LLGR not of sevens", HEAD "0a 02 08 47 06 0001 01 80 0000", NO_ERROR, "" },
	{ "software version, inner length 0", HEAD "05 02 03 4b 01 00", NO_ERROR, "" },
	{ "software version, inner length past the end", HEAD "06 02 04 4b 02 ff 61",
	    NO_ERROR, "" },
	{ "software version, off by one", HEAD "07 02 05 4b 03 03 6161", NO_ERROR, "" },
	{ "FQDN of 0", HEAD "04 02 02 49 00", NO_ERROR, "" },
	{ "graceful restart of 1", HEAD "05 02 03 40 01 00", NO_ERROR, "" },
	/* RFC 8950 4: triples of 6 octets; another length is ignored, RFC 5492 3 */
	{ "extended next hop of 0", HEAD "04 02 02 05 00", NO_ERROR, "" },
	{ "extended next hop of 5", HEAD "09 02 07 05 05 0001000100", NO_ERROR, "" },
	{ "extended next hop of 6", HEAD "0a 02 08 05 06 000100010002", NO_ERROR, "" },
};

START_TEST(open_judged)
{
	uint8_t in[128], data[4];
	size_t len = hex_bytes(judged[_i].in, in, sizeof(in));
	size_t data_len = hex_bytes(judged[_i].data, data, sizeof(data));
	/* A copy of just the length: reading past it is seen by the sanitizer. */
	uint8_t *exact = malloc(len);
	struct bgp_error error = { 0 };
	struct open got;
	bool ok;

	memcpy(exact, in, len);
	ok = open_get((struct slice){ exact, len }, &got, &error);
	ck_assert_msg(ok == (judged[_i].subcode == NO_ERROR), "%s", judged[_i].what);
	if (!ok) {
		ck_assert_uint_eq(error.code, NOTIFY_OPEN);
		ck_assert_msg(error.subcode == judged[_i].subcode, "%s: %u",
		    judged[_i].what, error.subcode);
		ck_assert_uint_eq(error.data.len, data_len);
		if (data_len > 0)
			ck_assert_mem_eq(error.data.at, data, data_len);
	}
	free(exact);
}
END_TEST

static struct open
open_of(const char *text)
{
	uint8_t in[1024];
	size_t len = hex_bytes(text, in, sizeof(in));
	struct bgp_error error;
	struct open open;

	ck_assert_msg(open_get((struct slice){ in, len }, &open, &error), "%s", text);
	return open;
}

START_TEST(open_plain)
{
	struct open o = open_of(HEAD "00");

	ck_assert_uint_eq(o.as, 64512);
	ck_assert_uint_eq(o.hold_time_s, 90);
	ck_assert_uint_eq(o.bgp_id, 0xc0a80201);
	ck_assert(o.families[FAMILY_IPV4] && !o.families[FAMILY_IPV6]);
	ck_assert(
	    !o.as4 && !o.route_refresh && !o.enhanced_refresh && !o.extended_message);
	ck_assert(!o.graceful_restart);
	ck_assert_str_eq(o.hostname, "");
}
END_TEST

START_TEST(open_capabilities)
{
	struct open o =
	    open_of("04 5ba0 00b4 0a000001 28 02 26"
		    "01 04 0002 00 01  02 00  06 00  46 00  41 04 00010001"
		    "40 0a c078 0001 01 80 0002 01 00  49 06 02 6e31 02 6c61");

	ck_assert_uint_eq(o.as, 65537);
	ck_assert(o.as4 && o.route_refresh && o.enhanced_refresh && o.extended_message);
	ck_assert(!o.families[FAMILY_IPV4] && o.families[FAMILY_IPV6]);
	ck_assert(o.graceful_restart && o.restarting && o.notification_gr);
	ck_assert_uint_eq(o.restart_time_s, 120);
	ck_assert(o.gr_families[FAMILY_IPV4] && o.gr_families[FAMILY_IPV6]);
	ck_assert(o.forwarding[FAMILY_IPV4] && !o.forwarding[FAMILY_IPV6]);
	ck_assert_str_eq(o.hostname, "n1");
	ck_assert_str_eq(o.domain, "la");
}
END_TEST

/* RFC 7911 4: other values than 1, 2, 3 and other families are ignored; of two the last
 * counts; a length that is no multiple of four makes the capability malformed. */
START_TEST(open_add_path)
{
	struct open o = open_of(HEAD "0c 02 0a 45 08 0001 01 03 0002 01 02");

	ck_assert_uint_eq(o.add_path[FAMILY_IPV4], ADD_PATH_RECEIVE | ADD_PATH_SEND);
	ck_assert_uint_eq(o.add_path[FAMILY_IPV6], ADD_PATH_SEND);
	o = open_of(HEAD "10 02 0e 45 0c 0001 01 04 0001 80 01 0002 01 00");
	ck_assert_uint_eq(o.add_path[FAMILY_IPV4], 0);
	ck_assert_uint_eq(o.add_path[FAMILY_IPV6], 0);
	o = open_of(HEAD "0c 02 0a 45 08 0001 01 01 0001 01 02");
	ck_assert_uint_eq(o.add_path[FAMILY_IPV4], ADD_PATH_SEND);
	o = open_of(HEAD "09 02 07 45 05 0001 01 01 00");
	ck_assert_uint_eq(o.add_path[FAMILY_IPV4], 0);
}
END_TEST

/* RFC 4760 8: without the capability it is IPv4 unicast, with it what that says. */
START_TEST(open_families)
{
	struct open o = open_of(HEAD "08 02 06 01 04 0001 00 02"); /* multicast alone */

	ck_assert(!o.families[FAMILY_IPV4] && !o.families[FAMILY_IPV6]);
	o = open_of(HEAD "0e 02 0c 01 04 0001 ff 01 01 04 0019 00 46");
	ck_assert(o.families[FAMILY_IPV4] && !o.families[FAMILY_IPV6]);
}
END_TEST

/* RFC 4724 3, with the N bit of RFC 8538 2. */
START_TEST(open_graceful_restart)
{
	struct open o = open_of(HEAD "06 02 04 40 02 0fff");

	ck_assert(o.graceful_restart && !o.restarting && !o.notification_gr);
	ck_assert_uint_eq(o.restart_time_s, 4095);
	ck_assert(!o.gr_families[FAMILY_IPV4]);
	o = open_of(HEAD "06 02 04 40 02 8001");
	ck_assert(o.restarting && !o.notification_gr && o.restart_time_s == 1);
	o = open_of(HEAD "06 02 04 40 02 4001");
	ck_assert(!o.restarting && o.notification_gr);
	/* a bad length: ignored, and what was read before it stays */
	o = open_of(HEAD "07 02 05 40 03 80 78 00");
	ck_assert(!o.graceful_restart && !o.restarting);
	o = open_of(HEAD "09 02 07 40 05 8078 0001 01");
	ck_assert(!o.graceful_restart);
	/* the last of two counts, as a whole */
	o = open_of(HEAD "0e 02 0c 40 06 8078 0001 01 80 40 02 0005");
	ck_assert(o.graceful_restart && !o.restarting && o.restart_time_s == 5);
	ck_assert(!o.gr_families[FAMILY_IPV4] && !o.forwarding[FAMILY_IPV4]);
	/* a family that is not ours */
	o = open_of(HEAD "0a 02 08 40 06 0005 0019 46 80");
	ck_assert(o.graceful_restart && !o.gr_families[FAMILY_IPV4]);
}
END_TEST

/* RFC 9494 3.1: AFI, SAFI, F bit, 24 bits of seconds; RFC 9494 4.5: with RFC 4724's
 * capability alone. */
START_TEST(open_long_lived_restart)
{
	struct open o = open_of(HEAD "16 02 14 40 02 0078 47 0e"
				     "0001 01 80 ffffff 0002 01 7f 000001");

	ck_assert(o.long_lived_restart);
	ck_assert(o.ll_families[FAMILY_IPV4] && o.ll_families[FAMILY_IPV6]);
	ck_assert(o.ll_forwarding[FAMILY_IPV4] && !o.ll_forwarding[FAMILY_IPV6]);
	ck_assert_uint_eq(o.ll_stale_time_s[FAMILY_IPV4], 0xffffff);
	ck_assert_uint_eq(o.ll_stale_time_s[FAMILY_IPV6], 1);
	/* in front of the other, and for no family */
	o = open_of(HEAD "08 02 06 47 00 40 02 0078");
	ck_assert(o.long_lived_restart && !o.ll_families[FAMILY_IPV4]);
	/* without it */
	o = open_of(HEAD "0b 02 09 47 07 0001 01 80 00000a");
	ck_assert(!o.long_lived_restart && !o.ll_families[FAMILY_IPV4]);
	/* the last of two counts, as a whole */
	o = open_of(HEAD "18 02 16 40 02 0078 47 07 0001 01 80 00000a"
			 "47 07 0002 01 00 00000b");
	ck_assert(!o.ll_families[FAMILY_IPV4] && o.ll_families[FAMILY_IPV6]);
	/* a family that is not ours */
	o = open_of(HEAD "0f 02 0d 40 02 0078 47 07 0019 46 80 00000a");
	ck_assert(o.long_lived_restart && !o.ll_families[FAMILY_IPV4]);
	/* ROBUSTNESS 7: a length that is no multiple of seven */
	o = open_of(HEAD "10 02 0e 40 02 0078 47 08 0001 01 80 00000a 00");
	ck_assert(o.graceful_restart && !o.long_lived_restart);
	o = open_of(HEAD "0e 02 0c 40 02 0078 47 06 0001 01 80 0000");
	ck_assert(o.graceful_restart && !o.long_lived_restart);
}
END_TEST

static const struct {
	const char *what, *in, *hostname, *domain;
} names[] = {
	{ "both", "49 06 02 6e31 02 6c61", "n1", "la" },
	{ "no domain", "49 04 02 6e31 00", "n1", "" },
	{ "no hostname", "49 04 00 02 6c61", "", "la" },
	{ "control characters", "49 07 05 6e 1b 00 0a 80 00", "n????", "" },
	{ "blank", "49 05 03 61 20 62 00", "a?b", "" },
	{ "hostname past the end", "49 03 ff 6e31", "", "" },
	{ "hostname and no domain length", "49 03 02 6e31", "", "" },
	{ "domain past the end", "49 05 02 6e31 05 6c", "", "" },
	{ "octets behind", "49 06 02 6e31 01 6c 61", "", "" },
	{ "the last counts", "49 05 02 6e31 01 6c 49 03 01 78 00", "x", "" },
};

START_TEST(open_fqdn)
{
	char text[256];
	uint8_t octets[128];
	size_t len = hex_bytes(names[_i].in, octets, sizeof(octets));
	struct open o;

	snprintf(
	    text, sizeof(text), HEAD "%02zx 02 %02zx %s", len + 2, len, names[_i].in);
	o = open_of(text);
	ck_assert_msg(
	    strcmp(o.hostname, names[_i].hostname) == 0, "%s", names[_i].what);
	ck_assert_msg(strcmp(o.domain, names[_i].domain) == 0, "%s", names[_i].what);
}
END_TEST

/* RFC 8950 4 */
START_TEST(extended_next_hop)
{
	static const struct {
		const char *what, *in;
		bool want;
	} forms[] = {
		{ "IPv4 unicast by IPv6", "0a 02 08 05 06 000100010002", true },
		{ "… among others",
		    "16 02 14 05 12 000100020002 000100010002 000100800002", true },
		{ "… in a second capability", "0c 02 0a 05 00 05 06 000100010002",
		    true },
		{ "another SAFI", "0a 02 08 05 06 000100040002", false },
		{ "SAFI of two octets", "0a 02 08 05 06 000101010002", false },
		{ "another next hop", "0a 02 08 05 06 000100010001", false },
		{ "IPv6", "0a 02 08 05 06 000200010002", false },
		{ "seven octets", "0b 02 09 05 07 00010001000200", false },
		{ "twelve less one", "0f 02 0d 05 0b 0001000100020001000100", false },
		{ "none", "04 02 02 05 00", false },
	};
	char text[128];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct open o;

		snprintf(text, sizeof(text), HEAD "%s", forms[i].in);
		o = open_of(text);
		ck_assert_msg(
		    o.extended_next_hop == forms[i].want, "%s", forms[i].what);
	}
}
END_TEST

static void
round_trip(const struct open *in, const char *what)
{
	uint8_t buf[MESSAGE_MAX_LEN];
	struct wcur w = wcur_of(buf, sizeof(buf));
	struct bgp_error error;
	struct message msg;
	struct open out;

	open_put(&w, in);
	ck_assert_msg(!w.failed, "%s", what);
	ck_assert_int_eq(
	    message_frame(buf, wcur_len(&w), sizeof(buf), &msg, &error), FRAME_OK);
	ck_assert_uint_eq(msg.whole.len, wcur_len(&w));
	ck_assert_msg(open_get(msg.body, &out, &error), "%s", what);
	ck_assert_msg(memcmp(in, &out, sizeof(out)) == 0, "%s", what);
}

static struct open
open_full(void)
{
	struct open o;

	memset(&o, 0, sizeof(o));
	o.as = 4200000000;
	o.hold_time_s = 90;
	o.bgp_id = 0x0a000001;
	o.families[FAMILY_IPV4] = o.families[FAMILY_IPV6] = true;
	o.as4 = o.route_refresh = o.enhanced_refresh = o.extended_message = true;
	o.graceful_restart = o.restarting = o.notification_gr = true;
	o.restart_time_s = 4095;
	o.gr_families[FAMILY_IPV4] = o.gr_families[FAMILY_IPV6] = true;
	o.forwarding[FAMILY_IPV6] = true;
	strcpy(o.hostname, "node-1");
	strcpy(o.domain, "example.net");
	return o;
}

START_TEST(open_round)
{
	struct open o = open_full();

	round_trip(&o, "full");
	o.long_lived_restart = o.ll_families[FAMILY_IPV6] = true;
	o.ll_forwarding[FAMILY_IPV6] = true;
	o.ll_stale_time_s[FAMILY_IPV6] = 0xabcdef;
	round_trip(&o, "long-lived restart");
	o.add_path[FAMILY_IPV4] = ADD_PATH_RECEIVE | ADD_PATH_SEND;
	o.add_path[FAMILY_IPV6] = ADD_PATH_RECEIVE;
	round_trip(&o, "add-path");
	o.extended_next_hop = true;
	round_trip(&o, "extended next hop");
	o.extended_next_hop = false;
	memset(o.add_path, 0, sizeof(o.add_path));
	o.families[FAMILY_IPV4] = false;
	o.restarting = o.forwarding[FAMILY_IPV6] = false;
	round_trip(&o, "less");
	o.as = 64512;
	round_trip(&o, "2-octet AS");
	memset(&o, 0, sizeof(o));
	o.as = 1;
	o.bgp_id = 1;
	o.families[FAMILY_IPV4] = true;
	round_trip(&o, "plain");
}
END_TEST

/* RFC 5492 4: all in one parameter; RFC 6793 4.2.1: AS_TRANS for what does not fit. */
START_TEST(open_wire)
{
	struct open o = open_full();
	uint8_t got[512], want[512];
	struct wcur w = wcur_of(got, sizeof(got));
	size_t len = hex_bytes("ff*16 0058 01 04 5ba0 005a 0a000001 3b 02 39"
			       "01 04 0001 00 01 01 04 0002 00 01 02 00 06 00"
			       "40 0a cfff 0001 01 00 0002 01 80 41 04 fa56ea00 46 00"
			       "49 13 06 6e6f64652d31 0b 6578616d706c652e6e6574",
	    want, sizeof(want));

	open_put(&w, &o);
	ck_assert_uint_eq(wcur_len(&w), len);
	ck_assert_mem_eq(got, want, len);
}
END_TEST

/* RFC 9072 2: one octet decides which form is used. */
START_TEST(open_forms)
{
	struct open o = open_full();
	uint8_t buf[1024];
	struct wcur w;
	size_t i;

	memset(o.domain, 0, sizeof(o.domain));
	for (i = 150; i < 253; i++) {
		memset(o.hostname, 0, sizeof(o.hostname));
		memset(o.hostname, 'h', i);
		round_trip(&o, "long hostname");
		w = wcur_of(buf, sizeof(buf));
		open_put(&w, &o);
		/* capabilities but FQDN take 36 octets, FQDN 4 more than the name */
		if (2 + 36 + 4 + i <= 255) {
			ck_assert_uint_eq(buf[28], 2 + 36 + 4 + i);
			ck_assert_uint_eq(buf[29], 2);
		} else {
			ck_assert_uint_eq(buf[28], 255);
			ck_assert_uint_eq(buf[29], 255);
			ck_assert_uint_eq(get_u16(buf + 30), 3 + 36 + 4 + i);
		}
	}
}
END_TEST

/* Names that no capability can hold are cut. */
START_TEST(open_long_names)
{
	struct open o = open_full(), got;
	uint8_t buf[1024];
	struct wcur w = wcur_of(buf, sizeof(buf));
	struct bgp_error error;

	memset(o.hostname, 'h', FQDN_MAX_LEN);
	o.hostname[FQDN_MAX_LEN] = '\0';
	memset(o.domain, 'd', FQDN_MAX_LEN);
	o.domain[FQDN_MAX_LEN] = '\0';
	open_put(&w, &o);
	ck_assert(!w.failed);
	ck_assert(
	    open_get((struct slice){ buf + 19, wcur_len(&w) - 19 }, &got, &error));
	ck_assert_uint_eq(strlen(got.hostname), 253);
	ck_assert_str_eq(got.domain, "");
	o.hostname[200] = '\0';
	w = wcur_of(buf, sizeof(buf));
	open_put(&w, &o);
	ck_assert(
	    open_get((struct slice){ buf + 19, wcur_len(&w) - 19 }, &got, &error));
	ck_assert_uint_eq(strlen(got.hostname), 200);
	ck_assert_uint_eq(strlen(got.domain), 53);
}
END_TEST

/* Whatever one side lacks is off; RFC 4271 4.2, 4.4: the smaller hold time, a third of
 * it. */
START_TEST(negotiate)
{
	struct open a = open_full(), b = open_full();
	struct session_params p;

	a.extended_next_hop = true;
	ck_assert(!open_negotiate(&a, &b).extended_next_hop);
	ck_assert(!open_negotiate(&b, &a).extended_next_hop);
	b.extended_next_hop = true;
	ck_assert(open_negotiate(&a, &b).extended_next_hop);
	b.families[FAMILY_IPV4] = false;
	ck_assert(!open_negotiate(&a, &b).extended_next_hop);
	b.families[FAMILY_IPV4] = true;
	a.add_path[FAMILY_IPV4] = b.add_path[FAMILY_IPV4] =
	    ADD_PATH_RECEIVE | ADD_PATH_SEND;
	p = open_negotiate(&a, &b);
	ck_assert(p.families[FAMILY_IPV4] && p.families[FAMILY_IPV6]);
	ck_assert(p.as4 && p.route_refresh && p.enhanced_refresh && p.extended_message);
	ck_assert_uint_eq(p.hold_time_s, 90);
	ck_assert_uint_eq(p.keepalive_s, 30);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV4], ADD_PATH_RECEIVE | ADD_PATH_SEND);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV6], 0);
	/* One side's sending is the other's receiving: RFC 7911 4. */
	b.add_path[FAMILY_IPV4] = ADD_PATH_SEND;
	p = open_negotiate(&a, &b);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV4], ADD_PATH_RECEIVE);
	p = open_negotiate(&b, &a);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV4], ADD_PATH_SEND);
	a.add_path[FAMILY_IPV4] = ADD_PATH_SEND;
	p = open_negotiate(&b, &a);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV4], 0);
	a.add_path[FAMILY_IPV4] = ADD_PATH_RECEIVE;
	b.families[FAMILY_IPV4] = false;
	p = open_negotiate(&a, &b);
	ck_assert_uint_eq(p.add_path[FAMILY_IPV4], 0);
	b.families[FAMILY_IPV4] = true;
	b.hold_time_s = 3;
	b.families[FAMILY_IPV6] = false;
	b.as4 = b.enhanced_refresh = false;
	a.route_refresh = a.extended_message = false;
	p = open_negotiate(&a, &b);
	ck_assert(p.families[FAMILY_IPV4] && !p.families[FAMILY_IPV6]);
	ck_assert(
	    !p.as4 && !p.route_refresh && !p.enhanced_refresh && !p.extended_message);
	ck_assert_uint_eq(p.hold_time_s, 3);
	ck_assert_uint_eq(p.keepalive_s, 1);
	p = open_negotiate(&b, &a);
	ck_assert(!p.as4 && !p.route_refresh && !p.families[FAMILY_IPV6]);
	ck_assert_uint_eq(p.hold_time_s, 3);
	a.hold_time_s = 0;
	p = open_negotiate(&a, &b);
	ck_assert_uint_eq(p.hold_time_s, 0);
	ck_assert_uint_eq(p.keepalive_s, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("open");
	TCase *t = tcase_create("open");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, open_judged, 0, sizeof(judged) / sizeof(judged[0]));
	tcase_add_test(t, open_plain);
	tcase_add_test(t, extended_next_hop);
	tcase_add_test(t, open_capabilities);
	tcase_add_test(t, open_families);
	tcase_add_test(t, open_add_path);
	tcase_add_test(t, open_graceful_restart);
	tcase_add_test(t, open_long_lived_restart);
	tcase_add_loop_test(t, open_fqdn, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(t, open_round);
	tcase_add_test(t, open_wire);
	tcase_add_test(t, open_forms);
	tcase_add_test(t, open_long_names);
	tcase_add_test(t, negotiate);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
