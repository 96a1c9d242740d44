/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The list of routes.
 */
#include "fib.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
die(const char *what)
{
	perror(what);
	exit(2);
}

double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
parse(struct route *route, const char *line)
{
	char prefix[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];
	struct in_addr addr, via;
	unsigned len;

	if (sscanf(line, "%15[0-9.]/%u %15[0-9.]", prefix, &len, gateway) != 3 ||
	    len > 32 || inet_pton(AF_INET, prefix, &addr) != 1 ||
	    inet_pton(AF_INET, gateway, &via) != 1)
		return false;
	*route = (struct route){
		.addr = ntohl(addr.s_addr), .gateway = via.s_addr, .len = (uint8_t)len
	};
	return true;
}

static void
make_room(struct routes *routes, size_t *room)
{
	if (routes->n + 1 < *room)
		return;
	*room = *room * 2 + 1024;
	routes->list = realloc(routes->list, *room * sizeof(*routes->list));
	if (routes->list == NULL)
		die("routes");
}

void
routes_read(struct routes *routes, const char *name)
{
	FILE *file = fopen(name, "r");
	char line[64];
	size_t room = 0;

	*routes = (struct routes){ 0 };
	if (file == NULL)
		die(name);
	for (make_room(routes, &room); fgets(line, sizeof(line), file) != NULL;
	     make_room(routes, &room))
		if (!parse(&routes->list[routes->n++], line)) {
			fprintf(stderr, "%s: no route of IPv4: %s", name, line);
			exit(2);
		}
	if (ferror(file))
		die(name);
	fclose(file);
}

static int
compare(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (int)x->len - (int)y->len;
}

void
routes_sort(struct routes *routes)
{
	qsort(routes->list, routes->n, sizeof(*routes->list), compare);
}

struct route *
routes_find(const struct routes *routes, uint32_t addr, unsigned len)
{
	const struct route key = { .addr = addr, .len = (uint8_t)len };

	return bsearch(&key, routes->list, routes->n, sizeof(key), compare);
}
