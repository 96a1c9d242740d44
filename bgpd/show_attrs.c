/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A block of path attributes as JSON: a set in the RIB and a set on the wire look
 * alike.
 */
#include "show.h"

#include <stdlib.h>

#include "bgp/attrs.h"
#include "bgp/memory.h"

static json_t *
origin_text(struct slice block)
{
	static const char *const names[] = { "igp", "egp", "incomplete" };
	struct attribute a;

	if (!attribute_find(block, ATTRIBUTE_ORIGIN, &a) || a.value.len != 1 ||
	    a.value.at[0] > ORIGIN_INCOMPLETE)
		return json_null();
	return json_string(names[a.value.at[0]]);
}

static json_t *
as_path_text(struct slice block, bool as4)
{
	char small[256], *text = small;
	struct attribute a;
	json_t *json;
	size_t len;

	if (!attribute_find(block, ATTRIBUTE_AS_PATH, &a))
		return json_string("");
	len = as_path_format(a.value, as4, small, sizeof(small));
	if (len >= sizeof(small)) {
		text = mem_alloc(len + 1);
		as_path_format(a.value, as4, text, len + 1);
	}
	json = json_string(text);
	if (text != small)
		free(text);
	return json;
}

static json_t *
number(struct slice block, uint8_t type)
{
	struct attribute a;

	if (!attribute_find(block, type, &a) || a.value.len != 4)
		return json_null();
	return json_integer(get_u32(a.value.at));
}

static json_t *
communities(struct slice block)
{
	json_t *list = json_array();
	struct attribute a;
	char text[64];
	size_t i;

	if (attribute_find(block, ATTRIBUTE_COMMUNITIES, &a)) {
		for (i = 0; i + 4 <= a.value.len; i += 4) {
			community_format(get_u32(a.value.at + i), text, sizeof(text));
			json_array_append_new(list, json_string(text));
		}
	}
	if (attribute_find(block, ATTRIBUTE_EXT_COMMUNITIES, &a)) {
		for (i = 0; i + 8 <= a.value.len; i += 8) {
			ext_community_format(a.value.at + i, text, sizeof(text));
			json_array_append_new(list, json_string(text));
		}
	}
	if (attribute_find(block, ATTRIBUTE_LARGE_COMMUNITIES, &a)) {
		for (i = 0; i + 12 <= a.value.len; i += 12) {
			large_community_format(a.value.at + i, text, sizeof(text));
			json_array_append_new(list, json_string(text));
		}
	}
	return list;
}

static json_t *
originator(struct slice block)
{
	struct attribute a;

	if (!attribute_find(block, ATTRIBUTE_ORIGINATOR_ID, &a) || a.value.len != 4)
		return json_null();
	return show_router_id(get_u32(a.value.at));
}

static json_t *
cluster_list(struct slice block)
{
	json_t *list = json_array();
	struct attribute a;
	size_t i;

	if (!attribute_find(block, ATTRIBUTE_CLUSTER_LIST, &a))
		return list;
	for (i = 0; i + 4 <= a.value.len; i += 4)
		json_array_append_new(list, show_router_id(get_u32(a.value.at + i)));
	return list;
}

void
show_attributes(json_t *row, struct slice block, bool as4)
{
	show_put(row, "origin", origin_text(block));
	show_put(row, "as_path", as_path_text(block, as4));
	show_put(row, "local_pref", number(block, ATTRIBUTE_LOCAL_PREF));
	show_put(row, "med", number(block, ATTRIBUTE_MED));
	show_put(row, "communities", communities(block));
	show_put(row, "originator_id", originator(block));
	show_put(row, "cluster_list", cluster_list(block));
}
