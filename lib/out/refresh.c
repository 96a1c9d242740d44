/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The whole table once more for a member that asks for it (RFC 2918), and the messages
 * that stand around tables: End-of-RIB (RFC 4724), BoRR and EoRR (RFC 7313).
 *
 *   BoRR, walk, what changed meanwhile, EoRR
 *
 * To the member that knows them BoRR says that all it has of us is in question, and
 * EoRR that what did not come since is gone.  So between them must come all that we
 * have: a destination that the walk passes over because it flaps is sent before EoRR
 * like before End-of-RIB.
 */
#include "out_internal.h"

static void
walk_again(struct out *out, struct member *member)
{
	member->version = member_version(out, member);
	member_leave_chunk(out, member);
	if (member->state == MEMBER_IN_STEP)
		member->group->n_in_step--;
	member->state = MEMBER_OFF;
	member_start_walk(out, member, false);
}

void
out_refresh(struct out *out, struct member *member)
{
	if (member->group != NULL)
		walk_again(out, member);
}

static void
begin(struct out *out, struct member *member)
{
	member->refresh_again = false;
	member->refresh_begin_due = member->refresh_end_due = true;
	walk_again(out, member);
}

/*
 * RFC 7313 4: no BoRR before End-of-RIB.  One refresh at a time: a member that asks
 * over and over would never see the end of it.
 */
void
out_refresh_enhanced(struct out *out, struct member *member)
{
	uint8_t family;

	if (member->group == NULL)
		return;
	family = member->group->key.family;
	if (member->end_of_rib_due || member->refresh_end_due ||
	    (member->chunk != NULL && (member->chunk == out->end_of_rib[family] ||
					  member->chunk == out->refresh_end[family])))
		member->refresh_again = true;
	else
		begin(out, member);
}

/* What flapped during the walk has been sent. */
static bool
walk_is_told(const struct out *out, const struct member *member)
{
	return out->head[member->group->key.family] >= member->end_of_rib_after;
}

static bool
end_of_rib_may_go(const struct out *out, const struct member *member)
{
	return member->end_of_rib_due && !member->end_of_rib_held &&
	       walk_is_told(out, member);
}

static bool
refresh_end_may_go(const struct out *out, const struct member *member)
{
	return member->refresh_end_due && walk_is_told(out, member);
}

bool
marker_waits(const struct out *out, const struct member *member)
{
	return end_of_rib_may_go(out, member) || refresh_end_may_go(out, member);
}

struct chunk *
marker_next(struct out *out, struct member *member)
{
	uint8_t family = member->group->key.family;

	if (member->refresh_begin_due) {
		member->refresh_begin_due = false;
		return chunk_ref(out->refresh_begin[family]);
	}
	if (end_of_rib_may_go(out, member)) {
		member->end_of_rib_due = false;
		return chunk_ref(out->end_of_rib[family]);
	}
	if (refresh_end_may_go(out, member)) {
		member->refresh_end_due = false;
		return chunk_ref(out->refresh_end[family]);
	}
	if (member->refresh_again && !member->end_of_rib_due &&
	    !member->refresh_end_due)
		begin(out, member);
	return NULL;
}

void
marker_recall(struct out *out, struct member *member, const struct chunk *chunk)
{
	uint8_t family = member->group->key.family;

	if (chunk == out->end_of_rib[family])
		member->end_of_rib_due = true;
	else if (chunk == out->refresh_begin[family])
		member->refresh_begin_due = true;
	else if (chunk == out->refresh_end[family])
		member->refresh_end_due = true;
}
