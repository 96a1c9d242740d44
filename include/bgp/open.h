/* SPDX-License-Identifier: BSD-2-Clause
 *
 * OPEN (RFC 4271 4.2) and capabilities (RFC 5492, extended lengths RFC 9072): decode,
 * encode, and what two OPENs agree on.
 *
 * Unknown capabilities are ignored; a malformed known one is ignored or refused as the
 * table in open.c says (AS4 is refused, the informational ones are ignored).
 */
#ifndef BGP_OPEN_H
#define BGP_OPEN_H

#include "bgp/message.h"

enum capability_code {
	CAPABILITY_MULTIPROTOCOL = 1,
	CAPABILITY_ROUTE_REFRESH = 2,
	CAPABILITY_EXTENDED_NEXT_HOP = 5,
	CAPABILITY_EXTENDED_MESSAGE = 6,
	CAPABILITY_ROLE = 9,
	CAPABILITY_GRACEFUL_RESTART = 64,
	CAPABILITY_AS4 = 65,
	CAPABILITY_ADD_PATH = 69,
	CAPABILITY_ENHANCED_REFRESH = 70,
	CAPABILITY_LONG_LIVED_RESTART = 71,
	CAPABILITY_FQDN = 73,
};

enum { AS_TRANS = 23456, FQDN_MAX_LEN = 255 };

/* Send/Receive of RFC 7911 4. */
enum add_path { ADD_PATH_RECEIVE = 1, ADD_PATH_SEND = 2 };

/* One speaker's OPEN, decoded or about to be encoded. */
struct open {
	uint32_t as; /* 4-octet AS from the capability, else My Autonomous System */
	uint16_t hold_time_s;
	uint32_t bgp_id; /* host order */

	bool families[FAMILY_COUNT]; /* multiprotocol; IPv4 alone where none is sent */
	bool as4;
	bool route_refresh;
	bool enhanced_refresh;  /* RFC 7313 */
	bool extended_message;  /* RFC 8654 */
	bool extended_next_hop; /* RFC 8950 4: IPv6 next hops for IPv4 unicast */

	bool graceful_restart; /* RFC 4724 3: the capability is there */
	bool restarting;       /* R bit */
	bool notification_gr;  /* N bit, RFC 8538 */
	uint16_t restart_time_s;
	bool gr_families[FAMILY_COUNT]; /* listed in the capability */
	bool forwarding[FAMILY_COUNT];  /* F bit, forwarding state preserved */

	bool long_lived_restart; /* RFC 9494 3.1: with the capability above alone */
	bool ll_families[FAMILY_COUNT];
	bool ll_forwarding[FAMILY_COUNT];
	uint32_t ll_stale_time_s[FAMILY_COUNT]; /* 24 bits */

	uint8_t add_path[FAMILY_COUNT]; /* RFC 7911 4: bits of enum add_path */

	char hostname[FQDN_MAX_LEN + 1]; /* FQDN capability, printable; "" is none */
	char domain[FQDN_MAX_LEN + 1];
};

/*
 * Decodes and checks what can be judged without the configuration (RFC 4271 6.2):
 * version, hold time 1 and 2, BGP identifier 0, parameters and capabilities, AS 0
 * (RFC 7607).  False: `error` is set and `out` is undefined.
 */
bool open_get(struct slice body, struct open *out, struct bgp_error *error);
/* A whole message.  The RFC 9072 form is used only where 255 octets do not do. */
void open_put(struct wcur *out, const struct open *open);

/* What both sides announced. */
struct session_params {
	bool families[FAMILY_COUNT];
	bool as4;
	bool route_refresh;
	bool enhanced_refresh;
	bool extended_message;
	bool extended_next_hop;
	uint8_t add_path[FAMILY_COUNT]; /* what we may do: bits of enum add_path */
	uint16_t hold_time_s;           /* the smaller; 0: no keepalives */
	uint16_t keepalive_s;           /* a third of it */
};

struct session_params
open_negotiate(const struct open *ours, const struct open *theirs);

#endif
