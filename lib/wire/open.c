/* SPDX-License-Identifier: BSD-2-Clause
 *
 * OPEN and capabilities: decode, encode, negotiate.
 *
 *   version(1) AS(2) hold(2) id(4) len(1) parameter*        RFC 4271 4.2
 *   ... 255(1) 255(1) len(2) extended parameter*            RFC 9072 2
 *   parameter 2: capability*, each code(1) len(1) value     RFC 5492 4
 *
 * Each level is sliced by its own length before it is looked into, so that no reader
 * can stray into its neighbour.  What is acceptable from a configured peer is not known
 * here.
 */
#include "bgp/open.h"

enum {
	PARAMETER_CAPABILITIES = 2, /* RFC 5492 */
	PARAMETER_EXTENDED = 255,   /* RFC 9072 */
	CAPABILITY_MAX_LEN = 255,
	GR_RESTARTING = 0x8000,
	GR_NOTIFICATION = 0x4000, /* RFC 8538 2 */
	GR_TIME_MASK = 0x0fff,
	GR_FORWARDING = 0x80,
	LL_TUPLE_LEN = 7, /* RFC 9494 3.1: AFI 2, SAFI, flags, stale time 3 */
	LL_FORWARDING = 0x80,
	LL_TIME_MASK = 0xffffff,
};

/* Reads a value of one capability; false: malformed, and `open` is as before. */
typedef bool capability_reader(struct slice value, struct open *open);

static capability_reader multiprotocol_get, graceful_restart_get, as4_get, fqdn_get,
    route_refresh_get, extended_message_get, enhanced_refresh_get, add_path_get,
    long_lived_restart_get, extended_next_hop_get;

/* Refused are those without which the session would mean something else than the peer
 * thinks; the rest are ignored when malformed. */
static const struct {
	uint8_t code;
	bool refused;
	capability_reader *get;
} capabilities[] = {
	{ CAPABILITY_MULTIPROTOCOL, true, multiprotocol_get },
	{ CAPABILITY_ROUTE_REFRESH, false, route_refresh_get },
	{ CAPABILITY_EXTENDED_NEXT_HOP, false, extended_next_hop_get },
	{ CAPABILITY_EXTENDED_MESSAGE, false, extended_message_get },
	{ CAPABILITY_GRACEFUL_RESTART, false, graceful_restart_get },
	{ CAPABILITY_AS4, true, as4_get },
	{ CAPABILITY_ADD_PATH, false, add_path_get },
	{ CAPABILITY_ENHANCED_REFRESH, false, enhanced_refresh_get },
	{ CAPABILITY_LONG_LIVED_RESTART, false, long_lived_restart_get },
	{ CAPABILITY_FQDN, false, fqdn_get },
};

static bool
refuse(struct bgp_error *error, uint8_t subcode, struct slice data)
{
	*error = (struct bgp_error){ NOTIFY_OPEN, subcode, data };
	return false;
}

static const struct slice no_data;

static bool
multiprotocol_get(struct slice value, struct open *open)
{
	enum family family;

	if (value.len != 4)
		return false;
	family = family_from_afi(get_u16(value.at), value.at[3]);
	if (family != FAMILY_NONE)
		open->families[family] = true;
	return true;
}

static bool
route_refresh_get(struct slice value, struct open *open)
{
	if (value.len != 0)
		return false;
	open->route_refresh = true;
	return true;
}

/*
 * RFC 8950 4: triples of NLRI AFI, NLRI SAFI and next hop AFI, two octets each.  Others
 * than the one that is of use here are ignored.
 */
static bool
extended_next_hop_get(struct slice value, struct open *open)
{
	struct rcur in = rcur_of_slice(value);

	if (value.len % 6 != 0)
		return false;
	while (rcur_left(&in) > 0) {
		uint16_t afi = rcur_u16(&in);
		uint16_t safi = rcur_u16(&in);
		uint16_t next_hop_afi = rcur_u16(&in);

		if (afi == family_afi(FAMILY_IPV4) && safi == SAFI_UNICAST &&
		    next_hop_afi == family_afi(FAMILY_IPV6))
			open->extended_next_hop = true;
	}
	return true;
}

