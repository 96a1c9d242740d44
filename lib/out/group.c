/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Update groups: membership, the head that all groups of a family share, and the trim
 * of the change list behind the slowest member.
 *
 * Deviates: there is no MinRouteAdvertisementIntervalTimer (RFC 4271 9.2.1.1).  A
 * change goes out with the turn it came in; of many to one route, a member that is
 * behind gets the last.
 */
#include <assert.h>
#include <stdlib.h>

#include "bgp/message.h"
#include "out_internal.h"

void
group_key_init(struct group_key *key, enum family family)
{
	memset(key, 0, sizeof(*key));
	key->family = (uint8_t)family;
	key->message_size = MESSAGE_MAX_LEN;
	key->self = key->self_link_local = addr_none();
	key->shared.bits = 255;
}

struct out *
out_new(struct rib *rib)
{
	struct out *out = mem_zero(1, sizeof(*out));

	out->rib = rib;
	out->ready_last = &out->ready_first;
	out->batch = batch_new();
	out->path_batch = batch_new();
	out->block = mem_alloc(MESSAGE_MAX_EXTENDED_LEN);
	out->message = mem_alloc(MESSAGE_MAX_EXTENDED_LEN);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		out->end_of_rib[f] = chunk_end_of_rib((enum family)f);
		out->refresh_begin[f] = chunk_refresh((enum family)f, REFRESH_BEGIN);
		out->refresh_end[f] = chunk_refresh((enum family)f, REFRESH_END);
	}
	return out;
}

static void
group_free(struct out *out, struct group *group)
{
	assert(group->members == NULL);
	while (group->first != NULL) {
		struct chunk *c = group->first;

		group->first = c->next;
		c->listed = false;
		c->refs++;
		chunk_unref(c);
	}
	for (int i = 0; i < WALK_CACHE; i++)
		chunk_unref(group->cache[i].chunk);
	chunk_unref(group->catch_up);
	bits_unref(group->sent);
	bits_unref(group->unsure);
	if (group->paths != NULL)
		paths_free(group->paths, out->rib);
	free(group->sent_by_source);
	free(group);
}

void
out_free(struct out *out)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		assert(out->groups[f] == NULL);
		chunk_unref(out->end_of_rib[f]);
		chunk_unref(out->refresh_begin[f]);
		chunk_unref(out->refresh_end[f]);
	}
	batch_free(out->batch);
	batch_free(out->path_batch);
	owners_free(&out->owners);
	free(out->candidates);
	free(out->block);
	free(out->message);
	free(out);
}

void
out_set_now(struct out *out, uint64_t now_ms)
{
	out->now_ms = now_ms;
}

void
group_count(struct group *group, uint32_t source_plus_1, int by)
{
	uint32_t source = source_plus_1 == 0 ? RIB_LOCAL_PEER : source_plus_1 - 1;

	if (source >= group->sent_room) {
		uint32_t room = group->sent_room == 0 ? 8 : group->sent_room;

		while (room <= source)
			room *= 2;
		group->sent_by_source = mem_resize(
		    group->sent_by_source, room, sizeof(*group->sent_by_source));
		memset(group->sent_by_source + group->sent_room, 0,
		    (room - group->sent_room) * sizeof(*group->sent_by_source));
		group->sent_room = room;
	}
	group->sent_by_source[source] += (uint32_t)by;
	group->n_sent += (uint32_t)by;
}

/* Changes behind the best path matter to groups with add-path alone. */
static void
list_what_is_needed(struct out *out, enum family family)
{
	bool all = false;

	for (const struct group *g = out->groups[family]; g != NULL; g = g->next)
		all = all || g->paths != NULL;
	rib_list_all_paths(out->rib, family, all);
}

static struct group *
group_find(struct out *out, const struct group_key *key)
{
	struct group *group;

	for (group = out->groups[key->family]; group != NULL; group = group->next)
		if (memcmp(&group->key, key, sizeof(*key)) == 0)
			return group;
	group = mem_zero(1, sizeof(*group));
	memcpy(&group->key, key, sizeof(*key));
	group->sent = bits_new();
	group->unsure = bits_new();
	if (key->add_path != 0)
		group->paths = paths_new();
	group->next = out->groups[key->family];
	out->groups[key->family] = group;
	list_what_is_needed(out, (enum family)key->family);
	return group;
}

