/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Text tables; see table.h.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "format.h"

enum { CELL_MIN = 6, CELL_TEXT_LEN = 1024 };

void
table_measure(struct table *table, const char *cells)
{
	size_t i;

	for (i = 0; i < table->n; i++, cells += strlen(cells) + 1) {
		size_t width = text_width(cells);

		if (width > table->columns[i].width)
			table->columns[i].width = width;
	}
}

static void
fit(struct table *table)
{
	size_t total = 0, i;

	for (i = 0; i < table->n; i++) {
		struct table_column *c = &table->columns[i];

		if (c->width < text_width(c->title))
			c->width = text_width(c->title);
		total += c->width + (i > 0 ? TABLE_GAP : 0);
	}
	while (total > TABLE_WIDTH) {
		struct table_column *widest = NULL;

		for (i = 0; i < table->n; i++) {
			struct table_column *c = &table->columns[i];

			if (c->may_cut && c->width > CELL_MIN &&
			    (widest == NULL || c->width > widest->width))
				widest = c;
		}
		if (widest == NULL)
			break;
		widest->width--;
		total--;
	}
}

static void
pad(size_t n, FILE *out)
{
	for (; n > 0; n--)
		fputc(' ', out);
}

static void
put_cell(const struct table_column *c, const char *text, bool is_last, FILE *out)
{
	char cut[CELL_TEXT_LEN];
	size_t space;

	if (c->may_cut)
		text = text_cut(text, c->width, cut, sizeof(cut));
	space = text_width(text) < c->width ? c->width - text_width(text) : 0;
	if (c->right)
		pad(space, out);
	fputs(text, out);
	if (!c->right && !is_last)
		pad(space, out);
}

/* Blanks are owed until something follows them: no line ends in one. */
static bool
rest_is_empty(const char *cells, size_t n)
{
	for (; n > 0; n--, cells += strlen(cells) + 1)
		if (cells[0] != '\0')
			return false;
	return true;
}

void
table_row(const struct table *table, const char *cells, FILE *out)
{
	size_t i;

	for (i = 0; i < table->n; i++) {
		const char *next = cells + strlen(cells) + 1;
		bool is_last =
		    i + 1 == table->n || rest_is_empty(next, table->n - i - 1);

		put_cell(&table->columns[i], cells, is_last, out);
		if (is_last)
			break;
		pad(TABLE_GAP, out);
		cells = next;
	}
	fputc('\n', out);
}

void
table_head(struct table *table, FILE *out)
{
	const char *titles[TABLE_COLUMNS_MAX];
	char *cells;
	size_t i;

	fit(table);
	for (i = 0; i < table->n; i++)
		titles[i] = table->columns[i].title;
	cells = cells_pack(titles, table->n);
	table_row(table, cells, out);
	free(cells);
}

char *
cells_pack(const char *const *cells, size_t n)
{
	size_t len = 0, i;
	char *packed, *at;

	for (i = 0; i < n; i++)
		len += strlen(cells[i]) + 1;
	packed = at = mem_alloc(len);
	for (i = 0; i < n; i++) {
		size_t cell = strlen(cells[i]) + 1;

		memcpy(at, cells[i], cell);
		at += cell;
	}
	return packed;
}
