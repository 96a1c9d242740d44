/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NLRI fields: one prefix in, one prefix out, and the check of a whole field.
 *
 * update.c checks each field once; readers behind it walk with nlri_get() and need not
 * look for errors.  What a family is worth, or who sent it, is not known here.
 */
#include "bgp/nlri.h"

static size_t
octets_of(unsigned bits)
{
	return (bits + 7u) / 8u;
}

/*
 * Trailing bits are cleared: RFC 4271 4.3 calls their value irrelevant, and prefixes
 * are compared octet by octet.
 */
bool
nlri_get(struct rcur *in, enum family family, bool add_path, struct nlri *out)
{
	struct nlri n = { .prefix.family = (uint8_t)family };
	const uint8_t *octets;
	size_t len;

	if (rcur_left(in) == 0)
		return false;
	if (add_path)
		n.path_id = rcur_u32(in);
	n.prefix.bits = rcur_u8(in);
	if (n.prefix.bits > family_max_bits(family)) {
		in->failed = true;
		return false;
	}
	len = octets_of(n.prefix.bits);
	octets = rcur_take(in, len); /* fails, too, if an earlier read did */
	if (octets == NULL)
		return false;
	memcpy(n.prefix.bytes, octets, len);
	if (n.prefix.bits % 8u != 0)
		n.prefix.bytes[len - 1] &= (uint8_t)(0xff00u >> n.prefix.bits % 8u);
	*out = n;
	return true;
}

/* Looks at the length octets alone: this runs over every prefix of every UPDATE. */
bool
nlri_check(struct slice field, enum family family, bool add_path)
{
	const size_t id_len = add_path ? 4 : 0;
	const unsigned max_bits = family_max_bits(family);
	size_t at = 0;

	while (at < field.len) {
		unsigned bits;

		if (field.len - at <= id_len)
			return false;
		bits = field.at[at + id_len];
		at += id_len + 1;
		if (bits > max_bits || field.len - at < octets_of(bits))
			return false;
		at += octets_of(bits);
	}
	return true;
}

void
nlri_put(struct wcur *out, const struct prefix *prefix, bool add_path, uint32_t path_id)
{
	if (add_path)
		wcur_u32(out, path_id);
	wcur_u8(out, prefix->bits);
	wcur_bytes(out, prefix->bytes, octets_of(prefix->bits));
}

size_t
nlri_len(const struct prefix *prefix, bool add_path)
{
	return (add_path ? 4u : 0u) + 1u + octets_of(prefix->bits);
}
