/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words of bgpctl and what they do; see control_command.h.  Two tables of words, a
 * function a row; a row without one names what this release does not do.
 */
#include "control_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp/memory.h"
#include "log.h"
#include "text.h"

struct call {
	const struct control_ops *ops;
	const char *const *words; /* those behind the command's own */
	size_t n;
	struct control_job *job;
	struct control_result *result;
	bool *changes;
	show_emit *emit;
	void *arg;
};

struct command {
	const char *word;
	void (*run)(struct call *call);
};

static void __attribute__((format(printf, 3, 4)))
fail(struct call *call, enum control_status status, const char *format, ...)
{
	va_list args;

	call->result->status = status;
	va_start(args, format);
	vsnprintf(call->result->error, sizeof(call->result->error), format, args);
	va_end(args);
}

static bool
is_word(const char *word, const char *wanted)
{
	return strcmp(word, wanted) == 0;
}

/* False, and told: there are more than `max` words. */
static bool
ends_after(struct call *call, size_t max)
{
	if (call->n <= max)
		return true;
	fail(call, CONTROL_USAGE, "unexpected word '%s'", call->words[max]);
	return false;
}

/* NULL, and told: there is no such peer. */
static struct peer *
find_peer(struct call *call, const char *name)
{
	struct peer *peer = speaker_find_peer(call->ops->speaker, name);

	if (peer == NULL || peer->leaving) {
		fail(call, CONTROL_FAILED, "no such peer: %s", name);
		return NULL;
	}
	return peer;
}

/* Runs the command of the first word; `before` is what stands in front of it. */
static void
dispatch(struct call *call, const struct command *table, size_t n, const char *before)
{
	const char *word = call->words[0];
	char allowed[256] = "";
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		if (is_word(word, table[i].word)) {
			if (table[i].run == NULL) {
				fail(call, CONTROL_USAGE,
				    "'%s%s' is not supported by this release", before,
				    word);
				return;
			}
			call->words++;
			call->n--;
			table[i].run(call);
			return;
		}
		if (table[i].run != NULL)
			len += (size_t)snprintf(allowed + len, sizeof(allowed) - len,
			    "%s%s", len == 0 ? "" : ", ", table[i].word);
	}
	fail(call, CONTROL_USAGE, "unknown word '%s'; allowed here: %s", word, allowed);
}

/* ---- show ---- */

static void
run_show_router(struct call *call)
{
	call->emit(call->arg, show_router(call->ops));
}

static void
run_show_memory(struct call *call)
{
	if (ends_after(call, 0))
		call->emit(call->arg, show_memory(call->ops));
}

static void
run_show_groups(struct call *call)
{
	const struct out *out = speaker_out(call->ops->speaker);
	struct out_group group;

	if (!ends_after(call, 0))
		return;
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (unsigned i = 0; out_group(out, (enum family)f, i, &group); i++)
			call->emit(call->arg, show_group(&group));
}

static void
run_show_kernel(struct call *call)
{
	if (!ends_after(call, 0))
		return;
	if (call->ops->fib_walk == NULL)
		fail(call, CONTROL_FAILED,
		    "nothing is installed: kernel { install }"
		    " is false");
	else
		call->job->kind = CONTROL_JOB_KERNEL;
}

/* Peers may come and go while a job runs: their numbers are kept. */
static void
note_peers(struct call *call)
{
	struct speaker *sp = call->ops->speaker;
	struct control_job *job = call->job;
	struct peer *peer;
	size_t n = 0;

	for (peer = speaker_first_peer(sp); peer != NULL;
	     peer = speaker_next_peer(sp, peer))
		n++;
	job->peers = mem_resize(NULL, n == 0 ? 1 : n, sizeof(*job->peers));
	for (peer = speaker_first_peer(sp); peer != NULL && job->n_peers < n;
	     peer = speaker_next_peer(sp, peer))
		job->peers[job->n_peers++] = peer->number;
}

static void
run_show_peers(struct call *call)
{
	if (!ends_after(call, 0))
		return;
	call->job->kind = CONTROL_JOB_PEERS;
	note_peers(call);
}

static void
run_show_peer(struct call *call)
{
	const struct peer *peer;

	if (call->n == 0) {
		fail(call, CONTROL_USAGE, "'show peer' needs a name or an address");
		return;
	}
	if (!ends_after(call, 1))
		return;
	peer = find_peer(call, call->words[0]);
	if (peer != NULL)
		call->emit(call->arg, show_peer_record(call->ops, peer));
}

/* A prefix (host bits are forgiven) or an address; false: neither. */
static bool
read_destination(const char *word, struct route_query *query)
{
	struct addr addr;

	if (addr_parse(word, &addr)) {
		query->match = ROUTE_MATCH_LONGEST;
		query->prefix =
		    prefix_of(&addr, family_max_bits((enum family)addr.family));
		return true;
	}
	query->match = ROUTE_MATCH_EXACT;
	return prefix_parse(word, &query->prefix) != PREFIX_PARSE_BAD;
}

