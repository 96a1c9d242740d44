/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A network in memory: several speakers, a virtual clock, and TCP connections that are
 * two queues of octets.  It plays the shell's part of bgp/speaker.h for each of them.
 *
 *   node 0: speaker --session-- end 0 [queue] end 1 --session-- speaker: node 1
 *
 * A node without a speaker is a puppet: the test writes and reads its octets by hand
 * (puppet.h).  An end may stall (it does not read), a queue may have little room (the
 * writer blocks, messages are cut anywhere), a connection may break.
 */
#ifndef TESTS_NET_H
#define TESTS_NET_H

#include "bgp/peer.h"
#include "conf_make.h"

#include <string.h>

enum { NET_NODES = 32, NET_EVENTS = 512, NET_FIB = 256, NET_QUEUE = 1 << 16 };

struct net;
struct conn;

struct end {
	struct conn *conn;
	struct node *node;
	struct session *session; /* NULL: a puppet's, or gone */
	uint8_t *queue;          /* octets for this end */
	size_t len, room;
	size_t limit; /* of the queue */
	bool stalled; /* does not read */
	bool fin;     /* the other end closed */
	bool closed;  /* this end closed */
	bool dead;    /* its host is gone and said nothing */
	bool blocked; /* the other end's queue was full */
};

struct conn {
	struct conn *next;
	struct end ends[2]; /* 0 dialled */
	bool up;
	uint64_t due_ms; /* while it is dialled */
};

struct node {
	struct net *net;
	struct speaker *sp; /* NULL: a puppet, or down */
	struct addr addr4, addr6;
	bool listening;
	struct speaker_event events[NET_EVENTS];
	unsigned n_events;
	unsigned counts[EVENT_REFUSED_OPEN + 1];
	struct fib_change fib[NET_FIB];
	unsigned n_fib;
	bool adopted[NET_FIB]; /* found at the start, not confirmed yet */
	bool sweep_due;
};

struct net {
	uint64_t now_ms;
	struct node nodes[NET_NODES];
	unsigned n_nodes;
	struct conn *conns;
	struct prefix shared;  /* the subnet all nodes are on */
	unsigned latency_ms;   /* of a dial */
	size_t limit;          /* of new queues */
	size_t write_max;      /* octets a write */
	unsigned max_messages; /* a read */
	unsigned budget;       /* a slice of work */
	/* Called with each change of a node's FIB, when it is set. */
	void (*on_fib)(struct node *node, const struct fib_change *change);
};

/* ---- making ---- */

/* Node i has 10.0.0.(i + 1) and fd00::(i + 1), on one subnet with all others. */
static inline struct net *
net_new(unsigned n_nodes)
{
	struct net *net = calloc(1, sizeof(*net));

	ck_assert_ptr_nonnull(net);
	net->now_ms = 1000;
	net->n_nodes = n_nodes;
	net->shared = prefix_from("10.0.0.0/24");
	net->limit = NET_QUEUE;
	net->write_max = NET_QUEUE;
	net->max_messages = 16;
	net->budget = 1000;
	for (unsigned i = 0; i < n_nodes; i++) {
		char text[ADDR_TEXT_LEN];

		net->nodes[i].net = net;
		snprintf(text, sizeof(text), "10.0.0.%u", i + 1);
		net->nodes[i].addr4 = addr_of(text);
		snprintf(text, sizeof(text), "fd00::%x", i + 1);
		net->nodes[i].addr6 = addr_of(text);
	}
	return net;
}

/* The configuration of node i: router id 10.0.0.(i + 1). */
static inline struct conf *
net_conf(const struct net *net, unsigned i, uint32_t as)
{
	return conf_make(as, addr_to_ipv4(&net->nodes[i].addr4));
}

static inline struct conf_peer *
net_conf_peer(const struct net *net, struct conf *conf, unsigned i, uint32_t as)
{
	char name[16], address[ADDR_TEXT_LEN];

	snprintf(name, sizeof(name), "n%u", i);
	addr_format(&net->nodes[i].addr4, address);
	return conf_peer_add(conf, name, address, as);
}

