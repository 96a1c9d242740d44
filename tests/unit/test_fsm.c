// links: bgp_fsm
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state table: every row that is not "any other event", properties of all cells,
 * sequences of RFC 4271 8.2.2, and random walks with a model of what the actions do.
 */
#include <check.h>
#include <stdlib.h>

#include "bgp/fsm.h"

#define NOTIFY FSM_DO_SEND_NOTIFICATION
#define DISARM FSM_DO_DISARM
#define CLOSE FSM_DO_CLOSE
#define DOWN FSM_DO_PEER_DOWN

static const struct {
	enum fsm_state state;
	enum fsm_event event;
	enum fsm_state next;
	unsigned actions;
} rows[] = {
	/* RFC 4271 8.2.2, state by state */
	{ FSM_IDLE, FSM_EV_START, FSM_CONNECT, FSM_DO_DIAL | FSM_DO_ARM_RETRY },
	{ FSM_IDLE, FSM_EV_START_PASSIVE, FSM_ACTIVE, 0 },
	{ FSM_IDLE, FSM_EV_STOP, FSM_IDLE, 0 },
	{ FSM_IDLE, FSM_EV_TCP_UP, FSM_IDLE, 0 },
	{ FSM_IDLE, FSM_EV_RX_BAD, FSM_IDLE, 0 },

	{ FSM_CONNECT, FSM_EV_START, FSM_CONNECT, 0 },
	{ FSM_CONNECT, FSM_EV_START_PASSIVE, FSM_CONNECT, 0 },
	{ FSM_CONNECT, FSM_EV_STOP, FSM_IDLE, DISARM | CLOSE },
	{ FSM_CONNECT, FSM_EV_TCP_UP, FSM_OPEN_SENT,
	    DISARM | FSM_DO_SEND_OPEN | FSM_DO_ARM_LARGE_HOLD },
	{ FSM_CONNECT, FSM_EV_TCP_DOWN, FSM_ACTIVE, CLOSE | FSM_DO_ARM_RETRY },
	{ FSM_CONNECT, FSM_EV_RETRY_EXPIRED, FSM_CONNECT,
	    CLOSE | FSM_DO_DIAL | FSM_DO_ARM_RETRY },
	{ FSM_CONNECT, FSM_EV_HOLD_EXPIRED, FSM_IDLE, DISARM | CLOSE },
	{ FSM_CONNECT, FSM_EV_RX_BAD, FSM_IDLE, DISARM | CLOSE },

	{ FSM_ACTIVE, FSM_EV_START, FSM_ACTIVE, 0 },
	{ FSM_ACTIVE, FSM_EV_START_PASSIVE, FSM_ACTIVE, 0 },
	{ FSM_ACTIVE, FSM_EV_STOP, FSM_IDLE, DISARM | CLOSE },
	{ FSM_ACTIVE, FSM_EV_TCP_UP, FSM_OPEN_SENT,
	    DISARM | FSM_DO_SEND_OPEN | FSM_DO_ARM_LARGE_HOLD },
	{ FSM_ACTIVE, FSM_EV_TCP_DOWN, FSM_IDLE, DISARM | CLOSE },
	{ FSM_ACTIVE, FSM_EV_RETRY_EXPIRED, FSM_CONNECT,
	    FSM_DO_DIAL | FSM_DO_ARM_RETRY },

	{ FSM_OPEN_SENT, FSM_EV_START, FSM_OPEN_SENT, 0 },
	{ FSM_OPEN_SENT, FSM_EV_START_PASSIVE, FSM_OPEN_SENT, 0 },
	{ FSM_OPEN_SENT, FSM_EV_STOP, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_TCP_UP, FSM_OPEN_SENT, 0 },
	{ FSM_OPEN_SENT, FSM_EV_TCP_DOWN, FSM_ACTIVE,
	    DISARM | CLOSE | FSM_DO_ARM_RETRY },
	{ FSM_OPEN_SENT, FSM_EV_HOLD_EXPIRED, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_RX_OPEN, FSM_OPEN_CONFIRM,
	    DISARM | FSM_DO_SEND_KEEPALIVE | FSM_DO_ARM_HOLD | FSM_DO_ARM_KEEPALIVE },
	{ FSM_OPEN_SENT, FSM_EV_RX_KEEPALIVE, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_RX_UPDATE, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_RX_NOTIFICATION, FSM_IDLE, DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_RX_BAD, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_SENT, FSM_EV_COLLISION_LOST, FSM_IDLE, NOTIFY | DISARM | CLOSE },

	{ FSM_OPEN_CONFIRM, FSM_EV_START, FSM_OPEN_CONFIRM, 0 },
	{ FSM_OPEN_CONFIRM, FSM_EV_START_PASSIVE, FSM_OPEN_CONFIRM, 0 },
	{ FSM_OPEN_CONFIRM, FSM_EV_STOP, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_TCP_UP, FSM_OPEN_CONFIRM, 0 },
	{ FSM_OPEN_CONFIRM, FSM_EV_TCP_DOWN, FSM_IDLE, DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_KEEPALIVE_EXPIRED, FSM_OPEN_CONFIRM,
	    FSM_DO_SEND_KEEPALIVE | FSM_DO_ARM_KEEPALIVE },
	{ FSM_OPEN_CONFIRM, FSM_EV_RX_KEEPALIVE, FSM_ESTABLISHED,
	    FSM_DO_ARM_HOLD | FSM_DO_PEER_UP },
	{ FSM_OPEN_CONFIRM, FSM_EV_RX_OPEN, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_RX_UPDATE, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_RX_REFRESH, FSM_IDLE, NOTIFY | DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_RX_NOTIFICATION, FSM_IDLE, DISARM | CLOSE },
	{ FSM_OPEN_CONFIRM, FSM_EV_COLLISION_LOST, FSM_IDLE, NOTIFY | DISARM | CLOSE },

	{ FSM_ESTABLISHED, FSM_EV_START, FSM_ESTABLISHED, 0 },
	{ FSM_ESTABLISHED, FSM_EV_START_PASSIVE, FSM_ESTABLISHED, 0 },
	{ FSM_ESTABLISHED, FSM_EV_STOP, FSM_IDLE, NOTIFY | DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_TCP_UP, FSM_ESTABLISHED, 0 },
	{ FSM_ESTABLISHED, FSM_EV_TCP_DOWN, FSM_IDLE, DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_HOLD_EXPIRED, FSM_IDLE,
	    NOTIFY | DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_SEND_HOLD_EXPIRED, FSM_IDLE,
	    NOTIFY | DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_KEEPALIVE_EXPIRED, FSM_ESTABLISHED,
	    FSM_DO_SEND_KEEPALIVE | FSM_DO_ARM_KEEPALIVE },
	{ FSM_ESTABLISHED, FSM_EV_RX_OPEN, FSM_IDLE, NOTIFY | DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_RX_KEEPALIVE, FSM_ESTABLISHED, FSM_DO_ARM_HOLD },
	{ FSM_ESTABLISHED, FSM_EV_RX_UPDATE, FSM_ESTABLISHED,
	    FSM_DO_ARM_HOLD | FSM_DO_DELIVER },
	{ FSM_ESTABLISHED, FSM_EV_RX_REFRESH, FSM_ESTABLISHED,
	    FSM_DO_ARM_HOLD | FSM_DO_DELIVER },
	{ FSM_ESTABLISHED, FSM_EV_RX_NOTIFICATION, FSM_IDLE, DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_RX_BAD, FSM_IDLE, NOTIFY | DISARM | CLOSE | DOWN },
	{ FSM_ESTABLISHED, FSM_EV_COLLISION_LOST, FSM_IDLE,
	    NOTIFY | DISARM | CLOSE | DOWN },
};

