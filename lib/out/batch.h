/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What batch.c shares with paths.c: routes in buckets of one (source, attribute set),
 * and withdrawals in the order of whom they are for.
 */
#ifndef OUT_BATCH_H
#define OUT_BATCH_H

#include "out_internal.h"

enum { BATCH_MAP_LEN = 2 * STRETCH_MAX };

struct item {
	struct dest *dest;
	uint32_t next;    /* of the same bucket; item index + 1 */
	uint32_t path_id; /* with add-path: the rest, too */
	uint32_t sure;    /* peer that holds nothing under that identifier; NOBODY */
	bool may_hold;    /* others may hold something under it */
};

struct bucket {
	struct path path;     /* any of the bucket; no attributes: no best path */
	uint32_t first, last; /* item index + 1 */
	struct target target; /* of the announcement, while it is encoded */
};

/* Sorted by whom they are for: all but `source`, `source` alone, or the owners named by
 * a bucket. */
struct withdrawal {
	struct dest *dest;
	uint32_t path_id;
	uint32_t source;
	uint32_t bucket; /* NOBODY: none */
	uint8_t audience;
};

struct batch {
	struct item items[STRETCH_MAX];
	struct bucket buckets[STRETCH_MAX + 1];
	uint16_t map[BATCH_MAP_LEN]; /* bucket index + 1, by (source, attributes) */
	uint32_t n_items, n_buckets;
	struct withdrawal *withdrawals; /* scratch of one encoding */
	uint32_t n_withdrawals, withdrawals_room;
};

/* One encoding under way. */
struct encoding {
	struct out *out;
	struct group *group;
	struct batch *batch; /* whose buckets and withdrawals are encoded */
	enum batch_mode mode;
	const struct member *walker;
	struct chunk *chunk;
	struct pack pack;
	struct bucket *bucket; /* the one under way */
	struct sent_hop hop;   /* … its next hop */
	bool other_owners;     /* a member besides the source owns its routes */
};

/* Room for one more must be there. */
struct item *
batch_add_route(struct batch *batch, struct dest *dest, const struct path *path);
/* Asks for the bucket's routes whether they go out, and begins their messages.  False:
 * they do not; *block_len is 0 where their attributes fit into no message. */
bool bucket_begin(struct encoding *e, struct bucket *bucket, size_t *block_len);
void withdraw_later(struct encoding *e, struct dest *dest, uint32_t path_id,
    enum audience audience, uint32_t source, uint32_t bucket);
/* The bucket's owners may hold something older in place of what is announced. */
void withdraw_from_owners(
    struct encoding *e, struct dest *dest, uint32_t path_id, uint32_t sure);
void encode_withdrawals(struct encoding *e);

/* paths.c: out->batch as a group with add-path sends it. */
void paths_encode(struct encoding *e);

#endif
