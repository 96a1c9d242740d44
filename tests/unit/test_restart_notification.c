// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NOTIFICATIONs and graceful restart (RFC 8538): the N bit, what keeps the routes and
 * what does not, and the Hard Reset.  Node 0 says N where long-lived-stale-time is set.
 */
#include "restart.h"

#include <string.h>

struct lab {
	struct net *net;
	struct node *node;
	struct end *end;
};

static bool we_say_n = true;

static struct conf *
lab_conf(struct net *net)
{
	struct conf *conf = reflector_conf(net, 2);

	conf->peers[0].options.long_lived_stale_time_s = we_say_n ? 600 : 0;
	conf->peers[1].options.long_lived_stale_time_s = we_say_n ? 600 : 0;
	return conf;
}

/* `n`: the peer's N bit. */
static struct lab
lab_new(bool n)
{
	struct lab lab = { .net = net_new(3) };
	struct open open = open_gr(lab.net, 1, false, true);

	lab.node = net_start(lab.net, 0, lab_conf(lab.net));
	open.notification_gr = n;
	open.hold_time_s = 90;
	lab.end = come_up(lab.net, 1, &open);
	puppet_announce(lab.end, "10.1.0.0/16", "10.0.0.2");
	puppet_end_of_ribs(lab.net, lab.end);
	puppet_read(lab.end);
	node_forget_events(lab.node);
	return lab;
}

static bool
is_kept(struct lab *lab)
{
	const struct path *path = path_of(lab->net, "10.1.0.0/16");
	const struct peer *peer = node_peer(lab->node, 1);

	ck_assert_int_ne(node_state(lab->node, 1), FSM_ESTABLISHED);
	ck_assert((path != NULL) == (peer != NULL && peer->stale[FAMILY_IPV4]));
	return path != NULL && is_stale(lab->net, "10.1.0.0/16");
}

/* ---- ends ---- */

static void
receive_cease(struct lab *lab)
{
	puppet_send_notification(lab->end, NOTIFY_CEASE, CEASE_ADMIN_RESET);
}

static void
receive_update_error(struct lab *lab)
{
	puppet_send_notification(lab->end, NOTIFY_UPDATE, UPDATE_MALFORMED_LIST);
}

static void
receive_hard_reset(struct lab *lab)
{
	puppet_send_notification(lab->end, NOTIFY_CEASE, CEASE_HARD_RESET);
}

static void
hold_timer(struct lab *lab)
{
	net_run(lab->net, 91 * 1000);
}

static void
bad_header(struct lab *lab)
{
	uint8_t octets[MESSAGE_HEADER_LEN] = { 0 }; /* no marker */
	struct wcur out = wcur_of(octets, sizeof(octets));

	wcur_bytes(&out, octets, sizeof(octets));
	puppet_send(lab->end, &out);
}

static void
disable(struct lab *lab)
{
	peer_disable(lab->node->sp, node_peer(lab->node, 1), "move");
}

static void
restart(struct lab *lab)
{
	peer_restart(lab->node->sp, node_peer(lab->node, 1), "move");
}

static void
stop(struct lab *lab)
{
	speaker_stop(lab->node->sp, false, "move");
}

static void
too_many_prefixes(struct lab *lab)
{
	struct conf *conf = lab_conf(lab->net);

	conf->peers[0].options.max_prefixes = 1;
	speaker_configure(lab->node->sp, conf);
	puppet_announce(lab->end, "10.2.0.0/16", "10.0.0.2");
}

static void
bfd_down(struct lab *lab)
{
	speaker_bfd_down(lab->node->sp, node_peer(lab->node, 1), false);
}

/* The second peer alone is left in the file. */
static void
removed(struct lab *lab)
{
	struct conf *conf = net_conf(lab->net, 0, AS);

	net_conf_peer(lab->net, conf, 2, AS)->options.passive = true;
	speaker_configure(lab->node->sp, conf);
}

