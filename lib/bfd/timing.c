/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The intervals of a session: what we say of them, which of it holds already, and the
 * deadlines that follow (RFC 5880 6.8.2 to 6.8.4, 6.8.7).
 *
 * Two values may not hold as soon as they are said, because the peer counts by the old
 * ones until it has heard of the new (6.8.3): a longer interval of our own packets, and
 * a shorter one of the peer's.  A Poll Sequence finds out when it has.
 *
 *   said              holds until the Poll Sequence is over    from then on
 *   desired_tx_us     the lesser of old and new                new
 *   required_rx_us    the greater of old and new               new
 */
#include "bfd_internal.h"

/* Packets that are due close to each other are sent in one go: deadlines are multiples
 * of this part of the interval, within the bounds of the jitter. */
enum { GRID = 32 };

static void
poll_begin(struct bfd *bfd, struct bfd_session *s)
{
	if (s->polling) {
		/* The answer that is awaited may be to the old values. */
		s->poll_again = true;
		return;
	}
	s->polling = true;
	s->send_due = true;
	bfd_enqueue(bfd, s);
}

static uint32_t
desired_tx(const struct bfd_session *s)
{
	/* RFC 5880 6.8.3: not less than one second while the session is not Up. */
	if (s->state != BFD_UP && s->params.interval_us < BFD_SLOW_US)
		return BFD_SLOW_US;
	return s->params.interval_us;
}

void
timing_update(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	uint32_t tx = desired_tx(s), rx = s->params.interval_us;
	bool changed = tx != s->desired_tx_us || rx != s->required_rx_us;

	s->desired_tx_us = tx;
	s->required_rx_us = rx;
	/* The delay concerns sessions that are Up alone (6.8.3). */
	if (s->state != BFD_UP || tx < s->tx_used_us)
		s->tx_used_us = tx;
	if (s->state != BFD_UP || rx > s->rx_used_us)
		s->rx_used_us = rx;
	if (changed)
		poll_begin(bfd, s);
	timing_reschedule(bfd, s, now_us);
}

void
timing_final(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	if (!s->polling)
		return;
	s->polling = false;
	if (s->poll_again) {
		s->poll_again = false;
		poll_begin(bfd, s);
		return;
	}
	s->tx_used_us = s->desired_tx_us;
	s->rx_used_us = s->required_rx_us;
	timing_reschedule(bfd, s, now_us);
}

uint32_t
timing_transmit_us(const struct bfd_session *s)
{
	/* RFC 5880 6.8.7: the peer takes no periodic packets. */
	if (s->remote_min_rx_us == 0)
		return 0;
	/* … or has no need of them, having Demand mode (6.6): but a Poll Sequence. */
	if (s->remote_demand && s->state == BFD_UP && s->remote_state == BFD_UP &&
	    !s->polling)
		return 0;
	return s->tx_used_us > s->remote_min_rx_us ? s->tx_used_us
						   : s->remote_min_rx_us;
}

/*
 * RFC 5880 6.8.7: reduced by 0 to 25 %, and by 10 % at least when a single packet that
 * is lost, or late, ends the session.
 */
static uint32_t
jittered(struct bfd *bfd, const struct bfd_session *s, uint32_t interval_us)
{
	uint32_t most = s->params.multiplier == 1 ? 90 : 100;
	uint64_t range = (uint64_t)interval_us * (most - 75) / 100;
	uint64_t cut = range * bfd_random(bfd) >> 32;

	return (uint32_t)((uint64_t)interval_us * most / 100 - cut);
}

static uint64_t
next_packet_at(struct bfd *bfd, const struct bfd_session *s, uint64_t from_us,
    uint32_t interval_us)
{
	uint64_t at = from_us + jittered(bfd, s, interval_us);
	uint64_t grid = interval_us / GRID;
	uint64_t early = grid > 0 ? at - at % grid : at;

	return early >= from_us + (uint64_t)interval_us * 75 / 100 ? early : at;
}

void
timing_schedule(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	uint32_t interval_us = timing_transmit_us(s);

	if (interval_us == 0)
		s->tx_at_us = BFD_NEVER;
	else
		s->tx_at_us = next_packet_at(bfd, s, now_us, interval_us);
}

/*
 * RFC 5880 6.8.3: a shorter interval is honoured at once, counted from the last packet.
 * What is due already stays due when it then is.
 */
void
timing_reschedule(struct bfd *bfd, struct bfd_session *s, uint64_t now_us)
{
	uint32_t interval_us = timing_transmit_us(s);
	uint64_t from_us = s->sent_at_us != 0 ? s->sent_at_us : now_us;

	if (interval_us == 0)
		s->tx_at_us = BFD_NEVER;
	else if (s->tx_at_us == BFD_NEVER || s->tx_at_us > from_us + interval_us)
		s->tx_at_us = next_packet_at(bfd, s, from_us, interval_us);
}

uint64_t
timing_detection_us(const struct bfd_session *s)
{
	uint32_t interval_us =
	    s->rx_used_us > s->remote_min_tx_us ? s->rx_used_us : s->remote_min_tx_us;

	return s->remote_disc == 0 ? 0 : (uint64_t)s->remote_mult * interval_us;
}

uint64_t
timing_detection_at(const struct bfd_session *s)
{
	return s->remote_disc == 0 ? BFD_NEVER
				   : s->heard_at_us + timing_detection_us(s);
}
