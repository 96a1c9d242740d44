/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The outline of a configuration file.  libconfuse stops at the first name it was not
 * told of, takes a missing closing brace at the end of a file as given, skips stray
 * characters in silence and counts lines wrongly behind some comments.  So a file is
 * walked once before libconfuse sees it: every name, form and line is noted, and what
 * libconfuse would not refuse, or not well, is refused here.  Values stay what they
 * are: quotes, escapes and ${VARIABLES} are libconfuse's to undo.
 *
 * Error texts never repeat a value: it may be a secret.
 */
#include "config_scan.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_MARK, /* one of { } ( ) = , */
	TOKEN_BAD,  /* reported */
};

struct token {
	enum token_kind kind;
	size_t start;
	size_t len;
	uint32_t line;
	char mark; /* 0 for the others */
};

/* A section that is not closed yet, and what to go back to if it never is. */
struct open_section {
	struct conf_node *node;
	struct config_name *name;
	size_t start; /* of its name */
	size_t n_values;
	size_t n_sections;
	size_t n_includes;
};

struct scanner {
	struct config_outline *out;
	char *text;
	size_t len;
	size_t at;
	uint32_t line;
	size_t statement; /* where the statement being read begins */
	size_t depth;     /* the file itself is 0 */
	struct open_section open[CONFIG_DEPTH_MAX + 1];
	bool has_failed;
};

static void *
list_grow(void *list, size_t n)
{
	/* Room is the next power of two, from 8 on. */
	if (n >= 8 && (n & (n - 1)) != 0)
		return list;
	if (n > 0 && n < 8)
		return list;
	return mem_resize(list, n == 0 ? 8 : n * 2, sizeof(void *));
}

static void fail(struct scanner *s, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
fail(struct scanner *s, uint32_t line, const char *format, ...)
{
	char text[256];
	va_list args;

	if (s->has_failed)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)conf_node_add(s->out->tree, s->open[s->depth].node, CONF_NODE_ERROR,
	    s->out->file, line, conf_tree_text(s->out->tree, text, strlen(text)));
	s->has_failed = true;
}

static bool
is_word_char(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f &&
	       strchr("#\"'={}()+,*", c) == NULL;
}

static bool
is_at(const struct scanner *s, const char *text)
{
	size_t len = strlen(text);

	return s->len - s->at >= len && memcmp(s->text + s->at, text, len) == 0;
}

/* Blanks from here to behind `end` (or the end of the file), lines kept. */
static void
comment_blank(struct scanner *s, const char *end)
{
	uint32_t line = s->line;

	for (; s->at < s->len; s->at++) {
		if (is_at(s, end)) {
			if (*end != '\n') {
				memset(s->text + s->at, ' ', strlen(end));
				s->at += strlen(end);
			}
			return;
		}
		if (s->text[s->at] == '\n')
			s->line++;
		else
			s->text[s->at] = ' ';
	}
	if (*end != '\n')
		fail(s, line, "the comment is never closed; allowed: */ behind it");
}

static void
blanks_skip(struct scanner *s)
{
	while (s->at < s->len && !s->has_failed) {
		if (is_at(s, "#") || is_at(s, "//")) {
			comment_blank(s, "\n");
		} else if (is_at(s, "/*")) {
			memset(s->text + s->at, ' ', 2);
			s->at += 2;
			comment_blank(s, "*/");
		} else if (s->text[s->at] == '\n') {
			s->line++;
			s->at++;
		} else if (strchr(" \t\r", s->text[s->at]) != NULL &&
			   s->text[s->at] != '\0') {
			s->at++;
		} else {
			return;
		}
	}
}

/* Over a ${VARIABLE}, as long as it ends on its line. */
static bool
variable_skip(struct scanner *s)
{
	size_t end = s->at + strcspn(s->text + s->at, "}\n");

	if (end >= s->len || s->text[end] != '}') {
		fail(s, s->line, "'${' is not closed on its line; allowed: ${NAME}");
		return false;
	}
	s->at = end + 1;
	return true;
}

static bool
escape_skip(struct scanner *s, char quote)
{
	char next = s->at + 1 < s->len ? s->text[s->at + 1] : '\n';

	if (quote == '"' && ((next >= '0' && next <= '9') || next == 'x')) {
		fail(s, s->line,
		    "an escape by number in a text; allowed: the character");
		return false;
	}
	s->at += next != '\n' && next != '\0' ? 2 : 1;
	return true;
}

