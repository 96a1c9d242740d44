/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A speaker with two neighbours, for a fuzz target: the stranger, whose octets are the
 * fuzzer's, and the witness, a well-behaved peer.  This plays the shell's part of
 * bgp/speaker.h, reads all that the witness is sent with the decoder, and keeps the
 * witness's table.
 *
 * What is demanded: the witness's session never ends, each message to it is well
 * formed, and when the speaker has come to rest, the witness holds what its Adj-RIB-Out
 * says.
 */
#ifndef TESTS_WITNESS_H
#define TESTS_WITNESS_H

#include <check.h>
/* conf_make.h is written for tests; here there is no runner. */
#undef ck_assert_ptr_nonnull
#undef ck_assert_uint_le
#undef ck_assert_msg
#undef ck_assert
#define ck_assert(condition) DEMAND(condition)
#define ck_assert_ptr_nonnull(pointer) DEMAND((pointer) != NULL)
#define ck_assert_uint_le(a, b) DEMAND((a) <= (b))
#define ck_assert_msg(condition, ...) DEMAND(condition)

#include "fuzz.h"

#include "../unit/conf_make.h"
#include "bgp/nlri.h"
#include "bgp/peer.h"
#include "bgp/update.h"

enum { STRANGER, WITNESS, LINES, HELD_MAX = 4096, QUEUE_MAX = 1 << 18 };

/* One route that the witness holds. */
struct held {
	struct prefix prefix;
	uint32_t path_id;
};

struct line {
	struct session *session; /* NULL: down */
	uint8_t in[QUEUE_MAX];   /* octets for the speaker */
	size_t in_len;
	uint8_t out[QUEUE_MAX]; /* octets from the speaker */
	size_t out_len;
	bool had_open; /* the speaker's OPEN was read */
	struct open theirs, ours;
	struct held held[HELD_MAX];
	unsigned n_held;
};

struct world {
	struct speaker *sp;
	uint64_t now_ms;
	struct line lines[LINES];
};

static inline struct addr
line_address(unsigned i)
{
	return addr_ipv4(0x0a000002 + i);
}

static inline struct peer *
line_peer(struct world *w, unsigned i)
{
	struct addr address = line_address(i);
	char text[ADDR_TEXT_LEN];

	return speaker_find_peer(w->sp, addr_format(&address, text));
}

/* ---- what the witness is sent ---- */

static inline void
held_set(struct line *line, const struct nlri *nlri, bool present)
{
	unsigned i = 0;

	while (i < line->n_held &&
	       (line->held[i].path_id != nlri->path_id ||
		   !prefix_equal(&line->held[i].prefix, &nlri->prefix)))
		i++;
	if (!present) {
		if (i < line->n_held)
			line->held[i] = line->held[--line->n_held];
		return;
	}
	DEMAND(i < HELD_MAX);
	line->held[i] = (struct held){ nlri->prefix, nlri->path_id };
	line->n_held += i == line->n_held;
}

static inline void
held_apply(struct line *line, struct slice field, unsigned family, bool present,
    const struct session_params *params)
{
	struct rcur in = rcur_of_slice(field);
	struct nlri nlri;
	bool add_path;

	if (field.len == 0)
		return;
	DEMAND(family < FAMILY_COUNT && params->families[family]);
	add_path = (params->add_path[family] & ADD_PATH_RECEIVE) != 0;
	while (nlri_get(&in, (enum family)family, add_path, &nlri))
		held_set(line, &nlri, present);
	DEMAND(!in.failed);
}

static inline void
witness_update(struct world *w, struct line *line, struct slice body)
{
	struct session_params params = open_negotiate(&line->ours, &line->theirs);
	struct update_context context = { .ebgp = line->ours.as != line->theirs.as,
		.as4 = params.as4,
		.accept_as_set = true,
		.accept_as_zero = true };
	struct update u;

	(void)w;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		context.families[f] = params.families[f];
		context.add_path[f] = (params.add_path[f] & ADD_PATH_RECEIVE) != 0;
	}
	update_get(body, &context, &u);
	if (u.verdict != ACTION_NONE)
		fprintf(stderr, "sent: attribute %u: %s\n", u.fault.type, u.fault.what);
	DEMAND(u.verdict == ACTION_NONE);
	held_apply(line, u.withdrawn, FAMILY_IPV4, false, &params);
	held_apply(line, u.mp_withdrawn, u.mp_withdrawn_family, false, &params);
	held_apply(line, u.nlri, FAMILY_IPV4, true, &params);
	held_apply(line, u.mp_nlri, u.mp_family, true, &params);
}

