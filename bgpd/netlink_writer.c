/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Batches to rtnetlink, and their answers.
 *
 * rtnetlink works inside send(): when it returns, the messages were carried out in
 * their order and the answers lie in the receive buffer.  An answer with sequence
 * number N therefore says that all earlier messages without an answer succeeded.
 */
#include "netlink_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/msg.h>

#include "bgp/memory.h"
#include "clock.h"

enum {
	RECEIVE_BUFFER = 4 * 1024 * 1024, /* WRITER_FLYING_MAX errors, and room */
	SEND_BUFFER = 512 * 1024,
	BATCH_ROOM = 4096, /* a batch's memory, at first */
};

bool
netlink_writer_open(struct netlink_writer *writer, bool threaded, writer_done done,
    void *arg, char *err, size_t errlen)
{
	int len = SEND_BUFFER;

	*writer =
	    (struct netlink_writer){ .threaded = threaded, .done = done, .arg = arg };
	if (!netlink_open(&writer->nl, RECEIVE_BUFFER, err, errlen))
		return false;
	setsockopt(writer->nl.fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len));
	return true;
}

void
netlink_writer_close(struct netlink_writer *writer)
{
	netlink_thread_free(writer->thread);
	for (unsigned i = 0; i < WRITER_BATCHES; i++)
		free(writer->batches[i].octets);
	netlink_close(&writer->nl);
	*writer = (struct netlink_writer){ .nl = { .fd = -1 } };
}

/* ---- batches ---- */

static struct writer_batch *
current(struct netlink_writer *writer)
{
	return &writer->batches[writer->filled % WRITER_BATCHES];
}

unsigned
netlink_writer_room(const struct netlink_writer *writer)
{
	unsigned batch = WRITER_BATCH_MAX - writer->n_batch;
	unsigned ring = WRITER_FLYING_MAX - writer->n_flying - writer->n_added;

	if (writer->thread != NULL &&
	    netlink_thread_load(writer->thread) == NETLINK_THREAD_MAX)
		return 0;
	return batch < ring ? batch : ring;
}

unsigned
netlink_writer_slot(const struct netlink_writer *writer)
{
	return (writer->head + writer->n_flying + writer->n_added) % WRITER_FLYING_MAX;
}

static void
append(struct writer_batch *batch, const struct nlmsghdr *header)
{
	size_t len = NLMSG_ALIGN(header->nlmsg_len);

	if (batch->len + len > batch->room) {
		batch->room = 2 * (batch->len + len);
		if (batch->room < BATCH_ROOM)
			batch->room = BATCH_ROOM;
		batch->octets = mem_resize(batch->octets, batch->room, 1);
	}
	batch->last = batch->len;
	memset(batch->octets + batch->len + len - NLMSG_ALIGNTO, 0, NLMSG_ALIGNTO);
	memcpy(batch->octets + batch->len, header, header->nlmsg_len);
	batch->len += len;
}

void
netlink_writer_add(
    struct netlink_writer *writer, struct nl_msg *msg, void *what, unsigned detail)
{
	unsigned slot = netlink_writer_slot(writer);

	assert(netlink_writer_room(writer) > 0);
	nlmsg_hdr(msg)->nlmsg_seq = ++writer->seq;
	writer->flying[slot].what = what;
	writer->flying[slot].detail = detail;
	writer->flying[slot].seq = writer->seq;
	append(current(writer), nlmsg_hdr(msg));
	nlmsg_free(msg);
	writer->n_batch++;
	writer->n_added++;
}

static bool
write_now(struct netlink_writer *writer, const struct writer_batch *batch)
{
	uint64_t start = clock_us();

	if (send(writer->nl.fd, batch->octets, batch->len, MSG_DONTWAIT) < 0)
		return false;
	writer->sync_us = (uint32_t)(clock_us() - start) + 1;
	return true;
}

static void
empty(struct netlink_writer *writer)
{
	current(writer)->len = 0;
	writer->n_batch = 0;
}

