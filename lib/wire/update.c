/* SPDX-License-Identifier: BSD-2-Clause
 *
 * UPDATE: one pass that splits the message into slices and finds its verdict, the worst
 * of what was wrong with any part of it (RFC 7606 2, 3 h).
 *
 *   len(2) withdrawn | len(2) attributes | NLRI
 *
 * What an attribute costs is attribute_table.c's to say; here are the rules that need
 * the whole message: lengths, duplicates, what is missing, the NLRI fields, End-of-RIB.
 * Routes, peers and what becomes of them are not known.
 */
#include "attribute_table.h"

/* The message under judgement. */
struct judge {
	const struct update_context *context;
	struct update *out;
	uint8_t seen[32]; /* bit an attribute type */
	uint8_t subcode;  /* of the worst fault, enum notify_update_subcode */
	bool announces;   /* there is reachable NLRI, whether or not of our families */
	bool needs_path;  /* and some of it is ours to take */
	unsigned n_attributes;
};

static bool
bit_test(const uint8_t bits[32], uint8_t type)
{
	return (bits[type / 8] >> type % 8 & 1) != 0;
}

static void
bit_set(uint8_t bits[32], uint8_t type)
{
	bits[type / 8] |= (uint8_t)(1u << type % 8);
}

/* Something is wrong.  The first of the worst is what is told and sent. */
static void
judge_fault(
    struct judge *j, struct attribute_verdict verdict, uint8_t type, struct slice at)
{
	struct update *out = j->out;

	if (verdict.action == ACTION_DISCARD && out->n_discarded < UPDATE_MAX_DISCARDED)
		out->discarded[out->n_discarded++] = type;
	if (verdict.action <= out->verdict)
		return;
	out->verdict = verdict.action;
	out->fault = (struct update_fault){ verdict.action, type, verdict.what, at };
	j->subcode = verdict.subcode;
}

/* A fault of the message itself, not of one attribute. */
static void
judge_message(struct judge *j, enum attribute_action action, uint8_t subcode,
    const char *what, struct slice at)
{
	judge_fault(
	    j, (struct attribute_verdict){ (uint8_t)action, subcode, what }, 0, at);
}

static bool
is_multiprotocol(uint8_t type)
{
	return type == ATTRIBUTE_MP_REACH || type == ATTRIBUTE_MP_UNREACH;
}

/* RFC 4760 3; RFC 8950 4 adds IPv6 next hops to IPv4.  No VPN, so no other length. */
static bool
next_hop_len_is_good(enum family family, size_t len, const struct update_context *c)
{
	if (family == FAMILY_IPV4 && len == 4)
		return true;
	return (family == FAMILY_IPV6 || c->extended_next_hop) &&
	       (len == 16 || len == 32);
}

/*
 * Of two addresses what is one: RFC 2545 3 has a global and a link-local one.  It has
 * no form for a link-local one alone, and so some speakers send "::" before it (BIRD),
 * some send it twice (FRR).
 */
static struct slice
next_hop_trim(struct slice next_hop)
{
	static const uint8_t unspecified[16];
	const struct slice first = { next_hop.at, 16 };
	struct addr a, second;

	if (next_hop.len != 32)
		return next_hop;
	a = addr_from_bytes(FAMILY_IPV6, next_hop.at);
	second = addr_from_bytes(FAMILY_IPV6, next_hop.at + 16);
	if (addr_is_link_local(&a) || !addr_is_link_local(&second))
		return first;
	if (memcmp(next_hop.at, unspecified, 16) == 0)
		return (struct slice){ next_hop.at + 16, 16 };
	return next_hop;
}

static bool
next_hop_is_usable(struct slice next_hop)
{
	struct addr a =
	    addr_from_bytes(next_hop.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6, next_hop.at);

	return addr_is_usable_next_hop(&a);
}

/* NULL, or what is wrong with its syntax (RFC 4760 3, RFC 7606 5.3, 7.11). */
static const char *
mp_reach_split(struct judge *j, const struct attribute *a)
{
	const struct update_context *c = j->context;
	struct rcur in = rcur_of_slice(a->value);
	uint16_t afi = rcur_u16(&in);
	enum family family = family_from_afi(afi, rcur_u8(&in));
	struct slice next_hop, nlri;

	if (in.failed)
		return "too short for its family";
	if (family == FAMILY_NONE || !c->families[family]) {
		j->announces = true; /* for all we know */
		return NULL;
	}
	next_hop = rcur_slice(&in, rcur_u8(&in));
	rcur_u8(&in); /* reserved */
	nlri = rcur_slice(&in, rcur_left(&in));
	if (in.failed)
		return "next hop runs past the end";
	if (!next_hop_len_is_good(family, next_hop.len, c))
		return "length of the next hop does not fit the family";
	if (!nlri_check(nlri, family, c->add_path[family]))
		return "NLRI is malformed";
	j->out->mp_family = (uint8_t)family;
	j->out->mp_next_hop = next_hop_trim(next_hop);
	j->out->mp_nlri = nlri;
	if (nlri.len > 0)
		j->announces = j->needs_path = true;
	return NULL;
}

