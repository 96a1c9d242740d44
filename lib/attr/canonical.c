/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From an attribute block as received to the canonical one: first of each type, sorted,
 * unknown ones by their flags (RFC 4271 5), and for a peer with 2-octet AS numbers the
 * real path and aggregator put together again (RFC 6793 4.2.3).
 *
 * Called by attrs.c for each block it has not just seen.  Which attributes are carried
 * on was judged by lib/wire (update_keeps()); sharing and summaries are attrs.c's.
 */
#include "canonical.h"

#include "bgp/open.h"
#include "segment.h"

enum {
	PATH_MAX_LEN = AS_PATH_MAX_AS * (SEGMENT_HEADER_LEN + 4),
	AGGREGATOR_AS2_LEN = 6,
	AGGREGATOR_AS4_LEN = 8,
};

/* The attributes to carry on: first of its type, in rising order of types. */
struct picked {
	unsigned count;
	uint8_t order[ATTRIBUTES_MAX_COUNT + 1];
	uint32_t present[8];                     /* bit a type */
	struct attribute by_type[UINT8_MAX + 1]; /* set where present */
};

static const struct attribute *
picked_find(const struct picked *p, uint8_t type)
{
	return (p->present[type / 32] >> type % 32 & 1) != 0 ? &p->by_type[type] : NULL;
}

/* Blocks come sorted nearly always: then the loop looks at one element. */
static void
picked_add(struct picked *p, const struct attribute *attribute)
{
	uint8_t type = attribute->type;
	unsigned at = p->count;

	if (picked_find(p, type) != NULL)
		return;
	for (; at > 0 && p->order[at - 1] > type; at--)
		p->order[at] = p->order[at - 1];
	p->order[at] = type;
	p->count++;
	p->present[type / 32] |= (uint32_t)1 << type % 32;
	p->by_type[type] = *attribute;
}

static bool
pick(struct picked *p, const struct update *update)
{
	struct rcur block = rcur_of_slice(update->attributes);
	struct attribute attribute;

	p->count = 0;
	memset(p->present, 0, sizeof(p->present));
	while (attribute_next(&block, &attribute)) {
		if (update_keeps(update, attribute.type))
			picked_add(p, &attribute);
	}
	return !block.failed;
}

static bool
is_known(uint8_t type)
{
	switch (type) {
	case ATTRIBUTE_ORIGIN:
	case ATTRIBUTE_AS_PATH:
	case ATTRIBUTE_NEXT_HOP:
	case ATTRIBUTE_MED:
	case ATTRIBUTE_LOCAL_PREF:
	case ATTRIBUTE_ATOMIC_AGGREGATE:
	case ATTRIBUTE_AGGREGATOR:
	case ATTRIBUTE_COMMUNITIES:
	case ATTRIBUTE_ORIGINATOR_ID:
	case ATTRIBUTE_CLUSTER_LIST:
	case ATTRIBUTE_MP_REACH:
	case ATTRIBUTE_MP_UNREACH:
	case ATTRIBUTE_EXT_COMMUNITIES:
	case ATTRIBUTE_AS4_PATH:
	case ATTRIBUTE_AS4_AGGREGATOR:
	case ATTRIBUTE_LARGE_COMMUNITIES:
	case ATTRIBUTE_OTC:
	case ATTRIBUTE_PREFIX_SID: return true;
	default: return false;
	}
}

/* The path's length as RFC 6793 4.2.3 counts it; false when it is not well formed. */
static bool
path_len(struct slice path, bool as4, unsigned *len)
{
	struct rcur in = rcur_of_slice(path);
	struct segment segment;

	*len = 0;
	while (segment_next(&in, as4, &segment))
		*len += segment_path_len(&segment);
	return !in.failed;
}

/* The first `count` numbers of `from`, each in 4 octets. */
static void
segment_put(struct wcur *out, const struct segment *from, unsigned count)
{
	wcur_u8(out, from->type);
	wcur_u8(out, (uint8_t)count);
	for (unsigned i = 0; i < count; i++)
		wcur_u32(out, segment_as(from, i));
}

