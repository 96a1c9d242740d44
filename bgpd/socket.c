/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Socket addresses and options.
 */
#include "socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>

socklen_t
sockaddr_from(
    struct sockaddr_storage *out, const struct addr *addr, uint16_t port, uint32_t link)
{
	memset(out, 0, sizeof(*out));
	if (addr->family == FAMILY_IPV4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, addr->bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr->bytes, 16);
	if (addr_is_link_local(addr))
		in6->sin6_scope_id = link;
	return sizeof(*in6);
}

struct addr
sockaddr_to(const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		return addr_from_bytes(FAMILY_IPV4, (const uint8_t *)&in->sin_addr);
	}
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			return addr_from_bytes(
			    FAMILY_IPV4, in6->sin6_addr.s6_addr + 12);
		return addr_from_bytes(FAMILY_IPV6, in6->sin6_addr.s6_addr);
	}
	return addr_none();
}

uint32_t
sockaddr_link(const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

	if (from->ss_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		return 0;
	return in6->sin6_scope_id;
}

struct addr
socket_local(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return addr_none();
	return sockaddr_to(&ss);
}

void
socket_prepare(int fd, enum family family)
{
	int on = 1, precedence = IPTOS_CLASS_CS6;

	/* What fails here costs speed alone. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (family == FAMILY_IPV4)
		(void)setsockopt(
		    fd, IPPROTO_IP, IP_TOS, &precedence, sizeof(precedence));
	else
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_TCLASS, &precedence, sizeof(precedence));
}

void
socket_set_ttl(int fd, enum family family, int ttl)
{
	if (family == FAMILY_IPV4)
		(void)setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	else
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
}

int
socket_set_min_ttl(int fd, enum family family, int ttl)
{
	int level = family == FAMILY_IPV4 ? IPPROTO_IP : IPPROTO_IPV6;
	int name = family == FAMILY_IPV4 ? IP_MINTTL : IPV6_MINHOPCOUNT;

	return setsockopt(fd, level, name, &ttl, sizeof(ttl)) < 0 ? errno : 0;
}

int
socket_save_syn(int fd, bool on)
{
	int value = on;

	return setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, &value, sizeof(value)) < 0
		   ? errno
		   : 0;
}

int
socket_syn_ttl(int fd, enum family family)
{
	enum { IPV4_TTL_AT = 8, IPV6_HOP_LIMIT_AT = 7 };
	uint8_t headers[512]; /* of IP, with all extensions, and of TCP */
	socklen_t len = sizeof(headers);

	if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers, &len) < 0 ||
	    len <= IPV4_TTL_AT)
		return -1;
	return headers[family == FAMILY_IPV4 ? IPV4_TTL_AT : IPV6_HOP_LIMIT_AT];
}

int
socket_set_md5(int fd, const struct prefix *prefix, const char *key, size_t key_len)
{
	struct tcp_md5sig sig = { .tcpm_keylen = (uint16_t)key_len };
	struct addr address = prefix_addr(prefix);
	bool is_host = prefix->bits == family_max_bits((enum family)prefix->family);
	int error = 0;

	(void)sockaddr_from(&sig.tcpm_addr, &address, 0, 0);
	if (!is_host) {
		sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
		sig.tcpm_prefixlen = prefix->bits;
	}
	if (key_len > 0)
		memcpy(sig.tcpm_key, key, key_len);
	if (setsockopt(fd, IPPROTO_TCP, is_host ? TCP_MD5SIG : TCP_MD5SIG_EXT, &sig,
		sizeof(sig)) < 0)
		error = errno;
	explicit_bzero(&sig, sizeof(sig));
	return error;
}
