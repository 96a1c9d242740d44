/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The world of the invariant test: a RIB, its groups, eight neighbours that may be
 * joined, stalled and moved, and the question whether each holds what it should.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "model.h"

#include <stdio.h>

enum { PEERS = 8, SPECS = 24, HOPS = 6, SOURCE_PATHS = 3 };

struct neighbour {
	struct member member;
	struct receiver receiver;
	struct group_key key;
	bool joined, stalled, queued, held_back;
};

struct world {
	uint64_t random;
	uint32_t burst; /* own routes that flap at once, now and then */
	enum family family;
	uint32_t n_prefixes;
	struct attr_table *attrs;
	struct rib *rib;
	struct out *out;
	uint64_t now_ms;
	uint32_t source_paths; /* path identifiers of a source */
	bool add_path;         /* some neighbours get several paths */
	struct spec specs[SPECS];
	struct model_source sources[PEERS + 1];
	struct neighbour peers[PEERS + 1];
	struct addr hops[HOPS];
	bool hop_is_up[HOPS];
	/* by prefix and path identifier: which set the source announced */
	uint8_t *spec_of[PEERS + 1];
};

static inline uint32_t
rnd(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 32) % n;
}

static inline bool
chance(struct world *w, uint32_t percent)
{
	return rnd(w, 100) < percent;
}

/* ---- the cast ---- */

static inline struct addr
peer_address(const struct world *w, uint32_t peer)
{
	struct addr a = { .family = (uint8_t)w->family };

	a.bytes[0] = w->family == FAMILY_IPV4 ? 10 : 0xfd;
	a.bytes[family_addr_len(w->family) - 1] = (uint8_t)peer;
	return a;
}

/* Peers' own addresses come up as next hops, too. */
static inline struct addr
random_next_hop(struct world *w)
{
	if (chance(w, 30))
		return peer_address(w, 1 + rnd(w, PEERS));
	return w->hops[rnd(w, HOPS)];
}

static inline struct spec
random_spec(struct world *w, bool ours, uint32_t communities)
{
	static const uint32_t well_known[] = { 0xffffff01, 0xffffff02, 0xffffff03 };
	static const uint32_t as[] = { 64512, 65001, 300, 400, 64999, 500 };
	struct spec s = { .next_hop = addr_none() };

	s.origin = (uint8_t)rnd(w, 3);
	s.has_med = chance(w, 40);
	s.med = rnd(w, 3);
	s.n_communities = chance(w, 50) ? 0 : 1 + rnd(w, communities);
	s.community = chance(w, 15) ? well_known[rnd(w, 3)] : 0xfc000000;
	if (ours)
		return s;
	s.next_hop = random_next_hop(w);
	s.n_as = (uint8_t)rnd(w, 4);
	for (int i = 0; i < s.n_as; i++)
		s.as_path[i] = as[rnd(w, 6)];
	s.has_local_pref = chance(w, 70);
	s.local_pref = 99 + rnd(w, 3);
	s.has_originator = chance(w, 30);
	s.originator = 0x0a000000 + 1 + rnd(w, PEERS + 2);
	s.n_clusters = s.has_originator ? (uint8_t)rnd(w, 3) : 0;
	s.clusters[0] = s.clusters[1] = 1 + rnd(w, 9);
	return s;
}

static inline struct group_key
random_key(struct world *w, bool ebgp)
{
	struct group_key key;

	group_key_init(&key, w->family);
	key.ebgp = ebgp;
	key.client = !ebgp && chance(w, 50);
	key.next_hop =
	    chance(w, 60) ? OUT_NEXT_HOP_AUTO : (uint8_t)rnd(w, 3); /* enum */
	key.passes = chance(w, 90);
	key.own_only = chance(w, 10);
	key.local_as = 64512;
	key.remote_as = ebgp ? 65001 : 0;
	key.cluster_id = 0x0a0000fe;
	key.self = chance(w, 90) ? peer_address(w, 200) : addr_none();
	key.remove_private = ebgp && chance(w, 30);
	if (ebgp && chance(w, 50)) {
		struct addr a = peer_address(w, 0);

		key.shared = prefix_of(&a, 8);
	}
	return key;
}

