/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control packet of RFC 5880 4.1, its mandatory section.
 *
 *    0                   1                   2                   3
 *   |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 *   |                       My Discriminator                        |
 *   |                      Your Discriminator                       |
 *   |                    Desired Min TX Interval                    |
 *   |                   Required Min RX Interval                    |
 *   |                 Required Min Echo RX Interval                 |
 */
#include "bgp/bfd.h"
#include "bgp/cursor.h"

enum {
	VERSION = 1,
	DIAG_MASK = 0x1f,
	FLAG_POLL = 0x20,
	FLAG_FINAL = 0x10,
	FLAG_INDEPENDENT = 0x08,
	FLAG_AUTHENTICATION = 0x04,
	FLAG_DEMAND = 0x02,
	FLAG_MULTIPOINT = 0x01,
	AUTHENTICATION_MIN_LEN = 2, /* type and length (RFC 5880 4.1) */
};

/* RFC 5880 6.8.6, in its order, as far as it needs no session. */
static enum bfd_drop
judge(const uint8_t *at, size_t len)
{
	bool has_authentication;
	uint8_t state;

	if (len < BFD_PACKET_LEN)
		return BFD_DROP_SHORT;
	has_authentication = (at[1] & FLAG_AUTHENTICATION) != 0;
	state = at[1] >> 6;
	if (at[0] >> 5 != VERSION)
		return BFD_DROP_VERSION;
	if (at[3] < BFD_PACKET_LEN + (has_authentication ? AUTHENTICATION_MIN_LEN : 0))
		return BFD_DROP_LENGTH;
	if (at[3] > len)
		return BFD_DROP_LENGTH;
	if (at[2] == 0)
		return BFD_DROP_MULTIPLIER;
	if (at[1] & FLAG_MULTIPOINT)
		return BFD_DROP_MULTIPOINT;
	if (get_u32(at + 4) == 0)
		return BFD_DROP_DISCRIMINATOR;
	if (get_u32(at + 8) == 0 && state != BFD_DOWN && state != BFD_ADMIN_DOWN)
		return BFD_DROP_STATE;
	/* No authentication is in use with us. */
	if (has_authentication)
		return BFD_DROP_AUTHENTICATION;
	return BFD_DROP_NOT;
}

enum bfd_drop
bfd_packet_get(const uint8_t *octets, size_t len, struct bfd_packet *out)
{
	enum bfd_drop drop = judge(octets, len);

	if (drop != BFD_DROP_NOT)
		return drop;
	*out = (struct bfd_packet){
		.diag = octets[0] & DIAG_MASK,
		.state = octets[1] >> 6,
		.poll = (octets[1] & FLAG_POLL) != 0,
		.final = (octets[1] & FLAG_FINAL) != 0,
		.independent = (octets[1] & FLAG_INDEPENDENT) != 0,
		.demand = (octets[1] & FLAG_DEMAND) != 0,
		.detect_mult = octets[2],
		.my_discriminator = get_u32(octets + 4),
		.your_discriminator = get_u32(octets + 8),
		.desired_min_tx_us = get_u32(octets + 12),
		.required_min_rx_us = get_u32(octets + 16),
		.required_min_echo_rx_us = get_u32(octets + 20),
	};
	return BFD_DROP_NOT;
}

void
bfd_packet_put(const struct bfd_packet *packet, uint8_t *octets)
{
	uint8_t flags = (uint8_t)(packet->state << 6);

	if (packet->poll)
		flags |= FLAG_POLL;
	if (packet->final)
		flags |= FLAG_FINAL;
	if (packet->independent)
		flags |= FLAG_INDEPENDENT;
	if (packet->demand)
		flags |= FLAG_DEMAND;
	octets[0] = (uint8_t)(VERSION << 5 | (packet->diag & DIAG_MASK));
	octets[1] = flags;
	octets[2] = packet->detect_mult;
	octets[3] = BFD_PACKET_LEN;
	put_u32(octets + 4, packet->my_discriminator);
	put_u32(octets + 8, packet->your_discriminator);
	put_u32(octets + 12, packet->desired_min_tx_us);
	put_u32(octets + 16, packet->required_min_rx_us);
	put_u32(octets + 20, packet->required_min_echo_rx_us);
}

const char *
bfd_state_name(uint8_t state)
{
	static const char *const names[] = { "AdminDown", "Down", "Init", "Up" };

	return state <= BFD_UP ? names[state] : "?";
}

const char *
bfd_diag_name(uint8_t diag)
{
	static const char *const names[] = {
		[BFD_DIAG_NONE] = "No Diagnostic",
		[BFD_DIAG_DETECTION_EXPIRED] = "Control Detection Time Expired",
		[BFD_DIAG_ECHO_FAILED] = "Echo Function Failed",
		[BFD_DIAG_NEIGHBOR_DOWN] = "Neighbor Signaled Session Down",
		[BFD_DIAG_PLANE_RESET] = "Forwarding Plane Reset",
		[BFD_DIAG_PATH_DOWN] = "Path Down",
		[BFD_DIAG_CONCATENATED_DOWN] = "Concatenated Path Down",
		[BFD_DIAG_ADMIN_DOWN] = "Administratively Down",
		[BFD_DIAG_REVERSE_DOWN] = "Reverse Concatenated Path Down",
	};

	return diag <= BFD_DIAG_REVERSE_DOWN ? names[diag] : "Unknown";
}

const char *
bfd_drop_name(enum bfd_drop drop)
{
	static const char *const names[BFD_DROP_REASON_COUNT] = {
		[BFD_DROP_NOT] = "taken",
		[BFD_DROP_SHORT] = "too short",
		[BFD_DROP_VERSION] = "not version 1",
		[BFD_DROP_LENGTH] = "wrong length",
		[BFD_DROP_MULTIPLIER] = "Detect Mult is 0",
		[BFD_DROP_MULTIPOINT] = "Multipoint is set",
		[BFD_DROP_DISCRIMINATOR] = "My Discriminator is 0",
		[BFD_DROP_STATE] = "Your Discriminator is 0 in Init or Up",
		[BFD_DROP_AUTHENTICATION] = "authentication",
		[BFD_DROP_TTL] = "TTL is not 255",
		[BFD_DROP_NO_SESSION] = "no such session",
		[BFD_DROP_OTHER_PATH] = "not the session's port",
		[BFD_DROP_ADMIN_DOWN] = "administratively down",
	};

	return drop < BFD_DROP_REASON_COUNT ? names[drop] : "?";
}
