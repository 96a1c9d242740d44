/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink sockets.  libnl opens them and builds messages; reading is done here with
 * one buffer, since nl_recv() allocates one a datagram and asks for its length first.
 */
#include "netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/* ---- sockets ---- */

static void
set_option(int fd, int option)
{
	int on = 1;

	/* A kernel that lacks it works as well, with longer messages. */
	setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

static void
set_receive_buffer(int fd, int len)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
}

bool
netlink_open(struct netlink *nl, int receive_buffer, char *err, size_t errlen)
{
	int on = 1, status;

	*nl = (struct netlink){ .sock = nl_socket_alloc(), .fd = -1 };
	if (nl->sock == NULL) {
		snprintf(err, errlen, "netlink socket: out of memory");
		return false;
	}
	status = nl_connect(nl->sock, NETLINK_ROUTE);
	if (status == 0)
		status = nl_socket_set_nonblocking(nl->sock);
	if (status < 0) {
		snprintf(err, errlen, "netlink socket: %s", nl_geterror(status));
		netlink_close(nl);
		return false;
	}
	nl->fd = nl_socket_get_fd(nl->sock);
	nl->port = nl_socket_get_local_port(nl->sock);
	set_receive_buffer(nl->fd, receive_buffer);
	set_option(nl->fd, NETLINK_CAP_ACK);
	set_option(nl->fd, NETLINK_EXT_ACK);
	nl->strict = setsockopt(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on,
			 sizeof(on)) == 0;
	return true;
}

void
netlink_close(struct netlink *nl)
{
	nl_socket_free(nl->sock);
	*nl = (struct netlink){ .fd = -1 };
}

bool
netlink_join(struct netlink *nl, int group)
{
	return nl_socket_add_memberships(nl->sock, group, 0) == 0;
}

/* Octets of a message's header are loaded in network order. */
void
netlink_skip_writes_of(struct netlink *nl, uint32_t port)
{
	struct sock_filter code[] = {
		BPF_STMT(
		    BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 7),
		BPF_STMT(
		    BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEXTHOP), 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEXTHOP), 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 0, 2),
		BPF_STMT(
		    BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_REPLACE), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int none = 0;

	/* Without the filter it works as well, only slower. */
	if (port == 0)
		setsockopt(nl->fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
	else
		setsockopt(
		    nl->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

enum netlink_read
netlink_read(struct netlink *nl, void *buffer, netlink_each each, void *arg)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { buffer, NETLINK_BUFFER_LEN };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	struct nlmsghdr *header = buffer;
	ssize_t len;
	int left;

	do
		len = recvmsg(nl->fd, &msg, MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return NETLINK_READ_EMPTY;
	if (len < 0)
		return errno == ENOBUFS ? NETLINK_READ_LOST : NETLINK_READ_ERROR;
	if (from.nl_pid != 0)
		return NETLINK_READ_SOME; /* another process, not the kernel: nothing to
					     us */
	for (left = (int)len; nlmsg_ok(header, left);
	     header = nlmsg_next(header, &left))
		each(arg, header);
	return (msg.msg_flags & MSG_TRUNC) != 0 ? NETLINK_READ_LOST : NETLINK_READ_SOME;
}

int
netlink_error(const struct nlmsghdr *header)
{
	int error = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(header), sizeof(error));
	return error < 0 ? -error : 0;
}

/* ---- dumps ---- */

void
netlink_dump_start(struct netlink_dump *dump, struct nl_msg *request)
{
	struct nlmsghdr *header;

	dump->interrupted = false;
	dump->status = DUMP_FAILED;
	dump->error = ENOMEM;
	if (request == NULL)
		return;
	header = nlmsg_hdr(request);
	header->nlmsg_seq = ++dump->seq;
	if (send(dump->nl->fd, header, header->nlmsg_len, MSG_DONTWAIT) < 0)
		dump->error = errno;
	else
		dump->status = DUMP_ACTIVE;
	nlmsg_free(request);
}

static void
dump_message(void *arg, const struct nlmsghdr *header)
{
	struct netlink_dump *dump = arg;

	if (header->nlmsg_seq != dump->seq || dump->status != DUMP_ACTIVE)
		return; /* the rest of a dump that was given up */
	if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
		dump->interrupted = true;
	if (header->nlmsg_type != NLMSG_DONE && header->nlmsg_type != NLMSG_ERROR) {
		dump->row(dump->arg, header);
		return;
	}
	dump->error = netlink_error(header);
	if (dump->error != 0)
		dump->status = DUMP_FAILED;
	else
		dump->status = dump->interrupted ? DUMP_INTERRUPTED : DUMP_DONE;
}

enum dump_status
netlink_dump_read(struct netlink_dump *dump, void *buffer)
{
	enum netlink_read got = netlink_read(dump->nl, buffer, dump_message, dump);

	if (got == NETLINK_READ_LOST)
		dump->interrupted = true;
	if (got == NETLINK_READ_ERROR) {
		dump->status = DUMP_FAILED;
		dump->error = errno;
	}
	return dump->status;
}
