/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `explain`: the choice, the kernel, each path in full, and a line or two a peer.
 */
#include <string.h>

#include "format.h"
#include "print.h"

enum { SENT_LEN = 256 };

static const char *
none_or(const char *text)
{
	return strcmp(text, "-") == 0 ? "none" : text;
}

static void
print_choice(const json_t *answer, FILE *out)
{
	const json_t *kernel = json_object_get(answer, "kernel");
	const char *detail = field_text(kernel, "detail");
	const char *via = field_text(kernel, "via");
	const char *device = field_text(kernel, "device");
	bool has_via = strcmp(via, "-") != 0, has_device = strcmp(device, "-") != 0;

	fprintf(out, "%s\n", field_text(answer, "prefix"));
	print_line(out, "best", "%s", none_or(field_text(answer, "best")));
	print_line(out, "why", "%s", field_text(answer, "why"));
	print_line(out, "kernel", "%s%s%s%s%s%s%s", field_text(kernel, "state"),
	    has_via ? " via " : "", has_via ? via : "", has_device ? " dev " : "",
	    has_device ? device : "", strcmp(detail, "-") == 0 ? "" : ": ",
	    strcmp(detail, "-") == 0 ? "" : detail);
}

/* From whom the peer's route is; several with add-path. */
static const char *
sent_text(const json_t *peer, char *buf)
{
	const json_t *routes = json_object_get(peer, "routes");
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(routes) && at < SENT_LEN; i++)
		at += (size_t)snprintf(buf + at, SENT_LEN - at, "%s%s",
		    i == 0 ? "from " : ", ",
		    field_text(json_array_get(routes, i), "from"));
	return buf;
}

static void
print_peer_line(const json_t *peer, FILE *out)
{
	char sent[SENT_LEN];
	bool behind = field_is_true(peer, "behind");

	if (field_is_true(peer, "sent"))
		print_line(out, field_text(peer, "name"), "sent, %s%s",
		    sent_text(peer, sent),
		    behind ? "; it is still being sent the table" : "");
	else
		print_line(out, field_text(peer, "name"), "not sent: %s%s",
		    field_text(peer, "reason"),
		    behind ? "; it is still being sent the table" : "");
}

/* What the decision compares beside the attributes. */
static void
print_cost(const json_t *path, FILE *out)
{
	char cost[24];

	if (strcmp(field_text(path, "next_hop_via"), "-") != 0 ||
	    json_is_integer(json_object_get(path, "igp_cost")))
		print_line(out, "resolved", "via %s, IGP cost %s",
		    field_text(path, "next_hop_via"),
		    field_digits(path, "igp_cost", cost));
	if (json_is_string(json_object_get(path, "bgp_id")))
		print_line(out, "BGP identifier", "%s", field_text(path, "bgp_id"));
}

void
print_explain(const json_t *answer, FILE *out)
{
	const json_t *paths = json_object_get(answer, "paths");
	const json_t *peers = json_object_get(answer, "peers");
	size_t i;

	print_choice(answer, out);
	fprintf(out, "\n");
	for (i = 0; i < json_array_size(paths); i++) {
		print_route_record(json_array_get(paths, i), out);
		print_cost(json_array_get(paths, i), out);
	}
	fprintf(out, "%s", i > 0 ? "\n" : "");
	for (i = 0; i < json_array_size(peers); i++)
		print_peer_line(json_array_get(peers, i), out);
	if (i == 0)
		fprintf(out, "no peers\n");
}
