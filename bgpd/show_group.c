/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An update group as JSON: who shares one encoding, why they differ from others, and
 * how far they are.  See show.h.
 */
#include "show.h"

static json_t *
next_hop_text(uint8_t mode)
{
	static const char *const names[] = { "auto", "self", "unchanged" };

	return json_string(names[mode]);
}

static json_t *
shared_subnet(const struct group_key *key)
{
	char text[PREFIX_TEXT_LEN];

	if (key->shared.bits == 255)
		return json_null();
	return json_string(prefix_format(&key->shared, text));
}

static void
put_key(json_t *o, const struct group_key *key)
{
	show_put(
	    o, "family", json_string(key->family == FAMILY_IPV4 ? "ipv4" : "ipv6"));
	show_put(o, "type", json_string(key->ebgp ? "ebgp" : "ibgp"));
	show_put(o, "client", json_boolean(key->client));
	show_put(o, "local_as", json_integer(key->local_as));
	show_put(
	    o, "remote_as", key->ebgp ? json_integer(key->remote_as) : json_null());
	show_put(o, "four_octet_as", json_boolean(key->as4));
	show_put(o, "message_size", json_integer(key->message_size));
	show_put(o, "add_path_max",
	    key->add_path == 0 ? json_null() : json_integer(key->add_path));
	show_put(o, "next_hop", next_hop_text(key->next_hop));
	show_put(o, "local_address", show_addr(&key->self));
	show_put(o, "local_link_local", show_addr(&key->self_link_local));
	show_put(o, "link", key->link == 0 ? json_null() : json_integer(key->link));
	show_put(o, "extended_next_hop", json_boolean(key->extended_next_hop));
	show_put(o, "shared_subnet", shared_subnet(key));
	show_put(o, "remove_private_as", json_boolean(key->remove_private));
	show_put(o, "long_lived_restart", json_boolean(key->long_lived));
	show_put(o, "exports", json_boolean(key->passes));
	show_put(o, "own_routes_only", json_boolean(key->own_only));
}

json_t *
show_group(const struct out_group *group)
{
	json_t *o = json_object();

	put_key(o, group->key);
	show_put(o, "members", json_integer(group->members));
	show_put(o, "in_step", json_integer(group->in_step));
	show_put(o, "joining", json_integer(group->joining));
	show_put(o, "slow", json_integer(group->slow));
	show_put(o, "prefixes", json_integer(group->prefixes));
	show_put(o, "backlog_bytes", json_integer((json_int_t)group->backlog));
	return o;
}
