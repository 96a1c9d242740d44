/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state table of RFC 4271 8.2.2, as data.  core feeds events of one TCP connection
 * in and carries the actions out; what a timer, a socket or a peer is, is unknown here.
 *
 * Every machine stands for one connection, so an event never speaks of another one: a
 * second connection of the same peer is a machine of its own, and only collision
 * detection (RFC 4271 6.8) makes the two meet, as COLLISION_LOST of the loser.
 */
#include "bgp/fsm.h"

/* Sets of actions that always go together. */
enum {
	RETRY = FSM_DO_ARM_RETRY,
	DIAL = FSM_DO_DIAL | RETRY,
	/* The retry timer is stopped: the large hold timer watches from here on. */
	GREET = FSM_DO_DISARM | FSM_DO_SEND_OPEN | FSM_DO_ARM_LARGE_HOLD,
	/* Disarmed first: with a negotiated hold time of 0 nothing is armed again. */
	ACCEPT = FSM_DO_DISARM | FSM_DO_SEND_KEEPALIVE | FSM_DO_ARM_HOLD |
		 FSM_DO_ARM_KEEPALIVE,
	BEAT = FSM_DO_SEND_KEEPALIVE | FSM_DO_ARM_KEEPALIVE,
	TAKE = FSM_DO_ARM_HOLD | FSM_DO_DELIVER,
	TEAR_DOWN = FSM_DO_DISARM | FSM_DO_CLOSE,
	COMPLAIN = FSM_DO_SEND_NOTIFICATION | TEAR_DOWN,
};

/* clang-format off */
#define ON(state, event) [FSM_##state][FSM_EV_##event]
#define STAY_IN(state) { FSM_##state, 0 }

/*
 * A cell left out is RFC 4271's "any other event": ignored in Idle, a quiet tear-down
 * before our OPEN (no NOTIFICATION goes out without one), a NOTIFICATION after it.
 */
static const struct fsm_step steps[FSM_STATE_COUNT][FSM_EVENT_COUNT] = {
	ON(IDLE,         START)             = { FSM_CONNECT, DIAL },
	/* Deviates: the RFC's retry timer would dial a peer we are to await. */
	ON(IDLE,         START_PASSIVE)     = { FSM_ACTIVE, 0 },

	ON(CONNECT,      START)             = STAY_IN(CONNECT),
	ON(CONNECT,      START_PASSIVE)     = STAY_IN(CONNECT),
	ON(CONNECT,      TCP_UP)            = { FSM_OPEN_SENT, GREET },
	/* Deviates: the RFC says Idle; Active keeps the door open to the peer. */
	ON(CONNECT,      TCP_DOWN)          = { FSM_ACTIVE, FSM_DO_CLOSE | RETRY },
	ON(CONNECT,      RETRY_EXPIRED)     = { FSM_CONNECT, FSM_DO_CLOSE | DIAL },

	ON(ACTIVE,       START)             = STAY_IN(ACTIVE),
	ON(ACTIVE,       START_PASSIVE)     = STAY_IN(ACTIVE),
	ON(ACTIVE,       TCP_UP)            = { FSM_OPEN_SENT, GREET },
	ON(ACTIVE,       RETRY_EXPIRED)     = { FSM_CONNECT, DIAL },

	ON(OPEN_SENT,    START)             = STAY_IN(OPEN_SENT),
	ON(OPEN_SENT,    START_PASSIVE)     = STAY_IN(OPEN_SENT),
	/* Events 16 and 17 once connected: a second connection, another machine's. */
	ON(OPEN_SENT,    TCP_UP)            = STAY_IN(OPEN_SENT),
	ON(OPEN_SENT,    TCP_DOWN)          = { FSM_ACTIVE, TEAR_DOWN | RETRY },
	ON(OPEN_SENT,    RX_OPEN)           = { FSM_OPEN_CONFIRM, ACCEPT },
	/* Deviates: the RFC answers event 25 here; a NOTIFICATION never is. */
	ON(OPEN_SENT,    RX_NOTIFICATION)   = { FSM_IDLE, TEAR_DOWN },

	ON(OPEN_CONFIRM, START)             = STAY_IN(OPEN_CONFIRM),
	ON(OPEN_CONFIRM, START_PASSIVE)     = STAY_IN(OPEN_CONFIRM),
	ON(OPEN_CONFIRM, TCP_UP)            = STAY_IN(OPEN_CONFIRM),
	ON(OPEN_CONFIRM, TCP_DOWN)          = { FSM_IDLE, TEAR_DOWN },
	ON(OPEN_CONFIRM, KEEPALIVE_EXPIRED) = { FSM_OPEN_CONFIRM, BEAT },
	ON(OPEN_CONFIRM, RX_KEEPALIVE)      = { FSM_ESTABLISHED, FSM_DO_ARM_HOLD },
	ON(OPEN_CONFIRM, RX_NOTIFICATION)   = { FSM_IDLE, TEAR_DOWN },

	ON(ESTABLISHED,  START)             = STAY_IN(ESTABLISHED),
	ON(ESTABLISHED,  START_PASSIVE)     = STAY_IN(ESTABLISHED),
	ON(ESTABLISHED,  TCP_UP)            = STAY_IN(ESTABLISHED),
	ON(ESTABLISHED,  TCP_DOWN)          = { FSM_IDLE, TEAR_DOWN },
	ON(ESTABLISHED,  KEEPALIVE_EXPIRED) = { FSM_ESTABLISHED, BEAT },
	ON(ESTABLISHED,  RX_KEEPALIVE)      = { FSM_ESTABLISHED, FSM_DO_ARM_HOLD },
	ON(ESTABLISHED,  RX_UPDATE)         = { FSM_ESTABLISHED, TAKE },
	ON(ESTABLISHED,  RX_REFRESH)        = { FSM_ESTABLISHED, TAKE },
	ON(ESTABLISHED,  RX_NOTIFICATION)   = { FSM_IDLE, TEAR_DOWN },
};
/* clang-format on */

