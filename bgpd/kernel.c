/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel as it is: an event socket, a dump socket, and when to dump.  Events keep
 * the view in step; a dump follows whatever events do not tell (a link down takes IPv4
 * routes in silence), a loss of events, and every minute any doubt is removed by one.
 *
 * A dump begins 50 ms after its cause, so that a storm of causes costs one, and dumps
 * take a tenth of the time at most, whatever happens.
 */
#include "kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/event.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "bgp/memory.h"
#include "kernel_link.h"
#include "kernel_view.h"
#include "netlink.h"

enum {
	EVENT_BUFFER = 32 * 1024 * 1024, /* a limit, not an allocation */
	DUMP_BUFFER = 256 * 1024,
	EVENTS_A_TURN = 512,
	DUMP_READS_A_TURN = 8,
	RESYNC_DELAY_MS = 50,
	RESYNC_SHARE = 9, /* rest at least so many times a dump's duration */
	RESYNC_RETRY_MS = 200,
	RESYNC_RETRY_SHIFT_MAX = 6,
	AUDIT_MS = 60 * 1000,
	/* A table that is never at rest is taken as it is. */
	SYNC_TRIES = 5,
	STEPS_MAX = 8,
};

/* One request of a dump. */
struct dump_step {
	int type; /* RTM_GETLINK ... */
	enum family family;
	uint32_t table; /* of RTM_GETROUTE */
};

struct kernel {
	struct event_base *base;
	struct conf_kernel conf; /* scalars alone */
	struct fib_identity id;
	const struct kernel_events *events;
	void *arg;
	struct kernel_events inner; /* what links and view call: ours first */
	struct kernel_hook hook;
	uint32_t writer_port;

	struct kernel_links links;
	struct kernel_view view;

	struct netlink event_socket;
	struct netlink dump_socket;
	struct event *event_ready;
	struct event *dump_ready;
	struct event *timer; /* the next dump */
	void *buffer;

	struct netlink_dump dump;
	struct dump_step steps[STEPS_MAX];
	unsigned n_steps, step;
	bool dumping;
	bool with_links; /* the dump under way includes links and addresses */
	bool incomplete; /* something of it failed or was interrupted */
	bool full;       /* the next one must include links and addresses */
	bool again;      /* another one is wanted */
	bool synced;
	unsigned failures; /* incomplete dumps in a row */
	uint64_t dump_start_ms, dump_end_ms, due_ms;
	struct kernel_counters counters;
};

