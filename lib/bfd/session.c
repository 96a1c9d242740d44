/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One session: the state machine of RFC 5880 6.2 and 6.8.6, and what it sends.
 */
#include "bfd_internal.h"

/* AdminDown is told for a Detection Time (RFC 5880 6.8.16), but no longer than this:
 * with a large multiplier it would be hours. */
enum { CLOSE_MAX_US = 10 * 1000 * 1000 };

/* RFC 5880 6.8.6: by our state and the one received.  AdminDown of ours hears nothing.
 */
static const uint8_t next_state[][4] = {
	/*             AdminDown  Down      Init      Up */
	[BFD_DOWN] = { BFD_DOWN, BFD_INIT, BFD_UP, BFD_DOWN },
	[BFD_INIT] = { BFD_DOWN, BFD_INIT, BFD_UP, BFD_UP },
	[BFD_UP] = { BFD_DOWN, BFD_DOWN, BFD_UP, BFD_UP },
};

static void
send_soon(struct bfd *bfd, struct bfd_session *s)
{
	s->send_due = true;
	bfd_enqueue(bfd, s);
}

static void
forget_remote(struct bfd_session *s)
{
	s->remote_disc = 0;
	s->remote_state = BFD_DOWN;
	s->remote_demand = false;
	s->remote_min_rx_us = 1; /* RFC 5880 6.8.1 */
	s->remote_min_tx_us = 0;
	s->remote_mult = 0;
}

static void
set_state(struct bfd *bfd, struct bfd_session *s, uint64_t now_us, uint8_t state,
    uint8_t diag, bool remote_admin)
{
	uint8_t before = s->state;

	if (before == state)
		return;
	s->state = state;
	s->diag = diag;
	if (before == BFD_UP) {
		s->up_since_us = 0;
		s->last_down_us = now_us;
		s->last_down_diag = diag;
	}
	if (state == BFD_UP) {
		s->up_since_us = now_us;
		s->ups++;
	}
	timing_update(bfd, s, now_us);
	/* RFC 5880 6.8.7: a change is told at once, not with the next periodic packet.
	 */
	send_soon(bfd, s);
	bfd_note(bfd, s, BFD_CHANGE_STATE, before, remote_admin);
}

void
session_start(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	s->state = BFD_DOWN;
	s->diag = BFD_DIAG_NONE;
	s->heard_to = addr_none();
	s->desired_tx_us =
	    s->params.interval_us > BFD_SLOW_US ? s->params.interval_us : BFD_SLOW_US;
	s->required_rx_us = s->params.interval_us;
	s->tx_at_us = BFD_NEVER;
	forget_remote(s);
	timing_update(bfd, s, now_us);
	send_soon(bfd, s);
}

static void
learn_remote(struct bfd_session *s, uint64_t now_us, const struct bfd_packet *packet)
{
	s->in++;
	s->heard_at_us = now_us;
	s->remote_disc = packet->my_discriminator;
	s->remote_state = packet->state;
	s->remote_diag = packet->diag;
	s->remote_mult = packet->detect_mult;
	s->remote_demand = packet->demand;
	s->remote_independent = packet->independent;
	s->remote_min_rx_us = packet->required_min_rx_us;
	s->remote_min_tx_us = packet->desired_min_tx_us;
}

static void
follow_remote(
    struct bfd *bfd, struct bfd_session *s, uint64_t now_us, uint8_t remote_state)
{
	uint8_t state = next_state[s->state][remote_state];
	uint8_t diag = s->diag;

	if (state == BFD_DOWN)
		diag = BFD_DIAG_NEIGHBOR_DOWN;
	else if (state == BFD_UP)
		diag = BFD_DIAG_NONE;
	set_state(bfd, s, now_us, state, diag, remote_state == BFD_ADMIN_DOWN);
}

enum bfd_drop
session_take(struct bfd *bfd, struct bfd_session *s, uint64_t now_us,
    const struct bfd_packet *packet)
{
	enum bfd_drop drop = BFD_DROP_NOT;

	learn_remote(s, now_us, packet);
	if (packet->final)
		timing_final(bfd, s, now_us);
	if (s->state == BFD_ADMIN_DOWN)
		drop = BFD_DROP_ADMIN_DOWN;
	else
		follow_remote(bfd, s, now_us, packet->state);
	/* The peer's part of the intervals, and of Demand mode (6.8.2, 6.6). */
	timing_reschedule(bfd, s, now_us);
	if (packet->poll && drop == BFD_DROP_NOT) {
		s->final_due = true;
		bfd_enqueue(bfd, s);
	}
	bfd_arm(bfd, s);
	return drop;
}

