/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Groups with add-path (RFC 7911): the best few paths of each destination.
 *
 * The path identifier is a slot, 1 to the most paths that the group sends.  A path
 * keeps its slot as long as it is among those; a newcomer takes one that was left.  So
 * what a member may hold of a destination is bounded by the slots, and a laggard needs
 * no memory of paths that are gone: what is not in a slot now is withdrawn.
 *
 * The books (the Adj-RIB-Out) name what the head has advertised in each slot.  They
 * hold a reference of the attribute set, so that "the same set" means the same octets.
 * The head alone changes them, by difference; walks and laggards are served from them,
 * and only a destination that the group has not seen yet is worked out in a walk.
 */
#include <stdlib.h>

#include "batch.h"

struct slot {
	struct attrs *attrs; /* NULL: the slot is free */
	uint32_t peer;
	uint32_t path_id; /* as received: with the peer, which path it is */
};

/* Of one destination. */
struct slots {
	uint8_t room;
	uint8_t used;
	struct slot at[];
};

struct paths {
	struct slots **books; /* by destination number; NULL: nothing advertised */
	uint32_t n_books;
	size_t bytes;
	struct out_bits *known; /* destinations that were worked out */
};

struct paths *
paths_new(void)
{
	struct paths *paths = mem_zero(1, sizeof(*paths));

	paths->known = bits_new();
	return paths;
}

void
paths_free(struct paths *paths, struct rib *rib)
{
	for (uint32_t i = 0; i < paths->n_books; i++) {
		struct slots *slots = paths->books[i];

		for (unsigned k = 0; slots != NULL && k < slots->room; k++)
			if (slots->at[k].attrs != NULL)
				rib_attrs_unref(rib, slots->at[k].attrs);
		free(slots);
	}
	free(paths->books);
	bits_unref(paths->known);
	free(paths);
}

size_t
paths_bytes(const struct paths *paths)
{
	return sizeof(*paths) + paths->bytes + paths->n_books * sizeof(*paths->books) +
	       paths->known->n_words * sizeof(uint64_t);
}

/* ---- slots ---- */

static struct slots **
book_of(struct paths *paths, const struct dest *dest)
{
	if (dest->id >= paths->n_books) {
		uint32_t n = paths->n_books == 0 ? 64 : paths->n_books;

		while (n <= dest->id)
			n *= 2;
		paths->books = mem_resize(paths->books, n, sizeof(*paths->books));
		memset(paths->books + paths->n_books, 0,
		    (n - paths->n_books) * sizeof(*paths->books));
		paths->n_books = n;
	}
	return &paths->books[dest->id];
}

static size_t
slots_size(unsigned room)
{
	return sizeof(struct slots) + room * sizeof(struct slot);
}

static uint8_t
grow(struct paths *paths, struct slots **book, uint8_t most)
{
	unsigned old = *book == NULL ? 0 : (*book)->room;
	unsigned room = old == 0 ? 1 : old * 2;

	if (room > most)
		room = most;
	*book = mem_resize(*book, slots_size(room), 1);
	memset((uint8_t *)*book + (old == 0 ? 0 : slots_size(old)), 0,
	    slots_size(room) - (old == 0 ? 0 : slots_size(old)));
	(*book)->room = (uint8_t)room;
	paths->bytes += slots_size(room) - (old == 0 ? 0 : slots_size(old));
	return (uint8_t)old;
}

static void
slot_set(struct encoding *e, struct slots *slots, unsigned k, const struct path *path)
{
	struct slot *slot = &slots->at[k];
	struct attrs *old = slot->attrs;

	if (old != NULL)
		group_count(e->group, slot->peer + 1, -1);
	slots->used = (uint8_t)(slots->used - (old != NULL) + (path != NULL));
	*slot = (struct slot){ 0 };
	if (path != NULL) {
		*slot =
		    (struct slot){ attrs_ref(path->attrs), path->peer, path->path_id };
		group_count(e->group, path->peer + 1, 1);
		if (e->group->path_ids <= k)
			e->group->path_ids = (uint8_t)(k + 1);
	}
	if (old != NULL)
		rib_attrs_unref(e->out->rib, old);
}

static void
book_finish(struct encoding *e, const struct dest *dest)
{
	struct paths *paths = e->group->paths;
	struct slots **book = book_of(paths, dest);

	if (*book != NULL && (*book)->used > 0) {
		bits_set(e->group->sent, dest->id);
		return;
	}
	bits_clear(e->group->sent, dest->id);
	if (*book != NULL)
		paths->bytes -= slots_size((*book)->room);
	free(*book);
	*book = NULL;
}

bool
paths_get(const struct paths *paths, const struct dest *dest, unsigned index,
    struct path *out, uint32_t *path_id)
{
	const struct slots *slots =
	    dest->id < paths->n_books ? paths->books[dest->id] : NULL;

