/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The finite state machine of RFC 4271 8 as data: (state, event) -> (state, actions).
 * Pure: it sends nothing, arms nothing and cannot fail; core carries the actions out.
 *
 * One machine runs per TCP connection (RFC 4271 8.2.1): a peer has one that dials, and
 * one more for each connection accepted from it, which starts in ACTIVE with TCP_UP.
 */
#ifndef BGP_FSM_H
#define BGP_FSM_H

#include "bgp/open.h"

enum fsm_state {
	FSM_IDLE,
	FSM_CONNECT,
	FSM_ACTIVE,
	FSM_OPEN_SENT,
	FSM_OPEN_CONFIRM,
	FSM_ESTABLISHED,
	FSM_STATE_COUNT
};

enum fsm_event {
	FSM_EV_START,             /* 1: ManualStart, AutomaticStart */
	FSM_EV_START_PASSIVE,     /* 4, 5: ... with PassiveTcpEstablishment */
	FSM_EV_STOP,              /* 2, 8: ManualStop, AutomaticStop */
	FSM_EV_TCP_UP,            /* 16, 17 */
	FSM_EV_TCP_DOWN,          /* 18: failed or closed by the peer */
	FSM_EV_RETRY_EXPIRED,     /* 9 */
	FSM_EV_HOLD_EXPIRED,      /* 10 */
	FSM_EV_SEND_HOLD_EXPIRED, /* RFC 9687 */
	FSM_EV_KEEPALIVE_EXPIRED, /* 11 */
	FSM_EV_RX_OPEN,           /* 19, acceptable */
	FSM_EV_RX_KEEPALIVE,      /* 26 */
	FSM_EV_RX_UPDATE,         /* 27, whatever its verdict below reset */
	FSM_EV_RX_REFRESH,        /* RFC 2918 */
	FSM_EV_RX_NOTIFICATION,   /* 24, 25 */
	FSM_EV_RX_BAD,            /* 21, 22, 28: the decoder names code and subcode */
	FSM_EV_COLLISION_LOST,    /* 23: OpenCollisionDump */
	FSM_EVENT_COUNT
};

/* Carried out in bit order. */
enum fsm_action {
	FSM_DO_SEND_NOTIFICATION = 1 << 0,
	FSM_DO_DISARM = 1 << 1,    /* hold, keepalive and retry timers */
	FSM_DO_CLOSE = 1 << 2,     /* the TCP connection, or the attempt */
	FSM_DO_PEER_DOWN = 1 << 3, /* left Established */
	FSM_DO_DIAL = 1 << 4,      /* start a TCP connection */
	FSM_DO_SEND_OPEN = 1 << 5,
	FSM_DO_SEND_KEEPALIVE = 1 << 6,
	FSM_DO_ARM_RETRY = 1 << 7,
	FSM_DO_ARM_LARGE_HOLD = 1 << 8, /* 4 minutes, RFC 4271 8.2.2 OpenSent */
	FSM_DO_ARM_HOLD = 1 << 9,       /* negotiated */
	FSM_DO_ARM_KEEPALIVE = 1 << 10,
	FSM_DO_PEER_UP = 1 << 11, /* entered Established */
	FSM_DO_DELIVER = 1 << 12, /* hand the UPDATE or ROUTE-REFRESH on */
};

struct fsm_step {
	enum fsm_state next;
	unsigned actions;
};

struct fsm_step fsm_next(enum fsm_state state, enum fsm_event event);

/* "Established": the spelling of `bgpctl`. */
const char *fsm_state_name(enum fsm_state state);
/* The NOTIFICATION that an event calls for where it names one by itself: 4/0, 8/0,
 * 5/state (RFC 6608), 6/7.  STOP and RX_BAD: the caller's; code 0. */
struct bgp_error fsm_error(enum fsm_state state, enum fsm_event event);

/* What we demand of a peer's OPEN. */
struct open_policy {
	uint32_t local_as;
	uint32_t remote_as; /* 0: any but local_as ("external") */
	uint32_t local_id;
};

/* RFC 4271 6.2, RFC 6286: AS as configured, identifier not ours on iBGP.  False:
 * `error` is set. */
bool open_accept(const struct open_policy *policy, const struct open *theirs,
    struct bgp_error *error);

/*
 * RFC 4271 6.8, RFC 6286 2.3: of two connections to one peer, is the one that we opened
 * kept?  Identifiers are compared as numbers, then AS numbers.
 */
bool collision_keeps_ours(
    uint32_t local_id, uint32_t local_as, uint32_t remote_id, uint32_t remote_as);

/* `ms` reduced by up to a quarter, RFC 4271 10.  `random` is any 32 random bits. */
uint32_t timer_jitter_ms(uint32_t ms, uint32_t random);
/* Delay to the next connection attempt: base, doubled a failure, up to max; jittered.
 */
uint32_t
timer_retry_ms(uint32_t base_s, uint32_t max_s, unsigned failures, uint32_t random);

#endif
