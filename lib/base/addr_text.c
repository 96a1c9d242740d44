/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses as text: dotted quads, and IPv6 as RFC 4291 2.2 reads and RFC 5952 writes
 * it. Used by the configuration, by `show` and by the log, through prefix.h.
 *
 * libc's inet_pton() would do, but drags the socket headers into the library.  Zones
 * ("%eth0") are names of this host's interfaces, which are not known here.
 */
#include "bgp/prefix.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS = 8 };

/* Four decimal numbers without leading zeros, up to the end of the text. */
static bool
quad_parse(const char *text, uint8_t out[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		unsigned value = 0;
		const char *start = text;

		for (; *text >= '0' && *text <= '9'; text++) {
			value = value * 10 + (unsigned)(*text - '0');
			if (value > 255 || (*start == '0' && text > start))
				return false;
		}
		if (text == start || *text++ != (i < 3 ? '.' : '\0'))
			return false;
		out[i] = (uint8_t)value;
	}
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four hexadecimal digits; returns how many, 0 for none or too many. */
static int
group_parse(const char *text, uint8_t out[2])
{
	unsigned value = 0;
	int len = 0;

	for (; hex_value(text[len]) >= 0; len++) {
		if (len == 4)
			return 0;
		value = value << 4 | (unsigned)hex_value(text[len]);
	}
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return len;
}

/*
 * Groups up to the end of the text, a quad in place of the last two.  Returns how many
 * groups were read, -1 on error; *gap becomes the index of the "::", else stays -1.
 */
static int
groups_parse(const char *text, uint8_t out[16], int *gap)
{
	int n = 0;

	if (text[0] == ':') {
		if (text[1] != ':')
			return -1;
		*gap = 0;
		text += 2;
		if (*text == '\0')
			return 0;
	}
	for (;;) {
		int len;

		if (n <= GROUPS - 2 && quad_parse(text, out + 2 * n))
			return n + 2;
		if (n == GROUPS)
			return -1;
		len = group_parse(text, out + 2 * n);
		if (len == 0)
			return -1;
		n++;
		text += len;
		if (*text == '\0')
			return n;
		if (*text++ != ':')
			return -1;
		if (*text != ':')
			continue;
		if (*gap >= 0)
			return -1;
		*gap = n;
		if (*++text == '\0')
			return n;
	}
}

static bool
ipv6_parse(const char *text, uint8_t out[16])
{
	uint8_t bytes[16] = { 0 };
	int gap = -1;
	int n = groups_parse(text, bytes, &gap);
	size_t head, tail;

	if (n < 0 || (gap < 0 ? n != GROUPS : n >= GROUPS))
		return false;
	head = gap < 0 ? sizeof(bytes) : 2 * (size_t)gap;
	tail = 2 * (size_t)n - (gap < 0 ? 2 * (size_t)n : head);
	memset(out, 0, sizeof(bytes));
	memcpy(out, bytes, head);
	memcpy(out + sizeof(bytes) - tail, bytes + head, tail);
	return true;
}

bool
addr_parse(const char *text, struct addr *out)
{
	struct addr a = { .family = FAMILY_IPV4 };

	if (!quad_parse(text, a.bytes)) {
		a = (struct addr){ .family = FAMILY_IPV6 };
		if (!ipv6_parse(text, a.bytes))
			return false;
	}
	*out = a;
	return true;
}

/* RFC 5952 4.2: the longest run of zero groups, the first of equals, never one alone.
 */
static int
gap_find(const unsigned groups[GROUPS], int *len)
{
	int at = -1, i, run = 0;

	*len = 1;
	for (i = 0; i < GROUPS; i++) {
		run = groups[i] == 0 ? run + 1 : 0;
		if (run > *len) {
			*len = run;
			at = i + 1 - run;
		}
	}
	return at;
}

static void
ipv6_format(const uint8_t bytes[16], char *buf)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned groups[GROUPS];
	int i, gap, gap_len;
	size_t at = 0;

	if (memcmp(bytes, mapped, sizeof(mapped)) == 0) { /* RFC 5952 5 */
		snprintf(buf, ADDR_TEXT_LEN, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13],
		    bytes[14], bytes[15]);
		return;
	}
	for (i = 0; i < GROUPS; i++)
		groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	gap = gap_find(groups, &gap_len);
	for (i = 0; i < GROUPS; i++) {
		bool first = i == 0 || (gap >= 0 && i == gap + gap_len);
		const char *colon = first ? "" : ":";

		if (i == gap) {
			buf[at++] = ':';
			buf[at++] = ':';
			i += gap_len - 1;
			continue;
		}
		at += (size_t)snprintf(
		    buf + at, ADDR_TEXT_LEN - at, "%s%x", colon, groups[i]);
	}
	buf[at] = '\0';
}

const char *
addr_format(const struct addr *a, char *buf)
{
	const uint8_t *b = a->bytes;

	if (a->family == FAMILY_IPV4)
		snprintf(buf, ADDR_TEXT_LEN, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	else if (a->family == FAMILY_IPV6)
		ipv6_format(b, buf);
	else
		snprintf(buf, ADDR_TEXT_LEN, "-");
	return buf;
}
