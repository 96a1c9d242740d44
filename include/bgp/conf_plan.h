/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a reload must do: two configurations are compared, nothing is carried out.  What
 * each option costs when it changes stands in lib/conf/options.def and nowhere else.
 */
#ifndef BGP_CONF_PLAN_H
#define BGP_CONF_PLAN_H

#include "bgp/conf.h"

/* Ordered: the greater answer wins where several options changed. */
enum conf_change {
	CONF_CHANGE_NOTHING, /* takes effect by itself, or with the next session */
	CONF_CHANGE_APPLY,   /* can be applied while the session runs */
	CONF_CHANGE_RESET,   /* needs a new session */
	CONF_CHANGE_RESTART, /* needs a new daemon */
};

enum conf_plan_action {
	CONF_PLAN_SAME,
	CONF_PLAN_APPLY, /* also a new name or description */
	CONF_PLAN_RESET,
	CONF_PLAN_ADDED,
	CONF_PLAN_REMOVED,
};

struct conf_plan_step {
	enum conf_plan_action action;
	const struct conf_peer *before; /* NULL for an added peer */
	const struct conf_peer *after;  /* NULL for a removed one */
};

struct conf_plan {
	struct conf_plan_step *steps;
	size_t n_steps;
};

/*
 * One step a peer: first those of `after` in its order, then the removed ones in the
 * order of `before`.  A peer is known by its address and interface.  The plan points
 * into both configurations and is freed with conf_plan_free().
 */
struct conf_plan conf_plan_make(const struct conf *before, const struct conf *after);
void conf_plan_free(struct conf_plan *plan);

/* The same for the options alone: sessions that a group's range accepted. */
enum conf_change
conf_peer_options_change(const struct conf *before, const struct conf_peer_options *old,
    const struct conf *after, const struct conf_peer_options *new);

/*
 * Does an option outside of the peers differ that needs a new daemon?  Names the first
 * such, "router" and "as".
 */
bool conf_restart_needed(const struct conf *before, const struct conf *after,
    const char **section, const char **key);

#endif
