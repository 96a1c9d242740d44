/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Communities as text: standard (RFC 1997), extended (RFC 4360, 5668) and large
 * (RFC 8092), in the spelling of the configuration.
 *
 * Callers are `show` and the filters; what a community does is not known here.
 */
#include "bgp/attrs.h"
#include "text.h"

static const struct {
	uint32_t community;
	const char *name;
} well_known[] = {
	{ 0xffff0000, "graceful-shutdown" },   /* RFC 8326 */
	{ 0xffff0001, "accept-own" },          /* RFC 7611 */
	{ 0xffff0006, "llgr-stale" },          /* RFC 9494 */
	{ 0xffff0007, "no-llgr" },             /* RFC 9494 */
	{ 0xffff029a, "blackhole" },           /* RFC 7999 */
	{ 0xffffff01, "no-export" },           /* RFC 1997 */
	{ 0xffffff02, "no-advertise" },        /* RFC 1997 */
	{ 0xffffff03, "no-export-subconfed" }, /* RFC 1997 */
	{ 0xffffff04, "no-peer" },             /* RFC 3765 */
};

/* Types and sub-types of extended communities, RFC 7153. */
enum {
	EXT_AS2 = 0,
	EXT_IPV4 = 1,
	EXT_AS4 = 2,
	EXT_ROUTE_TARGET = 2,
	EXT_ROUTE_ORIGIN = 3,
	EXT_LEN = 8,
};

size_t
community_format(uint32_t community, char *buf, size_t len)
{
	struct text text = text_of(buf, len);

	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
		if (community == well_known[i].community) {
			text_put(&text, well_known[i].name);
			return text_end(&text);
		}
	}
	text_put_u32(&text, community >> 16);
	text_put(&text, ":");
	text_put_u32(&text, community & UINT16_MAX);
	return text_end(&text);
}

static void
put_dotted_quad(struct text *text, const uint8_t *octets)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			text_put(text, ".");
		text_put_u32(text, octets[i]);
	}
}

static void
put_hex(struct text *text, const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	text_put(text, "0x");
	for (size_t i = 0; i < len; i++) {
		text_put_char(text, digits[octets[i] >> 4]);
		text_put_char(text, digits[octets[i] & 15]);
	}
}

size_t
ext_community_format(const uint8_t *community, char *buf, size_t len)
{
	struct text text = text_of(buf, len);
	uint8_t type = community[0], subtype = community[1];
	const uint8_t *value = community + 2;

	if (type > EXT_AS4 ||
	    (subtype != EXT_ROUTE_TARGET && subtype != EXT_ROUTE_ORIGIN)) {
		put_hex(&text, community, EXT_LEN);
		return text_end(&text);
	}
	text_put(&text, subtype == EXT_ROUTE_TARGET ? "rt:" : "soo:");
	if (type == EXT_AS2)
		text_put_u32(&text, get_u16(value));
	else if (type == EXT_IPV4)
		put_dotted_quad(&text, value);
	else
		text_put_u32(&text, get_u32(value));
	text_put(&text, ":");
	text_put_u32(&text, type == EXT_AS2 ? get_u32(value + 2) : get_u16(value + 4));
	return text_end(&text);
}

size_t
large_community_format(const uint8_t *community, char *buf, size_t len)
{
	struct text text = text_of(buf, len);

	text_put(&text, "large");
	for (unsigned i = 0; i < 3; i++) {
		text_put(&text, ":");
		text_put_u32(&text, get_u32(community + 4 * i));
	}
	return text_end(&text);
}