static void
group_remove_if_empty(struct out *out, struct group *group)
{
	enum family family = (enum family)group->key.family;
	struct group **at = &out->groups[family];

	if (group->members != NULL)
		return;
	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	group_free(out, group);
	list_what_is_needed(out, family);
}

static void
group_link(struct group *group, struct member *member)
{
	/* What it says to laggards looked at the members of that time. */
	chunk_unref(group->catch_up);
	group->catch_up = NULL;
	member->group = group;
	member->prev = NULL;
	member->next = group->members;
	if (member->next != NULL)
		member->next->prev = member;
	group->members = member;
	group->n_members++;
}

static void
group_unlink(struct out *out, struct member *member)
{
	struct group *group = member->group;

	if (member->state == MEMBER_IN_STEP)
		group->n_in_step--;
	if (member->prev != NULL)
		member->prev->next = member->next;
	else
		group->members = member->next;
	if (member->next != NULL)
		member->next->prev = member->prev;
	group->n_members--;
	member->group = NULL;
	group_drop_read_chunks(group);
	group_remove_if_empty(out, group);
}

void
out_join(
    struct out *out, struct member *member, uint32_t peer, const struct group_key *key)
{
	assert(member->group == NULL);
	*member = (struct member){ .peer = peer,
		.router_id = rib_peer_info(out->rib, peer)->router_id,
		.address = rib_peer_info(out->rib, peer)->address };
	owners_add(&out->owners, member);
	group_link(group_find(out, key), member);
	member->end_of_rib_due = true;
	member->version = out->head[key->family];
	member_start_walk(out, member, true);
}

void
out_leave(struct out *out, struct member *member)
{
	if (member->group == NULL)
		return;
	if (member->ready) {
		struct member **at = &out->ready_first;

		while (*at != member)
			at = &(*at)->ready_next;
		*at = member->ready_next;
		if (*at == NULL)
			out->ready_last = at;
		member->ready = false;
	}
	member_clear(out, member);
	group_unlink(out, member);
	owners_remove(&out->owners, member);
	member->state = MEMBER_OFF;
	out->trim_due = true;
}

/* Everything: what a laggard or a walker may hold is not known exactly. */
static struct out_bits *
bits_of_all(const struct out *out, enum family family)
{
	struct out_bits *bits = bits_new();

	for (uint32_t id = 1; id <= rib_dest_top(out->rib, family); id++)
		bits_set(bits, id);
	return bits;
}

void
out_move(struct out *out, struct member *member, const struct group_key *key)
{
	struct group *old = member->group;
	enum family family = (enum family)key->family;
	bool was_in_step = member->state == MEMBER_IN_STEP && member->chunk == NULL;
	uint8_t path_ids = old->path_ids;
	struct out_bits *had;

	assert(old->key.family == key->family);
	assert((old->paths != NULL) == (key->add_path != 0));
	if (memcmp(&old->key, key, sizeof(*key)) == 0)
		return;
	had = was_in_step ? bits_copy(old->sent) : bits_of_all(out, family);
	member->version = member_version(out, member);
	member_leave_chunk(out, member);
	bits_unref(member->had);
	member->had = NULL;
	group_unlink(out, member);
	group_link(group_find(out, key), member);
	member->had = had;
	member->had_in_step = was_in_step;
	if (path_ids > member->group->path_ids)
		member->group->path_ids = path_ids;
	member->state = MEMBER_OFF;
	member_start_walk(out, member, true);
}

/* ---- the head ---- */

void
group_drop_read_chunks(struct group *group)
{
	while (group->first != NULL && group->first->refs == 0) {
		struct chunk *c = group->first;

		group->first = c->next;
		if (group->first == NULL)
			group->last = NULL;
		group->backlog -= c->len;
		c->listed = false;
		c->refs++;
		chunk_unref(c);
	}
	if (group->backlog <= BACKLOG_MAX)
		group->waiting_since_ms = 0;
}

