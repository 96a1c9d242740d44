/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The body of an UPDATE under a context that the first two octets choose.  Whatever the
 * verdict promises its readers is demanded here, and every slice is walked as they
 * would.
 */
#include "bgp/update.h"
#include "fuzz.h"

static struct slice body;

static void
check_inside(struct slice s)
{
	DEMAND(s.len == 0 || (s.at >= body.at && s.at + s.len <= body.at + body.len));
}

static void
walk_nlri(struct slice field, unsigned family, bool add_path)
{
	struct rcur in = rcur_of_slice(field);
	struct nlri n;
	uint8_t buf[NLRI_MAX_LEN];
	char text[PREFIX_TEXT_LEN];

	if (field.len == 0)
		return;
	DEMAND(family < FAMILY_COUNT);
	DEMAND(nlri_check(field, (enum family)family, add_path));
	while (nlri_get(&in, (enum family)family, add_path, &n)) {
		struct wcur w = wcur_of(buf, sizeof(buf));
		struct rcur r;
		struct nlri again;
		struct addr a = prefix_addr(&n.prefix);
		struct prefix masked = prefix_of(&a, n.prefix.bits);

		DEMAND(prefix_equal(&masked, &n.prefix));
		nlri_put(&w, &n.prefix, add_path, n.path_id);
		DEMAND(!w.failed && wcur_len(&w) == nlri_len(&n.prefix, add_path));
		r = rcur_of(buf, wcur_len(&w));
		DEMAND(nlri_get(&r, (enum family)family, add_path, &again));
		DEMAND(prefix_equal(&again.prefix, &n.prefix) &&
		       again.path_id == n.path_id);
		prefix_format(&n.prefix, text);
	}
	DEMAND(!in.failed);
}

/* What a kept attribute may be relied on for; a reader looks at the first of a type. */
static void
check_kept(const struct attribute *a, const struct update_context *c)
{
	size_t len = a->value.len;

	switch (a->type) {
	case ATTRIBUTE_ORIGIN: DEMAND(len == 1 && a->value.at[0] <= 2); break;
	case ATTRIBUTE_AS_PATH: DEMAND(len > 0 || !c->ebgp); break;
	case ATTRIBUTE_MED: DEMAND(len == 4); break;
	case ATTRIBUTE_LOCAL_PREF:
	case ATTRIBUTE_ORIGINATOR_ID: DEMAND(len == 4 && !c->ebgp); break;
	case ATTRIBUTE_CLUSTER_LIST: DEMAND(len > 0 && len % 4 == 0 && !c->ebgp); break;
	case ATTRIBUTE_ATOMIC_AGGREGATE: DEMAND(len == 0); break;
	case ATTRIBUTE_AGGREGATOR: DEMAND(len == (c->as4 ? 8u : 6u)); break;
	case ATTRIBUTE_COMMUNITIES: DEMAND(len > 0 && len % 4 == 0); break;
	case ATTRIBUTE_EXT_COMMUNITIES: DEMAND(len > 0 && len % 8 == 0); break;
	case ATTRIBUTE_LARGE_COMMUNITIES: DEMAND(len > 0 && len % 12 == 0); break;
	case ATTRIBUTE_AS4_PATH: DEMAND(len >= 6 && !c->as4); break;
	case ATTRIBUTE_AS4_AGGREGATOR: DEMAND(len == 8 && !c->as4); break;
	case ATTRIBUTE_OTC: DEMAND(len == 4); break;
	case ATTRIBUTE_NEXT_HOP:
	case ATTRIBUTE_MP_REACH:
	case ATTRIBUTE_MP_UNREACH: DEMAND(a->type == 0); break; /* never kept */
	default: break;
	}
}

static void
check_path(struct slice value, bool as4)
{
	size_t at = 0, n_as = 0;

	while (at < value.len) {
		DEMAND(value.len - at >= 2 && value.at[at + 1] > 0);
		DEMAND(
		    value.at[at] >= SEGMENT_SET && value.at[at] <= SEGMENT_CONFED_SET);
		n_as += value.at[at + 1];
		at += 2 + (size_t)value.at[at + 1] * (as4 ? 4 : 2);
	}
	DEMAND(at == value.len && n_as <= AS_PATH_MAX_AS);
}