uint64_t
kernel_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
kernel_log(const struct kernel *k, enum conf_log_level level, const char *format, ...)
{
	char text[320];
	va_list args;

	if (k->events->log == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	k->events->log(k->arg, (int)level, text);
}

/* ---- when to dump ---- */

static void
arm(struct kernel *k, uint64_t due_ms)
{
	uint64_t now = kernel_now_ms(), delay = due_ms > now ? due_ms - now : 0;
	struct timeval tv = { (time_t)(delay / 1000), (suseconds_t)(delay % 1000) * 1000 };

	k->due_ms = due_ms;
	event_add(k->timer, &tv);
}

static void
resync_within(struct kernel *k, uint64_t delay_ms)
{
	uint64_t due = kernel_now_ms() + delay_ms;
	uint64_t rested =
	    k->dump_end_ms + RESYNC_SHARE * (uint64_t)k->counters.last_dump_ms;

	if (k->dumping) {
		k->again = true;
		return;
	}
	if (due < rested)
		due = rested;
	if (due < k->due_ms)
		arm(k, due);
}

void
kernel_resync_soon(struct kernel *k)
{
	resync_within(k, RESYNC_DELAY_MS);
}

/* Links and addresses as well: their events may be among the lost ones. */
static void
resync_all(struct kernel *k)
{
	k->full = true;
	kernel_resync_soon(k);
}

/* ---- messages ---- */

static void
link_changed(struct kernel *k, struct kernel_link *link, unsigned change)
{
	uint32_t ifindex;

	if (change == 0)
		return;
	ifindex = link->ifindex;
	kernel_view_link(&k->view, link, change);
	link = kernel_links_find(&k->links, ifindex);
	if (link != NULL)
		kernel_links_release(&k->links, link);
	if ((change & LINK_WENT_DOWN) != 0)
		kernel_resync_soon(k);
	if (k->hook.network_changed != NULL)
		k->hook.network_changed(k->hook.arg);
}

static void
link_message(struct kernel *k, const struct nlmsghdr *header)
{
	struct kernel_link *link = NULL;
	unsigned change = kernel_links_message(&k->links, header, &link);

	link_changed(k, link, change);
}

static void
address_message(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	if (!kernel_links_address_message(&k->links, header))
		return;
	/* The last IPv4 address of a link takes all its routes along, in silence. */
	if (source == KERNEL_EVENT && header->nlmsg_type == RTM_DELADDR)
		kernel_resync_soon(k);
	if (k->hook.network_changed != NULL)
		k->hook.network_changed(k->hook.arg);
}

/* Called by links with each address that came or left. */
static void
on_address(void *arg, const struct addr *a, unsigned bits, uint32_t ifindex, bool present)
{
	struct kernel *k = arg;
	struct prefix host = prefix_of(a, family_max_bits(a->family));

	if (k->hook.changed != NULL)
		k->hook.changed(k->hook.arg, &host);
	if (k->events->address != NULL)
		k->events->address(k->arg, a, bits, ifindex, present);
}

static void
on_place_changed(void *arg, const struct prefix *prefix)
{
	struct kernel *k = arg;

	if (k->hook.changed != NULL)
		k->hook.changed(k->hook.arg, prefix);
}

static void
own_message(struct kernel *k, const struct nlmsghdr *header, const struct kroute *route,
    enum kernel_source source)
{
	const struct nlmsghdr *foreign;
	bool present = header->nlmsg_type == RTM_NEWROUTE;
	uint32_t port = header->nlmsg_pid;

	if (k->hook.own == NULL)
		return;
	k->hook.own(k->hook.arg, route, source, port, present);
	if (source == KERNEL_EVENT && present && port == k->writer_port &&
	    (header->nlmsg_flags & NLM_F_REPLACE) != 0 &&
	    kernel_view_foreign_at(&k->view, &route->prefix, NULL, &foreign) &&
	    foreign != NULL)
		k->hook.overran(k->hook.arg, &route->prefix, foreign);
}

static void
foreign_message(struct kernel *k, const struct nlmsghdr *header,
    const struct kroute *route, enum kernel_source source)
{
	bool present = header->nlmsg_type == RTM_NEWROUTE, sure;
	bool replaces = source == KERNEL_EVENT && present &&
	    (header->nlmsg_flags & NLM_F_REPLACE) != 0 && route->table == k->id.table &&
	    route->metric == fib_identity_metric(&k->id, route->prefix.family);
	bool beside =
	    replaces && kernel_view_foreign_at(&k->view, &route->prefix, NULL, NULL);

	if (present)
		sure = kernel_view_add(&k->view, route, header, source);
	else
		sure = kernel_view_remove(&k->view, route);
	if (replaces && !beside && k->hook.taken != NULL)
		k->hook.taken(k->hook.arg, &route->prefix, route->protocol);
	if (!sure || beside)
		kernel_resync_soon(k);
}

static void
route_message(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	struct kroute route;

	if (!rtmsg_route_get(header, &route))
		return;
	if (fib_identity_owns(&k->id, &route))
		own_message(k, header, &route, source);
	else if (kernel_view_wants(&k->view, &route))
		foreign_message(k, header, &route, source);
}

static void
handle(struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: link_message(k, header); break;
	case RTM_NEWADDR:
	case RTM_DELADDR: address_message(k, header, source); break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE: route_message(k, header, source); break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		/* Routes of others change with it, in silence. */
		if (header->nlmsg_type == RTM_DELNEXTHOP ||
		    (header->nlmsg_flags & NLM_F_REPLACE) != 0)
			kernel_resync_soon(k);
		break;
	default: break;
	}
}

static void
on_event_message(void *arg, const struct nlmsghdr *header)
{
	struct kernel *k = arg;

	k->counters.events++;
	handle(k, header, KERNEL_EVENT);
}

static void
on_dump_row(void *arg, const struct nlmsghdr *header)
{
	handle(arg, header, KERNEL_DUMP);
}

/* ---- events ---- */

