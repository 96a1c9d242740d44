/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A batch of destinations, sorted into buckets of one (source, attribute set) each, and
 * encoded for a group.  The question whether a route may be sent, and with which
 * attributes, is answered once a bucket; only the group's books are kept a destination.
 *
 * Exclusions.  A message is skipped for the owners of its routes (struct target). Where
 * the group had advertised the prefix before, such a member may hold that older route:
 * it alone gets a withdrawal.
 */
#include <stdlib.h>

#include "batch.h"
#include "bgp/attrs.h"

struct batch *
batch_new(void)
{
	return mem_zero(1, sizeof(struct batch));
}

void
batch_free(struct batch *batch)
{
	free(batch->withdrawals);
	free(batch);
}

void
batch_clear(struct batch *batch)
{
	if (batch->n_buckets > 0)
		memset(batch->map, 0, sizeof(batch->map));
	batch->n_items = 0;
	batch->n_buckets = 0;
}

uint32_t
batch_len(const struct batch *batch)
{
	return batch->n_items;
}

static uint32_t
bucket_hash(const struct path *path)
{
	uint32_t h = path == NULL ? 0 : path->attrs->hash ^ path->peer * 2654435761u;

	return (h ^ h >> 15) & (BATCH_MAP_LEN - 1);
}

static bool
bucket_holds(const struct bucket *bucket, const struct path *path)
{
	if (path == NULL)
		return bucket->path.attrs == NULL;
	return bucket->path.attrs == path->attrs && bucket->path.peer == path->peer;
}

static struct bucket *
batch_bucket(struct batch *batch, const struct path *path)
{
	uint32_t i = bucket_hash(path);

	for (; batch->map[i] != 0; i = (i + 1) & (BATCH_MAP_LEN - 1))
		if (bucket_holds(&batch->buckets[batch->map[i] - 1], path))
			return &batch->buckets[batch->map[i] - 1];
	batch->buckets[batch->n_buckets] = (struct bucket){ 0 };
	if (path != NULL)
		batch->buckets[batch->n_buckets].path = *path;
	batch->map[i] = (uint16_t)++batch->n_buckets;
	return &batch->buckets[batch->n_buckets - 1];
}

struct item *
batch_add_route(struct batch *batch, struct dest *dest, const struct path *path)
{
	struct bucket *bucket = batch_bucket(batch, path);
	uint32_t i = batch->n_items++;

	batch->items[i] = (struct item){ .dest = dest };
	if (bucket->first == 0)
		bucket->first = i + 1;
	else
		batch->items[bucket->last - 1].next = i + 1;
	bucket->last = i + 1;
	return &batch->items[i];
}

void
batch_add(struct batch *batch, struct dest *dest)
{
	batch_add_route(batch, dest, dest_best(dest));
}

void
batch_mark_seen(const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->n_items; i++) {
		struct dest *dest = batch->items[i].dest;
		const struct path *best = dest_best(dest);

		dest->out_source = best == NULL ? 0 : best->peer + 1;
		dest->flags &= (uint8_t) ~(DEST_BEST_CHANGED | DEST_TOUCHED);
	}
}

void
withdraw_later(struct encoding *e, struct dest *dest, uint32_t path_id,
    enum audience audience, uint32_t source, uint32_t bucket)
{
	struct batch *b = e->batch;

	if (e->chunk == NULL)
		return;
	if (b->n_withdrawals == b->withdrawals_room) {
		b->withdrawals_room =
		    b->withdrawals_room == 0 ? 256 : b->withdrawals_room * 2;
		b->withdrawals = mem_resize(
		    b->withdrawals, b->withdrawals_room, sizeof(*b->withdrawals));
	}
	b->withdrawals[b->n_withdrawals++] =
	    (struct withdrawal){ dest, path_id, source, bucket, (uint8_t)audience };
}

/* Who holds no route of the destination for sure: the source of what the head saw last,
 * unless a member stepped in meanwhile with an older one (mark_pending()). */
static uint32_t
sure_source(const struct encoding *e, const struct dest *dest)
{
	if (dest->out_source == 0 || bits_clear(e->group->unsure, dest->id))
		return NOBODY;
	return dest->out_source - 1;
}

static bool
walker_may_hold(const struct encoding *e, const struct dest *dest)
{
	const struct member *w = e->walker;

	if (w == NULL || !bits_test(w->had, dest->id))
		return false;
	/* The books count routes of its own, which it was not sent. */
	return !w->had_in_step || dest->out_source != w->peer + 1 ||
	       rib_dest_version(e->out->rib, (enum family)e->group->key.family, dest) >
		   w->version;
}

/* The group's books when a destination is not exported (any more). */
static void
retract(struct encoding *e, struct dest *dest)
{
	if (e->mode == BATCH_HEAD) {
		if (bits_clear(e->group->sent, dest->id)) {
			group_count(e->group, dest->out_source, -1);
			withdraw_later(
			    e, dest, 0, FOR_OTHERS, sure_source(e, dest), NOBODY);
		}
	} else if (e->mode == BATCH_CATCH_UP || walker_may_hold(e, dest)) {
		withdraw_later(e, dest, 0, FOR_OTHERS, NOBODY, NOBODY);
	}
}

void
withdraw_from_owners(
    struct encoding *e, struct dest *dest, uint32_t path_id, uint32_t sure)
{
	uint32_t source = e->bucket->path.peer;

	if (source != RIB_LOCAL_PEER && source != sure)
		withdraw_later(e, dest, path_id, FOR_OWNERS, source, NOBODY);
	if (e->other_owners)
		withdraw_later(e, dest, path_id, FOR_OWNERS, NOBODY,
		    (uint32_t)(e->bucket - e->batch->buckets));
}