static bool
extended_message_get(struct slice value, struct open *open)
{
	if (value.len != 0)
		return false;
	open->extended_message = true;
	return true;
}

static bool
enhanced_refresh_get(struct slice value, struct open *open)
{
	if (value.len != 0)
		return false;
	open->enhanced_refresh = true;
	return true;
}

/* AS 0 is caught by open_get(), which judges the AS whatever field it came in. */
static bool
as4_get(struct slice value, struct open *open)
{
	if (value.len != 4)
		return false;
	open->as4 = true;
	open->as = get_u32(value.at);
	return true;
}

/* RFC 4724 3: of several the last one counts. */
static bool
graceful_restart_get(struct slice value, struct open *open)
{
	struct rcur in = rcur_of_slice(value);
	uint16_t head = rcur_u16(&in);

	if (value.len < 2 || (value.len - 2) % 4 != 0)
		return false;
	open->graceful_restart = true;
	open->restarting = (head & GR_RESTARTING) != 0;
	open->notification_gr = (head & GR_NOTIFICATION) != 0;
	open->restart_time_s = head & GR_TIME_MASK;
	memset(open->gr_families, 0, sizeof(open->gr_families));
	memset(open->forwarding, 0, sizeof(open->forwarding));
	while (rcur_left(&in) > 0) {
		uint16_t afi = rcur_u16(&in);
		enum family family = family_from_afi(afi, rcur_u8(&in));
		uint8_t flags = rcur_u8(&in);

		if (family == FAMILY_NONE)
			continue;
		open->gr_families[family] = true;
		open->forwarding[family] = (flags & GR_FORWARDING) != 0;
	}
	return true;
}

static void
long_lived_restart_clear(struct open *open)
{
	open->long_lived_restart = false;
	memset(open->ll_families, 0, sizeof(open->ll_families));
	memset(open->ll_forwarding, 0, sizeof(open->ll_forwarding));
	memset(open->ll_stale_time_s, 0, sizeof(open->ll_stale_time_s));
}

/* RFC 9494 3.1; as above, of several the last one counts. */
static bool
long_lived_restart_get(struct slice value, struct open *open)
{
	struct rcur in = rcur_of_slice(value);

	if (value.len % LL_TUPLE_LEN != 0)
		return false;
	long_lived_restart_clear(open);
	open->long_lived_restart = true;
	while (rcur_left(&in) > 0) {
		uint16_t afi = rcur_u16(&in);
		enum family family = family_from_afi(afi, rcur_u8(&in));
		uint32_t flags_and_time = rcur_u32(&in);

		if (family == FAMILY_NONE)
			continue;
		open->ll_families[family] = true;
		open->ll_forwarding[family] =
		    (flags_and_time >> 24 & LL_FORWARDING) != 0;
		open->ll_stale_time_s[family] = flags_and_time & LL_TIME_MASK;
	}
	return true;
}

/* RFC 7911 4: a tuple with another value than these three is ignored. */
static bool
add_path_get(struct slice value, struct open *open)
{
	struct rcur in = rcur_of_slice(value);

	if (value.len % 4 != 0)
		return false;
	while (rcur_left(&in) > 0) {
		uint16_t afi = rcur_u16(&in);
		enum family family = family_from_afi(afi, rcur_u8(&in));
		uint8_t what = rcur_u8(&in);

		if (family != FAMILY_NONE && what >= ADD_PATH_RECEIVE &&
		    what <= (ADD_PATH_RECEIVE | ADD_PATH_SEND))
			open->add_path[family] = what;
	}
	return true;
}

/* Names end in logs and on terminals: what is not printable ASCII becomes '?'. */
static void
name_copy(char out[FQDN_MAX_LEN + 1], struct slice name)
{
	size_t i;

	memset(out, 0, FQDN_MAX_LEN + 1);
	for (i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];

		out[i] = c > 0x20 && c < 0x7f ? (char)c : '?';
	}
}

