/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the speaker tells, in words: one sentence an event, the same for every peer, and
 * the fields that the JSON format carries beside it.
 *
 * A peer may send a faulty UPDATE a thousand times a second.  Of a kind of event that a
 * peer can repeat at will the first few a minute are told, the rest are counted and
 * told as one line when the minute is over: a bounded table, whatever the peers do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "bgp/attribute.h"
#include "bgp/message.h"
#include "bgp/peer.h"
#include "log.h"
#include "text.h"

enum {
	BURST = 5,     /* lines of one kind from one peer ... */
	WINDOW_S = 60, /* ... within so many seconds */
	SLOTS = 128,
	SENTENCE_LEN = 640,
};

/* One peer's events of one kind; two that meet in a slot push each other out, which
 * costs a line more and never memory. */
struct repeat {
	char peer[CONF_NAME_LEN];
	int64_t since_s;
	uint64_t told;
	uint64_t counted;
	enum event_kind kind;
	bool used;
};

static struct repeat repeats[SLOTS];

static const struct {
	const char *name; /* field "event" */
	uint8_t level;    /* enum conf_log_level */
	bool repeats;     /* a peer can cause it at will */
} kinds[] = {
	[EVENT_PEER_UP] = { "peer-up", LOG_LEVEL_INFO, false },
	[EVENT_PEER_DOWN] = { "peer-down", LOG_LEVEL_WARNING, false },
	[EVENT_PEER_ADDED] = { "peer-added", LOG_LEVEL_INFO, false },
	[EVENT_PEER_REMOVED] = { "peer-removed", LOG_LEVEL_INFO, false },
	[EVENT_NOTIFICATION_SENT] = { "notification-sent", LOG_LEVEL_WARNING, true },
	[EVENT_NOTIFICATION_RECEIVED] = { "notification-received", LOG_LEVEL_WARNING,
	    true },
	[EVENT_UPDATE_FAULT] = { "update-fault", LOG_LEVEL_WARNING, true },
	[EVENT_END_OF_RIB] = { "end-of-rib", LOG_LEVEL_DEBUG, true },
	[EVENT_HANDOVER] = { "handover", LOG_LEVEL_NOTICE, false },
	[EVENT_HANDED_OVER] = { "handed-over", LOG_LEVEL_NOTICE, false },
	[EVENT_STALE_KEPT] = { "stale-kept", LOG_LEVEL_INFO, false },
	[EVENT_STALE_SWEPT] = { "stale-swept", LOG_LEVEL_INFO, false },
	[EVENT_LONG_LIVED] = { "long-lived-stale", LOG_LEVEL_NOTICE, false },
	[EVENT_MAX_PREFIXES] = { "max-prefixes", LOG_LEVEL_WARNING, true },
	[EVENT_UNBLOCK] = { "unblock", LOG_LEVEL_NOTICE, true },
	[EVENT_REFRESH] = { "refresh", LOG_LEVEL_DEBUG, true },
	[EVENT_TOO_LONG] = { "too-long", LOG_LEVEL_WARNING, true },
	[EVENT_CONVERGED] = { "converged", LOG_LEVEL_NOTICE, false },
	[EVENT_DAMPED] = { "held-down", LOG_LEVEL_WARNING, true },
	[EVENT_REFUSED_OPEN] = { "open-refused", LOG_LEVEL_WARNING, true },
};

static const char *const more_text[] = {
	[EVENT_NOTIFICATION_SENT] = "NOTIFICATIONs sent",
	[EVENT_NOTIFICATION_RECEIVED] = "NOTIFICATIONs received",
	[EVENT_UPDATE_FAULT] = "UPDATE faults",
	[EVENT_END_OF_RIB] = "End-of-RIB markers",
	[EVENT_MAX_PREFIXES] = "times over max-prefixes",
	[EVENT_UNBLOCK] = "times room below max-prefixes",
	[EVENT_REFRESH] = "route refreshes",
	[EVENT_TOO_LONG] = "routes too long for a message",
	[EVENT_DAMPED] = "times held down",
	[EVENT_REFUSED_OPEN] = "refused OPENs",
};

static const char *
action_text(uint8_t action)
{
	static const char *const texts[] = {
		[ACTION_NONE] = "nothing done",
		[ACTION_DISCARD] = "attribute discarded",
		[ACTION_WITHDRAW] = "treated as withdraw",
		[ACTION_RESET] = "session reset",
	};

	return action <= ACTION_RESET ? texts[action] : "?";
}

/* ---- repetition ---- */

static void
tell_counted(struct repeat *r)
{
	char text[SENTENCE_LEN];
	json_t *fields = NULL;

	if (r->used && r->counted > 0) {
		snprintf(text, sizeof(text), "... %" PRIu64 " more %s", r->counted,
		    more_text[r->kind]);
		if (log_is_json())
			fields = json_pack("{s:s, s:I}", "event", kinds[r->kind].name,
			    "suppressed", (json_int_t)r->counted);
		log_line((enum conf_log_level)kinds[r->kind].level,
		    r->peer[0] == '\0' ? NULL : r->peer, fields, text);
	}
	r->used = false;
}

