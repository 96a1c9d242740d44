// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Long-lived graceful restart (RFC 9494): what becomes of stale routes once the restart
 * time is over, who hears of them, and what ends them.
 *
 * Node 0 is a reflector that has long-lived-stale-time = 1000.  Puppet 1 asks for a
 * restart time of 60 s and 600 s beyond, is lost, and may come back; 2 has announced
 * the capability, 3 has not; 4 is a plain second source.
 */
#include "restart.h"

enum { OUR_TIME_S = 1000, RESTART_MS = 60 * 1000, LONG_MS = 600 * 1000 };

static const uint8_t llgr_stale[] = { 0xff, 0xff, 0, 6 };
static const uint8_t no_llgr[] = { 0xff, 0xff, 0, 7 };

struct lab {
	struct net *net;
	struct node *node;
	struct end *end, *knows, *plain;
};

/* As an iBGP peer does, with a community (NULL: without). */
static void
announce(struct end *end, const char *prefix, const char *next_hop, uint32_t local_pref,
    const uint8_t *community)
{
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));
	uint8_t value[4];

	put_u32(value, local_pref);
	attribute_put(&out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_LOCAL_PREF, value, 4);
	if (community != NULL)
		attribute_put(&out, ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE,
		    ATTRIBUTE_COMMUNITIES, community, 4);
	puppet_announce_with(end, prefix, next_hop, NULL, octets, wcur_len(&out));
}

static struct open
open_ll(const struct net *net, unsigned i, uint32_t time_s)
{
	struct open open = open_gr(net, i, false, true);

	open.long_lived_restart = true;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		open.ll_families[f] = open.ll_forwarding[f] = true;
		open.ll_stale_time_s[f] = time_s;
	}
	return open;
}

static struct conf *
lab_conf(struct net *net)
{
	struct conf *conf = reflector_conf(net, 4);

	for (size_t i = 0; i < conf->n_peers; i++)
		conf->peers[i].options.long_lived_stale_time_s = OUR_TIME_S;
	return conf;
}

static struct lab
lab_with(struct net *net, struct conf *conf, const struct open *open)
{
	struct lab lab = { .net = net, .node = &net->nodes[0] };
	struct open knows = open_ll(net, 2, 1), plain = open_of(net, 3);

	net_start(net, 0, conf);
	lab.end = come_up(net, 1, open);
	announce(lab.end, "10.1.0.0/16", "10.0.0.2", 100, NULL);
	announce(lab.end, "10.2.0.0/16", "10.0.0.2", 100, NULL);
	puppet_end_of_ribs(net, lab.end);
	lab.knows = come_up(net, 2, &knows);
	puppet_end_of_ribs(net, lab.knows);
	lab.plain = come_up(net, 3, &plain);
	puppet_end_of_ribs(net, lab.plain);
	/* End-of-RIB of a reflector waits: see test_restart_self.c. */
	net_run(net, 130 * 1000);
	ck_assert_uint_eq(puppet_read(lab.knows).prefixes, 2);
	ck_assert_uint_eq(puppet_read(lab.plain).prefixes, 2);
	node_forget_events(lab.node);
	return lab;
}

static struct lab
lab_new(void)
{
	struct net *net = net_new(5);
	struct open open = open_ll(net, 1, 600);

	return lab_with(net, lab_conf(net), &open);
}

static void
lose(struct lab *lab)
{
	puppet_close(lab->net, lab->end);
	lab->end = NULL;
	ck_assert_int_ne(node_state(lab->node, 1), FSM_ESTABLISHED);
}

static void
come_again(struct lab *lab)
{
	struct open open = open_ll(lab->net, 1, 600);

	lab->end = come_up(lab->net, 1, &open);
}

static void
lose_for_long(struct lab *lab)
{
	lose(lab);
	net_run(lab->net, RESTART_MS + EARLY_MS);
	puppet_read(lab->knows);
	puppet_read(lab->plain);
}

