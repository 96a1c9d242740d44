/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Allocation that does not fail: a speaker out of memory cannot keep its promises, so
 * it ends at once, and its kernel routes and graceful restart outlive it.
 */
#ifndef BGP_MEMORY_H
#define BGP_MEMORY_H

#include <stddef.h>

void *mem_alloc(size_t len) __attribute__((returns_nonnull));
void *mem_zero(size_t n, size_t len) __attribute__((returns_nonnull));
/* An array of `n` items of `len` octets; NULL grows from nothing. */
void *mem_resize(void *at, size_t n, size_t len) __attribute__((returns_nonnull));

#endif