static inline void
node_learns_subnet(struct node *node)
{
	struct igp_route route = { .prefix = node->net->shared,
		.gateway = addr_none(),
		.ifindex = 1,
		.connected = true };

	speaker_igp_set(node->sp, &route);
	route.prefix = prefix_from("fd00::/64");
	speaker_igp_set(node->sp, &route);
	speaker_own_address(node->sp, &node->addr4, 0, true);
	speaker_own_address(node->sp, &node->addr6, 0, true);
}

static inline struct node *
net_start_as(struct net *net, unsigned i, struct conf *conf, bool is_restart)
{
	struct node *node = &net->nodes[i];

	ck_assert_ptr_null(node->sp);
	node->sp = speaker_new(net->now_ms, i + 1);
	node->listening = true;
	node_learns_subnet(node);
	if (is_restart)
		speaker_is_restart(node->sp);
	else
		node->n_fib = 0;
	for (unsigned k = 0; k < node->n_fib; k++)
		node->adopted[k] = true;
	speaker_configure(node->sp, conf);
	return node;
}

static inline struct node *
net_start(struct net *net, unsigned i, struct conf *conf)
{
	return net_start_as(net, i, conf, false);
}

/* ---- connections ---- */

static inline struct end *
end_other(struct end *end)
{
	return &end->conn->ends[end == &end->conn->ends[0]];
}

static inline struct conn *
conn_new(struct net *net, struct node *dialler)
{
	struct conn *conn = calloc(1, sizeof(*conn)), **at;

	ck_assert_ptr_nonnull(conn);
	for (int i = 0; i < 2; i++)
		conn->ends[i] = (struct end){ .conn = conn, .limit = net->limit };
	conn->ends[0].node = dialler;
	conn->due_ms = net->now_ms + net->latency_ms;
	for (at = &net->conns; *at != NULL;)
		at = &(*at)->next;
	*at = conn;
	return conn;
}

static inline void
end_push(struct end *end, const void *octets, size_t len)
{
	if (end->len + len > end->room) {
		end->room = (end->len + len) * 2;
		end->queue = realloc(end->queue, end->room);
		ck_assert_ptr_nonnull(end->queue);
	}
	if (len > 0)
		memcpy(end->queue + end->len, octets, len);
	end->len += len;
}

static inline void
end_pop(struct end *end, size_t len)
{
	struct end *writer = end_other(end);

	if (len == 0)
		return;
	end->len -= len;
	memmove(end->queue, end->queue + len, end->len);
	if (writer->blocked) {
		writer->blocked = false;
		if (writer->session != NULL)
			session_writable(writer->session);
	}
}

/* The session lets go of this end; the other one finds that out by reading. */
static inline void
end_close(struct end *end)
{
	if (end->session != NULL)
		session_release(end->session);
	end->session = NULL;
	end->closed = true;
	end_other(end)->fin = true;
}

/* What the connection says of itself when it breaks: both ends learn it at once. */
static inline void
conn_break(struct conn *conn)
{
	for (int i = 0; i < 2; i++) {
		struct end *end = &conn->ends[i];

		if (end->session != NULL)
			session_lost(end->session, "connection reset");
		end_close(end);
	}
}

static inline void
net_sweep(struct net *net)
{
	for (struct conn **at = &net->conns; *at != NULL;) {
		struct conn *conn = *at;

		if (!(conn->ends[0].closed || conn->ends[0].dead) ||
		    (conn->up && !(conn->ends[1].closed || conn->ends[1].dead))) {
			at = &conn->next;
			continue;
		}
		*at = conn->next;
		free(conn->ends[0].queue);
		free(conn->ends[1].queue);
		free(conn);
	}
}

