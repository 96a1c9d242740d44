/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the invariant test of the update groups believes: attribute sets as plain
 * values, the rules of export said once more in the plainest way, and a receiver that
 * turns a member's octets into what a neighbour would hold.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "bgp/nlri.h"
#include "bgp/out.h"
#include "spec.h"

#include <stdlib.h>

/* ---- prefixes by number ---- */

/* Of many lengths; prefix i is the only one with i in these octets. */
static inline struct prefix
model_prefix(enum family family, uint32_t i)
{
	struct prefix p = { .family = (uint8_t)family };

	if (family == FAMILY_IPV4) {
		put_u32(p.bytes, (UINT32_C(0x40000) + i) << 9);
		p.bits = (uint8_t)(23 + i % 10);
	} else {
		put_u32(p.bytes, UINT32_C(0x20010db8));
		put_u32(p.bytes + 4, i << 4);
		p.bits = (uint8_t)(60 + i % 69);
	}
	return p;
}

static inline uint32_t
model_index(const struct prefix *p)
{
	return p->family == FAMILY_IPV4 ? (get_u32(p->bytes) >> 9) - 0x40000
					: get_u32(p->bytes + 4) >> 4;
}

/* FNV-1a: two sets differ when their numbers do. */
static inline uint64_t
model_hash(uint64_t h, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	return h;
}

#define MODEL_HASH_START UINT64_C(0xcbf29ce484222325)

/* ---- export, in words ---- */

struct model_source {
	bool ours, ebgp, client;
	uint32_t router_id;
};

static inline bool
model_is_private(uint32_t as)
{
	return as >= 64512 && as <= 65534;
}

/* What a group of that key announces.  False: nothing. */
static inline bool
model_export(const struct spec *in, const struct model_source *from,
    const struct group_key *key, struct spec *out)
{
	bool learned_by_ibgp = !from->ours && !from->ebgp;
	bool has_no_export = in->n_communities > 0 && (in->community == 0xffffff01 ||
							  in->community == 0xffffff03);

	if (!key->passes || (key->own_only && !from->ours))
		return false;
	if (!key->ebgp && learned_by_ibgp && !from->client && !key->client)
		return false;
	if (in->n_communities > 0 && in->community == 0xffffff02)
		return false;
	if (key->ebgp && has_no_export)
		return false;
	*out = *in;
	if (from->ours || key->next_hop == OUT_NEXT_HOP_SELF)
		out->next_hop = key->self;
	else if (key->next_hop == OUT_NEXT_HOP_AUTO && key->ebgp &&
		 !(key->shared.bits != 255 &&
		     prefix_covers_addr(&key->shared, &in->next_hop)))
		out->next_hop = key->self;
	if (out->next_hop.family != key->family)
		return false;
	if (key->ebgp) {
		out->n_as = 0;
		out->as_path[out->n_as++] = key->local_as;
		for (int i = 0; i < in->n_as; i++)
			if (!key->remove_private || !model_is_private(in->as_path[i]))
				out->as_path[out->n_as++] = in->as_path[i];
		out->has_med = in->has_med && from->ours;
		out->has_local_pref = out->has_originator = false;
		out->n_clusters = 0;
		return true;
	}
	if (!in->has_local_pref)
		out->local_pref = 100;
	out->has_local_pref = true;
	if (learned_by_ibgp) {
		if (!in->has_originator)
			out->originator = from->router_id;
		out->has_originator = true;
		out->clusters[0] = key->cluster_id;
		for (int i = 0; i < in->n_clusters; i++)
			out->clusters[i + 1] = in->clusters[i];
		out->n_clusters = (uint8_t)(in->n_clusters + 1);
	}
	return true;
}

