/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show routes`: a table of paths, or the paths of one prefix in full with the reason
 * why each is not the best.
 */
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "format.h"
#include "print.h"
#include "table.h"

enum { ROUTE_COLUMNS = 6, LIST_LEN = 4096 };

/* Who gave it to us. */
static const char *
origin_peer(const json_t *route)
{
	const char *peer = json_string_value(json_object_get(route, "peer"));

	return peer != NULL ? peer : field_text(route, "source");
}

/* AS_PATH with the customary letter of ORIGIN behind it. */
static char *
path_text(const json_t *route)
{
	const char *path = json_string_value(json_object_get(route, "as_path"));
	const char *origin = json_string_value(json_object_get(route, "origin"));
	const char *letter = "";
	size_t len;
	char *text;

	if (path == NULL)
		path = "";
	if (origin != NULL)
		letter = origin[0] == 'i' && origin[1] == 'g' ? "i"
			 : origin[0] == 'e'                   ? "e"
							      : "?";
	len = strlen(path) + 3;
	text = mem_alloc(len);
	snprintf(text, len, "%s%s%s", path, path[0] == '\0' ? "" : " ", letter);
	return text;
}

void
routes_add(struct view *view, const json_t *route)
{
	const char *text = field_text(route, "prefix");
	struct prefix prefix;
	char marks[4], local_pref[24];
	char *path = path_text(route);
	bool installed = field_is_true(route, "installed");
	const char *cells[ROUTE_COLUMNS] = { marks, text, field_text(route, "next_hop"),
		origin_peer(route), field_digits(route, "local_pref", local_pref),
		path };

	marks[0] = field_is_true(route, "best")    ? '*'
		   : field_is_true(route, "valid") ? ' '
						   : 'x';
	marks[1] = installed ? '+' : ' ';
	marks[2] = field_is_true(route, "long_lived_stale") ? 'S'
		   : field_is_true(route, "stale")          ? 's'
							    : ' ';
	marks[3] = '\0';
	view->long_lived += marks[2] == 'S';
	view->installed += installed;
	if (prefix_parse(text, &prefix) == PREFIX_PARSE_OK)
		rows_add(&view->rows, &prefix, cells_pack(cells, ROUTE_COLUMNS));
	free(path);
}

void
routes_end(struct view *view, FILE *out)
{
	struct table_column columns[ROUTE_COLUMNS] = {
		{ "", false, false, 0 },
		{ "PREFIX", false, true, 0 },
		{ "NEXT HOP", false, true, 0 },
		{ "FROM", false, true, 0 },
		{ "LPREF", true, false, 0 },
		{ "AS PATH", false, true, 0 },
	};
	struct table table = { columns, ROUTE_COLUMNS };
	unsigned long prefixes = 0;
	size_t i;

	if (view->rows.n == 0) {
		fprintf(out, "no routes\n");
		return;
	}
	rows_sort(&view->rows);
	for (i = 0; i < view->rows.n; i++)
		table_measure(&table, view->rows.items[i].text);
	fprintf(out,
	    "* best, + in the kernel, s stale,%s x not usable;"
	    " i igp, e egp, ? incomplete\n",
	    view->long_lived > 0 ? " S long-lived stale," : "");
	table_head(&table, out);
	for (i = 0; i < view->rows.n; i++) {
		table_row(&table, view->rows.items[i].text, out);
		prefixes += i == 0 || !prefix_equal(&view->rows.items[i - 1].prefix,
					  &view->rows.items[i].prefix);
	}
	fprintf(out, "%lu prefix%s, %zu path%s, %lu in the kernel\n", prefixes,
	    prefixes == 1 ? "" : "es", view->rows.n, view->rows.n == 1 ? "" : "s",
	    view->installed);
}

static void
print_route_title(const json_t *route, FILE *out)
{
	const char *reason = json_string_value(json_object_get(route, "reason"));

	fprintf(out, "%s", field_text(route, "prefix"));
	if (field_is_true(route, "best"))
		fprintf(out, ", best%s",
		    field_is_true(route, "installed") ? ", in the kernel" : "");
	else if (field_is_true(route, "valid"))
		fprintf(out, ", not the best: %s", reason == NULL ? "-" : reason);
	else
		fprintf(out, ", not usable: %s", reason == NULL ? "-" : reason);
	fprintf(out, "%s\n",
	    field_is_true(route, "long_lived_stale") ? ", long-lived stale"
	    : field_is_true(route, "stale")          ? ", stale"
						     : "");
}

void
print_route_record(const json_t *route, FILE *out)
{
	char list[LIST_LEN], local_pref[24], med[24], age[DURATION_LEN];
	const char *communities = field_list(route, "communities", list, sizeof(list));

	print_route_title(route, out);
	print_line(out, "next hop", "%s", field_text(route, "next_hop"));
	print_line(out, "from", "%s, %s ago", origin_peer(route),
	    field_duration(route, "age_s", age));
	print_line(out, "AS path", "%s", field_text(route, "as_path"));
	print_line(out, "origin", "%s, local preference %s, MED %s",
	    field_text(route, "origin"), field_digits(route, "local_pref", local_pref),
	    field_digits(route, "med", med));
	if (communities == list)
		print_line(out, "communities", "%s", communities);
	if (json_is_string(json_object_get(route, "originator_id")))
		print_line(out, "reflected", "originator %s, cluster list %s",
		    field_text(route, "originator_id"),
		    field_list(route, "cluster_list", list, sizeof(list)));
}
