/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an attribute set says: the summary that the decision process reads, filled once
 * when a set is made, and the few questions that are put to the block itself.
 *
 * Callers are attrs.c, and the import checks for the questions.  Which path is better
 * is the decision process's.
 */
#include "summary.h"

#include "segment.h"

enum { DEFAULT_LOCAL_PREF = 100 };

/* Well-known communities that change what we do. */
static const struct {
	uint32_t community;
	uint16_t flag;
} marks[] = {
	{ 0xffff0000, ATTRS_GRACEFUL_SHUTDOWN },
	{ COMMUNITY_LLGR_STALE, ATTRS_LLGR_STALE },
	{ COMMUNITY_NO_LLGR, ATTRS_NO_LLGR },
	{ 0xffffff01, ATTRS_NO_EXPORT },
	{ 0xffffff02, ATTRS_NO_ADVERTISE },
	{ 0xffffff03, ATTRS_NO_EXPORT_SUBCONFED },
};

static uint16_t
communities_flags(struct slice communities)
{
	uint16_t flags = 0;

	for (size_t at = 0; at + 4 <= communities.len; at += 4) {
		uint32_t community = get_u32(communities.at + at);

		if (community < marks[0].community)
			continue;
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
			if (community == marks[i].community)
				flags |= marks[i].flag;
		}
	}
	return flags;
}

/*
 * Length, neighbouring AS and whether there are sets.  A path that is empty or begins
 * with a set came from our own AS (RFC 4271 9.1.2.2 c): no neighbour.
 */
static bool
summarise_path(struct attrs *a, struct slice path)
{
	struct rcur in = rcur_of_slice(path);
	struct segment segment;
	unsigned len = 0, numbers = 0;
	bool leading = true;

	while (segment_next(&in, true, &segment)) {
		len += segment_path_len(&segment);
		numbers += segment.count;
		if (segment.type == SEGMENT_SET || segment.type == SEGMENT_CONFED_SET)
			a->flags |= ATTRS_HAS_AS_SET;
		if (leading && segment.type == SEGMENT_SEQUENCE && segment.count > 0)
			a->neighbor_as = segment_as(&segment, 0);
		if (!segment_is_confed(&segment))
			leading = false;
	}
	if (in.failed || numbers > AS_PATH_MAX_AS)
		return false;
	a->path_len = (uint16_t)len;
	return true;
}

static bool
value_u32(struct slice value, uint32_t *out)
{
	if (value.len != 4)
		return false;
	*out = get_u32(value.at);
	return true;
}

static bool
summarise_attribute(struct attrs *a, uint8_t type, struct slice value)
{
	switch (type) {
	case ATTRIBUTE_ORIGIN:
		if (value.len != 1)
			return false;
		a->origin = value.at[0];
		return true;
	case ATTRIBUTE_AS_PATH: return summarise_path(a, value);
	case ATTRIBUTE_MED: a->flags |= ATTRS_HAS_MED; return value_u32(value, &a->med);
	case ATTRIBUTE_LOCAL_PREF:
		a->flags |= ATTRS_HAS_LOCAL_PREF;
		return value_u32(value, &a->local_pref);
	case ATTRIBUTE_COMMUNITIES: a->flags |= communities_flags(value); return true;
	case ATTRIBUTE_ORIGINATOR_ID:
		a->flags |= ATTRS_HAS_ORIGINATOR;
		return value_u32(value, &a->originator_id);
	case ATTRIBUTE_CLUSTER_LIST:
		a->cluster_len = (uint16_t)(value.len / 4);
		return value.len % 4 == 0;
	default: return true;
	}
}

bool
attrs_summarise(struct attrs *a)
{
	struct rcur block = rcur_of_slice(attrs_block(a));
	struct attribute attribute;
	int before = 0;

	a->local_pref = DEFAULT_LOCAL_PREF;
	a->med = 0;
	a->neighbor_as = 0;
	a->originator_id = 0;
	a->path_len = 0;
	a->cluster_len = 0;
	a->flags = 0;
	a->origin = ORIGIN_INCOMPLETE;
	while (attribute_next(&block, &attribute)) {
		if (attribute.type <= before)
			return false;
		before = attribute.type;
		if (!summarise_attribute(a, attribute.type, attribute.value))
			return false;
	}
	return !block.failed;
}

struct addr
attrs_next_hop_addr(const struct attrs *a)
{
	switch (a->next_hop_len) {
	case 4: return addr_from_bytes(FAMILY_IPV4, a->data);
	case 16:
	case 16 + NEXT_HOP_LINK_LEN:
	case 32:
	case 32 + NEXT_HOP_LINK_LEN: return addr_from_bytes(FAMILY_IPV6, a->data);
	default: return addr_none();
	}
}

uint32_t
attrs_next_hop_link(const struct attrs *a, struct addr *link_local)
{
	size_t wire_len = a->next_hop_len - (size_t)NEXT_HOP_LINK_LEN;

	*link_local = addr_none();
	if (a->next_hop_len != 16 + NEXT_HOP_LINK_LEN &&
	    a->next_hop_len != 32 + NEXT_HOP_LINK_LEN)
		return 0;
	*link_local = addr_from_bytes(FAMILY_IPV6, a->data + wire_len - 16);
	return get_u32(a->data + wire_len);
}

bool
attrs_has_as(const struct attrs *a, uint32_t as, unsigned allowed)
{
	struct attribute attribute;
	struct segment segment;
	struct rcur path;
	unsigned seen = 0;

	if (!attribute_find(attrs_block(a), ATTRIBUTE_AS_PATH, &attribute))
		return false;
	path = rcur_of_slice(attribute.value);
	while (segment_next(&path, true, &segment)) {
		for (unsigned i = 0; i < segment.count; i++)
			seen += segment_as(&segment, i) == as;
	}
	return seen > allowed;
}

bool
attrs_has_cluster(const struct attrs *a, uint32_t cluster_id)
{
	struct attribute attribute;

	if (a->cluster_len == 0 ||
	    !attribute_find(attrs_block(a), ATTRIBUTE_CLUSTER_LIST, &attribute))
		return false;
	for (size_t at = 0; at + 4 <= attribute.value.len; at += 4) {
		if (get_u32(attribute.value.at + at) == cluster_id)
			return true;
	}
	return false;
}