/* RFC 5880 6.8.4; in any state the peer's discriminator is forgotten (6.8.1). */
static void
detection_expired(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	forget_remote(s);
	if (s->state == BFD_INIT || s->state == BFD_UP)
		set_state(bfd, s, now_us, BFD_DOWN, BFD_DIAG_DETECTION_EXPIRED, false);
	else
		timing_reschedule(bfd, s, now_us);
}

void
session_timers(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	if (s->closed_at_us != 0 && now_us >= s->closed_at_us) {
		s->closed_at_us = 0;
		bfd_note(bfd, s, BFD_CHANGE_CLOSED, s->state, false);
	}
	if (now_us >= timing_detection_at(s))
		detection_expired(bfd, s, now_us);
	if (now_us >= s->tx_at_us) {
		s->tx_at_us = BFD_NEVER; /* until the packet is drawn */
		send_soon(bfd, s);
	}
}

void
session_packet(struct bfd *bfd, struct bfd_session *s, uint64_t now_us, uint8_t *octets)
{
	bool final = s->final_due;
	struct bfd_packet packet = {
		.diag = s->diag,
		.state = s->state,
		.final = final,
		/* Never both (RFC 5880 6.5); the Poll goes with a packet of its own. */
		.poll = s->polling && !final,
		.detect_mult = s->params.multiplier,
		.my_discriminator = s->local_disc,
		.your_discriminator = s->remote_disc,
		.desired_min_tx_us = s->desired_tx_us,
		.required_min_rx_us = s->required_rx_us,
	};

	bfd_packet_put(&packet, octets);
	s->out++;
	if (final) {
		s->final_due = false;
		return;
	}
	s->send_due = false;
	s->sent_at_us = now_us;
	timing_schedule(bfd, s, now_us);
}

void
bfd_session_disable(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	uint64_t told_us;

	if (s->state == BFD_ADMIN_DOWN)
		return;
	set_state(bfd, s, now_us, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN, false);
	s->final_due = false;
	told_us = (uint64_t)s->params.multiplier * timing_transmit_us(s);
	/* Nobody to be told. */
	if (s->remote_disc == 0)
		told_us = 1;
	s->closed_at_us = now_us + (told_us < CLOSE_MAX_US ? told_us : CLOSE_MAX_US);
	bfd_arm(bfd, s);
}

void
bfd_session_enable(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	if (s->state != BFD_ADMIN_DOWN)
		return;
	s->closed_at_us = 0;
	set_state(bfd, s, now_us, BFD_DOWN, BFD_DIAG_NONE, false);
	bfd_arm(bfd, s);
}

void
bfd_session_set_timing(struct bfd *bfd, struct bfd_session *s, uint64_t now_us,
    uint32_t interval_us, uint8_t multiplier)
{
	s->params.interval_us = interval_us;
	/* RFC 5880 6.8.12: goes with the next packet, without a Poll Sequence. */
	s->params.multiplier = multiplier;
	timing_update(bfd, s, now_us);
	bfd_arm(bfd, s);
}

void
bfd_session_set_local(struct bfd_session *s, const struct addr *local)
{
	s->params.local = *local;
}

void
bfd_session_status(const struct bfd_session *s, struct bfd_status *out)
{
	*out = (struct bfd_status){
		.local = s->params.local.family != FAMILY_NONE ? s->params.local
							       : s->heard_to,
		.multihop = s->params.multihop,
		.state = s->state,
		.remote_state = s->remote_state,
		.diag = s->diag,
		.remote_diag = s->remote_diag,
		.remote_demand = s->remote_demand,
		.remote_independent = s->remote_independent,
		.polling = s->polling,
		.local_discriminator = s->local_disc,
		.remote_discriminator = s->remote_disc,
		.interval_us = s->params.interval_us,
		.multiplier = s->params.multiplier,
		.remote_multiplier = s->remote_mult,
		.transmit_us = timing_transmit_us(s),
		.remote_min_tx_us = s->remote_min_tx_us,
		.remote_min_rx_us = s->remote_min_rx_us,
		.detection_us = timing_detection_us(s),
		.up_since_us = s->up_since_us,
		.last_down_us = s->last_down_us,
		.last_down_diag = s->last_down_diag,
		.in = s->in,
		.out = s->out,
		.dropped = s->dropped,
		.ups = s->ups,
	};
}
