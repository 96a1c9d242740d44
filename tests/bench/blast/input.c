/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading: messages, and the check of every route against what its sender said.
 */
#include "blast.h"

struct rxattr {
	const uint8_t *path, *comm, *nh;
	unsigned npath, ncomm, nnh, origin;
	uint32_t originator, lp;
	bool has_orig, has_cluster, has_lp, hashed;
	uint64_t hash;
	uint32_t first_as;
	uint32_t ok_s, ok_g; /* last (sender, group) found right */
	uint32_t bad_s, bad_g;
};

static void
hash_rx(const struct sess *s, struct rxattr *a)
{
	uint32_t path[256], comm[64];
	unsigned np = 0, nc = 0;
	const uint8_t *p = a->path, *e = a->path + a->npath;
	bool strip = !internal(s);
	while (p + 2 <= e) {
		unsigned n = p[1];
		if (p[0] != 2)
			path[np < 256 ? np++ : 255] =
			    UINT32_MAX; /* senders use AS_SEQUENCE only */
		p += 2;
		for (; n && p + 4 <= e; n--, p += 4) {
			if (strip) {
				strip = false;
				if (g32(p) == opt.dut_as)
					continue;
			}
			if (np < 256)
				path[np++] = g32(p);
		}
	}
	for (unsigned i = 0; i + 4 <= a->ncomm && nc < 64; i += 4)
		comm[nc++] = g32(a->comm + i);
	a->first_as = np ? path[0] : 0;
	a->hash = hash_aset(a->origin, path, np, comm, nc);
	a->hashed = true;
}

static uint32_t
who_sent(const struct rxattr *a, uint32_t g)
{
	if (g >= nshared)
		return grp_owner[g];
	if (opt.as_step) {
		uint32_t i = (a->first_as - opt.as) / opt.as_step;
		return i < opt.senders && S[i].as == a->first_as ? i : NONE;
	}
	for (uint32_t i = 0; i < opt.senders; i++)
		if (a->nnh >= 4 && !memcmp(a->nh, S[i].addr, opt.family == 4 ? 4 : 16))
			return i;
	return NONE;
}

static bool
check(const struct sess *s, struct rxattr *a, uint32_t from, uint32_t g)
{
	if (a->ok_s == from && a->ok_g == g)
		return true;
	if (a->bad_s == from && a->bad_g == g)
		return false;
	bool ok = from != NONE;
	if (ok) {
		const struct sess *o = &S[from];
		unsigned al = opt.family == 4 ? 4 : 16;
		const uint8_t *dut =
		    opt.family == 4
			? (void *)&((struct sockaddr_in *)(void *)&opt.dut)->sin_addr
			: (void *)&((struct sockaddr_in6 *)(void *)&opt.dut)->sin6_addr;
		uint8_t sent[16];
		next_hop(sent, o, g);
		bool kept = a->nnh >= al && !memcmp(a->nh, sent, al);
		bool self = a->nnh >= al && !memcmp(a->nh, dut, al);
		C.nh_kept += kept;
		C.nh_self += self;
		bool both_int = internal(s) && internal(o);
		if (!(kept || (self && !both_int)))
			C.wrong_nh++, ok = false;
		if (a->hash != ahash[aidx(from, g)])
			C.wrong_attr++, ok = false;
		if (both_int &&
		    !(a->has_orig && a->originator == o->id && a->has_cluster))
			C.wrong_orig++, ok = false;
		if (internal(s) && !(a->has_lp && a->lp == 100))
			C.wrong_lp++, ok = false;
	}
	if (ok)
		a->ok_s = from, a->ok_g = g;
	else
		a->bad_s = from, a->bad_g = g;
	return ok;
}

static void
gone(struct sess *s, uint32_t id)
{
	s->nhave--; /* t_done keeps the first time of the phase */
	bclr(s->have, id);
	if (bit(s->bad, id)) {
		bclr(s->bad, id);
		s->nbad--;
	}
}

static void
on_announce(struct sess *s, struct rxattr *a, uint32_t path_id, uint64_t hi,
    uint64_t lo, unsigned len, uint64_t t)
{
	C.ann++;
	uint32_t id = pfind(hi, lo, len, s->guess);
	if (id == NONE) {
		C.extra++;
		return;
	}
	s->guess = id + 1;
	uint32_t g = pfx[id].grp;
	if (!a->hashed)
		hash_rx(s, a);
	uint32_t from = who_sent(a, g);
	if (s->sender && from == s->idx) {
		C.own_echo++;
		return;
	}
	bool ok = check(s, a, from, g);
	C.with_orig += a->has_orig;
	C.with_cluster += a->has_cluster;
	if (!ok)
		C.wrong_events++;
	if (ok != !bit(s->bad, id)) {
		if (ok) {
			bclr(s->bad, id);
			s->nbad--;
		} else {
			bset(s->bad, id);
			s->nbad++;
		}
	}
	if (s->from) {
		uint8_t old = s->from[id], nw = (uint8_t)(from + 1);
		if (old && old != nw) {
			C.changed++;
			if (drop_s != NONE && old == drop_s + 1 && drop_gone)
				drop_gone--;
		}
		s->from[id] = nw;
	}
	if (bit(s->have, id)) {
		/* Each prefix has one path: a second one is one too many. */
		if (s->path_id != NULL && s->path_id[id] != path_id)
			C.extra++;
		if (!s->from)
			C.dup++;
		return;
	}
	bset(s->have, id);
	if (s->path_id != NULL)
		s->path_id[id] = path_id;
	if (!s->t_first) {
		s->t_first = t;
		if (!t_first_any)
			t_first_any = t;
	}
	if (churning && t_ann[id])
		hadd(&h_ann, t - t_ann[id]);
	if (drop_s != NONE && !s->from && from == drop_s && drop_back)
		drop_back--;
	if (++s->nhave == s->goal && !s->done) {
		s->done = true;
		s->t_done = t;
		n_done += s->receiver;
	}
}

