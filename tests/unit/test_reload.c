// links: bgp_core
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * speaker_configure() on a speaker that runs: peers come, stay untouched, are reset and
 * go, those of the configuration and those from a range.
 */
#include "reload.h"

/* ---- peers come, stay and go ---- */

START_TEST(unchanged_peers_are_not_touched)
{
	struct net *net = net_new(4);
	struct node *node = &net->nodes[0];
	struct end *ends[4] = { NULL };
	struct session *sessions[4] = { NULL };

	for (unsigned round = 0; round < 3; round++) {
		struct conf *conf = conf_new(net);

		/* Their order is of no importance. */
		for (unsigned k = 1; k < 4; k++) {
			unsigned i = round == 1 ? 4 - k : k;
			struct conf_peer *peer = add(net, conf, i, AS);

			if (round > 0 && i == 2) {
				snprintf(peer->name, sizeof(peer->name), "renamed");
				snprintf(peer->description, sizeof(peer->description),
				    "rack %u", round);
			}
			peer->options.client = i == 1;
		}
		conf_network_add(conf, "10.9.0.0/16");
		if (round == 0)
			net_start(net, 0, conf);
		else
			reload(net, conf);
		for (unsigned i = 1; i < 4; i++) {
			if (round == 0) {
				ends[i] = puppet_up(net, i);
				puppet_read(ends[i]);
				sessions[i] = node_peer(node, i)->established;
			}
			net_settle(net);
			assert_untouched(ends[i]);
			ck_assert_ptr_eq(node_peer(node, i)->established, sessions[i]);
		}
		if (round > 0) {
			char want[16];

			snprintf(want, sizeof(want), "rack %u", round);
			ck_assert_ptr_eq(
			    speaker_find_peer(node->sp, "renamed"), node_peer(node, 2));
			ck_assert_ptr_null(speaker_find_peer(node->sp, "n2"));
			ck_assert_str_eq(node_peer(node, 2)->conf.description, want);
		}
		net_run(net, 1000);
	}
	ck_assert_uint_eq(node->counts[EVENT_PEER_DOWN], 0);
	ck_assert_uint_eq(node->counts[EVENT_PEER_ADDED], 0);
	ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], 0);
	net_free(net);
}
END_TEST

START_TEST(added_peer_is_dialled)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct conf *other = net_conf(net, 2, AS);
	struct end *end;

	add(net, conf, 1, AS);
	net_start(net, 0, conf);
	end = puppet_up(net, 1);
	puppet_read(end);
	net_conf_peer(net, other, 0, AS)->options.passive = true;
	conf_network_add(other, "10.2.0.0/16");
	net_start(net, 2, other);
	net_run(net, 20 * 1000);
	ck_assert_ptr_null(node_peer(node, 2));
	conf = conf_new(net);
	add(net, conf, 1, AS)->options.client = true;
	net_conf_peer(net, conf, 2, AS);
	reload(net, conf);
	ck_assert_uint_eq(node->counts[EVENT_DIAL], 1);
	ck_assert_uint_eq(node->counts[EVENT_PEER_ADDED], 1);
	ck_assert_str_eq(node_event(node, EVENT_PEER_ADDED)->peer_name, "n2");
	net_run(net, 1000);
	net_assert_up(net, 0, 2);
	ck_assert_ptr_nonnull(best(net, 0, "10.2.0.0/16"));
	ck_assert_uint_eq(puppet_read(end).prefixes, 1);
	net_free(net);
}
END_TEST

/* In the file with enabled = false: it is there, and that is all. */
START_TEST(added_disabled_peer)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *end;

	net_start(net, 0, conf_new(net));
	net_conf_peer(net, conf, 1, AS)->enabled = false;
	reload(net, conf);
	net_run(net, 60 * 1000);
	ck_assert_uint_eq(node->counts[EVENT_DIAL], 0);
	ck_assert(node_peer(node, 1)->disabled);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	ck_assert(end->fin);
	puppet_close(net, end);
	net_free(net);
}
END_TEST