static int64_t
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static struct repeat *
repeat_slot(const struct speaker_event *event)
{
	uint32_t hash = 2166136261u + (uint32_t)event->kind;
	const char *c;

	for (c = event->peer_name; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	return &repeats[hash % SLOTS];
}

/* True: count it, do not tell it. */
static bool
is_repeated(const struct speaker_event *event)
{
	struct repeat *r = repeat_slot(event);
	int64_t now = now_s();

	if (!r->used || r->kind != event->kind ||
	    strcmp(r->peer, event->peer_name) != 0 || now - r->since_s >= WINDOW_S) {
		tell_counted(r);
		*r = (struct repeat){
			.kind = event->kind, .since_s = now, .used = true
		};
		memcpy(r->peer, event->peer_name, sizeof(r->peer));
	}
	if (r->told < BURST) {
		r->told++;
		return false;
	}
	r->counted++;
	return true;
}

void
log_event_flush(void)
{
	int64_t now = now_s();
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (repeats[i].used && now - repeats[i].since_s >= WINDOW_S)
			tell_counted(&repeats[i]);
}

/* ---- sentences ---- */

static const char *
octets_text(const struct speaker_event *event, char *buf)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < event->n_octets && i < EVENT_OCTETS_MAX; i++)
		snprintf(buf + 2 * i, 3, "%02x", (unsigned)event->octets[i]);
	return buf;
}

/* "fe80::1%eth0", "eth0" of an unnumbered one whose router is not known. */
static void
address_of(const struct peer *peer, char *buf, size_t len)
{
	const char *interface = peer->conf.interface;
	char text[ADDR_TEXT_LEN];

	addr_format(&peer->address, text);
	if (peer->address.family == FAMILY_NONE && interface[0] != '\0')
		snprintf(buf, len, "%s", interface);
	else
		snprintf(buf, len, "%s%s%s", text, interface[0] == '\0' ? "" : "%",
		    interface);
}

static void
say_peer(const struct speaker_event *event, char *buf, size_t len)
{
	const struct peer *peer = event->peer;
	char addr[ADDR_TEXT_LEN + CONF_INTERFACE_LEN + 1];

	if (peer == NULL) {
		snprintf(buf, len, "%s",
		    event->kind == EVENT_PEER_UP ? "session established"
						 : "peer added");
		return;
	}
	address_of(peer, addr, sizeof(addr));
	if (event->kind == EVENT_PEER_UP)
		snprintf(buf, len,
		    "session established, %s, AS %" PRIu32 ", hold time %u s", addr,
		    peer->remote_open.as, (unsigned)peer->params.hold_time_s);
	else if (peer->dynamic || peer->conf.options.remote_as == 0)
		snprintf(buf, len, "%speer added, %s", peer->dynamic ? "dynamic " : "",
		    addr);
	else
		snprintf(buf, len, "peer added, %s, AS %" PRIu32, addr,
		    peer->conf.options.remote_as);
}

static void
say_notification(const struct speaker_event *event, char *buf, size_t len)
{
	char name[96];

	notification_format(event->code, event->subcode, name, sizeof(name));
	snprintf(buf, len, "NOTIFICATION %s: %s%s%s%s%s",
	    event->kind == EVENT_NOTIFICATION_SENT ? "sent" : "received", name,
	    event->hard_reset ? " (hard reset)" : "",
	    event->text[0] == '\0' ? "" : ", \"", event->text,
	    event->text[0] == '\0' ? "" : "\"");
}

static void
say_fault(const struct speaker_event *event, char *buf, size_t len)
{
	char name[16], octets[2 * EVENT_OCTETS_MAX + 1];
	bool is_attribute = event->attribute != 0;

	octets_text(event, octets);
	snprintf(buf, len, "faulty UPDATE%s%s: %s; %s%s%s", is_attribute ? ", " : "",
	    is_attribute ? attribute_name(event->attribute, name) : "", event->text,
	    action_text(event->action), octets[0] == '\0' ? "" : "; octets ", octets);
}

