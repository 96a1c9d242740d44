/* SPDX-License-Identifier: BSD-2-Clause
 *
 * May a path be sent to a group, and with which attributes (RFC 4271 5, 9.1.3, 9.2;
 * RFC 4456 8; RFC 1997; RFC 6793 4.2.2; RFC 8212; RFC 9494 4.3)?  What decides is in
 * the group key and in the path; no peer is seen here.
 */
#include "bgp/attrs.h"
#include "bgp/open.h"
#include "out_internal.h"

static bool
path_is_ibgp(const struct rib *rib, const struct path *path)
{
	return path->peer != RIB_LOCAL_PEER && !rib_peer_info(rib, path->peer)->ebgp;
}

static bool
path_is_from_client(const struct rib *rib, const struct path *path)
{
	return rib_peer_info(rib, path->peer)->client;
}

/* RFC 1997: judged on the Loc-RIB's route.  NULL: they allow it. */
static const char *
communities_refuse(const struct group_key *key, const struct attrs *attrs)
{
	if (attrs->flags & ATTRS_NO_ADVERTISE)
		return "NO_ADVERTISE (RFC 1997)";
	if (key->ebgp && (attrs->flags & ATTRS_NO_EXPORT))
		return "NO_EXPORT, and the session is eBGP (RFC 1997)";
	if (key->ebgp && (attrs->flags & ATTRS_NO_EXPORT_SUBCONFED))
		return "NO_EXPORT_SUBCONFED, and the session is eBGP (RFC 1997)";
	return NULL;
}

/*
 * RFC 9494 4.3: who did not announce the capability would not know that the route is to
 * be preferred least.  The exception of 4.6 (to iBGP, with LOCAL_PREF 0 and NO_EXPORT)
 * is not made.
 */
static bool
staleness_allows(
    const struct rib *rib, const struct group_key *key, const struct path *path)
{
	return key->long_lived || (path->attrs->flags & ATTRS_LLGR_STALE) == 0 ||
	       !rib_peer_info(rib, path->peer)->long_lived;
}

/*
 * What is left of it for this group: RFC 2545 3, a link-local address goes to peers on
 * its own link alone.
 */
static struct sent_hop
received_hop(const struct group_key *key, const struct attrs *attrs)
{
	struct sent_hop hop = { attrs_next_hop_addr(attrs), addr_none() };
	struct addr link_local;
	uint32_t link;

	if (hop.addr.family != FAMILY_IPV6)
		return hop;
	link = attrs_next_hop_link(attrs, &link_local);
	if (addr_is_link_local(&hop.addr)) {
		if (link == 0 || link != key->link)
			hop.addr = addr_none();
	} else if (link != 0 && link == key->link) {
		hop.link_local = link_local;
	}
	return hop;
}

static struct sent_hop
export_next_hop(const struct group_key *key, const struct attrs *attrs)
{
	const struct sent_hop self = { key->self, key->self_link_local };
	struct sent_hop received;

	if (attrs->next_hop_len == 0 || key->next_hop == OUT_NEXT_HOP_SELF)
		return self;
	received = received_hop(key, attrs);
	if (key->next_hop == OUT_NEXT_HOP_UNCHANGED)
		return received;
	if (!key->ebgp) /* one that means nothing there: we stand in for it */
		return received.addr.family == FAMILY_NONE ? self : received;
	/* RFC 4271 5.1.3 2: a third party on the subnet that we share with the peer. */
	if (key->shared.bits != 255 && prefix_covers_addr(&key->shared, &received.addr))
		return received;
	return self;
}

/* RFC 8950 4: to a peer that said so, an IPv4 route may have an IPv6 next hop. */
static bool
is_expressible(const struct group_key *key, const struct addr *next_hop)
{
	return next_hop->family == key->family ||
	       (key->extended_next_hop && next_hop->family == FAMILY_IPV6);
}

struct target
export_owners(const struct group_key *key, const struct path *path)
{
	const struct attrs *attrs = path->attrs;

	return (struct target){ .audience = FOR_OTHERS,
		.source = path->peer,
		.originator =
		    attrs->flags & ATTRS_HAS_ORIGINATOR ? attrs->originator_id : 0,
		.next_hop = export_next_hop(key, attrs).addr };
}

const char *
export_refusal(const struct rib *rib, const struct group_key *key,
    const struct path *path, struct sent_hop *hop)
{
	const char *refusal;

	if (!key->passes)
		return "no export filter lets it pass (RFC 8212 on eBGP)";
	if (key->own_only && path->peer != RIB_LOCAL_PEER)
		return "after the restart learned routes still wait (RFC 4724 4.1)";
	/* RFC 4456 6: from a non-client to clients, from a client to all. */
	if (!key->ebgp && path_is_ibgp(rib, path) && !key->client &&
	    !path_is_from_client(rib, path))
		return "learned by iBGP, and neither side is a client (RFC 4456 6)";
	refusal = communities_refuse(key, path->attrs);
	if (refusal != NULL)
		return refusal;
	if (!staleness_allows(rib, key, path))
		return "long-lived stale, and not announced as understood (RFC 9494 "
		       "4.3)";
	*hop = export_next_hop(key, path->attrs);
	return is_expressible(key, &hop->addr)
		   ? NULL
		   : "its next hop cannot be expressed on the session";
}

