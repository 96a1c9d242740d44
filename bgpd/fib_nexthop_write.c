/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects into the kernel: before the routes that need them, in the same batch, and out
 * of it behind the last.  What is refused is tried again with the routes' back-off.
 */
#include <errno.h>
#include <string.h>

#include <event2/event.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "fib_internal.h"

enum {
	STRAYS_DELAY_MS = 1000,
	DOUBT_REST_MS = 1000,
	ROOM = 2, /* the object, and behind it the route that asked */
};

/* ---- the work list ---- */

void
fib_nexthop_queue(struct fib *fib, struct fib_nexthop *n)
{
	if ((n->flags & NEXTHOP_QUEUED) != 0)
		return;
	n->flags |= NEXTHOP_QUEUED;
	STAILQ_INSERT_TAIL(&fib->nexthops.work, n, work);
	fib_flush_within(fib, 0);
}

static void
queue_one(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	(void)arg;
	fib_nexthop_queue(fib, n);
}

void
fib_nexthops_queue_all(struct fib *fib)
{
	fib_nexthop_each(fib, queue_one, NULL);
}

void
fib_nexthops_arm(struct fib *fib, unsigned delay_ms)
{
	struct fib_nexthops *all = &fib->nexthops;
	struct timeval tv = { delay_ms / 1000, (suseconds_t)(delay_ms % 1000) * 1000 };
	uint64_t due = kernel_now_ms() + delay_ms;

	if (event_pending(all->timer, EV_TIMEOUT, NULL) && all->timer_due_ms <= due)
		return;
	all->timer_due_ms = due;
	event_add(all->timer, &tv);
}

static void
retry_doubted(struct fib *fib)
{
	fib->nexthops.doubt_answered = false;
	fib->nexthops.doubt_ms = kernel_now_ms();
	fib_network_changed(fib);
}

void
fib_nexthop_answer_doubt(struct fib *fib)
{
	if (kernel_now_ms() - fib->nexthops.doubt_ms >= DOUBT_REST_MS) {
		retry_doubted(fib);
		return;
	}
	fib->nexthops.doubt_answered = true;
	fib_nexthops_arm(fib, DOUBT_REST_MS);
}

void
fib_nexthops_on_timer(int fd, short what, void *arg)
{
	struct fib *fib = arg;

	(void)fd;
	(void)what;
	if (fib->nexthops.moved) {
		fib->nexthops.moved = false;
		fib_nexthops_recheck_strays(fib);
	}
	if (fib->nexthops.doubt_answered)
		retry_doubted(fib);
	fib_nexthops_queue_all(fib);
}

static void
release_one(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	(void)arg;
	if (n->error != 0)
		n->due_ms = 0;
	fib_nexthop_queue(fib, n); /* a group may lack a member */
}

void
fib_nexthops_release(struct fib *fib)
{
	fib->nexthops.doubted = false;
	fib_nexthop_each(fib, release_one, NULL);
}

/* ---- messages ---- */

static struct nl_msg *
message_for(const struct fib *fib, const struct fib_nexthop *n, int flags)
{
	struct nhmsg_object object = {
		.id = n->id,
		.protocol = kernel_identity(fib->k)->protocol,
		.family = (enum family)n->key.family,
		.hop = n->goal,
		.n_members = n->n_members,
	};

	for (unsigned i = 0; i < n->n_members; i++)
		object.members[i] = (struct nhmsg_member){ n->members[i].nexthop->id,
			n->members[i].weight };
	return nhmsg_put(&object, flags);
}

static void
set_error(struct fib *fib, struct fib_nexthop *n, int error, const char *reason)
{
	/* These mean something else to a route. */
	if (error == EEXIST || error == ENOENT || error == ESRCH)
		error = EINVAL;
	n->error = error;
	n->reason = fib_reason_index(fib, reason);
	n->refusals = n->refusals < UINT8_MAX ? (uint8_t)(n->refusals + 1) : UINT8_MAX;
	n->due_ms = kernel_now_ms() + fib_delay_ms(n->refusals);
}

static void
add_message(struct fib *fib, struct fib_nexthop *n, struct nl_msg *msg, enum fib_op op)
{
	unsigned slot = netlink_writer_slot(&fib->writer);

	fib->sent[slot] = (struct fib_sent){ .nexthop = n, .op = op };
	n->flags |= NEXTHOP_FLYING;
	netlink_writer_add(&fib->writer, msg, n, slot);
	n->seq = fib->writer.seq;
	fib_note_sequence(fib, true);
}

