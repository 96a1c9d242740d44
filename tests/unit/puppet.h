/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A node whose octets the test writes by hand, for what a well-behaved speaker never
 * does: odd OPENs, restarts at a chosen moment, a peer that sends and does not read.
 */
#ifndef TESTS_PUPPET_H
#define TESTS_PUPPET_H

#include "bgp/nlri.h"
#include "net.h"

/* The puppet's end of a new connection from node `i`; the speaker sends its OPEN. */
static inline struct end *
puppet_dial(struct net *net, unsigned i, unsigned to)
{
	struct conn *conn = conn_new(net, &net->nodes[i]);
	struct session_net there =
	    session_net_of(&net->nodes[to], &net->nodes[i], false);
	struct end *end = &conn->ends[1];

	end->node = &net->nodes[to];
	conn->up = true;
	speaker_set_now(end->node->sp, net->now_ms);
	if (speaker_accept(end->node->sp, &there, &end->session) != ACCEPT_OK)
		end_close(end);
	else
		session_set_user(end->session, end);
	return &conn->ends[0];
}

/* The puppet's end of the connection that node `from` has dialled; NULL: none. */
static inline struct end *
puppet_accepted(struct net *net, unsigned i, unsigned from)
{
	struct conn *conn = net_conn(net, i, from);

	if (conn == NULL || conn->ends[1].node != &net->nodes[i])
		return NULL;
	return &conn->ends[1];
}

static inline void
puppet_close(struct net *net, struct end *end)
{
	end_close(end);
	net_settle(net);
}

/* ---- writing ---- */

static inline void
puppet_send(struct end *end, const struct wcur *out)
{
	ck_assert(!out->failed);
	end_push(end_other(end), out->start, wcur_len(out));
}

/* What a plain speaker of these days says; change it as you like. */
static inline struct open
puppet_open(uint32_t as, uint32_t bgp_id)
{
	return (struct open){ .as = as,
		.hold_time_s = 90,
		.bgp_id = bgp_id,
		.families = { true, true },
		.as4 = true,
		.route_refresh = true };
}

/* … and with RFC 4724; F bits as `forwarding`. */
static inline struct open
puppet_open_gr(uint32_t as, uint32_t bgp_id, bool restarting, bool forwarding)
{
	struct open open = puppet_open(as, bgp_id);

	open.graceful_restart = true;
	open.restarting = restarting;
	open.restart_time_s = 60;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		open.gr_families[f] = true;
		open.forwarding[f] = forwarding;
	}
	return open;
}

static inline void
puppet_send_open(struct end *end, const struct open *open)
{
	uint8_t octets[MESSAGE_MAX_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));

	open_put(&out, open);
	puppet_send(end, &out);
}

static inline void
puppet_send_keepalive(struct end *end)
{
	uint8_t octets[MESSAGE_HEADER_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));

	keepalive_put(&out);
	puppet_send(end, &out);
}

/* RFC 7313: BoRR, EoRR, or what nobody knows. */
static inline void
puppet_send_refresh_of(struct end *end, enum family family, uint8_t subtype)
{
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct refresh refresh = {
		.afi = family_afi(family), .subtype = subtype, .safi = SAFI_UNICAST
	};

	refresh_put(&out, &refresh);
	puppet_send(end, &out);
}

static inline void
puppet_send_refresh(struct end *end, enum family family)
{
	puppet_send_refresh_of(end, family, REFRESH_REQUEST);
}

static inline void
puppet_send_notification(struct end *end, uint8_t code, uint8_t subcode)
{
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct bgp_error error = { code, subcode, { NULL, 0 } };

	notification_put(&out, &error);
	puppet_send(end, &out);
}

/* OPEN and KEEPALIVE: the other side is Established afterwards. */
static inline void
puppet_greet(struct net *net, struct end *end, const struct open *open)
{
	puppet_send_open(end, open);
	puppet_send_keepalive(end);
	net_settle(net);
}

