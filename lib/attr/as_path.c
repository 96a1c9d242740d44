/* SPDX-License-Identifier: BSD-2-Clause
 *
 * AS_PATH values as text, and the edits that export makes to them (RFC 4271 5.1.2,
 * RFC 6793 4.2.2, RFC 6996).  A value goes in, a new value is written; nothing is kept.
 *
 * Callers are export, the filters and `show`.  Whether an edit is due is theirs to
 * know.
 */
#include "bgp/attrs.h"
#include "bgp/open.h"
#include "segment.h"
#include "text.h"

enum {
	PRIVATE_AS2_FIRST = 64512,
	PRIVATE_AS2_LAST = 65534,
};
static const uint32_t private_as4_first = 4200000000u;
static const uint32_t private_as4_last = 4294967294u;

/* What stands around the numbers of a segment. */
static const struct {
	const char *open, *close;
} brackets[] = {
	[SEGMENT_SET] = { "{", "}" },
	[SEGMENT_SEQUENCE] = { "", "" },
	[SEGMENT_CONFED_SEQUENCE] = { "(", ")" },
	[SEGMENT_CONFED_SET] = { "[", "]" },
};

size_t
as_path_format(struct slice as_path_value, bool as4, char *buf, size_t len)
{
	struct rcur in = rcur_of_slice(as_path_value);
	struct text text = text_of(buf, len);
	struct segment segment;

	while (segment_next(&in, as4, &segment)) {
		uint8_t type = segment.type;

		if (type < SEGMENT_SET || type > SEGMENT_CONFED_SET)
			break;
		if (text.need > 0)
			text_put(&text, " ");
		text_put(&text, brackets[type].open);
		for (unsigned i = 0; i < segment.count; i++) {
			if (i > 0)
				text_put(&text, " ");
			text_put_u32(&text, segment_as(&segment, i));
		}
		text_put(&text, brackets[type].close);
	}
	return text_end(&text);
}

static void
run_put(struct wcur *out, uint32_t as, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		wcur_u32(out, as);
}

void
as_path_prepend(struct wcur *out, struct slice as_path, uint32_t as, unsigned count)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment first;
	bool joins = segment_next(&in, true, &first) && first.type == SEGMENT_SEQUENCE;
	unsigned joined = 0;

	if (joins) {
		joined = SEGMENT_MAX_AS - first.count;
		if (joined > count)
			joined = count;
		count -= joined;
	}
	/* What the first segment has no room for: full segments, the odd one leftmost.
	 */
	while (count > 0 && !out->failed) {
		unsigned now = count % SEGMENT_MAX_AS;

		if (now == 0)
			now = SEGMENT_MAX_AS;
		wcur_u8(out, SEGMENT_SEQUENCE);
		wcur_u8(out, (uint8_t)now);
		run_put(out, as, now);
		count -= now;
	}
	if (joins) {
		wcur_u8(out, SEGMENT_SEQUENCE);
		wcur_u8(out, (uint8_t)(first.count + joined));
		run_put(out, as, joined);
		wcur_bytes(out, first.numbers, first.count * 4u);
		wcur_bytes(out, in.at, rcur_left(&in));
	} else {
		wcur_bytes(out, as_path.at, as_path.len);
	}
}

bool
as_path_to_as2(struct wcur *out, struct slice as_path)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment segment;
	bool lossy = false;

	while (segment_next(&in, true, &segment)) {
		wcur_u8(out, segment.type);
		wcur_u8(out, segment.count);
		for (unsigned i = 0; i < segment.count; i++) {
			uint32_t as = segment_as(&segment, i);

			if (as > UINT16_MAX) {
				as = AS_TRANS;
				lossy = true;
			}
			wcur_u16(out, (uint16_t)as);
		}
	}
	return lossy;
}

bool
as_path_has_confed(struct slice as_path)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment segment;

	while (segment_next(&in, true, &segment))
		if (segment_is_confed(&segment))
			return true;
	return false;
}

void
as_path_remove_confed(struct wcur *out, struct slice as_path)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment segment;

	while (segment_next(&in, true, &segment)) {
		if (!segment_is_confed(&segment))
			wcur_bytes(out, segment.whole.at, segment.whole.len);
	}
}

void
as_path_to_as4_path(struct wcur *out, struct slice as_path)
{
	as_path_remove_confed(out, as_path);
}

static bool
is_private(uint32_t as)
{
	return (as >= PRIVATE_AS2_FIRST && as <= PRIVATE_AS2_LAST) ||
	       (as >= private_as4_first && as <= private_as4_last);
}

void
as_path_remove_private(struct wcur *out, struct slice as_path)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment segment;

	while (segment_next(&in, true, &segment)) {
		unsigned left = 0;

		for (unsigned i = 0; i < segment.count; i++)
			left += !is_private(segment_as(&segment, i));
		if (left == 0) /* an empty segment is malformed (RFC 7606 7.2) */
			continue;
		wcur_u8(out, segment.type);
		wcur_u8(out, (uint8_t)left);
		for (unsigned i = 0; i < segment.count; i++) {
			if (!is_private(segment_as(&segment, i)))
				wcur_u32(out, segment_as(&segment, i));
		}
	}
}
