/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses and prefixes of the two unicast families: compare, hash, mask, and the text
 * of prefixes (that of addresses is in addr_text.c).  Used by every layer.
 */
#include "bgp/prefix.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert(ADDR_TEXT_LEN >= sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
    "room for any address");
static_assert(
    PREFIX_TEXT_LEN >= ADDR_TEXT_LEN + sizeof("/128") - 1, "room for any prefix");
static_assert(sizeof(struct prefix) == 18, "no padding to hash or compare");

const char *
family_name(enum family family)
{
	static const char *const names[] = { "ipv4", "ipv6" };

	return family < FAMILY_COUNT ? names[family] : "none";
}

struct addr
addr_none(void)
{
	return (struct addr){ .family = FAMILY_NONE };
}

struct addr
addr_ipv4(uint32_t host_order)
{
	return (struct addr){ FAMILY_IPV4,
		{ (uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
		    (uint8_t)(host_order >> 8), (uint8_t)host_order } };
}

struct addr
addr_from_bytes(enum family family, const uint8_t *bytes)
{
	struct addr a = { .family = (uint8_t)family };

	assert(family < FAMILY_COUNT);
	memcpy(a.bytes, bytes, family_addr_len(family));
	return a;
}

uint32_t
addr_to_ipv4(const struct addr *a)
{
	if (a->family != FAMILY_IPV4)
		return 0;
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	       (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_compare(a, b) == 0;
}

int
addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Peers choose what is hashed: every input bit must reach the low bits of the result,
 * or a table indexed by them degrades on ordinary, regular prefixes. */
static uint32_t
hash_bytes(const uint8_t bytes[16], uint32_t salt)
{
	uint64_t high, low, h;

	memcpy(&high, bytes, sizeof(high));
	memcpy(&low, bytes + sizeof(high), sizeof(low));
	h = (high ^ salt) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h = (h ^ low) * UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h ^ h >> 32);
}

uint32_t
addr_hash(const struct addr *a)
{
	return hash_bytes(a->bytes, a->family);
}

bool
addr_is_link_local(const struct addr *a)
{
	return a->family == FAMILY_IPV6 && a->bytes[0] == 0xfe &&
	       (a->bytes[1] & 0xc0) == 0x80;
}

bool
addr_is_usable_next_hop(const struct addr *a)
{
	static const uint8_t zeros[15], mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *b = a->bytes;

	if (a->family == FAMILY_IPV4)
		return b[0] != 0 && b[0] != 127 && b[0] < 224;
	if (a->family != FAMILY_IPV6)
		return false;
	if (memcmp(b, zeros, sizeof(zeros)) == 0 && b[15] <= 1)
		return false;
	return b[0] != 0xff && memcmp(b, mapped, sizeof(mapped)) != 0;
}

struct prefix
prefix_of(const struct addr *a, unsigned bits)
{
	struct prefix p = { .family = a->family, .bits = (uint8_t)bits };
	unsigned whole = bits / 8;

	assert(a->family < FAMILY_COUNT && bits <= family_max_bits(a->family));
	memcpy(p.bytes, a->bytes, whole);
	if (bits % 8 != 0)
		p.bytes[whole] = (uint8_t)(a->bytes[whole] & 0xff00u >> bits % 8);
	return p;
}

struct addr
prefix_addr(const struct prefix *p)
{
	return addr_from_bytes(p->family, p->bytes);
}

bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int
prefix_compare(const struct prefix *a, const struct prefix *b)
{
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	return order != 0 ? order : (int)a->bits - (int)b->bits;
}

uint32_t
prefix_hash(const struct prefix *p)
{
	return hash_bytes(p->bytes, (uint32_t)p->family << 8 | p->bits);
}

/* Are the first `bits` bits alike? */
static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((a[whole] ^ b[whole]) & 0xff00u >> bits % 8 & 0xffu) == 0;
}

bool
prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->bits <= inner->bits &&
	       bits_equal(outer->bytes, inner->bytes, outer->bits);
}

bool
prefix_covers_addr(const struct prefix *outer, const struct addr *a)
{
	return outer->family == a->family &&
	       bits_equal(outer->bytes, a->bytes, outer->bits);
}

/* Decimal digits alone, no sign, no blank, no leading zero, at most `max`. */
static bool
bits_parse(const char *text, unsigned max, unsigned *bits)
{
	unsigned value = 0;
	const char *at;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return false;
		value = value * 10 + (unsigned)(*at - '0');
		if (value > max)
			return false;
	}
	*bits = value;
	return true;
}

enum prefix_parse_status
prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	char host[ADDR_TEXT_LEN];
	struct addr a, masked;
	unsigned bits;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(host))
		return PREFIX_PARSE_BAD;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (!addr_parse(host, &a) ||
	    !bits_parse(slash + 1, family_max_bits(a.family), &bits))
		return PREFIX_PARSE_BAD;
	*out = prefix_of(&a, bits);
	masked = prefix_addr(out);
	return addr_equal(&a, &masked) ? PREFIX_PARSE_OK : PREFIX_PARSE_HOST_BITS;
}

const char *
prefix_format(const struct prefix *p, char *buf)
{
	struct addr a = prefix_addr(p);
	size_t len = strlen(addr_format(&a, buf));

	snprintf(buf + len, PREFIX_TEXT_LEN - len, "/%u", (unsigned)p->bits);
	return buf;
}