START_TEST(fsm_row)
{
	struct fsm_step step = fsm_next(rows[_i].state, rows[_i].event);

	ck_assert_msg(step.next == rows[_i].next && step.actions == rows[_i].actions,
	    "%s, event %d: to %s with %#x, want %s with %#x",
	    fsm_state_name(rows[_i].state), rows[_i].event, fsm_state_name(step.next),
	    step.actions, fsm_state_name(rows[_i].next), rows[_i].actions);
}
END_TEST

/* _i is a cell of the table.  RFC 4271 6.4: a NOTIFICATION is never answered. */
START_TEST(fsm_cell)
{
	enum fsm_state state = (enum fsm_state)(_i / FSM_EVENT_COUNT);
	enum fsm_event event = (enum fsm_event)(_i % FSM_EVENT_COUNT);
	struct fsm_step step = fsm_next(state, event);
	const unsigned arms = FSM_DO_ARM_RETRY | FSM_DO_ARM_HOLD |
			      FSM_DO_ARM_LARGE_HOLD | FSM_DO_ARM_KEEPALIVE;
	bool was_up = state == FSM_ESTABLISHED, is_up = step.next == FSM_ESTABLISHED;

	ck_assert_int_lt(step.next, FSM_STATE_COUNT);
	ck_assert_int_eq((step.actions & FSM_DO_PEER_UP) != 0, !was_up && is_up);
	ck_assert_int_eq((step.actions & FSM_DO_PEER_DOWN) != 0, was_up && !is_up);
	if (step.next == FSM_IDLE && state != FSM_IDLE) {
		ck_assert_uint_eq(step.actions & (DISARM | CLOSE), DISARM | CLOSE);
		ck_assert_uint_eq(step.actions & arms, 0);
	}
	if ((step.actions & NOTIFY) != 0) {
		ck_assert_int_ge(state, FSM_OPEN_SENT);
		ck_assert_int_eq(step.next, FSM_IDLE);
	}
	if (event == FSM_EV_RX_NOTIFICATION || event == FSM_EV_TCP_DOWN)
		ck_assert_uint_eq(step.actions & NOTIFY, 0);
	if (event == FSM_EV_RX_BAD && state >= FSM_OPEN_SENT)
		ck_assert_uint_ne(step.actions & NOTIFY, 0);
	if (event == FSM_EV_STOP)
		ck_assert_int_eq(step.next, FSM_IDLE);
	if ((step.actions & FSM_DO_DELIVER) != 0)
		ck_assert(was_up && is_up);
	if ((step.actions & FSM_DO_SEND_OPEN) != 0)
		ck_assert_int_eq(step.next, FSM_OPEN_SENT);
}
END_TEST

