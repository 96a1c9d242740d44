/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The peers: made from the configuration or for a connection from a range, numbered for
 * the RIB and the groups, found by address in O(1) and by name.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core_internal.h"

struct peer *
peers_find(const struct speaker *sp, const struct addr *address, const char *interface)
{
	struct peer *peer;

	if (sp->by_address == NULL)
		return NULL;
	for (peer = sp->by_address[addr_hash(address) & sp->address_mask]; peer != NULL;
	     peer = peer->address_chain)
		if (addr_equal(&peer->conf.address, address) && !peer->leaving &&
		    strcmp(peer->conf.interface, interface) == 0)
			return peer;
	return NULL;
}

struct peer *
peers_find_by_net(const struct speaker *sp, const struct session_net *net)
{
	struct peer *peer = peers_find(sp, &net->remote, net->interface);
	struct addr none = addr_none();

	if (peer != NULL || net->interface[0] == '\0')
		return peer;
	return peers_find(sp, &none, net->interface);
}

static void
address_index(struct speaker *sp, struct peer *peer)
{
	struct peer **slot =
	    &sp->by_address[addr_hash(&peer->conf.address) & sp->address_mask];

	peer->address_chain = *slot;
	*slot = peer;
}

static void
address_grow(struct speaker *sp)
{
	uint32_t room = sp->by_address == NULL ? 16 : (sp->address_mask + 1) * 2;

	free(sp->by_address);
	sp->by_address = mem_zero(room, sizeof(struct peer *));
	sp->address_mask = room - 1;
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		address_index(sp, peer);
}

static void
address_unindex(struct speaker *sp, struct peer *peer)
{
	struct peer **at =
	    &sp->by_address[addr_hash(&peer->conf.address) & sp->address_mask];

	while (*at != peer)
		at = &(*at)->address_chain;
	*at = peer->address_chain;
}

static uint32_t
number_take(struct speaker *sp)
{
	for (uint32_t i = 1; i < sp->n_numbers; i++)
		if (sp->peers[i] == NULL)
			return i;
	if (sp->n_numbers == 0)
		sp->n_numbers = 1; /* 0 is this speaker */
	if (sp->n_numbers % 64 == 1) {
		sp->peers =
		    mem_resize(sp->peers, sp->n_numbers + 64, sizeof(struct peer *));
		sp->peers[0] = NULL;
	}
	sp->peers[sp->n_numbers] = NULL;
	return sp->n_numbers++;
}

bool
peer_is_ebgp(const struct conf_peer *conf)
{
	return conf->options.remote_as != conf->options.local_as;
}

void
peer_tell_rib(struct speaker *sp, struct peer *peer)
{
	struct rib_peer *info = rib_peer(sp->rib, peer->number);

	info->used = true;
	info->ebgp = peer->ebgp;
	info->client = peer->conf.options.client;
	info->long_lived = peer->conf.options.long_lived_stale_time_s > 0;
	info->address = peer->address;
	info->router_id = peer->remote_open.bgp_id;
}

struct peer *
peers_add(struct speaker *sp, const struct conf_peer *conf)
{
	struct peer *peer = mem_zero(1, sizeof(*peer));

	peer->conf = *conf;
	peer->address = conf->address;
	peer->group = -1;
	peer->ebgp = peer_is_ebgp(conf);
	peer->down_since_ms = sp->now_ms;
	peer->number = number_take(sp);
	sp->peers[peer->number] = peer;
	peer->prev = sp->last_peer;
	if (sp->last_peer != NULL)
		sp->last_peer->next = peer;
	else
		sp->first_peer = peer;
	sp->last_peer = peer;
	sp->n_peers++;
	sp->n_on_links += conf->interface[0] != '\0';
	if (sp->by_address == NULL || sp->n_peers > sp->address_mask)
		address_grow(sp);
	else
		address_index(sp, peer);
	peer_tell_rib(sp, peer);
	return peer;
}

/* The peer has no connection and its paths are gone. */
void
peers_remove(struct speaker *sp, struct peer *peer)
{
	for (int i = 0; i < PEER_CONNECTIONS; i++)
		assert(peer->connections[i] == NULL);
	address_unindex(sp, peer);
	if (peer->prev != NULL)
		peer->prev->next = peer->next;
	else
		sp->first_peer = peer->next;
	if (peer->next != NULL)
		peer->next->prev = peer->prev;
	else
		sp->last_peer = peer->prev;
	sp->peers[peer->number] = NULL;
	*rib_peer(sp->rib, peer->number) = (struct rib_peer){ 0 };
	sp->n_peers--;
	sp->n_on_links -= peer->conf.interface[0] != '\0';
	heap_remove(&sp->timers, &peer->timer);
	events_forget(sp, NULL, peer);
	free(peer);
}

int
peers_group_of(const struct conf *conf, const struct addr *address)
{
	int found = -1;
	unsigned bits = 0;

	for (size_t g = 0; g < conf->n_groups; g++)
		for (size_t i = 0; i < conf->groups[g].n_ranges; i++) {
			const struct prefix *range = &conf->groups[g].ranges[i];

			if (prefix_covers_addr(range, address) &&
			    (found < 0 || range->bits > bits)) {
				found = (int)g;
				bits = range->bits;
			}
		}
	return found;
}

struct peer *
speaker_peer(const struct speaker *sp, uint32_t number)
{
	return number < sp->n_numbers ? sp->peers[number] : NULL;
}

struct peer *
speaker_find_peer(struct speaker *sp, const char *name_or_address)
{
	char text[ADDR_TEXT_LEN + 1] = "";
	const char *zone = strchr(name_or_address, '%');
	size_t len =
	    zone == NULL ? strlen(name_or_address) : (size_t)(zone - name_or_address);
	struct addr address;

	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (!peer->leaving && strcmp(peer->conf.name, name_or_address) == 0)
			return peer;
	if (len >= sizeof(text))
		return NULL;
	memcpy(text, name_or_address, len);
	if (!addr_parse(text, &address))
		return NULL;
	/* By what it has now: that of an unnumbered one is nowhere in the
	 * configuration.  A link-local address without a zone may be of several. */
	for (struct peer *peer = sp->first_peer; peer != NULL; peer = peer->next)
		if (!peer->leaving && addr_equal(&peer->address, &address) &&
		    (zone == NULL || strcmp(peer->conf.interface, zone + 1) == 0))
			return peer;
	return NULL;
}

static struct peer *
skip_leaving(struct peer *peer)
{
	while (peer != NULL && peer->leaving)
		peer = peer->next;
	return peer;
}

struct peer *
speaker_first_peer(struct speaker *sp)
{
	return skip_leaving(sp->first_peer);
}

struct peer *
speaker_next_peer(struct speaker *sp, struct peer *peer)
{
	(void)sp;
	return skip_leaving(peer->next);
}

enum fsm_state
peer_state(const struct peer *peer)
{
	enum fsm_state state = peer->retry_at_ms != 0 ? FSM_ACTIVE : FSM_IDLE;

	if (!peer->disabled && peer->conf.options.passive)
		state = FSM_ACTIVE;
	for (int i = 0; i < PEER_CONNECTIONS; i++) {
		const struct session *s = peer->connections[i];

		if (s == NULL)
			continue;
		if (s->state == FSM_CONNECT && state == FSM_ACTIVE)
			state = FSM_CONNECT;
		if (s->state > state)
			state = s->state;
	}
	return state;
}