static void
group_publish(struct out *out, struct group *group, struct chunk *chunk)
{
	chunk_finish(chunk);
	chunk->listed = true;
	if (group->last != NULL)
		group->last->next = chunk;
	else
		group->first = chunk;
	group->last = chunk;
	group->backlog += chunk->len;
	for (struct member *m = group->members; m != NULL; m = m->next) {
		if (m->state != MEMBER_IN_STEP || m->chunk != NULL)
			continue;
		m->chunk = chunk_ref(chunk);
		m->msg = 0;
		m->offset = 0;
		member_normalise(out, m);
		if (m->chunk != NULL)
			member_make_ready(out, m);
	}
	/* The maker's own reference: from now on members hold it. */
	chunk->refs--;
	group_drop_read_chunks(group);
}

static void
group_export(struct out *out, struct group *group, uint64_t from, uint64_t to)
{
	struct chunk *chunk = NULL;

	if (group->n_in_step > 0)
		chunk = chunk_new(from, to);
	batch_encode(out, group, BATCH_HEAD, NULL, chunk);
	if (chunk == NULL)
		return;
	if (chunk->n_msgs > 0)
		group_publish(out, group, chunk);
	else
		chunk_unref(chunk);
}

/*
 * A member that is behind holds its group's chunks in memory.  Up to BACKLOG_MAX that
 * is the price of sharing; beyond, the groups wait a little for it to catch up, and
 * then leave it behind with its version number.
 */
static bool
group_is_waiting(struct out *out, struct group *group)
{
	if (group->backlog <= BACKLOG_MAX)
		return false;
	if (group->waiting_since_ms == 0)
		group->waiting_since_ms = out->now_ms == 0 ? 1 : out->now_ms;
	if (out->now_ms < group->waiting_since_ms + BACKLOG_WAIT_MS)
		return true;
	while (group->backlog > BACKLOG_MAX / 2 && group->first != NULL) {
		struct chunk *oldest = group->first;

		for (struct member *m = group->members; m != NULL; m = m->next)
			if (m->chunk == oldest && m->state == MEMBER_IN_STEP) {
				m->version = oldest->from;
				member_leave_chunk(out, m);
				m->state = MEMBER_CATCHING_UP;
				group->n_in_step--;
				member_make_ready(out, m);
			}
		group_drop_read_chunks(group);
		if (group->first == oldest)
			break;
	}
	return false;
}

static uint64_t
collect_stretch(struct out *out, enum family family, unsigned budget)
{
	uint64_t version = out->head[family];
	uint32_t i = rib_change_first(out->rib, family, version);
	uint32_t end = rib_change_end(out->rib, family);

	batch_clear(out->batch);
	for (; i < end && batch_len(out->batch) < budget; i++) {
		struct dest *dest = rib_change_at(out->rib, family, i, &version);

		if (dest != NULL)
			batch_add(out->batch, dest);
	}
	/* Behind the last entry there are only versions whose entries are holes. */
	return i == end ? rib_version(out->rib, family) : version;
}

static void
out_trim(struct out *out, enum family family)
{
	uint64_t floor = out->head[family];

	for (const struct group *g = out->groups[family]; g != NULL; g = g->next) {
		if (g->n_in_step == g->n_members && g->first == NULL)
			continue;
		for (const struct member *m = g->members; m != NULL; m = m->next) {
			uint64_t version = member_version(out, m);

			if (version < floor)
				floor = version;
		}
	}
	rib_trim(out->rib, family, floor);
}

/* Those whose End-of-RIB or EoRR waited for the head to pass what flapped during their
 * walk. */
static void
wake_up(struct out *out, enum family family)
{
	for (struct group *g = out->groups[family]; g != NULL; g = g->next)
		for (struct member *m = g->members; m != NULL; m = m->next)
			if (m->end_of_rib_due || m->refresh_end_due)
				member_make_ready(out, m);
}

