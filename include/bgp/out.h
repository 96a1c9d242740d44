/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Export: update groups, and what their members are sent (docs/ARCHITECTURE.md, "Out").
 *
 * Members that would be sent the same octets share one group.  All groups of a family
 * follow the RIB's change list in lockstep, at the "head": each stretch of changes is
 * encoded once a group into an immutable chunk, from which members in step are served.
 * A joiner walks the table by segments, then catches up along the list, then steps in.
 * A member that is slow leaves the chunks behind and keeps only a version number.
 *
 *   version ...... v ............................ head ........ newest
 *                  |  catching up: list (v, head]  |  not yet exported
 *                  slow member                     in step: chunks
 *
 * A peer is a number here; what may change a byte of the output is in struct group_key.
 */
#ifndef BGP_OUT_H
#define BGP_OUT_H

#include <sys/uio.h>

#include "bgp/rib.h"

enum out_next_hop { OUT_NEXT_HOP_AUTO, OUT_NEXT_HOP_SELF, OUT_NEXT_HOP_UNCHANGED };

/* Compared with memcmp(): make it with group_key_init(), copy it with memcpy(). */
struct group_key {
	uint8_t family;
	uint8_t ebgp;
	uint8_t client;   /* iBGP: a reflector client */
	uint8_t as4;      /* 4-octet AS numbers negotiated */
	uint8_t next_hop; /* enum out_next_hop */
	uint8_t remove_private;
	uint8_t passes; /* the export policy lets routes through (RFC 8212) */
	uint8_t
	    own_only; /* deferring after a restart: nothing learned (RFC 4724 4.1) */
	uint8_t extended_next_hop;
	uint8_t long_lived; /* it announced RFC 9494's capability */
	uint8_t add_path;   /* paths a prefix at most, with identifiers (RFC 7911); 0:
			     * the best one, without */
	uint32_t message_size; /* 4096 or 65535 */
	uint32_t local_as;
	uint32_t remote_as; /* eBGP; 0 on iBGP */
	uint32_t cluster_id;
	uint32_t link; /* interface that the peer is on, where a next hop may be on it
			* by a link-local address; 0: none */
	struct addr self; /* next hop self; FAMILY_NONE: cannot be expressed */
	struct addr self_link_local; /* … goes along with it (RFC 2545 3); FAMILY_NONE
				      */
	struct prefix shared;        /* subnet shared with the peer; bits 255: none */
};

void group_key_init(struct group_key *key, enum family family);

enum member_state {
	MEMBER_OFF,
	MEMBER_WALKING,
	MEMBER_CATCHING_UP,
	MEMBER_IN_STEP,
};

struct group;
struct chunk;

/* Embedded in a peer, one a family; all fields are out's own. */
struct member {
	struct group *group;
	struct member *next, *prev;
	uint32_t peer;
	uint32_t router_id;  /* of the peer, with its address: */
	struct addr address; /* what is its own is not sent to it */
	uint8_t state;       /* enum member_state */
	bool ready;          /* on the ready list */
	bool end_of_rib_due;
	bool end_of_rib_held;      /* deferring: not before out_release_end_of_rib() */
	uint64_t end_of_rib_after; /* version: what flapped before is sent first */
	bool refresh_begin_due;    /* RFC 7313: BoRR goes ahead of the walk … */
	bool refresh_end_due;      /* … and EoRR behind it */
	bool refresh_again;        /* asked for meanwhile: one more when this is over */
	uint32_t refreshes_sent;   /* BoRRs and EoRRs: they are no UPDATEs */
	uint64_t version;          /* everything up to here was sent, or needs not be */
	struct chunk *chunk;       /* being sent; one reference */
	uint32_t msg;              /* next message of it */
	uint32_t offset;           /* octets of that message already sent */
	uint8_t *carry;            /* rest of a message whose chunk was given up */
	uint32_t carry_len;
	uint32_t carry_at;
	uint32_t walk_next; /* segment */
	uint32_t walk_left;
	uint32_t walk_segments; /* of the table when the walk began */
	uint64_t walk_version;  /* every segment so far was as new as this */
	struct out_bits
	    *had;         /* from a move until its walk was sent: what it may hold */
	bool had_in_step; /* … as its former group's books said */
	uint64_t blocked_since_ms;
	struct member *ready_next;
	struct member *id_chain, *address_chain; /* see owners.c */
};

