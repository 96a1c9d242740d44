/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing: control messages and bulk, never one inside the other.
 */
#include "blast.h"

void
want(struct sess *s, bool out)
{
	if (s->want_out == out || s->fd < 0)
		return;
	s->want_out = out;
	struct epoll_event e = { .events =
				     (s->stalled ? 0 : EPOLLIN) | (out ? EPOLLOUT : 0),
		.data.u64 = (uint64_t)s->idx * 2 };
	epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &e);
}

void
flush(struct sess *s)
{
	size_t budget = 1u << 20; /* give the readers a turn */
	while (s->nctl && s->bulk_off == 0) {
		ssize_t n = write(s->fd, s->ctl, s->nctl);
		if (n <= 0) {
			if (n < 0 && errno != EAGAIN) {
				sess_close(s, true);
				return;
			}
			want(s, true);
			return;
		}
		C.tx_bytes += (uint64_t)n;
		memmove(s->ctl, s->ctl + n, s->nctl - (size_t)n);
		s->nctl -= (size_t)n;
	}
	while (s->bulk_off < s->bulk_len && budget) {
		size_t k = s->bulk_len - s->bulk_off;
		ssize_t n =
		    write(s->fd, s->bulk + s->bulk_off, k < budget ? k : budget);
		if (n <= 0) {
			if (n < 0 && errno != EAGAIN) {
				sess_close(s, true);
				return;
			}
			break;
		}
		C.tx_bytes += (uint64_t)n;
		s->bulk_off += (size_t)n;
		budget -= (size_t)n < budget ? (size_t)n : budget;
	}
	if (s->bulk_off == s->bulk_len) {
		s->bulk_off = s->bulk_len = 0;
		s->bulk = NULL;
		if (s->nctl) {
			want(s, true);
			return;
		}
	}
	want(s, s->bulk != NULL);
}

/* Queues whole messages. A stable buffer lives unchanged until it is sent. */
void
send_bulk(struct sess *s, const uint8_t *b, size_t n, bool stable)
{
	if (s->st != UP || !n)
		return;
	s->t_lasttx = now_ns();
	if (stable && !s->bulk) {
		s->bulk = b;
		s->bulk_len = n;
		s->bulk_off = 0;
		flush(s);
		return;
	}
	/* Copy behind what is left. Byte 0 is a filler when a message may be cut:
	 * an offset above zero holds control messages back until the bulk is out. */
	size_t left = s->bulk_len - s->bulk_off, cut = s->bulk_off > 0;
	uint8_t *c = xalloc(cut + left + n, 1);
	if (left)
		memcpy(c + cut, s->bulk + s->bulk_off, left);
	memcpy(c + cut + left, b, n);
	free(s->tmp);
	s->bulk = s->tmp = c;
	s->bulk_off = cut;
	s->bulk_len = cut + left + n;
	flush(s);
}

static void
send_ctl(struct sess *s, const uint8_t *m, size_t n)
{
	if (s->nctl + n > sizeof s->ctl)
		return;
	memcpy(s->ctl + s->nctl, m, n);
	s->nctl += n;
	s->t_lasttx = now_ns();
	flush(s);
}

void
send_keepalive(struct sess *s)
{
	uint8_t m[HDR];
	msg_end(m, msg_begin(m, M_KEEPALIVE));
	send_ctl(s, m, HDR);
}

void
send_open(struct sess *s)
{
	uint8_t m[256], *p = msg_begin(m, M_OPEN), *ol, *cl;
	p = p16(p8(p, 4), s->as > 65535 ? 23456 : s->as);
	p = p32(p16(p, (unsigned)opt.hold), s->id);
	ol = p++;
	p = p8(p, 2);
	cl = p++;
	for (int f = 4; f <= 6; f += 2)
		if (opt.mp_both || opt.family == f)
			p = p8(p8(p16(p8(p8(p, 1), 4), f == 4 ? 1 : 2), 0), 1);
	if (opt.refresh)
		p = p8(p8(p, 2), 0);
	p = p32(p8(p8(p, 65), 4), s->as);
	if (opt.addpath)
		p = p8(p8(p16(p8(p8(p, 69), 4), opt.family == 4 ? 1 : 2), 1),
		    (unsigned)opt.addpath);
	*cl = (uint8_t)(p - cl - 1);
	*ol = (uint8_t)(p - ol - 1);
	msg_end(m, p);
	send_ctl(s, m, (size_t)(p - m));
}