static bool
family_work(struct out *out, enum family family, unsigned budget)
{
	uint64_t from = out->head[family], to;

	if (from == rib_version(out->rib, family))
		return false;
	for (struct group *g = out->groups[family]; g != NULL; g = g->next)
		if (group_is_waiting(out, g))
			return false;
	to = collect_stretch(out, family, budget < STRETCH_MAX ? budget : STRETCH_MAX);
	for (struct group *g = out->groups[family]; g != NULL; g = g->next)
		group_export(out, g, from, to);
	batch_mark_seen(out->batch);
	out->head[family] = to;
	wake_up(out, family);
	out->trim_due = true;
	return to != rib_version(out->rib, family);
}

bool
out_work(struct out *out, unsigned budget)
{
	bool more = false;

	for (int f = 0; f < FAMILY_COUNT; f++)
		more = family_work(out, (enum family)f, budget) || more;
	if (out->trim_due) {
		out->trim_due = false;
		for (int f = 0; f < FAMILY_COUNT; f++)
			out_trim(out, (enum family)f);
	}
	return more;
}

uint64_t
out_deadline(const struct out *out)
{
	uint64_t deadline = UINT64_MAX;

	for (int f = 0; f < FAMILY_COUNT; f++) {
		bool waits = false;

		if (out->overdue_since_ms[f] != 0 &&
		    out->overdue_since_ms[f] + OVERDUE_MS < deadline)
			deadline = out->overdue_since_ms[f] + OVERDUE_MS;

		for (const struct group *g = out->groups[f]; g != NULL; g = g->next) {
			if (g->waiting_since_ms == 0)
				continue;
			waits = true;
			if (g->waiting_since_ms + BACKLOG_WAIT_MS < deadline)
				deadline = g->waiting_since_ms + BACKLOG_WAIT_MS;
		}
		/* The laggard has caught up meanwhile. */
		if (!waits && out->head[f] != rib_version(out->rib, (enum family)f))
			deadline = out->now_ms;
	}
	return deadline;
}

/* ---- ready members ---- */

void
member_make_ready(struct out *out, struct member *member)
{
	if (member->ready)
		return;
	member->ready = true;
	member->ready_next = NULL;
	*out->ready_last = member;
	out->ready_last = &member->ready_next;
}

struct member *
out_next_ready(struct out *out)
{
	struct member *member = out->ready_first;

	if (member == NULL)
		return NULL;
	out->ready_first = member->ready_next;
	if (out->ready_first == NULL)
		out->ready_last = &out->ready_first;
	member->ready = false;
	return member;
}

/* ---- reading ---- */

uint32_t
member_sent_count(const struct member *member)
{
	const struct group *group = member->group;

	if (group == NULL)
		return 0;
	return group->n_sent - (member->peer < group->sent_room
				       ? group->sent_by_source[member->peer]
				       : 0);
}

/* What the group has advertised of the destination, whomever it belongs to. */
static bool
group_route(const struct group *group, const struct dest *dest, unsigned index,
    struct path *path, uint32_t *path_id)
{
	const struct path *best = dest_best(dest);

	if (group->paths != NULL)
		return paths_get(group->paths, dest, index, path, path_id);
	if (index > 0 || best == NULL || !bits_test(group->sent, dest->id))
		return false;
	*path = *best;
	*path_id = 0;
	return true;
}

bool
member_route(const struct member *member, const struct dest *dest, unsigned index,
    struct path *path, uint32_t *path_id)
{
	const struct group *group = member->group;

	for (unsigned k = 0;
	     group != NULL && group_route(group, dest, k, path, path_id); k++) {
		struct target target = export_owners(&group->key, path);

		if (!target_is_owner(&target, member) && index-- == 0)
			return true;
	}
	return false;
}

size_t
member_export(const struct out *out, const struct member *member,
    const struct path *path, struct addr *next_hop, uint8_t *block, size_t len)
{
	struct target target;
	struct sent_hop hop;

	if (member->group == NULL || path == NULL)
		return 0;
	target = export_owners(&member->group->key, path);
	if (target_is_owner(&target, member) ||
	    !export_may(out->rib, &member->group->key, path, &hop))
		return 0;
	*next_hop = hop.addr;
	return export_attributes(
	    out->rib, &member->group->key, path, next_hop, block, len);
}

