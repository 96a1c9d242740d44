// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Peers that are on one link: whose a connection is, what a link that comes or goes
 * does to them, and what the speaker makes of the routers that are heard.
 */
#include "bgp/peer.h"
#include "conf_make.h"
#include "hex.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { ETH0 = 3, ETH1 = 4, ETH2 = 5 };

/* What the shell was asked for since the last shell_run(). */
struct shell {
	struct speaker *sp;
	uint64_t now_ms;
	unsigned dials, closes, failed;
	struct session *dialling; /* the last one, still under way */
	bool answers;             /* else an attempt fails at once */
};

static struct conf *
conf_new(void)
{
	struct conf *conf = conf_make(64512, 0x0a000001);
	struct conf_peer *peer = conf_peer_add(conf, "a", "fe80::1", 65000);

	strcpy(peer->interface, "eth0");
	peer = conf_peer_add(conf, "b", "fe80::1", 65000);
	strcpy(peer->interface, "eth1");
	peer = conf_peer_add(conf, "u", "fe80::1", 65000);
	peer->address = addr_none();
	strcpy(peer->interface, "eth2");
	conf_range_add(conf, "range", "fe80::/16", 65000);
	return conf;
}

static void
shell_run(struct shell *s)
{
	struct speaker_event event;

	s->dials = s->closes = s->failed = 0;
	speaker_set_now(s->sp, s->now_ms);
	speaker_tick(s->sp);
	while (speaker_next_event(s->sp, &event)) {
		if (event.kind == EVENT_DIAL) {
			s->dials++;
			s->dialling = event.session;
			if (!s->answers)
				session_lost(event.session, "nobody answers");
		} else if (event.kind == EVENT_CLOSE) {
			s->closes++;
			if (event.session == s->dialling)
				s->dialling = NULL;
			session_release(event.session);
		}
		s->failed += event.kind == EVENT_NEIGHBOR_FAILED;
	}
}

static struct shell
shell_new(void)
{
	struct shell s = { .sp = speaker_new(1000, 1), .now_ms = 1000 };

	speaker_configure(s.sp, conf_new());
	shell_run(&s);
	return s;
}

static void
shell_free(struct shell *s)
{
	speaker_stop(s->sp, false, NULL);
	shell_run(s);
	speaker_free(s->sp);
}

static struct session_net
net_of(const char *remote, const char *interface, uint32_t link)
{
	struct session_net net = { .local = addr_of("fe80::9"),
		.remote = addr_of(remote),
		.local4 = addr_none(),
		.local6 = addr_none(),
		.link_local = addr_of("fe80::9"),
		.link = link };

	net.shared.bits = 255;
	strcpy(net.interface, interface);
	return net;
}

static const char *
accepted_by(struct shell *s, const char *remote, const char *interface, uint32_t link)
{
	struct session_net net = net_of(remote, interface, link);
	struct session *session;

	if (speaker_accept(s->sp, &net, &session) != ACCEPT_OK)
		return "";
	return session_peer(session)->conf.name;
}

/* The same address behind two interfaces is two peers, and in a range others again. */
START_TEST(whose_connection)
{
	struct shell s = shell_new();

	ck_assert_str_eq(accepted_by(&s, "fe80::1", "eth1", ETH1), "b");
	ck_assert_str_eq(accepted_by(&s, "fe80::1", "eth0", ETH0), "a");
	ck_assert_str_eq(accepted_by(&s, "fe80::1", "eth2", ETH2), "u");
	ck_assert_str_eq(accepted_by(&s, "fe80::2", "eth0", ETH0), "fe80::2%eth0");
	ck_assert_str_eq(accepted_by(&s, "fe80::2", "eth1", ETH1), "fe80::2%eth1");
	/* without an interface it is nobody's: the shell does not know where it is */
	ck_assert_str_eq(accepted_by(&s, "fd00::1", "", 0), "");
	ck_assert_ptr_eq(
	    speaker_find_peer(s.sp, "fe80::1%eth1"), speaker_find_peer(s.sp, "b"));
	ck_assert_ptr_eq(speaker_find_peer(s.sp, "fe80::2%eth1"),
	    speaker_find_peer(s.sp, "fe80::2%eth1"));
	ck_assert_ptr_null(speaker_find_peer(s.sp, "fe80::1%eth7"));
	ck_assert_ptr_null(speaker_find_peer(s.sp, "fe80::7"));
	ck_assert_ptr_null(speaker_find_peer(s.sp, "%eth0"));
	shell_run(&s);
	shell_free(&s);
}
END_TEST

