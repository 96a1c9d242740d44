/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration after reading and checking: plain values, group options already
 * merged into their peers, the cluster section already turned into peers.  Owned as one
 * piece: conf_free().  How a text becomes this: include/bgp/conf_read.h.
 */
#ifndef BGP_CONF_H
#define BGP_CONF_H

#include "bgp/prefix.h"

enum { CONF_NAME_LEN = 64, CONF_TEXT_LEN = 256, CONF_PATH_LEN = 256 };
enum { CONF_INTERFACE_LEN = 16 }; /* IFNAMSIZ */

struct conf_router {
	uint32_t as;
	uint32_t id;              /* host order; always set after conf derivation */
	uint32_t cluster_id;      /* default: id */
	char node[CONF_NAME_LEN]; /* our node in cluster{}, "" without */
	struct addr *listen;
	size_t n_listen;
	uint16_t port;
	uint16_t hold_time_s;
	uint32_t send_hold_time_s; /* 0: by RFC 9687's rule */
	uint32_t connect_retry_s;
	uint32_t connect_retry_max_s;
	bool graceful_restart;
	uint16_t restart_time_s;
	uint32_t stale_time_s;
	uint32_t long_lived_stale_time_s; /* RFC 9494; 0: off */
	uint8_t multipath;                /* equal best paths used at most */
	bool resolve_next_hops;
	bool hostname;
};

struct conf_import {
	char title[CONF_NAME_LEN];
	char **interfaces; /* shell patterns; none: any */
	size_t n_interfaces;
	uint8_t *protocols; /* none: any but our own and "kernel" */
	size_t n_protocols;
	struct prefix *prefixes; /* covering; none: any */
	size_t n_prefixes;
	uint8_t *types; /* RTN_UNICAST … */
	size_t n_types;
	int filter; /* index into conf.filters, -1: none */
};

enum conf_tunnel_mode {
	CONF_TUNNEL_NEVER,
	CONF_TUNNEL_ALWAYS,
	CONF_TUNNEL_CROSS_SUBNET,
};

struct conf_tunnel {
	char device[CONF_NAME_LEN]; /* "": no section */
	uint8_t mode;               /* enum conf_tunnel_mode */
};

enum conf_nexthop_objects {
	CONF_NEXTHOPS_AUTO,
	CONF_NEXTHOPS_ON,
	CONF_NEXTHOPS_OFF,
};

struct conf_kernel {
	bool install;
	uint32_t table;
	uint8_t protocol;
	uint32_t metric;
	bool default_route;
	int filter;              /* index into conf.filters, -1: none */
	uint8_t nexthop_objects; /* enum conf_nexthop_objects */
	struct addr prefer_source;
	bool resolve_via_default;
	struct conf_tunnel tunnel;
	struct conf_import *imports;
	size_t n_imports;
};

struct conf_network {
	struct prefix prefix;
	bool summary_only;
	bool blackhole;
	int filter;
};

enum conf_next_hop { CONF_NEXT_HOP_AUTO, CONF_NEXT_HOP_SELF, CONF_NEXT_HOP_UNCHANGED };
enum conf_limit_action {
	CONF_LIMIT_WARN,
	CONF_LIMIT_BLOCK,
	CONF_LIMIT_RESTART,
	CONF_LIMIT_SHUTDOWN
};

/* The cluster section as it was written; its sessions are in `peers`. */
struct conf_cluster {
	bool present;
	bool mesh;
	bool mesh_written; /* false: `mesh` is the default for these nodes */
	uint32_t as;
	uint32_t password; /* as that of a peer */
	size_t n_nodes;
	size_t n_reflectors;
	struct addr *addresses; /* of all nodes, of both families */
	size_t n_addresses;
};

/* Every option a peer can have; compared field by field on reload. */
struct conf_peer_options {
	uint32_t remote_as; /* 0: any other AS ("external") */
	uint32_t local_as;
	bool passive;
	uint16_t port;
	struct addr local_address; /* FAMILY_NONE: the kernel chooses */
	uint16_t hold_time_s;
	uint8_t multihop;     /* eBGP; 0: directly connected */
	uint8_t ttl_security; /* hops; 0: off */
	/* A number for the key of TCP MD5, 0: none.  Equal keys have equal numbers; the
	 * text itself is the shell's to keep (struct conf_local). */
	uint32_t password;
	bool families[FAMILY_COUNT];
	bool client;
	uint8_t next_hop; /* enum conf_next_hop */
	int import;       /* index into conf.filters, -1: none */
	int export;
	uint32_t max_prefixes;
	uint8_t max_prefixes_action;
	uint8_t allow_own_as;
	bool enforce_first_as;
	bool remove_private_as;
	bool accept_as_set;
	uint8_t add_path; /* bits of enum add_path (open.h) */
	uint8_t add_path_max;
	bool graceful_restart;
	bool bfd;
	uint16_t bfd_interval_ms;
	uint8_t bfd_multiplier;
	uint32_t long_lived_stale_time_s; /* 0: off, as it is without the above */
	bool extended_next_hop;           /* RFC 8950 */
};

struct conf_peer {
	char name[CONF_NAME_LEN];
	char description[CONF_TEXT_LEN];
	struct addr address; /* FAMILY_NONE: unnumbered, whoever is on `interface` */
	char interface[CONF_INTERFACE_LEN]; /* of a link-local address; else "" */
	bool enabled;
	bool from_cluster;
	bool reflector; /* of ours: a cluster node, and we are none */
	/* Of two cluster nodes the one with the lesser address waits connect-retry
	 * seconds before it dials (INTERFACE.md, "The cluster section"). */
	bool dial_late;
	/* address6 of our own node, what MP_REACH says for IPv6 next hop self */
	struct addr local_address6;
	struct conf_peer_options options;
};

static inline bool
conf_peer_is_unnumbered(const struct conf_peer *peer)
{
	return peer->address.family == FAMILY_NONE && peer->interface[0] != '\0';
}

/* A group with a range accepts peers that have no section of their own. */
struct conf_group {
	char name[CONF_NAME_LEN];
	struct prefix *ranges;
	size_t n_ranges;
	uint32_t max_sessions;
	struct conf_peer_options options;
};

struct conf_filter {
	char name[CONF_NAME_LEN];
	bool accept; /* default; rules are not there yet */
};

enum conf_log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR
};

struct conf_log {
	uint8_t level; /* enum conf_log_level */
	bool json;
	char target[CONF_PATH_LEN]; /* "stderr", "syslog" or a path */
};

struct conf_control {
	char socket[CONF_PATH_LEN];
	uint32_t mode;
	char group[CONF_NAME_LEN];
	char pid_file[CONF_PATH_LEN];
};

struct conf {
	struct conf_router router;
	struct conf_kernel kernel;
	struct conf_network *networks;
	size_t n_networks;
	struct conf_peer *peers;
	size_t n_peers;
	struct conf_group *groups;
	size_t n_groups;
	struct conf_filter *filters;
	size_t n_filters;
	struct conf_log log;
	struct conf_control control;
	struct conf_cluster cluster;
};

void conf_free(struct conf *conf);

#endif