/* Makes it what its goal says. */
static enum fib_form
write_goal(struct fib *fib, struct fib_nexthop *n)
{
	bool there = (n->flags & NEXTHOP_PRESENT) != 0;
	struct nl_msg *msg;

	if (netlink_writer_room(&fib->writer) < ROOM)
		return FORM_LATER;
	if (!fib_nexthop_choose_id(fib, n)) {
		set_error(fib, n, EBUSY, "no nexthop id is free");
		return FORM_HELD;
	}
	msg = message_for(fib, n, there ? NLM_F_REPLACE : NLM_F_CREATE | NLM_F_EXCL);
	if (msg == NULL) {
		set_error(fib, n, ENOMEM, "");
		return FORM_HELD;
	}
	add_message(fib, n, msg, there ? FIB_OP_REPLACE : FIB_OP_ADD);
	return FORM_OBJECT;
}

/* ---- what a route needs ---- */

static bool
is_in_batch(const struct fib *fib, const struct fib_nexthop *n)
{
	return fib->writer.seq - n->seq < fib->writer.n_batch;
}

/*
 * Who asked later moves the object, the others are expected to follow.  Who did not
 * within a second, since it has the same next hop but another way to it, gets a route
 * of its own.
 */
static enum fib_form
ensure_hop(
    struct fib *fib, struct fib_nexthop *n, const struct fib_hop *hop, uint32_t stamp)
{
	bool there = (n->flags & NEXTHOP_PRESENT) != 0;
	bool moves = !fib_hop_is_same(&n->goal, hop), again;
	enum fib_form form;

	/* What is on its way may move again when its answer is there. */
	if ((n->flags & NEXTHOP_FLYING) != 0 && moves)
		return is_in_batch(fib, n) ? FORM_CLASSIC : FORM_LATER;
	/* What failed may fail again: its routes come when it has succeeded. */
	if ((n->flags & NEXTHOP_FLYING) != 0)
		return n->error != 0 ? FORM_HELD : FORM_OBJECT;
	if (there && fib_hop_is_same(&n->now, hop))
		return FORM_OBJECT;
	if (moves && there && (int32_t)(stamp - n->stamp) <= 0)
		return FORM_CLASSIC;
	if (moves) {
		n->error = 0; /* another hop may well be taken */
		n->due_ms = 0;
	} else if (fib_nexthop_is_held(n)) {
		return FORM_HELD;
	}
	if (netlink_writer_room(&fib->writer) < ROOM)
		return FORM_LATER;
	if (moves && there) {
		fib->nexthops.moved = true;
		fib_nexthops_arm(fib, STRAYS_DELAY_MS);
	}
	if (moves || !there)
		n->stamp = stamp;
	n->goal = *hop;
	again = n->error != 0;
	form = write_goal(fib, n);
	return again && form == FORM_OBJECT ? FORM_HELD : form;
}

static enum fib_form
ensure_group(struct fib *fib, struct fib_nexthop *group)
{
	if (fib_nexthop_is_whole(group))
		return FORM_OBJECT;
	return fib_nexthop_is_held(group) ? FORM_HELD : write_goal(fib, group);
}

static bool
is_served(const struct fib_entry *e)
{
	return e->have != NULL && e->have->nexthop != NULL &&
	       e->have->nexthop == e->want->nexthop;
}

/*
 * If a change of the object is refused it stays what it was: a route that comes to it
 * waits for the answer.
 */
static enum fib_form
follow(const struct fib_entry *e, const struct fib_nexthop *n, enum fib_form form)
{
	const unsigned changing = NEXTHOP_FLYING | NEXTHOP_PRESENT;

	if (form == FORM_OBJECT && (n->flags & changing) == changing && !is_served(e))
		return FORM_LATER;
	return form;
}

static enum fib_form
ensure(struct fib *fib, const struct fib_entry *e)
{
	const struct fib_shape *want = e->want;
	struct fib_nexthop *n = want->nexthop;

	if ((n->flags & NEXTHOP_GROUP) == 0)
		return follow(e, n, ensure_hop(fib, n, &want->hops[0], e->node.stamp));
	for (unsigned i = 0; i < want->is.n_hops; i++) {
		struct fib_nexthop *member = fib_nexthop_of_hop(fib, want, i);
		enum fib_form form = follow(
		    e, member, ensure_hop(fib, member, &want->hops[i], e->node.stamp));

		if (form == FORM_HELD) {
			n->error = member->error;
			n->reason = member->reason;
		}
		if (form != FORM_OBJECT)
			return form;
	}
	if (fib_nexthop_is_whole(n))
		n->error = 0; /* it was a member's */
	return ensure_group(fib, n);
}

