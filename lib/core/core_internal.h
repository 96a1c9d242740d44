/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of lib/core share, and nobody else sees.
 */
#ifndef CORE_INTERNAL_H
#define CORE_INTERNAL_H

#include "bgp/memory.h"
#include "bgp/peer.h"

enum {
	LARGE_HOLD_MS = 240 * 1000, /* RFC 4271 8.2.2: "a large value" in OpenSent */
	STABLE_MS = 5 * 1000, /* a session that lasted so long forgives failures */
	REDIAL_MS = 200,      /* first try after a session was lost */
	COLLISION_MS = 3000,  /* two connections so close together collide */
	QUICK_TRIES = 4,      /* after a refusal: at 0.2, 0.6, 1.4 and 3 seconds */
	QUICK_MS = 200,
	CONTROL_MAX = 1 << 16, /* octets of OPEN, KEEPALIVE … waiting to go out */
	SESSION_MEMBERS = FAMILY_COUNT,
};

struct session {
	struct speaker *sp;
	struct peer *peer;
	void *user;
	enum fsm_state state;
	bool outgoing;
	bool connected;
	bool closing; /* EVENT_CLOSE is queued or was drawn */
	bool orphan;  /* the shell closes it; it is no connection of the peer's now */
	bool blocked;
	bool refused;
	bool graceful;   /* it ended so that RFC 4724 or 8538 keep the routes */
	bool hard_reset; /* RFC 8538 3: one of the two said that it does not */
	bool queued;     /* on the list of writers */
	struct session *writer_next;
	struct session_net net;
	uint64_t connected_ms;    /* when TCP came up */
	uint64_t up_ms;           /* when it became Established */
	uint64_t last_in_ms;      /* any message */
	uint64_t last_out_ms;     /* the socket took octets */
	uint64_t keepalive_at_ms; /* 0: not armed */
	uint32_t hold_ms;         /* 0: not armed; counts from last_in_ms */
	struct bgp_error error;   /* of the NOTIFICATION to send; while an event runs */
	const char *down_reason;
	struct open ours, theirs;
	struct session_params params;
	struct update_context update;
	uint8_t *control; /* whole messages, ahead of the members' */
	uint32_t control_len, control_at, control_room;
	uint8_t turn; /* member to be served first */
};

/* What the last session_gather() gave out, to be accounted by session_wrote(). */
enum gathered { GATHERED_CUT, GATHERED_CONTROL, GATHERED_MEMBER };

struct gathered_part {
	uint8_t kind; /* enum gathered */
	uint8_t member;
	size_t len;
};

struct workload {
	struct prefix prefix;
	uint64_t imports; /* bit an import section */
};

struct speaker {
	uint64_t now_ms;
	uint64_t start_ms;
	uint64_t random;
	struct conf *conf;
	char hostname[FQDN_MAX_LEN + 1];
	char domain[FQDN_MAX_LEN + 1];
	bool stopping;

	struct attr_table *attrs;
	struct rib *rib;
	struct out *out;

	struct peer *first_peer, *last_peer;
	struct peer **peers; /* by number; [0] is NULL */
	uint32_t n_numbers;
	struct peer **by_address; /* hash */
	uint32_t address_mask, n_peers, n_leaving, n_handovers;
	uint32_t n_on_links; /* peers with an interface */
	struct heap timers;  /* one item a peer, and `own_timer` */
	struct heap_item own_timer;

	struct session *writers, **writers_last;
	struct speaker_event *events; /* ring */
	uint32_t events_head, n_events, events_room;
	struct gathered_part gathered[1 + 1 + SESSION_MEMBERS];
	int n_gathered;
	struct session *gathered_of;

	bool is_restart; /* the kernel held routes of ours at the start */
	bool deferring;  /* RFC 4724 4.1: End-of-RIB waits, … */
	bool own_only;   /* … and so do learned routes */
	bool converged;  /* EVENT_CONVERGED was given */
	bool forwarding; /* F bit: forwarding state was preserved */
	uint32_t too_long_seen;

	struct workload *workloads; /* sorted by prefix */
	uint32_t n_workloads, workloads_room;
	struct attrs *network_attrs, *kernel_attrs;
};

/* handover.c */
/* False: the peer is to be removed at once.  `old`: the configuration it came from. */
bool handover_begin(struct speaker *sp, struct peer *peer, const struct conf *old);
/* Another reload came meanwhile. */
void handover_reload(struct speaker *sp, struct peer *peer, const struct conf *old);
/* It is configured again. */
void handover_revive(struct speaker *sp, struct peer *peer);
void handover_timer(struct speaker *sp, struct peer *peer);
/* Ends those whose routes come another way by now.  Once a turn. */
void handover_check(struct speaker *sp);
/* The configuration was taken over: a client of the cluster stays one for a while. */
void handover_keep_client(struct speaker *sp, struct peer *peer, bool was_client);

/* configure.c */
void peer_set_client(struct speaker *sp, struct peer *peer, bool client);

/* damp.c */
/* The session ends with the NOTIFICATION of s->error: does that count against the peer?
 */
void damp_note(struct session *s);
/* How long the peer is still held down. */
uint64_t damp_left_ms(const struct speaker *sp, const struct peer *peer);
bool damp_remembers(const struct speaker *sp, const struct peer *peer);
/* 0: there is nothing to remember. */
uint64_t damp_memory_end_ms(const struct peer *peer);
void damp_forget(struct peer *peer);

