/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A list in the order of addresses; of one address the end whose key holds comes first.
 */
#include "link_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"

static struct link_end *
find(const struct link_ends *ends, const struct addr *address, const char *interface)
{
	for (size_t i = 0; i < ends->n; i++)
		if (addr_equal(&ends->list[i].address, address) &&
		    strcmp(ends->list[i].interface, interface) == 0)
			return &ends->list[i];
	return NULL;
}

void
link_ends_add(
    struct link_ends *ends, const struct conf_peer *peer, const struct addr *address)
{
	bool configured = !conf_peer_is_unnumbered(peer);
	struct link_end *end = find(ends, address, peer->interface);

	/* Beside an unnumbered peer there may be one with the neighbour's address: to
	 * that one its connections belong. */
	if (end != NULL && !configured)
		return;
	if (end == NULL) {
		ends->list = mem_resize(ends->list, ends->n + 1, sizeof(*ends->list));
		end = &ends->list[ends->n++];
	}
	*end = (struct link_end){ .address = *address,
		.secret = peer->options.password,
		.configured = configured };
	snprintf(end->interface, sizeof(end->interface), "%s", peer->interface);
	snprintf(end->peer, sizeof(end->peer), "%s", peer->name);
}

const struct link_end *
link_ends_find(
    const struct link_ends *ends, const struct addr *address, const char *interface)
{
	return find(ends, address, interface);
}

/* The less, the more it has a right to its address. */
static unsigned
rank_of(const struct link_end *end, const struct link_ends *before)
{
	const struct link_end *then;

	if (end->configured)
		return 0;
	then = link_ends_find(before, &end->address, end->interface);
	return then != NULL && !then->refused ? 1 : 2;
}

static bool
comes_before(
    const struct link_end *a, const struct link_end *b, const struct link_ends *before)
{
	int order = addr_compare(&a->address, &b->address);

	if (order != 0)
		return order < 0;
	return rank_of(a, before) < rank_of(b, before);
}

/* Keeps the order of equals. */
static void
sort(struct link_ends *ends, const struct link_ends *before)
{
	for (size_t i = 1; i < ends->n; i++) {
		struct link_end end = ends->list[i];
		size_t at = i;

		for (; at > 0 && comes_before(&end, &ends->list[at - 1], before); at--)
			ends->list[at] = ends->list[at - 1];
		ends->list[at] = end;
	}
}

void
link_ends_settle(struct link_ends *ends, const struct link_ends *before)
{
	size_t holder = 0;

	sort(ends, before);
	for (size_t i = 0; i < ends->n; i++) {
		struct link_end *end = &ends->list[i];

		if (!addr_equal(&end->address, &ends->list[holder].address))
			holder = i;
		end->refused = end->secret != ends->list[holder].secret;
		end->holder = holder;
	}
}

struct keyring
link_ends_keys(const struct link_ends *ends)
{
	struct keyring ring = { NULL, 0 };

	for (size_t i = 0; i < ends->n; i++) {
		const struct link_end *end = &ends->list[i];
		struct prefix host =
		    prefix_of(&end->address, family_max_bits(FAMILY_IPV6));

		if (end->holder == i && !end->configured && end->secret != 0)
			keyring_add(&ring, &host, end->secret);
	}
	return ring;
}

void
link_ends_free(struct link_ends *ends)
{
	free(ends->list);
	*ends = (struct link_ends){ NULL, 0 };
}