static bool
is_lowered(struct lab *lab, const char *prefix)
{
	const struct path *path = path_of(lab->net, prefix);

	ck_assert_msg(path != NULL, "%s is gone", prefix);
	return (path->attrs->flags & ATTRS_LLGR_STALE) != 0;
}

static bool
is_there(struct lab *lab, const char *prefix)
{
	return path_of(lab->net, prefix) != NULL;
}

static void
assert_dropped(struct lab *lab)
{
	ck_assert(!is_there(lab, "10.1.0.0/16"));
	ck_assert(!is_there(lab, "10.2.0.0/16"));
	ck_assert_ptr_null(node_fib(lab->node, "10.1.0.0/16"));
	ck_assert(!node_peer(lab->node, 1)->stale[FAMILY_IPV4]);
	ck_assert_uint_eq(node_peer(lab->node, 1)->long_lived_until_ms[FAMILY_IPV4], 0);
}

/* ---- the time of the restart, and beyond (RFC 9494 4.2) ---- */

START_TEST(after_the_restart_time)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	lose(&lab);
	net_run(lab.net, RESTART_MS - EARLY_MS);
	ck_assert(!is_lowered(&lab, "10.1.0.0/16"));
	ck_assert_uint_eq(puppet_read(lab.knows).updates, 0);
	net_run(lab.net, 2 * EARLY_MS);
	ck_assert(is_lowered(&lab, "10.1.0.0/16") && is_stale(lab.net, "10.1.0.0/16"));
	ck_assert(is_lowered(&lab, "10.2.0.0/16"));
	ck_assert_ptr_nonnull(node_fib(lab.node, "10.1.0.0/16"));
	ck_assert_uint_eq(lab.node->counts[EVENT_LONG_LIVED], 1);
	ck_assert_uint_eq(node_event(lab.node, EVENT_LONG_LIVED)->count, 2);
	ck_assert_str_eq(node_event(lab.node, EVENT_LONG_LIVED)->text, "600 s");
	ck_assert_uint_eq(lab.node->counts[EVENT_STALE_SWEPT], 0);
	/* 4.3: told on with the community to who knows it, withdrawn from who does not.
	 */
	got = puppet_read(lab.knows);
	ck_assert_uint_eq(got.llgr_stale, 2);
	ck_assert_uint_eq(got.withdrawn, 0);
	got = puppet_read(lab.plain);
	ck_assert_uint_eq(got.prefixes, 0);
	ck_assert_uint_eq(got.withdrawn, 2);
	net_run(lab.net, LONG_MS - 2 * EARLY_MS);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	net_run(lab.net, 4 * EARLY_MS);
	assert_dropped(&lab);
	ck_assert_uint_eq(puppet_read(lab.knows).withdrawn, 2);
	ck_assert_uint_eq(puppet_read(lab.plain).updates, 0);
	ck_assert_uint_eq(lab.node->counts[EVENT_STALE_SWEPT], 1);
	net_free(lab.net);
}
END_TEST

/* RFC 9494 4.2: a restart time of 0, or a family that is not in RFC 4724's capability:
 * at once. */
START_TEST(without_a_restart_time)
{
	struct net *net = net_new(5);
	struct open open = open_ll(net, 1, 600);
	struct lab lab;

	if (_i == 0)
		open.restart_time_s = 0;
	else
		open.gr_families[FAMILY_IPV4] = open.forwarding[FAMILY_IPV4] = false;
	lab = lab_with(net, lab_conf(net), &open);
	lose(&lab);
	ck_assert(is_lowered(&lab, "10.1.0.0/16") && is_lowered(&lab, "10.2.0.0/16"));
	net_run(net, LONG_MS - EARLY_MS);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	net_run(net, 2 * EARLY_MS);
	assert_dropped(&lab);
	net_free(net);
}
END_TEST

