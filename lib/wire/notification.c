/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NOTIFICATION: encode, decode, the names of codes and subcodes, and the shutdown text
 * of RFC 9003.
 *
 * What arrives here was written by a peer that may mean harm and ends in logs and on
 * terminals: numbers never index past a table, text never leaves unsanitised.
 */
#include "bgp/message.h"

#include <assert.h>
#include <stdio.h>

enum {
	NOTIFICATION_FIXED_LEN = MESSAGE_HEADER_LEN + 2,
	SHUTDOWN_TEXT_MAX = 255, /* RFC 9003 2 */
};

void
notification_put(struct wcur *out, const struct bgp_error *error)
{
	size_t start = message_begin(out, MESSAGE_NOTIFICATION);
	size_t len = error->data.len;

	if (len > MESSAGE_MAX_LEN - NOTIFICATION_FIXED_LEN)
		len = MESSAGE_MAX_LEN - NOTIFICATION_FIXED_LEN;
	wcur_u8(out, error->code);
	wcur_u8(out, error->subcode);
	wcur_bytes(out, error->data.at, len);
	message_end(out, start);
}

struct bgp_error
notification_get(struct slice body)
{
	struct bgp_error error = { .data = { body.at, 0 } };

	if (body.len < 2)
		return error;
	error.code = body.at[0];
	error.subcode = body.at[1];
	error.data = (struct slice){ body.at + 2, body.len - 2 };
	return error;
}

/* The IANA registry's names; a hole is a number that nobody may send. */
static const char *const header_names[] = {
	[HEADER_NOT_SYNCHRONISED] = "Connection Not Synchronized",
	[HEADER_BAD_LENGTH] = "Bad Message Length",
	[HEADER_BAD_TYPE] = "Bad Message Type",
};
static const char *const open_names[] = {
	[OPEN_BAD_VERSION] = "Unsupported Version Number",
	[OPEN_BAD_PEER_AS] = "Bad Peer AS",
	[OPEN_BAD_BGP_ID] = "Bad BGP Identifier",
	[OPEN_BAD_PARAMETER] = "Unsupported Optional Parameter",
	[OPEN_BAD_HOLD_TIME] = "Unacceptable Hold Time",
	[OPEN_BAD_CAPABILITY] = "Unsupported Capability",
	[11] = "Role Mismatch", /* RFC 9234 4.2 */
};
static const char *const update_names[] = {
	[UPDATE_MALFORMED_LIST] = "Malformed Attribute List",
	[UPDATE_UNKNOWN_WELL_KNOWN] = "Unrecognized Well-known Attribute",
	[UPDATE_MISSING_WELL_KNOWN] = "Missing Well-known Attribute",
	[UPDATE_BAD_FLAGS] = "Attribute Flags Error",
	[UPDATE_BAD_LENGTH] = "Attribute Length Error",
	[UPDATE_BAD_ORIGIN] = "Invalid ORIGIN Attribute",
	[UPDATE_BAD_NEXT_HOP] = "Invalid NEXT_HOP Attribute",
	[UPDATE_BAD_OPTIONAL] = "Optional Attribute Error",
	[UPDATE_BAD_NETWORK] = "Invalid Network Field",
	[UPDATE_BAD_AS_PATH] = "Malformed AS_PATH",
};
static const char *const fsm_names[] = {
	[FSM_UNEXPECTED_OPEN_SENT] = "Unexpected Message in OpenSent State",
	[FSM_UNEXPECTED_OPEN_CONFIRM] = "Unexpected Message in OpenConfirm State",
	[FSM_UNEXPECTED_ESTABLISHED] = "Unexpected Message in Established State",
};
static const char *const cease_names[] = {
	[CEASE_MAX_PREFIXES] = "Maximum Number of Prefixes Reached",
	[CEASE_ADMIN_SHUTDOWN] = "Administrative Shutdown",
	[CEASE_DECONFIGURED] = "Peer De-configured",
	[CEASE_ADMIN_RESET] = "Administrative Reset",
	[CEASE_REJECTED] = "Connection Rejected",
	[CEASE_CONFIG_CHANGE] = "Other Configuration Change",
	[CEASE_COLLISION] = "Connection Collision Resolution",
	[CEASE_OUT_OF_RESOURCES] = "Out of Resources",
	[CEASE_HARD_RESET] = "Hard Reset",
	[CEASE_BFD_DOWN] = "BFD Down",
};
static const char *const refresh_names[] = {
	[1] = "Invalid Message Length", /* RFC 7313 5 */
};