static const char *
owner_refusal(const struct target *target, const struct member *member)
{
	if (target->source == member->peer)
		return "it was learned from this peer";
	return target->originator != 0 && target->originator == member->router_id
		   ? "this peer is its originator (RFC 4456 8)"
		   : "its next hop is this peer's address (RFC 4271 5.1.3)";
}

const char *
member_refusal(
    const struct out *out, const struct member *member, const struct path *path)
{
	struct target target;
	struct sent_hop hop;

	if (member->group == NULL)
		return "the session does not carry the family";
	target = export_owners(&member->group->key, path);
	if (target_is_owner(&target, member))
		return owner_refusal(&target, member);
	return export_refusal(out->rib, &member->group->key, path, &hop);
}

uint32_t
out_group_count(const struct out *out)
{
	uint32_t n = 0;

	for (int f = 0; f < FAMILY_COUNT; f++)
		for (const struct group *g = out->groups[f]; g != NULL; g = g->next)
			n++;
	return n;
}

bool
out_group(
    const struct out *out, enum family family, unsigned index, struct out_group *info)
{
	const struct group *group = out->groups[family];

	while (group != NULL && index-- > 0)
		group = group->next;
	if (group == NULL)
		return false;
	*info = (struct out_group){ .key = &group->key,
		.members = group->n_members,
		.in_step = group->n_in_step,
		.prefixes = group->n_sent,
		.backlog = group->backlog };
	for (const struct member *m = group->members; m != NULL; m = m->next)
		if (m->state != MEMBER_IN_STEP) {
			info->joining += m->end_of_rib_due;
			info->slow += !m->end_of_rib_due;
		}
	return true;
}

size_t
out_bytes(const struct out *out)
{
	size_t bytes =
	    sizeof(*out) + 2 * MESSAGE_MAX_EXTENDED_LEN + owners_bytes(&out->owners);

	for (int f = 0; f < FAMILY_COUNT; f++)
		for (const struct group *g = out->groups[f]; g != NULL; g = g->next) {
			bytes +=
			    sizeof(*g) +
			    (g->sent->n_words + g->unsure->n_words) * sizeof(uint64_t) +
			    g->sent_room * sizeof(*g->sent_by_source) + g->backlog +
			    (g->paths == NULL ? 0 : paths_bytes(g->paths));
			for (int i = 0; i < WALK_CACHE; i++)
				if (g->cache[i].chunk != NULL)
					bytes += g->cache[i].chunk->room;
		}
	return bytes;
}

uint32_t
out_too_long_count(const struct out *out)
{
	return out->too_long;
}

struct prefix
out_too_long_last(const struct out *out)
{
	return out->too_long_last;
}

static struct member *
slowest_member(struct out *out, enum family family)
{
	struct member *slowest = NULL;

	for (struct group *g = out->groups[family]; g != NULL; g = g->next)
		for (struct member *m = g->members; m != NULL; m = m->next)
			if (slowest == NULL ||
			    member_version(out, m) < member_version(out, slowest))
				slowest = m;
	return slowest;
}

static struct member *
family_overdue(struct out *out, enum family family)
{
	uint32_t live = rib_dest_count(out->rib, family);
	struct member *slowest;

	if (rib_tombstones(out->rib, family) <= live / 4 + TOMBSTONES_MIN)
		return NULL;
	slowest = slowest_member(out, family);
	if (slowest == NULL || member_version(out, slowest) >= out->head[family])
		return NULL;
	return slowest;
}

/*
 * A whole table that is withdrawn at once takes any member a moment: the bound on
 * tombstones counts once it has been passed for a while, TOMBSTONES_MAX at once.
 */
struct member *
out_overdue_member(struct out *out)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		struct member *slowest = family_overdue(out, (enum family)f);

		if (slowest == NULL) {
			out->overdue_since_ms[f] = 0;
		} else if (out->overdue_since_ms[f] == 0) {
			out->overdue_since_ms[f] = out->now_ms == 0 ? 1 : out->now_ms;
		} else if (out->now_ms - out->overdue_since_ms[f] >= OVERDUE_MS ||
			   rib_tombstones(out->rib, (enum family)f) > TOMBSTONES_MAX) {
			out->overdue_since_ms[f] = 0;
			return slowest;
		}
	}
	return NULL;
}
