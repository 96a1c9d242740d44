/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A text table: columns as wide as their widest cell, but all of it within a width, for
 * which the columns that may be cut give way, the widest first.
 *
 * Rows are seen twice: table_measure() each, then table_head(), then table_row() each.
 * The table keeps none of them.  A row is its cells one behind the other, each with its
 * NUL: a million of them cost a million allocations, not seven.
 */
#ifndef BGPCTL_TABLE_H
#define BGPCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12, TABLE_WIDTH = 80, TABLE_GAP = 2 };

struct table_column {
	const char *title;
	bool right;   /* numbers */
	bool may_cut; /* texts; others keep their width whatever it is */
	size_t width; /* of the widest cell; 0 at first */
};

struct table {
	struct table_column *columns;
	size_t n;
};

void table_measure(struct table *table, const char *cells);
/* Fits the columns to TABLE_WIDTH; prints the titles. */
void table_head(struct table *table, FILE *out);
void table_row(const struct table *table, const char *cells, FILE *out);

/* Packs `n` cells; the result is one allocation of the caller's. */
char *cells_pack(const char *const *cells, size_t n);

#endif