struct fsm_step
fsm_next(enum fsm_state state, enum fsm_event event)
{
	struct fsm_step step = steps[state][event];

	if (step.next == FSM_IDLE && step.actions == 0 && state != FSM_IDLE)
		step.actions = state < FSM_OPEN_SENT ? TEAR_DOWN : COMPLAIN;
	/* Derived, so that no row can forget them. */
	if (state != FSM_ESTABLISHED && step.next == FSM_ESTABLISHED)
		step.actions |= FSM_DO_PEER_UP;
	if (state == FSM_ESTABLISHED && step.next != FSM_ESTABLISHED)
		step.actions |= FSM_DO_PEER_DOWN;
	return step;
}

const char *
fsm_state_name(enum fsm_state state)
{
	switch (state) {
	case FSM_IDLE: return "Idle";
	case FSM_CONNECT: return "Connect";
	case FSM_ACTIVE: return "Active";
	case FSM_OPEN_SENT: return "OpenSent";
	case FSM_OPEN_CONFIRM: return "OpenConfirm";
	case FSM_ESTABLISHED: return "Established";
	case FSM_STATE_COUNT: break;
	}
	return "?";
}

/* RFC 6608 3; 0, "unspecific", where no OPEN was sent. */
static uint8_t
unexpected_in(enum fsm_state state)
{
	switch (state) {
	case FSM_OPEN_SENT: return FSM_UNEXPECTED_OPEN_SENT;
	case FSM_OPEN_CONFIRM: return FSM_UNEXPECTED_OPEN_CONFIRM;
	case FSM_ESTABLISHED: return FSM_UNEXPECTED_ESTABLISHED;
	default: return 0;
	}
}

/* RFC 4271 6.5, 6.6, 6.8; RFC 9687 4.  STOP (RFC 4271 6.7) and RX_BAD are the caller's.
 */
struct bgp_error
fsm_error(enum fsm_state state, enum fsm_event event)
{
	struct bgp_error error = { 0 };

	if ((fsm_next(state, event).actions & FSM_DO_SEND_NOTIFICATION) == 0)
		return error;
	switch (event) {
	case FSM_EV_STOP:
	case FSM_EV_RX_BAD: break;
	case FSM_EV_HOLD_EXPIRED: error.code = NOTIFY_HOLD_EXPIRED; break;
	case FSM_EV_SEND_HOLD_EXPIRED: error.code = NOTIFY_SEND_HOLD_EXPIRED; break;
	case FSM_EV_COLLISION_LOST:
		error.code = NOTIFY_CEASE;
		error.subcode = CEASE_COLLISION;
		break;
	default:
		error.code = NOTIFY_FSM;
		error.subcode = unexpected_in(state);
		break;
	}
	return error;
}
