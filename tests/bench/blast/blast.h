/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the load generator share.  One run a process: its state is global.
 */
#ifndef BLAST_H
#define BLAST_H

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NONE UINT32_MAX
#define SEC UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum { MSG_MAX = 4096, HDR = 19, RXBUF = 512 << 10 };
enum { M_OPEN = 1, M_UPDATE, M_NOTIFICATION, M_KEEPALIVE, M_REFRESH };
enum {
	A_ORIGIN = 1,
	A_ASPATH,
	A_NEXTHOP,
	A_MED,
	A_LOCALPREF,
	A_COMM = 8,
	A_ORIGINATOR,
	A_CLUSTER,
	A_MPREACH = 14,
	A_MPUNREACH
};
enum state { IDLE, CONNECTING, OPENSENT, OPENCONFIRM, UP, DEAD };

/* ---- main.c: what is asked for ---- */

struct options {
	struct sockaddr_storage dut, local;
	socklen_t salen;
	unsigned senders, receivers, prefixes, set_size, sets, per_update;
	bool senders_receive, overlap, internet, passive, barrier, withdraw_all;
	bool refresh, mp_both, spread, shuffle;
	int family, addpath, hold, window, timeout, settle;
	uint32_t dut_as, as, as_step, recv_as;
	double churn_pct;
	int churn_steps, churn_interval, drops;
	unsigned stall; /* sessions that stop reading for the time of a second churn */
	unsigned next_hops; /* of others, which the groups take in turn; 0: one's own */
	int pids[64], npids;
	uint64_t seed;
	const char *label, *hook, *until_file, *list;
};
extern struct options opt;

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *xalloc(size_t n, size_t sz) __attribute__((returns_nonnull));
uint64_t now_ns(void);

/* Random numbers: the finaliser of splitmix64. */
static inline uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

struct rng {
	uint64_t s;
};

static inline uint64_t
rnd(struct rng *r)
{
	return mix(r->s += UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint32_t
below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rnd(r) >> 32) * n >> 32);
}

/* Octets: each writer returns the place behind what it wrote. */
static inline uint8_t *
p8(uint8_t *p, unsigned v)
{
	*p = (uint8_t)v;
	return p + 1;
}

static inline uint8_t *
p16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static inline uint8_t *
p32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
	return p + 4;
}

static inline uint8_t *
p64(uint8_t *p, uint64_t v)
{
	p = p32(p, (uint32_t)(v >> 32));
	return p32(p, (uint32_t)v);
}

static inline unsigned
g16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t
g32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

/* ---- prefixes.c ---- */

struct prefix {
	uint64_t hi, lo; /* address, left-aligned; IPv4 in the top 32 bits */
	uint32_t grp;
	uint8_t len;
};
extern struct prefix *pfx;
extern uint32_t npfx;

void prefixes_init(uint32_t total);
/* NONE: it is none of ours.  `guess`: the one that comes next most often. */
uint32_t pfind(uint64_t hi, uint64_t lo, unsigned len, uint32_t guess);
/* False: it is there already. */
bool padd(uint64_t hi, uint64_t lo, unsigned len, uint32_t grp);
void gen_internet_group(struct rng *r, uint32_t grp, unsigned n);
void gen_block(uint32_t idx, uint32_t total, uint32_t grp);

/* ---- tables.c ---- */

extern uint32_t ngrp, nshared;  /* groups [0, nshared) are shared */
extern uint32_t *grp_owner;     /* sender of each group that is not shared */
extern uint64_t *ahash;         /* attribute hash, see aidx() */
extern uint8_t *akey;           /* AS path length * 4 + origin: lower is better */
extern uint8_t *best_key;       /* lowest akey of each shared group */
extern uint64_t *t_ann, *t_wdr; /* last churn write of each prefix */

size_t aidx(uint32_t s, uint32_t g);
void build_tables(void);
/* Writes the senders' routes, a prefix and its next hop a line; the exit code. */
int list_routes(const char *file);

/* ---- sessions ---- */

struct sess {
	int fd, lfd;
	enum state st;
	bool sender, receiver, in_flight;
	uint32_t idx, as, id;
	uint8_t addr[16]; /* own address, 4 or 16 octets */
	bool ap_rx;
	bool stalled; /* does not read */
	int hold;
	uint64_t t_retry, t_up, t_lastrx, t_lasttx;
	uint32_t first, nown; /* own prefixes: [first, first + nown) + sentinel */
	uint32_t sentinel;
	/* output */
	uint8_t ctl[512];
	size_t nctl;
	const uint8_t *bulk;
	size_t bulk_len, bulk_off;
	uint8_t *ann, *wdr, *tmp;
	size_t nann, nwdr;
	bool want_out;
	/* input */
	uint8_t rest[MSG_MAX];
	size_t nrest;
	uint32_t guess;
	/* what this receiver holds */
	uint64_t *have, *bad;
	uint32_t *path_id; /* --addpath: under which each is held */
	uint8_t *from;     /* --overlap: sender of the current path, +1 */
	uint32_t nhave, nbad, goal;
	uint64_t t_first, t_done;
	bool done;
};
extern struct sess *S;
extern uint32_t nsess;
extern int ep;
extern uint8_t *rx;