/* RFC 9494 3.3: such routes are kept as RFC 4724 4.2 says, and no longer. */
START_TEST(no_llgr_is_removed)
{
	struct lab lab = lab_new();

	announce(lab.end, "10.2.0.0/16", "10.0.0.2", 100, no_llgr);
	net_settle(lab.net);
	lose(&lab);
	ck_assert(is_stale(lab.net, "10.2.0.0/16"));
	net_run(lab.net, RESTART_MS + EARLY_MS);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	ck_assert(!is_there(&lab, "10.2.0.0/16"));
	net_free(lab.net);
}
END_TEST

static const struct {
	const char *what;
	bool configured, announced, in_capability;
	uint32_t time_s;
} not_agreed[] = {
	{ "not configured", false, true, true, 600 },
	{ "not announced", true, false, true, 600 },
	{ "family not in the capability", true, true, false, 600 },
	{ "time of 0", true, true, true, 0 },
};

START_TEST(not_agreed_on)
{
	struct net *net = net_new(5);
	struct conf *conf = lab_conf(net);
	struct open open = open_ll(net, 1, not_agreed[_i].time_s);
	struct lab lab;

	if (!not_agreed[_i].configured)
		conf->peers[0].options.long_lived_stale_time_s = 0;
	open.long_lived_restart = not_agreed[_i].announced;
	open.ll_families[FAMILY_IPV4] = not_agreed[_i].in_capability;
	lab = lab_with(net, conf, &open);
	lose(&lab);
	net_run(net, RESTART_MS - EARLY_MS);
	ck_assert(is_stale(net, "10.1.0.0/16"));
	net_run(net, 2 * EARLY_MS);
	assert_dropped(&lab);
	ck_assert_uint_eq(lab.node->counts[EVENT_LONG_LIVED], 0);
	net_free(net);
}
END_TEST

/* A table of some size, in slices; and the peer comes back in the midst of it. */
START_TEST(in_slices)
{
	struct lab lab = lab_new();
	char text[32];

	for (unsigned k = 0; k < 200; k++) {
		snprintf(text, sizeof(text), "10.50.%u.0/24", k);
		announce(lab.end, text, "10.0.0.2", 100, NULL);
	}
	net_settle(lab.net);
	lose(&lab);
	lab.net->budget = 1;
	lab.net->now_ms += RESTART_MS;
	for (unsigned k = 0; k < 50; k++)
		node_turn(lab.node);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	ck_assert(!is_lowered(&lab, "10.50.199.0/24"));
	lab.net->budget = 1000;
	if (_i == 0) {
		net_settle(lab.net);
		ck_assert(is_lowered(&lab, "10.50.199.0/24"));
	} else {
		struct open open = open_ll(lab.net, 1, 600);

		lab.net->budget = 1;
		lab.end = puppet_dial(lab.net, 1, 0);
		puppet_send_open(lab.end, &open);
		puppet_send_keepalive(lab.end);
		announce(lab.end, "10.50.199.0/24", "10.0.0.2", 100, NULL);
		net_settle(lab.net);
		/* What came again is fresh, the rest is lowered none the less. */
		ck_assert(!is_lowered(&lab, "10.50.199.0/24"));
		ck_assert(!is_stale(lab.net, "10.50.199.0/24"));
		ck_assert(is_lowered(&lab, "10.50.198.0/24"));
		puppet_end_of_ribs(lab.net, lab.end);
		ck_assert(!is_there(&lab, "10.50.198.0/24"));
	}
	net_free(lab.net);
}
END_TEST

/* ---- the decision (RFC 9494 4.3, 4.4) ---- */

