/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Destinations whose forwarding may have changed, each queued once, in order.  Apart
 * from the change list, since a next hop that moves concerns the FIB and no peer.
 */
#include <stdlib.h>

#include "rib_internal.h"

void
rib_fib_enable(struct rib *rib, bool on)
{
	rib->fib_on = on;
	if (on)
		rib_fib_requeue(rib);
}

void
rib_fib_requeue(struct rib *rib)
{
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (uint32_t id = 1; id <= rib->tables[f].dests.top; id++) {
			struct dest *dest = rib_dest_at(rib, (enum family)f, id);

			if (dest != NULL)
				fib_enqueue(rib, &rib->tables[f], dest);
		}
}

static void
queue_grow(struct table *t)
{
	uint32_t room = t->fib_room == 0 ? 64 : t->fib_room * 2;
	uint32_t *queue = mem_alloc(room * sizeof(*queue));

	for (uint32_t i = 0; i < t->fib_n; i++)
		queue[i] = t->fib_queue[(t->fib_head + i) & (t->fib_room - 1)];
	free(t->fib_queue);
	t->fib_queue = queue;
	t->fib_room = room;
	t->fib_head = 0;
}

void
fib_enqueue(struct rib *rib, struct table *t, struct dest *dest)
{
	if (!rib->fib_on || (dest->flags & DEST_FIB_QUEUED) != 0)
		return;
	if (t->fib_n == t->fib_room)
		queue_grow(t);
	t->fib_queue[(t->fib_head + t->fib_n++) & (t->fib_room - 1)] = dest->id;
	dest->flags |= DEST_FIB_QUEUED;
}

static void
release_drawn(struct table *t)
{
	uint32_t id = t->fib_drawn;

	t->fib_drawn = 0;
	if (id != 0)
		dest_release(t, table_at(t, id));
}

struct dest *
rib_fib_next(struct rib *rib, enum family family)
{
	struct table *t = &rib->tables[family];
	struct dest *dest;

	release_drawn(t);
	if (t->fib_n == 0) {
		if (t->fib_room > 4096) {
			free(t->fib_queue);
			t->fib_queue = NULL;
			t->fib_room = t->fib_head = 0;
		}
		return NULL;
	}
	dest = table_at(t, t->fib_queue[t->fib_head]);
	t->fib_head = (t->fib_head + 1) & (t->fib_room - 1);
	t->fib_n--;
	dest->flags &= (uint8_t)~DEST_FIB_QUEUED;
	t->fib_drawn = dest->id;
	return dest;
}

const struct dest *
rib_fib_ahead(const struct rib *rib, enum family family, uint32_t n)
{
	const struct table *t = &rib->tables[family];

	if (n >= t->fib_n)
		return NULL;
	return table_at(t, t->fib_queue[(t->fib_head + n) & (t->fib_room - 1)]);
}

bool
rib_fib_pending(const struct rib *rib)
{
	return rib->tables[FAMILY_IPV4].fib_n > 0 || rib->tables[FAMILY_IPV6].fib_n > 0;
}
