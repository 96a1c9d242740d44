/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD, packets and sessions.  The input is a script: an octet says what happens, what
 * follows is its operand.  Datagrams are delivered as they are, or with the
 * discriminators made right, so that deep states are in reach.
 *
 *   what % 8   0..3  a datagram; 1, 3: Your Discriminator made right; 2, 3: any length
 *              4     time passes
 *              5     another timing
 *              6     disabled, or enabled again
 *              7     the session is another one
 */
#include <string.h>

#include "bgp/bfd.h"
#include "bgp/cursor.h"
#include "fuzz.h"

enum { SESSIONS = 3, DATAGRAM_MAX = 64, STEPS_MAX = 200 };

struct world {
	struct bfd *bfd;
	struct bfd_session *sessions[SESSIONS];
	uint8_t state[SESSIONS]; /* by the changes that were drawn */
	uint64_t now_us;
};

static const struct addr *
remote_of(unsigned i)
{
	static struct addr addrs[SESSIONS];

	addrs[i] = addr_ipv4(0x0a000001 + i);
	return &addrs[i];
}

static void
session_open(struct world *w, unsigned i)
{
	struct bfd_params params = { .remote = *remote_of(i),
		.local = addr_none(),
		.multihop = i == 1,
		.interval_us = 100000 * (i + 1),
		.multiplier = 3 };

	w->sessions[i] = bfd_session_open(w->bfd, w->now_us, &params, &w->sessions[i]);
	w->state[i] = BFD_DOWN;
}

static unsigned
index_of(const struct world *w, const void *user)
{
	const struct bfd_session *const *at = user;

	DEMAND(at >= (const struct bfd_session *const *)w->sessions &&
	       at < (const struct bfd_session *const *)w->sessions + SESSIONS);
	return (unsigned)(at - (const struct bfd_session *const *)w->sessions);
}

static void
check_packet(const struct world *w, unsigned i, const uint8_t *octets)
{
	struct bfd_packet packet;
	struct bfd_status status;

	bfd_session_status(w->sessions[i], &status);
	DEMAND(bfd_packet_get(octets, BFD_PACKET_LEN, &packet) == BFD_DROP_NOT);
	DEMAND(!(packet.poll && packet.final));
	DEMAND(packet.my_discriminator == status.local_discriminator);
	DEMAND(packet.state == BFD_UP || packet.desired_min_tx_us >= 1000000);
}

static void
drain(struct world *w)
{
	uint8_t octets[BFD_PACKET_LEN];
	struct bfd_change change;
	void *user;
	unsigned packets = 0;

	while (bfd_next_packet(w->bfd, w->now_us, &user, octets)) {
		check_packet(w, index_of(w, user), octets);
		DEMAND(++packets <= 2 * SESSIONS);
	}
	while (bfd_next_change(w->bfd, &change)) {
		unsigned i = index_of(w, change.user);

		if (change.kind == BFD_CHANGE_CLOSED)
			continue;
		DEMAND(change.before == w->state[i] && change.before != change.after);
		w->state[i] = change.after;
	}
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct bfd_status status;

		bfd_session_status(w->sessions[i], &status);
		DEMAND(status.state == w->state[i]);
		DEMAND((status.up_since_us != 0) == (status.state == BFD_UP));
		/* Init and Up end when nothing more is heard. */
		DEMAND(status.state <= BFD_DOWN || status.remote_discriminator != 0);
	}
}

static void
deliver(struct world *w, struct rcur *in, uint8_t what)
{
	unsigned i = what / 16 % SESSIONS;
	struct bfd_datagram datagram = { .source = *remote_of(i),
		.destination = addr_ipv4(0x0a0000ff),
		.multihop = i == 1,
		.ttl = what & 8 ? BFD_TTL : rcur_u8(in) };
	uint8_t octets[DATAGRAM_MAX] = { 0 };
	struct bfd_status status;
	size_t len = what & 2 ? rcur_u8(in) % DATAGRAM_MAX : BFD_PACKET_LEN;
	const uint8_t *from;

	if (len > rcur_left(in))
		len = rcur_left(in);
	from = rcur_take(in, len);
	if (from != NULL && len > 0)
		memcpy(octets, from, len);
	bfd_session_status(w->sessions[i], &status);
	if (what % 2 == 1)
		put_u32(octets + 8, status.local_discriminator);
	datagram.octets = octets;
	datagram.len = len;
	bfd_receive(w->bfd, w->now_us, &datagram);
}

static void
pass(struct world *w, uint64_t us)
{
	uint64_t end = w->now_us + us;

	for (int i = 0; i < 50 && bfd_deadline(w->bfd) <= end; i++) {
		if (bfd_deadline(w->bfd) > w->now_us)
			w->now_us = bfd_deadline(w->bfd);
		bfd_tick(w->bfd, w->now_us);
		DEMAND(bfd_deadline(w->bfd) > w->now_us);
		drain(w);
	}
	w->now_us = end;
}

static void
step(struct world *w, struct rcur *in, uint8_t what)
{
	unsigned i = what / 16 % SESSIONS;
	struct bfd_session *s = w->sessions[i];

	switch (what % 8) {
	case 4: pass(w, (uint64_t)rcur_u8(in) * 20000); break;
	case 5:
		bfd_session_set_timing(w->bfd, s, w->now_us, 1000u * (rcur_u8(in) + 1u),
		    (uint8_t)(rcur_u8(in) | 1));
		break;
	case 6:
		if (what & 8)
			bfd_session_enable(w->bfd, s, w->now_us);
		else
			bfd_session_disable(w->bfd, s, w->now_us);
		break;
	case 7:
		bfd_session_free(w->bfd, s);
		session_open(w, i);
		break;
	default: deliver(w, in, what); break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w = { .bfd = bfd_new(1), .now_us = 1000000 };
	struct rcur in = rcur_of(data, len);

	for (unsigned i = 0; i < SESSIONS; i++)
		session_open(&w, i);
	drain(&w);
	for (int i = 0; i < STEPS_MAX && rcur_left(&in) > 0; i++) {
		step(&w, &in, rcur_u8(&in));
		drain(&w);
	}
	bfd_free(w.bfd);
	return 0;
}
