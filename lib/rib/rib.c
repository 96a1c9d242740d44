/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Paths come and go here; each change of a best path goes to the change list and to the
 * FIB's queue.  Nobody is told yet: consumers pull.
 */
#include <assert.h>
#include <stdlib.h>

#include "rib_internal.h"

struct rib *
rib_new(struct attr_table *attrs)
{
	struct rib *rib = mem_zero(1, sizeof(*rib));

	rib->attrs = attrs;
	for (int f = 0; f < FAMILY_COUNT; f++)
		table_init(&rib->tables[f], (enum family)f);
	pool_init(&rib->paths, sizeof(struct path));
	rib->resolve = true;
	rib->via_default = true;
	rib->multipath = 1;
	rib_peer(rib, RIB_LOCAL_PEER)->used = true;
	return rib;
}

void
rib_attrs_unref(struct rib *rib, struct attrs *attrs)
{
	struct nexthop *nh = attrs->nexthop;

	if (attrs_unref(rib->attrs, attrs) && nh != NULL)
		nexthop_drop(rib, nh);
}

static void
path_free(struct rib *rib, struct path *path)
{
	rib_attrs_unref(rib, path->attrs);
	pool_free(&rib->paths, path, 0);
}

void
rib_free(struct rib *rib)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct table *t = &rib->tables[f];

		for (uint32_t id = 1; id <= t->dests.top; id++) {
			struct dest *dest = rib_dest_at(rib, (enum family)f, id);

			while (dest != NULL && dest->paths != NULL) {
				struct path *path = dest->paths;

				dest->paths = path->next;
				path_free(rib, path);
			}
		}
		table_destroy(t);
	}
	pool_destroy(&rib->paths);
	nexthop_destroy_all(rib);
	igp_destroy(&rib->igp);
	free(rib->own);
	free(rib->own_on_links);
	free(rib->links);
	free(rib->peers);
	free(rib);
}

struct rib_peer *
rib_peer(struct rib *rib, uint32_t peer)
{
	if (peer >= rib->peers_room) {
		uint32_t room = rib->peers_room == 0 ? 8 : rib->peers_room;

		while (room <= peer)
			room *= 2;
		rib->peers = mem_resize(rib->peers, room, sizeof(*rib->peers));
		memset(rib->peers + rib->peers_room, 0,
		    (room - rib->peers_room) * sizeof(*rib->peers));
		rib->peers_room = room;
	}
	if (peer >= rib->n_peers)
		rib->n_peers = peer + 1;
	return &rib->peers[peer];
}

const struct rib_peer *
rib_peer_info(const struct rib *rib, uint32_t peer)
{
	assert(peer < rib->n_peers);
	return &rib->peers[peer];
}

uint32_t
rib_peer_count(const struct rib *rib)
{
	return rib->n_peers;
}

void
dest_release(struct table *t, struct dest *dest)
{
	if (dest->paths == NULL && dest->change == 0 &&
	    (dest->flags & DEST_FIB_QUEUED) == 0 && t->fib_drawn != dest->id)
		table_free_dest(t, dest);
}

static void
count_path(struct rib *rib, const struct table *t, const struct path *path, int by)
{
	struct rib_peer *peer = &rib->peers[path->peer];
	uint32_t delta = (uint32_t)by;

	peer->family[t->family].received += delta;
	if ((path->flags & PATH_INVALID) == 0)
		peer->family[t->family].accepted += delta;
}

static void
mark_best(struct rib *rib, struct table *t, struct dest *dest, const struct path *best)
{
	if (best != NULL) {
		dest->flags |= DEST_HAS_BEST;
		rib->peers[best->peer].family[t->family].best++;
		t->with_best++;
	}
}

/* Before the best path changes in any way. */
static bool
unmark_best(struct rib *rib, struct table *t, struct dest *dest)
{
	const struct path *best = dest_best(dest);

	if (best == NULL)
		return false;
	rib->peers[best->peer].family[t->family].best--;
	t->with_best--;
	dest->flags &= (uint8_t)~DEST_HAS_BEST;
	return true;
}

static void
dest_list(struct table *t, struct dest *dest)
{
	bool was_on_list = dest->change != 0;

	changes_append(t, dest);
	if (!was_on_list && dest->paths == NULL)
		changes_note_tombstone(t, true);
}

static void
note_best_changed(struct rib *rib, struct table *t, struct dest *dest)
{
	dest->flags |= DEST_BEST_CHANGED;
	dest_list(t, dest);
	fib_enqueue(rib, t, dest);
}