/*
 * The leading part of a 2-octet AS_PATH that holds `need` numbers.  Confederation
 * segments count nothing and are taken where they lead or follow a segment taken
 * whole.  Returns the header of a segment that was cut, which the rest joins; or NULL.
 */
static uint8_t *
path_head_put(struct wcur *out, struct slice as_path, unsigned need)
{
	struct rcur in = rcur_of_slice(as_path);
	struct segment segment;

	while (segment_next(&in, false, &segment)) {
		unsigned len = segment_path_len(&segment);

		if (segment.type == SEGMENT_SEQUENCE && len > need) {
			uint8_t *header = out->at;

			if (need == 0)
				return NULL;
			segment_put(out, &segment, need);
			return out->failed ? NULL : header;
		}
		if (len > need)
			return NULL;
		segment_put(out, &segment, segment.count);
		need -= len;
	}
	return NULL;
}

/*
 * AS4_PATH behind the head.  Confederation segments in it are discarded (RFC 6793 6).
 * A sequence that the head cut in two becomes one again, so that the result is what a
 * speaker with 4-octet numbers would have sent.
 */
static void
path_tail_put(struct wcur *out, struct slice as4_path, uint8_t *joint)
{
	struct rcur in = rcur_of_slice(as4_path);
	struct segment segment;

	while (segment_next(&in, true, &segment)) {
		if (segment_is_confed(&segment) || segment.count == 0)
			continue;
		if (joint != NULL && segment.type == SEGMENT_SEQUENCE &&
		    joint[1] + segment.count <= SEGMENT_MAX_AS) {
			joint[1] = (uint8_t)(joint[1] + segment.count);
			wcur_bytes(out, segment.numbers, segment.count * 4u);
		} else {
			wcur_bytes(out, segment.whole.at, segment.whole.len);
		}
		joint = NULL;
	}
}

/* RFC 6793 4.2.3: an AGGREGATOR that some speaker set without knowing AS4_AGGREGATOR
 * came later than both AS4 attributes, which are stale then. */
static bool
as4_is_stale(const struct picked *p)
{
	const struct attribute *aggregator = picked_find(p, ATTRIBUTE_AGGREGATOR);

	return aggregator != NULL && picked_find(p, ATTRIBUTE_AS4_AGGREGATOR) != NULL &&
	       aggregator->value.len == AGGREGATOR_AS2_LEN &&
	       get_u16(aggregator->value.at) != AS_TRANS;
}

static bool
as_path_put(struct wcur *out, const struct picked *p)
{
	const struct attribute *as_path = picked_find(p, ATTRIBUTE_AS_PATH);
	const struct attribute *as4_path = picked_find(p, ATTRIBUTE_AS4_PATH);
	uint8_t buf[PATH_MAX_LEN];
	struct wcur path = wcur_of(buf, sizeof(buf));
	unsigned len, len4;

	if (!path_len(as_path->value, false, &len))
		return false;
	if (as4_path != NULL && !as4_is_stale(p) &&
	    path_len(as4_path->value, true, &len4) && len4 <= len) {
		uint8_t *joint = path_head_put(&path, as_path->value, len - len4);

		path_tail_put(&path, as4_path->value, joint);
	} else {
		path_head_put(&path, as_path->value, len);
	}
	if (path.failed)
		return false;
	attribute_put(out, as_path->flags, ATTRIBUTE_AS_PATH, buf, wcur_len(&path));
	return true;
}

/* The analyser does not follow what pick() has filled in.
 * NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult) */