/*
 * IPv4, ORIGIN IGP, the AS_PATH of the numbers given (0 ends them), next hop; `more` is
 * behind that, whole attributes.
 */
static inline void
puppet_announce_with(struct end *end, const char *prefix, const char *next_hop,
    const uint32_t *as_path, const uint8_t *more, size_t more_len)
{
	uint8_t octets[MESSAGE_MAX_LEN], path[256];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct wcur segment = wcur_of(path, sizeof(path));
	struct prefix p = prefix_from(prefix);
	struct addr nh = addr_of(next_hop);
	uint8_t origin = ORIGIN_IGP, n = 0;
	size_t at;

	while (as_path != NULL && as_path[n] != 0)
		n++;
	if (n > 0) {
		wcur_u8(&segment, SEGMENT_SEQUENCE);
		wcur_u8(&segment, n);
		for (uint8_t i = 0; i < n; i++)
			wcur_u32(&segment, as_path[i]);
	}
	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, 0);
	at = wcur_len(&out);
	wcur_u16(&out, 0);
	attribute_put(&out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_ORIGIN, &origin, 1);
	attribute_put(
	    &out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_AS_PATH, path, wcur_len(&segment));
	attribute_put(&out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_NEXT_HOP, nh.bytes, 4);
	wcur_bytes(&out, more, more_len);
	put_u16(octets + at, (uint16_t)(wcur_len(&out) - at - 2));
	nlri_put(&out, &p, false, 0);
	message_end(&out, 0);
	puppet_send(end, &out);
}

/* As an iBGP peer does. */
static inline void
puppet_announce(struct end *end, const char *prefix, const char *next_hop)
{
	static const uint8_t local_pref[] = { 0x40, 5, 4, 0, 0, 0, 100 };

	puppet_announce_with(
	    end, prefix, next_hop, NULL, local_pref, sizeof(local_pref));
}

static inline void
puppet_withdraw(struct end *end, const char *prefix)
{
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct prefix p = prefix_from(prefix);

	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, (uint16_t)nlri_len(&p, false));
	nlri_put(&out, &p, false, 0);
	wcur_u16(&out, 0);
	message_end(&out, 0);
	puppet_send(end, &out);
}

static inline void
puppet_end_of_rib(struct end *end, enum family family)
{
	static const uint8_t mp_unreach[] = { 0x80, ATTRIBUTE_MP_UNREACH, 3, 0,
		AFI_IPV6, SAFI_UNICAST };
	uint8_t octets[64];
	struct wcur out = wcur_of(octets, sizeof(octets));

	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, 0);
	wcur_u16(&out, family == FAMILY_IPV6 ? sizeof(mp_unreach) : 0);
	if (family == FAMILY_IPV6)
		wcur_bytes(&out, mp_unreach, sizeof(mp_unreach));
	message_end(&out, 0);
	puppet_send(end, &out);
}

static inline void
puppet_end_of_ribs(struct net *net, struct end *end)
{
	puppet_end_of_rib(end, FAMILY_IPV4);
	puppet_end_of_rib(end, FAMILY_IPV6);
	net_settle(net);
}

/* ---- reading ---- */

/* Copies the next message that came; false: none is whole. */
static inline bool
puppet_take(
    struct end *end, uint8_t octets[MESSAGE_MAX_EXTENDED_LEN], struct message *message)
{
	struct message found;
	struct bgp_error error;

	if (message_frame(end->queue, end->len, MESSAGE_MAX_EXTENDED_LEN, &found,
		&error) != FRAME_OK)
		return false;
	memcpy(octets, found.whole.at, found.whole.len);
	*message = (struct message){ found.type,
		{ octets + MESSAGE_HEADER_LEN, found.body.len },
		{ octets, found.whole.len } };
	end_pop(end, found.whole.len);
	return true;
}

enum { PUPPET_CHANGES = 16 };

