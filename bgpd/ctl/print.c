/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Views and what their printers share; see print.h.
 */
#include "print.h"

#include <stdarg.h>
#include <string.h>

#include "format.h"
#include "table.h"

enum { NAME_WIDTH = 16, LINE_LEN = 8192 };

const char *
field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL || text[0] == '\0' ? "-" : text;
}

json_int_t
field_number(const json_t *object, const char *key, json_int_t missing)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : missing;
}

bool
field_is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *
field_digits(const json_t *object, const char *key, char *buf)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return "-";
	snprintf(buf, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return buf;
}

const char *
field_duration(const json_t *object, const char *key, char *buf)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? format_duration(json_integer_value(value), buf)
				      : "-";
}

const char *
field_list(const json_t *object, const char *key, char *buf, size_t len)
{
	const json_t *list = json_object_get(object, key);
	size_t i, at = 0;

	buf[0] = '\0';
	for (i = 0; i < json_array_size(list) && at < len; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		at += (size_t)snprintf(buf + at, len - at, "%s%s", i == 0 ? "" : " ",
		    text == NULL ? "?" : text);
	}
	return buf[0] == '\0' ? "-" : buf;
}

/* Where to break: the last blank that fits, else where the width ends. */
static size_t
line_break(const char *text, size_t width)
{
	size_t i, blank = 0;

	if (strlen(text) <= width)
		return strlen(text);
	for (i = 0; i <= width; i++)
		if (text[i] == ' ')
			blank = i;
	if (blank != 0)
		return blank;
	for (i = width; i > 1 && ((unsigned char)text[i] & 0xc0u) == 0x80u; i--)
		continue;
	return i;
}

void
print_line(FILE *out, const char *name, const char *format, ...)
{
	const size_t width = TABLE_WIDTH - NAME_WIDTH - 3;
	char text[LINE_LEN];
	const char *rest = text;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	do {
		size_t n = line_break(rest, width);

		fprintf(out, "  %-*s %.*s\n", NAME_WIDTH, name, (int)n, rest);
		rest += n;
		while (*rest == ' ')
			rest++;
		name = "";
	} while (*rest != '\0');
}

void
print_result(const json_t *result, FILE *out)
{
	const char *peer = json_string_value(json_object_get(result, "peer"));
	const char *done = json_string_value(json_object_get(result, "result"));
	const char *level = json_string_value(json_object_get(result, "level"));
	const char *version = json_string_value(json_object_get(result, "version"));

	if (peer != NULL)
		fprintf(out, "%s: %s\n", peer, field_text(result, "result"));
	else if (level != NULL)
		fprintf(out, "log level %s\n", level);
	else if (version != NULL)
		fprintf(out, "bgpd %s\n", version);
	else if (done != NULL)
		fprintf(out, "%s\n", done);
}

void
view_init(struct view *view, enum view_kind kind)
{
	*view = (struct view){ .kind = kind, .kept = json_array() };
	if (kind == VIEW_KERNEL)
		view->states = json_object();
}

void
view_add(struct view *view, json_t *object)
{
	view->n++;
	switch (view->kind) {
	case VIEW_PEERS: peers_add(view, object); break;
	case VIEW_ROUTES: routes_add(view, object); break;
	case VIEW_KERNEL: kernel_add(view, object); break;
	case VIEW_GROUPS: groups_add(view, object); break;
	default: json_array_append(view->kept, object); break;
	}
}

static void
print_kept(enum view_kind kind, const json_t *object, FILE *out)
{
	switch (kind) {
	case VIEW_ROUTER: print_router(object, out); break;
	case VIEW_PEER: print_peer(object, out); break;
	case VIEW_ROUTE_RECORDS: print_route_record(object, out); break;
	case VIEW_MEMORY: print_memory(object, out); break;
	case VIEW_EXPLAIN: print_explain(object, out); break;
	default: print_result(object, out); break;
	}
}

void
view_end(struct view *view, FILE *out)
{
	size_t i;

	for (i = 0; i < json_array_size(view->kept); i++)
		print_kept(view->kind, json_array_get(view->kept, i), out);
	switch (view->kind) {
	case VIEW_PEERS: peers_end(view, out); break;
	case VIEW_ROUTES: routes_end(view, out); break;
	case VIEW_KERNEL: kernel_end(view, out); break;
	case VIEW_GROUPS: groups_end(view, out); break;
	case VIEW_ROUTE_RECORDS:
		if (view->n == 0)
			fprintf(out, "no route\n");
		break;
	default: break;
	}
}

void
view_free(struct view *view)
{
	rows_free(&view->rows);
	json_decref(view->kept);
	json_decref(view->states);
	*view = (struct view){ .kind = view->kind };
}
