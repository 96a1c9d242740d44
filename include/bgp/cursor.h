/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Read and write cursors over octets, with a sticky error: after the first
 * failure reads give zeros and NULL, writes do nothing, and the caller looks at
 * `failed` once.  Nothing is owned; nothing is allocated.
 */
#ifndef BGP_CURSOR_H
#define BGP_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rcur {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

struct wcur {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool failed;
};

/* A stretch of octets that somebody else owns. */
struct slice {
	const uint8_t *at;
	size_t len;
};

static inline struct rcur
rcur_of(const uint8_t *at, size_t len)
{
	/* An empty slice may be NULL, with which C allows no arithmetic at all. */
	if (at == NULL)
		at = (const uint8_t *)"";
	return (struct rcur){ at, at + len, false };
}

static inline struct rcur
rcur_of_slice(struct slice s)
{
	return rcur_of(s.at, s.len);
}

static inline size_t
rcur_left(const struct rcur *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* The next `len` octets, or NULL.  A take of zero octets gives a pointer, too. */
static inline const uint8_t *
rcur_take(struct rcur *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->failed || (size_t)(c->end - c->at) < len) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	return at;
}

static inline uint8_t
rcur_u8(struct rcur *c)
{
	const uint8_t *p = rcur_take(c, 1);

	return p == NULL ? 0 : p[0];
}

static inline uint16_t
get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t
rcur_u16(struct rcur *c)
{
	const uint8_t *p = rcur_take(c, 2);

	return p == NULL ? 0 : get_u16(p);
}

static inline uint32_t
rcur_u32(struct rcur *c)
{
	const uint8_t *p = rcur_take(c, 4);

	return p == NULL ? 0 : get_u32(p);
}

/* Always `len` long or NULL/0 with `failed` set. */
static inline struct slice
rcur_slice(struct rcur *c, size_t len)
{
	const uint8_t *p = rcur_take(c, len);

	return (struct slice){ p, p == NULL ? 0 : len };
}

static inline struct wcur
wcur_of(uint8_t *at, size_t len)
{
	return (struct wcur){ at, at, at + len, false };
}

static inline size_t
wcur_len(const struct wcur *c)
{
	return (size_t)(c->at - c->start);
}

static inline size_t
wcur_left(const struct wcur *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* Room for `len` octets, or NULL. */
static inline uint8_t *
wcur_room(struct wcur *c, size_t len)
{
	uint8_t *at = c->at;

	if (c->failed || (size_t)(c->end - c->at) < len) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	return at;
}

static inline void
put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
wcur_u8(struct wcur *c, uint8_t v)
{
	uint8_t *p = wcur_room(c, 1);

	if (p != NULL)
		p[0] = v;
}

static inline void
wcur_u16(struct wcur *c, uint16_t v)
{
	uint8_t *p = wcur_room(c, 2);

	if (p != NULL)
		put_u16(p, v);
}

static inline void
wcur_u32(struct wcur *c, uint32_t v)
{
	uint8_t *p = wcur_room(c, 4);

	if (p != NULL)
		put_u32(p, v);
}

static inline void
wcur_bytes(struct wcur *c, const void *from, size_t len)
{
	uint8_t *p = wcur_room(c, len);

	if (p != NULL && len > 0)
		memcpy(p, from, len);
}

#endif
