/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One raw socket for all links, and a small table of who is heard on each.  Anybody on
 * a link can send advertisements: the table is bounded, what is read a turn is, too,
 * and all that comes of a forged one is a connection to an address on that same link.
 */
#include "unnumbered.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp/memory.h"
#include "bgp/peer.h"
#include "log.h"
#include "ra.h"
#include "ra_socket.h"

enum {
	ROUTERS_MAX = 8,     /* remembered of one link */
	INTERVAL_MS = 10000, /* between our advertisements; FRR's for unnumbered */
	LIFETIME_S = 30,     /* three of those, RFC 4861 6.2.1 */
	FAST_MS = 1000,      /* … at first, and after one that is new */
	FAST_COUNT = 4,
	MIN_GAP_MS = 500, /* at most so often when asked */
	SILENT_MIN_S =
	    30, /* without a lifetime of its own, a router is heard so long */
	SILENT_NONE_S = 60,
	SILENT_MAX_S = 1800,
	READ_A_TURN = 64,
};

static_assert(LIFETIME_S * 1000 == 3 * INTERVAL_MS, "RFC 4861 6.2.1");

struct heard {
	struct addr address;
	uint64_t until_ms;
};

struct ra_link {
	struct ra_link *next;
	char name[CONF_INTERFACE_LEN];
	uint32_t ifindex;                  /* 0: cannot be used now */
	struct heard routers[ROUTERS_MAX]; /* in the order they came */
	unsigned n_routers;
	struct addr chosen; /* FAMILY_NONE: none */
	uint64_t send_ms;   /* the next of ours */
	uint64_t sent_ms;
	unsigned fast;   /* so many of them soon */
	bool complained; /* that sending fails */
	bool configured;
};

struct unnumbered {
	struct daemon *daemon;
	struct ra_link *links;
	int fd; /* -1: not open */
	struct event *readable, *timer;
	char trouble[96];
};

/* ---- socket ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg);

static void
open_socket(struct unnumbered *u)
{
	int fd;

	if (u->fd >= 0)
		return;
	fd = ra_socket_open();
	if (fd < 0) {
		snprintf(u->trouble, sizeof(u->trouble),
		    "router advertisements can be neither sent nor heard: %s%s",
		    strerror(errno), errno == EPERM ? ", no CAP_NET_RAW" : "");
		log_error("unnumbered peers: %s", u->trouble);
		return;
	}
	u->trouble[0] = '\0';
	u->fd = fd;
	u->readable =
	    event_new(u->daemon->base, fd, EV_READ | EV_PERSIST, on_readable, u);
	event_priority_set(u->readable, PRIORITY_SOCKET);
	event_add(u->readable, NULL);
}

static void
close_socket(struct unnumbered *u)
{
	if (u->fd < 0)
		return;
	event_free(u->readable);
	close(u->fd);
	u->fd = -1;
}

/* ---- sending ---- */

static void
advertise(const struct unnumbered *u, struct ra_link *l, uint16_t lifetime_s)
{
	const struct addr from =
	    kernel_link_local_address(u->daemon->kernel, l->ifindex);
	uint8_t octets[RA_MAX_LEN], mac[RA_MAC_LEN];
	size_t len;

	/* From one address of several always, or we were several routers to others.
	 * While there is none it waits: unnumbered_link() comes with the first. */
	if (u->fd < 0 || l->ifindex == 0 || from.family == FAMILY_NONE)
		return;
	len =
	    ra_put(octets, lifetime_s, ra_socket_mac(u->fd, l->name, mac) ? mac : NULL);
	l->sent_ms = now_ms();
	if (ra_socket_send(u->fd, l->ifindex, &from, octets, len)) {
		l->complained = false;
		return;
	}
	if (l->complained)
		return;
	l->complained = true;
	log_warning(
	    "%s: a router advertisement cannot be sent: %s", l->name, strerror(errno));
}

static void arm(struct unnumbered *u);

/* Somebody new should hear of us at once, and if that one gets lost, soon. */
static void
advertise_soon(struct unnumbered *u, struct ra_link *l)
{
	uint64_t now = now_ms();

	l->fast = FAST_COUNT;
	l->send_ms = l->sent_ms + MIN_GAP_MS > now ? l->sent_ms + MIN_GAP_MS : now;
	arm(u);
}

/* ---- who is heard ---- */

static struct ra_link *
find_link(const struct unnumbered *u, const char *name)
{
	struct ra_link *l = u->links;

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->next;
	return l;
}

static struct ra_link *
find_index(const struct unnumbered *u, uint32_t ifindex)
{
	struct ra_link *l = u->links;

	while (l != NULL && l->ifindex != ifindex)
		l = l->next;
	return l;
}

static unsigned
router_index(const struct ra_link *l, const struct addr *address)
{
	unsigned i = 0;

	while (i < l->n_routers && !addr_equal(&l->routers[i].address, address))
		i++;
	return i;
}

static void
choose(struct unnumbered *u, struct ra_link *l, const struct addr *address)
{
	l->chosen = *address;
	u->daemon->bfd_due = true;
	daemon_set_now(u->daemon);
	speaker_neighbor(u->daemon->speaker, l->name, address);
	daemon_wake(u->daemon);
}