	for (unsigned k = 0; slots != NULL && k < slots->room; k++)
		if (slots->at[k].attrs != NULL && index-- == 0) {
			*out = (struct path){ .attrs = slots->at[k].attrs,
				.peer = slots->at[k].peer,
				.path_id = slots->at[k].path_id };
			*path_id = k + 1;
			return true;
		}
	return false;
}

/* ---- routes to be encoded ---- */

/* A route too long for the group's messages leaves its slot. */
static void
drop_too_long(struct encoding *e, const struct item *item)
{
	struct slots *slots = *book_of(e->group->paths, item->dest);

	e->out->too_long++;
	e->out->too_long_last =
	    dest_prefix(item->dest, (enum family)e->group->key.family);
	slot_set(e, slots, item->path_id - 1, NULL);
	if (slots->used == 0)
		book_finish(e, item->dest);
	if (item->may_hold)
		withdraw_later(
		    e, item->dest, item->path_id, FOR_OTHERS, item->sure, NOBODY);
}

static void
encode_paths(struct encoding *e, struct bucket *bucket)
{
	const struct group_key *key = &e->group->key;
	size_t block_len = 0;

	/* What is in the books may be exported: it was asked before. */
	if (!bucket_begin(e, bucket, &block_len))
		return;
	for (uint32_t i = bucket->first; i != 0; i = e->batch->items[i - 1].next) {
		const struct item *item = &e->batch->items[i - 1];
		struct prefix prefix =
		    dest_prefix(item->dest, (enum family)key->family);

		if (block_len == 0 || !pack_fits(key, &e->hop, block_len, &prefix)) {
			drop_too_long(e, item);
			continue;
		}
		if (item->may_hold)
			withdraw_from_owners(e, item->dest, item->path_id, item->sure);
		if (e->chunk != NULL)
			pack_prefix(&e->pack, &prefix, item->path_id);
	}
	if (e->chunk != NULL)
		pack_flush(&e->pack);
}

static void
encode_gathered(struct encoding *e)
{
	for (uint32_t i = 0; i < e->batch->n_buckets; i++)
		encode_paths(e, &e->batch->buckets[i]);
	encode_withdrawals(e);
	batch_clear(e->batch);
}

static void
add_route(struct encoding *e, struct dest *dest, const struct slot *slot,
    uint32_t path_id, bool may_hold, uint32_t sure)
{
	struct path path = { .attrs = slot->attrs, .peer = slot->peer };
	struct item *item = batch_add_route(e->batch, dest, &path);

	item->path_id = path_id;
	item->may_hold = may_hold;
	item->sure = sure;
}

/* ---- the head: by difference ---- */

static unsigned
collect_candidates(struct encoding *e, const struct dest *dest)
{
	struct out *out = e->out;
	struct sent_hop hop;
	unsigned n = 0;

	for (const struct path *p = dest->paths; p != NULL; p = p->next) {
		if (!rib_path_is_usable(p) ||
		    !export_may(out->rib, &e->group->key, p, &hop))
			continue;
		if (n == out->candidates_room) {
			out->candidates_room = n == 0 ? 64 : n * 2;
			out->candidates = mem_resize((void *)out->candidates,
			    out->candidates_room, sizeof(*out->candidates));
		}
		out->candidates[n++] = p;
	}
	return rib_rank(out->rib, out->candidates, n, e->group->key.add_path);
}

static bool
slot_is_of(const struct slot *slot, const struct path *path)
{
	return slot->attrs != NULL && slot->peer == path->peer &&
	       slot->path_id == path->path_id;
}

/* Those who hold something under identifiers that are free now.  `full`: anyone may. */
struct change {
	bool full;
	bool stays[UINT8_MAX];  /* slot: its path is among the best still */
	bool placed[UINT8_MAX]; /* candidate: it has its slot */
};

static void
keep_those_who_stay(struct encoding *e, struct dest *dest, struct change *c, unsigned n)
{
	struct slots *slots = *book_of(e->group->paths, dest);

	for (unsigned k = 0; slots != NULL && k < slots->room; k++)
		for (unsigned i = 0; i < n; i++) {
			const struct path *path = e->out->candidates[i];
			struct slot *slot = &slots->at[k];

			if (c->placed[i] || !slot_is_of(slot, path))
				continue;
			c->stays[k] = c->placed[i] = true;
			if (slot->attrs != path->attrs) {
				slot_set(e, slots, k, path);
				add_route(e, dest, slot, k + 1, true,
				    c->full ? NOBODY : slot->peer);
			} else if (c->full) {
				add_route(e, dest, slot, k + 1, true, NOBODY);
			}
			break;
		}
}

