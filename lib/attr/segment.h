/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A reader over the segments of an AS_PATH value, with 2- or 4-octet numbers, for the
 * files of lib/attr alone.  It asks only that the octets are there: unknown segment
 * types and empty segments pass, for lib/wire has judged the value before.
 */
#ifndef LIB_ATTR_SEGMENT_H
#define LIB_ATTR_SEGMENT_H

#include "bgp/attribute.h"

enum { SEGMENT_MAX_AS = 255, SEGMENT_HEADER_LEN = 2 };

struct segment {
	uint8_t type; /* enum segment_type */
	uint8_t count;
	bool as4;
	struct slice whole; /* header and numbers */
	const uint8_t *numbers;
};

/* False at the end, and on an overrun (`failed`). */
static inline bool
segment_next(struct rcur *path, bool as4, struct segment *out)
{
	if (rcur_left(path) == 0)
		return false;
	out->whole.at = path->at;
	out->type = rcur_u8(path);
	out->count = rcur_u8(path);
	out->as4 = as4;
	out->numbers = rcur_take(path, (size_t)out->count * (as4 ? 4u : 2u));
	out->whole.len = (size_t)(path->at - out->whole.at);
	return !path->failed;
}

static inline uint32_t
segment_as(const struct segment *s, unsigned i)
{
	return s->as4 ? get_u32(s->numbers + 4u * i) : get_u16(s->numbers + 2u * i);
}

/* What it adds to the length of the path (RFC 4271 9.1.2.2 a, RFC 5065 5.3). */
static inline unsigned
segment_path_len(const struct segment *s)
{
	switch (s->type) {
	case SEGMENT_SEQUENCE: return s->count;
	case SEGMENT_SET: return 1;
	default: return 0;
	}
}

static inline bool
segment_is_confed(const struct segment *s)
{
	return s->type == SEGMENT_CONFED_SEQUENCE || s->type == SEGMENT_CONFED_SET;
}

#endif
