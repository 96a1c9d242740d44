/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The queue of events for the shell: a ring that grows.  What the shell must do (dial,
 * close) and what it may tell (log, monitor) go the same way, in order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core_internal.h"

static void
ring_grow(struct speaker *sp)
{
	uint32_t room = sp->events_room == 0 ? 32 : sp->events_room * 2;
	struct speaker_event *ring = mem_alloc(room * sizeof(*ring));

	for (uint32_t i = 0; i < sp->n_events; i++)
		ring[i] = sp->events[(sp->events_head + i) % sp->events_room];
	free(sp->events);
	sp->events = ring;
	sp->events_room = room;
	sp->events_head = 0;
}

struct speaker_event *
note_event(struct speaker *sp, enum event_kind kind, struct peer *peer)
{
	struct speaker_event *event;

	if (sp->n_events == sp->events_room)
		ring_grow(sp);
	event = &sp->events[(sp->events_head + sp->n_events++) % sp->events_room];
	memset(event, 0, sizeof(*event));
	event->kind = kind;
	event->peer = peer;
	if (peer != NULL)
		snprintf(
		    event->peer_name, sizeof(event->peer_name), "%s", peer->conf.name);
	return event;
}

void
note_text(struct speaker_event *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(event->text, sizeof(event->text), format, args);
	va_end(args);
}

/* What is freed must not be found in the queue. */
void
events_forget(
    struct speaker *sp, const struct session *session, const struct peer *peer)
{
	for (uint32_t i = 0; i < sp->n_events; i++) {
		struct speaker_event *event =
		    &sp->events[(sp->events_head + i) % sp->events_room];

		if (session != NULL && event->session == session)
			event->session = NULL;
		if (peer != NULL && event->peer == peer)
			event->peer = NULL;
	}
}

bool
speaker_next_event(struct speaker *sp, struct speaker_event *out)
{
	while (sp->n_events > 0) {
		*out = sp->events[sp->events_head];
		sp->events_head = (sp->events_head + 1) % sp->events_room;
		sp->n_events--;
		/* The session was released meanwhile: there is nothing to do for it. */
		if ((out->kind == EVENT_DIAL || out->kind == EVENT_CLOSE) &&
		    out->session == NULL)
			continue;
		return true;
	}
	if (sp->events_room > 1024) {
		free(sp->events);
		sp->events = NULL;
		sp->events_room = sp->events_head = 0;
	}
	return false;
}
