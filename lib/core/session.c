/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One connection's output: a small buffer of control messages (OPEN, KEEPALIVE,
 * NOTIFICATION, ROUTE-REFRESH) that goes ahead of the update group's chunks, but never
 * into the middle of a message.
 */
#include <assert.h>
#include <stdlib.h>

#include "core_internal.h"

struct session *
session_new(struct speaker *sp, struct peer *peer, bool outgoing)
{
	struct session *s = mem_zero(1, sizeof(*s));
	int slot = 0;

	s->sp = sp;
	s->peer = peer;
	s->outgoing = outgoing;
	s->last_out_ms = sp->now_ms;
	s->state = outgoing ? FSM_IDLE : FSM_ACTIVE;
	/* The caller has seen that there is room for one more. */
	while (peer->connections[slot] != NULL) {
		slot++;
		assert(slot < PEER_CONNECTIONS);
	}
	peer->connections[slot] = s;
	return s;
}

void
session_release(struct session *s)
{
	struct peer *peer = s->peer;

	writer_unqueue(s);
	events_forget(s->sp, s, NULL);
	if (s->sp->gathered_of == s)
		s->sp->gathered_of = NULL;
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->connections[i] == s)
			peer->connections[i] = NULL;
	if (s->orphan)
		peer->orphans--;
	free(s->control);
	free(s);
}

void
session_set_user(struct session *session, void *user)
{
	session->user = user;
}

void *
session_user(const struct session *session)
{
	return session->user;
}

struct peer *
session_peer(const struct session *session)
{
	return session->peer;
}

/* ---- control messages ---- */

static bool
serves_members(const struct session *s)
{
	return s->state == FSM_ESTABLISHED && s->peer != NULL &&
	       s->peer->established == s;
}

static struct member *
cut_member(struct session *s, uint8_t *index)
{
	for (*index = 0; *index < SESSION_MEMBERS; ++*index)
		if (member_is_mid_message(&s->peer->members[*index]))
			return &s->peer->members[*index];
	return NULL;
}

static struct wcur
control_room(struct session *s, size_t len)
{
	if (s->control_at == s->control_len)
		s->control_at = s->control_len = 0;
	if (s->control_room - s->control_len < len) {
		uint32_t room = s->control_room == 0 ? 128 : s->control_room;

		while (room - s->control_len < len)
			room *= 2;
		s->control = mem_resize(s->control, room, 1);
		s->control_room = room;
	}
	return wcur_of(s->control + s->control_len, len);
}

static void
control_commit(struct session *s, const struct wcur *out, enum message_type type)
{
	s->control_len += (uint32_t)wcur_len(out);
	s->peer->counters.out[type]++;
	s->peer->counters.out[0]++;
	writer_queue(s);
}

void
session_put_open(struct session *s)
{
	struct wcur out = control_room(s, MESSAGE_MAX_LEN);

	open_put(&out, &s->ours);
	control_commit(s, &out, MESSAGE_OPEN);
}

void
session_put_keepalive(struct session *s)
{
	struct wcur out;

	/* A peer that takes nothing gets no more of them than one buffer holds. */
	if (s->control_len - s->control_at > CONTROL_MAX)
		return;
	out = control_room(s, MESSAGE_HEADER_LEN);
	keepalive_put(&out);
	control_commit(s, &out, MESSAGE_KEEPALIVE);
}

void
session_put_notification(struct session *s)
{
	struct wcur out = control_room(s, MESSAGE_MAX_LEN);

	notification_put(&out, &s->error);
	control_commit(s, &out, MESSAGE_NOTIFICATION);
}

void
session_put_refresh(struct session *s, const struct refresh *refresh)
{
	struct wcur out;

	/* As above: whoever orders refreshes of a peer that takes nothing. */
	if (s->control_len - s->control_at > CONTROL_MAX)
		return;
	out = control_room(s, MESSAGE_HEADER_LEN + 4);
	refresh_put(&out, refresh);
	control_commit(s, &out, MESSAGE_ROUTE_REFRESH);
}

/*
 * A NOTIFICATION must not begin in the middle of a message: what is left of that goes
 * ahead of all that waits in the control buffer.
 */
void
session_save_cut(struct session *s)
{
	uint8_t index;
	struct member *member;
	struct iovec iov;
	uint32_t waiting = s->control_len - s->control_at;
	uint8_t *joined;

	if (!serves_members(s) || (member = cut_member(s, &index)) == NULL)
		return;
	if (member_gather(s->sp->out, member, &iov, 1, SIZE_MAX, true) != 1)
		return;
	joined = mem_alloc(iov.iov_len + waiting);
	memcpy(joined, iov.iov_base, iov.iov_len);
	if (waiting > 0)
		memcpy(joined + iov.iov_len, s->control + s->control_at, waiting);
	free(s->control);
	s->control = joined;
	s->control_at = 0;
	s->control_len = s->control_room = (uint32_t)iov.iov_len + waiting;
}

/* ---- gathering ---- */

static void
gathered_add(struct speaker *sp, enum gathered kind, uint8_t member,
    const struct iovec *iov, int n)
{
	struct gathered_part *part;
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	if (len == 0)
		return;
	part = &sp->gathered[sp->n_gathered++];
	*part = (struct gathered_part){ (uint8_t)kind, member, len };
}

