/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cleaning of text; see text.h.  The UTF-8 reader follows RFC 3629 4: no overlong
 * forms, no surrogates, nothing above U+10FFFF.
 */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* Longest text of one JSON string: many errors of a configuration. */
enum { TEXT_MAX_LEN = 10240 };

/* The octets of the character at `s`, 0 where there is no valid one. */
static size_t
utf8_char_len(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return len;
}

static bool
is_control(const unsigned char *s, size_t len)
{
	if (len == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0; /* C1: terminals obey them */
}

static char *
clean(const char *in, char *out, size_t len, bool keep_lines)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t at = 0;

	if (len == 0)
		return out;
	while (*s != '\0') {
		size_t n = utf8_char_len(s), i;

		if (n != 0 && (!is_control(s, n) || (keep_lines && *s == '\n'))) {
			if (at + n >= len)
				break;
			memcpy(out + at, s, n);
			at += n;
			s += n;
			continue;
		}
		n = n == 0 ? 1 : n;
		if (at + 4 * n >= len)
			break;
		for (i = 0; i < n; i++, at += 4)
			snprintf(out + at, len - at, "\\x%02x", (unsigned)s[i]);
		s += n;
	}
	out[at] = '\0';
	return out;
}

char *
text_clean(const char *in, char *out, size_t len)
{
	return clean(in, out, len, false);
}

json_t *
text_json(const char *in)
{
	char text[TEXT_MAX_LEN];

	return in == NULL ? json_null()
			  : json_string(clean(in, text, sizeof(text), false));
}

json_t *
text_json_lines(const char *in)
{
	char text[TEXT_MAX_LEN];

	return json_string(clean(in, text, sizeof(text), true));
}

json_t *
text_json_or_null(const char *in)
{
	return text_json(in == NULL || in[0] == '\0' ? NULL : in);
}
