// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One session with a puppet: how long an OPEN is awaited, a hold time of zero, how long
 * a message may be, what is withdrawn and announced at once, the octets of End-of-RIB,
 * and that a change waits for no timer.
 */
#include "hex.h"
#include "puppet.h"

#include <check.h>
#include <stdlib.h>

enum { AS = 64512 };

struct lab {
	struct net *net;
	struct node *node;
	struct end *end;
	struct open open; /* the puppet's; change it as you like */
};

static struct conf *
lab_conf(struct net *net, bool network)
{
	struct conf *conf = net_conf(net, 0, AS);

	net_conf_peer(net, conf, 1, AS)->options.passive = true;
	if (network)
		conf_network_add(conf, "10.1.0.0/16");
	return conf;
}

/* A connection of the puppet's, on which our OPEN has come. */
static struct lab
lab_new(void)
{
	struct lab lab = { .net = net_new(2) };

	lab.open = puppet_open(AS, addr_to_ipv4(&lab.net->nodes[1].addr4));
	lab.node = net_start(lab.net, 0, lab_conf(lab.net, true));
	lab.end = puppet_dial(lab.net, 1, 0);
	net_settle(lab.net);
	ck_assert_uint_eq(puppet_read(lab.end).open.as, AS);
	return lab;
}

/* RFC 4271 8.2.2: an OPEN is awaited for "a large value", 4 minutes. */
START_TEST(open_is_awaited)
{
	struct lab lab = lab_new();

	net_run(lab.net, 239 * 1000);
	ck_assert_int_eq(node_state(lab.node, 1), FSM_OPEN_SENT);
	ck_assert_uint_eq(lab.end->len, 0);
	net_run(lab.net, 2000);
	ck_assert_uint_eq(puppet_read(lab.end).notification.code, NOTIFY_HOLD_EXPIRED);
	ck_assert_int_ne(node_state(lab.node, 1), FSM_OPEN_SENT);
	net_free(lab.net);
}
END_TEST

/* RFC 4271 4.2, 4.4, 10: with a hold time of zero there is neither a hold timer nor a
 * KEEPALIVE but the one that answers the OPEN. */
START_TEST(hold_time_of_zero)
{
	struct lab lab = lab_new();

	lab.open.hold_time_s = 0;
	puppet_greet(lab.net, lab.end, &lab.open);
	net_run(lab.net, 24 * 3600 * 1000);
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	/* RFC 9687 3: nor is there a send hold timer, though it takes nothing. */
	lab.end->limit = lab.end->len;
	speaker_configure(lab.node->sp, lab_conf(lab.net, false));
	net_run(lab.net, 24 * 3600 * 1000);
	ck_assert_int_eq(node_state(lab.node, 1), FSM_ESTABLISHED);
	ck_assert(end_other(lab.end)->blocked);
	ck_assert_uint_eq(puppet_read(lab.end).keepalives, 1);
	net_free(lab.net);
}
END_TEST

/* An UPDATE of `len` octets that withdraws what nobody has. */
static void
send_withdrawals(struct end *end, size_t len)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));

	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, (uint16_t)(len - MESSAGE_HEADER_LEN - 4));
	while (wcur_len(&out) < len - 2)
		wcur_u8(&out, 0); /* 0.0.0.0/0 */
	wcur_u16(&out, 0);
	message_end(&out, 0);
	puppet_send(end, &out);
}

static const struct {
	bool announced;
	size_t len;
	bool taken;
} lengths[] = {
	{ false, 4096, true },
	{ false, 4097, false },
	{ true, 4097, true },
	{ true, 65535, true },
};

/* RFC 8654 4: above 4096 octets where both have announced it; else RFC 4271 6.1: 1/2.
 */
START_TEST(long_messages)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	lab.open.extended_message = lengths[_i].announced;
	puppet_greet(lab.net, lab.end, &lab.open);
	puppet_read(lab.end);
	send_withdrawals(lab.end, lengths[_i].len);
	net_settle(lab.net);
	got = puppet_read(lab.end);
	ck_assert_uint_eq(got.notification.code, lengths[_i].taken ? 0 : NOTIFY_HEADER);
	ck_assert_uint_eq(
	    got.notification.subcode, lengths[_i].taken ? 0 : HEADER_BAD_LENGTH);
	ck_assert((node_state(lab.node, 1) == FSM_ESTABLISHED) == lengths[_i].taken);
	ck_assert_uint_eq(node_peer(lab.node, 1)->counters.in[MESSAGE_UPDATE],
	    lengths[_i].taken ? 1 : 0);
	net_free(lab.net);
}
END_TEST

