/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Appends to a text of bounded length and counts what it would need, as snprintf()
 * does; for the formatters of lib/attr.  The filters format a path a route, which is
 * why numbers do not go through printf().
 */
#ifndef LIB_ATTR_TEXT_H
#define LIB_ATTR_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *buf;
	size_t len;
	size_t need; /* without the terminating NUL */
};

static inline struct text
text_of(char *buf, size_t len)
{
	return (struct text){ buf, len, 0 };
}

static inline void
text_put_char(struct text *t, char c)
{
	if (t->need < t->len)
		t->buf[t->need] = c;
	t->need++;
}

static inline void
text_put(struct text *t, const char *s)
{
	while (*s != '\0')
		text_put_char(t, *s++);
}

static inline void
text_put_u32(struct text *t, uint32_t v)
{
	char digits[10];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + v % 10u);
		v /= 10u;
	} while (v > 0);
	while (n > 0)
		text_put_char(t, digits[--n]);
}

/* Terminates the text; returns the length it would need. */
static inline size_t
text_end(struct text *t)
{
	if (t->len > 0)
		t->buf[t->need < t->len ? t->need : t->len - 1] = '\0';
	return t->need;
}

#endif
