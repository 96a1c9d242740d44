/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A whole speaker: what a peer sends goes through framing, the state machine, the
 * decoder, the RIB, the decision and the export, while another peer looks on
 * (witness.h).
 *
 * The first two octets say what the two peers are; then come steps, an octet each with
 * what it needs behind it: octets as they are, framed messages, time, the end of the
 * connection, changes by the witness and by the operator.
 */
#include "witness.h"

enum flag {
	FLAG_EBGP = 1 << 0,
	FLAG_CLIENT = 1 << 1,
	FLAG_ADD_PATH = 1 << 2,
	FLAG_RESTART = 1 << 3, /* RFC 4724 */
	FLAG_AS2 = 1 << 4,
	FLAG_PLAIN = 1 << 5, /* no long messages, no refresh */
	FLAG_LIMIT = 1 << 6, /* of prefixes */
	FLAG_SILENT = 1 << 7 /* the stranger: the fuzzer writes its OPEN, too */
};

enum step {
	STEP_OCTETS,
	STEP_MESSAGE,
	STEP_UPDATE,
	STEP_TIME,
	STEP_RECONNECT,
	STEP_ANNOUNCE, /* by the witness */
	STEP_WITHDRAW,
	STEP_OPERATOR,
	STEPS
};

enum { AS = 64512, PREFIXES = 32, STEPS_MAX = 64 };

struct script {
	struct rcur in;
	struct world *world;
	unsigned stranger, witness; /* flags */
};

static struct conf *
make_conf(unsigned stranger, unsigned witness)
{
	const unsigned flags[LINES] = { stranger, witness };
	struct conf *conf = conf_make(AS, 0x0a000001);
	int all = conf_filter_add(conf, "all", true);

	for (unsigned i = 0; i < LINES; i++) {
		struct addr address = line_address(i);
		uint32_t as = flags[i] & FLAG_EBGP ? 65001 + i : AS;
		char text[ADDR_TEXT_LEN];
		struct conf_peer *peer =
		    conf_peer_add(conf, i == STRANGER ? "stranger" : "witness",
			addr_format(&address, text), as);
		struct conf_peer_options *o = &peer->options;

		o->passive = true;
		o->import = o->export = all;
		o->client = (flags[i] & (FLAG_CLIENT | FLAG_EBGP)) == FLAG_CLIENT;
		o->add_path =
		    flags[i] & FLAG_ADD_PATH ? ADD_PATH_RECEIVE | ADD_PATH_SEND : 0;
		o->add_path_max = 4;
		if (i == STRANGER && (flags[i] & FLAG_LIMIT) != 0)
			o->max_prefixes = 8;
	}
	conf_import_add(conf, "workloads");
	conf->router.multipath = 4;
	return conf;
}

/* The OPEN that the neighbour sends. */
static struct open
open_of(unsigned i, unsigned flags)
{
	struct open open = { .as = flags & FLAG_EBGP ? 65001 + i : AS,
		.hold_time_s = 90,
		.bgp_id = 0x0a000002 + i,
		.families = { true, true },
		.as4 = (flags & FLAG_AS2) == 0,
		.route_refresh = (flags & FLAG_PLAIN) == 0,
		.extended_message = (flags & FLAG_PLAIN) == 0,
		.graceful_restart = (flags & FLAG_RESTART) != 0,
		.notification_gr = (flags & FLAG_RESTART) != 0,
		.restart_time_s = 60 };

	for (int f = 0; f < FAMILY_COUNT; f++) {
		open.gr_families[f] = open.forwarding[f] = open.graceful_restart;
		open.add_path[f] =
		    flags & FLAG_ADD_PATH ? ADD_PATH_RECEIVE | ADD_PATH_SEND : 0;
	}
	return open;
}

/* ---- steps ---- */

/* As many octets as the next two say, or as there are. */
static struct slice
take(struct rcur *in)
{
	size_t len = rcur_u16(in);

	if (in->failed)
		return (struct slice){ NULL, 0 };
	if (len > rcur_left(in))
		len = rcur_left(in);
	return rcur_slice(in, len);
}