/* RFC 9494 4.3, 4.4: the second source has a path that loses by all other rules. */
START_TEST(least_preferred)
{
	struct lab lab = lab_new();
	struct open open = open_gr(lab.net, 4, false, true);
	struct end *other = come_up(lab.net, 4, &open);

	announce(other, "10.1.0.0/16", "10.0.0.5", 1, NULL);
	net_settle(lab.net);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 100);
	lose(&lab);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 100);
	net_run(lab.net, RESTART_MS + EARLY_MS);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 1);
	ck_assert_str_eq(
	    rib_lose_reason(speaker_rib(lab.node->sp),
		path_of(lab.net, "10.1.0.0/16")->next, path_of(lab.net, "10.1.0.0/16")),
	    "long-lived stale, the best is not");
	/* Without it the stale one is used again. */
	puppet_withdraw(other, "10.1.0.0/16");
	net_settle(lab.net);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	/* Of two such paths the better one is used. */
	announce(other, "10.1.0.0/16", "10.0.0.5", 101, llgr_stale);
	net_settle(lab.net);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 101);
	announce(other, "10.1.0.0/16", "10.0.0.5", 99, llgr_stale);
	net_settle(lab.net);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 100);
	net_free(lab.net);
}
END_TEST

/* RFC 9494 3.2, 4.3: another speaker's mark counts like ours, and is never taken off.
 */
START_TEST(received_with_the_community)
{
	struct lab lab = lab_new();
	struct open open = open_gr(lab.net, 4, false, true);
	struct end *other = come_up(lab.net, 4, &open);
	struct puppet_got got;

	announce(other, "10.1.0.0/16", "10.0.0.5", 200, llgr_stale);
	announce(other, "10.9.0.0/16", "10.0.0.5", 200, llgr_stale);
	net_settle(lab.net);
	ck_assert_uint_eq(path_of(lab.net, "10.1.0.0/16")->attrs->local_pref, 100);
	ck_assert(is_lowered(&lab, "10.9.0.0/16"));
	got = puppet_read(lab.knows);
	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert_uint_eq(got.llgr_stale, 1);
	ck_assert_uint_eq(puppet_read(lab.plain).updates, 0);
	net_free(lab.net);
}
END_TEST

/* RFC 9494 4.3 speaks of neighbours that we announce the capability to: from others it
 * is a community like any. */
START_TEST(received_where_it_is_off)
{
	struct net *net = net_new(5);
	struct conf *conf = lab_conf(net);
	struct open open = open_ll(net, 1, 600),
		    other_open = open_gr(net, 4, false, true);
	struct puppet_got got;
	struct end *other;
	struct lab lab;

	conf->peers[3].options.long_lived_stale_time_s = 0;
	lab = lab_with(net, conf, &open);
	other = come_up(net, 4, &other_open);
	announce(other, "10.1.0.0/16", "10.0.0.5", 200, llgr_stale);
	net_settle(net);
	ck_assert_uint_eq(path_of(net, "10.1.0.0/16")->attrs->local_pref, 200);
	got = puppet_read(lab.plain);
	ck_assert_uint_eq(got.llgr_stale, 1);
	ck_assert_uint_eq(got.withdrawn, 0);
	net_free(net);
}
END_TEST

/* ---- the peer comes back (RFC 9494 4.2) ---- */

START_TEST(end_of_rib_ends_it)
{
	struct lab lab = lab_new();
	struct puppet_got got;

	lose_for_long(&lab);
	come_again(&lab);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	ck_assert_uint_eq(puppet_read(lab.knows).updates, 0);
	announce(lab.end, "10.1.0.0/16", "10.0.0.2", 100, NULL);
	net_settle(lab.net);
	ck_assert(
	    !is_lowered(&lab, "10.1.0.0/16") && !is_stale(lab.net, "10.1.0.0/16"));
	got = puppet_read(lab.knows);
	ck_assert_uint_eq(got.prefixes, 1);
	ck_assert_uint_eq(got.llgr_stale, 0);
	ck_assert_uint_eq(puppet_read(lab.plain).prefixes, 1);
	puppet_end_of_ribs(lab.net, lab.end);
	ck_assert(!is_there(&lab, "10.2.0.0/16"));
	ck_assert_uint_eq(puppet_read(lab.knows).withdrawn, 1);
	/* No timer is left, and the next time is a whole one. */
	net_run(lab.net, 2 * LONG_MS);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	lose(&lab);
	net_run(lab.net, RESTART_MS + LONG_MS - EARLY_MS);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	net_run(lab.net, 3 * EARLY_MS);
	assert_dropped(&lab);
	net_free(lab.net);
}
END_TEST

