/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer, as `show` and the log see it.  Read-only outside lib/core.
 */
#ifndef BGP_PEER_H
#define BGP_PEER_H

#include "bgp/out.h"
#include "bgp/speaker.h"

enum { PEER_CONNECTIONS = 2, LAST_ERROR_LEN = 256 };

struct peer_counters {
	uint64_t in[MESSAGE_TYPE_COUNT];  /* by enum message_type; [0] is the total */
	uint64_t out[MESSAGE_TYPE_COUNT]; /* UPDATEs: messages handed to the socket */
	uint64_t faults_withdraw, faults_discard, faults_reset;
	uint64_t flaps; /* times it left Established */
};

struct peer {
	/* identity */
	uint32_t number; /* in the RIB and in the groups */
	struct conf_peer conf;
	/* The configured one, or that of the router on the link of an unnumbered peer:
	 * FAMILY_NONE while none is known. */
	struct addr address;
	bool dynamic; /* made for a connection from a range */
	int group;    /* index into conf.groups of a dynamic peer, else -1 */
	bool ebgp;

	/* administration */
	bool disabled; /* by the configuration, the operator or a limit */
	bool leaving;  /* deconfigured: freed when its paths are gone */
	char disabled_reason[LAST_ERROR_LEN];

	/* sessions: the dialling one and accepted ones, in no order */
	struct session *connections[PEER_CONNECTIONS];
	struct session *established;
	unsigned orphans;  /* closed ones that the shell has not released */
	unsigned refusals; /* in a row, answered with quick tries */
	unsigned failures; /* connection attempts since the last success, for backoff */

	/* of the session that is, or was last, Established */
	struct open remote_open;
	struct session_params params;
	struct session_net net;
	uint64_t up_since_ms; /* 0: not Established */
	uint64_t down_since_ms;
	char last_error[LAST_ERROR_LEN];
	uint64_t last_error_ms;
	struct peer_counters counters;

	/* graceful restart, as helper */
	bool stale[FAMILY_COUNT];      /* some paths of a former session are kept */
	bool end_of_rib[FAMILY_COUNT]; /* received in this session */
	uint64_t stale_until_ms;       /* 0: no timer */
	/* RFC 9494: its long-lived stale timers; 0: they are not (yet) that */
	uint64_t long_lived_until_ms[FAMILY_COUNT];
	bool long_lived_over[FAMILY_COUNT]; /* it ran out in this session */
	uint64_t handover_until_ms;         /* 0: it is configured; see handover.c */
	uint64_t client_until_ms;           /* 0: no limit; reflected for until then */
	bool came_up; /* Established at least once since our start */

	struct member members[FAMILY_COUNT]; /* update group membership */

	/* owned by core */
	struct heap_item timer;
	uint64_t retry_at_ms; /* 0: not armed */
	struct peer *next, *prev;
	struct peer *address_chain;
	bool over_limit_warned[FAMILY_COUNT];
	uint8_t malformed;        /* sessions that ended so, see core/damp.c */
	uint64_t malformed_ms;    /* the last of them */
	uint64_t damped_until_ms; /* no connection before; 0: none was malformed */

	/* RFC 7313: its routes come again, and those that did not yet are in question
	 */
	bool refreshing[FAMILY_COUNT];
	uint64_t
	    refresh_until_ms[FAMILY_COUNT]; /* EoRR is awaited at most until then */

	/* max-prefixes-action = "block"; see limit.c */
	uint64_t blocked[FAMILY_COUNT]; /* prefixes that were not taken */
	uint64_t room_at_ms;            /* look for room then; 0: nothing is blocked */
	uint64_t asked_at_ms; /* … and its routes were asked for; 0: never */
	uint32_t ask_wait_s;  /* so long not again */
};

/* The state `show peers` prints: that of the connection farthest on. */
enum fsm_state peer_state(const struct peer *peer);
/* In this session its End-of-RIB has come, of all families agreed on. */
bool peer_has_announced_all(const struct peer *peer);
/* Prefixes in the peer's Adj-RIB-Out. */
uint32_t peer_sent_count(const struct peer *peer, enum family family);

#endif