/* The connection between two nodes; NULL without, an error with more than one. */
static inline struct conn *
net_conn(struct net *net, unsigned a, unsigned b)
{
	struct conn *found = NULL;

	for (struct conn *c = net->conns; c != NULL; c = c->next) {
		struct node *x = c->ends[0].node, *y = c->ends[1].node;

		if (!c->up || c->ends[0].closed || c->ends[1].closed ||
		    c->ends[0].dead || c->ends[1].dead)
			continue;
		if ((x == &net->nodes[a] && y == &net->nodes[b]) ||
		    (y == &net->nodes[a] && x == &net->nodes[b])) {
			ck_assert_msg(found == NULL, "two connections");
			found = c;
		}
	}
	return found;
}

static inline struct session_net
session_net_of(const struct node *node, const struct node *other, bool ipv6)
{
	return (struct session_net){ .local = ipv6 ? node->addr6 : node->addr4,
		.remote = ipv6 ? other->addr6 : other->addr4,
		.local4 = node->addr4,
		.local6 = node->addr6,
		.shared = ipv6 ? prefix_from("fd00::/64") : node->net->shared };
}

/* ---- one node's turn ---- */

static inline void
end_answer_dial(struct conn *conn)
{
	struct end *from = &conn->ends[0], *to = &conn->ends[1];
	struct net *net = from->node->net;
	struct addr address = session_peer(from->session)->conf.address;
	struct session_net there, here;
	bool ipv6 = address.family == FAMILY_IPV6;

	for (unsigned i = 0; i < net->n_nodes; i++)
		if (addr_equal(&address, &net->nodes[i].addr4) ||
		    addr_equal(&address, &net->nodes[i].addr6))
			to->node = &net->nodes[i];
	if (to->node == NULL || !to->node->listening) {
		session_lost(from->session, "connection refused");
		end_close(from);
		return;
	}
	conn->up = true;
	here = session_net_of(from->node, to->node, ipv6);
	there = session_net_of(to->node, from->node, ipv6);
	if (to->node->sp != NULL &&
	    speaker_accept(to->node->sp, &there, &to->session) != ACCEPT_OK) {
		to->closed = true;
		from->fin = true;
	} else if (to->session != NULL) {
		session_set_user(to->session, to);
	}
	session_connected(from->session, &here);
}

static inline void
end_write(struct end *end)
{
	struct end *to = end_other(end);
	struct iovec iov[8];
	size_t room = to->limit > to->len ? to->limit - to->len : 0;
	size_t took = 0;
	int n;

	if (room == 0) {
		end->blocked = true;
		session_blocked(end->session);
		return;
	}
	if (room > end->node->net->write_max)
		room = end->node->net->write_max;
	n = session_gather(end->session, iov, 8, 1 << 16);
	for (int i = 0; i < n; i++) {
		size_t len =
		    iov[i].iov_len < room - took ? iov[i].iov_len : room - took;

		if (!to->closed)
			end_push(to, iov[i].iov_base, len);
		took += len;
	}
	session_wrote(end->session, took);
}

static inline void
node_do_event(struct node *node, const struct speaker_event *event)
{
	struct end *end;

	node->counts[event->kind]++;
	node->sweep_due = node->sweep_due || event->kind == EVENT_CONVERGED;
	node->events[node->n_events++ % NET_EVENTS] = *event;
	if (event->kind == EVENT_DIAL) {
		struct conn *conn = conn_new(node->net, node);

		conn->ends[0].session = event->session;
		session_set_user(event->session, &conn->ends[0]);
	} else if (event->kind == EVENT_CLOSE) {
		struct iovec iov[8];
		int n;

		end = session_user(event->session);
		if (end == NULL) { /* closed before its DIAL was drawn */
			session_release(event->session);
			return;
		}
		n = session_gather(end->session, iov, 8, 1 << 16);
		for (int i = 0; i < n && end->conn->up; i++)
			end_push(end_other(end), iov[i].iov_base, iov[i].iov_len);
		end_close(end);
	}
}

static inline void
node_drop_fib(struct node *node, unsigned i)
{
	node->n_fib--;
	node->fib[i] = node->fib[node->n_fib];
	node->adopted[i] = node->adopted[node->n_fib];
}

