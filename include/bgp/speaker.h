/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The speaker: the whole of BGP minus the sockets.  Bytes, facts and the time go in;
 * bytes, FIB changes, a deadline and events are pulled out.  Nothing calls back.
 *
 * The shell's turn:
 *   speaker_set_now(); speaker_tick();
 *   session_receive() for readable connections, facts from the kernel;
 *   while (speaker_work(budget)) and time is left;
 *   speaker_next_event(), speaker_next_writer() -> session_gather(), session_wrote();
 *   speaker_fib_next(); sleep until speaker_deadline().
 *
 * Times are milliseconds of a monotonic clock.  One thread.
 */
#ifndef BGP_SPEAKER_H
#define BGP_SPEAKER_H

#include <sys/uio.h>

#include "bgp/conf.h"
#include "bgp/fsm.h"
#include "bgp/rib.h"

struct speaker;
struct session; /* one TCP connection, or the attempt */
struct peer;    /* include/bgp/peer.h */

/* ---- life ---- */
struct speaker *speaker_new(uint64_t now_ms, uint32_t random_seed);
/* Sessions must have been released. */
void speaker_free(struct speaker *sp);
void speaker_set_now(struct speaker *sp, uint64_t now_ms);
uint64_t speaker_now(const struct speaker *sp);

/*
 * Takes the configuration over (the speaker frees it).  The first call starts the
 * speaker; a later one is a reload and touches only what differs.
 */
void speaker_configure(struct speaker *sp, struct conf *conf);
const struct conf *speaker_conf(const struct speaker *sp);

/*
 * Once, before the first speaker_configure(): routes of ours were found in the kernel,
 * so this is a restart (RFC 4724 4.1).
 */
void speaker_is_restart(struct speaker *sp);
/* What the FQDN capability says; "" is none. */
void speaker_set_hostname(struct speaker *sp, const char *host, const char *domain);
/* End of life.  With `graceful` nothing is sent, so that helpers keep our routes; else
 * each session gets Cease 6/2 with the text.  Drain events and writers afterwards. */
void speaker_stop(struct speaker *sp, bool graceful, const char *reason);

/* ---- work ---- */
/* Runs the timers that are due. */
void speaker_tick(struct speaker *sp);
/* When speaker_tick() wants to be called next; UINT64_MAX: never. */
uint64_t speaker_deadline(const struct speaker *sp);
/* One slice of RIB and export work.  True: there is more. */
bool speaker_work(struct speaker *sp, unsigned budget);

/* ---- facts from the kernel ---- */
void speaker_igp_set(struct speaker *sp, const struct igp_route *route);
void speaker_igp_clear(struct speaker *sp, const struct prefix *prefix);
/* `link`: of a link-local address its interface's number, else 0. */
void speaker_own_address(
    struct speaker *sp, const struct addr *addr, uint32_t link, bool present);
/*
 * An interface as it is now; gone: not `up`.  `usable`: it has its carrier, too.  Told
 * again when it gets a link-local address: its peers are dialled at once.
 */
void speaker_link(
    struct speaker *sp, uint32_t ifindex, const char *name, bool up, bool usable);
/* The router that is heard on the link of an unnumbered peer; FAMILY_NONE: none. */
void
speaker_neighbor(struct speaker *sp, const char *interface, const struct addr *address);
/* A workload's route appeared in, or left, the kernel. */
void speaker_workload(struct speaker *sp, unsigned import_index,
    const struct prefix *prefix, bool present);

/* ---- FIB ---- */
enum fib_kind { FIB_KIND_NONE, FIB_KIND_UNICAST, FIB_KIND_BLACKHOLE };

struct fib_change_hop {
	struct addr gateway; /* FAMILY_NONE: on link */
	uint32_t ifindex; /* 0: by the tunnel device of the configuration, to `gateway`
			   * as the far end */
	struct addr next_hop; /* the BGP next hop that led here */
};

struct fib_change {
	struct prefix prefix;
	uint8_t kind; /* enum fib_kind; NONE: remove ours */
	uint8_t
	    n_hops; /* of UNICAST, each another one; the rest of `hops` is undefined */
	struct fib_change_hop hops[RIB_MULTIPATH_MAX];
};