static void
on_withdraw(struct sess *s, uint32_t path_id, uint64_t hi, uint64_t lo, unsigned len,
    uint64_t t)
{
	C.wdr++;
	uint32_t id = pfind(hi, lo, len, s->guess);
	if (id == NONE) {
		C.extra++;
		return;
	}
	s->guess = id + 1;
	if (!bit(s->have, id) || (s->path_id != NULL && s->path_id[id] != path_id)) {
		C.spurious_wdr++;
		return;
	}
	gone(s, id);
	if (churning && t_wdr[id])
		hadd(&h_wdr, t - t_wdr[id]);
	if (s->from) {
		if (drop_s != NONE && s->from[id] == drop_s + 1 && drop_gone)
			drop_gone--;
		s->from[id] = 0;
	} else if (drop_s != NONE && grp_owner[pfx[id].grp] == drop_s && drop_gone)
		drop_gone--;
	if (!s->nhave && !s->done) {
		s->done = true;
		s->t_done = t;
		n_done += s->receiver;
	}
}

/* Walks packed NLRI; false when malformed. */
static bool
nlri(struct sess *s, struct rxattr *a, const uint8_t *p, const uint8_t *e, bool v6,
    uint64_t t)
{
	while (p < e) {
		uint32_t path_id = 0;

		if (s->ap_rx) {
			if (e - p < 5)
				return false;
			path_id = g32(p);
			p += 4;
		}
		unsigned len = *p++, n = (len + 7) / 8;
		if (len > (v6 ? 128u : 32u) || (unsigned)(e - p) < n)
			return false;
		uint8_t b[16] = { 0 };
		memcpy(b, p, n);
		p += n;
		uint64_t hi = (uint64_t)g32(b) << 32, lo = 0;
		if (v6) {
			hi |= g32(b + 4);
			lo = (uint64_t)g32(b + 8) << 32 | g32(b + 12);
		}
		if (a)
			on_announce(s, a, path_id, hi, lo, len, t);
		else
			on_withdraw(s, path_id, hi, lo, len, t);
	}
	return true;
}

/* The multiprotocol attributes of one UPDATE. */
struct mp {
	const uint8_t *reach, *reach_end, *unreach, *unreach_end;
};

/* What no attribute of that type may have, an odd length; false: malformed. */
static bool
take_attribute(
    struct rxattr *a, struct mp *mp, unsigned type, const uint8_t *p, unsigned n)
{
	switch (type) {
	case A_ORIGIN: a->origin = p[0]; return n == 1;
	case A_ASPATH:
		a->path = p;
		a->npath = n;
		return true;
	case A_NEXTHOP:
		a->nh = p;
		a->nnh = 4;
		return n == 4;
	case A_LOCALPREF:
		if (n != 4)
			return false;
		a->lp = g32(p);
		a->has_lp = true;
		return true;
	case A_COMM:
		a->comm = p;
		a->ncomm = n;
		return n % 4 == 0;
	case A_ORIGINATOR:
		if (n != 4)
			return false;
		a->originator = g32(p);
		a->has_orig = true;
		return true;
	case A_CLUSTER: a->has_cluster = true; return n % 4 == 0 && n > 0;
	case A_MPREACH:
		mp->reach = p;
		mp->reach_end = p + n;
		return true;
	case A_MPUNREACH:
		mp->unreach = p;
		mp->unreach_end = p + n;
		return true;
	default: return true;
	}
}

static bool
take_attributes(struct rxattr *a, struct mp *mp, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		unsigned flags, type, n;

		if (end - p < 3)
			return false;
		flags = p[0];
		type = p[1];
		n = p[2];
		p += 3;
		if (flags & 0x10) {
			if (p >= end)
				return false;
			n = n << 8 | *p++;
		}
		if ((unsigned)(end - p) < n || !take_attribute(a, mp, type, p, n))
			return false;
		p += n;
	}
	return true;
}

