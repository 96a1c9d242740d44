/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Message framing (RFC 4271 4.1, RFC 8654), NOTIFICATION (4.5, RFC 4486, 6608, 8538,
 * 9003, 9687), KEEPALIVE (4.4) and ROUTE-REFRESH (RFC 2918, 7313).
 *
 * Decoders slice the caller's octets; nothing is copied, allocated or changed.
 */
#ifndef BGP_MESSAGE_H
#define BGP_MESSAGE_H

#include "bgp/cursor.h"
#include "bgp/prefix.h"

enum {
	BGP_PORT = 179,
	BGP_VERSION = 4,
	MESSAGE_HEADER_LEN = 19,
	MESSAGE_MAX_LEN = 4096,
	MESSAGE_MAX_EXTENDED_LEN = 65535, /* RFC 8654 */
};

enum message_type {
	MESSAGE_OPEN = 1,
	MESSAGE_UPDATE = 2,
	MESSAGE_NOTIFICATION = 3,
	MESSAGE_KEEPALIVE = 4,
	MESSAGE_ROUTE_REFRESH = 5,
};
#define MESSAGE_TYPE_COUNT 6 /* for counters indexed by type */

enum notification_code {
	NOTIFY_HEADER = 1,
	NOTIFY_OPEN = 2,
	NOTIFY_UPDATE = 3,
	NOTIFY_HOLD_EXPIRED = 4,
	NOTIFY_FSM = 5,
	NOTIFY_CEASE = 6,
	NOTIFY_REFRESH = 7,
	NOTIFY_SEND_HOLD_EXPIRED = 8, /* RFC 9687 */
};

enum notify_header_subcode {
	HEADER_NOT_SYNCHRONISED = 1,
	HEADER_BAD_LENGTH = 2,
	HEADER_BAD_TYPE = 3,
};

enum notify_open_subcode {
	OPEN_UNSPECIFIC = 0,
	OPEN_BAD_VERSION = 1,
	OPEN_BAD_PEER_AS = 2,
	OPEN_BAD_BGP_ID = 3,
	OPEN_BAD_PARAMETER = 4,
	OPEN_BAD_HOLD_TIME = 6,
	OPEN_BAD_CAPABILITY = 7, /* RFC 5492 */
};

enum notify_update_subcode {
	UPDATE_MALFORMED_LIST = 1,
	UPDATE_UNKNOWN_WELL_KNOWN = 2,
	UPDATE_MISSING_WELL_KNOWN = 3,
	UPDATE_BAD_FLAGS = 4,
	UPDATE_BAD_LENGTH = 5,
	UPDATE_BAD_ORIGIN = 6,
	UPDATE_BAD_NEXT_HOP = 8,
	UPDATE_BAD_OPTIONAL = 9,
	UPDATE_BAD_NETWORK = 10,
	UPDATE_BAD_AS_PATH = 11,
};

enum notify_cease_subcode {
	CEASE_MAX_PREFIXES = 1,
	CEASE_ADMIN_SHUTDOWN = 2,
	CEASE_DECONFIGURED = 3,
	CEASE_ADMIN_RESET = 4,
	CEASE_REJECTED = 5,
	CEASE_CONFIG_CHANGE = 6,
	CEASE_COLLISION = 7,
	CEASE_OUT_OF_RESOURCES = 8,
	CEASE_HARD_RESET = 9, /* RFC 8538 */
	CEASE_BFD_DOWN = 10,
};

/* RFC 6608: subcodes of NOTIFY_FSM by the state the message came in. */
enum notify_fsm_subcode {
	FSM_UNEXPECTED_OPEN_SENT = 1,
	FSM_UNEXPECTED_OPEN_CONFIRM = 2,
	FSM_UNEXPECTED_ESTABLISHED = 3,
};

/*
 * What a NOTIFICATION says, or would say.  code 0 means "no error".  `data` points
 * into the message at fault, or into static storage.
 */
struct bgp_error {
	uint8_t code;
	uint8_t subcode;
	struct slice data;
};

struct message {
	uint8_t type;       /* enum message_type, always a known one */
	struct slice body;  /* behind the header */
	struct slice whole; /* with the header */
};

enum frame_status {
	FRAME_OK,
	FRAME_MORE, /* not all octets are there yet */
	FRAME_BAD,  /* `error` is set: end the session */
};

/*
 * The next message at `buf`.  `max_len` is MESSAGE_MAX_LEN, or
 * MESSAGE_MAX_EXTENDED_LEN once RFC 8654 is negotiated (OPEN and KEEPALIVE stay
 * bound by 4,096).  A header is judged as soon as its 19 octets are there.
 */
enum frame_status message_frame(const uint8_t *buf, size_t len, size_t max_len,
    struct message *out, struct bgp_error *error);

/* Marker, a length to be patched by message_end(), type.  Returns the start offset. */
size_t message_begin(struct wcur *out, enum message_type type);
/* Patches the length of the message that began at `start`. */
void message_end(struct wcur *out, size_t start);

void keepalive_put(struct wcur *out);

/* NOTIFICATION; data that does not fit into 4,096 octets is cut. */
void notification_put(struct wcur *out, const struct bgp_error *error);
/* Never fails: a body of 0 or 1 octets reads as code 0, subcode 0. */
struct bgp_error notification_get(struct slice body);
/* "Cease/Administrative Shutdown"; numbers where no name is known.  Returns `buf`. */
const char *notification_format(uint8_t code, uint8_t subcode, char *buf, size_t len);
/* The shutdown text of a Cease 6/2 or 6/4, RFC 9003: control characters and what is
 * not UTF-8 become '?', at most `len` - 1 octets.  Returns `buf`, maybe "". */
const char *
notification_shutdown_text(const struct bgp_error *error, char *buf, size_t len);
/* Builds the length-prefixed data of RFC 9003 from `text` (cut to 255 octets at a
 * character border) into `buf` of at least 256 octets. */
struct slice notification_shutdown_data(const char *text, uint8_t *buf);

/*
 * RFC 8538 3: Cease/Hard Reset carries the code, subcode and data of what happened,
 * here in `buf` of `len` octets; data that does not fit is cut.
 */
struct bgp_error
notification_hard_reset(const struct bgp_error *inner, uint8_t *buf, size_t len);
/* What a Hard Reset carries; code 0 where it carries nothing.  False: it is none. */
bool notification_is_hard_reset(const struct bgp_error *error, struct bgp_error *inner);

enum refresh_subtype {
	REFRESH_REQUEST = 0,
	REFRESH_BEGIN = 1, /* BoRR, RFC 7313 */
	REFRESH_END = 2,   /* EoRR */
};

struct refresh {
	uint16_t afi;
	uint8_t subtype; /* as received; unknown ones are ignored by the caller */
	uint8_t safi;
};

void refresh_put(struct wcur *out, const struct refresh *refresh);
/* False: the length is wrong, `error` is 7/1 with the message in `data` (RFC 7313 5).
 */
bool
refresh_get(const struct message *msg, struct refresh *out, struct bgp_error *error);

enum { AFI_IPV4 = 1, AFI_IPV6 = 2, SAFI_UNICAST = 1 };

/* FAMILY_NONE for what we do not carry. */
enum family family_from_afi(uint16_t afi, uint8_t safi);
uint16_t family_afi(enum family family);

#endif
