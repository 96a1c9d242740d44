/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Message framing, KEEPALIVE and ROUTE-REFRESH.  The speaker hands in what its
 * connection read and gets slices of it back.
 *
 * Knows the header and the bounds of each type; OPEN, UPDATE and NOTIFICATION bodies
 * are the business of open.c, update.c and notification.c.
 */
#include "bgp/message.h"

#include <assert.h>

enum { MARKER_LEN = 16, LENGTH_AT = 16, TYPE_AT = 18 };

/* RFC 4271 4.2-4.5 and 6.1.  No type of 0: it stays an all-zero row.  A ROUTE-REFRESH
 * of a wrong length has an error of its own (RFC 7313 5): refresh_get(). */
static const struct {
	uint16_t min;
	uint16_t max; /* also bound by the session's limit */
} length_bounds[MESSAGE_TYPE_COUNT] = {
	[MESSAGE_OPEN] = { 29, MESSAGE_MAX_LEN }, /* RFC 8654 4: never extended */
	[MESSAGE_UPDATE] = { 23, MESSAGE_MAX_EXTENDED_LEN },
	[MESSAGE_NOTIFICATION] = { 21, MESSAGE_MAX_EXTENDED_LEN },
	[MESSAGE_KEEPALIVE] = { MESSAGE_HEADER_LEN, MESSAGE_HEADER_LEN },
	[MESSAGE_ROUTE_REFRESH] = { MESSAGE_HEADER_LEN, MESSAGE_MAX_EXTENDED_LEN },
};

static enum frame_status
frame_bad(struct bgp_error *error, uint8_t subcode, const uint8_t *data, size_t len)
{
	*error = (struct bgp_error){ NOTIFY_HEADER, subcode, { data, len } };
	return FRAME_BAD;
}

static bool
marker_is_good(const uint8_t *buf)
{
	uint64_t half[2];

	static_assert(sizeof(half) == MARKER_LEN, "the marker is read as two halves");
	memcpy(half, buf, sizeof(half));
	return (half[0] & half[1]) == UINT64_MAX;
}

enum frame_status
message_frame(const uint8_t *buf, size_t len, size_t max_len, struct message *out,
    struct bgp_error *error)
{
	size_t whole;
	uint8_t type;

	if (len < MESSAGE_HEADER_LEN)
		return FRAME_MORE;
	if (!marker_is_good(buf))
		return frame_bad(error, HEADER_NOT_SYNCHRONISED, buf, 0);
	whole = get_u16(buf + LENGTH_AT);
	type = buf[TYPE_AT];
	if (whole < MESSAGE_HEADER_LEN || whole > max_len)
		return frame_bad(error, HEADER_BAD_LENGTH, buf + LENGTH_AT, 2);
	if (type >= MESSAGE_TYPE_COUNT || length_bounds[type].max == 0)
		return frame_bad(error, HEADER_BAD_TYPE, buf + TYPE_AT, 1);
	if (whole < length_bounds[type].min || whole > length_bounds[type].max)
		return frame_bad(error, HEADER_BAD_LENGTH, buf + LENGTH_AT, 2);
	if (len < whole)
		return FRAME_MORE;
	*out = (struct message){
		.type = type,
		.body = { buf + MESSAGE_HEADER_LEN, whole - MESSAGE_HEADER_LEN },
		.whole = { buf, whole },
	};
	return FRAME_OK;
}

size_t
message_begin(struct wcur *out, enum message_type type)
{
	size_t start = wcur_len(out);
	uint8_t *header = wcur_room(out, MESSAGE_HEADER_LEN);

	if (header != NULL) {
		memset(header, 0xff, MARKER_LEN);
		put_u16(header + LENGTH_AT, MESSAGE_HEADER_LEN);
		header[TYPE_AT] = (uint8_t)type;
	}
	return start;
}

void
message_end(struct wcur *out, size_t start)
{
	size_t whole = wcur_len(out) - start;

	if (whole > MESSAGE_MAX_EXTENDED_LEN)
		out->failed = true;
	if (!out->failed)
		put_u16(out->start + start + LENGTH_AT, (uint16_t)whole);
}

void
keepalive_put(struct wcur *out)
{
	message_end(out, message_begin(out, MESSAGE_KEEPALIVE));
}

void
refresh_put(struct wcur *out, const struct refresh *refresh)
{
	size_t start = message_begin(out, MESSAGE_ROUTE_REFRESH);

	wcur_u16(out, refresh->afi);
	wcur_u8(out, refresh->subtype);
	wcur_u8(out, refresh->safi);
	message_end(out, start);
}

bool
refresh_get(const struct message *msg, struct refresh *out, struct bgp_error *error)
{
	struct rcur in = rcur_of_slice(msg->body);

	if (msg->body.len != 4) {
		*error = (struct bgp_error){ NOTIFY_REFRESH, 1, msg->whole };
		return false;
	}
	out->afi = rcur_u16(&in);
	out->subtype = rcur_u8(&in);
	out->safi = rcur_u8(&in);
	return true;
}

enum family
family_from_afi(uint16_t afi, uint8_t safi)
{
	if (safi != SAFI_UNICAST)
		return FAMILY_NONE;
	if (afi == AFI_IPV4)
		return FAMILY_IPV4;
	return afi == AFI_IPV6 ? FAMILY_IPV6 : FAMILY_NONE;
}

uint16_t
family_afi(enum family family)
{
	return family == FAMILY_IPV4 ? AFI_IPV4 : AFI_IPV6;
}
