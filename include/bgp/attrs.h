/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interned attribute sets: each distinct set of path attributes exists once, in
 * canonical wire form behind a summary of what the decision process reads.
 *
 * Canonical: attributes sorted by type, 4-octet AS numbers, AS4_PATH and
 * AS4_AGGREGATOR merged (RFC 6793 4.2.3), without NEXT_HOP, MP_REACH and MP_UNREACH
 * (the next hop is kept apart, so that one set serves any encoding), values and flags
 * otherwise as received.  Unknown optional transitive attributes are kept and get the
 * Partial bit; unknown optional non-transitive ones are dropped (RFC 4271 5, 9).
 * Two sets are the same when block and next hop are the same octets.
 */
#ifndef BGP_ATTRS_H
#define BGP_ATTRS_H

#include "bgp/attribute.h"
#include "bgp/update.h"

struct nexthop; /* rib: the resolution of a next hop */

enum attrs_flag {
	ATTRS_HAS_MED = 1 << 0,
	ATTRS_HAS_LOCAL_PREF = 1 << 1,
	ATTRS_HAS_AS_SET = 1 << 2,
	ATTRS_HAS_ORIGINATOR = 1 << 3,
	ATTRS_NO_EXPORT = 1 << 4, /* RFC 1997 */
	ATTRS_NO_ADVERTISE = 1 << 5,
	ATTRS_NO_EXPORT_SUBCONFED = 1 << 6,
	ATTRS_GRACEFUL_SHUTDOWN = 1 << 7, /* RFC 8326 */
	ATTRS_LLGR_STALE = 1 << 8,        /* RFC 9494 */
	ATTRS_NO_LLGR = 1 << 9,
};

#define COMMUNITY_LLGR_STALE UINT32_C(0xffff0006) /* RFC 9494 3.2 */
#define COMMUNITY_NO_LLGR UINT32_C(0xffff0007)    /* 3.3 */

/* Read-only for all but attrs.c, `nexthop` excepted. */
struct attrs {
	struct attrs *chain;     /* hash chain */
	struct nexthop *nexthop; /* owned by rib; NULL until the set is first used */
	uint32_t hash;
	uint32_t refs;

	uint32_t local_pref;  /* 100 where absent */
	uint32_t med;         /* 0 where absent (RFC 4271 9.1.2.2 c) */
	uint32_t neighbor_as; /* leftmost AS of the path's first sequence, else 0 */
	uint32_t originator_id;
	uint16_t path_len;    /* AS_SET counts 1, confederation segments 0 */
	uint16_t cluster_len; /* number of cluster ids */
	uint16_t flags;       /* enum attrs_flag */
	uint8_t origin;       /* enum origin */
	uint8_t next_hop_len; /* 0 (own routes), 4, 16, 32; with a link 20, 36 */
	uint16_t block_len;
	uint8_t data[]; /* next_hop_len octets of next hop, then the block */
};

/*
 * A link-local next hop means nothing without its link: behind the octets of the wire
 * (RFC 2545 3: a link-local address alone, or a global one and a link-local one) stands
 * the number of the interface, where it is known.
 */
enum { NEXT_HOP_LINK_LEN = 4, NEXT_HOP_MAX_LEN = 32 + NEXT_HOP_LINK_LEN };

struct attr_table;

struct attr_table *attr_table_new(void);
/* All references must be gone. */
void attr_table_free(struct attr_table *table);
size_t attr_table_count(const struct attr_table *table);
size_t attr_table_bytes(const struct attr_table *table);

/*
 * The set of an UPDATE that was judged (verdict below WITHDRAW), for its NLRI of one
 * field: `next_hop` is update.next_hop or update.mp_next_hop.  The caller owns one
 * reference.  A block equal to the one seen last costs a compare.  NULL: the merged
 * set breaks a bound of ours (treat as withdraw).
 */
struct attrs *attrs_from_update(struct attr_table *table, const struct update *update,
    struct slice next_hop, bool as4);

/* A set from a canonical block (own routes, edits, tests).  The caller owns a
 * reference. */
struct attrs *
attrs_from_block(struct attr_table *table, struct slice block, struct slice next_hop);

/* The set with one 4-octet community more; the same where it has it.  The caller owns a
 * reference.  NULL: it would be too long. */
struct attrs *
attrs_with_community(struct attr_table *table, struct attrs *a, uint32_t community);

static inline struct attrs *
attrs_ref(struct attrs *a)
{
	a->refs++;
	return a;
}

/*
 * Drops a reference; the last one frees the set.  Returns true when it was freed: the
 * nexthop it pointed at then has one user less, which is the caller's to account for,
 * so read a->nexthop before.
 */
bool attrs_unref(struct attr_table *table, struct attrs *a);

static inline struct slice
attrs_next_hop(const struct attrs *a)
{
	return (struct slice){ a->data, a->next_hop_len };
}

static inline struct slice
attrs_block(const struct attrs *a)
{
	return (struct slice){ a->data + a->next_hop_len, a->block_len };
}

/* The next hop as an address: the global part where there are two; FAMILY_NONE without.
 */
struct addr attrs_next_hop_addr(const struct attrs *a);
/* The link (its interface's number) that the next hop is on, and its link-local address
 * there; 0: it has none, or of no known link. */
uint32_t attrs_next_hop_link(const struct attrs *a, struct addr *link_local);

/* Does AS_PATH contain `as` more than `allowed` times? (RFC 4271 9.1.2) */
bool attrs_has_as(const struct attrs *a, uint32_t as, unsigned allowed);
/* Does CLUSTER_LIST contain `cluster_id`? (RFC 4456 8) */
bool attrs_has_cluster(const struct attrs *a, uint32_t cluster_id);

/* Texts for `show` and the filters.  Each writes a NUL-terminated string of at most
 * `len` octets and returns the length it would need, as snprintf() does. */
size_t as_path_format(struct slice as_path_value, bool as4, char *buf, size_t len);
/* "65000:1", "no-export" … of one 4-octet community. */
size_t community_format(uint32_t community, char *buf, size_t len);
/* "rt:65000:1", "soo:…", else "0x%016" of one 8-octet extended community. */
size_t ext_community_format(const uint8_t *community, char *buf, size_t len);
/* "large:1:2:3" */
size_t large_community_format(const uint8_t *community, char *buf, size_t len);

/*
 * AS path edits for export.  Each writes a whole AS_PATH value (4-octet numbers unless
 * said otherwise).
 */
/* `as` in front, `count` times (RFC 4271 5.1.2 b): a new segment where the first is not
 * a sequence or would pass 255. */
void
as_path_prepend(struct wcur *out, struct slice as_path, uint32_t as, unsigned count);
/* With 2-octet numbers, AS_TRANS for what does not fit (RFC 6793 4.2.2).  Returns
 * whether an AS_TRANS was written for a 4-octet number. */
bool as_path_to_as2(struct wcur *out, struct slice as_path);
/* For a confederation peer never; for a real one: what RFC 6793 4.2.2 sends as
 * AS4_PATH (confederation segments are left out). */
void as_path_to_as4_path(struct wcur *out, struct slice as_path);
/*
 * Has segments of a confederation (RFC 5065), and the path without them: an iBGP peer
 * may pass them on, nobody outside may see them.
 */
bool as_path_has_confed(struct slice as_path);
void as_path_remove_confed(struct wcur *out, struct slice as_path);
/* Without the private numbers of RFC 6996 (64512..65534, 4200000000..4294967294). */
void as_path_remove_private(struct wcur *out, struct slice as_path);

#endif