static struct token
quoted_token(struct scanner *s)
{
	struct token token = { TOKEN_QUOTED, s->at, 0, s->line, 0 };
	char quote = s->text[s->at++];

	while (s->at < s->len && s->text[s->at] != '\n') {
		char c = s->text[s->at];
		bool is_good = true;

		if (c == quote) {
			s->at++;
			token.len = s->at - token.start;
			return token;
		}
		if (c == '\0') {
			fail(s, s->line, "a stray octet 0; allowed: text");
			break;
		}
		if (c == '\\')
			is_good = escape_skip(s, quote);
		else if (quote == '"' && is_at(s, "${"))
			is_good = variable_skip(s);
		else
			s->at++;
		if (!is_good)
			break;
	}
	fail(s, token.line, "a text is not closed on its line; allowed: %c at its end",
	    quote);
	token.kind = TOKEN_BAD;
	return token;
}

static struct token
word_token(struct scanner *s)
{
	struct token token = { TOKEN_WORD, s->at, 0, s->line, 0 };

	if (is_at(s, "${")) {
		if (!variable_skip(s))
			token.kind = TOKEN_BAD;
		token.len = s->at - token.start;
		return token;
	}
	while (s->at < s->len && is_word_char(s->text[s->at])) {
		/* Where such a word ends is a matter of taste among lexers. */
		if (is_at(s, "//") || is_at(s, "/*")) {
			fail(s, s->line, "'//' or '/*' in a word; allowed: in quotes");
			token.kind = TOKEN_BAD;
			return token;
		}
		s->at++;
	}
	token.len = s->at - token.start;
	return token;
}

static struct token
token_next(struct scanner *s)
{
	struct token token = { TOKEN_END, 0, 0, 0, 0 };
	char c;

	blanks_skip(s);
	token.start = s->at;
	token.line = s->line;
	if (s->has_failed || s->at >= s->len) {
		token.kind = s->has_failed ? TOKEN_BAD : TOKEN_END;
		return token;
	}
	c = s->text[s->at];
	if (c == '"' || c == '\'')
		return quoted_token(s);
	if (is_word_char(c))
		return word_token(s);
	if (c != '\0' && strchr("{}()=,", c) != NULL) {
		s->at++;
		token.kind = TOKEN_MARK;
		token.mark = c;
		return token;
	}
	if (is_at(s, "+="))
		fail(
		    s, s->line, "'+=' is not supported; allowed: = and the whole list");
	else if (c == '+' || c == '*')
		fail(s, s->line, "a stray '%c'; allowed: in quotes", c);
	else
		fail(s, s->line, "a stray octet %u; allowed: text", (unsigned char)c);
	token.kind = TOKEN_BAD;
	return token;
}

/* Room for one more value; the tokens of a statement come before its node. */
static void
value_note(struct conf_text **list, size_t *n, struct token token)
{
	if (*n == 0 || (*n >= 4 && (*n & (*n - 1)) == 0))
		*list = mem_resize(*list, *n == 0 ? 4 : *n * 2, sizeof **list);
	(*list)[(*n)++] = (struct conf_text){ "", token.line };
}

static bool
is_text(struct token token)
{
	return token.kind == TOKEN_WORD || token.kind == TOKEN_QUOTED;
}

/* "a", "b", "c" up to `end`; a comma before it is fine. */
static bool
texts_scan(
    struct scanner *s, const char *name, char end, struct conf_text **list, size_t *n)
{
	uint32_t line = s->line;
	struct token token;

	for (;;) {
		token = token_next(s);
		if (token.mark == end)
			return true;
		if (!is_text(token))
			break;
		value_note(list, n, token);
		token = token_next(s);
		if (token.mark == end)
			return true;
		if (token.mark != ',')
			break;
	}
	fail(s, token.kind == TOKEN_END ? line : token.line,
	    "the list of '%s' is not closed; allowed: ',' and a text, or %c", name,
	    end);
	return false;
}

static const char name_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789";

/*
 * The entry of a name in the section being read, new where this form of it is.  The
 * first letter of a section becomes one that no file can hold: a name that libconfuse
 * knows as a key stays another one, and "root" is not taken for the file itself.
 */
