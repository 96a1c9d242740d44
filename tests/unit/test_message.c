// links: bgp_wire
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Framing, NOTIFICATION, KEEPALIVE and ROUTE-REFRESH.
 */
#include "bgp/message.h"
#include "hex.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKER "ff*16 "

/* Only so many octets as the text has are there. */
static const struct {
	const char *what;
	const char *in;
	size_t max_len;
	enum frame_status want;
	uint8_t subcode;
	const char *data;
} frames[] = {
	/* RFC 4271 4.1: a header is 19 octets; 6.1: marker, length, type */
	{ "nothing", "", 4096, FRAME_MORE, 0, "" },
	{ "18 octets", MARKER "0013", 4096, FRAME_MORE, 0, "" },
	{ "bad marker needs all 19", "00*18", 4096, FRAME_MORE, 0, "" },
	{ "KEEPALIVE", MARKER "0013 04", 4096, FRAME_OK, 0, "" },
	{ "KEEPALIVE and more behind", MARKER "0013 04 ff", 4096, FRAME_OK, 0, "" },
	{ "marker of zeros", "00*16 0013 04", 4096, FRAME_BAD, 1, "" },
	{ "one bit in the marker", "ff*15 fe 0013 04", 4096, FRAME_BAD, 1, "" },
	{ "one bit in its first half", "fe ff*15 0013 04", 4096, FRAME_BAD, 1, "" },
	{ "length 0", MARKER "0000 04", 4096, FRAME_BAD, 2, "0000" },
	{ "length 18", MARKER "0012 04", 4096, FRAME_BAD, 2, "0012" },
	/* RFC 4271 4.4: it has exactly 19 */
	{ "KEEPALIVE of 20", MARKER "0014 04 00", 4096, FRAME_BAD, 2, "0014" },
	/* RFC 4271 4.2; RFC 8654 4: never longer than 4096 */
	{ "OPEN of 28", MARKER "001c 01", 4096, FRAME_BAD, 2, "001c" },
	{ "OPEN of 29, header alone", MARKER "001d 01", 4096, FRAME_MORE, 0, "" },
	{ "OPEN of 29", MARKER "001d 01 00*10", 4096, FRAME_OK, 0, "" },
	{ "OPEN of 4096", MARKER "1000 01", 65535, FRAME_MORE, 0, "" },
	{ "OPEN of 4097, extended", MARKER "1001 01", 65535, FRAME_BAD, 2, "1001" },
	/* RFC 4271 4.3: 23 at least; RFC 8654 4: up to 65535 where that was agreed */
	{ "UPDATE of 22", MARKER "0016 02", 4096, FRAME_BAD, 2, "0016" },
	{ "UPDATE of 23", MARKER "0017 02 00*4", 4096, FRAME_OK, 0, "" },
	{ "UPDATE of 4096", MARKER "1000 02", 4096, FRAME_MORE, 0, "" },
	{ "UPDATE of 4097", MARKER "1001 02", 4096, FRAME_BAD, 2, "1001" },
	{ "UPDATE of 4097, extended", MARKER "1001 02", 65535, FRAME_MORE, 0, "" },
	{ "UPDATE of 65535, extended", MARKER "ffff 02", 65535, FRAME_MORE, 0, "" },
	/* RFC 4271 4.5 */
	{ "NOTIFICATION of 20", MARKER "0014 03 06", 4096, FRAME_BAD, 2, "0014" },
	{ "NOTIFICATION of 21", MARKER "0015 03 06 02", 4096, FRAME_OK, 0, "" },
	/* RFC 7313 5: what is too short is for its own reader to refuse. */
	{ "ROUTE-REFRESH of 22", MARKER "0016 05 0001 00", 4096, FRAME_OK, 0, "" },
	{ "ROUTE-REFRESH of 18", MARKER "0012 05", 4096, FRAME_BAD, 2, "0012" },
	{ "ROUTE-REFRESH of 23", MARKER "0017 05 0001 00 01", 4096, FRAME_OK, 0, "" },
	/* RFC 4271 6.1 */
	{ "type 0", MARKER "0013 00", 4096, FRAME_BAD, 3, "00" },
	{ "type 6, dynamic capability", MARKER "0013 06", 4096, FRAME_BAD, 3, "06" },
	{ "type 255", MARKER "0013 ff", 4096, FRAME_BAD, 3, "ff" },
	{ "length before type", MARKER "0012 ff", 4096, FRAME_BAD, 2, "0012" },
};