/*
 * RFC 6608 3: which subcode goes with a message that a state does not expect (RFC 4271
 * 6.6); RFC 4271 6.5: hold timer; RFC 9687 4: send hold timer; RFC 4271 6.8, RFC 4486
 * 3: a collision.
 */
START_TEST(fsm_error_of_cell)
{
	enum fsm_state state = (enum fsm_state)(_i / FSM_EVENT_COUNT);
	enum fsm_event event = (enum fsm_event)(_i % FSM_EVENT_COUNT);
	bool sends = (fsm_next(state, event).actions & NOTIFY) != 0;
	struct bgp_error error = fsm_error(state, event);
	unsigned code = NOTIFY_FSM, subcode = (unsigned)(state - FSM_OPEN_SENT + 1);

	switch (event) {
	case FSM_EV_STOP:
	case FSM_EV_RX_BAD: sends = false; break;
	case FSM_EV_HOLD_EXPIRED: code = 4, subcode = 0; break;
	case FSM_EV_SEND_HOLD_EXPIRED: code = 8, subcode = 0; break;
	case FSM_EV_COLLISION_LOST: code = 6, subcode = 7; break;
	default: break;
	}
	ck_assert_uint_eq(error.code, sends ? code : 0);
	ck_assert_uint_eq(error.subcode, sends ? subcode : 0);
	ck_assert_uint_eq(error.data.len, 0);
}
END_TEST

