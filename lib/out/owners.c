/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members by what makes a route their own: the BGP identifier and the address.  With it
 * a bucket costs the same, however many members its group has.
 */
#include <stdlib.h>

#include "out_internal.h"

enum { FIRST_ROOM = 16 };

static struct member **
id_slot(const struct owners *owners, uint32_t router_id)
{
	return &owners->by_id[router_id * UINT32_C(0x9e3779b1) & owners->mask];
}

static struct member **
address_slot(const struct owners *owners, const struct addr *address)
{
	return &owners->by_address[addr_hash(address) & owners->mask];
}

static void
link_in(struct owners *owners, struct member *member)
{
	struct member **id = id_slot(owners, member->router_id);
	struct member **address = address_slot(owners, &member->address);

	member->id_chain = *id;
	*id = member;
	member->address_chain = *address;
	*address = member;
}

static void
grow(struct owners *owners)
{
	struct owners old = *owners;
	uint32_t room = old.by_id == NULL ? FIRST_ROOM : (old.mask + 1) * 2;

	owners->mask = room - 1;
	owners->by_id = mem_zero(room, sizeof(struct member *));
	owners->by_address = mem_zero(room, sizeof(struct member *));
	for (uint32_t i = 0; old.by_id != NULL && i <= old.mask; i++)
		for (struct member *m = old.by_id[i], *next; m != NULL; m = next) {
			next = m->id_chain;
			link_in(owners, m);
		}
	free(old.by_id);
	free(old.by_address);
}

void
owners_add(struct owners *owners, struct member *member)
{
	if (owners->by_id == NULL || owners->n > owners->mask)
		grow(owners);
	link_in(owners, member);
	owners->n++;
}

void
owners_remove(struct owners *owners, struct member *member)
{
	struct member **at = id_slot(owners, member->router_id);

	while (*at != member)
		at = &(*at)->id_chain;
	*at = member->id_chain;
	at = address_slot(owners, &member->address);
	while (*at != member)
		at = &(*at)->address_chain;
	*at = member->address_chain;
	owners->n--;
}

bool
owners_other_than_source(
    const struct owners *owners, const struct group *group, const struct target *target)
{
	if (owners->by_id == NULL)
		return false;
	if (target->originator != 0)
		for (const struct member *m = *id_slot(owners, target->originator);
		     m != NULL; m = m->id_chain)
			if (m->group == group && m->peer != target->source &&
			    m->router_id == target->originator)
				return true;
	if (target->next_hop.family == FAMILY_NONE)
		return false;
	for (const struct member *m = *address_slot(owners, &target->next_hop);
	     m != NULL; m = m->address_chain)
		if (m->group == group && m->peer != target->source &&
		    addr_equal(&m->address, &target->next_hop))
			return true;
	return false;
}

void
owners_free(struct owners *owners)
{
	free(owners->by_id);
	free(owners->by_address);
}

size_t
owners_bytes(const struct owners *owners)
{
	return owners->by_id == NULL
		   ? 0
		   : 2 * ((size_t)owners->mask + 1) * sizeof(struct member *);
}