bool
netlink_writer_send(struct netlink_writer *writer)
{
	struct writer_batch *batch = current(writer);

	if (writer->n_batch == 0)
		return true;
	((struct nlmsghdr *)(void *)(batch->octets + batch->last))->nlmsg_flags |=
	    NLM_F_ACK;
	if (writer->threaded && writer->thread == NULL)
		writer->thread = netlink_thread_new(writer->nl.fd);
	if (writer->thread == NULL && !write_now(writer, batch))
		return false;
	writer->n_flying += writer->n_added;
	writer->n_added = 0;
	if (writer->thread != NULL) {
		netlink_thread_put(writer->thread, batch->octets, batch->len);
		writer->filled++;
	}
	empty(writer);
	return true;
}

bool
netlink_writer_wrote(struct netlink_writer *writer, uint32_t *us)
{
	bool wrote = writer->sync_us != 0;

	if (writer->thread != NULL) {
		wrote = netlink_thread_take(writer->thread, us);
		if (netlink_thread_load(writer->thread) == 0 && writer->n_batch == 0) {
			writer->filled = 0; /* few batches touch little memory */
			empty(writer);
		}
		return wrote;
	}
	*us = writer->sync_us - 1;
	writer->sync_us = 0;
	return wrote;
}

bool
netlink_writer_is_busy(struct netlink_writer *writer, int *error)
{
	*error = 0;
	if (writer->thread == NULL)
		return false;
	*error = netlink_thread_error(writer->thread);
	return netlink_thread_is_busy(writer->thread);
}

void
netlink_writer_settle(struct netlink_writer *writer)
{
	if (writer->thread != NULL)
		netlink_thread_settle(writer->thread);
}

/* ---- answers ---- */

static void
finish_first(struct netlink_writer *writer, enum writer_result result, int error,
    const char *reason)
{
	unsigned slot = writer->head;

	writer->head = (writer->head + 1) % WRITER_FLYING_MAX;
	writer->n_flying--;
	if (writer->n_flying == 0 && writer->n_added == 0)
		writer->head = 0; /* few messages touch little memory */
	writer->done(writer->arg, writer->flying[slot].what,
	    writer->flying[slot].detail, result, error, reason);
}

/* The kernel's own words (extended ACK), "" without. */
static void
get_reason(const struct nlmsghdr *header, char *reason, size_t len)
{
	const struct nlmsgerr *e = nlmsg_data(header);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*e);

	reason[0] = '\0';
	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0 ||
	    nlmsg_datalen(header) < (int)sizeof(*e))
		return;
	if ((header->nlmsg_flags & NLM_F_CAPPED) == 0 &&
	    e->msg.nlmsg_len >= sizeof(e->msg))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (skip > (size_t)nlmsg_datalen(header) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)header, (int)skip, tb,
		NLMSGERR_ATTR_MAX, NULL) < 0 ||
	    tb[NLMSGERR_ATTR_MSG] == NULL)
		return;
	snprintf(reason, len, "%.*s", nla_len(tb[NLMSGERR_ATTR_MSG]),
	    (const char *)nla_data(tb[NLMSGERR_ATTR_MSG]));
}

static void
writer_message(void *arg, const struct nlmsghdr *header)
{
	struct netlink_writer *writer = arg;
	char reason[80];
	int error;

	if (header->nlmsg_type != NLMSG_ERROR)
		return;
	/* Serial arithmetic: an answer to what was given up is older than the head. */
	if (writer->n_flying == 0 ||
	    (int32_t)(header->nlmsg_seq - writer->flying[writer->head].seq) < 0 ||
	    header->nlmsg_seq - writer->flying[writer->head].seq >= writer->n_flying)
		return;
	while (writer->flying[writer->head].seq != header->nlmsg_seq)
		finish_first(writer, WRITER_OK, 0, "");
	error = netlink_error(header);
	get_reason(header, reason, sizeof(reason));
	finish_first(writer, error == 0 ? WRITER_OK : WRITER_REFUSED, error, reason);
}

void
netlink_writer_abandon(struct netlink_writer *writer)
{
	netlink_writer_settle(writer);
	empty(writer);
	writer->n_flying += writer->n_added;
	writer->n_added = 0;
	while (writer->n_flying > 0)
		finish_first(writer, WRITER_UNKNOWN, 0, "");
}

bool
netlink_writer_read(struct netlink_writer *writer, void *buffer)
{
	enum netlink_read got;

	do
		got = netlink_read(&writer->nl, buffer, writer_message, writer);
	while (got == NETLINK_READ_SOME);
	if (got == NETLINK_READ_EMPTY)
		return true;
	netlink_writer_abandon(writer);
	return false;
}