#define SUBCODES(names) names, sizeof(names) / sizeof((names)[0])

static const struct {
	const char *name;
	const char *const *subcodes;
	size_t n_subcodes;
} codes[] = {
	[NOTIFY_HEADER] = { "Message Header Error", SUBCODES(header_names) },
	[NOTIFY_OPEN] = { "OPEN Message Error", SUBCODES(open_names) },
	[NOTIFY_UPDATE] = { "UPDATE Message Error", SUBCODES(update_names) },
	[NOTIFY_HOLD_EXPIRED] = { "Hold Timer Expired", NULL, 0 },
	[NOTIFY_FSM] = { "Finite State Machine Error", SUBCODES(fsm_names) },
	[NOTIFY_CEASE] = { "Cease", SUBCODES(cease_names) },
	[NOTIFY_REFRESH] = { "ROUTE-REFRESH Message Error", SUBCODES(refresh_names) },
	[NOTIFY_SEND_HOLD_EXPIRED] = { "Send Hold Timer Expired", NULL, 0 },
};

const char *
notification_format(uint8_t code, uint8_t subcode, char *buf, size_t len)
{
	const char *name = NULL;

	if (code >= sizeof(codes) / sizeof(codes[0]) || codes[code].name == NULL) {
		snprintf(buf, len, "code %u/subcode %u", code, subcode);
		return buf;
	}
	if (subcode < codes[code].n_subcodes)
		name = codes[code].subcodes[subcode];
	if (name != NULL)
		snprintf(buf, len, "%s/%s", codes[code].name, name);
	else if (subcode != 0)
		snprintf(buf, len, "%s/subcode %u", codes[code].name, subcode);
	else
		snprintf(buf, len, "%s", codes[code].name);
	return buf;
}

/*
 * The length of the UTF-8 character at `at`, 0 where there is none that may be shown:
 * broken, overlong, a surrogate, past U+10FFFF (RFC 3629 4), or a control character,
 * C1 included: a terminal obeys both kinds.
 */
static size_t
utf8_printable(const uint8_t *at, size_t left)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = at[0];
	size_t len, i;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (left < len)
		return 0;
	c &= 0xffu >> (len + 1);
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3fu);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c < 0xa0 ? 0 : len;
}

const char *
notification_shutdown_text(const struct bgp_error *error, char *buf, size_t len)
{
	struct rcur in = rcur_of_slice(error->data);
	size_t said, at = 0;

	assert(len > 0);
	buf[0] = '\0';
	if (error->code != NOTIFY_CEASE || (error->subcode != CEASE_ADMIN_SHUTDOWN &&
					       error->subcode != CEASE_ADMIN_RESET))
		return buf;
	said = rcur_u8(&in);
	if (said < rcur_left(&in))
		in.end =
		    in.at + said; /* a length past the end is cut to what is there */
	while (rcur_left(&in) > 0) {
		size_t n = utf8_printable(in.at, rcur_left(&in));
		size_t room = n > 0 ? n : 1;

		if (len - at <= room)
			break;
		if (n > 0)
			memcpy(buf + at, in.at, n);
		else
			buf[at] = '?';
		at += room;
		in.at += room;
	}
	buf[at] = '\0';
	return buf;
}

struct slice
notification_shutdown_data(const char *text, uint8_t *buf)
{
	size_t len = strlen(text);

	if (len > SHUTDOWN_TEXT_MAX) {
		len = SHUTDOWN_TEXT_MAX;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
	}
	buf[0] = (uint8_t)len;
	memcpy(buf + 1, text, len);
	return (struct slice){ buf, len + 1 };
}

struct bgp_error
notification_hard_reset(const struct bgp_error *inner, uint8_t *buf, size_t len)
{
	size_t data_len = inner->data.len < len - 2 ? inner->data.len : len - 2;

	buf[0] = inner->code;
	buf[1] = inner->subcode;
	if (data_len > 0)
		memcpy(buf + 2, inner->data.at, data_len);
	return (
	    struct bgp_error){ NOTIFY_CEASE, CEASE_HARD_RESET, { buf, data_len + 2 } };
}

bool
notification_is_hard_reset(const struct bgp_error *error, struct bgp_error *inner)
{
	if (error->code != NOTIFY_CEASE || error->subcode != CEASE_HARD_RESET)
		return false;
	*inner = notification_get(error->data);
	return true;
}