static const struct {
	const char *what;
	void (*end)(struct lab *lab);
	bool kept;             /* with N on both sides; without, never */
	uint8_t code, subcode; /* what the peer is sent; 0: nothing */
	bool hard;             /* … inside a Hard Reset */
} ends[] = {
	/* RFC 8538 4: any NOTIFICATION but a Hard Reset, sent or received */
	{ "Cease received", receive_cease, true, 0, 0, false },
	{ "UPDATE error received", receive_update_error, true, 0, 0, false },
	{ "hold timer", hold_timer, true, NOTIFY_HOLD_EXPIRED, 0, false },
	{ "error sent", bad_header, true, NOTIFY_HEADER, HEADER_NOT_SYNCHRONISED,
	    false },
	/* RFC 8538 3 */
	{ "Hard Reset received", receive_hard_reset, false, 0, 0, false },
	/* RFC 8538 3, 5.1 */
	{ "disabled", disable, false, NOTIFY_CEASE, CEASE_ADMIN_SHUTDOWN, true },
	{ "restarted", restart, false, NOTIFY_CEASE, CEASE_ADMIN_RESET, true },
	{ "stopped", stop, false, NOTIFY_CEASE, CEASE_ADMIN_SHUTDOWN, true },
	{ "max-prefixes", too_many_prefixes, false, NOTIFY_CEASE, CEASE_MAX_PREFIXES,
	    true },
	{ "removed", removed, false, NOTIFY_CEASE, CEASE_DECONFIGURED, true },
	/* RFC 9384 3 */
	{ "BFD", bfd_down, false, NOTIFY_CEASE, CEASE_BFD_DOWN, true },
};

/* The last NOTIFICATION to the puppet, with its data. */
static struct bgp_error
notified(struct end *end, uint8_t octets[MESSAGE_MAX_EXTENDED_LEN])
{
	struct bgp_error error = { 0 };
	struct message message;

	while (puppet_take(end, octets, &message))
		if (message.type == MESSAGE_NOTIFICATION)
			return notification_get(message.body);
	return error;
}

static void
assert_notified(struct lab *lab, bool n, int i)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	struct bgp_error got = notified(lab->end, octets), inner;
	bool hard = notification_is_hard_reset(&got, &inner);
	char text[256];

	ck_assert_msg(hard == (n && ends[i].hard), "%s: %u/%u", ends[i].what, got.code,
	    got.subcode);
	if (hard)
		got = inner;
	ck_assert_uint_eq(got.code, ends[i].code);
	ck_assert_uint_eq(got.subcode, ends[i].subcode);
	/* RFC 9003 2: the text stands inside, too. */
	if (got.subcode == CEASE_ADMIN_SHUTDOWN && got.code == NOTIFY_CEASE)
		ck_assert_str_eq(
		    notification_shutdown_text(&got, text, sizeof(text)), "move");
}

START_TEST(session_ends)
{
	/* By the peer alone, by both, by us alone. */
	bool n = _i % 3 == 1;
	int i = _i / 3;
	struct lab lab;

	we_say_n = _i % 3 != 0;
	lab = lab_new(_i % 3 != 2);
	ends[i].end(&lab);
	net_settle(lab.net);
	ck_assert_msg(
	    is_kept(&lab) == (n && ends[i].kept), "%s, N %d", ends[i].what, _i % 3);
	assert_notified(&lab, n, i);
	net_free(lab.net);
}
END_TEST

/* What is kept then goes by the rules of RFC 4724: the restart time, End-of-RIB. */
START_TEST(kept_and_swept)
{
	struct lab lab = lab_new(true);

	receive_cease(&lab);
	net_settle(lab.net);
	ck_assert(is_kept(&lab));
	if (_i == 0) {
		net_run(lab.net, 60 * 1000 - EARLY_MS);
		ck_assert(is_kept(&lab));
		net_run(lab.net, 2 * EARLY_MS);
		ck_assert(!is_kept(&lab));
	} else {
		/* RFC 8538 4.1: this was no restart, the R bit is 0. */
		struct open open = open_gr(lab.net, 1, false, true);

		puppet_close(lab.net, lab.end);
		lab.end = come_up(lab.net, 1, &open);
		ck_assert(is_stale(lab.net, "10.1.0.0/16"));
		puppet_end_of_ribs(lab.net, lab.end);
		ck_assert_ptr_null(path_of(lab.net, "10.1.0.0/16"));
	}
	net_free(lab.net);
}
END_TEST

