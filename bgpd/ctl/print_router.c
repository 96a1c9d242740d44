/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show` and `show memory`: one screen each.
 */
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "print.h"
#include "table.h"

enum { ERROR_INDENT = 4, CUT_LEN = 512 };

static void
print_headline(const json_t *router, FILE *out)
{
	const json_t *peers = json_object_get(router, "peers");
	json_int_t configured = field_number(peers, "configured", 0);
	json_int_t dynamic = field_number(peers, "dynamic", 0);
	json_int_t established = field_number(peers, "established", 0);
	char as[24], uptime[DURATION_LEN];

	fprintf(out, "bgpd %s, AS %s, router id %s, node %s\n",
	    field_text(router, "version"), field_digits(router, "as", as),
	    field_text(router, "router_id"), field_text(router, "node"));
	fprintf(out, "up %s, %s%s\n", field_duration(router, "uptime_s", uptime),
	    field_is_true(router, "ready") ? "ready" : "NOT READY",
	    field_is_true(router, "restarting") ? ", restarting" : "");
	fprintf(out,
	    "peers: %" JSON_INTEGER_FORMAT " configured, %" JSON_INTEGER_FORMAT
	    " dynamic, %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
	    " established\n",
	    configured, dynamic, established, configured + dynamic);
}

static void
print_totals(const json_t *router, FILE *out)
{
	static const char *const names[] = { "ipv4", "ipv6" };
	const json_t *routes = json_object_get(router, "routes");
	const json_t *fib = json_object_get(router, "fib");
	json_int_t pending = field_number(fib, "pending", 0);
	json_int_t conflicts = field_number(fib, "conflicts", 0);
	json_int_t failed = field_number(fib, "failed", 0);
	json_int_t waiting = field_number(fib, "waiting", 0);
	size_t i;

	fprintf(
	    out, "\n%-8s %12s %12s %12s\n", "ROUTES", "PREFIXES", "PATHS", "IN KERNEL");
	for (i = 0; i < 2; i++) {
		const json_t *family = json_object_get(routes, names[i]);
		char prefixes[24], paths[24], installed[24];

		fprintf(out, "%-8s %12s %12s %12s\n", names[i],
		    field_digits(family, "prefixes", prefixes),
		    field_digits(family, "paths", paths),
		    field_digits(family, "installed", installed));
	}
	if (pending == 0 && conflicts == 0 && failed == 0 && waiting == 0)
		return;
	fprintf(out,
	    "kernel: %" JSON_INTEGER_FORMAT " pending, %" JSON_INTEGER_FORMAT
	    " in conflict, %" JSON_INTEGER_FORMAT " failed",
	    pending, conflicts, failed);
	if (waiting != 0)
		fprintf(out, ", %" JSON_INTEGER_FORMAT " waiting for the tunnel device",
		    waiting);
	fprintf(out, " (bgpctl show kernel)\n");
}

/* The cells of a peer that is not Established. */
static char *
down_cells(const json_t *peer)
{
	char duration[DURATION_LEN];
	const char *since = field_duration(peer, "down_s", duration);
	const char *cells[] = { field_text(peer, "name"), field_text(peer, "address"),
		field_is_true(peer, "disabled") ? "disabled"
						: field_text(peer, "state"),
		strcmp(since, "-") == 0 ? "never up" : since };

	return cells_pack(cells, 4);
}

static void
print_last_error(const json_t *peer, FILE *out)
{
	const json_t *error = json_object_get(peer, "last_error");
	char age[DURATION_LEN], text[CUT_LEN], cut[CUT_LEN];

	if (!json_is_string(error))
		return;
	snprintf(text, sizeof(text), "%s ago: %s",
	    field_duration(peer, "last_error_age_s", age), json_string_value(error));
	fprintf(out, "%*s%s\n", ERROR_INDENT, "",
	    text_cut(text, TABLE_WIDTH - ERROR_INDENT, cut, sizeof(cut)));
}

static void
print_not_established(const json_t *router, FILE *out)
{
	struct table_column columns[] = {
		{ "NOT ESTABLISHED", false, true, 0 },
		{ "ADDRESS", false, true, 0 },
		{ "STATE", false, false, 0 },
		{ "SINCE", true, false, 0 },
	};
	struct table table = { columns, sizeof(columns) / sizeof(columns[0]) };
	const json_t *list = json_object_get(router, "not_established");
	const json_t *peers = json_object_get(router, "peers");
	json_int_t hidden =
	    field_number(peers, "configured", 0) + field_number(peers, "dynamic", 0) -
	    field_number(peers, "established", 0) - (json_int_t)json_array_size(list);
	struct rows rows = { NULL, 0, 0 };
	size_t i;

	if (json_array_size(list) == 0)
		return;
	for (i = 0; i < json_array_size(list); i++) {
		rows_add(&rows, NULL, down_cells(json_array_get(list, i)));
		table_measure(&table, rows.items[i].text);
	}
	fputc('\n', out);
	table_head(&table, out);
	for (i = 0; i < rows.n; i++) {
		table_row(&table, rows.items[i].text, out);
		print_last_error(json_array_get(list, i), out);
	}
	if (hidden > 0)
		fprintf(out,
		    "... and %" JSON_INTEGER_FORMAT " more (bgpctl show peers)\n",
		    hidden);
	rows_free(&rows);
}

void
print_router(const json_t *router, FILE *out)
{
	print_headline(router, out);
	print_not_established(router, out);
	print_totals(router, out);
}

static void
print_part(FILE *out, const json_t *memory, const char *name, const char *count,
    const char *bytes)
{
	char digits[24], size[SIZE_LEN];

	fprintf(out, "%-20s %12s %12s\n", name,
	    count == NULL ? "" : field_digits(memory, count, digits),
	    format_size(field_number(memory, bytes, 0), size));
}

void
print_memory(const json_t *memory, FILE *out)
{
	fprintf(out, "%-20s %12s %12s\n", "MEMORY", "OBJECTS", "SIZE");
	print_part(out, memory, "paths", "paths", "rib_bytes");
	print_part(out, memory, "attribute sets", "attribute_sets", "attribute_bytes");
	print_part(out, memory, "update groups", "update_groups", "out_bytes");
	print_part(out, memory, "peers", "peers", "peer_bytes");
	print_part(out, memory, "process, resident", NULL, "resident_bytes");
	print_part(out, memory, "process, virtual", NULL, "virtual_bytes");
}