/* Who is heard on the link is another, or one more. */
static void
routers_changed(struct unnumbered *u)
{
	u->daemon->links_due = true;
	daemon_wake(u->daemon);
}

/* The one there is stays; who left, or was never there, makes room for the oldest. */
static void
review(struct unnumbered *u, struct ra_link *l)
{
	struct addr none = addr_none();

	if (l->chosen.family != FAMILY_NONE &&
	    router_index(l, &l->chosen) < l->n_routers)
		return;
	if (l->n_routers > 0)
		choose(u, l, &l->routers[0].address);
	else if (l->chosen.family != FAMILY_NONE)
		choose(u, l, &none);
}

static void
drop_router(struct ra_link *l, unsigned i)
{
	memmove(&l->routers[i], &l->routers[i + 1],
	    (--l->n_routers - i) * sizeof(l->routers[0]));
}

static void
expire(struct unnumbered *u, struct ra_link *l, uint64_t now)
{
	char text[ADDR_TEXT_LEN];

	for (unsigned i = l->n_routers; i-- > 0;)
		if (l->routers[i].until_ms <= now) {
			log_info("%s: the router %s is silent", l->name,
			    addr_format(&l->routers[i].address, text));
			drop_router(l, i);
			routers_changed(u);
		}
	review(u, l);
}

static void
note_router(struct unnumbered *u, struct ra_link *l, const struct addr *from)
{
	char text[ADDR_TEXT_LEN], peer[ADDR_TEXT_LEN];

	if (l->n_routers == ROUTERS_MAX)
		return;
	l->routers[l->n_routers++] = (struct heard){ .address = *from };
	log_info("%s: router %s is heard", l->name, addr_format(from, text));
	routers_changed(u);
	review(u, l);
	if (l->n_routers > 1)
		log_warning("%s: more than one router is on this link: the peer is %s, "
			    "%s is passed over",
		    l->name, addr_format(&l->chosen, peer), text);
	advertise_soon(u, l);
}

static uint64_t
heard_until(uint64_t now, uint16_t lifetime_s)
{
	uint64_t s = lifetime_s == 0 ? SILENT_NONE_S : lifetime_s;

	s = s < SILENT_MIN_S ? SILENT_MIN_S : s > SILENT_MAX_S ? SILENT_MAX_S : s;
	return now + s * 1000;
}

static void
on_advertisement(struct unnumbered *u, struct ra_link *l, const struct addr *from,
    const struct ra *ra)
{
	unsigned i = router_index(l, from);

	if (i == l->n_routers)
		note_router(u, l, from);
	i = router_index(l, from);
	if (i < l->n_routers)
		l->routers[i].until_ms = heard_until(now_ms(), ra->lifetime_s);
	arm(u);
}

/* ---- receiving ---- */

static void
judge(struct unnumbered *u, uint32_t ifindex, const struct addr *from,
    const uint8_t *octets, size_t len)
{
	struct ra_link *l = ifindex == 0 ? NULL : find_index(u, ifindex);
	const struct addr ours = kernel_link_local_address(u->daemon->kernel, ifindex);
	struct ra ra;

	if (l == NULL || addr_equal(from, &ours))
		return;
	if (addr_is_link_local(from) && ra_get(octets, len, &ra))
		on_advertisement(u, l, from, &ra);
	else if (rs_get(octets, len))
		advertise_soon(u, l);
}

/* False: there is no more. */
static bool
read_one(struct unnumbered *u)
{
	uint8_t octets[RA_MESSAGE_MAX];
	struct addr from;
	uint32_t ifindex;
	size_t len;

	if (!ra_socket_receive(u->fd, octets, &len, &from, &ifindex))
		return false;
	if (len > 0)
		judge(u, ifindex, &from, octets, len);
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct unnumbered *u = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < READ_A_TURN && read_one(u); i++)
		continue;
}

/* ---- time ---- */

static void
send_due(struct unnumbered *u, struct ra_link *l, uint64_t now)
{
	if (l->ifindex == 0 || l->send_ms > now)
		return;
	advertise(u, l, LIFETIME_S);
	/* RFC 4861 6.2.4: not all in step; from three quarters of the interval on */
	l->send_ms = now + (l->fast > 0 ? FAST_MS
					: INTERVAL_MS * 3 / 4 +
					      (now ^ l->ifindex * 2654435761u) %
						  (INTERVAL_MS / 4));
	if (l->fast > 0)
		l->fast--;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct unnumbered *u = arg;
	uint64_t now = now_ms();

	(void)fd;
	(void)what;
	for (struct ra_link *l = u->links; l != NULL; l = l->next) {
		expire(u, l, now);
		send_due(u, l, now);
	}
	arm(u);
}

