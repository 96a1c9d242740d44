/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loop, and the questions that end a phase.
 */
#include "blast.h"

#include <signal.h>

static volatile sig_atomic_t stop; /* SIGTERM: end the phase, report what there is */

void
on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void
timers(uint64_t t)
{
	static uint64_t last;
	if (connecting && !opt.passive)
		for (uint32_t i = 0;
		     i < nsess && (!opt.window || in_flight < (uint32_t)opt.window);
		     i++)
			if (S[i].st == IDLE && S[i].t_retry <= t)
				sess_connect(&S[i]);
	if (t - last < 250 * MS)
		return;
	last = t;
	for (uint32_t i = 0; i < nsess; i++) {
		struct sess *s = &S[i];
		if (s->st != UP || !s->hold)
			continue;
		if (!s->bulk && !s->nctl &&
		    t - s->t_lasttx > (uint64_t)s->hold * SEC / 3)
			send_keepalive(s);
		if (!s->stalled && t > s->t_lastrx &&
		    t - s->t_lastrx > (uint64_t)s->hold * SEC) {
			C.hold_over++; /* a real peer would have dropped the session */
			s->t_lastrx = t;
		}
	}
}

static void
on_dialled(struct sess *s, uint32_t events)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err != 0 || (events & EPOLLERR)) {
		sess_close(s, true);
	} else if (events & EPOLLOUT) {
		s->st = OPENSENT;
		want(s, false);
		send_open(s);
	}
}

static void
on_event(const struct epoll_event *event)
{
	struct sess *s = &S[event->data.u64 / 2];

	if (event->data.u64 & 1) {
		sess_accept(s);
		return;
	}
	if (s->fd < 0)
		return;
	if (s->st == CONNECTING) {
		on_dialled(s, event->events);
		return;
	}
	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		on_readable(s);
	if (s->fd >= 0 && (event->events & EPOLLOUT))
		flush(s);
}

bool
pump(bool (*done)(void), uint64_t deadline)
{
	struct epoll_event events[512];

	for (;;) {
		uint64_t t = now_ns(), left;
		int n;

		timers(t);
		if (done != NULL && done())
			return true;
		if (t >= deadline || stop)
			return false;
		left = (deadline - t) / MS + 1;
		n = epoll_wait(ep, events, 512, left < 10 ? (int)left : 10);
		for (int i = 0; i < n; i++)
			on_event(&events[i]);
	}
}

bool
all_up(void)
{
	return n_up == nsess;
}
bool
all_done(void)
{
	return n_done == n_goal || C.drops > 0;
}
bool
quiet(void)
{
	return now_ns() - C.t_lastupd > (uint64_t)opt.settle * MS;
}
bool
drop_gone_done(void)
{
	return !drop_gone;
}
bool
drop_back_done(void)
{
	return !drop_back && S[drop_s].nhave == S[drop_s].goal;
}
bool
drop_up(void)
{
	return S[drop_s].st == UP;
}
bool
file_there(void)
{
	return !access(opt.until_file, F_OK);
}
bool
full_again(void)
{
	if (now_ns() - C.t_lastupd < (uint64_t)opt.settle * MS)
		return false;
	for (uint32_t i = 0; i < nsess; i++)
		if (S[i].receiver && !S[i].stalled && S[i].nhave != S[i].goal)
			return false;
	return true;
}

void
reset_goal(void)
{
	n_done = 0;
	for (uint32_t i = 0; i < nsess; i++) {
		S[i].done = false;
		S[i].t_first = S[i].t_done = 0;
	}
	t_first_any = 0;
}
