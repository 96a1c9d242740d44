/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is well formed and what a malformed attribute costs: one table, a row an
 * attribute (RFC 7606 7 and the attribute's own RFC).  update.c asks for a verdict and
 * adds what only the whole message shows: duplicates, what is missing, NLRI.
 *
 * No row, no interest: an attribute that is not used here is carried as it came,
 * however odd its value (RFC 4271 9).
 */
#include "attribute_table.h"
#include "bgp/open.h"

#include <stdio.h>

/*
 * The value's check where its length does not do.  NULL: well formed.  `action` comes
 * in as the row's reaction and is changed where an RFC asks for another one.
 */
typedef const char *value_check(struct slice value,
    const struct update_context *context, enum attribute_action *action);

/* Whose attribute is taken at all; anybody else's is discarded unread. */
enum attribute_scope {
	FROM_ANYONE,
	FROM_IBGP,
	FROM_AS2, /* a session with 2-octet AS numbers */
};

struct attribute_rule {
	const char *name;
	const char *length_text; /* what a wrong length is called */
	value_check *check;
	uint16_t min, max; /* octets of value */
	uint8_t unit;      /* and a multiple of this */
	uint8_t flags;     /* Optional and Transitive, as they must be */
	uint8_t scope;     /* enum attribute_scope */
	uint8_t action[2]; /* enum attribute_action of a malformed one: iBGP, eBGP */
	uint8_t subcode;   /* enum notify_update_subcode of a bad value */
};

static value_check origin_check, as_path_check, next_hop_check, aggregator_check,
    as4_path_check, as4_aggregator_check, otc_check, prefix_sid_check;

enum { FLAGS_MASK = ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE };

#define WELL_KNOWN .flags = ATTRIBUTE_TRANSITIVE
#define OPTIONAL_TRANSITIVE .flags = ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE
#define OPTIONAL_LOCAL .flags = ATTRIBUTE_OPTIONAL
#define EXACTLY(n) .min = (n), .max = (n), .unit = 1, .length_text = "length is not " #n
#define SOME_OF(n)                                  \
	.min = (n), .max = UINT16_MAX, .unit = (n), \
	.length_text = "length is not a multiple of " #n " above 0"
#define AT_LEAST(n)                               \
	.min = (n), .max = UINT16_MAX, .unit = 1, \
	.length_text = "length is less than " #n
#define REACTION(ibgp, ebgp) .action = { ACTION_##ibgp, ACTION_##ebgp }

/* clang-format off */
static const struct attribute_rule rules[] = {
	[ATTRIBUTE_ORIGIN] = {           /* RFC 7606 7.1 */
		.name = "ORIGIN", WELL_KNOWN, EXACTLY(1), .check = origin_check,
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_ORIGIN },
	[ATTRIBUTE_AS_PATH] = {          /* RFC 7606 7.2; empty in iBGP alone */
		.name = "AS_PATH", WELL_KNOWN, AT_LEAST(0), .check = as_path_check,
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_AS_PATH },
	[ATTRIBUTE_NEXT_HOP] = {         /* RFC 7606 7.3 */
		.name = "NEXT_HOP", WELL_KNOWN, EXACTLY(4), .check = next_hop_check,
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_NEXT_HOP },
	[ATTRIBUTE_MED] = {              /* RFC 7606 7.4 */
		.name = "MED", OPTIONAL_LOCAL, EXACTLY(4),
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_LOCAL_PREF] = {       /* RFC 7606 7.5 */
		.name = "LOCAL_PREF", WELL_KNOWN, EXACTLY(4), .scope = FROM_IBGP,
		REACTION(WITHDRAW, DISCARD), .subcode = UPDATE_BAD_LENGTH },
	[ATTRIBUTE_ATOMIC_AGGREGATE] = { /* RFC 7606 7.6 */
		.name = "ATOMIC_AGGREGATE", WELL_KNOWN, EXACTLY(0),
		REACTION(DISCARD, DISCARD), .subcode = UPDATE_BAD_LENGTH },
	[ATTRIBUTE_AGGREGATOR] = {       /* RFC 7606 7.7 */
		.name = "AGGREGATOR", OPTIONAL_TRANSITIVE, AT_LEAST(0),
		.check = aggregator_check,
		REACTION(DISCARD, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_COMMUNITIES] = {      /* RFC 7606 7.8 */
		.name = "COMMUNITIES", OPTIONAL_TRANSITIVE, SOME_OF(4),
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_ORIGINATOR_ID] = {    /* RFC 7606 7.9 */
		.name = "ORIGINATOR_ID", OPTIONAL_LOCAL, EXACTLY(4), .scope = FROM_IBGP,
		REACTION(WITHDRAW, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_CLUSTER_LIST] = {     /* RFC 7606 7.10 */
		.name = "CLUSTER_LIST", OPTIONAL_LOCAL, SOME_OF(4), .scope = FROM_IBGP,
		REACTION(WITHDRAW, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_MP_REACH] = {         /* RFC 7606 7.11; update.c splits it */
		.name = "MP_REACH_NLRI", OPTIONAL_LOCAL, AT_LEAST(3),
		REACTION(RESET, RESET), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_MP_UNREACH] = {       /* RFC 7606 7.12; update.c splits it */
		.name = "MP_UNREACH_NLRI", OPTIONAL_LOCAL, AT_LEAST(3),
		REACTION(RESET, RESET), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_EXT_COMMUNITIES] = {  /* RFC 7606 7.14 */
		.name = "EXT_COMMUNITIES", OPTIONAL_TRANSITIVE, SOME_OF(8),
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_AS4_PATH] = {         /* RFC 6793 6 */
		.name = "AS4_PATH", OPTIONAL_TRANSITIVE, AT_LEAST(6), .scope = FROM_AS2,
		.check = as4_path_check,
		REACTION(DISCARD, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_AS4_AGGREGATOR] = {   /* RFC 6793 6 */
		.name = "AS4_AGGREGATOR", OPTIONAL_TRANSITIVE, EXACTLY(8),
		.scope = FROM_AS2, .check = as4_aggregator_check,
		REACTION(DISCARD, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_LARGE_COMMUNITIES] = { /* RFC 8092 5 */
		.name = "LARGE_COMMUNITIES", OPTIONAL_TRANSITIVE, SOME_OF(12),
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_OTC] = {              /* RFC 9234 5 */
		.name = "ONLY_TO_CUSTOMER", OPTIONAL_TRANSITIVE, EXACTLY(4),
		.check = otc_check,
		REACTION(WITHDRAW, WITHDRAW), .subcode = UPDATE_BAD_OPTIONAL },
	[ATTRIBUTE_PREFIX_SID] = {       /* RFC 8669 5, 6: never from outside the domain */
		.name = "PREFIX_SID", OPTIONAL_TRANSITIVE, AT_LEAST(3), .scope = FROM_IBGP,
		.check = prefix_sid_check,
		REACTION(DISCARD, DISCARD), .subcode = UPDATE_BAD_OPTIONAL },
};
/* clang-format on */

static const struct attribute_rule *
rule_of(uint8_t type)
{
	if (type >= sizeof(rules) / sizeof(rules[0]) || rules[type].name == NULL)
		return NULL;
	return &rules[type];
}

const char *
attribute_name(uint8_t type, char *buf)
{
	const struct attribute_rule *rule = rule_of(type);

	if (rule != NULL)
		return rule->name;
	snprintf(buf, 16, "attribute %u", type);
	return buf;
}

static const char *
origin_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	(void)context;
	(void)action;
	return value.at[0] > ORIGIN_INCOMPLETE ? "undefined origin" : NULL;
}

/* The types of segment that a path holds, bit 1 << enum segment_type. */
struct path_scan {
	unsigned types;
	unsigned n_as;
	bool has_zero;
};

/* The syntax of AS_PATH and AS4_PATH (RFC 4271 4.3, RFC 7606 7.2). */
static const char *
path_scan(struct slice value, bool as4, struct path_scan *scan)
{
	struct rcur in = rcur_of_slice(value);
	const size_t width = as4 ? 4 : 2;

	*scan = (struct path_scan){ 0 };
	while (rcur_left(&in) > 0) {
		unsigned type = rcur_u8(&in);
		unsigned count = rcur_u8(&in);
		const uint8_t *at = rcur_take(&in, count * width);
		unsigned i;

		if (at == NULL)
			return "segment runs past the end";
		if (type < SEGMENT_SET || type > SEGMENT_CONFED_SET)
			return "undefined segment type";
		if (count == 0)
			return "empty segment";
		for (i = 0; i < count; i++) {
			if ((as4 ? get_u32(at + i * 4) : get_u16(at + i * 2)) == 0)
				scan->has_zero = true;
		}
		scan->types |= 1u << type;
		scan->n_as += count;
	}
	return scan->n_as > AS_PATH_MAX_AS ? "more AS numbers than are taken" : NULL;
}

enum {
	SET_TYPES = 1u << SEGMENT_SET | 1u << SEGMENT_CONFED_SET,
	CONFED_TYPES = 1u << SEGMENT_CONFED_SEQUENCE | 1u << SEGMENT_CONFED_SET,
};

/* RFC 4271 6.3: does the path begin with `as`?  It is not empty and well formed. */
static bool
path_begins_with(struct slice value, bool as4, uint32_t as)
{
	if (value.at[0] != SEGMENT_SEQUENCE)
		return false;
	if (as4)
		return get_u32(value.at + 2) == as;
	return get_u16(value.at + 2) == (as > UINT16_MAX ? AS_TRANS : as);
}

static const char *
as_path_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	struct path_scan scan;
	const char *what = path_scan(value, context->as4, &scan);

	(void)action;
	if (what != NULL)
		return what;
	if (scan.has_zero && !context->accept_as_zero)
		return "AS 0 in the path"; /* RFC 7607 2 */
	if (context->ebgp && value.len == 0)
		return "empty path from an eBGP peer";
	/* RFC 5065 5: we are in no confederation, so nobody's neighbour in one. */
	if (context->ebgp && (scan.types & CONFED_TYPES) != 0)
		return "confederation segment from an eBGP peer";
	if (!context->accept_as_set && (scan.types & SET_TYPES) != 0)
		return "AS_SET in the path";
	if (context->ebgp && context->enforce_first_as != 0 &&
	    !path_begins_with(value, context->as4, context->enforce_first_as))
		return "path does not begin with the peer's AS";
	return NULL;
}

static const char *
as4_path_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	struct path_scan scan;
	const char *what = path_scan(value, true, &scan);

	if (what != NULL)
		return what;
	if (scan.has_zero && !context->accept_as_zero)
		return "AS 0 in the path"; /* RFC 7607 2 */
	/* RFC 9774 3 names AS4_PATH, too: to discard it would hide the set. */
	if (!context->accept_as_set && (scan.types & SET_TYPES) != 0) {
		*action = ACTION_WITHDRAW;
		return "AS_SET in the path";
	}
	return NULL;
}

static const char *
next_hop_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	struct addr a = addr_from_bytes(FAMILY_IPV4, value.at);

	(void)context;
	(void)action;
	return addr_is_usable_next_hop(&a) ? NULL : "not an address of a host";
}

/* RFC 7607 2 */
static const char *
zero_check(uint32_t as, const struct update_context *context)
{
	return as == 0 && !context->accept_as_zero ? "AS 0" : NULL;
}

static const char *
aggregator_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	(void)action;
	if (context->as4) {
		if (value.len != 8)
			return "length is not 8";
		return zero_check(get_u32(value.at), context);
	}
	if (value.len != 6)
		return "length is not 6";
	return zero_check(get_u16(value.at), context);
}

static const char *
as4_aggregator_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	(void)action;
	return zero_check(get_u32(value.at), context);
}

