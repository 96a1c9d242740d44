/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink route messages.  What is read comes from the kernel, yet every length is
 * checked: a route we do not understand is left out, never guessed.
 */
#include "rtmsg.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

enum { MESSAGE_ROOM = 192, HOP_ROOM = 48 };

static int
family_to_af(enum family family)
{
	return family == FAMILY_IPV4 ? AF_INET : AF_INET6;
}

/* ---- reading ---- */

static bool
get_addr(const struct nlattr *attr, enum family family, struct addr *out)
{
	if (attr == NULL || (size_t)nla_len(attr) != family_addr_len(family))
		return false;
	*out = addr_from_bytes(family, nla_data(attr));
	return true;
}

/* RTA_VIA: a gateway of the other family. */
static bool
get_via(const struct nlattr *attr, struct addr *out)
{
	const uint8_t *octets = nla_data(attr);
	enum family family;
	uint16_t af;

	if (nla_len(attr) < (int)sizeof(af))
		return false;
	memcpy(&af, octets, sizeof(af));
	if (af != AF_INET && af != AF_INET6)
		return false;
	family = af == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	if ((size_t)nla_len(attr) < sizeof(af) + family_addr_len(family))
		return false;
	*out = addr_from_bytes(family, octets + sizeof(af));
	return true;
}

static bool
get_gateway(struct nlattr *const *tb, enum family family, struct addr *out)
{
	*out = addr_none();
	if (tb[RTA_VIA] != NULL)
		return get_via(tb[RTA_VIA], out);
	return tb[RTA_GATEWAY] == NULL || get_addr(tb[RTA_GATEWAY], family, out);
}

static bool
get_multipath(const struct nlattr *attr, struct kroute *out)
{
	const uint8_t *at = nla_data(attr);
	size_t left = (size_t)nla_len(attr);

	while (left >= sizeof(struct rtnexthop)) {
		struct nlattr *tb[RTA_MAX + 1];
		struct rtnexthop nh;
		struct fib_hop *hop;
		size_t step;

		memcpy(&nh, at, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > left)
			return false;
		if (out->n_hops == KROUTE_HOPS_MAX) {
			out->cut = true;
			return true;
		}
		if (nla_parse(tb, RTA_MAX,
			(struct nlattr *)(uintptr_t)(at + sizeof(nh)),
			nh.rtnh_len - (int)sizeof(nh), NULL) < 0)
			return false;
		hop = &out->hops[out->n_hops++];
		hop->next_hop = addr_none();
		if (!get_gateway(tb, out->prefix.family, &hop->gateway))
			return false;
		hop->ifindex = (uint32_t)nh.rtnh_ifindex;
		hop->onlink = (nh.rtnh_flags & RTNH_F_ONLINK) != 0;
		hop->weight =
		    nh.rtnh_hops == UINT8_MAX ? UINT8_MAX : (uint8_t)(nh.rtnh_hops + 1);
		step = ((size_t)nh.rtnh_len + RTNH_ALIGNTO - 1) &
		       ~(size_t)(RTNH_ALIGNTO - 1);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return true;
}

static bool
get_hops(struct nlattr *const *tb, const struct rtmsg *rtm, struct kroute *out)
{
	struct fib_hop *hop = &out->hops[0];

	if (rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_LOCAL)
		return true; /* IPv6 shows the loopback device: it means nothing */
	if (tb[RTA_MULTIPATH] != NULL)
		return get_multipath(tb[RTA_MULTIPATH], out);
	if (tb[RTA_OIF] == NULL)
		return true;
	out->n_hops = 1;
	hop->ifindex = nla_get_u32(tb[RTA_OIF]);
	hop->onlink = (rtm->rtm_flags & RTNH_F_ONLINK) != 0;
	hop->weight = 1;
	hop->next_hop = addr_none();
	return get_gateway(tb, out->prefix.family, &hop->gateway);
}

static bool
get_prefix(const struct nlattr *dst, const struct rtmsg *rtm, struct prefix *out)
{
	enum family family = rtm->rtm_family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	uint8_t zero[16] = { 0 };
	struct addr a = addr_from_bytes(family, zero);

	if (rtm->rtm_dst_len > family_max_bits(family))
		return false;
	if (dst != NULL && !get_addr(dst, family, &a))
		return false;
	*out = prefix_of(&a, rtm->rtm_dst_len);
	return true;
}

/* An attribute too short to be read as a number makes the message malformed. */
static bool
numbers_are_whole(struct nlattr *const *tb)
{
	static const int numbers[] = { RTA_TABLE, RTA_PRIORITY, RTA_OIF, RTA_NH_ID };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (tb[numbers[i]] != NULL &&
		    nla_len(tb[numbers[i]]) < (int)sizeof(uint32_t))
			return false;
	return true;
}

bool
rtmsg_route_get(const struct nlmsghdr *header, struct kroute *out)
{
	struct nlattr *tb[RTA_MAX + 1];
	const struct rtmsg *rtm;

	if (!nlmsg_valid_hdr(header, sizeof(*rtm)))
		return false;
	rtm = nlmsg_data(header);
	if (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		return false;
	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)header, sizeof(*rtm), tb, RTA_MAX,
		NULL) < 0 ||
	    !numbers_are_whole(tb) || !get_prefix(tb[RTA_DST], rtm, &out->prefix))
		return false;
	out->table =
	    tb[RTA_TABLE] != NULL ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	out->metric = tb[RTA_PRIORITY] != NULL ? nla_get_u32(tb[RTA_PRIORITY]) : 0;
	out->protocol = rtm->rtm_protocol;
	out->type = rtm->rtm_type;
	out->scope = rtm->rtm_scope;
	out->tos = rtm->rtm_tos;
	out->cloned = (rtm->rtm_flags & RTM_F_CLONED) != 0;
	out->from_source = rtm->rtm_src_len != 0;
	out->cut = false;
	out->nexthop = tb[RTA_NH_ID] != NULL ? nla_get_u32(tb[RTA_NH_ID]) : 0;
	out->n_hops = 0;
	if (!get_addr(tb[RTA_PREFSRC], out->prefix.family, &out->source))
		out->source = addr_none();
	return get_hops(tb, rtm, out);
}