static bool
wants_object(const struct fib *fib, const struct fib_entry *e)
{
	switch (kernel_conf(fib->k)->nexthop_objects) {
	case CONF_NEXTHOPS_OFF: return false;
	case CONF_NEXTHOPS_ON: return kernel_has_nexthops(fib->k);
	case CONF_NEXTHOPS_AUTO: break;
	}
	return kernel_has_nexthops(fib->k) &&
	       (is_served(e) || fib->shapes.n_unicast > FIB_NEXTHOP_THRESHOLD);
}

enum fib_form
fib_nexthop_prepare(struct fib *fib, struct fib_entry *e)
{
	if (!wants_object(fib, e) || !fib_nexthop_attach(fib, e->want, true))
		return FORM_CLASSIC;
	return ensure(fib, e);
}

/* ---- answers ---- */

static void
written(struct fib *fib, struct fib_nexthop *n)
{
	int error = n->error;
	bool repaired =
	    n->fights > 0 || (n->flags & (NEXTHOP_GROUP | NEXTHOP_PRESENT)) ==
				 (NEXTHOP_GROUP | NEXTHOP_PRESENT);
	struct nhmsg_member members[KROUTE_HOPS_MAX];

	fib_nexthop_set_present(fib, n, true);
	n->error = 0;
	n->refusals = n->reason = 0;
	n->due_ms = 0;
	n->now = n->goal;
	for (unsigned i = 0; i < n->n_members; i++)
		members[i] = (struct nhmsg_member){ n->members[i].nexthop->id,
			n->members[i].weight };
	if (n->n_members > 0)
		fib_nexthop_set_now_members(n, members, n->n_members);
	fib_unblock(fib);
	if (error != 0)
		fib_release_refused(fib, error);
	if (repaired)
		fib_nexthop_recheck(fib, n);
}

/* The error of a member that its group could not be made without. */
static int
error_behind(const struct fib_nexthop *n, int error, uint8_t *reason)
{
	for (unsigned i = 0; i < n->n_members; i++)
		if (n->members[i].nexthop->error != 0) {
			*reason = n->members[i].nexthop->reason;
			return n->members[i].nexthop->error;
		}
	return error;
}

static void
refused(struct fib *fib, struct fib_nexthop *n, enum fib_op op, int error,
    const char *reason)
{
	if (error == EPERM) {
		fib_block(fib, error);
		return;
	}
	if (error == EEXIST && op == FIB_OP_ADD) {
		/* Somebody was quicker: the next id. */
		fib_nexthop_drop_id(fib, n);
		n->tries++;
		kernel_resync_soon(fib->k);
		return;
	}
	if (error == ENOENT && op == FIB_OP_REPLACE) {
		fib_nexthop_lost(fib, n, 0);
		return;
	}
	set_error(fib, n, error, reason);
	n->error = error_behind(n, n->error, &n->reason);
	if (error == EINVAL && (n->flags & NEXTHOP_GROUP) != 0)
		fib_nexthop_doubt(fib); /* perhaps a member is gone */
	if (op == FIB_OP_REPLACE)
		fib_nexthop_recheck(fib, n);
}

void
fib_nexthop_answer(struct fib *fib, struct fib_nexthop *n, enum fib_op op,
    enum writer_result result, int error, const char *reason)
{
	n->flags &= (uint16_t)~NEXTHOP_FLYING;
	if (fib->dumping)
		n->flags |= NEXTHOP_SEEN;
	if (result == WRITER_OK)
		fib->nexthops.succeeded++;
	if (result == WRITER_REFUSED)
		fib->nexthops.refused++;
	if ((n->flags & NEXTHOP_RETIRED) != 0) {
		fib_nexthop_reap(n);
		return;
	}
	switch (result) {
	case WRITER_OK: written(fib, n); break;
	case WRITER_REFUSED: refused(fib, n, op, error, reason); break;
	case WRITER_UNKNOWN:
		/* The dump knows what it is now. */
		n->flags &= (uint16_t)~NEXTHOP_SEEN;
		kernel_resync_soon(fib->k);
		break;
	}
	if (n->refs == 0)
		fib_nexthop_queue(fib, n);
}

void
fib_nexthop_doubt(struct fib *fib)
{
	fib->nexthops.doubted = true;
	kernel_resync_soon(fib->k);
}

bool
fib_nexthop_blame(
    struct fib *fib, const struct fib_nexthop *n, int *error, const char **reason)
{
	if (*error == EPERM)
		return true;
	if (n->error != 0) {
		*error = n->error;
		*reason = fib_reason_text(fib, n->reason);
		return true;
	}
	if ((n->flags & NEXTHOP_PRESENT) == 0)
		return false;
	if (*error == EINVAL)
		fib_nexthop_doubt(fib); /* perhaps it is gone */
	return true;
}