static inline void
line_message(struct world *w, unsigned i, const struct message *message)
{
	struct line *line = &w->lines[i];
	struct bgp_error error;

	switch ((enum message_type)message->type) {
	case MESSAGE_OPEN:
		DEMAND(open_get(message->body, &line->theirs, &error));
		line->had_open = true;
		break;
	case MESSAGE_UPDATE:
		if (i == WITNESS)
			witness_update(w, line, message->body);
		break;
	case MESSAGE_NOTIFICATION: DEMAND(i != WITNESS); break;
	case MESSAGE_KEEPALIVE:
	case MESSAGE_ROUTE_REFRESH: break;
	}
}

/* All whole messages that came. */
static inline void
line_read(struct world *w, unsigned i)
{
	struct line *line = &w->lines[i];
	struct bgp_error error;
	struct message message;
	size_t at = 0;

	while (message_frame(line->out + at, line->out_len - at,
		   MESSAGE_MAX_EXTENDED_LEN, &message, &error) == FRAME_OK) {
		at += message.whole.len;
		line_message(w, i, &message);
	}
	line->out_len -= at;
	memmove(line->out, line->out + at, line->out_len);
}

/* ---- the shell ---- */

static inline void
line_take(struct line *line)
{
	struct iovec iov[8];
	size_t took = 0;
	int n = session_gather(line->session, iov, 8, 1 << 16);

	for (int k = 0; k < n; k++) {
		DEMAND(line->out_len + iov[k].iov_len <= QUEUE_MAX);
		memcpy(line->out + line->out_len, iov[k].iov_base, iov[k].iov_len);
		line->out_len += iov[k].iov_len;
		took += iov[k].iov_len;
	}
	session_wrote(line->session, took);
}

static inline void
line_release(struct line *line)
{
	session_release(line->session);
	line->session = NULL;
	line->in_len = 0;
}

static inline void
world_event(struct world *w, const struct speaker_event *event)
{
	if (event->kind == EVENT_DIAL) { /* nobody is to be reached */
		session_refused(event->session, "refused");
		session_release(event->session);
	} else if (event->kind == EVENT_CLOSE) {
		for (unsigned i = 0; i < LINES; i++)
			if (w->lines[i].session == event->session) {
				line_take(&w->lines[i]);
				line_read(w, i);
				line_release(&w->lines[i]);
				return;
			}
		session_release(event->session);
	}
}

static inline bool
line_receive(struct line *line)
{
	size_t used;

	if (line->session == NULL || line->in_len == 0)
		return false;
	used = session_receive(line->session, line->in, line->in_len, 16);
	DEMAND(used <= line->in_len);
	line->in_len -= used;
	memmove(line->in, line->in + used, line->in_len);
	return used > 0;
}

static inline bool
world_turn(struct world *w)
{
	struct speaker_event event;
	struct fib_change change;
	struct session *writer;
	bool busy = false;

	speaker_set_now(w->sp, w->now_ms);
	speaker_tick(w->sp);
	for (unsigned i = 0; i < LINES; i++)
		busy = line_receive(&w->lines[i]) || busy;
	busy = speaker_work(w->sp, 64) || busy;
	while (speaker_next_event(w->sp, &event)) {
		world_event(w, &event);
		busy = true;
	}
	while ((writer = speaker_next_writer(w->sp)) != NULL) {
		for (unsigned i = 0; i < LINES; i++)
			if (w->lines[i].session == writer)
				line_take(&w->lines[i]);
		busy = true;
	}
	for (unsigned i = 0; i < LINES; i++)
		line_read(w, i);
	while (speaker_fib_next(w->sp, &change))
		DEMAND(change.n_hops <= RIB_MULTIPATH_MAX);
	return busy;
}