static bool
fqdn_get(struct slice value, struct open *open)
{
	struct rcur in = rcur_of_slice(value);
	struct slice hostname = rcur_slice(&in, rcur_u8(&in));
	struct slice domain = rcur_slice(&in, rcur_u8(&in));

	if (in.failed || rcur_left(&in) != 0)
		return false;
	name_copy(open->hostname, hostname);
	name_copy(open->domain, domain);
	return true;
}

static bool
capability_get(uint8_t code, struct slice value, struct open *open)
{
	size_t i;

	for (i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (capabilities[i].code == code)
			return capabilities[i].get(value, open) ||
			       !capabilities[i].refused;
	}
	return true; /* RFC 5492 3: the unknown is ignored */
}

/* One parameter's value.  False: a capability runs past it, or is refused. */
static bool
capabilities_get(struct slice value, struct open *open, bool *multiprotocol)
{
	struct rcur in = rcur_of_slice(value);

	while (rcur_left(&in) > 0) {
		uint8_t code = rcur_u8(&in);
		struct slice one = rcur_slice(&in, rcur_u8(&in));

		if (in.failed || !capability_get(code, one, open))
			return false;
		if (code == CAPABILITY_MULTIPROTOCOL)
			*multiprotocol = true;
	}
	return !in.failed;
}

/* The parameters in either form; `extended` says whether lengths have two octets. */
static bool
parameters_slice(struct rcur *in, struct slice *out, bool *extended)
{
	size_t len = rcur_u8(in);

	/* RFC 9072 2: the type octet decides, the length before it only by not being 0.
	 */
	*extended = len > 0 && rcur_left(in) > 0 && in->at[0] == PARAMETER_EXTENDED;
	if (*extended) {
		rcur_u8(in);
		len = rcur_u16(in);
	}
	*out = rcur_slice(in, len);
	return !in->failed && rcur_left(in) == 0;
}

static bool
parameters_get(struct rcur *in, struct open *open, struct bgp_error *error)
{
	bool extended, multiprotocol = false;
	struct slice parameters;
	struct rcur each;

	if (!parameters_slice(in, &parameters, &extended))
		return refuse(error, OPEN_UNSPECIFIC, no_data);
	each = rcur_of_slice(parameters);
	while (rcur_left(&each) > 0) {
		uint8_t type = rcur_u8(&each);
		size_t len = extended ? rcur_u16(&each) : rcur_u8(&each);
		struct slice value = rcur_slice(&each, len);

		if (each.failed)
			return refuse(error, OPEN_UNSPECIFIC, no_data);
		if (type != PARAMETER_CAPABILITIES)
			return refuse(error, OPEN_BAD_PARAMETER, no_data);
		if (!capabilities_get(value, open, &multiprotocol))
			return refuse(error, OPEN_UNSPECIFIC, no_data);
	}
	if (!multiprotocol)
		open->families[FAMILY_IPV4] = true; /* RFC 4760 8 */
	return true;
}

/* RFC 4271 6.2, and what has changed it since. */
bool
open_get(struct slice body, struct open *out, struct bgp_error *error)
{
	static const uint8_t our_version[] = { 0, BGP_VERSION };
	struct rcur in = rcur_of_slice(body);
	uint8_t version = rcur_u8(&in);
	uint16_t as;

	memset(out, 0, sizeof(*out));
	as = rcur_u16(&in);
	out->as = as;
	out->hold_time_s = rcur_u16(&in);
	out->bgp_id = rcur_u32(&in);
	if (in.failed)
		return refuse(error, OPEN_UNSPECIFIC, no_data);
	if (version != BGP_VERSION)
		return refuse(error, OPEN_BAD_VERSION,
		    (struct slice){ our_version, sizeof(our_version) });
	if (!parameters_get(&in, out, error))
		return false;
	/* RFC 9494 4.5: it means nothing without the capability that it extends. */
	if (!out->graceful_restart)
		long_lived_restart_clear(out);
	if (as == 0 || out->as == 0) /* RFC 7607 2, RFC 6793 4.2.1 */
		return refuse(error, OPEN_BAD_PEER_AS, no_data);
	if (out->hold_time_s == 1 || out->hold_time_s == 2)
		return refuse(error, OPEN_BAD_HOLD_TIME, no_data);
	if (out->bgp_id == 0)
		return refuse(error, OPEN_BAD_BGP_ID, no_data);
	return true;
}

