/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Router advertisements and solicitations (RFC 4861 4.1, 4.2) as octets: what
 * unnumbered peers are found by.  Knows no socket; unnumbered.c has that.
 */
#ifndef BGPD_RA_H
#define BGPD_RA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RA_MAX_LEN = 64, RA_MAC_LEN = 6 };

struct ra {
	uint16_t lifetime_s; /* 0: no default router; it may be a neighbour all the same
			      */
};

/*
 * The ICMPv6 message behind the IPv6 header.  False: not a router advertisement, or one
 * that RFC 4861 6.1.2 has dropped in silence; `out` is then untouched.  Source, hop
 * limit and checksum are the caller's and the kernel's to check.
 */
bool ra_get(const uint8_t *octets, size_t len, struct ra *out);
/* The same of a router solicitation (6.1.1). */
bool rs_get(const uint8_t *octets, size_t len);
/*
 * Writes one of ours to `out`, of RA_MAX_LEN octets, without a checksum, which the
 * kernel fills in.  `mac` goes along where it is not NULL, so that the neighbour need
 * not ask for it.  Returns the length.
 */
size_t ra_put(uint8_t *out, uint16_t lifetime_s, const uint8_t *mac);

#endif