static inline void
world_peers(struct world *w)
{
	for (uint32_t i = 0; i <= PEERS; i++) {
		struct rib_peer *info = rib_peer(w->rib, i);

		w->sources[i] = (struct model_source){ .ours = i == 0,
			.ebgp = i > 0 && chance(w, 30),
			.router_id = 0x0a000000 + i };
		w->sources[i].client = i > 0 && !w->sources[i].ebgp && chance(w, 50);
		info->used = true;
		info->ebgp = w->sources[i].ebgp;
		info->client = w->sources[i].client;
		info->router_id = w->sources[i].router_id;
		info->address = peer_address(w, i);
		w->spec_of[i] = calloc(w->n_prefixes, SOURCE_PATHS);
		ck_assert_ptr_nonnull(w->spec_of[i]);
		if (i > 0)
			receiver_init(&w->peers[i].receiver, w->n_prefixes);
	}
}

static inline void
set_hop(struct world *w, unsigned i, bool up)
{
	struct prefix host = prefix_of(&w->hops[i], family_max_bits(w->family));
	struct igp_route route = { .prefix = host,
		.metric = rnd(w, 3),
		.gateway = addr_none(),
		.ifindex = 1,
		.connected = true };

	if (up)
		rib_igp_set(w->rib, &route);
	else
		rib_igp_clear(w->rib, &host);
	w->hop_is_up[i] = up;
}

static inline void
world_init(struct world *w, uint64_t seed, uint32_t n_prefixes, uint32_t communities)
{
	struct addr a;

	*w = (struct world){ .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
		.n_prefixes = n_prefixes,
		.now_ms = 1,
		.source_paths = seed % 2 == 0 ? 1 : SOURCE_PATHS,
		.add_path = seed % 4 != 0 };
	w->family = seed % 3 == 0 ? FAMILY_IPV6 : FAMILY_IPV4;
	w->attrs = attr_table_new();
	w->rib = rib_new(w->attrs);
	w->out = out_new(w->rib);
	out_set_now(w->out, w->now_ms);
	world_peers(w);
	a = peer_address(w, 0);
	rib_igp_set(w->rib,
	    &(struct igp_route){ .prefix = prefix_of(&a, 8), .gateway = addr_none() });
	for (unsigned i = 0; i < HOPS; i++) {
		w->hops[i] = peer_address(w, 100 + i);
		w->hops[i].bytes[0]++; /* outside of what is always there */
		set_hop(w, i, true);
	}
	for (int i = 0; i < SPECS; i++)
		w->specs[i] = random_spec(w, i < SPECS / 4, communities);
}

/* ---- what should be ---- */

/* Does the route's owner get it back?  It must not. */
static inline bool
is_owner(const struct world *w, uint32_t peer, const struct spec *in,
    const struct spec *exported)
{
	struct addr address = peer_address(w, peer);

	return (in->has_originator && in->originator == w->sources[peer].router_id) ||
	       addr_equal(&exported->next_hop, &address);
}

static inline const struct spec *
spec_of(const struct world *w, const struct path *path, uint32_t i)
{
	return &w->specs[w->spec_of[path->peer][i * SOURCE_PATHS + path->path_id]];
}

static inline uint64_t
expect_path(const struct world *w, uint32_t peer, uint32_t i, const struct path *path,
    bool *owned)
{
	struct prefix prefix = model_prefix(w->family, i);
	const struct group_key *key = &w->peers[peer].key;
	struct spec exported;
	uint64_t held;

	*owned = false;
	if (path == NULL || path->peer == peer)
		return 0;
	if (!model_export(spec_of(w, path, i), &w->sources[path->peer], key, &exported))
		return 0;
	held = model_held(&exported, key, &prefix);
	*owned = held != 0 && is_owner(w, peer, spec_of(w, path, i), &exported);
	return *owned ? 0 : held;
}

/* What the neighbour should hold of prefix i, 0 nothing; *owned: it were something, but
 * is the neighbour's own. */
static inline uint64_t
world_expect(const struct world *w, uint32_t peer, uint32_t i, bool *owned)
{
	struct prefix prefix = model_prefix(w->family, i);
	const struct dest *dest = rib_find(w->rib, &prefix);
	const struct path *best = dest == NULL ? NULL : dest_best(dest);

	return expect_path(w, peer, i, best, owned);
}

/* With add-path: what it should hold of prefix i, in any order.  Returns how many, and
 * how many more there were if they were not its own. */
