/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of lib/bfd share.  bfd.c keeps the sessions, their heap and what waits
 * to be drawn; session.c is the state machine of one; timing.c its intervals.
 */
#ifndef BFD_INTERNAL_H
#define BFD_INTERNAL_H

#include "bgp/bfd.h"
#include "bgp/heap.h"
#include "bgp/memory.h"

#define BFD_NEVER UINT64_MAX

enum {
	BFD_SLOW_US = 1000 * 1000, /* RFC 5880 6.8.3: at least, while not Up */
};

/* The state variables of RFC 5880 6.8.1; names in comments are theirs. */
struct bfd_session {
	void *user;
	struct bfd_params params; /* interval and multiplier: as configured */
	struct addr heard_to;     /* by which address of ours */

	uint8_t state;        /* bfd.SessionState */
	uint8_t diag;         /* bfd.LocalDiag */
	uint32_t local_disc;  /* bfd.LocalDiscr */
	uint32_t remote_disc; /* bfd.RemoteDiscr; 0: not heard */
	uint8_t remote_state;
	uint8_t remote_diag;
	uint8_t remote_mult;
	bool remote_demand, remote_independent;
	uint32_t remote_min_rx_us; /* bfd.RemoteMinRxInterval */
	uint32_t remote_min_tx_us; /* last received Desired Min TX Interval */

	/* What we say, and what of it holds already: see timing.c. */
	uint32_t desired_tx_us, required_rx_us;
	uint32_t tx_used_us, rx_used_us;
	bool polling;
	bool poll_again; /* values changed during a Poll Sequence */

	uint64_t sent_at_us;   /* 0: never */
	uint64_t heard_at_us;  /* while remote_disc != 0 */
	uint64_t tx_at_us;     /* next periodic packet */
	uint64_t closed_at_us; /* AdminDown: the peer has had time to hear of it */
	struct heap_item timer;

	/* Waiting to be drawn: a packet of its own accord, an answer to a Poll. */
	bool send_due, final_due;
	bool queued;
	struct bfd_session *queue_next;

	struct bfd_session *disc_chain, *addr_chain, *next, *prev;

	uint64_t up_since_us, last_down_us;
	uint8_t last_down_diag;
	uint64_t in, out, dropped, ups;
};

struct bfd {
	uint64_t random;
	struct bfd_session *first;
	struct bfd_session **by_disc, **by_addr; /* hashes, `mask` + 1 slots each */
	uint32_t mask, n;
	struct heap timers;
	struct bfd_session *queue, **queue_last;
	struct bfd_change *changes; /* ring */
	uint32_t changes_head, n_changes, changes_room;
	uint64_t drops[BFD_DROP_REASON_COUNT];
};

/* bfd.c */
uint32_t bfd_random(struct bfd *bfd);
void bfd_enqueue(struct bfd *bfd, struct bfd_session *s);
void bfd_note(struct bfd *bfd, struct bfd_session *s, enum bfd_change_kind kind,
    uint8_t before, bool remote_admin);
void bfd_arm(struct bfd *bfd, struct bfd_session *s);

/* session.c */
void session_start(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
enum bfd_drop session_take(struct bfd *bfd, struct bfd_session *s, uint64_t now_us,
    const struct bfd_packet *packet);
/* The timers of the session that are due. */
void session_timers(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
void session_packet(
    struct bfd *bfd, struct bfd_session *s, uint64_t now_us, uint8_t *octets);

/* timing.c */
/* Desired Min TX and Required Min RX Interval for the present state. */
void timing_update(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
/* The Poll Sequence was answered. */
void timing_final(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
/* The time between two packets, without jitter; 0: none are sent. */
uint32_t timing_transmit_us(const struct bfd_session *s);
/* The next periodic packet, counted from the last one. */
void timing_schedule(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
/* The same when the interval may be another one: never later than before. */
void timing_reschedule(struct bfd *bfd, struct bfd_session *s, uint64_t now_us);
/* RFC 5880 6.8.4; 0: the peer was not heard. */
uint64_t timing_detection_us(const struct bfd_session *s);
/* When it is over; BFD_NEVER. */
uint64_t timing_detection_at(const struct bfd_session *s);

#endif
