/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A configuration made by hand, with the defaults of INTERFACE.md, for tests of what
 * stands above the reader.  The speaker takes it over and frees it.
 */
#ifndef TESTS_CONF_MAKE_H
#define TESTS_CONF_MAKE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "bgp/conf.h"

enum { CONF_MAKE_MAX = 64 };

static inline struct addr
addr_of(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text, &a), "bad address %s", text);
	return a;
}

static inline struct prefix
prefix_from(const char *text)
{
	struct prefix p;

	ck_assert_msg(prefix_parse(text, &p) == PREFIX_PARSE_OK, "bad prefix %s", text);
	return p;
}

/* Allocated as the reader does it: conf_free() frees each array. */
static inline void *
conf_array(size_t size)
{
	void *at = calloc(CONF_MAKE_MAX, size);

	ck_assert_ptr_nonnull(at);
	return at;
}

static inline struct conf *
conf_make(uint32_t as, uint32_t id)
{
	struct conf *conf = conf_array(sizeof(*conf));

	conf->router = (struct conf_router){ .as = as,
		.id = id,
		.cluster_id = id,
		.port = 179,
		.hold_time_s = 90,
		.connect_retry_s = 5,
		.connect_retry_max_s = 30,
		.graceful_restart = true,
		.restart_time_s = 120,
		.stale_time_s = 360,
		.multipath = 1,
		.resolve_next_hops = true };
	conf->kernel = (struct conf_kernel){ .install = true,
		.table = 254,
		.protocol = 186,
		.metric = 32,
		.filter = -1,
		.prefer_source = addr_none(),
		.resolve_via_default = true };
	conf->networks = conf_array(sizeof(*conf->networks));
	conf->peers = conf_array(sizeof(*conf->peers));
	conf->groups = conf_array(sizeof(*conf->groups));
	conf->filters = conf_array(sizeof(*conf->filters));
	conf->kernel.imports = conf_array(sizeof(*conf->kernel.imports));
	return conf;
}

static inline struct conf_peer_options
conf_options(const struct conf *conf, uint32_t remote_as)
{
	return (struct conf_peer_options){ .remote_as = remote_as,
		.local_as = conf->router.as,
		.port = 179,
		.local_address = addr_none(),
		.hold_time_s = conf->router.hold_time_s,
		.families = { true, true },
		.import = -1,
		.export = -1,
		.max_prefixes_action = CONF_LIMIT_RESTART,
		.enforce_first_as = true,
		.graceful_restart = conf->router.graceful_restart,
		.long_lived_stale_time_s = conf->router.long_lived_stale_time_s };
}

static inline struct conf_peer *
conf_peer_add(struct conf *conf, const char *name, const char *address, uint32_t as)
{
	struct conf_peer *peer = &conf->peers[conf->n_peers++];

	ck_assert_uint_le(conf->n_peers, CONF_MAKE_MAX);
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->address = addr_of(address);
	peer->enabled = true;
	peer->local_address6 = addr_none();
	peer->options = conf_options(conf, as);
	return peer;
}

static inline struct conf_network *
conf_network_add(struct conf *conf, const char *prefix)
{
	struct conf_network *network = &conf->networks[conf->n_networks++];

	ck_assert_uint_le(conf->n_networks, CONF_MAKE_MAX);
	*network = (struct conf_network){ .prefix = prefix_from(prefix), .filter = -1 };
	return network;
}

static inline int
conf_filter_add(struct conf *conf, const char *name, bool accept)
{
	struct conf_filter *filter = &conf->filters[conf->n_filters++];

	snprintf(filter->name, sizeof(filter->name), "%s", name);
	filter->accept = accept;
	return (int)conf->n_filters - 1;
}

static inline struct conf_group *
conf_range_add(struct conf *conf, const char *name, const char *range, uint32_t as)
{
	struct conf_group *group = &conf->groups[conf->n_groups++];

	snprintf(group->name, sizeof(group->name), "%s", name);
	group->ranges = conf_array(sizeof(*group->ranges));
	group->ranges[group->n_ranges++] = prefix_from(range);
	group->max_sessions = 5000;
	group->options = conf_options(conf, as);
	return group;
}

/* The imports' arrays stay empty: what they match is the shell's affair. */
static inline struct conf_import *
conf_import_add(struct conf *conf, const char *title)
{
	struct conf_import *import = &conf->kernel.imports[conf->kernel.n_imports++];

	snprintf(import->title, sizeof(import->title), "%s", title);
	import->filter = -1;
	return import;
}

#endif
