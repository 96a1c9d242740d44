/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One text through libconfuse into the neutral tree.
 */
#ifndef BGPD_CONFIG_PARSE_H
#define BGPD_CONFIG_PARSE_H

#include "config_scan.h"

/*
 * Adds what `text` says to `parent`; syntax errors become nodes.  `text` is used up,
 * and has room for CONFIG_DEPTH_MAX + 1 octets behind `len`.  `file` lives with the
 * tree.
 */
void config_parse(struct conf_tree *tree, struct conf_node *parent, const char *file,
    char *text, size_t len);

#endif
