/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an attribute set says, read off its block once, for attrs.c.
 */
#ifndef LIB_ATTR_SUMMARY_H
#define LIB_ATTR_SUMMARY_H

#include "bgp/attrs.h"

/*
 * Fills the fields from local_pref to origin.  False: the block is not canonical (a
 * length is wrong, the order of types is) or its AS_PATH has more than
 * AS_PATH_MAX_AS AS numbers.
 */
bool attrs_summarise(struct attrs *a);

#endif
