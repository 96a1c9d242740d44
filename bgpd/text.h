/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Text from outside (a peer's host name, a shutdown message, a configured description)
 * made fit for a terminal, a log line and JSON: valid UTF-8 without control characters.
 * Knows nothing of where the text came from.
 */
#ifndef BGPD_TEXT_H
#define BGPD_TEXT_H

#include <stddef.h>

struct json_t;

/*
 * Copies `in`; control characters (C0, DEL, C1) and octets that are not UTF-8 become
 * "\x1b" style escapes.  Cut at a character's border to fit `len` octets with the NUL.
 * Returns `out`.
 */
char *text_clean(const char *in, char *out, size_t len);

/* A cleaned JSON string; null for NULL and, with text_json_or_null(), for "". */
struct json_t *text_json(const char *in);
struct json_t *text_json_or_null(const char *in);
/* The same for a text of several lines: '\n' stays. */
struct json_t *text_json_lines(const char *in);

#endif
