/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of lib/conf share: the table of options, and the state of one
 * conf_build().  No other module includes this.
 */
#ifndef CONF_INTERNAL_H
#define CONF_INTERNAL_H

#include "bgp/conf_plan.h"
#include "bgp/conf_read.h"

enum conf_section {
	CONF_SECTION_ROOT,
#define SECTION(id, name, parent, form) CONF_SECTION_##id,
#include "options.def"
	/* Not a section of its own: options of a peer and of a group. */
	CONF_SECTION_SESSION,
	CONF_SECTION_NONE,
};

enum conf_form { CONF_FORM_ONCE, CONF_FORM_TITLED, CONF_FORM_LATER };

struct conf_schema {
	enum conf_section id;
	enum conf_section parent;
	enum conf_form form;
	const char *name;
};

enum conf_type {
	CONF_TYPE_BOOL,
	CONF_TYPE_NUMBER,
	CONF_TYPE_OCTAL,
	CONF_TYPE_WORD,
	CONF_TYPE_TEXT,
	CONF_TYPE_ADDRESS,
	CONF_TYPE_ROUTER_ID,
	CONF_TYPE_AS,
	CONF_TYPE_FILTER,
	CONF_TYPE_TABLE,
	CONF_TYPE_PROTOCOL,
	CONF_TYPE_SECRET,
	CONF_TYPE_SECRET_FILE,
	CONF_TYPE_FAMILIES, /* lists from here on */
	CONF_TYPE_ADDRESSES,
	CONF_TYPE_PREFIXES,
	CONF_TYPE_TEXTS,
	CONF_TYPE_PROTOCOLS,
	CONF_TYPE_ROUTE_TYPES,
	CONF_TYPE_SPECIAL, /* no field */
	CONF_TYPE_UNBUILT,
};

struct conf_option {
	enum conf_section section;
	enum conf_type type;
	const char *key;
	size_t offset;
	size_t size;
	size_t count_offset; /* lists in allocated memory */
	const char *allowed; /* UNBUILT: the texts that mean "off" */
	const char *initial; /* NULL: none */
	enum conf_change change;
	const char *help;
};

extern const struct conf_schema conf_schemas[];
extern const size_t conf_n_schemas;
extern const struct conf_option conf_options[];
extern const size_t conf_n_options;

/* NULL when `parent` has no such section. */
const struct conf_schema *conf_schema_find(enum conf_section parent, const char *name);
const struct conf_schema *conf_schema_of(enum conf_section id);
/* Does a section of this kind take this option? */
bool conf_option_is_in(const struct conf_option *option, enum conf_section section);
/* NULL when a section of this kind has no such key. */
const struct conf_option *conf_option_find(enum conf_section section, const char *key);
bool conf_type_is_list(enum conf_type type);

/* The word at `index` of "a, b, c" is written to `len`; NULL behind the last. */
const char *conf_word_at(const char *words, size_t index, size_t *len);
/* Index of `word` in "a, b, c", -1 without. */
int conf_word_find(const char *words, const char *word);
/* true, yes, on / false, no, off in any case. */
bool conf_bool_parse(const char *text, bool *out);

struct cluster_node {
	const struct conf_node *node;
	const char *name;
	struct addr address;
	struct addr address6;
	bool reflector;
	uint32_t cluster_id;
};

/* A key file that was read: a group's is not read again for each of its peers. */
struct secret_file {
	const struct conf_node *option;
	uint32_t secret; /* 0: reported */
};

struct builder {
	struct conf *conf;
	const struct conf_local *local;
	struct conf_errors *errors;
	const struct conf_node *root;
	const struct conf_node **peer_nodes; /* where each of conf->peers stands */
	struct cluster_node *nodes;
	size_t n_nodes;
	struct secret_file *secret_files;
	size_t n_secret_files;
	struct addr own_address6; /* of our own node */
	bool is_partial;          /* the tree holds an error of the parser */
	bool is_quiet;            /* this value was already judged where it stands */
};

/* An error at `line` of the node's file. */
void build_error(struct builder *b, const struct conf_node *node, uint32_t line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The first section of that name below the root, NULL without. */
const struct conf_node *section_find(const struct builder *b, const char *name);
/* "peer 'tor-a'", or "router"; for one sentence only. */
struct section_text {
	char text[CONF_TEXT_LEN];
};
struct section_text section_describe(const struct conf_node *section);
const char *section_title(const struct conf_node *section);
/* The option where it is first set, NULL without. */
const struct conf_node *option_node(const struct conf_node *section, const char *key);
/* Its text; "" where it is not set or no single text. */
const char *option_text(const struct conf_node *option);

/* A value as it goes into an error: bare digits, else quoted, cut and printable. */
struct quoted {
	char text[72];
};
struct quoted quote(const char *text);

/* Every default of `section` into the struct at `base`. */
void values_default(struct builder *b, enum conf_section section, void *base);
/*
 * Every option of `section` set in `node` into the struct at `base`, through the
 * checks of its row.  What is wrong is reported and left as it was.
 */
void values_read(struct builder *b, enum conf_section section,
    const struct conf_node *node, void *base);
/* Report a text that a check beyond the row's own refuses. */
void value_refuse(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text);
/* Ours to name, not built yet. */
void
build_unsupported(struct builder *b, const struct conf_node *node, const char *what);

/* Frees what values_read() allocated for lists at `base`. */
void values_free(enum conf_section section, void *base);
/* Are the values of one option equal?  Filters by index and content. */
bool option_equal(const struct conf_option *option, const struct conf *conf_a,
    const void *a, const struct conf *conf_b, const void *b);

/* structure.c: unknown keys and sections, duplicates, what is not built. */
void structure_check(struct builder *b);

/* peers.c */
void groups_build(struct builder *b);
void peers_build(struct builder *b);
/* The options of a new session: defaults, then those of the group (or NULL). */
void session_defaults(
    struct builder *b, const struct conf_node *group, struct conf_peer_options *out);
/* What of RFC 4724 and 9494 is on, given the router's and the session's own options. */
void
graceful_restart_settle(const struct builder *b, struct conf_peer_options *options);
/* Checks that need all options of a session; `section` says whose they are. */
void session_check(struct builder *b, const struct conf_node *section,
    const struct conf_node *group, const struct conf_peer_options *options);
/* The group that the option 'group' names; reported and NULL where there is none. */
const struct conf_node *
group_resolve(struct builder *b, const struct conf_node *option);
/* The same without a word: NULL where there is none. */
const struct conf_node *group_find(const struct builder *b, const char *title);
/* Can a session have this end? */
bool addr_is_host(const struct addr *a);
/* One more peer at the end of conf->peers, zeroed but for its addresses. */
struct conf_peer *peer_add(struct builder *b, const struct conf_node *node);

/* cluster.c: this node, the router id, and the cluster's sessions into conf->peers. */
void cluster_build(struct builder *b);

/* secret.c: keys of TCP MD5 (RFC 2385).  No error of theirs shows the text. */
bool secret_read(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text, uint32_t *out);
bool secret_file_read(struct builder *b, const struct conf_option *option,
    const struct conf_node *node, const struct conf_text *text, uint32_t *out);
/* Does a section say what the key is, rightly or not? */
bool secret_is_written(const struct conf_node *section);
/* Not as a text and as a file at once. */
void secret_check(struct builder *b, const struct conf_node *section);
/* What lies inside of a range that has a key must have one, too. */
void secret_ranges_check(struct builder *b);
/* One link-local address, one password. */
void secret_links_check(struct builder *b);

/* unique.c: names and addresses that must not be there twice. */
void unique_check(struct builder *b);

#endif