static void
arm(struct unnumbered *u)
{
	uint64_t at = UINT64_MAX, now = now_ms();
	struct timeval tv;

	for (const struct ra_link *l = u->links; l != NULL; l = l->next) {
		if (l->ifindex != 0 && l->send_ms < at)
			at = l->send_ms;
		for (unsigned i = 0; i < l->n_routers; i++)
			if (l->routers[i].until_ms < at)
				at = l->routers[i].until_ms;
	}
	if (at == UINT64_MAX) {
		event_del(u->timer);
		return;
	}
	at = at > now ? at - now : 0;
	tv.tv_sec = (time_t)(at / 1000);
	tv.tv_usec = (suseconds_t)(at % 1000 * 1000);
	event_add(u->timer, &tv);
}

/* ---- links ---- */

/* What the link's number is now.  Who was heard on another one is not here. */
static void
look_at_link(struct unnumbered *u, struct ra_link *l)
{
	const struct kernel *k = u->daemon->kernel;
	uint32_t ifindex = kernel_link_index(k, l->name);

	if (ifindex != 0 && !kernel_link_is_up(k, ifindex))
		ifindex = 0;
	if (ifindex != l->ifindex) {
		l->ifindex = ifindex;
		l->n_routers = 0;
		routers_changed(u);
		review(u, l);
		if (ifindex != 0)
			ra_socket_join(u->fd, ifindex);
	} else if (l->sent_ms != 0) {
		return;
	}
	l->sent_ms = 0; /* it may have no address yet: then this is called again */
	if (ifindex != 0)
		advertise_soon(u, l);
}

void
unnumbered_link(struct unnumbered *u)
{
	for (struct ra_link *l = u->links; l != NULL; l = l->next)
		look_at_link(u, l);
	arm(u);
}

static void
add_link(struct unnumbered *u, const char *name)
{
	struct ra_link *l = find_link(u, name);

	if (l == NULL) {
		l = mem_zero(1, sizeof(*l));
		snprintf(l->name, sizeof(l->name), "%s", name);
		l->chosen = addr_none();
		l->next = u->links;
		u->links = l;
	}
	l->configured = true;
}

static void
remove_link(struct unnumbered *u, struct ra_link **at)
{
	struct ra_link *l = *at;

	advertise(u, l, 0); /* RFC 4861 6.2.5 */
	*at = l->next;
	free(l);
}

void
unnumbered_configure(struct unnumbered *u)
{
	const struct conf *conf = speaker_conf(u->daemon->speaker);
	struct ra_link **at = &u->links;

	routers_changed(u);
	for (struct ra_link *l = u->links; l != NULL; l = l->next)
		l->configured = false;
	for (size_t i = 0; i < conf->n_peers; i++)
		if (conf_peer_is_unnumbered(&conf->peers[i]))
			add_link(u, conf->peers[i].interface);
	while (*at != NULL) {
		if ((*at)->configured)
			at = &(*at)->next;
		else
			remove_link(u, at);
	}
	if (u->links == NULL) {
		close_socket(u);
		arm(u);
		return;
	}
	open_socket(u);
	unnumbered_link(u);
	/* A peer that is new to the speaker knows nothing of what was told before. */
	for (struct ra_link *l = u->links; l != NULL; l = l->next)
		choose(u, l, &l->chosen);
}

/* ---- sessions ---- */

static struct ra_link *
link_of(const struct unnumbered *u, const struct peer *peer)
{
	return peer != NULL && conf_peer_is_unnumbered(&peer->conf)
		   ? find_link(u, peer->conf.interface)
		   : NULL;
}

void
unnumbered_peer_up(struct unnumbered *u, const struct peer *peer)
{
	struct ra_link *l = link_of(u, peer);

	if (l != NULL && router_index(l, &peer->address) < l->n_routers)
		l->chosen = peer->address;
}

void
unnumbered_peer_failed(struct unnumbered *u, const struct peer *peer)
{
	struct ra_link *l = link_of(u, peer);
	unsigned i;

	if (l == NULL || l->n_routers == 0 || peer->established != NULL)
		return;
	i = router_index(l, &l->chosen);
	choose(u, l, &l->routers[i + 1 < l->n_routers ? i + 1 : 0].address);
}

const char *
unnumbered_trouble(const struct unnumbered *u)
{
	return u->trouble;
}

unsigned
unnumbered_routers(const struct unnumbered *u, const char *interface,
    struct addr *routers, unsigned max)
{
	const struct ra_link *l = find_link(u, interface);
	unsigned n = 0;

	for (; l != NULL && n < l->n_routers && n < max; n++)
		routers[n] = l->routers[n].address;
	return n;
}

/* ---- life ---- */

struct unnumbered *
unnumbered_new(struct daemon *d)
{
	struct unnumbered *u = mem_zero(1, sizeof(*u));

	u->daemon = d;
	u->fd = -1;
	u->timer = evtimer_new(d->base, on_timer, u);
	event_priority_set(u->timer, PRIORITY_TIMER);
	return u;
}

void
unnumbered_free(struct unnumbered *u, bool graceful)
{
	if (u == NULL)
		return;
	while (u->links != NULL) {
		if (graceful)
			u->links->ifindex = 0; /* nothing is said: we come back */
		remove_link(u, &u->links);
	}
	close_socket(u);
	event_free(u->timer);
	free(u);
}
