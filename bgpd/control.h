/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The control socket: a Unix stream socket on which bgpctl asks and orders.
 *
 *   client -> daemon   one line: a JSON array of words, ["show","routes","best"]
 *   daemon -> client   JSON objects, one a line, then one status line:
 *                      {"status":0} or {"status":1,"error":"no such peer: x"}
 *
 * The status is bgpctl's exit code.  One request a connection; the daemon closes it.
 * Long answers are made in slices while the client reads; nothing here ever waits.
 *
 * What the commands need of the daemon is behind struct control_ops, which main.c fills
 * in; the same structure feeds every renderer (show.h).  SIGPIPE must be ignored.
 */
#ifndef BGPD_CONTROL_H
#define BGPD_CONTROL_H

#include "bgp/conf.h"

struct event_base; /* libevent */
struct bfd_status; /* bgp/bfd.h */
struct peer;       /* bgp/peer.h */
struct speaker;    /* bgp/speaker.h */

/* One route of ours, or one that stands in the way of ours, as `show kernel` tells it.
 * NULL or "" where a text is not known. */
struct control_fib_hop {
	const char *via; /* gateway */
	const char *device;
};

struct control_fib_route {
	struct prefix prefix;
	const char *state; /* "installed", else one word for what is wrong */
	const char *via;   /* gateway of the first hop, "blackhole" */
	const char *device;
	const struct control_fib_hop *hops; /* all of them */
	unsigned n_hops;
	uint32_t nexthop_id; /* of the nexthop object it refers to; 0: none */
	const char *owner;   /* of the route in the way, where state says "conflict" */
	const char *detail;
};
typedef void control_fib_emit(void *arg, const struct control_fib_route *route);

struct control_fib_counts {
	uint32_t installed[FAMILY_COUNT];
	uint32_t pending;   /* on their way to the kernel */
	uint32_t conflicts; /* somebody else's route is at our place */
	uint32_t failed;    /* refused by the kernel */
	uint32_t waiting;   /* for the tunnel device */
};

struct control_ops {
	void *arg;
	struct speaker *speaker;
	const char *version;

	/* Before a request is looked at: sets the speaker's clock. */
	void (*before)(void *arg);
	/* After a command changed something: the daemon drains events and writers. */
	void (*after_change)(void *arg);

	bool (*ready)(void *arg);
	/* False: the peer has no BFD session.  `*now_us` is the time on its clock. */
	bool (*bfd)(void *arg, const struct peer *peer, struct bfd_status *out,
	    char *trouble, size_t len, uint64_t *now_us);
	/* True: `text` says why TCP MD5 is not what the peer's options ask for. */
	bool (*key_trouble)(void *arg, const struct peer *peer, char *text, size_t len);
	/* The FIB; all four NULL where nothing is installed. */
	bool (*route_installed)(void *arg, const struct prefix *prefix);
	/* Emits the one route of this prefix, or none. */
	void (*fib_route)(void *arg, const struct prefix *prefix,
	    control_fib_emit *emit, void *emit_arg);
	void (*fib_counts)(void *arg, struct control_fib_counts *out);
	/*
	 * Emits the next few routes (one bucket, a page) from *position on, which
	 * begins at 0, and moves it.  False: that was the end.  The table may change
	 * between calls: a route may then be emitted twice, none that stays may be left
	 * out.
	 */
	bool (*fib_walk)(
	    void *arg, uint32_t *position, control_fib_emit *emit, void *emit_arg);

	/* The routers heard on an unnumbered peer's link, at most `max`. */
	unsigned (*routers)(
	    void *arg, const char *interface, struct addr *out, unsigned max);
	/* The name of an interface. */
	const char *(*link_name)(void *arg, uint32_t ifindex);

	/* 0, or -1 with `error`: lines parted by '\n'. */
	int (*reload)(void *arg, char *error, size_t len);
	/* Begins the end.  control_free() then tells the client that it is over. */
	void (*shutdown)(void *arg, const char *reason);
};

struct control;

/*
 * Listens.  `ops` stays the caller's and must outlive the control.  A socket that
 * nobody answers is replaced.  NULL: `error` says why, with the other daemon's process
 * id where one already listens.
 */
struct control *control_new(struct event_base *base, const struct conf_control *conf,
    const struct control_ops *ops, char *error, size_t len);
/* After a reload: another path, mode or group.  False: all stays as it was. */
bool control_configure(
    struct control *control, const struct conf_control *conf, char *error, size_t len);
/* Answers who waits for a shutdown, closes all, removes the socket. */
void control_free(struct control *control);

#endif
