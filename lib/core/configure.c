/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration taken over: at the start as a whole, on reload by the plan, which
 * touches only what differs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bgp/conf_plan.h"
#include "core_internal.h"

static void
apply_conf_disabled(struct peer *peer)
{
	if (peer->conf.enabled)
		return;
	peer->disabled = true;
	snprintf(peer->disabled_reason, sizeof(peer->disabled_reason),
	    "by the configuration");
}

static void
remove_peer(struct speaker *sp, struct peer *peer)
{
	/* Before it is stopped: no route of it is kept for a return. */
	peer_leave(sp, peer);
	peer_stop(sp, peer, CEASE_DECONFIGURED, NULL, "removed from the configuration");
}

void
peer_set_client(struct speaker *sp, struct peer *peer, bool client)
{
	peer->conf.options.client = client;
	peer_tell_rib(sp, peer);
	/* RFC 4456 6: who is sent a client's routes is another question. */
	peer_refilter(sp, peer, true);
	if (peer->established != NULL)
		peer_rekey(sp, peer);
}

static void
change_enabled(struct speaker *sp, struct peer *peer, bool was_enabled)
{
	if (was_enabled == peer->conf.enabled)
		return;
	if (peer->conf.enabled) {
		peer_enable(sp, peer);
		return;
	}
	peer_disable(sp, peer, "by the configuration");
}

static void
change_peer(
    struct speaker *sp, struct peer *peer, const struct conf_peer *after, bool reset)
{
	bool was_enabled = peer->conf.enabled;
	bool was_client = peer->conf.options.client;

	peer->conf = *after;
	if (!reset)
		handover_keep_client(sp, peer, was_client);
	if (reset) {
		peer_stop(
		    sp, peer, CEASE_CONFIG_CHANGE, NULL, "its configuration changed");
		/* What an earlier session left was agreed on under the old options. */
		stale_drop(sp, peer);
		peer->failures = 0;
	}
	peer->ebgp = peer_is_ebgp(after);
	peer_tell_rib(sp, peer);
	/* RFC 4456 6: who is sent a client's routes is another question. */
	peer_refilter(sp, peer, was_client != peer->conf.options.client);
	if (peer->established != NULL)
		peer_rekey(sp, peer);
	limit_changed(sp, peer);
	change_enabled(sp, peer, was_enabled);
	if (reset && !peer->disabled)
		peer_schedule_retry(sp, peer, REDIAL_MS);
}

/* Handed over by an earlier reload, and now it is back. */
static void
revive_peer(struct speaker *sp, struct peer *peer, const struct conf_peer *conf)
{
	enum conf_change change = conf_peer_options_change(
	    sp->conf, &peer->conf.options, sp->conf, &conf->options);

	handover_revive(sp, peer);
	change_peer(sp, peer, conf, change >= CONF_CHANGE_RESET);
	peer_start(sp, peer);
}

static void
add_peer(struct speaker *sp, const struct conf_peer *conf)
{
	struct peer *peer = peers_find(sp, &conf->address, conf->interface);

	if (peer != NULL && peer->handover_until_ms != 0) {
		revive_peer(sp, peer, conf);
		return;
	}
	/* A session of a range: it has a section of its own now. */
	if (peer != NULL)
		remove_peer(sp, peer);
	peer = peers_add(sp, conf);
	apply_conf_disabled(peer);
	peer_start(sp, peer);
}

static void
reload_dynamic(struct speaker *sp, const struct conf *old)
{
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next) {
		const struct conf_group *before, *after;
		enum conf_change change;
		int group;

		if (!peer->dynamic || peer->leaving)
			continue;
		before = &old->groups[peer->group];
		group = peers_group_of(sp->conf, &peer->conf.address);
		if (group < 0 ||
		    strcmp(sp->conf->groups[group].name, before->name) != 0) {
			remove_peer(sp, peer);
			continue;
		}
		peer->group = group;
		after = &sp->conf->groups[group];
		change = conf_peer_options_change(
		    old, &before->options, sp->conf, &after->options);
		if (change != CONF_CHANGE_NOTHING) {
			struct conf_peer conf = peer->conf;

			conf.options = after->options;
			conf.options.passive = true;
			change_peer(sp, peer, &conf, change >= CONF_CHANGE_RESET);
		}
	}
}

static void
follow_plan(struct speaker *sp, const struct conf_plan *plan, const struct conf *old)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct conf_plan_step *step = &plan->steps[i];
		struct peer *peer = step->before == NULL
					? NULL
					: peers_find(sp, &step->before->address,
					      step->before->interface);

		switch (step->action) {
		case CONF_PLAN_SAME:
			/* Filters are named by index, which may have moved. */
			if (peer != NULL) {
				bool was_client = peer->conf.options.client;

				peer->conf = *step->after;
				handover_keep_client(sp, peer, was_client);
			}
			break;
		case CONF_PLAN_APPLY:
		case CONF_PLAN_RESET:
			if (peer != NULL)
				change_peer(sp, peer, step->after,
				    step->action == CONF_PLAN_RESET);
			break;
		case CONF_PLAN_ADDED:
			add_peer(sp, step->after);
			note_event(sp, EVENT_PEER_ADDED,
			    peers_find(
				sp, &step->after->address, step->after->interface));
			break;
		case CONF_PLAN_REMOVED:
			if (peer != NULL && !handover_begin(sp, peer, old))
				remove_peer(sp, peer);
			break;
		}
	}
}

static void
start(struct speaker *sp)
{
	sp->start_ms = sp->now_ms;
	rib_set_resolution(sp->rib, sp->conf->router.resolve_next_hops,
	    sp->conf->kernel.resolve_via_default);
	rib_set_multipath(sp->rib, sp->conf->router.multipath);
	rib_fib_enable(sp->rib, sp->conf->kernel.install);
	rib_peer(sp->rib, RIB_LOCAL_PEER)->router_id = sp->conf->router.id;
	restart_begin(sp);
	originate_start(sp);
	for (size_t i = 0; i < sp->conf->n_peers; i++)
		add_peer(sp, &sp->conf->peers[i]);
	restart_check(sp);
	speaker_arm(sp);
}

static bool
cluster_id_changed(const struct conf *old, const struct conf *now)
{
	return old->router.cluster_id != now->router.cluster_id;
}

/* RFC 4456 8: it is in what is sent, and decides which stored route is a loop. */
static void
change_cluster(struct speaker *sp)
{
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next) {
		peer_refilter(sp, peer, false);
		if (peer->established != NULL)
			peer_rekey(sp, peer);
	}
}

static void
reload(struct speaker *sp, const struct conf *old)
{
	struct conf_plan plan = conf_plan_make(old, sp->conf);

	rib_set_resolution(sp->rib, sp->conf->router.resolve_next_hops,
	    sp->conf->kernel.resolve_via_default);
	rib_set_multipath(sp->rib, sp->conf->router.multipath);
	if (old->kernel.install != sp->conf->kernel.install)
		rib_fib_enable(sp->rib, sp->conf->kernel.install);
	reload_dynamic(sp, old);
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (peer->handover_until_ms != 0)
			handover_reload(sp, peer, old);
	follow_plan(sp, &plan, old);
	conf_plan_free(&plan);
	originate_reload(sp, old);
	if (cluster_id_changed(old, sp->conf))
		change_cluster(sp);
	restart_check(sp);
	speaker_arm(sp);
}

void
speaker_configure(struct speaker *sp, struct conf *conf)
{
	struct conf *old = sp->conf;

	sp->conf = conf;
	if (old == NULL) {
		start(sp);
		return;
	}
	reload(sp, old);
	conf_free(old);
}