/* What came since the last call, in short. */
struct puppet_got {
	unsigned updates; /* without End-of-RIB */
	unsigned prefixes, withdrawn;
	unsigned llgr_stale; /* of the prefixes, with that community (RFC 9494) */
	unsigned end_of_rib[FAMILY_COUNT];
	unsigned prefixes_before_end; /* IPv4 ones ahead of its End-of-RIB */
	unsigned refreshes, keepalives;
	unsigned begins, ends;     /* BoRR and EoRR of RFC 7313 */
	unsigned prefixes_between; /* … and in between */
	struct open open;          /* as != 0: there was one */
	struct bgp_error notification;
	struct prefix last;
	/* In order, as many as there is room for. */
	struct puppet_change {
		struct prefix prefix;
		bool withdrawn;
	} changes[PUPPET_CHANGES];
	unsigned n_changes;
};

static inline bool
puppet_has_community(const struct update *u, uint32_t community)
{
	struct attribute a;

	if (!attribute_find(u->attributes, ATTRIBUTE_COMMUNITIES, &a))
		return false;
	for (size_t at = 0; at + 4 <= a.value.len; at += 4)
		if (get_u32(a.value.at + at) == community)
			return true;
	return false;
}

static inline void
puppet_read_update(struct puppet_got *got, const struct message *message)
{
	struct update_context context = {
		.as4 = true, .families = { true, true }, .accept_as_set = true
	};
	struct rcur in;
	struct update u;
	struct nlri nlri;

	update_get(message->body, &context, &u);
	ck_assert_msg(
	    u.verdict == ACTION_NONE, "we sent a bad UPDATE: %s", u.fault.what);
	if (u.end_of_rib) {
		if (u.end_of_rib_family == FAMILY_IPV4)
			got->prefixes_before_end = got->prefixes;
		got->end_of_rib[u.end_of_rib_family]++;
		return;
	}
	got->updates++;
	for (int i = 0; i < 4; i++) {
		struct slice fields[] = { u.nlri, u.mp_nlri, u.withdrawn,
			u.mp_withdrawn };
		enum family families[] = { FAMILY_IPV4, u.mp_family, FAMILY_IPV4,
			u.mp_withdrawn_family };

		in = rcur_of_slice(fields[i]);
		while (nlri_get(&in, families[i], false, &nlri)) {
			got->prefixes += i < 2;
			got->withdrawn += i >= 2;
			got->llgr_stale +=
			    i < 2 && puppet_has_community(&u, COMMUNITY_LLGR_STALE);
			got->last = nlri.prefix;
			if (got->n_changes < PUPPET_CHANGES)
				got->changes[got->n_changes++] =
				    (struct puppet_change){ nlri.prefix, i >= 2 };
		}
	}
}

static inline void
puppet_read_refresh(struct puppet_got *got, const struct message *message)
{
	struct refresh refresh;
	struct bgp_error error;

	ck_assert(refresh_get(message, &refresh, &error));
	got->refreshes += refresh.subtype == REFRESH_REQUEST;
	got->begins += refresh.subtype == REFRESH_BEGIN;
	got->ends += refresh.subtype == REFRESH_END;
	/* Of one refresh at a time. */
	got->prefixes_between = refresh.subtype == REFRESH_END
				    ? got->prefixes - got->prefixes_between
				    : got->prefixes;
}

static inline struct puppet_got
puppet_read(struct end *end)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN];
	struct puppet_got got = { 0 };
	struct message message;
	struct bgp_error error;

	while (puppet_take(end, octets, &message)) {
		switch ((enum message_type)message.type) {
		case MESSAGE_OPEN:
			ck_assert(open_get(message.body, &got.open, &error));
			break;
		case MESSAGE_UPDATE: puppet_read_update(&got, &message); break;
		case MESSAGE_NOTIFICATION:
			got.notification = notification_get(message.body);
			got.notification.data = (struct slice){ NULL, 0 };
			break;
		case MESSAGE_KEEPALIVE: got.keepalives++; break;
		case MESSAGE_ROUTE_REFRESH: puppet_read_refresh(&got, &message); break;
		}
	}
	return got;
}

#endif