START_TEST(frame_case)
{
	uint8_t in[128], data[8];
	size_t len = hex_bytes(frames[_i].in, in, sizeof(in));
	size_t data_len = hex_bytes(frames[_i].data, data, sizeof(data));
	struct message got = { 0 };
	struct bgp_error error = { 0 };
	enum frame_status st = message_frame(in, len, frames[_i].max_len, &got, &error);

	ck_assert_msg(st == frames[_i].want, "%s: %d", frames[_i].what, (int)st);
	if (st == FRAME_OK) {
		ck_assert_uint_eq(got.type, in[18]);
		ck_assert_ptr_eq(got.whole.at, in);
		ck_assert_uint_eq(got.whole.len, get_u16(in + 16));
		ck_assert_ptr_eq(got.body.at, in + 19);
		ck_assert_uint_eq(got.body.len, got.whole.len - 19);
	}
	if (st != FRAME_BAD)
		return;
	ck_assert_uint_eq(error.code, NOTIFY_HEADER);
	ck_assert_msg(error.subcode == frames[_i].subcode, "%s", frames[_i].what);
	ck_assert_uint_eq(error.data.len, data_len);
	ck_assert_mem_eq(error.data.at, data, data_len);
}
END_TEST

static void
frame_of(const struct wcur *w, struct message *msg)
{
	struct bgp_error error;

	ck_assert(!w->failed);
	ck_assert_int_eq(
	    message_frame(w->start, wcur_len(w), 4096, msg, &error), FRAME_OK);
	ck_assert_uint_eq(msg->whole.len, wcur_len(w));
}

/* RFC 4271 4.4 */
START_TEST(keepalive)
{
	uint8_t buf[32], want[32];
	struct wcur w = wcur_of(buf, sizeof(buf));
	struct message msg;

	keepalive_put(&w);
	frame_of(&w, &msg);
	ck_assert_uint_eq(
	    wcur_len(&w), hex_bytes(MARKER "0013 04", want, sizeof(want)));
	ck_assert_mem_eq(buf, want, 19);
	w = wcur_of(buf, 18);
	keepalive_put(&w);
	ck_assert(w.failed);
}
END_TEST

START_TEST(second_message_of_a_buffer)
{
	uint8_t buf[64];
	struct wcur w = wcur_of(buf, sizeof(buf));

	keepalive_put(&w);
	refresh_put(&w, &(struct refresh){ AFI_IPV6, REFRESH_END, SAFI_UNICAST });
	ck_assert_uint_eq(wcur_len(&w), 19 + 23);
	ck_assert_uint_eq(get_u16(buf + 16), 19);
	ck_assert_uint_eq(get_u16(buf + 19 + 16), 23);
}
END_TEST

START_TEST(refresh_round)
{
	struct refresh in = { AFI_IPV6, REFRESH_BEGIN, SAFI_UNICAST }, out;
	uint8_t buf[32];
	struct wcur w = wcur_of(buf, sizeof(buf));
	struct bgp_error error;
	struct message msg;

	refresh_put(&w, &in);
	frame_of(&w, &msg);
	ck_assert(refresh_get(&msg, &out, &error));
	ck_assert_uint_eq(out.afi, AFI_IPV6);
	ck_assert_uint_eq(out.subtype, REFRESH_BEGIN);
	ck_assert_uint_eq(out.safi, SAFI_UNICAST);
}
END_TEST

/* RFC 7313 5: an ORF body whose length runs past the message, and anything else but 4
 * octets. */
static const char *const bad_refreshes[] = {
	MARKER "0018 05 0001 00 01 00",
	MARKER "001c 05 0001 00 01 01 80 ffff 00",
};

START_TEST(refresh_bad)
{
	uint8_t in[64];
	size_t len = hex_bytes(bad_refreshes[_i], in, sizeof(in));
	struct bgp_error error = { 0 };
	struct refresh out;
	struct message msg;

	ck_assert_int_eq(message_frame(in, len, 4096, &msg, &error), FRAME_OK);
	ck_assert(!refresh_get(&msg, &out, &error));
	ck_assert_uint_eq(error.code, NOTIFY_REFRESH);
	ck_assert_uint_eq(error.subcode, 1);
	ck_assert_ptr_eq(error.data.at, in);
	ck_assert_uint_eq(error.data.len, len);
}
END_TEST

