/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Dumps: links, addresses, and the routes of each table that matters, one request after
 * the other on a socket of their own, read in slices.
 *
 * A dump begins 50 ms after its cause, so that a storm of causes costs one, and dumps
 * take a tenth of the time at most, whatever happens.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "kernel_internal.h"

enum {
	DUMP_READS_A_TURN = 8,
	RESYNC_DELAY_MS = 50,
	RESYNC_SHARE = 9, /* rest at least so many times a dump's duration */
	RESYNC_RETRY_MS = 200,
	RESYNC_RETRY_SHIFT_MAX = 6,
	AUDIT_MS = 60 * 1000,
	/* A table that is never at rest is taken as it is. */
	SYNC_TRIES = 5,
};

/* ---- when to dump ---- */

static void
arm(struct kernel *k, uint64_t due_ms)
{
	uint64_t now = kernel_now_ms(), delay = due_ms > now ? due_ms - now : 0;
	struct timeval tv = { (time_t)(delay / 1000),
		(suseconds_t)(delay % 1000) * 1000 };

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

void
kernel_resync_all(struct kernel *k)
{
	k->full = true;
	kernel_resync_soon(k);
}

/* ---- dumps ---- */

static void
on_dump_row(void *arg, const struct nlmsghdr *header)
{
	kernel_handle(arg, header, KERNEL_DUMP);
}

static struct nl_msg *
dump_request(const struct dump_step *step)
{
	const struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	const struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };
	struct nl_msg *msg;

	if (step->type == RTM_GETROUTE)
		return rtmsg_route_dump(step->family, step->table, 0);
	if (step->type == RTM_GETNEXTHOP)
		return nhmsg_dump();
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

/* What routes refer to comes before them. */
static void
plan_dump(struct kernel *k)
{
	k->n_steps = k->step = 0;
	k->routes_planned = false;
	if (k->with_links) {
		k->steps[k->n_steps++] = (struct dump_step){ .type = RTM_GETLINK };
		k->steps[k->n_steps++] = (struct dump_step){ .type = RTM_GETADDR };
	}
	if (!k->no_nexthops)
		k->steps[k->n_steps++] = (struct dump_step){ .type = RTM_GETNEXTHOP };
}

static void
plan_routes(struct kernel *k)
{
	k->routes_planned = true;
	if (k->hook.all_tables != NULL && k->hook.all_tables(k->hook.arg)) {
		plan_table(k, RT_TABLE_UNSPEC);
		return;
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
	if (k->n_steps == 0)
		plan_routes(k);
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
		kernel_link_changed(k, link, change);
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
		arm(k,
		    k->dump_end_ms + AUDIT_MS - k->event_socket.port % (AUDIT_MS / 8));
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
	int type = k->steps[k->step].type;

	if (type == RTM_GETNEXTHOP && k->dump.error == EOPNOTSUPP) {
		k->no_nexthops = true;
		return;
	}
	/* The table does not exist until somebody puts a route into it; or there is
	 * no such family. */
	if (type == RTM_GETROUTE &&
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
		if (++k->step == k->n_steps && !k->routes_planned)
			plan_routes(k);
		if (k->step == k->n_steps)
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

bool
kernel_dump_open(struct kernel *k)
{
	k->dump = (struct netlink_dump){
		.nl = &k->dump_socket, .row = on_dump_row, .arg = k
	};
	k->dump_ready = event_new(
	    k->base, k->dump_socket.fd, EV_READ | EV_PERSIST, on_dump_ready, k);
	k->timer = event_new(k->base, -1, 0, on_timer, k);
	k->due_ms = UINT64_MAX;
	k->full = true;
	if (k->dump_ready == NULL || k->timer == NULL ||
	    event_add(k->dump_ready, NULL) != 0)
		return false;
	arm(k, 0);
	return true;
}

void
kernel_dump_close(struct kernel *k)
{
	if (k->dump_ready != NULL)
		event_free(k->dump_ready);
	if (k->timer != NULL)
		event_free(k->timer);
}