/* A slot that was left is taken first: that saves its withdrawal. */
static unsigned
slot_for_newcomer(struct encoding *e, struct slots **book, const struct change *c)
{
	unsigned free_slot = UINT8_MAX;

	for (unsigned k = 0; *book != NULL && k < (*book)->room; k++) {
		if ((*book)->at[k].attrs != NULL && !c->stays[k])
			return k;
		if ((*book)->at[k].attrs == NULL && free_slot == UINT8_MAX)
			free_slot = k;
	}
	if (free_slot != UINT8_MAX)
		return free_slot;
	return grow(e->group->paths, book, e->group->key.add_path);
}

static void
place_newcomers(struct encoding *e, struct dest *dest, struct change *c, unsigned n)
{
	struct slots **book = book_of(e->group->paths, dest);

	for (unsigned i = 0; i < n; i++) {
		unsigned k;
		bool was_used;
		uint32_t sure;

		if (c->placed[i])
			continue;
		k = slot_for_newcomer(e, book, c);
		was_used = (*book)->at[k].attrs != NULL;
		sure = was_used && !c->full ? (*book)->at[k].peer : NOBODY;
		slot_set(e, *book, k, e->out->candidates[i]);
		c->stays[k] = true;
		add_route(e, dest, &(*book)->at[k], k + 1, was_used || c->full, sure);
	}
}

static void
withdraw_the_rest(struct encoding *e, struct dest *dest, const struct change *c)
{
	struct slots *slots = *book_of(e->group->paths, dest);
	unsigned room = slots == NULL ? 0 : slots->room;

	for (unsigned k = 0; k < room; k++) {
		uint32_t sure = c->full ? NOBODY : slots->at[k].peer;

		if (c->stays[k])
			continue;
		if (slots->at[k].attrs != NULL)
			slot_set(e, slots, k, NULL);
		else if (!c->full)
			continue;
		withdraw_later(e, dest, k + 1, FOR_OTHERS, sure, NOBODY);
	}
	for (unsigned k = room; c->full && k < e->group->path_ids; k++)
		withdraw_later(e, dest, k + 1, FOR_OTHERS, NOBODY, NOBODY);
}

static void
advance(struct encoding *e, struct dest *dest)
{
	struct change c = { .full = bits_clear(e->group->unsure, dest->id) ||
				    (dest->flags & DEST_TOUCHED) != 0 };
	unsigned n = collect_candidates(e, dest);

	bits_set(e->group->paths->known, dest->id);
	keep_those_who_stay(e, dest, &c, n);
	place_newcomers(e, dest, &c, n);
	withdraw_the_rest(e, dest, &c);
	book_finish(e, dest);
}

/* ---- those behind: from the books ---- */

static void
work_out(struct encoding *e, struct dest *dest)
{
	struct slots **book = book_of(e->group->paths, dest);
	unsigned n = collect_candidates(e, dest);

	bits_set(e->group->paths->known, dest->id);
	for (unsigned i = 0; i < n; i++) {
		struct change none = { .full = false };
		unsigned k;

		memset(none.stays, 1, sizeof(none.stays));
		k = slot_for_newcomer(e, book, &none);
		slot_set(e, *book, k, e->out->candidates[i]);
	}
	book_finish(e, dest);
}

/* All that is advertised; `up_to`: identifiers beyond that may be held, or 0. */
static void
tell_all(struct encoding *e, struct dest *dest, unsigned up_to)
{
	const struct slots *slots = *book_of(e->group->paths, dest);
	unsigned room = slots == NULL ? 0 : slots->room;

	for (unsigned k = 0; k < room || k < up_to; k++)
		if (k < room && slots->at[k].attrs != NULL)
			add_route(e, dest, &slots->at[k], k + 1, up_to > 0, NOBODY);
		else if (k < up_to)
			withdraw_later(e, dest, k + 1, FOR_OTHERS, NOBODY, NOBODY);
}

static void
tell_walker(struct encoding *e, struct dest *dest)
{
	const struct member *w = e->walker;
	unsigned up_to = 0;

	if (!bits_test(e->group->paths->known, dest->id))
		work_out(e, dest);
	if (w != NULL && bits_test(w->had, dest->id))
		up_to = e->group->path_ids;
	tell_all(e, dest, up_to);
}

void
paths_encode(struct encoding *e)
{
	const struct batch *dests = e->out->batch;

	e->batch = e->out->path_batch;
	batch_clear(e->batch);
	for (uint32_t i = 0; i < dests->n_items; i++) {
		struct dest *dest = dests->items[i].dest;

		if (e->batch->n_items + e->group->key.add_path > STRETCH_MAX)
			encode_gathered(e);
		switch (e->mode) {
		case BATCH_HEAD: advance(e, dest); break;
		case BATCH_CATCH_UP: tell_all(e, dest, e->group->path_ids); break;
		case BATCH_WALK: tell_walker(e, dest); break;
		}
	}
	encode_gathered(e);
}