static const char *
otc_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	(void)context;
	(void)action;
	return get_u32(value.at) == 0 ? "AS 0" : NULL;
}

/* RFC 8669 3, 6: a chain of TLVs that ends where the value ends.  Type 0 is reserved.
 */
static const char *
prefix_sid_check(struct slice value, const struct update_context *context,
    enum attribute_action *action)
{
	enum { LABEL_INDEX = 1, LABEL_INDEX_LEN = 7 };
	struct rcur in = rcur_of_slice(value);

	(void)context;
	(void)action;
	while (rcur_left(&in) > 0) {
		uint8_t type = rcur_u8(&in);
		size_t len = rcur_u16(&in);

		if (rcur_take(&in, len) == NULL)
			return "TLV runs past the end";
		if (type == 0)
			return "TLV of type 0";
		if (type == LABEL_INDEX && len != LABEL_INDEX_LEN)
			return "Label-Index TLV length is not 7";
	}
	return NULL;
}

static const char *
scope_fault(const struct attribute_rule *rule, const struct update_context *context)
{
	if (rule->scope == FROM_IBGP && context->ebgp)
		return "not taken from an eBGP peer";
	if (rule->scope == FROM_AS2 && context->as4)
		return "not taken from a peer with 4-octet AS numbers";
	return NULL;
}