/* What came, over the whole run. */
struct counts {
	uint64_t bytes, msgs, updates, keepalives, ann, wdr, dup, changed, own_echo,
	    extra, spurious_wdr;
	uint64_t wrong_events, wrong_nh, wrong_attr, wrong_orig, wrong_lp, with_orig,
	    with_cluster, nh_self, nh_kept;
	uint64_t eor, malformed, notif_rx, drops, retries, no_as4, tx_bytes, refresh_rx;
	int notif_code, notif_sub;
	uint64_t t_lastupd, max_gap, hold_over;
};
extern struct counts C;

extern uint32_t n_up, n_done, n_goal, in_flight;
extern uint64_t t_first_any;
extern bool churning, connecting;
extern uint32_t drop_s;
extern uint64_t drop_gone, drop_back;

static inline bool
bit(const uint64_t *m, uint32_t i)
{
	return m[i >> 6] >> (i & 63) & 1;
}

static inline void
bset(uint64_t *m, uint32_t i)
{
	m[i >> 6] |= UINT64_C(1) << (i & 63);
}

static inline void
bclr(uint64_t *m, uint32_t i)
{
	m[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

static inline bool
internal(const struct sess *s)
{
	return s->as == opt.dut_as;
}

/* ---- attributes.c ---- */

enum { MAXPATH = 12 };
struct aset {
	uint32_t path[MAXPATH], comm[8];
	unsigned npath, ncomm, origin;
};

struct buf {
	uint8_t *b;
	size_t n, cap;
};

void make_aset(struct aset *a, uint32_t s, uint32_t g);
/* 4 or 16 octets: what the sender says for the group. */
void next_hop(uint8_t *out, const struct sess *s, uint32_t g);
uint64_t hash_aset(unsigned origin, const uint32_t *path, unsigned np,
    const uint32_t *comm, unsigned nc);
uint8_t *msg_begin(uint8_t *p, int type);
void msg_end(uint8_t *m, uint8_t *end);
/* `ids` sorted by group */
void enc_by_group(struct buf *o, const struct sess *s, const uint32_t *ids, unsigned n);
void enc_withdraw(struct buf *o, const uint32_t *ids, unsigned n);
void enc_eor(struct buf *o);
unsigned own_ids(const struct sess *s, uint32_t *ids);

/* ---- connections.c, output.c, input.c ---- */

void local_addr(struct sockaddr_storage *sa, uint32_t i);
/* Its 4 or 16 octets. */
void local_octets(uint8_t *out, uint32_t i);
void sess_connect(struct sess *s);
void sess_listen(struct sess *s, unsigned port);
void sess_accept(struct sess *s);
/* `lost`: by the other side, or by an error. */
void sess_close(struct sess *s, bool lost);
void forget_routes(struct sess *s);
/* A session that stalls reads nothing, and has a small window. */
void sess_stall(struct sess *s, bool on);

void want(struct sess *s, bool out);
void flush(struct sess *s);
/* Queues whole messages.  A stable buffer lives unchanged until it is sent. */
void send_bulk(struct sess *s, const uint8_t *b, size_t n, bool stable);
void send_keepalive(struct sess *s);
void send_open(struct sess *s);
void on_readable(struct sess *s);

/* ---- loop.c ---- */

/* Until done() or the deadline; true when done. */
bool pump(bool (*done)(void), uint64_t deadline);
void on_term(int sig);
bool all_up(void);
bool all_done(void);
bool quiet(void);
bool drop_gone_done(void);
bool drop_back_done(void);
bool drop_up(void);
bool file_there(void);
bool full_again(void);
void reset_goal(void);

/* ---- report.c ---- */

/* Log-linear, of nanoseconds: 32 steps an octave, error under 3.2 %. */
enum { HBINS = 64 * 32 };
struct hist {
	uint64_t n, max, b[HBINS];
};
extern struct hist h_ann, h_wdr;

struct usage {
	double user, sys, gen, machine;
	long rss, hwm;
};
extern struct usage u_prev;

void hadd(struct hist *h, uint64_t v);
double hpct(const struct hist *h, double q); /* milliseconds */
struct usage usage_now(void);
/* Closes a phase: prints its resources and makes them the base of the next. */
void put_usage(const char *name, double wall);
double secs(uint64_t from, uint64_t to);
void put_spread(const char *name, double *v, unsigned n);
void put_receivers(const char *name, uint64_t t0);

/* ---- phases.c ---- */

/* The exit code. */
int run(void);

#endif
