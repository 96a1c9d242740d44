/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libconfuse, given exactly the names that the outline found.  Every option is a list
 * of texts to it: its callback hands the text over and keeps nothing, so that nothing
 * is judged here and parsing always goes on.  A section is taken away from libconfuse
 * as soon as it ends; it would search all titles for each new one, and merge equal
 * ones.
 */
#include "config_parse.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"

struct reader {
	struct config_outline *outline;
	size_t n_values;
	size_t n_sections;
	size_t n_includes;
};

/*
 * libconfuse's callbacks get no pointer of ours, and its lexer is one for the process:
 * there is one reader at a time, from config_parse() alone.
 */
static struct reader *reading;

static int
value_take(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct config_outline *outline = reading->outline;
	struct conf_text *taken;

	(void)cfg;
	(void)opt;
	*(const char **)result = ""; /* what libconfuse keeps */
	if (reading->n_values == outline->n_values)
		return -1;
	taken = outline->values[reading->n_values++];
	if (taken->text[0] == '\0') /* else the scanner has hidden it from here */
		taken->text = conf_tree_text(outline->tree, value, strlen(value));
	return 0;
}

static int
section_take(cfg_t *cfg, cfg_opt_t *opt)
{
	struct config_outline *outline = reading->outline;
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	const char *title = cfg_title(section);
	struct conf_node *node;

	(void)cfg;
	if (reading->n_sections == outline->n_sections)
		return -1;
	node = outline->sections[reading->n_sections++];
	if (title != NULL && node->n_values == 1)
		node->values[0].text =
		    conf_tree_text(outline->tree, title, strlen(title));
	cfg_opt_rmnsec(opt, 0);
	return 0;
}

static int
include_take(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct config_outline *outline = reading->outline;
	struct conf_node *node;

	(void)cfg;
	(void)opt;
	if (argc != 1 || reading->n_includes == outline->n_includes)
		return -1;
	node = outline->includes[reading->n_includes++];
	node->values[0].text = conf_tree_text(outline->tree, argv[0], strlen(argv[0]));
	return 0;
}

/* The outline has refused all that libconfuse could complain about. */
static void
error_ignore(cfg_t *cfg, const char *format, va_list args)
{
	(void)cfg;
	(void)format;
	(void)args;
}

static void options_free(cfg_opt_t *options);

/* The options of one section, ended by one without a name. */
static cfg_opt_t *
options_make(const struct config_name *section)
{
	cfg_opt_t *options = mem_zero(section->n_inner + 1, sizeof *options);
	cfg_opt_t *at = options;

	for (const struct config_name *name = section->inner; name != NULL;
	     name = name->next, at++) {
		at->name = name->name;
		switch (name->form) {
		case CONFIG_FORM_KEY:
			at->type = CFGT_STR;
			at->flags = CFGF_LIST;
			at->parsecb = value_take;
			break;
		case CONFIG_FORM_SECTION:
		case CONFIG_FORM_TITLED:
			at->type = CFGT_SEC;
			at->flags = CFGF_MULTI;
			if (name->form == CONFIG_FORM_TITLED)
				at->flags |= CFGF_TITLE;
			at->subopts = options_make(name);
			at->validcb = section_take;
			break;
		case CONFIG_FORM_CALL:
			at->type = CFGT_FUNC;
			at->func = include_take;
			break;
		}
	}
	return options;
}

static void
options_free(cfg_opt_t *options)
{
	for (cfg_opt_t *at = options; at->name != NULL; at++) {
		if (at->subopts != NULL)
			options_free(at->subopts);
	}
	free(options);
}

static bool
text_read(struct config_outline *outline, const char *text)
{
	struct reader reader = { .outline = outline };
	cfg_opt_t *options = options_make(&outline->names);
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	bool is_read = false;

	if (cfg == NULL)
		abort(); /* out of memory */
	reading = &reader;
	cfg_set_error_function(cfg, error_ignore);
	is_read = cfg_parse_buf(cfg, text) == CFG_SUCCESS &&
		  reader.n_values == outline->n_values &&
		  reader.n_sections == outline->n_sections &&
		  reader.n_includes == outline->n_includes;
	reading = NULL;
	cfg_free(cfg);
	options_free(options);
	return is_read;
}

void
config_parse(struct conf_tree *tree, struct conf_node *parent, const char *file,
    char *text, size_t len)
{
	struct config_outline outline;

	config_scan(&outline, tree, parent, file, text, len);
	if (!text_read(&outline, text))
		(void)conf_node_add(tree, parent, CONF_NODE_ERROR, file, 1,
		    "the file cannot be read as a configuration");
	config_outline_free(&outline);
}