void
dest_decide(
    struct rib *rib, struct table *t, struct dest *dest, bool content, bool forwarding)
{
	const struct path *old = dest_best(dest);
	struct path *best;

	unmark_best(rib, t, dest);
	best = decision_select(rib, dest);
	mark_best(rib, t, dest, best);
	if (best != old || content) {
		note_best_changed(rib, t, dest);
		return;
	}
	if (t->lists_all)
		dest_list(t, dest);
	/* Beside the best one others may carry traffic: the FIB compares. */
	if (forwarding || rib->multipath > 1)
		fib_enqueue(rib, t, dest);
}

void
rib_reflag(
    struct rib *rib, const struct prefix *prefix, struct path *path, uint8_t flags)
{
	struct table *t = &rib->tables[prefix->family];
	struct dest *dest = table_find(t, prefix);
	bool was_best = path == dest_best(dest);

	assert(path != NULL);
	if (path->flags == flags)
		return;
	if (was_best)
		unmark_best(rib, t, dest);
	count_path(rib, t, path, -1);
	path->flags = flags;
	count_path(rib, t, path, 1);
	dest_decide(rib, t, dest, was_best, false);
}

void
rib_touch(
    struct rib *rib, enum family family, struct dest *dest, const struct path *path)
{
	dest->flags |= DEST_TOUCHED;
	dest_decide(rib, &rib->tables[family], dest, path == dest_best(dest), false);
}

void
rib_list_all_paths(struct rib *rib, enum family family, bool on)
{
	rib->tables[family].lists_all = on;
}

static uint16_t
peer_bit(uint32_t peer)
{
	return (uint16_t)(1u << (peer & 15u));
}

static struct path **
find_path(struct dest *dest, uint32_t peer, uint32_t path_id, uint8_t origin_flag)
{
	for (struct path **at = &dest->paths; *at != NULL; at = &(*at)->next)
		if ((*at)->peer == peer && (*at)->path_id == path_id &&
		    (peer != RIB_LOCAL_PEER || ((*at)->flags & origin_flag) != 0))
			return at;
	return NULL;
}

static bool
has_room(const struct dest *dest, uint32_t peer)
{
	unsigned n = 0;

	for (const struct path *p = dest->paths; p != NULL; p = p->next)
		n += p->peer == peer;
	return n < RIB_PATHS_PER_PEER;
}

void
dest_replace_path(struct rib *rib, struct table *t, struct dest *dest,
    struct path *path, struct attrs *attrs, uint8_t flags, uint32_t now_s)
{
	bool was_best = path == dest_best(dest);
	struct attrs *old = path->attrs;
	if (old == attrs && path->flags == flags)
		return;
	if (was_best)
		unmark_best(rib, t, dest);
	count_path(rib, t, path, -1);
	path->attrs = attrs_ref(attrs);
	path->flags = flags;
	path->since_s = now_s;
	count_path(rib, t, path, 1);
	rib_attrs_unref(rib, old);
	dest_decide(rib, t, dest, was_best, false);
}

/* In front if it is the best; else behind the best, which stays in front. */
static void
link_path(struct table *t, struct dest *dest, struct path *path)
{
	if (dest->paths == NULL) {
		if (dest->change != 0)
			changes_note_tombstone(t, false);
		dest->paths = path;
	} else {
		path->next = dest->paths->next;
		dest->paths->next = path;
	}
	dest->peers |= peer_bit(path->peer);
}

/* It stands behind the best, as link_path() left it, and takes its place. */
static void
become_best(struct rib *rib, struct table *t, struct dest *dest, struct path *path)
{
	unmark_best(rib, t, dest);
	dest->paths->next = path->next;
	path->next = dest->paths;
	dest->paths = path;
	mark_best(rib, t, dest, path);
	note_best_changed(rib, t, dest);
}

static void
decide_added(struct rib *rib, struct table *t, struct dest *dest, struct path *path)
{
	bool sure, wins = decision_wins(rib, dest, path, &sure);

	if (!sure) {
		dest_decide(rib, t, dest, false, false);
	} else if (wins) {
		become_best(rib, t, dest, path);
	} else {
		if (t->lists_all)
			dest_list(t, dest);
		if (rib->multipath > 1)
			fib_enqueue(rib, t, dest);
	}
}

static void
add_path(struct rib *rib, struct table *t, struct dest *dest, const struct path *from)
{
	uint32_t number;
	struct path *path = pool_alloc(&rib->paths, &number);

	*path = *from;
	path->attrs = attrs_ref(from->attrs);
	path->epoch = rib->peers[path->peer].family[t->family].epoch;
	count_path(rib, t, path, 1);
	t->n_paths++;
	link_path(t, dest, path);
	decide_added(rib, t, dest, path);
}