/* One prefix in both fields, or in both attributes; the other order of the latter, too.
 */
static const struct {
	const char *prefix, *body;
} both[] = {
	{ "10.7.0.0/16",
	    "{100a07} {40010100 400200 4003040a000002 40050400000064} 100a07" },
	{ "fd07::/16",
	    "{} {800f[0002 01 10fd07] 800e[0002 01 [fd00 00*13 02] 00 10fd07]"
	    "40010100 400200 40050400000064}" },
	{ "fd07::/16",
	    "{} {800e[0002 01 [fd00 00*13 02] 00 10fd07] 800f[0002 01 10fd07]"
	    "40010100 400200 40050400000064}" },
};

/* RFC 4271 4.3: it is announced, whether it was there or not. */
START_TEST(withdrawn_and_announced)
{
	struct lab lab = lab_new();
	uint8_t octets[256], body[128];
	size_t len = hex_bytes(both[_i].body, body, sizeof(body));

	puppet_greet(lab.net, lab.end, &lab.open);
	for (int i = 0; i < 2; i++) {
		struct wcur out = wcur_of(octets, sizeof(octets));

		message_begin(&out, MESSAGE_UPDATE);
		wcur_bytes(&out, body, len);
		message_end(&out, 0);
		puppet_send(lab.end, &out);
		net_settle(lab.net);
		ck_assert_ptr_nonnull(node_best(lab.node, both[_i].prefix));
	}
	ck_assert_uint_eq(lab.node->counts[EVENT_UPDATE_FAULT], 0);
	net_free(lab.net);
}
END_TEST

/* RFC 4724 2: at the end of the table, also where the peer has no graceful restart. */
START_TEST(end_of_rib_octets)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	static const char *const wants[] = { "ff*16 0017 02 0000 0000",
		"ff*16 001d 02 0000 0006 800f03 0002 01" };
	struct lab lab = lab_new();
	struct message message;
	unsigned found[FAMILY_COUNT] = { 0 }, after_route = 0;

	puppet_greet(lab.net, lab.end, &lab.open);
	while (puppet_take(lab.end, octets, &message)) {
		for (int f = 0; f < FAMILY_COUNT; f++) {
			uint8_t want[64];
			size_t len = hex_bytes(wants[f], want, sizeof(want));

			if (message.whole.len == len &&
			    memcmp(message.whole.at, want, len) == 0)
				found[f]++;
		}
		if (message.type == MESSAGE_UPDATE && message.whole.len > 29)
			ck_assert_uint_eq(found[FAMILY_IPV4], 0);
		after_route += message.whole.len > 29;
	}
	ck_assert_uint_eq(found[FAMILY_IPV4], 1);
	ck_assert_uint_eq(found[FAMILY_IPV6], 1);
	ck_assert_uint_eq(after_route, 1);
	net_free(lab.net);
}
END_TEST

/* ---- what was agreed on decides what goes out ---- */

static uint8_t passed[MESSAGE_MAX_EXTENDED_LEN];

/* The attributes of 10.5.0.0/16, announced by 2, as `open` of 1 gets them; {NULL, 0}:
 * it does not.  An unknown attribute of `more` octets goes along. */
