/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fibwatch: when does the kernel have exactly these routes, and when none of them?
 *
 *   fibwatch ROUTES PATIENCE
 *
 * One listener for the route events of its namespace, with a buffer that holds those of
 * a million routes.  It says "ready" when it listens; then a line of JSON when all are
 * there, and one when all are gone.  Events tell the instant; that the routes are the
 * right ones, a dump afterwards.  A dump follows a second of silence, too: where events
 * were lost, or none is sent (a nexthop object takes its routes along without a word),
 * the instant is the dump's.  Instants are right to a millisecond.  After PATIENCE
 * seconds of silence it says what is wrong.
 */
#include "fib.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENT_BUFFER = 1 << 30, /* a limit, not an allocation */
	DATAGRAMS = 256,
	DATAGRAM_MAX = 2048,
	NAP_NS = 1000000,
};

static const double SETTLE_S = 0.3, SILENCE_S = 1;

struct watch {
	int fd;
	struct routes routes;
	long n; /* routes by the events so far */
	/* of the phase: */
	double began, first, last; /* first, last: of events; 0: none yet */
	long replaced, overruns;
};

static void
take(struct watch *w, const struct nlmsghdr *header)
{
	const struct rtmsg *rtm = NLMSG_DATA(header);

	if (rtm->rtm_table != RT_TABLE_MAIN || rtm->rtm_protocol == RTPROT_KERNEL)
		return;
	if (header->nlmsg_type == RTM_DELROUTE)
		w->n--;
	else if (header->nlmsg_type != RTM_NEWROUTE)
		return;
	else if ((header->nlmsg_flags & NLM_F_REPLACE) != 0)
		w->replaced++;
	else
		w->n++;
}

/*
 * False: there was nothing, and it slept a moment.  It never waits on the socket: then
 * the kernel would have to wake it for each event, in the time of whoever adds the
 * route.
 */
static bool
take_events(struct watch *w)
{
	static _Alignas(struct nlmsghdr) char buffer[DATAGRAMS][DATAGRAM_MAX];
	static struct iovec iov[DATAGRAMS];
	static struct mmsghdr msg[DATAGRAMS];
	int got;

	for (int i = 0; i < DATAGRAMS; i++) {
		iov[i] = (struct iovec){ buffer[i], DATAGRAM_MAX };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	got = recvmmsg(w->fd, msg, DATAGRAMS, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
		die("events");
	if (got < 0) {
		w->overruns += errno == ENOBUFS;
		if (errno != ENOBUFS)
			nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
		return errno == ENOBUFS;
	}
	for (int i = 0; i < got; i++) {
		size_t len = msg[i].msg_len;
		const struct nlmsghdr *header = (const void *)buffer[i];

		for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len))
			take(w, header);
	}
	w->last = now_s();
	if (w->first == 0)
		w->first = w->last;
	return true;
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
is_right(const struct watch *w, const struct check *check, bool there)
{
	if (check->torn || check->wrong > 0 || check->extra > 0)
		return false;
	return check->held == (there ? w->routes.n : 0);
}

static void
report(const struct watch *w, const struct check *check, bool there, bool right,
    double done, double cpu)
{
	printf("{\"phase\":\"%s\",\"ok\":%s,\"first_mono_s\":%.6f,\"done_mono_s\":%.6f,"
	       "\"cpu_s\":%.3f,\"notified\":%ld,\"replaced\":%ld,\"overruns\":%ld,"
	       "\"by_dump\":%s,\"held\":%zu,\"missing\":%zu,\"wrong\":%zu,"
	       "\"extra\":%zu}\n",
	    there ? "there" : "gone", right ? "true" : "false", w->first, done, cpu,
	    w->n, w->replaced, w->overruns, done != w->last ? "true" : "false",
	    check->held, check->missing, check->wrong, check->extra);
	fflush(stdout);
}

/* Until all are there, or gone; false: in vain. */
static bool
follow(struct watch *w, bool there, double patience)
{
	double looked = 0, cpu0 = cpu_s();

	w->began = now_s();
	w->first = w->last = 0;
	w->replaced = w->overruns = 0;
	for (;;) {
		bool reached, due, right;
		double t, quiet, cpu;
		struct check check;

		if (take_events(w))
			continue;
		t = now_s();
		quiet = t - (w->last > w->began ? w->last : w->began);
		reached =
		    w->overruns == 0 && (there ? w->n >= (long)w->routes.n : w->n <= 0);
		due = looked <= w->last && reached && quiet >= SETTLE_S;
		if (!due && (quiet < SILENCE_S || t - looked < SILENCE_S))
			continue;
		looked = t;
		cpu = cpu_s() - cpu0;
		check = check_table(&w->routes);
		right = is_right(w, &check, there);
		if (!right && quiet < patience)
			continue;
		report(w, &check, there, right, reached ? w->last : t, cpu);
		return right;
	}
}

int
main(int argc, char **argv)
{
	struct watch w = { 0 };
	double patience;

	if (argc != 3 || !(atof(argv[2]) > 0)) {
		fputs("usage: fibwatch ROUTES PATIENCE\n", stderr);
		return 2;
	}
	patience = atof(argv[2]);
	alarm(LIFETIME_S);
	routes_read(&w.routes, argv[1]);
	routes_sort(&w.routes);
	w.fd = netlink_socket(RTMGRP_IPV4_ROUTE, EVENT_BUFFER);
	puts("ready");
	fflush(stdout);
	return follow(&w, true, patience) && follow(&w, false, patience) ? 0 : 1;
}