static void
say(const struct speaker_event *event, char *buf, size_t len)
{
	const char *family =
	    event->family < FAMILY_COUNT ? family_name((enum family)event->family) : "";
	char prefix[PREFIX_TEXT_LEN];

	switch (event->kind) {
	case EVENT_PEER_UP:
	case EVENT_PEER_ADDED: say_peer(event, buf, len); break;
	case EVENT_PEER_DOWN:
		snprintf(buf, len, "session down: %s", event->text);
		break;
	case EVENT_PEER_REMOVED: snprintf(buf, len, "peer removed"); break;
	case EVENT_NOTIFICATION_SENT:
	case EVENT_NOTIFICATION_RECEIVED: say_notification(event, buf, len); break;
	case EVENT_UPDATE_FAULT: say_fault(event, buf, len); break;
	case EVENT_END_OF_RIB:
		snprintf(buf, len, "End-of-RIB received, %s", family);
		break;
	case EVENT_HANDOVER:
		snprintf(buf, len,
		    "removed from the cluster's sessions: it stays until its %" PRIu64
		    " routes come another way",
		    event->count);
		break;
	case EVENT_HANDED_OVER:
		snprintf(buf, len, "handed over, %" PRIu64 " routes are lost: %s",
		    event->count, event->text);
		break;
	case EVENT_STALE_KEPT:
		snprintf(buf, len,
		    "%" PRIu64 " %s routes of the ended session are kept"
		    " as stale",
		    event->count, family);
		break;
	case EVENT_STALE_SWEPT:
		/* How many is known when the walk over the table is through. */
		snprintf(buf, len,
		    "stale %s routes that did not come again are removed", family);
		break;
	case EVENT_LONG_LIVED:
		snprintf(buf, len,
		    "%" PRIu64 " stale %s routes are long-lived stale from now on, for "
		    "%s at most",
		    event->count, family, event->text);
		break;
	case EVENT_MAX_PREFIXES:
		snprintf(buf, len, "%" PRIu64 " prefixes are over max-prefixes: %s",
		    event->count, event->text);
		break;
	case EVENT_UNBLOCK:
		snprintf(buf, len,
		    "there is room below max-prefixes for %" PRIu64
		    " %s prefixes that were not taken: %s",
		    event->count, family, event->text);
		break;
	case EVENT_REFRESH:
		snprintf(buf, len, "route refresh, %s: %s", family, event->text);
		break;
	case EVENT_TOO_LONG:
		snprintf(buf, len,
		    "%s is not sent: its attributes do not fit into a message%s",
		    prefix_format(&event->prefix, prefix),
		    event->count > 1 ? "; nor are others" : "");
		break;
	case EVENT_CONVERGED:
		snprintf(buf, len,
		    "converged: kernel routes that nobody confirmed are removed");
		break;
	case EVENT_DAMPED:
		snprintf(buf, len,
		    "held down for %s: the last %" PRIu64
		    " sessions ended with malformed messages",
		    event->text, event->count);
		break;
	case EVENT_REFUSED_OPEN:
		snprintf(buf, len, "OPEN refused: %s", event->text);
		break;
	case EVENT_DIAL:
	case EVENT_NEIGHBOR_FAILED:
	case EVENT_CLOSE: buf[0] = '\0'; break;
	}
}

static bool
has_family(enum event_kind kind)
{
	return kind == EVENT_STALE_KEPT || kind == EVENT_STALE_SWEPT ||
	       kind == EVENT_LONG_LIVED || kind == EVENT_MAX_PREFIXES ||
	       kind == EVENT_UNBLOCK || kind == EVENT_REFRESH ||
	       kind == EVENT_END_OF_RIB;
}

/* The machine's half of the sentence. */
static json_t *
fields_of(const struct speaker_event *event)
{
	json_t *o = json_object();
	char text[PREFIX_TEXT_LEN], octets[2 * EVENT_OCTETS_MAX + 1], name[16];

	json_object_set_new(o, "event", json_string(kinds[event->kind].name));
	switch (event->kind) {
	case EVENT_NOTIFICATION_SENT:
	case EVENT_NOTIFICATION_RECEIVED:
		json_object_set_new(o, "code", json_integer(event->code));
		json_object_set_new(o, "subcode", json_integer(event->subcode));
		json_object_set_new(o, "hard_reset", json_boolean(event->hard_reset));
		break;
	case EVENT_UPDATE_FAULT:
		json_object_set_new(o, "attribute",
		    event->attribute == 0
			? json_null()
			: json_string(attribute_name(event->attribute, name)));
		json_object_set_new(
		    o, "action", json_string(action_text(event->action)));
		json_object_set_new(
		    o, "octets", json_string(octets_text(event, octets)));
		break;
	case EVENT_HANDOVER:
	case EVENT_HANDED_OVER:
	case EVENT_STALE_KEPT:
	case EVENT_LONG_LIVED:
	case EVENT_MAX_PREFIXES:
	case EVENT_UNBLOCK:
		json_object_set_new(o, "count", json_integer((json_int_t)event->count));
		break;
	case EVENT_TOO_LONG:
		json_object_set_new(
		    o, "prefix", json_string(prefix_format(&event->prefix, text)));
		break;
	default: break;
	}
	if (has_family(event->kind) && event->family < FAMILY_COUNT)
		json_object_set_new(
		    o, "family", json_string(family_name((enum family)event->family)));
	if (event->text[0] != '\0')
		json_object_set_new(o, "text", text_json(event->text));
	return o;
}

void
log_event(const struct speaker_event *event)
{
	char sentence[SENTENCE_LEN];
	enum conf_log_level level;

	if (event->kind == EVENT_DIAL || event->kind == EVENT_CLOSE ||
	    event->kind == EVENT_NEIGHBOR_FAILED)
		return;
	level = (enum conf_log_level)kinds[event->kind].level;
	if (!log_is_on(level) || (kinds[event->kind].repeats && is_repeated(event)))
		return;
	say(event, sentence, sizeof(sentence));
	log_line(level, event->peer_name[0] == '\0' ? NULL : event->peer_name,
	    log_is_json() ? fields_of(event) : NULL, sentence);
}
