// links: bgp_base
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heap of deadlines against a plain array, on seeded random operations.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bgp/heap.h"

enum { ITEMS = 200, STEPS = 20000 };

static uint64_t
least(const struct heap_item *items, bool *any)
{
	uint64_t min = UINT64_MAX;

	*any = false;
	for (int i = 0; i < ITEMS; i++)
		if (items[i].pos != 0) {
			*any = true;
			if (items[i].key < min)
				min = items[i].key;
		}
	return min;
}

/* Every item knows its place, and none is less than its parent. */
static void
check_shape(const struct heap *heap)
{
	for (uint32_t i = 0; i < heap->n; i++) {
		ck_assert_uint_eq(heap->items[i]->pos, i + 1);
		if (i > 0)
			ck_assert_uint_le(
			    heap->items[(i - 1) / 2]->key, heap->items[i]->key);
	}
}

START_TEST(heap_random)
{
	struct heap heap = { 0 };
	struct heap_item items[ITEMS] = { 0 };
	bool any;

	srand((unsigned)_i + 1);
	for (int step = 0; step < STEPS; step++) {
		struct heap_item *item = &items[rand() % ITEMS];
		uint64_t min;

		if (rand() % 3 == 0)
			heap_remove(&heap, item);
		else
			heap_set(&heap, item, (uint64_t)(rand() % 1000));
		min = least(items, &any);
		ck_assert(any == (heap_min(&heap) != NULL));
		if (any)
			ck_assert_uint_eq(heap_min(&heap)->key, min);
		if (step % 100 == 0)
			check_shape(&heap);
	}
	heap_destroy(&heap);
}
END_TEST

START_TEST(heap_drains_in_order)
{
	struct heap heap = { 0 };
	struct heap_item items[ITEMS] = { 0 };
	uint64_t last = 0;

	for (int i = 0; i < ITEMS; i++)
		heap_set(&heap, &items[i], (uint64_t)(i * 7919 % ITEMS));
	for (int i = 0; i < ITEMS; i++) {
		struct heap_item *item = heap_min(&heap);

		ck_assert_ptr_nonnull(item);
		ck_assert_uint_ge(item->key, last);
		last = item->key;
		heap_remove(&heap, item);
		ck_assert_uint_eq(item->pos, 0);
	}
	ck_assert_ptr_null(heap_min(&heap));
	/* Removing what is not in it is nothing. */
	heap_remove(&heap, &items[0]);
	ck_assert_uint_eq(heap.n, 0);
	heap_destroy(&heap);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("heap");
	TCase *tc = tcase_create("heap");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, heap_random, 0, 5);
	tcase_add_test(tc, heap_drains_in_order);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
