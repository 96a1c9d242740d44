/* SPDX-License-Identifier: BSD-2-Clause
 *
 *   type(1) code(1) checksum(2)                                     both
 *   hop limit(1) flags(1) lifetime(2) reachable(4) retransmit(4)    advertisement
 *   reserved(4)                                                     solicitation
 *   options: type(1) length(1, in units of 8 octets) value
 */
#include "ra.h"

#include "bgp/cursor.h"

enum {
	TYPE_SOLICITATION = 133,
	TYPE_ADVERTISEMENT = 134,
	CODE = 0,
	HOP_LIMIT = 64,
	/* RFC 4191 2.2: "low".  We are there to be a neighbour; a host that looks for a
	 * default router has better ones. */
	FLAG_PREFERENCE_LOW = 0x18,
	OPTION_SOURCE_ADDRESS = 1,
	OPTION_UNIT = 8,
};

/* RFC 4861 6.1: an option of length 0 makes the whole message malformed. */
static bool
options_are_good(struct rcur *in)
{
	while (rcur_left(in) > 0) {
		size_t len;

		rcur_u8(in);
		len = rcur_u8(in) * (size_t)OPTION_UNIT;
		if (len == 0)
			return false;
		rcur_take(in, len - 2);
		if (in->failed)
			return false;
	}
	return !in->failed;
}

static bool
head_is(struct rcur *in, uint8_t type)
{
	bool good = rcur_u8(in) == type;

	good = rcur_u8(in) == CODE && good;
	rcur_u16(in);
	return good && !in->failed;
}

bool
ra_get(const uint8_t *octets, size_t len, struct ra *out)
{
	struct rcur in = rcur_of_slice((struct slice){ octets, len });
	uint16_t lifetime_s;

	if (!head_is(&in, TYPE_ADVERTISEMENT))
		return false;
	rcur_u16(&in); /* hop limit, flags: for hosts */
	lifetime_s = rcur_u16(&in);
	rcur_u32(&in);
	rcur_u32(&in);
	if (in.failed || !options_are_good(&in))
		return false;
	out->lifetime_s = lifetime_s;
	return true;
}

bool
rs_get(const uint8_t *octets, size_t len)
{
	struct rcur in = rcur_of_slice((struct slice){ octets, len });

	if (!head_is(&in, TYPE_SOLICITATION))
		return false;
	rcur_u32(&in);
	return !in.failed && options_are_good(&in);
}

size_t
ra_put(uint8_t *out, uint16_t lifetime_s, const uint8_t *mac)
{
	struct wcur w = wcur_of(out, RA_MAX_LEN);

	wcur_u8(&w, TYPE_ADVERTISEMENT);
	wcur_u8(&w, CODE);
	wcur_u16(&w, 0);
	wcur_u8(&w, HOP_LIMIT);
	/* RFC 4191 2.2: no preference without a lifetime. */
	wcur_u8(&w, lifetime_s == 0 ? 0 : FLAG_PREFERENCE_LOW);
	wcur_u16(&w, lifetime_s);
	wcur_u32(&w, 0);
	wcur_u32(&w, 0);
	if (mac != NULL) {
		wcur_u8(&w, OPTION_SOURCE_ADDRESS);
		wcur_u8(&w, 1);
		wcur_bytes(&w, mac, RA_MAC_LEN);
	}
	return wcur_len(&w);
}