/* False: nothing is pending. */
bool speaker_fib_next(struct speaker *sp, struct fib_change *out);
/* The prefix that is drawn after `n` others, for prefetching.  False: there is none, or
 * another family comes first. */
bool speaker_fib_ahead(const struct speaker *sp, uint32_t n, struct prefix *out);
/* What was drawn before comes again: the tunnel device is another one. */
void speaker_fib_again(struct speaker *sp);

/* ---- connections ---- */
enum accept_verdict {
	ACCEPT_OK,
	ACCEPT_UNKNOWN, /* no peer and no range with that address */
	ACCEPT_DISABLED,
	ACCEPT_BUSY,   /* one connection of that peer is being judged already */
	ACCEPT_FULL,   /* max-sessions of the range */
	ACCEPT_DAMPED, /* held down after malformed messages */
	ACCEPT_OTHER,  /* another router on the link is the unnumbered peer */
};
const char *accept_verdict_text(enum accept_verdict verdict);

/* What the shell knows of a connection that is up. */
struct session_net {
	struct addr local;
	struct addr remote;
	struct addr
	    local4; /* an IPv4 address on the interface of `local`: next hop self */
	struct addr local6;     /* likewise, a global IPv6 one; FAMILY_NONE without */
	struct addr link_local; /* likewise, a link-local one */
	uint32_t link; /* number of the interface, where the peer is on that link; 0 */
	char interface[CONF_INTERFACE_LEN]; /* its name, of a link-local `remote` */
	struct prefix shared; /* the subnet shared with the peer; bits 255: none */
};

/* A connection came in.  On ACCEPT_OK the shell owns *session until it releases it. */
enum accept_verdict speaker_accept(
    struct speaker *sp, const struct session_net *net, struct session **session);
/* A connection asked for by EVENT_DIAL is up. */
void session_connected(struct session *session, const struct session_net *net);
/* The connection failed or was closed by the other side.  `reason` is copied. */
void session_lost(struct session *session, const char *reason);
/* The same for an attempt that the peer's host refused: nobody listens there yet.  It
 * is tried again soon, a few times, before connect-retry rules. */
void session_refused(struct session *session, const char *reason);
/*
 * Octets that arrived.  Returns how many were used: those of whole messages, at most
 * `max_messages` of them.  The rest is offered again by the shell.
 */
size_t session_receive(
    struct session *session, const uint8_t *octets, size_t len, unsigned max_messages);
/*
 * What to write now: up to `max` stretches of at most `max_len` octets in all.  They
 * stay valid until the next call of any function with this speaker.  0: nothing.
 */
int session_gather(struct session *session, struct iovec *iov, int max, size_t max_len);
/* `len` octets of the last session_gather() went out. */
void session_wrote(struct session *session, size_t len);
/* The socket is full: leave the session alone until session_writable(). */
void session_blocked(struct session *session);
void session_writable(struct session *session);
/* The shell forgets the connection; the session is freed.  After EVENT_CLOSE, or at any
 * time after session_lost(). */
void session_release(struct session *session);

/* A place for the shell's own connection object. */
void session_set_user(struct session *session, void *user);
void *session_user(const struct session *session);
struct peer *session_peer(const struct session *session);

/* A session that has something to write and is not blocked; NULL: none. */
struct session *speaker_next_writer(struct speaker *sp);

/* ---- events ---- */
enum event_kind {
	EVENT_DIAL,  /* shell: connect session to peer; report connected or lost */
	EVENT_CLOSE, /* shell: write what session_gather() gives, close, release */
	EVENT_NEIGHBOR_FAILED, /* shell: no session of an unnumbered peer is left; it
				* may be another router: speaker_neighbor() */
	/* The rest is for the log and `bgpctl monitor`. */
	EVENT_PEER_UP,
	EVENT_PEER_DOWN,  /* text: why */
	EVENT_PEER_ADDED, /* dynamic, or by a reload */
	EVENT_PEER_REMOVED,
	EVENT_NOTIFICATION_SENT, /* code, subcode, text: shutdown communication */
	EVENT_NOTIFICATION_RECEIVED,
	EVENT_UPDATE_FAULT, /* action, attribute, text, octets */
	EVENT_END_OF_RIB,   /* family */
	EVENT_HANDOVER,     /* removed by a reload, stays for count routes */
	EVENT_HANDED_OVER,  /* … and is gone; count: routes lost; text: why now */
	EVENT_STALE_KEPT,   /* family, count */
	EVENT_STALE_SWEPT,  /* family */
	EVENT_LONG_LIVED, /* family, count: they are long-lived stale; text: how long */
	EVENT_MAX_PREFIXES, /* count; text: the action */
	EVENT_UNBLOCK,      /* family, count not taken: there is room; text: what now */
	EVENT_REFRESH,      /* family; text: what of RFC 2918 and 7313 */
	EVENT_TOO_LONG,     /* prefix: a route that does not fit into a message */
	EVENT_CONVERGED,    /* the restart is over: sweep the FIB */
	EVENT_DAMPED,       /* held down; count: malformed sessions; text: how long */
	EVENT_REFUSED_OPEN, /* text */
};