START_TEST(removed_peer)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *end, *watcher;

	for (unsigned i = 1; i < 3; i++)
		add(net, conf, i, AS)->options.client = true;
	net_start(net, 0, conf);
	end = puppet_up(net, 1);
	watcher = puppet_up(net, 2);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_read(watcher);
	for (unsigned round = 0; round < 3; round++) {
		conf = conf_new(net);
		add(net, conf, 2, AS)->options.client = true;
		reload(net, conf);
		assert_notified(end, CEASE_DECONFIGURED);
		puppet_close(net, end);
		ck_assert_ptr_null(speaker_find_peer(node->sp, "n1"));
		ck_assert_ptr_null(node_peer(node, 1));
		ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], round + 1);
		ck_assert_str_eq(node_event(node, EVENT_PEER_REMOVED)->peer_name, "n1");
		ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
		ck_assert_ptr_null(node_fib(node, "10.1.0.0/16"));
		ck_assert_uint_eq(puppet_read(watcher).withdrawn, 1);
		/* It is a stranger now. */
		end = puppet_dial(net, 1, 0);
		net_settle(net);
		ck_assert(end->fin);
		ck_assert_uint_eq(puppet_read(end).open.as, 0);
		puppet_close(net, end);
		/* … and later a peer again. */
		net_run(net, 5000);
		conf = conf_new(net);
		for (unsigned i = 1; i < 3; i++)
			add(net, conf, i, AS)->options.client = true;
		reload(net, conf);
		ck_assert_uint_eq(node->counts[EVENT_PEER_ADDED], round + 1);
		end = puppet_up(net, 1);
		puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
		net_settle(net);
		ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
		ck_assert_uint_eq(puppet_read(watcher).prefixes, 1);
	}
	assert_untouched(watcher);
	net_free(net);
}
END_TEST

/* Two reloads in a row, the speaker had no turn to forget the old one between them. */
START_TEST(removed_and_added_at_once)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *end;

	add(net, conf, 1, AS);
	net_start(net, 0, conf);
	end = puppet_up(net, 1);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	puppet_announce(end, "10.2.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_read(end);
	conf = conf_new(net);
	add(net, conf, 1, AS);
	speaker_configure(node->sp, conf_new(net));
	reload(net, conf);
	assert_notified(end, CEASE_DECONFIGURED);
	ck_assert_ptr_nonnull(node_peer(node, 1));
	ck_assert_ptr_eq(speaker_find_peer(node->sp, "n1"), node_peer(node, 1));
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], 1);
	puppet_close(net, end);
	end = puppet_up(net, 1);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	ck_assert_ptr_null(best(net, 0, "10.2.0.0/16"));
	net_free(net);
}
END_TEST

/* A peer that is down, its routes kept for its return. */
START_TEST(removed_while_stale)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct open open =
	    puppet_open_gr(AS, addr_to_ipv4(&net->nodes[1].addr4), false, true);
	struct end *end;

	add(net, conf, 1, AS);
	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_close(net, end);
	/* A reload that does not concern it leaves them. */
	conf = conf_new(net);
	add(net, conf, 1, AS);
	conf_network_add(conf, "10.9.0.0/16");
	reload(net, conf);
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	ck_assert(node_peer(node, 1)->stale[FAMILY_IPV4]);
	reload(net, conf_new(net));
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	ck_assert_ptr_null(node_peer(node, 1));
	ck_assert_uint_eq(node->counts[EVENT_PEER_REMOVED], 1);
	net_free(net);
}
END_TEST

/* ---- what needs a new session ---- */

static void
change_hold_time(struct conf_peer *peer)
{
	peer->options.hold_time_s = 30;
}

static void
change_as(struct conf_peer *peer)
{
	peer->options.remote_as = OTHER_AS;
}

static void
change_local_as(struct conf_peer *peer)
{
	peer->options.local_as = 64999;
	peer->options.remote_as = 64999;
}

static void
change_families(struct conf_peer *peer)
{
	peer->options.families[FAMILY_IPV6] = false;
}

static void
change_graceful_restart(struct conf_peer *peer)
{
	peer->options.graceful_restart = false;
}

static const struct {
	const char *what;
	void (*change)(struct conf_peer *peer);
	uint32_t as;       /* of the peer afterwards */
	uint32_t local_as; /* what our OPEN says then */
} resets[] = {
	{ "hold-time", change_hold_time, AS, AS },
	{ "as", change_as, OTHER_AS, AS },
	{ "local-as", change_local_as, 64999, 64999 },
	{ "families", change_families, AS, AS },
	{ "graceful-restart", change_graceful_restart, AS, AS },
};

