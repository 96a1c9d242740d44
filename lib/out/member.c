/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What one member is sent next: the rest of a cut message, the chunk it stands on, and
 * then, by its state, a segment of the table, a stretch of the change list, or nothing.
 *
 *   WALKING -> CATCHING_UP -> (End-of-RIB) -> IN_STEP -> CATCHING_UP when it is slow
 */
#include <assert.h>
#include <stdlib.h>

#include "out_internal.h"

uint64_t
member_version(const struct out *out, const struct member *member)
{
	if (member->state != MEMBER_IN_STEP)
		return member->version;
	return member->chunk != NULL ? member->chunk->from
				     : out->head[member->group->key.family];
}

static uint32_t
segment_count(const struct out *out, enum family family)
{
	return (rib_dest_top(out->rib, family) + SEGMENT_LEN - 1) >> SEGMENT_SHIFT;
}

void
member_start_walk(struct out *out, struct member *member, bool fresh)
{
	struct group *group = member->group;
	uint32_t n = segment_count(out, (enum family)group->key.family);

	member->end_of_rib_after =
	    rib_version(out->rib, (enum family)group->key.family);
	member->walk_segments = n;
	member->walk_version = fresh ? UINT64_MAX : 0;
	member->walk_left = n;
	/* Where those who walk now are: their segments are encoded already. */
	member->walk_next = n == 0 ? 0 : group->walk_hint % n;
	member->state = n == 0 ? MEMBER_CATCHING_UP : MEMBER_WALKING;
	member_make_ready(out, member);
}

void
out_hold_end_of_rib(struct member *member)
{
	member->end_of_rib_held = true;
}

void
out_release_end_of_rib(struct out *out, struct member *member)
{
	member->end_of_rib_held = false;
	if (member->group != NULL && member->end_of_rib_due)
		member_make_ready(out, member);
}

static void
chunk_release(struct member *member)
{
	struct chunk *c = member->chunk;

	member->chunk = NULL;
	member->msg = 0;
	member->offset = 0;
	chunk_unref(c);
}

void
member_leave_chunk(struct out *out, struct member *member)
{
	struct chunk *c = member->chunk;

	if (c == NULL)
		return;
	if (member->offset == 0)
		marker_recall(out, member, c);
	if (member->offset > 0) {
		const struct chunk_msg *msg = &c->msgs[member->msg];

		assert(member->carry == NULL);
		member->carry_len = msg->len - member->offset;
		member->carry_at = 0;
		member->carry = mem_alloc(member->carry_len);
		memcpy(member->carry, c->octets + msg->start + member->offset,
		    member->carry_len);
	}
	chunk_release(member);
}

void
member_clear(struct out *out, struct member *member)
{
	(void)out;
	if (member->chunk != NULL)
		chunk_release(member);
	free(member->carry);
	member->carry = NULL;
	member->carry_len = 0;
	bits_unref(member->had);
	member->had = NULL;
}

static void
chunk_pass(struct out *out, struct member *member)
{
	struct chunk *c = member->chunk;
	struct chunk *next = member->state == MEMBER_IN_STEP ? c->next : NULL;

	member->chunk = next == NULL ? NULL : chunk_ref(next);
	member->msg = 0;
	member->offset = 0;
	if (member->state == MEMBER_IN_STEP) {
		chunk_unref(c);
		group_drop_read_chunks(member->group);
		out->trim_due = true;
		return;
	}
	/* A stretch of the list; segments and End-of-RIB say nothing of the version. */
	if (c->from == member->version && c->to > c->from)
		member->version = c->to;
	chunk_unref(c);
	out->trim_due = true;
}

void
member_normalise(struct out *out, struct member *member)
{
	while (member->chunk != NULL && member->offset == 0) {
		if (member->msg == member->chunk->n_msgs) {
			chunk_pass(out, member);
			continue;
		}
		if (msg_is_for(&member->chunk->msgs[member->msg], member))
			return;
		member->msg++;
	}
}

/* ---- walking ---- */

static struct chunk *
cached_segment(const struct group *group, uint32_t segment, uint64_t version)
{
	for (int i = 0; i < WALK_CACHE; i++) {
		struct chunk *c = group->cache[i].chunk;

		/* An older one would hide changes that the member does not follow. */
		if (c != NULL && group->cache[i].segment == segment && c->to >= version)
			return c;
	}
	return NULL;
}

static void
cache_segment(struct group *group, uint32_t segment, struct chunk *chunk)
{
	struct walk_slot *slot = NULL;

	for (int i = 0; i < WALK_CACHE; i++)
		if (group->cache[i].segment == segment && group->cache[i].chunk != NULL)
			slot = &group->cache[i];
	if (slot == NULL)
		slot = &group->cache[group->cache_next++ % WALK_CACHE];
	chunk_unref(slot->chunk);
	slot->segment = segment;
	slot->chunk = chunk_ref(chunk);
	group->walk_hint = segment;
}

