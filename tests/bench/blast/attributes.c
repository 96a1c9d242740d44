/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Attribute sets of the senders, as values and as octets: a pure function of the seed,
 * the sender and the group of prefixes, so that every receiver knows what to expect.
 */
#include "blast.h"

static uint32_t
rand_as(struct rng *r)
{
	uint32_t a = below(r, 4) ? 1000 + below(r, 60000) : 131072 + below(r, 270000);
	return a == opt.dut_as || a == 23456 ? 1000 : a;
}

void
make_aset(struct aset *a, uint32_t s, uint32_t g)
{
	memset(a, 0, sizeof *a);
	if (!internal(&S[s]))
		a->path[a->npath++] = S[s].as;
	if (!opt.internet) {
		/* --sets: that many attribute sets a sender, told apart by a community
		 */
		if (opt.sets > 1) {
			a->comm[0] = 65000u << 16 | g % opt.sets;
			a->ncomm = 1;
		}
		return;
	}
	struct rng own = { mix(opt.seed ^ (uint64_t)(s + 1) << 32 ^ g) };
	struct rng com = { mix(opt.seed * 31 + g) };
	static const uint8_t transit[] = { 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4,
		5, 5, 6, 7, 2 };
	for (unsigned n = transit[below(&own, sizeof transit)]; n; n--)
		a->path[a->npath++] = rand_as(&own);
	a->path[a->npath++] = rand_as(&com); /* origin AS: the same for every sender */
	a->origin = below(&com, 12) ? 0 : 2;
	a->ncomm = below(&own, 7);
	for (unsigned i = 0; i < a->ncomm; i++) /* distinct, in no order */
		a->comm[i] =
		    (1000 + below(&own, 60000)) << 16 | (i + 8 * below(&own, 1000));
}

uint64_t
hash_aset(unsigned origin, const uint32_t *path, unsigned np, const uint32_t *comm,
    unsigned nc)
{
	uint64_t h = mix(origin + 7);
	for (unsigned i = 0; i < np; i++)
		h = mix(h ^ path[i]);
	for (unsigned i = 0; i < nc; i++) /* a set: some daemons sort it */
		h += mix(comm[i] ^ UINT64_C(0xc0ffee00000000));
	return h;
}

/* The others' addresses lie behind those of all sessions. */
void
next_hop(uint8_t *out, const struct sess *s, uint32_t g)
{
	if (opt.next_hops > 0)
		local_octets(out, nsess + g % opt.next_hops);
	else
		memcpy(out, s->addr, opt.family == 4 ? 4 : 16);
}

/* Attributes as the sender encodes them; for IPv6 the caller appends MP_REACH. */
static uint8_t *
enc_attrs(uint8_t *p, const struct sess *s, uint32_t g)
{
	struct aset a;
	make_aset(&a, s->idx, g);
	p = p8(p8(p8(p8(p, 0x40), A_ORIGIN), 1), a.origin);
	p = p8(p8(p, 0x40), A_ASPATH);
	if (a.npath) {
		p = p8(p8(p8(p, 2 + a.npath * 4), 2), a.npath);
		for (unsigned i = 0; i < a.npath; i++)
			p = p32(p, a.path[i]);
	} else
		p = p8(p, 0);
	if (opt.family == 4) {
		p = p8(p8(p8(p, 0x40), A_NEXTHOP), 4);
		next_hop(p, s, g);
		p += 4;
	}
	if (internal(s))
		p = p32(p8(p8(p8(p, 0x40), A_LOCALPREF), 4), 100);
	if (a.ncomm) {
		p = p8(p8(p8(p, 0xc0), A_COMM), a.ncomm * 4);
		for (unsigned i = 0; i < a.ncomm; i++)
			p = p32(p, a.comm[i]);
	}
	return p;
}

static uint8_t *
enc_prefix(uint8_t *p, const struct prefix *x)
{
	uint8_t b[16];
	p64(p64(b, x->hi), x->lo);
	unsigned n = (x->len + 7u) / 8;
	*p++ = x->len;
	memcpy(p, b, n);
	return p + n;
}

uint8_t *
msg_begin(uint8_t *p, int type)
{
	memset(p, 0xff, 16);
	p[18] = (uint8_t)type;
	return p + HDR;
}