struct attribute_verdict
attribute_malformed(
    uint8_t type, const struct update_context *context, const char *what)
{
	const struct attribute_rule *rule = rule_of(type);

	return (struct attribute_verdict){ rule->action[context->ebgp], rule->subcode,
		what };
}

struct attribute_verdict
attribute_judge(const struct attribute *a, const struct update_context *context)
{
	const struct attribute_rule *rule = rule_of(a->type);
	enum attribute_action action;
	const char *what;

	if (rule == NULL) {
		if ((a->flags & ATTRIBUTE_OPTIONAL) != 0)
			return (struct attribute_verdict){ ACTION_NONE, 0, NULL };
		return (struct attribute_verdict){ ACTION_RESET,
			UPDATE_UNKNOWN_WELL_KNOWN, "unknown, and not optional" };
	}
	what = scope_fault(rule, context);
	if (what != NULL)
		return (
		    struct attribute_verdict){ ACTION_DISCARD, rule->subcode, what };
	action = rule->action[context->ebgp];
	if ((a->flags & FLAGS_MASK) != rule->flags) /* RFC 7606 3 c */
		return (struct attribute_verdict){ ACTION_WITHDRAW, UPDATE_BAD_FLAGS,
			"Optional or Transitive flag is wrong" };
	if (a->value.len < rule->min || a->value.len > rule->max ||
	    a->value.len % rule->unit != 0) {
		/* RFC 7606 7.11: MP attributes have one subcode for all. */
		uint8_t subcode =
		    action == ACTION_RESET ? rule->subcode : UPDATE_BAD_LENGTH;

		return (struct attribute_verdict){ (uint8_t)action, subcode,
			rule->length_text };
	}
	what = rule->check == NULL ? NULL : rule->check(a->value, context, &action);
	if (what != NULL)
		return (
		    struct attribute_verdict){ (uint8_t)action, rule->subcode, what };
	return (struct attribute_verdict){ ACTION_NONE, 0, NULL };
}