static const char *
mp_unreach_split(struct judge *j, const struct attribute *a)
{
	const struct update_context *c = j->context;
	struct rcur in = rcur_of_slice(a->value);
	uint16_t afi = rcur_u16(&in);
	enum family family = family_from_afi(afi, rcur_u8(&in));
	struct slice nlri;

	if (in.failed)
		return "too short for its family";
	if (family == FAMILY_NONE || !c->families[family])
		return NULL;
	nlri = rcur_slice(&in, rcur_left(&in));
	if (!nlri_check(nlri, family, c->add_path[family]))
		return "NLRI is malformed";
	j->out->mp_withdrawn_family = (uint8_t)family;
	j->out->mp_withdrawn = nlri;
	return NULL;
}

static void
take_multiprotocol(struct judge *j, const struct attribute *a)
{
	const char *what = a->type == ATTRIBUTE_MP_REACH ? mp_reach_split(j, a)
							 : mp_unreach_split(j, a);

	if (what != NULL) {
		judge_fault(j, attribute_malformed(a->type, j->context, what), a->type,
		    a->whole);
		return;
	}
	if (a->type == ATTRIBUTE_MP_REACH && j->out->mp_next_hop.len > 0 &&
	    !next_hop_is_usable(j->out->mp_next_hop))
		judge_fault(j,
		    (struct attribute_verdict){ ACTION_WITHDRAW, UPDATE_BAD_OPTIONAL,
			"next hop is not an address of a host" },
		    a->type, a->whole);
}

/* RFC 7606 3 g */
static void
take_duplicate(struct judge *j, const struct attribute *a)
{
	bool fatal = is_multiprotocol(a->type);

	judge_fault(j,
	    (struct attribute_verdict){ fatal ? ACTION_RESET : ACTION_DISCARD,
		UPDATE_MALFORMED_LIST, "more than one" },
	    a->type, a->whole);
}

static void
take_attribute(struct judge *j, const struct attribute *a)
{
	struct update *out = j->out;
	struct attribute_verdict verdict;

	if (bit_test(j->seen, a->type)) {
		take_duplicate(j, a);
		return;
	}
	bit_set(j->seen, a->type);
	/* RFC 4760 3: where NEXT_HOP has nothing to say it is ignored, whatever it
	 * says. */
	if (a->type == ATTRIBUTE_NEXT_HOP && out->nlri.len == 0)
		return;
	verdict = attribute_judge(a, j->context);
	if (verdict.action != ACTION_NONE)
		judge_fault(j, verdict, a->type, a->whole);
	if (is_multiprotocol(a->type))
		take_multiprotocol(j, a); /* even then: its prefixes may be withdrawn */
	else if (verdict.action != ACTION_NONE)
		return;
	else if (a->type == ATTRIBUTE_NEXT_HOP)
		out->next_hop = a->value;
	else
		bit_set(out->keep, a->type);
}

static void
take_attributes(struct judge *j)
{
	struct rcur in = rcur_of_slice(j->out->attributes);
	struct attribute a;

	while (attribute_next(&in, &a)) {
		j->n_attributes++;
		take_attribute(j, &a);
	}
	/* RFC 7606 4: the NLRI field is still where the total length says. */
	if (in.failed) {
		j->n_attributes++;
		judge_message(j, ACTION_WITHDRAW, UPDATE_MALFORMED_LIST,
		    "attribute runs past the total length",
		    (struct slice){ in.at, (size_t)(in.end - in.at) });
	}
	if (j->n_attributes > ATTRIBUTES_MAX_COUNT)
		judge_message(j, ACTION_WITHDRAW, UPDATE_MALFORMED_LIST,
		    "more attributes than are taken", j->out->attributes);
}

/*
 * RFC 4271 6.3, RFC 7606 3 d.
 *
 * Deviates: RFC 7606 wants LOCAL_PREF on iBGP, too; speakers in the field leave it out
 * there, and nothing is lost by reading that as the default.
 */
