/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of lib/out share, and nobody else sees.
 */
#ifndef OUT_INTERNAL_H
#define OUT_INTERNAL_H

#include "bgp/memory.h"
#include "bgp/message.h"
#include "bgp/out.h"

#define NOBODY UINT32_MAX

enum {
	STRETCH_MAX = 4096, /* changes exported at once */
	SEGMENT_SHIFT = 12, /* destinations a walk segment: 4,096 numbers */
	SEGMENT_LEN = 1 << SEGMENT_SHIFT,
	WALK_CACHE = 8,        /* segments kept for those who walk together */
	BACKLOG_MAX = 2 << 20, /* octets of chunks a group keeps before it waits */
	BACKLOG_WAIT_MS = 50,  /* … for members that are behind, then leaves them */
	OVERDUE_MS =
	    10000, /* so long a member may hold more tombstones than the bound */
	TOMBSTONES_MAX = 4 << 20, /* … and so many never */
	TOMBSTONES_MIN = 65536, /* tombstones that are kept whatever the table's size */
};

/*
 * Who gets a message.  Owners of a route are its source, its originator, and who has
 * the address of its next hop: it never goes back to them.  They are named, not looked
 * up, so that a message is right for members that join after it was made.
 */
enum audience { FOR_ALL, FOR_OTHERS, FOR_OWNERS };

struct target {
	uint8_t audience;     /* enum audience: all, all but the owners, the owners */
	struct addr next_hop; /* FAMILY_NONE: none */
	uint32_t source;      /* peer; NOBODY: none */
	uint32_t originator;  /* BGP identifier; 0: none */
};

/* A next hop as it is sent. */
struct sent_hop {
	struct addr addr;       /* FAMILY_NONE: the session can express none */
	struct addr link_local; /* goes along (RFC 2545 3); FAMILY_NONE: `addr` alone */
};

/* One message inside a chunk. */
struct chunk_msg {
	uint32_t start;
	uint32_t len;
	struct target target;
};

/* Whole messages, encoded once for all members; immutable once made. */
struct chunk {
	struct chunk *next; /* the group's list for members in step */
	uint32_t refs;      /* members that stand on it, caches */
	bool listed;        /* on the group's list: freed from its head only */
	uint64_t from, to;  /* versions: covers changes in (from, to] */
	struct chunk_msg *msgs;
	uint32_t n_msgs, msgs_room;
	uint8_t *octets;
	uint32_t len, room;
};

struct out_bits {
	uint32_t refs;
	uint32_t n_words;
	uint64_t *words;
};

struct walk_slot {
	uint32_t segment;
	struct chunk *chunk;
};

struct group {
	struct group *next;
	struct group_key key;
	struct member *members;
	uint32_t n_members;
	uint32_t n_in_step;
	struct out_bits *sent; /* by destination number: the head has advertised it */
	uint32_t n_sent;
	uint32_t *sent_by_source; /* by peer number */
	uint32_t sent_room;
	struct chunk *first, *last; /* what members in step are served from */
	size_t backlog;             /* octets in that list */
	uint64_t waiting_since_ms;  /* 0: not over BACKLOG_MAX */
	struct walk_slot cache[WALK_CACHE];
	uint32_t cache_next;
	uint32_t walk_hint;     /* segment encoded last */
	struct chunk *catch_up; /* the last stretch encoded for laggards */
	struct paths *paths;    /* with add-path: what the head has advertised */
	uint8_t path_ids; /* the highest identifier ever used, here or in a group that
			   * a member came from: what members may hold */
	uint64_t marked;  /* changes up to here: see mark_pending() */
	struct out_bits *unsure; /* those marked: their source may hold a route, too */
};

/* All groups' members, see owners.c. */
struct owners {
	struct member **by_id, **by_address; /* hashes */
	uint32_t mask, n;
};

struct out {
	struct rib *rib;
	struct group *groups[FAMILY_COUNT];
	uint64_t head[FAMILY_COUNT];
	uint64_t now_ms;
	bool trim_due;
	uint64_t overdue_since_ms[FAMILY_COUNT]; /* 0: the bound is kept */
	struct member *ready_first, **ready_last;
	struct chunk *end_of_rib[FAMILY_COUNT];
	struct chunk *refresh_begin[FAMILY_COUNT], *refresh_end[FAMILY_COUNT];
	uint32_t too_long;
	struct prefix too_long_last;
	struct owners owners;
	struct batch *batch;            /* scratch, see batch.c */
	struct batch *path_batch;       /* the same for groups with add-path */
	const struct path **candidates; /* scratch, see paths.c */
	uint32_t candidates_room;
	uint8_t *block;   /* scratch for one attribute block … */
	uint8_t *message; /* … and for one message */
};

/* chunk.c */
struct chunk *chunk_new(uint64_t from, uint64_t to);
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c);
void chunk_add(
    struct chunk *c, const uint8_t *message, size_t len, const struct target *target);
/* Gives back what was allocated too much. */
void chunk_finish(struct chunk *c);
struct chunk *chunk_end_of_rib(enum family family);
struct chunk *chunk_refresh(enum family family, enum refresh_subtype subtype);

static inline bool
target_is_owner(const struct target *target, const struct member *member)
{
	return target->source == member->peer ||
	       (target->originator != 0 && target->originator == member->router_id) ||
	       (target->next_hop.family != FAMILY_NONE &&
		   addr_equal(&target->next_hop, &member->address));
}