static struct chunk *
encode_segment(
    struct out *out, struct group *group, uint32_t segment, const struct member *walker)
{
	enum family family = (enum family)group->key.family;
	struct chunk *chunk = chunk_new(out->head[family], out->head[family]);
	uint32_t id = (segment << SEGMENT_SHIFT) + 1;
	uint32_t end = id + SEGMENT_LEN;

	batch_clear(out->batch);
	for (; id < end; id++) {
		struct dest *dest = rib_dest_at(out->rib, family, id);

		/* What the head has not exported yet comes later, by the list or in
		 * step. */
		if (dest == NULL ||
		    rib_dest_version(out->rib, family, dest) > out->head[family])
			continue;
		if (dest_best(dest) != NULL || walker != NULL)
			batch_add(out->batch, dest);
	}
	batch_encode(out, group, BATCH_WALK, walker, chunk);
	chunk_finish(chunk);
	return chunk;
}

/*
 * The walk's last segment was sent: not before, for a member that starts again gives
 * the segment up, and what stands in no list any more would never be withdrawn from it.
 */
static void
walk_sent(struct out *out, struct member *member)
{
	enum family family = (enum family)member->group->key.family;

	bits_unref(member->had);
	member->had = NULL;
	/* What changed since the walk began was in it, where its segments were made
	 * later and the table has not grown behind them. */
	if (segment_count(out, family) == member->walk_segments &&
	    member->walk_version != UINT64_MAX &&
	    member->walk_version > member->version)
		member->version = member->walk_version;
	member->walk_version = 0;
	out->trim_due = true;
}

static void
walk_on(struct out *out, struct member *member)
{
	struct group *group = member->group;
	uint32_t segment = member->walk_next;
	struct chunk *chunk = NULL;

	if (member->had == NULL)
		chunk = cached_segment(group, segment, member->version);
	if (chunk != NULL) {
		chunk_ref(chunk);
	} else {
		chunk = encode_segment(
		    out, group, segment, member->had != NULL ? member : NULL);
		if (member->had == NULL)
			cache_segment(group, segment, chunk);
	}
	member->walk_next = (segment + 1) % member->walk_segments;
	if (chunk->to < member->walk_version)
		member->walk_version = chunk->to;
	if (--member->walk_left == 0) {
		member->state = MEMBER_CATCHING_UP;
		/* What flapped during the walk was passed over: it comes by the list.
		 */
		member->end_of_rib_after =
		    rib_version(out->rib, (enum family)group->key.family);
	}
	member->chunk = chunk;
	member_normalise(out, member);
}

/* ---- catching up ---- */

static uint64_t
collect_behind(struct out *out, enum family family, uint64_t from)
{
	uint64_t head = out->head[family], version = from, passed = from;
	uint32_t i = rib_change_first(out->rib, family, from);
	uint32_t end = rib_change_end(out->rib, family);

	batch_clear(out->batch);
	for (; i < end && batch_len(out->batch) < STRETCH_MAX; i++) {
		struct dest *dest = rib_change_at(out->rib, family, i, &version);

		if (version > head)
			return head;
		passed = version;
		if (dest != NULL)
			batch_add(out->batch, dest);
	}
	return i == end ? head : passed;
}

static void
catch_up(struct out *out, struct member *member)
{
	struct group *group = member->group;
	enum family family = (enum family)group->key.family;
	struct chunk *chunk = group->catch_up;

	if (chunk == NULL || chunk->from != member->version) {
		uint64_t to = collect_behind(out, family, member->version);

		chunk_unref(group->catch_up);
		chunk = group->catch_up = chunk_new(member->version, to);
		batch_encode(out, group, BATCH_CATCH_UP, NULL, chunk);
		chunk_finish(chunk);
	}
	member->chunk = chunk_ref(chunk);
	member_normalise(out, member);
}

/*
 * A member that steps in may hold an older route of a destination that has changed
 * again and waits behind the head: its change before that is a hole in the list by now.
 * So the group's books say that all those are held, by whomever, lest a withdrawal be
 * forgotten.
 */
static void
mark_pending(struct out *out, struct group *group)
{
	enum family family = (enum family)group->key.family;
	uint64_t version =
	    group->marked > out->head[family] ? group->marked : out->head[family];
	uint32_t i = rib_change_first(out->rib, family, version);

	for (; i < rib_change_end(out->rib, family); i++) {
		struct dest *dest = rib_change_at(out->rib, family, i, &version);

		if (dest == NULL)
			continue;
		bits_set(group->unsure, dest->id);
		/* With add-path the books name what was advertised: paths.c. */
		if (!bits_set(group->sent, dest->id) && group->paths == NULL)
			group_count(group, dest->out_source, 1);
	}
	group->marked = rib_version(out->rib, family);
}

static void
step_in(struct out *out, struct member *member)
{
	struct group *group = member->group;

	mark_pending(out, group);
	member->state = MEMBER_IN_STEP;
	group->n_in_step++;
	chunk_unref(group->catch_up);
	group->catch_up = NULL;
}