void
msg_end(uint8_t *m, uint8_t *end)
{
	p16(m + 16, (unsigned)(end - m));
}

static uint8_t *
buf_room(struct buf *o)
{
	if (o->cap - o->n < MSG_MAX + 64) {
		o->cap = o->cap * 2 + 16384;
		o->b = realloc(o->b, o->cap);
		if (!o->b)
			die("out of memory");
	}
	return o->b + o->n;
}

/* One or more UPDATEs announcing ids[0..n), all of one group. */
static void
enc_announce(struct buf *o, const struct sess *s, const uint32_t *ids, unsigned n)
{
	unsigned i = 0;
	uint32_t path_id = 1;
	bool ap = opt.addpath & 2;
	while (i < n) {
		uint8_t *m = buf_room(o), *p = msg_begin(m, M_UPDATE), *al;
		p = p16(p, 0);
		al = p;
		p = enc_attrs(p + 2, s, pfx[ids[i]].grp);
		unsigned k = 0, lim = opt.per_update ? opt.per_update : UINT32_MAX;
		if (opt.family == 4) {
			p16(al, (unsigned)(p - al - 2));
			for (; i < n && k < lim && p - m < MSG_MAX - 12; i++, k++)
				p = enc_prefix(ap ? p32(p, path_id) : p, &pfx[ids[i]]);
		} else {
			uint8_t *mp;
			p = p8(p8(p, 0x90), A_MPREACH);
			mp = p;
			p = p8(p8(p16(p + 2, 2), 1), 16);
			next_hop(p, s, pfx[ids[i]].grp);
			p = p8(p + 16, 0);
			for (; i < n && k < lim && p - m < MSG_MAX - 24; i++, k++)
				p = enc_prefix(ap ? p32(p, path_id) : p, &pfx[ids[i]]);
			p16(mp, (unsigned)(p - mp - 2));
			p16(al, (unsigned)(p - al - 2));
		}
		msg_end(m, p);
		o->n += (size_t)(p - m);
	}
}

void
enc_withdraw(struct buf *o, const uint32_t *ids, unsigned n)
{
	unsigned i = 0;
	bool ap = opt.addpath & 2;
	while (i < n) {
		uint8_t *m = buf_room(o), *p = msg_begin(m, M_UPDATE), *wl = p;
		unsigned k = 0, lim = opt.per_update ? opt.per_update : UINT32_MAX;
		if (opt.family == 4) {
			for (p += 2; i < n && k < lim && p - m < MSG_MAX - 12; i++, k++)
				p = enc_prefix(ap ? p32(p, 1) : p, &pfx[ids[i]]);
			p16(wl, (unsigned)(p - wl - 2));
			p = p16(p, 0);
		} else {
			uint8_t *al = p + 2, *mp;
			p16(p, 0);
			p = p8(p8(al + 2, 0x90), A_MPUNREACH);
			mp = p;
			p = p8(p16(p + 2, 2), 1);
			for (; i < n && k < lim && p - m < MSG_MAX - 24; i++, k++)
				p = enc_prefix(ap ? p32(p, 1) : p, &pfx[ids[i]]);
			p16(mp, (unsigned)(p - mp - 2));
			p16(al, (unsigned)(p - al - 2));
		}
		msg_end(m, p);
		o->n += (size_t)(p - m);
	}
}

void
enc_eor(struct buf *o)
{
	uint8_t *m = buf_room(o), *p = msg_begin(m, M_UPDATE);
	if (opt.family == 4)
		p = p32(p, 0);
	else
		p = p8(p16(p8(p8(p8(p16(p16(p, 0), 6), 0x80), A_MPUNREACH), 3), 2), 1);
	msg_end(m, p);
	o->n += (size_t)(p - m);
}

/* ids must be sorted by group */
void
enc_by_group(struct buf *o, const struct sess *s, const uint32_t *ids, unsigned n)
{
	for (unsigned i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && pfx[ids[j]].grp == pfx[ids[i]].grp; j++)
			;
		enc_announce(o, s, ids + i, j - i);
	}
}

unsigned
own_ids(const struct sess *s, uint32_t *ids)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < s->nown; i++)
		ids[n++] = s->first + i;
	if (s->sentinel != NONE)
		ids[n++] = s->sentinel;
	return n;
}