static bool
take_mp(struct sess *s, struct rxattr *a, const struct mp *mp, uint64_t t)
{
	const uint8_t *u = mp->unreach, *r = mp->reach;

	if (u != NULL) {
		if (mp->unreach_end - u < 3)
			return false;
		if (mp->unreach_end - u == 3)
			C.eor++;
		else if (!nlri(s, NULL, u + 3, mp->unreach_end, g16(u) == 2, t))
			return false;
	}
	if (r == NULL)
		return true;
	if (mp->reach_end - r < 5 || mp->reach_end - r < 5 + r[3])
		return false;
	a->nh = r + 4;
	a->nnh = r[3];
	return nlri(s, a, r + 5 + r[3], mp->reach_end, g16(r) == 2, t);
}

static bool
on_update(struct sess *s, const uint8_t *m, size_t len, uint64_t t)
{
	const uint8_t *p = m + HDR, *end = m + len, *withdrawn, *attrs;
	struct rxattr a = { .ok_s = NONE, .bad_s = NONE - 1 };
	struct mp mp = { NULL, NULL, NULL, NULL };

	C.updates++;
	if (len == 23) {
		C.eor++;
		return g32(p) == 0;
	}
	C.t_lastupd = t;
	if (end - p < 4)
		return false;
	withdrawn = p + 2;
	attrs = withdrawn + g16(p);
	if (attrs + 2 > end || attrs + 2 + g16(attrs) > end ||
	    !take_attributes(&a, &mp, attrs + 2, attrs + 2 + g16(attrs)))
		return false;
	p = attrs + 2 + g16(attrs);
	return nlri(s, NULL, withdrawn, attrs, false, t) &&
	       nlri(s, &a, p, end, false, t) && take_mp(s, &a, &mp, t);
}

static bool
on_open(struct sess *s, const uint8_t *m, size_t len)
{
	const uint8_t *p = m + HDR, *e = m + len;
	if (len < 29 || p[0] != 4)
		return false;
	unsigned h = g16(p + 3);
	s->hold = (int)h < opt.hold ? (int)h : opt.hold;
	bool as4 = false;
	s->ap_rx = false;
	p += 10;
	while (p + 2 <= e) {
		const uint8_t *c = p + 2, *ce = c + p[1];
		if (ce > e)
			return false;
		if (p[0] == 2)
			while (c + 2 <= ce && c + 2 + c[1] <= ce) {
				if (c[0] == 65)
					as4 = true;
				if (c[0] == 69 && (opt.addpath & 1))
					for (unsigned i = 0; i + 4 <= c[1]; i += 4)
						if (g16(c + 2 + i) ==
							(opt.family == 4 ? 1u : 2u) &&
						    (c[5 + i] & 2))
							s->ap_rx = true;
				c += 2 + c[1];
			}
		p = ce;
	}
	if (!as4)
		C.no_as4++;
	send_keepalive(s);
	s->st = OPENCONFIRM;
	return true;
}

static void
on_up(struct sess *s, uint64_t t)
{
	s->st = UP;
	s->t_up = t;
	n_up++;
	if (s->in_flight) {
		s->in_flight = false;
		in_flight--;
	}
	if (!opt.barrier && s->sender)
		send_bulk(s, s->ann, s->nann, true);
}

static bool
on_msg(struct sess *s, const uint8_t *m, size_t len, uint64_t t)
{
	C.msgs++;
	switch (m[18]) {
	case M_OPEN: return s->st == OPENSENT && on_open(s, m, len);
	case M_KEEPALIVE:
		C.keepalives++;
		if (s->st == OPENCONFIRM)
			on_up(s, t);
		return true;
	case M_UPDATE: return s->st == UP && on_update(s, m, len, t);
	case M_NOTIFICATION:
		C.notif_rx++;
		if (len >= 21) {
			C.notif_code = m[19];
			C.notif_sub = m[20];
		}
		sess_close(s, true);
		s->t_retry = now_ns() + SEC;
		return true;
	case M_REFRESH:
		C.refresh_rx++;
		if (s->st == UP && s->sender)
			send_bulk(s, s->ann, s->nann, true);
		return true;
	}
	return false;
}

void
on_readable(struct sess *s)
{
	memcpy(rx, s->rest, s->nrest);
	ssize_t n = read(s->fd, rx + s->nrest, RXBUF - s->nrest);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			sess_close(s, true);
		return;
	}
	uint64_t t = now_ns();
	if (s->st == UP && s->t_lastrx && t - s->t_lastrx > C.max_gap)
		C.max_gap = t - s->t_lastrx;
	s->t_lastrx = t;
	C.bytes += (uint64_t)n;
	uint8_t *p = rx, *e = rx + s->nrest + n;
	while (e - p >= HDR) {
		size_t len = g16(p + 16);
		if (len < HDR || len > MSG_MAX) {
			C.malformed++;
			sess_close(s, true);
			return;
		}
		if ((size_t)(e - p) < len)
			break;
		if (!on_msg(s, p, len, t)) {
			C.malformed++;
			sess_close(s, true);
			return;
		}
		if (s->fd < 0)
			return;
		p += len;
	}
	s->nrest = (size_t)(e - p);
	memcpy(s->rest, p, s->nrest);
}