static inline unsigned
world_expect_paths(const struct world *w, uint32_t peer, uint32_t i,
    uint64_t want[MODEL_PATHS], unsigned *n_owned)
{
	struct prefix prefix = model_prefix(w->family, i);
	const struct dest *dest = rib_find(w->rib, &prefix);
	const struct group_key *key = &w->peers[peer].key;
	const struct path *paths[(PEERS + 1) * SOURCE_PATHS];
	unsigned n_paths = 0, n = 0;

	*n_owned = 0;
	if (dest == NULL)
		return 0;
	for (const struct path *p = dest->paths; p != NULL; p = p->next) {
		struct spec exported;

		if (rib_path_is_usable(p) && model_export(spec_of(w, p, i),
						 &w->sources[p->peer], key, &exported))
			paths[n_paths++] = p;
	}
	n_paths = rib_rank(w->rib, paths, n_paths, key->add_path);
	for (unsigned k = 0; k < n_paths; k++) {
		bool owned;
		uint64_t held = expect_path(w, peer, i, paths[k], &owned);

		if (held != 0)
			want[n++] = held;
		*n_owned += owned;
	}
	return n;
}

static inline int
compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static inline void
check_paths(const struct world *w, uint32_t peer)
{
	const struct neighbour *n = &w->peers[peer];
	uint32_t count = 0, owned = 0;

	for (uint32_t i = 0; i < w->n_prefixes; i++) {
		uint64_t want[MODEL_PATHS], held[MODEL_PATHS];
		unsigned n_owned, n_held = 0;
		unsigned n_want = world_expect_paths(w, peer, i, want, &n_owned);
		struct prefix prefix = model_prefix(w->family, i);
		const struct dest *dest = rib_find(w->rib, &prefix);
		struct path path;
		uint32_t path_id;

		for (unsigned k = 0; k < MODEL_PATHS; k++)
			if (n->receiver.held[i * MODEL_PATHS + k] != 0)
				held[n_held++] = n->receiver.held[i * MODEL_PATHS + k];
		qsort(want, n_want, sizeof(*want), compare_u64);
		qsort(held, n_held, sizeof(*held), compare_u64);
		MODEL_CHECK(
		    n_want == n_held && memcmp(want, held, n_want * sizeof(*want)) == 0,
		    "neighbour %u, prefix %u: holds %u paths, should %u, or others",
		    peer, i, n_held, n_want);
		MODEL_CHECK(n_want == 0 || (member_route(&n->member, dest, n_want - 1,
						&path, &path_id) &&
					       path_id != 0),
		    "neighbour %u, prefix %u: member_route()", peer, i);
		MODEL_CHECK(dest == NULL || !member_route(&n->member, dest, n_want,
						&path, &path_id),
		    "neighbour %u, prefix %u: member_route() has more", peer, i);
		count += n_want;
		owned += n_owned;
	}
	ck_assert_uint_eq(n->receiver.n_held, count);
	/* Its own sources are not counted, whatever else is its own is. */
	MODEL_CHECK(member_sent_count(&n->member) == count + owned,
	    "neighbour %u: %u counted, %u sent, %u its own", peer,
	    member_sent_count(&n->member), count, owned);
}

static inline void
check_best(const struct world *w, uint32_t peer)
{
	const struct neighbour *n = &w->peers[peer];
	uint32_t count = 0, owned = 0;

	for (uint32_t i = 0; i < w->n_prefixes; i++) {
		bool is_owned;
		struct prefix prefix = model_prefix(w->family, i);
		const struct dest *dest = rib_find(w->rib, &prefix);
		uint64_t want = world_expect(w, peer, i, &is_owned);
		struct path path;
		uint32_t path_id;

		MODEL_CHECK(n->receiver.held[i * MODEL_PATHS] == want,
		    "neighbour %u, prefix %u: holds %llx, should %llx", peer, i,
		    (unsigned long long)n->receiver.held[i * MODEL_PATHS],
		    (unsigned long long)want);
		count += want != 0;
		owned += is_owned;
		MODEL_CHECK((dest != NULL && member_route(&n->member, dest, 0, &path,
						 &path_id)) == (want != 0),
		    "neighbour %u, prefix %u: member_route()", peer, i);
	}
	ck_assert_uint_eq(n->receiver.n_held, count);
	ck_assert_msg(member_sent_count(&n->member) == count + owned,
	    "neighbour %u: %u counted, %u sent", peer, member_sent_count(&n->member),
	    count);
}

