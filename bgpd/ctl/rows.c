/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Kept answers; see rows.h.
 */
#include "rows.h"

#include <stdlib.h>

#include "bgp/memory.h"

void
rows_add(struct rows *rows, const struct prefix *prefix, char *text)
{
	struct row *row;

	if (rows->n == rows->room) {
		rows->room = rows->room == 0 ? 64 : 2 * rows->room;
		rows->items = mem_resize(rows->items, rows->room, sizeof(*rows->items));
	}
	row = &rows->items[rows->n];
	*row = (struct row){ .order = (uint32_t)rows->n, .text = text };
	if (prefix != NULL)
		row->prefix = *prefix;
	rows->n++;
}

static int
compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

void
rows_sort(struct rows *rows)
{
	if (rows->n > 1)
		qsort(rows->items, rows->n, sizeof(*rows->items), compare);
}

void
rows_free(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		free(rows->items[i].text);
	free(rows->items);
	*rows = (struct rows){ NULL, 0, 0 };
}