/* RFC 4271 4.5: what does not fit into 4096 octets is cut. */
START_TEST(notification_round)
{
	static uint8_t data[70000], buf[5000];
	size_t lens[] = { 0, 1, 4075, 4076, 65535 };
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct bgp_error in = { NOTIFY_UPDATE, 9, { data, lens[i] } }, out;
		struct wcur w = wcur_of(buf, sizeof(buf));
		struct message msg;

		notification_put(&w, &in);
		frame_of(&w, &msg);
		out = notification_get(msg.body);
		ck_assert_uint_eq(out.code, NOTIFY_UPDATE);
		ck_assert_uint_eq(out.subcode, 9);
		ck_assert_uint_eq(out.data.len, lens[i] < 4075 ? lens[i] : 4075);
		ck_assert_mem_eq(out.data.at, data, out.data.len);
	}
}
END_TEST

START_TEST(notification_short)
{
	static const uint8_t body[] = { 6, 2, 5 };
	struct bgp_error e;

	e = notification_get((struct slice){ body, 0 });
	ck_assert(e.code == 0 && e.subcode == 0 && e.data.len == 0);
	e = notification_get((struct slice){ body, 1 });
	ck_assert(e.code == 0 && e.subcode == 0 && e.data.len == 0);
	e = notification_get((struct slice){ body, 2 });
	ck_assert(e.code == 6 && e.subcode == 2 && e.data.len == 0);
	e = notification_get((struct slice){ body, 3 });
	ck_assert(e.code == 6 && e.subcode == 2 && e.data.len == 1);
	e = notification_get((struct slice){ NULL, 0 });
	ck_assert(e.code == 0);
}
END_TEST

static const struct {
	uint8_t code, subcode;
	const char *want;
} names[] = {
	{ 1, 1, "Message Header Error/Connection Not Synchronized" },
	{ 1, 4, "Message Header Error/subcode 4" },
	{ 2, 0, "OPEN Message Error" },
	{ 2, 2, "OPEN Message Error/Bad Peer AS" },
	{ 2, 5, "OPEN Message Error/subcode 5" },
	{ 2, 7, "OPEN Message Error/Unsupported Capability" }, /* RFC 5492 5 */
	{ 2, 11, "OPEN Message Error/Role Mismatch" },         /* RFC 9234 4.2 */
	{ 3, 11, "UPDATE Message Error/Malformed AS_PATH" },
	{ 4, 0, "Hold Timer Expired" },
	{ 4, 1, "Hold Timer Expired/subcode 1" },
	/* RFC 6608 3 */
	{ 5, 1, "Finite State Machine Error/Unexpected Message in OpenSent State" },
	{ 5, 2, "Finite State Machine Error/Unexpected Message in OpenConfirm State" },
	{ 5, 3, "Finite State Machine Error/Unexpected Message in Established State" },
	/* RFC 4486 3 */
	{ 6, 1, "Cease/Maximum Number of Prefixes Reached" },
	{ 6, 2, "Cease/Administrative Shutdown" },
	{ 6, 3, "Cease/Peer De-configured" },
	{ 6, 4, "Cease/Administrative Reset" },
	{ 6, 5, "Cease/Connection Rejected" },
	{ 6, 6, "Cease/Other Configuration Change" },
	{ 6, 7, "Cease/Connection Collision Resolution" },
	{ 6, 8, "Cease/Out of Resources" },
	{ 6, 9, "Cease/Hard Reset" }, /* RFC 8538 3 */
	{ 6, 10, "Cease/BFD Down" },  /* RFC 9384 3 */
	{ 6, 255, "Cease/subcode 255" },
	{ 7, 1, "ROUTE-REFRESH Message Error/Invalid Message Length" }, /* RFC 7313 5 */
	{ 8, 0, "Send Hold Timer Expired" },                            /* RFC 9687 4 */
	{ 0, 0, "code 0/subcode 0" },
	{ 9, 3, "code 9/subcode 3" },
	{ 255, 255, "code 255/subcode 255" },
};

