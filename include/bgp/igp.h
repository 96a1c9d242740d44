/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A route that somebody else put into the kernel, as far as the resolution of next hops
 * needs it: the best of its prefix, by metric.
 */
#ifndef BGP_IGP_H
#define BGP_IGP_H

#include "bgp/prefix.h"

struct igp_route {
	struct prefix prefix;
	uint32_t metric;
	struct addr gateway; /* FAMILY_NONE: on link */
	uint32_t ifindex;
	bool connected; /* the subnet of an address of ours */
};

#endif