START_TEST(reset_and_up_again)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *end, *other;
	struct open open;
	struct puppet_got got;

	for (unsigned i = 1; i < 3; i++)
		add(net, conf, i, AS);
	net_start(net, 0, conf);
	/* With graceful restart: a reset drops the routes all the same. */
	open = puppet_open_gr(AS, addr_to_ipv4(&net->nodes[1].addr4), false, true);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	other = puppet_up(net, 2);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_read(other);
	conf = conf_new(net);
	for (unsigned i = 1; i < 3; i++)
		add(net, conf, i, AS);
	resets[_i].change(&conf->peers[0]);
	reload(net, conf);
	assert_notified(end, CEASE_CONFIG_CHANGE);
	assert_untouched(other);
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	ck_assert_ptr_nonnull(node_peer(node, 1));
	puppet_close(net, end);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	open = puppet_open(resets[_i].as, addr_to_ipv4(&net->nodes[1].addr4));
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(node, 1), FSM_ESTABLISHED);
	got = puppet_read(end);
	ck_assert_uint_eq(got.open.as, resets[_i].local_as);
	ck_assert_uint_eq(got.open.hold_time_s, _i == 0 ? 30 : 90);
	ck_assert(got.open.families[FAMILY_IPV6] == (_i != 3));
	ck_assert(got.open.graceful_restart == (_i != 4));
	ck_assert(node_peer(node, 1)->ebgp == (_i == 1));
	net_free(net);
}
END_TEST

/* Between two speakers, both dialling or node 0 alone: it takes but a moment. */
START_TEST(reset_comes_up_soon)
{
	struct net *net = net_new(2);
	struct conf *conf = conf_new(net);
	const struct speaker_event *event;

	net_conf_peer(net, conf, 1, AS);
	net_start(net, 0, conf);
	start_neighbour(net, 1, _i == 1);
	net_run(net, 2000);
	net_assert_up(net, 0, 1);
	conf = conf_new(net);
	net_conf_peer(net, conf, 1, AS)->options.hold_time_s = 30;
	reload(net, conf);
	event = node_event(&net->nodes[1], EVENT_NOTIFICATION_RECEIVED);
	ck_assert_uint_eq(event->code, NOTIFY_CEASE);
	ck_assert_uint_eq(event->subcode, CEASE_CONFIG_CHANGE);
	net_run(net, 1000);
	net_assert_up(net, 0, 1);
	ck_assert_uint_eq(node_peer(&net->nodes[1], 0)->params.hold_time_s, 30);
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	net_free(net);
}
END_TEST

/* Whoever corrects the file does not wait for the backoff of the wrong one. */
START_TEST(reset_inside_a_backoff)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);

	net_conf_peer(net, conf, 1, AS);
	net_start(net, 0, conf);
	net_run(net, 60 * 1000);
	node_forget_events(node);
	conf = conf_new(net);
	net_conf_peer(net, conf, 1, AS)->options.hold_time_s = 30;
	reload(net, conf);
	ck_assert_uint_eq(node->counts[EVENT_DIAL], 0);
	net_run(net, 200);
	ck_assert_uint_eq(node->counts[EVENT_DIAL], 1);
	net_free(net);
}
END_TEST

/* Stale routes were learned under the old rules: the reset takes them, too. */
START_TEST(reset_while_stale)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct open open =
	    puppet_open_gr(AS, addr_to_ipv4(&net->nodes[1].addr4), false, true);
	struct end *end;

	add(net, conf, 1, AS);
	net_start(net, 0, conf);
	end = puppet_dial(net, 1, 0);
	net_settle(net);
	puppet_greet(net, end, &open);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	puppet_close(net, end);
	ck_assert(node_peer(node, 1)->stale[FAMILY_IPV4]);
	conf = conf_new(net);
	add(net, conf, 1, OTHER_AS);
	reload(net, conf);
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	ck_assert(!node_peer(node, 1)->stale[FAMILY_IPV4]);
	net_free(net);
}
END_TEST

/* ---- enabled ---- */

