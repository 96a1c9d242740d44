/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel as it is.  Events keep the view in step; a dump (kernel_dump.c) follows
 * whatever events do not tell (a link down takes IPv4 routes in silence) and a loss of
 * events, and every minute any doubt is removed by one.
 */
#include "kernel.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "bgp/memory.h"
#include "clock.h"
#include "kernel_internal.h"

enum {
	EVENT_BUFFER = 32 * 1024 * 1024, /* a limit, not an allocation */
	DUMP_BUFFER = 256 * 1024,
	EVENTS_A_TURN = 512,
};

uint64_t
kernel_now_ms(void)
{
	return clock_ms();
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

/* ---- messages ---- */

/*
 * Something left.  A dump of links and addresses that runs may show it all the same,
 * from the instant before: then another one has to follow.
 */
static void
resync_after_loss(struct kernel *k)
{
	if (k->dumping && k->with_links)
		kernel_resync_all(k);
	else
		kernel_resync_soon(k);
}

void
kernel_link_changed(struct kernel *k, struct kernel_link *link, unsigned change)
{
	uint32_t ifindex;

	if (change == 0)
		return;
	ifindex = link->ifindex;
	if (k->events->link != NULL)
		k->events->link(k->arg, ifindex, link->name, kernel_link_up(link),
		    kernel_link_usable(link));
	kernel_view_link(&k->view, link, change);
	link = kernel_links_find(&k->links, ifindex);
	if (link != NULL)
		kernel_links_release(&k->links, link);
	/* Nexthop objects go, with their routes, when the carrier does. */
	if ((change & LINK_WENT_DOWN) != 0 ||
	    ((change & LINK_CARRIER) != 0 && !kernel_link_is_up(k, ifindex)))
		resync_after_loss(k);
	if (k->hook.network_changed != NULL)
		k->hook.network_changed(k->hook.arg);
	if (k->events->links != NULL)
		k->events->links(k->arg);
}

static void
link_message(struct kernel *k, const struct nlmsghdr *header)
{
	struct kernel_link *link = NULL;
	unsigned change = kernel_links_message(&k->links, header, &link);

	kernel_link_changed(k, link, change);
}

static void
address_message(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	if (!kernel_links_address_message(&k->links, header))
		return;
	/* The last IPv4 address of a link takes all its routes along, in silence. */
	if (source == KERNEL_EVENT && header->nlmsg_type == RTM_DELADDR)
		resync_after_loss(k);
	if (k->hook.network_changed != NULL)
		k->hook.network_changed(k->hook.arg);
}

/* Called by links with each address that came or left. */
static void
on_address(
    void *arg, const struct addr *a, unsigned bits, uint32_t ifindex, bool present)
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
		k->hook.overran(
		    k->hook.arg, &route->prefix, foreign, header->nlmsg_seq);
}

static void
foreign_message(struct kernel *k, const struct nlmsghdr *header,
    const struct kroute *route, enum kernel_source source)
{
	bool present = header->nlmsg_type == RTM_NEWROUTE, sure;
	bool replaces =
	    source == KERNEL_EVENT && present &&
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
	if (fib_identity_owns(&k->id, &route)) {
		own_message(k, header, &route, source);
		return;
	}
	if (route.nexthop != 0 && k->hook.borrowed != NULL)
		k->hook.borrowed(k->hook.arg, route.nexthop);
	if (kernel_view_wants(&k->view, &route))
		foreign_message(k, header, &route, source);
}

static void
nexthop_message(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	bool present = header->nlmsg_type == RTM_NEWNEXTHOP;
	struct nhmsg_object object;

	/* Its routes go with it, in silence.  We delete those that have none. */
	if (!present && header->nlmsg_pid != k->writer_port)
		kernel_resync_soon(k);
	if (k->hook.nexthop != NULL && nhmsg_get(header, &object))
		k->hook.nexthop(
		    k->hook.arg, &object, source, header->nlmsg_pid, present);
}

void
kernel_handle(
    struct kernel *k, const struct nlmsghdr *header, enum kernel_source source)
{
	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: link_message(k, header); break;
	case RTM_NEWADDR:
	case RTM_DELADDR: address_message(k, header, source); break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE: route_message(k, header, source); break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP: nexthop_message(k, header, source); break;
	default: break;
	}
}

static void
on_event_message(void *arg, const struct nlmsghdr *header)
{
	struct kernel *k = arg;

	k->counters.events++;
	kernel_handle(k, header, KERNEL_EVENT);
}

/* ---- events ---- */

bool
kernel_drain(struct kernel *k, unsigned max)
{
	for (unsigned i = 0; i < max; i++)
		switch (
		    netlink_read(&k->event_socket, k->buffer, on_event_message, k)) {
		case NETLINK_READ_SOME: break;
		case NETLINK_READ_EMPTY: return true;
		case NETLINK_READ_LOST:
			k->counters.losses++;
			kernel_log(k, LOG_LEVEL_NOTICE,
			    "kernel: events were lost, reading everything again");
			kernel_resync_all(k);
			break;
		case NETLINK_READ_ERROR:
			kernel_log(k, LOG_LEVEL_ERROR, "kernel: reading events: %s",
			    strerror(errno));
			kernel_resync_all(k);
			return true;
		}
	return false;
}

static void
on_event_ready(evutil_socket_t fd, short what, void *arg)
{
	struct kernel *k = arg;

	(void)fd;
	(void)what;
	if (!k->paused) {
		kernel_drain(k, EVENTS_A_TURN);
		return;
	}
	k->muted = true;
	event_del(k->event_ready);
}

bool
kernel_events_wait(const struct kernel *k)
{
	struct pollfd poller = { .fd = k->event_socket.fd, .events = POLLIN };

	return poll(&poller, 1, 0) > 0;
}

void
kernel_pause_events(struct kernel *k, bool paused)
{
	k->paused = paused;
	if (paused || !k->muted)
		return;
	k->muted = false;
	event_add(k->event_ready, NULL);
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
			snprintf(err, errlen, "netlink group %d cannot be joined",
			    groups[i]);
			return false;
		}
	netlink_join(&k->event_socket, RTNLGRP_NEXTHOP); /* since Linux 5.3 */
	k->event_ready = event_new(
	    k->base, k->event_socket.fd, EV_READ | EV_PERSIST, on_event_ready, k);
	if (k->event_ready == NULL || event_add(k->event_ready, NULL) != 0 ||
	    !kernel_dump_open(k)) {
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
	if (!open_sockets(k, err, errlen)) {
		kernel_free(k);
		return NULL;
	}
	return k;
}

void
kernel_free(struct kernel *k)
{
	if (k == NULL)
		return;
	if (k->event_ready != NULL)
		event_free(k->event_ready);
	kernel_dump_close(k);
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
	netlink_skip_writes_of(&k->event_socket, hook != NULL ? port : 0);
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
kernel_has_nexthops(const struct kernel *k)
{
	return !k->no_nexthops;
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

struct addr
kernel_link_local_address(const struct kernel *k, uint32_t ifindex)
{
	return kernel_links_link_local(&k->links, ifindex);
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
