/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show kernel`: what is not as it should be, a line each, and how many there are of
 * each state.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "table.h"

enum { KERNEL_COLUMNS = 5, DETAIL_LEN = 512 };

void
kernel_add(struct view *view, const json_t *route)
{
	const char *text = field_text(route, "prefix"),
		   *state = field_text(route, "state");
	const char *owner = json_string_value(json_object_get(route, "owner"));
	const char *detail = json_string_value(json_object_get(route, "detail"));
	char why[DETAIL_LEN];
	struct prefix prefix;
	const char *cells[KERNEL_COLUMNS] = { text, state, field_text(route, "via"),
		field_text(route, "device"), why };

	json_object_set_new(view->states, state,
	    json_integer(field_number(view->states, state, 0) + 1));
	if (strcmp(state, "installed") == 0 ||
	    prefix_parse(text, &prefix) != PREFIX_PARSE_OK)
		return;
	snprintf(why, sizeof(why), "%s%s%s", owner == NULL ? "" : owner,
	    owner != NULL && detail != NULL ? ", " : "", detail == NULL ? "" : detail);
	rows_add(&view->rows, &prefix, cells_pack(cells, KERNEL_COLUMNS));
}

void
kernel_end(struct view *view, FILE *out)
{
	struct table_column columns[KERNEL_COLUMNS] = {
		{ "PREFIX", false, true, 0 },
		{ "STATE", false, false, 0 },
		{ "VIA", false, true, 0 },
		{ "DEVICE", false, true, 0 },
		{ "WHY", false, true, 0 },
	};
	struct table table = { columns, KERNEL_COLUMNS };
	const char *state, *comma = "";
	json_t *count;
	size_t i;

	rows_sort(&view->rows);
	for (i = 0; i < view->rows.n; i++)
		table_measure(&table, view->rows.items[i].text);
	if (view->rows.n > 0)
		table_head(&table, out);
	for (i = 0; i < view->rows.n; i++)
		table_row(&table, view->rows.items[i].text, out);
	fprintf(out, "%lu route%s%s", view->n, view->n == 1 ? "" : "s",
	    view->n == 0 ? "" : ": ");
	json_object_foreach(view->states, state, count)
	{
		fprintf(out, "%s%" JSON_INTEGER_FORMAT " %s", comma,
		    json_integer_value(count), state);
		comma = ", ";
	}
	fputc('\n', out);
}