/* ---- owner ---- */

uint32_t
fib_identity_metric(const struct fib_identity *id, enum family family)
{
	enum { IPV6_DEFAULT_METRIC = 1024 };

	if (family == FAMILY_IPV6 && id->metric == 0)
		return IPV6_DEFAULT_METRIC;
	return id->metric;
}

bool
fib_identity_owns(const struct fib_identity *id, const struct kroute *route)
{
	return route->protocol == id->protocol && route->table == id->table &&
	       route->metric == fib_identity_metric(id, route->prefix.family) &&
	       route->tos == 0 && !route->from_source && !route->cloned;
}

/* ---- writing ---- */

static int
put_addr(struct nl_msg *msg, int type, const struct addr *a)
{
	return nla_put(msg, type, (int)family_addr_len(a->family), a->bytes);
}

static int
put_gateway(struct nl_msg *msg, enum family family, const struct addr *gateway)
{
	uint8_t via[2 + 16];
	uint16_t af;
	size_t len;

	if (gateway->family == FAMILY_NONE)
		return 0;
	if (gateway->family == family)
		return put_addr(msg, RTA_GATEWAY, gateway);
	af = (uint16_t)family_to_af(gateway->family);
	len = family_addr_len(gateway->family);
	memcpy(via, &af, sizeof(af));
	memcpy(via + sizeof(af), gateway->bytes, len);
	return nla_put(msg, RTA_VIA, (int)(sizeof(af) + len), via);
}

static int
put_multipath(struct nl_msg *msg, enum family family, const struct rtmsg_shape *shape)
{
	struct nlattr *nest = nla_nest_start(msg, RTA_MULTIPATH);

	if (nest == NULL)
		return -1;
	for (unsigned i = 0; i < shape->n_hops; i++) {
		const struct fib_hop *hop = &shape->hops[i];
		struct rtnexthop *nh = nlmsg_reserve(msg, sizeof(*nh), NLMSG_ALIGNTO);

		if (nh == NULL)
			return -1;
		*nh = (struct rtnexthop){
			.rtnh_flags = hop->onlink ? RTNH_F_ONLINK : 0,
			.rtnh_hops = hop->weight > 1 ? (uint8_t)(hop->weight - 1) : 0,
			.rtnh_ifindex = (int)hop->ifindex,
		};
		if (put_gateway(msg, family, &hop->gateway) != 0)
			return -1;
		nh->rtnh_len = (unsigned short)((uint8_t *)nlmsg_tail(nlmsg_hdr(msg)) -
						(uint8_t *)nh);
	}
	return nla_nest_end(msg, nest);
}

static int
put_hops(struct nl_msg *msg, enum family family, const struct rtmsg_shape *shape)
{
	if (shape->nexthop != 0)
		return nla_put_u32(msg, RTA_NH_ID, shape->nexthop);
	if (shape->n_hops > 1)
		return put_multipath(msg, family, shape);
	if (shape->n_hops == 0)
		return 0;
	if (put_gateway(msg, family, &shape->hops[0].gateway) != 0)
		return -1;
	return shape->hops[0].ifindex == 0
		   ? 0
		   : nla_put_u32(msg, RTA_OIF, shape->hops[0].ifindex);
}

static struct nl_msg *
message_new(int type, int flags, const struct rtmsg *rtm, unsigned n_hops)
{
	struct nl_msg *msg = nlmsg_alloc_size(MESSAGE_ROOM + (size_t)n_hops * HOP_ROOM);
	struct nlmsghdr *header;

	if (msg == NULL)
		return NULL;
	header = nlmsg_put(msg, 0, 0, type, sizeof(*rtm), NLM_F_REQUEST | flags);
	if (header == NULL) {
		nlmsg_free(msg);
		return NULL;
	}
	memcpy(nlmsg_data(header), rtm, sizeof(*rtm));
	return msg;
}

