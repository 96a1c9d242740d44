/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bgpblast: load generator and convergence meter for BGP daemons.
 *
 * Plays N senders and K receivers, or N clients that are both, against one daemon under
 * test (DUT) over TCP, checks every route that comes back, and prints one JSON object
 * with times, counts and the DUT's CPU and memory use.  One thread, epoll, libc.
 *
 * Vocabulary:
 *   prefix id   index into the table of all distinct prefixes of the run
 *   group       set of prefixes that share one attribute set
 *   shared      group announced by every sender (--overlap)
 *   goal        number of foreign prefixes a receiver has to end up with
 */
#include "blast.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <time.h>

struct options opt = {
	.senders = 1,
	.receivers = 1,
	.prefixes = 4,
	.set_size = 0,
	.barrier = true,
	.refresh = true,
	.family = 4,
	.hold = 90,
	.window = 32,
	.timeout = 120,
	.settle = 500,
	.dut_as = 64512,
	.as = 64512,
	.churn_interval = 1000,
	.seed = 1,
	.label = "",
};
struct sess *S;
uint32_t nsess;
int ep;
uint8_t *rx;
struct counts C;
uint32_t n_up, n_done, n_goal, in_flight;
uint64_t t_first_any;
bool churning, connecting;
uint32_t drop_s = NONE;
uint64_t drop_gone, drop_back;

void
die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("bgpblast: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

void *
xalloc(size_t n, size_t sz)
{
	void *p = calloc(n ? n : 1, sz);
	if (!p)
		die("out of memory");
	return p;
}

uint64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SEC + (uint64_t)t.tv_nsec;
}

static void
parse_addr(const char *s, struct sockaddr_storage *sa, unsigned port)
{
	struct sockaddr_in *a4 = (void *)sa;
	struct sockaddr_in6 *a6 = (void *)sa;
	char b[96];
	char *at;

	snprintf(b, sizeof(b), "%s", s);
	memset(sa, 0, sizeof(*sa));
	at = strchr(b, '@'); /* ADDR@PORT */
	if (at != NULL) {
		*at = 0;
		port = (unsigned)atoi(at + 1);
	}
	if (inet_pton(AF_INET, b, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, b, &a6->sin6_addr) == 1) {
		a6->sin6_family = AF_INET6;
		a6->sin6_port = htons((uint16_t)port);
	} else {
		die("bad address %s", s);
	}
}

/* ---- options ---- */

static const char *dut_text, *local_text, *mode_text = "calico";
static unsigned recv_as_given;

enum kind { FLAG, NOT, NUMBER, NUMBER64, REAL, TEXT, PIDS };

/* Numbers are as wide as unsigned, uint32_t and int, which are one. */
static const struct {
	const char *name;
	enum kind kind;
	void *at;
	const char *help;
} table[] = {
	{ "dut", TEXT, &dut_text, "ADDR[@PORT] of the daemon" },
	{ "local", TEXT, &local_text, "ADDR[@PORT] of the first session" },
	{ "senders", NUMBER, &opt.senders, "N" },
	{ "receivers", NUMBER, &opt.receivers, "K" },
	{ "senders-receive", FLAG, &opt.senders_receive, "" },
	{ "dut-as", NUMBER, &opt.dut_as, "AS of the daemon" },
	{ "as", NUMBER, &opt.as, "AS of the first session" },
	{ "as-step", NUMBER, &opt.as_step, "sender i is in AS + i * step" },
	{ "recv-as", NUMBER, &recv_as_given, "AS of the receivers" },
	{ "hold", NUMBER, &opt.hold, "seconds" },
	{ "connect-window", NUMBER, &opt.window, "dials at once; 0: all" },
	{ "passive", FLAG, &opt.passive, "listen on --local's port" },
	{ "prefixes", NUMBER, &opt.prefixes, "a sender" },
	{ "mode", TEXT, &mode_text, "calico or internet" },
	{ "overlap", FLAG, &opt.overlap, "all senders announce the same prefixes" },
	{ "family", NUMBER, &opt.family, "4 or 6" },
	{ "set-size", NUMBER, &opt.set_size, "prefixes an attribute set" },
	{ "sets", NUMBER, &opt.sets, "attribute sets a sender (calico)" },
	{ "shuffle", FLAG, &opt.shuffle, "prefixes in random order" },
	{ "per-update", NUMBER, &opt.per_update, "prefixes a message at most" },
	{ "seed", NUMBER64, &opt.seed, "of all that is random" },
	{ "addpath", NUMBER, &opt.addpath, "1 receive, 2 send, 3 both" },
	{ "no-refresh", NOT, &opt.refresh, "" },
	{ "mp-both", FLAG, &opt.mp_both, "announce both families" },
	{ "no-barrier", NOT, &opt.barrier, "announce as each session comes up" },
	{ "next-hops", NUMBER, &opt.next_hops,
	    "of others: the sets take them in turn" },
	{ "churn-pct", REAL, &opt.churn_pct, "percent of the prefixes a step" },
	{ "churn-steps", NUMBER, &opt.churn_steps, "N" },
	{ "churn-interval", NUMBER, &opt.churn_interval, "milliseconds" },
	{ "churn-spread", FLAG, &opt.spread, "senders take turns" },
	{ "stall", NUMBER, &opt.stall, "sessions that read nothing in a second churn" },
	{ "drop", NUMBER, &opt.drops, "drop and restart N senders in turn" },
	{ "withdraw-all", FLAG, &opt.withdraw_all, "" },
	{ "timeout", NUMBER, &opt.timeout, "seconds a phase" },
	{ "settle", NUMBER, &opt.settle, "milliseconds of silence that end a phase" },
	{ "dut-pid", PIDS, NULL, "P[,P...]: whose CPU and memory are measured" },
	{ "label", TEXT, &opt.label, "for the report" },
	{ "hook", TEXT, &opt.hook, "command to run after convergence" },
	{ "until-file", TEXT, &opt.until_file, "stay until it exists, then leave" },
	{ "list", TEXT, &opt.list, "write the routes to this file, and end" },
};

