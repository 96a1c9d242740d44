/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who announces what: prefixes in groups of one attribute set, their hashes, the
 * messages of each sender made in advance, and what each receiver has to end up with.
 */
#include "blast.h"

uint32_t ngrp, nshared;
uint32_t *grp_owner;
uint64_t *ahash;
uint8_t *akey, *best_key;
uint64_t *t_ann, *t_wdr;

size_t
aidx(uint32_t s, uint32_t g)
{
	return g < nshared ? (size_t)s * nshared + g
			   : (size_t)opt.senders * nshared + (g - nshared);
}

/* About 5.5 prefixes an attribute set, with a long tail. */
static uint32_t
random_group_size(struct rng *r)
{
	uint32_t n = 1;

	while (n < 3 && below(r, 100) < 50)
		n++;
	if (below(r, 6) == 0)
		n = 4 + below(r, 16);
	if (below(r, 40) == 0)
		n = 20 + below(r, 160);
	return n;
}

/* 0: random. */
static uint32_t
group_size(void)
{
	if (opt.set_size > 0)
		return opt.set_size;
	if (opt.internet)
		return 0;
	return opt.sets > 1 ? (opt.prefixes + opt.sets - 1) / opt.sets : opt.prefixes;
}

static void
make_prefixes(struct rng *r, uint32_t s, uint32_t nown)
{
	uint32_t size = group_size(), n;

	S[s].first = npfx;
	S[s].nown = opt.prefixes;
	for (uint32_t left = opt.prefixes; left > 0; left -= n) {
		n = size == 0 ? random_group_size(r) : size;
		if (n > left)
			n = left;
		grp_owner[ngrp] = s;
		if (opt.internet)
			gen_internet_group(r, ngrp, n);
		else
			for (uint32_t i = 0; i < n; i++)
				gen_block(npfx, nown, ngrp);
		ngrp++;
	}
}

/* One prefix a sender behind the common ones: its table was taken in when this comes.
 */
static void
make_sentinels(void)
{
	nshared = ngrp;
	for (uint32_t s = 0; s < opt.senders; s++) {
		S[s].first = 0;
		S[s].nown = opt.prefixes;
		S[s].sentinel = npfx;
		grp_owner[ngrp] = s;
		if (opt.family == 4)
			padd((uint64_t)(UINT32_C(0xc6120000) + (s << 8)) << 32, 0, 24,
			    ngrp);
		else
			padd(UINT64_C(0x2001000200000000) | (uint64_t)s << 16, 0, 48,
			    ngrp);
		ngrp++;
	}
}

static void
hash_group(uint32_t s, uint32_t g)
{
	size_t i = aidx(s, g);
	struct aset a;

	make_aset(&a, s, g);
	ahash[i] = hash_aset(a.origin, a.path, a.npath, a.comm, a.ncomm);
	akey[i] = (uint8_t)(a.npath * 4 + a.origin);
	if (g < nshared && akey[i] < best_key[g])
		best_key[g] = akey[i];
}

static void
hash_groups(void)
{
	size_t n = (size_t)opt.senders * nshared + (ngrp - nshared);

	ahash = xalloc(n, sizeof(*ahash));
	akey = xalloc(n, 1);
	best_key = xalloc(nshared, 1);
	memset(best_key, 0xff, nshared > 0 ? nshared : 1);
	for (uint32_t g = 0; g < ngrp; g++) {
		if (g >= nshared)
			hash_group(grp_owner[g], g);
		for (uint32_t s = 0; g < nshared && s < opt.senders; s++)
			hash_group(s, g);
	}
}

static void
shuffle(struct rng *r, uint32_t *ids, unsigned n)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned k = below(r, i);
		uint32_t id = ids[i - 1];

		ids[i - 1] = ids[k];
		ids[k] = id;
	}
}

static void
make_messages(struct rng *r, struct sess *s, uint32_t *ids)
{
	struct buf announce = { 0 }, withdraw = { 0 };
	unsigned n = own_ids(s, ids);

	if (opt.shuffle)
		shuffle(r, ids, n);
	enc_by_group(&announce, s, ids, n);
	enc_eor(&announce);
	s->ann = announce.b;
	s->nann = announce.n;
	if (!opt.withdraw_all)
		return;
	enc_withdraw(&withdraw, ids, n);
	s->wdr = withdraw.b;
	s->nwdr = withdraw.n;
}

static void
make_goal(struct sess *s)
{
	s->have = xalloc(npfx / 64 + 1, 8);
	s->bad = xalloc(npfx / 64 + 1, 8);
	if (opt.overlap)
		s->from = xalloc(npfx, 1);
	if (opt.addpath & 1)
		s->path_id = xalloc(npfx, sizeof(*s->path_id));
	s->goal = npfx - (s->sender ? s->nown + (s->sentinel != NONE) : 0);
	/* What a sender gets back of common prefixes depends on tie-breaking. */
	if (opt.overlap && s->sender)
		s->receiver = false;
	n_goal += s->receiver;
}

void
build_tables(void)
{
	uint32_t nown = opt.overlap ? opt.prefixes : opt.senders * opt.prefixes;
	uint32_t total = nown + (opt.overlap ? opt.senders : 0);
	struct rng r = { mix(opt.seed) };
	uint32_t *ids = xalloc(total, sizeof(*ids));

	prefixes_init(total);
	grp_owner = xalloc(total + opt.senders + 1, sizeof(*grp_owner));
	for (uint32_t s = 0; s < opt.senders; s++)
		S[s].sentinel = NONE;
	for (uint32_t s = 0; s < (opt.overlap ? 1 : opt.senders); s++)
		make_prefixes(&r, s, nown);
	if (opt.overlap)
		make_sentinels();
	if (npfx != total)
		die("could not generate %u distinct prefixes (have %u)", total, npfx);
	hash_groups();
	t_ann = xalloc(npfx, sizeof(*t_ann));
	t_wdr = xalloc(npfx, sizeof(*t_wdr));
	for (uint32_t s = 0; s < opt.senders; s++)
		make_messages(&r, &S[s], ids);
	free(ids);
	for (uint32_t i = 0; i < nsess; i++)
		make_goal(&S[i]);
}

static void
list_sender(FILE *file, const struct sess *s, uint32_t *ids)
{
	int af = opt.family == 4 ? AF_INET : AF_INET6;
	unsigned n = own_ids(s, ids);

	for (unsigned i = 0; i < n; i++) {
		const struct prefix *p = &pfx[ids[i]];
		char prefix[INET6_ADDRSTRLEN], hop[INET6_ADDRSTRLEN];
		uint8_t octets[16], nh[16];

		p64(p64(octets, p->hi), p->lo);
		next_hop(nh, s, p->grp);
		inet_ntop(af, octets, prefix, sizeof(prefix));
		inet_ntop(af, nh, hop, sizeof(hop));
		fprintf(file, "%s/%u %s\n", prefix, p->len, hop);
	}
}

int
list_routes(const char *name)
{
	uint32_t *ids = xalloc(npfx, sizeof(*ids));
	FILE *file = fopen(name, "w");
	bool failed;

	if (file == NULL)
		die("%s: %s", name, strerror(errno));
	for (uint32_t s = 0; s < opt.senders; s++)
		list_sender(file, &S[s], ids);
	failed = ferror(file) != 0;
	if (fclose(file) != 0 || failed)
		die("%s: %s", name, strerror(errno));
	free(ids);
	return 0;
}