START_TEST(notification_name)
{
	char buf[128], small[6];

	ck_assert_str_eq(
	    notification_format(names[_i].code, names[_i].subcode, buf, sizeof(buf)),
	    names[_i].want);
	notification_format(names[_i].code, names[_i].subcode, small, sizeof(small));
	ck_assert_uint_eq(strlen(small), strlen(buf) < 5 ? strlen(buf) : 5);
}
END_TEST

START_TEST(notification_every_number)
{
	unsigned code, subcode;
	char buf[128];

	for (code = 0; code < 256; code++) {
		for (subcode = 0; subcode < 256; subcode++) {
			notification_format(
			    (uint8_t)code, (uint8_t)subcode, buf, sizeof(buf));
			ck_assert_uint_gt(strlen(buf), 3);
			ck_assert_ptr_null(strstr(buf, "(null)"));
		}
	}
}
END_TEST

static const struct {
	const char *what;
	uint8_t code, subcode;
	const char *data;
	const char *want;
} shutdowns[] = {
	/* RFC 9003 2: one octet of length, UTF-8, with 6/2 and 6/4 alone */
	{ "plain", 6, 2, "05 68656c6c6f", "hello" },
	{ "reset", 6, 4, "02 6869", "hi" },
	{ "another subcode", 6, 1, "02 6869", "" },
	{ "another code", 3, 2, "02 6869", "" },
	{ "no data", 6, 2, "", "" },
	{ "length 0", 6, 2, "00 6869", "" },
	{ "length past the end", 6, 2, "ff 6869", "hi" },
	{ "length within the data", 6, 2, "01 6869", "h" },
	{ "control characters", 6, 2, "06 61 0a 1b 7f 00 62", "a????b" },
	/* RFC 3629 4: what is UTF-8, and what is not */
	{ "UTF-8", 6, 2, "06 c3bc e282ac 21", "\xc3\xbc\xe2\x82\xac!" },
	{ "four octets", 6, 2, "04 f09f9982", "\xf0\x9f\x99\x82" },
	{ "cut UTF-8", 6, 2, "02 e282", "??" },
	{ "overlong", 6, 2, "05 c080 e08080", "?????" },
	{ "overlong, of three octets", 6, 2, "03 e09fbf", "???" },
	{ "overlong, of four octets", 6, 2, "04 f08fbfbf", "????" },
	{ "surrogate", 6, 2, "03 eda080", "???" },
	{ "past U+10FFFF", 6, 2, "04 f4908080", "????" },
	{ "C1 control", 6, 2, "02 c29b", "??" },
	{ "not UTF-8", 6, 2, "03 ff fe 80", "???" },
};

START_TEST(shutdown_text)
{
	uint8_t data[64];
	size_t len = hex_bytes(shutdowns[_i].data, data, sizeof(data));
	struct bgp_error e = { shutdowns[_i].code, shutdowns[_i].subcode,
		{ data, len } };
	char buf[256];

	ck_assert_msg(strcmp(notification_shutdown_text(&e, buf, sizeof(buf)),
			  shutdowns[_i].want) == 0,
	    "%s: %s", shutdowns[_i].what, buf);
}
END_TEST

START_TEST(shutdown_text_is_cut)
{
	uint8_t data[256];
	struct bgp_error e = { NOTIFY_CEASE, CEASE_ADMIN_SHUTDOWN, { data, 256 } };
	char buf[256], small[5];

	memset(data, 'x', sizeof(data));
	data[0] = 255;
	ck_assert_uint_eq(
	    strlen(notification_shutdown_text(&e, buf, sizeof(buf))), 255);
	ck_assert_str_eq(notification_shutdown_text(&e, small, sizeof(small)), "xxxx");
	hex_bytes("06 61 62 e282ac 63", data, sizeof(data));
	ck_assert_str_eq(notification_shutdown_text(&e, small, sizeof(small)), "ab");
	ck_assert_str_eq(notification_shutdown_text(&e, small, 1), "");
}
END_TEST