enum { OPTIONS = sizeof(table) / sizeof(table[0]) };

static void
usage(void)
{
	puts("usage: bgpblast --dut ADDR --local ADDR [options]");
	for (int i = 0; i < OPTIONS; i++)
		printf("  --%-16s %s\n", table[i].name, table[i].help);
	exit(0);
}

static void
take_option(int i, char *value)
{
	switch (table[i].kind) {
	case FLAG: *(bool *)table[i].at = true; break;
	case NOT: *(bool *)table[i].at = false; break;
	case NUMBER:
		*(unsigned *)table[i].at = (unsigned)strtoul(value, NULL, 0);
		break;
	case NUMBER64: *(uint64_t *)table[i].at = strtoull(value, NULL, 0); break;
	case REAL: *(double *)table[i].at = atof(value); break;
	case TEXT: *(const char **)table[i].at = value; break;
	case PIDS:
		for (char *p = strtok(value, ", "); p != NULL && opt.npids < 64;
		     p = strtok(NULL, ", "))
			opt.pids[opt.npids++] = atoi(p);
		break;
	}
}

static void
read_options(int argc, char **argv)
{
	struct option names[OPTIONS + 1] = { { 0 } };
	int which, c;

	for (int i = 0; i < OPTIONS; i++)
		names[i] = (struct option){ .name = table[i].name,
			.has_arg = table[i].kind == FLAG || table[i].kind == NOT
				       ? no_argument
				       : required_argument };
	while ((c = getopt_long(argc, argv, "", names, &which)) == 0)
		take_option(which, optarg);
	if (c != -1)
		exit(2);
	if (dut_text == NULL || local_text == NULL)
		usage();
	opt.internet = strcmp(mode_text, "internet") == 0;
	opt.addpath &= 3;
	opt.recv_as = recv_as_given;
}

static void
check_options(void)
{
	if (opt.family != 4 && opt.family != 6)
		die("--family is 4 or 6");
	if (opt.overlap && opt.senders > 254)
		die("--overlap takes at most 254 senders");
	if (opt.overlap && opt.addpath & 1)
		die("--overlap knows one path a prefix: --addpath 2 at most");
	if (opt.churn_steps > 0 && !(opt.churn_pct > 0))
		die("--churn-steps needs --churn-pct");
	if (opt.next_hops > 0 && opt.overlap)
		die("--next-hops: --overlap tells senders by their next hop");
	if (opt.sets > 1 && opt.internet)
		die("--sets is for --mode calico");
	if (opt.stall >= opt.senders + opt.receivers ||
	    (opt.stall > 0 && opt.churn_steps <= 0))
		die("--stall needs --churn-steps and other sessions");
	parse_addr(dut_text, &opt.dut, 179);
	parse_addr(local_text, &opt.local, opt.passive ? 179 : 0);
	if (opt.dut.ss_family != opt.local.ss_family ||
	    (opt.dut.ss_family == AF_INET) != (opt.family == 4))
		die("--dut, --local and --family must be of one kind");
	opt.salen =
	    opt.family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* ---- start ---- */

static void
raise_limits(void)
{
	struct rlimit rl = { 65536, 65536 };

	if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static void
make_session(uint32_t i)
{
	struct sess *s = &S[i];

	s->idx = i;
	s->fd = s->lfd = -1;
	s->sender = i < opt.senders;
	s->receiver = !s->sender || opt.senders_receive;
	s->as = !s->sender && opt.recv_as != 0 ? opt.recv_as : opt.as + i * opt.as_step;
	local_octets(s->addr, i);
	s->id = opt.family == 4 ? g32(s->addr) : UINT32_C(0x0aff0001) + i;
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	check_options();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_term);
	raise_limits();
	ep = epoll_create1(EPOLL_CLOEXEC);
	rx = xalloc(RXBUF + MSG_MAX, 1);
	nsess = opt.senders + opt.receivers;
	S = xalloc(nsess, sizeof(*S));
	for (uint32_t i = 0; i < nsess; i++)
		make_session(i);
	build_tables();
	return opt.list != NULL ? list_routes(opt.list) : run();
}
