/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Octets written as text, for the tables of the unit tests:
 *
 *   "ff*16 0013 04"   blanks are free, XX*N repeats an octet
 *   "4002 [0201 fc00]"  one octet of length, then what is inside
 *   "{...}"             the same with two octets
 */
#ifndef TESTS_HEX_H
#define TESTS_HEX_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

struct hex_writer {
	const char *text;
	uint8_t *out;
	size_t n, size;
};

static inline void
hex_octet(struct hex_writer *w, unsigned octet)
{
	ck_assert_msg(w->n < w->size, "hex text is too long");
	w->out[w->n++] = (uint8_t)octet;
}

static inline unsigned
hex_digits(struct hex_writer *w)
{
	char octet[3] = { w->text[0], w->text[0] == '\0' ? '\0' : w->text[1], '\0' };
	char *end;
	unsigned long value = strtoul(octet, &end, 16);

	ck_assert_msg(end == octet + 2, "bad hex text: %s", w->text);
	w->text += 2;
	return (unsigned)value;
}

/* Up to the closing bracket of `depth`, or to the end of the text. */
static inline void
hex_run(struct hex_writer *w, int depth)
{
	while (*w->text != '\0' && *w->text != ']' && *w->text != '}') {
		unsigned octet;
		unsigned long count = 1;
		char *end;

		if (*w->text == ' ') {
			w->text++;
		} else if (*w->text == '[' || *w->text == '{') {
			size_t wide = *w->text++ == '{' ? 2 : 1, at = w->n, len;

			while (w->n < at + wide)
				hex_octet(w, 0);
			hex_run(w, depth + 1);
			len = w->n - at - wide;
			w->out[at + wide - 1] = (uint8_t)len;
			if (wide == 2)
				w->out[at] = (uint8_t)(len >> 8);
			ck_assert_msg(*w->text != '\0', "bracket left open");
			w->text++;
		} else {
			octet = hex_digits(w);
			if (*w->text == '*') {
				count = strtoul(w->text + 1, &end, 10);
				w->text = end;
			}
			while (count-- > 0)
				hex_octet(w, octet);
		}
	}
	ck_assert_msg(depth > 0 || *w->text == '\0', "bracket too many");
}

/* Writes at most `size` octets and returns how many. */
static inline size_t
hex_bytes(const char *text, uint8_t *out, size_t size)
{
	struct hex_writer w = { text, out, 0, size };

	hex_run(&w, 0);
	return w.n;
}

#endif