bool
export_may(const struct rib *rib, const struct group_key *key, const struct path *path,
    struct sent_hop *hop)
{
	return export_refusal(rib, key, path, hop) == NULL;
}

/* AS_PATH_MAX_AS numbers and their segment headers fit with room to spare; a path that
 * does not is too long for any message. */
enum { AS_PATH_ROOM = 4096 + 1024 };

struct edit {
	const struct rib *rib;
	const struct group_key *key;
	const struct path *path;
	const struct addr *next_hop;
	bool reflect;
	bool as4_path_due;    /* AS_TRANS was written */
	struct slice as_path; /* for AS4_PATH; perhaps in path_room */
	uint8_t *path_room;   /* AS_PATH_ROOM octets */
	uint8_t done;         /* attribute types up to here are out */
	struct wcur out;
};

static void
put_as_path(struct edit *e, struct slice received)
{
	uint8_t stripped[AS_PATH_ROOM], two[AS_PATH_ROOM];
	struct wcur w;
	struct slice path = received;

	if (e->key->ebgp) {
		/* RFC 5065 5: those of a confederation end at its border. */
		if (as_path_has_confed(path)) {
			w = wcur_of(two, sizeof(two));
			as_path_remove_confed(&w, path);
			path = (struct slice){ two, wcur_len(&w) };
		}
		if (e->key->remove_private) {
			w = wcur_of(stripped, sizeof(stripped));
			as_path_remove_private(&w, path);
			path = (struct slice){ stripped, wcur_len(&w) };
		}
		w = wcur_of(e->path_room, AS_PATH_ROOM);
		as_path_prepend(&w, path, e->key->local_as, 1);
		e->out.failed = e->out.failed || w.failed;
		path = (struct slice){ e->path_room, wcur_len(&w) };
	}
	e->as_path = path;
	if (!e->key->as4) {
		w = wcur_of(two, sizeof(two));
		/* The whole path follows in AS4_PATH: RFC 6793 4.2.2. */
		e->as4_path_due = as_path_to_as2(&w, path);
		path = (struct slice){ two, wcur_len(&w) };
	}
	attribute_put(
	    &e->out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_AS_PATH, path.at, path.len);
}

static void
put_as4_path(struct edit *e)
{
	uint8_t as4[AS_PATH_ROOM];
	struct wcur w = wcur_of(as4, sizeof(as4));

	if (!e->as4_path_due)
		return;
	as_path_to_as4_path(&w, e->as_path);
	attribute_put(&e->out, ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE,
	    ATTRIBUTE_AS4_PATH, as4, wcur_len(&w));
}

static void
put_aggregator(struct edit *e, const struct attribute *a)
{
	uint8_t value[6];

	if (e->key->as4 || a->value.len != 8) {
		wcur_bytes(&e->out, a->whole.at, a->whole.len);
		return;
	}
	put_u16(value,
	    (uint16_t)(get_u32(a->value.at) > UINT16_MAX ? AS_TRANS
							 : get_u32(a->value.at)));
	memcpy(value + 2, a->value.at + 4, 4);
	attribute_put(&e->out, a->flags & (uint8_t)~ATTRIBUTE_EXTENDED_LEN,
	    ATTRIBUTE_AGGREGATOR, value, sizeof(value));
}

static void
put_as4_aggregator(struct edit *e, struct slice block)
{
	struct attribute a;

	if (e->key->as4 || !attribute_find(block, ATTRIBUTE_AGGREGATOR, &a) ||
	    a.value.len != 8 || get_u32(a.value.at) <= UINT16_MAX)
		return;
	attribute_put(&e->out, ATTRIBUTE_OPTIONAL | ATTRIBUTE_TRANSITIVE,
	    ATTRIBUTE_AS4_AGGREGATOR, a.value.at, a.value.len);
}

/* RFC 4456 8: ours in front of what is there. */
static void
put_cluster_list(struct edit *e, struct slice received)
{
	size_t len = received.len + 4;
	uint8_t flags = ATTRIBUTE_OPTIONAL;

	if (len > 255) {
		wcur_u8(&e->out, flags | ATTRIBUTE_EXTENDED_LEN);
		wcur_u8(&e->out, ATTRIBUTE_CLUSTER_LIST);
		wcur_u16(&e->out, (uint16_t)len);
	} else {
		wcur_u8(&e->out, flags);
		wcur_u8(&e->out, ATTRIBUTE_CLUSTER_LIST);
		wcur_u8(&e->out, (uint8_t)len);
	}
	wcur_u32(&e->out, e->key->cluster_id);
	wcur_bytes(&e->out, received.at, received.len);
}

