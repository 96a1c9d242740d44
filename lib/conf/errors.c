/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The list of what is wrong with a configuration: one finished line an error, put into
 * reading order at the end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/conf_read.h"
#include "bgp/memory.h"

/* Longer than any sentence of ours with a path and two cut values in it. */
enum { LINE_MAX_LEN = 4096 };

void
conf_errors_add(struct conf_errors *errors, uint32_t order, const char *file,
    uint32_t line, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	struct conf_error *error;
	size_t len;
	va_list args;
	int head;

	if (errors->n >= CONF_ERRORS_MAX)
		return;
	head = snprintf(text, sizeof text, "%s:%u: ", file, (unsigned)line);
	if (head < 0 || (size_t)head >= sizeof text)
		head = 0;
	va_start(args, format);
	(void)vsnprintf(text + head, sizeof text - (size_t)head, format, args);
	va_end(args);

	if (errors->n == errors->capacity) {
		errors->capacity = errors->capacity == 0 ? 8 : errors->capacity * 2;
		errors->list =
		    mem_resize(errors->list, errors->capacity, sizeof *errors->list);
	}
	error = &errors->list[errors->n];
	len = strlen(text) + 1;
	error->order = order;
	error->serial = (uint32_t)errors->n++;
	error->text = memcpy(mem_alloc(len), text, len);
}

static int
error_compare(const void *a, const void *b)
{
	const struct conf_error *x = a;
	const struct conf_error *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

void
conf_errors_sort(struct conf_errors *errors)
{
	if (errors->n > 1)
		qsort(errors->list, errors->n, sizeof *errors->list, error_compare);
}

void
conf_errors_free(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->list[i].text);
	free(errors->list);
	memset(errors, 0, sizeof *errors);
}
