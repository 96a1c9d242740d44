/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A peer whose messages are malformed again and again is held down longer each time
 * (RFC 4271 8.1.1, DampPeerOscillations): 0, 0.5, 1, 2 ... 120 seconds.  That it comes
 * up in between forgives nothing, for what breaks the session may come with its table;
 * ten quiet minutes do, and so does the operator.
 *
 * What counts is a NOTIFICATION of ours for a message that we could not take: of a bad
 * header, an UPDATE, or a ROUTE-REFRESH.  OPENs have the back-off of dialling.
 */
#include "core_internal.h"

enum {
	DAMP_FIRST_MS = 500,
	DAMP_MOST_MS = 120 * 1000,
	DAMP_MEMORY_MS = 10 * 60 * 1000,
};

static bool
is_malformed(const struct bgp_error *error)
{
	return error->code == NOTIFY_HEADER || error->code == NOTIFY_UPDATE ||
	       error->code == NOTIFY_REFRESH;
}

static uint64_t
delay_ms(unsigned times)
{
	uint64_t delay = DAMP_FIRST_MS;

	if (times < 2)
		return 0;
	for (unsigned i = 2; i < times && delay < DAMP_MOST_MS; i++)
		delay *= 2;
	return delay < DAMP_MOST_MS ? delay : DAMP_MOST_MS;
}

void
damp_note(struct session *s)
{
	struct speaker *sp = s->sp;
	struct peer *peer = s->peer;
	struct speaker_event *event;
	uint64_t delay;

	if (!is_malformed(&s->error))
		return;
	if (!damp_remembers(sp, peer))
		peer->malformed = 0;
	if (peer->malformed < UINT8_MAX)
		peer->malformed++;
	peer->malformed_ms = sp->now_ms;
	delay = delay_ms(peer->malformed);
	peer->damped_until_ms = sp->now_ms + delay;
	if (delay == 0)
		return;
	event = note_event(sp, EVENT_DAMPED, peer);
	event->count = peer->malformed;
	note_text(
	    event, "%u.%u s", (unsigned)(delay / 1000), (unsigned)(delay % 1000 / 100));
}

bool
damp_remembers(const struct speaker *sp, const struct peer *peer)
{
	return peer->malformed > 0 && sp->now_ms - peer->malformed_ms < DAMP_MEMORY_MS;
}

uint64_t
damp_memory_end_ms(const struct peer *peer)
{
	return peer->malformed == 0 ? 0 : peer->malformed_ms + DAMP_MEMORY_MS;
}

uint64_t
damp_left_ms(const struct speaker *sp, const struct peer *peer)
{
	return peer->damped_until_ms > sp->now_ms ? peer->damped_until_ms - sp->now_ms
						  : 0;
}

void
damp_forget(struct peer *peer)
{
	peer->malformed = 0;
	peer->damped_until_ms = 0;
}
