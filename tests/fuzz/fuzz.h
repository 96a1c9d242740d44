/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every fuzz target shares: the entry point, and a check that stays on in every
 * build type, since a target finds only what it demands.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define DEMAND(condition)                                                           \
	do {                                                                        \
		if (!(condition)) {                                                 \
			fprintf(                                                    \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                    \
		}                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