/* What goes over a link that is down or has another name by now is lost. */
START_TEST(links_go)
{
	struct shell s = shell_new();
	struct peer *a = speaker_find_peer(s.sp, "a"),
		    *b = speaker_find_peer(s.sp, "b");

	ck_assert_str_eq(accepted_by(&s, "fe80::1", "eth0", ETH0), "a");
	ck_assert_str_eq(accepted_by(&s, "fe80::1", "eth1", ETH1), "b");
	shell_run(&s);
	speaker_link(s.sp, ETH0, "eth0", true, false); /* the carrier: TCP may live */
	ck_assert_int_eq(peer_state(a), FSM_OPEN_SENT);
	speaker_link(s.sp, ETH0, "eth0", false, false);
	shell_run(&s);
	ck_assert_int_ne(peer_state(a), FSM_OPEN_SENT);
	ck_assert_int_eq(peer_state(b), FSM_OPEN_SENT);
	speaker_link(s.sp, ETH1, "other", true, true);
	shell_run(&s);
	ck_assert_int_ne(peer_state(b), FSM_OPEN_SENT);
	ck_assert_str_eq(b->last_error, "the interface is down or gone");
	shell_free(&s);
}
END_TEST

/* A dial that waits goes out when its link comes, however long it had to wait. */
START_TEST(links_come)
{
	struct shell s = shell_new();

	for (int i = 0; i < 10; i++) {
		s.now_ms += 60000;
		shell_run(&s);
	}
	ck_assert_uint_gt(s.dials, 0);
	s.now_ms += 1;
	shell_run(&s);
	ck_assert_uint_eq(s.dials, 0);
	s.answers = true;
	speaker_link(s.sp, ETH0, "eth0", true, false); /* no carrier yet */
	speaker_link(s.sp, ETH0 + 10, "eth9", true, true);
	shell_run(&s);
	ck_assert_uint_eq(s.dials, 0);
	speaker_link(s.sp, ETH0, "eth0", true, true);
	shell_run(&s);
	ck_assert_uint_eq(s.dials, 1);
	ck_assert_str_eq(session_peer(s.dialling)->conf.name, "a");
	shell_free(&s);
}
END_TEST

START_TEST(unnumbered)
{
	struct shell s = shell_new();
	struct peer *u = speaker_find_peer(s.sp, "u");
	struct addr one = addr_of("fe80::a"), two = addr_of("fe80::b"),
		    none = addr_none();

	ck_assert(conf_peer_is_unnumbered(&u->conf));
	ck_assert_uint_eq(u->address.family, FAMILY_NONE);
	/* Heard on another link: nothing to this peer. */
	speaker_neighbor(s.sp, "eth0", &one);
	ck_assert_uint_eq(u->address.family, FAMILY_NONE);

	s.answers = true;
	speaker_neighbor(s.sp, "eth2", &one);
	shell_run(&s);
	ck_assert_uint_eq(s.dials, 1);
	ck_assert(addr_equal(&u->address, &one));
	ck_assert_ptr_eq(speaker_find_peer(s.sp, "fe80::a%eth2"), u);
	speaker_neighbor(s.sp, "eth2", &one); /* told again */
	shell_run(&s);
	ck_assert_uint_eq(s.dials + s.closes, 0);

	/* Another one: the attempt is given up, and the next is for the new one, but
	 * not at once: two that do not answer must not be dialled in turn for ever. */
	speaker_neighbor(s.sp, "eth2", &two);
	shell_run(&s);
	ck_assert_uint_eq(s.closes, 1);
	ck_assert_uint_eq(s.dials, 0);
	ck_assert_uint_eq(s.failed, 1);
	s.now_ms += 60000;
	shell_run(&s);
	ck_assert(addr_equal(&u->address, &two));

	speaker_neighbor(s.sp, "eth2", &none);
	shell_run(&s);
	ck_assert_uint_eq(u->address.family, FAMILY_NONE);
	shell_free(&s);
}
END_TEST