static inline void
node_note_fib(struct node *node, const struct fib_change *change)
{
	unsigned i = 0;

	if (node->net->on_fib != NULL)
		node->net->on_fib(node, change);
	while (i < node->n_fib && !prefix_equal(&node->fib[i].prefix, &change->prefix))
		i++;
	if (change->kind == FIB_KIND_NONE) {
		if (i < node->n_fib)
			node_drop_fib(node, i);
		return;
	}
	ck_assert_uint_lt(i, NET_FIB);
	node->fib[i] = *change;
	node->adopted[i] = false;
	if (i == node->n_fib)
		node->n_fib++;
}

/* The restart is over: what was found and not confirmed goes. */
static inline void
node_sweep_fib(struct node *node)
{
	node->sweep_due = false;
	for (unsigned i = node->n_fib; i > 0; i--)
		if (node->adopted[i - 1])
			node_drop_fib(node, i - 1);
}

/* True: the end did something. */
static inline bool
end_read(struct end *end)
{
	size_t used;

	if (end->session == NULL || end->stalled || (end->len == 0 && !end->fin))
		return false;
	used = end->len == 0 ? 0
			     : session_receive(end->session, end->queue, end->len,
				   end->node->net->max_messages);
	end_pop(end, used);
	if (used == 0 && end->fin) {
		session_lost(end->session, "closed by the peer");
		end_close(end);
		return true;
	}
	return used > 0;
}

static inline bool
node_turn(struct node *node)
{
	struct net *net = node->net;
	struct speaker_event event;
	struct fib_change change;
	struct session *writer;
	bool busy = false;

	if (node->sp == NULL)
		return false;
	speaker_set_now(node->sp, net->now_ms);
	speaker_tick(node->sp);
	for (struct conn *conn = net->conns; conn != NULL; conn = conn->next)
		for (int i = 0; i < 2; i++)
			if (conn->ends[i].node == node && conn->up)
				busy = end_read(&conn->ends[i]) || busy;
	busy = speaker_work(node->sp, net->budget) || busy;
	while (speaker_next_event(node->sp, &event)) {
		node_do_event(node, &event);
		busy = true;
	}
	while ((writer = speaker_next_writer(node->sp)) != NULL) {
		end_write(session_user(writer));
		busy = true;
	}
	while (speaker_fib_next(node->sp, &change))
		node_note_fib(node, &change);
	if (node->sweep_due)
		node_sweep_fib(node);
	return busy;
}

/* ---- time ---- */

static inline bool
net_dials(struct net *net)
{
	bool busy = false;

	for (struct conn *conn = net->conns; conn != NULL; conn = conn->next)
		if (!conn->up && !conn->ends[0].closed && conn->due_ms <= net->now_ms) {
			end_answer_dial(conn);
			busy = true;
		}
	return busy;
}

/* Until nothing more happens, the clock standing still. */
static inline void
net_settle(struct net *net)
{
	bool busy = true;

	for (unsigned turns = 0; busy; turns++) {
		ck_assert_msg(turns < 100000, "the network does not come to rest");
		busy = false;
		for (unsigned i = 0; i < net->n_nodes; i++)
			busy = node_turn(&net->nodes[i]) || busy;
		busy = net_dials(net) || busy;
		net_sweep(net);
	}
}

static inline void
net_run(struct net *net, uint64_t ms)
{
	uint64_t end_ms = net->now_ms + ms;

	net_settle(net);
	while (net->now_ms < end_ms) {
		uint64_t next = end_ms;

		for (unsigned i = 0; i < net->n_nodes; i++) {
			uint64_t at = net->nodes[i].sp == NULL
					  ? UINT64_MAX
					  : speaker_deadline(net->nodes[i].sp);

			next = at < next ? at : next;
		}
		for (struct conn *c = net->conns; c != NULL; c = c->next)
			if (!c->up && c->due_ms < next)
				next = c->due_ms;
		net->now_ms = next > net->now_ms ? next : net->now_ms + 1;
		net_settle(net);
	}
}