static bool
aggregator_put(struct wcur *out, const struct picked *p)
{
	const struct attribute *aggregator = picked_find(p, ATTRIBUTE_AGGREGATOR);
	const struct attribute *wide = picked_find(p, ATTRIBUTE_AS4_AGGREGATOR);
	uint8_t value[AGGREGATOR_AS4_LEN];

	if (wide != NULL && !as4_is_stale(p)) {
		if (wide->value.len != AGGREGATOR_AS4_LEN)
			return false;
		memcpy(value, wide->value.at, AGGREGATOR_AS4_LEN);
	} else {
		if (aggregator->value.len != AGGREGATOR_AS2_LEN)
			return false;
		put_u32(value, get_u16(aggregator->value.at));
		memcpy(value + 4, aggregator->value.at + 2, 4);
	}
	attribute_put(
	    out, aggregator->flags, ATTRIBUTE_AGGREGATOR, value, sizeof(value));
	return true;
}
/* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */

/* Unknown optional ones: dropped, or passed along marked Partial (RFC 4271 5). */
static void
unknown_put(struct wcur *out, const struct attribute *attribute)
{
	uint8_t *at = out->at;

	if ((attribute->flags & ATTRIBUTE_TRANSITIVE) == 0)
		return;
	wcur_bytes(out, attribute->whole.at, attribute->whole.len);
	if (!out->failed)
		at[0] |= ATTRIBUTE_PARTIAL;
}

static bool
attribute_copy(struct wcur *out, const struct picked *p, uint8_t type, bool as4)
{
	const struct attribute *attribute = &p->by_type[type];

	switch (type) {
	case ATTRIBUTE_AS4_PATH:
	case ATTRIBUTE_AS4_AGGREGATOR:
		/* Merged; between two speakers with 4-octet numbers: RFC 6793 4.1. */
		return true;
	case ATTRIBUTE_AS_PATH:
		if (!as4)
			return as_path_put(out, p);
		break;
	case ATTRIBUTE_AGGREGATOR:
		if (!as4)
			return aggregator_put(out, p);
		break;
	default:
		if (!is_known(type)) {
			unknown_put(out, attribute);
			return true;
		}
		break;
	}
	wcur_bytes(out, attribute->whole.at, attribute->whole.len);
	return true;
}

bool
canonical_put(struct wcur *out, const struct update *update, bool as4)
{
	struct picked picked;

	if (!pick(&picked, update))
		return false;
	/* RFC 6793 4.2.3 "otherwise": AS4_AGGREGATOR alone is the aggregator, too. */
	if (!as4 && picked_find(&picked, ATTRIBUTE_AGGREGATOR) == NULL &&
	    picked_find(&picked, ATTRIBUTE_AS4_AGGREGATOR) != NULL) {
		struct attribute lone = picked.by_type[ATTRIBUTE_AS4_AGGREGATOR];

		lone.type = ATTRIBUTE_AGGREGATOR;
		picked_add(&picked, &lone);
	}
	for (unsigned i = 0; i < picked.count; i++) {
		if (!attribute_copy(out, &picked, picked.order[i], as4))
			return false;
	}
	return !out->failed;
}

static void
communities_put(
    struct wcur *out, uint8_t flags, struct slice communities, uint32_t community)
{
	attribute_put_header(out, flags, ATTRIBUTE_COMMUNITIES, communities.len + 4);
	wcur_bytes(out, communities.at, communities.len);
	wcur_u32(out, community);
}

bool
canonical_add_community(struct wcur *out, struct slice block, uint32_t community)
{
	static const struct slice none;
	struct rcur in = rcur_of_slice(block);
	struct attribute a;
	bool done = false;

	while (attribute_next(&in, &a)) {
		if (a.type == ATTRIBUTE_COMMUNITIES) {
			communities_put(out, a.flags, a.value, community);
			done = true;
			continue;
		}
		if (!done && a.type > ATTRIBUTE_COMMUNITIES) {
			communities_put(out, ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE,
			    none, community);
			done = true;
		}
		wcur_bytes(out, a.whole.at, a.whole.len);
	}
	if (!done)
		communities_put(
		    out, ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE, none, community);
	return !out->failed && !in.failed;
}
