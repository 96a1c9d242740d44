/* SPDX-License-Identifier: BSD-2-Clause
 *
 * BFD (RFC 5880) in asynchronous mode over IP, single hop (RFC 5881) and multihop
 * (RFC 5883): the protocol minus the sockets.  Packets and the time go in; packets, a
 * deadline and changes of state are pulled out.  Nothing calls back.
 *
 * The shell's turn, whatever woke it:
 *   bfd_receive() for all packets that wait;
 *   bfd_tick();
 *   bfd_next_packet() until there is none, bfd_next_change() likewise;
 *   sleep until bfd_deadline().
 * Packets before the tick: what came in time is then not taken for missing because we
 * were late.
 *
 * No echo function: Required Min Echo RX Interval is 0.  No authentication: a packet
 * that has it is dropped.  We never ask for Demand mode; a peer that does is obeyed.
 *
 * Times are microseconds of a monotonic clock, as the intervals on the wire are.  One
 * thread.
 */
#ifndef BGP_BFD_H
#define BGP_BFD_H

#include "bgp/prefix.h"

enum {
	BFD_PACKET_LEN = 24, /* without authentication, all we send */
	BFD_PORT_SINGLE_HOP = 3784,
	BFD_PORT_MULTIHOP = 4784,
	BFD_SOURCE_PORT_MIN = 49152, /* RFC 5881 4 */
	BFD_SOURCE_PORT_MAX = 65535,
	BFD_TTL = 255, /* RFC 5881 5: sent; single hop: and demanded */
};

/* ---- packets ---- */

/* As on the wire (RFC 5880 4.1). */
enum bfd_state { BFD_ADMIN_DOWN, BFD_DOWN, BFD_INIT, BFD_UP };

enum bfd_diag {
	BFD_DIAG_NONE,
	BFD_DIAG_DETECTION_EXPIRED,
	BFD_DIAG_ECHO_FAILED,
	BFD_DIAG_NEIGHBOR_DOWN,
	BFD_DIAG_PLANE_RESET,
	BFD_DIAG_PATH_DOWN,
	BFD_DIAG_CONCATENATED_DOWN,
	BFD_DIAG_ADMIN_DOWN,
	BFD_DIAG_REVERSE_DOWN,
};

/* The mandatory section (RFC 5880 4.1). */
struct bfd_packet {
	uint8_t diag;  /* enum bfd_diag, or one that we do not know */
	uint8_t state; /* enum bfd_state */
	bool poll, final;
	bool independent; /* C: the sender's BFD does not share fate with its control
			   * plane */
	bool demand;
	uint8_t detect_mult;
	uint32_t my_discriminator, your_discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us, required_min_echo_rx_us;
};

/* Why a packet was dropped: the rules of RFC 5880 6.8.6 in their order. */
enum bfd_drop {
	BFD_DROP_NOT, /* it was taken */
	BFD_DROP_SHORT,
	BFD_DROP_VERSION,
	BFD_DROP_LENGTH,
	BFD_DROP_MULTIPLIER,
	BFD_DROP_MULTIPOINT,
	BFD_DROP_DISCRIMINATOR, /* My Discriminator is 0 */
	BFD_DROP_STATE,         /* Your Discriminator is 0 in Init or Up */
	BFD_DROP_AUTHENTICATION,
	BFD_DROP_TTL,        /* RFC 5881 5 */
	BFD_DROP_NO_SESSION, /* nobody's discriminator, or address */
	/* multihop for a single-hop session, or the reverse; from another link */
	BFD_DROP_OTHER_PATH,
	BFD_DROP_ADMIN_DOWN, /* we are administratively down */
	BFD_DROP_REASON_COUNT,
};

/* All rules that need no session.  `out` is written only on BFD_DROP_NOT. */
enum bfd_drop bfd_packet_get(const uint8_t *octets, size_t len, struct bfd_packet *out);
/* Writes BFD_PACKET_LEN octets. */
void bfd_packet_put(const struct bfd_packet *packet, uint8_t *octets);

/* "Up"; "?" for none. */
const char *bfd_state_name(uint8_t state);
/* "Control Detection Time Expired"; "Unknown" for one that is not assigned. */
const char *bfd_diag_name(uint8_t diag);
const char *bfd_drop_name(enum bfd_drop drop);

/* ---- sessions ---- */

struct bfd;         /* all sessions of a speaker */
struct bfd_session; /* opaque; bfd_session_status() */