static void
walk_attributes(const struct update *u, const struct update_context *c)
{
	struct rcur in = rcur_of_slice(u->attributes);
	struct attribute a;
	bool seen[256] = { false };
	unsigned type;

	while (attribute_next(&in, &a)) {
		check_inside(a.whole);
		if (update_keeps(u, a.type) && !seen[a.type]) {
			check_kept(&a, c);
			if (a.type == ATTRIBUTE_AS_PATH)
				check_path(a.value, c->as4);
			if (a.type == ATTRIBUTE_AS4_PATH)
				check_path(a.value, true);
		}
		seen[a.type] = true;
	}
	DEMAND(!in.failed || u->verdict >= ACTION_WITHDRAW);
	for (type = 0; !in.failed && type < 256; type++)
		DEMAND(attribute_find(u->attributes, (uint8_t)type, &a) == seen[type]);
	for (type = 0; type < 256; type++)
		DEMAND(!update_keeps(u, (uint8_t)type) || seen[type]);
}

static void
check_announced(const struct update *u, const struct update_context *c)
{
	if (u->verdict >= ACTION_WITHDRAW)
		return;
	if (u->nlri.len > 0)
		DEMAND(u->next_hop.len == 4);
	if (u->mp_nlri.len > 0)
		DEMAND(u->mp_next_hop.len == 4 || u->mp_next_hop.len == 16 ||
		       u->mp_next_hop.len == 32);
	if (u->mp_nlri.len > 0 && u->mp_family == FAMILY_IPV6)
		DEMAND(u->mp_next_hop.len >= 16);
	if (u->nlri.len > 0 || u->mp_nlri.len > 0)
		DEMAND(update_keeps(u, ATTRIBUTE_ORIGIN) &&
		       update_keeps(u, ATTRIBUTE_AS_PATH));
	if (u->mp_nlri.len > 0)
		DEMAND(c->families[u->mp_family]);
	if (u->end_of_rib)
		DEMAND(u->nlri.len + u->withdrawn.len + u->mp_nlri.len +
			       u->mp_withdrawn.len ==
			   0 &&
		       c->families[u->end_of_rib_family]);
}

static void
check_verdict(const struct update *u)
{
	DEMAND(u->fault.action == u->verdict);
	DEMAND((u->fault.what == NULL) == (u->verdict == ACTION_NONE));
	DEMAND(u->n_discarded <= UPDATE_MAX_DISCARDED);
	DEMAND(u->n_discarded == 0 || u->verdict >= ACTION_DISCARD);
	DEMAND((u->error.code != 0) == (u->verdict == ACTION_RESET));
	check_inside(u->fault.at);
	check_inside(u->error.data);
	check_inside(u->next_hop);
	check_inside(u->mp_next_hop);
	check_inside(u->attributes);
}

static struct update_context
context_of(const uint8_t *octets)
{
	return (struct update_context){
		.ebgp = (octets[0] & 1) != 0,
		.as4 = (octets[0] & 2) != 0,
		.families = { (octets[0] & 4) == 0, (octets[0] & 8) == 0 },
		.add_path = { (octets[0] & 16) != 0, (octets[0] & 32) != 0 },
		.accept_as_set = (octets[0] & 64) != 0,
		.extended_next_hop = (octets[0] & 128) != 0,
		.enforce_first_as = octets[1],
	};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct update_context c;
	struct update u;

	if (len < 2)
		return 0;
	c = context_of(data);
	body = (struct slice){ data + 2, len - 2 };
	update_get(body, &c, &u);
	check_verdict(&u);
	if (u.verdict == ACTION_RESET)
		return 0;
	walk_nlri(u.withdrawn, FAMILY_IPV4, c.add_path[FAMILY_IPV4]);
	walk_nlri(u.nlri, FAMILY_IPV4, c.add_path[FAMILY_IPV4]);
	if (u.mp_withdrawn.len > 0)
		walk_nlri(u.mp_withdrawn, u.mp_withdrawn_family,
		    c.add_path[u.mp_withdrawn_family]);
	if (u.mp_nlri.len > 0)
		walk_nlri(u.mp_nlri, u.mp_family, c.add_path[u.mp_family]);
	walk_attributes(&u, &c);
	check_announced(&u, &c);
	return 0;
}