/* Code and length; the caller writes the value. */
static void
capability_head(struct wcur *out, enum capability_code code, size_t len)
{
	wcur_u16(out, (uint16_t)((unsigned)code << 8 | len));
}

static void
family_put(struct wcur *out, enum family family)
{
	wcur_u16(out, family_afi(family));
}

static void
graceful_restart_put(struct wcur *out, const struct open *open)
{
	unsigned head = open->restart_time_s & GR_TIME_MASK;
	size_t len = 2;
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		len += open->gr_families[f] ? 4 : 0;
	head |= open->restarting ? GR_RESTARTING : 0;
	head |= open->notification_gr ? GR_NOTIFICATION : 0;
	capability_head(out, CAPABILITY_GRACEFUL_RESTART, len);
	wcur_u16(out, (uint16_t)head);
	for (f = 0; f < FAMILY_COUNT; f++) {
		if (!open->gr_families[f])
			continue;
		family_put(out, (enum family)f);
		wcur_u8(out, SAFI_UNICAST);
		wcur_u8(out, open->forwarding[f] ? GR_FORWARDING : 0);
	}
}

static void
long_lived_restart_put(struct wcur *out, const struct open *open)
{
	size_t len = 0;
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		len += open->ll_families[f] ? LL_TUPLE_LEN : 0;
	capability_head(out, CAPABILITY_LONG_LIVED_RESTART, len);
	for (f = 0; f < FAMILY_COUNT; f++) {
		uint32_t flags = open->ll_forwarding[f] ? LL_FORWARDING : 0;

		if (!open->ll_families[f])
			continue;
		family_put(out, (enum family)f);
		wcur_u8(out, SAFI_UNICAST);
		wcur_u32(out, flags << 24 | (open->ll_stale_time_s[f] & LL_TIME_MASK));
	}
}

static void
add_path_put(struct wcur *out, const struct open *open)
{
	size_t len = 0;
	int f;

	for (f = 0; f < FAMILY_COUNT; f++)
		len += open->add_path[f] != 0 ? 4 : 0;
	if (len == 0)
		return;
	capability_head(out, CAPABILITY_ADD_PATH, len);
	for (f = 0; f < FAMILY_COUNT; f++) {
		if (open->add_path[f] == 0)
			continue;
		family_put(out, (enum family)f);
		wcur_u8(out, SAFI_UNICAST);
		wcur_u8(out, open->add_path[f]);
	}
}

static size_t
name_len(const char name[FQDN_MAX_LEN + 1], size_t max)
{
	const char *end = memchr(name, '\0', max);

	return end == NULL ? max : (size_t)(end - name);
}

/* Both names share the 255 octets of one capability; the domain gives way. */
static void
fqdn_put(struct wcur *out, const struct open *open)
{
	size_t room = CAPABILITY_MAX_LEN - 2;
	size_t hostname = name_len(open->hostname, room);
	size_t domain = name_len(open->domain, room - hostname);

	capability_head(out, CAPABILITY_FQDN, 2 + hostname + domain);
	wcur_u8(out, (uint8_t)hostname);
	wcur_bytes(out, open->hostname, hostname);
	wcur_u8(out, (uint8_t)domain);
	wcur_bytes(out, open->domain, domain);
}