/* ---- next hops of sessions ---- */

enum net_tweak {
	OVER_IPV4 = 1 << 0,
	OVER_GLOBAL = 1 << 1, /* else link-local */
	DISTANT = 1 << 2,     /* a router is between */
	HAS_GLOBAL = 1 << 3,
	EXTENDED = 1 << 4, /* the peer announces RFC 8950; we always do */
};

#define G "2001:db8::9"
#define L "fe80::9"

static const struct {
	const char *what;
	unsigned net;
	const char *self4, *self6, *link_local; /* the last goes along with IPv6 */
	uint32_t link;                          /* of IPv6 */
} sessions[] = {
	/* RFC 2545 3 */
	{ "link-local, no global address", 0, "10.0.0.9", L, "-", ETH0 },
	{ "link-local, a global address", HAS_GLOBAL, "10.0.0.9", G, L, ETH0 },
	{ "global, one link", OVER_GLOBAL | HAS_GLOBAL, "10.0.0.9", G, L, ETH0 },
	{ "global, through a router", OVER_GLOBAL | HAS_GLOBAL | DISTANT, "10.0.0.9", G,
	    "-", 0 },
	{ "over IPv4", OVER_IPV4 | HAS_GLOBAL, "10.0.0.9", G, "-", ETH0 },
	{ "over IPv4, no IPv6 address", OVER_IPV4, "10.0.0.9", "-", "-", ETH0 },
	/* RFC 8950 */
	{ "extended, link-local", EXTENDED, L, L, "-", ETH0 },
	{ "extended, with a global one", EXTENDED | HAS_GLOBAL, G, G, L, ETH0 },
	{ "extended over IPv4", EXTENDED | OVER_IPV4 | HAS_GLOBAL, "10.0.0.9", G, "-",
	    ETH0 },
};

static struct session_net
net_tweaked(unsigned tweaks)
{
	struct session_net net = net_of("fe80::1", "eth0", ETH0);

	net.local4 = addr_of("10.0.0.9");
	if (tweaks & HAS_GLOBAL)
		net.local6 = addr_of(G);
	if (tweaks & OVER_IPV4) {
		net.remote = addr_of("10.0.0.1");
		net.local = net.local4;
	} else if (tweaks & OVER_GLOBAL) {
		net.remote = addr_of("2001:db8::1");
		net.local = net.local6;
	}
	if (tweaks & (OVER_IPV4 | OVER_GLOBAL))
		net.interface[0] = '\0';
	if (tweaks & DISTANT)
		net.link = 0;
	return net;
}

static struct conf *
conf_talking(void)
{
	struct conf *conf = conf_new();
	int all = conf_filter_add(conf, "all", true);

	conf_peer_add(conf, "global", "2001:db8::1", 65000);
	conf_peer_add(conf, "four", "10.0.0.1", 65000);
	for (size_t i = 0; i < conf->n_peers; i++) {
		conf->peers[i].options.extended_next_hop = true;
		conf->peers[i].options.import = conf->peers[i].options.export = all;
	}
	return conf;
}

static struct session *
establish(struct shell *s, unsigned tweaks)
{
	struct session_net net = net_tweaked(tweaks);
	struct open open = { .as = 65000,
		.hold_time_s = 90,
		.bgp_id = 0x0a000002,
		.families = { true, true },
		.as4 = true,
		.extended_next_hop = (tweaks & EXTENDED) != 0 };
	uint8_t octets[512];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct session *session;

	ck_assert_int_eq(speaker_accept(s->sp, &net, &session), ACCEPT_OK);
	open_put(&out, &open);
	keepalive_put(&out);
	ck_assert_uint_eq(
	    session_receive(session, octets, wcur_len(&out), 10), wcur_len(&out));
	ck_assert_ptr_eq(session_peer(session)->established, session);
	return session;
}

static struct shell
shell_talking(void)
{
	struct shell s = { .sp = speaker_new(1000, 1), .now_ms = 1000 };

	speaker_configure(s.sp, conf_talking());
	shell_run(&s);
	return s;
}