/* The log and `show` tell what stands inside. */
START_TEST(what_is_told)
{
	static uint8_t octets[64], text[256];
	struct lab lab = lab_new(true);
	struct wcur out = wcur_of(octets, sizeof(octets));
	uint8_t data[2 + 256];
	struct bgp_error inner = { NOTIFY_CEASE, CEASE_ADMIN_SHUTDOWN,
		notification_shutdown_data("bye", text) };
	struct bgp_error error = notification_hard_reset(&inner, data, sizeof(data));
	const struct speaker_event *event;

	notification_put(&out, &error);
	puppet_send(lab.end, &out);
	net_settle(lab.net);
	event = node_event(lab.node, EVENT_NOTIFICATION_RECEIVED);
	ck_assert(event->hard_reset);
	ck_assert_uint_eq(event->code, NOTIFY_CEASE);
	ck_assert_uint_eq(event->subcode, CEASE_ADMIN_SHUTDOWN);
	ck_assert_str_eq(event->text, "bye");
	ck_assert_str_eq(node_peer(lab.node, 1)->last_error,
	    "received Cease/Administrative Shutdown: bye");
	net_free(lab.net);
}
END_TEST

/* Before the session is up there is nothing to be kept: no Hard Reset. */
START_TEST(not_before_established)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	struct net *net = net_new(3);
	struct open open = open_gr(net, 1, false, true);
	struct bgp_error got, inner;
	struct end *end;

	net_start(net, 0, lab_conf(net));
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	open.notification_gr = true;
	puppet_send_open(end, &open);
	net_settle(net);
	ck_assert_int_eq(node_state(&net->nodes[0], 1), FSM_OPEN_CONFIRM);
	peer_disable(net->nodes[0].sp, node_peer(&net->nodes[0], 1), "move");
	net_settle(net);
	got = notified(end, octets);
	ck_assert(!notification_is_hard_reset(&got, &inner));
	ck_assert_uint_eq(got.subcode, CEASE_ADMIN_SHUTDOWN);
	net_free(net);
}
END_TEST

/* Two of our own: one vanishes in silence for longer than the hold time.  With
 * long-lived-stale-time its routes stay, without they go (test_speaker.c, hold_timer).
 */
START_TEST(two_speakers)
{
	struct net *net = net_new(2);
	struct conn *conn;

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, AS);

		conf->router.long_lived_stale_time_s = 600;
		net_conf_peer(net, conf, 1 - i, AS);
		if (i == 1)
			conf_network_add(conf, "10.1.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 5000);
	conn = net_conn(net, 0, 1);
	conn->ends[0].stalled = conn->ends[1].stalled = true;
	net->nodes[0].listening = net->nodes[1].listening = false;
	net_run(net, 91 * 1000);
	ck_assert(is_stale(net, "10.1.0.0/16"));
	net_run(net, 300 * 1000);
	ck_assert(path_of(net, "10.1.0.0/16")->attrs->flags & ATTRS_LLGR_STALE);
	net->nodes[0].listening = net->nodes[1].listening = true;
	net_run(net, 60 * 1000);
	net_assert_up(net, 0, 1);
	ck_assert(!is_stale(net, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

static TCase *
notification_case(void)
{
	TCase *t = tcase_create("notification");

	tcase_add_loop_test(t, session_ends, 0, 3 * COUNT(ends));
	tcase_add_loop_test(t, kept_and_swept, 0, 2);
	tcase_add_test(t, what_is_told);
	tcase_add_test(t, not_before_established);
	tcase_add_test(t, two_speakers);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("restart_notification");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, notification_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
