/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Small texts of bgpctl: durations, sizes, cells of a fixed width.  Width is counted in
 * characters, not octets: names may be UTF-8.
 */
#ifndef BGPCTL_FORMAT_H
#define BGPCTL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { DURATION_LEN = 16, SIZE_LEN = 24 };

/* "0s", "59s", "12m03s", "5h07m", "3d04h", "400d"; returns `buf` of DURATION_LEN. */
const char *format_duration(int64_t seconds, char *buf);
/* "12 kB", "3.4 MB"; returns `buf` of SIZE_LEN. */
const char *format_size(int64_t bytes, char *buf);

/* Characters of a UTF-8 text. */
size_t text_width(const char *text);
/* `text` cut to `width` characters, the last one '~' where something is missing; the
 * result needs 4 * width + 1 octets at most.  Returns `buf`. */
char *text_cut(const char *text, size_t width, char *buf, size_t len);

#endif