/* ---- ending ---- */

/* The process is gone; `silent`: the host with it, so no FIN is sent. */
static inline void
node_crash(struct node *node, bool silent)
{
	if (node->sp == NULL)
		return;
	for (struct conn *conn = node->net->conns; conn != NULL; conn = conn->next)
		for (int i = 0; i < 2; i++) {
			struct end *end = &conn->ends[i];

			if (end->node != node || end->closed)
				continue;
			if (end->session != NULL) {
				session_lost(end->session, "crash");
				session_release(end->session);
				end->session = NULL;
			}
			end->dead = silent && conn->up;
			if (!end->dead) {
				end->closed = true;
				end_other(end)->fin = true;
			}
		}
	/* Sessions whose DIAL was not drawn yet. */
	for (struct speaker_event event; speaker_next_event(node->sp, &event);)
		if (event.kind == EVENT_CLOSE || event.kind == EVENT_DIAL)
			session_release(event.session);
	speaker_free(node->sp);
	node->sp = NULL;
	node->listening = false;
}

/* As on SIGTERM. */
static inline void
node_stop(struct node *node, bool graceful, const char *reason)
{
	speaker_stop(node->sp, graceful, reason);
	net_settle(node->net);
	node_crash(node, false);
	net_settle(node->net);
}

static inline void
net_free(struct net *net)
{
	for (unsigned i = 0; i < net->n_nodes; i++)
		node_crash(&net->nodes[i], false);
	for (struct conn *conn = net->conns; conn != NULL; conn = conn->next)
		conn->ends[0].closed = conn->ends[1].closed = true;
	net_sweep(net);
	free(net);
}

/* ---- looking ---- */

static inline struct peer *
node_peer(struct node *node, unsigned other)
{
	char text[ADDR_TEXT_LEN];

	addr_format(&node->net->nodes[other].addr4, text);
	return speaker_find_peer(node->sp, text);
}

static inline enum fsm_state
node_state(struct node *node, unsigned other)
{
	struct peer *peer = node_peer(node, other);

	return peer == NULL ? FSM_STATE_COUNT : peer_state(peer);
}

static inline const struct path *
node_best(const struct node *node, const char *text)
{
	struct prefix prefix = prefix_from(text);
	const struct dest *dest = rib_find(speaker_rib(node->sp), &prefix);

	return dest == NULL ? NULL : dest_best(dest);
}

static inline const struct fib_change *
node_fib(const struct node *node, const char *text)
{
	struct prefix prefix = prefix_from(text);

	for (unsigned i = 0; i < node->n_fib; i++)
		if (prefix_equal(&node->fib[i].prefix, &prefix))
			return &node->fib[i];
	return NULL;
}

/* The last event of a kind; fails when there was none. */
static inline const struct speaker_event *
node_event(const struct node *node, enum event_kind kind)
{
	for (unsigned i = node->n_events; i > 0 && i + NET_EVENTS > node->n_events; i--)
		if (node->events[(i - 1) % NET_EVENTS].kind == kind)
			return &node->events[(i - 1) % NET_EVENTS];
	ck_abort_msg("no event of kind %d", (int)kind);
	return NULL;
}

static inline void
node_forget_events(struct node *node)
{
	node->n_events = 0;
	memset(node->counts, 0, sizeof(node->counts));
}

static inline void
net_assert_up(struct net *net, unsigned a, unsigned b)
{
	ck_assert_msg(node_state(&net->nodes[a], b) == FSM_ESTABLISHED &&
			  node_state(&net->nodes[b], a) == FSM_ESTABLISHED,
	    "nodes %u and %u: %s and %s", a, b,
	    fsm_state_name(node_state(&net->nodes[a], b)),
	    fsm_state_name(node_state(&net->nodes[b], a)));
	ck_assert_ptr_nonnull(net_conn(net, a, b));
}

#endif