static inline void
check_neighbour(const struct world *w, uint32_t peer)
{
	const struct neighbour *n = &w->peers[peer];

	if (n->key.add_path != 0)
		check_paths(w, peer);
	else
		check_best(w, peer);
	ck_assert_uint_eq(n->receiver.end_of_rib, n->held_back ? 0 : 1);
	ck_assert_uint_eq(n->receiver.len, 0);
	ck_assert(!n->receiver.refreshing);
	/* A member that fell behind may have had the rest of one carried. */
	ck_assert_uint_le(n->member.refreshes_sent, n->receiver.refreshes);
}

static inline void
world_check(const struct world *w)
{
	for (uint32_t p = 1; p <= PEERS; p++)
		if (w->peers[p].joined)
			check_neighbour(w, p);
	ck_assert_uint_eq(rib_tombstones(w->rib, w->family), 0);
	ck_assert_uint_eq(
	    rib_change_first(w->rib, w->family, 0), rib_change_end(w->rib, w->family));
}

/* ---- what happens ---- */

/* What was in the table at a join, and was left alone since, comes before End-of-RIB.
 */
static inline void
forget_due(struct world *w, uint32_t i)
{
	for (uint32_t p = 1; p <= PEERS; p++)
		w->peers[p].receiver.due[i] = false;
}

static inline void
forget_all_due(struct world *w)
{
	for (uint32_t p = 1; p <= PEERS; p++)
		memset(w->peers[p].receiver.due, 0, w->n_prefixes * sizeof(bool));
}

static inline bool
work_rib(struct world *w, unsigned budget)
{
	if (rib_has_work(w->rib))
		forget_all_due(w);
	return rib_work(w->rib, budget);
}

static inline void
announce(struct world *w, uint32_t source, uint32_t i)
{
	uint32_t which =
	    source == 0 ? rnd(w, SPECS / 4) : SPECS / 4 + rnd(w, SPECS - SPECS / 4);
	const struct spec *s = &w->specs[which];
	uint32_t id = source == 0 ? 0 : rnd(w, w->source_paths);
	struct prefix prefix = model_prefix(w->family, i);
	struct attrs *attrs = spec_attrs(w->attrs, s);

	rib_announce(
	    w->rib, source, &prefix, id, attrs, source == 0 ? PATH_NETWORK : 0, 1);
	attrs_unref(w->attrs, attrs);
	w->spec_of[source][i * SOURCE_PATHS + id] = (uint8_t)which;
	forget_due(w, i);
}

static inline void
withdraw(struct world *w, uint32_t source, uint32_t i)
{
	struct prefix prefix = model_prefix(w->family, i);

	if (source == 0)
		rib_withdraw_own(w->rib, &prefix, PATH_NETWORK);
	else
		rib_withdraw(w->rib, source, &prefix, rnd(w, w->source_paths));
	forget_due(w, i);
}

static inline bool
is_expected(const struct world *w, uint32_t peer, uint32_t i)
{
	uint64_t want[MODEL_PATHS];
	unsigned n_owned;
	bool owned;

	if (w->peers[peer].key.add_path != 0)
		return world_expect_paths(w, peer, i, want, &n_owned) > 0;
	return world_expect(w, peer, i, &owned) != 0;
}

static inline void
join(struct world *w, uint32_t peer)
{
	struct neighbour *n = &w->peers[peer];

	n->key = random_key(w, w->sources[peer].ebgp);
	if (w->add_path && chance(w, 60))
		n->key.add_path = (uint8_t)(1 + rnd(w, MODEL_PATHS - 1));
	n->key.as4 = chance(w, 70);
	n->key.message_size =
	    chance(w, 50) ? MESSAGE_MAX_EXTENDED_LEN : MESSAGE_MAX_LEN;
	receiver_reset(&n->receiver);
	receiver_expects(&n->receiver, &n->key);
	for (uint32_t i = 0; i < w->n_prefixes; i++)
		n->receiver.due[i] = is_expected(w, peer, i);
	out_join(w->out, &n->member, peer, &n->key);
	n->joined = true;
	n->queued = n->stalled = false;
	n->held_back = chance(w, 20);
	if (n->held_back)
		out_hold_end_of_rib(&n->member);
}

