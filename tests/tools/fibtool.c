/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Drives the daemon's kernel side (bgpd/kernel.h, bgpd/fib.h) from standard input, for
 * tests/lab/test_fib.py.  Prints what the callbacks say as it happens, and the answers
 * to commands; an answer ends with a line "." alone.
 *
 *   set PREFIX via ADDRESS [dev LINK] [onlink] [nh NEXTHOP] [via ADDRESS ... weight N]
 *   set PREFIX dev LINK | blackhole | unreachable | prohibit
 *   clear PREFIX | state PREFIX | sweep | flush | counts | show
 *   many N ADDRESS via ADDRESS dev LINK     N host routes from ADDRESS on
 *   unmany N ADDRESS                        clears them
 *   spread N ADDRESS K GATEWAY dev LINK     N host routes over K gateways and next hops
 *   settle SECONDS                          waits until nothing is to be written
 *   facts                                   what the callbacks said, summed up, sorted
 *   connected ADDRESS | local ADDRESS
 *   reload OPTIONS...                       the same options as the command line
 *   race COMMAND                            runs it just before the next write
 *   during COMMAND                          waits for a dump, runs it in the midst of
 * it, and reads the events first buffer OCTETS                           of the event
 * socket sleep SECONDS                           reads nothing for so long quit
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <linux/rtnetlink.h>

#include "bgp/memory.h"
#include "fibtool.h"

enum { UNKNOWN_GET = 1022 };

struct tool tool;

/* What the callbacks said of a prefix. */
struct fact {
	struct route_node node;
	bool igp;
	struct igp_route route;
	uint64_t imports;
};

/* ---- the race ---- */

ssize_t __real_send(int fd, const void *octets, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *octets, size_t len, int flags);

static bool
asks(const struct nlmsghdr *header)
{
	return (header->nlmsg_type - RTM_BASE) % 4 == RTM_GETLINK - RTM_BASE;
}

/* In the thread that writes. */
static void
run_before_write(void)
{
	char *command = tool.race;

	tool.race = NULL;
	if (command != NULL && system(command) != 0)
		printf("race failed\n");
	free(command);
}

/* A kernel before 5.3 knows no such request; this one does not know that number. */
ssize_t
__wrap_send(int fd, const void *octets, size_t len, int flags)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(uintptr_t)octets;

	if (tool.old_kernel && header->nlmsg_type == RTM_GETNEXTHOP)
		header->nlmsg_type = UNKNOWN_GET;
	if (!asks(header))
		run_before_write();
	return __real_send(fd, octets, len, flags);
}

/* ---- callbacks ---- */

static struct fact *
fact_get(const struct prefix *prefix)
{
	struct fact *fact = (struct fact *)route_table_find(&tool.facts, prefix);

	if (fact == NULL) {
		fact = mem_zero(1, sizeof(*fact));
		fact->node.prefix = *prefix;
		route_table_insert(&tool.facts, &fact->node);
	}
	return fact;
}