static size_t
gathered_len(const struct speaker *sp)
{
	size_t len = 0;

	for (int i = 0; i < sp->n_gathered; i++)
		len += sp->gathered[i].len;
	return len;
}

/*
 * One member's messages a call: those of another family must not begin before this
 * one's last message is whole, which only the next call can know.
 */
int
session_gather(struct session *s, struct iovec *iov, int max, size_t max_len)
{
	struct speaker *sp = s->sp;
	uint8_t cut = SESSION_MEMBERS;
	struct member *member;
	int n = 0;

	sp->n_gathered = 0;
	sp->gathered_of = s;
	if (serves_members(s) && (member = cut_member(s, &cut)) != NULL) {
		n = member_gather(sp->out, member, iov, max, max_len, true);
		gathered_add(sp, GATHERED_CUT, cut, iov, n);
		/* With nothing urgent the same member may go on at once. */
		if (s->control_at == s->control_len)
			return n;
	}
	if (n < max && s->control_at < s->control_len && gathered_len(sp) < max_len) {
		iov[n] = (struct iovec){ s->control + s->control_at,
			s->control_len - s->control_at };
		gathered_add(sp, GATHERED_CONTROL, 0, &iov[n], 1);
		n++;
	}
	if (cut != SESSION_MEMBERS || !serves_members(s))
		return n;
	for (uint8_t i = 0; i < SESSION_MEMBERS && gathered_len(sp) < max_len; i++) {
		uint8_t which = (uint8_t)((s->turn + i) % SESSION_MEMBERS);
		int more = member_gather(sp->out, &s->peer->members[which], iov + n,
		    max - n, max_len - gathered_len(sp), false);

		if (more > 0) {
			gathered_add(sp, GATHERED_MEMBER, which, iov + n, more);
			s->turn = (uint8_t)((which + 1) % SESSION_MEMBERS);
			return n + more;
		}
	}
	return n;
}

static void
control_wrote(struct session *s, size_t len)
{
	s->control_at += (uint32_t)len;
	if (s->control_at == s->control_len) {
		s->control_at = s->control_len = 0;
		if (s->control_room > 256) {
			free(s->control);
			s->control = NULL;
			s->control_room = 0;
		}
	}
}

static void
member_part_wrote(struct session *s, struct member *member, size_t len)
{
	uint32_t before = member->refreshes_sent;
	unsigned messages = member_wrote(s->sp->out, member, len);
	unsigned refreshes = member->refreshes_sent - before;

	s->peer->counters.out[MESSAGE_ROUTE_REFRESH] += refreshes;
	s->peer->counters.out[MESSAGE_UPDATE] += messages - refreshes;
	s->peer->counters.out[0] += messages;
}

void
session_wrote(struct session *s, size_t len)
{
	struct speaker *sp = s->sp;

	assert(sp->gathered_of == s);
	if (len > 0)
		s->last_out_ms = sp->now_ms;
	for (int i = 0; i < sp->n_gathered && len > 0; i++) {
		const struct gathered_part *part = &sp->gathered[i];
		size_t took = len < part->len ? len : part->len;

		if (part->kind == GATHERED_CONTROL)
			control_wrote(s, took);
		else
			member_part_wrote(s, &s->peer->members[part->member], took);
		len -= took;
	}
	sp->n_gathered = 0;
	writer_queue(s);
}

static bool
session_has_output(const struct session *s)
{
	if (s->control_at < s->control_len)
		return true;
	if (!serves_members(s))
		return false;
	for (int f = 0; f < SESSION_MEMBERS; f++)
		if (member_has_output(s->sp->out, &s->peer->members[f]))
			return true;
	return false;
}

void
session_blocked(struct session *s)
{
	s->blocked = true;
	writer_unqueue(s);
	peer_arm(s->sp, s->peer); /* RFC 9687: the send hold timer runs from now on */
}

void
session_writable(struct session *s)
{
	s->blocked = false;
	writer_queue(s);
}

void
writer_queue(struct session *s)
{
	struct speaker *sp = s->sp;

	if (s->queued || s->blocked || !s->connected || !session_has_output(s))
		return;
	s->queued = true;
	s->writer_next = NULL;
	*sp->writers_last = s;
	sp->writers_last = &s->writer_next;
}

void
writer_unqueue(struct session *s)
{
	struct speaker *sp = s->sp;
	struct session **at = &sp->writers;

	if (!s->queued)
		return;
	while (*at != s)
		at = &(*at)->writer_next;
	*at = s->writer_next;
	if (*at == NULL)
		sp->writers_last = at;
	s->queued = false;
}

struct session *
speaker_next_writer(struct speaker *sp)
{
	struct member *member;
	struct session *s;

	while ((member = out_next_ready(sp->out)) != NULL) {
		struct peer *peer = sp->peers[member->peer];

		if (peer != NULL && peer->established != NULL)
			writer_queue(peer->established);
	}
	s = sp->writers;
	if (s != NULL)
		writer_unqueue(s);
	return s;
}