bool
kernel_drain(struct kernel *k, unsigned max)
{
	for (unsigned i = 0; i < max; i++)
		switch (netlink_read(&k->event_socket, k->buffer, on_event_message, k)) {
		case NETLINK_READ_SOME: break;
		case NETLINK_READ_EMPTY: return true;
		case NETLINK_READ_LOST:
			k->counters.losses++;
			kernel_log(k, LOG_LEVEL_NOTICE,
			    "kernel: events were lost, reading everything again");
			resync_all(k);
			break;
		case NETLINK_READ_ERROR:
			kernel_log(k, LOG_LEVEL_ERROR, "kernel: reading events: %s",
			    strerror(errno));
			resync_all(k);
			return true;
		}
	return false;
}

static void
on_event_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kernel_drain(arg, EVENTS_A_TURN);
}

/* ---- dumps ---- */

static struct nl_msg *
dump_request(const struct dump_step *step)
{
	const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	const struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };
	struct nl_msg *msg;

	if (step->type == RTM_GETROUTE)
		return rtmsg_route_dump(step->family, step->table, 0);
	msg = nlmsg_alloc_size(NLMSG_HDRLEN + 128);
	if (msg == NULL)
		return NULL;
	nlmsg_put(msg, 0, 0, step->type, 0, NLM_F_REQUEST | NLM_F_DUMP);
	if (step->type == RTM_GETADDR) {
		nlmsg_append(msg, (void *)(uintptr_t)&ifa, sizeof(ifa), NLMSG_ALIGNTO);
	} else {
		nlmsg_append(msg, (void *)(uintptr_t)&ifi, sizeof(ifi), NLMSG_ALIGNTO);
		nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	}
	return msg;
}

static void
plan_table(struct kernel *k, uint32_t table)
{
	for (int family = FAMILY_IPV4; family < FAMILY_COUNT; family++)
		k->steps[k->n_steps++] =
		    (struct dump_step){ RTM_GETROUTE, (enum family)family, table };
}

static void
plan_dump(struct kernel *k)
{
	k->n_steps = k->step = 0;
	if (k->with_links) {
		k->steps[k->n_steps++] = (struct dump_step){ .type = RTM_GETLINK };
		k->steps[k->n_steps++] = (struct dump_step){ .type = RTM_GETADDR };
	}
	plan_table(k, k->id.table);
	if (!k->dump_socket.strict)
		return; /* all tables come at once */
	if (k->id.table != RT_TABLE_MAIN)
		plan_table(k, RT_TABLE_MAIN);
	if (k->id.table != RT_TABLE_LOCAL &&
	    workload_wants_type(k->view.rules, RTN_LOCAL))
		plan_table(k, RT_TABLE_LOCAL);
}

static void
begin_dump(struct kernel *k)
{
	k->dumping = true;
	k->with_links = k->full;
	k->full = k->again = k->incomplete = false;
	k->dump_start_ms = kernel_now_ms();
	k->due_ms = UINT64_MAX;
	k->counters.dumps++;
	event_del(k->timer);
	plan_dump(k);
	if (k->with_links)
		kernel_links_mark(&k->links);
	kernel_view_dump_begin(&k->view);
	if (k->hook.dump_begin != NULL)
		k->hook.dump_begin(k->hook.arg);
	netlink_dump_start(&k->dump, dump_request(&k->steps[0]));
}

static void
sweep_links(struct kernel *k)
{
	struct kernel_link *link;
	uint32_t cursor = 0;
	unsigned change;

	kernel_links_sweep_addresses(&k->links);
	while ((link = kernel_links_sweep(&k->links, &cursor, &change)) != NULL)
		link_changed(k, link, change);
}

static void
schedule_next(struct kernel *k)
{
	if (k->incomplete) {
		unsigned shift = k->failures < RESYNC_RETRY_SHIFT_MAX
		    ? k->failures
		    : RESYNC_RETRY_SHIFT_MAX;

		k->failures++;
		k->full = k->full || k->with_links;
		resync_within(k, (uint64_t)RESYNC_RETRY_MS << shift);
		return;
	}
	k->failures = 0;
	/* Of a hundred daemons that start together no two audit at one time. */
	k->full = k->full || !k->again;
	if (k->again)
		kernel_resync_soon(k);
	else
		arm(k, k->dump_end_ms + AUDIT_MS - k->event_socket.port % (AUDIT_MS / 8));
}

