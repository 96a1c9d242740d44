/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Path attributes on the wire: codes, flags, the one table that says what is well
 * formed and what a malformed one costs (RFC 7606), and a reader over a block.
 */
#ifndef BGP_ATTRIBUTE_H
#define BGP_ATTRIBUTE_H

#include "bgp/message.h"

enum attribute_type {
	ATTRIBUTE_ORIGIN = 1,
	ATTRIBUTE_AS_PATH = 2,
	ATTRIBUTE_NEXT_HOP = 3,
	ATTRIBUTE_MED = 4,
	ATTRIBUTE_LOCAL_PREF = 5,
	ATTRIBUTE_ATOMIC_AGGREGATE = 6,
	ATTRIBUTE_AGGREGATOR = 7,
	ATTRIBUTE_COMMUNITIES = 8,        /* RFC 1997 */
	ATTRIBUTE_ORIGINATOR_ID = 9,      /* RFC 4456 */
	ATTRIBUTE_CLUSTER_LIST = 10,      /* RFC 4456 */
	ATTRIBUTE_MP_REACH = 14,          /* RFC 4760 */
	ATTRIBUTE_MP_UNREACH = 15,        /* RFC 4760 */
	ATTRIBUTE_EXT_COMMUNITIES = 16,   /* RFC 4360 */
	ATTRIBUTE_AS4_PATH = 17,          /* RFC 6793 */
	ATTRIBUTE_AS4_AGGREGATOR = 18,    /* RFC 6793 */
	ATTRIBUTE_LARGE_COMMUNITIES = 32, /* RFC 8092 */
	ATTRIBUTE_OTC = 35,               /* RFC 9234 */
	ATTRIBUTE_PREFIX_SID = 40,        /* RFC 8669 */
};

enum attribute_flag {
	ATTRIBUTE_OPTIONAL = 0x80,
	ATTRIBUTE_TRANSITIVE = 0x40,
	ATTRIBUTE_PARTIAL = 0x20,
	ATTRIBUTE_EXTENDED_LEN = 0x10,
};

enum origin { ORIGIN_IGP, ORIGIN_EGP, ORIGIN_INCOMPLETE };
enum segment_type {
	SEGMENT_SET = 1,
	SEGMENT_SEQUENCE = 2,
	SEGMENT_CONFED_SEQUENCE = 3,
	SEGMENT_CONFED_SET = 4
};

/* Bounds of our own, far above what real tables hold; over them: treat-as-withdraw. */
enum { AS_PATH_MAX_AS = 1024, ATTRIBUTES_MAX_COUNT = 255 };

struct attribute {
	uint8_t flags;
	uint8_t type;
	struct slice value;
	struct slice whole; /* header and value */
};

/* The next attribute of a block.  False at the end, and on an overrun (`failed`). */
bool attribute_next(struct rcur *block, struct attribute *out);
/* The first of `type` in a well-formed block; false where there is none. */
bool attribute_find(struct slice block, uint8_t type, struct attribute *out);
/* The header of a value of `len` octets, which the caller writes behind it. */
void attribute_put_header(struct wcur *out, uint8_t flags, uint8_t type, size_t len);
/* Header (extended only where the value needs it) and value. */
void attribute_put(
    struct wcur *out, uint8_t flags, uint8_t type, const void *value, size_t len);
/* "AS_PATH"; "attribute 99" for the unknown, written to `buf` of 16 octets. */
const char *attribute_name(uint8_t type, char *buf);

/* What an attribute error costs, in rising order (RFC 7606 2). */
enum attribute_action {
	ACTION_NONE,
	ACTION_DISCARD,  /* this attribute alone */
	ACTION_WITHDRAW, /* treat-as-withdraw */
	ACTION_RESET,
};

#endif