static struct config_name *
name_use(struct scanner *s, const struct token *token, enum config_form form)
{
	struct config_name *section = s->open[s->depth].name;
	struct config_name **at = &section->inner;
	char *name = s->text + token->start;
	size_t letter = (size_t)(strchr(name_letters, name[0]) - name_letters);

	static_assert(sizeof name_letters - 1 == 64, "two forms in the upper half");
	if (form == CONFIG_FORM_SECTION)
		name[0] = (char)(0x80 + letter);
	if (form == CONFIG_FORM_TITLED)
		name[0] = (char)(0xc0 + letter);
	while (*at != NULL && (strlen((*at)->name) != token->len ||
				  memcmp((*at)->name, name, token->len) != 0))
		at = &(*at)->next;
	if (*at == NULL && ++section->n_inner > CONFIG_NAMES_MAX) {
		fail(s, token->line,
		    "too many different names; allowed: %d in a section",
		    CONFIG_NAMES_MAX);
		return NULL;
	}
	if (*at == NULL) {
		*at = conf_tree_alloc(s->out->tree, sizeof **at);
		(*at)->name = conf_tree_text(s->out->tree, name, token->len);
		(*at)->form = form;
	}
	return *at;
}

/* Moves the values into the tree and queues them for their texts. */
static void
node_values(
    struct scanner *s, struct conf_node *node, const struct conf_text *list, size_t n)
{
	struct config_outline *out = s->out;

	node->n_values = n;
	if (n == 0)
		return;
	node->values = conf_tree_alloc(out->tree, n * sizeof *list);
	memcpy(node->values, list, n * sizeof *list);
	for (size_t i = 0; i < n && node->kind == CONF_NODE_OPTION; i++) {
		out->values = list_grow(out->values, out->n_values);
		out->values[out->n_values++] = &node->values[i];
	}
}

static struct conf_node *
statement_node(
    struct scanner *s, enum conf_node_kind kind, const char *name, uint32_t line)
{
	return conf_node_add(
	    s->out->tree, s->open[s->depth].node, kind, s->out->file, line, name);
}

/*
 * libconfuse's lexer leaves copies behind, in memory that it frees and in a buffer that
 * it keeps.  So it never sees a password, but a text of the same form; except where it
 * is needed to undo an escape or a variable.
 */
static void
secret_hide(struct scanner *s, const struct token *token, struct conf_text *value)
{
	size_t quotes = token->kind == TOKEN_QUOTED ? 1 : 0;
	char *text = s->text + token->start + quotes;
	size_t len = token->len - 2 * quotes;

	if (memchr(text, '\\', len) != NULL || memmem(text, len, "${", 2) != NULL)
		return;
	value->text = conf_tree_text(s->out->tree, text, len);
	memset(text, 'x', len);
}

static void
option_scan(struct scanner *s, const char *name, const struct token *first)
{
	struct conf_text *list = NULL;
	size_t n = 0;
	struct token token = token_next(s);
	bool is_list = token.mark == '{';
	bool is_good = is_text(token);

	if (is_list)
		is_good = texts_scan(s, name, '}', &list, &n);
	else if (is_good)
		value_note(&list, &n, token);
	else
		fail(s, first->line,
		    "'%s' has no value; allowed: a text, or texts in braces", name);
	if (is_good && !is_list && strcmp(name, "password") == 0)
		secret_hide(s, &token, &list[0]);
	if (is_good && name_use(s, first, CONFIG_FORM_KEY) != NULL) {
		struct conf_node *node =
		    statement_node(s, CONF_NODE_OPTION, name, first->line);

		node->is_list = is_list;
		node_values(s, node, list, n);
	}
	free(list);
}

static void
call_scan(struct scanner *s, const char *name, const struct token *first)
{
	struct conf_text *list = NULL;
	size_t n = 0;

	if (strcmp(name, "include") != 0)
		fail(s, first->line,
		    "unknown function '%s'; allowed: include(\"file\")", name);
	else if (texts_scan(s, name, ')', &list, &n) && n != 1)
		fail(s, first->line, "include has %zu arguments; allowed: one", n);
	else if (!s->has_failed && name_use(s, first, CONFIG_FORM_CALL) != NULL) {
		struct conf_node *node =
		    statement_node(s, CONF_NODE_INCLUDE, name, first->line);

		node_values(s, node, list, n);
		s->out->includes = list_grow(s->out->includes, s->out->n_includes);
		s->out->includes[s->out->n_includes++] = node;
	}
	free(list);
}