static struct slice
passed_on(struct net *net, const struct open *open, size_t more)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN], filler[8192];
	struct conf *conf = net_conf(net, 0, AS);
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct open source = puppet_open(AS, addr_to_ipv4(&net->nodes[2].addr4));
	struct slice found = { NULL, 0 };
	struct end *ends[3];
	struct message message;
	uint8_t head[64];

	for (unsigned i = 1; i < 3; i++) {
		struct conf_peer *peer = net_conf_peer(net, conf, i, AS);

		peer->options.passive = peer->options.client = true;
	}
	net_start(net, 0, conf);
	source.extended_message = true;
	for (unsigned i = 1; i < 3; i++) {
		ends[i] = puppet_dial(net, i, 0);
		net_settle(net);
		puppet_greet(net, ends[i], i == 1 ? open : &source);
	}
	/* the path is 200000 7 */
	message_begin(&out, MESSAGE_UPDATE);
	wcur_u32(&out, (uint32_t)(4 + 13 + 7 + 7 + (more > 0 ? more + 4 : 0)));
	wcur_bytes(&out, head,
	    hex_bytes("40010100 40020a 0202 00030d40 00000007 4003040a000003"
		      "40050400000064",
		head, sizeof(head)));
	if (more > 0)
		attribute_put(&out, 0xe0, 99, filler, more);
	wcur_bytes(&out, head, hex_bytes("100a05", head, sizeof(head)));
	message_end(&out, 0);
	puppet_send(ends[2], &out);
	net_run(net, 1000);
	ck_assert_ptr_nonnull(node_best(&net->nodes[0], "10.5.0.0/16"));
	while (puppet_take(ends[1], passed, &message))
		if (message.type == MESSAGE_UPDATE && message.body.len > 40) {
			found.at = message.body.at + 4;
			found.len = get_u16(message.body.at + 2);
			break;
		}
	return found;
}

/* RFC 6793 4.1, 4.2.2: to one that has announced the capability four octets a number,
 * to others two, and what does not fit in AS4_PATH. */
START_TEST(as_numbers)
{
	static const char *const paths[] = { "0202 5ba0 0007",
		"0202 00030d40 00000007" };
	struct net *net = net_new(3);
	struct open open = puppet_open(AS, addr_to_ipv4(&net->nodes[1].addr4));
	struct slice attributes;
	struct attribute a;
	uint8_t want[16];

	open.as4 = _i == 1;
	attributes = passed_on(net, &open, 0);
	ck_assert(attribute_find(attributes, ATTRIBUTE_AS_PATH, &a));
	ck_assert_uint_eq(a.value.len, hex_bytes(paths[_i], want, sizeof(want)));
	ck_assert_mem_eq(a.value.at, want, a.value.len);
	ck_assert(attribute_find(attributes, ATTRIBUTE_AS4_PATH, &a) == (_i == 0));
	if (_i == 0) {
		hex_bytes(paths[1], want, sizeof(want));
		ck_assert_uint_eq(a.value.len, 10);
		ck_assert_mem_eq(a.value.at, want, 10);
	}
	net_free(net);
}
END_TEST

/* RFC 8654 4: a message above 4096 octets goes to one that has announced it alone. */
START_TEST(long_routes)
{
	struct net *net = net_new(3);
	struct open open = puppet_open(AS, addr_to_ipv4(&net->nodes[1].addr4));

	open.extended_message = _i == 1;
	ck_assert_uint_eq(passed_on(net, &open, 5000).len > 5000, _i == 1);
	net_free(net);
}
END_TEST

/* RFC 4271 9.2.1.1, which we deviate from: a change waits for no timer. */
START_TEST(changes_go_out_at_once)
{
	struct lab lab = lab_new();

	puppet_greet(lab.net, lab.end, &lab.open);
	ck_assert_uint_eq(puppet_read(lab.end).prefixes, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct puppet_got got;

		speaker_configure(lab.node->sp, lab_conf(lab.net, i % 2 != 0));
		net_settle(lab.net);
		got = puppet_read(lab.end);
		ck_assert_uint_eq(got.prefixes, i % 2);
		ck_assert_uint_eq(got.withdrawn, 1 - i % 2);
	}
	net_free(lab.net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");
	SRunner *r;
	int failed;

	tcase_add_test(t, open_is_awaited);
	tcase_add_test(t, hold_time_of_zero);
	tcase_add_loop_test(t, long_messages, 0, sizeof(lengths) / sizeof(lengths[0]));
	tcase_add_loop_test(
	    t, withdrawn_and_announced, 0, sizeof(both) / sizeof(both[0]));
	tcase_add_test(t, end_of_rib_octets);
	tcase_add_loop_test(t, as_numbers, 0, 2);
	tcase_add_loop_test(t, long_routes, 0, 2);
	tcase_add_test(t, changes_go_out_at_once);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