static const struct {
	const char *what;
	bool graceful, long_lived, in_capability, forwarding, negotiated;
	bool kept;
} returns[] = {
	{ "all", true, true, true, true, true, true },
	{ "F bit missing", true, true, true, false, true, false },
	{ "family not in the capability", true, true, false, false, true, false },
	{ "family not negotiated", true, true, true, true, false, false },
	{ "no capability", true, false, false, false, true, false },
	{ "nor RFC 4724's", false, true, true, true, true, false },
};

START_TEST(return_with)
{
	struct lab lab = lab_new();
	struct open open = open_ll(lab.net, 1, 600);

	open.graceful_restart = returns[_i].graceful;
	open.long_lived_restart = returns[_i].long_lived;
	open.ll_families[FAMILY_IPV4] = returns[_i].in_capability;
	open.ll_forwarding[FAMILY_IPV4] = returns[_i].forwarding;
	open.families[FAMILY_IPV4] = returns[_i].negotiated;
	lose_for_long(&lab);
	lab.end = come_up(lab.net, 1, &open);
	ck_assert_msg(
	    is_there(&lab, "10.1.0.0/16") == returns[_i].kept, "%s", returns[_i].what);
	net_free(lab.net);
}
END_TEST

/* RFC 9494 4.2: "The timer is neither stopped nor updated until the End-of-RIB marker
 * is received": restarts in between do not make it longer, nor do they end it. */
START_TEST(consecutive_restarts)
{
	struct lab lab = lab_new();

	lose_for_long(&lab);
	net_run(lab.net, 100 * 1000);
	come_again(&lab);
	announce(lab.end, "10.3.0.0/16", "10.0.0.2", 100, NULL);
	net_settle(lab.net);
	lose(&lab);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	/* The new one has its restart time first. */
	ck_assert(is_stale(lab.net, "10.3.0.0/16") && !is_lowered(&lab, "10.3.0.0/16"));
	net_run(lab.net, RESTART_MS + EARLY_MS);
	ck_assert(is_lowered(&lab, "10.3.0.0/16"));
	ck_assert_uint_eq(lab.node->counts[EVENT_LONG_LIVED], 1);
	net_run(lab.net, LONG_MS - 100 * 1000 - RESTART_MS - 3 * EARLY_MS);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	net_run(lab.net, 4 * EARLY_MS);
	assert_dropped(&lab);
	ck_assert(!is_there(&lab, "10.3.0.0/16"));
	net_free(lab.net);
}
END_TEST

/* Lost twice inside the restart time: nothing is deleted early here, either.  But what
 * did not come in between is no longer as good as what did. */
START_TEST(second_restart_inside_the_first)
{
	struct lab lab = lab_new();

	lose(&lab);
	come_again(&lab);
	announce(lab.end, "10.1.0.0/16", "10.0.0.2", 100, NULL);
	net_settle(lab.net);
	lose(&lab);
	ck_assert(is_stale(lab.net, "10.1.0.0/16") && !is_lowered(&lab, "10.1.0.0/16"));
	ck_assert(is_stale(lab.net, "10.2.0.0/16") && is_lowered(&lab, "10.2.0.0/16"));
	net_run(lab.net, RESTART_MS + EARLY_MS);
	ck_assert(is_lowered(&lab, "10.1.0.0/16") && is_lowered(&lab, "10.2.0.0/16"));
	come_again(&lab);
	puppet_end_of_ribs(lab.net, lab.end);
	assert_dropped(&lab);
	net_free(lab.net);
}
END_TEST

