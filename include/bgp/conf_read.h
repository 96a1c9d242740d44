/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a text to struct conf, in two steps.  The daemon's parser turns files into a
 * tree that knows sections, keys, texts and where each stood, and nothing of their
 * meaning; conf_build() gives the tree its meaning.  It opens no file: what it must ask
 * the host for comes in struct conf_local.
 *
 * Every error is found in one run.  conf_build() never stops at the first.
 */
#ifndef BGP_CONF_READ_H
#define BGP_CONF_READ_H

#include "bgp/conf.h"

enum conf_node_kind {
	CONF_NODE_SECTION, /* `values` holds the title, where there is one */
	CONF_NODE_OPTION,
	CONF_NODE_INCLUDE, /* for the parser alone: replaced by what the file holds */
	CONF_NODE_ERROR,   /* the reading of a file ended here; `name` says why */
};

struct conf_text {
	const char *text;
	uint32_t line;
};

/* Everything a node points to belongs to its tree. */
struct conf_node {
	uint8_t kind; /* enum conf_node_kind */
	bool is_list; /* option: its values stood in braces */
	uint32_t line;
	uint32_t order; /* place in reading order, over all files; by conf_build() */
	const char *file;
	const char *name;
	struct conf_text *values;
	size_t n_values;
	struct conf_node *first; /* children, in reading order */
	struct conf_node *last;
	struct conf_node *next;
};

struct conf_tree;

/* The root is a section without a name that begins at line 1 of `file`. */
struct conf_tree *conf_tree_new(const char *file);
void conf_tree_free(struct conf_tree *tree);
struct conf_node *conf_tree_root(struct conf_tree *tree);
/* Memory that lives as long as the tree, zeroed. */
void *conf_tree_alloc(struct conf_tree *tree, size_t size);
/* A copy with a terminating NUL. */
const char *conf_tree_text(struct conf_tree *tree, const char *text, size_t len);
/* A new last child; `file` and `name` must live as long as the tree. */
struct conf_node *conf_node_add(struct conf_tree *tree, struct conf_node *parent,
    enum conf_node_kind kind, const char *file, uint32_t line, const char *name);

/* Errors in reading order, each as "FILE:LINE: what is wrong and what is allowed". */
struct conf_error {
	uint32_t order;
	uint32_t serial; /* order of arrival, for errors of one node */
	char *text;
};

/* Starts zeroed. */
struct conf_errors {
	struct conf_error *list;
	size_t n;
	size_t capacity;
};

/* More than anybody corrects in one go; what comes after is not recorded. */
enum { CONF_ERRORS_MAX = 10000 };

void conf_errors_add(struct conf_errors *errors, uint32_t order, const char *file,
    uint32_t line, const char *format, ...) __attribute__((format(printf, 5, 6)));
void conf_errors_sort(struct conf_errors *errors);
void conf_errors_free(struct conf_errors *errors);

enum conf_lookup { CONF_LOOKUP_TABLE, CONF_LOOKUP_PROTOCOL };

/* What the host has to say; NULL and zero where it is silent. */
struct conf_local {
	const struct addr *addrs; /* on interfaces that are up and not loopback */
	size_t n_addrs;
	size_t n_down; /* behind them: of interfaces that are down */
	/* Names of rt_tables and rt_protos that are not well known.  NULL: none. */
	bool (*lookup)(
	    void *arg, enum conf_lookup what, const char *name, uint32_t *out);
	/* Keeps a secret where nothing shows it.  Returns its number, never 0. */
	uint32_t (*secret)(void *arg, const char *text, size_t len);
	/* The same for what a file holds, whose path stood in the file `from`.  Returns
	 * 0 where it cannot be had: `why` says why, without a word of the content. */
	uint32_t (*secret_file)(
	    void *arg, const char *from, const char *path, char *why, size_t len);
	void *arg;
	const struct conf *running; /* on reload: what would be replaced */
};

/* What TCP MD5 takes (TCP_MD5SIG_MAXKEYLEN). */
enum { CONF_SECRET_MAX_LEN = 80 };
/* NULL when the text can be a key, else what is wrong with it, without showing it. */
const char *conf_secret_fault(const char *text, size_t len);

/*
 * The configuration that `tree` describes, to be freed with conf_free(), or NULL with
 * at least one error added.  Where the tree holds an error of its own, what may only be
 * missing because of it (required keys, references) is not complained about.
 */
struct conf *conf_build(
    struct conf_tree *tree, const struct conf_local *local, struct conf_errors *errors);

#endif
