/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A set of destination numbers that grows, shared by reference once it stands still.
 */
#include <stdlib.h>

#include "out_internal.h"

struct out_bits *
bits_new(void)
{
	struct out_bits *bits = mem_zero(1, sizeof(*bits));

	bits->refs = 1;
	return bits;
}

struct out_bits *
bits_copy(const struct out_bits *bits)
{
	struct out_bits *copy = bits_new();

	copy->n_words = bits->n_words;
	copy->words = mem_alloc(bits->n_words * sizeof(*bits->words));
	if (bits->n_words > 0)
		memcpy(copy->words, bits->words, bits->n_words * sizeof(*bits->words));
	return copy;
}

void
bits_unref(struct out_bits *bits)
{
	if (bits == NULL || --bits->refs > 0)
		return;
	free(bits->words);
	free(bits);
}

bool
bits_test(const struct out_bits *bits, uint32_t i)
{
	return i / 64 < bits->n_words && (bits->words[i / 64] >> i % 64 & 1) != 0;
}

static void
bits_grow(struct out_bits *bits, uint32_t i)
{
	uint32_t n = bits->n_words == 0 ? 4 : bits->n_words;

	while (n <= i / 64)
		n += n / 2;
	bits->words = mem_resize(bits->words, n, sizeof(*bits->words));
	memset(
	    bits->words + bits->n_words, 0, (n - bits->n_words) * sizeof(*bits->words));
	bits->n_words = n;
}

bool
bits_set(struct out_bits *bits, uint32_t i)
{
	uint64_t bit = UINT64_C(1) << i % 64;
	bool was;

	if (i / 64 >= bits->n_words)
		bits_grow(bits, i);
	was = (bits->words[i / 64] & bit) != 0;
	bits->words[i / 64] |= bit;
	return was;
}

bool
bits_clear(struct out_bits *bits, uint32_t i)
{
	uint64_t bit = UINT64_C(1) << i % 64;
	bool was;

	if (i / 64 >= bits->n_words)
		return false;
	was = (bits->words[i / 64] & bit) != 0;
	bits->words[i / 64] &= ~bit;
	return was;
}