bool
rib_announce(struct rib *rib, uint32_t peer, const struct prefix *prefix,
    uint32_t path_id, struct attrs *attrs, uint8_t flags, uint32_t now_s)
{
	struct table *t = &rib->tables[prefix->family];
	struct dest *dest = table_find(t, prefix);
	const struct path path = { .attrs = attrs,
		.peer = peer,
		.path_id = path_id,
		.since_s = now_s,
		.flags = flags };
	struct path **at = NULL;

	/* Paths lie all over memory: they are not looked at where none is the peer's.
	 */
	if (dest != NULL && (dest->peers & peer_bit(peer)) != 0)
		at = find_path(
		    dest, peer, path_id, flags & (PATH_NETWORK | PATH_KERNEL));
	if (dest != NULL && path_id != 0 && at == NULL && !has_room(dest, peer))
		return false;
	if (attrs->nexthop == NULL && attrs->next_hop_len > 0)
		attrs->nexthop = nexthop_get(rib, attrs);
	if (at != NULL) {
		(*at)->epoch = rib->peers[peer].family[t->family].epoch;
		dest_replace_path(rib, t, dest, *at, attrs, flags, now_s);
		return true;
	}
	add_path(rib, t, dest != NULL ? dest : table_add(t, prefix), &path);
	return true;
}

void
dest_remove_path(struct rib *rib, struct table *t, struct dest *dest, struct path **at)
{
	struct path *path = *at;
	bool was_best = path == dest_best(dest);

	assert(path != NULL);
	if (was_best)
		unmark_best(rib, t, dest);
	*at = path->next;
	count_path(rib, t, path, -1);
	t->n_paths--;
	path_free(rib, path);
	if (dest->paths == NULL)
		dest->peers = 0;
	if (dest->paths == NULL && dest->change != 0)
		changes_note_tombstone(t, true);
	/* One that leaves may have kept another, of a higher MED, from being the best.
	 */
	if (was_best || t->lists_all || rib->multipath > 1 ||
	    (dest->flags & DEST_MED_DIFFERS) != 0)
		dest_decide(rib, t, dest, was_best, false);
	dest_release(t, dest);
}

bool
rib_has_path(
    const struct rib *rib, uint32_t peer, const struct prefix *prefix, uint32_t path_id)
{
	struct dest *dest = table_find(&rib->tables[prefix->family], prefix);

	return dest != NULL && (dest->peers & peer_bit(peer)) != 0 &&
	       find_path(dest, peer, path_id, 0) != NULL;
}

bool
rib_withdraw(
    struct rib *rib, uint32_t peer, const struct prefix *prefix, uint32_t path_id)
{
	struct table *t = &rib->tables[prefix->family];
	struct dest *dest = table_find(t, prefix);
	struct path **at = dest == NULL || (dest->peers & peer_bit(peer)) == 0
			       ? NULL
			       : find_path(dest, peer, path_id, 0);

	if (at == NULL)
		return false;
	dest_remove_path(rib, t, dest, at);
	return true;
}

bool
rib_withdraw_own(struct rib *rib, const struct prefix *prefix, uint8_t origin_flag)
{
	struct table *t = &rib->tables[prefix->family];
	struct dest *dest = table_find(t, prefix);
	struct path **at =
	    dest == NULL ? NULL : find_path(dest, RIB_LOCAL_PEER, 0, origin_flag);

	if (at == NULL)
		return false;
	dest_remove_path(rib, t, dest, at);
	return true;
}

bool
rib_path_is_stale(const struct rib *rib, const struct path *path, enum family family)
{
	return path->epoch != rib->peers[path->peer].family[family].epoch;
}

uint32_t
rib_dest_count(const struct rib *rib, enum family family)
{
	return rib->tables[family].with_best;
}

uint32_t
rib_path_count(const struct rib *rib, enum family family)
{
	return rib->tables[family].n_paths;
}

size_t
rib_bytes(const struct rib *rib)
{
	size_t bytes = sizeof(*rib) + pool_bytes(&rib->paths) +
		       rib->peers_room * sizeof(*rib->peers);

	for (int f = 0; f < FAMILY_COUNT; f++) {
		const struct table *t = &rib->tables[f];

		bytes += pool_bytes(&t->dests) +
			 t->changes.room * sizeof(*t->changes.entries) +
			 t->fib_room * sizeof(*t->fib_queue) +
			 (t->slots == NULL ? 0 : (t->mask + 1) * sizeof(*t->slots));
	}
	return bytes;
}