/* A peer that comes and goes without end does not keep its old routes without end. */
START_TEST(comes_and_goes)
{
	struct lab lab = lab_new();
	uint64_t lost_ms = lab.net->now_ms;

	lose(&lab);
	for (unsigned k = 0; is_there(&lab, "10.2.0.0/16"); k++) {
		ck_assert_uint_lt(k, 100);
		net_run(lab.net, 20 * 1000);
		come_again(&lab);
		announce(lab.end, "10.1.0.0/16", "10.0.0.2", 100, NULL);
		net_run(lab.net, 1000);
		lose(&lab);
	}
	ck_assert_uint_ge(lab.net->now_ms - lost_ms, LONG_MS);
	ck_assert_uint_le(lab.net->now_ms - lost_ms, LONG_MS + RESTART_MS);
	net_free(lab.net);
}
END_TEST

/* It runs out while the peer says all anew: what did not come yet is removed; and when
 * this session fails, too, all the rest at once. */
START_TEST(time_over_in_the_new_session)
{
	struct lab lab = lab_new();

	lose_for_long(&lab);
	net_run(lab.net, LONG_MS - 1000);
	come_again(&lab);
	announce(lab.end, "10.1.0.0/16", "10.0.0.2", 100, NULL);
	net_run(lab.net, 1000);
	ck_assert(is_there(&lab, "10.1.0.0/16"));
	ck_assert(!is_there(&lab, "10.2.0.0/16"));
	if (_i == 1)
		puppet_end_of_ribs(lab.net, lab.end);
	lose(&lab);
	ck_assert(is_there(&lab, "10.1.0.0/16") == (_i == 1));
	net_free(lab.net);
}
END_TEST

/* ---- what ends it at once ---- */

static void
end_by_disable(struct lab *lab)
{
	peer_disable(lab->node->sp, node_peer(lab->node, 1), "x");
}

static void
end_by_restart(struct lab *lab)
{
	peer_restart(lab->node->sp, node_peer(lab->node, 1), "x");
}

static void
end_by_reload(struct lab *lab)
{
	struct conf *conf = lab_conf(lab->net);

	conf->peers[0].options.long_lived_stale_time_s = 1;
	speaker_configure(lab->node->sp, conf);
}

static void
end_by_removal(struct lab *lab)
{
	struct conf *conf = lab_conf(lab->net);

	conf->peers[0] = conf->peers[--conf->n_peers];
	speaker_configure(lab->node->sp, conf);
}

/* RFC 8538 3: in the session that came to say all anew. */
static void
end_by_hard_reset(struct lab *lab)
{
	come_again(lab);
	ck_assert(is_lowered(lab, "10.1.0.0/16"));
	puppet_send_notification(lab->end, NOTIFY_CEASE, CEASE_HARD_RESET);
}

static void (*const ends[])(struct lab *lab) = { end_by_disable, end_by_restart,
	end_by_reload, end_by_removal, end_by_hard_reset };

START_TEST(ended_at_once)
{
	struct lab lab = lab_new();

	lose_for_long(&lab);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	ends[_i](&lab);
	net_settle(lab.net);
	ck_assert(!is_there(&lab, "10.1.0.0/16") && !is_there(&lab, "10.2.0.0/16"));
	ck_assert_uint_eq(puppet_read(lab.knows).withdrawn, 2);
	net_free(lab.net);
}
END_TEST

/* From a range: it lasts as long as its routes. */
START_TEST(dynamic_peer)
{
	struct net *net = net_new(5);
	struct conf *conf = net_conf(net, 0, AS);
	struct open open = open_ll(net, 1, 600);
	struct conf_group *group = conf_range_add(conf, "nodes", "10.0.0.0/24", AS);
	struct lab lab;

	group->options.client = true;
	group->options.long_lived_stale_time_s = OUR_TIME_S;
	lab = lab_with(net, conf, &open);
	lose_for_long(&lab);
	ck_assert(is_lowered(&lab, "10.1.0.0/16"));
	ck_assert_ptr_nonnull(node_peer(lab.node, 1));
	net_run(net, LONG_MS);
	ck_assert(!is_there(&lab, "10.1.0.0/16"));
	ck_assert_ptr_null(node_peer(lab.node, 1));
	net_free(net);
}
END_TEST