static void
end_dump(struct kernel *k)
{
	bool complete = !k->incomplete, first;

	k->dumping = false;
	k->dump_end_ms = kernel_now_ms();
	k->counters.last_dump_ms = (uint32_t)(k->dump_end_ms - k->dump_start_ms);
	if (k->with_links && complete)
		sweep_links(k);
	kernel_view_dump_end(&k->view, complete);
	schedule_next(k);
	first = !k->synced && (complete || k->failures >= SYNC_TRIES);
	k->synced = k->synced || first;
	if (k->hook.dump_end != NULL)
		k->hook.dump_end(k->hook.arg, complete);
	if (first && k->events->synced != NULL)
		k->events->synced(k->arg);
}

static void
step_failed(struct kernel *k)
{
	/* The table does not exist until somebody puts a route into it; or there is
	 * no such family. */
	if (k->steps[k->step].type == RTM_GETROUTE &&
	    (k->dump.error == ENOENT || k->dump.error == EAFNOSUPPORT ||
		k->dump.error == EOPNOTSUPP))
		return;
	k->incomplete = true;
	kernel_log(k, LOG_LEVEL_WARNING, "kernel: dump: %s", strerror(k->dump.error));
}

/* Goes on with the steps until one has to be waited for. */
static void
advance(struct kernel *k)
{
	while (k->dumping && k->dump.status != DUMP_ACTIVE) {
		if (k->dump.status == DUMP_FAILED)
			step_failed(k);
		if (k->dump.status == DUMP_INTERRUPTED)
			k->incomplete = true;
		if (++k->step == k->n_steps)
			end_dump(k);
		else
			netlink_dump_start(&k->dump, dump_request(&k->steps[k->step]));
	}
}

static void
on_dump_ready(evutil_socket_t fd, short what, void *arg)
{
	struct kernel *k = arg;

	(void)fd;
	(void)what;
	if (!k->dumping) {
		netlink_read(&k->dump_socket, k->buffer, on_dump_row, k);
		return;
	}
	for (unsigned i = 0; i < DUMP_READS_A_TURN && k->dumping; i++) {
		netlink_dump_read(&k->dump, k->buffer);
		advance(k);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct kernel *k = arg;

	(void)fd;
	(void)what;
	if (k->dumping)
		return;
	begin_dump(k);
	advance(k);
}

/* ---- life ---- */

static void
take_scalars(struct kernel *k, const struct conf_kernel *conf)
{
	k->conf = *conf;
	k->conf.imports = NULL;
	k->conf.n_imports = 0;
	k->id = (struct fib_identity){ conf->table, conf->metric, conf->protocol };
}

static bool
open_sockets(struct kernel *k, char *err, size_t errlen)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };

	if (!netlink_open(&k->event_socket, EVENT_BUFFER, err, errlen) ||
	    !netlink_open(&k->dump_socket, DUMP_BUFFER, err, errlen))
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (!netlink_join(&k->event_socket, groups[i])) {
			snprintf(err, errlen, "netlink group %d cannot be joined", groups[i]);
			return false;
		}
	netlink_join(&k->event_socket, RTNLGRP_NEXTHOP); /* since Linux 5.3 */
	k->dump = (struct netlink_dump){ .nl = &k->dump_socket, .row = on_dump_row, .arg = k };
	k->event_ready = event_new(
	    k->base, k->event_socket.fd, EV_READ | EV_PERSIST, on_event_ready, k);
	k->dump_ready = event_new(
	    k->base, k->dump_socket.fd, EV_READ | EV_PERSIST, on_dump_ready, k);
	k->timer = evtimer_new(k->base, on_timer, k);
	if (k->event_ready == NULL || k->dump_ready == NULL || k->timer == NULL ||
	    event_add(k->event_ready, NULL) != 0 || event_add(k->dump_ready, NULL) != 0) {
		snprintf(err, errlen, "netlink sockets cannot be watched");
		return false;
	}
	return true;
}

struct kernel *
kernel_new(struct event_base *base, const struct conf_kernel *conf,
    const struct kernel_events *events, void *arg, char *err, size_t errlen)
{
	struct workload_rules *rules = workload_rules_new(conf, err, errlen);
	struct kernel *k;

	if (rules == NULL)
		return NULL;
	k = mem_zero(1, sizeof(*k));
	k->base = base;
	k->events = events;
	k->arg = arg;
	k->inner = (struct kernel_events){ .address = on_address };
	k->buffer = mem_alloc(NETLINK_BUFFER_LEN);
	k->event_socket.fd = k->dump_socket.fd = -1;
	take_scalars(k, conf);
	kernel_links_init(&k->links, &k->inner, k);
	k->view.links = &k->links;
	k->view.rules = rules;
	k->view.id = k->id;
	k->view.events = events;
	k->view.arg = arg;
	k->view.changed = on_place_changed;
	k->view.owner = k;
	kernel_view_init(&k->view);
	k->due_ms = UINT64_MAX;
	k->full = true;
	if (!open_sockets(k, err, errlen)) {
		kernel_free(k);
		return NULL;
	}
	arm(k, 0);
	return k;
}

