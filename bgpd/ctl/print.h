/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The daemon's JSON objects as text for people: 80 columns, a headline, totals.  A view
 * is given each object as it comes and prints when all are there.
 *
 * Knows the fields of the objects; knows nothing of sockets and commands.
 */
#ifndef BGPCTL_PRINT_H
#define BGPCTL_PRINT_H

#include <stdio.h>

#include <jansson.h>

#include "rows.h"

enum view_kind {
	VIEW_RESULT, /* of an order: a sentence */
	VIEW_ROUTER,
	VIEW_PEERS,
	VIEW_PEER,
	VIEW_ROUTES,        /* a table */
	VIEW_ROUTE_RECORDS, /* the paths of one prefix, in full */
	VIEW_KERNEL,
	VIEW_GROUPS,
	VIEW_MEMORY,
	VIEW_EXPLAIN,
};

struct view {
	enum view_kind kind;
	struct rows rows;                    /* cells, see table.h */
	unsigned long n;                     /* objects */
	json_t *kept;                        /* objects that make no table */
	unsigned long established, disabled; /* VIEW_PEERS */
	unsigned long installed;             /* VIEW_ROUTES */
	unsigned long long_lived;            /* … of them are long-lived stale */
	json_t *states; /* VIEW_KERNEL: how many there are of each */
};

void view_init(struct view *view, enum view_kind kind);
void view_add(struct view *view, json_t *object);
void view_end(struct view *view, FILE *out);
void view_free(struct view *view);

/* ---- the printers ---- */
void print_router(const json_t *router, FILE *out);
void print_memory(const json_t *memory, FILE *out);
void print_result(const json_t *result, FILE *out);
void print_peer(const json_t *peer, FILE *out);
void print_explain(const json_t *answer, FILE *out);
void print_route_record(const json_t *route, FILE *out);

void peers_add(struct view *view, const json_t *peer);
void peers_end(struct view *view, FILE *out);
void routes_add(struct view *view, const json_t *route);
void routes_end(struct view *view, FILE *out);
void kernel_add(struct view *view, const json_t *route);
void kernel_end(struct view *view, FILE *out);
void groups_add(struct view *view, const json_t *group);
void groups_end(struct view *view, FILE *out);

/* ---- fields ---- */
/* "-" where the field is null, absent or no string. */
const char *field_text(const json_t *object, const char *key);
/* `missing` where it is null, absent or no number. */
json_int_t field_number(const json_t *object, const char *key, json_int_t missing);
bool field_is_true(const json_t *object, const char *key);
/* The field as decimal digits, "-" without; returns `buf` of 24 octets. */
const char *field_digits(const json_t *object, const char *key, char *buf);
/* A field of seconds as a duration, "-" without; returns `buf` of DURATION_LEN. */
const char *field_duration(const json_t *object, const char *key, char *buf);
/* The texts of an array with blanks between, at most `len` octets; returns `buf`. */
const char *field_list(const json_t *object, const char *key, char *buf, size_t len);

/* "  name            text", `text` broken at blanks to stay within the width. */
void print_line(FILE *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
