/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The model's world with nothing left to chance: plain clients, plain routes.
 */
#ifndef TESTS_MODEL_PLAIN_H
#define TESTS_MODEL_PLAIN_H

#include "model_world.h"

/* A plain iBGP client, so that all that is announced reaches it. */
static inline void
join_plainly(struct world *w, uint32_t peer)
{
	struct neighbour *n = &w->peers[peer];

	join(w, peer);
	out_leave(w->out, &n->member);
	group_key_init(&n->key, w->family);
	n->key.passes = n->key.as4 = n->key.client = 1;
	n->key.self = peer_address(w, 200);
	n->key.message_size = MESSAGE_MAX_EXTENDED_LEN;
	n->held_back = false;
	memset(n->receiver.due, 0, w->n_prefixes * sizeof(bool));
	receiver_expects(&n->receiver, &n->key);
	out_join(w->out, &n->member, peer, &n->key);
}

/* Our own routes, with `communities` each. */
static inline void
plain_specs(struct world *w, uint32_t communities)
{
	for (int i = 0; i < SPECS / 4; i++) {
		w->specs[i].n_communities = communities;
		w->specs[i].community = 0xfc000000;
	}
}

static inline void
finish(struct world *w)
{
	settle(w);
	world_check(w);
	world_free(w);
}

#endif
