/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Allocation that ends the process when memory is out.
 */
#include "bgp/memory.h"

#include <stdint.h>
#include <stdlib.h>

void *
mem_alloc(size_t len)
{
	void *at = malloc(len > 0 ? len : 1);

	if (at == NULL)
		abort();
	return at;
}

void *
mem_zero(size_t n, size_t len)
{
	void *at = calloc(n > 0 ? n : 1, len > 0 ? len : 1);

	if (at == NULL)
		abort();
	return at;
}

void *
mem_resize(void *at, size_t n, size_t len)
{
	void *moved;

	if (len != 0 && n > SIZE_MAX / len)
		abort();
	moved = realloc(at, n * len > 0 ? n * len : 1);
	if (moved == NULL)
		abort();
	return moved;
}