/* RFC 9003 2: 255 octets at most, cut between two characters. */
START_TEST(shutdown_round)
{
	uint8_t data[256];
	char text[300], buf[256];
	struct bgp_error e = { NOTIFY_CEASE, CEASE_ADMIN_RESET, { NULL, 0 } };

	e.data = notification_shutdown_data("maintenance", data);
	ck_assert_uint_eq(e.data.len, 12);
	ck_assert_str_eq(
	    notification_shutdown_text(&e, buf, sizeof(buf)), "maintenance");
	e.data = notification_shutdown_data("", data);
	ck_assert_uint_eq(e.data.len, 1);
	memset(text, 'x', sizeof(text));
	memcpy(text + 254, "\xe2\x82\xac", 4);
	e.data = notification_shutdown_data(text, data);
	ck_assert_uint_eq(e.data.len, 255); /* the euro does not fit */
	ck_assert_uint_eq(data[0], 254);
	text[252] = '\0';
	strcat(text, "\xe2\x82\xac");
	e.data = notification_shutdown_data(text, data);
	ck_assert_uint_eq(e.data.len, 256); /* here it does */
	memset(text, 'x', sizeof(text));
	text[299] = '\0';
	e.data = notification_shutdown_data(text, data);
	ck_assert_uint_eq(e.data.len, 256);
}
END_TEST

/* RFC 4760 3: the two that are ours. */
START_TEST(afi_safi)
{
	ck_assert_int_eq(family_from_afi(1, 1), FAMILY_IPV4);
	ck_assert_int_eq(family_from_afi(2, 1), FAMILY_IPV6);
	ck_assert_int_eq(family_from_afi(1, 2), FAMILY_NONE);
	ck_assert_int_eq(family_from_afi(1, 128), FAMILY_NONE);
	ck_assert_int_eq(family_from_afi(25, 1), FAMILY_NONE);
	ck_assert_int_eq(family_from_afi(0x101, 1), FAMILY_NONE);
	ck_assert_uint_eq(family_afi(FAMILY_IPV4), AFI_IPV4);
	ck_assert_uint_eq(family_afi(FAMILY_IPV6), AFI_IPV6);
}
END_TEST

/* RFC 8538 3 */
START_TEST(hard_reset)
{
	uint8_t text[256], octets[2 + 256], small[4];
	struct bgp_error inner = { NOTIFY_CEASE, CEASE_ADMIN_SHUTDOWN,
		notification_shutdown_data("move", text) };
	struct bgp_error e = notification_hard_reset(&inner, octets, sizeof(octets));
	struct bgp_error got;

	ck_assert_uint_eq(e.code, NOTIFY_CEASE);
	ck_assert_uint_eq(e.subcode, CEASE_HARD_RESET);
	ck_assert_uint_eq(e.data.len, 7);
	ck_assert_mem_eq(e.data.at, "\x06\x02\x04move", 7);
	ck_assert(notification_is_hard_reset(&e, &got));
	ck_assert_uint_eq(got.code, NOTIFY_CEASE);
	ck_assert_uint_eq(got.subcode, CEASE_ADMIN_SHUTDOWN);
	ck_assert_uint_eq(got.data.len, 5);
	/* cut */
	e = notification_hard_reset(&inner, small, sizeof(small));
	ck_assert_uint_eq(e.data.len, 4);
	/* nothing inside, or half of it */
	e.data.len = 1;
	ck_assert(notification_is_hard_reset(&e, &got));
	ck_assert_uint_eq(got.code, 0);
	ck_assert(!notification_is_hard_reset(&inner, &got));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("message");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, frame_case, 0, sizeof(frames) / sizeof(frames[0]));
	tcase_add_test(t, keepalive);
	tcase_add_test(t, second_message_of_a_buffer);
	tcase_add_test(t, refresh_round);
	tcase_add_loop_test(
	    t, refresh_bad, 0, sizeof(bad_refreshes) / sizeof(bad_refreshes[0]));
	tcase_add_test(t, notification_round);
	tcase_add_test(t, notification_short);
	tcase_add_loop_test(t, notification_name, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(t, notification_every_number);
	tcase_add_loop_test(
	    t, shutdown_text, 0, sizeof(shutdowns) / sizeof(shutdowns[0]));
	tcase_add_test(t, shutdown_text_is_cut);
	tcase_add_test(t, shutdown_round);
	tcase_add_test(t, hard_reset);
	tcase_add_test(t, afi_safi);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
