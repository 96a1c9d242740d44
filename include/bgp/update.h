/* SPDX-License-Identifier: BSD-2-Clause
 *
 * UPDATE (RFC 4271 4.3, RFC 4760): split into slices and judged by the attribute
 * table (RFC 7606).  No copy, no allocation, no side effect.
 */
#ifndef BGP_UPDATE_H
#define BGP_UPDATE_H

#include "bgp/attribute.h"
#include "bgp/nlri.h"

/* What the judgement depends on; constant over a session. */
struct update_context {
	bool ebgp;
	bool as4;                    /* AS_PATH has 4-octet numbers */
	bool families[FAMILY_COUNT]; /* negotiated; others are ignored */
	bool add_path[FAMILY_COUNT]; /* we receive path identifiers */
	bool accept_as_set;          /* false: AS_SET is treat-as-withdraw, RFC 9774 */
	bool accept_as_zero;         /* false: AS 0 is malformed, RFC 7607 */
	bool extended_next_hop;      /* RFC 8950 negotiated */
	uint32_t
	    enforce_first_as; /* eBGP: AS_PATH must begin with it; 0: not checked */
};

/* One thing that was wrong, for the log and `show peer`. */
struct update_fault {
	uint8_t action;   /* enum attribute_action; ACTION_NONE: nothing was wrong */
	uint8_t type;     /* attribute type, 0: not an attribute's fault */
	const char *what; /* static text: "length 3 is not a multiple of 4" style */
	struct slice at;  /* the octets at fault */
};

#define UPDATE_MAX_DISCARDED 8

struct update {
	struct slice withdrawn; /* IPv4 NLRI fields, well formed when verdict < RESET */
	struct slice nlri;
	struct slice mp_withdrawn; /* of MP_UNREACH, MP_REACH; empty where absent or */
	struct slice mp_nlri;      /* of a family that was not negotiated */
	uint8_t mp_withdrawn_family;
	uint8_t mp_family;
	struct slice mp_next_hop; /* 4, 16 or 32 octets */
	struct slice next_hop;    /* NEXT_HOP, 4 octets or empty */

	struct slice attributes; /* the whole block as received; may hold duplicates, MP
				  * attributes and what is to be discarded: readers skip
				  * by update_keeps() */
	uint8_t keep[32]; /* bit a type: carried on (first of its type, not discarded,
			   * not NEXT_HOP, MP_REACH, MP_UNREACH) */
	bool end_of_rib;
	uint8_t end_of_rib_family;

	enum attribute_action verdict;
	struct update_fault fault;               /* the worst one */
	uint8_t discarded[UPDATE_MAX_DISCARDED]; /* attribute types discarded (7606) */
	uint8_t n_discarded;
	struct bgp_error error; /* for ACTION_RESET */
};

static inline bool
update_keeps(const struct update *u, uint8_t type)
{
	return (u->keep[type / 8] >> type % 8 & 1) != 0;
}

/*
 * Fills `out`.  With verdict
 *   NONE, DISCARD  withdraw what is withdrawn, announce what is announced;
 *   WITHDRAW       withdraw the announced prefixes as well;
 *   RESET          send `error`, end the session.
 * Both NLRI fields and both MP fields are walked and checked here, so that readers
 * need not.  Slices point into `body`.
 */
void
update_get(struct slice body, const struct update_context *context, struct update *out);

#endif