/* The number of what a neighbour would hold; 0: the route fits into no message. */
static inline uint64_t
model_held(const struct spec *s, const struct group_key *key, const struct prefix *p)
{
	uint8_t block[SPEC_BLOCK];
	bool v4 = key->family == FAMILY_IPV4;
	size_t len = spec_put(s, v4, key->as4, block);
	uint64_t h = model_hash(MODEL_HASH_START, block, len);

	/* header, two lengths, MP_REACH's head and next hop */
	if ((v4 ? 23u : 48u) + len + (key->add_path ? 4 : 0) + 1 + (p->bits + 7u) / 8 >
	    key->message_size)
		return 0;
	return v4 ? h : model_hash(h, s->next_hop.bytes, 16);
}

/* ---- a neighbour ---- */

/* Identifiers 0, without add-path, to the most paths that a key here allows. */
enum { MODEL_PATHS = 5 };

struct receiver {
	struct update_context context;
	size_t max_message;
	uint64_t *held; /* by prefix number and path identifier; 0: nothing */
	uint32_t n_held, n_prefixes;
	uint32_t n_announced; /* so far */
	unsigned end_of_rib;
	bool *due;         /* must be held when End-of-RIB comes */
	bool refreshing;   /* between BoRR and EoRR (RFC 7313) … */
	bool *in_question; /* … held before, and not sent since; as `held` */
	unsigned refreshes;
	uint8_t *octets;
	size_t len, room;
};

static inline void
receiver_init(struct receiver *r, uint32_t n_prefixes)
{
	*r = (struct receiver){ .n_prefixes = n_prefixes };
	r->held = calloc(n_prefixes, MODEL_PATHS * sizeof(*r->held));
	r->due = calloc(n_prefixes, sizeof(*r->due));
	r->in_question = calloc(n_prefixes, MODEL_PATHS * sizeof(*r->in_question));
	ck_assert(r->held != NULL && r->due != NULL && r->in_question != NULL);
}

static inline void
receiver_free(struct receiver *r)
{
	free(r->held);
	free(r->due);
	free(r->in_question);
	free(r->octets);
}

/* The key that its session now has. */
static inline void
receiver_expects(struct receiver *r, const struct group_key *key)
{
	r->context = (struct update_context){ .ebgp = key->ebgp,
		.as4 = key->as4,
		.families = { true, true },
		.add_path = { key->add_path != 0, key->add_path != 0 },
		.accept_as_set = true };
	r->max_message = key->message_size;
}

static inline void
receiver_hold(struct receiver *r, const struct nlri *nlri, uint64_t value)
{
	uint32_t i = model_index(&nlri->prefix);
	uint64_t *held;

	MODEL_CHECK(i < r->n_prefixes, "prefix %u was never announced", i);
	MODEL_CHECK(nlri->path_id < MODEL_PATHS, "path identifier %u", nlri->path_id);
	held = &r->held[i * MODEL_PATHS + nlri->path_id];
	r->n_held -= *held != 0;
	r->n_held += value != 0;
	r->n_announced += value != 0;
	*held = value;
	r->in_question[i * MODEL_PATHS + nlri->path_id] = false;
}

static inline bool
receiver_holds_any(const struct receiver *r, uint32_t i)
{
	for (int k = 0; k < MODEL_PATHS; k++)
		if (r->held[i * MODEL_PATHS + (unsigned)k] != 0)
			return true;
	return false;
}

static inline uint64_t
receiver_value(const struct update *u, bool mp)
{
	struct rcur in = rcur_of_slice(u->attributes);
	struct attribute a;
	uint64_t h = MODEL_HASH_START;

	while (attribute_next(&in, &a))
		if (a.type != ATTRIBUTE_MP_REACH)
			h = model_hash(h, a.whole.at, a.whole.len);
	return mp ? model_hash(h, u->mp_next_hop.at, u->mp_next_hop.len) : h;
}

static inline void
receiver_end_of_rib(struct receiver *r)
{
	r->end_of_rib++;
	for (uint32_t i = 0; i < r->n_prefixes; i++)
		MODEL_CHECK(!r->due[i] || receiver_holds_any(r, i),
		    "End-of-RIB came before prefix %u", i);
	memset(r->due, 0, r->n_prefixes * sizeof(*r->due));
}