static bool
read_family(struct call *call, const char *word, struct route_query *query)
{
	int f, wanted = FAMILY_NONE;

	for (f = 0; f < FAMILY_COUNT; f++)
		if (is_word(word, family_name((enum family)f)))
			wanted = f;
	if (wanted == FAMILY_NONE) {
		fail(call, CONTROL_USAGE, "'family' is ipv4 or ipv6, not '%s'", word);
		return false;
	}
	for (f = 0; f < FAMILY_COUNT; f++)
		query->families[f] = f == wanted;
	return true;
}

/* A word with a value behind it: from, sent, family. */
static bool
read_valued(
    struct call *call, const char *word, const char *value, struct route_query *query)
{
	const struct peer *peer;

	if (value == NULL) {
		fail(call, CONTROL_USAGE, "'%s' needs %s", word,
		    is_word(word, "family") ? "ipv4 or ipv6" : "a peer");
		return false;
	}
	if (is_word(word, "family"))
		return read_family(call, value, query);
	peer = find_peer(call, value);
	if (peer == NULL)
		return false;
	if (is_word(word, "from")) {
		query->from_given = true;
		query->from = peer->number;
	} else {
		query->sent_given = true;
		query->sent = peer->number;
	}
	return true;
}

static bool
read_query(struct call *call, struct route_query *query)
{
	size_t i;

	for (i = 0; i < call->n; i++) {
		const char *word = call->words[i];

		if (is_word(word, "longer")) {
			if (query->match != ROUTE_MATCH_EXACT) {
				fail(call, CONTROL_USAGE, "'longer' needs a prefix");
				return false;
			}
			query->match = ROUTE_MATCH_LONGER;
		} else if (is_word(word, "best")) {
			query->best_only = true;
		} else if (is_word(word, "from") || is_word(word, "sent") ||
			   is_word(word, "family")) {
			const char *value = i + 1 < call->n ? call->words[i + 1] : NULL;

			if (!read_valued(call, word, value, query))
				return false;
			i++;
		} else if (i > 0 || !read_destination(word, query)) {
			fail(call, CONTROL_USAGE, "unknown word '%s'; allowed here: %s",
			    word,
			    i > 0 ? "longer, best, from, sent, family"
				  : "a prefix, an address, best, from, sent, family");
			return false;
		}
	}
	return true;
}

static void
run_show_routes(struct call *call)
{
	struct route_query query = { .match = ROUTE_MATCH_ALL,
		.families = { true, true } };

	if (!read_query(call, &query))
		return;
	call->job->kind = CONTROL_JOB_ROUTES;
	route_walk_begin(&call->job->routes, &query);
}

static void
run_explain(struct call *call)
{
	struct route_query query;

	if (call->n == 0 || !read_destination(call->words[0], &query)) {
		fail(call, CONTROL_USAGE, "'explain' needs a prefix or an address");
		return;
	}
	if (!ends_after(call, 1))
		return;
	call->job->prefix = query.prefix;
	if (query.match == ROUTE_MATCH_LONGEST)
		explain_find(call->ops, &call->job->prefix);
	call->job->kind = CONTROL_JOB_EXPLAIN;
	call->job->answer = explain_begin(call->ops, &call->job->prefix);
	note_peers(call);
}

static const struct command show_commands[] = {
	{ "peers", run_show_peers },
	{ "peer", run_show_peer },
	{ "routes", run_show_routes },
	{ "kernel", run_show_kernel },
	{ "groups", run_show_groups },
	{ "memory", run_show_memory },
	{ "attributes", NULL },
	{ "nexthops", NULL },
	{ "history", NULL },
};

static void
run_show(struct call *call)
{
	if (call->n == 0)
		run_show_router(call);
	else
		dispatch(call, show_commands,
		    sizeof(show_commands) / sizeof(show_commands[0]), "show ");
}

/* ---- orders ---- */

static void
changed(struct call *call)
{
	*call->changes = true;
	if (call->ops->after_change != NULL)
		call->ops->after_change(call->ops->arg);
}

/* Each gives what was done, or NULL and has told why not. */
typedef const char *peer_order(struct call *call, struct peer *peer, const char *text);

static const char *
order_enable(struct call *call, struct peer *peer, const char *text)
{
	(void)text;
	peer_enable(call->ops->speaker, peer);
	return "enabled";
}

static const char *
order_disable(struct call *call, struct peer *peer, const char *text)
{
	peer_disable(call->ops->speaker, peer, text);
	return "disabled";
}

static const char *
order_restart(struct call *call, struct peer *peer, const char *text)
{
	peer_restart(call->ops->speaker, peer, text);
	return "restarted";
}

