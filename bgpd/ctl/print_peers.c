/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show peers`: a line a peer; who is not Established is seen in the STATE column,
 * since when in the next.
 */
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "print.h"
#include "table.h"

enum { PEER_COLUMNS = 8 };

/* A counter summed over the families. */
static const char *
sum(const json_t *peer, const char *key, char *buf)
{
	const json_t *families = json_object_get(peer, "families");
	json_int_t total = field_number(json_object_get(families, "ipv4"), key, 0) +
			   field_number(json_object_get(families, "ipv6"), key, 0);

	snprintf(buf, 24, "%" JSON_INTEGER_FORMAT, total);
	return buf;
}

void
peers_add(struct view *view, const json_t *peer)
{
	char as[24], received[24], sent[24], duration[DURATION_LEN];
	const char *state = field_text(peer, "state");
	bool up = strcmp(state, "Established") == 0;
	bool disabled = !up && field_is_true(peer, "disabled");
	const char *cells[PEER_COLUMNS] = {
		field_text(peer, "name"),
		field_text(peer, "address"),
		field_digits(peer, "as", as),
		disabled ? "disabled" : state,
		field_duration(peer, up ? "uptime_s" : "down_s", duration),
		sum(peer, "received", received),
		sum(peer, "sent", sent),
		field_is_true(peer, "long_lived_stale") ? "long-lived stale"
		: field_is_true(peer, "stale")          ? "stale"
							: "",
	};

	view->established += up;
	view->disabled += disabled;
	rows_add(&view->rows, NULL, cells_pack(cells, PEER_COLUMNS));
}

void
peers_end(struct view *view, FILE *out)
{
	struct table_column columns[PEER_COLUMNS] = {
		{ "NAME", false, true, 0 },
		{ "ADDRESS", false, true, 0 },
		{ "AS", true, false, 0 },
		{ "STATE", false, false, 0 },
		{ "UP/DOWN", true, false, 0 },
		{ "RCVD", true, false, 0 },
		{ "SENT", true, false, 0 },
		{ "", false, false, 0 },
	};
	struct table table = { columns, PEER_COLUMNS };
	size_t i;

	for (i = 0; i < view->rows.n; i++)
		table_measure(&table, view->rows.items[i].text);
	table_head(&table, out);
	for (i = 0; i < view->rows.n; i++)
		table_row(&table, view->rows.items[i].text, out);
	fprintf(out, "%zu peer%s: %lu established, %lu not, %lu disabled\n",
	    view->rows.n, view->rows.n == 1 ? "" : "s", view->established,
	    view->rows.n - view->established - view->disabled, view->disabled);
}
