/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtnetlink nexthop messages.  As in rtmsg.c, every length is checked.
 */
#include "nhmsg.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

enum { NEXTHOP_ROOM = 96, RANGE_FIRST = 0x40000000, RANGES = 1024 };

uint32_t
nhmsg_range(const struct fib_identity *id)
{
	uint32_t hash = id->table * UINT32_C(0x9e3779b1) ^ id->metric;

	hash *= UINT32_C(0x85ebca6b);
	return RANGE_FIRST + (hash >> 16) % RANGES * NHMSG_RANGE_IDS;
}

/* ---- reading ---- */

static bool
get_number(const struct nlattr *attr, uint32_t *out)
{
	if (attr == NULL || nla_len(attr) < (int)sizeof(*out))
		return false;
	memcpy(out, nla_data(attr), sizeof(*out));
	return true;
}

/* A group with more members than a route of ours has is nothing we made. */
static void
get_members(const struct nlattr *attr, struct nhmsg_object *out)
{
	size_t n = (size_t)nla_len(attr) / sizeof(struct nexthop_grp);

	if (n > KROUTE_HOPS_MAX) {
		out->other = true;
		n = KROUTE_HOPS_MAX;
	}
	for (size_t i = 0; i < n; i++) {
		struct nexthop_grp member;

		memcpy(&member, (const uint8_t *)nla_data(attr) + i * sizeof(member),
		    sizeof(member));
		out->members[i].id = member.id;
		out->members[i].weight = member.weight == UINT8_MAX
					     ? UINT8_MAX
					     : (uint8_t)(member.weight + 1);
	}
	out->n_members = (uint8_t)n;
}

static bool
get_hop(struct nlattr *const *tb, const struct nhmsg *nhm, struct nhmsg_object *out)
{
	const struct nlattr *gateway = tb[NHA_GATEWAY];

	out->other = tb[NHA_BLACKHOLE] != NULL || tb[NHA_ENCAP] != NULL ||
		     tb[NHA_FDB] != NULL || !get_number(tb[NHA_OIF], &out->hop.ifindex);
	out->hop.onlink = (nhm->nh_flags & RTNH_F_ONLINK) != 0;
	if (gateway == NULL)
		return true;
	if ((size_t)nla_len(gateway) != family_addr_len(out->family))
		return false;
	out->hop.gateway = addr_from_bytes(out->family, nla_data(gateway));
	return true;
}

bool
nhmsg_get(const struct nlmsghdr *header, struct nhmsg_object *out)
{
	struct nlattr *tb[NHA_MAX + 1];
	const struct nhmsg *nhm;

	if (!nlmsg_valid_hdr(header, sizeof(*nhm)))
		return false;
	nhm = nlmsg_data(header);
	*out = (struct nhmsg_object){
		.protocol = nhm->nh_protocol,
		.family = nhm->nh_family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hop = { .gateway = addr_none(), .weight = 1 },
	};
	if (nlmsg_parse((struct nlmsghdr *)(uintptr_t)header, sizeof(*nhm), tb, NHA_MAX,
		NULL) < 0 ||
	    !get_number(tb[NHA_ID], &out->id))
		return false;
	if (tb[NHA_GROUP] == NULL)
		return get_hop(tb, nhm, out);
	get_members(tb[NHA_GROUP], out);
	return true;
}

/* ---- writing ---- */

static struct nl_msg *
message_new(int type, int flags, const struct nhmsg *nhm, size_t n_members)
{
	struct nl_msg *msg =
	    nlmsg_alloc_size(NEXTHOP_ROOM + n_members * sizeof(struct nexthop_grp));
	struct nlmsghdr *header;

	if (msg == NULL)
		return NULL;
	header = nlmsg_put(msg, 0, 0, type, sizeof(*nhm), NLM_F_REQUEST | flags);
	if (header == NULL) {
		nlmsg_free(msg);
		return NULL;
	}
	memcpy(nlmsg_data(header), nhm, sizeof(*nhm));
	return msg;
}

static int
put_members(struct nl_msg *msg, const struct nhmsg_object *object)
{
	struct nexthop_grp group[KROUTE_HOPS_MAX] = { 0 };

	for (unsigned i = 0; i < object->n_members; i++) {
		group[i].id = object->members[i].id;
		group[i].weight = (uint8_t)(object->members[i].weight - 1);
	}
	return nla_put(
	    msg, NHA_GROUP, (int)(object->n_members * sizeof(group[0])), group);
}

static int
put_hop(struct nl_msg *msg, const struct fib_hop *hop)
{
	const struct addr *gateway = &hop->gateway;
	int status = nla_put_u32(msg, NHA_OIF, hop->ifindex);

	if (status != 0 || gateway->family == FAMILY_NONE)
		return status;
	return nla_put(
	    msg, NHA_GATEWAY, (int)family_addr_len(gateway->family), gateway->bytes);
}

struct nl_msg *
nhmsg_put(const struct nhmsg_object *object, int flags)
{
	bool group = object->n_members > 0;
	struct nhmsg nhm = { .nh_protocol = object->protocol };
	struct nl_msg *msg;
	int status;

	if (!group) {
		nhm.nh_family = object->family == FAMILY_IPV4 ? AF_INET : AF_INET6;
		nhm.nh_flags = object->hop.onlink ? RTNH_F_ONLINK : 0;
	}
	msg = message_new(RTM_NEWNEXTHOP, flags, &nhm, object->n_members);
	if (msg == NULL)
		return NULL;
	status = nla_put_u32(msg, NHA_ID, object->id);
	if (status == 0)
		status = group ? put_members(msg, object) : put_hop(msg, &object->hop);
	if (status == 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *
nhmsg_delete(uint32_t id)
{
	const struct nhmsg nhm = { .nh_family = AF_UNSPEC };
	struct nl_msg *msg = message_new(RTM_DELNEXTHOP, 0, &nhm, 0);

	if (msg != NULL && nla_put_u32(msg, NHA_ID, id) != 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

struct nl_msg *
nhmsg_dump(void)
{
	const struct nhmsg nhm = { .nh_family = AF_UNSPEC };

	return message_new(RTM_GETNEXTHOP, NLM_F_DUMP, &nhm, 0);
}