/* ---- repair and removal ---- */

static void
forget_groups(struct fib *fib, struct fib_nexthop *n, void *arg)
{
	(void)fib;
	(void)arg;
	n->n_groups = 0;
}

static void
count_members(struct fib *fib, struct fib_nexthop *group, void *arg)
{
	(void)arg;
	if ((group->flags & NEXTHOP_PRESENT) == 0)
		return;
	for (unsigned i = 0; i < group->n_now; i++) {
		struct fib_nexthop *member =
		    fib_nexthop_find(fib, group->now_members[i].id);

		if (member != NULL)
			member->n_groups++;
	}
}

/* A group in the kernel, adopted perhaps, has it: it would lose its member. */
static bool
is_in_group(struct fib *fib, const struct fib_nexthop *n)
{
	if (fib->nexthops.groups_changed) {
		fib->nexthops.groups_changed = false;
		fib_nexthop_each(fib, forget_groups, NULL);
		fib_nexthop_each(fib, count_members, NULL);
	}
	return n->n_groups > 0;
}

static bool
may_delete(struct fib *fib, const struct fib_nexthop *n)
{
	if ((n->flags & (NEXTHOP_FOREIGN | NEXTHOP_BORROWED)) != 0)
		return false;
	/* Before the sweep what was adopted may still be asked for. */
	if ((n->flags & NEXTHOP_CLAIMED) == 0 && !fib->swept)
		return false;
	return !is_in_group(fib, n);
}

/*
 * Nothing refers to it.  Its record goes now: who wants it again makes a new one, and
 * that is written behind.
 */
static bool
remove_unused(struct fib *fib, struct fib_nexthop *n)
{
	struct nl_msg *msg;

	if ((n->flags & NEXTHOP_PRESENT) == 0) {
		if ((n->flags & NEXTHOP_FOREIGN) == 0)
			fib_nexthop_retire(fib, n);
		return true;
	}
	if (!may_delete(fib, n))
		return true;
	if (netlink_writer_room(&fib->writer) == 0)
		return false;
	msg = nhmsg_delete(n->id);
	if (msg == NULL)
		return false;
	add_message(fib, n, msg, FIB_OP_DELETE);
	if ((n->flags & NEXTHOP_GROUP) != 0)
		for (unsigned i = 0; i < n->n_now; i++) {
			struct fib_nexthop *member =
			    fib_nexthop_find(fib, n->now_members[i].id);

			if (member == NULL)
				continue;
			member->n_groups -= member->n_groups > 0;
			fib_nexthop_queue(fib, member);
		}
	fib_nexthop_retire(fib, n);
	return true;
}

/* In the kernel, and not as it should be: somebody changed it, or a link went. */
static enum fib_form
repair(struct fib *fib, struct fib_nexthop *n)
{
	if ((n->flags & NEXTHOP_GROUP) == 0)
		return fib_hop_is_same(&n->now, &n->goal) ? FORM_OBJECT
							  : write_goal(fib, n);
	for (unsigned i = 0; i < n->n_members; i++) {
		struct fib_nexthop *member = n->members[i].nexthop;
		enum fib_form form =
		    ensure_hop(fib, member, &member->goal, member->stamp);

		if (form != FORM_OBJECT)
			return form;
	}
	return ensure_group(fib, n);
}

/* False: no room. */
static bool
work_on(struct fib *fib, struct fib_nexthop *n)
{
	unsigned flags = NEXTHOP_PRESENT | NEXTHOP_CLAIMED;
	enum fib_form form;

	if ((n->flags & (NEXTHOP_FLYING | NEXTHOP_RETIRED)) != 0)
		return true; /* the answer decides */
	if (n->refs == 0)
		return remove_unused(fib, n);
	if ((n->flags & flags) != flags)
		return true; /* its routes ask for it */
	form = fib_nexthop_is_held(n) ? FORM_HELD : repair(fib, n);
	if (form == FORM_HELD)
		fib_nexthops_arm(fib, FIB_NEXTHOP_RETRY_MS);
	return form != FORM_LATER;
}

void
fib_nexthops_work(struct fib *fib)
{
	struct fib_nexthop *n;

	fib_nexthops_find_routes(fib);
	while ((n = STAILQ_FIRST(&fib->nexthops.work)) != NULL) {
		if (!work_on(fib, n))
			return;
		STAILQ_REMOVE_HEAD(&fib->nexthops.work, work);
		n->flags &= (uint16_t)~NEXTHOP_QUEUED;
		fib_nexthop_reap(n);
	}
}
