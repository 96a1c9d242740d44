/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What tests of a reload share: node 0 is the speaker that is reloaded, the others are
 * speakers or puppets.
 */
#ifndef TESTS_RELOAD_H
#define TESTS_RELOAD_H

#include "puppet.h"

#include <check.h>

enum { AS = 64512, OTHER_AS = 65001 };

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Node 0's configuration in AS 64512 with filters 0 "none" and 1 "all". */
static inline struct conf *
conf_new(const struct net *net)
{
	struct conf *conf = net_conf(net, 0, AS);

	conf_filter_add(conf, "none", false);
	conf_filter_add(conf, "all", true);
	return conf;
}

static inline struct conf_peer *
add(const struct net *net, struct conf *conf, unsigned i, uint32_t as)
{
	struct conf_peer *peer = net_conf_peer(net, conf, i, as);

	peer->options.passive = true;
	return peer;
}

static inline void
reload(struct net *net, struct conf *conf)
{
	struct node *node = &net->nodes[0];

	speaker_set_now(node->sp, net->now_ms);
	speaker_configure(node->sp, conf);
	net_settle(net);
}

/* A speaker of AS 64512 with one network. */
static inline void
start_neighbour(struct net *net, unsigned i, bool passive)
{
	struct conf *conf = net_conf(net, i, AS);
	char text[32];

	net_conf_peer(net, conf, 0, AS)->options.passive = passive;
	snprintf(text, sizeof(text), "10.%u.0.0/16", i);
	conf_network_add(conf, text);
	net_start(net, i, conf);
}

static inline struct end *
puppet_up_as(struct net *net, unsigned i, uint32_t as)
{
	struct open open = puppet_open(as, addr_to_ipv4(&net->nodes[i].addr4));
	struct end *end = puppet_dial(net, i, 0);

	open.hold_time_s = 0;
	net_settle(net);
	puppet_greet(net, end, &open);
	ck_assert_int_eq(node_state(&net->nodes[0], i), FSM_ESTABLISHED);
	puppet_end_of_ribs(net, end);
	return end;
}

static inline struct end *
puppet_up(struct net *net, unsigned i)
{
	return puppet_up_as(net, i, AS);
}

/* As an eBGP peer does: its AS alone. */
static inline void
announce_ebgp(struct net *net, struct end *end, const char *prefix, uint32_t as)
{
	const uint32_t as_path[] = { as, 0 };

	puppet_announce_with(end, prefix, "10.0.0.9", as_path, NULL, 0);
	net_settle(net);
}

static inline void
assert_notified(struct end *end, uint8_t subcode)
{
	struct puppet_got got = puppet_read(end);

	ck_assert_uint_eq(got.notification.code, NOTIFY_CEASE);
	ck_assert_uint_eq(got.notification.subcode, subcode);
	ck_assert(end->fin);
}

/* Nothing at all came, and the connection stands. */
static inline void
assert_untouched(struct end *end)
{
	ck_assert_uint_eq(end->len, 0);
	ck_assert(!end->fin);
}

static inline const struct path *
best(const struct net *net, unsigned i, const char *text)
{
	return node_best(&net->nodes[i], text);
}

/* Follows what the puppet was told of one prefix. */
static inline void
follow(const struct puppet_got *got, const char *text, bool *has)
{
	struct prefix prefix = prefix_from(text);

	ck_assert_uint_lt(got->n_changes, PUPPET_CHANGES);
	for (unsigned i = 0; i < got->n_changes; i++)
		if (prefix_equal(&got->changes[i].prefix, &prefix))
			*has = !got->changes[i].withdrawn;
}

#endif