START_TEST(fsm_names)
{
	static const char *const names[] = { "Idle", "Connect", "Active", "OpenSent",
		"OpenConfirm", "Established" };

	for (int s = 0; s < FSM_STATE_COUNT; s++)
		ck_assert_str_eq(fsm_state_name((enum fsm_state)s), names[s]);
}
END_TEST

/* A check in a hot loop: Check reports every ck_assert() that passes to its parent. */
#define DEMAND(condition)                               \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* What the actions did to the world of one connection. */
struct world {
	enum fsm_state state;
	bool passive; /* was started so, and has not dialled since */
	bool dialling, connected, up;
	bool retry, hold, keepalive; /* armed */
	unsigned ups, downs;
};

static void
carry_out(struct world *w, unsigned actions)
{
	const unsigned sends = NOTIFY | FSM_DO_SEND_OPEN | FSM_DO_SEND_KEEPALIVE;

	for (unsigned bit = 1; bit <= FSM_DO_DELIVER; bit <<= 1) {
		if ((actions & bit) == 0)
			continue;
		if ((bit & sends) != 0)
			ck_assert_msg(
			    w->connected, "sends %#x without a connection", bit);
		switch (bit) {
		case FSM_DO_DISARM: w->retry = w->hold = w->keepalive = false; break;
		case FSM_DO_CLOSE: w->dialling = w->connected = false; break;
		case FSM_DO_PEER_DOWN:
			DEMAND(w->up);
			w->up = false;
			w->downs++;
			break;
		case FSM_DO_DIAL:
			DEMAND(!w->dialling && !w->connected);
			w->dialling = true;
			w->passive = false;
			break;
		case FSM_DO_ARM_RETRY: w->retry = true; break;
		case FSM_DO_ARM_HOLD:
		case FSM_DO_ARM_LARGE_HOLD: w->hold = true; break;
		case FSM_DO_ARM_KEEPALIVE: w->keepalive = true; break;
		case FSM_DO_PEER_UP:
			DEMAND(!w->up);
			w->up = true;
			w->ups++;
			break;
		case FSM_DO_DELIVER: DEMAND(w->up && w->connected); break;
		default: break;
		}
	}
}

static void
feed(struct world *w, enum fsm_event event)
{
	struct fsm_step step;

	switch (event) {
	case FSM_EV_START_PASSIVE:
		if (w->state == FSM_IDLE)
			w->passive = true;
		break;
	case FSM_EV_TCP_UP:
		if (w->state == FSM_CONNECT || w->state == FSM_ACTIVE) {
			w->dialling = false;
			w->connected = true;
		}
		break;
	case FSM_EV_TCP_DOWN: w->dialling = w->connected = false; break;
	case FSM_EV_RETRY_EXPIRED: w->retry = false; break;
	case FSM_EV_HOLD_EXPIRED: w->hold = false; break;
	case FSM_EV_KEEPALIVE_EXPIRED: w->keepalive = false; break;
	default: break;
	}
	step = fsm_next(w->state, event);
	carry_out(w, step.actions);
	w->state = step.next;
}

static void
world_check(const struct world *w)
{
	bool talks = w->state >= FSM_OPEN_SENT;

	DEMAND(w->up == (w->state == FSM_ESTABLISHED));
	DEMAND(w->ups == w->downs + w->up);
	DEMAND(w->connected == talks);
	DEMAND(w->dialling == (w->state == FSM_CONNECT));
	DEMAND(w->hold == talks);
	DEMAND(w->keepalive == (w->state >= FSM_OPEN_CONFIRM));
	if (w->state == FSM_CONNECT || (w->state == FSM_ACTIVE && !w->passive))
		DEMAND(w->retry);
	else if (w->state != FSM_ACTIVE)
		DEMAND(!w->retry);
}

