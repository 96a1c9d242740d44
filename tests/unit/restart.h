/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What tests of graceful restart share: node 0 is the speaker, a reflector with all
 * others as clients; the others are puppets without a hold timer, so that the clock may
 * run.
 */
#ifndef TESTS_RESTART_H
#define TESTS_RESTART_H

#include "puppet.h"

#include <check.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { AS = 64512 };

/* Of all times below: within this much of a deadline. */
enum { EARLY_MS = 10 };

static inline struct conf *
reflector_conf(struct net *net, unsigned n_peers)
{
	struct conf *conf = net_conf(net, 0, AS);

	for (unsigned i = 1; i <= n_peers; i++) {
		struct conf_peer *peer = net_conf_peer(net, conf, i, AS);

		peer->options.passive = true;
		peer->options.client = true;
	}
	return conf;
}

static inline struct open
open_of(const struct net *net, unsigned i)
{
	struct open open = puppet_open(AS, addr_to_ipv4(&net->nodes[i].addr4));

	open.hold_time_s = 0;
	return open;
}

static inline struct open
open_gr(const struct net *net, unsigned i, bool restarting, bool forwarding)
{
	struct open open = puppet_open_gr(
	    AS, addr_to_ipv4(&net->nodes[i].addr4), restarting, forwarding);

	open.hold_time_s = 0;
	return open;
}

static inline struct end *
come_up(struct net *net, unsigned i, const struct open *open)
{
	struct end *end = puppet_dial(net, i, 0);

	net_settle(net);
	puppet_greet(net, end, open);
	ck_assert_int_eq(node_state(&net->nodes[0], i), FSM_ESTABLISHED);
	return end;
}

static inline struct end *
come_back(struct net *net, unsigned i)
{
	struct open open = open_gr(net, i, true, true);

	return come_up(net, i, &open);
}

/* What node 0 says in its OPEN to puppet `i`, by a connection that goes nowhere. */
static inline struct open
ask_open(struct net *net, unsigned i)
{
	struct end *end = puppet_dial(net, i, 0);
	struct puppet_got got;

	net_settle(net);
	got = puppet_read(end);
	ck_assert_uint_eq(got.open.as, AS);
	puppet_close(net, end);
	return got.open;
}

static inline const struct path *
path_of(struct net *net, const char *text)
{
	return node_best(&net->nodes[0], text);
}

static inline bool
is_stale(struct net *net, const char *text)
{
	const struct path *path = path_of(net, text);

	ck_assert_msg(path != NULL, "%s is gone", text);
	return rib_path_is_stale(speaker_rib(net->nodes[0].sp), path, FAMILY_IPV4);
}

#endif
