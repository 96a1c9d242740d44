/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All sessions: found by discriminator and by address in O(1), timed by one heap, and
 * two queues of what the shell draws: sessions with a packet to send, and changes.
 *
 * A session has one place in the heap, for the earliest of its deadlines.  A packet
 * that is received puts the detection time off, and moves nothing: the session is found
 * not due when its old deadline comes, and takes its new place then.
 */
#include "bfd_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct bfd *
bfd_new(uint64_t seed)
{
	struct bfd *bfd = mem_zero(1, sizeof(*bfd));

	bfd->random = seed | 1; /* xorshift never leaves 0 */
	bfd->queue_last = &bfd->queue;
	return bfd;
}

void
bfd_free(struct bfd *bfd)
{
	while (bfd->first != NULL)
		bfd_session_free(bfd, bfd->first);
	heap_destroy(&bfd->timers);
	free(bfd->by_disc);
	free(bfd->by_addr);
	free(bfd->changes);
	free(bfd);
}

/* xorshift64* */
uint32_t
bfd_random(struct bfd *bfd)
{
	bfd->random ^= bfd->random >> 12;
	bfd->random ^= bfd->random << 25;
	bfd->random ^= bfd->random >> 27;
	return (uint32_t)(bfd->random * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

/* ---- tables ---- */

static struct bfd_session **
disc_slot(const struct bfd *bfd, uint32_t discriminator)
{
	/* Random numbers: they are their own hash. */
	return &bfd->by_disc[discriminator & bfd->mask];
}

static struct bfd_session **
addr_slot(const struct bfd *bfd, const struct addr *remote)
{
	return &bfd->by_addr[addr_hash(remote) & bfd->mask];
}

static struct bfd_session *
find_by_discriminator(const struct bfd *bfd, uint32_t discriminator)
{
	struct bfd_session *s;

	if (bfd->n == 0)
		return NULL;
	for (s = *disc_slot(bfd, discriminator); s != NULL; s = s->disc_chain)
		if (s->local_disc == discriminator)
			return s;
	return NULL;
}

/* RFC 5881 3, RFC 5883 3: by source and destination, and by the interface where the
 * source means nothing without it. */
static struct bfd_session *
find_by_addresses(const struct bfd *bfd, const struct bfd_datagram *d)
{
	struct bfd_session *s;

	if (bfd->n == 0)
		return NULL;
	for (s = *addr_slot(bfd, &d->source); s != NULL; s = s->addr_chain)
		if (s->params.multihop == d->multihop &&
		    addr_equal(&s->params.remote, &d->source) &&
		    s->params.link == d->link &&
		    (s->params.local.family == FAMILY_NONE ||
			addr_equal(&s->params.local, &d->destination)))
			return s;
	return NULL;
}

static void
index_add(struct bfd *bfd, struct bfd_session *s)
{
	struct bfd_session **disc = disc_slot(bfd, s->local_disc);
	struct bfd_session **addr = addr_slot(bfd, &s->params.remote);

	s->disc_chain = *disc;
	*disc = s;
	s->addr_chain = *addr;
	*addr = s;
}

static void
index_remove(struct bfd *bfd, struct bfd_session *s)
{
	struct bfd_session **at = disc_slot(bfd, s->local_disc);

	while (*at != s)
		at = &(*at)->disc_chain;
	*at = s->disc_chain;
	at = addr_slot(bfd, &s->params.remote);
	while (*at != s)
		at = &(*at)->addr_chain;
	*at = s->addr_chain;
}

static void
index_grow(struct bfd *bfd)
{
	uint32_t room = bfd->by_disc == NULL ? 16 : (bfd->mask + 1) * 2;

	free(bfd->by_disc);
	free(bfd->by_addr);
	bfd->by_disc = mem_zero(room, sizeof(struct bfd_session *));
	bfd->by_addr = mem_zero(room, sizeof(struct bfd_session *));
	bfd->mask = room - 1;
	for (struct bfd_session *s = bfd->first; s != NULL; s = s->next)
		index_add(bfd, s);
}

/* ---- what waits to be drawn ---- */

void
bfd_enqueue(struct bfd *bfd, struct bfd_session *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->queue_next = NULL;
	*bfd->queue_last = s;
	bfd->queue_last = &s->queue_next;
}

static void
dequeue(struct bfd *bfd, struct bfd_session *s)
{
	struct bfd_session **at = &bfd->queue;

	if (!s->queued)
		return;
	while (*at != s)
		at = &(*at)->queue_next;
	*at = s->queue_next;
	if (*at == NULL)
		bfd->queue_last = at;
	s->queued = false;
}

bool
bfd_next_packet(struct bfd *bfd, uint64_t now_us, void **user, uint8_t *octets)
{
	struct bfd_session *s;

	while ((s = bfd->queue) != NULL) {
		if (!s->send_due && !s->final_due) {
			dequeue(bfd, s);
			continue;
		}
		session_packet(bfd, s, now_us, octets);
		if (!s->send_due && !s->final_due)
			dequeue(bfd, s);
		bfd_arm(bfd, s);
		*user = s->user;
		return true;
	}
	return false;
}

static void
changes_grow(struct bfd *bfd)
{
	uint32_t room = bfd->changes_room == 0 ? 16 : bfd->changes_room * 2;
	struct bfd_change *ring = mem_alloc(room * sizeof(*ring));

	for (uint32_t i = 0; i < bfd->n_changes; i++)
		ring[i] = bfd->changes[(bfd->changes_head + i) % bfd->changes_room];
	free(bfd->changes);
	bfd->changes = ring;
	bfd->changes_room = room;
	bfd->changes_head = 0;
}

void
bfd_note(struct bfd *bfd, struct bfd_session *s, enum bfd_change_kind kind,
    uint8_t before, bool remote_admin)
{
	if (bfd->n_changes == bfd->changes_room)
		changes_grow(bfd);
	bfd->changes[(bfd->changes_head + bfd->n_changes++) % bfd->changes_room] =
	    (struct bfd_change){ .kind = kind,
		    .user = s->user,
		    .before = before,
		    .after = s->state,
		    .diag = s->diag,
		    .remote_diag = s->remote_diag,
		    .remote_admin = remote_admin,
		    .independent = s->remote_independent };
}

bool
bfd_next_change(struct bfd *bfd, struct bfd_change *out)
{
	while (bfd->n_changes > 0) {
		*out = bfd->changes[bfd->changes_head];
		bfd->changes_head = (bfd->changes_head + 1) % bfd->changes_room;
		bfd->n_changes--;
		if (out->user != NULL)
			return true;
	}
	return false;
}

bool
bfd_has_changes(const struct bfd *bfd)
{
	return bfd->n_changes > 0;
}

static void
changes_forget(struct bfd *bfd, const struct bfd_session *s)
{
	for (uint32_t i = 0; i < bfd->n_changes; i++) {
		struct bfd_change *change =
		    &bfd->changes[(bfd->changes_head + i) % bfd->changes_room];

		if (change->user == s->user)
			change->user = NULL;
	}
}

/* ---- life of a session ---- */

struct bfd_session *
bfd_session_open(
    struct bfd *bfd, uint64_t now_us, const struct bfd_params *params, void *user)
{
	struct bfd_session *s = mem_zero(1, sizeof(*s));

	s->params = *params;
	s->user = user;
	/* RFC 5880 6.3: unique, not 0; random, so that it cannot be guessed. */
	do {
		s->local_disc = bfd_random(bfd);
	} while (
	    s->local_disc == 0 || find_by_discriminator(bfd, s->local_disc) != NULL);
	s->next = bfd->first;
	if (bfd->first != NULL)
		bfd->first->prev = s;
	bfd->first = s;
	bfd->n++;
	if (bfd->by_disc == NULL || bfd->n > bfd->mask)
		index_grow(bfd);
	else
		index_add(bfd, s);
	session_start(bfd, s, now_us);
	bfd_arm(bfd, s);
	return s;
}

void
bfd_session_free(struct bfd *bfd, struct bfd_session *s)
{
	index_remove(bfd, s);
	dequeue(bfd, s);
	changes_forget(bfd, s);
	heap_remove(&bfd->timers, &s->timer);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		bfd->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	bfd->n--;
	free(s);
}

/* ---- the turn ---- */

static void
count_drop(struct bfd *bfd, const struct bfd_datagram *d, enum bfd_drop drop)
{
	struct bfd_session *s = find_by_addresses(bfd, d);

	bfd->drops[drop]++;
	if (s != NULL)
		s->dropped++;
}

static enum bfd_drop
receive(struct bfd *bfd, uint64_t now_us, const struct bfd_datagram *d)
{
	struct bfd_packet packet;
	struct bfd_session *s;
	enum bfd_drop drop;

	/* RFC 5881 5: before anything else is looked at. */
	if (!d->multihop && d->ttl != BFD_TTL)
		return BFD_DROP_TTL;
	drop = bfd_packet_get(d->octets, d->len, &packet);
	if (drop != BFD_DROP_NOT)
		return drop;
	/* RFC 5880 6.3: once it names our discriminator, that alone decides. */
	if (packet.your_discriminator != 0)
		s = find_by_discriminator(bfd, packet.your_discriminator);
	else
		s = find_by_addresses(bfd, d);
	if (s == NULL)
		return BFD_DROP_NO_SESSION;
	/* But for the port, or the TTL of a single hop could be got around; and but for
	 * the link of a link-local one (RFC 5881 3: a session is one interface's),
	 * since what comes by another link says nothing of this one. */
	if (s->params.multihop != d->multihop ||
	    (s->params.link != 0 && s->params.link != d->link))
		return BFD_DROP_OTHER_PATH;
	s->heard_to = d->destination;
	return session_take(bfd, s, now_us, &packet);
}

enum bfd_drop
bfd_receive(struct bfd *bfd, uint64_t now_us, const struct bfd_datagram *datagram)
{
	enum bfd_drop drop = receive(bfd, now_us, datagram);

	if (drop == BFD_DROP_NOT)
		bfd->drops[BFD_DROP_NOT]++;
	else
		count_drop(bfd, datagram, drop);
	return drop;
}

static uint64_t
session_deadline(const struct bfd_session *s)
{
	uint64_t at = timing_detection_at(s);

	if (s->tx_at_us < at)
		at = s->tx_at_us;
	if (s->closed_at_us != 0 && s->closed_at_us < at)
		at = s->closed_at_us;
	return at;
}

/* Moves the session's deadline forward only; see the head of the file. */
void
bfd_arm(struct bfd *bfd, struct bfd_session *s)
{
	uint64_t at = session_deadline(s);

	if (at != BFD_NEVER && (s->timer.pos == 0 || at < s->timer.key))
		heap_set(&bfd->timers, &s->timer, at);
}

void
bfd_tick(struct bfd *bfd, uint64_t now_us)
{
	struct heap_item *item;

	while ((item = heap_min(&bfd->timers)) != NULL && item->key <= now_us) {
		struct bfd_session *s =
		    (struct bfd_session *)(void *)((uint8_t *)item -
						   offsetof(struct bfd_session, timer));
		uint64_t at;

		session_timers(bfd, s, now_us);
		at = session_deadline(s);
		if (at == BFD_NEVER)
			heap_remove(&bfd->timers, item);
		else
			heap_set(&bfd->timers, item, at);
	}
}

uint64_t
bfd_deadline(const struct bfd *bfd)
{
	const struct heap_item *item = heap_min(&bfd->timers);

	return item == NULL ? BFD_NEVER : item->key;
}

const uint64_t *
bfd_drop_counts(const struct bfd *bfd)
{
	return bfd->drops;
}
