/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Octets written as text, for the tables of the unit tests: "ff*16 0013 04".  Blanks are
 * free, XX*N repeats an octet.
 */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

/* Writes at most `size` octets and returns how many. */
static inline size_t
hex_bytes(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;

	while (*text != '\0') {
		char octet[3] = { 0 };
		unsigned long count = 1;
		char *end;

		if (*text == ' ') {
			text++;
			continue;
		}
		octet[0] = text[0];
		octet[1] = text[1];
		text += 2;
		if (*text == '*') {
			count = strtoul(text + 1, &end, 10);
			text = end;
		}
		while (count-- > 0) {
			ck_assert_msg(n < size, "hex text is too long");
			out[n++] = (uint8_t)strtoul(octet, &end, 16);
			ck_assert_msg(end == octet + 2, "bad hex text: %s", octet);
		}
	}
	return n;
}

#endif