static inline bool
msg_is_for(const struct chunk_msg *msg, const struct member *member)
{
	if (msg->target.audience == FOR_ALL)
		return true;
	return target_is_owner(&msg->target, member) ==
	       (msg->target.audience == FOR_OWNERS);
}

/* owners.c */
void owners_add(struct owners *owners, struct member *member);
void owners_remove(struct owners *owners, struct member *member);
/* Does a member of the group, besides the source, own what `target` names? */
bool owners_other_than_source(const struct owners *owners, const struct group *group,
    const struct target *target);
void owners_free(struct owners *owners);
size_t owners_bytes(const struct owners *owners);

/* bits.c */
struct out_bits *bits_new(void);
struct out_bits *bits_copy(const struct out_bits *bits);
void bits_unref(struct out_bits *bits);
bool bits_test(const struct out_bits *bits, uint32_t i);
/* Returns the old value. */
bool bits_set(struct out_bits *bits, uint32_t i);
bool bits_clear(struct out_bits *bits, uint32_t i);

/* refresh.c */
/* A marker that is due and may go now; NULL: none.  It is due no more. */
struct chunk *marker_next(struct out *out, struct member *member);
/* Is there one that may go though the member is in step? */
bool marker_waits(const struct out *out, const struct member *member);
/* The member gives the chunk up before it began: a marker comes again. */
void marker_recall(struct out *out, struct member *member, const struct chunk *chunk);

/* export.c */
/* Whom a path must not go back to; FOR_OTHERS. */
struct target export_owners(const struct group_key *key, const struct path *path);
/* Why the path is not for this group, in words; NULL: it is, with this next hop. */
const char *export_refusal(const struct rib *rib, const struct group_key *key,
    const struct path *path, struct sent_hop *hop);
bool export_may(const struct rib *rib, const struct group_key *key,
    const struct path *path, struct sent_hop *hop);
/* The attribute block as it goes out, without MP_REACH.  0: it does not fit `len`. */
size_t export_attributes(const struct rib *rib, const struct group_key *key,
    const struct path *path, const struct addr *next_hop, uint8_t *block, size_t len);

/* pack.c */
struct pack {
	struct chunk *chunk;
	const struct group_key *key;
	struct target target;
	const uint8_t *block; /* attributes; NULL: withdrawals */
	size_t block_len;
	struct sent_hop hop;
	uint8_t *scratch;
	uint8_t *at; /* the message being filled; NULL: none */
	size_t len;
	size_t nlri_start; /* offset behind the fixed part */
};
/* `scratch` takes a message of the key's size. */
void pack_begin(struct pack *pack, struct chunk *chunk, const struct group_key *key,
    uint8_t *scratch);
void pack_announce(struct pack *pack, const struct target *target, const uint8_t *block,
    size_t block_len, const struct sent_hop *hop);
void pack_withdraw(struct pack *pack, const struct target *target);
/* False: one prefix of this length does not fit behind the block at all. */
bool pack_fits(const struct group_key *key, const struct sent_hop *hop,
    size_t block_len, const struct prefix *prefix);
/* `path_id` counts with add-path alone. */
void pack_prefix(struct pack *pack, const struct prefix *prefix, uint32_t path_id);
void pack_flush(struct pack *pack);

/* batch.c, batch.h */
struct batch;
enum batch_mode {
	BATCH_HEAD,     /* members in step: withdraw what the group had advertised */
	BATCH_CATCH_UP, /* laggards: withdraw whatever is not exported */
	BATCH_WALK,     /* joiners: announce alone */
};
struct batch *batch_new(void);
void batch_free(struct batch *batch);
void batch_clear(struct batch *batch);
void batch_add(struct batch *batch, struct dest *dest);
uint32_t batch_len(const struct batch *batch);
/* Encodes out->batch for one group into `chunk` (NULL: keep the books alone).
 * `walker`: in BATCH_WALK, a member that may hold routes from a former group. */
void batch_encode(struct out *out, struct group *group, enum batch_mode mode,
    const struct member *walker, struct chunk *chunk);
/* The groups have seen these: dest->out_source. */
void batch_mark_seen(const struct batch *batch);

/* paths.c: a group's books with add-path */
struct paths *paths_new(void);
void paths_free(struct paths *paths, struct rib *rib);
size_t paths_bytes(const struct paths *paths);
/* The `index`th path advertised of a destination; false: there are no more. */
bool paths_get(const struct paths *paths, const struct dest *dest, unsigned index,
    struct path *out, uint32_t *path_id);

/* group.c */
void group_count(struct group *group, uint32_t source_plus_1, int by);
void member_make_ready(struct out *out, struct member *member);
void group_drop_read_chunks(struct group *group);

/* member.c */
/* Passes messages that are not for the member, and chunks that are used up. */
void member_normalise(struct out *out, struct member *member);
uint64_t member_version(const struct out *out, const struct member *member);
/* Gives the chunk up, keeping the rest of a cut message. */
void member_leave_chunk(struct out *out, struct member *member);
void member_clear(struct out *out, struct member *member);
/* `fresh`: but for its `had` the member holds nothing. */
void member_start_walk(struct out *out, struct member *member, bool fresh);

#endif
