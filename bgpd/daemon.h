/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The daemon: the speaker, and around it the event loop, the sockets, the kernel and
 * the control socket.  One of it a process; what its parts share is here.
 *
 * A turn of the loop: timers first, then sockets, then daemon_turn() once, which does
 * RIB work in slices, carries out the speaker's events, and writes.  daemon_wake() asks
 * for it.
 */
#ifndef BGPD_DAEMON_H
#define BGPD_DAEMON_H

#include <event2/event.h>

#include "bgp/speaker.h"
#include "config.h"
#include "control.h"
#include "kernel.h"
#include "link_keys.h"

struct bfd_shell;
struct fib;
struct listener;
struct tunnel;
struct unnumbered;

/* Event priorities. */
enum { PRIORITY_TIMER, PRIORITY_SOCKET, PRIORITY_WORK, PRIORITY_COUNT };

enum { READ_BUFFER_LEN = 192 * 1024 };

/* What the kernel's counters of TCP MD5 said when they were last told of (guard.h). */
enum { GUARD_DROP_KINDS = 3 };
struct guard_drops {
	bool is_known;
	uint64_t told_ms[GUARD_DROP_KINDS]; /* 0: never */
	unsigned long long counts[GUARD_DROP_KINDS];
};

struct daemon {
	const char *config_path;
	unsigned verbose;
	struct event_base *base;
	struct event *timer, *work, *signals[5];
	struct speaker *speaker;
	struct kernel *kernel;
	struct fib *fib;
	struct tunnel *tunnel;
	struct unnumbered *unnumbered;
	struct listener *listener;
	struct bfd_shell *bfd;
	struct control *control;
	struct control_ops control_ops;
	uint8_t *read_buffer; /* one for all connections */
	uint64_t turn_ms;     /* when the last turn ended */
	uint64_t looked_ms;   /* when one ended with a look at the sockets */
	bool started;         /* the speaker has its configuration */
	bool stopping;
	bool reload_asked; /* before it had started */
	bool keep_routes;  /* at the end: our routes stay in the FIB */
	bool ready;        /* once true it stays so */
	bool converged;
	bool bfd_due;   /* the sessions of BFD are to follow the peers */
	bool links_due; /* … and keys of TCP MD5 the routers on links */
	/* What was adopted is swept once all that is learned by now is in the FIB. */
	bool sweep_due;
	struct addr *swept_peers; /* … for these peers, before that */
	size_t n_swept_peers;
	size_t n_sweeps_done; /* the first so many of them */
	struct guard_drops drops;
	struct link_ends link_ends; /* guard_links() */
	struct conf *first_conf;    /* until the kernel's first dump is there */
	char pid_file[CONF_PATH_LEN];
};

/* Monotonic milliseconds. */
uint64_t now_ms(void);
/* Sets the speaker's clock: first thing in each callback. */
void daemon_set_now(struct daemon *d);
/* Something happened: daemon_turn() will run, after what is urgent. */
void daemon_wake(struct daemon *d);
/* The same from a socket: sockets that always have more must not keep the turn waiting.
 */
void daemon_wake_fairly(struct daemon *d);

/* SIGHUP and SIGUSR1 wait until daemon_start() can take them: they would end us. */
void daemon_hold_signals(bool hold);
/* Opens everything; the process's exit code, 0 when it may run. */
int daemon_start(struct daemon *d, struct conf *conf);
void daemon_run(struct daemon *d);
/* Begins the end.  `graceful`: nothing is said, routes stay. */
void daemon_stop(struct daemon *d, bool graceful, const char *reason);
void daemon_free(struct daemon *d);

/* reload.c: 0, or -1 with one line an error. */
int daemon_reload(struct daemon *d, char *error, size_t len);
/* The addresses of this host, but for loopback; to be freed. */
struct addr *local_addresses(struct conf_local *local);

/* status.c */
void daemon_fill_control_ops(struct daemon *d);
bool daemon_is_ready(struct daemon *d);

#endif
