/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shape of the tree against options.def: sections and keys that do not exist, that
 * stand there twice or in the wrong form, and those that this release does not build.
 * What their values mean is not looked at here.
 */
#include <stdio.h>
#include <string.h>

#include "conf_internal.h"

/* "a, b, c": what may stand in a section.  Keys first, then sections. */
struct allowed_text {
	char text[2048];
};

static void
allowed_add(struct allowed_text *allowed, size_t *n, const char *name)
{
	size_t room = sizeof allowed->text - *n;
	int len = snprintf(allowed->text + *n, room, "%s%s", *n > 0 ? ", " : "", name);

	if (len > 0 && (size_t)len < room)
		*n += (size_t)len;
}

static struct allowed_text
allowed_in(enum conf_section section)
{
	struct allowed_text allowed = { "" };
	size_t n = 0;

	for (size_t i = 0; i < conf_n_options; i++) {
		if (conf_option_is_in(&conf_options[i], section) &&
		    conf_options[i].type != CONF_TYPE_UNBUILT)
			allowed_add(&allowed, &n, conf_options[i].key);
	}
	for (size_t i = 0; i < conf_n_schemas; i++) {
		if (conf_schemas[i].parent == section &&
		    conf_schemas[i].form != CONF_FORM_LATER)
			allowed_add(&allowed, &n, conf_schemas[i].name);
	}
	return allowed;
}

static void
unknown_report(struct builder *b, const struct conf_node *node, const char *kind,
    const struct conf_node *parent, enum conf_section section)
{
	struct allowed_text allowed = allowed_in(section);
	const char *schema = conf_schema_of(section) != NULL ? parent->name : "";

	build_error(b, node, node->line, "unknown %s %s%s%s%s; allowed: %s", kind,
	    quote(node->name).text, *schema != '\0' ? " in '" : "", schema,
	    *schema != '\0' ? "'" : "", allowed.text);
}

/* Is this text one that turns an option off that is not built? */
static bool
is_off(const struct conf_option *option, const struct conf_node *node)
{
	const char *text = option_text(node);
	bool is_on;

	if (node->is_list || node->n_values != 1)
		return false;
	if (strcmp(option->allowed, "false") == 0 && conf_bool_parse(text, &is_on))
		return !is_on;
	if (option->allowed[0] == '\0')
		return text[0] == '\0';
	return conf_word_find(option->allowed, text) >= 0;
}

static void
option_check(struct builder *b, const struct conf_node *parent,
    enum conf_section section, const struct conf_node *node)
{
	const struct conf_option *option = conf_option_find(section, node->name);
	const struct conf_node *first;

	if (option == NULL) {
		if (conf_schema_find(section, node->name) != NULL)
			build_error(b, node, node->line,
			    "'%s' is a section; allowed: %s { ... }", node->name,
			    node->name);
		else
			unknown_report(b, node, "key", parent, section);
		return;
	}
	first = option_node(parent, node->name);
	if (first != node)
		build_error(b, node, node->line,
		    "'%s' is set twice in %s, first at %s:%u; allowed: once",
		    node->name, section_describe(parent).text, first->file,
		    (unsigned)first->line);
	else if (option->type == CONF_TYPE_UNBUILT && !is_off(option, node))
		build_unsupported(b, node, node->name);
	else if (!conf_type_is_list(option->type) && node->is_list)
		build_error(b, node, node->line,
		    "'%s' is a list; allowed: one value without braces", node->name);
}

static void
title_check(
    struct builder *b, const struct conf_schema *schema, const struct conf_node *node)
{
	const char *title = section_title(node);

	if (schema->form == CONF_FORM_ONCE && node->n_values > 0) {
		build_error(b, node, node->line,
		    "section '%s' has a title; allowed: %s { ... }", node->name,
		    node->name);
		return;
	}
	if (schema->form != CONF_FORM_TITLED)
		return;
	if (node->n_values == 0 || title[0] == '\0') {
		build_error(b, node, node->line,
		    "section '%s' has no title; allowed: %s \"title\" { ... }",
		    node->name, node->name);
		return;
	}
	if (strlen(title) >= CONF_NAME_LEN)
		build_error(b, node, node->line,
		    "the title of '%s' has %zu characters; allowed: 1..%d", node->name,
		    strlen(title), CONF_NAME_LEN - 1);
	for (const char *at = title; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			build_error(b, node, node->line,
			    "the title of '%s' is %s, with control characters; "
			    "allowed: printable text",
			    node->name, quote(title).text);
			return;
		}
	}
}

/* A section that is not looked into can still be where the reading ended. */
static void
unread_report(struct builder *b, const struct conf_node *section)
{
	for (const struct conf_node *at = section->first; at != NULL; at = at->next) {
		if (at->kind == CONF_NODE_ERROR)
			build_error(b, at, at->line, "%s", at->name);
		unread_report(b, at);
	}
}

static const struct conf_node *
first_section(const struct conf_node *parent, const char *name)
{
	const struct conf_node *at = parent->first;

	while (at != NULL &&
	       (at->kind != CONF_NODE_SECTION || strcmp(at->name, name) != 0))
		at = at->next;
	return at;
}

static void section_check(
    struct builder *b, const struct conf_node *node, enum conf_section section);

static void
subsection_check(struct builder *b, const struct conf_node *parent,
    enum conf_section section, const struct conf_node *node)
{
	const struct conf_schema *schema = conf_schema_find(section, node->name);
	const struct conf_node *first;

	if (schema == NULL) {
		if (conf_option_find(section, node->name) != NULL)
			build_error(b, node, node->line,
			    "'%s' is a key; allowed: %s = value", node->name,
			    node->name);
		else
			unknown_report(b, node, "section", parent, section);
		unread_report(b, node);
		return;
	}
	if (schema->form == CONF_FORM_LATER) {
		build_unsupported(b, node, node->name);
		unread_report(b, node);
		return;
	}
	first = first_section(parent, node->name);
	if (schema->form == CONF_FORM_ONCE && first != node)
		build_error(b, node, node->line,
		    "section '%s' is there twice, first at %s:%u; allowed: once",
		    node->name, first->file, (unsigned)first->line);
	title_check(b, schema, node);
	section_check(b, node, schema->id);
}

static void
section_check(
    struct builder *b, const struct conf_node *node, enum conf_section section)
{
	for (const struct conf_node *at = node->first; at != NULL; at = at->next) {
		switch (at->kind) {
		case CONF_NODE_OPTION: option_check(b, node, section, at); break;
		case CONF_NODE_SECTION: subsection_check(b, node, section, at); break;
		default: build_error(b, at, at->line, "%s", at->name); break;
		}
	}
}

void
structure_check(struct builder *b)
{
	section_check(b, b->root, CONF_SECTION_ROOT);
}