static void
check_mandatory(struct judge *j)
{
	static const uint8_t types[] = { ATTRIBUTE_ORIGIN, ATTRIBUTE_AS_PATH,
		ATTRIBUTE_NEXT_HOP };
	static const struct attribute_verdict missing = { ACTION_WITHDRAW,
		UPDATE_MISSING_WELL_KNOWN, "missing" };
	size_t n = j->out->nlri.len > 0 ? 3 : j->needs_path ? 2 : 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!bit_test(j->seen, types[i]))
			judge_fault(j, missing, types[i], (struct slice){ NULL, 0 });
	}
}

/* Both IPv4 fields.  Without IPv4 on the session they are ignored as any other family.
 */
static void
take_fields(struct judge *j, struct slice withdrawn, struct slice nlri)
{
	bool add_path = j->context->add_path[FAMILY_IPV4];

	j->announces = nlri.len > 0;
	if (!j->context->families[FAMILY_IPV4])
		return;
	if (!nlri_check(withdrawn, FAMILY_IPV4, add_path))
		judge_message(j, ACTION_RESET, UPDATE_BAD_NETWORK,
		    "withdrawn routes are malformed", withdrawn);
	else if (!nlri_check(nlri, FAMILY_IPV4, add_path))
		judge_message(
		    j, ACTION_RESET, UPDATE_BAD_NETWORK, "NLRI is malformed", nlri);
	j->out->withdrawn = withdrawn;
	j->out->nlri = nlri;
	j->needs_path = nlri.len > 0;
}

/*
 * RFC 7606 5.2: attributes at fault and no NLRI to be seen mean that there is no
 * telling which prefixes to withdraw.
 */
static void
escalate(struct judge *j)
{
	bool unreach = bit_test(j->seen, ATTRIBUTE_MP_UNREACH);

	if (j->out->verdict != ACTION_WITHDRAW || j->announces ||
	    j->n_attributes <= (unreach ? 1u : 0u))
		return;
	j->out->verdict = ACTION_RESET;
	j->out->fault.action = ACTION_RESET;
}

/* RFC 4724 2: an empty UPDATE, or one of an empty MP_UNREACH alone. */
static void
find_end_of_rib(struct judge *j, size_t body_len)
{
	struct update *out = j->out;
	bool unreach = out->mp_withdrawn_family != FAMILY_NONE;

	if (out->verdict != ACTION_NONE)
		return;
	if (body_len == 4 && j->context->families[FAMILY_IPV4]) {
		out->end_of_rib = true;
		out->end_of_rib_family = FAMILY_IPV4;
	} else if (body_len == 4 + out->attributes.len && j->n_attributes == 1 &&
		   unreach && out->mp_withdrawn.len == 0) {
		out->end_of_rib = true;
		out->end_of_rib_family = out->mp_withdrawn_family;
	}
}

/*
 * RFC 4271 6.3: which errors carry the attribute.  A missing one is never among them:
 * it is missing beside NLRI, which can be withdrawn.
 */
static void
fill_error(struct judge *j)
{
	enum {
		WITH_DATA = 1 << UPDATE_UNKNOWN_WELL_KNOWN | 1 << UPDATE_BAD_FLAGS |
			    1 << UPDATE_BAD_LENGTH | 1 << UPDATE_BAD_ORIGIN |
			    1 << UPDATE_BAD_NEXT_HOP | 1 << UPDATE_BAD_OPTIONAL,
	};
	struct update *out = j->out;

	if (out->verdict != ACTION_RESET)
		return;
	out->error.code = NOTIFY_UPDATE;
	out->error.subcode = j->subcode;
	if ((WITH_DATA >> j->subcode & 1) != 0)
		out->error.data = out->fault.at;
}

void
update_get(struct slice body, const struct update_context *context, struct update *out)
{
	struct judge j = { .context = context, .out = out };
	struct rcur in = rcur_of_slice(body);
	struct slice withdrawn, attributes, nlri;

	*out = (struct update){
		.mp_withdrawn_family = FAMILY_NONE,
		.mp_family = FAMILY_NONE,
		.end_of_rib_family = FAMILY_NONE,
	};
	withdrawn = rcur_slice(&in, rcur_u16(&in));
	attributes = rcur_slice(&in, rcur_u16(&in));
	nlri = rcur_slice(&in, rcur_left(&in));
	if (in.failed) {
		judge_message(&j, ACTION_RESET, UPDATE_MALFORMED_LIST,
		    "lengths run past the message", body);
		fill_error(&j);
		return;
	}
	out->attributes = attributes;
	take_fields(&j, withdrawn, nlri);
	take_attributes(&j);
	check_mandatory(&j);
	escalate(&j);
	find_end_of_rib(&j, body.len);
	fill_error(&j);
}