static int
put_key(struct nl_msg *msg, const struct fib_identity *id, const struct prefix *prefix)
{
	struct addr dst = prefix_addr(prefix);

	if (put_addr(msg, RTA_DST, &dst) != 0 ||
	    nla_put_u32(msg, RTA_TABLE, id->table) != 0)
		return -1;
	return nla_put_u32(
	    msg, RTA_PRIORITY, fib_identity_metric(id, (enum family)prefix->family));
}

/* Tables above 255 go into RTA_TABLE; the octet says "unspecified" then. */
static uint8_t
table_octet(uint32_t table)
{
	return table > UINT8_MAX ? RT_TABLE_UNSPEC : (uint8_t)table;
}

/* A route to a gateway is global, one straight onto a link has the link's scope. */
static uint8_t
scope_of(const struct rtmsg_shape *shape)
{
	if (shape->type == RTN_UNICAST && shape->n_hops == 1 &&
	    shape->hops[0].gateway.family == FAMILY_NONE)
		return RT_SCOPE_LINK;
	return RT_SCOPE_UNIVERSE;
}

struct nl_msg *
rtmsg_route_put(const struct fib_identity *id, const struct prefix *prefix,
    const struct rtmsg_shape *shape, int flags)
{
	const struct rtmsg rtm = {
		.rtm_family = (uint8_t)family_to_af(prefix->family),
		.rtm_dst_len = prefix->bits,
		.rtm_table = table_octet(id->table),
		.rtm_protocol = id->protocol,
		.rtm_scope = scope_of(shape),
		.rtm_type = shape->type,
		.rtm_flags =
		    shape->n_hops == 1 && shape->hops[0].onlink ? RTNH_F_ONLINK : 0,
	};
	struct nl_msg *msg = message_new(RTM_NEWROUTE, flags, &rtm, shape->n_hops);

	if (msg == NULL)
		return NULL;
	if (put_key(msg, id, prefix) != 0 ||
	    (shape->source.family != FAMILY_NONE &&
		put_addr(msg, RTA_PREFSRC, &shape->source) != 0) ||
	    put_hops(msg, prefix->family, shape) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *
rtmsg_route_delete(const struct fib_identity *id, const struct prefix *prefix,
    const struct rtmsg_shape *shape)
{
	const struct rtmsg rtm = {
		.rtm_family = (uint8_t)family_to_af(prefix->family),
		.rtm_dst_len = prefix->bits,
		.rtm_table = table_octet(id->table),
		.rtm_protocol = id->protocol,
		.rtm_scope = RT_SCOPE_NOWHERE, /* any */
		.rtm_type = RTN_UNSPEC,        /* any */
	};
	bool named = shape != NULL && (shape->n_hops == 1 || shape->nexthop != 0) &&
		     id->metric == 0 && prefix->family == FAMILY_IPV4;
	struct nl_msg *msg = message_new(RTM_DELROUTE, 0, &rtm, 1);

	if (msg == NULL)
		return NULL;
	if (put_key(msg, id, prefix) != 0 ||
	    (named && put_hops(msg, prefix->family, shape) != 0)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *
rtmsg_route_dump(enum family family, uint32_t table, uint8_t protocol)
{
	const struct rtmsg rtm = {
		.rtm_family = (uint8_t)family_to_af(family),
		.rtm_table = table_octet(table),
		.rtm_protocol = protocol,
	};
	struct nl_msg *msg = message_new(RTM_GETROUTE, NLM_F_DUMP, &rtm, 0);

	if (msg != NULL && nla_put_u32(msg, RTA_TABLE, table) != 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* ---- names ---- */

const char *
rtmsg_protocol_name(uint8_t protocol, char *buf)
{
	/* iproute2's rt_protos */
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {
		{ 0, "unspec" },
		{ 1, "redirect" },
		{ 2, "kernel" },
		{ 3, "boot" },
		{ 4, "static" },
		{ 8, "gated" },
		{ 9, "ra" },
		{ 11, "zebra" },
		{ 12, "bird" },
		{ 16, "dhcp" },
		{ 18, "keepalived" },
		{ 42, "babel" },
		{ 186, "bgp" },
		{ 187, "isis" },
		{ 188, "ospf" },
		{ 189, "rip" },
		{ 192, "eigrp" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == protocol) {
			snprintf(buf, PROTOCOL_TEXT_LEN, "%s", names[i].name);
			return buf;
		}
	snprintf(buf, PROTOCOL_TEXT_LEN, "%u", protocol);
	return buf;
}

const char *
rtmsg_type_name(uint8_t type)
{
	static const char *const names[] = {
		[RTN_UNICAST] = "unicast",
		[RTN_LOCAL] = "local",
		[RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw",
	};

	if (type >= sizeof(names) / sizeof(*names) || names[type] == NULL)
		return "?";
	return names[type];
}
