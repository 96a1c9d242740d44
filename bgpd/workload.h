/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules `kernel { import }`: which routes of the kernel are originated in BGP.
 * Called by kernel_view.c for each prefix whose routes changed; keeps no routes.
 */
#ifndef BGPD_WORKLOAD_H
#define BGPD_WORKLOAD_H

#include "bgp/conf.h"

struct workload_rules;

/* A prefix's imports are a bit each. */
enum { WORKLOAD_RULES_MAX = 64 };

/* A copy of the imports; NULL, with `err`, when there are more than can be served. */
struct workload_rules *
workload_rules_new(const struct conf_kernel *conf, char *err, size_t errlen);
void workload_rules_free(struct workload_rules *rules);

/* What the rules look at. */
struct workload_route {
	struct prefix prefix;
	uint8_t protocol;
	uint8_t type; /* RTN_UNICAST ... */
	unsigned n_devices;
	const char *const *devices; /* names of the output devices */
};

/* Bit i: import i takes the route. */
uint64_t
workload_match(const struct workload_rules *rules, const struct workload_route *route);

/* Does some import ask for routes of this type? */
bool workload_wants_type(const struct workload_rules *rules, uint8_t type);

#endif
