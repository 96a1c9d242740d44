/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Removal of all our routes and nexthop objects at once, waiting for the kernel: the
 * end of a daemon that is not to be continued, `--flush`, and the rest of a move to
 * another table.  Asks the kernel itself what is ours, and believes no view.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "bgp/memory.h"
#include "fib_internal.h"

enum { PURGE_WAIT_MS = 5000, PURGE_ROUNDS = 3 };

struct purge_route {
	struct prefix prefix;
	/* What is needed to name it: one hop, or the object it refers to. */
	uint8_t n_hops;
	struct fib_hop hop;
	uint32_t nexthop;
};

struct purge_nexthop {
	uint32_t id;
	bool ours;
	bool used; /* by a route, or by a group that stays */
	uint8_t n_members;
	uint32_t members[KROUTE_HOPS_MAX];
};

struct purge {
	struct fib_identity id;
	struct netlink_writer writer;
	struct netlink reader;
	void *buffer;
	struct purge_route *routes;
	size_t n, room;
	struct purge_nexthop *nexthops;
	size_t n_nexthops, nexthop_room;
	uint32_t removed; /* routes */
	int error;        /* of the first failure */
};

static int
compare_ids(const void *a, const void *b)
{
	const struct purge_nexthop *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* In the sorted list. */
static struct purge_nexthop *
find_nexthop(const struct purge *p, uint32_t id)
{
	const struct purge_nexthop key = { .id = id };

	if (id == 0 || p->n_nexthops == 0)
		return NULL;
	return bsearch(&key, p->nexthops, p->n_nexthops, sizeof(key), compare_ids);
}

static void
on_row(void *arg, const struct nlmsghdr *header)
{
	struct purge *p = arg;
	struct kroute route;

	if (header->nlmsg_type != RTM_NEWROUTE || !rtmsg_route_get(header, &route) ||
	    !fib_identity_owns(&p->id, &route))
		return;
	if (p->n == p->room) {
		p->room = p->room == 0 ? 64 : 2 * p->room;
		p->routes = mem_resize(p->routes, p->room, sizeof(*p->routes));
	}
	p->routes[p->n++] = (struct purge_route){
		.prefix = route.prefix,
		.n_hops = route.n_hops == 1,
		.hop = route.hops[0],
		.nexthop = route.nexthop,
	};
}

static bool
wait_for(const struct netlink *nl)
{
	struct pollfd fd = { .fd = nl->fd, .events = POLLIN };

	return poll(&fd, 1, PURGE_WAIT_MS) > 0;
}

/* errno; 0: each row was given to `row`. */
static int
dump_all(struct purge *p, netlink_each row, struct nl_msg *request)
{
	struct netlink_dump dump = { .nl = &p->reader, .row = row, .arg = p };

	netlink_dump_start(&dump, request);
	while (dump.status == DUMP_ACTIVE) {
		if (!wait_for(&p->reader))
			return ETIMEDOUT;
		netlink_dump_read(&dump, p->buffer);
	}
	if (dump.status != DUMP_FAILED || dump.error == ENOENT ||
	    dump.error == EAFNOSUPPORT || dump.error == EOPNOTSUPP)
		return 0;
	return dump.error;
}

/* errno; 0: the family's routes of ours are in the list. */
static int
collect(struct purge *p, enum family family)
{
	return dump_all(
	    p, on_row, rtmsg_route_dump(family, p->id.table, p->id.protocol));
}

static void
on_done(void *arg, void *what, unsigned detail, enum writer_result result, int error,
    const char *reason)
{
	struct purge *p = arg;

	(void)detail;
	(void)reason;
	if (result == WRITER_OK && what == NULL)
		p->removed++;
	if (result != WRITER_REFUSED || error == ESRCH || error == ENOENT)
		return;
	if (p->error == 0)
		p->error = error;
}

static int
write_out(struct purge *p)
{
	if (!netlink_writer_send(&p->writer))
		return errno;
	while (p->writer.n_flying > 0) {
		if (!wait_for(&p->writer.nl))
			return ETIMEDOUT;
		if (!netlink_writer_read(&p->writer, p->buffer))
			return 0; /* unknown: the next round tells */
	}
	return 0;
}

static int
remove_listed(struct purge *p)
{
	int error = 0;

	for (size_t i = 0; i < p->n && error == 0; i++) {
		const struct purge_route *route = &p->routes[i];
		const struct rtmsg_shape shape = { .nexthop = route->nexthop,
			.n_hops = route->n_hops,
			.hops = &route->hop };
		struct nl_msg *msg = rtmsg_route_delete(&p->id, &route->prefix, &shape);

		if (msg == NULL)
			return ENOMEM;
		netlink_writer_add(&p->writer, msg, NULL, 0);
		if (netlink_writer_room(&p->writer) == 0)
			error = write_out(p);
	}
	return error != 0 ? error : write_out(p);
}

/*
 * Rounds, until a dump shows none of ours.  An answer that a route is gone already is
 * not believed: only the dump says so.
 */
static int
purge_all(struct purge *p)
{
	for (int round = 0;; round++) {
		int error = 0;

		p->n = 0;
		for (int f = FAMILY_IPV4; f < FAMILY_COUNT && error == 0; f++)
			error = collect(p, (enum family)f);
		if (error != 0 || p->n == 0)
			return error;
		if (round == PURGE_ROUNDS)
			return p->error != 0 ? p->error : EBUSY;
		p->error = 0;
		error = remove_listed(p);
		if (error != 0)
			return error;
		if (p->error == EPERM)
			return EPERM;
	}
}

/* ---- nexthop objects ---- */

static void
on_nexthop_row(void *arg, const struct nlmsghdr *header)
{
	struct purge *p = arg;
	struct nhmsg_object object;
	struct purge_nexthop *n;

	if (header->nlmsg_type != RTM_NEWNEXTHOP || !nhmsg_get(header, &object))
		return;
	if (p->n_nexthops == p->nexthop_room) {
		p->nexthop_room = p->nexthop_room == 0 ? 64 : 2 * p->nexthop_room;
		p->nexthops =
		    mem_resize(p->nexthops, p->nexthop_room, sizeof(*p->nexthops));
	}
	n = &p->nexthops[p->n_nexthops++];
	*n = (struct purge_nexthop){
		.id = object.id,
		.ours = object.protocol == p->id.protocol &&
			nhmsg_in_range(object.id, nhmsg_range(&p->id)),
		.n_members = object.n_members,
	};
	for (unsigned i = 0; i < object.n_members; i++)
		n->members[i] = object.members[i].id;
}

static void
on_user_row(void *arg, const struct nlmsghdr *header)
{
	struct kroute route;
	struct purge_nexthop *n;

	if (header->nlmsg_type != RTM_NEWROUTE || !rtmsg_route_get(header, &route))
		return;
	n = find_nexthop(arg, route.nexthop);
	if (n != NULL)
		n->used = true;
}

static void
keep_members(struct purge *p)
{
	for (size_t i = 0; i < p->n_nexthops; i++) {
		const struct purge_nexthop *group = &p->nexthops[i];

		for (unsigned j = 0; j < group->n_members; j++) {
			struct purge_nexthop *n = find_nexthop(p, group->members[j]);

			if (n != NULL && (group->used || !group->ours))
				n->used = true;
		}
	}
}

static int
remove_nexthops(struct purge *p, bool groups)
{
	int error = 0;

	for (size_t i = 0; i < p->n_nexthops && error == 0; i++) {
		struct purge_nexthop *n = &p->nexthops[i];
		struct nl_msg *msg;

		if (!n->ours || n->used || (n->n_members > 0) != groups)
			continue;
		msg = nhmsg_delete(n->id);
		if (msg == NULL)
			return ENOMEM;
		netlink_writer_add(&p->writer, msg, n, 0);
		if (netlink_writer_room(&p->writer) == 0)
			error = write_out(p);
	}
	return error != 0 ? error : write_out(p);
}

/* Our routes are gone: what is not used by anybody's, in any table, goes too. */
static int
purge_nexthops(struct purge *p)
{
	bool ours = false;
	int error = dump_all(p, on_nexthop_row, nhmsg_dump());

	if (p->n_nexthops > 0)
		qsort(p->nexthops, p->n_nexthops, sizeof(*p->nexthops), compare_ids);
	for (size_t i = 0; i < p->n_nexthops; i++)
		ours = ours || p->nexthops[i].ours;
	for (int f = FAMILY_IPV4; ours && f < FAMILY_COUNT && error == 0; f++)
		error = dump_all(p, on_user_row,
		    rtmsg_route_dump((enum family)f, RT_TABLE_UNSPEC, 0));
	if (!ours || error != 0)
		return error;
	keep_members(p);
	p->error = 0;
	error = remove_nexthops(p, true);
	if (error == 0)
		error = remove_nexthops(p, false);
	return error != 0 ? error : p->error;
}

bool
fib_purge(const struct fib_identity *id, uint32_t *removed, char *err, size_t errlen)
{
	struct purge p = { .id = *id, .reader.fd = -1 };
	int error = 0;
	bool opened = netlink_writer_open(&p.writer, false, on_done, &p, err, errlen) &&
		      netlink_open(&p.reader, NETLINK_BUFFER_LEN * 4, err, errlen);

	if (opened) {
		p.buffer = mem_alloc(NETLINK_BUFFER_LEN);
		error = purge_all(&p);
		if (error == 0)
			error = purge_nexthops(&p);
		if (error != 0)
			snprintf(err, errlen, "kernel: removing our routes: %s%s",
			    strerror(error),
			    error == EPERM ? ", no CAP_NET_ADMIN" : "");
	}
	if (removed != NULL)
		*removed = p.removed;
	netlink_writer_close(&p.writer);
	netlink_close(&p.reader);
	free(p.routes);
	free(p.nexthops);
	free(p.buffer);
	return opened && error == 0;
}

bool
fib_remove_all(
    const struct conf_kernel *conf, uint32_t *removed, char *err, size_t errlen)
{
	const struct fib_identity id = { conf->table, conf->metric, conf->protocol };

	return fib_purge(&id, removed, err, errlen);
}

bool
fib_flush_all(struct fib *fib)
{
	char err[160];
	bool ok;

	fib_settle(fib);
	fib_forget_entries(fib);
	fib_nexthops_retire(fib);
	fib->swept = true;
	ok = fib_purge(kernel_identity(fib->k), NULL, err, sizeof(err));
	if (ok && fib->moved)
		ok = fib_purge(&fib->old, NULL, err, sizeof(err));
	fib->moved = false;
	if (!ok)
		kernel_log(fib->k, LOG_LEVEL_ERROR, "%s", err);
	return ok;
}