enum { EVENT_OCTETS_MAX = 64, EVENT_TEXT_MAX = 160 };

struct speaker_event {
	enum event_kind kind;
	struct session *session; /* DIAL, CLOSE */
	struct peer *peer;       /* may be gone once the next event is drawn */
	char peer_name[CONF_NAME_LEN];
	char text[EVENT_TEXT_MAX];
	uint8_t family;
	uint8_t code, subcode; /* NOTIFICATION */
	bool hard_reset;       /* … inside a Cease/Hard Reset (RFC 8538) */
	uint8_t action, attribute;
	uint8_t n_octets;
	uint8_t octets[EVENT_OCTETS_MAX];
	uint64_t count;
	struct prefix prefix;
};

/* False: none is left. */
bool speaker_next_event(struct speaker *sp, struct speaker_event *out);

/* ---- operator ---- */
struct peer *speaker_find_peer(struct speaker *sp, const char *name_or_address);
/* In the order of the configuration, dynamic ones behind; NULL ends. */
struct peer *speaker_first_peer(struct speaker *sp);
struct peer *speaker_next_peer(struct speaker *sp, struct peer *peer);
struct peer *speaker_peer(const struct speaker *sp, uint32_t number);
void peer_disable(struct speaker *sp, struct peer *peer, const char *reason);
void peer_enable(struct speaker *sp, struct peer *peer);
void peer_restart(struct speaker *sp, struct peer *peer, const char *reason);

/*
 * The peer's BFD session went from Up to Down, but by an operator's will: the path to
 * it is broken.  Its session ends with Cease 6/10 (RFC 9384), and no route of it is
 * kept as stale.  `independent` is the C bit of the peer's BFD packets: where it is
 * clear, BFD ends with the peer's BGP, so that a graceful restart that has begun
 * already goes on (RFC 5882 4.3).
 */
void speaker_bfd_down(struct speaker *sp, struct peer *peer, bool independent);
/* Sends the peer our routes again / asks it for its own (RFC 2918).  False: it has no
 * session, or did not announce the capability. */
bool peer_refresh_out(struct speaker *sp, struct peer *peer);
bool peer_refresh_in(struct speaker *sp, struct peer *peer);

const struct rib *speaker_rib(const struct speaker *sp);
const struct out *speaker_out(const struct speaker *sp);

/* The `index`th route of the destination in the peer's Adj-RIB-Out, and the path
 * identifier it was sent with.  False: there are no more. */
bool peer_route(const struct peer *peer, enum family family, const struct dest *dest,
    unsigned index, struct path *path, uint32_t *path_id);
/* With which next hop and attributes: the block as on the wire, without MP_REACH, goes
 * to `block` of `len` octets.  Returns its length, 0 when the route is not exported. */
size_t
peer_export(const struct speaker *sp, const struct peer *peer, enum family family,
    const struct path *path, struct addr *next_hop, uint8_t *block, size_t len);

struct speaker_totals {
	uint32_t configured, dynamic, established;
	size_t attr_sets, attr_bytes, rib_bytes, out_bytes, peer_bytes;
	uint32_t update_groups;
	uint32_t too_long; /* routes withdrawn since they do not fit (ROBUSTNESS 37) */
	bool restarting;   /* deferring after a restart */
	uint64_t start_ms;
};
void speaker_totals(const struct speaker *sp, struct speaker_totals *out);

#endif
