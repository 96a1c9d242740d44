/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show groups`: a line an update group, and in words what makes it one of its own.
 */
#include <string.h>

#include "format.h"
#include "print.h"
#include "table.h"

enum { GROUP_COLUMNS = 9, KIND_LEN = 160 };

static const char *
kind_text(const json_t *group, char *buf)
{
	char number[24], as[32] = "", paths[48] = "";
	const char *next_hop = field_text(group, "next_hop");

	if (strcmp(field_text(group, "type"), "ebgp") == 0)
		snprintf(
		    as, sizeof(as), " AS %s", field_digits(group, "remote_as", number));
	if (field_number(group, "add_path_max", 0) > 0)
		snprintf(paths, sizeof(paths), ", %s paths",
		    field_digits(group, "add_path_max", number));
	snprintf(buf, KIND_LEN, "%s%s%s%s%s%s%s%s%s", field_text(group, "type"), as,
	    field_is_true(group, "client") ? " client" : "",
	    field_is_true(group, "exports") ? "" : ", nothing passes",
	    field_is_true(group, "own_routes_only") ? ", own routes only" : "",
	    field_number(group, "message_size", 0) > 4096 ? ", long messages" : "",
	    paths, strcmp(next_hop, "auto") == 0 ? "" : ", next hop ",
	    strcmp(next_hop, "auto") == 0 ? "" : next_hop);
	return buf;
}

void
groups_add(struct view *view, const json_t *group)
{
	char numbers[5][24], size[SIZE_LEN], kind[KIND_LEN];
	const char *cells[GROUP_COLUMNS] = { field_text(group, "family"),
		field_text(group, "local_address"),
		field_digits(group, "members", numbers[0]),
		field_digits(group, "in_step", numbers[1]),
		field_digits(group, "joining", numbers[2]),
		field_digits(group, "slow", numbers[3]),
		field_digits(group, "prefixes", numbers[4]),
		format_size(field_number(group, "backlog_bytes", 0), size),
		kind_text(group, kind) };

	rows_add(&view->rows, NULL, cells_pack(cells, GROUP_COLUMNS));
}

void
groups_end(struct view *view, FILE *out)
{
	struct table_column columns[GROUP_COLUMNS] = {
		{ "FAMILY", false, false, 0 },
		{ "FROM", false, true, 0 },
		{ "MEMBERS", true, false, 0 },
		{ "IN-STEP", true, false, 0 },
		{ "JOINING", true, false, 0 },
		{ "SLOW", true, false, 0 },
		{ "SENT", true, false, 0 },
		{ "BACKLOG", true, false, 0 },
		{ "WHAT", false, true, 0 },
	};
	struct table table = { columns, GROUP_COLUMNS };
	size_t i;

	for (i = 0; i < view->rows.n; i++)
		table_measure(&table, view->rows.items[i].text);
	if (view->rows.n > 0)
		table_head(&table, out);
	for (i = 0; i < view->rows.n; i++)
		table_row(&table, view->rows.items[i].text, out);
	fprintf(out, "%lu group%s\n", view->n, view->n == 1 ? "" : "s");
}
