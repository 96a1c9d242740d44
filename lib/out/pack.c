/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Prefixes of one attribute set into UPDATE messages as full as the session allows.
 * IPv4 goes into the fields of RFC 4271 4.3, IPv6 into MP_REACH and MP_UNREACH, which
 * stand first (RFC 7606 5.1), and so do IPv4 routes with an IPv6 next hop (RFC 8950 3);
 * they are withdrawn as all of IPv4, since that may be mixed (RFC 4760 5).  The message
 * is built aside; lengths are patched when it is flushed into the chunk.
 */
#include "bgp/nlri.h"
#include "out_internal.h"

enum {
	/* MP_REACH: flags, type, length 2, AFI 2, SAFI, length of the next hop,
	 * reserved
	 */
	MP_REACH_FIXED = 4 + 2 + 1 + 1 + 1,
	MP_UNREACH_FIXED = 4 + 2 + 1,
	UPDATE_FIXED = MESSAGE_HEADER_LEN + 2 + 2,
};

void
pack_begin(struct pack *pack, struct chunk *chunk, const struct group_key *key,
    uint8_t *scratch)
{
	*pack = (struct pack){ .chunk = chunk, .key = key, .scratch = scratch };
}

static bool
is_mp(const struct pack *pack)
{
	return pack->key->family != FAMILY_IPV4 ||
	       (pack->block != NULL && pack->hop.addr.family != FAMILY_IPV4);
}

static size_t
hop_len(const struct sent_hop *hop)
{
	return family_addr_len((enum family)hop->addr.family) +
	       (hop->link_local.family == FAMILY_NONE ? 0 : 16);
}

static size_t
fixed_len(const struct sent_hop *hop, size_t block_len)
{
	return UPDATE_FIXED + block_len +
	       (hop->addr.family == FAMILY_IPV4 ? 0 : MP_REACH_FIXED + hop_len(hop));
}

bool
pack_fits(const struct group_key *key, const struct sent_hop *hop, size_t block_len,
    const struct prefix *prefix)
{
	return fixed_len(hop, block_len) + nlri_len(prefix, key->add_path != 0) <=
	       key->message_size;
}

static void
start_withdrawal(struct pack *pack, struct wcur *w)
{
	wcur_u16(w, 0); /* withdrawn routes length, patched for IPv4 */
	if (is_mp(pack)) {
		wcur_u16(w, 0); /* total attribute length, patched */
		wcur_u8(w, ATTRIBUTE_OPTIONAL | ATTRIBUTE_EXTENDED_LEN);
		wcur_u8(w, ATTRIBUTE_MP_UNREACH);
		wcur_u16(w, 0); /* patched */
		wcur_u16(w, family_afi((enum family)pack->key->family));
		wcur_u8(w, SAFI_UNICAST);
	}
}

static void
start_announcement(struct pack *pack, struct wcur *w)
{
	const struct sent_hop *hop = &pack->hop;

	wcur_u16(w, 0);
	if (!is_mp(pack)) {
		wcur_u16(w, (uint16_t)pack->block_len);
		wcur_bytes(w, pack->block, pack->block_len);
		return;
	}
	wcur_u16(w, 0); /* patched */
	wcur_u8(w, ATTRIBUTE_OPTIONAL | ATTRIBUTE_EXTENDED_LEN);
	wcur_u8(w, ATTRIBUTE_MP_REACH);
	wcur_u16(w, 0); /* patched */
	wcur_u16(w, family_afi((enum family)pack->key->family));
	wcur_u8(w, SAFI_UNICAST);
	wcur_u8(w, (uint8_t)hop_len(hop));
	wcur_bytes(w, hop->addr.bytes, family_addr_len((enum family)hop->addr.family));
	if (hop->link_local.family != FAMILY_NONE)
		wcur_bytes(w, hop->link_local.bytes, 16);
	wcur_u8(w, 0);
}

static void
start_message(struct pack *pack)
{
	struct wcur w;

	pack->at = pack->scratch;
	w = wcur_of(pack->at, pack->key->message_size);
	message_begin(&w, MESSAGE_UPDATE);
	if (pack->block == NULL)
		start_withdrawal(pack, &w);
	else
		start_announcement(pack, &w);
	pack->len = pack->nlri_start = wcur_len(&w);
}

/* Octets that must stay free behind the NLRI: the attributes that follow MP_REACH, and
 * the empty attribute length behind withdrawn routes. */
static size_t
tail_len(const struct pack *pack)
{
	if (pack->block == NULL)
		return is_mp(pack) ? 0 : 2;
	return is_mp(pack) ? pack->block_len : 0;
}

void
pack_flush(struct pack *pack)
{
	size_t nlri = pack->len - pack->nlri_start;
	uint8_t *at = pack->at;
	struct wcur w;

	if (at == NULL)
		return;
	pack->at = NULL;
	if (nlri == 0)
		return;
	w = wcur_of(at, pack->key->message_size);
	w.at = at + pack->len;
	if (pack->block == NULL && !is_mp(pack)) {
		put_u16(at + MESSAGE_HEADER_LEN, (uint16_t)nlri);
		wcur_u16(&w, 0);
	} else if (is_mp(pack)) {
		size_t value = pack->len - (MESSAGE_HEADER_LEN + 8);

		if (pack->block != NULL)
			wcur_bytes(&w, pack->block, pack->block_len);
		put_u16(at + MESSAGE_HEADER_LEN + 2,
		    (uint16_t)(wcur_len(&w) - UPDATE_FIXED));
		put_u16(at + MESSAGE_HEADER_LEN + 6, (uint16_t)value);
	}
	message_end(&w, 0);
	chunk_add(pack->chunk, at, wcur_len(&w), &pack->target);
}

static void
pack_retarget(struct pack *pack, const struct target *target)
{
	pack_flush(pack);
	pack->target = *target;
}

void
pack_announce(struct pack *pack, const struct target *target, const uint8_t *block,
    size_t block_len, const struct sent_hop *hop)
{
	pack_retarget(pack, target);
	pack->block = block;
	pack->block_len = block_len;
	pack->hop = *hop;
}

void
pack_withdraw(struct pack *pack, const struct target *target)
{
	pack_retarget(pack, target);
	pack->block = NULL;
	pack->block_len = 0;
}

void
pack_prefix(struct pack *pack, const struct prefix *prefix, uint32_t path_id)
{
	bool add_path = pack->key->add_path != 0;
	struct wcur w;

	if (pack->at != NULL &&
	    pack->len + tail_len(pack) + nlri_len(prefix, add_path) >
		pack->key->message_size)
		pack_flush(pack);
	if (pack->at == NULL)
		start_message(pack);
	w = wcur_of(pack->at + pack->len, pack->key->message_size - pack->len);
	nlri_put(&w, prefix, add_path, path_id);
	pack->len += wcur_len(&w);
}