/* RFC 2918: ours go out again, the peer is asked for its own, or both. */
static const char *
order_refresh(struct call *call, struct peer *peer, const char *text)
{
	bool in = is_word(text, "in"), out = is_word(text, "out");

	if (!in && !out && text[0] != '\0') {
		fail(call, CONTROL_USAGE, "unknown word '%s'; allowed here: in, out",
		    text);
		return NULL;
	}
	if (peer->established == NULL) {
		fail(call, CONTROL_FAILED, "%s has no session", peer->conf.name);
		return NULL;
	}
	if (!out && !peer_refresh_in(call->ops->speaker, peer)) {
		fail(call, CONTROL_FAILED,
		    "%s does not know route refresh: restart its session",
		    peer->conf.name);
		return NULL;
	}
	if (!in)
		peer_refresh_out(call->ops->speaker, peer);
	return "refreshed";
}

static const struct {
	const char *verb;
	peer_order *run;
	bool takes_text;
} peer_orders[] = {
	{ "enable", order_enable, false },
	{ "disable", order_disable, true },
	{ "restart", order_restart, true },
	{ "refresh", order_refresh, true },
};

static void
run_peer_order(struct call *call, size_t order)
{
	const char *text = call->n > 2 ? call->words[2] : "";
	char name[CONF_NAME_LEN];
	struct peer *peer;
	const char *done;

	if (!ends_after(call, peer_orders[order].takes_text ? 3 : 2))
		return;
	peer = find_peer(call, call->words[0]);
	if (peer == NULL)
		return;
	memcpy(name, peer->conf.name, sizeof(name));
	done = peer_orders[order].run(call, peer, text);
	if (done == NULL)
		return;
	changed(call);
	call->emit(call->arg,
	    json_pack("{s:o, s:s}", "peer", text_json(name), "result", done));
}

static void
run_peer(struct call *call)
{
	if (call->n < 2) {
		fail(call, CONTROL_USAGE,
		    "usage: peer NAME enable | disable [REASON] | restart [REASON] | "
		    "refresh [in | out]");
		return;
	}
	for (size_t i = 0; i < sizeof(peer_orders) / sizeof(peer_orders[0]); i++)
		if (is_word(call->words[1], peer_orders[i].verb)) {
			run_peer_order(call, i);
			return;
		}
	fail(call, CONTROL_USAGE,
	    "unknown word '%s'; allowed here: enable, disable, restart, refresh",
	    call->words[1]);
}

static void
run_reload(struct call *call)
{
	if (call->n > 0 && (is_word(call->words[0], "--confirm") ||
			       is_word(call->words[0], "--keep"))) {
		fail(call, CONTROL_USAGE,
		    "'reload %s' is not supported by this release", call->words[0]);
		return;
	}
	if (!ends_after(call, 0))
		return;
	*call->changes = true;
	if (call->ops->reload(call->ops->arg, call->result->error,
		sizeof(call->result->error)) != 0) {
		call->result->status = CONTROL_FAILED;
		return;
	}
	changed(call);
	call->emit(call->arg, json_pack("{s:s}", "result", "reloaded"));
}

static void
run_shutdown(struct call *call)
{
	if (!ends_after(call, 1))
		return;
	call->job->kind = CONTROL_JOB_SHUTDOWN;
	call->emit(call->arg, json_pack("{s:s}", "result", "stopped"));
	call->ops->shutdown(call->ops->arg, call->n == 0 ? "" : call->words[0]);
	changed(call);
}

static void
run_version(struct call *call)
{
	if (ends_after(call, 0))
		call->emit(call->arg, show_version(call->ops));
}

static void
run_log(struct call *call)
{
	enum conf_log_level level;

	if (call->n != 1 || !log_level_parse(call->words[0], &level)) {
		fail(call, CONTROL_USAGE,
		    "usage: log debug | info | notice | warning | error");
		return;
	}
	log_set_level(level);
	*call->changes = true;
	call->emit(call->arg, json_pack("{s:s}", "level", log_level_name(level)));
}

static const struct command commands[] = {
	{ "show", run_show },
	{ "peer", run_peer },
	{ "reload", run_reload },
	{ "shutdown", run_shutdown },
	{ "log", run_log },
	{ "version", run_version },
	{ "test", NULL },
	{ "drain", NULL },
	{ "explain", run_explain },
	{ "monitor", NULL },
	{ "check", NULL },
};

void
control_command(const struct control_ops *ops, const char *const *words, size_t n,
    struct control_job *job, struct control_result *result, bool *changes,
    show_emit *emit, void *arg)
{
	struct call call = { .ops = ops,
		.words = words,
		.n = n,
		.job = job,
		.result = result,
		.changes = changes,
		.emit = emit,
		.arg = arg };

	*job = (struct control_job){ .kind = CONTROL_JOB_NONE };
	result->status = CONTROL_OK;
	result->error[0] = '\0';
	*changes = false;
	if (n == 0)
		fail(&call, CONTROL_USAGE, "a command is needed");
	else if (speaker_conf(ops->speaker) == NULL)
		fail(&call, CONTROL_FAILED, "bgpd is starting, it reads the kernel");
	else
		dispatch(&call, commands, sizeof(commands) / sizeof(commands[0]), "");
}