struct bfd_params {
	struct addr remote;
	struct addr local; /* FAMILY_NONE: any; what a packet's destination must be
			    * while it names no discriminator of ours */
	uint32_t link; /* of a link-local `remote`: its interface's number; else 0 */
	bool multihop;
	uint32_t interval_us; /* > 0: Desired Min TX and Required Min RX Interval */
	uint8_t multiplier;   /* > 0 */
};

struct bfd *bfd_new(uint64_t seed);
/* And all sessions, without a word to the peers. */
void bfd_free(struct bfd *bfd);

/*
 * A session begins, in Down.  `user` comes back with its packets and changes.  There
 * may be one session a (remote, link, multihop) only: the caller's duty.
 */
struct bfd_session *bfd_session_open(
    struct bfd *bfd, uint64_t now_us, const struct bfd_params *params, void *user);
/*
 * RFC 5880 6.8.16: AdminDown, told to the peer for as long as it may take to hear it.
 * Then the change CLOSED comes, and bfd_session_free() is due.
 */
void bfd_session_disable(struct bfd *bfd, struct bfd_session *session, uint64_t now_us);
/* Back from AdminDown, to Down. */
void bfd_session_enable(struct bfd *bfd, struct bfd_session *session, uint64_t now_us);
/* At any time; what waits for it to be drawn is forgotten. */
void bfd_session_free(struct bfd *bfd, struct bfd_session *session);
/* Applies at once, by a Poll Sequence where RFC 5880 6.8.3 asks for one. */
void bfd_session_set_timing(struct bfd *bfd, struct bfd_session *session,
    uint64_t now_us, uint32_t interval_us, uint8_t multiplier);
void bfd_session_set_local(struct bfd_session *session, const struct addr *local);

/* ---- the turn ---- */

/* A datagram, and what its IP header said. */
struct bfd_datagram {
	const uint8_t *octets;
	size_t len;
	struct addr source, destination;
	uint32_t link; /* of a link-local source: where it came in; else 0 */
	bool multihop; /* it came to BFD_PORT_MULTIHOP */
	uint8_t ttl;
};

enum bfd_drop
bfd_receive(struct bfd *bfd, uint64_t now_us, const struct bfd_datagram *datagram);
/* Runs the timers that are due. */
void bfd_tick(struct bfd *bfd, uint64_t now_us);
/* When bfd_tick() wants to be called next; UINT64_MAX: never. */
uint64_t bfd_deadline(const struct bfd *bfd);

/* A packet to be sent now: BFD_PACKET_LEN octets.  False: there is none. */
bool bfd_next_packet(struct bfd *bfd, uint64_t now_us, void **user, uint8_t *octets);

enum bfd_change_kind {
	BFD_CHANGE_STATE,
	BFD_CHANGE_CLOSED, /* disabled long enough: free it */
};

struct bfd_change {
	enum bfd_change_kind kind;
	void *user;
	uint8_t before, after; /* enum bfd_state */
	uint8_t diag;          /* why, when it is Down */
	uint8_t remote_diag;   /* what the peer says of itself */
	/* The peer went down by its operator's will: no failure (RFC 5882 3.2). */
	bool remote_admin;
	bool independent; /* the peer's C bit, last heard */
};

/* In the order in which they came about.  False: there is none. */
bool bfd_next_change(struct bfd *bfd, struct bfd_change *out);
bool bfd_has_changes(const struct bfd *bfd);

/* ---- for show ---- */
struct bfd_status {
	struct addr local; /* as told, else by which we were heard; FAMILY_NONE */
	bool multihop;
	uint8_t state, remote_state; /* enum bfd_state */
	uint8_t diag, remote_diag;
	bool remote_demand, remote_independent;
	bool polling;
	uint32_t local_discriminator;
	uint32_t remote_discriminator; /* 0: not heard */
	uint32_t interval_us;          /* as configured */
	uint8_t multiplier, remote_multiplier;
	uint32_t transmit_us; /* agreed on; 0: none is sent */
	uint32_t remote_min_tx_us, remote_min_rx_us;
	uint64_t detection_us;  /* 0: the peer was not heard */
	uint64_t up_since_us;   /* 0: not Up */
	uint64_t last_down_us;  /* 0: it was never Up */
	uint8_t last_down_diag; /* why it left Up */
	uint64_t in, out, dropped, ups;
};
void bfd_session_status(const struct bfd_session *session, struct bfd_status *out);

/* Packets that were dropped, by reason; [BFD_DROP_NOT]: taken. */
const uint64_t *bfd_drop_counts(const struct bfd *bfd);

#endif