/* RFC 7313 4: after End-of-RIB, in pairs; at the end what did not come is gone. */
static inline void
receiver_refresh(struct receiver *r, const struct message *message)
{
	struct refresh refresh;
	struct bgp_error error;

	MODEL_CHECK(refresh_get(message, &refresh, &error), "a bad ROUTE-REFRESH");
	MODEL_CHECK(r->end_of_rib > 0, "a refresh before End-of-RIB");
	MODEL_CHECK(refresh.subtype == (r->refreshing ? REFRESH_END : REFRESH_BEGIN),
	    "subtype %u", refresh.subtype);
	r->refreshing = !r->refreshing;
	r->refreshes++;
	for (uint32_t i = 0; i < r->n_prefixes * MODEL_PATHS; i++) {
		if (r->refreshing) {
			r->in_question[i] = r->held[i] != 0;
		} else if (r->in_question[i]) {
			r->held[i] = 0;
			r->n_held--;
			r->in_question[i] = false;
		}
	}
}

static inline void
receiver_update(struct receiver *r, struct slice body)
{
	struct update u;
	struct nlri nlri;
	struct rcur in;
	uint64_t value;

	update_get(body, &r->context, &u);
	MODEL_CHECK(u.verdict == ACTION_NONE && u.fault.action == ACTION_NONE,
	    "a bad UPDATE was sent: %s", u.fault.what);
	if (u.end_of_rib) {
		receiver_end_of_rib(r);
		return;
	}
	in = rcur_of_slice(u.withdrawn);
	while (nlri_get(&in, FAMILY_IPV4, r->context.add_path[0], &nlri))
		receiver_hold(r, &nlri, 0);
	in = rcur_of_slice(u.mp_withdrawn);
	while (nlri_get(&in, FAMILY_IPV6, r->context.add_path[1], &nlri))
		receiver_hold(r, &nlri, 0);
	value = receiver_value(&u, u.mp_nlri.len > 0);
	in = rcur_of_slice(u.nlri);
	while (nlri_get(&in, FAMILY_IPV4, r->context.add_path[0], &nlri))
		receiver_hold(r, &nlri, value);
	in = rcur_of_slice(u.mp_nlri);
	while (nlri_get(&in, FAMILY_IPV6, r->context.add_path[1], &nlri))
		receiver_hold(r, &nlri, value);
}

/* Returns the number of messages that became whole. */
static inline unsigned
receiver_take(struct receiver *r, const void *octets, size_t len)
{
	unsigned messages = 0;
	size_t used = 0;

	if (r->len + len > r->room) {
		r->room = (r->len + len) * 2;
		r->octets = realloc(r->octets, r->room);
		MODEL_CHECK(r->octets != NULL, "no memory");
	}
	memcpy(r->octets + r->len, octets, len);
	r->len += len;
	for (;;) {
		struct message message;
		struct bgp_error error;
		enum frame_status status = message_frame(
		    r->octets + used, r->len - used, r->max_message, &message, &error);

		MODEL_CHECK(status != FRAME_BAD, "a bad header was sent");
		if (status == FRAME_MORE)
			break;
		if (message.type == MESSAGE_ROUTE_REFRESH) {
			receiver_refresh(r, &message);
		} else {
			MODEL_CHECK(
			    message.type == MESSAGE_UPDATE, "type %u", message.type);
			receiver_update(r, message.body);
		}
		used += message.whole.len;
		messages++;
	}
	r->len -= used;
	memmove(r->octets, r->octets + used, r->len);
	return messages;
}

static inline void
receiver_reset(struct receiver *r)
{
	r->len = 0;
	r->n_held = 0;
	r->end_of_rib = r->refreshes = 0;
	r->refreshing = false;
	memset(r->in_question, 0, r->n_prefixes * MODEL_PATHS);
	memset(r->held, 0, r->n_prefixes * MODEL_PATHS * sizeof(*r->held));
	memset(r->due, 0, r->n_prefixes * sizeof(*r->due));
}

#endif
