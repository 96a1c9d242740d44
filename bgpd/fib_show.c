/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The FIB as the operator sees it: states in words, a page of routes, counters.
 */
#include <stdio.h>
#include <string.h>

#include "fib_internal.h"

enum { PAGE_ROUTES = 64, PAGE_BUCKETS = 256 };

const char *
fib_state_name(enum fib_state state)
{
	static const char *const names[FIB_STATE_COUNT] = {
		[FIB_STATE_NONE] = "none",
		[FIB_STATE_PENDING] = "pending",
		[FIB_STATE_INSTALLED] = "installed",
		[FIB_STATE_STALE] = "stale",
		[FIB_STATE_CONFLICT] = "conflict",
		[FIB_STATE_FAILED] = "failed",
		[FIB_STATE_DENIED] = "denied",
		[FIB_STATE_WAITING] = "waiting",
	};

	return names[state];
}

const char *
fib_op_name(enum fib_op op)
{
	static const char *const names[FIB_OP_COUNT] = { "keep", "add", "replace",
		"delete" };

	return names[op];
}

static const char *
owner_of(const struct fib *fib, const struct prefix *prefix, uint8_t *protocol)
{
	*protocol = 2; /* RTPROT_KERNEL */
	if (kernel_foreign_at(fib->k, prefix, protocol))
		return "another owner's route is in the place of ours";
	return "the prefix is connected";
}

static void
describe_trouble(
    const struct fib *fib, const struct fib_entry *e, struct fib_status *out)
{
	const struct fib_trouble *t = e->trouble;
	uint64_t now = kernel_now_ms();
	unsigned wait_s;
	const char *reason;

	/* One that is about to be tried again is still failed, for the same reason. */
	if (t == NULL ||
	    (!t->held && (t->error == 0 || fib_entry_state(e) != FIB_STATE_FAILED)))
		return;
	wait_s = t->due_ms > now ? (unsigned)((t->due_ms - now + 999) / 1000) : 0;
	reason = t->reason != 0 ? fib->reasons[t->reason] : NULL;
	out->error = t->error;
	if (t->error == 0 && t->fights == 0)
		snprintf(out->detail, sizeof(out->detail),
		    "waits for its nexthop object, again in %u s", wait_s);
	else if (t->error == 0)
		snprintf(out->detail, sizeof(out->detail),
		    "taken out %u times by others, back in %u s", t->fights, wait_s);
	else
		snprintf(out->detail, sizeof(out->detail), "%s%s%.64s, again in %u s",
		    strerror(t->error), reason != NULL ? ": " : "",
		    reason != NULL ? reason : "", wait_s);
}

static enum fib_state
describe(const struct fib *fib, const struct fib_entry *e, struct fib_status *out)
{
	const struct fib_shape *shape = e->want != NULL ? e->want : e->have;
	enum fib_state state = fib_entry_state(e);
	uint8_t owner;

	if (state == FIB_STATE_PENDING && fib->blocked_error != 0)
		state = FIB_STATE_FAILED;
	if (out == NULL)
		return state;
	out->state = state;
	out->route.prefix = e->node.prefix;
	out->nexthop = e->have != NULL ? e->have->is.nexthop : 0;
	if (shape != NULL) {
		out->route.type = shape->is.type;
		out->route.n_hops = shape->is.n_hops;
		memcpy(out->route.hops, shape->hops,
		    (size_t)shape->is.n_hops * sizeof(shape->hops[0]));
		if (shape->is.nexthop != 0 && shape->nexthop != NULL)
			out->route.n_hops =
			    fib_nexthop_hops(fib, shape->nexthop, out->route.hops);
	}
	out->missing = e->want != NULL && e->have == NULL;
	out->differs =
	    e->want != NULL && e->have != NULL && !fib_fits(fib, e->want, e->have);
	describe_trouble(fib, e, out);
	if (state == FIB_STATE_CONFLICT) {
		const char *why = owner_of(fib, &e->node.prefix, &owner);

		out->owner = owner;
		snprintf(out->detail, sizeof(out->detail), "%s", why);
	} else if (state == FIB_STATE_FAILED && fib->blocked_error != 0) {
		out->error = fib->blocked_error;
		snprintf(out->detail, sizeof(out->detail), "%s",
		    strerror(fib->blocked_error));
	} else if (state == FIB_STATE_DENIED) {
		snprintf(out->detail, sizeof(out->detail),
		    "kernel { default-route } is false");
	} else if (state == FIB_STATE_WAITING) {
		snprintf(out->detail, sizeof(out->detail), "%s", fib->waiting);
	}
	return state;
}

static void
status_clear(struct fib_status *out)
{
	out->state = FIB_STATE_NONE;
	out->route.type = 0;
	out->route.n_hops = 0;
	out->missing = out->differs = false;
	out->nexthop = 0;
	out->owner = 0;
	out->error = 0;
	out->detail[0] = '\0';
}

enum fib_state
fib_state(const struct fib *fib, const struct prefix *prefix, struct fib_status *out)
{
	const struct fib_entry *e = fib_entry_find(fib, prefix);

	if (out != NULL) {
		status_clear(out);
		out->route.prefix = *prefix;
	}
	return e != NULL ? describe(fib, e, out) : FIB_STATE_NONE;
}

bool
fib_is_installed(const struct fib *fib, const struct prefix *prefix)
{
	const struct fib_entry *e = fib_entry_find(fib, prefix);

	return e != NULL && fib_entry_state(e) == FIB_STATE_INSTALLED;
}

bool
fib_walk(const struct fib *fib, uint32_t *position, fib_each each, void *arg)
{
	const struct route_table *table = &fib->entries;
	struct fib_status status;
	unsigned routes = 0, buckets = 0;

	/* Splitting moves routes to buckets that are yet to come: none is left out. */
	for (; routes < PAGE_ROUTES && buckets < PAGE_BUCKETS; buckets++) {
		const struct route_node *node;

		if (*position >= table->base + table->split)
			return false;
		for (node = table->buckets[(*position)++]; node != NULL;
		     node = node->next) {
			status_clear(&status);
			describe(fib, (const struct fib_entry *)node, &status);
			each(arg, &status);
			routes++;
		}
	}
	return *position < table->base + table->split;
}

uint32_t
fib_adopted_count(const struct fib *fib)
{
	return fib->adopted;
}

bool
fib_is_settled(const struct fib *fib)
{
	return fib->synced && fib->n_queued == 0 && fib->writer.n_flying == 0 &&
	       fib->writer.n_batch == 0 && STAILQ_EMPTY(&fib->nexthops.work);
}

void
fib_counters(const struct fib *fib, struct fib_counters *out)
{
	*out = fib->counters;
	for (int family = FAMILY_IPV4; family < FAMILY_COUNT; family++)
		if (fib->blocked_error != 0) {
			uint32_t *states = out->states[family];

			states[FIB_STATE_FAILED] += states[FIB_STATE_PENDING];
			states[FIB_STATE_PENDING] = 0;
		}
	out->nexthops = fib_nexthops_present(fib);
	out->nexthops_succeeded = fib->nexthops.succeeded;
	out->nexthops_refused = fib->nexthops.refused;
	out->batch = fib->batch;
	out->bytes = (size_t)fib->entries.n * sizeof(struct fib_entry) +
		     (size_t)fib->entries.base * 2 * sizeof(void *);
}