static inline void
leave(struct world *w, uint32_t peer)
{
	out_leave(w->out, &w->peers[peer].member);
	w->peers[peer].joined = false;
	w->peers[peer].queued = false;
	if (chance(w, 50)) {
		rib_peer_new_epoch(w->rib, peer, w->family);
		rib_purge(w->rib, peer, w->family, 1);
		forget_all_due(w);
	}
}

/* What never changes while a session lasts stays as it is. */
static inline void
move(struct world *w, uint32_t peer)
{
	struct neighbour *n = &w->peers[peer];
	struct group_key key = random_key(w, n->key.ebgp);

	key.as4 = n->key.as4;
	key.message_size = n->key.message_size;
	if (n->key.add_path != 0)
		key.add_path = (uint8_t)(1 + rnd(w, MODEL_PATHS - 1));
	n->key = key;
	out_move(w->out, &n->member, &key);
	memset(n->receiver.due, 0, w->n_prefixes * sizeof(bool));
	if (n->held_back && chance(w, 50)) {
		out_release_end_of_rib(w->out, &n->member);
		n->held_back = false;
	}
}

/* One write of the shell's; the socket takes as much as it likes. */
static inline void
serve(struct world *w, uint32_t peer, bool all)
{
	struct neighbour *n = &w->peers[peer];
	struct iovec iov[8];
	size_t max_len = all ? 1 << 16 : 1 + rnd(w, 1u << rnd(w, 18));
	bool cut_only = !all && member_is_mid_message(&n->member) && chance(w, 20);
	size_t len = 0, take;
	unsigned messages = 0;
	int count;

	if (!n->queued)
		return;
	count = member_gather(
	    w->out, &n->member, iov, all ? 8 : 1 + (int)rnd(w, 8), max_len, cut_only);
	if (count == 0) {
		MODEL_CHECK(!cut_only, "nothing of a cut message");
		n->queued = false;
		return;
	}
	for (int i = 0; i < count; i++)
		len += iov[i].iov_len;
	MODEL_CHECK(
	    len > 0 && len <= max_len, "%zu octets of at most %zu", len, max_len);
	take = all || chance(w, 50) ? len : rnd(w, (uint32_t)len + 1);
	len = take;
	for (int i = 0; len > 0; i++) {
		size_t part = iov[i].iov_len < len ? iov[i].iov_len : len;

		messages += receiver_take(&n->receiver, iov[i].iov_base, part);
		len -= part;
	}
	MODEL_CHECK(member_wrote(w->out, &n->member, take) == messages,
	    "messages are counted wrongly");
	MODEL_CHECK((n->receiver.len > 0) == member_is_mid_message(&n->member),
	    "in the middle of a message, or not");
	n->queued = member_has_output(w->out, &n->member);
}

static inline void
note_ready(struct world *w)
{
	struct member *m;

	while ((m = out_next_ready(w->out)) != NULL)
		w->peers[m->peer].queued = true;
}

/* Until nothing more is to be done. */
static inline void
settle(struct world *w)
{
	bool busy = true;

	for (uint32_t p = 1; p <= PEERS; p++)
		w->peers[p].stalled = false;
	for (unsigned rounds = 0; busy; rounds++) {
		MODEL_CHECK(rounds < 100000, "the groups do not come to rest");
		rib_resolve(w->rib);
		busy = work_rib(w, 5000);
		busy = out_work(w->out, 5000) || busy;
		note_ready(w);
		for (uint32_t p = 1; p <= PEERS; p++) {
			busy = busy || w->peers[p].queued;
			serve(w, p, true);
		}
		if (out_deadline(w->out) != UINT64_MAX) {
			w->now_ms += 10;
			out_set_now(w->out, w->now_ms);
			busy = true;
		}
	}
}

static inline void
world_free(struct world *w)
{
	for (uint32_t p = 1; p <= PEERS; p++) {
		out_leave(w->out, &w->peers[p].member);
		receiver_free(&w->peers[p].receiver);
	}
	for (uint32_t p = 0; p <= PEERS; p++)
		free(w->spec_of[p]);
	ck_assert_uint_eq(out_group_count(w->out), 0);
	out_free(w->out);
	rib_free(w->rib);
	ck_assert_uint_eq(attr_table_count(w->attrs), 0);
	attr_table_free(w->attrs);
}

#endif
