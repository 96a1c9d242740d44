/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Attribute blocks written out as octets, and an UPDATE that carries one, for the tests
 * of interned sets.  It stands on lib/attr alone: nothing here was judged by lib/wire.
 */
#ifndef TESTS_UNIT_ATTR_BLOCKS_H
#define TESTS_UNIT_ATTR_BLOCKS_H

#include <check.h>
#include <stdlib.h>

#include "bgp/attrs.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define OCTETS(...)                                 \
	{                                           \
		sizeof((uint8_t[]){ __VA_ARGS__ }), \
		{                                   \
			__VA_ARGS__                 \
		}                                   \
	}

/* A check in a hot loop: Check reports every ck_assert() that passes to its parent. */
#define DEMAND(condition)                               \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

struct octets {
	size_t len;
	uint8_t at[72];
};

static inline struct slice
slice_of(const struct octets *o)
{
	return (struct slice){ o->at, o->len };
}

/* An UPDATE as update_get() leaves it for a session that carries on everything. */
static inline struct update
update_of(struct slice block)
{
	struct update update = { .attributes = block };

	memset(update.keep, 0xff, sizeof(update.keep));
	update.keep[0] &= (uint8_t) ~(1u << ATTRIBUTE_NEXT_HOP);
	update.keep[1] &= (uint8_t) ~(1u << (ATTRIBUTE_MP_REACH - 8));
	update.keep[1] &= (uint8_t) ~(1u << (ATTRIBUTE_MP_UNREACH - 8));
	return update;
}

/* clang-format off */
#define ORIGIN 0x40, 1, 1, 0
#define PATH_EMPTY 0x40, 2, 0
#define T 0x5b, 0xa0 /* AS_TRANS */
#define WIDE(n) 0, 1, 0, n /* a number above 65535 */
/* clang-format on */

static const uint8_t next_hop_octets[] = { 192, 0, 2, 1 };
static const struct slice next_hop = { next_hop_octets, sizeof(next_hop_octets) };

static struct attr_table *table;

static inline void
setup(void)
{
	table = attr_table_new();
	ck_assert_ptr_nonnull(table);
}

static inline void
teardown(void)
{
	attr_table_free(table); /* asserts that nothing is left */
}

static inline void
add_cases(Suite *suite, const char *name, const TTest *test, int n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test, 0, n);
	suite_add_tcase(suite, tcase);
}

#endif