static void
section_open(struct scanner *s, const char *name, const struct token *first,
    const struct token *title)
{
	struct config_outline *out = s->out;
	struct open_section *open = &s->open[s->depth + 1];
	struct conf_text text;

	if (s->depth == CONFIG_DEPTH_MAX) {
		fail(s, first->line, "sections are nested too deep; allowed: %d",
		    CONFIG_DEPTH_MAX);
		return;
	}
	open->name = name_use(
	    s, first, title != NULL ? CONFIG_FORM_TITLED : CONFIG_FORM_SECTION);
	if (open->name == NULL)
		return;
	open->start = s->statement;
	open->n_values = out->n_values;
	open->n_sections = out->n_sections;
	open->n_includes = out->n_includes;
	open->node = statement_node(s, CONF_NODE_SECTION, name, first->line);
	if (title != NULL) {
		text = (struct conf_text){ "", title->line };
		node_values(s, open->node, &text, 1);
	}
	s->depth++;
}

static void
section_close(struct scanner *s)
{
	struct config_outline *out = s->out;

	out->sections = list_grow(out->sections, out->n_sections);
	out->sections[out->n_sections++] = s->open[s->depth--].node;
}

static bool
is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || strchr(name_letters, text[i]) == NULL)
			return false;
	}
	return len > 0 && len < CONF_NAME_LEN;
}

static void
statement_scan(struct scanner *s, struct token first)
{
	const char *name;
	struct token token;

	if (!is_name(s->text + first.start, first.len)) {
		fail(s, first.line,
		    "something that is no name; allowed: a key or a section");
		return;
	}
	name = conf_tree_text(s->out->tree, s->text + first.start, first.len);
	token = token_next(s);
	if (token.mark == '=') {
		option_scan(s, name, &first);
	} else if (token.mark == '(') {
		call_scan(s, name, &first);
	} else if (token.mark == '{') {
		section_open(s, name, &first, NULL);
	} else if (is_text(token) && token_next(s).mark == '{') {
		section_open(s, name, &first, &token);
	} else {
		/* The name is not repeated: it may be half of an unquoted value. */
		fail(s, first.line,
		    "neither a key nor a section; allowed: key = value, "
		    "section \"title\" { ... }");
	}
}

/* The outermost section without an end goes, with all that was taken as its own. */
static void
unclosed_report(struct scanner *s)
{
	struct open_section *open = &s->open[1];
	struct conf_node *node = open->node;
	char text[128];

	(void)snprintf(text, sizeof text,
	    "section '%s' is never closed; allowed: } at its end", node->name);
	node->kind = CONF_NODE_ERROR;
	node->name = conf_tree_text(s->out->tree, text, strlen(text));
	node->first = node->last = NULL;
	s->out->n_values = open->n_values;
	s->out->n_sections = open->n_sections;
	s->out->n_includes = open->n_includes;
	s->statement = open->start;
	s->depth = 0;
	s->has_failed = true;
}

/* Cuts the text where the statement in error begins, and closes what is open. */
static void
text_cut(struct scanner *s)
{
	s->len = s->statement;
	while (s->depth > 0) {
		s->text[s->len++] = '}';
		section_close(s);
	}
	s->text[s->len] = '\0';
}

static void
statements_scan(struct scanner *s)
{
	while (!s->has_failed) {
		struct token token;

		blanks_skip(s);
		s->statement = s->at;
		token = token_next(s);
		if (token.kind == TOKEN_END)
			break;
		if (token.mark == '}' && s->depth > 0)
			section_close(s);
		else if (token.mark == '}')
			fail(
			    s, token.line, "'}' closes nothing; allowed: } behind a {");
		else if (token.kind == TOKEN_WORD)
			statement_scan(s, token);
		else
			fail(s, token.line,
			    "something that is no name; allowed: a key or a section");
	}
}

void
config_scan(struct config_outline *outline, struct conf_tree *tree,
    struct conf_node *parent, const char *file, char *text, size_t len)
{
	struct scanner s = { .out = outline, .text = text, .len = len, .line = 1 };

	memset(outline, 0, sizeof *outline);
	outline->tree = tree;
	outline->file = file;
	s.open[0] = (struct open_section){ .node = parent, .name = &outline->names };
	text[len] = '\0';
	statements_scan(&s);
	if (!s.has_failed && s.depth > 0)
		unclosed_report(&s);
	if (s.has_failed)
		text_cut(&s);
}

void
config_outline_free(struct config_outline *outline)
{
	free(outline->values);
	free(outline->sections);
	free(outline->includes);
	memset(outline, 0, sizeof *outline);
}
