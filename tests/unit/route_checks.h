/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a node of the network in memory holds of a route, for tests of the speaker.
 */
#ifndef TESTS_ROUTE_CHECKS_H
#define TESTS_ROUTE_CHECKS_H

#include "net.h"

static inline uint32_t
received_from(struct node *node, unsigned other, enum family family)
{
	return rib_peer_info(speaker_rib(node->sp), node_peer(node, other)->number)
	    ->family[family]
	    .received;
}

static inline void
assert_attribute(const struct path *path, uint8_t type, const char *hex)
{
	struct attribute a;
	char text[512] = "";

	ck_assert_ptr_nonnull(path);
	if (!attribute_find(attrs_block(path->attrs), type, &a)) {
		ck_assert_msg(hex == NULL, "attribute %d is missing", type);
		return;
	}
	for (size_t i = 0; i < a.value.len; i++)
		snprintf(text + 2 * i, 3, "%02x", a.value.at[i]);
	ck_assert_msg(hex != NULL, "attribute %d is there: %s", type, text);
	ck_assert_str_eq(text, hex);
}

static inline void
assert_next_hop(const struct path *path, const char *text)
{
	struct addr got, want = addr_of(text);

	ck_assert_ptr_nonnull(path);
	got = attrs_next_hop_addr(path->attrs);
	ck_assert(addr_equal(&got, &want));
}

#endif
