/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tunnel device.  The kernel's IP in IP module brings its own "tunl0" into every
 * network namespace, down and without an address: that one is brought up, too.
 */
#include "tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipip.h>
#include <netlink/socket.h>

#include "bgp/memory.h"

/* The next try to make the device, or to bring it up. */
enum { RETRY_FIRST_S = 1, RETRY_MAX_S = 60 };

struct tunnel {
	struct kernel *k;
	const struct tunnel_events *events;
	void *arg;
	struct event *retry;
	bool tried;     /* the kernel refused: not again before the timer */
	bool addressed; /* asked for since the last reload */
	unsigned delay_s;
	uint32_t ifindex;
	char trouble[TUNNEL_TEXT_LEN];
};

/* ---- what is done to the kernel; each returns 0 or libnl's error ---- */

static struct nl_sock *
socket_open(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (sock != NULL && nl_connect(sock, NETLINK_ROUTE) < 0) {
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

static int
make_device(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *link = rtnl_link_ipip_alloc();
	int error;

	if (link == NULL)
		return -NLE_NOMEM;
	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(link, IFF_UP);
	error = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	return error;
}

static int
bring_up(struct nl_sock *sock, struct rtnl_link *link)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int error;

	if (change == NULL)
		return -NLE_NOMEM;
	rtnl_link_set_flags(change, IFF_UP);
	error = rtnl_link_change(sock, link, change, 0);
	rtnl_link_put(change);
	return error;
}

static struct rtnl_addr *
host_address(uint32_t ifindex, const struct addr *a)
{
	struct nl_addr *local = nl_addr_build(AF_INET, a->bytes, 4);
	struct rtnl_addr *address = rtnl_addr_alloc();

	if (local != NULL && address != NULL) {
		nl_addr_set_prefixlen(local, 32);
		rtnl_addr_set_ifindex(address, (int)ifindex);
		if (rtnl_addr_set_local(address, local) == 0) {
			nl_addr_put(local);
			return address;
		}
	}
	nl_addr_put(local);
	rtnl_addr_put(address);
	return NULL;
}

static int
add_address(struct nl_sock *sock, uint32_t ifindex, const struct addr *a)
{
	struct rtnl_addr *address = host_address(ifindex, a);
	int error;

	if (address == NULL)
		return -NLE_NOMEM;
	error = rtnl_addr_add(sock, address, 0);
	rtnl_addr_put(address);
	return error == -NLE_EXIST ? 0 : error;
}

/*
 * The kernel answers at once; a module may be loaded on the way.  *acted: events will
 * tell of what was done.
 */
static int
prepare(const struct tunnel *t, struct nl_sock *sock, bool *acted)
{
	const struct conf_kernel *conf = kernel_conf(t->k);
	struct rtnl_link *link = NULL;
	const char *type;
	int error;

	error = rtnl_link_get_kernel(sock, 0, conf->tunnel.device, &link);
	if (error == -NLE_OBJ_NOTFOUND || error == -NLE_NODEV) {
		error = make_device(sock, conf->tunnel.device);
		*acted = error == 0;
		if (error == 0)
			error =
			    rtnl_link_get_kernel(sock, 0, conf->tunnel.device, &link);
	}
	if (error < 0)
		return error;
	type = rtnl_link_get_type(link);
	if (type != NULL && strcmp(type, "ipip") == 0) {
		if ((rtnl_link_get_flags(link) & IFF_UP) == 0) {
			error = bring_up(sock, link);
			*acted = error == 0;
		}
		if (error == 0 && conf->prefer_source.family == FAMILY_IPV4)
			error = add_address(sock, (uint32_t)rtnl_link_get_ifindex(link),
			    &conf->prefer_source);
	}
	rtnl_link_put(link);
	return error;
}

/* ---- what is wrong ---- */

static void
explain(const struct tunnel *t, int error, char *text)
{
	const char *device = kernel_conf(t->k)->tunnel.device;
	bool exists = kernel_link_index(t->k, device) != 0;

	if (error == -NLE_OPNOTSUPP)
		snprintf(text, TUNNEL_TEXT_LEN,
		    "device %s does not exist, and this kernel has no IP in IP to make "
		    "it",
		    device);
	else if (error == -NLE_PERM)
		snprintf(text, TUNNEL_TEXT_LEN,
		    "device %s %s: no CAP_NET_ADMIN to change that", device,
		    exists ? "is down" : "does not exist");
	else if (error == -NLE_EXIST)
		snprintf(text, TUNNEL_TEXT_LEN,
		    "device %s cannot be made: another IP in IP device, the kernel's "
		    "own tunl0 most likely, takes all packets",
		    device);
	else if (error < 0)
		snprintf(text, TUNNEL_TEXT_LEN, "device %s cannot be %s: %s", device,
		    exists ? "brought up" : "made", nl_geterror(error));
	else
		snprintf(text, TUNNEL_TEXT_LEN, "device %s is down", device);
}

static void
retry_later(struct tunnel *t)
{
	struct timeval tv;

	t->tried = true;
	t->delay_s = t->delay_s == 0 ? RETRY_FIRST_S : 2 * t->delay_s;
	if (t->delay_s > RETRY_MAX_S)
		t->delay_s = RETRY_MAX_S;
	tv = (struct timeval){ .tv_sec = (time_t)t->delay_s };
	event_add(t->retry, &tv);
}

/* Makes it, brings it up, gives it its address: whichever is wanting. */
static int
change_kernel(struct tunnel *t, bool *acted)
{
	struct nl_sock *sock = socket_open();
	int error = sock == NULL ? -NLE_NOMEM : prepare(t, sock, acted);

	nl_socket_free(sock);
	t->addressed = true;
	return error;
}

/* False: nothing came of it, and `trouble` says why. */
static bool
repair(struct tunnel *t, char *trouble)
{
	bool acted = false;

	if (t->tried) {
		snprintf(trouble, TUNNEL_TEXT_LEN, "%s", t->trouble);
		return false;
	}
	explain(t, change_kernel(t, &acted), trouble);
	retry_later(t);
	return acted;
}

/* A reload may name another address. */
static void
see_to_address(struct tunnel *t)
{
	const struct addr *source = &kernel_conf(t->k)->prefer_source;
	bool acted = false;

	if (!t->addressed && source->family == FAMILY_IPV4 &&
	    !kernel_is_local_address(t->k, source))
		(void)change_kernel(t, &acted);
	t->addressed = true;
}

static bool
is_asked_for(const struct tunnel *t)
{
	const struct conf_kernel *conf = kernel_conf(t->k);

	return conf->install && conf->tunnel.device[0] != '\0' &&
	       conf->tunnel.mode != CONF_TUNNEL_NEVER;
}

static void
settle(struct tunnel *t, uint32_t ifindex, const char *trouble, bool coming)
{
	const char *device = kernel_conf(t->k)->tunnel.device;

	if (ifindex == t->ifindex && strcmp(trouble, t->trouble) == 0)
		return;
	if (trouble[0] != '\0' && strcmp(trouble, t->trouble) != 0)
		kernel_log(t->k, coming ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
		    "tunnel: %s: its routes wait", trouble);
	else if (ifindex != 0 && ifindex != t->ifindex)
		kernel_log(
		    t->k, LOG_LEVEL_NOTICE, "tunnel: device %s is in use", device);
	t->ifindex = ifindex;
	snprintf(t->trouble, sizeof(t->trouble), "%s", trouble);
	t->events->changed(t->arg);
}

void
tunnel_check(struct tunnel *t)
{
	char trouble[TUNNEL_TEXT_LEN] = "";
	uint32_t ifindex;

	if (!kernel_is_synced(t->k))
		return;
	if (!is_asked_for(t)) {
		settle(t, 0, "", false);
		return;
	}
	ifindex = kernel_link_index(t->k, kernel_conf(t->k)->tunnel.device);
	if (ifindex == 0 || !kernel_link_is_up(t->k, ifindex)) {
		bool coming = repair(t, trouble);

		settle(t, 0, trouble, coming);
		return;
	}
	see_to_address(t);
	t->tried = false;
	t->delay_s = 0;
	settle(t, ifindex, "", false);
}

void
tunnel_reconfigured(struct tunnel *t)
{
	t->tried = t->addressed = false;
	t->delay_s = 0;
	tunnel_check(t);
}

/* ---- life ---- */

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct tunnel *t = arg;

	(void)fd;
	(void)what;
	t->tried = false;
	tunnel_check(t);
}

struct tunnel *
tunnel_new(struct kernel *k, const struct tunnel_events *events, void *arg)
{
	struct tunnel *t = mem_zero(1, sizeof(*t));

	t->k = k;
	t->events = events;
	t->arg = arg;
	t->retry = event_new(kernel_event_base(k), -1, 0, on_retry, t);
	if (t->retry == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
tunnel_free(struct tunnel *t)
{
	if (t == NULL)
		return;
	event_free(t->retry);
	free(t);
}

uint32_t
tunnel_ifindex(const struct tunnel *t)
{
	return t->ifindex;
}

const char *
tunnel_trouble(const struct tunnel *t)
{
	return t->trouble;
}