/* RFC 4360 6: non-transitive extended communities stay inside the AS. */
static void
put_ext_communities(struct edit *e, const struct attribute *a)
{
	uint8_t kept[4096];
	struct wcur w = wcur_of(kept, sizeof(kept));

	if (!e->key->ebgp) {
		wcur_bytes(&e->out, a->whole.at, a->whole.len);
		return;
	}
	for (size_t i = 0; i + 8 <= a->value.len; i += 8)
		if ((a->value.at[i] & 0x40) == 0)
			wcur_bytes(&w, a->value.at + i, 8);
	e->out.failed = e->out.failed || w.failed;
	if (wcur_len(&w) > 0)
		attribute_put(&e->out, a->flags & (uint8_t)~ATTRIBUTE_EXTENDED_LEN,
		    ATTRIBUTE_EXT_COMMUNITIES, kept, wcur_len(&w));
}

/* Attributes that are made here, of types in (done, type): called before `type` is
 * written, and with 256 at the end. */
static void
put_made(struct edit *e, unsigned type, struct slice block)
{
	const struct attrs *attrs = e->path->attrs;
	uint8_t value[4];

	if (e->done < ATTRIBUTE_NEXT_HOP && type > ATTRIBUTE_NEXT_HOP &&
	    e->key->family == FAMILY_IPV4 && e->next_hop->family == FAMILY_IPV4)
		attribute_put(&e->out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_NEXT_HOP,
		    e->next_hop->bytes, 4);
	if (e->done < ATTRIBUTE_LOCAL_PREF && type > ATTRIBUTE_LOCAL_PREF &&
	    !e->key->ebgp) {
		put_u32(value, attrs->local_pref);
		attribute_put(
		    &e->out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_LOCAL_PREF, value, 4);
	}
	if (e->done < ATTRIBUTE_ORIGINATOR_ID && type > ATTRIBUTE_ORIGINATOR_ID &&
	    e->reflect) {
		put_u32(value, rib_peer_info(e->rib, e->path->peer)->router_id);
		attribute_put(
		    &e->out, ATTRIBUTE_OPTIONAL, ATTRIBUTE_ORIGINATOR_ID, value, 4);
	}
	if (e->done < ATTRIBUTE_CLUSTER_LIST && type > ATTRIBUTE_CLUSTER_LIST &&
	    e->reflect)
		put_cluster_list(e, (struct slice){ NULL, 0 });
	if (e->done < ATTRIBUTE_AS4_PATH && type > ATTRIBUTE_AS4_PATH)
		put_as4_path(e);
	if (e->done < ATTRIBUTE_AS4_AGGREGATOR && type > ATTRIBUTE_AS4_AGGREGATOR)
		put_as4_aggregator(e, block);
	e->done = type > 255 ? 255 : (uint8_t)type;
}

static void
put_received(struct edit *e, const struct attribute *a)
{
	bool ebgp = e->key->ebgp;

	switch (a->type) {
	case ATTRIBUTE_AS_PATH: put_as_path(e, a->value); return;
	case ATTRIBUTE_MED:
		/* RFC 4271 5.1.4: not to another AS, unless it is ours. */
		if (ebgp && e->path->peer != RIB_LOCAL_PEER)
			return;
		break;
	case ATTRIBUTE_LOCAL_PREF:    /* 5.1.5 */
	case ATTRIBUTE_ORIGINATOR_ID: /* RFC 4456: inside the AS alone */
		if (ebgp)
			return;
		break;
	case ATTRIBUTE_CLUSTER_LIST:
		if (ebgp)
			return;
		if (e->reflect) {
			put_cluster_list(e, a->value);
			return;
		}
		break;
	case ATTRIBUTE_AGGREGATOR: put_aggregator(e, a); return;
	case ATTRIBUTE_EXT_COMMUNITIES: put_ext_communities(e, a); return;
	default: break;
	}
	wcur_bytes(&e->out, a->whole.at, a->whole.len);
}

size_t
export_attributes(const struct rib *rib, const struct group_key *key,
    const struct path *path, const struct addr *next_hop, uint8_t *block, size_t len)
{
	struct slice received = attrs_block(path->attrs);
	struct rcur in = rcur_of_slice(received);
	uint8_t path_room[AS_PATH_ROOM];
	struct edit e = { .rib = rib,
		.key = key,
		.path = path,
		.next_hop = next_hop,
		.reflect = !key->ebgp && path_is_ibgp(rib, path),
		.path_room = path_room,
		.out = wcur_of(block, len) };
	struct attribute a;

	while (attribute_next(&in, &a)) {
		put_made(&e, a.type, received);
		put_received(&e, &a);
	}
	put_made(&e, 256, received);
	return e.out.failed ? 0 : wcur_len(&e.out);
}
