/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All prefixes of a run and their index: blocks as an IPAM hands them out, or a table
 * with about the length distribution of the default-free zone.
 */
#include "blast.h"

struct prefix *pfx;
uint32_t npfx;

static struct slot {
	uint32_t tag, id;
} * slots;
static uint32_t slot_mask;

void
prefixes_init(uint32_t total)
{
	uint32_t cap = 16;
	while (cap < total * 2)
		cap *= 2;
	slot_mask = cap - 1;
	slots = xalloc(cap, sizeof *slots);
	memset(slots, 0xff, cap * sizeof *slots);
	pfx = xalloc(total, sizeof *pfx);
}

static uint64_t
phash(uint64_t hi, uint64_t lo, unsigned len)
{
	return mix(hi ^ (lo * 3) ^ len);
}

uint32_t
pfind(uint64_t hi, uint64_t lo, unsigned len, uint32_t guess)
{
	if (guess < npfx && pfx[guess].hi == hi && pfx[guess].lo == lo &&
	    pfx[guess].len == len)
		return guess;
	uint64_t h = phash(hi, lo, len);
	uint32_t tag = (uint32_t)(h >> 32);
	for (uint32_t i = (uint32_t)h & slot_mask; slots[i].id != NONE;
	     i = (i + 1) & slot_mask)
		if (slots[i].tag == tag) {
			const struct prefix *p = &pfx[slots[i].id];
			if (p->hi == hi && p->lo == lo && p->len == len)
				return slots[i].id;
		}
	return NONE;
}

bool
padd(uint64_t hi, uint64_t lo, unsigned len, uint32_t grp)
{
	if (pfind(hi, lo, len, NONE) != NONE)
		return false;
	uint64_t h = phash(hi, lo, len);
	uint32_t i = (uint32_t)h & slot_mask;
	while (slots[i].id != NONE)
		i = (i + 1) & slot_mask;
	slots[i] = (struct slot){ (uint32_t)(h >> 32), npfx };
	pfx[npfx++] = (struct prefix){ hi, lo, grp, (uint8_t)len };
	return true;
}

/* Random prefix with about the length distribution of the default-free zone. */
static unsigned
dfz_len4(struct rng *r)
{
	static const uint16_t cum[] = {
		/* per 1000: /24 /22 /23 /20 /21 /19 /16 /18 /17 /15../9 */
		595, 705, 803, 853, 904, 930, 944, 958, 967, 1000
	};
	static const uint8_t len[] = { 24, 22, 23, 20, 21, 19, 16, 18, 17, 0 };
	unsigned v = below(r, 1000), i = 0;
	while (v >= cum[i])
		i++;
	if (len[i])
		return len[i];
	static const uint8_t rest[] = { 24, 24, 22, 23, 21, 15, 14, 13, 12, 24 };
	return rest[below(r, 10)];
}

static unsigned
dfz_len6(struct rng *r)
{
	static const uint8_t len[] = { 48, 48, 48, 48, 48, 48, 48, 48, 48, 32, 32, 32,
		44, 44, 40, 40, 36, 29, 46, 47 };
	return len[below(r, sizeof len)];
}

static bool
usable_slash8(unsigned a)
{
	switch (a) {
	case 0:
	case 10:
	case 100:
	case 127:
	case 169:
	case 172:
	case 192:
	case 198:
	case 203: return false;
	}
	return a < 224;
}

void
gen_internet_group(struct rng *r, uint32_t grp, unsigned n)
{
	uint64_t base = 0;
	for (unsigned i = 0; i < n;) {
		uint64_t hi;
		unsigned len;
		if (opt.family == 4) {
			uint32_t a;
			len = dfz_len4(r);
			if (i == 0 || below(r, 4) ==
					  0) /* a new region of the address space ... */
				base = rnd(r) >> 32;
			a = (uint32_t)base ^
			    (len > 16 ? below(r, 1u << 14)
				      : (uint32_t)rnd(r)); /* ... or one near by */
			if (len > 16)
				a = (uint32_t)base ^ (below(r, 1u << 6) << (32 - len));
			a &= ~UINT32_C(0) << (32 - len);
			if (!usable_slash8(a >> 24)) {
				base = rnd(r) >> 32;
				continue;
			}
			hi = (uint64_t)a << 32;
		} else {
			len = dfz_len6(r);
			if (i == 0 || below(r, 4) == 0)
				base = rnd(r);
			hi = (UINT64_C(0x2400) << 48) +
			     ((base ^ (rnd(r) & 0xfffff) << 16) %
				 (UINT64_C(0x0800) << 48));
			hi &= ~UINT64_C(0) << (64 - len);
		}
		if (padd(hi, 0, len, grp))
			i++;
		else
			base = rnd(r) >> (opt.family == 4 ? 32 : 0);
	}
}

/* Blocks as an IPAM would hand them out: /26 (or /122) in shuffled order. */
void
gen_block(uint32_t idx, uint32_t total, uint32_t grp)
{
	uint32_t bits = 1;
	while ((UINT32_C(1) << bits) < total)
		bits++;
	uint32_t mask = (UINT32_C(1) << bits) - 1, v = idx;
	do { /* cycle-walking bijection on [0, total) */
		v = (v * 2654435761u + (uint32_t)opt.seed) & mask;
		v ^= v >> (bits / 2 + 1);
		v = (v * 2246822519u) & mask;
	} while (v >= total);
	if (opt.family == 4)
		padd((uint64_t)(UINT32_C(0x0a000000) + v * 64) << 32, 0, 26, grp);
	else
		padd(UINT64_C(0xfd00000000000000), (uint64_t)v << 6, 122, grp);
}
