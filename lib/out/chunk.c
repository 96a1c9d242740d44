/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Chunks: finished messages with, beside each, who gets it.
 *
 * A chunk of the group's list lives until no member stands on it or before it; members
 * reference only the chunk they stand on, so the list is freed from its head.  Chunks
 * of walks and catch-ups live by their references alone.
 */
#include <assert.h>
#include <stdlib.h>

#include "bgp/message.h"
#include "out_internal.h"

struct chunk *
chunk_new(uint64_t from, uint64_t to)
{
	struct chunk *c = mem_zero(1, sizeof(*c));

	c->refs = 1;
	c->from = from;
	c->to = to;
	return c;
}

struct chunk *
chunk_ref(struct chunk *c)
{
	c->refs++;
	return c;
}

void
chunk_unref(struct chunk *c)
{
	if (c == NULL)
		return;
	assert(c->refs > 0);
	if (--c->refs > 0 || c->listed)
		return;
	free(c->msgs);
	free(c->octets);
	free(c);
}

void
chunk_add(
    struct chunk *c, const uint8_t *message, size_t len, const struct target *target)
{
	struct chunk_msg *msg;

	if (c->room - c->len < len) {
		size_t room = (size_t)c->room * 2;

		c->room = (uint32_t)(room - c->len < len ? c->len + len : room);
		c->octets = mem_resize(c->octets, c->room, 1);
	}
	memcpy(c->octets + c->len, message, len);
	if (c->n_msgs == c->msgs_room) {
		c->msgs_room = c->msgs_room == 0 ? 1 : c->msgs_room * 2;
		c->msgs = mem_resize(c->msgs, c->msgs_room, sizeof(*c->msgs));
	}
	msg = &c->msgs[c->n_msgs++];
	msg->start = c->len;
	msg->len = (uint32_t)len;
	msg->target = *target;
	c->len += (uint32_t)len;
}

void
chunk_finish(struct chunk *c)
{
	if (c->len > 0 && c->room - c->len > c->len / 4) {
		c->octets = mem_resize(c->octets, c->len, 1);
		c->room = c->len;
		c->msgs = mem_resize(c->msgs, c->n_msgs, sizeof(*c->msgs));
		c->msgs_room = c->n_msgs;
	}
}

/* RFC 4724 2: an UPDATE without anything, or with an empty MP_UNREACH_NLRI. */
struct chunk *
chunk_end_of_rib(enum family family)
{
	const struct target all = { .audience = FOR_ALL };
	struct chunk *c = chunk_new(0, 0);
	uint8_t octets[64], value[3];
	struct wcur out = wcur_of(octets, sizeof(octets));

	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, 0);
	if (family == FAMILY_IPV4) {
		wcur_u16(&out, 0);
	} else {
		wcur_u16(&out, 6);
		put_u16(value, family_afi(family));
		value[2] = SAFI_UNICAST;
		attribute_put(&out, ATTRIBUTE_OPTIONAL, ATTRIBUTE_MP_UNREACH, value,
		    sizeof(value));
	}
	message_end(&out, 0);
	chunk_add(c, octets, wcur_len(&out), &all);
	return c;
}

/* RFC 7313 3: BoRR and EoRR. */
struct chunk *
chunk_refresh(enum family family, enum refresh_subtype subtype)
{
	const struct target all = { .audience = FOR_ALL };
	const struct refresh refresh = { .afi = family_afi(family),
		.subtype = (uint8_t)subtype,
		.safi = SAFI_UNICAST };
	struct chunk *c = chunk_new(0, 0);
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));

	refresh_put(&out, &refresh);
	chunk_add(c, octets, wcur_len(&out), &all);
	return c;
}
