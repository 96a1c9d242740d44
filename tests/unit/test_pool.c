// links: bgp_base
/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbered objects: numbers are dense and used again, addresses stay, objects come
 * zeroed.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/pool.h"

enum { SIZE = 40, OBJECTS = 5 * POOL_BLOCK_LEN + 3 };

static bool
is_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != 0)
			return false;
	return true;
}

START_TEST(pool_numbers)
{
	struct pool pool;
	void **at = calloc(OBJECTS + 1, sizeof(*at));
	uint32_t number;

	pool_init(&pool, SIZE);
	ck_assert_uint_eq(pool_bytes(&pool), 0);
	for (uint32_t i = 1; i <= OBJECTS; i++) {
		at[i] = pool_alloc(&pool, &number);
		ck_assert_uint_eq(number, i);
		ck_assert(is_zero(at[i], SIZE));
		memset(at[i], (int)(i & 0xff), SIZE);
	}
	ck_assert_uint_eq(pool.used, OBJECTS);
	ck_assert_uint_ge(pool_bytes(&pool), (size_t)OBJECTS * SIZE);
	for (uint32_t i = 1; i <= OBJECTS; i++) {
		const uint8_t *octets = pool_at(&pool, i);

		ck_assert_ptr_eq(octets, at[i]);
		ck_assert_uint_eq(octets[0], i & 0xff);
		ck_assert_uint_eq(octets[SIZE - 1], i & 0xff);
	}
	free(at);
	pool_destroy(&pool);
}
END_TEST

START_TEST(pool_reuses)
{
	struct pool pool;
	uint32_t number;

	pool_init(&pool, SIZE);
	for (int i = 0; i < 10; i++)
		memset(pool_alloc(&pool, &number), 0xff, SIZE);
	pool_free(&pool, pool_at(&pool, 3), 3);
	pool_free(&pool, pool_at(&pool, 7), 7);
	ck_assert_uint_eq(pool.used, 8);
	ck_assert(is_zero(pool_alloc(&pool, &number), SIZE));
	ck_assert_uint_eq(number, 7);
	ck_assert(is_zero(pool_alloc(&pool, &number), SIZE));
	ck_assert_uint_eq(number, 3);
	pool_alloc(&pool, &number);
	ck_assert_uint_eq(number, 11);
	ck_assert_uint_eq(pool.top, 11);
	pool_destroy(&pool);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, pool_numbers);
	tcase_add_test(tc, pool_reuses);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
