/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration file: reading, includes, and the names of routing tables and
 * protocols that this host gives.  What the file means is lib/conf's.
 */
#ifndef BGPD_CONFIG_H
#define BGPD_CONFIG_H

#include <stdio.h>

#include "bgp/conf_read.h"

enum {
	CONFIG_INCLUDE_DEPTH_MAX = 16,
	CONFIG_FILES_MAX = 4096,
	CONFIG_FILE_SIZE_MAX = 16 << 20,
};

/*
 * Reads, checks and builds; also all of `-n`.  NULL with at least one error, all of
 * them in reading order.  `local` may be NULL; where it has no look-up, the files of
 * iproute2 are asked, and bgpd/secret.h keeps its passwords.  The result is freed with
 * conf_free().
 */
struct conf *config_read(
    const char *path, const struct conf_local *local, struct conf_errors *errors);
/* The same for a text that is no file: it can include nothing. */
struct conf *config_read_text(const char *name, const char *text, size_t len,
    const struct conf_local *local, struct conf_errors *errors);
/* One line an error. */
void conf_errors_print(const struct conf_errors *errors, FILE *to);

#endif
