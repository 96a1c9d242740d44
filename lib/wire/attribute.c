/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A reader and a writer over path attribute blocks (RFC 4271 4.3).
 *
 * Splits and joins headers; what a type means and what a bad one costs stands in
 * attribute_table.c.
 */
#include "bgp/attribute.h"

bool
attribute_next(struct rcur *block, struct attribute *out)
{
	const uint8_t *at = block->at;
	size_t left = rcur_left(block);
	size_t header, len;

	if (left == 0)
		return false;
	header = (at[0] & ATTRIBUTE_EXTENDED_LEN) != 0 ? 4 : 3;
	if (left < header) {
		block->failed = true;
		return false;
	}
	len = header == 4 ? get_u16(at + 2) : at[2];
	if (left - header < len) {
		block->failed = true;
		return false;
	}
	out->flags = at[0];
	out->type = at[1];
	out->value = (struct slice){ at + header, len };
	out->whole = (struct slice){ at, header + len };
	block->at += header + len;
	return true;
}

bool
attribute_find(struct slice block, uint8_t type, struct attribute *out)
{
	struct rcur in = rcur_of_slice(block);
	struct attribute a;

	while (attribute_next(&in, &a)) {
		if (a.type == type) {
			*out = a;
			return true;
		}
	}
	return false;
}

void
attribute_put_header(struct wcur *out, uint8_t flags, uint8_t type, size_t len)
{
	if (len > UINT16_MAX) {
		out->failed = true;
		return;
	}
	flags &= (uint8_t)~ATTRIBUTE_EXTENDED_LEN;
	if (len > UINT8_MAX)
		flags |= ATTRIBUTE_EXTENDED_LEN;
	wcur_u8(out, flags);
	wcur_u8(out, type);
	if (len > UINT8_MAX)
		wcur_u16(out, (uint16_t)len);
	else
		wcur_u8(out, (uint8_t)len);
}

void
attribute_put(
    struct wcur *out, uint8_t flags, uint8_t type, const void *value, size_t len)
{
	attribute_put_header(out, flags, type, len);
	if (!out->failed)
		wcur_bytes(out, value, len);
}