static uint32_t
random_u32(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* May the world come up with this event now?  A message needs a connection, a timer
 * has to be armed. */
static bool
is_possible(const struct world *w, enum fsm_event event)
{
	switch (event) {
	case FSM_EV_TCP_UP: return w->state != FSM_IDLE;
	case FSM_EV_TCP_DOWN: return w->dialling || w->connected;
	case FSM_EV_RETRY_EXPIRED: return w->retry;
	case FSM_EV_HOLD_EXPIRED: return w->hold;
	case FSM_EV_KEEPALIVE_EXPIRED: return w->keepalive;
	case FSM_EV_START:
	case FSM_EV_START_PASSIVE:
	case FSM_EV_STOP: return true;
	default: return w->connected;
	}
}

START_TEST(fsm_random_walk)
{
	uint32_t seed = 0x5eed0001u + (uint32_t)_i;
	struct world w = { .state = FSM_IDLE };
	unsigned visited = 0;

	for (unsigned n = 0; n < 100000; n++) {
		uint32_t r = random_u32(&seed);
		enum fsm_event event = (enum fsm_event)(r % FSM_EVENT_COUNT);

		/* Half of the time what leads on, or Established is never seen. */
		if ((r >> 16 & 1) != 0) {
			static const enum fsm_event onward[] = { FSM_EV_START,
				FSM_EV_TCP_UP, FSM_EV_TCP_UP, FSM_EV_RX_OPEN,
				FSM_EV_RX_KEEPALIVE, FSM_EV_RX_UPDATE };
			event = onward[w.state];
		}
		if (!is_possible(&w, event))
			continue;
		feed(&w, event);
		world_check(&w);
		visited |= 1u << w.state;
	}
	ck_assert_uint_eq(visited, (1u << FSM_STATE_COUNT) - 1);
	ck_assert_uint_gt(w.ups, 1000);
}
END_TEST

START_TEST(fsm_dials_until_it_works)
{
	struct world w = { .state = FSM_IDLE };
	static const enum fsm_event events[] = { FSM_EV_START, FSM_EV_RETRY_EXPIRED,
		FSM_EV_TCP_DOWN, FSM_EV_RETRY_EXPIRED, FSM_EV_TCP_UP, FSM_EV_TCP_DOWN,
		FSM_EV_RETRY_EXPIRED, FSM_EV_TCP_UP, FSM_EV_RX_OPEN,
		FSM_EV_RX_KEEPALIVE };
	static const enum fsm_state states[] = { FSM_CONNECT, FSM_CONNECT, FSM_ACTIVE,
		FSM_CONNECT, FSM_OPEN_SENT, FSM_ACTIVE, FSM_CONNECT, FSM_OPEN_SENT,
		FSM_OPEN_CONFIRM, FSM_ESTABLISHED };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		feed(&w, events[i]);
		ck_assert_int_eq(w.state, states[i]);
		world_check(&w);
	}
}
END_TEST

/* RFC 4271 8.2.1: one machine a connection; that of an accepted one (bgp/fsm.h). */
START_TEST(fsm_accepts)
{
	struct world w = { .state = FSM_ACTIVE, .passive = true };

	feed(&w, FSM_EV_TCP_UP);
	feed(&w, FSM_EV_RX_OPEN);
	feed(&w, FSM_EV_COLLISION_LOST);
	ck_assert_int_eq(w.state, FSM_IDLE);
	world_check(&w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fsm");
	TCase *tcase = tcase_create("table");
	const int cells = FSM_STATE_COUNT * FSM_EVENT_COUNT;
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, fsm_row, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tcase, fsm_cell, 0, cells);
	tcase_add_loop_test(tcase, fsm_error_of_cell, 0, cells);
	tcase_add_test(tcase, fsm_names);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("walk");
	tcase_add_loop_test(tcase, fsm_random_walk, 0, 8);
	tcase_add_test(tcase, fsm_dials_until_it_works);
	tcase_add_test(tcase, fsm_accepts);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