/* ---- as the restarting speaker (RFC 9494 3.1, 4.1) ---- */

/* RFC 9494 3.1, 4.1; RFC 8538 2: the N bit with it alone. */
START_TEST(our_open)
{
	struct net *net = net_new(4);
	struct conf *conf = reflector_conf(net, 3);
	struct open open;

	conf->peers[0].options.long_lived_stale_time_s = 0xffffff;
	conf->peers[1].options.long_lived_stale_time_s = 10;
	conf->peers[1].options.families[FAMILY_IPV6] = false;
	net_start_as(net, 0, conf, true);
	open = ask_open(net, 1);
	ck_assert(open.graceful_restart && open.long_lived_restart);
	ck_assert(open.notification_gr);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		ck_assert(open.ll_families[f] && open.ll_forwarding[f]);
		ck_assert_uint_eq(open.ll_stale_time_s[f], 0xffffff);
	}
	open = ask_open(net, 2);
	ck_assert(open.ll_families[FAMILY_IPV4] && !open.ll_families[FAMILY_IPV6]);
	ck_assert_uint_eq(open.ll_stale_time_s[FAMILY_IPV4], 10);
	open = ask_open(net, 3);
	ck_assert(!open.long_lived_restart && !open.notification_gr);
	net_free(net);
}
END_TEST

/* Two of our own: the routes of one that is away for an hour, and it returns. */
START_TEST(two_speakers)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];

	for (unsigned i = 0; i < 2; i++) {
		struct conf *conf = net_conf(net, i, AS);

		conf->router.long_lived_stale_time_s = 7200;
		net_conf_peer(net, conf, 1 - i, AS);
		if (i == 1)
			conf_network_add(conf, "10.1.0.0/16");
		net_start(net, i, conf);
	}
	net_run(net, 5000);
	net_assert_up(net, 0, 1);
	node_stop(&net->nodes[1], true, "upgrade");
	net_run(net, 3600 * 1000);
	ck_assert(node_best(node, "10.1.0.0/16")->attrs->flags & ATTRS_LLGR_STALE);
	ck_assert_ptr_nonnull(node_fib(node, "10.1.0.0/16"));
	{
		struct conf *conf = net_conf(net, 1, AS);

		conf->router.long_lived_stale_time_s = 7200;
		net_conf_peer(net, conf, 0, AS);
		conf_network_add(conf, "10.1.0.0/16");
		net_start_as(net, 1, conf, true);
	}
	net_run(net, 60 * 1000);
	net_assert_up(net, 0, 1);
	ck_assert(!(node_best(node, "10.1.0.0/16")->attrs->flags & ATTRS_LLGR_STALE));
	net_free(net);
}
END_TEST

static TCase *
long_lived_case(void)
{
	TCase *t = tcase_create("long_lived");

	tcase_add_test(t, after_the_restart_time);
	tcase_add_loop_test(t, without_a_restart_time, 0, 2);
	tcase_add_test(t, no_llgr_is_removed);
	tcase_add_loop_test(t, not_agreed_on, 0, COUNT(not_agreed));
	tcase_add_loop_test(t, in_slices, 0, 2);
	tcase_add_test(t, least_preferred);
	tcase_add_test(t, received_with_the_community);
	tcase_add_test(t, received_where_it_is_off);
	tcase_add_test(t, end_of_rib_ends_it);
	tcase_add_loop_test(t, return_with, 0, COUNT(returns));
	tcase_add_test(t, consecutive_restarts);
	tcase_add_test(t, second_restart_inside_the_first);
	tcase_add_test(t, comes_and_goes);
	tcase_add_loop_test(t, time_over_in_the_new_session, 0, 2);
	tcase_add_loop_test(t, ended_at_once, 0, COUNT(ends));
	tcase_add_test(t, dynamic_peer);
	tcase_add_test(t, our_open);
	tcase_add_test(t, two_speakers);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("long_lived");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, long_lived_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