/* ---- the demands ---- */

static inline bool
witness_holds(const struct line *line, const struct prefix *prefix, uint32_t path_id)
{
	for (unsigned i = 0; i < line->n_held; i++)
		if (line->held[i].path_id == path_id &&
		    prefix_equal(&line->held[i].prefix, prefix))
			return true;
	return false;
}

/* Its table is its Adj-RIB-Out. */
static inline void
witness_check(struct world *w)
{
	const struct rib *rib = speaker_rib(w->sp);
	const struct line *line = &w->lines[WITNESS];
	const struct peer *peer = line_peer(w, WITNESS);
	unsigned n = 0;

	DEMAND(peer != NULL && peer->established != NULL);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (uint32_t id = 1; id <= rib_dest_top(rib, (enum family)f); id++) {
			const struct dest *dest = rib_dest_at(rib, (enum family)f, id);
			struct prefix prefix;
			uint32_t path_id;
			struct path path;

			if (dest == NULL)
				continue;
			prefix = dest_prefix(dest, (enum family)f);
			for (unsigned k = 0;
			     peer_route(peer, (enum family)f, dest, k, &path, &path_id);
			     k++, n++)
				DEMAND(witness_holds(line, &prefix, path_id));
		}
	DEMAND(n == line->n_held);
}

/* Until nothing more happens, the clock standing still. */
static inline void
world_settle(struct world *w)
{
	for (unsigned turns = 0; world_turn(w); turns++)
		DEMAND(turns < 100000);
}

/* ---- making and ending ---- */

static inline void
line_send(struct line *line, const void *octets, size_t len)
{
	if (len == 0 || line->session == NULL || line->in_len + len > QUEUE_MAX)
		return;
	memcpy(line->in + line->in_len, octets, len);
	line->in_len += len;
}

static inline void
line_send_cursor(struct line *line, const struct wcur *out)
{
	DEMAND(!out->failed);
	line_send(line, out->start, wcur_len(out));
}

/* A connection from the neighbour; `greet`: with an OPEN and KEEPALIVE. */
static inline void
line_connect(struct world *w, unsigned i, bool greet)
{
	struct line *line = &w->lines[i];
	struct session_net net = { .local = addr_ipv4(0x0a000001),
		.remote = line_address(i),
		.local4 = addr_ipv4(0x0a000001),
		.local6 = addr_of("fd00::1"),
		.shared = prefix_from("10.0.0.0/24") };
	uint8_t octets[MESSAGE_MAX_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));

	if (line->session != NULL) {
		session_lost(line->session, "closed");
		line_release(line);
	}
	line->out_len = 0;
	line->had_open = false;
	line->n_held = 0;
	speaker_set_now(w->sp, w->now_ms);
	if (speaker_accept(w->sp, &net, &line->session) != ACCEPT_OK) {
		line->session = NULL;
		return;
	}
	if (greet) {
		open_put(&out, &line->ours);
		keepalive_put(&out);
		line_send_cursor(line, &out);
	}
	world_settle(w);
}

/* One world after the other: its queues are too big to be made anew each time. */
static inline struct world *
world_new(struct conf *conf)
{
	static struct world world;
	struct world *w = &world;
	struct igp_route route = { .prefix = prefix_from("10.0.0.0/24"),
		.gateway = addr_none(),
		.ifindex = 1,
		.connected = true };

	w->now_ms = 1000;
	w->sp = speaker_new(w->now_ms, 1);
	speaker_igp_set(w->sp, &route);
	route.prefix = prefix_from("fd00::/64");
	speaker_igp_set(w->sp, &route);
	speaker_configure(w->sp, conf);
	world_settle(w);
	return w;
}

static inline void
world_free(struct world *w)
{
	struct speaker_event event;

	for (unsigned i = 0; i < LINES; i++)
		if (w->lines[i].session != NULL) {
			session_lost(w->lines[i].session, "end");
			line_release(&w->lines[i]);
		}
	while (speaker_next_event(w->sp, &event))
		if (event.kind == EVENT_CLOSE || event.kind == EVENT_DIAL)
			session_release(event.session);
	speaker_free(w->sp);
}

#endif
