/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What libconfuse must be told before it can read a file, and what it cannot tell
 * afterwards: which names occur where and in which form, and the line of everything.
 */
#ifndef BGPD_CONFIG_SCAN_H
#define BGPD_CONFIG_SCAN_H

#include "bgp/conf_read.h"

enum {
	CONFIG_DEPTH_MAX = 8,   /* sections in sections; two are of use */
	CONFIG_NAMES_MAX = 256, /* different names in one section */
};

enum config_form {
	CONFIG_FORM_KEY,
	CONFIG_FORM_SECTION,
	CONFIG_FORM_TITLED,
	CONFIG_FORM_CALL,
};

/*
 * One name in one form, as it is used in one place; the same in all sections of that
 * place.  libconfuse knows one form a name, so what it gets to see (`name`, and the
 * text) has a first letter that tells the form.
 */
struct config_name {
	const char *name;
	enum config_form form;
	size_t n_inner; /* names inside, where it is a section */
	struct config_name *inner;
	struct config_name *next;
};

/* Texts and titles are still to be filled in, in the order of these lists. */
struct config_outline {
	struct conf_tree *tree;
	const char *file;
	struct config_name names; /* the file: a section of its own */
	struct conf_text **values;
	size_t n_values;
	struct conf_node **sections; /* in the order in which they end */
	size_t n_sections;
	struct conf_node **includes;
	size_t n_includes;
};

/*
 * Reads the outline of `text` into children of `parent`.  `text` holds `len` octets and
 * room for CONFIG_DEPTH_MAX + 1 more; it is changed into something that libconfuse
 * reads without an error: comments become blanks, and behind the first syntax error
 * (which becomes a node of `parent`) only the sections still open are closed.
 */
void config_scan(struct config_outline *outline, struct conf_tree *tree,
    struct conf_node *parent, const char *file, char *text, size_t len);
void config_outline_free(struct config_outline *outline);

#endif
