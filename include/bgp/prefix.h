/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses and prefixes of the two unicast families, as plain values.
 *
 * Every other module compares prefixes with prefix_equal() and hashes them with
 * prefix_hash(); both rely on one rule: bits behind the prefix length, and
 * octets behind the family's address length, are always zero.
 */
#ifndef BGP_PREFIX_H
#define BGP_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family {
	FAMILY_IPV4,
	FAMILY_IPV6,
	FAMILY_COUNT,
	FAMILY_NONE = FAMILY_COUNT, /* struct addr: "no address" */
};

/* Network byte order; an IPv4 address fills the first four octets. */
struct addr {
	uint8_t family; /* enum family */
	uint8_t bytes[16];
};

struct prefix {
	uint8_t family; /* enum family, never FAMILY_NONE */
	uint8_t bits;
	uint8_t bytes[16];
};

/* Long enough for any text below, with its terminating NUL. */
#define ADDR_TEXT_LEN 46
#define PREFIX_TEXT_LEN 50

/* 32 or 128. */
static inline unsigned
family_max_bits(enum family family)
{
	return family == FAMILY_IPV4 ? 32u : 128u;
}

/* 4 or 16 octets. */
static inline size_t
family_addr_len(enum family family)
{
	return family == FAMILY_IPV4 ? 4u : 16u;
}

/* "ipv4" or "ipv6". */
const char *family_name(enum family family);

/* An address of FAMILY_NONE. */
struct addr addr_none(void);
struct addr addr_ipv4(uint32_t host_order);
/* `bytes` holds family_addr_len() octets. */
struct addr addr_from_bytes(enum family family, const uint8_t *bytes);
/* Host order; 0 for anything but IPv4. */
uint32_t addr_to_ipv4(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);
/* Numeric order inside a family, IPv4 before IPv6; <0, 0, >0. */
int addr_compare(const struct addr *a, const struct addr *b);
uint32_t addr_hash(const struct addr *a);
/* fe80::/10 */
bool addr_is_link_local(const struct addr *a);
/*
 * An address a route can point at: not 0.0.0.0/8, 127/8, 224/4 and above, "::",
 * "::1", ff00::/8 or an IPv4-mapped one (RFC 4271 6.3, RFC 4760 3).
 */
bool addr_is_usable_next_hop(const struct addr *a);
/* Dotted quad or RFC 5952 text without a zone.  False and `out` untouched on error. */
bool addr_parse(const char *text, struct addr *out);
/* Writes at most ADDR_TEXT_LEN octets, "-" for FAMILY_NONE; returns `buf`. */
const char *addr_format(const struct addr *a, char *buf);

/* The prefix of `bits` bits that `a` lies in; host bits are cleared. */
struct prefix prefix_of(const struct addr *a, unsigned bits);
struct addr prefix_addr(const struct prefix *p);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
/* By family, address, length: the order of `show`. */
int prefix_compare(const struct prefix *a, const struct prefix *b);
uint32_t prefix_hash(const struct prefix *p);
/* Is `inner` equal to or inside `outer`? */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);
bool prefix_covers_addr(const struct prefix *outer, const struct addr *a);

enum prefix_parse_status {
	PREFIX_PARSE_OK,
	PREFIX_PARSE_BAD,       /* not a prefix */
	PREFIX_PARSE_HOST_BITS, /* bits behind the length are set; `out` is masked */
};
/* "10.0.0.0/8", "fd00::/64"; the length is required. */
enum prefix_parse_status prefix_parse(const char *text, struct prefix *out);
/* Writes at most PREFIX_TEXT_LEN octets; returns `buf`. */
const char *prefix_format(const struct prefix *p, char *buf);

#endif