/* event.c */
struct speaker_event *
note_event(struct speaker *sp, enum event_kind kind, struct peer *peer);
void note_text(struct speaker_event *event, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void events_forget(
    struct speaker *sp, const struct session *session, const struct peer *peer);

/* speaker.c */
uint32_t speaker_random(struct speaker *sp);
void writer_queue(struct session *session);
void writer_unqueue(struct session *session);

/* peers.c */
/* `interface`: of a link-local address, or of an unnumbered peer (FAMILY_NONE). */
struct peer *
peers_find(const struct speaker *sp, const struct addr *address, const char *interface);
/* Whose connection is one with these ends? */
struct peer *peers_find_by_net(const struct speaker *sp, const struct session_net *net);
struct peer *peers_add(struct speaker *sp, const struct conf_peer *conf);
void peers_remove(struct speaker *sp, struct peer *peer);
/* The group whose range holds the address, the narrowest one; -1: none. */
int peers_group_of(const struct conf *conf, const struct addr *address);
bool peer_is_ebgp(const struct conf_peer *conf);
/* Copies what the decision process needs to know. */
void peer_tell_rib(struct speaker *sp, struct peer *peer);

/* fsm_actions.c */
void session_event(struct session *session, enum fsm_event event);
void session_fail(
    struct session *session, uint8_t code, uint8_t subcode, const char *reason);
void peer_start(struct speaker *sp, struct peer *peer);
void peer_dial(struct speaker *sp, struct peer *peer);
/* Ends all connections of a peer with Cease `subcode`. */
void peer_stop(struct speaker *sp, struct peer *peer, uint8_t subcode,
    const char *shutdown_text, const char *reason);
void peer_schedule_retry(struct speaker *sp, struct peer *peer, uint64_t delay_ms);

/* receive.c */
/* Is `other` a connection made in this moment, and the one that RFC 4271 6.8 keeps? */
bool collision_is_better(const struct session *other, const struct open *theirs);

/* timer.c */
void peer_arm(struct speaker *sp, struct peer *peer);
void speaker_arm(struct speaker *sp);

/* session.c */
struct session *session_new(struct speaker *sp, struct peer *peer, bool outgoing);
void session_put_open(struct session *session);
void session_put_keepalive(struct session *session);
void session_put_notification(struct session *session);
void session_put_refresh(struct session *session, const struct refresh *refresh);
/* Moves the rest of a cut message into the control buffer: the connection ends. */
void session_save_cut(struct session *session);

/* refresh.c */
void refresh_receive(struct session *s, const struct refresh *refresh);
/* Asks for the routes of one family; the session's peer has the capability. */
void refresh_ask(struct session *s, enum family family);
/* The session ended. */
void refresh_forget(struct peer *peer);
void refresh_timers(struct speaker *sp, struct peer *peer);
/* 0: never */
uint64_t refresh_deadline(const struct peer *peer);

/* limit.c */
/* What max-prefixes lets in of one family, for one UPDATE; see limit_takes(). */
struct limit {
	uint32_t max; /* paths; 0: all are taken */
	uint32_t blocked;
};
struct limit limit_begin(const struct peer *peer);
/* A prefix came that is not to be taken where it is one more. */
bool limit_is_full(const struct speaker *sp, const struct peer *peer,
    const struct limit *limit, enum family family);
void limit_note_blocked(
    struct peer *peer, struct session *s, enum family family, uint32_t n);
/* After an UPDATE. */
void limit_check(struct peer *peer, struct session *s);
/* The session ended, or all comes again. */
void limit_forget(struct peer *peer);
/* A reload may have made room. */
void limit_changed(struct speaker *sp, struct peer *peer);
void limit_timer(struct speaker *sp, struct peer *peer);

/* route.c */
void peer_apply_update(struct peer *peer, struct session *session, struct slice body);
void peer_refilter(struct speaker *sp, struct peer *peer, bool touch);

/* stale.c */
/* The session ended: which of its routes stay? */
void stale_begin(struct speaker *sp, struct peer *peer, bool graceful);
/* A session is up again: which of those that stayed go on staying? */
void stale_review(struct speaker *sp, struct peer *peer);
void stale_end_of_rib(struct speaker *sp, struct peer *peer, enum family family);
void stale_timers(struct speaker *sp, struct peer *peer);
/* When stale_timers() is due; 0: never. */
uint64_t stale_deadline(const struct peer *peer);
/* The operator, or a changed option, says so: nothing stale is kept. */
void stale_drop(struct speaker *sp, struct peer *peer);
/* The same for a peer whose routes all go. */
void stale_forget(struct peer *peer);
bool peer_has_stale(const struct peer *peer);

/* updown.c */
void peer_up(struct session *session);
void peer_down(struct session *session);
void peer_end_of_rib(struct speaker *sp, struct peer *peer, enum family family);
void peer_leave(struct speaker *sp, struct peer *peer);
void peer_join_groups(struct speaker *sp, struct peer *peer);
void peer_rekey(struct speaker *sp, struct peer *peer);

/* restart.c */
void restart_begin(struct speaker *sp);
/* Looks whether the deferral, and convergence, are over. */
void restart_check(struct speaker *sp);
uint64_t restart_deadline(const struct speaker *sp);

/* originate.c */
void originate_start(struct speaker *sp);
void originate_reload(struct speaker *sp, const struct conf *old);
void originate_free(struct speaker *sp);

static inline uint32_t
speaker_now_s(const struct speaker *sp)
{
	return (uint32_t)(sp->now_ms / 1000);
}

#endif