void
kernel_free(struct kernel *k)
{
	if (k == NULL)
		return;
	if (k->event_ready != NULL)
		event_free(k->event_ready);
	if (k->dump_ready != NULL)
		event_free(k->dump_ready);
	if (k->timer != NULL)
		event_free(k->timer);
	netlink_close(&k->event_socket);
	netlink_close(&k->dump_socket);
	kernel_view_destroy(&k->view);
	kernel_links_destroy(&k->links);
	free(k->buffer);
	free(k);
}

bool
kernel_reconfigure(
    struct kernel *k, const struct conf_kernel *conf, char *err, size_t errlen)
{
	struct workload_rules *rules = workload_rules_new(conf, err, errlen);
	struct fib_identity old = k->id;

	if (rules == NULL)
		return false;
	take_scalars(k, conf);
	kernel_view_reload(&k->view, rules, &k->id);
	/* A table that was not looked at may matter now. */
	kernel_resync_soon(k);
	if (k->hook.reconfigured != NULL)
		k->hook.reconfigured(k->hook.arg, &old);
	return true;
}

void
kernel_set_hook(struct kernel *k, const struct kernel_hook *hook, uint32_t port)
{
	k->hook = hook != NULL ? *hook : (struct kernel_hook){ 0 };
	k->writer_port = port;
	if (hook != NULL && (k->synced || k->dumping))
		kernel_resync_soon(k);
}

void
kernel_set_event_buffer(struct kernel *k, int octets)
{
	setsockopt(k->event_socket.fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
}

/* ---- questions ---- */

struct event_base *
kernel_event_base(const struct kernel *k)
{
	return k->base;
}

const struct fib_identity *
kernel_identity(const struct kernel *k)
{
	return &k->id;
}

const struct conf_kernel *
kernel_conf(const struct kernel *k)
{
	return &k->conf;
}

void *
kernel_buffer(struct kernel *k)
{
	return k->buffer;
}

bool
kernel_is_synced(const struct kernel *k)
{
	return k->synced;
}

bool
kernel_is_local_address(const struct kernel *k, const struct addr *a)
{
	return kernel_links_is_local(&k->links, a);
}

bool
kernel_is_connected(const struct kernel *k, const struct addr *a, uint32_t *ifindex,
    struct prefix *subnet)
{
	return kernel_links_connected(&k->links, a, ifindex, subnet);
}

uint32_t
kernel_address_link(const struct kernel *k, const struct addr *a)
{
	return kernel_links_of_address(&k->links, a);
}

struct addr
kernel_link_address(const struct kernel *k, uint32_t ifindex, enum family family)
{
	return kernel_links_address(&k->links, ifindex, family);
}

const char *
kernel_link_name(const struct kernel *k, uint32_t ifindex)
{
	const struct kernel_link *link = kernel_links_find(&k->links, ifindex);

	return link != NULL && link->known ? link->name : "?";
}

uint32_t
kernel_link_index(const struct kernel *k, const char *name)
{
	const struct kernel_link *link = kernel_links_by_name(&k->links, name);

	return link != NULL ? link->ifindex : 0;
}

bool
kernel_link_is_up(const struct kernel *k, uint32_t ifindex)
{
	const struct kernel_link *link = kernel_links_find(&k->links, ifindex);

	return link != NULL && kernel_link_usable(link);
}

bool
kernel_prefix_is_connected(const struct kernel *k, const struct prefix *prefix)
{
	return kernel_view_is_connected(&k->view, prefix) ||
	    kernel_links_is_local_prefix(&k->links, prefix);
}

bool
kernel_foreign_at(
    const struct kernel *k, const struct prefix *prefix, uint8_t *protocol)
{
	return kernel_view_foreign_at(&k->view, prefix, protocol, NULL);
}

void
kernel_counters(const struct kernel *k, struct kernel_counters *out)
{
	*out = k->counters;
	out->links = k->links.n;
	out->addresses = k->links.n_addresses;
	out->foreign_prefixes = k->view.nodes.n;
}