static void
fact_settle(struct fact *fact)
{
	if (fact->igp || fact->imports != 0)
		return;
	route_table_remove(&tool.facts, &fact->node);
	free(fact);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
print_igp(const struct igp_route *r)
{
	char prefix[PREFIX_TEXT_LEN], gateway[ADDR_TEXT_LEN];

	printf("igp %s via %s dev %s metric %u%s\n", prefix_format(&r->prefix, prefix),
	    addr_format(&r->gateway, gateway), kernel_link_name(tool.k, r->ifindex),
	    r->metric, r->connected ? " connected" : "");
}

static void
on_igp(void *arg, const struct igp_route *route)
{
	struct fact *fact = fact_get(&route->prefix);

	(void)arg;
	fact->igp = true;
	fact->route = *route;
	if (!tool.quiet)
		print_igp(route);
}

static void
on_igp_gone(void *arg, const struct prefix *prefix)
{
	struct fact *fact = fact_get(prefix);
	char text[PREFIX_TEXT_LEN];

	(void)arg;
	if (!fact->igp)
		printf("BUG igp_gone twice\n");
	fact->igp = false;
	fact_settle(fact);
	if (!tool.quiet)
		printf("igp_gone %s\n", prefix_format(prefix, text));
}

static void
on_address(
    void *arg, const struct addr *a, unsigned bits, uint32_t ifindex, bool present)
{
	char text[ADDR_TEXT_LEN];

	(void)arg;
	printf("address %s/%u dev %s %s\n", addr_format(a, text), bits,
	    kernel_link_name(tool.k, ifindex), present ? "present" : "gone");
}

static void
on_workload(void *arg, unsigned i, const struct prefix *prefix, bool present)
{
	struct fact *fact = fact_get(prefix);
	char text[PREFIX_TEXT_LEN];

	(void)arg;
	if ((fact->imports >> i & 1) == present)
		printf("BUG workload said twice\n");
	fact->imports ^= UINT64_C(1) << i;
	fact_settle(fact);
	if (!tool.quiet)
		printf("workload %u %s %s\n", i, prefix_format(prefix, text),
		    present ? "present" : "gone");
}

static void
on_synced(void *arg)
{
	(void)arg;
	printf("synced adopted %u\n", fib_adopted_count(tool.fib));
}

static void
on_log(void *arg, int level, const char *text)
{
	(void)arg;
	printf("log %d %s\n", level, text);
}

static const struct kernel_events events = {
	.igp = on_igp,
	.igp_gone = on_igp_gone,
	.address = on_address,
	.workload = on_workload,
	.synced = on_synced,
	.log = on_log,
};

/* ---- commands ---- */

static void
run_set(struct words *w)
{
	struct fib_route route = { .prefix = parse_prefix(next_word(w)) };

	parse_route(w, &route);
	fib_set(tool.fib, &route);
}

static void
run_clear(struct words *w)
{
	struct prefix prefix = parse_prefix(next_word(w));

	fib_clear(tool.fib, &prefix);
}

static struct prefix
nth_host(const struct addr *first, unsigned i)
{
	struct addr a = *first;
	size_t at = family_addr_len(a.family) - 4;
	uint32_t low;

	memcpy(&low, a.bytes + at, sizeof(low));
	low = htonl(ntohl(low) + i);
	memcpy(a.bytes + at, &low, sizeof(low));
	return prefix_of(&a, family_max_bits(a.family));
}

static void
run_many(struct words *w)
{
	unsigned n = (unsigned)atoi(next_word(w));
	struct addr first = parse_addr(next_word(w));
	struct fib_route route = { .n_hops = 0 };

	parse_route(w, &route);
	for (unsigned i = 0; i < n; i++) {
		route.prefix = nth_host(&first, i);
		fib_set(tool.fib, &route);
	}
}

static void
run_unmany(struct words *w)
{
	unsigned n = (unsigned)atoi(next_word(w));
	struct addr first = parse_addr(next_word(w));

	for (unsigned i = 0; i < n; i++) {
		struct prefix prefix = nth_host(&first, i);

		fib_clear(tool.fib, &prefix);
	}
}

static void
run_spread(struct words *w)
{
	unsigned n = (unsigned)atoi(next_word(w));
	struct addr first = parse_addr(next_word(w));
	unsigned n_hops = (unsigned)atoi(next_word(w));
	struct addr gateway = parse_addr(next_word(w));
	struct fib_route route = { .n_hops = 0 };

	parse_route(w, &route);
	for (unsigned i = 0; i < n; i++) {
		struct prefix hop = nth_host(&gateway, i % n_hops);

		route.prefix = nth_host(&first, i);
		route.hops[0].gateway = prefix_addr(&hop);
		route.hops[0].next_hop = route.hops[0].gateway;
		fib_set(tool.fib, &route);
	}
}

static void
print_status(void *arg, const struct fib_status *s)
{
	char prefix[PREFIX_TEXT_LEN], owner[PROTOCOL_TEXT_LEN];

	(void)arg;
	printf(
	    "%s %s", prefix_format(&s->route.prefix, prefix), fib_state_name(s->state));
	if (s->missing)
		printf(" missing");
	if (s->differs)
		printf(" differs");
	if (s->nexthop != 0)
		printf(" nhid %u", s->nexthop);
	if (s->owner != 0)
		printf(" owner %s", rtmsg_protocol_name(s->owner, owner));
	if (s->error != 0)
		printf(" error %s", strerrorname_np(s->error));
	printf("%s%s\n", s->detail[0] != '\0' ? " | " : "", s->detail);
}

static void
run_state(struct words *w)
{
	struct prefix prefix = parse_prefix(next_word(w));
	struct fib_status status;

	fib_state(tool.fib, &prefix, &status);
	print_status(NULL, &status);
}

static void
run_show(struct words *w)
{
	uint32_t position = 0;

	(void)w;
	while (fib_walk(tool.fib, &position, print_status, NULL))
		continue;
}

static void
run_counts(struct words *w)
{
	struct fib_counters c;
	struct kernel_counters k;

	(void)w;
	fib_counters(tool.fib, &c);
	kernel_counters(tool.k, &k);
	for (enum fib_state s = FIB_STATE_PENDING; s < FIB_STATE_COUNT; s++)
		printf("%s %u\n", fib_state_name(s),
		    c.states[FAMILY_IPV4][s] + c.states[FAMILY_IPV6][s]);
	for (enum fib_op op = FIB_OP_ADD; op < FIB_OP_COUNT; op++)
		printf("%s_ok %llu\n%s_refused %llu\n", fib_op_name(op),
		    (unsigned long long)c.succeeded[op], fib_op_name(op),
		    (unsigned long long)c.refused[op]);
	printf("taken %llu\nlost %llu\nrestored %llu\nunknown %llu\nbatch %u\n",
	    (unsigned long long)c.taken, (unsigned long long)c.lost,
	    (unsigned long long)c.restored, (unsigned long long)c.unknown, c.batch);
	printf("nexthops %u\nnexthop_ok %llu\nnexthop_refused %llu\n", c.nexthops,
	    (unsigned long long)c.nexthops_succeeded,
	    (unsigned long long)c.nexthops_refused);
	printf("dumps %llu\nlosses %llu\nlast_dump_ms %u\nforeign %u\nlinks %u\n"
	       "addresses %u\n",
	    (unsigned long long)k.dumps, (unsigned long long)k.losses, k.last_dump_ms,
	    k.foreign_prefixes, k.links, k.addresses);
}

static void
run_settle(struct words *w)
{
	double start = now_s(), end = start + atof(next_word(w));

	while (!fib_is_settled(tool.fib) && now_s() < end)
		event_base_loop(tool.base, EVLOOP_ONCE);
	printf("%s %.3f\n", fib_is_settled(tool.fib) ? "settled" : "timeout",
	    now_s() - start);
}

static int
compare_facts(const void *a, const void *b)
{
	const struct fact *const *x = a, *const *y = b;

	return prefix_compare(&(*x)->node.prefix, &(*y)->node.prefix);
}

static void
run_facts(struct words *w)
{
	struct route_cursor cursor = ROUTE_CURSOR_INIT;
	struct fact **all = mem_zero(tool.facts.n + 1, sizeof(*all));
	struct route_node *node;
	size_t n = 0;

	(void)w;
	while ((node = route_table_walk(&tool.facts, &cursor)) != NULL)
		all[n++] = (struct fact *)node;
	qsort(all, n, sizeof(*all), compare_facts);
	for (size_t i = 0; i < n; i++) {
		char text[PREFIX_TEXT_LEN];

		if (all[i]->igp)
			print_igp(&all[i]->route);
		if (all[i]->imports != 0)
			printf("workload %s %llx\n",
			    prefix_format(&all[i]->node.prefix, text),
			    (unsigned long long)all[i]->imports);
	}
	free(all);
}

static void
run_connected(struct words *w)
{
	struct addr a = parse_addr(next_word(w));
	struct prefix subnet;
	uint32_t ifindex;
	char text[PREFIX_TEXT_LEN];

	if (kernel_is_connected(tool.k, &a, &ifindex, &subnet))
		printf("%s %s\n", kernel_link_name(tool.k, ifindex),
		    prefix_format(&subnet, text));
	else
		printf("no\n");
}

static void
run_local(struct words *w)
{
	struct addr a = parse_addr(next_word(w));

	printf("%s\n", kernel_is_local_address(tool.k, &a) ? "yes" : "no");
}

static void
run_sweep(struct words *w)
{
	(void)w;
	fib_sweep(tool.fib);
}

static void
run_flush(struct words *w)
{
	(void)w;
	printf("%s\n", fib_flush_all(tool.fib) ? "done" : "failed");
}

static char *
rest_of(struct words *w)
{
	char command[LINE_LEN] = "";

	while (w->at < w->n) {
		strncat(command, next_word(w), sizeof(command) - strlen(command) - 2);
		strncat(command, " ", sizeof(command) - strlen(command) - 1);
	}
	return strdup(command);
}

static void
run_race(struct words *w)
{
	tool.race = rest_of(w);
}

static uint64_t
dumps_begun(void)
{
	struct kernel_counters c;

	kernel_counters(tool.k, &c);
	return c.dumps;
}

static void
run_during(struct words *w)
{
	char *command = rest_of(w);
	uint64_t before = dumps_begun();

	while (dumps_begun() == before)
		event_base_loop(tool.base, EVLOOP_ONCE);
	event_base_loop(tool.base, EVLOOP_ONCE);
	if (system(command) != 0)
		printf("during failed\n");
	free(command);
	while (!kernel_drain(tool.k, 1000))
		continue;
}

static void
run_reload(struct words *w)
{
	char err[256];

	configure(w);
	if (!kernel_reconfigure(tool.k, &tool.conf, err, sizeof(err)))
		printf("error: %s\n", err);
}

static void
run_buffer(struct words *w)
{
	kernel_set_event_buffer(tool.k, atoi(next_word(w)));
}

/* Reads no event for so long. */
static void
run_sleep(struct words *w)
{
	usleep((useconds_t)(atof(next_word(w)) * 1e6));
}

/* ---- the loop ---- */

static const struct {
	const char *name;
	void (*run)(struct words *w);
} commands[] = {
	{ "set", run_set },
	{ "clear", run_clear },
	{ "many", run_many },
	{ "unmany", run_unmany },
	{ "spread", run_spread },
	{ "state", run_state },
	{ "show", run_show },
	{ "counts", run_counts },
	{ "settle", run_settle },
	{ "facts", run_facts },
	{ "connected", run_connected },
	{ "local", run_local },
	{ "sweep", run_sweep },
	{ "flush", run_flush },
	{ "race", run_race },
	{ "during", run_during },
	{ "reload", run_reload },
	{ "buffer", run_buffer },
	{ "sleep", run_sleep },
};

static void
run_line(char *line)
{
	struct words w = { .n = 0 };
	const char *name;

	w.n = (unsigned)split(line, " ", w.word, WORDS_MAX);
	name = next_word(&w);
	if (strcmp(name, "quit") == 0) {
		tool.done = true;
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(name, commands[i].name) == 0) {
			commands[i].run(&w);
			printf(".\n");
			return;
		}
	printf("error: command %s\n.\n", name);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	ssize_t n =
	    read((int)fd, tool.line + tool.line_len, LINE_LEN - 1 - tool.line_len);

	(void)what;
	(void)arg;
	if (n <= 0)
		tool.done = true;
	else
		tool.line_len += (size_t)n;
}

/* Outside the event loop, since a command may run it. */
static void
run_lines(void)
{
	char *end;

	while ((end = memchr(tool.line, '\n', tool.line_len)) != NULL) {
		char line[LINE_LEN];
		size_t len = (size_t)(end - tool.line);

		memcpy(line, tool.line, len);
		line[len] = '\0';
		tool.line_len -= len + 1;
		memmove(tool.line, end + 1, tool.line_len);
		run_line(line);
	}
}

static int
start(void)
{
	char err[256] = "";

	tool.base = event_base_new();
	tool.k = kernel_new(tool.base, &tool.conf, &events, NULL, err, sizeof(err));
	if (tool.k != NULL)
		tool.fib = fib_new(tool.k, err, sizeof(err));
	if (tool.fib == NULL)
		printf("error: %s\n", err);
	return tool.fib == NULL;
}

static int
remove_all(void)
{
	char err[256];
	uint32_t n;

	if (!fib_remove_all(&tool.conf, &n, err, sizeof(err))) {
		printf("error: %s\n", err);
		return 1;
	}
	printf("removed %u\n", n);
	return 0;
}

int
main(int argc, char **argv)
{
	struct words w = { .n = 0 };
	struct event *input;
	bool remove_only = argc > 1 && strcmp(argv[1], "--flush") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = remove_only ? 2 : 1; i < argc && w.n < WORDS_MAX; i++)
		w.word[w.n++] = argv[i];
	route_table_init(&tool.facts);
	configure(&w);
	if (remove_only)
		return remove_all();
	if (start() != 0)
		return 1;
	input = event_new(tool.base, 0, EV_READ | EV_PERSIST, on_input, NULL);
	event_add(input, NULL);
	while (!tool.done) {
		event_base_loop(tool.base, EVLOOP_ONCE);
		run_lines();
	}
	event_free(input);
	fib_free(tool.fib);
	kernel_free(tool.k);
	event_base_free(tool.base);
	free_imports();
	return 0;
}
