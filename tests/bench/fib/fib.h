/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What fibwatch and fibfloor share: the list of routes that the kernel has to have, and
 * rtnetlink sockets.
 */
#ifndef FIB_H
#define FIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIFETIME_S = 900 }; /* both end by themselves */

struct route {
	uint32_t addr;    /* host order */
	uint32_t gateway; /* network order */
	uint8_t len;
	bool seen;
};

struct routes {
	struct route *list; /* has room for one more */
	size_t n;
};

_Noreturn void die(const char *what);
double now_s(void); /* CLOCK_MONOTONIC */

/* ---- routes.c ---- */

/* A prefix and its gateway a line, as bgpblast --list writes them. */
void routes_read(struct routes *routes, const char *file);
void routes_sort(struct routes *routes);
/* NULL: it is none of them.  They must be sorted. */
struct route *routes_find(const struct routes *routes, uint32_t addr, unsigned len);

/* ---- netlink.c ---- */

/* A socket of so large buffers; `groups`: RTMGRP_*. */
int netlink_socket(unsigned groups, int octets);

/* ---- check.c ---- */

struct check {
	size_t held, missing, wrong, extra;
	bool torn; /* the table changed meanwhile: it says little */
};

/* Compares the main table with the list.  Routes of the kernel's own are left out. */
struct check check_table(struct routes *routes);

#endif
