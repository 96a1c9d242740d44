/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Small texts; see format.h.
 */
#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *
format_duration(int64_t seconds, char *buf)
{
	int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (seconds < 60)
		snprintf(buf, DURATION_LEN, "%ds", seconds < 0 ? 0 : (int)seconds);
	else if (hours == 0)
		snprintf(
		    buf, DURATION_LEN, "%dm%02ds", (int)minutes, (int)(seconds % 60));
	else if (days == 0)
		snprintf(
		    buf, DURATION_LEN, "%dh%02dm", (int)hours, (int)(minutes % 60));
	else if (days < 100)
		snprintf(buf, DURATION_LEN, "%dd%02dh", (int)days, (int)(hours % 24));
	else
		snprintf(buf, DURATION_LEN, "%" PRId64 "d", days % 1000000000);
	return buf;
}

const char *
format_size(int64_t bytes, char *buf)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1000.0 && unit < 4; unit++)
		value /= 1000.0;
	snprintf(buf, SIZE_LEN, "%.*f %s", unit > 0 && value < 10.0 ? 1 : 0, value,
	    units[unit]);
	return buf;
}

static int
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0u) == 0x80u;
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += !is_continuation(*text);
	return width;
}

char *
text_cut(const char *text, size_t width, char *buf, size_t len)
{
	size_t left = width, at = 0;

	if (text_width(text) <= width) {
		snprintf(buf, len, "%s", text);
		return buf;
	}
	for (; *text != '\0' && at + 2 < len; text++) {
		if (!is_continuation(*text)) {
			if (left <= 1)
				break;
			left--;
		}
		buf[at++] = *text;
	}
	if (width > 0)
		buf[at++] = '~';
	buf[at] = '\0';
	return buf;
}