START_TEST(enabled)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	const struct speaker_event *event;

	for (unsigned i = 1; i < 3; i++)
		net_conf_peer(net, conf, i, AS);
	net_start(net, 0, conf);
	for (unsigned i = 1; i < 3; i++)
		start_neighbour(net, i, false);
	net_run(net, 3000);
	net_assert_up(net, 0, 1);
	net_assert_up(net, 0, 2);
	conf = conf_new(net);
	for (unsigned i = 1; i < 3; i++)
		net_conf_peer(net, conf, i, AS)->enabled = i != 1;
	reload(net, conf);
	event = node_event(&net->nodes[1], EVENT_NOTIFICATION_RECEIVED);
	ck_assert_uint_eq(event->code, NOTIFY_CEASE);
	ck_assert_uint_eq(event->subcode, CEASE_ADMIN_SHUTDOWN);
	net_run(net, 60 * 1000);
	ck_assert_int_eq(node_state(node, 1), FSM_IDLE);
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	net_assert_up(net, 0, 2);
	conf = conf_new(net);
	for (unsigned i = 1; i < 3; i++)
		net_conf_peer(net, conf, i, AS);
	reload(net, conf);
	net_run(net, 1000);
	net_assert_up(net, 0, 1);
	ck_assert_ptr_nonnull(best(net, 0, "10.1.0.0/16"));
	ck_assert_uint_eq(node_peer(node, 2)->counters.flaps, 0);
	net_free(net);
}
END_TEST

/* What the operator disabled stays so, even where its options change. */
START_TEST(disabled_by_the_operator)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);

	net_conf_peer(net, conf, 1, AS);
	net_start(net, 0, conf);
	start_neighbour(net, 1, false);
	net_run(net, 3000);
	net_assert_up(net, 0, 1);
	peer_disable(node->sp, node_peer(node, 1), "maintenance");
	net_settle(net);
	conf = conf_new(net);
	net_conf_peer(net, conf, 1, AS)->options.hold_time_s = _i == 0 ? 90 : 30;
	reload(net, conf);
	net_run(net, 60 * 1000);
	ck_assert_int_eq(node_state(node, 1), FSM_IDLE);
	ck_assert_str_eq(node_peer(node, 1)->disabled_reason, "maintenance");
	peer_enable(node->sp, node_peer(node, 1));
	net_run(net, 1000);
	net_assert_up(net, 0, 1);
	ck_assert_uint_eq(node_peer(node, 1)->params.hold_time_s, _i == 0 ? 90 : 30);
	net_free(net);
}
END_TEST

/* ---- dynamic peers ---- */

/* What becomes of the dynamic peers 1 and 2 of the group "g", 10.0.0.0/24. */
static const struct {
	const char *what;
	const char *name;
	const char *ranges[2];
	bool stay1, stay2;
} ranges[] = {
	{ "nothing changes", "g", { "10.0.0.0/24" }, true, true },
	{ "the group goes", NULL, { NULL }, false, false },
	{ "it has no range any more", "g", { NULL }, false, false },
	{ "another range", "g", { "10.9.0.0/24" }, false, false },
	{ "a narrower range", "g", { "10.0.0.2/32" }, true, false },
	{ "a wider range", "g", { "10.0.0.0/16" }, true, true },
	{ "two ranges", "g", { "10.0.0.2/32", "10.0.0.3/32" }, true, true },
	{ "another group has it", "h", { "10.0.0.0/24" }, false, false },
};

START_TEST(range)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *ends[3];

	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	net_start(net, 0, conf);
	for (unsigned i = 1; i < 3; i++) {
		char text[32];

		ends[i] = puppet_up(net, i);
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		puppet_announce(ends[i], text, "10.0.0.2");
		net_settle(net);
		puppet_read(ends[i]);
	}
	conf = conf_new(net);
	/* In front of it: the group's index changes. */
	conf_range_add(conf, "first", "10.77.0.0/24", AS);
	if (ranges[_i].name != NULL) {
		struct conf_group *group =
		    conf_range_add(conf, ranges[_i].name, "10.88.0.0/24", AS);

		group->n_ranges = 0;
		for (unsigned k = 0; k < 2 && ranges[_i].ranges[k] != NULL; k++)
			group->ranges[group->n_ranges++] =
			    prefix_from(ranges[_i].ranges[k]);
	}
	reload(net, conf);
	for (unsigned i = 1; i < 3; i++) {
		bool stays = i == 1 ? ranges[_i].stay1 : ranges[_i].stay2;
		const char *route = i == 1 ? "10.1.0.0/16" : "10.2.0.0/16";

		if (stays) {
			assert_untouched(ends[i]);
			ck_assert_int_eq(node_state(node, i), FSM_ESTABLISHED);
		} else {
			assert_notified(ends[i], CEASE_DECONFIGURED);
			puppet_close(net, ends[i]);
			ck_assert_ptr_null(node_peer(node, i));
		}
		ck_assert((best(net, 0, route) != NULL) == stays);
	}
	ck_assert_uint_eq(
	    node->counts[EVENT_PEER_REMOVED], 2u - ranges[_i].stay1 - ranges[_i].stay2);
	/* Once more: group indices of those that stayed hold. */
	conf = conf_new(net);
	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	reload(net, conf);
	for (unsigned i = 1; i < 3; i++)
		if (i == 1 ? ranges[_i].stay1 : ranges[_i].stay2)
			assert_untouched(ends[i]);
	net_free(net);
}
END_TEST