START_TEST(self_of_session)
{
	struct shell s = shell_talking();
	bool extended = (sessions[_i].net & EXTENDED) != 0;
	char text[ADDR_TEXT_LEN];
	struct out_group group;

	establish(&s, sessions[_i].net);
	ck_assert(out_group(speaker_out(s.sp), FAMILY_IPV6, 0, &group));
	ck_assert_str_eq(addr_format(&group.key->self, text), sessions[_i].self6);
	ck_assert_str_eq(
	    addr_format(&group.key->self_link_local, text), sessions[_i].link_local);
	ck_assert_uint_eq(group.key->link, sessions[_i].link);
	ck_assert(!group.key->extended_next_hop);
	ck_assert(out_group(speaker_out(s.sp), FAMILY_IPV4, 0, &group));
	ck_assert_str_eq(addr_format(&group.key->self, text), sessions[_i].self4);
	ck_assert_uint_eq(group.key->extended_next_hop, extended);
	/* where IPv4 alone can be said, no link parts the groups */
	ck_assert_uint_eq(group.key->link, extended ? sessions[_i].link : 0);
	shell_run(&s);
	shell_free(&s);
}
END_TEST

/* A link-local next hop is one of the session's link, or of none. */
START_TEST(received_next_hops)
{
	static const struct {
		const char *what;
		unsigned net;
		const char *next_hop;
		size_t len;
		uint32_t link;
	} updates[] = {
		{ "link-local", 0, "10 fe80 00*13 01", 20, ETH0 },
		{ "link-local, through a router", OVER_GLOBAL | HAS_GLOBAL | DISTANT,
		    "10 fe80 00*13 01", 16, 0 },
		{ "both", HAS_GLOBAL, "20 20010db8 00*11 01 fe80 00*13 01", 36, ETH0 },
		{ "both, through a router", OVER_GLOBAL | HAS_GLOBAL | DISTANT,
		    "20 20010db8 00*11 01 fe80 00*13 01", 16, 0 },
		{ "both, over IPv4", OVER_IPV4, "20 20010db8 00*11 01 fe80 00*13 01",
		    36, ETH0 },
		{ "global", 0, "10 20010db8 00*11 01", 16, 0 },
	};

	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		struct shell s = shell_talking();
		struct session *session = establish(&s, updates[i].net);
		struct prefix prefix = prefix_from("fd09::/16");
		uint8_t value[64], octets[256];
		char text[160];
		size_t len;
		struct wcur out = wcur_of(octets, sizeof(octets));
		const struct dest *dest;
		struct addr link_local;
		size_t start = message_begin(&out, MESSAGE_UPDATE);

		snprintf(
		    text, sizeof(text), "000201 %s 00 10fd09", updates[i].next_hop);
		len = hex_bytes(text, value, sizeof(value));
		wcur_u16(&out, 0);
		wcur_u16(&out, (uint16_t)(3 + len + 4 + 9));
		attribute_put(&out, ATTRIBUTE_OPTIONAL, ATTRIBUTE_MP_REACH, value, len);
		len = hex_bytes("40010100 4002060201 0000fde8", value, sizeof(value));
		wcur_bytes(&out, value, len);
		message_end(&out, start);
		session_receive(session, octets, wcur_len(&out), 10);
		dest = rib_find(speaker_rib(s.sp), &prefix);
		ck_assert_msg(dest != NULL, "%s", updates[i].what);
		ck_assert_uint_eq(dest->paths->attrs->next_hop_len, updates[i].len);
		ck_assert_uint_eq(attrs_next_hop_link(dest->paths->attrs, &link_local),
		    updates[i].link);
		shell_run(&s);
		shell_free(&s);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("links");
	TCase *tc = tcase_create("links");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, whose_connection);
	tcase_add_test(tc, links_go);
	tcase_add_test(tc, links_come);
	tcase_add_test(tc, unnumbered);
	tcase_add_loop_test(
	    tc, self_of_session, 0, (int)(sizeof(sessions) / sizeof(sessions[0])));
	tcase_add_test(tc, received_next_hops);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
