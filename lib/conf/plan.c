/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two configurations compared: which peers come, go, change, and at what cost.  The
 * cost of an option is its row's; only what is derived (the IPv6 address of our own
 * node) is judged here.
 */
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "conf_internal.h"

static enum conf_change
change_max(enum conf_change a, enum conf_change b)
{
	return a > b ? a : b;
}

static enum conf_change
section_change(enum conf_section section, const struct conf *before, const void *old,
    const struct conf *after, const void *new)
{
	enum conf_change change = CONF_CHANGE_NOTHING;

	for (size_t i = 0; i < conf_n_options; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->section == section &&
		    !option_equal(option, before, old, after, new))
			change = change_max(change, option->change);
	}
	return change;
}

enum conf_change
conf_peer_options_change(const struct conf *before, const struct conf_peer_options *old,
    const struct conf *after, const struct conf_peer_options *new)
{
	return section_change(CONF_SECTION_SESSION, before, old, after, new);
}

static enum conf_plan_action
peer_change(const struct conf *before, const struct conf_peer *old,
    const struct conf *after, const struct conf_peer *new)
{
	enum conf_change change =
	    conf_peer_options_change(before, &old->options, after, &new->options);

	change = change_max(
	    change, section_change(CONF_SECTION_PEER, before, old, after, new));
	/* Who dials late follows from the addresses, which need a new session anyway.
	 */
	if (strcmp(old->name, new->name) != 0 ||
	    old->from_cluster != new->from_cluster ||
	    !addr_equal(&old->local_address6, &new->local_address6))
		change = change_max(change, CONF_CHANGE_APPLY);
	switch (change) {
	case CONF_CHANGE_NOTHING: return CONF_PLAN_SAME;
	case CONF_CHANGE_APPLY: return CONF_PLAN_APPLY;
	default: return CONF_PLAN_RESET;
	}
}

static int
peer_sort(const void *a, const void *b)
{
	const struct conf_peer *const *x = a;
	const struct conf_peer *const *y = b;

	int order = addr_compare(&(*x)->address, &(*y)->address);

	return order != 0 ? order : strcmp((*x)->interface, (*y)->interface);
}

/* The peers of `conf` by address and interface; at least one element, to be freed. */
static const struct conf_peer **
peers_sorted(const struct conf *conf)
{
	const struct conf_peer **sorted = mem_zero(conf->n_peers, sizeof *sorted);

	for (size_t i = 0; i < conf->n_peers; i++)
		sorted[i] = &conf->peers[i];
	if (conf->n_peers > 1)
		qsort(sorted, conf->n_peers, sizeof *sorted, peer_sort);
	return sorted;
}

static const struct conf_peer *
peer_find(const struct conf_peer **sorted, size_t n, const struct conf_peer *peer)
{
	const struct conf_peer **found;

	if (n == 0)
		return NULL;
	found = bsearch(&peer, sorted, n, sizeof *sorted, peer_sort);
	return found != NULL ? *found : NULL;
}

struct conf_plan
conf_plan_make(const struct conf *before, const struct conf *after)
{
	const struct conf_peer **old_peers = peers_sorted(before);
	const struct conf_peer **new_peers = peers_sorted(after);
	struct conf_plan plan = { NULL, 0 };

	plan.steps = mem_zero(before->n_peers + after->n_peers, sizeof *plan.steps);
	for (size_t i = 0; i < after->n_peers; i++) {
		struct conf_plan_step *step = &plan.steps[plan.n_steps++];

		step->after = &after->peers[i];
		step->before = peer_find(old_peers, before->n_peers, step->after);
		step->action = step->before == NULL ? CONF_PLAN_ADDED
						    : peer_change(before, step->before,
							  after, step->after);
	}
	for (size_t i = 0; i < before->n_peers; i++) {
		const struct conf_peer *old = &before->peers[i];

		if (peer_find(new_peers, after->n_peers, old) == NULL)
			plan.steps[plan.n_steps++] =
			    (struct conf_plan_step){ CONF_PLAN_REMOVED, old, NULL };
	}
	free(old_peers);
	free(new_peers);
	return plan;
}

void
conf_plan_free(struct conf_plan *plan)
{
	free(plan->steps);
	*plan = (struct conf_plan){ NULL, 0 };
}

bool
conf_restart_needed(const struct conf *before, const struct conf *after,
    const char **section, const char **key)
{
	const struct {
		enum conf_section section;
		const void *old;
		const void *new;
	} parts[] = {
		{ CONF_SECTION_ROUTER, &before->router, &after->router },
		{ CONF_SECTION_KERNEL, &before->kernel, &after->kernel },
		{ CONF_SECTION_CONTROL, &before->control, &after->control },
	};

	for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
		for (size_t i = 0; i < conf_n_options; i++) {
			const struct conf_option *option = &conf_options[i];

			if (option->section != parts[p].section ||
			    option->change != CONF_CHANGE_RESTART ||
			    option_equal(
				option, before, parts[p].old, after, parts[p].new))
				continue;
			*section = conf_schema_of(option->section)->name;
			*key = option->key;
			return true;
		}
	}
	return false;
}
