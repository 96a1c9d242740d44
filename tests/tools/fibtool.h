/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What fibtool.c shares with fibtool_parse.c, which turns words into addresses, routes
 * and a configuration.
 */
#ifndef TESTS_FIBTOOL_H
#define TESTS_FIBTOOL_H

#include "fib.h"
#include "kernel.h"
#include "route_table.h"

enum { LINE_LEN = 4096, WORDS_MAX = 64, IMPORTS_MAX = 8, LIST_MAX = 16 };

struct tool {
	struct event_base *base;
	struct kernel *k;
	struct fib *fib;
	struct route_table facts;
	bool quiet;
	bool old_kernel; /* as if it had no nexthop objects */
	bool done;
	char line[LINE_LEN];
	size_t line_len;
	struct conf_kernel conf;
	struct conf_import imports[IMPORTS_MAX];
	char *race;
};

extern struct tool tool;

struct words {
	char *word[WORDS_MAX];
	unsigned n, at;
};

/* "" at the end. */
const char *next_word(struct words *w);
/* Cuts the text in place. */
size_t split(char *text, const char *by, char **out, size_t max);
/* What is wrong is printed. */
struct addr parse_addr(const char *text);
struct prefix parse_prefix(const char *text);
/* All but the prefix. */
void parse_route(struct words *w, struct fib_route *route);
/* Fills tool.conf from options. */
void configure(struct words *w);
void free_imports(void);

#endif
