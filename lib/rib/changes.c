/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The change list of a family: an array in the order of versions, each destination at
 * its last change.  An earlier entry of the same destination becomes a hole; when holes
 * outnumber entries the array is compacted, so that a consumer that stands still costs
 * at most twice the destinations that changed since.
 *
 * Versions are 64 bits wide; an entry keeps the low 32.  That is enough as long as the
 * list spans less than 2^32 changes: out resets a member long before.
 */
#include <assert.h>
#include <stdlib.h>

#include "rib_internal.h"

void
changes_destroy(struct change_list *list)
{
	free(list->entries);
	*list = (struct change_list){ 0 };
}

static void
changes_compact(struct table *t)
{
	struct change_list *list = &t->changes;
	uint32_t to = 0;

	for (uint32_t i = list->head; i < list->n; i++) {
		struct change entry = list->entries[i];

		if (entry.dest == 0)
			continue;
		list->entries[to] = entry;
		table_at(t, entry.dest)->change = ++to;
	}
	list->head = 0;
	list->n = to;
	list->holes = 0;
	if (list->room > 1024 && list->n < list->room / 4) {
		list->room /= 2;
		list->entries =
		    mem_resize(list->entries, list->room, sizeof(*list->entries));
	}
}

static void
changes_make_room(struct table *t)
{
	struct change_list *list = &t->changes;

	if (list->n < list->room)
		return;
	if (list->head + list->holes > list->room / 2) {
		changes_compact(t);
		return;
	}
	list->room = list->room == 0 ? 256 : list->room * 2;
	list->entries = mem_resize(list->entries, list->room, sizeof(*list->entries));
}

void
changes_append(struct table *t, struct dest *dest)
{
	struct change_list *list = &t->changes;

	if (dest->change != 0) {
		list->entries[dest->change - 1].dest = 0;
		list->holes++;
		dest->change = 0;
	}
	changes_make_room(t);
	list->version++;
	list->entries[list->n] = (struct change){ dest->id, (uint32_t)list->version };
	dest->change = ++list->n;
}

void
changes_note_tombstone(struct table *t, bool now)
{
	if (now) {
		t->changes.tombstones++;
	} else {
		assert(t->changes.tombstones > 0);
		t->changes.tombstones--;
	}
}

static uint64_t
entry_version(const struct change_list *list, uint32_t index)
{
	uint32_t behind = (uint32_t)list->version - list->entries[index].version;

	return list->version - behind;
}

uint64_t
rib_version(const struct rib *rib, enum family family)
{
	return rib->tables[family].changes.version;
}

uint32_t
rib_change_first(const struct rib *rib, enum family family, uint64_t after)
{
	const struct change_list *list = &rib->tables[family].changes;
	uint32_t low = list->head, high = list->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (entry_version(list, mid) > after)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

uint32_t
rib_change_end(const struct rib *rib, enum family family)
{
	return rib->tables[family].changes.n;
}

struct dest *
rib_change_at(
    const struct rib *rib, enum family family, uint32_t index, uint64_t *version)
{
	const struct table *t = &rib->tables[family];

	*version = entry_version(&t->changes, index);
	if (t->changes.entries[index].dest == 0)
		return NULL;
	return table_at(t, t->changes.entries[index].dest);
}

uint64_t
rib_dest_version(const struct rib *rib, enum family family, const struct dest *dest)
{
	if (dest->change == 0)
		return 0;
	return entry_version(&rib->tables[family].changes, dest->change - 1);
}

void
rib_trim(struct rib *rib, enum family family, uint64_t version)
{
	struct table *t = &rib->tables[family];
	struct change_list *list = &t->changes;

	while (list->head < list->n && entry_version(list, list->head) <= version) {
		uint32_t id = list->entries[list->head].dest;

		list->head++;
		if (id == 0) {
			list->holes--;
			continue;
		}
		struct dest *dest = table_at(t, id);

		dest->change = 0;
		if (dest->paths == NULL)
			changes_note_tombstone(t, false);
		dest_release(t, dest);
	}
	if (list->head == list->n) {
		list->head = list->n = 0;
		if (list->room > 4096) {
			free(list->entries);
			list->entries = NULL;
			list->room = 0;
		}
	}
}

uint32_t
rib_tombstones(const struct rib *rib, enum family family)
{
	return rib->tables[family].changes.tombstones;
}