/* The options of the group are those of its peers: some at once, some by a reset. */
START_TEST(options_of_a_range)
{
	struct net *net = net_new(3);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *ends[3];

	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	net_start(net, 0, conf);
	for (unsigned i = 1; i < 3; i++) {
		ends[i] = puppet_up(net, i);
		puppet_read(ends[i]);
	}
	puppet_announce(ends[1], "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	ck_assert_uint_eq(puppet_read(ends[2]).prefixes, 0);
	conf = conf_new(net);
	conf_range_add(conf, "g", "10.0.0.0/24", AS)->options.client = true;
	reload(net, conf);
	ck_assert_uint_eq(puppet_read(ends[2]).prefixes, 1);
	assert_untouched(ends[1]);
	conf = conf_new(net);
	conf_range_add(conf, "g", "10.0.0.0/24", AS)->options.hold_time_s = 30;
	reload(net, conf);
	for (unsigned i = 1; i < 3; i++) {
		assert_notified(ends[i], CEASE_CONFIG_CHANGE);
		puppet_close(net, ends[i]);
	}
	net_run(net, 1000);
	ck_assert_ptr_null(node_peer(node, 1));
	ends[1] = puppet_up(net, 1);
	ck_assert_uint_eq(puppet_read(ends[1]).open.hold_time_s, 30);
	net_free(net);
}
END_TEST

/* A section for a peer that came from a range: one peer has the address, not two. */
START_TEST(section_for_a_dynamic_peer)
{
	struct net *net = net_new(2);
	struct node *node = &net->nodes[0];
	struct conf *conf = conf_new(net);
	struct end *end;

	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	net_start(net, 0, conf);
	end = puppet_up(net, 1);
	puppet_announce(end, "10.1.0.0/16", "10.0.0.2");
	net_settle(net);
	conf = conf_new(net);
	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	add(net, conf, 1, AS);
	reload(net, conf);
	ck_assert_uint_eq(puppet_read(end).notification.code, NOTIFY_CEASE);
	puppet_close(net, end);
	ck_assert_ptr_null(best(net, 0, "10.1.0.0/16"));
	ck_assert_ptr_eq(speaker_find_peer(node->sp, "n1"), node_peer(node, 1));
	ck_assert(!node_peer(node, 1)->dynamic);
	ck_assert_ptr_null(speaker_next_peer(node->sp, speaker_first_peer(node->sp)));
	end = puppet_up(net, 1);
	/* … and back. */
	conf = conf_new(net);
	conf_range_add(conf, "g", "10.0.0.0/24", AS);
	reload(net, conf);
	assert_notified(end, CEASE_DECONFIGURED);
	puppet_close(net, end);
	ck_assert_ptr_null(node_peer(node, 1));
	puppet_up(net, 1);
	ck_assert(node_peer(node, 1)->dynamic);
	net_free(net);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reload");
	TCase *t = tcase_create("reload");
	SRunner *r;
	int failed;

	tcase_add_test(t, unchanged_peers_are_not_touched);
	tcase_add_test(t, added_peer_is_dialled);
	tcase_add_test(t, added_disabled_peer);
	tcase_add_test(t, removed_peer);
	tcase_add_test(t, removed_and_added_at_once);
	tcase_add_test(t, removed_while_stale);
	tcase_add_loop_test(t, reset_and_up_again, 0, COUNT(resets));
	tcase_add_loop_test(t, reset_comes_up_soon, 0, 2);
	tcase_add_test(t, reset_inside_a_backoff);
	tcase_add_test(t, reset_while_stale);
	tcase_add_test(t, enabled);
	tcase_add_loop_test(t, disabled_by_the_operator, 0, 2);
	tcase_add_loop_test(t, range, 0, COUNT(ranges));
	tcase_add_test(t, options_of_a_range);
	tcase_add_test(t, section_for_a_dynamic_peer);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
