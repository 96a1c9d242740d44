// links: bgpd_shell
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpd/route_table.c against a plain array: the same prefixes are in both after any
 * sequence of insertions and removals, and a walk meets each once.
 */
#include "route_table.h"

#include <check.h>
#include <stdlib.h>

enum { PREFIXES = 3000, STEPS = 20000 };

struct item {
	struct route_node node;
	bool in;
	unsigned met;
};

static struct item items[PREFIXES];

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
check_walk(const struct route_table *table)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_node *node;

	for (int i = 0; i < PREFIXES; i++)
		items[i].met = 0;
	while ((node = route_table_walk(table, &cursor)) != NULL)
		((struct item *)node)->met++;
	for (int i = 0; i < PREFIXES; i++)
		ck_assert_uint_eq(items[i].met, items[i].in);
}

static void
make_items(void)
{
	for (uint32_t i = 0; i < PREFIXES; i++) {
		struct addr a = addr_ipv4(0x0a000000 + (i << 6));

		if (i % 3 == 0) {
			a.family = FAMILY_IPV6;
			a.bytes[0] = 0xfd;
		}
		items[i] = (struct item){ .in = false };
		items[i].node.prefix = prefix_of(&a, i % 2 == 0 ? 26 : 32);
	}
}

START_TEST(model)
{
	struct route_table table;
	uint32_t random = 42, n = 0;

	make_items();
	route_table_init(&table);
	for (int step = 0; step < STEPS; step++) {
		struct item *item = &items[next_random(&random) % PREFIXES];
		struct route_node *found = route_table_find(&table, &item->node.prefix);

		ck_assert_ptr_eq(found, item->in ? &item->node : NULL);
		if (item->in)
			route_table_remove(&table, &item->node);
		else
			route_table_insert(&table, &item->node);
		item->in = !item->in;
		n = item->in ? n + 1 : n - 1;
		ck_assert_uint_eq(table.n, n);
		if (step % 1000 == 0)
			check_walk(&table);
	}
	check_walk(&table);
	/* About one node a bucket, or look-ups would be slow. */
	ck_assert_uint_ge(2 * (table.base + table.split), n);
	route_table_destroy(&table);
}
END_TEST

/* The node a walk has just returned may be removed. */
START_TEST(walk_and_remove)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct route_table table;
	struct route_node *node;

	make_items();
	route_table_init(&table);
	for (int i = 0; i < PREFIXES; i++) {
		route_table_insert(&table, &items[i].node);
		items[i].in = true;
	}
	while ((node = route_table_walk(&table, &cursor)) != NULL) {
		struct item *item = (struct item *)node;

		ck_assert_uint_eq(item->met++, 0);
		if (node->prefix.family == FAMILY_IPV4) {
			route_table_remove(&table, node);
			item->in = false;
		}
	}
	ck_assert_uint_eq(table.n, PREFIXES / 3);
	check_walk(&table);
	route_table_destroy(&table);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("route_table");
	TCase *tc = tcase_create("route_table");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, model);
	tcase_add_test(tc, walk_and_remove);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
