/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Answers that are kept until all are there: a text each, JSON or the cells of a table,
 * with a prefix to sort by.  The daemon sends routes in the order of its memory, the
 * paths of one prefix together and the best one first; sorting keeps that.
 */
#ifndef BGPCTL_ROWS_H
#define BGPCTL_ROWS_H

#include "bgp/prefix.h"

struct row {
	struct prefix prefix;
	uint32_t order; /* of arrival */
	char *text;     /* owned */
};

struct rows {
	struct row *items;
	size_t n, room;
};

/* Takes `text`.  `prefix` is NULL for what is not sorted. */
void rows_add(struct rows *rows, const struct prefix *prefix, char *text);
/* By family, address, length, then arrival. */
void rows_sort(struct rows *rows);
void rows_free(struct rows *rows);

#endif
