/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An attribute set as plain values, and as the octets of its block: what tests of the
 * RIB and of export are made of.
 */
#ifndef TESTS_SPEC_H
#define TESTS_SPEC_H

#include "bgp/attrs.h"

#include <check.h>

enum { SPEC_BLOCK = 8192 };

/* Check notes each assertion that holds, by a system call: too slow for millions. */
#define MODEL_CHECK(condition, ...)                \
	do {                                       \
		if (!(condition))                  \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

struct spec {
	uint8_t origin;
	uint8_t n_as, n_clusters;
	bool has_med, has_local_pref, has_originator;
	uint32_t as_path[8]; /* one sequence */
	uint32_t med, local_pref, originator;
	uint32_t clusters[8];
	uint32_t community; /* the first one; 0: none at all */
	uint32_t n_communities;
	struct addr next_hop; /* FAMILY_NONE: our own route */
};

/* The block in the order of types; NEXT_HOP where `with_next_hop`. */
static inline size_t
spec_put(const struct spec *s, bool with_next_hop, bool as4, uint8_t *block)
{
	struct wcur out = wcur_of(block, SPEC_BLOCK);
	uint8_t value[SPEC_BLOCK];
	struct wcur v = wcur_of(value, sizeof(value));

	attribute_put(&out, 0x40, ATTRIBUTE_ORIGIN, &s->origin, 1);
	if (s->n_as > 0) {
		wcur_u8(&v, SEGMENT_SEQUENCE);
		wcur_u8(&v, s->n_as);
	}
	for (int i = 0; i < s->n_as; i++)
		if (as4)
			wcur_u32(&v, s->as_path[i]);
		else
			wcur_u16(&v, (uint16_t)s->as_path[i]);
	attribute_put(&out, 0x40, ATTRIBUTE_AS_PATH, value, wcur_len(&v));
	if (with_next_hop)
		attribute_put(&out, 0x40, ATTRIBUTE_NEXT_HOP, s->next_hop.bytes, 4);
	put_u32(value, s->med);
	if (s->has_med)
		attribute_put(&out, 0x80, ATTRIBUTE_MED, value, 4);
	put_u32(value, s->local_pref);
	if (s->has_local_pref)
		attribute_put(&out, 0x40, ATTRIBUTE_LOCAL_PREF, value, 4);
	v = wcur_of(value, sizeof(value));
	for (uint32_t i = 0; i < s->n_communities; i++)
		wcur_u32(&v, i == 0 ? s->community : UINT32_C(0xfc000000) + i);
	if (s->n_communities > 0)
		attribute_put(&out, 0xc0, ATTRIBUTE_COMMUNITIES, value, wcur_len(&v));
	put_u32(value, s->originator);
	if (s->has_originator)
		attribute_put(&out, 0x80, ATTRIBUTE_ORIGINATOR_ID, value, 4);
	v = wcur_of(value, sizeof(value));
	for (int i = 0; i < s->n_clusters; i++)
		wcur_u32(&v, s->clusters[i]);
	if (s->n_clusters > 0)
		attribute_put(&out, 0x80, ATTRIBUTE_CLUSTER_LIST, value, wcur_len(&v));
	MODEL_CHECK(!out.failed, "SPEC_BLOCK is too small");
	return wcur_len(&out);
}

/* The set, interned; the caller owns one reference. */
static inline struct attrs *
spec_attrs(struct attr_table *table, const struct spec *s)
{
	uint8_t block[SPEC_BLOCK];
	size_t len = spec_put(s, false, true, block);
	struct slice next_hop = { NULL, 0 };
	struct attrs *attrs;

	if (s->next_hop.family != FAMILY_NONE)
		next_hop = (struct slice){ s->next_hop.bytes,
			family_addr_len((enum family)s->next_hop.family) };
	attrs = attrs_from_block(table, (struct slice){ block, len }, next_hop);
	MODEL_CHECK(attrs != NULL, "no set");
	return attrs;
}

#endif