/* Finds the member its next chunk; false when there is nothing to send now. */
static bool
member_advance(struct out *out, struct member *member)
{
	while (member->chunk == NULL) {
		enum family family = (enum family)member->group->key.family;

		if (member->refresh_begin_due) {
			member->chunk = marker_next(out, member);
			break;
		}
		switch ((enum member_state)member->state) {
		case MEMBER_WALKING: walk_on(out, member); break;
		case MEMBER_CATCHING_UP:
			if (member->walk_version != 0 || member->had != NULL)
				walk_sent(out, member);
			if (member->version < out->head[family])
				catch_up(out, member);
			else if ((member->chunk = marker_next(out, member)) == NULL &&
				 member->state == MEMBER_CATCHING_UP &&
				 !member->refresh_begin_due)
				step_in(out, member);
			break;
		case MEMBER_IN_STEP:
			/* A marker was held back while the member was in step. */
			if (!marker_waits(out, member))
				return false;
			member->version = out->head[family];
			member->state = MEMBER_CATCHING_UP;
			member->group->n_in_step--;
			break;
		case MEMBER_OFF: return false;
		}
	}
	return true;
}

bool
member_is_mid_message(const struct member *member)
{
	return member->carry != NULL || (member->chunk != NULL && member->offset > 0);
}

bool
member_has_output(const struct out *out, const struct member *member)
{
	if (member->group == NULL)
		return false;
	if (member->carry != NULL || member->chunk != NULL)
		return true;
	return member->state == MEMBER_WALKING || member->state == MEMBER_CATCHING_UP ||
	       marker_waits(out, member);
}

/* ---- octets ---- */

struct gathering {
	struct iovec *iov;
	int n, max;
	size_t left;
};

/* Joins stretches that touch. */
static bool
gather(struct gathering *g, const uint8_t *at, size_t len)
{
	struct iovec *last = g->n > 0 ? &g->iov[g->n - 1] : NULL;
	size_t take = len < g->left ? len : g->left;

	if (take == 0)
		return false;
	if (last != NULL && (const uint8_t *)last->iov_base + last->iov_len == at) {
		last->iov_len += take;
	} else {
		if (g->n == g->max)
			return false;
		/* iovec is for reading and writing alike and knows no const. */
		g->iov[g->n++] = (struct iovec){ (void *)(uintptr_t)at, take };
	}
	g->left -= take;
	return take == len;
}

static void
gather_chunks(const struct member *member, struct gathering *g)
{
	uint32_t msg = member->msg, offset = member->offset;

	for (const struct chunk *c = member->chunk; c != NULL;
	     c = member->state == MEMBER_IN_STEP ? c->next : NULL) {
		for (; msg < c->n_msgs; msg++, offset = 0) {
			const struct chunk_msg *m = &c->msgs[msg];

			if (offset == 0 && !msg_is_for(m, member))
				continue;
			if (!gather(g, c->octets + m->start + offset, m->len - offset))
				return;
		}
		msg = 0;
	}
}

int
member_gather(struct out *out, struct member *member, struct iovec *iov, int max,
    size_t max_len, bool cut_only)
{
	struct gathering g = { iov, 0, max, max_len };

	if (member->group == NULL)
		return 0;
	if (member->carry != NULL) {
		gather(&g, member->carry + member->carry_at,
		    member->carry_len - member->carry_at);
		return g.n; /* its own turn: what follows may have to be encoded */
	}
	if (cut_only) {
		const struct chunk *c = member->chunk;

		if (c != NULL && member->offset > 0)
			gather(&g,
			    c->octets + c->msgs[member->msg].start + member->offset,
			    c->msgs[member->msg].len - member->offset);
		return g.n;
	}
	if (member->chunk == NULL && !member_advance(out, member))
		return 0;
	gather_chunks(member, &g);
	return g.n;
}

static size_t
wrote_carry(struct member *member, size_t len, unsigned *messages)
{
	size_t left = member->carry_len - member->carry_at;

	if (member->carry == NULL)
		return len;
	if (len < left) {
		member->carry_at += (uint32_t)len;
		return 0;
	}
	free(member->carry);
	member->carry = NULL;
	member->carry_len = 0;
	++*messages;
	return len - left;
}

static bool
is_refresh(const struct out *out, const struct member *member)
{
	uint8_t family = member->group->key.family;

	return member->chunk == out->refresh_begin[family] ||
	       member->chunk == out->refresh_end[family];
}

unsigned
member_wrote(struct out *out, struct member *member, size_t len)
{
	unsigned messages = 0;

	len = wrote_carry(member, len, &messages);
	while (len > 0) {
		const struct chunk_msg *msg;
		size_t left;

		assert(member->chunk != NULL);
		msg = &member->chunk->msgs[member->msg];
		left = msg->len - member->offset;
		if (len < left) {
			member->offset += (uint32_t)len;
			break;
		}
		len -= left;
		messages++;
		member->refreshes_sent += is_refresh(out, member);
		member->msg++;
		member->offset = 0;
		member_normalise(out, member);
	}
	return messages;
}
