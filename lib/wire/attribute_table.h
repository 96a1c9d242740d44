/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The attribute table's face towards update.c; nobody outside lib/wire includes it.
 */
#ifndef WIRE_ATTRIBUTE_TABLE_H
#define WIRE_ATTRIBUTE_TABLE_H

#include "bgp/update.h"

/* What one attribute, looked at alone, is worth. */
struct attribute_verdict {
	uint8_t action; /* enum attribute_action */
	uint8_t
	    subcode; /* enum notify_update_subcode, should it come to a NOTIFICATION */
	const char *what; /* NULL with ACTION_NONE */
};

/* By its row of the table; an unknown type by its Optional flag. */
struct attribute_verdict attribute_judge(
    const struct attribute *attribute, const struct update_context *context);

/* The verdict on an attribute whose value breaks its syntax in a way found elsewhere:
 * the reaction stays the table's. */
struct attribute_verdict attribute_malformed(
    uint8_t type, const struct update_context *context, const char *what);

#endif