/* … and when it is. */
static void
advertise(struct encoding *e, struct dest *dest)
{
	uint32_t sure = NOBODY;
	bool was_sent = bits_set(e->group->sent, dest->id);
	bool may_hold = e->mode == BATCH_CATCH_UP || walker_may_hold(e, dest);

	if (e->mode == BATCH_HEAD && was_sent) {
		group_count(e->group, dest->out_source, -1);
		sure = sure_source(e, dest);
		may_hold = true;
	}
	/* In a walk or catch-up the head has seen this very path. */
	if (e->mode == BATCH_HEAD || !was_sent)
		group_count(e->group, e->bucket->path.peer + 1, 1);
	if (may_hold)
		withdraw_from_owners(e, dest, 0, sure);
}

/* Whom the routes of the bucket must not go back to. */
static void
name_owners(struct encoding *e, const struct addr *next_hop)
{
	const struct path *path = &e->bucket->path;

	e->bucket->target = export_owners(&e->group->key, path);
	/* Most often the next hop is the source itself, and nobody else is in question.
	 */
	e->other_owners =
	    (e->bucket->target.originator != 0 ||
		!addr_equal(
		    &rib_peer_info(e->out->rib, path->peer)->address, next_hop)) &&
	    owners_other_than_source(&e->out->owners, e->group, &e->bucket->target);
}

bool
bucket_begin(struct encoding *e, struct bucket *bucket, size_t *block_len)
{
	const struct group_key *key = &e->group->key;

	e->bucket = bucket;
	if (bucket->path.attrs == NULL ||
	    !export_may(e->out->rib, key, &bucket->path, &e->hop))
		return false;
	name_owners(e, &e->hop.addr);
	*block_len = export_attributes(e->out->rib, key, &bucket->path, &e->hop.addr,
	    e->out->block, key->message_size);
	if (e->chunk != NULL)
		pack_announce(
		    &e->pack, &bucket->target, e->out->block, *block_len, &e->hop);
	return true;
}

/* The head has seen this best path: another one of the destination changed. */
static bool
is_old_news(const struct encoding *e, const struct dest *dest)
{
	return e->mode == BATCH_HEAD && (dest->flags & DEST_BEST_CHANGED) == 0 &&
	       !bits_test(e->group->unsure, dest->id);
}

static void
encode_bucket(struct encoding *e, struct bucket *bucket)
{
	const struct group_key *key = &e->group->key;
	size_t block_len = 0;
	bool may = bucket_begin(e, bucket, &block_len);

	for (uint32_t i = bucket->first; i != 0; i = e->batch->items[i - 1].next) {
		struct dest *dest = e->batch->items[i - 1].dest;
		struct prefix prefix = dest_prefix(dest, (enum family)key->family);

		if (is_old_news(e, dest))
			continue;
		if (!may) {
			retract(e, dest);
		} else if (block_len == 0 ||
			   !pack_fits(key, &e->hop, block_len, &prefix)) {
			/* ROBUSTNESS: legal where it came from, too long with ours. */
			e->out->too_long++;
			e->out->too_long_last = prefix;
			retract(e, dest);
		} else {
			advertise(e, dest);
			if (e->chunk != NULL)
				pack_prefix(&e->pack, &prefix, 0);
		}
	}
	if (e->chunk != NULL)
		pack_flush(&e->pack);
}

static int
withdrawal_compare(const void *a, const void *b)
{
	const struct withdrawal *x = a, *y = b;

	if (x->audience != y->audience)
		return x->audience < y->audience ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	if (x->dest->id != y->dest->id)
		return x->dest->id < y->dest->id ? -1 : 1;
	return x->path_id < y->path_id ? -1 : x->path_id > y->path_id;
}

static struct target
withdrawal_target(const struct batch *b, const struct withdrawal *w)
{
	struct target target = {
		.audience = w->audience, .source = w->source, .next_hop = addr_none()
	};

	if (w->bucket == NOBODY)
		return target;
	target = b->buckets[w->bucket].target;
	target.audience = w->audience;
	return target;
}

void
encode_withdrawals(struct encoding *e)
{
	struct batch *b = e->batch;
	const struct withdrawal *last = NULL;

	if (b->n_withdrawals == 0)
		return;
	qsort(b->withdrawals, b->n_withdrawals, sizeof(*b->withdrawals),
	    withdrawal_compare);
	for (uint32_t i = 0; i < b->n_withdrawals; i++) {
		const struct withdrawal *w = &b->withdrawals[i];
		struct prefix prefix =
		    dest_prefix(w->dest, (enum family)e->group->key.family);

		if (last == NULL || last->audience != w->audience ||
		    last->source != w->source || last->bucket != w->bucket) {
			struct target target = withdrawal_target(b, w);

			pack_withdraw(&e->pack, &target);
		}
		pack_prefix(&e->pack, &prefix, w->path_id);
		last = w;
	}
	pack_flush(&e->pack);
	b->n_withdrawals = 0;
}

static void
encode_best(struct encoding *e)
{
	for (uint32_t i = 0; i < e->batch->n_buckets; i++)
		encode_bucket(e, &e->batch->buckets[i]);
	encode_withdrawals(e);
}

void
batch_encode(struct out *out, struct group *group, enum batch_mode mode,
    const struct member *walker, struct chunk *chunk)
{
	struct encoding e = { .out = out,
		.group = group,
		.batch = out->batch,
		.mode = mode,
		.walker = walker,
		.chunk = chunk };

	pack_begin(&e.pack, chunk, &group->key, out->message);
	if (group->paths != NULL)
		paths_encode(&e);
	else
		encode_best(&e);
}
