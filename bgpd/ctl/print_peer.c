/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show peer`: everything about one.
 */
#include <string.h>

#include "format.h"
#include "print.h"

enum { LIST_LEN = 256 };

static bool
has(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value != NULL && !json_is_null(value);
}

static const char *
yes_no(const json_t *object, const char *key)
{
	return field_is_true(object, key) ? "yes" : "no";
}

static void
print_identity(const json_t *peer, FILE *out)
{
	char as[24], local_as[24], hops[24];

	fprintf(out, "peer %s\n", field_text(peer, "name"));
	if (has(peer, "description"))
		print_line(out, "description", "%s", field_text(peer, "description"));
	print_line(out, "address", "%s", field_text(peer, "address"));
	if (field_is_true(peer, "unnumbered")) {
		char list[LIST_LEN];

		print_line(
		    out, "interface", "%s, unnumbered", field_text(peer, "interface"));
		print_line(out, "routers heard", "%s",
		    field_list(peer, "routers", list, sizeof(list)));
	}
	print_line(out, "AS", "%s, local AS %s, %s%s%s%s", field_digits(peer, "as", as),
	    field_digits(peer, "local_as", local_as), field_text(peer, "type"),
	    field_is_true(peer, "client") ? ", reflector client" : "",
	    field_is_true(peer, "leaving")   ? ", leaving"
	    : field_is_true(peer, "dynamic") ? ", dynamic"
					     : "",
	    field_is_true(peer, "passive") ? ", passive" : "");
	if (has(peer, "group"))
		print_line(out, "group", "%s", field_text(peer, "group"));
	print_line(out, "authentication", "%s", field_text(peer, "authentication"));
	if (has(peer, "authentication_trouble"))
		print_line(
		    out, "trouble", "%s", field_text(peer, "authentication_trouble"));
	if (has(peer, "ttl_security"))
		print_line(out, "TTL security", "%s hops",
		    field_digits(peer, "ttl_security", hops));
	print_line(out, "import", "%s", field_text(peer, "import"));
	print_line(out, "export", "%s", field_text(peer, "export"));
}

static void
print_state(const json_t *peer, FILE *out)
{
	char duration[DURATION_LEN], age[DURATION_LEN], flaps[24];
	const char *state = field_text(peer, "state");

	if (strcmp(state, "Established") == 0)
		print_line(out, "state", "%s for %s", state,
		    field_duration(peer, "uptime_s", duration));
	else if (has(peer, "down_s"))
		print_line(out, "state", "%s, down for %s", state,
		    field_duration(peer, "down_s", duration));
	else
		print_line(out, "state", "%s, was never up", state);
	if (field_is_true(peer, "disabled"))
		print_line(out, "disabled", "yes%s%s",
		    has(peer, "disabled_reason") ? ": " : "",
		    has(peer, "disabled_reason") ? field_text(peer, "disabled_reason")
						 : "");
	if (has(peer, "last_error"))
		print_line(out, "last error", "%s ago: %s",
		    field_duration(peer, "last_error_age_s", age),
		    field_text(peer, "last_error"));
	if (has(peer, "held_down_s"))
		print_line(out, "held down", "for %s more, after malformed messages",
		    field_duration(peer, "held_down_s", duration));
	print_line(out, "flaps", "%s", field_digits(peer, "flaps", flaps));
	if (field_is_true(peer, "stale")) {
		char list[LIST_LEN];

		print_line(out, "stale", "%s, routes of the ended session are kept%s",
		    field_list(peer, "stale_families", list, sizeof(list)),
		    field_is_true(peer, "long_lived_stale") ? ", as long-lived stale"
							    : "");
	}
}

static void
print_graceful_restart(const json_t *restart, FILE *out)
{
	char seconds[24], families[LIST_LEN], forwarding[LIST_LEN];

	if (!json_is_object(restart)) {
		print_line(out, "graceful restart", "no");
		return;
	}
	print_line(out, "graceful restart",
	    "%s, time %s s, R %d, N %d, forwarding kept (F): %s",
	    field_list(restart, "families", families, sizeof(families)),
	    field_digits(restart, "restart_time", seconds),
	    field_is_true(restart, "restarting"),
	    field_is_true(restart, "notification"),
	    field_list(restart, "forwarding", forwarding, sizeof(forwarding)));
}

static void
print_long_lived(const json_t *restart, FILE *out)
{
	json_t *times = json_object_get(restart, "stale_time"), *time;
	const char *family;

	json_object_foreach(times, family, time) print_line(out, "long-lived",
	    "%s, %" JSON_INTEGER_FORMAT " s", family, json_integer_value(time));
}

static void
print_session(const json_t *peer, FILE *out)
{
	const json_t *negotiated = json_object_get(peer, "negotiated");
	char list[LIST_LEN];

	if (has(peer, "router_id"))
		print_line(out, "router id", "%s%s%s", field_text(peer, "router_id"),
		    has(peer, "hostname") ? ", host name " : "",
		    has(peer, "hostname") ? field_text(peer, "hostname") : "");
	if (!json_is_object(negotiated))
		return;
	print_line(out, "local address", "%s", field_text(peer, "local_address"));
	print_line(out, "families", "%s",
	    field_list(negotiated, "families", list, sizeof(list)));
	print_line(out, "End-of-RIB from", "%s",
	    field_list(negotiated, "end_of_rib", list, sizeof(list)));
	print_line(out, "4-octet AS", "%s", yes_no(negotiated, "as4"));
	print_line(out, "route refresh", "%s%s", yes_no(negotiated, "route_refresh"),
	    field_is_true(negotiated, "enhanced_refresh") ? ", enhanced" : "");
	print_line(
	    out, "extended message", "%s", yes_no(negotiated, "extended_message"));
	print_line(
	    out, "extended next hop", "%s", yes_no(negotiated, "extended_next_hop"));
	print_graceful_restart(json_object_get(negotiated, "graceful_restart"), out);
	print_long_lived(json_object_get(negotiated, "long_lived_restart"), out);
}

static void
print_timers(const json_t *peer, FILE *out)
{
	const json_t *timers = json_object_get(peer, "timers");
	char hold[24], keepalive[24], configured[24], text[DURATION_LEN];
	json_t *until, *time;
	const char *family;

	print_line(out, "hold time", "%s s, keepalive %s s (configured hold time %s s)",
	    field_digits(timers, "hold_time", hold),
	    field_digits(timers, "keepalive", keepalive),
	    field_digits(timers, "hold_time_configured", configured));
	if (has(timers, "connect_retry_in_s"))
		print_line(out, "next attempt in", "%s",
		    field_duration(timers, "connect_retry_in_s", text));
	if (has(timers, "stale_expires_in_s"))
		print_line(out, "stale expire in", "%s",
		    field_duration(timers, "stale_expires_in_s", text));
	until = json_object_get(timers, "long_lived_expires_in_s");
	json_object_foreach(until, family, time) print_line(out, "long-lived ones in",
	    "%s, %s", family, field_duration(until, family, text));
}

static void
print_bfd(const json_t *bfd, FILE *out)
{
	const json_t *down = json_object_get(bfd, "last_down");
	const json_t *packets = json_object_get(bfd, "packets");
	char age[DURATION_LEN], a[24], b[24], c[24];

	if (!json_is_object(bfd))
		return;
	fprintf(out, "\n");
	if (has(bfd, "uptime_s"))
		print_line(out, "BFD", "%s for %s, %s", field_text(bfd, "state"),
		    field_duration(bfd, "uptime_s", age), field_text(bfd, "type"));
	else
		print_line(out, "BFD", "%s, %s", field_text(bfd, "state"),
		    field_text(bfd, "type"));
	if (has(bfd, "local_address"))
		print_line(out, "addresses", "local %s, remote %s",
		    field_text(bfd, "local_address"),
		    field_text(bfd, "remote_address"));
	if (has(bfd, "trouble"))
		print_line(out, "trouble", "%s", field_text(bfd, "trouble"));
	if (json_is_object(down))
		print_line(out, "last down", "%s ago: %s",
		    field_duration(down, "age_s", age), field_text(down, "reason"));
	print_line(out, "interval", "%s ms x %s configured",
	    field_digits(bfd, "interval_ms", a), field_digits(bfd, "multiplier", b));
	print_line(out, "in use", "a packet every %s ms, detection time %s ms",
	    field_digits(bfd, "transmit_interval_ms", a),
	    field_digits(bfd, "detection_time_ms", b));
	print_line(out, "discriminators", "local %s, remote %s",
	    field_digits(bfd, "local_discriminator", a),
	    field_digits(bfd, "remote_discriminator", b));
	print_line(out, "packets", "%s in, %s out, %s dropped",
	    field_digits(packets, "in", a), field_digits(packets, "out", b),
	    field_digits(packets, "dropped", c));
}

static void
print_prefixes(const json_t *peer, FILE *out)
{
	json_t *families = json_object_get(peer, "families"), *counts, *blocked;
	const char *family;
	char a[24], b[24], c[24], d[24];

	fprintf(out, "\n  %-16s %10s %10s %10s %10s\n", "PREFIXES", "RECEIVED",
	    "ACCEPTED", "BEST", "SENT");
	json_object_foreach(families, family, counts) fprintf(out,
	    "  %-16s %10s %10s %10s %10s\n", family,
	    field_digits(counts, "received", a), field_digits(counts, "accepted", b),
	    field_digits(counts, "best", c), field_digits(counts, "sent", d));
	if (!has(peer, "max_prefixes"))
		return;
	print_line(out, "max-prefixes", "%s%s%s", field_digits(peer, "max_prefixes", a),
	    has(peer, "max_prefixes_action") ? ", " : "",
	    has(peer, "max_prefixes_action") ? field_text(peer, "max_prefixes_action")
					     : "");
	blocked = json_object_get(peer, "blocked");
	json_object_foreach(blocked, family, counts)
	{
		if (json_integer_value(counts) > 0)
			print_line(out, "not taken", "%s, %s", family,
			    field_digits(blocked, family, a));
	}
}

static void
print_direction(FILE *out, const json_t *peer, const char *name, const char *key,
    const char *total_key)
{
	static const char *const types[] = { "open", "update", "notification",
		"keepalive", "route_refresh" };
	const json_t *counts = json_object_get(peer, key);
	char digits[24];
	size_t i;

	fprintf(out, "  %-8s", name);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		fprintf(out, " %*s", i == 2 ? 13 : 10,
		    field_digits(counts, types[i], digits));
	fprintf(out, " %10s\n",
	    field_digits(json_object_get(peer, "messages"), total_key, digits));
}

static void
print_messages(const json_t *peer, FILE *out)
{
	const json_t *faults = json_object_get(peer, "update_faults");
	char a[24], b[24], c[24];

	fprintf(out, "\n  %-8s %10s %10s %13s %10s %10s %10s\n", "MESSAGES", "OPEN",
	    "UPDATE", "NOTIFICATION", "KEEPALIVE", "REFRESH", "TOTAL");
	print_direction(out, peer, "in", "messages_in", "in");
	print_direction(out, peer, "out", "messages_out", "out");
	fprintf(out,
	    "  faulty UPDATEs: %s treated as withdraw, %s with attributes"
	    " discarded, %s reset\n",
	    field_digits(faults, "withdraw", a), field_digits(faults, "discard", b),
	    field_digits(faults, "reset", c));
}

void
print_peer(const json_t *peer, FILE *out)
{
	print_identity(peer, out);
	print_state(peer, out);
	print_session(peer, out);
	print_timers(peer, out);
	print_bfd(json_object_get(peer, "bfd"), out);
	print_prefixes(peer, out);
	print_messages(peer, out);
}