static void
send_message(struct script *s, unsigned type)
{
	static uint8_t octets[MESSAGE_MAX_EXTENDED_LEN + MESSAGE_HEADER_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct slice body = take(&s->in);

	if (body.len > MESSAGE_MAX_EXTENDED_LEN - MESSAGE_HEADER_LEN)
		return;
	message_begin(&out, (enum message_type)type);
	wcur_bytes(&out, body.at, body.len);
	message_end(&out, 0);
	line_send_cursor(&s->world->lines[STRANGER], &out);
}

/* The witness goes on saying that it lives. */
static void
pass_time(struct script *s, unsigned seconds)
{
	uint8_t octets[MESSAGE_HEADER_LEN];

	for (; seconds > 0; seconds -= seconds < 20 ? seconds : 20) {
		struct wcur out = wcur_of(octets, sizeof(octets));

		keepalive_put(&out);
		line_send_cursor(&s->world->lines[WITNESS], &out);
		world_settle(s->world);
		s->world->now_ms += 1000ull * (seconds < 20 ? seconds : 20);
		world_settle(s->world);
	}
}

static void
put_path_attributes(struct wcur *out, unsigned witness, uint8_t variant)
{
	uint8_t path[6] = { SEGMENT_SEQUENCE, 1 }, value[4];
	uint8_t origin = variant & 1;
	bool ebgp = (witness & FLAG_EBGP) != 0, as4 = (witness & FLAG_AS2) == 0;
	struct addr next_hop = line_address(WITNESS);

	if (as4)
		put_u32(path + 2, 65001 + WITNESS);
	else
		put_u16(path + 2, 65001 + WITNESS);
	attribute_put(out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_ORIGIN, &origin, 1);
	attribute_put(out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_AS_PATH, path,
	    ebgp ? (as4 ? 6 : 4) : 0);
	attribute_put(out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_NEXT_HOP, next_hop.bytes, 4);
	put_u32(value, variant >> 1);
	attribute_put(out, ATTRIBUTE_OPTIONAL, ATTRIBUTE_MED, value, 4);
	put_u32(value, 100);
	if (!ebgp)
		attribute_put(
		    out, ATTRIBUTE_TRANSITIVE, ATTRIBUTE_LOCAL_PREF, value, 4);
}

/* The octet's prefix: the stranger knows them as well (10.128.n.0/24). */
static void
witness_says(struct script *s, bool announce)
{
	struct addr address =
	    addr_ipv4(0x0a800000 + ((uint32_t)(rcur_u8(&s->in) % PREFIXES) << 8));
	uint8_t variant = rcur_u8(&s->in), octets[MESSAGE_MAX_LEN];
	struct wcur out = wcur_of(octets, sizeof(octets));
	struct prefix prefix = prefix_of(&address, 24);
	bool add_path = (s->witness & FLAG_ADD_PATH) != 0;
	uint32_t path_id = add_path ? 1 + variant % 3 : 0;
	size_t at;

	message_begin(&out, MESSAGE_UPDATE);
	wcur_u16(&out, (uint16_t)(announce ? 0 : nlri_len(&prefix, add_path)));
	if (!announce)
		nlri_put(&out, &prefix, add_path, path_id);
	at = wcur_len(&out);
	wcur_u16(&out, 0);
	if (announce)
		put_path_attributes(&out, s->witness, variant);
	put_u16(octets + at, (uint16_t)(wcur_len(&out) - at - 2));
	if (announce)
		nlri_put(&out, &prefix, add_path, path_id);
	message_end(&out, 0);
	line_send_cursor(&s->world->lines[WITNESS], &out);
}

static void
operate(struct script *s, uint8_t order)
{
	struct speaker *sp = s->world->sp;
	struct peer *stranger = line_peer(s->world, STRANGER);
	struct addr address = addr_ipv4(0x0a800000 + ((order >> 3 & 31u) << 8));
	struct prefix prefix = prefix_of(&address, 24);

	if (stranger == NULL)
		return;
	switch (order & 7) {
	case 0: peer_restart(sp, stranger, "again"); break;
	case 1: peer_disable(sp, stranger, NULL); break;
	case 2: peer_enable(sp, stranger); break;
	case 3: speaker_workload(sp, 0, &prefix, true); break;
	case 4: speaker_workload(sp, 0, &prefix, false); break;
	default: /* a reload: the stranger is another kind of peer now */
		s->stranger ^= order >> 3 & (FLAG_CLIENT | FLAG_LIMIT | FLAG_ADD_PATH);
		speaker_configure(sp, make_conf(s->stranger, s->witness));
		break;
	}
}

static void
connect_stranger(struct script *s)
{
	s->world->lines[STRANGER].ours = open_of(STRANGER, s->stranger);
	line_connect(s->world, STRANGER, (s->stranger & FLAG_SILENT) == 0);
}

static void
run_step(struct script *s)
{
	uint8_t step = rcur_u8(&s->in);
	struct slice octets;

	switch ((enum step)(step % STEPS)) {
	case STEP_OCTETS:
		octets = take(&s->in);
		line_send(&s->world->lines[STRANGER], octets.at, octets.len);
		break;
	case STEP_MESSAGE: send_message(s, step / STEPS % 8); break;
	case STEP_UPDATE: send_message(s, MESSAGE_UPDATE); break;
	case STEP_TIME: pass_time(s, rcur_u8(&s->in)); break;
	case STEP_RECONNECT: connect_stranger(s); break;
	case STEP_ANNOUNCE: witness_says(s, true); break;
	case STEP_WITHDRAW: witness_says(s, false); break;
	case STEP_OPERATOR: operate(s, rcur_u8(&s->in)); break;
	case STEPS: break;
	}
	world_settle(s->world);
	witness_check(s->world);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct script s = { .in = rcur_of(data, len) };

	if (len < 2)
		return 0;
	s.stranger = rcur_u8(&s.in);
	s.witness = rcur_u8(&s.in) & ~(unsigned)(FLAG_LIMIT | FLAG_SILENT);
	s.world = world_new(make_conf(s.stranger, s.witness));
	s.world->lines[WITNESS].ours = open_of(WITNESS, s.witness);
	line_connect(s.world, WITNESS, true);
	connect_stranger(&s);
	for (unsigned i = 0; i < STEPS_MAX && rcur_left(&s.in) > 0; i++)
		run_step(&s);
	world_free(s.world);
	return 0;
}