static void
capabilities_put(struct wcur *out, const struct open *open)
{
	int f;

	for (f = 0; f < FAMILY_COUNT; f++) {
		if (!open->families[f])
			continue;
		capability_head(out, CAPABILITY_MULTIPROTOCOL, 4);
		family_put(out, (enum family)f);
		wcur_u8(out, 0);
		wcur_u8(out, SAFI_UNICAST);
	}
	if (open->route_refresh)
		capability_head(out, CAPABILITY_ROUTE_REFRESH, 0);
	if (open->extended_next_hop) {
		capability_head(out, CAPABILITY_EXTENDED_NEXT_HOP, 6);
		family_put(out, FAMILY_IPV4);
		wcur_u16(out, SAFI_UNICAST);
		family_put(out, FAMILY_IPV6);
	}
	if (open->extended_message)
		capability_head(out, CAPABILITY_EXTENDED_MESSAGE, 0);
	if (open->graceful_restart)
		graceful_restart_put(out, open);
	if (open->as4) {
		capability_head(out, CAPABILITY_AS4, 4);
		wcur_u32(out, open->as);
	}
	add_path_put(out, open);
	if (open->enhanced_refresh)
		capability_head(out, CAPABILITY_ENHANCED_REFRESH, 0);
	if (open->long_lived_restart)
		long_lived_restart_put(out, open);
	if (open->hostname[0] != '\0' || open->domain[0] != '\0')
		fqdn_put(out, open);
}

/* All capabilities in one parameter (RFC 5492 4). */
static void
parameters_put(struct wcur *out, struct slice value)
{
	if (value.len == 0) {
		wcur_u8(out, 0);
	} else if (value.len + 2 <= UINT8_MAX) {
		wcur_u8(out, (uint8_t)(value.len + 2));
		wcur_u8(out, PARAMETER_CAPABILITIES);
		wcur_u8(out, (uint8_t)value.len);
	} else {
		wcur_u8(out, UINT8_MAX);
		wcur_u8(out, PARAMETER_EXTENDED);
		wcur_u16(out, (uint16_t)(value.len + 3));
		wcur_u8(out, PARAMETER_CAPABILITIES);
		wcur_u16(out, (uint16_t)value.len);
	}
	wcur_bytes(out, value.at, value.len);
}

void
open_put(struct wcur *out, const struct open *open)
{
	uint8_t buf[512]; /* every capability at its longest takes less */
	struct wcur value = wcur_of(buf, sizeof(buf));
	size_t start = message_begin(out, MESSAGE_OPEN);

	capabilities_put(&value, open);
	wcur_u8(out, BGP_VERSION);
	wcur_u16(out, open->as > UINT16_MAX ? AS_TRANS : (uint16_t)open->as);
	wcur_u16(out, open->hold_time_s);
	wcur_u32(out, open->bgp_id);
	parameters_put(out, (struct slice){ buf, wcur_len(&value) });
	message_end(out, start);
}

/* One side's sending is the other's receiving. */
static uint8_t
negotiate_add_path(uint8_t ours, uint8_t theirs)
{
	uint8_t what = 0;

	if ((ours & ADD_PATH_RECEIVE) && (theirs & ADD_PATH_SEND))
		what |= ADD_PATH_RECEIVE;
	if ((ours & ADD_PATH_SEND) && (theirs & ADD_PATH_RECEIVE))
		what |= ADD_PATH_SEND;
	return what;
}

struct session_params
open_negotiate(const struct open *ours, const struct open *theirs)
{
	struct session_params p = {
		.as4 = ours->as4 && theirs->as4,
		.route_refresh = ours->route_refresh && theirs->route_refresh,
		.enhanced_refresh = ours->enhanced_refresh && theirs->enhanced_refresh,
		.extended_message = ours->extended_message && theirs->extended_message,
		.hold_time_s = ours->hold_time_s < theirs->hold_time_s
				   ? ours->hold_time_s
				   : theirs->hold_time_s,
	};
	int f;

	for (f = 0; f < FAMILY_COUNT; f++) {
		p.families[f] = ours->families[f] && theirs->families[f];
		if (p.families[f])
			p.add_path[f] =
			    negotiate_add_path(ours->add_path[f], theirs->add_path[f]);
	}
	p.extended_next_hop = p.families[FAMILY_IPV4] && ours->extended_next_hop &&
			      theirs->extended_next_hop;
	p.keepalive_s = p.hold_time_s / 3;
	return p;
}