struct out;

struct out *out_new(struct rib *rib);
void out_free(struct out *out);
void out_set_now(struct out *out, uint64_t now_ms);

/* Puts a new session's member into the group of `key`; it will be sent the table and
 * then End-of-RIB. */
void out_join(
    struct out *out, struct member *member, uint32_t peer, const struct group_key *key);
void out_leave(struct out *out, struct member *member);
/* The key changed on a live session: by difference, nothing is withdrawn that stays. */
void out_move(struct out *out, struct member *member, const struct group_key *key);
/* ROUTE-REFRESH (RFC 2918): the whole table again. */
void out_refresh(struct out *out, struct member *member);
/* … between BoRR and EoRR, for a member that knows them (RFC 7313). */
void out_refresh_enhanced(struct out *out, struct member *member);
void out_hold_end_of_rib(struct member *member);
void out_release_end_of_rib(struct out *out, struct member *member);

/* Exports the next stretch of changes to all groups.  True: there is more. */
bool out_work(struct out *out, unsigned budget);
/* When out_work() wants to be called again though nothing happens: groups wait for
 * members that are behind.  UINT64_MAX: no need. */
uint64_t out_deadline(const struct out *out);
/* A member that has something to send; NULL: none.  It leaves the ready list. */
struct member *out_next_ready(struct out *out);

/* Octets of the message that was cut in the middle: they go before anything else. */
bool member_is_mid_message(const struct member *member);
bool member_has_output(const struct out *out, const struct member *member);
/* Fills up to `max` entries with at most `max_len` octets; with `cut_only` just the
 * rest of a cut message.  May encode one segment or stretch.  *messages counts message
 * ends. Returns the number of entries. */
int member_gather(struct out *out, struct member *member, struct iovec *iov, int max,
    size_t max_len, bool cut_only);
/* `len` octets of what was gathered went out.  Returns messages completed. */
unsigned member_wrote(struct out *out, struct member *member, size_t len);

/* Counters. */
/* Prefixes that the group has advertised, without those of the member's own that are so
 * by their source.  A route that has come back to it through others (its originator, or
 * its next hop, is the member) is not sent to it and yet counted. */
uint32_t member_sent_count(const struct member *member);
/* The `index`th route of the destination in the member's Adj-RIB-Out, and the path
 * identifier it was given (0 without add-path).  False: there are no more. */
bool member_route(const struct member *member, const struct dest *dest, unsigned index,
    struct path *path, uint32_t *path_id);
/* Export attributes of a path for the member's group, as on the wire without NLRI;
 * returns the length, 0 when it is not exported. */
size_t member_export(const struct out *out, const struct member *member,
    const struct path *path, struct addr *next_hop, uint8_t *block, size_t len);
/* Why the path is not for the member, in words; NULL: it is, unless it does not fit
 * into a message. */
const char *member_refusal(
    const struct out *out, const struct member *member, const struct path *path);
uint32_t out_group_count(const struct out *out);
/* One update group, for people. */
struct out_group {
	const struct group_key *key;
	uint32_t members;
	uint32_t joining;  /* has not been sent End-of-RIB */
	uint32_t slow;     /* has, and is behind the group */
	uint32_t in_step;  /* the rest */
	uint32_t prefixes; /* advertised; paths of them with add-path */
	size_t backlog;    /* octets encoded that members in step have not taken */
};
/* False: there is no `index`th group of the family. */
bool out_group(
    const struct out *out, enum family family, unsigned index, struct out_group *group);
size_t out_bytes(const struct out *out);
/* Routes that did not fit into a message of their group; and the last one. */
uint32_t out_too_long_count(const struct out *out);
struct prefix out_too_long_last(const struct out *out);
/* The slowest member, when the tombstones that wait for it have passed the bound for
 * ten seconds (to be reset, Cease 6/8).  Once a turn. */
struct member *out_overdue_member(struct out *out);

#endif
